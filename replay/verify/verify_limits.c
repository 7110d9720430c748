// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Marks and list sizes that were set anew during a recording: a sysctl was written, khugepaged started,
 * memory came or went. No event says so before 6.15, but what they became is known: the last keyframes
 * have the lists' sizes, and the kernel computes the marks from settings that the header has.
 */
#include <string.h>

#include "replay/verify/verify_internal.h"

const struct limits *verify_other_limits(const struct verify *v, const struct zone *zone, unsigned int cpu)
{
	size_t at = mmr_step_zone_id(zone) * v->nr_cpus + cpu;
	const struct limits *now = &v->limits[v->limit_set][at], *other = &v->limits[!v->limit_set][at];

	if (v->limits_known)
		return NULL;
	now = v->limits_fixed ? NULL : now;
	if (now && now->high_min == other->high_min && now->high_max == other->high_max &&
	    (now->high_max || now->high == other->high))
		return NULL;
	return other->high || other->high_max ? other : NULL;
}

/* What the kernel makes of the header's settings today; it may have set the marks up when less was known. */
int verify_compute_marks(struct verify *v, struct mmr_error *err)
{
	struct mmr_machine_config config;
	struct mmr_step_marks marks;
	struct machine fresh;
	struct mmr_machine *m;
	int rc = machine_from_trace(v->header, trace_reader_path(v->reader), &fresh, err);

	if (rc)
		return rc;
	for (unsigned int n = 0; n < fresh.nr_nodes; n++)
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
			fresh.nodes[n].zones[z].have_watermark = false;
	machine_config(&fresh, v->options.profile, &config);
	rc = mmr_machine_create(&config, &m, err);
	for (unsigned int n = 0; !rc && n < fresh.nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct zone *zone = mmr_step_named_zone(m, n, (enum zone_type)z);

			if (!zone)
				continue;
			mmr_step_marks(m, zone, &marks);
			memcpy(v->marks[LIMITS_LAST][mmr_step_zone_id(zone)], marks.watermark,
			       sizeof(marks.watermark));
			mmr_step_marks(v->core, mmr_step_named_zone(v->core, n, (enum zone_type)z), &marks);
			memcpy(v->marks[LIMITS_FIRST][mmr_step_zone_id(zone)], marks.watermark,
			       sizeof(marks.watermark));
		}
	}
	if (!rc)
		mmr_machine_destroy(m);
	machine_deinit(&fresh);
	return rc;
}

static void set_marks(struct verify *v, uint32_t (*marks)[NR_WMARK], uint32_t (*before)[NR_WMARK])
{
	for (unsigned int n = 0; n < v->recorded.nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct zone *zone = mmr_step_named_zone(v->core, n, (enum zone_type)z);
			struct mmr_step_marks now;

			if (!zone)
				continue;
			mmr_step_marks(v->core, zone, &now);
			if (before)
				memcpy(before[mmr_step_zone_id(zone)], now.watermark, sizeof(now.watermark));
			mmr_step_set_marks(zone, marks[mmr_step_zone_id(zone)]);
		}
	}
}

/* All zones and CPUs get their limits at once, and the marks they are made from. */
void verify_adopt_limits(struct verify *v)
{
	v->limit_set = !v->limit_set;
	v->limits_fixed = false;
	set_marks(v, v->marks[v->limit_set], NULL);
	for (unsigned int n = 0; n < v->recorded.nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct zone *zone = mmr_step_named_zone(v->core, n, (enum zone_type)z);

			for (unsigned int cpu = 0; zone && cpu < v->nr_cpus; cpu++) {
				const struct limits *limits =
					&v->limits[v->limit_set][mmr_step_zone_id(zone) * v->nr_cpus + cpu];
				struct mmr_pcp_state state;
				int32_t count;

				if (!limits->high && !limits->high_max)
					continue;
				mmr_step_pcp_read(zone, cpu, &state, &count);
				if (!limits->high_max)
					state.high = limits->high;
				state.high_min = limits->high_min;
				state.high_max = limits->high_max;
				mmr_step_pcp_write(zone, cpu, &state, count);
			}
		}
	}
}

void verify_fix_limits(struct verify *v, struct zone *zone, const struct mmr_pcp_state *fixed)
{
	v->limits_fixed = true;
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		struct mmr_pcp_state state;
		int32_t count;

		mmr_step_pcp_read(zone, cpu, &state, &count);
		if (!fixed->high_max)
			state.high = fixed->high;
		state.high_min = fixed->high_min;
		state.high_max = fixed->high_max;
		mmr_step_pcp_write(zone, cpu, &state, count);
	}
}

void verify_marks_of_size(struct verify *v, struct zone *zone, uint32_t high_min)
{
	const uint32_t *computed = v->marks[LIMITS_LAST][mmr_step_zone_id(zone)];
	unsigned int nid, nr_cpus = 0;
	struct mmr_step_marks marks;
	enum zone_type type;

	mmr_step_zone_name(zone, &nid, &type);
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++)
		nr_cpus += mmr_step_cpu_node(v->core, cpu) == nid;
	if (!nr_cpus)
		nr_cpus = v->nr_cpus;
	if (computed[WMARK_LOW] / nr_cpus == high_min) {
		mmr_step_set_marks(zone, computed);
	} else {
		uint32_t low;

		mmr_step_marks(v->core, zone, &marks);
		low = marks.watermark[WMARK_LOW];
		if (!low || low / nr_cpus == high_min)
			return;
		for (unsigned int i = 0; i < NR_WMARK; i++)
			marks.watermark[i] =
				(uint32_t)((uint64_t)marks.watermark[i] * high_min * nr_cpus / low);
		mmr_step_set_marks(zone, marks.watermark);
	}
	mmr_step_set_boost(zone, 0);
}

bool verify_try_marks(struct verify *v, const struct mmr_step_request *request)
{
	uint32_t before[MAX_MARKED_ZONES][NR_WMARK];

	if (v->max_zone_id > MAX_MARKED_ZONES || v->limits_known)
		return false;
	set_marks(v, v->marks[!v->limit_set], before);
	if (mmr_step_first_zone(v->core, request) == request->served) {
		verify_adopt_limits(v);
		return true;
	}
	set_marks(v, before, NULL);
	return false;
}
