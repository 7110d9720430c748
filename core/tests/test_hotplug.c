// SPDX-License-Identifier: GPL-2.0-or-later
/* CPUs that come and go: drains, sizes, thresholds, and who is refused. */
#include <errno.h>

#include "core/tests/machines.h"

/* One node of 1 GiB, marks 1000, 2000, 3000, four CPUs; list sizes are computed. */
static struct mmr_machine *four_cpus(const char *profile)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.cpus_per_node = 4,
								  .zone_type = ZONE_NORMAL,
								  .node_pages = MIB_PAGES(1024),
								  .mark = 4000,
								  .profile = profile});
	mmr_seed_empty(m);
	return m;
}

/* What CPU 3 had on its list is in the buddy afterwards, and what it had counted for itself is counted. */
static void a_dead_cpus_lists_and_counts_are_not_lost(void **state)
{
	struct mmr_machine *m = four_cpus(NULL);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct mmr_page page = alloc_on(m, 3, MMR_GFP_KERNEL, 0);
	uint64_t free_before = zone_list_pages(zone, true);

	assert_true(zone->per_cpu_pageset[3].count > 0);
	assert_int_equal(mmr_cpu_set_online(m, 3, false, NULL), 0);
	assert_int_equal(zone->per_cpu_pageset[3].count, 0);
	assert_int_equal(zone->per_cpu_zonestats[3].vm_stat_diff, 0);
	assert_int_equal(zone_list_pages(zone, true), MIB_PAGES(1024) - 1);
	assert_true(zone_list_pages(zone, true) > free_before);
	assert_false(mmr_cpu_online(m, 3));
	assert_sound(m);
	assert_int_equal(mmr_free_pages(m, page.pfn, 0, 0, NULL), 0);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/*
 * high_min is the low mark, 8000 pages, over the node's CPUs:
 *   four online            8000 / 4 = 2000
 *   one goes               8000 / 3 = 2666
 *   it comes back: while it does the kernel counts it on top of the three, 8000 / 4 = 2000
 * high_max is an eighth of 262144 pages: 32768 / 4 = 8192, / 3 = 10922.
 */
static void the_others_lists_are_sized_anew(void **state)
{
	struct mmr_machine *m = four_cpus(NULL);
	struct per_cpu_pages *pcp = &zone_of(m, 0, ZONE_NORMAL)->per_cpu_pageset[0];

	assert_int_equal(pcp->high_min, 2000);
	assert_int_equal(pcp->high_max, 8192);
	assert_int_equal(mmr_cpu_set_online(m, 3, false, NULL), 0);
	assert_int_equal(pcp->high_min, 2666);
	assert_int_equal(pcp->high_max, 10922);
	assert_int_equal(mmr_cpu_set_online(m, 3, true, NULL), 0);
	assert_int_equal(pcp->high_min, 2000);
	assert_int_equal(pcp->high_max, 8192);
	mmr_machine_destroy(m);
}

/*
 * Two nodes with two CPUs each, low mark 8000. When CPU 3 of node 1 comes back it counts for every
 * node: node 0 has 2 + 1, so 8000 / 3 = 2666; node 1 has 1 + 1, so 4000.
 */
static void a_cpu_that_comes_counts_for_every_node(void **state)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.nr_nodes = 2,
								  .cpus_per_node = 2,
								  .zone_type = ZONE_NORMAL,
								  .node_pages = MIB_PAGES(1024),
								  .mark = 4000});

	assert_int_equal(zone_of(m, 0, ZONE_NORMAL)->per_cpu_pageset[0].high_min, 4000);
	assert_int_equal(mmr_cpu_set_online(m, 3, false, NULL), 0);
	assert_int_equal(zone_of(m, 0, ZONE_NORMAL)->per_cpu_pageset[0].high_min, 4000);
	assert_int_equal(zone_of(m, 1, ZONE_NORMAL)->per_cpu_pageset[0].high_min, 8000);
	assert_int_equal(mmr_cpu_set_online(m, 3, true, NULL), 0);
	assert_int_equal(zone_of(m, 0, ZONE_NORMAL)->per_cpu_pageset[0].high_min, 2666);
	assert_int_equal(zone_of(m, 1, ZONE_NORMAL)->per_cpu_pageset[0].high_min, 4000);
	mmr_machine_destroy(m);
}

/* 2 * fls(CPUs) * (1 + fls(1 GiB in units of 128 MiB = 8)): 2 * 3 * 5 = 30; with three CPUs 2 * 2 * 5. */
static void thresholds_follow_the_number_of_cpus(void **state)
{
	struct mmr_machine *m = four_cpus(NULL);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	zone->recorded_stat_threshold = 0;
	refresh_zone_stat_thresholds(m);
	assert_int_equal(zone->per_cpu_zonestats[0].stat_threshold, 30);
	mmr_cpu_set_online(m, 3, false, NULL);
	assert_int_equal(zone->per_cpu_zonestats[0].stat_threshold, 20);
	mmr_machine_destroy(m);
}

static void high_survives_the_absence(void **state)
{
	struct mmr_machine *m = four_cpus(NULL);
	struct per_cpu_pages *pcp = &zone_of(m, 0, ZONE_NORMAL)->per_cpu_pageset[2];

	pcp->high = 3000;
	mmr_cpu_set_online(m, 2, false, NULL);
	assert_int_equal(pcp->high, 0);
	mmr_cpu_set_online(m, 2, true, NULL);
	assert_int_equal(pcp->high, 3000);
	mmr_machine_destroy(m);
}

static void who_is_offline_is_refused(void **state)
{
	static const char *const profiles[] = {"6.1", "6.12", "7.3"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct mmr_machine *m = four_cpus(profiles[i]);
		struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .cpu = 1, .nid = NUMA_NO_NODE};
		struct mmr_page page = alloc_on(m, 0, MMR_GFP_KERNEL, 0);
		struct mmr_error err;
		uint32_t pfns[4];

		assert_int_equal(mmr_cpu_set_online(m, 1, false, NULL), 0);
		assert_int_equal(mmr_request_check(m, &req, &err), -EINVAL);
		assert_string_equal(err.msg, "request: cpu 1 is offline");
		assert_int_equal(mmr_alloc_pages(m, &req).pfn, MMR_NO_PFN);
		assert_int_equal(mmr_alloc_pages_bulk(m, &req, 4, 0, pfns), 0);
		assert_int_equal(mmr_alloc_pages_nolock(m, 0, NUMA_NO_NODE, 1, false).pfn, MMR_NO_PFN);
		assert_int_equal(mmr_free_pages(m, page.pfn, 0, 1, NULL), -EINVAL);
		assert_int_equal(mmr_free_pages_ok(m, page.pfn, 0, 1, false), -EINVAL);
		assert_int_equal(mmr_free_pages_nolock(m, page.pfn, 0, 1, false), -EINVAL);
		mmr_vmstat_update(m, 1);
		assert_sound(m);
		assert_int_equal(mmr_free_pages(m, page.pfn, 0, 0, NULL), 0);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

static void the_last_cpu_stays_and_unknown_ones_are_named(void **state)
{
	struct mmr_machine *m = four_cpus(NULL);
	struct mmr_error err;

	assert_int_equal(mmr_cpu_set_online(m, 4, false, &err), -EINVAL);
	assert_string_equal(err.msg, "hotplug: cpu 4, the machine has 0..3");
	for (unsigned int cpu = 0; cpu < 3; cpu++)
		assert_int_equal(mmr_cpu_set_online(m, cpu, false, NULL), 0);
	assert_int_equal(mmr_cpu_set_online(m, 0, false, NULL), 0); /* it is */
	assert_int_equal(mmr_cpu_set_online(m, 3, false, &err), -EBUSY);
	assert_string_equal(err.msg, "hotplug: cpu 3 is the last one online");
	assert_int_not_equal(alloc_on(m, 3, MMR_GFP_KERNEL, 0).pfn, MMR_NO_PFN);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_cpus_lists_and_counts_are_not_lost),
		cmocka_unit_test(the_others_lists_are_sized_anew),
		cmocka_unit_test(a_cpu_that_comes_counts_for_every_node),
		cmocka_unit_test(thresholds_follow_the_number_of_cpus),
		cmocka_unit_test(high_survives_the_absence),
		cmocka_unit_test(who_is_offline_is_refused),
		cmocka_unit_test(the_last_cpu_stays_and_unknown_ones_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
