// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens at set times of a replay: samples, the vmstat workers, and the begin of measuring. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/step.h"
#include "replay/engine/engine_internal.h"

static uint64_t pcp_high(const struct engine *e, unsigned int nid, enum zone_type type)
{
	const struct zone *zone = mmr_step_named_zone(e->core, nid, type);
	uint64_t sum = 0;

	for (unsigned int cpu = 0; zone && cpu < e->options.machine->nr_cpus; cpu++) {
		struct mmr_pcp_state state;
		int32_t count;

		mmr_step_pcp_read(zone, cpu, &state, &count);
		sum += state.high;
	}
	return sum;
}

void engine_sample_zones(struct engine *e, uint64_t ts_ns)
{
	for (unsigned int n = 0; n < e->options.machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct mmr_zone_info info;
			struct zone_sample *sample;

			if (e->nr_samples == e->max_samples || !mmr_zone_read(e->core, n, z, &info))
				continue;
			sample = &e->samples[e->nr_samples++];
			*sample = (struct zone_sample){
				.ts_ns = ts_ns,
				.nid = (uint16_t)n,
				.zone = (uint8_t)z,
				.free_pages = info.nr_free_pages,
				.pcp_pages = info.nr_pcp_pages,
				.pcp_high = pcp_high(e, n, z),
				.nr_allocs = info.nr_allocs,
				.nr_extfrag = info.nr_extfrag,
			};
			for (unsigned int o = 0; o < NR_PAGE_ORDERS; o++)
				for (unsigned int t = 0; t < MIGRATE_TYPES; t++)
					sample->nr_free[o] += info.nr_free[o][t];
			usage_read(&e->usage, info.start_pfn, info.start_pfn + info.spanned_pages,
				   &sample->usage);
		}
	}
}

/* What has been counted so far is not of the part that is measured. */
static void begin_measuring(struct engine *e)
{
	uint64_t seen = 0, before_keyframe = e->counts.before_keyframe;
	struct mmr_zone_info info;

	for (int type = 0; type < TRACE_NR_PAGE_EVENTS; type++)
		seen += e->counts.recorded[type];
	e->counts = (struct engine_counts){.before_from = seen, .before_keyframe = before_keyframe};
	memset(e->latency, 0, NR_MMR_PATHS * sizeof(*e->latency));
	memset(e->lifetimes->counts, 0, sizeof(e->lifetimes->counts));
	memset(e->node_allocs, 0,
	       (size_t)e->options.machine->nr_nodes * e->options.machine->nr_nodes * sizeof(*e->node_allocs));
	mmr_counters_read(e->core, e->counters_before);
	for (unsigned int n = 0; n < e->options.machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			uint64_t *before = e->zone_before[n * MAX_NR_ZONES + z];

			if (!mmr_zone_read(e->core, n, z, &info))
				continue;
			before[0] = info.nr_allocs;
			before[1] = info.nr_alloc_pages;
		}
	}
	e->measure_ns = UINT64_MAX;
}

static uint64_t earliest(const struct engine *e)
{
	uint64_t ns = e->next_tick_ns < e->next_sample_ns ? e->next_tick_ns : e->next_sample_ns;
	uint64_t run_ns = vmstat_runs_due(&e->vmstat_runs), act_ns = recorded_acts_due(&e->recorded_acts);

	ns = run_ns < ns ? run_ns : ns;
	ns = act_ns < ns ? act_ns : ns;
	return e->measure_ns < ns ? e->measure_ns : ns;
}

/* Each node's kcompactd: it turns twice a second, and what it moved is settled before it moves more. */
static void turn_kcompactds(struct engine *e)
{
	const unsigned int turns = e->reclaim == ENGINE_RECLAIM_MODELLED ? 2 : 0;

	for (unsigned int turn = 0; turn < turns; turn++) {
		for (unsigned int nid = 0; nid < e->options.machine->nr_nodes; nid++) {
			mmr_kcompactd_turn(e->core, nid, 0, NULL);
			engine_settle(e);
		}
	}
}

/* The recorded runs that are due, each on the CPU that stands for the recorded one. */
static void run_vmstat_as_recorded(struct engine *e, uint64_t ts_ns)
{
	struct vmstat_runs *runs = &e->vmstat_runs;

	while (vmstat_runs_due(runs) <= ts_ns) {
		const struct vmstat_run *run = &runs->runs[runs->next++];
		unsigned int cpu = translate_cpu(&e->translate, run->cpu);

		if (run->pagesets)
			mmr_vmstat_update(e->core, cpu);
		else
			mmr_quiet_vmstat(e->core, cpu);
	}
}

static void tick_all(struct engine *e)
{
	for (unsigned int cpu = 0; cpu < e->options.machine->nr_cpus && !e->vmstat_runs.known; cpu++) {
		if (e->backend->kind == BACKEND_CORE)
			mmr_vmstat_update(e->core, cpu);
		else if (e->backend->kind == BACKEND_OPS && e->backend->tick)
			e->backend->tick(e->ctx, cpu);
	}
	if (e->pressure.owners) {
		engine_settle(e);
		turn_kcompactds(e);
	}
}

#define MAX_IDLE_TIMERS 4096

/* UINT64_MAX is never. */
static uint64_t later(uint64_t ns, uint64_t by)
{
	return by < UINT64_MAX - ns ? ns + by : UINT64_MAX;
}

/* What is due at @now_ns, and not before. */
static void run_due(struct engine *e, uint64_t now_ns)
{
	while (recorded_acts_due(&e->recorded_acts) <= now_ns)
		recorded_acts_next(&e->recorded_acts, e->core, e->options.machine->nr_cpus);
	run_vmstat_as_recorded(e, now_ns);
	if (now_ns >= e->next_tick_ns) {
		tick_all(e);
		e->next_tick_ns =
			later(e->next_tick_ns, (uint64_t)e->options.machine->sysctl.stat_interval_ms * 1000000);
	}
	if (now_ns >= e->measure_ns)
		begin_measuring(e);
	if (now_ns >= e->next_sample_ns) {
		engine_sample_zones(e, e->next_sample_ns - e->first_ns);
		e->next_sample_ns = later(e->next_sample_ns, e->sample_interval_ns);
	}
}

/* Nothing has happened for so long that another tick finds nothing to do. */
static void skip_ticks(struct engine *e, uint64_t ts_ns)
{
	uint64_t interval = (uint64_t)e->options.machine->sysctl.stat_interval_ms * 1000000;

	if (e->next_tick_ns <= ts_ns)
		e->next_tick_ns += (ts_ns - e->next_tick_ns) / interval * interval;
}

__attribute__((noinline)) void engine_run_timers(struct engine *e, uint64_t ts_ns)
{
	ts_ns -= ts_ns == UINT64_MAX;
	for (unsigned int nr = 0; ts_ns >= e->next_timer_ns; nr++) {
		if (nr == MAX_IDLE_TIMERS)
			skip_ticks(e, ts_ns);
		run_due(e, e->next_timer_ns);
		e->next_timer_ns = earliest(e);
	}
	e->last_ticks = clock_ticks();
}

/* What happens to the model when it happened to the kernel. */
static int read_recorded_acts(struct engine *e, struct mmr_error *err)
{
	const struct engine_options *o = &e->options;
	int rc = 0;

	if (e->backend->kind != BACKEND_CORE || e->translate.copies > 1)
		return 0;
	if (o->vmstat_as_recorded)
		rc = vmstat_runs_read(e->reader, &e->vmstat_runs, err);
	if (!rc && o->machine == o->recorded)
		rc = recorded_acts_read(e->reader, e->reclaim == ENGINE_RECLAIM_RECORDED, &e->recorded_acts,
					err);
	return rc;
}

int engine_init_timers(struct engine *e, struct mmr_error *err)
{
	const struct trace_summary *summary = trace_reader_summary(e->reader);
	const struct engine_options *o = &e->options;
	uint64_t last_ns = summary->last_ns + stream_longest_ns(e->stream);
	uint64_t interval = (uint64_t)o->machine->sysctl.stat_interval_ms * 1000000, begin;
	unsigned int nr = o->nr_samples ? o->nr_samples : 1;
	int rc;

	e->first_ns = summary->first_ns;
	e->end_ns = o->to_ns && o->to_ns < last_ns - e->first_ns ? e->first_ns + o->to_ns : last_ns;
	begin = e->first_ns + o->from_ns;
	if (o->from_ns && begin >= e->end_ns)
		return mmr_err(err, -EINVAL,
			       "%s: nothing to measure: it begins %.6f s after the first event, expected "
			       "earlier than the end at %.6f s",
			       trace_reader_path(e->reader), (double)o->from_ns / 1e9,
			       (double)(e->end_ns - e->first_ns) / 1e9);
	e->measure_ns = o->from_ns ? begin : UINT64_MAX;
	e->sample_interval_ns = (e->end_ns - begin) / nr + 1;
	e->next_sample_ns = begin;
	e->next_tick_ns = interval ? e->first_ns + interval : UINT64_MAX;
	e->next_timer_ns = e->first_ns;
	rc = read_recorded_acts(e, err);
	if (rc)
		return rc;
	e->max_samples = (size_t)(nr + 2) * o->machine->nr_nodes * MAX_NR_ZONES;
	e->samples = calloc(e->max_samples, sizeof(*e->samples));
	e->counters_before = calloc(1, sizeof(*e->counters_before));
	e->zone_before = calloc((size_t)o->machine->nr_nodes * MAX_NR_ZONES, sizeof(*e->zone_before));
	if (!e->samples || !e->counters_before || !e->zone_before)
		return mmr_err(err, -ENOMEM, "no memory for %zu samples", e->max_samples);
	return 0;
}
