// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files with what this build does not know yet: other block types, columns, event types and tags
 * are passed over; what cannot be passed over is an error that says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "traces/mmt_payload.h"
#include "traces/tests/synth.h"

static char path[64];
static struct mmt_buf file;
static uint32_t seq;

static int setup(void **state)
{
	synth_path(path, sizeof(path), "later");
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	mmt_buf_deinit(&file);
	return 0;
}

static void put_block(uint16_t type, uint32_t cpu, uint32_t count, const struct mmt_buf *payload)
{
	struct mmt_block b = {.type = type,
			      .seq = seq++,
			      .cpu = cpu,
			      .count = count,
			      .raw = (uint32_t)payload->len,
			      .stored = (uint32_t)payload->len};
	uint8_t header[MMT_BLOCK_HEADER_BYTES];

	b.payload_sum = XXH3_64bits(payload->data, payload->len);
	mmt_block_header_fill(&b, header);
	mmt_put(&file, header, sizeof(header));
	mmt_put(&file, payload->data, payload->len);
}

static void start_file(void)
{
	uint8_t header[MMT_FILE_HEADER_BYTES];
	struct trace_machine machine = synth_machine(2, 1);
	struct mmt_buf payload = {0};

	file.len = 0;
	seq = 0;
	mmt_file_header_fill(header);
	mmt_put(&file, header, sizeof(header));
	mmt_put_machine(&payload, &machine);
	mmt_put_tag(&payload, 999, 3);
	mmt_put(&payload, "new", 3);
	put_block(MMT_MACHINE, MMT_NO_CPU, 1, &payload);
	mmt_buf_deinit(&payload);
}

/* One column of an events payload. */
struct column {
	uint8_t id;
	const char *bytes;
	uint8_t len;
};

/* Three events: alloc, then type @type, then alloc. */
static void put_events(uint8_t type, const struct column *columns, uint8_t nr_columns)
{
	static const uint8_t zeros[MMT_CLASS_BYTES];
	struct mmt_buf payload = {0};

	mmt_put_le64(&payload, 5000);
	mmt_put_varint(&payload, 2);
	mmt_put(&payload, zeros, MMT_CLASS_BYTES);
	mmt_put_varint(&payload, 2);
	mmt_put_u8(&payload, type);
	mmt_put(&payload, zeros, MMT_CLASS_BYTES - 1);
	mmt_put_varint(&payload, 1);
	mmt_put_u8(&payload, nr_columns);
	for (uint8_t i = 0; i < nr_columns; i++) {
		mmt_put_u8(&payload, columns[i].id);
		mmt_put_u8(&payload, MMT_CODEC_PLAIN);
		mmt_put_varint(&payload, columns[i].len);
		mmt_put_varint(&payload, columns[i].len);
	}
	for (uint8_t i = 0; i < nr_columns; i++)
		mmt_put(&payload, columns[i].bytes, columns[i].len);
	put_block(MMT_EVENTS, 1, 3, &payload);
	mmt_buf_deinit(&payload);
}

static struct trace_reader *store_and_open(void)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct trace_reader *r;
	struct mmr_error err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file.data, file.len), file.len);
	close(fd);
	if (trace_reader_open(path, &r, &err))
		fail_msg("%s", err.msg);
	return r;
}

static const struct column plain[] = {
	{MMT_COL_CLASS8, "\0\1\0", 3},  {MMT_COL_TIME_LOW, "\1\1\1", 3},  {MMT_COL_TIME_HIGH, "\0\0\0", 3},
	{77, "of a later version", 18}, {MMT_COL_PFN_NEW, "\x14\2\2", 3}, {MMT_COL_TASK_RUNS, "\0\3", 2},
};

static void unknown_types_and_columns_are_passed_over(void **state)
{
	const struct trace_event *events;
	struct mmt_buf other = {0};
	struct trace_reader *r;
	struct mmr_error err;

	start_file();
	mmt_put(&other, "anything", 8);
	put_block(4711, MMT_NO_CPU, 0, &other);
	put_events(200, plain, 6);
	put_block(4712, 0, 0, &other);
	mmt_buf_deinit(&other);
	r = store_and_open();
	assert_int_equal(trace_reader_summary(r)->nr_damaged, 0);
	assert_int_equal(trace_reader_summary(r)->nr_events, 2);
	assert_int_equal(trace_reader_summary(r)->nr_unknown_events, 1);
	assert_int_equal(trace_reader_next(r, &events, &err), 2);
	/* Alloc pfns come first in the sequence; the event between still takes its time. */
	assert_int_equal(events[0].ts_ns, 5001);
	assert_int_equal(events[0].pfn, 10);
	assert_int_equal(events[1].ts_ns, 5003);
	assert_int_equal(events[1].pfn, 11);
	assert_int_equal(events[1].task, TRACE_NO_TASK);
	assert_int_equal(trace_reader_next(r, &events, &err), 0);
	trace_reader_close(r);
}

static void expect_error(const struct column *columns, uint8_t nr, int code, const char *text)
{
	const struct trace_event *events;
	struct trace_reader *r;
	struct mmr_error err;

	start_file();
	put_events(TRACE_FREE, columns, nr);
	r = store_and_open();
	assert_int_equal(trace_reader_next(r, &events, &err), code);
	assert_int_equal(err.code, code);
	if (!strstr(err.msg, text))
		fail_msg("\"%s\" lacks \"%s\"", err.msg, text);
	trace_reader_close(r);
}

/* plain with one column replaced. */
static void expect_error_with(uint8_t id, const char *bytes, uint8_t len, int code, const char *text)
{
	struct column columns[6];

	memcpy(columns, plain, sizeof(columns));
	for (size_t i = 0; i < 6; i++)
		if (columns[i].id == id)
			columns[i] = (struct column){id, bytes, len};
	expect_error(columns, 6, code, text);
}

static void pfns_above_32_bits_are_refused(void **state)
{
	expect_error_with(MMT_COL_PFN_NEW, "\x80\x80\x80\x80\x20\2\2", 7, -EOVERFLOW, "more than 32 bits");
	/* 0xffffffff fits, but means "no page" in memory. */
	expect_error_with(MMT_COL_PFN_NEW, "\xfe\xff\xff\xff\x1f\2\2", 7, -EOVERFLOW, "more than 32 bits");
}

/* Arguments of a kind that is not known: two of them, between events that have none. */
static void arguments_of_unknown_kinds_are_passed_over(void **state)
{
	static const uint8_t zeros[MMT_CLASS_BYTES];
	static const char args[] = "\x7\x9";
	const struct trace_event *events;
	struct mmt_buf payload = {0};
	struct trace_reader *r;
	struct mmr_error err;

	for (uint8_t nr_args = 1; nr_args <= 3; nr_args++) {
		start_file();
		payload.len = 0;
		mmt_put_le64(&payload, 5000);
		mmt_put_varint(&payload, 2);
		mmt_put(&payload, zeros, MMT_CLASS_BYTES);
		mmt_put_varint(&payload, 2);
		mmt_put_u8(&payload, 200);
		mmt_put(&payload, zeros, 3);
		mmt_put_u8(&payload, nr_args);
		mmt_put(&payload, zeros, MMT_CLASS_BYTES - 5);
		mmt_put_varint(&payload, 1);
		mmt_put_u8(&payload, 7);
		for (int i = 0; i < 7; i++) {
			const struct column *c = &(struct column){MMT_COL_ARGS, args, 2};

			if (i < 6)
				c = &plain[i];
			mmt_put_u8(&payload, c->id);
			mmt_put_u8(&payload, MMT_CODEC_PLAIN);
			mmt_put_varint(&payload, c->len);
			mmt_put_varint(&payload, c->len);
		}
		for (int i = 0; i < 6; i++)
			mmt_put(&payload, plain[i].bytes, plain[i].len);
		mmt_put(&payload, args, 2);
		put_block(MMT_EVENTS, 1, 3, &payload);
		r = store_and_open();
		trace_reader_want(r, TRACE_WANT_ALL);
		assert_int_equal(trace_reader_next(r, &events, &err), nr_args == 2 ? 2 : -EBADMSG);
		if (nr_args == 2)
			assert_null(trace_reader_args(r, &events[1]));
		else
			assert_non_null(strstr(err.msg, "argument"));
		trace_reader_close(r);
	}
	mmt_buf_deinit(&payload);
}

static void incoherent_columns_are_named(void **state)
{
	expect_error_with(MMT_COL_CLASS8, "\0\2\0", 3, -EBADMSG, "not in its dictionary");
	expect_error_with(MMT_COL_CLASS8, "\0\1\1", 3, -EBADMSG, "counts differ");
	expect_error_with(MMT_COL_CLASS8, "\0\1", 2, -EBADMSG, "class column");
	expect_error_with(MMT_COL_TIME_LOW, "\1\1", 2, -EBADMSG, "time columns");
	expect_error_with(MMT_COL_PFN_NEW, "\x14\2", 2, -EBADMSG, "new pfns are cut off");
	expect_error_with(MMT_COL_PFN_NEW, "\x14\2\2\2", 4, -EBADMSG, "more new pfns than events");
	expect_error_with(MMT_COL_TASK_RUNS, "\0\4", 2, -EBADMSG, "task runs");
	expect_error_with(MMT_COL_TASK_RUNS, "\0\2", 2, -EBADMSG, "task runs");
	expect_error_with(MMT_COL_TASK_RUNS, "\0\3\0", 3, -EBADMSG, "go on behind");
	/* Far steps that are not there. */
	expect_error(plain, 5, -EBADMSG, "task column");
}

static void copies_stay_inside_what_is_written(void **state)
{
	static const char *const bad[] = {
		"\1\0\0", /* one new, then a copy from its own place */
		"\1\1\1", /* backwards, longer than what lies before */
		"\0\0\0", /* nothing to copy from */
		"\1\x10\1", /* longer than the block */
		"\4\0\0", /* more new ones than events */
	};
	struct column columns[7];

	memcpy(columns, plain, sizeof(plain));
	columns[4] = (struct column){MMT_COL_PFN_NEW, "\x14", 1};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		columns[6] = (struct column){MMT_COL_PFN_COPIES, bad[i], 3};
		expect_error(columns, 7, -EBADMSG, "pfns");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_types_and_columns_are_passed_over),
		cmocka_unit_test(pfns_above_32_bits_are_refused),
		cmocka_unit_test(arguments_of_unknown_kinds_are_passed_over),
		cmocka_unit_test(incoherent_columns_are_named),
		cmocka_unit_test(copies_stay_inside_what_is_written),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
