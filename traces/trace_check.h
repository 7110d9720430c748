/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything about a .mmt file that can be verified, verified. */
#ifndef MMR_TRACES_TRACE_CHECK_H
#define MMR_TRACES_TRACE_CHECK_H

#include "traces/trace.h"

/**
 * struct trace_check_result - what was looked at and what was found
 * @nr_findings: calls of the callback
 * @back_steps, @max_back_ns: times that step back within a CPU, by how much at most; normal, it is an
 *	interrupt between an event's time and its record
 */
struct trace_check_result {
	uint64_t file_bytes, nr_events, nr_lost, back_steps, max_back_ns;
	uint32_t nr_blocks, nr_keyframes, nr_findings;
	bool complete;
};

/**
 * trace_check - walk all of a file: checksums, structure, time order, index, keyframes, losses
 * @finding: called with one line per finding: file, byte offset, what was found and expected
 * Return: 0 where the walk was done, whatever it found; -errno where the file could not be read or
 *	is no trace at all.
 */
int trace_check(const char *path, void (*finding)(void *ctx, const char *line), void *ctx,
		struct trace_check_result *ret, struct mmr_error *err);

#endif
