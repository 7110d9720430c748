/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log-linear histogram: 32 buckets per power of two, so a value is known to 3.2 %; one add per
 * record, no division, fixed size.
 */
#ifndef MMR_REPLAY_HIST_H
#define MMR_REPLAY_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS 5
#define HIST_SUB      (1u << HIST_SUB_BITS)
#define HIST_MAX_BITS 40 /* values are clamped to 2^40 - 1 (about eight minutes of ticks) */
#define HIST_BUCKETS  ((HIST_MAX_BITS - HIST_SUB_BITS + 1) * HIST_SUB)

/** struct hist - counts[HIST_BUCKETS] by value; @total of them; @max exactly */
struct hist {
	uint64_t counts[HIST_BUCKETS];
	uint64_t total;
	uint64_t max;
};

/** hist_bucket - bucket of @value: exact below 32, then 32 per octave */
static inline unsigned int hist_bucket(uint64_t value)
{
	unsigned int shift;

	if (value < HIST_SUB)
		return (unsigned int)value;
	if (value >> HIST_MAX_BITS)
		value = (1ull << HIST_MAX_BITS) - 1;
	shift = 63u - (unsigned int)__builtin_clzll(value) - HIST_SUB_BITS;
	return (shift + 1) * HIST_SUB + (unsigned int)(value >> shift) - HIST_SUB;
}

/** hist_bucket_high - largest value that falls into @bucket */
static inline uint64_t hist_bucket_high(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < HIST_SUB)
		return bucket;
	shift = bucket / HIST_SUB - 1;
	return (((uint64_t)(bucket % HIST_SUB + HIST_SUB) + 1) << shift) - 1;
}

/** hist_add - record one value; one thread per histogram */
static inline void hist_add(struct hist *hist, uint64_t value)
{
	hist->counts[hist_bucket(value)]++;
	hist->total++;
	if (value > hist->max)
		hist->max = value;
}

/**
 * hist_quantile - smallest recorded value (to bucket width) that at least @q of all are not above
 * @q: 0 .. 1
 * Return: 0 where nothing was recorded; never above hist->max.
 */
uint64_t hist_quantile(const struct hist *hist, double q);

#endif
