// SPDX-License-Identifier: GPL-2.0-or-later
/* CPUs that come and go: whose lists are drained, and how those of the others are sized. */
#include <errno.h>

#include "core/internal.h"

bool mmr_cpu_online(const struct mmr_machine *m, unsigned int cpu)
{
	/* Every zone says the same of a CPU. */
	return cpu < m->nr_cpus && !m->zones[0]->per_cpu_pageset[cpu].offline;
}

/* A list of a CPU that is gone holds nothing and takes nothing; its high comes back with the CPU. */
static void set_offline(struct mmr_machine *m, unsigned int cpu, bool offline)
{
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct per_cpu_pages *pcp = &m->zones[i]->per_cpu_pageset[cpu];

		pcp->offline = offline;
		if (offline)
			pcp->offline_high = pcp->high;
		pcp->high = offline ? 0 : pcp->offline_high;
	}
}

/* Another CPU cleans up behind a dead one. Source: page_alloc_cpu_dead(), mm/page_alloc.c, v6.12. */
static void cpu_dead(struct mmr_machine *m, unsigned int dead)
{
	struct mmr_cpu *cpu = &m->cpus[0];
	struct zone *zone;
	unsigned int i;

	while (!mmr_cpu_online(m, cpu->id) || cpu->id == dead)
		cpu++;
	for_each_populated_zone (m, zone, i)
		drain_pages_zone(cpu, dead, zone);
	for_each_populated_zone (m, zone, i) {
		struct per_cpu_zonestat *stat = &zone->per_cpu_zonestats[dead];

		shared_add(zone->vm_stat_free, stat->vm_stat_diff);
		shared_set(stat->vm_stat_diff, 0);
	}
	set_offline(m, dead, true);
	m->nr_online_cpus--;
	m->nodes[m->cpu_node[dead]].nr_cpus--;
}

/*
 * While it comes up the CPU is in no node's mask yet: the kernel counts it apart, and for every
 * node. The sizes stay so until the next time they are computed.
 */
static void cpu_online(struct mmr_machine *m, unsigned int cpu)
{
	set_offline(m, cpu, false);
	setup_zone_pagesets(m, 1);
	m->nr_online_cpus++;
	m->nodes[m->cpu_node[cpu]].nr_cpus++;
}

int mmr_cpu_set_online(struct mmr_machine *m, unsigned int cpu, bool online, struct mmr_error *err)
{
	if (cpu >= m->nr_cpus)
		return mmr_err(err, -EINVAL, "hotplug: cpu %u, the machine has 0..%u", cpu, m->nr_cpus - 1);
	if (online == mmr_cpu_online(m, cpu))
		return 0;
	if (!online && m->nr_online_cpus == 1)
		return mmr_err(err, -EBUSY, "hotplug: cpu %u is the last one online", cpu);
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		m->zones[i]->recorded_pageset = false;
		m->zones[i]->recorded_stat_threshold = 0;
	}
	if (online) {
		cpu_online(m, cpu);
	} else {
		cpu_dead(m, cpu);
		setup_zone_pagesets(m, 0);
	}
	refresh_zone_stat_thresholds(m);
	return 0;
}
