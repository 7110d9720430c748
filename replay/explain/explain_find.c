// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding the event that is asked about, and what the recording has around it. */
#include "replay/explain/explain_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AROUND       32768 /* events of a CPU kept before the one asked about, and looked at after it */
#define SHORT_BEFORE 1000000 /* ns before the decision that events of other kinds may lie */

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

/* Does the event say what becomes of this page? */
static bool holds(const struct trace_event *ev, uint32_t pfn)
{
	return (explain_is_part(ev) || ev->type == TRACE_ISOLATE_PAGE || ev->type == TRACE_PUTBACK_PAGE ||
		ev->type == TRACE_FREE_CORE) &&
	       ev->pfn != TRACE_NO_PFN && ev->order < NR_PAGE_ORDERS && pfn - ev->pfn < 1u << ev->order;
}

static bool hands_out(const struct trace_event *ev)
{
	return ev->type == TRACE_ALLOC || ev->type == TRACE_BULK_PAGE;
}

int explain_append(struct explain_event **list, size_t *nr, const struct explain_event *event)
{
	/* Room doubles at each power of two. */
	if ((*nr & (*nr - 1)) == 0) {
		struct explain_event *more = realloc(*list, (*nr ? 2 * *nr : 1) * sizeof(**list));

		if (!more)
			return -ENOMEM;
		*list = more;
	}
	(*list)[(*nr)++] = *event;
	return 0;
}

static struct explain_event to_event(const struct trace_reader *reader, uint64_t number,
				     const struct trace_event *ev)
{
	return (struct explain_event){
		.number = number, .ev = *ev, .cls = *trace_reader_class(reader, ev->class_id)};
}

/* ---- the event asked about ----------------------------------------------------------------- */

struct search {
	const struct trace_reader *reader;
	struct explain *e;
	uint64_t first_ns, nr_events, last_ns;
	uint64_t found;
	uint16_t cpu; /* of the one found */
	bool is_found;
	int rc;
};

static bool look(void *ctx, uint64_t number, const struct trace_event *ev)
{
	struct search *s = ctx;
	const struct explain_query *q = &s->e->query;
	struct explain_event event;

	s->nr_events = number + 1;
	s->last_ns = ev->ts_ns;
	switch (q->by) {
	case EXPLAIN_BY_PFN:
		if (!holds(ev, q->pfn))
			return true;
		event = to_event(s->reader, number, ev);
		s->rc = explain_append(&s->e->life, &s->e->nr_life, &event);
		return !s->rc;
	case EXPLAIN_BY_TIME:
		s->is_found = explain_is_part(ev) && ev->ts_ns - s->first_ns >= q->since_ns &&
			      ev->ts_ns >= s->first_ns;
		break;
	default:
		s->is_found = number == q->event;
	}
	s->found = number;
	s->cpu = ev->cpu;
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
		e->nr_allocs += hands_out(&e->life[i].ev);
	e->nth = e->query.nth ? e->query.nth : e->nr_allocs;
	if (e->nth > e->nr_allocs)
		return mmr_err(err, -ENOENT, "%s: allocation %llu of page %u, the recording has %llu", path,
			       (unsigned long long)e->nth, e->query.pfn, (unsigned long long)e->nr_allocs);
	size_t at = e->nr_life - 1;

	for (size_t i = 0, nth = 0; i < e->nr_life; i++) {
		if (hands_out(&e->life[i].ev) && ++nth == e->nth)
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
	e->asked = s.found;
	*cpu = s.cpu;
	return rc;
}

/* ---- its surroundings ---------------------------------------------------------------------- */

static void note_beside(struct around *a, uint64_t number, const struct trace_event *ev)
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
	if (number == a->asked)
		a->e->args = args ? *args : (struct trace_args){0};
	/* Of those behind the event only as many as have room: none before it may get lost. */
	if (a->found && a->nr_beside_after++ >= BESIDE / 2)
		return;
	a->beside[a->nr_beside++ % BESIDE] = (struct explain_beside){
		.event = to_event(a->reader, number, ev),
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
		const struct trace_event *ev = &beside->event.ev;

		if ((e->kind != EXPLAIN_OTHER || beside->event.number != e->asked) &&
		    ev->ts_ns + SHORT_BEFORE >= first && ev->ts_ns <= last)
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

/* Return: whether to go on. */
static bool keep(void *ctx, uint64_t number, const struct trace_event *ev)
{
	struct around *a = ctx;
	bool is_part = explain_is_part(ev);

	if (!is_part)
		note_beside(a, number, ev);
	if (ev->cpu != a->cpu)
		return true;
	if (number == a->asked) {
		a->found = true;
		a->asked_event = to_event(a->reader, number, ev);
		a->at = a->nr;
	}
	if (!is_part)
		return true;
	if (!a->found && a->nr == 2 * AROUND) {
		memmove(a->events, a->events + AROUND, AROUND * sizeof(*a->events));
		a->nr = AROUND;
	}
	if (number == a->asked)
		a->at = a->nr;
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

/* ---- all of it ----------------------------------------------------------------------------- */

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
	if (!rc && explain_decide(ret, &a))
		rc = mmr_err(err, -ENOMEM, "%s: no memory for the events of the decision",
			     trace_reader_path(reader));
	if (!rc)
		take_beside(ret, &a);
	free(a.events);
	return rc;
}
