/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyframes of the running kernel: every zone's free lists in order, hidden state, PCP lists. */
#ifndef MMR_TRACES_RECORD_KEYFRAME_H
#define MMR_TRACES_RECORD_KEYFRAME_H

#include "traces/record/record_capture.h"
#include "traces/record/record_probe.h"

/** struct record_keyframe_stats - summed over all keyframes taken */
struct record_keyframe_stats {
	uint32_t nr, locked, idle, partial;
	uint32_t in_parts, parts; /* keyframes read in parts, to hold no lock for too long; and their parts */
	uint64_t blocks, pcp_pages;
	uint64_t missing; /* blocks the kernel counted and partial keyframes leave out */
	uint64_t longest_ns, held_ns; /* a zone's lock held for a walk: longest, and in all */
};

/**
 * record_keyframes_take - a keyframe of every zone into the trace
 * @capture: running; it is drained meanwhile
 * @flags: TRACE_KF_FIRST, TRACE_KF_LAST or 0
 *
 * A zone is walked by a program on two tracepoints that fire with its lock held; the recorder makes
 * the kernel allocate so that one fires. A zone no request can be steered to is walked while its
 * lock reads free, and again if anything happened in it meanwhile.
 */
int record_keyframes_take(struct record_probe *probe, struct record_capture *capture,
			  struct trace_writer *writer, uint32_t flags, struct record_keyframe_stats *stats,
			  struct mmr_error *err);

#endif
