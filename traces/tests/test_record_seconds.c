// SPDX-License-Identifier: GPL-2.0-or-later
/* When second programs are attached, and what is lost before, told from what the kernel says it skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "traces/record/record_seconds.h"

enum { ALONE, LATER, ALWAYS, NR };

/* A kernel: how often it skipped each first program, and whether it permits to attach. */
struct kernel {
	uint64_t skipped[NR];
	unsigned int nr_attached[NR], nr_refused;
	bool refuses;
};

static uint64_t skipped_runs(void *ctx, unsigned int nr)
{
	return ((struct kernel *)ctx)->skipped[nr];
}

static bool attach(void *ctx, unsigned int nr)
{
	struct kernel *k = ctx;

	if (k->refuses)
		k->nr_refused++;
	else
		k->nr_attached[nr]++;
	return !k->refuses;
}

static struct record_seconds begin(struct kernel *k)
{
	struct record_seconds s = {
		.nr = NR,
		.state = {RECORD_SECOND_NONE, RECORD_SECOND_READY, RECORD_SECOND_ATTACHED},
		.skipped_runs = skipped_runs,
		.attach = attach,
		.ctx = k,
	};

	record_seconds_begin(&s);
	return s;
}

static void what_was_skipped_before_is_no_loss(void **state)
{
	struct kernel k = {.skipped = {3, 5, 7}};
	struct record_seconds s = begin(&k);

	assert_int_equal(record_seconds_look(&s, 100), 0);
	assert_int_equal(s.nr_skipped, 0);
	assert_int_equal(k.nr_attached[LATER], 0);
}

static void the_first_skipped_run_attaches_the_second_program_and_is_lost(void **state)
{
	struct kernel k = {.skipped = {0, 5, 0}};
	struct record_seconds s = begin(&k);

	k.skipped[LATER] = 7;
	assert_int_equal(record_seconds_look(&s, 100), 2);
	assert_int_equal(k.nr_attached[LATER], 1);
	assert_int_equal(s.state[LATER], RECORD_SECOND_ATTACHED);
	assert_int_equal(s.attached_ns[LATER], 100);
	k.skipped[LATER] = 20; /* from here on the second program has them */
	assert_int_equal(record_seconds_look(&s, 200), 0);
	assert_int_equal(k.nr_attached[LATER], 1);
	assert_int_equal(s.attached_ns[LATER], 100);
	assert_int_equal(s.nr_skipped, 15);
	assert_int_equal(s.nr_lost, 2);
}

static void one_attached_from_the_start_loses_nothing_here(void **state)
{
	struct kernel k = {0};
	struct record_seconds s = begin(&k);

	k.skipped[ALWAYS] = 9;
	assert_int_equal(record_seconds_look(&s, 100), 0);
	assert_int_equal(s.nr_skipped, 9);
	assert_int_equal(k.nr_attached[ALWAYS], 0);
	assert_int_equal(s.attached_ns[ALWAYS], 0);
}

static void without_a_second_program_each_skipped_run_is_lost(void **state)
{
	struct kernel k = {0};
	struct record_seconds s = begin(&k);

	for (unsigned int i = 1; i <= 4; i++) {
		k.skipped[ALONE] += i;
		assert_int_equal(record_seconds_look(&s, 100 * i), i);
	}
	assert_int_equal(s.nr_lost, 10);
	assert_int_equal(k.nr_attached[ALONE], 0);
}

static void where_attaching_is_refused_losses_go_on_being_told(void **state)
{
	struct kernel k = {.refuses = true};
	struct record_seconds s = begin(&k);

	k.skipped[LATER] = 1;
	assert_int_equal(record_seconds_look(&s, 100), 1);
	k.skipped[LATER] = 4;
	assert_int_equal(record_seconds_look(&s, 200), 3);
	assert_int_equal(k.nr_refused, 1);
	assert_int_equal(s.attached_ns[LATER], 0);
	assert_int_equal(s.nr_lost, 4);
}

static void what_a_second_program_did_not_get_is_missing_once(void **state)
{
	struct kernel k = {0};
	struct record_seconds s = begin(&k);

	k.skipped[ALWAYS] = 9;
	k.skipped[ALONE] = 2;
	assert_int_equal(record_seconds_look(&s, 100), 2);
	assert_int_equal(record_seconds_missing(&s, 9), 0);
	assert_int_equal(record_seconds_missing(&s, 6), 3);
	assert_int_equal(record_seconds_missing(&s, 6), 0);
	k.skipped[ALWAYS] = 11;
	assert_int_equal(record_seconds_look(&s, 200), 0);
	assert_int_equal(record_seconds_missing(&s, 7), 1);
	assert_int_equal(s.nr_missing, 4);
	assert_int_equal(s.nr_lost, 2);
}

static void nothing_is_attached_at_the_end(void **state)
{
	struct kernel k = {0};
	struct record_seconds s = begin(&k);

	k.skipped[LATER] = 2;
	assert_int_equal(record_seconds_look(&s, 0), 2);
	assert_int_equal(k.nr_attached[LATER], 0);
}

/* A count that could not be read is 0: nothing new, and nothing is told twice once it can be read again. */
static void a_count_that_could_not_be_read_changes_nothing(void **state)
{
	struct kernel k = {.skipped = {5, 0, 0}};
	struct record_seconds s = begin(&k);

	k.skipped[ALONE] = 0;
	assert_int_equal(record_seconds_look(&s, 100), 0);
	k.skipped[ALONE] = 6;
	assert_int_equal(record_seconds_look(&s, 200), 1);
	assert_int_equal(s.nr_skipped, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_skipped_before_is_no_loss),
		cmocka_unit_test(the_first_skipped_run_attaches_the_second_program_and_is_lost),
		cmocka_unit_test(one_attached_from_the_start_loses_nothing_here),
		cmocka_unit_test(without_a_second_program_each_skipped_run_is_lost),
		cmocka_unit_test(where_attaching_is_refused_losses_go_on_being_told),
		cmocka_unit_test(what_a_second_program_did_not_get_is_missing_once),
		cmocka_unit_test(nothing_is_attached_at_the_end),
		cmocka_unit_test(a_count_that_could_not_be_read_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
