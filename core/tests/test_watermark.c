// SPDX-License-Identifier: GPL-2.0-or-later
/* Watermarks: the arithmetic of the test, and setting up marks, reserves and list sizes. */
#include "core/tests/machines.h"

static struct mmr_machine *machine(uint32_t mark)
{
	return machine_new(
		(struct machine_spec){.zone_type = ZONE_NORMAL, .node_pages = MIB_PAGES(256), .mark = mark});
}

static bool ok(struct mmr_machine *m, unsigned int order, unsigned int alloc_flags, int64_t free)
{
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	return zone_watermark_ok_inner(zone, order, zone->_watermark[WMARK_MIN], ZONE_NORMAL, alloc_flags,
				       free);
}

/* With min 1000: the smallest free count that passes, per way to ask. */
static void each_reserve_lowers_the_mark_by_its_share(void **state)
{
	static const struct {
		unsigned int alloc_flags;
		int64_t passes;
	} cases[] = {
		{0, 1001},
		{ALLOC_MIN_RESERVE, 501}, /* __GFP_HIGH: a half */
		{ALLOC_MIN_RESERVE | ALLOC_NON_BLOCK, 376}, /* GFP_ATOMIC: a half, then a quarter of that */
		{ALLOC_NON_BLOCK, 1001}, /* GFP_NOWAIT: nothing */
		{ALLOC_OOM, 501},
	};
	struct mmr_machine *m = machine(1000);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(ok(m, 0, cases[i].alloc_flags, cases[i].passes));
		assert_false(ok(m, 0, cases[i].alloc_flags, cases[i].passes - 1));
	}
	mmr_machine_destroy(m);
}

/* An order-3 request must leave 7 pages more, and there must be a block that long. */
static void an_order_needs_a_block_of_it(void **state)
{
	struct mmr_machine *m = machine(1000);

	free_block(m, 8, 2, MIGRATE_MOVABLE);
	assert_false(ok(m, 3, 0, 5000));
	free_block(m, 16, 3, MIGRATE_UNMOVABLE);
	assert_true(ok(m, 3, 0, 1008));
	assert_false(ok(m, 3, 0, 1007));
	mmr_machine_destroy(m);
}

/* Reserved pages count for those who may have them. */
static void highatomic_pages_count_only_for_reserve_users(void **state)
{
	struct mmr_machine *m = machine(1000);

	free_block(m, 512, 9, MIGRATE_HIGHATOMIC);
	assert_false(ok(m, 0, 0, 1512));
	assert_true(ok(m, 0, 0, 1513));
	assert_true(ok(m, 0, ALLOC_NON_BLOCK, 1001));
	assert_false(ok(m, 3, ALLOC_NON_BLOCK, 5000));
	assert_true(ok(m, 3, ALLOC_HIGHATOMIC, 5000));
	mmr_machine_destroy(m);
}

/* An order-0 request of a reserve user at the min mark does not wait for a boost to be worked off. */
static void min_reserve_ignores_the_boost(void **state)
{
	struct mmr_machine *m = machine(1000);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	unsigned int flags = ALLOC_WMARK_MIN | ALLOC_MIN_RESERVE;

	zone->watermark_boost = 512;
	zone->vm_stat_free = 600;
	assert_true(zone_watermark_fast(m, zone, 0, 1512, ZONE_NORMAL, flags, MMR_GFP_HIGH));
	zone->vm_stat_free = 500;
	assert_false(zone_watermark_fast(m, zone, 0, 1512, ZONE_NORMAL, flags, MMR_GFP_HIGH));
	zone->vm_stat_free = 1200;
	assert_false(zone_watermark_fast(m, zone, 0, 1512, ZONE_NORMAL, ALLOC_WMARK_MIN, 0));
	mmr_machine_destroy(m);
}

/* In steps of a pageblock, to one and a half high marks: 300 × 1.5 = 450 is less than one step. */
static void boosts_are_capped(void **state)
{
	struct mmr_machine *m = machine(100);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	assert_true(boost_watermark(&m->cpus[0], zone));
	assert_int_equal(zone->watermark_boost, 512);
	boost_watermark(&m->cpus[0], zone);
	assert_int_equal(zone->watermark_boost, 512);
	zone->_watermark[WMARK_HIGH] = 1028; /* cap 1542, as seen on 6.1 */
	for (int i = 0; i < 4; i++)
		boost_watermark(&m->cpus[0], zone);
	assert_int_equal(zone->watermark_boost, 1542);
	mmr_machine_destroy(m);
}

/* ---- setting up: numbers of real kernels ------------------------------------------------------ */

static struct mmr_machine *with_zones(const struct mmr_zone_config *zones, unsigned int nr_cpus,
				      struct mmr_sysctl sysctl)
{
	static const uint16_t cpu_node[64];
	struct mmr_node_config node = {0};
	struct mmr_machine_config cfg = {
		.profile = kernel_profile_find("6.12"),
		.nr_nodes = 1,
		.nr_cpus = nr_cpus,
		.cpu_node = cpu_node,
		.nodes = &node,
		.sysctl = sysctl,
	};
	struct mmr_machine *m = NULL;
	struct mmr_error err;

	memcpy(node.zones, zones, sizeof(node.zones));
	if (mmr_machine_create(&cfg, &m, &err))
		fail_msg("%s", err.msg);
	return m;
}

/* Debian 6.1 with two zones below 4 GiB: min 12489, low 15611, high 18733 of 742142 pages. */
static void marks_follow_min_free_kbytes(void **state)
{
	struct mmr_zone_config zones[MAX_NR_ZONES] = {
		[ZONE_DMA] = {.start_pfn = 1,
			      .spanned_pages = 4095,
			      .present_pages = 3998,
			      .managed_pages = 3840},
		[ZONE_DMA32] = {.start_pfn = 4096,
				.spanned_pages = 782304,
				.present_pages = 782304,
				.managed_pages = 742142},
	};
	struct mmr_sysctl sysctl = MMR_SYSCTL_DEFAULT;
	struct mmr_machine *m;

	/* 12489 = floor(pages_min × 742142 / 745982) holds for pages_min 12554. */
	sysctl.min_free_kbytes = 12554 * 4;
	m = with_zones(zones, 2, sysctl);
	assert_int_equal(zone_of(m, 0, ZONE_DMA32)->_watermark[WMARK_MIN], 12489);
	assert_int_equal(zone_of(m, 0, ZONE_DMA32)->_watermark[WMARK_LOW], 15611);
	assert_int_equal(zone_of(m, 0, ZONE_DMA32)->_watermark[WMARK_HIGH], 18733);
	assert_int_equal(zone_of(m, 0, ZONE_DMA)->lowmem_reserve[ZONE_DMA32], 742142 / 256);
	assert_int_equal(zone_of(m, 0, ZONE_DMA)->lowmem_reserve[ZONE_DMA], 0);
	assert_int_equal(zone_of(m, 0, ZONE_DMA32)->lowmem_reserve[ZONE_DMA32], 0);
	mmr_machine_destroy(m);
}

/* A kernel with THP and three zones: 512 × 3 × (2 + 9) pages = 67584 kB. */
static void boot_raises_min_free_kbytes_for_thp(void **state)
{
	struct mmr_zone_config zones[MAX_NR_ZONES] = {
		[ZONE_DMA] = {.start_pfn = 1,
			      .spanned_pages = 4095,
			      .present_pages = 3998,
			      .managed_pages = 3840},
		[ZONE_DMA32] = {.start_pfn = 4096,
				.spanned_pages = 782304,
				.present_pages = 782304,
				.managed_pages = 742142},
		[ZONE_NORMAL] = {.start_pfn = 1u << 20,
				 .spanned_pages = 1u << 20,
				 .present_pages = 1u << 20,
				 .managed_pages = 1015808},
	};
	struct mmr_machine *m = with_zones(zones, 2, MMR_SYSCTL_DEFAULT);

	assert_int_equal(m->sysctl.min_free_kbytes, 67584);
	mmr_machine_destroy(m);
}

/* /proc/zoneinfo of a 2-CPU machine: low 11967 and 1015808 managed give 5983, 63488 and 63. */
static void list_sizes_follow_the_low_mark(void **state)
{
	struct mmr_zone_config zones[MAX_NR_ZONES] = {
		[ZONE_NORMAL] = {.start_pfn = 1u << 20,
				 .spanned_pages = 1u << 20,
				 .present_pages = 1u << 20,
				 .managed_pages = 1015808,
				 .have_watermark = true,
				 .watermark = {9574, 11967, 14360, 16753}},
	};
	struct mmr_sysctl sysctl = MMR_SYSCTL_DEFAULT;
	struct mmr_machine *m = with_zones(zones, 2, sysctl);
	const struct per_cpu_pages *pcp = &zone_of(m, 0, ZONE_NORMAL)->per_cpu_pageset[1];

	assert_int_equal(pcp->batch, 63);
	assert_int_equal(pcp->high_min, 5983);
	assert_int_equal(pcp->high_max, 63488);
	mmr_machine_destroy(m);
	sysctl.percpu_pagelist_high_fraction = 100;
	m = with_zones(zones, 2, sysctl);
	pcp = &zone_of(m, 0, ZONE_NORMAL)->per_cpu_pageset[1];
	assert_int_equal(pcp->high_min, 1015808 / 100 / 2);
	assert_int_equal(pcp->high_max, 1015808 / 100 / 2);
	mmr_machine_destroy(m);
}

/* Writing min_free_kbytes moves the marks, and with the low mark the lists; other settings stay. */
static void settings_change_while_running(void **state)
{
	struct mmr_machine *m = machine(100);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct mmr_sysctl sysctl = m->sysctl;

	sysctl.watermark_boost_factor = 0;
	assert_int_equal(mmr_machine_set_sysctl(m, &sysctl, NULL), 0);
	assert_int_equal(zone->_watermark[WMARK_MIN], 100);
	assert_false(boost_watermark(&m->cpus[0], zone));
	sysctl.min_free_kbytes = 8000;
	assert_int_equal(mmr_machine_set_sysctl(m, &sysctl, NULL), 0);
	assert_int_equal(zone->_watermark[WMARK_MIN], 2000);
	assert_int_equal(zone->_watermark[WMARK_LOW], 2500);
	assert_int_equal(zone->per_cpu_pageset[0].high_min, 2500);
	sysctl.percpu_pagelist_high_fraction = 4;
	assert_true(mmr_machine_set_sysctl(m, &sysctl, NULL) < 0);
	assert_int_equal(m->sysctl.percpu_pagelist_high_fraction, 0);
	assert_int_equal(zone->nofragment, ALLOC_NOFRAGMENT);
	mmr_machine_destroy(m);
}

/* The counter other CPUs see moves only when a CPU's part passes the threshold. */
static void counts_fold_past_the_threshold(void **state)
{
	struct mmr_machine *m = machine(100);
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

	zone->per_cpu_zonestats[0].stat_threshold = 10;
	mod_zone_free_pages(&m->cpus[0], zone, 10);
	assert_int_equal(zone->vm_stat_free, 0);
	mod_zone_free_pages(&m->cpus[0], zone, 1);
	assert_int_equal(zone->vm_stat_free, 11);
	mod_zone_free_pages(&m->cpus[0], zone, -4);
	assert_int_equal(zone->vm_stat_free, 11);
	refresh_cpu_vm_stats(&m->cpus[0], false);
	assert_int_equal(zone->vm_stat_free, 7);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reserve_lowers_the_mark_by_its_share),
		cmocka_unit_test(an_order_needs_a_block_of_it),
		cmocka_unit_test(highatomic_pages_count_only_for_reserve_users),
		cmocka_unit_test(min_reserve_ignores_the_boost),
		cmocka_unit_test(boosts_are_capped),
		cmocka_unit_test(marks_follow_min_free_kbytes),
		cmocka_unit_test(boot_raises_min_free_kbytes_for_thp),
		cmocka_unit_test(list_sizes_follow_the_low_mark),
		cmocka_unit_test(settings_change_while_running),
		cmocka_unit_test(counts_fold_past_the_threshold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
