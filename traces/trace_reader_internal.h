/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What trace_reader.c (opening, tables) and trace_merge.c (events) share. */
#ifndef MMR_TRACES_TRACE_READER_INTERNAL_H
#define MMR_TRACES_TRACE_READER_INTERNAL_H

#include "traces/mmt_classes.h"
#include "traces/mmt_events.h"
#include "traces/mmt_map.h"
#include "traces/trace_reader.h"

#define READER_BATCH 4096u

/* The last eight bytes of every event of one class on one CPU, and whether it is delivered. */
struct event_tail {
	uint16_t cpu, class_id;
	uint8_t type, order, migratetype, flags;
	uint32_t deliver; /* 0 for event types that nobody wants or knows, else 1 */
	uint32_t nr_args; /* 16 bytes: the index is a shift */
};

/**
 * struct trace_stream - one CPU's events: its blocks, and a place in the one that is decoded
 * @next: the next event's number in the block, and its time
 * @key: what the merge goes by: the largest time so far, so that program order survives clocks
 *	that step back
 */
struct trace_stream {
	uint32_t cpu;
	const uint32_t *blocks; /* numbers in map.blocks */
	uint32_t nr_blocks, next_block;
	struct mmt_events ev;
	struct event_tail *tails; /* [dictionary] */
	uint32_t tails_cap;
	uint32_t group_next[256];
	uint32_t next, next_run, next_far;
	uint64_t ts, key;
};

struct heap_item {
	uint64_t key;
	uint32_t stream;
};

struct trace_reader {
	struct mmt_map map;
	struct trace_machine machine;
	struct trace_summary summary;
	struct trace_task *tasks;
	uint32_t nr_tasks;
	struct trace_loss *losses;
	uint32_t nr_losses;
	struct trace_policy *policies;
	uint32_t nr_policies;
	uint64_t wanted; /* a bit per event type */
	char **damage;
	uint32_t nr_damage;
	uint32_t *keyframes; /* numbers in map.blocks */
	uint32_t *stream_blocks; /* all events blocks, by CPU, then in file order */
	struct trace_stream *streams; /* by rising CPU */
	uint32_t nr_streams;
	struct mmt_classes classes;
	struct mmt_buf scratch;
	struct heap_item *heap;
	uint32_t nr_heap;
	struct trace_event *batch; /* [READER_BATCH] */
	uint16_t *batch_args_at; /* [READER_BATCH] place in batch_args of those that have arguments */
	struct trace_args *batch_args; /* [READER_BATCH], both made where first needed */
	uint32_t nr_batch_args;
	bool started, ended;
	int pending; /* an error to tell once the batch before it was delivered */
	struct mmr_error pending_error;
	uint64_t bad_gap; /* first gap where events may be missing; UINT64_MAX if none */
	const char *bad_gap_what;
	bool tolerant; /* damaged blocks are noted and passed over */
	uint64_t nr_passed;
};

/** trace_reader_add_damage - remember a damaged place; one that is known already is not told twice */
void trace_reader_add_damage(struct trace_reader *r, const char *what);

/** trace_stream_deinit - what a stream owns */
void trace_stream_deinit(struct trace_stream *s);

#endif
