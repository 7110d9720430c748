// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of one event by two programs, told from two events; and tasks' numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "traces/record/record_tasks.h"

enum { ALLOC, FREE };

static enum record_twin event_at(struct record_tasks *t, uint64_t ts_ns, int type, uint64_t page, bool second)
{
	struct rec_event e = {.ts_ns = ts_ns, .page = page, .tid = 7};

	e.cls = (uint16_t)(REC_CLASS(type, 0, 1, 0) | (second ? REC_CLASS_SECOND : 0));
	return record_tasks_event(t, &e, NULL);
}

static enum record_twin event(struct record_tasks *t, uint32_t tid, int type, uint64_t page, bool second)
{
	struct rec_event e = {.page = page, .tid = tid};

	e.cls = (uint16_t)(REC_CLASS(type, 0, 1, 0) | (second ? REC_CLASS_SECOND : 0));
	return record_tasks_event(t, &e, NULL);
}

static int make_tasks(void **state)
{
	return record_tasks_create((struct record_tasks **)state, NULL);
}

static int free_tasks(void **state)
{
	record_tasks_destroy(*state);
	return 0;
}

static void the_second_programs_record_behind_the_firsts_is_a_double(void **state)
{
	assert_int_equal(event(*state, 7, ALLOC, 0x1000, false), RECORD_SINGLE);
	/* Preempted here: another task allocates and frees, any number of times. */
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(event(*state, 8, ALLOC, 0x2000, false), RECORD_SINGLE);
		assert_int_equal(event(*state, 8, FREE, 0x2000, false), RECORD_SINGLE);
	}
	assert_int_equal(event(*state, 7, ALLOC, 0x1000, true), RECORD_DOUBLE);
	assert_int_equal(event(*state, 7, ALLOC, 0x1000, true), RECORD_DOUBLE);
}

static void the_first_programs_record_may_come_later_from_another_cpu(void **state)
{
	assert_int_equal(event(*state, 7, FREE, 0x1000, true), RECORD_SINGLE);
	assert_int_equal(event(*state, 7, FREE, 0x1000, false), RECORD_DOUBLE_OF_SECOND);
	assert_int_equal(event(*state, 7, FREE, 0x1000, true), RECORD_DOUBLE);
}

/* Moved to another CPU between two programs, it did much there, and that CPU's records are read first. */
static void an_earlier_programs_record_may_come_after_many_others(void **state)
{
	assert_int_equal(event_at(*state, 1000, FREE, 0x1000, true), RECORD_SINGLE);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(event_at(*state, 2000 + i, ALLOC, 0x10000 + 0x1000 * i, false), RECORD_SINGLE);
	assert_int_equal(event_at(*state, 3000, ALLOC, 0x1000, false), RECORD_SINGLE);
	assert_int_equal(event_at(*state, 999, FREE, 0x1000, false), RECORD_DOUBLE_OF_SECOND);
	/* A later free of the page is one of its own, and so is an earlier one of another page. */
	assert_int_equal(event_at(*state, 4000, FREE, 0x1000, false), RECORD_SINGLE);
	assert_int_equal(event_at(*state, 999, FREE, 0x9000, false), RECORD_SINGLE);
}

static void a_second_programs_record_may_come_long_after_the_thirds(void **state)
{
	assert_int_equal(event_at(*state, 1000, ALLOC, 0x1000, true), RECORD_SINGLE);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(event_at(*state, 2000 + i, FREE, 0x10000 + 0x1000 * i, false), RECORD_SINGLE);
	assert_int_equal(event_at(*state, 990, ALLOC, 0x1000, true), RECORD_DOUBLE);
}

/* Preempted between two programs, it frees what is left of the task that ran before it. */
static void frees_on_the_way_back_do_not_part_the_records_of_one_event(void **state)
{
	assert_int_equal(event(*state, 7, ALLOC, 0x1000, false), RECORD_SINGLE);
	for (uint64_t page = 0x2000; page < 0x6000; page += 0x1000)
		assert_int_equal(event(*state, 7, FREE, page, false), RECORD_SINGLE);
	assert_int_equal(event(*state, 7, ALLOC, 0x1000, true), RECORD_DOUBLE);
	/* The page's own free in between does: then it is another allocation. */
	assert_int_equal(event(*state, 7, FREE, 0x1000, false), RECORD_SINGLE);
	assert_int_equal(event(*state, 7, ALLOC, 0x1000, true), RECORD_SINGLE);
}

static void two_events_are_no_double(void **state)
{
	assert_int_equal(event(*state, 7, ALLOC, 0x1000, true), RECORD_SINGLE);
	assert_int_equal(event(*state, 7, FREE, 0x1000, true), RECORD_SINGLE);
	assert_int_equal(event(*state, 7, ALLOC, 0x1000, true), RECORD_SINGLE);
	assert_int_equal(event(*state, 7, ALLOC, 0x2000, true), RECORD_SINGLE);
	/* Two records by the first program are two events: the page was freed by somebody else. */
	assert_int_equal(event(*state, 9, ALLOC, 0x1000, false), RECORD_SINGLE);
	assert_int_equal(event(*state, 9, ALLOC, 0x1000, false), RECORD_SINGLE);
	/* The idle tasks of all CPUs share a number. */
	assert_int_equal(event(*state, 0, FREE, 0x1000, false), RECORD_SINGLE);
	assert_int_equal(event(*state, 0, FREE, 0x1000, true), RECORD_SINGLE);
}

static void a_task_keeps_its_number_until_another_takes_its_slot(void **state)
{
	const struct trace_task five = {.tid = 5, .tgid = 4, .comm = "cc1"}, other = {.tid = 5 + 16384};
	uint32_t task = 0;

	assert_null(record_tasks_find(*state, 5, &task));
	event(*state, 5, ALLOC, 0x1000, false);
	assert_null(record_tasks_find(*state, 5, &task));
	record_tasks_name(*state, &five, 33);
	event(*state, 5, FREE, 0x1000, false);
	assert_non_null(record_tasks_find(*state, 5, &task));
	assert_int_equal(task, 33);
	record_tasks_name(*state, &other, 34);
	assert_null(record_tasks_find(*state, 5, &task));
	assert_non_null(record_tasks_find(*state, 5 + 16384, &task));
	assert_int_equal(task, 34);
}

static void another_file_has_other_numbers_for_the_same_tasks(void **state)
{
	const struct trace_task five = {.tid = 5, .tgid = 4, .comm = "cc1"};
	const struct trace_task *told;
	uint32_t task = 0;

	record_tasks_name(*state, &five, 33);
	record_tasks_forget(*state);
	told = record_tasks_find(*state, 5, &task);
	assert_non_null(told);
	assert_int_equal(task, TRACE_NO_TASK);
	assert_int_equal(told->tgid, 4);
	assert_string_equal(told->comm, "cc1");
}

/* It allocated the page, another task on its CPU freed it, and it gets the page again: two events. */
static void what_another_task_freed_in_between_is_no_double(void **state)
{
	static struct record_recent recent;
	struct rec_event e = {.ts_ns = 1000, .page = 0x1000, .tid = 7};

	e.cls = REC_CLASS(ALLOC, 0, 1, 0);
	assert_int_equal(record_tasks_event(*state, &e, &recent), RECORD_SINGLE);
	recent.page[recent.nr] = 0x1000 | (uint64_t)REC_CLASS(FREE, 0, 0, 0) << REC_PAGE_BITS;
	recent.ts_ns[recent.nr++] = 2000;
	e.ts_ns = 3000;
	e.cls |= REC_CLASS_SECOND;
	assert_int_equal(record_tasks_event(*state, &e, &recent), RECORD_SINGLE);
	e.ts_ns = 3001;
	assert_int_equal(record_tasks_event(*state, &e, &recent), RECORD_DOUBLE);
	/* The third program's record of the second event, read after it. */
	e.ts_ns = 2999;
	assert_int_equal(record_tasks_event(*state, &e, &recent), RECORD_DOUBLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_second_programs_record_behind_the_firsts_is_a_double,
						make_tasks, free_tasks),
		cmocka_unit_test_setup_teardown(the_first_programs_record_may_come_later_from_another_cpu,
						make_tasks, free_tasks),
		cmocka_unit_test_setup_teardown(frees_on_the_way_back_do_not_part_the_records_of_one_event,
						make_tasks, free_tasks),
		cmocka_unit_test_setup_teardown(an_earlier_programs_record_may_come_after_many_others,
						make_tasks, free_tasks),
		cmocka_unit_test_setup_teardown(a_second_programs_record_may_come_long_after_the_thirds,
						make_tasks, free_tasks),
		cmocka_unit_test_setup_teardown(two_events_are_no_double, make_tasks, free_tasks),
		cmocka_unit_test_setup_teardown(another_file_has_other_numbers_for_the_same_tasks, make_tasks,
						free_tasks),
		cmocka_unit_test_setup_teardown(a_task_keeps_its_number_until_another_takes_its_slot,
						make_tasks, free_tasks),
		cmocka_unit_test_setup_teardown(what_another_task_freed_in_between_is_no_double, make_tasks,
						free_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
