// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that cannot be right, on every entry point: refused, with names and numbers where there is an
 * error to fill, and the model is what it was. Release builds run this with assertions compiled out.
 */
#include <errno.h>

#include "core/batch.h"
#include "core/mempolicy.h"
#include "core/tests/machines.h"

#define NR_PAGES 8192u

static struct mmr_machine *machine(const char *profile)
{
	struct mmr_machine *m =
		machine_new((struct machine_spec){.nr_nodes = 2,
						  .cpus_per_node = 2,
						  .zone_type = ZONE_NORMAL,
						  .node_pages = NR_PAGES,
						  .mark = 10,
						  .batch = 8,
						  .high_min = 64,
						  .high_max = 64,
						  .profile = profile,
						  .compaction = {.enabled = true, .movable_percent = 50},
						  .reclaim = {.enabled = true, .reclaimable_percent = 50}});
	mmr_seed_empty(m);
	return m;
}

/* Every page's record, every list's length, every count: what a refused call must leave alone. */
static uint64_t digest(const struct mmr_machine *m)
{
	struct mmr_counters c;
	uint64_t hash = 14695981039346656037u;

	mmr_counters_read(m, &c);
	c.path[MMR_PATH_FAILED] = 0; /* a request that got nothing is counted */
	for (size_t i = 0; i < sizeof(c) / sizeof(uint64_t); i++)
		hash = (hash ^ ((const uint64_t *)&c)[i]) * 1099511628211u;
	for (uint32_t pfn = 0; pfn < m->end_pfn; pfn++)
		hash = (hash ^ m->pages[pfn].tag) * 1099511628211u;
	return hash;
}

static const uint32_t pfns[] = {0,     1,     511,      4095,     8191,           8192,      16383,
				16384, 16385, 1u << 20, 1u << 31, UINT32_MAX - 1, UINT32_MAX};
static const unsigned int orders[] = {0, 1, 3, 9, 10, 11, 31, 32, 64, 255};
static const unsigned int cpus[] = {0, 3, 4, 63, 65535, 65536, UINT32_MAX};

/* All memory is free: whatever is freed was never allocated. */
static void frees_of_what_nobody_has_change_nothing(void **state)
{
	static const char *const profiles[] = {"6.1", "6.12", "7.3"};

	for (size_t p = 0; p < 3; p++) {
		struct mmr_machine *m = machine(profiles[p]);
		uint64_t before = digest(m);

		for (size_t i = 0; i < sizeof(pfns) / sizeof(pfns[0]); i++) {
			for (size_t j = 0; j < sizeof(orders) / sizeof(orders[0]); j++) {
				for (size_t k = 0; k < sizeof(cpus) / sizeof(cpus[0]); k++) {
					uint32_t pfn = pfns[i];
					unsigned int order = orders[j], cpu = cpus[k];
					const struct mmr_block block = {pfn, (uint8_t)order};
					struct mmr_error err = {0};

					assert_int_not_equal(mmr_free_pages(m, pfn, order, cpu, NULL), 0);
					assert_int_not_equal(mmr_free_pages_ok(m, pfn, order, cpu, true), 0);
					assert_int_not_equal(mmr_free_pages_nolock(m, pfn, order, cpu, true),
							     0);
					assert_int_not_equal(mmr_free_pages_but_first(m, pfn, order, cpu, &err),
							     0);
					assert_true(err.msg[0]);
					assert_int_not_equal(mmr_free_folios(m, &block, 1, cpu, NULL), 0);
					assert_int_not_equal(mmr_free_pages_bulk(m, &pfn, 1, cpu, NULL), 0);
					assert_int_not_equal(mmr_free_pages_exact(m, pfn, 3, cpu, NULL), 0);
					assert_int_not_equal(mmr_free_contig_range(m, pfn, 3, cpu), 0);
					assert_int_not_equal(mmr_split_page(m, pfn, order, 0), 0);
					assert_int_not_equal(mmr_free_check(m, pfn, order, &err), 0);
				}
			}
			mmr_page_state(m, pfns[i]);
		}
		assert_true(digest(m) == before);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* The words name the page, the order, and what is there instead. */
static void wrong_frees_are_told_with_numbers(void **state)
{
	struct mmr_machine *m = machine("6.12");
	struct mmr_page page = alloc_on(m, 0, MMR_GFP_KERNEL, 3);
	struct mmr_error err;

	mmr_free_check(m, page.pfn + 1, 0, &err);
	assert_non_null(strstr(err.msg, "it is a tail of the allocated block at"));
	mmr_free_check(m, page.pfn, 2, &err);
	assert_non_null(strstr(err.msg, "order 2: it was allocated with order 3"));
	mmr_free_check(m, 0, 77, &err);
	assert_string_equal(err.msg, "free of pfn 0: order 77, expected at most 10");
	mmr_free_check(m, 1u << 30, 0, &err);
	assert_string_equal(err.msg, "free of pfn 1073741824: the machine's memory ends at 16384");
	assert_int_equal(mmr_free_pages(m, page.pfn, 3, 0, NULL), 0);
	mmr_free_check(m, page.pfn, 3, &err);
	assert_non_null(
		strstr(err.msg, "double free, it is the head of a free block of order 3 on a per-CPU list"));
	mmr_machine_destroy(m);
}

static void impossible_requests_get_nothing(void **state)
{
	static const struct mmr_request requests[] = {
		{.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE, .order = 11},
		{.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE, .order = 255},
		{.gfp = MMR_GFP_KERNEL, .nid = 2},
		{.gfp = MMR_GFP_KERNEL, .nid = INT16_MAX},
		{.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE, .cpu = 4},
		{.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE, .cpu = UINT16_MAX},
		{.gfp = MMR_GFP_USER & ~MMR_GFP_RECLAIM, .nid = NUMA_NO_NODE, .nodemask = 0xf0},
	};
	struct mmr_machine *m = machine("6.12");
	uint64_t before = digest(m);
	struct mmr_error err;
	uint32_t got[8];

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		assert_int_equal(mmr_request_check(m, &requests[i], &err), -EINVAL);
		assert_int_equal(mmr_alloc_pages(m, &requests[i]).pfn, MMR_NO_PFN);
		assert_int_equal(mmr_alloc_pages_bulk(m, &requests[i], 8, 0, got), 0);
	}
	assert_int_equal(mmr_alloc_pages_nolock(m, 255, 0, 0, false).pfn, MMR_NO_PFN);
	assert_int_equal(mmr_alloc_pages_nolock(m, 0, 99, 0, false).pfn, MMR_NO_PFN);
	assert_int_equal(mmr_alloc_pages_nolock(m, 0, 0, 4, false).pfn, MMR_NO_PFN);
	assert_int_equal(mmr_alloc_pages_bulk(m, &requests[2], 4, 9, got), 0);
	assert_true(digest(m) == before);
	mmr_machine_destroy(m);
}

/* Flags without meaning are told by mmr_request_check(); asked all the same they corrupt nothing. */
static void senseless_flags_corrupt_nothing(void **state)
{
	struct mmr_machine *m = machine("7.3");

	for (uint32_t bit = 0; bit < 32; bit++) {
		const struct mmr_cpuset nowhere = {0}, beyond = {.mems_allowed = ~0ull << 2};
		struct mmr_request req = {.gfp = (MMR_GFP_KERNEL ^ 1u << bit) | (bit * 0x11u),
					  .nid = -2,
					  .task = 0xff,
					  .nodemask = ~0ull,
					  .cpuset = bit & 1 ? &nowhere : &beyond};

		mmr_alloc_pages(m, &req);
		req.nid = INT16_MIN;
		mmr_alloc_pages(m, &req);
		assert_sound(m);
	}
	mmr_machine_destroy(m);
}

static void senseless_policies_corrupt_nothing(void **state)
{
	struct mmr_machine *m = machine("6.12");
	const struct mmr_request req = {.gfp = MMR_GFP_KERNEL};
	uint32_t got[64];

	for (unsigned int mode = 0; mode < 256; mode++) {
		struct mmr_mempolicy policy = {
			.mode = (uint8_t)mode, .il_prev = UINT16_MAX, .il_weight = 255, .nodes = ~0ull};

		memset(policy.weights, 255, sizeof(policy.weights));
		mmr_alloc_pages_mpol(m, &req, true, &policy);
		assert_true(mmr_alloc_pages_bulk_mpol(m, &req, 64, &policy, got) <= 64);
		mmr_mempolicy_index_node(&policy, UINT64_MAX);
		mmr_mempolicy_name((enum mmr_mempolicy_mode)mode);
	}
	assert_sound(m);
	mmr_machine_destroy(m);
}

static void everything_else_refuses_too(void **state)
{
	struct mmr_machine *m = machine("6.12");
	struct mmr_sysctl sysctl = m->sysctl;
	uint64_t before = digest(m);
	struct mmr_zone_info info;
	uint32_t counts[NR_PAGE_ORDERS];
	struct mmr_error err;

	for (size_t i = 0; i < sizeof(pfns) / sizeof(pfns[0]); i++) {
		uint32_t pfn = pfns[i];

		for (size_t k = 2; k < sizeof(cpus) / sizeof(cpus[0]); k++) {
			assert_int_not_equal(mmr_pageblock_isolate(m, pfn, cpus[k], &err), 0);
			assert_int_not_equal(mmr_pageblock_unisolate(m, pfn, MIGRATE_MOVABLE, cpus[k], &err),
					     0);
			assert_int_not_equal(
				mmr_alloc_contig_range(m, pfn, pfn + 512, MIGRATE_MOVABLE, cpus[k], &err), 0);
			assert_int_not_equal(mmr_compact_node(m, 0, 9, cpus[k], &err), 0);
			assert_int_not_equal(mmr_kcompactd_turn(m, 0, cpus[k], &err), 0);
			assert_int_not_equal(mmr_cpu_set_online(m, cpus[k], false, &err), 0);
			assert_false(mmr_vmstat_update(m, cpus[k]));
		}
		assert_int_not_equal(mmr_alloc_contig_range(m, pfn, pfn, MIGRATE_MOVABLE, 0, &err), 0);
		if (pfn >= 2 * NR_PAGES) {
			assert_int_not_equal(mmr_pageblock_isolate(m, pfn, 0, &err), 0);
			assert_int_not_equal(mmr_seed_pageblock(m, pfn, MIGRATE_MOVABLE, &err), 0);
		}
		for (size_t j = 0; j < sizeof(orders) / sizeof(orders[0]); j++) {
			assert_int_not_equal(mmr_seed_free_block(m, pfn, orders[j], MIGRATE_MOVABLE, &err), 0);
			assert_int_not_equal(mmr_seed_pcp_page(m, 0, pfn, orders[j], MIGRATE_MOVABLE, &err), 0);
			assert_int_not_equal(mmr_seed_free_block(m, pfn, orders[j], (enum migratetype)99, &err),
					     0);
		}
	}
	assert_int_not_equal(mmr_compact_node(m, 2, 9, 0, &err), 0);
	assert_int_not_equal(mmr_compact_node(m, 0, 11, 0, &err), 0);
	assert_int_not_equal(mmr_kcompactd_turn(m, UINT32_MAX, 0, &err), 0);
	assert_int_equal(mmr_fragmentation_score(m, 99), 0);
	assert_false(mmr_zone_read(m, 99, ZONE_NORMAL, &info));
	assert_false(mmr_zone_read(m, 0, (enum zone_type)99, &info));
	assert_false(mmr_buddyinfo_read(m, 0, (enum zone_type)99, 0, counts));
	sysctl.percpu_pagelist_high_fraction = 3;
	assert_int_not_equal(mmr_machine_set_sysctl(m, &sysctl, &err), 0);
	sysctl = m->sysctl;
	sysctl.compaction_proactiveness = 101;
	assert_int_not_equal(mmr_machine_set_sysctl(m, &sysctl, &err), 0);
	assert_true(digest(m) == before);
	assert_sound(m);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frees_of_what_nobody_has_change_nothing),
		cmocka_unit_test(wrong_frees_are_told_with_numbers),
		cmocka_unit_test(impossible_requests_get_nothing),
		cmocka_unit_test(senseless_flags_corrupt_nothing),
		cmocka_unit_test(senseless_policies_corrupt_nothing),
		cmocka_unit_test(everything_else_refuses_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
