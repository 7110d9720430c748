// SPDX-License-Identifier: GPL-2.0-or-later
/* Machines in memory: from a trace's header, and as the core's configuration. */
#include "replay/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void machine_deinit(struct machine *machine)
{
	free(machine->name);
	free(machine->kernel);
	free(machine->cpu_node);
	free(machine->distance);
	free(machine->nodes);
	free(machine->ranges);
	memset(machine, 0, sizeof(*machine));
}

void machine_config(const struct machine *machine, const struct kernel_profile *profile,
		    struct mmr_machine_config *ret)
{
	*ret = (struct mmr_machine_config){
		.profile = profile,
		.nr_nodes = machine->nr_nodes,
		.nr_cpus = machine->nr_cpus,
		.cpu_node = machine->cpu_node,
		.distance = machine->distance,
		.nodes = machine->nodes,
		.ranges = machine->nr_ranges ? machine->ranges : NULL,
		.nr_ranges = machine->nr_ranges,
		.sysctl = machine->sysctl,
		.cpu_llc_pages = machine->cpu_llc_pages,
		.boot_zonelists = true,
	};
}

bool machine_find_zone(const struct machine *machine, uint32_t pfn, unsigned int *nid, enum zone_type *zone)
{
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *cfg = &machine->nodes[n].zones[z];

			if (pfn - cfg->start_pfn < cfg->spanned_pages && cfg->managed_pages) {
				*nid = n;
				*zone = z;
				return true;
			}
		}
	}
	return false;
}

uint64_t machine_managed_pages(const struct machine *machine)
{
	uint64_t pages = 0;

	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
			pages += machine->nodes[n].zones[z].managed_pages;
	return pages;
}

/* vm.* settings of a trace header that the core reads, and where they go; "vm." may stand before them. */
static const struct {
	const char *name;
	size_t offset;
} sysctl_fields[] = {
	{"min_free_kbytes", offsetof(struct mmr_sysctl, min_free_kbytes)},
	{"watermark_scale_factor", offsetof(struct mmr_sysctl, watermark_scale_factor)},
	{"watermark_boost_factor", offsetof(struct mmr_sysctl, watermark_boost_factor)},
	{"percpu_pagelist_high_fraction", offsetof(struct mmr_sysctl, percpu_pagelist_high_fraction)},
	{"zone_reclaim_mode", offsetof(struct mmr_sysctl, zone_reclaim_mode)},
	{"defrag_mode", offsetof(struct mmr_sysctl, defrag_mode)},
};

static void sysctls_from_trace(const struct trace_machine *recorded, struct mmr_sysctl *ret)
{
	*ret = MMR_SYSCTL_DEFAULT;
	for (uint32_t i = 0; i < recorded->nr_sysctls; i++) {
		const struct trace_name_value *setting = &recorded->sysctls[i];
		const char *name = setting->name + (strncmp(setting->name, "vm.", 3) == 0 ? 3 : 0);

		for (size_t f = 0; f < sizeof(sysctl_fields) / sizeof(sysctl_fields[0]); f++) {
			if (strcmp(name, sysctl_fields[f].name) == 0)
				*(uint32_t *)((char *)ret + sysctl_fields[f].offset) = (uint32_t)setting->value;
		}
		if (strcmp(name, "stat_interval") == 0)
			ret->stat_interval_ms = (uint32_t)(setting->value * 1000);
	}
}

static int zone_from_trace(const struct trace_zone *recorded, const char *path, struct machine *machine,
			   struct mmr_error *err)
{
	struct mmr_zone_config *zone;

	if (recorded->nid >= machine->nr_nodes || recorded->zone >= MAX_NR_ZONES)
		return mmr_err(err, -EINVAL, "%s: header: zone %u of node %u, expected zone < %d and node < %u",
			       path, recorded->zone, recorded->nid, MAX_NR_ZONES, machine->nr_nodes);
	if (recorded->start_pfn + recorded->spanned_pages > MMR_NO_PFN)
		return mmr_err(err, -EINVAL,
			       "%s: header: zone %s of node %u ends at pfn %llu, expected below %u", path,
			       mmr_zone_name(recorded->zone), recorded->nid,
			       (unsigned long long)(recorded->start_pfn + recorded->spanned_pages), MMR_NO_PFN);
	zone = &machine->nodes[recorded->nid].zones[recorded->zone];
	*zone = (struct mmr_zone_config){
		.start_pfn = (uint32_t)recorded->start_pfn,
		.spanned_pages = (uint32_t)recorded->spanned_pages,
		.present_pages = (uint32_t)recorded->present_pages,
		.managed_pages = (uint32_t)recorded->managed_pages,
		.have_watermark = recorded->watermark[WMARK_HIGH] != 0,
		.have_lowmem_reserve = true,
		.have_pageset = recorded->pcp_batch != 0,
		.pcp_batch = recorded->pcp_batch,
		.pcp_high_min = recorded->pcp_high_min,
		.pcp_high_max = recorded->pcp_high_max,
		.stat_threshold = recorded->stat_threshold,
	};
	for (int i = 0; i < NR_WMARK; i++)
		zone->watermark[i] = (uint32_t)recorded->watermark[i];
	for (int i = 0; i < MAX_NR_ZONES; i++)
		zone->lowmem_reserve[i] = (uint32_t)recorded->lowmem_reserve[i];
	return 0;
}

static int ranges_from_trace(const struct trace_machine *recorded, struct machine *machine)
{
	if (!recorded->nr_ranges)
		return 0;
	machine->ranges = calloc(recorded->nr_ranges, sizeof(*machine->ranges));
	if (!machine->ranges)
		return -ENOMEM;
	for (uint32_t i = 0; i < recorded->nr_ranges; i++) {
		const struct trace_range *range = &recorded->ranges[i];

		if (range->start_pfn + range->nr_pages > MMR_NO_PFN || !range->nr_pages)
			continue;
		machine->ranges[machine->nr_ranges++] = (struct mmr_mem_range){
			.start_pfn = (uint32_t)range->start_pfn,
			.nr_pages = (uint32_t)range->nr_pages,
		};
	}
	return 0;
}

int machine_from_trace(const struct trace_machine *recorded, const char *path, struct machine *ret,
		       struct mmr_error *err)
{
	size_t nr_nodes = recorded->nr_nodes, nr_cpus = recorded->nr_cpus;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (nr_nodes == 0 || nr_nodes > MAX_NUMNODES || nr_cpus == 0 || nr_cpus > MACHINE_MAX_CPUS)
		return mmr_err(err, -EINVAL, "%s: header: %zu nodes and %zu CPUs, expected 1..%d and 1..%d",
			       path, nr_nodes, nr_cpus, MAX_NUMNODES, MACHINE_MAX_CPUS);
	ret->nr_nodes = recorded->nr_nodes;
	ret->nr_cpus = recorded->nr_cpus;
	ret->name = strdup("recorded");
	ret->cpu_node = malloc(nr_cpus * sizeof(*ret->cpu_node));
	ret->distance = malloc(nr_nodes * nr_nodes);
	ret->nodes = calloc(nr_nodes, sizeof(*ret->nodes));
	if (!ret->name || !ret->cpu_node || !ret->distance || !ret->nodes || ranges_from_trace(recorded, ret)) {
		rc = mmr_err(err, -ENOMEM, "%s: no memory for the machine", path);
		goto fail;
	}
	memcpy(ret->cpu_node, recorded->cpu_node, nr_cpus * sizeof(*ret->cpu_node));
	memcpy(ret->distance, recorded->node_distance, nr_nodes * nr_nodes);
	sysctls_from_trace(recorded, &ret->sysctl);
	ret->cpu_llc_pages = recorded->llc_bytes_per_cpu >> PAGE_SHIFT;
	for (uint32_t i = 0; i < recorded->nr_zones; i++) {
		rc = zone_from_trace(&recorded->zones[i], path, ret, err);
		if (rc)
			goto fail;
	}
	return 0;
fail:
	machine_deinit(ret);
	return rc;
}
