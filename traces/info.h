/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `mmreplay info` prints, gathered once for both of its outputs. */
#ifndef MMR_TRACES_INFO_H
#define MMR_TRACES_INFO_H

#include "traces/trace_reader.h"
#include "traces/trace_stats.h"

#define INFO_NR_MIGRATETYPES 6
#define INFO_TOP             5

/** struct info_task - a task and its events, for the list of the busiest */
struct info_task {
	uint32_t task;
	uint64_t nr_events;
};

/** struct info_gfp - a gfp value and how many allocations asked with it */
struct info_gfp {
	uint32_t gfp;
	uint64_t nr_allocs;
};

/** struct info_keyframe - a keyframe without its lists */
struct info_keyframe {
	uint64_t ts_ns, walk_ns, nr_blocks, nr_missing;
	uint32_t nid, flags, nr_pcps;
	uint8_t zone;
};

/**
 * struct info - @allocs: succeeded and failed, by order and migratetype asked for
 * @tasks, @gfps: busiest first, owned
 */
struct info {
	const char *path;
	const struct trace_machine *machine;
	const struct trace_summary *summary;
	const struct trace_task *task_names;
	struct trace_stats stats;
	uint64_t duration_ns, start_realtime_ns;
	double bytes_per_event;
	uint64_t allocs[TRACE_NR_ORDERS][INFO_NR_MIGRATETYPES];
	uint64_t frees[TRACE_NR_ORDERS];
	uint32_t nr_tasks, nr_gfps, nr_keyframes;
	struct info_task *tasks;
	struct info_gfp *gfps;
	struct info_keyframe *keyframes;
};

/** info_migratetype_name - "unmovable", … for a stable code below INFO_NR_MIGRATETYPES */
const char *info_migratetype_name(unsigned int migratetype);
/** info_zone_name - "DMA", … for a stable code */
const char *info_zone_name(unsigned int zone);

/** info_print_json - the mmreplay.info/1 object, on stdout */
void info_print_json(const struct info *info, struct trace_reader *reader);
/** info_print_text - one screen for people, on stdout */
void info_print_text(const struct info *info, struct trace_reader *reader);

#endif
