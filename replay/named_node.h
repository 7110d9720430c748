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
#include "replay/machine.h"
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
 */
struct named_nodes {
	unsigned int nr_zones, nr_cpus, last;
	struct named_zone *zones;
	uint16_t *wanted;
};

/** named_nodes_init - Return: 0; -ENOMEM; -EBADMSG a damaged keyframe */
int named_nodes_init(struct named_nodes *named, struct trace_reader *reader, const struct machine *recorded,
		     struct mmr_error *err);
void named_nodes_deinit(struct named_nodes *named);

/** named_nodes_follow - an event that changes a zone's free pages, or any other */
void named_nodes_follow(struct named_nodes *named, const struct trace_event *event);

/**
 * named_node - recorded node that the request behind an mm_page_alloc asked for
 * Return: NUMA_NO_NODE where it asked for its CPU's own, or may have.
 */
int16_t named_node(struct named_nodes *named, const struct trace_event *event, gfp_t gfp);

/** machine_wanted_node - node that serves requests from @node first: itself, or the nearest with memory */
uint16_t machine_wanted_node(const struct machine *machine, unsigned int node);
/** machine_highest_zone - highest zone that a request may have. Source: gfp_zone(), gfp.h, v6.12. */
enum zone_type machine_highest_zone(gfp_t gfp);

#endif
