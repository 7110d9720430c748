/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small recordings for the tests, written through the real writer into a temporary file. */
#ifndef MMR_REPLAY_TESTS_SYNTH_TRACE_H
#define MMR_REPLAY_TESTS_SYNTH_TRACE_H

#include "traces/trace_writer.h"

/**
 * struct synth - a recording in the making; one node, two CPUs, 64 MiB of DMA32 from pfn 4096
 * @task: whose the next events are; TRACE_NO_TASK at first
 */
struct synth {
	char path[64];
	struct trace_writer *writer;
	uint64_t now_ns;
	uint32_t task;
};

void synth_begin(struct synth *s);
/** synth_begin_kernel - the same, recorded from the kernel of @release */
void synth_begin_kernel(struct synth *s, const char *release);
/** synth_begin_watched - the same, with feature event.@type set; per-CPU lists may grow from 12 pages to
 * @pcp_high_max */
void synth_begin_watched(struct synth *s, const char *type, uint32_t pcp_high_max);
/** synth_alloc - mm_page_alloc of @order at @pfn on @cpu, one microsecond after the last event */
void synth_alloc(struct synth *s, unsigned int cpu, uint32_t pfn, unsigned int order);
void synth_free(struct synth *s, unsigned int cpu, uint32_t pfn, unsigned int order);
/** synth_process - the next events are of a process with this number */
void synth_process(struct synth *s, uint32_t tgid);
/** synth_event - any event of class @cls, one microsecond after the last event */
void synth_event(struct synth *s, const struct trace_class *cls, unsigned int cpu, uint32_t pfn);
/** synth_told - an event of another kind, no page event, with one argument */
void synth_told(struct synth *s, enum trace_event_type type, unsigned int cpu, int64_t arg);
/** synth_keyframe - the zone's free lists: @nr blocks of @order, ascending from @pfn, all movable */
void synth_keyframe(struct synth *s, uint32_t pfn, unsigned int order, unsigned int nr);
/** synth_last_keyframe - the same, as the recorder's last */
void synth_last_keyframe(struct synth *s, uint32_t pfn, unsigned int order, unsigned int nr);
void synth_end(struct synth *s);
/** synth_unlink - remove the file */
void synth_unlink(struct synth *s);

#endif
