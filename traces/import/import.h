/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces of other tools into .mmt files. Each importer takes its format apart and hands over events
 * in the recording kernel's own numbers; import.c turns those into stable codes and writes them.
 */
#ifndef MMR_TRACES_IMPORT_H
#define MMR_TRACES_IMPORT_H

#include <stddef.h>

#include "traces/trace.h"

#define IMPORT_UNKNOWN_CPU UINT32_MAX
#define IMPORT_NO_PFN      UINT64_MAX

/**
 * struct import_event - one event as the source has it
 * @cls: type, orders, and the kernel's own migratetypes and gfp_raw; @cls.gfp is filled by import.c
 *	unless @have_gfp
 * @pfn: IMPORT_NO_PFN for a failed allocation
 * @offset: where in the source it is, for messages
 */
struct import_event {
	uint64_t ts_ns, pfn, offset;
	uint32_t cpu;
	bool have_task, have_gfp;
	struct trace_task task;
	struct trace_class cls;
};

struct import;

/** struct import_format - a source format; one row per importer */
struct import_format {
	const char *name, *summary;
	int (*run)(struct import *im, struct mmr_error *err);
};
extern const struct import_format import_perf, import_tracecmd, import_ftrace, import_llfree;

/** struct import_options - what the caller knows and a source may not say; NULL and 0 = nothing */
struct import_options {
	const char *kernel_release;
	bool (*stop)(void);
};

/**
 * struct import_report - what came out
 * @events: by type;  @nr_lost: events the source says are missing;  @recorded: types the source says
 *	were switched on (bit per type), 0 where it does not say
 * @nr_gfp_unknown: allocations with flags nobody can name
 * @partial: what alone was recorded, "" where all events were
 * @clock: what its times are counts of, "" where they are nanoseconds
 * @nr_back: events of a source in the order of times whose time is before that of the last one
 */
struct import_report {
	uint64_t events[TRACE_NR_PAGE_EVENTS], nr_events, nr_lost, nr_other;
	uint32_t recorded;
	uint64_t nr_gfp_unknown, nr_back;
	char partial[96], clock[32];
	bool sorted, interrupted;
};

/**
 * import_run - @path in @format into the trace @output
 * @path: "-" for standard input
 * Return: 0; -errno with file, byte, what was found and what was expected. A source without a single
 *	event is -ENODATA and leaves no output.
 */
int import_run(const struct import_format *format, const char *path, const char *output,
	       const struct import_options *options, struct import_report *report, struct mmr_error *err);
/** import_memory - the same for a source in memory; @path is for messages */
int import_memory(const struct import_format *format, const char *path, const uint8_t *data, size_t size,
		  const char *output, const struct import_options *options, struct import_report *report,
		  struct mmr_error *err);

/* ---- for importers ------------------------------------------------------------------------- */

/** struct import - a run: the source and, once import_start() was called, the output */
struct import {
	const char *path;
	const uint8_t *data;
	size_t size;
	const struct import_options *options;
	struct import_report *report;
	struct trace_machine machine; /* filled by the importer before import_start() */
	bool sort; /* events of a CPU may come in any order: sort them by time */
	struct import_output *out;
};

/**
 * import_start - complete the header with what every trace needs and open the output
 *
 * Set before: kernel_release (or the option), nr_cpus; the rest as far as the source tells.
 */
int import_start(struct import *im, struct mmr_error *err);
int import_put(struct import *im, const struct import_event *event, struct mmr_error *err);
/** import_loss - @nr events missing on @cpu (IMPORT_UNKNOWN_CPU) between two times */
int import_loss(struct import *im, uint32_t cpu, uint64_t begin_ns, uint64_t end_ns, uint64_t nr,
		struct mmr_error *err);
/** import_stopped - did the user ask for an early end? What was read so far is kept. */
bool import_stopped(const struct import *im);

/** import_feature - note "name=value" in the header; before import_start() */
int import_feature(struct import *im, const char *name, int64_t value, struct mmr_error *err);
/** import_partial - only @what was recorded: the trace is for analysis; before import_start() */
int import_partial(struct import *im, const char *what, struct mmr_error *err);
/** import_add_name - append to a list of names of a machine; -ENOMEM where it cannot */
int import_add_name(struct trace_name_value **list, uint32_t *nr, const char *name, int64_t value);
/** import_kernel_before - is the recording kernel older than @major.@minor? Unknown kernels are new. */
bool import_kernel_before(const struct import *im, unsigned int major, unsigned int minor);

#endif
