// SPDX-License-Identifier: GPL-2.0-or-later
/* Long random histories on random machines, against mmr_check(). MMR_SEED repeats one of them. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/tests/drive.h"
#include "core/tests/machines.h"

#define HISTORY_BYTES 100000
#define SECONDS       8

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void one_history(uint64_t seed, uint8_t *data)
{
	struct mmr_error err = {0};
	uint64_t state = seed;

	for (size_t i = 0; i < HISTORY_BYTES; i++)
		data[i] = (uint8_t)next_random(&state);
	if (drive_machine(data, HISTORY_BYTES, &err))
		fail_msg("MMR_SEED=%llu: %s", (unsigned long long)seed, err.msg);
}

static void random_histories_keep_every_invariant(void **state)
{
	const char *seed = getenv("MMR_SEED");
	uint8_t *data = malloc(HISTORY_BYTES);
	struct timespec start, now;
	uint64_t nr = 0;

	assert_non_null(data);
	clock_gettime(CLOCK_MONOTONIC, &start);
	if (seed) {
		one_history(strtoull(seed, NULL, 0), data);
	} else {
		do {
			one_history(++nr, data);
			clock_gettime(CLOCK_MONOTONIC, &now);
		} while (nr < 20 || now.tv_sec - start.tv_sec < SECONDS);
		print_message("%llu histories\n", (unsigned long long)nr);
	}
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_histories_keep_every_invariant)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
