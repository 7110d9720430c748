/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A window on the events of a recording, so that the rules of verify can look ahead: what follows
 * on the same CPU, and whether a free waits for its batch.
 */
#ifndef MMR_REPLAY_VERIFY_WINDOW_H
#define MMR_REPLAY_VERIFY_WINDOW_H

#include "traces/trace_reader.h"

#define WINDOW_EVENTS    (1u << 16)
#define WINDOW_BEHIND    16384 /* events that stay in it when they have been dealt with */
#define WINDOW_LOOKAHEAD (WINDOW_EVENTS - WINDOW_BEHIND)
#define WINDOW_MOST      (1u << 20) /* events it may grow to: 100 MiB */
#define WINDOW_MORE      512 /* events to read on behind the one that it has grown for */
#define WINDOW_FREES     4096 /* frees of a CPU that may wait for their batch */
#define WINDOW_WAITING   64
#define WINDOW_NONE      0

/**
 * struct window_event - an event and its links; numbers count events from 1, WINDOW_NONE is none
 * @next: the next page event on the same CPU
 * @link: FREE: its FREE_BATCHED, which inserts the page; FREE_BATCHED, BUDDY_FREE: its FREE; ALLOC: the
 *	event of the first block that its CPU took for it
 * @done: verify has dealt with it ahead of its turn
 * @popped: ALLOC, BULK_PAGE: its page was taken off its list ahead of its turn
 * @past: FREE: the page goes to the buddy, a BUDDY_FREE event says when
 * @popped_on: where @popped, the CPU whose list it was on, plus 1
 */
struct window_event {
	struct trace_event ev;
	uint64_t next, link;
	bool done, popped, past;
	uint16_t popped_on;
};

#define WINDOW_ARGS 6

/** struct window_extra - what an event says that is no page event: its zone's type and its first arguments */
struct window_extra {
	int64_t v[WINDOW_ARGS];
	uint8_t zone;
};

struct window_cpu {
	uint64_t last;
	uint32_t nr_frees, nr_waiting;
	uint32_t next_free; /* slot of the free that is likely to be completed next, if it was announced ... */
	uint64_t last_found; /* ... before this event, which completed the last one */
	uint64_t waiting[WINDOW_WAITING]; /* events besides page events since @last */
	struct {
		uint32_t pfn;
		uint64_t number;
	} frees[WINDOW_FREES];
};

struct window {
	struct trace_reader *reader;
	struct window_event *events;
	uint32_t *pfns; /* [mask + 1], of page events and BULK_PAGE but FREE_BATCHED; else TRACE_NO_PFN */
	struct window_extra *extras; /* [mask + 1], filled where the event is no page event */
	struct window_cpu *cpus;
	bool *good_classes; /* of page events, that are what a kernel may say: [class] */
	uint32_t nr_cpus;
	uint32_t mask; /* its size - 1: WINDOW_EVENTS, unless it has grown */
	uint32_t awaited; /* task of which an event is sought; TRACE_NO_TASK */
	uint64_t first, end; /* [first, end) are in the window */
	const struct trace_event *batch;
	size_t batch_len, batch_pos;
	bool at_end;
	int damage; /* what reading ended with, reported once all that is good was handed out */
	struct mmr_error damage_err;
};

int window_init(struct window *w, struct trace_reader *reader, uint32_t nr_cpus, struct mmr_error *err);
void window_deinit(struct window *w);
/**
 * window_next - step to the next event
 * @number: set to its number, from 1
 * Return: 1; 0 at the end; -EBADMSG for a damaged recording, -EINVAL before an event that cannot be.
 */
int window_next(struct window *w, uint64_t *number, struct mmr_error *err);

/**
 * window_reach - read on until a task's next event outside interrupts is in the window, which grows for it
 * @after: the number of its last one, not before that of the event at hand
 *
 * A task may be preempted for long between what it announces and what it does. Pointers to events are no longer
 * good. Return: whether the task's event is in the window.
 */
bool window_reach(struct window *w, uint32_t task, uint64_t after);

/**
 * window_next_of_page - the first event after @after, before @end, that names the page as its first one
 *
 * FREE_BATCHED, which repeats what FREE says, is passed over. Return: its number; WINDOW_NONE.
 */
uint64_t window_next_of_page(const struct window *w, uint32_t pfn, uint64_t after, uint64_t end);

static inline const struct window_extra *window_extra(const struct window *w, uint64_t number)
{
	return &w->extras[number & w->mask];
}

static inline bool is_page_event(const struct trace_event *ev)
{
	return ev->type < TRACE_NR_PAGE_EVENTS;
}

static inline struct window_event *window_at(const struct window *w, uint64_t number)
{
	return &w->events[number & w->mask];
}

#endif
