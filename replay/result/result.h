/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A replay's results: summary.json (schema "mmreplay.run/1") and the TSV tables beside it.
 *
 * Everything outside "latency_ns" and "replay", and every table but latency.tsv, is byte-identical
 * for the same trace, machine, profile, start state and seed.
 */
#ifndef MMR_REPLAY_RESULT_H
#define MMR_REPLAY_RESULT_H

#include <jansson.h>
#include <stdio.h>

#include "replay/engine/engine.h"

/**
 * struct result_timing - how fast one replay was
 * @cpu_ns_per_event: of the replaying thread's own time, reading and decoding included
 * @decode_ns_per_event, @replay_ns_per_event: parts of it: reading and decoding, and the rest
 */
struct result_timing {
	double wall_s, cpu_s, events_per_s;
	double cpu_ns_per_event, decode_ns_per_event, replay_ns_per_event;
};
struct result_timing result_timing(const struct engine *engine);

/**
 * struct result_context - what the engine itself does not know
 * @engine: of the last replay
 * @counts: engine_counts() of @engine
 * @heap_bytes: bytes of the replay's own jemalloc arena (everything but page metadata and live map)
 * @harness_ns: what an event costs without an allocator, ns; 0 where it was not measured
 * @timings: of all replays, timings[nr_timings]
 * @stopped: the run was stopped before the trace's end
 */
struct result_context {
	const struct trace_reader *reader;
	const struct engine *engine;
	struct engine_counts counts;
	const struct engine_options *options;
	const char *kernel_profile;
	uint64_t seed;
	uint64_t heap_bytes;
	double harness_ns;
	const struct result_timing *timings;
	unsigned int nr_timings;
	bool stopped;
};

/** result_summary - the summary as JSON; a new reference, NULL without memory */
json_t *result_summary(const struct result_context *ctx);

/**
 * result_make_dir - the directory of a result, before much time is spent on what goes there
 * Return: 0, where it was there already, too; -errno where it cannot be made or written to.
 */
int result_make_dir(const char *dir, struct mmr_error *err);

/**
 * result_write - @summary and all tables into directory @dir, created where it is missing
 * Return: 0; -errno with the file that could not be written (a full disk, no permission).
 */
int result_write(const char *dir, const struct result_context *ctx, const json_t *summary,
		 struct mmr_error *err);

/* ---- parts, each a group of summary.json or a table; result_*.c ---- */

json_t *result_real(double value); /* six decimals */
json_t *result_fragmentation_json(const struct result_context *ctx);
json_t *result_lifetimes_json(const struct result_context *ctx);
json_t *result_reclaim_json(const struct result_context *ctx, const struct mmr_counters *c);
json_t *result_replay_json(const struct result_context *ctx);
void result_table_header(FILE *out, const struct result_context *ctx, const char *table, const char *columns);
void result_write_fragmentation(FILE *out, const struct result_context *ctx);
void result_write_pageblocks(FILE *out, const struct result_context *ctx);
void result_write_rates(FILE *out, const struct result_context *ctx);
void result_write_pcp(FILE *out, const struct result_context *ctx);
json_t *result_threads_json(const struct result_context *ctx);
void result_write_locks(FILE *out, const struct result_context *ctx);
void result_write_lifetimes(FILE *out, const struct result_context *ctx);

/** result_print - one screen for people, on stdout, of one or more summaries side by side */
void result_print(json_t *const *summaries, const char *const *names, size_t nr);

#endif
