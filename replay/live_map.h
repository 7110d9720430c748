/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which modelled block answers for a recorded one: recorded PFN -> modelled PFN, for every block
 * that is allocated at this moment of the replay.
 *
 * Eight bytes per recorded page frame, reserved for the whole PFN range and touched only where
 * blocks begin. An entry outlives its block (the live bit goes), so distinct pages can be counted.
 */
#ifndef MMR_REPLAY_LIVE_MAP_H
#define MMR_REPLAY_LIVE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/mm_types.h"

/**
 * struct live_entry - one recorded block
 * @pfn: first modelled PFN; MMR_NO_PFN where the model could not serve the request
 * @order: of the block as it stands now (pieces after a split)
 * @live: 1 while allocated
 * @seen: 1 once any block began here
 */
struct live_entry {
	uint32_t pfn;
	uint8_t order;
	uint8_t live;
	uint8_t seen;
	uint8_t unused;
};

/**
 * struct live_map - the map of one replay
 * @entries: entries[nr_pfns], indexed by recorded PFN
 * @nr_pages_seen: distinct recorded pages that any block covered (by the first block at each PFN)
 */
struct live_map {
	struct live_entry *entries;
	uint32_t nr_pfns;
	uint64_t nr_pages_seen;
};

/**
 * live_map_init - reserve address space for PFNs 0 .. @nr_pfns - 1
 * Return: 0 or -ENOMEM.
 */
int live_map_init(struct live_map *map, uint32_t nr_pfns, struct mmr_error *err);
/** live_map_deinit - give the address space back */
void live_map_deinit(struct live_map *map);

/** live_map_add - the recorded block at @recorded is served by @pfn (MMR_NO_PFN: by nothing) */
static inline void live_map_add(struct live_map *map, uint32_t recorded, unsigned int order, uint32_t pfn)
{
	struct live_entry *entry = &map->entries[recorded];

	map->nr_pages_seen += entry->seen ? 0 : 1ull << order;
	*entry = (struct live_entry){.pfn = pfn, .order = (uint8_t)order, .live = 1, .seen = 1};
}

/** live_map_head - recorded PFN of the live block that covers @recorded; MMR_NO_PFN where none does */
uint32_t live_map_head(const struct live_map *map, uint32_t recorded);

/** live_map_split - the live block at @head becomes 2^(order - @new_order) live blocks */
void live_map_split(struct live_map *map, uint32_t head, unsigned int new_order);

/** live_map_bytes - host memory resident behind the map, bytes */
uint64_t live_map_bytes(const struct live_map *map);

#endif
