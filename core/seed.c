// SPDX-License-Identifier: GPL-2.0-or-later
/* The state a machine starts from: as after boot, or rebuilt list by list from a recording. */
#include <errno.h>

#include "core/list.h"

/* ---- as after boot -------------------------------------------------------------------------- */

/*
 * Free [from, to) in the largest aligned blocks, ascending, each to its list's tail. Blocks of
 * MAX_PAGE_ORDER skip the merge, which has nothing to do, and so touch no page records.
 *
 * Source: memblock_free_all(), mm/memblock.c, and __free_pages_core(), mm/page_alloc.c, v6.12.
 */
static void free_range(struct mmr_cpu *cpu, struct zone *zone, uint32_t from, uint32_t to)
{
	struct mmr_machine *m = cpu->m;

	while (from < to) {
		unsigned int order = from ? (unsigned int)__builtin_ctz(from) : MAX_PAGE_ORDER;

		order = order < MAX_PAGE_ORDER ? order : MAX_PAGE_ORDER;
		while (from + (1u << order) > to)
			order--;
		if (order == MAX_PAGE_ORDER)
			add_to_free_list(m, zone, from, order, get_pageblock_migratetype(m, from), true);
		else
			free_one_page_locked(cpu, zone, from, order, get_pageblock_migratetype(m, from),
					     FPI_TO_TAIL);
		from += 1u << order;
	}
}

/* All of a zone's RAM but the first pages, which boot took: as many as are present but not managed. */
static void seed_zone(struct mmr_cpu *cpu, struct zone *zone)
{
	struct mmr_machine *m = cpu->m;
	uint32_t skip = zone_usable_pages(m, zone) - zone->managed_pages;
	uint32_t zone_end = zone->zone_start_pfn + zone->spanned_pages;

	for (unsigned int r = 0; r < m->nr_ranges; r++) {
		uint32_t from = m->ranges[r].start_pfn, to = from + m->ranges[r].nr_pages;
		uint32_t boot;

		from = from > zone->zone_start_pfn ? from : zone->zone_start_pfn;
		to = to < zone_end ? to : zone_end;
		if (from >= to)
			continue;
		boot = skip < to - from ? skip : to - from;
		skip -= boot;
		free_range(cpu, zone, from + boot, to);
	}
	if (m->profile.shuffle)
		shuffle_zone(m, zone);
	for (unsigned int i = 0; i < m->nr_cpus; i++)
		zone->per_cpu_zonestats[i].vm_stat_diff = 0;
	zone->vm_stat_free = (int64_t)zone_list_pages(zone, false);
	m->seeded_pages += zone->managed_pages;
}

void mmr_seed_empty(struct mmr_machine *m)
{
	machine_reset(m);
	for (unsigned int i = 0; i < m->nr_zones; i++)
		seed_zone(&m->cpus[0], m->zones[i]);
}

/* ---- from a recording ----------------------------------------------------------------------- */

/* Keeps the zone's count of isolated pageblocks; kernel lines with a bit for it get the bit. */
static void seed_isolation(struct mmr_machine *m, uint32_t pfn, bool isolate)
{
	uint32_t *block = &m->pageblocks[pfn >> PAGEBLOCK_ORDER];
	bool was = get_pageblock_migratetype(m, pfn) == MIGRATE_ISOLATE;

	if (*block >> PB_ZONE_SHIFT != PB_NO_ZONE)
		m->zones[tag_zone_place(*block >> PB_ZONE_SHIFT)]->nr_isolate_pageblock +=
			(uint32_t)isolate - was;
	*block &= ~PB_ISOLATE;
	if (isolate && m->profile.isolate_bit)
		*block |= PB_ISOLATE;
}

int mmr_seed_pageblock(struct mmr_machine *m, uint32_t pfn, enum migratetype mt, struct mmr_error *err)
{
	if ((unsigned int)mt >= MIGRATE_TYPES)
		return mmr_err(err, -EINVAL, "pageblock of pfn %u: type %d, expected below %d", pfn, mt,
			       MIGRATE_TYPES);
	if (pfn >= m->end_pfn || !pfn_zone(m, pfn))
		return mmr_err(err, -EINVAL, "pageblock of pfn %u: no zone spans it", pfn);
	seed_isolation(m, pfn, mt == MIGRATE_ISOLATE);
	if (mt != MIGRATE_ISOLATE || !m->profile.isolate_bit)
		set_pageblock_migratetype(m, pfn, mt);
	return 0;
}

/* Is any record set inside the block, other than by a longer block around it? */
static bool holds_blocks(const struct mmr_machine *m, uint32_t pfn, unsigned int order)
{
	uint32_t end = pfn + (1u << order);

	if (order >= PAGEBLOCK_ORDER) {
		/* Spare reading records that no seed has touched. */
		bool seeded = false;

		for (uint32_t block = pfn; block < end; block += PAGEBLOCK_NR_PAGES)
			seeded |= m->pageblocks[block >> PAGEBLOCK_ORDER] & PB_SEEDED;
		if (!seeded)
			return false;
	}
	for (; pfn < end; pfn++) {
		if (m->pages[pfn].tag)
			return true;
	}
	return false;
}

static bool inside_a_block(const struct mmr_machine *m, uint32_t pfn)
{
	if (m->max_blocks[pfn >> MAX_PAGE_ORDER].tag)
		return true;
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		uint32_t tag = m->pages[pfn & ~((1u << order) - 1)].tag;

		if (tag && tag_order(tag) >= order)
			return true;
	}
	return false;
}

/* Return: the zone a seeded block goes to, NULL where it cannot lie there. */
struct zone *seed_block(struct mmr_machine *m, const char *what, uint32_t pfn, unsigned int order,
			enum migratetype mt, struct mmr_error *err)
{
	struct zone *zone = block_zone(m, pfn, order);

	if ((unsigned int)mt >= MIGRATE_TYPES) {
		mmr_err(err, -EINVAL, "%s pfn %u order %u: type %d, expected below %d", what, pfn, order, mt,
			MIGRATE_TYPES);
		return NULL;
	}
	if (!zone) {
		mmr_err(err, -EINVAL, "%s pfn %u order %u: not an aligned block of RAM in one zone", what, pfn,
			order);
		return NULL;
	}
	if (inside_a_block(m, pfn) || holds_blocks(m, pfn, order)) {
		mmr_err(err, -EINVAL, "%s pfn %u order %u: overlaps a block seeded before", what, pfn, order);
		return NULL;
	}
	if (order < MAX_PAGE_ORDER)
		m->pageblocks[pfn >> PAGEBLOCK_ORDER] |= PB_SEEDED;
	m->seeded_pages += 1u << order;
	return zone;
}

int mmr_seed_free_block(struct mmr_machine *m, uint32_t pfn, unsigned int order, enum migratetype mt,
			struct mmr_error *err)
{
	struct zone *zone = seed_block(m, "free block", pfn, order, mt, err);

	if (!zone)
		return -EINVAL;
	add_to_free_list(m, zone, pfn, order, mt, true);
	if (mt != MIGRATE_ISOLATE)
		zone->vm_stat_free += 1u << order;
	if (mt == MIGRATE_CMA) {
		zone->nr_free_cma += 1u << order;
		m->cma = true;
	}
	if (mt == MIGRATE_HIGHATOMIC)
		zone->nr_free_highatomic += 1u << order;
	update_unusable_highatomic(m, zone);
	return 0;
}

int mmr_seed_pcp_page(struct mmr_machine *m, unsigned int cpu, uint32_t pfn, unsigned int order,
		      enum migratetype mt, struct mmr_error *err)
{
	struct per_cpu_pages *pcp;
	struct zone *zone;

	if (cpu >= m->nr_cpus)
		return mmr_err(err, -EINVAL, "pcp page pfn %u: cpu %u, the machine has 0..%u", pfn, cpu,
			       m->nr_cpus - 1);
	if (order > MAX_PAGE_ORDER || !pcp_allowed_order(order))
		return mmr_err(err, -EINVAL,
			       "pcp page pfn %u: order %u, per-CPU lists hold orders 0..%d and %d", pfn, order,
			       PAGE_ALLOC_COSTLY_ORDER, HPAGE_PMD_ORDER);
	if (mt == MIGRATE_ISOLATE)
		return mmr_err(err, -EINVAL, "pcp page pfn %u: isolated pages do not go to per-CPU lists", pfn);
	zone = seed_block(m, "pcp page", pfn, order, mt, err);
	if (!zone)
		return -EINVAL;
	pcp = &zone->per_cpu_pageset[cpu];
	m->pages[pfn].tag = page_tag(zone->tag, order, PAGE_PCP, mt);
	pcp_list_add_tail(m, &pcp->lists[order_to_pindex(mt < MIGRATE_PCPTYPES ? mt : MIGRATE_MOVABLE, order)],
			  pfn);
	pcp->count += 1 << order;
	return 0;
}

static struct zone *named_zone(struct mmr_machine *m, unsigned int nid, enum zone_type zone,
			       struct mmr_error *err)
{
	if (nid < m->nr_nodes && (unsigned int)zone < MAX_NR_ZONES &&
	    m->nodes[nid].node_zones[zone].spanned_pages)
		return &m->nodes[nid].node_zones[zone];
	mmr_err(err, -EINVAL, "node %u zone %s: the machine has none", nid, mmr_zone_name(zone));
	return NULL;
}

int mmr_seed_pcp_state(struct mmr_machine *m, unsigned int cpu, unsigned int nid, enum zone_type zone_type,
		       const struct mmr_pcp_state *state, struct mmr_error *err)
{
	struct zone *zone = named_zone(m, nid, zone_type, err);
	struct per_cpu_pages *pcp;

	if (!zone)
		return -EINVAL;
	if (cpu >= m->nr_cpus)
		return mmr_err(err, -EINVAL, "pcp state: cpu %u, the machine has 0..%u", cpu, m->nr_cpus - 1);
	if (!state->batch || state->batch > 1u << 16 || state->high > INT32_MAX / 2 ||
	    state->high_min > INT32_MAX / 2 || state->high_max > INT32_MAX / 2 || state->alloc_factor > 6 ||
	    state->free_count > 1u << 24)
		return mmr_err(err, -EINVAL,
			       "pcp state of cpu %u node %u zone %s: batch %u, high %u in %u..%u, alloc_factor "
			       "%u, free_count %u are impossible",
			       cpu, nid, mmr_zone_name(zone_type), state->batch, state->high, state->high_min,
			       state->high_max, state->alloc_factor, state->free_count);
	pcp = &zone->per_cpu_pageset[cpu];
	pcp->high = (int32_t)state->high;
	pcp->high_min = (int32_t)state->high_min;
	pcp->high_max = (int32_t)state->high_max;
	pcp->batch = (int32_t)state->batch;
	pcp->free_count = (int32_t)state->free_count;
	set_free_count_limit(m, pcp);
	pcp->alloc_factor = state->alloc_factor;
	pcp->flags = state->flags;
	pcp->expire = state->expire;
	return 0;
}

int mmr_seed_zone_state(struct mmr_machine *m, unsigned int nid, enum zone_type zone_type,
			const struct mmr_zone_state *state, struct mmr_error *err)
{
	struct zone *zone = named_zone(m, nid, zone_type, err);

	if (!zone)
		return -EINVAL;
	zone->watermark_boost = state->watermark_boost;
	zone->flags = state->flags;
	zone->nr_reserved_highatomic = state->nr_reserved_highatomic;
	update_unusable_highatomic(m, zone);
	return 0;
}
