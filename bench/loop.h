/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A replay loop with nothing around it, to measure whole replays against. */
#ifndef MMR_BENCH_LOOP_H
#define MMR_BENCH_LOOP_H

#include "bench/bench.h"
#include "replay/engine/engine.h"

/**
 * bench_loop_run - the recording's requests on an empty machine of @config, decoded beforehand
 * @backend: the core, or one with functions of its own, whose pages are not checked here
 *
 * An iteration is one event of any kind, as in a whole replay. What a request frees before it was seen to be
 * allocated is passed over.
 * Return: 0; -EBADMSG a damaged recording; -ENOMEM; -errno of the backend's create().
 */
int bench_loop_run(struct bench_state *st, struct trace_reader *reader, const struct mmr_machine_config *config,
		   const struct backend *backend, struct mmr_error *err);

#endif
