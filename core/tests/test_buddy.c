// SPDX-License-Identifier: GPL-2.0-or-later
/* Splitting, merging and where on a list a block goes. Blocks are drawn as |head order|. */
#include "core/tests/machines.h"

static struct mmr_machine *one_zone(void)
{
	return machine_new((struct machine_spec){.zone_type = ZONE_NORMAL, .node_pages = 4096, .mark = 1});
}

static void give(struct mmr_machine *m, uint32_t pfn, unsigned int order, enum migratetype mt,
		 unsigned int fpi_flags)
{
	free_one_page_locked(&m->cpus[0], zone_of(m, 0, ZONE_NORMAL), pfn, order, mt, fpi_flags);
	m->seeded_pages += 1u << order;
}

/*  pfn      0   1   2   3   4   5   6   7
 *  before |               0 order 3              |
 *  after  | A | 1 |   2    |        4            |	A taken at order 0; each upper half is free */
static void split_keeps_the_lower_half(void **state)
{
	struct mmr_machine *m = one_zone();
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	free_block(m, 0, 3, MIGRATE_MOVABLE);
	assert_int_equal(rmqueue_smallest(&m->cpus[0], zone, 0, MIGRATE_MOVABLE), 0);
	assert_free_list(m, zone, 0, MIGRATE_MOVABLE, 1);
	assert_free_list(m, zone, 1, MIGRATE_MOVABLE, 2);
	assert_free_list(m, zone, 2, MIGRATE_MOVABLE, 4);
	assert_free_list_empty(m, zone, 3, MIGRATE_MOVABLE);
	mmr_machine_destroy(m);
}

/* The remainder of a split goes to the head, before the block that was there. */
static void remainders_go_to_the_head(void **state)
{
	struct mmr_machine *m = one_zone();
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	free_block(m, 64, 1, MIGRATE_MOVABLE);
	free_block(m, 16, 2, MIGRATE_MOVABLE);
	assert_int_equal(rmqueue_smallest(&m->cpus[0], zone, 1, MIGRATE_MOVABLE), 64);
	assert_int_equal(rmqueue_smallest(&m->cpus[0], zone, 0, MIGRATE_MOVABLE), 16);
	assert_free_list(m, zone, 1, MIGRATE_MOVABLE, 18);
	free_block(m, 128, 2, MIGRATE_MOVABLE);
	assert_int_equal(rmqueue_smallest(&m->cpus[0], zone, 1, MIGRATE_MOVABLE), 18);
	assert_int_equal(rmqueue_smallest(&m->cpus[0], zone, 1, MIGRATE_MOVABLE), 128);
	assert_free_list(m, zone, 1, MIGRATE_MOVABLE, 130);
	mmr_machine_destroy(m);
}

/*  pfn      0   1   2   3
 *  before | A | 1 |   2    |	A is freed
 *  after  |      0 order 2 |	through orders 0 and 1 */
static void free_merges_through_every_free_order(void **state)
{
	struct mmr_machine *m = one_zone();
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	give(m, 2, 1, MIGRATE_MOVABLE, FPI_NONE);
	give(m, 1, 0, MIGRATE_MOVABLE, FPI_NONE);
	give(m, 0, 0, MIGRATE_MOVABLE, FPI_NONE);
	assert_free_list_empty(m, zone, 0, MIGRATE_MOVABLE);
	assert_free_list_empty(m, zone, 1, MIGRATE_MOVABLE);
	assert_free_list(m, zone, 2, MIGRATE_MOVABLE, 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*  pfn      0   1   2   3  …  8
 *         | B | A |    2   |  | 8 |	A stays; B is freed
 *  B's buddy A is not free, but the block 2-3 beside their pair is: when A comes back all four
 *  merge, so B waits at the tail, behind 8. A block with no such neighbour goes to the head. */
static void likely_merge_waits_at_the_tail(void **state)
{
	struct mmr_machine *m = one_zone();
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	give(m, 8, 0, MIGRATE_MOVABLE, FPI_NONE);
	give(m, 2, 1, MIGRATE_MOVABLE, FPI_NONE);
	give(m, 0, 0, MIGRATE_MOVABLE, FPI_NONE);
	assert_free_list(m, zone, 0, MIGRATE_MOVABLE, 8, 0);
	give(m, 32, 0, MIGRATE_MOVABLE, FPI_NONE);
	assert_free_list(m, zone, 0, MIGRATE_MOVABLE, 32, 8, 0);
	give(m, 48, 0, MIGRATE_MOVABLE, FPI_TO_TAIL);
	assert_free_list(m, zone, 0, MIGRATE_MOVABLE, 32, 8, 0, 48);
	mmr_machine_destroy(m);
}

/*  | 0 order 9, Unmovable | 512 order 9, Movable |  ->  | 0 order 10 |
 *  The block freed last decides the type, and its buddy's pageblock follows since 6.10. */
static void merge_above_pageblock_order_retypes(void **state)
{
	struct mmr_machine *m = one_zone();
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	set_pageblock_migratetype(m, 0, MIGRATE_UNMOVABLE);
	give(m, 0, 9, MIGRATE_UNMOVABLE, FPI_NONE);
	give(m, 512, 9, MIGRATE_MOVABLE, FPI_NONE);
	assert_free_list(m, zone, 10, MIGRATE_MOVABLE, 0);
	assert_int_equal(get_pageblock_migratetype(m, 0), MIGRATE_MOVABLE);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* A reserved block keeps to itself. */
static void highatomic_does_not_merge_with_others(void **state)
{
	struct mmr_machine *m = one_zone();
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	set_pageblock_migratetype(m, 0, MIGRATE_HIGHATOMIC);
	give(m, 0, 9, MIGRATE_HIGHATOMIC, FPI_NONE);
	give(m, 512, 9, MIGRATE_MOVABLE, FPI_NONE);
	assert_free_list(m, zone, 9, MIGRATE_HIGHATOMIC, 0);
	assert_free_list(m, zone, 9, MIGRATE_MOVABLE, 512);
	assert_int_equal(zone->nr_free_highatomic, 512);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* One free of order 10 over an unmovable and a movable pageblock: since 6.10 each half keeps its type
 * until they merge; 6.1 lists all of it under the first block's type. */
static void large_free_goes_in_by_pageblocks(void **state)
{
	struct mmr_machine *m = one_zone();
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	set_pageblock_migratetype(m, 0, MIGRATE_HIGHATOMIC);
	free_one_page(&m->cpus[0], zone, 0, 10, FPI_NONE);
	m->seeded_pages += 1024;
	assert_free_list(m, zone, 9, MIGRATE_HIGHATOMIC, 0);
	assert_free_list(m, zone, 9, MIGRATE_MOVABLE, 512);
	assert_free_list_empty(m, zone, 10, MIGRATE_MOVABLE);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* Two nodes, each 1536 pages: the buddy of 1024 order 9 lies in the other node. */
static void blocks_do_not_merge_across_zones(void **state)
{
	struct mmr_machine *m = machine_new(
		(struct machine_spec){.nr_nodes = 2, .zone_type = ZONE_NORMAL, .node_pages = 1536, .mark = 1});

	mmr_seed_empty(m);
	assert_free_list(m, zone_of(m, 0, ZONE_NORMAL), 9, MIGRATE_MOVABLE, 1024);
	assert_free_list(m, zone_of(m, 1, ZONE_NORMAL), 9, MIGRATE_MOVABLE, 1536);
	assert_free_list(m, zone_of(m, 0, ZONE_NORMAL), 10, MIGRATE_MOVABLE, 0);
	assert_free_list(m, zone_of(m, 1, ZONE_NORMAL), 10, MIGRATE_MOVABLE, 2048);
	assert_sound(m);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_keeps_the_lower_half),
		cmocka_unit_test(remainders_go_to_the_head),
		cmocka_unit_test(free_merges_through_every_free_order),
		cmocka_unit_test(likely_merge_waits_at_the_tail),
		cmocka_unit_test(merge_above_pageblock_order_retypes),
		cmocka_unit_test(highatomic_does_not_merge_with_others),
		cmocka_unit_test(large_free_goes_in_by_pageblocks),
		cmocka_unit_test(blocks_do_not_merge_across_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
