// SPDX-License-Identifier: GPL-2.0-or-later
/* Which node each policy takes its pages from. */
#include <errno.h>

#include "core/mempolicy.h"
#include "core/tests/machines.h"

static struct mmr_machine *four_nodes(void)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.nr_nodes = 4,
								  .zone_type = ZONE_NORMAL,
								  .node_pages = 8192,
								  .mark = 50,
								  .batch = 4,
								  .high_min = 16,
								  .high_max = 16});
	mmr_seed_empty(m);
	return m;
}

static int node_of(struct mmr_machine *m, gfp_t gfp, unsigned int order, struct mmr_mempolicy *policy)
{
	struct mmr_request req = {.gfp = gfp, .cpu = 1, .nid = NUMA_NO_NODE, .order = (uint8_t)order};
	struct mmr_page page = mmr_alloc_pages_mpol(m, &req, order == 9, policy);

	return page.pfn == MMR_NO_PFN ? -1 : page.nid;
}

static void default_and_local_use_the_cpus_node(void **state)
{
	struct mmr_machine *m = four_nodes();
	struct mmr_mempolicy local = {.mode = MMR_MPOL_LOCAL};

	assert_int_equal(node_of(m, MMR_GFP_HIGHUSER_MOVABLE, 0, NULL), 1);
	assert_int_equal(node_of(m, MMR_GFP_HIGHUSER_MOVABLE, 0, &local), 1);
	mmr_machine_destroy(m);
}

static void interleave_goes_round(void **state)
{
	struct mmr_machine *m = four_nodes();
	struct mmr_mempolicy policy = {.mode = MMR_MPOL_INTERLEAVE, .nodes = 0xd, .il_prev = 0};
	static const int expected[] = {2, 3, 0, 2, 3, 0};
	struct mmr_counters c;

	for (int i = 0; i < 6; i++)
		assert_int_equal(node_of(m, MMR_GFP_HIGHUSER_MOVABLE, 0, &policy), expected[i]);
	mmr_counters_read(m, &c);
	assert_int_equal(c.numa_interleave, 6);
	mmr_machine_destroy(m);
}

/* Weights 3 and 1 (0 counts as 1). */
static void weighted_interleave_stays_for_its_weight(void **state)
{
	struct mmr_machine *m = four_nodes();
	struct mmr_mempolicy policy = {.mode = MMR_MPOL_WEIGHTED_INTERLEAVE, .nodes = 0x5, .weights = {3}};
	static const int expected[] = {2, 0, 0, 0, 2, 0, 0, 0};

	for (int i = 0; i < 8; i++)
		assert_int_equal(node_of(m, MMR_GFP_HIGHUSER_MOVABLE, 0, &policy), expected[i]);
	mmr_machine_destroy(m);
}

/* 8192 pages less the min mark of 50; then nothing, though three nodes are empty. */
static void bind_never_leaves_its_nodes(void **state)
{
	struct mmr_machine *m = four_nodes();
	struct mmr_mempolicy policy = {.mode = MMR_MPOL_BIND, .nodes = 0x4};
	int nr = 0;

	while (nr < 9000) {
		int nid = node_of(m, MMR_GFP_HIGHUSER_MOVABLE, 0, &policy);

		if (nid < 0)
			break;
		assert_int_equal(nid, 2);
		nr++;
	}
	assert_in_range(nr, 8192 - 50 - 16, 8192 - 49);
	assert_sound(m);
	mmr_machine_destroy(m);
}

static void preferred_and_preferred_many_go_elsewhere_when_full(void **state)
{
	struct mmr_machine *m = four_nodes();
	struct mmr_mempolicy one = {.mode = MMR_MPOL_PREFERRED, .nodes = 0x8};
	struct mmr_mempolicy many = {.mode = MMR_MPOL_PREFERRED_MANY, .nodes = 0xc};
	int nr[5] = {0};

	assert_int_equal(node_of(m, MMR_GFP_HIGHUSER_MOVABLE, 0, &one), 3);
	for (int i = 0; i < 4 * 8000; i++)
		nr[node_of(m, MMR_GFP_HIGHUSER_MOVABLE, 0, &many) + 1]++;
	assert_int_equal(nr[0], 0);
	assert_true(nr[3] > 8000 && nr[4] > 8000);
	assert_true(nr[1] + nr[2] > 15000);
	assert_sound(m);
	mmr_machine_destroy(m);
}

/* A huge page comes from the near node or, where the fault may not reclaim, not at all. */
static void a_huge_page_prefers_its_node(void **state)
{
	struct mmr_machine *m = four_nodes();

	for (int i = 0; i < 15; i++)
		assert_int_equal(node_of(m, MMR_GFP_TRANSHUGE_LIGHT, 9, NULL), 1);
	while (node_of(m, MMR_GFP_TRANSHUGE_LIGHT, 9, NULL) == 1)
		;
	assert_int_equal(node_of(m, MMR_GFP_TRANSHUGE_LIGHT, 9, NULL), -1);
	assert_true(node_of(m, MMR_GFP_TRANSHUGE_LIGHT | MMR_GFP_DIRECT_RECLAIM, 9, NULL) != 1);
	mmr_machine_destroy(m);
}

static void impossible_policies_are_named(void **state)
{
	static const struct {
		struct mmr_mempolicy policy;
		int rc;
	} cases[] = {
		{{.mode = MMR_MPOL_DEFAULT}, 0},    {{.mode = MMR_MPOL_BIND, .nodes = 0xf}, 0},
		{{.mode = MMR_MPOL_BIND}, -EINVAL}, {{.mode = MMR_MPOL_INTERLEAVE, .nodes = 0x10}, -EINVAL},
		{{.mode = NR_MMR_MPOLS}, -EINVAL},
	};
	struct mmr_machine *m = four_nodes();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(mmr_mempolicy_check(m, &cases[i].policy, NULL), cases[i].rc);
	mmr_machine_destroy(m);
}

/* CPU 1 asks for node 0's pages, but its task may only use nodes 2 and 3, of which 2 is as near. */
static void mems_allowed_confine_every_mode(void **state)
{
	static const struct mmr_mempolicy policies[] = {
		{.mode = MMR_MPOL_LOCAL},
		{.mode = MMR_MPOL_PREFERRED, .nodes = 0x1},
		{.mode = MMR_MPOL_BIND, .nodes = 0x4},
		{.mode = MMR_MPOL_INTERLEAVE, .nodes = 0x4},
		{.mode = MMR_MPOL_PREFERRED_MANY, .nodes = 0x4},
	};

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		struct mmr_machine *m = four_nodes();
		struct mmr_mempolicy policy = policies[i];
		struct mmr_request req = {
			.gfp = MMR_GFP_HIGHUSER_MOVABLE, .cpu = 1, .nid = NUMA_NO_NODE, .nodemask = 0xc};
		struct mmr_page page;

		/* More than node 2 has: the rest comes from node 3 or not at all. */
		for (unsigned int n = 0; n < 9000; n++) {
			page = mmr_alloc_pages_mpol(m, &req, false, &policy);
			assert_true(page.pfn == MMR_NO_PFN || page.nid == 2 || page.nid == 3);
			if (!n)
				assert_int_equal(page.nid, 2);
		}
		mmr_machine_destroy(m);
	}
}

/* ---- several pages, indices, weights ----------------------------------------------------------- */

static unsigned int pages_on(const uint32_t *pfns, unsigned int nr, unsigned int nid)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < nr; i++)
		sum += pfns[i] / 8192 == nid;
	return sum;
}

/* 11 pages over nodes 0, 1, 2: three each, and one more for the two that come first, 1 and 2. */
static void a_bulk_is_interleaved_in_shares(void **state)
{
	struct mmr_mempolicy policy = {.mode = MMR_MPOL_INTERLEAVE, .nodes = 0x7, .il_prev = 0};
	const struct mmr_request req = {.gfp = MMR_GFP_KERNEL};
	struct mmr_machine *m = four_nodes();
	uint32_t pfns[11];

	assert_int_equal(mmr_alloc_pages_bulk_mpol(m, &req, 11, &policy, pfns), 11);
	assert_int_equal(pages_on(pfns, 11, 0), 3);
	assert_int_equal(pages_on(pfns, 11, 1), 4);
	assert_int_equal(pages_on(pfns, 11, 2), 4);
	assert_int_equal(policy.il_prev, 0);
	mmr_machine_destroy(m);
}

/*
 * Weights 3, 1, 2. Node 0 has 2 pages of its turn left: 20 = 2 + 3 rounds of 6, and nothing left.
 * 23: 2 + 3 rounds + 3: node 1 one more, node 2 two more, and the next turn is node 0's.
 */
static void a_weighted_bulk_goes_on_where_the_last_one_ended(void **state)
{
	static const struct {
		unsigned int nr, on[3];
	} cases[] = {{20, {2 + 9, 3, 6}}, {23, {2 + 9, 3 + 1, 6 + 2}}, {2, {2, 0, 0}}, {1, {1, 0, 0}}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_mempolicy policy = {.mode = MMR_MPOL_WEIGHTED_INTERLEAVE,
					       .nodes = 0x7,
					       .il_prev = 0,
					       .il_weight = 2,
					       .weights = {3, 1, 2}};
		const struct mmr_request req = {.gfp = MMR_GFP_KERNEL};
		struct mmr_machine *m = four_nodes();
		uint32_t pfns[32];

		assert_int_equal(mmr_alloc_pages_bulk_mpol(m, &req, cases[i].nr, &policy, pfns), cases[i].nr);
		for (unsigned int nid = 0; nid < 3; nid++)
			assert_int_equal(pages_on(pfns, cases[i].nr, nid), cases[i].on[nid]);
		mmr_machine_destroy(m);
	}
}

static void a_mappings_page_has_its_node(void **state)
{
	const struct mmr_mempolicy plain = {.mode = MMR_MPOL_INTERLEAVE, .nodes = 0x15},
				   weighted = {.mode = MMR_MPOL_WEIGHTED_INTERLEAVE,
					       .nodes = 0x15,
					       .weights = {2, 9, 1, 9, 0}},
				   bind = {.mode = MMR_MPOL_BIND, .nodes = 0x15};
	static const int by_turn[] = {0, 2, 4, 0, 2, 4}, by_weight[] = {0, 0, 2, 4, 0, 0};

	for (uint64_t i = 0; i < 6; i++) {
		assert_int_equal(mmr_mempolicy_index_node(&plain, i), by_turn[i]);
		assert_int_equal(mmr_mempolicy_index_node(&weighted, i), by_weight[i]);
	}
	assert_int_equal(mmr_mempolicy_index_node(&plain, 3000000001), 2);
	assert_int_equal(mmr_mempolicy_index_node(&bind, 0), -1);
}

/*
 * 32 shares by bandwidth, over their greatest common divisor:
 *   300 : 100 -> 24 : 8 -> 3 : 1        100 : 100 : 0 -> 16 : 16 : 1
 */
static void weights_follow_bandwidth(void **state)
{
	static const uint32_t two[] = {300, 100}, three[] = {100, 100, 0};
	uint8_t weights[3];

	mmr_mempolicy_auto_weights(two, 2, weights);
	assert_int_equal(weights[0], 3);
	assert_int_equal(weights[1], 1);
	mmr_mempolicy_auto_weights(three, 3, weights);
	assert_int_equal(weights[0], 16);
	assert_int_equal(weights[1], 16);
	assert_int_equal(weights[2], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_and_local_use_the_cpus_node),
		cmocka_unit_test(interleave_goes_round),
		cmocka_unit_test(weighted_interleave_stays_for_its_weight),
		cmocka_unit_test(bind_never_leaves_its_nodes),
		cmocka_unit_test(preferred_and_preferred_many_go_elsewhere_when_full),
		cmocka_unit_test(a_huge_page_prefers_its_node),
		cmocka_unit_test(impossible_policies_are_named),
		cmocka_unit_test(mems_allowed_confine_every_mode),
		cmocka_unit_test(a_bulk_is_interleaved_in_shares),
		cmocka_unit_test(a_weighted_bulk_goes_on_where_the_last_one_ended),
		cmocka_unit_test(a_mappings_page_has_its_node),
		cmocka_unit_test(weights_follow_bandwidth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
