/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine of any size at work, made up as it is read: blocks of events of many CPUs, none of them stored.
 * The same parameters give the same events.
 */
#ifndef MMR_TRACES_TESTS_SYNTH_SOURCE_H
#define MMR_TRACES_TESTS_SYNTH_SOURCE_H

#include "traces/trace_reader.h"

/**
 * struct synth_shape - @nr_events over all CPUs; @burst: events of a CPU in a row, on average, before it
 *	idles; 0 = each CPU always has something to do, so that each event is another CPU's
 */
struct synth_shape {
	uint32_t nr_cpus, nr_nodes;
	uint64_t nr_events, seed;
	uint32_t burst;
};

struct synth_source;

/** synth_source_create - NULL without memory */
struct synth_source *synth_source_create(const struct synth_shape *shape);
void synth_source_destroy(struct synth_source *synth);
/** synth_source_of - for trace_reader_open_source() */
const struct trace_source *synth_source_of(const struct synth_source *synth);
/** synth_source_hash - of the events made so far for @cpu, in their order */
uint64_t synth_source_hash(const struct synth_source *synth, uint32_t cpu);
/** synth_source_cpu_ns - CPU time spent making them */
uint64_t synth_source_cpu_ns(const struct synth_source *synth);

/** synth_hash - add an event to a hash that began with 0 */
static inline uint64_t synth_hash(uint64_t hash, uint64_t ts_ns, uint32_t pfn, uint32_t task, uint8_t type)
{
	hash = (hash ^ ts_ns) * 0x9e3779b97f4a7c15ull;
	hash ^= ((uint64_t)pfn << 32 | task) + type;
	return hash ^ hash >> 29;
}

#endif
