/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structures of the model and what its files share; for core/, its tests and bench/ only.
 *
 * Declarations are grouped by the file that defines them. A routine that models a kernel routine
 * has its name; "__x" of the kernel is x_locked or x_inner here.
 */
#ifndef MMR_CORE_INTERNAL_H
#define MMR_CORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lock.h"
#include "core/locked.h"
#include "core/page_alloc.h"
#include "core/page_record.h"
#include "core/profile_axes.h"
#include "core/story.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ---- zones and nodes ----------------------------------------------------------------------- */

struct free_list {
	uint32_t head, tail;
	uint32_t nr; /* blocks */
};

struct free_area {
	struct free_list free_list[MIGRATE_TYPES];
};

struct pcp_list {
	uint32_t head, tail; /* head is MMR_NO_PFN where empty; then tail is stale */
};

#define PCPF_PREV_FREE_HIGH_ORDER 0x1u
#define PCPF_FREE_HIGH_BATCH      0x2u

/* Source: struct per_cpu_pages, include/linux/mmzone.h, v6.12; free_factor is that of 6.1. */
struct per_cpu_pages {
	struct spinlock lock;
	int32_t count; /* pages, not blocks */
	int32_t high, high_min, high_max;
	int32_t batch;
	uint8_t flags;
	uint8_t alloc_factor;
	uint8_t expire;
	bool offline;
	union {
		int32_t free_count; /* PCP_6_7: pages freed lately */
		int32_t free_factor; /* PCP_5_14: scales the batch of a drain */
	};
	int32_t free_count_limit; /* free_count grows to here; 0 where it is not used */
	int32_t offline_high; /* high as it was when its CPU went */
	struct pcp_list lists[NR_PCP_LISTS];
} __attribute__((aligned(64)));

/* Source: struct per_cpu_zonestat, include/linux/mmzone.h, v6.12; the counts below are ours. */
struct per_cpu_zonestat {
	int32_t vm_stat_diff; /* of NR_FREE_PAGES, not yet in zone->vm_stat_free */
	int32_t stat_threshold;
	uint64_t nr_allocs[NR_PAGE_ORDERS]; /* requests this CPU got served by the zone */
	uint64_t nr_frees[NR_PAGE_ORDERS]; /* blocks this CPU gave back to it */
	uint32_t folded_pages; /* taken less given back, when its other counters were last folded */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct per_cpu_zonestat) == sizeof(struct per_cpu_pages), "one multiplication for both");

enum zone_flags { ZONE_BOOSTED_WATERMARK, ZONE_RECLAIM_ACTIVE, ZONE_BELOW_HIGH };

struct pglist_data;

/* Source: struct zone, include/linux/mmzone.h, v6.12. */
struct zone {
	/* What the watermark test reads. */
	int64_t vm_stat_free; /* NR_FREE_PAGES, global part */
	uint32_t _watermark[NR_WMARK];
	uint32_t watermark_boost;
	uint32_t lowmem_reserve[MAX_NR_ZONES];
	uint32_t flags; /* 1 << enum zone_flags */
	uint16_t id; /* nid << 3 | zone_idx() */
	uint16_t tag; /* its part of a page record's tag: its place in m->zones << 8 */
	uint16_t node;
	uint16_t nofragment; /* ALLOC_NOFRAGMENT where alloc_flags_nofragment() says so */
	uint32_t unusable_highatomic; /* pages of the reserve a plain request may not count on */
	uint32_t nr_free_cma;
	struct per_cpu_pages *per_cpu_pageset; /* [nr_cpus] */
	struct per_cpu_zonestat *per_cpu_zonestats; /* [nr_cpus] */
	struct pglist_data *zone_pgdat;
	struct mmr_story *story; /* the machine's */

	struct spinlock lock __attribute__((aligned(64)));
	uint32_t nr_reserved_highatomic;
	uint32_t nr_free_highatomic;
	uint32_t nr_isolate_pageblock;
	uint32_t trylock_free_pages; /* newest first, by page.next; MMR_NO_PFN where empty */
	struct free_area free_area[NR_PAGE_ORDERS];

	uint32_t zone_start_pfn;
	uint32_t spanned_pages, present_pages, managed_pages;
	uint32_t pageset_batch, pageset_high_min, pageset_high_max;
	uint32_t recorded_stat_threshold; /* 0 where computed */
	int32_t highest_stat_threshold; /* that any CPU had so far */
	uint32_t percpu_drift_mark; /* below it NR_FREE_PAGES may be too far off; 0 where it never is */
	uint64_t shuffle_bits; /* random bits in stock, lowest first, with a one above the last */
	uint64_t shuffle_state;
	uint8_t reclaim_dry, reclaim_skip; /* times in a row it gave nothing; askings to leave out */
	/* Compaction: where its scanners stopped, and how long it is deferred. */
	uint32_t compact_cached_migrate_pfn, compact_cached_free_pfn;
	uint8_t compact_considered, compact_defer_shift, compact_order_failed;
	uint8_t compact_flags; /* COMPACT_SCANNERS_SET, COMPACT_BLOCKSKIP_FLUSH */
	uint64_t nr_extfrag; /* pages taken from another migratetype's list, ever */
	uint32_t reclaim_hand; /* where reclaim goes on, relative to zone_start_pfn */
	struct mmr_lock_times *lock_times; /* NULL where nobody measures the lock */
	bool recorded_watermark, recorded_reserve, recorded_pageset;
} __attribute__((aligned(64)));

struct zoneref {
	struct zone *zone;
	int zone_idx; /* zone_idx(zone), cached beside the pointer */
};

enum { ZONELIST_FALLBACK, ZONELIST_NOFALLBACK, MAX_ZONELISTS };

/* Ends with a zoneref of no zone and index 0, so that every walk stops without a length. */
struct zonelist {
	struct zoneref *_zonerefs; /* [nr_nodes * MAX_NR_ZONES + 1] */
};

/* Source: struct pglist_data, include/linux/mmzone.h, v6.12. */
struct pglist_data {
	struct zone node_zones[MAX_NR_ZONES];
	struct zonelist node_zonelists[MAX_ZONELISTS];
	/* Where a request without nodemask starts in them, by its four zone modifier bits. */
	const struct zoneref *first_zonerefs[MAX_ZONELISTS][16];
	int node_id;
	uint32_t node_present_pages;
	uint32_t totalreserve_pages;
	unsigned int nr_cpus; /* cpumask_weight(cpumask_of_node()) */
	bool kswapd_awake;
	uint8_t kswapd_order; /* the most that was asked of it since its last run began */
	uint8_t kswapd_highest_zoneidx;
	/* balance_pgdat()'s own, from one turn to the next */
	struct kswapd_run {
		int highest_zoneidx, priority;
		unsigned int order, alloc_order; /* now, and as it was woken for */
		uint32_t boosts[MAX_NR_ZONES]; /* when it began */
		uint32_t boost_left, gap, total;
		uint32_t want, scan_left, round; /* of the round that it is in */
		bool boosted, in_round, rests; /* rests: behind a run, where paced */
	} kswapd_run;
	uint8_t kcompactd_max_order, kcompactd_highest_zoneidx; /* order 0: it sleeps */
	uint8_t kcompactd_skip; /* turns that its proactive part leaves out */
	uint32_t kswapd_failures;
	uint32_t nr_dirty_pages, nr_file_pages; /* as the caller said */
	struct mmr_demotion demotion;
};

/**
 * struct alloc_context - what a request resolves to; set by prepare_alloc_pages()
 * @zonelist: of the preferred node; __GFP_THISNODE picks the one without fallback. Never changes.
 * @nodemask: allowed nodes, 0 for all; dropped in the slow path when reserves may be used
 * @preferred_zoneref: first zone that may serve; recomputed when @nodemask changes
 * @migratetype: from the gfp flags. Never changes.
 * @highest_zoneidx: from the gfp flags; also the index into lowmem_reserve. Never changes.
 * @spread_dirty_pages: request dirties page cache; cleared before the slow path
 * @reclaim_compact_order: what reclaim and compaction aim at, the order or with defrag_mode a whole
 *	pageblock; set in the slow path
 *
 * Source: struct alloc_context, mm/internal.h, v6.12; the last field is that of v7.3.
 */
struct alloc_context {
	const struct zonelist *zonelist;
	uint64_t nodemask;
	const struct zoneref *preferred_zoneref;
	uint8_t migratetype;
	uint8_t highest_zoneidx;
	bool spread_dirty_pages;
	uint8_t reclaim_compact_order;
};

/**
 * struct capture_control - a block that a compacting request hopes to catch as it merges
 * @zone: being compacted; NULL while nothing is armed
 * @order, @migratetype: of the request
 * @pfn: what was caught, MMR_NO_PFN so far
 *
 * Source: struct capture_control, mm/internal.h, v6.12.
 */
struct capture_control {
	struct zone *zone;
	unsigned int order, migratetype;
	uint32_t pfn;
};

/* ---- alloc_flags and free flags; Source: mm/internal.h and mm/page_alloc.c, v6.12 ------------ */

#define ALLOC_WMARK_MIN     WMARK_MIN
#define ALLOC_WMARK_LOW     WMARK_LOW
#define ALLOC_WMARK_HIGH    WMARK_HIGH
#define ALLOC_WMARK_MASK    0x3u
#define ALLOC_NO_WATERMARKS 0x4u
#define ALLOC_OOM           0x8u
#define ALLOC_NON_BLOCK     0x10u
#define ALLOC_MIN_RESERVE   0x20u
#define ALLOC_CPUSET        0x40u
#define ALLOC_CMA           0x80u
#define ALLOC_NOFRAGMENT    0x100u
#define ALLOC_HIGHATOMIC    0x200u
#define ALLOC_TRYLOCK       0x400u
#define ALLOC_KSWAPD        0x800u /* may wake kswapd; says nothing of who asks */
#define ALLOC_RESERVES      (ALLOC_NON_BLOCK | ALLOC_MIN_RESERVE | ALLOC_HIGHATOMIC | ALLOC_OOM)

#define FPI_NONE    0x0u
#define FPI_TO_TAIL 0x2u

/* Source: enum rmqueue_mode, mm/page_alloc.c, v6.15 and 6.12.y. */
enum rmqueue_mode { RMQUEUE_NORMAL, RMQUEUE_CMA, RMQUEUE_CLAIM, RMQUEUE_STEAL };

/* ---- the machine --------------------------------------------------------------------------- */

/**
 * struct mmr_cpu - "this CPU" of a routine: who runs it, and where it counts
 * @current: the request being served beyond the hit path, as the kernel's current names its task;
 *	NULL in between, and for kernel threads
 * @capture_control: of that request while it compacts
 * @counters: what cannot be derived; see mmr_counters_read()
 * @fell_back: a claim or steal happened since it was last cleared
 */
struct mmr_cpu {
	struct mmr_machine *m;
	uint16_t id;
	uint16_t nid;
	bool fell_back;
	const struct mmr_request *current;
	struct capture_control *capture_control;
	struct mmr_counters counters;
} __attribute__((aligned(64)));

struct mmr_machine {
	struct page *pages; /* [end_pfn] */
	uint32_t *pageblocks; /* [end_pfn >> PAGEBLOCK_ORDER], see PB_* below */
	struct zone **zones; /* [nr_zones], spanned ones by start_pfn */
	struct mmr_cpu *cpus;
	uint16_t *cpu_node;
	struct pglist_data *nodes;
	uint8_t gfp_zone[16]; /* by the four zone modifier bits */
	uint32_t end_pfn; /* multiple of MAX_ORDER_NR_PAGES */
	unsigned int nr_nodes, nr_cpus, nr_zones;
	unsigned int nr_online_cpus;
	struct kernel_profile profile;
	/*
	 * Free blocks of MAX_PAGE_ORDER keep their record here, one per 4 MiB: they never look
	 * for a buddy, and all memory of a 4 TiB machine is seeded without touching @pages.
	 */
	struct page *max_blocks; /* [end_pfn >> MAX_PAGE_ORDER] */
	struct mmr_mem_range *ranges;
	unsigned int nr_ranges;
	struct mmr_sysctl sysctl;
	uint8_t *distance;
	uint32_t totalreserve_pages;
	uint32_t cpu_llc_pages;
	bool boot_zonelists;
	bool highmem; /* a 32-bit machine */
	bool cma; /* CONFIG_CMA: the profile's six types, or CMA pageblocks that were seeded */
	uint64_t shuffle_seed;
	uint64_t demotion_random;
	bool page_group_by_mobility_disabled;
	uint64_t seeded_pages; /* handed to the model by mmr_seed_*() */
	struct zoneref *zonerefs;
	struct mmr_reclaim reclaim;
	unsigned int nr_kswapds_awake; /* working or at rest: reclaim is paced */
	mmr_cold_block *cold_block;
	void *cold_ctx;
	struct mmr_compaction compaction;
	struct mmr_displaced *displaced; /* [MMR_DISPLACED_MAX], a ring */
	uint32_t displaced_begin, displaced_end;
	void *pcp_memory, *zonestat_memory;
	size_t pages_bytes, max_blocks_bytes, pageblocks_bytes;
	bool zone_locks_busy; /* during one call of the nolock API: somebody holds them */
	uint8_t dirty_ratio; /* percent; 0 until the caller has told of dirty pages */
	uint8_t hit_mark; /* the mark of alloc_pages_hit() */
	bool no_shortcuts; /* take the long way always: tests, and ungrouped machines */
	struct mmr_story *story; /* see story_of() */
	uint32_t damaged; /* 1 from the first model_damaged() on */
	struct mmr_error damage;
};

/*
 * A pageblock's word: its type, four flags, and in the upper half the zone that holds all of it, as page
 * records have it. A free reads zone and type here, in a line that stays cached, rather than wait for the
 * page's own record.
 */
#define PB_TYPE_MASK  0x7u
#define PB_ISOLATE    0x10u /* profile axis isolate_bit: the type survives underneath */
#define PB_SKIP       0x20u /* compaction found nothing here to move, or no place to move to */
#define PB_PRESENT    0x40u /* all of it is memory of its zone, without a hole */
#define PB_SEEDED     0x80u /* a seed put a record below pageblock order here */
#define PB_ZONE_SHIFT 16
#define PB_NO_ZONE    0xfff0u /* not wholly inside one zone; no record has order 15 */

static inline int zone_idx(const struct zone *zone)
{
	return (int)(zone - zone->zone_pgdat->node_zones);
}

static inline bool populated_zone(const struct zone *zone)
{
	return zone->present_pages != 0;
}

static inline bool zone_spans_pfn(const struct zone *zone, uint32_t pfn)
{
	return pfn - zone->zone_start_pfn < zone->spanned_pages;
}

static inline uint32_t wmark_pages(const struct zone *zone, unsigned int mark)
{
	return zone->_watermark[mark] + shared_read(zone->watermark_boost);
}

static inline unsigned int get_pageblock_migratetype(const struct mmr_machine *m, uint32_t pfn)
{
	uint32_t block = shared_read(m->pageblocks[pfn >> PAGEBLOCK_ORDER]);

	return block & PB_ISOLATE ? MIGRATE_ISOLATE : block & PB_TYPE_MASK;
}

static inline unsigned int node_distance(const struct mmr_machine *m, unsigned int from, unsigned int to)
{
	return m->distance[from * m->nr_nodes + to];
}

/* Orders that live on per-CPU lists: 0..3 and the THP order. Source: pcp_allowed_order(), v6.12. */
static inline bool pcp_allowed_order(unsigned int order)
{
	return 0x20fu >> order & 1;
}

static inline unsigned int order_to_pindex(unsigned int mt, unsigned int order)
{
	if (order > PAGE_ALLOC_COSTLY_ORDER)
		return NR_LOWORDER_PCP_LISTS + (mt == MIGRATE_MOVABLE);
	return MIGRATE_PCPTYPES * order + mt;
}

static inline unsigned int pindex_to_order(unsigned int pindex)
{
	return pindex >= NR_LOWORDER_PCP_LISTS ? HPAGE_PMD_ORDER : pindex / MIGRATE_PCPTYPES;
}

static inline bool migratetype_is_mergeable(unsigned int mt)
{
	return mt < MIGRATE_PCPTYPES;
}

#ifdef MMR_THREADS

/*
 * The one clock of the core, and in this build only: what a lock costs can be measured only where it is
 * taken. Ten nanoseconds a stamp, where somebody asked for it (locked.h).
 */
static inline uint64_t lock_clock(const struct zone *zone)
{
	return zone->lock_times ? __builtin_ia32_rdtsc() : 0;
}

static inline unsigned int lock_bucket(uint64_t ticks)
{
	unsigned int bits = ticks ? 64u - (unsigned int)__builtin_clzll(ticks) : 0;

	return bits < MMR_LOCK_BUCKETS ? bits : MMR_LOCK_BUCKETS - 1;
}

static inline void zone_lock_taken(struct zone *zone, uint64_t asked)
{
	struct mmr_lock_times *times = zone->lock_times;
	uint64_t waited;

	if (!times)
		return;
	times->locked_at = lock_clock(zone);
	waited = times->locked_at - asked;
	times->waited[lock_bucket(waited)]++;
	times->wait_ticks += waited;
	times->wait_max = waited > times->wait_max ? waited : times->wait_max;
}

static inline void zone_lock_given_back(struct zone *zone)
{
	struct mmr_lock_times *times = zone->lock_times;
	uint64_t held;

	if (!times)
		return;
	held = lock_clock(zone) - times->locked_at;
	times->held[lock_bucket(held)]++;
	times->hold_ticks += held;
	times->hold_max = held > times->hold_max ? held : times->hold_max;
}

#else

static inline uint64_t lock_clock(const struct zone *zone)
{
	return 0;
}

static inline void zone_lock_taken(struct zone *zone, uint64_t asked)
{
}

static inline void zone_lock_given_back(struct zone *zone)
{
}

#endif

static inline void zone_lock(struct mmr_cpu *cpu, struct zone *zone)
{
	uint64_t asked = lock_clock(zone);

	spin_lock(&zone->lock);
	zone_lock_taken(zone, asked);
	cpu->counters.zone_lock++;
}

static inline void zone_unlock(struct zone *zone)
{
	zone_lock_given_back(zone);
	spin_unlock(&zone->lock);
}

#define for_each_populated_zone(m, zone, i)                                                                    \
	for ((i) = 0; (i) < (m)->nr_zones && ((zone) = (m)->zones[i], true); (i)++)                            \
		if (populated_zone(zone))

/* ---- story.c ------------------------------------------------------------------------------- */

/*
 * In the build that tells (mmr::core_told) a story may be attached to a machine and its zones; in all
 * others there is none, and what is said about it below compiles to nothing.
 */
#ifdef MMR_STORY
#define MMR_TELLS                 true
#define story_of(machine_or_zone) ((machine_or_zone)->story)
#else
#define MMR_TELLS false
/* A function, so that clang does not call what follows unreachable. */
static inline struct mmr_story *no_story(const void *machine_or_zone)
{
	return NULL;
}

#define story_of(machine_or_zone) no_story(machine_or_zone)
#endif

/* tell(zone, MMR_STORY_POP, .pfn = pfn): note a step where somebody listens; tell_all() is of no zone. */
#define tell_step(of_, kind_, zone_id_, ...)                                                                   \
	do {                                                                                                   \
		struct mmr_story *story_ = story_of(of_);                                                      \
		if (story_)                                                                                    \
			story_add(story_,                                                                      \
				  &(struct mmr_story_step){.kind = (kind_), .zone = (zone_id_), __VA_ARGS__}); \
	} while (0)
#define tell(zone_, kind_, ...)        tell_step(zone_, kind_, (zone_)->id, __VA_ARGS__)
#define tell_all(machine_, kind_, ...) tell_step(machine_, kind_, MMR_STORY_NO_ZONE, __VA_ARGS__)
/* The test that follows is against this mark. */
#define tell_mark(zone_, mark_, why_) tell(zone_, MMR_STORY_MARK, .mark = (uint8_t)(mark_), .why = (why_))

void story_add(struct mmr_story *story, const struct mmr_story_step *step);
void story_request(struct mmr_cpu *cpu, const struct mmr_request *req, const struct alloc_context *ac,
		   unsigned int alloc_flags);
void story_quick_pass(const struct zone *zone, uint32_t mark, int highest_zoneidx, int64_t usable);
void story_pcp(const struct mmr_cpu *cpu, const struct zone *zone, unsigned int order, unsigned int mt,
	       enum mmr_story_pcp when);
void story_pop(const struct mmr_cpu *cpu, const struct zone *zone, unsigned int order, unsigned int mt,
	       uint32_t pfn);
void story_high(const struct zone *zone, const struct per_cpu_pages *pcp, int limit, enum mmr_story_high why);
void story_page(const struct zone *zone, uint32_t pfn, unsigned int order, unsigned int mt, enum mmr_path path);
void story_free(const struct mmr_cpu *cpu, const struct zone *zone, uint32_t pfn, unsigned int order,
		unsigned int mt, enum mmr_story_free way);

/* ---- damage.c ------------------------------------------------------------------------------ */

void model_damaged(struct mmr_machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

/* ---- machine.c ----------------------------------------------------------------------------- */

struct zone *pfn_zone(const struct mmr_machine *m, uint32_t pfn);
/* The one zone whose span and RAM hold all of [pfn, pfn + 2^order), else NULL. */
struct zone *block_zone(const struct mmr_machine *m, uint32_t pfn, unsigned int order);
void machine_reset(struct mmr_machine *m);
uint32_t zone_usable_pages(const struct mmr_machine *m, const struct zone *zone);

/* ---- seed.c -------------------------------------------------------------------------------- */

struct zone *seed_block(struct mmr_machine *m, const char *what, uint32_t pfn, unsigned int order,
			enum migratetype mt, struct mmr_error *err);

/* ---- zonelist.c ---------------------------------------------------------------------------- */

void build_all_zonelists(struct mmr_machine *m);
void build_first_zonerefs(struct mmr_machine *m);

/* First zoneref at or after @z that the index and the mask allow. Source: next_zones_zonelist(). */
static inline const struct zoneref *next_zones_zonelist(const struct zoneref *z, int highest_zoneidx,
							uint64_t nodemask)
{
	if (likely(!nodemask)) {
		while (z->zone_idx > highest_zoneidx)
			z++;
	} else {
		while (z->zone_idx > highest_zoneidx || (z->zone && !(nodemask >> z->zone->node & 1)))
			z++;
	}
	return z;
}

#define for_next_zone_zonelist(zone_, z, highest, mask)                                                        \
	for (; ((zone_) = (z)->zone); (z) = next_zones_zonelist((z) + 1, (highest), (mask)))

/* ---- watermark.c --------------------------------------------------------------------------- */

void init_per_zone_wmark_min(struct mmr_machine *m);
void setup_per_zone_wmarks(struct mmr_machine *m);
void setup_per_zone_lowmem_reserve(struct mmr_machine *m);
void setup_zone_pagesets(struct mmr_machine *m, unsigned int nr_cpus_coming);
bool zone_watermark_ok_inner(const struct zone *zone, unsigned int order, uint32_t mark, int highest_zoneidx,
			     unsigned int alloc_flags, int64_t free_pages);
bool zone_watermark_ok(const struct zone *zone, unsigned int order, uint32_t mark, int highest_zoneidx,
		       unsigned int alloc_flags);
bool zone_watermark_fast_full(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
			      uint32_t mark, int highest_zoneidx, unsigned int alloc_flags, gfp_t gfp);
bool boost_watermark(struct mmr_cpu *cpu, struct zone *zone);

/* Pages that must not be counted on. Source: __zone_watermark_unusable_free(), v6.12. */
static inline int64_t zone_watermark_unusable_free(const struct zone *zone, unsigned int order,
						   unsigned int alloc_flags)
{
	int64_t unusable = ((int64_t)1 << order) - 1;

	if (likely(!(alloc_flags & ALLOC_RESERVES)))
		unusable += shared_read(zone->unusable_highatomic);
	if (!(alloc_flags & ALLOC_CMA))
		unusable += shared_read(zone->nr_free_cma);
	return unusable;
}

/* Source: zone_watermark_fast(), mm/page_alloc.c, v6.12. */
static inline bool zone_watermark_fast(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
				       uint32_t mark, int highest_zoneidx, unsigned int alloc_flags, gfp_t gfp)
{
	if (likely(!order)) {
		int64_t usable =
			shared_read(zone->vm_stat_free) - zone_watermark_unusable_free(zone, 0, alloc_flags);

		if (likely(usable > (int64_t)mark + zone->lowmem_reserve[highest_zoneidx])) {
			if (story_of(zone))
				story_quick_pass(zone, mark, highest_zoneidx, usable);
			return true;
		}
	}
	return zone_watermark_fast_full(m, zone, order, mark, highest_zoneidx, alloc_flags, gfp);
}

/* ---- vmstat.c ------------------------------------------------------------------------------ */

/* Source: __mod_zone_page_state(), mm/vmstat.c, v6.12, for NR_FREE_PAGES. */
static inline void mod_zone_free_pages(struct mmr_cpu *cpu, struct zone *zone, int32_t delta)
{
	struct per_cpu_zonestat *stat = &zone->per_cpu_zonestats[cpu->id];
	int32_t x = stat->vm_stat_diff + delta;

	int32_t threshold = shared_read(stat->stat_threshold);

	if (unlikely(x > threshold || x < -threshold)) {
		shared_add(zone->vm_stat_free, x);
		x = 0;
	}
	shared_set(stat->vm_stat_diff, x);
}

void account_type(struct mmr_cpu *cpu, struct zone *zone, int32_t nr_pages, unsigned int mt);

/* Source: account_freepages(), mm/page_alloc.c, v6.12. */
static inline void account_freepages(struct mmr_cpu *cpu, struct zone *zone, int32_t nr_pages, unsigned int mt)
{
	if (unlikely(mt == MIGRATE_ISOLATE))
		return; /* isolated pages do not count as free */
	mod_zone_free_pages(cpu, zone, nr_pages);
	if (unlikely(mt >= MIGRATE_PCPTYPES))
		account_type(cpu, zone, nr_pages, mt);
}

void refresh_zone_stat_thresholds(struct mmr_machine *m);
uint32_t boot_watermark_gap(const struct mmr_machine *m, const struct zone *zone);
void set_pgdat_percpu_threshold(struct mmr_machine *m, struct pglist_data *pgdat, bool pressure);
int64_t zone_free_blocks_pages(const struct zone *zone);
bool refresh_cpu_vm_stats(struct mmr_cpu *cpu, bool do_pagesets);
void update_unusable_highatomic(const struct mmr_machine *m, struct zone *zone);
uint64_t zone_list_pages(const struct zone *zone, bool with_isolated);

/* ---- buddy.c ------------------------------------------------------------------------------- */

void add_to_free_list(struct mmr_machine *m, struct zone *zone, uint32_t pfn, unsigned int order,
		      unsigned int mt, bool tail);
void del_page_from_free_list(struct mmr_machine *m, struct zone *zone, uint32_t pfn, unsigned int order,
			     unsigned int mt);
void move_to_free_list(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order,
		       unsigned int old_mt, unsigned int new_mt);
uint32_t expand(struct mmr_machine *m, struct zone *zone, uint32_t pfn, unsigned int low, unsigned int high,
		unsigned int mt);
void page_del_and_expand(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int low,
			 unsigned int high, unsigned int mt);
uint32_t rmqueue_smallest(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, unsigned int mt);
void free_one_page_locked(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order,
			  unsigned int mt, unsigned int fpi_flags);
void free_one_page(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order,
		   unsigned int fpi_flags);

/* ---- fallback.c ---------------------------------------------------------------------------- */

/* A block that may be taken from another type, before 6.15. */
struct fallback_block {
	uint32_t pfn;
	unsigned int order;
	unsigned int mt; /* of the list it heads */
	bool whole; /* its pageblock may be taken with it */
};
bool find_fallback_block(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
			 unsigned int start_mt, unsigned int alloc_flags, struct fallback_block *ret);
bool rmqueue_fallback_old(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, unsigned int start_mt,
			  unsigned int alloc_flags);
uint32_t rmqueue_fallback_6_10(struct mmr_cpu *cpu, struct zone *zone, unsigned int order,
			       unsigned int start_mt, unsigned int alloc_flags);
uint32_t rmqueue_inner(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, unsigned int mt,
		       unsigned int alloc_flags, enum rmqueue_mode *mode);
int find_fallback(const struct zone *zone, unsigned int order, unsigned int mt);
bool should_try_claim_block(const struct mmr_machine *m, unsigned int order, unsigned int mt);
void set_boosted(struct mmr_cpu *cpu, struct zone *zone, unsigned int alloc_flags);
bool pageblock_is_claimable(const struct mmr_machine *m, const struct zone *zone, uint32_t pfn,
			    unsigned int start_mt, unsigned int block_mt);
uint32_t claim_block(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int current_order,
		     unsigned int order, unsigned int start_mt, unsigned int block_mt);

/* ---- pageblock.c --------------------------------------------------------------------------- */

void set_pageblock_migratetype(struct mmr_machine *m, uint32_t pfn, unsigned int mt);
void change_pageblock_range(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int mt);
void count_pageblock(const struct mmr_machine *m, uint32_t pfn, unsigned int *nr_free,
		     unsigned int *nr_movable);
bool prep_move_freepages_block(const struct mmr_machine *m, const struct zone *zone, uint32_t pfn,
			       uint32_t *start_pfn, unsigned int *nr_free, unsigned int *nr_movable);
unsigned int move_freepages_block_inner(struct mmr_cpu *cpu, struct zone *zone, uint32_t start_pfn,
					unsigned int mt);
int move_freepages_block(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int mt);
void reserve_highatomic_pageblock(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order);
bool unreserve_highatomic_pageblock(struct mmr_cpu *cpu, const struct alloc_context *ac, bool force);

static inline void set_free_count_limit(const struct mmr_machine *m, struct per_cpu_pages *pcp)
{
	pcp->free_count_limit = m->profile.pcp == PCP_6_7 ? pcp->batch << m->profile.pcp_batch_scale_max : 0;
}

/* ---- cpuset.c ------------------------------------------------------------------------------ */

bool cpuset_node_allowed(const struct mmr_request *current, unsigned int nid, gfp_t gfp);

/* Source: cpuset_zone_allowed(), include/linux/cpuset.h, v6.12. */
static inline bool cpuset_zone_allowed(const struct mmr_cpu *cpu, const struct zone *zone, gfp_t gfp)
{
	return likely(!cpu->current || !cpu->current->cpuset) ||
	       cpuset_node_allowed(cpu->current, zone->node, gfp);
}

/* ---- shuffle.c ----------------------------------------------------------------------------- */

void shuffle_init(const struct mmr_machine *m, struct zone *zone);
bool shuffle_pick_tail(struct zone *zone);
void shuffle_zone(struct mmr_machine *m, struct zone *zone);

/* ---- isolation.c --------------------------------------------------------------------------- */

bool isolate_free_page(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order);
void putback_isolated_page(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order);

/* ---- pcp.c --------------------------------------------------------------------------------- */

uint32_t rmqueue_pcplist_refill(struct mmr_cpu *cpu, struct zone *zone, struct per_cpu_pages *pcp,
				unsigned int order, unsigned int mt, unsigned int alloc_flags);
int nr_pcp_alloc(const struct kernel_profile *profile, const struct zone *zone, struct per_cpu_pages *pcp,
		 unsigned int order);
int nr_pcp_overflow(const struct kernel_profile *profile, const struct zone *zone, struct per_cpu_pages *pcp,
		    unsigned int order);
void clear_below_high(struct mmr_machine *m, struct zone *zone);
/* Of free_unref_page_commit() after the push: what it remembers; then all, true where pages went to the buddy.
 */
void free_unref_page_remember(const struct kernel_profile *profile, struct per_cpu_pages *pcp,
			      unsigned int order);
bool free_unref_page_overflow(struct mmr_cpu *cpu, struct zone *zone, struct per_cpu_pages *pcp,
			      unsigned int pindex, unsigned int order, bool *locked);
void free_pcppages_bulk(struct mmr_cpu *cpu, struct zone *zone, int count, struct per_cpu_pages *pcp,
			unsigned int pindex);
void drain_pages_zone(struct mmr_cpu *cpu, unsigned int victim, struct zone *zone);
void drain_all_pages(struct mmr_cpu *cpu, struct zone *only);
void drain_zone_pages(struct mmr_cpu *cpu, struct zone *zone, struct per_cpu_pages *pcp);
void sink_pcp_high(const struct kernel_profile *profile, struct per_cpu_pages *pcp);
bool decay_pcp_high(struct mmr_cpu *cpu, struct zone *zone, struct per_cpu_pages *pcp);

/* ---- page_alloc.c -------------------------------------------------------------------------- */

unsigned int gfp_to_alloc_flags_cma(const struct mmr_machine *m, unsigned int mt);
struct mmr_page hand_out_captured(struct mmr_cpu *cpu, uint32_t pfn, unsigned int order,
				  const struct alloc_context *ac);
struct mmr_page get_page_from_freelist(struct mmr_cpu *cpu, gfp_t gfp, unsigned int order,
				       unsigned int alloc_flags, const struct alloc_context *ac);

/* ---- page_free.c ---------------------------------------------------------------------------- */

enum mmr_path free_unref_page(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order);

/* ---- reclaim.c ------------------------------------------------------------------------------ */

#define MMR_DISPLACED_MAX (1u << 20)

static inline bool displaced_room(const struct mmr_machine *m)
{
	return m->displaced_end - m->displaced_begin < MMR_DISPLACED_MAX;
}

/* There must be room. @to: MMR_NO_PFN where the block was reclaimed */
static inline void report_displaced(struct mmr_machine *m, uint32_t from, uint32_t to, unsigned int order)
{
	m->displaced[m->displaced_end++ % MMR_DISPLACED_MAX] =
		(struct mmr_displaced){.from = from, .to = to, .order = (uint8_t)order};
}

/* Why node_reclaim() did not even look. */
#define NODE_RECLAIM_NOSCAN (-1)

int64_t node_reclaim(struct mmr_cpu *cpu, struct pglist_data *pgdat, gfp_t gfp, unsigned int order,
		     const struct alloc_context *ac);
uint32_t try_to_free_pages(struct mmr_cpu *cpu, const struct alloc_context *ac);
#define MIN_LRU_BATCH 64 /* pages that the multi-generation lists give at a time */
uint32_t node_lru_pages(const struct pglist_data *pgdat, int highest_zoneidx);
uint32_t shrink_node(struct mmr_cpu *cpu, struct pglist_data *pgdat, int highest_zoneidx, uint32_t nr);
int64_t zone_free_snapshot(const struct mmr_machine *m, const struct zone *zone);
int64_t zone_reclaimable_pages(const struct mmr_machine *m, const struct zone *zone);

/* ---- kswapd.c ------------------------------------------------------------------------------- */

void wakeup_kswapd(struct mmr_cpu *cpu, struct zone *zone, gfp_t gfp, unsigned int order, int highest_zoneidx);
void wake_all_kswapds(struct mmr_cpu *cpu, unsigned int order, gfp_t gfp, const struct alloc_context *ac);
void kswapd_reset_failures(struct mmr_machine *m, const struct zone *zone);
/* Where reclaim is not modelled: kswapd has done what it was woken for, and sleeps. */
void kswapd_finish(struct mmr_cpu *cpu, struct pglist_data *pgdat);

/* ---- demotion.c ----------------------------------------------------------------------------- */

uint32_t alloc_demote_block(struct mmr_cpu *cpu, const struct pglist_data *pgdat, unsigned int order);

/* ---- compaction.c --------------------------------------------------------------------------- */

/* Source: include/linux/compaction.h, v6.12; the order matters. */
enum compact_result {
	COMPACT_SKIPPED,
	COMPACT_DEFERRED,
	COMPACT_CONTINUE,
	COMPACT_COMPLETE,
	COMPACT_PARTIAL_SKIPPED,
	COMPACT_SUCCESS
};
enum compact_priority { COMPACT_PRIO_SYNC_FULL, COMPACT_PRIO_SYNC_LIGHT, COMPACT_PRIO_ASYNC };

/* -1000 where a block is free; else 0 (for want of memory) to 1000 (of fragmentation). */
int fragmentation_index(const struct zone *zone, unsigned int order);
enum compact_result try_to_compact_pages(struct mmr_cpu *cpu, unsigned int order, unsigned int alloc_flags,
					 const struct alloc_context *ac, enum compact_priority prio,
					 uint32_t *pfn);
bool compaction_zonelist_suitable(const struct mmr_cpu *cpu, const struct alloc_context *ac,
				  unsigned int alloc_flags);
#define COMPACT_SCANNERS_SET    0x1u /* they do not start at the ends of the zone */
#define COMPACT_BLOCKSKIP_FLUSH 0x2u /* they have met: the hints are old when kswapd goes to sleep */
void reset_isolation_suitable(struct mmr_machine *m, struct zone *zone);
void compaction_defer_reset(struct zone *zone, unsigned int order, bool alloc_success);

/* ---- kcompactd.c ---------------------------------------------------------------------------- */

void wakeup_kcompactd(struct mmr_cpu *cpu, struct pglist_data *pgdat, unsigned int order, int highest_zoneidx);

/* ---- slowpath.c ----------------------------------------------------------------------------- */

struct mmr_page alloc_pages_slowpath(struct mmr_cpu *cpu, const struct mmr_request *req,
				     struct alloc_context *ac);

#endif
