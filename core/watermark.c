// SPDX-License-Identifier: GPL-2.0-or-later
/* Watermarks: how they are set up from the sysctls, and the tests against them. */
#include "core/internal.h"

/* ---- the test ------------------------------------------------------------------------------ */

/*
 * Reserve users may dip below the mark, each a stated share.
 * Source: __zone_watermark_ok(), mm/page_alloc.c, v6.12.
 */
static int64_t lower_mark(int64_t min, unsigned int alloc_flags)
{
	if (!(alloc_flags & ALLOC_RESERVES))
		return min;
	if (alloc_flags & ALLOC_MIN_RESERVE) {
		min -= min / 2;
		if (alloc_flags & ALLOC_NON_BLOCK)
			min -= min / 4;
	}
	if (alloc_flags & ALLOC_OOM)
		min -= min / 2;
	return min;
}

/* Is there one block long enough for a request that may use these flags? */
static bool has_suitable_block(const struct zone *zone, unsigned int order, unsigned int alloc_flags)
{
	for (; order <= MAX_PAGE_ORDER; order++) {
		const struct free_list *list = zone->free_area[order].free_list;

		for (unsigned int mt = 0; mt < MIGRATE_PCPTYPES; mt++) {
			if (shared_read(list[mt].head) != MMR_NO_PFN)
				return true;
		}
		if ((alloc_flags & ALLOC_CMA) && shared_read(list[MIGRATE_CMA].head) != MMR_NO_PFN)
			return true;
		if ((alloc_flags & (ALLOC_HIGHATOMIC | ALLOC_OOM)) &&
		    shared_read(list[MIGRATE_HIGHATOMIC].head) != MMR_NO_PFN)
			return true;
	}
	return false;
}

/* Source: __zone_watermark_ok(), mm/page_alloc.c, v6.12. Runs without zone->lock, as there. */
bool zone_watermark_ok_inner(const struct zone *zone, unsigned int order, uint32_t mark, int highest_zoneidx,
			     unsigned int alloc_flags, int64_t free_pages)
{
	int64_t min = lower_mark(mark, alloc_flags);
	int64_t unusable = zone_watermark_unusable_free(zone, order, alloc_flags);
	bool enough = free_pages - unusable > min + zone->lowmem_reserve[highest_zoneidx];
	bool ok = enough && (!order || has_suitable_block(zone, order, alloc_flags));

	tell(zone, MMR_STORY_WATERMARK, .order = (uint8_t)order, .yes = ok,
	     .watermark = {.free = free_pages,
			   .unusable = unusable,
			   .min = min,
			   .mark = mark,
			   .boost = shared_read(zone->watermark_boost),
			   .reserve = zone->lowmem_reserve[highest_zoneidx],
			   .no_block = enough && !ok});
	return ok;
}

static int64_t zone_free_counter(const struct zone *zone)
{
	int64_t free = shared_read(zone->vm_stat_free);

	return free < 0 ? 0 : free;
}

/* Source: zone_watermark_ok(), mm/page_alloc.c, v6.12. */
bool zone_watermark_ok(const struct zone *zone, unsigned int order, uint32_t mark, int highest_zoneidx,
		       unsigned int alloc_flags)
{
	return zone_watermark_ok_inner(zone, order, mark, highest_zoneidx, alloc_flags,
				       zone_free_counter(zone));
}

/*
 * The rest of zone_watermark_fast(), once its order-0 shortcut said no. An order-0 request that may
 * use reserves does not mind a boost that was made for defragmentation.
 */
bool zone_watermark_fast_full(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
			      uint32_t mark, int highest_zoneidx, unsigned int alloc_flags, gfp_t gfp)
{
	bool ignores_boost = m->profile.boost_ignore == BOOST_IGNORE_ATOMIC ? gfp & MMR_GFP_ATOMIC
									    : alloc_flags & ALLOC_MIN_RESERVE;
	int64_t free = zone_free_counter(zone);

	if (zone_watermark_ok_inner(zone, order, mark, highest_zoneidx, alloc_flags, free))
		return true;
	if (order || !ignores_boost || !shared_read(zone->watermark_boost) ||
	    (alloc_flags & ALLOC_WMARK_MASK) != WMARK_MIN)
		return false;
	tell_mark(zone, WMARK_MIN, MMR_STORY_WITHOUT_BOOST);
	return zone_watermark_ok_inner(zone, order, zone->_watermark[WMARK_MIN], highest_zoneidx, alloc_flags,
				       free);
}

/*
 * A fallback that mixed a pageblock raises the marks, so that kswapd frees more and the next one is
 * less likely.
 *
 * Return: whether the marks are boosted now.
 * Source: boost_watermark(), mm/page_alloc.c, v6.12.
 */
bool boost_watermark(struct mmr_cpu *cpu, struct zone *zone)
{
	uint64_t max_boost =
		(uint64_t)zone->_watermark[WMARK_HIGH] * cpu->m->sysctl.watermark_boost_factor / 10000;

	if (!cpu->m->sysctl.watermark_boost_factor || PAGEBLOCK_NR_PAGES * 4 > zone->managed_pages ||
	    !max_boost)
		return false;
	if (max_boost < PAGEBLOCK_NR_PAGES)
		max_boost = PAGEBLOCK_NR_PAGES;
	uint64_t boost = (uint64_t)zone->watermark_boost + PAGEBLOCK_NR_PAGES;

	boost = boost < max_boost ? boost : max_boost;
	tell(zone, MMR_STORY_BOOST, .nr = (int32_t)boost, .before = zone->watermark_boost);
	shared_set(zone->watermark_boost, (uint32_t)boost);
	cpu->counters.watermark_boosts++;
	return true;
}

/* ---- setting up ---------------------------------------------------------------------------- */

static uint64_t int_sqrt(uint64_t x)
{
	uint64_t root = 0;

	for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1) {
		uint64_t next = root | bit;

		if (next * next <= x)
			root = next;
	}
	return root;
}

/* Pages above the high marks in zones a GFP_USER request may use. Source: nr_free_buffer_pages(). */
static uint64_t nr_free_buffer_pages(const struct mmr_machine *m)
{
	const struct zoneref *z = m->nodes[0].node_zonelists[ZONELIST_FALLBACK]._zonerefs;
	const struct zone *zone;
	uint64_t sum = 0;

	z = next_zones_zonelist(z, ZONE_NORMAL, 0);
	for_next_zone_zonelist(zone, z, ZONE_NORMAL, 0)
	{
		uint32_t high = wmark_pages(zone, WMARK_HIGH);

		if (zone->managed_pages > high)
			sum += zone->managed_pages - high;
	}
	return sum;
}

/*
 * What a stock kernel ends up with after boot: the square-root rule, then raised for THP, which
 * distributions leave on.
 *
 * Source: calculate_min_free_kbytes(), mm/page_alloc.c, and set_recommended_min_free_kbytes(),
 * mm/khugepaged.c, v6.12.
 */
static uint32_t boot_min_free_kbytes(struct mmr_machine *m)
{
	uint64_t kbytes = int_sqrt(nr_free_buffer_pages(m) * 4 * 16);
	uint64_t zones = 0, recommended, cap;
	struct zone *zone;
	unsigned int i;

	kbytes = kbytes < 128 ? 128 : kbytes > 262144 ? 262144 : kbytes;
	m->sysctl.min_free_kbytes = (uint32_t)kbytes;
	setup_per_zone_wmarks(m);

	for_each_populated_zone (m, zone, i)
		zones += zone_idx(zone) <= ZONE_NORMAL;
	recommended = PAGEBLOCK_NR_PAGES * zones * (2 + MIGRATE_PCPTYPES * MIGRATE_PCPTYPES);
	cap = nr_free_buffer_pages(m) / 20;
	recommended = (recommended < cap ? recommended : cap) * 4;
	return (uint32_t)(recommended > kbytes ? recommended : kbytes);
}

/* Zones whose share of min_free_kbytes is computed from their size. */
static bool takes_min_share(const struct mmr_machine *m, const struct zone *zone)
{
	return zone_idx(zone) != ZONE_HIGHMEM &&
	       !(m->profile.zone_movable_min && zone_idx(zone) == ZONE_MOVABLE);
}

/*
 * How far a zone's low mark was above its min mark at boot, from the square-root rule alone: before
 * khugepaged started.
 */
uint32_t boot_watermark_gap(const struct mmr_machine *m, const struct zone *zone)
{
	uint64_t lowmem = 0, kbytes, share, gap;
	const struct zone *other;
	unsigned int i;

	for_each_populated_zone (m, other, i)
		lowmem += takes_min_share(m, other) ? other->managed_pages : 0;
	if (!lowmem)
		return 0;
	kbytes = int_sqrt(lowmem * 4 * 16);
	kbytes = kbytes < 128 ? 128 : kbytes > 262144 ? 262144 : kbytes;
	share = kbytes / 4 * zone->managed_pages / lowmem;
	gap = (uint64_t)zone->managed_pages * m->sysctl.watermark_scale_factor / 10000;
	return (uint32_t)(gap > share / 4 ? gap : share / 4);
}

static uint32_t small_min(const struct zone *zone)
{
	uint32_t min = zone->managed_pages / 1024;

	return min < 32 ? 32 : min > 128 ? 128 : min;
}

/* Source: __setup_per_zone_wmarks(), mm/page_alloc.c, v6.12. */
void setup_per_zone_wmarks(struct mmr_machine *m)
{
	uint64_t pages_min = m->sysctl.min_free_kbytes / 4, lowmem_pages = 0;
	struct zone *zone;
	unsigned int i;

	for_each_populated_zone (m, zone, i) {
		if (takes_min_share(m, zone))
			lowmem_pages += zone->managed_pages;
	}
	for_each_populated_zone (m, zone, i) {
		uint64_t share = lowmem_pages ? pages_min * zone->managed_pages / lowmem_pages : 0;
		uint64_t gap = (uint64_t)zone->managed_pages * m->sysctl.watermark_scale_factor / 10000;
		uint32_t min = takes_min_share(m, zone) ? (uint32_t)share : small_min(zone);

		if (zone->recorded_watermark)
			continue;
		gap = gap > share / 4 ? gap : share / 4;
		zone->watermark_boost = 0;
		for (int mark = WMARK_MIN; mark < NR_WMARK; mark++)
			zone->_watermark[mark] = min + (uint32_t)gap * (uint32_t)mark;
	}
}

/* Source: setup_per_zone_lowmem_reserve() and calculate_totalreserve_pages(), v6.12. */
void setup_per_zone_lowmem_reserve(struct mmr_machine *m)
{
	m->totalreserve_pages = 0;
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		struct pglist_data *pgdat = &m->nodes[nid];

		pgdat->totalreserve_pages = 0;
		for (int i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &pgdat->node_zones[i];
			uint32_t ratio = m->sysctl.lowmem_reserve_ratio[i], upper = 0, max = 0;

			for (int j = 0; j < MAX_NR_ZONES; j++) {
				if (j > i)
					upper += pgdat->node_zones[j].managed_pages;
				if (!zone->recorded_reserve)
					zone->lowmem_reserve[j] =
						j > i && ratio && zone->managed_pages ? upper / ratio : 0;
				if (j >= i && zone->lowmem_reserve[j] > max)
					max = zone->lowmem_reserve[j];
			}
			max += wmark_pages(zone, WMARK_HIGH);
			pgdat->totalreserve_pages += max < zone->managed_pages ? max : zone->managed_pages;
		}
		m->totalreserve_pages += pgdat->totalreserve_pages;
	}
}

/* ---- sizes of the per-CPU lists ------------------------------------------------------------ */

/* Source: zone_batchsize(), mm/page_alloc.c, v6.12. */
static uint32_t zone_batchsize(const struct zone *zone)
{
	uint32_t batch = zone->managed_pages >> 10;

	batch = (batch < 256 ? batch : 256) / 4;
	if (batch < 1)
		batch = 1;
	batch += batch / 2;
	batch = 1u << (31 - __builtin_clz(batch)); /* down to a power of two, less one */
	return batch > 1 ? batch - 1 : 1;
}

/* Source: zone_highsize(), mm/page_alloc.c, v6.12. */
static uint32_t zone_highsize(const struct mmr_machine *m, const struct zone *zone, uint32_t batch,
			      uint32_t high_fraction, unsigned int nr_cpus_coming)
{
	unsigned int nr_cpus = m->nodes[zone->node].nr_cpus + nr_cpus_coming;
	uint32_t total = high_fraction ? zone->managed_pages / high_fraction : wmark_pages(zone, WMARK_LOW);
	uint32_t high;

	if (!nr_cpus)
		nr_cpus = m->nr_online_cpus;
	high = total / nr_cpus;
	return high > batch * 4 ? high : batch * 4;
}

/*
 * Sizes and cache flag of every CPU's lists of one zone.
 * Source: zone_set_pageset_high_and_batch() and zone_pcp_update_cacheinfo(), v6.12.
 */
static void set_pageset(const struct mmr_machine *m, struct zone *zone)
{
	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++) {
		struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];

		pcp->high_min = (int32_t)zone->pageset_high_min;
		pcp->high_max = (int32_t)zone->pageset_high_max;
		pcp->batch = (int32_t)zone->pageset_batch;
		set_free_count_limit(m, pcp);
		if (m->profile.pcp == PCP_5_14)
			*(pcp->offline ? &pcp->offline_high : &pcp->high) = pcp->high_min;
		pcp->flags &= (uint8_t)~PCPF_FREE_HIGH_BATCH;
		if (m->cpu_llc_pages > 3 * zone->pageset_batch)
			pcp->flags |= PCPF_FREE_HIGH_BATCH;
	}
}

/* @nr_cpus_coming: 1 while a CPU is coming online, which counts for every node */
void setup_zone_pagesets(struct mmr_machine *m, unsigned int nr_cpus_coming)
{
	uint32_t fraction = m->sysctl.percpu_pagelist_high_fraction;
	struct zone *zone;
	unsigned int i;

	for_each_populated_zone (m, zone, i) {
		if (!zone->recorded_pageset) {
			uint32_t batch = zone_batchsize(zone);
			bool tuned = m->profile.pcp == PCP_6_7 && !fraction;

			zone->pageset_batch = batch;
			zone->pageset_high_min = zone_highsize(m, zone, batch, fraction, nr_cpus_coming);
			zone->pageset_high_max = tuned ? zone_highsize(m, zone, batch, 8, nr_cpus_coming)
						       : zone->pageset_high_min;
		}
		set_pageset(m, zone);
	}
}

/* Source: init_per_zone_wmark_min(), mm/page_alloc.c, v6.12. */
void init_per_zone_wmark_min(struct mmr_machine *m)
{
	if (!m->sysctl.min_free_kbytes)
		m->sysctl.min_free_kbytes = boot_min_free_kbytes(m);
	setup_per_zone_wmarks(m);
	refresh_zone_stat_thresholds(m);
	setup_per_zone_lowmem_reserve(m);
	setup_zone_pagesets(m, 0);
}

uint32_t mmr_min_free_kbytes(const struct mmr_machine *m)
{
	return m->sysctl.min_free_kbytes;
}
