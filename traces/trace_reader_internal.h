/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What trace_reader.c (opening, tables) and trace_merge.c (events) share. */
#ifndef MMR_TRACES_TRACE_READER_INTERNAL_H
#define MMR_TRACES_TRACE_READER_INTERNAL_H

#include "traces/merge_tree.h"
#include "traces/mmt_classes.h"
#include "traces/mmt_events.h"
#include "traces/mmt_labels.h"
#include "traces/mmt_map.h"
#include "traces/trace_reader.h"

#define READER_BATCH 4096u

/* The last eight bytes of every event of one class on one CPU, and whether it is delivered. */
struct event_tail {
	uint16_t cpu, class_id;
	uint8_t type, order, migratetype, flags;
	uint32_t advance; /* bytes to the next event's place: 0 for types that nobody wants or knows */
	uint32_t nr_args; /* 16 bytes: the index is a shift */
};

/* An event as a stream keeps it: page frame, time step, class in one word, so that a look costs one cache line.
 */
#define COMPACT_STEP_SHIFT  32
#define COMPACT_CLASS_SHIFT 48

/**
 * struct trace_stream - one CPU's events: its blocks, and a place in the one that is decoded
 * @events: [nr] compact;  @tails: [classes]
 * @next: the next event's number in the block;  @ts: its time
 * @key: what the merge goes by: the largest time so far, so that program order survives clocks
 *	that step back
 * @run_end, @task: the run of tasks that @next is in;  @has_args: there are arguments not taken yet
 * @memory: one piece for all arrays of the decoded block, so that many streams touch few pages each
 * @far: steps that are too far for @events;  @runs: tasks;  @args: arguments not taken yet
 * @in_block: page events of the block, wanted or not, by the types they are delivered as
 * @left_out_ns: not earlier than events of this block that nobody wants; 0 where there are none
 *
 * With hundreds of CPUs each turn finds another stream's out of the caches: what a turn needs is one line.
 */
struct trace_stream {
	_Alignas(64) uint64_t *events;
	struct event_tail *tails;
	uint64_t ts, key;
	uint32_t nr, next, run_end, task;
	bool has_args;
	uint32_t cpu;
	const uint32_t *blocks; /* numbers in map.blocks */
	uint32_t nr_blocks, next_block;
	uint8_t *memory;
	size_t memory_bytes;
	int64_t *far;
	struct mmt_task_run *runs;
	struct mmt_cursor args;
	uint32_t next_run, next_far;
	uint32_t in_block[TRACE_NR_PAGE_EVENTS];
	uint64_t left_out_ns;
};
_Static_assert(offsetof(struct trace_stream, cpu) < 64, "what a turn needs is in the first line");

struct trace_reader {
	struct mmt_map map;
	struct trace_machine machine;
	struct trace_summary summary;
	struct trace_task *tasks;
	uint32_t nr_tasks;
	struct trace_loss *losses;
	uint32_t nr_losses;
	struct trace_loss *holes;
	uint32_t nr_holes;
	struct trace_policy *policies;
	uint32_t nr_policies;
	struct mmt_labels labels;
	uint64_t wanted; /* a bit per event type */
	uint64_t seen[TRACE_NR_PAGE_EVENTS]; /* of blocks that are delivered wholly */
	uint32_t top_pfn; /* of blocks decoded so far */
	char **damage;
	uint32_t nr_damage;
	uint32_t *keyframes; /* numbers in map.blocks */
	uint32_t *stream_blocks; /* all events blocks, by CPU, then in file order */
	struct trace_stream *streams; /* by rising CPU */
	uint32_t nr_streams;
	struct mmt_classes classes;
	struct mmt_buf scratch;
	struct merge_tree tree; /* of streams, by their keys */
	uint32_t last_front; /* the stream that delivered last */
	struct mmt_events decoded; /* the block at hand, before its stream has it */
	const struct trace_source *source; /* instead of a file, else NULL */
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

/** trace_reader_add_hole - the same for events that are missing. Return: 0; -ENOMEM */
int trace_reader_add_hole(struct trace_reader *r, const struct trace_loss *hole);

/* The kinds of the file that are delivered, a bit each. */
static inline uint64_t trace_reader_types(const struct trace_reader *r)
{
	uint64_t types = r->wanted & TRACE_WANT_ALL;

	return r->wanted & TRACE_WANT_BULK_AS_ALLOC ? types | 1ull << TRACE_BULK_PAGE : types;
}

/** trace_stream_deinit - what a stream owns */
void trace_stream_deinit(struct trace_stream *s);
/** trace_stream_load - decode the stream's next block. Return: 1, 0 at the stream's end, or -errno */
int trace_stream_load(struct trace_reader *r, struct trace_stream *s, struct mmr_error *err);

/**
 * trace_words_build - the words of a block that is decoded, far steps and runs of tasks with them
 * @s: its tails are there, and room for the rest
 * @keep_all: an event that nobody wants becomes a word, too
 */
void trace_words_build(struct trace_stream *s, const struct mmt_events *ev, bool keep_all, uint32_t nr_tasks);

static inline uint64_t trace_stream_take_far(struct trace_stream *s)
{
	return (uint64_t)s->far[s->next_far++];
}

static inline uint16_t compact_step(uint64_t event)
{
	return (uint16_t)(event >> COMPACT_STEP_SHIFT);
}

static inline uint16_t compact_class(uint64_t event)
{
	return (uint16_t)(event >> COMPACT_CLASS_SHIFT);
}

#endif
