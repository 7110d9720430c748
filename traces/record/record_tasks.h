/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the reader of the rings remembers of each task: its number in the trace, its latest event. */
#ifndef MMR_TRACES_RECORD_TASKS_H
#define MMR_TRACES_RECORD_TASKS_H

#include <stdbool.h>

#include "core/error.h"
#include "traces/record/record.h"
#include "traces/trace.h"

struct record_tasks;

int record_tasks_create(struct record_tasks **ret, struct mmr_error *err);
void record_tasks_destroy(struct record_tasks *t);

/** record_tasks_name - @who is the trace's task number @task from here on */
void record_tasks_name(struct record_tasks *t, const struct trace_task *who, uint32_t task);
/**
 * record_tasks_find - the trace's number of @tid
 * @task: set to it, or to TRACE_NO_TASK where it was forgotten
 * Return: who that is; NULL where it was never told
 */
const struct trace_task *record_tasks_find(const struct record_tasks *t, uint32_t tid, uint32_t *task);
/** record_tasks_forget - all numbers, for another file; who the tasks are is remembered */
void record_tasks_forget(struct record_tasks *t);

/** enum record_twin - whether two programs recorded one and the same event */
enum record_twin {
	RECORD_SINGLE, /* no record of this event is known */
	RECORD_DOUBLE, /* it is recorded already */
	RECORD_DOUBLE_OF_SECOND, /* it is recorded already, and that record was taken for the only one */
};

#define RECORD_RECENT 1024 /* a power of two */

/** struct record_recent - the last events of a CPU, in the order they were read: page, class above, and time */
struct record_recent {
	uint32_t nr;
	uint64_t page[RECORD_RECENT], ts_ns[RECORD_RECENT];
};

/**
 * record_tasks_event - tell a record of an event in a task's own context
 * @recent: of the CPU that recorded it; NULL: not known
 *
 * Between two programs of one tracepoint a task does next to nothing of its own, whatever else happens
 * on the CPU, or on another one it is moved to, meanwhile: where it was preempted there, it frees on its
 * way back what the task before it left. So records of one event are close together. But they are two events
 * where something else happened to the page in between: a task that allocates a page, and has another one free
 * it, may get it again at once.
 */
enum record_twin record_tasks_event(struct record_tasks *t, const struct rec_event *e,
				    const struct record_recent *recent);

#endif
