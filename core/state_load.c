// SPDX-License-Identifier: GPL-2.0-or-later
/* A machine's state from bytes: nothing is believed before it was checked. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/list.h"
#include "core/state.h"
#include "core/state_internal.h"

struct loader {
	struct mmr_machine *m;
	struct state_end in;
	ssize_t (*get)(void *ctx, uint8_t *bytes, size_t nr);
	void *ctx;
	bool same_types; /* lists as the saved line kept them */
	bool same_pcp;
	struct mmr_error *err;
};

static int bad(struct loader *l, const char *what)
{
	if (!l->in.rc)
		l->in.rc = mmr_err(l->err, -EBADMSG, "saved state: %s", what);
	return l->in.rc;
}

static uint8_t get_byte(struct loader *l)
{
	if (l->in.at == l->in.nr && !l->in.rc) {
		ssize_t nr = l->get(l->ctx, l->in.bytes, sizeof(l->in.bytes));

		if (nr < 0)
			l->in.rc = (int)nr;
		else if (nr == 0)
			bad(l, "it ends too early");
		l->in.at = 0;
		l->in.nr = nr > 0 ? (size_t)nr : 0;
	}
	return l->in.rc ? 0 : l->in.bytes[l->in.at++];
}

/* 0 after an error, which is sticky: callers check once per piece. */
static uint64_t get_word(struct loader *l)
{
	uint64_t word = 0;

	for (unsigned int shift = 0; shift < 70; shift += 7) {
		uint8_t byte = get_byte(l);

		if (shift < 64)
			word |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return l->in.rc ? 0 : word;
	}
	bad(l, "a number of more than 64 bits");
	return 0;
}

static int64_t get_signed(struct loader *l)
{
	uint64_t word = get_word(l);

	return (int64_t)(word >> 1) ^ -(int64_t)(word & 1);
}

/* A number of at most @max; anything else makes no sense. */
static uint64_t get_upto(struct loader *l, uint64_t max, const char *what)
{
	uint64_t word = get_word(l);

	if (word > max)
		bad(l, what);
	return l->in.rc ? 0 : word;
}

/* ---- which machine ---------------------------------------------------------------------------- */

static int another_machine(struct loader *l, const char *what, uint64_t found, uint64_t expected)
{
	if (!l->in.rc)
		l->in.rc = mmr_err(l->err, -EINVAL, "saved state of another machine: %s %llu, expected %llu",
				   what, (unsigned long long)found, (unsigned long long)expected);
	return l->in.rc;
}

static int expect(struct loader *l, const char *what, uint64_t expected)
{
	uint64_t found = get_word(l);

	return !l->in.rc && found != expected ? another_machine(l, what, found, expected) : l->in.rc;
}

static int check_zones(struct loader *l)
{
	char what[80];

	if (expect(l, "zones", l->m->nr_zones))
		return l->in.rc;
	for (unsigned int i = 0; i < l->m->nr_zones && !l->in.rc; i++) {
		const struct zone *zone = l->m->zones[i];
		const struct {
			const char *name;
			uint64_t value;
		} parts[] = {{"id", zone->id},
			     {"first pfn", zone->zone_start_pfn},
			     {"spanned pages", zone->spanned_pages},
			     {"managed pages", zone->managed_pages}};

		for (size_t p = 0; p < 4 && !l->in.rc; p++) {
			snprintf(what, sizeof(what), "node %u zone %s: %s", zone->node,
				 mmr_zone_name((enum zone_type)zone_idx(zone)), parts[p].name);
			expect(l, what, parts[p].value);
		}
	}
	return l->in.rc;
}

static int check_machine(struct loader *l)
{
	const struct mmr_machine *m = l->m;
	uint64_t version = get_word(l), len;

	if (!l->in.rc && version != MMR_STATE_VERSION)
		l->in.rc = mmr_err(l->err, -EINVAL, "saved state: version %llu, this build reads %u",
				   (unsigned long long)version, MMR_STATE_VERSION);
	expect(l, "nodes", m->nr_nodes);
	expect(l, "CPUs", m->nr_cpus);
	for (unsigned int cpu = 0; cpu < m->nr_cpus && !l->in.rc; cpu++) {
		char what[40];

		snprintf(what, sizeof(what), "CPU %u on node", cpu);
		expect(l, what, m->cpu_node[cpu]);
	}
	/* Who was offline has empty lists. Here all are online; the caller takes them offline again. */
	get_upto(l, m->nr_cpus, "more CPUs online than there are");
	if (l->in.rc || check_zones(l) || expect(l, "ranges of RAM", m->nr_ranges))
		return l->in.rc;
	for (unsigned int i = 0; i < m->nr_ranges && !l->in.rc; i++) {
		expect(l, "a range of RAM from pfn", m->ranges[i].start_pfn);
		expect(l, "a range of RAM of pages", m->ranges[i].nr_pages);
	}
	len = get_upto(l, KERNEL_PROFILE_NAME_MAX, "the name of its kernel line is too long");
	while (len-- && !l->in.rc)
		get_word(l);
	l->same_types = get_word(l) || !state_keeps_types(&m->profile);
	l->same_pcp = get_word(l) == m->profile.pcp;
	return l->in.rc;
}

/* ---- blocks ------------------------------------------------------------------------------------ */

/* A block that no list has yet. Return: its zone; NULL after an error. */
static struct zone *new_block(struct loader *l, uint64_t pfn, unsigned int order, unsigned int mt)
{
	struct zone *zone;

	if (l->in.rc)
		return NULL;
	if (pfn >= l->m->end_pfn) {
		bad(l, "a block beyond the end of memory");
		return NULL;
	}
	zone = seed_block(l->m, "saved block", (uint32_t)pfn, order, (enum migratetype)mt, l->err);
	if (!zone)
		l->in.rc = -EBADMSG;
	return zone;
}

static void get_free_list(struct loader *l, struct zone *zone, unsigned int order, unsigned int mt)
{
	uint64_t nr = get_upto(l, zone->spanned_pages >> order, "more free blocks than a zone has");
	uint32_t before = zone->zone_start_pfn >> order;

	while (nr-- && !l->in.rc) {
		uint64_t pfn = (before + (uint64_t)get_signed(l)) << order;
		struct zone *found = new_block(l, pfn, order, mt);
		unsigned int list = mt;

		if (!found)
			return;
		if (found != zone) {
			bad(l, "a free block on the list of another zone");
			return;
		}
		if (!l->same_types)
			list = get_pageblock_migratetype(l->m, (uint32_t)pfn);
		add_to_free_list(l->m, zone, (uint32_t)pfn, order, list, true);
		before = (uint32_t)(pfn >> order);
	}
}

static void get_pageblocks(struct loader *l, struct zone *zone)
{
	uint32_t block = zone->zone_start_pfn >> PAGEBLOCK_ORDER;
	uint32_t last = (zone->zone_start_pfn + zone->spanned_pages - 1) >> PAGEBLOCK_ORDER;

	while (block <= last && !l->in.rc) {
		uint64_t nr = get_upto(l, last - block + 1, "more pageblocks than a zone has");
		uint64_t word =
			get_upto(l, STATE_SKIP | STATE_ISOLATE | PB_TYPE_MASK, "a pageblock of no type");
		unsigned int mt = word & PB_TYPE_MASK;

		if (!nr || mt >= MIGRATE_TYPES) {
			bad(l, "a pageblock of no type");
			return;
		}
		for (; nr; nr--, block++) {
			uint32_t pfn = block << PAGEBLOCK_ORDER;

			pfn = pfn > zone->zone_start_pfn ? pfn : zone->zone_start_pfn;
			mmr_seed_pageblock(l->m, pfn, (enum migratetype)mt, NULL);
			if (word & STATE_ISOLATE)
				mmr_seed_pageblock(l->m, pfn, MIGRATE_ISOLATE, NULL);
			if (word & STATE_SKIP)
				l->m->pageblocks[block] |= PB_SKIP;
		}
	}
}

static void get_pcp_list(struct loader *l, struct zone *zone, struct per_cpu_pages *pcp, unsigned int index)
{
	uint64_t nr = get_upto(l, zone->spanned_pages, "more pages on a per-CPU list than a zone has");
	unsigned int order = pindex_to_order(index);
	uint32_t before = zone->zone_start_pfn;

	while (nr-- && !l->in.rc) {
		uint64_t pfn = before + (uint64_t)get_signed(l);
		unsigned int mt = (unsigned int)get_upto(l, MIGRATE_TYPES - 1, "a per-CPU page of no type");

		if (new_block(l, pfn, order, mt) != zone) {
			bad(l, "a page on the per-CPU list of another zone");
			return;
		}
		l->m->pages[pfn].tag = page_tag(zone->tag, order, PAGE_PCP, mt);
		pcp_list_add_tail(l->m, &pcp->lists[index], (uint32_t)pfn);
		pcp->count += 1 << order;
		before = (uint32_t)pfn;
	}
}

static void get_trylock_pages(struct loader *l, struct zone *zone)
{
	uint64_t nr = get_upto(l, zone->spanned_pages, "more deferred frees than a zone has pages");
	uint32_t last = MMR_NO_PFN;

	while (nr-- && !l->in.rc) {
		uint64_t pfn = get_word(l);
		unsigned int order = (unsigned int)get_upto(l, MAX_PAGE_ORDER, "a deferred free of no order");
		unsigned int mt = (unsigned int)get_upto(l, MIGRATE_TYPES - 1, "a deferred free of no type");

		if (new_block(l, pfn, order, mt) != zone) {
			bad(l, "a deferred free of another zone");
			return;
		}
		l->m->pages[pfn].tag = page_tag(zone->tag, order, PAGE_PCP, mt);
		l->m->pages[pfn].next = MMR_NO_PFN;
		if (last == MMR_NO_PFN)
			zone->trylock_free_pages = (uint32_t)pfn;
		else
			l->m->pages[last].next = (uint32_t)pfn;
		last = (uint32_t)pfn;
	}
}

/* ---- zones -------------------------------------------------------------------------------------- */

static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* Tuning that was found for lists of these sizes; for others it begins anew, but for the high mark. */
static void set_tuning(const struct loader *l, struct per_cpu_pages *pcp, const struct per_cpu_pages *saved)
{
	bool same_sizes = saved->high_min == pcp->high_min && saved->high_max == pcp->high_max &&
			  saved->batch == pcp->batch;

	if (!l->same_pcp)
		return;
	pcp->flags =
		(uint8_t)((pcp->flags & PCPF_FREE_HIGH_BATCH) | (saved->flags & PCPF_PREV_FREE_HIGH_ORDER));
	pcp->expire = saved->expire;
	if (same_sizes) {
		pcp->high = saved->high;
		pcp->free_count = saved->free_count;
		pcp->alloc_factor = saved->alloc_factor;
	} else if (l->m->profile.pcp == PCP_6_7) {
		pcp->high = clamp(saved->high, pcp->high_min, pcp->high_max);
	}
}

static void get_cpu(struct loader *l, struct zone *zone, unsigned int cpu)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu], saved = {0};
	struct per_cpu_zonestat *stat = &zone->per_cpu_zonestats[cpu];
	int64_t diff = get_signed(l);

	/* While its node is short of pages a CPU folds its counts sooner. */
	stat->stat_threshold = (int32_t)get_upto(l, 1u << 20, "a threshold out of range");
	if (diff > zone->highest_stat_threshold || diff < -(int64_t)zone->highest_stat_threshold)
		bad(l, "a pending count beyond its threshold");
	stat->vm_stat_diff = (int32_t)diff;
#define GET_PCP(field)                                                                                         \
	saved.field = (__typeof__(saved.field))get_upto(l, INT32_MAX, "a per-CPU list out of range");
	STATE_PCP_FIELDS(GET_PCP)
	if (saved.alloc_factor > 6 || saved.free_count > 1 << 24 || saved.high > INT32_MAX / 2)
		bad(l, "a per-CPU list out of range");
	set_tuning(l, pcp, &saved);
	for (unsigned int i = 0; i < NR_PCP_LISTS && !l->in.rc; i++)
		get_pcp_list(l, zone, pcp, i);
}

/* What depends on the lists' types, where they are not the saved ones. */
static void recount_types(const struct mmr_machine *m, struct zone *zone)
{
	zone->vm_stat_free = (int64_t)zone_list_pages(zone, false);
	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++)
		zone->vm_stat_free -= zone->per_cpu_zonestats[cpu].vm_stat_diff;
	zone->nr_free_cma = zone->nr_free_highatomic = 0;
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		const struct free_list *lists = zone->free_area[order].free_list;

		zone->nr_free_cma += lists[MIGRATE_CMA].nr << order;
		zone->nr_free_highatomic += lists[MIGRATE_HIGHATOMIC].nr << order;
	}
}

/* Cursors of scanners must lie in the zone they scan. */
static bool cursors_fit(const struct zone *zone)
{
	if (zone->highest_stat_threshold < 0 || zone->highest_stat_threshold > 1 << 20 ||
	    zone->reclaim_hand >= zone->spanned_pages || zone->compact_order_failed > NR_PAGE_ORDERS ||
	    zone->compact_defer_shift > 6 || zone->reclaim_dry > 6)
		return false;
	return !(zone->compact_flags & COMPACT_SCANNERS_SET) ||
	       (zone->compact_cached_migrate_pfn - zone->zone_start_pfn <=
			zone->spanned_pages + PAGEBLOCK_NR_PAGES &&
		zone->compact_cached_free_pfn + PAGEBLOCK_NR_PAGES - zone->zone_start_pfn <=
			zone->spanned_pages + PAGEBLOCK_NR_PAGES);
}

static void get_zone(struct loader *l, struct zone *zone)
{
	zone->vm_stat_free = get_signed(l);
#define GET_ZONE(field) zone->field = (__typeof__(zone->field))get_word(l);
	STATE_ZONE_FIELDS(GET_ZONE)
	zone->compact_flags &= COMPACT_SCANNERS_SET | COMPACT_BLOCKSKIP_FLUSH;
	zone->flags &= (1u << ZONE_BOOSTED_WATERMARK | 1u << ZONE_RECLAIM_ACTIVE | 1u << ZONE_BELOW_HIGH);
	if (!cursors_fit(zone))
		bad(l, "a scanner beyond its zone");
	get_pageblocks(l, zone);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		for (unsigned int mt = 0; mt < MIGRATE_TYPES && !l->in.rc; mt++)
			get_free_list(l, zone, order, mt);
	get_trylock_pages(l, zone);
	for (unsigned int cpu = 0; cpu < l->m->nr_cpus && !l->in.rc; cpu++)
		get_cpu(l, zone, cpu);
	if (!l->same_types)
		recount_types(l->m, zone);
	update_unusable_highatomic(l->m, zone);
}

static void get_nodes(struct loader *l)
{
	l->m->dirty_ratio = (uint8_t)get_upto(l, 100, "a dirty ratio above 100");
	for (unsigned int nid = 0; nid < l->m->nr_nodes; nid++) {
		struct pglist_data *pgdat = &l->m->nodes[nid];

#define GET_NODE(field) pgdat->field = (__typeof__(pgdat->field))get_word(l);
		STATE_NODE_FIELDS(GET_NODE)
		if (pgdat->kswapd_order > MAX_PAGE_ORDER || pgdat->kswapd_highest_zoneidx >= MAX_NR_ZONES)
			bad(l, "a kswapd woken for no zone");
		if (pgdat->kcompactd_max_order > MAX_PAGE_ORDER ||
		    pgdat->kcompactd_highest_zoneidx >= MAX_NR_ZONES)
			bad(l, "a kcompactd woken for no zone");
	}
}

static void get_allocated(struct loader *l)
{
	uint64_t at = 0, nr;

	while ((nr = get_upto(l, l->m->end_pfn, "more allocated blocks than pages")) && !l->in.rc) {
		uint64_t gap = get_upto(l, l->m->end_pfn, "an allocated block beyond the end of memory");
		uint64_t kind = get_upto(l, MAX_PAGE_ORDER << 4 | 0xf, "an allocated block of no order");
		unsigned int order = (unsigned int)kind >> 4, mt = kind & 0xf;

		for (at += gap; nr-- && !l->in.rc; at += 1u << order) {
			struct zone *zone = new_block(l, at, order, mt);

			if (!zone)
				return;
			l->m->pages[at].tag = page_tag(zone->tag, order, PAGE_ALLOCATED, asked_type(mt));
			l->m->seeded_pages -= 1u << order; /* not there to be handed out */
		}
	}
	if (!l->in.rc && get_word(l) != l->m->seeded_pages)
		bad(l, "pages are missing");
}

int mmr_state_load(struct mmr_machine *m, ssize_t (*get)(void *ctx, uint8_t *bytes, size_t nr), void *ctx,
		   struct mmr_error *err)
{
	struct loader l = {.m = m, .get = get, .ctx = ctx, .err = err};

	machine_reset(m);
	if (!check_machine(&l))
		get_nodes(&l);
	for (unsigned int i = 0; i < m->nr_zones && !l.in.rc; i++)
		get_zone(&l, m->zones[i]);
	if (!l.in.rc)
		get_allocated(&l);
	if (l.in.rc)
		machine_reset(m);
	return l.in.rc;
}

void mmr_counters_clear(struct mmr_machine *m)
{
	struct mmr_counters c;

	/* What is on the lists now is what there is from here on. */
	mmr_counters_read(m, &c);
	m->seeded_pages += c.free_pages - c.alloc_pages - c.contig_pages - c.compact_migrated_pages;
	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++) {
		memset(&m->cpus[cpu].counters, 0, sizeof(m->cpus[cpu].counters));
		for (unsigned int i = 0; i < m->nr_zones; i++) {
			struct per_cpu_zonestat *stat = &m->zones[i]->per_cpu_zonestats[cpu];

			memset(stat->nr_allocs, 0, sizeof(stat->nr_allocs));
			memset(stat->nr_frees, 0, sizeof(stat->nr_frees));
		}
	}
}
