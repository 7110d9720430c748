// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay backend: which allocators there are, and is one fit to be replayed on? */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "replay/backend/backend_check.h"
#include "replay/commands.h"

struct options {
	const char *action, *name;
	bool json;
};

enum { KEY_JSON = 0x100 };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_JSON:
		o->json = true;
		break;
	case ARGP_KEY_ARG:
		if (!o->action)
			o->action = arg;
		else if (!o->name)
			o->name = arg;
		else
			argp_error(state, "one backend at a time, found \"%s\" and \"%s\"", o->name, arg);
		break;
	case ARGP_KEY_END:
		if (!o->action || (strcmp(o->action, "list") && strcmp(o->action, "check")))
			argp_error(state, "%s%s%s, expected list or check", o->action ? "\"" : "",
				   o->action ? o->action : "what is to be done?", o->action ? "\"" : "");
		if (strcmp(o->action, "check") == 0 && !o->name)
			argp_error(state, "which backend? expected a name or ./liballoc.so");
		if (strcmp(o->action, "list") == 0 && o->name)
			argp_error(state, "list takes no argument, found \"%s\"", o->name);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option arg_options[] = {
	{"json", KEY_JSON, NULL, 0, "Print as JSON", 0},
	{0},
};

static const struct argp argp = {
	.options = arg_options,
	.parser = parse_option,
	.args_doc = "list\ncheck NAME|./liballoc.so",
	.doc = "The allocators that `mmreplay run --backend` can replay on. `check` puts one through what a "
	       "replay expects of it; replay/backend_plugin.h says how to write one, "
	       "replay/examples/firstfit.c "
	       "is one.\v"
	       "Examples:\n"
	       "  mmreplay backend list\n"
	       "  mmreplay backend check ./libfirstfit.so\n\n"
	       "Exit status: 0 every expectation held, 1 one did not or the backend cannot be loaded, 2 usage.",
};

static int list(bool json)
{
	static const struct backend *const all[] = {&backend_core, &backend_null, &backend_jemalloc};
	json_t *names = json_array();

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (json)
			json_array_append_new(names, json_pack("{s:s,s:s}", "name", all[i]->name, "summary",
							       all[i]->summary));
		else
			printf("%-9s %s\n", all[i]->name, all[i]->summary);
	}
	if (json) {
		json_dumpf(names, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		puts("./NAME.so a shared object, see replay/backend_plugin.h");
	}
	json_decref(names);
	return EXIT_OK;
}

static void print_json(const struct backend *backend, const struct backend_check *checks, bool ok)
{
	json_t *rows = json_array(), *root;

	for (int i = 0; i < BACKEND_CHECKS; i++)
		json_array_append_new(rows, json_pack("{s:s,s:b,s:s}", "name", checks[i].name, "ok",
						      checks[i].ok, "note", checks[i].note));
	root = json_pack("{s:s,s:s,s:s,s:b,s:o}", "schema", "mmreplay.backend-check/1", "backend",
			 backend->name, "summary", backend->summary, "ok", ok, "checks", rows);
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

static int check(const char *name, bool json)
{
	struct backend_check checks[BACKEND_CHECKS];
	const struct backend *backend = NULL;
	struct mmr_error err;
	bool ok = true;
	int rc = backend_open(name, &backend, &err);

	rc = rc ? rc : backend_check(backend, checks, &err);
	if (rc) {
		fprintf(stderr, "mmreplay backend: %s\n", err.msg);
		backend_close(backend);
		return EXIT_FAILED;
	}
	for (int i = 0; i < BACKEND_CHECKS; i++)
		ok &= checks[i].ok;
	if (json) {
		print_json(backend, checks, ok);
	} else {
		printf("%s: %s\n", backend->name, backend->summary);
		for (int i = 0; i < BACKEND_CHECKS; i++)
			printf("  %-6s %s%s%s\n", checks[i].ok ? "ok" : "FAILED", checks[i].name,
			       checks[i].note[0] ? ": " : "", checks[i].note);
	}
	backend_close(backend);
	return ok ? EXIT_OK : EXIT_FAILED;
}

int cmd_backend(int argc, char **argv)
{
	struct options o = {0};

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	return strcmp(o.action, "list") == 0 ? list(o.json) : check(o.name, o.json);
}
