// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a decoded block's columns to events that can be delivered, a few at a time: one word for each that somebody
 * wants, in program order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traces/format.h"
#include "traces/trace_reader_internal.h"

#define KEPT_SHIFT (8 * STREAM_SLOTS)

static inline uint64_t step_of(const struct mmt_events *ev, uint32_t i, uint32_t *next_far)
{
	return __builtin_expect(ev->step[i] == MMT_TIME_FAR, 0) ? (uint64_t)ev->far[(*next_far)++] : ev->step[i];
}

/*
 * Up to seven types become words, which is so in nearly every block: counts of up to 128 events are the bytes of
 * one register, and the highest one counts the words. A count in memory is there again only five cycles after it
 * was stored, and events of one type come in rows. No branch depends on an event's type: they come in no order that
 * could be guessed.
 */
static void more_few(struct trace_stream *s, struct stream_block *b, uint32_t end)
{
	const struct mmt_events *ev = &b->columns;
	const uint16_t *restrict class_index = ev->class_index;
	const struct class_plan *restrict plans = b->plans;
	struct trace_word *restrict words = s->words;
	uint32_t i = b->at, next_far = b->next_far;
	const uint32_t *next[STREAM_SLOTS];
	uint64_t ts = b->ts, counts = 0;

	memcpy(next, b->next_pfn, sizeof(next));
	for (; i < end; i++) {
		const struct class_plan *plan = &plans[class_index[i]];
		struct trace_word *word = &words[counts >> KEPT_SHIFT];
		const uint32_t *pfns;

		/* The shift is eight times the slot's number: as many bytes as its pointer lies behind the first. */
		memcpy(&pfns, (const char *)next + plan->shift, sizeof(pfns));
		ts += step_of(ev, i, &next_far);
		word->ts = ts;
		word->pfn = pfns[counts >> plan->shift & 0xff];
		word->tail = plan->tail;
		counts += plan->one;
	}
	for (uint32_t k = 0; k < STREAM_SLOTS; k++)
		b->next_pfn[k] += counts >> (8 * k) & 0xff;
	s->nr = (uint32_t)(counts >> KEPT_SHIFT);
	b->next_far = next_far;
	b->ts = ts;
}

/* Any number of classes and types: each type's next pfn is counted in memory. */
static void more_any(struct trace_stream *s, struct stream_block *b, uint32_t end)
{
	const struct mmt_events *ev = &b->columns;

	s->nr = 0;
	for (uint32_t i = b->at; i < end; i++) {
		const struct class_plan *plan = &b->plans[ev->class_index[i]];
		uint32_t pfn = ev->pfn[b->group_next[plan->group]++];

		b->ts += step_of(ev, i, &b->next_far);
		s->words[s->nr] = (struct trace_word){.ts = b->ts, .pfn = pfn, .tail = plan->tail};
		s->nr += plan->kept;
	}
}

/* What the next words are made from. */
static void fetch_columns(const struct stream_block *b)
{
	const struct mmt_events *ev = &b->columns;
	const uint32_t per_line = 64 / sizeof(*ev->step);

	for (uint32_t i = 0; i < STREAM_WORDS; i += per_line) {
		__builtin_prefetch(&ev->class_index[b->at + i]);
		__builtin_prefetch(&ev->step[b->at + i]);
	}
	for (uint32_t k = 0; k < b->nr_slots; k++)
		for (uint32_t i = 0; i < STREAM_WORDS / 2; i += 2 * per_line / sizeof(*ev->pfn))
			__builtin_prefetch(b->next_pfn[k] + i);
	__builtin_prefetch(&ev->runs[b->next_run]);
	__builtin_prefetch(b->plans);
}

void trace_words_fetch(const struct trace_stream *s, uint32_t left)
{
	const struct stream_block *b = s->block;

	if (left <= STREAM_FETCH_COLUMNS) {
		fetch_columns(b);
		return;
	}
	__builtin_prefetch(&b->columns.nr);
	__builtin_prefetch(&b->columns.runs);
	__builtin_prefetch(&b->ts);
	__builtin_prefetch(&b->next_pfn[STREAM_SLOTS - 1]);
}

bool trace_words_more(struct trace_stream *s, uint32_t nr_tasks)
{
	struct stream_block *b = s->block;
	const struct mmt_events *ev = &b->columns;

	s->nr = s->next = 0;
	while (b->at < ev->nr && !s->nr) {
		const struct mmt_task_run *run = &ev->runs[b->next_run];
		uint32_t end = run->end - b->at < STREAM_WORDS ? run->end : b->at + STREAM_WORDS;

		/* A task number the file has no task for (its block is damaged) becomes "unknown". */
		s->task = run->task < nr_tasks ? run->task : TRACE_NO_TASK;
		if (b->any_type)
			more_any(s, b, end);
		else
			more_few(s, b, end);
		b->at = end;
		b->next_run += end == run->end;
	}
	fetch_columns(b);
	return s->nr;
}

/* Return: false where there are too many classes, or types that become words. */
static bool plan_counts(struct stream_block *b)
{
	const struct mmt_events *ev = &b->columns;
	uint8_t slot_of_type[256];

	b->nr_slots = 0;
	memset(slot_of_type, 0xff, sizeof(slot_of_type));
	for (uint32_t k = 0; k < STREAM_SLOTS; k++)
		b->next_pfn[k] = ev->pfn;
	for (uint32_t i = 0; i < ev->pre.nr_classes; i++) {
		struct class_plan *plan = &b->plans[i];
		uint8_t *slot = &slot_of_type[plan->group];

		/* What becomes no word gets any page: its place is written over. */
		plan->shift = 0;
		plan->one = 0;
		if (!plan->kept)
			continue;
		if (*slot == 0xff) {
			if (b->nr_slots == STREAM_SLOTS)
				return false;
			b->next_pfn[b->nr_slots] = ev->pfn + ev->group[plan->group];
			*slot = (uint8_t)b->nr_slots++;
		}
		plan->shift = (uint8_t)(8 * *slot);
		plan->one = 1ull << plan->shift | 1ull << KEPT_SHIFT;
	}
	return true;
}

int trace_words_begin(struct trace_stream *s)
{
	struct stream_block *b = s->block;

	if (!s->words)
		s->words = aligned_alloc(64, STREAM_WORDS * sizeof(*s->words));
	if (!s->words)
		return -ENOMEM;
	b->at = b->next_run = b->next_far = 0;
	b->ts = b->columns.pre.base_ns;
	b->any_type = !plan_counts(b);
	if (!b->any_type)
		return 0;
	if (!b->group_next)
		b->group_next = malloc(256 * sizeof(*b->group_next));
	if (!b->group_next)
		return -ENOMEM;
	memcpy(b->group_next, b->columns.group, 256 * sizeof(*b->group_next));
	return 0;
}
