/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EVENTS payload: one CPU's events in columns, and the block's own dictionary of classes. */
#ifndef MMR_TRACES_MMT_EVENTS_H
#define MMR_TRACES_MMT_EVENTS_H

#include "traces/mmt_bytes.h"
#include "traces/trace.h"

/** struct mmt_event_arrays - events as a writer collects them, one array per member, in program order */
struct mmt_event_arrays {
	uint32_t nr;
	uint32_t room; /* while nr is below this an event can be added just so */
	uint64_t *ts;
	uint32_t *pfn, *task;
	uint16_t *class_id; /* numbers of the writer's class table */
	uint64_t nr_args; /* arguments of all of them together */
	struct mmt_buf args; /* the ARGS column */
};

struct mmt_encoder;
struct mmt_encoder *mmt_encoder_create(int zstd_level);
void mmt_encoder_destroy(struct mmt_encoder *enc);
/**
 * mmt_put_events - the payload of one block
 * @classes: the writer's table that @in->class_id refers to
 * @events: added to, by event type
 * Return: 0; -ENOMEM; -EIO where zstd failed; -EINVAL where the events have not the arguments that
 *	their classes say
 */
int mmt_put_events(struct mmt_encoder *enc, struct mmt_buf *buf, const struct mmt_event_arrays *in,
		   const struct trace_class *classes, uint64_t events[256]);

/** struct mmt_class_count - an entry of a block's dictionary */
struct mmt_class_count {
	struct trace_class cls;
	uint32_t count;
};

/** struct mmt_column_head - where a column lies in the payload */
struct mmt_column_head {
	uint8_t id, codec;
	uint32_t raw, stored;
};

/** struct mmt_prelude - the uncompressed start of the payload; dict is owned */
struct mmt_prelude {
	uint64_t base_ns;
	uint32_t nr_classes, nr_columns;
	struct mmt_class_count *dict;
	uint32_t dict_cap;
	struct mmt_column_head columns[255];
};
void mmt_prelude_deinit(struct mmt_prelude *pre);
/** mmt_get_prelude - leaves @c at the first column; NULL or what cannot be */
const char *mmt_get_prelude(struct mmt_cursor *c, uint32_t count, struct mmt_prelude *pre);

/** struct mmt_task_run - events up to (not including) @end have @task */
struct mmt_task_run {
	uint32_t task, end;
};

/** struct mmt_workspace - what decoding a block takes and is free afterwards; one for many struct mmt_events */
struct mmt_workspace {
	uint8_t *scratch;
	size_t scratch_cap;
	void *dctx;
};
void mmt_workspace_deinit(struct mmt_workspace *work);

/**
 * struct mmt_events - a block taken apart; arrays are owned and reused from block to block
 * @nr_needed: events of the kinds that were asked for; where it is 0, only @pre is there
 * @class_index: [nr] index into pre.dict
 * @step: [nr] time since the event before, MMT_TIME_FAR = the next of @far
 * @steps_back: one of the far steps is negative
 * @pfn: [nr] grouped by event type, in order within a group; meaningless behind the last type that was asked
 *for
 * @top_pfn: the highest of those asked for
 * @group: [256] where each type's group starts in @pfn
 * @runs: cover exactly nr events
 * @args: varints, all of them whole: those of the first event that has some, then the next one's; empty where
 *	nobody needs one
 */
struct mmt_events {
	struct mmt_prelude pre;
	uint32_t nr, nr_needed, nr_far, nr_runs;
	uint16_t *class_index, *step;
	int64_t *far;
	bool steps_back;
	uint32_t *pfn, top_pfn;
	uint32_t group[256];
	struct mmt_task_run *runs;
	struct mmt_cursor args;
	uint32_t cap, far_cap, runs_cap;
	uint8_t *arg_bytes;
};
void mmt_events_deinit(struct mmt_events *ev);

#define MMT_ALL_TYPES UINT64_MAX

/**
 * mmt_get_events - take a payload of @count events apart and check that it is coherent
 * @types: bit 1 << type for each kind whose pages and arguments are needed, MMT_ALL_TYPES for those of kinds
 *that nobody knows, too. Pages behind the last one needed are neither read nor checked, nor are arguments where
 *no event that is needed has some.
 * @overflow: set where the failure is a pfn above 32 bits
 * Return: NULL; or one phrase that says what cannot be
 */
const char *mmt_get_events(struct mmt_cursor *c, uint32_t count, uint64_t types, struct mmt_workspace *work,
			   struct mmt_events *ev, bool *overflow);

/** mmt_get_task_runs - only the dictionary and the task runs, for statistics; the rest stays untouched */
const char *mmt_get_task_runs(struct mmt_cursor *c, uint32_t count, struct mmt_workspace *work,
			      struct mmt_events *ev);

#endif
