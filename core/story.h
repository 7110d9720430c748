/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The story of one request: while it is told, the routines of the model note what they
 * look at and what they decide, with the numbers they decided by. It is the model's own
 * code that tells; nothing here knows the rules.
 *
 * The model is built twice: mmr::core, in which nothing of this is compiled in, and mmr::core_told,
 * the same sources under other names (told_rmqueue, …), which tells and takes no shortcuts. Both work
 * on the same machines, and end alike.
 */
#ifndef MMR_CORE_STORY_H
#define MMR_CORE_STORY_H

#include "core/page_alloc.h"

struct zone; /* opaque */

/** enum mmr_story_kind - what a step tells; the fields that are used beside @kind, @zone and @order */
enum mmr_story_kind {
	/* A request: prepare_alloc_pages() */
	MMR_STORY_REQUEST, /* .request, .cpu */
	MMR_STORY_CONTEXT, /* .context, .flags: alloc_flags */
	MMR_STORY_ZONEREF, /* an entry of the zonelist, in order */
	/* The walk: get_page_from_freelist() */
	MMR_STORY_SCAN, /* it begins; .flags: alloc_flags */
	MMR_STORY_PASS_BY, /* .why: enum mmr_story_pass_by */
	MMR_STORY_AGAIN, /* the walk begins again; .why: enum mmr_story_again */
	MMR_STORY_MARK, /* a test against a mark follows; .mark, .why: enum mmr_story_mark */
	MMR_STORY_WATERMARK, /* .watermark, .yes: passed */
	MMR_STORY_BELOW_HIGH, /* .yes: flag set, else cleared */
	MMR_STORY_NO_WATERMARKS, /* goes on in spite of the mark */
	MMR_STORY_NODE_RECLAIM, /* .nr: pages gained, or less than 0: not tried; .yes: zone may serve */
	/* A zone: rmqueue() */
	MMR_STORY_PCP, /* .pcp, .cpu, .why: enum mmr_story_pcp */
	MMR_STORY_PCP_LOCKED,
	MMR_STORY_POP, /* .pfn */
	MMR_STORY_REFILL_SIZE, /* .refill, .nr: blocks */
	MMR_STORY_REFILL_PAGE, /* .pfn */
	MMR_STORY_REFILL_END, /* .nr: blocks that came */
	MMR_STORY_BUDDY, /* past the per-CPU list; .mt */
	MMR_STORY_TAKE, /* .pfn, .source_order, .mt: head of that list */
	MMR_STORY_NOTHING, /* no block of .order or longer on list .mt */
	MMR_STORY_SPLIT, /* .pfn, .order: a half given back to list .mt */
	/* Another type's pages */
	MMR_STORY_FOREIGN, /* .pfn, .source_order, .mt: head of that list; .yes: worth claiming */
	MMR_STORY_CLAIM_TEST, /* .claim, .pfn: pageblock, .yes: claimed */
	MMR_STORY_MOVE, /* .pfn: a free block goes from list .before to the tail of list .mt */
	MMR_STORY_CLAIM, /* .pfn, .source_order, .mt; .nr: free pages that changed lists */
	MMR_STORY_STEAL, /* .pfn, .source_order, .mt */
	MMR_STORY_BOOST, /* .nr: the boost now; .before */
	MMR_STORY_HIGHATOMIC, /* .pfn: pageblock set aside; .nr: pages in reserve now */
	/* The slow path */
	MMR_STORY_SLOWPATH, /* .flags: alloc_flags */
	MMR_STORY_KSWAPD, /* .why: enum mmr_story_kswapd */
	MMR_STORY_RESERVES, /* .flags: alloc_flags */
	MMR_STORY_MASK_DROPPED, /* .yes: there was one */
	MMR_STORY_RECLAIM, /* .nr: pages gained; .yes: modelled at all */
	MMR_STORY_DRAIN_ALL,
	MMR_STORY_COMPACT, /* .why: the model's compact_result; .yes: modelled at all */
	MMR_STORY_RETRY, /* .yes: another round */
	MMR_STORY_LAST_LOOK,
	/* The end of an allocation */
	MMR_STORY_PAGE, /* .pfn, .mt, .why: enum mmr_path */
	MMR_STORY_NO_PAGE,
	/* A free */
	MMR_STORY_FREE, /* .pfn, .cpu, .mt: pageblock's type, .why: enum mmr_story_free */
	MMR_STORY_HIGH, /* .high: how long the list may be; .why: enum mmr_story_high */
	MMR_STORY_OVERFLOW, /* .nr: pages too many; 0: room left */
	MMR_STORY_DRAIN, /* .nr: pages to drain, from .list on */
	MMR_STORY_DRAIN_PAGE, /* .pfn, .mt, .list */
	MMR_STORY_MERGE, /* .pfn with .buddy */
	MMR_STORY_INSERT, /* .pfn, .mt, .yes: at the tail */
	NR_MMR_STORY_KINDS
};

enum mmr_story_pass_by { MMR_STORY_DIRTY, MMR_STORY_KSWAPD_AWAKE };
enum mmr_story_again {
	MMR_STORY_REMOTE_NEXT, /* NOFRAGMENT given up rather than go to another node */
	MMR_STORY_FRAGMENT, /* NOFRAGMENT given up, as no zone served */
	MMR_STORY_BUSY_NODES, /* nodes passed by are tried now */
};
enum mmr_story_mark {
	MMR_STORY_PROBE, /* only whether the zone is flagged depends on it */
	MMR_STORY_DECIDES,
	MMR_STORY_AFTER_RECLAIM,
	MMR_STORY_WITHOUT_BOOST,
	MMR_STORY_BULK,
	MMR_STORY_BALANCED, /* has kswapd anything to do? */
	MMR_STORY_ENOUGH_AGAIN, /* may the flag be cleared? */
};
enum mmr_story_pcp { MMR_STORY_BEFORE, MMR_STORY_AFTER };
enum mmr_story_kswapd {
	MMR_STORY_WOKEN,
	MMR_STORY_IS_AWAKE,
	MMR_STORY_GAVE_UP,
	MMR_STORY_NOT_NEEDED,
};
enum mmr_story_free {
	MMR_STORY_TO_PCP,
	MMR_STORY_ORDER, /* no per-CPU list for this order */
	MMR_STORY_ISOLATED,
	MMR_STORY_LOCKED,
};
/* Which rule said how long the list may be: nr_pcp_high() */
enum mmr_story_high {
	MMR_STORY_HIGH_PLAIN,
	MMR_STORY_HIGH_FIXED, /* by sysctl, or before 6.7 */
	MMR_STORY_HIGH_NONE, /* the list is off, or being drained */
	MMR_STORY_HIGH_FREES_MOSTLY, /* high-order frees in a row */
	MMR_STORY_HIGH_RECLAIM, /* kswapd is at work in this zone */
	MMR_STORY_HIGH_BELOW, /* the zone is below its high mark */
	MMR_STORY_HIGH_GROWN, /* full, and more was freed lately */
};

/**
 * struct mmr_story_step - one step; unused fields are 0
 * @kind: enum mmr_story_kind, which also says what is used
 * @zone: node << 3 | enum zone_type, MMR_STORY_NO_ZONE where none is meant
 * @order: of the request, or of the block told of
 * @list: number of the per-CPU list
 */
struct mmr_story_step {
	uint8_t kind;
	uint8_t why;
	uint8_t order, source_order;
	uint8_t mt;
	uint8_t list;
	uint8_t mark;
	bool yes;
	uint16_t zone;
	uint16_t cpu;
	uint32_t flags;
	uint32_t pfn;
	int32_t nr;
	union {
		uint32_t buddy, before;
		struct {
			gfp_t gfp;
			int16_t nid; /* asked for, or NUMA_NO_NODE */
			uint16_t cpu_nid;
			uint64_t nodemask;
			bool pf_memalloc;
		} request;
		struct {
			uint64_t nodemask;
			uint16_t nid; /* whose zonelist */
			uint16_t preferred; /* place in it */
			uint8_t migratetype, highest_zoneidx;
			bool thisnode, spread_dirty_pages;
		} context;
		/* passed: free - unusable > min + reserve, and for orders above 0 a block is there */
		struct {
			int64_t free, unusable, min;
			uint32_t mark; /* with boost; @min is what is left of it for this request */
			uint32_t boost, reserve;
			bool quick, no_block;
		} watermark;
		struct {
			int32_t count, high, high_min, high_max, batch, free_count;
			uint32_t nr_blocks; /* on list @list */
			uint8_t alloc_factor, flags;
			bool auto_tuned;
		} pcp;
		struct {
			int32_t count, batch, high_before, high, most;
			uint8_t factor_before, factor;
			bool auto_tuned, below_high;
		} refill;
		struct {
			uint32_t free, movable, alike, needed;
			uint8_t old_mt;
			bool incomplete; /* the pageblock is not wholly in the zone */
		} claim;
		struct {
			int32_t count, high, limit, free_count, batch;
		} high;
	};
};
#define MMR_STORY_NO_ZONE UINT16_MAX

/**
 * struct mmr_story - what was told so far; the caller makes room
 * @max_steps: room in @steps; what comes later is only counted
 */
struct mmr_story {
	uint32_t nr_steps, max_steps;
	uint64_t nr_dropped;
	struct mmr_story_step steps[];
};

/**
 * mmr_alloc_flag_name - what a bit of MMR_STORY_CONTEXT's and MMR_STORY_SCAN's .flags is called
 * @bit: 2 .. 31; bits 0 and 1 are the mark, enum zone_watermarks
 * Return: "NOFRAGMENT" for ALLOC_NOFRAGMENT; NULL where there is none.
 */
const char *mmr_alloc_flag_name(unsigned int bit);

/**
 * mmr_told_alloc_pages - mmr_alloc_pages(), told
 * @story: steps are appended
 * Context: one thread at a time.  Link mmr::core_told.
 */
struct mmr_page mmr_told_alloc_pages(struct mmr_machine *m, const struct mmr_request *req,
				     struct mmr_story *story);
/** mmr_told_alloc_pages_bulk - mmr_alloc_pages_bulk(), told: one MMR_STORY_PAGE for each page */
unsigned int mmr_told_alloc_pages_bulk(struct mmr_machine *m, const struct mmr_request *req,
				       unsigned int nr_pages, uint32_t *pfns, struct mmr_story *story);
/**
 * mmr_told_refill - a block of @order and type @mt for @cpu from @zone, whatever the marks, told
 *
 * For who knows which zone served, but not who asked: the list is refilled where it is empty; blocks that
 * have no per-CPU list come straight from the buddy.
 * Return: its PFN; MMR_NO_PFN where the zone has none.
 */
uint32_t mmr_told_refill(struct mmr_machine *m, unsigned int cpu, struct zone *zone, unsigned int order,
			 unsigned int mt, struct mmr_story *story);
/** mmr_told_free_pages - mmr_free_pages(), told */
int mmr_told_free_pages(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu,
			uint8_t *path, struct mmr_story *story);
/** mmr_told_free_past_list - likewise, by who finds the CPU's list locked: to the free lists */
void mmr_told_free_past_list(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu,
			     struct mmr_story *story);
/** mmr_told_free_contig_range - mmr_free_contig_range(), told; pages must be allocated ones of order 0 */
int mmr_told_free_contig_range(struct mmr_machine *m, uint32_t pfn, uint32_t nr_pages, unsigned int cpu,
			       struct mmr_story *story);
/** mmr_told_insert_as - mmr_step_insert_as(), told: one block to type @mt's free lists */
void mmr_told_insert_as(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn,
			unsigned int order, unsigned int mt, struct mmr_story *story);

#endif
