/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What finding an event and finding its decision share. */
#ifndef MMR_REPLAY_EXPLAIN_INTERNAL_H
#define MMR_REPLAY_EXPLAIN_INTERNAL_H

#include "replay/explain/explain.h"

#define BESIDE 32 /* events of other kinds kept */

/**
 * struct around - the events about pages of one CPU around the one asked about
 * @at: its place; where it is of another kind (@asked_event), that of the next one
 * @beside: [BESIDE], events of other kinds, the last of them in turn
 */
struct around {
	const struct trace_reader *reader;
	struct explain *e;
	uint64_t asked;
	struct explain_event asked_event;
	struct explain_event *events;
	size_t nr, at, room;
	struct explain_beside *beside;
	uint64_t nr_beside, nr_beside_after; /* of these behind it */
	uint16_t cpu;
	bool found;
	int rc;
};

/* Is it an event of which decisions are made up: a page event, or a page of a bulk allocation? */
static inline bool explain_is_part(const struct trace_event *ev)
{
	return ev->type < TRACE_NR_PAGE_EVENTS || ev->type == TRACE_BULK_PAGE;
}

/* Adds an event to a list that explain_deinit() frees. Return: 0; -ENOMEM. */
int explain_append(struct explain_event **list, size_t *nr, const struct explain_event *event);
/* Which decision is it? Fills kind, order, begin, last, request and events. Return: 0; -ENOMEM. */
int explain_decide(struct explain *e, const struct around *a);

#endif
