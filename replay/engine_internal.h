/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine's files share. */
#ifndef MMR_REPLAY_ENGINE_INTERNAL_H
#define MMR_REPLAY_ENGINE_INTERNAL_H

#include "replay/engine.h"
#include "replay/live_map.h"

/* Events of a zone before its keyframe are already in the starting state. */
struct zone_start {
	uint32_t start_pfn, end_pfn;
	uint64_t ts_ns;
};

struct engine {
	struct trace_reader *reader;
	struct engine_options options;
	enum engine_start start;
	struct mmr_machine *core;
	struct live_map map;
	struct translate translate;
	struct engine_counts counts;
	gfp_t *class_gfp; /* by class id */
	uint32_t nr_classes;
	struct zone_start *zone_starts;
	unsigned int nr_zone_starts, nr_zones_missing;
	uint64_t nr_start_conflicts;
	uint64_t all_started_ns; /* every zone's keyframe lies before this time */
	struct clock_rate clock;
	unsigned int until_stamp;
	struct hist *latency; /* [NR_MMR_PATHS] */
	struct zone_sample *samples;
	size_t nr_samples, max_samples;
	uint64_t first_ns, sample_interval_ns, next_sample_ns, next_tick_ns, next_timer_ns;
	uint64_t wall_ns;
};

/* ---- engine_start.c -------------------------------------------------------------------------- */

int engine_choose_start(struct engine *e, struct mmr_error *err);

/* ---- engine_sample.c ------------------------------------------------------------------------- */

void engine_sample_zones(struct engine *e, uint64_t ts_ns);
/* Timers due at @ts_ns: the vmstat worker of every CPU, and the samples. */
void engine_run_timers(struct engine *e, uint64_t ts_ns);

/* ---- engine_events.c ------------------------------------------------------------------------- */

int engine_replay_batch(struct engine *e, const struct trace_event *events, size_t nr, struct mmr_error *err);

#endif
