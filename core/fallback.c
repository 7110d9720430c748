// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens when a migratetype's own lists are empty: claim a pageblock, or steal a page. */
#include "core/list.h"

#define NR_FALLBACKS 2

/* Source: fallbacks[][], mm/page_alloc.c, v6.12. */
static const uint8_t fallbacks[MIGRATE_PCPTYPES][NR_FALLBACKS] = {
	[MIGRATE_UNMOVABLE] = {MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE},
	[MIGRATE_MOVABLE] = {MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE},
	[MIGRATE_RECLAIMABLE] = {MIGRATE_UNMOVABLE, MIGRATE_MOVABLE},
};

/* First type in @mt's order of preference that has a block of @order, else -1. */
int find_fallback(const struct zone *zone, unsigned int order, unsigned int mt)
{
	for (int i = 0; i < NR_FALLBACKS; i++) {
		unsigned int fallback_mt = fallbacks[mt][i];

		if (zone->free_area[order].free_list[fallback_mt].head != MMR_NO_PFN)
			return (int)fallback_mt;
	}
	return -1;
}

/*
 * Is a block of @order large enough that taking its whole pageblock pays? Requests that would
 * scatter through movable blocks always try.
 * Source: should_try_claim_block(), mm/page_alloc.c, v6.18.
 */
bool should_try_claim_block(const struct mmr_machine *m, unsigned int order, unsigned int mt)
{
	return order >= PAGEBLOCK_ORDER / 2 || mt == MIGRATE_RECLAIMABLE || mt == MIGRATE_UNMOVABLE ||
	       m->page_group_by_mobility_disabled;
}

void set_boosted(struct mmr_cpu *cpu, struct zone *zone, unsigned int alloc_flags)
{
	if (boost_watermark(cpu, zone) && (alloc_flags & ALLOC_KSWAPD))
		shared_or(zone->flags, 1u << ZONE_BOOSTED_WATERMARK);
}

/* Pages of the block that fit the new type without being free: half decides the claim. */
static unsigned int alike_pages(unsigned int start_mt, unsigned int block_mt, unsigned int nr_free,
				unsigned int nr_movable)
{
	if (start_mt == MIGRATE_MOVABLE)
		return nr_movable;
	if (block_mt == MIGRATE_MOVABLE)
		return PAGEBLOCK_NR_PAGES - nr_free - nr_movable;
	return 0;
}

/*
 * Is enough of the pageblock free, or like what we would put there?
 * Source: try_to_claim_block(), mm/page_alloc.c, v6.12.107 and v6.18.
 */
bool pageblock_is_claimable(const struct mmr_machine *m, const struct zone *zone, uint32_t pfn,
			    unsigned int start_mt, unsigned int block_mt)
{
	unsigned int nr_free, nr_movable, alike;
	uint32_t start_pfn;
	bool claims;

	if (!prep_move_freepages_block(m, zone, pfn, &start_pfn, &nr_free, &nr_movable)) {
		tell(zone, MMR_STORY_CLAIM_TEST, .pfn = pfn, .mt = (uint8_t)start_mt,
		     .claim = {.incomplete = true, .old_mt = (uint8_t)block_mt});
		return false;
	}
	alike = alike_pages(start_mt, block_mt, nr_free, nr_movable);
	claims = nr_free + alike >= PAGEBLOCK_NR_PAGES / 2 || m->page_group_by_mobility_disabled;
	tell(zone, MMR_STORY_CLAIM_TEST, .pfn = start_pfn, .mt = (uint8_t)start_mt, .yes = claims,
	     .claim = {.free = nr_free,
		       .movable = nr_movable,
		       .alike = alike,
		       .needed = PAGEBLOCK_NR_PAGES / 2,
		       .old_mt = (uint8_t)block_mt});
	return claims;
}

/*
 * The claim was decided: the block's pageblocks and all that is free in them change their type.
 *
 * Return: PFN of a block of @order.
 * Context: zone->lock.  Source: try_to_claim_block(), mm/page_alloc.c, v6.12.107 and v6.18.
 */
uint32_t claim_block(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int current_order,
		     unsigned int order, unsigned int start_mt, unsigned int block_mt)
{
	struct mmr_machine *m = cpu->m;
	int32_t nr_added;
	unsigned int moved;

	if (current_order >= PAGEBLOCK_ORDER) {
		tell(zone, MMR_STORY_CLAIM, .order = (uint8_t)order, .source_order = (uint8_t)current_order,
		     .pfn = pfn, .mt = (uint8_t)block_mt, .nr = 1 << current_order);
		del_page_from_free_list(m, zone, pfn, current_order, block_mt);
		change_pageblock_range(m, pfn, current_order, start_mt);
		nr_added = (int32_t)expand(m, zone, pfn, order, current_order, start_mt);
		if (m->profile.acct_per_page) {
			account_freepages(cpu, zone, -(int32_t)(1u << current_order), block_mt);
			account_freepages(cpu, zone, nr_added, start_mt);
		}
		return pfn;
	}
	pfn &= ~(PAGEBLOCK_NR_PAGES - 1);
	moved = move_freepages_block_inner(cpu, zone, pfn, start_mt);
	tell(zone, MMR_STORY_CLAIM, .order = (uint8_t)order, .source_order = (uint8_t)current_order, .pfn = pfn,
	     .mt = (uint8_t)block_mt, .nr = (int32_t)moved);
	set_pageblock_migratetype(m, pfn, start_mt);
	return rmqueue_smallest(cpu, zone, order, start_mt);
}

/*
 * Take a block from another type together with its pageblock.
 *
 * Return: PFN of a block of @order, MMR_NO_PFN where too little of the pageblock would be ours.
 * Context: zone->lock.  Source: try_to_claim_block(), mm/page_alloc.c, v6.12.107 and v6.18.
 */
static uint32_t try_to_claim_block(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn,
				   unsigned int current_order, unsigned int order, unsigned int start_mt,
				   unsigned int block_mt, unsigned int alloc_flags)
{
	if (current_order < PAGEBLOCK_ORDER) {
		/* On every attempt, also one that fails. */
		set_boosted(cpu, zone, alloc_flags);
		if (!pageblock_is_claimable(cpu->m, zone, pfn, start_mt, block_mt))
			return MMR_NO_PFN;
	}
	return claim_block(cpu, zone, pfn, current_order, order, start_mt, block_mt);
}

/*
 * Largest block first: claiming one large block mixes fewer pageblocks than many small steals.
 * Source: __rmqueue_claim(), mm/page_alloc.c, v6.15.
 */
static uint32_t rmqueue_claim(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, unsigned int start_mt,
			      unsigned int alloc_flags)
{
	unsigned int min_order = order;
	bool worth;

	if (order < PAGEBLOCK_ORDER && (alloc_flags & ALLOC_NOFRAGMENT))
		min_order = PAGEBLOCK_ORDER;
	for (int current_order = MAX_PAGE_ORDER; current_order >= (int)min_order; current_order--) {
		int fallback_mt = find_fallback(zone, (unsigned int)current_order, start_mt);
		uint32_t pfn;

		if (fallback_mt < 0)
			continue;
		pfn = zone->free_area[current_order].free_list[fallback_mt].head;
		worth = should_try_claim_block(cpu->m, (unsigned int)current_order, start_mt);
		tell(zone, MMR_STORY_FOREIGN, .order = (uint8_t)order, .source_order = (uint8_t)current_order,
		     .mt = (uint8_t)fallback_mt, .pfn = pfn, .yes = worth);
		if (!worth)
			break;
		pfn = try_to_claim_block(cpu, zone, pfn, (unsigned int)current_order, order, start_mt,
					 (unsigned int)fallback_mt, alloc_flags);
		if (pfn == MMR_NO_PFN)
			continue;
		cpu->counters.extfrag_claim[start_mt][fallback_mt][order][current_order]++;
		zone->nr_extfrag++;
		cpu->fell_back = true;
		return pfn;
	}
	return MMR_NO_PFN;
}

/*
 * Smallest block first, the remainder stays with its type and its pageblock.
 * Source: __rmqueue_steal(), mm/page_alloc.c, v6.15.
 */
static uint32_t rmqueue_steal(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, unsigned int start_mt)
{
	for (unsigned int current_order = order; current_order <= MAX_PAGE_ORDER; current_order++) {
		int fallback_mt = find_fallback(zone, current_order, start_mt);
		uint32_t pfn;

		if (fallback_mt < 0)
			continue;
		pfn = zone->free_area[current_order].free_list[fallback_mt].head;
		tell(zone, MMR_STORY_STEAL, .order = (uint8_t)order, .source_order = (uint8_t)current_order,
		     .mt = (uint8_t)fallback_mt, .pfn = pfn);
		page_del_and_expand(cpu, zone, pfn, order, current_order, (unsigned int)fallback_mt);
		cpu->counters.extfrag_steal[start_mt][fallback_mt][order][current_order]++;
		zone->nr_extfrag++;
		cpu->fell_back = true;
		return pfn;
	}
	return MMR_NO_PFN;
}

/* Source: __rmqueue(), mm/page_alloc.c, v6.1 and v6.10. */
static uint32_t rmqueue_before_6_15(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, unsigned int mt,
				    unsigned int alloc_flags)
{
	uint32_t pfn;

	do {
		pfn = rmqueue_smallest(cpu, zone, order, mt);
		if (pfn == MMR_NO_PFN && (alloc_flags & ALLOC_CMA))
			pfn = rmqueue_smallest(cpu, zone, order, MIGRATE_CMA);
		if (pfn != MMR_NO_PFN)
			return pfn;
		if (cpu->m->profile.steal == STEAL_6_10)
			return rmqueue_fallback_6_10(cpu, zone, order, mt, alloc_flags);
	} while (rmqueue_fallback_old(cpu, zone, order, mt, alloc_flags));
	return MMR_NO_PFN;
}

/*
 * A block of @order for type @mt, by falling back where it must.
 *
 * @mode: where to start; a refill keeps it, so that after a steal the rest of the refill only
 *	steals and after a claim it begins with its own lists again
 * Context: zone->lock.  Source: __rmqueue(), mm/page_alloc.c, v6.15 and v6.12.107.
 */
uint32_t rmqueue_inner(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, unsigned int mt,
		       unsigned int alloc_flags, enum rmqueue_mode *mode)
{
	uint32_t pfn;

	/* Movable requests spend CMA pages first once these are most of what is free. */
	if (unlikely(zone->nr_free_cma) && (alloc_flags & ALLOC_CMA) &&
	    (int64_t)zone->nr_free_cma > shared_read(zone->vm_stat_free) / 2) {
		pfn = rmqueue_smallest(cpu, zone, order, MIGRATE_CMA);
		if (pfn != MMR_NO_PFN)
			return pfn;
	}
	if (unlikely(cpu->m->profile.steal != STEAL_CLAIM))
		return rmqueue_before_6_15(cpu, zone, order, mt, alloc_flags);
	switch (*mode) {
	case RMQUEUE_NORMAL:
		pfn = rmqueue_smallest(cpu, zone, order, mt);
		if (pfn != MMR_NO_PFN)
			return pfn;
		__attribute__((fallthrough));
	case RMQUEUE_CMA:
		if (alloc_flags & ALLOC_CMA) {
			pfn = rmqueue_smallest(cpu, zone, order, MIGRATE_CMA);
			if (pfn != MMR_NO_PFN) {
				*mode = RMQUEUE_CMA;
				return pfn;
			}
		}
		__attribute__((fallthrough));
	case RMQUEUE_CLAIM:
		pfn = rmqueue_claim(cpu, zone, order, mt, alloc_flags);
		if (pfn != MMR_NO_PFN) {
			*mode = RMQUEUE_NORMAL;
			return pfn;
		}
		__attribute__((fallthrough));
	case RMQUEUE_STEAL:
		if (!(alloc_flags & ALLOC_NOFRAGMENT)) {
			pfn = rmqueue_steal(cpu, zone, order, mt);
			if (pfn != MMR_NO_PFN) {
				*mode = RMQUEUE_STEAL;
				return pfn;
			}
		}
	}
	return MMR_NO_PFN;
}
