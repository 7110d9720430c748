// SPDX-License-Identifier: GPL-2.0-or-later
/* Zone counters: their per-CPU part and its folding, and reading what happened. */
#include <string.h>

#include "core/internal.h"

/* Free pages of the two types that are also counted apart. Source: account_freepages(), v6.12. */
void account_type(struct mmr_cpu *cpu, struct zone *zone, int32_t nr_pages, unsigned int mt)
{
	if (mt == MIGRATE_CMA) {
		shared_set(zone->nr_free_cma, zone->nr_free_cma + (uint32_t)nr_pages);
	} else if (mt == MIGRATE_HIGHATOMIC) {
		zone->nr_free_highatomic += (uint32_t)nr_pages;
		update_unusable_highatomic(cpu->m, zone);
	}
}

/*
 * What plain requests may not count on: all the reserve, or since 6.12 what of it is free.
 * Source: __zone_watermark_unusable_free(), v6.1 and v6.12.
 */
void update_unusable_highatomic(const struct mmr_machine *m, struct zone *zone)
{
	shared_set(zone->unusable_highatomic, m->profile.highatomic_acct == HIGHATOMIC_ACCT_FREE
						      ? zone->nr_free_highatomic
						      : zone->nr_reserved_highatomic);
}

static int32_t fls(uint32_t x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

/* Source: calculate_normal_threshold(), mm/vmstat.c, v6.12. */
static int32_t calculate_normal_threshold(const struct mmr_machine *m, const struct zone *zone)
{
	int32_t threshold = 2 * fls(m->nr_online_cpus) * (1 + fls(zone->managed_pages >> 15));

	if (zone->recorded_stat_threshold)
		return (int32_t)zone->recorded_stat_threshold;
	return threshold < 125 ? threshold : 125;
}

/* So small that all CPUs together cannot hide the way from low to min. Source: calculate_pressure_threshold().
 */
static int32_t calculate_pressure_threshold(const struct mmr_machine *m, const struct zone *zone)
{
	uint32_t distance = zone->_watermark[WMARK_LOW] - zone->_watermark[WMARK_MIN];
	uint32_t threshold = distance / m->nr_online_cpus;

	return threshold < 1 ? 1 : threshold < 125 ? (int32_t)threshold : 125;
}

static void set_thresholds(const struct mmr_machine *m, struct zone *zone, int32_t threshold)
{
	if (threshold > zone->highest_stat_threshold)
		zone->highest_stat_threshold = threshold;
	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++)
		shared_set(zone->per_cpu_zonestats[cpu].stat_threshold, threshold);
}

/*
 * How much a CPU may count for itself, and below which count the sum of it matters.
 * Source: refresh_zone_stat_thresholds(), mm/vmstat.c, v6.12.
 */
void refresh_zone_stat_thresholds(struct mmr_machine *m)
{
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct zone *zone = m->zones[i];
		uint32_t threshold = (uint32_t)calculate_normal_threshold(m, zone);
		uint32_t max_drift = m->nr_online_cpus * threshold;
		uint32_t tolerate = zone->_watermark[WMARK_LOW] - zone->_watermark[WMARK_MIN];

		set_thresholds(m, zone, (int32_t)threshold);
		zone->percpu_drift_mark = max_drift > tolerate ? zone->_watermark[WMARK_HIGH] + max_drift : 0;
	}
}

/*
 * While its kswapd works, the counters of zones that could drift below a mark unseen are finer.
 * @pressure: false when it goes back to sleep
 * Source: set_pgdat_percpu_threshold(), mm/vmstat.c, v6.12.
 */
void set_pgdat_percpu_threshold(struct mmr_machine *m, struct pglist_data *pgdat, bool pressure)
{
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &pgdat->node_zones[i];

		if (zone->percpu_drift_mark)
			set_thresholds(m, zone,
				       pressure ? calculate_pressure_threshold(m, zone)
						: calculate_normal_threshold(m, zone));
	}
}

/* NR_FREE_PAGES_BLOCKS: free pages in whole pageblocks. Source: account_freepages(), v6.15. */
int64_t zone_free_blocks_pages(const struct zone *zone)
{
	int64_t pages = 0;

	for (unsigned int order = PAGEBLOCK_ORDER; order <= MAX_PAGE_ORDER; order++) {
		for (unsigned int mt = 0; mt < MIGRATE_ISOLATE; mt++)
			pages += (int64_t)shared_read(zone->free_area[order].free_list[mt].nr) << order;
	}
	return pages;
}

/* Asked under the lock: another CPU may drain the lists at this moment. */
static bool pcp_is_empty(struct per_cpu_pages *pcp)
{
	bool empty;

	spin_lock(&pcp->lock);
	empty = !pcp->count;
	spin_unlock(&pcp->lock);
	return empty;
}

/*
 * Have counters other than NR_FREE_PAGES changed on this CPU since they were last folded? Those of the zone's
 * LRU lists have where the CPU took more of its pages than it gave back, or fewer. Simplified: pages that are
 * on no LRU list are taken for some that are.
 */
static bool fold_lru_counters(struct per_cpu_zonestat *stat)
{
	uint32_t pages = (uint32_t)(stat->nr_allocs[0] - stat->nr_frees[0]) +
			 ((uint32_t)(stat->nr_allocs[PAGEBLOCK_ORDER] - stat->nr_frees[PAGEBLOCK_ORDER])
			  << PAGEBLOCK_ORDER);
	bool changed = pages != stat->folded_pages;

	stat->folded_pages = pages;
	return changed;
}

/*
 * One pass of the vmstat worker over all zones.
 *
 * Return: whether anything changed, so that the worker would run again.
 * Source: refresh_cpu_vm_stats(), mm/vmstat.c, v6.12.
 */
bool refresh_cpu_vm_stats(struct mmr_cpu *cpu, bool do_pagesets)
{
	struct mmr_machine *m = cpu->m;
	bool changed = false;
	struct zone *zone;
	unsigned int i;

	for_each_populated_zone (m, zone, i) {
		struct per_cpu_zonestat *stat = &zone->per_cpu_zonestats[cpu->id];
		struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu->id];

		if (stat->vm_stat_diff) {
			shared_add(zone->vm_stat_free, stat->vm_stat_diff);
			shared_set(stat->vm_stat_diff, 0);
			pcp->expire = 3;
			changed = true;
		}
		if (fold_lru_counters(stat)) {
			pcp->expire = 3;
			changed = true;
		}
		if (!do_pagesets)
			continue;
		if (m->profile.decay != DECAY_NONE)
			changed |= decay_pcp_high(cpu, zone, pcp);
		if (!pcp->expire || pcp_is_empty(pcp))
			continue;
		if (zone->node == cpu->nid) {
			pcp->expire = 0;
			continue;
		}
		if (--pcp->expire) {
			changed |= m->profile.expire_keeps_worker;
			continue;
		}
		drain_zone_pages(cpu, zone, pcp);
		changed = true;
	}
	return changed;
}

bool mmr_vmstat_update(struct mmr_machine *m, unsigned int cpu_id)
{
	if (!mmr_cpu_online(m, cpu_id))
		return false;
	struct mmr_cpu *cpu = &m->cpus[cpu_id];

	bool changed = refresh_cpu_vm_stats(cpu, true);

	for (unsigned int nid = 0; nid < m->nr_nodes && !m->reclaim.enabled; nid++) {
		if (shared_read(m->nodes[nid].kswapd_awake) && (nid == cpu->nid || !m->nodes[nid].nr_cpus))
			kswapd_finish(cpu, &m->nodes[nid]);
	}
	return changed;
}

void mmr_quiet_vmstat(struct mmr_machine *m, unsigned int cpu_id)
{
	if (mmr_cpu_online(m, cpu_id))
		refresh_cpu_vm_stats(&m->cpus[cpu_id], false);
}

/* Pages on a zone's free lists, counted block by list. */
uint64_t zone_list_pages(const struct zone *zone, bool with_isolated)
{
	uint64_t sum = 0;

	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
			if (mt != MIGRATE_ISOLATE || with_isolated)
				sum += (uint64_t)zone->free_area[order].free_list[mt].nr << order;
		}
	}
	return sum;
}

static void add_counters(struct mmr_counters *sum, const struct mmr_counters *one)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)one;

	_Static_assert(sizeof(*sum) % sizeof(*to) == 0, "mmr_counters holds 64-bit counts only");
	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

/* What follows from who was served by which zone, and so is not counted on the way. */
static void add_derived(const struct mmr_machine *m, const struct mmr_cpu *cpu, struct mmr_counters *ret)
{
	uint64_t sum_allocs = 0, sum_frees = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct zone *zone = m->zones[i];
		const struct per_cpu_zonestat *stat = &zone->per_cpu_zonestats[cpu->id];
		uint64_t nr_allocs = 0;

		for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
			nr_allocs += stat->nr_allocs[order];
			ret->allocs[order] += stat->nr_allocs[order];
			sum_frees += stat->nr_frees[order];
			ret->alloc_pages += stat->nr_allocs[order] << order;
			ret->free_pages += stat->nr_frees[order] << order;
		}
		sum_allocs += nr_allocs;
		ret->distance_sum += nr_allocs * node_distance(m, cpu->nid, zone->node);
		if (zone->node == cpu->nid)
			ret->numa_local += nr_allocs;
		else
			ret->numa_other += nr_allocs;
	}
	ret->numa_hit += sum_allocs - cpu->counters.numa_miss;
	ret->path[MMR_PATH_PCP_HIT] += sum_allocs;
	for (int path = MMR_PATH_PCP_REFILL; path <= MMR_PATH_SLOWPATH; path++)
		ret->path[MMR_PATH_PCP_HIT] -= cpu->counters.path[path];
	ret->path[MMR_PATH_FREE_PCP] +=
		sum_frees - cpu->counters.path[MMR_PATH_FREE_DRAIN] - cpu->counters.path[MMR_PATH_FREE_BUDDY];
}

void mmr_counters_read(const struct mmr_machine *m, struct mmr_counters *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		add_counters(ret, &m->cpus[i].counters);
		add_derived(m, &m->cpus[i], ret);
	}
}

unsigned int mmr_page_nid(const struct mmr_machine *m, uint32_t pfn)
{
	return m->zones[tag_zone_place(m->pages[pfn].tag)]->node;
}

bool mmr_zone_read(const struct mmr_machine *m, unsigned int nid, enum zone_type zone_type,
		   struct mmr_zone_info *ret)
{
	if (nid >= m->nr_nodes || (unsigned int)zone_type >= MAX_NR_ZONES)
		return false;
	const struct zone *zone = &m->nodes[nid].node_zones[zone_type];

	if (!populated_zone(zone))
		return false;
	*ret = (struct mmr_zone_info){
		.start_pfn = zone->zone_start_pfn,
		.spanned_pages = zone->spanned_pages,
		.present_pages = zone->present_pages,
		.managed_pages = zone->managed_pages,
		.watermark_boost = zone->watermark_boost,
		.flags = zone->flags,
		.nr_free_pages = zone_list_pages(zone, false),
		.nr_reserved_highatomic = zone->nr_reserved_highatomic,
		.nr_extfrag = zone->nr_extfrag,
		.pcp_batch = zone->pageset_batch,
		.pcp_high_min = zone->pageset_high_min,
		.pcp_high_max = zone->pageset_high_max,
	};
	memcpy(ret->watermark, zone->_watermark, sizeof(ret->watermark));
	memcpy(ret->lowmem_reserve, zone->lowmem_reserve, sizeof(ret->lowmem_reserve));
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++)
			ret->nr_free[order][mt] = zone->free_area[order].free_list[mt].nr;
	}
	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++) {
		ret->nr_pcp_pages += (uint64_t)zone->per_cpu_pageset[cpu].count;
		for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
			ret->nr_allocs += zone->per_cpu_zonestats[cpu].nr_allocs[order];
			ret->nr_alloc_pages += zone->per_cpu_zonestats[cpu].nr_allocs[order] << order;
		}
	}
	return true;
}

bool mmr_buddyinfo_read(struct mmr_machine *m, unsigned int nid, enum zone_type zone_type, unsigned int cpu,
			uint32_t *nr_free)
{
	struct zone *zone;

	if (nid >= m->nr_nodes || (unsigned int)zone_type >= MAX_NR_ZONES || !mmr_cpu_online(m, cpu))
		return false;
	zone = &m->nodes[nid].node_zones[zone_type];
	if (!populated_zone(zone))
		return false;
	if (m->profile.buddyinfo_locked)
		zone_lock(&m->cpus[cpu], zone);
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		nr_free[order] = 0;
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++)
			nr_free[order] += shared_read(zone->free_area[order].free_list[mt].nr);
	}
	if (m->profile.buddyinfo_locked)
		zone_unlock(zone);
	return true;
}

const char *mmr_path_name(enum mmr_path path)
{
	static const char *const names[NR_MMR_PATHS] = {
		[MMR_PATH_PCP_HIT] = "pcp_hit",
		[MMR_PATH_PCP_REFILL] = "pcp_refill",
		[MMR_PATH_BUDDY] = "buddy",
		[MMR_PATH_FALLBACK] = "fallback",
		[MMR_PATH_SLOWPATH] = "slowpath",
		[MMR_PATH_FAILED] = "failed",
		[MMR_PATH_OOM] = "oom",
		[MMR_PATH_FREE_PCP] = "free_pcp",
		[MMR_PATH_FREE_DRAIN] = "free_drain",
		[MMR_PATH_FREE_BUDDY] = "free_buddy",
	};

	return (unsigned int)path < NR_MMR_PATHS ? names[path] : "unknown";
}

const char *mmr_zone_name(enum zone_type zone)
{
	static const char *const names[MAX_NR_ZONES] = {
		[ZONE_DMA] = "DMA",         [ZONE_DMA32] = "DMA32",     [ZONE_NORMAL] = "Normal",
		[ZONE_HIGHMEM] = "HighMem", [ZONE_MOVABLE] = "Movable", [ZONE_DEVICE] = "Device",
	};

	return (unsigned int)zone < MAX_NR_ZONES ? names[zone] : "unknown";
}

const char *mmr_migratetype_name(enum migratetype mt)
{
	static const char *const names[MIGRATE_TYPES] = {
		[MIGRATE_UNMOVABLE] = "Unmovable",
		[MIGRATE_MOVABLE] = "Movable",
		[MIGRATE_RECLAIMABLE] = "Reclaimable",
		[MIGRATE_HIGHATOMIC] = "HighAtomic",
		[MIGRATE_CMA] = "CMA",
		[MIGRATE_ISOLATE] = "Isolate",
	};

	return (unsigned int)mt < MIGRATE_TYPES ? names[mt] : "unknown";
}
