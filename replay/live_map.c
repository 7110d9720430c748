// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded blocks and the modelled blocks that answer for them. */
#include "replay/live_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int live_map_init(struct live_map *map, uint32_t nr_pfns, struct mmr_error *err)
{
	size_t bytes = (size_t)nr_pfns * sizeof(*map->entries);

	memset(map, 0, sizeof(*map));
	map->entries =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map->entries == MAP_FAILED) {
		map->entries = NULL;
		return mmr_err(err, -ENOMEM,
			       "live map: cannot reserve %zu bytes of address space for %u page frames: %s",
			       bytes, nr_pfns, strerror(errno));
	}
	map->nr_pfns = nr_pfns;
	return 0;
}

void live_map_deinit(struct live_map *map)
{
	if (map->entries)
		munmap(map->entries, (size_t)map->nr_pfns * sizeof(*map->entries));
	memset(map, 0, sizeof(*map));
}

uint32_t live_map_head(const struct live_map *map, uint32_t recorded)
{
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		uint32_t head = recorded & ~((1u << order) - 1);
		const struct live_entry *entry = &map->entries[head];

		if (entry->live && recorded - head < 1u << entry->order)
			return head;
	}
	return MMR_NO_PFN;
}

void live_map_split(struct live_map *map, uint32_t head, unsigned int new_order)
{
	struct live_entry whole = map->entries[head];

	for (uint32_t offset = 0; offset < 1u << whole.order; offset += 1u << new_order) {
		struct live_entry *piece = &map->entries[head + offset];

		*piece = (struct live_entry){
			.pfn = whole.pfn == MMR_NO_PFN ? MMR_NO_PFN : whole.pfn + offset,
			.order = (uint8_t)new_order,
			.live = 1,
			.seen = 1,
		};
	}
}

uint64_t live_map_bytes(const struct live_map *map)
{
	const size_t step = 64ul << 20, page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t bytes = (size_t)map->nr_pfns * sizeof(*map->entries);
	unsigned char *resident = malloc(step / page);
	uint64_t pages = 0;

	if (!resident)
		return 0;
	for (size_t at = 0; at < bytes; at += step) {
		size_t len = bytes - at < step ? bytes - at : step;

		if (mincore((char *)map->entries + at, len, resident))
			break;
		for (size_t i = 0; i < (len + page - 1) / page; i++)
			pages += resident[i] & 1;
	}
	free(resident);
	return pages * page;
}
