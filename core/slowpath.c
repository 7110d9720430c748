// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When no zone is above its low mark: kswapd, the reserves, direct reclaim, drains, giving up.
 *
 * Simplified: there is no OOM killer, a request that would call it fails and is counted;
 * __GFP_NOFAIL fails in the end too.
 */
#include "core/internal.h"

#define MAX_RECLAIM_RETRIES 16
#define MAX_COMPACT_RETRIES 16
#define NO_PAGE             ((struct mmr_page){.pfn = MMR_NO_PFN, .path = MMR_PATH_FAILED})

/* Where one request stands on its way through the slow path. */
struct slowpath {
	struct mmr_cpu *cpu;
	const struct mmr_request *req;
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
};

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
	return s->cpu->m->compaction.enabled && s->req->order && (s->req->gfp & MMR_GFP_IO);
}

/*
 * Where compaction is no part of the machine it counts as skipped for want of free pages.
 * Source: __alloc_pages_direct_compact(), mm/page_alloc.c, v6.12.
 */
static struct mmr_page alloc_after_compaction(struct slowpath *s, enum compact_priority prio)
{
	struct mmr_page page = NO_PAGE;

	s->compact_result = COMPACT_SKIPPED;
	if (!can_compact(s)) {
		tell_all(s->cpu->m, MMR_STORY_COMPACT, .order = s->req->order);
		return page;
	}
	s->compact_result = try_to_compact_pages(s->cpu, s->req->order, s->alloc_flags, s->ac, prio);
	tell_all(s->cpu->m, MMR_STORY_COMPACT, .order = s->req->order, .why = s->compact_result, .yes = true);
	if (s->compact_result == COMPACT_SKIPPED)
		return page;
	page = scan(s, s->alloc_flags);
	if (page.pfn != MMR_NO_PFN) {
		compaction_defer_reset(&s->cpu->m->nodes[page.nid].node_zones[page.zone], s->req->order, true);
		s->cpu->counters.compact_success++;
	}
	return page;
}

/*
 * Another round for compaction's sake: as long as it says that it succeeded, then with a higher
 * priority.
 *
 * Simplified: compaction that was skipped is not tried again in the hope of what reclaim might gain.
 * Source: should_compact_retry(), mm/page_alloc.c, v6.12.
 */
static bool should_compact_retry(struct slowpath *s)
{
	unsigned int max_retries = s->costly ? MAX_COMPACT_RETRIES / 4 : MAX_COMPACT_RETRIES;
	enum compact_priority floor = s->costly ? COMPACT_PRIO_SYNC_LIGHT : COMPACT_PRIO_SYNC_FULL;

	if (!can_compact(s) || s->compact_result == COMPACT_SKIPPED)
		return false;
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

/* Source: should_reclaim_retry(), mm/page_alloc.c, v6.12. */
static bool should_reclaim_retry(struct slowpath *s)
{
	if (s->progress && !s->costly)
		s->no_progress_loops = 0;
	else
		s->no_progress_loops++;
	/* Nothing changes between two tries of the model that gain nothing: one is as good as 16. */
	if (s->progress && s->no_progress_loops <= MAX_RECLAIM_RETRIES)
		return true;
	return unreserve_highatomic_pageblock(s->cpu, s->ac, true);
}

/*
 * After a round in vain: is there another?
 * Source: __alloc_pages_slowpath(), the part after direct compaction, v6.12.
 */
static bool may_retry(struct slowpath *s)
{
	if (s->req->gfp & MMR_GFP_NORETRY)
		return false;
	if (s->costly && !(s->req->gfp & MMR_GFP_RETRY_MAYFAIL))
		return false;
	if (should_reclaim_retry(s))
		return true;
	if (s->progress && should_compact_retry(s))
		return true;
	if (s->cpu->m->sysctl.defrag_mode && (s->alloc_flags & ALLOC_NOFRAGMENT)) {
		s->alloc_flags &= ~ALLOC_NOFRAGMENT;
		return true;
	}
	return false;
}

static bool should_retry(struct slowpath *s)
{
	bool again = may_retry(s);

	tell_all(s->cpu->m, MMR_STORY_RETRY, .yes = again);
	return again;
}

/* The last look, with a high mark, before the OOM killer would be called. Source: __alloc_pages_may_oom(). */
static struct mmr_page may_oom(struct slowpath *s)
{
	const unsigned int never = MMR_GFP_RETRY_MAYFAIL | MMR_GFP_THISNODE | MMR_GFP_NORETRY;
	struct mmr_page page = NO_PAGE;

	if (s->costly || (s->req->gfp & never) || !s->may_reclaim || s->req->pf_memalloc)
		return page;
	tell_all(s->cpu->m, MMR_STORY_LAST_LOOK);
	page = scan(s, ALLOC_WMARK_HIGH | ALLOC_CPUSET);
	if (page.pfn == MMR_NO_PFN && s->ac->highest_zoneidx >= ZONE_NORMAL)
		s->cpu->counters.oom++;
	return page;
}

static struct mmr_page no_page(struct slowpath *s)
{
	struct mmr_page page = may_oom(s);

	if (page.pfn != MMR_NO_PFN || !(s->req->gfp & MMR_GFP_NOFAIL) || !s->may_reclaim)
		return page;
	page = scan(s, ALLOC_MIN_RESERVE | ALLOC_CPUSET);
	return page.pfn != MMR_NO_PFN ? page : scan(s, ALLOC_MIN_RESERVE);
}

/* Source: __alloc_pages_slowpath(), mm/page_alloc.c, v6.1 to v6.18. */
static struct mmr_page slowpath_6_18(struct slowpath *s)
{
	struct mmr_page page;

	wake_kswapds(s);
	page = scan(s, s->alloc_flags);
	if (page.pfn != MMR_NO_PFN)
		return page;
	if (compacts_first(s) && can_compact(s) && !gfp_pfmemalloc_flags(s->req)) {
		page = alloc_after_compaction(s, COMPACT_PRIO_ASYNC);
		if (page.pfn != MMR_NO_PFN)
			return page;
		if (s->costly && (s->req->gfp & MMR_GFP_NORETRY)) {
			if (s->compact_result <= COMPACT_DEFERRED)
				return no_page(s);
			s->compact_priority = COMPACT_PRIO_ASYNC;
		}
	}
	do {
		wake_kswapds(s);
		take_reserve_flags(s);
		page = scan(s, s->alloc_flags);
		if (page.pfn != MMR_NO_PFN)
			return page;
		if (!s->may_reclaim || s->req->pf_memalloc)
			return no_page(s);
		page = alloc_after_reclaim(s);
		if (page.pfn == MMR_NO_PFN)
			page = alloc_after_compaction(s, s->compact_priority);
		if (page.pfn != MMR_NO_PFN)
			return page;
	} while (should_retry(s));
	return no_page(s);
}

/* A request that may not reclaim gives up its claim to unmixed pageblocks before it fails (7.2). */
static bool drops_nofragment(struct slowpath *s)
{
	if (!s->cpu->m->sysctl.defrag_mode || !(s->alloc_flags & ALLOC_NOFRAGMENT) ||
	    !(s->alloc_flags & ALLOC_KSWAPD))
		return false;
	s->alloc_flags &= ~ALLOC_NOFRAGMENT;
	return true;
}

/*
 * One loop; compaction alone is its first round for requests that need it, and kswapd is woken and
 * the zones are scanned in each.
 * Source: __alloc_pages_slowpath(), mm/page_alloc.c, v7.3.
 */
static struct mmr_page slowpath_7_x(struct slowpath *s)
{
	bool compact_first = compacts_first(s);
	struct mmr_page page;

	for (;;) {
		wake_kswapds(s);
		page = scan(s, s->alloc_flags);
		if (page.pfn != MMR_NO_PFN)
			return page;
		if (take_reserve_flags(s))
			continue;
		if (!s->may_reclaim) {
			if (drops_nofragment(s))
				continue;
			return no_page(s);
		}
		if (s->req->pf_memalloc)
			return no_page(s);
		if (compact_first) {
			page = alloc_after_compaction(s, COMPACT_PRIO_ASYNC);
			if (page.pfn != MMR_NO_PFN)
				return page;
			if ((s->req->gfp & MMR_GFP_NORETRY) && (s->req->gfp & MMR_GFP_THISNODE))
				return no_page(s);
			compact_first = false;
			continue;
		}
		page = alloc_after_reclaim(s);
		if (page.pfn == MMR_NO_PFN)
			page = alloc_after_compaction(s, s->compact_priority);
		if (page.pfn != MMR_NO_PFN)
			return page;
		if (!should_retry(s))
			return no_page(s);
	}
}

struct mmr_page alloc_pages_slowpath(struct mmr_cpu *cpu, const struct mmr_request *req,
				     struct alloc_context *ac)
{
	struct slowpath s = {
		.cpu = cpu,
		.req = req,
		.ac = ac,
		.alloc_flags = gfp_to_alloc_flags(cpu->m, req->gfp, req->order),
		.may_reclaim = req->gfp & MMR_GFP_DIRECT_RECLAIM,
		.costly = req->order > PAGE_ALLOC_COSTLY_ORDER,
		.compact_priority = COMPACT_PRIO_SYNC_LIGHT,
	};
	struct mmr_page page;

	recompute_preferred(ac);
	tell_all(cpu->m, MMR_STORY_SLOWPATH, .order = req->order, .flags = s.alloc_flags);
	if (!ac->preferred_zoneref->zone)
		return NO_PAGE;
	page = cpu->m->profile.slowpath == SLOWPATH_7_X ? slowpath_7_x(&s) : slowpath_6_18(&s);
	if (page.pfn == MMR_NO_PFN)
		return page;
	/* The scan has counted its own path; the request counts as one of the slow path. */
	if (page.path != MMR_PATH_PCP_HIT)
		cpu->counters.path[page.path]--;
	page.path = MMR_PATH_SLOWPATH;
	cpu->counters.path[MMR_PATH_SLOWPATH]++;
	return page;
}
