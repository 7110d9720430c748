// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Replays of real recordings, from the compressed file to the last counter, in events per second:
 * with the core as `mmreplay run` has it by default, with jemalloc, with a plug-in where one is named, and with
 * a backend that does nothing, whose cost is the harness's own.
 */
#include "bench/bench.h"
#include "bench/loop.h"
#include "bench/works.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/engine/engine.h"
#include "replay/machines/profile_choice.h"

/* The settings `mmreplay run` uses where nobody asks for others. */
#define LATENCY_EVERY 64
#define NR_SAMPLES    200

/* One benchmark's argument; never freed, since benchmarks may run until the program ends. */
struct replay_case {
	const struct backend *backend;
	bool loop; /* the bare loop around it, in place of a replay */
	char *path;
};

struct replay {
	struct trace_reader *reader;
	struct machine machine;
	struct kernel_profile *profile;
	struct engine_options options;
};

static int replay_open(struct replay *replay, const struct replay_case *what, struct mmr_error *err)
{
	const struct trace_machine *recorded;
	bool exact;
	int rc = trace_reader_open(what->path, &replay->reader, err);

	if (rc)
		return rc;
	recorded = trace_reader_machine(replay->reader);
	rc = machine_from_trace(recorded, what->path, &replay->machine, err);
	if (rc)
		return rc;
	replay->options = (struct engine_options){
		.recorded = &replay->machine,
		.machine = &replay->machine,
		.backend = what->backend,
		.start = ENGINE_START_AUTO,
		.latency_every = LATENCY_EVERY,
		.nr_samples = NR_SAMPLES,
	};
	rc = profile_choose(NULL, NULL, recorded->kernel_release, &replay->profile, &exact, err);
	replay->options.profile = replay->profile;
	return rc;
}

static void replay_close(struct replay *replay)
{
	kernel_profile_destroy(replay->profile);
	machine_deinit(&replay->machine);
	trace_reader_close(replay->reader);
}

/* One pass over the trace on a new machine; making and destroying the machine is not measured. */
static int replay_pass(struct bench_state *st, struct replay *replay, struct mmr_error *err)
{
	struct engine *engine = NULL;
	int rc;

	bench_pause(st);
	trace_reader_rewind(replay->reader);
	rc = engine_create(replay->reader, &replay->options, &engine, err);
	bench_resume(st);
	if (!rc)
		rc = engine_run(engine, err);
	bench_pause(st);
	engine_destroy(engine);
	bench_resume(st);
	return rc;
}

static void replay_run(struct bench_state *st, const void *arg)
{
	const struct replay_case *what = arg;
	struct mmr_error err = {.msg = "stopped early"};
	struct replay replay = {0};
	int rc = replay_open(&replay, what, &err);

	if (!rc && what->loop) {
		struct mmr_machine_config config;

		machine_config(&replay.machine, replay.profile, &config);
		rc = bench_loop_run(st, replay.reader, &config, what->backend, &err);
		goto out;
	}
	while (!rc && bench_next_batch(st, (int64_t)trace_reader_summary(replay.reader)->nr_events))
		rc = replay_pass(st, &replay, &err);
out:
	if (rc)
		bench_fail(st, err.msg);
	bench_items(st, 1);
	replay_close(&replay);
}

static void case_register(const char *kind, const struct backend *backend, bool loop, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	struct replay_case *what = malloc(sizeof(*what));
	char *name;

	if (!what)
		return;
	what->backend = backend;
	what->loop = loop;
	what->path = strdup(path);
	if (!what->path ||
	    asprintf(&name, "replay/events/%s/%.*s", kind, (int)(strlen(base) - strlen(".mmt")), base) < 0) {
		free(what->path);
		free(what);
		return;
	}
	bench_register(name, replay_run, what);
	free(name);
}

/* What is measured of each recording; @plugin may be NULL. */
static void cases_register(const struct backend *plugin, const char *path)
{
	case_register("core", &backend_core, false, path);
	case_register("null", &backend_null, false, path);
	case_register("loop", &backend_core, true, path);
	case_register("jemalloc", &backend_jemalloc, false, path);
	if (!plugin)
		return;
	case_register("plugin", plugin, false, path);
	case_register("plugin_loop", plugin, true, path);
}

int bench_replay_register(const char *plugin_path, struct mmr_error *err)
{
	const char *env = getenv("MMREPLAY_SAMPLES"), *dir = env && env[0] ? env : MMR_SAMPLES_DIR;
	const struct backend *plugin = NULL; /* never closed: benchmarks may run until the program ends */
	char *pattern;
	glob_t found;
	int rc = plugin_path ? backend_plugin_open(plugin_path, &plugin, err) : 0;

	if (rc)
		return rc;
	if (asprintf(&pattern, "%s/*.mmt", dir) < 0)
		return mmr_err(err, -ENOMEM, "no memory to look for recordings");
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			cases_register(plugin, found.gl_pathv[i]);
		globfree(&found);
	} else {
		fprintf(stderr, "mmreplay-bench: %s: no recordings (*.mmt), so no replays\n", dir);
	}
	free(pattern);
	return 0;
}
