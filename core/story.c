// SPDX-License-Identifier: GPL-2.0-or-later
/* Taking down the story of a request. What is told, and when, is decided where it happens. */
#include "core/list.h"

const char *mmr_alloc_flag_name(unsigned int bit)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{ALLOC_NO_WATERMARKS, "NO_WATERMARKS"},
		{ALLOC_OOM, "OOM"},
		{ALLOC_NON_BLOCK, "NON_BLOCK"},
		{ALLOC_MIN_RESERVE, "MIN_RESERVE"},
		{ALLOC_CPUSET, "CPUSET"},
		{ALLOC_CMA, "CMA"},
		{ALLOC_NOFRAGMENT, "NOFRAGMENT"},
		{ALLOC_HIGHATOMIC, "HIGHATOMIC"},
		{ALLOC_TRYLOCK, "TRYLOCK"},
		{ALLOC_KSWAPD, "KSWAPD"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (bit < 32 && names[i].flag == 1u << bit)
			return names[i].name;
	}
	return NULL;
}

void story_add(struct mmr_story *story, const struct mmr_story_step *step)
{
	if (story->nr_steps < story->max_steps)
		story->steps[story->nr_steps++] = *step;
	else
		story->nr_dropped++;
}

/* What prepare_alloc_pages() made of a request, and the zonelist as it stands. */
void story_request(struct mmr_cpu *cpu, const struct mmr_request *req, const struct alloc_context *ac,
		   unsigned int alloc_flags)
{
	struct mmr_machine *m = cpu->m;
	struct mmr_story_step request = {
		.kind = MMR_STORY_REQUEST,
		.zone = MMR_STORY_NO_ZONE,
		.order = req->order,
		.cpu = cpu->id,
		.request = {.gfp = req->gfp,
			    .nid = req->nid,
			    .cpu_nid = cpu->nid,
			    .nodemask = req->nodemask,
			    .pf_memalloc = req->pf_memalloc},
	};
	const struct zone *preferred = ac->preferred_zoneref->zone;
	struct mmr_story_step context = {
		.kind = MMR_STORY_CONTEXT,
		.zone = preferred ? preferred->id : MMR_STORY_NO_ZONE,
		.order = req->order,
		.flags = alloc_flags,
		.context = {.nodemask = ac->nodemask,
			    .nid = (uint16_t)(req->nid < 0 ? cpu->nid : req->nid),
			    .preferred = (uint16_t)(ac->preferred_zoneref - ac->zonelist->_zonerefs),
			    .migratetype = ac->migratetype,
			    .highest_zoneidx = ac->highest_zoneidx,
			    .thisnode = req->gfp & MMR_GFP_THISNODE,
			    .spread_dirty_pages = ac->spread_dirty_pages},
	};

	story_add(m->story, &request);
	story_add(m->story, &context);
	for (const struct zoneref *z = ac->zonelist->_zonerefs; z->zone; z++)
		tell(z->zone, MMR_STORY_ZONEREF, .order = req->order);
}

static uint32_t list_length(const struct mmr_machine *m, const struct pcp_list *list)
{
	uint32_t nr = 0;

	if (pcp_list_empty(list))
		return 0;
	for (uint32_t pfn = list->head; pfn != list->tail; pfn = m->pages[pfn].next)
		nr++;
	return nr + 1;
}

void story_pcp(const struct mmr_cpu *cpu, const struct zone *zone, unsigned int order, unsigned int mt,
	       enum mmr_story_pcp when)
{
	const struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu->id];
	unsigned int pindex = order_to_pindex(mt < MIGRATE_PCPTYPES ? mt : MIGRATE_MOVABLE, order);

	tell(zone, MMR_STORY_PCP, .cpu = cpu->id, .list = (uint8_t)pindex, .order = (uint8_t)order, .why = when,
	     .pcp = {.count = pcp->count,
		     .high = pcp->high,
		     .high_min = pcp->high_min,
		     .high_max = pcp->high_max,
		     .batch = pcp->batch,
		     .free_count = pcp->free_count,
		     .nr_blocks = list_length(cpu->m, &pcp->lists[pindex]),
		     .alloc_factor = pcp->alloc_factor,
		     .flags = pcp->flags,
		     .auto_tuned = cpu->m->profile.pcp == PCP_6_7});
}

/* The end of rmqueue_pcplist(): a page came, or none. */
void story_pop(const struct mmr_cpu *cpu, const struct zone *zone, unsigned int order, unsigned int mt,
	       uint32_t pfn)
{
	if (pfn != MMR_NO_PFN)
		tell(zone, MMR_STORY_POP, .order = (uint8_t)order, .pfn = pfn);
	story_pcp(cpu, zone, order, mt, MMR_STORY_AFTER);
}

void story_page(const struct zone *zone, uint32_t pfn, unsigned int order, unsigned int mt, enum mmr_path path)
{
	tell(zone, MMR_STORY_PAGE, .order = (uint8_t)order, .pfn = pfn, .mt = (uint8_t)mt,
	     .why = (uint8_t)path);
}

/* The shortcut for order 0 in zone_watermark_fast(). */
void story_quick_pass(const struct zone *zone, uint32_t mark, int highest_zoneidx, int64_t usable)
{
	int64_t free = shared_read(zone->vm_stat_free);

	tell(zone, MMR_STORY_WATERMARK, .yes = true,
	     .watermark = {.free = free,
			   .unusable = free - usable,
			   .min = mark,
			   .mark = mark,
			   .boost = shared_read(zone->watermark_boost),
			   .reserve = zone->lowmem_reserve[highest_zoneidx],
			   .quick = true});
}

/* The list may be @limit pages long, by rule @why. */
void story_high(const struct zone *zone, const struct per_cpu_pages *pcp, int limit, enum mmr_story_high why)
{
	tell(zone, MMR_STORY_HIGH, .why = why,
	     .high = {.count = pcp->count,
		      .high = pcp->high,
		      .limit = limit,
		      .free_count = pcp->free_count,
		      .batch = pcp->batch});
}

void story_free(const struct mmr_cpu *cpu, const struct zone *zone, uint32_t pfn, unsigned int order,
		unsigned int mt, enum mmr_story_free way)
{
	tell(zone, MMR_STORY_FREE, .cpu = cpu->id, .order = (uint8_t)order, .pfn = pfn, .mt = (uint8_t)mt,
	     .why = way);
	if (way == MMR_STORY_TO_PCP)
		story_pcp(cpu, zone, order, mt, MMR_STORY_BEFORE);
}
