// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events of all CPUs in the order of their times, without sorting: a tournament has one entry per CPU,
 * and the CPU in front delivers a run of events straight from its block for as long as it stays
 * ahead of the second.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/format.h"
#include "traces/trace_reader_internal.h"

#define FEW_LEVELS 3
_Static_assert(1u << FEW_LEVELS == FEW_STREAMS, "as many as have as many levels");

/* The arguments of the event that may become batch entry @at; those of a later version are passed over. */
__attribute__((noinline)) static void take_args(struct trace_reader *r, struct trace_stream *s, uint32_t nr,
						bool deliver, uint32_t at)
{
	struct trace_args *to = &r->batch_args[r->nr_batch_args % READER_BATCH];

	to->nr = nr < TRACE_MAX_ARGS ? (uint8_t)nr : TRACE_MAX_ARGS;
	for (uint32_t i = 0; i < nr; i++) {
		int64_t v = mmt_unzigzag(mmt_get_varint(&s->block->args));

		if (i < TRACE_MAX_ARGS)
			to->v[i] = v;
	}
	if (deliver)
		r->batch_args_at[at] = (uint16_t)r->nr_batch_args++;
}

/*
 * Deliver events from one stream while its key is at most @limit. The first is always delivered:
 * the caller has seen that this stream is in front. Hot: everything that stays the same is in
 * locals, because the copies into @out could otherwise alias it; and a run of a block all of whose events
 * are delivered alike looks for no ways.
 */
static inline __attribute__((always_inline)) uint32_t emit_run(struct trace_reader *r, struct trace_stream *s,
							       uint32_t at, uint64_t limit, bool with_ways)
{
	struct trace_event *restrict out = r->batch + at;
	const struct trace_event *full = r->batch + READER_BATCH;
	const struct trace_event *next = s->ready + s->next, *end = s->ready + s->nr;
	uint64_t key = s->key;

	do {
		*out = *next;
		if (with_ways) {
			const struct class_way *way = &r->ways[next->class_id];

			if (s->has_args && way->nr_args)
				take_args(r, s, way->nr_args, way->advance, (uint32_t)(out - r->batch));
			out = (struct trace_event *)((char *)out + way->advance);
		} else {
			out++;
		}
		if (__builtin_expect(++next == end, 0)) {
			bool more = trace_ready_more(r, s);

			next = s->ready;
			end = next + s->nr;
			if (!more)
				break;
		}
		key = next->ts_ns > key ? next->ts_ns : key;
	} while (out != full && key <= limit);
	/* With hundreds of CPUs this one's next line has left the cache by its next turn but one. */
	__builtin_prefetch(next + 3);
	s->next = (uint32_t)(next - s->ready);
	s->key = key;
	return (uint32_t)(out - r->batch) - at;
}

static uint32_t emit(struct trace_reader *r, struct trace_stream *s, uint32_t at, uint64_t limit)
{
	return s->has_ways ? emit_run(r, s, at, limit, true) : emit_run(r, s, at, limit, false);
}

static int start(struct trace_reader *r, struct mmr_error *err)
{
	if (!r->batch)
		r->batch = malloc((READER_BATCH + TRACE_READER_AHEAD) * sizeof(*r->batch));
	if (!r->batch)
		return mmr_err(err, -ENOMEM, "%s: no memory for %u CPUs", r->map.path, r->nr_streams);
	merge_tree_reset(&r->tree);
	for (uint32_t i = 0; i < r->nr_streams; i++) {
		int rc = trace_stream_load(r, &r->streams[i], err);

		if (rc < 0)
			return rc;
		if (rc)
			merge_tree_set(&r->tree, i, r->streams[i].key);
	}
	merge_tree_build(&r->tree);
	r->last_front = UINT32_MAX;
	r->started = true;
	return 0;
}

/*
 * How far the front stream may go. With many CPUs the second is looked for only where the same CPU won
 * twice: where each event is another CPU's turn, the next tournament tells as much.
 */
static uint64_t front_limit(struct trace_reader *r, uint32_t front)
{
	bool again = front == r->last_front;

	r->last_front = front;
	return again || r->tree.levels <= FEW_LEVELS ? merge_tree_limit(&r->tree, front) : 0;
}

/* After a run: the front stream's next entry, or its end. */
static int settle_front(struct trace_reader *r, uint32_t front, struct mmr_error *err)
{
	struct trace_stream *s = &r->streams[front];
	int rc = 1;

	if (s->next == s->nr) {
		rc = trace_stream_load(r, s, err);
		if (rc < 0)
			return rc;
	}
	if (rc)
		merge_tree_move(&r->tree, front, s->key);
	else
		merge_tree_end(&r->tree, front);
	return 0;
}

static int fill_batch(struct trace_reader *r, uint32_t *nr, struct mmr_error *err)
{
	uint32_t front;

	*nr = 0;
	r->nr_batch_args = 0;
	while (*nr < READER_BATCH && merge_tree_front(&r->tree, &front)) {
		int rc;

		*nr += emit(r, &r->streams[front], *nr, front_limit(r, front));
		rc = settle_front(r, front, err);
		if (rc)
			return rc;
	}
	if (!merge_tree_front(&r->tree, &front) && r->bad_gap != UINT64_MAX && !r->tolerant)
		return mmr_err(err, -EBADMSG, "%s", r->bad_gap_what);
	return 0;
}

ssize_t trace_reader_next(struct trace_reader *r, const struct trace_event **events, struct mmr_error *err)
{
	uint32_t nr = 0;
	int rc = r->pending;

	*events = r->batch;
	if (rc) {
		if (err)
			*err = r->pending_error;
		r->pending = 0;
		r->ended = true;
		return rc;
	}
	if (r->ended)
		return 0;
	if (!r->started)
		rc = start(r, &r->pending_error);
	if (!rc)
		rc = fill_batch(r, &nr, &r->pending_error);
	r->pending = rc;
	if (rc && !nr)
		return trace_reader_next(r, events, err);
	*events = r->batch;
	r->ended = !nr;
	memset(r->batch + nr, 0, TRACE_READER_AHEAD * sizeof(*r->batch));
	return nr;
}

const struct trace_args *trace_reader_args(const struct trace_reader *r, const struct trace_event *event)
{
	if (event->type < TRACE_NR_PAGE_EVENTS || !r->classes.items[event->class_id].nr_args)
		return NULL;
	return &r->batch_args[r->batch_args_at[event - r->batch]];
}

void trace_reader_seen(const struct trace_reader *r, uint64_t seen[TRACE_NR_PAGE_EVENTS])
{
	memcpy(seen, r->seen, sizeof(r->seen));
	for (uint32_t i = 0; i < r->nr_streams; i++) {
		const struct trace_stream *s = &r->streams[i];

		const struct stream_block *at = s->block;
		uint64_t nr = at->columns.nr, done = at->at - (s->nr - s->next);

		for (unsigned int type = 0; type < TRACE_NR_PAGE_EVENTS && nr; type++)
			seen[type] += at->in_block[type] * done / nr;
	}
}

uint32_t trace_reader_top_pfn(const struct trace_reader *r)
{
	return r->top_pfn;
}

void trace_reader_want(struct trace_reader *r, uint64_t types)
{
	r->wanted = types;
	mmt_classes_deinit(&r->classes);
	trace_reader_rewind(r);
}

void trace_reader_release(struct trace_reader *r)
{
	trace_reader_rewind(r);
	for (uint32_t i = 0; i < r->nr_streams; i++)
		trace_stream_deinit(&r->streams[i]);
	mmt_workspace_deinit(&r->work);
	free(r->spare_pfn);
	r->spare_pfn = NULL;
	r->spare_cap = 0;
	free(r->batch);
	free(r->batch_args);
	free(r->batch_args_at);
	r->batch = NULL;
	r->batch_args = NULL;
	r->batch_args_at = NULL;
}

void trace_reader_rewind(struct trace_reader *r)
{
	for (uint32_t i = 0; i < r->nr_streams; i++) {
		r->streams[i].key = 0;
		r->blocks[i].next_block = 0;
		r->blocks[i].left_out_ns = 0;
		memset(r->blocks[i].in_block, 0, sizeof(r->blocks[i].in_block));
	}
	if (r->source && r->source->rewind)
		r->source->rewind(r->source->ctx);
	memset(r->seen, 0, sizeof(r->seen));
	r->top_pfn = 0;
	r->pending = 0;
	r->nr_passed = 0;
	r->started = r->ended = false;
}
