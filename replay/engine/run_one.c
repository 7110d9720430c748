// SPDX-License-Identifier: GPL-2.0-or-later
/* One run: made ready, replayed as often as asked, its result written. */
#include "replay/engine/run_one.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "replay/arena.h"
#include "replay/engine/run_repeats.h"
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

/* struct run - one run; @timings: [nr_timings], one for each replay */
struct run {
	const struct run_options *options;
	struct job_tokens *tokens;
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
	uint64_t stable; /* of the first replay: what must be the same in all */
	int arena;
};

static void fill_engine_options(struct run *run)
{
	const struct run_options *o = run->options;

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
	const struct run_options *o = run->options;
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
	const struct run_options *o = run->options;
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
		.seed = run->options->seed,
		.heap_bytes = arena_bytes(run->arena),
		.stopped = stop_signal != 0,
		.harness_ns = run->harness_ns,
		.timings = run->timings,
		.nr_timings = run->nr_timings,
	};

	engine_counts(run->engine, &ctx.counts);
	return ctx;
}

/* Of what must be the same for the same trace, machine, profile and seed, whatever was timed. */
static int stable_checksum(const struct run *run, uint64_t *checksum, struct mmr_error *err)
{
	const struct result_context ctx = context(run);
	json_t *summary = result_summary(&ctx);
	char *stable;

	json_object_del(summary, "latency_ns");
	json_object_del(summary, "replay");
	stable = json_dumps(summary, JSON_COMPACT);
	json_decref(summary);
	if (!stable)
		return mmr_err(err, -ENOMEM, "no memory to compare replays");
	*checksum = XXH3_64bits(stable, strlen(stable));
	free(stable);
	return 0;
}

/* Replay once, in this process or in another. Sets @said. */
static void replay_once(void *ctx, struct repeat_said *said)
{
	struct run *run = ctx;
	struct mmr_error err = {0};
	int rc;

	engine_destroy(run->engine);
	run->engine = NULL;
	rc = engine_create(run->reader, &run->engine_options, &run->engine, &err);
	rc = rc ? rc : engine_run(run->engine, &err);
	if (run->engine_options.progress)
		fprintf(stderr, "\r\033[K");
	if (rc >= 0)
		said->timing = result_timing(run->engine);
	if (!rc && run->options->repeat > 1)
		rc = stable_checksum(run, &said->stable, &err);
	said->rc = rc;
	snprintf(said->message, sizeof(said->message), "%s", err.msg);
}

/* Return: as engine_run(). */
static int take_in(struct run *run, const struct repeat_said *said, struct mmr_error *err)
{
	if (said->rc < 0)
		return mmr_err(err, said->rc, "%s", said->message);
	run->timings[run->nr_timings++] = said->timing;
	if (said->rc || run->options->threads > 1)
		return said->rc;
	if (run->nr_timings == 1)
		run->stable = said->stable;
	if (said->stable == run->stable)
		return 0;
	return mmr_err(err, -EUCLEAN, "%s: replay %u differs from the first, expected the same results",
		       run->options->trace, run->nr_timings);
}

/*
 * Replay as often as asked: here, and beside it wherever there is a token.
 * Return: as engine_run(), of the first that did not do well.
 */
static int replay_all(struct run *run, struct mmr_error *err)
{
	const unsigned long nr = run->options->repeat;
	struct repeat *beside = calloc(nr, sizeof(*beside));
	struct mmr_error again;
	int rc = beside ? 0 : mmr_err(err, -ENOMEM, "no memory for %lu replays", nr);

	for (unsigned long i = 0; i < nr && !rc; i++) {
		struct repeat_said said = {0};

		/* The last one is done here, so that nobody waits for others with nothing to do. */
		if (i + 1 < nr && run->tokens && job_token_take(run->tokens)) {
			rc = repeat_begin(&beside[i], replay_once, run, err);
			continue;
		}
		replay_once(run, &said);
		rc = take_in(run, &said, err);
	}
	for (unsigned long i = 0; beside && i < nr; i++) {
		struct repeat_said said = {0};
		int ended;

		if (!beside[i].pid)
			continue;
		ended = repeat_end(&beside[i], &stop_signal, &said, rc ? &again : err);
		job_token_give(run->tokens);
		ended = ended ? ended : take_in(run, &said, rc ? &again : err);
		rc = rc ? rc : ended;
	}
	free(beside);
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

static int save_state(const struct run *run, struct mmr_error *err)
{
	const char *path = run->options->scenario.save_state;

	if (run->backend->kind != BACKEND_CORE)
		return mmr_err(err, -EINVAL, "--save-state %s: backend %s has no state to keep, expected core",
			       path, run->backend->name);
	return start_save(path, engine_machine(run->engine), NULL, err);
}

static int tell(const struct run *run, json_t **summary, struct mmr_error *err)
{
	const struct result_context ctx = context(run);

	*summary = result_summary(&ctx);
	if (!*summary)
		return mmr_err(err, -ENOMEM, "no memory for the summary");
	return run->options->output ? result_write(run->options->output, &ctx, *summary, err) : 0;
}

static int replay_and_tell(struct run *run, json_t **summary, struct mmr_error *err)
{
	int ran = replay_all(run, err), rc;

	/* Stopped before this process had replayed anything itself. */
	if (ran < 0 || !run->engine)
		return ran > 0 ? mmr_err(err, -EINTR, "%s: stopped by a signal", run->options->trace) : ran;
	rc = ran ? 0 : measure_harness(run, err);
	if (!rc && run->options->scenario.save_state)
		rc = save_state(run, err);
	rc = rc ? rc : tell(run, summary, err);
	if (!rc && ran)
		rc = mmr_err(err, -EINTR, "%s: stopped by a signal; results cover what was replayed",
			     run->options->trace);
	return rc;
}

int run_one(const struct run_options *options, struct job_tokens *tokens, json_t **summary,
	    struct mmr_error *err)
{
	struct run run = {.options = options, .tokens = tokens, .arena = arena_enter()};
	int rc = prepare(&run, err);

	*summary = NULL;
	rc = rc ? rc : replay_and_tell(&run, summary, err);
	engine_destroy(run.engine);
	backend_close(run.backend);
	scenario_deinit(&run.scenario);
	kernel_profile_destroy(run.profile);
	machine_deinit(&run.other);
	machine_deinit(&run.recorded);
	trace_reader_close(run.reader);
	free(run.timings);
	return rc;
}
