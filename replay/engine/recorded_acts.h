/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was done to the recorded kernel's zones while it was recorded, and no request shows: settings were
 * changed (sizes of the per-CPU lists, watermarks, reserves), and kswapd was at work, which keeps the lists
 * short. On the recorded machine that happens to the model when it happened.
 */
#ifndef MMR_REPLAY_RECORDED_ACTS_H
#define MMR_REPLAY_RECORDED_ACTS_H

#include "core/page_alloc.h"
#include "traces/trace_reader.h"

#define RECORDED_ACT_ARGS 5

/**
 * struct recorded_act - one event of pcp_limits, zone_wmarks, lowmem_reserve, balance_begin or balance_end
 * @number: of the event, among these
 * @v: its arguments, as traces/FORMAT.md has them; the first is the node
 */
struct recorded_act {
	uint64_t ts_ns;
	uint32_t number;
	uint8_t type, zone;
	int64_t v[RECORDED_ACT_ARGS];
};

/**
 * struct recorded_acts - all of a recording's in order of time
 * @boosts: [nr_nodes * MAX_NR_ZONES] what of a zone's marks kswapd takes back when it is done
 */
struct recorded_acts {
	struct recorded_act *items;
	size_t nr, next;
	uint32_t *boosts;
	unsigned int nr_nodes;
};

/**
 * recorded_acts_read - read through a recording that has any; the reader is rewound before and after
 * @kswapd: its work, too
 * Return: 0; -EBADMSG a damaged recording; -ENOMEM.
 */
int recorded_acts_read(struct trace_reader *reader, bool kswapd, struct recorded_acts *ret,
		       struct mmr_error *err);
void recorded_acts_deinit(struct recorded_acts *acts);

/** recorded_acts_due - when the next one is; UINT64_MAX where there is none */
static inline uint64_t recorded_acts_due(const struct recorded_acts *acts)
{
	return acts->next < acts->nr ? acts->items[acts->next].ts_ns : UINT64_MAX;
}

/**
 * recorded_acts_next - the next one happens; to a zone that the machine lacks nothing does
 * Source: zone_set_pageset_high_and_batch(), setup_per_zone_wmarks(), setup_per_zone_lowmem_reserve(),
 *	mm/page_alloc.c; balance_pgdat(), set_reclaim_active(), mm/vmscan.c, v6.12.
 */
void recorded_acts_next(struct recorded_acts *acts, struct mmr_machine *core, unsigned int nr_cpus);

#endif
