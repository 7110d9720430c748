// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a request ends that found nothing: reserves, the OOM killer, giving up, and what may not fail. */
#include <errno.h>

#include "core/tests/machines.h"

#define NR_PAGES 8192u

/* One Normal zone of 32 MiB, marks 1000, 2000, 3000, no lists worth speaking of. */
static struct mmr_machine *machine(const char *profile)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
								  .node_pages = NR_PAGES,
								  .mark = 1000,
								  .batch = 1,
								  .high_min = 0,
								  .high_max = 0,
								  .profile = profile});
	mmr_seed_empty(m);
	/* Counts are exact, and stay where fallback would raise the marks. */
	zone_of(m, 0, ZONE_NORMAL)->per_cpu_zonestats[0].stat_threshold = 0;
	m->sysctl.watermark_boost_factor = 0;
	return m;
}

static struct mmr_page ask(struct mmr_machine *m, gfp_t gfp, unsigned int order, uint8_t task)
{
	const struct mmr_request req = {.gfp = gfp, .nid = NUMA_NO_NODE, .order = (uint8_t)order, .task = task};

	return mmr_alloc_pages(m, &req);
}

/* Single pages of this request until it is refused. Return: free pages that are left. */
static uint64_t free_left_by(struct mmr_machine *m, gfp_t gfp, uint8_t task)
{
	while (ask(m, gfp, 0, task).pfn != MMR_NO_PFN)
		;
	mmr_drain_all_pages(m);
	return zone_list_pages(zone_of(m, 0, ZONE_NORMAL), true);
}

/*
 * How low each may go, of min = 1000 pages; free must stay above:
 *   an ordinary task 1000; a real-time one 1000 / 2; an OOM victim 1000 / 2; GFP_ATOMIC
 *   1000 / 2 - 500 / 4 = 375; GFP_NOWAIT 1000
 */
static void tasks_reach_down_as_far_as_they_may(void **state)
{
	static const struct {
		gfp_t gfp;
		uint8_t task;
		uint64_t left;
	} cases[] = {
		{MMR_GFP_KERNEL, 0, 1000},
		{MMR_GFP_KERNEL, MMR_TASK_RT, 500},
		{MMR_GFP_KERNEL, MMR_TASK_RT | MMR_TASK_INTERRUPT, 1000},
		{MMR_GFP_KERNEL, MMR_TASK_OOM_VICTIM, 500},
		{MMR_GFP_KERNEL | MMR_GFP_NOMEMALLOC, MMR_TASK_OOM_VICTIM, 1000},
		{MMR_GFP_ATOMIC_MASK, 0, 375},
		{MMR_GFP_NOWAIT_MASK, 0, 1000},
		{MMR_GFP_KERNEL | MMR_GFP_MEMALLOC, 0, 0},
	};
	static const char *const profiles[] = {"6.1", "6.12", "7.3"};

	for (size_t p = 0; p < 3; p++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct mmr_machine *m = machine(profiles[p]);

			assert_int_equal(free_left_by(m, cases[i].gfp, cases[i].task), cases[i].left);
			assert_sound(m);
			mmr_machine_destroy(m);
		}
	}
}

/* The killer is for small requests that could go anywhere and may not be refused lightly. */
static void the_oom_killer_is_an_outcome(void **state)
{
	static const struct {
		gfp_t gfp;
		uint8_t order, task;
		enum mmr_path path;
	} cases[] = {
		{MMR_GFP_KERNEL, 0, 0, MMR_PATH_OOM},
		{MMR_GFP_KERNEL, 3, 0, MMR_PATH_OOM},
		{MMR_GFP_KERNEL, 4, 0, MMR_PATH_FAILED},
		{MMR_GFP_KERNEL | MMR_GFP_NORETRY, 0, 0, MMR_PATH_FAILED},
		{MMR_GFP_KERNEL | MMR_GFP_RETRY_MAYFAIL, 0, 0, MMR_PATH_FAILED},
		{MMR_GFP_KERNEL | MMR_GFP_THISNODE, 0, 0, MMR_PATH_FAILED},
		{MMR_GFP_KERNEL | MMR_GFP_DMA32, 0, 0, MMR_PATH_FAILED},
		{MMR_GFP_NOWAIT_MASK, 0, 0, MMR_PATH_FAILED},
		{MMR_GFP_KERNEL, 0, MMR_TASK_OOM_VICTIM, MMR_PATH_FAILED},
	};
	static const char *const profiles[] = {"6.1", "6.18", "7.3"};

	for (size_t p = 0; p < 3; p++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct mmr_machine *m = machine(profiles[p]);
			struct mmr_counters before, after;
			struct mmr_page page;

			while (ask(m, MMR_GFP_KERNEL | MMR_GFP_MEMALLOC, 0, 0).pfn != MMR_NO_PFN)
				;
			mmr_counters_read(m, &before);
			page = ask(m, cases[i].gfp, cases[i].order, cases[i].task);
			mmr_counters_read(m, &after);
			assert_int_equal(page.pfn, MMR_NO_PFN);
			assert_int_equal(page.path, cases[i].path);
			assert_int_equal(after.oom - before.oom, cases[i].path == MMR_PATH_OOM);
			assert_int_equal(after.path[cases[i].path] - before.path[cases[i].path], 1);
			mmr_machine_destroy(m);
		}
	}
}

/* The caller kills whom it likes; asked again, the request is served. */
static void after_the_kill_the_request_goes_on(void **state)
{
	struct mmr_machine *m = machine(NULL);
	struct mmr_page victims[1200], page;

	for (int i = 0; i < 1200; i++)
		victims[i] = ask(m, MMR_GFP_HIGHUSER_MOVABLE, 0, 0);
	while (ask(m, MMR_GFP_KERNEL | MMR_GFP_MEMALLOC, 0, 0).pfn != MMR_NO_PFN)
		;
	assert_int_equal(ask(m, MMR_GFP_KERNEL, 0, 0).path, MMR_PATH_OOM);
	for (int i = 0; i < 1200; i++)
		assert_int_equal(mmr_free_pages(m, victims[i].pfn, 0, 0, NULL), 0);
	page = ask(m, MMR_GFP_KERNEL, 0, 0);
	assert_int_not_equal(page.pfn, MMR_NO_PFN);
	assert_int_equal(page.path, MMR_PATH_SLOWPATH);
	mmr_machine_destroy(m);
}

/* At the min mark: a kill, and then the request that must not fail takes what there is, to the last page. */
static void what_may_not_fail_goes_below_every_mark(void **state)
{
	struct mmr_machine *m = machine(NULL);
	struct mmr_counters c;

	assert_int_equal(free_left_by(m, MMR_GFP_KERNEL, 0), 1000);
	assert_int_equal(free_left_by(m, MMR_GFP_KERNEL | MMR_GFP_NOFAIL, 0), 0);
	mmr_counters_read(m, &c);
	assert_true(c.oom > 900);
	assert_int_equal(ask(m, MMR_GFP_KERNEL | MMR_GFP_NOFAIL, 0, 0).path, MMR_PATH_OOM);
	/* A costly one kills nobody, and only reaches into the reserve: half of min. */
	mmr_machine_destroy(m);
	m = machine(NULL);
	while (ask(m, MMR_GFP_KERNEL | MMR_GFP_NOFAIL, 4, 0).pfn != MMR_NO_PFN)
		;
	assert_in_range(zone_list_pages(zone_of(m, 0, ZONE_NORMAL), true), 501, 531);
	mmr_counters_read(m, &c);
	assert_int_equal(c.oom, 0);
	mmr_machine_destroy(m);
}

/* Reclaim on, kswapd off: it would be faster. Return: rounds of direct reclaim that one request costs. */
static uint64_t rounds(struct mmr_machine *m, gfp_t gfp, unsigned int order, enum mmr_path path)
{
	struct mmr_counters before, after;

	m->reclaim.enabled = true;
	mmr_counters_read(m, &before);
	assert_int_equal(ask(m, gfp & ~MMR_GFP_KSWAPD_RECLAIM, order, 0).path, path);
	mmr_counters_read(m, &after);
	assert_sound(m);
	return after.direct_reclaims - before.direct_reclaims;
}

/*
 * 1000 pages are free, which is min, and all others unmovable: nothing can be reclaimed. Since 6.18 that is
 * the end, since 1000 are not above 1000. Before, the free pages count double where nothing is reclaimable:
 * 2000 are above, and 16 more rounds are made in vain. At 400 even twice is not enough.
 */
static void rounds_in_vain_follow_from_an_estimate(void **state)
{
	static const struct {
		const char *profile;
		uint64_t at_1000, at_400;
	} cases[] = {
		{"6.1", 17, 1}, {"6.12", 17, 1}, {"6.12,retry_free=once", 1, 1},
		{"6.18", 1, 1}, {"7.3", 1, 1},   {"7.3,retry_free=twice", 17, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *m = machine(cases[i].profile);
		struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

		assert_int_equal(free_left_by(m, MMR_GFP_KERNEL, 0), 1000);
		assert_int_equal(rounds(m, MMR_GFP_KERNEL, 0, MMR_PATH_OOM), cases[i].at_1000);
		m->reclaim.enabled = false;
		while (zone_list_pages(zone, true) > 400)
			assert_int_not_equal(ask(m, MMR_GFP_KERNEL | MMR_GFP_MEMALLOC, 0, 0).pfn, MMR_NO_PFN);
		zone->reclaim_skip = 0;
		assert_int_equal(rounds(m, MMR_GFP_KERNEL, 0, MMR_PATH_OOM), cases[i].at_400);
		mmr_machine_destroy(m);
	}
}

/*
 * All is movable and half of it reclaimable, 32 pages a round; the free pages hold a block of order 9.
 * For one page each round is the last: it is served at once. A huge page wants 1000 + 511 pages to be free:
 * from 1100 that is 13 rounds, from 900 it would be 20, and the 17th is the last. Who is not asked to
 * try hard makes one.
 */
static void rounds_that_gain_are_counted_for_dear_orders(void **state)
{
	static const struct {
		gfp_t gfp;
		unsigned int order;
		uint64_t free, rounds;
		enum mmr_path path;
	} cases[] = {
		{MMR_GFP_KERNEL, 0, 990, 1, MMR_PATH_SLOWPATH},
		{MMR_GFP_KERNEL | MMR_GFP_RETRY_MAYFAIL, 9, 1100, 13, MMR_PATH_SLOWPATH},
		{MMR_GFP_KERNEL | MMR_GFP_RETRY_MAYFAIL, 9, 900, 17, MMR_PATH_FAILED},
		{MMR_GFP_KERNEL, 9, 1100, 1, MMR_PATH_FAILED},
	};
	static const char *const profiles[] = {"6.1", "6.12", "6.18", "7.3"};

	for (size_t p = 0; p < 4; p++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct mmr_machine *m = machine(profiles[p]);

			for (uint64_t nr = NR_PAGES; nr > cases[i].free; nr--)
				ask(m, MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_MEMALLOC, 0, 0);
			mmr_drain_all_pages(m);
			assert_int_equal(zone_list_pages(zone_of(m, 0, ZONE_NORMAL), true), cases[i].free);
			m->reclaim.reclaimable_percent = 50;
			assert_int_equal(rounds(m, cases[i].gfp, cases[i].order, cases[i].path),
					 cases[i].rounds);
			mmr_machine_destroy(m);
		}
	}
}

/* Orders that are dear are retried only for who asks so, and only where it may do I/O. */
static void costly_requests_are_retried_only_with_io_and_mayfail(void **state)
{
	static const struct {
		gfp_t gfp;
		bool many;
	} cases[] = {
		{MMR_GFP_KERNEL, false},
		{MMR_GFP_KERNEL | MMR_GFP_RETRY_MAYFAIL, true},
		{(MMR_GFP_KERNEL | MMR_GFP_RETRY_MAYFAIL) & ~(MMR_GFP_IO | MMR_GFP_FS), false},
	};

	for (size_t i = 0; i < 3; i++) {
		struct mmr_machine *m = machine(NULL);
		struct mmr_counters c;

		while (ask(m, MMR_GFP_HIGHUSER_MOVABLE & ~MMR_GFP_RECLAIM, 0, 0).pfn != MMR_NO_PFN)
			;
		m->reclaim = (struct mmr_reclaim){.enabled = true, .reclaimable_percent = 50};
		/* kswapd would be faster. */
		ask(m, cases[i].gfp & ~MMR_GFP_KSWAPD_RECLAIM, 9, 0);
		mmr_counters_read(m, &c);
		if (cases[i].many)
			assert_true(c.direct_reclaims > 10);
		else
			assert_int_equal(c.direct_reclaims, 1);
		mmr_machine_destroy(m);
	}
}

/*
 * A huge page for one node only, in memory that compaction finds nothing to move in: 6.1 and 6.12.y
 * give up then, 6.18 tries reclaim once, 7.x gives up whatever was found.
 */
static void a_huge_page_of_one_node_gives_up_early(void **state)
{
	static const struct {
		const char *profile;
		uint64_t reclaims;
	} cases[] = {{"6.1", 0}, {"6.12", 0}, {"6.18", 1}, {"6.18,thisnode_noretry=1", 0}, {"7.3", 0}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *m = machine(cases[i].profile);
		struct mmr_counters c;
		struct mmr_page page;

		while (ask(m, MMR_GFP_KERNEL | MMR_GFP_MEMALLOC, 0, 0).pfn != MMR_NO_PFN)
			;
		/* Every second page is free: 4096 of them, no two together. */
		for (uint32_t pfn = 0; pfn < NR_PAGES; pfn += 2)
			assert_int_equal(mmr_free_pages(m, pfn, 0, 0, NULL), 0);
		mmr_drain_all_pages(m);
		m->compaction = (struct mmr_compaction){.enabled = true};
		m->reclaim = (struct mmr_reclaim){.enabled = true};
		page = ask(m, MMR_GFP_KERNEL | MMR_GFP_NORETRY | MMR_GFP_THISNODE, 9, 0);
		assert_int_equal(page.pfn, MMR_NO_PFN);
		mmr_counters_read(m, &c);
		assert_int_equal(c.direct_reclaims, cases[i].reclaims);
		assert_true(c.compact_runs > 0);
		mmr_machine_destroy(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_reach_down_as_far_as_they_may),
		cmocka_unit_test(the_oom_killer_is_an_outcome),
		cmocka_unit_test(after_the_kill_the_request_goes_on),
		cmocka_unit_test(what_may_not_fail_goes_below_every_mark),
		cmocka_unit_test(rounds_in_vain_follow_from_an_estimate),
		cmocka_unit_test(rounds_that_gain_are_counted_for_dear_orders),
		cmocka_unit_test(costly_requests_are_retried_only_with_io_and_mayfail),
		cmocka_unit_test(a_huge_page_of_one_node_gives_up_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
