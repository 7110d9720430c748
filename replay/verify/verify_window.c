// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads ahead, and links events to what follows them on their CPU. */
#include "replay/verify/verify_window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/event_check.h"

int window_init(struct window *w, struct trace_reader *reader, uint32_t nr_cpus, struct mmr_error *err)
{
	*w = (struct window){
		.reader = reader,
		.nr_cpus = nr_cpus,
		.mask = WINDOW_EVENTS - 1,
		.awaited = TRACE_NO_TASK,
		.first = 1,
		.end = 1,
	};
	w->events = calloc(WINDOW_EVENTS, sizeof(*w->events));
	w->pfns = calloc(WINDOW_EVENTS, sizeof(*w->pfns));
	w->extras = calloc(WINDOW_EVENTS, sizeof(*w->extras));
	w->cpus = calloc(nr_cpus, sizeof(*w->cpus));
	w->good_classes = calloc(UINT16_MAX + 1, sizeof(*w->good_classes));
	if (!w->events || !w->pfns || !w->extras || !w->cpus || !w->good_classes) {
		window_deinit(w);
		return mmr_err(err, -ENOMEM, "verify: no memory for the window of %u CPUs", nr_cpus);
	}
	trace_reader_want(reader, TRACE_WANT_ALL);
	return 0;
}

void window_deinit(struct window *w)
{
	free(w->events);
	free(w->pfns);
	free(w->extras);
	w->extras = NULL;
	w->pfns = NULL;
	free(w->cpus);
	free(w->good_classes);
	w->good_classes = NULL;
	w->events = NULL;
	w->cpus = NULL;
}

/* The last free of the page by this task among those of a CPU; WINDOW_NONE. */
static uint64_t find_free(const struct window *w, struct window_cpu *cpu, const struct trace_event *ev)
{
	uint32_t span = cpu->nr_frees < WINDOW_FREES ? cpu->nr_frees : WINDOW_FREES;

	/* A batch is mostly inserted in the order in which it was announced, all of it before the first. */
	for (uint32_t i = 0; i <= span; i++) {
		uint32_t slot = (i ? cpu->nr_frees - i : cpu->next_free) % WINDOW_FREES;
		uint64_t number = cpu->frees[slot].number;

		if (cpu->frees[slot].pfn != ev->pfn || (!i && number > cpu->last_found))
			continue;
		cpu->next_free = slot + 1;
		cpu->last_found = w->end - 1;
		return number >= w->first && window_at(w, number)->ev.task == ev->task ? number : WINDOW_NONE;
	}
	return WINDOW_NONE;
}

/* So long ago that its CPU has freed too much since. */
static uint64_t find_old_free(const struct window *w, const struct trace_event *ev)
{
	/* The event at hand is the one before the first. */
	for (uint64_t n = w->end - 1; n >= w->first - 1 && n; n--) {
		const struct window_event *event = window_at(w, n);

		if (event->ev.pfn == ev->pfn && event->ev.type == TRACE_FREE)
			return event->ev.task == ev->task && event->link == WINDOW_NONE ? n : WINDOW_NONE;
	}
	return WINDOW_NONE;
}

/* The free that a batched event completes. The task may have gone to another CPU in between. */
static void link_batched(struct window *w, struct window_event *batched, uint64_t number)
{
	uint64_t free = find_free(w, &w->cpus[batched->ev.cpu], &batched->ev);

	for (uint32_t cpu = 0; cpu < w->nr_cpus && free == WINDOW_NONE; cpu++)
		free = find_free(w, &w->cpus[cpu], &batched->ev);
	if (free == WINDOW_NONE && batched->ev.task == w->awaited)
		free = find_old_free(w, &batched->ev);
	if (free == WINDOW_NONE)
		return;
	window_at(w, free)->link = number;
	batched->link = free;
	batched->ev.order = window_at(w, free)->ev.order;
}

/* Arguments are valid only until the reader's next batch. */
static void take_in_extra(struct window *w, const struct trace_event *ev, uint64_t number)
{
	struct window_extra *extra = &w->extras[number & w->mask];
	const struct trace_args *args = trace_reader_args(w->reader, ev);

	*extra = (struct window_extra){.zone = trace_reader_class(w->reader, ev->class_id)->zone};
	for (unsigned int i = 0; args && i < WINDOW_ARGS && i < args->nr; i++)
		extra->v[i] = args->v[i];
	if (ev->type == TRACE_BUDDY_FREE) {
		uint64_t free = find_free(w, &w->cpus[ev->cpu], ev);

		if (free != WINDOW_NONE && window_at(w, free)->link == WINDOW_NONE &&
		    window_at(w, free)->ev.order == ev->order) {
			window_at(w, free)->past = true;
			window_at(w, number)->link = free;
		}
	}
}

static void take_in(struct window *w, const struct trace_event *ev)
{
	uint64_t number = w->end++;
	struct window_event *event = window_at(w, number);
	struct window_cpu *cpu;

	*event = (struct window_event){.ev = *ev};
	w->pfns[number & w->mask] =
		ev->type <= TRACE_BULK_PAGE && ev->type != TRACE_FREE_BATCHED ? ev->pfn : TRACE_NO_PFN;
	if (ev->cpu >= w->nr_cpus)
		return;
	cpu = &w->cpus[ev->cpu];
	if (!is_page_event(ev)) {
		take_in_extra(w, ev, number);
		if (cpu->nr_waiting < WINDOW_WAITING)
			cpu->waiting[cpu->nr_waiting++] = number;
		return;
	}
	if (cpu->last && cpu->last + w->mask >= number)
		window_at(w, cpu->last)->next = number;
	cpu->last = number;
	/* The events between the two see the same next one. */
	while (cpu->nr_waiting) {
		uint64_t waiting = cpu->waiting[--cpu->nr_waiting];

		if (waiting + w->mask >= number)
			window_at(w, waiting)->next = number;
	}
	if (ev->type == TRACE_FREE) {
		uint32_t slot = cpu->nr_frees++ % WINDOW_FREES;

		cpu->frees[slot].pfn = ev->pfn;
		cpu->frees[slot].number = number;
	} else if (ev->type == TRACE_FREE_BATCHED) {
		link_batched(w, event, number);
	}
}

/* What an event's class says needs one look; of its page there remains whether it lies at a multiple. */
static int check(struct window *w, const struct trace_event *ev)
{
	int rc;

	if (w->good_classes[ev->class_id] && (!(ev->pfn & ((1u << ev->order) - 1)) || ev->pfn == TRACE_NO_PFN))
		return 0;
	rc = event_check(ev, trace_reader_class(w->reader, ev->class_id),
			 is_page_event(ev) ? NULL : trace_reader_args(w->reader, ev), w->end - 1,
			 &w->damage_err);
	w->good_classes[ev->class_id] |= !rc && is_page_event(ev) && ev->order < 32;
	return rc;
}

static void fill(struct window *w, uint64_t lookahead)
{
	while (!w->at_end && w->end - w->first < lookahead) {
		if (w->batch_pos == w->batch_len) {
			ssize_t nr = trace_reader_next(w->reader, &w->batch, &w->damage_err);

			w->damage = nr < 0 ? (int)nr : 0;
			w->at_end = nr <= 0;
			w->batch_pos = 0;
			w->batch_len = nr > 0 ? (size_t)nr : 0;
			continue;
		}
		w->damage = check(w, &w->batch[w->batch_pos]);
		w->at_end = w->damage != 0;
		if (!w->damage)
			take_in(w, &w->batch[w->batch_pos++]);
	}
}

int window_next(struct window *w, uint64_t *number, struct mmr_error *err)
{
	/* Refill in strides, so that the events come through the cache in order. */
	if (w->end - w->first < WINDOW_LOOKAHEAD / 2)
		fill(w, WINDOW_LOOKAHEAD);
	if (w->first == w->end) {
		if (w->damage && err)
			*err = w->damage_err;
		return w->damage;
	}
	*number = w->first++;
	return 1;
}

/* Twice the size: an event's place is its number's last bits, of which there is one more now. */
static bool grow(struct window *w)
{
	uint64_t size = (uint64_t)w->mask + 1, begin = w->end > size ? w->end - size : 1;
	struct window_event *events = calloc(2 * size, sizeof(*events));
	struct window_extra *extras = calloc(2 * size, sizeof(*extras));
	uint32_t *pfns = calloc(2 * size, sizeof(*pfns));

	if (!events || !extras || !pfns) {
		free(events);
		free(extras);
		free(pfns);
		return false;
	}
	for (uint64_t n = begin; n < w->end; n++) {
		events[n & (2 * size - 1)] = *window_at(w, n);
		extras[n & (2 * size - 1)] = *window_extra(w, n);
		pfns[n & (2 * size - 1)] = w->pfns[n & w->mask];
	}
	free(w->events);
	free(w->extras);
	free(w->pfns);
	w->pfns = pfns;
	w->events = events;
	w->extras = extras;
	w->mask = (uint32_t)(2 * size - 1);
	return true;
}

/* Is @pfn among these sixteen? All are looked at, without a branch, so that the compiler takes several at once.
 */
static bool is_in_sixteen(const uint32_t *pfns, uint32_t pfn)
{
	uint32_t found = 0;

	for (unsigned int i = 0; i < 16; i++)
		found |= pfns[i] == pfn;
	return found;
}

uint64_t window_next_of_page(const struct window *w, uint32_t pfn, uint64_t after, uint64_t end)
{
	uint64_t n = after + 1;

	if (pfn == TRACE_NO_PFN)
		return WINDOW_NONE;
	while (n < end) {
		const uint32_t *pfns = &w->pfns[n & w->mask];

		/* The ring is a multiple of sixteen: such a row does not reach over its end. */
		if (!(n % 16) && n + 16 <= end && !is_in_sixteen(pfns, pfn)) {
			n += 16;
			continue;
		}
		if (*pfns == pfn)
			return n;
		n++;
	}
	return WINDOW_NONE;
}

static uint64_t find_task(const struct window *w, uint32_t task, uint64_t begin)
{
	for (uint64_t n = begin; n < w->end; n++) {
		const struct trace_event *ev = &window_at(w, n)->ev;

		if (ev->task == task && !(ev->flags & (TRACE_F_SOFTIRQ | TRACE_F_HARDIRQ)))
			return n;
	}
	return WINDOW_NONE;
}

bool window_reach(struct window *w, uint32_t task, uint64_t after)
{
	uint64_t begin = after + 1, found = find_task(w, task, begin);

	w->awaited = task;
	while (found == WINDOW_NONE && !w->at_end) {
		begin = w->end;
		if (w->end - w->first + WINDOW_BEHIND > w->mask && (w->mask + 1 == WINDOW_MOST || !grow(w)))
			break;
		fill(w, w->end - w->first + WINDOW_MORE);
		found = find_task(w, task, begin);
	}
	if (found != WINDOW_NONE && w->end < found + WINDOW_MORE &&
	    found + WINDOW_MORE - w->first + WINDOW_BEHIND <= w->mask)
		fill(w, found + WINDOW_MORE - w->first);
	w->awaited = TRACE_NO_TASK;
	return found != WINDOW_NONE;
}
