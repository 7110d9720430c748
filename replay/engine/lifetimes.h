/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long blocks live, by what was asked: a logarithmic histogram for each migratetype and order. */
#ifndef MMR_REPLAY_LIFETIMES_H
#define MMR_REPLAY_LIFETIMES_H

#include <stdint.h>

#include "replay/engine/live_map.h"

#define LIFETIME_SUB_BITS 2 /* four steps per power of two: known to 25 % */
#define LIFETIME_BUCKETS  ((LIVE_BIRTH_BITS - LIFETIME_SUB_BITS + 1) << LIFETIME_SUB_BITS)

/**
 * struct lifetimes - of blocks that were allocated and freed within the replay
 * @shift: one unit of time is 2^shift ns: the recording's length fits LIVE_BIRTH_BITS units
 * @counts: by migratetype asked, order freed, and lifetime in units
 */
struct lifetimes {
	unsigned int shift;
	uint64_t counts[MIGRATE_PCPTYPES][NR_PAGE_ORDERS][LIFETIME_BUCKETS];
};

/** lifetime_bucket - of a lifetime in units; exact below 8, then four per octave */
static inline unsigned int lifetime_bucket(uint32_t units)
{
	unsigned int shift;

	if (units < 1u << (LIFETIME_SUB_BITS + 1))
		return units;
	shift = 31u - (unsigned int)__builtin_clz(units) - LIFETIME_SUB_BITS;
	return (shift << LIFETIME_SUB_BITS) + (units >> shift);
}

/** lifetime_bucket_high - longest lifetime, in units, that falls into @bucket */
static inline uint32_t lifetime_bucket_high(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 1u << (LIFETIME_SUB_BITS + 1))
		return bucket;
	shift = (bucket >> LIFETIME_SUB_BITS) - 1;
	return (((bucket & ((1u << LIFETIME_SUB_BITS) - 1)) + (1u << LIFETIME_SUB_BITS) + 1) << shift) - 1;
}

/** lifetimes_unit - the shift for a recording of @duration_ns */
static inline unsigned int lifetimes_unit(uint64_t duration_ns)
{
	unsigned int bits = duration_ns ? 64u - (unsigned int)__builtin_clzll(duration_ns) : 0;

	return bits > LIVE_BIRTH_BITS ? bits - LIVE_BIRTH_BITS : 0;
}

/** lifetimes_add - @entry, of @type and @order, is freed at @now (units) */
static inline void lifetimes_add(struct lifetimes *l, unsigned int type, unsigned int order, uint32_t birth,
				 uint32_t now)
{
	l->counts[type][order][lifetime_bucket((now - birth) & ((1u << LIVE_BIRTH_BITS) - 1))]++;
}

#endif
