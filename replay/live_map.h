/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which modelled block answers for a recorded one: recorded PFN -> modelled PFN, for every block
 * that is allocated at this moment of the replay.
 *
 * One word of eight bytes per recorded page frame, in address space that is touched only where the
 * recording uses pages. Looking up, adding and removing are one memory access each; neighbouring
 * frames, which recordings allocate and free in runs, share a cache line.
 */
#ifndef MMR_REPLAY_LIVE_MAP_H
#define MMR_REPLAY_LIVE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/mm_types.h"

/** enum live_fate - why a live recorded block has no modelled one (its pfn is MMR_NO_PFN) */
enum live_fate {
	LIVE_SERVED, /* it has */
	LIVE_REFUSED, /* the backend could not serve it */
	LIVE_RECLAIMED, /* the model's reclaim took it */
	LIVE_KILLED, /* the model's OOM killer took it with its process */
	NR_LIVE_FATES
};

/**
 * struct live_entry - one recorded block, at the word of its first page frame
 * @pfn: first modelled PFN; MMR_NO_PFN where there is none
 * @order_plus_1: of the block as it stands now (pieces after a split); 0: no block begins here
 * @type: 0 unmovable, 1 movable, 2 reclaimable, by its request
 * @fate: enum live_fate
 * @birth: when it was allocated, in units that the engine chooses
 */
struct live_entry {
	uint32_t pfn;
	uint32_t order_plus_1 : 4;
	uint32_t type : 2;
	uint32_t fate : 2;
	uint32_t birth : 24;
};
_Static_assert(sizeof(struct live_entry) == 8, "one word per recorded page frame");
#define LIVE_BIRTH_BITS 24

/* Entries get memory 64 KiB at a time, for 32 MiB of recorded memory: a fault for each 4 KiB costs 1 us. */
#define LIVE_CHUNK_SHIFT 13

/**
 * struct live_map - the map of one replay
 * @entries: entries[end_pfn + MAX_ORDER_NR_PAGES], so that a whole block fits behind the last frame
 * @present: by 2^LIVE_CHUNK_SHIFT frames: was memory asked for behind their entries?
 * @end_pfn: frames below have an entry; live_map_grow() makes more
 * @nr_pages, @nr_pages_max: pages live now, most pages ever live at once
 */
struct live_map {
	struct live_entry *entries;
	uint8_t *present;
	uint32_t end_pfn;
	uint64_t nr_pages, nr_pages_max;
};

/**
 * live_map_init - an empty map for recorded frames below @end_pfn
 * Return: 0, or -ENOMEM where address space is missing.
 */
int live_map_init(struct live_map *map, uint32_t end_pfn, struct mmr_error *err);
/** live_map_deinit - free it */
void live_map_deinit(struct live_map *map);
/**
 * live_map_grow - let @pfn have an entry
 * Context: may move the entries: pointers to them are stale afterwards.
 * Return: 0 or -ENOMEM; then the map is as it was.
 */
int live_map_grow(struct live_map *map, uint32_t pfn, struct mmr_error *err);

/** live_map_slot - where the block that begins at @recorded has or would have its entry */
static inline struct live_entry *live_map_slot(const struct live_map *map, uint32_t recorded)
{
	return &map->entries[recorded];
}

/** live_map_find - entry of the block that begins at @recorded; NULL where none is live */
static inline struct live_entry *live_map_find(const struct live_map *map, uint32_t recorded)
{
	struct live_entry *entry = live_map_slot(map, recorded);

	return entry->order_plus_1 ? entry : NULL;
}

/* The rare part of live_map_touch(). */
void live_map_populate(struct live_map *map, uint32_t recorded);

/** live_map_touch - an entry at @recorded will be written for the first time, or not for the first time */
static inline void live_map_touch(struct live_map *map, uint32_t recorded)
{
	if (__builtin_expect(!map->present[recorded >> LIVE_CHUNK_SHIFT], 0))
		live_map_populate(map, recorded);
}

static inline unsigned int live_order(const struct live_entry *entry)
{
	return entry->order_plus_1 - 1u;
}

/** live_map_add - @entry is what the recorded block at @recorded has become; none may begin there */
static inline void live_map_add(struct live_map *map, uint32_t recorded, struct live_entry entry)
{
	*live_map_slot(map, recorded) = entry;
	map->nr_pages += 1ull << live_order(&entry);
	if (map->nr_pages > map->nr_pages_max)
		map->nr_pages_max = map->nr_pages;
}

/** live_map_remove - forget a live @entry */
static inline void live_map_remove(struct live_map *map, struct live_entry *entry)
{
	map->nr_pages -= 1ull << live_order(entry);
	entry->order_plus_1 = 0;
}

/** live_map_covering - first frame of the live block that covers @recorded; MMR_NO_PFN where none does */
uint32_t live_map_covering(const struct live_map *map, uint32_t recorded);

/** live_map_split - the live block at @recorded becomes 2^(order - @new_order) live blocks */
void live_map_split(struct live_map *map, uint32_t recorded, unsigned int new_order);

/** live_map_bytes - host memory behind the map: what is resident, bytes */
uint64_t live_map_bytes(const struct live_map *map);

#endif
