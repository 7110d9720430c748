/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a recording says to what the core is asked: the only place that knows both
 * vocabularies. Events become requests of CPUs of the machine that is replayed on.
 */
#ifndef MMR_REPLAY_TRANSLATE_H
#define MMR_REPLAY_TRANSLATE_H

#include "core/page_alloc.h"
#include "replay/machine.h"
#include "replay/named_node.h"
#include "traces/trace.h"

/** enum placement - how recorded CPUs map to the machine's */
enum placement {
	PLACEMENT_IDENTITY, /* same CPU number; the machine has the same nodes and enough CPUs */
	PLACEMENT_ROUND_ROBIN, /* recorded CPU i goes to node i mod n (nodes that have CPUs) */
};
const char *placement_name(enum placement placement);

/**
 * struct translate - tables of one replay
 * @cpu: machine CPU of each recorded CPU, [nr_recorded_cpus]
 * @node: machine node of each recorded node, [nr_recorded_nodes]
 * @named: which requests named a node of the recorded machine
 */
struct translate {
	enum placement placement;
	unsigned int nr_recorded_cpus, nr_recorded_nodes;
	uint16_t *cpu;
	int16_t *node;
	struct named_nodes named;
};

/** translate_init - Return: 0; -ENOMEM; -EBADMSG a damaged keyframe of @reader */
int translate_init(struct translate *t, struct trace_reader *reader, const struct machine *recorded,
		   const struct machine *machine, struct mmr_error *err);
void translate_deinit(struct translate *t);

/**
 * translate_alloc - the request behind a recorded mm_page_alloc
 *
 * A request that named a node (named_node.h) names the node that has its number here; where there are
 * fewer, they are counted around.
 */
struct mmr_request translate_alloc(struct translate *t, const struct trace_event *event, gfp_t gfp);

/** translate_follow - any other event of the recording, in order: the recorded nodes fill and empty */
static inline void translate_follow(struct translate *t, const struct trace_event *event)
{
	if (__builtin_expect(t->named.nr_zones != 0, 0))
		named_nodes_follow(&t->named, event);
}

/** translate_is_plain - do all requests follow from their flags and their CPU alone? */
static inline bool translate_is_plain(const struct translate *t)
{
	return t->named.nr_zones == 0;
}

/** translate_cpu - machine CPU of a recorded one */
static inline unsigned int translate_cpu(const struct translate *t, unsigned int recorded_cpu)
{
	return t->cpu[recorded_cpu < t->nr_recorded_cpus ? recorded_cpu : 0];
}

#endif
