// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads what a RESULT folder says about itself, and checks its tables before gnuplot sees them. */
#include "plots/plot.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A path that neither gnuplot ('<' and '|' open a pipe) nor its option parser can misread. */
static char *plain_path_dup(const char *dir)
{
	size_t len = strlen(dir);
	char *path;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (asprintf(&path, "%s%.*s", dir[0] == '/' || dir[0] == '.' ? "" : "./", (int)len, dir) < 0)
		return NULL;
	return path;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* A contract key may be a string, or an object that names itself. */
static const char *summary_name(const json_t *root, const char *key)
{
	const json_t *value = json_object_get(root, key);

	if (json_is_object(value))
		value = json_object_get(value, "name");
	return json_string_value(value);
}

static int summary_read(struct plot_result *ret, const char *path, struct mmr_error *err)
{
	json_error_t where;
	json_t *root = json_load_file(path, 0, &where);
	const char *trace, *machine, *profile;
	int rc = 0;

	if (!root && json_error_code(&where) == json_error_cannot_open_file)
		return mmr_err(err, -ENOENT,
			       "%s: cannot open it: %s; expected a RESULT folder of `mmreplay run`", path,
			       strerror(errno));
	if (!root)
		return mmr_err(err, -EINVAL, "%s: line %d: %s; expected JSON", path, where.line, where.text);
	trace = summary_name(root, "trace");
	machine = summary_name(root, "machine");
	profile = summary_name(root, "kernel_profile");
	if (!trace || !machine) {
		rc = mmr_err(err, -EINVAL,
			     "%s: key \"%s\": missing or not a string; expected a mmreplay.run/1 summary", path,
			     trace ? "machine" : "trace");
	} else {
		ret->trace = strdup(base_name(trace));
		ret->machine = strdup(base_name(machine));
		ret->kernel_profile = strdup(profile ? profile : "");
		if (!ret->trace || !ret->machine || !ret->kernel_profile)
			rc = mmr_err(err, -ENOMEM, "%s: no memory for its names", path);
	}
	json_decref(root);
	return rc;
}

int plot_result_init(struct plot_result *ret, const char *dir, struct mmr_error *err)
{
	char *path = NULL;
	int rc;

	*ret = (struct plot_result){0};
	if (strpbrk(dir, "\t\n") || !dir[0])
		return mmr_err(err, -EINVAL, "RESULT \"%s\": expected a path without tab or newline", dir);
	ret->dir = plain_path_dup(dir);
	ret->label = ret->dir ? strdup(base_name(ret->dir)) : NULL;
	if (!ret->label || asprintf(&path, "%s/summary.json", ret->dir) < 0) {
		rc = mmr_err(err, -ENOMEM, "%s: no memory for its names", dir);
		path = NULL;
	} else {
		rc = summary_read(ret, path, err);
	}
	free(path);
	if (rc)
		plot_result_deinit(ret);
	return rc;
}

void plot_result_deinit(struct plot_result *result)
{
	free(result->dir);
	free(result->label);
	free(result->trace);
	free(result->machine);
	free(result->kernel_profile);
	*result = (struct plot_result){0};
}

/* ---- tables ---------------------------------------------------------------------------------- */

#define TABLE_MAX_COLUMNS 256

/* Cut @line at its tabs; returns how many fields there are, of which TABLE_MAX_COLUMNS are kept. */
static size_t fields_split(char *line, char *fields[TABLE_MAX_COLUMNS])
{
	size_t nr = 0;

	line[strcspn(line, "\r\n")] = '\0';
	for (char *field = line; field; nr++) {
		char *tab = strchr(field, '\t');

		if (tab)
			*tab++ = '\0';
		if (nr < TABLE_MAX_COLUMNS)
			fields[nr] = field;
		field = tab;
	}
	return nr;
}

/* Where each wanted column stands; @place[i] for columns[i]. */
static int header_check(const char *path, size_t line_nr, char *const *fields, size_t nr_fields,
			const struct plot_column *columns, size_t *place, struct mmr_error *err)
{
	if (nr_fields > TABLE_MAX_COLUMNS)
		return mmr_err(err, -EINVAL, "%s: line %zu: %zu columns, expected at most %d", path, line_nr,
			       nr_fields, TABLE_MAX_COLUMNS);
	for (size_t c = 0; columns[c].name; c++) {
		size_t f = 0;

		while (f < nr_fields && strcmp(fields[f], columns[c].name) != 0)
			f++;
		if (f == nr_fields)
			return mmr_err(err, -EINVAL,
				       "%s: line %zu: no column \"%s\" in the header, first is \"%s\"", path,
				       line_nr, columns[c].name, fields[0]);
		place[c] = f;
	}
	return 0;
}

static int row_check(const char *path, size_t line_nr, char *const *fields, const struct plot_column *columns,
		     const size_t *place, struct mmr_error *err)
{
	for (size_t c = 0; columns[c].name; c++) {
		const char *text = fields[place[c]];
		char *end;
		double value;

		if (columns[c].is_text && text[0])
			continue;
		value = strtod(text, &end);
		if (end == text || *end || !isfinite(value))
			return mmr_err(err, -EINVAL, "%s: line %zu: column \"%s\": found \"%s\", expected %s",
				       path, line_nr, columns[c].name, text,
				       columns[c].is_text ? "a name" : "a number");
	}
	return 0;
}

/* The header line is where nr_columns leaves 0. */
static int table_read(FILE *file, const char *path, const struct plot_column *columns, struct mmr_error *err)
{
	char *line = NULL, *fields[TABLE_MAX_COLUMNS];
	size_t size = 0, line_nr = 0, nr_columns = 0, nr_rows = 0, place[TABLE_MAX_COLUMNS];
	int rc = 0;

	while (!rc && getline(&line, &size, file) >= 0) {
		size_t nr;

		line_nr++;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		nr = fields_split(line, fields);
		if (!nr_columns) {
			nr_columns = nr;
			rc = header_check(path, line_nr, fields, nr, columns, place, err);
		} else if (nr != nr_columns) {
			rc = mmr_err(err, -EINVAL, "%s: line %zu: %zu fields, expected the header's %zu", path,
				     line_nr, nr, nr_columns);
		} else {
			nr_rows++;
			rc = row_check(path, line_nr, fields, columns, place, err);
		}
	}
	if (!rc && ferror(file))
		rc = mmr_err(err, -EIO, "%s: line %zu: %s", path, line_nr + 1, strerror(errno));
	if (!rc && !nr_rows)
		rc = mmr_err(err, -EINVAL, "%s: line %zu: end of file, expected %s", path, line_nr,
			     nr_columns ? "at least one row" : "a header line");
	free(line);
	return rc;
}

int plot_table_check(const char *path, const struct plot_column *columns, struct mmr_error *err)
{
	FILE *file = fopen(path, "re");
	int rc;

	if (!file)
		return mmr_err(err, -errno, "%s: cannot open it: %s; expected a table of `mmreplay run`", path,
			       strerror(errno));
	rc = table_read(file, path, columns, err);
	fclose(file);
	return rc;
}
