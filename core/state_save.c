// SPDX-License-Identifier: GPL-2.0-or-later
/* A machine's state as bytes. */
#include <string.h>

#include "core/list.h"
#include "core/state.h"
#include "core/state_internal.h"

struct saver {
	const struct mmr_machine *m;
	struct state_end out;
	int (*put)(void *ctx, const uint8_t *bytes, size_t nr);
	void *ctx;
	uint64_t listed_pages; /* on free lists, per-CPU lists and waiting */
	/* Allocated blocks in a row, of one order and type. */
	uint32_t run_pfn, run_end, run_nr, last_end;
	uint8_t run_kind;
};

static void flush(struct saver *s)
{
	if (s->out.nr && !s->out.rc)
		s->out.rc = s->put(s->ctx, s->out.bytes, s->out.nr);
	s->out.nr = 0;
}

static void put_word(struct saver *s, uint64_t word)
{
	if (s->out.nr + 10 > sizeof(s->out.bytes))
		flush(s);
	for (; word > 0x7f; word >>= 7)
		s->out.bytes[s->out.nr++] = (uint8_t)(word | 0x80);
	s->out.bytes[s->out.nr++] = (uint8_t)word;
}

/* Small numbers of either sign become small ones. */
static void put_signed(struct saver *s, int64_t value)
{
	put_word(s, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

/* ---- which machine ---------------------------------------------------------------------------- */

static void put_machine(struct saver *s)
{
	const struct mmr_machine *m = s->m;
	size_t len = strlen(m->profile.name);

	put_word(s, MMR_STATE_VERSION);
	put_word(s, m->nr_nodes);
	put_word(s, m->nr_cpus);
	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++)
		put_word(s, m->cpu_node[cpu]);
	put_word(s, m->nr_online_cpus);
	put_word(s, m->nr_zones);
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct zone *zone = m->zones[i];

		put_word(s, zone->id);
		put_word(s, zone->zone_start_pfn);
		put_word(s, zone->spanned_pages);
		put_word(s, zone->managed_pages);
	}
	put_word(s, m->nr_ranges);
	for (unsigned int i = 0; i < m->nr_ranges; i++) {
		put_word(s, m->ranges[i].start_pfn);
		put_word(s, m->ranges[i].nr_pages);
	}
	put_word(s, len);
	for (size_t i = 0; i < len; i++)
		put_word(s, (uint8_t)m->profile.name[i]);
	put_word(s, state_keeps_types(&m->profile));
	put_word(s, m->profile.pcp);
}

/* ---- nodes, zones, lists ---------------------------------------------------------------------- */

static void put_nodes(struct saver *s)
{
	put_word(s, s->m->dirty_ratio);
	for (unsigned int nid = 0; nid < s->m->nr_nodes; nid++) {
		const struct pglist_data *pgdat = &s->m->nodes[nid];

#define PUT_NODE(field) put_word(s, pgdat->field);
		STATE_NODE_FIELDS(PUT_NODE)
	}
}

static void put_pageblocks(struct saver *s, const struct zone *zone)
{
	uint32_t first = zone->zone_start_pfn >> PAGEBLOCK_ORDER;
	uint32_t last = (zone->zone_start_pfn + zone->spanned_pages - 1) >> PAGEBLOCK_ORDER, nr = 0;
	uint32_t mask = PB_TYPE_MASK | PB_ISOLATE | PB_SKIP;

	for (uint32_t block = first; block <= last; block += nr) {
		uint32_t word = s->m->pageblocks[block] & mask;

		for (nr = 1; block + nr <= last && (s->m->pageblocks[block + nr] & mask) == word;)
			nr++;
		put_word(s, nr);
		put_word(s, (word & PB_TYPE_MASK) | (word & PB_ISOLATE ? STATE_ISOLATE : 0) |
				    (word & PB_SKIP ? STATE_SKIP : 0));
	}
}

static void put_free_lists(struct saver *s, const struct zone *zone)
{
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
			const struct free_list *list = &zone->free_area[order].free_list[mt];
			uint32_t before = zone->zone_start_pfn >> order;

			put_word(s, list->nr);
			s->listed_pages += (uint64_t)list->nr << order;
			for (uint32_t pfn = list->head; pfn != MMR_NO_PFN;
			     pfn = free_record(s->m, pfn, order)->next) {
				put_signed(s, (int64_t)(pfn >> order) - before);
				before = pfn >> order;
			}
		}
	}
}

static void put_pcp_list(struct saver *s, const struct zone *zone, const struct pcp_list *list,
			 unsigned int order)
{
	uint32_t before = zone->zone_start_pfn, nr = 0;

	for (uint32_t pfn = list->head; pfn != MMR_NO_PFN; nr++)
		pfn = pfn == list->tail ? MMR_NO_PFN : s->m->pages[pfn].next;
	put_word(s, nr);
	s->listed_pages += (uint64_t)nr << order;
	for (uint32_t pfn = list->head; nr--; pfn = s->m->pages[pfn].next) {
		put_signed(s, (int64_t)pfn - before);
		put_word(s, tag_type(s->m->pages[pfn].tag));
		before = pfn;
	}
}

static void put_cpus(struct saver *s, const struct zone *zone)
{
	for (unsigned int cpu = 0; cpu < s->m->nr_cpus; cpu++) {
		const struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];

		put_signed(s, zone->per_cpu_zonestats[cpu].vm_stat_diff);
		put_word(s, (uint64_t)zone->per_cpu_zonestats[cpu].stat_threshold);
#define PUT_PCP(field) put_word(s, (uint64_t)pcp->field);
		STATE_PCP_FIELDS(PUT_PCP)
		for (unsigned int i = 0; i < NR_PCP_LISTS; i++)
			put_pcp_list(s, zone, &pcp->lists[i], pindex_to_order(i));
	}
}

/* Frees that wait for the zone's lock: the list's order is kept, oldest last. */
static void put_trylock_pages(struct saver *s, const struct zone *zone)
{
	uint32_t nr = 0;

	for (uint32_t pfn = zone->trylock_free_pages; pfn != MMR_NO_PFN; pfn = s->m->pages[pfn].next)
		nr++;
	put_word(s, nr);
	for (uint32_t pfn = zone->trylock_free_pages; pfn != MMR_NO_PFN; pfn = s->m->pages[pfn].next) {
		put_word(s, pfn);
		put_word(s, tag_order(s->m->pages[pfn].tag));
		put_word(s, tag_type(s->m->pages[pfn].tag));
		s->listed_pages += 1u << tag_order(s->m->pages[pfn].tag);
	}
}

static void put_zone(struct saver *s, const struct zone *zone)
{
	put_signed(s, zone->vm_stat_free);
#define PUT_ZONE(field) put_word(s, (uint64_t)zone->field);
	STATE_ZONE_FIELDS(PUT_ZONE)
	put_pageblocks(s, zone);
	put_free_lists(s, zone);
	put_trylock_pages(s, zone);
	put_cpus(s, zone);
}

/* ---- who has which page ------------------------------------------------------------------------ */

void mmr_each_allocated(const struct mmr_machine *m,
			void (*fn)(void *ctx, uint32_t pfn, unsigned int order, enum migratetype mt), void *ctx)
{
	for (uint32_t pfn = 0; pfn < m->end_pfn;) {
		uint32_t tag;

		/* Memory that was never split has no records; looking at them would make some. */
		if (!(pfn & (MAX_ORDER_NR_PAGES - 1)) && m->max_blocks[pfn >> MAX_PAGE_ORDER].tag) {
			pfn += MAX_ORDER_NR_PAGES;
			continue;
		}
		tag = m->pages[pfn].tag;
		if (tag_state(tag) == PAGE_ALLOCATED)
			fn(ctx, pfn, tag_order(tag), (enum migratetype)tag_type(tag));
		pfn += tag ? 1u << tag_order(tag) : 1;
	}
}

static void end_run(struct saver *s)
{
	if (!s->run_nr)
		return;
	put_word(s, s->run_nr);
	put_word(s, s->run_pfn - s->last_end);
	put_word(s, s->run_kind);
	s->last_end = s->run_end;
	s->run_nr = 0;
}

static void add_allocated(void *ctx, uint32_t pfn, unsigned int order, enum migratetype mt)
{
	struct saver *s = ctx;
	uint8_t kind = (uint8_t)(order << 4 | (unsigned int)mt);

	if (!s->run_nr || pfn != s->run_end || kind != s->run_kind) {
		end_run(s);
		s->run_pfn = pfn;
		s->run_kind = kind;
	}
	s->run_nr++;
	s->run_end = pfn + (1u << order);
}

int mmr_state_save(const struct mmr_machine *m, int (*put)(void *ctx, const uint8_t *bytes, size_t nr),
		   void *ctx)
{
	struct saver s = {.m = m, .put = put, .ctx = ctx};

	put_machine(&s);
	put_nodes(&s);
	for (unsigned int i = 0; i < m->nr_zones; i++)
		put_zone(&s, m->zones[i]);
	mmr_each_allocated(m, add_allocated, &s);
	end_run(&s);
	put_word(&s, 0); /* no more runs */
	put_word(&s, s.listed_pages);
	flush(&s);
	return s.out.rc;
}
