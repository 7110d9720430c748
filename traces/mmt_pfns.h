/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A block's pfns, grouped by event type, as new ones and copies. Page allocators hand the same
 * pages out again and again: what is freed was allocated in that order, what is allocated was
 * freed in the opposite order, a batched free names the same pages once more. So a stretch of
 * pfns is mostly an earlier stretch, forwards or backwards; general compressors find only the first.
 */
#ifndef MMR_TRACES_MMT_PFNS_H
#define MMR_TRACES_MMT_PFNS_H

#include "traces/mmt_bytes.h"

struct mmt_pfn_finder;
struct mmt_pfn_finder *mmt_pfn_finder_create(void);
void mmt_pfn_finder_destroy(struct mmt_pfn_finder *f);

/**
 * mmt_put_pfns - @nr pfns as the two columns PFN_NEW and PFN_COPIES
 * Return: false where there is no memory
 */
bool mmt_put_pfns(struct mmt_pfn_finder *f, struct mmt_buf *fresh, struct mmt_buf *copies, const uint32_t *pfns,
		  uint32_t nr);

/**
 * mmt_get_pfns - the @nr pfns again, or at least the first @needed of them
 * @overflow: set where the failure is a pfn above 32 bits
 * Return: NULL, or one phrase that says what cannot be; of what is behind @needed nothing is said
 */
const char *mmt_get_pfns(struct mmt_cursor *fresh, struct mmt_cursor *copies, uint32_t *pfns, uint32_t nr,
			 uint32_t needed, bool *overflow);

#endif
