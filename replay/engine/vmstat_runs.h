/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When each CPU's vmstat worker ran, where a recording tells (its vmstat_fold events).
 *
 * The worker runs vm.stat_interval after its last run while it finds something to do, then not until a
 * deferrable timer on some CPU that is awake finds the CPU's counters changed; a CPU that goes idle folds them
 * without looking at its lists. All that follows from what the CPUs do between requests, which a recording
 * shows only in this way.
 */
#ifndef MMR_REPLAY_VMSTAT_RUNS_H
#define MMR_REPLAY_VMSTAT_RUNS_H

#include <stdbool.h>
#include <stddef.h>

#include "traces/trace_reader.h"

/**
 * struct vmstat_run - one refresh_cpu_vm_stats()
 * @cpu: recorded CPU;  @pagesets: by the worker, which also lets per-CPU lists decay; else by a CPU going idle
 */
struct vmstat_run {
	uint64_t ts_ns;
	uint16_t cpu;
	bool pagesets;
};

/** struct vmstat_runs - all of a recording's in order of time; @known: such events were watched */
struct vmstat_runs {
	struct vmstat_run *runs;
	size_t nr, next;
	bool known;
};

/**
 * vmstat_runs_read - read through a recording for them; the reader is rewound before and after
 * Return: 0; -EBADMSG a damaged recording; -ENOMEM.
 */
int vmstat_runs_read(struct trace_reader *reader, struct vmstat_runs *ret, struct mmr_error *err);
void vmstat_runs_deinit(struct vmstat_runs *runs);

/** vmstat_runs_due - when the next one is; UINT64_MAX where there is none */
static inline uint64_t vmstat_runs_due(const struct vmstat_runs *runs)
{
	return runs->next < runs->nr ? runs->runs[runs->next].ts_ns : UINT64_MAX;
}

/**
 * trace_first_state_ns - when the last of a recording's first keyframes was read; 0 where it has none
 * Return: 0; -EBADMSG a damaged keyframe; -ENOMEM.
 */
int trace_first_state_ns(struct trace_reader *reader, uint64_t *ret, struct mmr_error *err);
/** trace_watched - were events of @type recorded?  Source: features event.NAME, traces/FORMAT.md. */
bool trace_watched(const struct trace_machine *header, enum trace_event_type type);

#endif
