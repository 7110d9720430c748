// SPDX-License-Identifier: GPL-2.0-or-later
/* The worked example of FORMAT.md is, byte for byte, what the writer writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/mm_types.h"
#include "traces/tests/synth.h"

#define MAX_BYTES 4096u

static const char format_md[] = "traces/FORMAT.md";

/* The recording that FORMAT.md describes. */
static void write_example(const char *path)
{
	static char release[] = "6.12";
	struct trace_machine machine = {.kernel_release = release,
					.page_size = 4096,
					.pageblock_order = 9,
					.max_order = 10,
					.nr_cpus = 1,
					.nr_nodes = 1};
	struct trace_class alloc = {.type = TRACE_ALLOC,
				    .migratetype = MIGRATE_MOVABLE,
				    .gfp = MMR_GFP_HIGHUSER_MOVABLE,
				    .gfp_raw = MMR_GFP_HIGHUSER_MOVABLE};
	struct trace_class release_page = {.type = TRACE_FREE};
	struct trace_task task = {.tid = 42, .tgid = 42, .comm = "cc1"};
	struct trace_event events[] = {{.ts_ns = 1000, .pfn = 4096},
				       {.ts_ns = 1300, .pfn = 4097},
				       {.ts_ns = 1250, .pfn = 4097},
				       {.ts_ns = 90000, .pfn = 4096}};
	struct trace_writer *w;
	struct mmr_error err;

	assert_int_equal(trace_writer_create(path, &machine, NULL, &w, &err), 0);
	assert_int_equal(trace_writer_task(w, &task, &events[0].task, &err), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(
			trace_writer_class(w, i < 2 ? &alloc : &release_page, &events[i].class_id, &err), 0);
		assert_int_equal(trace_writer_event(w, &events[i], &err), 0);
	}
	assert_int_equal(trace_writer_close(w, &err), 0);
}

static size_t read_file(const char *path, uint8_t bytes[MAX_BYTES])
{
	FILE *file = fopen(path, "rb");
	size_t n;

	assert_non_null(file);
	n = fread(bytes, 1, MAX_BYTES, file);
	fclose(file);
	return n;
}

/* Lines of the form "00000020  b5 74 …" in FORMAT.md; each must begin where the one before ended. */
static size_t read_document(uint8_t bytes[MAX_BYTES])
{
	FILE *file = fopen(format_md, "r");
	char line[256];
	size_t n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		unsigned int offset, value;
		int at, used;

		if (sscanf(line, "%8x  %n%2x", &offset, &at, &value) != 2 || at != 10)
			continue;
		assert_int_equal(offset, n);
		while (sscanf(line + at, "%2x%n", &value, &used) == 1 && n < MAX_BYTES) {
			bytes[n++] = (uint8_t)value;
			at += used;
		}
	}
	fclose(file);
	return n;
}

static void the_example_is_what_the_writer_writes(void **state)
{
	uint8_t written[MAX_BYTES], documented[MAX_BYTES];
	size_t nr_written, nr_documented;
	char path[64];

	synth_path(path, sizeof(path), "example");
	write_example(path);
	nr_written = read_file(path, written);
	unlink(path);
	nr_documented = read_document(documented);
	for (size_t i = 0; i < nr_written && i < nr_documented; i++)
		if (written[i] != documented[i])
			fail_msg("%s: byte %zu of the example: found %02x, the writer writes %02x", format_md,
				 i, documented[i], written[i]);
	assert_int_equal(nr_documented, nr_written);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_example_is_what_the_writer_writes)};

	/* `test_traces_format_example FILE` leaves the example there, for whoever edits FORMAT.md. */
	if (argc == 2) {
		write_example(argv[1]);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
