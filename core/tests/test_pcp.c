// SPDX-License-Identifier: GPL-2.0-or-later
/* Per-CPU lists: how many pages come and go, and in which order. */
#include "core/tests/machines.h"

static struct mmr_machine *with_lists(const char *profile, uint32_t batch, uint32_t high_min, uint32_t high_max)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.cpus_per_node = 2,
								  .zone_type = ZONE_NORMAL,
								  .node_pages = MIB_PAGES(512),
								  .mark = 100,
								  .batch = batch,
								  .high_min = high_min,
								  .high_max = high_max,
								  .profile = profile});
	mmr_seed_empty(m);
	return m;
}

static struct per_cpu_pages *pcp_of(struct mmr_machine *m, unsigned int cpu)
{
	return &zone_of(m, 0, ZONE_NORMAL)->per_cpu_pageset[cpu];
}

static uint64_t refill_pages(const struct mmr_machine *m)
{
	struct mmr_counters c;

	mmr_counters_read(m, &c);
	return c.pcp_refill_pages;
}

static uint64_t drain_pages(const struct mmr_machine *m)
{
	struct mmr_counters c;

	mmr_counters_read(m, &c);
	return c.pcp_drain_pages;
}

/* Sizes of the next @nr refills, in pages, while only allocating. */
static void assert_refills(struct mmr_machine *m, unsigned int order, const unsigned int *sizes, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		uint64_t before = refill_pages(m);

		while (refill_pages(m) == before)
			assert_true(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, order).pfn != MMR_NO_PFN);
		assert_int_equal(refill_pages(m) - before, sizes[i]);
	}
}

/* As observed on a 6.18 kernel: 63 pages, doubling five times, then constant. */
static void refills_double_up_to_the_scale_limit(void **state)
{
	static const unsigned int sizes[] = {63, 126, 252, 504, 1008, 2016, 2016, 2016};
	struct mmr_machine *m = with_lists("6.12", 63, 5983, 63488);

	assert_refills(m, 0, sizes, 8);
	mmr_machine_destroy(m);
}

static void refills_of_high_orders_are_one_batch(void **state)
{
	static const unsigned int order1[] = {31 * 2, 31 * 2}, thp[] = {2 * 512, 2 * 512};
	struct mmr_machine *m = with_lists("6.12", 63, 5983, 63488);

	assert_refills(m, 1, order1, 2);
	assert_refills(m, 9, thp, 2);
	mmr_machine_destroy(m);
}

static void a_zone_below_its_high_mark_does_not_raise_high(void **state)
{
	struct mmr_machine *m = with_lists("6.12", 63, 200, 63488);

	zone_of(m, 0, ZONE_NORMAL)->flags = 1u << ZONE_BELOW_HIGH;
	alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
	assert_int_equal(pcp_of(m, 0)->high, 200);
	zone_of(m, 0, ZONE_NORMAL)->flags = 0;
	alloc_on(m, 1, MMR_GFP_HIGHUSER_MOVABLE, 0);
	assert_int_equal(pcp_of(m, 1)->high, 263);
	mmr_machine_destroy(m);
}

/* A refill appends in the order split off; frees push on the head; the tail is drained. */
static void pages_come_ascending_and_return_last_in_first_out(void **state)
{
	struct mmr_machine *m = with_lists("6.12", 4, 100, 100);
	uint32_t first = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn;

	assert_int_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn, first + 1);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn, first + 2);
	mmr_free_pages(m, first, 0, 0, NULL);
	mmr_free_pages(m, first + 2, 0, 0, NULL);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn, first + 2);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn, first);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn, first + 3);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* As observed on 6.1 with batch 31: drains of 31, 62, … 992, 992. */
static void drains_double_with_free_factor_on_6_1(void **state)
{
	static const unsigned int sizes[] = {31, 62, 124, 248, 496, 992, 992};
	struct mmr_machine *m = with_lists("6.1", 31, 3903, 3903);
	uint32_t pfns[12000];

	for (size_t i = 0; i < 12000; i++)
		pfns[i] = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn;
	mmr_drain_all_pages(m);
	for (size_t i = 0, at = 0; i < 7; i++) {
		uint64_t before = drain_pages(m);

		while (drain_pages(m) == before)
			mmr_free_pages(m, pfns[at++], 0, 1, NULL);
		assert_int_equal(drain_pages(m) - before, sizes[i]);
	}
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* While kswapd reclaims, the limit is four batches: 31, 62, 93, 93 as observed on 6.1. */
static void reclaim_limits_the_lists_to_four_batches(void **state)
{
	static const unsigned int sizes[] = {31, 62, 93, 93};
	struct mmr_machine *m = with_lists("6.1", 31, 3903, 3903);
	uint32_t pfns[1000];

	for (size_t i = 0; i < 1000; i++)
		pfns[i] = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn;
	zone_of(m, 0, ZONE_NORMAL)->flags = 1u << ZONE_RECLAIM_ACTIVE;
	for (size_t i = 0, at = 0; i < 4; i++) {
		uint64_t before = drain_pages(m);

		while (drain_pages(m) == before)
			mmr_free_pages(m, pfns[at++], 0, 1, NULL);
		assert_int_equal(drain_pages(m) - before, sizes[i]);
	}
	mmr_machine_destroy(m);
}

/* A bulk free of 2016 base pages that starts at a list of THPs takes four: 2048 pages. */
static void a_bulk_free_does_not_cut_a_thp(void **state)
{
	struct mmr_machine *m = with_lists("6.12", 63, 5983, 63488);
	uint32_t pfns[8];

	for (size_t i = 0; i < 8; i++)
		pfns[i] = alloc_on(m, 0, MMR_GFP_TRANSHUGE_LIGHT, 9).pfn;
	mmr_drain_all_pages(m);
	for (size_t i = 0; i < 8; i++)
		mmr_free_pages(m, pfns[i], 9, 1, NULL);
	assert_int_equal(pcp_of(m, 1)->count, 8 * 512);
	free_pcppages_bulk(&m->cpus[1], zone_of(m, 0, ZONE_NORMAL), 2016, pcp_of(m, 1),
			   order_to_pindex(MIGRATE_MOVABLE, 9));
	assert_int_equal(pcp_of(m, 1)->count, 4 * 512);
	mmr_machine_destroy(m);
}

/* 7.x frees an overflow in chunks of a batch, and each chunk takes a whole THP. */
static void chunks_of_7_3_empty_the_list_of_thps(void **state)
{
	uint64_t drained[2];

	for (int i = 0; i < 2; i++) {
		struct mmr_machine *m = with_lists(i ? "7.3" : "6.18", 63, 6000, 6000);
		uint32_t pfns[12];

		for (size_t k = 0; k < 12; k++)
			pfns[k] = alloc_on(m, 0, MMR_GFP_TRANSHUGE_LIGHT, 9).pfn;
		mmr_drain_all_pages(m);
		drained[i] = drain_pages(m);
		/* 11 × 512 < 6000 ≤ 12 × 512: the twelfth overflows by free_count 2048 (the cap plus one). */
		for (size_t k = 0; k < 12; k++)
			mmr_free_pages(m, pfns[k], 9, 1, NULL);
		drained[i] = drain_pages(m) - drained[i];
		assert_sound(m);
		mmr_machine_destroy(m);
	}
	assert_int_equal(drained[0], 4 * 512);
	assert_int_equal(drained[1], 12 * 512);
}

/* 6.7 and later: each pass of the vmstat worker lowers high by an eighth, down to high_min. */
static void decay_lowers_high_and_frees_what_is_above(void **state)
{
	struct mmr_machine *m = with_lists("6.12", 63, 100, 63488);
	struct mmr_pcp_state high = {.high = 8000, .high_min = 100, .high_max = 63488, .batch = 63};
	uint32_t pfns[4000];

	for (size_t i = 0; i < 4000; i++)
		pfns[i] = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn;
	mmr_seed_pcp_state(m, 1, 0, ZONE_NORMAL, &high, NULL);
	for (size_t i = 0; i < 4000; i++)
		mmr_free_pages(m, pfns[i], 0, 1, NULL);
	mmr_vmstat_update(m, 1);
	assert_int_equal(pcp_of(m, 1)->high, 7000);
	assert_int_equal(pcp_of(m, 1)->count, 4000);
	for (int i = 0; i < 6; i++)
		mmr_vmstat_update(m, 1);
	/* 7000 loses an eighth six times: 6125, 5360, 4690, 4104, 3591, 3143. */
	assert_int_equal(pcp_of(m, 1)->high, 3143);
	assert_int_equal(pcp_of(m, 1)->count, 3143);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*
 * A tiny zone has high_min above high_max. The kernel tests the upper bound first: 0 becomes 441, and 441, at
 * the next free, 240.
 */
static void bounds_that_cross_are_tested_from_above(void **state)
{
	struct mmr_machine *m = with_lists("6.12", 63, 100, 63488);
	struct mmr_pcp_state crossed = {.high = 0, .high_min = 441, .high_max = 240, .batch = 63};
	uint32_t pfns[2];

	for (size_t i = 0; i < 2; i++)
		pfns[i] = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn;
	assert_int_equal(mmr_seed_pcp_state(m, 1, 0, ZONE_NORMAL, &crossed, NULL), 0);
	mmr_free_pages(m, pfns[0], 0, 1, NULL);
	assert_int_equal(pcp_of(m, 1)->high, 441);
	mmr_free_pages(m, pfns[1], 0, 1, NULL);
	assert_int_equal(pcp_of(m, 1)->high, 240);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* No event tells of a refill that brings nothing, though it takes the lock: it is counted apart. */
static void a_refill_that_brings_nothing_is_counted(void **state)
{
	struct mmr_machine *m = with_lists("6.12", 8, 1000, 1000);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct mmr_counters before, after;

	rmqueue_pcplist_refill(&m->cpus[0], zone, pcp_of(m, 0), 0, MIGRATE_MOVABLE, ALLOC_WMARK_MIN);
	while (zone_list_pages(zone, true))
		rmqueue_pcplist_refill(&m->cpus[0], zone, pcp_of(m, 0), 0, MIGRATE_MOVABLE, ALLOC_WMARK_MIN);
	mmr_counters_read(m, &before);
	assert_int_equal(before.pcp_refills_empty, 0);
	rmqueue_pcplist_refill(&m->cpus[0], zone, pcp_of(m, 0), 0, MIGRATE_MOVABLE, ALLOC_WMARK_MIN);
	mmr_counters_read(m, &after);
	assert_int_equal(after.pcp_refills, before.pcp_refills + 1);
	assert_int_equal(after.pcp_refills_empty, 1);
	assert_int_equal(after.pcp_refill_pages, before.pcp_refill_pages);
	mmr_machine_destroy(m);
}

/* A list of a remote node loses one batch at the third pass after its last change. */
static void remote_lists_expire(void **state)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.nr_nodes = 2,
								  .zone_type = ZONE_NORMAL,
								  .node_pages = MIB_PAGES(64),
								  .mark = 10,
								  .batch = 10,
								  .high_min = 500,
								  .high_max = 500});
	struct mmr_request req = {.gfp = MMR_GFP_HIGHUSER_MOVABLE, .cpu = 0, .nid = 1};
	struct per_cpu_pages *pcp;
	int left;

	mmr_seed_empty(m);
	for (int i = 0; i < 5; i++)
		assert_int_equal(mmr_alloc_pages(m, &req).nid, 1);
	pcp = &zone_of(m, 1, ZONE_NORMAL)->per_cpu_pageset[0];
	left = pcp->count;
	zone_of(m, 1, ZONE_NORMAL)->per_cpu_zonestats[0].vm_stat_diff++;
	zone_of(m, 1, ZONE_NORMAL)->vm_stat_free--;
	mmr_vmstat_update(m, 0); /* folds, expire = 3, counts to 2 */
	mmr_vmstat_update(m, 0);
	assert_int_equal(pcp->count, left);
	mmr_vmstat_update(m, 0);
	assert_int_equal(pcp->count, left > 10 ? left - 10 : 0);
	mmr_machine_destroy(m);
}

/* So it does after pages that came from the list and went elsewhere: the zone's LRU counters have changed. */
static void remote_lists_expire_once_their_pages_are_used(void **state)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.nr_nodes = 2,
								  .zone_type = ZONE_NORMAL,
								  .node_pages = MIB_PAGES(64),
								  .mark = 10,
								  .batch = 10,
								  .high_min = 500,
								  .high_max = 500});
	struct mmr_request req = {.gfp = MMR_GFP_HIGHUSER_MOVABLE, .cpu = 0, .nid = 1};
	struct per_cpu_pages *pcp;
	struct mmr_page page;
	int left;

	mmr_seed_empty(m);
	page = mmr_alloc_pages(m, &req);
	pcp = &zone_of(m, 1, ZONE_NORMAL)->per_cpu_pageset[0];
	mmr_vmstat_update(m, 0);
	pcp->expire = 0;
	assert_int_equal(mmr_free_pages(m, mmr_alloc_pages(m, &req).pfn, 0, 0, NULL), 0);
	mmr_vmstat_update(m, 0); /* as many taken as given back */
	assert_int_equal(pcp->expire, 0);
	assert_int_equal(mmr_free_pages(m, page.pfn, 0, 0, NULL), 0);
	left = pcp->count;
	for (int i = 0; i < 3; i++)
		mmr_vmstat_update(m, 0);
	assert_true(left > 0);
	assert_int_equal(pcp->count, left > 10 ? left - 10 : 0);
	mmr_machine_destroy(m);
}

/* The last of several order-1 frees in a row empties the lists once enough was freed. */
static void high_order_frees_flush_when_freeing_prevails(void **state)
{
	struct mmr_machine *m = with_lists("6.12", 8, 1000, 1000);
	uint32_t pfns[8];

	for (size_t i = 0; i < 8; i++)
		pfns[i] = alloc_on(m, 0, MMR_GFP_KERNEL, 1).pfn;
	for (size_t i = 0; i < 5; i++)
		mmr_free_pages(m, pfns[i], 1, 1, NULL);
	/* free_count was 0, 2, 4, 6, 8 before each free: the fifth sees 8 >= batch, after a free of the same
	 * kind. */
	assert_int_equal(pcp_of(m, 1)->count, 0);
	mmr_free_pages(m, pfns[5], 1, 1, NULL);
	assert_int_equal(pcp_of(m, 1)->count, 0);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refills_double_up_to_the_scale_limit),
		cmocka_unit_test(refills_of_high_orders_are_one_batch),
		cmocka_unit_test(a_zone_below_its_high_mark_does_not_raise_high),
		cmocka_unit_test(pages_come_ascending_and_return_last_in_first_out),
		cmocka_unit_test(drains_double_with_free_factor_on_6_1),
		cmocka_unit_test(reclaim_limits_the_lists_to_four_batches),
		cmocka_unit_test(a_bulk_free_does_not_cut_a_thp),
		cmocka_unit_test(chunks_of_7_3_empty_the_list_of_thps),
		cmocka_unit_test(decay_lowers_high_and_frees_what_is_above),
		cmocka_unit_test(bounds_that_cross_are_tested_from_above),
		cmocka_unit_test(a_refill_that_brings_nothing_is_counted),
		cmocka_unit_test(remote_lists_expire),
		cmocka_unit_test(remote_lists_expire_once_their_pages_are_used),
		cmocka_unit_test(high_order_frees_flush_when_freeing_prevails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
