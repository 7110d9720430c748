// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which of a recording's events the replay has to do with, and what the others leave in its counts. Mostly the
 * reader delivers no others, and all of this is done once, at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "replay/engine/engine_internal.h"
#include "replay/event_check.h"

/* What becomes a request; and what else tells how the recorded zones fill and empty, see named_node.h. */
#define REQUESTS (1ull << TRACE_ALLOC | 1ull << TRACE_FREE)
#define FOLLOWED (REQUESTS | 1ull << TRACE_ZONE_LOCKED | 1ull << TRACE_PCPU_DRAIN | 1ull << TRACE_EXTFRAG)

int engine_init_chosen(struct engine *e)
{
	const struct engine_options *o = &e->options;

	e->chosen = calloc(1, sizeof(*e->chosen));
	if (!e->chosen)
		return -ENOMEM;
	e->chosen->wanted = e->translate.named.nr_zones ? FOLLOWED : REQUESTS;
	/* Where a part is measured, or an event has its number told, all events must be counted as they come.
	 */
	e->reads_requests = e->translate.copies <= 1 && o->nr_threads <= 1 && !o->from_ns && !o->to_ns &&
			    e->backend->kind != BACKEND_OPS;
	if (e->reads_requests)
		stream_want(e->stream, e->chosen->wanted | TRACE_WANT_BULK_AS_ALLOC);
	return 0;
}

/* ---- choosing ---------------------------------------------------------------------------------- */

/* Counts of at most 255 events are bytes of one register: one for each type, and the highest one of those
 * chosen.
 */
#define COUNT_BITS   8
#define COUNT_CHOSEN 56
_Static_assert(TRACE_NR_PAGE_EVENTS *COUNT_BITS <= COUNT_CHOSEN, "a byte for each type of event");

static void end_chosen(struct chosen *c, size_t nr)
{
	memset(&c->events[nr], 0, TRACE_READER_AHEAD * sizeof(*c->events));
	c->nr = nr;
}

/*
 * Count all of @events and keep those that matter. Without a branch that depends on an event: their types come
 * in no order that could be guessed. Return: the highest page frame of all of them.
 */
static uint32_t choose(struct chosen *c, const struct trace_event *events, size_t nr, uint64_t *counts)
{
	uint64_t one_of[TRACE_NR_PAGE_EVENTS];
	const struct trace_event *event = events, *all_end = events + nr;
	uint32_t top = 0;
	size_t kept = 0;

	for (unsigned int type = 0; type < TRACE_NR_PAGE_EVENTS; type++)
		one_of[type] = 1ull << (type * COUNT_BITS) | (c->wanted >> type & 1) << COUNT_CHOSEN;
	while (event < all_end) {
		const struct trace_event *end = all_end - event < 255 ? all_end : event + 255;
		struct trace_event *to = c->events + kept;
		uint64_t sum = 0;

		for (; event < end; event++) {
			to[sum >> COUNT_CHOSEN] = *event;
			sum += one_of[event->type];
			top = event->pfn > top ? event->pfn : top;
		}
		kept += sum >> COUNT_CHOSEN;
		for (unsigned int type = 0; type < TRACE_NR_PAGE_EVENTS; type++)
			counts[type] += sum >> (type * COUNT_BITS) & 0xff;
	}
	end_chosen(c, kept);
	return top;
}

/* Before events are believed: allocations that had failed are left out, and all other pages have their places.
 */
static __attribute__((noinline)) int settle_odd_pfns(struct engine *e, struct mmr_error *err)
{
	struct chosen *c = e->chosen;
	uint32_t top = 0;
	size_t kept = 0;

	for (size_t i = 0; i < c->nr; i++) {
		const struct trace_event *event = &c->events[i];

		if (event->pfn == TRACE_NO_PFN) {
			e->counts.recorded_failed += event->type == TRACE_ALLOC;
			continue;
		}
		top = event->pfn > top ? event->pfn : top;
		c->events[kept++] = *event;
	}
	end_chosen(c, kept);
	return top >= e->map.end_pfn ? live_map_grow(&e->map, top, err) : 0;
}

int engine_choose_events(struct engine *e, const struct trace_event *events, size_t nr, struct mmr_error *err)
{
	uint64_t counted_at_the_end[TRACE_NR_PAGE_EVENTS] = {0};
	uint32_t top =
		choose(e->chosen, events, nr, e->reads_requests ? counted_at_the_end : e->counts.recorded);

	return top >= e->map.end_pfn ? settle_odd_pfns(e, err) : 0;
}

size_t engine_chosen_place(const struct engine *e, const struct trace_event *events, size_t i)
{
	size_t at = 0;

	for (size_t before = 0;; at++) {
		bool chosen = e->chosen->wanted >> events[at].type & 1 && events[at].pfn != TRACE_NO_PFN;

		if (chosen && before++ == i)
			return at;
	}
}

/* ---- what was not chosen ------------------------------------------------------------------------- */

void engine_count_recorded(struct engine *e)
{
	if (!e->reads_requests)
		return;
	trace_reader_seen(e->reader, e->counts.recorded);
	e->nr_done = engine_nr_seen(e);
}

uint64_t engine_nr_seen(const struct engine *e)
{
	uint64_t seen[TRACE_NR_PAGE_EVENTS], nr = 0;

	if (!e->reads_requests)
		return e->nr_done;
	trace_reader_seen(e->reader, seen);
	for (unsigned int type = 0; type < TRACE_NR_PAGE_EVENTS; type++)
		nr += seen[type];
	return nr;
}

/* The first event that cannot be, with its number among all of them. The reader is elsewhere afterwards. */
static int say_bad_event(struct engine *e, struct mmr_error *err)
{
	const struct trace_event *events;
	uint64_t number = 0;
	ssize_t nr;

	trace_reader_want(e->reader, TRACE_WANT_REQUESTS);
	while ((nr = trace_reader_next(e->reader, &events, err)) > 0) {
		for (ssize_t i = 0; i < nr; i++, number++) {
			int rc = event_check(&events[i], trace_reader_class(e->reader, events[i].class_id),
					     NULL, number, err);

			if (rc)
				return rc;
		}
	}
	return nr < 0 ? (int)nr : mmr_err(err, -EINVAL, "it has a class of events that cannot be");
}

int engine_check_batch(struct engine *e, const struct trace_event *events, size_t nr, struct mmr_error *err)
{
	uint32_t known = trace_reader_nr_classes(e->reader);
	int rc = 0;

	/* Classes are few; only where one cannot be, events are looked at one by one. */
	for (; e->nr_checked_classes < known; e->nr_checked_classes++)
		e->has_bad_class |=
			class_check(trace_reader_class(e->reader, (uint16_t)e->nr_checked_classes), NULL) != 0;
	if (e->has_bad_class && e->reads_requests)
		rc = say_bad_event(e, err);
	for (size_t i = 0; e->has_bad_class && i < nr && !rc; i++)
		rc = event_check(&events[i], trace_reader_class(e->reader, events[i].class_id), NULL,
				 e->nr_done + i, err);
	return rc ? mmr_err_prefix(err, "%s", trace_reader_path(e->reader)), rc : 0;
}
