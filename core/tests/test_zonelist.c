// SPDX-License-Identifier: GPL-2.0-or-later
/* The order in which a node's requests try nodes and zones. */
#include "core/tests/machines.h"

static struct mmr_machine *machine(unsigned int nr_nodes, const uint8_t *distance, const uint16_t *cpu_node,
				   unsigned int nr_cpus, bool boot)
{
	static struct mmr_node_config nodes[8];
	struct mmr_machine_config cfg = {
		.profile = kernel_profile_find("6.12"),
		.nr_nodes = nr_nodes,
		.nr_cpus = nr_cpus,
		.cpu_node = cpu_node,
		.distance = distance,
		.nodes = nodes,
		.sysctl = MMR_SYSCTL_DEFAULT,
		.boot_zonelists = boot,
	};
	struct mmr_machine *m = NULL;
	struct mmr_error err;

	memset(nodes, 0, sizeof(nodes));
	for (unsigned int nid = 0; nid < nr_nodes; nid++)
		nodes[nid].zones[ZONE_NORMAL] = (struct mmr_zone_config){.start_pfn = nid * 8192,
									 .spanned_pages = 8192,
									 .present_pages = 8192,
									 .managed_pages = 8192};
	if (mmr_machine_create(&cfg, &m, &err))
		fail_msg("%s", err.msg);
	return m;
}

/* The nodes of @nid's fallback list as digits, "0 1 2 3" as 123. */
static unsigned int order_of(const struct mmr_machine *m, unsigned int nid)
{
	unsigned int digits = 0;

	for (const struct zoneref *z = m->nodes[nid].node_zonelists[ZONELIST_FALLBACK]._zonerefs; z->zone; z++)
		digits = digits * 10 + z->zone->node;
	return digits;
}

/* Four equally far nodes, two without CPUs, as printed by a 6.1 kernel at boot. */
static void boot_order_rotates_over_equal_distances(void **state)
{
	static const uint16_t cpu_node[] = {0, 1};
	struct mmr_machine *m = machine(4, NULL, cpu_node, 2, true);

	assert_int_equal(order_of(m, 0), 123);
	assert_int_equal(order_of(m, 1), 1230);
	assert_int_equal(order_of(m, 2), 2301);
	assert_int_equal(order_of(m, 3), 3012);
	mmr_machine_destroy(m);
}

/* Once CPUs are known, memory of nodes without them is used first. */
static void nodes_with_cpus_are_spared(void **state)
{
	static const uint16_t cpu_node[] = {0, 1};
	struct mmr_machine *m = machine(4, NULL, cpu_node, 2, false);

	assert_int_equal(order_of(m, 0), 231);
	mmr_machine_destroy(m);
}

static void nearer_nodes_come_first(void **state)
{
	static const uint8_t distance[] = {10, 30, 20, 30, 10, 20, 20, 20, 10};
	static const uint16_t cpu_node[] = {0, 1, 2};
	struct mmr_machine *m = machine(3, distance, cpu_node, 3, false);

	assert_int_equal(order_of(m, 0), 21);
	assert_int_equal(order_of(m, 1), 120);
	mmr_machine_destroy(m);
}

/* Nodes made by numa=fake are 10 apart, as far as from themselves; the own one comes first all the same. */
static void fake_nodes_are_as_near_as_the_own(void **state)
{
	static const uint8_t distance[] = {10, 10, 10, 10, 10, 10, 10, 10, 10};
	static const uint16_t cpu_node[] = {0, 1};
	struct mmr_machine *m = machine(3, distance, cpu_node, 2, false);

	assert_int_equal(order_of(m, 0), 21);
	assert_int_equal(order_of(m, 1), 120);
	assert_int_equal(order_of(m, 2), 201);
	mmr_machine_destroy(m);
}

/* Inside a node the highest zone first; __GFP_THISNODE's list has no other node. */
static void zones_descend_inside_a_node(void **state)
{
	static const uint16_t cpu_node[] = {0};
	struct mmr_node_config node = {0};
	struct mmr_machine_config cfg = {.profile = kernel_profile_find("6.12"),
					 .nr_nodes = 1,
					 .nr_cpus = 1,
					 .cpu_node = cpu_node,
					 .nodes = &node,
					 .sysctl = MMR_SYSCTL_DEFAULT};
	static const enum zone_type types[] = {ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE};
	const struct zoneref *z;
	struct mmr_machine *m;

	for (unsigned int i = 0; i < 4; i++)
		node.zones[types[i]] = (struct mmr_zone_config){.start_pfn = i * 4096,
								.spanned_pages = 4096,
								.present_pages = 4096,
								.managed_pages = 4096};
	assert_int_equal(mmr_machine_create(&cfg, &m, NULL), 0);
	z = m->nodes[0].node_zonelists[ZONELIST_NOFALLBACK]._zonerefs;
	for (int i = 3; i >= 0; i--, z++) {
		assert_int_equal(z->zone_idx, types[i]);
		assert_int_equal(zone_idx(z->zone), types[i]);
	}
	assert_null(z->zone);
	/* A request for DMA32 starts behind Movable and Normal. */
	z = next_zones_zonelist(m->nodes[0].node_zonelists[ZONELIST_FALLBACK]._zonerefs, ZONE_DMA32, 0);
	assert_int_equal(z->zone_idx, ZONE_DMA32);
	mmr_machine_destroy(m);
}

static void a_nodemask_skips_nodes(void **state)
{
	static const uint16_t cpu_node[] = {0};
	struct mmr_machine *m = machine(4, NULL, cpu_node, 1, true);
	const struct zoneref *z = m->nodes[0].node_zonelists[ZONELIST_FALLBACK]._zonerefs;

	z = next_zones_zonelist(z, ZONE_NORMAL, 0xc);
	assert_int_equal(z->zone->node, 2);
	z = next_zones_zonelist(z + 1, ZONE_NORMAL, 0xc);
	assert_int_equal(z->zone->node, 3);
	assert_null(next_zones_zonelist(z + 1, ZONE_NORMAL, 0xc)->zone);
	mmr_machine_destroy(m);
}

/* Two near nodes of 2048 pages, marks 100, 200 and 300; CPU 0 is on node 0. */
static struct mmr_machine *two_nodes(const char *profile, bool reclaim)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.nr_nodes = 2,
								  .zone_type = ZONE_NORMAL,
								  .node_pages = 2048,
								  .mark = 100,
								  .batch = 1,
								  .high_min = 0,
								  .high_max = 0,
								  .profile = profile});

	m->reclaim = (struct mmr_reclaim){.enabled = reclaim, .reclaimable_percent = 100};
	mmr_seed_empty(m);
	return m;
}

static struct mmr_page first_below_low_mark(struct mmr_machine *m)
{
	struct mmr_page page;
	gfp_t gfp = MMR_GFP_HIGHUSER_MOVABLE & ~MMR_GFP_KSWAPD_RECLAIM;

	for (unsigned int i = 0; i < 2048 - 200; i++)
		alloc_on(m, 0, gfp, 0);
	do {
		page = alloc_on(m, 0, gfp, 0);
	} while (!m->cpus[0].counters.node_reclaims && page.nid == 0);
	return page;
}

/* Node 0 reaches its low mark: with vm.zone_reclaim_mode it is reclaimed, without node 1 serves. */
static void zone_reclaim_mode_stays_at_home(void **state)
{
	static const char *const profiles[] = {"6.1", "6.12", "7.3"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct mmr_machine *home = two_nodes(profiles[i], true), *away = two_nodes(profiles[i], true);
		struct mmr_machine *nothing = two_nodes(profiles[i], false);

		home->sysctl.zone_reclaim_mode = nothing->sysctl.zone_reclaim_mode = 1;
		assert_int_equal(first_below_low_mark(home).nid, 0);
		assert_int_equal(home->cpus[0].counters.node_reclaimed_pages, 32);
		assert_int_equal(first_below_low_mark(away).nid, 1);
		assert_int_equal(away->cpus[0].counters.node_reclaims, 0);
		assert_int_equal(first_below_low_mark(nothing).nid, 1);
		assert_sound(home);
		assert_sound(away);
		mmr_machine_destroy(home);
		mmr_machine_destroy(away);
		mmr_machine_destroy(nothing);
	}
}

/*
 * Node 0 has 2048 free pages less its reserve R, and 1000 of page cache: at 20 percent the limit is
 * (3048 - R) / 5. One page more and __GFP_WRITE goes to node 1; others stay; where both nodes are over
 * their limits, the slow path does not care.
 */
static void pages_to_be_dirtied_are_spread(void **state)
{
	struct mmr_machine *m = two_nodes("6.12", false);
	uint32_t limit = (3048 - m->nodes[0].totalreserve_pages) / 5;
	struct mmr_node_dirty dirty = {limit, 1000, 20}, much = {100000, 0, 20};
	gfp_t write = MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_WRITE;
	struct mmr_page page;

	assert_true(m->nodes[0].totalreserve_pages >= 300);
	assert_int_equal(mmr_node_set_dirty(m, 0, &dirty, NULL), 0);
	assert_int_equal(alloc_on(m, 0, write, 5).nid, 0);
	dirty.nr_dirty_pages++;
	assert_int_equal(mmr_node_set_dirty(m, 0, &dirty, NULL), 0);
	assert_int_equal(alloc_on(m, 0, write, 0).nid, 1);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).nid, 0);
	assert_int_equal(mmr_node_set_dirty(m, 1, &much, NULL), 0);
	page = alloc_on(m, 0, write, 0);
	assert_int_equal(page.nid, 0);
	assert_int_equal(page.path, MMR_PATH_SLOWPATH);
	assert_int_equal(mmr_node_set_dirty(m, 2, &much, NULL), -22);
	much.dirty_ratio = 101;
	assert_int_equal(mmr_node_set_dirty(m, 1, &much, NULL), -22);
	assert_sound(m);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot_order_rotates_over_equal_distances),
		cmocka_unit_test(nodes_with_cpus_are_spared),
		cmocka_unit_test(nearer_nodes_come_first),
		cmocka_unit_test(fake_nodes_are_as_near_as_the_own),
		cmocka_unit_test(zones_descend_inside_a_node),
		cmocka_unit_test(a_nodemask_skips_nodes),
		cmocka_unit_test(zone_reclaim_mode_stays_at_home),
		cmocka_unit_test(pages_to_be_dirtied_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
