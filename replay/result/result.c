// SPDX-License-Identifier: GPL-2.0-or-later
/* summary.json: what a run found, as JSON. */
#include "replay/result/result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "replay/scenario/scenario.h"

/* Six decimals: stable text, and more than any of these measures means. */
json_t *result_real(double value)
{
	return json_real(round(value * 1e6) / 1e6);
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0.0;
}

static json_t *integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *latency_json(const struct engine *engine)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = {{"p50", .5}, {"p90", .9}, {"p99", .99}, {"p999", .999}, {"p9999", .9999}};
	double ns = engine_clock(engine).ns_per_tick;
	json_t *all = json_object();

	for (int path = 0; path < NR_MMR_PATHS; path++) {
		const struct hist *hist = engine_latency(engine, path);
		json_t *one;

		if (!hist->total)
			continue;
		one = json_object();
		json_object_set_new(one, "count", integer(hist->total));
		for (size_t q = 0; q < sizeof(quantiles) / sizeof(quantiles[0]); q++)
			json_object_set_new(one, quantiles[q].name,
					    result_real((double)hist_quantile(hist, quantiles[q].q) * ns));
		json_object_set_new(one, "max", result_real((double)hist->max * ns));
		json_object_set_new(all, mmr_path_name(path), one);
	}
	return all;
}

static json_t *fallback_json(const struct mmr_counters *c, const struct engine_counts *counts)
{
	uint64_t claims = 0, steals = 0, fragmenting = 0, severe = 0, unmovable = 0;
	json_t *result = json_object(), *watermark = json_array();

	for (int mt = 0; mt < MIGRATE_PCPTYPES; mt++) {
		for (int fb = 0; fb < MIGRATE_PCPTYPES; fb++) {
			for (unsigned int o = 0; o < NR_PAGE_ORDERS; o++) {
				for (unsigned int fo = 0; fo < NR_PAGE_ORDERS; fo++) {
					uint64_t claim = c->extfrag_claim[mt][fb][o][fo];
					uint64_t steal = c->extfrag_steal[mt][fb][o][fo];

					claims += claim;
					steals += steal;
					fragmenting += fo < PAGEBLOCK_ORDER ? claim + steal : 0;
					severe += fo <= PAGE_ALLOC_COSTLY_ORDER ? claim + steal : 0;
					unmovable += mt != MIGRATE_MOVABLE && fb == MIGRATE_MOVABLE ? steal : 0;
				}
			}
		}
	}
	for (unsigned int o = 0; o < NR_PAGE_ORDERS; o++)
		json_array_append_new(watermark, integer(c->watermark_failures[o]));
	json_object_set_new(result, "extfrag", integer(claims + steals));
	json_object_set_new(result, "claims", integer(claims));
	json_object_set_new(result, "steals", integer(steals));
	json_object_set_new(result, "fragmenting", integer(fragmenting));
	json_object_set_new(result, "severe", integer(severe));
	json_object_set_new(result, "unmovable_in_movable", integer(unmovable));
	json_object_set_new(result, "extfrag_per_1000_allocs",
			    result_real(1000.0 * share(claims + steals, counts->allocs)));
	json_object_set_new(result, "zonelist_fallback", integer(c->zonelist_fallback));
	json_object_set_new(result, "node_fallback", integer(c->node_fallback));
	json_object_set_new(result, "zonelist_fallback_rate",
			    result_real(share(c->zonelist_fallback, counts->allocs)));
	json_object_set_new(result, "node_fallback_rate", result_real(share(c->node_fallback, counts->allocs)));
	json_object_set_new(result, "watermark_failures", watermark);
	json_object_set_new(result, "watermark_boosts", integer(c->watermark_boosts));
	json_object_set_new(result, "kswapd_wakeups", integer(c->kswapd_wakeups));
	json_object_set_new(result, "highatomic_reserves", integer(c->highatomic_reserves));
	json_object_set_new(result, "highatomic_unreserves", integer(c->highatomic_unreserves));
	return result;
}

static json_t *placement_json(const struct result_context *ctx)
{
	json_t *zones = json_object();

	for (unsigned int n = 0; n < ctx->options->machine->nr_nodes; n++) {
		for (int z = 0; z < MAX_NR_ZONES; z++) {
			struct mmr_zone_info info;
			char name[32];

			if (!engine_zone_read(ctx->engine, n, z, &info))
				continue;
			snprintf(name, sizeof(name), "node%u/%s", n, mmr_zone_name(z));
			json_object_set_new(zones, name,
					    json_pack("{s:I,s:I}", "allocs", (json_int_t)info.nr_allocs,
						      "pages", (json_int_t)info.nr_alloc_pages));
		}
	}
	return zones;
}

/* Requests by the node of the CPU that asked (rows) and the node that served (columns). */
static json_t *node_matrix(const struct result_context *ctx)
{
	unsigned int nr = ctx->options->machine->nr_nodes;
	json_t *rows = json_array();

	for (unsigned int from = 0; from < nr; from++) {
		json_t *row = json_array();

		for (unsigned int to = 0; to < nr; to++)
			json_array_append_new(row, integer(engine_node_allocs(ctx->engine, from, to)));
		json_array_append_new(rows, row);
	}
	return rows;
}

/* Requests and pages by memory tier, where the machine says which node is in which. */
static json_t *tiers_json(const struct result_context *ctx)
{
	const struct machine *machine = ctx->options->machine;
	json_t *tiers = json_object();

	for (unsigned int n = 0; machine->tier && n < machine->nr_nodes; n++) {
		json_int_t allocs = 0, pages = 0;
		json_t *before;
		char name[16];

		snprintf(name, sizeof(name), "%d", machine->tier[n]);
		before = json_object_get(tiers, machine->tier[n] == MACHINE_NO_TIER ? "none" : name);
		json_unpack(before, "{s:I, s:I}", "allocs", &allocs, "pages", &pages);
		for (int z = 0; z < MAX_NR_ZONES; z++) {
			struct mmr_zone_info info;

			if (!engine_zone_read(ctx->engine, n, z, &info))
				continue;
			allocs += (json_int_t)info.nr_allocs;
			pages += (json_int_t)info.nr_alloc_pages;
		}
		json_object_set_new(tiers, machine->tier[n] == MACHINE_NO_TIER ? "none" : name,
				    json_pack("{s:I, s:I}", "allocs", allocs, "pages", pages));
	}
	return tiers;
}

static json_t *numa_json(const struct result_context *ctx, const struct mmr_counters *c)
{
	uint64_t served = c->numa_hit + c->numa_miss;
	json_t *numa = json_object();

	json_object_set_new(numa, "hit", integer(c->numa_hit));
	json_object_set_new(numa, "miss", integer(c->numa_miss));
	json_object_set_new(numa, "foreign", integer(c->numa_foreign));
	json_object_set_new(numa, "local", integer(c->numa_local));
	json_object_set_new(numa, "other", integer(c->numa_other));
	json_object_set_new(numa, "interleave", integer(c->numa_interleave));
	json_object_set_new(numa, "distance_weighted", result_real(share(c->distance_sum, 10 * served)));
	json_object_set_new(numa, "zones", placement_json(ctx));
	if (ctx->options->machine->tier)
		json_object_set_new(numa, "tiers", tiers_json(ctx));
	json_object_set_new(numa, "nodes", node_matrix(ctx));
	return numa;
}

static json_t *pcp_json(const struct mmr_counters *c)
{
	uint64_t from_pcp = c->path[MMR_PATH_PCP_HIT] + c->path[MMR_PATH_PCP_REFILL];
	uint64_t allocs = 0;
	json_t *pcp = json_object();

	for (int path = 0; path <= MMR_PATH_SLOWPATH; path++)
		allocs += c->path[path];
	json_object_set_new(pcp, "hits", integer(c->path[MMR_PATH_PCP_HIT]));
	json_object_set_new(pcp, "hit_rate", result_real(share(c->path[MMR_PATH_PCP_HIT], from_pcp)));
	json_object_set_new(pcp, "refills", integer(c->pcp_refills));
	json_object_set_new(pcp, "refill_pages", integer(c->pcp_refill_pages));
	json_object_set_new(pcp, "pages_per_refill", result_real(share(c->pcp_refill_pages, c->pcp_refills)));
	json_object_set_new(pcp, "drains", integer(c->pcp_drains));
	json_object_set_new(pcp, "drain_pages", integer(c->pcp_drain_pages));
	json_object_set_new(pcp, "decays", integer(c->pcp_decays));
	json_object_set_new(pcp, "zone_lock", integer(c->zone_lock));
	json_object_set_new(pcp, "zone_lock_per_1000_allocs",
			    result_real(1000.0 * share(c->zone_lock, allocs)));
	return pcp;
}

/* What the kernel itself did, from its events: the yardstick beside the model's numbers. */
static json_t *recorded_json(const struct result_context *ctx)
{
	const struct engine_counts *counts = &ctx->counts;
	const struct trace_summary *trace = trace_reader_summary(ctx->reader);
	json_t *recorded = json_object();

	for (int type = 0; type < TRACE_NR_PAGE_EVENTS; type++)
		json_object_set_new(recorded, trace_event_type_name(type), integer(counts->recorded[type]));
	json_object_set_new(recorded, "failed_allocs", integer(counts->recorded_failed));
	json_object_set_new(recorded, "lost", integer(trace->nr_lost));
	json_object_set_new(recorded, "duration_ns", integer(trace->last_ns - trace->first_ns));
	json_object_set_new(recorded, "complete", json_boolean(trace->complete));
	json_object_set_new(recorded, "checksum", json_sprintf("%016llx", (unsigned long long)trace->checksum));
	return recorded;
}

static void set_counts(json_t *root, const struct engine_counts *counts)
{
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{"allocs", counts->allocs},
		{"alloc_pages", counts->alloc_pages},
		{"frees", counts->frees},
		{"failed", counts->failed},
		{"frees_of_failed", counts->frees_of[LIVE_REFUSED]},
		{"frees_boot", counts->frees_boot},
		{"frees_unknown", counts->frees_unknown},
		{"reallocs", counts->reallocs},
		{"splits", counts->splits},
		{"before_keyframe", counts->before_keyframe},
		{"before_from", counts->before_from},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		json_object_set_new(root, rows[i].key, integer(rows[i].value));
}

static json_t *orders_json(const struct engine_counts *counts)
{
	const struct {
		const char *key;
		const uint64_t *counts;
	} rows[] = {{"allocs", counts->asked}, {"failed", counts->refused}, {"frees", counts->given_back}};
	json_t *orders = json_object();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *row = json_array();

		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
			json_array_append_new(row, integer(rows[i].counts[order]));
		json_object_set_new(orders, rows[i].key, row);
	}
	return orders;
}

/* All requests, not a sample: by the way they took. */
static json_t *paths_json(const struct mmr_counters *c)
{
	json_t *paths = json_object();

	for (int path = 0; path < NR_MMR_PATHS; path++)
		json_object_set_new(paths, mmr_path_name(path), integer(c->path[path]));
	return paths;
}

/* Memory ran short, and what the model did about it is in every number that follows. */
static bool pressure_modelled(const struct result_context *ctx)
{
	const struct engine_counts *n = &ctx->counts;

	return engine_reclaim(ctx->engine) == ENGINE_RECLAIM_MODELLED &&
	       (n->reclaimed_pages || n->held_reclaimed_pages || n->moved_pages || n->killed_processes);
}

static json_t *warnings_json(const struct result_context *ctx)
{
	const struct trace_summary *trace = trace_reader_summary(ctx->reader);
	unsigned int missing = engine_nr_zones_missing(ctx->engine);
	json_t *warnings = json_array();

	if (trace->nr_lost)
		json_array_append_new(warnings, json_sprintf("the recording lost %llu events",
							     (unsigned long long)trace->nr_lost));
	if (!trace->complete)
		json_array_append_new(warnings, json_string("the recording was cut short"));
	if (trace_machine_feature(trace_reader_machine(ctx->reader), TRACE_FEATURE_PARTIAL))
		json_array_append_new(warnings,
				      json_string("the recording is partial: requests that its filter left "
						  "out are missing"));
	if (missing)
		json_array_append_new(
			warnings,
			json_sprintf("%u zones have no keyframe and start without free pages", missing));
	if (engine_nr_start_conflicts(ctx->engine))
		json_array_append_new(
			warnings,
			json_sprintf("%llu per-CPU blocks moved while the start was recorded and were left out",
				     (unsigned long long)engine_nr_start_conflicts(ctx->engine)));
	if (engine_lacks_state(ctx->engine) ||
	    (!trace->nr_keyframes && engine_start(ctx->engine) == ENGINE_START_EMPTY))
		json_array_append_new(warnings, json_string("the recording has no keyframe of its beginning: "
							    "replayed on empty memory"));
	if (ctx->options->scenario)
		scenario_warn(ctx->options->scenario, ctx->engine, warnings);
	if (pressure_modelled(ctx))
		json_array_append_new(warnings,
				      json_string("memory ran short: what was reclaimed, moved and killed, and "
						  "all that follows from it, is modelled"));
	if (ctx->stopped)
		json_array_append_new(warnings, json_string("stopped before the end of the trace"));
	return warnings;
}

/* What the replay began with; of an aged state also what was wanted. */
static json_t *start_json(const struct result_context *ctx)
{
	const struct state_figures *got = engine_start_figures(ctx->engine);
	const struct scenario *scenario = ctx->options->scenario;
	enum engine_start start = engine_start(ctx->engine);
	json_t *state = json_object();

	json_object_set_new(state, "kind", json_string(engine_start_name(start)));
	json_object_set_new(state, "free_pages", integer(got->free_pages));
	json_object_set_new(state, "free_share", result_real(got->free_share));
	json_object_set_new(state, "unusable_index_order9", result_real(got->unusable));
	json_object_set_new(state, "extfrag_index_order9", result_real(got->extfrag));
	if (start >= ENGINE_START_AGED)
		json_object_set_new(state, "scatter", result_real(got->scatter));
	if (start == ENGINE_START_SAVED)
		json_object_set_new(
			state, "checksum",
			json_sprintf("%016llx", (unsigned long long)engine_start_checksum(ctx->engine)));
	if (start == ENGINE_START_AGED && scenario) {
		const struct aging *wanted = &scenario->options->aging;

		json_object_set_new(state, "wanted",
				    json_pack("{s:o, s:o, s:o}", "free_share", result_real(wanted->free_share),
					      "scatter", result_real(wanted->scatter), "unusable_index_order9",
					      result_real(wanted->unusable)));
	}
	return state;
}

json_t *result_summary(const struct result_context *ctx)
{
	const struct engine_counts *counts = &ctx->counts;
	struct mmr_counters c;
	json_t *root = json_object();

	engine_counters(ctx->engine, &c);
	json_object_set_new(root, "schema", json_string("mmreplay.run/1"));
	json_object_set_new(root, "trace",
			    json_string(strrchr(trace_reader_path(ctx->reader), '/')
						? strrchr(trace_reader_path(ctx->reader), '/') + 1
						: trace_reader_path(ctx->reader)));
	json_object_set_new(root, "machine", json_string(ctx->options->machine->name));
	json_object_set_new(root, "kernel_profile", json_string(ctx->kernel_profile));
	json_object_set_new(root, "recorded_kernel",
			    json_string(trace_reader_machine(ctx->reader)->kernel_release));
	json_object_set_new(root, "backend", json_string(ctx->options->backend->name));
	json_object_set_new(root, "seed", integer(ctx->seed));
	json_object_set_new(root, "start", json_string(engine_start_name(engine_start(ctx->engine))));
	json_object_set_new(root, "placement",
			    json_string(placement_name(engine_translate(ctx->engine)->placement)));
	set_counts(root, counts);
	json_object_set_new(root, "orders", orders_json(counts));
	json_object_set_new(root, "paths", paths_json(&c));
	json_object_set_new(root, "latency_ns", latency_json(ctx->engine));
	json_object_set_new(root, "fragmentation", result_fragmentation_json(ctx));
	json_object_set_new(root, "lifetimes", result_lifetimes_json(ctx));
	json_object_set_new(root, "reclaim", result_reclaim_json(ctx, &c));
	json_object_set_new(root, "fallback", fallback_json(&c, counts));
	json_object_set_new(root, "numa", numa_json(ctx, &c));
	json_object_set_new(root, "pcp", pcp_json(&c));
	json_object_set_new(root, "recorded", recorded_json(ctx));
	json_object_set_new(root, "start_state", start_json(ctx));
	if (ctx->options->scenario)
		json_object_set_new(root, "scenario", scenario_json(ctx->options->scenario, ctx->engine));
	json_object_set_new(root, "warnings", warnings_json(ctx));
	json_object_set_new(root, "replay", result_replay_json(ctx));
	return root;
}
