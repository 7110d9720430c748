// SPDX-License-Identifier: GPL-2.0-or-later
/* What a model costs the host: resident metadata, from the host's own accounting. */
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/internal.h"

#define STRETCH_HOST_PAGES 4096

/* Which of the host's pages behind [@memory + @at, + @bytes) are resident. Return: how many were asked about.
 */
static size_t look(const void *memory, size_t at, size_t bytes, unsigned char *present)
{
	size_t host_page = (size_t)sysconf(_SC_PAGESIZE), span = STRETCH_HOST_PAGES * host_page;

	span = bytes - at < span ? bytes - at : span;
	if (mincore((char *)(uintptr_t)memory + at, span, present))
		return 0;
	return (span + host_page - 1) / host_page;
}

static uint64_t resident_bytes(const void *memory, size_t bytes)
{
	size_t host_page = (size_t)sysconf(_SC_PAGESIZE), nr;
	unsigned char present[STRETCH_HOST_PAGES];
	uint64_t resident = 0;

	for (size_t at = 0; at < bytes; at += nr * host_page) {
		nr = look(memory, at, bytes, present);
		if (!nr)
			break;
		for (size_t i = 0; i < nr; i++)
			resident += present[i] & 1 ? host_page : 0;
	}
	return resident;
}

uint64_t mmr_metadata_bytes(const struct mmr_machine *m, uint64_t *reserved)
{
	if (reserved)
		*reserved = m->pages_bytes + m->max_blocks_bytes + m->pageblocks_bytes;
	return resident_bytes(m->pages, m->pages_bytes) + resident_bytes(m->max_blocks, m->max_blocks_bytes) +
	       resident_bytes(m->pageblocks, m->pageblocks_bytes);
}

void mmr_metadata_spans(const struct mmr_machine *m, struct mmr_metadata_spans *ret)
{
	*ret = (struct mmr_metadata_spans){
		.page_records = {m->pages, m->pages_bytes},
		.max_blocks = {m->max_blocks, m->max_blocks_bytes},
		.pageblocks = {m->pageblocks, m->pageblocks_bytes},
	};
}

/* Is any byte of [@at, @end) set? Both lie on words, as a block of records and the host's pages do. */
static bool any_set(const struct mmr_machine *m, size_t at, size_t end)
{
	const uint64_t *word = (const uint64_t *)((const char *)m->pages + at);
	const uint64_t *last = (const uint64_t *)((const char *)m->pages + end);

	while (word < last && !*word)
		word++;
	return word < last;
}

/* Blocks behind whose records memory is resident, or of these the ones with a record. */
static uint64_t count_blocks(const struct mmr_machine *m, bool with_record)
{
	const size_t host_page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t block_bytes = MAX_ORDER_NR_PAGES * sizeof(struct page);
	unsigned char present[STRETCH_HOST_PAGES];
	size_t counted_end = 0, nr;
	uint64_t blocks = 0;

	_Static_assert(MAX_ORDER_NR_PAGES * sizeof(struct page) % sizeof(uint64_t) == 0, "read word by word");
	for (size_t at = 0; at < m->pages_bytes; at += nr * host_page) {
		nr = look(m->pages, at, m->pages_bytes, present);
		if (!nr)
			break;
		for (size_t i = 0; i < nr; i++) {
			size_t from = at + i * host_page, to = from + host_page, end;

			/* A block's records are two and a half of the host's smallest pages. */
			for (; present[i] & 1 && from < to; from = end) {
				end = (from / block_bytes + 1) * block_bytes;
				if (from < counted_end ||
				    (with_record && !any_set(m, from, end < to ? end : to)))
					continue;
				blocks++;
				counted_end = end;
			}
		}
	}
	return blocks;
}

uint64_t mmr_touched_pages(const struct mmr_machine *m)
{
	return count_blocks(m, false) * MAX_ORDER_NR_PAGES;
}

uint64_t mmr_pages_with_records(const struct mmr_machine *m)
{
	return count_blocks(m, true) * MAX_ORDER_NR_PAGES;
}

void mmr_expect_few_pages(struct mmr_machine *m)
{
	madvise(m->pages, m->pages_bytes, MADV_NOHUGEPAGE);
}
