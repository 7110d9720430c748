// SPDX-License-Identifier: GPL-2.0-or-later
/* The replay itself: its speed, what of it is the harness, its memory; and what the model answered for others.
 */
#include <stdlib.h>

#include "replay/result/result.h"

static json_t *integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

struct result_timing result_timing(const struct engine *engine)
{
	const struct engine_times t = engine_times(engine);
	double events = t.nr_events ? (double)t.nr_events : 1;

	return (struct result_timing){
		.wall_s = (double)t.wall_ns / 1e9,
		.cpu_s = (double)t.cpu_ns / 1e9,
		.events_per_s = t.wall_ns ? (double)t.nr_events * 1e9 / (double)t.wall_ns : 0,
		.cpu_ns_per_event = (double)t.cpu_ns / events,
		.decode_ns_per_event = (double)t.decode_ns / events,
		.replay_ns_per_event = (double)t.replay_ns / events,
	};
}

/* ---- who answered where memory ran short ------------------------------------------------------- */

json_t *result_reclaim_json(const struct result_context *ctx, const struct mmr_counters *c)
{
	const struct engine_counts *n = &ctx->counts;
	const enum engine_reclaim who = engine_reclaim(ctx->engine);
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{"kernel_allocs_dropped", n->kernel_allocs},
		{"kernel_frees_dropped", n->kernel_frees},
		{"kernel_freed_pages_dropped", n->kernel_freed_pages},
		{"kswapd_wakeups", c->kswapd_wakeups},
		{"kswapd_reclaimed_pages", c->kswapd_reclaimed_pages},
		{"direct_reclaims", c->direct_reclaims},
		{"direct_reclaimed_pages", c->direct_reclaimed_pages},
		{"demoted_pages", c->demoted_pages},
		{"node_reclaims", c->node_reclaims},
		{"node_reclaimed_pages", c->node_reclaimed_pages},
		{"compact_stalls", c->compact_stalls},
		{"compact_success", c->compact_success},
		{"compact_runs", c->compact_runs},
		{"compact_migrated_pages", c->compact_migrated_pages},
		{"reclaimed_pages_of_workload", n->reclaimed_pages},
		{"reclaimed_pages_of_dropped_frees", n->held_reclaimed_pages},
		{"freed_pages_of_dropped_frees", n->held_freed_pages},
		{"reclaimed_pages_of_start", n->start_reclaimed_pages},
		{"moved_pages", n->moved_pages},
		{"oom", c->oom},
		{"killed_processes", n->killed_processes},
		{"killed_pages", n->killed_pages},
		{"frees_of_reclaimed", n->frees_of[LIVE_RECLAIMED]},
		{"frees_of_killed", n->frees_of[LIVE_KILLED]},
		{"allocs_of_killed", n->allocs_of_killed},
	};
	json_t *root = json_object();

	json_object_set_new(root, "who", json_string(engine_reclaim_name(who)));
	json_object_set_new(root, "modelled", json_boolean(who == ENGINE_RECLAIM_MODELLED));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		json_object_set_new(root, rows[i].key, integer(rows[i].value));
	return root;
}

/* ---- speed ------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* struct spread - of one number over all replays */
struct spread {
	double median, min, max;
};

static struct spread spread(const struct result_context *ctx, size_t field)
{
	struct spread s = {0};
	double *values = calloc(ctx->nr_timings ? ctx->nr_timings : 1, sizeof(*values));
	unsigned int nr = ctx->nr_timings;

	if (!values || !nr) {
		free(values);
		return s;
	}
	for (unsigned int i = 0; i < nr; i++)
		values[i] = *(const double *)((const char *)&ctx->timings[i] + field);
	qsort(values, nr, sizeof(*values), compare);
	s = (struct spread){(values[(nr - 1) / 2] + values[nr / 2]) / 2, values[0], values[nr - 1]};
	free(values);
	return s;
}

static void set_timings(const struct result_context *ctx, json_t *replay)
{
	static const struct {
		const char *key;
		size_t field;
	} rows[] = {
		{"wall_s", offsetof(struct result_timing, wall_s)},
		{"cpu_s", offsetof(struct result_timing, cpu_s)},
		{"events_per_s", offsetof(struct result_timing, events_per_s)},
		{"cpu_ns_per_event", offsetof(struct result_timing, cpu_ns_per_event)},
		{"decode_ns_per_event", offsetof(struct result_timing, decode_ns_per_event)},
		{"replay_ns_per_event", offsetof(struct result_timing, replay_ns_per_event)},
	};
	json_t *repeat = json_object();

	json_object_set_new(repeat, "n", integer(ctx->nr_timings));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spread s = spread(ctx, rows[i].field);

		json_object_set_new(replay, rows[i].key, result_real(s.median));
		json_object_set_new(repeat, rows[i].key,
				    json_pack("{s:o,s:o,s:o}", "median", result_real(s.median), "min",
					      result_real(s.min), "max", result_real(s.max)));
	}
	json_object_set_new(replay, "repeat", repeat);
}

static const char *latency_mode(const struct engine_options *o)
{
	if (!o->latency_every)
		return "none";
	if (o->speed > 0)
		return "from_intended_start";
	return o->latency_every == 1 ? "chained" : "pairs";
}

static void set_clock(const struct result_context *ctx, json_t *replay)
{
	struct clock_rate clock = engine_clock(ctx->engine);
	double stamp_ns = (double)clock.overhead_ticks * clock.ns_per_tick;
	unsigned int every = ctx->options->latency_every;

	json_object_set_new(replay, "latency_every", integer(every));
	json_object_set_new(replay, "latency_mode", json_string(latency_mode(ctx->options)));
	json_object_set_new(replay, "timer_overhead_ns", result_real(stamp_ns));
	json_object_set_new(replay, "timer_step_ns", result_real((double)clock.step_ticks * clock.ns_per_tick));
	/* Of a pair of stamps the second is what lies between; the first one's cost is about the same. */
	json_object_set_new(replay, "latency_cost_ns_per_request",
			    result_real(!every       ? 0
					: every == 1 ? stamp_ns
						     : 2 * stamp_ns / every));
}

static void set_memory(const struct result_context *ctx, json_t *replay)
{
	struct engine_memory m;
	uint64_t bytes;

	engine_memory(ctx->engine, &m);
	bytes = m.page_records + m.machine_tables + m.live_map;
	json_object_set_new(replay, "metadata_bytes", integer(bytes));
	json_object_set_new(replay, "page_record_bytes", integer(m.page_records));
	json_object_set_new(replay, "machine_table_bytes", integer(m.machine_tables));
	json_object_set_new(replay, "live_map_bytes", integer(m.live_map));
	json_object_set_new(replay, "heap_bytes", integer(ctx->heap_bytes));
	json_object_set_new(replay, "pages_touched", integer(m.touched_pages));
	json_object_set_new(replay, "live_pages_max", integer(engine_live_pages_max(ctx->engine)));
	json_object_set_new(replay, "metadata_bytes_per_page",
			    result_real(m.touched_pages ? (double)bytes / (double)m.touched_pages : 0));
}

json_t *result_replay_json(const struct result_context *ctx)
{
	const struct engine_counts *counts = &ctx->counts;
	const struct engine_times times = engine_times(ctx->engine);
	double decode_ns = spread(ctx, offsetof(struct result_timing, decode_ns_per_event)).median;
	double total_ns = decode_ns + spread(ctx, offsetof(struct result_timing, replay_ns_per_event)).median;
	json_t *replay = json_object();

	set_timings(ctx, replay);
	json_object_set_new(replay, "requests_per_s",
			    result_real(times.wall_ns ? (double)(counts->allocs + counts->frees) * 1e9 /
								(double)times.wall_ns
						      : 0));
	json_object_set_new(replay, "harness_ns_per_event", result_real(ctx->harness_ns));
	json_object_set_new(replay, "harness_share",
			    result_real(total_ns > 0 ? ctx->harness_ns / total_ns : 0));
	json_object_set_new(replay, "decode_and_harness_ns_per_event",
			    result_real(ctx->harness_ns > 0 ? decode_ns + ctx->harness_ns : 0));
	json_object_set_new(replay, "decode_and_harness_share",
			    result_real(total_ns > 0 && ctx->harness_ns > 0
						? (decode_ns + ctx->harness_ns) / total_ns
						: 0));
	set_clock(ctx, replay);
	if (ctx->options->speed > 0) {
		json_object_set_new(replay, "speed", result_real(ctx->options->speed));
		json_object_set_new(replay, "late_events", integer(times.late_events));
		json_object_set_new(replay, "behind_max_ns", integer(times.behind_max_ns));
	}
	if (ctx->options->nr_threads > 1)
		json_object_set_new(replay, "threads", result_threads_json(ctx));
	set_memory(ctx, replay);
	return replay;
}
