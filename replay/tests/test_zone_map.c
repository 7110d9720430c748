// SPDX-License-Identifier: GPL-2.0-or-later
/* From a page to its zone: inside, at edges, in holes, where nodes overlap, and the same as page by page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "replay/machines/zone_map.h"

#define BLOCK PAGEBLOCK_NR_PAGES

static struct mmr_node_config nodes[2];
static struct machine machine = {.nr_nodes = 2, .nodes = nodes};

static void set_zone(unsigned int nid, enum zone_type zone, uint32_t start, uint32_t pages)
{
	nodes[nid].zones[zone].start_pfn = start;
	nodes[nid].zones[zone].spanned_pages = pages;
	nodes[nid].zones[zone].managed_pages = pages;
}

/* Node 0: DMA32 from within a block to within a block, Normal behind; node 1 has its memory inside node 0's
 * Normal. */
static void two_nodes(struct zone_map *map)
{
	struct mmr_error err = {0};

	set_zone(0, ZONE_DMA32, BLOCK / 2, 3 * BLOCK + 10);
	set_zone(0, ZONE_NORMAL, BLOCK / 2 + 3 * BLOCK + 10, 20 * BLOCK);
	set_zone(1, ZONE_NORMAL, 10 * BLOCK, 4 * BLOCK);
	nodes[1].zones[ZONE_DMA32].spanned_pages = 50; /* nothing in it: no zone of anybody's page */
	if (zone_map_init(map, &machine, &err))
		fail_msg("%s", err.msg);
}

static void zones_are_found(void **state)
{
	struct zone_map map;

	(void)state;
	two_nodes(&map);
	assert_int_equal(map.nr, 3);
	assert_int_equal(zone_map_find(&map, 0), ZONE_MAP_NONE);
	assert_int_equal(zone_map_find(&map, BLOCK / 2 - 1), ZONE_MAP_NONE);
	assert_int_equal(zone_map_find(&map, BLOCK / 2), 0);
	assert_int_equal(zone_map_find(&map, 2 * BLOCK), 0);
	assert_int_equal(zone_map_find(&map, BLOCK / 2 + 3 * BLOCK + 9), 0);
	assert_int_equal(zone_map_find(&map, BLOCK / 2 + 3 * BLOCK + 10), 1);
	assert_int_equal(zone_map_find(&map, 9 * BLOCK), 1);
	assert_int_equal(zone_map_find(&map, 500 * BLOCK), ZONE_MAP_NONE);
	assert_int_equal(map.spans[2].nid, 1);
	assert_int_equal(map.spans[2].zone, ZONE_NORMAL);
	zone_map_deinit(&map);
}

static void blocks_say_what_pages_say(void **state)
{
	struct zone_map map;

	(void)state;
	two_nodes(&map);
	for (uint32_t pfn = 0; pfn < 30 * BLOCK; pfn++) {
		uint16_t found = zone_map_find(&map, pfn);
		unsigned int holders = 0;
		bool holds = false;

		for (uint16_t i = 0; i < map.nr; i++) {
			bool in = pfn >= map.spans[i].start_pfn && pfn < map.spans[i].end_pfn;

			holders += in;
			holds |= in && i == found;
		}
		assert_true(holders ? holds : found == ZONE_MAP_NONE);
	}
	zone_map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_are_found),
		cmocka_unit_test(blocks_say_what_pages_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
