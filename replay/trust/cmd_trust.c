// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay trust: what the model predicts for another machine, against what happened there. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "replay/commands.h"
#include "replay/machines/profile_choice.h"
#include "replay/scenario/scenario.h"
#include "replay/stop_signal.h"
#include "replay/trust/trust.h"

enum { KEY_JSON = 0x100, KEY_TSV };

struct options {
	const char *traces[2];
	const char *kernel;
	unsigned int nr;
	bool json, tsv, quiet;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'k':
		o->kernel = arg;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case KEY_JSON:
		o->json = true;
		return 0;
	case KEY_TSV:
		o->tsv = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->nr == 2)
			argp_error(state, "expected two recordings, found a third, \"%s\"", arg);
		o->traces[o->nr++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->nr != 2)
			argp_error(state, "expected two recordings of the same work: A.mmt B.mmt");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option arg_options[] = {
	{"kernel", 'k', "PROFILE", 0, "Rules of B's kernel, e.g. 7.3,defrag_mode=1; default: B's line", 0},
	{"json", KEY_JSON, NULL, 0, "Print the comparison as JSON (schema mmreplay.trust/1)", 0},
	{"tsv", KEY_TSV, NULL, 0, "Print it as a table for other programs, one metric a line", 0},
	{"quiet", 'q', NULL, 0, "No progress", 0},
	{0},
};

static const struct argp argp = {
	.options = arg_options,
	.parser = parse_option,
	.args_doc = "A.mmt B.mmt",
	.doc = "How good is a prediction? A and B are recordings of the same work on two machines, settings or "
	       "kernels. A's requests are replayed on B's machine, under B's kernel, from the free memory B "
	       "began with, with the vmstat workers running when A's did where A tells; the outcome is held "
	       "against what "
	       "B's kernel did, and beside it stands the error of the guess \"on B as on A\".\v"
	       "Examples:\n"
	       "  mmreplay trust one-node.mmt two-nodes.mmt\n"
	       "  mmreplay trust 6.1.mmt 6.12.mmt --json |\n"
	       "    jq '.metrics[] | select(.good | not)'\n\n"
	       "A metric is judged where B has enough of it; \"good\" means within the bar. Exit status: 0 "
	       "compared, whatever came out; 1 it failed; 2 usage.",
};

/** struct side - one recording and its machine */
struct side {
	struct trace_reader *reader;
	struct machine machine;
	struct observed observed;
};

static int side_open(struct side *side, const char *path, struct mmr_error *err)
{
	int rc = trace_reader_open(path, &side->reader, err);

	rc = rc ? rc : machine_from_trace(trace_reader_machine(side->reader), path, &side->machine, err);
	rc = rc ? rc : observed_read(side->reader, &side->machine, &side->observed, err);
	if (!rc && !side->observed.nr_end_zones)
		rc = mmr_err(err, -EINVAL,
			     "%s: no keyframe at its end, expected one to compare free memory with", path);
	return rc;
}

static void side_close(struct side *side)
{
	machine_deinit(&side->machine);
	trace_reader_close(side->reader);
}

static void show_progress(double share, void *ctx)
{
	fprintf(stderr, "\rmmreplay trust: %3.0f %%", 100 * share);
}

static int predict(struct side *a, struct side *b, const struct options *o, char *profile_name, size_t size,
		   struct trust_figures *ret, struct mmr_error *err)
{
	struct engine_options options = {
		.recorded = &a->machine,
		.machine = &b->machine,
		.start_from = b->reader,
		.start = ENGINE_START_RECORDED,
		.backend = &backend_core,
		.nr_samples = 1,
		.vmstat_as_recorded = true,
		.kswapd_as_recorded = true,
		.stop = &stop_signal,
		.progress = !o->quiet && isatty(STDERR_FILENO) ? show_progress : NULL,
	};
	struct kernel_profile *profile = NULL;
	struct scenario_options asked;
	struct scenario scenario = {0};
	struct engine *engine = NULL;
	bool exact;
	int rc = profile_choose(o->kernel, NULL, trace_reader_machine(b->reader)->kernel_release, &profile,
				&exact, err);

	options.profile = profile;
	/* The same work on the same CPUs, as far as B has them. */
	scenario_options_init(&asked);
	if (b->machine.nr_cpus >= a->machine.nr_cpus)
		asked.place = placement_name(PLACEMENT_IDENTITY);
	rc = rc ? rc : scenario_create(&asked, 0, &b->machine, false, &scenario, err);
	options.scenario = &scenario;
	snprintf(profile_name, size, "%s", rc ? "" : kernel_profile_name(profile));
	rc = rc ? rc : engine_create(a->reader, &options, &engine, err);
	rc = rc ? rc : engine_run(engine, err);
	if (options.progress)
		fprintf(stderr, "\r\033[K");
	if (rc > 0)
		rc = mmr_err(err, -EINTR, "stopped by a signal");
	if (!rc)
		trust_predicted(engine, &b->machine, ret);
	engine_destroy(engine);
	scenario_deinit(&scenario);
	scenario_options_deinit(&asked);
	kernel_profile_destroy(profile);
	return rc;
}

/* ---- printing ------------------------------------------------------------------------------ */

static const char *measure_name(enum trust_measure measure)
{
	static const char *const names[] = {"points", "relative", "variation", "factor"};

	return names[measure];
}

static const char *value_text(const struct trust_metric *m, double value, char *buf, size_t size)
{
	if (isnan(value))
		snprintf(buf, size, "-");
	else if (m->measure == TRUST_POINTS || m->measure == TRUST_VARIATION)
		snprintf(buf, size, "%.2f %%", 100 * value);
	else
		snprintf(buf, size, "%.0f", value);
	return buf;
}

static const char *error_text(const struct trust_metric *m, double error, char *buf, size_t size)
{
	if (isnan(error))
		snprintf(buf, size, "-");
	else if (m->measure == TRUST_POINTS)
		snprintf(buf, size, "%.2f pp", 100 * error);
	else if (m->measure == TRUST_RELATIVE)
		snprintf(buf, size, "%.1f %%", 100 * error);
	else if (m->measure == TRUST_VARIATION)
		snprintf(buf, size, "%.3f", error);
	else
		snprintf(buf, size, "x %.2f", error);
	return buf;
}

static const char *verdict(const struct trust_metric *m)
{
	return !m->judged ? "not judged" : m->good ? "good" : "missed";
}

static void print_text(const struct trust *trust, const struct options *o, const char *profile_name)
{
	printf("%s predicts %s, rules of %s\n\n", o->traces[0], o->traces[1], profile_name);
	printf("  %-30s %12s %12s %10s %12s %10s %8s\n", "", "predicted", "true", "error", "as on A",
	       "its error", "within");
	for (int i = 0; i < NR_TRUST_METRICS; i++) {
		const struct trust_metric *m = &trust->metrics[i];
		char p[32], t[32], e[32], n[32], ne[32], bar[32];

		printf("  %-30s %12s %12s %10s %12s %10s %8s %s\n", m->label,
		       value_text(m, m->predicted, p, sizeof(p)), value_text(m, m->truth, t, sizeof(t)),
		       error_text(m, m->error, e, sizeof(e)), value_text(m, m->naive, n, sizeof(n)),
		       error_text(m, m->naive_error, ne, sizeof(ne)), error_text(m, m->bar, bar, sizeof(bar)),
		       verdict(m));
	}
	printf("\n  %u of %u within the bar", trust->nr_good, trust->nr_judged);
	if (trust->naive_error_sum > 0)
		printf("; error %.2f of that of the guess \"as on A\"",
		       trust->error_sum / trust->naive_error_sum);
	putchar('\n');
}

/* As on the screen, so that a table made of it reads the same; '-' where there is no value. */
static void print_tsv(const struct trust *trust)
{
	printf("# "
	       "metric\tpredicted\ttrue\terror\tas_on_a\tits_error\twithin\tverdict\tin_bars\tas_on_a_in_"
	       "bars\n");
	for (int i = 0; i < NR_TRUST_METRICS; i++) {
		const struct trust_metric *m = &trust->metrics[i];
		char p[32], t[32], e[32], n[32], ne[32], bar[32];

		printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.3f\t%.3f\n", m->key,
		       value_text(m, m->predicted, p, sizeof(p)), value_text(m, m->truth, t, sizeof(t)),
		       error_text(m, m->error, e, sizeof(e)), value_text(m, m->naive, n, sizeof(n)),
		       error_text(m, m->naive_error, ne, sizeof(ne)), error_text(m, m->bar, bar, sizeof(bar)),
		       verdict(m), m->judged ? trust_in_bars(m, m->error) : 0,
		       m->judged ? trust_in_bars(m, m->naive_error) : 0);
	}
}

static json_t *number(double value)
{
	return isnan(value) || isinf(value) ? json_null() : json_real(round(value * 1e6) / 1e6);
}

static json_t *metric_json(const struct trust_metric *m)
{
	return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:b}", "name", m->key, "measure",
			 measure_name(m->measure), "predicted", number(m->predicted), "true", number(m->truth),
			 "error", number(m->error), "naive", number(m->naive), "naive_error",
			 number(m->naive_error), "bar", number(m->bar), "judged", m->judged, "good", m->good);
}

static json_t *side_json(const struct side *side)
{
	const struct trace_summary *summary = trace_reader_summary(side->reader);

	return json_pack("{s:s,s:s,s:o,s:I}", "trace", trace_reader_path(side->reader), "kernel",
			 trace_reader_machine(side->reader)->kernel_release, "checksum",
			 json_sprintf("%016llx", (unsigned long long)summary->checksum), "lost",
			 (json_int_t)summary->nr_lost);
}

static void print_json(const struct trust *trust, const struct side sides[2], const char *profile_name)
{
	json_t *root = json_object(), *metrics = json_array();

	json_object_set_new(root, "schema", json_string("mmreplay.trust/1"));
	json_object_set_new(root, "a", side_json(&sides[0]));
	json_object_set_new(root, "b", side_json(&sides[1]));
	json_object_set_new(root, "kernel_profile", json_string(profile_name));
	json_object_set_new(root, "judged", json_integer(trust->nr_judged));
	json_object_set_new(root, "good", json_integer(trust->nr_good));
	json_object_set_new(root, "error_in_bars", number(trust->error_sum));
	json_object_set_new(root, "naive_error_in_bars", number(trust->naive_error_sum));
	for (int i = 0; i < NR_TRUST_METRICS; i++)
		json_array_append_new(metrics, metric_json(&trust->metrics[i]));
	json_object_set_new(root, "metrics", metrics);
	json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	putchar('\n');
	json_decref(root);
}

int cmd_trust(int argc, char **argv)
{
	struct trust_figures predicted, truth, naive;
	struct side sides[2] = {0};
	struct mmr_error err = {0};
	struct options o = {0};
	char profile_name[256];
	int rc = 0;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	stop_signal_catch();
	for (int i = 0; i < 2 && !rc; i++)
		rc = side_open(&sides[i], o.traces[i], &err);
	rc = rc ? rc : predict(&sides[0], &sides[1], &o, profile_name, sizeof(profile_name), &predicted, &err);
	if (!rc) {
		struct trust trust;

		trust_observed(&sides[0].observed, &sides[0].machine, &naive);
		trust_observed(&sides[1].observed, &sides[1].machine, &truth);
		trust_compare(&predicted, &truth, &naive, sides[1].machine.nr_nodes, &trust);
		if (o.json)
			print_json(&trust, sides, profile_name);
		else if (o.tsv)
			print_tsv(&trust);
		else
			print_text(&trust, &o, profile_name);
	} else {
		fprintf(stderr, "mmreplay trust: %s\n", err.msg);
	}
	side_close(&sides[0]);
	side_close(&sides[1]);
	return rc ? EXIT_FAILED : EXIT_OK;
}
