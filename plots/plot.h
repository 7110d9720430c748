/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libmmplots: pictures from result folders.
 *
 * The pictures are gnuplot scripts (one per figure, plus style.gp); this library knows which
 * files and columns each of them reads, checks those, and runs gnuplot as a child.
 */
#ifndef MMR_PLOTS_PLOT_H
#define MMR_PLOTS_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

/**
 * struct plot_column - a column a figure reads, found by its name in the header line
 * @name: exact
 * @is_text: any text will do; otherwise every row must hold a finite number
 */
struct plot_column {
	const char *name;
	bool is_text;
};

/**
 * struct plot_figure - one picture
 * @name: of the script (NAME.gp) and of the pictures (NAME.png, NAME.svg)
 * @summary: what it shows, for --help
 * @input: file inside a RESULT folder
 * @columns: what it reads there; ends with a NULL name
 */
struct plot_figure {
	const char *name;
	const char *summary;
	const char *input;
	const struct plot_column *columns;
};

/** plot_figures - all figures; ends with a NULL name */
extern const struct plot_figure plot_figures[];

/**
 * struct plot_result - one RESULT folder and what its summary.json says about where it came from
 * @dir: as given, never starting with a character gnuplot takes for a command
 * @label: short name in legends
 * @trace: base name of the recording
 * @machine: as summary.json names it
 * @kernel_profile: e.g. "6.12"; may be empty
 */
struct plot_result {
	char *dir;
	char *label;
	char *trace;
	char *machine;
	char *kernel_profile;
};

/**
 * plot_result_init - read DIR/summary.json
 * Return: 0; -ENOENT, -EINVAL or -ENOMEM with file, place, and what was expected.
 */
int plot_result_init(struct plot_result *ret, const char *dir, struct mmr_error *err);
/** plot_result_deinit - give the strings back; a zeroed one is fine */
void plot_result_deinit(struct plot_result *result);

/**
 * plot_table_check - does @path hold @columns, and at least one good row?
 *
 * A table is '#' comment lines, one header line of column names, then rows, all tab-separated.
 * Columns beyond @columns are ignored.
 * Return: 0; -errno with file, line, column, what was found and what was expected.
 */
int plot_table_check(const char *path, const struct plot_column *columns, struct mmr_error *err);

/**
 * plot_draw - draw one figure of @results into DIR/NAME.FORMAT
 * @scripts: folder of the .gp files
 * @format: "png" or "svg"
 * @out: the picture's path; written whole or not at all
 * Return: 0; -errno, -ENOENT also where gnuplot is missing.
 */
int plot_draw(const struct plot_figure *figure, const char *scripts, const char *format, const char *out,
	      const struct plot_result *results, size_t nr_results, struct mmr_error *err);

/**
 * cmd_plot - `mmreplay plot RESULT… -o DIR [--format png,svg] [--figure NAME,…]`
 *
 * Prints the path of every picture it wrote on stdout.
 * Return: exit status: 0 all drawn, 1 something failed (said on stderr), 2 usage.
 */
int cmd_plot(int argc, char **argv);

#endif
