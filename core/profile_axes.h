/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The axes along which kernel lines differ. One byte each, so that profile.c can switch any of
 * them by name; the code reads them where the behaviour differs and nowhere else.
 */
#ifndef MMR_CORE_PROFILE_AXES_H
#define MMR_CORE_PROFILE_AXES_H

#include <stdbool.h>
#include <stdint.h>

#define KERNEL_PROFILE_NAME_MAX 120

/* What happens when a migratetype's own lists are empty. */
enum axis_steal {
	STEAL_OLD, /* to 6.9: the remainder of a steal changes lists, not blocks */
	STEAL_6_10, /* 6.10-6.14: whole block, or the requested size alone */
	STEAL_CLAIM /* 6.15: claim descending, then steal ascending */
};
enum axis_pcp { PCP_5_14, PCP_6_7 }; /* free_factor; auto-tuned high */
enum axis_free_high { FREE_HIGH_BATCH, FREE_HIGH_BATCH_HALF_MIN };
enum axis_decay { DECAY_NONE, DECAY_ONE, DECAY_BATCHED };
enum axis_highatomic_acct { HIGHATOMIC_ACCT_RESERVED, HIGHATOMIC_ACCT_FREE };
enum axis_highatomic_gate { HIGHATOMIC_GATE_NONBLOCK, HIGHATOMIC_GATE_HIGH };
enum axis_highatomic_limit { HIGHATOMIC_LIMIT_PLUS_BLOCK, HIGHATOMIC_LIMIT_ROUND_UP };
enum axis_highatomic_path {
	HIGHATOMIC_PATH_6_18, /* slow path only, any success reserves */
	HIGHATOMIC_PATH_7_1, /* no PCP refill; only rmqueue_buddy() reserves */
	HIGHATOMIC_PATH_7_3 /* flag on the fast path; only at the MIN mark reserves */
};
enum axis_pcp_overflow { PCP_OVERFLOW_SINGLE, PCP_OVERFLOW_CHUNKED };
enum axis_retry_free { RETRY_FREE_TWICE, RETRY_FREE_ONCE };
enum axis_slowpath { SLOWPATH_6_18, SLOWPATH_7_X };
enum axis_contig_free { CONTIG_FREE_PER_PAGE, CONTIG_FREE_PIECES }; /* vfree(): 7.2 joins neighbours */
enum axis_vmalloc { VMALLOC_BULK, VMALLOC_LARGE_FIRST };
enum axis_free_batch { FREE_BATCH_ORDER_0, FREE_BATCH_FOLIOS }; /* what a batch of frees holds */
enum axis_bulk_mark { BULK_MARK_ALL, BULK_MARK_REMAINING };
enum axis_boost_ignore { BOOST_IGNORE_ATOMIC, BOOST_IGNORE_MIN_RESERVE };
enum axis_compact_source {
	COMPACT_SOURCE_6_18, /* asynchronous: pageblocks of the request's type; else all */
	COMPACT_SOURCE_7_2 /* never CMA for who may not use it; movable ones for huge pages */
};
enum axis_compact_mark { COMPACT_MARK_MIN, COMPACT_MARK_CALLER };
enum axis_capture { CAPTURE_CC_ORDER, CAPTURE_REQUEST_ORDER };
enum axis_proactive { PROACTIVE_CAPPED, PROACTIVE_LEEWAY };
enum axis_defrag_mode { DEFRAG_MODE_OFF, DEFRAG_MODE_ON, DEFRAG_MODE_SYSCTL };
enum axis_defrag_promote { DEFRAG_PROMOTE_NO, DEFRAG_PROMOTE_7_2, DEFRAG_PROMOTE_7_3 };
enum axis_kswapd_hopeless {
	KSWAPD_HOPELESS_PROGRESS, /* any progress ends it */
	KSWAPD_HOPELESS_PCP, /* so does a per-CPU list that brings its zone above the high mark */
	KSWAPD_HOPELESS_BALANCED /* only a balanced node ends it, boosted runs do not count */
};
enum axis_lru {
	LRU_LISTS, /* active and inactive */
	LRU_GEN, /* generations; a batch at a time, however little is asked for */
	LRU_GEN_SCAN /* and no more than what is asked for */
};
enum axis_demote { DEMOTE_RANDOM, DEMOTE_FILTERED_NEAREST };
enum axis_types { TYPES_5, TYPES_6 }; /* with CONFIG_CMA there is MIGRATE_CMA */
enum axis_gfp_names { GFP_NAMES_6_1, GFP_NAMES_6_10, GFP_NAMES_7_3 };
/* What the events of a recording mean. */
enum axis_trace_dialect {
	TRACE_DIALECT_6_1, /* extfrag comes before the page it brings; batches hold order 0 */
	TRACE_DIALECT_6_9, /* batches hold folios of every order */
	TRACE_DIALECT_6_10, /* extfrag names the page obtained */
	TRACE_DIALECT_6_15, /* a steal is told by extfrag alone */
	TRACE_DIALECT_7_2 /* order-0 frees may enter as larger pieces */
};

/**
 * struct kernel_profile - a kernel line as data; every field is one axis
 * @name: "6.12", or "6.12,pcp=5.14" for a derived one
 * @hygiene: a free page is always on the list of its pageblock's type (6.10)
 * @merge_retype: merging re-types the buddy's pageblocks (6.10)
 * @split_large_frees: frees above pageblock order go in by pageblocks (6.10)
 * @acct_per_page: NR_FREE_PAGES is updated per block taken, not per refill (6.10)
 * @nonblock_fallback: a failed non-blocking request may take from HIGHATOMIC lists (6.12)
 * @skip_busy_nodes: nodes whose kswapd is awake are skipped at first (6.18)
 * @below_high: ZONE_BELOW_HIGH probe in the zone scan (6.7)
 * @zone_movable_min: ZONE_MOVABLE takes no share of min_free_kbytes (6.6)
 * @boost_wake_gated: consuming ZONE_BOOSTED_WATERMARK needs ALLOC_KSWAPD (6.5)
 * @expire_keeps_worker: a pending remote drain keeps the vmstat worker alive (6.7)
 * @node_reclaim_retest: the mark is tested again after a fruitless node_reclaim() scan (to 7.2)
 * @isolate_bit: isolation is a pageblock bit beside the type (6.17)
 * @capture_movable: a movable request may capture a block below pageblock order from a movable pageblock
 * @thisnode_noretry: a costly request with both flags gives up after its first compaction (7.x: always)
 * @cma_skips_pcp: movable requests that may not use CMA pass the per-CPU lists by (to 6.5, where there is CMA)
 * @defrag_mode: off or on whatever the machine says, or as vm.defrag_mode says (lines before 6.15 lack it)
 * @shuffle: page_alloc.shuffle=1 on the command line
 * @buddyinfo_locked: /proc/buddyinfo is read under zone->lock (to 7.2)
 *
 * Source: the tables of what changed between 6.1, 6.12, 6.18 and 7.3; point releases 6.1.192,
 * 6.12.117, 6.18.15, 7.3.4.
 */
struct kernel_profile {
	char name[KERNEL_PROFILE_NAME_MAX];
	uint8_t steal;
	uint8_t pcp;
	uint8_t free_high;
	uint8_t decay;
	uint8_t hygiene;
	uint8_t merge_retype;
	uint8_t split_large_frees;
	uint8_t acct_per_page;
	uint8_t highatomic_acct;
	uint8_t highatomic_gate;
	uint8_t highatomic_limit;
	uint8_t highatomic_path;
	uint8_t nonblock_fallback;
	uint8_t skip_busy_nodes;
	uint8_t below_high;
	uint8_t zone_movable_min;
	uint8_t boost_wake_gated;
	uint8_t boost_ignore;
	uint8_t expire_keeps_worker;
	uint8_t pcp_overflow;
	uint8_t slowpath;
	uint8_t retry_free;
	uint8_t node_reclaim_retest;
	uint8_t bulk_mark;
	uint8_t contig_free;
	uint8_t vmalloc;
	uint8_t free_batch;
	uint8_t isolate_bit;
	uint8_t compact_source;
	uint8_t compact_mark;
	uint8_t capture;
	uint8_t capture_movable;
	uint8_t proactive;
	uint8_t thisnode_noretry;
	uint8_t cma_skips_pcp;
	uint8_t kswapd_hopeless;
	uint8_t lru;
	uint8_t demote;
	uint8_t types;
	uint8_t gfp_names;
	uint8_t trace_dialect;
	uint8_t buddyinfo_locked;
	uint8_t shuffle;
	uint8_t pcp_batch_scale_max; /* CONFIG_PCP_BATCH_SCALE_MAX, 0..6 */
	uint8_t defrag_mode;
	uint8_t defrag_promote;
};

#endif
