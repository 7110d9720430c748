// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded events -> requests. */
#include "replay/translate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *placement_name(enum placement placement)
{
	return placement == PLACEMENT_IDENTITY ? "identity" : "round-robin";
}

/* The @nth CPU of @node, counting around; the machine's first CPU where the node has none. */
static uint16_t nth_cpu_of_node(const struct machine *machine, unsigned int node, unsigned int nth)
{
	unsigned int count = 0;

	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++)
		count += machine->cpu_node[cpu] == node;
	if (!count)
		return 0;
	nth %= count;
	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++) {
		if (machine->cpu_node[cpu] == node && nth-- == 0)
			return (uint16_t)cpu;
	}
	return 0;
}

static void place_round_robin(struct translate *t, const struct machine *machine)
{
	unsigned int with_cpus[MAX_NUMNODES], nr = 0;

	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++) {
			if (machine->cpu_node[cpu] == n) {
				with_cpus[nr++] = n;
				break;
			}
		}
	}
	for (unsigned int cpu = 0; cpu < t->nr_recorded_cpus; cpu++)
		t->cpu[cpu] = nth_cpu_of_node(machine, with_cpus[cpu % nr], cpu / nr);
}

static bool same_cpus(const struct machine *recorded, const struct machine *machine)
{
	return recorded->nr_nodes == machine->nr_nodes && recorded->nr_cpus <= machine->nr_cpus &&
	       memcmp(recorded->cpu_node, machine->cpu_node, recorded->nr_cpus * sizeof(*machine->cpu_node)) ==
		       0;
}

int translate_init(struct translate *t, struct trace_reader *reader, const struct machine *recorded,
		   const struct machine *machine, struct mmr_error *err)
{
	int rc;

	*t = (struct translate){
		.placement = same_cpus(recorded, machine) ? PLACEMENT_IDENTITY : PLACEMENT_ROUND_ROBIN,
		.nr_recorded_cpus = recorded->nr_cpus,
		.nr_recorded_nodes = recorded->nr_nodes,
		.cpu = calloc(recorded->nr_cpus, sizeof(*t->cpu)),
		.node = calloc(recorded->nr_nodes, sizeof(*t->node)),
	};
	if (!t->cpu || !t->node) {
		translate_deinit(t);
		return mmr_err(err, -ENOMEM, "no memory to map %u recorded CPUs", recorded->nr_cpus);
	}
	if (t->placement == PLACEMENT_IDENTITY) {
		for (unsigned int cpu = 0; cpu < recorded->nr_cpus; cpu++)
			t->cpu[cpu] = (uint16_t)cpu;
	} else {
		place_round_robin(t, machine);
	}
	for (unsigned int node = 0; node < recorded->nr_nodes; node++)
		t->node[node] = (int16_t)(node % machine->nr_nodes);
	rc = named_nodes_init(&t->named, reader, recorded, err);
	if (rc)
		translate_deinit(t);
	return rc;
}

void translate_deinit(struct translate *t)
{
	free(t->cpu);
	free(t->node);
	named_nodes_deinit(&t->named);
	memset(t, 0, sizeof(*t));
}

struct mmr_request translate_alloc(struct translate *t, const struct trace_event *event, gfp_t gfp)
{
	struct mmr_request request = {
		.gfp = gfp,
		.cpu = (uint16_t)translate_cpu(t, event->cpu),
		.nid = NUMA_NO_NODE,
		.order = event->order,
		.pf_memalloc = (event->flags & TRACE_F_PF_MEMALLOC) != 0,
	};

	if (__builtin_expect(t->named.nr_zones != 0, 0)) {
		int16_t nid = named_node(&t->named, event, gfp);

		if (nid != NUMA_NO_NODE)
			request.nid = t->node[nid];
	}
	return request;
}
