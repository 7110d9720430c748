// SPDX-License-Identifier: GPL-2.0-or-later
/* The live fixture, on an allocator that only counts: what is filled, kept, replaced and given back. */
#include "bench/fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

static size_t nr_live[16], most_live, nr_created, nr_destroyed, nr_freed, left_to_give;
static bool broken;

static void *counting_create(struct mmr_error *err)
{
	(void)err;
	nr_created++;
	return nr_live;
}

static int counting_destroy(void *allocator, struct mmr_error *err)
{
	assert_ptr_equal(allocator, nr_live);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(nr_live[i], 0);
	nr_destroyed++;
	return broken ? mmr_err(err, -EUCLEAN, "broken on purpose") : 0;
}

static uint64_t counting_alloc(void *allocator, unsigned int order)
{
	static uint64_t handle;

	(void)allocator;
	if (left_to_give == 0)
		return 0;
	left_to_give--;
	nr_live[order]++;
	if (nr_live[order] > most_live)
		most_live = nr_live[order];
	handle += 4096;
	return handle;
}

static void counting_free(void *allocator, uint64_t handle, unsigned int order)
{
	(void)allocator;
	assert_int_not_equal(handle, 0);
	assert_int_equal(handle % 4096, 0);
	assert_true(nr_live[order] > 0);
	nr_live[order]--;
	nr_freed++;
}

static const struct fixture_ops ops = {counting_create, counting_destroy, counting_alloc, counting_free};

static int counters_reset(void **state)
{
	(void)state;
	most_live = nr_created = nr_destroyed = nr_freed = 0;
	left_to_give = 1000000;
	broken = false;
	return 0;
}

static void live_set_has_the_pages_asked_for_and_is_turned_over_once(void **state)
{
	static const struct work work = {"two orders", WORK_RANDOM_BURST, 3000, {[64] = 1}};
	struct fixture *fx = fixture_get(&work, &ops);
	size_t pages = 0;

	(void)state;
	assert_non_null(fx);
	for (size_t i = 0; i < fx->nr_live; i++)
		pages += (size_t)1 << block_order(fx->live[i]);
	assert_in_range(pages, 3000, 3001);
	assert_int_equal(nr_live[0] + 2 * nr_live[1], pages);
	assert_int_not_equal(nr_live[1], 0);
	assert_int_equal(nr_freed, fx->nr_live);
	assert_int_equal(fixture_drop(), 0);
	assert_int_equal(nr_destroyed, 1);
}

static void same_work_keeps_its_fixture_another_replaces_it(void **state)
{
	static const struct work first = {"first", WORK_PAIR, 0, {0}};
	static const struct work second = {"second", WORK_PAIR, 100, {0}};
	struct fixture *fx = fixture_get(&first, &ops);

	(void)state;
	assert_ptr_equal(fixture_get(&first, &ops), fx);
	assert_int_equal(nr_created, 1);
	assert_ptr_equal(fixture_get(&second, &ops)->work, &second);
	assert_int_equal(nr_created, 2);
	assert_int_equal(nr_destroyed, 1);
	assert_int_equal(fixture_drop(), 0);
	assert_int_equal(fixture_drop(), 0);
	assert_int_equal(nr_destroyed, 2);
}

static void exhausted_allocator_gets_everything_back(void **state)
{
	static const struct work work = {"too much", WORK_RANDOM_ONE, 100, {0}};

	(void)state;
	left_to_give = 60;
	assert_null(fixture_get(&work, &ops));
	assert_int_equal(nr_freed, 60);
	assert_int_equal(nr_destroyed, 1);
	/* Full, but the turn-over finds nothing to replace its third victim with. */
	left_to_give = 102;
	assert_null(fixture_get(&work, &ops));
	assert_int_equal(nr_live[0], 0);
	assert_int_equal(nr_destroyed, 2);
}

static void broken_allocators_are_counted(void **state)
{
	static const struct work work = {"breaks", WORK_PAIR, 0, {0}};

	(void)state;
	fixture_get(&work, &ops);
	broken = true;
	assert_int_equal(fixture_drop(), 1);
	broken = false;
	fixture_get(&work, &ops);
	assert_int_equal(fixture_drop(), 1);
}

static void random_numbers_stay_below_their_bound_and_reach_it(void **state)
{
	struct fixture fx = {.seed = 1};
	bool seen[7] = {false};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		size_t n = random_below(&fx, 7);

		assert_in_range(n, 0, 6);
		seen[n] = true;
	}
	for (int i = 0; i < 7; i++)
		assert_true(seen[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(live_set_has_the_pages_asked_for_and_is_turned_over_once,
				       counters_reset),
		cmocka_unit_test_setup(same_work_keeps_its_fixture_another_replaces_it, counters_reset),
		cmocka_unit_test_setup(exhausted_allocator_gets_everything_back, counters_reset),
		cmocka_unit_test_setup(broken_allocators_are_counted, counters_reset),
		cmocka_unit_test(random_numbers_stay_below_their_bound_and_reach_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
