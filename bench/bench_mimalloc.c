// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Some of the workloads through mimalloc. It keeps its free lists inside the blocks, so every
 * block is real memory: no large orders, and the live set of 8 GiB only where the host has as much.
 */
#include "bench/workload.h"
#include "bench/works.h"

#include <mimalloc.h>
#include <stdbool.h>
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

/* MemAvailable, in bytes; 0 where the host does not say. */
static size_t host_available_bytes(void)
{
	FILE *meminfo = fopen("/proc/meminfo", "r");
	size_t kib = 0;
	char line[128];

	while (meminfo && fgets(line, sizeof(line), meminfo) && sscanf(line, "MemAvailable: %zu", &kib) != 1)
		;
	if (meminfo)
		fclose(meminfo);
	return kib << 10;
}

/* The whole live set and an eighth of it, without pushing the host into swap. */
static bool host_has_room(void)
{
	size_t live = works[RANDOM_LIFETIME].live_pages * PAGE_SIZE, needed = live + live / 8;
	size_t available = host_available_bytes();

	if (available >= needed)
		return true;
	fprintf(stderr,
		"mmreplay-bench: mimalloc/%s is left out: it needs %zu MiB of real memory, the host has %zu\n",
		works[RANDOM_LIFETIME].name, needed >> 20, available >> 20);
	return false;
}

void bench_mimalloc_register(void)
{
	unsigned int set = 1u << PCP_PAIR_0 | 1u << RANDOM_LIFETIME_SMALL | 1u << RANDOM_BURSTS_SMALL;
	char version[20];

	if (host_has_room())
		set |= 1u << RANDOM_LIFETIME;

	snprintf(version, sizeof(version), "%d", mi_version());
	bench_context("mimalloc", version);
	works_register("mimalloc", set, mi_run);
}
