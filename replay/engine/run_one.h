/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of `mmreplay run`: one trace on one machine under one kernel line, as often as asked. */
#ifndef MMR_REPLAY_RUN_ONE_H
#define MMR_REPLAY_RUN_ONE_H

#include <jansson.h>

#include "replay/engine/run_options.h"
#include "replay/jobs.h"

/**
 * run_one - prepare, replay, write the result where @options->output says
 * @tokens: replays after the first take those that are free and go into processes of their own; NULL for none
 * @summary: a new reference, also of a run that was stopped; NULL where there is none
 * Context: no other threads; notices go to stderr.
 * Return: 0; -EINTR with the summary of what was replayed; -errno otherwise.
 */
int run_one(const struct run_options *options, struct job_tokens *tokens, json_t **summary,
	    struct mmr_error *err);

#endif
