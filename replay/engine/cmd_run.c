// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay run: replay a trace's requests on a machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/arena.h"
#include "replay/commands.h"
#include "replay/engine/run_options.h"
#include "replay/engine/start_file.h"
#include "replay/machines/profile_choice.h"
#include "replay/result/result.h"
#include "replay/stop_signal.h"

#define HARNESS_EVENTS 1000000 /* enough to tell what the harness costs, 20 ms */
#define HARNESS_ROUNDS 2

static void show_progress(double share, void *ctx)
{
	fprintf(stderr, "\rmmreplay run: %3.0f %%", 100 * share);
}

/* struct run - one invocation; @timings: [nr_timings], one for each replay */
struct run {
	struct run_options options;
	struct engine_options engine_options;
	struct trace_reader *reader;
	struct machine recorded, other;
	struct scenario scenario;
	struct kernel_profile *profile;
	const struct backend *backend;
	struct engine *engine;
	struct result_timing *timings;
	unsigned int nr_timings;
	double harness_ns;
	char *stable; /* of the first replay: what must be the same in all */
	int arena;
};

static void fill_engine_options(struct run *run)
{
	const struct run_options *o = &run->options;

	run->engine_options = (struct engine_options){
		.recorded = &run->recorded,
		.machine = run->other.name ? &run->other : &run->recorded,
		.scenario = &run->scenario,
		.backend = run->backend,
		.start = o->start,
		.reclaim = o->reclaim,
		.seed = o->seed,
		.latency_every = (unsigned int)o->latency_every,
		.clock = clock_calibrate(),
		.nr_samples = (unsigned int)o->samples,
		.vmstat_as_recorded = true,
		.kswapd_as_recorded = true,
		.speed = o->speed,
		.nr_threads = (unsigned int)o->threads,
		.from_ns = o->from_ns + o->warm_up_ns,
		.to_ns = o->to_ns,
		.stop = &stop_signal,
		.progress = !o->quiet && isatty(STDERR_FILENO) ? show_progress : NULL,
	};
}

/* Another machine, or the recorded one with changes. */
static int choose_machine(struct run *run, struct mmr_error *err)
{
	const struct run_options *o = &run->options;
	int rc = 0;

	if (!o->machine && !machine_managed_pages(&run->recorded))
		return mmr_err(err, -EINVAL,
			       "%s: the recording does not tell its machine's memory, expected --machine, e.g. "
			       "-m laptop",
			       o->trace);
	if (o->machine)
		rc = machine_load(o->machine, &run->other, err);
	else if (scenario_changes_machine(&o->scenario))
		rc = machine_from_trace(trace_reader_machine(run->reader), o->trace, &run->other, err);
	return rc ? rc
		  : scenario_create(&o->scenario, o->seed, run->other.name ? &run->other : &run->recorded,
				    !o->machine, &run->scenario, err);
}

static int prepare(struct run *run, struct mmr_error *err)
{
	const struct run_options *o = &run->options;
	const char *release;
	bool exact;
	int rc = trace_reader_open(o->trace, &run->reader, err);

	rc = rc ? rc : machine_from_trace(trace_reader_machine(run->reader), o->trace, &run->recorded, err);
	rc = rc ? rc : choose_machine(run, err);
	rc = rc ? rc : backend_open(o->backend, &run->backend, err);
	if (rc)
		return rc;
	fill_engine_options(run);
	release = trace_reader_machine(run->reader)->kernel_release;
	rc = profile_choose(o->kernel, run->engine_options.machine->kernel, release, &run->profile, &exact,
			    err);
	if (rc)
		return rc;
	run->engine_options.profile = run->profile;
	if (trace_machine_feature(trace_reader_machine(run->reader), TRACE_FEATURE_PARTIAL))
		fprintf(stderr,
			"mmreplay run: %s: a partial recording (it was made with a filter): the requests it "
			"leaves "
			"out are not replayed, so the model's memory is emptier than the machine's was\n",
			o->trace);
	if (!exact && !o->quiet)
		fprintf(stderr, "mmreplay run: recorded on kernel %s; the nearest profile is %s\n", release,
			kernel_profile_name(run->profile));
	rc = o->output ? result_make_dir(o->output, err) : 0;
	if (rc)
		return rc;
	run->timings = calloc(o->repeat, sizeof(*run->timings));
	return run->timings ? 0 : mmr_err(err, -ENOMEM, "no memory for %lu replays", o->repeat);
}

/* ---- replaying --------------------------------------------------------------------------------- */

static struct result_context context(const struct run *run)
{
	struct result_context ctx = {
		.reader = run->reader,
		.engine = run->engine,
		.options = &run->engine_options,
		.kernel_profile = kernel_profile_name(run->profile),
		.seed = run->options.seed,
		.heap_bytes = arena_bytes(run->arena),
		.stopped = stop_signal != 0,
		.harness_ns = run->harness_ns,
		.timings = run->timings,
		.nr_timings = run->nr_timings,
	};

	engine_counts(run->engine, &ctx.counts);
	return ctx;
}

/* The same trace, machine, profile and seed must give the same, whatever was timed. */
static int same_as_before(struct run *run, struct mmr_error *err)
{
	const struct result_context ctx = context(run);
	json_t *summary = result_summary(&ctx);
	char *stable;
	int rc = 0;

	json_object_del(summary, "latency_ns");
	json_object_del(summary, "replay");
	stable = json_dumps(summary, JSON_COMPACT);
	json_decref(summary);
	if (!stable)
		return mmr_err(err, -ENOMEM, "no memory to compare replays");
	if (!run->stable) {
		run->stable = stable;
		return 0;
	}
	if (strcmp(stable, run->stable) != 0)
		rc = mmr_err(err, -EUCLEAN, "%s: replay %u differs from the first, expected the same results",
			     run->options.trace, run->nr_timings);
	free(stable);
	return rc;
}

/* Return: as engine_run(). */
static int replay_once(struct run *run, struct mmr_error *err)
{
	int rc;

	engine_destroy(run->engine);
	run->engine = NULL;
	rc = engine_create(run->reader, &run->engine_options, &run->engine, err);
	if (rc)
		return rc;
	rc = engine_run(run->engine, err);
	if (run->engine_options.progress)
		fprintf(stderr, "\r\033[K");
	if (rc < 0)
		return rc;
	run->timings[run->nr_timings++] = result_timing(run->engine);
	if (!rc && run->options.repeat > 1 && run->options.threads == 1)
		rc = same_as_before(run, err);
	return rc;
}

/*
 * What of a replay's time is the harness's: the trace's first events on a backend that does nothing, read
 * and decoded likewise, and the best of two rounds, since only the harness itself is meant.
 */
static int measure_harness(struct run *run, struct mmr_error *err)
{
	struct engine_options options = run->engine_options;

	options.backend = &backend_null;
	options.start = ENGINE_START_EMPTY;
	options.reclaim = ENGINE_RECLAIM_RECORDED;
	options.speed = 0;
	options.nr_threads = 1;
	options.from_ns = options.to_ns = 0;
	options.max_events = HARNESS_EVENTS;
	options.progress = NULL;
	for (int round = 0; round < HARNESS_ROUNDS && !stop_signal; round++) {
		struct engine *engine;
		struct result_timing timing;
		int rc = engine_create(run->reader, &options, &engine, err);

		if (rc)
			return rc;
		rc = engine_run(engine, err);
		timing = result_timing(engine);
		engine_destroy(engine);
		if (rc < 0)
			return rc;
		if (!round || timing.replay_ns_per_event < run->harness_ns)
			run->harness_ns = timing.replay_ns_per_event;
	}
	return 0;
}

static int report(const struct run *run, struct mmr_error *err)
{
	const struct run_options *o = &run->options;
	const struct result_context ctx = context(run);
	json_t *summary = result_summary(&ctx);
	int rc = 0;

	if (!summary)
		return mmr_err(err, -ENOMEM, "no memory for the summary");
	if (o->output)
		rc = result_write(o->output, &ctx, summary, err);
	if (o->json) {
		json_dumpf(summary, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
		putchar('\n');
	} else if (!o->quiet) {
		const char *name = o->output ? o->output : json_string_value(json_object_get(summary, "trace"));

		result_print(&summary, &name, 1);
	}
	json_decref(summary);
	if (!rc && (fflush(stdout) || ferror(stdout)))
		rc = mmr_err(err, -EIO, "standard output: cannot write: %s", strerror(errno));
	return rc;
}

static int save_state(const struct run *run, struct mmr_error *err)
{
	const char *path = run->options.scenario.save_state;

	if (run->backend->kind != BACKEND_CORE)
		return mmr_err(err, -EINVAL, "--save-state %s: backend %s has no state to keep, expected core",
			       path, run->backend->name);
	return start_save(path, engine_machine(run->engine), NULL, err);
}

static int replay_all(struct run *run, struct mmr_error *err)
{
	int ran = 0, rc;

	for (unsigned long i = 0; i < run->options.repeat && !ran; i++)
		ran = replay_once(run, err);
	if (ran < 0)
		return ran;
	rc = ran ? 0 : measure_harness(run, err);
	if (!rc && run->options.scenario.save_state)
		rc = save_state(run, err);
	rc = rc ? rc : report(run, err);
	if (!rc && ran)
		rc = mmr_err(err, -EINTR, "%s: stopped by a signal; results cover what was replayed",
			     run->options.trace);
	return rc;
}

int cmd_run(int argc, char **argv)
{
	struct run run = {.arena = -1};
	struct mmr_error err = {0};
	int rc;

	run_options_parse(argc, argv, &run.options);
	stop_signal_catch();
	run.arena = arena_enter();
	rc = prepare(&run, &err);
	rc = rc ? rc : replay_all(&run, &err);
	if (rc)
		fprintf(stderr, "mmreplay run: %s\n", err.msg);
	engine_destroy(run.engine);
	backend_close(run.backend);
	scenario_deinit(&run.scenario);
	scenario_options_deinit(&run.options.scenario);
	kernel_profile_destroy(run.profile);
	machine_deinit(&run.other);
	machine_deinit(&run.recorded);
	trace_reader_close(run.reader);
	free(run.timings);
	free(run.stable);
	return rc ? EXIT_FAILED : EXIT_OK;
}
