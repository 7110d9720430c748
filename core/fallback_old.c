// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fallback before 6.15: the largest foreign block first, and for a movable request that may not
 * take the whole pageblock the smallest. What then happens to the block differs twice, see the two
 * steal routines. Since 6.15, and in 6.12.y, fallback.c.
 */
#include "core/list.h"

static bool candidate(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
		      unsigned int start_mt, struct fallback_block *ret)
{
	int mt = find_fallback(zone, order, start_mt);

	if (mt < 0)
		return false;
	*ret = (struct fallback_block){.pfn = zone->free_area[order].free_list[mt].head,
				       .order = order,
				       .mt = (unsigned int)mt,
				       .whole = should_try_claim_block(m, order, start_mt)};
	tell(zone, MMR_STORY_FOREIGN, .source_order = (uint8_t)order, .mt = (uint8_t)mt, .pfn = ret->pfn,
	     .yes = ret->whole);
	return true;
}

/* Source: the search of __rmqueue_fallback(), mm/page_alloc.c, v6.1. */
bool find_fallback_block(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
			 unsigned int start_mt, unsigned int alloc_flags, struct fallback_block *ret)
{
	unsigned int min_order = order;

	if (order < PAGEBLOCK_ORDER && (alloc_flags & ALLOC_NOFRAGMENT))
		min_order = PAGEBLOCK_ORDER;
	for (int o = MAX_PAGE_ORDER; o >= (int)min_order; o--) {
		if (!candidate(m, zone, (unsigned int)o, start_mt, ret))
			continue;
		if (ret->whole || start_mt != MIGRATE_MOVABLE || (unsigned int)o == order)
			return true;
		for (unsigned int small = order; small <= MAX_PAGE_ORDER; small++) {
			if (candidate(m, zone, small, start_mt, ret))
				return true;
		}
	}
	return false;
}

static void count_extfrag(struct mmr_cpu *cpu, struct zone *zone, const struct fallback_block *block,
			  unsigned int order, unsigned int start_mt, bool claimed)
{
	zone->nr_extfrag++;
	if (claimed)
		cpu->counters.extfrag_claim[start_mt][block->mt][order][block->order]++;
	else
		cpu->counters.extfrag_steal[start_mt][block->mt][order][block->order]++;
	cpu->fell_back = true;
}

/* ---- to 6.9: the block changes lists first, and is then taken as one of our own ------------- */

/*
 * Move all that is free in the pageblock to our lists; the pageblock itself becomes ours only where
 * half of it fits. What is left over stays on our lists either way.
 *
 * Source: steal_suitable_fallback(), move_freepages_block(), mm/page_alloc.c, v6.1.
 */
static void steal_pageblock_old(struct mmr_cpu *cpu, struct zone *zone, const struct fallback_block *block,
				unsigned int start_mt)
{
	struct mmr_machine *m = cpu->m;
	unsigned int old_mt = get_pageblock_migratetype(m, block->pfn), nr_free, nr_movable, alike = 0;
	bool claims;
	uint32_t start = block->pfn & ~(PAGEBLOCK_NR_PAGES - 1);

	if (!zone_spans_pfn(zone, start + PAGEBLOCK_NR_PAGES - 1)) {
		move_to_free_list(cpu, zone, block->pfn, block->order, block->mt, start_mt);
		return;
	}
	if (!zone_spans_pfn(zone, start))
		start = block->pfn;
	count_pageblock(m, start, &nr_free, &nr_movable);
	move_freepages_block_inner(cpu, zone, start, start_mt);
	if (start_mt == MIGRATE_MOVABLE)
		alike = nr_movable;
	else if (old_mt == MIGRATE_MOVABLE)
		alike = PAGEBLOCK_NR_PAGES - nr_free - nr_movable;
	claims = nr_free + alike >= PAGEBLOCK_NR_PAGES / 2 || m->page_group_by_mobility_disabled;
	tell(zone, MMR_STORY_CLAIM_TEST, .pfn = start, .mt = (uint8_t)start_mt, .yes = claims,
	     .claim = {.free = nr_free,
		       .movable = nr_movable,
		       .alike = alike,
		       .needed = PAGEBLOCK_NR_PAGES / 2,
		       .old_mt = (uint8_t)old_mt});
	if (claims)
		set_pageblock_migratetype(m, block->pfn, start_mt);
}

/*
 * Bring a foreign block to @start_mt's lists, where the caller looks again.
 *
 * Return: false where no type has a block.
 * Context: zone->lock.  Source: __rmqueue_fallback(), steal_suitable_fallback(), v6.1.
 */
bool rmqueue_fallback_old(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, unsigned int start_mt,
			  unsigned int alloc_flags)
{
	struct mmr_machine *m = cpu->m;
	struct fallback_block block;
	bool claimed;

	if (!find_fallback_block(m, zone, order, start_mt, alloc_flags, &block))
		return false;
	if (get_pageblock_migratetype(m, block.pfn) == MIGRATE_HIGHATOMIC) {
		move_to_free_list(cpu, zone, block.pfn, block.order, block.mt, start_mt);
	} else if (block.order >= PAGEBLOCK_ORDER) {
		change_pageblock_range(m, block.pfn, block.order, start_mt);
		move_to_free_list(cpu, zone, block.pfn, block.order, block.mt, start_mt);
	} else {
		set_boosted(cpu, zone, alloc_flags);
		if (block.whole)
			steal_pageblock_old(cpu, zone, &block, start_mt);
		else
			move_to_free_list(cpu, zone, block.pfn, block.order, block.mt, start_mt);
	}
	claimed = get_pageblock_migratetype(m, block.pfn) == start_mt;
	tell(zone, claimed ? MMR_STORY_CLAIM : MMR_STORY_STEAL, .order = (uint8_t)order,
	     .source_order = (uint8_t)block.order, .mt = (uint8_t)block.mt, .pfn = block.pfn, .yes = true);
	count_extfrag(cpu, zone, &block, order, start_mt, claimed);
	return true;
}

/* ---- 6.10 to 6.14: the whole pageblock, or the requested size alone -------------------------- */

/*
 * Context: zone->lock.
 * Return: PFN of a block of @order, MMR_NO_PFN where no type has one.
 * Source: __rmqueue_fallback(), steal_suitable_fallback(), mm/page_alloc.c, v6.10.
 */
uint32_t rmqueue_fallback_6_10(struct mmr_cpu *cpu, struct zone *zone, unsigned int order,
			       unsigned int start_mt, unsigned int alloc_flags)
{
	struct mmr_machine *m = cpu->m;
	struct fallback_block block;
	bool claim;

	if (!find_fallback_block(m, zone, order, start_mt, alloc_flags, &block))
		return MMR_NO_PFN;
	claim = get_pageblock_migratetype(m, block.pfn) != MIGRATE_HIGHATOMIC;
	if (claim && block.order < PAGEBLOCK_ORDER) {
		set_boosted(cpu, zone, alloc_flags);
		claim = block.whole && pageblock_is_claimable(m, zone, block.pfn, start_mt, block.mt);
	}
	count_extfrag(cpu, zone, &block, order, start_mt, claim);
	if (claim)
		return claim_block(cpu, zone, block.pfn, block.order, order, start_mt, block.mt);
	tell(zone, MMR_STORY_STEAL, .order = (uint8_t)order, .source_order = (uint8_t)block.order,
	     .mt = (uint8_t)block.mt, .pfn = block.pfn);
	page_del_and_expand(cpu, zone, block.pfn, order, block.order, block.mt);
	return block.pfn;
}
