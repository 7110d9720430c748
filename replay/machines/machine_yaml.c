// SPDX-License-Identifier: GPL-2.0-or-later
/* A machine as a machine file. */
#include <inttypes.h>

#include "replay/machines/machine_print.h"

const char *machine_print_cpus(const struct machine *machine, unsigned int node, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned int cpu = 0; cpu < machine->nr_cpus && len < size; cpu++) {
		unsigned int last = cpu;

		if (machine->cpu_node[cpu] != node)
			continue;
		while (last + 1 < machine->nr_cpus && machine->cpu_node[last + 1] == node)
			last++;
		len += (size_t)snprintf(buf + len, size - len, last > cpu ? "%s%u-%u" : "%s%u", len ? "," : "",
					cpu, last);
		cpu = last;
	}
	return buf;
}

static void print_offline(FILE *out, const struct machine *machine)
{
	const char *before = "offline_cpus: \"";

	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++) {
		if (machine_cpu_online(machine, cpu))
			continue;
		fprintf(out, "%s%u", before, cpu);
		before = ",";
	}
	if (*before == ',')
		fprintf(out, "\"\n");
}

static void print_list(FILE *out, const char *key, const uint32_t *values, unsigned int nr)
{
	fprintf(out, "%s: [", key);
	for (unsigned int i = 0; i < nr; i++)
		fprintf(out, "%s%u", i ? ", " : "", values[i]);
	fprintf(out, "]\n");
}

static void print_zone(FILE *out, const struct mmr_zone_config *zone, enum zone_type type, bool computed)
{
	fprintf(out,
		"      - zone: %s\n        start_pfn: %u\n        spanned: %u\n        present: %u\n        "
		"managed: %u\n",
		mmr_zone_name(type), zone->start_pfn, zone->spanned_pages, zone->present_pages,
		zone->managed_pages);
	if (computed)
		return;
	if (zone->have_watermark)
		print_list(out, "        watermark", zone->watermark, NR_WMARK);
	if (zone->have_lowmem_reserve)
		print_list(out, "        lowmem_reserve", zone->lowmem_reserve, MAX_NR_ZONES);
	if (zone->have_pageset)
		fprintf(out, "        pcp: { batch: %u, high_min: %u, high_max: %u }\n", zone->pcp_batch,
			zone->pcp_high_min, zone->pcp_high_max);
	if (zone->stat_threshold)
		fprintf(out, "        stat_threshold: %u\n", zone->stat_threshold);
}

static void print_node(FILE *out, const struct machine *machine, unsigned int n, bool computed)
{
	const char *heading = "    zones:\n";
	char cpus[4096];

	fprintf(out, "  - node: %u\n", n);
	if (machine_print_cpus(machine, n, cpus, sizeof(cpus))[0])
		fprintf(out, "    cpus: \"%s\"\n", cpus);
	fprintf(out, "    distances: [");
	for (unsigned int to = 0; to < machine->nr_nodes; to++)
		fprintf(out, "%s%u", to ? ", " : "", machine->distance[n * machine->nr_nodes + to]);
	fprintf(out, "]\n");
	if (machine->tier && machine->tier[n] != MACHINE_NO_TIER)
		fprintf(out, "    tier: %d\n", machine->tier[n]);
	for (int z = 0; z < MAX_NR_ZONES; z++) {
		if (!machine->nodes[n].zones[z].spanned_pages)
			continue;
		fprintf(out, "%s", heading);
		heading = "";
		print_zone(out, &machine->nodes[n].zones[z], z, computed);
	}
}

static void print_settings(FILE *out, const struct machine *machine)
{
	fprintf(out, "sysctl:\n");
	for (unsigned int id = 0; id < NR_MACHINE_SETTINGS; id++) {
		const struct machine_setting *row = machine_setting((enum machine_setting_id)id);
		bool given = machine->settings.given[id];

		if (row->use == SETTING_MODELLED || given)
			fprintf(out, "  %s: %" PRIu64 "\n", row->name,
				machine_settings_get(&machine->settings, (enum machine_setting_id)id));
	}
	print_list(out, "  lowmem_reserve_ratio", machine->sysctl.lowmem_reserve_ratio, MAX_NR_ZONES);
}

void machine_print_yaml(FILE *out, const struct machine *machine, const char *name, const char *kernel,
			bool computed)
{
	if (!computed)
		fprintf(out, "# watermark, lowmem_reserve, pcp and stat_threshold are recorded values; without "
			     "them they\n"
			     "# are computed from sysctl, as the kernel does.\n");
	fprintf(out, "name: %s\n", name);
	if (machine->about)
		fprintf(out, "about: %s\n", machine->about);
	fprintf(out, "kernel: \"%s\"\n", kernel);
	if (machine->arch == MACHINE_X86_32)
		fprintf(out, "arch: x86-32\n");
	if (machine->cpu_llc_pages)
		fprintf(out, "llc_per_cpu: %uk\n", machine->cpu_llc_pages << (PAGE_SHIFT - 10));
	if (machine->demotion)
		fprintf(out, "demotion: true\n");
	print_offline(out, machine);
	if (machine->nr_ranges)
		fprintf(out, "ram: # page frames, both ends included\n");
	for (unsigned int i = 0; i < machine->nr_ranges; i++)
		fprintf(out, "  - \"%u-%u\"\n", machine->ranges[i].start_pfn,
			machine->ranges[i].start_pfn + machine->ranges[i].nr_pages - 1);
	fprintf(out, "nodes:\n");
	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		print_node(out, machine, n, computed);
	print_settings(out, machine);
}
