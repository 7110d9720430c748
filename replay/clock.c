// SPDX-License-Identifier: GPL-2.0-or-later
/* Calibrates the time-stamp counter. */
#include "replay/clock.h"

#include <stdlib.h>

uint64_t clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void measure_overhead(struct clock_rate *rate)
{
	uint64_t distance[1001];
	const size_t n = sizeof(distance) / sizeof(distance[0]);

	for (size_t i = 0; i < n; i++) {
		uint64_t begin = clock_ticks();

		distance[i] = clock_ticks() - begin;
	}
	qsort(distance, n, sizeof(distance[0]), compare_u64);
	rate->overhead_ticks = distance[n / 2];
	for (size_t i = 0; i < n && !rate->step_ticks; i++)
		rate->step_ticks = distance[i];
}

struct clock_rate clock_calibrate(void)
{
	const uint64_t wait_ns = 20000000;
	struct clock_rate rate = {0};
	uint64_t begin_ns = clock_now_ns(), begin = clock_ticks(), now_ns;

	do {
		now_ns = clock_now_ns();
	} while (now_ns - begin_ns < wait_ns);
	rate.ns_per_tick = (double)(now_ns - begin_ns) / (double)(clock_ticks() - begin);
	measure_overhead(&rate);
	return rate;
}
