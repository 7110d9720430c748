/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which modelled block answers for a recorded one: recorded PFN -> modelled PFN, for every block
 * that is allocated at this moment of the replay.
 *
 * An open-addressing hash table of nine bytes an entry that grows by eighths, so that memory
 * follows the live blocks and neither the length of the trace nor the size of the machine. Eight
 * neighbouring page frames hash into eight neighbouring slots: recordings allocate and free in runs,
 * and a run then costs two cache lines.
 */
#ifndef MMR_REPLAY_LIVE_MAP_H
#define MMR_REPLAY_LIVE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/mm_types.h"

/**
 * struct live_entry - one recorded block
 * @recorded: its first recorded PFN; MMR_NO_PFN marks a free slot
 * @pfn: first modelled PFN; MMR_NO_PFN where the model could not serve the request
 * @order: of the block as it stands now (pieces after a split)
 */
struct live_entry {
	uint32_t recorded;
	uint32_t pfn;
	uint8_t order;
} __attribute__((packed));

#define LIVE_GROUP 8 /* page frames that hash together */

/**
 * struct live_map - the map of one replay
 * @slots: slots[nr_groups * LIVE_GROUP], at most three quarters of them taken
 * @nr_live: blocks live now; @nr_live_max: most blocks ever live at once
 * @nr_pages, @nr_pages_max: the same in pages
 */
struct live_map {
	struct live_entry *slots;
	uint32_t nr_groups;
	uint32_t nr_live, nr_live_max;
	uint64_t nr_pages, nr_pages_max;
};

/** live_map_init - an empty map. Return: 0 or -ENOMEM. */
int live_map_init(struct live_map *map, struct mmr_error *err);
/** live_map_deinit - free it */
void live_map_deinit(struct live_map *map);

/**
 * live_map_reserve - make room for @nr more entries, so that adding them cannot fail
 * Context: may move the table: pointers to entries are stale afterwards.
 * Return: 0 or -ENOMEM; then the map is as it was.
 */
int live_map_reserve(struct live_map *map, uint32_t nr, struct mmr_error *err);

/** live_map_end - behind the last slot */
static inline const struct live_entry *live_map_end(const struct live_map *map)
{
	return map->slots + (size_t)map->nr_groups * LIVE_GROUP;
}

/** live_map_slot - where the search for @recorded begins; for prefetching */
static inline struct live_entry *live_map_slot(const struct live_map *map, uint32_t recorded)
{
	/*
	 * 2^32 divided by the golden ratio spreads groups evenly over 32 bits (Knuth, TAOCP 3, 6.4);
	 * the high half of a product scales them to any table size without a division.
	 */
	uint32_t hash = recorded / LIVE_GROUP * 2654435769u;
	size_t group = (size_t)((uint64_t)hash * map->nr_groups >> 32);

	return &map->slots[group * LIVE_GROUP + recorded % LIVE_GROUP];
}

/** live_map_find - entry of the block that begins at @recorded; NULL where none is live */
static inline struct live_entry *live_map_find(const struct live_map *map, uint32_t recorded)
{
	struct live_entry *slot = live_map_slot(map, recorded);

	while (slot->recorded != recorded) {
		if (slot->recorded == MMR_NO_PFN)
			return NULL;
		if (++slot == live_map_end(map))
			slot = map->slots;
	}
	return slot;
}

/**
 * live_map_add - the recorded block at @recorded is served by @pfn (MMR_NO_PFN: by nothing)
 *
 * No live block may begin there, and room must have been reserved.
 */
static inline void live_map_add(struct live_map *map, uint32_t recorded, unsigned int order, uint32_t pfn)
{
	struct live_entry *slot = live_map_slot(map, recorded);

	while (slot->recorded != MMR_NO_PFN) {
		if (++slot == live_map_end(map))
			slot = map->slots;
	}
	*slot = (struct live_entry){.recorded = recorded, .pfn = pfn, .order = order};
	map->nr_pages += 1ull << order;
	if (++map->nr_live > map->nr_live_max)
		map->nr_live_max = map->nr_live;
	if (map->nr_pages > map->nr_pages_max)
		map->nr_pages_max = map->nr_pages;
}

/** live_map_remove - forget @entry; other entries may move */
void live_map_remove(struct live_map *map, struct live_entry *entry);

/** live_map_covering - entry of the live block that covers @recorded; NULL where none does */
struct live_entry *live_map_covering(const struct live_map *map, uint32_t recorded);

/**
 * live_map_split - the live block at @recorded becomes 2^(order - @new_order) live blocks
 * Return: 0 or -ENOMEM; then the block is whole.
 */
int live_map_split(struct live_map *map, uint32_t recorded, unsigned int new_order, struct mmr_error *err);

/** live_map_bytes - host memory behind the map, bytes */
uint64_t live_map_bytes(const struct live_map *map);

#endif
