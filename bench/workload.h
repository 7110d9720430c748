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

/** struct page_ops - an allocator of blocks of 2^order pages; a handle is any number but BENCH_NO_PAGE */
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
 * Free one block of the live set, picked at random, and allocate one. A last-in-first-out cache
 * gives the same block straight back, so this hardly leaves it; bursts do.
 */
always_inline void work_random_one(struct bench_state *st, struct fixture *fx, const struct page_ops *ops)
{
	void *allocator = fx->allocator;

	while (bench_next_batch(st, BENCH_BATCH))
		for (int i = 0; i < BENCH_BATCH; i++) {
			size_t victim = random_below(fx, fx->nr_live);

			ops->free(allocator, fx->live[victim], fx->order[victim]);
			fx->order[victim] = order_draw(fx);
			fx->live[victim] = ops->alloc(allocator, fx->order[victim]);
			if (fx->live[victim] == BENCH_NO_PAGE)
				return bench_fail(st, "out of pages");
		}
}

/* Free 1 to BENCH_BATCH blocks picked at random, then allocate as many: deeper than any cache. */
always_inline void work_random_burst(struct bench_state *st, struct fixture *fx, const struct page_ops *ops)
{
	void *allocator = fx->allocator;

	for (;;) {
		size_t burst = 1 + random_below(fx, BENCH_BATCH), kept = fx->nr_live;

		if (!bench_next_batch(st, (int64_t)burst))
			return;
		/* The victims gather at the end of the live set. */
		for (size_t i = 0; i < burst; i++) {
			size_t victim = random_below(fx, kept--);
			uint64_t handle = fx->live[victim];
			uint8_t order = fx->order[victim];

			fx->live[victim] = fx->live[kept];
			fx->order[victim] = fx->order[kept];
			ops->free(allocator, handle, order);
		}
		for (size_t i = kept; i < fx->nr_live; i++) {
			fx->order[i] = order_draw(fx);
			fx->live[i] = ops->alloc(allocator, fx->order[i]);
			if (fx->live[i] == BENCH_NO_PAGE)
				return bench_fail(st, "out of pages");
		}
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
