// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine over small recordings whose outcome is known beforehand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/engine/engine.h"
#include "replay/engine/live_map.h"
#include "replay/machines/profile_choice.h"
#include "replay/result/result.h"
#include "replay/tests/synth_trace.h"

/* A replay of one recording on its own machine, or on @other. */
struct replayed {
	struct trace_reader *reader;
	struct machine recorded;
	struct kernel_profile *profile;
	struct engine_options options;
	struct engine *engine;
};

static void open_replay(struct replayed *r, const struct synth *s, struct machine *other,
			enum engine_start start)
{
	struct mmr_error err = {0};
	bool exact;

	memset(r, 0, sizeof(*r));
	if (trace_reader_open(s->path, &r->reader, &err) ||
	    machine_from_trace(trace_reader_machine(r->reader), s->path, &r->recorded, &err))
		fail_msg("%s", err.msg);
	r->options = (struct engine_options){
		.recorded = &r->recorded,
		.machine = other ? other : &r->recorded,
		.backend = &backend_core,
		.start = start,
		.latency_every = 1,
		.nr_samples = 4,
	};
	if (profile_choose(NULL, NULL, "6.12.0", &r->profile, &exact, &err))
		fail_msg("%s", err.msg);
	r->options.profile = r->profile;
	if (engine_create(r->reader, &r->options, &r->engine, &err))
		fail_msg("%s", err.msg);
}

static void run_replay(struct replayed *r)
{
	struct mmr_error err = {0};

	if (engine_run(r->engine, &err))
		fail_msg("%s", err.msg);
	if (mmr_check(engine_machine(r->engine), &err))
		fail_msg("%s", err.msg);
}

static void close_replay(struct replayed *r)
{
	engine_destroy(r->engine);
	kernel_profile_destroy(r->profile);
	machine_deinit(&r->recorded);
	trace_reader_close(r->reader);
}

static struct engine_counts counts_of(const struct replayed *r)
{
	struct engine_counts counts;

	engine_counts(r->engine, &counts);
	return counts;
}

static uint64_t free_and_pcp_pages(const struct mmr_machine *m, unsigned int nr_nodes)
{
	struct mmr_zone_info info;
	uint64_t pages = 0;

	for (unsigned int n = 0; n < nr_nodes; n++)
		for (int z = 0; z < MAX_NR_ZONES; z++)
			if (mmr_zone_read(m, n, z, &info))
				pages += info.nr_free_pages + info.nr_pcp_pages;
	return pages;
}

static void what_is_allocated_and_freed_leaves_all_memory_free(void **state)
{
	struct replayed r;
	struct synth s;

	synth_begin(&s);
	for (unsigned int i = 0; i < 3000; i++)
		synth_alloc(&s, i % 2, 5000 + i, 0);
	for (unsigned int i = 0; i < 3000; i++)
		synth_free(&s, (i + 1) % 2, 5000 + i, 0);
	synth_end(&s);
	open_replay(&r, &s, NULL, ENGINE_START_EMPTY);
	run_replay(&r);
	assert_int_equal(counts_of(&r).allocs, 3000);
	assert_int_equal(counts_of(&r).frees, 3000);
	assert_int_equal(counts_of(&r).failed, 0);
	assert_int_equal(free_and_pcp_pages(engine_machine(r.engine), 1), 16384);
	close_replay(&r);
	synth_unlink(&s);
}

/* An order-9 block freed as 512 pages, as a split THP is; then a block of 4 freed as 2 + 1 + 1. */
static void a_block_may_come_back_in_pieces(void **state)
{
	struct replayed r;
	struct synth s;

	synth_begin(&s);
	synth_alloc(&s, 0, 5120, 9);
	for (unsigned int i = 0; i < 512; i++)
		synth_free(&s, 0, 5120 + i, 0);
	synth_alloc(&s, 0, 6000, 2);
	synth_free(&s, 0, 6000, 1);
	synth_free(&s, 0, 6002, 0);
	synth_free(&s, 0, 6003, 0);
	synth_end(&s);
	open_replay(&r, &s, NULL, ENGINE_START_EMPTY);
	run_replay(&r);
	assert_int_equal(counts_of(&r).splits, 3);
	assert_int_equal(counts_of(&r).frees_unknown, 0);
	assert_int_equal(free_and_pcp_pages(engine_machine(r.engine), 1), 16384);
	close_replay(&r);
	synth_unlink(&s);
}

static void frees_without_an_allocation_are_counted_and_dropped(void **state)
{
	struct replayed r;
	struct synth s;

	synth_begin(&s);
	synth_free(&s, 0, 7000, 0);
	synth_alloc(&s, 0, 7001, 0);
	synth_alloc(&s, 0, 7001, 0); /* its free was not seen */
	synth_alloc(&s, 0, TRACE_NO_PFN, 3); /* failed in the kernel */
	synth_end(&s);
	open_replay(&r, &s, NULL, ENGINE_START_EMPTY);
	run_replay(&r);
	assert_int_equal(counts_of(&r).frees_unknown, 1);
	assert_int_equal(counts_of(&r).reallocs, 1);
	assert_int_equal(counts_of(&r).recorded_failed, 1);
	assert_int_equal(free_and_pcp_pages(engine_machine(r.engine), 1), 16384 - 1);
	close_replay(&r);
	synth_unlink(&s);
}

/* 8 blocks of 1024 are free at the keyframe; page 4100 belongs to boot and is freed later. */
static void the_recorded_state_is_where_a_replay_starts(void **state)
{
	struct replayed r;
	struct synth s;

	synth_begin(&s);
	synth_alloc(&s, 0, 9000, 0); /* older than the keyframe: already part of it */
	synth_keyframe(&s, 8192, 10, 8);
	synth_free(&s, 0, 4100, 0);
	synth_alloc(&s, 0, 8192, 0);
	synth_end(&s);
	open_replay(&r, &s, NULL, ENGINE_START_AUTO);
	assert_int_equal(engine_start(r.engine), ENGINE_START_RECORDED);
	assert_int_equal(free_and_pcp_pages(engine_machine(r.engine), 1), 8192);
	run_replay(&r);
	assert_int_equal(counts_of(&r).before_keyframe, 1);
	assert_int_equal(counts_of(&r).frees_boot, 1);
	assert_int_equal(counts_of(&r).allocs, 1);
	assert_int_equal(free_and_pcp_pages(engine_machine(r.engine), 1), 8192);
	close_replay(&r);
	synth_unlink(&s);
}

static void more_than_the_machine_has_is_refused_and_counted(void **state)
{
	struct replayed r;
	struct synth s;

	synth_begin(&s);
	for (unsigned int i = 0; i < 20; i++)
		synth_alloc(&s, 0, 4096 + (i << 10), 10);
	for (unsigned int i = 0; i < 20; i++)
		synth_free(&s, 0, 4096 + (i << 10), 10);
	synth_end(&s);
	open_replay(&r, &s, NULL, ENGINE_START_EMPTY);
	run_replay(&r);
	assert_true(counts_of(&r).failed > 0);
	assert_int_equal(counts_of(&r).frees_of[LIVE_REFUSED] + counts_of(&r).frees, 20);
	assert_int_equal(free_and_pcp_pages(engine_machine(r.engine), 1), 16384);
	close_replay(&r);
	synth_unlink(&s);
}

/* Recorded CPUs 0 and 1 go to nodes 0 and 1; each finds memory on its own node. */
static void on_two_nodes_each_cpu_allocates_at_home(void **state)
{
	struct machine two = {0};
	struct mmr_zone_info info;
	struct mmr_error err = {0};
	struct replayed r;
	struct synth s;

	if (machine_load("replay/machines/two-node.yaml", &two, &err))
		fail_msg("%s", err.msg);
	synth_begin(&s);
	for (unsigned int i = 0; i < 1000; i++)
		synth_alloc(&s, i % 2, 5000 + i, 0);
	synth_end(&s);
	open_replay(&r, &s, &two, ENGINE_START_AUTO);
	assert_int_equal(engine_start(r.engine), ENGINE_START_EMPTY);
	assert_int_equal(engine_translate(r.engine)->placement, PLACEMENT_ROUND_ROBIN);
	run_replay(&r);
	assert_true(mmr_zone_read(engine_machine(r.engine), 0, ZONE_NORMAL, &info));
	assert_int_equal(info.nr_alloc_pages, 500);
	assert_true(mmr_zone_read(engine_machine(r.engine), 1, ZONE_NORMAL, &info));
	assert_int_equal(info.nr_alloc_pages, 500);
	close_replay(&r);
	machine_deinit(&two);
	synth_unlink(&s);
}

/* CPU 1 is offline: what was recorded there is asked by CPU 0, and nothing is refused. */
static void what_was_recorded_on_an_offline_cpu_runs_on_another(void **state)
{
	struct machine two = {0};
	struct mmr_zone_info info;
	struct mmr_error err = {0};
	struct replayed r;
	struct synth s;

	if (machine_load("replay/machines/two-node.yaml", &two, &err))
		fail_msg("%s", err.msg);
	two.offline = calloc(two.nr_cpus, sizeof(*two.offline));
	assert_non_null(two.offline);
	for (unsigned int cpu = 1; cpu < two.nr_cpus; cpu++)
		two.offline[cpu] = true;
	synth_begin(&s);
	for (unsigned int i = 0; i < 1000; i++)
		synth_alloc(&s, i % 2, 5000 + i, 0);
	synth_end(&s);
	open_replay(&r, &s, &two, ENGINE_START_AUTO);
	run_replay(&r);
	assert_int_equal(counts_of(&r).failed, 0);
	assert_false(mmr_cpu_online(engine_machine(r.engine), 1));
	assert_true(mmr_zone_read(engine_machine(r.engine), 0, ZONE_NORMAL, &info));
	assert_int_equal(info.nr_alloc_pages, 1000);
	close_replay(&r);
	machine_deinit(&two);
	synth_unlink(&s);
}

static char *stable_summary(struct replayed *r)
{
	const struct result_context ctx = {
		.counts = counts_of(r),
		.reader = r->reader,
		.engine = r->engine,
		.options = &r->options,
		.kernel_profile = kernel_profile_name(r->options.profile),
	};
	json_t *summary = result_summary(&ctx);
	char *text;

	json_object_del(summary, "latency_ns");
	json_object_del(summary, "replay");
	text = json_dumps(summary, JSON_INDENT(1));
	json_decref(summary);
	return text;
}

static void the_same_input_gives_the_same_result(void **state)
{
	struct replayed r;
	struct synth s;
	char *text[2];

	synth_begin(&s);
	srand(7);
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int order = (unsigned int)rand() % 4;
		uint32_t pfn = 4096 + (((uint32_t)rand() % 16000) & ~7u);

		if (rand() % 2)
			synth_alloc(&s, (unsigned int)rand() % 2, pfn, order);
		else
			synth_free(&s, (unsigned int)rand() % 2, pfn, order);
	}
	synth_end(&s);
	for (int i = 0; i < 2; i++) {
		open_replay(&r, &s, NULL, ENGINE_START_EMPTY);
		run_replay(&r);
		text[i] = stable_summary(&r);
		close_replay(&r);
	}
	assert_string_equal(text[0], text[1]);
	free(text[0]);
	free(text[1]);
	synth_unlink(&s);
}

static void without_a_keyframe_the_recorded_start_is_an_empty_one(void **state)
{
	struct replayed r;
	struct synth s;

	synth_begin(&s);
	synth_alloc(&s, 0, 5000, 0);
	synth_end(&s);
	open_replay(&r, &s, NULL, ENGINE_START_RECORDED);
	assert_int_equal(engine_start(r.engine), ENGINE_START_EMPTY);
	close_replay(&r);
	synth_unlink(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_allocated_and_freed_leaves_all_memory_free),
		cmocka_unit_test(a_block_may_come_back_in_pieces),
		cmocka_unit_test(frees_without_an_allocation_are_counted_and_dropped),
		cmocka_unit_test(the_recorded_state_is_where_a_replay_starts),
		cmocka_unit_test(more_than_the_machine_has_is_refused_and_counted),
		cmocka_unit_test(what_was_recorded_on_an_offline_cpu_runs_on_another),
		cmocka_unit_test(on_two_nodes_each_cpu_allocates_at_home),
		cmocka_unit_test(the_same_input_gives_the_same_result),
		cmocka_unit_test(without_a_keyframe_the_recorded_start_is_an_empty_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
