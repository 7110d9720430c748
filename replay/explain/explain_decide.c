// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which decision does an event belong to, and which events belong to that decision?
 *
 * An allocation that refilled its list, or went past it, has events before its own: the blocks that
 * left the buddy. So has a bulk allocation, whose pages are told at its end. A free has its drains behind
 * it, and one that is part of a batch is decided at its free_batched event. What other kinds of event tell
 * is a part of such a decision, or stands for itself.
 */
#include <errno.h>

#include "core/step.h"
#include "replay/explain/explain_internal.h"

#define RUN_DISTANCE  64 /* events of a CPU between a refill and the allocation that asked for it */
#define PART_DISTANCE 64 /* events of a CPU between a free and an event that tells where its page goes */

/* ---- runs of blocks ------------------------------------------------------------------------ */

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

		if (ev->task != drain->task || (in_interrupt(ev) && !in_interrupt(drain)))
			continue;
		if (ev->type == TRACE_FREE_BATCHED || (ev->type == TRACE_FREE && free_point(a, i) == i))
			return mmr_step_pcp_order(ev->order) ? i : a->nr;
		if (ev->type != TRACE_PCPU_DRAIN)
			return a->nr;
	}
	return a->nr;
}

/*
 * Last drain that follows the free at @at; @at where none does. From 7.x the list's lock is let go now and
 * then, and others come to it.
 */
static size_t last_drain(const struct around *a, size_t at)
{
	size_t last = at;

	for (size_t i = at + 1; i < a->nr; i++) {
		const struct trace_event *ev = &a->events[i].ev;

		if (ev->task != a->events[at].ev.task || (in_interrupt(ev) && !in_interrupt(&a->events[at].ev)))
			continue;
		if (ev->type != TRACE_PCPU_DRAIN)
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
		if (explain_append(&e->events, &e->nr_events, event))
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
	for (size_t i = point + 1; i <= end && !rc; i++) {
		if (a->events[i].ev.task == e->request.ev.task)
			rc = take_events(e, a, i, i, TYPE(PCPU_DRAIN));
	}
	return rc;
}

static int decide_other(struct explain *e, const struct around *a, size_t begin, size_t end)
{
	e->begin = a->events[begin].number;
	e->last = a->events[end].number;
	e->request = a->events[begin <= a->at && a->at <= end ? a->at : begin];
	return take_events(e, a, begin, end,
			   e->kind == EXPLAIN_DRAIN ? TYPE(PCPU_DRAIN) : TYPE(ZONE_LOCKED) | TYPE(EXTFRAG));
}

/* ---- bulk allocations ----------------------------------------------------------------------- */

static bool is_bulk(const struct trace_event *ev, const struct trace_event *like)
{
	return ev->type == TRACE_BULK_PAGE && ev->task == like->task && ev->class_id == like->class_id;
}

/* First and last page of the call, or of several that follow each other with nothing in between. */
static void bulk_call(const struct around *a, size_t at, size_t *begin, size_t *end)
{
	const struct trace_event *ev = &a->events[at].ev;

	*begin = *end = at;
	while (*begin && is_bulk(&a->events[*begin - 1].ev, ev))
		--*begin;
	while (*end + 1 < a->nr && is_bulk(&a->events[*end + 1].ev, ev))
		++*end;
}

/* Refills of the list that a call, whose first page is at @at, took its pages from. */
static size_t bulk_refills(const struct around *a, size_t at)
{
	size_t begin = at;

	for (size_t i = at; i--;) {
		const struct trace_event *ev = &a->events[i].ev;

		if (in_interrupt(ev) && !in_interrupt(&a->events[at].ev))
			continue;
		if (!is_taken(ev) || !same_list(ev, &a->events[at].ev) || ev->task != a->events[at].ev.task)
			break;
		begin = i;
	}
	return begin;
}

static int decide_bulk(struct explain *e, const struct around *a, size_t at)
{
	size_t first, end, begin;
	int rc;

	bulk_call(a, at, &first, &end);
	begin = bulk_refills(a, first);
	e->kind = EXPLAIN_BULK;
	e->order = 0;
	e->begin = a->events[begin].number;
	e->last = a->events[end].number;
	e->request = a->events[first];
	rc = begin == first ? 0 : take_events(e, a, begin, first - 1, TYPE(ZONE_LOCKED) | TYPE(EXTFRAG));
	return rc ? rc : take_events(e, a, first, end, TYPE(BULK_PAGE));
}

/* The bulk allocation that asked for the run that ends at @end; a->nr where there is none. */
static size_t run_bulk(const struct around *a, size_t end)
{
	for (size_t i = end + 1; i < a->nr && i <= end + RUN_DISTANCE; i++) {
		const struct trace_event *ev = &a->events[i].ev;

		if (in_interrupt(ev) || (is_taken(ev) && same_list(ev, &a->events[end].ev)))
			continue;
		return ev->type == TRACE_BULK_PAGE && same_list(ev, &a->events[end].ev) ? i : a->nr;
	}
	return a->nr;
}

/* ---- any event ------------------------------------------------------------------------------ */

static int decide_taken(struct explain *e, const struct around *a)
{
	size_t at = run_alloc(a, a->at), end = run_end(a, a->at);

	if (at < a->nr)
		return decide_alloc(e, a, at);
	at = run_bulk(a, end);
	if (at < a->nr)
		return decide_bulk(e, a, at);
	e->kind = EXPLAIN_TAKEN;
	return decide_other(e, a, run_begin(a, a->at), end);
}

static int decide_drain(struct explain *e, const struct around *a, size_t at)
{
	size_t free = drain_free(a, at);

	if (free < a->nr)
		return decide_free(e, a, free);
	e->kind = EXPLAIN_DRAIN;
	return decide_other(e, a, at, at);
}

static int decide_part(struct explain *e, const struct around *a)
{
	switch (a->events[a->at].ev.type) {
	case TRACE_ALLOC:
		return decide_alloc(e, a, a->at);
	case TRACE_FREE:
	case TRACE_FREE_BATCHED:
		return decide_free(e, a, a->at);
	case TRACE_PCPU_DRAIN:
		return decide_drain(e, a, a->at);
	case TRACE_BULK_PAGE:
		return decide_bulk(e, a, a->at);
	default:
		return decide_taken(e, a);
	}
}

/* The event of this page shortly before; a->nr where there is none. */
static size_t page_before(const struct around *a, unsigned int types)
{
	const struct trace_event *ev = &a->asked_event.ev;

	for (size_t i = a->at, looked = 0; i-- && looked++ < PART_DISTANCE;) {
		if (a->events[i].ev.pfn == ev->pfn && a->events[i].ev.task == ev->task)
			return types >> a->events[i].ev.type & 1 ? i : a->nr;
	}
	return a->nr;
}

/* An event of another kind: a part of the decision whose events are beside it, or for itself. */
static int decide_kind(struct explain *e, const struct around *a)
{
	size_t at = a->nr;

	switch (a->asked_event.ev.type) {
	case TRACE_PCP_COMMIT:
	case TRACE_BUDDY_FREE:
		at = page_before(a, TYPE(FREE) | TYPE(FREE_BATCHED));
		if (at < a->nr)
			return decide_free(e, a, at);
		break;
	case TRACE_ALLOC_REQUEST:
		at = page_before(a, TYPE(ALLOC));
		if (at < a->nr)
			return decide_alloc(e, a, at);
		break;
	case TRACE_PCP_FREE_BULK:
		if (a->at < a->nr && a->events[a->at].ev.type == TRACE_PCPU_DRAIN &&
		    a->events[a->at].ev.task == a->asked_event.ev.task)
			return decide_drain(e, a, a->at);
		break;
	default:
		break;
	}
	e->kind = EXPLAIN_OTHER;
	e->order = a->asked_event.ev.order;
	e->begin = e->last = a->asked;
	e->request = a->asked_event;
	return explain_append(&e->events, &e->nr_events, &a->asked_event);
}

/* A drain lets go of the list now and then, and others come to it. */
static void count_between(struct explain *e, const struct around *a)
{
	uint64_t last = e->events[e->nr_events - 1].number;

	for (size_t i = 0; i < a->nr; i++) {
		const struct explain_event *event = &a->events[i];

		if (event->number > e->request.number && event->number < last &&
		    (event->ev.task != e->request.ev.task || in_interrupt(&event->ev)))
			e->nr_between++;
	}
}

int explain_decide(struct explain *e, const struct around *a)
{
	int rc;

	e->asked_pfn = a->asked_event.ev.pfn;
	e->order = a->asked_event.ev.order;
	rc = explain_is_part(&a->asked_event.ev) ? decide_part(e, a) : decide_kind(e, a);
	if (!rc && e->kind == EXPLAIN_FREE)
		count_between(e, a);
	return rc;
}
