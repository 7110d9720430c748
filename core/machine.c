// SPDX-License-Identifier: GPL-2.0-or-later
/* Building a machine from its description, and tearing it down. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/list.h"

#define LOCAL_DISTANCE  10
#define REMOTE_DISTANCE 20

/* ---- is the description of a machine that can exist? --------------------------------------- */

static int check_zone(unsigned int nid, int i, const struct mmr_zone_config *z, struct mmr_error *err)
{
	const char *name = mmr_zone_name((enum zone_type)i);

	if (!z->spanned_pages) {
		if (z->present_pages || z->managed_pages)
			return mmr_err(err, -EINVAL,
				       "node %u zone %s: spans nothing but has %u present, %u managed pages",
				       nid, name, z->present_pages, z->managed_pages);
		return 0;
	}
	if ((uint64_t)z->start_pfn + z->spanned_pages > UINT32_MAX - MAX_ORDER_NR_PAGES)
		return mmr_err(err, -EINVAL, "node %u zone %s: ends at pfn %llu, expected below %u", nid, name,
			       (unsigned long long)z->start_pfn + z->spanned_pages,
			       UINT32_MAX - MAX_ORDER_NR_PAGES);
	if (z->present_pages > z->spanned_pages)
		return mmr_err(err, -EINVAL,
			       "node %u zone %s: %u present pages, expected at most the %u spanned", nid, name,
			       z->present_pages, z->spanned_pages);
	if (z->managed_pages > z->present_pages)
		return mmr_err(err, -EINVAL,
			       "node %u zone %s: %u managed pages, expected at most the %u present", nid, name,
			       z->managed_pages, z->present_pages);
	if (i == ZONE_DEVICE && z->managed_pages)
		return mmr_err(err, -EINVAL,
			       "node %u zone %s: %u managed pages, expected 0: its pages are the device's", nid,
			       name, z->managed_pages);
	if (z->have_watermark && (z->watermark[WMARK_MIN] > z->watermark[WMARK_LOW] ||
				  z->watermark[WMARK_LOW] > z->watermark[WMARK_HIGH]))
		return mmr_err(err, -EINVAL,
			       "node %u zone %s: watermarks %u, %u, %u, expected min <= low <= high", nid, name,
			       z->watermark[WMARK_MIN], z->watermark[WMARK_LOW], z->watermark[WMARK_HIGH]);
	if (z->have_pageset && (z->pcp_high_min > z->pcp_high_max || !z->pcp_batch ||
				z->pcp_high_max > INT32_MAX / 2 || z->pcp_batch > 1u << 16))
		return mmr_err(err, -EINVAL,
			       "node %u zone %s: pcp batch %u, high_min %u, high_max %u, expected batch 1 to "
			       "65536 and min <= max",
			       nid, name, z->pcp_batch, z->pcp_high_min, z->pcp_high_max);
	if (z->stat_threshold > 1u << 20)
		return mmr_err(err, -EINVAL, "node %u zone %s: vmstat threshold %u, expected at most 125", nid,
			       name, z->stat_threshold);
	return 0;
}

static int check_distances(const struct mmr_machine_config *cfg, struct mmr_error *err)
{
	for (unsigned int from = 0; cfg->distance && from < cfg->nr_nodes; from++) {
		for (unsigned int to = 0; to < cfg->nr_nodes; to++) {
			unsigned int d = cfg->distance[from * cfg->nr_nodes + to];

			/* Nodes that numa=fake makes of one are no further apart than it is from itself. */
			if (from == to ? d != LOCAL_DISTANCE : d < LOCAL_DISTANCE)
				return mmr_err(err, -EINVAL, "distance from node %u to %u is %u, expected %s",
					       from, to, d, from == to ? "10" : "at least 10");
		}
	}
	return 0;
}

static int check_sysctl(const struct mmr_sysctl *sysctl, struct mmr_error *err)
{
	if (sysctl->percpu_pagelist_high_fraction && sysctl->percpu_pagelist_high_fraction < 8)
		return mmr_err(err, -EINVAL,
			       "sysctl percpu_pagelist_high_fraction: %u, expected 0 or at least 8",
			       sysctl->percpu_pagelist_high_fraction);
	if (sysctl->compaction_proactiveness > 100 || sysctl->extfrag_threshold > 1000)
		return mmr_err(err, -EINVAL,
			       "sysctl compaction_proactiveness: %u, extfrag_threshold: %u, expected at most "
			       "100 and 1000",
			       sysctl->compaction_proactiveness, sysctl->extfrag_threshold);
	if (sysctl->watermark_scale_factor > 3000)
		return mmr_err(err, -EINVAL, "sysctl watermark_scale_factor: %u, expected at most 3000",
			       sysctl->watermark_scale_factor);
	return 0;
}

static int check_config(const struct mmr_machine_config *cfg, struct mmr_error *err)
{
	uint64_t last_end = 0;
	int rc;

	if (!cfg->profile)
		return mmr_err(err, -EINVAL, "machine: no kernel profile");
	if (!cfg->nr_nodes || cfg->nr_nodes > MAX_NUMNODES)
		return mmr_err(err, -EINVAL, "machine: %u nodes, expected 1..%u", cfg->nr_nodes, MAX_NUMNODES);
	if (!cfg->nr_cpus || cfg->nr_cpus > UINT16_MAX)
		return mmr_err(err, -EINVAL, "machine: %u CPUs, expected 1..%u", cfg->nr_cpus, UINT16_MAX);
	if (!cfg->nodes || !cfg->cpu_node)
		return mmr_err(err, -EINVAL, "machine: nodes and cpu_node are required");
	for (unsigned int cpu = 0; cpu < cfg->nr_cpus; cpu++) {
		if (cfg->cpu_node[cpu] >= cfg->nr_nodes)
			return mmr_err(err, -EINVAL, "cpu %u: node %u, expected below %u", cpu,
				       cfg->cpu_node[cpu], cfg->nr_nodes);
	}
	for (unsigned int nid = 0; nid < cfg->nr_nodes; nid++) {
		for (int i = 0; i < MAX_NR_ZONES; i++) {
			rc = check_zone(nid, i, &cfg->nodes[nid].zones[i], err);
			if (rc)
				return rc;
		}
	}
	for (unsigned int i = 0; i < cfg->nr_ranges; i++) {
		const struct mmr_mem_range *r = &cfg->ranges[i];

		if (!r->nr_pages || r->start_pfn < last_end ||
		    (uint64_t)r->start_pfn + r->nr_pages > UINT32_MAX - MAX_ORDER_NR_PAGES)
			return mmr_err(err, -EINVAL,
				       "memory range %u: pfn %u, %u pages, expected not empty and after the "
				       "last, which ends at %llu",
				       i, r->start_pfn, r->nr_pages, (unsigned long long)last_end);
		last_end = (uint64_t)r->start_pfn + r->nr_pages;
	}
	rc = check_sysctl(&cfg->sysctl, err);
	if (rc)
		return rc;
	if (cfg->reclaim.reclaimable_percent > 100)
		return mmr_err(err, -EINVAL, "reclaim: %u percent are reclaimable, expected at most 100",
			       cfg->reclaim.reclaimable_percent);
	if (cfg->compaction.movable_percent > 100)
		return mmr_err(err, -EINVAL, "compaction: %u percent can move, expected at most 100",
			       cfg->compaction.movable_percent);
	return check_distances(cfg, err);
}

/* ---- looking up a page's zone --------------------------------------------------------------- */

struct zone *pfn_zone(const struct mmr_machine *m, uint32_t pfn)
{
	unsigned int lo = 0, hi = m->nr_zones;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (m->zones[mid]->zone_start_pfn <= pfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && zone_spans_pfn(m->zones[lo - 1], pfn) ? m->zones[lo - 1] : NULL;
}

/* The range at or after @pfn, nr_ranges where there is none. */
static unsigned int next_range(const struct mmr_machine *m, uint32_t pfn)
{
	unsigned int lo = 0, hi = m->nr_ranges;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (m->ranges[mid].start_pfn + m->ranges[mid].nr_pages <= pfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Of a block that may lie in two zones, or in a hole. */
static struct zone *search_block_zone(const struct mmr_machine *m, uint32_t pfn, uint32_t nr)
{
	struct zone *zone = pfn_zone(m, pfn);
	unsigned int r = next_range(m, pfn);

	if (!zone || !populated_zone(zone) || !zone_spans_pfn(zone, pfn + nr - 1) || r == m->nr_ranges ||
	    m->ranges[r].start_pfn > pfn || m->ranges[r].start_pfn + m->ranges[r].nr_pages < pfn + nr)
		return NULL;
	return zone;
}

struct zone *block_zone(const struct mmr_machine *m, uint32_t pfn, unsigned int order)
{
	uint32_t block;

	if (order > MAX_PAGE_ORDER || pfn >= m->end_pfn || pfn & ((1u << order) - 1))
		return NULL;
	block = shared_read(m->pageblocks[pfn >> PAGEBLOCK_ORDER]);
	if (likely(block & PB_PRESENT && order <= PAGEBLOCK_ORDER))
		return m->zones[tag_zone_place(block >> PB_ZONE_SHIFT)];
	return search_block_zone(m, pfn, 1u << order);
}

uint32_t zone_usable_pages(const struct mmr_machine *m, const struct zone *zone)
{
	uint32_t end = zone->zone_start_pfn + zone->spanned_pages, sum = 0;

	for (unsigned int r = next_range(m, zone->zone_start_pfn); r < m->nr_ranges; r++) {
		uint32_t from = m->ranges[r].start_pfn, to = from + m->ranges[r].nr_pages;

		if (from >= end)
			break;
		from = from > zone->zone_start_pfn ? from : zone->zone_start_pfn;
		to = to < end ? to : end;
		sum += to - from;
	}
	return sum;
}

/* ---- building ------------------------------------------------------------------------------- */

static void *reserve(size_t bytes)
{
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void *alloc_array(size_t nr, size_t size)
{
	size_t bytes = (nr * size + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, bytes ? bytes : 64);

	if (memory)
		memset(memory, 0, bytes);
	return memory;
}

static int by_start_pfn(const void *a, const void *b)
{
	const struct zone *const *za = a, *const *zb = b;

	return ((*za)->zone_start_pfn > (*zb)->zone_start_pfn) -
	       ((*za)->zone_start_pfn < (*zb)->zone_start_pfn);
}

static void init_zone(struct mmr_machine *m, unsigned int nid, int i, const struct mmr_zone_config *cfg)
{
	struct pglist_data *pgdat = &m->nodes[nid];
	struct zone *zone = &pgdat->node_zones[i];

	zone->zone_pgdat = pgdat;
	zone->id = (uint16_t)(nid << 3 | (unsigned int)i);
	zone->node = (uint16_t)nid;
	zone->zone_start_pfn = cfg->start_pfn;
	zone->spanned_pages = cfg->spanned_pages;
	zone->managed_pages = cfg->managed_pages;
	zone->recorded_watermark = cfg->have_watermark;
	zone->recorded_reserve = cfg->have_lowmem_reserve;
	zone->recorded_pageset = cfg->have_pageset;
	zone->recorded_stat_threshold = cfg->stat_threshold;
	if (cfg->have_watermark)
		memcpy(zone->_watermark, cfg->watermark, sizeof(zone->_watermark));
	if (cfg->have_lowmem_reserve)
		memcpy(zone->lowmem_reserve, cfg->lowmem_reserve, sizeof(zone->lowmem_reserve));
	zone->pageset_batch = cfg->pcp_batch;
	zone->pageset_high_min = cfg->pcp_high_min;
	zone->pageset_high_max = cfg->pcp_high_max;
	/* What a device brings is spanned, never present: no zonelist holds it. */
	zone->present_pages = i == ZONE_DEVICE ? 0 : cfg->present_pages;
	pgdat->node_present_pages += zone->present_pages;
	m->highmem |= i == ZONE_HIGHMEM && cfg->present_pages;
	if (cfg->spanned_pages)
		m->zones[m->nr_zones++] = zone;
}

/* Zones sorted by address must not overlap. */
static int sort_zones(struct mmr_machine *m, struct mmr_error *err)
{
	if (m->nr_zones > MAX_ZONES)
		return mmr_err(err, -EINVAL, "machine: %u zones with pages, expected at most %u", m->nr_zones,
			       MAX_ZONES);
	qsort(m->zones, m->nr_zones, sizeof(*m->zones), by_start_pfn);
	for (unsigned int i = 0; i < m->nr_zones; i++)
		m->zones[i]->tag = (uint16_t)(i << 8);
	for (unsigned int i = 1; i < m->nr_zones; i++) {
		const struct zone *a = m->zones[i - 1], *b = m->zones[i];

		if (a->zone_start_pfn + a->spanned_pages > b->zone_start_pfn)
			return mmr_err(
				err, -EINVAL,
				"node %u zone %s starts at pfn %u inside node %u zone %s, which ends at %u",
				b->node, mmr_zone_name((enum zone_type)zone_idx(b)), b->zone_start_pfn, a->node,
				mmr_zone_name((enum zone_type)zone_idx(a)),
				a->zone_start_pfn + a->spanned_pages);
	}
	return 0;
}

static int build_zones(struct mmr_machine *m, const struct mmr_machine_config *cfg, struct mmr_error *err)
{
	size_t nr_zones = (size_t)cfg->nr_nodes * MAX_NR_ZONES, per_node = nr_zones + 1;

	m->nodes = alloc_array(cfg->nr_nodes, sizeof(*m->nodes));
	m->zones = alloc_array(nr_zones, sizeof(*m->zones));
	m->zonerefs = alloc_array(per_node * MAX_ZONELISTS * cfg->nr_nodes, sizeof(*m->zonerefs));
	if (!m->nodes || !m->zones || !m->zonerefs)
		return mmr_err(err, -ENOMEM, "machine: no memory for %u nodes", cfg->nr_nodes);
	for (unsigned int nid = 0; nid < cfg->nr_nodes; nid++) {
		m->nodes[nid].node_id = (int)nid;
		for (unsigned int list = 0; list < MAX_ZONELISTS; list++)
			m->nodes[nid].node_zonelists[list]._zonerefs =
				&m->zonerefs[(nid * MAX_ZONELISTS + list) * per_node];
		for (int i = 0; i < MAX_NR_ZONES; i++)
			init_zone(m, nid, i, &cfg->nodes[nid].zones[i]);
	}
	if (!m->nr_zones)
		return mmr_err(err, -EINVAL, "machine: no node has memory");
	return sort_zones(m, err);
}

static int build_ranges(struct mmr_machine *m, const struct mmr_machine_config *cfg, struct mmr_error *err)
{
	m->nr_ranges = cfg->nr_ranges ? cfg->nr_ranges : m->nr_zones;
	m->ranges = alloc_array(m->nr_ranges, sizeof(*m->ranges));
	if (!m->ranges)
		return mmr_err(err, -ENOMEM, "machine: no memory for %u memory ranges", m->nr_ranges);
	if (cfg->nr_ranges)
		memcpy(m->ranges, cfg->ranges, m->nr_ranges * sizeof(*m->ranges));
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct zone *zone = m->zones[i];

		if (!cfg->nr_ranges)
			m->ranges[i] = (struct mmr_mem_range){zone->zone_start_pfn, zone->spanned_pages};
		uint32_t end = zone->zone_start_pfn + zone->spanned_pages;

		m->end_pfn = end > m->end_pfn ? end : m->end_pfn;
	}
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		uint32_t usable = zone_usable_pages(m, m->zones[i]);

		if (m->zones[i]->managed_pages > usable)
			return mmr_err(
				err, -EINVAL,
				"node %u zone %s: %u managed pages, but only %u pages of RAM in its span",
				m->zones[i]->node, mmr_zone_name((enum zone_type)zone_idx(m->zones[i])),
				m->zones[i]->managed_pages, usable);
	}
	m->end_pfn = (m->end_pfn + MAX_ORDER_NR_PAGES - 1) & ~(MAX_ORDER_NR_PAGES - 1);
	return 0;
}

/* Who each CPU is: online, nothing counted yet. Most of a CPU's counters are never touched. */
static void init_cpus(struct mmr_machine *m)
{
	madvise(m->cpus, m->nr_cpus * sizeof(*m->cpus), MADV_DONTNEED);
	m->nr_online_cpus = m->nr_cpus;
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		m->nodes[nid].nr_cpus = 0;
	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++) {
		m->cpus[cpu].m = m;
		m->cpus[cpu].id = (uint16_t)cpu;
		m->cpus[cpu].nid = m->cpu_node[cpu];
		m->nodes[m->cpu_node[cpu]].nr_cpus++;
	}
}

static int build_cpus(struct mmr_machine *m, const struct mmr_machine_config *cfg, struct mmr_error *err)
{
	struct per_cpu_pages *pcp;
	struct per_cpu_zonestat *stat;

	m->cpus = reserve(cfg->nr_cpus * sizeof(*m->cpus));
	pcp = m->pcp_memory = alloc_array((size_t)cfg->nr_cpus * m->nr_zones, sizeof(*pcp));
	stat = m->zonestat_memory = alloc_array((size_t)cfg->nr_cpus * m->nr_zones, sizeof(*stat));
	if (!m->cpus || !pcp || !stat)
		return mmr_err(err, -ENOMEM, "machine: no memory for %u CPUs", cfg->nr_cpus);
	m->cpu_node = alloc_array(cfg->nr_cpus, sizeof(*m->cpu_node));
	if (!m->cpu_node)
		return mmr_err(err, -ENOMEM, "machine: no memory for %u CPUs", cfg->nr_cpus);
	memcpy(m->cpu_node, cfg->cpu_node, cfg->nr_cpus * sizeof(*m->cpu_node));
	init_cpus(m);
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		m->zones[i]->per_cpu_pageset = pcp + (size_t)i * cfg->nr_cpus;
		m->zones[i]->per_cpu_zonestats = stat + (size_t)i * cfg->nr_cpus;
	}
	return 0;
}

/*
 * Page records of machines of 3 to 85 GiB are backed by huge pages of the host, where it has them: below, small
 * ones have their place in the processor's TLB, above, huge ones would be too much memory.
 */
#define MIN_HUGE_RECORDS_BYTES ((size_t)8 << 20)
#define MAX_HUGE_RECORDS_BYTES ((size_t)256 << 20)

static bool worth_huge_pages(const struct mmr_machine *m)
{
	size_t bytes = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		bytes += m->zones[i]->present_pages * sizeof(*m->pages);
	return bytes >= MIN_HUGE_RECORDS_BYTES && m->pages_bytes <= MAX_HUGE_RECORDS_BYTES;
}

static int build_metadata(struct mmr_machine *m, struct mmr_error *err)
{
	m->pages_bytes = (size_t)m->end_pfn * sizeof(*m->pages);
	m->max_blocks_bytes = ((size_t)m->end_pfn >> MAX_PAGE_ORDER) * sizeof(*m->max_blocks);
	m->pageblocks_bytes = ((size_t)m->end_pfn >> PAGEBLOCK_ORDER) * sizeof(*m->pageblocks);
	m->pages = reserve(m->pages_bytes);
	m->max_blocks = reserve(m->max_blocks_bytes);
	m->pageblocks = reserve(m->pageblocks_bytes);
	m->displaced = reserve(MMR_DISPLACED_MAX * sizeof(*m->displaced));
	if (!m->pages || !m->max_blocks || !m->pageblocks || !m->displaced)
		return mmr_err(err, -ENOMEM,
			       "machine: cannot reserve %zu bytes of address space for page records: %s",
			       m->pages_bytes, strerror(errno));
	/* A quarter less time where memory is used all over. */
	if (worth_huge_pages(m))
		madvise(m->pages, m->pages_bytes, MADV_HUGEPAGE);
	return 0;
}

/* Which pageblocks need no search for their zone. */
static void mark_present(struct mmr_machine *m)
{
	for (unsigned int r = 0; r < m->nr_ranges; r++) {
		uint32_t first = (m->ranges[r].start_pfn + PAGEBLOCK_NR_PAGES - 1) >> PAGEBLOCK_ORDER;
		uint32_t end = (m->ranges[r].start_pfn + m->ranges[r].nr_pages) >> PAGEBLOCK_ORDER;

		for (uint32_t block = first; block < end && block < m->end_pfn >> PAGEBLOCK_ORDER; block++) {
			uint32_t pfn = block << PAGEBLOCK_ORDER, word = m->pageblocks[block];
			struct zone *zone = search_block_zone(m, pfn, PAGEBLOCK_NR_PAGES);

			if (zone && word >> PB_ZONE_SHIFT == zone->tag)
				m->pageblocks[block] = word | PB_PRESENT;
		}
	}
}

/* As memmap_init_range() leaves them. */
static void reset_pageblocks(struct mmr_machine *m)
{
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct zone *zone = m->zones[i];
		uint32_t first = zone->zone_start_pfn >> PAGEBLOCK_ORDER;
		uint32_t last = (zone->zone_start_pfn + zone->spanned_pages - 1) >> PAGEBLOCK_ORDER;

		for (uint32_t block = first; block <= last; block++)
			m->pageblocks[block] = (uint32_t)zone->tag << PB_ZONE_SHIFT | MIGRATE_MOVABLE;
		/* The first and the last may reach beyond the zone. */
		if (!zone_spans_pfn(zone, first << PAGEBLOCK_ORDER))
			m->pageblocks[first] = PB_NO_ZONE << PB_ZONE_SHIFT | MIGRATE_MOVABLE;
		if (!zone_spans_pfn(zone, (last << PAGEBLOCK_ORDER) + PAGEBLOCK_NR_PAGES - 1))
			m->pageblocks[last] = PB_NO_ZONE << PB_ZONE_SHIFT | MIGRATE_MOVABLE;
	}
	mark_present(m);
}

/* Source: gfp_zone(), include/linux/gfp.h, v6.12. */
static void build_gfp_zones(struct mmr_machine *m)
{
	memset(m->gfp_zone, ZONE_DMA, sizeof(m->gfp_zone)); /* what an impossible combination reads */
	m->gfp_zone[0] = ZONE_NORMAL;
	m->gfp_zone[MMR_GFP_HIGHMEM] = m->highmem ? ZONE_HIGHMEM : ZONE_NORMAL;
	m->gfp_zone[MMR_GFP_DMA32] = ZONE_DMA32;
	m->gfp_zone[MMR_GFP_MOVABLE] = ZONE_NORMAL;
	m->gfp_zone[MMR_GFP_MOVABLE | MMR_GFP_HIGHMEM] = ZONE_MOVABLE;
	m->gfp_zone[MMR_GFP_MOVABLE | MMR_GFP_DMA32] = ZONE_DMA32;
}

/*
 * Keep unmovable pages out of movable blocks as long as DMA32 of the same node has room. A kernel
 * without ZONE_DMA32, as for 32-bit machines, has no such flag.
 * Source: alloc_flags_nofragment(), mm/page_alloc.c, v6.12; it looks at each request's zone.
 */
static void build_nofragment(struct mmr_machine *m)
{
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		struct zone *zones = m->nodes[nid].node_zones;

		for (int i = 0; i < MAX_NR_ZONES; i++)
			zones[i].nofragment = m->sysctl.defrag_mode && !m->highmem ? ALLOC_NOFRAGMENT : 0;
		if (m->highmem)
			continue;
		if (m->nr_nodes == 1 || populated_zone(&zones[ZONE_DMA32]))
			zones[ZONE_NORMAL].nofragment = ALLOC_NOFRAGMENT;
	}
}

static int build_distances(struct mmr_machine *m, const struct mmr_machine_config *cfg, struct mmr_error *err)
{
	size_t n = cfg->nr_nodes;

	m->distance = alloc_array(n, n);
	if (!m->distance)
		return mmr_err(err, -ENOMEM, "machine: no memory for the distances of %zu nodes", n);
	for (size_t i = 0; i < n * n; i++)
		m->distance[i] = cfg->distance ? cfg->distance[i]
				 : i % (n + 1) ? REMOTE_DISTANCE
					       : LOCAL_DISTANCE;
	return 0;
}

/* Every list empty. */
static void reset_lists(struct mmr_machine *m)
{
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct zone *zone = m->zones[i];

		zone->trylock_free_pages = MMR_NO_PFN;
		for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
			for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++)
				zone->free_area[order].free_list[mt] =
					(struct free_list){.head = MMR_NO_PFN, .tail = MMR_NO_PFN};
		}
		for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++) {
			for (unsigned int list = 0; list < NR_PCP_LISTS; list++)
				zone->per_cpu_pageset[cpu].lists[list].head = MMR_NO_PFN;
		}
	}
}

/* Back to the state after create: nothing free, all pages owned by boot. */
void machine_reset(struct mmr_machine *m)
{
	m->damaged = 0;
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct zone *zone = m->zones[i];

		zone->vm_stat_free = 0;
		zone->highest_stat_threshold = 0;
		zone->watermark_boost = 0;
		zone->nr_extfrag = 0;
		zone->reclaim_hand = zone->reclaim_dry = zone->reclaim_skip = 0;
		zone->compact_considered = zone->compact_defer_shift = zone->compact_order_failed = 0;
		zone->compact_flags = 0;
		zone->flags = 0;
		zone->unusable_highatomic = zone->nr_free_cma = 0;
		zone->nr_reserved_highatomic = zone->nr_free_highatomic = zone->nr_isolate_pageblock = 0;
		shuffle_init(m, zone);
		memset(zone->per_cpu_pageset, 0, m->nr_cpus * sizeof(*zone->per_cpu_pageset));
		memset(zone->per_cpu_zonestats, 0, m->nr_cpus * sizeof(*zone->per_cpu_zonestats));
	}
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		m->nodes[nid].kswapd_awake = false;
		m->nodes[nid].kswapd_order = m->nodes[nid].kswapd_highest_zoneidx = 0;
		m->nodes[nid].demotion = (struct mmr_demotion){0};
		m->nodes[nid].kcompactd_max_order = m->nodes[nid].kcompactd_skip = 0;
		m->nodes[nid].kswapd_failures = 0;
		m->nodes[nid].nr_dirty_pages = m->nodes[nid].nr_file_pages = 0;
	}
	init_cpus(m);
	m->cma = m->profile.types == TYPES_6;
	m->demotion_random = m->shuffle_seed;
	m->seeded_pages = 0;
	m->displaced_begin = m->displaced_end = 0;
	m->nr_kswapds_awake = 0;
	madvise(m->pages, m->pages_bytes, MADV_DONTNEED);
	madvise(m->max_blocks, m->max_blocks_bytes, MADV_DONTNEED);
	reset_pageblocks(m);
	reset_lists(m);
	refresh_zone_stat_thresholds(m);
	setup_zone_pagesets(m, 0);
}

static int build_machine(struct mmr_machine *m, const struct mmr_machine_config *cfg, struct mmr_error *err)
{
	int rc = build_zones(m, cfg, err);

	if (!rc)
		rc = build_ranges(m, cfg, err);
	if (!rc)
		rc = build_cpus(m, cfg, err);
	if (!rc)
		rc = build_metadata(m, err);
	if (!rc)
		rc = build_distances(m, cfg, err);
	if (rc)
		return rc;
	m->cma = m->profile.types == TYPES_6;
	build_gfp_zones(m);
	build_nofragment(m);
	reset_pageblocks(m);
	reset_lists(m);
	build_all_zonelists(m);
	build_first_zonerefs(m);
	m->no_shortcuts = m->page_group_by_mobility_disabled;
	init_per_zone_wmark_min(m);
	return 0;
}

/* Whether the line has vm.defrag_mode, and obeys it, is an axis of its own. */
static void set_sysctl(struct mmr_machine *m, const struct mmr_sysctl *sysctl)
{
	m->sysctl = *sysctl;
	if (m->profile.defrag_mode != DEFRAG_MODE_SYSCTL)
		m->sysctl.defrag_mode = m->profile.defrag_mode == DEFRAG_MODE_ON;
}

int mmr_machine_create(const struct mmr_machine_config *cfg, struct mmr_machine **ret, struct mmr_error *err)
{
	struct mmr_machine *m;
	int rc = check_config(cfg, err);

	if (rc)
		return rc;
	m = calloc(1, sizeof(*m));
	if (!m)
		return mmr_err(err, -ENOMEM, "machine: no memory for the descriptor");
	m->profile = *cfg->profile;
	m->nr_nodes = cfg->nr_nodes;
	m->nr_cpus = cfg->nr_cpus;
	set_sysctl(m, &cfg->sysctl);
	m->shuffle_seed = cfg->shuffle_seed;
	m->cpu_llc_pages = cfg->cpu_llc_pages;
	m->reclaim = cfg->reclaim;
	m->compaction = cfg->compaction;
	m->boot_zonelists = cfg->boot_zonelists;
	m->hit_mark = m->profile.below_high ? WMARK_HIGH : WMARK_LOW;
	rc = build_machine(m, cfg, err);
	if (rc) {
		mmr_machine_destroy(m);
		return rc;
	}
	*ret = m;
	return 0;
}

int mmr_machine_set_sysctl(struct mmr_machine *m, const struct mmr_sysctl *sysctl, struct mmr_error *err)
{
	const struct mmr_sysctl old = m->sysctl;
	bool marks = sysctl->min_free_kbytes != old.min_free_kbytes ||
		     sysctl->watermark_scale_factor != old.watermark_scale_factor;
	bool reserves = memcmp(sysctl->lowmem_reserve_ratio, old.lowmem_reserve_ratio,
			       sizeof(old.lowmem_reserve_ratio));
	bool lists = marks || sysctl->percpu_pagelist_high_fraction != old.percpu_pagelist_high_fraction;
	int rc = check_sysctl(sysctl, err);

	if (rc)
		return rc;
	set_sysctl(m, sysctl);
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		m->zones[i]->recorded_watermark &= !marks;
		m->zones[i]->recorded_reserve &= !reserves;
		m->zones[i]->recorded_pageset &= !lists;
	}
	if (marks && !m->sysctl.min_free_kbytes)
		init_per_zone_wmark_min(m);
	if (marks)
		setup_per_zone_wmarks(m);
	if (marks)
		refresh_zone_stat_thresholds(m);
	if (marks || reserves)
		setup_per_zone_lowmem_reserve(m);
	if (lists)
		setup_zone_pagesets(m, 0);
	build_nofragment(m);
	return 0;
}

static void unreserve(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, bytes);
}

void mmr_machine_destroy(struct mmr_machine *m)
{
	if (!m)
		return;
	unreserve(m->displaced, MMR_DISPLACED_MAX * sizeof(*m->displaced));
	unreserve(m->pageblocks, m->pageblocks_bytes);
	unreserve(m->max_blocks, m->max_blocks_bytes);
	unreserve(m->pages, m->pages_bytes);
	free(m->distance);
	free(m->zonestat_memory);
	free(m->pcp_memory);
	unreserve(m->cpus, m->nr_cpus * sizeof(*m->cpus));
	free(m->cpu_node);
	free(m->ranges);
	free(m->zonerefs);
	free(m->zones);
	free(m->nodes);
	free(m);
}
