// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay check: verify all of a trace file; one line per finding. */
#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "traces/commands.h"
#include "traces/trace_check.h"

enum { STATUS_OK, STATUS_FAILED, STATUS_USAGE };

struct options {
	const char *path;
	bool json;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'j':
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->path)
			argp_error(state, "one file at a time, found \"%s\" and \"%s\"", o->path, arg);
		o->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->path)
			argp_error(state, "expected a trace file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{"json", 'j', NULL, 0, "Print one JSON object instead of lines", 0},
	{0},
};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "F.mmt",
	.doc = "Verify a recording: every checksum, the structure of every block, the order of times, the "
	       "index "
	       "against the blocks, the free lists of keyframes against their zones' counts, and that nothing "
	       "was lost.\v"
	       "Exit status: 0 where the recording is whole, 1 where anything was found (one line each, with "
	       "the "
	       "byte it is at), 2 wrong usage.\n\n"
	       "Example:\n"
	       "  mmreplay check host.mmt && mmreplay run host.mmt\n",
};

static void print_finding(void *ctx, const char *line)
{
	puts(line);
}

static void collect_finding(void *ctx, const char *line)
{
	json_array_append_new(ctx, json_string(line));
}

static void print_json(const struct options *o, const struct trace_check_result *r, json_t *findings)
{
	json_t *root = json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "schema",
				 "mmreplay.check/1", "file", o->path, "ok", r->nr_findings == 0, "complete",
				 r->complete, "file_bytes", (json_int_t)r->file_bytes, "blocks",
				 (json_int_t)r->nr_blocks, "events", (json_int_t)r->nr_events, "keyframes",
				 (json_int_t)r->nr_keyframes, "lost", (json_int_t)r->nr_lost, "back_steps",
				 (json_int_t)r->back_steps, "max_back_ns", (json_int_t)r->max_back_ns,
				 "findings", findings);

	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

static void print_summary(const struct options *o, const struct trace_check_result *r)
{
	if (r->nr_findings)
		printf("%s: %u finding%s in %u blocks, %" PRIu64 " events read\n", o->path, r->nr_findings,
		       r->nr_findings == 1 ? "" : "s", r->nr_blocks, r->nr_events);
	else
		printf("%s: whole: %u blocks, %" PRIu64 " events, %u keyframes, none lost\n", o->path,
		       r->nr_blocks, r->nr_events, r->nr_keyframes);
}

int cmd_check(int argc, char **argv)
{
	struct trace_check_result result;
	struct options o = {0};
	struct mmr_error err;
	json_t *findings;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	findings = json_array();
	rc = trace_check(o.path, o.json ? collect_finding : print_finding, findings, &result, &err);
	if (rc) {
		fprintf(stderr, "mmreplay check: %s\n", err.msg);
		json_decref(findings);
		return STATUS_FAILED;
	}
	if (o.json) {
		print_json(&o, &result, findings);
	} else {
		print_summary(&o, &result);
		json_decref(findings);
	}
	return result.nr_findings ? STATUS_FAILED : STATUS_OK;
}
