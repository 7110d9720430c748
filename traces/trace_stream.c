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

/*
 * Room for the decoded block's arrays, one behind the other. One word more than events: an event that is not
 * kept is written, too, where the next one goes. What is far counts as MMT_TIME_FAR, and so it does where short
 * steps add up to one.
 */
static bool place_arrays(struct trace_stream *s, const struct mmt_events *ev, uint32_t nr_kept)
{
	size_t tails = ev->pre.nr_classes * sizeof(*s->tails), events = (nr_kept + 1) * sizeof(*s->events);
	size_t far = (ev->span / MMT_TIME_FAR + 1) * sizeof(*s->far), runs = ev->nr_runs * sizeof(*s->runs);
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

static bool is_wanted(const struct trace_reader *r, uint8_t type)
{
	return type < NR_TRACE_EVENT_TYPES && trace_reader_types(r) >> type & 1;
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
			.advance = is_wanted(r, cls->type) ? sizeof(struct trace_event) : 0,
			.nr_args = cls->nr_args,
		};
	}
	return 0;
}

/* The events are built, by their types in the file: now they are called what they are delivered as. */
static void rename_types(const struct trace_reader *r, struct trace_stream *s, uint32_t nr_classes)
{
	for (uint32_t i = 0; i < nr_classes; i++)
		if (is_alloc_too(r, s->tails[i].type))
			s->tails[i].type = TRACE_ALLOC;
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

/*
 * Must every event become a word, though nobody wants it? Where the clock steps back, since the merge goes by
 * the largest time so far; and where arguments are wanted, to pass over those of others.
 */
static bool must_keep_all(const struct trace_reader *r, const struct mmt_events *ev)
{
	bool leaves_out_args = false;

	for (uint32_t i = 0; i < ev->pre.nr_classes; i++)
		leaves_out_args |= ev->pre.dict[i].cls.nr_args && !is_wanted(r, ev->pre.dict[i].cls.type);
	return ev->steps_back || (leaves_out_args && mmt_left(&ev->args));
}

/* What is in the block counts as seen once it is delivered. */
static void count_events(struct trace_reader *r, struct trace_stream *s, const struct mmt_prelude *pre)
{
	for (uint32_t i = 0; i < pre->nr_classes; i++) {
		uint8_t type = is_alloc_too(r, pre->dict[i].cls.type) ? TRACE_ALLOC : pre->dict[i].cls.type;

		if (type < TRACE_NR_PAGE_EVENTS)
			s->in_block[type] += pre->dict[i].count;
	}
}

/* Nothing of the last block is left to be delivered. */
static void count_seen(struct trace_reader *r, struct trace_stream *s)
{
	for (unsigned int type = 0; type < TRACE_NR_PAGE_EVENTS; type++) {
		r->seen[type] += s->in_block[type];
		s->in_block[type] = 0;
	}
}

static int take_decoded(struct trace_reader *r, struct trace_stream *s, const struct mmt_block *b,
			struct mmr_error *err)
{
	const struct mmt_events *ev = &r->decoded;
	bool keep_all = must_keep_all(r, ev);
	int rc;

	if (!place_arrays(s, ev, keep_all ? ev->nr : ev->nr_needed) ||
	    (mmt_left(&ev->args) && !make_room_for_args(r)))
		return mmr_err(err, -ENOMEM, "%s: no memory for a block of %u events", r->map.path, ev->nr);
	rc = build_tails(r, s, b, err);
	if (rc)
		return rc;
	trace_words_build(s, ev, keep_all, r->nr_tasks);
	rename_types(r, s, ev->pre.nr_classes);
	if (mmt_left(&ev->args))
		memcpy((uint8_t *)(uintptr_t)s->args.p, ev->args.p, mmt_left(&ev->args));
	s->has_args = mmt_left(&s->args);
	s->next = s->next_run = s->next_far = 0;
	s->run_end = s->runs[0].end;
	s->task = s->runs[0].task;
	s->ts = ev->pre.base_ns;
	s->ts += compact_step(s->events[0]) == MMT_TIME_FAR ? trace_stream_take_far(s)
							    : compact_step(s->events[0]);
	/* The merge has passed the events that were left out behind the last block's last one. */
	if (s->left_out_ns > s->key)
		s->key = s->left_out_ns;
	s->left_out_ns = s->nr < ev->nr ? b->last_ns : 0;
	if (s->ts > s->key)
		s->key = s->ts;
	r->top_pfn = ev->top_pfn > r->top_pfn ? ev->top_pfn : r->top_pfn;
	return 0;
}

/* @data: the bytes that @b's offset is in. */
static int decode_block(struct trace_reader *r, struct trace_stream *s, const uint8_t *data,
			const struct mmt_block *b, struct mmr_error *err)
{
	uint64_t types = trace_reader_types(r);
	struct mmt_cursor c;
	const char *what;
	bool overflow;
	int rc;

	rc = mmt_block_expand(r->map.path, data, b, &r->scratch, &c, err);
	if (rc)
		return rc;
	/* Whoever wants all that is known wants all of it to be coherent. */
	if (types == TRACE_WANT_ALL)
		types = MMT_ALL_TYPES;
	what = mmt_get_events(&c, b->count, types, &r->decoded, &overflow);
	if (what) {
		rc = mmt_block_malformed(r->map.path, b, what, err);
		if (overflow && err)
			err->code = -EOVERFLOW;
		return overflow ? -EOVERFLOW : rc;
	}
	if (r->decoded.nr_needed) {
		rc = take_decoded(r, s, b, err);
	} else {
		s->nr = s->next = 0;
		s->left_out_ns = b->last_ns > s->left_out_ns ? b->last_ns : s->left_out_ns;
	}
	if (!rc)
		count_events(r, s, &r->decoded.pre);
	return rc;
}

/* A block of a source is held to the same checks as one of a file. */
static int load_from_source(struct trace_reader *r, struct trace_stream *s, struct mmr_error *err)
{
	const uint8_t *data;
	uint64_t found, expected;
	struct mmt_block b;
	int rc;

	do {
		ssize_t n = r->source->next_block(r->source->ctx, s->cpu, &data, err);

		count_seen(r, s);
		if (n <= 0)
			return (int)n;
		if (mmt_block_parse(data, (uint64_t)n, 0, &b, &found, &expected) != MMT_BLOCK_GOOD ||
		    b.type != MMT_EVENTS || b.cpu != s->cpu)
			return mmr_err(err, -EBADMSG,
				       "%s: CPU %u: found no whole block of its events, expected one",
				       r->map.path, s->cpu);
		rc = decode_block(r, s, data, &b, err);
	} while (!rc && !s->nr);
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

		count_seen(r, s);
		if (gaps && b->offset >= r->bad_gap)
			break;
		s->next_block++;
		rc = decode_block(r, s, r->map.data, b, &damage);
		if (!rc) {
			forget_pages(r, b);
			if (s->nr)
				return 1;
			continue;
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
	count_seen(r, s);
	/* Behind a gap this CPU's events may be incomplete, also where it has no more blocks. */
	return gaps ? mmr_err(err, -EBADMSG, "%s", r->bad_gap_what) : 0;
}
