// SPDX-License-Identifier: GPL-2.0-or-later
/* Pageblocks by fill and mixture. */
#include "replay/result/usage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GIB_BLOCKS (1u << (USAGE_GIB_SHIFT - PAGEBLOCK_ORDER))

int usage_init(struct usage *usage, uint32_t end_pfn, struct mmr_error *err)
{
	/* One pageblock more: an allocation of the largest order may touch the next one. */
	uint32_t nr_gib = ((end_pfn >> PAGEBLOCK_ORDER) + 2 + GIB_BLOCKS - 1) / GIB_BLOCKS;
	size_t bytes = (size_t)nr_gib * GIB_BLOCKS * sizeof(*usage->blocks);
	void *blocks =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*usage = (struct usage){
		.blocks = blocks == MAP_FAILED ? NULL : blocks,
		.gibs = calloc(nr_gib, sizeof(*usage->gibs)),
		.changed = malloc(nr_gib),
		.nr_blocks = nr_gib * GIB_BLOCKS,
		.mapped_bytes = bytes,
	};
	if (!usage->blocks || !usage->gibs || !usage->changed) {
		usage_deinit(usage);
		return mmr_err(err, -ENOMEM, "no memory to watch %u pageblocks", nr_gib * GIB_BLOCKS);
	}
	memset(usage->changed, 1, nr_gib);
	return 0;
}

void usage_deinit(struct usage *usage)
{
	if (usage->blocks)
		munmap(usage->blocks, usage->mapped_bytes);
	free(usage->gibs);
	free(usage->changed);
	memset(usage, 0, sizeof(*usage));
}

/* ---- counting ---------------------------------------------------------------------------------- */

/*
 * A GiB in which a page has changed is counted anew, all 512 of its pageblocks: side by side, eight at a time,
 * and without a branch, that is faster than to look for those that have changed, since nobody could guess them.
 */
#define LANES 8
typedef uint16_t lanes_t __attribute__((vector_size(2 * LANES)));

#define LOW_PAIRS(a, b)   __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_PAIRS(a, b)  __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LOW_HALVES(a, b)  __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define HIGH_HALVES(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)

/* The pages of each type, a pageblock in each lane. */
static inline void lanes_of(const struct block_usage *blocks, lanes_t pages[NR_USAGE_TYPES])
{
	lanes_t pairs[4], even[2], odd[2];

	_Static_assert(sizeof(pairs) == LANES * sizeof(*blocks), "two pageblocks each");
	memcpy(pairs, blocks, sizeof(pairs));
	for (int half = 0; half < 2; half++) {
		lanes_t first = LOW_PAIRS(pairs[2 * half], pairs[2 * half + 1]);
		lanes_t second = HIGH_PAIRS(pairs[2 * half], pairs[2 * half + 1]);

		even[half] = LOW_PAIRS(first, second);
		odd[half] = HIGH_PAIRS(first, second);
	}
	pages[0] = LOW_HALVES(even[0], even[1]);
	pages[1] = HIGH_HALVES(even[0], even[1]);
	pages[2] = LOW_HALVES(odd[0], odd[1]);
	pages[3] = HIGH_HALVES(odd[0], odd[1]);
}

/* struct counts - as in struct usage_summary, of up to 128 pageblocks in each lane */
struct counts {
	lanes_t fill[USAGE_FILL_STEPS], mixed, polluted, unmovable, unmovable_pages;
};

/* Where something holds for a lane it is all ones, which is -1. */
static inline void count_blocks(struct counts *c, const struct block_usage *blocks)
{
	lanes_t pages[NR_USAGE_TYPES], stuck, used, over, step, unmovable, polluted;

	lanes_of(blocks, pages);
	stuck = pages[MIGRATE_UNMOVABLE] + pages[MIGRATE_RECLAIMABLE];
	used = stuck + pages[MIGRATE_MOVABLE] + pages[USAGE_OTHER];
	/* Recorded pages may lie over each other where frees were lost. */
	over = (lanes_t)(used > PAGEBLOCK_NR_PAGES);
	used = (used & ~over) | (over & PAGEBLOCK_NR_PAGES);
	/* Steps of 64 pages, and one more for a full pageblock. */
	step = ((used + 63) >> 6) + (used >> PAGEBLOCK_ORDER);
	for (uint16_t i = 1; i < USAGE_FILL_STEPS; i++)
		c->fill[i] -= (lanes_t)(step == i);
	unmovable = (lanes_t)(stuck != 0);
	polluted = unmovable & (lanes_t)(pages[MIGRATE_MOVABLE] != 0);
	c->unmovable -= unmovable;
	c->polluted -= polluted;
	c->mixed -= polluted |
		    ((lanes_t)(pages[MIGRATE_UNMOVABLE] != 0) & (lanes_t)(pages[MIGRATE_RECLAIMABLE] != 0));
	c->unmovable_pages += stuck;
}

static uint32_t sum_of(lanes_t lanes)
{
	uint32_t sum = 0;

	for (int i = 0; i < LANES; i++)
		sum += lanes[i];
	return sum;
}

/* Pageblocks [@at, @end), at most a GiB; of those without pages nothing. */
static void count(const struct usage *usage, uint32_t at, uint32_t end, struct usage_summary *ret)
{
	struct counts c;

	memset(&c, 0, sizeof(c));
	for (; end - at >= LANES; at += LANES)
		count_blocks(&c, &usage->blocks[at]);
	if (at < end) {
		struct block_usage rest[LANES] = {{{0}}};

		memcpy(rest, &usage->blocks[at], (end - at) * sizeof(*rest));
		count_blocks(&c, rest);
	}
	*ret = (struct usage_summary){
		.mixed = sum_of(c.mixed),
		.polluted_blocks = sum_of(c.polluted),
		.unmovable_blocks = sum_of(c.unmovable),
		.unmovable_pages = sum_of(c.unmovable_pages),
	};
	for (unsigned int i = 1; i < USAGE_FILL_STEPS; i++)
		ret->fill[i] = sum_of(c.fill[i]);
}

static const struct usage_summary *count_gib(struct usage *usage, uint32_t gib)
{
	struct usage_summary *sum = &usage->gibs[gib];

	if (!usage->changed[gib])
		return sum;
	usage->changed[gib] = 0;
	count(usage, gib * GIB_BLOCKS, (gib + 1) * GIB_BLOCKS, sum);
	sum->free_1gib = 1;
	for (unsigned int i = 1; i < USAGE_FILL_STEPS; i++)
		sum->free_1gib &= !sum->fill[i];
	return sum;
}

static void add(struct usage_summary *to, const struct usage_summary *from)
{
	for (unsigned int i = 1; i < USAGE_FILL_STEPS; i++)
		to->fill[i] += from->fill[i];
	to->mixed += from->mixed;
	to->unmovable_blocks += from->unmovable_blocks;
	to->polluted_blocks += from->polluted_blocks;
	to->unmovable_pages += from->unmovable_pages;
	to->free_1gib += from->free_1gib;
}

void usage_read(struct usage *usage, uint32_t start_pfn, uint32_t end_pfn, struct usage_summary *ret)
{
	uint32_t at = (start_pfn + PAGEBLOCK_NR_PAGES - 1) >> PAGEBLOCK_ORDER, end = end_pfn >> PAGEBLOCK_ORDER;

	memset(ret, 0, sizeof(*ret));
	end = end > usage->nr_blocks ? usage->nr_blocks : end;
	ret->nr_blocks = end > at ? end - at : 0;
	for (uint32_t gib = at / GIB_BLOCKS; at < end; gib++) {
		uint32_t next = (gib + 1) * GIB_BLOCKS < end ? (gib + 1) * GIB_BLOCKS : end;
		struct usage_summary some;

		if (next - at == GIB_BLOCKS) {
			add(ret, count_gib(usage, gib));
		} else {
			count(usage, at, next, &some);
			add(ret, &some);
		}
		at = next;
	}
	ret->fill[0] = ret->nr_blocks;
	for (unsigned int i = 1; i < USAGE_FILL_STEPS; i++)
		ret->fill[0] -= ret->fill[i];
}

double usage_scatter(const struct usage_summary *summary)
{
	uint64_t least = (summary->unmovable_pages + PAGEBLOCK_NR_PAGES - 1) / PAGEBLOCK_NR_PAGES;

	return least ? (double)summary->unmovable_blocks / (double)least : 0.0;
}
