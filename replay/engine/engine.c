// SPDX-License-Identifier: GPL-2.0-or-later
/* A replay's life: made, run over a trace, asked, destroyed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "replay/engine/engine_internal.h"
#include "replay/engine/engine_threads.h"
#include "replay/result/resident.h"

const char *engine_reclaim_name(enum engine_reclaim reclaim)
{
	static const char *const names[] = {"auto", "recorded", "modelled", "none"};

	return names[reclaim];
}

/* ---- running ----------------------------------------------------------------------------------- */

static uint64_t thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* How many of the next events are to be replayed; sets e->ended where the rest is not. */
static size_t within_limits(struct engine *e, const struct trace_event *events, size_t nr)
{
	if (e->options.max_events && e->nr_done + nr >= e->options.max_events) {
		nr = (size_t)(e->options.max_events - e->nr_done);
		e->ended = true;
	}
	if (!e->options.to_ns || !nr || events[nr - 1].ts_ns < e->first_ns + e->options.to_ns)
		return nr;
	for (size_t i = 0; i < nr; i++) {
		if (events[i].ts_ns >= e->first_ns + e->options.to_ns) {
			e->ended = true;
			return i;
		}
	}
	return nr;
}

void engine_show_progress(const struct engine *e, uint64_t *next)
{
	uint64_t nr_events = trace_reader_summary(e->reader)->nr_events * e->translate.copies;

	if (!e->options.progress || e->nr_done < *next)
		return;
	e->options.progress((double)engine_nr_seen(e) / (double)(nr_events + 1), e->options.progress_ctx);
	*next = e->nr_done + 2000000;
}

/* Batch by batch. Return: as engine_run(). */
static int run_batches(struct engine *e, struct mmr_error *err)
{
	uint64_t next_progress = 0, before_ns = thread_cpu_ns(), now_ns;
	const struct trace_event *events;
	ssize_t nr = 0;
	int rc = 0;

	while (!rc && !e->ended && (nr = stream_next(e->stream, &events, err)) > 0) {
		size_t take = within_limits(e, events, (size_t)nr);

		rc = engine_check_batch(e, events, take, err);
		if (rc)
			break;
		now_ns = thread_cpu_ns();
		e->times.decode_ns += now_ns - before_ns;
		rc = engine_replay_batch(e, events, take, err);
		before_ns = thread_cpu_ns();
		e->times.replay_ns += before_ns - now_ns;
		engine_show_progress(e, &next_progress);
		if (e->options.stop && *e->options.stop) {
			rc = rc ? rc : 1;
			break;
		}
	}
	return !rc && nr < 0 ? (int)nr : rc;
}

int engine_run(struct engine *e, struct mmr_error *err)
{
	uint64_t begin_ns = clock_now_ns(), begin_cpu_ns = thread_cpu_ns(), end_ns = e->end_ns;
	int rc;

	engine_pace_begin(e);
	rc = e->options.nr_threads > 1 ? engine_run_threads(e, err) : run_batches(e, err);
	engine_end_areas(e);
	engine_count_recorded(e);
	e->times.nr_events = e->nr_done;
	e->times.wall_ns = clock_now_ns() - begin_ns;
	e->times.cpu_ns += thread_cpu_ns() - begin_cpu_ns;
	/* Timers between the last event and the end of the stretch are due. */
	if (!rc && e->next_timer_ns < end_ns)
		engine_run_timers(e, end_ns);
	engine_sample_zones(e, end_ns - e->first_ns);
	return rc;
}

/* ---- life -------------------------------------------------------------------------------------- */

static uint32_t end_of(const struct machine *machine)
{
	uint32_t end = 1;

	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *zone = &machine->nodes[n].zones[z];

			if (zone->spanned_pages && zone->start_pfn + zone->spanned_pages > end)
				end = zone->start_pfn + zone->spanned_pages;
		}
	}
	return end;
}

static int init_metrics(struct engine *e, struct mmr_error *err)
{
	const struct machine *machine = e->options.machine;
	uint32_t end = end_of(machine), recorded_end = end_of(e->options.recorded);
	const struct trace_summary *summary = trace_reader_summary(e->reader);
	int rc;

	if (e->translate.copies > 1)
		recorded_end = e->translate.copies * e->translate.copy_pages;
	rc = live_map_init(&e->map, recorded_end, err);
	rc = rc ? rc : usage_init(&e->usage, recorded_end > end ? recorded_end : end, err);
	rc = rc ? rc : engine_init_timers(e, err);
	if (rc)
		return rc;
	e->latency = calloc(NR_MMR_PATHS, sizeof(*e->latency));
	e->lifetimes = calloc(1, sizeof(*e->lifetimes));
	e->classes = calloc(UINT16_MAX + 1, sizeof(*e->classes));
	e->node_allocs = calloc((size_t)machine->nr_nodes * machine->nr_nodes, sizeof(*e->node_allocs));
	e->node_row = calloc(machine->nr_cpus, sizeof(*e->node_row));
	if (!e->latency || !e->lifetimes || !e->classes || !e->node_allocs || !e->node_row ||
	    engine_init_chosen(e))
		return mmr_err(err, -ENOMEM, "no memory for the metrics");
	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++)
		e->node_row[cpu] = machine->cpu_node[cpu] * machine->nr_nodes;
	e->lifetimes->shift = e->birth_shift = lifetimes_unit(summary->last_ns - summary->first_ns);
	e->clock = e->options.clock.ns_per_tick > 0 ? e->options.clock : clock_calibrate();
	e->until_stamp = e->options.latency_every; /* 0 counts down from 2^32: practically never */
	e->stamping = e->options.speed > 0            ? STAMP_INTENDED
		      : e->options.latency_every == 1 ? STAMP_CHAIN
						      : STAMP_PAIRS;
	return 0;
}

static void choose_reclaim(struct engine *e)
{
	bool same = e->options.machine == e->options.recorded;

	e->reclaim = e->options.reclaim;
	if (e->reclaim == ENGINE_RECLAIM_AUTO)
		e->reclaim = same || e->options.nr_threads > 1 || e->backend->kind != BACKEND_CORE
				     ? ENGINE_RECLAIM_RECORDED
				     : ENGINE_RECLAIM_MODELLED;
	e->drops_kernel_made = e->reclaim != ENGINE_RECLAIM_RECORDED;
}

static int create_backend(struct engine *e, struct mmr_error *err)
{
	struct mmr_machine_config config;
	int rc;

	machine_config(e->options.machine, e->options.profile, &config);
	config.shuffle_seed = e->options.seed;
	if (e->reclaim == ENGINE_RECLAIM_MODELLED) {
		config.reclaim = MMR_RECLAIM_DEFAULT;
		config.compaction = MMR_COMPACTION_DEFAULT;
		if (e->options.kswapd_as_recorded) {
			rc = kswapd_pace_read(e->reader, e->options.machine->nr_nodes, &e->pressure.kswapd_pace,
					      err);
			if (rc)
				return rc;
		}
		config.reclaim.paced = e->pressure.kswapd_pace.mean > 0;
	}
	rc = mmr_machine_create(&config, &e->core, err);
	if (rc || e->backend->kind != BACKEND_OPS)
		return rc;
	rc = backend_guard_init(&e->guard, &config, err);
	if (rc)
		return rc;
	rc = e->backend->create(e->backend, &config, e->options.seed, &e->ctx, err);
	if (rc)
		mmr_err_prefix(err, "backend %s", e->backend->name);
	return rc;
}

/* The recording's copies, where their CPUs are, and what its tasks are told. */
static int apply_scenario(struct engine *e, struct mmr_error *err)
{
	static const struct stream_options one = {.copies = 1};
	const struct scenario *s = e->options.scenario;
	const struct trace_task *tasks;
	uint32_t nr_tasks;
	int rc = stream_create(e->reader, e->options.recorded, s ? &s->stream : &one, &e->stream, err);

	if (rc || !s)
		return rc;
	rc = translate_place(&e->translate, e->options.machine, s->placement, s->map, s->stream.copies,
			     stream_copy_pages(e->stream), err);
	if (rc || !s->nr_rules || e->backend->kind == BACKEND_NULL)
		return rc;
	if (e->backend->kind == BACKEND_OPS)
		return mmr_err(err, -EINVAL,
			       "backend %s: knows no memory policies and cpusets, which %s asks for",
			       e->backend->name, s->rules[0].origin);
	tasks = trace_reader_tasks(e->reader, &nr_tasks);
	rc = task_places_create(s->rules, s->nr_rules, tasks, nr_tasks, s->stream.copies,
				e->options.recorded->nr_cpus, e->options.machine, &e->tasks, err);
	e->translate.tasks = e->tasks;
	return rc;
}

int engine_create(struct trace_reader *reader, const struct engine_options *options, struct engine **ret,
		  struct mmr_error *err)
{
	struct engine *e = calloc(1, sizeof(*e));
	int rc;

	if (!e)
		return mmr_err(err, -ENOMEM, "no memory for the engine");
	e->reader = reader;
	e->options = *options;
	e->backend = options->backend;
	trace_reader_rewind(reader);
	choose_reclaim(e);
	rc = create_backend(e, err);
	rc = rc ? rc : translate_init(&e->translate, reader, options->recorded, options->machine, err);
	rc = rc ? rc : apply_scenario(e, err);
	/* On threads each page goes its own way. */
	if (!rc && e->backend->kind == BACKEND_CORE && options->nr_threads <= 1)
		rc = vmalloc_areas_init(&e->areas, options->profile, reader, end_of(options->recorded), err);
	rc = rc ? rc : init_metrics(e, err);
	rc = rc ? rc : engine_init_pressure(e, err);
	rc = rc ? rc : engine_choose_start(e, err);
	rc = rc ? rc : machine_begin(options->machine, e->core, err);
	if (rc) {
		engine_destroy(e);
		return rc;
	}
	engine_count_usage(e);
	*ret = e;
	return 0;
}

void engine_destroy(struct engine *e)
{
	if (!e)
		return;
	if (e->ctx)
		e->backend->destroy(e->ctx);
	backend_guard_deinit(&e->guard);
	mmr_machine_destroy(e->core);
	translate_deinit(&e->translate);
	task_places_destroy(e->tasks);
	stream_destroy(e->stream);
	vmalloc_areas_deinit(&e->areas);
	engine_deinit_pressure(e);
	live_map_deinit(&e->map);
	usage_deinit(&e->usage);
	free(e->classes);
	free(e->chosen);
	free(e->zone_starts);
	free(e->latency);
	free(e->lifetimes);
	free(e->node_allocs);
	free(e->node_row);
	free(e->samples);
	vmstat_runs_deinit(&e->vmstat_runs);
	recorded_acts_deinit(&e->recorded_acts);
	free(e->counters_before);
	free(e->zone_before);
	free(e->lock_times);
	free(e);
}

/* ---- what it found ----------------------------------------------------------------------------- */

void engine_counts(const struct engine *e, struct engine_counts *ret)
{
	*ret = e->counts;
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		ret->allocs += ret->asked[order];
		ret->failed += ret->refused[order];
		ret->frees += ret->given_back[order];
		ret->alloc_pages += (ret->asked[order] - ret->refused[order]) << order;
	}
}

void engine_counters(const struct engine *e, struct mmr_counters *ret)
{
	uint64_t words[sizeof(*ret) / sizeof(uint64_t)], before[sizeof(*ret) / sizeof(uint64_t)];

	_Static_assert(sizeof(words) == sizeof(*ret), "counters are words, every one of them a sum");
	mmr_counters_read(e->core, ret);
	memcpy(words, ret, sizeof(words));
	memcpy(before, e->counters_before, sizeof(before));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		words[i] -= before[i];
	memcpy(ret, words, sizeof(words));
}

bool engine_zone_read(const struct engine *e, unsigned int nid, enum zone_type zone, struct mmr_zone_info *ret)
{
	const uint64_t *before;

	if (!mmr_zone_read(e->core, nid, zone, ret))
		return false;
	before = e->zone_before[nid * MAX_NR_ZONES + zone];
	ret->nr_allocs -= before[0];
	ret->nr_alloc_pages -= before[1];
	return true;
}

const struct mmr_machine *engine_machine(const struct engine *e)
{
	return e->core;
}

const struct hist *engine_latency(const struct engine *e, enum mmr_path path)
{
	return &e->latency[path];
}

struct clock_rate engine_clock(const struct engine *e)
{
	return e->clock;
}

const struct zone_sample *engine_samples(const struct engine *e, size_t *nr)
{
	*nr = e->nr_samples;
	return e->samples;
}

const struct translate *engine_translate(const struct engine *e)
{
	return &e->translate;
}

enum engine_start engine_start(const struct engine *e)
{
	return e->start;
}

enum engine_reclaim engine_reclaim(const struct engine *e)
{
	return e->reclaim;
}

const struct lifetimes *engine_lifetimes(const struct engine *e)
{
	return e->lifetimes;
}

uint64_t engine_node_allocs(const struct engine *e, unsigned int from, unsigned int to)
{
	return e->node_allocs[(size_t)from * e->options.machine->nr_nodes + to];
}

const struct mmr_lock_times *engine_lock_times(const struct engine *e, unsigned int nid, enum zone_type zone)
{
	return e->lock_times ? &e->lock_times[nid * MAX_NR_ZONES + zone] : NULL;
}

bool engine_lacks_state(const struct engine *e)
{
	return e->lacks_state;
}

unsigned int engine_nr_zones_missing(const struct engine *e)
{
	return e->nr_zones_missing;
}

uint64_t engine_nr_start_conflicts(const struct engine *e)
{
	return e->nr_start_conflicts;
}

uint64_t engine_live_pages_max(const struct engine *e)
{
	return e->map.nr_pages_max;
}

void engine_memory(const struct engine *e, struct engine_memory *ret)
{
	struct mmr_metadata_spans spans;

	mmr_metadata_spans(e->core, &spans);
	*ret = (struct engine_memory){
		.page_records = resident_bytes(spans.page_records.memory, spans.page_records.bytes),
		.machine_tables = resident_bytes(spans.max_blocks.memory, spans.max_blocks.bytes) +
				  resident_bytes(spans.pageblocks.memory, spans.pageblocks.bytes),
		.live_map = live_map_bytes(&e->map),
		.touched_pages = mmr_pages_with_records(e->core),
	};
	if (!e->ctx)
		return;
	ret->machine_tables = 0;
	ret->page_records = e->backend->bytes ? e->backend->bytes(e->ctx) : 0;
}

struct engine_times engine_times(const struct engine *e)
{
	return e->times;
}

uint64_t engine_start_checksum(const struct engine *e)
{
	return e->start_checksum;
}

const struct state_figures *engine_start_figures(const struct engine *e)
{
	return &e->start_figures;
}

uint64_t engine_copy_offset_ns(const struct engine *e, unsigned int copy)
{
	return stream_offset_ns(e->stream, copy);
}
