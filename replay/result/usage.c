// SPDX-License-Identifier: GPL-2.0-or-later
/* Pageblocks by fill and mixture. */
#include "replay/result/usage.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_BLOCKS (1u << USAGE_CHUNK_SHIFT)
#define GIB_BLOCKS   (1u << (18 - PAGEBLOCK_ORDER))

int usage_init(struct usage *usage, uint32_t end_pfn, struct mmr_error *err)
{
	/* One pageblock more: an allocation of the largest order may touch the next one. */
	uint32_t nr_gib = ((end_pfn >> PAGEBLOCK_ORDER) + 2 + GIB_BLOCKS - 1) / GIB_BLOCKS;
	uint32_t nr_chunks = nr_gib * (GIB_BLOCKS / CHUNK_BLOCKS);
	size_t bytes = (size_t)nr_gib * GIB_BLOCKS * sizeof(*usage->blocks);
	void *blocks = mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*usage = (struct usage){
		.blocks = blocks == MAP_FAILED ? NULL : blocks,
		.summed = blocks == MAP_FAILED ? NULL : (void *)((char *)blocks + bytes),
		.sums = calloc(nr_chunks, sizeof(*usage->sums)),
		.gib_sums = calloc(nr_gib, sizeof(*usage->gib_sums)),
		.changed = calloc(nr_chunks, sizeof(*usage->changed)),
		.nr_blocks = nr_gib * GIB_BLOCKS,
		.mapped_bytes = 2 * bytes,
	};
	if (!usage->blocks || !usage->sums || !usage->gib_sums || !usage->changed) {
		usage_deinit(usage);
		return mmr_err(err, -ENOMEM, "no memory to watch %u pageblocks", nr_gib * GIB_BLOCKS);
	}
	return 0;
}

void usage_deinit(struct usage *usage)
{
	if (usage->blocks)
		munmap(usage->blocks, usage->mapped_bytes);
	free(usage->sums);
	free(usage->gib_sums);
	free(usage->changed);
	memset(usage, 0, sizeof(*usage));
}

/* Steps of 64 pages, and one more for a full pageblock. */
static unsigned int fill_step(unsigned int used)
{
	return (used + 63) / 64 + (used >= PAGEBLOCK_NR_PAGES);
}

/* One pageblock more in a sum, or with @sign -1 one less; of one that is empty nothing but its number. */
static void count_block(struct usage_summary *sum, const struct block_usage *block, int sign)
{
	const uint16_t *pages = block->pages;
	unsigned int unmovable = pages[MIGRATE_UNMOVABLE], movable = pages[MIGRATE_MOVABLE];
	unsigned int reclaimable = pages[MIGRATE_RECLAIMABLE], stuck = unmovable + reclaimable;
	unsigned int used = stuck + movable + pages[USAGE_OTHER];
	const uint32_t one = (uint32_t)sign;

	if (!used)
		return;
	sum->fill[fill_step(used)] += one;
	sum->used_pages += (uint64_t)((int64_t)sign * used);
	if (!stuck)
		return;
	sum->unmovable_pages += (uint64_t)((int64_t)sign * stuck);
	sum->unmovable_blocks += one;
	sum->polluted_blocks += movable ? one : 0;
	sum->mixed += movable || (unmovable && reclaimable) ? one : 0;
}

static void add(struct usage_summary *to, const struct usage_summary *from)
{
	for (unsigned int i = 0; i < USAGE_FILL_STEPS; i++)
		to->fill[i] += from->fill[i];
	to->used_pages += from->used_pages;
	to->mixed += from->mixed;
	to->unmovable_blocks += from->unmovable_blocks;
	to->polluted_blocks += from->polluted_blocks;
	to->unmovable_pages += from->unmovable_pages;
}

/* Bring the sums of the chunk at @first, and of its GiB, up to date: what changed goes out as it was and in as
 * it is. */
static void settle(struct usage *usage, uint32_t first)
{
	uint32_t *changed = &usage->changed[first / CHUNK_BLOCKS];
	struct usage_summary difference = {0};

	if (!*changed)
		return;
	for (; *changed; *changed &= *changed - 1) {
		uint32_t block = first + (uint32_t)__builtin_ctz(*changed);

		if (!memcmp(&usage->summed[block], &usage->blocks[block], sizeof(*usage->blocks)))
			continue;
		count_block(&difference, &usage->summed[block], -1);
		count_block(&difference, &usage->blocks[block], 1);
		usage->summed[block] = usage->blocks[block];
	}
	add(&usage->sums[first / CHUNK_BLOCKS], &difference);
	add(&usage->gib_sums[first / GIB_BLOCKS], &difference);
}

static const struct usage_summary *gib_sum(struct usage *usage, uint32_t first)
{
	for (uint32_t chunk = first; chunk < first + GIB_BLOCKS; chunk += CHUNK_BLOCKS)
		settle(usage, chunk);
	return &usage->gib_sums[first / GIB_BLOCKS];
}

/* Pageblocks from @at on that are added at once. Return: how many. */
static uint32_t add_some(struct usage *usage, uint32_t at, uint32_t end, struct usage_summary *ret)
{
	if (at % GIB_BLOCKS == 0 && end - at >= GIB_BLOCKS) {
		const struct usage_summary *sum = gib_sum(usage, at);

		ret->free_1gib += !sum->used_pages;
		add(ret, sum);
		return GIB_BLOCKS;
	}
	if (at % CHUNK_BLOCKS == 0 && end - at >= CHUNK_BLOCKS) {
		settle(usage, at);
		add(ret, &usage->sums[at / CHUNK_BLOCKS]);
		return CHUNK_BLOCKS;
	}
	count_block(ret, &usage->blocks[at], 1);
	return 1;
}

void usage_read(struct usage *usage, uint32_t start_pfn, uint32_t end_pfn, struct usage_summary *ret)
{
	uint32_t at = (start_pfn + PAGEBLOCK_NR_PAGES - 1) >> PAGEBLOCK_ORDER, end = end_pfn >> PAGEBLOCK_ORDER;

	memset(ret, 0, sizeof(*ret));
	end = end > usage->nr_blocks ? usage->nr_blocks : end;
	ret->nr_blocks = ret->fill[0] = end > at ? end - at : 0;
	while (at < end)
		at += add_some(usage, at, end, ret);
	for (unsigned int step = 1; step < USAGE_FILL_STEPS; step++)
		ret->fill[0] -= ret->fill[step];
}

double usage_scatter(const struct usage_summary *summary)
{
	uint64_t least = (summary->unmovable_pages + PAGEBLOCK_NR_PAGES - 1) / PAGEBLOCK_NR_PAGES;

	return least ? (double)summary->unmovable_blocks / (double)least : 0.0;
}
