/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a recording says to what the core is asked: the only place that knows both
 * vocabularies. Events become requests of CPUs of the machine that is replayed on.
 */
#ifndef MMR_REPLAY_TRANSLATE_H
#define MMR_REPLAY_TRANSLATE_H

#include "core/page_alloc.h"
#include "replay/scenario/placement.h"
#include "replay/scenario/task_place.h"
#include "replay/trust/named_node.h"
#include "traces/trace.h"

/**
 * struct translate - tables of one replay
 * @cpu: machine CPU of each recorded CPU, [UINT16_MAX + 1]; those of a second copy behind the first's, and from
 *	@nr_recorded_cpus on, where no event should be, the first CPU's
 * @node: machine node of each recorded node, [nr_recorded_nodes]
 * @named: which requests named a node of the recorded machine
 * @recorded: the recorded machine; borrowed
 * @copies: of the recording; @copy_pages: page frame numbers from one copy to the next (stream.h)
 * @drop_dma32: the machine has no such zone: __GFP_DMA32 asks for low memory there
 * @near_node: by machine CPU, the node that a request for its own node alone goes to; NULL where every
 *	node with CPUs has memory of its own
 * @tasks: policies and cpusets, NULL where no rule was given; borrowed
 */
struct translate {
	enum placement placement;
	unsigned int nr_recorded_cpus, nr_recorded_nodes;
	uint16_t *cpu;
	int16_t *node;
	struct named_nodes named;
	const struct machine *recorded;
	unsigned int copies;
	uint32_t copy_pages;
	bool drop_dma32;
	int16_t *near_node;
	struct task_places *tasks;
};

/** translate_init - Return: 0; -ENOMEM; -EBADMSG a damaged keyframe of @reader */
int translate_init(struct translate *t, struct trace_reader *reader, const struct machine *recorded,
		   const struct machine *machine, struct mmr_error *err);
void translate_deinit(struct translate *t);

/**
 * translate_place - place the recorded CPUs otherwise than translate_init() did
 * @map: of PLACEMENT_EXPLICIT, else NULL
 * @copies: of the recording, 1 .. ; @copy_pages: see struct translate
 * Return: 0; -EINVAL where they have no place; -ENOMEM.
 */
int translate_place(struct translate *t, const struct machine *machine, enum placement placement,
		    const char *map, unsigned int copies, uint32_t copy_pages, struct mmr_error *err);

/**
 * translate_alloc - the request behind a recorded mm_page_alloc
 *
 * A request that named a node (named_node.h) names the node that stands for it here (placement.h). Of
 * several copies the recorded nodes are followed by the first; the others' requests are held to the same.
 */
struct mmr_request translate_alloc(struct translate *t, const struct trace_event *event, gfp_t gfp);

/** translate_follow - any other event of the recording, in order: the recorded nodes fill and empty */
static inline void translate_follow(struct translate *t, const struct trace_event *event)
{
	if (__builtin_expect(t->named.nr_zones != 0, 0) && event->cpu < t->named.nr_cpus)
		named_nodes_follow(&t->named, event);
}

/**
 * enum translate_way - what a request follows from
 *
 * All requests of a replay go the same way, but for those of tasks with rules.
 */
enum translate_way {
	TRANSLATE_PLAIN, /* its flags and its CPU alone */
	TRANSLATE_NAMED, /* and the node it named: translate_named_node() */
	TRANSLATE_ANY, /* translate_alloc() */
};

static inline enum translate_way translate_way(const struct translate *t)
{
	if (t->tasks || t->near_node || (t->named.nr_zones && t->copies > 1))
		return TRANSLATE_ANY;
	return t->named.nr_zones ? TRANSLATE_NAMED : TRANSLATE_PLAIN;
}

/** translate_named_node - machine node of the one that the request behind @event named, or NUMA_NO_NODE */
static inline int16_t translate_named_node(struct translate *t, const struct trace_event *event, gfp_t gfp,
					   unsigned int highest)
{
	int16_t nid = named_node(&t->named, event, gfp, highest);

	return nid == NUMA_NO_NODE ? nid : t->node[nid];
}

/** translate_gfp - what a recorded class of requests asks for on this machine */
static inline gfp_t translate_gfp(const struct translate *t, gfp_t gfp)
{
	return t->drop_dma32 ? gfp & ~MMR_GFP_DMA32 : gfp;
}

/** translate_cpu - machine CPU of a recorded one */
static inline unsigned int translate_cpu(const struct translate *t, uint16_t recorded_cpu)
{
	return t->cpu[recorded_cpu];
}

/** translate_event_cpu - machine CPU that an event happens on: its task may have a cpuset */
static inline unsigned int translate_event_cpu(const struct translate *t, const struct trace_event *event)
{
	unsigned int cpu = translate_cpu(t, event->cpu);

	return __builtin_expect(t->tasks != NULL, 0) ? task_places_cpu(t->tasks, event, cpu) : cpu;
}

#endif
