// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drains that are told, and pops that are told late: a kernel in miniature does things in another order than it
 * says them, and verify must find out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/tests/synth_verify.h"

#define NR_PAGES 400 /* more than a list may be long */

static void assert_told(const struct verify_report *report)
{
	assert_nothing_diverged(report);
	assert_int_equal(report->untraced_changes, 0);
}

static uint64_t informed(const struct verify_report *report)
{
	return report->levels[VERIFY_PCP].informed + report->levels[VERIFY_BUDDY].informed;
}

static void begin(struct synth_kernel *k, uint32_t pfns[NR_PAGES])
{
	synth_kernel_begin_telling_drains(k, "6.12");
	synth_kernel_keyframe(k, TRACE_KF_FIRST);
	synth_kernel_task(k, 100);
	for (unsigned int i = 0; i < NR_PAGES; i++)
		pfns[i] = synth_kernel_alloc(k, 0, MIGRATE_UNMOVABLE, 0);
}

/* Pops a page that synth_kernel_say_popped() tells of later. */
static uint32_t pop_silently(struct synth_kernel *k)
{
	uint32_t pfn;

	mmr_step_pcp_begin(k->zone, 0);
	synth_kernel_bulk(k, 0, &pfn, 1);
	return pfn;
}

static void forget_twin(struct synth_kernel *k)
{
	mmr_machine_destroy(k->twin);
	k->twin = NULL;
}

static bool list_is_empty(const struct synth_kernel *k)
{
	return mmr_step_pcp_head(k->zone, 0, mmr_step_pindex(MIGRATE_UNMOVABLE, 0)) == MMR_NO_PFN;
}

/* list: empty   the task refills it, pops and is interrupted; the interrupt's free lies on top of the rest */
static void a_refills_pop_comes_before_an_interrupt(void **state)
{
	uint32_t pfns[NR_PAGES], popped;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	while (!list_is_empty(&k))
		synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	popped = pop_silently(&k);
	k.interrupt = true;
	synth_kernel_free(&k, 0, pfns[0], 0);
	k.interrupt = false;
	synth_kernel_say_popped(&k, 0, popped, MIGRATE_UNMOVABLE, 0);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(informed(&report), 0);
}

/* CPU 0: refills (or takes a block), goes to CPU 1 | CPU 1: frees what the task before it left, tells its pop
 * CPU 0: others pop from the refilled list, before and after */
static void a_block_taken_is_told_on_another_cpu(void **state)
{
	for (int direct = 0; direct < 2; direct++) {
		uint32_t pfns[NR_PAGES], taken, first, second;
		struct verify_report report;
		struct synth_kernel k;

		begin(&k, pfns);
		first = k.task;
		while (!direct && !list_is_empty(&k))
			synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
		taken = direct ? synth_kernel_take(&k, 0, MIGRATE_UNMOVABLE, 5) : pop_silently(&k);
		second = synth_kernel_task(&k, 101);
		for (int i = 0; i < 3; i++)
			synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
		k.task = first;
		synth_kernel_free(&k, 1, pfns[0], 0);
		synth_kernel_say_popped(&k, 1, taken, MIGRATE_UNMOVABLE, direct ? 5 : 0);
		k.task = second;
		for (int i = 0; i < 3; i++)
			synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
		synth_verify(&k, "6.12", &report);
		assert_told(&report);
		assert_int_equal(informed(&report), 0);
	}
}

/* kswapd on CPU 1: tells that it begins ...         sets the flag, says something; ends
 * CPU 0:                                frees pages              frees more: most of the list is drained */
static void kswapds_flag_is_set_after_it_tells(void **state)
{
	enum { RECLAIM_ACTIVE = 1u << 1 };
	uint32_t pfns[NR_PAGES], kswapd, other, nr = 0;
	struct verify_report report;
	struct synth_kernel k;
	struct mmr_pcp_state limits;
	int32_t count;

	begin(&k, pfns);
	other = k.task;
	mmr_step_pcp_read(k.zone, 0, &limits, &count);
	kswapd = synth_kernel_task(&k, 101);
	k.task = other;
	for (; nr < NR_PAGES && count + 2 < (int32_t)limits.high; nr++) {
		synth_kernel_free(&k, 0, pfns[nr], 0);
		mmr_step_pcp_read(k.zone, 0, &limits, &count);
	}
	assert_true(nr > 0 && nr + 8 < NR_PAGES);
	assert_true(count > 4 * (int32_t)limits.batch);
	k.task = kswapd;
	synth_kernel_say(&k, 1, TRACE_BALANCE_BEGIN);
	k.task = other;
	synth_kernel_free(&k, 0, pfns[nr++], 0);
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	mmr_step_set_zone_flags(k.zone, mmr_step_zone_flags(k.zone) | RECLAIM_ACTIVE);
	k.task = kswapd;
	synth_kernel_free(&k, 1, pfns[nr++], 0);
	k.task = other;
	synth_kernel_free(&k, 0, pfns[nr++], 0);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 1);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_ZONE_FLAGS], 1);
}

/*
 * For one free the zone is below its high mark, as nothing tells: it drains what was freed lately. That high
 * had sunk to what was on the list would explain that as well; that the list gets longer afterwards, and
 * nothing is drained, tells.
 */
static void a_high_that_had_not_sunk_is_what_it_was(void **state)
{
	enum { BELOW_HIGH = 1u << 2, LONG = 100 };
	uint32_t pfns[NR_PAGES], nr = 0;
	struct verify_report report;
	struct mmr_pcp_state limits;
	struct synth_kernel k;
	int32_t count, drained;

	begin(&k, pfns);
	mmr_step_pcp_read(k.zone, 0, &limits, &count);
	for (; nr < NR_PAGES && count < LONG; nr++) {
		synth_kernel_free(&k, 0, pfns[nr], 0);
		mmr_step_pcp_read(k.zone, 0, &limits, &count);
	}
	assert_true(count == LONG && limits.high > 2 * LONG);
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	mmr_step_set_zone_flags(k.zone, mmr_step_zone_flags(k.zone) | BELOW_HIGH);
	synth_kernel_free(&k, 0, pfns[nr++], 0);
	mmr_step_set_zone_flags(k.zone, mmr_step_zone_flags(k.zone) & ~BELOW_HIGH);
	mmr_step_pcp_read(k.zone, 0, &limits, &drained);
	assert_true(drained < LONG && limits.high > LONG + 10);
	for (count = drained; nr < NR_PAGES && count < LONG + 10; nr++) {
		synth_kernel_free(&k, 0, pfns[nr], 0);
		mmr_step_pcp_read(k.zone, 0, &limits, &count);
	}
	assert_int_equal(count, LONG + 10);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 2);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_DECAY], 2);
}

/* kswapd: works; takes its flag away, is preempted                   wakes kcompactd, tells that it has ended
 * another on its CPU:                               frees: no drain */
static void kswapds_flag_is_gone_before_it_tells(void **state)
{
	enum { RECLAIM_ACTIVE = 1u << 1 };
	uint32_t pfns[NR_PAGES], kswapd, other, nr = 0;
	struct verify_report report;
	struct mmr_pcp_state limits;
	struct synth_kernel k;
	int32_t count;

	begin(&k, pfns);
	other = k.task;
	mmr_step_pcp_read(k.zone, 0, &limits, &count);
	kswapd = synth_kernel_task(&k, 101);
	k.task = other;
	for (; nr < NR_PAGES && count + 2 < (int32_t)limits.high; nr++) {
		synth_kernel_free(&k, 0, pfns[nr], 0);
		mmr_step_pcp_read(k.zone, 0, &limits, &count);
	}
	assert_true(nr > 0 && nr + 3 < NR_PAGES);
	k.task = kswapd;
	synth_kernel_say(&k, 0, TRACE_BALANCE_BEGIN);
	synth_kernel_say(&k, 0, TRACE_KSWAPD_WAKE);
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	k.task = other;
	synth_kernel_free(&k, 0, pfns[nr++], 0);
	k.task = kswapd;
	synth_kernel_say(&k, 0, TRACE_WAKEUP_KCOMPACTD);
	synth_kernel_say(&k, 0, TRACE_BALANCE_END);
	k.task = other;
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 1);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_ZONE_FLAGS], 1);
}

static void say_args(struct synth_kernel *k, enum trace_event_type type, const struct trace_args *args)
{
	const struct trace_class cls = {.type = (uint8_t)type, .nr_args = args->nr, .zone = ZONE_DMA32};
	struct trace_event event = {.ts_ns = k->now_ns += k->gap_ns, .pfn = TRACE_NO_PFN, .task = k->task};
	struct mmr_error err = {0};

	if (trace_writer_class(k->writer, &cls, &event.class_id, &err) ||
	    trace_writer_event_args(k->writer, &event, args, &err))
		fail_msg("%s", err.msg);
	k->nr_events++;
}

/* The list may be longer than the model has it. Where memory is short refills that brought nothing made it so;
 * told once, the model knows it. */
static void refills_that_brought_nothing_made_the_list_longer(void **state)
{
	for (int is_short = 0; is_short < 2; is_short++) {
		uint32_t pfns[NR_PAGES];
		struct verify_report report;
		struct mmr_pcp_state limits;
		struct synth_kernel k;
		int32_t count = 0;

		begin(&k, pfns);
		mmr_step_pcp_read(k.zone, 0, &limits, &count);
		assert_int_equal(limits.high, limits.high_max);
		say_args(&k, TRACE_PCP_DECAY, &(struct trace_args){.nr = 3, .v = {0, 0, limits.high_min}});
		if (is_short)
			say_args(&k, TRACE_ZONE_WMARKS,
				 &(struct trace_args){.nr = 5, .v = {0, 300, 375, 100000, 100000}});
		for (unsigned int i = 0; count + 10 < (int32_t)limits.high; i++, count++)
			synth_kernel_free(&k, 0, pfns[i], 0);
		synth_verify(&k, "6.12", &report);
		if (is_short)
			assert_told(&report);
		assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_RAISED], is_short);
	}
}

/* A page comes to the list with no event of its free, and is drained. */
static void a_drained_page_that_nobody_freed_is_missing_its_free(void **state)
{
	uint32_t pfns[NR_PAGES];
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	for (unsigned int i = 0; i < 3; i++)
		synth_kernel_free(&k, 0, pfns[i], 0);
	synth_kernel_insert(&k, 0, pfns[10], 0);
	synth_kernel_task(&k, 101);
	synth_kernel_drain(&k, 0, 0, 1000);
	synth_verify(&k, "6.12", &report);
	assert_int_equal(report.levels[VERIFY_PCP].diverged, 1);
	assert_int_equal(report.causes[VERIFY_DIVERGED - 1][VERIFY_CAUSE_MISSING], 1);
	assert_string_equal(report.keyframe_difference, "");
}

/* The task whose free made nothing too many is the vmstat worker next, which drains the list: another reason.
 */
static void what_the_vmstat_worker_drains_is_no_overflow(void **state)
{
	uint32_t pfns[NR_PAGES];
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	for (unsigned int i = 0; i < 20; i++)
		synth_kernel_free(&k, 0, pfns[i], 0);
	synth_kernel_say(&k, 0, TRACE_VMSTAT_FOLD);
	synth_kernel_drain(&k, 0, 0, 7);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(informed(&report), 0);
}

/*
 * Compaction takes a block, tries twice to move a page to a part of it, keeps that part and frees it at its
 * end: three events of frees, of which the last puts the page on a list.
 */
static void what_compaction_does_not_need_it_frees_at_its_end(void **state)
{
	uint32_t pfns[NR_PAGES], page;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	synth_kernel_task(&k, 101);
	synth_kernel_say(&k, 0, TRACE_COMPACT_BEGIN);
	page = synth_kernel_isolate_told(&k, 10, MIGRATE_MOVABLE) + 1;
	for (int i = 0; i < 2; i++)
		synth_kernel_say_freed(&k, 0, page, 0);
	synth_kernel_free(&k, 0, page, 0);
	synth_kernel_say(&k, 0, TRACE_COMPACT_END);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(informed(&report), 0);
}

/* list: a b c d ...   compaction looks for a block at one end of memory, and takes c: the list is c d ... a b
 * then, and d the next that is taken */
static void what_compaction_finds_on_a_list_it_turns_to_first(void **state)
{
	uint32_t pfns[NR_PAGES], pfn;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	forget_twin(&k);
	synth_kernel_task(&k, 101);
	synth_kernel_say(&k, 0, TRACE_COMPACT_BEGIN);
	pfn = mmr_step_free_head(k.zone, MAX_PAGE_ORDER, MIGRATE_MOVABLE);
	for (int i = 0; i < 2; i++)
		pfn = mmr_step_free_next(k.m, pfn, MAX_PAGE_ORDER);
	assert_true(mmr_step_make_head(k.m, k.zone, pfn, MAX_PAGE_ORDER, MIGRATE_MOVABLE));
	synth_kernel_isolate_told(&k, MAX_PAGE_ORDER, MIGRATE_MOVABLE);
	synth_kernel_free(&k, 0, pfns[0], 0);
	synth_kernel_say(&k, 0, TRACE_COMPACT_END);
	for (int i = 0; i < 100; i++)
		synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(informed(&report), 0);
}

/* list: a b c ...   task 100 pops a and is preempted; task 101 frees until pages are drained, and is told how
 * many pages there are: one less than without the pop */
static void a_late_pop_shows_in_the_count_that_a_drain_tells(void **state)
{
	uint32_t pfns[NR_PAGES], popped, first, second;
	struct verify_report report;
	struct synth_kernel k;
	unsigned int i = 0;

	begin(&k, pfns);
	while (list_is_empty(&k))
		synth_kernel_free(&k, 0, pfns[i++], 0);
	first = k.task;
	popped = pop_silently(&k);
	second = synth_kernel_task(&k, 101);
	for (; i < NR_PAGES; i++)
		synth_kernel_free(&k, 0, pfns[i], 0);
	k.task = first;
	synth_kernel_say_popped(&k, 0, popped, MIGRATE_UNMOVABLE, 0);
	k.task = second;
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_in_range(informed(&report), 1, 2);
}

/* CPU 1 drains CPU 0's lists: whose they are is told, and nothing is a surprise. */
static void a_drain_of_another_cpus_lists_is_told(void **state)
{
	uint32_t pfns[NR_PAGES];
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	for (unsigned int i = 0; i < 20; i++)
		synth_kernel_free(&k, 0, pfns[i], 0);
	synth_kernel_task(&k, 101);
	synth_kernel_drain(&k, 1, 0, 5);
	synth_kernel_drain(&k, 0, 0, 1000);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(informed(&report), 0);
}

/* A batch of more pages than any folio batch: all are announced before the first is inserted. */
static void a_long_batch_is_inserted_when_it_says_so(void **state)
{
	static uint32_t pfns[2500];
	struct verify_report report;
	struct synth_kernel k;

	synth_kernel_begin_telling_drains(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_kernel_task(&k, 100);
	for (unsigned int i = 0; i < 2500; i++)
		pfns[i] = synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	synth_kernel_free_batch(&k, 0, pfns, 2500);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(informed(&report), 0);
}

/* list: a b c d ...   a leaves it without an event; b and c are popped */
static void a_head_that_is_passed_over_twice_is_gone(void **state)
{
	uint32_t pfns[NR_PAGES], gone;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	for (unsigned int i = 0; i < 5; i++)
		synth_kernel_free(&k, 0, pfns[i], 0);
	synth_kernel_bulk(&k, 0, &gone, 1);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "6.12", &report);
	assert_int_equal(report.levels[VERIFY_PCP].diverged, 0);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 2);
	assert_int_equal(report.untraced_changes, 1);
	assert_string_equal(report.keyframe_difference, "");
}

/* Compaction has rotated the list that an unmovable request falls back to: wrong once, and right from there on.
 */
static void a_fallback_to_a_rotated_list_is_put_right_at_once(void **state)
{
	struct mmr_step_fallback way;
	struct verify_report report;
	struct synth_kernel k;
	uint32_t second;

	synth_kernel_begin_telling_drains(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_kernel_task(&k, 100);
	while (mmr_step_peek_smallest(k.zone, 0, MIGRATE_UNMOVABLE) != MMR_NO_PFN)
		synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	assert_true(mmr_step_peek_fallback(k.m, k.zone, 4, MIGRATE_UNMOVABLE, false, &way));
	second = mmr_step_free_next(k.m, way.block, way.order);
	assert_int_not_equal(second, MMR_NO_PFN);
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	assert_true(mmr_step_make_head(k.m, k.zone, second, way.order, way.mt));
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 4);
	for (unsigned int i = 0; i < 20; i++)
		synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "6.12", &report);
	assert_int_equal(report.levels[VERIFY_FALLBACK].diverged, 1);
	assert_int_equal(report.causes[VERIFY_DIVERGED - 1][VERIFY_CAUSE_ROTATED], 1);
	assert_int_equal(report.levels[VERIFY_BUDDY].diverged + report.levels[VERIFY_PCP].diverged, 0);
	assert_string_equal(report.keyframe_difference, "");
}

/* list: a b c d ...   b was put in front of a by something that is not told: wrong once, and a is the next */
static void a_block_ahead_of_its_place_leaves_the_list_as_it_is(void **state)
{
	uint32_t pfns[NR_PAGES], first, second;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	forget_twin(&k);
	first = mmr_step_free_head(k.zone, MAX_PAGE_ORDER, MIGRATE_MOVABLE);
	second = mmr_step_free_next(k.m, first, MAX_PAGE_ORDER);
	mmr_step_withdraw(k.m, 0, second, MAX_PAGE_ORDER);
	mmr_step_insert(k.m, 0, k.zone, second, MAX_PAGE_ORDER, false);
	assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, MAX_PAGE_ORDER), second);
	assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, MAX_PAGE_ORDER), first);
	synth_verify(&k, "6.12", &report);
	assert_int_equal(report.levels[VERIFY_BUDDY].diverged, 1);
	assert_int_equal(report.causes[VERIFY_DIVERGED - 1][VERIFY_CAUSE_ROTATED], 1);
	assert_string_equal(report.keyframe_difference, "");
}

/* ---- interrupts ---------------------------------------------------------------------------- */

/* An interrupt frees a page while the list is locked: to the buddy, which no event tells. */
static void free_past_the_list(struct synth_kernel *k, uint32_t pfn)
{
	k->interrupt = true;
	synth_kernel_say_freed(k, 0, pfn, 0);
	k->interrupt = false;
	assert_int_equal(mmr_step_give_back(k->m, pfn, 0), MMR_PAGE_ALLOCATED);
	mmr_step_insert(k->m, 0, k->zone, pfn, 0, false);
}

static void free_in_interrupt(struct synth_kernel *k, uint32_t pfn)
{
	k->interrupt = true;
	synth_kernel_free(k, 0, pfn, 0);
	k->interrupt = false;
}

/* The task announces a free; before the page is on the list an interrupt frees until pages are drained, and is
 * told how many there are: one less than were announced. */
static void an_interrupt_before_the_push_shows_in_the_count(void **state)
{
	uint32_t pfns[NR_PAGES];
	struct verify_report report;
	struct mmr_pcp_state limits;
	struct synth_kernel k;
	int32_t before = 0, count = 1;
	unsigned int i = 21;

	begin(&k, pfns);
	forget_twin(&k);
	for (unsigned int n = 0; n < 20; n++)
		synth_kernel_free(&k, 0, pfns[n], 0);
	synth_kernel_say_freed(&k, 0, pfns[20], 0);
	while (count > before) {
		mmr_step_pcp_read(k.zone, 0, &limits, &before);
		free_in_interrupt(&k, pfns[i++]);
		mmr_step_pcp_read(k.zone, 0, &limits, &count);
		assert_true(i < NR_PAGES - 1);
	}
	synth_kernel_insert(&k, 0, pfns[20], 0);
	synth_kernel_free(&k, 0, pfns[i], 0);
	for (int n = 0; n < 3; n++)
		synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(informed(&report), 0);
}

/* Two interrupts come to one task, which says nothing in between: the first finds the list locked, the second
 * does not, and frees a page that another CPU had until then. */
static void each_interrupt_finds_the_list_locked_or_not(void **state)
{
	uint32_t pfns[NR_PAGES], page, other, task;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	forget_twin(&k);
	task = k.task;
	synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 0);
	for (unsigned int i = 0; i < 5; i++)
		synth_kernel_free(&k, 0, pfns[i], 0);
	free_past_the_list(&k, pfns[20]);
	free_past_the_list(&k, pfns[22]);
	other = synth_kernel_task(&k, 101);
	page = synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 0);
	k.task = task;
	k.now_ns += 20 * 1000 * 1000;
	free_in_interrupt(&k, page);
	free_in_interrupt(&k, pfns[24]);
	k.task = other;
	for (int i = 0; i < 200; i++)
		synth_kernel_alloc(&k, 1, MIGRATE_UNMOVABLE, 0);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(report.levels[VERIFY_PCP].informed, 2);
	assert_int_equal(report.levels[VERIFY_BUDDY].informed, 0);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_PCP_LOCKED], 2);
}

/* Two pages go past the list, three of another interrupt do not, and none is seen again. When it is told how
 * many there are, there are two less than there might be: the first two. */
static void the_count_tells_which_interrupt_found_the_list_locked(void **state)
{
	uint32_t pfns[NR_PAGES];
	struct verify_report report;
	struct synth_kernel k;
	unsigned int i = 30;

	begin(&k, pfns);
	forget_twin(&k);
	for (unsigned int n = 0; n < 5; n++)
		synth_kernel_free(&k, 0, pfns[n], 0);
	free_past_the_list(&k, pfns[20]);
	free_past_the_list(&k, pfns[22]);
	synth_kernel_free(&k, 0, pfns[i++], 0);
	k.now_ns += 20 * 1000 * 1000;
	for (int n = 0; n < 3; n++)
		free_in_interrupt(&k, pfns[i++]);
	while (i < NR_PAGES)
		synth_kernel_free(&k, 0, pfns[i++], 0);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(informed(&report), 2);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_PCP_LOCKED], 2);
}

/* A refill, and an interrupt with more pages than are looked at one by one; the pop that the interrupt came
 * behind is told after it. The page that was freed last is the next to be popped: they are on the list. */
static void the_last_page_of_a_long_interrupt_tells_for_all(void **state)
{
	uint32_t pfns[NR_PAGES], popped;
	struct verify_report report;
	struct synth_kernel k;

	begin(&k, pfns);
	while (!list_is_empty(&k))
		synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	popped = pop_silently(&k);
	for (unsigned int i = 10; i < 110; i++)
		free_in_interrupt(&k, pfns[i]);
	synth_kernel_say_popped(&k, 0, popped, MIGRATE_UNMOVABLE, 0);
	for (unsigned int i = 109; i > 105; i--)
		assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0), pfns[i]);
	synth_verify(&k, "6.12", &report);
	assert_told(&report);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_PCP_LOCKED], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refills_pop_comes_before_an_interrupt),
		cmocka_unit_test(a_block_taken_is_told_on_another_cpu),
		cmocka_unit_test(what_the_vmstat_worker_drains_is_no_overflow),
		cmocka_unit_test(what_compaction_does_not_need_it_frees_at_its_end),
		cmocka_unit_test(what_compaction_finds_on_a_list_it_turns_to_first),
		cmocka_unit_test(kswapds_flag_is_set_after_it_tells),
		cmocka_unit_test(kswapds_flag_is_gone_before_it_tells),
		cmocka_unit_test(a_high_that_had_not_sunk_is_what_it_was),
		cmocka_unit_test(refills_that_brought_nothing_made_the_list_longer),
		cmocka_unit_test(a_drained_page_that_nobody_freed_is_missing_its_free),
		cmocka_unit_test(a_late_pop_shows_in_the_count_that_a_drain_tells),
		cmocka_unit_test(a_drain_of_another_cpus_lists_is_told),
		cmocka_unit_test(a_long_batch_is_inserted_when_it_says_so),
		cmocka_unit_test(a_head_that_is_passed_over_twice_is_gone),
		cmocka_unit_test(a_fallback_to_a_rotated_list_is_put_right_at_once),
		cmocka_unit_test(a_block_ahead_of_its_place_leaves_the_list_as_it_is),
		cmocka_unit_test(an_interrupt_before_the_push_shows_in_the_count),
		cmocka_unit_test(each_interrupt_finds_the_list_locked_or_not),
		cmocka_unit_test(the_count_tells_which_interrupt_found_the_list_locked),
		cmocka_unit_test(the_last_page_of_a_long_interrupt_tells_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
