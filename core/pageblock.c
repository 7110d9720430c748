// SPDX-License-Identifier: GPL-2.0-or-later
/* Pageblocks: their types, moving their free pages between lists, and the highatomic reserve. */
#include "core/list.h"

/* Source: set_pageblock_migratetype(), mm/page_alloc.c, v6.12. */
void set_pageblock_migratetype(struct mmr_machine *m, uint32_t pfn, unsigned int mt)
{
	uint32_t *block = &m->pageblocks[pfn >> PAGEBLOCK_ORDER];

	shared_set(*block, (*block & ~PB_TYPE_MASK) | mt);
	if (unlikely(mt == MIGRATE_CMA) && !m->cma)
		m->cma = true; /* who sets one has CONFIG_CMA */
}

/* Source: change_pageblock_range(), mm/page_alloc.c, v6.12. */
void change_pageblock_range(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int mt)
{
	for (uint32_t end = pfn + (1u << order); pfn != end; pfn += PAGEBLOCK_NR_PAGES)
		set_pageblock_migratetype(m, pfn, mt);
}

/*
 * Would the kernel take an allocated page for movable? It looks at the LRU; the model goes by the
 * type the page was asked with, and by its block's type where that was before we began.
 */
static bool page_counts_as_movable(const struct mmr_machine *m, uint32_t pfn, uint32_t tag)
{
	switch (tag_state(tag)) {
	case PAGE_ALLOCATED:
		return tag_type(tag) == MIGRATE_MOVABLE;
	case PAGE_UNKNOWN:
		return get_pageblock_migratetype(m, pfn) == MIGRATE_MOVABLE;
	default:
		return false;
	}
}

/*
 * What is in a pageblock from @pfn on, in pages?
 * Simplified: "movable" is what was asked, not what is on the LRU at this moment.
 */
void count_pageblock(const struct mmr_machine *m, uint32_t pfn, unsigned int *nr_free, unsigned int *nr_movable)
{
	uint32_t end = (pfn & ~(PAGEBLOCK_NR_PAGES - 1)) + PAGEBLOCK_NR_PAGES;

	*nr_free = *nr_movable = 0;
	while (pfn < end) {
		uint32_t tag = shared_read(m->pages[pfn].tag);
		uint32_t nr = 1u << tag_order(tag);

		if (tag_state(tag) == PAGE_FREE)
			*nr_free += nr;
		else if (page_counts_as_movable(m, pfn, tag))
			*nr_movable += nr < end - pfn ? nr : end - pfn;
		pfn += nr;
	}
}

/*
 * Can the free pages of the pageblock that holds @pfn move to another type, and what is in it?
 *
 * @nr_free, @nr_movable: pages; may both be NULL
 * Return: false where the pageblock is not wholly inside the zone.
 * Source: prep_move_freepages_block(), mm/page_alloc.c, v6.12.
 */
bool prep_move_freepages_block(const struct mmr_machine *m, const struct zone *zone, uint32_t pfn,
			       uint32_t *start_pfn, unsigned int *nr_free, unsigned int *nr_movable)
{
	uint32_t start = pfn & ~(PAGEBLOCK_NR_PAGES - 1);

	if (!zone_spans_pfn(zone, start) || !zone_spans_pfn(zone, start + PAGEBLOCK_NR_PAGES - 1))
		return false;
	*start_pfn = start;
	if (nr_free)
		count_pageblock(m, start, nr_free, nr_movable);
	return true;
}

/*
 * Every free block of the pageblock, in ascending order, to the tail of @mt's lists.
 *
 * Return: pages moved.  Context: zone->lock.
 * Source: __move_freepages_block(), mm/page_alloc.c, v6.12.
 */
unsigned int move_freepages_block_inner(struct mmr_cpu *cpu, struct zone *zone, uint32_t start_pfn,
					unsigned int mt)
{
	struct mmr_machine *m = cpu->m;
	uint32_t end = (start_pfn & ~(PAGEBLOCK_NR_PAGES - 1)) + PAGEBLOCK_NR_PAGES;
	unsigned int moved = 0;

	for (uint32_t pfn = start_pfn; pfn < end;) {
		uint32_t tag = shared_read(m->pages[pfn].tag);
		unsigned int order = tag_order(tag);

		if (tag_state(tag) == PAGE_FREE) {
			move_to_free_list(cpu, zone, pfn, order, tag_type(tag), mt);
			moved += 1u << order;
		}
		pfn += 1u << order;
	}
	return moved;
}

/*
 * Change a pageblock's type and move its free pages along.
 *
 * Return: pages moved, -1 where the block is not wholly inside the zone.
 * Context: zone->lock.  Source: move_freepages_block(), mm/page_alloc.c, v6.12.
 */
int move_freepages_block(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int mt)
{
	uint32_t start_pfn;

	if (!prep_move_freepages_block(cpu->m, zone, pfn, &start_pfn, NULL, NULL))
		return -1;
	unsigned int moved = move_freepages_block_inner(cpu, zone, start_pfn, mt);

	set_pageblock_migratetype(cpu->m, start_pfn, mt);
	return (int)moved;
}

/*
 * The pageblock's free pages alone, and where it begins before the zone those from @pfn on.
 * Return: pages moved.  Source: move_freepages_block(), mm/page_alloc.c, v6.1.
 */
static unsigned int move_freepages_block_old(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn,
					     unsigned int mt)
{
	uint32_t start = pfn & ~(PAGEBLOCK_NR_PAGES - 1);

	if (!zone_spans_pfn(zone, start + PAGEBLOCK_NR_PAGES - 1))
		return 0;
	return move_freepages_block_inner(cpu, zone, zone_spans_pfn(zone, start) ? start : pfn, mt);
}

/* How many pages of a zone may be set aside. Source: reserve_highatomic_pageblock(). */
static uint32_t highatomic_limit(const struct mmr_machine *m, const struct zone *zone)
{
	uint32_t percent = zone->managed_pages / 100;

	if (m->profile.highatomic_limit == HIGHATOMIC_LIMIT_PLUS_BLOCK)
		return percent + PAGEBLOCK_NR_PAGES;
	if (percent < PAGEBLOCK_NR_PAGES)
		return 0;
	return (percent + PAGEBLOCK_NR_PAGES - 1) & ~(PAGEBLOCK_NR_PAGES - 1);
}

/*
 * Keep the pageblock of a page just allocated for high-order atomic requests to come.
 * Source: reserve_highatomic_pageblock(), mm/page_alloc.c, v6.12.
 */
void reserve_highatomic_pageblock(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order)
{
	struct mmr_machine *m = cpu->m;
	uint32_t limit = highatomic_limit(m, zone);

	if (shared_read(zone->nr_reserved_highatomic) >= limit)
		return;
	zone_lock(cpu, zone);
	if (zone->nr_reserved_highatomic < limit &&
	    migratetype_is_mergeable(get_pageblock_migratetype(m, pfn))) {
		uint32_t nr = 0;

		if (order >= PAGEBLOCK_ORDER && m->profile.hygiene) {
			change_pageblock_range(m, pfn, order, MIGRATE_HIGHATOMIC);
			nr = 1u << order;
		} else if (!m->profile.hygiene) {
			/* First the type, then what can move, be the pageblock whole or not. */
			set_pageblock_migratetype(m, pfn, MIGRATE_HIGHATOMIC);
			move_freepages_block_old(cpu, zone, pfn, MIGRATE_HIGHATOMIC);
			nr = PAGEBLOCK_NR_PAGES;
		} else if (move_freepages_block(cpu, zone, pfn, MIGRATE_HIGHATOMIC) >= 0) {
			nr = PAGEBLOCK_NR_PAGES;
		}
		shared_set(zone->nr_reserved_highatomic, zone->nr_reserved_highatomic + nr);
		cpu->counters.highatomic_reserves += nr != 0;
		if (nr)
			tell(zone, MMR_STORY_HIGHATOMIC, .order = (uint8_t)order,
			     .pfn = pfn & ~(PAGEBLOCK_NR_PAGES - 1),
			     .nr = (int32_t)zone->nr_reserved_highatomic);
		update_unusable_highatomic(m, zone);
	}
	zone_unlock(zone);
}

/* One block of @zone back to type @mt; true where pages moved. Context: zone->lock. */
static bool unreserve_one_block(struct mmr_cpu *cpu, struct zone *zone, unsigned int mt)
{
	struct mmr_machine *m = cpu->m;

	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		uint32_t pfn = zone->free_area[order].free_list[MIGRATE_HIGHATOMIC].head;

		if (pfn == MMR_NO_PFN)
			continue;
		uint32_t size = 1u << order > PAGEBLOCK_NR_PAGES && m->profile.hygiene ? 1u << order
										       : PAGEBLOCK_NR_PAGES;
		uint32_t reserved = zone->nr_reserved_highatomic;

		/* Before 6.10 the list may hold what lies in another type's pageblock: that frees no reserve.
		 */
		if (m->profile.hygiene || get_pageblock_migratetype(m, pfn) == MIGRATE_HIGHATOMIC)
			shared_set(zone->nr_reserved_highatomic,
				   reserved - (size < reserved ? size : reserved));
		update_unusable_highatomic(m, zone);
		cpu->counters.highatomic_unreserves++;
		if (!m->profile.hygiene) {
			set_pageblock_migratetype(m, pfn, mt);
			if (order >= PAGEBLOCK_ORDER) {
				move_to_free_list(cpu, zone, pfn, order, MIGRATE_HIGHATOMIC, mt);
				return true;
			}
			if (move_freepages_block_old(cpu, zone, pfn, mt))
				return true;
			continue;
		}
		if (order < PAGEBLOCK_ORDER) {
			if (move_freepages_block(cpu, zone, pfn, mt) > 0)
				return true;
			continue;
		}
		move_to_free_list(cpu, zone, pfn, order, MIGRATE_HIGHATOMIC, mt);
		change_pageblock_range(m, pfn, order, mt);
		return true;
	}
	return false;
}

/*
 * Give one reserved pageblock to the request's type, as memory is short.
 *
 * @force: also the last block of a zone
 * Return: whether free pages moved.
 * Source: unreserve_highatomic_pageblock(), mm/page_alloc.c, v6.12.
 */
bool unreserve_highatomic_pageblock(struct mmr_cpu *cpu, const struct alloc_context *ac, bool force)
{
	const struct zoneref *z =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	struct zone *zone;

	for_next_zone_zonelist(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		bool moved;

		if (!force && shared_read(zone->nr_reserved_highatomic) <= PAGEBLOCK_NR_PAGES)
			continue;
		zone_lock(cpu, zone);
		moved = unreserve_one_block(cpu, zone, ac->migratetype);
		zone_unlock(zone);
		if (moved)
			return true;
	}
	return false;
}
