// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way of an allocation, up to where the slow path or the buddy takes over:
 * alloc_pages -> get_page_from_freelist -> rmqueue -> rmqueue_pcplist, else rmqueue_buddy.
 * README.md walks along it.
 */
#include "core/page_alloc.h"

#include <assert.h>
#include <errno.h>

#include "core/gfp.h"
#include "core/list.h"

#define NODE_RECLAIM_DISTANCE 30
#define NO_PAGE               ((struct mmr_page){.pfn = MMR_NO_PFN, .path = MMR_PATH_FAILED})

/* ---- taking pages out of a zone ------------------------------------------------------------- */

/*
 * From this CPU's list of the zone, refilled where it is empty.
 *
 * @refilled: set where the buddy was asked
 * Return: PFN, MMR_NO_PFN where the lock is taken or the buddy had nothing.
 * Source: rmqueue_pcplist(), mm/page_alloc.c, v6.12.
 */
static inline uint32_t rmqueue_pcplist(struct mmr_cpu *cpu, struct zone *zone, unsigned int order,
				       unsigned int mt, unsigned int alloc_flags, bool *refilled)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu->id];
	struct pcp_list *list = &pcp->lists[order_to_pindex(mt, order)];
	uint32_t pfn;

	if (unlikely(!spin_trylock(&pcp->lock))) {
		tell(zone, MMR_STORY_PCP_LOCKED, .cpu = cpu->id);
		return MMR_NO_PFN;
	}
	if (story_of(zone))
		story_pcp(cpu, zone, order, mt, MMR_STORY_BEFORE);
	pcp->free_count >>= 1;
	if (likely(!pcp_list_empty(list))) {
		pfn = pcp_list_pop(cpu->m, list);
	} else {
		*refilled = true;
		pfn = rmqueue_pcplist_refill(cpu, zone, pcp, order, mt, alloc_flags);
	}
	if (likely(pfn != MMR_NO_PFN))
		pcp->count -= 1 << order;
	if (story_of(zone))
		story_pop(cpu, zone, order, mt, pfn);
	spin_unlock(&pcp->lock);
	return pfn;
}

/* Straight from the buddy, one block. Source: rmqueue_buddy(), mm/page_alloc.c, v6.12. */
static uint32_t rmqueue_buddy(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, unsigned int mt,
			      unsigned int alloc_flags)
{
	const struct kernel_profile *profile = &cpu->m->profile;
	unsigned int may_take_reserve = ALLOC_OOM | (profile->nonblock_fallback ? ALLOC_NON_BLOCK : 0);
	enum rmqueue_mode mode = RMQUEUE_NORMAL;
	uint32_t pfn = MMR_NO_PFN;

	if (unlikely((alloc_flags & ALLOC_TRYLOCK) && cpu->m->zone_locks_busy))
		return MMR_NO_PFN;
	tell(zone, MMR_STORY_BUDDY, .order = (uint8_t)order, .mt = (uint8_t)mt);
	zone_lock(cpu, zone);
	if (alloc_flags & ALLOC_HIGHATOMIC)
		pfn = rmqueue_smallest(cpu, zone, order, MIGRATE_HIGHATOMIC);
	if (pfn == MMR_NO_PFN) {
		pfn = rmqueue_inner(cpu, zone, order, mt, alloc_flags, &mode);
		if (pfn == MMR_NO_PFN && (alloc_flags & may_take_reserve))
			pfn = rmqueue_smallest(cpu, zone, order, MIGRATE_HIGHATOMIC);
	}
	if (pfn != MMR_NO_PFN && !profile->acct_per_page)
		mod_zone_free_pages(cpu, zone, -(int32_t)(1u << order));
	zone_unlock(zone);
	return pfn;
}

/* Which path did an allocation take that was no plain hit? */
static enum mmr_path slow_path_of(struct mmr_cpu *cpu, bool refilled, bool buddy)
{
	enum mmr_path path = cpu->fell_back ? MMR_PATH_FALLBACK : buddy ? MMR_PATH_BUDDY : MMR_PATH_PCP_REFILL;

	cpu->fell_back = false;
	return path;
}

/*
 * A fallback raised this zone's marks: wake its kswapd, once.
 * Source: the end of rmqueue(), mm/page_alloc.c, v6.12; v6.1 wakes for any request.
 */
static void consume_boost(struct mmr_cpu *cpu, struct zone *zone, unsigned int alloc_flags)
{
	if (cpu->m->profile.boost_wake_gated && !(alloc_flags & ALLOC_KSWAPD))
		return;
	shared_and(zone->flags, ~(1u << ZONE_BOOSTED_WATERMARK));
	wakeup_kswapd(cpu, zone, 0, 0, zone_idx(zone));
}

/*
 * The movable list may hold CMA pages, which this request must not get; up to 6.5 it then looked at
 * no list at all. Source: rmqueue(), mm/page_alloc.c, v6.1.
 */
static inline bool passes_pcp_by(const struct mmr_machine *m, unsigned int mt, unsigned int alloc_flags)
{
	return unlikely(m->profile.cma_skips_pcp) && m->cma && mt == MIGRATE_MOVABLE &&
	       !(alloc_flags & ALLOC_CMA);
}

/*
 * Take a block of @order out of @zone, whose watermark is met.
 * Source: rmqueue(), mm/page_alloc.c, v6.12.
 */
static inline uint32_t rmqueue(struct mmr_cpu *cpu, struct zone *zone, unsigned int order,
			       unsigned int alloc_flags, unsigned int mt, enum mmr_path *path)
{
	bool refilled = false, buddy = false;
	uint32_t pfn = MMR_NO_PFN;

	if (likely(pcp_allowed_order(order)) && likely(!passes_pcp_by(cpu->m, mt, alloc_flags)))
		pfn = rmqueue_pcplist(cpu, zone, order, mt, alloc_flags, &refilled);
	if (unlikely(pfn == MMR_NO_PFN)) {
		buddy = true;
		pfn = rmqueue_buddy(cpu, zone, order, mt, alloc_flags);
	}
	*path = likely(!refilled && !buddy) ? MMR_PATH_PCP_HIT : slow_path_of(cpu, refilled, buddy);
	if (unlikely(shared_read(zone->flags) & 1u << ZONE_BOOSTED_WATERMARK))
		consume_boost(cpu, zone, alloc_flags);
	assert(pfn == MMR_NO_PFN || zone_spans_pfn(zone, pfn));
	return pfn;
}

/* ---- walking the zonelist ------------------------------------------------------------------- */

/* Served, but not by the zone that was preferred. Source: zone_statistics(), v6.12. */
static void count_detour(struct mmr_cpu *cpu, const struct zone *zone, const struct zone *preferred)
{
	cpu->counters.zonelist_fallback++;
	if (zone->node != preferred->node) {
		cpu->counters.node_fallback++;
		cpu->counters.numa_miss++;
		cpu->counters.numa_foreign++;
	}
}

/* Does a highatomic allocation that succeeded set its pageblock aside? */
static bool reserves_highatomic(const struct mmr_machine *m, unsigned int alloc_flags, enum mmr_path path)
{
	switch (m->profile.highatomic_path) {
	case HIGHATOMIC_PATH_6_18:
		return true;
	case HIGHATOMIC_PATH_7_1:
		return path == MMR_PATH_BUDDY || path == MMR_PATH_FALLBACK;
	default:
		return (path == MMR_PATH_BUDDY || path == MMR_PATH_FALLBACK) &&
		       (alloc_flags & ALLOC_WMARK_MASK) == ALLOC_WMARK_MIN;
	}
}

/*
 * Below its mark: does reclaim on its node, if that is near the preferred one, bring the zone above?
 * Source: zone_allows_reclaim() and get_page_from_freelist(), mm/page_alloc.c, v6.12.
 */
static __attribute__((noinline)) bool node_reclaim_helps(struct mmr_cpu *cpu, struct zone *zone, gfp_t gfp,
							 unsigned int order, unsigned int alloc_flags,
							 const struct alloc_context *ac)
{
	const struct mmr_machine *m = cpu->m;
	int64_t taken;

	if (node_distance(m, ac->preferred_zoneref->zone->node, zone->node) > NODE_RECLAIM_DISTANCE)
		return false;
	taken = node_reclaim(cpu, zone->zone_pgdat, gfp, order, ac);
	tell(zone, MMR_STORY_NODE_RECLAIM, .nr = (int32_t)taken);
	if (taken == NODE_RECLAIM_NOSCAN || (!taken && !m->profile.node_reclaim_retest))
		return false;
	tell_mark(zone, alloc_flags & ALLOC_WMARK_MASK, MMR_STORY_AFTER_RECLAIM);
	return zone_watermark_ok(zone, order, wmark_pages(zone, alloc_flags & ALLOC_WMARK_MASK),
				 ac->highest_zoneidx, alloc_flags);
}

/*
 * May @zone serve this request? First its high mark is probed: a zone below it is flagged, which
 * keeps its per-CPU lists short. Then the mark that was asked for decides.
 *
 * Simplified: no unaccepted memory, no deferred struct pages.
 * Source: get_page_from_freelist(), mm/page_alloc.c, v6.12.
 */
static inline bool zone_may_serve(struct mmr_cpu *cpu, struct zone *zone, gfp_t gfp, unsigned int order,
				  unsigned int alloc_flags, const struct alloc_context *ac)
{
	const struct mmr_machine *m = cpu->m;
	int highest = ac->highest_zoneidx;

	if (likely(m->profile.below_high && !(shared_read(zone->flags) & 1u << ZONE_BELOW_HIGH))) {
		tell_mark(zone, WMARK_HIGH, MMR_STORY_PROBE);
		if (likely(zone_watermark_fast(m, zone, order, wmark_pages(zone, WMARK_HIGH), highest,
					       alloc_flags, gfp)))
			return true;
		tell(zone, MMR_STORY_BELOW_HIGH, .yes = true);
		shared_or(zone->flags, 1u << ZONE_BELOW_HIGH);
	}
	tell_mark(zone, alloc_flags & ALLOC_WMARK_MASK, MMR_STORY_DECIDES);
	if (likely(zone_watermark_fast(m, zone, order, wmark_pages(zone, alloc_flags & ALLOC_WMARK_MASK),
				       highest, alloc_flags, gfp)))
		return true;
	cpu->counters.watermark_failures[order]++;
	if (alloc_flags & ALLOC_NO_WATERMARKS) {
		tell(zone, MMR_STORY_NO_WATERMARKS);
		return true;
	}
	return m->sysctl.zone_reclaim_mode && node_reclaim_helps(cpu, zone, gfp, order, alloc_flags, ac);
}

/* A block is ours: give it its record, and count. Source: prep_new_page(), zone_statistics(), v6.12. */
static inline struct mmr_page hand_out(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order,
				       const struct alloc_context *ac, enum mmr_path path)
{
	if (story_of(zone))
		story_page(zone, pfn, order, ac->migratetype, path);
	shared_set(cpu->m->pages[pfn].tag, page_tag(zone->tag, order, PAGE_ALLOCATED, ac->migratetype));
	zone->per_cpu_zonestats[cpu->id].nr_allocs[order]++;
	if (unlikely(path != MMR_PATH_PCP_HIT))
		cpu->counters.path[path]++;
	if (unlikely(zone != ac->preferred_zoneref->zone))
		count_detour(cpu, zone, ac->preferred_zoneref->zone);
	return (struct mmr_page){.pfn = pfn, .nid = zone->node, .zone = zone->id & 7, .path = (uint8_t)path};
}

/*
 * What a compacting request caught belongs to it without having been on a list.
 * Source: the end of __alloc_pages_direct_compact(), mm/page_alloc.c, v6.12.
 */
struct mmr_page hand_out_captured(struct mmr_cpu *cpu, uint32_t pfn, unsigned int order,
				  const struct alloc_context *ac)
{
	cpu->counters.compact_captures++;
	return hand_out(cpu, pfn_zone(cpu->m, pfn), pfn, order, ac, MMR_PATH_BUDDY);
}

/*
 * Are the node's dirty pages within its share of what could be dirty? A real-time task has a quarter more.
 * Source: node_dirty_ok(), node_dirtyable_memory(), node_dirty_limit(), mm/page-writeback.c, v6.12.
 */
static bool node_dirty_ok(const struct mmr_cpu *cpu, const struct pglist_data *pgdat)
{
	const struct mmr_machine *m = cpu->m;
	int64_t limit;
	int64_t dirtyable = -(int64_t)pgdat->totalreserve_pages;

	for (int i = 0; i < MAX_NR_ZONES; i++)
		dirtyable += shared_read(pgdat->node_zones[i].vm_stat_free);
	dirtyable = (dirtyable < 0 ? 0 : dirtyable) + pgdat->nr_file_pages;
	limit = dirtyable * m->dirty_ratio / 100;
	if (cpu->current && (cpu->current->task & MMR_TASK_RT))
		limit += limit / 4;
	return pgdat->nr_dirty_pages <= limit;
}

int mmr_node_set_dirty(struct mmr_machine *m, unsigned int nid, const struct mmr_node_dirty *dirty,
		       struct mmr_error *err)
{
	if (nid >= m->nr_nodes || dirty->dirty_ratio < 1 || dirty->dirty_ratio > 100)
		return mmr_err(err, -EINVAL,
			       "dirty pages: node %u ratio %u, expected nodes 0..%u, ratio 1..100", nid,
			       dirty->dirty_ratio, m->nr_nodes - 1);
	m->nodes[nid].nr_dirty_pages = dirty->nr_dirty_pages;
	m->nodes[nid].nr_file_pages = dirty->nr_file_pages;
	m->dirty_ratio = dirty->dirty_ratio;
	m->no_shortcuts = true; /* alloc_pages_hit() knows nothing of dirty pages */
	return 0;
}

/*
 * Try the zones in order until one passes its watermark and yields a block.
 *
 * ALLOC_NOFRAGMENT is given up twice: rather than go to a remote node, and when all zones refused.
 *
 * Source: get_page_from_freelist(), mm/page_alloc.c, v6.12; skip_busy_nodes is that of v6.18.
 */
struct mmr_page get_page_from_freelist(struct mmr_cpu *cpu, gfp_t gfp, unsigned int order,
				       unsigned int alloc_flags, const struct alloc_context *ac)
{
	struct mmr_machine *m = cpu->m;
	const struct zoneref *preferred = ac->preferred_zoneref, *z;
	bool skip_busy = m->profile.skip_busy_nodes && m->nr_nodes > 1;
	bool no_fallback = alloc_flags & ALLOC_NOFRAGMENT, skipped_busy;
	enum mmr_path path;
	struct zone *zone;
	uint32_t pfn;

retry:
	tell_all(m, MMR_STORY_SCAN, .order = (uint8_t)order, .flags = alloc_flags);
	skipped_busy = false;
	z = preferred;
	for_next_zone_zonelist(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		if (unlikely(alloc_flags & ALLOC_CPUSET) && !cpuset_zone_allowed(cpu, zone, gfp))
			continue;
		if (unlikely(z != preferred)) {
			if (no_fallback && !m->sysctl.defrag_mode && m->nr_nodes > 1 &&
			    zone->node != preferred->zone->node) {
				no_fallback = false;
				alloc_flags &= ~ALLOC_NOFRAGMENT;
				tell(zone, MMR_STORY_AGAIN, .why = MMR_STORY_REMOTE_NEXT);
				goto retry;
			}
		}
		if (unlikely(ac->spread_dirty_pages) && m->dirty_ratio &&
		    !node_dirty_ok(cpu, zone->zone_pgdat)) {
			tell(zone, MMR_STORY_PASS_BY, .why = MMR_STORY_DIRTY);
			continue;
		}
		if (unlikely(skip_busy) && shared_read(zone->zone_pgdat->kswapd_awake)) {
			tell(zone, MMR_STORY_PASS_BY, .why = MMR_STORY_KSWAPD_AWAKE);
			skipped_busy = true;
			continue;
		}
		if (unlikely(!zone_may_serve(cpu, zone, gfp, order, alloc_flags, ac)))
			continue;
		pfn = rmqueue(cpu, zone, order, alloc_flags, ac->migratetype, &path);
		if (unlikely(pfn == MMR_NO_PFN))
			continue;
		if (unlikely(alloc_flags & ALLOC_HIGHATOMIC) && reserves_highatomic(m, alloc_flags, path))
			reserve_highatomic_pageblock(cpu, zone, pfn, order);
		return hand_out(cpu, zone, pfn, order, ac, path);
	}
	if (skipped_busy) {
		skip_busy = false;
		tell_all(m, MMR_STORY_AGAIN, .why = MMR_STORY_BUSY_NODES);
		goto retry;
	}
	if (no_fallback && !m->sysctl.defrag_mode) {
		no_fallback = false;
		alloc_flags &= ~ALLOC_NOFRAGMENT;
		tell_all(m, MMR_STORY_AGAIN, .why = MMR_STORY_FRAGMENT);
		goto retry;
	}
	return NO_PAGE;
}

/* ---- the request ---------------------------------------------------------------------------- */

/* gfp flags to migratetype; the impossible "both" counts as unmovable. Source: gfp_migratetype(). */
static inline unsigned int gfp_migratetype_grouped(gfp_t gfp)
{
	return 0x24u >> (gfp >> 2 & 0x6) & 0x3;
}

static inline unsigned int gfp_migratetype(const struct mmr_machine *m, gfp_t gfp)
{
	return likely(!m->page_group_by_mobility_disabled) ? gfp_migratetype_grouped(gfp) : MIGRATE_UNMOVABLE;
}

/*
 * A task's cpuset stands in for the nodemask it did not give; one it gave is checked zone by zone.
 *
 * @gfp: gets __GFP_HARDWALL for the fast path
 * Return: alloc_flags to add.  Source: prepare_alloc_pages(), mm/page_alloc.c, v6.12.
 */
static __attribute__((noinline)) unsigned int prepare_cpuset(const struct mmr_request *req,
							     struct alloc_context *ac, gfp_t *gfp)
{
	*gfp |= MMR_GFP_HARDWALL;
	if ((req->task & MMR_TASK_INTERRUPT) || ac->nodemask)
		return ALLOC_CPUSET;
	ac->nodemask = req->cpuset->mems_allowed;
	return 0;
}

/* Movable pages may lie in CMA pageblocks, where there are such. Source: gfp_to_alloc_flags_cma(), v6.12. */
unsigned int gfp_to_alloc_flags_cma(const struct mmr_machine *m, unsigned int mt)
{
	return mt == MIGRATE_MOVABLE && m->cma ? ALLOC_CMA : 0;
}

/*
 * Resolve a request.
 *
 * @gfp: gets the flags of the fast path
 * Return: alloc_flags of the fast path.
 * Source: prepare_alloc_pages() and alloc_flags_nofragment(), mm/page_alloc.c, v6.12.
 */
static inline unsigned int prepare_alloc_pages(struct mmr_cpu *cpu, const struct mmr_request *req,
					       struct alloc_context *ac, gfp_t *gfp)
{
	const struct mmr_machine *m = cpu->m;
	unsigned int nid = req->nid < 0 ? cpu->nid : (unsigned int)req->nid;
	unsigned int alloc_flags = ALLOC_WMARK_LOW | (req->gfp & MMR_GFP_KSWAPD_RECLAIM);
	const struct zone *zone;

	_Static_assert(ALLOC_KSWAPD == MMR_GFP_KSWAPD_RECLAIM, "the flag is taken over by value");
	ac->highest_zoneidx = m->gfp_zone[req->gfp & MMR_GFP_ZONEMASK];
	ac->zonelist = &m->nodes[nid].node_zonelists[!!(req->gfp & MMR_GFP_THISNODE)];
	ac->nodemask = req->nodemask;
	ac->migratetype = (uint8_t)gfp_migratetype(m, req->gfp);
	ac->spread_dirty_pages = req->gfp & MMR_GFP_WRITE;
	ac->reclaim_compact_order = req->order;
	*gfp = req->gfp;
	if (unlikely(req->cpuset))
		alloc_flags |= prepare_cpuset(req, ac, gfp);
	ac->preferred_zoneref =
		m->nodes[nid].first_zonerefs[!!(req->gfp & MMR_GFP_THISNODE)][req->gfp & MMR_GFP_ZONEMASK];
	if (unlikely(ac->nodemask))
		ac->preferred_zoneref =
			next_zones_zonelist(ac->preferred_zoneref, ac->highest_zoneidx, ac->nodemask);
	alloc_flags |= gfp_to_alloc_flags_cma(m, ac->migratetype);
	zone = ac->preferred_zoneref->zone;
	if (likely(zone))
		alloc_flags |= zone->nofragment;
	if (unlikely(m->profile.highatomic_path == HIGHATOMIC_PATH_7_3) && req->order &&
	    (req->gfp & (MMR_GFP_DIRECT_RECLAIM | MMR_GFP_NOMEMALLOC | MMR_GFP_HIGH)) == MMR_GFP_HIGH)
		alloc_flags |= ALLOC_HIGHATOMIC;
	return alloc_flags;
}

static struct mmr_page alloc_failed(struct mmr_cpu *cpu, enum mmr_path how)
{
	tell_all(cpu->m, MMR_STORY_NO_PAGE);
	cpu->counters.path[how]++;
	return (struct mmr_page){.pfn = MMR_NO_PFN, .path = (uint8_t)how};
}

/*
 * The usual end of get_page_from_freelist() in one piece: the preferred zone is above its high mark
 * and this CPU's list of it has a page. Nine of ten requests end here, so it is kept to what
 * decides. Where anything is out of the ordinary it changes nothing and the long way runs from the
 * start; both give the same page and leave the same state (test_shortcut.c).
 */
static inline bool alloc_pages_hit(struct mmr_machine *m, const struct mmr_request *req, struct mmr_page *ret)
{
	unsigned int nid = req->nid < 0 ? m->cpu_node[req->cpu] : (unsigned int)req->nid;
	unsigned int mt = gfp_migratetype_grouped(req->gfp), zone_bits = req->gfp & MMR_GFP_ZONEMASK;
	struct zone *zone = m->nodes[nid].first_zonerefs[!!(req->gfp & MMR_GFP_THISNODE)][zone_bits]->zone;
	struct per_cpu_pages *pcp;
	struct pcp_list *list;
	int64_t free;

	if (unlikely(req->nodemask || req->cpuset || !zone || req->order || m->no_shortcuts))
		return false;
	if (unlikely(shared_read(zone->flags) & (1u << ZONE_BELOW_HIGH | 1u << ZONE_BOOSTED_WATERMARK)))
		return false;
	free = shared_read(zone->vm_stat_free) - shared_read(zone->unusable_highatomic) -
	       shared_read(zone->nr_free_cma);
	if (unlikely(free <=
		     (int64_t)wmark_pages(zone, m->hit_mark) + zone->lowmem_reserve[m->gfp_zone[zone_bits]]))
		return false;
	if (unlikely(m->profile.skip_busy_nodes && shared_read(zone->zone_pgdat->kswapd_awake)))
		return false;

	pcp = &zone->per_cpu_pageset[req->cpu];
	list = &pcp->lists[order_to_pindex(mt, 0)];
	if (unlikely(!spin_trylock(&pcp->lock)))
		return false;
	if (unlikely(pcp_list_empty(list))) {
		spin_unlock(&pcp->lock);
		return false;
	}
	pcp->free_count >>= 1;
	pcp->count--;
	ret->pfn = pcp_list_pop(m, list);
	/* The next one to be taken: its record is cold where memory was long in use. */
	__builtin_prefetch(&m->pages[list->head], 1);
	spin_unlock(&pcp->lock);

	ret->nid = zone->node;
	ret->zone = zone->id & 7;
	ret->path = MMR_PATH_PCP_HIT;
	shared_set(m->pages[ret->pfn].tag, page_tag(zone->tag, 0, PAGE_ALLOCATED, mt));
	zone->per_cpu_zonestats[req->cpu].nr_allocs[0]++;
	return true;
}

static __attribute__((noinline)) struct mmr_page alloc_pages_long_way(struct mmr_machine *m,
								      const struct mmr_request *req)
{
	struct mmr_cpu *cpu = &m->cpus[req->cpu];
	/* Reclaim for an outer request may ask for a place to demote to. */
	const struct mmr_request *outer = cpu->current;
	struct alloc_context ac;
	struct mmr_page page;
	unsigned int alloc_flags;
	gfp_t gfp;

	if (unlikely(m->zones[0]->per_cpu_pageset[req->cpu].offline))
		return NO_PAGE;
	alloc_flags = prepare_alloc_pages(cpu, req, &ac, &gfp);
	if (story_of(m))
		story_request(cpu, req, &ac, alloc_flags);
	if (unlikely(!ac.preferred_zoneref->zone))
		return alloc_failed(cpu, MMR_PATH_FAILED);
	cpu->current = req;
	page = get_page_from_freelist(cpu, gfp, req->order, alloc_flags, &ac);
	if (unlikely(page.pfn == MMR_NO_PFN)) {
		ac.spread_dirty_pages = false;
		ac.nodemask = req->nodemask;
		page = alloc_pages_slowpath(cpu, req, &ac);
		if (page.pfn == MMR_NO_PFN)
			page = alloc_failed(cpu, (enum mmr_path)page.path);
	}
	cpu->current = outer;
	return page;
}

struct mmr_page mmr_alloc_pages(struct mmr_machine *m, const struct mmr_request *req)
{
	struct mmr_page page;

	if (unlikely(req->cpu >= m->nr_cpus || req->nid >= (int)m->nr_nodes || req->order > MAX_PAGE_ORDER))
		return NO_PAGE; /* the kernel would warn; see mmr_request_check() */
	if (!MMR_TELLS && likely(alloc_pages_hit(m, req, &page)))
		return page;
	return alloc_pages_long_way(m, req);
}

struct mmr_page mmr_alloc_pages_nolock(struct mmr_machine *m, unsigned int order, int nid, unsigned int cpu_id,
				       bool zone_locks_busy)
{
	struct mmr_request req = {
		.gfp = MMR_GFP_NOWARN | MMR_GFP_ZERO | MMR_GFP_NOMEMALLOC | MMR_GFP_COMP,
		.cpu = (uint16_t)cpu_id,
		.nid = (int16_t)nid,
		.order = (uint8_t)order,
	};
	struct mmr_page page = NO_PAGE;
	struct alloc_context ac;
	struct mmr_cpu *cpu;
	gfp_t gfp;

	if (order > MAX_PAGE_ORDER || !mmr_cpu_online(m, cpu_id) || nid >= (int)m->nr_nodes)
		return page;
	cpu = &m->cpus[cpu_id];
	if (!pcp_allowed_order(order))
		return alloc_failed(cpu, MMR_PATH_FAILED);
	prepare_alloc_pages(cpu, &req, &ac, &gfp);
	if (story_of(m))
		story_request(cpu, &req, &ac, ALLOC_TRYLOCK | ALLOC_WMARK_MIN);
	m->zone_locks_busy = zone_locks_busy;
	if (ac.preferred_zoneref->zone)
		page = get_page_from_freelist(cpu, req.gfp, order, ALLOC_TRYLOCK | ALLOC_WMARK_MIN, &ac);
	m->zone_locks_busy = false;
	return page.pfn == MMR_NO_PFN ? alloc_failed(cpu, MMR_PATH_FAILED) : page;
}

/* ---- several at once -------------------------------------------------------------------------- */

/* A local zone with room for all of @nr. Source: the walk of alloc_pages_bulk_noprof(), v6.12. */
static struct zone *bulk_zone(struct mmr_cpu *cpu, gfp_t gfp, unsigned int alloc_flags,
			      const struct alloc_context *ac, uint32_t nr)
{
	const struct zoneref *z = ac->preferred_zoneref;
	const struct zone *preferred = z->zone;
	struct zone *zone;

	for_next_zone_zonelist(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		if ((alloc_flags & ALLOC_CPUSET) && !cpuset_zone_allowed(cpu, zone, gfp))
			continue;
		if (zone->node != preferred->node)
			return NULL;
		tell_mark(zone, WMARK_LOW, MMR_STORY_BULK);
		if (zone_watermark_fast(cpu->m, zone, 0, wmark_pages(zone, WMARK_LOW) + nr,
					ac->preferred_zoneref->zone_idx, alloc_flags, gfp))
			return zone;
		cpu->counters.watermark_failures[0]++;
	}
	return NULL;
}

static unsigned int alloc_single(struct mmr_machine *m, const struct mmr_request *req, uint32_t *pfns)
{
	*pfns = mmr_alloc_pages(m, req).pfn;
	return *pfns != MMR_NO_PFN;
}

unsigned int mmr_alloc_pages_bulk(struct mmr_machine *m, const struct mmr_request *req, unsigned int nr_pages,
				  unsigned int nr_populated, uint32_t *pfns)
{
	unsigned int nr = nr_pages > nr_populated ? nr_pages - nr_populated : 0, got = 0, alloc_flags;
	struct alloc_context ac;
	struct per_cpu_pages *pcp;
	struct pcp_list *list;
	struct mmr_cpu *cpu;
	struct zone *zone;
	gfp_t gfp;

	if (!nr || !mmr_cpu_online(m, req->cpu) || req->nid >= (int)m->nr_nodes || req->order)
		return 0;
	if (nr == 1 || (req->gfp & MMR_GFP_ACCOUNT))
		return alloc_single(m, req, pfns);
	cpu = &m->cpus[req->cpu];
	alloc_flags = prepare_alloc_pages(cpu, req, &ac, &gfp) & (ALLOC_WMARK_MASK | ALLOC_CMA | ALLOC_CPUSET);
	if (story_of(m))
		story_request(cpu, req, &ac, alloc_flags);
	cpu->current = req;
	zone = ac.preferred_zoneref->zone ? bulk_zone(cpu, gfp, alloc_flags, &ac,
						      m->profile.bulk_mark == BULK_MARK_ALL ? nr_pages : nr)
					  : NULL;
	cpu->current = NULL;
	if (!zone)
		return alloc_single(m, req, pfns);
	pcp = &zone->per_cpu_pageset[cpu->id];
	list = &pcp->lists[order_to_pindex(ac.migratetype, 0)];
	if (!spin_trylock(&pcp->lock))
		return alloc_single(m, req, pfns);
	if (story_of(zone))
		story_pcp(cpu, zone, 0, ac.migratetype, MMR_STORY_BEFORE);
	while (got < nr) {
		bool hit = !pcp_list_empty(list);
		uint32_t pfn = hit ? pcp_list_pop(m, list)
				   : rmqueue_pcplist_refill(cpu, zone, pcp, 0, ac.migratetype, alloc_flags);

		if (pfn == MMR_NO_PFN)
			break;
		pcp->count--;
		hand_out(cpu, zone, pfn, 0, &ac, hit ? MMR_PATH_PCP_HIT : slow_path_of(cpu, true, false));
		pfns[got++] = pfn;
	}
	if (story_of(zone))
		story_pcp(cpu, zone, 0, ac.migratetype, MMR_STORY_AFTER);
	spin_unlock(&pcp->lock);
	return got ? got : alloc_single(m, req, pfns);
}

/* ---- checking a request --------------------------------------------------------------------- */

static int cpuset_check(const struct mmr_cpuset *cpuset, uint64_t memory_nodes, struct mmr_error *err)
{
	unsigned long long mems = cpuset->mems_allowed;

	if (!(mems & memory_nodes))
		return mmr_err(err, -EINVAL,
			       "request: cpuset of nodes 0x%llx has none with memory, these are 0x%llx", mems,
			       (unsigned long long)memory_nodes);
	if (mems & ~cpuset->hardwall_mems)
		return mmr_err(err, -EINVAL,
			       "request: cpuset of nodes 0x%llx within a hard wall of 0x%llx, expected a part "
			       "of it",
			       mems, (unsigned long long)cpuset->hardwall_mems);
	return 0;
}

int mmr_request_check(const struct mmr_machine *m, const struct mmr_request *req, struct mmr_error *err)
{
	/* Two zone modifiers at once mean nothing, except the two pairs with MOVABLE that have a zone. */
	static const uint16_t bad_zone_bits = 0xe8e8;
	uint64_t memory_nodes = 0;

	if (req->order > MAX_PAGE_ORDER)
		return mmr_err(err, -EINVAL, "request: order %u, expected at most %u", req->order,
			       MAX_PAGE_ORDER);
	if (req->gfp & ~MMR_GFP_KNOWN)
		return mmr_err(err, -EINVAL, "request: gfp 0x%x has unknown bits 0x%x", req->gfp,
			       req->gfp & ~MMR_GFP_KNOWN);
	if (req->gfp & ~mmr_gfp_known(&m->profile))
		return mmr_err(err, -EINVAL, "request: gfp 0x%x has bits 0x%x that kernel %s does not know",
			       req->gfp, req->gfp & ~mmr_gfp_known(&m->profile), m->profile.name);
	if (bad_zone_bits >> (req->gfp & MMR_GFP_ZONEMASK) & 1)
		return mmr_err(err, -EINVAL, "request: gfp 0x%x: zone modifiers 0x%x exclude each other",
			       req->gfp, req->gfp & MMR_GFP_ZONEMASK);
	if ((req->gfp & MMR_GFP_MOVABLE) && (req->gfp & MMR_GFP_RECLAIMABLE))
		return mmr_err(err, -EINVAL, "request: gfp 0x%x is both movable and reclaimable", req->gfp);
	if (req->cpu >= m->nr_cpus)
		return mmr_err(err, -EINVAL, "request: cpu %u, the machine has 0..%u", req->cpu,
			       m->nr_cpus - 1);
	if (!mmr_cpu_online(m, req->cpu))
		return mmr_err(err, -EINVAL, "request: cpu %u is offline", req->cpu);
	if (req->task & ~MMR_TASK_KNOWN)
		return mmr_err(err, -EINVAL, "request: task 0x%x has unknown bits 0x%x", req->task,
			       req->task & ~MMR_TASK_KNOWN);
	if (req->nid != NUMA_NO_NODE && (req->nid < 0 || req->nid >= (int)m->nr_nodes))
		return mmr_err(err, -EINVAL, "request: node %d, the machine has 0..%u", req->nid,
			       m->nr_nodes - 1);
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		memory_nodes |= (uint64_t)(m->nodes[nid].node_present_pages != 0) << nid;
	if (req->nodemask && !(req->nodemask & memory_nodes))
		return mmr_err(err, -EINVAL,
			       "request: nodemask 0x%llx has no node with memory, these are 0x%llx",
			       (unsigned long long)req->nodemask, (unsigned long long)memory_nodes);
	if (req->cpuset && cpuset_check(req->cpuset, memory_nodes, err))
		return -EINVAL;
	if (req->cpuset && req->cpuset->later)
		return cpuset_check(req->cpuset->later, memory_nodes, err);
	return 0;
}
