// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded blocks, their pieces, and the table under random use against a plain array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "replay/engine/live_map.h"

static int setup(void **state)
{
	static struct live_map map;

	*state = &map;
	return live_map_init(&map, 20000, NULL);
}

static int teardown(void **state)
{
	live_map_deinit(*state);
	return 0;
}

static void add(struct live_map *map, uint32_t recorded, unsigned int order, uint32_t pfn)
{
	live_map_add(map, live_map_touch(map, recorded), pfn, live_word(order, 0, 0), 1u << order);
}

static void a_page_inside_a_block_finds_its_block(void **state)
{
	struct live_map *map = *state;

	add(map, 512, 9, 9000);
	assert_int_equal(live_map_covering(map, 512), 512);
	assert_int_equal(live_map_covering(map, 1023), 512);
	assert_int_equal(live_map_covering(map, 1024), MMR_NO_PFN);
	assert_int_equal(live_map_covering(map, 511), MMR_NO_PFN);
}

/*  recorded  64 65 66 67        modelled  800 801 802 803
 *  before   |  order 2   |               |    order 2    |
 *  after    |  |  |  |  |                |   |   |   |   |  */
static void a_split_block_answers_page_by_page(void **state)
{
	struct live_map *map = *state;

	add(map, 64, 2, 800);
	live_map_split(map, 64, 0);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(live_map_find(map, 64 + i)->pfn, 800 + i);
		assert_int_equal(live_order(live_map_find(map, 64 + i)), 0);
		assert_int_equal(live_map_covering(map, 64 + i), 64 + i);
	}
	assert_int_equal(map->nr_pages, 4);
}

static void pieces_of_a_refused_block_stay_refused(void **state)
{
	struct live_map *map = *state;

	add(map, 64, 1, MMR_NO_PFN);
	live_map_split(map, 64, 0);
	assert_int_equal(live_map_find(map, 65)->pfn, MMR_NO_PFN);
}

static void memory_follows_the_pages_used_and_not_the_machine(void **state)
{
	struct live_map large;

	assert_int_equal(live_map_init(&large, 1u << 30, NULL), 0);
	assert_in_range(live_map_bytes(&large), 0, 4096); /* what stands for all the chunks that do not exist */
	for (uint32_t round = 0; round < 100000; round++) {
		uint32_t recorded = (round * 2 & 0xffff) + (1u << 29);

		add(&large, recorded, 1, round);
		live_map_remove(&large, live_map_find(&large, recorded), 2);
	}
	assert_int_equal(large.nr_pages, 0);
	assert_int_equal(large.nr_pages_max, 2);
	assert_in_range(live_map_bytes(&large), 1, 65536 * sizeof(struct live_entry) + 65536 + 16384);
	live_map_deinit(&large);
}

/* One page in each of 4096 pageblocks, 2 MiB apart: not 16 MiB of entries, as words by frame would take. */
static void scattered_pages_lie_together(void **state)
{
	struct live_map large;

	(void)state;
	assert_int_equal(live_map_init(&large, 1u << 30, NULL), 0);
	for (uint32_t i = 0; i < 4096; i++)
		add(&large, i * 512, 0, i);
	for (uint32_t i = 0; i < 4096; i++) {
		assert_int_equal(live_map_find(&large, i * 512)->pfn, i);
		assert_null(live_map_find(&large, i * 512 + LIVE_CHUNK_PAGES));
	}
	assert_in_range(live_map_bytes(&large), 4096 * LIVE_CHUNK_PAGES * sizeof(struct live_entry), 1200000);
	live_map_deinit(&large);
}

/* A block of the largest order freed page by page has its pieces in many chunks. */
static void a_split_reaches_all_chunks(void **state)
{
	struct live_map *map = *state;

	add(map, 1024, 10, 4096);
	live_map_split(map, 1024, 0);
	for (uint32_t i = 0; i < 1024; i++) {
		assert_int_equal(live_map_find(map, 1024 + i)->pfn, 4096 + i);
		live_map_remove(map, live_map_find(map, 1024 + i), 1);
	}
	assert_int_equal(map->nr_pages, 0);
	assert_null(live_map_find(map, 2048));
}

static void a_page_beyond_the_recorded_memory_gets_room(void **state)
{
	struct live_map *map = *state;

	add(map, 19999, 0, 7);
	assert_int_equal(live_map_grow(map, 20000, NULL), 0);
	assert_int_equal(live_map_grow(map, MMR_NO_PFN - 1, NULL), 0);
	assert_true(map->end_pfn > MMR_NO_PFN - 1);
	add(map, MMR_NO_PFN - 1, 0, 8);
	assert_int_equal(live_map_find(map, 19999)->pfn, 7);
	assert_int_equal(live_map_find(map, MMR_NO_PFN - 1)->pfn, 8);
}

/* As with a recording of a machine of some size; a map in one piece moves in one. */
static void a_large_map_grows(void **state)
{
	struct live_map large;

	(void)state;
	assert_int_equal(live_map_init(&large, 1u << 22, NULL), 0);
	add(&large, 5, 0, 7);
	assert_int_equal(live_map_grow(&large, 1u << 24, NULL), 0);
	add(&large, 1u << 24, 0, 8);
	assert_int_equal(live_map_find(&large, 5)->pfn, 7);
	assert_int_equal(live_map_find(&large, 1u << 24)->pfn, 8);
	live_map_deinit(&large);
}

static void random_use_agrees_with_a_plain_array(void **state)
{
	enum { PFNS = 20000 };
	static uint32_t plain[PFNS];
	struct live_map *map = *state;

	srand(1);
	for (uint32_t i = 0; i < PFNS; i++)
		plain[i] = MMR_NO_PFN;
	for (int step = 0; step < 400000; step++) {
		uint32_t at = (uint32_t)rand() % PFNS;
		struct live_entry *entry = live_map_find(map, at);

		assert_int_equal(entry ? entry->pfn : MMR_NO_PFN, plain[at]);
		plain[at] = entry ? MMR_NO_PFN : (uint32_t)step;
		if (entry)
			live_map_remove(map, entry, 1);
		else
			add(map, at, 0, plain[at]);
	}
	assert_true(map->nr_pages_max > PFNS / 3);
}

#define MAP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MAP_TEST(a_page_inside_a_block_finds_its_block),
		MAP_TEST(a_split_block_answers_page_by_page),
		MAP_TEST(pieces_of_a_refused_block_stay_refused),
		MAP_TEST(memory_follows_the_pages_used_and_not_the_machine),
		MAP_TEST(scattered_pages_lie_together),
		MAP_TEST(a_split_reaches_all_chunks),
		MAP_TEST(a_page_beyond_the_recorded_memory_gets_room),
		MAP_TEST(a_large_map_grows),
		MAP_TEST(random_use_agrees_with_a_plain_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
