// SPDX-License-Identifier: GPL-2.0-or-later
/* The reserve of pageblocks for high-order atomic requests: how much, for whom and when, by kernel line. */
#include "core/tests/machines.h"

/* One Normal zone, marks 2000, 4000, 6000; a refill of order 2 brings two blocks. */
static struct mmr_machine *machine(const char *profile, uint32_t pages)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
								  .node_pages = pages,
								  .mark = 2000,
								  .batch = 8,
								  .high_min = 8,
								  .high_max = 8,
								  .profile = profile});

	mmr_seed_empty(m);
	m->sysctl.watermark_boost_factor = 0;
	return m;
}

/*
 * 1 % of 65536 pages are 655. 6.1 goes on below 655 + 512: a third pageblock begins at 1024. Since 6.12 the
 * limit is 655 rounded up to pageblocks, 1024. Of 40960 pages 1 % is less than a pageblock: 6.1 stops at 2
 * (409 + 512 are more than one), later lines set none aside.
 */
static void each_line_has_its_own_limit(void **state)
{
	static const struct {
		const char *profile;
		uint32_t of_65536, of_40960;
	} cases[] = {
		{"6.1", 3, 2}, {"6.12", 2, 0}, {"6.18", 2, 0},
		{"7.1", 2, 0}, {"7.3", 2, 0},  {"6.12,highatomic_limit=plus_block", 3, 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int large = 0; large < 2; large++) {
			struct mmr_machine *m = machine(cases[i].profile, large ? 65536 : 40960);
			struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

			for (int n = 0; n < 10; n++) {
				struct mmr_page page = alloc_on(m, 0, MMR_GFP_KERNEL, 10);

				reserve_highatomic_pageblock(&m->cpus[0], zone, page.pfn, 5);
			}
			assert_int_equal(zone->nr_reserved_highatomic,
					 512 * (large ? cases[i].of_65536 : cases[i].of_40960));
			assert_sound(m);
			mmr_machine_destroy(m);
		}
	}
}

/* Down to between min and low, so that GFP_ATOMIC ends in the slow path, and one block of order 2 on the list.
 */
static struct mmr_machine *short_of_pages(const char *profile)
{
	struct mmr_machine *m = machine(profile, 65536);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	while (zone->vm_stat_free > 4000)
		assert_int_not_equal(alloc_on(m, 0, MMR_GFP_KERNEL | MMR_GFP_MEMALLOC, 5).pfn, MMR_NO_PFN);
	mmr_drain_all_pages(m);
	assert_int_not_equal(alloc_on(m, 0, MMR_GFP_KERNEL | MMR_GFP_MEMALLOC, 2).pfn, MMR_NO_PFN);
	assert_false(pcp_list_empty(&zone->per_cpu_pageset[0].lists[order_to_pindex(MIGRATE_UNMOVABLE, 2)]));
	return m;
}

/*
 * GFP_ATOMIC of order 2. First from the CPU's list: up to 6.18 any success sets the pageblock aside, since
 * 7.1 only one that came out of the buddy. Then with the list empty. Up to 6.18 it is refilled, from another
 * pageblock, since the free pages of the first are on no list for that: a second one is set aside. Since 7.1
 * nothing is refilled for such a request, the buddy serves it.
 */
static void each_line_reserves_at_its_own_moment(void **state)
{
	static const struct {
		const char *profile;
		uint32_t after_hit, after_empty;
	} cases[] = {
		{"6.1", 1, 2}, {"6.12", 1, 2}, {"6.18", 1, 2},
		{"7.1", 0, 1}, {"7.3", 0, 1},  {"6.18,highatomic=7.1", 0, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *m = short_of_pages(cases[i].profile);
		struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

		assert_int_equal(alloc_on(m, 0, MMR_GFP_ATOMIC_MASK, 2).path, MMR_PATH_SLOWPATH);
		assert_int_equal(zone->nr_reserved_highatomic, 512 * cases[i].after_hit);
		assert_int_equal(alloc_on(m, 0, MMR_GFP_ATOMIC_MASK, 2).path, MMR_PATH_SLOWPATH);
		assert_int_equal(zone->nr_reserved_highatomic, 512 * cases[i].after_empty);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* Above the marks nobody reserves: up to 7.2 the fast path has no such flag, 7.3 has it and asks for min. */
static void with_memory_to_spare_nothing_is_set_aside(void **state)
{
	static const char *const profiles[] = {"6.1", "6.12", "6.18", "7.1", "7.3"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct mmr_machine *m = machine(profiles[i], 65536);

		for (int n = 0; n < 100; n++)
			assert_int_not_equal(alloc_on(m, 0, MMR_GFP_ATOMIC_MASK, 2).path, MMR_PATH_SLOWPATH);
		assert_int_equal(zone_of(m, 0, ZONE_NORMAL)->nr_reserved_highatomic, 0);
		mmr_machine_destroy(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_has_its_own_limit),
		cmocka_unit_test(each_line_reserves_at_its_own_moment),
		cmocka_unit_test(with_memory_to_spare_nothing_is_set_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
