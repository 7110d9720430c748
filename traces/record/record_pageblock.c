// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel keeps four or eight bits per pageblock in a bitmap per memory section of 128 MiB, and
 * finds the section through a two-level table. There is no tracepoint that leads to it.
 */
#include "traces/record/record_pageblock.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/mm_types.h"
#include "traces/record/record.h"

#include "record_probe.skel.h"

#define PFN_SECTION_SHIFT 15 /* x86-64, and arm64 with pages of 4 KiB; a wrong one is noticed */
#define SECTION_PFNS      (1U << PFN_SECTION_SHIFT)
#define SECTION_FLAGS     63ULL /* low bits of an entry's first word */

static bool peek(struct record_probe *probe, uint64_t address, void *data, uint32_t bytes)
{
	struct record_probe_bpf__bss *bss = probe->skel->bss;

	bss->peek_address = address;
	bss->peek_bytes = bytes;
	bss->peek_failed = 1;
	if (record_probe_run(bpf_program__fd(probe->skel->progs.peek), -1) || bss->peek_failed)
		return false;
	memcpy(data, bss->peek_data, bytes);
	return true;
}

static uint64_t section_address(struct record_probe *probe, uint64_t table, uint32_t nr)
{
	const struct rec_layout *layout = &probe->skel->bss->layout;
	uint32_t per_root = (uint32_t)sysconf(_SC_PAGESIZE) / layout->section_size;
	uint64_t root = 0;

	if (!peek(probe, table + (uint64_t)(nr / per_root) * 8, &root, sizeof(root)) || !root)
		return 0;
	return root + (uint64_t)(nr % per_root) * layout->section_size;
}

/* An entry's first word is the address of page frame 0's struct page, flags aside, if it has memory. */
static bool has_memory(struct record_probe *probe, uint64_t section)
{
	uint64_t map = 0;

	return section &&
	       peek(probe, section + probe->skel->bss->layout.section_map_offset, &map, sizeof(map)) &&
	       (map & ~SECTION_FLAGS) == probe->page_base;
}

/* Every zone's first section must look like one. */
static bool is_table(struct record_probe *probe, uint64_t table)
{
	for (uint32_t i = 0; i < probe->nr_zones; i++) {
		uint32_t nr = (uint32_t)(probe->zones[i].start_pfn >> PFN_SECTION_SHIFT);

		if (!has_memory(probe, section_address(probe, table, nr)))
			return false;
	}
	return probe->nr_zones > 0;
}

static uint64_t kernel_symbol(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	uint64_t address = 0, value;
	char line[256], symbol[200];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%" SCNx64 " %*c %199s", &value, symbol) == 2 && !strcmp(symbol, name)) {
			address = value;
			break;
		}
	if (f)
		fclose(f);
	return address;
}

static uint64_t table_by_name(struct record_probe *probe)
{
	uint64_t symbol = kernel_symbol("mem_section"), table = 0;

	if (symbol && peek(probe, symbol, &table, sizeof(table)) && is_table(probe, table))
		return table;
	return 0;
}

/* One range of the kernel's data, word by word inside a program, which notes words that may be it. */
static uint64_t table_in(struct record_probe *probe, uint64_t from, uint64_t to)
{
	struct record_probe_bpf__bss *bss = probe->skel->bss;
	const struct rec_layout *layout = &bss->layout;
	uint32_t per_root = (uint32_t)sysconf(_SC_PAGESIZE) / layout->section_size;
	uint32_t nr = (uint32_t)(probe->zones[0].start_pfn >> PFN_SECTION_SHIFT);

	bss->scan_root_offset = (uint64_t)(nr / per_root) * 8;
	bss->scan_map_offset = (uint64_t)(nr % per_root) * layout->section_size + layout->section_map_offset;
	bss->scan_wanted = probe->page_base;
	for (uint64_t at = from & ~7ULL; at < to; at += REC_PEEK_BYTES) {
		bss->peek_address = at;
		bss->peek_bytes = REC_PEEK_BYTES;
		bss->scan_found = 0;
		if (!record_probe_run(bpf_program__fd(probe->skel->progs.scan), -1) && bss->scan_found &&
		    is_table(probe, bss->scan_found))
			return bss->scan_found;
	}
	return 0;
}

/* The kernel's data lies as far behind its code in virtual memory as in physical memory. */
static uint64_t table_by_search(struct record_probe *probe)
{
	uint64_t text = kernel_symbol("_text"), code = 0, table = 0, from, to;
	FILE *f = text ? fopen("/proc/iomem", "re") : NULL;
	char line[256], what[16];

	while (f && !table && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : Kernel %15s", &from, &to, what) != 3 || to <= from)
			continue;
		if (!strcmp(what, "code"))
			code = from;
		else if (code && (!strcmp(what, "data") || !strcmp(what, "bss")))
			table = table_in(probe, text + (from - code), text + (to - code));
	}
	if (f)
		fclose(f);
	return table;
}

void record_pageblocks_find(struct record_probe *probe)
{
	const struct rec_layout *layout = &probe->skel->bss->layout;

	if (!layout->section_size || !layout->pageblock_bits || !probe->nr_zones)
		return;
	probe->section_table = table_by_name(probe);
	if (!probe->section_table)
		probe->section_table = table_by_search(probe);
}

/* ---- reading ------------------------------------------------------------------------------- */

static uint8_t block_type(const struct record_probe *probe, const uint8_t *bitmap, uint32_t index)
{
	const struct rec_layout *layout = &probe->skel->bss->layout;
	uint32_t bit = index * layout->pageblock_bits;
	uint32_t value = (uint32_t)(bitmap[bit / 8] >> bit % 8);

	if (layout->isolate_bit && value >> layout->isolate_bit & 1)
		return MIGRATE_ISOLATE;
	return probe->map->migratetype[value & 7];
}

/* The types of one section's pageblocks that are among [@first, @first + @nr). */
static void read_section(struct record_probe *probe, uint32_t section, uint32_t order, uint8_t *types,
			 uint64_t first, uint64_t nr)
{
	const struct rec_layout *layout = &probe->skel->bss->layout;
	uint32_t per_section = SECTION_PFNS >> order, bytes = per_section * layout->pageblock_bits / 8;
	uint64_t address = section_address(probe, probe->section_table, section), usage = 0;
	uint8_t bitmap[REC_PEEK_BYTES];

	if (!has_memory(probe, address) || bytes > sizeof(bitmap) ||
	    !peek(probe, address + layout->section_usage_offset, &usage, sizeof(usage)) ||
	    !peek(probe, usage + layout->usage_flags_offset, bitmap, bytes))
		return;
	for (uint32_t i = 0; i < per_section; i++) {
		uint64_t block = (uint64_t)section * per_section + i;

		if (block >= first && block - first < nr)
			types[block - first] = block_type(probe, bitmap, i);
	}
}

int record_pageblocks_read(struct record_probe *probe, const struct record_probe_zone *zone, uint8_t **ret,
			   uint32_t *nr, struct mmr_error *err)
{
	uint32_t order = probe->pageblock_order;
	uint64_t first = zone->start_pfn >> order, last = (zone->end_pfn - 1) >> order;

	*ret = NULL;
	*nr = 0;
	if (!probe->section_table || order >= PFN_SECTION_SHIFT)
		return 0;
	*ret = malloc(last - first + 1);
	if (!*ret)
		return mmr_err(err, -ENOMEM, "keyframe: no memory for %" PRIu64 " pageblock types",
			       last - first + 1);
	*nr = (uint32_t)(last - first + 1);
	memset(*ret, MIGRATE_MOVABLE, *nr);
	for (uint64_t s = zone->start_pfn >> PFN_SECTION_SHIFT; s <= (zone->end_pfn - 1) >> PFN_SECTION_SHIFT;
	     s++)
		read_section(probe, (uint32_t)s, order, *ret, first, *nr);
	return 0;
}
