/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader's view of one CPU's ring: records become events of the trace, in order, once each. */
#ifndef MMR_TRACES_RECORD_STREAM_H
#define MMR_TRACES_RECORD_STREAM_H

#include "traces/gfp_map.h"
#include "traces/record/record.h"
#include "traces/record/record_filter.h"
#include "traces/record/record_lanes.h"
#include "traces/record/record_order.h"
#include "traces/record/record_ring.h"
#include "traces/record/record_tasks.h"
#include "traces/trace_writer.h"

#define RECORD_CLASS_SLOTS 8192 /* a power of two, far above the tens of classes a recording has */
#define RECORD_DOUBLES     64 /* records of a CPU among which a doubled one is looked for */

/** struct record_pages - how page addresses become page frame numbers: learned, then verified */
struct record_pages {
	uint64_t base; /* address of page frame 0's struct page, low 48 bits */
	uint64_t full_base; /* all 64 */
	uint32_t size; /* sizeof(struct page) */
};

/**
 * struct record_counts - what has been recorded so far
 * @nr_nested: events recorded by a second or third program
 * @nr_moved: events that stood behind later ones of their CPU and were put before them
 * @nr_late: events whose place was written already: their CPU's times step back there
 * @nr_filtered: events that the filters left out; not in the other counts
 * @nr_skipped: events for which the kernel skipped the first program, as of the last look
 */
struct record_counts {
	uint64_t events[NR_TRACE_EVENT_TYPES];
	uint64_t nr_events, nr_lost, nr_nested, nr_skipped, nr_moved, nr_late;
	uint64_t nr_filtered;
	uint64_t strange; /* records that made no sense; each also counted as lost */
};

struct record_class_slot {
	uint64_t key; /* policy << 48 | class bits << 32 | gfp, and a bit that says it is used */
	uint16_t id;
};

/**
 * struct record_sink - what all CPUs' streams share
 * @percpu_offsets: [nr_cpus] from a per-CPU pointer to that CPU's copy; NULL where unknown
 * @sees_isolation: what compaction and isolation take is told page by page
 * @untraced: free lists may have changed unseen since this was last cleared
 * @live: what the filters go by, NULL where nothing is filtered; @sifted: events on their way through them
 * @watched: events of the page frames and times that are watched
 * @err: where a record's failure is told
 */
struct record_sink {
	struct trace_writer *writer;
	const struct gfp_map *map;
	struct record_pages pages;
	int page_shift; /* -1 where sizeof(struct page) is no power of two */
	struct record_tasks *tasks;
	const volatile uint64_t *percpu_offsets;
	uint32_t nr_cpus;
	bool sees_isolation, untraced;
	struct record_live *live;
	struct record_labels *labels; /* NULL: nothing names any */
	struct trace_event *sifted;
	uint32_t nr_sifted;
	struct record_counts counts;
	struct record_class_slot classes[RECORD_CLASS_SLOTS];
	uint64_t watch_start_pfn, watch_end_pfn, watch_begin_ns, watch_end_ns, watched;
	struct mmr_error *err;
};

/** struct record_held - what an event held back has beyond struct trace_event */
struct record_held {
	uint32_t pfn;
	struct trace_args args;
};

/** struct record_stream - one CPU; zero but @fd before record_stream_init() */
struct record_stream {
	struct record_ring ring;
	struct record_lanes lanes;
	struct record_order order;
	int fd;
	uint32_t cpu;
	uint32_t tid, task;
	uint32_t policy_tid; /* whose policy is not the default one */
	uint16_t policy;
	struct record_held *notes; /* made at the first one; an event's pfn is then its place here */
	uint16_t *free_notes, nr_free_notes;
	struct record_last_alloc {
		uint32_t pfn, task;
	} last_alloc; /* of the latest allocation event; TRACE_NO_PFN once the page is freed */
	struct record_recent recent;
	uint64_t nr_lost;
	struct record_sink *sink;
};

int record_stream_init(struct record_stream *s, uint32_t cpu, struct record_sink *sink, struct mmr_error *err);
void record_stream_deinit(struct record_stream *s);

/** record_stream_record - one record of the ring, told apart by its size; @ctx is the stream */
int record_stream_record(void *ctx, const void *record, size_t bytes);
/** record_stream_note - an event of the recorder's own, or one with arguments */
int record_stream_note(struct record_stream *s, uint64_t ts_ns, uint32_t task, const struct trace_class *cls,
		       const struct record_held *note);
/** record_stream_loss - @s NULL: on an unknown CPU */
int record_stream_loss(struct record_sink *sink, struct record_stream *s, uint64_t begin_ns, uint64_t end_ns,
		       uint64_t nr);
/** record_stream_pass - pass on what is held back and older than @ts_ns */
int record_stream_pass(struct record_stream *s, uint64_t ts_ns);
/** record_sink_sift - send what has been passed on through the filters to the writer */
int record_sink_sift(struct record_sink *sink);
/** record_stream_settle - write what is held back to be put in order */
int record_stream_settle(struct record_stream *s);

#endif
