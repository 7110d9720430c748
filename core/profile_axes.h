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
enum axis_slowpath { SLOWPATH_6_18, SLOWPATH_7_X };
enum axis_contig_free { CONTIG_FREE_PER_PAGE, CONTIG_FREE_PIECES }; /* vfree(): 7.2 joins neighbours */
enum axis_bulk_mark { BULK_MARK_ALL, BULK_MARK_REMAINING };
enum axis_boost_ignore { BOOST_IGNORE_ATOMIC, BOOST_IGNORE_MIN_RESERVE };

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
 * @defrag_mode: vm.defrag_mode is on whatever the machine says
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
	uint8_t node_reclaim_retest;
	uint8_t bulk_mark;
	uint8_t contig_free;
	uint8_t isolate_bit;
	uint8_t pcp_batch_scale_max; /* CONFIG_PCP_BATCH_SCALE_MAX, 0..6 */
	uint8_t defrag_mode;
};

#endif
