// SPDX-License-Identifier: GPL-2.0-or-later
/* Which block another type gives up, and what becomes of its pageblock. */
#include "core/tests/machines.h"

static struct mmr_machine *machine(const char *profile)
{
	return machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
						 .node_pages = 8192,
						 .mark = 200,
						 .batch = 4,
						 .high_min = 64,
						 .high_max = 64,
						 .profile = profile});
}

/* One block as rmqueue_buddy() would take it. */
static uint32_t take(struct mmr_machine *m, unsigned int order, enum migratetype mt, unsigned int alloc_flags)
{
	enum rmqueue_mode mode = RMQUEUE_NORMAL;

	return rmqueue_inner(&m->cpus[0], zone_of(m, 0, ZONE_NORMAL), order, mt, alloc_flags, &mode);
}

/*  Movable:     | 512 order 4 | … | 1024 order 9 | 2048 order 10 |
 *  An unmovable page claims the largest block, and both its pageblocks become Unmovable. */
static void the_largest_block_is_claimed_with_its_pageblocks(void **state)
{
	struct mmr_machine *m = machine("6.12");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	free_block(m, 512, 4, MIGRATE_MOVABLE);
	free_block(m, 1024, 9, MIGRATE_MOVABLE);
	free_block(m, 2048, 10, MIGRATE_MOVABLE);
	assert_int_equal(take(m, 0, MIGRATE_UNMOVABLE, 0), 2048);
	assert_int_equal(get_pageblock_migratetype(m, 2048), MIGRATE_UNMOVABLE);
	assert_int_equal(get_pageblock_migratetype(m, 2560), MIGRATE_UNMOVABLE);
	assert_free_list(m, zone, 9, MIGRATE_UNMOVABLE, 2560);
	assert_free_list(m, zone, 0, MIGRATE_UNMOVABLE, 2049);
	assert_int_equal(zone->watermark_boost, 0);
	mmr_machine_destroy(m);
}

/* Reclaimable is asked before Movable, at each order. */
static void the_preferred_type_is_asked_first(void **state)
{
	struct mmr_machine *m = machine("6.12");

	set_pageblock_migratetype(m, 512, MIGRATE_RECLAIMABLE);
	free_block(m, 1024, 9, MIGRATE_MOVABLE);
	free_block(m, 512, 9, MIGRATE_RECLAIMABLE);
	assert_int_equal(take(m, 0, MIGRATE_UNMOVABLE, 0), 512);
	mmr_machine_destroy(m);
}

/*  pageblock 512-1023, Movable:  | 512 order 8: free | 768 order 4: free | rest: boot's |
 *  272 of 512 pages are free: half is enough. Free parts move, ascending, to Unmovable's tails. */
static void half_a_free_pageblock_is_claimed(void **state)
{
	struct mmr_machine *m = machine("6.12");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	free_block(m, 768, 4, MIGRATE_MOVABLE);
	free_block(m, 512, 8, MIGRATE_MOVABLE);
	/* The largest block led here; the smallest that suffices is then split: 768. */
	assert_int_equal(take(m, 0, MIGRATE_UNMOVABLE, ALLOC_KSWAPD), 768);
	assert_int_equal(get_pageblock_migratetype(m, 512), MIGRATE_UNMOVABLE);
	assert_free_list(m, zone, 8, MIGRATE_UNMOVABLE, 512);
	assert_int_equal(zone->watermark_boost, 512);
	assert_true(zone->flags & 1u << ZONE_BOOSTED_WATERMARK);
	mmr_machine_destroy(m);
}

/*  pageblock 512-1023, Movable:  | 512 order 5 | 576 order 2 | rest: boot's, taken for movable |
 *  36 free pages do not pay for a claim: the smallest block is split, the rest stays Movable. */
static void a_full_pageblock_is_stolen_from(void **state)
{
	struct mmr_machine *m = machine("6.12");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct mmr_counters c;

	free_block(m, 512, 5, MIGRATE_MOVABLE);
	free_block(m, 576, 2, MIGRATE_MOVABLE);
	assert_int_equal(take(m, 1, MIGRATE_UNMOVABLE, 0), 576);
	assert_int_equal(get_pageblock_migratetype(m, 512), MIGRATE_MOVABLE);
	assert_free_list(m, zone, 1, MIGRATE_MOVABLE, 578);
	/* Each attempt to claim boosted the marks: orders 5 and 2; at most half again the high mark, 900. */
	assert_int_equal(zone->watermark_boost, 900);
	mmr_counters_read(m, &c);
	assert_int_equal(c.extfrag_steal[MIGRATE_UNMOVABLE][MIGRATE_MOVABLE][1][2], 1);
	mmr_machine_destroy(m);
}

/* A movable request does not try to claim below order 4: mixing movable pages in harms little. */
static void movable_claims_only_large_blocks(void **state)
{
	struct mmr_machine *m = machine("6.12");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	set_pageblock_migratetype(m, 512, MIGRATE_UNMOVABLE);
	free_block(m, 512, 3, MIGRATE_UNMOVABLE);
	assert_int_equal(take(m, 0, MIGRATE_MOVABLE, 0), 512);
	assert_int_equal(zone->watermark_boost, 0);
	assert_int_equal(get_pageblock_migratetype(m, 512), MIGRATE_UNMOVABLE);
	mmr_machine_destroy(m);
}

static void nofragment_takes_only_whole_pageblocks(void **state)
{
	struct mmr_machine *m = machine("6.12");

	free_block(m, 512, 8, MIGRATE_MOVABLE);
	assert_int_equal(take(m, 0, MIGRATE_UNMOVABLE, ALLOC_NOFRAGMENT), MMR_NO_PFN);
	free_block(m, 1024, 9, MIGRATE_MOVABLE);
	assert_int_equal(take(m, 0, MIGRATE_UNMOVABLE, ALLOC_NOFRAGMENT), 1024);
	mmr_machine_destroy(m);
}

/* Once a refill has stolen it goes on stealing, even where its own list has filled meanwhile. */
static void a_refill_keeps_stealing(void **state)
{
	struct mmr_machine *m = machine("6.12");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	enum rmqueue_mode mode = RMQUEUE_NORMAL;

	free_block(m, 512, 1, MIGRATE_MOVABLE);
	assert_int_equal(rmqueue_inner(&m->cpus[0], zone, 0, MIGRATE_UNMOVABLE, 0, &mode), 512);
	assert_int_equal(mode, RMQUEUE_STEAL);
	set_pageblock_migratetype(m, 1024, MIGRATE_UNMOVABLE);
	free_block(m, 1024, 0, MIGRATE_UNMOVABLE);
	assert_int_equal(rmqueue_inner(&m->cpus[0], zone, 0, MIGRATE_UNMOVABLE, 0, &mode), 513);
	mode = RMQUEUE_NORMAL;
	assert_int_equal(rmqueue_inner(&m->cpus[0], zone, 0, MIGRATE_UNMOVABLE, 0, &mode), 1024);
	mmr_machine_destroy(m);
}

/*  6.1, pageblock 512-1023, Movable:  | 512 order 5 | 576 order 2 | rest: boot's |
 *  All that is free moves to Unmovable's lists, though the block keeps its type; the smallest
 *  sufficient part is taken, its remainder stays with Unmovable. */
static void old_kernels_move_the_lists_but_not_the_type(void **state)
{
	struct mmr_machine *m = machine("6.1");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	free_block(m, 512, 5, MIGRATE_MOVABLE);
	free_block(m, 576, 2, MIGRATE_MOVABLE);
	assert_int_equal(take(m, 0, MIGRATE_UNMOVABLE, 0), 576);
	assert_int_equal(get_pageblock_migratetype(m, 512), MIGRATE_MOVABLE);
	assert_free_list(m, zone, 5, MIGRATE_UNMOVABLE, 512);
	assert_free_list(m, zone, 1, MIGRATE_UNMOVABLE, 578);
	assert_free_list_empty(m, zone, 5, MIGRATE_MOVABLE);
	mmr_machine_destroy(m);
}

/* 6.1: a movable request that may not take the pageblock looks for the smallest block instead. */
static void old_kernels_take_the_smallest_for_movable(void **state)
{
	struct mmr_machine *m = machine("6.1");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	set_pageblock_migratetype(m, 512, MIGRATE_UNMOVABLE);
	free_block(m, 512, 3, MIGRATE_UNMOVABLE);
	free_block(m, 640, 1, MIGRATE_UNMOVABLE);
	assert_int_equal(take(m, 0, MIGRATE_MOVABLE, 0), 640);
	assert_free_list(m, zone, 3, MIGRATE_UNMOVABLE, 512);
	assert_free_list(m, zone, 0, MIGRATE_MOVABLE, 641);
	mmr_machine_destroy(m);
}

/* 6.10 to 6.14: what cannot be claimed is cut from the largest block, and the rest keeps its type. */
static void between_6_10_and_6_14_the_largest_is_cut(void **state)
{
	struct kernel_profile *profile;
	struct mmr_machine *m = machine("6.12");
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	assert_int_equal(kernel_profile_parse("6.12,steal=6.10", &profile, NULL), 0);
	m->profile = *profile;
	kernel_profile_destroy(profile);
	free_block(m, 512, 5, MIGRATE_MOVABLE);
	free_block(m, 576, 2, MIGRATE_MOVABLE);
	assert_int_equal(take(m, 2, MIGRATE_UNMOVABLE, 0), 512);
	assert_free_list(m, zone, 2, MIGRATE_MOVABLE, 516, 576);
	assert_free_list(m, zone, 4, MIGRATE_MOVABLE, 528);
	assert_int_equal(zone->watermark_boost, 512);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_block_is_claimed_with_its_pageblocks),
		cmocka_unit_test(the_preferred_type_is_asked_first),
		cmocka_unit_test(half_a_free_pageblock_is_claimed),
		cmocka_unit_test(a_full_pageblock_is_stolen_from),
		cmocka_unit_test(movable_claims_only_large_blocks),
		cmocka_unit_test(nofragment_takes_only_whole_pageblocks),
		cmocka_unit_test(a_refill_keeps_stealing),
		cmocka_unit_test(old_kernels_move_the_lists_but_not_the_type),
		cmocka_unit_test(old_kernels_take_the_smallest_for_movable),
		cmocka_unit_test(between_6_10_and_6_14_the_largest_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
