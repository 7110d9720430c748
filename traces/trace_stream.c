// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One CPU's events: its blocks are decoded one after another, all CPUs' in the same workspace, and what stays
 * with the stream is one word an event.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "traces/format.h"
#include "traces/trace_reader_internal.h"

void trace_stream_deinit(struct trace_stream *s)
{
	free(s->memory);
	s->memory = NULL;
	s->memory_bytes = 0;
}

/* Room for the decoded block's arrays, one behind the other. */
static bool place_arrays(struct trace_stream *s, const struct mmt_events *ev)
{
	size_t tails = ev->pre.nr_classes * sizeof(*s->tails), events = ev->nr * sizeof(*s->events);
	size_t far = ev->nr_far * sizeof(*s->far), runs = ev->nr_runs * sizeof(*s->runs);
	size_t args = mmt_left(&ev->args), all = tails + events + far + runs + args;

	if (all > s->memory_bytes) {
		free(s->memory);
		s->memory_bytes = 0;
		s->memory = malloc(all);
		if (!s->memory)
			return false;
		s->memory_bytes = all;
	}
	/* By falling alignment. */
	s->tails = (struct event_tail *)s->memory;
	s->events = (uint64_t *)(s->memory + tails);
	s->far = (int64_t *)(s->memory + tails + events);
	s->runs = (struct mmt_task_run *)(s->memory + tails + events + far);
	s->args = mmt_cursor(s->memory + tails + events + far + runs, args);
	return true;
}

/* Is a kind of event delivered as an allocation? */
static bool is_alloc_too(const struct trace_reader *r, uint8_t type)
{
	return type == TRACE_BULK_PAGE && r->wanted & TRACE_WANT_BULK_AS_ALLOC;
}

/* Classes are numbered per file; a block has its own numbers, which the tails translate. */
static int build_tails(struct trace_reader *r, struct trace_stream *s, const struct mmt_block *b,
		       struct mmr_error *err)
{
	const struct mmt_prelude *pre = &r->decoded.pre;

	for (uint32_t i = 0; i < pre->nr_classes; i++) {
		const struct trace_class *cls = &pre->dict[i].cls;
		bool wanted = cls->type < NR_TRACE_EVENT_TYPES &&
			      (r->wanted >> cls->type & 1 || is_alloc_too(r, cls->type));
		uint16_t id;
		int rc = mmt_classes_add(&r->classes, cls, &id);

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
			.advance = wanted ? sizeof(struct trace_event) : 0,
			.nr_args = cls->nr_args,
		};
	}
	return 0;
}

/* From columns, with the pfns by type, to one word an event in program order. */
static inline uint64_t compact(const struct mmt_events *ev, uint32_t i, uint32_t pfn)
{
	return (uint64_t)ev->class_index[i] << COMPACT_CLASS_SHIFT |
	       (uint64_t)ev->step[i] << COMPACT_STEP_SHIFT | pfn;
}

/* Any number of types: each one's next pfn is counted in memory. */
static void build_events_any(struct trace_stream *s, const struct mmt_events *ev)
{
	uint32_t group_next[256];

	memcpy(group_next, ev->group, sizeof(group_next));
	for (uint32_t i = 0; i < ev->nr; i++)
		s->events[i] = compact(ev, i, ev->pfn[group_next[s->tails[ev->class_index[i]].type]++]);
}

#define NR_SLOTS     8u
#define CHUNK_EVENTS 255u /* a byte counts as far */

/*
 * Up to eight types, which is nearly every block: counts of 255 events are the bytes of one register. A count
 * in memory is there again only five cycles after it was stored, and events of one type come in rows.
 */
static void build_events_few(struct trace_stream *s, const struct mmt_events *ev, const uint8_t *shift_of,
			     uint32_t *slot_next)
{
	const uint16_t *restrict class_index = ev->class_index, *restrict step = ev->step;
	const uint32_t *restrict pfn = ev->pfn;
	uint64_t *restrict events = s->events;

	for (uint32_t i = 0; i < ev->nr;) {
		uint32_t end = ev->nr - i < CHUNK_EVENTS ? ev->nr : i + CHUNK_EVENTS;
		const uint32_t *next[NR_SLOTS];
		uint64_t counts = 0;

		for (uint32_t k = 0; k < NR_SLOTS; k++)
			next[k] = pfn + slot_next[k];
		for (; i < end; i++) {
			uint64_t cls = class_index[i];
			uint32_t shift = shift_of[cls];

			events[i] = cls << COMPACT_CLASS_SHIFT | (uint64_t)step[i] << COMPACT_STEP_SHIFT |
				    next[shift / 8][counts >> shift & 0xff];
			counts += 1ull << shift;
		}
		for (uint32_t k = 0; k < NR_SLOTS; k++)
			slot_next[k] += counts >> (8 * k) & 0xff;
	}
}

static void build_events(struct trace_stream *s, const struct mmt_events *ev)
{
	uint32_t slot_next[NR_SLOTS] = {0}, nr_slots = 0;
	uint8_t shift_of[256], slot_of_type[256];

	if (ev->pre.nr_classes > 256) {
		build_events_any(s, ev);
		return;
	}
	memset(slot_of_type, 0xff, sizeof(slot_of_type));
	for (uint32_t i = 0; i < ev->pre.nr_classes; i++) {
		uint8_t *slot = &slot_of_type[s->tails[i].type];

		if (*slot == 0xff) {
			if (nr_slots == NR_SLOTS) {
				build_events_any(s, ev);
				return;
			}
			slot_next[nr_slots] = ev->group[s->tails[i].type];
			*slot = (uint8_t)nr_slots++;
		}
		shift_of[i] = (uint8_t)(8 * *slot);
	}
	build_events_few(s, ev, shift_of, slot_next);
}

/* The events are built, by their types in the file: now they are called what they are delivered as. */
static void rename_types(const struct trace_reader *r, struct trace_stream *s, uint32_t nr_classes)
{
	for (uint32_t i = 0; i < nr_classes; i++)
		if (is_alloc_too(r, s->tails[i].type))
			s->tails[i].type = TRACE_ALLOC;
}

/* Task numbers the file has no task for (its block is damaged) become "unknown". */
static void build_runs(const struct trace_reader *r, struct trace_stream *s, const struct mmt_events *ev)
{
	for (uint32_t i = 0; i < ev->nr_runs; i++) {
		s->runs[i] = ev->runs[i];
		if (s->runs[i].task >= r->nr_tasks)
			s->runs[i].task = TRACE_NO_TASK;
	}
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

static bool make_room_for_args(struct trace_reader *r)
{
	if (!r->batch_args_at)
		r->batch_args_at = calloc(READER_BATCH, sizeof(*r->batch_args_at));
	if (!r->batch_args)
		r->batch_args = malloc(READER_BATCH * sizeof(*r->batch_args));
	return r->batch_args_at && r->batch_args;
}

static int take_decoded(struct trace_reader *r, struct trace_stream *s, const struct mmt_block *b,
			struct mmr_error *err)
{
	const struct mmt_events *ev = &r->decoded;
	int rc;

	if (!place_arrays(s, ev) || (mmt_left(&ev->args) && !make_room_for_args(r)))
		return mmr_err(err, -ENOMEM, "%s: no memory for a block of %u events", r->map.path, ev->nr);
	rc = build_tails(r, s, b, err);
	if (rc)
		return rc;
	build_events(s, ev);
	rename_types(r, s, ev->pre.nr_classes);
	build_runs(r, s, ev);
	if (ev->nr_far)
		memcpy(s->far, ev->far, ev->nr_far * sizeof(*s->far));
	if (mmt_left(&ev->args))
		memcpy((uint8_t *)(uintptr_t)s->args.p, ev->args.p, mmt_left(&ev->args));
	s->nr = ev->nr;
	s->has_args = mmt_left(&s->args);
	s->next = s->next_run = s->next_far = 0;
	s->run_end = s->runs[0].end;
	s->task = s->runs[0].task;
	s->ts = ev->pre.base_ns;
	s->ts += ev->step[0] == MMT_TIME_FAR ? trace_stream_take_far(s) : ev->step[0];
	if (s->ts > s->key)
		s->key = s->ts;
	return 0;
}

/* @data: the bytes that @b's offset is in. */
static int decode_block(struct trace_reader *r, struct trace_stream *s, const uint8_t *data,
			const struct mmt_block *b, struct mmr_error *err)
{
	struct mmt_cursor c;
	const char *what;
	bool overflow;
	int rc;

	rc = mmt_block_expand(r->map.path, data, b, &r->scratch, &c, err);
	if (rc)
		return rc;
	what = mmt_get_events(&c, b->count, &r->decoded, &overflow);
	if (what) {
		rc = mmt_block_malformed(r->map.path, b, what, err);
		if (overflow && err)
			err->code = -EOVERFLOW;
		return overflow ? -EOVERFLOW : rc;
	}
	return take_decoded(r, s, b, err);
}

/* A block of a source is held to the same checks as one of a file. */
static int load_from_source(struct trace_reader *r, struct trace_stream *s, struct mmr_error *err)
{
	const uint8_t *data;
	uint64_t found, expected;
	struct mmt_block b;
	ssize_t n = r->source->next_block(r->source->ctx, s->cpu, &data, err);
	int rc;

	if (n <= 0)
		return (int)n;
	if (mmt_block_parse(data, (uint64_t)n, 0, &b, &found, &expected) != MMT_BLOCK_GOOD ||
	    b.type != MMT_EVENTS || b.cpu != s->cpu)
		return mmr_err(err, -EBADMSG, "%s: CPU %u: found no whole block of its events, expected one",
			       r->map.path, s->cpu);
	rc = decode_block(r, s, data, &b, err);
	return rc ? rc : 1;
}

int trace_stream_load(struct trace_reader *r, struct trace_stream *s, struct mmr_error *err)
{
	bool gaps = r->bad_gap != UINT64_MAX && !r->tolerant;

	if (r->source)
		return load_from_source(r, s, err);
	while (s->next_block < s->nr_blocks) {
		const struct mmt_block *b = &r->map.blocks[s->blocks[s->next_block]];
		struct mmr_error damage;
		int rc;

		if (gaps && b->offset >= r->bad_gap)
			break;
		s->next_block++;
		rc = decode_block(r, s, r->map.data, b, &damage);
		if (!rc) {
			forget_pages(r, b);
			return 1;
		}
		if (!r->tolerant || rc == -ENOMEM) {
			if (err)
				*err = damage;
			return rc;
		}
		trace_reader_add_damage(r, damage.msg);
		if (trace_reader_add_hole(r, &(struct trace_loss){.cpu = s->cpu,
								  .begin_ns = b->first_ns,
								  .end_ns = b->last_ns,
								  .nr_events = b->count}))
			return mmr_err(err, -ENOMEM, "%s: no memory for what is damaged", r->map.path);
		r->nr_passed += b->count;
	}
	/* Behind a gap this CPU's events may be incomplete, also where it has no more blocks. */
	return gaps ? mmr_err(err, -EBADMSG, "%s", r->bad_gap_what) : 0;
}
