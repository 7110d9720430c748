// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Long random histories on random machines, against mmr_check(). MMR_SEED repeats one of them,
 * MMR_HISTORIES runs more than the usual number.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/tests/drive.h"
#include "core/tests/machines.h"

#define HISTORY_BYTES 100000
#define NR_HISTORIES  800 /* enough for everything to happen; the same ones every time */

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void one_history(uint64_t seed, uint8_t *data, struct mmr_counters *sum)
{
	struct mmr_error err = {0};
	uint64_t state = seed;

	for (size_t i = 0; i < HISTORY_BYTES; i++)
		data[i] = (uint8_t)next_random(&state);
	if (drive_machine(data, HISTORY_BYTES, NULL, sum, NULL, &err))
		fail_msg("MMR_SEED=%llu: %s", (unsigned long long)seed, err.msg);
}

static uint64_t
matrix_sum(const uint64_t matrix[MIGRATE_PCPTYPES][MIGRATE_PCPTYPES][NR_PAGE_ORDERS][NR_PAGE_ORDERS])
{
	uint64_t sum = 0;

	for (size_t i = 0; i < MIGRATE_PCPTYPES * MIGRATE_PCPTYPES * NR_PAGE_ORDERS * NR_PAGE_ORDERS; i++)
		sum += (&matrix[0][0][0][0])[i];
	return sum;
}

/* A history that reaches nothing finds nothing. */
static void assert_everything_happened(const struct mmr_counters *sum)
{
	for (int path = 0; path < NR_MMR_PATHS; path++) {
		if (!sum->path[path])
			fail_msg("no history took the path %s", mmr_path_name((enum mmr_path)path));
	}
	assert_true(matrix_sum(sum->extfrag_claim) > 100);
	assert_true(matrix_sum(sum->extfrag_steal) > 100);
	assert_true(sum->highatomic_reserves > 10);
	assert_true(sum->highatomic_unreserves > 10);
	assert_true(sum->watermark_boosts > 10);
	assert_true(sum->kswapd_wakeups > 10);
	assert_true(sum->pcp_decays > 10);
	assert_true(sum->node_fallback > 100);
	assert_true(sum->kswapd_reclaimed_pages > 100);
	assert_true(sum->direct_reclaimed_pages > 100);
	assert_true(sum->oom > 0);
	assert_true(sum->contig_pages > 1000);
	assert_true(sum->migrated_pages > 100);
	assert_true(sum->compact_success > 10);
	assert_true(sum->nolock_deferred_pages > 100);
	assert_true(sum->node_reclaimed_pages > 100);
	assert_true(sum->compact_migrated_pages > 1000);
	assert_true(sum->compact_captures > 10);
	assert_true(sum->kcompactd_wakeups > 10);
	assert_true(sum->kcompactd_proactive > 10);
	assert_true(sum->demoted_pages > 100);
}

static void random_histories_keep_every_invariant(void **state)
{
	const char *seed = getenv("MMR_SEED"), *more = getenv("MMR_HISTORIES");
	uint64_t nr = 0, histories = more ? strtoull(more, NULL, 0) : NR_HISTORIES;
	uint8_t *data = malloc(HISTORY_BYTES);
	struct mmr_counters sum = {0};

	assert_non_null(data);
	if (seed) {
		one_history(strtoull(seed, NULL, 0), data, &sum);
	} else {
		while (nr < histories)
			one_history(++nr, data, &sum);
		assert_everything_happened(&sum);
	}
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_histories_keep_every_invariant)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
