// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Per-CPU page lists: refill, overflow, drain, decay. The hit paths are inline in page_alloc.c.
 *
 * Two schools of sizing: PCP_5_14 has a fixed high and scales drains by free_factor; PCP_6_7 moves
 * high between high_min and high_max with the load.
 */
#include "core/list.h"

/*
 * Small zones have lo > hi, and then the order of the two tests decides.
 * Source: __clamp(), include/linux/minmax.h, v6.2.
 */
static int clamp(int x, int lo, int hi)
{
	return x >= hi ? hi : x <= lo ? lo : x;
}

static int max_int(int a, int b)
{
	return a > b ? a : b;
}

static int min_int(int a, int b)
{
	return a < b ? a : b;
}

/* ---- refill -------------------------------------------------------------------------------- */

/*
 * How many blocks to fetch. A run of refills doubles the size (alloc_factor) and raises high, as a
 * CPU that allocates without freeing will go on to do so.
 *
 * Source: nr_pcp_alloc(), mm/page_alloc.c, v6.12; v6.1 has the batch alone.
 */
static inline int refill_size(const struct kernel_profile *profile, const struct zone *zone,
			      struct per_cpu_pages *pcp, unsigned int order, int *most)
{
	int batch = pcp->batch, high;

	*most = 0;
	if (profile->pcp == PCP_5_14)
		return batch > 1 ? max_int(batch >> order, 2) : batch;

	high = pcp->high = clamp(pcp->high, pcp->high_min, pcp->high_max);
	if (high < batch)
		return 1;
	if (!order)
		batch <<= pcp->alloc_factor;
	if (pcp->high_min != pcp->high_max && !(shared_read(zone->flags) & 1u << ZONE_BELOW_HIGH))
		high = pcp->high = min_int(high + batch, pcp->high_max);
	if (!order) {
		*most = max_int(high - pcp->count - pcp->batch, pcp->batch);
		if (batch <= *most && pcp->alloc_factor < profile->pcp_batch_scale_max)
			pcp->alloc_factor++;
		batch = min_int(batch, *most);
	}
	return batch > 1 ? max_int(batch >> order, 2) : batch;
}

int nr_pcp_alloc(const struct kernel_profile *profile, const struct zone *zone, struct per_cpu_pages *pcp,
		 unsigned int order)
{
	int high = pcp->high, factor = pcp->alloc_factor, most;
	int nr = refill_size(profile, zone, pcp, order, &most);

	tell(zone, MMR_STORY_REFILL_SIZE, .order = (uint8_t)order, .nr = nr,
	     .refill = {.count = pcp->count,
			.batch = pcp->batch,
			.high_before = high,
			.high = pcp->high,
			.most = most,
			.factor_before = (uint8_t)factor,
			.factor = pcp->alloc_factor,
			.auto_tuned = profile->pcp == PCP_6_7,
			.below_high = shared_read(zone->flags) & 1u << ZONE_BELOW_HIGH});
	return nr;
}

/*
 * Fetch @nr blocks under one hold of zone->lock; they go to the tail in the order obtained, so that
 * a split block is handed out in ascending order.
 *
 * Return: blocks obtained.  Source: rmqueue_bulk(), mm/page_alloc.c, v6.12.
 */
static int rmqueue_bulk(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, int nr,
			struct pcp_list *list, unsigned int mt, unsigned int alloc_flags)
{
	enum rmqueue_mode mode = RMQUEUE_NORMAL;
	struct mmr_machine *m = cpu->m;
	int i;

	if (unlikely((alloc_flags & ALLOC_TRYLOCK) && m->zone_locks_busy))
		return 0;
	zone_lock(cpu, zone);
	for (i = 0; i < nr; i++) {
		uint32_t pfn = rmqueue_inner(cpu, zone, order, mt, alloc_flags, &mode);

		if (unlikely(pfn == MMR_NO_PFN))
			break;
		tell(zone, MMR_STORY_REFILL_PAGE, .order = (uint8_t)order, .pfn = pfn);
		shared_set(m->pages[pfn].tag, page_tag(zone->tag, order, PAGE_PCP, mt));
		pcp_list_add_tail(m, list, pfn);
	}
	if (!m->profile.acct_per_page)
		mod_zone_free_pages(cpu, zone, -(i << order));
	zone_unlock(zone);
	return i;
}

/*
 * An empty list: fetch from the buddy and take the first.
 * Return: its PFN, MMR_NO_PFN where the buddy gave nothing.  Context: pcp->lock.
 * Source: __rmqueue_pcplist(), mm/page_alloc.c, v6.12.
 */
uint32_t rmqueue_pcplist_refill(struct mmr_cpu *cpu, struct zone *zone, struct per_cpu_pages *pcp,
				unsigned int order, unsigned int mt, unsigned int alloc_flags)
{
	struct pcp_list *list = &pcp->lists[order_to_pindex(mt, order)];
	int nr = nr_pcp_alloc(&cpu->m->profile, zone, pcp, order);

	if ((alloc_flags & ALLOC_HIGHATOMIC) && cpu->m->profile.highatomic_path != HIGHATOMIC_PATH_6_18)
		return MMR_NO_PFN;
	nr = rmqueue_bulk(cpu, zone, order, nr, list, mt, alloc_flags);
	tell(zone, MMR_STORY_REFILL_END, .order = (uint8_t)order, .nr = nr);
	pcp->count += nr << order;
	cpu->counters.pcp_refills++;
	cpu->counters.pcp_refills_empty += !nr;
	cpu->counters.pcp_refill_pages += (uint64_t)nr << order;
	return pcp_list_empty(list) ? MMR_NO_PFN : pcp_list_pop(cpu->m, list);
}

/* ---- overflow ------------------------------------------------------------------------------ */

/* The first list with pages, from @pindex on and around; NR_PCP_LISTS where there is none. */
static inline unsigned int next_pcp_list(const struct per_cpu_pages *pcp, unsigned int pindex)
{
	for (unsigned int i = 0; i < NR_PCP_LISTS; i++) {
		if (!pcp_list_empty(&pcp->lists[pindex]))
			return pindex;
		pindex = pindex == NR_PCP_LISTS - 1 ? 0 : pindex + 1;
	}
	return NR_PCP_LISTS;
}

/*
 * Free pages to the buddy from the tails of the lists, one list after the other from @pindex on.
 * Blocks are freed whole, so that a THP overshoots @count.
 *
 * Context: pcp->lock; takes zone->lock.
 * Source: free_pcppages_bulk(), mm/page_alloc.c, v6.12.
 */
void free_pcppages_bulk(struct mmr_cpu *cpu, struct zone *zone, int count, struct per_cpu_pages *pcp,
			unsigned int pindex)
{
	struct mmr_machine *m = cpu->m;

	count = min_int(pcp->count, count);
	if (count <= 0)
		return;
	cpu->counters.pcp_drains++;
	tell(zone, MMR_STORY_DRAIN, .cpu = cpu->id, .nr = count, .list = (uint8_t)pindex);
	zone_lock(cpu, zone);
	while (count > 0) {
		pindex = next_pcp_list(pcp, pindex);
		if (unlikely(pindex == NR_PCP_LISTS)) {
			model_damaged(
				m, "node %u zone %s: a per-CPU count of %d pages, but all its lists are empty",
				zone->node, mmr_zone_name((enum zone_type)zone_idx(zone)), pcp->count);
			pcp->count = 0;
			break;
		}
		struct pcp_list *list = &pcp->lists[pindex];
		unsigned int order = pindex_to_order(pindex);

		do {
			uint32_t pfn = pcp_list_pop_tail(m, list);
			unsigned int mt = get_pageblock_migratetype(m, pfn);

			/* Before 6.10 the type was cached when the page was freed. */
			if (!m->profile.hygiene && !zone->nr_isolate_pageblock)
				mt = tag_type(m->pages[pfn].tag);
			count -= 1 << order;
			pcp->count -= 1 << order;
			cpu->counters.pcp_drain_pages += 1u << order;
			tell(zone, MMR_STORY_DRAIN_PAGE, .order = (uint8_t)order, .pfn = pfn, .mt = (uint8_t)mt,
			     .list = (uint8_t)pindex);
			free_one_page_locked(cpu, zone, pfn, order, mt, FPI_NONE);
		} while (count > 0 && !pcp_list_empty(list));
	}
	zone_unlock(zone);
}

/* Source: nr_pcp_free(), mm/page_alloc.c, v6.12. */
static int nr_pcp_free(const struct kernel_profile *profile, const struct per_cpu_pages *pcp, int high,
		       bool free_high)
{
	int batch = pcp->batch;

	if (unlikely(free_high))
		return min_int(pcp->count, batch << profile->pcp_batch_scale_max);
	if (unlikely(high < batch))
		return 1;
	return clamp(pcp->free_count, batch, high - batch);
}

/* The list may be @limit pages long, by rule @why. */
static inline int told(const struct zone *zone, const struct per_cpu_pages *pcp, int limit,
		       enum mmr_story_high why)
{
	if (story_of(zone))
		story_high(zone, pcp, limit, why);
	return limit;
}

/* Source: nr_pcp_high(), mm/page_alloc.c, v6.12. */
static int nr_pcp_high(const struct kernel_profile *profile, const struct zone *zone, struct per_cpu_pages *pcp,
		       bool free_high)
{
	uint32_t flags = shared_read(zone->flags);
	int batch = pcp->batch, high_min = pcp->high_min;
	int recent = max_int(pcp->free_count, batch);
	int high = pcp->high = clamp(pcp->high, high_min, pcp->high_max);

	if (unlikely(!high))
		return told(zone, pcp, 0, MMR_STORY_HIGH_NONE);
	if (unlikely(free_high)) {
		pcp->high = max_int(high - (batch << profile->pcp_batch_scale_max), high_min);
		return told(zone, pcp, 0, MMR_STORY_HIGH_FREES_MOSTLY);
	}
	if (flags & 1u << ZONE_RECLAIM_ACTIVE) {
		pcp->high = max_int(high - recent, high_min);
		return told(zone, pcp, min_int(batch * 4, pcp->high), MMR_STORY_HIGH_RECLAIM);
	}
	if (high_min == pcp->high_max)
		return told(zone, pcp, high, MMR_STORY_HIGH_FIXED);
	if (flags & 1u << ZONE_BELOW_HIGH) {
		pcp->high = max_int(high - recent, high_min);
		return told(zone, pcp, max_int(pcp->count, high_min), MMR_STORY_HIGH_BELOW);
	}
	if (pcp->count >= high && pcp->high < pcp->free_count + batch) {
		pcp->high = clamp(pcp->free_count + batch, high_min, pcp->high_max);
		return told(zone, pcp, high, MMR_STORY_HIGH_GROWN);
	}
	return told(zone, pcp, high, MMR_STORY_HIGH_PLAIN);
}

/*
 * Does this free of a high order come while the CPU mostly frees? Then its pages soon go back to
 * the buddy, where another CPU finds them.
 * Source: free_unref_page_commit(), mm/page_alloc.c, v6.12.
 */
static bool free_high_order(const struct kernel_profile *profile, struct per_cpu_pages *pcp, unsigned int order)
{
	int threshold = pcp->batch;
	bool free_high = false;

	if (profile->free_high == FREE_HIGH_BATCH_HALF_MIN)
		threshold += pcp->high_min / 2;
	if (order && order <= PAGE_ALLOC_COSTLY_ORDER) {
		free_high = pcp->free_count >= threshold && (pcp->flags & PCPF_PREV_FREE_HIGH_ORDER) &&
			    (!(pcp->flags & PCPF_FREE_HIGH_BATCH) || pcp->count >= pcp->batch);
		pcp->flags |= PCPF_PREV_FREE_HIGH_ORDER;
	} else {
		pcp->flags &= (uint8_t)~PCPF_PREV_FREE_HIGH_ORDER;
	}
	return free_high;
}

/*
 * Free @to_free pages, at once or in batches whose overshoot is not credited (7.x). Between two batches
 * the lock is given up: interrupts free to the list then, and other CPUs drain it. Who does not get it back
 * leaves the list longer than it should be.
 *
 * Return: whether pcp->lock is still held.
 * Source: free_frozen_page_commit(), mm/page_alloc.c, v7.3.
 */
static bool free_overflow(struct mmr_cpu *cpu, struct zone *zone, struct per_cpu_pages *pcp, int to_free,
			  unsigned int pindex)
{
	if (cpu->m->profile.pcp_overflow == PCP_OVERFLOW_SINGLE) {
		free_pcppages_bulk(cpu, zone, to_free, pcp, pindex);
		return true;
	}
	for (;;) {
		int chunk = min_int(to_free, pcp->batch);

		free_pcppages_bulk(cpu, zone, chunk, pcp, pindex);
		to_free -= chunk;
		if (to_free <= 0 || pcp->count <= 0)
			return true;
		spin_unlock(&pcp->lock);
		if (!spin_trylock(&pcp->lock)) {
			cpu->counters.pcp_overflow_stops++;
			return false;
		}
	}
}

/* PCP_5_14. Source: free_unref_page_commit(), nr_pcp_high(), nr_pcp_free(), v6.1. */
static int nr_overflow_5_14(const struct kernel_profile *profile, const struct zone *zone,
			    struct per_cpu_pages *pcp, unsigned int order)
{
	bool free_high = pcp->free_factor && order && order <= PAGE_ALLOC_COSTLY_ORDER;
	int high = pcp->high, batch = pcp->batch, nr;

	if (free_high || !high)
		high = told(zone, pcp, 0, free_high ? MMR_STORY_HIGH_FREES_MOSTLY : MMR_STORY_HIGH_NONE);
	else if (shared_read(zone->flags) & 1u << ZONE_RECLAIM_ACTIVE)
		high = told(zone, pcp, min_int(batch * 4, high), MMR_STORY_HIGH_RECLAIM);
	else
		told(zone, pcp, high, MMR_STORY_HIGH_FIXED);
	if (pcp->count < high)
		return 0;
	if (free_high)
		return pcp->count;
	if (high < batch)
		return 1;
	nr = batch << min_int((int)pcp->free_factor, profile->pcp_batch_scale_max);
	if (nr < high - batch && pcp->free_factor < profile->pcp_batch_scale_max)
		pcp->free_factor++;
	return clamp(nr, batch, high - batch);
}

/*
 * A page of @order was pushed and counted: remember the recent past.
 *
 * Return: pages to give to the buddy now, 0 where the lists are not too long.
 * Context: pcp->lock.  Source: free_unref_page_commit(), mm/page_alloc.c, v6.12.
 */
int nr_pcp_overflow(const struct kernel_profile *profile, const struct zone *zone, struct per_cpu_pages *pcp,
		    unsigned int order)
{
	bool free_high;
	int high;

	if (profile->pcp == PCP_5_14)
		return nr_overflow_5_14(profile, zone, pcp, order);
	free_high = free_high_order(profile, pcp, order);
	if (pcp->free_count < pcp->free_count_limit)
		pcp->free_count += 1 << order;
	high = nr_pcp_high(profile, zone, pcp, free_high);
	return pcp->count < high ? 0 : nr_pcp_free(profile, pcp, high, free_high);
}

/* A free that must not take zone->lock leaves the list as long as it is. Source: free_frozen_page_commit(),
 * v6.18. */
void free_unref_page_remember(const struct kernel_profile *profile, struct per_cpu_pages *pcp,
			      unsigned int order)
{
	if (profile->pcp == PCP_5_14)
		return;
	free_high_order(profile, pcp, order);
	if (pcp->free_count < pcp->free_count_limit)
		pcp->free_count += 1 << order;
}

static bool clears_below_high(const struct zone *zone)
{
	tell_mark(zone, WMARK_HIGH, MMR_STORY_ENOUGH_AGAIN);
	return zone_watermark_ok(zone, 0, wmark_pages(zone, WMARK_HIGH), ZONE_MOVABLE, 0);
}

/* After an overflow: is there enough free memory again? Source: free_unref_page_commit(), v6.12. */
void clear_below_high(struct mmr_machine *m, struct zone *zone)
{
	if (!(shared_read(zone->flags) & 1u << ZONE_BELOW_HIGH) || !clears_below_high(zone))
		return;
	tell(zone, MMR_STORY_BELOW_HIGH);
	shared_and(zone->flags, ~(1u << ZONE_BELOW_HIGH));
	kswapd_reset_failures(m, zone);
}

/*
 * A page was pushed and counted: remember the recent past, and free the overflow.
 *
 * @locked: cleared where pcp->lock was lost on the way
 * Return: whether pages went to the buddy.  Context: pcp->lock.
 * Source: free_unref_page_commit(), mm/page_alloc.c, v6.12.
 */
bool free_unref_page_overflow(struct mmr_cpu *cpu, struct zone *zone, struct per_cpu_pages *pcp,
			      unsigned int pindex, unsigned int order, bool *locked)
{
	const struct kernel_profile *profile = &cpu->m->profile;
	int nr = nr_pcp_overflow(profile, zone, pcp, order);

	tell(zone, MMR_STORY_OVERFLOW, .order = (uint8_t)order, .nr = nr);
	if (!nr)
		return false;
	*locked = free_overflow(cpu, zone, pcp, nr, pindex);
	if (profile->below_high)
		clear_below_high(cpu->m, zone);
	return true;
}

/* ---- drains -------------------------------------------------------------------------------- */

/* Empty @victim's lists of @zone, in chunks. Source: drain_pages_zone(), v6.12. */
void drain_pages_zone(struct mmr_cpu *cpu, unsigned int victim, struct zone *zone)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[victim];
	int count;

	do {
		spin_lock(&pcp->lock);
		count = pcp->count;
		if (count) {
			int to_drain = min_int(count, pcp->batch << cpu->m->profile.pcp_batch_scale_max);

			free_pcppages_bulk(cpu, zone, to_drain, pcp, 0);
			count -= to_drain;
		}
		spin_unlock(&pcp->lock);
	} while (count > 0);
}

/* Every CPU's lists, of one zone or of all. Source: __drain_all_pages(), v6.12. */
void drain_all_pages(struct mmr_cpu *cpu, struct zone *only)
{
	struct mmr_machine *m = cpu->m;
	struct zone *zone;
	unsigned int i;

	for (unsigned int victim = 0; victim < m->nr_cpus; victim++) {
		for_each_populated_zone (m, zone, i) {
			if (!only || zone == only)
				drain_pages_zone(cpu, victim, zone);
		}
	}
}

/* One batch of a list that lies unused on a remote node. Source: drain_zone_pages(), v6.12. */
void drain_zone_pages(struct mmr_cpu *cpu, struct zone *zone, struct per_cpu_pages *pcp)
{
	spin_lock(&pcp->lock);
	free_pcppages_bulk(cpu, zone, min_int(pcp->count, pcp->batch), pcp, 0);
	spin_unlock(&pcp->lock);
}

/* By an eighth, but not further than leaves a few batches above it. Source: decay_pcp_high(), v6.12. */
void sink_pcp_high(const struct kernel_profile *profile, struct per_cpu_pages *pcp)
{
	int lowest = max_int(pcp->count - (pcp->batch << profile->pcp_batch_scale_max), pcp->high_min);

	if (pcp->high > pcp->high_min)
		pcp->high = max_int(lowest, pcp->high - (pcp->high >> 3));
}

/*
 * Let high sink, and free what lies above it.
 *
 * Return: whether there was something to do.
 * Source: decay_pcp_high(), mm/page_alloc.c, v6.12.
 */
bool decay_pcp_high(struct mmr_cpu *cpu, struct zone *zone, struct per_cpu_pages *pcp)
{
	const struct kernel_profile *profile = &cpu->m->profile;
	int batch = pcp->batch, to_drain;
	bool todo;

	/* Another CPU may drain the lists at this moment. */
	spin_lock(&pcp->lock);
	sink_pcp_high(profile, pcp);
	to_drain = pcp->count - pcp->high;
	todo = pcp->high > pcp->high_min || to_drain > 0;
	spin_unlock(&pcp->lock);
	cpu->counters.pcp_decays += to_drain > 0;
	while (to_drain > 0) {
		int nr = profile->decay == DECAY_BATCHED ? min_int(to_drain, batch) : to_drain;

		spin_lock(&pcp->lock);
		free_pcppages_bulk(cpu, zone, nr, pcp, 0);
		spin_unlock(&pcp->lock);
		to_drain -= nr;
	}
	return todo;
}

void mmr_drain_all_pages(struct mmr_machine *m)
{
	unsigned int cpu = 0;

	/* Who does it counts what is freed: any that is online. */
	while (!mmr_cpu_online(m, cpu))
		cpu++;
	drain_all_pages(&m->cpus[cpu], NULL);
}
