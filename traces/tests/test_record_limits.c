// SPDX-License-Identifier: GPL-2.0-or-later
/* Ceilings: on memory, which rings and buffers share, and on events per second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "traces/record/record_lanes.h"
#include "traces/record/record_limits.h"

#define MIB (1ULL << 20)
#define MS  1000000ULL

static struct record_sizes two_cpus(void)
{
	return (struct record_sizes){2, 8 * MIB, 65536, 1 << 20, 6 * MIB};
}

static void without_a_ceiling_nothing_changes(void **state)
{
	struct record_sizes s = two_cpus();

	assert_int_equal(record_sizes_fit(&s, 0, NULL), 0);
	assert_int_equal(s.ring_bytes, 8 * MIB);
	assert_int_equal(s.block_events, 65536);
	assert_int_equal(record_sizes_fit(&s, 1000 * MIB, NULL), 0);
	assert_int_equal(s.ring_bytes, 8 * MIB);
}

static void rings_and_blocks_become_smaller_until_they_fit(void **state)
{
	for (uint64_t mib = 28; mib < 60; mib++) {
		struct record_sizes s = two_cpus();

		assert_int_equal(record_sizes_fit(&s, mib * MIB, NULL), 0);
		assert_true(record_sizes_bytes(&s) <= mib * MIB);
		assert_int_equal(s.ring_bytes & (s.ring_bytes - 1), 0);
		assert_true(s.ring_bytes >= RECORD_MIN_RING_BYTES);
	}
}

static void what_cannot_fit_is_refused_with_what_would(void **state)
{
	struct record_sizes s = two_cpus();
	struct mmr_error err;

	assert_int_not_equal(record_sizes_fit(&s, 20 * MIB, &err), 0);
	assert_non_null(strstr(err.msg, "found 20480 KiB, expected at least"));
}

static void many_cpus_share_it(void **state)
{
	struct record_sizes s = {512, 8 * MIB, 4096, 1 << 20, 6 * MIB};

	assert_int_equal(record_sizes_fit(&s, 400 * MIB, NULL), 0);
	assert_true(record_sizes_bytes(&s) <= 400 * MIB);
}

static void rings_are_a_small_part_of_the_memory(void **state)
{
	assert_int_equal(record_sizes_ring(1ULL << 40, 2), 32 * MIB);
	assert_int_equal(record_sizes_ring(2048 * MIB, 4), 32 * MIB);
	assert_int_equal(record_sizes_ring(1024 * MIB, 2), 32 * MIB);
	assert_int_equal(record_sizes_ring(512 * MIB, 2), 16 * MIB);
	assert_int_equal(record_sizes_ring(220 * MIB, 1), 8 * MIB);
	assert_int_equal(record_sizes_ring(220 * MIB, 2), 8 * MIB);
	assert_int_equal(record_sizes_ring(220 * MIB, 4), 4 * MIB);
	assert_int_equal(record_sizes_ring(512ULL << 30, 512), 32 * MIB);
	assert_int_equal(record_sizes_ring(64 * MIB, 64), 1 * MIB);
}

/* Each page's free event, on one CPU, whatever the memory: lanes are a part of the ring. */
static void all_pages_may_be_freed_at_once(void **state)
{
	for (uint64_t memory = 32 * MIB; memory <= 1024 * MIB; memory += 16 * MIB) {
		uint32_t shift = record_lanes_unit_shift(record_sizes_ring(memory, 1));

		assert_true((uint64_t)REC_LANE_LARGE << shift >= memory / 4096);
	}
}

/* 10,000 events in each ms, where 1,000,000 a second are allowed: a tenth of the time may be recorded. */
static void above_the_ceiling_whole_stretches_are_paused(void **state)
{
	uint64_t events = 0, recorded_ms = 0, pauses = 0;
	struct record_rate r;
	bool paused = false;

	record_rate_init(&r, 1e6, 0);
	for (uint64_t ms = 1; ms <= 20000; ms++) {
		bool before = paused;

		if (!paused) {
			events += 10000;
			recorded_ms++;
		}
		paused = record_rate_paused(&r, ms * MS, events);
		pauses += paused && !before;
	}
	assert_in_range(events, 20 * 950000ULL, 21 * 1050000ULL);
	assert_in_range(recorded_ms, 1900, 2200);
	assert_in_range(pauses, 10, 60);
}

static void below_the_ceiling_there_is_no_pause(void **state)
{
	struct record_rate r;
	uint64_t events = 0;

	record_rate_init(&r, 1e6, 0);
	for (uint64_t ms = 1; ms <= 5000; ms++) {
		events += 990;
		assert_false(record_rate_paused(&r, ms * MS, events));
	}
	record_rate_init(&r, 0, 0);
	assert_false(record_rate_paused(&r, MS, UINT64_MAX / 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_ceiling_nothing_changes),
		cmocka_unit_test(rings_and_blocks_become_smaller_until_they_fit),
		cmocka_unit_test(what_cannot_fit_is_refused_with_what_would),
		cmocka_unit_test(many_cpus_share_it),
		cmocka_unit_test(rings_are_a_small_part_of_the_memory),
		cmocka_unit_test(all_pages_may_be_freed_at_once),
		cmocka_unit_test(above_the_ceiling_whole_stretches_are_paused),
		cmocka_unit_test(below_the_ceiling_there_is_no_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
