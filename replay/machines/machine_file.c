// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Machine files: YAML through libcyaml, then the rules a schema cannot say.
 *
 * Every error is one line: FILE:LINE: KEY: what was found, what was expected.
 */
#include <cyaml/cyaml.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/profile.h"
#include "replay/machines/machine.h"
#include "replay/machines/machine_memory.h"
#include "replay/machines/machine_schema.h"
#include "replay/machines/yaml_explain.h"
#include "replay/parse.h"

struct load {
	const struct yaml_text *text;
	const struct machine_yaml *yaml;
	struct machine *machine;
	struct mmr_mem_range *holes;
	unsigned int nr_holes;
	uint8_t seen[MACHINE_MAX_CPUS]; /* has a node */
	char place[80];
	struct mmr_error *err;
};

static const char *at(struct load *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "nodes[1].cpus", kept until the next call. */
static const char *at(struct load *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(l->place, sizeof(l->place), fmt, args);
	va_end(args);
	return l->place;
}

#define LOAD_ERR(l, place, ...) yaml_place_err((l)->text, place, (l)->err, __VA_ARGS__)

static int no_memory(struct load *l)
{
	return mmr_err(l->err, -ENOMEM, "%s: no memory for the machine", l->text->name);
}

static bool parse_size_pages(const char *text, uint64_t *pages)
{
	if (!parse_size(text, pages, NULL) || *pages % (1u << PAGE_SHIFT))
		return false;
	*pages >>= PAGE_SHIFT;
	return true;
}

/* ---- CPUs and distances ---------------------------------------------------------------------- */

struct cpu_list {
	struct load *l;
	int node;
	int taken; /* a CPU that has a node already, -1 for none */
};

static void add_cpu(void *ctx, unsigned int cpu)
{
	struct cpu_list *list = ctx;
	struct machine *m = list->l->machine;

	if (list->l->seen[cpu]) {
		list->taken = list->taken < 0 ? (int)cpu : list->taken;
		return;
	}
	list->l->seen[cpu] = 1;
	m->cpu_node[cpu] = (uint16_t)list->node;
	if (cpu + 1 > m->nr_cpus)
		m->nr_cpus = cpu + 1;
}

/* "0-3,8" gives node @node its CPUs; each CPU belongs to one node. */
static int load_cpus(struct load *l, int node)
{
	const char *text = l->yaml->nodes[node].cpus;
	struct cpu_list list = {.l = l, .node = node, .taken = -1};

	if (!text || !*text)
		return 0;
	if (!parse_list(text, MACHINE_MAX_CPUS, add_cpu, &list))
		return LOAD_ERR(
			l, at(l, "nodes[%d].cpus", node),
			"found \"%s\", expected a CPU list such as \"0-3,8\", ascending, numbers below %d",
			text, MACHINE_MAX_CPUS);
	if (list.taken >= 0)
		return LOAD_ERR(l, at(l, "nodes[%d].cpus", node),
				"CPU %d is on node %u already, expected one node per CPU", list.taken,
				l->machine->cpu_node[list.taken]);
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
		return LOAD_ERR(l, at(l, "nodes[%d].distances", node),
				"%u entries, expected one for each of the %u nodes", yaml->nr_distances,
				m->nr_nodes);
	for (unsigned int to = 0; to < m->nr_nodes; to++) {
		uint32_t d = yaml->distances[to];

		if ((unsigned int)node == to ? d != 10 : d <= 10 || d > 254)
			return LOAD_ERR(l, at(l, "nodes[%d].distances", node),
					"%u to node %u, expected 10 to itself and 11..254 to others", d, to);
		m->distance[node * m->nr_nodes + to] = (uint8_t)d;
	}
	return 0;
}

static int load_tier(struct load *l, int node)
{
	const uint32_t *tier = l->yaml->nodes[node].tier;
	struct machine *m = l->machine;

	if (!tier)
		return 0;
	if (*tier > INT16_MAX)
		return LOAD_ERR(l, at(l, "nodes[%d].tier", node), "%u, expected 0..%d", *tier, INT16_MAX);
	if (!m->tier) {
		m->tier = malloc(m->nr_nodes * sizeof(*m->tier));
		if (!m->tier)
			return no_memory(l);
		for (unsigned int n = 0; n < m->nr_nodes; n++)
			m->tier[n] = MACHINE_NO_TIER;
	}
	m->tier[node] = (int16_t)*tier;
	return 0;
}

/* ---- memory by size -------------------------------------------------------------------------- */

/* "3GiB-4GiB": from the first byte to the one before the last named. */
static bool parse_span(const char *text, struct mmr_mem_range *range, const char **end)
{
	uint64_t from, to;
	const char *pos;

	if (!parse_size(text, &from, &pos) || *pos != '-' || !parse_size(pos + 1, &to, end))
		return false;
	if ((from | to) & ((1u << PAGE_SHIFT) - 1) || from >= to || to >> PAGE_SHIFT > MMR_NO_PFN)
		return false;
	*range = (struct mmr_mem_range){
		.start_pfn = (uint32_t)(from >> PAGE_SHIFT),
		.nr_pages = (uint32_t)((to - from) >> PAGE_SHIFT),
	};
	return true;
}

static bool behind(const struct mmr_mem_range *before, const struct mmr_mem_range *range)
{
	return range->start_pfn >= before->start_pfn + before->nr_pages;
}

static int load_holes(struct load *l)
{
	l->holes = calloc(l->yaml->nr_holes + 1, sizeof(*l->holes));
	if (!l->holes)
		return no_memory(l);
	for (unsigned int i = 0; i < l->yaml->nr_holes; i++) {
		const char *end;

		if (!parse_span(l->yaml->holes[i], &l->holes[i], &end) || *end)
			return LOAD_ERR(l, at(l, "holes[%u]", i),
					"found \"%s\", expected a span of addresses such as \"3GiB-4GiB\"",
					l->yaml->holes[i]);
		if (i && !behind(&l->holes[i - 1], &l->holes[i]))
			return LOAD_ERR(l, at(l, "holes[%u]", i),
					"\"%s\" begins before the hole above it ends, expected ascending holes",
					l->yaml->holes[i]);
	}
	l->nr_holes = l->yaml->nr_holes;
	return 0;
}

/* "1MiB-3GiB,4GiB-9GiB": where a node's memory is. */
static int load_spans(struct load *l, int node, struct mmr_mem_range *spans, struct node_memory *memory)
{
	const char *text = l->yaml->nodes[node].memory, *pos = text;

	for (;;) {
		struct mmr_mem_range *span = &spans[memory->nr_fixed];

		if (!parse_span(pos, span, &pos) || (*pos && *pos != ','))
			return LOAD_ERR(
				l, at(l, "nodes[%d].memory", node),
				"found \"%s\", expected spans of addresses such as \"1MiB-3GiB,4GiB-9GiB\"",
				text);
		if (memory->nr_fixed && !behind(span - 1, span))
			return LOAD_ERR(l, at(l, "nodes[%d].memory", node),
					"found \"%s\", expected ascending spans without overlap", text);
		memory->nr_fixed++;
		memory->pages += span->nr_pages;
		if (!*pos++)
			break;
	}
	memory->fixed = spans;
	return 0;
}

/* "512MiB", or "50%" of the node's memory. */
static bool parse_movable(const char *text, uint64_t pages, uint64_t *movable)
{
	double share;

	if (parse_size_pages(text, movable))
		return *movable <= pages;
	if (!strchr(text, '%') || !parse_share(text, &share) || share > 1)
		return false;
	*movable = (uint64_t)((double)pages * share);
	return true;
}

/* `memory` lays the node's memory behind the previous node's, or where it says, and cuts it into zones. */
static int load_memory(struct load *l, int node, uint64_t *next_pfn)
{
	const struct node_yaml *yaml = &l->yaml->nodes[node];
	struct node_memory memory = {.holes = l->holes, .nr_holes = l->nr_holes};
	struct mmr_mem_range *spans = NULL;
	int rc = 0;

	if (strchr(yaml->memory, '-')) {
		spans = calloc(strlen(yaml->memory) / 3 + 1, sizeof(*spans));
		rc = spans ? load_spans(l, node, spans, &memory) : no_memory(l);
	} else if (!parse_size_pages(yaml->memory, &memory.pages) || (memory.pages && memory.pages < 1024)) {
		rc = LOAD_ERR(l, at(l, "nodes[%d].memory", node),
			      "\"%s\", expected a size of at least 4MiB such as 512MiB or 8GiB, spans such as "
			      "1MiB-3GiB, or 0",
			      yaml->memory);
	}
	if (!rc && yaml->movable && !parse_movable(yaml->movable, memory.pages, &memory.movable_pages))
		rc = LOAD_ERR(l, at(l, "nodes[%d].movable", node),
			      "\"%s\", expected a size up to the node's memory (%s), or a share such as 50%%",
			      yaml->movable, yaml->memory);
	if (!rc)
		rc = machine_lay_node(l->machine, (unsigned int)node, &memory, next_pfn);
	if (rc == -ERANGE)
		rc = LOAD_ERR(l, at(l, "nodes[%d].memory", node), "%s, expected all memory below 16 TiB",
			      yaml->memory);
	free(spans);
	return rc;
}

/* ---- memory by zones ------------------------------------------------------------------------- */

static int load_pcp(struct load *l, const char *place, const struct pcp_yaml *yaml,
		    struct mmr_zone_config *zone)
{
	if (!yaml->batch || yaml->high_min > INT32_MAX / 2 || yaml->batch > 1u << 16 ||
	    yaml->high_max > INT32_MAX / 2)
		return LOAD_ERR(
			l, place,
			"batch %u, high_min %u, high_max %u, expected batch 1..65536, both others at most %d",
			yaml->batch, yaml->high_min, yaml->high_max, INT32_MAX / 2);
	zone->have_pageset = true;
	zone->pcp_batch = yaml->batch;
	zone->pcp_high_min = yaml->high_min;
	zone->pcp_high_max = yaml->high_max;
	return 0;
}

static int load_watermark(struct load *l, int node, int z, struct mmr_zone_config *zone)
{
	const struct zone_yaml *yaml = &l->yaml->nodes[node].zones[z];

	zone->have_watermark = yaml->nr_watermark != 0;
	for (unsigned int i = 0; i < yaml->nr_watermark; i++) {
		if (i && yaml->watermark[i] < yaml->watermark[i - 1])
			return LOAD_ERR(l, at(l, "nodes[%d].zones[%d].watermark", node, z),
					"%u after %u, expected min <= low <= high <= promo", yaml->watermark[i],
					yaml->watermark[i - 1]);
		zone->watermark[i] = yaml->watermark[i];
	}
	if (yaml->nr_watermark == WMARK_PROMO)
		zone->watermark[WMARK_PROMO] = 2 * zone->watermark[WMARK_HIGH] - zone->watermark[WMARK_LOW];
	return 0;
}

static int load_zone(struct load *l, int node, int z)
{
	const struct zone_yaml *yaml = &l->yaml->nodes[node].zones[z];
	struct mmr_zone_config *zone = &l->machine->nodes[node].zones[yaml->zone];
	uint64_t present = yaml->present ? yaml->present : yaml->spanned;
	uint64_t managed = yaml->managed ? *yaml->managed : present;
	int rc;

	if (zone->spanned_pages)
		return LOAD_ERR(l, at(l, "nodes[%d].zones[%d].zone", node, z),
				"zone %s stands twice, expected each zone once per node",
				mmr_zone_name(yaml->zone));
	if (!yaml->spanned || yaml->start_pfn > MMR_NO_PFN ||
	    yaml->spanned > MMR_NO_PFN - MAX_ORDER_NR_PAGES - yaml->start_pfn)
		return LOAD_ERR(l, at(l, "nodes[%d].zones[%d].spanned", node, z),
				"pfns %" PRIu64 " + %" PRIu64 ", expected 1 or more pages ending below %u",
				yaml->start_pfn, yaml->spanned, MMR_NO_PFN - MAX_ORDER_NR_PAGES);
	if (present > yaml->spanned || managed > present)
		return LOAD_ERR(l, at(l, "nodes[%d].zones[%d].managed", node, z),
				"spanned %" PRIu64 ", present %" PRIu64 ", managed %" PRIu64
				", expected managed <= present <= spanned",
				yaml->spanned, present, managed);
	if (yaml->stat_threshold > 1u << 20)
		return LOAD_ERR(l, at(l, "nodes[%d].zones[%d].stat_threshold", node, z),
				"%u, expected 0 (computed) or what /proc/zoneinfo shows, at most 125",
				yaml->stat_threshold);
	*zone = (struct mmr_zone_config){
		.start_pfn = (uint32_t)yaml->start_pfn,
		.spanned_pages = (uint32_t)yaml->spanned,
		.present_pages = (uint32_t)present,
		.managed_pages = (uint32_t)managed,
		.have_lowmem_reserve = yaml->nr_lowmem_reserve != 0,
		.stat_threshold = yaml->stat_threshold,
	};
	for (unsigned int i = 0; i < yaml->nr_lowmem_reserve; i++)
		zone->lowmem_reserve[i] = yaml->lowmem_reserve[i];
	rc = load_watermark(l, node, z, zone);
	if (!rc && yaml->pcp)
		rc = load_pcp(l, at(l, "nodes[%d].zones[%d].pcp", node, z), yaml->pcp, zone);
	return rc;
}

static int check_overlap(struct load *l)
{
	const struct machine *m = l->machine;

	for (unsigned int a = 0; a < m->nr_nodes * MAX_NR_ZONES; a++) {
		const struct mmr_zone_config *za = &m->nodes[a / MAX_NR_ZONES].zones[a % MAX_NR_ZONES];

		for (unsigned int b = a + 1; b < m->nr_nodes * MAX_NR_ZONES; b++) {
			const struct mmr_zone_config *zb = &m->nodes[b / MAX_NR_ZONES].zones[b % MAX_NR_ZONES];
			unsigned int node = b / MAX_NR_ZONES;

			if (!za->spanned_pages || !zb->spanned_pages)
				continue;
			if (za->start_pfn < zb->start_pfn + zb->spanned_pages &&
			    zb->start_pfn < za->start_pfn + za->spanned_pages)
				return LOAD_ERR(l,
						at(l, "nodes[%u].%s", node,
						   l->yaml->nodes[node].nr_zones ? "zones" : "memory"),
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

/* ---- ranges of RAM --------------------------------------------------------------------------- */

/* "256-786387": page frames, both ends included, as /proc/iomem counts bytes. */
static bool parse_pfns(const char *text, struct mmr_mem_range *range)
{
	unsigned long long first, last;
	int len = 0;

	if (sscanf(text, "%llu-%llu%n", &first, &last, &len) != 2 || text[len] || strpbrk(text, " +"))
		return false;
	if (first > last || last >= MMR_NO_PFN - MAX_ORDER_NR_PAGES)
		return false;
	*range = (struct mmr_mem_range){.start_pfn = (uint32_t)first, .nr_pages = (uint32_t)(last - first + 1)};
	return true;
}

static int load_ram(struct load *l)
{
	struct machine *m = l->machine;

	m->ranges = calloc(l->yaml->nr_ram, sizeof(*m->ranges));
	if (!m->ranges)
		return no_memory(l);
	for (unsigned int i = 0; i < l->yaml->nr_ram; i++) {
		if (!parse_pfns(l->yaml->ram[i], &m->ranges[i]))
			return LOAD_ERR(l, at(l, "ram[%u]", i),
					"found \"%s\", expected page frames such as \"256-786387\"",
					l->yaml->ram[i]);
		if (i && !behind(&m->ranges[i - 1], &m->ranges[i]))
			return LOAD_ERR(
				l, at(l, "ram[%u]", i),
				"\"%s\" begins before the range above it ends, expected ascending ranges",
				l->yaml->ram[i]);
		m->nr_ranges++;
	}
	return 0;
}

static uint64_t ram_pages(const struct machine *m, const struct mmr_zone_config *zone)
{
	uint64_t begin = zone->start_pfn, end = begin + zone->spanned_pages, pages = 0;

	for (unsigned int i = 0; i < m->nr_ranges; i++) {
		uint64_t from = m->ranges[i].start_pfn, to = from + m->ranges[i].nr_pages;

		from = from > begin ? from : begin;
		to = to < end ? to : end;
		pages += from < to ? to - from : 0;
	}
	return pages;
}

static int check_ram(struct load *l)
{
	const struct machine *m = l->machine;

	for (unsigned int n = 0; n < m->nr_nodes && m->nr_ranges; n++) {
		for (unsigned int z = 0; z < l->yaml->nodes[n].nr_zones; z++) {
			enum zone_type type = l->yaml->nodes[n].zones[z].zone;
			const struct mmr_zone_config *zone = &m->nodes[n].zones[type];
			uint64_t pages = ram_pages(m, zone);

			if (zone->managed_pages > pages)
				return LOAD_ERR(l, at(l, "nodes[%u].zones[%u].managed", n, z),
						"%u pages, expected at most the %" PRIu64
						" pages of RAM in the zone's span",
						zone->managed_pages, pages);
		}
	}
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct mmr_mem_range *ra = a, *rb = b;

	return (ra->start_pfn > rb->start_pfn) - (ra->start_pfn < rb->start_pfn);
}

/* Memory by size comes as ranges; zones without `ram` are RAM from end to end. */
static int complete_ranges(struct load *l)
{
	struct machine *m = l->machine;
	struct mmr_mem_range *more;

	if (l->yaml->nr_ram || !m->nr_ranges)
		return check_ram(l);
	more = realloc(m->ranges, (m->nr_ranges + m->nr_nodes * MAX_NR_ZONES) * sizeof(*more));
	if (!more)
		return no_memory(l);
	m->ranges = more;
	for (unsigned int n = 0; n < m->nr_nodes; n++) {
		for (unsigned int z = 0; z < l->yaml->nodes[n].nr_zones; z++) {
			const struct mmr_zone_config *zone =
				&m->nodes[n].zones[l->yaml->nodes[n].zones[z].zone];

			m->ranges[m->nr_ranges++] =
				(struct mmr_mem_range){zone->start_pfn, zone->spanned_pages};
		}
	}
	qsort(m->ranges, m->nr_ranges, sizeof(*m->ranges), by_start);
	return 0;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static int load_node(struct load *l, int n, uint64_t *next_pfn)
{
	const struct node_yaml *yaml = &l->yaml->nodes[n];
	int rc;

	if (yaml->node != (uint32_t)n)
		return LOAD_ERR(l, at(l, "nodes[%d].node", n),
				"node %u, expected node %d: nodes stand in order and none is missing",
				yaml->node, n);
	if (yaml->memory && yaml->nr_zones)
		return LOAD_ERR(l, at(l, "nodes[%d].zones", n),
				"both memory and zones are given, expected one of them");
	if (yaml->movable && !yaml->memory)
		return LOAD_ERR(l, at(l, "nodes[%d].movable", n),
				"without memory, expected it beside memory; a Movable zone among zones");
	if (yaml->memory && l->yaml->nr_ram)
		return LOAD_ERR(l, at(l, "nodes[%d].memory", n),
				"beside ram, expected zones where ram is given, else memory and holes");
	rc = load_cpus(l, n);
	rc = rc ? rc : load_distances(l, n);
	rc = rc ? rc : load_tier(l, n);
	if (!rc && yaml->memory)
		rc = load_memory(l, n, next_pfn);
	for (unsigned int z = 0; z < yaml->nr_zones && !rc; z++)
		rc = load_zone(l, n, (int)z);
	return rc;
}

/* One `pcp` for all zones that have none of their own. */
static int load_common_pcp(struct load *l)
{
	int rc = 0;

	for (unsigned int i = 0; l->yaml->pcp && i < l->machine->nr_nodes * MAX_NR_ZONES && !rc; i++) {
		struct mmr_zone_config *zone = &l->machine->nodes[i / MAX_NR_ZONES].zones[i % MAX_NR_ZONES];

		if (zone->spanned_pages && !zone->have_pageset)
			rc = load_pcp(l, "pcp", l->yaml->pcp, zone);
	}
	return rc;
}

static int load_nodes(struct load *l)
{
	struct machine *m = l->machine;
	uint64_t next_pfn = 0;
	int rc = load_holes(l);

	if (!rc && l->yaml->nr_ram)
		rc = load_ram(l);
	for (int n = 0; n < (int)m->nr_nodes && !rc; n++)
		rc = load_node(l, n, &next_pfn);
	for (unsigned int cpu = 0; cpu < m->nr_cpus && !rc; cpu++) {
		if (!l->seen[cpu])
			rc = LOAD_ERR(l, "nodes", "CPU %u is on no node, expected CPUs 0..%u without gaps", cpu,
				      m->nr_cpus - 1);
	}
	if (!rc && !m->nr_cpus)
		rc = LOAD_ERR(l, "nodes", "no node has CPUs, expected at least one CPU");
	if (!rc && !machine_managed_pages(m))
		rc = LOAD_ERR(l, "nodes", "no node has memory, expected at least one zone");
	rc = rc ? rc : check_overlap(l);
	rc = rc ? rc : complete_ranges(l);
	return rc ? rc : load_common_pcp(l);
}

/* ---- settings, kernel, rules ----------------------------------------------------------------- */

static int load_sysctl(struct load *l)
{
	const struct sysctl_yaml *yaml = l->yaml->sysctl;
	struct machine *m = l->machine;

	m->sysctl = MMR_SYSCTL_DEFAULT;
	for (unsigned int id = 0; yaml && id < NR_MACHINE_SETTINGS; id++) {
		struct mmr_error why = {0};

		if (yaml->value[id] &&
		    machine_settings_set(&m->settings, &m->sysctl, (enum machine_setting_id)id,
					 *yaml->value[id], &why))
			return LOAD_ERR(l,
					at(l, "sysctl.%s", machine_setting((enum machine_setting_id)id)->name),
					"%s", why.msg);
	}
	for (unsigned int i = 0; yaml && i < yaml->nr_lowmem_reserve_ratio; i++)
		m->sysctl.lowmem_reserve_ratio[i] = yaml->lowmem_reserve_ratio[i];
	return 0;
}

/* The model is built for these; another size is another model, not a setting. */
static int load_page(struct load *l)
{
	const struct page_yaml *yaml = l->yaml->page;
	uint64_t bytes;

	if (!yaml)
		return 0;
	if (yaml->size && (!parse_size(yaml->size, &bytes, NULL) || bytes != 1u << PAGE_SHIFT))
		return LOAD_ERR(l, "page.size", "\"%s\", expected 4KiB, which this build models", yaml->size);
	if (yaml->pageblock_order && *yaml->pageblock_order != PAGEBLOCK_ORDER)
		return LOAD_ERR(l, "page.pageblock_order", "%u, expected %d, which this build models",
				*yaml->pageblock_order, PAGEBLOCK_ORDER);
	if (yaml->max_order && *yaml->max_order != MAX_PAGE_ORDER)
		return LOAD_ERR(l, "page.max_order", "%u, expected %d, which this build models",
				*yaml->max_order, MAX_PAGE_ORDER);
	return 0;
}

static int load_kernel(struct load *l)
{
	struct kernel_profile *profile;
	struct mmr_error why = {0};

	if (!l->yaml->kernel)
		return 0;
	if (kernel_profile_parse(l->yaml->kernel, &profile, &why))
		return LOAD_ERR(l, "kernel", "%s", why.msg);
	kernel_profile_destroy(profile);
	l->machine->kernel = strdup(l->yaml->kernel);
	return l->machine->kernel ? 0 : no_memory(l);
}

static char *copy(const char *text, bool *failed)
{
	char *words = text ? strdup(text) : NULL;

	*failed |= text && !words;
	return words;
}

static int load_rules(struct load *l)
{
	const struct machine_yaml *yaml = l->yaml;
	struct machine *m = l->machine;
	bool failed = false;

	m->placement = copy(yaml->placement, &failed);
	m->rules = calloc(yaml->nr_policies + yaml->nr_cpusets + 1, sizeof(*m->rules));
	if (!m->rules)
		return no_memory(l);
	for (unsigned int i = 0; i < yaml->nr_policies + yaml->nr_cpusets; i++) {
		bool policy = i < yaml->nr_policies;
		unsigned int index = policy ? i : i - yaml->nr_policies;
		const struct task_rule_yaml *from = policy ? &yaml->policies[index] : &yaml->cpusets[index];
		struct machine_rule *rule = &m->rules[m->nr_rules++];

		snprintf(rule->place, sizeof(rule->place), "%s[%u]", policy ? "policies" : "cpusets", index);
		rule->task = copy(from->task, &failed);
		rule->policy = copy(from->policy, &failed);
		rule->cpus = copy(from->cpus, &failed);
		rule->mems = copy(from->mems, &failed);
		if (!policy && !from->cpus && !from->mems)
			return LOAD_ERR(l, rule->place, "neither cpus nor mems, expected one of them or both");
	}
	return failed ? no_memory(l) : 0;
}

static void add_offline(void *ctx, unsigned int cpu)
{
	bool *offline = ctx;

	offline[cpu] = true;
}

/* CPU 0 stays: the kernel cannot do without it either. */
static int load_offline(struct load *l)
{
	const char *text = l->yaml->offline_cpus;
	struct machine *m = l->machine;

	if (!text)
		return 0;
	m->offline = calloc(m->nr_cpus ? m->nr_cpus : 1, sizeof(*m->offline));
	if (!m->offline)
		return no_memory(l);
	if (!parse_list(text, m->nr_cpus, add_offline, m->offline) || m->offline[0])
		return LOAD_ERR(l, "offline_cpus",
				"\"%s\", expected a list such as \"2-3,8\" of the machine's CPUs, 1..%u", text,
				m->nr_cpus - 1);
	return 0;
}

static int load_demotion(struct load *l)
{
	l->machine->demotion = l->yaml->demotion;
	if (l->yaml->demotion && !l->machine->tier)
		return LOAD_ERR(l, "demotion",
				"true, but no node has a tier: expected tier at two nodes or more");
	return 0;
}

static int machine_from_yaml(struct load *l)
{
	struct machine *m = l->machine;
	uint64_t llc_pages = 0;
	bool failed = false;
	int rc;

	m->nr_nodes = l->yaml->nr_nodes;
	m->arch = l->yaml->arch == ARCH_X86_32 ? MACHINE_X86_32 : MACHINE_X86_64;
	m->name = copy(l->yaml->name, &failed);
	m->about = copy(l->yaml->about, &failed);
	m->path = copy(l->text->name, &failed);
	m->cpu_node = calloc(MACHINE_MAX_CPUS, sizeof(*m->cpu_node));
	m->distance = malloc((size_t)m->nr_nodes * m->nr_nodes);
	m->nodes = calloc(m->nr_nodes, sizeof(*m->nodes));
	if (failed || !m->cpu_node || !m->distance || !m->nodes)
		return no_memory(l);
	if (l->yaml->llc_per_cpu &&
	    (!parse_size_pages(l->yaml->llc_per_cpu, &llc_pages) || llc_pages > UINT32_MAX))
		return LOAD_ERR(l, "llc_per_cpu", "\"%s\", expected a size such as 2MiB", l->yaml->llc_per_cpu);
	m->cpu_llc_pages = (uint32_t)llc_pages;
	rc = load_kernel(l);
	rc = rc ? rc : load_page(l);
	rc = rc ? rc : load_nodes(l);
	rc = rc ? rc : load_offline(l);
	rc = rc ? rc : load_demotion(l);
	rc = rc ? rc : load_sysctl(l);
	return rc ? rc : load_rules(l);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int load_text(const struct yaml_text *text, struct machine *ret, struct mmr_error *err)
{
	const cyaml_config_t config = {.mem_fn = cyaml_mem, .flags = CYAML_CFG_DEFAULT};
	struct load l = {.text = text, .machine = ret, .err = err};
	struct machine_yaml *yaml = NULL;
	cyaml_err_t crc;
	int rc = yaml_explain(text, &machine_schema, "a machine (replay/machines/README.md)", err);

	if (rc)
		return rc;
	crc = cyaml_load_data((const uint8_t *)text->text, text->len, &config, &machine_schema,
			      (cyaml_data_t **)&yaml, NULL);
	if (crc != CYAML_OK)
		return mmr_err(err, -EINVAL,
			       "%s:1: %s, expected the keys and types of replay/machines/README.md", text->name,
			       cyaml_strerror(crc));
	l.yaml = yaml;
	rc = machine_from_yaml(&l);
	free(l.holes);
	cyaml_free(&config, &machine_schema, yaml, 0);
	if (rc)
		machine_deinit(ret);
	return rc;
}

static const struct machine_builtin *find_builtin(const char *name)
{
	const struct machine_builtin *builtin;

	for (unsigned int i = 0; (builtin = machine_builtin(i)); i++) {
		if (strcmp(builtin->name, name) == 0)
			return builtin;
	}
	return NULL;
}

int machine_load(const char *path, struct machine *ret, struct mmr_error *err)
{
	const struct machine_builtin *builtin = find_builtin(path);
	struct yaml_text text;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (builtin && access(path, F_OK) != 0) {
		text = (struct yaml_text){builtin->name, strdup(builtin->text), strlen(builtin->text)};
		if (!text.text)
			return mmr_err(err, -ENOMEM, "%s: no memory for the machine", path);
	} else {
		rc = yaml_text_read(path, &text, err);
		if (rc == -ENOENT && !strpbrk(path, "/."))
			return mmr_err(
				err, rc,
				"%s: neither a machine file nor a ready-made machine (`mmreplay machine list` "
				"names them)",
				path);
		if (rc)
			return rc;
	}
	rc = load_text(&text, ret, err);
	yaml_text_deinit(&text);
	return rc;
}
