// SPDX-License-Identifier: GPL-2.0-or-later
/* The model one decision at a time: the choice of the zone, and taking over a recorded state. */
#include <errno.h>

#include "core/list.h"
#include "core/step.h"

/* ---- which zone ----------------------------------------------------------------------------- */

/* One pass over the zonelist with these flags, on counters off by @drift. */
struct walk {
	const struct mmr_machine *m;
	const struct mmr_step_served *served;
	const struct zoneref *preferred;
	int highest_zoneidx;
	unsigned int alloc_flags;
	int64_t drift;
};

/*
 * The mark. That the zone which served had a block long enough needs no proof.
 */
static bool mark_was_met(const struct walk *w, const struct zone *zone, uint32_t mark)
{
	const struct mmr_step_served *s = w->served;
	int64_t free = shared_read(zone->vm_stat_free) + w->drift;

	if (zone != s->zone)
		return zone_watermark_ok_inner(zone, s->order, mark, w->highest_zoneidx, w->alloc_flags, free);
	return zone_watermark_ok_inner(zone, 0, mark, w->highest_zoneidx, w->alloc_flags,
				       free - (1 << s->order) + 1);
}

/* Would a zone that meets its mark have yielded a block? */
static bool could_yield(const struct walk *w, const struct zone *zone)
{
	const struct mmr_step_served *s = w->served;
	bool nofragment = w->alloc_flags & ALLOC_NOFRAGMENT;
	unsigned int lowest = nofragment && s->order < PAGEBLOCK_ORDER ? PAGEBLOCK_ORDER : s->order;

	if (zone == s->zone)
		return !nofragment || !s->fragmenting;
	if (pcp_allowed_order(s->order) &&
	    !pcp_list_empty(&zone->per_cpu_pageset[s->cpu].lists[mmr_step_pindex(s->mt, s->order)]))
		return true;
	if (mmr_step_peek_smallest(zone, s->order, s->mt) != MMR_NO_PFN)
		return true;
	for (unsigned int o = lowest; o <= MAX_PAGE_ORDER; o++) {
		if (find_fallback(zone, o, s->mt) >= 0)
			return true;
	}
	return false;
}

/* Source: get_page_from_freelist(), mm/page_alloc.c, v6.12: without doing anything. */
static struct zone *first_zone(struct walk *w)
{
	const struct mmr_machine *m = w->m;
	const struct zoneref *z;
	struct zone *zone;

retry:
	z = w->preferred;
	for_next_zone_zonelist(zone, z, w->highest_zoneidx, 0)
	{
		if ((w->alloc_flags & ALLOC_NOFRAGMENT) && !m->sysctl.defrag_mode && z != w->preferred &&
		    zone->node != w->preferred->zone->node) {
			w->alloc_flags &= ~ALLOC_NOFRAGMENT;
			goto retry;
		}
		if (mark_was_met(w, zone, wmark_pages(zone, w->alloc_flags & ALLOC_WMARK_MASK)) &&
		    could_yield(w, zone))
			return zone;
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

static struct zone *choose_zone(const struct mmr_machine *m, const struct mmr_step_served *s, unsigned int nid,
				int64_t drift)
{
	const struct zonelist *zonelist = &m->nodes[nid].node_zonelists[!!(s->gfp & MMR_GFP_THISNODE)];
	struct walk w = {
		.m = m,
		.served = s,
		.highest_zoneidx = m->gfp_zone[s->gfp & MMR_GFP_ZONEMASK],
		.alloc_flags = ALLOC_WMARK_LOW | (s->mt == MIGRATE_MOVABLE ? ALLOC_CMA : 0),
		.drift = drift,
	};
	struct zone *zone;

	w.preferred = next_zones_zonelist(zonelist->_zonerefs, w.highest_zoneidx, 0);
	if (!w.preferred->zone)
		return NULL;
	w.alloc_flags |= w.preferred->zone->nofragment;
	zone = first_zone(&w);
	if (zone)
		return zone;
	w.alloc_flags = slowpath_flags(s->gfp, s->order) | (s->mt == MIGRATE_MOVABLE ? ALLOC_CMA : 0);
	return first_zone(&w);
}

/* Zones the request passed by, and the one that served, are flagged where they are short of pages. */
static void flag_below_high(struct mmr_machine *m, const struct mmr_step_served *s, unsigned int nid)
{
	struct walk w = {
		.m = m,
		.served = s,
		.highest_zoneidx = m->gfp_zone[s->gfp & MMR_GFP_ZONEMASK],
		.alloc_flags = s->mt == MIGRATE_MOVABLE ? ALLOC_CMA : 0,
	};
	const struct zoneref *z = m->nodes[nid].node_zonelists[ZONELIST_FALLBACK]._zonerefs;
	struct zone *zone;

	z = next_zones_zonelist(z, w.highest_zoneidx, 0);
	for_next_zone_zonelist(zone, z, w.highest_zoneidx, 0)
	{
		if (!(zone->flags & 1u << ZONE_BELOW_HIGH) &&
		    !mark_was_met(&w, zone, wmark_pages(zone, WMARK_HIGH)))
			shared_or(zone->flags, 1u << ZONE_BELOW_HIGH);
		if (zone == s->zone)
			return;
	}
}

enum mmr_step_zone_choice mmr_step_zone_choice(struct mmr_machine *m, const struct mmr_step_served *s,
					       struct zone **predicted)
{
	unsigned int nid = m->cpus[s->cpu].nid;
	struct zone *zone = choose_zone(m, s, nid, 0);
	int64_t blur = (int64_t)m->nr_cpus * s->zone->per_cpu_zonestats[0].stat_threshold;

	if (predicted)
		*predicted = zone;
	if (zone == s->zone) {
		if (m->profile.below_high)
			flag_below_high(m, s, nid);
		return MMR_STEP_ZONE_SAME;
	}
	if (m->profile.below_high)
		flag_below_high(m, s, s->zone->node);
	if (s->zone->node != nid && choose_zone(m, s, s->zone->node, 0) == s->zone)
		return MMR_STEP_ZONE_POLICY;
	if (choose_zone(m, s, nid, blur) == s->zone || choose_zone(m, s, nid, -blur) == s->zone)
		return MMR_STEP_ZONE_DRIFT;
	return MMR_STEP_ZONE_OTHER;
}

void mmr_step_marks(const struct mmr_machine *m, const struct zone *zone, struct mmr_step_marks *ret)
{
	*ret = (struct mmr_step_marks){.free = shared_read(zone->vm_stat_free), .boost = zone->watermark_boost};
	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++)
		ret->pending += zone->per_cpu_zonestats[cpu].vm_stat_diff;
	for (unsigned int i = 0; i < NR_WMARK; i++)
		ret->watermark[i] = zone->_watermark[i];
}

void mmr_step_scale_marks(struct zone *zone, uint32_t from, uint32_t to)
{
	for (unsigned int i = 0; i < NR_WMARK && from; i++)
		zone->_watermark[i] = (uint32_t)((uint64_t)zone->_watermark[i] * to / from);
}

/* ---- taking over a recorded state ----------------------------------------------------------- */

void mmr_step_zone_forget(struct mmr_machine *m, struct zone *zone)
{
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
			while (zone->free_area[order].free_list[mt].head != MMR_NO_PFN)
				del_page_from_free_list(m, zone, zone->free_area[order].free_list[mt].head,
							order, mt);
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
	/* What was allocated here went without an event. */
	if (place.state == MMR_PAGE_ALLOCATED)
		mmr_step_give_back(m, pfn, order);
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
