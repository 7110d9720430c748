// SPDX-License-Identifier: GPL-2.0-or-later
/* Pageblocks by fill and mixture. */
#include "replay/result/usage.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GIB_BLOCKS  (1u << (USAGE_GIB_SHIFT - PAGEBLOCK_ORDER))
#define PART_BLOCKS (1u << (USAGE_PART_SHIFT - PAGEBLOCK_ORDER))
#define GIB_PARTS   (GIB_BLOCKS / PART_BLOCKS)

/* Behind pageblocks by fill, of which the empty ones follow from the others. */
enum { SUM_MIXED = USAGE_FILL_STEPS, SUM_POLLUTED, SUM_UNMOVABLE, SUM_UNMOVABLE_PAGES, NR_SUMS = 16 };

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
		.parts = calloc(nr_gib, GIB_PARTS * sizeof(*usage->parts)),
		.changed = malloc(nr_gib * GIB_PARTS),
		.nr_blocks = nr_gib * GIB_BLOCKS,
		.mapped_bytes = bytes,
	};
	if (!usage->blocks || !usage->gibs || !usage->parts || !usage->changed) {
		usage_deinit(usage);
		return mmr_err(err, -ENOMEM, "no memory to watch %u pageblocks", nr_gib * GIB_BLOCKS);
	}
	memset(usage->changed, 1, nr_gib * GIB_PARTS);
	return 0;
}

void usage_deinit(struct usage *usage)
{
	if (usage->blocks)
		munmap(usage->blocks, usage->mapped_bytes);
	free(usage->gibs);
	free(usage->parts);
	free(usage->changed);
	memset(usage, 0, sizeof(*usage));
}

/* ---- counting ---------------------------------------------------------------------------------- */

/*
 * Where a page has changed all 64 pageblocks of its eighth of a GiB are counted anew: side by side, eight at a
 * time, and without a branch, that is faster than to look for those that have changed, since nobody could guess
 * them.
 */
#define LANES 8
typedef uint16_t lanes_t __attribute__((vector_size(2 * LANES)));

#define LOW_PAIRS(a, b)   __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_PAIRS(a, b)  __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LOW_TWOS(a, b)    __builtin_shufflevector(a, b, 0, 1, 8, 9, 2, 3, 10, 11)
#define HIGH_TWOS(a, b)   __builtin_shufflevector(a, b, 4, 5, 12, 13, 6, 7, 14, 15)
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

/* struct counts - as in struct usage_sums, of some pageblocks in each lane */
struct counts {
	lanes_t of[NR_SUMS];
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
		c->of[i] -= (lanes_t)(step == i);
	unmovable = (lanes_t)(stuck != 0);
	polluted = unmovable & (lanes_t)(pages[MIGRATE_MOVABLE] != 0);
	c->of[SUM_UNMOVABLE] -= unmovable;
	c->of[SUM_POLLUTED] -= polluted;
	c->of[SUM_MIXED] -= polluted | ((lanes_t)(pages[MIGRATE_UNMOVABLE] != 0) &
					(lanes_t)(pages[MIGRATE_RECLAIMABLE] != 0));
	c->of[SUM_UNMOVABLE_PAGES] += stuck;
}

/* Eight vectors' sums over their lanes: each step adds halves of two and leaves one of both. */
static lanes_t sums_of(const lanes_t of[LANES])
{
	lanes_t pairs[4], fours[2];

	for (int i = 0; i < 4; i++)
		pairs[i] = LOW_PAIRS(of[2 * i], of[2 * i + 1]) + HIGH_PAIRS(of[2 * i], of[2 * i + 1]);
	for (int i = 0; i < 2; i++)
		fours[i] = LOW_TWOS(pairs[2 * i], pairs[2 * i + 1]) + HIGH_TWOS(pairs[2 * i], pairs[2 * i + 1]);
	return LOW_HALVES(fours[0], fours[1]) + HIGH_HALVES(fours[0], fours[1]);
}

/* Pageblocks [@at, @end), at most an eighth of a GiB. */
static struct usage_sums count(const struct usage *usage, uint32_t at, uint32_t end)
{
	struct usage_sums ret;
	struct counts c;

	memset(&c, 0, sizeof(c));
	for (; end - at >= LANES; at += LANES)
		count_blocks(&c, &usage->blocks[at]);
	if (at < end) {
		struct block_usage rest[LANES] = {{{0}}};

		memcpy(rest, &usage->blocks[at], (end - at) * sizeof(*rest));
		count_blocks(&c, rest);
	}
	for (unsigned int i = 0; i < NR_SUMS; i += LANES) {
		lanes_t sums = sums_of(&c.of[i]);

		for (unsigned int k = 0; k < LANES; k++)
			ret.of[i + k] = sums[k];
	}
	/* These may be more than a lane holds. */
	ret.of[SUM_UNMOVABLE_PAGES] = 0;
	for (unsigned int k = 0; k < LANES; k++)
		ret.of[SUM_UNMOVABLE_PAGES] += c.of[SUM_UNMOVABLE_PAGES][k];
	return ret;
}

static const struct usage_sums *count_part(struct usage *usage, uint32_t part)
{
	struct usage_sums *gib = &usage->gibs[part / GIB_PARTS], *sums = &usage->parts[part], before = *sums;

	if (!usage->changed[part])
		return sums;
	usage->changed[part] = 0;
	*sums = count(usage, part * PART_BLOCKS, (part + 1) * PART_BLOCKS);
	for (unsigned int i = 0; i < NR_SUMS; i++)
		gib->of[i] += sums->of[i] - before.of[i];
	return sums;
}

static const struct usage_sums *count_gib(struct usage *usage, uint32_t gib)
{
	uint64_t changed;

	_Static_assert(sizeof(changed) == GIB_PARTS, "a look at all of them");
	memcpy(&changed, &usage->changed[gib * GIB_PARTS], sizeof(changed));
	for (uint32_t part = 0; changed && part < GIB_PARTS; part++)
		count_part(usage, gib * GIB_PARTS + part);
	return &usage->gibs[gib];
}

static bool is_free(const struct usage_sums *gib)
{
	uint32_t used = 0;

	for (unsigned int i = 1; i < USAGE_FILL_STEPS; i++)
		used |= gib->of[i];
	return !used;
}

static void add(struct usage_summary *to, const struct usage_sums *from)
{
	for (unsigned int i = 1; i < USAGE_FILL_STEPS; i++)
		to->fill[i] += from->of[i];
	to->mixed += from->of[SUM_MIXED];
	to->polluted_blocks += from->of[SUM_POLLUTED];
	to->unmovable_blocks += from->of[SUM_UNMOVABLE];
	to->unmovable_pages += from->of[SUM_UNMOVABLE_PAGES];
}

/* Pageblocks from @at on, as many as are summed up together, none beyond @end. Return: where they end */
static uint32_t add_some(struct usage *usage, uint32_t at, uint32_t end, struct usage_summary *to)
{
	struct usage_sums rest;
	uint32_t next;

	if (!(at % GIB_BLOCKS) && end - at >= GIB_BLOCKS) {
		const struct usage_sums *gib = count_gib(usage, at / GIB_BLOCKS);

		add(to, gib);
		to->free_1gib += is_free(gib);
		return at + GIB_BLOCKS;
	}
	if (!(at % PART_BLOCKS) && end - at >= PART_BLOCKS) {
		add(to, count_part(usage, at / PART_BLOCKS));
		return at + PART_BLOCKS;
	}
	next = (at / PART_BLOCKS + 1) * PART_BLOCKS;
	next = next < end ? next : end;
	rest = count(usage, at, next);
	add(to, &rest);
	return next;
}

void usage_read(struct usage *usage, uint32_t start_pfn, uint32_t end_pfn, struct usage_summary *ret)
{
	uint32_t at = (start_pfn + PAGEBLOCK_NR_PAGES - 1) >> PAGEBLOCK_ORDER, end = end_pfn >> PAGEBLOCK_ORDER;

	memset(ret, 0, sizeof(*ret));
	end = end > usage->nr_blocks ? usage->nr_blocks : end;
	ret->nr_blocks = end > at ? end - at : 0;
	while (at < end)
		at = add_some(usage, at, end, ret);
	ret->fill[0] = ret->nr_blocks;
	for (unsigned int i = 1; i < USAGE_FILL_STEPS; i++)
		ret->fill[0] -= ret->fill[i];
}

double usage_scatter(const struct usage_summary *summary)
{
	uint64_t least = (summary->unmovable_pages + PAGEBLOCK_NR_PAGES - 1) / PAGEBLOCK_NR_PAGES;

	return least ? (double)summary->unmovable_blocks / (double)least : 0.0;
}
