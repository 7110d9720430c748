// SPDX-License-Identifier: GPL-2.0-or-later
/* Replay on threads: how long zones' locks were waited for and held. */
#include <inttypes.h>

#include "replay/result/result.h"

/* struct lock_side - waiting for locks, or holding them; by powers of two of ticks */
struct lock_side {
	uint64_t counts[MMR_LOCK_BUCKETS];
	uint64_t total, ticks, max;
};

static void add_side(struct lock_side *to, const uint64_t *counts, uint64_t ticks, uint64_t max)
{
	for (unsigned int b = 0; b < MMR_LOCK_BUCKETS; b++) {
		to->counts[b] += counts[b];
		to->total += counts[b];
	}
	to->ticks += ticks;
	to->max = max > to->max ? max : to->max;
}

static uint64_t bucket_high(unsigned int bucket)
{
	return (1ull << bucket) - 1;
}

static uint64_t quantile(const struct lock_side *side, double q)
{
	uint64_t seen = 0;

	for (unsigned int b = 0; b < MMR_LOCK_BUCKETS; b++) {
		seen += side->counts[b];
		if (seen && (double)seen >= q * (double)side->total)
			return bucket_high(b) < side->max ? bucket_high(b) : side->max;
	}
	return 0;
}

static json_t *side_json(const struct lock_side *side, double ns)
{
	return json_pack("{s:I,s:o,s:o,s:o,s:o}", "count", (json_int_t)side->total, "mean_ns",
			 result_real(side->total ? (double)side->ticks * ns / (double)side->total : 0),
			 "p50_ns", result_real((double)quantile(side, .5) * ns), "p99_ns",
			 result_real((double)quantile(side, .99) * ns), "max_ns",
			 result_real((double)side->max * ns));
}

json_t *result_threads_json(const struct result_context *ctx)
{
	double ns = engine_clock(ctx->engine).ns_per_tick;
	struct lock_side wait = {0}, hold = {0};

	for (unsigned int n = 0; n < ctx->options->machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_lock_times *times = engine_lock_times(ctx->engine, n, z);

			if (!times)
				continue;
			add_side(&wait, times->waited, times->wait_ticks, times->wait_max);
			add_side(&hold, times->held, times->hold_ticks, times->hold_max);
		}
	}
	return json_pack("{s:I,s:I,s:{s:o,s:o}}", "n", (json_int_t)ctx->options->nr_threads, "order_waits",
			 (json_int_t)engine_times(ctx->engine).order_waits, "zone_lock", "wait",
			 side_json(&wait, ns), "hold", side_json(&hold, ns));
}

static void side_rows(FILE *out, unsigned int nid, unsigned int zone, const char *kind, const uint64_t *counts,
		      double ns)
{
	struct lock_side side = {0};
	uint64_t seen = 0;

	add_side(&side, counts, 0, 0);
	for (unsigned int b = 0; b < MMR_LOCK_BUCKETS; b++) {
		if (!counts[b])
			continue;
		seen += counts[b];
		fprintf(out, "%u\t%s\t%s\t%.3f\t%" PRIu64 "\t%.9f\n", nid, mmr_zone_name(zone), kind,
			(double)bucket_high(b) * ns, counts[b], (double)seen / (double)side.total);
	}
}

void result_write_locks(FILE *out, const struct result_context *ctx)
{
	double ns = engine_clock(ctx->engine).ns_per_tick;

	result_table_header(out, ctx, "locks", "node\tzone\tkind\tns\tcount\tfraction");
	for (unsigned int n = 0; n < ctx->options->machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_lock_times *times = engine_lock_times(ctx->engine, n, z);

			if (!times)
				continue;
			side_rows(out, n, z, "wait", times->waited, ns);
			side_rows(out, n, z, "hold", times->held, ns);
		}
	}
}
