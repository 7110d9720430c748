// SPDX-License-Identifier: GPL-2.0-or-later
/* Replay on threads: whatever their order, what was asked is the same and the model stays whole. For TSan too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/engine/engine.h"
#include "replay/engine/live_map.h"
#include "replay/tests/synth_trace.h"

#define FIRST_PFN 4096u
#define ALL_PAGES 16384u
#define EVENTS    60000

struct outcome {
	struct engine_counts n;
	uint64_t free_pages, nr_locks, max_live;
};

static struct outcome replay(const struct synth *s, unsigned int nr_threads)
{
	struct mmr_error err = {0};
	struct trace_reader *reader;
	struct machine machine;
	struct mmr_zone_info info;
	const struct mmr_lock_times *times;
	struct engine *engine;
	struct outcome ret = {0};
	struct engine_options options = {
		.recorded = &machine,
		.machine = &machine,
		.profile = kernel_profile_find("6.12"),
		.backend = &backend_core,
		.start = ENGINE_START_EMPTY,
		.latency_every = 3,
		.nr_samples = 7,
		.nr_threads = nr_threads,
	};

	if (trace_reader_open(s->path, &reader, &err) ||
	    machine_from_trace(trace_reader_machine(reader), s->path, &machine, &err) ||
	    engine_create(reader, &options, &engine, &err) || engine_run(engine, &err) ||
	    mmr_check(engine_machine(engine), &err))
		fail_msg("%s", err.msg);
	engine_counts(engine, &ret.n);
	assert_true(mmr_zone_read(engine_machine(engine), 0, ZONE_DMA32, &info));
	ret.free_pages = info.nr_free_pages + info.nr_pcp_pages;
	ret.max_live = engine_live_pages_max(engine);
	times = engine_lock_times(engine, 0, ZONE_DMA32);
	assert_int_equal(times != NULL, nr_threads > 1);
	for (int b = 0; times && b < MMR_LOCK_BUCKETS; b++) {
		ret.nr_locks += times->waited[b];
		ret.nr_locks -= times->held[b];
	}
	engine_destroy(engine);
	machine_deinit(&machine);
	trace_reader_close(reader);
	return ret;
}

static void same_requests(const struct outcome *a, const struct outcome *b)
{
	assert_memory_equal(a->n.recorded, b->n.recorded, sizeof(a->n.recorded));
	assert_memory_equal(a->n.asked, b->n.asked, sizeof(a->n.asked));
	assert_int_equal(a->n.reallocs, b->n.reallocs);
	assert_int_equal(a->n.splits, b->n.splits);
	assert_int_equal(a->n.frees_unknown, b->n.frees_unknown);
	assert_int_equal(a->n.failed, b->n.failed);
	assert_int_equal(a->n.frees, b->n.frees);
	assert_int_equal(a->free_pages, b->free_pages);
	assert_int_equal(a->max_live, b->max_live);
	assert_int_equal(b->nr_locks, 0); /* every one that was waited for was held */
}

/* Few frames and many turns on each: both CPUs take what the other has just given back. */
static void what_one_cpu_frees_the_other_takes(void **state)
{
	struct outcome serial, threads;
	struct synth s;

	synth_begin(&s);
	for (unsigned int i = 0; i < EVENTS / 2; i++) {
		uint32_t pfn = FIRST_PFN + i % 50;

		synth_alloc(&s, i & 1, pfn, 0);
		synth_free(&s, (i / 3) & 1, pfn, 0);
	}
	synth_end(&s);
	serial = replay(&s, 1);
	for (unsigned int nr = 2; nr <= 3; nr++) {
		threads = replay(&s, nr);
		same_requests(&serial, &threads);
	}
	assert_int_equal(threads.free_pages, ALL_PAGES);
	synth_unlink(&s);
}

/* Orders 0 to 3 at any place, freed whole, in pieces, twice or never, by either CPU. */
static void odd_events_between_the_windows_change_nothing(void **state)
{
	struct outcome serial, threads;
	struct synth s;

	synth_begin(&s);
	srand(11);
	for (unsigned int i = 0; i < EVENTS; i++) {
		uint32_t pfn = FIRST_PFN + ((uint32_t)rand() % 9000 & ~7u);
		unsigned int order = rand() % 50 ? 0 : (unsigned int)rand() % 4, cpu = (unsigned int)rand() % 2;

		if (rand() % 2)
			synth_alloc(&s, cpu, pfn, order);
		else
			synth_free(&s, cpu, pfn, order);
	}
	synth_alloc(&s, 0, 1u << 20, 0); /* beyond the machine */
	synth_end(&s);
	serial = replay(&s, 1);
	assert_true(serial.n.reallocs > 0 && serial.n.splits > 0 && serial.n.frees_unknown > 0);
	threads = replay(&s, 2);
	same_requests(&serial, &threads);
	synth_unlink(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_cpu_frees_the_other_takes),
		cmocka_unit_test(odd_events_between_the_windows_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
