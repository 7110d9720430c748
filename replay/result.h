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

#include "replay/engine.h"

/**
 * struct result_context - what the engine itself does not know
 * @counts: engine_counts() of @engine
 * @heap_bytes: bytes of the replay's own jemalloc arena (everything but page metadata and live map)
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
	bool stopped;
};

/** result_summary - the summary as JSON; a new reference, NULL without memory */
json_t *result_summary(const struct result_context *ctx);

/**
 * result_write - @summary and all tables into directory @dir, created where it is missing
 * Return: 0; -errno with the file that could not be written (a full disk, no permission).
 */
int result_write(const char *dir, const struct result_context *ctx, const json_t *summary,
		 struct mmr_error *err);

/** result_print - one screen for people, on stdout, of one or more summaries side by side */
void result_print(json_t *const *summaries, const char *const *names, size_t nr);

#endif
