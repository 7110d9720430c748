// SPDX-License-Identifier: GPL-2.0-or-later
/* perf.data: walking its records and taking them apart. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "traces/import/import_perf.h"

#define HEADER_BYTES 8u
#define WINDOW_BYTES (256u << 10) /* of expanded records; one has at most 64 KiB */

struct walk {
	struct import *im;
	bool headers_only;
	perf_record_fn fn;
	void *ctx;
	ZSTD_DStream *zstd;
	uint8_t *window;
	size_t filled;
	uint64_t outer; /* file offset of the compressed record */
};

static uint64_t load(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	return le64toh(value);
}

/* All whole records of [data, data + size). Return: bytes used, or -errno. */
static ssize_t walk_records(struct walk *w, const uint8_t *data, size_t size, uint64_t offset, bool inner,
			    struct mmr_error *err);

static int walk_compressed(struct walk *w, const struct perf_record_view *r, struct mmr_error *err)
{
	ZSTD_inBuffer in = {r->body, r->len, 0};

	if (!w->zstd) {
		w->zstd = ZSTD_createDStream();
		w->window = malloc(WINDOW_BYTES);
		if (!w->zstd || !w->window)
			return mmr_err(err, -ENOMEM, "%s: no memory to expand it", w->im->path);
		ZSTD_initDStream(w->zstd);
	}
	w->outer = r->offset;
	for (;;) {
		ZSTD_outBuffer out = {w->window, WINDOW_BYTES, w->filled};
		size_t before = in.pos, left = ZSTD_decompressStream(w->zstd, &out, &in);
		ssize_t used;

		if (ZSTD_isError(left))
			return mmr_err(err, -EBADMSG, "%s: byte %" PRIu64 ": compressed data: %s", w->im->path,
				       r->offset, ZSTD_getErrorName(left));
		if (out.pos == w->filled && in.pos == before) {
			if (in.pos == in.size)
				return 0;
			return mmr_err(err, -EBADMSG,
				       "%s: byte %" PRIu64 ": compressed data: a record of more than %u bytes, "
				       "expected at most 65535",
				       w->im->path, r->offset, WINDOW_BYTES);
		}
		used = walk_records(w, w->window, out.pos, r->offset, true, err);
		if (used < 0)
			return (int)used;
		w->filled = out.pos - (size_t)used;
		memmove(w->window, w->window + used, w->filled);
		if (in.pos == in.size && out.pos < out.size)
			return 0;
	}
}

static ssize_t walk_records(struct walk *w, const uint8_t *data, size_t size, uint64_t offset, bool inner,
			    struct mmr_error *err)
{
	size_t at = 0;

	while (size - at >= HEADER_BYTES) {
		struct perf_record_view r = {
			.type = (uint32_t)load(data + at, 4),
			.misc = (uint16_t)load(data + at + 4, 2),
			.offset = inner ? offset : offset + at,
		};
		size_t bytes = load(data + at + 6, 2), extra = 0;
		int rc;

		if (bytes < HEADER_BYTES)
			return mmr_err(err, -EBADMSG,
				       "%s: byte %" PRIu64 ": a record of %zu bytes, expected at least 8",
				       w->im->path, r.offset, bytes);
		if (bytes > size - at)
			break;
		r.body = data + at + HEADER_BYTES;
		r.len = bytes - HEADER_BYTES;
		if (r.type == PERF_AUXTRACE && r.len >= 8)
			extra = load(r.body, 8);
		else if (r.type == PERF_HEADER_TRACING_DATA && r.len >= 4)
			extra = (load(r.body, 4) + 7) & ~7ull;
		if (extra > size - at - bytes)
			break;
		if (r.type == PERF_COMPRESSED && !inner)
			rc = w->headers_only ? 0 : walk_compressed(w, &r, err);
		else
			rc = w->fn(w->ctx, &r, err);
		if (rc)
			return rc;
		at += bytes + extra;
		if (!inner && import_stopped(w->im))
			return (ssize_t)size;
	}
	return (ssize_t)at;
}

int perf_each_record(struct import *im, const struct perf_file *pf, perf_record_fn fn, void *ctx,
		     struct mmr_error *err)
{
	struct walk w = {.im = im, .headers_only = pf->headers_only, .fn = fn, .ctx = ctx};
	ssize_t used = walk_records(&w, im->data + pf->data_offset, pf->data_size, pf->data_offset, false, err);

	ZSTD_freeDStream(w.zstd);
	free(w.window);
	if (used < 0)
		return (int)used;
	if (pf->end_ok)
		return 0;
	if (w.filled && !import_stopped(im))
		return mmr_err(err, -EBADMSG,
			       "%s: byte %" PRIu64 ": the compressed data end inside a record, expected more",
			       im->path, w.outer);
	if ((uint64_t)used < pf->data_size)
		return mmr_err(err, -EBADMSG,
			       "%s: byte %" PRIu64 ": the data section ends inside a record, expected %" PRIu64
			       " more bytes or none",
			       im->path, pf->data_offset + (uint64_t)used, pf->data_size - (uint64_t)used);
	return 0;
}

/* ---- taking apart -------------------------------------------------------------------------- */

static const struct perf_attr *find_attr(const struct perf_file *pf, uint64_t id)
{
	uint32_t low = 0, high = pf->nr_ids;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (pf->ids[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < pf->nr_ids && pf->ids[low].id == id ? &pf->attrs[pf->ids[low].attr] : NULL;
}

/* With several layouts the identifier in front says which one this is. */
static const struct perf_attr *attr_of(const struct perf_file *pf, const struct perf_record_view *r)
{
	if (pf->one_layout)
		return &pf->attrs[0];
	return r->len >= 8 ? find_attr(pf, load(r->body, 8)) : NULL;
}

/* Source: struct read_format, include/uapi/linux/perf_event.h, v6.12. */
static void skip_read(struct import_cursor *c, uint64_t format)
{
	uint64_t times = !!(format & 1) + !!(format & 2), per_value = 1 + !!(format & 4) + !!(format & 16);
	uint64_t nr = 1;

	if (format & 8)
		nr = import_get(c, 8);
	if (nr > (1u << 13))
		c->bad = true;
	else
		import_get_bytes(c, 8 * (times + nr * per_value));
}

bool perf_parse_sample(const struct perf_file *pf, const struct perf_record_view *r, struct perf_when *w)
{
	struct import_cursor c = {.start = r->body, .pos = r->body, .end = r->body + r->len};
	const struct perf_attr *attr = attr_of(pf, r);
	uint64_t type = attr ? attr->sample_type : 0;

	*w = (struct perf_when){0};
	if (!attr)
		return false;
	if (type & SAMPLE_IDENTIFIER)
		import_get(&c, 8);
	if (type & SAMPLE_IP)
		import_get(&c, 8);
	if (type & SAMPLE_TID) {
		w->pid = (uint32_t)import_get(&c, 4);
		w->tid = (uint32_t)import_get(&c, 4);
	}
	if (type & SAMPLE_TIME) {
		w->time = import_get(&c, 8);
		w->have_time = true;
	}
	if (type & SAMPLE_ADDR)
		import_get(&c, 8);
	if (type & SAMPLE_ID)
		import_get(&c, 8);
	if (type & SAMPLE_STREAM_ID)
		import_get(&c, 8);
	if (type & SAMPLE_CPU) {
		w->cpu = (uint32_t)import_get(&c, 8);
		w->have_cpu = true;
	}
	if (type & SAMPLE_PERIOD)
		import_get(&c, 8);
	if (type & SAMPLE_READ)
		skip_read(&c, attr->read_format);
	if (type & SAMPLE_CALLCHAIN) {
		uint64_t nr = import_get(&c, 8);

		if (nr > (1u << 13))
			return false;
		import_get_bytes(&c, nr * 8);
	}
	if (type & SAMPLE_RAW) {
		struct import_cursor raw;

		w->raw_len = (uint32_t)import_get(&c, 4);
		raw = import_get_bytes(&c, w->raw_len);
		w->raw = raw.pos;
	}
	return !c.bad;
}

/* sample_id: TID, TIME, ID, STREAM_ID, CPU, IDENTIFIER, those that are on, at the end of the record. */
void perf_parse_trailer(const struct perf_file *pf, const struct perf_record_view *r, struct perf_when *w)
{
	const struct perf_attr *attr = &pf->attrs[0];
	const uint64_t fields[] = {SAMPLE_TID,       SAMPLE_TIME, SAMPLE_ID,
				   SAMPLE_STREAM_ID, SAMPLE_CPU,  SAMPLE_IDENTIFIER};
	size_t bytes = 0;
	const uint8_t *at;

	*w = (struct perf_when){0};
	for (int i = 0; i < 6; i++)
		bytes += attr->sample_type & fields[i] ? 8 : 0;
	if (!attr->sample_id_all || bytes > r->len)
		return;
	at = r->body + r->len - bytes;
	for (int i = 0; i < 6; i++) {
		if (!(attr->sample_type & fields[i]))
			continue;
		if (fields[i] == SAMPLE_TIME) {
			w->time = load(at, 8);
			w->have_time = true;
		} else if (fields[i] == SAMPLE_CPU) {
			w->cpu = (uint32_t)load(at, 4);
			w->have_cpu = true;
		} else if (fields[i] == SAMPLE_TID) {
			w->pid = (uint32_t)load(at, 4);
			w->tid = (uint32_t)load(at + 4, 4);
		}
		at += 8;
	}
}
