// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One CPU's events: its blocks are decoded one after another, and what stays with the stream are columns, eight
 * bytes an event, from which events are made ready a few at a time (trace_ready.c).
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
	struct stream_block *b = s->block;

	mmt_events_deinit(&b->columns);
	free(s->ready);
	free(b->plans);
	s->ready = NULL;
	b->plans = NULL;
	b->plans_cap = 0;
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

static bool add_way(struct trace_reader *r, const struct trace_class *cls, uint16_t id)
{
	if (id >= r->ways_cap) {
		uint32_t cap = id < 64 ? 64 : 2 * id;
		struct class_way *ways = realloc(r->ways, cap * sizeof(*ways));

		if (!ways)
			return false;
		r->ways = ways;
		r->ways_cap = cap;
	}
	r->ways[id] = (struct class_way){
		.advance = is_wanted(r, cls->type) ? sizeof(struct trace_event) : 0,
		.nr_args = cls->nr_args,
	};
	return true;
}

/* The last eight bytes of an event. */
static uint64_t last_bytes(const struct trace_reader *r, const struct trace_class *cls, uint16_t id,
			   uint16_t cpu)
{
	const struct trace_event event = {
		.cpu = cpu,
		.class_id = id,
		.type = is_alloc_too(r, cls->type) ? TRACE_ALLOC : cls->type,
		.order = cls->order,
		.migratetype = cls->migratetype,
		.flags = cls->flags,
	};
	uint64_t last;

	memcpy(&last, &event.cpu, sizeof(last));
	return last;
}

/* Classes are numbered per file; a block has its own numbers, for each of which there is a plan. */
static int make_plans(struct trace_reader *r, struct stream_block *at, bool keeps_all,
		      const struct mmt_block *b, struct mmr_error *err)
{
	const struct mmt_prelude *pre = &at->columns.pre;

	if (pre->nr_classes > at->plans_cap) {
		free(at->plans);
		at->plans_cap = 0;
		at->plans = malloc(pre->nr_classes * sizeof(*at->plans));
		if (!at->plans)
			return mmr_err(err, -ENOMEM, "%s: no memory for the kinds of events", r->map.path);
		at->plans_cap = pre->nr_classes;
	}
	for (uint32_t i = 0; i < pre->nr_classes; i++) {
		const struct trace_class *cls = &pre->dict[i].cls;
		uint16_t id;
		int rc = mmt_classes_add(&r->classes, cls, &id);

		if (rc == -ENOSPC)
			return mmt_block_malformed(r->map.path, b,
						   "the file has more than 65535 kinds of events", err);
		if (rc || !add_way(r, cls, id))
			return mmr_err(err, -ENOMEM, "%s: no memory for the kinds of events", r->map.path);
		at->plans[i] = (struct class_plan){
			.last = last_bytes(r, cls, id, (uint16_t)b->cpu),
			.group = cls->type,
			.kept = keeps_all || is_wanted(r, cls->type),
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

static bool make_room_for_args(struct trace_reader *r)
{
	if (!r->batch_args_at)
		r->batch_args_at = calloc(READER_BATCH, sizeof(*r->batch_args_at));
	if (!r->batch_args)
		r->batch_args = malloc(READER_BATCH * sizeof(*r->batch_args));
	return r->batch_args_at && r->batch_args;
}

/*
 * Must every event be made ready, though nobody wants it? Where the clock steps back, since the merge goes by
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
static void count_events(struct trace_reader *r, struct stream_block *at)
{
	const struct mmt_prelude *pre = &at->columns.pre;

	for (uint32_t i = 0; i < pre->nr_classes; i++) {
		uint8_t type = is_alloc_too(r, pre->dict[i].cls.type) ? TRACE_ALLOC : pre->dict[i].cls.type;

		if (type < TRACE_NR_PAGE_EVENTS)
			at->in_block[type] += pre->dict[i].count;
	}
}

/* Nothing of the last block is left to be delivered. */
static void count_seen(struct trace_reader *r, struct stream_block *at)
{
	for (unsigned int type = 0; type < TRACE_NR_PAGE_EVENTS; type++) {
		r->seen[type] += at->in_block[type];
		at->in_block[type] = 0;
	}
}

static int take_decoded(struct trace_reader *r, struct trace_stream *s, const struct mmt_block *b,
			struct mmr_error *err)
{
	struct stream_block *at = s->block;
	const struct mmt_events *ev = &at->columns;
	bool keeps_all = must_keep_all(r, ev);
	int rc;

	if (mmt_left(&ev->args) && !make_room_for_args(r))
		return mmr_err(err, -ENOMEM, "%s: no memory for arguments", r->map.path);
	rc = make_plans(r, at, keeps_all, b, err);
	if (rc)
		return rc;
	if (trace_ready_begin(r, s))
		return mmr_err(err, -ENOMEM, "%s: no memory for a block of %u events", r->map.path, ev->nr);
	at->args = ev->args;
	s->has_args = mmt_left(&at->args);
	s->has_ways = keeps_all || s->has_args;
	trace_ready_more(r, s);
	/* The merge has passed the events that were left out behind the last block's last one. */
	if (at->left_out_ns > s->key)
		s->key = at->left_out_ns;
	at->left_out_ns = keeps_all || ev->nr_needed == ev->nr ? 0 : b->last_ns;
	if (s->nr && s->ready[0].ts_ns > s->key)
		s->key = s->ready[0].ts_ns;
	r->top_pfn = ev->top_pfn > r->top_pfn ? ev->top_pfn : r->top_pfn;
	return 0;
}

/* @data: the bytes that @b's offset is in. */
static int decode_block(struct trace_reader *r, struct trace_stream *s, const uint8_t *data,
			const struct mmt_block *b, struct mmr_error *err)
{
	struct stream_block *at = s->block;
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
	s->nr = s->next = 0;
	what = mmt_get_events(&c, b->count, types, &r->work, &at->columns, &overflow);
	if (what) {
		rc = mmt_block_malformed(r->map.path, b, what, err);
		if (overflow && err)
			err->code = -EOVERFLOW;
		return overflow ? -EOVERFLOW : rc;
	}
	if (at->columns.nr_needed) {
		rc = take_decoded(r, s, b, err);
	} else {
		at->at = at->columns.nr;
		at->left_out_ns = b->last_ns > at->left_out_ns ? b->last_ns : at->left_out_ns;
	}
	if (!rc)
		count_events(r, at);
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

		count_seen(r, s->block);
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
	struct stream_block *at = s->block;
	bool gaps = r->bad_gap != UINT64_MAX && !r->tolerant;

	if (r->source)
		return load_from_source(r, s, err);
	while (at->next_block < at->nr_blocks) {
		const struct mmt_block *b = &r->map.blocks[at->blocks[at->next_block]];
		struct mmr_error damage;
		int rc;

		count_seen(r, at);
		if (gaps && b->offset >= r->bad_gap)
			break;
		at->next_block++;
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
	count_seen(r, at);
	/* Behind a gap this CPU's events may be incomplete, also where it has no more blocks. */
	return gaps ? mmr_err(err, -EBADMSG, "%s", r->bad_gap_what) : 0;
}
