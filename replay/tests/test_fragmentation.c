// SPDX-License-Identifier: GPL-2.0-or-later
/* The indices against values worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/result/fragmentation.h"

static void assert_near(double got, double want)
{
	if (fabs(got - want) > 1e-9)
		fail_msg("got %.12f, expected %.12f", got, want);
}

/* 8 single pages and 2 blocks of order 2: 16 pages free, 8 of them in blocks of 4. */
static const uint32_t scattered[NR_PAGE_ORDERS] = {[0] = 8, [2] = 2};

static void unusable_is_the_share_in_blocks_too_small(void **state)
{
	assert_near(unusable_index(scattered, 0), 0.0);
	assert_near(unusable_index(scattered, 1), 0.5);
	assert_near(unusable_index(scattered, 2), 0.5);
	assert_near(unusable_index(scattered, 3), 1.0);
}

static void extfrag_is_minus_one_where_a_block_fits(void **state)
{
	assert_near(extfrag_index(scattered, 2), -1.0);
}

/* order 3: 1 - (1 + 16 / 8) / 10 */
static void extfrag_tends_to_one_for_many_small_blocks(void **state)
{
	assert_near(extfrag_index(scattered, 3), 0.7);
}

/* order 9: 16 pages are far from 512, so the failure is for lack of memory: 1 - (1 + 16/512) / 10 */
static void extfrag_follows_the_kernel_formula_at_order_9(void **state)
{
	assert_near(extfrag_index(scattered, 9), 1.0 - (1.0 + 16.0 / 512) / 10);
}

static void nothing_free_is_neither(void **state)
{
	const uint32_t none[NR_PAGE_ORDERS] = {0};

	assert_near(unusable_index(none, 3), 0.0);
	assert_near(extfrag_index(none, 3), 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unusable_is_the_share_in_blocks_too_small),
		cmocka_unit_test(extfrag_is_minus_one_where_a_block_fits),
		cmocka_unit_test(extfrag_tends_to_one_for_many_small_blocks),
		cmocka_unit_test(extfrag_follows_the_kernel_formula_at_order_9),
		cmocka_unit_test(nothing_free_is_neither),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
