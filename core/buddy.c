// SPDX-License-Identifier: GPL-2.0-or-later
/* The buddy system: free lists by order and migratetype, splitting and merging. */
#include <assert.h>

#include "core/list.h"

/* Source: __add_to_free_list(), mm/page_alloc.c, v6.12. */
void add_to_free_list(struct mmr_machine *m, struct zone *zone, uint32_t pfn, unsigned int order,
		      unsigned int mt, bool tail)
{
	struct free_list *list = &zone->free_area[order].free_list[mt];

	shared_set(free_record(m, pfn, order)->tag, page_tag(zone->tag, order, PAGE_FREE, mt));
	if (tail)
		free_list_add_tail(m, list, pfn, order);
	else
		free_list_add(m, list, pfn, order);
}

/* Source: __del_page_from_free_list(), mm/page_alloc.c, v6.12. */
void del_page_from_free_list(struct mmr_machine *m, struct zone *zone, uint32_t pfn, unsigned int order,
			     unsigned int mt)
{
	free_list_del(m, &zone->free_area[order].free_list[mt], pfn, order);
	shared_set(free_record(m, pfn, order)->tag, 0);
}

/*
 * To the tail of another type's list of the same order. The two counter updates stay apart, as in
 * the kernel: each may fold this CPU's pending delta into the zone's counter.
 *
 * Source: move_to_free_list(), mm/page_alloc.c, v6.12; v6.1 moves without counting.
 */
void move_to_free_list(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order,
		       unsigned int old_mt, unsigned int new_mt)
{
	struct mmr_machine *m = cpu->m;
	int32_t nr_pages = (int32_t)(1u << order);

	tell(zone, MMR_STORY_MOVE, .order = (uint8_t)order, .pfn = pfn, .mt = (uint8_t)new_mt,
	     .before = old_mt);
	del_page_from_free_list(m, zone, pfn, order, old_mt);
	add_to_free_list(m, zone, pfn, order, new_mt, true);
	if (m->profile.acct_per_page || old_mt == MIGRATE_ISOLATE || new_mt == MIGRATE_ISOLATE) {
		account_freepages(cpu, zone, -nr_pages, old_mt);
		account_freepages(cpu, zone, nr_pages, new_mt);
	} else {
		account_type(cpu, zone, -nr_pages, old_mt);
		account_type(cpu, zone, nr_pages, new_mt);
	}
}

/*
 * Give back what a block of order @high has beyond order @low: at each step the upper half goes to
 * the head of its list and the lower half is split on.
 *
 * Return: pages given back.
 * Source: expand(), mm/page_alloc.c, v6.12.
 */
uint32_t expand(struct mmr_machine *m, struct zone *zone, uint32_t pfn, unsigned int low, unsigned int high,
		unsigned int mt)
{
	uint32_t nr_added = (1u << high) - (1u << low);

	while (high > low) {
		high--;
		tell(zone, MMR_STORY_SPLIT, .order = (uint8_t)high, .pfn = pfn + (1u << high),
		     .mt = (uint8_t)mt);
		add_to_free_list(m, zone, pfn + (1u << high), high, mt, false);
	}
	return nr_added;
}

/* Source: page_del_and_expand(), mm/page_alloc.c, v6.12. */
void page_del_and_expand(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int low,
			 unsigned int high, unsigned int mt)
{
	struct mmr_machine *m = cpu->m;

	del_page_from_free_list(m, zone, pfn, high, mt);
	expand(m, zone, pfn, low, high, mt);
	if (m->profile.acct_per_page)
		account_freepages(cpu, zone, -(int32_t)(1u << low), mt);
	else
		account_type(cpu, zone, -(int32_t)(1u << low), mt);
}

/*
 * Take a block of @order from the head of the first list of type @mt that is long enough.
 *
 * Return: its PFN or MMR_NO_PFN.  Context: zone->lock.
 * Source: __rmqueue_smallest(), mm/page_alloc.c, v6.12.
 */
uint32_t rmqueue_smallest(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, unsigned int mt)
{
	for (unsigned int current_order = order; current_order <= MAX_PAGE_ORDER; current_order++) {
		uint32_t pfn = zone->free_area[current_order].free_list[mt].head;

		if (pfn == MMR_NO_PFN)
			continue;
		tell(zone, MMR_STORY_TAKE, .order = (uint8_t)order, .source_order = (uint8_t)current_order,
		     .pfn = pfn, .mt = (uint8_t)mt);
		page_del_and_expand(cpu, zone, pfn, order, current_order, mt);
		return pfn;
	}
	tell(zone, MMR_STORY_NOTHING, .order = (uint8_t)order, .mt = (uint8_t)mt);
	return MMR_NO_PFN;
}

/* Is @pfn the head of a free block of exactly @order in @zone? Source: page_is_buddy(), v6.12. */
static bool page_is_buddy(const struct mmr_machine *m, const struct zone *zone, uint32_t pfn,
			  unsigned int order)
{
	return tag_is(shared_read(m->pages[pfn].tag), zone->tag, order, PAGE_FREE);
}

/*
 * Will the block next to the merged one soon let it grow again? Then it waits at the tail.
 * Source: buddy_merge_likely(), mm/page_alloc.c, v6.12.
 */
static bool buddy_merge_likely(const struct mmr_machine *m, const struct zone *zone, uint32_t pfn,
			       unsigned int order)
{
	uint32_t higher_pfn = pfn & ~(1u << order);

	if (order >= MAX_PAGE_ORDER - 1)
		return false;
	return page_is_buddy(m, zone, higher_pfn ^ (1u << (order + 1)), order + 1);
}

/*
 * At and above pageblock order two blocks may differ in type.
 * Return: whether they merge; then the result has the freed block's type.
 */
static bool merge_across_types(struct mmr_machine *m, uint32_t buddy_pfn, unsigned int order, unsigned int mt)
{
	unsigned int buddy_mt = get_pageblock_migratetype(m, buddy_pfn);

	if (mt == buddy_mt)
		return true;
	if (!migratetype_is_mergeable(mt) || !migratetype_is_mergeable(buddy_mt))
		return false;
	if (m->profile.merge_retype)
		change_pageblock_range(m, buddy_pfn, order, mt);
	return true;
}

/* Does this CPU's request hope for a block of this zone? Source: task_capc(), mm/page_alloc.c, v6.12. */
static inline struct capture_control *task_capc(const struct mmr_cpu *cpu, const struct zone *zone)
{
	struct capture_control *capc = cpu->capture_control;

	return unlikely(capc) && capc->zone == zone && capc->pfn == MMR_NO_PFN ? capc : NULL;
}

/*
 * Is this the block, and would handing it over mix no pageblock that is worth keeping?
 * Source: compaction_capture(), mm/page_alloc.c, v6.12; v6.1 spares movable pageblocks always.
 */
static bool compaction_capture(const struct mmr_machine *m, struct capture_control *capc, uint32_t pfn,
			       unsigned int order, unsigned int mt)
{
	if (order != capc->order || mt == MIGRATE_CMA || mt == MIGRATE_ISOLATE)
		return false;
	if (order < PAGEBLOCK_ORDER && mt == MIGRATE_MOVABLE &&
	    !(m->profile.capture_movable && capc->migratetype == MIGRATE_MOVABLE))
		return false;
	capc->pfn = pfn;
	return true;
}

/*
 * Put a block on its free list, merged with its buddies as far as they are free. One word per page
 * frame answers "free at this order, in this zone?", so a step costs one word and two links.
 *
 * Simplified: no debug guard pages and no page reporting.
 * Context: zone->lock.  Source: __free_one_page(), mm/page_alloc.c, v6.12.
 */
void free_one_page_locked(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order,
			  unsigned int mt, unsigned int fpi_flags)
{
	struct capture_control *capc = task_capc(cpu, zone);
	struct mmr_machine *m = cpu->m;
	bool tail;

	assert(order <= MAX_PAGE_ORDER && !(pfn & ((1u << order) - 1)));
	if (unlikely(tag_state(shared_read(m->pages[pfn].tag)) == PAGE_FREE)) {
		model_damaged(m,
			      "node %u zone %s: pfn %u order %u goes to the free lists and is there already, "
			      "with order %u",
			      zone->node, mmr_zone_name((enum zone_type)zone_idx(zone)), pfn, order,
			      tag_order(m->pages[pfn].tag));
		return;
	}
	shared_set(m->pages[pfn].tag, 0);
	account_freepages(cpu, zone, (int32_t)(1u << order), mt);

	for (; order < MAX_PAGE_ORDER; order++) {
		uint32_t buddy_pfn = pfn ^ (1u << order);

		if (unlikely(capc) && compaction_capture(m, capc, pfn, order, mt)) {
			account_freepages(cpu, zone, -(int32_t)(1u << order), mt);
			return;
		}
		if (!page_is_buddy(m, zone, buddy_pfn, order))
			break;
		unsigned int list_mt = tag_type(m->pages[buddy_pfn].tag);

		if (unlikely(order >= PAGEBLOCK_ORDER) && !merge_across_types(m, buddy_pfn, order, mt))
			break;
		if (unlikely(list_mt != mt)) {
			account_type(cpu, zone, -(int32_t)(1u << order), list_mt);
			account_type(cpu, zone, (int32_t)(1u << order), mt);
		}
		tell(zone, MMR_STORY_MERGE, .order = (uint8_t)order, .pfn = pfn, .mt = (uint8_t)list_mt,
		     .buddy = buddy_pfn);
		del_page_from_free_list(m, zone, buddy_pfn, order, list_mt);
		pfn &= buddy_pfn;
	}
	if (fpi_flags & FPI_TO_TAIL)
		tail = true;
	else if (unlikely(order == MAX_PAGE_ORDER) && m->profile.shuffle)
		tail = shuffle_pick_tail(zone);
	else
		tail = buddy_merge_likely(m, zone, pfn, order);
	tell(zone, MMR_STORY_INSERT, .order = (uint8_t)order, .pfn = pfn, .mt = (uint8_t)mt, .yes = tail);
	add_to_free_list(m, zone, pfn, order, mt, tail);
}

static void free_by_pageblocks(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order,
			       unsigned int fpi_flags)
{
	uint32_t end = pfn + (1u << order);

	if (order > PAGEBLOCK_ORDER && cpu->m->profile.split_large_frees)
		order = PAGEBLOCK_ORDER;
	for (; pfn != end; pfn += 1u << order)
		free_one_page_locked(cpu, zone, pfn, order, get_pageblock_migratetype(cpu->m, pfn), fpi_flags);
}

/* What nolock frees left behind while the lock was taken, the newest first. Context: zone->lock. */
static __attribute__((noinline)) void free_deferred(struct mmr_cpu *cpu, struct zone *zone)
{
	uint32_t pfn = zone->trylock_free_pages;

	zone->trylock_free_pages = MMR_NO_PFN;
	while (pfn != MMR_NO_PFN) {
		uint32_t next = cpu->m->pages[pfn].next;

		free_by_pageblocks(cpu, zone, pfn, tag_order(cpu->m->pages[pfn].tag), FPI_NONE);
		pfn = next;
	}
}

/*
 * Straight to the buddy. A block of several pageblocks goes in pageblock by pageblock, so that each
 * keeps its own type.
 *
 * Source: free_one_page() and split_large_buddy(), mm/page_alloc.c, v6.12; the deferred pages are v6.15.
 */
void free_one_page(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order,
		   unsigned int fpi_flags)
{
	zone_lock(cpu, zone);
	if (unlikely(zone->trylock_free_pages != MMR_NO_PFN))
		free_deferred(cpu, zone);
	free_by_pageblocks(cpu, zone, pfn, order, fpi_flags);
	zone_unlock(zone);
}
