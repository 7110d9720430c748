/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces of one machine and boot, joined into one file by time. */
#ifndef MMR_TRACES_TRACE_MERGE_FILES_H
#define MMR_TRACES_TRACE_MERGE_FILES_H

#include "traces/trace.h"

struct trace_merge_result {
	uint64_t nr_events, nr_keyframes, nr_lost;
	uint32_t nr_gaps; /* between files that were started separately */
};

/**
 * trace_merge_files - join @paths into @output
 * @stop: asked now and then; true ends the work early
 *
 * Memory: one decoded block per CPU of the files whose time has come; files follow each other, so
 * that is mostly one file.
 * Return: 0; -EINVAL where the files do not belong together; -EINTR; what reading or writing returns
 */
int trace_merge_files(const char *const *paths, uint32_t nr_paths, const char *output, bool (*stop)(void),
		      struct trace_merge_result *result, struct mmr_error *err);

#endif
