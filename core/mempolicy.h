/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NUMA memory policies: which nodes a task's request may use, and which it starts with.
 *
 * A policy belongs to a task (or a mapping), not to the machine: the caller keeps it and passes it
 * with each request, and the interleaving modes keep their place in it.
 */
#ifndef MMR_CORE_MEMPOLICY_H
#define MMR_CORE_MEMPOLICY_H

#include "core/page_alloc.h"

/* Source: include/uapi/linux/mempolicy.h, v6.12. */
enum mmr_mempolicy_mode {
	MMR_MPOL_DEFAULT, /* the node of the CPU that asks */
	MMR_MPOL_PREFERRED, /* start with one node */
	MMR_MPOL_BIND, /* only these nodes */
	MMR_MPOL_INTERLEAVE, /* one page from each in turn */
	MMR_MPOL_LOCAL, /* as the default, said explicitly */
	MMR_MPOL_PREFERRED_MANY, /* these nodes if it costs no reclaim, else any */
	MMR_MPOL_WEIGHTED_INTERLEAVE, /* weight[node] pages from each in turn (6.9) */
	NR_MMR_MPOLS
};

/**
 * struct mmr_mempolicy - a policy and where it stands; all zero is the default policy
 * @mode: enum mmr_mempolicy_mode
 * @nodes: bit n for node n; ignored by DEFAULT and LOCAL
 * @weights: pages per round of WEIGHTED_INTERLEAVE; 0 counts as 1
 * @il_prev, @il_weight: the interleaving modes' place, the kernel's task fields of these names
 */
struct mmr_mempolicy {
	uint8_t mode;
	uint8_t il_weight;
	uint16_t il_prev;
	uint64_t nodes;
	uint8_t weights[MAX_NUMNODES];
};

/** mmr_mempolicy_name - "default", "prefer", "bind", …, as the kernel prints them */
const char *mmr_mempolicy_name(enum mmr_mempolicy_mode mode);

/**
 * mmr_mempolicy_check - can this machine follow the policy?
 * Return: 0; -EINVAL for an unknown mode, no nodes where some are needed, or none with memory.
 */
int mmr_mempolicy_check(const struct mmr_machine *m, const struct mmr_mempolicy *policy, struct mmr_error *err);

/**
 * mmr_alloc_pages_mpol - a request under a policy
 * @req: its nid is set from the policy; a nodemask, where one is set, is the task's mems_allowed, of which the
 *	policy's nodes are some. __GFP_THISNODE asks for the default policy
 * @thp_fault: the request is for a mapping's huge page: try the preferred node alone first
 * @policy: NULL for the default; the interleaving modes move on
 *
 * May make two requests, as the kernel does for PREFERRED_MANY and huge pages.
 * Context, Return: as mmr_alloc_pages().
 * Source: alloc_pages_mpol_noprof() and policy_nodemask(), mm/mempolicy.c, v6.12.
 */
struct mmr_page mmr_alloc_pages_mpol(struct mmr_machine *m, const struct mmr_request *req, bool thp_fault,
				     struct mmr_mempolicy *policy);

/**
 * mmr_alloc_pages_bulk_mpol - several order-0 pages under a policy
 * @req, @policy: as for mmr_alloc_pages_mpol()
 * @pfns: pfns[nr_pages]
 *
 * The interleaving modes give each node its share in one piece. Where reclaim is modelled it may take
 * movable pages of one piece for the next one's sake.
 * Return: how many were taken; the caller asks singly for the rest.
 * Source: alloc_pages_bulk_mempolicy_noprof(), mm/mempolicy.c, v6.12.
 */
unsigned int mmr_alloc_pages_bulk_mpol(struct mmr_machine *m, const struct mmr_request *req,
				       unsigned int nr_pages, struct mmr_mempolicy *policy, uint32_t *pfns);

/**
 * mmr_mempolicy_index_node - the node of page @index of a mapping under an interleaving policy
 * Return: the node; -1 for other policies, and where there are no nodes.
 * Source: interleave_nid(), weighted_interleave_nid(), mm/mempolicy.c, v6.12.
 */
int mmr_mempolicy_index_node(const struct mmr_mempolicy *policy, uint64_t index);

/**
 * mmr_mempolicy_auto_weights - weights of WEIGHTED_INTERLEAVE from the nodes' bandwidths
 * @bandwidth: of each node, the less of read and write, any unit; bandwidth[nr_nodes], 0 for no memory
 * @weights: gets the weights[nr_nodes], 1 for nodes without bandwidth
 * Source: reduce_interleave_weights(), mm/mempolicy.c, v6.16.
 */
void mmr_mempolicy_auto_weights(const uint32_t *bandwidth, unsigned int nr_nodes, uint8_t *weights);

#endif
