/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long blocks live, by what was asked: a logarithmic histogram for each migratetype and order. */
#ifndef MMR_REPLAY_LIFETIMES_H
#define MMR_REPLAY_LIFETIMES_H

#include <stdint.h>

#include "replay/engine/live_map.h"

#define LIFETIME_SUB_BITS 2 /* four steps per power of two: known to 25 % */
/*
 * The bits of a number as a float are such a histogram's bucket by themselves. Most of the buckets below that
 * of 1, the floats between 0 and 1, stay empty; to close the gap would cost every free four instructions.
 */
#define LIFETIME_BITS_SHIFT (23 - LIFETIME_SUB_BITS)
#define LIFETIME_BUCKETS    ((127u + LIVE_BIRTH_BITS) << LIFETIME_SUB_BITS)

/**
 * struct lifetimes - of blocks that were allocated and freed within the replay
 * @shift: one unit of time is 2^shift ns: the recording's length fits LIVE_BIRTH_BITS units
 * @counts: by live_word_asked() and lifetime in units
 */
struct lifetimes {
	unsigned int shift;
	uint64_t counts[NR_LIVE_ASKED][LIFETIME_BUCKETS];
};

/** lifetime_bucket - of a lifetime in units, below 2^LIVE_BIRTH_BITS; exact below 8, then four per octave */
static inline unsigned int lifetime_bucket(uint32_t units)
{
	/* Such a number is not rounded, and its sign is 0: exponent, and the top of what follows the first 1.
	 */
	const union {
		float number;
		uint32_t bits;
	} as = {.number = (float)(int32_t)units};

	return as.bits >> LIFETIME_BITS_SHIFT;
}

/** lifetime_bucket_high - longest lifetime, in units, that falls into @bucket or an earlier one */
static inline uint32_t lifetime_bucket_high(unsigned int bucket)
{
	const union {
		uint32_t bits;
		float number;
	} next = {.bits = (bucket + 1) << LIFETIME_BITS_SHIFT};
	uint32_t whole = (uint32_t)next.number;

	return (float)whole < next.number ? whole : whole - 1;
}

/** lifetimes_unit - the shift for a recording of @duration_ns */
static inline unsigned int lifetimes_unit(uint64_t duration_ns)
{
	unsigned int bits = duration_ns ? 64u - (unsigned int)__builtin_clzll(duration_ns) : 0;

	return bits > LIVE_BIRTH_BITS ? bits - LIVE_BIRTH_BITS : 0;
}

/** lifetimes_add - a block with live_word() @word is freed at @now (units) */
static inline void lifetimes_add(struct lifetimes *l, uint32_t word, uint32_t now)
{
	uint32_t units = (now - live_word_birth(word)) & ((1u << LIVE_BIRTH_BITS) - 1);

	l->counts[live_word_asked(word)][lifetime_bucket(units)]++;
}

/** lifetimes_of - counts[LIFETIME_BUCKETS] of blocks of one migratetype and order */
static inline const uint64_t *lifetimes_of(const struct lifetimes *l, unsigned int type, unsigned int order)
{
	return l->counts[live_word_asked(live_word(order, type, 0))];
}

#endif
