// SPDX-License-Identifier: GPL-2.0-or-later
/* The stepping interface: what forces the model to an outcome must leave it sound. */
#include <errno.h>

#include "core/tests/machines.h"

#include "core/step.h"

static struct mmr_machine *small_machine(void)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.cpus_per_node = 2,
								  .zone_type = ZONE_DMA32,
								  .node_pages = MIB_PAGES(16),
								  .mark = 10,
								  .batch = 7,
								  .high_min = 30,
								  .high_max = 300});

	return m;
}

/*  before | . . . . . . . . |	one order-3 block at 8; pfn 13 is withdrawn
 *  after  | . . . . . x . . |	8 order 2, 12 order 0, 14 order 1 */
static void withdrawing_a_page_leaves_the_rest_of_its_block_free(void **state)
{
	struct mmr_machine *m = small_machine();
	struct zone *zone = zone_of(m, 0, ZONE_DMA32);

	free_block(m, 8, 3, MIGRATE_MOVABLE);
	assert_int_equal(mmr_step_withdraw(m, 0, 13, 0), MMR_STEP_WAS_FREE);
	assert_free_list(m, zone, 2, MIGRATE_MOVABLE, 8);
	assert_free_list(m, zone, 1, MIGRATE_MOVABLE, 14);
	assert_free_list(m, zone, 0, MIGRATE_MOVABLE, 12);
	assert_free_list_empty(m, zone, 3, MIGRATE_MOVABLE);
	assert_int_equal(mmr_step_place(m, 13).state, MMR_PAGE_BOOT);
	assert_int_equal(mmr_step_withdraw(m, 0, 13, 0), 0);
	/* And back: everything merges. */
	mmr_step_insert(m, 0, zone, 13, 0, false);
	assert_free_list(m, zone, 3, MIGRATE_MOVABLE, 8);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*  list    a b c d   makes   c d a b   when c becomes the head */
static void making_a_block_the_head_rotates_its_list(void **state)
{
	struct mmr_machine *m = small_machine();
	struct zone *zone = zone_of(m, 0, ZONE_DMA32);

	free_block(m, 16, 1, MIGRATE_MOVABLE);
	free_block(m, 32, 1, MIGRATE_MOVABLE);
	free_block(m, 64, 1, MIGRATE_MOVABLE);
	free_block(m, 128, 1, MIGRATE_MOVABLE);
	assert_true(mmr_step_make_head(m, zone, 64, 1, MIGRATE_MOVABLE));
	assert_free_list(m, zone, 1, MIGRATE_MOVABLE, 64, 128, 16, 32);
	assert_false(mmr_step_make_head(m, zone, 65, 1, MIGRATE_MOVABLE));
	assert_true(mmr_step_make_head(m, zone, 64, 1, MIGRATE_MOVABLE));
	assert_free_list(m, zone, 1, MIGRATE_MOVABLE, 64, 128, 16, 32);
	assert_sound(m);
	mmr_machine_destroy(m);
}

static void freeing_a_piece_splits_the_block_it_was_part_of(void **state)
{
	struct mmr_machine *m = small_machine();
	struct zone *zone = zone_of(m, 0, ZONE_DMA32);

	mmr_step_hand_out(m, zone, 512, 9, MIGRATE_MOVABLE);
	assert_int_equal(mmr_step_give_back(m, 515, 0), MMR_PAGE_ALLOCATED);
	assert_int_equal(mmr_step_place(m, 512).order, 1);
	assert_int_equal(mmr_step_place(m, 514).order, 0);
	assert_int_equal(mmr_step_place(m, 516).order, 2);
	assert_int_equal(mmr_step_place(m, 1000).head, 768);
	assert_int_equal(mmr_step_place(m, MMR_NO_PFN).state, MMR_PAGE_BOOT);
	assert_int_equal(mmr_step_place(m, 1u << 31).state, MMR_PAGE_BOOT);
	mmr_step_insert(m, 0, zone, 515, 0, false);
	assert_int_equal(mmr_step_give_back(m, 515, 0), MMR_PAGE_FREE);
	assert_int_equal(mmr_step_give_back(m, 512, 9), MMR_PAGE_FREE);
	mmr_machine_destroy(m);
}

static void a_page_leaves_a_cpus_list_wherever_it_stands(void **state)
{
	struct mmr_machine *m = small_machine();
	struct zone *zone = zone_of(m, 0, ZONE_DMA32);
	struct mmr_pcp_state pcp;
	unsigned int pindex = 0;
	int32_t count;

	for (uint32_t pfn = 100; pfn < 106; pfn++)
		mmr_step_pcp_append(m, 1, zone, pfn, 0, MIGRATE_UNMOVABLE);
	for (uint32_t pfn = 200; pfn < 203; pfn++)
		mmr_step_pcp_append(m, 0, zone, pfn, 0, MIGRATE_UNMOVABLE);
	for (uint32_t pfn = 100; pfn < 106; pfn++)
		assert_int_equal(mmr_step_pcp_owner(m, pfn), 1);
	for (uint32_t pfn = 200; pfn < 203; pfn++)
		assert_int_equal(mmr_step_pcp_owner(m, pfn), 0);
	assert_false(mmr_step_pcp_remove(m, 0, zone, 102));
	assert_true(mmr_step_pcp_remove(m, 1, zone, 102));
	assert_true(mmr_step_pcp_remove(m, 1, zone, 100));
	assert_true(mmr_step_pcp_remove(m, 1, zone, 105));
	assert_int_equal(mmr_step_pcp_owner(m, 102), -1);
	mmr_step_pcp_read(zone, 1, &pcp, &count);
	assert_int_equal(count, 3);
	assert_int_equal(mmr_step_pcp_victim(zone, 1, &pindex), 104);
	assert_int_equal(mmr_step_pcp_pop(m, 1, zone, 0), 101);
	assert_int_equal(mmr_step_pcp_pop(m, 1, zone, 0), 103);
	assert_int_equal(mmr_step_pcp_pop(m, 1, zone, 0), 104);
	assert_int_equal(mmr_step_pcp_head(zone, 1, 0), MMR_NO_PFN);
	mmr_machine_destroy(m);
}

/* A free block of two pageblocks falls apart when one of them is isolated, and is one again afterwards. */
static void isolating_a_pageblock_splits_a_longer_free_block(void **state)
{
	static const char *const profiles[] = {"6.12", "6.18"};

	for (size_t i = 0; i < 2; i++) {
		struct mmr_machine *m = machine_new((struct machine_spec){
			.zone_type = ZONE_DMA32, .node_pages = 8192, .profile = profiles[i]});
		struct zone *zone = zone_of(m, 0, ZONE_DMA32);

		assert_int_equal(mmr_step_isolate_bit(m), i);
		mmr_step_zone_forget(m, zone);
		mmr_step_adopt_pageblock(m, 1024, MIGRATE_MOVABLE);
		mmr_step_adopt_pageblock(m, 1536, MIGRATE_MOVABLE);
		assert_int_equal(mmr_step_adopt_free(m, zone, 1024, 10, MIGRATE_MOVABLE), 0);
		mmr_step_isolate(m, 0, zone, 1536 + 7, true, MIGRATE_ISOLATE);
		assert_int_equal(mmr_step_free_head(zone, 9, MIGRATE_MOVABLE), 1024);
		assert_int_equal(mmr_step_free_head(zone, 9, MIGRATE_ISOLATE), 1536);
		assert_int_equal(mmr_step_pageblock(m, 1536), MIGRATE_ISOLATE);
		assert_int_equal(mmr_step_free_head(zone, 10, MIGRATE_MOVABLE), MMR_NO_PFN);
		mmr_step_isolate(m, 0, zone, 1536, false, MIGRATE_MOVABLE);
		assert_int_equal(mmr_step_pageblock(m, 1536), MIGRATE_MOVABLE);
		assert_int_equal(mmr_step_free_head(zone, 9, MIGRATE_ISOLATE), MMR_NO_PFN);
		mmr_machine_destroy(m);
	}
}

/* CMA pages first while they are most of what is free, or where there is nothing else. */
static void a_movable_request_takes_cma_pages(void **state)
{
	struct mmr_machine *m = small_machine();
	struct zone *zone = zone_of(m, 0, ZONE_DMA32);
	int64_t margin;

	mmr_step_zone_forget(m, zone);
	assert_int_equal(mmr_step_adopt_free(m, zone, 512, 9, MIGRATE_MOVABLE), 0);
	mmr_step_adopt_counts(m, zone, NULL);
	assert_false(mmr_step_takes_cma(zone, 0, &margin));
	assert_int_equal(margin, INT64_MAX);
	assert_int_equal(mmr_step_adopt_free(m, zone, 1024, 8, MIGRATE_CMA), 0);
	mmr_step_adopt_counts(m, zone, NULL);
	assert_false(mmr_step_takes_cma(zone, 0, &margin));
	assert_int_equal(margin, 768 / 2 - 256);
	assert_int_equal(mmr_step_adopt_free(m, zone, 1536, 9, MIGRATE_CMA), 0);
	mmr_step_adopt_counts(m, zone, NULL);
	assert_true(mmr_step_takes_cma(zone, 9, &margin));
	assert_int_equal(margin, 768 - 1280 / 2);
	mmr_step_take_smallest(m, 0, zone, 9, MIGRATE_MOVABLE);
	assert_true(mmr_step_takes_cma(zone, 0, &margin));
	assert_int_equal(margin, INT64_MAX);
	mmr_machine_destroy(m);
}

/*  unmovable has nothing; movable has an order-9 block and an order-2 block: the whole pageblock is
 *  always claimed, so a steal of the short block cannot be what a kernel did */
static void only_what_the_rules_leave_open_is_possible(void **state)
{
	struct mmr_machine *m = small_machine();
	struct zone *zone = zone_of(m, 0, ZONE_DMA32);
	struct mmr_step_fallback choice;
	struct mmr_step_fallback claim = {.block = 1024, .order = 9, .mt = MIGRATE_MOVABLE, .claim = true};
	struct mmr_step_fallback steal = {.block = 64, .order = 2, .mt = MIGRATE_MOVABLE};

	free_block(m, 64, 2, MIGRATE_MOVABLE);
	free_block(m, 1024, 9, MIGRATE_MOVABLE);
	assert_true(mmr_step_peek_fallback(m, zone, 0, MIGRATE_UNMOVABLE, false, &choice));
	assert_int_equal(choice.block, 1024);
	assert_true(choice.claim);
	assert_true(mmr_step_fallback_possible(m, zone, 0, MIGRATE_UNMOVABLE, false, &claim));
	assert_false(mmr_step_fallback_possible(m, zone, 0, MIGRATE_UNMOVABLE, false, &steal));
	/* Once a refill has stolen it goes on stealing, the shortest block first. */
	assert_true(mmr_step_fallback_possible(m, zone, 0, MIGRATE_UNMOVABLE, true, &steal));
	assert_false(mmr_step_fallback_possible(m, zone, 0, MIGRATE_UNMOVABLE, true, &claim));
	assert_int_equal(mmr_step_fallback(m, 0, zone, 0, MIGRATE_UNMOVABLE, false, &claim), 1024);
	assert_int_equal(mmr_step_pageblock(m, 1024), MIGRATE_UNMOVABLE);
	assert_free_list(m, zone, 8, MIGRATE_UNMOVABLE, 1280);
	mmr_machine_destroy(m);
}

static void a_zone_adopts_lists_and_counts(void **state)
{
	struct mmr_machine *m = small_machine();
	struct zone *zone = zone_of(m, 0, ZONE_DMA32);
	const int16_t pending[2] = {3, -1};
	struct mmr_step_marks marks;

	free_block(m, 2048, 10, MIGRATE_MOVABLE);
	mmr_step_zone_forget(m, zone);
	assert_free_list_empty(m, zone, 10, MIGRATE_MOVABLE);
	assert_int_equal(mmr_step_adopt_free(m, zone, 2048, 9, MIGRATE_MOVABLE), 0);
	assert_int_equal(mmr_step_adopt_free(m, zone, 2050, 0, MIGRATE_MOVABLE), -17);
	assert_int_equal(mmr_step_adopt_free(m, zone, 2049, 1, MIGRATE_MOVABLE), -22);
	mmr_step_adopt_counts(m, zone, pending);
	mmr_step_marks(m, zone, &marks);
	assert_int_equal(marks.free, 510);
	assert_int_equal(marks.pending, 2);
	mmr_machine_destroy(m);
}

/* What a recording with a hole in it can make a caller ask for: named, and not done. */
static void what_is_on_a_list_goes_to_no_other(void **state)
{
	static const struct {
		uint32_t pfn;
		unsigned int order;
		bool to_pcp;
		const char *says;
	} cases[] = {
		{8, 0, true, "pfn 8 order 0 goes to a CPU's list, but block 8 order 3 is on a free list"},
		{13, 0, true, "pfn 13 order 0 goes to a CPU's list, but block 8 order 3 is on a free list"},
		{12, 1, false, "pfn 12 order 1 goes to the free lists, but block 8 order 3 is on a free list"},
		{16, 0, true, "pfn 16 order 0 goes to a CPU's list, but block 16 order 0 is on a per-CPU list"},
		{16, 2, false, "pfn 16 order 2 goes to the free lists, but block 16 order 0 is on a per-CPU"},
		{1024 + 77, 0, false, "block 1024 order 10 is on a free list"},
		/* The head is nobody's, a page behind it is. */
		{32, 3, false, "pfn 32 order 3 goes to the free lists, but block 37 order 0 is on a free list"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *m = small_machine();
		struct zone *zone = zone_of(m, 0, ZONE_DMA32);
		struct mmr_error err = {0};

		free_block(m, 8, 3, MIGRATE_MOVABLE);
		free_block(m, 37, 0, MIGRATE_MOVABLE);
		free_block(m, 1024, 10, MIGRATE_MOVABLE);
		mmr_step_pcp_push(m, 0, zone, 16, 0);
		assert_int_equal(mmr_machine_damage(m, &err), 0);
		if (cases[i].to_pcp)
			mmr_step_pcp_push(m, 1, zone, cases[i].pfn, cases[i].order);
		else
			mmr_step_insert(m, 1, zone, cases[i].pfn, cases[i].order, false);
		assert_int_equal(mmr_machine_damage(m, &err), -EUCLEAN);
		if (!strstr(err.msg, cases[i].says))
			fail_msg("%s", err.msg);
		assert_non_null(strstr(err.msg, "node 0 zone DMA32"));
		/* Nothing was done: every list is as it was, and the first word stays. */
		assert_free_list(m, zone, 3, MIGRATE_MOVABLE, 8);
		assert_free_list(m, zone, 0, MIGRATE_MOVABLE, 37);
		assert_free_list(m, zone, 10, MIGRATE_MOVABLE, 1024);
		assert_int_equal(zone->per_cpu_pageset[0].count, 1);
		assert_int_equal(zone->per_cpu_pageset[1].count, 0);
		mmr_step_insert_as(m, 1, zone, 37, 0, MIGRATE_MOVABLE);
		mmr_step_pcp_append(m, 1, zone, 37, 0, MIGRATE_MOVABLE);
		assert_int_equal(zone->free_area[0].free_list[MIGRATE_MOVABLE].nr, 1);
		mmr_machine_damage(m, &err);
		assert_non_null(strstr(err.msg, cases[i].says));
		assert_int_equal(mmr_check(m, NULL), -EUCLEAN);
		/* A new start is a new model. */
		mmr_seed_empty(m);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

static void nothing_is_taken_from_an_empty_list_for_ever(void **state)
{
	struct mmr_machine *m = small_machine();
	struct zone *zone = zone_of(m, 0, ZONE_DMA32);
	struct mmr_error err = {0};
	struct mmr_pcp_state pcp;
	int32_t count;

	assert_int_equal(mmr_step_pcp_pop(m, 1, zone, 2), MMR_NO_PFN);
	assert_int_equal(mmr_machine_damage(m, &err), -EUCLEAN);
	assert_non_null(strstr(err.msg, "list 2 of CPU 1, which is empty"));
	mmr_machine_destroy(m);

	/* A count without pages: the drain that believes it ends. */
	m = small_machine();
	zone = zone_of(m, 0, ZONE_DMA32);
	mmr_step_pcp_push(m, 0, zone, 16, 0);
	mmr_step_pcp_read(zone, 0, &pcp, &count);
	pcp.batch = 0;
	mmr_step_pcp_write(zone, 0, &pcp, 40);
	mmr_drain_all_pages(m);
	assert_int_equal(mmr_machine_damage(m, &err), -EUCLEAN);
	assert_non_null(strstr(err.msg, "a per-CPU count of"));
	assert_non_null(strstr(err.msg, "all its lists are empty"));
	assert_free_list(m, zone, 0, MIGRATE_MOVABLE, 16);
	mmr_machine_destroy(m);
}

/*
 * While kswapd is awake a CPU may keep as much to itself as the marks allow, in zones that could drift below a
 * mark unseen when the last CPU came up: all where there were no marks yet, else those whose marks lay close
 * together.
 */
static void pressure_changes_thresholds_where_a_zone_could_drift(void **state)
{
	static const struct {
		bool marks_first;
		uint16_t nr_cpus;
		bool changed;
	} cases[] = {{false, 2, true}, {false, 1, false}, {true, 2, false}, {true, 64, true}};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *m = machine_new((struct machine_spec){.cpus_per_node = cases[i].nr_cpus,
									  .zone_type = ZONE_DMA32,
									  .node_pages = MIB_PAGES(16),
									  .mark = 200,
									  .batch = 7,
									  .high_min = 30,
									  .high_max = 300});
		struct zone *zone = zone_of(m, 0, ZONE_DMA32);
		int32_t before = zone->per_cpu_zonestats[0].stat_threshold;

		zone->percpu_drift_mark = 0;
		mmr_step_set_pressure(m, 0, true, cases[i].marks_first);
		assert_int_equal(zone->per_cpu_zonestats[0].stat_threshold != before, cases[i].changed);
		mmr_step_set_pressure(m, 0, false, cases[i].marks_first);
		assert_int_equal(zone->per_cpu_zonestats[0].stat_threshold, before);
		mmr_machine_destroy(m);
	}
}

/* Victims of one hold of zone->lock, which go to the buddy. */
static void drain_chunk(struct mmr_machine *m, struct zone *zone, int pages, const uint32_t *expected)
{
	for (int i = 0; i < pages; i++) {
		unsigned int pindex = mmr_step_pindex(MIGRATE_MOVABLE, 0);
		uint32_t victim = mmr_step_pcp_victim(zone, 0, &pindex);

		assert_int_equal(victim, expected[i]);
		assert_true(mmr_step_pcp_remove(m, 0, zone, victim));
		mmr_step_insert(m, 0, zone, victim, 0, false);
	}
}

/*
 * 7.x, batch 7. CPU 0's list has 20 pages, 0 2 4 … 38 as they were freed; an overflow of 14 goes in two
 * batches. Between the two the lock is free: an interrupt frees 101 to the list and takes it again, then
 * frees 103; CPU 1 drains nothing, but frees 105 to the buddy. During a batch an interrupt's free of 107
 * finds the lock taken and goes to the buddy. None of it changes whom the second batch takes.
 */
static void others_come_between_the_batches_of_an_overflow(void **state)
{
	static const char *const profiles[] = {"6.18", "7.3"};
	static const uint32_t tails[14] = {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26};

	for (size_t p = 0; p < 2; p++) {
		struct mmr_machine *m = machine_new((struct machine_spec){.cpus_per_node = 2,
									  .zone_type = ZONE_DMA32,
									  .node_pages = MIB_PAGES(16),
									  .mark = 10,
									  .batch = 7,
									  .high_min = 30,
									  .high_max = 300,
									  .profile = profiles[p]});
		struct zone *zone = zone_of(m, 0, ZONE_DMA32);
		struct mmr_pcp_state pcp;
		int32_t count;

		for (uint32_t pfn = 0; pfn < 40; pfn += 2)
			mmr_step_pcp_push(m, 0, zone, pfn, 0);
		if (p == 0) {
			assert_int_equal(mmr_step_pcp_chunk(m, zone, 0), INT32_MAX);
			mmr_machine_destroy(m);
			continue;
		}
		assert_int_equal(mmr_step_pcp_chunk(m, zone, 0), 7);
		drain_chunk(m, zone, 4, tails);
		mmr_step_insert(m, 0, zone, 107, 0, false);
		drain_chunk(m, zone, 3, tails + 4);
		mmr_step_pcp_push(m, 0, zone, 101, 0);
		assert_int_equal(mmr_step_pcp_pop(m, 0, zone, mmr_step_pindex(MIGRATE_MOVABLE, 0)), 101);
		mmr_step_hand_out(m, zone, 101, 0, MIGRATE_MOVABLE);
		mmr_step_pcp_push(m, 0, zone, 103, 0);
		mmr_step_insert(m, 1, zone, 105, 0, false);
		drain_chunk(m, zone, 7, tails + 7);
		mmr_step_pcp_overflow_done(m, zone);
		mmr_step_pcp_read(zone, 0, &pcp, &count);
		assert_int_equal(count, 20 - 14 + 1);
		assert_int_equal(mmr_step_pcp_head(zone, 0, mmr_step_pindex(MIGRATE_MOVABLE, 0)), 103);
		assert_int_equal(mmr_machine_damage(m, NULL), 0);
		mmr_machine_destroy(m);
	}
}

/* The zone counts enough free pages, and has none of the type asked for: a refill brings nothing, and the next
 * one asks for more. */
static void a_refill_that_brings_nothing_adapts_its_size(void **state)
{
	struct mmr_machine *m = small_machine();
	struct zone *zone = zone_of(m, 0, ZONE_DMA32);
	const struct mmr_step_request request = {
		.gfp = MMR_GFP_HIGHUSER_MOVABLE, .mt = MIGRATE_MOVABLE, .attempts = MMR_STEP_FAST};
	struct mmr_pcp_state before, after;
	int32_t count;

	mmr_step_pcp_read(zone, 0, &before, &count);
	mmr_step_refill_with_nothing(m, &request);
	mmr_step_pcp_read(zone, 0, &after, &count);
	assert_int_equal(after.alloc_factor, before.alloc_factor);
	mmr_step_count_pages(m, zone, 0, 1000);
	assert_null(mmr_step_first_zone(m, &request));
	mmr_step_refill_with_nothing(m, &request);
	mmr_step_pcp_read(zone, 0, &after, &count);
	assert_int_equal(after.alloc_factor, before.alloc_factor + 1);
	assert_int_equal(after.high, 30 + 7);
	mmr_step_set_reserve(zone, ZONE_MOVABLE, 1000);
	mmr_step_refill_with_nothing(m, &request);
	mmr_step_pcp_read(zone, 0, &after, &count);
	assert_int_equal(after.alloc_factor, before.alloc_factor + 1);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(withdrawing_a_page_leaves_the_rest_of_its_block_free),
		cmocka_unit_test(making_a_block_the_head_rotates_its_list),
		cmocka_unit_test(freeing_a_piece_splits_the_block_it_was_part_of),
		cmocka_unit_test(a_page_leaves_a_cpus_list_wherever_it_stands),
		cmocka_unit_test(isolating_a_pageblock_splits_a_longer_free_block),
		cmocka_unit_test(a_movable_request_takes_cma_pages),
		cmocka_unit_test(only_what_the_rules_leave_open_is_possible),
		cmocka_unit_test(a_zone_adopts_lists_and_counts),
		cmocka_unit_test(pressure_changes_thresholds_where_a_zone_could_drift),
		cmocka_unit_test(others_come_between_the_batches_of_an_overflow),
		cmocka_unit_test(what_is_on_a_list_goes_to_no_other),
		cmocka_unit_test(a_refill_that_brings_nothing_adapts_its_size),
		cmocka_unit_test(nothing_is_taken_from_an_empty_list_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
