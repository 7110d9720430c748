/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which runs a command line asks for: every combination of what it names more than one of. */
#ifndef MMR_REPLAY_RUN_PLAN_H
#define MMR_REPLAY_RUN_PLAN_H

#include "replay/engine/run_options.h"

/**
 * struct run_planned - one run
 * @options: its own, with one of each; @output in a folder of its own where there are several runs
 * @name: by what differs between the runs, joined by "+": trace, machine, kernel, settings, seed
 */
struct run_planned {
	struct run_options options;
	char *name, *output;
	const char **settings; /* [options.scenario.nr_settings], of which those in @own are this run's */
	char **own;
	unsigned int nr_own;
};

/** struct run_plan - all of them, traces outermost and seeds innermost */
struct run_plan {
	struct run_planned *runs;
	size_t nr;
};

/**
 * run_plan_create - from what the command line said
 * @options: borrowed until run_plan_destroy()
 * Return: 0; -EINVAL for more than RUN_PLAN_MAX; -ENOMEM.
 */
int run_plan_create(const struct run_options *options, struct run_plan *ret, struct mmr_error *err);
void run_plan_destroy(struct run_plan *plan);
#define RUN_PLAN_MAX 10000

#endif
