// SPDX-License-Identifier: GPL-2.0-or-later
/* Draining lanes and a ring beside them, both of plain memory here: order, wrapping, slots given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "traces/record/record_lanes.h"
#include "traces/trace.h"

#define SHIFT      2 /* small lanes have 4 slots, large ones 128 */
#define RING_BYTES 4096

struct fake {
	struct record_lanes lanes;
	struct record_ring ring;
	uint64_t consumer, producer;
	unsigned char data[RING_BYTES];
	struct rec_event slots[REC_LANE_UNITS << SHIFT];
	struct rec_cpu cpu;
	struct {
		uint64_t ts_ns, page;
		uint32_t tid;
		size_t bytes;
	} seen[600];
	unsigned int nr_seen, filled;
	uint32_t tid, in_interrupt; /* of the events that are put */
};

static int make(void **state)
{
	struct fake *f = calloc(1, sizeof(*f));

	record_lanes_init(&f->lanes, f->slots, &f->cpu, SHIFT);
	f->ring = (struct record_ring){
		.consumer = &f->consumer, .producer = &f->producer, .data = f->data, .mask = RING_BYTES - 1};
	*state = f;
	return 0;
}

static int clean(void **state)
{
	free(*state);
	return 0;
}

/* As a program does it. Return: was there room? */
static bool put(struct fake *f, unsigned int lane, uint64_t ts_ns, uint64_t page)
{
	struct record_lane *l = &f->lanes.lane[lane];
	struct rec_ends *ends = REC_ENDS(&f->cpu, lane);
	struct rec_event *slot = (struct rec_event *)&l->slots[ends->head & l->mask];

	if (ends->head == ends->limit)
		return false;
	slot->page = page;
	slot->tid = REC_CONTEXT(f->tid, f->in_interrupt);
	slot->ts_ns = ts_ns;
	ends->head++;
	return true;
}

static void put_ring(struct fake *f, uint64_t ts_ns)
{
	const struct rec_task task = {.ts_ns = ts_ns, .tid = 7};
	const uint32_t header[2] = {sizeof(task), 0};

	memcpy(f->data + f->producer, header, 8);
	memcpy(f->data + f->producer + 8, &task, sizeof(task));
	f->producer += 8 + sizeof(task);
}

static int note(void *ctx, const void *record, size_t bytes)
{
	struct fake *f = ctx;
	const struct rec_event *e = record;

	f->seen[f->nr_seen].ts_ns = e->ts_ns;
	f->seen[f->nr_seen].page = bytes == sizeof(*e) ? e->page : 0;
	f->seen[f->nr_seen].tid = bytes == sizeof(*e) ? e->tid : 0;
	f->seen[f->nr_seen++].bytes = bytes;
	return 0;
}

static int64_t drain(struct fake *f, uint64_t until_ns)
{
	f->nr_seen = 0;
	return record_lanes_drain(&f->lanes, &f->ring, until_ns, &f->filled, note, f);
}

static void lanes_do_not_overlap_and_fill_their_share(void **state)
{
	unsigned int units = 0;

	for (unsigned int i = 0; i < REC_NR_LANES; i++) {
		assert_int_equal(REC_LANE_FIRST(i), units);
		units += REC_LANE_SIZE(i);
	}
	assert_true(units <= REC_LANE_UNITS);
	for (uint64_t bytes = 256 << 10; bytes <= 1 << 30; bytes *= 2) {
		uint64_t used = (uint64_t)REC_LANE_UNITS * sizeof(struct rec_event)
				<< record_lanes_unit_shift(bytes);

		assert_true(used <= bytes && used * 2 > bytes);
	}
}

static void events_of_all_lanes_come_by_time(void **state)
{
	struct fake *f = *state;
	uint64_t ts = 0;

	srand(1);
	for (int round = 0; round < 50; round++) {
		uint64_t first = ts + 1;
		int64_t nr = 0;

		for (int i = 0; i < 60; i++)
			if (put(f, (unsigned int)rand() % REC_NR_LANES, ts + 1, 0x1000 + ts + 1)) {
				ts++;
				nr++;
			}
		assert_int_equal(drain(f, UINT64_MAX - 1), nr);
		for (int64_t i = 0; i < nr; i++) {
			assert_int_equal(f->seen[i].ts_ns, first + (uint64_t)i);
			assert_int_equal(f->seen[i].page, 0x1000 + first + (uint64_t)i);
		}
	}
}

static void a_task_is_told_before_its_event(void **state)
{
	struct fake *f = *state;

	put(f, REC_LANE_FREE, 5, 1);
	put_ring(f, 10);
	put(f, REC_LANE_ALLOC, 10, 2);
	put(f, REC_LANE_FREE, 11, 3);
	put_ring(f, 30);
	assert_int_equal(drain(f, 20), 4);
	assert_int_equal(f->seen[0].ts_ns, 5);
	assert_int_equal(f->seen[1].bytes, sizeof(struct rec_task));
	assert_int_equal(f->seen[2].page, 2);
	assert_int_equal(f->seen[3].page, 3);
	assert_int_equal(drain(f, 40), 1);
	assert_int_equal(f->seen[0].ts_ns, 30);
}

static void later_events_are_left_for_the_next_drain(void **state)
{
	struct fake *f = *state;

	put(f, REC_LANE_ALLOC, 100, 1);
	put(f, REC_LANE_ALLOC, 200, 2);
	put(f, REC_LANE_FREE, 150, 3);
	assert_int_equal(drain(f, 150), 2);
	assert_int_equal(f->seen[1].page, 3);
	assert_int_equal(drain(f, 150), 0);
	assert_int_equal(drain(f, 200), 1);
}

static void a_full_lane_has_room_again_once_it_is_read(void **state)
{
	struct fake *f = *state;
	unsigned int nr = 0;

	while (put(f, REC_LANE_EXTFRAG, nr + 1, nr))
		nr++;
	assert_int_equal(nr, 1 << SHIFT);
	assert_int_equal(drain(f, UINT64_MAX - 1), nr);
	assert_int_equal(f->filled, 256);
	assert_true(put(f, REC_LANE_EXTFRAG, 1000, 7));
	assert_int_equal(drain(f, UINT64_MAX - 1), 1);
	assert_int_equal(f->seen[0].page, 7);
}

static void an_interrupts_event_says_so(void **state)
{
	struct fake *f = *state;

	f->tid = 7;
	put(f, REC_LANE_FREE, 1, 0x1000);
	f->in_interrupt = 1;
	put(f, REC_LANE_FREE, 2, 0x1000);
	assert_int_equal(drain(f, 2), 2);
	assert_int_equal(f->seen[0].tid, 7);
	assert_int_equal(f->seen[1].tid, 7);
	assert_int_equal(f->seen[0].page, 0x1000);
	assert_int_equal(f->seen[1].page & REC_PAGE_MASK, 0x1000);
	assert_int_equal(REC_CLASS_FLAGS(f->seen[1].page >> REC_PAGE_BITS), TRACE_F_SOFTIRQ);
}

static int refuse(void *ctx, const void *record, size_t bytes)
{
	return -5;
}

static void an_error_stops_it(void **state)
{
	struct fake *f = *state;

	put(f, REC_LANE_ALLOC, 1, 1);
	put(f, REC_LANE_ALLOC, 2, 1);
	assert_int_equal(record_lanes_drain(&f->lanes, &f->ring, 10, &f->filled, refuse, f), -5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lanes_do_not_overlap_and_fill_their_share),
		cmocka_unit_test_setup_teardown(events_of_all_lanes_come_by_time, make, clean),
		cmocka_unit_test_setup_teardown(a_task_is_told_before_its_event, make, clean),
		cmocka_unit_test_setup_teardown(later_events_are_left_for_the_next_drain, make, clean),
		cmocka_unit_test_setup_teardown(a_full_lane_has_room_again_once_it_is_read, make, clean),
		cmocka_unit_test_setup_teardown(an_interrupts_event_says_so, make, clean),
		cmocka_unit_test_setup_teardown(an_error_stops_it, make, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
