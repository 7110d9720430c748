// SPDX-License-Identifier: GPL-2.0-or-later
/* What of a recording is neither event nor keyframe, edited by bytes: its machine, its losses, its policies. */
#include "replay/tests/wild_header.h"

#include <stdlib.h>
#include <string.h>

/* Small and near what it was, or anything. */
static uint64_t number(const struct wild_edit *edit, uint64_t was)
{
	switch (edit->how >> 5 & 3) {
	case 0:
		return edit->value % 64;
	case 1:
		return was + edit->value % 64 - 32;
	case 2:
		return edit->value;
	default:
		return (uint64_t)edit->value << 32 | edit->value;
	}
}

static void edit_zone(struct trace_zone *zone, const struct wild_edit *edit)
{
	uint64_t *const wide[] = {&zone->start_pfn,         &zone->spanned_pages,     &zone->present_pages,
				  &zone->managed_pages,     &zone->watermark[0],      &zone->watermark[1],
				  &zone->watermark[2],      &zone->watermark[3],      &zone->watermark_boost,
				  &zone->lowmem_reserve[0], &zone->lowmem_reserve[1], &zone->nr_free_pages};
	uint32_t *const narrow[] = {&zone->nid, &zone->pcp_batch, &zone->pcp_high_min, &zone->pcp_high_max,
				    &zone->stat_threshold};
	unsigned int which = edit->how % 32 % 18;

	if (which < 12)
		*wide[which] = number(edit, *wide[which]);
	else if (which < 17)
		*narrow[which - 12] = (uint32_t)number(edit, *narrow[which - 12]);
	else
		zone->zone = (uint8_t)number(edit, zone->zone);
}

static void edit_machine(struct trace_machine *m, const struct wild_edit *edit)
{
	uint32_t *const numbers[] = {&m->page_size, &m->pageblock_order, &m->max_order, &m->llc_bytes_per_cpu};

	switch (edit->how % 6) {
	case 0:
		*numbers[edit->where % 4] = (uint32_t)number(edit, *numbers[edit->where % 4]);
		break;
	case 1:
		m->cpu_node[edit->where % m->nr_cpus] =
			(uint16_t)number(edit, m->cpu_node[edit->where % m->nr_cpus]);
		break;
	case 2: /* arrays are as long as they were: fewer, never more */
		m->nr_cpus -= edit->value % m->nr_cpus;
		break;
	case 3:
		m->node_distance[edit->where % (m->nr_nodes * m->nr_nodes)] = (uint8_t)edit->value;
		break;
	case 4:
		m->nr_zones -= edit->value % (m->nr_zones + 1);
		break;
	default:
		if (m->nr_features)
			m->features[edit->where % m->nr_features].value = (int64_t)number(edit, 1);
		break;
	}
}

/* A copy whose arrays can be edited; the rest is borrowed. */
static void *copy_of(const void *from, size_t bytes)
{
	void *copy = malloc(bytes + 1);

	if (!copy)
		abort();
	if (bytes)
		memcpy(copy, from, bytes);
	return copy;
}

int wild_header_create(const char *path, const struct trace_machine *machine, const struct wild_edit *edits,
		       size_t nr, struct trace_writer **ret, struct mmr_error *err)
{
	struct trace_machine m = *machine;
	int rc;

	m.zones = copy_of(m.zones, m.nr_zones * sizeof(*m.zones));
	m.features = copy_of(m.features, m.nr_features * sizeof(*m.features));
	m.cpu_node = copy_of(m.cpu_node, m.nr_cpus * sizeof(*m.cpu_node));
	m.node_distance = copy_of(m.node_distance, (size_t)m.nr_nodes * m.nr_nodes);
	for (size_t i = 0; i < nr; i++) {
		if (edits[i].what == WILD_ZONE && m.nr_zones)
			edit_zone(&m.zones[edits[i].where % m.nr_zones], &edits[i]);
		else if (edits[i].what == WILD_MACHINE)
			edit_machine(&m, &edits[i]);
	}
	rc = trace_writer_create(path, &m, NULL, ret, err);
	free(m.zones);
	free(m.features);
	free(m.cpu_node);
	free(m.node_distance);
	return rc;
}

void wild_header_losses(struct trace_writer *w, const struct trace_summary *summary,
			const struct wild_edit *edits, size_t nr)
{
	uint64_t span = summary->last_ns - summary->first_ns + 2;

	for (size_t i = 0; i < nr; i++) {
		const struct wild_edit *edit = &edits[i];
		struct mmr_error err = {0};
		struct trace_loss loss = {
			.cpu = edit->how & 1 ? UINT32_MAX : edit->where % 3,
			.begin_ns = summary->first_ns + edit->value % span,
			.nr_events = edit->how >> 1,
		};

		if (edit->what != WILD_LOSS)
			continue;
		loss.end_ns = edit->how & 2 ? loss.begin_ns + edit->where : edit->value;
		if (trace_writer_loss(w, &loss, &err))
			abort();
	}
}

uint16_t wild_header_policy(struct trace_writer *w, const struct wild_edit *edits, size_t nr, size_t event)
{
	struct mmr_error err = {0};
	uint16_t id = 0;

	for (size_t i = 0; i < nr; i++) {
		struct trace_policy policy = {
			.mode = (uint16_t)(edits[i].how & 1 ? edits[i].value : edits[i].value % 8),
			.flags = (uint16_t)(edits[i].how & 2 ? edits[i].value >> 8 : 0),
		};

		/* A row of events of one policy, as a task has it. */
		if (edits[i].what != WILD_POLICY || event < edits[i].where ||
		    event >= (size_t)edits[i].where + (edits[i].how >> 2))
			continue;
		policy.nodes[0] = edits[i].value >> 16 & (edits[i].how & 4 ? 0xffff : 3);
		policy.allowed[0] = edits[i].how & 8 ? edits[i].value >> 24 : ~0ull;
		if (trace_writer_policy(w, &policy, &id, &err))
			abort();
	}
	return id;
}
