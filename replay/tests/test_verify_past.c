// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that go past a per-CPU list, as that is locked: a kernel in miniature puts them into the buddy without
 * an event, and verify must find out which, and when.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/tests/synth_verify.h"

#define NR_PAGES 120

static void assert_told(const struct verify_report *report, uint64_t nr_locked)
{
	assert_nothing_diverged(report);
	assert_int_equal(report->causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_PCP_LOCKED], nr_locked);
}

static void begin(struct synth_kernel *k, uint32_t pfns[NR_PAGES], bool tells_drains)
{
	if (tells_drains)
		synth_kernel_begin_telling_drains(k, "6.12");
	else
		synth_kernel_begin(k, "6.12");
	synth_kernel_keyframe(k, TRACE_KF_FIRST);
	synth_kernel_task(k, 100);
	for (unsigned int i = 0; i < NR_PAGES; i++)
		pfns[i] = synth_kernel_alloc(k, 0, MIGRATE_UNMOVABLE, 0);
	mmr_machine_destroy(k->twin);
	k->twin = NULL;
}

/* A page that was announced goes to the buddy, which no event tells. */
static void insert_past(struct synth_kernel *k, uint32_t pfn)
{
	assert_int_equal(mmr_step_give_back(k->m, pfn, 0), MMR_PAGE_ALLOCATED);
	mmr_step_insert(k->m, 0, k->zone, pfn, 0, false);
}

static void push_twenty(struct synth_kernel *k, const uint32_t *pfns)
{
	for (unsigned int i = 0; i < 20; i++)
		synth_kernel_free(k, 0, pfns[i], 0);
}

/* batch: a b c d e f   c and d find the list locked; nothing is seen of them again */
static void a_page_of_a_batch_without_its_event_went_past(void **state)
{
	uint32_t pfns[NR_PAGES];
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns, true);
	for (unsigned int i = 20; i < 26; i++)
		synth_kernel_say_freed(&k, 0, pfns[i], 0);
	for (unsigned int i = 20; i < 26; i++) {
		if (i == 22 || i == 23)
			insert_past(&k, pfns[i]);
		else
			synth_kernel_insert_batched(&k, 0, pfns[i]);
	}
	synth_verify(&k, "6.12", &report);
	assert_told(&report, 2);
}

/*
 * CPU 1: drains CPU 0's lists, and holds their lock | CPU 0: a batch of neighbours of what is drained. None of
 * it gets to the list, and where zone->lock is held, too, it waits until all are drained. Then they are taken
 * again.
 */
static void a_batch_goes_past_a_list_that_another_cpu_drains(void **state)
{
	for (int holds = 0; holds < 2; holds++) {
		uint32_t pfns[NR_PAGES], batch, drainer;
		struct verify_report report;
		struct synth_kernel k;

		begin(&k, pfns, true);
		push_twenty(&k, pfns);
		batch = k.task;
		drainer = synth_kernel_task(&k, 101);
		synth_kernel_say(&k, 1, TRACE_DRAIN_PAGES);
		if (holds)
			synth_kernel_drain(&k, 1, 0, 10);
		k.task = batch;
		k.now_ns += 20 * 1000 * 1000;
		for (unsigned int i = 20; i < 26; i++)
			synth_kernel_say_freed(&k, 0, pfns[i], 0);
		for (unsigned int i = 20; i < 26 && !holds; i++)
			insert_past(&k, pfns[i]);
		k.task = drainer;
		k.tells_drains = !holds; /* that it begins */
		synth_kernel_drain(&k, 1, 0, holds ? 10 : 20);
		k.tells_drains = true;
		for (unsigned int i = 20; i < 26 && holds; i++)
			insert_past(&k, pfns[i]);
		k.now_ns += 20 * 1000 * 1000;
		for (unsigned int i = 0; i < 40; i++)
			synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 0);
		synth_verify(&k, "6.12", &report);
		assert_told(&report, 6);
	}
}

/* CPU 1: drains all of CPU 0's lists | CPU 0: its list is empty, and locked: it takes one block past it */
static void a_single_block_while_others_drain_is_no_refill(void **state)
{
	uint32_t pfns[NR_PAGES], first, taken;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns, true);
	push_twenty(&k, pfns);
	first = k.task;
	synth_kernel_task(&k, 101);
	synth_kernel_drain(&k, 1, 0, 1000);
	k.task = first;
	taken = synth_kernel_take(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_kernel_say_popped(&k, 0, taken, MIGRATE_UNMOVABLE, 0);
	for (unsigned int i = 0; i < 20; i++)
		synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "6.12", &report);
	assert_told(&report, 0);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 0);
}

/* What an interrupt frees while the list is locked, of which nothing is in sight for as long as verify looks.
 */
static void free_past_out_of_sight(struct synth_kernel *k, uint32_t pfn)
{
	uint32_t task = k->task, page;

	k->interrupt = true;
	synth_kernel_say_freed(k, 0, pfn, 0);
	k->interrupt = false;
	insert_past(k, pfn);
	synth_kernel_task(k, 102);
	for (unsigned int i = 0; i < 50000; i++) {
		page = synth_kernel_alloc(k, 1, MIGRATE_RECLAIMABLE, 0);
		synth_kernel_free(k, 1, page, 0);
	}
	k->task = task;
}

static void drain_from_elsewhere(struct synth_kernel *k)
{
	synth_kernel_task(k, 103);
	synth_kernel_drain(k, 1, 0, 1000);
}

static void the_count_tells_of_a_page_in_doubt(void **state)
{
	uint32_t pfns[NR_PAGES];
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns, true);
	free_past_out_of_sight(&k, pfns[30]);
	push_twenty(&k, pfns);
	drain_from_elsewhere(&k);
	synth_verify(&k, "6.12", &report);
	assert_told(&report, 0);
}

/* No count is told, but the page would be the first to be drained, and is not: once. */
static void a_page_in_doubt_that_is_not_drained_went_past(void **state)
{
	uint32_t pfns[NR_PAGES];
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns, false);
	drain_from_elsewhere(&k);
	free_past_out_of_sight(&k, pfns[30]);
	push_twenty(&k, pfns);
	drain_from_elsewhere(&k);
	synth_verify(&k, "6.12", &report);
	assert_told(&report, 1);
}

/* It goes past its list, but others take blocks before it gets the lock; then it is the next to be taken. */
static void a_page_that_went_past_may_wait_for_long(void **state)
{
	uint32_t pfns[NR_PAGES], task, taken;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns, true);
	push_twenty(&k, pfns);
	task = k.task;
	k.interrupt = true;
	synth_kernel_say_freed(&k, 0, pfns[30], 0);
	k.interrupt = false;
	synth_kernel_task(&k, 101);
	for (int i = 0; i < 4; i++) {
		if (i == 3)
			insert_past(&k, pfns[30]);
		taken = synth_kernel_take(&k, 0, MIGRATE_UNMOVABLE, 0);
		synth_kernel_say_popped(&k, 0, taken, MIGRATE_UNMOVABLE, 0);
	}
	assert_int_equal(taken, pfns[30]);
	k.task = task;
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "6.12", &report);
	assert_told(&report, 4);
}

/* Two pages of one interrupt: the lock of the list was taken for the first only. */
static void each_page_of_an_interrupt_looks_for_the_lock(void **state)
{
	uint32_t pfns[NR_PAGES];
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns, true);
	push_twenty(&k, pfns);
	k.interrupt = true;
	synth_kernel_say_freed(&k, 0, pfns[30], 0);
	insert_past(&k, pfns[30]);
	synth_kernel_free(&k, 0, pfns[40], 0);
	k.interrupt = false;
	assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0), pfns[40]);
	synth_kernel_task(&k, 101);
	assert_int_equal(synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 0), pfns[30]);
	synth_verify(&k, "6.12", &report);
	assert_told(&report, 1);
}

/* A task drains its CPU's lists, and an interrupt frees a page meanwhile: what is drained then is the task's.
 */
static void what_the_interrupted_task_drains_is_no_overflow(void **state)
{
	uint32_t pfns[NR_PAGES];
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns, true);
	push_twenty(&k, pfns);
	synth_kernel_say(&k, 0, TRACE_DRAIN_PAGES);
	k.interrupt = true;
	synth_kernel_free(&k, 0, pfns[30], 0);
	k.interrupt = false;
	synth_kernel_drain(&k, 0, 0, 2);
	synth_verify(&k, "6.12", &report);
	assert_told(&report, 0);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_of_a_batch_without_its_event_went_past),
		cmocka_unit_test(a_batch_goes_past_a_list_that_another_cpu_drains),
		cmocka_unit_test(a_single_block_while_others_drain_is_no_refill),
		cmocka_unit_test(the_count_tells_of_a_page_in_doubt),
		cmocka_unit_test(a_page_in_doubt_that_is_not_drained_went_past),
		cmocka_unit_test(a_page_that_went_past_may_wait_for_long),
		cmocka_unit_test(each_page_of_an_interrupt_looks_for_the_lock),
		cmocka_unit_test(what_the_interrupted_task_drains_is_no_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
