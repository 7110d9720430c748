/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fragmentation measures of one zone's free lists. */
#ifndef MMR_REPLAY_FRAGMENTATION_H
#define MMR_REPLAY_FRAGMENTATION_H

#include <stdint.h>

#include "core/mm_types.h"

/**
 * unusable_index - share of free memory that cannot serve a request of @order
 * @nr_free: free blocks by order, nr_free[NR_PAGE_ORDERS]
 * Return: 0 (all usable, or nothing free) .. 1.
 * Source: unusable_show_print(), mm/vmstat.c; Gorman and Whitcroft 2005, "free space unusable index".
 */
double unusable_index(const uint32_t *nr_free, unsigned int order);

/**
 * extfrag_index - does an allocation of @order fail for lack of memory (0) or for fragmentation (1)?
 * Return: -1 where a suitable block is free, else 1 - (1 + free pages / 2^order) / free blocks;
 *	0 where nothing is free.
 * Source: __fragmentation_index(), mm/vmstat.c; Gorman and Healy, ISMM 2008.
 */
double extfrag_index(const uint32_t *nr_free, unsigned int order);

/** free_pages_at - free pages in blocks of at least @order */
uint64_t free_pages_at(const uint32_t *nr_free, unsigned int order);

#endif
