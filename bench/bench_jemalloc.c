// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same workloads through jemalloc: page-aligned blocks of the same sizes, never touched, with
 * its thread cache and without.
 */
#include "bench/workload.h"
#include "bench/works.h"

#include <errno.h>
#include <jemalloc/jemalloc.h>

#include "core/mm_types.h"

#define TCACHE    (MALLOCX_LG_ALIGN(PAGE_SHIFT))
#define NO_TCACHE (MALLOCX_LG_ALIGN(PAGE_SHIFT) | MALLOCX_TCACHE_NONE)

/* There is one jemalloc in a process; "a new one" is it with nothing of ours left in it. */
static void *je_create(struct mmr_error *err)
{
	static char the_jemalloc;

	(void)err;
	return &the_jemalloc;
}

static int je_destroy(void *allocator, struct mmr_error *err)
{
	(void)allocator;
	if (mallctl("thread.tcache.flush", NULL, NULL, NULL, 0) ||
	    mallctl("arena.0.purge", NULL, NULL, NULL, 0))
		return mmr_err(err, -EINVAL, "jemalloc refused to flush its thread cache and purge arena 0");
	return 0;
}

static inline uint64_t tcache_alloc(void *allocator, unsigned int order)
{
	(void)allocator;
	return (uintptr_t)mallocx((size_t)1 << (PAGE_SHIFT + order), TCACHE);
}

static inline void tcache_free(void *allocator, uint64_t handle, unsigned int order)
{
	(void)allocator;
	sdallocx((void *)(uintptr_t)handle, (size_t)1 << (PAGE_SHIFT + order), TCACHE);
}

static inline uint64_t no_tcache_alloc(void *allocator, unsigned int order)
{
	(void)allocator;
	return (uintptr_t)mallocx((size_t)1 << (PAGE_SHIFT + order), NO_TCACHE);
}

static inline void no_tcache_free(void *allocator, uint64_t handle, unsigned int order)
{
	(void)allocator;
	sdallocx((void *)(uintptr_t)handle, (size_t)1 << (PAGE_SHIFT + order), NO_TCACHE);
}

static void tcache_run(struct bench_state *st, const void *arg)
{
	static const struct fixture_ops fixture_ops = {je_create, je_destroy, tcache_alloc, tcache_free};
	static const struct page_ops ops = {tcache_alloc, tcache_free};

	work_run(st, fixture_get(arg, &fixture_ops), &ops);
}

static void no_tcache_run(struct bench_state *st, const void *arg)
{
	static const struct fixture_ops fixture_ops = {je_create, je_destroy, no_tcache_alloc, no_tcache_free};
	static const struct page_ops ops = {no_tcache_alloc, no_tcache_free};

	work_run(st, fixture_get(arg, &fixture_ops), &ops);
}

void bench_jemalloc_register(void)
{
	const char *version;
	size_t size = sizeof(version);

	if (mallctl("version", &version, &size, NULL, 0) == 0)
		bench_context("jemalloc", version);
	works_register("jemalloc", (1u << NR_WORKS) - 1, tcache_run);
	works_register("jemalloc_no_tcache",
		       1u << PCP_PAIR_0 | 1u << RANDOM_LIFETIME | 1u << RANDOM_BURSTS |
			       1u << RANDOM_LIFETIME_SMALL | 1u << RANDOM_BURSTS_SMALL,
		       no_tcache_run);
}
