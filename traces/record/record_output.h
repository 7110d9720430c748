/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files a recording goes to: one, or numbered ones of which old ones may be removed. */
#ifndef MMR_TRACES_RECORD_OUTPUT_H
#define MMR_TRACES_RECORD_OUTPUT_H

#include "traces/record/record_options.h"
#include "traces/trace_writer.h"

struct record_output {
	const struct record_options *options;
	const struct trace_machine *machine;
	struct trace_writer *writer;
	char *path; /* of the file being written */
	bool provisional; /* it has ".new" behind its name until the recording runs */
	unsigned long nr; /* number of the file being written, from 1; 0 without rotation */
	unsigned long first_kept;
	uint64_t *file_bytes; /* [nr - 1] of the finished ones */
	uint64_t begun_ns; /* the file being written */
	uint64_t begun_bytes; /* what it had with its first keyframes */
};

/**
 * record_output_open - start the first file under a name that replaces nothing yet
 * Return: 0; -EEXIST where numbered files of that name are there already
 */
int record_output_open(struct record_output *out, const struct record_options *options,
		       const struct trace_machine *machine, uint32_t block_events, struct mmr_error *err);
/** record_output_commit - the recording runs: the file gets its name, replacing an older one */
int record_output_commit(struct record_output *out, uint64_t now_ns, struct mmr_error *err);
/** record_output_discard - the recording never ran: leave nothing behind */
void record_output_discard(struct record_output *out);

/** record_output_bytes - of all files that are kept */
uint64_t record_output_bytes(const struct record_output *out);
/** record_output_begun - the file being written has its first keyframes now */
void record_output_begun(struct record_output *out);
/** record_output_due - is it time for another file? */
bool record_output_due(const struct record_output *out, uint64_t now_ns);
/** record_output_rotate - end this file, begin the next, remove the one that is too old */
int record_output_rotate(struct record_output *out, uint64_t now_ns, struct mmr_error *err);

/**
 * record_output_close - finish the last file; frees everything also on error
 * @bytes: set to the size of all files that are kept
 */
int record_output_close(struct record_output *out, uint64_t *bytes, struct mmr_error *err);

#endif
