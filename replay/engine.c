// SPDX-License-Identifier: GPL-2.0-or-later
/* A replay's life: made, run over a trace, asked, destroyed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/engine_internal.h"

int engine_run(struct engine *e, struct mmr_error *err)
{
	const struct trace_summary *summary = trace_reader_summary(e->reader);
	uint64_t begin_ns = clock_now_ns(), done = 0, next_progress = 0;
	const struct trace_event *events;
	ssize_t nr;

	while ((nr = trace_reader_next(e->reader, &events, err)) > 0) {
		int rc = engine_replay_batch(e, events, (size_t)nr, err);

		if (rc) {
			nr = rc;
			break;
		}
		done += (uint64_t)nr;
		if (e->options.stop && *e->options.stop)
			break;
		if (e->options.progress && done >= next_progress) {
			e->options.progress((double)done / (double)(summary->nr_events + 1),
					    e->options.progress_ctx);
			next_progress = done + 2000000;
		}
	}
	e->wall_ns = clock_now_ns() - begin_ns;
	engine_sample_zones(e, summary->last_ns - e->first_ns);
	if (nr < 0)
		return (int)nr;
	return nr > 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int init_metrics(struct engine *e, struct mmr_error *err)
{
	const struct trace_summary *summary = trace_reader_summary(e->reader);
	uint64_t interval = (uint64_t)e->options.machine->sysctl.stat_interval_ms * 1000000;
	unsigned int nr = e->options.nr_samples ? e->options.nr_samples : 1;

	e->first_ns = summary->first_ns;
	e->sample_interval_ns = (summary->last_ns - summary->first_ns) / nr + 1;
	e->next_sample_ns = e->first_ns;
	e->next_tick_ns = interval ? e->first_ns + interval : UINT64_MAX;
	e->next_timer_ns = e->first_ns;
	e->max_samples = (size_t)(nr + 2) * e->options.machine->nr_nodes * MAX_NR_ZONES;
	e->samples = calloc(e->max_samples, sizeof(*e->samples));
	e->latency = calloc(NR_MMR_PATHS, sizeof(*e->latency));
	e->class_gfp = calloc(UINT16_MAX + 1, sizeof(*e->class_gfp));
	if (!e->samples || !e->latency || !e->class_gfp)
		return mmr_err(err, -ENOMEM, "no memory for the metrics");
	e->clock = clock_calibrate();
	e->until_stamp = e->options.latency_every; /* 0 counts down from 2^32: practically never */
	return 0;
}

int engine_create(struct trace_reader *reader, const struct engine_options *options, struct engine **ret,
		  struct mmr_error *err)
{
	struct engine *e = calloc(1, sizeof(*e));
	struct mmr_machine_config config;
	int rc;

	if (!e)
		return mmr_err(err, -ENOMEM, "no memory for the engine");
	e->reader = reader;
	e->options = *options;
	trace_reader_rewind(reader);
	machine_config(options->machine, options->profile, &config);
	rc = mmr_machine_create(&config, &e->core, err);
	rc = rc ? rc : translate_init(&e->translate, reader, options->recorded, options->machine, err);
	rc = rc ? rc : live_map_init(&e->map, err);
	rc = rc ? rc : init_metrics(e, err);
	rc = rc ? rc : engine_choose_start(e, err);
	if (rc) {
		engine_destroy(e);
		return rc;
	}
	*ret = e;
	return 0;
}

void engine_destroy(struct engine *e)
{
	if (!e)
		return;
	mmr_machine_destroy(e->core);
	translate_deinit(&e->translate);
	live_map_deinit(&e->map);
	free(e->class_gfp);
	free(e->zone_starts);
	free(e->latency);
	free(e->samples);
	free(e);
}

const struct engine_counts *engine_counts(const struct engine *e)
{
	return &e->counts;
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

uint64_t engine_bytes(const struct engine *e, uint64_t *touched)
{
	*touched = mmr_touched_pages(e->core);
	return mmr_metadata_bytes(e->core, NULL) + live_map_bytes(&e->map);
}

uint64_t engine_wall_ns(const struct engine *e)
{
	return e->wall_ns;
}
