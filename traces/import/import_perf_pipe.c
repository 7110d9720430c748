// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * perf.data as perf writes it to a pipe: no tables, but records that hold the attributes, the descriptions of
 * the events and the features, before the samples. Such a file is of use wherever it was cut.
 * Source: tools/perf/Documentation/perf.data-file-format.txt, v6.12, for the layout.
 */
#include <errno.h>
#include <inttypes.h>

#include "traces/import/import_perf.h"

#define PIPE_HEADER_BYTES 16u
#define ATTR_MIN_BYTES    64u /* PERF_ATTR_SIZE_VER0 */
#define MAX_ATTRS         65536u

struct pipe_read {
	struct import *im;
	struct perf_file *pf;
	bool have_tracing;
};

static struct import_cursor body_of(const struct pipe_read *p, const struct perf_record_view *r)
{
	return (struct import_cursor){p->im->data, r->body, r->body + r->len, false};
}

/* Attributes as long as they say, then the ids of their samples. */
static int take_attr(struct pipe_read *p, const struct perf_record_view *r, struct mmr_error *err)
{
	struct import_cursor ids = body_of(p, r), size = ids, attr;
	uint64_t bytes;

	import_get(&size, 4);
	bytes = import_get(&size, 4);
	attr = import_get_bytes(&ids, bytes);
	if (ids.bad || bytes < ATTR_MIN_BYTES || p->pf->nr_attrs == MAX_ATTRS)
		return mmr_err(err, -EBADMSG,
			       "%s: byte %" PRIu64 ": attributes of %" PRIu64
			       " bytes in a record of %zu, expected 64 at least and all of them",
			       p->im->path, r->offset, bytes, r->len);
	return perf_add_attr(p->im, p->pf, attr, ids, err);
}

/* The descriptions lie behind their record, as many bytes as it says. */
static int take_tracing(struct pipe_read *p, const struct perf_record_view *r, struct mmr_error *err)
{
	struct import_cursor c = body_of(p, r);
	uint32_t size = (uint32_t)import_get(&c, 4);
	const uint8_t *end = p->im->data + p->im->size;

	if (c.bad || size > (size_t)(end - (r->body + r->len)))
		return mmr_err(err, -EBADMSG,
			       "%s: byte %" PRIu64 ": the descriptions of the events end in the middle, "
			       "expected %u bytes",
			       p->im->path, r->offset, size);
	if (p->have_tracing)
		return 0;
	p->have_tracing = true;
	c = (struct import_cursor){p->im->data, r->body + r->len, r->body + r->len + size, false};
	return perf_read_tracing(p->im, p->pf, &c, err);
}

static int take_record(void *ctx, const struct perf_record_view *r, struct mmr_error *err)
{
	struct pipe_read *p = ctx;
	struct import_cursor c = body_of(p, r);
	uint64_t feature;

	switch (r->type) {
	case PERF_HEADER_ATTR:
		return take_attr(p, r, err);
	case PERF_HEADER_TRACING_DATA:
		return take_tracing(p, r, err);
	case PERF_HEADER_FEATURE:
		feature = import_get(&c, 8);
		return feature < 256 ? perf_read_feature(p->im, p->pf, (unsigned int)feature, &c, err) : 0;
	default:
		return 0;
	}
}

int perf_pipe_read(struct import *im, struct perf_file *pf, struct mmr_error *err)
{
	struct pipe_read p = {.im = im, .pf = pf};
	int rc;

	pf->data_offset = PIPE_HEADER_BYTES;
	pf->data_size = im->size - PIPE_HEADER_BYTES;
	pf->pipe = pf->headers_only = pf->end_ok = true;
	rc = perf_each_record(im, pf, take_record, &p, err);
	pf->headers_only = pf->end_ok = false;
	if (rc)
		return rc;
	if (!pf->nr_attrs || !p.have_tracing)
		return mmr_err(err, -ENODATA,
			       "%s: no %s among the records, expected a recording of tracepoints", im->path,
			       pf->nr_attrs ? "description of events" : "attributes of events");
	return perf_check_layouts(im, pf, err);
}
