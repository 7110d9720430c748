// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay run: replay traces' requests on machines. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/commands.h"
#include "replay/engine/run_one.h"
#include "replay/engine/run_plan.h"
#include "replay/jobs.h"
#include "replay/result/result.h"
#include "replay/stop_signal.h"

#define SCREEN_RESULTS 4 /* side by side */

/* struct runs - all runs of one command line; @summaries: [plan.nr], NULL where there is none */
struct runs {
	const struct run_options *options;
	struct run_plan plan;
	struct job_tokens tokens;
	json_t **summaries;
	FILE *index; /* runs.tsv */
	size_t nr_failed;
};

/* ---- output ------------------------------------------------------------------------------------ */

static void print_json(const json_t *summary)
{
	json_dumpf(summary, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	putchar('\n');
}

static int check_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	fprintf(stderr, "mmreplay run: standard output: cannot write: %s\n", strerror(errno));
	return -EIO;
}

/* ---- one run ------------------------------------------------------------------------------------ */

static int run_alone(struct runs *runs)
{
	const struct run_options *o = &runs->plan.runs[0].options;
	struct mmr_error err = {0};
	json_t *summary;
	int rc = run_one(o, &runs->tokens, &summary, &err);

	if (summary && o->json) {
		print_json(summary);
	} else if (summary && !o->quiet) {
		const char *name = o->output ? o->output : json_string_value(json_object_get(summary, "trace"));

		result_print(&summary, &name, 1);
	}
	if (summary && check_output())
		rc = rc ? rc : -EIO;
	else if (rc)
		fprintf(stderr, "mmreplay run: %s\n", err.msg);
	json_decref(summary);
	return rc;
}

/* ---- several ------------------------------------------------------------------------------------ */

/* In a process of its own: the summary goes to stdout, for done(). */
static int work(void *ctx, size_t number)
{
	struct runs *runs = ctx;
	struct run_options o = runs->plan.runs[number].options;
	struct mmr_error err = {0};
	json_t *summary;
	int rc;

	o.quiet = true; /* no progress and no second word about what differs from run to run */
	rc = run_one(&o, &runs->tokens, &summary, &err);
	if (summary)
		json_dumpf(summary, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(summary);
	if (rc)
		fprintf(stderr, "%s\n", err.msg);
	return rc ? EXIT_FAILED : EXIT_OK;
}

static const char *status_word(int status, bool has_summary)
{
	if (status == EXIT_OK)
		return "done";
	return status == JOB_NOT_RUN || has_summary || stop_signal ? "stopped" : "failed";
}

/* One row of runs.tsv; a message of several lines keeps its last one, which says why. */
static void write_row(const struct runs *runs, const struct run_planned *run, const char *status,
		      const char *message)
{
	const struct run_options *o = &run->options;

	if (!runs->index)
		return;
	fprintf(runs->index, "%s\t%s\t%s\t%s\t%llu\t", run->name, o->trace,
		o->machine ? o->machine : "recorded", o->kernel ? o->kernel : "default",
		(unsigned long long)o->seed);
	for (unsigned int i = 0; i < o->scenario.nr_settings; i++)
		fprintf(runs->index, "%s%s", i ? "," : "", run->settings[i]);
	fprintf(runs->index, "\t%s\t", status);
	for (; *message; message++)
		fputc(*message == '\t' || *message == '\n' ? ' ' : *message, runs->index);
	fputc('\n', runs->index);
}

static void done(void *ctx, size_t number, int status, char *out, char *complaints)
{
	struct runs *runs = ctx;
	const struct run_planned *run = &runs->plan.runs[number];
	char *end = complaints + strlen(complaints);

	runs->summaries[number] = *out ? json_loads(out, 0, NULL) : NULL;
	runs->nr_failed += status != EXIT_OK;
	if (end > complaints && end[-1] == '\n')
		end[-1] = '\0';
	if (status > 128)
		fprintf(stderr, "mmreplay run: %s: ended by signal %d\n", run->name, status - 128);
	for (char *line = strtok(complaints, "\n"), *rest; line; line = rest) {
		static const char own[] = "mmreplay run: ";

		rest = strtok(NULL, "\n");
		line += strncmp(line, own, sizeof(own) - 1) ? 0 : sizeof(own) - 1;
		fprintf(stderr, "mmreplay run: %s: %s\n", run->name, line);
		if (!rest && status != EXIT_OK)
			complaints = line;
	}
	write_row(runs, run, status_word(status, runs->summaries[number] != NULL),
		  status == EXIT_OK ? "" : complaints);
	if (runs->options->json && runs->summaries[number])
		print_json(runs->summaries[number]);
}

static void progress(void *ctx, size_t nr_done)
{
	struct runs *runs = ctx;

	if (!runs->options->quiet && isatty(STDERR_FILENO))
		fprintf(stderr, "\rmmreplay run: %zu of %zu runs\033[K%s", nr_done, runs->plan.nr,
			nr_done == runs->plan.nr ? "\r\033[K" : "");
}

/* As many side by side as fit a screen, then the next ones. */
static void print_all(const struct runs *runs)
{
	json_t *some[SCREEN_RESULTS];
	const char *names[SCREEN_RESULTS];
	size_t nr = 0, nr_screens = 0;

	for (size_t i = 0; i <= runs->plan.nr; i++) {
		if (nr && (i == runs->plan.nr || nr == SCREEN_RESULTS)) {
			if (nr_screens++)
				putchar('\n');
			result_print(some, names, nr);
			nr = 0;
		}
		if (i < runs->plan.nr && runs->summaries[i]) {
			some[nr] = runs->summaries[i];
			names[nr++] = runs->plan.runs[i].name;
		}
	}
}

/* What ran, and what came of it: a folder of results says by itself what is in it. */
static int open_index(struct runs *runs, struct mmr_error *err)
{
	const char *dir = runs->options->output;
	char path[4096];
	int rc;

	if (!dir)
		return 0;
	rc = result_make_dir(dir, err);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/runs.tsv", dir);
	runs->index = fopen(path, "we");
	if (!runs->index)
		return mmr_err(err, -errno, "%s: cannot create: %s", path, strerror(errno));
	fputs("# mmreplay.runs/1\nname\ttrace\tmachine\tkernel\tseed\tsettings\tstatus\tmessage\n",
	      runs->index);
	return 0;
}

static int close_index(struct runs *runs, struct mmr_error *err)
{
	bool bad = runs->index && ferror(runs->index);

	errno = 0;
	if (!runs->index || (!fclose(runs->index) && !bad))
		return 0;
	return mmr_err(err, -EIO, "%s/runs.tsv: cannot write: %s", runs->options->output,
		       strerror(errno ? errno : EIO));
}

static int run_several(struct runs *runs)
{
	const struct jobs jobs = {
		.nr = runs->plan.nr,
		.tokens = &runs->tokens,
		.work = work,
		.done = done,
		.progress = progress,
		.ctx = runs,
		.stop = &stop_signal,
	};
	struct mmr_error err = {0};
	int rc = open_index(runs, &err), closed;

	if (!rc) {
		rc = jobs_run(&jobs, &err);
		closed = close_index(runs, rc ? NULL : &err);
		rc = rc ? rc : closed;
	}
	if (!runs->options->json && !runs->options->quiet)
		print_all(runs);
	if (rc)
		fprintf(stderr, "mmreplay run: %s\n", err.msg);
	if (runs->nr_failed)
		fprintf(stderr, "mmreplay run: %zu of %zu runs %s; the others are whole\n", runs->nr_failed,
			runs->plan.nr, stop_signal ? "were stopped or not begun" : "failed");
	if (check_output())
		rc = rc ? rc : -EIO;
	return rc || runs->nr_failed ? -EIO : 0;
}

int cmd_run(int argc, char **argv)
{
	struct run_options options;
	struct runs runs = {.options = &options, .tokens = {-1, -1}};
	struct mmr_error err = {0};
	int rc;

	run_options_parse(argc, argv, &options);
	stop_signal_catch();
	rc = run_plan_create(&options, &runs.plan, &err);
	rc = rc ? rc : job_tokens_init(&runs.tokens, (unsigned int)options.jobs, &err);
	runs.summaries = calloc(runs.plan.nr + 1, sizeof(*runs.summaries));
	if (!rc && !runs.summaries)
		rc = mmr_err(&err, -ENOMEM, "no memory for %zu runs", runs.plan.nr);
	if (rc)
		fprintf(stderr, "mmreplay run: %s\n", err.msg);
	else
		rc = runs.plan.nr == 1 ? run_alone(&runs) : run_several(&runs);
	for (size_t i = 0; runs.summaries && i < runs.plan.nr; i++)
		json_decref(runs.summaries[i]);
	free(runs.summaries);
	job_tokens_deinit(&runs.tokens);
	run_plan_destroy(&runs.plan);
	run_options_deinit(&options);
	return rc ? EXIT_FAILED : EXIT_OK;
}
