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
#include "replay/machines/zone_map.h"
#include "traces/trace_reader.h"

/** struct named_zone - one populated zone: @free pages now, and more than it needs to serve a request */
struct named_zone {
	int64_t free;
	int64_t enough[MAX_NR_ZONES]; /* by the highest zone a request may have */
};

/**
 * struct named_nodes - the recorded machine's zones as they fill and empty
 * @zones: [nr_zones], those of @map; none where the machine has one node, then nothing is ever named
 * @wanted: [nr_cpus] the node that serves a CPU's requests first
 * @locked_pfn: [nr_cpus] page of a CPU's last mm_page_alloc_zone_locked, where a steal is told by
 *	mm_page_alloc_extfrag alone; else NULL
 * @first: [node * MAX_NR_ZONES + highest zone a request may have] the zone that such a request of that node's
 *	is served from first, NULL where the node has none
 */
struct named_nodes {
	unsigned int nr_zones, nr_cpus;
	struct named_zone *zones;
	uint16_t *wanted;
	uint32_t *locked_pfn;
	struct named_zone **first;
	struct zone_map map;
};

/** named_nodes_init - Return: 0; -ENOMEM; -EBADMSG a damaged keyframe */
int named_nodes_init(struct named_nodes *named, struct trace_reader *reader, const struct machine *recorded,
		     struct mmr_error *err);
void named_nodes_deinit(struct named_nodes *named);

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
	uint16_t zone;

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
	zone = zone_map_find(&named->map, event->pfn);
	if (zone != ZONE_MAP_NONE)
		named->zones[zone].free += pages;
}

/**
 * named_node - recorded node that the request behind an mm_page_alloc asked for
 * @highest: machine_highest_zone(@gfp)
 * Return: NUMA_NO_NODE where it asked for its CPU's own, or may have.
 */
static inline int16_t named_node(struct named_nodes *named, const struct trace_event *event, gfp_t gfp,
				 unsigned int highest)
{
	const struct named_zone *first;
	unsigned int wanted;
	uint16_t zone, nid;

	if (!named->nr_zones || event->cpu >= named->nr_cpus)
		return NUMA_NO_NODE;
	wanted = named->wanted[event->cpu];
	zone = zone_map_find(&named->map, event->pfn);
	if (zone == ZONE_MAP_NONE)
		return NUMA_NO_NODE;
	nid = named->map.spans[zone].nid;
	if (nid == wanted)
		return NUMA_NO_NODE;
	/* One for its node alone could come from nowhere else; any other came here for want of memory, unless
	 * the zone that was wanted had enough. */
	first = named->first[wanted * MAX_NR_ZONES + highest];
	if (!(gfp & MMR_GFP_THISNODE) &&
	    !(first && first->free > first->enough[highest] + (1ll << event->order)))
		return NUMA_NO_NODE;
	return (int16_t)nid;
}

/** machine_wanted_node - node that serves requests from @node first: itself, or the nearest with memory */
uint16_t machine_wanted_node(const struct machine *machine, unsigned int node);
/** machine_highest_zone - highest zone that a request may have. Source: gfp_zone(), gfp.h, v6.12. */
enum zone_type machine_highest_zone(gfp_t gfp);

#endif
