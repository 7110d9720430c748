// SPDX-License-Identifier: GPL-2.0-or-later
/* The slow path and the model of reclaim. */
#include <stdlib.h>

#include <errno.h>

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
	/* From 800 free to a batch above 1200, by clusters of 32; one page went to the request. */
	assert_in_range(zone_list_pages(zone, true), 1264, 1296);
	nr = mmr_reclaimed_blocks(m, blocks, 1000);
	assert_int_equal(nr, c.kswapd_reclaimed_pages);
	assert_int_equal(mmr_reclaimed_blocks(m, blocks, 1000), 0);
	assert_int_equal(mmr_free_pages(m, blocks[0].pfn, 0, 0, NULL), -22);
	assert_sound(m);
	mmr_machine_destroy(m);
}

static uint32_t cold[64];
static unsigned int nr_cold;

static uint32_t next_cold(void *ctx, unsigned int nid, enum zone_type highest)
{
	return nr_cold ? cold[--nr_cold] : MMR_NO_PFN;
}

/* What the caller knows to be cold goes before what the order of addresses would choose; what is free is passed
 * over. */
static void cold_blocks_go_first(void **state)
{
	struct mmr_machine *m = machine("6.12", true, 100);
	struct mmr_block blocks[1000];
	struct mmr_page page;

	mmr_set_cold_blocks(m, next_cold, NULL);
	nr_cold = 0;
	for (int i = 0; i < 7300; i++) {
		page = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
		assert_true(page.pfn != MMR_NO_PFN);
		if (i % 150 == 100)
			cold[nr_cold++] = page.pfn;
	}
	page.pfn = cold[0];
	assert_int_equal(mmr_free_pages(m, page.pfn, 0, 0, NULL), 0);
	while (mmr_reclaimed_blocks(m, blocks, 1000) == 0)
		alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
	assert_int_equal(nr_cold, 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*
 * Direct reclaim takes cold blocks, too: of 8192 pages the old lists give 8192 >> 12 and one at first, twice
 * that in each round. Generations give a batch, however little is asked for; or, told how much to look at, no
 * more.
 */
static void direct_reclaim_takes_cold_blocks_in_rounds(void **state)
{
	static const struct {
		const char *profile;
		uint32_t pages;
	} cases[] = {
		{"6.12,lru=lists", 2 + 4 + 8 + 16 + 31}, /* 1 + 7792 >> priority from 12 on */
		{"6.12", 64},
		{"6.12,lru=gen+scan", 1 + 3 + 7 + 15 + 30},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *m = machine(cases[i].profile, true, 100);
		struct mmr_counters c;
		struct mmr_page page;

		mmr_set_cold_blocks(m, next_cold, NULL);
		m->nodes[0].kswapd_failures = 16;
		nr_cold = 0;
		do {
			page = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
			if (nr_cold < 64)
				cold[nr_cold++] = page.pfn;
			mmr_counters_read(m, &c);
		} while (!c.direct_reclaims);
		assert_int_equal(c.direct_reclaimed_pages, cases[i].pages);
		assert_int_equal(nr_cold, 64 - cases[i].pages + 1); /* and the page that was served */
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* A machine whose kswapd has been woken, and works in turns. */
static struct mmr_machine *woken(const char *profile)
{
	struct mmr_machine *m = machine(profile, true, 100);

	m->reclaim.paced = true;
	assert_int_equal(mmr_kswapd_turn(m, 0, 1000, 0), 0);
	while (!mmr_kswapds_awake(m))
		alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
	return m;
}

/* Woken, it waits for its turn, and works until the node is balanced; then it rests, and only then sleeps. */
static void a_paced_kswapd_works_in_its_turns(void **state)
{
	struct mmr_machine *m = woken("6.12");
	struct mmr_counters c;
	uint32_t taken = 0, turn;

	mmr_counters_read(m, &c);
	assert_int_equal(c.kswapd_wakeups, 1);
	assert_int_equal(c.kswapd_reclaimed_pages, 0);
	mmr_vmstat_update(m, 0); /* does not put it to sleep */
	assert_int_equal(mmr_kswapd_does(m, 0), MMR_KSWAPD_WORKS);
	mmr_kswapd_rested(m, 0); /* nor does this: it does not rest */
	while ((turn = mmr_kswapd_turn(m, 0, 64, 0)) != 0) {
		assert_in_range(turn, 1, 64);
		taken += turn;
	}
	assert_int_equal(mmr_kswapd_does(m, 0), MMR_KSWAPD_RESTS);
	assert_int_equal(mmr_kswapds_awake(m), 1);
	assert_false(m->nodes[0].kswapd_awake);
	mmr_counters_read(m, &c);
	assert_int_equal(c.kswapd_reclaimed_pages, taken);
	assert_in_range(taken, 464, 528);
	mmr_kswapd_rested(m, 0);
	assert_int_equal(mmr_kswapd_does(m, 0), MMR_KSWAPD_SLEEPS);
	assert_int_equal(mmr_kswapds_awake(m), 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* Who asks while it rests has it work again; who asks while it works is heard when that run is over. */
static void a_resting_kswapd_can_be_woken(void **state)
{
	struct mmr_machine *m = woken("6.12");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct mmr_counters c;

	wakeup_kswapd(&m->cpus[0], zone, MMR_GFP_KERNEL, 3, ZONE_NORMAL);
	while (mmr_kswapd_does(m, 0) == MMR_KSWAPD_WORKS)
		mmr_kswapd_turn(m, 0, 1000, 0);
	assert_int_equal(m->nodes[0].kswapd_run.alloc_order, 3);
	while (mmr_kswapd_does(m, 0) == MMR_KSWAPD_RESTS)
		alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
	assert_int_equal(mmr_kswapd_does(m, 0), MMR_KSWAPD_WORKS);
	mmr_counters_read(m, &c);
	assert_int_equal(c.kswapd_wakeups, 2);
	assert_int_equal(mmr_kswapds_awake(m), 1);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* A run that has brought so much in vain gives up: the next one begins at once, and has been told of as a
 * failure to balance only where it gained nothing. */
static void a_run_gives_up_and_the_next_begins(void **state)
{
	struct mmr_machine *m = woken("6.12");
	struct mmr_counters c;

	zone_of(m, 0, ZONE_NORMAL)->_watermark[WMARK_HIGH] = 4000;
	mmr_kswapd_turn(m, 0, 120, 100);
	assert_int_equal(mmr_kswapd_does(m, 0), MMR_KSWAPD_WORKS);
	mmr_counters_read(m, &c);
	assert_in_range(c.kswapd_reclaimed_pages, 100, 228); /* known once the run is over */
	assert_int_equal(m->nodes[0].kswapd_run.total, 0);
	assert_int_equal(m->nodes[0].kswapd_failures, 0);
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

/* ---- demotion ---------------------------------------------------------------------------------- */

/*
 * Four nodes of 16 MiB: 0 is fast, 1, 2 and 3 are slow; 1 and 2 are its nearest. Node 0 is full of
 * movable pages, all of which reclaim may take.
 */
static struct mmr_machine *tiers(const char *profile, uint64_t allowed)
{
	const struct mmr_demotion demotion = {.preferred = 0x6, .lower = 0xe, .allowed = allowed};
	struct mmr_machine *m =
		machine_new((struct machine_spec){.nr_nodes = 4,
						  .zone_type = ZONE_NORMAL,
						  .node_pages = MIB_PAGES(16),
						  .mark = 100,
						  .batch = 1,
						  .high_min = 0,
						  .high_max = 0,
						  .profile = profile,
						  .reclaim = {.enabled = true, .reclaimable_percent = 100}});
	struct mmr_request req = {.gfp = MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_THISNODE};

	req.gfp &= ~MMR_GFP_RECLAIM;
	mmr_seed_empty(m);
	assert_int_equal(mmr_node_set_demotion(m, 0, &demotion, NULL), 0);
	while (mmr_alloc_pages(m, &req).pfn != MMR_NO_PFN)
		;
	return m;
}

/* Reclaim on node 0, and where its pages went: moved[nid] pages, moved[4] to nowhere. */
static void where_reclaimed_pages_go(struct mmr_machine *m, unsigned int *moved)
{
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL};
	struct mmr_displaced d;

	memset(moved, 0, 5 * sizeof(*moved));
	mmr_alloc_pages(m, &req);
	wakeup_kswapd(&m->cpus[0], zone_of(m, 0, ZONE_NORMAL), 0, 0, ZONE_NORMAL);
	while (mmr_displaced_blocks(m, &d, 1))
		moved[d.to == MMR_NO_PFN ? 4 : d.to / MIB_PAGES(16)] += 1u << d.order;
	assert_sound(m);
}

static void reclaimed_pages_move_to_slower_nodes(void **state)
{
	struct mmr_machine *m = tiers("6.18", 0);
	struct mmr_counters c;
	unsigned int moved[5];

	where_reclaimed_pages_go(m, moved);
	mmr_counters_read(m, &c);
	assert_true(moved[1] > 20 && moved[2] > 20); /* either, at random */
	assert_int_equal(moved[3] + moved[4], 0);
	assert_int_equal(c.demoted_pages, moved[1] + moved[2]);
	mmr_machine_destroy(m);
}

/*
 * The pages' group may use node 3 alone. Up to 7.0 nobody asks; since then the preferred nodes are
 * none of its own, and the nearest that is, is taken.
 */
static void since_7_1_the_groups_nodes_are_heeded(void **state)
{
	static const struct {
		const char *profile;
		bool heeds;
	} cases[] = {{"6.18", false}, {"7.3", true}, {"6.18,demote=filtered+nearest", true}};

	for (int i = 0; i < 3; i++) {
		struct mmr_machine *m = tiers(cases[i].profile, 0x8);
		unsigned int moved[5];

		where_reclaimed_pages_go(m, moved);
		assert_int_equal(moved[3] != 0, cases[i].heeds);
		assert_int_equal(moved[1] + moved[2] != 0, !cases[i].heeds);
		mmr_machine_destroy(m);
	}
}

static void without_a_place_pages_are_reclaimed_as_ever(void **state)
{
	struct mmr_machine *m = tiers("6.18", 0);
	struct mmr_request req = {.gfp = MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_THISNODE};
	unsigned int moved[5];

	req.gfp &= ~MMR_GFP_RECLAIM;
	m->reclaim.enabled = false;
	for (req.nid = 1; req.nid < 4; req.nid++) {
		while (mmr_alloc_pages(m, &req).pfn != MMR_NO_PFN)
			;
	}
	m->reclaim.enabled = true;
	where_reclaimed_pages_go(m, moved);
	assert_true(moved[4] > 20);
	mmr_machine_destroy(m);
}

static void impossible_demotions_are_named(void **state)
{
	struct mmr_machine *m = tiers("6.18", 0);
	struct mmr_error err;

	assert_int_equal(mmr_node_set_demotion(m, 4, &(struct mmr_demotion){0}, &err), -EINVAL);
	assert_string_equal(err.msg, "demotion: node 4, the machine has 0..3");
	assert_int_equal(mmr_node_set_demotion(m, 1, &(struct mmr_demotion){.lower = 0x2}, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "demotion from node 1: lower tiers 0x2"));
	assert_int_equal(
		mmr_node_set_demotion(m, 1, &(struct mmr_demotion){.lower = 0x8, .preferred = 0x4}, NULL),
		-EINVAL);
	mmr_machine_destroy(m);
}

/* ---- kswapd ------------------------------------------------------------------------------------ */

/* What a kswapd reclaims that is woken for a boost of 400 though its node is balanced; the boost is gone. */
static uint64_t reclaimed_for_a_boost(const char *profile)
{
	struct mmr_machine *m = machine(profile, true, 100);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct mmr_counters before, after;

	for (int i = 0; i < 4000; i++)
		alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
	assert_true(zone_list_pages(zone, true) > zone->_watermark[WMARK_HIGH] + 500);
	zone->watermark_boost = 400;
	mmr_counters_read(m, &before);
	wakeup_kswapd(&m->cpus[0], zone, 0, 0, ZONE_NORMAL);
	mmr_counters_read(m, &after);
	assert_int_equal(zone->watermark_boost, 0);
	assert_int_equal(after.kswapd_wakeups - before.kswapd_wakeups, 1);
	mmr_machine_destroy(m);
	return after.kswapd_reclaimed_pages - before.kswapd_reclaimed_pages;
}

/* As many pages as the boost from the old lists; generations have nothing that costs no writing. */
static void a_boost_is_reclaimed_though_the_node_is_balanced(void **state)
{
	assert_in_range(reclaimed_for_a_boost("6.12,lru=lists"), 400, 431);
	assert_int_equal(reclaimed_for_a_boost("6.12"), 0);
}

/* A run takes away the boost it began with, and not what came while it ran. */
static void a_run_ends_the_boost_it_began_with(void **state)
{
	struct mmr_machine *m = woken("6.12");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	zone->watermark_boost = 300;
	while (mmr_kswapd_does(m, 0) == MMR_KSWAPD_WORKS)
		mmr_kswapd_turn(m, 0, 64, 0);
	assert_int_equal(zone->watermark_boost, 300);
	wakeup_kswapd(&m->cpus[0], zone, 0, 0, ZONE_NORMAL);
	zone->watermark_boost = 400;
	while (mmr_kswapd_does(m, 0) == MMR_KSWAPD_WORKS)
		mmr_kswapd_turn(m, 0, 64, 0);
	assert_int_equal(zone->watermark_boost, 100);
	mmr_machine_destroy(m);
}

/* A hopeless node: progress ends it, or only balance. 16 runs in vain, then one that gains a little. */
static void a_hopeless_node_is_tried_again_by_the_lines_rule(void **state)
{
	static const struct {
		const char *profile;
		uint32_t failures; /* after a run that gains but does not balance */
	} cases[] = {{"6.12", 0}, {"6.18", 0}, {"7.3", 3}};

	for (int i = 0; i < 3; i++) {
		struct mmr_machine *m = machine(cases[i].profile, true, 0);
		struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

		while (alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_MEMALLOC, 0).pfn != MMR_NO_PFN)
			;
		m->nodes[0].kswapd_failures = 3;
		m->reclaim.reclaimable_percent = 1;
		zone->reclaim_skip = 0;
		wakeup_kswapd(&m->cpus[0], zone, 0, 0, ZONE_NORMAL);
		assert_true(m->cpus[0].counters.kswapd_reclaimed_pages > 0);
		assert_int_equal(m->nodes[0].kswapd_failures, cases[i].failures);
		mmr_machine_destroy(m);
	}
}

/*
 * Since 6.18 a list that brings its zone above the high mark lets a hopeless kswapd try again, where
 * there is another node behind it.
 */
static void a_list_above_the_high_mark_resets_failures(void **state)
{
	static const struct {
		const char *profile;
		unsigned int nid;
		uint32_t failures;
	} cases[] = {{"6.12", 0, 16}, {"6.18", 0, 0}, {"6.18", 3, 16}, {"7.3", 0, 0}};

	for (int i = 0; i < 4; i++) {
		struct mmr_machine *m = tiers(cases[i].profile, 0);
		struct zone *zone = zone_of(m, cases[i].nid, ZONE_NORMAL);

		mmr_seed_empty(m);
		zone->flags = 1u << ZONE_BELOW_HIGH;
		m->nodes[cases[i].nid].kswapd_failures = 16;
		clear_below_high(m, zone);
		assert_int_equal(zone->flags, 0);
		assert_int_equal(m->nodes[cases[i].nid].kswapd_failures, cases[i].failures);
		mmr_machine_destroy(m);
	}
}

/*
 * 8 CPUs, low - min = 100 pages: a threshold of 2 * fls(8) * (1 + 0) = 8 lets 64 pages drift unseen,
 * fewer than 100, so nothing changes. With 16 CPUs it is 10, 160 pages may drift: the drift mark is
 * high + 160, and while kswapd works each may hide 100 / 16 = 6.
 */
static void counters_are_finer_while_kswapd_works(void **state)
{
	static const struct {
		unsigned int cpus;
		int32_t normal, pressure;
		uint32_t drift_mark;
	} cases[] = {{8, 8, 8, 0}, {16, 10, 6, 300 + 160}};

	for (int i = 0; i < 2; i++) {
		struct mmr_machine *m = machine_new((struct machine_spec){.cpus_per_node = cases[i].cpus,
									  .zone_type = ZONE_NORMAL,
									  .node_pages = 8192,
									  .mark = 100});
		struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

		zone->recorded_stat_threshold = 0;
		refresh_zone_stat_thresholds(m);
		assert_int_equal(zone->per_cpu_zonestats[1].stat_threshold, cases[i].normal);
		assert_int_equal(zone->percpu_drift_mark, cases[i].drift_mark);
		wakeup_kswapd(&m->cpus[0], zone, 0, 0, ZONE_NORMAL); /* nothing is free: it is needed */
		assert_true(m->nodes[0].kswapd_awake);
		assert_int_equal(zone->per_cpu_zonestats[1].stat_threshold, cases[i].pressure);
		kswapd_finish(&m->cpus[0], &m->nodes[0]);
		assert_int_equal(zone->per_cpu_zonestats[1].stat_threshold, cases[i].normal);
		mmr_machine_destroy(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kswapd_reclaims_up_to_the_high_mark),
		cmocka_unit_test(cold_blocks_go_first),
		cmocka_unit_test(direct_reclaim_takes_cold_blocks_in_rounds),
		cmocka_unit_test(a_paced_kswapd_works_in_its_turns),
		cmocka_unit_test(a_resting_kswapd_can_be_woken),
		cmocka_unit_test(a_run_gives_up_and_the_next_begins),
		cmocka_unit_test(reclaim_makes_room),
		cmocka_unit_test(unmovable_pages_are_not_reclaimed),
		cmocka_unit_test(the_reclaimable_share_is_honoured),
		cmocka_unit_test(a_request_that_may_not_reclaim_does_not),
		cmocka_unit_test(both_orders_of_the_slow_path_serve),
		cmocka_unit_test(noretry_gives_up_after_one_round),
		cmocka_unit_test(reclaimed_pages_move_to_slower_nodes),
		cmocka_unit_test(since_7_1_the_groups_nodes_are_heeded),
		cmocka_unit_test(without_a_place_pages_are_reclaimed_as_ever),
		cmocka_unit_test(impossible_demotions_are_named),
		cmocka_unit_test(a_boost_is_reclaimed_though_the_node_is_balanced),
		cmocka_unit_test(a_run_ends_the_boost_it_began_with),
		cmocka_unit_test(a_hopeless_node_is_tried_again_by_the_lines_rule),
		cmocka_unit_test(a_list_above_the_high_mark_resets_failures),
		cmocka_unit_test(counters_are_finer_while_kswapd_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
