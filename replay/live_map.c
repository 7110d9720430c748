// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded blocks and the modelled blocks that answer for them: growing, splitting, what it costs. */
#include "replay/live_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PFNS (1u << 24) /* 64 GiB, 128 MiB of entries */

static size_t map_bytes(uint32_t end_pfn)
{
	return ((size_t)end_pfn + MAX_ORDER_NR_PAGES) * sizeof(struct live_entry);
}

static size_t nr_chunks(uint32_t end_pfn)
{
	return (end_pfn >> LIVE_CHUNK_SHIFT) + 1;
}

int live_map_init(struct live_map *map, uint32_t end_pfn, struct mmr_error *err)
{
	void *entries = mmap(NULL, map_bytes(end_pfn), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*map = (struct live_map){.end_pfn = end_pfn, .present = calloc(nr_chunks(end_pfn), 1)};
	if (entries != MAP_FAILED)
		map->entries = entries;
	/* 2 MiB for a GiB of recorded memory: a third less time, where the machine is not a very large one. */
	if (map->entries && end_pfn <= HUGE_PFNS)
		madvise(map->entries, map_bytes(end_pfn), MADV_HUGEPAGE);
	if (!map->entries || !map->present)
		return mmr_err(err, -ENOMEM,
			       "live map: cannot reserve %zu bytes of address space for %u recorded pages: %s",
			       map_bytes(end_pfn), end_pfn, strerror(errno));
	return 0;
}

void live_map_deinit(struct live_map *map)
{
	if (map->entries)
		munmap(map->entries, map_bytes(map->end_pfn));
	free(map->present);
	memset(map, 0, sizeof(*map));
}

void live_map_populate(struct live_map *map, uint32_t recorded)
{
	const size_t chunk = sizeof(struct live_entry) << LIVE_CHUNK_SHIFT, all = map_bytes(map->end_pfn);
	size_t at = (recorded >> LIVE_CHUNK_SHIFT) * chunk;

	map->present[recorded >> LIVE_CHUNK_SHIFT] = 1;
#ifdef MADV_POPULATE_WRITE
	/* Older kernels refuse, and fault page by page. */
	madvise((char *)map->entries + at, at + chunk < all ? chunk : all - at, MADV_POPULATE_WRITE);
#endif
}

int live_map_grow(struct live_map *map, uint32_t pfn, struct mmr_error *err)
{
	uint64_t end =
		(uint64_t)map->end_pfn * 2 > (uint64_t)pfn + 1 ? (uint64_t)map->end_pfn * 2 : (uint64_t)pfn + 1;
	uint32_t end_pfn = end > MMR_NO_PFN ? MMR_NO_PFN : (uint32_t)end;
	uint8_t *present;
	void *entries;

	if (pfn < map->end_pfn)
		return 0;
	present = realloc(map->present, nr_chunks(end_pfn));
	if (!present)
		return mmr_err(err, -ENOMEM, "live map: no memory for recorded page %u", pfn);
	memset(present + nr_chunks(map->end_pfn), 0, nr_chunks(end_pfn) - nr_chunks(map->end_pfn));
	map->present = present;
	entries = mremap(map->entries, map_bytes(map->end_pfn), map_bytes(end_pfn), MREMAP_MAYMOVE);
	if (entries == MAP_FAILED)
		return mmr_err(err, -ENOMEM,
			       "live map: cannot reserve %zu bytes of address space for recorded page %u: %s",
			       map_bytes(end_pfn), pfn, strerror(errno));
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
		*live_map_slot(map, recorded + offset) = piece;
	}
}

uint64_t live_map_bytes(const struct live_map *map)
{
	size_t host_page = (size_t)sysconf(_SC_PAGESIZE), bytes = map_bytes(map->end_pfn);
	unsigned char present[4096];
	uint64_t resident = 0;

	for (size_t at = 0; at < bytes; at += sizeof(present) * host_page) {
		size_t span =
			bytes - at < sizeof(present) * host_page ? bytes - at : sizeof(present) * host_page;

		if (mincore((char *)map->entries + at, span, present))
			break;
		for (size_t i = 0; i < (span + host_page - 1) / host_page; i++)
			resident += present[i] & 1 ? host_page : 0;
	}
	return resident;
}
