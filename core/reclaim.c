// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A model of reclaim: kswapd and direct reclaim take pages back from those who hold them.
 *
 * The kernel chooses by age and by what a page costs to drop; the model knows neither. It goes
 * through each zone by address from where it stopped last time, and of the movable blocks it meets
 * it takes the share that struct mmr_reclaim names. What it took is reported, so that the holder
 * learns of it. Every number that comes of this is modelled.
 */
#include "core/list.h"

#define SWAP_CLUSTER_MAX    32
#define MAX_RECLAIM_RETRIES 16
#define MAX_DRY             6 /* skip up to 62 askings */

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

#define DEF_PRIORITY 12

/* What might be on a node's LRU lists: all that is in use. Source: lruvec_lru_size(), mm/vmscan.c, v6.12. */
static uint32_t node_lru_pages(const struct pglist_data *pgdat, int highest_zoneidx)
{
	int64_t pages = 0;

	for (int i = 0; i <= highest_zoneidx; i++)
		pages += (int64_t)pgdat->node_zones[i].managed_pages - pgdat->node_zones[i].vm_stat_free;
	return pages > 0 ? (uint32_t)pages : 0;
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
			taken += shrink_cold(cpu, last, ac->highest_zoneidx,
					     1 + (node_lru_pages(last, ac->highest_zoneidx) >> priority));
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

/* ---- kswapd ------------------------------------------------------------------------------------ */

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

/*
 * What kswapd takes for free: near the marks it looks closely, and with defrag_mode only whole
 * pageblocks count for a long block.
 * Source: pgdat_balanced(), mm/vmscan.c, v6.15; zone_watermark_ok_safe(), mm/page_alloc.c, v6.12.
 */
static int64_t kswapd_free_pages(const struct mmr_machine *m, const struct zone *zone, unsigned int order)
{
	int64_t free = shared_read(zone->vm_stat_free);

	if (m->sysctl.defrag_mode && order)
		return zone_free_blocks_pages(zone);
	if (zone->percpu_drift_mark && free < (int64_t)zone->percpu_drift_mark)
		return zone_free_snapshot(m, zone);
	return free < 0 ? 0 : free;
}

/*
 * Is some zone a request may use above its high mark?
 * Source: pgdat_balanced(), mm/vmscan.c, v6.12.
 */
static bool pgdat_balanced(const struct mmr_machine *m, const struct pglist_data *pgdat, unsigned int order,
			   int highest_zoneidx)
{
	for (int i = 0; i <= highest_zoneidx; i++) {
		const struct zone *zone = &pgdat->node_zones[i];

		if (!zone->managed_pages)
			continue;
		tell_mark(zone, WMARK_HIGH, MMR_STORY_BALANCED);
		if (zone_watermark_ok_inner(zone, order, wmark_pages(zone, WMARK_HIGH), highest_zoneidx, 0,
					    kswapd_free_pages(m, zone, order)))
			return true;
	}
	return false;
}

/* By how much the marks of the zones are boosted, in all. */
static uint32_t pgdat_boost(const struct pglist_data *pgdat, int highest_zoneidx)
{
	uint32_t boost = 0;

	for (int i = highest_zoneidx; i >= 0; i--) {
		if (pgdat->node_zones[i].managed_pages)
			boost += shared_read(pgdat->node_zones[i].watermark_boost);
	}
	return boost;
}

static void set_reclaim_active(struct pglist_data *pgdat, int highest_zoneidx, bool active)
{
	for (int i = 0; i <= highest_zoneidx; i++) {
		struct zone *zone = &pgdat->node_zones[i];

		if (active && zone->managed_pages)
			shared_or(zone->flags, 1u << ZONE_RECLAIM_ACTIVE);
		else
			shared_and(zone->flags, ~(1u << ZONE_RECLAIM_ACTIVE));
	}
}

/*
 * kswapd ends its run: the boosts it woke for are worked off, kcompactd makes long blocks of what it
 * gained, and it sleeps, with the counters as coarse as before.
 * Source: the end of balance_pgdat(), kswapd_try_to_sleep(), mm/vmscan.c, v6.12.
 */
void kswapd_finish(struct mmr_cpu *cpu, struct pglist_data *pgdat)
{
	unsigned int order = shared_read(pgdat->kswapd_order);
	unsigned int highest_zoneidx = shared_read(pgdat->kswapd_highest_zoneidx);

	for (int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &pgdat->node_zones[i];

		if (zone->compact_flags & COMPACT_BLOCKSKIP_FLUSH)
			reset_isolation_suitable(cpu->m, zone);
		if (!zone->managed_pages || !shared_read(zone->watermark_boost))
			continue;
		zone_lock(cpu, zone);
		shared_set(zone->watermark_boost, 0);
		zone_unlock(zone);
		/* A boost is for whole pageblocks. */
		order = order > PAGEBLOCK_ORDER ? order : PAGEBLOCK_ORDER;
	}
	shared_set(pgdat->kswapd_order, 0);
	shared_set(pgdat->kswapd_highest_zoneidx, 0);
	set_pgdat_percpu_threshold(cpu->m, pgdat, false);
	shared_set(pgdat->kswapd_awake, false);
	wakeup_kcompactd(cpu, pgdat, order, (int)highest_zoneidx);
}

/* A cluster of what is known to be cold, else one from every zone. Return: pages taken. */
static uint32_t kswapd_shrink_node(struct mmr_cpu *cpu, struct pglist_data *pgdat, int highest_zoneidx)
{
	uint32_t taken = shrink_cold(cpu, pgdat, highest_zoneidx, SWAP_CLUSTER_MAX);

	if (taken)
		return taken;
	for (int i = highest_zoneidx; i >= 0; i--) {
		if (pgdat->node_zones[i].managed_pages)
			taken += shrink_zone(cpu, &pgdat->node_zones[i], SWAP_CLUSTER_MAX);
	}
	return taken;
}

/*
 * A node where reclaim keeps failing is given up. Up to 7.0 any progress ends that; since then only
 * balance, and runs for a boost are not held against it.
 * Source: kswapd_failures in mm/vmscan.c, v6.12 and v7.1.
 */
static void count_failure(const struct mmr_machine *m, struct pglist_data *pgdat, uint32_t gained,
			  bool balanced, bool boosted)
{
	if (m->profile.kswapd_hopeless == KSWAPD_HOPELESS_BALANCED) {
		if (balanced)
			pgdat->kswapd_failures = 0;
		else if (!gained && !boosted)
			pgdat->kswapd_failures++;
		return;
	}
	if (gained)
		pgdat->kswapd_failures = 0;
	else if (!balanced)
		pgdat->kswapd_failures++;
}

/*
 * A per-CPU list has just brought its zone above the high mark (6.18): its kswapd may try again, if
 * there is a node that would otherwise be preferred to it for ever.
 * Source: free_frozen_page_commit(), mm/page_alloc.c, v6.18.
 */
void kswapd_reset_failures(struct mmr_machine *m, const struct zone *zone)
{
	struct pglist_data *pgdat = zone->zone_pgdat;

	if (m->profile.kswapd_hopeless == KSWAPD_HOPELESS_PROGRESS ||
	    shared_read(pgdat->kswapd_failures) < MAX_RECLAIM_RETRIES)
		return;
	for (unsigned int nid = zone->node + 1u; nid < m->nr_nodes; nid++) {
		if (m->nodes[nid].node_present_pages) {
			shared_set(pgdat->kswapd_failures, 0);
			return;
		}
	}
}

static void balance_begin(struct pglist_data *pgdat)
{
	struct kswapd_run *run = &pgdat->kswapd_run;

	*run = (struct kswapd_run){
		.highest_zoneidx = pgdat->kswapd_highest_zoneidx,
		.order = pgdat->kswapd_order,
		.boost_left = pgdat_boost(pgdat, pgdat->kswapd_highest_zoneidx),
		.gap = 2u << pgdat->kswapd_order,
	};
	run->boosted = run->boost_left;
	set_reclaim_active(pgdat, run->highest_zoneidx, true);
}

static void balance_end(struct mmr_cpu *cpu, struct pglist_data *pgdat, bool balanced)
{
	const struct kswapd_run *run = &pgdat->kswapd_run;

	count_failure(cpu->m, pgdat, run->total, balanced, run->boosted);
	cpu->counters.kswapd_reclaimed_pages += run->total;
	set_reclaim_active(pgdat, run->highest_zoneidx, false);
	kswapd_finish(cpu, pgdat);
}

/*
 * Reclaim until the node is balanced for the order that woke kswapd; for an order above 0 only until
 * as many pages are gained as compaction would need, then for order 0. A balanced node whose marks
 * are boosted is reclaimed by the boost.
 *
 * @most: pages after which the rest is left for another turn
 * @ended: set where there is no rest
 * Return: pages taken.
 * Source: balance_pgdat(), mm/vmscan.c, v6.12.
 */
static uint32_t balance_pgdat(struct mmr_cpu *cpu, struct pglist_data *pgdat, uint32_t most, bool *ended)
{
	struct kswapd_run *run = &pgdat->kswapd_run;
	uint32_t taken_now = 0;

	*ended = false;
	while (taken_now < most) {
		bool balanced = pgdat_balanced(cpu->m, pgdat, run->order, run->highest_zoneidx);
		uint32_t taken = 0;

		if (!balanced)
			run->boost_left = 0; /* first things first */
		if (!balanced || run->boost_left)
			taken = kswapd_shrink_node(cpu, pgdat, run->highest_zoneidx);
		if (!taken) {
			*ended = true;
			balance_end(cpu, pgdat, balanced);
			break;
		}
		taken_now += taken;
		run->total += taken;
		run->boost_left -= taken < run->boost_left ? taken : run->boost_left;
		if (run->order && run->total >= run->gap)
			run->order = 0;
	}
	return taken_now;
}

uint32_t mmr_kswapd_turn(struct mmr_machine *m, unsigned int nid, uint32_t pages)
{
	struct pglist_data *pgdat = &m->nodes[nid];
	unsigned int cpu = 0;
	uint32_t taken;
	bool ended;

	if (!m->reclaim.paced || !pgdat->kswapd_awake)
		return 0;
	while (cpu + 1 < m->nr_cpus && (m->cpus[cpu].nid != nid || !mmr_cpu_online(m, cpu)))
		cpu++;
	taken = balance_pgdat(&m->cpus[cpu], pgdat, pages, &ended);
	m->nr_kswapds_awake -= ended;
	return taken;
}

unsigned int mmr_kswapds_awake(const struct mmr_machine *m)
{
	return m->nr_kswapds_awake;
}

/* Is there something to wake kswapd for? */
static enum mmr_story_kswapd kswapd_outcome(const struct mmr_machine *m, const struct pglist_data *pgdat,
					    unsigned int order, int highest_zoneidx)
{
	if (shared_read(pgdat->kswapd_awake))
		return MMR_STORY_IS_AWAKE;
	if (shared_read(pgdat->kswapd_failures) >= MAX_RECLAIM_RETRIES)
		return MMR_STORY_GAVE_UP;
	if (pgdat_balanced(m, pgdat, order, highest_zoneidx) && !pgdat_boost(pgdat, highest_zoneidx))
		return MMR_STORY_NOT_NEEDED;
	return MMR_STORY_WOKEN;
}

/*
 * Leave word for the node's kswapd, and wake it unless it is awake, has given up, or has nothing to
 * do; then a request that will not compact itself has kcompactd do it. Where reclaim is not modelled
 * kswapd stays awake to the next vmstat update: frees in the recording stand for its work.
 *
 * Source: wakeup_kswapd(), mm/vmscan.c, v6.12.
 */
void wakeup_kswapd(struct mmr_cpu *cpu, struct zone *zone, gfp_t gfp, unsigned int order, int highest_zoneidx)
{
	struct pglist_data *pgdat = zone->zone_pgdat;
	enum mmr_story_kswapd outcome;
	bool ended;

	if (!zone->managed_pages || !cpuset_zone_allowed(cpu, zone, gfp))
		return;
	if (highest_zoneidx > shared_read(pgdat->kswapd_highest_zoneidx))
		shared_set(pgdat->kswapd_highest_zoneidx, (uint8_t)highest_zoneidx);
	if (order > shared_read(pgdat->kswapd_order))
		shared_set(pgdat->kswapd_order, (uint8_t)order);
	outcome = kswapd_outcome(cpu->m, pgdat, order, highest_zoneidx);
	tell(zone, MMR_STORY_KSWAPD, .order = (uint8_t)order, .why = outcome);
	if (outcome != MMR_STORY_WOKEN) {
		if (outcome != MMR_STORY_IS_AWAKE && !(gfp & MMR_GFP_DIRECT_RECLAIM))
			wakeup_kcompactd(cpu, pgdat, order, highest_zoneidx);
		return;
	}
	shared_set(pgdat->kswapd_awake, true);
	set_pgdat_percpu_threshold(cpu->m, pgdat, true);
	cpu->counters.kswapd_wakeups++;
	if (!cpu->m->reclaim.enabled)
		return;
	balance_begin(pgdat);
	if (cpu->m->reclaim.paced)
		cpu->m->nr_kswapds_awake++;
	else
		balance_pgdat(cpu, pgdat, UINT32_MAX, &ended);
}

/* Each node of the zonelist once per run of its zones. Source: wake_all_kswapds(), v6.12. */
void wake_all_kswapds(struct mmr_cpu *cpu, unsigned int order, gfp_t gfp, const struct alloc_context *ac)
{
	const struct zoneref *z =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	const struct pglist_data *last = NULL;
	struct zone *zone;

	if (cpu->m->sysctl.defrag_mode && order < PAGEBLOCK_ORDER)
		order = PAGEBLOCK_ORDER;
	for_next_zone_zonelist(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		if (!zone->managed_pages || zone->zone_pgdat == last)
			continue;
		wakeup_kswapd(cpu, zone, gfp, order, ac->highest_zoneidx);
		last = zone->zone_pgdat;
	}
}
