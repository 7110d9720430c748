// SPDX-License-Identifier: GPL-2.0-or-later
/* The MACHINE payload: struct trace_machine as tagged fields. */
#include <stdlib.h>

#include "traces/format.h"
#include "traces/mmt_payload.h"

static const struct mmt_scalar machine_scalars[] = {
	MMT_SCALAR(MMT_M_PAGE_SIZE, struct trace_machine, page_size),
	MMT_SCALAR(MMT_M_PAGEBLOCK_ORDER, struct trace_machine, pageblock_order),
	MMT_SCALAR(MMT_M_MAX_ORDER, struct trace_machine, max_order),
	MMT_SCALAR(MMT_M_NR_CPUS, struct trace_machine, nr_cpus),
	MMT_SCALAR(MMT_M_NR_NODES, struct trace_machine, nr_nodes),
	MMT_SCALAR(MMT_M_LLC_BYTES, struct trace_machine, llc_bytes_per_cpu),
	MMT_SCALAR(MMT_M_REALTIME, struct trace_machine, realtime_ns),
	MMT_SCALAR(MMT_M_MONOTONIC, struct trace_machine, monotonic_ns),
};
#define NR_MACHINE_SCALARS (sizeof(machine_scalars) / sizeof(machine_scalars[0]))

static const struct mmt_scalar zone_scalars[] = {
	MMT_SCALAR(MMT_Z_NID, struct trace_zone, nid),
	MMT_SCALAR(MMT_Z_ZONE, struct trace_zone, zone),
	MMT_SCALAR(MMT_Z_START_PFN, struct trace_zone, start_pfn),
	MMT_SCALAR(MMT_Z_SPANNED, struct trace_zone, spanned_pages),
	MMT_SCALAR(MMT_Z_PRESENT, struct trace_zone, present_pages),
	MMT_SCALAR(MMT_Z_MANAGED, struct trace_zone, managed_pages),
	MMT_SCALAR(MMT_Z_BOOST, struct trace_zone, watermark_boost),
	MMT_SCALAR(MMT_Z_NR_FREE, struct trace_zone, nr_free_pages),
	MMT_SCALAR(MMT_Z_PCP_BATCH, struct trace_zone, pcp_batch),
	MMT_SCALAR(MMT_Z_PCP_HIGH_MIN, struct trace_zone, pcp_high_min),
	MMT_SCALAR(MMT_Z_PCP_HIGH_MAX, struct trace_zone, pcp_high_max),
	MMT_SCALAR(MMT_Z_STAT_THRESHOLD, struct trace_zone, stat_threshold),
};
#define NR_ZONE_SCALARS (sizeof(zone_scalars) / sizeof(zone_scalars[0]))

/* The five lists of names and values, and the three strings, by tag. */
struct pair_list {
	uint16_t tag;
	size_t items, nr; /* offsets in struct trace_machine */
};
static const struct pair_list pair_lists[] = {
	{MMT_M_SYSCTL, offsetof(struct trace_machine, sysctls), offsetof(struct trace_machine, nr_sysctls)},
	{MMT_M_GFP_NAME, offsetof(struct trace_machine, gfp_names),
	 offsetof(struct trace_machine, nr_gfp_names)},
	{MMT_M_MIGRATETYPE_NAME, offsetof(struct trace_machine, migratetype_names),
	 offsetof(struct trace_machine, nr_migratetype_names)},
	{MMT_M_ZONE_NAME, offsetof(struct trace_machine, zone_names),
	 offsetof(struct trace_machine, nr_zone_names)},
	{MMT_M_FEATURE, offsetof(struct trace_machine, features), offsetof(struct trace_machine, nr_features)},
};
#define NR_PAIR_LISTS (sizeof(pair_lists) / sizeof(pair_lists[0]))

static const struct {
	uint16_t tag;
	size_t offset;
} strings[] = {
	{MMT_M_RELEASE, offsetof(struct trace_machine, kernel_release)},
	{MMT_M_VERSION, offsetof(struct trace_machine, kernel_version)},
	{MMT_M_ARCH, offsetof(struct trace_machine, arch)},
	{MMT_M_COMMAND, offsetof(struct trace_machine, command)},
};
#define NR_STRINGS (sizeof(strings) / sizeof(strings[0]))

static struct trace_name_value **pair_items(const struct trace_machine *m, const struct pair_list *list)
{
	return (struct trace_name_value **)((uintptr_t)m + list->items);
}

static uint32_t *pair_nr(const struct trace_machine *m, const struct pair_list *list)
{
	return (uint32_t *)((uintptr_t)m + list->nr);
}

static char **string_at(const struct trace_machine *m, size_t i)
{
	return (char **)((uintptr_t)m + strings[i].offset);
}

static void put_zone(struct mmt_buf *buf, const struct trace_zone *z)
{
	size_t at = mmt_open_tag(buf, MMT_M_ZONE);

	mmt_put_scalars(buf, zone_scalars, NR_ZONE_SCALARS, z);
	mmt_put_tag(buf, MMT_Z_WATERMARK, sizeof(z->watermark));
	for (size_t i = 0; i < 4; i++)
		mmt_put_le64(buf, z->watermark[i]);
	mmt_put_tag(buf, MMT_Z_LOWMEM_RESERVE, sizeof(z->lowmem_reserve));
	for (size_t i = 0; i < TRACE_MAX_ZONES; i++)
		mmt_put_le64(buf, z->lowmem_reserve[i]);
	mmt_close_tag(buf, at);
}

static void put_pairs(struct mmt_buf *buf, const struct trace_machine *m, const struct pair_list *list)
{
	const struct trace_name_value *items = *pair_items(m, list);

	for (uint32_t i = 0; i < *pair_nr(m, list); i++) {
		size_t len = strlen(items[i].name);

		mmt_put_tag(buf, list->tag, (uint32_t)(8 + len));
		mmt_put_le64(buf, (uint64_t)items[i].value);
		mmt_put(buf, items[i].name, len);
	}
}

void mmt_put_machine(struct mmt_buf *buf, const struct trace_machine *m)
{
	for (size_t i = 0; i < NR_STRINGS; i++) {
		const char *s = *string_at(m, i) ? *string_at(m, i) : "";
		size_t len = strnlen(s, MMT_MAX_STRING);

		mmt_put_tag(buf, strings[i].tag, (uint32_t)len);
		mmt_put(buf, s, len);
	}
	mmt_put_scalars(buf, machine_scalars, NR_MACHINE_SCALARS, m);
	if (m->cpu_node) {
		mmt_put_tag(buf, MMT_M_CPU_NODE, 2 * m->nr_cpus);
		for (uint32_t i = 0; i < m->nr_cpus; i++)
			mmt_put_le16(buf, m->cpu_node[i]);
	}
	if (m->node_distance) {
		mmt_put_tag(buf, MMT_M_NODE_DISTANCE, m->nr_nodes * m->nr_nodes);
		mmt_put(buf, m->node_distance, (size_t)m->nr_nodes * m->nr_nodes);
	}
	for (uint32_t i = 0; i < m->nr_zones; i++)
		put_zone(buf, &m->zones[i]);
	for (uint32_t i = 0; i < m->nr_ranges; i++) {
		mmt_put_tag(buf, MMT_M_RANGE, 16);
		mmt_put_le64(buf, m->ranges[i].start_pfn);
		mmt_put_le64(buf, m->ranges[i].nr_pages);
	}
	for (size_t i = 0; i < NR_PAIR_LISTS; i++)
		put_pairs(buf, m, &pair_lists[i]);
}

/* A C string of the field's bytes, NULL where there is no memory, a zero inside, or too many. */
static char *get_string(struct mmt_cursor *value)
{
	size_t len = mmt_left(value);
	const uint8_t *p = mmt_get(value, len);

	if (!p || len > MMT_MAX_STRING || memchr(p, 0, len))
		return NULL;
	return strndup((const char *)p, len);
}

static const char *get_pair(struct trace_machine *m, const struct pair_list *list, struct mmt_cursor *value)
{
	struct trace_name_value **items = pair_items(m, list);
	uint32_t *nr = pair_nr(m, list);
	int64_t v = (int64_t)mmt_get_le64(value);
	char *name;

	if (value->bad)
		return "a named value is cut off";
	if (!mmt_grow((void **)items, *nr, sizeof(**items)))
		return "no memory for a named value";
	name = get_string(value);
	if (!name)
		return "a name is too long or holds a zero byte";
	(*items)[(*nr)++] = (struct trace_name_value){.name = name, .value = v};
	return NULL;
}

static const char *get_zone(struct trace_machine *m, struct mmt_cursor *value)
{
	struct trace_zone z = {0};
	struct mmt_cursor field;
	uint16_t tag;

	while (mmt_get_field(value, &tag, &field)) {
		if (tag == MMT_Z_WATERMARK) {
			for (size_t i = 0; i < 4; i++)
				z.watermark[i] = mmt_get_le64(&field);
		} else if (tag == MMT_Z_LOWMEM_RESERVE) {
			for (size_t i = 0; i < TRACE_MAX_ZONES; i++)
				z.lowmem_reserve[i] = mmt_get_le64(&field);
		} else {
			mmt_get_scalar(zone_scalars, NR_ZONE_SCALARS, tag, &field, &z);
		}
		if (field.bad)
			return "a zone's field is too short or too large";
	}
	if (value->bad)
		return "a zone is cut off";
	if (m->nr_zones >= MMT_MAX_NODES * TRACE_MAX_ZONES)
		return "more zones than 1024 nodes have";
	if (!mmt_grow((void **)&m->zones, m->nr_zones, sizeof(*m->zones)))
		return "no memory for a zone";
	m->zones[m->nr_zones++] = z;
	return NULL;
}

static const char *get_range(struct trace_machine *m, struct mmt_cursor *value)
{
	struct trace_range r;

	r.start_pfn = mmt_get_le64(value);
	r.nr_pages = mmt_get_le64(value);
	if (value->bad)
		return "a memory range is cut off";
	if (!mmt_grow((void **)&m->ranges, m->nr_ranges, sizeof(*m->ranges)))
		return "no memory for a memory range";
	m->ranges[m->nr_ranges++] = r;
	return NULL;
}

static const char *get_text(struct trace_machine *m, size_t i, struct mmt_cursor *value)
{
	char **s = string_at(m, i);

	free(*s);
	*s = get_string(value);
	return *s ? NULL : "a string is too long or holds a zero byte";
}

static const char *get_field(struct trace_machine *m, uint16_t tag, struct mmt_cursor *value,
			     struct mmt_cursor *cpu_node, struct mmt_cursor *distance)
{
	if (tag == MMT_M_CPU_NODE)
		*cpu_node = *value;
	else if (tag == MMT_M_NODE_DISTANCE)
		*distance = *value;
	else if (tag == MMT_M_ZONE)
		return get_zone(m, value);
	else if (tag == MMT_M_RANGE)
		return get_range(m, value);
	for (size_t i = 0; i < NR_STRINGS; i++)
		if (strings[i].tag == tag)
			return get_text(m, i, value);
	for (size_t i = 0; i < NR_PAIR_LISTS; i++)
		if (pair_lists[i].tag == tag)
			return get_pair(m, &pair_lists[i], value);
	mmt_get_scalar(machine_scalars, NR_MACHINE_SCALARS, tag, value, m);
	return value->bad ? "a number is too long" : NULL;
}

/* Where the file leaves them out: every CPU on node 0, distances 10 and 20. */
static const char *get_topology(struct trace_machine *m, struct mmt_cursor *cpu_node,
				struct mmt_cursor *distance)
{
	size_t pairs = (size_t)m->nr_nodes * m->nr_nodes;

	if (m->nr_cpus > MMT_MAX_CPUS || m->nr_nodes > MMT_MAX_NODES)
		return "more than 4096 CPUs or 1024 nodes";
	if (cpu_node->p && mmt_left(cpu_node) != 2 * (size_t)m->nr_cpus)
		return "the CPUs' nodes do not fit the number of CPUs";
	if (distance->p && mmt_left(distance) != pairs)
		return "the distances do not fit the number of nodes";
	m->cpu_node = calloc(m->nr_cpus ? m->nr_cpus : 1, sizeof(*m->cpu_node));
	m->node_distance = calloc(pairs ? pairs : 1, 1);
	if (!m->cpu_node || !m->node_distance)
		return "no memory for the topology";
	for (uint32_t i = 0; cpu_node->p && i < m->nr_cpus; i++) {
		m->cpu_node[i] = mmt_get_le16(cpu_node);
		if (m->cpu_node[i] >= m->nr_nodes && m->nr_nodes)
			return "a CPU is on a node that does not exist";
	}
	for (size_t i = 0; i < pairs; i++)
		m->node_distance[i] = distance->p ? mmt_get_u8(distance) : i % (m->nr_nodes + 1) ? 20 : 10;
	return NULL;
}

const char *mmt_get_machine(struct mmt_cursor *c, struct trace_machine *ret)
{
	struct mmt_cursor value, cpu_node = {0}, distance = {0};
	const char *what = NULL;
	uint16_t tag;

	*ret = (struct trace_machine){0};
	while (!what && mmt_get_field(c, &tag, &value))
		what = get_field(ret, tag, &value, &cpu_node, &distance);
	if (!what && c->bad)
		what = "a field runs past its end";
	if (!what)
		what = get_topology(ret, &cpu_node, &distance);
	for (size_t i = 0; !what && i < NR_STRINGS; i++)
		if (!*string_at(ret, i) && !(*string_at(ret, i) = strdup("")))
			what = "no memory for a string";
	if (what)
		trace_machine_deinit(ret);
	return what;
}
