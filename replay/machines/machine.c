// SPDX-License-Identifier: GPL-2.0-or-later
/* Machines in memory, and as the core's configuration. */
#include "replay/machines/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/parse.h"

void machine_deinit(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->nr_rules; i++) {
		free(machine->rules[i].task);
		free(machine->rules[i].policy);
		free(machine->rules[i].cpus);
		free(machine->rules[i].mems);
	}
	free(machine->rules);
	free(machine->placement);
	free(machine->name);
	free(machine->about);
	free(machine->kernel);
	free(machine->path);
	free(machine->cpu_node);
	free(machine->distance);
	free(machine->nodes);
	free(machine->ranges);
	free(machine->tier);
	free(machine->offline);
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

uint64_t machine_node_pages(const struct machine *machine, unsigned int nid)
{
	uint64_t pages = 0;

	for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
		pages += machine->nodes[nid].zones[z].managed_pages;
	return pages;
}

uint64_t machine_managed_pages(const struct machine *machine)
{
	uint64_t pages = 0;

	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		pages += machine_node_pages(machine, n);
	return pages;
}

bool machine_same_memory(const struct machine *a, const struct machine *b)
{
	if (a->nr_nodes != b->nr_nodes || a->nr_ranges != b->nr_ranges)
		return false;
	for (unsigned int i = 0; i < a->nr_ranges; i++) {
		if (a->ranges[i].start_pfn != b->ranges[i].start_pfn ||
		    a->ranges[i].nr_pages != b->ranges[i].nr_pages)
			return false;
	}
	for (unsigned int n = 0; n < a->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *za = &a->nodes[n].zones[z], *zb = &b->nodes[n].zones[z];

			if (za->spanned_pages != zb->spanned_pages || za->managed_pages != zb->managed_pages ||
			    (za->spanned_pages && za->start_pfn != zb->start_pfn))
				return false;
		}
	}
	return true;
}

/* ---- changing one --------------------------------------------------------------------------- */

void machine_drop_recorded(struct machine *machine)
{
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct mmr_zone_config *zone = &machine->nodes[n].zones[z];

			zone->have_watermark = zone->have_lowmem_reserve = zone->have_pageset = false;
			zone->stat_threshold = 0;
		}
	}
}

/* Which values of a zone follow from which settings; see mmr_machine_set_sysctl(). */
static void forget_dependent(struct machine *machine, enum machine_setting_id id)
{
	bool marks = id == MACHINE_SETTING_min_free_kbytes || id == MACHINE_SETTING_watermark_scale_factor;
	bool lists = marks || id == MACHINE_SETTING_percpu_pagelist_high_fraction;

	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			machine->nodes[n].zones[z].have_watermark &= !marks;
			machine->nodes[n].zones[z].have_pageset &= !lists;
		}
	}
}

int machine_set(struct machine *machine, const char *assignment, struct mmr_error *err)
{
	const char *equals = strchr(assignment, '=');
	enum machine_setting_id id;
	char name[64];
	uint64_t value;
	int rc;

	if (!equals || (size_t)(equals - assignment) >= sizeof(name))
		return mmr_err(err, -EINVAL, "\"%s\", expected NAME=VALUE such as vm.min_free_kbytes=65536",
			       assignment);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - assignment), assignment);
	id = machine_setting_find(name);
	if (id == NR_MACHINE_SETTINGS)
		return mmr_err(err, -EINVAL, "%s: no such setting, expected one of /proc/sys/vm", name);
	if (!parse_number(equals + 1, INT64_MAX, &value))
		return mmr_err(err, -EINVAL, "%s: \"%s\", expected a number", name, equals + 1);
	rc = machine_settings_set(&machine->settings, &machine->sysctl, id, value, err);
	if (rc)
		return mmr_err_prefix(err, "%s", name);
	forget_dependent(machine, id);
	return 0;
}

int machine_multiply_cpus(struct machine *machine, unsigned int times, struct mmr_error *err)
{
	uint64_t nr = (uint64_t)machine->nr_cpus * times;
	uint16_t *cpu_node;

	if (nr > MACHINE_MAX_CPUS)
		return mmr_err(err, -EINVAL, "%u CPUs times %u, expected at most %d", machine->nr_cpus, times,
			       MACHINE_MAX_CPUS);
	cpu_node = realloc(machine->cpu_node, nr * sizeof(*cpu_node));
	if (!cpu_node)
		return mmr_err(err, -ENOMEM, "no memory for %llu CPUs", (unsigned long long)nr);
	machine->cpu_node = cpu_node;
	if (machine->offline) {
		bool *offline = realloc(machine->offline, nr * sizeof(*offline));

		if (!offline)
			return mmr_err(err, -ENOMEM, "no memory for %llu CPUs", (unsigned long long)nr);
		machine->offline = offline;
	}
	for (unsigned int i = 1; i < times; i++) {
		size_t at = (size_t)i * machine->nr_cpus;

		memcpy(cpu_node + at, cpu_node, machine->nr_cpus * sizeof(*cpu_node));
		if (machine->offline)
			memcpy(machine->offline + at, machine->offline, machine->nr_cpus * sizeof(bool));
	}
	machine->nr_cpus = (unsigned int)nr;
	return 0;
}
