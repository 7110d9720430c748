// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of a recording: provisional names, numbers, old ones that go, and each of them whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "traces/record/record_output.h"
#include "traces/trace_check.h"
#include "traces/trace_reader.h"

struct folder {
	char path[64], output[80];
	struct record_options options;
	struct trace_machine machine;
	struct record_output out;
};

static int make(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/mmr-output.XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->output, sizeof(f->output), "%s/a.mmt", f->path);
	f->options.output = f->output;
	f->machine.nr_cpus = 1;
	f->machine.page_size = 4096;
	*state = f;
	return 0;
}

static int clean(void **state)
{
	struct folder *f = *state;
	char command[120];

	snprintf(command, sizeof(command), "rm -r %s", f->path);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static bool there(const struct folder *f, const char *suffix)
{
	char name[120];

	snprintf(name, sizeof(name), "%s%s", f->output, suffix);
	return !access(name, F_OK);
}

static void open_output(struct folder *f)
{
	struct mmr_error err;

	if (record_output_open(&f->out, &f->options, &f->machine, 4096, &err))
		fail_msg("%s", err.msg);
}

static void add_events(struct folder *f, uint64_t *ts_ns, uint32_t nr)
{
	const struct trace_class cls = {.type = TRACE_ALLOC};
	const struct trace_task task = {.tid = 9, .tgid = 8, .comm = "cc1"};
	struct trace_event e = {0};

	assert_int_equal(trace_writer_class(f->out.writer, &cls, &e.class_id, NULL), 0);
	assert_int_equal(trace_writer_task(f->out.writer, &task, &e.task, NULL), 0);
	for (uint32_t i = 0; i < nr; i++) {
		e.ts_ns = ++*ts_ns;
		e.pfn = (uint32_t)rand() & 0xffffff;
		assert_int_equal(trace_writer_event(f->out.writer, &e, NULL), 0);
	}
	assert_int_equal(trace_writer_flush(f->out.writer, NULL), 0);
}

static uint64_t events_of(const struct folder *f, const char *suffix)
{
	const struct trace_task *tasks;
	struct trace_reader *reader;
	struct mmr_error err;
	char name[120];
	uint64_t nr;
	uint32_t nr_tasks;

	snprintf(name, sizeof(name), "%s%s", f->output, suffix);
	if (trace_reader_open(name, &reader, &err))
		fail_msg("%s", err.msg);
	assert_true(trace_reader_summary(reader)->complete);
	nr = trace_reader_summary(reader)->nr_events;
	tasks = trace_reader_tasks(reader, &nr_tasks);
	assert_int_equal(nr_tasks, 1);
	assert_string_equal(tasks[0].comm, "cc1");
	trace_reader_close(reader);
	return nr;
}

static void a_recording_that_never_ran_leaves_an_older_file_alone(void **state)
{
	struct folder *f = *state;
	FILE *old = fopen(f->output, "w");
	uint64_t bytes;

	fputs("older", old);
	fclose(old);
	open_output(f);
	assert_true(there(f, ".new"));
	record_output_discard(&f->out);
	assert_int_equal(record_output_close(&f->out, &bytes, NULL), 0);
	assert_false(there(f, ".new"));
	old = fopen(f->output, "r");
	assert_int_equal(fgetc(old), 'o');
	fclose(old);
}

static void one_file_replaces_an_older_one_when_it_runs(void **state)
{
	struct folder *f = *state;
	uint64_t ts = 0, bytes = 0;

	fclose(fopen(f->output, "w"));
	open_output(f);
	assert_int_equal(record_output_commit(&f->out, 0, NULL), 0);
	add_events(f, &ts, 1000);
	assert_false(record_output_due(&f->out, UINT64_MAX / 2));
	assert_int_equal(record_output_close(&f->out, &bytes, NULL), 0);
	assert_false(there(f, ".new"));
	assert_int_equal(events_of(f, ""), 1000);
	assert_true(bytes > 1000);
}

static void each_numbered_file_is_whole_and_old_ones_go(void **state)
{
	struct folder *f = *state;
	uint64_t ts = 0, bytes = 0;

	f->options.rotate_bytes = 3000;
	f->options.rotate_keep = 2;
	open_output(f);
	assert_int_equal(record_output_commit(&f->out, 0, NULL), 0);
	record_output_begun(&f->out);
	for (uint32_t nr = 1; nr <= 4; nr++) {
		assert_false(record_output_due(&f->out, 0));
		add_events(f, &ts, 1000 + nr);
		assert_true(record_output_due(&f->out, 0));
		assert_int_equal(record_output_rotate(&f->out, 0, NULL), 0);
		record_output_begun(&f->out);
	}
	add_events(f, &ts, 5);
	assert_int_equal(record_output_close(&f->out, &bytes, NULL), 0);
	assert_false(there(f, ".1") || there(f, ".2") || there(f, ".3"));
	assert_int_equal(events_of(f, ".4"), 1004);
	assert_int_equal(events_of(f, ".5"), 5);
	assert_in_range(bytes, 3000, 10000);
}

static void a_file_that_is_mostly_keyframes_is_not_followed_at_once(void **state)
{
	struct folder *f = *state;
	uint64_t ts = 0, bytes;

	f->options.rotate_bytes = 100;
	open_output(f);
	assert_int_equal(record_output_commit(&f->out, 0, NULL), 0);
	add_events(f, &ts, 1000); /* as if these were its keyframes */
	record_output_begun(&f->out);
	assert_false(record_output_due(&f->out, 0));
	add_events(f, &ts, 2000);
	assert_true(record_output_due(&f->out, 0));
	assert_int_equal(record_output_close(&f->out, &bytes, NULL), 0);
}

static void by_time_the_next_file_is_due_when_it_has_passed(void **state)
{
	struct folder *f = *state;
	uint64_t bytes;

	f->options.rotate_seconds = 2;
	open_output(f);
	assert_int_equal(record_output_commit(&f->out, 1000000000, NULL), 0);
	assert_false(record_output_due(&f->out, 2900000000));
	assert_true(record_output_due(&f->out, 3000000000));
	assert_int_equal(record_output_close(&f->out, &bytes, NULL), 0);
}

static void numbered_files_of_an_earlier_recording_are_not_touched(void **state)
{
	struct folder *f = *state;
	struct mmr_error err;
	uint64_t bytes;
	char name[120];

	snprintf(name, sizeof(name), "%s.1", f->output);
	fclose(fopen(name, "w"));
	f->options.rotate_seconds = 2;
	assert_int_not_equal(record_output_open(&f->out, &f->options, &f->machine, 4096, &err), 0);
	assert_non_null(strstr(err.msg, "a.mmt.1: exists"));
	record_output_discard(&f->out);
	record_output_close(&f->out, &bytes, NULL);
	assert_true(there(f, ".1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_recording_that_never_ran_leaves_an_older_file_alone, make,
						clean),
		cmocka_unit_test_setup_teardown(one_file_replaces_an_older_one_when_it_runs, make, clean),
		cmocka_unit_test_setup_teardown(each_numbered_file_is_whole_and_old_ones_go, make, clean),
		cmocka_unit_test_setup_teardown(a_file_that_is_mostly_keyframes_is_not_followed_at_once, make,
						clean),
		cmocka_unit_test_setup_teardown(by_time_the_next_file_is_due_when_it_has_passed, make, clean),
		cmocka_unit_test_setup_teardown(numbered_files_of_an_earlier_recording_are_not_touched, make,
						clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
