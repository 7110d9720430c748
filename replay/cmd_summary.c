// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay summary: one screen of one or more results, side by side. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "replay/commands.h"
#include "replay/result.h"

#define MAX_RESULTS 6

struct options {
	const char *results[MAX_RESULTS];
	size_t nr;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (o->nr == MAX_RESULTS)
			argp_error(state, "more than %d results do not fit a screen", MAX_RESULTS);
		o->results[o->nr++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->nr)
			argp_error(state, "which result? expected a directory that `mmreplay run -o` wrote");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.parser = parse_option,
	.args_doc = "RESULT...",
	.doc = "Show results of `mmreplay run -o RESULT` side by side.\v"
	       "Example:\n  mmreplay summary recorded/ two-node/\n",
};

static json_t *load(const char *dir)
{
	json_error_t error;
	char path[4096];
	json_t *summary;

	snprintf(path, sizeof(path), "%s/summary.json", dir);
	summary = json_load_file(path, 0, &error);
	if (!summary) {
		fprintf(stderr, "mmreplay summary: %s:%d: %s; expected a summary.json of `mmreplay run -o`\n",
			path, error.line, error.text);
		return NULL;
	}
	if (strcmp(json_string_value(json_object_get(summary, "schema")) ?: "", "mmreplay.run/1") != 0) {
		fprintf(stderr, "mmreplay summary: %s: found another schema, expected \"mmreplay.run/1\"\n",
			path);
		json_decref(summary);
		return NULL;
	}
	return summary;
}

int cmd_summary(int argc, char **argv)
{
	json_t *summaries[MAX_RESULTS];
	struct options o = {0};
	size_t loaded = 0;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	for (; loaded < o.nr; loaded++) {
		summaries[loaded] = load(o.results[loaded]);
		if (!summaries[loaded])
			break;
	}
	if (loaded == o.nr)
		result_print(summaries, o.results, o.nr);
	for (size_t i = 0; i < loaded; i++)
		json_decref(summaries[i]);
	return loaded == o.nr ? EXIT_OK : EXIT_FAILED;
}
