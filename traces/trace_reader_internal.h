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

/**
 * struct class_way - how events of one class are delivered, where that is not all the same
 * @advance: bytes to the next event's place: 0 for types that nobody wants or knows
 * @nr_args: arguments to be taken
 */
struct class_way {
	uint8_t advance, nr_args;
};

#define STREAM_READY 128u /* events made ready at once */
#define STREAM_SLOTS 7u
#define FEW_STREAMS  8u /* up to so many CPUs' blocks stay in the caches */

/**
 * struct class_plan - what becomes of the events of one class of a block
 * @one: an event, in the counts of trace_ready.c;  @shift: where there the count of its type stands
 * @last: the last eight bytes of the event as it is delivered
 * @group: its type in the file;  @kept: it is made ready
 */
struct class_plan {
	uint64_t one, last;
	uint8_t shift, group;
	bool kept;
	uint8_t unused[13]; /* 32 bytes: an index is a shift */
};

/**
 * struct stream_block - where a stream stands in its file, and the block that is being delivered
 * @blocks: [nr_blocks] numbers in map.blocks;  @next_block: the first that was not looked at
 * @columns: the block;  @plans: [columns.pre.nr_classes]
 * @ts, @at: the time before, and the number of, its next event that was not made ready
 * @next_run, @next_far: of the columns'
 * @next_pfn: of each type that is kept
 * @in_order: no, the columns' pfns are in the order of events, see order_pfns()
 * @args: not taken yet
 * @in_block: page events of the block, wanted or not, by the types they are delivered as
 * @left_out_ns: not earlier than events of this block that nobody wants; 0 where there are none
 */
struct stream_block {
	const uint32_t *blocks;
	uint32_t nr_blocks, next_block;
	struct mmt_events columns;
	struct class_plan *plans;
	uint32_t plans_cap;
	bool in_order;
	uint64_t ts;
	uint32_t at, next_run, next_far;
	const uint32_t *next_pfn[STREAM_SLOTS];
	struct mmt_cursor args;
	uint32_t in_block[TRACE_NR_PAGE_EVENTS];
	uint64_t left_out_ns;
};

/**
 * struct trace_stream - one CPU's events: its blocks, and a place in the one that is decoded
 * @ready: [nr] the next few, as they are delivered;  @next: the first that is not
 * @key: what the merge goes by: the largest time so far, so that program order survives clocks
 *	that step back
 * @has_ways: some have arguments, or are not delivered: r->ways tells;  @has_args: arguments, not taken yet
 * @block: what they are made from
 *
 * With hundreds of CPUs each turn finds another stream's out of the caches: what a turn needs is one line here,
 * and the event.
 */
struct trace_stream {
	_Alignas(64) struct trace_event *ready;
	uint64_t key;
	uint32_t nr, next;
	uint16_t cpu;
	bool has_ways, has_args;
	struct stream_block *block;
};
_Static_assert(sizeof(struct trace_stream) == 64, "one line");

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
	struct stream_block *blocks; /* beside it */
	struct class_way *ways; /* by class */
	uint32_t ways_cap;
	uint32_t nr_streams;
	struct mmt_classes classes;
	struct mmt_buf scratch;
	struct merge_tree tree; /* of streams, by their keys */
	uint32_t last_front; /* the stream that delivered last */
	struct mmt_workspace work;
	uint32_t *spare_pfn, spare_cap; /* in place of a stream's, see order_pfns() */
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
 * trace_ready_begin - the stream's columns are a new block's, and its plans say which are kept
 * Return: 0; -ENOMEM
 */
int trace_ready_begin(struct trace_reader *r, struct trace_stream *s);
/** trace_ready_more - the next events of the block. Return: false where there are none */
bool trace_ready_more(const struct trace_reader *r, struct trace_stream *s);

#endif
