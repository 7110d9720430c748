// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trace.dat version 7: sections found by options, some of them compressed.
 * Source: trace-cmd.dat.v7(5).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "traces/import/import_tracecmd.h"

#define MAX_OPTION_SECTIONS 1024u
#define MAX_SECTION_BYTES   (256u << 20)
#define SECTION_COMPRESSED  1u

enum section {
	SECTION_OPTIONS = 0,
	SECTION_HEADER_INFO = 16,
	SECTION_EVENT_FORMATS = 18,
	SECTION_CMDLINES = 21
};
enum option { OPTION_DONE = 0, OPTION_BUFFER = 3 };

/* A section's contents; @expanded is owned where it was compressed. */
struct contents {
	struct import_cursor c;
	uint8_t *expanded;
};

static int bad_section(struct import *im, uint64_t offset, const char *what, struct mmr_error *err)
{
	return mmr_err(err, -EBADMSG, "%s: byte %" PRIu64 ": section: %s", im->path, offset, what);
}

static int expand_section(struct import *im, const struct tracecmd_file *f, uint64_t offset,
			  struct import_cursor *c, struct contents *ret, struct mmr_error *err)
{
	uint32_t stored = (uint32_t)import_get(c, 4), raw = (uint32_t)import_get(c, 4);
	struct import_cursor part = import_get_bytes(c, stored);
	size_t n;

	if (c->bad)
		return tracecmd_short(im, offset, "rest of a section", err);
	if (!f->zstd || raw > MAX_SECTION_BYTES)
		return bad_section(im, offset,
				   f->zstd ? "more than 256 MiB, expected less"
					   : "compressed, but the file says it is not",
				   err);
	ret->expanded = malloc(raw ? raw : 1);
	if (!ret->expanded)
		return mmr_err(err, -ENOMEM, "%s: no memory for a section of %u bytes", im->path, raw);
	n = ZSTD_decompress(ret->expanded, raw, part.pos, stored);
	if (ZSTD_isError(n)) {
		free(ret->expanded);
		ret->expanded = NULL;
		return bad_section(im, offset, ZSTD_getErrorName(n), err);
	}
	ret->c = (struct import_cursor){ret->expanded, ret->expanded, ret->expanded + n, false};
	return 0;
}

/* The section at @offset, which must be of @kind. */
static int open_section(struct import *im, const struct tracecmd_file *f, uint64_t offset, enum section kind,
			struct contents *ret, struct mmr_error *err)
{
	struct import_cursor c, body;
	uint64_t id, flags, size;

	*ret = (struct contents){0};
	if (!tracecmd_at(im, offset, &c))
		return tracecmd_short(im, offset, "section", err);
	id = import_get(&c, 2);
	flags = import_get(&c, 2);
	import_get(&c, 4);
	size = import_get(&c, 8);
	body = import_get_bytes(&c, size);
	if (c.bad)
		return tracecmd_short(im, offset, "section", err);
	if (id != (uint64_t)kind)
		return mmr_err(err, -EINVAL, "%s: byte %" PRIu64 ": found section %" PRIu64 ", expected %d",
			       im->path, offset, id, kind);
	if (flags & SECTION_COMPRESSED)
		return expand_section(im, f, offset, &body, ret, err);
	ret->c = body;
	return 0;
}

static int read_header_info(struct import *im, struct tracecmd_file *f, struct import_cursor *c,
			    struct mmr_error *err)
{
	struct import_cursor text;

	if (strcmp(import_get_string(c), "header_page") != 0)
		return mmr_err(err, -EINVAL, "%s: no header_page in the section for it", im->path);
	text = import_get_bytes(c, import_get(c, 8));
	import_tracing_header_page(&f->tracing, (const char *)text.pos, (size_t)(text.end - text.pos));
	return 0;
}

/* Options that hold nothing but the place of a section. */
static int follow(struct import *im, struct tracecmd_file *f, enum section kind, uint64_t offset,
		  struct mmr_error *err)
{
	struct contents s;
	int rc = open_section(im, f, offset, kind, &s, err);

	if (rc)
		return rc;
	if (kind == SECTION_HEADER_INFO) {
		rc = read_header_info(im, f, &s.c, err);
	} else if (kind == SECTION_EVENT_FORMATS) {
		rc = import_tracing_systems(im, &f->tracing, &s.c, err);
	} else {
		struct import_cursor text = import_get_bytes(&s.c, import_get(&s.c, 8));

		rc = tracecmd_names(im, f, &text, err);
	}
	free(s.expanded);
	return rc;
}

/* Where a trace instance's events lie. The section itself holds nothing that is not in here. */
static int read_buffer(struct import *im, struct tracecmd_file *f, struct import_cursor *c,
		       struct mmr_error *err)
{
	uint64_t offset = import_get(c, 8);
	const char *name = import_get_string(c), *clock = import_get_string(c);
	uint32_t page_size = (uint32_t)import_get(c, 4), nr = (uint32_t)import_get(c, 4);
	struct tracecmd_buffer *b;
	struct import_cursor head;

	if (c->bad || !tracecmd_at(im, offset, &head))
		return tracecmd_short(im, offset, "data of a buffer", err);
	if (page_size != f->tracing.page_size)
		return mmr_err(err, -ENOTSUP, "%s: buffer \"%.40s\": pages of %u bytes, expected %u", im->path,
			       name, page_size, f->tracing.page_size);
	b = tracecmd_add_buffer(f, name, clock, nr);
	if (!b)
		return mmr_err(err, -EINVAL, "%s: buffer \"%.40s\": found %u CPUs, expected at most %u",
			       im->path, name, nr, TRACECMD_MAX_CPUS);
	import_get(&head, 2);
	b->compressed = import_get(&head, 2) & SECTION_COMPRESSED;
	for (uint32_t i = 0; i < nr; i++) {
		b->cpus[i].cpu = (uint32_t)import_get(c, 4);
		b->cpus[i].offset = import_get(c, 8);
		b->cpus[i].size = import_get(c, 8);
	}
	return c->bad ? bad_section(im, offset, "the table of its CPUs is cut", err) : 0;
}

/* Return: 1 at the last option, then @next is the place of more of them, 0 = none. */
static int read_option(struct import *im, struct tracecmd_file *f, struct import_cursor *c, uint64_t *next,
		       struct mmr_error *err)
{
	unsigned int id = (unsigned int)import_get(c, 2);
	struct import_cursor part = import_get_bytes(c, import_get(c, 4));

	if (c->bad)
		return mmr_err(err, -EBADMSG, "%s: the options end without their last one", im->path);
	switch (id) {
	case OPTION_DONE:
		*next = import_get(&part, 8);
		return 1;
	case OPTION_BUFFER:
		return read_buffer(im, f, &part, err);
	case SECTION_HEADER_INFO:
	case SECTION_EVENT_FORMATS:
	case SECTION_CMDLINES:
		return follow(im, f, (enum section)id, import_get(&part, 8), err);
	default:
		return tracecmd_option(im, f, id, &part, err);
	}
}

static int read_options(struct import *im, struct tracecmd_file *f, uint64_t offset, struct mmr_error *err)
{
	for (uint32_t i = 0; offset && i < MAX_OPTION_SECTIONS; i++) {
		struct contents s;
		int rc = open_section(im, f, offset, SECTION_OPTIONS, &s, err);

		while (!rc)
			rc = read_option(im, f, &s.c, &offset, err);
		free(s.expanded);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int tracecmd_read_v7(struct import *im, struct tracecmd_file *f, struct import_cursor *c, struct mmr_error *err)
{
	uint64_t at = (uint64_t)(c->pos - c->start), offset;
	const char *compression = import_get_string(c);

	import_get_string(c); /* the compressor's version */
	offset = import_get(c, 8);
	if (c->bad)
		return tracecmd_short(im, at, "compression and the place of the options", err);
	f->zstd = strcmp(compression, "zstd") == 0;
	if (!f->zstd && strcmp(compression, "none") != 0)
		return mmr_err(err, -ENOTSUP,
			       "%s: byte %" PRIu64
			       ": compressed with \"%.20s\", expected zstd or none; `trace-cmd "
			       "convert --compression none` makes one of the other",
			       im->path, at, compression);
	if (!offset)
		return mmr_err(err, -EBADMSG,
			       "%s: byte %" PRIu64
			       ": no options: trace-cmd did not finish the file, expected a place",
			       im->path, (uint64_t)(c->pos - c->start) - 8);
	return read_options(im, f, offset, err);
}
