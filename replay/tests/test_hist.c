// SPDX-License-Identifier: GPL-2.0-or-later
/* Buckets and quantiles of the log-linear histogram. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "replay/result/hist.h"

static void every_value_falls_into_a_bucket_that_holds_it(void **state)
{
	for (uint64_t value = 0; value < 1u << 20; value += 1 + value / 97) {
		unsigned int bucket = hist_bucket(value);

		assert_in_range(bucket, 0, HIST_BUCKETS - 1);
		assert_true(value <= hist_bucket_high(bucket));
		assert_true(bucket == 0 || value > hist_bucket_high(bucket - 1));
	}
}

static void bucket_error_stays_below_one_in_32(void **state)
{
	for (unsigned int bucket = HIST_SUB; bucket < HIST_BUCKETS; bucket++) {
		uint64_t low = hist_bucket_high(bucket - 1) + 1, high = hist_bucket_high(bucket);

		assert_true((high - low) * HIST_SUB <= low);
	}
}

static void huge_values_are_clamped_and_max_is_exact(void **state)
{
	struct hist *hist = calloc(1, sizeof(*hist));

	hist_add(hist, UINT64_MAX);
	assert_int_equal(hist->counts[HIST_BUCKETS - 1], 1);
	assert_true(hist->max == UINT64_MAX);
	free(hist);
}

static void quantiles_of_one_to_a_thousand(void **state)
{
	struct hist *hist = calloc(1, sizeof(*hist));

	assert_int_equal(hist_quantile(hist, .5), 0);
	for (uint64_t value = 1; value <= 1000; value++)
		hist_add(hist, value);
	assert_in_range(hist_quantile(hist, .5), 500, 500 + 500 / 32);
	assert_in_range(hist_quantile(hist, .99), 990, 1000);
	assert_int_equal(hist_quantile(hist, 1), 1000);
	assert_int_equal(hist_quantile(hist, 0), 1);
	free(hist);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_falls_into_a_bucket_that_holds_it),
		cmocka_unit_test(bucket_error_stays_below_one_in_32),
		cmocka_unit_test(huge_values_are_clamped_and_max_is_exact),
		cmocka_unit_test(quantiles_of_one_to_a_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
