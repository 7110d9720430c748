// SPDX-License-Identifier: GPL-2.0-or-later
/* Pageblocks set aside, and ranges of page frames taken whole. */
#include <errno.h>

#include "core/tests/machines.h"

/* One zone of 4 MiB blocks; nothing free yet, every pageblock movable, min mark 1. */
static struct mmr_machine *machine(const char *profile, unsigned int nr_max_blocks)
{
	return machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
						 .node_pages = nr_max_blocks * MAX_ORDER_NR_PAGES,
						 .mark = 1,
						 .batch = 4,
						 .high_min = 16,
						 .high_max = 16,
						 .profile = profile});
}

static int64_t nr_free_pages(const struct zone *zone)
{
	return zone->vm_stat_free + zone->per_cpu_zonestats[0].vm_stat_diff;
}

static void isolate(struct mmr_machine *m, uint32_t pfn)
{
	struct mmr_error err;

	if (mmr_pageblock_isolate(m, pfn, 0, &err))
		fail_msg("%s", err.msg);
}

static void unisolate(struct mmr_machine *m, uint32_t pfn, enum migratetype mt)
{
	struct mmr_error err;

	if (mmr_pageblock_unisolate(m, pfn, mt, 0, &err))
		fail_msg("%s", err.msg);
}

/*
 *  pfn       512    516    520 ... 1024
 *  movable  |  2^2  | used |  2^3  | used
 *
 * Both free blocks go to the isolate lists and leave the count; what is freed beside them joins them.
 */
static void isolated_pages_serve_nobody(void **state)
{
	struct mmr_machine *m = machine("6.12", 1);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	free_block(m, 512, 2, MIGRATE_MOVABLE);
	free_block(m, 520, 3, MIGRATE_MOVABLE);
	isolate(m, 700);
	assert_free_list(m, zone, 2, MIGRATE_ISOLATE, 512);
	assert_free_list(m, zone, 3, MIGRATE_ISOLATE, 520);
	assert_int_equal(nr_free_pages(zone), 0);
	assert_int_equal(zone->nr_isolate_pageblock, 1);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_MEMALLOC, 0).pfn, MMR_NO_PFN);
	m->seeded_pages += 4; /* boot gives its pages back */
	for (uint32_t pfn = 516; pfn < 520; pfn++)
		assert_int_equal(mmr_free_pages(m, pfn, 0, 0, NULL), 0);
	m->seeded_pages -= 4;
	assert_free_list(m, zone, 4, MIGRATE_ISOLATE, 512);
	assert_int_equal(nr_free_pages(zone), 0);
	unisolate(m, 512, MIGRATE_MOVABLE);
	assert_free_list(m, zone, 4, MIGRATE_MOVABLE, 512);
	assert_int_equal(nr_free_pages(zone), 16);
	assert_int_equal(zone->nr_isolate_pageblock, 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*
 *  pfn      0         512       1024
 *  before  |       2^10         |
 *  isolate |   2^9    |   iso   |
 *  undo    |       2^10         |      merged: the buddy is free and in service
 */
static void a_larger_block_is_split_and_merges_again(void **state)
{
	static const char *const profiles[] = {"6.1", "6.12", "6.18", "7.3"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct mmr_machine *m = machine(profiles[i], 1);
		struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

		free_block(m, 0, 10, MIGRATE_MOVABLE);
		isolate(m, 512);
		assert_free_list(m, zone, 9, MIGRATE_MOVABLE, 0);
		assert_free_list(m, zone, 9, MIGRATE_ISOLATE, 512);
		assert_int_equal(nr_free_pages(zone), 512);
		assert_sound(m);
		unisolate(m, 512, MIGRATE_MOVABLE);
		assert_free_list(m, zone, 10, MIGRATE_MOVABLE, 0);
		assert_int_equal(nr_free_pages(zone), 1024);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* Since 6.17 the type survives under the bit; before, the caller says what it shall be. */
static void the_type_survives_where_isolation_is_a_bit(void **state)
{
	static const struct {
		const char *profile;
		unsigned int mt;
	} cases[] = {{"6.12", MIGRATE_MOVABLE}, {"6.12,isolate_bit=1", MIGRATE_UNMOVABLE}};

	for (size_t i = 0; i < 2; i++) {
		struct kernel_profile *profile;
		struct mmr_machine *m = machine("6.12", 1);

		assert_int_equal(kernel_profile_parse(cases[i].profile, &profile, NULL), 0);
		m->profile = *profile;
		kernel_profile_destroy(profile);
		assert_int_equal(mmr_seed_pageblock(m, 512, MIGRATE_UNMOVABLE, NULL), 0);
		free_block(m, 512, 9, MIGRATE_UNMOVABLE);
		isolate(m, 512);
		assert_int_equal(get_pageblock_migratetype(m, 512), MIGRATE_ISOLATE);
		unisolate(m, 512, MIGRATE_MOVABLE);
		assert_int_equal(get_pageblock_migratetype(m, 512), cases[i].mt);
		assert_free_list(m, zone_of(m, 0, ZONE_NORMAL), 9, cases[i].mt, 512);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

static void what_cannot_be_isolated_is_refused(void **state)
{
	struct mmr_machine *m = machine("6.12", 1);

	free_block(m, 512, 9, MIGRATE_MOVABLE);
	assert_int_equal(mmr_pageblock_isolate(m, 1024, 0, NULL), -EINVAL);
	assert_int_equal(mmr_pageblock_isolate(m, 512, 1, NULL), -EINVAL);
	assert_int_equal(mmr_pageblock_unisolate(m, 512, MIGRATE_MOVABLE, 0, NULL), -EINVAL);
	isolate(m, 512);
	assert_int_equal(mmr_pageblock_isolate(m, 1000, 0, NULL), -EBUSY);
	assert_int_equal(mmr_pageblock_unisolate(m, 512, MIGRATE_ISOLATE, 0, NULL), -EINVAL);
	unisolate(m, 512, MIGRATE_MOVABLE);
	alloc_on(m, 0, MMR_GFP_KERNEL, 2);
	assert_int_equal(mmr_pageblock_isolate(m, 512, 0, NULL), -EBUSY);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*
 * A free block of half a pageblock makes the pageblock movable when it is taken, and since 6.10 the
 * pageblock's other free pages follow it; a smaller one does not.
 *
 *  pfn       512            768   772
 *  unmovable |     2^8      | 2^2 | used
 */
static void taking_half_a_pageblock_makes_it_movable(void **state)
{
	static const struct {
		const char *profile;
		unsigned int list_of_the_rest;
	} cases[] = {{"6.1", MIGRATE_UNMOVABLE}, {"6.12", MIGRATE_MOVABLE}};

	for (size_t i = 0; i < 2; i++) {
		struct mmr_machine *m = machine(cases[i].profile, 1);
		struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

		assert_int_equal(mmr_seed_pageblock(m, 512, MIGRATE_UNMOVABLE, NULL), 0);
		free_block(m, 512, 8, MIGRATE_UNMOVABLE);
		free_block(m, 768, 2, MIGRATE_UNMOVABLE);
		assert_true(isolate_free_page(&m->cpus[0], zone, 768, 2));
		assert_int_equal(get_pageblock_migratetype(m, 512), MIGRATE_UNMOVABLE);
		putback_isolated_page(&m->cpus[0], zone, 768, 2);
		/* Free 260; the test wants more than 1 + 256. */
		assert_true(isolate_free_page(&m->cpus[0], zone, 512, 8));
		assert_int_equal(get_pageblock_migratetype(m, 512), MIGRATE_MOVABLE);
		assert_free_list(m, zone, 2, cases[i].list_of_the_rest, 768);
		assert_int_equal(nr_free_pages(zone), 4);
		assert_false(isolate_free_page(&m->cpus[0], zone, 768, 2)); /* 4 is not above 1 + 4 */
		putback_isolated_page(&m->cpus[0], zone, 512, 8);
		assert_free_list(m, zone, 8, MIGRATE_MOVABLE, 512);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/*
 *  pfn    0     512            1024                2048
 *  before |       2^10         | A(1) and rest free |    A: a movable block at 1024
 *  taken  |     | 600 .. 1100  |
 *
 * A moves out of the way, to a page outside of both pageblocks; what is left of the pageblocks
 * at both ends is free again afterwards.
 */
static void a_range_is_taken_and_its_holders_move(void **state)
{
	static const char *const profiles[] = {"6.1", "6.12", "7.3"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct mmr_machine *m = machine(profiles[i], 4);
		struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
		struct mmr_displaced moved[2];
		struct mmr_error err;
		struct mmr_page page;

		free_block(m, 1024, 10, MIGRATE_MOVABLE);
		page = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 4);
		assert_int_equal(page.pfn, 1024);
		free_block(m, 0, 10, MIGRATE_MOVABLE);
		if (mmr_alloc_contig_range(m, 600, 1100, MIGRATE_MOVABLE, 0, &err))
			fail_msg("%s", err.msg);
		assert_int_equal(mmr_displaced_blocks(m, moved, 2), 1);
		assert_int_equal(moved[0].from, 1024);
		assert_int_equal(moved[0].order, 4);
		assert_true(moved[0].to < 512 || moved[0].to >= 1536);
		for (uint32_t pfn = 600; pfn < 1100; pfn++)
			assert_int_equal(mmr_page_state(m, pfn), MMR_PAGE_ALLOCATED);
		assert_int_equal(zone->nr_isolate_pageblock, 0);
		assert_int_equal(nr_free_pages(zone), 2048 - 500 - 16);
		assert_sound(m);
		assert_int_equal(mmr_alloc_contig_range(m, 1099, 1200, MIGRATE_MOVABLE, 0, NULL), -EBUSY);
		assert_int_equal(mmr_free_contig_range(m, 600, 500, 0), 0);
		assert_int_equal(mmr_free_pages(m, moved[0].to, 4, 0, NULL), 0);
		mmr_drain_all_pages(m);
		assert_free_list(m, zone, 10, MIGRATE_MOVABLE, zone->free_area[10].free_list[1].head,
				 zone->free_area[10].free_list[1].tail);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* Where a page cannot move, everything is as before, and the message names it. */
static void a_range_with_a_page_that_stays_is_refused(void **state)
{
	struct mmr_machine *m = machine("6.12", 2);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct mmr_error err;

	free_block(m, 0, 9, MIGRATE_MOVABLE); /* 512..1023 belong to boot */
	free_block(m, 1024, 10, MIGRATE_MOVABLE);
	assert_int_equal(mmr_alloc_contig_range(m, 0, 600, MIGRATE_MOVABLE, 0, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "page at 512 "));
	assert_int_equal(zone->nr_isolate_pageblock, 0);
	assert_free_list(m, zone, 9, MIGRATE_MOVABLE, 0);
	assert_int_equal(nr_free_pages(zone), 1536);
	assert_int_equal(mmr_alloc_contig_range(m, 5, 5, MIGRATE_MOVABLE, 0, NULL), -EINVAL);
	assert_int_equal(mmr_alloc_contig_range(m, 5, 3000, MIGRATE_MOVABLE, 0, NULL), -EINVAL);
	assert_int_equal(mmr_alloc_contig_range(m, 5, 50, MIGRATE_UNMOVABLE, 0, NULL), -EINVAL);
	assert_sound(m);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(isolated_pages_serve_nobody),
		cmocka_unit_test(a_larger_block_is_split_and_merges_again),
		cmocka_unit_test(the_type_survives_where_isolation_is_a_bit),
		cmocka_unit_test(what_cannot_be_isolated_is_refused),
		cmocka_unit_test(taking_half_a_pageblock_makes_it_movable),
		cmocka_unit_test(a_range_is_taken_and_its_holders_move),
		cmocka_unit_test(a_range_with_a_page_that_stays_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
