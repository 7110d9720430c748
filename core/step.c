// SPDX-License-Identifier: GPL-2.0-or-later
/* The model one decision at a time: pages, the buddy, fallback, per-CPU lists. */
#include "core/step.h"

#include <assert.h>
#include <limits.h>

#include "core/list.h"

/* ---- finding one's way ---------------------------------------------------------------------- */

struct zone *mmr_step_zone(const struct mmr_machine *m, uint32_t pfn, unsigned int order)
{
	return block_zone(m, pfn, order);
}

struct zone *mmr_step_named_zone(const struct mmr_machine *m, unsigned int nid, enum zone_type type)
{
	struct zone *zone;

	if (nid >= m->nr_nodes || (unsigned int)type >= MAX_NR_ZONES)
		return NULL;
	zone = &m->nodes[nid].node_zones[type];
	return zone->spanned_pages ? zone : NULL;
}

unsigned int mmr_step_zone_id(const struct zone *zone)
{
	return zone->id;
}

unsigned int mmr_step_max_zone_id(const struct mmr_machine *m)
{
	return m->nr_nodes << 3;
}

void mmr_step_zone_name(const struct zone *zone, unsigned int *nid, enum zone_type *type)
{
	*nid = zone->node;
	*type = (enum zone_type)(zone->id & 7);
}

unsigned int mmr_step_pindex(unsigned int mt, unsigned int order)
{
	return order_to_pindex(mt < MIGRATE_PCPTYPES ? mt : MIGRATE_MOVABLE, order);
}

unsigned int mmr_step_pindex_order(unsigned int pindex)
{
	return pindex_to_order(pindex);
}

bool mmr_step_pcp_order(unsigned int order)
{
	return pcp_allowed_order(order);
}

static struct mmr_step_place place_at(uint32_t head, uint32_t tag)
{
	static const enum mmr_page_state states[] = {
		[PAGE_UNKNOWN] = MMR_PAGE_BOOT,
		[PAGE_FREE] = MMR_PAGE_FREE,
		[PAGE_PCP] = MMR_PAGE_PCP,
		[PAGE_ALLOCATED] = MMR_PAGE_ALLOCATED,
	};

	return (struct mmr_step_place){
		.state = states[tag_state(tag)],
		.head = head,
		.order = (uint8_t)tag_order(tag),
		.mt = (uint8_t)tag_type(tag),
	};
}

struct mmr_step_place mmr_step_place(const struct mmr_machine *m, uint32_t pfn)
{
	uint32_t tag;

	if (pfn >= m->end_pfn)
		return (struct mmr_step_place){.state = MMR_PAGE_BOOT, .head = pfn};
	tag = m->max_blocks[pfn >> MAX_PAGE_ORDER].tag;
	if (tag_state(tag) == PAGE_FREE)
		return place_at(pfn & ~(MAX_ORDER_NR_PAGES - 1), tag);
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		uint32_t head = pfn & ~((1u << order) - 1);

		tag = m->pages[head].tag;
		if (tag_state(tag) != PAGE_UNKNOWN && tag_order(tag) >= order)
			return place_at(head, tag);
	}
	return (struct mmr_step_place){.state = MMR_PAGE_BOOT, .head = pfn};
}

/*
 * Where page @at of a block at @pfn is, for one who goes from what holds one page to the next: what holds a
 * page behind the first begins behind it, too, or it would have been gone past. So its own record tells.
 */
static struct mmr_step_place place_within(const struct mmr_machine *m, uint32_t pfn, uint32_t at)
{
	return at == pfn ? mmr_step_place(m, at) : place_at(at, m->pages[at].tag);
}

/*
 * Is a block that is about to go to a list free of all others? @where: of the list, for the message
 * Return: false where the model is damaged by the wish alone; nothing may be done then.
 */
static bool on_no_list(struct mmr_machine *m, const struct zone *zone, uint32_t pfn, unsigned int order,
		       const char *where)
{
	for (uint32_t at = pfn; at < pfn + (1u << order);) {
		struct mmr_step_place place = place_within(m, pfn, at);

		if (place.state == MMR_PAGE_FREE || place.state == MMR_PAGE_PCP) {
			model_damaged(
				m,
				"node %u zone %s: pfn %u order %u goes to %s, but block %u order %u is on a %s "
				"list",
				zone->node, mmr_zone_name((enum zone_type)zone_idx(zone)), pfn, order, where,
				place.head, place.order, place.state == MMR_PAGE_FREE ? "free" : "per-CPU");
			return false;
		}
		at += place.state == MMR_PAGE_ALLOCATED && place.head == at ? 1u << place.order : 1;
	}
	return true;
}

/* ---- page records --------------------------------------------------------------------------- */

void mmr_step_hand_out(struct mmr_machine *m, const struct zone *zone, uint32_t pfn, unsigned int order,
		       unsigned int mt)
{
	uint32_t tag = m->pages[pfn].tag;

	if (unlikely(tag_state(tag) == PAGE_FREE || tag_state(tag) == PAGE_PCP))
		mmr_step_withdraw(m, 0, pfn, tag_order(tag));
	m->pages[pfn].tag = page_tag(zone->tag, order, PAGE_ALLOCATED, asked_type(mt));
}

/* Cut an allocated block down to the piece of @order at @pfn; the halves left over stay allocated. */
static void split_allocated(struct mmr_machine *m, const struct mmr_step_place *place, uint32_t pfn,
			    unsigned int order)
{
	unsigned int zone_tag = tag_zone(m->pages[place->head].tag);
	uint32_t head = place->head;

	for (unsigned int o = place->order; o > order;) {
		uint32_t upper = head + (1u << --o);

		m->pages[head].tag = page_tag(zone_tag, o, PAGE_ALLOCATED, place->mt);
		m->pages[upper].tag = page_tag(zone_tag, o, PAGE_ALLOCATED, place->mt);
		if (pfn >= upper)
			head = upper;
	}
}

enum mmr_page_state mmr_step_give_back(struct mmr_machine *m, uint32_t pfn, unsigned int order)
{
	uint32_t tag = m->pages[pfn].tag;
	struct mmr_step_place place;

	if (likely(tag_state(tag) == PAGE_ALLOCATED && tag_order(tag) == order))
		return MMR_PAGE_ALLOCATED;
	place = mmr_step_place(m, pfn);
	if (place.state == MMR_PAGE_FREE || place.state == MMR_PAGE_PCP)
		return place.state;
	if (place.state == MMR_PAGE_ALLOCATED && place.order > order)
		split_allocated(m, &place, pfn, order);
	/* The whole of several blocks goes: none of the pieces may be on a list. */
	for (uint32_t at = pfn; at < pfn + (1u << order); at++) {
		enum page_state state = tag_state(m->pages[at].tag);

		if (state == PAGE_FREE || state == PAGE_PCP)
			return state == PAGE_FREE ? MMR_PAGE_FREE : MMR_PAGE_PCP;
	}
	for (uint32_t at = pfn; at < pfn + (1u << order); at++)
		m->pages[at].tag = 0;
	return place.state;
}

/* A free block leaves its list but for what of it lies outside [pfn, end). */
static void withdraw_free(struct mmr_cpu *cpu, struct zone *zone, const struct mmr_step_place *place,
			  uint32_t pfn, uint32_t end)
{
	struct mmr_machine *m = cpu->m;
	uint32_t head = place->head;
	unsigned int order = place->order;

	del_page_from_free_list(m, zone, head, order, place->mt);
	account_freepages(cpu, zone, -(int32_t)(1u << order), place->mt);
	while (head < pfn || head + (1u << order) > end) {
		uint32_t upper = head + (1u << --order), rest = pfn < upper ? upper : head;

		add_to_free_list(m, zone, rest, order, place->mt, false);
		account_freepages(cpu, zone, (int32_t)(1u << order), place->mt);
		if (rest == head)
			head = upper;
	}
}

unsigned int mmr_step_withdraw(struct mmr_machine *m, unsigned int cpu_id, uint32_t pfn, unsigned int order)
{
	struct mmr_cpu *cpu = &m->cpus[cpu_id];
	uint32_t end = pfn + (1u << order);
	unsigned int found = 0;

	for (uint32_t at = pfn; at < end;) {
		struct mmr_step_place place = place_within(m, pfn, at);
		uint32_t next = place.state == MMR_PAGE_BOOT ? at + 1 : place.head + (1u << place.order);
		int owner;

		if (place.state == MMR_PAGE_FREE) {
			withdraw_free(cpu, pfn_zone(m, at), &place, at, next < end ? next : end);
			found |= MMR_STEP_WAS_FREE;
		} else if (place.state == MMR_PAGE_PCP) {
			owner = mmr_step_pcp_owner(m, place.head);
			if (owner >= 0)
				mmr_step_pcp_remove(m, (unsigned int)owner, pfn_zone(m, at), place.head);
			found |= MMR_STEP_WAS_PCP;
		} else if (place.state == MMR_PAGE_ALLOCATED) {
			if (place.order > order && place.head <= pfn && next >= end)
				split_allocated(m, &place, pfn, order);
			found |= MMR_STEP_WAS_ALLOCATED;
		}
		m->pages[at].tag = 0;
		at = next;
	}
	return found;
}

/* ---- the buddy ------------------------------------------------------------------------------ */

uint32_t mmr_step_peek_smallest(const struct zone *zone, unsigned int order, unsigned int mt)
{
	for (; order <= MAX_PAGE_ORDER; order++) {
		uint32_t pfn = zone->free_area[order].free_list[mt].head;

		if (pfn != MMR_NO_PFN)
			return pfn;
	}
	return MMR_NO_PFN;
}

bool mmr_step_takes_cma(const struct zone *zone, unsigned int order, int64_t *margin)
{
	int64_t more = (int64_t)zone->nr_free_cma - shared_read(zone->vm_stat_free) / 2;

	*margin = INT64_MAX;
	if (mmr_step_peek_smallest(zone, order, MIGRATE_CMA) == MMR_NO_PFN)
		return false;
	if (mmr_step_peek_smallest(zone, order, MIGRATE_MOVABLE) == MMR_NO_PFN)
		return true;
	*margin = more < 0 ? -more : more;
	return more > 0;
}

/* Kernels before 6.10 count when a refill is complete; per page comes to the same sum. */
static void count_taken(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, unsigned int mt)
{
	if (!cpu->m->profile.acct_per_page)
		account_freepages(cpu, zone, -(int32_t)(1u << order), mt);
}

uint32_t mmr_step_take_smallest(struct mmr_machine *m, unsigned int cpu_id, struct zone *zone,
				unsigned int order, unsigned int mt)
{
	struct mmr_cpu *cpu = &m->cpus[cpu_id];
	uint32_t pfn = rmqueue_smallest(cpu, zone, order, mt);

	if (pfn != MMR_NO_PFN)
		count_taken(cpu, zone, order, mt);
	return pfn;
}

void mmr_step_insert(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn,
		     unsigned int order, bool to_tail)
{
	if (on_no_list(m, zone, pfn, order, "the free lists"))
		free_one_page(&m->cpus[cpu], zone, pfn, order, to_tail ? FPI_TO_TAIL : FPI_NONE);
}

void mmr_step_insert_as(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn,
			unsigned int order, unsigned int mt)
{
	if (on_no_list(m, zone, pfn, order, "the free lists"))
		free_one_page_locked(&m->cpus[cpu], zone, pfn, order, mt, FPI_NONE);
}

bool mmr_step_make_head(struct mmr_machine *m, struct zone *zone, uint32_t pfn, unsigned int order,
			unsigned int mt)
{
	struct free_list *list = &zone->free_area[order].free_list[mt];

	if (list->head == MMR_NO_PFN ||
	    free_record(m, pfn, order)->tag != page_tag(zone->tag, order, PAGE_FREE, mt))
		return false;
	free_list_rotate(m, list, pfn, order);
	return true;
}

uint32_t mmr_step_free_head(const struct zone *zone, unsigned int order, unsigned int mt)
{
	return zone->free_area[order].free_list[mt].head;
}

uint32_t mmr_step_free_next(const struct mmr_machine *m, uint32_t pfn, unsigned int order)
{
	return free_record(m, pfn, order)->next;
}

unsigned int mmr_step_pageblock(const struct mmr_machine *m, uint32_t pfn)
{
	return get_pageblock_migratetype(m, pfn);
}

void mmr_step_retype(struct mmr_machine *m, unsigned int cpu_id, struct zone *zone, uint32_t pfn,
		     unsigned int mt)
{
	struct mmr_step_place place = mmr_step_place(m, pfn);
	struct mmr_cpu *cpu = &m->cpus[cpu_id];

	if (place.state == MMR_PAGE_FREE && place.order >= PAGEBLOCK_ORDER) {
		move_to_free_list(cpu, zone, place.head, place.order, place.mt, mt);
		change_pageblock_range(m, place.head, place.order, mt);
		return;
	}
	move_freepages_block_inner(cpu, zone, pfn & ~(PAGEBLOCK_NR_PAGES - 1), mt);
	set_pageblock_migratetype(m, pfn, mt);
}

/* ---- fallback ------------------------------------------------------------------------------- */

bool mmr_step_extfrag_first(const struct mmr_machine *m)
{
	return m->profile.trace_dialect < TRACE_DIALECT_6_10;
}

bool mmr_step_frees_pieces(const struct mmr_machine *m)
{
	return m->profile.trace_dialect == TRACE_DIALECT_7_2;
}

static bool head_of(const struct zone *zone, unsigned int order, unsigned int mt, struct mmr_step_fallback *ret,
		    bool claim)
{
	int fallback_mt = find_fallback(zone, order, mt);

	if (fallback_mt < 0)
		return false;
	*ret = (struct mmr_step_fallback){
		.block = zone->free_area[order].free_list[fallback_mt].head,
		.order = (uint8_t)order,
		.mt = (uint8_t)fallback_mt,
		.claim = claim,
	};
	return true;
}

bool mmr_step_peek_fallback(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
			    unsigned int mt, bool steal_only, struct mmr_step_fallback *ret)
{
	for (int o = MAX_PAGE_ORDER; !steal_only && o >= (int)order; o--) {
		if (!head_of(zone, (unsigned int)o, mt, ret, true))
			continue;
		if (!should_try_claim_block(m, (unsigned int)o, mt))
			break;
		if (o >= PAGEBLOCK_ORDER || pageblock_is_claimable(m, zone, ret->block, mt, ret->mt))
			return true;
	}
	for (unsigned int o = order; o <= MAX_PAGE_ORDER; o++) {
		if (head_of(zone, o, mt, ret, false))
			return true;
	}
	return false;
}

bool mmr_step_fallback_possible(const struct mmr_machine *m, const struct zone *zone, unsigned int order,
				unsigned int mt, bool steal_only, const struct mmr_step_fallback *way)
{
	struct mmr_step_fallback head;

	if (!head_of(zone, way->order, mt, &head, way->claim) || head.block != way->block ||
	    head.mt != way->mt || way->order < order)
		return false;
	if (way->claim && (steal_only || !should_try_claim_block(m, way->order, mt)))
		return false;
	/* What comes before must have been refused, and only a part of a pageblock can be. */
	for (unsigned int o = PAGEBLOCK_ORDER; o <= MAX_PAGE_ORDER && !steal_only; o++) {
		if ((!way->claim || o > way->order) && find_fallback(zone, o, mt) >= 0)
			return false;
	}
	for (unsigned int o = order; o < way->order && !way->claim; o++) {
		if (find_fallback(zone, o, mt) >= 0)
			return false;
	}
	return true;
}

uint32_t mmr_step_fallback(struct mmr_machine *m, unsigned int cpu_id, struct zone *zone, unsigned int order,
			   unsigned int mt, bool steal_only, const struct mmr_step_fallback *way)
{
	struct mmr_cpu *cpu = &m->cpus[cpu_id];
	int last_tried = way->claim ? way->order : (int)order;
	uint32_t pfn = way->block;

	/* Each attempt at a part of a pageblock boosts the marks, also one that is refused. */
	for (int o = PAGEBLOCK_ORDER - 1; !steal_only && o >= last_tried; o--) {
		if (find_fallback(zone, (unsigned int)o, mt) < 0)
			continue;
		if (!should_try_claim_block(m, (unsigned int)o, mt))
			break;
		set_boosted(cpu, zone, ALLOC_KSWAPD);
	}
	if (way->claim)
		pfn = claim_block(cpu, zone, pfn, way->order, order, mt, way->mt);
	else
		page_del_and_expand(cpu, zone, pfn, order, way->order, way->mt);
	if (pfn != MMR_NO_PFN)
		count_taken(cpu, zone, order, mt);
	return pfn;
}

bool mmr_step_fallback_old(struct mmr_machine *m, unsigned int cpu, struct zone *zone, unsigned int order,
			   unsigned int mt, struct mmr_step_fallback *did)
{
	struct fallback_block block;

	if (!find_fallback_block(m, zone, order, mt, 0, &block))
		return false;
	rmqueue_fallback_old(&m->cpus[cpu], zone, order, mt, ALLOC_KSWAPD);
	*did = (struct mmr_step_fallback){
		.block = block.pfn,
		.order = (uint8_t)block.order,
		.mt = (uint8_t)block.mt,
		.claim = get_pageblock_migratetype(m, block.pfn) == mt,
	};
	return true;
}

/* ---- per-CPU lists -------------------------------------------------------------------------- */

void mmr_step_pcp_read(const struct zone *zone, unsigned int cpu, struct mmr_pcp_state *ret, int32_t *count)
{
	const struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];

	*ret = (struct mmr_pcp_state){
		.high = (uint32_t)pcp->high,
		.high_min = (uint32_t)pcp->high_min,
		.high_max = (uint32_t)pcp->high_max,
		.batch = (uint32_t)pcp->batch,
		.free_count = (uint32_t)pcp->free_count,
		.alloc_factor = pcp->alloc_factor,
		.flags = pcp->flags,
		.expire = pcp->expire,
	};
	*count = pcp->count;
}

void mmr_step_pcp_write(struct zone *zone, unsigned int cpu, const struct mmr_pcp_state *state, int32_t count)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];

	pcp->high = (int32_t)state->high;
	pcp->high_min = (int32_t)state->high_min;
	pcp->high_max = (int32_t)state->high_max;
	pcp->batch = state->batch ? (int32_t)state->batch : 1;
	pcp->free_count = (int32_t)state->free_count;
	pcp->alloc_factor = state->alloc_factor;
	pcp->flags = state->flags;
	pcp->expire = state->expire;
	pcp->count = count;
}

uint32_t mmr_step_pcp_head(const struct zone *zone, unsigned int cpu, unsigned int pindex)
{
	return zone->per_cpu_pageset[cpu].lists[pindex].head;
}

uint32_t mmr_step_pcp_next(const struct mmr_machine *m, const struct zone *zone, unsigned int cpu,
			   unsigned int pindex, uint32_t pfn)
{
	return pfn == zone->per_cpu_pageset[cpu].lists[pindex].tail ? MMR_NO_PFN : m->pages[pfn].next;
}

static unsigned int pindex_of(const struct mmr_machine *m, uint32_t pfn)
{
	uint32_t tag = m->pages[pfn].tag;

	return mmr_step_pindex(tag_type(tag), tag_order(tag));
}

int mmr_step_pcp_owner(const struct mmr_machine *m, uint32_t pfn)
{
	uint32_t tag = m->pages[pfn].tag;
	const struct zone *zone;
	unsigned int pindex;
	uint32_t back;

	if (tag_state(tag) != PAGE_PCP)
		return -1;
	zone = m->zones[tag_zone_place(tag)];
	pindex = pindex_of(m, pfn);
	/* The lists do not name their CPU, but each knows its ends: look from the page both ways. */
	back = pfn;
	for (uint32_t left = zone->spanned_pages; left && pfn != MMR_NO_PFN && back != MMR_NO_PFN; left--) {
		for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++) {
			const struct pcp_list *list = &zone->per_cpu_pageset[cpu].lists[pindex];

			if (!pcp_list_empty(list) && (list->head == back || list->tail == pfn))
				return (int)cpu;
		}
		back = m->pages[back].prev;
		pfn = m->pages[pfn].next;
	}
	return -1;
}

void mmr_step_pcp_begin(struct zone *zone, unsigned int cpu)
{
	zone->per_cpu_pageset[cpu].free_count >>= 1;
}

int mmr_step_pcp_refill_size(struct mmr_machine *m, unsigned int cpu, struct zone *zone, unsigned int order)
{
	return nr_pcp_alloc(&m->profile, zone, &zone->per_cpu_pageset[cpu], order);
}

void mmr_step_pcp_append(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn,
			 unsigned int order, unsigned int mt)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];

	if (!on_no_list(m, zone, pfn, order, "a CPU's list"))
		return;
	m->pages[pfn].tag = page_tag(zone->tag, order, PAGE_PCP, mt);
	pcp_list_add_tail(m, &pcp->lists[mmr_step_pindex(mt, order)], pfn);
	pcp->count += 1 << order;
}

uint32_t mmr_step_pcp_pop(struct mmr_machine *m, unsigned int cpu, struct zone *zone, unsigned int pindex)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];
	uint32_t pfn;

	if (pcp_list_empty(&pcp->lists[pindex])) {
		model_damaged(m, "node %u zone %s: a page is taken from list %u of CPU %u, which is empty",
			      zone->node, mmr_zone_name((enum zone_type)zone_idx(zone)), pindex, cpu);
		return MMR_NO_PFN;
	}
	pfn = pcp_list_pop(m, &pcp->lists[pindex]);
	m->pages[pfn].tag = 0;
	pcp->count -= 1 << pindex_to_order(pindex);
	return pfn;
}

unsigned int mmr_step_pcp_push(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn,
			       unsigned int order)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];
	unsigned int mt = get_pageblock_migratetype(m, pfn), pindex = mmr_step_pindex(mt, order);

	if (!on_no_list(m, zone, pfn, order, "a CPU's list"))
		return pindex;
	pcp->alloc_factor >>= 1;
	m->pages[pfn].tag = page_tag(zone->tag, order, PAGE_PCP, mt);
	pcp_list_add(m, &pcp->lists[pindex], pfn);
	pcp->count += 1 << order;
	return pindex;
}

int mmr_step_pcp_overflow(struct mmr_machine *m, unsigned int cpu, struct zone *zone, unsigned int order)
{
	return nr_pcp_overflow(&m->profile, zone, &zone->per_cpu_pageset[cpu], order);
}

void mmr_step_pcp_overflow_done(struct mmr_machine *m, struct zone *zone)
{
	if (m->profile.below_high)
		clear_below_high(m, zone);
}

int mmr_step_pcp_chunk(const struct mmr_machine *m, const struct zone *zone, unsigned int cpu)
{
	return m->profile.pcp_overflow == PCP_OVERFLOW_SINGLE ? INT_MAX : zone->per_cpu_pageset[cpu].batch;
}

uint32_t mmr_step_pcp_victim(const struct zone *zone, unsigned int cpu, unsigned int *pindex)
{
	const struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];

	for (unsigned int i = 0; i < NR_PCP_LISTS; i++) {
		const struct pcp_list *list = &pcp->lists[*pindex];

		if (!pcp_list_empty(list))
			return list->tail;
		*pindex = *pindex == NR_PCP_LISTS - 1 ? 0 : *pindex + 1;
	}
	return MMR_NO_PFN;
}

bool mmr_step_pcp_remove(struct mmr_machine *m, unsigned int cpu, struct zone *zone, uint32_t pfn)
{
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[cpu];
	uint32_t tag = m->pages[pfn].tag, prev;
	struct pcp_list *list;

	if (tag_state(tag) != PAGE_PCP || tag_zone(tag) != zone->tag)
		return false;
	list = &pcp->lists[pindex_of(m, pfn)];
	if (pcp_list_empty(list))
		return false;
	if (list->tail == pfn) {
		pcp_list_pop_tail(m, list);
	} else if (list->head == pfn) {
		pcp_list_pop(m, list);
	} else {
		/* The back links of all but the head are good; is it on this list at all? */
		if (mmr_step_pcp_owner(m, pfn) != (int)cpu)
			return false;
		prev = m->pages[pfn].prev;
		m->pages[prev].next = m->pages[pfn].next;
		m->pages[m->pages[pfn].next].prev = prev;
	}
	m->pages[pfn].tag = 0;
	pcp->count -= 1 << tag_order(tag);
	return true;
}

void mmr_step_pcp_forget(struct mmr_machine *m, unsigned int cpu, struct zone *zone)
{
	for (unsigned int pindex = 0; pindex < NR_PCP_LISTS; pindex++) {
		struct pcp_list *list = &zone->per_cpu_pageset[cpu].lists[pindex];

		while (!pcp_list_empty(list))
			m->pages[pcp_list_pop(m, list)].tag = 0;
	}
}
