/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libmmcore: a model of the Linux page allocator that makes the kernel's decisions on page frame
 * numbers, without the pages.
 *
 * A caller describes a machine (struct mmr_machine_config), creates it, seeds its free memory,
 * and then asks for pages and gives them back as a kernel would on a given CPU. Two machines may
 * live in one process. All host memory is reserved in mmr_machine_create(); page metadata is
 * touched only where modelled pages are used.
 */
#ifndef MMR_CORE_PAGE_ALLOC_H
#define MMR_CORE_PAGE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/mm_types.h"
#include "core/profile.h"

struct mmr_machine; /* opaque; core/internal.h */

/* ---- describing a machine ------------------------------------------------------------------ */

/**
 * struct mmr_mem_range - usable RAM, in pages
 * @start_pfn: first PFN
 * @nr_pages: length
 */
struct mmr_mem_range {
	uint32_t start_pfn;
	uint32_t nr_pages;
};

/**
 * struct mmr_zone_config - one zone of a node; all sizes in pages
 * @spanned_pages: 0 where the node has no such zone
 * @managed_pages: what the buddy allocator owns; present less what boot reserved
 * @have_watermark: @watermark holds recorded values, else they are computed from the sysctls
 * @have_lowmem_reserve: @lowmem_reserve holds recorded values
 * @have_pageset: @pcp_batch, @pcp_high_min and @pcp_high_max hold recorded values
 * @stat_threshold: recorded vmstat threshold of NR_FREE_PAGES, 0 to compute it
 */
struct mmr_zone_config {
	uint32_t start_pfn;
	uint32_t spanned_pages;
	uint32_t present_pages;
	uint32_t managed_pages;
	bool have_watermark;
	bool have_lowmem_reserve;
	bool have_pageset;
	uint32_t watermark[NR_WMARK];
	uint32_t lowmem_reserve[MAX_NR_ZONES];
	uint32_t pcp_batch;
	uint32_t pcp_high_min;
	uint32_t pcp_high_max;
	uint32_t stat_threshold;
};

struct mmr_node_config {
	struct mmr_zone_config zones[MAX_NR_ZONES];
};

/**
 * struct mmr_sysctl - vm.* settings the allocator reads; 0 in @min_free_kbytes computes it as boot does
 */
struct mmr_sysctl {
	uint32_t min_free_kbytes;
	uint32_t watermark_scale_factor;
	uint32_t watermark_boost_factor;
	uint32_t percpu_pagelist_high_fraction;
	uint32_t lowmem_reserve_ratio[MAX_NR_ZONES];
	uint32_t zone_reclaim_mode;
	uint32_t defrag_mode; /* obeyed by lines that have it, from 6.15 on; see the axis of this name */
	uint32_t stat_interval_ms;
	uint32_t compaction_proactiveness; /* 0 .. 100 */
	uint32_t extfrag_threshold; /* 0 .. 1000 */
};
#define MMR_SYSCTL_DEFAULT                                                                                     \
	(struct mmr_sysctl)                                                                                    \
	{                                                                                                      \
		.watermark_scale_factor = 10, .watermark_boost_factor = 15000,                                 \
		.lowmem_reserve_ratio = {[ZONE_DMA] = 256, [ZONE_DMA32] = 256, [ZONE_NORMAL] = 32},            \
		.stat_interval_ms = 1000, .compaction_proactiveness = 20, .extfrag_threshold = 500,            \
	}

/**
 * struct mmr_reclaim - how the model's own reclaim behaves; what comes of it is modelled, not known
 * @enabled: kswapd and direct reclaim take pages from their holders. Off (the default), nothing is
 *	reclaimed: frees in the trace stand for it. On, one thread at a time may use the machine.
 * @paced: kswapd works only in mmr_kswapd_turn(); else it has done its work at the moment it is woken
 * @reclaimable_percent: share of the movable allocations that reclaim can take, 0 .. 100
 */
struct mmr_reclaim {
	bool enabled, paced;
	uint8_t reclaimable_percent;
};
#define MMR_RECLAIM_DEFAULT                                                                                    \
	(struct mmr_reclaim)                                                                                   \
	{                                                                                                      \
		.enabled = true, .reclaimable_percent = 50                                                     \
	}

/**
 * struct mmr_compaction - how the model's own compaction behaves; what comes of it is modelled, not known
 * @enabled: the slow path compacts for orders above 0. Off (the default), it is skipped as for want of
 *	free pages. On, one thread at a time may use the machine.
 * @movable_percent: share of the movable allocations that can be moved, 0 .. 100
 * @skip_hints: pageblocks where nothing was found are passed by, until both scanners have met and kswapd
 *	goes to sleep, or compaction was deferred as long as can be
 * @fast_search: both scanners look at the movable free lists first, and rotate them; for what is to be
 *	emptied with @skip_hints only. Without the two every pageblock is looked at, which gains as much or
 *	more and leaves the lists in their order.
 */
struct mmr_compaction {
	bool enabled;
	uint8_t movable_percent;
	bool skip_hints, fast_search;
};
#define MMR_COMPACTION_DEFAULT                                                                                 \
	(struct mmr_compaction)                                                                                \
	{                                                                                                      \
		.enabled = true, .movable_percent = 90, .skip_hints = true, .fast_search = true                \
	}

/**
 * struct mmr_machine_config - everything mmr_machine_create() needs; borrowed during the call only
 * @profile: kernel line; required
 * @nr_nodes: 1 .. MAX_NUMNODES; node ids are 0 .. nr_nodes - 1
 * @cpu_node: node of each CPU, cpu_node[nr_cpus]
 * @distance: SLIT distances, distance[from * nr_nodes + to]; 10 on the diagonal
 * @nodes: nodes[nr_nodes]
 * @ranges: usable RAM, ascending and disjoint, ranges[nr_ranges]; where absent, each zone's span is RAM
 * @cpu_llc_pages: last-level cache per CPU in pages (decides PCPF_FREE_HIGH_BATCH), 0 if unknown
 * @reclaim: zero for none
 * @compaction: zero for none
 * @boot_zonelists: zonelists as built at boot, before any CPU is in cpumask_of_node() (x86-64)
 * @shuffle_seed: of page_alloc.shuffle's random numbers, where the profile's axis shuffle is 1
 *
 * A machine with memory in a HIGHMEM zone is a 32-bit one: it has no ZONE_DMA32, hence no
 * ALLOC_NOFRAGMENT. A DEVICE zone has pages in its span but gives none to the buddy allocator.
 */
struct mmr_machine_config {
	const struct kernel_profile *profile;
	unsigned int nr_nodes;
	unsigned int nr_cpus;
	const uint16_t *cpu_node;
	const uint8_t *distance;
	const struct mmr_node_config *nodes;
	const struct mmr_mem_range *ranges;
	unsigned int nr_ranges;
	struct mmr_sysctl sysctl;
	uint32_t cpu_llc_pages;
	bool boot_zonelists;
	struct mmr_reclaim reclaim;
	struct mmr_compaction compaction;
	uint64_t shuffle_seed;
};

/**
 * mmr_machine_create - build a machine; every page is allocated ("owned by boot") until seeded
 * @ret: the machine; the caller destroys it
 * Context: any thread. Reserves address space for the metadata, touches little of it.
 * Return: 0; -EINVAL for an impossible machine (message names node, zone, what was expected);
 *	-ENOMEM where address space or memory is missing.
 */
int mmr_machine_create(const struct mmr_machine_config *cfg, struct mmr_machine **ret, struct mmr_error *err);
/**
 * mmr_machine_set_sysctl - write vm.* settings while the machine runs
 *
 * What depends on a setting that changed is computed anew, also where it was recorded: marks, reserves
 * and the sizes of the per-CPU lists, as the kernel does on such a write.
 * Return: 0; -EINVAL for a value the kernel refuses, and nothing is changed.
 */
int mmr_machine_set_sysctl(struct mmr_machine *m, const struct mmr_sysctl *sysctl, struct mmr_error *err);
/**
 * mmr_cpu_set_online - take a CPU out of service, or bring it back; all are online at first
 *
 * Offline, its lists are drained, its pending counts folded, and it can neither ask nor free. The
 * lists of the others are sized anew, as are the vmstat thresholds.
 * Context: one thread at a time.
 * Return: 0, also where nothing changes; -EINVAL for a CPU the machine lacks; -EBUSY for the last one.
 * Source: page_alloc_cpu_online(), page_alloc_cpu_dead(), mm/page_alloc.c, v6.12.
 */
int mmr_cpu_set_online(struct mmr_machine *m, unsigned int cpu, bool online, struct mmr_error *err);
/** mmr_cpu_online - can @cpu ask and free? false for a CPU the machine lacks */
bool mmr_cpu_online(const struct mmr_machine *m, unsigned int cpu);
/** mmr_machine_destroy - give everything back; NULL is fine */
void mmr_machine_destroy(struct mmr_machine *m);

/* ---- the state to start from --------------------------------------------------------------- */

/** mmr_seed_empty - hand all managed pages to the buddy allocator, as memblock does at boot */
void mmr_seed_empty(struct mmr_machine *m);

/**
 * mmr_seed_pageblock - set the type of the pageblock that holds @pfn
 * Return: 0; -EINVAL where no zone spans @pfn.
 */
int mmr_seed_pageblock(struct mmr_machine *m, uint32_t pfn, enum migratetype mt, struct mmr_error *err);

/**
 * mmr_seed_free_block - append a free block to the TAIL of its free list
 *
 * Calls in list order, head first, rebuild a recorded list.
 * Return: 0; -EINVAL for a block outside one zone, misaligned, or overlapping a free head.
 */
int mmr_seed_free_block(struct mmr_machine *m, uint32_t pfn, unsigned int order, enum migratetype mt,
			struct mmr_error *err);

/** mmr_seed_pcp_page - append a block to the TAIL of @cpu's PCP list of the block's zone */
int mmr_seed_pcp_page(struct mmr_machine *m, unsigned int cpu, uint32_t pfn, unsigned int order,
		      enum migratetype mt, struct mmr_error *err);

/** struct mmr_pcp_state - the fields of a per_cpu_pages that decide, besides its lists */
struct mmr_pcp_state {
	uint32_t high, high_min, high_max, batch;
	uint32_t free_count;
	uint8_t alloc_factor, flags, expire;
};
int mmr_seed_pcp_state(struct mmr_machine *m, unsigned int cpu, unsigned int nid, enum zone_type zone,
		       const struct mmr_pcp_state *state, struct mmr_error *err);

/** struct mmr_zone_state - hidden fields of a zone that decide, besides its lists */
struct mmr_zone_state {
	uint32_t watermark_boost;
	uint32_t flags; /* enum zone_flags: BOOSTED_WATERMARK 0, RECLAIM_ACTIVE 1, BELOW_HIGH 2 */
	uint32_t nr_reserved_highatomic;
};
int mmr_seed_zone_state(struct mmr_machine *m, unsigned int nid, enum zone_type zone,
			const struct mmr_zone_state *state, struct mmr_error *err);

/* ---- requests ------------------------------------------------------------------------------ */

/** enum mmr_path - the way an allocation or a free took; one latency distribution each */
enum mmr_path {
	MMR_PATH_PCP_HIT, /* from the CPU's own list, no zone->lock */
	MMR_PATH_PCP_REFILL, /* rmqueue_bulk() first */
	MMR_PATH_BUDDY, /* rmqueue_buddy(): order not on PCP lists, or PCP gave nothing */
	MMR_PATH_FALLBACK, /* another migratetype's pages were claimed or stolen on the way */
	MMR_PATH_SLOWPATH, /* __alloc_pages_slowpath() served it */
	MMR_PATH_FAILED,
	MMR_PATH_OOM, /* out_of_memory() was called for it: kill something and ask again, or let it fail */
	MMR_PATH_FREE_PCP,
	MMR_PATH_FREE_DRAIN, /* free_pcppages_bulk() ran */
	MMR_PATH_FREE_BUDDY, /* straight to free_one_page() */
	NR_MMR_PATHS
};
/** mmr_path_name - "pcp_hit", "pcp_refill", …; never NULL */
const char *mmr_path_name(enum mmr_path path);

/**
 * struct mmr_cpuset - the nodes a task may use
 * @mems_allowed: bit n for node n; not empty
 * @hardwall_mems: those of its nearest ancestor with mem_hardwall or mem_exclusive, which requests
 *	without __GFP_HARDWALL may use as well; a superset of @mems_allowed
 * @later: what somebody else makes of it while a request of the task waits, in direct reclaim or
 *	compaction: cpuset.mems was written, or the task was moved. NULL where nobody does. A request sees
 *	one such change at most: its own @later is not looked at.
 */
struct mmr_cpuset {
	uint64_t mems_allowed;
	uint64_t hardwall_mems;
	const struct mmr_cpuset *later;
};

/** enum mmr_task - what of the asking task decides, a set */
enum mmr_task {
	MMR_TASK_INTERRUPT = 1 << 0, /* no task at all: an interrupt, which no cpuset holds */
	MMR_TASK_RT = 1 << 1, /* a real-time or deadline task */
	MMR_TASK_OOM_VICTIM = 1 << 2, /* was picked by the OOM killer and should die soon */
	MMR_TASK_EXITING = 1 << 3, /* PF_EXITING */
	MMR_TASK_KNOWN = (1 << 4) - 1,
};

/**
 * struct mmr_request - one call of alloc_pages(), as the asking task on @cpu makes it
 * @gfp: stable code
 * @order: 0 .. MAX_PAGE_ORDER
 * @cpu: 0 .. nr_cpus - 1: whose PCP lists, and whose node is local
 * @nid: preferred node, NUMA_NO_NODE for the CPU's own
 * @pf_memalloc: the task may use the reserves (PF_MEMALLOC)
 * @task: a set of enum mmr_task
 * @nodemask: allowed nodes, bit n for node n; 0 for all
 * @cpuset: of the task; borrowed during the call, with its @later. NULL where cpusets are not in use.
 */
struct mmr_request {
	gfp_t gfp;
	uint16_t cpu;
	int16_t nid;
	uint8_t order;
	bool pf_memalloc;
	uint8_t task;
	uint64_t nodemask;
	const struct mmr_cpuset *cpuset;
};

/**
 * struct mmr_page - the answer to a request; eight bytes, returned in a register
 * @pfn: first PFN, MMR_NO_PFN where every zone refused (an outcome, not an error)
 * @nid, @zone: where it lies
 * @path: how it was found
 */
struct mmr_page {
	uint32_t pfn;
	uint16_t nid;
	uint8_t zone; /* enum zone_type */
	uint8_t path; /* enum mmr_path */
};

/**
 * mmr_alloc_pages - take 2^order contiguous pages
 * Context: one thread per @req->cpu; no clock, no host allocation, no system call.
 * Return: the page, or .pfn == MMR_NO_PFN. The request must be valid (mmr_request_check()).
 * Source: __alloc_pages_noprof(), mm/page_alloc.c, v6.12.
 */
struct mmr_page mmr_alloc_pages(struct mmr_machine *m, const struct mmr_request *req);

/**
 * mmr_alloc_pages_bulk - order-0 pages from one per-CPU list of the local node
 * @req: order 0; the rest as for mmr_alloc_pages()
 * @nr_pages: length of the caller's array, which the watermark test counts on
 * @nr_populated: how many of them the caller has already
 * @pfns: gets what was taken, pfns[nr_pages - nr_populated]
 *
 * Where no zone has room for all, one page is taken the ordinary way.
 * Context: as mmr_alloc_pages().
 * Return: how many were taken, 0 .. nr_pages - nr_populated.
 * Source: alloc_pages_bulk_noprof(), mm/page_alloc.c, v6.12.
 */
unsigned int mmr_alloc_pages_bulk(struct mmr_machine *m, const struct mmr_request *req, unsigned int nr_pages,
				  unsigned int nr_populated, uint32_t *pfns);

/**
 * mmr_alloc_pages_nolock - an unmovable block for a caller that may hold any lock, as BPF programs do
 * @order: others than those of the per-CPU lists (0 .. 3 and 9) get nothing
 * @nid: preferred node, NUMA_NO_NODE for the CPU's own
 * @zone_locks_busy: every try to take a zone->lock fails: only what per-CPU lists hold can be had
 *
 * Down to the min marks, no slow path. The call exists since 6.15; here every kernel line has it.
 * Context: one thread at a time.
 * Return: as mmr_alloc_pages().
 * Source: alloc_pages_nolock_noprof(), mm/page_alloc.c, v6.18.
 */
struct mmr_page mmr_alloc_pages_nolock(struct mmr_machine *m, unsigned int order, int nid, unsigned int cpu,
				       bool zone_locks_busy);
/**
 * mmr_free_pages_nolock - give a block back without waiting for a lock
 * @zone_lock_busy: what would go to the buddy waits on a list of its zone instead, until the next
 *	ordinary free to the buddy of that zone
 *
 * On a per-CPU list the block makes it longer than high may be; nothing is drained.
 * Context: one thread at a time.
 * Return: as mmr_free_pages().
 * Source: free_pages_nolock(), mm/page_alloc.c, v6.18.
 */
int mmr_free_pages_nolock(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu,
			  bool zone_lock_busy);

/**
 * mmr_request_check - would the kernel accept this request at all?
 * Return: 0; -EINVAL for an order above MAX_PAGE_ORDER, unknown gfp bits, an impossible zone
 *	modifier, a CPU or node the machine lacks, an offline CPU, a nodemask or cpuset without memory.
 */
int mmr_request_check(const struct mmr_machine *m, const struct mmr_request *req, struct mmr_error *err);

/**
 * mmr_free_pages - give a block back as @cpu
 * @path: the way it took; may be NULL
 * Context: one thread per @cpu.
 * Return: 0; -EINVAL where @pfn is not the head of an allocated block of @order (double free, tail,
 *	never allocated). The model is unchanged then; mmr_free_check() says what is wrong in words.
 * Source: free_unref_page() and __free_pages_ok(), mm/page_alloc.c, v6.12.
 */
int mmr_free_pages(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu, uint8_t *path);
/**
 * mmr_free_pages_ok - give a block back past the per-CPU lists, whatever its order
 * @to_tail: to the tail of its free list, as alloc_pages_exact() returns what it asked too much
 * Return: as mmr_free_pages().
 * Source: __free_pages_ok(), mm/page_alloc.c, v6.12.
 */
int mmr_free_pages_ok(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu, bool to_tail);
/** struct mmr_records - where a machine keeps what it knows of pages: for mmr_prefetch_page(), as long as it
 * lives */
struct mmr_records {
	const char *pages;
	const uint32_t *pageblocks;
};
#define MMR_PAGE_RECORD_BYTES 10

/** mmr_records - of a machine, the same until it is destroyed */
struct mmr_records mmr_records(const struct mmr_machine *m);

/**
 * mmr_prefetch_page - a free of @pfn comes soon: fetch its record into the cache
 *
 * Pages come back long after they were handed out, so the record of one is a cache miss; a caller
 * that knows what comes next hides it. Any @pfn is fine.
 */
static inline void mmr_prefetch_page(const struct mmr_records *records, uint32_t pfn)
{
	__builtin_prefetch(records->pages + (size_t)pfn * MMR_PAGE_RECORD_BYTES, 1);
	__builtin_prefetch(&records->pageblocks[pfn >> PAGEBLOCK_ORDER]);
}
/** mmr_free_check - explain why mmr_free_pages() would refuse; 0 where it would not */
int mmr_free_check(const struct mmr_machine *m, uint32_t pfn, unsigned int order, struct mmr_error *err);

/**
 * mmr_split_page - turn one allocated block into blocks of @new_order that are freed one by one
 * Return: 0; -EINVAL where @pfn is not the head of an allocated block of @order >= @new_order.
 * Source: split_page(), mm/page_alloc.c, v6.12.
 */
int mmr_split_page(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int new_order);

/** enum mmr_page_state - what the model knows of one page frame */
enum mmr_page_state {
	MMR_PAGE_BOOT, /* allocated before the model began, or not RAM */
	MMR_PAGE_ALLOCATED, /* head of a block the model handed out */
	MMR_PAGE_FREE, /* head of a block on a free list */
	MMR_PAGE_PCP, /* head of a block on a PCP list */
	MMR_PAGE_INSIDE, /* inside a block whose head is one of the above */
};
/** mmr_page_state - state of @pfn; looks at up to MAX_PAGE_ORDER + 1 records */
enum mmr_page_state mmr_page_state(const struct mmr_machine *m, uint32_t pfn);

/** struct mmr_block - 2^order pages from @pfn on */
struct mmr_block {
	uint32_t pfn;
	uint8_t order;
};
/**
 * mmr_reclaimed_blocks - what reclaim took since the last call, in order
 * @blocks: blocks[max]
 *
 * Its holders no longer have it: each must not be freed again. Call it after each request where
 * struct mmr_reclaim is enabled; reclaim stops while a million blocks wait here.
 * Moves are passed over and lost here: where blocks also move, use mmr_displaced_blocks() instead.
 * Return: how many were written; fewer than @max means there are no more.
 */
unsigned int mmr_reclaimed_blocks(struct mmr_machine *m, struct mmr_block *blocks, unsigned int max);

/** enum mmr_kswapd - what a node's kswapd does, where its work is paced */
enum mmr_kswapd {
	MMR_KSWAPD_SLEEPS,
	MMR_KSWAPD_WORKS, /* in mmr_kswapd_turn() */
	MMR_KSWAPD_RESTS, /* for MMR_KSWAPD_REST_NS, then mmr_kswapd_rested(); who wakes it has it work */
};
#define MMR_KSWAPD_REST_NS 100000000u /* HZ / 10 */
enum mmr_kswapd mmr_kswapd_does(const struct mmr_machine *m, unsigned int nid);
/**
 * mmr_kswapd_turn - a node's kswapd, where it works and its work is paced, reclaims about @pages; balanced, it
 *rests
 * @give_up_pages: after so many a run that has not balanced its node gives up, and the next begins: it has
 *looked at all there is, of which only a part could be taken. 0: it finds what it looks for Return: pages
 *reclaimed. Context: as an allocation on a CPU of the node; what it took waits in mmr_displaced_blocks().
 */
uint32_t mmr_kswapd_turn(struct mmr_machine *m, unsigned int nid, uint32_t pages, uint32_t give_up_pages);
/** mmr_kswapd_rested - nobody has woken it while it rested: it sleeps, or works where its node wants it again
 */
void mmr_kswapd_rested(struct mmr_machine *m, unsigned int nid);
/** mmr_kswapds_awake - how many nodes' kswapd work or rest */
unsigned int mmr_kswapds_awake(const struct mmr_machine *m);

/**
 * mmr_cold_block - whom reclaim takes from first, for who knows that better than the order of addresses
 * @nid, @highest: of the zones of this node up to @highest
 * Return: the first frame of the coldest block there that is in use, each once; MMR_NO_PFN where none is known.
 */
typedef uint32_t mmr_cold_block(void *ctx, unsigned int nid, enum zone_type highest);
/** mmr_set_cold_blocks - ask @next before going by address; NULL for no longer */
void mmr_set_cold_blocks(struct mmr_machine *m, mmr_cold_block *next, void *ctx);

/**
 * struct mmr_displaced - a block that left its place without being freed by its holder
 * @from: where it was
 * @to: where it is now, MMR_NO_PFN where it was reclaimed
 */
struct mmr_displaced {
	uint32_t from;
	uint32_t to;
	uint8_t order;
};
/**
 * mmr_displaced_blocks - what was reclaimed or moved since the last call, in order
 * @blocks: blocks[max]
 *
 * A holder frees a moved block at its new place. The order matters: a block can move into the place
 * that another has just left.
 * Return: how many were written; fewer than @max means there are no more.
 */
unsigned int mmr_displaced_blocks(struct mmr_machine *m, struct mmr_displaced *blocks, unsigned int max);

/* ---- setting memory aside ------------------------------------------------------------------- */

/**
 * mmr_pageblock_isolate - let nobody be served from the pageblock that holds @pfn
 *
 * Its free pages leave NR_FREE_PAGES. Pages of it that are on per-CPU lists stay there until a drain.
 * Context: one thread at a time.
 * Return: 0; -EINVAL where the pageblock is not RAM of one zone; -EBUSY where it is isolated already
 *	or holds a page that cannot move.
 * Source: set_migratetype_isolate(), mm/page_isolation.c, v6.12.
 */
int mmr_pageblock_isolate(struct mmr_machine *m, uint32_t pfn, unsigned int cpu, struct mmr_error *err);
/**
 * mmr_pageblock_unisolate - back into service
 * @mt: its type from now on; kernel lines with the axis isolate_bit kept the old one and go by that
 * Return: 0; -EINVAL for a pageblock that is not isolated, or for @mt MIGRATE_ISOLATE.
 * Source: unset_migratetype_isolate(), mm/page_isolation.c, v6.12.
 */
int mmr_pageblock_unisolate(struct mmr_machine *m, uint32_t pfn, enum migratetype mt, unsigned int cpu,
			    struct mmr_error *err);
/**
 * mmr_alloc_contig_range - take the page frames [start, end) themselves, as for a huge page of 1 GiB
 * @mt: type of the pageblocks afterwards: MIGRATE_MOVABLE or MIGRATE_CMA
 *
 * Movable blocks in the way move; see mmr_displaced_blocks(), also after a failure. The pages are then
 * allocated one by one, and freed by mmr_free_contig_range() or singly.
 * Context: one thread at a time.
 * Return: 0; -EINVAL for a range not in whole pageblocks of one zone's RAM; -EBUSY where a page in it
 *	cannot move; -ENOMEM where there is no room to move one to.
 * Source: alloc_contig_range_noprof(), mm/page_alloc.c, v6.12.
 */
int mmr_alloc_contig_range(struct mmr_machine *m, uint32_t start, uint32_t end, enum migratetype mt,
			   unsigned int cpu, struct mmr_error *err);
/**
 * mmr_free_contig_range - free a range of order-0 pages, one by one or since 7.2 in the largest aligned blocks
 * Return: 0; -EINVAL at the first page that is refused, those before stay freed.
 */
int mmr_free_contig_range(struct mmr_machine *m, uint32_t pfn, uint32_t nr_pages, unsigned int cpu);

/**
 * mmr_compact_node - one run of the node's kcompactd, or of /proc/sys/vm/compact_memory
 * @order: the order kcompactd was woken for, 1 .. MAX_PAGE_ORDER; -1 to move all that can move
 *
 * Blocks that moved are told by mmr_displaced_blocks().
 * Context: one thread at a time.
 * Return: 0, whether or not there was something to do; -EINVAL, also where the machine has no compaction.
 * Source: kcompactd_do_work() and compact_node(), mm/compaction.c, v6.12.
 */
int mmr_compact_node(struct mmr_machine *m, unsigned int nid, int order, unsigned int cpu,
		     struct mmr_error *err);
/**
 * mmr_kcompactd_turn - one turn of the loop of a node's kcompactd
 *
 * What kswapd or a request has woken it for since the last turn is done. Else, where
 * vm.compaction_proactiveness is not 0, the node is compacted until its score has sunk, if it is
 * above the threshold. The kernel turns every 500 ms at least; after a proactive run that brought
 * nothing only every 64th turn looks at the score.
 * Context, Return: as mmr_compact_node(); what moved is told by mmr_displaced_blocks().
 * Source: kcompactd(), mm/compaction.c, v6.12.
 */
int mmr_kcompactd_turn(struct mmr_machine *m, unsigned int nid, unsigned int cpu, struct mmr_error *err);
/**
 * mmr_fragmentation_score - what proactive compaction goes by: percent of the node's free pages that are
 *	in no free huge page, zones weighted by size
 * Return: 0 .. 100; the kernel starts above 90 and stops at 80 (vm.compaction_proactiveness 20).
 * Source: fragmentation_score_node() and its weighted zones, mm/compaction.c, v6.12.
 */
unsigned int mmr_fragmentation_score(const struct mmr_machine *m, unsigned int nid);

/**
 * struct mmr_demotion - where a node's pages go when reclaim takes them; all zero for nowhere
 * @preferred: the nodes of the next tier that are nearest, bit n for node n
 * @lower: all nodes of slower tiers; a superset of @preferred
 * @allowed: nodes that the pages' memory cgroup may use; 0 for all. Heeded since 7.1 (axis demote).
 */
struct mmr_demotion {
	uint64_t preferred, lower, allowed;
};
/**
 * mmr_node_set_demotion - give a node slower memory to demote to; takes effect where reclaim is modelled
 *
 * A demoted block is told by mmr_displaced_blocks() as one that moved.
 * Return: 0; -EINVAL for a node the machine lacks, the node itself, or nodes without memory.
 * Source: establish_demotion_targets(), mm/memory-tiers.c, v6.12; numa/demotion_enabled.
 */
int mmr_node_set_demotion(struct mmr_machine *m, unsigned int nid, const struct mmr_demotion *demotion,
			  struct mmr_error *err);

/**
 * struct mmr_node_dirty - what decides whether a node gets pages that are about to be dirtied
 * @nr_dirty_pages: NR_FILE_DIRTY + NR_WRITEBACK
 * @nr_file_pages: page cache on the LRU lists
 * @dirty_ratio: vm.dirty_ratio, percent, 1 .. 100; the same for all nodes
 */
struct mmr_node_dirty {
	uint32_t nr_dirty_pages;
	uint32_t nr_file_pages;
	uint8_t dirty_ratio;
};
/**
 * mmr_node_set_dirty - tell of a node's dirty pages, which the model does not know
 *
 * From the first call on, requests with __GFP_WRITE pass nodes over their dirty limit by, as far as
 * others serve; all requests take the long way, which is slower and decides alike.
 * Return: 0; -EINVAL for a node the machine lacks or a ratio out of range.
 */
int mmr_node_set_dirty(struct mmr_machine *m, unsigned int nid, const struct mmr_node_dirty *dirty,
		       struct mmr_error *err);

/**
 * mmr_vmstat_update - one run of @cpu's vmstat worker: fold counters, decay and expire PCP lists
 * Return: whether it found something to do, so that it would run again after vm.stat_interval; else
 *	the kernel leaves the CPU alone until something is to be folded.
 */
bool mmr_vmstat_update(struct mmr_machine *m, unsigned int cpu);
/** mmr_quiet_vmstat - @cpu goes idle: its counters are folded. Source: quiet_vmstat(), mm/vmstat.c, v6.12. */
void mmr_quiet_vmstat(struct mmr_machine *m, unsigned int cpu);
/** mmr_drain_all_pages - empty every CPU's PCP lists of every zone, as drain_all_pages(NULL) */
void mmr_drain_all_pages(struct mmr_machine *m);

/* ---- looking at it ------------------------------------------------------------------------- */

/** struct mmr_counters - what happened, summed over CPUs; see mmr_counters_read() */
struct mmr_counters {
	uint64_t path[NR_MMR_PATHS];
	uint64_t allocs[NR_PAGE_ORDERS]; /* served */
	uint64_t alloc_pages, free_pages;
	uint64_t numa_hit, numa_miss, numa_foreign, numa_local, numa_other, numa_interleave;
	uint64_t distance_sum; /* sum over allocations of distance(CPU's node, page's node) */
	uint64_t pcp_refills, pcp_refill_pages, pcp_drains, pcp_drain_pages, pcp_decays;
	uint64_t pcp_refills_empty; /* of the refills: brought nothing, which no event tells */
	uint64_t pcp_overflow_stops; /* overflows that lost pcp->lock between two batches (7.x) */
	uint64_t zone_lock; /* zone->lock acquisitions */
	uint64_t watermark_failures[NR_PAGE_ORDERS];
	uint64_t zonelist_fallback; /* allocations not served by the preferred zone */
	uint64_t node_fallback; /* … nor by its node */
	uint64_t kswapd_wakeups;
	uint64_t kswapd_reclaimed_pages; /* modelled */
	uint64_t direct_reclaims, direct_reclaimed_pages; /* modelled */
	uint64_t demoted_pages; /* moved to a slower node in place of being reclaimed; modelled */
	uint64_t node_reclaims, node_reclaimed_pages; /* vm.zone_reclaim_mode; modelled */
	uint64_t oom; /* calls of the OOM killer */
	uint64_t watermark_boosts;
	uint64_t highatomic_reserves, highatomic_unreserves;
	uint64_t nolock_deferred_pages; /* freed while zone->lock was taken */
	uint64_t contig_pages; /* taken by mmr_alloc_contig_range(), also what it gave back at its ends */
	uint64_t migrated_pages; /* moved out of its way; modelled */
	uint64_t compact_stalls, compact_success; /* requests that compacted, and got a page; modelled */
	uint64_t compact_runs, compact_migrated_pages; /* zones scanned, pages moved; modelled */
	uint64_t compact_captures; /* blocks that requests caught while compaction freed them; modelled */
	uint64_t kcompactd_wakeups, kcompactd_proactive; /* runs it was woken for, and of its own accord */
	/* [requested type][fallback type][requested order][fallback order] */
	uint64_t extfrag_claim[MIGRATE_PCPTYPES][MIGRATE_PCPTYPES][NR_PAGE_ORDERS][NR_PAGE_ORDERS];
	uint64_t extfrag_steal[MIGRATE_PCPTYPES][MIGRATE_PCPTYPES][NR_PAGE_ORDERS][NR_PAGE_ORDERS];
};
void mmr_counters_read(const struct mmr_machine *m, struct mmr_counters *ret);

/** struct mmr_zone_info - a zone as /proc/zoneinfo and /proc/pagetypeinfo show it */
struct mmr_zone_info {
	uint32_t start_pfn, spanned_pages, present_pages, managed_pages;
	uint32_t watermark[NR_WMARK];
	uint32_t watermark_boost;
	uint32_t lowmem_reserve[MAX_NR_ZONES];
	uint32_t flags;
	uint64_t nr_free_pages; /* exact: lists, not the lazily folded counter */
	uint64_t nr_pcp_pages;
	uint32_t nr_reserved_highatomic;
	uint32_t pcp_batch, pcp_high_min, pcp_high_max;
	uint32_t nr_free[NR_PAGE_ORDERS][MIGRATE_TYPES]; /* blocks */
	uint64_t nr_allocs, nr_alloc_pages; /* requests this zone served */
	uint64_t nr_extfrag; /* pages it took from another migratetype's list, since it was seeded */
};
/** mmr_page_nid - node of a page that is allocated */
unsigned int mmr_page_nid(const struct mmr_machine *m, uint32_t pfn);
/** mmr_zone_read - fill @ret; false where the machine has no such populated zone */
bool mmr_zone_read(const struct mmr_machine *m, unsigned int nid, enum zone_type zone,
		   struct mmr_zone_info *ret);
/**
 * mmr_zonelist_read - entry @index of the list of zones that a request of node @nid walks
 * Return: false behind the last.
 */
bool mmr_zonelist_read(const struct mmr_machine *m, unsigned int nid, unsigned int index,
		       unsigned int *zone_nid, enum zone_type *zone);
/** mmr_min_free_kbytes - vm.min_free_kbytes in force: set, or computed as boot does */
uint32_t mmr_min_free_kbytes(const struct mmr_machine *m);
/**
 * mmr_buddyinfo_read - free blocks of a zone by order, as /proc/buddyinfo counts them
 * @cpu: who reads; up to 7.2 it takes zone->lock, and the counts are of one moment
 * @nr_free: gets nr_free[NR_PAGE_ORDERS], all types together
 * Return: false where the machine has no such populated zone, or the CPU is not online.
 * Source: frag_show_print(), mm/vmstat.c, v6.12 and v7.3.
 */
bool mmr_buddyinfo_read(struct mmr_machine *m, unsigned int nid, enum zone_type zone, unsigned int cpu,
			uint32_t *nr_free);
/** mmr_zone_name - "DMA", "DMA32", "Normal", "HighMem", "Movable", "Device" */
const char *mmr_zone_name(enum zone_type zone);
/** mmr_migratetype_name - "Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate" */
const char *mmr_migratetype_name(enum migratetype mt);

/**
 * mmr_metadata_bytes - host memory behind the model
 * @reserved: address space reserved; may be NULL
 * Return: bytes resident for per-page metadata (touched part), from the host's own accounting.
 */
uint64_t mmr_metadata_bytes(const struct mmr_machine *m, uint64_t *reserved);

/**
 * struct mmr_metadata_spans - where the model's metadata lies, for the caller's own accounting
 * @page_records: of each page frame; @max_blocks: likewise of each block of MAX_PAGE_ORDER;
 * @pageblocks: 4 for each pageblock, set from the start
 */
struct mmr_metadata_spans {
	struct {
		const void *memory;
		size_t bytes;
	} page_records, max_blocks, pageblocks;
};
void mmr_metadata_spans(const struct mmr_machine *m, struct mmr_metadata_spans *ret);

/**
 * mmr_touched_pages - modelled pages whose metadata has memory of the host behind it
 *
 * Metadata exists by blocks of MAX_PAGE_ORDER: a block that was never split, handed out or seeded in
 * parts has none, all others have some.
 * Return: pages in blocks of the second kind; where the host's pages are larger than a block's metadata, also
 *	those that share one with them.
 */
uint64_t mmr_touched_pages(const struct mmr_machine *m);
/** mmr_pages_with_records - of these the pages of blocks that have a record now: not those that are whole again
 */
uint64_t mmr_pages_with_records(const struct mmr_machine *m);

/**
 * mmr_expect_few_pages - a small part of the machine's memory will be used
 *
 * Then page records come in small pages of the host: less of it is resident, and where much is used after
 * all, each first use costs a fault for 4 KiB instead of 2 MiB (a fifth of the time of a recording that
 * begins with memory in use all over).
 * Context: after create, before anything is seeded.
 */
void mmr_expect_few_pages(struct mmr_machine *m);

/**
 * mmr_check - walk the whole model and report the first broken invariant
 *
 * Lists against metadata, counters against lists, types against pageblocks, PCP counts, no page
 * twice or lost. Slow: the oracle of the tests.
 * Return: 0; -EUCLEAN with the invariant, zone, PFN and the two numbers that differ.
 */
int mmr_check(const struct mmr_machine *m, struct mmr_error *err);

/**
 * mmr_machine_damage - was the model asked for what contradicts itself?
 *
 * A page put on a list that is on one already, or a count that no list has pages for: the request is
 * not carried out, the first one is kept, and from then on nothing the model says is worth anything. Only
 * callers of step.h can come here. Costs one look.
 * Return: 0; -EUCLEAN with the block, zone and list, and where it was before.
 */
int mmr_machine_damage(const struct mmr_machine *m, struct mmr_error *err);

#endif
