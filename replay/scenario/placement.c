// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded CPUs to the machine's. */
#include "replay/scenario/placement.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[NR_PLACEMENTS] = {"auto",        "identity", "by-node",
						 "round-robin", "packed",   "explicit"};

const char *placement_name(enum placement placement)
{
	return names[placement];
}

/* "8-11" or "4" at *@text, which moves behind it. */
static bool cpu_range(const char **text, unsigned int *first, unsigned int *last)
{
	int len = 0, more = 0;

	if (sscanf(*text, "%u%n", first, &len) != 1 || !len || (*text)[0] < '0' || (*text)[0] > '9')
		return false;
	*text += len;
	*last = *first;
	if (**text == '-') {
		if ((*text)[1] < '0' || (*text)[1] > '9' || sscanf(*text + 1, "%u%n", last, &more) != 1)
			return false;
		*text += 1 + more;
	}
	return *first <= *last;
}

/* struct map_part - "0-3=8-11": recorded CPUs, and where they go */
struct map_part {
	unsigned int from, to, first, last;
};

/* The part at *@text, which moves behind it and its comma. Return: false for anything else. */
static bool map_part(const char **text, struct map_part *part)
{
	if (!cpu_range(text, &part->from, &part->to) || *(*text)++ != '=' ||
	    !cpu_range(text, &part->first, &part->last))
		return false;
	if (**text == ',')
		return *++*text != '\0';
	return **text == '\0';
}

static bool is_map(const char *text)
{
	struct map_part part;

	do {
		if (!map_part(&text, &part))
			return false;
	} while (*text);
	return true;
}

int placement_parse(const char *text, enum placement *placement, const char **map, struct mmr_error *err)
{
	static const char explicit_prefix[] = "explicit:";

	*map = NULL;
	for (*placement = PLACEMENT_AUTO; *placement < PLACEMENT_EXPLICIT; (*placement)++)
		if (strcmp(text, names[*placement]) == 0)
			return 0;
	if (strncmp(text, explicit_prefix, sizeof(explicit_prefix) - 1) == 0)
		text += sizeof(explicit_prefix) - 1;
	*placement = PLACEMENT_EXPLICIT;
	*map = text;
	if (is_map(text))
		return 0;
	if (strchr(text, '='))
		return mmr_err(err, -EINVAL,
			       "map \"%s\", expected recorded CPUs, =, CPUs of the machine, as in 0-3=8-11,4=0",
			       text);
	return mmr_err(err, -EINVAL,
		       "\"%s\", expected auto, identity, by-node, round-robin, packed, or a map of recorded to "
		       "modelled "
		       "CPUs such as 0-3=8-11,4=0",
		       text);
}

/* ---- machines, by node ------------------------------------------------------------------------ */

static unsigned int node_cpus(const struct machine *machine, unsigned int node)
{
	unsigned int count = 0;

	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++)
		count += machine->cpu_node[cpu] == node;
	return count;
}

/* The @nth CPU of @node, counting around. The node has one. */
static uint16_t nth_cpu_of_node(const struct machine *machine, unsigned int node, unsigned int nth)
{
	nth %= node_cpus(machine, node);
	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++) {
		if (machine->cpu_node[cpu] == node && nth-- == 0)
			return (uint16_t)cpu;
	}
	return 0;
}

static unsigned int nodes_with_cpus(const struct machine *machine, unsigned int nodes[MAX_NUMNODES])
{
	unsigned int nr = 0;

	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		if (node_cpus(machine, n))
			nodes[nr++] = n;
	return nr;
}

static bool same_cpus(const struct machine *recorded, unsigned int copies, const struct machine *machine)
{
	if (recorded->nr_nodes != machine->nr_nodes || recorded->nr_cpus * copies > machine->nr_cpus)
		return false;
	for (unsigned int cpu = 0; cpu < recorded->nr_cpus * copies; cpu++)
		if (machine->cpu_node[cpu] != recorded->cpu_node[cpu % recorded->nr_cpus])
			return false;
	return true;
}

/* ---- the ways ---------------------------------------------------------------------------------- */

static void by_node(const struct machine *recorded, unsigned int copies, const struct machine *machine,
		    uint16_t *cpu)
{
	unsigned int nodes[MAX_NUMNODES], nr = nodes_with_cpus(machine, nodes), used[MAX_NUMNODES] = {0};

	for (unsigned int i = 0; i < recorded->nr_cpus * copies; i++) {
		unsigned int node = nodes[recorded->cpu_node[i % recorded->nr_cpus] % nr];

		cpu[i] = nth_cpu_of_node(machine, node, used[node]++);
	}
}

static void round_robin(const struct machine *machine, uint16_t *cpu, unsigned int nr_cpus)
{
	unsigned int nodes[MAX_NUMNODES], nr = nodes_with_cpus(machine, nodes);

	for (unsigned int i = 0; i < nr_cpus; i++)
		cpu[i] = nth_cpu_of_node(machine, nodes[i % nr], i / nr);
}

static void packed(const struct machine *machine, uint16_t *cpu, unsigned int nr_cpus)
{
	unsigned int nodes[MAX_NUMNODES], nr = nodes_with_cpus(machine, nodes), node = 0, in_node = 0;

	for (unsigned int i = 0; i < nr_cpus; i++) {
		if (in_node == node_cpus(machine, nodes[node])) {
			node = (node + 1) % nr;
			in_node = 0;
		}
		cpu[i] = nth_cpu_of_node(machine, nodes[node], in_node++);
	}
}

static int explicit_map(const char *map, const struct machine *machine, uint16_t *cpu, unsigned int nr_cpus,
			bool *placed, struct mmr_error *err)
{
	const char *at = map;

	while (*at) {
		struct map_part part;

		if (!map_part(&at, &part)) /* placement_parse() has looked */
			return mmr_err(err, -EINVAL, "map \"%s\" is none", map);
		if (part.to >= nr_cpus)
			return mmr_err(err, -EINVAL, "map \"%s\": recorded CPU %u, the recording has 0..%u",
				       map, part.to, nr_cpus - 1);
		if (part.last >= machine->nr_cpus)
			return mmr_err(err, -EINVAL, "map \"%s\": CPU %u, machine %s has 0..%u", map, part.last,
				       machine->name, machine->nr_cpus - 1);
		for (unsigned int i = part.from; i <= part.to; i++) {
			if (placed[i])
				return mmr_err(err, -EINVAL, "map \"%s\": recorded CPU %u has two places", map,
					       i);
			placed[i] = true;
			cpu[i] = (uint16_t)(part.first + (i - part.from) % (part.last - part.first + 1));
		}
	}
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (!placed[i])
			return mmr_err(err, -EINVAL,
				       "map \"%s\": recorded CPU %u has no place, expected all of 0..%u", map,
				       i, nr_cpus - 1);
	return 0;
}

int placement_cpus(enum placement *placement, const char *map, const struct machine *recorded,
		   unsigned int copies, const struct machine *machine, uint16_t *cpu, struct mmr_error *err)
{
	unsigned int nr_cpus = recorded->nr_cpus * copies;
	bool *placed;
	int rc;

	if (*placement == PLACEMENT_AUTO)
		*placement = same_cpus(recorded, copies, machine) ? PLACEMENT_IDENTITY : PLACEMENT_ROUND_ROBIN;
	switch (*placement) {
	case PLACEMENT_IDENTITY:
		if (nr_cpus > machine->nr_cpus)
			return mmr_err(err, -EINVAL,
				       "placement identity: the recording has %u CPUs, machine %s has %u",
				       nr_cpus, machine->name, machine->nr_cpus);
		for (unsigned int i = 0; i < nr_cpus; i++)
			cpu[i] = (uint16_t)i;
		return 0;
	case PLACEMENT_BY_NODE:
		by_node(recorded, copies, machine, cpu);
		return 0;
	case PLACEMENT_PACKED:
		packed(machine, cpu, nr_cpus);
		return 0;
	case PLACEMENT_EXPLICIT:
		placed = calloc(nr_cpus, sizeof(*placed));
		if (!placed)
			return mmr_err(err, -ENOMEM, "no memory to place %u CPUs", nr_cpus);
		rc = explicit_map(map, machine, cpu, nr_cpus, placed, err);
		free(placed);
		return rc ? mmr_err_prefix(err, "placement") : 0;
	default:
		round_robin(machine, cpu, nr_cpus);
		return 0;
	}
}

void placement_nodes(enum placement placement, const struct machine *recorded, const struct machine *machine,
		     const uint16_t *cpu, int16_t *node)
{
	unsigned int with_memory[MAX_NUMNODES], nr = 0;

	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		if (machine_node_pages(machine, n))
			with_memory[nr++] = n;
	for (unsigned int n = 0; n < recorded->nr_nodes; n++) {
		node[n] = (int16_t)with_memory[n % nr];
		for (unsigned int i = 0; i < recorded->nr_cpus && placement != PLACEMENT_ROUND_ROBIN; i++) {
			if (recorded->cpu_node[i] != n)
				continue;
			if (machine_node_pages(machine, machine->cpu_node[cpu[i]]))
				node[n] = (int16_t)machine->cpu_node[cpu[i]];
			break;
		}
	}
}
