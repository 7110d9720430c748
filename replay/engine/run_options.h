/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of `mmreplay run`. */
#ifndef MMR_REPLAY_RUN_OPTIONS_H
#define MMR_REPLAY_RUN_OPTIONS_H

#include "replay/engine/engine.h"
#include "replay/scenario/scenario.h"

/** struct run_words - what was named more than once: list[nr], words of the command line */
struct run_words {
	const char **list;
	size_t nr;
};

/**
 * struct run_options - as asked for; NULL and 0 where nothing was
 * @trace, @machine, @kernel, @seed: of one run, as run_plan.h chooses them
 * @traces, @machines, @kernels, @seeds: all that were named
 * @jobs: how many processes at once
 * @backend: name or path;  @speed: 0 as fast as possible
 * @from_ns, @to_ns: since the first event; @warm_up_ns: after @from_ns
 * @repeat: how many replays;  @threads: on how many threads each
 */
struct run_options {
	const char *trace, *machine, *kernel, *output, *backend;
	struct run_words traces, machines, kernels;
	uint64_t *seeds;
	size_t nr_seeds;
	enum engine_start start;
	enum engine_reclaim reclaim;
	unsigned long latency_every, samples, repeat, threads, jobs;
	uint64_t seed, from_ns, to_ns, warm_up_ns;
	double speed;
	bool json, quiet;
	struct scenario_options scenario;
};

/** run_options_parse - fill @ret; ends the program with status 2 where the line makes no sense */
void run_options_parse(int argc, char **argv, struct run_options *ret);
void run_options_deinit(struct run_options *options);

#endif
