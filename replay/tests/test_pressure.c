// SPDX-License-Identifier: GPL-2.0-or-later
/* Want of memory: who answers, and what becomes of requests on pages the model took, moved or killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/engine/engine.h"
#include "replay/engine/kswapd_pace.h"
#include "replay/engine/live_map.h"
#include "replay/tests/synth_trace.h"

#define FIRST_PFN 4096u
#define ALL_PAGES 16384u

struct outcome {
	struct engine_counts n;
	struct mmr_counters model;
	uint64_t free_pages;
};

static bool kswapd_as_recorded;

/* Replay on the recorded machine, all of it free; the model must be whole afterwards. */
static struct outcome replay(struct synth *s, enum engine_reclaim reclaim)
{
	struct mmr_error err = {0};
	struct trace_reader *reader = NULL;
	struct machine machine;
	struct mmr_zone_info info;
	struct outcome ret;
	struct engine *engine = NULL;
	struct engine_options options = {
		.recorded = &machine,
		.machine = &machine,
		.profile = kernel_profile_find("6.12"),
		.backend = &backend_core,
		.start = ENGINE_START_EMPTY,
		.reclaim = reclaim,
		.latency_every = 1,
		.nr_samples = 4,
		.kswapd_as_recorded = kswapd_as_recorded,
	};

	synth_end(s);
	if (trace_reader_open(s->path, &reader, &err) ||
	    machine_from_trace(trace_reader_machine(reader), s->path, &machine, &err) ||
	    engine_create(reader, &options, &engine, &err) || engine_run(engine, &err) ||
	    mmr_check(engine_machine(engine), &err))
		fail_msg("%s", err.msg);
	engine_counts(engine, &ret.n);
	engine_counters(engine, &ret.model);
	assert_true(mmr_zone_read(engine_machine(engine), 0, ZONE_DMA32, &info));
	ret.free_pages = info.nr_free_pages + info.nr_pcp_pages;
	engine_destroy(engine);
	machine_deinit(&machine);
	trace_reader_close(reader);
	synth_unlink(s);
	return ret;
}

static void free_as(struct synth *s, uint32_t pfn, uint8_t flags)
{
	const struct trace_class cls = {.type = TRACE_FREE, .flags = flags};

	synth_event(s, &cls, 0, pfn);
}

/* kswapd frees four pages, a task in direct reclaim two, an interrupt over it one, the workload one. */
static void record_kernel_frees(struct synth *s)
{
	synth_begin(s);
	for (uint32_t i = 0; i < 10; i++)
		synth_alloc(s, 0, FIRST_PFN + i, 0);
	for (uint32_t i = 0; i < 4; i++)
		free_as(s, FIRST_PFN + i, TRACE_F_KSWAPD | TRACE_F_PF_MEMALLOC);
	free_as(s, FIRST_PFN + 4, TRACE_F_PF_MEMALLOC);
	free_as(s, FIRST_PFN + 5, TRACE_F_PF_MEMALLOC);
	free_as(s, FIRST_PFN + 6, TRACE_F_PF_MEMALLOC | TRACE_F_SOFTIRQ);
	free_as(s, FIRST_PFN + 7, 0);
}

static void recorded_reclaim_is_replayed_where_it_stands(void **state)
{
	struct synth s;
	struct outcome o;

	record_kernel_frees(&s);
	o = replay(&s, ENGINE_RECLAIM_RECORDED);
	assert_int_equal(o.n.frees, 8);
	assert_int_equal(o.n.kernel_frees, 0);
	assert_int_equal(o.free_pages, ALL_PAGES - 2);
}

static void kernel_made_frees_are_told_from_the_workloads(void **state)
{
	static const enum engine_reclaim who[] = {ENGINE_RECLAIM_NONE, ENGINE_RECLAIM_MODELLED};

	for (int i = 0; i < 2; i++) {
		struct synth s;
		struct outcome o;

		record_kernel_frees(&s);
		o = replay(&s, who[i]);
		assert_int_equal(o.n.kernel_frees, 6);
		assert_int_equal(o.n.kernel_freed_pages, 6);
		assert_int_equal(o.n.frees, 2);
		assert_int_equal(o.free_pages, ALL_PAGES - 8);
	}
}

static void what_kswapd_allocates_is_its_own(void **state)
{
	const struct trace_class cls = {
		.type = TRACE_ALLOC, .flags = TRACE_F_KSWAPD, .gfp = MMR_GFP_HIGHUSER_MOVABLE};
	struct synth s;
	struct outcome o;

	synth_begin(&s);
	synth_event(&s, &cls, 0, FIRST_PFN);
	o = replay(&s, ENGINE_RECLAIM_MODELLED);
	assert_int_equal(o.n.allocs, 0);
	assert_int_equal(o.n.kernel_allocs, 1);
}

/* More than there is: the model's kswapd takes pages from their owners, whose frees then find nothing. */
static void reclaimed_pages_are_not_freed_again(void **state)
{
	const uint32_t nr = ALL_PAGES + 4000;
	struct synth s;
	struct outcome o;

	synth_begin(&s);
	for (uint32_t i = 0; i < nr; i++)
		synth_alloc(&s, i % 2, FIRST_PFN + i, 0);
	for (uint32_t i = 0; i < nr; i++)
		synth_free(&s, i % 2, FIRST_PFN + i, 0);
	o = replay(&s, ENGINE_RECLAIM_MODELLED);
	assert_int_equal(o.n.failed, 0);
	assert_true(o.n.reclaimed_pages >= 4000);
	assert_int_equal(o.n.reclaimed_pages, o.model.kswapd_reclaimed_pages + o.model.direct_reclaimed_pages);
	assert_int_equal(o.n.frees_of[LIVE_RECLAIMED], o.n.reclaimed_blocks);
	assert_int_equal(o.n.frees + o.n.frees_of[LIVE_RECLAIMED], nr);
	assert_int_equal(o.free_pages, ALL_PAGES);
}

/* The kernel reclaimed half of it and gave the frames out anew; the model has to find pages itself. */
static void held_pages_are_what_the_model_reclaims(void **state)
{
	const uint32_t nr = 12000, again = 6000;
	struct synth s;
	struct outcome o;

	synth_begin(&s);
	for (uint32_t i = 0; i < nr; i++)
		synth_alloc(&s, 0, FIRST_PFN + i, 0);
	for (uint32_t i = 0; i < again; i++)
		free_as(&s, FIRST_PFN + i, TRACE_F_KSWAPD);
	for (uint32_t i = 0; i < again; i++)
		synth_alloc(&s, 0, FIRST_PFN + i, 0);
	o = replay(&s, ENGINE_RECLAIM_MODELLED);
	assert_int_equal(o.n.reallocs, 0);
	assert_int_equal(o.n.failed, 0);
	assert_int_equal(o.n.kernel_frees, again);
	assert_true(o.n.held_reclaimed_pages > 0);
	assert_int_equal(o.n.reclaimed_pages, 0); /* as long as any are held, nobody else's */
	/* In use: all that was asked for, and what is still held. */
	assert_int_equal(ALL_PAGES - o.free_pages, nr + again - o.n.held_reclaimed_pages - o.n.reclaimed_pages);
}

/* The model is short before the recorded kernel was: what that one takes later goes first. */
static void what_the_kernel_takes_later_goes_first(void **state)
{
	const uint32_t nr = ALL_PAGES + 2000, taken = 4000;
	struct synth s;
	struct outcome o;

	synth_begin(&s);
	for (uint32_t i = 0; i < nr; i++)
		synth_alloc(&s, 0, FIRST_PFN + (i < taken ? i + 8000 : i < taken + 8000 ? i - taken : i), 0);
	for (uint32_t i = 0; i < taken; i++)
		free_as(&s, FIRST_PFN + 8000 + i, TRACE_F_KSWAPD);
	for (uint32_t i = 0; i < nr; i++)
		if (i < 8000 || i >= 8000 + taken)
			synth_free(&s, 0, FIRST_PFN + i, 0);
	o = replay(&s, ENGINE_RECLAIM_MODELLED);
	assert_true(o.n.reclaimed_pages >= 2000);
	assert_true(o.n.reclaimed_pages <= taken);
	assert_int_equal(o.n.frees_of[LIVE_RECLAIMED], 0);
	assert_int_equal(o.n.frees, nr - taken);
	assert_int_equal(o.free_pages, ALL_PAGES - taken + o.n.reclaimed_pages + o.n.held_reclaimed_pages);
}

/*
 * Of two pages the model reclaims the one, the recorded kernel the other: when the first is freed, the second
 * goes. Here kswapd takes pages that the model had no reason to take, and nothing is held in the end but what
 * nobody freed.
 */
static void a_held_page_goes_in_place_of_one_that_was_reclaimed(void **state)
{
	const uint32_t nr = ALL_PAGES + 2000, taken = 1000;
	struct synth s;
	struct outcome o;

	synth_begin(&s);
	for (uint32_t i = 0; i < nr - taken; i++)
		synth_alloc(&s, 0, FIRST_PFN + i, 0);
	for (uint32_t i = nr - taken; i < nr; i++) /* born last, they are not looked ahead for, and are held */
		synth_alloc(&s, 0, FIRST_PFN + i, 0);
	for (uint32_t i = nr - taken; i < nr; i++)
		free_as(&s, FIRST_PFN + i, TRACE_F_KSWAPD);
	for (uint32_t i = 0; i < nr - taken; i++)
		synth_free(&s, 0, FIRST_PFN + i, 0);
	o = replay(&s, ENGINE_RECLAIM_MODELLED);
	assert_true(o.n.frees_of[LIVE_RECLAIMED] >= taken);
	assert_int_equal(o.n.held_freed_pages + o.n.held_reclaimed_pages, taken);
	assert_int_equal(o.free_pages, ALL_PAGES);
}

/* kswapd of node 0 frees 100 pages in 200 us, then nothing in 5 ms; a task in direct reclaim frees, too. */
static void record_kswapd(struct synth *s)
{
	synth_begin_watched(s, "balance_begin", 12);
	for (uint32_t i = 0; i < 200; i++)
		synth_alloc(s, 0, FIRST_PFN + i, 0);
	synth_process(s, 50);
	synth_told(s, TRACE_BALANCE_BEGIN, 0, 0);
	for (uint32_t i = 0; i < 100; i++) {
		free_as(s, FIRST_PFN + i, TRACE_F_KSWAPD | TRACE_F_PF_MEMALLOC);
		s->now_ns += 1000;
	}
	synth_told(s, TRACE_BALANCE_END, 0, 0);
	s->now_ns += 1000000;
	synth_told(s, TRACE_BALANCE_BEGIN, 0, 0);
	s->now_ns += 5000000;
	synth_told(s, TRACE_BALANCE_END, 0, 0);
	free_as(s, FIRST_PFN + 100, TRACE_F_PF_MEMALLOC);
}

static struct kswapd_pace pace_of(struct synth *s, unsigned int nr_nodes)
{
	struct trace_reader *reader = NULL;
	struct kswapd_pace pace;
	struct mmr_error err = {0};

	synth_end(s);
	assert_int_equal(trace_reader_open(s->path, &reader, &err), 0);
	assert_int_equal(kswapd_pace_read(reader, nr_nodes, &pace, &err), 0);
	trace_reader_close(reader);
	synth_unlink(s);
	return pace;
}

static void the_pace_is_that_of_runs_that_freed(void **state)
{
	struct kswapd_pace pace;
	struct synth s;

	record_kswapd(&s);
	pace = pace_of(&s, 1);
	assert_in_range((int)(pace.mean * 1e6), 100 * 1000000 / 203000, 100 * 1000000 / 200000);
	assert_int_equal(kswapd_pace_give_up(&pace, 0),
			 100); /* the next run came after one millisecond, and nobody had woken it */
	kswapd_pace_deinit(&pace);
	synth_begin(&s); /* nobody watched */
	free_as(&s, FIRST_PFN, TRACE_F_KSWAPD);
	pace = pace_of(&s, 1);
	assert_true(pace.mean == 0 && kswapd_pace_at(&pace, 0, 0) == 0);
	kswapd_pace_deinit(&pace);
}

/* A run of @nr pages in @ns, from FIRST_PFN + @first on. */
static void kswapd_runs(struct synth *s, uint32_t first, uint32_t nr, uint64_t ns)
{
	synth_told(s, TRACE_BALANCE_BEGIN, 0, 0);
	for (uint32_t i = 0; i < nr; i++) {
		free_as(s, FIRST_PFN + first + i, TRACE_F_KSWAPD | TRACE_F_PF_MEMALLOC);
		s->now_ns += ns / nr;
	}
	synth_told(s, TRACE_BALANCE_END, 0, 0);
}

/* Two seconds, the second one slower; its runs follow without a rest: but the last, they gave up. */
static void the_pace_is_each_seconds_own(void **state)
{
	struct kswapd_pace pace;
	struct synth s;
	uint64_t begin_ns;

	synth_begin_watched(&s, "balance_begin", 12);
	begin_ns = s.now_ns;
	for (uint32_t i = 0; i < 1000; i++)
		synth_alloc(&s, 0, FIRST_PFN + i, 0);
	synth_process(&s, 50);
	kswapd_runs(&s, 0, 500, 200000000);
	s.now_ns = begin_ns + 1100000000;
	kswapd_runs(&s, 500, 100, 200000000);
	kswapd_runs(&s, 600, 50, 100000000);
	kswapd_runs(&s, 650, 1, 1000);
	pace = pace_of(&s, 1);
	assert_true(kswapd_pace_at(&pace, 0, begin_ns) > 4 * kswapd_pace_at(&pace, 0, begin_ns + 1500000000));
	assert_true(kswapd_pace_at(&pace, 0, begin_ns + 9000000000) == pace.mean);
	assert_int_equal(kswapd_pace_give_up(&pace, begin_ns), 100); /* what gave up the soonest after */
	assert_int_equal(kswapd_pace_give_up(&pace, begin_ns + 1390000000), 50);
	assert_int_equal(pace.nr_nodes, 1);
	kswapd_pace_deinit(&pace);
}

/* At one page in 2 us kswapd falls behind requests that come every microsecond: they sink below the marks. */
static void a_paced_kswapd_takes_its_time(void **state)
{
	uint64_t direct_reclaims[2];

	for (int paced = 0; paced < 2; paced++) {
		struct synth s;
		struct outcome o;

		record_kswapd(&s);
		for (uint32_t i = 200; i < ALL_PAGES + 2000; i++)
			synth_alloc(&s, 0, FIRST_PFN + i, 0);
		kswapd_as_recorded = paced;
		o = replay(&s, ENGINE_RECLAIM_MODELLED);
		kswapd_as_recorded = false;
		assert_int_equal(o.n.failed, 0);
		direct_reclaims[paced] = o.model.direct_reclaims;
	}
	assert_int_equal(direct_reclaims[0], 0);
	assert_true(direct_reclaims[1] > 0);
}

/* Every other page is free: an order-9 request needs the others moved, and they are freed where they went. */
static void moved_pages_are_freed_at_their_new_place(void **state)
{
	const uint32_t nr = 15000;
	struct synth s;
	struct outcome o;

	synth_begin(&s);
	for (uint32_t i = 0; i < nr; i++)
		synth_alloc(&s, 0, FIRST_PFN + i, 0);
	for (uint32_t i = 0; i < nr; i += 2)
		synth_free(&s, 0, FIRST_PFN + i, 0);
	for (uint32_t i = 0; i < 12; i++)
		synth_alloc(&s, 0, 32768 + (i << 9), 9);
	for (uint32_t i = 0; i < 12; i++)
		synth_free(&s, 0, 32768 + (i << 9), 9);
	for (uint32_t i = 1; i < nr; i += 2)
		synth_free(&s, 0, FIRST_PFN + i, 0);
	o = replay(&s, ENGINE_RECLAIM_MODELLED);
	assert_true(o.n.moved_pages > 0);
	assert_int_equal(o.n.moved_pages, o.model.compact_migrated_pages);
	assert_int_equal(o.free_pages, ALL_PAGES);
}

/*
 * One process has most of the memory, half of it reclaimable; another asks for as much that cannot be moved.
 * The first is killed: what it had is free, and it asks for no more.
 */
static void the_killed_ask_for_nothing(void **state)
{
	const struct trace_class unmovable = {.type = TRACE_ALLOC, .gfp = MMR_GFP_KERNEL};
	const uint32_t nr = 14000;
	struct synth s;
	struct outcome o;

	synth_begin(&s);
	synth_process(&s, 100);
	for (uint32_t i = 0; i < nr; i++)
		synth_alloc(&s, 0, FIRST_PFN + i, 0);
	synth_process(&s, 101);
	for (uint32_t i = 0; i < nr; i++)
		synth_event(&s, &unmovable, 0, FIRST_PFN + nr + i);
	synth_process(&s, 100);
	for (uint32_t i = 0; i < 50; i++)
		synth_alloc(&s, 0, FIRST_PFN + 2 * nr + i, 0);
	for (uint32_t i = 0; i < 2 * nr + 50; i++)
		synth_free(&s, 0, FIRST_PFN + i, 0);
	o = replay(&s, ENGINE_RECLAIM_MODELLED);
	assert_true(o.model.oom > 0);
	assert_int_equal(o.n.killed_processes, 1);
	assert_true(o.n.killed_pages > 0);
	assert_int_equal(o.n.failed, 0);
	assert_int_equal(o.n.allocs_of_killed, 50);
	assert_int_equal(o.n.frees_of[LIVE_KILLED], o.n.killed_pages + o.n.allocs_of_killed);
	assert_int_equal(o.free_pages, ALL_PAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_reclaim_is_replayed_where_it_stands),
		cmocka_unit_test(kernel_made_frees_are_told_from_the_workloads),
		cmocka_unit_test(what_kswapd_allocates_is_its_own),
		cmocka_unit_test(reclaimed_pages_are_not_freed_again),
		cmocka_unit_test(held_pages_are_what_the_model_reclaims),
		cmocka_unit_test(what_the_kernel_takes_later_goes_first),
		cmocka_unit_test(a_held_page_goes_in_place_of_one_that_was_reclaimed),
		cmocka_unit_test(the_pace_is_that_of_runs_that_freed),
		cmocka_unit_test(the_pace_is_each_seconds_own),
		cmocka_unit_test(a_paced_kswapd_takes_its_time),
		cmocka_unit_test(moved_pages_are_freed_at_their_new_place),
		cmocka_unit_test(the_killed_ask_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
