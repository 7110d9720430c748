// SPDX-License-Identifier: GPL-2.0-or-later
/* When no zone is above its low mark: kswapd, the reserves, drains, and giving up. */
#include "core/internal.h"

#define MAX_RECLAIM_RETRIES 16

/* ---- kswapd --------------------------------------------------------------------------------- */

/* Free pages of a zone with no per-CPU part missing. Source: zone_page_state_snapshot(). */
static int64_t zone_free_snapshot(const struct mmr_machine *m, const struct zone *zone)
{
	int64_t free = shared_read(zone->vm_stat_free);

	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++)
		free += shared_read(zone->per_cpu_zonestats[cpu].vm_stat_diff);
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

		if (zone->managed_pages &&
		    zone_watermark_ok_inner(zone, order, wmark_pages(zone, WMARK_HIGH), highest_zoneidx, 0,
					    zone_free_snapshot(m, zone)))
			return true;
	}
	return false;
}

static bool pgdat_watermark_boosted(const struct pglist_data *pgdat, int highest_zoneidx)
{
	for (int i = highest_zoneidx; i >= 0; i--) {
		if (pgdat->node_zones[i].managed_pages && shared_read(pgdat->node_zones[i].watermark_boost))
			return true;
	}
	return false;
}

/*
 * Wake the node's kswapd unless it is awake, has given up, or has nothing to do.
 * Source: wakeup_kswapd(), mm/vmscan.c, v6.12.
 */
void wakeup_kswapd(struct mmr_cpu *cpu, struct zone *zone, gfp_t gfp, unsigned int order, int highest_zoneidx)
{
	struct pglist_data *pgdat = zone->zone_pgdat;

	if (!zone->managed_pages)
		return;
	if (shared_read(pgdat->kswapd_awake))
		return;
	if (pgdat->kswapd_failures >= MAX_RECLAIM_RETRIES)
		return;
	if (pgdat_balanced(cpu->m, pgdat, order, highest_zoneidx) &&
	    !pgdat_watermark_boosted(pgdat, highest_zoneidx))
		return;
	shared_set(pgdat->kswapd_awake, true);
	cpu->counters.kswapd_wakeups++;
}

/* Each node of the zonelist once per run of its zones. Source: wake_all_kswapds(), v6.12. */
static void wake_all_kswapds(struct mmr_cpu *cpu, unsigned int order, gfp_t gfp, const struct alloc_context *ac)
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

/*
 * kswapd ends its run: the boosts it woke for are worked off, and it sleeps.
 *
 * Simplified: it reclaims nothing. Recorded frees by kswapd stand for its work.
 * Source: the end of balance_pgdat(), mm/vmscan.c, v6.12.
 */
void kswapd_finish(struct mmr_cpu *cpu, struct pglist_data *pgdat)
{
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &pgdat->node_zones[i];

		if (!zone->managed_pages || !shared_read(zone->watermark_boost))
			continue;
		zone_lock(cpu, zone);
		shared_set(zone->watermark_boost, 0);
		zone_unlock(zone);
	}
	shared_set(pgdat->kswapd_awake, false);
}

/* ---- the slow path -------------------------------------------------------------------------- */

/* Source: gfp_to_alloc_flags(), mm/page_alloc.c, v6.12. */
static unsigned int gfp_to_alloc_flags(const struct mmr_machine *m, gfp_t gfp, unsigned int order)
{
	unsigned int alloc_flags =
		ALLOC_WMARK_MIN | ALLOC_CPUSET | (gfp & (MMR_GFP_HIGH | MMR_GFP_KSWAPD_RECLAIM));

	_Static_assert(ALLOC_MIN_RESERVE == MMR_GFP_HIGH, "the flag is taken over by value");
	if (!(gfp & MMR_GFP_DIRECT_RECLAIM)) {
		if (!(gfp & MMR_GFP_NOMEMALLOC)) {
			alloc_flags |= ALLOC_NON_BLOCK;
			if (order && (m->profile.highatomic_gate == HIGHATOMIC_GATE_NONBLOCK ||
				      (alloc_flags & ALLOC_MIN_RESERVE)))
				alloc_flags |= ALLOC_HIGHATOMIC;
		}
		if (alloc_flags & ALLOC_MIN_RESERVE)
			alloc_flags &= ~ALLOC_CPUSET;
	}
	if (gfp & MMR_GFP_MOVABLE)
		alloc_flags |= ALLOC_CMA;
	if (m->sysctl.defrag_mode)
		alloc_flags |= ALLOC_NOFRAGMENT;
	return alloc_flags;
}

/* May this request ignore the marks? Source: __gfp_pfmemalloc_flags(), mm/page_alloc.c, v6.12. */
static unsigned int gfp_pfmemalloc_flags(const struct mmr_request *req)
{
	if (req->gfp & MMR_GFP_NOMEMALLOC)
		return 0;
	if ((req->gfp & MMR_GFP_MEMALLOC) || req->pf_memalloc)
		return ALLOC_NO_WATERMARKS;
	return 0;
}

static void recompute_preferred(struct alloc_context *ac)
{
	ac->preferred_zoneref = next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
}

static struct mmr_page served(struct mmr_cpu *cpu, struct mmr_page page)
{
	if (page.pfn == MMR_NO_PFN)
		return page;
	/* The scan has counted its own path; the request counts as one of the slow path. */
	if (page.path != MMR_PATH_PCP_HIT)
		cpu->counters.path[page.path]--;
	page.path = MMR_PATH_SLOWPATH;
	cpu->counters.path[MMR_PATH_SLOWPATH]++;
	return page;
}

/*
 * After the reclaim that gained nothing: give up a reserved block, gather what lies on per-CPU
 * lists, and look again.
 * Source: __alloc_pages_direct_reclaim(), mm/page_alloc.c, v6.12.
 */
static struct mmr_page alloc_after_drain(struct mmr_cpu *cpu, const struct mmr_request *req,
					 unsigned int alloc_flags, const struct alloc_context *ac)
{
	unreserve_highatomic_pageblock(cpu, ac, false);
	drain_all_pages(cpu, NULL);
	return get_page_from_freelist(cpu, req->gfp, req->order, alloc_flags, ac);
}

/*
 * The request did not fit above the low marks.
 *
 * Simplified: direct reclaim and compaction find nothing, there is no OOM killer, and
 * __GFP_NOFAIL fails in the end like any other request.
 * Source: __alloc_pages_slowpath(), mm/page_alloc.c, v6.12.
 */
struct mmr_page alloc_pages_slowpath(struct mmr_cpu *cpu, const struct mmr_request *req,
				     struct alloc_context *ac)
{
	unsigned int alloc_flags = gfp_to_alloc_flags(cpu->m, req->gfp, req->order), reserve_flags;
	bool can_reclaim = req->gfp & MMR_GFP_DIRECT_RECLAIM;
	struct mmr_page page;

	recompute_preferred(ac);
	if (!ac->preferred_zoneref->zone)
		return (struct mmr_page){.pfn = MMR_NO_PFN, .path = MMR_PATH_FAILED};
	if (alloc_flags & ALLOC_KSWAPD)
		wake_all_kswapds(cpu, req->order, req->gfp, ac);
	page = get_page_from_freelist(cpu, req->gfp, req->order, alloc_flags, ac);
	if (page.pfn != MMR_NO_PFN)
		return served(cpu, page);

	if (alloc_flags & ALLOC_KSWAPD)
		wake_all_kswapds(cpu, req->order, req->gfp, ac);
	reserve_flags = gfp_pfmemalloc_flags(req);
	if (reserve_flags)
		alloc_flags = reserve_flags | (alloc_flags & (ALLOC_KSWAPD | ALLOC_CMA));
	if (!(alloc_flags & ALLOC_CPUSET) || reserve_flags) {
		ac->nodemask = 0;
		recompute_preferred(ac);
	}
	page = get_page_from_freelist(cpu, req->gfp, req->order, alloc_flags, ac);
	if (page.pfn != MMR_NO_PFN || !can_reclaim || req->pf_memalloc)
		goto out;

	page = alloc_after_drain(cpu, req, alloc_flags, ac);
	if (page.pfn == MMR_NO_PFN && unreserve_highatomic_pageblock(cpu, ac, true))
		page = get_page_from_freelist(cpu, req->gfp, req->order, alloc_flags, ac);
	if (page.pfn == MMR_NO_PFN && (req->gfp & MMR_GFP_NOFAIL))
		page = get_page_from_freelist(cpu, req->gfp, req->order, ALLOC_MIN_RESERVE, ac);
out:
	return served(cpu, page);
}
