// SPDX-License-Identifier: GPL-2.0-or-later
/* info and check as users meet them: what they print, for whom, and the exit status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/mm_types.h"
#include "traces/commands.h"
#include "traces/tests/synth.h"

static char path[64], out_path[80], err_path[80];
static char out[32768], messages[4096];

static void slurp(const char *name, char *buf, size_t size)
{
	FILE *file = fopen(name, "r");

	assert_non_null(file);
	buf[fread(buf, 1, size - 1, file)] = '\0';
	fclose(file);
}

/* Run a command with its output in @out and its messages in @messages. Return: exit status. */
static int run(int (*cmd)(int, char **), const char *option, const char *file)
{
	char name[] = "mmreplay test", opt[32], arg[64];
	char *argv[] = {name, opt, arg, NULL};
	int saved_out = dup(1), saved_err = dup(2), status;

	snprintf(opt, sizeof(opt), "%s", option ? option : file);
	snprintf(arg, sizeof(arg), "%s", file);
	fflush(stdout);
	assert_non_null(freopen(out_path, "w", stdout));
	assert_non_null(freopen(err_path, "w", stderr));
	status = cmd(option ? 3 : 2, argv);
	fflush(stdout);
	fflush(stderr);
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	close(saved_out);
	close(saved_err);
	slurp(out_path, out, sizeof(out));
	slurp(err_path, messages, sizeof(messages));
	return status;
}

static void add_event(struct trace_writer *w, struct trace_class cls, uint64_t ts_ns, uint16_t cpu,
		      uint32_t task)
{
	struct trace_event e = {.ts_ns = ts_ns, .cpu = cpu, .pfn = 7, .task = task};
	struct mmr_error err;

	assert_int_equal(trace_writer_class(w, &cls, &e.class_id, &err), 0);
	assert_int_equal(trace_writer_event(w, &e, &err), 0);
}

/* 3 allocations of order 0 (2 movable), one of order 9, 2 frees and a drain in 2 ms; on request a loss. */
static void write_trace(bool loss)
{
	struct trace_class movable = {
		.type = TRACE_ALLOC, .migratetype = MIGRATE_MOVABLE, .gfp = MMR_GFP_HIGHUSER_MOVABLE};
	struct trace_class kernel = {.type = TRACE_ALLOC, .gfp = MMR_GFP_KERNEL | MMR_GFP_ZERO};
	struct trace_class huge = {.type = TRACE_ALLOC, .order = 9, .migratetype = MIGRATE_MOVABLE};
	struct trace_class release = {.type = TRACE_FREE}, drain = {.type = TRACE_PCPU_DRAIN};
	struct trace_task hog = {.tid = 10, .comm = "hog\033[2J"}, idle = {.tid = 11, .comm = "idle"};
	struct trace_free_block free_block = {8192, 3, 0};
	struct trace_keyframe kf = {.ts_ns = 1000000,
				    .zone = ZONE_DMA32,
				    .flags = TRACE_KF_LOCKED,
				    .nr_blocks = 1,
				    .blocks = &free_block,
				    .nr_free_pages = 8,
				    .walk_ns = 1500000};
	struct trace_loss lost = {1, 1500000, 1600000, 250};
	struct trace_machine machine = synth_machine(2, 1);
	struct trace_writer *w;
	struct mmr_error err;
	uint32_t id;

	assert_int_equal(trace_writer_create(path, &machine, NULL, &w, &err), 0);
	assert_int_equal(trace_writer_task(w, &hog, &id, &err), 0);
	assert_int_equal(trace_writer_task(w, &idle, &id, &err), 0);
	assert_int_equal(trace_writer_keyframe(w, &kf, &err), 0);
	add_event(w, movable, 1000000, 0, 0);
	add_event(w, movable, 1000500, 0, 0);
	add_event(w, kernel, 1000600, 1, 1);
	add_event(w, huge, 1000700, 1, 0);
	add_event(w, release, 2000000, 1, 0);
	add_event(w, release, 2500000, 1, 0);
	add_event(w, drain, 3000000, 0, TRACE_NO_TASK);
	if (loss)
		assert_int_equal(trace_writer_loss(w, &lost, &err), 0);
	assert_int_equal(trace_writer_close(w, &err), 0);
}

static void expect_text(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static int64_t integer_at(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("no integer \"%s\"", key);
	return json_integer_value(value);
}

static void json_keeps_its_contract(void **state)
{
	json_t *root, *events;
	struct stat st;

	write_trace(true);
	assert_int_equal(run(cmd_info, "--json", path), 0);
	root = json_loads(out, 0, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "schema")), "mmreplay.info/1");
	assert_string_equal(json_string_value(json_object_get(root, "kernel")), "6.12.107-test");
	assert_int_equal(integer_at(root, "cpus"), 2);
	assert_int_equal(integer_at(root, "nodes"), 1);
	assert_int_equal(integer_at(root, "duration_ns"), 2000000);
	assert_int_equal(integer_at(root, "lost"), 250);
	assert_int_equal(integer_at(root, "keyframes"), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(integer_at(root, "file_bytes"), st.st_size);
	assert_true(json_real_value(json_object_get(root, "bytes_per_event")) * 7 > (double)st.st_size - 0.5);
	assert_true(json_is_true(json_object_get(root, "complete")));
	events = json_object_get(root, "events");
	assert_int_equal(integer_at(events, "alloc"), 4);
	assert_int_equal(integer_at(events, "free"), 2);
	assert_int_equal(integer_at(events, "free_batched"), 0);
	assert_int_equal(integer_at(events, "zone_locked"), 0);
	assert_int_equal(integer_at(events, "pcpu_drain"), 1);
	assert_int_equal(integer_at(events, "extfrag"), 0);
	json_decref(root);
}

static void people_get_one_screen(void **state)
{
	size_t lines = 0;

	write_trace(false);
	assert_int_equal(run(cmd_info, NULL, path), 0);
	expect_text(out, "6.12.107-test (x86_64)");
	expect_text(out, "2 CPUs, 1 node, 2 zones");
	expect_text(out, "lost       none\n");
	expect_text(out, "GFP_KERNEL|__GFP_ZERO");
	expect_text(out, "hog?[2J (10)"); /* no escape sequence reaches the terminal */
	expect_text(out, "keyframes  1: 1 under the zone's lock, held for 1.500 ms at most");
	assert_null(strstr(out, "isolate"));
	for (const char *p = out; *p; p++)
		lines += *p == '\n';
	assert_true(lines < 50);
	assert_string_equal(messages, "");
}

static void tables_come_in_full(void **state)
{
	write_trace(true);
	assert_int_equal(run(cmd_info, "-tkeyframes,losses", path), 0);
	expect_text(out, "node 0 DMA32");
	expect_text(out, "1.500 ms");
	expect_text(out, "250 on CPU 1");
	assert_null(strstr(out, "GFP_KERNEL"));
	assert_int_equal(run(cmd_info, "-tall", path), 0);
	expect_text(out, "GFP_KERNEL|__GFP_ZERO");
	expect_text(out, "a second, from");
	expect_text(out, "1 events of no known task");
	assert_int_equal(run(cmd_info, "--from=1h", path), 1);
	expect_text(messages, "no event in the stretch asked for");
}

/* The offset of the first EVENTS block of CPU @cpu, found by walking the headers. */
static long find_events(uint32_t cpu)
{
	static uint8_t file[1 << 16];
	FILE *f = fopen(path, "rb");
	size_t size, at = MMT_FILE_HEADER_BYTES;

	assert_non_null(f);
	size = fread(file, 1, sizeof(file), f);
	fclose(f);
	while (at + MMT_BLOCK_HEADER_BYTES <= size) {
		if (mmt_le16(file + at + MMT_BLOCK_TYPE_AT) == MMT_EVENTS &&
		    mmt_le32(file + at + MMT_BLOCK_CPU_AT) == cpu)
			return (long)at;
		at += MMT_BLOCK_HEADER_BYTES + mmt_le32(file + at + MMT_BLOCK_STORED_AT);
	}
	fail_msg("no events block of CPU %u", cpu);
	return 0;
}

static void flip_byte(long at)
{
	FILE *file = fopen(path, "r+b");
	int byte;

	assert_non_null(file);
	fseek(file, at, SEEK_SET);
	byte = fgetc(file);
	fseek(file, at, SEEK_SET);
	fputc(byte ^ 0x40, file);
	fclose(file);
}

/* CPU 0 has two allocations and a drain, CPU 1 two and both frees: either side may be hit, read both ways. */
static void events_of_a_damaged_block_are_not_counted(void **state)
{
	static const struct {
		uint32_t cpu;
		const char *option;
		int64_t alloc, free, drain, damaged;
	} cases[] = {
		{0, "--json", 2, 2, 0, 3},
		{1, "--json", 2, 0, 1, 4},
		{0, "-jtgfp", 2, 2, 0, 3},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *root, *events;

		write_trace(false);
		flip_byte(find_events(cases[i].cpu) + MMT_BLOCK_HEADER_BYTES + 9);
		assert_int_equal(run(cmd_info, cases[i].option, path), 0);
		root = json_loads(out, 0, NULL);
		assert_non_null(root);
		events = json_object_get(root, "events");
		assert_int_equal(integer_at(events, "alloc"), cases[i].alloc);
		assert_int_equal(integer_at(events, "free"), cases[i].free);
		assert_int_equal(integer_at(events, "pcpu_drain"), cases[i].drain);
		assert_int_equal(integer_at(events, "damaged"), cases[i].damaged);
		assert_int_equal(integer_at(events, "total"), 7 - cases[i].damaged);
		assert_int_equal(json_array_size(json_object_get(root, "damage")), 1);
		json_decref(root);
		assert_int_equal(run(cmd_info, "--quick", path), 0);
		expect_text(out, "DAMAGED in 1 place: ");
		assert_int_equal(run(cmd_info, NULL, path), 0);
		expect_text(out, cases[i].cpu ? "4 events there are not counted" : "3 events there");
		assert_int_equal(run(cmd_check, NULL, path), 1);
	}
}

static void what_is_missing_is_said_plainly(void **state)
{
	json_t *root;

	write_trace(true);
	assert_int_equal(run(cmd_info, NULL, path), 0);
	expect_text(out, "250 EVENTS in 1 intervals are missing");
	assert_int_equal(run(cmd_check, NULL, path), 1);
	expect_text(out, "250 events were lost on CPU 1 between 1500000 and 1600000 ns");
	write_trace(false);
	assert_int_equal(truncate(path, 1200), 0);
	assert_int_equal(run(cmd_info, NULL, path), 0);
	expect_text(out, "CUT SHORT");
	assert_int_equal(run(cmd_info, "--json", path), 0);
	root = json_loads(out, 0, NULL);
	assert_true(json_is_false(json_object_get(root, "complete")));
	assert_true(json_is_true(json_object_get(root, "recovered")));
	json_decref(root);
	assert_int_equal(run(cmd_check, NULL, path), 1);
	expect_text(out, "no end block");
}

static void check_is_quiet_about_a_whole_file(void **state)
{
	json_t *root;

	write_trace(false);
	assert_int_equal(run(cmd_check, NULL, path), 0);
	expect_text(out, ": whole: ");
	assert_int_equal(run(cmd_check, "--json", path), 0);
	root = json_loads(out, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(root, "schema")), "mmreplay.check/1");
	assert_true(json_is_true(json_object_get(root, "ok")));
	assert_int_equal(json_array_size(json_object_get(root, "findings")), 0);
	json_decref(root);
}

static void a_damaged_block_costs_only_itself(void **state)
{
	struct stat st;

	write_trace(false);
	assert_int_equal(stat(path, &st), 0);
	flip_byte(st.st_size / 2); /* in one of the blocks behind the machine's and before the index */
	assert_int_equal(run(cmd_info, NULL, path), 0);
	expect_text(out, "kernel     6.12.107-test");
	assert_int_equal(run(cmd_check, NULL, path), 1);
	expect_text(out, "damaged");
	expect_text(out, "expected");
}

static void what_is_no_trace_is_an_error(void **state)
{
	assert_int_equal(run(cmd_info, NULL, "/etc/passwd"), 1);
	expect_text(messages, "mmreplay info: /etc/passwd: byte 0: not an .mmt trace");
	assert_int_equal(run(cmd_check, NULL, "/nonexistent"), 1);
	expect_text(messages, "mmreplay check: /nonexistent: cannot be opened");
	assert_string_equal(out, "");
}

static int setup(void **state)
{
	synth_path(path, sizeof(path), "info");
	snprintf(out_path, sizeof(out_path), "%s.out", path);
	snprintf(err_path, sizeof(err_path), "%s.err", path);
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	unlink(out_path);
	unlink(err_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_keeps_its_contract),
		cmocka_unit_test(people_get_one_screen),
		cmocka_unit_test(tables_come_in_full),
		cmocka_unit_test(events_of_a_damaged_block_are_not_counted),
		cmocka_unit_test(what_is_missing_is_said_plainly),
		cmocka_unit_test(check_is_quiet_about_a_whole_file),
		cmocka_unit_test(a_damaged_block_costs_only_itself),
		cmocka_unit_test(what_is_no_trace_is_an_error),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
