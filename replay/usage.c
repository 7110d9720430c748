// SPDX-License-Identifier: GPL-2.0-or-later
/* Pageblocks by fill and mixture. */
#include "replay/usage.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_BLOCKS (1u << USAGE_CHUNK_SHIFT)
#define GIB_CHUNKS   (1u << (18 - PAGEBLOCK_ORDER - USAGE_CHUNK_SHIFT))

int usage_init(struct usage *usage, uint32_t end_pfn, struct mmr_error *err)
{
	/* One pageblock more: an allocation of the largest order may touch the next one. */
	uint32_t nr_chunks = ((end_pfn >> PAGEBLOCK_ORDER) + 2 + CHUNK_BLOCKS - 1) / CHUNK_BLOCKS;
	size_t bytes = (size_t)nr_chunks * CHUNK_BLOCKS * sizeof(*usage->blocks);
	void *blocks =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*usage = (struct usage){
		.blocks = blocks == MAP_FAILED ? NULL : blocks,
		.sums = calloc(nr_chunks, sizeof(*usage->sums)),
		.changed = malloc(nr_chunks),
		.nr_blocks = nr_chunks * CHUNK_BLOCKS,
		.mapped_bytes = bytes,
	};
	if (!usage->blocks || !usage->sums || !usage->changed) {
		usage_deinit(usage);
		return mmr_err(err, -ENOMEM, "no memory to watch %u pageblocks", nr_chunks * CHUNK_BLOCKS);
	}
	memset(usage->changed, 1, nr_chunks);
	return 0;
}

void usage_deinit(struct usage *usage)
{
	if (usage->blocks)
		munmap(usage->blocks, usage->mapped_bytes);
	free(usage->sums);
	free(usage->changed);
	memset(usage, 0, sizeof(*usage));
}

/* Steps of 64 pages, and one more for a full pageblock. */
static unsigned int fill_step(unsigned int used)
{
	return (used + 63) / 64 + (used >= PAGEBLOCK_NR_PAGES);
}

/* Hot in a sample: sums stay in registers, and pageblocks that are empty or all others' are passed quickly. */
static void count_blocks(const struct usage *usage, uint32_t first, uint32_t end, struct usage_summary *ret)
{
	uint32_t mixed = 0, polluted = 0, unmovable_blocks = 0, empty = 0;
	uint64_t unmovable_pages = 0, used_pages = 0;

	for (uint32_t i = first; i < end; i++) {
		const uint16_t *pages = usage->blocks[i].pages;
		unsigned int unmovable = pages[MIGRATE_UNMOVABLE], movable = pages[MIGRATE_MOVABLE];
		unsigned int reclaimable = pages[MIGRATE_RECLAIMABLE], stuck = unmovable + reclaimable;
		unsigned int used = stuck + movable + pages[USAGE_OTHER];

		if (!used) {
			empty++;
			continue;
		}
		ret->fill[fill_step(used)]++;
		used_pages += used;
		if (!stuck)
			continue;
		unmovable_pages += stuck;
		unmovable_blocks++;
		polluted += movable != 0;
		mixed += movable || (unmovable && reclaimable);
	}
	ret->fill[0] += empty;
	ret->nr_blocks += end - first;
	ret->used_pages += used_pages;
	ret->mixed += mixed;
	ret->polluted_blocks += polluted;
	ret->unmovable_blocks += unmovable_blocks;
	ret->unmovable_pages += unmovable_pages;
}

static void add(struct usage_summary *to, const struct usage_summary *from)
{
	for (unsigned int i = 0; i < USAGE_FILL_STEPS; i++)
		to->fill[i] += from->fill[i];
	to->nr_blocks += from->nr_blocks;
	to->used_pages += from->used_pages;
	to->mixed += from->mixed;
	to->unmovable_blocks += from->unmovable_blocks;
	to->polluted_blocks += from->polluted_blocks;
	to->unmovable_pages += from->unmovable_pages;
}

static const struct usage_summary *chunk_sum(const struct usage *usage, uint32_t chunk)
{
	struct usage_summary *sum = &usage->sums[chunk];

	if (usage->changed[chunk]) {
		memset(sum, 0, sizeof(*sum));
		count_blocks(usage, chunk * CHUNK_BLOCKS, (chunk + 1) * CHUNK_BLOCKS, sum);
		usage->changed[chunk] = 0;
	}
	return sum;
}

void usage_read(const struct usage *usage, uint32_t start_pfn, uint32_t end_pfn, struct usage_summary *ret)
{
	uint32_t at = (start_pfn + PAGEBLOCK_NR_PAGES - 1) >> PAGEBLOCK_ORDER, end = end_pfn >> PAGEBLOCK_ORDER;
	uint32_t empty = 0; /* chunks without a page in use, one after the other */

	memset(ret, 0, sizeof(*ret));
	end = end > usage->nr_blocks ? usage->nr_blocks : end;
	while (at < end) {
		uint32_t chunk = at / CHUNK_BLOCKS, next = (chunk + 1) * CHUNK_BLOCKS;
		bool whole = at % CHUNK_BLOCKS == 0 && next <= end;

		empty = whole && !chunk_sum(usage, chunk)->used_pages ? empty + 1 : 0;
		ret->free_1gib += chunk % GIB_CHUNKS == GIB_CHUNKS - 1 && empty >= GIB_CHUNKS;
		if (whole)
			add(ret, &usage->sums[chunk]);
		else
			count_blocks(usage, at, next < end ? next : end, ret);
		at = next;
	}
}

double usage_scatter(const struct usage_summary *summary)
{
	uint64_t least = (summary->unmovable_pages + PAGEBLOCK_NR_PAGES - 1) / PAGEBLOCK_NR_PAGES;

	return least ? (double)summary->unmovable_blocks / (double)least : 0.0;
}
