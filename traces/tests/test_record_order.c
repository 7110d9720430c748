// SPDX-License-Identifier: GPL-2.0-or-later
/* One CPU's events in the order of their times: late events, equal times, the window's end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "traces/record/record_order.h"

struct sink {
	struct record_order order;
	uint64_t ts_ns[2 * RECORD_ORDER_EVENTS];
	uint32_t pfn[2 * RECORD_ORDER_EVENTS];
	int nr, fail_at;
};

static int note(void *ctx, const struct trace_event *event)
{
	struct sink *s = ctx;

	s->ts_ns[s->nr] = event->ts_ns;
	s->pfn[s->nr++] = event->pfn;
	return s->nr == s->fail_at ? -28 : 0;
}

static int put(struct sink *s, uint64_t ts_ns, uint32_t pfn)
{
	return record_order_put(&s->order, &(struct trace_event){.ts_ns = ts_ns, .pfn = pfn}, note, s);
}

static int make_sink(void **state)
{
	struct sink *s = calloc(1, sizeof(*s));

	*state = s;
	return s ? record_order_init(&s->order, NULL) : -1;
}

static int free_sink(void **state)
{
	struct sink *s = *state;

	record_order_deinit(&s->order);
	free(s);
	return 0;
}

static void expect_order(const struct sink *s, const uint32_t *pfns, int nr)
{
	assert_int_equal(s->nr, nr);
	for (int i = 0; i < nr; i++)
		assert_int_equal(s->pfn[i], pfns[i]);
}

static void a_late_event_goes_to_its_place(void **state)
{
	struct sink *s = *state;

	put(s, 10, 1);
	put(s, 30, 2);
	put(s, 40, 3);
	put(s, 20, 4);
	put(s, 5, 5);
	assert_int_equal(s->nr, 0);
	record_order_flush(&s->order, note, s);
	expect_order(s, (uint32_t[]){5, 1, 4, 2, 3}, 5);
	assert_int_equal(s->order.nr_moved, 2);
	assert_int_equal(s->order.nr_late, 0);
}

static void events_of_one_time_keep_their_order(void **state)
{
	struct sink *s = *state;

	put(s, 10, 1);
	put(s, 20, 2);
	put(s, 20, 3);
	put(s, 10, 4);
	record_order_flush(&s->order, note, s);
	expect_order(s, (uint32_t[]){1, 4, 2, 3}, 4);
	assert_int_equal(s->order.nr_moved, 1);
}

static void a_full_window_passes_its_earliest_on(void **state)
{
	struct sink *s = *state;

	for (uint32_t i = 0; i < RECORD_ORDER_EVENTS + 100; i++)
		assert_int_equal(put(s, 1000 + 2 * i, i), 0);
	assert_int_equal(s->nr, 100);
	/* Across the place where the window's memory wraps. */
	put(s, 1000 + 2 * 4090 + 1, 9999);
	record_order_flush(&s->order, note, s);
	assert_int_equal(s->nr, RECORD_ORDER_EVENTS + 101);
	for (int i = 1; i < s->nr; i++)
		assert_true(s->ts_ns[i - 1] < s->ts_ns[i]);
	assert_int_equal(s->pfn[4091], 9999);
	assert_int_equal(s->order.nr_late, 0);
}

static void an_event_behind_the_window_is_counted(void **state)
{
	struct sink *s = *state;

	put(s, 100, 1);
	record_order_flush(&s->order, note, s);
	put(s, 90, 2);
	put(s, 95, 3);
	put(s, 100, 4);
	record_order_flush(&s->order, note, s);
	expect_order(s, (uint32_t[]){1, 2, 3, 4}, 4);
	assert_int_equal(s->order.nr_late, 2);
}

static void an_error_travels_and_no_event_comes_twice(void **state)
{
	struct sink *s = *state;

	put(s, 1, 1);
	put(s, 2, 2);
	put(s, 3, 3);
	s->fail_at = 2;
	assert_int_equal(record_order_flush(&s->order, note, s), -28);
	assert_int_equal(record_order_flush(&s->order, note, s), 0);
	expect_order(s, (uint32_t[]){1, 2, 3}, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_late_event_goes_to_its_place, make_sink, free_sink),
		cmocka_unit_test_setup_teardown(events_of_one_time_keep_their_order, make_sink, free_sink),
		cmocka_unit_test_setup_teardown(a_full_window_passes_its_earliest_on, make_sink, free_sink),
		cmocka_unit_test_setup_teardown(an_event_behind_the_window_is_counted, make_sink, free_sink),
		cmocka_unit_test_setup_teardown(an_error_travels_and_no_event_comes_twice, make_sink,
						free_sink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
