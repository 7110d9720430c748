/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of the kernel's trace ring buffer, as tracefs hands them out and trace.dat keeps them. */
#ifndef MMR_TRACES_IMPORT_RING_H
#define MMR_TRACES_IMPORT_RING_H

#include "traces/import/import_tracing.h"

/** struct import_ring_event - @data from common_type on */
struct import_ring_event {
	uint64_t ts, offset;
	const uint8_t *data;
	size_t len;
};

/** struct import_ring - what to do with a CPU's pages */
struct import_ring {
	struct import *im;
	const struct import_tracing *tracing;
	int (*event)(void *ctx, const struct import_ring_event *e, struct mmr_error *err);
	/** @nr events are missing before @ts; 0 where the kernel did not count them */
	int (*missed)(void *ctx, uint64_t ts, uint64_t nr, struct mmr_error *err);
	void *ctx;
};

/**
 * import_ring_page - all events of one page
 * @len: bytes there are, at most a page
 * @offset: of the page in the source, for messages
 */
int import_ring_page(const struct import_ring *ring, const uint8_t *page, size_t len, uint64_t offset,
		     struct mmr_error *err);

#endif
