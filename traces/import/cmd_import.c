// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay import: traces of other tools become recordings. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "traces/commands.h"
#include "traces/import/import.h"
#include "traces/tools/cmd_tools.h"

static const struct import_format *const formats[] = {&import_perf, &import_tracecmd, &import_ftrace,
						      &import_llfree};

struct options {
	const struct import_format *format;
	const char *path, *output, *kernel;
	bool json;
};

static const struct import_format *find_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(name, formats[i]->name) == 0)
			return formats[i];
	return NULL;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case 'k':
		o->kernel = arg;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!o->format) {
			o->format = find_format(arg);
			if (!o->format)
				argp_error(state,
					   "found format \"%s\", expected perf, trace-cmd, ftrace or llfree",
					   arg);
		} else if (!o->path) {
			o->path = arg;
		} else {
			argp_error(state, "one file at a time, found \"%s\" and \"%s\"", o->path, arg);
		}
		return 0;
	case ARGP_KEY_END:
		if (!o->path || !o->output)
			argp_error(state, "expected a format, a file (- for standard input) and -o FILE");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{"output", 'o', "FILE", 0, "The new trace", 0},
	{"json", 'j', NULL, 0, "Print one JSON object instead of a line (schema mmreplay.import/1)", 0},
	{"kernel", 'k', "RELEASE", 0, "The kernel it was recorded on, where the source does not tell (4.19)",
	 0},
	{0},
};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "perf|trace-cmd|ftrace|llfree IN -o F.mmt",
	.doc = "Make a recording of what another tool recorded: perf (perf.data, also what perf wrote to a "
	       "pipe), trace-cmd (trace.dat, "
	       "versions 6 and 7), ftrace (the text of trace_pipe, trace-cmd report or perf script), llfree "
	       "(the "
	       "16-byte records of llfree-rs). The kmem page events are taken over with what the source knows "
	       "of "
	       "the machine; losses are carried over, and what is missing is told.\v"
	       "Such a recording has no keyframes: `run` needs a machine file and starts with free memory, "
	       "`verify` needs a recording of `mmreplay record`. Exit status: 0, 1 failed, 2 wrong usage.\n\n"
	       "Example:\n"
	       "  perf record -a -m 16M -e 'kmem:mm_page_*' -- make\n"
	       "  mmreplay import perf perf.data -o make.mmt\n",
};

static bool may_be_missing(const struct import_report *r, enum trace_event_type type)
{
	/* Switched on and never fired is not missing. */
	return !r->events[type] && !(r->recorded & 1u << type);
}

/* What cannot be done with it, in a line each. */
static void tell_missing(const struct import_report *r, const char *path)
{
	if (may_be_missing(r, TRACE_ALLOC))
		fprintf(stderr,
			"mmreplay import: %s: no mm_page_alloc: frees are of pages allocated earlier; `run` "
			"has nothing to ask for, `info` and `export` work\n",
			path);
	if (may_be_missing(r, TRACE_FREE))
		fprintf(stderr,
			"mmreplay import: %s: no mm_page_free: nothing is ever freed, so `run` fills memory "
			"until it is full\n",
			path);
	if (may_be_missing(r, TRACE_FREE) && r->events[TRACE_FREE_BATCHED])
		fprintf(stderr,
			"mmreplay import: %s: mm_page_free_batched alone is no free: it repeats those of "
			"mm_page_free and tells no order\n",
			path);
	if (r->clock[0])
		fprintf(stderr,
			"mmreplay import: %s: its times are counts of the clock \"%s\", not nanoseconds: the "
			"order of events holds, rates and durations do not\n",
			path, r->clock);
	if (r->nr_back > r->nr_events / 16)
		fprintf(stderr,
			"mmreplay import: %s: times step back at %" PRIu64 " of %" PRIu64
			" events, as those do that are told since the event before (perf script --deltatime): "
			"events are counted right, their order and times are not known\n",
			path, r->nr_back, r->nr_events);
	if (r->partial[0])
		fprintf(stderr,
			"mmreplay import: %s: holds only %s: marked as partial; `info` and `export` tell of "
			"these, a `run` lacks the others\n",
			path, r->partial);
	if (r->nr_gfp_unknown)
		fprintf(stderr,
			"mmreplay import: %s: %" PRIu64 " allocations have gfp flags without a name; kept as "
			"numbers\n",
			path, r->nr_gfp_unknown);
}

static void print_report(const struct options *o, const struct import_report *r)
{
	const char *comma = "";

	printf("%s: %" PRIu64 " events (", o->output, r->nr_events);
	for (int type = 0; type < TRACE_NR_PAGE_EVENTS; type++) {
		if (!r->events[type])
			continue;
		printf("%s%s %" PRIu64, comma, trace_event_type_name((enum trace_event_type)type),
		       r->events[type]);
		comma = ", ";
	}
	printf("), %" PRIu64 " lost, %" PRIu64 " other events left out\n", r->nr_lost, r->nr_other);
}

static void print_json(const struct options *o, const struct import_report *r)
{
	json_t *root = json_object(), *events = json_object();

	for (int type = 0; type < TRACE_NR_PAGE_EVENTS; type++)
		json_object_set_new(events, trace_event_type_name((enum trace_event_type)type),
				    json_integer((json_int_t)r->events[type]));
	json_object_set_new(events, "total", json_integer((json_int_t)r->nr_events));
	json_object_set_new(root, "schema", json_string("mmreplay.import/1"));
	json_object_set_new(root, "format", json_string(o->format->name));
	json_object_set_new(root, "input", json_string(o->path) ?: json_string("?"));
	json_object_set_new(root, "output", json_string(o->output) ?: json_string("?"));
	json_object_set_new(root, "events", events);
	json_object_set_new(root, "lost", json_integer((json_int_t)r->nr_lost));
	json_object_set_new(root, "other_events", json_integer((json_int_t)r->nr_other));
	json_object_set_new(root, "partial", r->partial[0] ? json_string(r->partial) : json_null());
	json_object_set_new(root, "clock", r->clock[0] ? json_string(r->clock) : json_null());
	json_object_set_new(root, "times_step_back", json_integer((json_int_t)r->nr_back));
	json_object_set_new(root, "gfp_unnamed", json_integer((json_int_t)r->nr_gfp_unknown));
	json_object_set_new(root, "interrupted", json_boolean(r->interrupted));
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

int cmd_import(int argc, char **argv)
{
	struct import_options options = {.stop = cmd_interrupted};
	struct import_report report = {0};
	struct options o = {0};
	struct mmr_error err;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	cmd_catch_interrupts();
	options.kernel_release = o.kernel;
	rc = cmd_check_output(o.output, &o.path, 1, &err);
	if (!rc)
		rc = import_run(o.format, o.path, o.output, &options, &report, &err);
	if (rc) {
		fprintf(stderr, "mmreplay import: %s\n", err.msg);
		if (report.nr_events)
			fprintf(stderr, "mmreplay import: %s holds the %" PRIu64 " events before that\n",
				o.output, report.nr_events);
		return STATUS_FAILED;
	}
	tell_missing(&report, o.path);
	if (o.json)
		print_json(&o, &report);
	else
		print_report(&o, &report);
	if (report.interrupted)
		fprintf(stderr, "mmreplay import: interrupted; %s holds what was read until then\n", o.output);
	return report.interrupted ? STATUS_FAILED : STATUS_OK;
}
