// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * verify against a kernel in miniature that follows the model's rules: all of it must be exact, and
 * whatever is falsified must be found.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "replay/tests/synth_load.h"
#include "replay/verify/verify.h"

static int try_to_verify(const struct synth_kernel *k, const char *profile, struct verify_options options,
			 struct verify_report *report, struct mmr_error *err)
{
	struct trace_reader *reader;
	int rc;

	options.profile = kernel_profile_find(profile);
	if (!options.until)
		options.until = UINT64_MAX;
	if (trace_reader_open(k->path, &reader, err))
		fail_msg("%s", err->msg);
	rc = verify_run(reader, &options, report, err);
	trace_reader_close(reader);
	return rc;
}

static void verify_file(const struct synth_kernel *k, const char *profile, struct verify_options options,
			struct verify_report *report)
{
	struct mmr_error err = {0};

	if (try_to_verify(k, profile, options, report, &err))
		fail_msg("%s", err.msg);
}

static void assert_exact(const struct verify_report *report)
{
	for (int level = 0; level < NR_VERIFY_LEVELS; level++) {
		const struct verify_tally *tally = &report->levels[level];

		if (tally->diverged || tally->informed)
			fail_msg("%s: %llu diverged, %llu informed; first: event %llu expected %s, got %s",
				 verify_level_name((enum verify_level)level),
				 (unsigned long long)tally->diverged, (unsigned long long)tally->informed,
				 (unsigned long long)report->first_divergence.event,
				 report->first_divergence.expected, report->first_divergence.got);
		assert_int_equal(tally->exact, tally->decisions);
	}
	assert_string_equal(report->keyframe_difference, "");
	assert_int_equal(report->equal_blocks, report->compared_blocks);
	assert_int_equal(report->listed_blocks, report->compared_blocks);
	assert_int_equal(report->equal_pcp_blocks, report->compared_pcp_blocks);
	assert_int_equal(report->equal_pageblocks, report->compared_pageblocks);
	assert_int_equal(report->untraced_changes, 0);
	assert_int_equal(report->unjudged, 0);
	assert_true(verify_passed(report));
}

/* ---- all of it is exact -------------------------------------------------------------------- */

static void a_kernel_that_follows_the_rules_is_exact(void **state)
{
	static const char *const profiles[] = {"6.12", "6.18"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct verify_report report;
		struct synth_kernel k;
		struct synth_load load = {.k = &k, .max_pages = 15200, .random = 7 + i};

		synth_kernel_begin(&k, profiles[i]);
		synth_load_run(&load, 2000);
		synth_kernel_keyframe(&k, TRACE_KF_FIRST);
		synth_load_run(&load, 20000);
		synth_kernel_keyframe(&k, 0);
		synth_load_run(&load, 20000);
		synth_kernel_keyframe(&k, TRACE_KF_LAST);
		synth_kernel_end(&k);
		verify_file(&k, profiles[i], (struct verify_options){0}, &report);
		/* The events before the first keyframe are in it. */
		assert_true(report.unjudged > 1000);
		report.unjudged = report.untraced_changes = 0;
		assert_exact(&report);
		assert_true(report.levels[VERIFY_ZONE].decisions > 10000);
		assert_true(report.levels[VERIFY_BUDDY].decisions > 10000);
		assert_true(report.levels[VERIFY_PCP].decisions > 30000);
		assert_true(report.levels[VERIFY_FALLBACK].decisions > 20);
		assert_int_equal(report.keyframes_compared, 2);
		assert_true(report.compared_pcp_blocks > 10);
		synth_kernel_destroy(&k);
	}
}

/* ---- what is falsified is found ------------------------------------------------------------- */

static void one_falsified_event_is_found_where_it_is(void **state)
{
	static const struct {
		enum trace_event_type type;
		enum verify_level level;
	} cases[] = {
		{TRACE_ALLOC, VERIFY_PCP},
		{TRACE_ZONE_LOCKED, VERIFY_BUDDY},
		{TRACE_PCPU_DRAIN, VERIFY_PCP},
	};

	for (unsigned int i = 0; i < 30; i++) {
		struct verify_report report;
		struct synth_kernel k;
		struct synth_load load = {.k = &k, .max_pages = 12000, .random = 3};

		synth_kernel_begin(&k, "6.12");
		synth_kernel_keyframe(&k, TRACE_KF_FIRST);
		k.tweak_from = 3000 + 37 * i;
		k.tweak_pfn = 1024;
		k.tweak_type = cases[i % 3].type;
		synth_load_run(&load, 6000);
		synth_kernel_keyframe(&k, TRACE_KF_LAST);
		synth_kernel_end(&k);
		assert_true(k.tweaked);
		verify_file(&k, "6.12", (struct verify_options){0}, &report);
		assert_true(report.have_divergence);
		assert_false(verify_passed(&report));
		/* A block that was not for a per-CPU list is missed by its allocation only. */
		if (report.first_divergence.event == k.tweaked)
			assert_true(report.first_divergence.level == cases[i % 3].level ||
				    report.first_divergence.level == VERIFY_BUDDY);
		/* Or it passes for a page of a bulk allocation, until the next one is missed. */
		assert_in_range(report.first_divergence.event, k.tweaked - 2, k.tweaked + 100);
		synth_kernel_destroy(&k);
	}
}

/* Whatever a recording claims, verify comes to its end, finds it, and says so in numbers that add up. */
static void what_a_damaged_recording_claims_comes_to_an_end(void **state)
{
	static const char *const profiles[] = {"6.12", "7.3"};
	static struct synth_load load;

	for (unsigned int i = 0; i < 60; i++) {
		struct verify_report report;
		struct mmr_error err = {0};
		struct synth_kernel k;
		int rc;

		load = (struct synth_load){.k = &k, .max_pages = 12000, .random = i};
		if (i % 2)
			synth_kernel_begin(&k, profiles[i / 2 % 2]);
		else
			synth_kernel_begin_telling(&k, profiles[i / 2 % 2]);
		mmr_machine_destroy(k.twin);
		k.twin = NULL;
		synth_kernel_keyframe(&k, TRACE_KF_FIRST);
		k.random = i;
		k.damage = 1 + 9 * (i % 20);
		synth_load_run(&load, 3000);
		synth_kernel_keyframe(&k, TRACE_KF_LAST);
		synth_kernel_end(&k);
		alarm(60);
		rc = try_to_verify(&k, profiles[i / 2 % 2], (struct verify_options){0}, &report, &err);
		alarm(0);
		/* A model that was forced into what cannot be says so. */
		assert_true(!rc || strstr(err.msg, "event "));
		assert_true(rc || report.have_divergence);
		for (int level = 0; level < NR_VERIFY_LEVELS; level++) {
			const struct verify_tally *tally = &report.levels[level];

			assert_int_equal(tally->exact + tally->informed + tally->diverged, tally->decisions);
		}
		synth_kernel_destroy(&k);
	}
}

/*  list of CPU 0, unmovable:   a b c d e ...      a bulk allocation takes a, b and c without a word;
 *  the next allocation shows d: three pages left silently, and the model was told so once */
static void pages_of_a_bulk_allocation_are_noticed_by_the_next_pop(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t pfns[3];

	synth_kernel_begin(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	synth_kernel_bulk(&k, 0, pfns, 3);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	for (unsigned int i = 0; i < 3; i++)
		synth_kernel_free(&k, 0, pfns[i], 0);
	synth_kernel_keyframe(&k, TRACE_KF_LAST);
	synth_kernel_end(&k);
	verify_file(&k, "6.12", (struct verify_options){0}, &report);
	assert_int_equal(report.levels[VERIFY_PCP].diverged, 0);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_BULK], 1);
	assert_int_equal(report.untraced_changes, 3);
	assert_int_equal(report.equal_pcp_blocks, report.compared_pcp_blocks);
	assert_string_equal(report.keyframe_difference, "");
	synth_kernel_destroy(&k);
}

static void an_interrupts_free_that_was_logged_before_the_pop_is_put_right(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t first, popped;

	synth_kernel_begin(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	first = synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	/* The task pops, the interrupt frees and says so, then the task's event comes. */
	popped = mmr_step_pcp_pop(k.m, 0, k.zone, mmr_step_pindex(MIGRATE_UNMOVABLE, 0));
	mmr_step_pcp_begin(k.zone, 0);
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	k.interrupt = true;
	synth_kernel_free(&k, 0, first, 0);
	k.interrupt = false;
	mmr_step_pcp_push(k.m, 0, k.zone, popped, 0);
	assert_int_equal(synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0), popped);
	synth_kernel_keyframe(&k, TRACE_KF_LAST);
	synth_kernel_end(&k);
	verify_file(&k, "6.12", (struct verify_options){0}, &report);
	assert_int_equal(report.levels[VERIFY_PCP].diverged, 0);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_ORDER], 1);
	assert_int_equal(report.untraced_changes, 0);
	assert_int_equal(report.equal_pcp_blocks, report.compared_pcp_blocks);
	synth_kernel_destroy(&k);
}

static void a_block_that_vanished_diverges_once_and_is_forced(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t pfn;

	synth_kernel_begin(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 4);
	pfn = synth_kernel_isolate(&k, 5, MIGRATE_MOVABLE);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 5);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 6);
	synth_kernel_free(&k, 0, pfn, 5);
	synth_kernel_keyframe(&k, TRACE_KF_LAST);
	synth_kernel_end(&k);
	verify_file(&k, "6.12", (struct verify_options){0}, &report);
	assert_int_equal(report.levels[VERIFY_BUDDY].diverged, 1);
	assert_true(report.have_divergence);
	assert_int_equal(report.first_divergence.event, 2);
	assert_non_null(strstr(report.first_divergence.expected, "for order 5 Movable"));
	assert_true(report.untraced_changes >= 1);
	assert_false(verify_passed(&report));
	synth_kernel_destroy(&k);
}

static void a_block_that_was_isolated_with_an_event_is_followed(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t pfn;

	synth_kernel_begin(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 4);
	pfn = synth_kernel_isolate_told(&k, 5, MIGRATE_MOVABLE);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 5);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 6);
	synth_kernel_free(&k, 0, pfn, 5);
	synth_kernel_keyframe(&k, TRACE_KF_LAST);
	synth_kernel_end(&k);
	verify_file(&k, "6.12", (struct verify_options){0}, &report);
	assert_exact(&report);
	synth_kernel_destroy(&k);
}

static void a_page_that_is_broken_leaves_its_block_and_comes_back(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	uint32_t pfn;

	for (unsigned int back = 0; back < 2; back++) {
		synth_kernel_begin(&k, "6.12");
		synth_kernel_keyframe(&k, TRACE_KF_FIRST);
		synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 4);
		pfn = mmr_step_free_head(k.zone, 5, MIGRATE_MOVABLE) + 19;
		synth_kernel_poison(&k, pfn);
		synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 4);
		if (back)
			synth_kernel_unpoison(&k, pfn);
		synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 5);
		synth_kernel_keyframe(&k, TRACE_KF_LAST);
		synth_kernel_end(&k);
		verify_file(&k, "6.12", (struct verify_options){0}, &report);
		assert_exact(&report);
		synth_kernel_destroy(&k);
	}
}

static void a_page_that_is_broken_and_was_not_free_diverges(void **state)
{
	struct verify_report report;
	struct synth_kernel k;

	synth_kernel_begin(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_kernel_poison(&k, synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 4));
	synth_kernel_end(&k);
	verify_file(&k, "6.12", (struct verify_options){0}, &report);
	assert_int_equal(report.levels[VERIFY_BUDDY].diverged, 1);
	assert_non_null(strstr(report.first_divergence.got, "in a free block"));
	synth_kernel_destroy(&k);
}

/* Of a keyframe that has not all of a zone's lists the types of pageblocks hold: where freed pages go. */
static void of_a_partial_keyframe_the_types_are_taken(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	struct synth_load load = {.k = &k, .max_pages = 12000, .random = 5};

	synth_kernel_begin(&k, "6.12");
	synth_load_run(&load, 3000);
	synth_kernel_keyframe(&k, TRACE_KF_PARTIAL);
	synth_load_run(&load, 3000);
	synth_kernel_end(&k);
	verify_file(&k, "6.12", (struct verify_options){0}, &report);
	assert_true(report.levels[VERIFY_PCP].exact > 1000);
	assert_int_equal(report.levels[VERIFY_PCP].diverged, 0);
	assert_int_equal(report.levels[VERIFY_BUDDY].decisions, 0);
	synth_kernel_destroy(&k);
}

/* ---- the edges of a recording --------------------------------------------------------------- */

static void after_a_loss_nothing_is_claimed_until_the_next_keyframe(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	struct synth_load load = {.k = &k, .max_pages = 12000, .random = 11};
	uint64_t at_loss;

	synth_kernel_begin(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_load_run(&load, 3000);
	at_loss = k.nr_events;
	synth_kernel_loss(&k, 17);
	synth_load_run(&load, 500);
	synth_kernel_keyframe(&k, 0);
	synth_load_run(&load, 3000);
	synth_kernel_keyframe(&k, TRACE_KF_LAST);
	synth_kernel_end(&k);
	verify_file(&k, "6.12", (struct verify_options){0}, &report);
	assert_int_equal(report.claim_end, at_loss);
	assert_true(report.unjudged > 500);
	assert_false(verify_passed(&report));
	for (int level = 0; level < NR_VERIFY_LEVELS; level++)
		assert_int_equal(report.levels[level].diverged, 0);
	assert_int_equal(report.keyframes_compared, 1);
	assert_string_equal(report.keyframe_difference, "");
	synth_kernel_destroy(&k);
}

static long size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (long)st.st_size;
}

/* So far every CPU's events are in the file. Return: its size. */
static long write_out(struct synth_kernel *k)
{
	struct mmr_error err;

	assert_int_equal(trace_writer_flush(k->writer, &err), 0);
	return size_of(k->path);
}

static void flip_byte(const char *path, long at)
{
	FILE *f = fopen(path, "r+");
	int c;

	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	c = fgetc(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	fputc(c ^ 0x5a, f);
	assert_int_equal(fclose(f), 0);
}

/*  keyframe | events | events in a block that is damaged | events | keyframe | events | keyframe  */
static void what_is_damaged_counts_as_lost_and_the_rest_is_verified(void **state)
{
	struct verify_options options = {.profile = kernel_profile_find("6.12"), .until = UINT64_MAX};
	struct verify_report report;
	struct synth_kernel k;
	struct synth_load load = {.k = &k, .max_pages = 12000, .random = 11};
	struct trace_reader *reader;
	struct mmr_error err;
	long begin, end;

	synth_kernel_begin(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_load_run(&load, 3000);
	begin = write_out(&k);
	synth_load_run(&load, 500);
	end = write_out(&k);
	synth_load_run(&load, 500);
	synth_kernel_keyframe(&k, 0);
	synth_load_run(&load, 3000);
	synth_kernel_keyframe(&k, TRACE_KF_LAST);
	synth_kernel_end(&k);
	flip_byte(k.path, begin + (end - begin) / 4);
	assert_int_equal(trace_reader_open(k.path, &reader, &err), 0);

	assert_int_equal(verify_run(reader, &options, &report, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "damaged events block"));
	assert_true(report.damaged);
	assert_false(verify_passed(&report));
	assert_int_equal(report.nr_unclaimed, 1);
	assert_int_equal(report.unclaimed[0].begin, report.claim_end);
	assert_in_range(report.claim_end, 3000, k.nr_events);
	assert_in_range(report.unclaimed[0].end, report.claim_end + 1, report.events - 1000);
	for (int level = 0; level < NR_VERIFY_LEVELS; level++)
		assert_int_equal(report.levels[level].diverged, 0);
	assert_int_equal(report.keyframes_compared, 1);
	assert_string_equal(report.keyframe_difference, "");
	trace_reader_close(reader);
	synth_kernel_destroy(&k);
}

static void until_ends_before_its_event(void **state)
{
	struct verify_report report;
	struct synth_kernel k;
	struct synth_load load = {.k = &k, .max_pages = 12000, .random = 5};

	synth_kernel_begin(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_load_run(&load, 2000);
	synth_kernel_end(&k);
	verify_file(&k, "6.12", (struct verify_options){.until = 100}, &report);
	assert_int_equal(report.events, 100);
	assert_true(verify_passed(&report));
	synth_kernel_destroy(&k);
}

static void a_recording_without_keyframe_is_refused(void **state)
{
	struct verify_options options = {.profile = kernel_profile_find("6.12"), .until = UINT64_MAX};
	struct verify_report report;
	struct trace_reader *reader;
	struct mmr_error err = {0};
	struct synth_kernel k;

	synth_kernel_begin(&k, "6.12");
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	synth_kernel_end(&k);
	assert_int_equal(trace_reader_open(k.path, &reader, &err), 0);
	assert_int_equal(verify_run(reader, &options, &report, &err), -22);
	assert_non_null(strstr(err.msg, "no keyframe"));
	trace_reader_close(reader);
	synth_kernel_destroy(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_that_follows_the_rules_is_exact),
		cmocka_unit_test(one_falsified_event_is_found_where_it_is),
		cmocka_unit_test(what_a_damaged_recording_claims_comes_to_an_end),
		cmocka_unit_test(pages_of_a_bulk_allocation_are_noticed_by_the_next_pop),
		cmocka_unit_test(an_interrupts_free_that_was_logged_before_the_pop_is_put_right),
		cmocka_unit_test(a_block_that_vanished_diverges_once_and_is_forced),
		cmocka_unit_test(a_block_that_was_isolated_with_an_event_is_followed),
		cmocka_unit_test(a_page_that_is_broken_leaves_its_block_and_comes_back),
		cmocka_unit_test(a_page_that_is_broken_and_was_not_free_diverges),
		cmocka_unit_test(of_a_partial_keyframe_the_types_are_taken),
		cmocka_unit_test(after_a_loss_nothing_is_claimed_until_the_next_keyframe),
		cmocka_unit_test(what_is_damaged_counts_as_lost_and_the_rest_is_verified),
		cmocka_unit_test(until_ends_before_its_event),
		cmocka_unit_test(a_recording_without_keyframe_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
