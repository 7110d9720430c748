/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory a recorder takes, and how many events a second. */
#ifndef MMR_TRACES_RECORD_LIMITS_H
#define MMR_TRACES_RECORD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

#define RECORD_MIN_RING_BYTES (256u << 10)
#define RECORD_BASE_BYTES     (6u << 20) /* of the program itself: code, libbpf, the kernel's BTF, tables */
#define RECORD_STACKS_BYTES   (32u << 20) /* of the stacks, in the kernel, and the names of its functions */

/**
 * struct record_sizes - what decides how much memory a recorder takes
 * @nr_cpus: that have a ring; @ring_bytes: of each, a power of two
 * @block_events: events per CPU that wait to be written
 * @max_blocks: free blocks of a keyframe
 * @fixed_bytes: everything else
 */
struct record_sizes {
	uint32_t nr_cpus;
	uint64_t ring_bytes;
	uint32_t block_events;
	uint64_t max_blocks;
	uint64_t fixed_bytes;
};
uint64_t record_sizes_bytes(const struct record_sizes *s);

/** record_sizes_ring - the default size of a ring on a machine with @memory_bytes and @nr_cpus with a ring */
uint64_t record_sizes_ring(uint64_t memory_bytes, uint32_t nr_cpus);

/**
 * record_sizes_fit - make rings and blocks smaller until all fits into @max_bytes (0: no limit)
 * Return: 0; -EINVAL where it cannot be: then the message says what is the least
 */
int record_sizes_fit(struct record_sizes *s, uint64_t max_bytes, struct mmr_error *err);

/**
 * struct record_rate - a ceiling on events per second: a bucket that fills at that rate
 *
 * Recording goes on until the bucket is empty, then pauses until it is half full, so that what is left
 * out are whole stretches.
 */
struct record_rate {
	double per_second; /* 0: no ceiling */
	double tokens;
	uint64_t seen_ns, seen_events;
	bool paused;
};
/** record_rate_init - @per_second events, a second's worth at most in one go */
void record_rate_init(struct record_rate *r, double per_second, uint64_t now_ns);
/** record_rate_paused - @events: all recorded so far. Return: is it to pause now? */
bool record_rate_paused(struct record_rate *r, uint64_t now_ns, uint64_t events);

#endif
