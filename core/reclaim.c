// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A model of reclaim: kswapd (kswapd.c) and direct reclaim take pages back from those who hold them.
 *
 * The kernel chooses by age and by what a page costs to drop; the model knows neither. It goes
 * through each zone by address from where it stopped last time, and of the movable blocks it meets
 * it takes the share that struct mmr_reclaim names. What it took is reported, so that the holder
 * learns of it. Every number that comes of this is modelled.
 */
#include "core/list.h"

#define SWAP_CLUSTER_MAX 32
#define DEF_PRIORITY     12
#define MAX_DRY          6 /* skip up to 62 askings */

/* ---- taking pages ----------------------------------------------------------------------------- */

/* Which of the movable blocks can be taken is fixed per place: a hash, so that any share is spread evenly. */
static bool is_reclaimable(const struct mmr_machine *m, uint32_t pfn, uint32_t tag)
{
	return tag_state(tag) == PAGE_ALLOCATED && tag_type(tag) == MIGRATE_MOVABLE &&
	       (pfn * 2654435761u >> 16) % 100 < m->reclaim.reclaimable_percent;
}

/* Take one block from its holder, who finds it on a slower node or nowhere. Return: false where the report has
 * no room left. */
static bool reclaim_block(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order)
{
	struct mmr_machine *m = cpu->m;
	uint32_t to = MMR_NO_PFN, tag = m->pages[pfn].tag;

	if (!displaced_room(m))
		return false;
	if (unlikely(zone->zone_pgdat->demotion.lower)) {
		to = alloc_demote_block(cpu, zone->zone_pgdat, order);
		/* Making room there may have taken this very block, or filled the report. */
		if (m->pages[pfn].tag != tag || !displaced_room(m))
			return to == MMR_NO_PFN || !mmr_free_pages(m, to, order, cpu->id, NULL);
	}
	report_displaced(m, pfn, to, order);
	zone->per_cpu_zonestats[cpu->id].nr_frees[order]++;
	if (pcp_allowed_order(order)) {
		free_unref_page(cpu, zone, pfn, order);
	} else {
		cpu->counters.path[MMR_PATH_FREE_BUDDY]++;
		free_one_page(cpu, zone, pfn, order, FPI_NONE);
	}
	return true;
}

/*
 * Take at least @nr pages of a zone, once around it at most.
 *
 * Return: pages taken.
 * Simplified: order of address in place of the LRU lists; no cost, no writeback, no slab caches.
 * Source: stands for shrink_node(), mm/vmscan.c, v6.12.
 */
static uint32_t shrink_zone(struct mmr_cpu *cpu, struct zone *zone, uint32_t nr)
{
	struct mmr_machine *m = cpu->m;
	uint32_t taken = 0, at = zone->reclaim_hand, scanned = 0;

	if (zone->reclaim_skip) {
		zone->reclaim_skip--;
		return 0;
	}
	while (taken < nr && scanned < zone->spanned_pages) {
		uint32_t pfn = zone->zone_start_pfn + at, tag = shared_read(m->pages[pfn].tag);
		uint32_t pages = 1u << tag_order(tag);

		if (is_reclaimable(m, pfn, tag)) {
			if (!reclaim_block(cpu, zone, pfn, tag_order(tag)))
				break;
			taken += pages;
		}
		scanned += pages;
		at += pages;
		if (at >= zone->spanned_pages)
			at = 0;
	}
	zone->reclaim_hand = at;
	/* A zone that has nothing to give is asked less and less: each asking is a walk around it. */
	zone->reclaim_dry = taken ? 0 : zone->reclaim_dry < MAX_DRY ? zone->reclaim_dry + 1 : MAX_DRY;
	zone->reclaim_skip = taken ? 0 : (1u << zone->reclaim_dry) - 2;
	return taken;
}

void mmr_set_cold_blocks(struct mmr_machine *m, mmr_cold_block *next, void *ctx)
{
	m->cold_block = next;
	m->cold_ctx = ctx;
}

/*
 * At least @nr pages of what the caller knows to be cold on a node, where it knows any.
 *
 * Return: pages taken.  Source: the tail of the inactive list, shrink_inactive_list(), mm/vmscan.c, v6.12.
 */
static uint32_t shrink_cold(struct mmr_cpu *cpu, const struct pglist_data *pgdat, int highest_zoneidx,
			    uint32_t nr)
{
	struct mmr_machine *m = cpu->m;
	uint32_t taken = 0;

	while (m->cold_block && taken < nr && displaced_room(m)) {
		uint32_t pfn = m->cold_block(m->cold_ctx, (unsigned int)pgdat->node_id,
					     (enum zone_type)highest_zoneidx);
		unsigned int order;

		if (pfn == MMR_NO_PFN)
			break;
		order = tag_order(m->pages[pfn].tag);
		if (tag_state(m->pages[pfn].tag) == PAGE_ALLOCATED &&
		    reclaim_block(cpu, m->zones[tag_zone_place(m->pages[pfn].tag)], pfn, order))
			taken += 1u << order;
	}
	return taken;
}

unsigned int mmr_reclaimed_blocks(struct mmr_machine *m, struct mmr_block *blocks, unsigned int max)
{
	unsigned int nr = 0;

	while (nr < max && m->displaced_begin != m->displaced_end) {
		const struct mmr_displaced *d = &m->displaced[m->displaced_begin++ % MMR_DISPLACED_MAX];

		if (d->to == MMR_NO_PFN)
			blocks[nr++] = (struct mmr_block){d->from, d->order};
	}
	return nr;
}

unsigned int mmr_displaced_blocks(struct mmr_machine *m, struct mmr_displaced *blocks, unsigned int max)
{
	unsigned int nr = 0;

	while (nr < max && m->displaced_begin != m->displaced_end)
		blocks[nr++] = m->displaced[m->displaced_begin++ % MMR_DISPLACED_MAX];
	return nr;
}

/*
 * A cluster, or where compaction shall make a long block of it twice the block's size.
 * Source: should_continue_reclaim(), mm/vmscan.c, v6.12.
 */
static uint32_t direct_reclaim_pages(const struct mmr_machine *m, unsigned int order)
{
	return m->compaction.enabled && order > PAGE_ALLOC_COSTLY_ORDER ? 2u << order : SWAP_CLUSTER_MAX;
}

/* What might be on a node's LRU lists: all that is in use. Source: lruvec_lru_size(), mm/vmscan.c, v6.12. */
uint32_t node_lru_pages(const struct pglist_data *pgdat, int highest_zoneidx)
{
	int64_t pages = 0;

	for (int i = 0; i <= highest_zoneidx; i++)
		pages += (int64_t)pgdat->node_zones[i].managed_pages - pgdat->node_zones[i].vm_stat_free;
	return pages > 0 ? (uint32_t)pages : 0;
}

/*
 * A node's part in a round of direct reclaim, of what is known to be cold: the old lists give what the round's
 * priority says, the multi-generation ones at least a batch, and no further one once the request has enough.
 *
 * @want: what the request still lacks
 * Return: pages taken.  Source: shrink_lruvec(), try_to_shrink_lruvec(), mm/vmscan.c, v6.12.
 */
static uint32_t shrink_cold_node(struct mmr_cpu *cpu, const struct pglist_data *pgdat, int highest_zoneidx,
				 int priority, uint32_t want)
{
	uint32_t scan = node_lru_pages(pgdat, highest_zoneidx) >> priority, taken = 0, got;
	enum axis_lru lru = cpu->m->profile.lru;

	if (lru == LRU_LISTS)
		return shrink_cold(cpu, pgdat, highest_zoneidx, 1 + scan);
	while (taken < scan) {
		uint32_t left = scan - taken;

		got = shrink_cold(cpu, pgdat, highest_zoneidx,
				  lru == LRU_GEN || left > MIN_LRU_BATCH ? MIN_LRU_BATCH : left);
		taken += got;
		if (!got || taken >= want)
			break;
	}
	return taken;
}

/*
 * Where it is known what is cold: of each node the request may use a part of its pages, small at first, twice
 * as large in each round, until the rounds have brought enough. So every node gives, and the last round too
 * much.
 *
 * Return: pages taken.
 * Source: do_try_to_free_pages(), shrink_zones(), get_scan_count(), mm/vmscan.c, v6.12.
 */
static uint32_t shrink_cold_nodes(struct mmr_cpu *cpu, const struct alloc_context *ac, uint32_t want)
{
	uint32_t taken = 0;

	for (int priority = DEF_PRIORITY; priority >= 0 && taken < want && cpu->m->cold_block; priority--) {
		const struct zoneref *z =
			next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
		const struct pglist_data *last = NULL;
		struct zone *zone;

		for_next_zone_zonelist(zone, z, ac->highest_zoneidx, ac->nodemask)
		{
			if (zone->zone_pgdat == last ||
			    !cpuset_zone_allowed(cpu, zone, MMR_GFP_KERNEL | MMR_GFP_HARDWALL))
				continue;
			last = zone->zone_pgdat;
			taken += shrink_cold_node(cpu, last, ac->highest_zoneidx, priority,
						  taken < want ? want - taken : 0);
		}
	}
	return taken;
}

/*
 * On behalf of a request that found nothing: a cluster of pages from the zones it may use.
 *
 * Return: pages taken.  Source: try_to_free_pages(), mm/vmscan.c, v6.12.
 */
uint32_t try_to_free_pages(struct mmr_cpu *cpu, const struct alloc_context *ac)
{
	const struct zoneref *z =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	struct zone *zone;
	uint32_t taken = 0, want = direct_reclaim_pages(cpu->m, ac->reclaim_compact_order);

	if (!cpu->m->reclaim.enabled)
		return 0;
	cpu->counters.direct_reclaims++;
	taken = shrink_cold_nodes(cpu, ac, want);
	for_next_zone_zonelist(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		if (taken >= want)
			break;
		if (!cpuset_zone_allowed(cpu, zone, MMR_GFP_KERNEL | MMR_GFP_HARDWALL))
			continue;
		taken += shrink_zone(cpu, zone, want - taken);
	}
	cpu->counters.direct_reclaimed_pages += taken;
	return taken;
}

/*
 * On the way down the zonelist, where vm.zone_reclaim_mode prefers reclaim here to a page elsewhere:
 * at least as many pages as are asked, from the zones of one node.
 *
 * Return: pages taken, NODE_RECLAIM_NOSCAN where this request may not or there is nothing to scan.
 * Simplified: where reclaim is not modelled a node has no pages to scan for; every bit of
 * zone_reclaim_mode means the same.
 * Source: node_reclaim(), mm/vmscan.c, v6.12.
 */
int64_t node_reclaim(struct mmr_cpu *cpu, struct pglist_data *pgdat, gfp_t gfp, unsigned int order,
		     const struct alloc_context *ac)
{
	uint32_t want = 1u << order > SWAP_CLUSTER_MAX ? 1u << order : SWAP_CLUSTER_MAX, taken = 0;

	if (!cpu->m->reclaim.enabled || !(gfp & MMR_GFP_DIRECT_RECLAIM) ||
	    (cpu->current && cpu->current->pf_memalloc))
		return NODE_RECLAIM_NOSCAN;
	if (pgdat->nr_cpus && pgdat->node_id != cpu->nid)
		return NODE_RECLAIM_NOSCAN;
	cpu->counters.node_reclaims++;
	for (int i = ac->highest_zoneidx; i >= 0 && taken < want; i--) {
		if (pgdat->node_zones[i].managed_pages)
			taken += shrink_zone(cpu, &pgdat->node_zones[i], want - taken);
	}
	cpu->counters.node_reclaimed_pages += taken;
	return taken;
}

/* A cluster of what is known to be cold on a node, else one from every zone. Return: pages taken. */
uint32_t shrink_node(struct mmr_cpu *cpu, struct pglist_data *pgdat, int highest_zoneidx, uint32_t nr)
{
	uint32_t taken = shrink_cold(cpu, pgdat, highest_zoneidx, nr);

	if (taken)
		return taken;
	for (int i = highest_zoneidx; i >= 0; i--) {
		if (pgdat->node_zones[i].managed_pages)
			taken += shrink_zone(cpu, &pgdat->node_zones[i], nr);
	}
	return taken;
}

/* ---- what there is -------------------------------------------------------------------------------- */

/* Free pages of a zone with no per-CPU part missing. Source: zone_page_state_snapshot(), v6.12. */
int64_t zone_free_snapshot(const struct mmr_machine *m, const struct zone *zone)
{
	int64_t free = shared_read(zone->vm_stat_free);

	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++)
		free += shared_read(zone->per_cpu_zonestats[cpu].vm_stat_diff);
	return free < 0 ? 0 : free;
}

/*
 * What could be reclaimed at most: of all that is not free the share that struct mmr_reclaim names, and
 * nothing where the last walk around the zone found nothing.
 *
 * Stands for zone_reclaimable_pages(), mm/vmscan.c, v6.12, which counts what is on the LRU lists.
 */
int64_t zone_reclaimable_pages(const struct mmr_machine *m, const struct zone *zone)
{
	int64_t used = zone->managed_pages - zone_free_snapshot(m, zone);

	if (!m->reclaim.enabled || zone->reclaim_dry || used <= 0)
		return 0;
	return used * m->reclaim.reclaimable_percent / 100;
}
