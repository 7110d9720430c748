// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay kernel: the kernel lines the model knows, and what can be switched about each by name. */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/profile.h"
#include "replay/commands.h"

#define MAX_SPECS 8

struct options {
	const char *specs[MAX_SPECS];
	size_t nr;
	bool json, all;
};

static const struct argp_option option_table[] = {
	{"all", 'a', NULL, 0, "all axes, not only those in which the lines differ", 0},
	{"json", 'j', NULL, 0, "one JSON object on standard output", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'a':
		o->all = true;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->nr == MAX_SPECS)
			argp_error(state, "more than %d kernels do not fit a screen", MAX_SPECS);
		o->specs[o->nr++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_table,
	.parser = parse_option,
	.args_doc = "[KERNEL...]",
	.doc = "Show the kernel lines that the model knows, behaviour by behaviour. Each behaviour is an axis "
	       "that can "
	       "be switched alone: LINE,AXIS=VALUE,... is what --kernel of the other commands takes, and "
	       "KERNEL here. "
	       "Without a KERNEL all lines are shown.\v"
	       "Examples:\n"
	       "  mmreplay kernel\n"
	       "  mmreplay kernel --all 6.12 6.12,pcp=5.14,defrag_mode=1\n"
	       "  mmreplay run host.mmt --kernel 6.12,pcp=5.14\n\n"
	       "Exit status: 0, 1 for a kernel, axis or value that is not known, 2 usage.",
};

static bool all_equal(struct kernel_profile *const *profiles, size_t nr, size_t axis)
{
	for (size_t i = 1; i < nr; i++) {
		if (strcmp(kernel_profile_axis_value(profiles[0], axis),
			   kernel_profile_axis_value(profiles[i], axis)) != 0)
			return false;
	}
	return true;
}

static int column_width(struct kernel_profile *const *profiles, size_t nr, size_t column)
{
	size_t width = strlen(kernel_profile_name(profiles[column]));

	for (size_t axis = 0; kernel_profile_axis(axis, NULL); axis++) {
		size_t len = strlen(kernel_profile_axis_value(profiles[column], axis));

		width = len > width ? len : width;
	}
	return (int)width;
}

static void print_table(struct kernel_profile *const *profiles, size_t nr, bool all)
{
	int widths[MAX_SPECS];

	printf("%-26s", "axis");
	for (size_t i = 0; i < nr; i++) {
		widths[i] = column_width(profiles, nr, i);
		printf("  %-*s", widths[i], kernel_profile_name(profiles[i]));
	}
	printf("  what it decides; values\n");
	for (size_t axis = 0; kernel_profile_axis(axis, NULL); axis++) {
		const char *const *values;
		const char *name = kernel_profile_axis(axis, &values);

		if (!all && nr > 1 && all_equal(profiles, nr, axis))
			continue;
		printf("%-26s", name);
		for (size_t i = 0; i < nr; i++)
			printf("  %-*s", widths[i], kernel_profile_axis_value(profiles[i], axis));
		printf("  %s;", kernel_profile_axis_about(axis));
		for (; *values; values++)
			printf(" %s", *values);
		printf("\n");
	}
}

static void print_json(struct kernel_profile *const *profiles, size_t nr)
{
	json_t *root = json_pack("{s:s, s:[], s:[]}", "schema", "mmreplay.kernel/1", "kernels", "axes");

	for (size_t axis = 0; kernel_profile_axis(axis, NULL); axis++) {
		const char *const *values;
		const char *name = kernel_profile_axis(axis, &values);
		json_t *list = json_array();

		for (; *values; values++)
			json_array_append_new(list, json_string(*values));
		json_array_append_new(json_object_get(root, "axes"),
				      json_pack("{s:s, s:s, s:o}", "name", name, "about",
						kernel_profile_axis_about(axis), "values", list));
	}
	for (size_t i = 0; i < nr; i++) {
		json_t *set = json_object();

		for (size_t axis = 0; kernel_profile_axis(axis, NULL); axis++)
			json_object_set_new(set, kernel_profile_axis(axis, NULL),
					    json_string(kernel_profile_axis_value(profiles[i], axis)));
		json_array_append_new(
			json_object_get(root, "kernels"),
			json_pack("{s:s, s:o}", "name", kernel_profile_name(profiles[i]), "axes", set));
	}
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

int cmd_kernel(int argc, char **argv)
{
	struct kernel_profile *profiles[MAX_SPECS];
	struct options o = {0};
	struct mmr_error err;
	size_t loaded = 0;
	int rc = 0;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	for (const char *const *line = kernel_profile_list(); !o.nr && *line; line++)
		o.specs[loaded++] = *line;
	o.nr += loaded;
	for (loaded = 0; !rc && loaded < o.nr; loaded += !rc)
		rc = kernel_profile_parse(o.specs[loaded], &profiles[loaded], &err);
	if (rc)
		fprintf(stderr, "mmreplay kernel: %s\n", err.msg);
	else if (o.json)
		print_json(profiles, o.nr);
	else
		print_table(profiles, o.nr, o.all);
	while (loaded)
		kernel_profile_destroy(profiles[--loaded]);
	return rc ? EXIT_FAILED : EXIT_OK;
}
