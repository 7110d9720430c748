// SPDX-License-Identifier: GPL-2.0-or-later
/* Pageblocks by fill and mixture, and lifetimes by bucket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "replay/engine/lifetimes.h"
#include "replay/result/usage.h"

#define GIB (1u << 18)

static int setup(void **state)
{
	static struct usage usage;

	*state = &usage;
	return usage_init(&usage, 4 * GIB, NULL);
}

static int teardown(void **state)
{
	usage_deinit(*state);
	return 0;
}

static struct usage_summary read_all(struct usage *usage)
{
	struct usage_summary sum;

	usage_read(usage, 0, 4 * GIB, &sum);
	return sum;
}

static void empty_memory_is_whole(void **state)
{
	struct usage_summary sum = read_all(*state);

	assert_int_equal(sum.nr_blocks, 2048);
	assert_int_equal(sum.fill[0], 2048);
	assert_int_equal(sum.free_1gib, 4);
	assert_true(usage_scatter(&sum) == 0.0);
}

/* One page spoils its GiB; its free makes it whole again. */
static void a_page_costs_a_gigabyte(void **state)
{
	struct usage *usage = *state;
	struct usage_summary sum;

	usage_change(usage, GIB + 12345, 0, MIGRATE_UNMOVABLE, 1);
	sum = read_all(usage);
	assert_int_equal(sum.free_1gib, 3);
	assert_int_equal(sum.fill[0], 2047);
	assert_int_equal(sum.fill[1], 1);
	usage_change(usage, GIB + 12345, 0, MIGRATE_UNMOVABLE, -1);
	assert_int_equal(read_all(usage).free_1gib, 4);
}

static void fill_goes_up_in_steps_of_64_pages(void **state)
{
	static const struct {
		unsigned int pages, step;
	} cases[] = {{1, 1}, {64, 1}, {65, 2}, {448, 7}, {449, 8}, {511, 8}, {512, 9}};
	struct usage *usage = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned int p = 0; p < cases[i].pages; p++)
			usage_change(usage, p, 0, MIGRATE_MOVABLE, 1);
		assert_int_equal(read_all(usage).fill[cases[i].step], 1);
		for (unsigned int p = 0; p < cases[i].pages; p++)
			usage_change(usage, p, 0, MIGRATE_MOVABLE, -1);
	}
}

/* As a recording without some of its frees has it. */
static void pages_over_each_other_fill_a_pageblock_once(void **state)
{
	struct usage *usage = *state;

	for (int i = 0; i < 3; i++)
		usage_change(usage, 1024, 9, MIGRATE_MOVABLE, 1);
	assert_int_equal(read_all(usage).fill[USAGE_FILL_STEPS - 1], 1);
	assert_int_equal(read_all(usage).fill[0], 2047);
}

static void the_largest_order_fills_two_pageblocks(void **state)
{
	struct usage *usage = *state;

	usage_change(usage, 1024, 10, MIGRATE_MOVABLE, 1);
	assert_int_equal(read_all(usage).fill[USAGE_FILL_STEPS - 1], 2);
	assert_int_equal(read_all(usage).fill[0], 2046);
}

/*  pageblock   0: unmovable + movable   1: unmovable + reclaimable   2: movable only  */
static void mixture_and_scatter_are_told_apart(void **state)
{
	struct usage *usage = *state;
	struct usage_summary sum;

	usage_change(usage, 0, 0, MIGRATE_UNMOVABLE, 1);
	usage_change(usage, 8, 3, MIGRATE_MOVABLE, 1);
	usage_change(usage, 512, 0, MIGRATE_UNMOVABLE, 1);
	usage_change(usage, 513, 0, MIGRATE_RECLAIMABLE, 1);
	usage_change(usage, 1024, 9, MIGRATE_MOVABLE, 1);
	sum = read_all(usage);
	assert_int_equal(sum.mixed, 2);
	assert_int_equal(sum.polluted_blocks, 1);
	assert_int_equal(sum.unmovable_blocks, 2);
	assert_int_equal(sum.unmovable_pages, 3);
	assert_true(usage_scatter(&sum) == 2.0);
}

/* Pageblocks are summed up by the GiB: bounds that cut one must not disturb it. */
static void any_stretch_is_counted_like_its_pageblocks(void **state)
{
	struct usage *usage = *state;
	struct usage_summary part, one;

	srand(3);
	for (int i = 0; i < 5000; i++)
		usage_change(usage, (uint32_t)rand() % (4 * GIB), 0, (unsigned int)rand() % NR_USAGE_TYPES, 1);
	for (int round = 0; round < 50; round++) {
		uint32_t from = (uint32_t)rand() % 2048, to = from + (uint32_t)rand() % (2048 - from);
		uint64_t stuck = 0, first_step = 0, mixed = 0;

		usage_read(usage, from << PAGEBLOCK_ORDER, to << PAGEBLOCK_ORDER, &part);
		for (uint32_t b = from; b < to; b++) {
			usage_read(usage, b << PAGEBLOCK_ORDER, (b + 1) << PAGEBLOCK_ORDER, &one);
			stuck += one.unmovable_pages;
			first_step += one.fill[1];
			mixed += one.mixed;
		}
		assert_int_equal(part.nr_blocks, to - from);
		assert_int_equal(part.unmovable_pages, stuck);
		assert_int_equal(part.fill[1], first_step);
		assert_int_equal(part.mixed, mixed);
	}
}

static void a_lifetime_is_known_to_a_quarter(void **state)
{
	for (uint32_t units = 0; units < 1u << LIVE_BIRTH_BITS; units += 1 + units / 7) {
		unsigned int bucket = lifetime_bucket(units);

		assert_in_range(bucket, 0, LIFETIME_BUCKETS - 1);
		assert_true(lifetime_bucket_high(bucket) >= units);
		assert_true(lifetime_bucket_high(bucket) - units <= units / 4);
		if (bucket)
			assert_true(lifetime_bucket_high(bucket - 1) < units);
	}
	assert_int_equal(lifetimes_unit((1ull << LIVE_BIRTH_BITS) - 1), 0);
	assert_int_equal(lifetimes_unit(1ull << LIVE_BIRTH_BITS), 1);
}

#define USAGE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		USAGE_TEST(empty_memory_is_whole),
		USAGE_TEST(a_page_costs_a_gigabyte),
		USAGE_TEST(fill_goes_up_in_steps_of_64_pages),
		USAGE_TEST(pages_over_each_other_fill_a_pageblock_once),
		USAGE_TEST(the_largest_order_fills_two_pageblocks),
		USAGE_TEST(mixture_and_scatter_are_told_apart),
		USAGE_TEST(any_stretch_is_counted_like_its_pageblocks),
		cmocka_unit_test(a_lifetime_is_known_to_a_quarter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
