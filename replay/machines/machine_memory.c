// SPDX-License-Identifier: GPL-2.0-or-later
/* Sizes to ranges, ranges to zones. */
#include "replay/machines/machine_memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECTION_PAGES 32768ull /* 128 MiB: hotpluggable memory begins at a section */
#define MIN_PAGES     1024 /* 4 MiB, one block of the largest order */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static int append_range(struct machine *machine, uint64_t start, uint64_t end)
{
	struct mmr_mem_range *more;

	if (end > MMR_NO_PFN - MAX_ORDER_NR_PAGES)
		return -ERANGE;
	more = realloc(machine->ranges, (machine->nr_ranges + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	machine->ranges = more;
	machine->ranges[machine->nr_ranges++] = (struct mmr_mem_range){
		.start_pfn = (uint32_t)start,
		.nr_pages = (uint32_t)(end - start),
	};
	return 0;
}

/* ---- where a node's memory is ---------------------------------------------------------------- */

/* Takes @pages from *@next_pfn on, passing over the holes. */
static int lay_ranges(struct machine *machine, const struct node_memory *memory, uint64_t *next_pfn)
{
	uint64_t left = memory->pages, at = *next_pfn;
	unsigned int hole = 0;
	int rc = 0;

	if (!left)
		return 0;
	/* Frame 0 belongs to the firmware; its page is missing from the first node. */
	at = at ? (at + SECTION_PAGES - 1) & ~(SECTION_PAGES - 1) : 1;
	left -= at == 1;
	while (left && !rc) {
		uint64_t until = UINT64_MAX, nr;

		while (hole < memory->nr_holes &&
		       memory->holes[hole].start_pfn + memory->holes[hole].nr_pages <= at)
			hole++;
		if (hole < memory->nr_holes) {
			if (memory->holes[hole].start_pfn <= at) {
				at = memory->holes[hole].start_pfn + memory->holes[hole].nr_pages;
				continue;
			}
			until = memory->holes[hole].start_pfn;
		}
		nr = min_u64(left, until - at);
		rc = append_range(machine, at, at + nr);
		at += nr;
		left -= nr;
	}
	*next_pfn = at;
	return rc;
}

static int fixed_ranges(struct machine *machine, const struct node_memory *memory, uint64_t *next_pfn)
{
	int rc = 0;

	for (unsigned int i = 0; i < memory->nr_fixed && !rc; i++) {
		uint64_t start = memory->fixed[i].start_pfn, end = start + memory->fixed[i].nr_pages;

		*next_pfn = max_u64(*next_pfn, end);
		start = max_u64(start, 1);
		if (start < end)
			rc = append_range(machine, start, end);
	}
	return rc;
}

/* ---- zones ------------------------------------------------------------------------------------ */

struct zone_limits {
	enum zone_type zone;
	uint64_t begin, end;
};

/* Source: zone_sizes_init(), arch/x86/mm/init.c, v6.12: 16 MiB and 4 GiB; 16 MiB and 896 MiB on 32 bit. */
static const struct zone_limits x86_64_zones[] = {
	{ZONE_DMA, 0, 4096},
	{ZONE_DMA32, 4096, 1u << 20},
	{ZONE_NORMAL, 1u << 20, UINT64_MAX},
};
static const struct zone_limits x86_32_zones[] = {
	{ZONE_DMA, 0, 4096},
	{ZONE_NORMAL, 4096, 229376},
	{ZONE_HIGHMEM, 229376, UINT64_MAX},
};

/* A node's ranges [first, machine->nr_ranges) between two page frames become one zone. */
static void cut_zone(struct machine *machine, unsigned int nid, unsigned int first,
		     const struct zone_limits *limits)
{
	struct mmr_zone_config *zone = &machine->nodes[nid].zones[limits->zone];
	uint64_t start = UINT64_MAX, end = 0, present = 0;

	for (unsigned int i = first; i < machine->nr_ranges; i++) {
		uint64_t from = max_u64(machine->ranges[i].start_pfn, limits->begin);
		uint64_t to = min_u64((uint64_t)machine->ranges[i].start_pfn + machine->ranges[i].nr_pages,
				      limits->end);

		if (from >= to)
			continue;
		start = min_u64(start, from);
		end = to;
		present += to - from;
	}
	if (!present)
		return;
	*zone = (struct mmr_zone_config){
		.start_pfn = (uint32_t)start,
		.spanned_pages = (uint32_t)(end - start),
		.present_pages = (uint32_t)present,
		.managed_pages = (uint32_t)(present - (machine->arch == MACHINE_X86_64 ? present / 64 : 0)),
	};
}

/* Where the last @pages of the node's ranges begin, at a block of the largest order. */
static uint64_t movable_begin(const struct machine *machine, unsigned int first, uint64_t pages)
{
	pages &= ~(uint64_t)(MAX_ORDER_NR_PAGES - 1);
	for (unsigned int i = machine->nr_ranges; i-- > first && pages;) {
		uint64_t end = (uint64_t)machine->ranges[i].start_pfn + machine->ranges[i].nr_pages;

		if (pages <= machine->ranges[i].nr_pages) {
			uint64_t begin = end - pages;

			return (begin + MAX_ORDER_NR_PAGES - 1) & ~(uint64_t)(MAX_ORDER_NR_PAGES - 1);
		}
		pages -= machine->ranges[i].nr_pages;
	}
	return pages ? 0 : UINT64_MAX;
}

/* On 32 bit low memory holds the struct pages of all memory. */
static void keep_memmap_low(struct mmr_node_config *node)
{
	static const enum zone_type order[] = {ZONE_NORMAL, ZONE_DMA};
	uint64_t need = 0;

	for (int z = 0; z < MAX_NR_ZONES; z++)
		need += node->zones[z].present_pages;
	need /= (1u << PAGE_SHIFT) / 32;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && need; i++) {
		struct mmr_zone_config *zone = &node->zones[order[i]];
		uint64_t took = min_u64(need, zone->managed_pages / 2);

		zone->managed_pages -= (uint32_t)took;
		need -= took;
	}
}

int machine_lay_node(struct machine *machine, unsigned int nid, const struct node_memory *memory,
		     uint64_t *next_pfn)
{
	const struct zone_limits *zones = machine->arch == MACHINE_X86_64 ? x86_64_zones : x86_32_zones;
	unsigned int first = machine->nr_ranges;
	uint64_t movable;
	int rc = memory->nr_fixed ? fixed_ranges(machine, memory, next_pfn)
				  : lay_ranges(machine, memory, next_pfn);

	if (rc)
		return rc;
	movable = memory->movable_pages ? movable_begin(machine, first, memory->movable_pages) : UINT64_MAX;
	for (int z = 0; z < 3; z++) {
		struct zone_limits limits = zones[z];

		limits.end = min_u64(limits.end, movable);
		cut_zone(machine, nid, first, &limits);
	}
	cut_zone(machine, nid, first, &(struct zone_limits){ZONE_MOVABLE, movable, UINT64_MAX});
	if (machine->arch == MACHINE_X86_32)
		keep_memmap_low(&machine->nodes[nid]);
	return 0;
}

/* ---- scaling ---------------------------------------------------------------------------------- */

/* The gaps between the ranges below the end of memory, [nr_ranges]; those between nodes are no holes. */
static unsigned int find_holes(const struct machine *machine, struct mmr_mem_range *holes)
{
	unsigned int nr = 0;

	for (unsigned int i = 1; i < machine->nr_ranges; i++) {
		uint32_t end = machine->ranges[i - 1].start_pfn + machine->ranges[i - 1].nr_pages;
		uint32_t start = machine->ranges[i].start_pfn;
		unsigned int before, after;
		enum zone_type zone;

		if (start > end && machine_find_zone(machine, end - 1, &before, &zone) &&
		    machine_find_zone(machine, start, &after, &zone) && before == after)
			holes[nr++] = (struct mmr_mem_range){.start_pfn = end, .nr_pages = start - end};
	}
	return nr;
}

static uint64_t scaled(uint64_t pages, double factor)
{
	double value = (double)pages * factor;

	return value < 1e15 ? (uint64_t)llround(value) : (uint64_t)1e15;
}

static int lay_scaled(struct machine *machine, double factor, const struct mmr_mem_range *holes,
		      unsigned int nr_holes, struct mmr_error *err)
{
	uint64_t next_pfn = 0;

	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		struct node_memory memory = {.holes = holes, .nr_holes = nr_holes};
		uint64_t present = 0;
		int rc;

		for (int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *zone = &machine->nodes[n].zones[z];

			present += zone->present_pages;
			present += zone->present_pages && zone->start_pfn == 1; /* the firmware's frame 0 */
		}
		memory.pages = scaled(present, factor);
		memory.movable_pages = scaled(machine->nodes[n].zones[ZONE_MOVABLE].present_pages, factor);
		memset(&machine->nodes[n], 0, sizeof(machine->nodes[n]));
		if (!present)
			continue;
		if (memory.pages < MIN_PAGES)
			return mmr_err(err, -EINVAL,
				       "memory times %g: node %u would have %llu pages, expected at least %d",
				       factor, n, (unsigned long long)memory.pages, MIN_PAGES);
		rc = machine_lay_node(machine, n, &memory, &next_pfn);
		if (rc)
			return mmr_err(err, rc == -ERANGE ? -EINVAL : rc,
				       rc == -ERANGE ? "memory times %g: ends above 16 TiB"
						     : "memory times %g: no memory for the ranges",
				       factor);
	}
	return 0;
}

int machine_scale_memory(struct machine *machine, double factor, struct mmr_error *err)
{
	struct mmr_mem_range *old = machine->ranges, *holes;
	unsigned int nr_holes;
	int rc;

	holes = calloc(machine->nr_ranges + 1, sizeof(*holes));
	if (!holes)
		return mmr_err(err, -ENOMEM, "memory times %g: no memory for the holes", factor);
	nr_holes = find_holes(machine, holes);
	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		if (machine->nodes[n].zones[ZONE_HIGHMEM].present_pages)
			machine->arch = MACHINE_X86_32;
	machine->ranges = NULL;
	machine->nr_ranges = 0;
	if (machine->recorded) {
		/* What boot computed for the old size it computes for the new one. */
		machine->settings.given[MACHINE_SETTING_min_free_kbytes] = false;
		machine->sysctl.min_free_kbytes = 0;
	}
	rc = lay_scaled(machine, factor, holes, nr_holes, err);
	free(holes);
	free(old);
	return rc;
}
