// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nearly every event comes in order and is one copy into the window and one out of it; a late one
 * moves those behind its place up by one.
 */
#include "traces/record/record_order.h"

#include <errno.h>
#include <stdlib.h>

#define MASK (RECORD_ORDER_EVENTS - 1)

int record_order_init(struct record_order *o, struct mmr_error *err)
{
	*o = (struct record_order){.held = calloc(RECORD_ORDER_EVENTS, sizeof(*o->held))};
	if (!o->held)
		return mmr_err(err, -ENOMEM, "recorder: no memory for %d events to be put in order",
			       RECORD_ORDER_EVENTS);
	return 0;
}

void record_order_deinit(struct record_order *o)
{
	free(o->held);
	*o = (struct record_order){0};
}

static int pass_on(struct record_order *o, record_order_fn fn, void *ctx)
{
	const struct trace_event *event = &o->held[o->first];

	o->first = (o->first + 1) & MASK;
	o->nr--;
	if (event->ts_ns < o->passed_ns)
		o->nr_late++;
	else
		o->passed_ns = event->ts_ns;
	return fn(ctx, event);
}

int record_order_put(struct record_order *o, const struct trace_event *event, record_order_fn fn, void *ctx)
{
	uint32_t at;
	int rc = 0;

	if (o->nr == RECORD_ORDER_EVENTS)
		rc = pass_on(o, fn, ctx);
	at = o->nr++;
	if (at && o->held[(o->first + at - 1) & MASK].ts_ns > event->ts_ns)
		o->nr_moved++;
	for (; at && o->held[(o->first + at - 1) & MASK].ts_ns > event->ts_ns; at--)
		o->held[(o->first + at) & MASK] = o->held[(o->first + at - 1) & MASK];
	o->held[(o->first + at) & MASK] = *event;
	return rc;
}

int record_order_pass(struct record_order *o, uint64_t ts_ns, record_order_fn fn, void *ctx)
{
	int rc = 0;

	while (o->nr && !rc && o->held[o->first].ts_ns <= ts_ns)
		rc = pass_on(o, fn, ctx);
	return rc;
}

int record_order_flush(struct record_order *o, record_order_fn fn, void *ctx)
{
	int rc = 0;

	while (o->nr && !rc)
		rc = pass_on(o, fn, ctx);
	return rc;
}
