// SPDX-License-Identifier: GPL-2.0-or-later
/* Fragmentation: indices per order, huge pages, how full pageblocks are and of what; summary and tables. */
#include <inttypes.h>
#include <string.h>

#include "replay/result/fragmentation.h"
#include "replay/result/result.h"

static double huge_free_score(const struct zone_sample *sample)
{
	uint64_t huge = free_pages_at(sample->nr_free, HPAGE_PMD_ORDER) >> HPAGE_PMD_ORDER;
	uint64_t could = sample->free_pages >> HPAGE_PMD_ORDER;

	return could ? 100.0 * (double)huge / (double)could : 0.0;
}

static json_t *pageblocks_json(const struct usage_summary *usage)
{
	json_t *blocks = json_object(), *fill = json_array();

	for (unsigned int i = 0; i < USAGE_FILL_STEPS; i++)
		json_array_append_new(fill, json_integer(usage->fill[i]));
	json_object_set_new(blocks, "fill", fill);
	json_object_set_new(blocks, "mixed", json_integer(usage->mixed));
	json_object_set_new(blocks, "polluted", json_integer(usage->polluted_blocks));
	json_object_set_new(blocks, "with_unmovable", json_integer(usage->unmovable_blocks));
	json_object_set_new(blocks, "unmovable_pages", json_integer((json_int_t)usage->unmovable_pages));
	json_object_set_new(blocks, "unmovable_scatter", result_real(usage_scatter(usage)));
	return blocks;
}

static json_t *zone_json(const struct zone_sample *sample)
{
	json_t *zone = json_object(), *unusable = json_array(), *extfrag = json_array(),
	       *nr_free = json_array();

	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		json_array_append_new(nr_free, json_integer(sample->nr_free[order]));
		json_array_append_new(unusable, result_real(unusable_index(sample->nr_free, order)));
		json_array_append_new(extfrag, result_real(extfrag_index(sample->nr_free, order)));
	}
	json_object_set_new(zone, "free_pages", json_integer((json_int_t)sample->free_pages));
	json_object_set_new(zone, "pcp_pages", json_integer((json_int_t)sample->pcp_pages));
	json_object_set_new(zone, "pcp_high", json_integer((json_int_t)sample->pcp_high));
	json_object_set_new(zone, "nr_free", nr_free);
	json_object_set_new(zone, "unusable_index", unusable);
	json_object_set_new(zone, "extfrag_index", extfrag);
	json_object_set_new(
		zone, "free_2mib_blocks",
		json_integer((json_int_t)(free_pages_at(sample->nr_free, HPAGE_PMD_ORDER) >> HPAGE_PMD_ORDER)));
	json_object_set_new(zone, "free_1gib_regions", json_integer(sample->usage.free_1gib));
	json_object_set_new(zone, "huge_free_score", result_real(huge_free_score(sample)));
	json_object_set_new(zone, "pageblocks", pageblocks_json(&sample->usage));
	return zone;
}

/* The mean over samples, per zone, by its name. */
static json_t *mean_scores(const struct zone_sample *samples, size_t nr)
{
	double sum[MAX_NUMNODES][MAX_NR_ZONES] = {{0}};
	unsigned int count[MAX_NUMNODES][MAX_NR_ZONES] = {{0}};
	json_t *means = json_object();

	for (size_t i = 0; i < nr; i++) {
		sum[samples[i].nid][samples[i].zone] += huge_free_score(&samples[i]);
		count[samples[i].nid][samples[i].zone]++;
	}
	for (unsigned int n = 0; n < MAX_NUMNODES; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			char name[32];

			if (!count[n][z])
				continue;
			snprintf(name, sizeof(name), "node%u/%s", n, mmr_zone_name(z));
			json_object_set_new(means, name, result_real(sum[n][z] / count[n][z]));
		}
	}
	return means;
}

static json_t *node_scores(const struct result_context *ctx)
{
	json_t *scores = json_array();

	for (unsigned int n = 0; n < ctx->options->machine->nr_nodes; n++)
		json_array_append_new(scores,
				      json_integer(mmr_fragmentation_score(engine_machine(ctx->engine), n)));
	return scores;
}

/* First and last sample of each zone, by "node0/Normal". */
json_t *result_fragmentation_json(const struct result_context *ctx)
{
	json_t *result = json_object(), *begin = json_object(), *end = json_object();
	size_t nr;
	const struct zone_sample *samples = engine_samples(ctx->engine, &nr);

	for (size_t i = 0; i < nr; i++) {
		char name[32];

		snprintf(name, sizeof(name), "node%u/%s", samples[i].nid, mmr_zone_name(samples[i].zone));
		if (!json_object_get(begin, name))
			json_object_set_new(begin, name, zone_json(&samples[i]));
		/* The last samples stand at the array's end, one per zone. */
		if (samples[i].ts_ns == samples[nr - 1].ts_ns)
			json_object_set_new(end, name, zone_json(&samples[i]));
	}
	json_object_set_new(result, "begin", begin);
	json_object_set_new(result, "end", end);
	json_object_set_new(result, "huge_free_score_mean", mean_scores(samples, nr));
	json_object_set_new(result, "node_score", node_scores(ctx));
	return result;
}

/* ---- tables ------------------------------------------------------------------------------------ */

static void place(FILE *out, const struct zone_sample *sample)
{
	fprintf(out, "%.9f\t%u\t%s", (double)sample->ts_ns / 1e9, sample->nid, mmr_zone_name(sample->zone));
}

void result_write_fragmentation(FILE *out, const struct result_context *ctx)
{
	size_t nr;
	const struct zone_sample *samples = engine_samples(ctx->engine, &nr);

	result_table_header(out, ctx, "fragmentation",
			    "time_s\tnode\tzone\torder\tfree_blocks\tunusable_index\textfrag_index");
	for (size_t i = 0; i < nr; i++) {
		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
			place(out, &samples[i]);
			fprintf(out, "\t%u\t%u\t%.6f\t%.6f\n", order, samples[i].nr_free[order],
				unusable_index(samples[i].nr_free, order),
				extfrag_index(samples[i].nr_free, order));
		}
	}
}

void result_write_pageblocks(FILE *out, const struct result_context *ctx)
{
	size_t nr;
	const struct zone_sample *samples = engine_samples(ctx->engine, &nr);

	result_table_header(
		out, ctx, "pageblocks",
		"time_s\tnode\tzone\tpageblocks\tfill0\tfill64\tfill128\tfill192\tfill256\tfill320\t"
		"fill384\tfill448\tfill511\tfill512\tmixed\tpolluted\twith_unmovable\t"
		"unmovable_pages\tunmovable_scatter\tfree_2mib\tfree_1gib\thuge_free_score");
	for (size_t i = 0; i < nr; i++) {
		const struct usage_summary *usage = &samples[i].usage;

		place(out, &samples[i]);
		fprintf(out, "\t%u", usage->nr_blocks);
		for (unsigned int f = 0; f < USAGE_FILL_STEPS; f++)
			fprintf(out, "\t%u", usage->fill[f]);
		fprintf(out, "\t%u\t%u\t%u\t%" PRIu64 "\t%.6f\t%" PRIu64 "\t%u\t%.6f\n", usage->mixed,
			usage->polluted_blocks, usage->unmovable_blocks, usage->unmovable_pages,
			usage_scatter(usage),
			free_pages_at(samples[i].nr_free, HPAGE_PMD_ORDER) >> HPAGE_PMD_ORDER, usage->free_1gib,
			huge_free_score(&samples[i]));
	}
}

/* The sample before this one of the same zone. */
static const struct zone_sample *sample_before(const struct zone_sample *samples, size_t i)
{
	const struct zone_sample *now = &samples[i];

	while (i--)
		if (samples[i].nid == now->nid && samples[i].zone == now->zone)
			return &samples[i];
	return NULL;
}

void result_write_rates(FILE *out, const struct result_context *ctx)
{
	size_t nr;
	const struct zone_sample *samples = engine_samples(ctx->engine, &nr);

	result_table_header(out, ctx, "rates",
			    "time_s\tnode\tzone\tallocs\textfrag\textfrag_per_s\textfrag_per_1000_allocs");
	for (size_t i = 0; i < nr; i++) {
		const struct zone_sample *before = sample_before(samples, i);
		uint64_t allocs, extfrag;
		double seconds;

		if (!before || samples[i].ts_ns <= before->ts_ns)
			continue;
		allocs = samples[i].nr_allocs - before->nr_allocs;
		extfrag = samples[i].nr_extfrag - before->nr_extfrag;
		seconds = (double)(samples[i].ts_ns - before->ts_ns) / 1e9;
		place(out, &samples[i]);
		fprintf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%.6g\t%.6g\n", allocs, extfrag,
			(double)extfrag / seconds, allocs ? 1000 * (double)extfrag / (double)allocs : 0);
	}
}

void result_write_pcp(FILE *out, const struct result_context *ctx)
{
	size_t nr;
	const struct zone_sample *samples = engine_samples(ctx->engine, &nr);

	result_table_header(out, ctx, "pcp", "time_s\tnode\tzone\tpcp_pages\tpcp_high");
	for (size_t i = 0; i < nr; i++) {
		place(out, &samples[i]);
		fprintf(out, "\t%" PRIu64 "\t%" PRIu64 "\n", samples[i].pcp_pages, samples[i].pcp_high);
	}
}
