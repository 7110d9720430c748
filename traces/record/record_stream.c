// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From what the programs put into a ring to events in a trace. Nothing here asks the kernel: records
 * come in as bytes, whoever has them.
 */
#include "traces/record/record_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/mm_types.h"
#include "traces/mmt_payload.h"
#include "traces/record/record_labels.h"

#define CLASS_USED (1ULL << 63) /* in record_class_slot.key */

#define NR_NOTES (RECORD_ORDER_EVENTS + 1) /* all that are held, and one on its way */
/* In trace_event.flags, which nobody else uses before the event is written. */
#define HELD_NOTE (1 << 0)
#define NOT_ASKED (1 << 1)

/* ---- page events ---------------------------------------------------------------------------- */

static bool page_to_pfn(const struct record_sink *c, uint64_t page, uint32_t *pfn)
{
	uint64_t bytes = (page - c->pages.base) & REC_PAGE_MASK;
	uint64_t nr = c->page_shift >= 0 ? bytes >> c->page_shift : bytes / c->pages.size;

	*pfn = (uint32_t)nr;
	return nr < TRACE_NO_PFN && nr * c->pages.size == bytes;
}

static int new_class(struct record_sink *c, uint64_t key, struct record_class_slot *slot, uint16_t *id)
{
	uint16_t cls = (uint16_t)(key >> 32);
	uint32_t gfp = (uint32_t)key;
	struct trace_class tc = {
		.type = REC_CLASS_TYPE(cls),
		.order = REC_CLASS_ORDER(cls),
		.flags = REC_CLASS_FLAGS(cls),
		.policy = key >> 48 & 0x7fff,
	};
	int rc;

	if (tc.type == TRACE_ALLOC || tc.type == TRACE_ZONE_LOCKED || tc.type == TRACE_PCPU_DRAIN ||
	    tc.type == TRACE_EXTFRAG)
		tc.migratetype = c->map->migratetype[REC_CLASS_MIGRATETYPE(cls)];
	if (tc.type == TRACE_ALLOC) {
		tc.gfp_raw = gfp;
		tc.gfp = gfp_map_gfp(c->map, gfp);
	} else if (tc.type == TRACE_EXTFRAG) {
		tc.fallback_order = REC_EXTFRAG_ORDER(gfp);
		tc.fallback_migratetype = c->map->migratetype[REC_EXTFRAG_MIGRATETYPE(gfp)];
	}
	rc = trace_writer_class(c->writer, &tc, id, c->err);
	if (rc)
		return rc;
	if (slot)
		*slot = (struct record_class_slot){key, *id};
	return 0;
}

static int find_class(struct record_sink *c, uint16_t cls, uint32_t gfp, uint16_t policy, uint16_t *id)
{
	uint64_t key = (uint64_t)policy << 48 | (uint64_t)cls << 32 | gfp | CLASS_USED;
	uint32_t hash = (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 51);

	for (uint32_t i = 0; i < 16; i++) {
		struct record_class_slot *slot = &c->classes[(hash + i) & (RECORD_CLASS_SLOTS - 1)];

		if (slot->key == key) {
			*id = slot->id;
			return 0;
		}
		if (!slot->key)
			return new_class(c, key, slot, id);
	}
	return new_class(c, key, NULL, id);
}

/*
 * @comm is NULL where an event is of another task than the last one told: one that was preempted
 * between telling of itself and its event, or any after another file was begun. Then the name is the
 * one it told last.
 */
static int set_task(struct record_stream *s, uint32_t tid, uint32_t tgid, const char *comm)
{
	struct record_sink *c = s->sink;
	struct trace_task task = {.tid = tid, .tgid = tgid};
	const struct trace_task *told = comm ? NULL : record_tasks_find(c->tasks, tid, &s->task);
	int rc;

	s->tid = tid;
	if (told && s->task != TRACE_NO_TASK)
		return 0;
	if (comm)
		memcpy(task.comm, comm, sizeof(task.comm));
	if (told)
		task = *told;
	rc = trace_writer_task(c->writer, &task, &s->task, c->err);
	if (!rc && (comm || told))
		record_tasks_name(c->tasks, &task, s->task);
	return rc;
}

/*
 * For interrupts, which come and end on one CPU: one program's record is a double of another's where the
 * last record of the same page is of the same type, for between two allocations of a page there is
 * a free of it, and the other way round.
 */
static bool is_recent(const struct record_stream *s, const struct rec_event *e)
{
	for (uint32_t i = 1; i <= RECORD_DOUBLES && i <= s->recent.nr; i++) {
		uint64_t r = s->recent.page[(s->recent.nr - i) & (RECORD_RECENT - 1)];

		if (!((r ^ e->page) & REC_PAGE_MASK))
			return REC_CLASS_TYPE(r >> REC_PAGE_BITS) == REC_CLASS_TYPE(e->cls) &&
			       ((r | e->page) >> REC_PAGE_BITS) & REC_CLASS_SECOND;
	}
	return false;
}

/* Also keeps count of the events a later program saved. */
static bool is_double(struct record_stream *s, const struct rec_event *e)
{
	struct record_counts *counts = &s->sink->counts;
	bool in_interrupt = REC_CLASS_FLAGS(e->cls) & TRACE_F_SOFTIRQ;
	enum record_twin twin = RECORD_SINGLE;

	if (!in_interrupt)
		twin = record_tasks_event(s->sink->tasks, e, &s->recent);
	/* The classic program may be called first: where another one used perf on the tracepoint before. */
	if (twin == RECORD_SINGLE && (in_interrupt || e->cls & REC_CLASS_SECOND) && is_recent(s, e))
		twin = e->cls & REC_CLASS_SECOND ? RECORD_DOUBLE : RECORD_DOUBLE_OF_SECOND;
	if (twin == RECORD_DOUBLE_OF_SECOND)
		counts->nr_nested--;
	else if (twin == RECORD_SINGLE && e->cls & REC_CLASS_SECOND)
		counts->nr_nested++;
	if (twin == RECORD_SINGLE) {
		s->recent.page[s->recent.nr & (RECORD_RECENT - 1)] = e->page;
		s->recent.ts_ns[s->recent.nr++ & (RECORD_RECENT - 1)] = e->ts_ns;
	}
	return twin != RECORD_SINGLE;
}

static int write_note(struct record_stream *s, const struct trace_event *event)
{
	const struct record_held *note = &s->notes[event->pfn];
	struct trace_event ev = *event;

	s->free_notes[s->nr_free_notes++] = (uint16_t)event->pfn;
	ev.pfn = note->pfn;
	/* A bulk call's one ordinary allocation has its own event. */
	if (ev.type == TRACE_BULK_PAGE && ev.pfn == s->last_alloc.pfn && ev.task == s->last_alloc.task) {
		s->sink->counts.events[ev.type]--;
		s->sink->counts.nr_events--;
		return 0;
	}
	return trace_writer_event_args(s->sink->writer, &ev, &note->args, s->sink->err);
}

/* ---- the filters --------------------------------------------------------------------------- */

/*
 * A free is kept if its allocation was, which may be another CPU's: the filters have to see all
 * CPUs' events in the order of their times. So what the rings hold at one drain is put in order
 * first, up to a moment from which on rings that were read already may have got more.
 */
static int by_time(const void *a, const void *b)
{
	const struct trace_event *x = a, *y = b;

	return (x->ts_ns > y->ts_ns) - (x->ts_ns < y->ts_ns);
}

int record_sink_sift(struct record_sink *c)
{
	int rc = 0;

	if (c->nr_sifted)
		qsort(c->sifted, c->nr_sifted, sizeof(*c->sifted), by_time);
	for (uint32_t i = 0; i < c->nr_sifted && !rc; i++) {
		const struct trace_event *e = &c->sifted[i];

		if (record_live_keeps(c->live, e->type, e->order, e->pfn, !(e->flags & NOT_ASKED))) {
			rc = trace_writer_event(c->writer, e, c->err);
			continue;
		}
		c->counts.events[e->type]--;
		c->counts.nr_events--;
		c->counts.nr_filtered++;
	}
	c->nr_sifted = 0;
	return rc;
}

/* The page that was allocated last, for as long as it is not freed again. */
static void note_last_alloc(struct record_stream *s, const struct trace_event *event)
{
	if (event->type == TRACE_ALLOC)
		s->last_alloc = (struct record_last_alloc){event->pfn, event->task};
	else if (event->type == TRACE_FREE && event->pfn == s->last_alloc.pfn)
		s->last_alloc.pfn = TRACE_NO_PFN;
}

static int write_event(void *ctx, const struct trace_event *event)
{
	struct record_stream *s = ctx;
	struct record_sink *c = s->sink;

	if (event->flags & HELD_NOTE)
		return write_note(s, event);
	note_last_alloc(s, event);
	if (!c->live)
		return trace_writer_event(c->writer, event, c->err);
	if (!mmt_grow((void **)&c->sifted, c->nr_sifted, sizeof(*c->sifted)))
		return mmr_err(c->err, -ENOMEM, "recorder: no memory for %u events to be filtered",
			       c->nr_sifted);
	c->sifted[c->nr_sifted++] = *event;
	return 0;
}

int record_stream_pass(struct record_stream *s, uint64_t ts_ns)
{
	return record_order_pass(&s->order, ts_ns, write_event, s);
}

/* ---- records ------------------------------------------------------------------------------- */

static void count_event(struct record_sink *c, uint32_t type, uint32_t pfn, uint64_t ts_ns)
{
	c->counts.events[type]++;
	c->counts.nr_events++;
	if (pfn >= c->watch_start_pfn && pfn < c->watch_end_pfn && ts_ns >= c->watch_begin_ns &&
	    ts_ns <= c->watch_end_ns)
		c->watched++;
}

static int put_event(struct record_stream *s, const struct rec_event *e)
{
	struct record_sink *c = s->sink;
	struct trace_event ev = {.ts_ns = e->ts_ns, .cpu = (uint16_t)s->cpu, .pfn = TRACE_NO_PFN};
	uint32_t type = REC_CLASS_TYPE(e->cls);
	uint16_t cls = e->cls & (uint16_t)~REC_CLASS_SECOND, policy = 0;
	uint64_t page = e->page & REC_PAGE_MASK;
	int rc;

	if (type == TRACE_EXTFRAG && e->gfp & REC_EXTFRAG_IS_PFN)
		ev.pfn = (uint32_t)page;
	else if (type >= NR_TRACE_EVENT_TYPES || (page && !page_to_pfn(c, page, &ev.pfn))) {
		c->counts.strange++;
		return 0;
	}
	if (is_double(s, e))
		return 0;
	if (e->tid != s->tid) {
		rc = set_task(s, e->tid, 0, NULL);
		if (rc)
			return rc;
	}
	ev.task = s->task;
	if (type == TRACE_ALLOC)
		policy = e->tid == s->policy_tid ? s->policy : 0;
	if (type == TRACE_ALLOC && cls & REC_NOT_ASKED) {
		cls &= (uint16_t)~REC_NOT_ASKED;
		ev.flags = NOT_ASKED;
	}
	rc = find_class(c, cls, e->gfp, policy, &ev.class_id);
	if (rc)
		return rc;
	ev.type = (uint8_t)type;
	ev.order = REC_CLASS_ORDER(cls);
	count_event(c, type, ev.pfn, ev.ts_ns);
	return record_order_put(&s->order, &ev, write_event, s);
}

/* ---- notes ---------------------------------------------------------------------------------- */

static bool make_room_for_notes(struct record_stream *s)
{
	if (s->notes)
		return true;
	s->notes = malloc(NR_NOTES * sizeof(*s->notes));
	s->free_notes = malloc(NR_NOTES * sizeof(*s->free_notes));
	if (!s->notes || !s->free_notes)
		return false;
	while (s->nr_free_notes < NR_NOTES) {
		s->free_notes[s->nr_free_notes] = s->nr_free_notes;
		s->nr_free_notes++;
	}
	return true;
}

int record_stream_note(struct record_stream *s, uint64_t ts_ns, uint32_t task, const struct trace_class *cls,
		       const struct record_held *note)
{
	struct record_sink *c = s->sink;
	struct trace_event ev = {
		.ts_ns = ts_ns, .cpu = (uint16_t)s->cpu, .task = task, .type = cls->type, .flags = HELD_NOTE};
	int rc = trace_writer_class(c->writer, cls, &ev.class_id, c->err);

	if (rc)
		return rc;
	if (!make_room_for_notes(s))
		return mmr_err(c->err, -ENOMEM, "recorder: no memory for events with arguments");
	ev.pfn = s->free_notes[--s->nr_free_notes];
	s->notes[ev.pfn] = *note;
	count_event(c, cls->type, note->pfn, ts_ns);
	return record_order_put(&s->order, &ev, write_event, s);
}

/* The kernel's own numbers among the arguments. */
static void translate_args(const struct record_sink *c, const struct rec_note *n, struct trace_args *args)
{
	switch (n->type) {
	case TRACE_MOVE_BLOCK:
		if (args->v[0] >= 0)
			args->v[0] = c->map->migratetype[args->v[0] & 15];
		break;
	case TRACE_LOWMEM_RESERVE:
		args->v[1] = c->map->zone[args->v[1] & 7];
		break;
	}
	for (uint32_t cpu = 0; n->form & REC_NOTE_PCP && c->percpu_offsets && cpu < c->nr_cpus; cpu++)
		if (c->percpu_offsets[cpu] == n->page)
			args->v[1] = cpu;
}

/* gfp_migratetype(): two bits of the flags. */
static uint8_t type_of_gfp(uint32_t gfp)
{
	return gfp & MMR_GFP_MOVABLE       ? MIGRATE_MOVABLE
	       : gfp & MMR_GFP_RECLAIMABLE ? MIGRATE_RECLAIMABLE
					   : MIGRATE_UNMOVABLE;
}

static struct trace_class class_of_note(const struct record_sink *c, const struct rec_note *n)
{
	const struct trace_event_info *info = trace_event_info(n->type);
	struct trace_class cls = {.type = n->type, .order = n->order, .flags = n->flags, .nr_args = n->nr_args};

	if (info->has_migratetype)
		cls.migratetype = c->map->migratetype[n->migratetype & 15];
	if (n->form & REC_NOTE_ZONE)
		cls.zone = c->map->zone[n->zone & 7];
	if (info->has_gfp) {
		cls.gfp_raw = n->gfp;
		cls.gfp = gfp_map_gfp(c->map, n->gfp);
	}
	if (n->type == TRACE_BULK_PAGE)
		cls.migratetype = type_of_gfp(cls.gfp);
	return cls;
}

/* Where nothing tells which pages a compaction or an isolation took, only a keyframe does. */
static int note_untraced(struct record_stream *s, const struct rec_note *n, uint32_t pfn)
{
	struct trace_class cls = {.type = TRACE_UNTRACED, .nr_args = 3};
	struct record_held note = {.pfn = pfn, .args = {.nr = 3, .v = {n->args[0], n->type, 0}}};

	if ((n->type != TRACE_COMPACT_END && n->type != TRACE_PAGES_ISOLATED) || s->sink->sees_isolation)
		return 0;
	s->sink->untraced = true;
	return record_stream_note(s, n->ts_ns, s->task, &cls, &note);
}

/* The kernel's numbers of a stack and a cgroup become those of labels. */
static int label_args(struct record_sink *c, struct trace_args *args)
{
	if (!c->labels) {
		args->v[0] = args->v[1] = -1;
		return 0;
	}
	return record_labels_of(c->labels, c->writer, &args->v[0], &args->v[1], c->err);
}

static int put_note(struct record_stream *s, const struct rec_note *n, size_t bytes)
{
	struct record_sink *c = s->sink;
	struct record_held note = {.pfn = TRACE_NO_PFN, .args = {.nr = n->nr_args}};
	struct trace_class cls;
	int rc = 0;

	if (n->type >= NR_TRACE_EVENT_TYPES || REC_NOTE_BYTES(n->nr_args) > bytes) {
		c->counts.strange++;
		return 0;
	}
	if (n->form & REC_NOTE_PFN)
		note.pfn = (uint32_t)n->page;
	else if (n->form & REC_NOTE_PAGE && n->page && !page_to_pfn(c, n->page & REC_PAGE_MASK, &note.pfn))
		return 0; /* a page pool may hold what is no page of memory */
	if (n->tid != s->tid)
		rc = set_task(s, n->tid, 0, NULL);
	if (rc)
		return rc;
	memcpy(note.args.v, n->args, n->nr_args * sizeof(n->args[0]));
	translate_args(c, n, &note.args);
	if (n->type == TRACE_ALLOC_FROM && n->nr_args >= 2)
		rc = label_args(c, &note.args);
	if (rc)
		return rc;
	cls = class_of_note(c, n);
	rc = record_stream_note(s, n->ts_ns, s->task, &cls, &note);
	return rc ? rc : note_untraced(s, n, note.pfn);
}

static int put_policy(struct record_stream *s, const struct rec_policy *p)
{
	struct trace_policy policy = {.mode = p->mode, .flags = p->flags};

	s->policy_tid = p->is_default ? REC_NO_TID : p->tid;
	s->policy = 0;
	if (p->is_default)
		return 0;
	memcpy(policy.nodes, p->nodes, sizeof(policy.nodes));
	memcpy(policy.allowed, p->allowed, sizeof(policy.allowed));
	return trace_writer_policy(s->sink->writer, &policy, &s->policy, s->sink->err);
}

int record_stream_loss(struct record_sink *c, struct record_stream *s, uint64_t begin_ns, uint64_t end_ns,
		       uint64_t nr)
{
	struct trace_loss loss = {
		.cpu = s ? s->cpu : UINT32_MAX, .begin_ns = begin_ns, .end_ns = end_ns, .nr_events = nr};

	c->counts.nr_lost += nr;
	if (s)
		s->nr_lost += nr;
	return trace_writer_loss(c->writer, &loss, c->err);
}

int record_stream_record(void *ctx, const void *record, size_t bytes)
{
	struct record_stream *s = ctx;

	switch (bytes) {
	case sizeof(struct rec_event):
		return put_event(s, record);
	case sizeof(struct rec_task): {
		const struct rec_task *t = record;

		return set_task(s, t->tid, t->tgid, t->comm);
	}
	case sizeof(struct rec_loss): {
		const struct rec_loss *l = record;

		return record_stream_loss(s->sink, s, l->begin_ns, l->end_ns, l->nr_events);
	}
	case REC_NOTE_BYTES(REC_SHORT_ARGS):
	case REC_NOTE_BYTES(REC_LONG_ARGS):
		return put_note(s, record, bytes);
	case sizeof(struct rec_policy):
		return put_policy(s, record);
	}
	s->sink->counts.strange++;
	return 0;
}

int record_stream_settle(struct record_stream *s)
{
	return record_order_flush(&s->order, write_event, s);
}

int record_stream_init(struct record_stream *s, uint32_t cpu, struct record_sink *sink, struct mmr_error *err)
{
	s->cpu = cpu;
	s->tid = s->policy_tid = REC_NO_TID;
	s->task = TRACE_NO_TASK;
	s->last_alloc.pfn = TRACE_NO_PFN;
	s->sink = sink;
	return record_order_init(&s->order, err);
}

void record_stream_deinit(struct record_stream *s)
{
	record_order_deinit(&s->order);
	free(s->notes);
	free(s->free_notes);
}
