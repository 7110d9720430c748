// SPDX-License-Identifier: GPL-2.0-or-later
/* What of a machine is no matter of its memory: CPUs that are offline, and where its nodes demote to. */
#include "replay/machines/machine.h"

bool machine_cpu_online(const struct machine *machine, unsigned int cpu)
{
	return !machine->offline || !machine->offline[cpu];
}

unsigned int machine_online_cpu(const struct machine *machine, unsigned int cpu)
{
	unsigned int best = cpu;

	if (machine_cpu_online(machine, cpu))
		return cpu;
	for (unsigned int i = 1; i < machine->nr_cpus; i++) {
		unsigned int next = (cpu + i) % machine->nr_cpus;

		if (!machine_cpu_online(machine, next))
			continue;
		if (machine->cpu_node[next] == machine->cpu_node[cpu])
			return next;
		best = best == cpu ? next : best;
	}
	return best;
}

/* The tier that comes after @tier, slower: the least above it that has memory. MACHINE_NO_TIER for none. */
static int next_tier(const struct machine *machine, int tier)
{
	int next = MACHINE_NO_TIER;

	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		if (machine->tier[n] > tier && machine_node_pages(machine, n) &&
		    (next == MACHINE_NO_TIER || machine->tier[n] < next))
			next = machine->tier[n];
	}
	return next;
}

bool machine_demotion(const struct machine *machine, unsigned int nid, struct mmr_demotion *ret)
{
	unsigned int nearest = UINT8_MAX;
	int tier, next;

	*ret = (struct mmr_demotion){0};
	if (!machine->demotion || !machine->tier || machine->tier[nid] == MACHINE_NO_TIER ||
	    !machine_node_pages(machine, nid))
		return false;
	tier = machine->tier[nid];
	next = next_tier(machine, tier);
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		unsigned int distance = machine->distance[nid * machine->nr_nodes + n];

		if (machine->tier[n] <= tier || !machine_node_pages(machine, n))
			continue;
		ret->lower |= 1ull << n;
		if (machine->tier[n] != next || distance > nearest)
			continue;
		if (distance < nearest)
			ret->preferred = 0;
		nearest = distance;
		ret->preferred |= 1ull << n;
	}
	return ret->lower != 0;
}

int machine_begin(const struct machine *machine, struct mmr_machine *core, struct mmr_error *err)
{
	struct mmr_demotion demotion;
	int rc = 0;

	for (unsigned int cpu = 0; cpu < machine->nr_cpus && !rc; cpu++) {
		if (!machine_cpu_online(machine, cpu))
			rc = mmr_cpu_set_online(core, cpu, false, err);
	}
	for (unsigned int nid = 0; nid < machine->nr_nodes && !rc; nid++) {
		if (machine_demotion(machine, nid, &demotion))
			rc = mmr_node_set_demotion(core, nid, &demotion, err);
	}
	return rc;
}
