/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page-level workloads, the same source for every allocator.
 *
 * Each allocator's file includes this and hands over its three operations as a constant, so that
 * the compiler inlines them: no allocator pays for an indirect call. An iteration is one
 * allocation and one free.
 */
#ifndef MMR_BENCH_WORKLOAD_H
#define MMR_BENCH_WORKLOAD_H

#include <stddef.h>

#include "bench/bench.h"
#include "bench/fixture.h"

#define BENCH_NO_PAGE 0u

/** struct page_ops - an allocator of blocks of 2^order pages; a handle is a multiple of 4096, not BENCH_NO_PAGE
 */
struct page_ops {
	uint64_t (*alloc)(void *allocator, unsigned int order);
	void (*free)(void *allocator, uint64_t handle, unsigned int order);
};

#define always_inline static inline __attribute__((always_inline))

/* A block just freed is the one handed out next: the allocator's own cache at its best. */
always_inline void work_pair(struct bench_state *st, struct fixture *fx, const struct page_ops *ops)
{
	void *allocator = fx->allocator;
	unsigned int order = fx->work->orders[0];

	while (bench_next_batch(st, BENCH_BATCH))
		for (int i = 0; i < BENCH_BATCH; i++) {
			uint64_t handle = ops->alloc(allocator, order);

			if (handle == BENCH_NO_PAGE)
				return bench_fail(st, "out of pages");
			ops->free(allocator, handle, order);
		}
}

/*
 * The picking of victims is the harness's own work: it runs ahead, so that its cache misses on the
 * live set are over when the allocator is called. What remains is the allocator's time.
 */
#define LOOK_AHEAD 16

always_inline size_t victim_pick(struct fixture *fx, size_t nr_live)
{
	size_t victim = random_below(fx, nr_live);

	__builtin_prefetch(&fx->live[victim], 1);
	return victim;
}

/*
 * Free one block of the live set, picked at random, and allocate one. A last-in-first-out cache
 * gives the same block straight back, so this hardly leaves it; bursts do.
 */
always_inline void work_random_one(struct bench_state *st, struct fixture *fx, const struct page_ops *ops)
{
	void *allocator = fx->allocator;
	size_t ahead[LOOK_AHEAD];

	for (size_t i = 0; i < LOOK_AHEAD; i++)
		ahead[i] = victim_pick(fx, fx->nr_live);
	while (bench_next_batch(st, BENCH_BATCH))
		for (size_t i = 0; i < BENCH_BATCH; i++) {
			uint64_t *victim = &fx->live[ahead[i % LOOK_AHEAD]];
			unsigned int order = order_draw(fx);
			uint64_t handle;

			ops->free(allocator, block_handle(*victim), block_order(*victim));
			handle = ops->alloc(allocator, order);
			if (handle == BENCH_NO_PAGE) {
				*victim = fx->live[--fx->nr_live];
				return bench_fail(st, "out of pages");
			}
			*victim = block_pack(handle, order);
			ahead[i % LOOK_AHEAD] = victim_pick(fx, fx->nr_live);
		}
}

/* Free @burst blocks picked at random, then allocate as many. Return: whether there were pages. */
always_inline bool burst_run(struct fixture *fx, const struct page_ops *ops, size_t burst)
{
	size_t end = fx->nr_live, victims[BENCH_BATCH];
	void *allocator = fx->allocator;

	for (size_t i = 0; i < burst; i++)
		victims[i] = victim_pick(fx, end - i);
	for (size_t i = 0; i < burst; i++) {
		uint64_t *victim = &fx->live[victims[i]], block = *victim;

		*victim = fx->live[--fx->nr_live];
		ops->free(allocator, block_handle(block), block_order(block));
	}
	while (fx->nr_live < end) {
		unsigned int order = order_draw(fx);
		uint64_t handle = ops->alloc(allocator, order);

		if (handle == BENCH_NO_PAGE)
			return false;
		fx->live[fx->nr_live++] = block_pack(handle, order);
	}
	return true;
}

/*
 * Bursts of 1 to BENCH_BATCH blocks: deeper than any cache. Many bursts make a batch of fixed length,
 * since Google Benchmark wants every repetition to have the same number of iterations.
 */
always_inline void work_random_burst(struct bench_state *st, struct fixture *fx, const struct page_ops *ops)
{
	const size_t batch = 16 * BENCH_BATCH;

	while (bench_next_batch(st, (int64_t)batch))
		for (size_t left = batch, burst; left; left -= burst) {
			burst = 1 + random_below(fx, BENCH_BATCH);
			if (burst > left)
				burst = left;
			if (!burst_run(fx, ops, burst))
				return bench_fail(st, "out of pages");
		}
}

/* Run @fx's work through @ops, which must be a compile-time constant. */
always_inline void work_run(struct bench_state *st, struct fixture *fx, const struct page_ops *ops)
{
	if (!fx)
		return bench_fail(st, "no memory for the fixture");
	switch (fx->work->kind) {
	case WORK_PAIR:
		work_pair(st, fx, ops);
		break;
	case WORK_RANDOM_ONE:
		work_random_one(st, fx, ops);
		break;
	case WORK_RANDOM_BURST:
		work_random_burst(st, fx, ops);
		break;
	}
	bench_items(st, 2);
}

#endif
