// SPDX-License-Identifier: GPL-2.0-or-later
#include "traces/record/record_output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "traces/mmt_payload.h"

#define STANDARD_OUTPUT "/proc/self/fd/1"

/* FILE, or FILE.nr where it rotates; to be freed. */
static char *file_name(const struct record_output *out, unsigned long nr, const char *suffix)
{
	char *name;
	int rc = nr ? asprintf(&name, "%s.%lu%s", out->options->output, nr, suffix)
		    : asprintf(&name, "%s%s", out->options->output, suffix);

	return rc < 0 ? NULL : name;
}

/* @machine, and which of the numbered files has this header; free the features. */
static struct trace_machine header_of(const struct trace_machine *machine, unsigned long nr)
{
	struct trace_machine m = *machine; /* borrows all but its features' array */

	m.features = malloc((machine->nr_features + 2) * sizeof(*m.features));
	if (!m.features)
		return m;
	for (uint32_t i = 0; i < machine->nr_features; i++)
		m.features[i] = machine->features[i];
	if (nr) {
		m.features[m.nr_features++] =
			(struct trace_name_value){(char *)TRACE_FEATURE_FIRST_FILE, (int64_t)nr};
		m.features[m.nr_features++] =
			(struct trace_name_value){(char *)TRACE_FEATURE_LAST_FILE, (int64_t)nr};
	}
	return m;
}

static int start_file(struct record_output *out, uint32_t block_events, struct mmr_error *err)
{
	const struct trace_writer_options writer = {.block_events = block_events};
	struct trace_machine header = header_of(out->machine, out->nr);
	int rc = header.features ? trace_writer_create(out->path, &header, &writer, &out->writer, err)
				 : mmr_err(err, -ENOMEM, "%s: no memory for its header", out->path);

	free(header.features);
	return rc;
}

static int start_another(struct record_output *out, const char *name, struct mmr_error *err)
{
	struct trace_machine header = header_of(out->machine, out->nr + 1);
	int rc = header.features ? trace_writer_rotate(out->writer, name, &header, err)
				 : mmr_err(err, -ENOMEM, "%s: no memory for its header", name);

	free(header.features);
	return rc;
}

int record_output_open(struct record_output *out, const struct record_options *options,
		       const struct trace_machine *machine, uint32_t block_events, struct mmr_error *err)
{
	struct stat old;
	char *name;
	int rc;

	*out = (struct record_output){.options = options, .machine = machine};
	out->nr = out->first_kept = record_options_rotate(options);
	if (record_options_to_stdout(options)) {
		out->path = strdup(STANDARD_OUTPUT);
		return out->path ? start_file(out, block_events, err)
				 : mmr_err(err, -ENOMEM, "no memory for a name");
	}
	name = file_name(out, out->nr, "");
	if (!name)
		return mmr_err(err, -ENOMEM, "%s: no memory for its name", options->output);
	if (out->nr && !lstat(name, &old)) {
		rc = mmr_err(err, -EEXIST, "%s: exists; move the files of an earlier recording away", name);
		free(name);
		return rc;
	}
	/*
	 * An older file of that name is replaced once everything is attached, not before; a device never, and
	 * a link, as /dev/stdout is one, is followed.
	 */
	out->provisional = lstat(name, &old) || S_ISREG(old.st_mode);
	out->path = out->provisional ? file_name(out, out->nr, ".new") : strdup(name);
	free(name);
	if (!out->path)
		return mmr_err(err, -ENOMEM, "%s: no memory for its name", options->output);
	return start_file(out, block_events, err);
}

int record_output_commit(struct record_output *out, uint64_t now_ns, struct mmr_error *err)
{
	char *name;
	int rc;

	out->begun_ns = now_ns;
	if (!out->provisional)
		return 0;
	name = file_name(out, out->nr, "");
	rc = name ? trace_writer_rename(out->writer, name, err)
		  : mmr_err(err, -ENOMEM, "%s: no memory for its name", out->options->output);
	if (rc) {
		free(name);
		return rc;
	}
	free(out->path);
	out->path = name;
	out->provisional = false;
	return 0;
}

void record_output_discard(struct record_output *out)
{
	if (out->provisional && out->path)
		unlink(out->path);
}

uint64_t record_output_bytes(const struct record_output *out)
{
	uint64_t bytes = out->writer ? trace_writer_bytes(out->writer) : 0;

	for (unsigned long nr = out->first_kept; nr < out->nr; nr++)
		bytes += out->file_bytes[nr - 1];
	return bytes;
}

void record_output_begun(struct record_output *out)
{
	out->begun_bytes = trace_writer_bytes(out->writer);
}

bool record_output_due(const struct record_output *out, uint64_t now_ns)
{
	const struct record_options *o = out->options;
	uint64_t bytes = trace_writer_bytes(out->writer);

	/* A file that is mostly its own keyframes would be followed by nothing but such files. */
	return (o->rotate_bytes && bytes >= o->rotate_bytes && bytes >= 2 * out->begun_bytes) ||
	       (o->rotate_seconds > 0 && (double)(now_ns - out->begun_ns) >= o->rotate_seconds * 1e9);
}

static int remove_old(struct record_output *out, struct mmr_error *err)
{
	while (out->options->rotate_keep && out->nr - out->first_kept >= out->options->rotate_keep) {
		char *name = file_name(out, out->first_kept, "");
		int rc = name ? unlink(name) : -1;

		/* One that somebody else has removed or taken away is none of ours any more. */
		if (rc && (!name || errno != ENOENT))
			rc = mmr_err(err, name ? -errno : -ENOMEM, "%s.%lu: cannot be removed: %s",
				     out->options->output, out->first_kept, strerror(name ? errno : ENOMEM));
		else
			rc = 0;
		free(name);
		if (rc)
			return rc;
		out->first_kept++;
	}
	return 0;
}

int record_output_rotate(struct record_output *out, uint64_t now_ns, struct mmr_error *err)
{
	char *name = file_name(out, out->nr + 1, "");
	uint64_t bytes = trace_writer_bytes(out->writer);
	struct stat st;
	int rc;

	if (!name || !mmt_grow((void **)&out->file_bytes, (uint32_t)(out->nr - 1), sizeof(*out->file_bytes))) {
		free(name);
		return mmr_err(err, -ENOMEM, "%s: no memory for another file", out->options->output);
	}
	rc = start_another(out, name, err);
	if (rc) {
		free(name);
		return rc;
	}
	/* With its index, where the path can still be walked without the capabilities given up. */
	out->file_bytes[out->nr - 1] = stat(out->path, &st) ? bytes : (uint64_t)st.st_size;
	free(out->path);
	out->path = name;
	out->nr++;
	out->begun_ns = now_ns;
	return remove_old(out, err);
}

int record_output_close(struct record_output *out, uint64_t *bytes, struct mmr_error *err)
{
	uint64_t last = out->writer ? trace_writer_bytes(out->writer) : 0, all = record_output_bytes(out);
	int rc = out->writer ? trace_writer_close(out->writer, err) : 0;
	struct stat st;

	*bytes = all;
	if (out->path && !stat(out->path, &st) && S_ISREG(st.st_mode))
		*bytes = all - last + (uint64_t)st.st_size;
	out->writer = NULL;
	free(out->path);
	free(out->file_bytes);
	out->path = NULL;
	out->file_bytes = NULL;
	return rc;
}
