/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmalloc() areas: many pages asked for in one call and given back in one. The recording shows the pieces in
 * which its kernel did so; another kernel line takes and frees them in other ones.
 */
#ifndef MMR_REPLAY_VMALLOC_AREAS_H
#define MMR_REPLAY_VMALLOC_AREAS_H

#include "core/page_alloc.h"
#include "core/profile.h"
#include "replay/engine/vmalloc_starts.h"

/**
 * struct area - the call that a recorded task is in
 * @first: the event it began with: whose it is and, where pages are asked for, their class
 * @birth: what all of its pages have for theirs, in the units of lifetimes
 * @request: for pages that are gathered; @recorded: [nr], where they lay
 * @pfns: [nr] modelled pages to be freed, by a CPU of the machine, @free_cpu
 * @room: of both arrays, which are NULL at first
 */
struct area {
	enum area_state { AREA_TAKEN, AREA_ASKED, AREA_FREED } state;
	uint16_t free_cpu;
	uint32_t birth;
	uint32_t nr, room;
	uint32_t *pfns, *recorded;
	struct trace_event first;
	struct mmr_request request;
};

#define MAX_AREAS 16 /* calls that are interrupted by other tasks' at one time; more end early */

/**
 * struct vmalloc_areas - those of one replay
 * @open: [nr_open] calls that are not over; the arrays of those behind are kept for the next
 * @copy_cpus: recorded CPUs of one copy of the recording; @starts: of areas to be gathered
 * @active: the rules need something of this
 * @joins: neighbours go back in blocks (axis contig_free)
 * @gathers: pages that were taken one by one are asked for as an area; @cuts: blocks as single pages (axis
 *	vmalloc)
 */
struct vmalloc_areas {
	struct area open[MAX_AREAS];
	unsigned int nr_open, copy_cpus;
	bool active, joins, gathers, cuts;
	struct vmalloc_starts starts;
};

/**
 * vmalloc_areas_init - what @profile does otherwise than the kernel of the recording did
 * @reader: is rewound
 * @end_pfn: above the recording's page frames
 * Return: 0; -EBADMSG a damaged recording; -ENOMEM.
 */
int vmalloc_areas_init(struct vmalloc_areas *areas, const struct kernel_profile *profile,
		       struct trace_reader *reader, uint32_t end_pfn, struct mmr_error *err);
void vmalloc_areas_deinit(struct vmalloc_areas *areas);

/**
 * vmalloc_gfp - does a request with @gfp come from vmalloc()?
 *
 * It alone asks for what needs no kernel mapping, must not move, is no compound page and whose want nobody is
 * warned of.
 * Source: __vmalloc_area_node(), vm_area_alloc_pages(), mm/vmalloc.c, v6.1 to v7.3.
 */
static inline bool vmalloc_gfp(gfp_t gfp)
{
	return (gfp & (MMR_GFP_HIGHMEM | MMR_GFP_NOWARN | MMR_GFP_MOVABLE | MMR_GFP_COMP)) ==
	       (MMR_GFP_HIGHMEM | MMR_GFP_NOWARN);
}

#endif
