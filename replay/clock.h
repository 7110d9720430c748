/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The harness's own clock: the time-stamp counter, its rate and its cost, measured at start. */
#ifndef MMR_REPLAY_CLOCK_H
#define MMR_REPLAY_CLOCK_H

#include <stdint.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
/** clock_ticks - now, in ticks of struct clock_rate */
static inline uint64_t clock_ticks(void)
{
	return __rdtsc();
}
#else
static inline uint64_t clock_ticks(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}
#endif

/**
 * struct clock_rate - what a tick is worth
 * @ns_per_tick: measured against CLOCK_MONOTONIC_RAW
 * @overhead_ticks: median distance of two clock_ticks() with nothing between them
 * @step_ticks: smallest distance ever seen between two that differ: nothing shorter can be told
 */
struct clock_rate {
	double ns_per_tick;
	uint64_t overhead_ticks;
	uint64_t step_ticks;
};

/** clock_calibrate - measure rate, overhead and step; takes about 20 ms */
struct clock_rate clock_calibrate(void);

/** clock_now_ns - CLOCK_MONOTONIC_RAW, for whole runs */
uint64_t clock_now_ns(void);

#endif
