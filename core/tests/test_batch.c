// SPDX-License-Identifier: GPL-2.0-or-later
/* Allocations and frees in several pieces: their order, their sizes, and what is refused. */
#include "core/batch.h"

#include <errno.h>

#include "core/tests/machines.h"

#define NR_PAGES 8192u

static struct mmr_machine *machine(const char *profile)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.nr_nodes = 2,
								  .zone_type = ZONE_NORMAL,
								  .node_pages = NR_PAGES,
								  .mark = 10,
								  .batch = 8,
								  .high_min = 1024,
								  .high_max = 1024,
								  .profile = profile});
	mmr_seed_empty(m);
	return m;
}

static uint32_t pcp_head(struct mmr_machine *m, unsigned int order, unsigned int mt)
{
	return zone_of(m, 0, ZONE_NORMAL)->per_cpu_pageset[0].lists[order_to_pindex(mt, order)].head;
}

/*
 * A batch of order 0, 2, 0. Both lines push each onto its list; but up to 6.9 the long block goes
 * before all singles. Told by what a full list does: high is set so that the second free overflows.
 *
 *   6.12   free 0, free 2 (1 + 4 >= 5: drains), free 0
 *   6.1    free 2, free 0 (4 + 1 >= 5: drains), free 0
 */
static void a_batch_before_6_10_frees_long_blocks_first(void **state)
{
	static const struct {
		const char *profile;
		uint32_t left; /* pages on the list behind the batch */
	} cases[] = {{"6.12", 1}, {"6.12,free_batch=order0", 1}, {"6.1", 1}};
	uint32_t first_drained[3];

	for (size_t i = 0; i < 3; i++) {
		struct mmr_machine *m = machine(cases[i].profile);
		struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
		struct mmr_block blocks[3];

		mmr_drain_all_pages(m);
		blocks[0] = (struct mmr_block){alloc_on(m, 0, MMR_GFP_KERNEL, 0).pfn, 0};
		blocks[1] = (struct mmr_block){alloc_on(m, 0, MMR_GFP_KERNEL, 2).pfn, 2};
		blocks[2] = (struct mmr_block){alloc_on(m, 0, MMR_GFP_KERNEL, 0).pfn, 0};
		mmr_drain_all_pages(m);
		zone->per_cpu_pageset[0].high = zone->per_cpu_pageset[0].high_min =
			zone->per_cpu_pageset[0].high_max = 5;
		assert_int_equal(mmr_free_folios(m, blocks, 3, 0, NULL), 0);
		/* One page goes at the second free, from the list of that free. */
		first_drained[i] = mmr_page_state(m, blocks[1].pfn) != MMR_PAGE_PCP;
		assert_sound(m);
		mmr_machine_destroy(m);
	}
	assert_int_equal(first_drained[0], 1); /* order 2 came second: its own list is drained */
	assert_int_equal(first_drained[1], 0); /* order 0 came second */
	assert_int_equal(first_drained[2], 0);
}

/* Blocks without a per-CPU list are in the buddy before the first single is on its list. */
static void a_batch_stops_at_what_cannot_be_freed(void **state)
{
	struct mmr_machine *m = machine(NULL);
	struct mmr_page a = alloc_on(m, 0, MMR_GFP_KERNEL, 0), b = alloc_on(m, 0, MMR_GFP_KERNEL, 5);
	const struct mmr_block twice[] = {{a.pfn, 0}, {b.pfn, 5}, {a.pfn, 0}};
	struct mmr_error err;

	assert_int_equal(mmr_free_folios(m, twice, 3, 0, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "double free"));
	assert_int_not_equal(mmr_page_state(m, b.pfn), MMR_PAGE_ALLOCATED); /* in the buddy already */
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*
 *   asked   5 of 8:   |p p p p p|. . .|     p is ours, page by page
 *   the three too many go to the buddy at once, order 0 and then merged: 5, and 6-7
 */
static void an_exact_allocation_returns_the_rest(void **state)
{
	struct mmr_machine *m = machine(NULL);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE};
	struct mmr_page page = mmr_alloc_pages_exact(m, &req, 5);
	struct mmr_error err;

	assert_int_equal(page.pfn % 8, 0);
	assert_free_list(m, zone, 0, MIGRATE_UNMOVABLE, page.pfn + 5);
	assert_int_equal(zone->free_area[1].free_list[MIGRATE_UNMOVABLE].tail, page.pfn + 6);
	assert_sound(m);
	/* Freed ascending, so the last one is on top of the list. */
	assert_int_equal(mmr_free_pages_exact(m, page.pfn, 5, 0, NULL), 0);
	assert_int_equal(pcp_head(m, 0, MIGRATE_UNMOVABLE), page.pfn + 4);
	assert_int_equal(mmr_free_pages_exact(m, page.pfn, 5, 0, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "double free"));
	assert_int_equal(mmr_alloc_pages_exact(m, &req, 0).pfn, MMR_NO_PFN);
	assert_int_equal(mmr_alloc_pages_exact(m, &req, 1025).pfn, MMR_NO_PFN);
	assert_int_equal(mmr_alloc_pages_exact(m, &req, 1024).pfn % 1024, 0);
	mmr_machine_destroy(m);
}

/*
 *   order 3, first page held:   |h|f|ff|ffff|   freed as order 2, then 1, then 0
 */
static void all_but_the_first_page_goes_in_halves(void **state)
{
	struct mmr_machine *m = machine(NULL);
	struct mmr_page page = alloc_on(m, 0, MMR_GFP_KERNEL, 3);
	struct mmr_error err;

	assert_int_equal(mmr_free_pages_but_first(m, page.pfn, 3, 0, NULL), 0);
	assert_int_equal(pcp_head(m, 2, MIGRATE_UNMOVABLE), page.pfn + 4);
	assert_int_equal(pcp_head(m, 1, MIGRATE_UNMOVABLE), page.pfn + 2);
	assert_int_equal(pcp_head(m, 0, MIGRATE_UNMOVABLE), page.pfn + 1);
	assert_int_equal(mmr_page_state(m, page.pfn), MMR_PAGE_ALLOCATED);
	assert_sound(m);
	assert_int_equal(mmr_free_pages_but_first(m, page.pfn, 3, 0, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "allocated with order 0"));
	assert_int_equal(mmr_free_pages(m, page.pfn, 0, 0, NULL), 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*
 * 13 pages from 3 on, one order-4 block cut up:
 *
 *   pfn     0  1  2 | 3 | 4 .. 7 | 8 .. 15
 *   7.3       kept  | 0 |   2    |    3         pieces, low to high, each as long as its place allows
 *   6.18      kept  | thirteen single frees
 */
static void neighbours_are_freed_together_since_7_2(void **state)
{
	static const char *const profiles[] = {"7.3", "6.18", "6.18,contig_free=pieces"};

	for (size_t i = 0; i < 3; i++) {
		struct mmr_machine *m = machine(profiles[i]);
		struct mmr_page page = alloc_on(m, 0, MMR_GFP_KERNEL, 4);
		bool pieces = i != 1;

		assert_int_equal(page.pfn % 16, 0);
		assert_int_equal(mmr_split_page(m, page.pfn, 4, 0), 0);
		assert_int_equal(mmr_free_contig_range(m, page.pfn + 3, 13, 0), 0);
		assert_int_equal(pcp_head(m, 0, MIGRATE_UNMOVABLE), page.pfn + (pieces ? 3 : 15));
		assert_int_equal(pcp_head(m, 2, MIGRATE_UNMOVABLE), pieces ? page.pfn + 4 : MMR_NO_PFN);
		assert_int_equal(pcp_head(m, 3, MIGRATE_UNMOVABLE), pieces ? page.pfn + 8 : MMR_NO_PFN);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* vfree() of an area whose pages came in two blocks: what touches is joined, across the two as well. */
static void vfree_joins_pages_of_different_blocks(void **state)
{
	struct mmr_machine *m = machine("7.3");
	struct mmr_page a = alloc_on(m, 0, MMR_GFP_KERNEL, 4), b = alloc_on(m, 0, MMR_GFP_KERNEL, 4);
	uint32_t low = a.pfn < b.pfn ? a.pfn : b.pfn, pfns[33];

	assert_int_equal(low + 16, a.pfn < b.pfn ? b.pfn : a.pfn);
	assert_int_equal(low % 32, 0);
	mmr_split_page(m, a.pfn, 4, 0);
	mmr_split_page(m, b.pfn, 4, 0);
	for (uint32_t i = 0; i < 32; i++)
		pfns[i] = low + i;
	pfns[32] = low; /* again: refused, the rest is freed */
	assert_int_equal(mmr_free_pages_bulk(m, pfns, 33, 0, NULL), -EINVAL);
	assert_int_equal(zone_of(m, 0, ZONE_NORMAL)->per_cpu_pageset[0].count, 0); /* order 5 has no list */
	assert_int_equal(zone_list_pages(zone_of(m, 0, ZONE_NORMAL), true), NR_PAGES);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*
 * 375 pages, 1.5 MB. 7.3: orders 8, 6, 5, 4, 2, 1, 0 (256 + 64 + 32 + 16 + 4 + 2 + 1); before, three
 * bulk requests of 100 and one of 75, through the per-CPU list.
 */
static void vmalloc_asks_for_large_blocks_first_since_7_x(void **state)
{
	static const char *const profiles[] = {"7.3", "6.18"};

	for (size_t i = 0; i < 2; i++) {
		struct mmr_machine *m = machine(profiles[i]);
		struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE};
		struct per_cpu_zonestat *stat = &zone_of(m, 0, ZONE_NORMAL)->per_cpu_zonestats[0];
		uint32_t pfns[375];

		assert_int_equal(mmr_vmalloc(m, &req, 375, pfns), 375);
		for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++)
			assert_int_equal(stat->nr_allocs[order], i ? (order ? 0 : 375) : 375u >> order & 1);
		for (int k = 0; k < 375; k++)
			assert_int_equal(mmr_page_state(m, pfns[k]), MMR_PAGE_ALLOCATED);
		assert_sound(m);
		assert_int_equal(mmr_free_pages_bulk(m, pfns, 375, 0, NULL), 0);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* More than there is: what could be had is told, and nothing is lost. */
static void vmalloc_tells_how_far_it_came(void **state)
{
	static uint32_t pfns[4 * NR_PAGES];
	static const char *const profiles[] = {"7.3", "6.1"};

	for (size_t i = 0; i < 2; i++) {
		struct mmr_machine *m = machine(profiles[i]);
		struct mmr_request req = {.gfp = MMR_GFP_KERNEL | MMR_GFP_NOWARN, .nid = NUMA_NO_NODE};
		unsigned int got = mmr_vmalloc(m, &req, 4 * NR_PAGES, pfns);

		assert_in_range(got, 2 * NR_PAGES - 64, 2 * NR_PAGES - 20);
		assert_sound(m);
		assert_int_equal(mmr_free_pages_bulk(m, pfns, got, 0, NULL), 0);
		mmr_drain_all_pages(m);
		assert_sound(m);
		assert_int_equal(zone_list_pages(zone_of(m, 1, ZONE_NORMAL), true), NR_PAGES);
		mmr_machine_destroy(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_before_6_10_frees_long_blocks_first),
		cmocka_unit_test(a_batch_stops_at_what_cannot_be_freed),
		cmocka_unit_test(an_exact_allocation_returns_the_rest),
		cmocka_unit_test(all_but_the_first_page_goes_in_halves),
		cmocka_unit_test(neighbours_are_freed_together_since_7_2),
		cmocka_unit_test(vfree_joins_pages_of_different_blocks),
		cmocka_unit_test(vmalloc_asks_for_large_blocks_first_since_7_x),
		cmocka_unit_test(vmalloc_tells_how_far_it_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
