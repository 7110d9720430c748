// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way in to mmr::core_locked. In this build every other exported name of core has the prefix locked_
 * (locked_names.h, made from the symbols of mmr::core and included before everything), so that it can
 * be linked beside mmr::core.
 */
#include "core/locked.h"

#include "core/internal.h"

struct mmr_page mmr_locked_alloc_pages(struct mmr_machine *m, const struct mmr_request *req)
{
	return mmr_alloc_pages(m, req);
}

int mmr_locked_free_pages(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu,
			  uint8_t *path)
{
	return mmr_free_pages(m, pfn, order, cpu, path);
}

void mmr_locked_vmstat_update(struct mmr_machine *m, unsigned int cpu)
{
	mmr_vmstat_update(m, cpu);
}

void mmr_locked_watch(struct mmr_machine *m, unsigned int nid, enum zone_type zone,
		      struct mmr_lock_times *times)
{
	m->nodes[nid].node_zones[zone].lock_times = times;
}
