// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay summary: one screen of one or more results, side by side. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "replay/commands.h"
#include "replay/result/result.h"

#define MAX_RESULTS 6

enum { KEY_JSON = 0x100 };

struct options {
	const char *results[MAX_RESULTS];
	size_t nr;
	bool json;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_JSON:
		o->json = true;
		return 0;
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

static const struct argp_option arg_options[] = {
	{"json", KEY_JSON, NULL, 0, "Print them as JSON (schema mmreplay.summary/1)", 0},
	{0},
};

static const struct argp argp = {
	.options = arg_options,
	.parser = parse_option,
	.args_doc = "RESULT...",
	.doc = "Show results of `mmreplay run -o RESULT` side by side.\v"
	       "JSON: results, each with result (the directory) and summary (its summary.json).\n\n"
	       "Examples:\n"
	       "  mmreplay summary recorded/ two-node/\n"
	       "  mmreplay summary recorded/ two-node/ --json |\n"
	       "    jq '.results[].summary.fallback'\n",
};

static json_t *load(const char *dir)
{
	json_error_t error;
	char path[4096];
	json_t *summary;

	snprintf(path, sizeof(path), "%s/summary.json", dir);
	summary = json_load_file(path, 0, &error);
	if (!summary && json_error_code(&error) == json_error_cannot_open_file) {
		fprintf(stderr,
			"mmreplay summary: %s: cannot open it: %s; expected a RESULT folder of `mmreplay "
			"run`\n",
			path, strerror(errno));
		return NULL;
	}
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

static int print_json(json_t *const *summaries, const char *const *names, size_t nr)
{
	json_t *results = json_array(), *all;

	for (size_t i = 0; i < nr; i++)
		json_array_append_new(results,
				      json_pack("{s:s, s:O}", "result", names[i], "summary", summaries[i]));
	all = json_pack("{s:s, s:o}", "schema", "mmreplay.summary/1", "results", results);
	if (!all) {
		fprintf(stderr, "mmreplay summary: no memory for %zu results\n", nr);
		return -1;
	}
	json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(all);
	return 0;
}

/* Return: 0; -1 with a message where standard output cannot be written. */
static int print(const struct options *o, json_t *const *summaries)
{
	if (o->json && print_json(summaries, o->results, o->nr))
		return -1;
	if (!o->json)
		result_print(summaries, o->results, o->nr);
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	fprintf(stderr, "mmreplay summary: standard output: cannot write: %s\n", strerror(errno));
	return -1;
}

int cmd_summary(int argc, char **argv)
{
	json_t *summaries[MAX_RESULTS];
	struct options o = {0};
	size_t loaded = 0;
	int rc = -1;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	for (; loaded < o.nr; loaded++) {
		summaries[loaded] = load(o.results[loaded]);
		if (!summaries[loaded])
			break;
	}
	if (loaded == o.nr)
		rc = print(&o, summaries);
	for (size_t i = 0; i < loaded; i++)
		json_decref(summaries[i]);
	return rc ? EXIT_FAILED : EXIT_OK;
}
