/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads one BPF ring buffer without system calls and without ever being woken. */
#ifndef MMR_TRACES_RECORD_RING_H
#define MMR_TRACES_RECORD_RING_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/** struct record_ring - one mapped ring; all fields private */
struct record_ring {
	volatile uint64_t *consumer;
	const volatile uint64_t *producer;
	const unsigned char *data;
	uint64_t mask;
	size_t page_bytes;
};

/**
 * record_ring_init - map the ring of map @fd
 * @bytes: its size, a power of two and a multiple of the page size
 */
int record_ring_init(struct record_ring *ring, int fd, size_t bytes, struct mmr_error *err);
void record_ring_deinit(struct record_ring *ring);

/** record_ring_filled - share of the ring that waits to be read, in 1/256 */
unsigned int record_ring_filled(const struct record_ring *ring);

/**
 * record_ring_fn - one record
 * Return: 0 to go on; negative stops and travels to the caller.
 */
typedef int (*record_ring_fn)(void *ctx, const void *record, size_t bytes);

/**
 * record_ring_drain - hand every record that is finished at the time of the call to @fn
 *
 * Records that arrive meanwhile are left for the next call, so that a busy CPU cannot keep the
 * reader from the others.
 * Return: number of records, or what @fn returned.
 */
int64_t record_ring_drain(struct record_ring *ring, record_ring_fn fn, void *ctx);

/** record_ring_peek - the next finished record, which stays; NULL where there is none */
const void *record_ring_peek(struct record_ring *ring, size_t *bytes);
/** record_ring_next - give the room of the record that record_ring_peek() showed back */
void record_ring_next(struct record_ring *ring);

#endif
