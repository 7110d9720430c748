// SPDX-License-Identifier: GPL-2.0-or-later
/* What the filters keep of a stream of events: requests asked for, and the frees of their pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "traces/record/record_filter.h"

/* Two nodes of 1024 pages. */
static struct trace_zone zones[] = {
	{.nid = 0, .start_pfn = 0, .spanned_pages = 1024},
	{.nid = 1, .start_pfn = 1024, .spanned_pages = 1024},
};
static const struct trace_machine machine = {.nr_nodes = 2, .nr_zones = 2, .zones = zones};

static struct record_live *make(struct record_filter filter)
{
	struct record_live *live;
	struct mmr_error err;

	if (record_live_create(&filter, &machine, &live, &err))
		fail_msg("%s", err.msg);
	return live;
}

static void a_free_is_kept_if_its_allocation_was(void **state)
{
	struct record_live *live = make((struct record_filter){.tgid = 7});

	assert_true(record_live_keeps(live, TRACE_ALLOC, 0, 100, true));
	assert_false(record_live_keeps(live, TRACE_ALLOC, 0, 101, false));
	assert_false(record_live_keeps(live, TRACE_FREE, 0, 101, true));
	assert_false(record_live_keeps(live, TRACE_FREE_BATCHED, 0, 101, true));
	assert_true(record_live_keeps(live, TRACE_FREE, 0, 100, true));
	assert_true(record_live_keeps(live, TRACE_FREE_BATCHED, 0, 100, true));
	/* Once each, and never for a page whose allocation came before the recording. */
	assert_false(record_live_keeps(live, TRACE_FREE, 0, 100, true));
	assert_false(record_live_keeps(live, TRACE_FREE_BATCHED, 0, 100, true));
	assert_false(record_live_keeps(live, TRACE_FREE, 0, 200, true));
	record_live_destroy(live);
}

static void a_page_that_others_got_meanwhile_is_theirs(void **state)
{
	struct record_live *live = make((struct record_filter){.tgid = 7});

	assert_true(record_live_keeps(live, TRACE_ALLOC, 0, 100, true));
	/* Its free was lost. */
	assert_false(record_live_keeps(live, TRACE_ALLOC, 0, 100, false));
	assert_false(record_live_keeps(live, TRACE_FREE, 0, 100, true));
	record_live_destroy(live);
}

static void a_huge_page_may_be_freed_in_pieces(void **state)
{
	struct record_live *live =
		make((struct record_filter){.by_order = true, .min_order = 9, .max_order = 9});

	assert_true(record_live_keeps(live, TRACE_ALLOC, 9, 512, true));
	assert_false(record_live_keeps(live, TRACE_ALLOC, 3, 64, true));
	for (uint32_t pfn = 512; pfn < 1024; pfn++)
		assert_true(record_live_keeps(live, TRACE_FREE, 0, pfn, true));
	assert_false(record_live_keeps(live, TRACE_FREE, 3, 64, true));
	record_live_destroy(live);
}

static void lists_are_of_no_task_but_of_a_node(void **state)
{
	struct record_live *task = make((struct record_filter){.tgid = 7});
	struct record_live *node = make((struct record_filter){.by_node = true, .node = 1});

	assert_false(record_live_keeps(task, TRACE_ZONE_LOCKED, 0, 1100, true));
	assert_true(record_live_keeps(node, TRACE_ZONE_LOCKED, 0, 1100, true));
	assert_false(record_live_keeps(node, TRACE_ZONE_LOCKED, 0, 1023, true));
	assert_true(record_live_keeps(node, TRACE_FREE, 0, 1100, true)); /* from before the recording */
	record_live_destroy(task);
	record_live_destroy(node);
}

static void a_failed_request_is_kept_but_for_a_node(void **state)
{
	struct record_live *order =
		make((struct record_filter){.by_order = true, .min_order = 4, .max_order = 10});
	struct record_live *both =
		make((struct record_filter){.by_order = true, .max_order = 10, .by_node = true, .node = 0});

	assert_true(record_live_keeps(order, TRACE_ALLOC, 9, TRACE_NO_PFN, true));
	assert_false(record_live_keeps(order, TRACE_ALLOC, 3, TRACE_NO_PFN, true));
	assert_false(record_live_keeps(both, TRACE_ALLOC, 9, TRACE_NO_PFN, true));
	record_live_destroy(order);
	record_live_destroy(both);
}

static void a_node_without_memory_is_refused(void **state)
{
	const struct record_filter filter = {.by_node = true, .node = 2};
	struct record_live *live;
	struct mmr_error err;

	assert_int_not_equal(record_live_create(&filter, &machine, &live, &err), 0);
	assert_non_null(strstr(err.msg, "--node: found 2"));
	record_live_destroy(live);
}

static void values_are_checked(void **state)
{
	static const char *const bad[] = {"", "-1", "11", "3-2", "3-", "x", "1-2x", "4-11"};
	struct record_filter f = {0};
	char self[16];

	assert_null(record_filter_parse_orders(&f, "3"));
	assert_int_equal(f.min_order, 3);
	assert_int_equal(f.max_order, 3);
	assert_null(record_filter_parse_orders(&f, "2-10"));
	assert_int_equal(f.min_order, 2);
	assert_int_equal(f.max_order, 10);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(record_filter_parse_orders(&f, bad[i]));
	assert_non_null(record_filter_parse_cgroup(&f, "/proc"));
	assert_non_null(record_filter_parse_cgroup(&f, "/no/such/folder"));
	f = (struct record_filter){0};
	snprintf(self, sizeof(self), "%d", getpid());
	assert_null(record_filter_parse_task(&f, self));
	assert_int_equal(f.tgid, getpid());
	assert_non_null(record_filter_parse_task(&f, "0"));
	assert_non_null(record_filter_parse_task(&f, "-1"));
	assert_non_null(record_filter_parse_task(&f, "7x"));
	assert_non_null(record_filter_parse_task(&f, "4194305")); /* above all that the kernel gives */
	assert_non_null(record_filter_parse_task(&f, "99999999999999999999"));
}

static void the_header_tells_what_is_left_out(void **state)
{
	const struct record_filter f = {
		.by_node = true, .node = 1, .by_order = true, .min_order = 2, .max_order = 9};
	const struct record_filter none = {0};
	struct trace_machine m = {0};

	assert_int_equal(record_filter_mark(&none, &m), 0);
	assert_int_equal(m.nr_features, 0);
	assert_int_equal(record_filter_mark(&f, &m), 0);
	assert_int_equal(trace_machine_feature(&m, TRACE_FEATURE_PARTIAL), 1);
	assert_int_equal(trace_machine_feature(&m, "filter.node"), 1);
	assert_int_equal(trace_machine_feature(&m, "filter.max_order"), 9);
	assert_int_equal(trace_machine_feature(&m, "filter.task"), 0);
	trace_machine_deinit(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_free_is_kept_if_its_allocation_was),
		cmocka_unit_test(a_page_that_others_got_meanwhile_is_theirs),
		cmocka_unit_test(a_huge_page_may_be_freed_in_pieces),
		cmocka_unit_test(lists_are_of_no_task_but_of_a_node),
		cmocka_unit_test(a_failed_request_is_kept_but_for_a_node),
		cmocka_unit_test(a_node_without_memory_is_refused),
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(the_header_tells_what_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
