// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a decoded block's columns to what a stream keeps: one word for each event that somebody wants, in
 * program order. The time of those left out is added to the next one's step.
 */
#include <string.h>

#include "traces/format.h"
#include "traces/trace_reader_internal.h"

#define NR_SLOTS     7u
#define KEPT_SHIFT   (8 * NR_SLOTS)
#define CHUNK_EVENTS 255u /* a byte counts as far */

/**
 * struct plan - what becomes of the events of each class
 * @one: an event, in the counts of build_few(): a byte for each type that is kept, and one for all of them
 * @carry: all ones where the time that has passed is left to a later event
 * @shift: where the count of its type stands
 * @next: by count, the type's next pfn
 */
struct plan {
	uint64_t one[256], carry[256];
	uint8_t shift[256];
	uint32_t next[NR_SLOTS];
};

/* struct progress - how far the words are; @waiting: time that no event has told yet */
struct progress {
	uint64_t waiting;
	uint32_t nr, nr_far, nr_runs, next_far, next_run;
};

static inline uint64_t word(uint64_t cls, uint64_t step, uint32_t pfn)
{
	return cls << COMPACT_CLASS_SHIFT | step << COMPACT_STEP_SHIFT | pfn;
}

/*
 * The time until this event does not fit its word, or may not. Return: the step to write; where that is
 * MMT_TIME_FAR the next far step is the time, and is @kept if the event is.
 */
static __attribute__((noinline)) uint64_t far_step(struct trace_stream *s, const struct mmt_events *ev,
						   uint32_t i, struct progress *p, bool kept)
{
	if (ev->step[i] == MMT_TIME_FAR)
		p->waiting += (uint64_t)ev->far[p->next_far++] - MMT_TIME_FAR;
	if (p->waiting < MMT_TIME_FAR)
		return p->waiting;
	s->far[p->nr_far] = (int64_t)p->waiting;
	p->nr_far += kept;
	return MMT_TIME_FAR;
}

/* The task's events end before word @end; a task number the file has no task for (its block is damaged) becomes
 * "unknown". */
static inline void end_run(struct trace_stream *s, struct progress *p, uint32_t task, uint32_t end,
			   uint32_t nr_tasks)
{
	s->runs[p->nr_runs] = (struct mmt_task_run){task < nr_tasks ? task : TRACE_NO_TASK, end};
	p->nr_runs += !p->nr_runs ? end != 0 : end != s->runs[p->nr_runs - 1].end;
	p->next_run++;
}

/* Any number of classes and types: each type's next pfn is counted in memory. */
static void build_any(struct trace_stream *s, const struct mmt_events *ev, bool keep_all, uint32_t nr_tasks,
		      struct progress *p)
{
	uint32_t group_next[256];

	memcpy(group_next, ev->group, sizeof(group_next));
	for (uint32_t i = 0; i < ev->nr; i++) {
		const struct event_tail *tail = &s->tails[ev->class_index[i]];
		uint32_t pfn = ev->pfn[group_next[tail->type]++];
		bool kept = keep_all || tail->advance;
		uint64_t step;

		step = p->waiting += ev->step[i];
		if (step >= MMT_TIME_FAR)
			step = far_step(s, ev, i, p, kept);
		if (kept) {
			s->events[p->nr++] = word(ev->class_index[i], step, pfn);
			p->waiting = 0;
		}
		if (i + 1 == ev->runs[p->next_run].end)
			end_run(s, p, ev->runs[p->next_run].task, p->nr, nr_tasks);
	}
}

/*
 * Up to seven types that are kept, which is nearly every block: counts of 255 events are the bytes of one
 * register. A count in memory is there again only five cycles after it was stored, and events of one type come
 * in rows. No branch depends on an event's type: they come in no order that could be guessed.
 */
static inline __attribute__((always_inline)) void build_few(struct trace_stream *s, const struct mmt_events *ev,
							    struct plan *plan, uint32_t nr_tasks,
							    struct progress *p, bool leaves_out)
{
	const uint16_t *restrict class_index = ev->class_index, *restrict step_of = ev->step;

	for (uint32_t i = 0; i < ev->nr;) {
		uint32_t begin = i, end = ev->nr - i < CHUNK_EVENTS ? ev->nr : i + CHUNK_EVENTS;
		uint64_t *restrict events = s->events + p->nr, counts = 0, waiting = p->waiting;
		uint8_t kept_before[CHUNK_EVENTS + 1];
		const uint32_t *next[NR_SLOTS];

		for (uint32_t k = 0; k < NR_SLOTS; k++)
			next[k] = ev->pfn + plan->next[k];
		for (; i < end; i++) {
			uint64_t cls = class_index[i], step = step_of[i];
			uint32_t shift = plan->shift[cls];

			if (!leaves_out) {
				events[i - begin] = word(cls, step, next[shift / 8][counts >> shift & 0xff]);
				counts += 1ull << shift;
				continue;
			}
			step += waiting;
			waiting = step;
			if (__builtin_expect(step >= MMT_TIME_FAR, 0)) {
				p->waiting = step;
				step = far_step(s, ev, i, p, plan->one[cls] >> KEPT_SHIFT);
				waiting = p->waiting;
			}
			kept_before[i - begin] = (uint8_t)(counts >> KEPT_SHIFT);
			events[counts >> KEPT_SHIFT] = word(cls, step, next[shift / 8][counts >> shift & 0xff]);
			counts += plan->one[cls];
			waiting &= plan->carry[cls];
		}
		for (uint32_t k = 0; k < NR_SLOTS; k++)
			plan->next[k] += counts >> (8 * k) & 0xff;
		if (!leaves_out) {
			p->nr = end;
			continue;
		}
		p->waiting = waiting;
		kept_before[end - begin] = (uint8_t)(counts >> KEPT_SHIFT);
		while (p->next_run < ev->nr_runs && ev->runs[p->next_run].end <= end)
			end_run(s, p, ev->runs[p->next_run].task,
				p->nr + kept_before[ev->runs[p->next_run].end - begin], nr_tasks);
		p->nr += (uint32_t)(counts >> KEPT_SHIFT);
	}
	if (leaves_out)
		return;
	memcpy(s->far, ev->far, ev->nr_far * sizeof(*s->far));
	for (uint32_t i = 0; i < ev->nr_runs; i++)
		end_run(s, p, ev->runs[i].task, ev->runs[i].end, nr_tasks);
}

/* Return: false where there are too many classes, or types that are kept. */
static bool make_plan(const struct trace_stream *s, const struct mmt_events *ev, bool keep_all,
		      struct plan *plan)
{
	uint8_t slot_of_type[256];
	uint32_t nr_slots = 0;

	if (ev->pre.nr_classes > 256)
		return false;
	memset(slot_of_type, 0xff, sizeof(slot_of_type));
	memset(plan->next, 0, sizeof(plan->next));
	for (uint32_t i = 0; i < ev->pre.nr_classes; i++) {
		uint8_t *slot = &slot_of_type[s->tails[i].type];
		bool kept = keep_all || s->tails[i].advance;

		if (kept && *slot == 0xff) {
			if (nr_slots == NR_SLOTS)
				return false;
			plan->next[nr_slots] = ev->group[s->tails[i].type];
			*slot = (uint8_t)nr_slots++;
		}
		/* What is not kept gets any page: its word is written over. */
		plan->shift[i] = kept ? (uint8_t)(8 * *slot) : 0;
		plan->one[i] = kept ? 1ull << plan->shift[i] | 1ull << KEPT_SHIFT : 0;
		plan->carry[i] = kept ? 0 : UINT64_MAX;
	}
	return true;
}

void trace_words_build(struct trace_stream *s, const struct mmt_events *ev, bool keep_all, uint32_t nr_tasks)
{
	struct progress p = {0};
	struct plan plan;

	if (!make_plan(s, ev, keep_all, &plan))
		build_any(s, ev, keep_all, nr_tasks, &p);
	else if (keep_all || ev->nr_needed == ev->nr)
		build_few(s, ev, &plan, nr_tasks, &p, false);
	else
		build_few(s, ev, &plan, nr_tasks, &p, true);
	s->nr = p.nr;
}
