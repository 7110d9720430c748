// SPDX-License-Identifier: GPL-2.0-or-later
/* What a model costs the host: resident metadata, from the host's own accounting. */
#include <sys/mman.h>
#include <unistd.h>

#include "core/internal.h"

struct residency {
	uint64_t bytes; /* resident */
	uint64_t nr_stretches; /* of stretch_bytes, with at least one resident host page */
};

/* Walk @memory host page by host page; a stretch is counted once, however much of it is resident. */
static struct residency residency(void *memory, size_t bytes, size_t stretch_bytes)
{
	size_t host_page = (size_t)sysconf(_SC_PAGESIZE), last_stretch = SIZE_MAX;
	unsigned char present[4096];
	struct residency r = {0};

	for (size_t at = 0; at < bytes; at += sizeof(present) * host_page) {
		size_t left = bytes - at, span = sizeof(present) * host_page;

		span = left < span ? left : span;
		if (mincore((char *)memory + at, span, present))
			break;
		for (size_t i = 0; i < (span + host_page - 1) / host_page; i++) {
			size_t first = (at + i * host_page) / stretch_bytes;
			size_t end = (at + (i + 1) * host_page - 1) / stretch_bytes + 1;

			if (!(present[i] & 1))
				continue;
			r.bytes += host_page;
			if (first == last_stretch)
				first++;
			if (end > first) {
				r.nr_stretches += end - first;
				last_stretch = end - 1;
			}
		}
	}
	return r;
}

uint64_t mmr_metadata_bytes(const struct mmr_machine *m, uint64_t *reserved)
{
	if (reserved)
		*reserved = m->pages_bytes + m->max_blocks_bytes + m->pageblocks_bytes;
	return residency(m->pages, m->pages_bytes, m->pages_bytes).bytes +
	       residency(m->max_blocks, m->max_blocks_bytes, m->max_blocks_bytes).bytes +
	       residency(m->pageblocks, m->pageblocks_bytes, m->pageblocks_bytes).bytes;
}

uint64_t mmr_touched_pages(const struct mmr_machine *m)
{
	const size_t block_bytes = MAX_ORDER_NR_PAGES * sizeof(struct page);

	return residency(m->pages, m->pages_bytes, block_bytes).nr_stretches * MAX_ORDER_NR_PAGES;
}
