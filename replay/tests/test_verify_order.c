// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * verify where the order of events is not the order of what happened: frees of neighbours that are inserted
 * in pieces, blocks that wait for zone->lock, pops that are told on another CPU, pages that are told twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay/tests/synth_verify.h"

#define WORKER 40
#define OTHER  41
#define PAUSE  (5 * 1000 * 1000) /* ns */

static void assert_lists_equal(const struct verify_report *report)
{
	assert_string_equal(report->keyframe_difference, "");
	assert_int_equal(report->equal_blocks, report->compared_blocks);
	assert_int_equal(report->equal_pcp_blocks, report->compared_pcp_blocks);
	assert_int_equal(report->untraced_changes, 0);
}

static void assert_all_exact(const struct verify_report *report)
{
	for (int level = 0; level < NR_VERIFY_LEVELS; level++) {
		if (report->levels[level].diverged || report->levels[level].informed)
			fail_msg("%s: %llu diverged, %llu informed; first: event %llu expected %s, got %s",
				 verify_level_name((enum verify_level)level),
				 (unsigned long long)report->levels[level].diverged,
				 (unsigned long long)report->levels[level].informed,
				 (unsigned long long)report->first_divergence.event,
				 report->first_divergence.expected, report->first_divergence.got);
	}
	assert_int_equal(report->unjudged, 0);
	assert_lists_equal(report);
}

static void begin(struct synth_kernel *k, bool tells_buddy)
{
	if (tells_buddy)
		synth_kernel_begin_telling(k, "7.3");
	else
		synth_kernel_begin(k, "7.3");
	synth_kernel_task(k, OTHER);
	synth_kernel_keyframe(k, TRACE_KF_FIRST);
}

/* ---- neighbours ----------------------------------------------------------------------------- */

/*  worker:  free 0..11 |preempted|            free 12..31, then one order-5 block to the buddy
 *  other:               alloc, free, 5 ms                                               */
static void a_task_that_is_preempted_among_its_frees_makes_one_run(void **state)
{
	for (int tells = 0; tells < 2; tells++) {
		struct verify_report report;
		struct synth_kernel k;
		uint32_t block, page, worker, other;

		begin(&k, tells);
		block = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 5);
		page = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
		other = k.task;
		worker = synth_kernel_task(&k, WORKER);
		synth_kernel_say_pages_freed(&k, 0, block, 12);
		k.task = other;
		k.gap_ns = PAUSE;
		synth_kernel_free(&k, 0, page, 0);
		k.gap_ns = 100;
		synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
		k.task = worker;
		synth_kernel_say_pages_freed(&k, 0, block + 12, 20);
		synth_kernel_insert_pieces(&k, 0, block, 32);
		k.task = other;
		assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 5), block);
		synth_verify(&k, "7.3", &report);
		assert_all_exact(&report);
	}
}

/* Between the pieces of one call another task takes a block: those that are told go in when it is told. */
static void pieces_go_to_the_buddy_when_it_is_told(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t block, other, worker;

	begin(&k, true);
	block = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 6);
	other = k.task;
	worker = synth_kernel_task(&k, WORKER);
	synth_kernel_say_pages_freed(&k, 0, block, 48);
	synth_kernel_insert_pieces(&k, 0, block, 32);
	k.task = other;
	assert_int_equal(synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 5), block);
	k.task = worker;
	synth_kernel_insert_pieces(&k, 0, block + 32, 16);
	k.task = other;
	assert_int_equal(synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 4), block + 32);
	synth_verify(&k, "7.3", &report);
	assert_all_exact(&report);
}

/* Two stacks side by side: vmalloc() would have asked for one longer block, so these are two calls. */
static void neighbours_of_the_same_size_are_two_mappings(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t first, second;

	begin(&k, true);
	do {
		first = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 2);
		second = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 2);
	} while (second != first + 4 || first % 8);
	for (unsigned int i = 0; i < 2; i++) {
		synth_kernel_say_pages_freed(&k, 0, first + 4 * i, 4);
		synth_kernel_insert_pieces(&k, 0, first + 4 * i, 4);
	}
	synth_verify(&k, "7.3", &report);
	assert_all_exact(&report);
}

/* Where memory is short a mapping's pages are taken one by one. That they were freed as one shows when the
 * block is taken. */
static void single_pages_of_a_mapping_that_are_neighbours_are_one_piece(void **state)
{
	for (int tells = 0; tells < 2; tells++) {
		struct verify_report report;
		struct synth_kernel k;
		uint32_t first = 0, nr = 0, page;

		begin(&k, tells);
		while (nr < 8) {
			page = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
			first = nr && page == first + nr ? first : page;
			nr = page != first ? nr + 1 : page % 8 == 0;
		}
		synth_kernel_say_pages_freed(&k, 0, first, 8);
		synth_kernel_insert_pieces(&k, 0, first, 8);
		assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 3), first);
		synth_verify(&k, "7.3", &report);
		assert_all_exact(&report);
	}
}

/* What another event counts on the lists between two pages of a call is nothing that the call's task does. */
static void a_count_between_two_pages_does_not_end_a_call(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t first;

	begin(&k, false);
	first = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 3);
	synth_kernel_say_pages_freed(&k, 0, first, 5);
	synth_kernel_say_counts(&k, 0, 0);
	synth_kernel_say_pages_freed(&k, 0, first + 5, 3);
	synth_kernel_insert_pieces(&k, 0, first, 8);
	assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 3), first);
	synth_verify(&k, "7.3", &report);
	assert_all_exact(&report);
}

/* Neighbours that look like two mappings, but what is told of the buddy is one block: it was one call. */
static void what_is_told_of_the_buddy_decides(void **state)
{
	for (int one_call = 0; one_call < 2; one_call++) {
		struct verify_report report;
		struct synth_kernel k;
		uint32_t first, second;

		begin(&k, true);
		do {
			first = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 3);
			second = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 3);
		} while (second != first + 8 || first % 16);
		if (one_call) {
			synth_kernel_say_pages_freed(&k, 0, first, 16);
			synth_kernel_insert_pieces(&k, 0, first, 16);
		} else {
			synth_kernel_say_pages_freed(&k, 0, first, 8);
			synth_kernel_insert_pieces(&k, 0, first, 8);
			synth_kernel_say_pages_freed(&k, 0, second, 8);
			synth_kernel_insert_pieces(&k, 0, second, 8);
		}
		synth_verify(&k, "7.3", &report);
		assert_all_exact(&report);
	}
}

/* What was to be told is missing: the task goes on, and nothing waits any longer. */
static void a_piece_that_is_never_told_of_does_not_wait_for_ever(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t block, page;

	begin(&k, true);
	block = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 5);
	page = synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	synth_kernel_say_pages_freed(&k, 0, block, 32);
	k.tells_buddy = false;
	synth_kernel_insert_pieces(&k, 0, block, 32);
	k.tells_buddy = true;
	synth_kernel_free(&k, 0, page, 0);
	synth_verify(&k, "7.3", &report);
	assert_lists_equal(&report);
	assert_false(report.have_divergence);
}

/* ---- zone->lock ------------------------------------------------------------------------------ */

/*  CPU 0:  free a                 waits for the lock                a goes to the buddy
 *  CPU 1:          free b, b goes to the buddy                                           */
static void a_block_that_waits_for_the_zone_goes_there_last(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t a, b, other, worker;

	begin(&k, true);
	/* What lies between keeps them from merging. */
	a = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 4);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 4);
	b = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 4);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 4);
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	other = k.task;
	worker = synth_kernel_task(&k, WORKER);
	synth_kernel_say_freed(&k, 0, a, 4);
	k.task = other;
	synth_kernel_free(&k, 1, b, 4);
	k.task = worker;
	synth_kernel_insert(&k, 0, a, 4);
	k.task = other;
	assert_int_equal(synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 4), a);
	assert_int_equal(synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 4), b);
	synth_verify(&k, "7.3", &report);
	assert_all_exact(&report);
}

/* ---- told later, told elsewhere, told twice -------------------------------------------------- */

/*
 * A task pops and is preempted; others free on top of it; it tells on the other CPU. @spoiled: it says
 * something else in between, so it cannot have popped before those frees.
 */
static void tell_a_pop_elsewhere(bool spoiled, struct verify_report *report)
{
	struct synth_kernel k;
	uint32_t pages[3], popped, worker, other;

	begin(&k, true);
	for (int i = 0; i < 3; i++)
		pages[i] = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 0);
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	other = k.task;
	worker = synth_kernel_task(&k, WORKER);
	synth_kernel_free(&k, 0, pages[2], 0);
	mmr_step_pcp_begin(k.zone, 0);
	popped = mmr_step_pcp_pop(k.m, 0, k.zone, mmr_step_pindex(MIGRATE_UNMOVABLE, 0));
	assert_int_equal(popped, pages[2]);
	k.task = other;
	for (int i = 0; i < 2; i++)
		synth_kernel_free(&k, 0, pages[i], 0);
	k.task = worker;
	if (spoiled)
		synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 0);
	synth_kernel_say_popped(&k, 1, popped, MIGRATE_UNMOVABLE, 0);
	k.task = other;
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "7.3", report);
}

static void a_pop_that_is_told_on_another_cpu_is_found_below_later_frees(void **state)
{
	struct verify_report report;

	tell_a_pop_elsewhere(false, &report);
	assert_false(report.have_divergence);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_MIGRATED], 1);
	assert_lists_equal(&report);
	tell_a_pop_elsewhere(true, &report);
	assert_true(report.have_divergence);
	assert_int_equal(report.causes[VERIFY_DIVERGED - 1][VERIFY_CAUSE_MIGRATED], 1);
}

static void the_ordinary_page_of_a_bulk_allocation_may_be_told_twice(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t page;

	begin(&k, true);
	page = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_kernel_bulk_told(&k, 0, page);
	synth_kernel_free(&k, 0, page, 0);
	synth_verify(&k, "7.3", &report);
	assert_false(report.have_divergence);
	assert_int_equal(report.unjudged, 1);
	assert_lists_equal(&report);
}

/*  list: a b c d ...   a call takes a, b, c;  x is freed on top;  then the call's end tells a, b, c */
static void a_bulk_call_is_told_after_what_was_freed_since(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t page, pfns[3];

	begin(&k, true);
	page = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_kernel_bulk(&k, 0, pfns, 3);
	synth_kernel_free(&k, 0, page, 0);
	for (int i = 0; i < 3; i++)
		synth_kernel_bulk_told(&k, 0, pfns[i]);
	assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0), page);
	synth_verify(&k, "7.3", &report);
	assert_false(report.have_divergence);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 1);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_ORDER], 1);
	assert_lists_equal(&report);
}

/*
 * An exiting task frees its page tables one by one, all from before the recording: that two of them are
 * neighbours makes them no piece, as the page from elsewhere that follows comes as soon as the second one did.
 */
static void neighbours_in_a_row_of_single_frees_are_no_piece(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	struct mmr_step_fallback way;
	uint32_t pair, other;

	synth_kernel_begin(&k, "7.3");
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	assert_true(mmr_step_peek_fallback(k.m, k.zone, 1, MIGRATE_UNMOVABLE, false, &way));
	pair = mmr_step_fallback(k.m, 0, k.zone, 1, MIGRATE_UNMOVABLE, false, &way);
	other = mmr_step_take_smallest(k.m, 0, k.zone, 1, MIGRATE_UNMOVABLE) + 1;
	for (uint32_t i = 0; i < 2; i++) {
		mmr_step_hand_out(k.m, k.zone, pair + i, 0, MIGRATE_UNMOVABLE);
		mmr_step_hand_out(k.m, k.zone, other - i, 0, MIGRATE_UNMOVABLE);
	}
	synth_kernel_task(&k, OTHER);
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	for (uint32_t i = 0; i < 2; i++)
		synth_kernel_free(&k, 0, pair + i, 0);
	synth_kernel_free(&k, 0, other, 0);
	synth_verify(&k, "7.3", &report);
	assert_all_exact(&report);
}

/* The first page of a call is never told, but it is freed again: it is no longer on the list. */
static void a_page_of_a_bulk_call_that_is_not_told_is_taken_off(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t pfns[4];

	begin(&k, true);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_kernel_bulk(&k, 0, pfns, 4);
	for (int i = 1; i < 4; i++)
		synth_kernel_bulk_told(&k, 0, pfns[i]);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_kernel_free(&k, 0, pfns[0], 0);
	synth_verify(&k, "7.3", &report);
	assert_false(report.have_divergence);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 1);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_BULK], 1);
	assert_string_equal(report.keyframe_difference, "");
	assert_int_equal(report.untraced_changes, 1);
}

/* The recorder's two programs ran on two CPUs, as the task moved between them. */
static void an_allocation_that_is_told_twice_counts_once(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t page;

	begin(&k, true);
	page = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_kernel_say_popped(&k, 1, page, MIGRATE_UNMOVABLE, 0);
	synth_kernel_free(&k, 0, page, 0);
	synth_verify(&k, "7.3", &report);
	assert_false(report.have_divergence);
	assert_int_equal(report.unjudged, 1);
	assert_lists_equal(&report);
}

/* A task pops, the list is read, and only then the task tells. */
static void a_pop_that_is_told_after_the_list_was_read_is_done_before(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t popped;

	begin(&k, true);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	mmr_step_pcp_begin(k.zone, 0);
	popped = mmr_step_pcp_pop(k.m, 0, k.zone, mmr_step_pindex(MIGRATE_UNMOVABLE, 0));
	synth_kernel_keyframe(&k, 0);
	synth_kernel_say_popped(&k, 0, popped, MIGRATE_UNMOVABLE, 0);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "7.3", &report);
	assert_false(report.have_divergence);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 1);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_ORDER], 1);
	assert_lists_equal(&report);
}

/*
 * Two pages are freed after a pop that is told later, by a task that does nothing else since: they were pushed
 * when they were freed, as the pop came before both.
 */
static void frees_above_a_pop_that_is_told_late_stay_where_they_are(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t pages[2], popped, worker;

	begin(&k, true);
	for (int i = 0; i < 2; i++)
		pages[i] = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	mmr_step_pcp_begin(k.zone, 0);
	popped = mmr_step_pcp_pop(k.m, 0, k.zone, mmr_step_pindex(MIGRATE_UNMOVABLE, 0));
	worker = synth_kernel_task(&k, WORKER);
	for (int i = 0; i < 2; i++)
		synth_kernel_free(&k, 0, pages[i], 0);
	synth_kernel_task(&k, OTHER);
	synth_kernel_say_popped(&k, 0, popped, MIGRATE_UNMOVABLE, 0);
	synth_kernel_free(&k, 0, popped, 0);
	k.task = worker;
	synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "7.3", &report);
	assert_false(report.have_divergence);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 1);
	assert_lists_equal(&report);
}

/* A task pops a page and is preempted; others free until the list is full, one page later than it seems. */
static void a_late_pop_shows_where_no_drain_is_told(void **state)
{
	enum { NR_PAGES = 400 };
	uint32_t pfns[NR_PAGES], popped, first;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, false);
	for (unsigned int i = 0; i < NR_PAGES; i++)
		pfns[i] = synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	for (unsigned int i = 0; i < 10; i++)
		synth_kernel_free(&k, 0, pfns[i], 0);
	first = synth_kernel_task(&k, WORKER);
	mmr_step_pcp_begin(k.zone, 0);
	synth_kernel_bulk(&k, 0, &popped, 1);
	synth_kernel_task(&k, OTHER);
	for (unsigned int i = 10; i < NR_PAGES; i++)
		synth_kernel_free(&k, 0, pfns[i], 0);
	k.task = first;
	synth_kernel_say_popped(&k, 0, popped, MIGRATE_MOVABLE, 0);
	synth_verify(&k, "7.3", &report);
	assert_false(report.have_divergence);
	assert_in_range(report.levels[VERIFY_PCP].informed, 1, 2);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_ORDER],
			 report.levels[VERIFY_PCP].informed);
	assert_lists_equal(&report);
}

/* Lists of up to 600 pages, so that a huge one fits. */
static void allow_long_lists(struct synth_kernel *k)
{
	for (unsigned int cpu = 0; cpu < SYNTH_NR_CPUS; cpu++) {
		struct mmr_pcp_state state;
		int32_t count;

		mmr_step_pcp_read(k->zone, cpu, &state, &count);
		state.high = state.high_min = state.high_max = 600;
		mmr_step_pcp_write(k->zone, cpu, &state, count);
	}
}

/* A huge page is popped and cleared; meanwhile others free what would be too much if it were still on its list.
 */
static void a_huge_page_that_is_being_cleared_is_off_its_list(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t pages[120], huge, other, worker;

	synth_kernel_begin_telling(&k, "7.3");
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	allow_long_lists(&k);
	other = synth_kernel_task(&k, OTHER);
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	for (int i = 0; i < 120; i++)
		pages[i] = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	worker = synth_kernel_task(&k, WORKER);
	synth_kernel_free(&k, 0, synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 9), 9);
	mmr_step_pcp_begin(k.zone, 0);
	huge = mmr_step_pcp_pop(k.m, 0, k.zone, mmr_step_pindex(MIGRATE_MOVABLE, 9));
	k.task = other;
	for (int i = 0; i < 120; i++)
		synth_kernel_free(&k, 0, pages[i], 0);
	k.task = worker;
	synth_kernel_say_popped(&k, 0, huge, MIGRATE_MOVABLE, 9);
	synth_verify(&k, "7.3", &report);
	assert_false(report.have_divergence);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 1);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_ORDER], 1);
	assert_lists_equal(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_that_is_preempted_among_its_frees_makes_one_run),
		cmocka_unit_test(pieces_go_to_the_buddy_when_it_is_told),
		cmocka_unit_test(neighbours_of_the_same_size_are_two_mappings),
		cmocka_unit_test(single_pages_of_a_mapping_that_are_neighbours_are_one_piece),
		cmocka_unit_test(a_count_between_two_pages_does_not_end_a_call),
		cmocka_unit_test(what_is_told_of_the_buddy_decides),
		cmocka_unit_test(a_late_pop_shows_where_no_drain_is_told),
		cmocka_unit_test(a_piece_that_is_never_told_of_does_not_wait_for_ever),
		cmocka_unit_test(a_block_that_waits_for_the_zone_goes_there_last),
		cmocka_unit_test(a_pop_that_is_told_on_another_cpu_is_found_below_later_frees),
		cmocka_unit_test(the_ordinary_page_of_a_bulk_allocation_may_be_told_twice),
		cmocka_unit_test(a_bulk_call_is_told_after_what_was_freed_since),
		cmocka_unit_test(neighbours_in_a_row_of_single_frees_are_no_piece),
		cmocka_unit_test(a_page_of_a_bulk_call_that_is_not_told_is_taken_off),
		cmocka_unit_test(a_huge_page_that_is_being_cleared_is_off_its_list),
		cmocka_unit_test(an_allocation_that_is_told_twice_counts_once),
		cmocka_unit_test(frees_above_a_pop_that_is_told_late_stay_where_they_are),
		cmocka_unit_test(a_pop_that_is_told_after_the_list_was_read_is_done_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
