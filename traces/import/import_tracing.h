/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own descriptions of its events ("format" files), as perf.data and trace.dat carry
 * them: where in an event's bytes each field lies. And a bounded cursor to read such files with.
 */
#ifndef MMR_TRACES_IMPORT_TRACING_H
#define MMR_TRACES_IMPORT_TRACING_H

#include <endian.h>
#include <string.h>
#include <sys/types.h>

#include "traces/import/import.h"

/** struct import_cursor - bytes of a source from @pos on; a read past @end sets @bad and gives 0 */
struct import_cursor {
	const uint8_t *start, *pos, *end;
	bool bad;
};

/** import_get - a little-endian number of 1, 2, 4 or 8 bytes; inline, because samples are read with it */
static inline uint64_t import_get(struct import_cursor *c, unsigned int bytes)
{
	uint64_t value = 0;

	if ((size_t)(c->end - c->pos) < bytes) {
		c->bad = true;
		c->pos = c->end;
		return 0;
	}
	memcpy(&value, c->pos, bytes);
	c->pos += bytes;
	return le64toh(value);
}
/** import_get_string - a text that ends with a zero byte; "" where none does */
const char *import_get_string(struct import_cursor *c);
/** import_get_bytes - @n bytes as a cursor of their own */
struct import_cursor import_get_bytes(struct import_cursor *c, uint64_t n);

struct import_field {
	uint16_t offset, size; /* size 0: the event has no such field */
};

enum import_field_name {
	FIELD_PFN,
	FIELD_PAGE,
	FIELD_ORDER,
	FIELD_MIGRATETYPE,
	FIELD_GFP,
	FIELD_PERCPU_REFILL,
	FIELD_FALLBACK_ORDER,
	FIELD_FALLBACK_MIGRATETYPE,
	FIELD_CHANGE_OWNERSHIP,
	FIELD_COMMON_FLAGS,
	FIELD_COMMON_PID,
	NR_IMPORT_FIELDS
};

/** struct import_layout - one of the six events */
struct import_layout {
	uint16_t id; /* common_type of its events */
	uint8_t type; /* enum trace_event_type */
	struct import_field fields[NR_IMPORT_FIELDS];
};

/** struct import_tracing - what a source says of its kernel's events */
struct import_tracing {
	uint32_t nr_layouts;
	struct import_layout layouts[TRACE_NR_PAGE_EVENTS];
	struct import_field page_time, page_commit, page_data; /* a ring buffer page's header */
	uint32_t page_size;
};

/** import_tracing_layout - by common_type, NULL for other events */
const struct import_layout *import_tracing_layout(const struct import_tracing *t, uint16_t id);

/** import_tracing_header_page - the text of events/header_page */
void import_tracing_header_page(struct import_tracing *t, const char *text, size_t len);
/**
 * import_tracing_systems - event formats by system, as both files store them; gfp names go to @im's machine
 */
int import_tracing_systems(struct import *im, struct import_tracing *t, struct import_cursor *c,
			   struct mmr_error *err);
/**
 * import_tracing_read - header_page, header_event, ftrace formats, event formats, one behind the other
 * (perf's tracing data and trace.dat version 6, behind the page size)
 */
int import_tracing_read(struct import *im, struct import_tracing *t, struct import_cursor *c,
			struct mmr_error *err);
/** import_tracing_magic - the start of such data: magic, version text, byte order, long and page size */
int import_tracing_magic(struct import *im, struct import_tracing *t, struct import_cursor *c,
			 const char **version, struct mmr_error *err);

/**
 * import_tracing_decode - fill type, orders, types, gfp, pfn and interrupt flags of @e
 * @raw: the event's bytes from common_type on
 * @tid: set to common_pid
 */
int import_tracing_decode(struct import *im, const struct import_layout *layout, const uint8_t *raw, size_t len,
			  struct import_event *e, uint32_t *tid, struct mmr_error *err);

#endif
