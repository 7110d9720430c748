// SPDX-License-Identifier: GPL-2.0-or-later
/* The model one decision at a time: the choice of the zone, and taking over a recorded state. */
#include <errno.h>

#include "core/list.h"
#include "core/step.h"

/* ---- which zone ----------------------------------------------------------------------------- */

/* One pass over the zonelist. */
struct walk {
	const struct mmr_machine *m;
	const struct mmr_step_request *request;
	const struct zoneref *preferred;
	int highest_zoneidx;
	unsigned int alloc_flags;
	bool refills; /* those of zones that yield nothing are done, as far as they change anything */
};

/* Free pages of the zone, as the test reads them. */
static int64_t free_then(const struct walk *w, const struct zone *zone)
{
	int64_t free = shared_read(zone->vm_stat_free);

	if (w->request->drift)
		free += w->request->drift[zone->id];
	return free < 0 ? 0 : free;
}

/* A zone that served had a block long enough, which needs no proof: its last one may be gone by now. */
static bool mark_was_met(const struct walk *w, const struct zone *zone, uint32_t mark)
{
	const struct mmr_step_request *r = w->request;
	int64_t free = free_then(w, zone);

	if (zone != r->served)
		return zone_watermark_ok_inner(zone, r->order, mark, w->highest_zoneidx, w->alloc_flags, free);
	return zone_watermark_ok_inner(zone, 0, mark, w->highest_zoneidx, w->alloc_flags,
				       free - (1 << r->order) + 1);
}

/* Source: zone_watermark_fast(), mm/page_alloc.c, v6.1 and v6.12. */
static bool passes_mark(const struct walk *w, const struct zone *zone)
{
	const struct mmr_step_request *r = w->request;
	unsigned int mark = w->alloc_flags & ALLOC_WMARK_MASK;
	bool ignores_boost = w->m->profile.boost_ignore == BOOST_IGNORE_ATOMIC
				     ? r->gfp & MMR_GFP_ATOMIC
				     : w->alloc_flags & ALLOC_MIN_RESERVE;

	if (w->alloc_flags & ALLOC_NO_WATERMARKS)
		return true;
	if (mark_was_met(w, zone, wmark_pages(zone, mark)))
		return true;
	return !r->order && ignores_boost && mark == WMARK_MIN &&
	       mark_was_met(w, zone, zone->_watermark[WMARK_MIN]);
}

/* Would a zone that meets its mark have yielded a block? */
static bool could_yield(const struct walk *w, const struct zone *zone)
{
	const struct mmr_step_request *r = w->request;
	bool nofragment = w->alloc_flags & ALLOC_NOFRAGMENT;
	unsigned int lowest = nofragment && r->order < PAGEBLOCK_ORDER ? PAGEBLOCK_ORDER : r->order;

	if (zone == r->served)
		return !nofragment || !r->fragmenting;
	if (pcp_allowed_order(r->order) &&
	    !pcp_list_empty(&zone->per_cpu_pageset[r->cpu].lists[mmr_step_pindex(r->mt, r->order)]))
		return true;
	if (mmr_step_peek_smallest(zone, r->order, r->mt) != MMR_NO_PFN)
		return true;
	for (unsigned int o = lowest; o <= MAX_PAGE_ORDER; o++) {
		if (find_fallback(zone, o, r->mt) >= 0)
			return true;
	}
	return false;
}

/* A refill of which nothing came adapts its size all the same. Source: __rmqueue_pcplist(), v6.12. */
static void refill_with_nothing(const struct walk *w, struct zone *zone)
{
	const struct mmr_step_request *r = w->request;

	if (w->refills && pcp_allowed_order(r->order))
		nr_pcp_alloc(&w->m->profile, zone, &zone->per_cpu_pageset[r->cpu], r->order);
}

/* Source: get_page_from_freelist(), mm/page_alloc.c, v6.12 and v6.18: without doing anything else. */
static struct zone *first_zone(struct walk *w)
{
	const struct mmr_machine *m = w->m;
	const struct zoneref *z;
	bool skip_busy = m->profile.skip_busy_nodes && m->nr_nodes > 1, skipped;
	struct zone *zone;

retry:
	skipped = false;
	z = w->preferred;
	for_next_zone_zonelist(zone, z, w->highest_zoneidx, w->request->nodemask)
	{
		if ((w->alloc_flags & ALLOC_NOFRAGMENT) && !m->sysctl.defrag_mode && z != w->preferred &&
		    zone->node != w->preferred->zone->node) {
			w->alloc_flags &= ~ALLOC_NOFRAGMENT;
			goto retry;
		}
		if (skip_busy && shared_read(zone->zone_pgdat->kswapd_awake)) {
			skipped = true;
			continue;
		}
		if (!passes_mark(w, zone))
			continue;
		if (could_yield(w, zone))
			return zone;
		refill_with_nothing(w, zone);
	}
	if (skipped) {
		skip_busy = false;
		goto retry;
	}
	if ((w->alloc_flags & ALLOC_NOFRAGMENT) && !m->sysctl.defrag_mode) {
		w->alloc_flags &= ~ALLOC_NOFRAGMENT;
		goto retry;
	}
	return NULL;
}

/* Source: gfp_to_alloc_flags(), mm/page_alloc.c, v6.12. */
static unsigned int slowpath_flags(gfp_t gfp, unsigned int order)
{
	unsigned int alloc_flags = ALLOC_WMARK_MIN | (gfp & (MMR_GFP_HIGH | MMR_GFP_KSWAPD_RECLAIM));

	if (!(gfp & (MMR_GFP_DIRECT_RECLAIM | MMR_GFP_NOMEMALLOC))) {
		alloc_flags |= ALLOC_NON_BLOCK;
		if (order && (gfp & MMR_GFP_HIGH))
			alloc_flags |= ALLOC_HIGHATOMIC;
	}
	return alloc_flags;
}

static unsigned int attempt_flags(const struct mmr_step_request *r, const struct zone *preferred,
				  unsigned int attempt)
{
	switch (attempt) {
	case MMR_STEP_FAST:
		return ALLOC_WMARK_LOW | preferred->nofragment;
	case MMR_STEP_SLOW:
		return slowpath_flags(r->gfp, r->order);
	case MMR_STEP_OOM:
		return ALLOC_WMARK_MIN | ALLOC_OOM;
	default:
		return ALLOC_NO_WATERMARKS;
	}
}

static struct zone *find_zone(const struct mmr_machine *m, const struct mmr_step_request *request, bool refills)
{
	const struct zonelist *zonelist =
		&m->nodes[request->nid].node_zonelists[!!(request->gfp & MMR_GFP_THISNODE)];
	struct walk w = {
		.m = m,
		.request = request,
		.highest_zoneidx = m->gfp_zone[request->gfp & MMR_GFP_ZONEMASK],
		.refills = refills,
	};
	struct zone *zone = NULL;

	w.preferred = next_zones_zonelist(zonelist->_zonerefs, w.highest_zoneidx, request->nodemask);
	if (!w.preferred->zone)
		return NULL;
	for (unsigned int attempt = MMR_STEP_FAST; attempt <= MMR_STEP_RESERVES && !zone; attempt <<= 1) {
		if (!(request->attempts & attempt))
			continue;
		w.alloc_flags = attempt_flags(request, w.preferred->zone, attempt);
		w.alloc_flags |= request->mt == MIGRATE_MOVABLE ? ALLOC_CMA : 0;
		zone = first_zone(&w);
	}
	return zone;
}

struct zone *mmr_step_first_zone(const struct mmr_machine *m, const struct mmr_step_request *request)
{
	return find_zone(m, request, false);
}

void mmr_step_refill_with_nothing(struct mmr_machine *m, const struct mmr_step_request *request)
{
	find_zone(m, request, true);
}

void mmr_step_flag_below_high(struct mmr_machine *m, const struct mmr_step_request *request)
{
	struct walk w = {
		.m = m,
		.request = request,
		.highest_zoneidx = m->gfp_zone[request->gfp & MMR_GFP_ZONEMASK],
		.alloc_flags = request->mt == MIGRATE_MOVABLE ? ALLOC_CMA : 0,
	};
	const struct zoneref *z = m->nodes[request->nid].node_zonelists[ZONELIST_FALLBACK]._zonerefs;
	struct zone *zone;

	if (!m->profile.below_high)
		return;
	z = next_zones_zonelist(z, w.highest_zoneidx, request->nodemask);
	for_next_zone_zonelist(zone, z, w.highest_zoneidx, request->nodemask)
	{
		if (!(zone->flags & 1u << ZONE_BELOW_HIGH) &&
		    !mark_was_met(&w, zone, wmark_pages(zone, WMARK_HIGH)))
			shared_or(zone->flags, 1u << ZONE_BELOW_HIGH);
		if (zone == request->served)
			return;
	}
}

unsigned int mmr_step_cpu_node(const struct mmr_machine *m, unsigned int cpu)
{
	return m->cpus[cpu].nid;
}

void mmr_step_set_kswapd(struct mmr_machine *m, unsigned int nid, bool works)
{
	shared_set(m->nodes[nid].kswapd_awake, works);
}

bool mmr_step_kswapd(const struct mmr_machine *m, unsigned int nid)
{
	return m->nodes[nid].kswapd_awake;
}

int32_t mmr_step_threshold(const struct zone *zone, unsigned int cpu)
{
	return zone->per_cpu_zonestats[cpu].stat_threshold;
}

void mmr_step_hide_pages(struct zone *zone, unsigned int cpu, int32_t pages)
{
	zone->vm_stat_free -= pages;
	zone->per_cpu_zonestats[cpu].vm_stat_diff += pages;
}

void mmr_step_count_pages(struct mmr_machine *m, struct zone *zone, unsigned int cpu, int32_t pages)
{
	mod_zone_free_pages(&m->cpus[cpu], zone, pages);
}

bool mmr_step_fold_zone(struct zone *zone, unsigned int cpu)
{
	struct per_cpu_zonestat *stat = &zone->per_cpu_zonestats[cpu];
	bool any = stat->vm_stat_diff != 0;

	zone->vm_stat_free += stat->vm_stat_diff;
	stat->vm_stat_diff = 0;
	return any;
}

bool mmr_step_fold(struct mmr_machine *m, unsigned int cpu)
{
	bool any = false;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		any |= mmr_step_fold_zone(m->zones[i], cpu);
	return any;
}

int32_t mmr_step_hold_counts(struct zone *zone, unsigned int cpu)
{
	int32_t threshold = zone->per_cpu_zonestats[cpu].stat_threshold;

	zone->per_cpu_zonestats[cpu].stat_threshold = INT32_MAX / 2;
	return threshold;
}

void mmr_step_release_counts(struct mmr_machine *m, struct zone *zone, unsigned int cpu, int32_t held)
{
	zone->per_cpu_zonestats[cpu].stat_threshold = held;
	mod_zone_free_pages(&m->cpus[cpu], zone, 0);
}

void mmr_step_read_pending(const struct mmr_machine *m, unsigned int cpu, int32_t *pending)
{
	for (unsigned int i = 0; i < m->nr_zones; i++)
		pending[m->zones[i]->id] = m->zones[i]->per_cpu_zonestats[cpu].vm_stat_diff;
}

void mmr_step_marks(const struct mmr_machine *m, const struct zone *zone, struct mmr_step_marks *ret)
{
	*ret = (struct mmr_step_marks){.free = shared_read(zone->vm_stat_free), .boost = zone->watermark_boost};
	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++)
		ret->pending += zone->per_cpu_zonestats[cpu].vm_stat_diff;
	for (unsigned int i = 0; i < NR_WMARK; i++)
		ret->watermark[i] = zone->_watermark[i];
}

/* Was the zone's percpu_drift_mark set as the last CPU came up? It is never taken back. */
static bool could_drift(const struct mmr_machine *m, const struct zone *zone, bool marks_first)
{
	uint32_t threshold = (uint32_t)zone->per_cpu_zonestats[0].stat_threshold;

	return m->nr_online_cpus > 1 &&
	       (!marks_first || m->nr_online_cpus * threshold > boot_watermark_gap(m, zone));
}

void mmr_step_set_pressure(struct mmr_machine *m, unsigned int nid, bool awake, bool marks_first)
{
	struct pglist_data *pgdat = &m->nodes[nid];

	for (int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &pgdat->node_zones[i];

		if (zone->managed_pages && !zone->percpu_drift_mark && could_drift(m, zone, marks_first))
			zone->percpu_drift_mark = zone->_watermark[WMARK_HIGH];
	}
	set_pgdat_percpu_threshold(m, pgdat, awake);
}

void mmr_step_set_marks(struct zone *zone, const uint32_t watermark[NR_WMARK])
{
	for (unsigned int i = 0; i < NR_WMARK; i++)
		zone->_watermark[i] = watermark[i];
}

void mmr_step_set_reserve(struct zone *zone, enum zone_type upper, uint32_t pages)
{
	zone->lowmem_reserve[upper] = pages;
}

/* ---- taking over a recorded state ----------------------------------------------------------- */

void mmr_step_zone_forget(struct mmr_machine *m, struct zone *zone)
{
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
			struct free_list *list = &zone->free_area[order].free_list[mt];

			for (uint32_t left = zone->spanned_pages; left && list->head != MMR_NO_PFN; left--)
				del_page_from_free_list(m, zone, list->head, order, mt);
			*list = (struct free_list){.head = MMR_NO_PFN, .tail = MMR_NO_PFN};
		}
	}
	zone->nr_free_cma = zone->nr_free_highatomic = 0;
}

void mmr_step_adopt_pageblock(struct mmr_machine *m, uint32_t pfn, unsigned int mt)
{
	set_pageblock_migratetype(m, pfn, mt);
}

int mmr_step_adopt_free(struct mmr_machine *m, struct zone *zone, uint32_t pfn, unsigned int order,
			unsigned int mt)
{
	struct mmr_step_place place;

	if (mt >= MIGRATE_TYPES || block_zone(m, pfn, order) != zone)
		return -EINVAL;
	place = mmr_step_place(m, pfn);
	if (place.state == MMR_PAGE_FREE || place.state == MMR_PAGE_PCP)
		return -EEXIST;
	for (uint32_t at = pfn; at < pfn + (1u << order); at++) {
		if (tag_state(m->pages[at].tag) == PAGE_FREE || tag_state(m->pages[at].tag) == PAGE_PCP)
			return -EEXIST;
	}
	/* What was allocated here, in whatever blocks, went without an event. */
	mmr_step_withdraw(m, 0, pfn, order);
	add_to_free_list(m, zone, pfn, order, mt, true);
	return 0;
}

void mmr_step_adopt_counts(struct mmr_machine *m, struct zone *zone, const int16_t *diff)
{
	int64_t pending = 0;

	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++) {
		int16_t d = diff ? diff[cpu] : 0;

		zone->per_cpu_zonestats[cpu].vm_stat_diff = d;
		pending += d;
	}
	zone->vm_stat_free = (int64_t)zone_list_pages(zone, false) - pending;
	zone->nr_free_cma = zone->nr_free_highatomic = 0;
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		const struct free_list *lists = zone->free_area[order].free_list;

		zone->nr_free_cma += lists[MIGRATE_CMA].nr << order;
		zone->nr_free_highatomic += lists[MIGRATE_HIGHATOMIC].nr << order;
	}
	update_unusable_highatomic(m, zone);
}

uint32_t mmr_step_zone_flags(const struct zone *zone)
{
	return zone->flags;
}

void mmr_step_set_zone_flags(struct zone *zone, uint32_t flags)
{
	zone->flags = flags;
}

void mmr_step_set_boost(struct zone *zone, uint32_t boost)
{
	zone->watermark_boost = boost;
}
