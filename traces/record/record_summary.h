/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the recorder says on the screen: while it records, and when it is done. */
#ifndef MMR_TRACES_RECORD_SUMMARY_H
#define MMR_TRACES_RECORD_SUMMARY_H

#include "traces/record/record_capture.h"
#include "traces/record/record_keyframe.h"
#include "traces/record/record_output.h"

/** struct record_summary - all borrowed */
struct record_summary {
	const struct record_options *options;
	const struct record_capture *capture;
	const struct record_keyframe_stats *keyframes;
	uint32_t nr_cpus;
	unsigned long nr_files, nr_kept; /* 0 without rotation */
	uint64_t bytes; /* of the files that are kept */
	uint64_t seconds_ns, cpu_ns, max_resident_bytes;
	uint64_t nr_pauses, paused_ns; /* by --max-rate */
	bool file_full;
};
void record_summary_print(const struct record_summary *s);

/** struct record_progress - one line that is rewritten twice a second, on a terminal only */
struct record_progress {
	bool wanted;
	uint64_t begun_ns, shown_ns, shown_events;
};
void record_progress_init(struct record_progress *p, bool quiet, uint64_t now_ns);
void record_progress_show(struct record_progress *p, uint64_t now_ns, const struct record_counts *counts,
			  uint64_t bytes);
void record_progress_end(const struct record_progress *p);

#endif
