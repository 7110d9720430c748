// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay verify: hold the model against the kernel, decision by decision. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/commands.h"
#include "replay/machines/profile_choice.h"
#include "replay/stop_signal.h"
#include "replay/verify/verify.h"
#include "replay/verify/verify_print.h"
#include "traces/tools/cmd_tools.h"

enum { KEY_JSON = 0x100, KEY_UNTIL, KEY_FIRST, KEY_SHOW, KEY_INFORMED };

struct options {
	const char *trace, *kernel;
	uint64_t until, show;
	bool json, first_divergence, informed, quiet;
};

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
	case KEY_FIRST:
		o->first_divergence = true;
		break;
	case KEY_INFORMED:
		o->informed = true;
		break;
	case KEY_UNTIL:
		if (!cmd_parse_number(arg, &o->until))
			argp_error(state, "--until: \"%s\", expected the number of an event", arg);
		break;
	case KEY_SHOW:
		if (!cmd_parse_number(arg, &o->show))
			argp_error(state, "--show: \"%s\", expected a number", arg);
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
	PROFILE_OPTION("the recording kernel's"),
	{"until", KEY_UNTIL, "EVENT", 0, "Stop before event number EVENT (from 0)", 0},
	{"first-divergence", KEY_FIRST, NULL, 0,
	 "Stop at the first divergence; show the model's and the kernel's view side by side", 0},
	{"show", KEY_SHOW, "N", 0, "Show the first N decisions that diverged, with both sides", 0},
	{"informed", KEY_INFORMED, NULL, 0, "With --show: those that were informed, too", 0},
	{"json", KEY_JSON, NULL, 0, "Print the report as JSON", 0},
	{"quiet", 'q', NULL, 0, "No progress, no notes", 0},
	{0},
};

static const struct argp argp = {
	.options = arg_options,
	.parser = parse_option,
	.args_doc = "TRACE.mmt",
	.doc = "Replay a recording on the machine it was made on: at each decision the model says what it "
	       "would "
	       "do, the recording what the kernel did.\v"
	       "A decision is exact, informed (the same, once the model was told an input that no event "
	       "shows), "
	       "or diverged; then the kernel's outcome is forced and the replay goes on. Where events are "
	       "lost, or "
	       "the file is damaged or cut, nothing is claimed from there until keyframes have brought back "
	       "all "
	       "lists: the report says from which event to which (JSON: nothing_claimed_from, not_claimed). It "
	       "also says "
	       "which kinds of events the recording lacks, as where the kernel lets no function be probed "
	       "(not_told).\n\n"
	       "Examples:\n"
	       "  mmreplay verify host.mmt\n"
	       "  mmreplay verify host.mmt --first-divergence\n"
	       "  mmreplay verify host.mmt --json | jq .levels\n\n"
	       "Exit status: 0 nothing diverged, 1 something did or could not be judged, 2 usage.",
};

static void show_progress(double share, void *ctx)
{
	fprintf(stderr, "\rmmreplay verify: %3.0f %%", 100 * share);
}

static void show_decision(const struct verify_decision *d, void *ctx)
{
	struct options *o = ctx;

	if (!o->show || (d->verdict == VERIFY_INFORMED && !o->informed))
		return;
	o->show--;
	fprintf(stderr, "event %llu, %s, %s: expected %s, got %s (%s)\n%s", (unsigned long long)d->event,
		verify_level_name(d->level), d->verdict == VERIFY_INFORMED ? "informed" : "diverged",
		d->expected, d->got, verify_cause_text(d->cause), d->views ? d->views : "");
}

static int report(const struct options *o, const struct verify_report *r, const struct trace_reader *reader,
		  const char *profile, struct mmr_error *err)
{
	if (o->json) {
		json_t *json = verify_json(r, reader, profile);

		if (!json)
			return mmr_err(err, -ENOMEM, "no memory for the report");
		json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
		putchar('\n');
		json_decref(json);
	} else {
		verify_print(stdout, r, reader, profile);
		if (o->first_divergence && r->have_divergence)
			fputs(r->first_divergence.views, stdout);
	}
	if (fflush(stdout) || ferror(stdout))
		return mmr_err(err, -EIO, "standard output: cannot write: %s", strerror(errno));
	return 0;
}

int cmd_verify(int argc, char **argv)
{
	struct options o = {.until = UINT64_MAX};
	struct verify_options vo = {.stop = &stop_signal};
	struct kernel_profile *parsed = NULL;
	struct trace_reader *reader = NULL;
	struct verify_report result;
	struct mmr_error err = {0};
	int rc, ran = 0;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	stop_signal_catch();
	vo.until = o.until;
	vo.stop_at_divergence = o.first_divergence;
	vo.on_decision = o.show ? show_decision : NULL;
	vo.ctx = &o;
	vo.progress = !o.quiet && isatty(STDERR_FILENO) ? show_progress : NULL;
	rc = trace_reader_open(o.trace, &reader, &err);
	rc = rc ? rc : profile_choose_exact(o.kernel, reader, &parsed, &err);
	vo.profile = parsed;
	if (!rc) {
		ran = verify_run(reader, &vo, &result, &err);
		if (vo.progress)
			fprintf(stderr, "\r\033[K");
		/* A damaged recording is still verified up to the damage. */
		if (!ran || ran == -EBADMSG) {
			struct mmr_error report_err;

			rc = report(&o, &result, reader, kernel_profile_name(vo.profile),
				    ran ? &report_err : &err);
		}
		rc = ran ? ran : rc;
	}
	if (rc)
		fprintf(stderr, "mmreplay verify: %s\n", err.msg);
	else if (result.stopped)
		fprintf(stderr,
			"mmreplay verify: %s: stopped by a signal; the report covers what was replayed\n",
			o.trace);
	trace_reader_close(reader);
	kernel_profile_destroy(parsed);
	return rc || !verify_passed(&result) ? EXIT_FAILED : EXIT_OK;
}
