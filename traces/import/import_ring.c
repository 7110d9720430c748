// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages of the kernel's trace ring buffer.
 * Source: struct ring_buffer_event and rb_event_length(), kernel/trace/ring_buffer.c, v6.12.
 */
#include "traces/import/import_ring.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum ring_type { TYPE_PADDING = 29, TYPE_TIME_EXTEND = 30, TYPE_TIME_STAMP = 31 };

#define COMMIT_MASK     ((1u << 27) - 1)
#define MISSED_EVENTS   (1u << 31)
#define MISSED_STORED   (1u << 30)
#define TIME_STAMP_BITS 59 /* an absolute time has no more */

static uint64_t load(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	return le64toh(value);
}

static int bad_page(const struct import_ring *ring, uint64_t offset, const char *what, struct mmr_error *err)
{
	return mmr_err(err, -EBADMSG, "%s: byte %" PRIu64 ": ring buffer page: %s", ring->im->path, offset,
		       what);
}

/* One entry at @at. Return: its bytes, 0 at the end of the page, -errno. */
static ssize_t read_entry(const struct import_ring *ring, const uint8_t *data, size_t at, size_t commit,
			  uint64_t offset, uint64_t *ts, struct mmr_error *err)
{
	uint32_t head = (uint32_t)load(data + at, 4), type = head & 31, delta = head >> 5;
	uint32_t first = commit - at >= 8 ? (uint32_t)load(data + at + 4, 4) : 0;
	struct import_ring_event e = {.offset = offset + at};
	size_t bytes;
	int rc;

	if (type == TYPE_PADDING && !delta)
		return 0;
	if ((type == 0 || type >= TYPE_PADDING) && commit - at < 8)
		return bad_page(ring, offset + at, "an entry of 4 bytes, expected at least 8", err);
	if (type == TYPE_TIME_EXTEND) {
		*ts += delta + ((uint64_t)first << 27);
		return 8;
	}
	if (type == TYPE_TIME_STAMP) {
		*ts = (*ts >> TIME_STAMP_BITS << TIME_STAMP_BITS) | (delta + ((uint64_t)first << 27));
		return 8;
	}
	*ts += delta;
	bytes = type == TYPE_PADDING || type == 0 ? 4 + (size_t)first : 4 + 4 * (size_t)type;
	if (bytes > commit - at || bytes < 8)
		return bad_page(ring, offset + at, "an entry reaches past the page's data", err);
	if (type == TYPE_PADDING)
		return (ssize_t)bytes;
	e.ts = *ts;
	e.data = data + at + (type ? 4 : 8);
	e.len = bytes - (type ? 4 : 8);
	rc = ring->event(ring->ctx, &e, err);
	return rc ? rc : (ssize_t)bytes;
}

int import_ring_page(const struct import_ring *ring, const uint8_t *page, size_t len, uint64_t offset,
		     struct mmr_error *err)
{
	const struct import_tracing *t = ring->tracing;
	uint64_t ts, commit, missed = 0;
	size_t start = t->page_data.offset, at = 0;
	ssize_t bytes;
	int rc = 0;

	if (len < start || len < t->page_time.offset + 8u || len < t->page_commit.offset + 8u)
		return bad_page(ring, offset, "it ends in its header", err);
	ts = load(page + t->page_time.offset, 8);
	commit = load(page + t->page_commit.offset, 8);
	if ((commit & COMMIT_MASK) > len - start)
		return bad_page(ring, offset, "more data than the page is long", err);
	if (commit & MISSED_EVENTS) {
		/* The count lies behind the data, where there was room. */
		if (commit & MISSED_STORED && len - start - (commit & COMMIT_MASK) >= 8)
			missed = load(page + start + (commit & COMMIT_MASK), 8);
		rc = ring->missed(ring->ctx, ts, missed, err);
	}
	commit &= COMMIT_MASK;
	while (!rc && commit - at >= 4) {
		bytes = read_entry(ring, page + start, at, commit, offset + start, &ts, err);
		if (bytes < 0)
			return (int)bytes;
		if (!bytes)
			break;
		at += (size_t)bytes;
	}
	return rc;
}
