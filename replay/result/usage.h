/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How full each pageblock (2 MiB) is, and of what: kept up to date by every allocation and free, so
 * that a sample reads eight bytes per pageblock and no page record.
 */
#ifndef MMR_REPLAY_USAGE_H
#define MMR_REPLAY_USAGE_H

#include <stdint.h>

#include "core/error.h"
#include "core/mm_types.h"

/** USAGE_OTHER - pages in use before the replay began, and holes; 0..2 are the request's migratetype */
enum { USAGE_OTHER = MIGRATE_PCPTYPES, NR_USAGE_TYPES };

/** struct block_usage - pages of one pageblock that are in use, by who asked for them */
struct block_usage {
	uint16_t pages[NR_USAGE_TYPES];
};

#define USAGE_FILL_STEPS 10 /* 0, 1..64, 65..128, …, 449..511, 512 pages in use */

/**
 * struct usage_summary - the pageblocks of one stretch of memory
 * @fill: pageblocks by pages in use, see USAGE_FILL_STEPS
 * @mixed: pageblocks with pages of more than one migratetype, of those the replay placed
 * @unmovable_blocks: pageblocks with at least one unmovable or reclaimable page
 * @unmovable_pages: those pages
 * @polluted_blocks: pageblocks that hold such pages and movable ones
 * @free_1gib: aligned GiB without a page in use
 */
struct usage_summary {
	uint32_t fill[USAGE_FILL_STEPS];
	uint32_t nr_blocks, mixed, polluted_blocks, unmovable_blocks, free_1gib;
	uint64_t unmovable_pages;
};

#define USAGE_GIB_SHIFT  18 /* pages of a GiB */
#define USAGE_PART_SHIFT 15 /* pages of an eighth of it */

/** struct usage_sums - what is summed up of some pageblocks; usage.c says which is which */
struct usage_sums {
	uint32_t of[16];
};

/**
 * struct usage - blocks[nr_blocks]; @mapped_bytes of address space behind them
 * @gibs, @parts: of each GiB and each eighth of one, as its pageblocks were when they were counted last
 * @changed: of each eighth: 1 where some of them may have changed since
 */
struct usage {
	struct block_usage *blocks;
	struct usage_sums *gibs, *parts;
	uint8_t *changed;
	uint32_t nr_blocks;
	size_t mapped_bytes;
};

/** usage_init - every page below @end_pfn unused. Return: 0 or -ENOMEM. */
int usage_init(struct usage *usage, uint32_t end_pfn, struct mmr_error *err);
void usage_deinit(struct usage *usage);

/** usage_mark - the pageblock of @pfn changes */
static inline void usage_mark(const struct usage *usage, uint32_t pfn)
{
	usage->changed[pfn >> USAGE_PART_SHIFT] = 1;
}

/** usage_add - @pages, at most a pageblock's, more are in use in the pageblock of @pfn, or negative fewer */
static inline void usage_add(const struct usage *usage, uint32_t pfn, unsigned int type, int pages)
{
	uint16_t *used = &usage->blocks[pfn >> PAGEBLOCK_ORDER].pages[type];

	usage_mark(usage, pfn);
	*used = (uint16_t)(*used + pages);
}

/** usage_change - @delta (1 or -1) times 2^@order pages at @pfn, which @type names */
static inline void usage_change(const struct usage *usage, uint32_t pfn, unsigned int order, unsigned int type,
				int delta)
{
	const uint32_t end = pfn + (1u << order);

	if (order <= PAGEBLOCK_ORDER) {
		usage_add(usage, pfn, type, delta * (1 << order));
		return;
	}
	for (; pfn < end; pfn += PAGEBLOCK_NR_PAGES)
		usage_add(usage, pfn, type, delta * (int)PAGEBLOCK_NR_PAGES);
}

/**
 * usage_read - the pageblocks that lie wholly in [@start_pfn, @end_pfn)
 * Source: /proc/pagetypeinfo's mixed blocks (walk_zones_in_node() with page_owner), v6.12; "unmovable
 *	scatter" after Zhao et al., Contiguitas, ISCA 2023.
 */
void usage_read(struct usage *usage, uint32_t start_pfn, uint32_t end_pfn, struct usage_summary *ret);

/**
 * usage_scatter - how far unmovable pages are spread: pageblocks that hold some, over the least that could
 * Return: 1 (packed) and more; 0 where there are none.
 */
double usage_scatter(const struct usage_summary *summary);

#endif
