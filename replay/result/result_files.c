// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of a result directory: TSV with '#' comments, one header line, then rows. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/result/fragmentation.h"
#include "replay/result/result.h"

void result_table_header(FILE *out, const struct result_context *ctx, const char *table, const char *columns)
{
	fprintf(out,
		"# mmreplay.%s/1\n# trace %016" PRIx64 " machine %s kernel %s seed %" PRIu64
		" start %s reclaim %s\n%s\n",
		table, trace_reader_summary(ctx->reader)->checksum, ctx->options->machine->name,
		ctx->kernel_profile, ctx->seed, engine_start_name(engine_start(ctx->engine)),
		engine_reclaim_name(engine_reclaim(ctx->engine)), columns);
}

static void write_latency(FILE *out, const struct result_context *ctx)
{
	double ns = engine_clock(ctx->engine).ns_per_tick;

	result_table_header(out, ctx, "latency", "path\tlatency_ns\tcount\tfraction");
	for (int path = 0; path < NR_MMR_PATHS; path++) {
		const struct hist *hist = engine_latency(ctx->engine, path);
		uint64_t seen = 0;

		for (unsigned int b = 0; b < HIST_BUCKETS && seen < hist->total; b++) {
			if (!hist->counts[b])
				continue;
			seen += hist->counts[b];
			fprintf(out, "%s\t%.3f\t%" PRIu64 "\t%.9f\n", mmr_path_name(path),
				(double)hist_bucket_high(b) * ns, hist->counts[b],
				(double)seen / (double)hist->total);
		}
	}
}

static void write_free_blocks(FILE *out, const struct result_context *ctx)
{
	size_t nr;
	const struct zone_sample *samples = engine_samples(ctx->engine, &nr);

	result_table_header(out, ctx, "free_blocks",
			    "time_"
			    "s\tnode\tzone\torder0\torder1\torder2\torder3\torder4\torder5\torder6\torder7\tord"
			    "er8\torder9\t"
			    "order10\tfree_pages\tpcp_pages\tunusable9\textfrag9");
	for (size_t i = 0; i < nr; i++) {
		fprintf(out, "%.9f\t%u\t%s", (double)samples[i].ts_ns / 1e9, samples[i].nid,
			mmr_zone_name(samples[i].zone));
		for (unsigned int o = 0; o < NR_PAGE_ORDERS; o++)
			fprintf(out, "\t%u", samples[i].nr_free[o]);
		fprintf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%.6f\t%.6f\n", samples[i].free_pages,
			samples[i].pcp_pages, unusable_index(samples[i].nr_free, 9),
			extfrag_index(samples[i].nr_free, 9));
	}
}

static void write_placement(FILE *out, const struct result_context *ctx)
{
	struct mmr_zone_info info;
	uint64_t pages = 0;

	result_table_header(out, ctx, "placement", "node\tzone\tallocs\tpages\tshare_pages");
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned int n = 0; n < ctx->options->machine->nr_nodes; n++) {
			for (int z = 0; z < MAX_NR_ZONES; z++) {
				if (!engine_zone_read(ctx->engine, n, z, &info))
					continue;
				if (pass == 0)
					pages += info.nr_alloc_pages;
				else
					fprintf(out, "%u\t%s\t%" PRIu64 "\t%" PRIu64 "\t%.6f\n", n,
						mmr_zone_name(z), info.nr_allocs, info.nr_alloc_pages,
						pages ? (double)info.nr_alloc_pages / (double)pages : 0.0);
			}
		}
	}
}

static void write_numa(FILE *out, const struct result_context *ctx)
{
	const struct machine *machine = ctx->options->machine;

	result_table_header(out, ctx, "numa", "from_node\tto_node\tdistance\tallocs");
	for (unsigned int from = 0; from < machine->nr_nodes; from++)
		for (unsigned int to = 0; to < machine->nr_nodes; to++)
			fprintf(out, "%u\t%u\t%u\t%" PRIu64 "\n", from, to,
				machine->distance[from * machine->nr_nodes + to],
				engine_node_allocs(ctx->engine, from, to));
}

static void write_orders(FILE *out, const struct result_context *ctx)
{
	const struct engine_counts *counts = &ctx->counts;
	struct mmr_counters c;

	engine_counters(ctx->engine, &c);
	result_table_header(out, ctx, "orders", "order\tallocs\tfailed\tsuccess\tfrees\twatermark_failures");
	for (unsigned int o = 0; o < NR_PAGE_ORDERS; o++)
		fprintf(out, "%u\t%" PRIu64 "\t%" PRIu64 "\t%.6f\t%" PRIu64 "\t%" PRIu64 "\n", o,
			counts->asked[o], counts->refused[o],
			counts->asked[o]
				? (double)(counts->asked[o] - counts->refused[o]) / (double)counts->asked[o]
				: 1.0,
			counts->given_back[o], c.watermark_failures[o]);
}

static void fallback_rows(FILE *out, const uint64_t (*counts)[MIGRATE_PCPTYPES][NR_PAGE_ORDERS][NR_PAGE_ORDERS],
			  const char *kind)
{
	for (int mt = 0; mt < MIGRATE_PCPTYPES; mt++)
		for (int fb = 0; fb < MIGRATE_PCPTYPES; fb++)
			for (unsigned int o = 0; o < NR_PAGE_ORDERS; o++)
				for (unsigned int fo = 0; fo < NR_PAGE_ORDERS; fo++)
					if (counts[mt][fb][o][fo])
						fprintf(out, "%s\t%s\t%u\t%u\t%s\t%" PRIu64 "\n",
							mmr_migratetype_name(mt), mmr_migratetype_name(fb), o,
							fo, kind, counts[mt][fb][o][fo]);
}

static void write_fallback(FILE *out, const struct result_context *ctx)
{
	struct mmr_counters c;

	engine_counters(ctx->engine, &c);
	result_table_header(out, ctx, "fallback",
			    "requested\tfallback\talloc_order\tfallback_order\tkind\tcount");
	fallback_rows(out, (const void *)c.extfrag_claim, "claim");
	fallback_rows(out, (const void *)c.extfrag_steal, "steal");
}

static int write_file(const char *dir, const char *name, const struct result_context *ctx,
		      void (*fill)(FILE *, const struct result_context *), const json_t *json,
		      struct mmr_error *err)
{
	char path[4096];
	bool bad;
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "w");
	if (!out)
		return mmr_err(err, -errno, "%s: cannot create: %s", path, strerror(errno));
	errno = 0;
	if (json) {
		json_dumpf(json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
		fputc('\n', out);
	} else {
		fill(out, ctx);
	}
	bad = ferror(out);
	if (fclose(out) || bad)
		return mmr_err(err, errno ? -errno : -EIO, "%s: cannot write: %s", path,
			       strerror(errno ? errno : EIO));
	return 0;
}

int result_make_dir(const char *dir, struct mmr_error *err)
{
	struct stat st;

	if (mkdir(dir, 0777) && errno != EEXIST)
		return mmr_err(err, -errno, "%s: cannot create the result directory: %s", dir, strerror(errno));
	if (stat(dir, &st) || !S_ISDIR(st.st_mode))
		return mmr_err(err, -ENOTDIR, "%s: found a file, expected a directory for the result", dir);
	if (access(dir, W_OK | X_OK))
		return mmr_err(err, -errno, "%s: cannot write into the result directory: %s", dir,
			       strerror(errno));
	return 0;
}

int result_write(const char *dir, const struct result_context *ctx, const json_t *summary,
		 struct mmr_error *err)
{
	static const struct {
		const char *name;
		void (*fill)(FILE *, const struct result_context *);
	} tables[] = {
		{"latency.tsv", write_latency},
		{"free_blocks.tsv", write_free_blocks},
		{"placement.tsv", write_placement},
		{"fallback.tsv", write_fallback},
		{"rates.tsv", result_write_rates},
		{"fragmentation.tsv", result_write_fragmentation},
		{"pageblocks.tsv", result_write_pageblocks},
		{"pcp.tsv", result_write_pcp},
		{"numa.tsv", write_numa},
		{"orders.tsv", write_orders},
		{"lifetimes.tsv", result_write_lifetimes},
	};
	int rc = 0;

	rc = result_make_dir(dir, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		rc = write_file(dir, tables[i].name, ctx, tables[i].fill, NULL, err);
		if (rc)
			return rc;
	}
	if (ctx->options->nr_threads > 1)
		rc = write_file(dir, "locks.tsv", ctx, result_write_locks, NULL, err);
	if (rc)
		return rc;
	/* Last, so that a directory with a summary is a whole result. */
	return write_file(dir, "summary.json", ctx, NULL, summary, err);
}
