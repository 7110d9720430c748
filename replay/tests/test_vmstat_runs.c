// SPDX-License-Identifier: GPL-2.0-or-later
/* The vmstat workers run when and where the recording says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "replay/engine/engine.h"
#include "replay/engine/vmstat_runs.h"
#include "replay/tests/synth_trace.h"

#define FIRST   4096u
#define SECOND  1000000000ull
#define HELD    48u
#define HIGHEST 60u

static struct trace_reader *open_trace(const struct synth *s)
{
	struct trace_reader *reader = NULL;
	struct mmr_error err = {0};

	if (trace_reader_open(s->path, &reader, &err))
		fail_msg("%s", err.msg);
	return reader;
}

static void runs_are_read_in_order_of_time(void **state)
{
	struct vmstat_runs runs;
	struct trace_reader *reader;
	struct mmr_error err = {0};
	struct synth s;

	(void)state;
	synth_begin_watched(&s, "vmstat_fold", 12);
	synth_told(&s, TRACE_VMSTAT_FOLD, 1, true);
	synth_alloc(&s, 0, FIRST, 0);
	s.now_ns -= 1500; /* CPU 0's comes before CPU 1's */
	synth_told(&s, TRACE_VMSTAT_FOLD, 0, false);
	synth_end(&s);
	reader = open_trace(&s);
	assert_int_equal(vmstat_runs_read(reader, &runs, &err), 0);
	assert_true(runs.known);
	assert_int_equal(runs.nr, 2);
	assert_true(runs.runs[0].ts_ns < runs.runs[1].ts_ns);
	assert_int_equal(runs.runs[0].pagesets, runs.runs[0].cpu == 1);
	assert_int_equal(runs.runs[1].pagesets, runs.runs[1].cpu == 1);
	assert_int_equal(vmstat_runs_due(&runs), runs.runs[0].ts_ns);
	vmstat_runs_deinit(&runs);
	assert_true(vmstat_runs_due(&runs) == UINT64_MAX);
	trace_reader_close(reader);
	synth_unlink(&s);
}

static void a_recording_without_such_events_does_not_tell(void **state)
{
	struct vmstat_runs runs;
	struct trace_reader *reader;
	struct mmr_error err = {0};
	struct synth s;

	(void)state;
	synth_begin(&s);
	synth_alloc(&s, 0, FIRST, 0);
	synth_end(&s);
	reader = open_trace(&s);
	assert_int_equal(vmstat_runs_read(reader, &runs, &err), 0);
	assert_false(runs.known);
	assert_int_equal(runs.nr, 0);
	trace_reader_close(reader);
	synth_unlink(&s);
}

/* CPU 0 fills its list, then four seconds pass. */
static void record(struct synth *s, bool watched, unsigned int nr_runs, bool pagesets)
{
	if (watched)
		synth_begin_watched(s, "vmstat_fold", HIGHEST);
	else
		synth_begin_watched(s, "nothing", HIGHEST);
	for (uint32_t i = 0; i < HELD; i++)
		synth_alloc(s, 0, FIRST + i, 0);
	for (uint32_t i = 0; i < HELD; i++)
		synth_free(s, 0, FIRST + i, 0);
	for (unsigned int i = 0; i < nr_runs; i++)
		synth_told(s, TRACE_VMSTAT_FOLD, 0, pagesets);
	s->now_ns += 4 * SECOND;
	synth_alloc(s, 1, FIRST, 0);
	synth_end(s);
}

static uint64_t decays(struct synth *s, bool as_recorded)
{
	struct trace_reader *reader = open_trace(s);
	struct mmr_error err = {0};
	struct mmr_counters counters;
	struct engine *engine = NULL;
	struct machine machine;
	struct engine_options options = {
		.recorded = &machine,
		.machine = &machine,
		.profile = kernel_profile_find("6.12"),
		.backend = &backend_core,
		.start = ENGINE_START_EMPTY,
		.nr_samples = 1,
		.vmstat_as_recorded = as_recorded,
	};

	if (machine_from_trace(trace_reader_machine(reader), s->path, &machine, &err) ||
	    engine_create(reader, &options, &engine, &err) || engine_run(engine, &err))
		fail_msg("%s", err.msg);
	engine_counters(engine, &counters);
	engine_destroy(engine);
	machine_deinit(&machine);
	trace_reader_close(reader);
	synth_unlink(s);
	return counters.pcp_decays;
}

static void lists_decay_with_the_recorded_runs_only(void **state)
{
	struct synth s;

	(void)state;
	record(&s, true, 0, true);
	assert_int_equal(decays(&s, true), 0);
	record(&s, true, 3, true); /* the first ones let high sink to what the list holds */
	assert_in_range(decays(&s, true), 1, 3);
	record(&s, true, 3, false); /* gone idle: counters only */
	assert_int_equal(decays(&s, true), 0);
}

static void without_them_the_workers_run_by_the_clock(void **state)
{
	struct synth s;

	(void)state;
	record(&s, false, 0, true);
	assert_true(decays(&s, true) > 2);
	record(&s, true, 1, true); /* nor where nobody asks for the recorded ones */
	assert_true(decays(&s, false) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_read_in_order_of_time),
		cmocka_unit_test(a_recording_without_such_events_does_not_tell),
		cmocka_unit_test(lists_decay_with_the_recorded_runs_only),
		cmocka_unit_test(without_them_the_workers_run_by_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
