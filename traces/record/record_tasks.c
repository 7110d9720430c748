// SPDX-License-Identifier: GPL-2.0-or-later
/* A table by thread number: a slot is the latest thread's whose number falls on it. */
#include "traces/record/record_tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 16384 /* a power of two */
#define LAST  8 /* what the switch back to a preempted task may free, and one more */

#define LATER 4 /* later programs' records that are remembered longer */

struct slot {
	uint32_t tid, task;
	uint64_t newest_later_ns; /* no record behind it has a twin among @later */
	struct {
		uint64_t page, ts_ns;
	} later[LATER]; /* records of second and third programs that are no doubles */
	uint32_t nr_later;
	uint64_t last[LAST]; /* page and class of its latest events, the newest first, 0 where there is none */
	uint64_t last_ns[LAST];
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

/* Was there an event of another type of this page between the two times? */
static bool changed_between(const struct record_recent *recent, uint64_t page, uint64_t a_ns, uint64_t b_ns)
{
	uint64_t from_ns = a_ns < b_ns ? a_ns : b_ns, to_ns = a_ns < b_ns ? b_ns : a_ns;

	for (uint32_t i = 0; recent && i < RECORD_RECENT && i < recent->nr; i++) {
		uint64_t differs = recent->page[i] ^ page;

		if (!(differs & REC_PAGE_MASK) && REC_CLASS_TYPE(differs >> REC_PAGE_BITS) &&
		    recent->ts_ns[i] > from_ns && recent->ts_ns[i] < to_ns)
			return true;
	}
	return false;
}

/* The place of the latest of @slot's events with the page of @page, if it is of the same type; else -1. */
static int find_event(const struct slot *slot, uint64_t page)
{
	for (int i = 0; i < LAST && slot->last[i]; i++) {
		uint64_t differs = slot->last[i] ^ page;

		if (differs & REC_PAGE_MASK)
			continue;
		return REC_CLASS_TYPE(differs >> REC_PAGE_BITS) ? -1 : i;
	}
	return -1;
}

static void remember_later(struct slot *slot, const struct rec_event *e)
{
	slot->later[slot->nr_later % LATER].page = e->page;
	slot->later[slot->nr_later++ % LATER].ts_ns = e->ts_ns;
	if (e->ts_ns > slot->newest_later_ns)
		slot->newest_later_ns = e->ts_ns;
}

/*
 * A task that was moved to another CPU between two programs has gone on there, and that CPU's records may have
 * been read first, with many of its later events. But the earlier program's record has the earlier time.
 */
static bool has_later_twin(const struct slot *slot, const struct rec_event *e,
			   const struct record_recent *recent)
{
	for (int i = 0; i < LATER; i++) {
		uint64_t differs = slot->later[i].page ^ e->page;

		if (!(differs & REC_PAGE_MASK) && !REC_CLASS_TYPE(differs >> REC_PAGE_BITS) &&
		    slot->later[i].ts_ns >= e->ts_ns &&
		    !changed_between(recent, e->page, e->ts_ns, slot->later[i].ts_ns))
			return true;
	}
	return false;
}

enum record_twin record_tasks_event(struct record_tasks *t, const struct rec_event *e,
				    const struct record_recent *recent)
{
	const uint64_t second = (uint64_t)REC_CLASS_SECOND << REC_PAGE_BITS;
	struct slot *slot = take_slot(t, e->tid);
	int twin;

	if (!e->tid) /* every CPU's idle task has this number */
		return RECORD_SINGLE;
	twin = find_event(slot, e->page);
	if (twin >= 0 && ((slot->last[twin] | e->page) & second) &&
	    !changed_between(recent, e->page, slot->last_ns[twin], e->ts_ns)) {
		if (e->page & second)
			return RECORD_DOUBLE;
		slot->last[twin] = e->page;
		return RECORD_DOUBLE_OF_SECOND;
	}
	if (twin < 0 && e->ts_ns < slot->newest_later_ns && has_later_twin(slot, e, recent))
		return e->page & second ? RECORD_DOUBLE : RECORD_DOUBLE_OF_SECOND;
	if (e->page & second)
		remember_later(slot, e);
	memmove(&slot->last[1], &slot->last[0], (LAST - 1) * sizeof(slot->last[0]));
	memmove(&slot->last_ns[1], &slot->last_ns[0], (LAST - 1) * sizeof(slot->last_ns[0]));
	slot->last[0] = e->page;
	slot->last_ns[0] = e->ts_ns;
	return RECORD_SINGLE;
}
