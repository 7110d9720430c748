// SPDX-License-Identifier: GPL-2.0-or-later
/* Allocations and frees in several pieces. */
#include "core/batch.h"

#include <errno.h>

#include "core/internal.h"

#define PAGES_PER_SECTION (1u << 15) /* 128 MiB: memmap is contiguous only within one, x86-64 */

static bool allocated_with_order(const struct mmr_machine *m, uint32_t pfn, unsigned int order)
{
	uint32_t tag = pfn < m->end_pfn ? shared_read(m->pages[pfn].tag) : 0;

	return tag_state(tag) == PAGE_ALLOCATED && tag_order(tag) == order;
}

static unsigned int floor_log2(uint32_t x)
{
	return 31 - (unsigned int)__builtin_clz(x);
}

/* ---- a batch of folios ------------------------------------------------------------------------ */

/* Does this block wait for the second pass? */
static bool second_pass(const struct mmr_machine *m, const struct mmr_block *block)
{
	if (m->profile.free_batch == FREE_BATCH_ORDER_0)
		return !block->order;
	return pcp_allowed_order(block->order);
}

static int free_pass(struct mmr_machine *m, const struct mmr_block *blocks, unsigned int nr, unsigned int cpu,
		     bool second, struct mmr_error *err)
{
	for (unsigned int i = 0; i < nr; i++) {
		int rc;

		if (blocks[i].order > MAX_PAGE_ORDER || second_pass(m, &blocks[i]) != second)
			continue;
		rc = mmr_free_pages(m, blocks[i].pfn, blocks[i].order, cpu, NULL);
		if (!rc)
			continue;
		if (!mmr_free_check(m, blocks[i].pfn, blocks[i].order, err))
			mmr_err(err, rc, "batch: cpu %u cannot free", cpu);
		return rc;
	}
	return 0;
}

int mmr_free_folios(struct mmr_machine *m, const struct mmr_block *blocks, unsigned int nr, unsigned int cpu,
		    struct mmr_error *err)
{
	int rc;

	for (unsigned int i = 0; i < nr; i++) {
		if (blocks[i].order > MAX_PAGE_ORDER)
			return mmr_free_check(m, blocks[i].pfn, blocks[i].order, err);
	}
	rc = free_pass(m, blocks, nr, cpu, false, err);
	return rc ? rc : free_pass(m, blocks, nr, cpu, true, err);
}

/* ---- exact sizes ------------------------------------------------------------------------------ */

struct mmr_page mmr_alloc_pages_exact(struct mmr_machine *m, const struct mmr_request *asked,
				      unsigned int nr_pages)
{
	struct mmr_page page = {.pfn = MMR_NO_PFN, .path = MMR_PATH_FAILED};
	struct mmr_request req = *asked;

	if (!nr_pages || nr_pages > MAX_ORDER_NR_PAGES)
		return page;
	req.order = (uint8_t)(nr_pages == 1 ? 0 : floor_log2(nr_pages - 1) + 1);
	page = mmr_alloc_pages(m, &req);
	if (page.pfn == MMR_NO_PFN)
		return page;
	mmr_split_page(m, page.pfn, req.order, 0);
	for (uint32_t pfn = page.pfn + nr_pages; pfn < page.pfn + (1u << req.order); pfn++)
		mmr_free_pages_ok(m, pfn, 0, req.cpu, true);
	return page;
}

static int free_single(struct mmr_machine *m, uint32_t pfn, unsigned int cpu, struct mmr_error *err)
{
	int rc = mmr_free_pages(m, pfn, 0, cpu, NULL);

	if (rc && !mmr_free_check(m, pfn, 0, err))
		mmr_err(err, rc, "free of pfn %u order 0: cpu %u cannot free", pfn, cpu);
	return rc;
}

int mmr_free_pages_exact(struct mmr_machine *m, uint32_t pfn, unsigned int nr_pages, unsigned int cpu,
			 struct mmr_error *err)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < nr_pages; i++)
		rc = free_single(m, pfn + i, cpu, err);
	return rc;
}

int mmr_free_pages_but_first(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu,
			     struct mmr_error *err)
{
	uint32_t tag;
	int rc = mmr_free_check(m, pfn, order, err);

	if (rc)
		return rc;
	if (!allocated_with_order(m, pfn, order) || !mmr_cpu_online(m, cpu))
		return mmr_err(
			err, -EINVAL,
			"free of pfn %u order %u but its first page by cpu %u: expected a block the model "
			"handed out, and an online cpu",
			pfn, order, cpu);
	tag = m->pages[pfn].tag;
	shared_set(m->pages[pfn].tag, page_tag(tag_zone(tag), 0, PAGE_ALLOCATED, tag_type(tag)));
	while (order--) {
		uint32_t upper = pfn + (1u << order);

		shared_set(m->pages[upper].tag, page_tag(tag_zone(tag), order, PAGE_ALLOCATED, tag_type(tag)));
		mmr_free_pages(m, upper, order, cpu, NULL);
	}
	return 0;
}

/* ---- neighbours together ----------------------------------------------------------------------- */

/* How many of @nr pages from @pfn on are ours, of order 0, in one zone and one section? */
static uint32_t run_of_pages(const struct mmr_machine *m, uint32_t pfn, uint32_t nr)
{
	uint32_t end = (pfn & ~(PAGES_PER_SECTION - 1)) + PAGES_PER_SECTION, at = pfn;
	unsigned int zone_tag = tag_zone(m->pages[pfn].tag);

	nr = end - pfn < nr ? end - pfn : nr;
	while (at < pfn + nr && allocated_with_order(m, at, 0) && tag_zone(m->pages[at].tag) == zone_tag)
		at++;
	return at - pfn;
}

/*
 * In blocks as large as place and number allow. Each becomes one block before it is freed; their
 * single pages have no records any more.
 * Source: free_prepared_contig_range() and its callers, mm/page_alloc.c, v7.2.
 */
static void free_run(struct mmr_machine *m, uint32_t pfn, uint32_t nr, unsigned int cpu)
{
	while (nr) {
		unsigned int order = pfn ? (unsigned int)__builtin_ctz(pfn) : MAX_PAGE_ORDER;
		uint32_t tag = m->pages[pfn].tag;

		order = order < floor_log2(nr) ? order : floor_log2(nr);
		order = order < MAX_PAGE_ORDER ? order : MAX_PAGE_ORDER;
		for (uint32_t at = pfn + 1; at < pfn + (1u << order); at++)
			shared_set(m->pages[at].tag, 0);
		shared_set(m->pages[pfn].tag, page_tag(tag_zone(tag), order, PAGE_ALLOCATED, tag_type(tag)));
		mmr_free_pages(m, pfn, order, cpu, NULL);
		pfn += 1u << order;
		nr -= 1u << order;
	}
}

/* Pages [pfn, pfn + nr), by the axis' rule. Pages the model did not hand out go one by one. */
static int free_range(struct mmr_machine *m, uint32_t pfn, uint32_t nr, unsigned int cpu, struct mmr_error *err)
{
	bool pieces = m->profile.contig_free == CONTIG_FREE_PIECES && mmr_cpu_online(m, cpu);

	while (nr) {
		uint32_t run = pieces && allocated_with_order(m, pfn, 0) ? run_of_pages(m, pfn, nr) : 0;

		if (run) {
			free_run(m, pfn, run, cpu);
		} else {
			int rc = free_single(m, pfn, cpu, err);

			if (rc)
				return rc;
			run = 1;
		}
		pfn += run;
		nr -= run;
	}
	return 0;
}

int mmr_free_contig_range(struct mmr_machine *m, uint32_t pfn, uint32_t nr_pages, unsigned int cpu)
{
	return free_range(m, pfn, nr_pages, cpu, NULL);
}

int mmr_free_pages_bulk(struct mmr_machine *m, const uint32_t *pfns, unsigned int nr, unsigned int cpu,
			struct mmr_error *err)
{
	for (unsigned int i = 0, run; i < nr; i += run) {
		int rc;

		for (run = 1; i + run < nr && pfns[i + run] == pfns[i] + run; run++)
			;
		rc = free_range(m, pfns[i], run, cpu, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- vmalloc ---------------------------------------------------------------------------------- */

/*
 * Largest blocks first, cut into pages; an order that failed is not asked for again.
 * Return: pages obtained.  Source: vm_area_alloc_pages(), mm/vmalloc.c, v7.3.
 */
static unsigned int vmalloc_large_first(struct mmr_machine *m, const struct mmr_request *asked,
					unsigned int nr_pages, uint32_t *pfns)
{
	unsigned int cap = floor_log2(nr_pages), got = 0, order;
	struct mmr_request req = *asked;

	req.gfp = (asked->gfp | MMR_GFP_NOWARN) & ~(MMR_GFP_DIRECT_RECLAIM | MMR_GFP_NOFAIL);
	cap = cap < MAX_PAGE_ORDER ? cap : MAX_PAGE_ORDER;
	for (order = cap; order && got < nr_pages;) {
		struct mmr_page page;

		req.order = (uint8_t)order;
		page = mmr_alloc_pages(m, &req);
		if (page.pfn == MMR_NO_PFN) {
			cap = --order;
			continue;
		}
		mmr_split_page(m, page.pfn, order, 0);
		for (uint32_t i = 0; i < 1u << order; i++)
			pfns[got++] = page.pfn + i;
		if (got == nr_pages)
			break;
		order = floor_log2(nr_pages - got);
		order = order < cap ? order : cap;
	}
	return got;
}

unsigned int mmr_vmalloc(struct mmr_machine *m, const struct mmr_request *asked, unsigned int nr_pages,
			 uint32_t *pfns)
{
	struct mmr_request req = *asked;
	unsigned int got = 0;

	if (!nr_pages)
		return 0;
	req.order = 0;
	if (m->profile.vmalloc == VMALLOC_LARGE_FIRST)
		got = vmalloc_large_first(m, &req, nr_pages, pfns);
	while (got < nr_pages) {
		unsigned int want =
			nr_pages - got < MMR_VMALLOC_BULK_MAX ? nr_pages - got : MMR_VMALLOC_BULK_MAX;
		unsigned int nr = mmr_alloc_pages_bulk(m, &req, want, 0, pfns + got);

		got += nr;
		if (nr != want)
			break;
	}
	for (; got < nr_pages; got++) {
		pfns[got] = mmr_alloc_pages(m, &req).pfn;
		if (pfns[got] == MMR_NO_PFN)
			break;
	}
	return got;
}
