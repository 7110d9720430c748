/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a workload runs on: an allocator and a live set of blocks.
 *
 * Google Benchmark calls a benchmark several times to find how many iterations it needs. Filling
 * two million pages each time would take most of the run, so a fixture outlives the calls: one
 * exists at a time, and the next benchmark's replaces it.
 */
#ifndef MMR_BENCH_FIXTURE_H
#define MMR_BENCH_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

enum work_kind { WORK_PAIR, WORK_RANDOM_ONE, WORK_RANDOM_BURST };

#define NR_ORDER_DRAWS 128

/**
 * struct work - a workload, apart from who serves it
 * @name: behind the allocator's, e.g. "random_lifetime/order0"
 * @live_pages: pages the live set holds before the clock starts; 0 for none
 * @orders: one is drawn for each block, all equally often
 */
struct work {
	const char *name;
	enum work_kind kind;
	size_t live_pages;
	uint8_t orders[NR_ORDER_DRAWS];
};

/**
 * struct fixture - a workload in progress
 * @live: live blocks, live[nr_live], each block_pack()ed: one array, so that picking a victim
 *	costs one cache miss; it lies in huge pages where the host has them
 * @live_bytes: of @live
 * @seed: state of the random numbers, the same at every start
 */
struct fixture {
	const struct work *work;
	void *allocator;
	uint64_t *live;
	size_t nr_live, live_bytes;
	uint64_t seed;
};

/** block_pack - a handle and its order in one word; handles have their low 12 bits clear */
static inline uint64_t block_pack(uint64_t handle, unsigned int order)
{
	return handle | order;
}

static inline uint64_t block_handle(uint64_t block)
{
	return block & ~0xfffull;
}

static inline unsigned int block_order(uint64_t block)
{
	return block & 0xfff;
}

/**
 * struct fixture_ops - how one kind of allocator is made, filled and given back
 * @create: NULL with @err filled where it cannot be
 * @destroy: every live block was freed before; says in @err what is wrong with it
 */
struct fixture_ops {
	void *(*create)(struct mmr_error *err);
	int (*destroy)(void *allocator, struct mmr_error *err);
	uint64_t (*alloc)(void *allocator, unsigned int order);
	void (*free)(void *allocator, uint64_t handle, unsigned int order);
};

/**
 * fixture_get - the fixture for @work on @ops, with its live set filled and turned over once
 * Return: NULL where memory is missing (said on stderr).
 */
struct fixture *fixture_get(const struct work *work, const struct fixture_ops *ops);

/**
 * fixture_drop - free the live set and the allocator
 * Return: how many allocators so far were found broken when they were given back (said on stderr).
 */
unsigned int fixture_drop(void);

/* Uniform below @bound: xorshift64*, and the high half of a product instead of a division. */
static inline size_t random_below(struct fixture *fx, size_t bound)
{
	fx->seed ^= fx->seed >> 12;
	fx->seed ^= fx->seed << 25;
	fx->seed ^= fx->seed >> 27;
	return (size_t)(((unsigned __int128)(fx->seed * 0x2545f4914f6cdd1dull) * bound) >> 64);
}

static inline uint8_t order_draw(struct fixture *fx)
{
	return fx->work->orders[random_below(fx, NR_ORDER_DRAWS)];
}

#endif
