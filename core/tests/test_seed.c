// SPDX-License-Identifier: GPL-2.0-or-later
/* Start states, machines that cannot exist, kernel profiles, and that the checker sees damage. */
#include <errno.h>

#include "core/tests/machines.h"

static struct mmr_machine *machine(void)
{
	return machine_new((struct machine_spec){.cpus_per_node = 2,
						 .zone_type = ZONE_NORMAL,
						 .node_pages = 8192,
						 .mark = 50,
						 .batch = 4,
						 .high_min = 40,
						 .high_max = 40});
}

static void assert_says(const struct mmr_error *err, const char *says)
{
	if (!strstr(err->msg, says))
		fail_msg("\"%s\" does not say \"%s\"", err->msg, says);
}

/* ---- start states ------------------------------------------------------------------------------ */

static void seeded_lists_keep_their_order(void **state)
{
	struct mmr_machine *m = machine();

	free_block(m, 64, 3, MIGRATE_MOVABLE);
	free_block(m, 16, 3, MIGRATE_MOVABLE);
	free_block(m, 128, 3, MIGRATE_MOVABLE);
	assert_free_list(m, zone_of(m, 0, ZONE_NORMAL), 3, MIGRATE_MOVABLE, 64, 16, 128);
	free_block(m, 1024, 10, MIGRATE_MOVABLE);
	assert_int_equal(mmr_seed_pcp_page(m, 1, 200, 0, MIGRATE_MOVABLE, NULL), 0);
	assert_int_equal(mmr_seed_pcp_page(m, 1, 300, 0, MIGRATE_MOVABLE, NULL), 0);
	assert_int_equal(alloc_on(m, 1, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn, 200);
	assert_int_equal(alloc_on(m, 1, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn, 300);
	assert_int_equal(zone_of(m, 0, ZONE_NORMAL)->vm_stat_free, 24 + 1024);
	assert_sound(m);
	mmr_machine_destroy(m);
}

static void seeds_that_overlap_are_refused(void **state)
{
	struct mmr_machine *m = machine();
	struct mmr_error err;

	free_block(m, 64, 3, MIGRATE_MOVABLE);
	free_block(m, 2048, 10, MIGRATE_MOVABLE);
	assert_int_equal(mmr_seed_free_block(m, 66, 0, MIGRATE_MOVABLE, &err), -EINVAL);
	assert_says(&err, "overlaps");
	assert_int_equal(mmr_seed_free_block(m, 0, 9, MIGRATE_MOVABLE, &err), -EINVAL);
	assert_int_equal(mmr_seed_free_block(m, 2560, 9, MIGRATE_MOVABLE, &err), -EINVAL);
	assert_int_equal(mmr_seed_free_block(m, 0, 10, MIGRATE_MOVABLE, &err), -EINVAL);
	assert_int_equal(mmr_seed_free_block(m, 7, 1, MIGRATE_MOVABLE, &err), -EINVAL);
	assert_int_equal(mmr_seed_free_block(m, 8192, 0, MIGRATE_MOVABLE, &err), -EINVAL);
	assert_int_equal(mmr_seed_free_block(m, 0, 11, MIGRATE_MOVABLE, &err), -EINVAL);
	assert_int_equal(mmr_seed_pcp_page(m, 2, 0, 0, MIGRATE_MOVABLE, &err), -EINVAL);
	assert_int_equal(mmr_seed_pcp_page(m, 0, 0, 4, MIGRATE_MOVABLE, &err), -EINVAL);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* 200 pages are boot's: the first ones. The rest goes to the tails, ascending. */
static void boot_keeps_the_first_pages(void **state)
{
	static const uint16_t cpu_node[] = {0};
	static const struct mmr_mem_range ranges[] = {{100, 3000}, {4096, 2048}};
	struct mmr_node_config node = {0};
	struct mmr_machine_config cfg = {.profile = kernel_profile_find("6.12"),
					 .nr_nodes = 1,
					 .nr_cpus = 1,
					 .cpu_node = cpu_node,
					 .nodes = &node,
					 .ranges = ranges,
					 .nr_ranges = 2,
					 .sysctl = MMR_SYSCTL_DEFAULT};
	struct mmr_machine *m;

	node.zones[ZONE_NORMAL] = (struct mmr_zone_config){
		.start_pfn = 0, .spanned_pages = 6144, .present_pages = 5048, .managed_pages = 4848};
	assert_int_equal(mmr_machine_create(&cfg, &m, NULL), 0);
	mmr_seed_empty(m);
	assert_int_equal(zone_list_pages(zone_of(m, 0, ZONE_NORMAL), true), 4848);
	assert_free_list(m, zone_of(m, 0, ZONE_NORMAL), 10, MIGRATE_MOVABLE, 1024, 2048, 4096, 5120);
	assert_free_list(m, zone_of(m, 0, ZONE_NORMAL), 2, MIGRATE_MOVABLE, 300, 3096);
	assert_sound(m);
	assert_int_equal(mmr_free_pages(m, 3500, 0, 0, NULL), -EINVAL); /* a hole */
	/* Seeding again starts over. */
	alloc_on(m, 0, MMR_GFP_KERNEL, 0);
	mmr_seed_empty(m);
	assert_int_equal(zone_list_pages(zone_of(m, 0, ZONE_NORMAL), true), 4848);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* ---- machines that cannot exist ---------------------------------------------------------------- */

static void impossible_machines_are_named(void **state)
{
	static const uint16_t cpu_node[] = {0, 1}, cpu_nowhere[] = {0, 2};
	static const uint8_t bad_self[] = {11, 20, 20, 10}, too_near[] = {10, 5, 20, 10};
	static const struct mmr_mem_range crossed[] = {{100, 100}, {150, 100}};
	const struct mmr_zone_config plain = {
		.start_pfn = 0, .spanned_pages = 4096, .present_pages = 4096, .managed_pages = 4096};
	const struct mmr_machine_config good = {.profile = kernel_profile_find("6.12"),
						.nr_nodes = 2,
						.nr_cpus = 2,
						.cpu_node = cpu_node,
						.sysctl = MMR_SYSCTL_DEFAULT};
	struct mmr_node_config nodes[2];
	struct mmr_error err;

	for (int i = 0; i < 12; i++) {
		static const char *const says[] = {
			"no kernel profile",
			"0 nodes",
			"0 CPUs",
			"cpu 1: node 2",
			"more managed pages|managed pages",
			"expected at most the 4096 spanned",
			"starts at pfn 4000 inside node 0 zone Normal",
			"distance from node 0 to 0",
			"distance from node 0 to 1",
			"memory range 1",
			"expected 0 or at least 8",
			"no node has memory",
		};
		struct mmr_machine_config cfg = good;
		struct mmr_machine *m = NULL;

		memset(nodes, 0, sizeof(nodes));
		nodes[0].zones[ZONE_NORMAL] = nodes[1].zones[ZONE_NORMAL] = plain;
		nodes[1].zones[ZONE_NORMAL].start_pfn = 4096;
		cfg.nodes = nodes;
		cfg.profile = i == 0 ? NULL : cfg.profile;
		cfg.nr_nodes = i == 1 ? 0 : 2;
		cfg.nr_cpus = i == 2 ? 0 : 2;
		cfg.cpu_node = i == 3 ? cpu_nowhere : cpu_node;
		nodes[0].zones[ZONE_NORMAL].managed_pages += i == 4;
		nodes[0].zones[ZONE_NORMAL].present_pages += i == 5;
		nodes[1].zones[ZONE_NORMAL].start_pfn = i == 6 ? 4000 : 4096;
		cfg.distance = i == 7 ? bad_self : i == 8 ? too_near : NULL;
		cfg.ranges = i == 9 ? crossed : NULL;
		cfg.nr_ranges = i == 9 ? 2 : 0;
		cfg.sysctl.percpu_pagelist_high_fraction = i == 10 ? 7 : 0;
		if (i == 11)
			memset(nodes, 0, sizeof(nodes));
		assert_int_equal(mmr_machine_create(&cfg, &m, &err), -EINVAL);
		assert_null(m);
		if (i != 4)
			assert_says(&err, says[i]);
	}
}

/* ---- profiles ---------------------------------------------------------------------------------- */

static void single_behaviours_are_switched_by_name(void **state)
{
	struct kernel_profile *profile;
	struct mmr_error err;

	assert_int_equal(kernel_profile_parse("6.12,pcp=5.14,pcp_batch_scale_max=2", &profile, &err), 0);
	assert_int_equal(profile->pcp, PCP_5_14);
	assert_int_equal(profile->pcp_batch_scale_max, 2);
	assert_int_equal(profile->steal, STEAL_CLAIM);
	assert_string_equal(kernel_profile_name(profile), "6.12,pcp=5.14,pcp_batch_scale_max=2");
	kernel_profile_destroy(profile);

	assert_int_equal(kernel_profile_parse("5.10", &profile, &err), -EINVAL);
	assert_says(&err, "line 5.10, expected one of 6.1, 6.12, 6.18, 7.1, 7.2, 7.3");
	assert_int_equal(kernel_profile_parse("6.1,pcp=9", &profile, &err), -EINVAL);
	assert_says(&err, "pcp is 9, expected one of 5.14, 6.7");
	assert_int_equal(kernel_profile_parse("6.1,color=red", &profile, &err), -EINVAL);
	assert_says(&err, "color=red, expected axis=value");
	assert_int_equal(kernel_profile_parse("6.1,", &profile, &err), -EINVAL);
}

static void releases_find_their_line(void **state)
{
	assert_string_equal(kernel_profile_name(kernel_profile_for_release("6.12.107+deb13-amd64")), "6.12");
	assert_string_equal(kernel_profile_name(kernel_profile_for_release("6.1.0-56-amd64")), "6.1");
	assert_string_equal(kernel_profile_name(kernel_profile_for_release("6.18.44")), "6.18");
	assert_string_equal(kernel_profile_name(kernel_profile_for_release("7.2.12+deb13-amd64")), "7.2");
	assert_null(kernel_profile_for_release("6.17.2"));
	assert_null(kernel_profile_for_release("7.30.1"));
}

/* ---- the oracle itself --------------------------------------------------------------------------- */

static void assert_broken(struct mmr_machine *m, const char *says)
{
	struct mmr_error err;

	assert_int_equal(mmr_check(m, &err), -EUCLEAN);
	assert_says(&err, says);
	mmr_machine_destroy(m);
}

static struct mmr_machine *used(void)
{
	struct mmr_machine *m = machine();

	mmr_seed_empty(m);
	for (int i = 0; i < 100; i++)
		alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, i % 2);
	return m;
}

static void the_check_sees_damage(void **state)
{
	struct mmr_machine *m = used();
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	zone->vm_stat_free++;
	assert_broken(m, "NR_FREE_PAGES");

	m = used();
	zone_of(m, 0, ZONE_NORMAL)->per_cpu_pageset[0].count++;
	assert_broken(m, "pages on a CPU's lists");

	m = used();
	set_pageblock_migratetype(m, 4096, MIGRATE_UNMOVABLE);
	assert_broken(m, "pageblock type of a free block");

	m = used();
	zone_of(m, 0, ZONE_NORMAL)->free_area[10].free_list[MIGRATE_MOVABLE].nr++;
	assert_broken(m, "blocks on a free list");

	m = used();
	zone_of(m, 0, ZONE_NORMAL)->per_cpu_zonestats[0].nr_allocs[0]++;
	assert_broken(m, "allocated");

	m = used();
	m->pages[zone_of(m, 0, ZONE_NORMAL)->free_area[10].free_list[MIGRATE_MOVABLE].head + 7].tag =
		page_tag(zone_of(m, 0, ZONE_NORMAL)->tag, 0, PAGE_ALLOCATED, 0);
	assert_broken(m, "inside another block");

	m = used();
	zone = zone_of(m, 0, ZONE_NORMAL);
	m->max_blocks[zone->free_area[10].free_list[MIGRATE_MOVABLE].tail >> 10].prev = 0;
	assert_broken(m, "back link");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeded_lists_keep_their_order),
		cmocka_unit_test(seeds_that_overlap_are_refused),
		cmocka_unit_test(boot_keeps_the_first_pages),
		cmocka_unit_test(impossible_machines_are_named),
		cmocka_unit_test(single_behaviours_are_switched_by_name),
		cmocka_unit_test(releases_find_their_line),
		cmocka_unit_test(the_check_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
