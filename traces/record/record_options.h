/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mmreplay-record's command line. */
#ifndef MMR_TRACES_RECORD_OPTIONS_H
#define MMR_TRACES_RECORD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "traces/record/record_filter.h"

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

/** struct record_options - what the user asked for; 0 is "no limit" unless it says otherwise */
struct record_options {
	const char *output; /* NULL with @dry_run only */
	double seconds; /* 0: until a signal or the command's end */
	uint64_t ring_bytes; /* per CPU; a power of two; 0: as the machine is */
	uint64_t max_memory_bytes; /* of rings and buffers together */
	uint64_t max_file_bytes;
	uint64_t rotate_bytes; /* start another file at this size */
	double rotate_seconds; /* or after so long */
	unsigned long rotate_keep; /* files to keep; older ones are removed */
	double max_rate; /* events per second; above, whole intervals are dropped and counted */
	unsigned long max_blocks; /* free blocks of a keyframe */
	double keyframe_seconds; /* 0: at the start, at the end, and after losses */
	double max_hold_ms; /* of a zone's lock by one walk */
	struct record_filter filter;
	bool extras; /* also probes that cost time at every allocation or free */
	bool lean; /* never two programs at a tracepoint */
	bool page_cache; /* also what enters and leaves the page cache */
	bool stacks, cgroups; /* also from which calls and cgroups allocations come */
	bool dry_run, no_names, no_keyframes, quiet, verbose;
	char **command; /* NULL-terminated; NULL: whole system until told to stop */
};

/** record_options_to_stdout - the recording goes to standard output */
static inline bool record_options_to_stdout(const struct record_options *o)
{
	return o->output && o->output[0] == '-' && !o->output[1];
}

/** record_options_rotate - the recording goes to numbered files */
static inline bool record_options_rotate(const struct record_options *o)
{
	return o->rotate_bytes || o->rotate_seconds > 0;
}

/** record_options_parse - prints and exits with EXIT_USAGE where the command line is wrong */
void record_options_parse(int argc, char **argv, struct record_options *ret);

#endif
