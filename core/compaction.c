// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A model of compaction: movable blocks move from the low end of a zone to free pages at its high end,
 * until a block of the wanted order is free.
 *
 * Scanners, targets, results and deferral are the kernel's. Which pages can move is a parameter: of
 * the movable blocks the share that struct mmr_compaction names, evenly spread. Every number that
 * comes of this is modelled.
 *
 * Skip hints and fast searches are in compaction_search.c, where the machine asks for them; else the
 * scanners see every pageblock.
 *
 * Simplified: what a target block has too much goes back at once, not at the end.
 */
#include "core/compaction.h"

#include "core/list.h"

/* ---- is it worth it? --------------------------------------------------------------------------- */

struct contig_page_info {
	uint64_t free_pages, free_blocks_total, free_blocks_suitable;
};

/* Source: fill_contig_page_info(), mm/vmstat.c, v6.12. */
static struct contig_page_info contig_page_info(const struct zone *zone, unsigned int suitable_order)
{
	struct contig_page_info info = {0};

	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		uint64_t blocks = 0;

		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++)
			blocks += zone->free_area[order].free_list[mt].nr;
		info.free_blocks_total += blocks;
		info.free_pages += blocks << order;
		if (order >= suitable_order)
			info.free_blocks_suitable += blocks << (order - suitable_order);
	}
	return info;
}

int fragmentation_index(const struct zone *zone, unsigned int order)
{
	struct contig_page_info info = contig_page_info(zone, order);

	if (!info.free_blocks_total)
		return 0;
	if (info.free_blocks_suitable)
		return -1000;
	return 1000 - (int)((1000 + (info.free_pages * 1000 >> order)) / info.free_blocks_total);
}

/*
 * Room for the copies beyond a mark: the lowest ones up to 6.14, since then those of who asks.
 * Source: compaction_suitable(), mm/compaction.c, v6.12 and v6.15.
 */
static bool room_for_copies(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
			    uint32_t caller_mark, int highest_zoneidx, int64_t free)
{
	bool costly = order > PAGE_ALLOC_COSTLY_ORDER;
	uint32_t mark = wmark_pages(zone, costly ? WMARK_LOW : WMARK_MIN);

	if (m->profile.compact_mark == COMPACT_MARK_CALLER)
		mark = caller_mark + (costly ? zone->_watermark[WMARK_LOW] - zone->_watermark[WMARK_MIN] : 0);
	return zone_watermark_ok_inner(zone, 0, mark + (2u << order), highest_zoneidx, ALLOC_CMA, free);
}

/*
 * Room for the copies, and an order for which fragmentation is the trouble, not shortage?
 *
 * @whole_blocks: count as free only what is in whole free pageblocks: kcompactd's goal with defrag_mode
 * Source: compaction_suit_allocation_order(), mm/compaction.c, v6.12 and v6.18.
 */
enum compact_result suit_allocation_order(const struct mmr_machine *m, const struct zone *zone,
					  unsigned int order, int highest_zoneidx, unsigned int alloc_flags,
					  bool whole_blocks)
{
	uint32_t mark = wmark_pages(zone, alloc_flags & ALLOC_WMARK_MASK);
	int64_t free = shared_read(zone->vm_stat_free);
	int index = -1;

	free = free < 0 ? 0 : free;
	if (zone_watermark_ok_inner(zone, order, mark, highest_zoneidx, alloc_flags,
				    whole_blocks ? zone_free_blocks_pages(zone) : free))
		return COMPACT_SUCCESS;
	if (!room_for_copies(m, zone, order, mark, highest_zoneidx, free))
		return COMPACT_SKIPPED;
	if (order > PAGE_ALLOC_COSTLY_ORDER)
		index = fragmentation_index(zone, order);
	return index >= 0 && index <= (int)m->sysctl.extfrag_threshold ? COMPACT_SKIPPED : COMPACT_CONTINUE;
}

/*
 * Would compaction find room somewhere if reclaim went on for the sake of it?
 * Source: compaction_zonelist_suitable(), mm/compaction.c, v6.12.
 */
bool compaction_zonelist_suitable(const struct mmr_cpu *cpu, const struct alloc_context *ac,
				  unsigned int alloc_flags)
{
	const struct zoneref *z =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	const struct mmr_machine *m = cpu->m;
	const struct zone *zone;

	for_next_zone_zonelist(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		int64_t free = zone_free_snapshot(m, zone), gain = zone_reclaimable_pages(m, zone);

		if (room_for_copies(m, zone, ac->reclaim_compact_order,
				    wmark_pages(zone, alloc_flags & ALLOC_WMARK_MASK), ac->highest_zoneidx,
				    free + gain / ac->reclaim_compact_order))
			return true;
	}
	return false;
}

/* ---- deferral ---------------------------------------------------------------------------------- */

/* Source: defer_compaction(), mm/compaction.c, v6.12. */
void defer_compaction(struct zone *zone, unsigned int order)
{
	zone->compact_considered = 0;
	if (zone->compact_defer_shift < COMPACT_MAX_DEFER_SHIFT)
		zone->compact_defer_shift++;
	if (order < zone->compact_order_failed)
		zone->compact_order_failed = (uint8_t)order;
}

/* Source: compaction_deferred(), mm/compaction.c, v6.12. */
bool compaction_deferred(struct zone *zone, unsigned int order)
{
	unsigned int limit = 1u << zone->compact_defer_shift;

	if (order < zone->compact_order_failed)
		return false;
	if (zone->compact_considered + 1u >= limit) {
		zone->compact_considered = (uint8_t)limit;
		return false;
	}
	zone->compact_considered++;
	return true;
}

/* Source: compaction_defer_reset(), mm/compaction.c, v6.12. */
void compaction_defer_reset(struct zone *zone, unsigned int order, bool alloc_success)
{
	if (alloc_success)
		zone->compact_considered = zone->compact_defer_shift = 0;
	if (order >= zone->compact_order_failed)
		zone->compact_order_failed = (uint8_t)(order + 1);
}

/* ---- the scanners ------------------------------------------------------------------------------ */

static bool movable_block_type(unsigned int mt)
{
	return mt == MIGRATE_MOVABLE || mt == MIGRATE_CMA;
}

/*
 * Asynchronous requests empty pageblocks of their own type, so that what they free is theirs. Since
 * 7.2 requests never empty a CMA pageblock that they may not use, and those for a huge page take
 * movable ones, which become theirs as a whole.
 * Source: suitable_migration_source(), mm/compaction.c, v6.12 and v7.3.
 */
static bool suitable_migration_source(const struct compact_control *cc, uint32_t block_pfn)
{
	bool by_7_2 = cc->cpu->m->profile.compact_source == COMPACT_SOURCE_7_2;
	unsigned int block_mt = get_pageblock_migratetype(cc->cpu->m, block_pfn);

	if (block_mt == MIGRATE_ISOLATE)
		return false;
	if (!cc->direct)
		return true;
	if (by_7_2 && block_mt == MIGRATE_CMA && !(cc->alloc_flags & ALLOC_CMA))
		return false;
	if (!cc->async)
		return true;
	if (cc->migratetype == MIGRATE_MOVABLE || (by_7_2 && cc->order >= PAGEBLOCK_ORDER))
		return movable_block_type(block_mt);
	return block_mt == cc->migratetype;
}

/* Source: suitable_migration_target(), mm/compaction.c, v6.12. */
static bool suitable_migration_target(const struct mmr_machine *m, uint32_t block_pfn)
{
	uint32_t tag = m->pages[block_pfn].tag;

	if (tag_state(m->max_blocks[block_pfn >> MAX_PAGE_ORDER].tag) == PAGE_FREE ||
	    (tag_state(tag) == PAGE_FREE && tag_order(tag) >= PAGEBLOCK_ORDER))
		return false;
	return movable_block_type(get_pageblock_migratetype(m, block_pfn));
}

/* Take 2^order pages out of the free block at @pfn, whose rest goes back. False where the mark forbids it. */
static bool take_target(struct compact_control *cc, uint32_t pfn, unsigned int free_order, unsigned int order)
{
	struct mmr_machine *m = cc->cpu->m;
	bool taken;

	zone_lock(cc->cpu, cc->zone);
	taken = isolate_free_page(cc->cpu, cc->zone, pfn, free_order);
	while (taken && free_order-- > order)
		free_one_page_locked(cc->cpu, cc->zone, pfn + (1u << free_order), free_order,
				     get_pageblock_migratetype(m, pfn), FPI_NONE);
	zone_unlock(cc->zone);
	return taken;
}

/* The first free block of a pageblock that is long enough. @free_order: gets its order */
static uint32_t target_in_block(const struct mmr_machine *m, uint32_t block_pfn, unsigned int order,
				unsigned int *free_order)
{
	for (uint32_t pfn = block_pfn; pfn < block_pfn + PAGEBLOCK_NR_PAGES;) {
		uint32_t tag = m->pages[pfn].tag;

		*free_order = tag_order(tag);
		if (tag_state(tag) == PAGE_FREE && *free_order >= order)
			return pfn;
		pfn += 1u << *free_order;
	}
	return MMR_NO_PFN;
}

/* From the free lists, then from around what was found there. Source: fast_isolate_around(), v6.12. */
static uint32_t fast_compaction_alloc(struct compact_control *cc, unsigned int order)
{
	unsigned int free_order;
	uint32_t pfn = MMR_NO_PFN;

	if (!cc->cpu->m->compaction.fast_search)
		return MMR_NO_PFN;
	if (cc->around_pfn != MMR_NO_PFN)
		pfn = target_in_block(cc->cpu->m, cc->around_pfn, order, &free_order);
	if (pfn == MMR_NO_PFN)
		pfn = fast_isolate_freepages(cc, order, &free_order);
	cc->around_pfn = pfn == MMR_NO_PFN ? pfn : pfn & ~(PAGEBLOCK_NR_PAGES - 1);
	if (pfn != MMR_NO_PFN && block_zone(cc->cpu->m, cc->around_pfn, PAGEBLOCK_ORDER) != cc->zone)
		cc->around_pfn = MMR_NO_PFN; /* some of it is not ours */
	return pfn != MMR_NO_PFN && take_target(cc, pfn, free_order, order) ? pfn : MMR_NO_PFN;
}

/*
 * The free scanner: a free place of @order, in the highest pageblock that has one.
 * Return: its PFN, MMR_NO_PFN where the scanners have met or the min mark is reached.
 * Source: isolate_freepages(), compaction_alloc(), mm/compaction.c, v6.12.
 */
static uint32_t compaction_alloc(struct compact_control *cc, unsigned int order)
{
	const struct mmr_machine *m = cc->cpu->m;
	uint32_t pfn = fast_compaction_alloc(cc, order);
	unsigned int free_order;

	if (pfn != MMR_NO_PFN)
		return pfn;
	for (; cc->free_pfn > cc->migrate_pfn; cc->free_pfn -= PAGEBLOCK_NR_PAGES) {
		if (block_zone(m, cc->free_pfn, PAGEBLOCK_ORDER) != cc->zone ||
		    !suitable_migration_target(m, cc->free_pfn) || !isolation_suitable(cc, cc->free_pfn))
			continue;
		pfn = target_in_block(m, cc->free_pfn, order, &free_order);
		if (pfn != MMR_NO_PFN)
			return take_target(cc, pfn, free_order, order) ? pfn : MMR_NO_PFN;
		set_pageblock_skip(cc, cc->free_pfn);
	}
	return MMR_NO_PFN;
}

/* Can this block move, and is it worth moving? Source: isolate_migratepages_block(), v6.12. */
static bool can_migrate(const struct compact_control *cc, uint32_t pfn, uint32_t tag)
{
	unsigned int limit =
		cc->order < 0 || cc->order > PAGEBLOCK_ORDER ? PAGEBLOCK_ORDER : (unsigned int)cc->order;

	return tag_state(tag) == PAGE_ALLOCATED && tag_type(tag) == MIGRATE_MOVABLE && tag_order(tag) < limit &&
	       (pfn * 2654435761u >> 16) % 100 < cc->cpu->m->compaction.movable_percent;
}

/* Move one block. Return: false where there is no place for it. Source: migrate_pages(), mm/migrate.c, v6.12.
 */
static bool migrate_block(struct compact_control *cc, uint32_t pfn, uint32_t tag)
{
	struct mmr_cpu *cpu = cc->cpu;
	unsigned int order = tag_order(tag);
	uint32_t to = displaced_room(cpu->m) ? compaction_alloc(cc, order) : MMR_NO_PFN;

	if (to == MMR_NO_PFN)
		return false;
	shared_set(cpu->m->pages[to].tag, tag);
	report_displaced(cpu->m, pfn, to, order);
	cpu->counters.compact_migrated_pages += 1u << order;
	mmr_free_pages(cpu->m, pfn, order, cpu->id, NULL);
	return true;
}

/* Empty one pageblock as far as it goes. Return: false where places ran out. */
static bool migrate_pageblock(struct compact_control *cc)
{
	const struct mmr_machine *m = cc->cpu->m;
	uint32_t end = cc->migrate_pfn + PAGEBLOCK_NR_PAGES;
	bool moved = false, room = true;

	for (uint32_t pfn = cc->migrate_pfn; room && pfn < end;) {
		uint32_t tag = m->pages[pfn].tag;

		if (can_migrate(cc, pfn, tag)) {
			room = migrate_block(cc, pfn, tag);
			moved |= room;
		}
		pfn += 1u << tag_order(tag);
	}
	if (!moved && room)
		set_pageblock_skip(cc, cc->migrate_pfn);
	/* What was emptied lies on this CPU's list; only in the buddy can it merge. */
	if (moved && cc->order > 0)
		drain_pages_zone(cc->cpu, cc->cpu->id, cc->zone);
	return room;
}

/* ---- one zone ---------------------------------------------------------------------------------- */

/* Is a block of the order free for this type, or to be had from another as a whole pageblock? */
static bool suitable_block_free(const struct compact_control *cc)
{
	for (unsigned int order = (unsigned int)cc->order; order <= MAX_PAGE_ORDER; order++) {
		const struct free_list *lists = cc->zone->free_area[order].free_list;

		if (lists[cc->migratetype].nr || (cc->migratetype == MIGRATE_MOVABLE && lists[MIGRATE_CMA].nr))
			return true;
		if (should_try_claim_block(cc->cpu->m, order, cc->migratetype) &&
		    find_fallback(cc->zone, order, cc->migratetype) >= 0)
			return true;
	}
	return false;
}

/* Source: __compact_finished(), mm/compaction.c, v6.12; defrag_mode's goal is that of v6.15. */
static bool goal_reached(const struct compact_control *cc)
{
	const struct zone *zone = cc->zone;

	if (cc->proactive)
		return fragmentation_score_zone(zone) <= fragmentation_score_wmark(cc->cpu->m, true);
	if (cc->order < 0)
		return false;
	if (!cc->direct && cc->cpu->m->sysctl.defrag_mode)
		return zone_watermark_ok_inner(zone, (unsigned int)cc->order, wmark_pages(zone, WMARK_HIGH),
					       cc->highest_zoneidx, cc->alloc_flags,
					       zone_free_blocks_pages(zone));
	return suitable_block_free(cc);
}

void reset_scanners(struct zone *zone)
{
	uint32_t last = zone->zone_start_pfn + zone->spanned_pages - 1;

	zone->compact_cached_migrate_pfn =
		(zone->zone_start_pfn + PAGEBLOCK_NR_PAGES - 1) & ~(PAGEBLOCK_NR_PAGES - 1);
	zone->compact_cached_free_pfn = last & ~(PAGEBLOCK_NR_PAGES - 1);
	zone->compact_flags |= COMPACT_SCANNERS_SET;
}

/* Deferred as long as can be: it begins anew. Source: compaction_restarting(), mm/compaction.c, v6.12. */
static bool compaction_restarting(const struct zone *zone, int order)
{
	return order >= (int)zone->compact_order_failed &&
	       zone->compact_defer_shift == COMPACT_MAX_DEFER_SHIFT &&
	       zone->compact_considered >= 1u << COMPACT_MAX_DEFER_SHIFT;
}

/* Where the two scanners start: where they stopped, or at the ends. Source: compact_zone(), v6.12. */
static void start_scanners(struct compact_control *cc, bool whole_zone)
{
	struct zone *zone = cc->zone;
	uint32_t last = zone->zone_start_pfn + zone->spanned_pages - 1;

	if (cc->cpu->m->compaction.skip_hints && compaction_restarting(zone, cc->order))
		reset_isolation_suitable(cc->cpu->m, zone);
	if (whole_zone || !(zone->compact_flags & COMPACT_SCANNERS_SET))
		reset_scanners(zone);
	cc->first_pfn = (zone->zone_start_pfn + PAGEBLOCK_NR_PAGES - 1) & ~(PAGEBLOCK_NR_PAGES - 1);
	cc->last_pfn = last & ~(PAGEBLOCK_NR_PAGES - 1);
	cc->around_pfn = cc->fast_start_pfn = MMR_NO_PFN;
	cc->search_order = cc->order;
	cc->heeds_skip = cc->cpu->m->compaction.skip_hints && !whole_zone;
	cc->migrate_pfn = zone->compact_cached_migrate_pfn;
	cc->free_pfn = zone->compact_cached_free_pfn;
	cc->from_start = cc->migrate_pfn == cc->first_pfn;
}

/* Has the request caught what it wanted on the way? */
static bool captured(const struct compact_control *cc)
{
	return cc->direct && cc->cpu->capture_control && cc->cpu->capture_control->pfn != MMR_NO_PFN;
}

/*
 * Move blocks until the wanted one is free or the scanners meet.
 * Source: compact_zone(), mm/compaction.c, v6.12.
 */
enum compact_result compact_zone(struct compact_control *cc, bool whole_zone)
{
	struct zone *zone = cc->zone;
	bool room = true;

	start_scanners(cc, whole_zone);
	cc->cpu->counters.compact_runs++;
	cc->result = COMPACT_CONTINUE;
	while (cc->result == COMPACT_CONTINUE) {
		if (!room || cc->migrate_pfn >= cc->free_pfn) {
			cc->result = cc->from_start ? COMPACT_COMPLETE : COMPACT_PARTIAL_SKIPPED;
			reset_scanners(zone);
			if (cc->direct && cc->cpu->m->compaction.skip_hints)
				zone->compact_flags |= COMPACT_BLOCKSKIP_FLUSH;
			return goal_reached(cc) ? COMPACT_SUCCESS : cc->result;
		}
		cc->fast_found = false;
		fast_find_migrateblock(cc);
		if (block_zone(cc->cpu->m, cc->migrate_pfn, PAGEBLOCK_ORDER) == zone &&
		    (cc->fast_found || isolation_suitable(cc, cc->migrate_pfn)) &&
		    suitable_migration_source(cc, cc->migrate_pfn)) {
			room = migrate_pageblock(cc);
			if (captured(cc) || goal_reached(cc))
				cc->result = COMPACT_SUCCESS;
		}
		cc->migrate_pfn += PAGEBLOCK_NR_PAGES;
	}
	zone->compact_cached_migrate_pfn = cc->migrate_pfn;
	zone->compact_cached_free_pfn = cc->free_pfn;
	return cc->result;
}

/*
 * One zone on behalf of a request, which catches the first block that fits as it is merged.
 *
 * Up to 7.1 what is caught has compaction's own order: that is the request's, unless defrag_mode
 * raised it; then nothing is caught.
 * Source: compact_zone_order(), mm/compaction.c, v6.12 and v7.3.
 */
static enum compact_result compact_zone_order(struct mmr_cpu *cpu, struct zone *zone, unsigned int order,
					      unsigned int alloc_flags, const struct alloc_context *ac,
					      enum compact_priority prio, struct capture_control *capc)
{
	struct compact_control cc = {.cpu = cpu,
				     .zone = zone,
				     .order = ac->reclaim_compact_order,
				     .migratetype = ac->migratetype,
				     .alloc_flags = alloc_flags,
				     .direct = true,
				     .async = prio == COMPACT_PRIO_ASYNC};
	enum compact_result result;

	if (cpu->m->profile.capture == CAPTURE_REQUEST_ORDER || ac->reclaim_compact_order == order)
		capc->zone = zone;
	cpu->capture_control = capc;
	result = compact_zone(&cc, prio == COMPACT_PRIO_SYNC_FULL);
	cpu->capture_control = NULL;
	return capc->pfn != MMR_NO_PFN ? COMPACT_SUCCESS : result;
}

/*
 * On behalf of a request: the zones it may use, one after the other, until one has the block.
 *
 * @order: the request's; compaction works for @ac's reclaim_compact_order
 * @prio: COMPACT_PRIO_ASYNC empties only pageblocks of the request's type; COMPACT_PRIO_SYNC_FULL heeds
 *	no deferral and starts at the ends of the zone
 * @pfn: gets a block of @order that was caught, else stays
 * Source: try_to_compact_pages(), mm/compaction.c, v6.12.
 */
enum compact_result try_to_compact_pages(struct mmr_cpu *cpu, unsigned int order, unsigned int alloc_flags,
					 const struct alloc_context *ac, enum compact_priority prio,
					 uint32_t *pfn)
{
	const struct zoneref *z =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	struct capture_control capc = {.order = order, .migratetype = ac->migratetype, .pfn = MMR_NO_PFN};
	enum compact_result best = COMPACT_SKIPPED, status;
	unsigned int cc_order = ac->reclaim_compact_order;
	struct zone *zone;

	cpu->counters.compact_stalls++;
	for_next_zone_zonelist(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		if ((alloc_flags & ALLOC_CPUSET) && !cpuset_zone_allowed(cpu, zone, cpu->current->gfp))
			continue;
		if (prio > COMPACT_PRIO_SYNC_FULL && compaction_deferred(zone, cc_order)) {
			best = best > COMPACT_DEFERRED ? best : COMPACT_DEFERRED;
			continue;
		}
		status = suit_allocation_order(cpu->m, zone, cc_order, ac->highest_zoneidx, alloc_flags, false);
		if (status == COMPACT_CONTINUE)
			status = compact_zone_order(cpu, zone, order, alloc_flags, ac, prio, &capc);
		best = status > best ? status : best;
		if (status == COMPACT_SUCCESS) {
			compaction_defer_reset(zone, cc_order, false);
			break;
		}
		if (prio != COMPACT_PRIO_ASYNC &&
		    (status == COMPACT_COMPLETE || status == COMPACT_PARTIAL_SKIPPED))
			defer_compaction(zone, cc_order);
	}
	if (capc.pfn != MMR_NO_PFN)
		*pfn = capc.pfn;
	return best;
}
