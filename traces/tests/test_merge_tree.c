// SPDX-License-Identifier: GPL-2.0-or-later
/* The tournament of streams: what comes out is in order, whatever the keys, and the limit is the second's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "traces/merge_tree.h"

#define MAX_STREAMS 600

static uint64_t state;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Which of the streams is really in front: the lowest key, of equal ones the lower stream. */
static uint32_t front_of(const uint64_t *keys, const bool *ended, uint32_t nr)
{
	uint32_t best = nr;

	for (uint32_t i = 0; i < nr; i++)
		if (!ended[i] && (best == nr || keys[i] < keys[best]))
			best = i;
	return best;
}

/* @step: the largest distance of two keys of a stream. */
static void play(uint32_t nr, uint64_t first, uint64_t step, uint32_t turns)
{
	uint64_t keys[MAX_STREAMS];
	bool ended[MAX_STREAMS] = {false};
	struct merge_tree t;
	uint32_t front;

	assert_true(merge_tree_init(&t, nr));
	assert_false(merge_tree_front(&t, &front));
	for (uint32_t i = 0; i < nr; i++)
		merge_tree_set(&t, i, keys[i] = first + next_random() % step);
	merge_tree_build(&t);
	while (merge_tree_front(&t, &front)) {
		uint64_t limit = merge_tree_limit(&t, front);
		uint32_t second;

		assert_int_equal(front, front_of(keys, ended, nr));
		ended[front] = true;
		second = front_of(keys, ended, nr);
		ended[front] = false;
		if (second == nr)
			assert_true(limit == UINT64_MAX);
		else /* never too far, and this one's turn at least, but where both have the same key */
			assert_true(limit <= keys[second] - (second < front) && limit + 1 >= keys[front]);
		if (!turns || UINT64_MAX - keys[front] < step) {
			ended[front] = true;
			merge_tree_end(&t, front);
			continue;
		}
		turns--;
		keys[front] += next_random() % step;
		merge_tree_move(&t, front, keys[front]);
	}
	assert_int_equal(front_of(keys, ended, nr), nr);
	merge_tree_deinit(&t);
}

static void streams_of_any_number_come_out_in_order(void **unused)
{
	(void)unused;
	for (uint32_t nr = 1; nr < 20; nr++)
		play(nr, 1000, 50, 3000);
	play(512, 1000, 300, 20000);
	play(MAX_STREAMS, 0, 2, 20000);
}

/* Farther apart than a node can tell, up to the last key there is. */
static void keys_may_be_any_distance_apart(void **unused)
{
	(void)unused;
	play(512, 1, 1ull << 56, 2000);
	play(3, 0, 1ull << 62, 100);
	play(5, UINT64_MAX - 1000, 100, 300);
	play(1, 0, 1ull << 63, 10);
}

static void a_tree_can_be_used_again(void **unused)
{
	struct merge_tree t;
	uint32_t front;

	(void)unused;
	assert_true(merge_tree_init(&t, 3));
	merge_tree_set(&t, 0, 7);
	merge_tree_set(&t, 1, 5);
	merge_tree_build(&t);
	merge_tree_reset(&t);
	assert_false(merge_tree_front(&t, &front));
	merge_tree_set(&t, 2, 1ull << 63);
	merge_tree_build(&t);
	assert_true(merge_tree_front(&t, &front));
	assert_int_equal(front, 2);
	assert_true(merge_tree_limit(&t, 2) == UINT64_MAX);
	merge_tree_end(&t, 2);
	assert_false(merge_tree_front(&t, &front));
	merge_tree_deinit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_of_any_number_come_out_in_order),
		cmocka_unit_test(keys_may_be_any_distance_apart),
		cmocka_unit_test(a_tree_can_be_used_again),
	};

	state = 88172645463325252ull;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
