// SPDX-License-Identifier: GPL-2.0-or-later
/* A machine far larger than the host: 8 nodes and 4 TiB replay a recording in under 4 GB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/profile.h"
#include "replay/engine/engine.h"
#include "replay/tests/synth_trace.h"

#define NR_BLOCKS 12000u

static void load_big(struct machine *machine)
{
	char path[] = "/tmp/mmr-big-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct mmr_error err = {0};

	assert_non_null(file);
	fputs("name: big\nholes: [\"2GiB-4GiB\"]\nnodes:\n", file);
	for (int n = 0; n < 8; n++)
		fprintf(file, "  - { node: %d, cpus: \"%d-%d\", memory: 512GiB }\n", n, 16 * n, 16 * n + 15);
	fclose(file);
	if (machine_load(path, machine, &err))
		fail_msg("%s", err.msg);
	unlink(path);
}

/* Allocations of every order, of which every other one is freed, twice over. */
static void make_trace(struct synth *s)
{
	synth_begin(s);
	for (uint32_t i = 0; i < NR_BLOCKS; i++)
		synth_alloc(s, i & 1, 4096 + i, 0);
	for (uint32_t i = 0; i < NR_BLOCKS; i += 2)
		synth_free(s, i & 1, 4096 + i, 0);
	for (uint32_t i = 0; i < NR_BLOCKS; i += 2)
		synth_alloc(s, i & 1, 4096 + i, 0);
	synth_end(s);
}

static void four_tebibytes_fit_into_four_gigabytes(void **state)
{
	struct engine_options options = {.backend = &backend_core, .latency_every = 64, .nr_samples = 20};
	struct machine recorded, machine;
	struct trace_reader *reader;
	struct engine_counts counts;
	struct mmr_error err = {0};
	struct engine *engine;
	struct rusage usage;
	struct synth s;

	make_trace(&s);
	load_big(&machine);
	assert_true(machine_managed_pages(&machine) > 1000000000);
	if (trace_reader_open(s.path, &reader, &err) ||
	    machine_from_trace(trace_reader_machine(reader), s.path, &recorded, &err))
		fail_msg("%s", err.msg);
	options.recorded = &recorded;
	options.machine = &machine;
	options.profile = kernel_profile_find("6.12");
	if (engine_create(reader, &options, &engine, &err) || engine_run(engine, &err))
		fail_msg("%s", err.msg);
	engine_counts(engine, &counts);
	assert_int_equal(counts.allocs, NR_BLOCKS + NR_BLOCKS / 2);
	assert_int_equal(counts.failed, 0);
	getrusage(RUSAGE_SELF, &usage);
	if (usage.ru_maxrss > 4000000)
		fail_msg("%ld KiB of memory, expected less than 4 GB", usage.ru_maxrss);
	print_message("%ld KiB of memory\n", usage.ru_maxrss);
	engine_destroy(engine);
	machine_deinit(&machine);
	machine_deinit(&recorded);
	trace_reader_close(reader);
	synth_unlink(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_tebibytes_fit_into_four_gigabytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
