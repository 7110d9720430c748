// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay-bench: registers every benchmark, runs them, and closes with the table of ratios. */
#include "bench/bench.h"
#include "bench/fixture.h"
#include "bench/ratios.h"
#include "bench/works.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_option(int argc, char **argv, const char *prefix)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

static void usage(void)
{
	puts("Usage: mmreplay-bench [GOOGLE-BENCHMARK-OPTION...]\n"
	     "Measure the page allocator model, and jemalloc (and mimalloc) at the same work beside it.\n"
	     "\n"
	     "The options are Google Benchmark's; the ones most wanted:\n"
	     "  --benchmark_list_tests               say what there is\n"
	     "  --benchmark_filter=REGEX             run only these\n"
	     "  --benchmark_repetitions=N            medians over N runs\n"
	     "  --benchmark_min_time=SECONDS         how long each runs (default here 0.2)\n"
	     "  --benchmark_out=FILE.json --benchmark_out_format=json\n"
	     "                                       results for compare.py of libbenchmark-tools\n"
	     "  --benchmark_enable_random_interleaving=true\n"
	     "                                       mix repetitions, so that noise hits all alike\n"
	     "\n"
	     "And one of its own:\n"
	     "  --plugin=./liballoc.so               replay on this allocator, too, whole and in the bare "
	     "loop\n"
	     "\n"
	     "An iteration is one allocation and one free, or one event of a replay. On standard error, after "
	     "the benchmarks:\n"
	     "the model's time over its peers', with the project's target where there is one.\n"
	     "\n"
	     "The recordings of replay/... are those in MMREPLAY_SAMPLES, or the project's own.\n"
	     "\n"
	     "Example:\n"
	     "  mmreplay-bench --benchmark_filter=order0 --benchmark_repetitions=5\n"
	     "\n"
	     "Exit status: 0 all ran, 1 a benchmark failed or left a broken model, 2 usage (also a filter that "
	     "picks none).");
}

/* All options but --plugin=PATH, and ours where nobody gave another. Return: how many. */
static int copy_options(int argc, char **argv, char **args, const char **plugin)
{
	static const char own[] = "--plugin=", time_default[] = "--benchmark_min_time=0.2";
	int nr = 0;

	for (int i = 0; i < argc; i++) {
		if (i && strncmp(argv[i], own, strlen(own)) == 0)
			*plugin = argv[i] + strlen(own);
		else
			args[nr++] = argv[i];
	}
	if (!has_option(argc, argv, "--benchmark_min_time"))
		args[nr++] = (char *)(uintptr_t)time_default;
	args[nr] = NULL;
	return nr;
}

static int register_all(const char *plugin, struct mmr_error *err)
{
	bench_context("mmreplay_build", MMR_BUILD_TYPE);
	bench_core_register();
	bench_jemalloc_register();
#ifdef MMR_HAVE_MIMALLOC
	bench_mimalloc_register();
#endif
#ifdef MMR_HAVE_REPLAY
	return bench_replay_register(plugin, err);
#else
	return plugin ? mmr_err(err, -ENOTSUP, "%s: this build has no replays to measure it with", plugin) : 0;
#endif
}

int main(int argc, char **argv)
{
	struct mmr_error err = {0};
	const char *plugin = NULL;
	int status, nr_args;
	char **args;

	if (has_option(argc, argv, "--help")) {
		usage();
		return EXIT_SUCCESS;
	}
	args = calloc((size_t)argc + 2, sizeof(*args));
	if (!args) {
		perror("mmreplay-bench");
		return EXIT_FAILURE;
	}
	nr_args = copy_options(argc, argv, args, &plugin);
	if (register_all(plugin, &err)) {
		fprintf(stderr, "mmreplay-bench: --plugin: %s\n", err.msg);
		free(args);
		return 2;
	}
	status = bench_run(nr_args, args, ratios_collect);
	fflush(stdout);
	if (status)
		fputs("mmreplay-bench: no benchmark was run, expected an option it knows and a filter that "
		      "picks some; "
		      "--benchmark_list_tests says what there is\n",
		      stderr);
	if (fixture_drop() || ratios_failed())
		status = EXIT_FAILURE;
	ratios_print(stderr);
	ratios_reset();
	free(args);
	return status;
}
