// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Some of the workloads through mimalloc. It keeps its free lists inside the blocks, so every
 * block is real memory: only live sets of 1 GiB, and no large orders.
 */
#include "bench/workload.h"
#include "bench/works.h"

#include <mimalloc.h>
#include <stdio.h>

#include "core/mm_types.h"

#define PAGE_SIZE ((size_t)1 << PAGE_SHIFT)

static void *mi_create(struct mmr_error *err)
{
	static char the_mimalloc;

	(void)err;
	return &the_mimalloc;
}

static int mi_destroy(void *allocator, struct mmr_error *err)
{
	(void)allocator;
	(void)err;
	mi_collect(true);
	return 0;
}

static inline uint64_t mi_alloc(void *allocator, unsigned int order)
{
	(void)allocator;
	return (uintptr_t)mi_malloc_aligned(PAGE_SIZE << order, PAGE_SIZE);
}

static inline void mi_release(void *allocator, uint64_t handle, unsigned int order)
{
	(void)allocator;
	mi_free_size((void *)(uintptr_t)handle, PAGE_SIZE << order);
}

static void mi_run(struct bench_state *st, const void *arg)
{
	static const struct fixture_ops fixture_ops = {mi_create, mi_destroy, mi_alloc, mi_release};
	static const struct page_ops ops = {mi_alloc, mi_release};

	work_run(st, fixture_get(arg, &fixture_ops), &ops);
}

void bench_mimalloc_register(void)
{
	char version[20];

	snprintf(version, sizeof(version), "%d", mi_version());
	bench_context("mimalloc", version);
	works_register("mimalloc", 1u << PCP_PAIR_0 | 1u << RANDOM_LIFETIME_SMALL | 1u << RANDOM_BURSTS_SMALL,
		       mi_run);
}
