// SPDX-License-Identifier: GPL-2.0-or-later
/* The schema of machine files. */
#include "replay/machines/machine_schema.h"

#define OPT     CYAML_FLAG_OPTIONAL
#define OPT_PTR (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)

static const cyaml_strval_t zone_names[] = {
	{"DMA", ZONE_DMA},         {"DMA32", ZONE_DMA32},     {"Normal", ZONE_NORMAL},
	{"HighMem", ZONE_HIGHMEM}, {"Movable", ZONE_MOVABLE}, {"Device", ZONE_DEVICE},
};

static const cyaml_strval_t arch_names[] = {{"x86-64", ARCH_X86_64}, {"x86-32", ARCH_X86_32}};

static const cyaml_schema_value_t u32_schema = {CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint32_t)};
static const cyaml_schema_value_t string_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 100)};

static const cyaml_schema_field_t pcp_fields[] = {
	CYAML_FIELD_UINT("batch", CYAML_FLAG_DEFAULT, struct pcp_yaml, batch),
	CYAML_FIELD_UINT("high_min", CYAML_FLAG_DEFAULT, struct pcp_yaml, high_min),
	CYAML_FIELD_UINT("high_max", CYAML_FLAG_DEFAULT, struct pcp_yaml, high_max),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t zone_fields[] = {
	CYAML_FIELD_ENUM("zone", CYAML_FLAG_STRICT, struct zone_yaml, zone, zone_names,
			 CYAML_ARRAY_LEN(zone_names)),
	CYAML_FIELD_UINT("start_pfn", CYAML_FLAG_DEFAULT, struct zone_yaml, start_pfn),
	CYAML_FIELD_UINT("spanned", CYAML_FLAG_DEFAULT, struct zone_yaml, spanned),
	CYAML_FIELD_UINT("present", OPT, struct zone_yaml, present),
	CYAML_FIELD_UINT_PTR("managed", OPT_PTR, struct zone_yaml, managed),
	CYAML_FIELD_SEQUENCE_COUNT("watermark", OPT_PTR, struct zone_yaml, watermark, nr_watermark, &u32_schema,
				   3, NR_WMARK),
	CYAML_FIELD_SEQUENCE_COUNT("lowmem_reserve", OPT_PTR, struct zone_yaml, lowmem_reserve,
				   nr_lowmem_reserve, &u32_schema, MAX_NR_ZONES, MAX_NR_ZONES),
	CYAML_FIELD_MAPPING_PTR("pcp", OPT_PTR, struct zone_yaml, pcp, pcp_fields),
	CYAML_FIELD_UINT("stat_threshold", OPT, struct zone_yaml, stat_threshold),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t zone_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct zone_yaml, zone_fields)};

static const cyaml_schema_field_t node_fields[] = {
	CYAML_FIELD_UINT("node", CYAML_FLAG_DEFAULT, struct node_yaml, node),
	CYAML_FIELD_STRING_PTR("cpus", OPT_PTR, struct node_yaml, cpus, 0, 4096),
	CYAML_FIELD_STRING_PTR("memory", OPT_PTR, struct node_yaml, memory, 0, 4096),
	CYAML_FIELD_STRING_PTR("movable", OPT_PTR, struct node_yaml, movable, 0, 100),
	CYAML_FIELD_SEQUENCE_COUNT("distances", OPT_PTR, struct node_yaml, distances, nr_distances, &u32_schema,
				   1, MAX_NUMNODES),
	CYAML_FIELD_UINT_PTR("tier", OPT_PTR, struct node_yaml, tier),
	CYAML_FIELD_SEQUENCE_COUNT("zones", OPT_PTR, struct node_yaml, zones, nr_zones, &zone_schema, 1,
				   MAX_NR_ZONES),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t node_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct node_yaml, node_fields)};

#define SETTING(setting, ...)                                                                                  \
	CYAML_FIELD_UINT_PTR(#setting, OPT_PTR, struct sysctl_yaml, value[MACHINE_SETTING_##setting]),
static const cyaml_schema_field_t sysctl_fields[] = {
	MACHINE_SETTINGS(SETTING, SETTING, SETTING) CYAML_FIELD_SEQUENCE_COUNT(
		"lowmem_reserve_ratio", OPT_PTR, struct sysctl_yaml, lowmem_reserve_ratio,
		nr_lowmem_reserve_ratio, &u32_schema, 1, MAX_NR_ZONES),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t page_fields[] = {
	CYAML_FIELD_STRING_PTR("size", OPT_PTR, struct page_yaml, size, 1, 20),
	CYAML_FIELD_UINT_PTR("pageblock_order", OPT_PTR, struct page_yaml, pageblock_order),
	CYAML_FIELD_UINT_PTR("max_order", OPT_PTR, struct page_yaml, max_order),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t policy_fields[] = {
	CYAML_FIELD_STRING_PTR("task", OPT_PTR, struct task_rule_yaml, task, 1, 64),
	CYAML_FIELD_STRING_PTR("policy", CYAML_FLAG_POINTER, struct task_rule_yaml, policy, 1, 300),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t policy_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct task_rule_yaml, policy_fields)};

static const cyaml_schema_field_t cpuset_fields[] = {
	CYAML_FIELD_STRING_PTR("task", OPT_PTR, struct task_rule_yaml, task, 1, 64),
	CYAML_FIELD_STRING_PTR("cpus", OPT_PTR, struct task_rule_yaml, cpus, 1, 300),
	CYAML_FIELD_STRING_PTR("mems", OPT_PTR, struct task_rule_yaml, mems, 1, 300),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t cpuset_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct task_rule_yaml, cpuset_fields)};

static const cyaml_schema_field_t machine_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct machine_yaml, name, 1, 100),
	CYAML_FIELD_STRING_PTR("about", OPT_PTR, struct machine_yaml, about, 1, 400),
	CYAML_FIELD_STRING_PTR("kernel", OPT_PTR, struct machine_yaml, kernel, 1, 100),
	CYAML_FIELD_ENUM("arch", CYAML_FLAG_STRICT | OPT, struct machine_yaml, arch, arch_names,
			 CYAML_ARRAY_LEN(arch_names)),
	CYAML_FIELD_MAPPING_PTR("page", OPT_PTR, struct machine_yaml, page, page_fields),
	CYAML_FIELD_STRING_PTR("llc_per_cpu", OPT_PTR, struct machine_yaml, llc_per_cpu, 1, 100),
	CYAML_FIELD_STRING_PTR("offline_cpus", OPT_PTR, struct machine_yaml, offline_cpus, 1, 4096),
	CYAML_FIELD_BOOL("demotion", OPT, struct machine_yaml, demotion),
	CYAML_FIELD_MAPPING_PTR("pcp", OPT_PTR, struct machine_yaml, pcp, pcp_fields),
	CYAML_FIELD_SEQUENCE_COUNT("holes", OPT_PTR, struct machine_yaml, holes, nr_holes, &string_schema, 1,
				   1000),
	CYAML_FIELD_SEQUENCE_COUNT("ram", OPT_PTR, struct machine_yaml, ram, nr_ram, &string_schema, 1, 10000),
	CYAML_FIELD_SEQUENCE_COUNT("nodes", CYAML_FLAG_POINTER, struct machine_yaml, nodes, nr_nodes,
				   &node_schema, 1, MAX_NUMNODES),
	CYAML_FIELD_MAPPING_PTR("sysctl", OPT_PTR, struct machine_yaml, sysctl, sysctl_fields),
	CYAML_FIELD_STRING_PTR("placement", OPT_PTR, struct machine_yaml, placement, 1, 4096),
	CYAML_FIELD_SEQUENCE_COUNT("policies", OPT_PTR, struct machine_yaml, policies, nr_policies,
				   &policy_schema, 1, 100),
	CYAML_FIELD_SEQUENCE_COUNT("cpusets", OPT_PTR, struct machine_yaml, cpusets, nr_cpusets, &cpuset_schema,
				   1, 100),
	CYAML_FIELD_END,
};
const cyaml_schema_value_t machine_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct machine_yaml, machine_fields)};
