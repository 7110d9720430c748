/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of workloads, and how an allocator's file runs all of them. */
#ifndef MMR_BENCH_WORKS_H
#define MMR_BENCH_WORKS_H

#include "bench/bench.h"
#include "bench/fixture.h"
#include "core/error.h"

enum work_id {
	PCP_PAIR_0,
	PCP_PAIR_1,
	PCP_PAIR_2,
	PCP_PAIR_3,
	ORDER9_PAIR,
	RANDOM_LIFETIME,
	RANDOM_BURSTS,
	RANDOM_LIFETIME_SMALL,
	RANDOM_BURSTS_SMALL,
	ORDER9_RANDOM,
	MIXED_ORDERS,
	BUDDY_MIXED_ORDERS,
	NR_WORKS
};

/* works[NR_WORKS] */
extern const struct work works[];

/**
 * works_register - register @name/WORK for every bit of @set (1 << enum work_id)
 * @fn: gets the struct work as its argument
 */
void works_register(const char *name, unsigned int set, bench_fn *fn);

void bench_core_register(void);
void bench_jemalloc_register(void);
void bench_mimalloc_register(void);
/**
 * bench_replay_register - replays of every recording in the samples folder; says so where there is none
 * @plugin: path of an allocator to replay on, too (replay/backend_plugin.h); may be NULL
 * Return: 0; -errno of a plug-in that cannot be used, with a message.
 */
int bench_replay_register(const char *plugin, struct mmr_error *err);

#endif
