// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests that named a node, inferred. */
#include "replay/trust/named_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/profile_axes.h"

/*
 * A zone "has enough" this far above its low mark: free pages that only a CPU's own count knows of, and
 * those of requests that are under way.
 */
#define ENOUGH_SLACK_PAGES 512

enum zone_type machine_highest_zone(gfp_t gfp)
{
	if (gfp & MMR_GFP_DMA)
		return ZONE_DMA;
	if (gfp & MMR_GFP_DMA32)
		return ZONE_DMA32;
	if (!(gfp & MMR_GFP_HIGHMEM))
		return ZONE_NORMAL;
	return gfp & MMR_GFP_MOVABLE ? ZONE_MOVABLE : ZONE_HIGHMEM;
}

static bool has_memory(const struct machine *machine, unsigned int node)
{
	for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
		if (machine->nodes[node].zones[z].managed_pages)
			return true;
	return false;
}

uint16_t machine_wanted_node(const struct machine *machine, unsigned int node)
{
	unsigned int best = node, best_distance = UINT8_MAX + 1;

	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		unsigned int distance = n == node ? 0 : machine->distance[node * machine->nr_nodes + n];

		if (has_memory(machine, n) && distance < best_distance) {
			best = n;
			best_distance = distance;
		}
	}
	return (uint16_t)best;
}

/* ---- the zones' free pages ----------------------------------------------------------------- */

/*
 * By how much a zone's marks may be boosted, and how many of its free pages may be set aside for atomic
 * requests of high orders: then it refuses while it seems to have them. Source: boost_watermark(),
 * reserve_highatomic_pageblock(), mm/page_alloc.c, v6.12.
 */
static int64_t most_withheld(const struct machine *machine, const struct mmr_zone_config *config)
{
	uint64_t boost =
		(uint64_t)config->watermark[WMARK_HIGH] * machine->sysctl.watermark_boost_factor / 10000;
	uint64_t highatomic = config->managed_pages / 100 + PAGEBLOCK_NR_PAGES;

	if (boost && boost < PAGEBLOCK_NR_PAGES)
		boost = PAGEBLOCK_NR_PAGES;
	return (int64_t)(boost + highatomic);
}

static void add_zones(struct named_nodes *named, const struct machine *machine)
{
	named->nr_zones = named->map.nr;
	for (unsigned int i = 0; i < named->nr_zones; i++) {
		const struct zone_span *span = &named->map.spans[i];
		const struct mmr_zone_config *config = &machine->nodes[span->nid].zones[span->zone];

		for (unsigned int high = 0; high < MAX_NR_ZONES; high++)
			named->zones[i].enough[high] = (int64_t)config->watermark[WMARK_LOW] +
						       config->lowmem_reserve[high] +
						       most_withheld(machine, config) + ENOUGH_SLACK_PAGES;
	}
}

static struct named_zone *find_named(struct named_nodes *named, unsigned int nid, unsigned int zone)
{
	for (unsigned int i = 0; i < named->nr_zones; i++)
		if (named->map.spans[i].nid == nid && named->map.spans[i].zone == zone)
			return &named->zones[i];
	return NULL;
}

/* They stand in ascending order: of those a request may have the last one is the first to be asked. */
static void find_first_zones(struct named_nodes *named)
{
	for (unsigned int i = 0; i < named->nr_zones; i++) {
		const struct zone_span *span = &named->map.spans[i];

		for (unsigned int highest = span->zone; highest < MAX_NR_ZONES; highest++)
			named->first[span->nid * MAX_NR_ZONES + highest] = &named->zones[i];
	}
}

/* As the first keyframes have them; where there is none, as the header has them. */
static int read_free(struct named_nodes *named, struct trace_reader *reader, struct mmr_error *err)
{
	const struct trace_machine *header = trace_reader_machine(reader);
	uint32_t nr = trace_reader_summary(reader)->nr_keyframes;

	for (uint32_t i = 0; i < header->nr_zones; i++) {
		struct named_zone *zone = find_named(named, header->zones[i].nid, header->zones[i].zone);

		if (zone)
			zone->free = (int64_t)header->zones[i].nr_free_pages;
	}
	for (uint32_t i = 0; i < nr; i++) {
		struct named_zone *zone;
		struct trace_keyframe kf;
		int rc = trace_reader_keyframe(reader, i, &kf, err);

		if (rc)
			return rc;
		zone = kf.flags & TRACE_KF_FIRST ? find_named(named, kf.nid, kf.zone) : NULL;
		if (zone)
			zone->free = (int64_t)kf.nr_free_pages;
		trace_keyframe_deinit(&kf);
	}
	return 0;
}

/* Kernels whose steals are told by mm_page_alloc_extfrag alone. Unknown ones are taken for the newest. */
static bool steals_alone(const struct trace_machine *header)
{
	const struct kernel_profile *profile = kernel_profile_for_release(header->kernel_release);

	return !profile || profile->trace_dialect >= TRACE_DIALECT_6_15;
}

/* No page is on its way out of a list yet. Return: 0; -ENOMEM. */
static int watch_steals(struct named_nodes *named)
{
	named->locked_pfn = malloc(named->nr_cpus * sizeof(*named->locked_pfn));
	for (unsigned int cpu = 0; named->locked_pfn && cpu < named->nr_cpus; cpu++)
		named->locked_pfn[cpu] = MMR_NO_PFN;
	return named->locked_pfn ? 0 : -ENOMEM;
}

int named_nodes_init(struct named_nodes *named, struct trace_reader *reader, const struct machine *recorded,
		     struct mmr_error *err)
{
	int rc;

	*named = (struct named_nodes){.nr_cpus = recorded->nr_cpus};
	if (recorded->nr_nodes == 1)
		return 0;
	named->zones = calloc((size_t)recorded->nr_nodes * MAX_NR_ZONES, sizeof(*named->zones));
	named->wanted = calloc(recorded->nr_cpus, sizeof(*named->wanted));
	named->first = calloc((size_t)recorded->nr_nodes * MAX_NR_ZONES, sizeof(struct named_zone *));
	if (!named->zones || !named->wanted || !named->first ||
	    (steals_alone(trace_reader_machine(reader)) && watch_steals(named))) {
		named_nodes_deinit(named);
		return mmr_err(err, -ENOMEM, "no memory to follow the free pages of %u nodes",
			       recorded->nr_nodes);
	}
	for (unsigned int cpu = 0; cpu < recorded->nr_cpus; cpu++)
		named->wanted[cpu] = machine_wanted_node(recorded, recorded->cpu_node[cpu]);
	rc = zone_map_init(&named->map, recorded, err);
	if (!rc) {
		add_zones(named, recorded);
		find_first_zones(named);
		rc = read_free(named, reader, err);
	}
	if (rc)
		named_nodes_deinit(named);
	return rc;
}

void named_nodes_deinit(struct named_nodes *named)
{
	free(named->zones);
	free(named->wanted);
	free(named->locked_pfn);
	free(named->first);
	zone_map_deinit(&named->map);
	*named = (struct named_nodes){0};
}
