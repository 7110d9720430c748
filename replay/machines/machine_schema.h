/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine file as libcyaml hands it over: the keys of machines/README.md, one struct for each mapping. */
#ifndef MMR_REPLAY_MACHINE_SCHEMA_H
#define MMR_REPLAY_MACHINE_SCHEMA_H

#include <cyaml/cyaml.h>

#include "core/mm_types.h"
#include "replay/machines/machine_settings.h"

struct pcp_yaml {
	uint32_t batch, high_min, high_max;
};

struct zone_yaml {
	enum zone_type zone;
	uint64_t start_pfn, spanned, present;
	uint64_t *managed; /* 0 is a number: a zone that boot took whole */
	uint32_t *watermark;
	unsigned int nr_watermark;
	uint32_t *lowmem_reserve;
	unsigned int nr_lowmem_reserve;
	struct pcp_yaml *pcp;
	uint32_t stat_threshold;
};

struct node_yaml {
	uint32_t node;
	char *cpus;
	char *memory;
	char *movable;
	uint32_t *distances;
	unsigned int nr_distances;
	uint32_t *tier;
	struct zone_yaml *zones;
	unsigned int nr_zones;
};

struct sysctl_yaml {
	uint64_t *value[NR_MACHINE_SETTINGS];
	uint32_t *lowmem_reserve_ratio;
	unsigned int nr_lowmem_reserve_ratio;
};

struct page_yaml {
	char *size;
	uint32_t *pageblock_order, *max_order;
};

enum machine_arch_yaml { ARCH_X86_64, ARCH_X86_32 };

/** struct task_rule_yaml - one entry of `policies` or `cpusets` */
struct task_rule_yaml {
	char *task;
	char *policy;
	char *cpus;
	char *mems;
};

struct machine_yaml {
	char *name;
	char *about;
	char *kernel;
	enum machine_arch_yaml arch;
	struct page_yaml *page;
	char *llc_per_cpu;
	char *offline_cpus;
	bool demotion;
	struct pcp_yaml *pcp;
	char **holes;
	unsigned int nr_holes;
	char **ram;
	unsigned int nr_ram;
	struct node_yaml *nodes;
	unsigned int nr_nodes;
	struct sysctl_yaml *sysctl;
	char *placement;
	struct task_rule_yaml *policies, *cpusets;
	unsigned int nr_policies, nr_cpusets;
};

extern const cyaml_schema_value_t machine_schema;

#endif
