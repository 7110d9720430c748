// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages in use since before the recording began.
 *
 * On the recorded machine they are known by their frames. Where the replay begins with the state of another
 * one, and the recording frees such a page, nobody knows which page that is here; but one there is, for the
 * other machine had the like in use. The rule: a page lies on the node of who frees it if it did so in the
 * recording, else on the node that stands for its own; in the zone of the same kind, or the next lower one
 * there is; and there it is the frame of the same number, where the zone has it, else the one as far into the
 * zone; or the first one behind it that has been in use from the beginning. So many pages fewer are in use,
 * near the right place, and freed by the right CPU.
 */
#include <stdlib.h>

#include "core/step.h"
#include "replay/engine/engine_internal.h"

static bool zone_holds(const struct mmr_zone_config *zone, uint32_t pfn)
{
	return zone->spanned_pages && pfn - zone->start_pfn < zone->spanned_pages;
}

/* Where a page of a machine lies. Return: false where it has no such page. */
static bool find_zone(const struct machine *machine, uint32_t pfn, unsigned int *nid, int *zone)
{
	for (*nid = 0; *nid < machine->nr_nodes; (*nid)++)
		for (*zone = 0; *zone < MAX_NR_ZONES; (*zone)++)
			if (zone_holds(&machine->nodes[*nid].zones[*zone], pfn))
				return true;
	return false;
}

/* A node's zone for what lay in zone @kind: the same, or the next lower one, or the lowest; NULL where it has
 * none. */
static const struct mmr_zone_config *zone_like(const struct machine *machine, unsigned int nid, int kind)
{
	const struct mmr_zone_config *zones = machine->nodes[nid].zones;

	for (int z = kind; z >= 0; z--)
		if (zones[z].managed_pages)
			return &zones[z];
	for (int z = kind + 1; z < MAX_NR_ZONES; z++)
		if (zones[z].managed_pages)
			return &zones[z];
	return NULL;
}

/* Has the whole block been in use from the beginning? */
static bool is_old(const struct engine *e, uint32_t pfn, unsigned int order)
{
	for (uint32_t at = pfn; at < pfn + (1u << order); at++)
		if (mmr_page_state(e->core, at) != MMR_PAGE_BOOT)
			return false;
	return mmr_step_zone(e->core, pfn, order) != NULL;
}

/* The first such block from @pfn on, around the zone. */
static uint32_t search(const struct engine *e, const struct mmr_zone_config *zone, uint32_t pfn,
		       unsigned int order)
{
	uint32_t step = 1u << order, first = (zone->start_pfn + step - 1) & ~(step - 1);
	uint32_t nr = (zone->start_pfn + zone->spanned_pages - first) / step, at = (pfn - first) / step;

	if (pfn < first || !zone_holds(zone, first))
		at = 0;
	for (uint32_t tried = 0; tried < nr; tried++, at++) {
		at = at < nr ? at : 0;
		if (is_old(e, first + at * step, order))
			return first + at * step;
	}
	return MMR_NO_PFN;
}

uint32_t engine_stand_in(struct engine *e, const struct trace_event *event)
{
	const struct machine *machine = e->options.machine, *recorded = e->options.recorded;
	const struct mmr_zone_config *from, *to;
	unsigned int nid;
	uint32_t pfn;
	int kind;

	if (e->start != ENGINE_START_RECORDED || e->backend->kind != BACKEND_CORE)
		return MMR_NO_PFN;
	if (!e->options.start_from)
		return mmr_page_state(e->core, event->pfn) == MMR_PAGE_BOOT ? event->pfn : MMR_NO_PFN;
	if (e->translate.copies > 1 || event->cpu >= recorded->nr_cpus ||
	    !find_zone(recorded, event->pfn, &nid, &kind))
		return MMR_NO_PFN;
	from = &recorded->nodes[nid].zones[kind];
	if (recorded->cpu_node[event->cpu] == nid)
		nid = machine->cpu_node[translate_cpu(&e->translate, event->cpu)];
	else
		nid = (unsigned int)e->translate.node[nid];
	to = zone_like(machine, nid, kind);
	if (!to)
		return MMR_NO_PFN;
	if (zone_holds(to, event->pfn))
		pfn = event->pfn;
	else
		pfn = to->start_pfn + (uint32_t)((double)(event->pfn - from->start_pfn) / from->spanned_pages *
						 to->spanned_pages);
	return search(e, to, pfn, event->order);
}
