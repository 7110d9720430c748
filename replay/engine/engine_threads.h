/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replay on several threads; engine_run() calls it where engine_options.nr_threads is above 1. */
#ifndef MMR_REPLAY_ENGINE_THREADS_H
#define MMR_REPLAY_ENGINE_THREADS_H

#include "core/locked.h"
#include "replay/engine/engine.h"

struct engine;

/** engine_run_threads - the whole trace. Return: as engine_run(). */
int engine_run_threads(struct engine *engine, struct mmr_error *err);

#endif
