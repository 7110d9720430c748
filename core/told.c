// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way in to mmr::core_told. In this build every other exported name of core has the prefix told_
 * (told_names.h, made from the symbols of mmr::core and included before everything), so that it can
 * be linked beside mmr::core.
 */
#include "core/internal.h"
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

int mmr_told_free_pages(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu,
			uint8_t *path, struct mmr_story *story)
{
	int rc;

	listen(m, story);
	rc = mmr_free_pages(m, pfn, order, cpu, path);
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
