// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay run: replay a trace's requests on a machine. */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/arena.h"
#include "replay/commands.h"
#include "replay/engine.h"
#include "replay/profile_choice.h"
#include "replay/result.h"

enum { KEY_START = 0x100, KEY_JSON, KEY_LATENCY, KEY_SAMPLES, KEY_BACKEND };

struct options {
	const char *trace, *machine, *kernel, *output;
	enum engine_start start;
	const struct backend *backend;
	unsigned long latency_every, samples;
	uint64_t seed;
	bool json, quiet;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static int parse_number(const char *text, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 10);
	return errno || *end || end == text || text[0] == '-' || *ret > UINT32_MAX ? -1 : 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct mmr_error err;
	unsigned long value;

	switch (key) {
	case 'm':
		o->machine = arg;
		break;
	case 'k':
		o->kernel = arg;
		break;
	case 'o':
		o->output = arg;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 's':
		if (parse_number(arg, &value))
			argp_error(state, "--seed: \"%s\", expected a number", arg);
		o->seed = value;
		break;
	case KEY_START:
		for (o->start = ENGINE_START_AUTO; o->start <= ENGINE_START_EMPTY; o->start++)
			if (strcmp(arg, engine_start_name(o->start)) == 0)
				return 0;
		argp_error(state, "--start: \"%s\", expected auto, recorded or empty", arg);
		break;
	case KEY_BACKEND:
		if (backend_open(arg, &o->backend, &err))
			argp_error(state, "%s", err.msg);
		break;
	case KEY_LATENCY:
		if (parse_number(arg, &o->latency_every))
			argp_error(state, "--latency-every: \"%s\", expected a number, 0 for none", arg);
		break;
	case KEY_SAMPLES:
		if (parse_number(arg, &o->samples) || o->samples > 100000)
			argp_error(state, "--samples: \"%s\", expected 0..100000", arg);
		break;
	case KEY_JSON:
		o->json = true;
		break;
	case ARGP_KEY_ARG:
		if (o->trace)
			argp_error(state, "one trace at a time, found \"%s\" and \"%s\"", o->trace, arg);
		o->trace = arg;
		break;
	case ARGP_KEY_END:
		if (!o->trace)
			argp_error(state, "which trace? expected TRACE.mmt");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option arg_options[] = {
	{"machine", 'm', "M.yaml", 0, "Replay on this machine; default: the one in the trace", 0},
	{"kernel", 'k', "PROFILE", 0,
	 "Follow this kernel line's rules, e.g. 6.12 or 6.12,pcp=5.14; default: the machine file's, else the "
	 "trace's",
	 0},
	{"start", KEY_START, "STATE", 0,
	 "Free memory to begin with: recorded (first keyframes), empty (as after boot) or auto (default)", 0},
	{"output", 'o', "RESULT", 0, "Write summary.json and tables into this directory", 0},
	{"seed", 's', "N", 0, "Seed of whatever is random; goes into the result (default 0)", 0},
	{"latency-every", KEY_LATENCY, "N", 0, "Time one request in N (default 64; 1 all, 0 none)", 0},
	{"samples", KEY_SAMPLES, "N", 0, "Sample the free lists N times (default 200)", 0},
	{"backend", KEY_BACKEND, "NAME", 0, "core (default), or null: the harness alone", 0},
	{"json", KEY_JSON, NULL, 0, "Print the summary as JSON", 0},
	{"quiet", 'q', NULL, 0, "No summary for people, no progress", 0},
	{0},
};

static const struct argp argp = {
	.options = arg_options,
	.parser = parse_option,
	.args_doc = "TRACE.mmt",
	.doc = "Replay the requests of a trace through the model of the page allocator, and measure.\v"
	       "Examples:\n"
	       "  mmreplay run host.mmt                                 the recorded machine\n"
	       "  mmreplay run host.mmt -m two-node.yaml -o result/     another one, results kept\n"
	       "  mmreplay run host.mmt --json | jq .numa\n\n"
	       "Exit status: 0 done, 1 it failed or was stopped (what was measured is kept), 2 usage.",
};

static void show_progress(double share, void *ctx)
{
	fprintf(stderr, "\rmmreplay run: %3.0f %%", 100 * share);
}

struct run {
	struct trace_reader *reader;
	struct machine recorded, other;
	struct kernel_profile *profile;
	struct engine *engine;
	int arena;
};

static int prepare(struct run *run, const struct options *o, struct engine_options *eo,
		   const char **profile_name, struct mmr_error *err)
{
	const char *release;
	bool exact;
	int rc = trace_reader_open(o->trace, &run->reader, err);

	rc = rc ? rc : machine_from_trace(trace_reader_machine(run->reader), o->trace, &run->recorded, err);
	if (!rc && o->machine)
		rc = machine_load(o->machine, &run->other, err);
	if (rc)
		return rc;
	*eo = (struct engine_options){
		.recorded = &run->recorded,
		.machine = o->machine ? &run->other : &run->recorded,
		.backend = o->backend,
		.start = o->start,
		.latency_every = (unsigned int)o->latency_every,
		.nr_samples = (unsigned int)o->samples,
		.stop = &stop,
		.progress = !o->quiet && isatty(STDERR_FILENO) ? show_progress : NULL,
	};
	release = trace_reader_machine(run->reader)->kernel_release;
	rc = profile_choose(o->kernel, eo->machine->kernel, release, &run->profile, &exact, err);
	if (rc)
		return rc;
	eo->profile = run->profile;
	*profile_name = kernel_profile_name(eo->profile);
	if (trace_machine_feature(trace_reader_machine(run->reader), TRACE_FEATURE_PARTIAL))
		fprintf(stderr,
			"mmreplay run: %s: a partial recording (it was made with a filter): the requests it "
			"leaves out "
			"are not replayed, so the model's memory is emptier than the machine's was\n",
			o->trace);
	if (!exact && !o->quiet)
		fprintf(stderr, "mmreplay run: recorded on kernel %s; the nearest profile is %s\n", release,
			*profile_name);
	return engine_create(run->reader, eo, &run->engine, err);
}

static int report(const struct run *run, const struct options *o, const struct engine_options *eo,
		  const char *profile_name, struct mmr_error *err)
{
	struct result_context ctx = {
		.reader = run->reader,
		.engine = run->engine,
		.options = eo,
		.kernel_profile = profile_name,
		.seed = o->seed,
		.heap_bytes = arena_bytes(run->arena),
		.stopped = stop != 0,
	};
	json_t *summary;
	int rc = 0;

	engine_counts(run->engine, &ctx.counts);
	summary = result_summary(&ctx);
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

int cmd_run(int argc, char **argv)
{
	struct options o = {.latency_every = 64, .samples = 200, .backend = &backend_core};
	struct sigaction action = {.sa_handler = on_signal};
	struct run run = {.arena = -1};
	struct engine_options eo;
	struct mmr_error err = {0};
	const char *profile_name = NULL;
	int rc;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	run.arena = arena_enter();
	rc = prepare(&run, &o, &eo, &profile_name, &err);
	if (!rc) {
		int ran = engine_run(run.engine, &err);

		if (eo.progress)
			fprintf(stderr, "\r\033[K");
		if (ran >= 0) {
			rc = report(&run, &o, &eo, profile_name, &err);
			if (!rc && ran > 0)
				rc = mmr_err(&err, -EINTR,
					     "%s: stopped by a signal; results cover what was replayed",
					     o.trace);
		} else {
			rc = ran;
		}
	}
	if (rc)
		fprintf(stderr, "mmreplay run: %s\n", err.msg);
	engine_destroy(run.engine);
	kernel_profile_destroy(run.profile);
	machine_deinit(&run.other);
	machine_deinit(&run.recorded);
	trace_reader_close(run.reader);
	return rc ? EXIT_FAILED : EXIT_OK;
}
