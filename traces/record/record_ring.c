// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reader's half of a BPF ring buffer. libbpf's own reads a ring until it is empty and gives
 * room back after each record; this one stops where the ring ended at the call, and gives room
 * back a page's worth at a time.
 */
#include "traces/record/record_ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int record_ring_init(struct record_ring *ring, int fd, size_t bytes, struct mmr_error *err)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer, *producer;

	consumer = mmap(NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return mmr_err(err, -errno, "ring buffer: mapping its read position: %s", strerror(errno));
	/* The kernel maps the data twice in a row, so a record that wraps is still in one piece. */
	producer = mmap(NULL, page_bytes + 2 * bytes, PROT_READ, MAP_SHARED, fd, (off_t)page_bytes);
	if (producer == MAP_FAILED) {
		int rc = mmr_err(err, -errno, "ring buffer: mapping %zu bytes of data: %s", 2 * bytes,
				 strerror(errno));

		munmap(consumer, page_bytes);
		return rc;
	}
	*ring = (struct record_ring){
		.consumer = consumer,
		.producer = producer,
		.data = (const unsigned char *)producer + page_bytes,
		.mask = bytes - 1,
		.page_bytes = page_bytes,
	};
	return 0;
}

void record_ring_deinit(struct record_ring *ring)
{
	if (!ring->consumer)
		return;
	munmap((void *)ring->consumer, ring->page_bytes);
	munmap((void *)ring->producer, ring->page_bytes + 2 * (ring->mask + 1));
	*ring = (struct record_ring){0};
}

unsigned int record_ring_filled(const struct record_ring *ring)
{
	uint64_t waiting = *ring->producer - *ring->consumer;

	return (unsigned int)(waiting * 256 / (ring->mask + 1));
}

int64_t record_ring_drain(struct record_ring *ring, record_ring_fn fn, void *ctx)
{
	uint64_t pos = *ring->consumer, given_back = pos;
	uint64_t end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	int64_t nr = 0;
	int rc = 0;

	while (pos < end && rc >= 0) {
		const uint32_t *header = (const uint32_t *)(ring->data + (pos & ring->mask));
		uint32_t word = __atomic_load_n(header, __ATOMIC_ACQUIRE);
		uint32_t bytes = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (word & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(word & BPF_RINGBUF_DISCARD_BIT)) {
			rc = fn(ctx, (const unsigned char *)header + BPF_RINGBUF_HDR_SZ, bytes);
			nr++;
		}
		pos += (bytes + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL;
		if (pos - given_back >= ring->page_bytes) {
			__atomic_store_n(ring->consumer, pos, __ATOMIC_RELEASE);
			given_back = pos;
		}
	}
	__atomic_store_n(ring->consumer, pos, __ATOMIC_RELEASE);
	return rc < 0 ? rc : nr;
}

static uint64_t record_room(uint32_t word)
{
	uint32_t bytes = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	return (bytes + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL;
}

const void *record_ring_peek(struct record_ring *ring, size_t *bytes)
{
	uint64_t pos = *ring->consumer, end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);

	while (pos < end) {
		const uint32_t *header = (const uint32_t *)(ring->data + (pos & ring->mask));
		uint32_t word = __atomic_load_n(header, __ATOMIC_ACQUIRE);

		if (word & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(word & BPF_RINGBUF_DISCARD_BIT)) {
			*bytes = word;
			return (const unsigned char *)header + BPF_RINGBUF_HDR_SZ;
		}
		pos += record_room(word);
		__atomic_store_n(ring->consumer, pos, __ATOMIC_RELEASE);
	}
	return NULL;
}

void record_ring_next(struct record_ring *ring)
{
	uint64_t pos = *ring->consumer;
	const uint32_t *header = (const uint32_t *)(ring->data + (pos & ring->mask));

	__atomic_store_n(ring->consumer, pos + record_room(*header), __ATOMIC_RELEASE);
}
