// SPDX-License-Identifier: GPL-2.0-or-later
/* What a recording shows is counted as it happened, and errors are what their names say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "replay/tests/synth_trace.h"
#include "replay/trust/trust.h"

#define FIRST 4096 /* of the synthetic machine's zone */

static const struct trace_class refill = {
	.type = TRACE_ZONE_LOCKED, .migratetype = MIGRATE_MOVABLE, .flags = TRACE_F_PERCPU_REFILL};
static const struct trace_class refill_unmovable = {.type = TRACE_ZONE_LOCKED, .flags = TRACE_F_PERCPU_REFILL};
static const struct trace_class direct = {
	.type = TRACE_ZONE_LOCKED, .order = 5, .migratetype = MIGRATE_MOVABLE};
static const struct trace_class drain = {.type = TRACE_PCPU_DRAIN, .migratetype = MIGRATE_MOVABLE};
static const struct trace_class extfrag = {.type = TRACE_EXTFRAG, .fallback_order = 3};

static struct observed read_back(struct synth *s)
{
	struct trace_reader *reader = NULL;
	struct machine machine = {0};
	struct observed observed = {0};
	struct mmr_error err = {0};

	if (trace_reader_open(s->path, &reader, &err) ||
	    machine_from_trace(trace_reader_machine(reader), s->path, &machine, &err) ||
	    observed_read(reader, &machine, &observed, &err))
		fail_msg("%s", err.msg);
	machine_deinit(&machine);
	trace_reader_close(reader);
	synth_unlink(s);
	return observed;
}

static struct trace_reader *open_trace(const struct synth *s, struct machine *machine)
{
	struct trace_reader *reader = NULL;
	struct mmr_error err = {0};

	if (trace_reader_open(s->path, &reader, &err) ||
	    machine_from_trace(trace_reader_machine(reader), s->path, machine, &err))
		fail_msg("%s", err.msg);
	return reader;
}

/*
 *  CPU 0:  r r x r  a      r u     d d     f5
 *  CPU 1:    d             b
 *          one refill      two     one     one hold, by a free of order 5
 */
static void runs_of_events_are_holds_of_the_lock(void **state)
{
	struct observed o;
	struct synth s;

	(void)state;
	synth_begin(&s);
	synth_event(&s, &refill, 0, FIRST);
	synth_event(&s, &drain, 1, FIRST + 100); /* another CPU's hold does not end this one */
	synth_event(&s, &refill, 0, FIRST + 1);
	synth_event(&s, &extfrag, 0, FIRST + 8); /* nor does a fallback in its midst */
	synth_event(&s, &refill, 0, FIRST + 2);
	synth_alloc(&s, 0, FIRST, 0);
	synth_event(&s, &refill, 0, FIRST + 3);
	synth_event(&s, &refill_unmovable, 0, FIRST + 4);
	synth_event(&s, &direct, 1, FIRST + 32);
	synth_event(&s, &drain, 0, FIRST + 3);
	synth_event(&s, &drain, 0, FIRST + 4);
	synth_free(&s, 0, FIRST + 32, 5);
	synth_free(&s, 0, FIRST, 0);
	synth_end(&s);
	o = read_back(&s);
	assert_int_equal(o.refills, 3);
	assert_int_equal(o.refill_pages, 5);
	assert_int_equal(o.drains, 2);
	assert_int_equal(o.drain_pages, 3);
	assert_int_equal(o.extfrag, 1);
	assert_int_equal(o.locked, 3 + 2 + 1 + 1);
}

/* Up to 6.6 a refill brings a batch, here of 3: what alloc_pages_bulk() needs beyond it is another one. */
static void refills_in_a_row_are_told_apart_where_their_size_is_known(void **state)
{
	static const char *const releases[] = {"6.1.0-synth", "6.12.0-synth"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct observed o;
		struct synth s;

		synth_begin_kernel(&s, releases[i]);
		for (unsigned int page = 0; page < 7; page++)
			synth_event(&s, &refill, 0, FIRST + page);
		synth_end(&s);
		o = read_back(&s);
		assert_int_equal(o.refills, i ? 1 : 3);
		assert_int_equal(o.locked, i ? 1 : 3);
		assert_int_equal(o.refill_pages, 7);
	}
}

/* Pages that vfree() frees one by one go to the buddy in blocks; a block of an order that has a list went there
 * because that was locked. */
static void what_goes_past_the_lists_is_a_hold_where_it_is_told(void **state)
{
	static const struct trace_class block = {.type = TRACE_BUDDY_FREE, .order = 5};
	static const struct trace_class single = {.type = TRACE_BUDDY_FREE};
	struct observed o;
	struct synth s;

	(void)state;
	synth_begin_watched(&s, "buddy_free", 12);
	synth_free(&s, 0, FIRST, 0);
	synth_event(&s, &block, 0, FIRST);
	synth_free(&s, 0, FIRST + 32, 0);
	synth_event(&s, &single, 0, FIRST + 32);
	synth_free(&s, 0, FIRST + 64, 5);
	synth_event(&s, &block, 0, FIRST + 64);
	synth_end(&s);
	o = read_back(&s);
	assert_int_equal(o.locked, 2);
}

static void allocations_are_counted_in_pages_of_their_node(void **state)
{
	struct observed o;
	struct synth s;

	(void)state;
	synth_begin(&s);
	synth_alloc(&s, 0, FIRST, 0);
	synth_alloc(&s, 1, FIRST + 512, 9);
	synth_alloc(&s, 1, TRACE_NO_PFN, 4);
	synth_last_keyframe(&s, FIRST + 1024, 3, 7);
	synth_end(&s);
	o = read_back(&s);
	assert_int_equal(o.allocs, 2);
	assert_int_equal(o.failed, 1);
	assert_int_equal(o.alloc_pages, 513);
	assert_int_equal(o.node_pages[0], 513);
	assert_int_equal(o.hits, 2);
	assert_int_equal(o.nr_end_zones, 1);
	assert_int_equal(o.nr_free[3], 7);
	assert_int_equal(o.nr_free[2], 0);
}

/* Pages of alloc_pages_bulk() are requests like any other, of the replay too; other kinds behind them stay out.
 */
static void pages_given_out_in_bulk_are_allocations(void **state)
{
	static const struct trace_class bulk = {.type = TRACE_BULK_PAGE, .gfp = MMR_GFP_KERNEL};
	static const struct trace_class isolated = {.type = TRACE_ISOLATE_PAGE};
	struct machine machine;
	struct engine_options options = {
		.recorded = &machine,
		.machine = &machine,
		.profile = kernel_profile_find("6.12"),
		.backend = &backend_core,
		.start = ENGINE_START_EMPTY,
		.nr_samples = 1,
	};
	struct trace_reader *reader;
	struct engine_counts counts;
	struct engine *engine = NULL;
	struct mmr_error err = {0};
	struct observed o;
	struct synth s;

	(void)state;
	synth_begin(&s);
	synth_alloc(&s, 0, FIRST, 0);
	for (uint32_t i = 1; i < 9; i++)
		synth_event(&s, &bulk, 0, FIRST + i);
	synth_event(&s, &isolated, 0, FIRST + 20);
	synth_free(&s, 0, FIRST + 8, 0);
	synth_end(&s);
	reader = open_trace(&s, &machine);
	if (engine_create(reader, &options, &engine, &err) || engine_run(engine, &err))
		fail_msg("%s", err.msg);
	engine_counts(engine, &counts);
	assert_int_equal(counts.allocs, 9);
	assert_int_equal(counts.recorded[TRACE_ALLOC], 9);
	assert_int_equal(counts.frees, 1);
	assert_int_equal(counts.frees_unknown, 0);
	engine_destroy(engine);
	machine_deinit(&machine);
	trace_reader_close(reader);
	o = read_back(&s);
	assert_int_equal(o.allocs, 9);
	assert_int_equal(o.alloc_pages, 9);
}

static void what_the_first_keyframe_holds_is_not_counted(void **state)
{
	struct observed o;
	struct synth s;

	(void)state;
	synth_begin(&s);
	synth_event(&s, &refill, 0, FIRST);
	synth_alloc(&s, 0, FIRST, 0);
	synth_keyframe(&s, FIRST + 1024, 3, 7);
	synth_event(&s, &refill, 0, FIRST + 1);
	synth_alloc(&s, 0, FIRST + 1, 0);
	synth_alloc(&s, 0, FIRST + 2, 0);
	synth_end(&s);
	o = read_back(&s);
	assert_int_equal(o.refills, 1);
	assert_int_equal(o.allocs, 2);
}

/* A's requests from the moment of A's first keyframe on, from the free memory of B's. */
static void a_replay_on_b_begins_where_the_states_do(void **state)
{
	struct machine machines[2];
	struct trace_reader *readers[2];
	struct engine_options options = {
		.recorded = &machines[0],
		.machine = &machines[1],
		.profile = kernel_profile_find("6.12"),
		.backend = &backend_core,
		.start = ENGINE_START_RECORDED,
		.nr_samples = 1,
	};
	struct engine *engine = NULL;
	struct engine_counts counts;
	struct mmr_error err = {0};
	struct synth s[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		synth_begin(&s[i]);
		synth_alloc(&s[i], 0, FIRST, 0);
		synth_keyframe(&s[i], FIRST + 1024, 3, 7 + i);
		synth_alloc(&s[i], 0, FIRST + 1024, 0);
		synth_end(&s[i]);
		readers[i] = open_trace(&s[i], &machines[i]);
	}
	options.start_from = readers[1];
	if (engine_create(readers[0], &options, &engine, &err) || engine_run(engine, &err))
		fail_msg("%s", err.msg);
	engine_counts(engine, &counts);
	assert_int_equal(counts.before_keyframe, 1);
	assert_int_equal(counts.allocs, 1);
	engine_destroy(engine);
	for (int i = 0; i < 2; i++) {
		machine_deinit(&machines[i]);
		trace_reader_close(readers[i]);
		synth_unlink(&s[i]);
	}
}

/* What A's recording frees that was in use before it began; B has @free blocks of 8 pages free from FIRST + @at
 * on. */
static struct engine_counts old_pages_freed(uint32_t pfn, unsigned int order, uint32_t at, uint32_t free,
					    uint64_t *left)
{
	struct machine machines[2];
	struct trace_reader *readers[2];
	struct engine_options options = {
		.recorded = &machines[0],
		.machine = &machines[1],
		.profile = kernel_profile_find("6.12"),
		.backend = &backend_core,
		.start = ENGINE_START_RECORDED,
		.nr_samples = 1,
	};
	struct engine *engine = NULL;
	struct mmr_zone_info info = {0};
	struct engine_counts counts;
	struct mmr_error err = {0};
	struct synth s[2];

	for (int i = 0; i < 2; i++) {
		synth_begin(&s[i]);
		synth_keyframe(&s[i], FIRST + (i ? at : 0), 3, i ? free : 7);
		if (!i)
			synth_free(&s[i], 0, pfn, order);
		synth_end(&s[i]);
		readers[i] = open_trace(&s[i], &machines[i]);
	}
	options.start_from = readers[1];
	if (engine_create(readers[0], &options, &engine, &err) || engine_run(engine, &err))
		fail_msg("%s", err.msg);
	engine_counts(engine, &counts);
	*left = 0;
	for (int z = 0; z < MAX_NR_ZONES; z++)
		if (mmr_zone_read(engine_machine(engine), 0, z, &info))
			*left += info.nr_free_pages + info.nr_pcp_pages;
	engine_destroy(engine);
	for (int i = 0; i < 2; i++) {
		machine_deinit(&machines[i]);
		trace_reader_close(readers[i]);
		synth_unlink(&s[i]);
	}
	return counts;
}

/* On B the same frame goes where it is in use, else the next that is, around the zone; else none. */
static void a_page_of_the_start_state_goes_in_place_of_an_old_one(void **state)
{
	struct engine_counts counts;
	uint64_t left;

	(void)state;
	counts = old_pages_freed(FIRST + 2048, 0, 1024, 7, &left);
	assert_int_equal(counts.frees_boot, 1);
	assert_int_equal(left, 7 * 8 + 1);
	counts = old_pages_freed(FIRST + 1024 + 16, 2, 1024, 7,
				 &left); /* free on B, as are 40 pages behind it */
	assert_int_equal(counts.frees_boot, 1);
	assert_int_equal(left, 7 * 8 + 4);
	counts = old_pages_freed(FIRST + 16380, 2, 8, 2047, &left); /* only the first 8 pages are in use on B */
	assert_int_equal(counts.frees_boot, 1);
	assert_int_equal(left, 2047 * 8 + 4);
	counts = old_pages_freed(FIRST + 2048, 0, 0, 2048, &left); /* all is free there */
	assert_int_equal(counts.frees_unknown, 1);
	assert_int_equal(left, 2048 * 8);
}

static struct trust_figures some_figures(void)
{
	return (struct trust_figures){
		.hit = 0.9,
		.node_pages = {600, 400},
		.nr_free = {[0] = 512, [9] = 3},
		.refills = 100,
		.drains = 50,
		.locked = 150,
		.extfrag = 200,
		.passed_over = 7,
		.kswapd_wakeups = NAN,
	};
}

static void equal_figures_have_no_error(void **state)
{
	struct trust_figures figures = some_figures();
	struct trust trust;

	(void)state;
	trust_compare(&figures, &figures, &figures, 2, &trust);
	assert_int_equal(trust.nr_judged, NR_TRUST_METRICS - 2); /* one is unknown, of one there are too few */
	assert_int_equal(trust.nr_good, trust.nr_judged);
	assert_true(trust.error_sum == 0 && trust.naive_error_sum == 0);
}

static void errors_are_measured_as_their_names_say(void **state)
{
	struct trust_figures truth = some_figures(), predicted = truth, naive = truth;
	struct trust trust;

	(void)state;
	predicted.hit = 0.93;
	predicted.node_pages[1] = 410; /* 2.5 % of the node's, though 1 % of all */
	predicted.nr_free[0] = 1024; /* 512 : 1536 pages become 1024 : 1536: shares .25 and .4 */
	predicted.refills = 89;
	predicted.extfrag = 100;
	naive.extfrag = 200;
	naive.node_pages[0] = 1000;
	naive.node_pages[1] = 0;
	trust_compare(&predicted, &truth, &naive, 2, &trust);
	assert_float_equal(trust.metrics[TRUST_NUMA_HIT].error, 0.03, 1e-9);
	assert_false(trust.metrics[TRUST_NUMA_HIT].good);
	assert_float_equal(trust.metrics[TRUST_NODE_PAGES].error, 0.025, 1e-9);
	assert_float_equal(trust.metrics[TRUST_NODE_PAGES].naive_error, 1, 1e-9);
	assert_true(trust.metrics[TRUST_NODE_PAGES].good);
	assert_float_equal(trust.metrics[TRUST_FREE_BLOCKS].error, 0.15, 1e-9);
	assert_float_equal(trust.metrics[TRUST_UNUSABLE].error, 0.15, 1e-9);
	assert_float_equal(trust.metrics[TRUST_REFILLS].error, 0.11, 1e-9);
	assert_false(trust.metrics[TRUST_REFILLS].good);
	assert_float_equal(trust.metrics[TRUST_EXTFRAG].error, 2, 1e-9);
	assert_float_equal(trust.metrics[TRUST_EXTFRAG].naive_error, 1, 1e-9);
	assert_false(trust.metrics[TRUST_EXTFRAG].good);
}

static void too_few_events_are_not_judged(void **state)
{
	struct trust_figures truth = some_figures(), predicted = truth;
	struct trust trust;

	(void)state;
	truth.extfrag = 99;
	predicted.extfrag = 0;
	trust_compare(&predicted, &truth, &truth, 2, &trust);
	assert_false(trust.metrics[TRUST_EXTFRAG].judged);
	assert_true(trust.error_sum == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_of_events_are_holds_of_the_lock),
		cmocka_unit_test(refills_in_a_row_are_told_apart_where_their_size_is_known),
		cmocka_unit_test(what_goes_past_the_lists_is_a_hold_where_it_is_told),
		cmocka_unit_test(pages_given_out_in_bulk_are_allocations),
		cmocka_unit_test(what_the_first_keyframe_holds_is_not_counted),
		cmocka_unit_test(a_replay_on_b_begins_where_the_states_do),
		cmocka_unit_test(a_page_of_the_start_state_goes_in_place_of_an_old_one),
		cmocka_unit_test(allocations_are_counted_in_pages_of_their_node),
		cmocka_unit_test(equal_figures_have_no_error),
		cmocka_unit_test(errors_are_measured_as_their_names_say),
		cmocka_unit_test(too_few_events_are_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
