// SPDX-License-Identifier: GPL-2.0-or-later
/* Fragmentation measures. */
#include "replay/result/fragmentation.h"

uint64_t free_pages_at(const uint32_t *nr_free, unsigned int order)
{
	uint64_t pages = 0;

	for (; order < NR_PAGE_ORDERS; order++)
		pages += (uint64_t)nr_free[order] << order;
	return pages;
}

double unusable_index(const uint32_t *nr_free, unsigned int order)
{
	uint64_t total = free_pages_at(nr_free, 0);

	return total ? (double)(total - free_pages_at(nr_free, order)) / (double)total : 0.0;
}

double extfrag_index(const uint32_t *nr_free, unsigned int order)
{
	uint64_t blocks = 0;

	if (free_pages_at(nr_free, order))
		return -1.0;
	for (unsigned int o = 0; o < order; o++)
		blocks += nr_free[o];
	if (!blocks)
		return 0.0;
	return 1.0 - (1.0 + (double)free_pages_at(nr_free, 0) / (double)(1u << order)) / (double)blocks;
}
