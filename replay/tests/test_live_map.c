// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded blocks, their pieces, and the table under random use against a plain array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "replay/live_map.h"

static int setup(void **state)
{
	static struct live_map map;

	*state = &map;
	return live_map_init(&map, NULL) || live_map_reserve(&map, 1000, NULL);
}

static int teardown(void **state)
{
	live_map_deinit(*state);
	return 0;
}

static uint32_t covering(const struct live_map *map, uint32_t recorded)
{
	const struct live_entry *entry = live_map_covering(map, recorded);

	return entry ? entry->recorded : MMR_NO_PFN;
}

static void a_page_inside_a_block_finds_its_block(void **state)
{
	struct live_map *map = *state;

	live_map_add(map, 512, 9, 9000);
	assert_int_equal(covering(map, 512), 512);
	assert_int_equal(covering(map, 1023), 512);
	assert_int_equal(covering(map, 1024), MMR_NO_PFN);
	assert_int_equal(covering(map, 511), MMR_NO_PFN);
}

/*  recorded  64 65 66 67        modelled  800 801 802 803
 *  before   |  order 2   |               |    order 2    |
 *  after    |  |  |  |  |                |   |   |   |   |  */
static void a_split_block_answers_page_by_page(void **state)
{
	struct live_map *map = *state;

	live_map_add(map, 64, 2, 800);
	assert_int_equal(live_map_split(map, 64, 0, NULL), 0);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(live_map_find(map, 64 + i)->pfn, 800 + i);
		assert_int_equal(live_map_find(map, 64 + i)->order, 0);
		assert_int_equal(covering(map, 64 + i), 64 + i);
	}
	assert_int_equal(map->nr_live, 4);
	assert_int_equal(map->nr_pages, 4);
}

static void pieces_of_a_refused_block_stay_refused(void **state)
{
	struct live_map *map = *state;

	live_map_add(map, 64, 1, MMR_NO_PFN);
	assert_int_equal(live_map_split(map, 64, 0, NULL), 0);
	assert_int_equal(live_map_find(map, 65)->pfn, MMR_NO_PFN);
}

static void memory_follows_the_live_blocks_and_not_their_addresses(void **state)
{
	struct live_map *map = *state;

	for (uint32_t round = 0; round < 100000; round++) {
		uint32_t recorded = round * 4001 & ~1u;

		live_map_add(map, recorded, 1, round);
		live_map_remove(map, live_map_find(map, recorded));
	}
	assert_int_equal(map->nr_live, 0);
	assert_int_equal(map->nr_live_max, 1);
	assert_int_equal(map->nr_pages_max, 2);
	assert_in_range(live_map_bytes(map), 1, 65536);
}

/* Dense enough that runs of slots collide, wrap around the table's end and close gaps. */
static void random_use_agrees_with_a_plain_array(void **state)
{
	enum { PFNS = 20000 };
	static uint32_t plain[PFNS];
	struct live_map *map = *state;
	uint32_t nr_live = 0;

	srand(1);
	for (uint32_t i = 0; i < PFNS; i++)
		plain[i] = MMR_NO_PFN;
	for (int step = 0; step < 400000; step++) {
		uint32_t at = (uint32_t)rand() % PFNS, recorded = at * 7 + (at % 3 << 24);
		struct live_entry *entry = live_map_find(map, recorded);

		assert_int_equal(entry ? entry->pfn : MMR_NO_PFN, plain[at]);
		if (entry) {
			live_map_remove(map, entry);
			plain[at] = MMR_NO_PFN;
			nr_live--;
		} else {
			assert_int_equal(live_map_reserve(map, 1, NULL), 0);
			plain[at] = (uint32_t)step;
			live_map_add(map, recorded, 0, plain[at]);
			nr_live++;
		}
		assert_int_equal(map->nr_live, nr_live);
	}
	assert_true(map->nr_live_max > PFNS / 3);
}

#define MAP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MAP_TEST(a_page_inside_a_block_finds_its_block),
		MAP_TEST(a_split_block_answers_page_by_page),
		MAP_TEST(pieces_of_a_refused_block_stay_refused),
		MAP_TEST(memory_follows_the_live_blocks_and_not_their_addresses),
		MAP_TEST(random_use_agrees_with_a_plain_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
