/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel itself did during a recording, counted from its events and last keyframes: the
 * truth that a prediction is held against. Nothing here is modelled.
 */
#ifndef MMR_REPLAY_OBSERVED_H
#define MMR_REPLAY_OBSERVED_H

#include <stdbool.h>

#include "core/mm_types.h"
#include "replay/machines/machine.h"
#include "traces/trace_reader.h"

/**
 * struct observed - counts over a recording, from the moment when its first keyframes were complete
 * @allocs: allocations that got a page, each page of alloc_pages_bulk() being one; @alloc_pages, @node_pages:
 *their pages, in all and by node
 * @hits: allocations whose page lies on the node that was wanted: the one that was named, as far as
 *	named_node.h can tell, else the asking CPU's own, or the nearest with memory
 * @passed_over: allocations that the zone they try first did not serve, for it was below its mark: a
 *	lower zone of the node did, or another node (without __GFP_THISNODE)
 * @refills, @drains: unbroken runs of such events on one CPU, which is one hold of zone->lock each. Holds
 *	that follow each other at once look like one; where free_pcppages_bulk() was recorded, @drains are its
 *	calls.
 * @locked: holds of zone->lock that events show: refills, drains, single takes and frees past the
 *	per-CPU lists
 * @extfrag: mm_page_alloc_extfrag events
 * @kswapd_wakeups: where @have_kswapd
 * @nr_free: free blocks at the end, by order, over the @nr_end_zones zones that have a last keyframe
 */
struct observed {
	uint64_t allocs, alloc_pages, failed, hits, passed_over;
	uint64_t node_pages[MAX_NUMNODES];
	uint64_t refills, refill_pages, drains, drain_pages, locked;
	uint64_t extfrag, kswapd_wakeups;
	bool have_kswapd;
	uint64_t nr_free[NR_PAGE_ORDERS];
	unsigned int nr_end_zones;
};

/**
 * observed_read - count a recording, from its first event to its last; the reader is rewound before and after
 * @machine: the recorded machine
 * Return: 0; -EBADMSG a damaged recording; -EINVAL a keyframe that cannot be; -ENOMEM.
 */
int observed_read(struct trace_reader *reader, const struct machine *machine, struct observed *ret,
		  struct mmr_error *err);

#endif
