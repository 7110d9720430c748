// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Machine files: YAML through libcyaml, then the rules a schema cannot say.
 *
 * Every error is one line: FILE:LINE: KEY: what was found, what was expected. libcyaml knows the
 * line of a syntax or schema error; for our own rules yaml_line() finds it in the parsed document.
 */
#include "replay/machine.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* ---- what the file may hold ---------------------------------------------------------------- */

struct pcp_yaml {
	uint32_t batch, high_min, high_max;
};

struct zone_yaml {
	enum zone_type zone;
	uint64_t start_pfn, spanned, present, managed;
	uint32_t *watermark;
	unsigned int nr_watermark;
	uint32_t *lowmem_reserve;
	unsigned int nr_lowmem_reserve;
	struct pcp_yaml *pcp;
};

struct node_yaml {
	uint32_t node;
	char *cpus;
	char *memory;
	char *movable;
	uint32_t *distances;
	unsigned int nr_distances;
	struct zone_yaml *zones;
	unsigned int nr_zones;
};

struct sysctl_yaml {
	uint32_t min_free_kbytes, watermark_scale_factor;
	uint32_t *watermark_boost_factor; /* 0 is a setting (boosting off), absent is the default */
	uint32_t percpu_pagelist_high_fraction, zone_reclaim_mode, defrag_mode, stat_interval;
	uint32_t *lowmem_reserve_ratio;
	unsigned int nr_lowmem_reserve_ratio;
};

struct machine_yaml {
	char *name;
	char *kernel;
	char *llc_per_cpu;
	struct node_yaml *nodes;
	unsigned int nr_nodes;
	struct sysctl_yaml *sysctl;
};

#define OPT     CYAML_FLAG_OPTIONAL
#define OPT_PTR (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)

static const cyaml_strval_t zone_names[] = {
	{"DMA", ZONE_DMA},         {"DMA32", ZONE_DMA32},     {"Normal", ZONE_NORMAL},
	{"HighMem", ZONE_HIGHMEM}, {"Movable", ZONE_MOVABLE}, {"Device", ZONE_DEVICE},
};

static const cyaml_schema_value_t u32_schema = {CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint32_t)};

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
	CYAML_FIELD_UINT("managed", OPT, struct zone_yaml, managed),
	CYAML_FIELD_SEQUENCE_COUNT("watermark", OPT_PTR, struct zone_yaml, watermark, nr_watermark, &u32_schema,
				   3, NR_WMARK),
	CYAML_FIELD_SEQUENCE_COUNT("lowmem_reserve", OPT_PTR, struct zone_yaml, lowmem_reserve,
				   nr_lowmem_reserve, &u32_schema, MAX_NR_ZONES, MAX_NR_ZONES),
	CYAML_FIELD_MAPPING_PTR("pcp", OPT_PTR, struct zone_yaml, pcp, pcp_fields),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t zone_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct zone_yaml, zone_fields)};

static const cyaml_schema_field_t node_fields[] = {
	CYAML_FIELD_UINT("node", CYAML_FLAG_DEFAULT, struct node_yaml, node),
	CYAML_FIELD_STRING_PTR("cpus", OPT_PTR, struct node_yaml, cpus, 0, CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("memory", OPT_PTR, struct node_yaml, memory, 0, CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("movable", OPT_PTR, struct node_yaml, movable, 0, CYAML_UNLIMITED),
	CYAML_FIELD_SEQUENCE_COUNT("distances", OPT_PTR, struct node_yaml, distances, nr_distances, &u32_schema,
				   1, MAX_NUMNODES),
	CYAML_FIELD_SEQUENCE_COUNT("zones", OPT_PTR, struct node_yaml, zones, nr_zones, &zone_schema, 1,
				   MAX_NR_ZONES),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t node_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct node_yaml, node_fields)};

static const cyaml_schema_field_t sysctl_fields[] = {
	CYAML_FIELD_UINT("min_free_kbytes", OPT, struct sysctl_yaml, min_free_kbytes),
	CYAML_FIELD_UINT("watermark_scale_factor", OPT, struct sysctl_yaml, watermark_scale_factor),
	CYAML_FIELD_UINT_PTR("watermark_boost_factor", OPT_PTR, struct sysctl_yaml, watermark_boost_factor),
	CYAML_FIELD_UINT("percpu_pagelist_high_fraction", OPT, struct sysctl_yaml,
			 percpu_pagelist_high_fraction),
	CYAML_FIELD_UINT("zone_reclaim_mode", OPT, struct sysctl_yaml, zone_reclaim_mode),
	CYAML_FIELD_UINT("defrag_mode", OPT, struct sysctl_yaml, defrag_mode),
	CYAML_FIELD_UINT("stat_interval", OPT, struct sysctl_yaml, stat_interval),
	CYAML_FIELD_SEQUENCE_COUNT("lowmem_reserve_ratio", OPT_PTR, struct sysctl_yaml, lowmem_reserve_ratio,
				   nr_lowmem_reserve_ratio, &u32_schema, 1, MAX_NR_ZONES),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t machine_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct machine_yaml, name, 1, 100),
	CYAML_FIELD_STRING_PTR("kernel", OPT_PTR, struct machine_yaml, kernel, 1, 100),
	CYAML_FIELD_STRING_PTR("llc_per_cpu", OPT_PTR, struct machine_yaml, llc_per_cpu, 1, 100),
	CYAML_FIELD_SEQUENCE_COUNT("nodes", CYAML_FLAG_POINTER, struct machine_yaml, nodes, nr_nodes,
				   &node_schema, 1, MAX_NUMNODES),
	CYAML_FIELD_MAPPING_PTR("sysctl", OPT_PTR, struct machine_yaml, sysctl, sysctl_fields),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t machine_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct machine_yaml, machine_fields)};

/* ---- errors with a line -------------------------------------------------------------------- */

/* libcyaml reports through a log function: the first message says what, the first mark says where. */
struct cyaml_complaint {
	char what[240];
	char where[240];
};

static void collect_complaint(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct cyaml_complaint *complaint = ctx;
	char line[240];
	const char *mark;

	(void)level;
	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	mark = strstr(line, "(line: ");
	if (mark) {
		if (!complaint->where[0])
			snprintf(complaint->where, sizeof(complaint->where), "%s", line);
	} else if (!complaint->what[0] && !strstr(line, "Backtrace")) {
		const char *text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;

		snprintf(complaint->what, sizeof(complaint->what), "%s", text);
	}
}

/* Parse @path as a YAML document; false where it cannot be read or parsed. */
static bool yaml_read(const char *path, yaml_document_t *doc)
{
	FILE *file = fopen(path, "r");
	yaml_parser_t parser;
	bool good;

	if (!file)
		return false;
	yaml_parser_initialize(&parser);
	yaml_parser_set_input_file(&parser, file);
	good = yaml_parser_load(&parser, doc);
	yaml_parser_delete(&parser);
	fclose(file);
	return good;
}

/* The value of @key in @mapping; *line is the key's line, from 1. */
static yaml_node_t *yaml_get(yaml_document_t *doc, const yaml_node_t *mapping, const char *key,
			     unsigned int *line)
{
	if (mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top;
	     p++) {
		yaml_node_t *k = yaml_document_get_node(doc, p->key);

		if (k && k->type == YAML_SCALAR_NODE && strcmp((const char *)k->data.scalar.value, key) == 0) {
			*line = (unsigned int)k->start_mark.line + 1;
			return yaml_document_get_node(doc, p->value);
		}
	}
	return NULL;
}

/* libcyaml marks the mapping of an unknown key, not the key: find the key at or behind that line. */
static unsigned int yaml_key_line(const char *path, const char *key, unsigned int from)
{
	yaml_document_t doc;
	yaml_node_t *node;

	if (!yaml_read(path, &doc))
		return from;
	for (int i = 1; (node = yaml_document_get_node(&doc, i)); i++) {
		unsigned int line = 0;

		yaml_get(&doc, node, key, &line);
		if (line >= from && line) {
			from = line;
			break;
		}
	}
	yaml_document_delete(&doc);
	return from;
}

/* Line (from 1) of nodes[@node].@key, of nodes[@node].zones[@zone].@key, or of the closest parent. */
static unsigned int yaml_line(const char *path, int node, int zone, const char *key)
{
	const struct {
		const char *name;
		int index;
	} steps[] = {{"nodes", node}, {zone >= 0 ? "zones" : NULL, zone}, {key, -1}};
	unsigned int line = 1;
	yaml_document_t doc;
	yaml_node_t *at;

	if (!yaml_read(path, &doc))
		return line;
	at = yaml_document_get_root_node(&doc);
	for (size_t s = 0; at && s < sizeof(steps) / sizeof(steps[0]); s++) {
		if (!steps[s].name)
			continue;
		at = yaml_get(&doc, at, steps[s].name, &line);
		if (at && steps[s].index >= 0 && at->type == YAML_SEQUENCE_NODE &&
		    steps[s].index < at->data.sequence.items.top - at->data.sequence.items.start) {
			at = yaml_document_get_node(&doc, at->data.sequence.items.start[steps[s].index]);
			line = at ? (unsigned int)at->start_mark.line + 1 : line;
		}
	}
	yaml_document_delete(&doc);
	return line;
}

static int complain(const char *path, cyaml_err_t rc, const struct cyaml_complaint *complaint,
		    struct mmr_error *err)
{
	static const char unexpected[] = "Unexpected key: ";
	static const char expected[] = "expected the keys and types of replay/machines/README.md";
	unsigned int line = 0;
	const char *mark = strstr(complaint->where, "(line: ");
	const char *in = complaint->where + strspn(complaint->where, " ");

	if (mark)
		sscanf(mark, "(line: %u", &line);
	if (strncmp(complaint->what, unexpected, sizeof(unexpected) - 1) == 0) {
		const char *key = complaint->what + sizeof(unexpected) - 1;

		return mmr_err(err, -EINVAL, "%s:%u: %s: unknown key; %s", path, yaml_key_line(path, key, line),
			       key, expected);
	}
	return mmr_err(err, -EINVAL, "%s:%u: %.*s: %s; %s", path, line,
		       mark ? (int)(mark - in - (mark > in)) : 0, mark ? in : "",
		       complaint->what[0] ? complaint->what : cyaml_strerror(rc), expected);
}

/* ---- from the file's words to the core's --------------------------------------------------- */

/* "8GiB", "512MiB", "64k", "4096" (bytes) -> pages. */
static bool parse_size_pages(const char *text, uint64_t *pages)
{
	static const char units[] = "kmgt";
	char *end;
	unsigned long long value;
	const char *unit;
	unsigned int shift = 0;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || text[0] == '-')
		return false;
	while (*end == ' ')
		end++;
	if (*end) {
		unit = strchr(units, *end | 0x20);
		if (!unit)
			return false;
		shift = 10 * (unsigned int)(unit - units + 1);
		end++;
		if (strcmp(end, "") != 0 && strcasecmp(end, "b") != 0 && strcasecmp(end, "ib") != 0)
			return false;
	}
	if (value > (UINT64_MAX >> shift))
		return false;
	value <<= shift;
	*pages = value >> PAGE_SHIFT;
	return value % (1u << PAGE_SHIFT) == 0;
}

struct load {
	const char *path;
	const struct machine_yaml *yaml;
	struct machine *machine;
	struct mmr_error *err;
};

/* "nodes[1]" or "nodes[1].zones[0]" */
static const char *place(char *buf, size_t size, int node, int zone)
{
	if (zone >= 0)
		snprintf(buf, size, "nodes[%d].zones[%d]", node, zone);
	else
		snprintf(buf, size, "nodes[%d]", node);
	return buf;
}

#define LOAD_ERR(l, node, zone, key, fmt, ...)                                                                 \
	mmr_err((l)->err, -EINVAL, "%s:%u: %s.%s: " fmt, (l)->path, yaml_line((l)->path, node, zone, key),     \
		place((char[48]){""}, 48, node, zone), key, ##__VA_ARGS__)

static int bad_cpus(struct load *l, int node)
{
	return LOAD_ERR(l, node, -1, "cpus",
			"found \"%s\", expected a CPU list such as \"0-3,8\", ascending, numbers below %d",
			l->yaml->nodes[node].cpus, MACHINE_MAX_CPUS);
}

/* A decimal number at *@text, which moves behind it; MACHINE_MAX_CPUS where there is none, or a larger one. */
static unsigned int cpu_number(const char **text)
{
	unsigned int cpu = 0;

	if (**text < '0' || **text > '9')
		return MACHINE_MAX_CPUS;
	for (; **text >= '0' && **text <= '9'; (*text)++)
		cpu = cpu < MACHINE_MAX_CPUS ? cpu * 10 + (unsigned int)(**text - '0') : cpu;
	return cpu < MACHINE_MAX_CPUS ? cpu : MACHINE_MAX_CPUS;
}

/* "0-3,8" gives node @node its CPUs; each CPU belongs to one node. */
static int load_cpus(struct load *l, int node, uint8_t *seen)
{
	const char *text = l->yaml->nodes[node].cpus;
	struct machine *m = l->machine;

	while (text && *text) {
		unsigned int first = cpu_number(&text), last = first;

		if (*text == '-') {
			text++;
			last = cpu_number(&text);
		}
		if (last < first || last >= MACHINE_MAX_CPUS || (*text && *text != ','))
			return bad_cpus(l, node);
		text += *text == ',';
		for (unsigned int cpu = first; cpu <= last; cpu++) {
			if (seen[cpu])
				return LOAD_ERR(l, node, -1, "cpus",
						"CPU %u is on node %u already, expected one node per CPU", cpu,
						m->cpu_node[cpu]);
			seen[cpu] = 1;
			m->cpu_node[cpu] = (uint16_t)node;
			if (cpu + 1 > m->nr_cpus)
				m->nr_cpus = cpu + 1;
		}
	}
	return 0;
}

static int load_distances(struct load *l, int node)
{
	const struct node_yaml *yaml = &l->yaml->nodes[node];
	struct machine *m = l->machine;

	for (unsigned int to = 0; to < m->nr_nodes; to++)
		m->distance[node * m->nr_nodes + to] = (unsigned int)node == to ? 10 : 20;
	if (!yaml->nr_distances)
		return 0;
	if (yaml->nr_distances != m->nr_nodes)
		return LOAD_ERR(l, node, -1, "distances", "%u entries, expected one for each of the %u nodes",
				yaml->nr_distances, m->nr_nodes);
	for (unsigned int to = 0; to < m->nr_nodes; to++) {
		uint32_t d = yaml->distances[to];

		if ((unsigned int)node == to ? d != 10 : d <= 10 || d > 254)
			return LOAD_ERR(l, node, -1, "distances",
					"%u to node %u, expected 10 to itself and 11..254 to others", d, to);
		m->distance[node * m->nr_nodes + to] = (uint8_t)d;
	}
	return 0;
}

static int load_zone(struct load *l, int node, int z)
{
	const struct zone_yaml *yaml = &l->yaml->nodes[node].zones[z];
	struct mmr_zone_config *zone = &l->machine->nodes[node].zones[yaml->zone];
	uint64_t present = yaml->present ? yaml->present : yaml->spanned;
	uint64_t managed = yaml->managed ? yaml->managed : present;

	if (zone->spanned_pages)
		return LOAD_ERR(l, node, z, "zone", "zone %s stands twice, expected each zone once per node",
				mmr_zone_name(yaml->zone));
	if (!yaml->spanned || yaml->start_pfn > MMR_NO_PFN || yaml->spanned > MMR_NO_PFN - yaml->start_pfn)
		return LOAD_ERR(l, node, z, "spanned",
				"pfns %" PRIu64 " + %" PRIu64 ", expected 1 or more pages ending below %u",
				yaml->start_pfn, yaml->spanned, MMR_NO_PFN);
	if (present > yaml->spanned || managed > present)
		return LOAD_ERR(l, node, z, "managed",
				"spanned %" PRIu64 ", present %" PRIu64 ", managed %" PRIu64
				", expected managed <= present <= spanned",
				yaml->spanned, present, managed);
	*zone = (struct mmr_zone_config){
		.start_pfn = (uint32_t)yaml->start_pfn,
		.spanned_pages = (uint32_t)yaml->spanned,
		.present_pages = (uint32_t)present,
		.managed_pages = (uint32_t)managed,
		.have_watermark = yaml->nr_watermark != 0,
		.have_lowmem_reserve = yaml->nr_lowmem_reserve != 0,
		.have_pageset = yaml->pcp != NULL,
	};
	for (unsigned int i = 0; i < yaml->nr_watermark; i++) {
		if (i && yaml->watermark[i] < yaml->watermark[i - 1])
			return LOAD_ERR(l, node, z, "watermark",
					"%u after %u, expected min <= low <= high <= promo", yaml->watermark[i],
					yaml->watermark[i - 1]);
		zone->watermark[i] = yaml->watermark[i];
	}
	if (yaml->nr_watermark == WMARK_PROMO)
		zone->watermark[WMARK_PROMO] = 2 * zone->watermark[WMARK_HIGH] - zone->watermark[WMARK_LOW];
	for (unsigned int i = 0; i < yaml->nr_lowmem_reserve; i++)
		zone->lowmem_reserve[i] = yaml->lowmem_reserve[i];
	if (yaml->pcp) {
		if (!yaml->pcp->batch || yaml->pcp->high_min > yaml->pcp->high_max)
			return LOAD_ERR(l, node, z, "pcp",
					"batch %u, high_min %u, high_max %u, expected batch >= 1 and high_min "
					"<= high_max",
					yaml->pcp->batch, yaml->pcp->high_min, yaml->pcp->high_max);
		zone->pcp_batch = yaml->pcp->batch;
		zone->pcp_high_min = yaml->pcp->high_min;
		zone->pcp_high_max = yaml->pcp->high_max;
	}
	return 0;
}

/* One piece of a node's memory that lies within a zone's limits (x86-64: 16 MiB, 4 GiB). */
static void carve_zone(struct mmr_node_config *node, enum zone_type zone, uint64_t start, uint64_t end)
{
	struct mmr_zone_config *cfg = &node->zones[zone];

	if (start >= end)
		return;
	/* Boot keeps 1/64 for struct page (64 bytes per 4 KiB page). */
	*cfg = (struct mmr_zone_config){
		.start_pfn = (uint32_t)start,
		.spanned_pages = (uint32_t)(end - start),
		.present_pages = (uint32_t)(end - start),
		.managed_pages = (uint32_t)(end - start - (end - start) / 64),
	};
}

/* `memory: 8GiB` lays the node's memory behind the previous node's and cuts it into x86-64 zones. */
static int load_memory(struct load *l, int node, uint64_t *next_pfn)
{
	static const uint64_t dma_end = 4096, dma32_end = 1u << 20;
	const struct node_yaml *yaml = &l->yaml->nodes[node];
	struct mmr_node_config *cfg = &l->machine->nodes[node];
	uint64_t pages, movable = 0, start = *next_pfn, end, normal_end;

	if (!parse_size_pages(yaml->memory, &pages) || (pages && pages < 1024))
		return LOAD_ERR(l, node, -1, "memory",
				"\"%s\", expected a size of at least 4MiB such as 512MiB or 8GiB, or 0",
				yaml->memory);
	if (yaml->movable && (!parse_size_pages(yaml->movable, &movable) || movable > pages))
		return LOAD_ERR(l, node, -1, "movable", "\"%s\", expected a size up to the node's memory (%s)",
				yaml->movable, yaml->memory);
	/* Nodes begin at a memory section (128 MiB), as hotpluggable memory must. */
	start = start ? (start + 32767) & ~32767ull : 1;
	end = start + pages - (start == 1);
	if (end > MMR_NO_PFN)
		return LOAD_ERR(l, node, -1, "memory",
				"ends at pfn %" PRIu64 ", expected all memory below 16 TiB", end);
	if (!pages)
		return 0;
	normal_end = end - (movable & ~(uint64_t)(MAX_ORDER_NR_PAGES - 1));
	carve_zone(cfg, ZONE_MOVABLE, normal_end, end);
#define MIN_PFN(a, b) ((a) < (b) ? (a) : (b))
#define MAX_PFN(a, b) ((a) > (b) ? (a) : (b))
	carve_zone(cfg, ZONE_DMA, start, MIN_PFN(normal_end, dma_end));
	carve_zone(cfg, ZONE_DMA32, MAX_PFN(start, dma_end), MIN_PFN(normal_end, dma32_end));
	carve_zone(cfg, ZONE_NORMAL, MAX_PFN(start, dma32_end), normal_end);
	*next_pfn = end;
	return 0;
}

static int check_overlap(struct load *l)
{
	const struct machine *m = l->machine;

	for (unsigned int a = 0; a < m->nr_nodes * MAX_NR_ZONES; a++) {
		const struct mmr_zone_config *za = &m->nodes[a / MAX_NR_ZONES].zones[a % MAX_NR_ZONES];

		for (unsigned int b = a + 1; b < m->nr_nodes * MAX_NR_ZONES; b++) {
			const struct mmr_zone_config *zb = &m->nodes[b / MAX_NR_ZONES].zones[b % MAX_NR_ZONES];

			if (!za->spanned_pages || !zb->spanned_pages)
				continue;
			if (za->start_pfn < zb->start_pfn + zb->spanned_pages &&
			    zb->start_pfn < za->start_pfn + za->spanned_pages)
				return LOAD_ERR(l, (int)(b / MAX_NR_ZONES), -1, "zones",
						"zone %s (pfns %u..%u) overlaps zone %s of node %u (pfns "
						"%u..%u), expected disjoint zones",
						mmr_zone_name(b % MAX_NR_ZONES), zb->start_pfn,
						zb->start_pfn + zb->spanned_pages - 1,
						mmr_zone_name(a % MAX_NR_ZONES), a / MAX_NR_ZONES,
						za->start_pfn, za->start_pfn + za->spanned_pages - 1);
		}
	}
	return 0;
}

static int load_nodes(struct load *l)
{
	static const uint16_t nowhere = UINT16_MAX;
	struct machine *m = l->machine;
	uint8_t *seen = calloc(1, MACHINE_MAX_CPUS);
	uint64_t next_pfn = 0;
	int rc = 0;

	if (!seen)
		return mmr_err(l->err, -ENOMEM, "%s: no memory for the machine", l->path);
	memset(m->cpu_node, 0xff, MACHINE_MAX_CPUS * sizeof(*m->cpu_node));
	for (int n = 0; n < (int)m->nr_nodes && !rc; n++) {
		const struct node_yaml *yaml = &l->yaml->nodes[n];

		if (yaml->node != (uint32_t)n) {
			rc = LOAD_ERR(l, n, -1, "node",
				      "node %u, expected node %d: nodes stand in order and none is missing",
				      yaml->node, n);
			break;
		}
		if (yaml->memory && yaml->nr_zones) {
			rc = LOAD_ERR(l, n, -1, "zones",
				      "both memory and zones are given, expected one of them");
			break;
		}
		rc = load_cpus(l, n, seen);
		rc = rc ? rc : load_distances(l, n);
		if (!rc && yaml->memory)
			rc = load_memory(l, n, &next_pfn);
		for (unsigned int z = 0; z < yaml->nr_zones && !rc; z++)
			rc = load_zone(l, n, (int)z);
	}
	for (unsigned int cpu = 0; cpu < m->nr_cpus && !rc; cpu++) {
		if (m->cpu_node[cpu] == nowhere)
			rc = mmr_err(l->err, -EINVAL,
				     "%s:1: nodes: CPU %u is on no node, expected CPUs 0..%u without gaps",
				     l->path, cpu, m->nr_cpus - 1);
	}
	if (!rc && !m->nr_cpus)
		rc = mmr_err(l->err, -EINVAL, "%s:1: nodes: no node has CPUs, expected at least one CPU",
			     l->path);
	if (!rc && !machine_managed_pages(m))
		rc = mmr_err(l->err, -EINVAL, "%s:1: nodes: no node has memory, expected at least one zone",
			     l->path);
	free(seen);
	return rc ? rc : check_overlap(l);
}

static int load_sysctl(struct load *l)
{
	const struct sysctl_yaml *yaml = l->yaml->sysctl;
	struct mmr_sysctl *sysctl = &l->machine->sysctl;

	*sysctl = MMR_SYSCTL_DEFAULT;
	if (!yaml)
		return 0;
	sysctl->min_free_kbytes = yaml->min_free_kbytes;
	sysctl->percpu_pagelist_high_fraction = yaml->percpu_pagelist_high_fraction;
	sysctl->zone_reclaim_mode = yaml->zone_reclaim_mode;
	sysctl->defrag_mode = yaml->defrag_mode;
	if (yaml->watermark_scale_factor)
		sysctl->watermark_scale_factor = yaml->watermark_scale_factor;
	if (yaml->watermark_boost_factor)
		sysctl->watermark_boost_factor = *yaml->watermark_boost_factor;
	if (yaml->stat_interval)
		sysctl->stat_interval_ms = yaml->stat_interval * 1000;
	for (unsigned int i = 0; i < yaml->nr_lowmem_reserve_ratio; i++)
		sysctl->lowmem_reserve_ratio[i] = yaml->lowmem_reserve_ratio[i];
	if (sysctl->percpu_pagelist_high_fraction && sysctl->percpu_pagelist_high_fraction < 8)
		return mmr_err(l->err, -EINVAL,
			       "%s: sysctl.percpu_pagelist_high_fraction: %u, expected 0 or at least 8",
			       l->path, sysctl->percpu_pagelist_high_fraction);
	if (sysctl->watermark_scale_factor > 3000)
		return mmr_err(l->err, -EINVAL, "%s: sysctl.watermark_scale_factor: %u, expected 1..3000",
			       l->path, sysctl->watermark_scale_factor);
	return 0;
}

static int machine_from_yaml(struct load *l)
{
	struct machine *m = l->machine;
	uint64_t llc_pages = 0;
	int rc;

	m->nr_nodes = l->yaml->nr_nodes;
	m->name = strdup(l->yaml->name);
	m->kernel = l->yaml->kernel ? strdup(l->yaml->kernel) : NULL;
	m->cpu_node = malloc(MACHINE_MAX_CPUS * sizeof(*m->cpu_node));
	m->distance = malloc((size_t)m->nr_nodes * m->nr_nodes);
	m->nodes = calloc(m->nr_nodes, sizeof(*m->nodes));
	if (!m->name || !m->cpu_node || !m->distance || !m->nodes)
		return mmr_err(l->err, -ENOMEM, "%s: no memory for the machine", l->path);
	if (l->yaml->llc_per_cpu && !parse_size_pages(l->yaml->llc_per_cpu, &llc_pages))
		return mmr_err(l->err, -EINVAL, "%s: llc_per_cpu: \"%s\", expected a size such as 2MiB",
			       l->path, l->yaml->llc_per_cpu);
	m->cpu_llc_pages = (uint32_t)llc_pages;
	rc = load_nodes(l);
	return rc ? rc : load_sysctl(l);
}

int machine_load(const char *path, struct machine *ret, struct mmr_error *err)
{
	struct cyaml_complaint complaint = {0};
	const cyaml_config_t config = {
		.log_fn = collect_complaint,
		.log_ctx = &complaint,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_DEFAULT,
	};
	struct machine_yaml *yaml = NULL;
	FILE *file = fopen(path, "r");
	cyaml_err_t crc;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (!file)
		return mmr_err(err, -errno, "%s: cannot open the machine file: %s", path, strerror(errno));
	fclose(file);
	crc = cyaml_load_file(path, &config, &machine_schema, (cyaml_data_t **)&yaml, NULL);
	if (crc == CYAML_OK && !yaml)
		return mmr_err(err, -EINVAL,
			       "%s:1: the file is empty, expected a machine (replay/machines/README.md)", path);
	if (crc != CYAML_OK)
		return complain(path, crc, &complaint, err);
	struct load l = {.path = path, .yaml = yaml, .machine = ret, .err = err};

	rc = machine_from_yaml(&l);
	cyaml_free(&config, &machine_schema, yaml, 0);
	if (rc)
		machine_deinit(ret);
	return rc;
}
