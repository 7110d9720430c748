/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the model keeps of a page frame: ten bytes, of which the last two say what it is. */
#ifndef MMR_CORE_PAGE_RECORD_H
#define MMR_CORE_PAGE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mm_types.h"

/*
 * What the model knows of a page frame. Only heads of blocks have a state; the record of a tail is
 * zero, and so is that of a page that was allocated before we began or belongs to boot.
 */
enum page_state {
	PAGE_UNKNOWN,
	PAGE_FREE, /* head of a block on a buddy free list */
	PAGE_PCP, /* head of a block on a per-CPU list, or on trylock_free_pages of its zone */
	PAGE_ALLOCATED /* head of a block that the model handed out */
};

/**
 * struct page - ten bytes per page frame, touched only where frames are used
 * @next, @prev: PFNs on the list the block is on. A free list's ends hold MMR_NO_PFN. On a per-CPU
 *	list the head's @prev and the tail's @next are stale: the list knows its own ends, which
 *	saves touching a neighbour's record when a page is taken.
 * @tag: place of the zone in m->zones << 8 | order << 4 | kind. Zero for what is no head.
 *
 * The kind is state and migratetype in one: there are fewer pairs of both than a nibble has values, as
 * what is allocated was asked with one of three types. So all that page_is_buddy() compares is in
 * sixteen bits, and frame, free block of the largest order and pageblock together stay below twelve
 * bytes. Links are not aligned, which this kind of CPU does not mind; a tag is.
 */
struct page {
	uint32_t next, prev;
	uint16_t tag;
} __attribute__((packed, aligned(2)));
_Static_assert(sizeof(struct page) == 10, "a sixth less cache and memory than with a word for the tag");

#define MAX_ZONES 256 /* zones that a tag can tell apart */

/*
 * The first kind of each state; its type is added. A free block is on the list of any of the six types, a
 * page on a per-CPU list has its pageblock's, and an allocated block the type of its gfp flags.
 */
#define KIND_MASK      0xfu
#define KIND_ALLOCATED 1u
#define KIND_PCP       (KIND_ALLOCATED + MIGRATE_PCPTYPES)
#define KIND_FREE      (KIND_PCP + MIGRATE_TYPES)
_Static_assert(KIND_FREE + MIGRATE_TYPES == KIND_MASK + 1, "the kinds fill the nibble");

static inline unsigned int first_kind(enum page_state state)
{
	return state == PAGE_FREE ? KIND_FREE : state == PAGE_PCP ? KIND_PCP : KIND_ALLOCATED;
}

static inline unsigned int nr_kinds(enum page_state state)
{
	return state == PAGE_ALLOCATED ? MIGRATE_PCPTYPES : MIGRATE_TYPES;
}

/* @zone_tag: the zone's; @mt: below MIGRATE_PCPTYPES where @state is PAGE_ALLOCATED, see asked_type() */
static inline uint16_t page_tag(uint32_t zone_tag, unsigned int order, enum page_state state, unsigned int mt)
{
	return (uint16_t)(zone_tag + (order << 4) + first_kind(state) + mt);
}

/* Is it the tag of such a block, whatever its type? */
static inline bool tag_is(uint32_t tag, uint32_t zone_tag, unsigned int order, enum page_state state)
{
	return tag - zone_tag - (order << 4) - first_kind(state) < nr_kinds(state);
}

static inline enum page_state tag_state(uint32_t tag)
{
	uint32_t kind = tag & KIND_MASK;

	if (kind >= KIND_FREE)
		return PAGE_FREE;
	if (kind >= KIND_PCP)
		return PAGE_PCP;
	return kind ? PAGE_ALLOCATED : PAGE_UNKNOWN;
}

static inline unsigned int tag_order(uint32_t tag)
{
	return tag >> 4 & 0xf;
}

/* The migratetype of a kind is its nibble here. */
static inline unsigned int tag_type(uint32_t tag)
{
	return 0x5432105432102100ull >> (tag & KIND_MASK) * 4 & 0xf;
}

static inline uint16_t tag_zone(uint32_t tag)
{
	return tag & 0xff00;
}

/* In m->zones. */
static inline unsigned int tag_zone_place(uint32_t tag)
{
	return tag >> 8;
}

/*
 * As what can a block count as asked of which only the list or the pageblock is known? Compaction and
 * reclaim take what is movable, which in a CMA pageblock all is.
 */
static inline unsigned int asked_type(unsigned int mt)
{
	if (mt < MIGRATE_PCPTYPES)
		return mt;
	return mt == MIGRATE_CMA ? MIGRATE_MOVABLE : MIGRATE_UNMOVABLE;
}

#endif
