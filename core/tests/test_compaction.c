// SPDX-License-Identifier: GPL-2.0-or-later
/* The model of compaction. */
#include <errno.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_huge_page_is_made_of_scattered_pages),
		cmocka_unit_test(what_cannot_move_stays),
		cmocka_unit_test(compaction_needs_room_for_the_copies),
		cmocka_unit_test(failures_defer_the_next_runs),
		cmocka_unit_test(indices_tell_fragmentation_from_shortage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
