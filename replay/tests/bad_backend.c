// SPDX-License-Identifier: GPL-2.0-or-later
/* Backends that break one promise each, by BAD_…: what mmreplay must catch and name. */
#include <stdlib.h>

#include "replay/backend_plugin.h"

#ifndef BAD_VERSION
#define BAD_VERSION MMR_PLUGIN_VERSION
#endif

struct bump {
	uint64_t start, next, end;
	uint64_t nr_allocs;
};

static int bump_create(const struct mmr_plugin_machine *machine, uint64_t seed, void **ctx)
{
	const struct mmr_plugin_range *last = &machine->ranges[machine->nr_ranges - 1];
	struct bump *bump = calloc(1, sizeof(*bump));

	(void)seed;
	if (!bump)
		return -1;
	bump->start = bump->next = (last->start_pfn + 1023) & ~(uint64_t)1023;
	bump->end = last->start_pfn + last->nr_pages;
	*ctx = bump;
	return 0;
}

static uint64_t bump_alloc(void *ctx, const struct mmr_plugin_request *request)
{
	struct bump *bump = ctx;
	uint64_t nr = (uint64_t)1 << request->order, pfn = (bump->next + nr - 1) & ~(nr - 1);

	bump->nr_allocs++;
#if defined(BAD_OVERLAP)
	if (bump->nr_allocs == 1000)
		return bump->start;
#elif defined(BAD_ALIGNMENT)
	if (request->order)
		return pfn + nr + 1;
#elif defined(BAD_RANGE)
	if (bump->nr_allocs == 1000)
		return bump->end;
#endif
	if (pfn + nr > bump->end)
		return MMR_PLUGIN_NO_PAGE;
	bump->next = pfn + nr;
	return pfn;
}

static int bump_free(void *ctx, uint64_t pfn, uint32_t order, uint32_t cpu)
{
	(void)ctx, (void)pfn, (void)order, (void)cpu;
#ifdef BAD_FREE
	return -1;
#else
	return 0; /* leaks */
#endif
}

__attribute__((visibility("default"))) const struct mmr_plugin mmr_backend_plugin = {
	.version = BAD_VERSION,
	.struct_size = sizeof(struct mmr_plugin),
	.name = "bump",
	.create = bump_create,
	.destroy = free,
	.alloc = bump_alloc,
	.free = bump_free,
};
