// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A model of compaction: movable blocks move from the low end of a zone to free pages at its high end,
 * until a block of the wanted order is free.
 *
 * Scanners, targets, results and deferral are the kernel's. Which pages can move is a parameter: of
 * the movable blocks the share that struct mmr_compaction names, evenly spread. Every number that
 * comes of this is modelled.
 *
 * Simplified: no skip hints and no fast search, so the scanners see every pageblock; what a target
 * block has too much goes back at once, not at the end; no capture, as nobody comes between the merge
 * and the scan; one rule for when a zone is suitable, that of 6.12.
 */
#include <errno.h>

#include "core/list.h"

#define COMPACT_MAX_DEFER_SHIFT 6
#define EXTFRAG_THRESHOLD       500
#define WHOLE_ZONE              (-1) /* as an order: move all that can move */

/* One run over a zone. Source: struct compact_control, mm/internal.h, v6.12. */
struct compact_control {
	struct mmr_cpu *cpu;
	struct zone *zone;
	int order;
	unsigned int migratetype;
	bool same_type_only; /* asynchronous direct compaction */
	bool from_start;
	uint32_t migrate_pfn; /* next pageblock to empty, ascending */
	uint32_t free_pfn; /* pageblock being filled, descending */
	enum compact_result result;
};

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

/* Percent of the free pages that are in no free block of @order. Source: extfrag_for_order(), v6.12. */
static uint64_t extfrag_for_order(const struct zone *zone, unsigned int order)
{
	struct contig_page_info info = contig_page_info(zone, order);

	return info.free_pages
		       ? (info.free_pages - (info.free_blocks_suitable << order)) * 100 / info.free_pages
		       : 0;
}

unsigned int mmr_fragmentation_score(const struct mmr_machine *m, unsigned int nid)
{
	uint64_t score = 0;

	if (nid >= m->nr_nodes)
		return 0;
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *zone = &m->nodes[nid].node_zones[i];

		if (populated_zone(zone))
			score += zone->present_pages * extfrag_for_order(zone, HPAGE_PMD_ORDER) /
				 (m->nodes[nid].node_present_pages + 1u);
	}
	return (unsigned int)score;
}

/*
 * Room for the copies, and an order for which fragmentation is the trouble, not shortage?
 * Source: compaction_suit_allocation_order(), compaction_suitable(), mm/compaction.c, v6.12.
 */
static enum compact_result suit_allocation_order(const struct zone *zone, unsigned int order,
						 int highest_zoneidx, unsigned int alloc_flags)
{
	bool costly = order > PAGE_ALLOC_COSTLY_ORDER;
	uint32_t mark = wmark_pages(zone, costly ? WMARK_LOW : WMARK_MIN) + (2u << order);
	int index;

	if (zone_watermark_ok(zone, order, wmark_pages(zone, alloc_flags & ALLOC_WMARK_MASK), highest_zoneidx,
			      alloc_flags))
		return COMPACT_SUCCESS;
	if (!zone_watermark_ok(zone, 0, mark, highest_zoneidx, ALLOC_CMA))
		return COMPACT_SKIPPED;
	index = costly ? fragmentation_index(zone, order) : -1;
	return index >= 0 && index <= EXTFRAG_THRESHOLD ? COMPACT_SKIPPED : COMPACT_CONTINUE;
}

/* ---- deferral ---------------------------------------------------------------------------------- */

/* Source: defer_compaction(), mm/compaction.c, v6.12. */
static void defer_compaction(struct zone *zone, unsigned int order)
{
	zone->compact_considered = 0;
	if (zone->compact_defer_shift < COMPACT_MAX_DEFER_SHIFT)
		zone->compact_defer_shift++;
	if (order < zone->compact_order_failed)
		zone->compact_order_failed = (uint8_t)order;
}

/* Source: compaction_deferred(), mm/compaction.c, v6.12. */
static bool compaction_deferred(struct zone *zone, unsigned int order)
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

/* Source: suitable_migration_source(), mm/compaction.c, v6.12. */
static bool suitable_migration_source(const struct compact_control *cc, uint32_t block_pfn)
{
	unsigned int block_mt = get_pageblock_migratetype(cc->cpu->m, block_pfn);

	if (block_mt == MIGRATE_ISOLATE)
		return false;
	if (!cc->same_type_only)
		return true;
	return cc->migratetype == MIGRATE_MOVABLE ? movable_block_type(block_mt) : block_mt == cc->migratetype;
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

/*
 * The free scanner: a free place of @order, in the highest pageblock that has one.
 * Return: its PFN, MMR_NO_PFN where the scanners have met or the min mark is reached.
 * Source: isolate_freepages(), compaction_alloc(), mm/compaction.c, v6.12.
 */
static uint32_t compaction_alloc(struct compact_control *cc, unsigned int order)
{
	const struct mmr_machine *m = cc->cpu->m;

	for (; cc->free_pfn > cc->migrate_pfn; cc->free_pfn -= PAGEBLOCK_NR_PAGES) {
		uint32_t pfn = cc->free_pfn;

		if (block_zone(m, pfn, PAGEBLOCK_ORDER) != cc->zone || !suitable_migration_target(m, pfn))
			continue;
		while (pfn < cc->free_pfn + PAGEBLOCK_NR_PAGES) {
			uint32_t tag = m->pages[pfn].tag;

			if (tag_state(tag) == PAGE_FREE && tag_order(tag) >= order)
				return take_target(cc, pfn, tag_order(tag), order) ? pfn : MMR_NO_PFN;
			pfn += 1u << tag_order(tag);
		}
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
	/* What was emptied lies on this CPU's list; only in the buddy can it merge. */
	if (moved && cc->order > 0)
		drain_pages_zone(cc->cpu, cc->cpu->id, cc->zone);
	return room;
}

/* ---- one zone ---------------------------------------------------------------------------------- */

/*
 * Is a block of the order free for this type, or to be had from another as a whole pageblock?
 * Source: __compact_finished(), mm/compaction.c, v6.12.
 */
static bool suitable_block_free(const struct compact_control *cc)
{
	if (cc->order < 0)
		return false;
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

static void reset_scanners(struct zone *zone)
{
	uint32_t last = zone->zone_start_pfn + zone->spanned_pages - 1;

	zone->compact_cached_migrate_pfn =
		(zone->zone_start_pfn + PAGEBLOCK_NR_PAGES - 1) & ~(PAGEBLOCK_NR_PAGES - 1);
	zone->compact_cached_free_pfn = last & ~(PAGEBLOCK_NR_PAGES - 1);
	zone->compact_scanners_set = true;
}

/* Where the two scanners start: where they stopped, or at the ends. Source: compact_zone(), v6.12. */
static void start_scanners(struct compact_control *cc, bool whole_zone)
{
	struct zone *zone = cc->zone;
	uint32_t first;

	if (whole_zone || !zone->compact_scanners_set)
		reset_scanners(zone);
	first = (zone->zone_start_pfn + PAGEBLOCK_NR_PAGES - 1) & ~(PAGEBLOCK_NR_PAGES - 1);
	cc->migrate_pfn = zone->compact_cached_migrate_pfn;
	cc->free_pfn = zone->compact_cached_free_pfn;
	cc->from_start = cc->migrate_pfn == first;
}

/*
 * Move blocks until the wanted one is free or the scanners meet.
 * Source: compact_zone(), mm/compaction.c, v6.12.
 */
static enum compact_result compact_zone(struct compact_control *cc, bool whole_zone)
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
			return suitable_block_free(cc) ? COMPACT_SUCCESS : cc->result;
		}
		if (block_zone(cc->cpu->m, cc->migrate_pfn, PAGEBLOCK_ORDER) == zone &&
		    suitable_migration_source(cc, cc->migrate_pfn)) {
			room = migrate_pageblock(cc);
			if (suitable_block_free(cc))
				cc->result = COMPACT_SUCCESS;
		}
		cc->migrate_pfn += PAGEBLOCK_NR_PAGES;
	}
	zone->compact_cached_migrate_pfn = cc->migrate_pfn;
	zone->compact_cached_free_pfn = cc->free_pfn;
	return cc->result;
}

/*
 * On behalf of a request: the zones it may use, one after the other, until one has the block.
 *
 * @prio: COMPACT_PRIO_ASYNC empties only pageblocks of the request's type; COMPACT_PRIO_SYNC_FULL heeds
 *	no deferral and starts at the ends of the zone
 * Source: try_to_compact_pages(), mm/compaction.c, v6.12.
 */
enum compact_result try_to_compact_pages(struct mmr_cpu *cpu, unsigned int order, unsigned int alloc_flags,
					 const struct alloc_context *ac, enum compact_priority prio)
{
	const struct zoneref *z =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	enum compact_result best = COMPACT_SKIPPED, status;
	struct zone *zone;

	cpu->counters.compact_stalls++;
	for_next_zone_zonelist(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		struct compact_control cc = {.cpu = cpu,
					     .zone = zone,
					     .order = (int)order,
					     .migratetype = ac->migratetype,
					     .same_type_only = prio == COMPACT_PRIO_ASYNC};

		if (prio > COMPACT_PRIO_SYNC_FULL && compaction_deferred(zone, order)) {
			best = best > COMPACT_DEFERRED ? best : COMPACT_DEFERRED;
			continue;
		}
		status = suit_allocation_order(zone, order, ac->highest_zoneidx, alloc_flags);
		if (status == COMPACT_CONTINUE)
			status = compact_zone(&cc, prio == COMPACT_PRIO_SYNC_FULL);
		best = status > best ? status : best;
		if (status == COMPACT_SUCCESS) {
			compaction_defer_reset(zone, order, false);
			break;
		}
		if (prio != COMPACT_PRIO_ASYNC &&
		    (status == COMPACT_COMPLETE || status == COMPACT_PARTIAL_SKIPPED))
			defer_compaction(zone, order);
	}
	return best;
}

/* ---- for the caller to tick -------------------------------------------------------------------- */

/* Source: kcompactd_do_work(), mm/compaction.c, v6.12. */
static void kcompactd_zone(struct mmr_cpu *cpu, struct zone *zone, unsigned int order)
{
	struct compact_control cc = {.cpu = cpu, .zone = zone, .order = (int)order};
	enum compact_result status;

	if (compaction_deferred(zone, order))
		return;
	if (suit_allocation_order(zone, order, zone_idx(zone), ALLOC_WMARK_MIN) != COMPACT_CONTINUE)
		return;
	status = compact_zone(&cc, false);
	if (status == COMPACT_SUCCESS) {
		compaction_defer_reset(zone, order, false);
	} else {
		drain_all_pages(cpu, zone);
		defer_compaction(zone, order);
	}
}

int mmr_compact_node(struct mmr_machine *m, unsigned int nid, int order, unsigned int cpu_id,
		     struct mmr_error *err)
{
	if (nid >= m->nr_nodes || cpu_id >= m->nr_cpus || order > MAX_PAGE_ORDER || order == 0 || order < -1)
		return mmr_err(err, -EINVAL,
			       "compaction: node %u order %d cpu %u, expected nodes 0..%u, order -1 or 1..%u, "
			       "cpus 0..%u",
			       nid, order, cpu_id, m->nr_nodes - 1, MAX_PAGE_ORDER, m->nr_cpus - 1);
	if (!m->compaction.enabled)
		return mmr_err(err, -EINVAL, "compaction: this machine was created without it");
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &m->nodes[nid].node_zones[i];
		struct compact_control cc = {.cpu = &m->cpus[cpu_id], .zone = zone, .order = WHOLE_ZONE};

		if (!populated_zone(zone))
			continue;
		if (order < 0)
			compact_zone(&cc, true);
		else
			kcompactd_zone(cc.cpu, zone, (unsigned int)order);
	}
	return 0;
}
