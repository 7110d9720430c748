// SPDX-License-Identifier: GPL-2.0-or-later
/* `mmreplay plot`: options, which figures to draw, where the scripts are. */
#include "plots/plot.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
	const char *out_dir;
	char **results;
	size_t nr_results;
	unsigned int figures; /* bit n: plot_figures[n] */
	unsigned int formats; /* bit n: formats[n] */
};

static const char *const formats[] = {"png", "svg"};
#define NR_FORMATS (sizeof(formats) / sizeof(formats[0]))

static size_t nr_figures(void)
{
	size_t nr = 0;

	while (plot_figures[nr].name)
		nr++;
	return nr;
}

static const char *figure_name(size_t i)
{
	return plot_figures[i].name;
}

static const char *format_name(size_t i)
{
	return formats[i];
}

/* "a,b" to a bit set; unknown names are a usage error that lists the known ones. */
static unsigned int list_parse(struct argp_state *state, const char *what, const char *list,
			       const char *(*name)(size_t), size_t nr)
{
	unsigned int set = 0;

	for (const char *item = list; *item || item == list;) {
		size_t len = strcspn(item, ","), i = 0;

		while (i < nr && (strlen(name(i)) != len || strncmp(name(i), item, len) != 0))
			i++;
		if (i == nr) {
			char known[200] = "";

			for (size_t k = 0; k < nr; k++)
				snprintf(known + strlen(known), sizeof(known) - strlen(known), " %s", name(k));
			argp_error(state, "%s \"%.*s\": expected one or more of%s, separated by commas", what,
				   (int)len, item, known);
		}
		set |= 1u << i;
		item += len + (item[len] == ',');
	}
	return set;
}

enum { OPT_FORMAT = 256, OPT_FIGURE };

static const struct argp_option option_table[] = {
	{"output", 'o', "DIR", 0, "Put the pictures there (made where missing; required)", 0},
	{"format", OPT_FORMAT, "LIST", 0, "png, svg or both (default png,svg)", 0},
	{"figure", OPT_FIGURE, "LIST", 0, "Draw only these: latency_cdf, free_blocks, placement", 0},
	{0},
};

static error_t option_parse(int key, char *arg, struct argp_state *state)
{
	struct options *opts = state->input;

	switch (key) {
	case 'o':
		opts->out_dir = arg;
		return 0;
	case OPT_FORMAT:
		opts->formats = list_parse(state, "--format", arg, format_name, NR_FORMATS);
		return 0;
	case OPT_FIGURE:
		opts->figures = list_parse(state, "--figure", arg, figure_name, nr_figures());
		return 0;
	case ARGP_KEY_ARGS:
		opts->results = state->argv + state->next;
		opts->nr_results = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_END:
		if (!opts->nr_results)
			argp_error(state,
				   "no RESULT: expected one or more folders written by `mmreplay run -o`");
		if (!opts->out_dir)
			argp_error(state, "no -o DIR: expected the folder for the pictures");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp plot_argp = {
	.options = option_table,
	.parser = option_parse,
	.args_doc = "RESULT... -o DIR",
	.doc = "Draw pictures of one or more results: latency by path, free blocks per order over time, and "
	       "where allocations landed. Several results go into one picture, to be compared."
	       "\vExample:\n  mmreplay plot results/recorded results/two-nodes -o pictures\n\n"
	       "Every picture's path is printed when it is complete. MMREPLAY_PLOTS names another folder "
	       "with the gnuplot scripts.",
};

/* ---- where the scripts are ------------------------------------------------------------------- */

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* MMREPLAY_PLOTS, else beside the installed program, else the source folder of this build. */
static int scripts_find(char path[PATH_MAX], struct mmr_error *err)
{
	const char *env = getenv("MMREPLAY_PLOTS");
	char exe[PATH_MAX / 2];
	ssize_t len;

	if (env && env[0]) {
		if (!is_dir(env))
			return mmr_err(err, -ENOENT,
				       "MMREPLAY_PLOTS=%s: not a folder; expected the one with the .gp files",
				       env);
		snprintf(path, PATH_MAX, "%s", env);
		return 0;
	}
	len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (len > 0) {
		exe[len] = '\0';
		*strrchr(exe, '/') = '\0';
		snprintf(path, PATH_MAX, "%s/%s", exe, MMR_PLOTS_FROM_BIN);
		if (is_dir(path))
			return 0;
	}
	snprintf(path, PATH_MAX, "%s", MMR_PLOTS_SOURCE_DIR);
	if (!is_dir(path))
		return mmr_err(err, -ENOENT,
			       "%s: no such folder; expected the plot scripts (set MMREPLAY_PLOTS)", path);
	return 0;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static int make_dirs(const char *dir, struct mmr_error *err)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s", dir) >= sizeof(path))
		return mmr_err(err, -ENAMETOOLONG, "%s: path too long", dir);
	for (char *slash = path + 1;; slash++) {
		char kept = *slash;

		if (kept && kept != '/')
			continue;
		*slash = '\0';
		if (mkdir(path, 0777) && (errno != EEXIST || !is_dir(path)))
			return mmr_err(err, -errno, "%s: cannot make the folder: %s", path, strerror(errno));
		*slash = kept;
		if (!kept)
			return 0;
	}
}

static int complain(const struct mmr_error *err)
{
	fprintf(stderr, "mmreplay plot: %s\n", err->msg);
	return EXIT_FAILURE;
}

/* One figure in every format; a picture's path is printed as soon as it is there. */
static int figure_draw(const struct options *opts, const struct plot_figure *figure, const char *scripts,
		       const struct plot_result *results, struct mmr_error *err)
{
	char path[PATH_MAX];
	int rc = 0;

	for (size_t i = 0; i < opts->nr_results && !rc; i++) {
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", results[i].dir, figure->input) >=
		    sizeof(path))
			return mmr_err(err, -ENAMETOOLONG, "%s: path too long", results[i].dir);
		rc = plot_table_check(path, figure->columns, err);
	}
	for (size_t f = 0; f < NR_FORMATS && !rc; f++) {
		if (!(opts->formats & (1u << f)))
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s.%s", opts->out_dir, figure->name, formats[f]) >=
		    sizeof(path))
			return mmr_err(err, -ENAMETOOLONG, "%s: path too long", opts->out_dir);
		rc = plot_draw(figure, scripts, formats[f], path, results, opts->nr_results, err);
		if (!rc)
			printf("%s\n", path);
	}
	return rc;
}

static int figures_draw(const struct options *opts, const struct plot_result *results)
{
	char scripts[PATH_MAX];
	struct mmr_error err;
	int status = EXIT_SUCCESS, rc = 0;

	if (scripts_find(scripts, &err) || make_dirs(opts->out_dir, &err))
		return complain(&err);
	/* On a full disk no other figure fares better. */
	for (size_t i = 0; plot_figures[i].name && rc != -ENOSPC; i++) {
		if (!(opts->figures & (1u << i)))
			continue;
		rc = figure_draw(opts, &plot_figures[i], scripts, results, &err);
		if (rc)
			status = complain(&err);
	}
	if (fflush(stdout)) {
		mmr_err(&err, -errno, "standard output: %s", strerror(errno));
		status = complain(&err);
	}
	return status;
}

/* Folders of one base name cannot be told apart by it: their labels become the whole path. */
static int labels_settle(struct plot_result *results, size_t nr, struct mmr_error *err)
{
	for (size_t i = 1; i < nr; i++)
		for (size_t k = 0; k < i; k++) {
			if (strcmp(results[i].label, results[k].label) != 0)
				continue;
			for (size_t j = 0; j < nr; j++) {
				char *label = strdup(results[j].dir);

				if (!label)
					return mmr_err(err, -ENOMEM, "%s: no memory for its label",
						       results[j].dir);
				free(results[j].label);
				results[j].label = label;
			}
			return 0;
		}
	return 0;
}

int cmd_plot(int argc, char **argv)
{
	struct options opts = {.figures = ~0u, .formats = ~0u};
	struct plot_result *results;
	struct mmr_error err;
	size_t nr = 0;
	int status;

	argp_err_exit_status = 2;
	argp_parse(&plot_argp, argc, argv, 0, NULL, &opts);
	results = calloc(opts.nr_results, sizeof(*results));
	if (!results) {
		mmr_err(&err, -ENOMEM, "no memory for %zu results", opts.nr_results);
		return complain(&err);
	}
	while (nr < opts.nr_results && plot_result_init(&results[nr], opts.results[nr], &err) == 0)
		nr++;
	if (nr < opts.nr_results || labels_settle(results, nr, &err))
		status = complain(&err);
	else
		status = figures_draw(&opts, results);
	while (nr > 0)
		plot_result_deinit(&results[--nr]);
	free(results);
	return status;
}
