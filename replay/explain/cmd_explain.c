// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay explain: the story of one allocation or free. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/commands.h"
#include "replay/explain/explain.h"
#include "replay/machines/profile_choice.h"
#include "replay/stop_signal.h"
#include "traces/tools/cmd_tools.h"

enum { KEY_JSON = 0x100, KEY_EVENT, KEY_PFN, KEY_NTH, KEY_TIME, KEY_FIRST, KEY_FULL, KEY_KEYFRAME };

struct options {
	const char *trace, *kernel;
	struct explain_query query;
	uint32_t keyframe;
	bool asks_keyframe;
	unsigned int nr_asked; /* ways in which an event was named */
	bool json, full, quiet;
};

static void ask(struct options *o, enum explain_by by)
{
	o->query.by = by;
	o->nr_asked++;
}

static uint64_t parse_number(const char *option, const char *arg, uint64_t max, struct argp_state *state)
{
	uint64_t number = 0;

	if (!cmd_parse_number(arg, &number) || number > max)
		argp_error(state, "--%s: \"%s\", expected a whole number, below 2^%d", option, arg,
			   max > UINT32_MAX ? 64 : 32);
	return number;
}

static error_t parse_event(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_EVENT:
		ask(o, EXPLAIN_BY_EVENT);
		o->query.event = parse_number("event", arg, UINT64_MAX - 1, state);
		break;
	case KEY_PFN:
		ask(o, EXPLAIN_BY_PFN);
		o->query.pfn = (uint32_t)parse_number("pfn", arg, TRACE_NO_PFN - 1, state);
		break;
	case KEY_NTH:
		o->query.nth = parse_number("nth", arg, UINT32_MAX, state);
		if (!o->query.nth)
			argp_error(state, "--nth: \"0\", expected a number from 1");
		break;
	case KEY_TIME:
		ask(o, EXPLAIN_BY_TIME);
		if (!cmd_parse_time(arg, &o->query.since_ns))
			argp_error(state, "--time: \"%s\", expected e.g. 1.5, 20ms or 7us since the start",
				   arg);
		break;
	case KEY_FIRST:
		ask(o, EXPLAIN_BY_DIVERGENCE);
		break;
	case KEY_KEYFRAME:
		o->keyframe = (uint32_t)parse_number("keyframe", arg, UINT32_MAX, state);
		o->asks_keyframe = true;
		o->nr_asked++;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'k':
		o->kernel = arg;
		break;
	case 'q':
		o->quiet = true;
		break;
	case KEY_JSON:
		o->json = true;
		break;
	case KEY_FULL:
		o->full = true;
		break;
	case ARGP_KEY_ARG:
		if (o->trace)
			argp_error(state, "one trace at a time, found \"%s\" and \"%s\"", o->trace, arg);
		o->trace = arg;
		break;
	case ARGP_KEY_END:
		if (!o->trace)
			argp_error(state, "which trace? expected TRACE.mmt");
		if (o->nr_asked != 1)
			argp_error(state,
				   "%s expected one of --event, --pfn, --time, --first-divergence and "
				   "--keyframe",
				   o->nr_asked ? "several events are named;" : "which event?");
		if (o->query.nth && o->query.by != EXPLAIN_BY_PFN)
			argp_error(state, "--nth goes with --pfn");
		break;
	default:
		return parse_event(key, arg, state);
	}
	return 0;
}

static const struct argp_option arg_options[] = {
	{"event", KEY_EVENT, "N", 0, "The decision that event number N (from 0) belongs to", 0},
	{"pfn", KEY_PFN, "P", 0, "All events of page frame P, and the story of its last allocation", 0},
	{"nth", KEY_NTH, "N", 0, "With --pfn: of its Nth allocation (from 1)", 0},
	{"time", KEY_TIME, "T", 0, "The first event of a page T after the start (seconds; 20ms, 7us)", 0},
	{"first-divergence", KEY_FIRST, NULL, 0, "The first decision that the model took otherwise", 0},
	{"keyframe", KEY_KEYFRAME, "N", 0,
	 "Keyframe number N (from 0): the state that was read there, and the model's", 0},
	PROFILE_OPTION("the recording kernel's"),
	{"full", KEY_FULL, NULL, 0, "Every page of long refills and drains", 0},
	{"json", KEY_JSON, NULL, 0, "Print the story as JSON (schema mmreplay.explain/1)", 0},
	{"quiet", 'q', NULL, 0, "No progress", 0},
	{0},
};

static const struct argp argp = {
	.options = arg_options,
	.parser = parse_option,
	.args_doc = "TRACE.mmt",
	.doc = "Tell the story of one allocation or free: who asked for what, which zones were tried and what "
	       "each test compared, what the CPU's own list held, how it was refilled, which blocks were split "
	       "or merged, whose pages were taken instead; and beside it what the kernel did.\v"
	       "The recording is followed to just before the decision; there the model decides, and its own "
	       "code tells each step, with the name of the kernel function that does the same. A block that "
	       "left the buddy (zone_locked, extfrag) belongs to the allocation that asked for it, a drain to "
	       "the free that caused it, a page of alloc_pages_bulk() to the whole call. Of other events it "
	       "says what they are.\n\n"
	       "JSON: asked_event, event and kind (alloc, free, drain, bulk, taken, other) of the decision; "
	       "request; steps, each with step, function, zone, order and its own numbers; model and "
	       "recording, same: whether they are alike; verify with its result (exact, informed, diverged) "
	       "and causes; with --pfn, life. Every key is in replay/EXPLAIN.md.\n\n"
	       "Examples:\n"
	       "  mmreplay explain host.mmt --event 4711\n"
	       "  mmreplay explain host.mmt --pfn 1048576 --nth 2\n"
	       "  mmreplay explain host.mmt --time 1.5\n"
	       "  mmreplay explain host.mmt --first-divergence\n"
	       "  mmreplay explain host.mmt --keyframe 3\n"
	       "  mmreplay explain host.mmt --event 4711 --json |\n"
	       "    jq '.steps[] | select(.step == \"watermark\")'\n\n"
	       "Exit status: 0 told, or nothing diverged; 1 the state before the event is not known, or it "
	       "failed; 2 usage.",
};

static void show_progress(double share, void *ctx)
{
	fprintf(stderr, "\rmmreplay explain: %3.0f %%", 100 * share);
}

static void end_progress(const struct verify_options *vo)
{
	if (vo->progress)
		fprintf(stderr, "\r\033[K");
}

/* Return: 1 where one was found; 0 where the model took every decision as the kernel did. */
static int find_divergence(struct trace_reader *reader, const struct verify_options *vo,
			   struct explain_query *query, struct mmr_error *err)
{
	struct verify_report *report = malloc(sizeof(*report));
	struct verify_options options = *vo;
	int rc;

	if (!report)
		return mmr_err(err, -ENOMEM, "no memory for the report");
	options.until = UINT64_MAX;
	options.stop_at_divergence = true;
	rc = verify_run(reader, &options, report, err);
	if (!rc && report->stopped)
		rc = mmr_err(err, -EINTR, "%s: stopped by a signal at event %llu", trace_reader_path(reader),
			     (unsigned long long)report->events);
	if (report->have_divergence)
		rc = 1;
	query->event = report->first_divergence.event;
	free(report);
	return rc;
}

static int print_json(json_t *json, struct mmr_error *err)
{
	if (!json)
		return mmr_err(err, -ENOMEM, "no memory for the story");
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(json);
	return 0;
}

static int say_nothing_diverged(const struct options *o, struct mmr_error *err)
{
	if (o->json)
		return print_json(json_pack("{s:s, s:s, s:n}", "schema", "mmreplay.explain/1", "trace",
					    o->trace, "event"),
				  err);
	printf("%s: nothing diverged: the model took every decision as the kernel did\n", o->trace);
	return 0;
}

static int print_story(const struct options *o, const struct explain *e, const struct trace_reader *reader,
		       const struct kernel_profile *profile, struct mmr_error *err)
{
	if (o->json)
		return print_json(explain_json(e, reader, profile), err);
	explain_text(stdout, e, reader, profile, o->full);
	return 0;
}

/* Return: 0 told; else an error. */
static int tell_keyframe(const struct options *o, struct trace_reader *reader, const struct verify_options *vo,
			 struct mmr_error *err)
{
	struct explain_keyframe k;
	int rc = explain_keyframe(reader, vo, o->keyframe, &k, err);

	end_progress(vo);
	if (!rc && o->json)
		rc = print_json(explain_keyframe_json(&k, reader, vo->profile), err);
	else if (!rc)
		explain_keyframe_text(stdout, &k, reader, vo->profile);
	explain_keyframe_deinit(&k);
	return rc;
}

/* Return: 0 told; 1 the state is not known; else an error. */
static int explain(struct options *o, struct trace_reader *reader, const struct verify_options *vo,
		   struct mmr_error *err)
{
	struct explain e;
	int rc = 1;

	if (o->asks_keyframe)
		return tell_keyframe(o, reader, vo, err);
	if (o->query.by == EXPLAIN_BY_DIVERGENCE) {
		rc = find_divergence(reader, vo, &o->query, err);
		if (!rc) {
			end_progress(vo);
			return say_nothing_diverged(o, err);
		}
		if (rc < 0)
			return rc;
	}
	rc = explain_find(reader, &o->query, &stop_signal, &e, err);
	rc = rc ? rc : explain_tell(reader, vo, &e, err);
	end_progress(vo);
	rc = rc ? rc : print_story(o, &e, reader, vo->profile, err);
	if (!rc && !e.told->finished)
		rc = 1;
	explain_deinit(&e);
	return rc;
}

int cmd_explain(int argc, char **argv)
{
	struct options o = {0};
	struct verify_options vo = {.stop = &stop_signal};
	struct kernel_profile *profile = NULL;
	struct trace_reader *reader = NULL;
	struct mmr_error err = {0};
	int rc;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	stop_signal_catch();
	vo.progress = !o.quiet && isatty(STDERR_FILENO) ? show_progress : NULL;
	rc = trace_reader_open(o.trace, &reader, &err);
	rc = rc ? rc : profile_choose_exact(o.kernel, reader, &profile, &err);
	vo.profile = profile;
	rc = rc ? rc : explain(&o, reader, &vo, &err);
	if (rc >= 0 && (fflush(stdout) || ferror(stdout)))
		rc = mmr_err(&err, -EIO, "standard output: cannot write: %s", strerror(errno));
	if (rc < 0)
		fprintf(stderr, "mmreplay explain: %s\n", err.msg);
	trace_reader_close(reader);
	kernel_profile_destroy(profile);
	return rc ? EXIT_FAILED : EXIT_OK;
}
