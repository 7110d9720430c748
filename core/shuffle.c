// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_alloc.shuffle: free blocks of the largest order lie in random order, as a memory-side cache
 * likes it and an attacker does not.
 *
 * The kernel's random numbers are nobody's to know; the model's follow from a seed, zone by zone,
 * so that a run can be repeated.
 */
#include "core/list.h"

#define SHUFFLE_ORDER MAX_PAGE_ORDER
#define SHUFFLE_RETRY 10

static uint64_t next_random(struct zone *zone)
{
	uint64_t z = zone->shuffle_state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void shuffle_init(const struct mmr_machine *m, struct zone *zone)
{
	zone->shuffle_state = m->shuffle_seed + ((uint64_t)zone->id << 32);
	zone->shuffle_bits = 1;
}

/*
 * Does a block of the largest order go to the tail of its list? A coin is one bit of a random word.
 * Context: zone->lock.  Source: shuffle_pick_tail(), mm/shuffle.c, v6.12.
 */
bool shuffle_pick_tail(struct zone *zone)
{
	bool tail;

	if (zone->shuffle_bits == 1)
		zone->shuffle_bits = next_random(zone) | (uint64_t)1 << 63; /* 63 coins and the end mark */
	tail = zone->shuffle_bits & 1;
	zone->shuffle_bits >>= 1;
	return tail;
}

/* Can the block at @pfn change places? Source: shuffle_valid_page(), mm/shuffle.c, v6.12. */
static bool shuffle_valid_page(const struct mmr_machine *m, const struct zone *zone, uint32_t pfn)
{
	return zone_spans_pfn(zone, pfn) &&
	       tag_is(m->max_blocks[pfn >> MAX_PAGE_ORDER].tag, zone->tag, SHUFFLE_ORDER, PAGE_FREE);
}

/* Two blocks of one list change places. */
static void free_list_swap(const struct mmr_machine *m, struct free_list *list, uint32_t a, uint32_t b)
{
	uint32_t before_a, before_b = free_record(m, b, SHUFFLE_ORDER)->prev;

	free_list_del(m, list, b, SHUFFLE_ORDER);
	before_a = free_record(m, a, SHUFFLE_ORDER)->prev;
	free_list_del(m, list, a, SHUFFLE_ORDER);
	free_list_add_after(m, list, before_a, b, SHUFFLE_ORDER);
	/* What stood before b was a itself? Then it is b's new place that a follows. */
	free_list_add_after(m, list, before_b == a ? b : before_b, a, SHUFFLE_ORDER);
}

/*
 * Every block of the largest order changes places with a random one of its type.
 * Context: zone->lock.  Source: __shuffle_zone(), mm/shuffle.c, v6.12.
 */
void shuffle_zone(struct mmr_machine *m, struct zone *zone)
{
	uint32_t start = zone->zone_start_pfn & ~(MAX_ORDER_NR_PAGES - 1);
	uint32_t end = zone->zone_start_pfn + zone->spanned_pages;

	for (uint32_t i = start; i < end; i += MAX_ORDER_NR_PAGES) {
		uint32_t j = i;
		int retry;

		if (!shuffle_valid_page(m, zone, i))
			continue;
		for (retry = 0; retry < SHUFFLE_RETRY; retry++) {
			j = zone->zone_start_pfn +
			    ((uint32_t)(next_random(zone) % zone->spanned_pages) & ~(MAX_ORDER_NR_PAGES - 1));
			if (!(j & (MAX_ORDER_NR_PAGES - 1)) && j != i && shuffle_valid_page(m, zone, j))
				break;
		}
		if (retry == SHUFFLE_RETRY ||
		    get_pageblock_migratetype(m, i) != get_pageblock_migratetype(m, j))
			continue;
		free_list_swap(m, &zone->free_area[SHUFFLE_ORDER].free_list[get_pageblock_migratetype(m, i)], i,
			       j);
	}
}
