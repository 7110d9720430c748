/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Laying a machine's memory out: sizes become ranges of page frames, ranges become zones. */
#ifndef MMR_REPLAY_MACHINE_MEMORY_H
#define MMR_REPLAY_MACHINE_MEMORY_H

#include "replay/machines/machine.h"

/**
 * struct node_memory - what one node is to have
 * @pages: how much, laid behind the nodes before it and around @holes; or
 * @fixed: where, [nr_fixed], ascending and disjoint; then @pages is ignored
 * @movable_pages: how much of it, from its end, is ZONE_MOVABLE
 * @holes: page frames that are no RAM, [nr_holes], ascending and disjoint
 */
struct node_memory {
	uint64_t pages;
	uint64_t movable_pages;
	const struct mmr_mem_range *fixed;
	unsigned int nr_fixed;
	const struct mmr_mem_range *holes;
	unsigned int nr_holes;
};

/**
 * machine_lay_node - give node @nid its memory
 * @next_pfn: behind the node before it, moves behind this one; 0 for the first
 *
 * Appends to @machine's ranges, and cuts the zones of its architecture. Boot keeps what struct page
 * needs: 64 bytes a page on x86-64, in the zone itself; 32 on x86-32, all of them in low memory.
 * Return: 0; -ERANGE where it ends above what a page frame number can say; -ENOMEM.
 */
int machine_lay_node(struct machine *machine, unsigned int nid, const struct node_memory *memory,
		     uint64_t *next_pfn);

/**
 * machine_scale_memory - every node's memory times @factor, laid out anew
 *
 * Holes stay where they are; zones grow and shrink as their architecture has it, ZONE_MOVABLE by the
 * factor. Values that were recorded or given for a zone no longer hold and are computed.
 * Return: 0; -EINVAL for a factor that leaves a node less than 4 MiB or lies beyond 16 TiB; -ENOMEM.
 */
int machine_scale_memory(struct machine *machine, double factor, struct mmr_error *err);

#endif
