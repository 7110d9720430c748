// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The workloads on the model: whole requests, from mmr_alloc_pages() through zonelist, watermark
 * test and PCP list to the buddy lists, as CPU 0 of a machine with one node and 16 GiB.
 */
#include "bench/ratios.h"
#include "bench/workload.h"
#include "bench/works.h"

#include <errno.h>
#include <stdio.h>

#include "core/page_alloc.h"

#define FIRST_PFN     0x1000u /* no ZONE_DMA: the first 16 MiB are not RAM here */
#define DMA32_END_PFN 0x100000u
#define END_PFN       (FIRST_PFN + (16u << 18)) /* 16 GiB */
#define GFP           MMR_GFP_HIGHUSER_MOVABLE

static struct mmr_zone_config zone_config(uint32_t start_pfn, uint32_t end_pfn)
{
	uint32_t pages = end_pfn - start_pfn;

	return (struct mmr_zone_config){
		.start_pfn = start_pfn,
		.spanned_pages = pages,
		.present_pages = pages,
		.managed_pages = pages,
	};
}

static void *core_create(struct mmr_error *err)
{
	const struct mmr_node_config node = {
		.zones = {[ZONE_DMA32] = zone_config(FIRST_PFN, DMA32_END_PFN),
			  [ZONE_NORMAL] = zone_config(DMA32_END_PFN, END_PFN)},
	};
	const uint16_t cpu_node[] = {0, 0};
	const uint8_t distance[] = {10};
	struct mmr_machine_config config = {
		.profile = kernel_profile_find("6.12"),
		.nr_nodes = 1,
		.nr_cpus = 2,
		.cpu_node = cpu_node,
		.distance = distance,
		.nodes = &node,
		.sysctl = MMR_SYSCTL_DEFAULT,
	};
	struct mmr_machine *machine;

	if (mmr_machine_create(&config, &machine, err))
		return NULL;
	mmr_seed_empty(machine);
	return machine;
}

/* A measurement of a model that lost a page is worth nothing. */
static int core_destroy(void *allocator, struct mmr_error *err)
{
	int rc = mmr_check(allocator, err);

	mmr_machine_destroy(allocator);
	return rc;
}

static inline uint64_t core_alloc(void *allocator, unsigned int order)
{
	const struct mmr_request request = {.gfp = GFP, .cpu = 0, .nid = NUMA_NO_NODE, .order = (uint8_t)order};
	struct mmr_page page = mmr_alloc_pages(allocator, &request);

	return page.pfn == MMR_NO_PFN ? BENCH_NO_PAGE : (uint64_t)page.pfn << PAGE_SHIFT;
}

static inline void core_free(void *allocator, uint64_t handle, unsigned int order)
{
	mmr_free_pages(allocator, (uint32_t)(handle >> PAGE_SHIFT), order, 0, NULL);
}

/* What the host holds for the page records, over the modelled pages that have some. */
static void metadata_report(struct bench_state *st, const struct mmr_machine *machine)
{
	uint64_t touched = mmr_touched_pages(machine);
	double bytes = touched ? (double)mmr_metadata_bytes(machine, NULL) / (double)touched : 0;

	bench_figure(st, "metadata_bytes_per_page", bytes);
	ratios_figure("metadata per touched page", bytes);
}

static void core_run(struct bench_state *st, const void *arg)
{
	static const struct fixture_ops fixture_ops = {core_create, core_destroy, core_alloc, core_free};
	static const struct page_ops ops = {core_alloc, core_free};

	struct fixture *fx = fixture_get(arg, &fixture_ops);

	work_run(st, fx, &ops);
	if (fx && fx->work->live_pages)
		metadata_report(st, fx->allocator);
}

/* Every report says what the figures hang on: PCP settings above all. */
static void context_add(void)
{
	struct mmr_zone_info zone;
	struct mmr_error err;
	void *machine = core_create(&err);
	char text[200];

	if (!machine)
		return; /* each benchmark will say why */
	if (mmr_zone_read(machine, 0, ZONE_NORMAL, &zone)) {
		snprintf(text, sizeof(text), "1 node, 16 GiB, zone Normal: PCP batch %u, high %u to %u",
			 zone.pcp_batch, zone.pcp_high_min, zone.pcp_high_max);
		bench_context("core_machine", text);
	}
	bench_context("core_kernel_profile", "6.12");
	mmr_machine_destroy(machine);
}

void bench_core_register(void)
{
	context_add();
	works_register("core", (1u << NR_WORKS) - 1, core_run);
}
