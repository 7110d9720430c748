/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which requests named a node? mm_page_alloc does not tell, so it is inferred: a page of another node
 * than the asking CPU's own, at a moment when the own one had enough, was asked for there. By a task's
 * or a mapping's policy, by khugepaged, by NUMA balancing, by a driver for its device.
 *
 * Free pages of every zone are followed by the events under zone->lock. Where the own node was short, the
 * kernel may have fallen back to the other one by itself, and nothing is concluded.
 */
#ifndef MMR_REPLAY_NAMED_NODE_H
#define MMR_REPLAY_NAMED_NODE_H

#include "core/page_alloc.h"
#include "replay/machines/machine.h"
#include "traces/trace_reader.h"

/** struct named_zone - one populated zone: @free pages now, and more than it needs to serve a request */
struct named_zone {
	uint32_t start_pfn, end_pfn;
	uint16_t nid;
	uint8_t zone;
	int64_t free;
	int64_t enough[MAX_NR_ZONES]; /* by the highest zone a request may have */
};

/**
 * struct named_nodes - the recorded machine's zones as they fill and empty
 * @zones: [nr_zones]; none where the machine has one node, then nothing is ever named
 * @wanted: [nr_cpus] the node that serves a CPU's requests first
 * @locked_pfn: [nr_cpus] page of a CPU's last mm_page_alloc_zone_locked, where a steal is told by
 *	mm_page_alloc_extfrag alone; else NULL
 * @first: [node * MAX_NR_ZONES + highest zone a request may have] the zone that such a request of that node's
 *is served from first, NULL where the node has none
 * @zone_at: [nr_blocks] by pageblock, the zone that all of it belongs to, NAMED_NO_ZONE where none or several
 * do
 */
struct named_nodes {
	unsigned int nr_zones, nr_cpus, last;
	struct named_zone *zones;
	uint16_t *wanted;
	uint32_t *locked_pfn;
	struct named_zone **first;
	uint16_t *zone_at;
	uint32_t nr_blocks;
};
#define NAMED_NO_ZONE UINT16_MAX

/** named_nodes_init - Return: 0; -ENOMEM; -EBADMSG a damaged keyframe */
int named_nodes_init(struct named_nodes *named, struct trace_reader *reader, const struct machine *recorded,
		     struct mmr_error *err);
void named_nodes_deinit(struct named_nodes *named);

/* The rare part of named_zone_of(). */
struct named_zone *named_zone_search(struct named_nodes *named, uint32_t pfn);

/** named_zone_of - the zone of a page, NULL where there is none */
static inline struct named_zone *named_zone_of(struct named_nodes *named, uint32_t pfn)
{
	uint32_t block = pfn >> PAGEBLOCK_ORDER;

	if (__builtin_expect(block < named->nr_blocks && named->zone_at[block] != NAMED_NO_ZONE, 1))
		return &named->zones[named->zone_at[block]];
	return named_zone_search(named, pfn);
}

/* Of an mm_page_alloc_extfrag: does no other event tell that the page has left its list? */
static inline bool named_is_steal(struct named_nodes *named, const struct trace_event *event)
{
	bool told = !named->locked_pfn || named->locked_pfn[event->cpu] == event->pfn;

	if (named->locked_pfn)
		named->locked_pfn[event->cpu] = MMR_NO_PFN;
	return !told;
}

/** named_nodes_follow - an event that changes a zone's free pages, or any other, of a CPU below nr_cpus */
static inline void named_nodes_follow(struct named_nodes *named, const struct trace_event *event)
{
	int64_t pages = 1ll << event->order;
	struct named_zone *zone;

	switch (event->type) {
	case TRACE_FREE:
		/* The orders that no per-CPU list holds go to the buddy at once. */
		if (event->order <= PAGE_ALLOC_COSTLY_ORDER || event->order == PAGEBLOCK_ORDER)
			return;
		break;
	case TRACE_PCPU_DRAIN:
		break;
	case TRACE_ZONE_LOCKED:
		if (named->locked_pfn)
			named->locked_pfn[event->cpu] = event->pfn;
		pages = -pages;
		break;
	case TRACE_EXTFRAG:
		if (!named_is_steal(named, event))
			return;
		pages = -pages;
		break;
	default:
		return;
	}
	zone = named_zone_of(named, event->pfn);
	if (zone)
		zone->free += pages;
}

/**
 * named_node - recorded node that the request behind an mm_page_alloc asked for
 * @highest: machine_highest_zone(@gfp)
 * Return: NUMA_NO_NODE where it asked for its CPU's own, or may have.
 */
static inline int16_t named_node(struct named_nodes *named, const struct trace_event *event, gfp_t gfp,
				 unsigned int highest)
{
	const struct named_zone *zone, *first;
	unsigned int wanted;

	if (!named->nr_zones || event->cpu >= named->nr_cpus)
		return NUMA_NO_NODE;
	wanted = named->wanted[event->cpu];
	zone = named_zone_of(named, event->pfn);
	if (!zone || zone->nid == wanted)
		return NUMA_NO_NODE;
	/* One for its node alone could come from nowhere else; any other came here for want of memory, unless
	 * the zone that was wanted had enough. */
	first = named->first[wanted * MAX_NR_ZONES + highest];
	if (!(gfp & MMR_GFP_THISNODE) &&
	    !(first && first->free > first->enough[highest] + (1ll << event->order)))
		return NUMA_NO_NODE;
	return (int16_t)zone->nid;
}

/** machine_wanted_node - node that serves requests from @node first: itself, or the nearest with memory */
uint16_t machine_wanted_node(const struct machine *machine, unsigned int node);
/** machine_highest_zone - highest zone that a request may have. Source: gfp_zone(), gfp.h, v6.12. */
enum zone_type machine_highest_zone(gfp_t gfp);

#endif
