// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When no zone is above its low mark: kswapd, the reserves, direct reclaim, drains, giving up.
 *
 * Simplified: whom the OOM killer takes is for the caller to say. The request fails as MMR_PATH_OOM,
 * and asked again once something was freed it goes on where the kernel's would; so does one with
 * __GFP_NOFAIL.
 */
#include "core/internal.h"

#define MAX_RECLAIM_RETRIES 16
#define MAX_COMPACT_RETRIES 16
#define NO_PAGE             ((struct mmr_page){.pfn = MMR_NO_PFN, .path = MMR_PATH_FAILED})

/* Where one request stands on its way through the slow path. */
struct slowpath {
	struct mmr_cpu *cpu;
	struct mmr_request *req; /* the cpuset in it is the task's at this moment */
	struct alloc_context *ac;
	unsigned int alloc_flags;
	unsigned int no_progress_loops;
	unsigned int compaction_retries;
	enum compact_priority compact_priority;
	enum compact_result compact_result;
	uint32_t progress; /* pages the last direct reclaim gained */
	bool may_reclaim;
	bool costly;
	bool mask_dropped;
	bool mems_changed, mems_seen; /* by then, at the last start: what the kernel's cookie tells */
	bool oom; /* out_of_memory() was called */
};

/* Source: gfp_to_alloc_flags(), mm/page_alloc.c, v6.12. */
static unsigned int gfp_to_alloc_flags(const struct mmr_machine *m, const struct mmr_request *req,
				       unsigned int mt)
{
	gfp_t gfp = req->gfp;
	unsigned int alloc_flags =
		ALLOC_WMARK_MIN | ALLOC_CPUSET | (gfp & (MMR_GFP_HIGH | MMR_GFP_KSWAPD_RECLAIM));

	_Static_assert(ALLOC_MIN_RESERVE == MMR_GFP_HIGH, "the flag is taken over by value");
	if (!(gfp & MMR_GFP_DIRECT_RECLAIM)) {
		if (!(gfp & MMR_GFP_NOMEMALLOC)) {
			alloc_flags |= ALLOC_NON_BLOCK;
			if (req->order && (m->profile.highatomic_gate == HIGHATOMIC_GATE_NONBLOCK ||
					   (alloc_flags & ALLOC_MIN_RESERVE)))
				alloc_flags |= ALLOC_HIGHATOMIC;
		}
		if (alloc_flags & ALLOC_MIN_RESERVE)
			alloc_flags &= ~ALLOC_CPUSET;
	} else if ((req->task & MMR_TASK_RT) && !(req->task & MMR_TASK_INTERRUPT)) {
		alloc_flags |= ALLOC_MIN_RESERVE;
	}
	alloc_flags |= gfp_to_alloc_flags_cma(m, mt);
	if (m->sysctl.defrag_mode && !m->highmem)
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
	if ((req->task & MMR_TASK_OOM_VICTIM) && !(req->task & MMR_TASK_INTERRUPT))
		return ALLOC_OOM;
	return 0;
}

/*
 * With defrag_mode a request that must not mix pageblocks wants a whole one freed, however small it is.
 * Source: prepare_alloc_pages() and __alloc_pages_slowpath(), mm/page_alloc.c, v7.3.
 */
static void set_reclaim_compact_order(struct slowpath *s)
{
	const struct mmr_machine *m = s->cpu->m;

	s->ac->reclaim_compact_order = s->req->order;
	if (m->profile.defrag_promote != DEFRAG_PROMOTE_NO && m->sysctl.defrag_mode &&
	    (s->alloc_flags & ALLOC_NOFRAGMENT) && s->ac->migratetype != MIGRATE_MOVABLE &&
	    s->req->order < PAGEBLOCK_ORDER)
		s->ac->reclaim_compact_order = PAGEBLOCK_ORDER;
}

/* Only since 7.3 are promoted requests treated apart by the rules for another round. */
static bool promoted(const struct slowpath *s)
{
	return s->cpu->m->profile.defrag_promote == DEFRAG_PROMOTE_7_3 &&
	       s->ac->reclaim_compact_order != s->req->order;
}

static void recompute_preferred(struct alloc_context *ac)
{
	ac->preferred_zoneref = next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
}

static void wake_kswapds(const struct slowpath *s)
{
	if (s->alloc_flags & ALLOC_KSWAPD)
		wake_all_kswapds(s->cpu, s->req->order, s->req->gfp, s->ac);
}

static struct mmr_page scan(const struct slowpath *s, unsigned int alloc_flags)
{
	return get_page_from_freelist(s->cpu, s->req->gfp, s->req->order, alloc_flags, s->ac);
}

/* Who may use the reserves may also leave its nodemask. Return: whether the mask was just dropped. */
static bool take_reserve_flags(struct slowpath *s)
{
	unsigned int reserve_flags = gfp_pfmemalloc_flags(s->req);

	if (reserve_flags) {
		s->alloc_flags = reserve_flags | (s->alloc_flags & (ALLOC_KSWAPD | ALLOC_CMA));
		tell_all(s->cpu->m, MMR_STORY_RESERVES, .flags = s->alloc_flags);
	}
	if (s->mask_dropped || ((s->alloc_flags & ALLOC_CPUSET) && !reserve_flags))
		return false;
	s->mask_dropped = true;
	tell_all(s->cpu->m, MMR_STORY_MASK_DROPPED, .yes = s->ac->nodemask != 0);
	s->ac->nodemask = 0;
	recompute_preferred(s->ac);
	return true;
}

/* The task sleeps, and whoever writes its cpuset finds the time to. */
static void wait_for_memory(struct slowpath *s)
{
	if (likely(!s->req->cpuset || !s->req->cpuset->later || s->mems_changed))
		return;
	s->req->cpuset = s->req->cpuset->later;
	s->mems_changed = true;
}

/*
 * Reclaim, look, and where that was in vain although pages were gained: they may lie on other CPUs'
 * lists or behind the highatomic reserve. Gather both and look once more.
 *
 * Without a model of reclaim the gathering is done all the same, as if something had been gained:
 * the recording's frees stand for reclaim, and with them go its drains.
 * Source: __alloc_pages_direct_reclaim(), mm/page_alloc.c, v6.12.
 */
static struct mmr_page alloc_after_reclaim(struct slowpath *s)
{
	struct mmr_page page = NO_PAGE;

	s->progress = try_to_free_pages(s->cpu, s->ac);
	wait_for_memory(s);
	tell_all(s->cpu->m, MMR_STORY_RECLAIM, .nr = (int32_t)s->progress, .yes = s->cpu->m->reclaim.enabled);
	if (s->cpu->m->reclaim.enabled) {
		if (!s->progress)
			return page;
		page = scan(s, s->alloc_flags);
		if (page.pfn != MMR_NO_PFN)
			return page;
	}
	unreserve_highatomic_pageblock(s->cpu, s->ac, false);
	tell_all(s->cpu->m, MMR_STORY_DRAIN_ALL);
	drain_all_pages(s->cpu, NULL);
	return scan(s, s->alloc_flags);
}

/* Only with __GFP_IO may pages be moved for a request. Source: gfp_compaction_allowed(), v6.12. */
static bool can_compact(const struct slowpath *s)
{
	return s->cpu->m->compaction.enabled && s->ac->reclaim_compact_order && (s->req->gfp & MMR_GFP_IO);
}

/*
 * Where compaction is no part of the machine it counts as skipped for want of free pages.
 * Source: __alloc_pages_direct_compact(), mm/page_alloc.c, v6.12.
 */
static struct mmr_page alloc_after_compaction(struct slowpath *s, enum compact_priority prio)
{
	struct mmr_page page = NO_PAGE;
	uint32_t captured = MMR_NO_PFN;

	s->compact_result = COMPACT_SKIPPED;
	if (!can_compact(s)) {
		tell_all(s->cpu->m, MMR_STORY_COMPACT, .order = s->req->order);
		return page;
	}
	s->compact_result = try_to_compact_pages(s->cpu, s->req->order, s->alloc_flags, s->ac, prio, &captured);
	wait_for_memory(s);
	tell_all(s->cpu->m, MMR_STORY_COMPACT, .order = s->req->order, .why = s->compact_result, .yes = true);
	if (s->compact_result == COMPACT_SKIPPED)
		return page;
	if (captured != MMR_NO_PFN)
		page = hand_out_captured(s->cpu, captured, s->req->order, s->ac);
	else
		page = scan(s, s->alloc_flags);
	if (page.pfn != MMR_NO_PFN) {
		compaction_defer_reset(&s->cpu->m->nodes[page.nid].node_zones[page.zone], s->req->order, true);
		s->cpu->counters.compact_success++;
	}
	return page;
}

/* What the OOM killer sends cannot be ignored. */
static bool fatal_signal_pending(const struct mmr_request *req)
{
	return (req->task & MMR_TASK_OOM_VICTIM) && !(req->task & MMR_TASK_INTERRUPT);
}

/*
 * Another round for compaction's sake: where it was skipped as long as reclaim could make room for it,
 * where it says that it succeeded some times more, then with a higher priority. Not for who is killed.
 *
 * Source: should_compact_retry(), mm/page_alloc.c, v6.12.
 */
static bool should_compact_retry(struct slowpath *s)
{
	unsigned int max_retries = s->costly ? MAX_COMPACT_RETRIES / 4 : MAX_COMPACT_RETRIES;
	enum compact_priority floor = s->costly ? COMPACT_PRIO_SYNC_LIGHT : COMPACT_PRIO_SYNC_FULL;

	if (!can_compact(s) || fatal_signal_pending(s->req))
		return false;
	if (s->compact_result == COMPACT_SKIPPED)
		return !promoted(s) && compaction_zonelist_suitable(s->cpu, s->ac, s->alloc_flags);
	if (s->compact_result == COMPACT_SUCCESS && ++s->compaction_retries <= max_retries)
		return true;
	if (s->compact_priority <= floor)
		return false;
	s->compact_priority--;
	s->compaction_retries = 0;
	return true;
}

/* Compaction before anything is reclaimed, for orders that fragmentation alone can have stopped. */
static bool compacts_first(const struct slowpath *s)
{
	return s->may_reclaim && (s->req->gfp & MMR_GFP_IO) &&
	       (s->costly || (s->req->order && s->ac->migratetype != MIGRATE_MOVABLE));
}

/*
 * If all that can be reclaimed were free, would some zone be above its min mark, and with a block long
 * enough? Where there is nothing to reclaim the kernel took the free pages in its place, and so counted
 * them twice, up to 6.17.
 * Source: should_reclaim_retry(), mm/page_alloc.c, and zone_reclaimable_pages(), mm/vmscan.c, v6.12.
 */
static bool reclaim_could_serve(const struct slowpath *s)
{
	const struct alloc_context *ac = s->ac;
	const struct mmr_machine *m = s->cpu->m;
	const struct zoneref *z =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	const struct zone *zone;

	for_next_zone_zonelist(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		int64_t free = zone_free_snapshot(m, zone), reclaimable = zone_reclaimable_pages(m, zone);

		if (!reclaimable && m->profile.retry_free == RETRY_FREE_TWICE)
			reclaimable = free;
		if ((s->alloc_flags & ALLOC_CPUSET) && !cpuset_zone_allowed(s->cpu, zone, s->req->gfp))
			continue;
		if (zone_watermark_ok_inner(zone, s->req->order, wmark_pages(zone, WMARK_MIN),
					    ac->highest_zoneidx, s->alloc_flags, free + reclaimable))
			return true;
	}
	return false;
}

/*
 * Another round for reclaim's sake: up to 16 that gain nothing, or gain but for an order that is dear, as
 * long as what there is to reclaim could be enough. Before it ends the highatomic reserve is given up.
 *
 * Simplified: where reclaim is not modelled one round is all, since nothing changes between two.
 * Source: should_reclaim_retry(), mm/page_alloc.c, v6.12.
 */
static bool should_reclaim_retry(struct slowpath *s)
{
	if (s->progress && !s->costly && !promoted(s))
		s->no_progress_loops = 0;
	else
		s->no_progress_loops++;
	if (s->cpu->m->reclaim.enabled && s->no_progress_loops <= MAX_RECLAIM_RETRIES && reclaim_could_serve(s))
		return true;
	return unreserve_highatomic_pageblock(s->cpu, s->ac, true);
}

/*
 * A nodemask that lies outside the task's cpuset cannot have been meant: the cpuset was changed after
 * the policy. Then the request starts over without the mask. It starts over too where the cpuset changed
 * since it last began.
 *
 * The kernel's other reason, zonelists that were built anew (zonelist_update_seq), comes with memory
 * hotplug alone, which the model has not.
 * Source: check_retry_cpuset(), mm/page_alloc.c, v6.12.
 */
static bool check_retry_cpuset(struct slowpath *s)
{
	const struct mmr_cpuset *cpuset = s->req->cpuset;

	if (cpuset && s->ac->nodemask && !(s->ac->nodemask & cpuset->mems_allowed)) {
		s->ac->nodemask = 0;
		return true;
	}
	return s->mems_changed && !s->mems_seen;
}

/* From now on pageblocks may be mixed, and what is wanted is the order alone, with counts that are new. */
static bool drop_nofragment(struct slowpath *s)
{
	if (!s->cpu->m->sysctl.defrag_mode || !(s->alloc_flags & ALLOC_NOFRAGMENT))
		return false;
	s->alloc_flags &= ~ALLOC_NOFRAGMENT;
	if (promoted(s)) {
		s->no_progress_loops = s->compaction_retries = 0;
		s->compact_priority = COMPACT_PRIO_SYNC_LIGHT;
	}
	set_reclaim_compact_order(s);
	return true;
}

/*
 * The last look, with a high mark, and then the OOM killer: for requests that are small, not bound to
 * a node, and want memory of which killing would free some.
 * Source: __alloc_pages_may_oom(), mm/page_alloc.c, v6.12.
 */
static struct mmr_page may_oom(struct slowpath *s)
{
	gfp_t gfp = (s->req->gfp | MMR_GFP_HARDWALL) & ~MMR_GFP_DIRECT_RECLAIM;
	struct mmr_page page =
		get_page_from_freelist(s->cpu, gfp, s->req->order, ALLOC_WMARK_HIGH | ALLOC_CPUSET, s->ac);

	if (page.pfn != MMR_NO_PFN || s->costly || (s->req->gfp & (MMR_GFP_RETRY_MAYFAIL | MMR_GFP_THISNODE)) ||
	    s->ac->highest_zoneidx < ZONE_NORMAL)
		return page;
	/* A victim that asks is dying already: nobody else is killed for it. */
	if (!(s->req->task & MMR_TASK_OOM_VICTIM)) {
		s->cpu->counters.oom++;
		s->oom = true;
	}
	if (!(s->req->gfp & MMR_GFP_NOFAIL))
		return page;
	page = scan(s, ALLOC_NO_WATERMARKS | ALLOC_CPUSET);
	return page.pfn != MMR_NO_PFN ? page : scan(s, ALLOC_NO_WATERMARKS);
}

/* What became of a round. */
enum round { ROUND_SERVED, ROUND_AGAIN, ROUND_RESTART, ROUND_NO_PAGE };

/* Requests that would rather fail than try hard. Source: __alloc_pages_slowpath(), v6.12. */
static bool gives_up(const struct slowpath *s)
{
	return (s->req->gfp & MMR_GFP_NORETRY) ||
	       (s->costly && !((s->req->gfp & MMR_GFP_RETRY_MAYFAIL) && (s->req->gfp & MMR_GFP_IO)));
}

/*
 * After a round in vain: is there another?
 * Source: __alloc_pages_slowpath(), the part after direct compaction, v6.12.
 */
static bool may_retry(struct slowpath *s)
{
	if (gives_up(s))
		return false;
	return should_reclaim_retry(s) || (s->progress && should_compact_retry(s)) || drop_nofragment(s);
}

static enum round after_round(struct slowpath *s, struct mmr_page *page)
{
	bool again;

	if (s->cpu->m->profile.slowpath == SLOWPATH_7_X && !gives_up(s) && check_retry_cpuset(s))
		return ROUND_RESTART;
	again = may_retry(s);

	tell_all(s->cpu->m, MMR_STORY_RETRY, .yes = again);
	if (again)
		return ROUND_AGAIN;
	if (gives_up(s))
		return ROUND_NO_PAGE;
	if (check_retry_cpuset(s))
		return ROUND_RESTART;
	tell_all(s->cpu->m, MMR_STORY_LAST_LOOK);
	*page = may_oom(s);
	return page->pfn != MMR_NO_PFN ? ROUND_SERVED : ROUND_NO_PAGE;
}

/* The end: start over, or for a request that must not fail a last look below the marks. */
static enum round no_page(struct slowpath *s, struct mmr_page *page)
{
	if (check_retry_cpuset(s))
		return ROUND_RESTART;
	if (!(s->req->gfp & MMR_GFP_NOFAIL) || !s->may_reclaim)
		return ROUND_NO_PAGE;
	*page = scan(s, ALLOC_MIN_RESERVE | ALLOC_CPUSET);
	if (page->pfn == MMR_NO_PFN)
		*page = scan(s, ALLOC_MIN_RESERVE);
	return page->pfn != MMR_NO_PFN ? ROUND_SERVED : ROUND_NO_PAGE;
}

/*
 * Compaction before all else, where fragmentation alone can be the trouble.
 * Return: ROUND_NO_PAGE where the request gives up after it, ROUND_AGAIN where it goes on.
 * Source: __alloc_pages_slowpath(), the part before retry, v6.1 to v6.18.
 */
static enum round first_compaction(struct slowpath *s, struct mmr_page *page)
{
	if (!compacts_first(s) || !can_compact(s) || gfp_pfmemalloc_flags(s->req))
		return ROUND_AGAIN;
	*page = alloc_after_compaction(s, COMPACT_PRIO_ASYNC);
	if (page->pfn != MMR_NO_PFN)
		return ROUND_SERVED;
	if (!s->costly || !(s->req->gfp & MMR_GFP_NORETRY))
		return ROUND_AGAIN;
	if (s->compact_result <= COMPACT_DEFERRED ||
	    ((s->req->gfp & MMR_GFP_THISNODE) && s->cpu->m->profile.thisnode_noretry))
		return ROUND_NO_PAGE;
	s->compact_priority = COMPACT_PRIO_ASYNC;
	return ROUND_AGAIN;
}

/* Source: __alloc_pages_slowpath(), mm/page_alloc.c, v6.1 to v6.18. */
static enum round slowpath_6_18(struct slowpath *s, struct mmr_page *page)
{
	enum round round;

	wake_kswapds(s);
	*page = scan(s, s->alloc_flags);
	if (page->pfn != MMR_NO_PFN)
		return ROUND_SERVED;
	for (round = first_compaction(s, page); round == ROUND_AGAIN; round = after_round(s, page)) {
		if (check_retry_cpuset(s))
			return ROUND_RESTART;
		wake_kswapds(s);
		take_reserve_flags(s);
		*page = scan(s, s->alloc_flags);
		if (page->pfn != MMR_NO_PFN)
			return ROUND_SERVED;
		if (!s->may_reclaim || s->req->pf_memalloc)
			return ROUND_NO_PAGE;
		*page = alloc_after_reclaim(s);
		if (page->pfn == MMR_NO_PFN)
			*page = alloc_after_compaction(s, s->compact_priority);
		if (page->pfn != MMR_NO_PFN)
			return ROUND_SERVED;
	}
	return round;
}

/* A request that may not reclaim gives up its claim to unmixed pageblocks before it fails (7.2). */
static bool atomic_drops_nofragment(struct slowpath *s)
{
	return s->cpu->m->profile.defrag_promote != DEFRAG_PROMOTE_NO && (s->alloc_flags & ALLOC_KSWAPD) &&
	       drop_nofragment(s);
}

/*
 * One loop; compaction alone is its first round for requests that need it, and kswapd is woken and
 * the zones are scanned in each.
 * Source: __alloc_pages_slowpath(), mm/page_alloc.c, v7.3.
 */
static enum round slowpath_7_x(struct slowpath *s, struct mmr_page *page)
{
	bool compact_first = compacts_first(s);
	enum round round = ROUND_AGAIN;

	while (round == ROUND_AGAIN) {
		wake_kswapds(s);
		*page = scan(s, s->alloc_flags);
		if (page->pfn != MMR_NO_PFN)
			return ROUND_SERVED;
		if (take_reserve_flags(s))
			continue;
		if (!s->may_reclaim) {
			if (atomic_drops_nofragment(s))
				continue;
			return ROUND_NO_PAGE;
		}
		if (s->req->pf_memalloc)
			return ROUND_NO_PAGE;
		if (compact_first) {
			*page = alloc_after_compaction(s, COMPACT_PRIO_ASYNC);
			if (page->pfn != MMR_NO_PFN)
				return ROUND_SERVED;
			if ((s->req->gfp & MMR_GFP_NORETRY) && (s->req->gfp & MMR_GFP_THISNODE))
				return ROUND_NO_PAGE;
			compact_first = false;
			if (s->req->gfp & MMR_GFP_NORETRY)
				s->compact_priority = COMPACT_PRIO_ASYNC;
			continue;
		}
		*page = alloc_after_reclaim(s);
		if (page->pfn == MMR_NO_PFN)
			*page = alloc_after_compaction(s, s->compact_priority);
		if (page->pfn != MMR_NO_PFN)
			return ROUND_SERVED;
		round = after_round(s, page);
	}
	return round;
}

/* What a start, and each start over, begins with. Source: __alloc_pages_slowpath(), restart, v6.12. */
static void restart(struct slowpath *s)
{
	const struct mmr_request *req = s->req;

	s->alloc_flags = gfp_to_alloc_flags(s->cpu->m, req, s->ac->migratetype);
	s->no_progress_loops = s->compaction_retries = 0;
	s->compact_priority = COMPACT_PRIO_SYNC_LIGHT;
	s->mask_dropped = false;
	s->mems_seen = s->mems_changed;
	set_reclaim_compact_order(s);
	recompute_preferred(s->ac);
}

struct mmr_page alloc_pages_slowpath(struct mmr_cpu *cpu, const struct mmr_request *req,
				     struct alloc_context *ac)
{
	struct mmr_request now = *req;
	struct slowpath s = {
		.cpu = cpu,
		.req = &now,
		.ac = ac,
		.may_reclaim = req->gfp & MMR_GFP_DIRECT_RECLAIM,
		.costly = req->order > PAGE_ALLOC_COSTLY_ORDER,
	};
	struct mmr_page page = NO_PAGE;
	enum round round;

	cpu->current = &now;
	do {
		restart(&s);
		tell_all(cpu->m, MMR_STORY_SLOWPATH, .order = req->order, .flags = s.alloc_flags);
		round = ROUND_NO_PAGE;
		if (ac->preferred_zoneref->zone)
			round = cpu->m->profile.slowpath == SLOWPATH_7_X ? slowpath_7_x(&s, &page)
									 : slowpath_6_18(&s, &page);
		if (round == ROUND_NO_PAGE)
			round = no_page(&s, &page);
	} while (round == ROUND_RESTART);
	if (page.pfn == MMR_NO_PFN) {
		page.path = s.oom ? MMR_PATH_OOM : MMR_PATH_FAILED;
		return page;
	}
	/* The scan has counted its own path; the request counts as one of the slow path. */
	if (page.path != MMR_PATH_PCP_HIT)
		cpu->counters.path[page.path]--;
	page.path = MMR_PATH_SLOWPATH;
	cpu->counters.path[MMR_PATH_SLOWPATH]++;
	return page;
}
