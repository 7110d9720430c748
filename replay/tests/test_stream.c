// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies of a recording: their order, their numbers, their offsets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "replay/engine/stream.h"
#include "replay/tests/synth_trace.h"

struct opened {
	struct synth synth;
	struct trace_reader *reader;
	struct machine machine;
	struct stream *stream;
};

static void open_stream(struct opened *o, unsigned int nr_events, const struct stream_options *options)
{
	struct mmr_error err = {0};

	synth_begin(&o->synth);
	for (unsigned int i = 0; i < nr_events; i++)
		synth_alloc(&o->synth, i % 2, 4096 + i % 16384, 0);
	synth_end(&o->synth);
	if (trace_reader_open(o->synth.path, &o->reader, &err) ||
	    machine_from_trace(trace_reader_machine(o->reader), o->synth.path, &o->machine, &err) ||
	    stream_create(o->reader, &o->machine, options, &o->stream, &err))
		fail_msg("%s", err.msg);
}

static void close_stream(struct opened *o)
{
	stream_destroy(o->stream);
	machine_deinit(&o->machine);
	trace_reader_close(o->reader);
	synth_unlink(&o->synth);
}

/* Reads all; what is out of order, or of an unexpected number, fails. Return: how many events. */
static unsigned int read_all(struct opened *o, unsigned int copies, uint64_t *sum)
{
	const struct trace_event *events;
	unsigned int nr = 0, of_copy[8] = {0};
	struct mmr_error err = {0};
	uint64_t last = 0;
	ssize_t got;

	while ((got = stream_next(o->stream, &events, &err)) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			unsigned int copy = events[i].cpu / 2, nth = of_copy[copy]++;

			assert_true(copy < copies && events[i].ts_ns >= last);
			last = events[i].ts_ns;
			/* 20480 page frames end at a multiple of 1024. */
			assert_int_equal(events[i].pfn, copy * 20480 + 4096 + nth % 16384);
			assert_int_equal(events[i].cpu % 2, nth % 2);
			*sum = *sum * 31 + events[i].ts_ns + events[i].cpu;
			nr++;
		}
	}
	if (got < 0)
		fail_msg("%s", err.msg);
	return nr;
}

static void one_copy_is_the_recording(void **state)
{
	const struct stream_options options = {.copies = 1};
	struct opened o;
	uint64_t sum = 0;

	open_stream(&o, 20000, &options);
	assert_int_equal(read_all(&o, 1, &sum), 20000);
	assert_int_equal(stream_longest_ns(o.stream), 0);
	close_stream(&o);
}

static void copies_are_merged_by_time(void **state)
{
	const struct stream_options options = {.copies = 3, .offset_ns = 1500};
	const struct trace_event *events;
	struct mmr_error err = {0};
	struct opened o;
	uint64_t sum = 0;

	open_stream(&o, 20000, &options);
	assert_int_equal(read_all(&o, 3, &sum), 60000);
	assert_int_equal(stream_offset_ns(o.stream, 2), 3000);
	close_stream(&o);
	/* Events lie a microsecond apart: copy 1's first comes between copy 0's second and third. */
	open_stream(&o, 10, &options);
	assert_true(stream_next(o.stream, &events, &err) == 30);
	assert_int_equal(events[0].cpu, 0);
	assert_int_equal(events[1].cpu, 1);
	assert_int_equal(events[2].cpu, 2);
	assert_int_equal(events[3].cpu, 0);
	close_stream(&o);
}

static void random_offsets_are_the_seeds(void **state)
{
	struct stream_options options = {.copies = 4, .random_offset = true, .seed = 7};
	uint64_t sums[3] = {0};
	struct opened o;

	for (int i = 0; i < 3; i++) {
		options.seed = i < 2 ? 7 : 8;
		open_stream(&o, 3000, &options);
		read_all(&o, 4, &sums[i]);
		assert_true(stream_longest_ns(o.stream) > 0 && stream_longest_ns(o.stream) <= 300000);
		close_stream(&o);
	}
	assert_true(sums[0] == sums[1]);
	assert_true(sums[0] != sums[2]);
}

static void more_copies_than_numbers_are_refused(void **state)
{
	const struct stream_options one = {.copies = 1}, many = {.copies = 5000};
	struct stream_options options = {.copies = 4};
	struct mmr_error err = {0};
	struct stream *stream;
	struct opened o;

	open_stream(&o, 1, &one);
	assert_int_not_equal(stream_create(o.reader, &o.machine, &many, &stream, &err), 0);
	assert_non_null(strstr(err.msg, "expected 1..1024"));
	o.machine.nodes[0].zones[ZONE_NORMAL] =
		(struct mmr_zone_config){.start_pfn = 1u << 20, .spanned_pages = 2000000000};
	assert_int_not_equal(stream_create(o.reader, &o.machine, &options, &stream, &err), 0);
	assert_non_null(strstr(err.msg, "expected at most 2"));
	close_stream(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_copy_is_the_recording),
		cmocka_unit_test(copies_are_merged_by_time),
		cmocka_unit_test(random_offsets_are_the_seeds),
		cmocka_unit_test(more_copies_than_numbers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
