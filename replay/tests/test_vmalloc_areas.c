// SPDX-License-Identifier: GPL-2.0-or-later
/* vmalloc() areas of one kernel line replayed under another's rules: in which pieces they come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/engine/engine.h"
#include "replay/machines/profile_choice.h"
#include "replay/tests/synth_trace.h"

#define VMALLOC_GFP (MMR_GFP_KERNEL | MMR_GFP_HIGHMEM | MMR_GFP_ZERO | MMR_GFP_NOWARN)

/* Replay @s under the rules of @line on its own, empty, machine; the file is gone afterwards. */
static void replay_as(struct synth *s, const char *line, struct mmr_counters *ret, struct engine_counts *counts)
{
	struct engine_options options = {.backend = &backend_core, .start = ENGINE_START_EMPTY};
	struct kernel_profile *profile = NULL;
	struct trace_reader *reader = NULL;
	struct mmr_error err = {0};
	struct machine recorded;
	struct engine *engine;
	bool exact;

	synth_end(s);
	if (trace_reader_open(s->path, &reader, &err) ||
	    machine_from_trace(trace_reader_machine(reader), s->path, &recorded, &err) ||
	    profile_choose(line, NULL, "6.12.0", &profile, &exact, &err))
		fail_msg("%s", err.msg);
	options.recorded = options.machine = &recorded;
	options.profile = profile;
	if (engine_create(reader, &options, &engine, &err) || engine_run(engine, &err) ||
	    mmr_check(engine_machine(engine), &err))
		fail_msg("%s", err.msg);
	mmr_counters_read(engine_machine(engine), ret);
	engine_counts(engine, counts);
	engine_destroy(engine);
	kernel_profile_destroy(profile);
	machine_deinit(&recorded);
	trace_reader_close(reader);
	synth_unlink(s);
}

static void ask_bulk(struct synth *s, uint32_t pfn, unsigned int nr)
{
	const struct trace_class cls = {
		.type = TRACE_BULK_PAGE, .flags = TRACE_F_EXTRA, .gfp = VMALLOC_GFP, .gfp_raw = VMALLOC_GFP};

	for (unsigned int i = 0; i < nr; i++)
		synth_event(s, &cls, 0, pfn + i);
}

static void ask_block(struct synth *s, uint32_t pfn, unsigned int order)
{
	const gfp_t gfp = order ? VMALLOC_GFP & ~MMR_GFP_DIRECT_RECLAIM : VMALLOC_GFP;
	const struct trace_class cls = {
		.type = TRACE_ALLOC, .order = (uint8_t)order, .gfp = gfp, .gfp_raw = gfp};

	synth_event(s, &cls, 0, pfn);
}

static void give_back(struct synth *s, unsigned int cpu, uint32_t pfn, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		synth_free(s, cpu, pfn + i, 0);
}

/* Orders of 1 .. that the model handed out, as bits. */
static unsigned int blocks_of(const struct mmr_counters *c)
{
	unsigned int bits = 0;

	for (unsigned int order = 1; order < NR_PAGE_ORDERS; order++) {
		assert_true(c->allocs[order] <= 1);
		bits |= (unsigned int)c->allocs[order] << order;
	}
	return bits;
}

static void single_pages_of_an_area_are_asked_for_in_blocks_since_7_x(void **state)
{
	static const char *const lines[] = {"7.3", "6.12", "6.1"};

	for (int i = 0; i < 3; i++) {
		struct engine_counts counts;
		struct mmr_counters c;
		struct synth s;

		synth_begin(&s);
		ask_bulk(&s, 5000, 37);
		give_back(&s, 0, 5000, 37);
		replay_as(&s, lines[i], &c, &counts);
		assert_int_equal(blocks_of(&c), i ? 0 : 36);
		assert_int_equal(c.allocs[0], i ? 37 : 1);
		assert_int_equal(counts.allocs, 37);
		assert_int_equal(counts.frees, 37);
		/* Order 5 has no per-CPU list. */
		assert_int_equal(c.path[MMR_PATH_FREE_BUDDY], i ? 0 : 1);
	}
}

/* Nothing lies between the two calls; that the second area's pages are freed first tells. */
static void areas_asked_for_in_a_row_are_told_apart_by_their_frees(void **state)
{
	struct engine_counts counts;
	struct mmr_counters c;
	struct synth s;

	synth_begin(&s);
	ask_bulk(&s, 5000, 16);
	ask_bulk(&s, 5016, 16);
	give_back(&s, 0, 5016, 16);
	give_back(&s, 0, 5000, 16);
	replay_as(&s, "7.3", &c, &counts);
	assert_int_equal(c.allocs[4], 2);
	assert_int_equal(c.path[MMR_PATH_FREE_BUDDY], 2);
}

/* Of what stays in use the time tells: a call that is not full is followed by another one's much later. */
static void areas_in_use_at_the_end_are_told_apart_by_time(void **state)
{
	struct engine_counts counts;
	struct mmr_counters c;
	struct synth s;

	synth_begin(&s);
	ask_bulk(&s, 5000, 32);
	s.now_ns += 100000;
	ask_bulk(&s, 5032, 16);
	/* 100 pages are as many as one call asks for: the area goes on. */
	s.now_ns += 100000;
	ask_bulk(&s, 6000, 100);
	s.now_ns += 100000;
	ask_bulk(&s, 6100, 28);
	replay_as(&s, "7.3", &c, &counts);
	assert_int_equal(blocks_of(&c), 32 | 16 | 128);
	assert_int_equal(c.allocs[0], 0);
	assert_int_equal(counts.frees, 0);
}

static void blocks_of_an_area_were_single_pages_before(void **state)
{
	static const char *const lines[] = {"7.3", "6.12"};

	for (int i = 0; i < 2; i++) {
		struct engine_counts counts;
		struct mmr_counters c;
		struct synth s;

		synth_begin_kernel(&s, "7.3.0-synth");
		ask_block(&s, 5120, 5);
		ask_block(&s, 6000, 2);
		ask_block(&s, 6100, 0);
		give_back(&s, 0, 5120, 32);
		give_back(&s, 0, 6000, 4);
		give_back(&s, 0, 6100, 1);
		replay_as(&s, lines[i], &c, &counts);
		assert_int_equal(blocks_of(&c), i ? 0 : 36);
		assert_int_equal(c.allocs[0], i ? 37 : 1);
		assert_int_equal(c.path[MMR_PATH_FREE_BUDDY], i ? 0 : 1);
		assert_int_equal(counts.frees, 37);
	}
}

/* Another task, an interrupt and another CPU come in between. */
static void a_call_that_is_interrupted_goes_on(void **state)
{
	const struct trace_class softirq = {.type = TRACE_FREE, .flags = TRACE_F_SOFTIRQ};
	struct engine_counts counts;
	struct mmr_counters c;
	uint32_t task;
	struct synth s;

	synth_begin_kernel(&s, "7.3.0-synth");
	synth_process(&s, 2);
	synth_alloc(&s, 0, 7000, 0);
	synth_alloc(&s, 0, 7001, 0);
	synth_process(&s, 1);
	task = s.task;
	ask_block(&s, 5120, 5);
	give_back(&s, 0, 5120, 10);
	synth_event(&s, &softirq, 0, 7001);
	synth_process(&s, 2);
	synth_free(&s, 0, 7000, 0);
	s.task = task;
	give_back(&s, 1, 5130, 22);
	replay_as(&s, "7.3", &c, &counts);
	assert_int_equal(c.path[MMR_PATH_FREE_BUDDY], 1);
	assert_int_equal(counts.frees, 34);
}

/* A page of the area is freed by itself, and what the task does otherwise ends a call. */
static void what_a_task_does_otherwise_ends_its_call(void **state)
{
	struct engine_counts counts;
	struct mmr_counters c;
	struct synth s;

	synth_begin_kernel(&s, "7.3.0-synth");
	ask_block(&s, 5120, 4);
	give_back(&s, 0, 5120, 8);
	synth_alloc(&s, 0, 7000, 0);
	give_back(&s, 0, 5128, 8);
	replay_as(&s, "7.3", &c, &counts);
	assert_int_equal(c.path[MMR_PATH_FREE_BUDDY], 0); /* two of order 3 */
	assert_int_equal(c.path[MMR_PATH_FREE_PCP], 2);
}

/* A page in the midst of the block, and the same page once more: their frees were not seen. */
static void pages_that_were_not_seen_to_be_freed_give_way(void **state)
{
	struct engine_counts counts;
	struct mmr_counters c;
	struct synth s;

	synth_begin_kernel(&s, "7.3.0-synth");
	synth_alloc(&s, 1, 5125, 0);
	ask_block(&s, 5120, 3);
	give_back(&s, 0, 5120, 8);
	replay_as(&s, "6.12", &c, &counts);
	assert_int_equal(counts.reallocs, 1);
	assert_int_equal(c.alloc_pages, 9);
	assert_int_equal(c.free_pages, 9);

	synth_begin(&s);
	ask_bulk(&s, 5000, 4);
	ask_bulk(&s, 5001, 1);
	give_back(&s, 0, 5000, 4);
	replay_as(&s, "7.3", &c, &counts);
	assert_int_equal(counts.reallocs, 1);
	assert_int_equal(c.alloc_pages, 5);
	assert_int_equal(c.free_pages, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_pages_of_an_area_are_asked_for_in_blocks_since_7_x),
		cmocka_unit_test(areas_asked_for_in_a_row_are_told_apart_by_their_frees),
		cmocka_unit_test(areas_in_use_at_the_end_are_told_apart_by_time),
		cmocka_unit_test(blocks_of_an_area_were_single_pages_before),
		cmocka_unit_test(a_call_that_is_interrupted_goes_on),
		cmocka_unit_test(what_a_task_does_otherwise_ends_its_call),
		cmocka_unit_test(pages_that_were_not_seen_to_be_freed_give_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
