// SPDX-License-Identifier: GPL-2.0-or-later
#include "traces/record/record_limits.h"

#include <errno.h>

#include "traces/record/record_order.h"

#define EVENT_BYTES      18 /* of an event that waits: time, page, task, class */
#define CODED_BYTES      24 /* of one that is being written, at the very most */
#define FREE_BLOCK_BYTES 20 /* of a keyframe's: in the kernel's array and in ours */
#define MIN_BLOCK_EVENTS 4096u

uint64_t record_sizes_bytes(const struct record_sizes *s)
{
	uint64_t per_cpu = s->ring_bytes + s->ring_bytes / 8 +
			   RECORD_ORDER_EVENTS * sizeof(struct trace_event) +
			   (uint64_t)s->block_events * EVENT_BYTES;

	return s->fixed_bytes + s->nr_cpus * per_cpu + (uint64_t)s->block_events * CODED_BYTES +
	       s->max_blocks * FREE_BLOCK_BYTES;
}

uint64_t record_sizes_ring(uint64_t memory_bytes, uint32_t nr_cpus)
{
	/*
	 * A large process that ends frees its pages at once: 260,000 free events a CPU find room in 32 MiB. A
	 * 32nd of the memory has room for the free of each of its pages, so that no CPU needs more.
	 */
	uint64_t bytes = 32 << 20;

	while (bytes > RECORD_MIN_RING_BYTES * 4 &&
	       (bytes / 2 >= memory_bytes / 32 || bytes * nr_cpus > memory_bytes / 12))
		bytes /= 2;
	return bytes;
}

int record_sizes_fit(struct record_sizes *s, uint64_t max_bytes, struct mmr_error *err)
{
	struct record_sizes least = *s;

	if (!max_bytes)
		return 0;
	while (record_sizes_bytes(s) > max_bytes) {
		bool ring = s->ring_bytes > RECORD_MIN_RING_BYTES;

		/* The larger of the two; a ring that is too small loses events, a small block only bytes. */
		if (s->block_events > MIN_BLOCK_EVENTS &&
		    (!ring || (uint64_t)s->block_events * EVENT_BYTES * 4 > s->ring_bytes)) {
			s->block_events /= 2;
		} else if (ring) {
			s->ring_bytes /= 2;
		} else {
			least.ring_bytes = RECORD_MIN_RING_BYTES;
			least.block_events = MIN_BLOCK_EVENTS;
			return mmr_err(
				err, -EINVAL,
				"--max-memory: found %llu KiB, expected at least %llu KiB for %u CPUs and "
				"keyframes of %llu blocks (--keyframe-max-blocks)",
				(unsigned long long)max_bytes >> 10,
				(unsigned long long)(record_sizes_bytes(&least) + 1023) >> 10, s->nr_cpus,
				(unsigned long long)s->max_blocks);
		}
	}
	return 0;
}

void record_rate_init(struct record_rate *r, double per_second, uint64_t now_ns)
{
	*r = (struct record_rate){.per_second = per_second, .tokens = per_second, .seen_ns = now_ns};
}

bool record_rate_paused(struct record_rate *r, uint64_t now_ns, uint64_t events)
{
	if (r->per_second <= 0)
		return false;
	r->tokens += (double)(now_ns - r->seen_ns) / 1e9 * r->per_second;
	if (r->tokens > r->per_second)
		r->tokens = r->per_second;
	r->tokens -= (double)(events - r->seen_events);
	r->seen_ns = now_ns;
	r->seen_events = events;
	if (r->tokens < 0)
		r->paused = true;
	else if (r->tokens >= r->per_second / 2)
		r->paused = false;
	return r->paused;
}
