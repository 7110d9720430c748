// SPDX-License-Identifier: GPL-2.0-or-later
/* How long blocks lived, by migratetype and order. */
#include <inttypes.h>

#include "replay/result/result.h"

/* The longest lifetime of a bucket, ns. */
static uint64_t bucket_ns(const struct lifetimes *l, unsigned int bucket)
{
	return (uint64_t)(lifetime_bucket_high(bucket) + 1) << l->shift;
}

static uint64_t total(const uint64_t *counts)
{
	uint64_t sum = 0;

	for (unsigned int b = 0; b < LIFETIME_BUCKETS; b++)
		sum += counts[b];
	return sum;
}

/* Shortest time that at least @q of all do not outlive, to bucket width. */
static uint64_t quantile_ns(const struct lifetimes *l, const uint64_t *counts, double q)
{
	uint64_t all = total(counts), seen = 0;

	for (unsigned int b = 0; b < LIFETIME_BUCKETS; b++) {
		seen += counts[b];
		if (seen && (double)seen >= q * (double)all)
			return bucket_ns(l, b);
	}
	return 0;
}

json_t *result_lifetimes_json(const struct result_context *ctx)
{
	const struct lifetimes *l = engine_lifetimes(ctx->engine);
	json_t *root = json_object();

	json_object_set_new(root, "resolution_ns", json_integer((json_int_t)1 << l->shift));
	for (unsigned int mt = 0; mt < MIGRATE_PCPTYPES; mt++) {
		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
			const uint64_t *counts = lifetimes_of(l, mt, order);
			uint64_t all = total(counts);
			char name[48];

			if (!all)
				continue;
			snprintf(name, sizeof(name), "%s/order%u", mmr_migratetype_name(mt), order);
			json_object_set_new(root, name,
					    json_pack("{s:I,s:I,s:I,s:I}", "count", (json_int_t)all, "p50_ns",
						      (json_int_t)quantile_ns(l, counts, .5), "p90_ns",
						      (json_int_t)quantile_ns(l, counts, .9), "p99_ns",
						      (json_int_t)quantile_ns(l, counts, .99)));
		}
	}
	return root;
}

void result_write_lifetimes(FILE *out, const struct result_context *ctx)
{
	const struct lifetimes *l = engine_lifetimes(ctx->engine);

	result_table_header(out, ctx, "lifetimes", "migratetype\torder\tlifetime_ns\tcount\tfraction");
	for (unsigned int mt = 0; mt < MIGRATE_PCPTYPES; mt++) {
		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
			const uint64_t *counts = lifetimes_of(l, mt, order);
			uint64_t all = total(counts), seen = 0;

			for (unsigned int b = 0; b < LIFETIME_BUCKETS; b++) {
				if (!counts[b])
					continue;
				seen += counts[b];
				fprintf(out, "%s\t%u\t%" PRIu64 "\t%" PRIu64 "\t%.9f\n",
					mmr_migratetype_name(mt), order, bucket_ns(l, b), counts[b],
					(double)seen / (double)all);
			}
		}
	}
}
