// SPDX-License-Identifier: GPL-2.0-or-later
/* The model of compaction. */
#include <errno.h>

#include "core/compaction.h"
#include "core/tests/machines.h"

#define NR_PAGES 4096u

/*
 * 4096 pages in 8 movable pageblocks, all allocated as single movable pages; min mark 10.
 * The caller frees what it wants free.
 */
static struct mmr_machine *full_machine(const char *profile, uint8_t movable_percent)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
								  .node_pages = NR_PAGES,
								  .mark = 10,
								  .batch = 1,
								  .high_min = 0,
								  .high_max = 0,
								  .profile = profile});

	m->compaction = (struct mmr_compaction){.enabled = true, .movable_percent = movable_percent};
	mmr_seed_empty(m);
	for (uint32_t i = 0; i < NR_PAGES; i++)
		assert_int_not_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_MEMALLOC, 0).pfn,
				     MMR_NO_PFN);
	return m;
}

/* Every second page of @nr pages from @pfn on becomes free: nothing larger than order 0. */
static void free_every_second(struct mmr_machine *m, uint32_t pfn, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i += 2)
		assert_int_equal(mmr_free_pages(m, pfn + i, 0, 0, NULL), 0);
	mmr_drain_all_pages(m);
}

/*
 *  pageblock   0        1 .. 4     5      6 .. 7
 *  before    |.A.A.A| .A.A.A.A |.A.A.A| all used    256 free pages in each of 0 .. 5, none beside another
 *  after     |      | .A.A.A.A |AAAAAA| all used    the 256 of block 0 moved to block 5
 *
 * 1536 are free; order 9 wants 1024 above the low mark of 20.
 */
static void a_huge_page_is_made_of_scattered_pages(void **state)
{
	static const char *const profiles[] = {"6.1", "6.12", "6.18", "7.3"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct mmr_machine *m = full_machine(profiles[i], 100);
		struct mmr_displaced moved[300];
		struct mmr_counters c;
		struct mmr_page page;

		free_every_second(m, 0, 6 * 512);
		page = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 9);
		assert_int_equal(page.path, MMR_PATH_SLOWPATH);
		assert_int_equal(page.pfn, 0);
		assert_int_equal(mmr_displaced_blocks(m, moved, 300), 256);
		for (uint32_t k = 0; k < 256; k++) {
			assert_int_equal(moved[k].from, 2 * k + 1);
			assert_in_range(moved[k].to, 5 * 512, 6 * 512 - 1);
		}
		mmr_counters_read(m, &c);
		assert_int_equal(c.compact_success, 1);
		assert_int_equal(c.compact_migrated_pages, 256);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* The same memory without compaction, and with pages that cannot move: the request fails. */
static void what_cannot_move_stays(void **state)
{
	struct mmr_machine *off = full_machine("6.12", 100), *stuck = full_machine("6.12", 0);
	struct mmr_displaced moved;

	off->compaction.enabled = false;
	free_every_second(off, 0, 3072);
	free_every_second(stuck, 0, 3072);
	assert_int_equal(alloc_on(off, 0, MMR_GFP_HIGHUSER_MOVABLE, 9).pfn, MMR_NO_PFN);
	assert_int_equal(alloc_on(stuck, 0, MMR_GFP_HIGHUSER_MOVABLE, 9).pfn, MMR_NO_PFN);
	assert_int_equal(mmr_displaced_blocks(off, &moved, 1), 0);
	assert_int_equal(mmr_displaced_blocks(stuck, &moved, 1), 0);
	assert_int_equal(mmr_compact_node(off, 0, -1, 0, NULL), -EINVAL);
	assert_sound(off);
	assert_sound(stuck);
	mmr_machine_destroy(off);
	mmr_machine_destroy(stuck);
}

/*
 * An order-4 block wants 32 pages above the low mark of 20: with 52 free it is skipped, with 53 tried.
 * Order 0 may go down to 20 + 32 free, and the test asks for more than that.
 */
static void compaction_needs_room_for_the_copies(void **state)
{
	for (uint32_t nr = 52; nr <= 53; nr++) {
		struct mmr_machine *m = full_machine("6.12", 100);
		struct mmr_counters c;

		free_every_second(m, 0, 2 * nr);
		mmr_vmstat_update(m, 0);
		assert_int_equal(mmr_compact_node(m, 0, 4, 0, NULL), 0);
		mmr_counters_read(m, &c);
		assert_int_equal(c.compact_runs, nr == 53);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* After a failure the next 1, then 3 runs are left out: the shift grows, and success ends it. */
static void failures_defer_the_next_runs(void **state)
{
	struct mmr_machine *m = full_machine("6.12", 0);
	static const unsigned int runs_after[] = {1, 1, 2, 2, 2, 2, 3};
	struct mmr_counters c;

	free_every_second(m, 0, 3072);
	for (size_t i = 0; i < sizeof(runs_after) / sizeof(runs_after[0]); i++) {
		assert_int_equal(mmr_compact_node(m, 0, 9, 0, NULL), 0);
		mmr_counters_read(m, &c);
		assert_int_equal(c.compact_runs, runs_after[i]);
	}
	m->compaction.movable_percent = 100;
	compaction_defer_reset(zone_of(m, 0, ZONE_NORMAL), 9, true);
	assert_int_equal(mmr_compact_node(m, 0, 9, 0, NULL), 0);
	assert_true(zone_of(m, 0, ZONE_NORMAL)->free_area[9].free_list[MIGRATE_MOVABLE].nr > 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*
 * 4 pageblocks half free in single pages, then compacted: 2 pageblocks are free, and the share of free
 * pages that are in no free huge page falls from all to none.
 */
static void indices_tell_fragmentation_from_shortage(void **state)
{
	struct mmr_machine *m = full_machine("6.12", 100);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	assert_int_equal(fragmentation_index(zone, 9), 0); /* nothing is free: shortage */
	free_every_second(m, 0, 2048);
	/* 1000 - (1000 + 1024 * 1000 / 512) / 1024 = 1000 - 3000 / 1024 */
	assert_int_equal(fragmentation_index(zone, 9), 998);
	assert_int_equal(fragmentation_index(zone, 0), -1000);
	/* 4096 * 100 / 4097 */
	assert_int_equal(mmr_fragmentation_score(m, 0), 99);
	assert_int_equal(mmr_compact_node(m, 0, -1, 0, NULL), 0);
	mmr_drain_all_pages(m);
	assert_int_equal(fragmentation_index(zone, 9), -1000);
	assert_int_equal(mmr_fragmentation_score(m, 0), 0);
	assert_int_equal(mmr_fragmentation_score(m, 1), 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* ---- where it looks first --------------------------------------------------------------------- */

/* A run over the machine's zone for a movable request of order 9, as compact_zone() would begin it. */
static struct compact_control a_run(struct mmr_machine *m, uint32_t migrate_pfn, uint32_t free_pfn)
{
	return (struct compact_control){.cpu = &m->cpus[0],
					.zone = zone_of(m, 0, ZONE_NORMAL),
					.order = 9,
					.migratetype = MIGRATE_MOVABLE,
					.direct = true,
					.heeds_skip = true,
					.from_start = true,
					.last_pfn = 7 * 512,
					.migrate_pfn = migrate_pfn,
					.free_pfn = free_pfn,
					.around_pfn = MMR_NO_PFN,
					.fast_start_pfn = MMR_NO_PFN,
					.search_order = 9};
}

/* Free blocks of order 3 at the pageblocks' starts, listed in this order; nothing else is free. */
static struct mmr_machine *blocks_listed(const uint32_t *pageblocks, unsigned int nr)
{
	struct mmr_machine *m = full_machine("6.12", 100);

	m->compaction.skip_hints = m->compaction.fast_search = true;
	/* The last freed is the head. */
	while (nr--) {
		for (uint32_t i = 0; i < 8; i++)
			assert_int_equal(mmr_free_pages(m, pageblocks[nr] * 512 + i, 0, 0, NULL), 0);
		mmr_drain_all_pages(m);
	}
	return m;
}

/*
 *  pageblocks  0 ............ 7     migrate at 0, free at 7: a target from the upper quarter is one
 *                                   of block 5.25 or above, that is 5 and up
 *  list        1 6 2 3              from the tail: 3 no, 2 no, 6 yes
 *  after       6 2 3 1              6 is the head, the cycle is as it was
 */
static void the_search_for_a_target_rotates_the_list_to_it(void **state)
{
	static const uint32_t listed[] = {1, 6, 2, 3};
	struct mmr_machine *m = blocks_listed(listed, 4);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct compact_control cc = a_run(m, 0, 7 * 512);
	unsigned int order = 99;

	assert_free_list(m, zone, 3, MIGRATE_MOVABLE, 512, 6 * 512, 2 * 512, 3 * 512);
	assert_int_equal(fast_isolate_freepages(&cc, 0, &order), 6 * 512);
	assert_int_equal(order, 3);
	assert_free_list(m, zone, 3, MIGRATE_MOVABLE, 6 * 512, 2 * 512, 3 * 512, 512);
	assert_int_equal(cc.search_order, 3);
	assert_int_equal(cc.fast_search_fail, 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*
 *  list 1 4 2: none from block 5 on, but 4 lies in the upper half (3.5, that is 3 and up): the best there is.
 *  list 1 2:   nothing; the whole list was looked at and stays. The search began at the zone's end, so the
 *              walk goes on from the middle.
 */
static void for_want_of_a_target_above_the_best_is_taken(void **state)
{
	static const uint32_t some[] = {1, 4, 2}, none[] = {1, 2};
	struct mmr_machine *m = blocks_listed(some, 3);
	struct compact_control cc = a_run(m, 0, 7 * 512);
	unsigned int order;

	assert_int_equal(fast_isolate_freepages(&cc, 0, &order), 4 * 512);
	assert_free_list(m, cc.zone, 3, MIGRATE_MOVABLE, 4 * 512, 2 * 512, 512);
	mmr_machine_destroy(m);

	m = blocks_listed(none, 2);
	cc = a_run(m, 0, 7 * 512);
	assert_int_equal(fast_isolate_freepages(&cc, 0, &order), MMR_NO_PFN);
	assert_free_list(m, cc.zone, 3, MIGRATE_MOVABLE, 512, 2 * 512);
	assert_int_equal(cc.fast_search_fail, 1);
	assert_int_equal(cc.free_pfn, 3 * 512);
	mmr_machine_destroy(m);
}

/*
 *  list 7 1 0 2    migrate at 0, free at 7: the first half is below block 3.5, that is 3
 *                  from the head: 7 no, 1 yes; both go to the tail
 *  after 0 2 7 1   the next search finds 0, then 2, as 1 and 0 are marked; then nothing, and the walk
 *                  goes on from the lowest, 0
 */
static void the_search_for_a_source_moves_what_it_saw_to_the_tail(void **state)
{
	static const uint32_t listed[] = {7, 1, 0, 2};
	struct mmr_machine *m = blocks_listed(listed, 4);
	struct compact_control cc = a_run(m, 0, 7 * 512);
	static const uint32_t found[] = {1, 0, 2};

	for (size_t i = 0; i < 3; i++) {
		cc.migrate_pfn = 0;
		cc.fast_found = false;
		fast_find_migrateblock(&cc);
		assert_true(cc.fast_found);
		assert_int_equal(cc.migrate_pfn, found[i] * 512);
		assert_false(isolation_suitable(&cc, found[i] * 512));
		if (i == 0)
			assert_free_list(m, cc.zone, 3, MIGRATE_MOVABLE, 0, 2 * 512, 7 * 512, 512);
	}
	cc.fast_found = false;
	fast_find_migrateblock(&cc);
	assert_false(cc.fast_found);
	assert_int_equal(cc.migrate_pfn, 0);
	assert_int_equal(cc.fast_search_fail, 1);
	/* Not for unmovable requests, small orders, or who heeds no hints. */
	cc = a_run(m, 0, 7 * 512);
	cc.migratetype = MIGRATE_UNMOVABLE;
	reset_isolation_suitable(m, cc.zone);
	fast_find_migrateblock(&cc);
	assert_false(cc.fast_found);
	cc.migratetype = MIGRATE_MOVABLE;
	cc.order = 3;
	fast_find_migrateblock(&cc);
	assert_false(cc.fast_found);
	cc.order = 9;
	cc.heeds_skip = false;
	fast_find_migrateblock(&cc);
	assert_false(cc.fast_found);
	mmr_machine_destroy(m);
}

/*
 * Nothing can move: after a run every pageblock that was looked at is marked. The scanners met, so kswapd
 * clears the marks as it goes to sleep.
 */
static void hints_are_left_and_cleared(void **state)
{
	struct mmr_machine *m = full_machine("6.12", 0);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	unsigned int marked = 0;

	m->compaction.skip_hints = true;
	free_every_second(m, 0, 8 * 512);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 9).pfn, MMR_NO_PFN);
	for (uint32_t block = 0; block < 8; block++)
		marked += (m->pageblocks[block] & PB_SKIP) != 0;
	assert_int_equal(marked, 7); /* the walk ends where the scanners meet: at block 7 */
	assert_true(zone->compact_flags & COMPACT_BLOCKSKIP_FLUSH);
	assert_int_equal(get_pageblock_migratetype(m, 0), MIGRATE_MOVABLE);
	kswapd_finish(&m->cpus[0], zone->zone_pgdat);
	for (uint32_t block = 0; block < 8; block++)
		assert_false(m->pageblocks[block] & PB_SKIP);
	assert_false(zone->compact_flags & COMPACT_BLOCKSKIP_FLUSH);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* All of it together makes the block too. */
static void with_hints_and_searches_the_block_is_made_all_the_same(void **state)
{
	static const char *const profiles[] = {"6.1", "6.12", "6.18", "7.3"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct mmr_machine *m = full_machine(profiles[i], 100);

		m->compaction.skip_hints = m->compaction.fast_search = true;
		free_every_second(m, 0, 6 * 512);
		assert_int_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 9).path, MMR_PATH_SLOWPATH);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_huge_page_is_made_of_scattered_pages),
		cmocka_unit_test(what_cannot_move_stays),
		cmocka_unit_test(compaction_needs_room_for_the_copies),
		cmocka_unit_test(failures_defer_the_next_runs),
		cmocka_unit_test(indices_tell_fragmentation_from_shortage),
		cmocka_unit_test(the_search_for_a_target_rotates_the_list_to_it),
		cmocka_unit_test(for_want_of_a_target_above_the_best_is_taken),
		cmocka_unit_test(the_search_for_a_source_moves_what_it_saw_to_the_tail),
		cmocka_unit_test(hints_are_left_and_cleared),
		cmocka_unit_test(with_hints_and_searches_the_block_is_made_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
