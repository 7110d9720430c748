// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests and frees through the public interface: where they go, and what is refused. */
#include <errno.h>
#include <sys/resource.h>
#include <time.h>

#include "core/tests/machines.h"

static struct mmr_machine *two_nodes(uint32_t mark)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.nr_nodes = 2,
								  .cpus_per_node = 2,
								  .zone_type = ZONE_NORMAL,
								  .node_pages = 8192,
								  .mark = mark,
								  .batch = 8,
								  .high_min = 64,
								  .high_max = 64});
	mmr_seed_empty(m);
	return m;
}

/* Take order-10 blocks of @nid until its zone is at its low mark. */
static void exhaust(struct mmr_machine *m, int nid)
{
	struct mmr_request req = {.gfp = MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_THISNODE | MMR_GFP_NOWARN,
				  .nid = (int16_t)nid};

	req.gfp &= ~MMR_GFP_RECLAIM;
	for (int order = MAX_PAGE_ORDER; order >= 0; order--) {
		req.order = (uint8_t)order;
		while (mmr_alloc_pages(m, &req).pfn != MMR_NO_PFN)
			;
	}
}

static void a_request_is_served_by_its_cpus_node(void **state)
{
	struct mmr_machine *m = two_nodes(50);
	struct mmr_request req = {.gfp = MMR_GFP_HIGHUSER_MOVABLE, .cpu = 3, .nid = NUMA_NO_NODE};
	struct mmr_counters c;

	assert_int_equal(mmr_alloc_pages(m, &req).nid, 1);
	req.nid = 0;
	assert_int_equal(mmr_alloc_pages(m, &req).nid, 0);
	mmr_counters_read(m, &c);
	assert_int_equal(c.numa_hit, 2);
	assert_int_equal(c.numa_local, 1);
	assert_int_equal(c.numa_other, 1);
	assert_int_equal(c.distance_sum, 10 + 20);
	assert_int_equal(c.path[MMR_PATH_PCP_REFILL], 2);
	mmr_machine_destroy(m);
}

static void a_full_node_sends_requests_to_the_next(void **state)
{
	struct mmr_machine *m = two_nodes(50);
	struct mmr_counters c;
	struct mmr_page page;

	exhaust(m, 0);
	page = alloc_on(m, 0, MMR_GFP_KERNEL, 0);
	assert_int_equal(page.nid, 1);
	mmr_counters_read(m, &c);
	assert_int_equal(c.numa_miss, 1);
	assert_int_equal(c.numa_foreign, 1);
	assert_int_equal(c.node_fallback, 1);
	assert_true(c.watermark_failures[0] > 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

static void thisnode_does_not_fall_back(void **state)
{
	struct mmr_machine *m = two_nodes(50);

	exhaust(m, 0);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_NOWAIT_MASK | MMR_GFP_THISNODE | MMR_GFP_NOMEMALLOC, 4).pfn,
			 MMR_NO_PFN);
	mmr_machine_destroy(m);
}

/* Between low and min the slow path serves; below min only those with a right to the reserves. */
static void reserves_are_for_those_who_may(void **state)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
								  .node_pages = 8192,
								  .mark = 400,
								  .batch = 1,
								  .high_min = 1,
								  .high_max = 1});
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE};
	struct mmr_page page = {0};
	struct mmr_counters c;

	mmr_seed_empty(m);
	while ((page = mmr_alloc_pages(m, &req)).pfn != MMR_NO_PFN && page.path != MMR_PATH_SLOWPATH)
		;
	assert_int_equal(page.path, MMR_PATH_SLOWPATH);
	mmr_counters_read(m, &c);
	assert_int_equal(c.kswapd_wakeups, 1);
	while (mmr_alloc_pages(m, &req).pfn != MMR_NO_PFN)
		;
	req.gfp = MMR_GFP_ATOMIC_MASK;
	assert_true(mmr_alloc_pages(m, &req).pfn != MMR_NO_PFN);
	while (mmr_alloc_pages(m, &req).pfn != MMR_NO_PFN)
		;
	req.gfp = MMR_GFP_KERNEL;
	req.pf_memalloc = true;
	assert_true(mmr_alloc_pages(m, &req).pfn != MMR_NO_PFN);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*  GFP_ATOMIC of order 2 out of the slow path sets its pageblock aside; a request that finds
 *  nothing else gives it back. The zone must have more than 512 × 100 pages. */
static void highatomic_blocks_are_reserved_and_given_back(void **state)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
								  .node_pages = MIB_PAGES(256),
								  .mark = 2000,
								  .batch = 8,
								  .high_min = 8,
								  .high_max = 8});
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL & ~MMR_GFP_RECLAIM, .nid = NUMA_NO_NODE, .order = 10};
	struct mmr_page page;
	struct alloc_context ac;

	mmr_seed_empty(m);
	while (zone->vm_stat_free > 4100 + 1023)
		assert_true(mmr_alloc_pages(m, &req).pfn != MMR_NO_PFN);
	req = (struct mmr_request){.gfp = MMR_GFP_KERNEL & ~MMR_GFP_RECLAIM, .nid = NUMA_NO_NODE, .order = 5};
	while (zone->vm_stat_free > 4000)
		assert_true(mmr_alloc_pages(m, &req).pfn != MMR_NO_PFN);
	page = alloc_on(m, 0, MMR_GFP_ATOMIC_MASK, 2);
	assert_int_equal(page.path, MMR_PATH_SLOWPATH);
	assert_int_equal(zone->nr_reserved_highatomic, 512);
	assert_int_equal(get_pageblock_migratetype(m, page.pfn), MIGRATE_HIGHATOMIC);
	assert_true(zone->nr_free_highatomic > 0);
	assert_sound(m);

	ac = (struct alloc_context){.zonelist = &m->nodes[0].node_zonelists[ZONELIST_FALLBACK],
				    .highest_zoneidx = ZONE_NORMAL,
				    .migratetype = MIGRATE_MOVABLE};
	assert_false(unreserve_highatomic_pageblock(&m->cpus[0], &ac, false));
	assert_true(unreserve_highatomic_pageblock(&m->cpus[0], &ac, true));
	assert_int_equal(zone->nr_reserved_highatomic, 0);
	assert_int_equal(get_pageblock_migratetype(m, page.pfn), MIGRATE_MOVABLE);
	assert_int_equal(zone->nr_free_highatomic, 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* ---- wrong requests and frees ----------------------------------------------------------------- */

static void impossible_requests_are_named(void **state)
{
	static const struct {
		struct mmr_request req;
		const char *says;
	} cases[] = {
		{{.gfp = MMR_GFP_KERNEL, .order = 11}, "order 11, expected at most 10"},
		{{.gfp = 0x80000000}, "unknown bits 0x80000000"},
		{{.gfp = MMR_GFP_DMA | MMR_GFP_DMA32}, "zone modifiers 0x5"},
		{{.gfp = MMR_GFP_MOVABLE | MMR_GFP_RECLAIMABLE}, "both movable and reclaimable"},
		{{.gfp = MMR_GFP_KERNEL, .cpu = 4}, "cpu 4, the machine has 0..3"},
		{{.gfp = MMR_GFP_KERNEL, .nid = 2}, "node 2, the machine has 0..1"},
		{{.gfp = MMR_GFP_KERNEL, .nodemask = 0x4},
		 "nodemask 0x4 has no node with memory, these are 0x3"},
	};
	struct mmr_machine *m = two_nodes(50);
	struct mmr_error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(mmr_request_check(m, &cases[i].req, &err), -EINVAL);
		if (!strstr(err.msg, cases[i].says))
			fail_msg("\"%s\" does not say \"%s\"", err.msg, cases[i].says);
		/* Asked all the same, it must not break the model. */
		mmr_alloc_pages(m, &cases[i].req);
		assert_sound(m);
	}
	mmr_machine_destroy(m);
}

static void assert_refused(struct mmr_machine *m, uint32_t pfn, unsigned int order, const char *says)
{
	struct mmr_error err;

	assert_int_equal(mmr_free_check(m, pfn, order, &err), -EINVAL);
	if (!strstr(err.msg, says))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, says);
	assert_int_equal(mmr_free_pages(m, pfn, order, 0, NULL), -EINVAL);
	assert_sound(m);
}

static void wrong_frees_are_refused_and_named(void **state)
{
	struct mmr_machine *m = two_nodes(50);
	uint32_t block = alloc_on(m, 0, MMR_GFP_KERNEL, 4).pfn, page = alloc_on(m, 0, MMR_GFP_KERNEL, 0).pfn;

	assert_refused(m, block, 3, "it was allocated with order 4");
	assert_refused(m, block + 4, 0, "tail of the allocated block");
	assert_refused(m, block + 1, 1, "not an aligned block");
	assert_refused(m, 1u << 20, 0, "memory ends at");
	assert_refused(m, 7168, 0, "double free, it lies in the free block");
	assert_int_equal(mmr_free_pages(m, page, 0, 0, NULL), 0);
	assert_refused(m, page, 0, "double free, it is the head of a free block of order 0 on a per-CPU list");
	assert_int_equal(mmr_free_pages(m, block, 4, 1, NULL), 0);
	assert_int_equal(mmr_free_pages(m, block, 4, 1, NULL), -EINVAL);
	mmr_machine_destroy(m);
}

/* Nothing was seeded: all pages are from before we began, and may be freed once. */
static void pages_from_before_may_be_freed_once(void **state)
{
	struct mmr_machine *m =
		machine_new((struct machine_spec){.zone_type = ZONE_NORMAL, .node_pages = 8192, .mark = 50});

	assert_int_equal(mmr_free_pages(m, 512, 5, 0, NULL), 0);
	assert_refused(m, 512, 5, "double free");
	assert_refused(m, 520, 2, "is a tail of the free block at 512");
	assert_refused(m, 512, 10, "not an aligned block");
	assert_refused(m, 0, 10, "pfn 512 inside it is a block of its own");
	mmr_machine_destroy(m);
}

static void a_split_block_is_freed_in_pieces(void **state)
{
	struct mmr_machine *m = two_nodes(50);
	uint32_t pfn = alloc_on(m, 0, MMR_GFP_TRANSHUGE_LIGHT, 9).pfn;

	assert_int_equal(mmr_split_page(m, pfn, 9, 0), 0);
	assert_int_equal(mmr_split_page(m, pfn, 9, 0), -EINVAL);
	for (uint32_t i = 0; i < 512; i++)
		assert_int_equal(mmr_free_pages(m, pfn + i, 0, 0, NULL), 0);
	mmr_drain_all_pages(m);
	assert_sound(m);
	assert_int_equal(zone_list_pages(zone_of(m, 0, ZONE_NORMAL), true), 8192);
	mmr_machine_destroy(m);
}

/* Pages come off one list, free_count is not halved, and the mark counts on all that is asked. */
static void bulk_takes_from_one_list(void **state)
{
	struct mmr_machine *m = two_nodes(50);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct mmr_request req = {.gfp = MMR_GFP_HIGHUSER_MOVABLE, .nid = NUMA_NO_NODE};
	uint32_t pfns[8192];

	zone->per_cpu_pageset[0].free_count = 5;
	assert_int_equal(mmr_alloc_pages_bulk(m, &req, 20, 0, pfns), 20);
	assert_int_equal(zone->per_cpu_pageset[0].free_count, 5);
	for (uint32_t i = 1; i < 8; i++)
		assert_int_equal(pfns[i], pfns[0] + i);
	/* 8192 pages, less 24 on the list or taken, are not above low (100) + 8100: one page, the ordinary way.
	 */
	assert_int_equal(mmr_alloc_pages_bulk(m, &req, 8100, 0, pfns), 1);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* What alloc_pages_exact() does not need goes to the tail of the free list, one by one. */
static void the_rest_of_an_exact_allocation_goes_to_the_tail(void **state)
{
	struct mmr_machine *m =
		machine_new((struct machine_spec){.zone_type = ZONE_NORMAL, .node_pages = 8192, .mark = 1});
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	mmr_seed_empty(m);
	uint32_t pfn = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 4).pfn;

	assert_int_equal(mmr_split_page(m, pfn, 4, 0), 0);
	/* Of 16 pages 13 are needed: 13, then 14 and 15, which merge. */
	for (uint32_t i = 13; i < 16; i++)
		assert_int_equal(mmr_free_pages_ok(m, pfn + i, 0, 0, true), 0);
	assert_free_list(m, zone, 0, MIGRATE_MOVABLE, pfn + 13);
	assert_free_list(m, zone, 1, MIGRATE_MOVABLE, pfn + 14);
	assert_int_equal(zone->per_cpu_pageset[0].count, 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* ---- more than one, and large ------------------------------------------------------------------ */

static void two_machines_do_not_know_each_other(void **state)
{
	struct mmr_machine *a = two_nodes(50), *b = two_nodes(50);

	for (int i = 0; i < 1000; i++)
		alloc_on(a, 0, MMR_GFP_KERNEL, 0);
	assert_int_equal(alloc_on(b, 0, MMR_GFP_KERNEL, 0).pfn, 0);
	mmr_machine_destroy(a);
	assert_sound(b);
	mmr_machine_destroy(b);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* a busy machine is not our fault */
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void four_tebibytes_on_eight_nodes_are_cheap(void **state)
{
	struct rusage before, after;
	struct mmr_machine *m;
	double start = seconds(), took;

	getrusage(RUSAGE_SELF, &before);
	m = machine_new((struct machine_spec){.nr_nodes = 8,
					      .cpus_per_node = 64,
					      .zone_type = ZONE_NORMAL,
					      .node_pages = MIB_PAGES(512 * 1024)});
	mmr_seed_empty(m);
	took = seconds() - start;
	for (unsigned int i = 0; i < 100000; i++)
		assert_int_equal(alloc_on(m, i % 512, MMR_GFP_HIGHUSER_MOVABLE, 0).nid, i % 512 / 64);
	getrusage(RUSAGE_SELF, &after);
	print_message("4 TiB: %.3f s, %ld MiB\n", took, (after.ru_maxrss - before.ru_maxrss) / 1024);
#ifndef __SANITIZE_ADDRESS__
	assert_true(took < 1);
	assert_true(after.ru_maxrss - before.ru_maxrss < 256 * 1024);
#endif
	mmr_machine_destroy(m);
}

/*
 * While zone->lock is taken: an order-4 block waits beside the buddy, and enters it before the next
 * ordinary free; a page of order 0 makes the per-CPU list longer than high; of an empty list nothing
 * can be had.
 *
 *  order-4 blocks   0      16      32
 *                | wait | wait | free | rest
 */
static void nolock_calls_never_wait(void **state)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
								  .node_pages = 8192,
								  .mark = 10,
								  .batch = 1,
								  .high_min = 2,
								  .high_max = 2});
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[0];
	struct mmr_page first, second, third, page;
	uint64_t free_before;

	mmr_seed_empty(m);
	assert_int_equal(mmr_alloc_pages_nolock(m, 0, NUMA_NO_NODE, 0, true).pfn, MMR_NO_PFN);
	assert_int_equal(mmr_alloc_pages_nolock(m, 4, NUMA_NO_NODE, 0, false).pfn, MMR_NO_PFN);
	page = mmr_alloc_pages_nolock(m, 0, NUMA_NO_NODE, 0, false);
	assert_int_not_equal(page.pfn, MMR_NO_PFN);
	first = alloc_on(m, 0, MMR_GFP_KERNEL, 4);
	second = alloc_on(m, 0, MMR_GFP_KERNEL, 4);
	third = alloc_on(m, 0, MMR_GFP_KERNEL, 4);
	free_before = zone_list_pages(zone, true);

	assert_int_equal(mmr_free_pages_nolock(m, first.pfn, 4, 0, true), 0);
	assert_int_equal(mmr_free_pages_nolock(m, second.pfn, 4, 0, true), 0);
	assert_int_equal(zone->trylock_free_pages, second.pfn);
	assert_int_equal(mmr_free_pages_nolock(m, first.pfn, 4, 0, true), -EINVAL);
	assert_int_equal(zone_list_pages(zone, true), free_before);
	assert_sound(m);
	assert_int_equal(mmr_free_pages(m, third.pfn, 4, 0, NULL), 0);
	assert_int_equal(zone->trylock_free_pages, MMR_NO_PFN);
	assert_int_equal(zone_list_pages(zone, true), free_before + 48);

	for (int i = 0, count = pcp->count; i < 6; i++) {
		first = alloc_on(m, 0, MMR_GFP_KERNEL, 4);
		assert_int_equal(mmr_split_page(m, first.pfn, 4, 0), 0);
		assert_int_equal(mmr_free_pages_nolock(m, first.pfn, 0, 0, true), 0);
		assert_int_equal(pcp->count, ++count);
	}
	assert_true(pcp->count > pcp->high_max);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*
 * Node 0 has an eighth more dirty pages than its limit: a page that is about to be dirtied goes to
 * node 1, unless a real-time task asks, which may exceed the limit by a quarter.
 */
static void real_time_tasks_may_dirty_a_quarter_more(void **state)
{
	struct mmr_machine *m = two_nodes(50);
	const struct pglist_data *pgdat = &m->nodes[0];
	struct mmr_request req = {.gfp = MMR_GFP_USER | MMR_GFP_WRITE, .nid = NUMA_NO_NODE};
	struct mmr_node_dirty dirty = {.nr_file_pages = 5000, .dirty_ratio = 20};
	uint32_t limit =
		(uint32_t)(pgdat->node_zones[ZONE_NORMAL].vm_stat_free - pgdat->totalreserve_pages + 5000) / 5;

	dirty.nr_dirty_pages = limit + limit / 8;
	assert_int_equal(mmr_node_set_dirty(m, 0, &dirty, NULL), 0);
	assert_int_equal(mmr_alloc_pages(m, &req).nid, 1);
	req.task = MMR_TASK_RT;
	assert_int_equal(mmr_alloc_pages(m, &req).nid, 0);
	dirty.nr_dirty_pages = limit + limit / 4 + 100;
	assert_int_equal(mmr_node_set_dirty(m, 0, &dirty, NULL), 0);
	assert_int_equal(mmr_alloc_pages(m, &req).nid, 1);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_served_by_its_cpus_node),
		cmocka_unit_test(a_full_node_sends_requests_to_the_next),
		cmocka_unit_test(thisnode_does_not_fall_back),
		cmocka_unit_test(reserves_are_for_those_who_may),
		cmocka_unit_test(highatomic_blocks_are_reserved_and_given_back),
		cmocka_unit_test(impossible_requests_are_named),
		cmocka_unit_test(wrong_frees_are_refused_and_named),
		cmocka_unit_test(pages_from_before_may_be_freed_once),
		cmocka_unit_test(a_split_block_is_freed_in_pieces),
		cmocka_unit_test(bulk_takes_from_one_list),
		cmocka_unit_test(the_rest_of_an_exact_allocation_goes_to_the_tail),
		cmocka_unit_test(two_machines_do_not_know_each_other),
		cmocka_unit_test(four_tebibytes_on_eight_nodes_are_cheap),
		cmocka_unit_test(nolock_calls_never_wait),
		cmocka_unit_test(real_time_tasks_may_dirty_a_quarter_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
