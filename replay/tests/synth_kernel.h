/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel in miniature for the tests of verify: the core, driven one decision at a time, writes the
 * events a kernel would write. A second machine does the same work through mmr_alloc_pages() and
 * mmr_free_pages(), and must arrive at the same pages.
 */
#ifndef MMR_REPLAY_TESTS_SYNTH_KERNEL_H
#define MMR_REPLAY_TESTS_SYNTH_KERNEL_H

#include "core/step.h"
#include "replay/machines/machine.h"
#include "traces/trace_writer.h"

#define SYNTH_NR_CPUS 2

/**
 * struct synth_kernel - a recording in the making; one node, 64 MiB of DMA32 from pfn 4096
 * @tweak_from: the first event of @tweak_type from this number on is falsified (its pfn plus
 *	@tweak_pfn), UINT64_MAX for none; @tweaked is its number
 * @interrupt: events carry the softirq flag
 * @task: whose the next events are, see synth_kernel_task(); TRACE_NO_TASK at first
 * @gap_ns: from one event to the next
 * @tells_drains: PCP_FREE_BULK and BULK_PAGE events are; set by synth_kernel_begin_telling_drains()
 * @damage: of 1000 events so many are lost, told twice, or told of another page; @random
 * @tells_buddy: BUDDY_FREE events are recorded; set by synth_kernel_begin_telling()
 */
struct synth_kernel {
	char path[64];
	struct trace_writer *writer;
	struct machine machine;
	struct mmr_machine *m, *twin;
	struct zone *zone;
	uint64_t now_ns, nr_events;
	uint64_t tweak_from, tweaked;
	uint32_t tweak_pfn;
	enum trace_event_type tweak_type;
	bool interrupt, tells_buddy, tells_drains;
	uint32_t task;
	uint64_t gap_ns, random;
	unsigned int damage;
};

void synth_kernel_begin(struct synth_kernel *k, const char *profile);
/** synth_kernel_begin_telling - the same, with events of what goes to the buddy */
void synth_kernel_begin_telling(struct synth_kernel *k, const char *profile);
/** synth_kernel_begin_telling_drains - the same, with events of drains and of bulk allocations */
void synth_kernel_begin_telling_drains(struct synth_kernel *k, const char *profile);
/** synth_kernel_drain - @cpu drains so many pages of @owner's lists, as drain_pages_zone() does */
void synth_kernel_drain(struct synth_kernel *k, unsigned int cpu, unsigned int owner, int pages);
/** synth_kernel_task - the next events are of this task; returns its number in the recording */
uint32_t synth_kernel_task(struct synth_kernel *k, uint32_t tid);
/** synth_kernel_keyframe - the zone's free lists and every CPU's lists, as they are now */
void synth_kernel_keyframe(struct synth_kernel *k, uint32_t flags);
uint32_t synth_kernel_alloc(struct synth_kernel *k, unsigned int cpu, unsigned int mt, unsigned int order);
void synth_kernel_free(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int order);
/** synth_kernel_free_batch - free_unref_folios(): all are prepared, then inserted one by one */
void synth_kernel_free_batch(struct synth_kernel *k, unsigned int cpu, const uint32_t *pfns, unsigned int nr);
/** synth_kernel_insert_batched - one page of a batch, announced by synth_kernel_say_freed(), comes to its list
 */
void synth_kernel_insert_batched(struct synth_kernel *k, unsigned int cpu, uint32_t pfn);
/** synth_kernel_say_batch_freed, synth_kernel_insert_batch - the two halves of a batch */
void synth_kernel_say_batch_freed(struct synth_kernel *k, unsigned int cpu, const uint32_t *pfns,
				  unsigned int nr);
void synth_kernel_insert_batch(struct synth_kernel *k, unsigned int cpu, const uint32_t *pfns, unsigned int nr);
/**
 * synth_kernel_say_counts - how many pages are on the CPU's lists, told before its next event
 * @less: pages that an allocation, the next event, takes off them before that is told
 */
void synth_kernel_say_counts(struct synth_kernel *k, unsigned int cpu, int less);
/** synth_kernel_bulk - alloc_pages_bulk(): pages leave the CPU's list without an event of their own */
void synth_kernel_bulk(struct synth_kernel *k, unsigned int cpu, uint32_t *pfns, unsigned int nr);
/** synth_kernel_bulk_told - one page of a bulk allocation, told at the call's end */
void synth_kernel_bulk_told(struct synth_kernel *k, unsigned int cpu, uint32_t pfn);
/**
 * synth_kernel_say_freed, synth_kernel_insert - the two halves of a free: the event, and what follows it
 *
 * An insertion that goes to the buddy is told where the recording does that.
 */
void synth_kernel_say_freed(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int order);
void synth_kernel_insert(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int order);
/** synth_kernel_say_pages_freed - vfree() from 7.2 on: first the events of all pages … */
void synth_kernel_say_pages_freed(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int nr);
/** synth_kernel_insert_pieces - … then the largest aligned pieces go to their lists */
void synth_kernel_insert_pieces(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int nr);
/** synth_kernel_say_popped - the event of a pop by mmr_step_pcp_pop() */
void synth_kernel_say_popped(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int mt,
			     unsigned int order);
/** synth_kernel_take - a block from the buddy; synth_kernel_say_popped() tells of its allocation */
uint32_t synth_kernel_take(struct synth_kernel *k, unsigned int cpu, unsigned int mt, unsigned int order);
/** synth_kernel_say - an event without a page, of node 0 and its zone; nothing but the event */
void synth_kernel_say(struct synth_kernel *k, unsigned int cpu, enum trace_event_type type);
/** synth_kernel_isolate - a free block vanishes without an event */
uint32_t synth_kernel_isolate(struct synth_kernel *k, unsigned int order, unsigned int mt);
/** synth_kernel_isolate_told - the same with an event */
uint32_t synth_kernel_isolate_told(struct synth_kernel *k, unsigned int order, unsigned int mt);
/** synth_kernel_poison - a page is broken, and is said to have left its free block */
void synth_kernel_poison(struct synth_kernel *k, uint32_t pfn);
/** synth_kernel_unpoison - it is taken for whole again */
void synth_kernel_unpoison(struct synth_kernel *k, uint32_t pfn);
/** synth_kernel_loss - so many events are missing from now to the next event */
void synth_kernel_loss(struct synth_kernel *k, uint64_t nr);
void synth_kernel_end(struct synth_kernel *k);
void synth_kernel_destroy(struct synth_kernel *k);

#endif
