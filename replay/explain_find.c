// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which decision does an event belong to, and which events belong to that decision?
 *
 * An allocation that refilled its list, or went past it, has events before its own: the blocks that
 * left the buddy. A free has its drains behind it, and one that is part of a batch is decided at its
 * free_batched event.
 */
#include "replay/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/step.h"

#define AROUND       32768 /* events of a CPU kept before the one asked about, and looked at after it */
#define RUN_DISTANCE 64 /* events of a CPU between a refill and the allocation that asked for it */

/* ---- reading ------------------------------------------------------------------------------- */

/* Calls @see for each event until it returns false. Return: 0; as trace_reader_next(); -EINTR. */
static int for_each_event(struct trace_reader *reader, volatile sig_atomic_t *stop,
			  bool (*see)(void *ctx, uint64_t number, const struct trace_event *ev), void *ctx,
			  struct mmr_error *err)
{
	const struct trace_event *events;
	uint64_t number = 0;
	ssize_t nr;

	trace_reader_want(reader, TRACE_WANT_ALL);
	while ((nr = trace_reader_next(reader, &events, err)) > 0) {
		if (stop && *stop)
			return mmr_err(err, -EINTR, "%s: stopped by a signal at event %llu",
				       trace_reader_path(reader), (unsigned long long)number);
		for (ssize_t i = 0; i < nr; i++, number++) {
			if (!see(ctx, number, &events[i]))
				return 0;
		}
	}
	return (int)nr;
}

static bool is_page_event(const struct trace_event *ev)
{
	return ev->type < TRACE_NR_PAGE_EVENTS;
}

static bool holds(const struct trace_event *ev, uint32_t pfn)
{
	return is_page_event(ev) && ev->pfn != TRACE_NO_PFN && pfn - ev->pfn < 1u << ev->order;
}

static int append(struct explain_event **list, size_t *nr, uint64_t number, const struct trace_event *ev,
		  const struct trace_reader *reader)
{
	/* Room doubles at each power of two. */
	if ((*nr & (*nr - 1)) == 0) {
		struct explain_event *more = realloc(*list, (*nr ? 2 * *nr : 1) * sizeof(**list));

		if (!more)
			return -ENOMEM;
		*list = more;
	}
	(*list)[(*nr)++] = (struct explain_event){
		.number = number, .ev = *ev, .cls = *trace_reader_class(reader, ev->class_id)};
	return 0;
}

/* ---- the event asked about ----------------------------------------------------------------- */

struct search {
	const struct trace_reader *reader;
	struct explain *e;
	uint64_t first_ns, nr_events, last_ns;
	uint64_t found;
	uint16_t cpu; /* of the one found */
	uint8_t type;
	bool is_found;
	int rc;
};

static bool look(void *ctx, uint64_t number, const struct trace_event *ev)
{
	struct search *s = ctx;
	const struct explain_query *q = &s->e->query;

	s->nr_events = number + 1;
	s->last_ns = ev->ts_ns;
	switch (q->by) {
	case EXPLAIN_BY_PFN:
		if (!holds(ev, q->pfn))
			return true;
		s->rc = append(&s->e->life, &s->e->nr_life, number, ev, s->reader);
		return !s->rc;
	case EXPLAIN_BY_TIME:
		s->is_found =
			is_page_event(ev) && ev->ts_ns - s->first_ns >= q->since_ns && ev->ts_ns >= s->first_ns;
		break;
	default:
		s->is_found = number == q->event;
	}
	s->found = number;
	s->cpu = ev->cpu;
	s->type = ev->type;
	return !s->is_found;
}

/* The page's last allocation, or the one asked for; where it has none, its last event. */
static int choose_of_life(struct search *s, struct mmr_error *err)
{
	struct explain *e = s->e;
	const char *path = trace_reader_path(s->reader);

	if (!e->nr_life)
		return mmr_err(err, -ENOENT, "%s: no event of page %u among %llu", path, e->query.pfn,
			       (unsigned long long)s->nr_events);
	for (size_t i = 0; i < e->nr_life; i++)
		e->nr_allocs += e->life[i].ev.type == TRACE_ALLOC;
	e->nth = e->query.nth ? e->query.nth : e->nr_allocs;
	if (e->nth > e->nr_allocs)
		return mmr_err(err, -ENOENT, "%s: allocation %llu of page %u, the recording has %llu", path,
			       (unsigned long long)e->nth, e->query.pfn, (unsigned long long)e->nr_allocs);
	size_t at = e->nr_life - 1;

	for (size_t i = 0, nth = 0; i < e->nr_life; i++) {
		if (e->life[i].ev.type == TRACE_ALLOC && ++nth == e->nth)
			at = i;
	}
	s->found = e->life[at].number;
	s->cpu = e->life[at].ev.cpu;
	return 0;
}

static int find_event(struct trace_reader *reader, volatile sig_atomic_t *stop, struct explain *e,
		      uint16_t *cpu, struct mmr_error *err)
{
	struct search s = {.reader = reader, .e = e, .first_ns = trace_reader_summary(reader)->first_ns};
	const char *path = trace_reader_path(reader);
	int rc = for_each_event(reader, stop, look, &s, err);

	if (s.rc)
		return mmr_err(err, s.rc, "%s: no memory for the events of page %u", path, e->query.pfn);
	if (rc)
		return rc;
	if (e->query.by == EXPLAIN_BY_PFN) {
		rc = choose_of_life(&s, err);
	} else if (!s.is_found) {
		if (!s.nr_events)
			rc = mmr_err(err, -ENOENT, "%s: the recording has no event", path);
		else if (e->query.by == EXPLAIN_BY_TIME)
			rc = mmr_err(err, -ENOENT, "%s: time %.9g s, the recording ends at %.9g s", path,
				     (double)e->query.since_ns / 1e9, (double)(s.last_ns - s.first_ns) / 1e9);
		else
			rc = mmr_err(err, -ENOENT, "%s: event %llu, the recording has 0..%llu", path,
				     (unsigned long long)e->query.event, (unsigned long long)(s.nr_events - 1));
	}
	if (!rc && e->query.by != EXPLAIN_BY_PFN && s.type >= TRACE_NR_PAGE_EVENTS)
		rc = mmr_err(err, -ENOENT,
			     "%s: event %llu is of kind %s, expected one of a page: alloc, free, free_batched, "
			     "zone_locked, pcpu_drain, extfrag",
			     path, (unsigned long long)s.found, trace_event_type_name(s.type));
	e->asked = s.found;
	*cpu = s.cpu;
	return rc;
}

/* ---- its surroundings ---------------------------------------------------------------------- */

/* The events of one CPU around the one asked about; @at is its place. */
struct around {
	const struct trace_reader *reader;
	uint64_t asked;
	struct explain_event *events;
	size_t nr, at, room;
	bool found;
	uint16_t cpu;
	int rc;
	struct explain *e;
	struct explain_beside *beside; /* [BESIDE], the last of them in turn */
	uint64_t nr_beside;
};

static struct explain_event to_event(const struct trace_reader *reader, uint64_t number,
				     const struct trace_event *ev)
{
	return (struct explain_event){
		.number = number, .ev = *ev, .cls = *trace_reader_class(reader, ev->class_id)};
}

#define BESIDE       32 /* events of other kinds kept */
#define SHORT_BEFORE 1000000 /* ns before the decision that they may lie */

static void note_beside(struct around *a, const struct trace_event *ev)
{
	const struct trace_args *args = trace_reader_args(a->reader, ev);
	struct explain_kswapd *kswapd;

	if ((ev->type == TRACE_KSWAPD_WAKE || ev->type == TRACE_KSWAPD_SLEEP) && !a->found && args &&
	    (uint64_t)args->v[0] < MAX_NUMNODES) {
		kswapd = &a->e->kswapd[args->v[0]];
		*kswapd = (struct explain_kswapd){
			.known = true, .awake = ev->type == TRACE_KSWAPD_WAKE, .since_ns = ev->ts_ns};
	}
	if (ev->cpu != a->cpu)
		return;
	a->beside[a->nr_beside++ % BESIDE] = (struct explain_beside){
		.ev = *ev,
		.cls = *trace_reader_class(a->reader, ev->class_id),
		.args = args ? *args : (struct trace_args){0},
	};
}

/* Of those kept, the ones from shortly before the decision to its end. */
static void take_beside(struct explain *e, struct around *a)
{
	uint64_t first = e->events[0].ev.ts_ns, last = e->events[e->nr_events - 1].ev.ts_ns;
	uint64_t begin = a->nr_beside > BESIDE ? a->nr_beside - BESIDE : 0;

	e->beside = malloc(BESIDE * sizeof(*e->beside));
	for (uint64_t i = begin; e->beside && i < a->nr_beside; i++) {
		const struct explain_beside *beside = &a->beside[i % BESIDE];

		if (beside->ev.ts_ns + SHORT_BEFORE >= first && beside->ev.ts_ns <= last)
			e->beside[e->nr_beside++] = *beside;
	}
}

static int grow(struct around *a)
{
	struct explain_event *more = realloc(a->events, 2 * a->room * sizeof(*more));

	if (!more)
		return a->rc = -ENOMEM;
	a->events = more;
	a->room *= 2;
	return 0;
}

static bool keep(void *ctx, uint64_t number, const struct trace_event *ev)
{
	struct around *a = ctx;

	if (!is_page_event(ev)) {
		note_beside(a, ev);
		return true;
	}
	if (ev->cpu != a->cpu)
		return true;
	if (!a->found && a->nr == 2 * AROUND) {
		memmove(a->events, a->events + AROUND, AROUND * sizeof(*a->events));
		a->nr = AROUND;
	}
	if (number == a->asked) {
		a->found = true;
		a->at = a->nr;
	}
	if (a->nr == a->room && grow(a))
		return false;
	a->events[a->nr++] = to_event(a->reader, number, ev);
	/* Up to 6.9 one free may drain all there is: tens of thousands of pages. */
	return !a->found || a->nr - a->at < AROUND || ev->type == TRACE_PCPU_DRAIN;
}

static int look_around(struct trace_reader *reader, volatile sig_atomic_t *stop, struct around *a,
		       struct mmr_error *err)
{
	int rc;

	a->room = 3 * AROUND;
	a->events = malloc(a->room * sizeof(*a->events));
	if (!a->events)
		return mmr_err(err, -ENOMEM, "%s: no memory for the events around", trace_reader_path(reader));
	rc = for_each_event(reader, stop, keep, a, err);
	if (a->rc)
		return mmr_err(err, a->rc, "%s: no memory for the events around", trace_reader_path(reader));
	/* Damage behind the event is no harm. */
	return a->found && rc != -EINTR ? 0 : rc;
}

static bool in_interrupt(const struct trace_event *ev)
{
	return ev->flags & (TRACE_F_SOFTIRQ | TRACE_F_HARDIRQ);
}

static bool is_taken(const struct trace_event *ev)
{
	return ev->type == TRACE_ZONE_LOCKED || ev->type == TRACE_EXTFRAG;
}

static bool same_list(const struct trace_event *a, const struct trace_event *b)
{
	return a->order == b->order && a->migratetype == b->migratetype;
}

/* First event of the run of blocks that event @at is a part of. */
static size_t run_begin(const struct around *a, size_t at)
{
	while (at && is_taken(&a->events[at - 1].ev) && same_list(&a->events[at - 1].ev, &a->events[at].ev))
		at--;
	return at;
}

static size_t run_end(const struct around *a, size_t at)
{
	while (at + 1 < a->nr && is_taken(&a->events[at + 1].ev) &&
	       same_list(&a->events[at + 1].ev, &a->events[at].ev))
		at++;
	return at;
}

/* The page that a run obtained first; up to 6.9 an extfrag event names the block it comes from, before. */
static uint32_t run_page(const struct around *a, size_t begin)
{
	const struct trace_event *ev = &a->events[begin].ev;
	bool first = ev->type == TRACE_EXTFRAG && begin + 1 < a->nr && a->events[begin + 1].ev.pfn != ev->pfn &&
		     a->events[begin + 1].ev.type == TRACE_ZONE_LOCKED;

	return a->events[first ? begin + 1 : begin].ev.pfn;
}

/* Where does the allocation at @at begin? At its run, if it has one. */
static size_t alloc_begin(const struct around *a, size_t at)
{
	const struct trace_event *ev = &a->events[at].ev;
	size_t looked = 0;

	if (ev->pfn == TRACE_NO_PFN)
		return at;
	for (size_t i = at; i-- && looked++ < RUN_DISTANCE;) {
		const struct trace_event *before = &a->events[i].ev;

		if (is_taken(before) && same_list(before, ev)) {
			size_t begin = run_begin(a, i);

			return run_page(a, begin) == ev->pfn ? begin : at;
		}
		/* Another one of the kind came between: the run was for that. */
		if (before->pfn == ev->pfn || (before->type == TRACE_ALLOC && same_list(before, ev) &&
					       in_interrupt(before) == in_interrupt(ev)))
			return at;
	}
	return at;
}

/* The allocation that asked for the run at @at; a->nr where there is none. */
static size_t run_alloc(const struct around *a, size_t at)
{
	uint32_t pfn = run_page(a, run_begin(a, at));
	size_t end = run_end(a, at);

	for (size_t i = end + 1; i < a->nr && i <= end + RUN_DISTANCE; i++) {
		const struct trace_event *ev = &a->events[i].ev;

		if (ev->type == TRACE_ALLOC && ev->pfn == pfn && ev->order == a->events[at].ev.order)
			return i;
	}
	return a->nr;
}

/* The batch event of a free; @at itself where it is freed singly. */
static size_t free_point(const struct around *a, size_t at)
{
	for (size_t i = at + 1; i < a->nr; i++) {
		const struct trace_event *ev = &a->events[i].ev;

		if (ev->pfn != a->events[at].ev.pfn)
			continue;
		return ev->type == TRACE_FREE_BATCHED ? i : at;
	}
	return at;
}

/* The free that caused the drain at @at; a->nr where none did. */
static size_t drain_free(const struct around *a, size_t at)
{
	const struct trace_event *drain = &a->events[at].ev;

	for (size_t i = at; i--;) {
		const struct trace_event *ev = &a->events[i].ev;

		if (in_interrupt(ev) && !in_interrupt(drain))
			continue;
		if (ev->task != drain->task)
			return a->nr;
		if (ev->type == TRACE_FREE_BATCHED || (ev->type == TRACE_FREE && free_point(a, i) == i))
			return mmr_step_pcp_order(ev->order) ? i : a->nr;
		if (ev->type != TRACE_PCPU_DRAIN)
			return a->nr;
	}
	return a->nr;
}

/* Last drain that follows the free at @at; @at where none does. */
static size_t last_drain(const struct around *a, size_t at)
{
	size_t last = at;

	for (size_t i = at + 1; i < a->nr; i++) {
		const struct trace_event *ev = &a->events[i].ev;

		if (in_interrupt(ev) && !in_interrupt(&a->events[at].ev))
			continue;
		if (ev->type != TRACE_PCPU_DRAIN || ev->task != a->events[at].ev.task)
			break;
		last = i;
	}
	return last;
}

/* ---- the decision -------------------------------------------------------------------------- */

static int take_events(struct explain *e, const struct around *a, size_t begin, size_t end, uint8_t types)
{
	for (size_t i = begin; i <= end; i++) {
		const struct explain_event *event = &a->events[i];

		if (!(types >> event->ev.type & 1))
			continue;
		if (append(&e->events, &e->nr_events, event->number, &event->ev, a->reader))
			return -ENOMEM;
	}
	return 0;
}

#define TYPE(type) (1u << TRACE_##type)

static int decide_alloc(struct explain *e, const struct around *a, size_t at)
{
	size_t begin = alloc_begin(a, at), end = begin == at ? at : run_end(a, begin);
	int rc = 0;

	e->kind = EXPLAIN_ALLOC;
	e->order = a->events[at].ev.order;
	e->begin = a->events[begin].number;
	e->last = a->events[at].number;
	e->request = a->events[at];
	if (begin != at)
		rc = take_events(e, a, begin, end, TYPE(ZONE_LOCKED) | TYPE(EXTFRAG));
	return rc ? rc : take_events(e, a, at, at, TYPE(ALLOC));
}

static int decide_free(struct explain *e, const struct around *a, size_t at)
{
	size_t point = a->events[at].ev.type == TRACE_FREE ? free_point(a, at) : at;
	size_t end = last_drain(a, point);
	int rc = 0;

	e->order = a->events[point].ev.order;
	/* The order is the free's; its batch event does not say it. */
	for (size_t i = point + 1; i--;) {
		if (a->events[i].ev.type == TRACE_FREE && a->events[i].ev.pfn == a->events[point].ev.pfn) {
			e->order = a->events[i].ev.order;
			if (i != point)
				rc = take_events(e, a, i, i, TYPE(FREE));
			break;
		}
	}
	e->kind = EXPLAIN_FREE;
	e->begin = a->events[point].number;
	e->last = a->events[end].number;
	e->request = a->events[point];
	rc = rc ? rc : take_events(e, a, point, point, TYPE(FREE) | TYPE(FREE_BATCHED));
	return rc || end == point ? rc : take_events(e, a, point + 1, end, TYPE(PCPU_DRAIN));
}

static int decide_other(struct explain *e, const struct around *a, size_t begin, size_t end)
{
	e->begin = a->events[begin].number;
	e->last = a->events[end].number;
	e->request = a->events[a->at];
	return take_events(e, a, begin, end,
			   e->kind == EXPLAIN_DRAIN ? TYPE(PCPU_DRAIN) : TYPE(ZONE_LOCKED) | TYPE(EXTFRAG));
}

static int decide(struct explain *e, const struct around *a)
{
	const struct trace_event *ev = &a->events[a->at].ev;
	size_t at = a->at;

	e->order = ev->order;
	switch (ev->type) {
	case TRACE_ALLOC:
		return decide_alloc(e, a, at);
	case TRACE_FREE:
	case TRACE_FREE_BATCHED:
		return decide_free(e, a, at);
	case TRACE_PCPU_DRAIN:
		at = drain_free(a, at);
		if (at < a->nr)
			return decide_free(e, a, at);
		e->kind = EXPLAIN_DRAIN;
		return decide_other(e, a, a->at, a->at);
	default:
		at = run_alloc(a, at);
		if (at < a->nr)
			return decide_alloc(e, a, at);
		e->kind = EXPLAIN_TAKEN;
		return decide_other(e, a, run_begin(a, a->at), run_end(a, a->at));
	}
}

int explain_find(struct trace_reader *reader, const struct explain_query *query, volatile sig_atomic_t *stop,
		 struct explain *ret, struct mmr_error *err)
{
	struct explain_beside beside[BESIDE];
	struct around a = {.reader = reader, .e = ret, .beside = beside};
	int rc;

	*ret = (struct explain){.query = *query, .known_from = UINT64_MAX};
	rc = find_event(reader, stop, ret, &a.cpu, err);
	a.asked = ret->asked;
	rc = rc ? rc : look_around(reader, stop, &a, err);
	if (!rc && decide(ret, &a))
		rc = mmr_err(err, -ENOMEM, "%s: no memory for the events of the decision",
			     trace_reader_path(reader));
	if (!rc)
		take_beside(ret, &a);
	free(a.events);
	return rc;
}
