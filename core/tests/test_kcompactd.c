// SPDX-License-Identifier: GPL-2.0-or-later
/* Capture by a compacting request, kcompactd's loop, its proactive part, and defrag_mode. */
#include <errno.h>

#include "core/compaction.h"
#include "core/tests/machines.h"

#define NR_PAGES 4096u

/* 4096 pages in 8 movable pageblocks, all allocated as single movable pages; marks 10, 20, 30. */
static struct mmr_machine *full_machine(const char *profile)
{
	struct mmr_machine *m =
		machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
						  .node_pages = NR_PAGES,
						  .mark = 10,
						  .batch = 1,
						  .high_min = 0,
						  .high_max = 0,
						  .profile = profile,
						  .compaction = {.enabled = true, .movable_percent = 100}});
	mmr_seed_empty(m);
	for (uint32_t i = 0; i < NR_PAGES; i++)
		assert_int_not_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_MEMALLOC, 0).pfn,
				     MMR_NO_PFN);
	mmr_vmstat_update(m, 0); /* kswapd, which that woke, sleeps again */
	return m;
}

static void free_every_second(struct mmr_machine *m, uint32_t pfn, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i += 2)
		assert_int_equal(mmr_free_pages(m, pfn + i, 0, 0, NULL), 0);
	mmr_drain_all_pages(m);
}

static unsigned int forget_displaced(struct mmr_machine *m)
{
	struct mmr_displaced blocks[4096];

	return mmr_displaced_blocks(m, blocks, 4096);
}

/*
 *  pageblock   0        1 .. 5     6 .. 7
 *  before    |.A.A.A| .A.A.A.A | all used      a movable request for order 2
 *
 * Block 0's pages move away; as the third of a group of four is drained, the fourth being free, the
 * group is whole. A movable request catches the first of them in the merge; an old kernel never does
 * from a movable pageblock, lets all 512 merge, and takes what is on the list then.
 */
static void a_movable_request_catches_its_block_in_the_merge(void **state)
{
	static const struct {
		const char *profile;
		uint64_t captures;
	} cases[] = {{"6.12", 1}, {"6.12,capture_movable=0", 0}, {"6.1", 0}, {"7.3", 1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *m = full_machine(cases[i].profile);
		struct mmr_counters c;
		struct mmr_page page;

		free_every_second(m, 0, 6 * 512);
		page = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 2);
		assert_int_not_equal(page.pfn, MMR_NO_PFN);
		assert_int_equal(page.path, MMR_PATH_SLOWPATH);
		assert_in_range(page.pfn, 0, 511);
		mmr_counters_read(m, &c);
		assert_int_equal(c.compact_captures, cases[i].captures);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* A whole pageblock may be caught by anyone: nothing gets mixed. */
static void a_whole_pageblock_is_caught_by_any_type(void **state)
{
	static const char *const profiles[] = {"6.1", "6.12", "7.3"};

	for (size_t i = 0; i < 3; i++) {
		struct mmr_machine *m = full_machine(profiles[i]);
		struct mmr_counters c;
		struct mmr_page page;

		free_every_second(m, 0, 6 * 512);
		page = alloc_on(m, 0, MMR_GFP_KERNEL | MMR_GFP_RETRY_MAYFAIL, 9);
		assert_int_equal(page.pfn, 0);
		mmr_counters_read(m, &c);
		assert_int_equal(c.compact_captures, 1);
		assert_int_equal(mmr_page_state(m, 0), MMR_PAGE_ALLOCATED);
		forget_displaced(m);
		assert_int_equal(mmr_free_pages(m, 0, 9, 0, NULL), 0);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/*
 * With defrag_mode an unmovable request for order 1 wants a whole pageblock emptied. Since 7.2 it
 * still catches the first block of its own size, here in block 0, which is unmovable by type; by the
 * older rule what is caught has compaction's order, which is not the request's: nothing is.
 */
static void a_promoted_request_catches_what_it_asked_for(void **state)
{
	static const char *const profiles[] = {"7.3,defrag_mode=1", "7.3,defrag_mode=1,capture=cc_order"};

	for (size_t i = 0; i < 2; i++) {
		struct mmr_machine *m = full_machine(profiles[i]);
		const struct zonelist *zonelist = &m->nodes[0].node_zonelists[ZONELIST_FALLBACK];
		const struct alloc_context ac = {.zonelist = zonelist,
						 .preferred_zoneref = zonelist->_zonerefs,
						 .migratetype = MIGRATE_UNMOVABLE,
						 .highest_zoneidx = ZONE_NORMAL,
						 .reclaim_compact_order = 9};
		uint32_t pfn = MMR_NO_PFN;

		free_every_second(m, 0, 6 * 512);
		move_freepages_block(&m->cpus[0], zone_of(m, 0, ZONE_NORMAL), 0, MIGRATE_UNMOVABLE);
		assert_int_equal(try_to_compact_pages(&m->cpus[0], 1, ALLOC_WMARK_MIN, &ac,
						      COMPACT_PRIO_SYNC_LIGHT, &pfn),
				 COMPACT_SUCCESS);
		if (i == 0)
			assert_in_range(pfn, 0, 511);
		else
			assert_int_equal(pfn, MMR_NO_PFN);
		mmr_machine_destroy(m);
	}
}

/*
 * 6.18 knows defrag_mode, but small requests stay small: order 0 is never compacted for. Since 7.2
 * they are, and since 7.3.4 their progress does not count, so that they give up sooner.
 */
static void since_7_2_defrag_mode_frees_whole_pageblocks_for_small_requests(void **state)
{
	static const struct {
		const char *profile;
		bool compacts;
	} cases[] = {
		{"6.18,defrag_mode=1", false},
		{"6.18,defrag_mode=1,defrag_promote=7.2", true},
		{"7.3,defrag_mode=1", true},
		{"7.3", false},
	};
	uint64_t reclaims[4];

	for (size_t i = 0; i < 4; i++) {
		struct mmr_machine *m = full_machine(cases[i].profile);
		struct mmr_counters c;

		m->reclaim = (struct mmr_reclaim){.enabled = true, .reclaimable_percent = 3};
		free_every_second(m, 3072, 40);
		alloc_on(m, 0, MMR_GFP_KERNEL & ~MMR_GFP_KSWAPD_RECLAIM, 0);
		mmr_counters_read(m, &c);
		assert_int_equal(c.compact_stalls != 0, cases[i].compacts);
		reclaims[i] = c.direct_reclaims;
		forget_displaced(m);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
	assert_true(reclaims[1] >= reclaims[2]);
}

/* ---- kcompactd --------------------------------------------------------------------------------- */

/* Woken for order 9 by a request that may not compact itself, it works at its next turn, once. */
static void kcompactd_does_what_it_was_woken_for(void **state)
{
	struct mmr_machine *m = full_machine("6.12");
	struct mmr_counters c;

	m->sysctl.compaction_proactiveness = 0;
	free_every_second(m, 0, 6 * 512);
	assert_int_equal(mmr_kcompactd_turn(m, 0, 0, NULL), 0);
	assert_int_equal(forget_displaced(m), 0);

	wakeup_kcompactd(&m->cpus[0], &m->nodes[0], 9, ZONE_NORMAL);
	assert_int_equal(m->nodes[0].kcompactd_max_order, 9);
	wakeup_kcompactd(&m->cpus[0], &m->nodes[0], 4, ZONE_NORMAL);
	assert_int_equal(m->nodes[0].kcompactd_max_order, 9);
	assert_int_equal(mmr_kcompactd_turn(m, 0, 0, NULL), 0);
	assert_int_equal(forget_displaced(m), 256);
	assert_int_equal(zone_of(m, 0, ZONE_NORMAL)->free_area[9].free_list[MIGRATE_MOVABLE].nr, 1);
	assert_int_equal(m->nodes[0].kcompactd_max_order, 0);
	assert_int_equal(mmr_kcompactd_turn(m, 0, 0, NULL), 0);
	assert_int_equal(forget_displaced(m), 0);
	mmr_counters_read(m, &c);
	assert_int_equal(c.kcompactd_wakeups, 1);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* There is a huge page already, or no memory at all: nothing to be woken for. */
static void kcompactd_sleeps_on_where_it_could_not_help(void **state)
{
	struct mmr_machine *m = full_machine("6.12");

	wakeup_kcompactd(&m->cpus[0], &m->nodes[0], 9, ZONE_NORMAL); /* nothing is free */
	assert_int_equal(m->nodes[0].kcompactd_max_order, 0);
	for (uint32_t pfn = 0; pfn < 1024; pfn++)
		mmr_free_pages(m, pfn, 0, 0, NULL);
	wakeup_kcompactd(&m->cpus[0], &m->nodes[0], 9, ZONE_NORMAL); /* two huge pages are free */
	assert_int_equal(m->nodes[0].kcompactd_max_order, 0);
	mmr_machine_destroy(m);
}

/* A high-order request that may not reclaim pokes kcompactd where kswapd has nothing to do. */
static void an_atomic_request_leaves_word_for_kcompactd(void **state)
{
	struct mmr_machine *m = full_machine("6.12");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	uint32_t nr = 0;

	free_every_second(m, 0, 6 * 512);
	m->nodes[0].kswapd_failures = 16; /* given up, for want of an order-4 block */
	assert_int_equal(alloc_on(m, 0, MMR_GFP_ATOMIC_MASK, 4).pfn, MMR_NO_PFN);
	assert_int_equal(m->nodes[0].kcompactd_max_order, 4);
	assert_int_equal(mmr_kcompactd_turn(m, 0, 0, NULL), 0);
	assert_true(forget_displaced(m) > 0);
	for (unsigned int order = 4; order <= MAX_PAGE_ORDER; order++)
		nr += zone->free_area[order].free_list[MIGRATE_MOVABLE].nr;
	assert_true(nr > 0);
	mmr_machine_destroy(m);
}

/*
 * setting    up to 6.15: end, begin      since 6.16
 *      0          100, 100                 100, 100
 *     20           80, 90                   80, 90
 *     90           10, 20                   10, 15     half of what is left
 *    100            5, 15                    0, 0
 */
static void thresholds_of_the_proactive_part(void **state)
{
	static const struct {
		const char *profile;
		unsigned int setting, low, high;
	} cases[] = {
		{"6.12", 0, 100, 100}, {"6.12", 20, 80, 90}, {"6.12", 90, 10, 20}, {"6.12", 100, 5, 15},
		{"6.18", 0, 100, 100}, {"6.18", 20, 80, 90}, {"6.18", 90, 10, 15}, {"6.18", 100, 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *m = machine_new((struct machine_spec){
			.zone_type = ZONE_NORMAL, .node_pages = NR_PAGES, .profile = cases[i].profile});

		m->sysctl.compaction_proactiveness = cases[i].setting;
		assert_int_equal(fragmentation_score_wmark(m, true), cases[i].low);
		assert_int_equal(fragmentation_score_wmark(m, false), cases[i].high);
		mmr_machine_destroy(m);
	}
}

/*
 * All free memory in single pages: score 4096 * 100 / 4097 = 99, above 90. It is compacted until the
 * zone's own is at 80 or less: of 1536 free pages at least 307 in huge pages, so one of 512. Then the
 * score is 66, and it stays asleep.
 */
static void a_fragmented_node_is_compacted_until_its_score_sinks(void **state)
{
	struct mmr_machine *m = full_machine("6.12");
	struct mmr_counters c;

	free_every_second(m, 0, 6 * 512);
	assert_int_equal(mmr_fragmentation_score(m, 0), 99);
	assert_int_equal(mmr_kcompactd_turn(m, 0, 0, NULL), 0);
	assert_int_equal(forget_displaced(m), 256);
	assert_int_equal(mmr_fragmentation_score(m, 0), 65);
	assert_int_equal(mmr_kcompactd_turn(m, 0, 0, NULL), 0);
	assert_int_equal(forget_displaced(m), 0);
	mmr_counters_read(m, &c);
	assert_int_equal(c.kcompactd_proactive, 1);
	mmr_machine_destroy(m);
}

/* Nothing can move: after a run in vain 63 turns are left out. */
static void a_proactive_run_in_vain_is_not_repeated_soon(void **state)
{
	struct mmr_machine *m = full_machine("6.12");
	struct mmr_counters c;

	m->compaction.movable_percent = 0;
	free_every_second(m, 0, 6 * 512);
	for (int turn = 0; turn < 64; turn++)
		mmr_kcompactd_turn(m, 0, 0, NULL);
	mmr_counters_read(m, &c);
	assert_int_equal(c.kcompactd_proactive, 1);
	mmr_kcompactd_turn(m, 0, 0, NULL);
	mmr_counters_read(m, &c);
	assert_int_equal(c.kcompactd_proactive, 2);
	mmr_machine_destroy(m);
}

/*
 * High mark 30. With defrag_mode kcompactd works until more than that is free in whole pageblocks
 * besides the one that is asked for: 512 - 511 is not, 1024 - 511 is.
 */
static void with_defrag_mode_only_whole_pageblocks_count(void **state)
{
	struct mmr_machine *m = full_machine("6.18,defrag_mode=1");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	free_every_second(m, 0, 6 * 512);
	assert_int_equal(zone_free_blocks_pages(zone), 0);
	assert_int_equal(suit_allocation_order(m, zone, 9, ZONE_NORMAL, ALLOC_WMARK_HIGH, true),
			 COMPACT_CONTINUE);
	wakeup_kcompactd(&m->cpus[0], &m->nodes[0], 9, ZONE_NORMAL);
	assert_int_equal(mmr_kcompactd_turn(m, 0, 0, NULL), 0);
	assert_int_equal(zone_free_blocks_pages(zone), 1024);
	assert_int_equal(forget_displaced(m), 512);
	mmr_machine_destroy(m);

	/* A line that lacks the setting does not obey it. */
	m = machine_new((struct machine_spec){.zone_type = ZONE_NORMAL, .node_pages = NR_PAGES});
	struct mmr_sysctl sysctl = m->sysctl;

	sysctl.defrag_mode = 1;
	assert_int_equal(mmr_machine_set_sysctl(m, &sysctl, NULL), 0);
	assert_int_equal(m->sysctl.defrag_mode, 0);
	mmr_machine_destroy(m);
}

/*
 * How much beyond which mark must be free for order 4, of min 100, low 200, high 300: the copies need
 * 2 << 4 = 32 pages.
 *   to 6.14   low + 32 = 232, whoever asks
 *   6.15 on   the caller's mark, + (low - min) = 100, + 32: at min 232, at high 432
 */
static void compaction_asks_for_room_beyond_a_mark(void **state)
{
	static const struct {
		const char *profile;
		unsigned int flags;
		uint32_t needed;
	} cases[] = {
		{"6.12", ALLOC_WMARK_MIN, 232},
		{"6.12", ALLOC_WMARK_HIGH, 232},
		{"6.18", ALLOC_WMARK_MIN, 232},
		{"6.18", ALLOC_WMARK_HIGH, 432},
		{"6.12,compact_mark=caller", ALLOC_WMARK_HIGH, 432},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *m = machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
									  .node_pages = NR_PAGES,
									  .mark = 100,
									  .profile = cases[i].profile});
		struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

		for (uint32_t k = 0; k <= cases[i].needed; k++) {
			assert_int_equal(suit_allocation_order(m, zone, 4, ZONE_NORMAL, cases[i].flags, false),
					 COMPACT_SKIPPED);
			free_block(m, 2 * k, 0, MIGRATE_MOVABLE);
		}
		assert_int_equal(suit_allocation_order(m, zone, 4, ZONE_NORMAL, cases[i].flags, false),
				 COMPACT_CONTINUE);
		mmr_machine_destroy(m);
	}
}

static void impossible_turns_are_named(void **state)
{
	struct mmr_machine *m = full_machine("6.12");
	struct mmr_error err;

	assert_int_equal(mmr_kcompactd_turn(m, 1, 0, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "node 1"));
	assert_int_equal(mmr_kcompactd_turn(m, 0, 7, &err), -EINVAL);
	m->compaction.enabled = false;
	assert_int_equal(mmr_kcompactd_turn(m, 0, 0, &err), -EINVAL);
	assert_string_equal(err.msg, "compaction: this machine was created without it");
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_movable_request_catches_its_block_in_the_merge),
		cmocka_unit_test(a_whole_pageblock_is_caught_by_any_type),
		cmocka_unit_test(a_promoted_request_catches_what_it_asked_for),
		cmocka_unit_test(since_7_2_defrag_mode_frees_whole_pageblocks_for_small_requests),
		cmocka_unit_test(kcompactd_does_what_it_was_woken_for),
		cmocka_unit_test(kcompactd_sleeps_on_where_it_could_not_help),
		cmocka_unit_test(an_atomic_request_leaves_word_for_kcompactd),
		cmocka_unit_test(thresholds_of_the_proactive_part),
		cmocka_unit_test(a_fragmented_node_is_compacted_until_its_score_sinks),
		cmocka_unit_test(a_proactive_run_in_vain_is_not_repeated_soon),
		cmocka_unit_test(with_defrag_mode_only_whole_pageblocks_count),
		cmocka_unit_test(compaction_asks_for_room_beyond_a_mark),
		cmocka_unit_test(impossible_turns_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
