// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks that are preempted, or interrupted, between what they do and what they say: how many pages are on a
 * list as others begin to be at it tells what was done, and nothing is a surprise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/tests/synth_verify.h"

#define NR_PAGES   20 /* on the list, each time */
#define MANY_PAGES 800
#define LONG_AGO   60000 /* events: more than verify looks ahead */

static void verify_file(struct synth_kernel *k, struct verify_report *report)
{
	synth_verify(k, "6.12", report);
	assert_nothing_diverged(report);
}

/* pfns[19] pfns[18] … pfns[0] are on the list, task 100 is at it. */
static void begin(struct synth_kernel *k, uint32_t pfns[NR_PAGES])
{
	synth_kernel_begin_telling_drains(k, "6.12");
	synth_kernel_keyframe(k, TRACE_KF_FIRST);
	synth_kernel_task(k, 100);
	for (unsigned int i = 0; i < NR_PAGES; i++)
		pfns[i] = synth_kernel_alloc(k, 0, MIGRATE_UNMOVABLE, 0);
	for (unsigned int i = 0; i < NR_PAGES; i++)
		synth_kernel_free(k, 0, pfns[i], 0);
	mmr_machine_destroy(k->twin);
	k->twin = NULL;
}

/* Pops a page that synth_kernel_say_popped() tells of later. */
static uint32_t pop_silently(struct synth_kernel *k)
{
	uint32_t pfn;

	mmr_step_pcp_begin(k->zone, 0);
	synth_kernel_bulk(k, 0, &pfn, 1);
	return pfn;
}

/* task 100 pops a, and is preempted; task 101 pops b and tells; task 100 tells */
static uint64_t informed_of_late_pop(bool counted)
{
	uint32_t pfns[NR_PAGES], popped, first, second;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	first = k.task;
	popped = pop_silently(&k);
	second = synth_kernel_task(&k, 101);
	if (counted)
		synth_kernel_say_counts(&k, 0, 1);
	assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0), pfns[NR_PAGES - 2]);
	k.task = first;
	synth_kernel_say_popped(&k, 0, popped, MIGRATE_UNMOVABLE, 0);
	k.task = second;
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	verify_file(&k, &report);
	return report.levels[VERIFY_PCP].informed;
}

static void a_late_pop_shows_in_the_count(void **state)
{
	assert_int_equal(informed_of_late_pop(false), 1);
	assert_int_equal(informed_of_late_pop(true), 0);
}

/* task 100 pops a on CPU 0, and goes to CPU 1, where it tells; task 101 pops b on CPU 0 */
static void a_pop_is_told_on_another_cpu(void **state)
{
	uint32_t pfns[NR_PAGES], popped, first;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	first = k.task;
	popped = pop_silently(&k);
	synth_kernel_task(&k, 101);
	synth_kernel_say_counts(&k, 0, 1);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	k.task = first;
	synth_kernel_say_popped(&k, 1, popped, MIGRATE_UNMOVABLE, 0);
	verify_file(&k, &report);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 0);
	assert_int_equal(report.levels[VERIFY_ZONE].informed, 0);
}

/* task 100 says that it frees p, and is preempted; task 101 pops what was on top; p is pushed */
static uint64_t informed_of_late_push(bool counted)
{
	uint32_t pfns[NR_PAGES], page, first, second;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	first = k.task;
	page = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_kernel_say_freed(&k, 0, page, 0);
	second = synth_kernel_task(&k, 101);
	if (counted)
		synth_kernel_say_counts(&k, 0, 1);
	assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0), pfns[NR_PAGES - 2]);
	k.task = first;
	synth_kernel_insert(&k, 0, page, 0);
	if (counted)
		synth_kernel_say_counts(&k, 0, 1);
	assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0), page);
	k.task = second;
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	verify_file(&k, &report);
	return report.levels[VERIFY_PCP].informed;
}

static void a_late_push_shows_in_the_count(void **state)
{
	assert_int_equal(informed_of_late_push(false), 1);
	assert_int_equal(informed_of_late_push(true), 0);
}

/* the task pops a; an interrupt frees p and pops it again; the task tells of a */
static uint64_t informed_of_interrupt(bool counted)
{
	uint32_t pfns[NR_PAGES], popped, page;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	page = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	popped = pop_silently(&k);
	k.interrupt = true;
	if (counted)
		synth_kernel_say_counts(&k, 0, 0);
	synth_kernel_free(&k, 0, page, 0);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	k.interrupt = false;
	if (counted)
		synth_kernel_say_counts(&k, 0, 0);
	synth_kernel_say_popped(&k, 0, popped, MIGRATE_UNMOVABLE, 0);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	verify_file(&k, &report);
	return report.levels[VERIFY_PCP].informed;
}

static void a_pop_before_an_interrupt_shows_in_the_count(void **state)
{
	assert_int_equal(informed_of_interrupt(false), 1);
	assert_int_equal(informed_of_interrupt(true), 0);
}

/* A count that nothing explains: what is popped next is what it would be without it, and so is the rest. */
static void a_count_that_nothing_explains_changes_nothing(void **state)
{
	uint32_t pfns[NR_PAGES];
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	for (int less = 0; less < 6; less++) {
		synth_kernel_task(&k, 101 + (uint32_t)less);
		synth_kernel_say_counts(&k, 0, 3 - less);
		synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
		synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	}
	verify_file(&k, &report);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 0);
}

/*
 * task 100 announces a batch, and is preempted; others pop and free for longer than is looked ahead; the batch
 * is inserted
 */
static void a_batch_may_be_inserted_long_after_it_was_announced(void **state)
{
	uint32_t batch[NR_PAGES], first;
	struct verify_report report;
	struct synth_kernel k;

	synth_kernel_begin_telling_drains(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	first = synth_kernel_task(&k, 100);
	for (unsigned int i = 0; i < NR_PAGES; i++)
		batch[i] = synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	synth_kernel_say_batch_freed(&k, 0, batch, NR_PAGES);
	synth_kernel_task(&k, 101);
	for (int i = 0; i < LONG_AGO / 2; i++)
		synth_kernel_free(&k, 0, synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0), 0);
	k.task = first;
	synth_kernel_insert_batch(&k, 0, batch, NR_PAGES);
	assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0), batch[NR_PAGES - 1]);
	verify_file(&k, &report);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 0);
	assert_int_equal(report.untraced_changes, 0);
	assert_int_equal(report.unjudged, 0);
}

/*
 * From 7.x on the lock is let go after each batch of an overflow: task 100 is preempted there, and stops;
 * others pop and free, and it goes on.
 */
static void an_overflow_stops_where_its_task_is_preempted(void **state)
{
	uint32_t pfns[MANY_PAGES], first, nr = 0;
	struct verify_report report;
	struct mmr_pcp_state limits;
	struct synth_kernel k;
	int32_t count = 0;

	synth_kernel_begin_telling_drains(&k, "7.3");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	first = synth_kernel_task(&k, 100);
	for (unsigned int i = 0; i < MANY_PAGES; i++)
		pfns[i] = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	mmr_step_pcp_read(k.zone, 0, &limits, &count);
	for (; nr < MANY_PAGES && count + 1 < (int32_t)limits.high; nr += 2) {
		synth_kernel_free(&k, 0, pfns[nr], 0);
		mmr_step_pcp_read(k.zone, 0, &limits, &count);
	}
	assert_true(nr + 4 < MANY_PAGES);
	synth_kernel_say_freed(&k, 0, pfns[nr], 0);
	mmr_step_give_back(k.m, pfns[nr], 0);
	mmr_step_pcp_push(k.m, 0, k.zone, pfns[nr], 0);
	assert_true(mmr_step_pcp_overflow(k.m, 0, k.zone, 0) > 2 * (int)limits.batch);
	synth_kernel_drain(&k, 0, 0, (int)limits.batch);
	synth_kernel_task(&k, 101);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	k.task = first;
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "7.3", &report);
	assert_nothing_diverged(&report);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 1);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_ORDER], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_late_pop_shows_in_the_count),
		cmocka_unit_test(a_pop_is_told_on_another_cpu),
		cmocka_unit_test(a_late_push_shows_in_the_count),
		cmocka_unit_test(a_pop_before_an_interrupt_shows_in_the_count),
		cmocka_unit_test(a_count_that_nothing_explains_changes_nothing),
		cmocka_unit_test(an_overflow_stops_where_its_task_is_preempted),
		cmocka_unit_test(a_batch_may_be_inserted_long_after_it_was_announced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
