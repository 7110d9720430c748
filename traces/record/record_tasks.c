// SPDX-License-Identifier: GPL-2.0-or-later
/* A table by thread number: a slot is the latest thread's whose number falls on it. */
#include "traces/record/record_tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 16384 /* a power of two */
#define LAST  8 /* what the switch back to a preempted task may free, and one more */

struct slot {
	uint32_t tid, task;
	uint64_t last[LAST]; /* page and class of its latest events, the newest first, 0 where there is none */
	bool named;
	struct trace_task who;
};

struct record_tasks {
	struct slot slots[SLOTS];
};

int record_tasks_create(struct record_tasks **ret, struct mmr_error *err)
{
	struct record_tasks *t = calloc(1, sizeof(*t));

	if (!t)
		return mmr_err(err, -ENOMEM, "recorder: no memory for %d tasks", SLOTS);
	for (uint32_t i = 0; i < SLOTS; i++)
		t->slots[i].tid = REC_NO_TID;
	*ret = t;
	return 0;
}

void record_tasks_destroy(struct record_tasks *t)
{
	free(t);
}

static struct slot *take_slot(struct record_tasks *t, uint32_t tid)
{
	struct slot *slot = &t->slots[tid & (SLOTS - 1)];

	if (slot->tid != tid)
		*slot = (struct slot){.tid = tid};
	return slot;
}

void record_tasks_name(struct record_tasks *t, const struct trace_task *who, uint32_t task)
{
	struct slot *slot = take_slot(t, who->tid);

	slot->task = task;
	slot->who = *who;
	slot->named = true;
}

const struct trace_task *record_tasks_find(const struct record_tasks *t, uint32_t tid, uint32_t *task)
{
	const struct slot *slot = &t->slots[tid & (SLOTS - 1)];

	if (slot->tid != tid || !slot->named)
		return NULL;
	*task = slot->task;
	return &slot->who;
}

void record_tasks_forget(struct record_tasks *t)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		t->slots[i].task = TRACE_NO_TASK;
}

/* The latest of @slot's events with the page of @page, if it is of the same type; else NULL. */
static uint64_t *find_event(struct slot *slot, uint64_t page)
{
	for (int i = 0; i < LAST && slot->last[i]; i++) {
		uint64_t differs = slot->last[i] ^ page;

		if (differs & REC_PAGE_MASK)
			continue;
		return REC_CLASS_TYPE(differs >> REC_PAGE_BITS) ? NULL : &slot->last[i];
	}
	return NULL;
}

enum record_twin record_tasks_event(struct record_tasks *t, const struct rec_event *e)
{
	const uint64_t second = (uint64_t)REC_CLASS_SECOND << REC_PAGE_BITS;
	struct slot *slot = take_slot(t, e->tid);
	uint64_t *twin;

	if (!e->tid) /* every CPU's idle task has this number */
		return RECORD_SINGLE;
	twin = find_event(slot, e->page);
	if (twin && ((*twin | e->page) & second)) {
		if (e->page & second)
			return RECORD_DOUBLE;
		*twin = e->page;
		return RECORD_DOUBLE_OF_SECOND;
	}
	memmove(&slot->last[1], &slot->last[0], (LAST - 1) * sizeof(slot->last[0]));
	slot->last[0] = e->page;
	return RECORD_SINGLE;
}
