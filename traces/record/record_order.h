/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts one CPU's events in the order of their times. An event that is interrupted, or whose task is
 * preempted, between taking its time and its slot in the ring stands behind events that came later.
 */
#ifndef MMR_TRACES_RECORD_ORDER_H
#define MMR_TRACES_RECORD_ORDER_H

#include "traces/trace.h"

#define RECORD_ORDER_EVENTS 4096 /* how far back an event can be put; a power of two */

/** struct record_order - the last events of one CPU, held back until none can come before them */
struct record_order {
	struct trace_event *held; /* [RECORD_ORDER_EVENTS], a ring; NULL before record_order_init() */
	uint32_t first, nr;
	uint64_t passed_ns; /* time of the latest event that was passed on */
	uint64_t nr_moved; /* events put before others */
	uint64_t nr_late; /* events whose place had been passed on: times step back there */
};

/** record_order_fn - takes an event; negative stops and travels to the caller */
typedef int (*record_order_fn)(void *ctx, const struct trace_event *event);

int record_order_init(struct record_order *o, struct mmr_error *err);
void record_order_deinit(struct record_order *o);

/**
 * record_order_put - add an event at its place
 *
 * Events of one time keep the order they came in. Where the window is full, its earliest event goes
 * to @fn.
 */
int record_order_put(struct record_order *o, const struct trace_event *event, record_order_fn fn, void *ctx);

/** record_order_pass - pass on what is held and has a time of @ts_ns or earlier */
int record_order_pass(struct record_order *o, uint64_t ts_ns, record_order_fn fn, void *ctx);
/** record_order_flush - pass on all that is held */
int record_order_flush(struct record_order *o, record_order_fn fn, void *ctx);

#endif
