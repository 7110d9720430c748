// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded events -> requests. */
#include "replay/engine/translate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int translate_place(struct translate *t, const struct machine *machine, enum placement placement,
		    const char *map, unsigned int copies, uint32_t copy_pages, struct mmr_error *err)
{
	unsigned int nr_cpus = t->recorded->nr_cpus * copies;
	uint16_t *cpu = calloc(UINT16_MAX + 1, sizeof(*cpu));
	int rc;

	if (!cpu)
		return mmr_err(err, -ENOMEM, "no memory to map %u recorded CPUs", nr_cpus);
	rc = placement_cpus(&placement, map, t->recorded, copies, machine, cpu, err);
	if (rc) {
		free(cpu);
		return rc;
	}
	for (unsigned int i = 0; i <= UINT16_MAX; i++)
		cpu[i] = i < nr_cpus ? (uint16_t)machine_online_cpu(machine, cpu[i]) : cpu[0];
	free(t->cpu);
	t->cpu = cpu;
	t->nr_recorded_cpus = nr_cpus;
	t->placement = placement;
	t->copies = copies;
	t->copy_pages = copy_pages;
	placement_nodes(placement, t->recorded, machine, cpu, t->node);
	return 0;
}

/* Kernels with HighMem are built without ZONE_DMA32. */
static bool has_highmem(const struct machine *machine)
{
	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		if (machine->nodes[n].zones[ZONE_HIGHMEM].spanned_pages)
			return true;
	return false;
}

/*
 * __GFP_THISNODE on a CPU whose node has no memory is refused by the kernel, and its caller then asks
 * otherwise: a request that the recording cannot hold. The nearest node with memory stands for it.
 */
static int find_near_nodes(struct translate *t, const struct machine *machine, struct mmr_error *err)
{
	bool all = true;

	for (unsigned int cpu = 0; cpu < machine->nr_cpus && all; cpu++)
		all = machine_node_pages(machine, machine->cpu_node[cpu]) != 0;
	if (all)
		return 0;
	t->near_node = calloc(machine->nr_cpus, sizeof(*t->near_node));
	if (!t->near_node)
		return mmr_err(err, -ENOMEM, "no memory to map %u CPUs", machine->nr_cpus);
	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++)
		t->near_node[cpu] = (int16_t)machine_wanted_node(machine, machine->cpu_node[cpu]);
	return 0;
}

int translate_init(struct translate *t, struct trace_reader *reader, const struct machine *recorded,
		   const struct machine *machine, struct mmr_error *err)
{
	int rc;

	*t = (struct translate){
		.nr_recorded_nodes = recorded->nr_nodes,
		.node = calloc(recorded->nr_nodes, sizeof(*t->node)),
		.recorded = recorded,
		.drop_dma32 = has_highmem(machine),
	};
	if (!t->node)
		return mmr_err(err, -ENOMEM, "no memory to map %u recorded nodes", recorded->nr_nodes);
	rc = translate_place(t, machine, PLACEMENT_AUTO, NULL, 1, 0, err);
	rc = rc ? rc : find_near_nodes(t, machine, err);
	rc = rc ? rc : named_nodes_init(&t->named, reader, recorded, err);
	if (rc)
		translate_deinit(t);
	return rc;
}

void translate_deinit(struct translate *t)
{
	free(t->cpu);
	free(t->node);
	free(t->near_node);
	named_nodes_deinit(&t->named);
	memset(t, 0, sizeof(*t));
}

/* As the first copy's event would be: the recorded machine's own numbers. */
static struct trace_event as_recorded(const struct translate *t, const struct trace_event *event)
{
	struct trace_event own = *event;

	own.cpu = (uint16_t)(event->cpu % t->recorded->nr_cpus);
	own.pfn = event->pfn % t->copy_pages;
	return own;
}

struct mmr_request translate_alloc(struct translate *t, const struct trace_event *event, gfp_t gfp)
{
	struct mmr_request request = {
		.gfp = gfp,
		.cpu = (uint16_t)translate_event_cpu(t, event),
		.nid = NUMA_NO_NODE,
		.order = event->order,
		.pf_memalloc = (event->flags & TRACE_F_PF_MEMALLOC) != 0,
	};

	if (__builtin_expect(t->named.nr_zones != 0, 0)) {
		struct trace_event own;
		int16_t nid;

		if (t->copies > 1)
			own = as_recorded(t, event);
		nid = named_node(&t->named, t->copies > 1 ? &own : event, gfp, machine_highest_zone(gfp));

		if (nid != NUMA_NO_NODE)
			request.nid = t->node[nid];
	}
	if (t->near_node && request.nid == NUMA_NO_NODE && (gfp & MMR_GFP_THISNODE))
		request.nid = t->near_node[request.cpu];
	return request;
}
