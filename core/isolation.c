// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pageblocks set aside, ranges taken whole, and free blocks taken out of the buddy's hands.
 *
 * The free pages of an isolated pageblock are on lists that serve nobody and are not counted as
 * free. What is freed into it goes there too, past the per-CPU lists. Up to 6.16 the pageblock's
 * type becomes MIGRATE_ISOLATE and what it was is forgotten; since 6.17 a bit says so beside it.
 */
#include <errno.h>

#include "core/list.h"
#include "core/step.h"

/* ---- one pageblock ----------------------------------------------------------------------------- */

/* Source: set_pageblock_migratetype(), v6.12; set_pageblock_isolate(), clear_pageblock_isolate(), v6.18. */
static void set_isolated(struct mmr_machine *m, uint32_t pfn, bool isolate, unsigned int mt)
{
	uint32_t *block = &m->pageblocks[pfn >> PAGEBLOCK_ORDER];

	if (!m->profile.isolate_bit)
		set_pageblock_migratetype(m, pfn, isolate ? MIGRATE_ISOLATE : mt);
	else
		shared_set(*block, isolate ? *block | PB_ISOLATE : *block & ~PB_ISOLATE);
}

/* The record of the block that holds @pfn; @head gets where it begins, @pfn itself where unknown. */
static uint32_t block_of(const struct mmr_machine *m, uint32_t pfn, uint32_t *head)
{
	uint32_t tag = shared_read(m->max_blocks[pfn >> MAX_PAGE_ORDER].tag);

	*head = pfn & ~(MAX_ORDER_NR_PAGES - 1);
	if (tag_state(tag) == PAGE_FREE)
		return tag;
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		*head = pfn & ~((1u << order) - 1);
		tag = shared_read(m->pages[*head].tag);
		if (tag_state(tag) != PAGE_UNKNOWN && tag_order(tag) >= order)
			return tag;
	}
	*head = pfn;
	return 0;
}

/*
 * Is there a page in the pageblock that would never leave it? Pages on per-CPU lists will be drained.
 *
 * Simplified: movable is what was asked as movable; pages from before we began go by their block. A
 * block of several pageblocks stays where its free would not be split: it would come back as one.
 * Return: the first such PFN, else MMR_NO_PFN.
 * Source: has_unmovable_pages(), mm/page_isolation.c, v6.12.
 */
static uint32_t has_unmovable_pages(const struct mmr_machine *m, uint32_t start_pfn)
{
	unsigned int block_mt = get_pageblock_migratetype(m, start_pfn);
	uint32_t end = start_pfn + PAGEBLOCK_NR_PAGES, head;

	for (uint32_t pfn = start_pfn; pfn < end;) {
		uint32_t tag = block_of(m, pfn, &head);

		if (tag_state(tag) == PAGE_ALLOCATED && tag_type(tag) != MIGRATE_MOVABLE)
			return pfn;
		if (tag_state(tag) != PAGE_FREE && tag_order(tag) > PAGEBLOCK_ORDER &&
		    !m->profile.split_large_frees)
			return pfn;
		if (tag_state(tag) == PAGE_UNKNOWN && block_mt != MIGRATE_MOVABLE && block_mt != MIGRATE_CMA)
			return pfn;
		pfn = head + (1u << tag_order(tag));
	}
	return MMR_NO_PFN;
}

/*
 * Take apart a free block that is larger than a pageblock, so that each of its pageblocks stands on
 * the list it belongs to. Context: zone->lock.
 * Source: split_large_buddy(), mm/page_alloc.c, v6.12; split_free_page(), v6.1.
 */
static void split_large_buddy(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order)
{
	for (uint32_t end = pfn + (1u << order); pfn != end; pfn += PAGEBLOCK_NR_PAGES)
		free_one_page_locked(cpu, zone, pfn, PAGEBLOCK_ORDER, get_pageblock_migratetype(cpu->m, pfn),
				     FPI_NONE);
}

/*
 * Every free block of a pageblock, ascending, to the tail of @to's lists; either side is isolated.
 * Before 6.10 the sum is counted once, at the end, and may fold this CPU's delta once only.
 * Source: __move_freepages_block(), v6.12; set_migratetype_isolate(), mm/page_isolation.c, v6.1.
 */
static void move_isolated(struct mmr_cpu *cpu, struct zone *zone, uint32_t start_pfn, unsigned int to)
{
	struct mmr_machine *m = cpu->m;
	int32_t counted = 0;

	for (uint32_t pfn = start_pfn; pfn < start_pfn + PAGEBLOCK_NR_PAGES;) {
		uint32_t tag = shared_read(m->pages[pfn].tag);
		unsigned int order = tag_order(tag), from = tag_type(tag);
		int32_t nr_pages = (int32_t)(1u << order);

		pfn += 1u << order;
		if (tag_state(tag) != PAGE_FREE)
			continue;
		if (m->profile.acct_per_page) {
			move_to_free_list(cpu, zone, pfn - (1u << order), order, from, to);
			continue;
		}
		del_page_from_free_list(m, zone, pfn - (1u << order), order, from);
		add_to_free_list(m, zone, pfn - (1u << order), order, to, true);
		account_type(cpu, zone, -nr_pages, from);
		account_type(cpu, zone, nr_pages, to);
		counted += (to != MIGRATE_ISOLATE ? nr_pages : 0) - (from != MIGRATE_ISOLATE ? nr_pages : 0);
	}
	if (counted)
		mod_zone_free_pages(cpu, zone, counted);
}

/*
 * Mark a pageblock and move its free pages along. A larger free block it is part of is split.
 * Context: zone->lock.  Source: move_freepages_block_isolate(), mm/page_alloc.c, v6.12.
 */
static void move_freepages_block_isolate(struct mmr_cpu *cpu, struct zone *zone, uint32_t start_pfn,
					 bool isolate, unsigned int mt)
{
	struct mmr_machine *m = cpu->m;
	uint32_t head, tag = block_of(m, start_pfn, &head);
	unsigned int order = tag_order(tag);

	if (tag_state(tag) == PAGE_FREE && order > PAGEBLOCK_ORDER) {
		del_page_from_free_list(m, zone, head, order, tag_type(tag));
		account_freepages(cpu, zone, -(int32_t)(1u << order), tag_type(tag));
		set_isolated(m, start_pfn, isolate, mt);
		split_large_buddy(cpu, zone, head, order);
		return;
	}
	if (m->profile.isolate_bit && !isolate)
		mt = m->pageblocks[start_pfn >> PAGEBLOCK_ORDER] & PB_TYPE_MASK;
	move_isolated(cpu, zone, start_pfn, isolate ? MIGRATE_ISOLATE : mt);
	set_isolated(m, start_pfn, isolate, mt);
}

void mmr_step_isolate(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn, bool isolate,
		      unsigned int mt)
{
	move_freepages_block_isolate(&m->cpus[cpu], zone, pfn & ~(PAGEBLOCK_NR_PAGES - 1), isolate, mt);
}

bool mmr_step_isolate_bit(const struct mmr_machine *m)
{
	return m->profile.isolate_bit;
}

/* Source: set_migratetype_isolate(), mm/page_isolation.c, v6.12. */
static int set_migratetype_isolate(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, struct mmr_error *err)
{
	uint32_t unmovable;
	int rc = 0;

	zone_lock(cpu, zone);
	if (get_pageblock_migratetype(cpu->m, pfn) == MIGRATE_ISOLATE) {
		rc = mmr_err(err, -EBUSY, "pageblock at pfn %u: it is isolated already", pfn);
	} else if ((unmovable = has_unmovable_pages(cpu->m, pfn)) != MMR_NO_PFN) {
		rc = mmr_err(err, -EBUSY, "pageblock at pfn %u: the page at %u cannot be moved", pfn,
			     unmovable);
	} else {
		move_freepages_block_isolate(cpu, zone, pfn, true, MIGRATE_ISOLATE);
		zone->nr_isolate_pageblock++;
	}
	zone_unlock(zone);
	return rc;
}

/* Is the pageblock one free block, with a free buddy that is not isolated? Then the two may merge. */
static bool merges_when_unset(const struct mmr_machine *m, const struct zone *zone, uint32_t pfn)
{
	uint32_t buddy = pfn ^ PAGEBLOCK_NR_PAGES;

	return tag_is(m->pages[pfn].tag, zone->tag, PAGEBLOCK_ORDER, PAGE_FREE) &&
	       tag_is(m->pages[buddy].tag, zone->tag, PAGEBLOCK_ORDER, PAGE_FREE) &&
	       get_pageblock_migratetype(m, buddy) != MIGRATE_ISOLATE;
}

/*
 * A pageblock that is free as a whole is taken off its list and freed anew, so that it merges.
 * Source: unset_migratetype_isolate(), mm/page_isolation.c, v6.12.
 */
static void unset_migratetype_isolate(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int mt)
{
	struct mmr_machine *m = cpu->m;

	zone_lock(cpu, zone);
	if (get_pageblock_migratetype(m, pfn) == MIGRATE_ISOLATE) {
		if (merges_when_unset(m, zone, pfn)) {
			del_page_from_free_list(m, zone, pfn, PAGEBLOCK_ORDER, tag_type(m->pages[pfn].tag));
			set_isolated(m, pfn, false, mt);
			putback_isolated_page(cpu, zone, pfn, PAGEBLOCK_ORDER);
		} else {
			move_freepages_block_isolate(cpu, zone, pfn, false, mt);
		}
		zone->nr_isolate_pageblock--;
	}
	zone_unlock(zone);
}

/* The zone that holds all of the pageblock at @pfn; NULL, with a message, where there is none. */
static struct zone *whole_block_zone(const struct mmr_machine *m, uint32_t pfn, struct mmr_error *err)
{
	uint32_t start = pfn & ~(PAGEBLOCK_NR_PAGES - 1);
	struct zone *zone = pfn < m->end_pfn ? block_zone(m, start, PAGEBLOCK_ORDER) : NULL;

	if (!zone)
		mmr_err(err, -EINVAL, "pageblock at pfn %u: it is not RAM of one zone throughout", start);
	return zone;
}

int mmr_pageblock_isolate(struct mmr_machine *m, uint32_t pfn, unsigned int cpu, struct mmr_error *err)
{
	struct zone *zone = whole_block_zone(m, pfn, err);

	if (!zone)
		return -EINVAL;
	if (cpu >= m->nr_cpus)
		return mmr_err(err, -EINVAL, "isolation: cpu %u, the machine has 0..%u", cpu, m->nr_cpus - 1);
	return set_migratetype_isolate(&m->cpus[cpu], zone, pfn & ~(PAGEBLOCK_NR_PAGES - 1), err);
}

int mmr_pageblock_unisolate(struct mmr_machine *m, uint32_t pfn, enum migratetype mt, unsigned int cpu,
			    struct mmr_error *err)
{
	struct zone *zone = whole_block_zone(m, pfn, err);

	if (!zone)
		return -EINVAL;
	if (cpu >= m->nr_cpus || (unsigned int)mt >= MIGRATE_ISOLATE)
		return mmr_err(err, -EINVAL,
			       "isolation: cpu %u, type %u, expected cpu 0..%u and a type below %u", cpu,
			       (unsigned int)mt, m->nr_cpus - 1, MIGRATE_ISOLATE);
	if (get_pageblock_migratetype(m, pfn) != MIGRATE_ISOLATE)
		return mmr_err(err, -EINVAL, "pageblock at pfn %u: it is not isolated", pfn);
	unset_migratetype_isolate(&m->cpus[cpu], zone, pfn & ~(PAGEBLOCK_NR_PAGES - 1), mt);
	return 0;
}

/* ---- one free block ---------------------------------------------------------------------------- */

/*
 * Take a free block off its list for a purpose of the kernel's own. Where it is half a pageblock or
 * more, the pageblock becomes movable, as what comes in its place will be.
 *
 * Return: false where the min mark forbids it.  Context: zone->lock.
 * Source: __isolate_free_page(), mm/page_alloc.c, v6.12; v6.1 leaves the other free pages where they are.
 */
bool isolate_free_page(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order)
{
	struct mmr_machine *m = cpu->m;
	unsigned int list_mt = tag_type(free_record(m, pfn, order)->tag);

	if (get_pageblock_migratetype(m, pfn) != MIGRATE_ISOLATE &&
	    !zone_watermark_ok(zone, 0, zone->_watermark[WMARK_MIN] + (1u << order), 0, ALLOC_CMA))
		return false;
	del_page_from_free_list(m, zone, pfn, order, list_mt);
	account_freepages(cpu, zone, -(int32_t)(1u << order), list_mt);
	if (order < PAGEBLOCK_ORDER - 1)
		return true;
	for (uint32_t at = pfn; at < pfn + (1u << order); at += PAGEBLOCK_NR_PAGES) {
		if (!migratetype_is_mergeable(get_pageblock_migratetype(m, at)))
			continue;
		if (m->profile.hygiene)
			move_freepages_block(cpu, zone, at, MIGRATE_MOVABLE);
		else
			set_pageblock_migratetype(m, at, MIGRATE_MOVABLE);
	}
	return true;
}

/*
 * Back to the tail of the list of its pageblock's type.
 * Context: zone->lock.  Source: __putback_isolated_page(), mm/page_alloc.c, v6.12.
 */
void putback_isolated_page(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order)
{
	free_one_page_locked(cpu, zone, pfn, order, get_pageblock_migratetype(cpu->m, pfn), FPI_TO_TAIL);
}

/* ---- a range ----------------------------------------------------------------------------------- */

/* A range of the caller's, with the whole pageblocks around it. */
struct range {
	struct mmr_cpu *cpu;
	struct zone *zone;
	uint32_t start, end;
	uint32_t outer_start, outer_end; /* in whole pageblocks */
};

/* Source: undo_isolate_page_range(), mm/page_isolation.c, v6.12. */
static void undo_isolate_page_range(const struct range *r, uint32_t end, unsigned int mt)
{
	for (uint32_t pfn = r->outer_start; pfn != end; pfn += PAGEBLOCK_NR_PAGES)
		unset_migratetype_isolate(r->cpu, r->zone, pfn, mt);
}

/*
 * Source: start_isolate_page_range(), mm/page_isolation.c, v6.12.
 * Simplified: pageblocks are tested whole, also those that the range touches in part.
 */
static int start_isolate_page_range(const struct range *r, unsigned int mt, struct mmr_error *err)
{
	for (uint32_t pfn = r->outer_start; pfn != r->outer_end; pfn += PAGEBLOCK_NR_PAGES) {
		int rc = set_migratetype_isolate(r->cpu, r->zone, pfn, err);

		if (rc) {
			undo_isolate_page_range(r, pfn, mt);
			return rc;
		}
	}
	return 0;
}

/*
 * Move a movable block to a page of the ordinary way, and tell its holder. Nothing of it lies in the
 * isolated range, whose free pages serve nobody.
 *
 * Return: 0, also where reclaim took the block meanwhile; -EBUSY, -ENOMEM.
 * Source: alloc_migration_target(), migrate_pages(), mm/migrate.c, v6.12.
 */
static int migrate_away(const struct range *r, uint32_t pfn, uint32_t tag, struct mmr_error *err)
{
	struct mmr_machine *m = r->cpu->m;
	struct mmr_request req = {
		.gfp = MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_RETRY_MAYFAIL | MMR_GFP_NOWARN,
		.cpu = r->cpu->id,
		.nid = (int16_t)r->zone->node,
		.order = (uint8_t)tag_order(tag),
	};
	struct mmr_page to;

	if (tag_state(tag) != PAGE_ALLOCATED || tag_type(tag) != MIGRATE_MOVABLE)
		return mmr_err(err, -EBUSY, "range %u..%u: the page at %u is not free and cannot be moved",
			       r->start, r->end, pfn);
	if (!displaced_room(m))
		return mmr_err(err, -EBUSY, "range %u..%u: no room to report the move of pfn %u", r->start,
			       r->end, pfn);
	to = mmr_alloc_pages(m, &req);
	if (to.pfn == MMR_NO_PFN)
		return mmr_err(err, -ENOMEM, "range %u..%u: no page of order %u for the block at %u", r->start,
			       r->end, tag_order(tag), pfn);
	if (m->pages[pfn].tag != tag || !displaced_room(m))
		return mmr_free_pages(m, to.pfn, req.order, req.cpu, NULL);
	report_displaced(m, pfn, to.pfn, req.order);
	r->cpu->counters.migrated_pages += 1u << req.order;
	return mmr_free_pages(m, pfn, req.order, req.cpu, NULL);
}

/* Source: __alloc_contig_migrate_range() and test_pages_isolated(), v6.12. */
static int empty_range(const struct range *r, struct mmr_error *err)
{
	for (uint32_t pfn = r->start; pfn < r->end;) {
		uint32_t head, tag = block_of(r->cpu->m, pfn, &head);
		int rc;

		if (tag_state(tag) == PAGE_FREE) {
			if (tag_type(tag) != MIGRATE_ISOLATE ||
			    get_pageblock_migratetype(r->cpu->m, head) != MIGRATE_ISOLATE)
				return mmr_err(err, -EBUSY,
					       "range %u..%u: the free block at %u is not isolated", r->start,
					       r->end, head);
			pfn = head + (1u << tag_order(tag));
			continue;
		}
		rc = migrate_away(r, head, tag, err);
		if (rc)
			return rc;
	}
	return 0;
}

/*
 * Take the free blocks over the range; what they have beyond it goes back page by page.
 * Source: isolate_freepages_range(), mm/compaction.c, and the end of alloc_contig_range(), v6.12.
 */
static void take_range(const struct range *r)
{
	struct mmr_machine *m = r->cpu->m;
	uint32_t head, pfn = r->start;

	block_of(m, r->start, &head);
	while (pfn < r->end) {
		uint32_t at, tag = block_of(m, pfn, &at);

		zone_lock(r->cpu, r->zone);
		isolate_free_page(r->cpu, r->zone, at, tag_order(tag));
		zone_unlock(r->zone);
		r->cpu->counters.contig_pages += 1u << tag_order(tag);
		pfn = at + (1u << tag_order(tag));
		for (; at < pfn; at++)
			shared_set(m->pages[at].tag,
				   page_tag(r->zone->tag, 0, PAGE_ALLOCATED, MIGRATE_UNMOVABLE));
	}
	mmr_free_contig_range(m, head, r->start - head, r->cpu->id);
	mmr_free_contig_range(m, r->end, pfn - r->end, r->cpu->id);
}

int mmr_alloc_contig_range(struct mmr_machine *m, uint32_t start, uint32_t end, enum migratetype mt,
			   unsigned int cpu, struct mmr_error *err)
{
	const uint32_t mask = PAGEBLOCK_NR_PAGES - 1;
	struct range r = {.start = start, .end = end, .outer_start = start & ~mask};
	int rc;

	if (cpu >= m->nr_cpus || (mt != MIGRATE_MOVABLE && mt != MIGRATE_CMA))
		return mmr_err(err, -EINVAL,
			       "range %u..%u: cpu %u, type %u, expected cpu 0..%u and movable or CMA", start,
			       end, cpu, (unsigned int)mt, m->nr_cpus - 1);
	if (start >= end || end > m->end_pfn)
		return mmr_err(err, -EINVAL, "range %u..%u: expected a range within 0..%u", start, end,
			       m->end_pfn);
	r.cpu = &m->cpus[cpu];
	r.outer_end = (end + mask) & ~mask;
	r.zone = pfn_zone(m, start);
	for (uint32_t pfn = r.outer_start; pfn != r.outer_end; pfn += PAGEBLOCK_NR_PAGES) {
		if (!r.zone || block_zone(m, pfn, PAGEBLOCK_ORDER) != r.zone)
			return mmr_err(err, -EINVAL,
				       "range %u..%u: the pageblock at %u is not RAM of the first one's zone",
				       start, end, pfn);
	}
	rc = start_isolate_page_range(&r, mt, err);
	if (rc)
		return rc;
	drain_all_pages(r.cpu, r.zone);
	rc = empty_range(&r, err);
	if (!rc)
		take_range(&r);
	undo_isolate_page_range(&r, r.outer_end, mt);
	return rc;
}
