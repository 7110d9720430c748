// SPDX-License-Identifier: GPL-2.0-or-later
/* The slow path and the model of reclaim. */
#include <stdlib.h>

#include "core/tests/machines.h"

/* 8192 pages, marks 400, 800 and 1200, every page's owner known. */
static struct mmr_machine *machine(const char *profile, bool enabled, uint8_t percent)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
								  .node_pages = 8192,
								  .mark = 400,
								  .batch = 1,
								  .high_min = 4,
								  .high_max = 4,
								  .profile = profile});
	m->reclaim = (struct mmr_reclaim){.enabled = enabled, .reclaimable_percent = percent};
	mmr_seed_empty(m);
	return m;
}

static unsigned int fill(struct mmr_machine *m, gfp_t gfp)
{
	unsigned int nr = 0;

	while (nr < 20000 && alloc_on(m, 0, gfp, 0).pfn != MMR_NO_PFN)
		nr++;
	return nr;
}

/* At the low mark kswapd is woken; it frees until the zone is above its high mark, and sleeps. */
static void kswapd_reclaims_up_to_the_high_mark(void **state)
{
	struct mmr_machine *m = machine("6.12", true, 100);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct mmr_counters c;
	struct mmr_block blocks[1000];
	struct mmr_page page;
	unsigned int nr;

	do {
		page = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
	} while (page.path != MMR_PATH_SLOWPATH);
	mmr_counters_read(m, &c);
	assert_int_equal(c.kswapd_wakeups, 1);
	assert_false(m->nodes[0].kswapd_awake);
	assert_false(zone->flags & 1u << ZONE_RECLAIM_ACTIVE);
	/* From 800 free to above 1200, by clusters of 32; one page went to the request. */
	assert_in_range(zone_list_pages(zone, true), 1200, 1232);
	nr = mmr_reclaimed_blocks(m, blocks, 1000);
	assert_int_equal(nr, c.kswapd_reclaimed_pages);
	assert_int_equal(mmr_reclaimed_blocks(m, blocks, 1000), 0);
	assert_int_equal(mmr_free_pages(m, blocks[0].pfn, 0, 0, NULL), -22);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* With reclaim a machine serves more than it has; without, it fails at the min mark. */
static void reclaim_makes_room(void **state)
{
	struct mmr_machine *with = machine("6.12", true, 100), *without = machine("6.12", false, 0);

	assert_int_equal(fill(with, MMR_GFP_HIGHUSER_MOVABLE), 20000);
	/* The counter that is tested may lag by a page. */
	assert_in_range(fill(without, MMR_GFP_HIGHUSER_MOVABLE), 8192 - 400, 8192 - 399);
	assert_sound(with);
	assert_sound(without);
	mmr_machine_destroy(with);
	mmr_machine_destroy(without);
}

/* Unmovable pages stay with their holders: the request fails, and the OOM killer would be called. */
static void unmovable_pages_are_not_reclaimed(void **state)
{
	struct mmr_machine *m = machine("6.12", true, 100);
	struct mmr_counters c;

	assert_in_range(fill(m, MMR_GFP_KERNEL), 8192 - 400, 8192 - 399);
	mmr_counters_read(m, &c);
	assert_int_equal(c.kswapd_reclaimed_pages + c.direct_reclaimed_pages, 0);
	assert_int_equal(c.oom, 1);
	assert_true(m->nodes[0].kswapd_failures > 0);
	mmr_machine_destroy(m);
}

/* Only the share that is named can be taken, and the same pages each time. */
static void the_reclaimable_share_is_honoured(void **state)
{
	struct mmr_machine *m = machine("6.12", true, 30);
	struct mmr_block *blocks = malloc(20000 * sizeof(*blocks));
	struct mmr_counters c;

	assert_non_null(blocks);
	while (alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).path != MMR_PATH_SLOWPATH)
		;
	m->nodes[0].kswapd_failures = 16;
	mmr_reclaimed_blocks(m, blocks, 20000);
	mmr_counters_read(m, &c);
	for (int i = 0; i < 20000; i++) {
		struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE};

		if (mmr_alloc_pages(m, &req).pfn == MMR_NO_PFN)
			break;
	}
	mmr_counters_read(m, &c);
	/* About 30 of 100 of the 7392 movable pages. */
	assert_in_range(c.kswapd_reclaimed_pages + c.direct_reclaimed_pages, 2000, 2450);
	free(blocks);
	assert_sound(m);
	mmr_machine_destroy(m);
}

static void a_request_that_may_not_reclaim_does_not(void **state)
{
	struct mmr_machine *m = machine("6.12", true, 100);
	struct mmr_counters c;

	m->nodes[0].kswapd_failures = 16;
	/* Down to three eighths of min for GFP_ATOMIC: 400 / 2 × 3 / 4 = 150. */
	assert_in_range(fill(m, MMR_GFP_ATOMIC_MASK), 8192 - 154, 8192 - 149); /* a list keeps up to 4 */
	mmr_counters_read(m, &c);
	assert_int_equal(c.direct_reclaims, 0);
	mmr_machine_destroy(m);
}

/* 7.x wakes kswapd and scans once more before the first reclaim; the outcome is the same here. */
static void both_orders_of_the_slow_path_serve(void **state)
{
	static const char *const profiles[] = {"6.1", "6.12", "6.18", "7.3"};

	for (int i = 0; i < 4; i++) {
		struct mmr_machine *m = machine(profiles[i], true, 100);

		assert_int_equal(fill(m, MMR_GFP_HIGHUSER_MOVABLE), 20000);
		assert_true(alloc_on(m, 0, MMR_GFP_KERNEL, 3).pfn != MMR_NO_PFN ||
			    zone_of(m, 0, ZONE_NORMAL)->free_area[3].free_list[MIGRATE_MOVABLE].nr == 0);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* NORETRY: one round of reclaim and no more. */
static void noretry_gives_up_after_one_round(void **state)
{
	struct mmr_machine *m = machine("6.12", true, 100);
	struct mmr_counters before, after;

	fill(m, MMR_GFP_KERNEL);
	m->nodes[0].kswapd_failures = 16;
	mmr_counters_read(m, &before);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_KERNEL | MMR_GFP_NORETRY, 0).pfn, MMR_NO_PFN);
	mmr_counters_read(m, &after);
	assert_int_equal(after.direct_reclaims - before.direct_reclaims, 1);
	assert_int_equal(after.oom, before.oom);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kswapd_reclaims_up_to_the_high_mark),
		cmocka_unit_test(reclaim_makes_room),
		cmocka_unit_test(unmovable_pages_are_not_reclaimed),
		cmocka_unit_test(the_reclaimable_share_is_honoured),
		cmocka_unit_test(a_request_that_may_not_reclaim_does_not),
		cmocka_unit_test(both_orders_of_the_slow_path_serve),
		cmocka_unit_test(noretry_gives_up_after_one_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
