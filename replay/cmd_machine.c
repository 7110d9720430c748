// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay machine: check and show machine files, and write one from a recording. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/commands.h"
#include "replay/machine.h"
#include "replay/profile_choice.h"
#include "traces/trace_reader.h"

struct options {
	const char *verb, *file;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	static const char *const verbs[] = {"check", "show", "from-trace"};
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "one file at a time, found \"%s\" and \"%s\"", o->file, arg);
		if (o->verb) {
			o->file = arg;
			return 0;
		}
		for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
			if (strcmp(arg, verbs[i]) == 0)
				o->verb = arg;
		if (!o->verb)
			argp_error(state, "\"%s\", expected check, show or from-trace", arg);
		return 0;
	case ARGP_KEY_END:
		if (!o->file)
			argp_error(state, "expected check, show or from-trace, and a file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.parser = parse_option,
	.args_doc = "check M.yaml\nshow M.yaml|F.mmt\nfrom-trace F.mmt",
	.doc = "Check a machine file, show a machine, or write the machine of a recording as a machine file.\v"
	       "Example:\n"
	       "  mmreplay machine from-trace host.mmt > host.yaml\n"
	       "  (edit host.yaml: a second node; or a larger min_free_kbytes, and no recorded watermarks)\n"
	       "  mmreplay machine check host.yaml && mmreplay run host.mmt -m host.yaml\n",
};

/* A trace is known by its first byte: no YAML file begins with it. @release: set to its kernel's. */
static int load_any(const char *path, struct machine *machine, char **release, struct mmr_error *err)
{
	struct trace_reader *reader;
	int first, rc;
	FILE *file = fopen(path, "r");

	if (!file)
		return mmr_err(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	first = fgetc(file);
	fclose(file);
	if (first < 0x80)
		return machine_load(path, machine, err);
	rc = trace_reader_open(path, &reader, err);
	if (rc)
		return rc;
	rc = machine_from_trace(trace_reader_machine(reader), path, machine, err);
	if (!rc)
		*release = strdup(trace_reader_machine(reader)->kernel_release);
	trace_reader_close(reader);
	return rc;
}

static void print_cpus(const struct machine *machine, unsigned int node)
{
	const char *comma = "";

	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++) {
		unsigned int last = cpu;

		if (machine->cpu_node[cpu] != node)
			continue;
		while (last + 1 < machine->nr_cpus && machine->cpu_node[last + 1] == node)
			last++;
		if (last > cpu)
			printf("%s%u-%u", comma, cpu, last);
		else
			printf("%s%u", comma, cpu);
		comma = ",";
		cpu = last;
	}
}

static void print_zone_yaml(const struct mmr_zone_config *zone, enum zone_type type)
{
	printf("      - zone: %s\n        start_pfn: %u\n        spanned: %u\n        present: %u\n        "
	       "managed: %u\n",
	       mmr_zone_name(type), zone->start_pfn, zone->spanned_pages, zone->present_pages,
	       zone->managed_pages);
	if (zone->have_watermark)
		printf("        watermark: [%u, %u, %u, %u]\n", zone->watermark[0], zone->watermark[1],
		       zone->watermark[2], zone->watermark[3]);
	if (zone->have_lowmem_reserve) {
		printf("        lowmem_reserve: [");
		for (int i = 0; i < MAX_NR_ZONES; i++)
			printf("%s%u", i ? ", " : "", zone->lowmem_reserve[i]);
		printf("]\n");
	}
	if (zone->have_pageset)
		printf("        pcp: { batch: %u, high_min: %u, high_max: %u }\n", zone->pcp_batch,
		       zone->pcp_high_min, zone->pcp_high_max);
}

static void print_yaml(const struct machine *machine, const char *kernel)
{
	printf("# watermark, lowmem_reserve and pcp are recorded values; without them they are computed from\n"
	       "# sysctl, as the kernel does.\n"
	       "name: %s\nkernel: \"%s\"\n",
	       machine->name, kernel);
	if (machine->cpu_llc_pages)
		printf("llc_per_cpu: %uk\n", machine->cpu_llc_pages << (PAGE_SHIFT - 10));
	printf("nodes:\n");
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		const char *heading = "    zones:\n";

		printf("  - node: %u\n    cpus: \"", n);
		print_cpus(machine, n);
		printf("\"\n    distances: [");
		for (unsigned int to = 0; to < machine->nr_nodes; to++)
			printf("%s%u", to ? ", " : "", machine->distance[n * machine->nr_nodes + to]);
		printf("]\n");
		for (int z = 0; z < MAX_NR_ZONES; z++) {
			if (!machine->nodes[n].zones[z].spanned_pages)
				continue;
			printf("%s", heading);
			heading = "";
			print_zone_yaml(&machine->nodes[n].zones[z], z);
		}
	}
	printf("sysctl:\n  min_free_kbytes: %u\n  watermark_scale_factor: %u\n  watermark_boost_factor: %u\n"
	       "  percpu_pagelist_high_fraction: %u\n  zone_reclaim_mode: %u\n  defrag_mode: %u\n",
	       machine->sysctl.min_free_kbytes, machine->sysctl.watermark_scale_factor,
	       machine->sysctl.watermark_boost_factor, machine->sysctl.percpu_pagelist_high_fraction,
	       machine->sysctl.zone_reclaim_mode, machine->sysctl.defrag_mode);
}

/* What the core makes of it: zones with the watermarks and PCP sizes in force. */
static int show(const struct machine *machine, const struct mmr_machine *core)
{
	printf("machine %s: %u nodes, %u CPUs, %.1f MiB managed\n", machine->name, machine->nr_nodes,
	       machine->nr_cpus, (double)machine_managed_pages(machine) / 256);
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		printf("node %u: CPUs ", n);
		print_cpus(machine, n);
		printf("; distances");
		for (unsigned int to = 0; to < machine->nr_nodes; to++)
			printf(" %u", machine->distance[n * machine->nr_nodes + to]);
		printf("\n");
		for (int z = 0; z < MAX_NR_ZONES; z++) {
			struct mmr_zone_info info;

			if (!mmr_zone_read(core, n, z, &info))
				continue;
			printf("  zone %-8s pfns %10u..%-10u managed %10u  min %7u low %7u high %7u  pcp batch "
			       "%3u high %u..%u\n",
			       mmr_zone_name(z), info.start_pfn, info.start_pfn + info.spanned_pages - 1,
			       info.managed_pages, info.watermark[0], info.watermark[1], info.watermark[2],
			       info.pcp_batch, info.pcp_high_min, info.pcp_high_max);
		}
	}
	return 0;
}

int cmd_machine(int argc, char **argv)
{
	struct mmr_machine_config config;
	struct kernel_profile *profile = NULL;
	struct mmr_machine *core = NULL;
	struct machine machine = {0};
	struct mmr_error err = {0};
	struct options o = {0};
	char *release = NULL;
	bool exact;
	int rc;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	rc = load_any(o.file, &machine, &release, &err);
	rc = rc ? rc : profile_choose(NULL, machine.kernel, release ? release : "6.12", &profile, &exact, &err);
	if (!rc) {
		machine_config(&machine, profile, &config);
		rc = mmr_machine_create(&config, &core, &err);
		if (rc)
			mmr_err_prefix(&err, "%s", o.file);
	}
	if (rc)
		fprintf(stderr, "mmreplay machine: %s\n", err.msg);
	else if (strcmp(o.verb, "show") == 0)
		show(&machine, core);
	else if (strcmp(o.verb, "from-trace") == 0)
		print_yaml(&machine, kernel_profile_name(profile));
	else
		printf("%s: a machine of %u nodes, %u CPUs, %.1f MiB; kernel %s\n", o.file, machine.nr_nodes,
		       machine.nr_cpus, (double)machine_managed_pages(&machine) / 256,
		       kernel_profile_name(profile));
	mmr_machine_destroy(core);
	kernel_profile_destroy(profile);
	machine_deinit(&machine);
	free(release);
	return rc ? EXIT_FAILED : EXIT_OK;
}
