// SPDX-License-Identifier: GPL-2.0-or-later
/* What was done to the recorded kernel's zones is done to the model's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/step.h"
#include "replay/engine/engine.h"
#include "replay/engine/recorded_acts.h"
#include "replay/tests/synth_trace.h"

#define FIRST 4096u

static void tell(struct synth *s, enum trace_event_type type, const struct trace_args *args)
{
	const struct trace_class cls = {
		.type = (uint8_t)type, .flags = TRACE_F_EXTRA, .nr_args = args->nr, .zone = ZONE_DMA32};
	struct trace_event event = {.ts_ns = s->now_ns += 1000, .pfn = TRACE_NO_PFN};
	struct mmr_error err = {0};

	if (trace_writer_class(s->writer, &cls, &event.class_id, &err) ||
	    trace_writer_event_args(s->writer, &event, args, &err))
		fail_msg("%s", err.msg);
}

static void tell_limits(struct synth *s, int64_t nid, int64_t high)
{
	tell(s, TRACE_PCP_LIMITS, &(struct trace_args){.nr = 4, .v = {nid, high, high, 4}});
}

/* Replays @s on its own machine. Return: the engine, to be asked. */
static struct engine *replay(struct synth *s, struct machine *machine, struct trace_reader **reader)
{
	struct mmr_error err = {0};
	struct engine *engine = NULL;
	struct engine_options options = {
		.recorded = machine,
		.machine = machine,
		.profile = kernel_profile_find("6.12"),
		.backend = &backend_core,
		.start = ENGINE_START_EMPTY,
		.nr_samples = 1,
	};

	if (trace_reader_open(s->path, reader, &err) ||
	    machine_from_trace(trace_reader_machine(*reader), s->path, machine, &err) ||
	    engine_create(*reader, &options, &engine, &err) || engine_run(engine, &err))
		fail_msg("%s", err.msg);
	return engine;
}

static void done(struct synth *s, struct machine *machine, struct trace_reader *reader, struct engine *engine)
{
	engine_destroy(engine);
	machine_deinit(machine);
	trace_reader_close(reader);
	synth_unlink(s);
}

/* CPU 0 gets 48 pages and gives them back. */
static uint64_t drains_after(void (*tell_it)(struct synth *s))
{
	struct trace_reader *reader;
	struct mmr_counters counters;
	struct machine machine;
	struct engine *engine;
	struct synth s;

	synth_begin_watched(&s, "pcp_limits", 60);
	for (uint32_t i = 0; i < 48; i++)
		synth_alloc(&s, 0, FIRST + i, 0);
	if (tell_it)
		tell_it(&s);
	for (uint32_t i = 0; i < 48; i++)
		synth_free(&s, 0, FIRST + i, 0);
	synth_end(&s);
	engine = replay(&s, &machine, &reader);
	engine_counters(engine, &counters);
	done(&s, &machine, reader, engine);
	return counters.pcp_drains;
}

static void lists_shrink(struct synth *s)
{
	tell_limits(s, 0, 8);
}

static void kswapd_begins(struct synth *s)
{
	tell(s, TRACE_BALANCE_BEGIN, &(struct trace_args){.nr = 1, .v = {0}});
}

static void kswapd_works(struct synth *s)
{
	kswapd_begins(s);
	tell(s, TRACE_BALANCE_END, &(struct trace_args){.nr = 2, .v = {0, 1}});
}

static void smaller_lists_drain_from_then_on(void **state)
{
	(void)state;
	assert_in_range(drains_after(lists_shrink), drains_after(NULL) + 5, 48);
}

static void lists_are_short_while_kswapd_works(void **state)
{
	(void)state;
	assert_in_range(drains_after(kswapd_begins), drains_after(NULL) + 1, 48);
	assert_int_equal(drains_after(kswapd_works), drains_after(NULL));
}

static void marks_and_reserves_are_the_last_ones_told(void **state)
{
	struct trace_reader *reader;
	struct mmr_zone_info info;
	struct machine machine;
	struct engine *engine;
	struct synth s;

	(void)state;
	synth_begin_watched(&s, "zone_wmarks", 60);
	synth_alloc(&s, 0, FIRST, 0);
	tell(&s, TRACE_ZONE_WMARKS, &(struct trace_args){.nr = 5, .v = {0, 1, 2, 3, 4}});
	tell(&s, TRACE_ZONE_WMARKS, &(struct trace_args){.nr = 5, .v = {0, 100, 200, 300, 400}});
	tell(&s, TRACE_LOWMEM_RESERVE, &(struct trace_args){.nr = 3, .v = {0, ZONE_NORMAL, 77}});
	/* What is not there changes nothing. */
	tell(&s, TRACE_ZONE_WMARKS, &(struct trace_args){.nr = 5, .v = {7, 1, 1, 1, 1}});
	tell(&s, TRACE_LOWMEM_RESERVE, &(struct trace_args){.nr = 3, .v = {0, 99, 78}});
	synth_alloc(&s, 0, FIRST + 1, 0);
	synth_end(&s);
	engine = replay(&s, &machine, &reader);
	assert_true(mmr_zone_read(engine_machine(engine), 0, ZONE_DMA32, &info));
	assert_int_equal(info.watermark[WMARK_MIN], 100);
	assert_int_equal(info.watermark[WMARK_HIGH], 300);
	assert_int_equal(info.lowmem_reserve[ZONE_NORMAL], 77);
	done(&s, &machine, reader, engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smaller_lists_drain_from_then_on),
		cmocka_unit_test(lists_are_short_while_kswapd_works),
		cmocka_unit_test(marks_and_reserves_are_the_last_ones_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
