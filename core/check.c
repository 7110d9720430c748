// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks the whole model and reports the first broken invariant: the oracle of the tests. */
#include <errno.h>
#include <stdlib.h>

#include "core/list.h"

/* What one pass over the page records of the machine counts. */
struct tally {
	uint64_t free, pcp, allocated;
};

static int broken(struct mmr_error *err, const struct zone *zone, uint32_t pfn, const char *what,
		  uint64_t found, uint64_t expected)
{
	return mmr_err(err, -EUCLEAN, "node %u zone %s pfn %u: %s: found %llu, expected %llu", zone->node,
		       mmr_zone_name((enum zone_type)(zone->id & 7)), pfn, what, (unsigned long long)found,
		       (unsigned long long)expected);
}

/* Does the kernel line keep every free page on the list of its pageblock's type? */
static bool has_hygiene(const struct kernel_profile *profile)
{
	return profile->hygiene && profile->merge_retype && profile->split_large_frees &&
	       profile->steal != STEAL_OLD;
}

/* ---- free lists ------------------------------------------------------------------------------ */

static int check_free_block(const struct mmr_machine *m, const struct zone *zone, uint32_t pfn,
			    unsigned int order, unsigned int mt, struct mmr_error *err)
{
	uint32_t tag = free_record(m, pfn, order)->tag, buddy = pfn ^ (1u << order);

	if (block_zone(m, pfn, order) != zone)
		return broken(err, zone, pfn, "free block is not an aligned block of RAM of its zone, order",
			      order, order);
	if (tag != page_tag(zone->tag, order, PAGE_FREE, mt))
		return broken(err, zone, pfn, "record of a listed free block", tag,
			      page_tag(zone->tag, order, PAGE_FREE, mt));
	if (order == MAX_PAGE_ORDER && m->pages[pfn].tag)
		return broken(err, zone, pfn, "page record under a free block of the largest order",
			      m->pages[pfn].tag, 0);
	if (has_hygiene(&m->profile) && get_pageblock_migratetype(m, pfn) != mt)
		return broken(err, zone, pfn, "pageblock type of a free block against its list",
			      get_pageblock_migratetype(m, pfn), mt);
	if (order < PAGEBLOCK_ORDER && pfn < buddy && tag_is(m->pages[buddy].tag, zone->tag, order, PAGE_FREE))
		return broken(err, zone, pfn, "two free buddies are not merged, order", order, order + 1);
	return 0;
}

static int check_free_list(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
			   unsigned int mt, struct mmr_error *err)
{
	const struct free_list *list = &zone->free_area[order].free_list[mt];
	uint32_t prev = MMR_NO_PFN, nr = 0;

	for (uint32_t pfn = list->head; pfn != MMR_NO_PFN; pfn = free_record(m, pfn, order)->next) {
		if (pfn >= m->end_pfn)
			return broken(err, zone, pfn, "link beyond the end of memory", pfn, m->end_pfn);
		if (free_record(m, pfn, order)->prev != prev)
			return broken(err, zone, pfn, "back link of a free list",
				      free_record(m, pfn, order)->prev, prev);
		if (++nr > list->nr)
			return broken(err, zone, pfn, "blocks on a free list", nr, list->nr);
		int rc = check_free_block(m, zone, pfn, order, mt, err);

		if (rc)
			return rc;
		prev = pfn;
	}
	if (nr != list->nr)
		return broken(err, zone, prev, "blocks on a free list", nr, list->nr);
	if (nr && list->tail != prev)
		return broken(err, zone, list->tail, "tail of a free list", list->tail, prev);
	return 0;
}

static int check_counters(const struct mmr_machine *m, const struct zone *zone, struct mmr_error *err)
{
	int64_t counter = zone->vm_stat_free;
	uint64_t highatomic = 0, cma = 0;

	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++) {
		const struct per_cpu_zonestat *stat = &zone->per_cpu_zonestats[cpu];

		/* A threshold that has sunk binds only from the CPU's next change on. */
		if (abs(stat->vm_stat_diff) > zone->highest_stat_threshold)
			return broken(err, zone, cpu, "pending count of a CPU beyond the threshold",
				      (uint64_t)abs(stat->vm_stat_diff),
				      (uint64_t)zone->highest_stat_threshold);
		counter += stat->vm_stat_diff;
	}
	if (counter != (int64_t)zone_list_pages(zone, false))
		return broken(err, zone, zone->zone_start_pfn, "NR_FREE_PAGES with per-CPU parts",
			      (uint64_t)counter, zone_list_pages(zone, false));
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		highatomic += (uint64_t)zone->free_area[order].free_list[MIGRATE_HIGHATOMIC].nr << order;
		cma += (uint64_t)zone->free_area[order].free_list[MIGRATE_CMA].nr << order;
	}
	if (zone->nr_free_highatomic != highatomic)
		return broken(err, zone, zone->zone_start_pfn, "free pages on highatomic lists",
			      zone->nr_free_highatomic, highatomic);
	if (zone->nr_free_cma != cma)
		return broken(err, zone, zone->zone_start_pfn, "free pages on CMA lists", zone->nr_free_cma,
			      cma);
	return 0;
}

/* ---- per-CPU lists --------------------------------------------------------------------------- */

static int check_pcp(const struct mmr_machine *m, const struct zone *zone, unsigned int cpu,
		     struct mmr_error *err)
{
	const struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];
	int64_t count = 0;

	for (unsigned int pindex = 0; pindex < NR_PCP_LISTS; pindex++) {
		const struct pcp_list *list = &pcp->lists[pindex];
		unsigned int order = pindex_to_order(pindex);
		uint32_t pfn = list->head, prev = MMR_NO_PFN;

		while (pfn != MMR_NO_PFN) {
			uint32_t tag;

			if (block_zone(m, pfn, order) != zone)
				return broken(err, zone, pfn, "page on a per-CPU list of another zone, cpu",
					      cpu, cpu);
			tag = m->pages[pfn].tag;
			if (!tag_is(tag, zone->tag, order, PAGE_PCP))
				return broken(err, zone, pfn, "record of a page on a per-CPU list", tag,
					      page_tag(zone->tag, order, PAGE_PCP, 0));
			if (prev != MMR_NO_PFN && m->pages[pfn].prev != prev)
				return broken(err, zone, pfn, "back link of a per-CPU list", m->pages[pfn].prev,
					      prev);
			count += 1 << order;
			if (count > pcp->count)
				return broken(err, zone, pfn, "pages on a CPU's lists", (uint64_t)count,
					      (uint64_t)pcp->count);
			prev = pfn;
			pfn = pfn == list->tail ? MMR_NO_PFN : m->pages[pfn].next;
		}
		if (!pcp_list_empty(list) && prev != list->tail)
			return broken(err, zone, prev, "tail of a per-CPU list", prev, list->tail);
	}
	if (count != pcp->count)
		return broken(err, zone, cpu, "pages on a CPU's lists", (uint64_t)count, (uint64_t)pcp->count);
	return 0;
}

/* ---- the records, in order of address -------------------------------------------------------- */

/* No two blocks overlap; a tail's record is zero. */
static int check_records(const struct mmr_machine *m, const struct zone *zone, struct tally *tally,
			 struct mmr_error *err)
{
	uint32_t pfn = zone->zone_start_pfn, zone_end = pfn + zone->spanned_pages, busy_end = pfn, busy = pfn;

	for (; pfn < zone_end; pfn++) {
		uint32_t tag = m->pages[pfn].tag;

		if (!(pfn & (MAX_ORDER_NR_PAGES - 1)) && m->max_blocks[pfn >> MAX_PAGE_ORDER].tag) {
			if (tag)
				return broken(err, zone, pfn, "two records for one block", tag, 0);
			tag = m->max_blocks[pfn >> MAX_PAGE_ORDER].tag;
		}
		if (!tag)
			continue;
		if (pfn < busy_end)
			return broken(err, zone, pfn, "page is inside another block, whose head is", busy, pfn);
		if (tag_zone(tag) != zone->tag)
			return broken(err, zone, pfn, "zone of a record", tag_zone(tag), zone->tag);
		busy = pfn;
		busy_end = pfn + (1u << tag_order(tag));
		if (tag_state(tag) == PAGE_FREE)
			tally->free += 1u << tag_order(tag);
		else if (tag_state(tag) == PAGE_PCP)
			tally->pcp += 1u << tag_order(tag);
		else
			tally->allocated += 1u << tag_order(tag);
	}
	return 0;
}

/* What was put in, less what was taken and not given back, is what is there. */
static int check_conservation(const struct mmr_machine *m, uint64_t there, struct mmr_error *err)
{
	struct mmr_counters counters;
	uint64_t expected;

	mmr_counters_read(m, &counters);
	expected = m->seeded_pages + counters.free_pages - counters.alloc_pages - counters.contig_pages -
		   counters.compact_migrated_pages;
	if (there != expected)
		return mmr_err(err, -EUCLEAN,
			       "machine: %llu pages are on free and per-CPU lists, expected %llu: %llu seeded, "
			       "%llu freed, %llu allocated",
			       (unsigned long long)there, (unsigned long long)expected,
			       (unsigned long long)m->seeded_pages, (unsigned long long)counters.free_pages,
			       (unsigned long long)counters.alloc_pages);
	return 0;
}

/* What waits for the zone's lock has the records of pages on a per-CPU list. */
static int check_deferred(const struct mmr_machine *m, const struct zone *zone, uint64_t *pages,
			  struct mmr_error *err)
{
	uint32_t pfn = zone->trylock_free_pages;

	for (uint64_t nr = 0; pfn != MMR_NO_PFN; pfn = m->pages[pfn].next) {
		if (pfn >= m->end_pfn || ++nr > zone->spanned_pages)
			return broken(err, zone, pfn, "blocks that wait for the lock", nr, zone->spanned_pages);
		if (tag_state(m->pages[pfn].tag) != PAGE_PCP || tag_zone(m->pages[pfn].tag) != zone->tag)
			return broken(err, zone, pfn, "record of a block that waits for the lock",
				      m->pages[pfn].tag,
				      page_tag(zone->tag, tag_order(m->pages[pfn].tag), PAGE_PCP, 0));
		*pages += 1u << tag_order(m->pages[pfn].tag);
	}
	return 0;
}

/* The count of isolated pageblocks decides whether drains look at the types again. */
static int check_isolated(const struct mmr_machine *m, const struct zone *zone, struct mmr_error *err)
{
	uint32_t end = (zone->zone_start_pfn + zone->spanned_pages) >> PAGEBLOCK_ORDER, nr = 0;

	for (uint32_t i = zone->zone_start_pfn >> PAGEBLOCK_ORDER; i < end; i++)
		nr += m->pageblocks[i] >> PB_ZONE_SHIFT == zone->tag &&
		      get_pageblock_migratetype(m, i << PAGEBLOCK_ORDER) == MIGRATE_ISOLATE;
	if (nr != zone->nr_isolate_pageblock)
		return broken(err, zone, zone->zone_start_pfn, "isolated pageblocks",
			      zone->nr_isolate_pageblock, nr);
	return 0;
}

static int check_zone(const struct mmr_machine *m, const struct zone *zone, uint64_t *there,
		      struct mmr_error *err)
{
	struct tally tally = {0};
	uint64_t pcp = 0;
	int rc;

	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
			rc = check_free_list(m, zone, order, mt, err);
			if (rc)
				return rc;
		}
	}
	rc = check_counters(m, zone, err);
	if (!rc)
		rc = check_isolated(m, zone, err);
	if (!rc)
		rc = check_deferred(m, zone, &pcp, err);
	for (unsigned int cpu = 0; !rc && cpu < m->nr_cpus; cpu++) {
		rc = check_pcp(m, zone, cpu, err);
		pcp += (uint64_t)zone->per_cpu_pageset[cpu].count;
	}
	if (!rc)
		rc = check_records(m, zone, &tally, err);
	if (rc)
		return rc;
	if (tally.free != zone_list_pages(zone, true))
		return broken(err, zone, zone->zone_start_pfn, "pages with a free record", tally.free,
			      zone_list_pages(zone, true));
	if (tally.pcp != pcp)
		return broken(err, zone, zone->zone_start_pfn, "pages with a per-CPU record", tally.pcp, pcp);
	*there += tally.free + tally.pcp;
	return 0;
}

/* CPUs: who is offline has nothing, and between calls nobody is being served. */
static int check_cpus(const struct mmr_machine *m, struct mmr_error *err)
{
	unsigned int online = 0, of_nodes = 0;

	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++) {
		bool offline = !mmr_cpu_online(m, cpu);

		online += !offline;
		if (m->cpus[cpu].current || m->cpus[cpu].capture_control)
			return mmr_err(err, -EUCLEAN, "cpu %u: a request is being served, expected none", cpu);
		for (unsigned int i = 0; i < m->nr_zones; i++) {
			const struct zone *zone = m->zones[i];

			if (zone->per_cpu_pageset[cpu].offline != offline)
				return broken(err, zone, cpu, "cpu is offline in this zone alone", !offline,
					      offline);
			if (offline && zone->per_cpu_pageset[cpu].count)
				return broken(err, zone, cpu, "pages on the lists of an offline cpu",
					      (uint64_t)zone->per_cpu_pageset[cpu].count, 0);
			if (offline && zone->per_cpu_zonestats[cpu].vm_stat_diff)
				return broken(err, zone, cpu, "pending count of an offline cpu",
					      (uint64_t)abs(zone->per_cpu_zonestats[cpu].vm_stat_diff), 0);
		}
	}
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		of_nodes += m->nodes[nid].nr_cpus;
	if (online != m->nr_online_cpus || online != of_nodes)
		return mmr_err(err, -EUCLEAN, "machine: %u cpus are online, it counts %u, its nodes %u", online,
			       m->nr_online_cpus, of_nodes);
	return 0;
}

int mmr_check(const struct mmr_machine *m, struct mmr_error *err)
{
	uint64_t there = 0;
	int rc = mmr_machine_damage(m, err);

	if (!rc)
		rc = check_cpus(m, err);
	if (rc)
		return rc;
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		rc = check_zone(m, m->zones[i], &there, err);
		if (rc)
			return rc;
	}
	return check_conservation(m, there, err);
}
