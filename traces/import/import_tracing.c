// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's own descriptions of its events. */
#include "traces/import/import_tracing.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mm_types.h"
#include "traces/record/host_tracefs.h"

#define MAX_FORMAT_BYTES (256u << 10)

/* ---- cursor -------------------------------------------------------------------------------- */

const char *import_get_string(struct import_cursor *c)
{
	const char *text = (const char *)c->pos;
	const uint8_t *zero = memchr(c->pos, 0, (size_t)(c->end - c->pos));

	if (!zero) {
		c->bad = true;
		c->pos = c->end;
		return "";
	}
	c->pos = zero + 1;
	return text;
}

struct import_cursor import_get_bytes(struct import_cursor *c, uint64_t n)
{
	struct import_cursor part = {.start = c->start, .pos = c->pos, .end = c->pos};

	if ((uint64_t)(c->end - c->pos) < n) {
		c->bad = true;
		c->pos = c->end;
		return part;
	}
	c->pos += n;
	part.end = c->pos;
	return part;
}

/* ---- one format ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum import_field_name field;
} field_names[] = {
	{"pfn", FIELD_PFN},
	{"page", FIELD_PAGE},
	{"order", FIELD_ORDER},
	{"alloc_order", FIELD_ORDER},
	{"migratetype", FIELD_MIGRATETYPE},
	{"alloc_migratetype", FIELD_MIGRATETYPE},
	{"gfp_flags", FIELD_GFP},
	{"percpu_refill", FIELD_PERCPU_REFILL},
	{"fallback_order", FIELD_FALLBACK_ORDER},
	{"fallback_migratetype", FIELD_FALLBACK_MIGRATETYPE},
	{"change_ownership", FIELD_CHANGE_OWNERSHIP},
	{"common_flags", FIELD_COMMON_FLAGS},
	{"common_pid", FIELD_COMMON_PID},
};

/* The name of a declaration is its last word: "unsigned long pfn". */
static bool declares(const char *decl, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len > n && !memcmp(decl + len - n, name, n) && strchr(" \t*", decl[len - n - 1]);
}

/* The next "field:DECLARATION; offset:N; size:N;" of @text. Return: behind it, or NULL. */
static const char *next_field(const char *text, const char **decl, size_t *len, struct import_field *f)
{
	unsigned int offset, size;
	const char *end;

	while ((text = strstr(text, "field:"))) {
		text += 6;
		end = strchr(text, ';');
		if (!end)
			return NULL;
		*decl = text;
		*len = (size_t)(end - text);
		text = end;
		if (sscanf(end, "; offset:%u; size:%u;", &offset, &size) != 2 || offset > 4096 || size > 4096)
			continue;
		*f = (struct import_field){(uint16_t)offset, (uint16_t)size};
		return text;
	}
	return NULL;
}

static void read_fields(struct import_layout *layout, const char *text)
{
	struct import_field f;
	const char *decl;
	size_t len;

	while ((text = next_field(text, &decl, &len, &f))) {
		if (f.size != 1 && f.size != 2 && f.size != 4 && f.size != 8)
			continue;
		for (size_t i = 0; i < sizeof(field_names) / sizeof(field_names[0]); i++)
			if (declares(decl, len, field_names[i].name))
				layout->fields[field_names[i].field] = f;
	}
}

struct gfp_names {
	struct trace_machine *machine;
	bool proper, failed; /* first "__FLAG" names, then older kernels' "GFP_FLAG" */
};

static void add_gfp_name(void *ctx, const char *name, uint64_t value)
{
	struct gfp_names *g = ctx;
	struct trace_machine *m = g->machine;

	if (!value || value & (value - 1) || value > UINT32_MAX || m->nr_gfp_names > 64)
		return;
	if (strncmp(name, g->proper ? "__GFP_" : "GFP_", g->proper ? 6 : 4) != 0)
		return;
	for (uint32_t i = 0; i < m->nr_gfp_names; i++)
		if (m->gfp_names[i].value == (int64_t)value)
			return;
	if (import_add_name(&m->gfp_names, &m->nr_gfp_names, name + (g->proper ? 6 : 4), (int64_t)value))
		g->failed = true;
}

static const struct {
	const char *name;
	enum trace_event_type type;
} event_names[] = {
	{"mm_page_alloc", TRACE_ALLOC},
	{"mm_page_free", TRACE_FREE},
	{"mm_page_free_direct", TRACE_FREE}, /* up to 3.2 */
	{"mm_page_free_batched", TRACE_FREE_BATCHED},
	{"mm_pagevec_free", TRACE_FREE_BATCHED},
	{"mm_page_alloc_zone_locked", TRACE_ZONE_LOCKED},
	{"mm_page_pcpu_drain", TRACE_PCPU_DRAIN},
	{"mm_page_alloc_extfrag", TRACE_EXTFRAG},
};

/* What cannot be done without, by type. */
static const char *missing_field(const struct import_layout *l)
{
	if (!l->fields[FIELD_PFN].size && !l->fields[FIELD_PAGE].size)
		return "pfn or page";
	if (!l->fields[FIELD_ORDER].size && l->type != TRACE_FREE_BATCHED)
		return "order";
	if (l->type == TRACE_ALLOC && !l->fields[FIELD_GFP].size)
		return "gfp_flags";
	if (!l->fields[FIELD_MIGRATETYPE].size && l->type != TRACE_FREE && l->type != TRACE_FREE_BATCHED)
		return "migratetype";
	if (l->type == TRACE_EXTFRAG &&
	    (!l->fields[FIELD_FALLBACK_ORDER].size || !l->fields[FIELD_FALLBACK_MIGRATETYPE].size))
		return "fallback_order or fallback_migratetype";
	return NULL;
}

static int add_layout(struct import *im, struct import_tracing *t, const char *name, const char *text,
		      enum trace_event_type type, struct mmr_error *err)
{
	const char *id = strstr(text, "\nID:"), *missing;
	struct import_layout l = {.type = (uint8_t)type};
	unsigned long number = id ? strtoul(id + 4, NULL, 10) : 0;

	read_fields(&l, text);
	missing = missing_field(&l);
	if (!number || number > UINT16_MAX || missing)
		return mmr_err(err, -EINVAL,
			       "%s: format of kmem:%s: no %s in it, expected the kernel's own text", im->path,
			       name, missing ? missing : "ID");
	l.id = (uint16_t)number;
	if (t->nr_layouts < TRACE_NR_PAGE_EVENTS)
		t->layouts[t->nr_layouts++] = l;
	if (type == TRACE_ALLOC && !im->machine.nr_gfp_names) {
		struct gfp_names g = {.machine = &im->machine, .proper = true};

		host_tracefs_parse_flags(text, NULL, add_gfp_name, &g);
		g.proper = false;
		host_tracefs_parse_flags(text, NULL, add_gfp_name, &g);
		if (g.failed)
			return mmr_err(err, -ENOMEM, "%s: no memory for the gfp names", im->path);
	}
	return 0;
}

static int read_format(struct import *im, struct import_tracing *t, const struct import_cursor *part,
		       struct mmr_error *err)
{
	size_t len = (size_t)(part->end - part->pos);
	char name[64], *text;
	int rc = 0;

	if (len < 16 || len > MAX_FORMAT_BYTES || memcmp(part->pos, "name: mm_page", 13) != 0)
		return 0;
	text = strndup((const char *)part->pos, len);
	if (!text)
		return mmr_err(err, -ENOMEM, "%s: no memory for an event's format", im->path);
	if (sscanf(text, "name: %63s", name) == 1)
		for (size_t i = 0; i < sizeof(event_names) / sizeof(event_names[0]) && !rc; i++)
			if (strcmp(name, event_names[i].name) == 0)
				rc = add_layout(im, t, name, text, event_names[i].type, err);
	free(text);
	return rc;
}

/* ---- the whole description ----------------------------------------------------------------- */

static int cut_short(const struct import *im, const struct import_cursor *c, const char *what,
		     struct mmr_error *err)
{
	return mmr_err(err, -EBADMSG, "%s: byte %zu: the %s end in the middle, expected more bytes", im->path,
		       (size_t)(c->end - c->start), what);
}

int import_tracing_systems(struct import *im, struct import_tracing *t, struct import_cursor *c,
			   struct mmr_error *err)
{
	uint32_t nr_systems = (uint32_t)import_get(c, 4);
	int rc = 0;

	for (uint32_t i = 0; i < nr_systems && !c->bad && !rc; i++) {
		bool kmem = strcmp(import_get_string(c), "kmem") == 0;
		uint32_t nr = (uint32_t)import_get(c, 4);

		for (uint32_t k = 0; k < nr && !c->bad && !rc; k++) {
			struct import_cursor part = import_get_bytes(c, import_get(c, 8));

			if (kmem)
				rc = read_format(im, t, &part, err);
		}
	}
	return !rc && c->bad ? cut_short(im, c, "event formats", err) : rc;
}

void import_tracing_header_page(struct import_tracing *t, const char *bytes, size_t len)
{
	char *text = strndup(bytes, len < MAX_FORMAT_BYTES ? len : MAX_FORMAT_BYTES);
	const char *pos = text, *decl;
	struct import_field f;
	size_t decl_len;

	while (pos && (pos = next_field(pos, &decl, &decl_len, &f))) {
		if (declares(decl, decl_len, "timestamp"))
			t->page_time = f;
		else if (declares(decl, decl_len, "commit"))
			t->page_commit = f;
		else if (declares(decl, decl_len, "data"))
			t->page_data = f;
	}
	free(text);
}

static int read_header_files(struct import *im, struct import_tracing *t, struct import_cursor *c,
			     struct mmr_error *err)
{
	static const char *const names[] = {"header_page", "header_event"};

	for (int i = 0; i < 2; i++) {
		size_t at = (size_t)(c->pos - c->start);
		const char *name = import_get_string(c);
		struct import_cursor part;

		if (strcmp(name, names[i]) != 0)
			return mmr_err(err, -EINVAL, "%s: byte %zu: found \"%.20s\", expected \"%s\"", im->path,
				       at, name, names[i]);
		part = import_get_bytes(c, import_get(c, 8));
		if (i == 0)
			import_tracing_header_page(t, (const char *)part.pos, (size_t)(part.end - part.pos));
	}
	return 0;
}

int import_tracing_read(struct import *im, struct import_tracing *t, struct import_cursor *c,
			struct mmr_error *err)
{
	int rc = read_header_files(im, t, c, err);
	uint32_t nr;

	if (rc)
		return rc;
	nr = (uint32_t)import_get(c, 4);
	for (uint32_t i = 0; i < nr && !c->bad; i++)
		import_get_bytes(c, import_get(c, 8));
	if (c->bad)
		return cut_short(im, c, "ftrace formats", err);
	return import_tracing_systems(im, t, c, err);
}

int import_tracing_magic(struct import *im, struct import_tracing *t, struct import_cursor *c,
			 const char **version, struct mmr_error *err)
{
	struct import_cursor magic = import_get_bytes(c, 10);
	uint64_t big, long_bytes;

	if (c->bad || memcmp(magic.pos, "\x17\x08\x44tracing", 10) != 0)
		return mmr_err(err, -EINVAL, "%s: byte %zu: no tracing data, expected 17 08 44 and \"tracing\"",
			       im->path, (size_t)(magic.pos - c->start));
	*version = import_get_string(c);
	big = import_get(c, 1);
	long_bytes = import_get(c, 1);
	t->page_size = (uint32_t)import_get(c, 4);
	if (c->bad)
		return cut_short(im, c, "tracing data", err);
	if (big || long_bytes != 8)
		return mmr_err(err, -ENOTSUP,
			       "%s: byte %zu: recorded on a %s machine with %" PRIu64
			       "-byte longs, expected little-endian and 8",
			       im->path, (size_t)(c->pos - c->start) - 6, big ? "big-endian" : "little-endian",
			       long_bytes);
	return 0;
}

const struct import_layout *import_tracing_layout(const struct import_tracing *t, uint16_t id)
{
	for (uint32_t i = 0; i < t->nr_layouts; i++)
		if (t->layouts[i].id == id)
			return &t->layouts[i];
	return NULL;
}

/* ---- one event ----------------------------------------------------------------------------- */

static uint64_t field_value(const struct import_field *f, const uint8_t *raw)
{
	struct import_cursor c = {.pos = raw + f->offset, .end = raw + f->offset + f->size};

	/* A size known to the compiler is a load; one that is not, a call. */
	switch (f->size) {
	case 8:
		return import_get(&c, 8);
	case 4:
		return import_get(&c, 4);
	case 2:
		return import_get(&c, 2);
	default:
		return import_get(&c, 1);
	}
}

/* 0 also where the event has no such field: that is what its kernel means. */
static uint64_t get_field(const struct import_layout *l, enum import_field_name name, const uint8_t *raw)
{
	return l->fields[name].size ? field_value(&l->fields[name], raw) : 0;
}

/* Larger values are kept recognisably wrong, so that import_put() can refuse them. */
static uint8_t small(uint64_t value)
{
	return value < UINT8_MAX ? (uint8_t)value : UINT8_MAX;
}

/* Up to 4.0 events held the struct page's address; KASLR of its array came later than the pfn. */
static uint64_t get_pfn(const struct import_layout *l, const uint8_t *raw)
{
	const uint64_t vmemmap = 0xffffea0000000000ull;
	uint64_t value;

	if (l->fields[FIELD_PFN].size) {
		value = field_value(&l->fields[FIELD_PFN], raw);
		return value == UINT64_MAX ? IMPORT_NO_PFN : value;
	}
	value = field_value(&l->fields[FIELD_PAGE], raw);
	return value ? (value - vmemmap) / 64 : IMPORT_NO_PFN;
}

static uint8_t interrupt_flags(const struct import_layout *l, const uint8_t *raw)
{
	uint64_t flags = get_field(l, FIELD_COMMON_FLAGS, raw);

	/* Source: enum trace_flag_type, include/linux/trace_events.h, v6.12. */
	return (uint8_t)((flags & 0x08 ? TRACE_F_HARDIRQ : 0) | (flags & 0x10 ? TRACE_F_SOFTIRQ : 0));
}

int import_tracing_decode(struct import *im, const struct import_layout *l, const uint8_t *raw, size_t len,
			  struct import_event *e, uint32_t *tid, struct mmr_error *err)
{
	for (int i = 0; i < NR_IMPORT_FIELDS; i++)
		if (l->fields[i].size && (size_t)l->fields[i].offset + l->fields[i].size > len)
			return mmr_err(err, -EBADMSG,
				       "%s: byte %" PRIu64 ": an event of %zu bytes, expected at least %u",
				       im->path, e->offset, len, l->fields[i].offset + l->fields[i].size);
	e->pfn = get_pfn(l, raw);
	e->cls = (struct trace_class){.type = l->type, .flags = interrupt_flags(l, raw)};
	if (l->type != TRACE_FREE_BATCHED)
		e->cls.order = small(get_field(l, FIELD_ORDER, raw));
	if (l->type != TRACE_FREE && l->type != TRACE_FREE_BATCHED)
		e->cls.migratetype = small(get_field(l, FIELD_MIGRATETYPE, raw));
	if (l->type == TRACE_ALLOC) {
		e->cls.gfp_raw = (uint32_t)get_field(l, FIELD_GFP, raw);
	} else if (l->type == TRACE_ZONE_LOCKED) {
		/* The field came in 5.19; before it the text said "order is 0". */
		if (l->fields[FIELD_PERCPU_REFILL].size ? get_field(l, FIELD_PERCPU_REFILL, raw)
							: !e->cls.order)
			e->cls.flags |= TRACE_F_PERCPU_REFILL;
	} else if (l->type == TRACE_EXTFRAG) {
		e->cls.fallback_order = small(get_field(l, FIELD_FALLBACK_ORDER, raw));
		e->cls.fallback_migratetype = small(get_field(l, FIELD_FALLBACK_MIGRATETYPE, raw));
		if (get_field(l, FIELD_CHANGE_OWNERSHIP, raw))
			e->cls.flags |= TRACE_F_CHANGE_OWNERSHIP;
	}
	*tid = (uint32_t)get_field(l, FIELD_COMMON_PID, raw);
	return 0;
}
