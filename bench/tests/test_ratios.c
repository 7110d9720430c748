// SPDX-License-Identifier: GPL-2.0-or-later
/* The closing table: medians, complete pairs only, and an honest verdict on each bar. */
#include "bench/ratios.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAIR "/pcp/alloc_free_pair/order0"

static char *printed(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	ratios_print(out);
	fclose(out);
	return text;
}

static void collect(const char *name, const char *values)
{
	char *end;

	for (double v = strtod(values, &end); end != values; v = strtod(values, &end)) {
		ratios_collect(name, v);
		values = end;
	}
}

static int reset(void **state)
{
	(void)state;
	ratios_reset();
	return 0;
}

static void nothing_is_printed_without_a_complete_pair(void **state)
{
	char *text;

	(void)state;
	collect("core" PAIR, "1 2 3");
	collect("jemalloc/other", "5");
	text = printed();
	assert_string_equal(text, "");
	free(text);
}

static void ratio_is_of_medians_and_the_bar_is_judged(void **state)
{
	static const struct {
		const char *core, *jemalloc, *ratio, *verdict;
	} cases[] = {
		{"900 8 10", "20 20 1", " 0.50 ", "bar 1.00: met\n"},
		{"1 2 3 100", "5", " 0.50 ", "met\n"},
		{"30", "20", " 1.50 ", "bar 1.00: MISSED\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text;

		ratios_reset();
		collect("core" PAIR, cases[i].core);
		collect("jemalloc" PAIR, cases[i].jemalloc);
		text = printed();
		assert_non_null(strstr(text, cases[i].ratio));
		assert_non_null(strstr(text, cases[i].verdict));
		free(text);
	}
}

static void limits_are_judged_by_time_and_by_figure(void **state)
{
	char *text;

	(void)state;
	collect("core/order9_pair", "29 31 28");
	ratios_figure("metadata per touched page", 12.5);
	ratios_figure("nobody asked", 1);
	text = printed();
	assert_non_null(strstr(text, "core/order9_pair "));
	assert_non_null(strstr(text, "bar 30 ns: met\n"));
	assert_non_null(strstr(text, "bar 12 bytes: MISSED\n"));
	assert_null(strstr(text, "nobody"));
	free(text);
	ratios_reset();
	text = printed();
	assert_string_equal(text, "");
	free(text);
}

static void failed_runs_count_and_do_not_enter_a_median(void **state)
{
	char *text;

	(void)state;
	collect("core" PAIR, "-1");
	collect("jemalloc" PAIR, "4 -1 4");
	assert_int_equal(ratios_failed(), 2);
	text = printed();
	assert_string_equal(text, "");
	free(text);
}

static void starred_pairs_match_name_by_name(void **state)
{
	char *text;

	(void)state;
	collect("replay/events/null/a.mmt", "5");
	collect("replay/events/core/a.mmt", "20");
	collect("replay/events/null/b.mmt", "5");
	text = printed();
	assert_non_null(strstr(text, "replay/events/null/a.mmt "));
	assert_non_null(strstr(text, " 0.25\n"));
	assert_null(strstr(text, "b.mmt"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_printed_without_a_complete_pair, reset, reset),
		cmocka_unit_test_setup_teardown(ratio_is_of_medians_and_the_bar_is_judged, reset, reset),
		cmocka_unit_test_setup_teardown(starred_pairs_match_name_by_name, reset, reset),
		cmocka_unit_test_setup_teardown(limits_are_judged_by_time_and_by_figure, reset, reset),
		cmocka_unit_test_setup_teardown(failed_runs_count_and_do_not_enter_a_median, reset, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
