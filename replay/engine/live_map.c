// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded blocks and the modelled blocks that answer for them: growing, splitting, what it costs. */
#include "replay/engine/live_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "replay/result/resident.h"

/* Chunks get memory 64 KiB at a time: a fault for each 4 KiB costs 1 us. */
#define POPULATE_CHUNKS ((64u << 10) / (LIVE_CHUNK_PAGES * (unsigned int)sizeof(struct live_entry)))

static size_t nr_chunks(uint32_t end_pfn)
{
	return ((size_t)end_pfn + MAX_ORDER_NR_PAGES + LIVE_CHUNK_PAGES - 1) >> LIVE_CHUNK_SHIFT;
}

static size_t table_bytes(uint32_t end_pfn)
{
	return nr_chunks(end_pfn) * sizeof(uint32_t);
}

static size_t chunk_bytes(size_t nr)
{
	return nr * LIVE_CHUNK_PAGES * sizeof(struct live_entry);
}

/* Number 0 and all that frames below @end_pfn can be in. */
static size_t entries_bytes(uint32_t end_pfn)
{
	return chunk_bytes(nr_chunks(end_pfn) + 1 + POPULATE_CHUNKS);
}

static void *reserve(size_t bytes)
{
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int live_map_init(struct live_map *map, uint32_t end_pfn, struct mmr_error *err)
{
	*map = (struct live_map){
		.entries = reserve(entries_bytes(end_pfn)),
		.chunk_of = reserve(table_bytes(end_pfn)),
		.nr_chunks = 1,
		.end_pfn = end_pfn,
	};
	if (!map->entries || !map->chunk_of)
		return mmr_err(err, -ENOMEM,
			       "live map: cannot reserve %zu bytes of address space for %u recorded pages: %s",
			       entries_bytes(end_pfn) + table_bytes(end_pfn), end_pfn, strerror(errno));
	for (unsigned int i = 0; i < LIVE_CHUNK_PAGES; i++)
		map->entries[i] =
			(struct live_entry){.pfn = MMR_NO_PFN, .word = LIVE_NO_CHUNK | LIVE_VMALLOC << 4};
	return 0;
}

void live_map_deinit(struct live_map *map)
{
	if (map->entries)
		munmap(map->entries, entries_bytes(map->end_pfn));
	if (map->chunk_of)
		munmap(map->chunk_of, table_bytes(map->end_pfn));
	memset(map, 0, sizeof(*map));
}

__attribute__((noinline)) struct live_entry *live_map_make_chunk(struct live_map *map, uint32_t recorded)
{
	if (map->nr_chunks >= map->nr_populated) {
#ifdef MADV_POPULATE_WRITE
		/* Older kernels refuse, and fault page by page. */
		madvise((char *)map->entries + chunk_bytes(map->nr_populated), chunk_bytes(POPULATE_CHUNKS),
			MADV_POPULATE_WRITE);
#endif
		map->nr_populated += POPULATE_CHUNKS;
	}
	map->chunk_of[recorded >> LIVE_CHUNK_SHIFT] = map->nr_chunks++;
	return live_map_slot(map, recorded);
}

int live_map_grow(struct live_map *map, uint32_t pfn, struct mmr_error *err)
{
	uint64_t end =
		(uint64_t)map->end_pfn * 2 > (uint64_t)pfn + 1 ? (uint64_t)map->end_pfn * 2 : (uint64_t)pfn + 1;
	uint32_t end_pfn = end > MMR_NO_PFN ? MMR_NO_PFN : (uint32_t)end;
	void *entries, *table;

	if (pfn < map->end_pfn)
		return 0;
	table = mremap(map->chunk_of, table_bytes(map->end_pfn), table_bytes(end_pfn), MREMAP_MAYMOVE);
	if (table == MAP_FAILED)
		return mmr_err(err, -ENOMEM,
			       "live map: cannot reserve %zu bytes of address space for recorded page %u: %s",
			       table_bytes(end_pfn), pfn, strerror(errno));
	map->chunk_of = table;
	entries = mremap(map->entries, entries_bytes(map->end_pfn), entries_bytes(end_pfn), MREMAP_MAYMOVE);
	if (entries == MAP_FAILED) {
		mmr_err(err, -ENOMEM,
			"live map: cannot reserve %zu bytes of address space for recorded page %u: %s",
			entries_bytes(end_pfn), pfn, strerror(errno));
		/* To shrink in place cannot fail. */
		mremap(map->chunk_of, table_bytes(end_pfn), table_bytes(map->end_pfn), 0);
		return -ENOMEM;
	}
	map->entries = entries;
	map->end_pfn = end_pfn;
	return 0;
}

uint32_t live_map_covering(const struct live_map *map, uint32_t recorded)
{
	uint32_t last = MMR_NO_PFN;

	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		uint32_t head = recorded & ~((1u << order) - 1);
		const struct live_entry *entry;

		if (head == last)
			continue;
		last = head;
		entry = live_map_find(map, head);
		if (entry && recorded - head < 1u << live_order(entry))
			return head;
	}
	return MMR_NO_PFN;
}

void live_map_split(struct live_map *map, uint32_t recorded, unsigned int new_order)
{
	struct live_entry piece = *live_map_slot(map, recorded);
	uint32_t pages = 1u << live_order(&piece), pfn = piece.pfn;

	piece.order_plus_1 = (new_order + 1) & 0xf;
	for (uint32_t offset = 0; offset < pages; offset += 1u << new_order) {
		piece.pfn = pfn == MMR_NO_PFN ? MMR_NO_PFN : pfn + offset;
		*live_map_touch(map, recorded + offset) = piece;
	}
}

uint64_t live_map_bytes(const struct live_map *map)
{
	/* A huge page reaches beyond the last chunk. */
	size_t used = chunk_bytes(map->nr_populated) + ((size_t)2 << 20), all = entries_bytes(map->end_pfn);

	return resident_bytes(map->entries, used < all ? used : all) +
	       resident_bytes(map->chunk_of, table_bytes(map->end_pfn));
}
