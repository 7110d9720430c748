/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings that are well formed, and whose contents are nonsense: a good one's events, edited by bytes. */
#ifndef MMR_REPLAY_TESTS_WILD_TRACE_H
#define MMR_REPLAY_TESTS_WILD_TRACE_H

#include <stddef.h>

#include "traces/trace_reader.h"
#include "traces/trace_writer.h"

/** struct wild_event - one event with all it says */
struct wild_event {
	struct trace_event ev;
	struct trace_class cls;
	struct trace_args args;
};

/** struct wild_trace - a recording in memory; @nr_cpus, @tasks and @features stay as they are */
struct wild_trace {
	struct trace_reader *reader;
	struct wild_event *events;
	size_t nr;
};

#define WILD_EDIT_BYTES 8

/** wild_trace_load - take in the recording at @path; aborts where that fails */
void wild_trace_load(struct wild_trace *t, const char *path);
void wild_trace_deinit(struct wild_trace *t);
/**
 * wild_trace_write - write the recording to @path, edited
 * @edits: [nr] of WILD_EDIT_BYTES bytes each: which event (2), what of it (1), how (1), a value (4)
 *
 * Kind, page, order, CPU, type, flags, zone, arguments, time and task can become anything the format holds;
 * events get lost, told twice, swapped, or become another one's likeness. The same for the blocks, types, lists
 * and numbers of keyframes, and for the machine's zones, CPUs, distances and features; stretches of losses come
 * in, and policies of allocations.
 */
void wild_trace_write(const struct wild_trace *t, const char *path, const uint8_t *edits, size_t nr);

#endif
