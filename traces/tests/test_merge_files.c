// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of one recording joined: one file for each CPU, numbered files, hundreds of them; the whole is what was
 * recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "core/mm_types.h"
#include "traces/tests/synth.h"
#include "traces/tools/trace_copy.h"
#include "traces/tools/trace_merge_files.h"
#include "traces/trace_check.h"

#define MAX_FILES 512u

/* How the made-up recording is divided: @file_of tells which file event @number of @cpu goes to. */
struct division {
	uint32_t nr_cpus, nr_events, nr_files;
	uint32_t (*file_of)(const struct division *d, uint32_t number, uint32_t cpu);
};

static char folder[64];

static const char *file_name(uint32_t i)
{
	static char name[2][96];
	static int turn;

	turn = !turn;
	snprintf(name[turn], sizeof(name[turn]), "%s/host.mmt.%u", folder, i);
	return name[turn];
}

static bool never(void)
{
	return false;
}

/* File 1 has been filtered. */
static struct trace_writer *start_file(const char *path, uint32_t nr_cpus, bool filtered)
{
	static char partial[] = TRACE_FEATURE_PARTIAL;
	struct trace_name_value feature = {partial, 1};
	struct trace_machine machine = synth_machine(nr_cpus, 2);
	struct trace_writer *w;
	struct mmr_error err;

	if (filtered) {
		machine.features = &feature;
		machine.nr_features = 1;
	}
	assert_int_equal(trace_writer_create(path, &machine, NULL, &w, &err), 0);
	return w;
}

static void write_event(struct trace_writer *w, const struct trace_event *from, struct synth_rng *rng)
{
	const struct trace_class classes[] = {
		{.type = TRACE_ALLOC, .migratetype = MIGRATE_MOVABLE, .gfp = MMR_GFP_HIGHUSER_MOVABLE},
		{.type = TRACE_ALLOC, .order = 9},
		{.type = TRACE_FREE},
		{.type = TRACE_ZONE_LOCKED, .flags = TRACE_F_PERCPU_REFILL},
	};
	struct trace_task task = {.tid = (uint32_t)synth_below(rng, 40)};
	struct trace_event e = *from;
	struct mmr_error err;

	snprintf(task.comm, sizeof(task.comm), "task-%u", task.tid);
	assert_int_equal(trace_writer_class(w, &classes[synth_below(rng, 4)], &e.class_id, &err), 0);
	assert_int_equal(trace_writer_task(w, &task, &e.task, &err), 0);
	assert_int_equal(trace_writer_event(w, &e, &err), 0);
}

static void write_keyframe(struct trace_writer *w, uint64_t ts_ns, uint32_t flags)
{
	struct trace_free_block free_block = {8192, 3, 0};
	struct trace_keyframe kf = {.ts_ns = ts_ns,
				    .zone = ZONE_DMA32,
				    .flags = TRACE_KF_LOCKED | flags,
				    .nr_blocks = 1,
				    .blocks = &free_block,
				    .nr_free_pages = 8};
	struct mmr_error err;

	assert_int_equal(trace_writer_keyframe(w, &kf, &err), 0);
}

/* The same events into "whole" and into the files; a keyframe at the start and end of each file. */
static void write_divided(const struct division *d)
{
	struct trace_writer *whole = start_file(file_name(MAX_FILES), d->nr_cpus, false), *parts[MAX_FILES];
	struct trace_loss loss = {1, 2000, 3000, 17};
	struct synth_rng rng = {d->nr_files};
	uint64_t ts = 1000000;
	struct mmr_error err;

	for (uint32_t i = 0; i < d->nr_files; i++) {
		parts[i] = start_file(file_name(i), d->nr_cpus, i == 1);
		write_keyframe(parts[i], ts, TRACE_KF_FIRST);
	}
	for (uint32_t i = 0; i < d->nr_events; i++) {
		struct trace_event e = {.ts_ns = ts += synth_below(&rng, 300),
					.cpu = (uint16_t)synth_below(&rng, d->nr_cpus),
					.pfn = (uint32_t)synth_below(&rng, 1u << 22)};
		struct synth_rng same = rng;

		write_event(whole, &e, &rng);
		write_event(parts[d->file_of(d, i, e.cpu)], &e, &same);
	}
	for (uint32_t i = 0; i < d->nr_files; i++) {
		write_keyframe(parts[i], ts, TRACE_KF_LAST);
		if (i == 1)
			assert_int_equal(trace_writer_loss(parts[i], &loss, &err), 0);
		assert_int_equal(trace_writer_close(parts[i], &err), 0);
	}
	assert_int_equal(trace_writer_close(whole, &err), 0);
}

static struct trace_reader *open_trace(const char *path)
{
	struct trace_reader *r;
	struct mmr_error err;

	if (trace_reader_open(path, &r, &err))
		fail_msg("%s", err.msg);
	return r;
}

static void expect_same_event(struct trace_reader *a, const struct trace_event *x, struct trace_reader *b,
			      const struct trace_event *y, uint64_t number)
{
	uint32_t nr;
	const struct trace_task *s = &trace_reader_tasks(a, &nr)[x->task],
				*t = &trace_reader_tasks(b, &nr)[y->task];

	if (x->ts_ns != y->ts_ns || x->pfn != y->pfn || x->cpu != y->cpu || x->type != y->type ||
	    x->order != y->order || x->migratetype != y->migratetype || x->flags != y->flags ||
	    s->tid != t->tid || strcmp(s->comm, t->comm) != 0)
		fail_msg("event %llu differs: CPU %u at %llu ns, expected CPU %u at %llu ns",
			 (unsigned long long)number, y->cpu, (unsigned long long)y->ts_ns, x->cpu,
			 (unsigned long long)x->ts_ns);
}

static void expect_same_events(const char *whole, const char *merged)
{
	struct trace_reader *a = open_trace(whole), *b = open_trace(merged);
	const struct trace_event *x = NULL, *y = NULL;
	ssize_t left = 0, right = 0;
	struct mmr_error err;

	for (uint64_t number = 0;; number++, left--, right--) {
		if (!left)
			left = trace_reader_next(a, &x, &err);
		if (!right)
			right = trace_reader_next(b, &y, &err);
		if (left <= 0 || right <= 0)
			break;
		expect_same_event(a, x++, b, y++, number);
	}
	assert_int_equal(left, 0);
	assert_int_equal(right, 0);
	trace_reader_close(a);
	trace_reader_close(b);
}

static void expect_keyframes(const char *path, uint32_t nr)
{
	struct trace_reader *r = open_trace(path);
	uint32_t first = 0, last = 0;

	assert_int_equal(trace_reader_summary(r)->nr_keyframes, nr);
	assert_int_equal(trace_machine_feature(trace_reader_machine(r), TRACE_FEATURE_PARTIAL), 1);
	for (uint32_t i = 0; i < nr; i++) {
		struct trace_keyframe kf;
		struct mmr_error err;

		assert_int_equal(trace_reader_keyframe(r, i, &kf, &err), 0);
		first += (kf.flags & TRACE_KF_FIRST) != 0;
		last += (kf.flags & TRACE_KF_LAST) != 0;
		trace_keyframe_deinit(&kf);
	}
	assert_int_equal(first, 1);
	assert_int_equal(last, 1);
	trace_reader_close(r);
}

/* Divide, join in an order that is not that of the files, compare. */
static void divide_and_join(const struct division *d)
{
	const char *paths[MAX_FILES];
	static char names[MAX_FILES][96];
	struct trace_merge_result result;
	char merged[96];
	struct mmr_error err;

	write_divided(d);
	for (uint32_t i = 0; i < d->nr_files; i++) {
		snprintf(names[i], sizeof(names[i]), "%s", file_name((i * 7 + 3) % d->nr_files));
		paths[i] = names[i];
	}
	snprintf(merged, sizeof(merged), "%s/merged.mmt", folder);
	if (trace_merge_files(paths, d->nr_files, merged, never, &result, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(result.nr_events, d->nr_events);
	assert_int_equal(result.nr_lost, 17);
	assert_int_equal(result.nr_gaps, 0);
	assert_int_equal(result.nr_keyframes, 2 * d->nr_files);
	expect_same_events(file_name(MAX_FILES), merged);
	expect_keyframes(merged, 2 * d->nr_files);
	for (uint32_t i = 0; i < d->nr_files; i++)
		unlink(names[i]);
	unlink(file_name(MAX_FILES));
	unlink(merged);
}

static uint32_t by_cpu(const struct division *d, uint32_t number, uint32_t cpu)
{
	return cpu;
}

static uint32_t by_number(const struct division *d, uint32_t number, uint32_t cpu)
{
	return (uint32_t)((uint64_t)number * d->nr_files / d->nr_events);
}

static void a_file_for_each_cpu(void **state)
{
	divide_and_join(&(struct division){8, 60000, 8, by_cpu});
}

static void numbered_files(void **state)
{
	divide_and_join(&(struct division){4, 50000, 11, by_number});
}

static void a_file_for_each_of_512_cpus(void **state)
{
	divide_and_join(&(struct division){512, 200000, 512, by_cpu});
}

static int setup(void **state)
{
	synth_path(folder, sizeof(folder), "merge");
	return mkdir(folder, 0700);
}

static int teardown(void **state)
{
	return rmdir(folder);
}

/* Each file numbers its labels for itself; in the whole each is there once, and every event has its own. */
static void labels_are_renumbered(void **state)
{
	static const char *const texts[2][2] = {{"first+0x1", "second+0x2"}, {"second+0x2", "third+0x3"}};
	const struct trace_class cls = {.type = TRACE_ALLOC_FROM, .nr_args = 2};
	char whole[96];
	struct trace_writer *to = start_file(file_name(2), 1, false);
	const struct trace_event *events;
	const struct trace_label *labels;
	struct trace_reader *r;
	struct mmr_error err;
	uint32_t nr;

	snprintf(whole, sizeof(whole), "%s", file_name(2));
	for (uint32_t i = 0; i < 2; i++) {
		struct trace_writer *w = start_file(file_name(i), 1, false);
		struct trace_copy *copy = NULL;
		ssize_t n;

		for (uint32_t k = 0; k < 3; k++) {
			struct trace_event e = {.ts_ns = 100 * i + k, .pfn = k, .task = TRACE_NO_TASK};
			struct trace_args args = {.nr = 2, .v = {-1, k == 2 ? 99 : -1}};
			uint32_t number;

			assert_int_equal(trace_writer_class(w, &cls, &e.class_id, &err), 0);
			if (k < 2) {
				assert_int_equal(
					trace_writer_label(w, TRACE_LABEL_STACK, 0, texts[i][k], &number, &err),
					0);
				args.v[0] = number;
			}
			assert_int_equal(trace_writer_event_args(w, &e, &args, &err), 0);
		}
		assert_int_equal(trace_writer_close(w, &err), 0);
		assert_int_equal(trace_reader_open(file_name(i), &r, &err), 0);
		assert_int_equal(trace_copy_create(r, to, &copy, &err), 0);
		while ((n = trace_reader_next(r, &events, &err)) > 0)
			for (ssize_t k = 0; k < n; k++)
				assert_int_equal(trace_copy_event(copy, &events[k], &err), 0);
		assert_int_equal(n, 0);
		trace_copy_destroy(copy);
		trace_reader_close(r);
		unlink(file_name(i));
	}
	assert_int_equal(trace_writer_close(to, &err), 0);
	assert_int_equal(trace_reader_open(whole, &r, &err), 0);
	trace_reader_want(r, TRACE_WANT_ALL);
	labels = trace_reader_labels(r, &nr);
	assert_int_equal(nr, 3);
	assert_int_equal(trace_reader_next(r, &events, &err), 6);
	for (uint32_t i = 0; i < 6; i++) {
		const struct trace_args *args = trace_reader_args(r, &events[i]);

		assert_int_equal(args->v[1], -1); /* 99 is the number of none */
		if (i % 3 == 2)
			assert_int_equal(args->v[0], -1);
		else
			assert_string_equal(labels[args->v[0]].text, texts[i / 3][i % 3]);
	}
	trace_reader_close(r);
	unlink(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_for_each_cpu),
		cmocka_unit_test(numbered_files),
		cmocka_unit_test(a_file_for_each_of_512_cpus),
		cmocka_unit_test(labels_are_renumbered),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
