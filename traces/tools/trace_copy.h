/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of one trace into another: classes, tasks, policies and labels are renumbered, everything else stays.
 */
#ifndef MMR_TRACES_TRACE_COPY_H
#define MMR_TRACES_TRACE_COPY_H

#include "traces/trace_reader.h"
#include "traces/trace_writer.h"

struct trace_copy;

/** trace_copy_create - @from delivers all kinds of events from its first one on afterwards */
int trace_copy_create(struct trace_reader *from, struct trace_writer *to, struct trace_copy **ret,
		      struct mmr_error *err);
void trace_copy_destroy(struct trace_copy *copy);
/** trace_copy_event - append @event, as trace_reader_next() gave it and not a copy, to the other */
int trace_copy_event(struct trace_copy *copy, const struct trace_event *event, struct mmr_error *err);

/** struct trace_feature - a feature that a copy's header gets in addition */
struct trace_feature {
	const char *name;
	int64_t value;
};

/**
 * trace_copy_start - a new file whose header is @machine's with @extra features
 * A feature of the same name is replaced.
 */
int trace_copy_start(const char *path, const struct trace_machine *machine, const struct trace_feature *extra,
		     uint32_t nr_extra, struct trace_writer **ret, struct mmr_error *err);

#endif
