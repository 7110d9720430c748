// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay export: a trace's events as CSV or JSON lines, for other people's tools. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "traces/commands.h"
#include "traces/tools/cmd_tools.h"
#include "traces/tools/export_rows.h"

struct options {
	const char *format_name, *path, *output;
	enum export_format format;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (!o->format_name) {
			o->format_name = arg;
			if (strcmp(arg, "csv") != 0 && strcmp(arg, "jsonl") != 0)
				argp_error(state, "found format \"%s\", expected csv or jsonl", arg);
			o->format = strcmp(arg, "csv") == 0 ? EXPORT_CSV : EXPORT_JSONL;
		} else if (!o->path) {
			o->path = arg;
		} else {
			argp_error(state, "one file at a time, found \"%s\" and \"%s\"", o->path, arg);
		}
		return 0;
	case ARGP_KEY_END:
		if (!o->path)
			argp_error(state, "expected a format (csv or jsonl) and a trace file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{"output", 'o', "FILE", 0, "Write to FILE instead of standard output", 0},
	{0},
};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "csv|jsonl F.mmt",
	.doc = "Print the events of a recording in the order of their times, one a line, with names: number, "
	       "time (ns, the recording's clock), CPU, page frame, type, order, migratetype, gfp (the "
	       "kernel's own number and the flags by name), flags, the task, and what kinds of events other "
	       "than the six page events have: a zone, the asking task's memory policy, arguments by name, "
	       "and, where recorded, the calls and the cgroup an allocation came from. What an event has not "
	       "is null in JSON, in CSV an empty field where there are numbers and - where there is text, so "
	       "that readers find each column's type in any of its rows; a failed allocation has no page "
	       "frame.\v"
	       "Exit status: 0, 1 where not all events could be exported (those before are), 2 wrong usage.\n\n"
	       "Example:\n"
	       "  mmreplay export csv host.mmt -o host.csv\n"
	       "  duckdb -c \"select comm, count(*) from 'host.csv'\n"
	       "    where type = 'alloc' group by all\"\n",
};

static int export_events(struct trace_reader *reader, struct export_rows *rows, uint64_t *nr,
			 struct mmr_error *err)
{
	const struct trace_event *events;
	ssize_t n = 0;
	int rc = export_rows_header(rows, err);

	trace_reader_want(reader, TRACE_WANT_ALL);

	while (!rc && !cmd_interrupted() && (n = trace_reader_next(reader, &events, err)) > 0)
		for (ssize_t i = 0; !rc && i < n; i++)
			rc = export_rows_event(rows, (*nr)++, &events[i], err);
	if (!rc && n < 0)
		rc = (int)n;
	/* Also after a damaged block: what lies before it goes out. */
	if (!rc)
		return export_rows_flush(rows, err);
	if (n < 0)
		export_rows_flush(rows, NULL);
	return rc;
}

/* What a table of events cannot show. */
static void warn_of_gaps(const struct trace_reader *reader)
{
	const struct trace_summary *s = trace_reader_summary(reader);

	if (s->nr_losses)
		fprintf(stderr,
			"mmreplay export: %s: %" PRIu64 " events were lost while recording; "
			"`mmreplay info` tells where\n",
			trace_reader_path(reader), s->nr_lost);
	if (s->nr_unknown_events)
		fprintf(stderr,
			"mmreplay export: %s: %" PRIu64 " events are of kinds this build does not know "
			"and are left out\n",
			trace_reader_path(reader), s->nr_unknown_events);
	if (trace_machine_feature(trace_reader_machine(reader), TRACE_FEATURE_PARTIAL))
		fprintf(stderr, "mmreplay export: %s: a partial recording: a filter left events out\n",
			trace_reader_path(reader));
	if (!s->complete)
		fprintf(stderr, "mmreplay export: %s: the recording was cut short\n",
			trace_reader_path(reader));
}

static int open_output(const struct options *o, struct mmr_error *err)
{
	int fd;

	if (!o->output)
		return STDOUT_FILENO;
	if (cmd_check_output(o->output, &o->path, 1, err))
		return -1;
	fd = open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		mmr_err(err, -errno, "%s: cannot be opened for writing: %s", o->output, strerror(errno));
	return fd;
}

static int run(const struct options *o, struct trace_reader *reader, struct mmr_error *err)
{
	struct export_rows *rows = NULL;
	uint64_t nr = 0;
	int rc, fd = open_output(o, err);

	if (fd < 0)
		return -1;
	rc = export_rows_create(reader, o->format, fd, o->output ? o->output : "standard output", &rows, err);
	if (!rc)
		rc = export_events(reader, rows, &nr, err);
	export_rows_destroy(rows);
	if (o->output && close(fd) < 0 && !rc)
		rc = mmr_err(err, -errno, "%s: closing: %s", o->output, strerror(errno));
	if (!rc && cmd_interrupted())
		rc = mmr_err(err, -EINTR, "interrupted; the first %" PRIu64 " events are written", nr);
	return rc;
}

int cmd_export(int argc, char **argv)
{
	struct trace_reader *reader;
	struct options o = {0};
	struct mmr_error err;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	cmd_catch_interrupts();
	rc = trace_reader_open(o.path, &reader, &err);
	if (!rc) {
		rc = run(&o, reader, &err);
		warn_of_gaps(reader);
		trace_reader_close(reader);
	}
	if (rc)
		fprintf(stderr, "mmreplay export: %s\n", err.msg);
	return rc ? STATUS_FAILED : STATUS_OK;
}
