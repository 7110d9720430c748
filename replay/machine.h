/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine a replay runs on: read from a trace's header, or from a machine file (YAML), and
 * handed to the core as a struct mmr_machine_config.
 */
#ifndef MMR_REPLAY_MACHINE_H
#define MMR_REPLAY_MACHINE_H

#include "core/page_alloc.h"
#include "traces/trace.h"

#define MACHINE_MAX_CPUS 4096

/**
 * struct machine - a described machine; owns its arrays
 * @name: of the file's `name:` key, or "recorded"
 * @kernel: kernel line asked for by the file, e.g. "6.12"; NULL where it leaves the choice open
 * @cpu_node: [nr_cpus]; @distance: [nr_nodes * nr_nodes]; @nodes: [nr_nodes]; @ranges: [nr_ranges]
 * @cpu_llc_pages: last-level cache per CPU, pages, 0 if unknown
 */
struct machine {
	char *name;
	char *kernel;
	unsigned int nr_nodes, nr_cpus, nr_ranges;
	uint16_t *cpu_node;
	uint8_t *distance;
	struct mmr_node_config *nodes;
	struct mmr_mem_range *ranges;
	struct mmr_sysctl sysctl;
	uint32_t cpu_llc_pages;
};

/**
 * machine_from_trace - the machine a trace was recorded on, with its recorded watermarks and PCP sizes
 * @path: the trace's name, for messages
 * Return: 0; -EINVAL where the header describes a machine the model cannot hold.
 */
int machine_from_trace(const struct trace_machine *recorded, const char *path, struct machine *ret,
		       struct mmr_error *err);

/**
 * machine_load - read a machine file
 * Return: 0; -errno of the system; -EINVAL with file, line, key, what was found and what was expected.
 */
int machine_load(const char *path, struct machine *ret, struct mmr_error *err);

/** machine_deinit - free what machine_from_trace() or machine_load() allocated */
void machine_deinit(struct machine *machine);

/** machine_config - view of @machine as the core wants it; borrows @machine's arrays */
void machine_config(const struct machine *machine, const struct kernel_profile *profile,
		    struct mmr_machine_config *ret);

/** machine_find_zone - node and zone spanning @pfn; false where none does */
bool machine_find_zone(const struct machine *machine, uint32_t pfn, unsigned int *nid, enum zone_type *zone);

/** machine_managed_pages - sum over zones */
uint64_t machine_managed_pages(const struct machine *machine);

#endif
