/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast kswapd worked in a recording: it shares CPUs and devices with the load, so that its pace decides how
 * far a node sinks below its marks before it is balanced. The model takes the pace from the recording it
 * replays, second by second: what was easy to reclaim first is not so later. A machine of as many nodes takes
 * each node's own pace, for it has the same CPUs and load beside it; any other the mean of all. How much of
 * what it looks at it may take also decides when it gives up, to begin anew: that, too, is measured.
 */
#ifndef MMR_REPLAY_KSWAPD_PACE_H
#define MMR_REPLAY_KSWAPD_PACE_H

#include <stddef.h>

#include "traces/trace_reader.h"

#define KSWAPD_PACE_SLICE_NS 1000000000ull

/* struct kswapd_give_up - such a run ended at @end_ns */
struct kswapd_give_up {
	uint64_t end_ns, pages;
};

/**
 * struct kswapd_pace - pages that a kswapd freed per nanosecond it was at work
 * @mean: over the whole recording; 0 where that does not tell: such events were not watched, or it never freed
 *	anything
 * @slices: [(@nr_nodes + 1) * @nr_slices] from @first_ns on, KSWAPD_PACE_SLICE_NS each, first over all nodes,
 *then node by node; 0 where it hardly worked
 * @give_ups: [nr_give_ups] what runs brought that ended with their node unbalanced still, in order of their
 *ends
 * @nr_nodes: as many as the machine has that it is for; 0 where the recorded one has others
 */
struct kswapd_pace {
	double mean;
	double *slices;
	struct kswapd_give_up *give_ups;
	size_t nr_slices, nr_give_ups;
	unsigned int nr_nodes;
	uint64_t first_ns;
};

/**
 * kswapd_pace_read - read through a recording for it; the reader is rewound before and after
 * @nr_nodes: of the machine that it is for
 * Return: 0; -EBADMSG a damaged recording; -ENOMEM.
 */
int kswapd_pace_read(struct trace_reader *reader, unsigned int nr_nodes, struct kswapd_pace *ret,
		     struct mmr_error *err);
void kswapd_pace_deinit(struct kswapd_pace *pace);

/** kswapd_pace_at - the pace of a node's kswapd at @ts_ns: that second's where it tells, else the mean */
static inline double kswapd_pace_at(const struct kswapd_pace *pace, unsigned int nid, uint64_t ts_ns)
{
	size_t slice = ts_ns > pace->first_ns ? (ts_ns - pace->first_ns) / KSWAPD_PACE_SLICE_NS : 0;

	if (slice >= pace->nr_slices)
		return pace->mean;
	if (nid < pace->nr_nodes && pace->slices[(nid + 1) * pace->nr_slices + slice] > 0)
		return pace->slices[(nid + 1) * pace->nr_slices + slice];
	return pace->slices[slice] > 0 ? pace->slices[slice] : pace->mean;
}

/**
 * kswapd_pace_give_up - after how many pages a run gives up at @ts_ns that has not balanced its node
 *
 * What the recorded run brought that gave up the shortest time before or after.
 * Return: 0 where none did.
 */
uint32_t kswapd_pace_give_up(const struct kswapd_pace *pace, uint64_t ts_ns);

#endif
