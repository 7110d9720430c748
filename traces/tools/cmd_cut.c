// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay cut: a stretch of a trace as a trace of its own. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "traces/commands.h"
#include "traces/tools/cmd_tools.h"
#include "traces/tools/trace_copy.h"

struct options {
	const char *path, *output;
	bool by_time, by_number;
	uint64_t from_ns, to_ns; /* since the first event */
	uint64_t first, last; /* event numbers, both kept */
};

enum option_key { OPTION_FROM = 256, OPTION_TO, OPTION_FIRST, OPTION_LAST };

static void parse_bound(struct argp_state *state, int key, const char *arg, struct options *o)
{
	bool time = key == OPTION_FROM || key == OPTION_TO;
	uint64_t value;

	if (time && !cmd_parse_time(arg, &value))
		argp_error(state, "found time \"%s\", expected e.g. 1.5s, 20ms or 7us since the start", arg);
	if (!time && !cmd_parse_number(arg, &value))
		argp_error(state, "found event number \"%s\", expected a number from 0", arg);
	o->by_time |= time;
	o->by_number |= !time;
	*(key == OPTION_FROM    ? &o->from_ns
	  : key == OPTION_TO    ? &o->to_ns
	  : key == OPTION_FIRST ? &o->first
				: &o->last) = value;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case OPTION_FROM:
	case OPTION_TO:
	case OPTION_FIRST:
	case OPTION_LAST:
		parse_bound(state, key, arg, o);
		return 0;
	case ARGP_KEY_ARG:
		if (o->path)
			argp_error(state, "one file at a time, found \"%s\" and \"%s\"", o->path, arg);
		o->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->path || !o->output)
			argp_error(state, "expected a trace file and -o FILE");
		if (!o->by_time && !o->by_number)
			argp_error(state, "expected where to cut: --from, --to, --first or --last");
		if (o->from_ns > o->to_ns || o->first > o->last)
			argp_error(state, "the end lies before the start");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{"output", 'o', "FILE", 0, "The new trace", 0},
	{"from", OPTION_FROM, "TIME", 0, "Begin TIME after the first event (1.5s, 20ms, 7us)", 0},
	{"to", OPTION_TO, "TIME", 0, "End before the first event that comes TIME after the first one", 0},
	{"first", OPTION_FIRST, "N", 0, "Begin with event number N (from 0)", 0},
	{"last", OPTION_LAST, "N", 0, "End with event number N", 0},
	{0},
};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "F.mmt -o G.mmt",
	.doc = "Keep one stretch of a recording: its events, the keyframes and losses that lie in it, its "
	       "tasks, and the machine. Bounds by time and by number may be mixed; the narrower counts.\v"
	       "A stretch that does not begin at the start has an own state to start from only where a "
	       "keyframe lies in it; `cut` says where none does. Exit status: 0, 1 failed, 2 wrong usage.\n\n"
	       "Example:\n"
	       "  mmreplay cut host.mmt --from 1.5s --to 3s -o middle.mmt\n"
	       "  mmreplay cut host.mmt --last 99999 -o beginning.mmt\n",
};

/* What was kept: everything of [begin_ns, end_ns), and events @first .. @first + @nr - 1. */
struct slice {
	uint64_t begin_ns, end_ns, first, nr, nr_keyframes;
};

/*
 * One unbroken stretch of the merged order: it begins at the first event that is late enough and
 * ends at the first that is too late, also where times step back a little behind that.
 */
static int copy_events(struct trace_reader *reader, struct trace_writer *w, const struct options *o,
		       struct slice *s, struct mmr_error *err)
{
	uint64_t start = trace_reader_summary(reader)->first_ns, number = 0;
	const struct trace_event *events;
	struct trace_copy *copy;
	bool inside = false;
	ssize_t n = 0;
	int rc = trace_copy_create(reader, w, &copy, err);

	if (rc)
		return rc;
	s->end_ns = UINT64_MAX;
	while (!rc && s->end_ns == UINT64_MAX && !cmd_interrupted() &&
	       (n = trace_reader_next(reader, &events, err)) > 0) {
		for (ssize_t i = 0; !rc && i < n; i++, number++) {
			uint64_t since = events[i].ts_ns > start ? events[i].ts_ns - start : 0;

			if (!inside && (since < o->from_ns || number < o->first))
				continue;
			if (number > o->last || (since >= o->to_ns && o->to_ns != UINT64_MAX)) {
				s->end_ns = events[i].ts_ns;
				break;
			}
			if (!inside) {
				s->begin_ns = number ? events[i].ts_ns : 0;
				s->first = number;
				inside = true;
			}
			rc = trace_copy_event(copy, &events[i], err);
			s->nr++;
		}
	}
	trace_copy_destroy(copy);
	if (!rc && n < 0)
		rc = (int)n;
	if (!rc && !inside && !cmd_interrupted())
		rc = mmr_err(err, -ERANGE,
			     "%s: no event in the stretch asked for, expected one of %" PRIu64
			     " events in %.6f s",
			     trace_reader_path(reader), trace_reader_summary(reader)->nr_events,
			     (double)(trace_reader_summary(reader)->last_ns - start) / 1e9);
	return rc;
}

/* A CPU's lists that were read outside the stretch say nothing about it. */
static void drop_strange_lists(struct trace_keyframe *kf, const struct slice *s)
{
	for (uint32_t i = 0; i < kf->nr_pcps; i++) {
		struct trace_pcp *pcp = &kf->pcps[i];

		if (!pcp->ts_ns || (pcp->ts_ns >= s->begin_ns && pcp->ts_ns < s->end_ns))
			continue;
		pcp->have_lists = false;
		pcp->nr_entries = 0;
		memset(pcp->list_len, 0, sizeof(pcp->list_len));
	}
}

static int copy_keyframes(struct trace_reader *reader, struct trace_writer *w, struct slice *s,
			  struct mmr_error *err)
{
	uint32_t nr = trace_reader_summary(reader)->nr_keyframes;
	int rc = 0;

	for (uint32_t i = 0; i < nr && !rc; i++) {
		struct trace_keyframe kf;

		rc = trace_reader_keyframe(reader, i, &kf, err);
		if (rc)
			return rc;
		if (kf.ts_ns >= s->begin_ns && kf.ts_ns < s->end_ns) {
			drop_strange_lists(&kf, s);
			rc = trace_writer_keyframe(w, &kf, err);
			s->nr_keyframes++;
		}
		trace_keyframe_deinit(&kf);
	}
	return rc;
}

/* A loss that reaches into the stretch is kept whole: how many of its events lay inside is unknown. */
static int copy_losses(struct trace_reader *reader, struct trace_writer *w, const struct slice *s,
		       struct mmr_error *err)
{
	uint32_t nr;
	const struct trace_loss *losses = trace_reader_losses(reader, &nr);
	int rc = 0;

	for (uint32_t i = 0; i < nr && !rc; i++)
		if (losses[i].end_ns >= s->begin_ns && losses[i].begin_ns < s->end_ns)
			rc = trace_writer_loss(w, &losses[i], err);
	return rc;
}

static int cut(const struct options *o, struct trace_reader *reader, struct slice *s, struct mmr_error *err)
{
	const struct trace_feature extra[] = {
		{TRACE_FEATURE_CUT, trace_machine_feature(trace_reader_machine(reader), TRACE_FEATURE_CUT) +
					    (int64_t)(o->by_number ? o->first : 0)},
		{"cut.from_ns", (int64_t)o->from_ns},
	};
	struct trace_writer *w;
	int rc = trace_copy_start(o->output, trace_reader_machine(reader), extra, 2, &w, err), closed;

	if (rc)
		return rc;
	rc = copy_events(reader, w, o, s, err);
	if (!rc)
		rc = copy_keyframes(reader, w, s, err);
	if (!rc)
		rc = copy_losses(reader, w, s, err);
	closed = trace_writer_close(w, rc ? NULL : err);
	if (rc && !s->nr)
		cmd_discard_output(o->output);
	return rc ? rc : closed;
}

static void report(const struct options *o, const struct trace_reader *reader, const struct slice *s)
{
	const struct trace_summary *sum = trace_reader_summary(reader);

	if (sum->nr_keyframes && !s->nr_keyframes)
		fprintf(stderr,
			"mmreplay cut: %s: no keyframe lies in this stretch: `verify` has nothing to "
			"start from, `run` starts with free memory\n",
			o->output);
	if (sum->nr_unknown_events)
		fprintf(stderr,
			"mmreplay cut: %s: %" PRIu64 " events of kinds this build does not know are "
			"left out\n",
			o->path, sum->nr_unknown_events);
}

int cmd_cut(int argc, char **argv)
{
	struct options o = {.to_ns = UINT64_MAX, .last = UINT64_MAX};
	struct trace_reader *reader;
	struct slice slice = {0};
	struct mmr_error err;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	cmd_catch_interrupts();
	rc = cmd_check_output(o.output, &o.path, 1, &err);
	if (!rc)
		rc = trace_reader_open(o.path, &reader, &err);
	if (!rc) {
		rc = cut(&o, reader, &slice, &err);
		if (!rc && cmd_interrupted())
			rc = mmr_err(&err, -EINTR,
				     "%s: interrupted; it holds the %" PRIu64 " events up to then", o.output,
				     slice.nr);
		if (slice.nr)
			report(&o, reader, &slice);
		trace_reader_close(reader);
	}
	if (rc) {
		fprintf(stderr, "mmreplay cut: %s\n", err.msg);
		return STATUS_FAILED;
	}
	printf("%s: events %" PRIu64 " to %" PRIu64 " of %s, %" PRIu64 " keyframes\n", o.output, slice.first,
	       slice.first + slice.nr - 1, o.path, slice.nr_keyframes);
	return STATUS_OK;
}
