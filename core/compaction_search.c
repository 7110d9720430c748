// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where compaction looks first: skip hints on pageblocks, and the fast searches of both scanners, which take
 * their candidates from the free lists. Parameters of the model, see struct mmr_compaction.
 *
 * The fast searches rotate the movable free lists, also where they find nothing, so that the next one
 * meets other blocks: who allocates later gets other pages for it.
 */
#include "core/compaction.h"

#include "core/list.h"

#define COMPACT_CLUSTER_MAX 32

/* ---- skip hints -------------------------------------------------------------------------------- */

bool isolation_suitable(const struct compact_control *cc, uint32_t block_pfn)
{
	return !cc->heeds_skip || !(cc->cpu->m->pageblocks[block_pfn >> PAGEBLOCK_ORDER] & PB_SKIP);
}

void set_pageblock_skip(struct compact_control *cc, uint32_t block_pfn)
{
	uint32_t *block = &cc->cpu->m->pageblocks[block_pfn >> PAGEBLOCK_ORDER];

	if (cc->cpu->m->compaction.skip_hints)
		shared_set(*block, *block | PB_SKIP);
}

/* Source: __reset_isolation_suitable(), mm/compaction.c, v6.12. */
void reset_isolation_suitable(struct mmr_machine *m, struct zone *zone)
{
	uint32_t end = (zone->zone_start_pfn + zone->spanned_pages) >> PAGEBLOCK_ORDER;

	for (uint32_t i = zone->zone_start_pfn >> PAGEBLOCK_ORDER; i < end; i++)
		shared_set(m->pageblocks[i], m->pageblocks[i] & ~PB_SKIP);
	zone->compact_flags &= (uint8_t)~COMPACT_BLOCKSKIP_FLUSH;
	reset_scanners(zone);
}

/* ---- the fast searches ------------------------------------------------------------------------- */

/* Entries to look at: fewer after each search in vain. Source: freelist_scan_limit(), v6.12. */
static unsigned int freelist_scan_limit(const struct compact_control *cc)
{
	return (COMPACT_CLUSTER_MAX >> (cc->fast_search_fail < 15 ? cc->fast_search_fail : 15)) + 1;
}

static uint32_t block_start(uint32_t pfn)
{
	return pfn & ~(PAGEBLOCK_NR_PAGES - 1);
}

/* The entries up to @pfn go behind the others. Source: move_freelist_tail(), mm/compaction.c, v6.12. */
static void move_freelist_tail(const struct mmr_machine *m, struct free_list *list, uint32_t pfn,
			       unsigned int order)
{
	if (pfn != list->tail)
		free_list_rotate(m, list, free_record(m, pfn, order)->next, order);
}

/* The next order down, and around; -1 where all were searched. Source: next_search_order(), v6.12. */
static int next_search_order(struct compact_control *cc, int order)
{
	order = order > 0 ? order - 1 : cc->order - 1;
	if (order != cc->search_order)
		return order;
	cc->search_order = cc->search_order > 0 ? cc->search_order - 1 : cc->order - 1;
	return -1;
}

/* One search for a target, over lists of several orders. */
struct target_search {
	uint32_t low_pfn; /* anything from here on will do */
	uint32_t min_pfn; /* from here on the highest, for want of better */
	uint32_t highest; /* pageblock met so far */
	unsigned int limit; /* entries to look at on the next list */
};

/*
 * From the list's tail. Return: what to isolate, MMR_NO_PFN for nothing; the list is rotated to where the
 * search stopped.
 */
static uint32_t search_list(const struct mmr_machine *m, struct target_search *t, struct free_list *list,
			    unsigned int order)
{
	uint32_t pfn = list->tail, best = 0, found = MMR_NO_PFN, stop = MMR_NO_PFN;
	unsigned int scanned = 0;

	for (; list->head != MMR_NO_PFN && pfn != MMR_NO_PFN; pfn = free_record(m, pfn, order)->prev) {
		scanned++;
		if (pfn >= t->highest)
			t->highest = block_start(pfn);
		if (pfn >= t->low_pfn) {
			found = stop = pfn;
			break;
		}
		if (pfn >= t->min_pfn && pfn > best) {
			best = pfn;
			t->limit >>= 1;
		}
		if (scanned >= t->limit) {
			stop = pfn;
			break;
		}
	}
	if (found == MMR_NO_PFN && best)
		found = stop = best;
	if (stop != MMR_NO_PFN)
		free_list_rotate(m, list, stop, order);
	if (scanned >= t->limit)
		t->limit = t->limit > 1 ? t->limit >> 1 : 1;
	return found;
}

/*
 * A free block as target without a walk over pageblocks: one from the upper quarter of what is left to
 * compact, at worst from the upper half.
 *
 * @order: the least that is wanted
 * @free_order: gets that of the block
 * Return: the block, which heads its list now; MMR_NO_PFN: look pageblock by pageblock, from cc->free_pfn.
 * Simplified: one block at a time, and no list that is too short is searched.
 * Source: fast_isolate_freepages(), mm/compaction.c, v6.12.
 */
uint32_t fast_isolate_freepages(struct compact_control *cc, unsigned int order, unsigned int *free_order)
{
	uint32_t distance = cc->free_pfn - cc->migrate_pfn;
	bool scan_start = cc->free_pfn >= cc->last_pfn;
	struct target_search t = {.low_pfn = block_start(cc->free_pfn - (distance >> 2)),
				  .min_pfn = block_start(cc->free_pfn - (distance >> 1)),
				  .limit = scan_start ? PAGEBLOCK_NR_PAGES >> 1 : freelist_scan_limit(cc) >> 1};
	const struct mmr_machine *m = cc->cpu->m;

	if (cc->order <= 0 || !m->compaction.fast_search || cc->free_pfn <= cc->migrate_pfn)
		return MMR_NO_PFN;
	t.limit = t.limit ? t.limit : 1;
	cc->search_order = cc->search_order < cc->order ? cc->search_order : cc->order - 1;
	for (int o = cc->search_order; o >= 0; o = next_search_order(cc, o)) {
		struct free_list *list = &cc->zone->free_area[o].free_list[MIGRATE_MOVABLE];
		uint32_t pfn;

		if ((unsigned int)o < order)
			continue;
		zone_lock(cc->cpu, cc->zone);
		pfn = search_list(m, &t, list, (unsigned int)o);
		zone_unlock(cc->zone);
		if (pfn == MMR_NO_PFN)
			continue;
		if (pfn >= t.low_pfn) {
			cc->fast_search_fail = 0;
			cc->search_order = o;
		}
		*free_order = (unsigned int)o;
		return pfn;
	}
	cc->fast_search_fail++;
	if (scan_start && t.highest >= t.min_pfn)
		cc->free_pfn = t.highest;
	else if (scan_start && cc->direct)
		cc->free_pfn = t.min_pfn;
	return MMR_NO_PFN;
}

/*
 * From the head of one list. @budget: entries left to look at
 * Return: a free block whose pageblock may be emptied, MMR_NO_PFN for none.
 */
static uint32_t search_source(struct compact_control *cc, struct free_list *list, unsigned int order,
			      uint32_t high_pfn, unsigned int *budget)
{
	const struct mmr_machine *m = cc->cpu->m;
	uint32_t pfn = list->head;

	for (; pfn != MMR_NO_PFN; pfn = free_record(m, pfn, order)->next) {
		if (!*budget) {
			move_freelist_tail(m, list, pfn, order);
			return MMR_NO_PFN;
		}
		--*budget;
		if (pfn >= high_pfn || block_zone(m, block_start(pfn), PAGEBLOCK_ORDER) != cc->zone ||
		    !isolation_suitable(cc, block_start(pfn)))
			continue;
		move_freelist_tail(m, list, pfn, order);
		return pfn;
	}
	return MMR_NO_PFN;
}

/*
 * The next pageblock to empty: one that is partly free, from the first part of what is left, where long
 * blocks are wanted and a movable pageblock is what the request needs.
 *
 * Source: fast_find_migrateblock(), mm/compaction.c, v6.12.
 */
void fast_find_migrateblock(struct compact_control *cc)
{
	const struct mmr_machine *m = cc->cpu->m;
	unsigned int budget = freelist_scan_limit(cc);
	uint32_t distance = (cc->free_pfn - cc->migrate_pfn) >> 1, pfn = MMR_NO_PFN;

	if (!m->compaction.fast_search || !cc->heeds_skip || cc->order <= PAGE_ALLOC_COSTLY_ORDER ||
	    (cc->direct && cc->migratetype != MIGRATE_MOVABLE))
		return;
	if (!cc->from_start || cc->migrate_pfn != cc->first_pfn)
		distance >>= 2;
	zone_lock(cc->cpu, cc->zone);
	for (int o = cc->order - 1; o >= PAGE_ALLOC_COSTLY_ORDER && pfn == MMR_NO_PFN && budget; o--)
		pfn = search_source(cc, &cc->zone->free_area[o].free_list[MIGRATE_MOVABLE], (unsigned int)o,
				    block_start(cc->migrate_pfn + distance), &budget);
	zone_unlock(cc->zone);
	if (pfn != MMR_NO_PFN) {
		pfn = block_start(pfn);
		set_pageblock_skip(cc, pfn);
		cc->fast_search_fail = 0;
		cc->fast_start_pfn = pfn < cc->fast_start_pfn ? pfn : cc->fast_start_pfn;
		cc->migrate_pfn = pfn;
		cc->fast_found = true;
		return;
	}
	/* On with a walk, from the first pageblock that was found this way. */
	cc->fast_search_fail++;
	if (cc->fast_start_pfn != MMR_NO_PFN) {
		cc->migrate_pfn = cc->fast_start_pfn;
		cc->fast_start_pfn = MMR_NO_PFN;
	}
}
