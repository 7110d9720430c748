// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that were cut, flipped, filled up or made up: never a crash, never a wrong event without
 * an error, and `check` names every damaged byte's block.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "traces/format.h"
#include "traces/mmt_block.h"
#include "traces/tests/synth.h"
#include "traces/trace_check.h"
#include "traces/trace_stats.h"

#define NR_CPUS    2u
#define MAX_EVENTS 4096u

static char path[64];
static uint8_t *whole; /* the intact file */
static size_t whole_size;
static struct trace_event *all; /* its events as merged */
static uint32_t nr_all;

struct findings {
	uint32_t nr;
	char text[8192];
};
static struct findings intact; /* what check says of it: the loss in it */

#define assert_ok(call, err)                                                                                   \
	do {                                                                                                   \
		if ((call) < 0)                                                                                \
			fail_msg("%s", (err).msg);                                                             \
	} while (0)

static void store(const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

/* A small recording with every type of block, and several events blocks per CPU. */
static void write_sample(uint32_t nr_events)
{
	struct trace_machine machine = synth_machine(NR_CPUS, 1);
	struct trace_writer_options options = {.block_events = 64};
	struct trace_free_block blocks[] = {{8192, 1, 0}, {4096, 1, 0}, {5120, 10, 1}};
	struct trace_keyframe kf = {
		.ts_ns = 1, .zone = 1, .blocks = blocks, .nr_blocks = 3, .nr_free_pages = 1028};
	struct trace_loss loss = {1, 5, 9, 77};
	struct synth_rng rng = {11};
	struct trace_writer *w;
	struct mmr_error err;
	uint64_t now = 1000;

	assert_ok(trace_writer_create(path, &machine, &options, &w, &err), err);
	assert_ok(trace_writer_keyframe(w, &kf, &err), err);
	for (uint32_t i = 0; i < nr_events; i++) {
		struct trace_class cls = {.type = (uint8_t)synth_below(&rng, 3),
					  .gfp = (uint32_t)synth_below(&rng, 3)};
		struct trace_task task = {.tid = i / 40, .comm = "worker"};
		struct trace_event e = {.ts_ns = now += synth_below(&rng, 900),
					.cpu = (uint16_t)synth_below(&rng, NR_CPUS),
					.pfn = (uint32_t)synth_below(&rng, 50)};

		assert_ok(trace_writer_class(w, &cls, &e.class_id, &err), err);
		assert_ok(trace_writer_task(w, &task, &e.task, &err), err);
		assert_ok(trace_writer_event(w, &e, &err), err);
		if (i == nr_events / 2)
			assert_ok(trace_writer_loss(w, &loss, &err), err);
	}
	assert_ok(trace_writer_close(w, &err), err);
}

/* ---- what may come out of a damaged file ----------------------------------------------------- */

/* Where each CPU stands in the intact file's events. */
struct progress {
	uint32_t at[NR_CPUS];
};

/* Numbers of classes are the reader's; a task may have become unknown. */
static bool same_event(const struct trace_event *got, const struct trace_event *want)
{
	return got->ts_ns == want->ts_ns && got->pfn == want->pfn && got->cpu == want->cpu &&
	       (got->task == want->task || got->task == TRACE_NO_TASK) && got->type == want->type &&
	       got->order == want->order && got->migratetype == want->migratetype && got->flags == want->flags;
}

/* Every CPU delivers a prefix of its own events. */
static void check_prefix(struct progress *p, const struct trace_event *got)
{
	uint32_t i;

	assert_true(got->cpu < NR_CPUS);
	i = p->at[got->cpu];
	while (i < nr_all && all[i].cpu != got->cpu)
		i++;
	assert_true(i < nr_all);
	assert_true(same_event(got, &all[i]));
	p->at[got->cpu] = i + 1;
}

/* Read all there is. Return: events, or -1 - events where reading ended with an error. */
static int read_all(struct trace_reader *r)
{
	const struct trace_event *events;
	struct progress p = {0};
	struct mmr_error err;
	int total = 0;
	ssize_t n;

	while ((n = trace_reader_next(r, &events, &err)) > 0)
		for (ssize_t i = 0; i < n; i++, total++)
			check_prefix(&p, &events[i]);
	if (n == 0)
		return total;
	assert_int_equal(n, -EBADMSG);
	assert_non_null(strstr(err.msg, path));
	assert_non_null(strstr(err.msg, "byte "));
	assert_int_equal(trace_reader_next(r, &events, &err), 0);
	return -1 - total;
}

static void read_side_tables(struct trace_reader *r)
{
	struct trace_stats stats;
	struct mmr_error err;

	for (uint32_t i = 0; i < trace_reader_summary(r)->nr_keyframes; i++) {
		struct trace_keyframe kf;

		if (trace_reader_keyframe(r, i, &kf, &err)) {
			assert_non_null(strstr(err.msg, "byte "));
			continue;
		}
		assert_int_equal(kf.nr_blocks, 3);
		assert_int_equal(kf.blocks[1].pfn, 4096);
		trace_keyframe_deinit(&kf);
	}
	for (uint32_t i = 0; i < trace_reader_summary(r)->nr_damaged; i++)
		assert_non_null(strstr(trace_reader_damage(r, i), path));
	assert_ok(trace_stats_collect(r, &stats, NULL, NULL, &err), err);
	trace_stats_deinit(&stats);
}

static void add_finding(void *ctx, const char *line)
{
	struct findings *f = ctx;
	size_t len = strlen(f->text);

	f->nr++;
	snprintf(f->text + len, sizeof(f->text) - len, "%s\n", line);
	assert_non_null(strstr(line, path));
	assert_non_null(strstr(line, "byte "));
}

/* What check says of the stored file; its error where it cannot even begin. */
static struct findings check_file(void)
{
	struct trace_check_result result;
	struct findings f = {0};
	struct mmr_error err;

	if (trace_check(path, add_finding, &f, &result, &err))
		add_finding(&f, err.msg);
	else
		assert_int_equal(f.nr, result.nr_findings);
	return f;
}

static bool same_findings(const struct findings *a, const struct findings *b)
{
	return a->nr == b->nr && !strcmp(a->text, b->text);
}

static int setup(void **state)
{
	const struct trace_event *events;
	struct trace_reader *r;
	struct mmr_error err;
	struct stat st;
	ssize_t n;
	int fd;

	synth_path(path, sizeof(path), "damage");
	write_sample(300);
	all = calloc(MAX_EVENTS, sizeof(*all));
	if (trace_reader_open(path, &r, &err))
		return -1;
	while ((n = trace_reader_next(r, &events, &err)) > 0)
		for (ssize_t i = 0; i < n; i++)
			all[nr_all++] = events[i];
	trace_reader_close(r);
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) || nr_all != 300)
		return -1;
	whole_size = (size_t)st.st_size;
	whole = malloc(whole_size);
	n = read(fd, whole, whole_size);
	close(fd);
	intact = check_file();
	return n == (ssize_t)whole_size && intact.nr == 1 && strstr(intact.text, "77 events were lost") ? 0
													: -1;
}

static int teardown(void **state)
{
	unlink(path);
	free(all);
	free(whole);
	return 0;
}

/* ---- cut ------------------------------------------------------------------------------------ */

static void a_file_cut_at_any_byte_keeps_what_is_whole(void **state)
{
	int last = 0;

	for (size_t size = 0; size < whole_size; size++) {
		struct trace_reader *r;
		struct mmr_error err;
		int rc, n;

		store(whole, size);
		if (size) {
			struct findings f = check_file();

			assert_false(same_findings(&f, &intact));
		}
		rc = trace_reader_open(path, &r, &err);
		if (rc) {
			assert_true(rc == -EINVAL || rc == -EBADMSG);
			assert_non_null(strstr(err.msg, path));
			assert_int_equal(last, 0);
			continue;
		}
		assert_false(trace_reader_summary(r)->complete);
		assert_int_equal(trace_reader_summary(r)->nr_damaged, 0);
		n = read_all(r);
		assert_true(n >= last); /* more bytes, never fewer events; no error */
		last = n;
		read_side_tables(r);
		trace_reader_close(r);
	}
	assert_int_equal(last, nr_all);
}

static void the_recorder_killed_after_a_flush_loses_nothing_flushed(void **state)
{
	struct trace_machine machine = synth_machine(NR_CPUS, 1);
	struct trace_class cls = {.type = TRACE_FREE};
	struct trace_event e = {.ts_ns = 5, .task = TRACE_NO_TASK};
	struct trace_reader *r;
	struct trace_writer *w;
	struct mmr_error err;

	assert_ok(trace_writer_create(path, &machine, NULL, &w, &err), err);
	assert_ok(trace_writer_class(w, &cls, &e.class_id, &err), err);
	for (int i = 0; i < 10; i++)
		assert_ok(trace_writer_event(w, &e, &err), err);
	assert_ok(trace_writer_flush(w, &err), err);
	assert_ok(trace_writer_event(w, &e, &err), err);
	assert_ok(trace_reader_open(path, &r, &err), err); /* while the writer is still at it */
	assert_int_equal(trace_reader_summary(r)->events[TRACE_FREE], 10);
	assert_false(trace_reader_summary(r)->complete);
	trace_reader_close(r);
	assert_ok(trace_writer_close(w, &err), err);
}

/* ---- flipped -------------------------------------------------------------------------------- */

static void check_flipped(size_t at)
{
	struct findings f = check_file();
	struct trace_reader *r;
	struct mmr_error err;
	int rc, n;

	if (same_findings(&f, &intact))
		fail_msg("check finds nothing with byte %zu flipped", at);
	rc = trace_reader_open(path, &r, &err);
	if (rc) {
		assert_true(rc == -EINVAL || rc == -EBADMSG || rc == -ENOTSUP);
		assert_non_null(strstr(err.msg, path));
		assert_non_null(strstr(err.msg, "byte "));
		return;
	}
	n = read_all(r);
	if (n >= 0 && (uint32_t)n != nr_all)
		fail_msg("byte %zu flipped: %d events of %u and no error", at, n, nr_all);
	read_side_tables(r);
	trace_reader_close(r);
}

static void any_flipped_byte_is_found_and_never_believed(void **state)
{
	uint8_t *copy = malloc(whole_size);

	memcpy(copy, whole, whole_size);
	for (size_t i = 0; i < whole_size; i++) {
		uint8_t keep = copy[i];

		copy[i] = keep ^ (uint8_t)(1u << i % 8);
		store(copy, whole_size);
		check_flipped(i);
		copy[i] = (uint8_t)~keep;
		store(copy, whole_size);
		check_flipped(i);
		copy[i] = keep;
	}
	free(copy);
}

/* The same without an index to fall back to. */
static void any_flipped_byte_of_a_cut_file_is_found(void **state)
{
	size_t size = whole_size - MMT_BLOCK_HEADER_BYTES - MMT_END_BYTES;
	uint8_t *copy = malloc(size);
	struct findings undamaged, f;

	store(whole, size);
	undamaged = check_file();
	memcpy(copy, whole, size);
	for (size_t i = 0; i < size; i++) {
		struct trace_reader *r;
		struct mmr_error err;

		copy[i] ^= 0x10;
		store(copy, size);
		f = check_file();
		if (same_findings(&f, &undamaged))
			fail_msg("check finds nothing with byte %zu flipped", i);
		if (!trace_reader_open(path, &r, &err)) {
			int n = read_all(r);

			/* The index's block is the last here: to lose it loses no event. */
			assert_true(n < 0 || (uint32_t)n == nr_all || trace_reader_summary(r)->nr_damaged);
			read_side_tables(r);
			trace_reader_close(r);
		}
		copy[i] ^= 0x10;
	}
	free(copy);
}

/* Every way to read, whatever comes out. */
static void read_anything(struct trace_reader *r)
{
	const struct trace_event *events;
	struct trace_stats stats;
	struct mmr_error err;

	for (uint32_t i = 0; i < trace_reader_summary(r)->nr_keyframes; i++) {
		struct trace_keyframe kf;

		if (!trace_reader_keyframe(r, i, &kf, &err))
			trace_keyframe_deinit(&kf);
	}
	if (!trace_stats_collect(r, &stats, NULL, NULL, &err))
		trace_stats_deinit(&stats);
	while (trace_reader_next(r, &events, &err) > 0)
		;
}

static void random_damage_does_no_harm(void **state)
{
	uint8_t *copy = malloc(whole_size);
	struct synth_rng rng = {5};

	for (int round = 0; round < 3000; round++) {
		struct trace_reader *r;
		struct mmr_error err;
		size_t size = whole_size;

		memcpy(copy, whole, whole_size);
		for (uint64_t n = 1 + synth_below(&rng, 4); n; n--) {
			size_t a = synth_below(&rng, whole_size), b = synth_below(&rng, whole_size);
			size_t len = synth_below(&rng, whole_size - (a > b ? a : b));

			if (synth_below(&rng, 2))
				memmove(copy + a, copy + b, len); /* blocks doubled, lost, out of order */
			else
				copy[a] = (uint8_t)synth_next(&rng);
		}
		if (synth_below(&rng, 3) == 0)
			size = synth_below(&rng, whole_size);
		store(copy, size);
		check_file();
		if (trace_reader_open(path, &r, &err))
			continue;
		read_anything(r);
		trace_reader_close(r);
	}
	free(copy);
}

/* Checksums repaired, so that the decoders themselves meet the impossible. */
static void impossible_content_behind_good_checksums_does_no_harm(void **state)
{
	uint8_t *copy = malloc(whole_size);
	struct synth_rng rng = {6};
	int nr_malformed = 0;

	for (int round = 0; round < 20000; round++) {
		struct trace_reader *r;
		struct mmr_error err;

		memcpy(copy, whole, whole_size);
		for (uint64_t n = 1 + synth_below(&rng, 3); n; n--) {
			size_t at =
				MMT_FILE_HEADER_BYTES + synth_below(&rng, whole_size - MMT_FILE_HEADER_BYTES);

			copy[at] = synth_below(&rng, 3) ? (uint8_t)synth_next(&rng) : 0xff;
		}
		synth_repair(copy, whole_size);
		store(copy, whole_size);
		nr_malformed += strstr(check_file().text, "malformed") != NULL;
		if (trace_reader_open(path, &r, &err))
			continue;
		read_anything(r);
		trace_reader_close(r);
	}
	assert_true(nr_malformed > 5000); /* the repair works, or checksums would have met it all */
	free(copy);
}

/* ---- not a trace at all ---------------------------------------------------------------------- */

static void expect_refusal(const void *data, size_t size, int code, const char *text)
{
	struct trace_reader *r;
	struct mmr_error err;

	store(data, size);
	assert_int_equal(trace_reader_open(path, &r, &err), code);
	if (!strstr(err.msg, text))
		fail_msg("\"%s\" lacks \"%s\"", err.msg, text);
}

static void other_files_are_refused_by_name(void **state)
{
	uint8_t text_mode[MMT_FILE_HEADER_BYTES], later[MMT_FILE_HEADER_BYTES];
	struct trace_reader *r;
	struct mmr_error err;

	expect_refusal("", 0, -EINVAL, "empty");
	expect_refusal("PERFILE2", 8, -EINVAL, "found 50 45 52 46");
	memcpy(text_mode, whole, sizeof(text_mode));
	memmove(text_mode + 4, text_mode + 5, 20); /* \r\n became \n */
	expect_refusal(text_mode, sizeof(text_mode), -EINVAL, "not an .mmt trace");
	mmt_file_header_fill(later);
	expect_refusal(later, sizeof(later), -EBADMSG, "machine block");
	assert_int_equal(trace_reader_open("/tmp", &r, &err), -EISDIR);
	assert_int_equal(trace_reader_open("/dev/null", &r, &err), -ESPIPE);
	assert_int_equal(trace_reader_open("/nonexistent.mmt", &r, &err), -ENOENT);
}

static void another_version_is_named(void **state)
{
	uint8_t header[MMT_FILE_HEADER_BYTES];

	mmt_file_header_fill(header);
	mmt_set_le32(header + MMT_FILE_VERSION_AT, 2);
	expect_refusal(header, sizeof(header), -EBADMSG, "damaged file header");
	mmt_file_header_sum(header);
	expect_refusal(header, sizeof(header), -ENOTSUP, "found format version 2, this build reads version 1");
}

/* ---- full disk ------------------------------------------------------------------------------ */

static void a_full_device_is_an_error_at_once(void **state)
{
	struct trace_machine machine = synth_machine(1, 1);
	struct trace_writer *w;
	struct mmr_error err;

	assert_int_equal(trace_writer_create("/dev/full", &machine, NULL, &w, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "/dev/full: byte 0"));
}

/* Let the file grow to @limit bytes only. Return: what the writer said first, and what it said at the end. */
static void write_with_limit(rlim_t limit, int *first, int *last)
{
	struct trace_machine machine = synth_machine(1, 1);
	struct trace_writer_options options = {.block_events = 100};
	struct trace_class cls = {.type = TRACE_ALLOC};
	struct rlimit old, small;
	struct synth_rng rng = {2};
	struct trace_writer *w;
	struct mmr_error err;
	uint16_t id;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){limit, old.rlim_max};
	assert_ok(trace_writer_create(path, &machine, &options, &w, &err), err);
	assert_ok(trace_writer_class(w, &cls, &id, &err), err);
	setrlimit(RLIMIT_FSIZE, &small);
	*first = 0;
	for (uint32_t i = 0; i < 5000 && !*first; i++) {
		struct trace_event e = {
			.ts_ns = synth_next(&rng) >> 20, .pfn = (uint32_t)synth_next(&rng) / 2, .class_id = id};

		*first = trace_writer_event(w, &e, &err);
	}
	*last = trace_writer_close(w, &err);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_non_null(strstr(err.msg, "writing a block"));
}

static void a_full_disk_leaves_whole_blocks(void **state)
{
	for (rlim_t limit = 3000; limit < 5000; limit += 37) {
		struct trace_reader *r;
		struct mmr_error err;
		int first, last, n = 0;
		const struct trace_event *events;
		ssize_t got;

		write_with_limit(limit, &first, &last);
		assert_int_equal(first, -EFBIG);
		assert_int_equal(last, first);
		assert_ok(trace_reader_open(path, &r, &err), err);
		assert_false(trace_reader_summary(r)->complete);
		assert_int_equal(trace_reader_summary(r)->truncated_bytes, 0);
		while ((got = trace_reader_next(r, &events, &err)) > 0)
			n += (int)got;
		assert_int_equal(got, 0);
		assert_true(n > 0 && n % 100 == 0);
		trace_reader_close(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_cut_at_any_byte_keeps_what_is_whole),
		cmocka_unit_test(the_recorder_killed_after_a_flush_loses_nothing_flushed),
		cmocka_unit_test(any_flipped_byte_is_found_and_never_believed),
		cmocka_unit_test(any_flipped_byte_of_a_cut_file_is_found),
		cmocka_unit_test(random_damage_does_no_harm),
		cmocka_unit_test(impossible_content_behind_good_checksums_does_no_harm),
		cmocka_unit_test(other_files_are_refused_by_name),
		cmocka_unit_test(another_version_is_named),
		cmocka_unit_test(a_full_device_is_an_error_at_once),
		cmocka_unit_test(a_full_disk_leaves_whole_blocks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
