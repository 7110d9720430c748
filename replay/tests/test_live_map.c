// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded blocks, their pieces, and what the map costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/live_map.h"

static int setup(void **state)
{
	static struct live_map map;

	*state = &map;
	return live_map_init(&map, 1u << 20, NULL);
}

static int teardown(void **state)
{
	live_map_deinit(*state);
	return 0;
}

static void a_page_inside_a_block_finds_its_head(void **state)
{
	struct live_map *map = *state;

	live_map_add(map, 512, 9, 9000);
	assert_int_equal(live_map_head(map, 512), 512);
	assert_int_equal(live_map_head(map, 1023), 512);
	assert_int_equal(live_map_head(map, 1024), MMR_NO_PFN);
	assert_int_equal(live_map_head(map, 511), MMR_NO_PFN);
}

/*  recorded  64 65 66 67        modelled  800 801 802 803
 *  before   |  order 2   |               |    order 2    |
 *  after    |  |  |  |  |                |   |   |   |   |  */
static void a_split_block_answers_page_by_page(void **state)
{
	struct live_map *map = *state;

	live_map_add(map, 64, 2, 800);
	live_map_split(map, 64, 0);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(map->entries[64 + i].pfn, 800 + i);
		assert_int_equal(map->entries[64 + i].order, 0);
		assert_int_equal(live_map_head(map, 64 + i), 64 + i);
	}
}

static void pieces_of_a_refused_block_stay_refused(void **state)
{
	struct live_map *map = *state;

	live_map_add(map, 64, 1, MMR_NO_PFN);
	live_map_split(map, 64, 0);
	assert_int_equal(map->entries[65].pfn, MMR_NO_PFN);
}

static void distinct_pages_are_counted_once(void **state)
{
	struct live_map *map = *state;

	for (int again = 0; again < 3; again++) {
		live_map_add(map, 64, 2, 800);
		map->entries[64].live = 0;
	}
	live_map_add(map, 128, 0, 1);
	assert_int_equal(map->nr_pages_seen, 5);
}

static void only_touched_parts_cost_memory(void **state)
{
	struct live_map *map = *state;

	assert_int_equal(live_map_bytes(map), 0);
	live_map_add(map, 0, 0, 1);
	live_map_add(map, (1u << 20) - 1, 0, 1);
	assert_in_range(live_map_bytes(map), 1, 2 * 65536);
}

#define MAP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MAP_TEST(a_page_inside_a_block_finds_its_head),   MAP_TEST(a_split_block_answers_page_by_page),
		MAP_TEST(pieces_of_a_refused_block_stay_refused), MAP_TEST(distinct_pages_are_counted_once),
		MAP_TEST(only_touched_parts_cost_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
