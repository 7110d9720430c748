// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a decoded block's columns to events that can be delivered, a few at a time and of the kinds that
 * somebody wants, in program order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traces/format.h"
#include "traces/trace_reader_internal.h"

#define KEPT_SHIFT (8 * STREAM_SLOTS)
_Static_assert(sizeof(struct class_plan) == 32 && sizeof(struct trace_event) == 24 &&
		       offsetof(struct trace_event, cpu) == 16,
	       "an event is three words, of which the last is its class's");

static inline uint64_t step_of(const struct mmt_events *ev, uint32_t i, uint32_t *next_far)
{
	return __builtin_expect(ev->step[i] == MMT_TIME_FAR, 0) ? (uint64_t)ev->far[(*next_far)++]
								: ev->step[i];
}

static inline void put(struct trace_event *to, uint64_t ts, uint32_t pfn, uint32_t task, uint64_t last)
{
	to->ts_ns = ts;
	to->pfn = pfn;
	to->task = task;
	memcpy(&to->cpu, &last, sizeof(last));
}

/*
 * Events [b->at, @end), all of @task. Up to seven types are kept, which is so in nearly every block: @counts of
 * up to 128 events are the bytes of one register, and the highest one counts those that are ready. A count in
 * memory is there again only five cycles after it was stored, and events of one type come in rows. No branch
 * depends on an event's type: they come in no order that could be guessed. Return: @counts, with these.
 */
static inline uint64_t more_few(struct trace_event *restrict ready, struct stream_block *b, uint32_t end,
				uint32_t task, const uint32_t *const *next, uint64_t counts)
{
	const struct mmt_events *ev = &b->columns;
	const uint16_t *restrict class_index = ev->class_index;
	const struct class_plan *restrict plans = b->plans;
	uint32_t i = b->at, next_far = b->next_far;
	uint64_t ts = b->ts;

	for (; i < end; i++) {
		const struct class_plan *plan = &plans[class_index[i]];
		const uint32_t *pfns;

		/* The shift is eight times the slot's number: as many bytes as its pointer lies behind the
		 * first. */
		memcpy(&pfns, (const char *)next + plan->shift, sizeof(pfns));
		ts += step_of(ev, i, &next_far);
		put(&ready[counts >> KEPT_SHIFT], ts, pfns[counts >> plan->shift & 0xff], task, plan->last);
		counts += plan->one;
	}
	b->next_far = next_far;
	b->ts = ts;
	return counts;
}

/* The same where the pfns are in the order of the events. Return: how many are ready */
static inline uint32_t more_ordered(struct trace_event *restrict ready, struct stream_block *b, uint32_t end,
				    uint32_t task, uint32_t nr)
{
	const struct mmt_events *ev = &b->columns;
	uint32_t next_far = b->next_far;
	uint64_t ts = b->ts;

	for (uint32_t i = b->at; i < end; i++) {
		const struct class_plan *plan = &b->plans[ev->class_index[i]];

		ts += step_of(ev, i, &next_far);
		put(&ready[nr], ts, ev->pfn[i], task, plan->last);
		nr += plan->kept;
	}
	b->next_far = next_far;
	b->ts = ts;
	return nr;
}

/* Events up to @end, run of tasks by run of tasks. Return: how many are ready */
static uint32_t more(const struct trace_reader *r, struct trace_event *ready, struct stream_block *b,
		     uint32_t end)
{
	const uint32_t *next[STREAM_SLOTS];
	uint64_t counts = 0;
	uint32_t nr = 0;

	memcpy(next, b->next_pfn, sizeof(next));
	while (b->at < end) {
		const struct mmt_task_run *run = &b->columns.runs[b->next_run];
		uint32_t stop = run->end < end ? run->end : end;
		/* A number the file has no task for (its block is damaged) becomes "unknown". */
		uint32_t task = run->task < r->nr_tasks ? run->task : TRACE_NO_TASK;

		if (b->in_order)
			nr = more_ordered(ready, b, stop, task, nr);
		else
			counts = more_few(ready, b, stop, task, next, counts);
		b->at = stop;
		b->next_run += stop == run->end;
	}
	if (b->in_order)
		return nr;
	for (uint32_t k = 0; k < STREAM_SLOTS; k++)
		b->next_pfn[k] += counts >> (8 * k) & 0xff;
	return (uint32_t)(counts >> KEPT_SHIFT);
}

bool trace_ready_more(const struct trace_reader *r, struct trace_stream *s)
{
	struct stream_block *b = s->block;
	uint32_t nr = b->columns.nr;

	s->nr = s->next = 0;
	while (b->at < nr && !s->nr)
		s->nr = more(r, s->ready, b, nr - b->at < STREAM_READY ? nr : b->at + STREAM_READY);
	return s->nr;
}

/* Return: false where there are too many classes, or types that are kept. */
static bool plan_counts(struct stream_block *b)
{
	const struct mmt_events *ev = &b->columns;
	uint8_t slot_of_type[256];
	uint32_t nr_slots = 0;

	memset(slot_of_type, 0xff, sizeof(slot_of_type));
	for (uint32_t k = 0; k < STREAM_SLOTS; k++)
		b->next_pfn[k] = ev->pfn;
	for (uint32_t i = 0; i < ev->pre.nr_classes; i++) {
		struct class_plan *plan = &b->plans[i];
		uint8_t *slot = &slot_of_type[plan->group];

		/* What is not kept gets any page: its place is written over. */
		plan->shift = 0;
		plan->one = 0;
		if (!plan->kept)
			continue;
		if (*slot == 0xff) {
			if (nr_slots == STREAM_SLOTS)
				return false;
			b->next_pfn[nr_slots] = ev->pfn + ev->group[plan->group];
			*slot = (uint8_t)nr_slots++;
		}
		plan->shift = (uint8_t)(8 * *slot);
		plan->one = 1ull << plan->shift | 1ull << KEPT_SHIFT;
	}
	return true;
}

/* Of up to seven types that are kept, as more_few() takes them; of others any. */
static void order_few(const struct stream_block *b, uint32_t *restrict ordered)
{
	const struct mmt_events *ev = &b->columns;
	const uint32_t *next[STREAM_SLOTS];

	memcpy(next, b->next_pfn, sizeof(next));
	for (uint32_t i = 0; i < ev->nr;) {
		uint32_t end = ev->nr - i < 255 ? ev->nr : i + 255;
		uint64_t counts = 0;

		for (; i < end; i++) {
			const struct class_plan *plan = &b->plans[ev->class_index[i]];
			const uint32_t *pfns;

			memcpy(&pfns, (const char *)next + plan->shift, sizeof(pfns));
			ordered[i] = pfns[counts >> plan->shift & 0xff];
			counts += plan->one;
		}
		for (uint32_t k = 0; k < STREAM_SLOTS; k++)
			next[k] += counts >> (8 * k) & 0xff;
	}
}

static void order_any(const struct stream_block *b, uint32_t *restrict ordered)
{
	const struct mmt_events *ev = &b->columns;
	uint32_t group_next[256];

	memcpy(group_next, ev->group, sizeof(group_next));
	for (uint32_t i = 0; i < ev->nr; i++)
		ordered[i] = ev->pfn[group_next[b->plans[ev->class_index[i]].group]++];
}

/*
 * The pfns, which lie by type, in the order of the events. With any number of classes and types; and with many
 * CPUs, since by the time that events are made ready the columns have left the caches, and few places are
 * sooner there than many.
 */
static bool order_pfns(struct trace_reader *r, struct stream_block *b, bool few)
{
	struct mmt_events *ev = &b->columns;
	uint32_t *ordered = r->spare_pfn;

	if (ev->cap > r->spare_cap) {
		free(r->spare_pfn);
		r->spare_cap = 0;
		ordered = r->spare_pfn = malloc((ev->cap + 1) * sizeof(*ordered));
		if (!ordered)
			return false;
		r->spare_cap = ev->cap;
	}
	if (few)
		order_few(b, ordered);
	else
		order_any(b, ordered);
	/* It is as long as the block's arrays at least, which are as long as the spare one is told to be. */
	r->spare_pfn = ev->pfn;
	r->spare_cap = ev->cap;
	ev->pfn = ordered;
	return true;
}

int trace_ready_begin(struct trace_reader *r, struct trace_stream *s)
{
	struct stream_block *b = s->block;
	bool few;

	/* One more: what is not kept is written, too. */
	if (!s->ready)
		s->ready = malloc((STREAM_READY + 1) * sizeof(*s->ready));
	if (!s->ready)
		return -ENOMEM;
	b->at = b->next_run = b->next_far = 0;
	b->ts = b->columns.pre.base_ns;
	few = plan_counts(b);
	b->in_order = !few || r->nr_streams > FEW_STREAMS;
	return b->in_order && !order_pfns(r, b, few) ? -ENOMEM : 0;
}
