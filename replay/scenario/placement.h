/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the recorded CPUs are on the machine that is replayed on.
 *
 * A recording of several copies has the CPUs of each behind those of the one before: CPU c of copy k
 * is recorded CPU k * nr_cpus + c.
 */
#ifndef MMR_REPLAY_PLACEMENT_H
#define MMR_REPLAY_PLACEMENT_H

#include "replay/machines/machine.h"

/** enum placement - how recorded CPUs map to the machine's */
enum placement {
	PLACEMENT_AUTO, /* identity where the machine has the recorded CPUs on the same nodes, else round-robin
			 */
	PLACEMENT_IDENTITY, /* CPU n is CPU n */
	PLACEMENT_BY_NODE, /* recorded node n is node n (modulo nodes with CPUs), its CPUs in order */
	PLACEMENT_ROUND_ROBIN, /* one CPU to each node in turn */
	PLACEMENT_PACKED, /* fill the first node's CPUs, then the next one's */
	PLACEMENT_EXPLICIT, /* as a map says */
	NR_PLACEMENTS
};

/** placement_name - "auto", "identity", "by-node", "round-robin", "packed", "explicit" */
const char *placement_name(enum placement placement);

/**
 * placement_parse - one of the names, or a map such as "0-3=8-11,4=0" ("explicit:" may stand before it)
 * @map: set to the map's text inside @text, else to NULL
 * Return: 0; -EINVAL naming what there is.
 */
int placement_parse(const char *text, enum placement *placement, const char **map, struct mmr_error *err);

/**
 * placement_cpus - find every recorded CPU a place
 * @placement: AUTO is set to what it came to
 * @copies: of the recorded machine's CPUs
 * @cpu: filled, [recorded->nr_cpus * @copies]
 * Return: 0; -EINVAL where the machine lacks a CPU of the map, or a recorded CPU has no place.
 */
int placement_cpus(enum placement *placement, const char *map, const struct machine *recorded,
		   unsigned int copies, const struct machine *machine, uint16_t *cpu, struct mmr_error *err);

/**
 * placement_nodes - the node that stands for each recorded one, where a request names its node
 *
 * The node of its first CPU. Round-robin tears nodes apart: there, and for nodes without CPUs and
 * those whose place has no memory, the nodes with memory are counted around.
 * @cpu: as placement_cpus() filled it, and @placement as it left it
 * @node: filled, [recorded->nr_nodes]
 */
void placement_nodes(enum placement placement, const struct machine *recorded, const struct machine *machine,
		     const uint16_t *cpu, int16_t *node);

#endif
