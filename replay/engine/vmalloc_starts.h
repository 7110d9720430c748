/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the vmalloc() areas of a recording begin, whose kernel asked for them page by page. One call follows
 * the other without a sign; but vfree() gives an area's pages back in the order in which they came, one after
 * the other, and so tells which had been asked for together.
 */
#ifndef MMR_REPLAY_VMALLOC_STARTS_H
#define MMR_REPLAY_VMALLOC_STARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "traces/trace_reader.h"

/** struct vmalloc_starts - first pages of areas: @starts[@nr], by time */
struct vmalloc_starts {
	struct vmalloc_start {
		uint64_t ts_ns;
		uint32_t pfn;
	} * starts;
	size_t nr, room;
};

/**
 * vmalloc_starts_read - read through a recording for them; the reader is rewound before and after
 * @end_pfn: above its page frames
 *
 * Of pages that stay in use until its end, time tells: a call's pages are recorded in one go.
 * Return: 0; -EBADMSG a damaged recording; -ENOMEM.
 */
int vmalloc_starts_read(struct trace_reader *reader, uint32_t end_pfn, struct vmalloc_starts *ret,
			struct mmr_error *err);
void vmalloc_starts_deinit(struct vmalloc_starts *starts);
/** vmalloc_starts_has - does an area begin with the page at @pfn that was asked for at @ts_ns? */
bool vmalloc_starts_has(const struct vmalloc_starts *starts, uint64_t ts_ns, uint32_t pfn);

#endif
