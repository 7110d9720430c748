// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay machine: check and show machines, and write one from a recording or from the running host. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/commands.h"
#include "replay/machines/machine_print.h"
#include "replay/machines/profile_choice.h"
#include "traces/record/record_host.h"
#include "traces/trace_reader.h"

enum { KEY_JSON = 0x100, KEY_NAME, KEY_COMPUTED, KEY_ROOT };

enum verb { VERB_CHECK, VERB_SHOW, VERB_FROM_TRACE, VERB_FROM_HOST, VERB_LIST, NR_VERBS };
static const char *const verbs[] = {"check", "show", "from-trace", "from-host", "list"};

struct options {
	enum verb verb;
	const char *file, *kernel, *name, *root, *output;
	bool json, computed;
};

static void parse_verb(struct options *o, const char *arg, struct argp_state *state)
{
	for (o->verb = 0; o->verb < NR_VERBS; o->verb++)
		if (strcmp(arg, verbs[o->verb]) == 0)
			return;
	argp_error(state, "\"%s\", expected check, show, from-trace, from-host or list", arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	bool wants_file = o->verb < VERB_FROM_HOST;

	switch (key) {
	case 'k':
		o->kernel = arg;
		break;
	case 'o':
		o->output = arg;
		break;
	case KEY_JSON:
		o->json = true;
		break;
	case KEY_NAME:
		o->name = arg;
		break;
	case KEY_COMPUTED:
		o->computed = true;
		break;
	case KEY_ROOT:
		o->root = arg;
		break;
	case ARGP_KEY_ARG:
		if (o->verb == NR_VERBS)
			parse_verb(o, arg, state);
		else if (!wants_file)
			argp_error(state, "%s takes no file, found \"%s\"", verbs[o->verb], arg);
		else if (o->file)
			argp_error(state, "one file at a time, found \"%s\" and \"%s\"", o->file, arg);
		else
			o->file = arg;
		break;
	case ARGP_KEY_END:
		if (o->verb == NR_VERBS)
			argp_error(state, "expected check, show, from-trace, from-host or list");
		else if (wants_file && !o->file)
			argp_error(state, "%s: which machine? expected %s", verbs[o->verb],
				   o->verb == VERB_FROM_TRACE ? "F.mmt" : "M.yaml, F.mmt or a name of `list`");
		if (o->json && o->verb != VERB_SHOW && o->verb != VERB_CHECK && o->verb != VERB_LIST)
			argp_error(state, "--json: for check, show and list; %s writes YAML", verbs[o->verb]);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option arg_options[] = {
	{"json", KEY_JSON, NULL, 0, "check, show, list: print JSON", 0},
	{"kernel", 'k', "PROFILE", 0, "Follow this kernel line's rules, e.g. 6.12; default: the machine's own",
	 0},
	{"name", KEY_NAME, "NAME", 0, "from-trace, from-host: the machine's name (default host)", 0},
	{"computed", KEY_COMPUTED, NULL, 0,
	 "from-trace, from-host: without the watermarks, reserves and per-CPU list sizes the kernel had, so "
	 "that "
	 "they follow from the settings",
	 0},
	{"output", 'o', "FILE", 0, "from-trace, from-host: write here instead of standard output", 0},
	{"root", KEY_ROOT, "DIR", 0, "from-host: read DIR/proc and DIR/sys, as copied from another host", 0},
	{0},
};

static const struct argp argp = {
	.options = arg_options,
	.parser = parse_option,
	.args_doc = "check M.yaml|F.mmt|NAME\nshow M.yaml|F.mmt|NAME\nfrom-trace F.mmt\nfrom-host\nlist",
	.doc = "Check a machine file, show a machine, write the machine of a recording or of this host as a "
	       "machine "
	       "file, or list the ready-made machines.\v"
	       "Examples:\n"
	       "  mmreplay machine from-trace host.mmt > host.yaml\n"
	       "  (edit host.yaml: a second node, say)\n"
	       "  mmreplay machine check host.yaml && mmreplay run host.mmt -m host.yaml\n"
	       "  mmreplay machine show four-socket\n",
};

/* A trace is known by its first byte: no YAML file begins with it. @release: set to its kernel's. */
static int load_any(const char *path, struct machine *machine, char **release, struct mmr_error *err)
{
	struct trace_reader *reader;
	int first = 0, rc;
	FILE *file = fopen(path, "r");

	if (file) {
		first = fgetc(file);
		fclose(file);
	}
	if (first < 0x80)
		return machine_load(path, machine, err);
	rc = trace_reader_open(path, &reader, err);
	if (rc)
		return rc;
	rc = machine_from_trace(trace_reader_machine(reader), path, machine, err);
	if (!rc)
		*release = strdup(trace_reader_machine(reader)->kernel_release);
	trace_reader_close(reader);
	return rc;
}

static int load_host(const char *root, struct machine *machine, char **release, struct mmr_error *err)
{
	struct trace_machine host;
	int rc = record_host_describe(root ? root : "", -1, "", &host, err);

	if (rc)
		return rc;
	rc = machine_from_trace(&host, root ? root : "this host", machine, err);
	if (!rc)
		*release = strdup(host.kernel_release);
	trace_machine_deinit(&host);
	return rc;
}

static void print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
}

static int list(const struct options *o, struct mmr_error *err)
{
	const struct machine_builtin *builtin;
	json_t *names = json_array();
	int rc = 0;

	for (unsigned int i = 0; (builtin = machine_builtin(i)) && !rc; i++) {
		struct machine machine;

		rc = machine_load(builtin->name, &machine, err);
		if (rc)
			break;
		json_array_append_new(names, json_pack("{s:s, s:s}", "name", builtin->name, "about",
						       machine.about ? machine.about : ""));
		if (!o->json)
			printf("%-12s %s\n", builtin->name, machine.about ? machine.about : "");
		machine_deinit(&machine);
	}
	if (o->json)
		print_json(json_pack("{s:s, s:O}", "schema", "mmreplay.machines/1", "machines", names));
	json_decref(names);
	return rc;
}

static void check(const struct options *o, const struct machine *machine, const char *kernel)
{
	char doubt[200];

	printf("%s: a machine of %u node%s, %u CPU%s, %.1f MiB; kernel %s\n", o->file, machine->nr_nodes,
	       machine->nr_nodes == 1 ? "" : "s", machine->nr_cpus, machine->nr_cpus == 1 ? "" : "s",
	       (double)machine_managed_pages(machine) / 256, kernel);
	for (unsigned int i = 0; machine_doubt(machine, i, doubt, sizeof(doubt)); i++)
		printf("%s: note: %s\n", o->file, doubt);
}

static int write_yaml(const struct options *o, const struct machine *machine, const char *kernel,
		      struct mmr_error *err)
{
	FILE *out = o->output ? fopen(o->output, "we") : stdout;
	int failed;

	if (!out)
		return mmr_err(err, -errno, "%s: cannot write: %s", o->output, strerror(errno));
	machine_print_yaml(out, machine, o->name ? o->name : "host", kernel, o->computed);
	if (!o->output)
		return 0;
	failed = ferror(out);
	errno = 0;
	if (fclose(out) || failed)
		return mmr_err(err, -EIO, "%s: cannot write: %s", o->output, strerror(errno ? errno : EIO));
	return 0;
}

static int act(const struct options *o, struct machine *machine, const char *release, struct mmr_error *err)
{
	struct mmr_machine_config config;
	struct kernel_profile *profile = NULL;
	struct mmr_machine *core = NULL;
	const char *kernel;
	bool exact;
	int rc = profile_choose(o->kernel, machine->kernel, release ? release : "6.12", &profile, &exact, err);

	if (rc)
		return rc;
	kernel = kernel_profile_name(profile);
	machine_config(machine, profile, &config);
	rc = mmr_machine_create(&config, &core, err);
	rc = rc ? rc : machine_begin(machine, core, err);
	if (rc)
		mmr_err_prefix(err, "%s", o->file ? o->file : "this host");
	else if (o->verb == VERB_FROM_TRACE || o->verb == VERB_FROM_HOST)
		rc = write_yaml(o, machine, kernel, err);
	else if (o->json)
		print_json(machine_json(machine, core, kernel));
	else if (o->verb == VERB_SHOW)
		machine_print_show(stdout, machine, core, kernel);
	else
		check(o, machine, kernel);
	mmr_machine_destroy(core);
	kernel_profile_destroy(profile);
	return rc;
}

int cmd_machine(int argc, char **argv)
{
	struct machine machine = {0};
	struct mmr_error err = {0};
	struct options o = {.verb = NR_VERBS};
	char *release = NULL;
	int rc;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.verb == VERB_LIST) {
		rc = list(&o, &err);
	} else {
		rc = o.verb == VERB_FROM_HOST ? load_host(o.root, &machine, &release, &err)
					      : load_any(o.file, &machine, &release, &err);
		rc = rc ? rc : act(&o, &machine, release, &err);
	}
	if (rc)
		fprintf(stderr, "mmreplay machine: %s\n", err.msg);
	machine_deinit(&machine);
	free(release);
	return rc ? EXIT_FAILED : EXIT_OK;
}
