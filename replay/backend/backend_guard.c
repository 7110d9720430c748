// SPDX-License-Identifier: GPL-2.0-or-later
/* A bitmap of what a foreign allocator has handed out. */
#include "replay/backend/backend_guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static int by_start(const void *a, const void *b)
{
	uint32_t x = ((const struct mmr_mem_range *)a)->start_pfn,
		 y = ((const struct mmr_mem_range *)b)->start_pfn;

	return (x > y) - (x < y);
}

int backend_ranges(const struct mmr_machine_config *cfg, struct mmr_mem_range **ret, unsigned int *nr,
		   struct mmr_error *err)
{
	size_t max = cfg->nr_ranges + (size_t)cfg->nr_nodes * MAX_NR_ZONES;
	struct mmr_mem_range *ranges = calloc(max, sizeof(*ranges));

	*nr = 0;
	if (!ranges)
		return mmr_err(err, -ENOMEM, "no memory for the machine's ranges");
	for (unsigned int i = 0; i < cfg->nr_ranges; i++)
		ranges[(*nr)++] = cfg->ranges[i];
	for (unsigned int n = 0; n < cfg->nr_nodes && !cfg->nr_ranges; n++) {
		for (int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *zone = &cfg->nodes[n].zones[z];

			if (zone->spanned_pages)
				ranges[(*nr)++] = (struct mmr_mem_range){zone->start_pfn, zone->spanned_pages};
		}
	}
	qsort(ranges, *nr, sizeof(*ranges), by_start);
	*ret = ranges;
	return 0;
}

int backend_guard_init(struct backend_guard *guard, const struct mmr_machine_config *cfg, struct mmr_error *err)
{
	int rc;

	memset(guard, 0, sizeof(*guard));
	rc = backend_ranges(cfg, &guard->ranges, &guard->nr_ranges, err);
	if (rc)
		return rc;
	for (unsigned int i = 0; i < guard->nr_ranges; i++)
		guard->end_pfn = guard->ranges[i].start_pfn + guard->ranges[i].nr_pages;
	guard->bytes = ((size_t)guard->end_pfn / 64 + 64) * sizeof(uint64_t);
	guard->taken = mmap(NULL, guard->bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (guard->taken != MAP_FAILED)
		return 0;
	guard->taken = NULL;
	return mmr_err(err, -ENOMEM, "no memory to watch the backend's %u pages", guard->end_pfn);
}

void backend_guard_deinit(struct backend_guard *guard)
{
	if (guard->taken)
		munmap(guard->taken, guard->bytes);
	free(guard->ranges);
	memset(guard, 0, sizeof(*guard));
}

static bool range_holds(const struct mmr_mem_range *range, uint32_t pfn, uint32_t pages)
{
	return pfn >= range->start_pfn && pfn - range->start_pfn < range->nr_pages &&
	       range->nr_pages - (pfn - range->start_pfn) >= pages;
}

static bool is_ram(struct backend_guard *guard, uint32_t pfn, uint32_t pages)
{
	if (range_holds(&guard->ranges[guard->last], pfn, pages))
		return true;
	for (unsigned int i = 0; i < guard->nr_ranges; i++) {
		if (range_holds(&guard->ranges[i], pfn, pages)) {
			guard->last = i;
			return true;
		}
	}
	return false;
}

/* The bits of a block in its words: all blocks are aligned, so it fills words or lies in one. */
static uint64_t block_mask(uint32_t pfn, unsigned int order)
{
	return order >= 6 ? UINT64_MAX : ((1ull << (1u << order)) - 1) << (pfn % 64);
}

static uint32_t nr_words(unsigned int order)
{
	return order > 6 ? 1u << (order - 6) : 1;
}

static uint32_t first_taken(const struct backend_guard *guard, uint32_t pfn)
{
	while (!(guard->taken[pfn / 64] >> (pfn % 64) & 1))
		pfn++;
	return pfn;
}

int backend_guard_take(struct backend_guard *guard, uint32_t pfn, unsigned int order, struct mmr_error *err)
{
	uint64_t *word, mask = block_mask(pfn, order);

	if (pfn & ((1u << order) - 1))
		return mmr_err(err, -EINVAL, "misaligned page: pfn %u for order %u, expected a multiple of %u",
			       pfn, order, 1u << order);
	if (!guard->nr_ranges || !is_ram(guard, pfn, 1u << order))
		return mmr_err(err, -EINVAL,
			       "page out of range: pfn %u..%u, expected memory of the machine (below pfn %u)",
			       pfn, pfn + (1u << order) - 1, guard->end_pfn);
	word = &guard->taken[pfn / 64];
	for (uint32_t i = 0; i < nr_words(order); i++) {
		if (word[i] & mask)
			return mmr_err(
				err, -EINVAL,
				"overlapping page: pfn %u of the block at pfn %u, order %u, is handed out "
				"already",
				first_taken(guard, pfn), pfn, order);
	}
	for (uint32_t i = 0; i < nr_words(order); i++)
		word[i] |= mask;
	return 0;
}

void backend_guard_give(struct backend_guard *guard, uint32_t pfn, unsigned int order)
{
	uint64_t *word = &guard->taken[pfn / 64], mask = block_mask(pfn, order);

	for (uint32_t i = 0; i < nr_words(order); i++)
		word[i] &= ~mask;
}
