// SPDX-License-Identifier: GPL-2.0-or-later
/* A trace's header as a machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/machines/machine.h"

/* The zones of the recording kernel in the order of its enum: how it counts its lists of ratios. */
static unsigned int zone_order(const struct trace_machine *recorded, enum zone_type order[MAX_NR_ZONES])
{
	static const char *const names[MAX_NR_ZONES] = {"DMA",     "DMA32",   "NORMAL",
							"HIGHMEM", "MOVABLE", "DEVICE"};
	unsigned int nr = 0;

	for (int64_t value = 0; value < MAX_NR_ZONES; value++) {
		for (uint32_t i = 0; i < recorded->nr_zone_names; i++) {
			for (int z = 0; z < MAX_NR_ZONES; z++)
				if (recorded->zone_names[i].value == value &&
				    strcmp(recorded->zone_names[i].name, names[z]) == 0)
					order[nr++] = (enum zone_type)z;
		}
	}
	if (nr)
		return nr;
	/* Without names: x86-64 as distributions build it. */
	memcpy(order, (const enum zone_type[]){ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE, ZONE_DEVICE},
	       5 * sizeof(*order));
	return 5;
}

static void settings_from_trace(const struct trace_machine *recorded, struct machine *ret)
{
	enum zone_type order[MAX_NR_ZONES];
	unsigned int nr_order = zone_order(recorded, order);

	ret->sysctl = MMR_SYSCTL_DEFAULT;
	for (uint32_t i = 0; i < recorded->nr_sysctls; i++) {
		const struct trace_name_value *setting = &recorded->sysctls[i];
		enum machine_setting_id id = machine_setting_find(setting->name);
		const char *name = setting->name + (strncmp(setting->name, "vm.", 3) == 0 ? 3 : 0);
		unsigned int index;

		/* A value outside the range we know stays at its default. */
		if (id < NR_MACHINE_SETTINGS && setting->value >= 0)
			machine_settings_set(&ret->settings, &ret->sysctl, id, (uint64_t)setting->value, NULL);
		if (sscanf(name, "lowmem_reserve_ratio[%u]", &index) == 1 && index < nr_order)
			ret->sysctl.lowmem_reserve_ratio[order[index]] = (uint32_t)setting->value;
	}
}

/* Memory tiers are written down as features: "memory_tier[1]=4" is node 1 in tier 4. */
static int tiers_from_trace(const struct trace_machine *recorded, struct machine *ret)
{
	for (uint32_t i = 0; i < recorded->nr_features; i++) {
		unsigned int nid;

		if (sscanf(recorded->features[i].name, "memory_tier[%u]", &nid) != 1 || nid >= ret->nr_nodes)
			continue;
		if (!ret->tier) {
			ret->tier = malloc(ret->nr_nodes * sizeof(*ret->tier));
			if (!ret->tier)
				return -ENOMEM;
			for (unsigned int n = 0; n < ret->nr_nodes; n++)
				ret->tier[n] = MACHINE_NO_TIER;
		}
		ret->tier[nid] = (int16_t)recorded->features[i].value;
	}
	return 0;
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
	if (recorded->zone == ZONE_HIGHMEM && recorded->present_pages)
		machine->arch = MACHINE_X86_32;
	return 0;
}

/*
 * From 6.7 on a CPU's high moves between two bounds, and kernels that print only where it is just then
 * (zoneinfo's "high:") leave the bounds to be computed, unless a setting nails them down.
 */
static void forget_moving_high(const struct trace_machine *recorded, struct machine *machine)
{
	unsigned int major, minor;

	if (sscanf(recorded->kernel_release ? recorded->kernel_release : "", "%u.%u", &major, &minor) != 2 ||
	    major * 1000 + minor < 6007 || machine->sysctl.percpu_pagelist_high_fraction)
		return;
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct mmr_zone_config *zone = &machine->nodes[n].zones[z];

			if (zone->pcp_high_min == zone->pcp_high_max) {
				zone->have_pageset = false;
				zone->pcp_batch = zone->pcp_high_min = zone->pcp_high_max = 0;
			}
		}
	}
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

/*
 * Before 7.3 whoever reads vm.lowmem_reserve_ratio makes the kernel compute lowmem_reserve anew, from the
 * zones' managed pages of that moment. So did the recorder: what it had read of it before does not hold any
 * more. Source: lowmem_reserve_ratio_sysctl_handler(), mm/page_alloc.c, v6.12.
 */
static bool reserves_were_recomputed(const struct trace_machine *recorded)
{
	unsigned int major = 0, minor = 0;

	if (sscanf(recorded->kernel_release, "%u.%u", &major, &minor) != 2 || major > 7 ||
	    (major == 7 && minor >= 3))
		return false;
	for (uint32_t i = 0; i < recorded->nr_sysctls; i++) {
		const char *name = recorded->sysctls[i].name;

		if (!strncmp(name + (strncmp(name, "vm.", 3) ? 0 : 3), "lowmem_reserve_ratio", 20))
			return true;
	}
	return false;
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
	ret->recorded = true;
	ret->name = strdup("recorded");
	ret->cpu_node = malloc(nr_cpus * sizeof(*ret->cpu_node));
	ret->distance = malloc(nr_nodes * nr_nodes);
	ret->nodes = calloc(nr_nodes, sizeof(*ret->nodes));
	if (!ret->name || !ret->cpu_node || !ret->distance || !ret->nodes || ranges_from_trace(recorded, ret) ||
	    tiers_from_trace(recorded, ret)) {
		rc = mmr_err(err, -ENOMEM, "%s: no memory for the machine", path);
		goto fail;
	}
	memcpy(ret->cpu_node, recorded->cpu_node, nr_cpus * sizeof(*ret->cpu_node));
	memcpy(ret->distance, recorded->node_distance, nr_nodes * nr_nodes);
	settings_from_trace(recorded, ret);
	ret->cpu_llc_pages = recorded->llc_bytes_per_cpu >> PAGE_SHIFT;
	for (uint32_t i = 0; i < recorded->nr_zones; i++) {
		rc = zone_from_trace(&recorded->zones[i], path, ret, err);
		if (rc)
			goto fail;
	}
	forget_moving_high(recorded, ret);
	for (uint32_t i = 0; i < recorded->nr_zones && reserves_were_recomputed(recorded); i++)
		ret->nodes[recorded->zones[i].nid].zones[recorded->zones[i].zone].have_lowmem_reserve = false;
	return 0;
fail:
	machine_deinit(ret);
	return rc;
}
