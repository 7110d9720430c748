// SPDX-License-Identifier: GPL-2.0-or-later
/* Records as the programs put them into a ring, and what becomes of them in a trace. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/mm_types.h"
#include "traces/record/record_stream.h"
#include "traces/tests/synth.h"

#define PAGE_BYTES 64ULL
#define PAGE_BASE  0xea0000000000ULL /* the low 48 bits of where page structs lie */

static char path[64];
static struct gfp_map map;
static struct record_sink sink;
static struct record_stream stream;
static struct mmr_error err;
static uint64_t offsets[2] = {0x1000, 0x9000};

static uint64_t page(uint32_t pfn)
{
	return PAGE_BASE + pfn * PAGE_BYTES;
}

/* This kernel numbers its types and zones as ours, but for Normal, which is its zone 1. */
static int setup(void **state)
{
	struct trace_machine machine = synth_machine(2, 1);

	synth_path(path, sizeof(path), "stream");
	gfp_map_init(&map, &machine);
	for (uint8_t i = 0; i < 6; i++)
		map.migratetype[i] = i;
	map.zone[1] = ZONE_NORMAL;
	memset(&sink, 0, sizeof(sink));
	memset(&stream, 0, sizeof(stream));
	sink.map = &map;
	sink.err = &err;
	sink.nr_cpus = 2;
	sink.percpu_offsets = offsets;
	sink.pages = (struct record_pages){.base = PAGE_BASE, .full_base = PAGE_BASE, .size = PAGE_BYTES};
	sink.page_shift = 6;
	assert_int_equal(record_tasks_create(&sink.tasks, &err), 0);
	assert_int_equal(trace_writer_create(path, &machine, NULL, &sink.writer, &err), 0);
	assert_int_equal(record_stream_init(&stream, 1, &sink, &err), 0);
	return 0;
}

static int teardown(void **state)
{
	record_stream_deinit(&stream);
	record_tasks_destroy(sink.tasks);
	unlink(path);
	return 0;
}

static void put(const void *record, size_t bytes)
{
	if (record_stream_record(&stream, record, bytes))
		fail_msg("%s", err.msg);
}

static void put_page_event(uint64_t ts_ns, uint32_t type, uint32_t pfn, uint32_t gfp, uint32_t tid)
{
	struct rec_event e = {.ts_ns = ts_ns, .page = page(pfn), .gfp = gfp, .tid = tid};

	e.cls = REC_CLASS(type, 0, MIGRATE_MOVABLE, 0);
	put(&e, sizeof(e));
}

/* A note of one task, with as much room as the programs give it. */
static void put_note(uint8_t type, uint64_t ts_ns, uint8_t form, uint64_t at, uint8_t nr_args,
		     const int64_t *args)
{
	size_t bytes = REC_NOTE_BYTES(nr_args > REC_SHORT_ARGS ? REC_LONG_ARGS : REC_SHORT_ARGS);
	struct rec_note *n = calloc(1, bytes);

	n->ts_ns = ts_ns;
	n->page = at;
	n->tid = 70;
	n->type = type;
	n->order = 3;
	n->migratetype = MIGRATE_RECLAIMABLE;
	n->flags = TRACE_F_EXTRA;
	n->nr_args = nr_args;
	n->form = form;
	n->zone = 1;
	if (nr_args)
		memcpy(n->args, args, nr_args * sizeof(*args));
	put(n, bytes);
	free(n);
}

static struct trace_reader *finish(void)
{
	struct trace_reader *r = NULL;

	assert_int_equal(record_stream_settle(&stream), 0);
	if (trace_writer_close(sink.writer, &err) || trace_reader_open(path, &r, &err))
		fail_msg("%s", err.msg);
	trace_reader_want(r, TRACE_WANT_ALL);
	return r;
}

static void notes_become_events_with_arguments(void **state)
{
	const int64_t scan[] = {4096, 70, 12}, bulk[] = {0, -1, 63, 2, 500}, moved[] = {4, 17};
	const struct trace_event *events;
	struct trace_reader *r;

	/* Out of order, as after an interrupt: each stands at its time with its own arguments. */
	put_note(TRACE_MOVE_BLOCK, 300, REC_NOTE_PFN, 512, 2, moved);
	put_note(TRACE_ISOLATE_FREEPAGES, 100, REC_NOTE_PFN, 3584, 3, scan);
	put_note(TRACE_PCP_FREE_BULK, 200, REC_NOTE_ZONE | REC_NOTE_PCP, offsets[1], 5, bulk);
	put_note(TRACE_ISOLATE_PAGE, 400, REC_NOTE_PAGE, page(77), 0, NULL);
	r = finish();
	assert_int_equal(trace_reader_next(r, &events, &err), 4);
	assert_int_equal(events[0].type, TRACE_ISOLATE_FREEPAGES);
	assert_int_equal(events[0].pfn, 3584);
	assert_memory_equal(trace_reader_args(r, &events[0])->v, scan, sizeof(scan));
	assert_int_equal(events[1].type, TRACE_PCP_FREE_BULK);
	assert_int_equal(events[1].pfn, TRACE_NO_PFN);
	assert_int_equal(trace_reader_args(r, &events[1])->v[1], 1); /* whose lists they are */
	assert_int_equal(trace_reader_args(r, &events[1])->v[4], 500);
	assert_int_equal(trace_reader_class(r, events[1].class_id)->zone, ZONE_NORMAL);
	assert_int_equal(events[2].type, TRACE_MOVE_BLOCK);
	assert_int_equal(events[2].migratetype, MIGRATE_RECLAIMABLE);
	assert_memory_equal(trace_reader_args(r, &events[2])->v, moved, sizeof(moved));
	assert_int_equal(events[3].pfn, 77);
	assert_int_equal(events[3].order, 3);
	assert_int_equal(events[3].flags, TRACE_F_EXTRA);
	assert_null(trace_reader_args(r, &events[3]));
	trace_reader_close(r);
}

/* More than the window holds at a time: every place of its side table is used again. */
static void arguments_stay_with_their_events(void **state)
{
	const uint32_t nr = 3 * RECORD_ORDER_EVENTS;
	const struct trace_event *events;
	struct trace_reader *r;
	uint32_t done = 0;
	ssize_t n;

	for (uint32_t i = 0; i < nr; i++) {
		const int64_t nid[] = {i};

		put_note(TRACE_KSWAPD_WAKE, 1000 + (i ^ 5), REC_NOTE_ZONE, 0, 1, nid);
	}
	r = finish();
	while ((n = trace_reader_next(r, &events, &err)) > 0)
		for (ssize_t i = 0; i < n; i++, done++) {
			assert_int_equal(events[i].ts_ns, 1000 + done);
			assert_int_equal(trace_reader_args(r, &events[i])->v[0], done ^ 5);
		}
	assert_int_equal(done, nr);
	trace_reader_close(r);
}

static void a_page_of_a_bulk_call_that_has_its_own_event_is_told_once(void **state)
{
	const struct trace_event *events;
	struct trace_reader *r;

	put_page_event(100, TRACE_ALLOC, 10, 0, 70);
	put_note(TRACE_BULK_PAGE, 200, REC_NOTE_PAGE, page(8), 0, NULL);
	put_note(TRACE_BULK_PAGE, 201, REC_NOTE_PAGE, page(9), 0, NULL);
	put_note(TRACE_BULK_PAGE, 202, REC_NOTE_PAGE, page(10), 0, NULL);
	r = finish();
	assert_int_equal(trace_reader_next(r, &events, &err), 3);
	assert_int_equal(events[0].type, TRACE_ALLOC);
	assert_int_equal(events[1].pfn, 8);
	assert_int_equal(events[2].pfn, 9);
	assert_int_equal(events[2].migratetype, MIGRATE_UNMOVABLE); /* of its gfp */
	trace_reader_close(r);
}

/* Another bulk call may get the very page that was allocated and freed before, and that is no double. */
static void a_page_of_a_bulk_call_that_was_freed_before_is_told(void **state)
{
	const struct trace_event *events;
	struct trace_reader *r;

	put_page_event(100, TRACE_ALLOC, 10, 0, 70);
	put_page_event(110, TRACE_FREE, 10, 0, 70);
	put_note(TRACE_BULK_PAGE, 200, REC_NOTE_PAGE, page(10), 0, NULL);
	put_page_event(210, TRACE_ALLOC, 11, 0, 71);
	put_note(TRACE_BULK_PAGE, 220, REC_NOTE_PAGE, page(11), 0, NULL);
	r = finish();
	assert_int_equal(trace_reader_next(r, &events, &err), 5);
	assert_int_equal(events[2].type, TRACE_BULK_PAGE);
	assert_int_equal(events[2].pfn, 10);
	assert_int_equal(events[4].type, TRACE_BULK_PAGE); /* the allocation was another task's */
	trace_reader_close(r);
}

static void put_of_interrupt(uint64_t ts_ns, uint32_t type, uint32_t pfn, bool second)
{
	struct rec_event e = {.ts_ns = ts_ns, .page = page(pfn), .tid = 70};

	e.cls = REC_CLASS(type, 0, 0, TRACE_F_SOFTIRQ);
	e.cls |= second ? REC_CLASS_SECOND : 0;
	put(&e, sizeof(e));
}

/*
 * The first program and the second saw each of these, in either order: where perf used the tracepoint before,
 * the second is called first. A page that is freed, allocated and freed again is no double.
 */
static void an_interrupts_event_that_two_programs_saw_is_told_once(void **state)
{
	const struct trace_event *events;
	struct trace_reader *r;

	put_of_interrupt(100, TRACE_FREE, 10, false);
	put_of_interrupt(101, TRACE_FREE, 10, true);
	put_of_interrupt(200, TRACE_FREE, 11, true);
	put_of_interrupt(201, TRACE_FREE, 11, false);
	put_of_interrupt(300, TRACE_ALLOC, 10, false);
	put_of_interrupt(400, TRACE_FREE, 10, false);
	put_of_interrupt(500, TRACE_FREE, 12, true); /* the first was passed over: alone */
	r = finish();
	assert_int_equal(trace_reader_next(r, &events, &err), 5);
	assert_int_equal(events[0].pfn, 10);
	assert_int_equal(events[1].pfn, 11);
	assert_int_equal(events[2].type, TRACE_ALLOC);
	assert_int_equal(events[3].pfn, 10);
	assert_int_equal(events[4].pfn, 12);
	assert_int_equal(sink.counts.nr_nested, 1);
	trace_reader_close(r);
}

static void put_policy(uint32_t tid, uint16_t mode, uint64_t nodes, bool is_default)
{
	struct rec_policy p = {
		.tid = tid, .mode = mode, .nodes = {nodes}, .allowed = {3}, .is_default = is_default};

	put(&p, sizeof(p));
}

static void allocations_name_their_tasks_policy(void **state)
{
	static const uint16_t wanted[] = {0, 1, 0, 1, 2, 0, 1};
	const struct trace_event *events;
	const struct trace_policy *policies;
	struct trace_reader *r;
	uint32_t nr;

	put_page_event(1, TRACE_ALLOC, 1, 5, 70);
	put_policy(70, 2, 1, false);
	put_page_event(2, TRACE_ALLOC, 2, 5, 70);
	put_page_event(3, TRACE_ALLOC, 3, 5, 71); /* another task, of which nothing was told */
	put_page_event(4, TRACE_ALLOC, 4, 5, 70);
	put_policy(70, 3, 3, false);
	put_page_event(5, TRACE_ALLOC, 5, 5, 70);
	put_policy(70, 0, 0, true);
	put_page_event(6, TRACE_ALLOC, 6, 5, 70);
	put_policy(72, 2, 1, false);
	put_page_event(7, TRACE_ALLOC, 7, 5, 72);
	put_page_event(8, TRACE_FREE, 7, 0, 72);
	r = finish();
	policies = trace_reader_policies(r, &nr);
	assert_int_equal(nr, 3);
	assert_int_equal(policies[1].mode, 2);
	assert_int_equal(policies[2].nodes[0], 3);
	assert_int_equal(policies[2].allowed[0], 3);
	assert_int_equal(trace_reader_next(r, &events, &err), 8);
	for (int i = 0; i < 7; i++)
		assert_int_equal(trace_reader_class(r, events[i].class_id)->policy, wanted[i]);
	assert_int_equal(trace_reader_class(r, events[7].class_id)->policy, 0);
	trace_reader_close(r);
}

static void compaction_that_nobody_sees_is_an_untraced_change(void **state)
{
	const int64_t end[] = {8192, 5000, 7000, 1, 8};
	const struct trace_event *events;
	struct trace_reader *r;

	sink.sees_isolation = true;
	put_note(TRACE_COMPACT_END, 100, REC_NOTE_PFN, 4096, 5, end);
	assert_false(sink.untraced);
	sink.sees_isolation = false;
	put_note(TRACE_COMPACT_END, 200, REC_NOTE_PFN, 4096, 5, end);
	assert_true(sink.untraced);
	r = finish();
	assert_int_equal(trace_reader_next(r, &events, &err), 3);
	assert_int_equal(events[2].type, TRACE_UNTRACED);
	assert_int_equal(events[2].pfn, 4096);
	assert_int_equal(trace_reader_args(r, &events[2])->v[0], 8192);
	assert_int_equal(trace_reader_args(r, &events[2])->v[1], TRACE_COMPACT_END);
	trace_reader_close(r);
}

static void records_that_make_no_sense_are_counted(void **state)
{
	const int64_t args[REC_LONG_ARGS] = {0};
	uint8_t junk[20] = {0};

	put(junk, sizeof(junk));
	put_note(NR_TRACE_EVENT_TYPES, 1, 0, 0, 1, args);
	assert_int_equal(sink.counts.strange, 2);
	assert_int_equal(sink.counts.nr_events, 0);
	put_note(TRACE_PAGE_POOL_HOLD, 2, REC_NOTE_PAGE, page(3) + 1, 0,
		 NULL); /* no page of memory: no event */
	assert_int_equal(sink.counts.strange, 2);
	assert_int_equal(sink.counts.nr_events, 0);
	trace_reader_close(finish());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(notes_become_events_with_arguments, setup, teardown),
		cmocka_unit_test_setup_teardown(arguments_stay_with_their_events, setup, teardown),
		cmocka_unit_test_setup_teardown(a_page_of_a_bulk_call_that_has_its_own_event_is_told_once,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_page_of_a_bulk_call_that_was_freed_before_is_told, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_interrupts_event_that_two_programs_saw_is_told_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(allocations_name_their_tasks_policy, setup, teardown),
		cmocka_unit_test_setup_teardown(compaction_that_nobody_sees_is_an_untraced_change, setup,
						teardown),
		cmocka_unit_test_setup_teardown(records_that_make_no_sense_are_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
