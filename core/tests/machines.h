/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small machines for the tests of core. */
#ifndef MMR_CORE_TESTS_MACHINES_H
#define MMR_CORE_TESTS_MACHINES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/internal.h"
#include "core/list.h"

#define MIB_PAGES(mib) ((uint32_t)(mib) << 8)

/**
 * struct machine_spec - what a test says of its machine; the rest is plain
 * @nr_nodes: each has one zone of @zone_type and @node_pages pages, one after the other from 0
 * @cpus_per_node: CPUs are numbered node by node
 * @mark: if not 0, min, low and high are 1, 2 and 3 times this; else computed
 * @batch, @high_min, @high_max: per-CPU list sizes; @batch 0 computes them
 * @profile: "6.12" where NULL; "6.12,pcp=5.14" is fine
 */
struct machine_spec {
	unsigned int nr_nodes, cpus_per_node;
	enum zone_type zone_type;
	uint32_t node_pages;
	uint32_t mark;
	uint32_t batch, high_min, high_max;
	const char *profile;
	struct mmr_sysctl sysctl;
	struct mmr_reclaim reclaim;
	struct mmr_compaction compaction;
	uint64_t shuffle_seed;
};

static inline void spec_zone(const struct machine_spec *spec, struct mmr_zone_config *zone, uint32_t start)
{
	*zone = (struct mmr_zone_config){
		.start_pfn = start,
		.spanned_pages = spec->node_pages,
		.present_pages = spec->node_pages,
		.managed_pages = spec->node_pages,
		.have_watermark = spec->mark != 0,
		.watermark = {spec->mark, 2 * spec->mark, 3 * spec->mark, 4 * spec->mark},
		.have_pageset = spec->batch != 0,
		.pcp_batch = spec->batch,
		.pcp_high_min = spec->high_min,
		.pcp_high_max = spec->high_max,
		.stat_threshold = 1,
	};
}

/* The machine, nothing seeded. */
static inline struct mmr_machine *machine_new(struct machine_spec spec)
{
	static struct mmr_node_config nodes[MAX_NUMNODES];
	static uint16_t cpu_node[1024];
	struct kernel_profile *profile = NULL;
	struct mmr_machine_config cfg = {
		.nr_nodes = spec.nr_nodes ? spec.nr_nodes : 1,
		.cpu_node = cpu_node,
		.nodes = nodes,
		.sysctl = spec.sysctl.stat_interval_ms ? spec.sysctl : MMR_SYSCTL_DEFAULT,
	};
	struct mmr_machine *m = NULL;
	struct mmr_error err = {0};

	if (!spec.cpus_per_node)
		spec.cpus_per_node = 1;
	cfg.nr_cpus = cfg.nr_nodes * spec.cpus_per_node;
	memset(nodes, 0, sizeof(nodes));
	for (unsigned int nid = 0; nid < cfg.nr_nodes; nid++)
		spec_zone(&spec, &nodes[nid].zones[spec.zone_type], nid * spec.node_pages);
	for (unsigned int cpu = 0; cpu < cfg.nr_cpus; cpu++)
		cpu_node[cpu] = (uint16_t)(cpu / spec.cpus_per_node);
	cfg.reclaim = spec.reclaim;
	cfg.compaction = spec.compaction;
	cfg.shuffle_seed = spec.shuffle_seed;
	if (kernel_profile_parse(spec.profile ? spec.profile : "6.12", &profile, &err))
		fail_msg("%s", err.msg);
	cfg.profile = profile;
	if (mmr_machine_create(&cfg, &m, &err))
		fail_msg("%s", err.msg);
	kernel_profile_destroy(profile);
	return m;
}

static inline void assert_sound(const struct mmr_machine *m)
{
	struct mmr_error err;

	if (mmr_check(m, &err))
		fail_msg("%s", err.msg);
}

static inline struct mmr_page alloc_on(struct mmr_machine *m, unsigned int cpu, gfp_t gfp, unsigned int order)
{
	struct mmr_request req = {
		.gfp = gfp, .cpu = (uint16_t)cpu, .nid = NUMA_NO_NODE, .order = (uint8_t)order};

	return mmr_alloc_pages(m, &req);
}

static inline void free_block(struct mmr_machine *m, uint32_t pfn, unsigned int order, enum migratetype mt)
{
	struct mmr_error err;

	if (mmr_seed_free_block(m, pfn, order, mt, &err))
		fail_msg("%s", err.msg);
}

static inline struct zone *zone_of(struct mmr_machine *m, unsigned int nid, enum zone_type zone)
{
	return &m->nodes[nid].node_zones[zone];
}

/* The PFNs of a free list, head first, against those given; end with MMR_NO_PFN. */
#define assert_free_list(m, zone, order, mt, ...)                                                              \
	do {                                                                                                   \
		const uint32_t want_[] = {__VA_ARGS__, MMR_NO_PFN};                                            \
		uint32_t at_ = (zone)->free_area[order].free_list[mt].head;                                    \
		for (size_t i_ = 0; want_[i_] != MMR_NO_PFN || at_ != MMR_NO_PFN; i_++) {                      \
			assert_int_equal(at_, want_[i_]);                                                      \
			at_ = free_record(m, at_, order)->next;                                                \
		}                                                                                              \
	} while (0)
#define assert_free_list_empty(m, zone, order, mt)                                                             \
	assert_int_equal((zone)->free_area[order].free_list[mt].head, MMR_NO_PFN)

#endif
