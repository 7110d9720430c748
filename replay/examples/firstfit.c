// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A complete allocator for `mmreplay run --backend`: first fit over a map of one byte per page frame.
 *
 *	cc -O2 -shared -fPIC -I SOURCE SOURCE/replay/examples/firstfit.c -o libfirstfit.so
 *	mmreplay backend check ./libfirstfit.so
 *	mmreplay run host.mmt --backend ./libfirstfit.so
 *
 * It looks on the asking CPU's node first, then at the others by number. Each range remembers below
 * which frame it is full, so that single pages are found at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/backend_plugin.h"

/* struct region - one range of the machine's memory; used[i] tells of page frame @base + i */
struct region {
	uint64_t base, start, end; /* @base: @start rounded down to the largest block */
	uint64_t hint; /* no page is free below used[hint] */
	uint32_t node;
	unsigned char *used;
};

struct firstfit {
	struct region *regions;
	uint32_t nr_regions, nr_nodes;
	uint64_t bytes;
};

static uint64_t take(struct region *r, uint32_t order)
{
	const uint64_t nr = (uint64_t)1 << order, end = r->end - r->base;

	for (uint64_t i = (r->hint + nr - 1) & ~(nr - 1); i + nr <= end; i += nr) {
		if (memchr(&r->used[i], 1, nr))
			continue;
		memset(&r->used[i], 1, nr);
		if (order == 0)
			r->hint = i + 1;
		return r->base + i;
	}
	return MMR_PLUGIN_NO_PAGE;
}

static void firstfit_destroy(void *ctx)
{
	struct firstfit *f = ctx;

	for (uint32_t i = 0; i < f->nr_regions; i++)
		free(f->regions[i].used);
	free(f->regions);
	free(f);
}

static int add_region(struct firstfit *f, const struct mmr_plugin_range *range)
{
	const uint64_t largest = (uint64_t)1 << MMR_PLUGIN_MAX_ORDER;
	struct region *r = &f->regions[f->nr_regions];

	r->base = range->start_pfn & ~(largest - 1);
	r->start = range->start_pfn;
	r->end = range->start_pfn + range->nr_pages;
	r->node = range->node;
	r->used = calloc(r->end - r->base, 1);
	if (!r->used)
		return -ENOMEM;
	memset(r->used, 1, r->start - r->base); /* not ours */
	f->bytes += r->end - r->base;
	f->nr_regions++;
	return 0;
}

static int firstfit_create(const struct mmr_plugin_machine *machine, uint64_t seed, void **ctx)
{
	struct firstfit *f = calloc(1, sizeof(*f));
	int rc = f ? 0 : -ENOMEM;

	(void)seed; /* nothing is random here */
	if (rc)
		return rc;
	f->nr_nodes = machine->nr_nodes;
	f->regions = calloc(machine->nr_ranges, sizeof(*f->regions));
	rc = f->regions ? 0 : -ENOMEM;
	for (uint32_t i = 0; i < machine->nr_ranges && !rc; i++)
		rc = add_region(f, &machine->ranges[i]);
	if (rc)
		firstfit_destroy(f);
	else
		*ctx = f;
	return rc;
}

static uint64_t firstfit_alloc(void *ctx, const struct mmr_plugin_request *request)
{
	struct firstfit *f = ctx;
	uint64_t pfn = MMR_PLUGIN_NO_PAGE;

	for (uint32_t n = 0; n < f->nr_nodes && pfn == MMR_PLUGIN_NO_PAGE; n++) {
		uint32_t node = ((uint32_t)request->node + n) % f->nr_nodes;

		/* The highest range first: it is not the one that few devices can do without. */
		for (uint32_t i = f->nr_regions; i-- > 0 && pfn == MMR_PLUGIN_NO_PAGE;) {
			if (f->regions[i].node == node)
				pfn = take(&f->regions[i], request->order);
		}
	}
	return pfn;
}

static int firstfit_free(void *ctx, uint64_t pfn, uint32_t order, uint32_t cpu)
{
	struct firstfit *f = ctx;

	(void)cpu;
	for (uint32_t i = 0; i < f->nr_regions; i++) {
		struct region *r = &f->regions[i];
		uint64_t at = pfn - r->base;

		if (pfn < r->start || pfn >= r->end)
			continue;
		if (!r->used[at])
			return -EINVAL; /* nobody has it */
		memset(&r->used[at], 0, (size_t)1 << order);
		r->hint = at < r->hint ? at : r->hint;
		return 0;
	}
	return -EINVAL;
}

static uint64_t firstfit_bytes(void *ctx)
{
	return ((struct firstfit *)ctx)->bytes;
}

MMR_PLUGIN_DEFINE(.name = "firstfit", .summary = "first fit over a byte map", .create = firstfit_create,
		  .destroy = firstfit_destroy, .alloc = firstfit_alloc, .free = firstfit_free,
		  .metadata_bytes = firstfit_bytes);
