/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocations and frees that come in several pieces: batches of folios, exact sizes, vmalloc areas,
 * ranges. In what order and in which pieces they enter the allocator is what these calls are about;
 * each piece then goes the way of a single one.
 */
#ifndef MMR_CORE_BATCH_H
#define MMR_CORE_BATCH_H

#include "core/page_alloc.h"

#define MMR_FOLIO_BATCH_MAX                                                                                    \
	31 /* folios of a batch. Source: PAGEVEC_SIZE, include/linux/pagevec.h, since 6.9                      \
	    */

#define MMR_VMALLOC_BULK_MAX                                                                                   \
	100 /* pages that vmalloc() asks alloc_pages_bulk() for at once. Source: vm_area_alloc_pages(), v6.12  \
	     */

/**
 * mmr_free_folios - give back a batch, as unmapping and the LRU lists do
 * @blocks: blocks[nr], in the batch's order
 * @nr: any number; the kernel's batches have up to MMR_FOLIO_BATCH_MAX
 *
 * What has no per-CPU list goes to the buddy in a first pass, the rest to the lists in a second. Up to
 * 6.9 only order 0 waits for the second pass (axis free_batch).
 * Context: one thread per @cpu.
 * Return: 0; -EINVAL at the first block that cannot be freed, those that were reached stay freed.
 * Source: free_unref_folios(), mm/page_alloc.c, v6.12; release_pages(), mm/swap.c, v6.1.
 */
int mmr_free_folios(struct mmr_machine *m, const struct mmr_block *blocks, unsigned int nr, unsigned int cpu,
		    struct mmr_error *err);

/**
 * mmr_alloc_pages_exact - @nr_pages contiguous pages, when that is no power of two
 * @req: its order is set from @nr_pages
 *
 * A block long enough is allocated and cut into single pages; those too many go back at once, each to
 * the buddy and to the tail of its list.
 * Return: the first page; .pfn MMR_NO_PFN where there is no block, or @nr_pages is not 1 .. 1024.
 * Source: alloc_pages_exact_noprof(), make_alloc_exact(), mm/page_alloc.c, v6.12.
 */
struct mmr_page mmr_alloc_pages_exact(struct mmr_machine *m, const struct mmr_request *req,
				      unsigned int nr_pages);
/**
 * mmr_free_pages_exact - page by page, ascending
 * Return: 0; -EINVAL at the first page that cannot be freed, those before stay freed.
 * Source: free_pages_exact(), mm/page_alloc.c, v6.12.
 */
int mmr_free_pages_exact(struct mmr_machine *m, uint32_t pfn, unsigned int nr_pages, unsigned int cpu,
			 struct mmr_error *err);

/**
 * mmr_free_pages_but_first - free a block of which somebody still holds the first page
 *
 * The upper half goes first, then the upper half of what is left, and so on; the first page stays
 * allocated, as one of order 0.
 * Return: 0; -EINVAL where the block cannot be freed, nothing is changed then.
 * Source: __free_pages() of a page that is not compound, mm/page_alloc.c, v6.12.
 */
int mmr_free_pages_but_first(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu,
			     struct mmr_error *err);

/**
 * mmr_vmalloc - the pages of a vmalloc area, each of order 0 afterwards
 * @req: its order is ignored; not movable, as no such area is: reclaim could take it back during the call
 * @pfns: pfns[nr_pages], ascending only as far as they came in one block
 *
 * In bulk requests, or since 7.x largest blocks first (axis vmalloc).
 * Return: how many there are; fewer than @nr_pages where memory is short. The caller frees them.
 * Source: vm_area_alloc_pages(), mm/vmalloc.c, v6.12 and v7.3.
 */
unsigned int mmr_vmalloc(struct mmr_machine *m, const struct mmr_request *req, unsigned int nr_pages,
			 uint32_t *pfns);
/**
 * mmr_free_pages_bulk - pages of order 0, as vfree() gives back its area
 * @pfns: pfns[nr]
 *
 * One by one, or since 7.2 neighbours together in the largest aligned blocks (axis contig_free).
 * Return: 0; -EINVAL at the first page that cannot be freed, those before stay freed.
 * Source: vfree(), mm/vmalloc.c, v6.12; free_pages_bulk(), mm/page_alloc.c, v7.2.
 */
int mmr_free_pages_bulk(struct mmr_machine *m, const uint32_t *pfns, unsigned int nr, unsigned int cpu,
			struct mmr_error *err);

#endif
