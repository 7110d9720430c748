// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells whether a recording is complete and in order, by the strictest judge there is: a model of
 * the free lists starts from the first keyframes, follows every event, says before each allocation
 * under the zone's lock which page it will be, and ends with the last keyframes' lists.
 *
 * A lost, doubled or misplaced event shows as a wrong page. Only lists are modelled: no per-CPU
 * lists, no fallback, nothing the kernel does without an event; such things show as a few repairs.
 * This is a check of the recorder, deliberately apart from core/: it must not share its mistakes.
 *
 * usage: record_model FILE; prints "name value" lines.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/trace_reader.h"

#define NR_ORDERS  TRACE_NR_ORDERS
#define MAX_ORDER  (NR_ORDERS - 1)
#define NR_TYPES   8
#define NONE       UINT32_MAX
#define MAX_ZONES  64
#define NOT_FREE   0xff
#define BLOCK_BITS 9

struct list {
	uint32_t head, tail;
};

struct zone {
	const struct trace_zone *of;
	struct list lists[NR_ORDERS][NR_TYPES];
	uint64_t first_ns, last_ns;
	uint32_t last_index; /* of the last keyframe */
	int have_first, have_last, compared;
};

static struct {
	struct zone zones[MAX_ZONES];
	uint32_t nr_zones;
	uint32_t nr_pfns;
	uint32_t *next, *prev;
	uint8_t *order, *type; /* of a free block's first page; NOT_FREE elsewhere */
	uint8_t *block_type; /* by pageblock */
	uint64_t taken, right, repaired, unknown;
	uint64_t blocks, equal;
} m;

static void die(const char *what)
{
	fprintf(stderr, "record_model: %s\n", what);
	exit(1);
}

static struct zone *zone_of(uint32_t pfn)
{
	for (uint32_t i = 0; i < m.nr_zones; i++) {
		const struct trace_zone *z = m.zones[i].of;

		if (pfn >= z->start_pfn && pfn - z->start_pfn < z->spanned_pages)
			return &m.zones[i];
	}
	return NULL;
}

/* ---- lists --------------------------------------------------------------------------------- */

static void put(struct zone *z, uint32_t pfn, unsigned int order, unsigned int type, int at_tail)
{
	struct list *l = &z->lists[order][type];

	m.order[pfn] = (uint8_t)order;
	m.type[pfn] = (uint8_t)type;
	m.prev[pfn] = at_tail ? l->tail : NONE;
	m.next[pfn] = at_tail ? NONE : l->head;
	if (m.prev[pfn] != NONE)
		m.next[m.prev[pfn]] = pfn;
	else
		l->head = pfn;
	if (m.next[pfn] != NONE)
		m.prev[m.next[pfn]] = pfn;
	else
		l->tail = pfn;
}

static void take(struct zone *z, uint32_t pfn)
{
	struct list *l = &z->lists[m.order[pfn]][m.type[pfn]];

	if (m.prev[pfn] != NONE)
		m.next[m.prev[pfn]] = m.next[pfn];
	else
		l->head = m.next[pfn];
	if (m.next[pfn] != NONE)
		m.prev[m.next[pfn]] = m.prev[pfn];
	else
		l->tail = m.prev[pfn];
	m.order[pfn] = NOT_FREE;
}

static int is_free(uint32_t pfn, unsigned int order)
{
	return pfn < m.nr_pfns && m.order[pfn] == order;
}

/* Source: __free_one_page(), buddy_merge_likely(), mm/page_alloc.c, v6.12. */
static void give_back(struct zone *z, uint32_t pfn, unsigned int order, unsigned int type)
{
	int tail = 0;

	for (; order < MAX_ORDER; order++) {
		uint32_t buddy = pfn ^ (1U << order);

		if (!is_free(buddy, order))
			break;
		take(z, buddy);
		pfn &= buddy;
	}
	if (order < MAX_ORDER - 1)
		tail = is_free((pfn & ~(1U << order)) ^ (2U << order), order + 1);
	put(z, pfn, order, type, tail);
}

/* Halves the free block at @pfn until one of @order at @want is out of it. Source: expand(), v6.12. */
static void split(struct zone *z, uint32_t pfn, uint32_t want, unsigned int order)
{
	unsigned int high = m.order[pfn], type = m.type[pfn];

	take(z, pfn);
	while (high > order) {
		high--;
		if (want & (1U << high)) {
			put(z, pfn, high, type, 0);
			pfn += 1U << high;
		} else {
			put(z, pfn + (1U << high), high, type, 0);
		}
	}
}

/* Source: __rmqueue_smallest(), v6.12. */
static uint32_t smallest(const struct zone *z, unsigned int order, unsigned int type)
{
	for (; order < NR_ORDERS; order++)
		if (z->lists[order][type].head != NONE)
			return z->lists[order][type].head;
	return NONE;
}

static void zone_locked(struct zone *z, const struct trace_event *e)
{
	uint32_t guess = smallest(z, e->order, e->migratetype % NR_TYPES);

	m.taken++;
	m.block_type[e->pfn >> BLOCK_BITS] = e->migratetype % NR_TYPES;
	if (guess == e->pfn) {
		m.right++;
		split(z, guess, e->pfn, e->order);
		return;
	}
	for (unsigned int order = e->order; order < NR_ORDERS; order++) {
		uint32_t first = e->pfn & ~((1U << order) - 1);

		if (is_free(first, order)) {
			m.repaired++;
			split(z, first, e->pfn, e->order);
			return;
		}
	}
	m.unknown++; /* the model does not have it free: something gave it back without an event */
}

static int on_pcp_lists(unsigned int order)
{
	return order <= 3 || order == 9;
}

static void follow(const struct trace_event *e)
{
	struct zone *z = e->pfn < m.nr_pfns ? zone_of(e->pfn) : NULL;
	unsigned int type;

	if (!z || e->ts_ns <= z->first_ns || (z->have_last && e->ts_ns >= z->last_ns))
		return;
	if (e->type == TRACE_ZONE_LOCKED) {
		zone_locked(z, e);
		return;
	}
	if (e->type == TRACE_PCPU_DRAIN)
		type = e->migratetype % NR_TYPES;
	else if (e->type == TRACE_FREE && !on_pcp_lists(e->order))
		type = m.block_type[e->pfn >> BLOCK_BITS];
	else
		return;
	if (m.order[e->pfn] == NOT_FREE)
		give_back(z, e->pfn, e->order, type);
}

/* ---- keyframes ----------------------------------------------------------------------------- */

static struct zone *zone_of_keyframe(const struct trace_keyframe *kf)
{
	for (uint32_t i = 0; i < m.nr_zones; i++)
		if (m.zones[i].of->nid == kf->nid && m.zones[i].of->zone == kf->zone)
			return &m.zones[i];
	die("a keyframe of a zone the header does not have");
	return NULL;
}

static void start_from(struct zone *z, const struct trace_keyframe *kf)
{
	for (uint64_t i = 0; i < kf->nr_blocks; i++) {
		const struct trace_free_block *b = &kf->blocks[i];

		put(z, b->pfn, b->order, b->migratetype % NR_TYPES, 1);
		for (uint32_t pfn = b->pfn; pfn < b->pfn + (1U << b->order); pfn += 1U << BLOCK_BITS)
			m.block_type[pfn >> BLOCK_BITS] = b->migratetype % NR_TYPES;
	}
	z->first_ns = kf->ts_ns;
	z->have_first = 1;
}

/* Position by position: a block is equal where the same one stands at the same place of the same list. */
static void compare_with(const struct zone *z, const struct trace_keyframe *kf)
{
	unsigned int order = NR_ORDERS, type = NR_TYPES;
	uint32_t at = NONE;

	for (uint64_t i = 0; i < kf->nr_blocks; i++) {
		const struct trace_free_block *b = &kf->blocks[i];

		if (b->order != order || b->migratetype != type) {
			order = b->order;
			type = b->migratetype;
			at = z->lists[order][type % NR_TYPES].head;
		}
		m.blocks++;
		m.equal += at == b->pfn;
		at = at == NONE ? NONE : m.next[at];
	}
}

static void each_keyframe(struct trace_reader *r, int last)
{
	for (uint32_t i = 0; i < trace_reader_summary(r)->nr_keyframes; i++) {
		struct trace_keyframe kf;
		struct mmr_error err;
		struct zone *z;

		if (trace_reader_keyframe(r, i, &kf, &err))
			die(err.msg);
		z = zone_of_keyframe(&kf);
		if (!last && kf.flags & TRACE_KF_FIRST && !z->have_first)
			start_from(z, &kf);
		if (kf.flags & TRACE_KF_LAST) {
			z->last_ns = kf.ts_ns;
			z->have_last = 1;
			if (last)
				compare_with(z, &kf);
		}
		trace_keyframe_deinit(&kf);
	}
}

static void make_model(const struct trace_machine *machine)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < machine->nr_zones && i < MAX_ZONES; i++) {
		const struct trace_zone *of = &machine->zones[i];
		struct zone *z = &m.zones[m.nr_zones++];

		z->of = of;
		z->first_ns = UINT64_MAX;
		for (int order = 0; order < NR_ORDERS; order++)
			for (int type = 0; type < NR_TYPES; type++)
				z->lists[order][type] = (struct list){NONE, NONE};
		if (of->start_pfn + of->spanned_pages > end)
			end = of->start_pfn + of->spanned_pages;
	}
	m.nr_pfns = (uint32_t)end;
	m.next = malloc(end * sizeof(*m.next));
	m.prev = malloc(end * sizeof(*m.prev));
	m.order = malloc(end);
	m.type = malloc(end);
	m.block_type = calloc((end >> BLOCK_BITS) + 1, 1);
	if (!m.next || !m.prev || !m.order || !m.type || !m.block_type)
		die("no memory for the model");
	memset(m.order, NOT_FREE, end);
}

int main(int argc, char **argv)
{
	const struct trace_event *events;
	struct trace_reader *r;
	struct mmr_error err;
	ssize_t n;

	if (argc != 2)
		die("usage: record_model FILE");
	if (trace_reader_open(argv[1], &r, &err))
		die(err.msg);
	make_model(trace_reader_machine(r));
	each_keyframe(r, 0);
	while ((n = trace_reader_next(r, &events, &err)) > 0)
		for (ssize_t i = 0; i < n; i++)
			follow(&events[i]);
	if (n < 0)
		die(err.msg);
	each_keyframe(r, 1);
	printf("taken %" PRIu64 "\nright %" PRIu64 "\nrepaired %" PRIu64 "\nunknown %" PRIu64
	       "\nblocks %" PRIu64 "\nequal %" PRIu64 "\n",
	       m.taken, m.right, m.repaired, m.unknown, m.blocks, m.equal);
	trace_reader_close(r);
	return 0;
}
