/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which modelled block answers for a recorded one: recorded PFN -> modelled PFN, for every block
 * that is allocated at this moment of the replay.
 *
 * One word of eight bytes per recorded page frame, two cache lines for 16 neighbours, which recordings
 * allocate and free in runs. Only such chunks as the recording uses exist, one beside the other in the order
 * of their first use; a table of four bytes per chunk says where. So the map is as large as what the
 * recording touches, however widely it lies scattered, and what is warm lies together.
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
 * @order_plus_1: of the block as it stands now (pieces after a split); 0: no block begins here; LIVE_NO_CHUNK:
 *	this is the entry of all frames whose chunk does not exist, which pass for a vmalloc() area's: they must
 *be looked at twice
 * @type: 0 unmovable, 1 movable, 2 reclaimable, by its request; LIVE_VMALLOC unmovable and of a vmalloc() area
 * @fate: enum live_fate
 * @birth: when it was allocated, in units that the engine chooses
 * @word: all of these four, as live_word() puts them together
 */
struct live_entry {
	uint32_t pfn;
	union {
		struct {
			uint32_t order_plus_1 : 4;
			uint32_t type : 2;
			uint32_t fate : 2;
			uint32_t birth : 24;
		};
		uint32_t word;
	};
};
_Static_assert(sizeof(struct live_entry) == 8, "one word per recorded page frame");
#define LIVE_BIRTH_BITS 24
#define LIVE_NO_CHUNK   0xf
#define LIVE_VMALLOC    3
#define NR_LIVE_ASKED   (1u << 6)

/** live_word - of a block that is served; what of @birth is above LIVE_BIRTH_BITS falls off */
static inline uint32_t live_word(unsigned int order, unsigned int type, uint32_t birth)
{
	return (order + 1) | type << 4 | birth << (32 - LIVE_BIRTH_BITS);
}

/** live_word_fated - @word, which has none, with a fate */
static inline uint32_t live_word_fated(uint32_t word, enum live_fate fate)
{
	return word | (uint32_t)fate << 6;
}

/** live_word_type, live_word_fate, live_word_birth - what live_word() put in */
static inline unsigned int live_word_type(uint32_t word)
{
	return word >> 4 & 3;
}
/** live_word_migratetype - that of its request */
static inline unsigned int live_word_migratetype(uint32_t word)
{
	return live_word_type(word) == LIVE_VMALLOC ? MIGRATE_UNMOVABLE : live_word_type(word);
}
static inline unsigned int live_word_fate(uint32_t word)
{
	return word >> 6 & 3;
}
static inline uint32_t live_word_birth(uint32_t word)
{
	return word >> (32 - LIVE_BIRTH_BITS);
}
/** live_word_asked - order and type in one small number, below NR_LIVE_ASKED */
static inline unsigned int live_word_asked(uint32_t word)
{
	return word & (NR_LIVE_ASKED - 1);
}

#define LIVE_CHUNK_SHIFT 4
#define LIVE_CHUNK_PAGES (1u << LIVE_CHUNK_SHIFT)

/**
 * struct live_map - the map of one replay
 * @entries: the chunks; number 0 stands for all that were never used, and stays as it is
 * @chunk_of: by recorded >> LIVE_CHUNK_SHIFT, the chunk's number; an order of the largest kind may reach
 *	beyond @end_pfn
 * @nr_chunks, @nr_populated: numbers given out, number 0 included, and those with memory behind them
 * @end_pfn: frames below may have an entry; live_map_grow() moves it
 * @nr_pages, @nr_pages_max: pages live now, most pages ever live at once
 */
struct live_map {
	struct live_entry *entries;
	uint32_t *chunk_of;
	uint32_t nr_chunks, nr_populated;
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

/**
 * live_map_slot - where the block that begins at @recorded has its entry; to be read only, where it has none
 * @recorded: below end_pfn
 */
static inline struct live_entry *live_map_slot(const struct live_map *map, uint32_t recorded)
{
	size_t chunk = map->chunk_of[recorded >> LIVE_CHUNK_SHIFT];

	return &map->entries[chunk << LIVE_CHUNK_SHIFT | (recorded & (LIVE_CHUNK_PAGES - 1))];
}

/** live_map_prefetch_chunk - live_map_slot() of @recorded, which may be any number, will be asked for */
static inline void live_map_prefetch_chunk(const struct live_map *map, uint32_t recorded)
{
	__builtin_prefetch(&map->chunk_of[recorded >> LIVE_CHUNK_SHIFT]);
}

/** live_map_find - entry of the block that begins at @recorded; NULL where none is live */
static inline struct live_entry *live_map_find(const struct live_map *map, uint32_t recorded)
{
	struct live_entry *entry = live_map_slot(map, recorded);

	return entry->order_plus_1 && entry->order_plus_1 != LIVE_NO_CHUNK ? entry : NULL;
}

/* The rare part of live_map_touch(). */
struct live_entry *live_map_make_chunk(struct live_map *map, uint32_t recorded);

/** live_map_touch - the entry of @recorded, to be written */
static inline struct live_entry *live_map_touch(struct live_map *map, uint32_t recorded)
{
	if (__builtin_expect(!map->chunk_of[recorded >> LIVE_CHUNK_SHIFT], 0))
		return live_map_make_chunk(map, recorded);
	return live_map_slot(map, recorded);
}

static inline unsigned int live_order(const struct live_entry *entry)
{
	return entry->order_plus_1 - 1u;
}

/**
 * live_map_add - a recorded block has become @pages pages at @pfn
 * @slot: live_map_touch()'s; none may begin there
 * @word: live_word() of it
 */
static inline void live_map_add(struct live_map *map, struct live_entry *slot, uint32_t pfn, uint32_t word,
				uint32_t pages)
{
	const uint64_t nr_pages = map->nr_pages + pages;

	slot->pfn = pfn;
	slot->word = word;
	map->nr_pages = nr_pages;
	if (nr_pages > map->nr_pages_max)
		map->nr_pages_max = nr_pages;
}

/** live_map_remove - forget a live @entry, which is of @pages pages */
static inline void live_map_remove(struct live_map *map, struct live_entry *entry, uint32_t pages)
{
	map->nr_pages -= pages;
	entry->word = 0;
}

/** live_map_covering - first frame of the live block that covers @recorded; MMR_NO_PFN where none does */
uint32_t live_map_covering(const struct live_map *map, uint32_t recorded);

/** live_map_next_chunk - @recorded, or the first frame of the next chunk behind it that may have entries */
static inline uint32_t live_map_next_chunk(const struct live_map *map, uint32_t recorded)
{
	uint64_t next = recorded;

	while (next < map->end_pfn && !map->chunk_of[next >> LIVE_CHUNK_SHIFT])
		next = (next | (LIVE_CHUNK_PAGES - 1)) + 1;
	return next < map->end_pfn ? (uint32_t)next : map->end_pfn;
}

/** live_map_split - the live block at @recorded becomes 2^(order - @new_order) live blocks */
void live_map_split(struct live_map *map, uint32_t recorded, unsigned int new_order);

/** live_map_bytes - host memory behind the map: what is resident, bytes */
uint64_t live_map_bytes(const struct live_map *map);

#endif
