// SPDX-License-Identifier: GPL-2.0-or-later
/* Imports from memory: what each way of writing an event becomes, and that no damage is fatal. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/mm_types.h"
#include "traces/import/import.h"
#include "traces/tests/synth.h"

static char path[64];

static int make_path(void **state)
{
	synth_path(path, sizeof(path), "import");
	return 0;
}

static int remove_path(void **state)
{
	unlink(path);
	return 0;
}

static int import(const struct import_format *format, const void *data, size_t size, const char *kernel,
		  struct import_report *report, struct mmr_error *err)
{
	const struct import_options options = {.kernel_release = kernel};

	return import_memory(format, "source", data, size, path, &options, report, err);
}

/* The events of the trace at @path; the reader stays open for classes and tasks. */
static uint32_t read_back(struct trace_reader **reader, struct trace_event *events, uint32_t max)
{
	const struct trace_event *batch;
	struct mmr_error err;
	uint32_t nr = 0;
	ssize_t n;

	if (trace_reader_open(path, reader, &err))
		fail_msg("%s", err.msg);
	while ((n = trace_reader_next(*reader, &batch, &err)) > 0)
		for (ssize_t i = 0; i < n && nr < max; i++)
			events[nr++] = batch[i];
	assert_int_equal(n, 0);
	return nr;
}

/* ---- text ---------------------------------------------------------------------------------- */

static const struct text_case {
	const char *line, *kernel;
	uint64_t ts_ns;
	const char *comm;
	uint32_t cpu, tid, tgid, pfn, gfp;
	uint8_t type, order, migratetype, flags, fallback_order, fallback_migratetype;
} text_cases[] = {
	{.line = "             cc1-5103    [001] .....  5170.386595: mm_page_alloc: page=000000004f22af06 "
		 "pfn=0x1226ad "
		 "order=0 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_ZERO",
	 .ts_ns = 5170386595000,
	 .comm = "cc1",
	 .cpu = 1,
	 .tid = 5103,
	 .pfn = 0x1226ad,
	 .gfp = MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_ZERO,
	 .migratetype = MIGRATE_MOVABLE},
	{.line = " a b-c-12 ( 1234) [003] d..2.     7.000001: mm_page_pcpu_drain: page=1 pfn=0x20 order=3 "
		 "migratetype=2",
	 .ts_ns = 7000001000,
	 .comm = "a b-c",
	 .cpu = 3,
	 .tid = 12,
	 .tgid = 1234,
	 .pfn = 0x20,
	 .type = TRACE_PCPU_DRAIN,
	 .order = 3,
	 .migratetype = MIGRATE_RECLAIMABLE},
	{.line = "kworker/u4:1 77 [000]  4442.037885123:   kmem:mm_page_free: page=0x1 pfn=1983536 order=9",
	 .ts_ns = 4442037885123,
	 .comm = "kworker/u4:1",
	 .tid = 77,
	 .pfn = 1983536,
	 .type = TRACE_FREE,
	 .order = 9},
	{.line = " Web Content  100/107  [002] 1.5: kmem:mm_page_free_batched: page=0x1 pfn=0x7 order=0",
	 .ts_ns = 1500000000,
	 .comm = "Web Content",
	 .cpu = 2,
	 .tid = 107,
	 .tgid = 100,
	 .pfn = 7,
	 .type = TRACE_FREE_BATCHED},
	{.line = "inst:            kswapd0-55    [000]     2.25: mm_page_alloc_zone_locked: page=1 pfn=0x8 "
		 "order=1 "
		 "migratetype=0 percpu_refill=1",
	 .ts_ns = 2250000000,
	 .comm = "kswapd0",
	 .tid = 55,
	 .pfn = 8,
	 .type = TRACE_ZONE_LOCKED,
	 .order = 1,
	 .flags = TRACE_F_PERCPU_REFILL | TRACE_F_KSWAPD | TRACE_F_PF_MEMALLOC},
	{.line = "x-1 [000] 2.25: mm_page_alloc_extfrag: page=1 pfn=0x400 alloc_order=2 fallback_order=9 "
		 "pageblock_order=9 alloc_migratetype=2 fallback_migratetype=1 fragmenting=0 "
		 "change_ownership=1",
	 .ts_ns = 2250000000,
	 .comm = "x",
	 .tid = 1,
	 .pfn = 0x400,
	 .type = TRACE_EXTFRAG,
	 .order = 2,
	 .migratetype = MIGRATE_RECLAIMABLE,
	 .fallback_order = 9,
	 .fallback_migratetype = MIGRATE_MOVABLE,
	 .flags = TRACE_F_CHANGE_OWNERSHIP},
	/* A failed allocation prints 0. */
	{.line = "x-1 [000] 2.25: mm_page_alloc: page=          (null) pfn=0x0 order=9 migratetype=1 "
		 "gfp_flags=none",
	 .ts_ns = 2250000000,
	 .comm = "x",
	 .tid = 1,
	 .pfn = TRACE_NO_PFN,
	 .order = 9,
	 .migratetype = MIGRATE_MOVABLE},
	/* 4.4 exchanged 1 and 2; before 4.1 there was no pfn; what GFP_ATOMIC stands for changed in 6.3. */
	{.line = "x-1 [000] 2.25: mm_page_alloc: page=ffffea0000000440 order=0 migratetype=1 "
		 "gfp_flags=GFP_ATOMIC",
	 .kernel = "3.16.0-4-amd64",
	 .ts_ns = 2250000000,
	 .comm = "x",
	 .tid = 1,
	 .pfn = 0x11,
	 .gfp = MMR_GFP_ATOMIC_MASK | MMR_GFP_ATOMIC,
	 .migratetype = MIGRATE_RECLAIMABLE},
	{.line = "x-1 [000] 2.25: mm_page_alloc: page=1 pfn=1 order=0 migratetype=2 "
		 "gfp_flags=GFP_ATOMIC|__GFP_COMP",
	 .ts_ns = 2250000000,
	 .comm = "x",
	 .tid = 1,
	 .pfn = 1,
	 .gfp = MMR_GFP_ATOMIC_MASK | MMR_GFP_COMP,
	 .migratetype = MIGRATE_RECLAIMABLE},
};

static void check_text(const struct text_case *c)
{
	struct import_report report;
	struct trace_reader *reader;
	struct trace_event e;
	const struct trace_class *cls;
	const struct trace_task *tasks;
	struct mmr_error err;
	uint32_t nr;

	if (import(&import_ftrace, c->line, strlen(c->line), c->kernel, &report, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(read_back(&reader, &e, 1), 1);
	cls = trace_reader_class(reader, e.class_id);
	tasks = trace_reader_tasks(reader, &nr);
	assert_int_equal(e.ts_ns, c->ts_ns);
	assert_int_equal(e.cpu, c->cpu);
	assert_int_equal(e.pfn, c->pfn);
	assert_int_equal(e.type, c->type);
	assert_int_equal(e.order, c->order);
	assert_int_equal(e.migratetype, c->migratetype);
	assert_int_equal(e.flags, c->flags);
	assert_int_equal(cls->gfp, c->gfp);
	assert_int_equal(cls->fallback_order, c->fallback_order);
	assert_int_equal(cls->fallback_migratetype, c->fallback_migratetype);
	assert_true(e.task < nr);
	assert_int_equal(tasks[e.task].tid, c->tid);
	assert_int_equal(tasks[e.task].tgid, c->tgid);
	assert_string_equal(tasks[e.task].comm, c->comm);
	trace_reader_close(reader);
}

static void every_spelling_of_a_line_is_understood(void **state)
{
	for (size_t i = 0; i < sizeof(text_cases) / sizeof(text_cases[0]); i++)
		check_text(&text_cases[i]);
}

static void losses_in_text_are_carried_over(void **state)
{
	static const char text[] = "# tracer: nop\n#\n# entries-in-buffer/entries-written: 2/102   #P:4\n"
				   "#           TASK-PID     CPU#  |||||  hardirq/softirq\n"
				   "x-1 [001] ..s1. 1.000000: mm_page_free: page=1 pfn=0x1 order=0\n"
				   "CPU:1 [LOST 17 EVENTS]\n"
				   "CPU:3 [5 EVENTS DROPPED]\n"
				   "x-1 [001] d.h1. 2.000000: mm_page_free: page=1 pfn=0x2 order=0\n";
	struct import_report report;
	struct trace_reader *reader;
	struct trace_event e[2];
	struct mmr_error err;

	if (import(&import_ftrace, text, sizeof(text) - 1, NULL, &report, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(report.nr_lost, 100 + 17 + 5);
	assert_int_equal(read_back(&reader, e, 2), 2);
	assert_int_equal(e[0].flags, TRACE_F_SOFTIRQ);
	assert_int_equal(e[1].flags, TRACE_F_HARDIRQ);
	assert_int_equal(trace_reader_summary(reader)->nr_lost, 122);
	assert_int_equal(trace_reader_machine(reader)->nr_cpus, 4);
	trace_reader_close(reader);
}

/* ---- llfree -------------------------------------------------------------------------------- */

struct llfree_record {
	uint64_t us;
	uint32_t pfn, alloc, order, gfp, pid;
};

static void put_llfree(uint8_t *at, const struct llfree_record *r)
{
	mmt_set_le64(at, r->us | (uint64_t)r->pfn << 38 | (uint64_t)r->alloc << 62 | (uint64_t)r->order << 63);
	mmt_set_le64(at + 8, r->order >> 1 | (uint64_t)r->gfp << 3 | (uint64_t)r->pid << 32);
}

static void llfree_records_become_events(void **state)
{
	static const struct llfree_record records[] = {
		{1, 0xfffffe, 1, 10, 0x10000000 | MMR_GFP_HIGHUSER_MOVABLE, 4000000000u},
		{(1ull << 38) - 1, 5, 0, 3, 0, 7},
	};
	uint8_t *data = calloc(3, 4096);
	struct import_report report;
	struct trace_reader *reader;
	struct trace_event e[3];
	struct mmr_error err;

	assert_non_null(data);
	data[4] = 2; /* cores */
	memset(data + 8, 0xff, 3); /* largest pfn */
	data[8192] = 1; /* the second page is CPU 1's */
	put_llfree(data + 4096 + 16, &records[0]);
	put_llfree(data + 8192 + 16 + 254 * 16, &records[1]);
	if (import(&import_llfree, data, 3 * 4096, NULL, &report, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(read_back(&reader, e, 3), 2);
	assert_int_equal(e[0].ts_ns, 1000);
	assert_int_equal(e[0].pfn, 0xfffffe);
	assert_int_equal(e[0].type, TRACE_ALLOC);
	assert_int_equal(e[0].order, 10);
	assert_int_equal(e[0].migratetype, MIGRATE_MOVABLE);
	assert_int_equal(trace_reader_class(reader, e[0].class_id)->gfp, MMR_GFP_HIGHUSER_MOVABLE);
	assert_int_equal(e[1].ts_ns, ((1ull << 38) - 1) * 1000);
	assert_int_equal(e[1].cpu, 1);
	assert_int_equal(e[1].type, TRACE_FREE);
	assert_int_equal(e[1].order, 3);
	trace_reader_close(reader);

	data[8192] = 2;
	assert_int_equal(import(&import_llfree, data, 3 * 4096, NULL, &report, &err), -EINVAL);
	assert_string_equal(err.msg, "source: byte 8192: found CPU 2, expected a number below 2");
	data[8192] = 1;
	assert_int_equal(import(&import_llfree, data, 3 * 4096 - 1, NULL, &report, &err), -EBADMSG);
	free(data);
}

/* perf without -a keeps a buffer per thread, so a CPU's events lie in several places: the same way. */
static void records_out_of_order_are_sorted(void **state)
{
	static const struct llfree_record records[] = {
		{30, 3, 1, 0, 0, 1}, {10, 1, 1, 0, 0, 1}, {20, 2, 1, 0, 0, 1}, {20, 4, 1, 0, 0, 1}};
	static const uint32_t expected[] = {1, 2, 4, 3};
	uint8_t *data = calloc(2, 4096);
	struct import_report report;
	struct trace_reader *reader;
	struct trace_event e[4];
	struct mmr_error err;

	assert_non_null(data);
	data[4] = 1;
	data[8] = 9;
	for (size_t i = 0; i < 4; i++)
		put_llfree(data + 4096 + 16 + 16 * i, &records[i]);
	if (import(&import_llfree, data, 8192, NULL, &report, &err))
		fail_msg("%s", err.msg);
	assert_true(report.sorted);
	assert_int_equal(read_back(&reader, e, 4), 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(e[i].pfn, expected[i]);
	trace_reader_close(reader);
	free(data);
}

/* ---- damage -------------------------------------------------------------------------------- */

static uint8_t *load_file(const char *name, size_t *size)
{
	FILE *f = fopen(name, "re");
	uint8_t *data;
	long end;

	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	end = ftell(f);
	rewind(f);
	data = malloc((size_t)end);
	assert_non_null(data);
	*size = fread(data, 1, (size_t)end, f);
	fclose(f);
	return data;
}

/* Whatever is wrong: 0, or an error with a message; under the sanitizers, nothing else. */
static void check_damage(const struct import_format *format, const char *name, unsigned int rounds)
{
	struct synth_rng rng = {rounds};
	struct import_report report;
	struct mmr_error err;
	size_t size = 0;
	uint8_t *data = load_file(name, &size), *copy = malloc(size + 1);

	assert_non_null(data);
	assert_non_null(copy);
	for (unsigned int i = 0; i < rounds; i++) {
		/* Half the changes in the first 8 KiB: headers. Every third time the file is cut too. */
		size_t length = i % 3 ? size : synth_below(&rng, size);

		memcpy(copy, data, size);
		for (uint64_t k = synth_below(&rng, 4) + (i % 3 != 0); k; k--)
			copy[synth_below(&rng, k % 2 && size > 8192 ? 8192 : size)] = (uint8_t)synth_next(&rng);
		err.msg[0] = '\0';
		if (import(format, copy, length, NULL, &report, &err) && !err.msg[0])
			fail_msg("%s: round %u failed without a message", name, i);
	}
	free(copy);
	free(data);
}

static void damaged_sources_are_refused_or_read(void **state)
{
	check_damage(&import_perf, "traces/tests/data/lossy.perf.data", 300);
	check_damage(&import_perf, "traces/tests/data/zstd.perf.data", 300);
	check_damage(&import_tracecmd, "traces/tests/data/trace-v7.dat", 300);
	check_damage(&import_ftrace, "traces/tests/data/ftrace.txt", 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_of_a_line_is_understood),
		cmocka_unit_test(losses_in_text_are_carried_over),
		cmocka_unit_test(llfree_records_become_events),
		cmocka_unit_test(records_out_of_order_are_sorted),
		cmocka_unit_test(damaged_sources_are_refused_or_read),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
