// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay merge: the numbered files of one recording, joined. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/commands.h"
#include "traces/tools/cmd_tools.h"
#include "traces/tools/trace_merge_files.h"

struct options {
	const char **paths, *output;
	int nr_paths;
	bool json;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		o->paths[o->nr_paths++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->nr_paths < 2 || !o->output)
			argp_error(state, "expected at least two trace files and -o FILE");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{"output", 'o', "FILE", 0, "The joined trace", 0},
	{"json", 'j', NULL, 0, "Print one JSON object instead of a line (schema mmreplay.merge/1)", 0},
	{0},
};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "A.mmt B.mmt ... -o G.mmt",
	.doc = "Join recordings of one machine and one boot into one, in the order of their times: the "
	       "numbered files of a recording that rotates, one file for each CPU, or recordings made one "
	       "after another. Events, keyframes, tasks and losses are carried over. Between files that were "
	       "started separately, or where a numbered file or a stretch that was cut out is not given, "
	       "events are missing: that is noted as a loss, of unknown size where the files do not tell.\v"
	       "Files of other machines, kernels or boots, and files that overlap on a CPU (two recorders side "
	       "by side), are refused. Exit status: 0, 1 failed, 2 wrong usage.\n\n"
	       "Example:\n"
	       "  mmreplay merge host.mmt.1 host.mmt.2 host.mmt.3 -o host.mmt\n",
};

static void print_json(const struct options *o, const struct trace_merge_result *r)
{
	json_t *root = json_object();

	json_object_set_new(root, "schema", json_string("mmreplay.merge/1"));
	json_object_set_new(root, "output", json_string(o->output) ?: json_string("?"));
	json_object_set_new(root, "files", json_integer(o->nr_paths));
	json_object_set_new(root, "events", json_integer((json_int_t)r->nr_events));
	json_object_set_new(root, "keyframes", json_integer((json_int_t)r->nr_keyframes));
	json_object_set_new(root, "lost", json_integer((json_int_t)r->nr_lost));
	json_object_set_new(root, "gaps", json_integer(r->nr_gaps));
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

int cmd_merge(int argc, char **argv)
{
	struct options o = {.paths = calloc((size_t)argc + 1, sizeof(*o.paths))};
	struct trace_merge_result result;
	struct mmr_error err;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	if (!o.paths) {
		fprintf(stderr, "mmreplay merge: no memory for %d arguments\n", argc);
		return STATUS_FAILED;
	}
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	cmd_catch_interrupts();
	rc = cmd_check_output(o.output, o.paths, o.nr_paths, &err);
	if (!rc)
		rc = trace_merge_files(o.paths, (uint32_t)o.nr_paths, o.output, cmd_interrupted, &result, &err);
	if (!rc && o.json)
		print_json(&o, &result);
	else if (!rc)
		printf("%s: %" PRIu64 " events of %d files, %" PRIu64 " keyframes, %" PRIu64 " lost\n",
		       o.output, result.nr_events, o.nr_paths, result.nr_keyframes, result.nr_lost);
	if (!rc && result.nr_gaps)
		fprintf(stderr,
			"mmreplay merge: %s: %u gaps between files that do not follow each other; noted "
			"as losses\n",
			o.output, result.nr_gaps);
	if (rc)
		fprintf(stderr, "mmreplay merge: %s\n", err.msg);
	free(o.paths);
	return rc ? STATUS_FAILED : STATUS_OK;
}
