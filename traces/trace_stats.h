/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trace holds, counted: by kind of event, by task, by CPU. Reads no event, only heads and runs. */
#ifndef MMR_TRACES_TRACE_STATS_H
#define MMR_TRACES_TRACE_STATS_H

#include "traces/trace_reader.h"

/** struct trace_class_count - a kind of event and how often it is in the trace */
struct trace_class_count {
	struct trace_class cls;
	uint64_t nr_events;
};

/** struct trace_cpu_count - a CPU that has events, and from when to when */
struct trace_cpu_count {
	uint32_t cpu;
	uint64_t nr_events, first_ns, last_ns;
};

/**
 * struct trace_stats - arrays are owned, see trace_stats_deinit()
 * @task_events: [nr_tasks of the summary]; @no_task_events: events of no known task
 * @damage: messages of blocks that could not be read, [nr_damage]; those the reader knew included
 * @nr_damaged_events: what the headers of events blocks among these count; in none of the other counts
 */
struct trace_stats {
	uint32_t nr_classes;
	struct trace_class_count *classes;
	uint64_t *task_events, no_task_events;
	uint32_t nr_cpus;
	struct trace_cpu_count *cpus;
	uint32_t nr_damage;
	char **damage;
	uint64_t nr_damaged_events;
};

/**
 * trace_stats_collect - count the whole trace; every events block's checksum is verified on the way
 * @progress: called now and then with bytes done and all bytes; may be NULL
 *
 * Damaged blocks are noted and passed over. Does not disturb trace_reader_next().
 * Return: 0; -ENOMEM
 */
int trace_stats_collect(struct trace_reader *reader, struct trace_stats *ret,
			void (*progress)(void *ctx, uint64_t done, uint64_t all), void *ctx,
			struct mmr_error *err);
void trace_stats_deinit(struct trace_stats *stats);

#endif
