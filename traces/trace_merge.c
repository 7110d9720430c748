// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events of all CPUs in the order of their times, without sorting: a heap holds one entry per CPU,
 * and the CPU in front delivers a run of events straight from its columns for as long as it stays
 * ahead of the second.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "traces/trace_reader_internal.h"

_Static_assert(sizeof(struct trace_event) == 24, "an event is three words");
_Static_assert(sizeof(struct event_tail) == 16 && offsetof(struct trace_event, cpu) == 16 &&
		       offsetof(struct event_tail, deliver) == 8,
	       "the tail of an event is copied as one word");

void trace_stream_deinit(struct trace_stream *s)
{
	mmt_events_deinit(&s->ev);
	free(s->tails);
}

/* Classes are numbered per file; a block has its own numbers, which the tails translate. */
static int build_tails(struct trace_reader *r, struct trace_stream *s, const struct mmt_block *b,
		       struct mmr_error *err)
{
	uint32_t nr = s->ev.pre.nr_classes;

	if (nr > s->tails_cap) {
		free(s->tails);
		s->tails = malloc(nr * sizeof(*s->tails));
		s->tails_cap = s->tails ? nr : 0;
	}
	for (uint32_t i = 0; i < nr; i++) {
		const struct trace_class *cls = &s->ev.pre.dict[i].cls;
		uint16_t id;
		int rc = s->tails ? mmt_classes_add(&r->classes, cls, &id) : -ENOMEM;

		if (rc == -ENOSPC)
			return mmt_block_malformed(r->map.path, b,
						   "the file has more than 65535 kinds of events", err);
		if (rc)
			return mmr_err(err, rc, "%s: no memory for the kinds of events", r->map.path);
		s->tails[i] = (struct event_tail){
			.cpu = (uint16_t)s->cpu,
			.class_id = id,
			.type = cls->type,
			.order = cls->order,
			.migratetype = cls->migratetype,
			.flags = cls->flags,
			.deliver = cls->type < NR_TRACE_EVENT_TYPES && r->wanted >> cls->type & 1,
			.nr_args = cls->nr_args,
		};
	}
	return 0;
}

/* The decoded copy is what is needed from here on: let the kernel take the file's pages back. */
static void forget_pages(const struct trace_reader *r, const struct mmt_block *b)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)r->map.data + b->offset + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)r->map.data + mmt_block_end(b)) & ~(page - 1);

	if (to > from)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

/* Task numbers the file has no task for (its block is damaged) become "unknown". */
static void check_tasks(const struct trace_reader *r, struct mmt_events *ev)
{
	for (uint32_t i = 0; i < ev->nr_runs; i++)
		if (ev->runs[i].task >= r->nr_tasks)
			ev->runs[i].task = TRACE_NO_TASK;
}

static uint64_t take_far(struct trace_stream *s)
{
	return (uint64_t)s->ev.far[s->next_far++];
}

static int set_code(struct mmr_error *err, int code)
{
	if (err)
		err->code = code;
	return code;
}

static bool make_room_for_args(struct trace_reader *r)
{
	if (!r->batch_args_at)
		r->batch_args_at = calloc(READER_BATCH, sizeof(*r->batch_args_at));
	if (!r->batch_args)
		r->batch_args = malloc(READER_BATCH * sizeof(*r->batch_args));
	return r->batch_args_at && r->batch_args;
}

static int decode_block(struct trace_reader *r, struct trace_stream *s, const struct mmt_block *b,
			struct mmr_error *err)
{
	struct mmt_cursor c;
	const char *what;
	bool overflow;
	int rc;

	rc = mmt_block_expand(r->map.path, r->map.data, b, &r->scratch, &c, err);
	if (rc)
		return rc;
	what = mmt_get_events(&c, b->count, &s->ev, &overflow);
	if (what) {
		rc = mmt_block_malformed(r->map.path, b, what, err);
		return overflow ? set_code(err, -EOVERFLOW) : rc;
	}
	rc = build_tails(r, s, b, err);
	if (rc)
		return rc;
	if (mmt_left(&s->ev.args) && !make_room_for_args(r))
		return mmr_err(err, -ENOMEM, "%s: no memory for arguments", r->map.path);
	check_tasks(r, &s->ev);
	forget_pages(r, b);
	memcpy(s->group_next, s->ev.group, sizeof(s->group_next));
	s->next = s->next_run = s->next_far = 0;
	s->ts = s->ev.pre.base_ns + (s->ev.step[0] == MMT_TIME_FAR ? take_far(s) : s->ev.step[0]);
	if (s->ts > s->key)
		s->key = s->ts;
	return 0;
}

/* Decode the stream's next block. Return: 1, 0 at the stream's end, or -errno. */
static int load_block(struct trace_reader *r, struct trace_stream *s, struct mmr_error *err)
{
	bool gaps = r->bad_gap != UINT64_MAX && !r->tolerant;

	while (s->next_block < s->nr_blocks) {
		const struct mmt_block *b = &r->map.blocks[s->blocks[s->next_block]];
		struct mmr_error damage;
		int rc;

		if (gaps && b->offset >= r->bad_gap)
			break;
		s->next_block++;
		rc = decode_block(r, s, b, &damage);
		if (!rc)
			return 1;
		if (!r->tolerant || rc == -ENOMEM) {
			if (err)
				*err = damage;
			return rc;
		}
		trace_reader_add_damage(r, damage.msg);
		r->nr_passed += b->count;
	}
	/* Behind a gap this CPU's events may be incomplete, also where it has no more blocks. */
	return gaps ? mmr_err(err, -EBADMSG, "%s", r->bad_gap_what) : 0;
}

/* The arguments of the event that may become batch entry @at; those of a later version are passed over. */
__attribute__((noinline)) static void take_args(struct trace_reader *r, struct trace_stream *s, uint32_t nr,
						bool deliver, uint32_t at)
{
	struct trace_args *to = &r->batch_args[r->nr_batch_args % READER_BATCH];

	to->nr = nr < TRACE_MAX_ARGS ? (uint8_t)nr : TRACE_MAX_ARGS;
	for (uint32_t i = 0; i < nr; i++) {
		int64_t v = mmt_unzigzag(mmt_get_varint(&s->ev.args));

		if (i < TRACE_MAX_ARGS)
			to->v[i] = v;
	}
	if (deliver)
		r->batch_args_at[at] = (uint16_t)r->nr_batch_args++;
}

/*
 * Deliver events from one stream while its key is at most @limit. The first is always delivered:
 * the caller has seen that this stream is in front. Hot: everything that stays the same is in
 * locals, because the copies into @out could otherwise alias it; and a run of a block without
 * arguments looks for none.
 */
static inline __attribute__((always_inline)) uint32_t emit_run(struct trace_reader *r, struct trace_stream *s,
							       uint32_t at, uint64_t limit, bool with_args)
{
	struct trace_event *restrict out = r->batch + at;
	const uint16_t *restrict class_index = s->ev.class_index, *restrict step = s->ev.step;
	const uint32_t *restrict pfn = s->ev.pfn;
	const struct event_tail *restrict tails = s->tails;
	const struct mmt_task_run *restrict run = &s->ev.runs[s->next_run];
	uint32_t *restrict group_next = s->group_next;
	uint64_t ts = s->ts, key = s->key;
	uint32_t i = s->next, n = 0, nr = s->ev.nr, run_end = run->end, task = run->task;
	uint32_t max = READER_BATCH - at;

	do {
		const struct event_tail *tail = &tails[class_index[i]];
		struct trace_event *e = &out[n];

		e->ts_ns = ts;
		e->pfn = pfn[group_next[tail->type]++];
		e->task = task;
		memcpy(&e->cpu, tail, 8);
		if (with_args && __builtin_expect(tail->nr_args, 0))
			take_args(r, s, tail->nr_args, tail->deliver, at + n);
		n += tail->deliver;
		if (++i == nr)
			break;
		if (__builtin_expect(i == run_end, 0)) {
			run++;
			run_end = run->end;
			task = run->task;
		}
		if (__builtin_expect(step[i] == MMT_TIME_FAR, 0))
			ts += take_far(s);
		else
			ts += step[i];
		key = ts > key ? ts : key;
	} while (n < max && key <= limit);
	s->next = i;
	s->next_run = (uint32_t)(run - s->ev.runs);
	s->ts = ts;
	s->key = key;
	return n;
}

static uint32_t emit(struct trace_reader *r, struct trace_stream *s, uint32_t at, uint64_t limit)
{
	return mmt_left(&s->ev.args) ? emit_run(r, s, at, limit, true) : emit_run(r, s, at, limit, false);
}

static bool before(const struct heap_item *a, const struct heap_item *b)
{
	return a->key < b->key || (a->key == b->key && a->stream < b->stream);
}

static void sift_down(struct trace_reader *r, uint32_t at)
{
	struct heap_item item = r->heap[at];

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= r->nr_heap)
			break;
		if (child + 1 < r->nr_heap && before(&r->heap[child + 1], &r->heap[child]))
			child++;
		if (!before(&r->heap[child], &item))
			break;
		r->heap[at] = r->heap[child];
		at = child;
	}
	r->heap[at] = item;
}

/* Up to which key the stream in front may go on before another one's turn comes. */
static uint64_t front_limit(const struct trace_reader *r)
{
	const struct heap_item *second;

	if (r->nr_heap == 1)
		return UINT64_MAX;
	second = &r->heap[1];
	if (r->nr_heap > 2 && before(&r->heap[2], second))
		second = &r->heap[2];
	return second->stream < r->heap[0].stream ? second->key - 1 : second->key;
}

static int start(struct trace_reader *r, struct mmr_error *err)
{
	r->nr_heap = 0;
	for (uint32_t i = 0; i < r->nr_streams; i++) {
		int rc = load_block(r, &r->streams[i], err);

		if (rc < 0)
			return rc;
		if (rc)
			r->heap[r->nr_heap++] = (struct heap_item){r->streams[i].key, i};
	}
	for (uint32_t i = r->nr_heap / 2; i-- > 0;)
		sift_down(r, i);
	r->started = true;
	return 0;
}

/* After a run: the front stream's new place in the heap, or its end. */
static int settle_front(struct trace_reader *r, struct mmr_error *err)
{
	struct trace_stream *s = &r->streams[r->heap[0].stream];

	if (s->next == s->ev.nr) {
		int rc = load_block(r, s, err);

		if (rc < 0)
			return rc;
		if (!rc) {
			r->heap[0] = r->heap[--r->nr_heap];
			if (r->nr_heap)
				sift_down(r, 0);
			return 0;
		}
	}
	r->heap[0].key = s->key;
	sift_down(r, 0);
	return 0;
}

static int fill_batch(struct trace_reader *r, uint32_t *nr, struct mmr_error *err)
{
	*nr = 0;
	r->nr_batch_args = 0;
	while (*nr < READER_BATCH && r->nr_heap) {
		struct trace_stream *s = &r->streams[r->heap[0].stream];
		int rc;

		*nr += emit(r, s, *nr, front_limit(r));
		rc = settle_front(r, err);
		if (rc)
			return rc;
	}
	if (!r->nr_heap && r->bad_gap != UINT64_MAX && !r->tolerant)
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
	r->ended = !nr;
	return nr;
}

const struct trace_args *trace_reader_args(const struct trace_reader *r, const struct trace_event *event)
{
	if (event->type < TRACE_NR_PAGE_EVENTS || !r->classes.items[event->class_id].nr_args)
		return NULL;
	return &r->batch_args[r->batch_args_at[event - r->batch]];
}

void trace_reader_want(struct trace_reader *r, uint64_t types)
{
	r->wanted = types;
	trace_reader_rewind(r);
}

void trace_reader_rewind(struct trace_reader *r)
{
	for (uint32_t i = 0; i < r->nr_streams; i++) {
		r->streams[i].next_block = 0;
		r->streams[i].key = 0;
	}
	r->nr_heap = 0;
	r->pending = 0;
	r->nr_passed = 0;
	r->started = r->ended = false;
}
