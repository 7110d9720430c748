/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine a replay runs on: read from a trace's header, from a machine file (YAML) or from the
 * files of the running host, and handed to the core as a struct mmr_machine_config.
 */
#ifndef MMR_REPLAY_MACHINE_H
#define MMR_REPLAY_MACHINE_H

#include "core/page_alloc.h"
#include "replay/machines/machine_settings.h"
#include "traces/trace.h"

#define MACHINE_MAX_CPUS 4096
#define MACHINE_NO_TIER  (-1)

/** enum machine_arch - where zones end, and where struct page lies */
enum machine_arch { MACHINE_X86_64, MACHINE_X86_32 };

/**
 * struct machine_rule - a memory policy or a cpuset that a machine file asks for, in the words of `run`
 * @task: pattern of task names, NULL for all
 * @policy: as for --policy; or NULL, and
 * @cpus, @mems: as for --cpuset-cpus and --cpuset-mems, either may be NULL
 * @place: where it stands in the file, "policies[0]"
 */
struct machine_rule {
	char *task, *policy, *cpus, *mems;
	char place[24];
};

/**
 * struct machine - a described machine; owns its arrays
 * @name: of the file's `name:` key, or "recorded"
 * @about: one line about it, or NULL
 * @kernel: kernel line asked for by the file, e.g. "6.12"; NULL where it leaves the choice open
 * @path: of the file; NULL for a machine from a trace or a host
 * @recorded: its values are those of a running kernel, not of a file
 * @cpu_node: [nr_cpus]; @distance: [nr_nodes * nr_nodes]; @nodes: [nr_nodes]; @ranges: [nr_ranges]
 * @tier: memory tier of each node, MACHINE_NO_TIER for none; [nr_nodes], NULL where nothing is known
 * @demotion: reclaim moves pages to nodes of slower tiers (numa/demotion_enabled)
 * @offline: CPUs that are not in service, [nr_cpus]; NULL where all are
 * @cpu_llc_pages: last-level cache per CPU, pages, 0 if unknown
 * @settings: vm.* by name; those that the model acts on are in @sysctl too
 * @placement: as for --place, or NULL; @rules: [nr_rules]
 */
struct machine {
	char *name;
	char *about;
	char *kernel;
	char *path;
	bool recorded;
	enum machine_arch arch;
	unsigned int nr_nodes, nr_cpus, nr_ranges;
	uint16_t *cpu_node;
	uint8_t *distance;
	struct mmr_node_config *nodes;
	struct mmr_mem_range *ranges;
	int16_t *tier;
	bool demotion;
	bool *offline;
	struct mmr_sysctl sysctl;
	struct machine_settings settings;
	uint32_t cpu_llc_pages;
	char *placement;
	struct machine_rule *rules;
	unsigned int nr_rules;
};

/**
 * machine_from_trace - the machine a trace was recorded on, with its recorded watermarks and PCP sizes
 * @path: the trace's name, for messages
 * Return: 0; -EINVAL where the header describes a machine the model cannot hold.
 */
int machine_from_trace(const struct trace_machine *recorded, const char *path, struct machine *ret,
		       struct mmr_error *err);

/**
 * machine_load - read a machine file, or take a ready-made machine by its name
 * @path: a file, or where none is there, one of machine_builtin()'s names
 * Return: 0; -errno of the system; -EINVAL with file, line, key, what was found and what was expected.
 */
int machine_load(const char *path, struct machine *ret, struct mmr_error *err);

/** struct machine_builtin - a ready-made machine: its name and the text of its file */
struct machine_builtin {
	const char *name;
	const char *text;
};
/** machine_builtin - the @index-th; NULL behind the last */
const struct machine_builtin *machine_builtin(unsigned int index);

/** machine_deinit - free what machine_from_trace() or machine_load() allocated */
void machine_deinit(struct machine *machine);

/**
 * machine_set - one "name=value" of vm.*, as a write to /proc/sys/vm would be
 *
 * What was recorded or given and depends on the setting is computed anew.
 * Return: 0; -EINVAL for an unknown name or a value the kernel refuses.
 */
int machine_set(struct machine *machine, const char *assignment, struct mmr_error *err);

/** machine_drop_recorded - compute watermarks, reserves, PCP sizes and thresholds instead of keeping them */
void machine_drop_recorded(struct machine *machine);

/**
 * machine_multiply_cpus - every CPU @times times, on its own node
 *
 * CPU c + i * nr_cpus is on the node of CPU c.
 * Return: 0; -EINVAL above MACHINE_MAX_CPUS; -ENOMEM.
 */
int machine_multiply_cpus(struct machine *machine, unsigned int times, struct mmr_error *err);

/** machine_config - view of @machine as the core wants it; borrows @machine's arrays */
void machine_config(const struct machine *machine, const struct kernel_profile *profile,
		    struct mmr_machine_config *ret);

/** machine_cpu_online - is @cpu, below nr_cpus, in service? */
bool machine_cpu_online(const struct machine *machine, unsigned int cpu);

/** machine_online_cpu - @cpu, or where it is offline the next one of its node that is not, else of any node */
unsigned int machine_online_cpu(const struct machine *machine, unsigned int cpu);

/**
 * machine_demotion - where a node's pages go when reclaim takes them
 *
 * The nearest nodes of the next slower tier with memory are preferred, all of slower tiers allowed.
 * Return: false for nowhere: demotion is off, or the node has no tier, or the slowest.
 * Source: establish_demotion_targets(), mm/memory-tiers.c, v6.12.
 */
bool machine_demotion(const struct machine *machine, unsigned int nid, struct mmr_demotion *ret);

/**
 * machine_begin - take CPUs offline and set demotion, once @core has the memory it starts with
 * @core: made from machine_config() of @machine
 * Return: 0; -EINVAL, -EBUSY as the core says.
 */
int machine_begin(const struct machine *machine, struct mmr_machine *core, struct mmr_error *err);

/** machine_find_zone - node and zone spanning @pfn; false where none does */
bool machine_find_zone(const struct machine *machine, uint32_t pfn, unsigned int *nid, enum zone_type *zone);

/** machine_managed_pages - sum over zones */
uint64_t machine_managed_pages(const struct machine *machine);

/** machine_node_pages - sum over the zones of a node */
uint64_t machine_node_pages(const struct machine *machine, unsigned int nid);

/** machine_same_memory - do both have the same nodes, zone spans and RAM? Settings may differ. */
bool machine_same_memory(const struct machine *a, const struct machine *b);

#endif
