/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model one decision at a time, for whoever follows a recording.
 *
 * Three kinds of routine. Those that look (mmr_step_peek_*, …) say what the model would do. Those
 * that do (mmr_step_take, …) are the same routines that mmr_alloc_pages() and mmr_free_pages() are
 * made of, cut where the kernel emits an event. Those that force (mmr_step_withdraw, …) bring the
 * model to an outcome it did not choose.
 *
 * A caller may know some lists and not others, so free lists, per-CPU lists and page records are
 * changed apart from each other. Single-threaded use only.
 */
#ifndef MMR_CORE_STEP_H
#define MMR_CORE_STEP_H

#include "core/page_alloc.h"

struct zone; /* opaque */

/* ---- finding one's way ---------------------------------------------------------------------- */

/** mmr_step_zone - the zone whose RAM holds all of a block; NULL where there is none */
struct zone *mmr_step_zone(const struct mmr_machine *m, uint32_t pfn, unsigned int order);
/** mmr_step_named_zone - NULL where the machine has no such populated zone */
struct zone *mmr_step_named_zone(const struct mmr_machine *m, unsigned int nid, enum zone_type type);
/** mmr_step_zone_id - a small number per zone, below mmr_step_max_zone_id() */
unsigned int mmr_step_zone_id(const struct zone *zone);
unsigned int mmr_step_max_zone_id(const struct mmr_machine *m);
void mmr_step_zone_name(const struct zone *zone, unsigned int *nid, enum zone_type *type);
/** mmr_step_pindex - number of the per-CPU list for blocks of @order and pageblock type @mt */
unsigned int mmr_step_pindex(unsigned int mt, unsigned int order);
unsigned int mmr_step_pindex_order(unsigned int pindex);
/** mmr_step_pcp_order - do blocks of @order live on per-CPU lists? */
bool mmr_step_pcp_order(unsigned int order);

/**
 * struct mmr_step_place - what the model knows of a page frame
 * @head, @order, @mt: the block that holds it; @mt is its list's type, or the one it was asked with
 */
struct mmr_step_place {
	enum mmr_page_state state; /* never MMR_PAGE_INSIDE: look at @head */
	uint32_t head;
	uint8_t order, mt;
};
/** mmr_step_place - where the page frame is; MMR_PAGE_BOOT too for one beyond the memory, or MMR_NO_PFN */
struct mmr_step_place mmr_step_place(const struct mmr_machine *m, uint32_t pfn);

/* ---- page records --------------------------------------------------------------------------- */

/** mmr_step_hand_out - the block now belongs to whoever asked with type @mt; off the list it is on */
void mmr_step_hand_out(struct mmr_machine *m, const struct zone *zone, uint32_t pfn, unsigned int order,
		       unsigned int mt);
/**
 * mmr_step_give_back - a block is about to be freed: split what it was a part of
 * Return: MMR_PAGE_ALLOCATED or MMR_PAGE_BOOT where that can be, else where the model has it:
 *	MMR_PAGE_FREE or MMR_PAGE_PCP; then nothing is changed.
 */
enum mmr_page_state mmr_step_give_back(struct mmr_machine *m, uint32_t pfn, unsigned int order);

enum mmr_step_found {
	MMR_STEP_WAS_FREE = 1 << 0,
	MMR_STEP_WAS_PCP = 1 << 1,
	MMR_STEP_WAS_ALLOCATED = 1 << 2,
};
/**
 * mmr_step_withdraw - take every page of [pfn, pfn + 2^order) off the lists it is on
 *
 * Free blocks that reach beyond are split, the rest stays on the list of its type, at the head.
 * Return: what was found, a set of enum mmr_step_found; 0 where nothing was known.
 */
unsigned int mmr_step_withdraw(struct mmr_machine *m, unsigned int cpu, uint32_t pfn, unsigned int order);

/* ---- the buddy ------------------------------------------------------------------------------ */

/** mmr_step_peek_smallest - what mmr_step_take_smallest() would return */
uint32_t mmr_step_peek_smallest(const struct zone *zone, unsigned int order, unsigned int mt);
/**
 * mmr_step_takes_cma - would a movable request take its next block from the CMA lists?
 * @margin: gets by how many pages that was decided, where the counts decide; else INT64_MAX
 * Source: __rmqueue(), mm/page_alloc.c, v6.12.
 */
bool mmr_step_takes_cma(const struct zone *zone, unsigned int order, int64_t *margin);
/** mmr_step_take_smallest - rmqueue_smallest() */
uint32_t mmr_step_take_smallest(struct mmr_machine *m, unsigned int cpu, struct zone *zone, unsigned int order,
				unsigned int mt);
/*
 * Routines that put a block on a list refuse one that is on a list already, or lies in one that is, and
 * leave word of it: mmr_machine_damage(). So a list is never a ring, and every walk ends.
 */

/** mmr_step_insert - free_one_page() for a block that is on no list */
void mmr_step_insert(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn,
		     unsigned int order, bool to_tail);
/** mmr_step_insert_as - free_one_page_locked(): one block, to type @mt's lists */
void mmr_step_insert_as(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn,
			unsigned int order, unsigned int mt);
/** mmr_step_make_head - move a free block of its list to the head by rotating the list */
bool mmr_step_make_head(struct mmr_machine *m, struct zone *zone, uint32_t pfn, unsigned int order,
			unsigned int mt);
/* Walking a free list; MMR_NO_PFN at its end. */
uint32_t mmr_step_free_head(const struct zone *zone, unsigned int order, unsigned int mt);
uint32_t mmr_step_free_next(const struct mmr_machine *m, uint32_t pfn, unsigned int order);

/** mmr_step_pageblock - type of the pageblock that holds @pfn */
unsigned int mmr_step_pageblock(const struct mmr_machine *m, uint32_t pfn);
/** mmr_step_retype - another type for a pageblock; its free pages move along */
void mmr_step_retype(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn, unsigned int mt);

/**
 * mmr_step_isolate - isolate a pageblock, or make it an ordinary one again
 * @mt: the type it gets back where isolation had replaced it (to 6.16)
 *
 * Its free pages move along; a free block longer than it is split first.
 */
void mmr_step_isolate(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn, bool isolate,
		      unsigned int mt);
/** mmr_step_isolate_bit - is a pageblock's isolation a bit beside its type (from 6.17)? */
bool mmr_step_isolate_bit(const struct mmr_machine *m);

/** mmr_step_extfrag_first - is the event of a fallback emitted before the block it moved is taken (to 6.9)? */
bool mmr_step_extfrag_first(const struct mmr_machine *m);
/** mmr_step_frees_pieces - are neighbours that vfree() gives back inserted as larger blocks (from 7.2)? */
bool mmr_step_frees_pieces(const struct mmr_machine *m);

/* ---- fallback ------------------------------------------------------------------------------- */

/**
 * struct mmr_step_fallback - one way to serve a request from another type's pages
 * @block: head of list @mt of @order; @claim: its pageblock changes type, else only the page is stolen
 */
struct mmr_step_fallback {
	uint32_t block;
	uint8_t order, mt;
	bool claim;
};
/**
 * mmr_step_peek_fallback - what the model would choose; false where there is nothing
 * @steal_only: the refill has stolen before (enum rmqueue_mode RMQUEUE_STEAL)
 */
bool mmr_step_peek_fallback(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
			    unsigned int mt, bool steal_only, struct mmr_step_fallback *ret);
/**
 * mmr_step_fallback_possible - could the kernel have chosen @way?
 *
 * Whether a pageblock below a whole one is claimed depends on pages on the LRU, which no event
 * shows; all else follows from the lists.
 */
bool mmr_step_fallback_possible(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
				unsigned int mt, bool steal_only, const struct mmr_step_fallback *way);
/** mmr_step_fallback - do it; returns the page obtained */
uint32_t mmr_step_fallback(struct mmr_machine *m, unsigned int cpu, struct zone *zone, unsigned int order,
			   unsigned int mt, bool steal_only, const struct mmr_step_fallback *way);

/**
 * mmr_step_fallback_old - to 6.9: bring another type's block to the request's lists
 * @did: the block, as it was; @claim: its pageblock has the request's type now
 * Return: false where no type has one.
 */
bool mmr_step_fallback_old(struct mmr_machine *m, unsigned int cpu, struct zone *zone, unsigned int order,
			   unsigned int mt, struct mmr_step_fallback *did);

/* ---- per-CPU lists -------------------------------------------------------------------------- */

/** mmr_step_pcp_read, mmr_step_pcp_write - the scalars; @count in pages */
void mmr_step_pcp_read(const struct zone *zone, unsigned int cpu, struct mmr_pcp_state *ret, int32_t *count);
void mmr_step_pcp_write(struct zone *zone, unsigned int cpu, const struct mmr_pcp_state *state, int32_t count);
uint32_t mmr_step_pcp_head(const struct zone *zone, unsigned int cpu, unsigned int pindex);
uint32_t mmr_step_pcp_next(const struct mmr_machine *m, const struct zone *zone, unsigned int cpu,
			   unsigned int pindex, uint32_t pfn);
/** mmr_step_pcp_owner - the CPU on whose list @pfn is; -1 where on none. Walks to the list's end. */
int mmr_step_pcp_owner(const struct mmr_machine *m, uint32_t pfn);
/** mmr_step_pcp_begin - a request turns to the list: rmqueue_pcplist() up to the look at it */
void mmr_step_pcp_begin(struct zone *zone, unsigned int cpu);
/** mmr_step_pcp_refill_size - blocks rmqueue_bulk() is asked for; nr_pcp_alloc(), which also adapts */
int mmr_step_pcp_refill_size(struct mmr_machine *m, unsigned int cpu, struct zone *zone, unsigned int order);
/** mmr_step_pcp_append - at the tail, as a refill does; counted */
void mmr_step_pcp_append(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn,
			 unsigned int order, unsigned int mt);
/** mmr_step_pcp_pop - the head; counted. MMR_NO_PFN and mmr_machine_damage() where the list is empty */
uint32_t mmr_step_pcp_pop(struct mmr_machine *m, unsigned int cpu, struct zone *zone, unsigned int pindex);
/** mmr_step_pcp_push - free_unref_page_commit() up to the push; returns the list's number */
unsigned int mmr_step_pcp_push(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn,
			       unsigned int order);
/** mmr_step_pcp_overflow - pages the free of a block of @order makes too many; adapts the pcp's memory */
int mmr_step_pcp_overflow(struct mmr_machine *m, unsigned int cpu, struct zone *zone, unsigned int order);
/** mmr_step_pcp_overflow_done - the end of free_unref_page_commit() */
void mmr_step_pcp_overflow_done(struct mmr_machine *m, struct zone *zone);
/**
 * mmr_step_pcp_chunk - most pages one hold of zone->lock frees of an overflow; INT32_MAX where unlimited
 *
 * Between two such holds pcp->lock is free too (7.x). So whatever steps the caller takes in between may be
 * those of others: interrupts of this CPU push to the list and pop from it, other CPUs drain it, anybody
 * takes zone->lock. During a hold an interrupt's frees find the lock taken: mmr_step_insert(). An overflow
 * ends early where the lock is not got back, or the task goes on elsewhere: no more victims are taken, and
 * mmr_step_pcp_overflow_done() comes all the same.
 */
int mmr_step_pcp_chunk(const struct mmr_machine *m, const struct zone *zone, unsigned int cpu);
/** mmr_step_pcp_victim - tail of the first list that is not empty, from *pindex on; MMR_NO_PFN */
uint32_t mmr_step_pcp_victim(const struct zone *zone, unsigned int cpu, unsigned int *pindex);
/** mmr_step_pcp_remove - off the list of @cpu it is on; counted. False where it is on none. */
bool mmr_step_pcp_remove(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn);
/** mmr_step_pcp_forget - empty lists; the scalars stay */
void mmr_step_pcp_forget(struct mmr_machine *m, unsigned int cpu, struct zone *zone);

/* ---- which zone ----------------------------------------------------------------------------- */

/** enum mmr_step_attempt - the walks over the zonelist that a request may make, in the kernel's order */
enum mmr_step_attempt {
	MMR_STEP_FAST = 1 << 0, /* above the low marks */
	MMR_STEP_SLOW = 1 << 1, /* above the min marks, or below them as gfp_to_alloc_flags() allows */
	MMR_STEP_OOM = 1 << 2, /* as a victim of the OOM killer */
	MMR_STEP_RESERVES = 1 << 3, /* whatever the marks: PF_MEMALLOC and the like */
};

/**
 * struct mmr_step_request - a request and who served it
 * @nid: the preferred node; @nodemask: allowed nodes, 0 for all
 * @attempts: set of enum mmr_step_attempt
 * @fragmenting: pages of another type were used below pageblock order
 * @drift: [mmr_step_max_zone_id()] what the free counts were off by when they were read; may be NULL
 */
struct mmr_step_request {
	gfp_t gfp;
	uint16_t cpu, nid;
	uint64_t nodemask;
	uint8_t order, mt, attempts;
	bool fragmenting;
	const struct zone *served;
	const int32_t *drift;
};
/** mmr_step_first_zone - the zone the model would go to; NULL for none */
struct zone *mmr_step_first_zone(const struct mmr_machine *m, const struct mmr_step_request *request);
/**
 * mmr_step_refill_with_nothing - what refills of zones on the way to that zone, which had nothing of the type
 * to give, did to the sizes of its CPU's lists
 */
void mmr_step_refill_with_nothing(struct mmr_machine *m, const struct mmr_step_request *request);
/** mmr_step_flag_below_high - leave the marks of the walk: zones short of pages on the way to the one that
 * served */
void mmr_step_flag_below_high(struct mmr_machine *m, const struct mmr_step_request *request);
unsigned int mmr_step_cpu_node(const struct mmr_machine *m, unsigned int cpu);
/** mmr_step_set_kswapd - a node's kswapd works: from 6.18 on other nodes are asked first */
void mmr_step_set_kswapd(struct mmr_machine *m, unsigned int nid, bool works);
bool mmr_step_kswapd(const struct mmr_machine *m, unsigned int nid);
/** mmr_step_threshold - up to which a CPU's pending count stays pending */
int32_t mmr_step_threshold(const struct zone *zone, unsigned int cpu);
/** mmr_step_hide_pages - this many pages that the zone has counted are pending with a CPU instead */
void mmr_step_hide_pages(struct zone *zone, unsigned int cpu, int32_t pages);
/** mmr_step_count_pages - the zone has so many free pages more, or fewer, which are on none of the model's
 * lists */
void mmr_step_count_pages(struct mmr_machine *m, struct zone *zone, unsigned int cpu, int32_t pages);
/** mmr_step_fold_zone - a CPU's pending count of this zone goes into the zone's; false where it has none */
bool mmr_step_fold_zone(struct zone *zone, unsigned int cpu);
/** mmr_step_fold - a CPU's pending counts go into the zones'; false where it has none */
bool mmr_step_fold(struct mmr_machine *m, unsigned int cpu);
/**
 * mmr_step_hold_counts - up to 6.9 a refill counts all its pages when it is complete: nothing is folded before
 * Return: what mmr_step_release_counts() needs.
 */
int32_t mmr_step_hold_counts(struct zone *zone, unsigned int cpu);
void mmr_step_release_counts(struct mmr_machine *m, struct zone *zone, unsigned int cpu, int32_t held);
/** mmr_step_read_pending - @pending: [mmr_step_max_zone_id()] */
void mmr_step_read_pending(const struct mmr_machine *m, unsigned int cpu, int32_t *pending);

/** struct mmr_step_marks - what a watermark test of the zone reads */
struct mmr_step_marks {
	int64_t free; /* NR_FREE_PAGES, the global part */
	int64_t pending; /* of all CPUs */
	uint32_t watermark[NR_WMARK], boost;
};
void mmr_step_marks(const struct mmr_machine *m, const struct zone *zone, struct mmr_step_marks *ret);

/**
 * mmr_step_set_pressure - kswapd of a node is awake, or asleep again
 *
 * While it is awake CPUs may keep more to themselves before they fold it into a zone's count: up to 125
 * pages. That holds for zones with a percpu_drift_mark, which on machines of more than one CPU are all:
 * it is first computed as the second CPU comes up, when there are no watermarks yet.
 */
void mmr_step_set_pressure(struct mmr_machine *m, unsigned int nid, bool awake, bool marks_first);
/** mmr_step_set_marks - the marks without boost */
void mmr_step_set_marks(struct zone *zone, const uint32_t watermark[NR_WMARK]);
/** mmr_step_set_reserve - what a zone keeps from requests that may go as high as zone @upper */
void mmr_step_set_reserve(struct zone *zone, enum zone_type upper, uint32_t pages);

/* ---- taking over a recorded state ----------------------------------------------------------- */

/** mmr_step_zone_forget - no free block, no pageblock type is known of the zone any more */
void mmr_step_zone_forget(struct mmr_machine *m, struct zone *zone);
/** mmr_step_adopt_pageblock - the type alone */
void mmr_step_adopt_pageblock(struct mmr_machine *m, uint32_t pfn, unsigned int mt);
/**
 * mmr_step_adopt_free - a free block at its list's tail
 * Return: 0; -EINVAL for a block that cannot be, -EEXIST where it overlaps one on a list.
 */
int mmr_step_adopt_free(struct mmr_machine *m, struct zone *zone, uint32_t pfn, unsigned int order,
			unsigned int mt);
/** mmr_step_adopt_counts - free pages: the global part is what the lists hold less the CPUs' @diff (may be
 * NULL) */
void mmr_step_adopt_counts(struct mmr_machine *m, struct zone *zone, const int16_t *diff);
uint32_t mmr_step_zone_flags(const struct zone *zone);
void mmr_step_set_zone_flags(struct zone *zone, uint32_t flags);
void mmr_step_set_boost(struct zone *zone, uint32_t boost);

#endif
