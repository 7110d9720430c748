// SPDX-License-Identifier: GPL-2.0-or-later
/* The workloads by name. Live sets and the mix of orders are those the project's targets were set with. */
#include "bench/works.h"

#include <stdio.h>
#include <stdlib.h>

/* @n copies of @order in a row of an order table starting at @at. */
#define DRAWS(at, n, order) [at... at + n - 1] = order

#define ONLY(order)                                                                                            \
	{                                                                                                      \
		DRAWS(0, NR_ORDER_DRAWS, order)                                                                \
	}

/* 86 % single pages, then fewer and fewer up to 4 MiB; every kind of list is used. */
#define MIXED                                                                                                  \
	{                                                                                                      \
		DRAWS(0, 110, 0), DRAWS(110, 6, 1), DRAWS(116, 4, 2),                                          \
			DRAWS(120, 2, 3), [122] = 4, [123] = 5, [124] = 6, [125] = 7, [126] = 9, [127] = 10    \
	}

/* Only orders that have no per-CPU list: every operation takes zone->lock. */
#define BUDDY_ONLY                                                                                             \
	{                                                                                                      \
		DRAWS(0, 64, 4), DRAWS(64, 32, 5), DRAWS(96, 16, 6), DRAWS(112, 8, 7), DRAWS(120, 4, 8),       \
			DRAWS(124, 4, 10)                                                                      \
	}

#define MIB (1ul << (20 - 12)) /* in pages */

const struct work works[NR_WORKS] = {
	[PCP_PAIR_0] = {"pcp/alloc_free_pair/order0", WORK_PAIR, 0, ONLY(0)},
	[PCP_PAIR_1] = {"pcp/alloc_free_pair/order1", WORK_PAIR, 0, ONLY(1)},
	[PCP_PAIR_2] = {"pcp/alloc_free_pair/order2", WORK_PAIR, 0, ONLY(2)},
	[PCP_PAIR_3] = {"pcp/alloc_free_pair/order3", WORK_PAIR, 0, ONLY(3)},
	[ORDER9_PAIR] = {"order9_pair", WORK_PAIR, 0, ONLY(9)},
	[RANDOM_LIFETIME] = {"random_lifetime/order0", WORK_RANDOM_ONE, 8192 * MIB, ONLY(0)},
	[RANDOM_BURSTS] = {"random_lifetime/order0_bursts", WORK_RANDOM_BURST, 8192 * MIB, ONLY(0)},
	[RANDOM_LIFETIME_SMALL] = {"random_lifetime/order0_1GiB", WORK_RANDOM_ONE, 1024 * MIB, ONLY(0)},
	[RANDOM_BURSTS_SMALL] = {"random_lifetime/order0_1GiB_bursts", WORK_RANDOM_BURST, 1024 * MIB, ONLY(0)},
	[ORDER9_RANDOM] = {"random_lifetime/order9_bursts", WORK_RANDOM_BURST, 8192 * MIB, ONLY(9)},
	[MIXED_ORDERS] = {"mixed_orders", WORK_RANDOM_BURST, 8192 * MIB, MIXED},
	[BUDDY_MIXED_ORDERS] = {"buddy/mixed_orders", WORK_RANDOM_BURST, 8192 * MIB, BUDDY_ONLY},
};

void works_register(const char *name, unsigned int set, bench_fn *fn)
{
	for (unsigned int i = 0; i < NR_WORKS; i++) {
		char *full;

		if (!(set & (1u << i)) || asprintf(&full, "%s/%s", name, works[i].name) < 0)
			continue;
		bench_register(full, fn, &works[i]);
		free(full);
	}
}
