/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Google Benchmark for C: register functions, loop in batches, collect results.
 *
 * A call through this shim costs about 2 ns, so a benchmark crosses it once per batch.
 */
#ifndef MMR_BENCH_BENCH_H
#define MMR_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_BATCH 1024

struct bench_state; /* opaque: one run of one benchmark */

/**
 * typedef bench_fn - a benchmark: set up, then loop `while (bench_next_batch(st, N))` doing N iterations
 * @arg: as registered
 */
typedef void bench_fn(struct bench_state *st, const void *arg);

/** bench_register - @name is copied, @arg must outlive the benchmarks */
void bench_register(const char *name, bench_fn *fn, const void *arg);
/** bench_context - a line for the header of every report, e.g. "machine" */
void bench_context(const char *key, const char *value);

/**
 * bench_next_batch - may the loop do another @n iterations?
 *
 * The clock runs from the first call to the one that says no. @n is the same in every call:
 * repetitions of a benchmark must come to the same number of iterations.
 */
bool bench_next_batch(struct bench_state *st, int64_t n);
/** bench_pause - stop the clock, for setting up again within the loop; costs a microsecond */
void bench_pause(struct bench_state *st);
void bench_resume(struct bench_state *st);
/** bench_items - @items per iteration were processed: the report shows items per second */
void bench_items(struct bench_state *st, int64_t items);
/** bench_figure - another figure of the run, shown beside its times and in the JSON as @name */
void bench_figure(struct bench_state *st, const char *name, double value);
/** bench_fail - give up: the report shows @message (copied), the exit status becomes 1 */
void bench_fail(struct bench_state *st, const char *message);

/**
 * bench_collect_fn - told of every measured run, repetitions one by one
 * @cpu_ns: CPU time per iteration; negative where the run failed
 */
typedef void bench_collect_fn(const char *name, double cpu_ns);

/**
 * bench_run - parse Google Benchmark's options, run what --benchmark_filter picks, report
 * Return: exit status: 0, or 2 for options nobody knows and for a filter that picks nothing.
 */
int bench_run(int argc, char **argv, bench_collect_fn *collect);

#ifdef __cplusplus
}
#endif

#endif
