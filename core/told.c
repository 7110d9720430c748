// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way in to mmr::core_told. In this build every other exported name of core has the prefix told_
 * (told_names.h, made from the symbols of mmr::core and included before everything), so that it can
 * be linked beside mmr::core.
 */
#include "core/batch.h"
#include "core/list.h"
#include "core/step.h"

static void listen(struct mmr_machine *m, struct mmr_story *story)
{
	m->story = story;
	for (unsigned int i = 0; i < m->nr_zones; i++)
		m->zones[i]->story = story;
}

struct mmr_page mmr_told_alloc_pages(struct mmr_machine *m, const struct mmr_request *req,
				     struct mmr_story *story)
{
	struct mmr_page page;

	listen(m, story);
	page = mmr_alloc_pages(m, req);
	listen(m, NULL);
	return page;
}

unsigned int mmr_told_alloc_pages_bulk(struct mmr_machine *m, const struct mmr_request *req,
				       unsigned int nr_pages, uint32_t *pfns, struct mmr_story *story)
{
	unsigned int nr;

	listen(m, story);
	nr = mmr_alloc_pages_bulk(m, req, nr_pages, 0, pfns);
	listen(m, NULL);
	return nr;
}

uint32_t mmr_told_refill(struct mmr_machine *m, unsigned int cpu_id, struct zone *zone, unsigned int order,
			 unsigned int mt, struct mmr_story *story)
{
	struct mmr_cpu *cpu = &m->cpus[cpu_id];
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu_id];
	enum rmqueue_mode mode = RMQUEUE_NORMAL;
	uint32_t pfn;

	listen(m, story);
	if (pcp_allowed_order(order) && mt < MIGRATE_PCPTYPES) {
		struct pcp_list *list = &pcp->lists[order_to_pindex(mt, order)];

		story_pcp(cpu, zone, order, mt, MMR_STORY_BEFORE);
		pfn = pcp_list_empty(list) ? rmqueue_pcplist_refill(cpu, zone, pcp, order, mt, ALLOC_WMARK_LOW)
					   : pcp_list_pop(m, list);
		pcp->count -= pfn == MMR_NO_PFN ? 0 : 1 << order;
		story_pop(cpu, zone, order, mt, pfn);
	} else {
		tell(zone, MMR_STORY_BUDDY, .order = (uint8_t)order, .mt = (uint8_t)mt);
		pfn = rmqueue_inner(cpu, zone, order, mt, ALLOC_WMARK_LOW, &mode);
	}
	listen(m, NULL);
	return pfn;
}

int mmr_told_free_pages(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu,
			uint8_t *path, struct mmr_story *story)
{
	int rc;

	listen(m, story);
	rc = mmr_free_pages(m, pfn, order, cpu, path);
	listen(m, NULL);
	return rc;
}

void mmr_told_free_past_list(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu,
			     struct mmr_story *story)
{
	struct zone *zone = mmr_step_zone(m, pfn, order);

	listen(m, story);
	story_free(&m->cpus[cpu], zone, pfn, order, mmr_step_pageblock(m, pfn), MMR_STORY_LOCKED);
	mmr_step_insert(m, cpu, zone, pfn, order, false);
	listen(m, NULL);
}

int mmr_told_free_contig_range(struct mmr_machine *m, uint32_t pfn, uint32_t nr_pages, unsigned int cpu,
			       struct mmr_story *story)
{
	int rc;

	listen(m, story);
	rc = mmr_free_contig_range(m, pfn, nr_pages, cpu);
	listen(m, NULL);
	return rc;
}

void mmr_told_insert_as(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn,
			unsigned int order, unsigned int mt, struct mmr_story *story)
{
	listen(m, story);
	mmr_step_insert_as(m, cpu, zone, pfn, order, mt);
	listen(m, NULL);
}
