// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way of a free: free_pages -> free_unref_page -> a per-CPU list, else free_one_page. What is no
 * block of ours to free is refused.
 */
#include <errno.h>

#include "core/list.h"

/*
 * What is wrong with freeing a block whose head the model does not hold as allocated? Blocks from
 * before we began have no record, and are fine as long as nothing the model knows lies over or in
 * them. Heads can only be at aligned PFNs below, so ten looks find one that covers @pfn.
 *
 * Return: the block's zone, NULL where the free is wrong.
 */
static struct zone *free_untracked(const struct mmr_machine *m, uint32_t pfn, unsigned int order,
				   struct mmr_error *err)
{
	uint32_t tag = shared_read(m->pages[pfn].tag);
	struct zone *zone = block_zone(m, pfn, order);

	if (!zone) {
		mmr_err(err, -EINVAL, "free of pfn %u order %u: not an aligned block of RAM in one zone", pfn,
			order);
		return NULL;
	}
	if (tag_state(tag) == PAGE_ALLOCATED) {
		mmr_err(err, -EINVAL, "free of pfn %u order %u: it was allocated with order %u", pfn, order,
			tag_order(tag));
		return NULL;
	}
	if (tag_state(tag) != PAGE_UNKNOWN) {
		mmr_err(err, -EINVAL,
			"free of pfn %u order %u: double free, it is the head of a free block of order %u%s",
			pfn, order, tag_order(tag), tag_state(tag) == PAGE_PCP ? " on a per-CPU list" : "");
		return NULL;
	}
	if (tag_state(shared_read(m->max_blocks[pfn >> MAX_PAGE_ORDER].tag)) == PAGE_FREE) {
		mmr_err(err, -EINVAL,
			"free of pfn %u order %u: double free, it lies in the free block at %u of order %u",
			pfn, order, pfn & ~(MAX_ORDER_NR_PAGES - 1), MAX_PAGE_ORDER);
		return NULL;
	}
	for (unsigned int o = 1; o <= MAX_PAGE_ORDER; o++) {
		uint32_t head = pfn & ~((1u << o) - 1);
		uint32_t head_tag = shared_read(m->pages[head].tag);

		if (head != pfn && tag_state(head_tag) != PAGE_UNKNOWN && tag_order(head_tag) >= o) {
			mmr_err(err, -EINVAL,
				"free of pfn %u order %u: it is a tail of the %s block at %u of order %u", pfn,
				order, tag_state(head_tag) == PAGE_ALLOCATED ? "allocated" : "free", head,
				tag_order(head_tag));
			return NULL;
		}
	}
	for (uint32_t inside = pfn + 1; inside < pfn + (1u << order); inside++) {
		if (tag_state(shared_read(m->pages[inside].tag)) != PAGE_UNKNOWN) {
			mmr_err(err, -EINVAL, "free of pfn %u order %u: pfn %u inside it is a block of its own",
				pfn, order, inside);
			return NULL;
		}
	}
	return zone;
}

static inline bool allocated_with_order(uint32_t tag, unsigned int order)
{
	return tag_is(tag & 0xff, 0, order, PAGE_ALLOCATED);
}

/* The zone a block goes back to, NULL where it is not ours to take. */
static struct zone *freeable_zone(const struct mmr_machine *m, uint32_t pfn, unsigned int order)
{
	uint32_t tag = shared_read(m->pages[pfn].tag);

	return likely(allocated_with_order(tag, order)) ? m->zones[tag_zone_place(tag)]
							: free_untracked(m, pfn, order, NULL);
}

/*
 * Onto this CPU's list of the page's zone. Reserved and CMA pages go to the movable list: who takes
 * them from there does so only until the next drain looks at their pageblock again.
 *
 * Source: free_unref_page(), free_unref_page_commit(), mm/page_alloc.c, v6.12.
 */
enum mmr_path free_unref_page(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order)
{
	struct mmr_machine *m = cpu->m;
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu->id];
	unsigned int mt = get_pageblock_migratetype(m, pfn), list_mt = mt, pindex;
	enum mmr_path path = MMR_PATH_FREE_PCP;
	bool locked = true;

	if (unlikely(mt >= MIGRATE_PCPTYPES)) {
		if (mt == MIGRATE_ISOLATE)
			goto buddy;
		list_mt = MIGRATE_MOVABLE;
	}
	if (unlikely(!spin_trylock(&pcp->lock)))
		goto buddy;
	pindex = order_to_pindex(list_mt, order);
	if (story_of(zone))
		story_free(cpu, zone, pfn, order, mt, MMR_STORY_TO_PCP);
	pcp->alloc_factor >>= 1;
	shared_set(m->pages[pfn].tag, page_tag(zone->tag, order, PAGE_PCP, mt));
	pcp_list_add(m, &pcp->lists[pindex], pfn);
	pcp->count += 1 << order;
	if (unlikely(free_unref_page_overflow(cpu, zone, pcp, pindex, order, &locked))) {
		path = MMR_PATH_FREE_DRAIN;
		cpu->counters.path[path]++;
	}
	if (story_of(zone))
		story_pcp(cpu, zone, order, mt, MMR_STORY_AFTER);
	if (likely(locked))
		spin_unlock(&pcp->lock);
	return path;

buddy:
	if (story_of(zone))
		story_free(cpu, zone, pfn, order, mt,
			   mt == MIGRATE_ISOLATE ? MMR_STORY_ISOLATED : MMR_STORY_LOCKED);
	cpu->counters.path[MMR_PATH_FREE_BUDDY]++;
	free_one_page(cpu, zone, pfn, order, FPI_NONE);
	return MMR_PATH_FREE_BUDDY;
}

/*
 * The usual end of a free in one piece: an order-0 page of an ordinary pageblock, and room on the
 * list. As alloc_pages_hit(), it changes nothing where it is not the whole story. Zone and type come
 * from the pageblock's word, so that a page record that has left the cache delays nothing: it is
 * only compared and written.
 */
static inline bool free_pages_hit(struct mmr_machine *m, uint32_t pfn, unsigned int cpu_id)
{
	uint32_t block = shared_read(m->pageblocks[pfn >> PAGEBLOCK_ORDER]);
	uint32_t mt = block & (PB_TYPE_MASK | PB_ISOLATE);
	struct per_cpu_pages *pcp;
	struct zone *zone;

	if (unlikely(!tag_is(shared_read(m->pages[pfn].tag), block >> PB_ZONE_SHIFT, 0, PAGE_ALLOCATED)))
		return false;
	if (unlikely(mt >= MIGRATE_PCPTYPES || m->no_shortcuts))
		return false;
	zone = m->zones[tag_zone_place(block >> PB_ZONE_SHIFT)];
	pcp = &zone->per_cpu_pageset[cpu_id];
	if (unlikely(shared_read(zone->flags) || !spin_trylock(&pcp->lock)))
		return false;
	if (unlikely(pcp->count + 1 >= pcp->high || pcp->high < pcp->high_min || pcp->high > pcp->high_max)) {
		spin_unlock(&pcp->lock);
		return false;
	}
	shared_set(m->pages[pfn].tag, page_tag(zone->tag, 0, PAGE_PCP, mt));
	pcp_list_add(m, &pcp->lists[order_to_pindex(mt, 0)], pfn);
	pcp->count++;
	pcp->alloc_factor >>= 1;
	pcp->flags &= (uint8_t)~PCPF_PREV_FREE_HIGH_ORDER;
	pcp->free_count += pcp->free_count < pcp->free_count_limit;
	spin_unlock(&pcp->lock);
	zone->per_cpu_zonestats[cpu_id].nr_frees[0]++;
	return true;
}

static __attribute__((noinline)) int free_pages_long_way(struct mmr_machine *m, uint32_t pfn,
							 unsigned int order, unsigned int cpu_id, uint8_t *path)
{
	struct mmr_cpu *cpu;
	enum mmr_path way;
	struct zone *zone;

	if (unlikely(pfn >= m->end_pfn || order > MAX_PAGE_ORDER || !mmr_cpu_online(m, cpu_id)))
		return -EINVAL;
	cpu = &m->cpus[cpu_id];
	zone = freeable_zone(m, pfn, order);
	if (!zone)
		return -EINVAL;
	zone->per_cpu_zonestats[cpu_id].nr_frees[order]++;
	if (likely(pcp_allowed_order(order))) {
		way = free_unref_page(cpu, zone, pfn, order);
	} else {
		if (story_of(zone))
			story_free(cpu, zone, pfn, order, get_pageblock_migratetype(m, pfn), MMR_STORY_ORDER);
		way = MMR_PATH_FREE_BUDDY;
		cpu->counters.path[way]++;
		free_one_page(cpu, zone, pfn, order, FPI_NONE);
	}
	if (path)
		*path = (uint8_t)way;
	return 0;
}

int mmr_free_pages(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu_id, uint8_t *path)
{
	if (!MMR_TELLS && likely(!order && pfn < m->end_pfn && cpu_id < m->nr_cpus) &&
	    likely(free_pages_hit(m, pfn, cpu_id))) {
		if (path)
			*path = MMR_PATH_FREE_PCP;
		return 0;
	}
	return free_pages_long_way(m, pfn, order, cpu_id, path);
}

int mmr_free_pages_ok(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu_id,
		      bool to_tail)
{
	struct mmr_cpu *cpu;
	struct zone *zone;

	if (pfn >= m->end_pfn || order > MAX_PAGE_ORDER || !mmr_cpu_online(m, cpu_id))
		return -EINVAL;
	cpu = &m->cpus[cpu_id];
	zone = freeable_zone(m, pfn, order);
	if (!zone)
		return -EINVAL;
	zone->per_cpu_zonestats[cpu_id].nr_frees[order]++;
	cpu->counters.path[MMR_PATH_FREE_BUDDY]++;
	free_one_page(cpu, zone, pfn, order, to_tail ? FPI_TO_TAIL : FPI_NONE);
	return 0;
}

_Static_assert(sizeof(struct page) == MMR_PAGE_RECORD_BYTES, "what mmr_prefetch_page() goes by");

struct mmr_records mmr_records(const struct mmr_machine *m)
{
	return (struct mmr_records){.pages = (const char *)m->pages, .pageblocks = m->pageblocks};
}

/*
 * To the zone's list that needs no lock, or where the lock is free to the buddy; what waits on that
 * list stays there. Source: free_one_page() with FPI_TRYLOCK, mm/page_alloc.c, v6.18.
 */
static void free_one_page_trylock(struct mmr_cpu *cpu, struct zone *zone, uint32_t pfn, unsigned int order,
				  bool busy)
{
	struct mmr_machine *m = cpu->m;
	unsigned int step = order > PAGEBLOCK_ORDER && m->profile.split_large_frees ? PAGEBLOCK_ORDER : order;

	cpu->counters.path[MMR_PATH_FREE_BUDDY]++;
	if (busy) {
		shared_set(m->pages[pfn].tag,
			   page_tag(zone->tag, order, PAGE_PCP, get_pageblock_migratetype(m, pfn)));
		m->pages[pfn].next = zone->trylock_free_pages;
		zone->trylock_free_pages = pfn;
		cpu->counters.nolock_deferred_pages += 1u << order;
		return;
	}
	zone_lock(cpu, zone);
	for (uint32_t end = pfn + (1u << order); pfn != end; pfn += 1u << step)
		free_one_page_locked(cpu, zone, pfn, step, get_pageblock_migratetype(m, pfn), FPI_NONE);
	zone_unlock(zone);
}

int mmr_free_pages_nolock(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu_id,
			  bool zone_lock_busy)
{
	struct per_cpu_pages *pcp;
	struct mmr_cpu *cpu;
	struct zone *zone;
	unsigned int mt, list_mt;

	if (pfn >= m->end_pfn || order > MAX_PAGE_ORDER || !mmr_cpu_online(m, cpu_id))
		return -EINVAL;
	cpu = &m->cpus[cpu_id];
	zone = freeable_zone(m, pfn, order);
	if (!zone)
		return -EINVAL;
	zone->per_cpu_zonestats[cpu_id].nr_frees[order]++;
	mt = get_pageblock_migratetype(m, pfn);
	if (!pcp_allowed_order(order) || mt == MIGRATE_ISOLATE) {
		free_one_page_trylock(cpu, zone, pfn, order, zone_lock_busy);
		return 0;
	}
	list_mt = mt < MIGRATE_PCPTYPES ? mt : MIGRATE_MOVABLE;
	pcp = &zone->per_cpu_pageset[cpu_id];
	pcp->alloc_factor >>= 1;
	shared_set(m->pages[pfn].tag, page_tag(zone->tag, order, PAGE_PCP, mt));
	pcp_list_add(m, &pcp->lists[order_to_pindex(list_mt, order)], pfn);
	pcp->count += 1 << order;
	free_unref_page_remember(&m->profile, pcp, order);
	return 0;
}

int mmr_free_check(const struct mmr_machine *m, uint32_t pfn, unsigned int order, struct mmr_error *err)
{
	if (order > MAX_PAGE_ORDER)
		return mmr_err(err, -EINVAL, "free of pfn %u: order %u, expected at most %u", pfn, order,
			       MAX_PAGE_ORDER);
	if (pfn >= m->end_pfn)
		return mmr_err(err, -EINVAL, "free of pfn %u: the machine's memory ends at %u", pfn,
			       m->end_pfn);
	if (allocated_with_order(m->pages[pfn].tag, order))
		return 0;
	return free_untracked(m, pfn, order, err) ? 0 : -EINVAL;
}

enum mmr_page_state mmr_page_state(const struct mmr_machine *m, uint32_t pfn)
{
	static const uint8_t of_head[] = {
		[PAGE_FREE] = MMR_PAGE_FREE,
		[PAGE_PCP] = MMR_PAGE_PCP,
		[PAGE_ALLOCATED] = MMR_PAGE_ALLOCATED,
	};
	enum page_state state;

	if (pfn >= m->end_pfn)
		return MMR_PAGE_BOOT;
	state = tag_state(m->pages[pfn].tag);
	if (state != PAGE_UNKNOWN)
		return (enum mmr_page_state)of_head[state];
	if (tag_state(m->max_blocks[pfn >> MAX_PAGE_ORDER].tag) == PAGE_FREE)
		return pfn & (MAX_ORDER_NR_PAGES - 1) ? MMR_PAGE_INSIDE : MMR_PAGE_FREE;
	for (unsigned int order = 1; order <= MAX_PAGE_ORDER; order++) {
		uint32_t head_tag = m->pages[pfn & ~((1u << order) - 1)].tag;

		if (tag_state(head_tag) != PAGE_UNKNOWN && tag_order(head_tag) >= order)
			return MMR_PAGE_INSIDE;
	}
	return MMR_PAGE_BOOT;
}

int mmr_split_page(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int new_order)
{
	uint32_t tag;

	if (pfn >= m->end_pfn || order > MAX_PAGE_ORDER || new_order > order)
		return -EINVAL;
	tag = m->pages[pfn].tag;
	if (!allocated_with_order(tag, order))
		return -EINVAL;
	tag = page_tag(tag_zone(tag), new_order, PAGE_ALLOCATED, tag_type(tag));
	for (uint32_t end = pfn + (1u << order); pfn != end; pfn += 1u << new_order)
		shared_set(m->pages[pfn].tag, tag);
	return 0;
}
