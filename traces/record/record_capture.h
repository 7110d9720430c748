/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running recording: the BPF programs, the rings, and their way into the trace's writer. */
#ifndef MMR_TRACES_RECORD_CAPTURE_H
#define MMR_TRACES_RECORD_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "traces/record/record_filter.h"
#include "traces/record/record_stream.h"

struct record_capture;

/** struct record_capture_options - what the command line decides */
struct record_capture_options {
	size_t ring_bytes; /* per CPU; a power of two */
	bool names; /* record task names */
	bool extras; /* also probes that cost time at every allocation or free */
	bool page_cache; /* also what enters and leaves the page cache */
	bool stacks, cgroups; /* also from which calls and cgroups allocations come */
	uint32_t nr_nodes; /* from two on tasks' memory policies are told */
	uint64_t memory_nodes; /* those of the first 64 that have memory */
	int tracefs; /* its descriptor; -1: extfrag events do not say what became of the block */
	const struct record_filter *filter; /* borrowed */
	bool lean; /* never a second program: what an interrupt brings into the first is lost, and counted */
};

/** record_capture_nr_online - CPUs that get a ring, of @nr_cpus possible ones */
uint32_t record_capture_nr_online(uint32_t nr_cpus);

/** record_capture_create - load the programs for @nr_cpus possible CPUs; nothing is attached yet */
int record_capture_create(uint32_t nr_cpus, const struct record_capture_options *options,
			  struct record_capture **ret, struct mmr_error *err);
void record_capture_destroy(struct record_capture *c);

/** record_capture_describe - note in @machine's features which kinds of events would be seen */
int record_capture_describe(const struct record_capture *c, struct trace_machine *machine,
			    struct mmr_error *err);
/** record_capture_percpu - borrow the distance of each CPU's copy of a per-CPU variable; tells lists apart */
void record_capture_percpu(struct record_capture *c, const volatile uint64_t *offsets);
/**
 * record_capture_count - the pages on a CPU's lists are to be told whenever somebody else is at them
 * @zones: [@nr] addresses of the zones of the header, in its order, 0 where not known; the first few are
 * counted
 *
 * Not where filters are set: what they leave out is at the lists, too.
 */
void record_capture_count(struct record_capture *c, const uint64_t *zones, uint32_t nr);

/**
 * record_capture_start - attach everything; events flow into the rings from here on
 * @writer: borrowed; gets what the rings hold at each record_capture_drain()
 * @machine: whose pages the filters have to remember
 * @tell_interrupts: events on an interrupt's stack, hard or soft, get TRACE_F_SOFTIRQ
 */
int record_capture_start(struct record_capture *c, struct trace_writer *writer, const struct gfp_map *map,
			 const struct record_pages *pages, const struct trace_machine *machine,
			 bool tell_interrupts, struct mmr_error *err);

/**
 * record_capture_drain - move what the rings hold to the writer
 * @filled: set to the fullest ring's share, in 1/256, before draining; may be NULL
 */
int record_capture_drain(struct record_capture *c, unsigned int *filled, struct mmr_error *err);

/**
 * record_capture_hook - the @nr-th program that is loaded, for telling what would be attached
 * @program: set to its name
 * Return: where it is attached, "tp_btf/mm_page_alloc"; NULL behind the last one.
 */
const char *record_capture_hook(const struct record_capture *c, unsigned int nr, const char **program);
/**
 * record_capture_later - the first program whose second one, @program, is not attached at the start
 * @ns: set to how long after the start it was attached; 0 where it was not
 * Return: its name; NULL where @program is attached from the start
 */
const char *record_capture_later(const struct record_capture *c, const char *program, uint64_t *ns);
/** record_capture_lack - the @nr-th kind of event that nothing tells here, and why; false behind the last */
bool record_capture_lack(const struct record_capture *c, unsigned int nr, char *buf, size_t size);
/** record_capture_may_lose - tasks can be preempted between programs, and there is no third one */
bool record_capture_may_lose(const struct record_capture *c);

/**
 * record_capture_settle - write the events that are held back to be put in order
 *
 * Events of a CPU are written in the order of their times, each at the latest when some thousands
 * have followed it. For timers: what settles often steps back in time more often.
 */
int record_capture_settle(struct record_capture *c, struct mmr_error *err);

/**
 * record_capture_another_file - the writer has gone on in another file, where no task has a number yet
 * To be called right after, and record_capture_settle() before.
 */
void record_capture_another_file(struct record_capture *c);

/** record_capture_pause - from here on events are only counted, as lost; or recorded again */
void record_capture_pause(struct record_capture *c, bool pause);

/** record_capture_stop - detach, drain the rest, and write every loss that is not in the file yet */
int record_capture_stop(struct record_capture *c, struct mmr_error *err);

/**
 * record_capture_untraced - free lists may have changed unseen since record_capture_known()
 *
 * Such a change is an untraced event in the trace as well.
 */
bool record_capture_untraced(const struct record_capture *c);
void record_capture_known(struct record_capture *c);

const struct record_counts *record_capture_counts(const struct record_capture *c);
/** record_capture_lost_on - events lost on @cpu so far */
uint64_t record_capture_lost_on(const struct record_capture *c, uint32_t cpu);

/**
 * record_capture_watch - count events of the page frames [@start, @end) between two moments
 *
 * For checks that nothing happened. Zero a watch by watching an empty range.
 */
void record_capture_watch(struct record_capture *c, uint64_t start_pfn, uint64_t end_pfn, uint64_t begin_ns,
			  uint64_t end_ns);
uint64_t record_capture_watched(const struct record_capture *c);

#endif
