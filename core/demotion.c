// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Demotion: on machines with slower memory, what reclaim takes on a fast node moves to a slower one
 * instead of being given up.
 */
#include <errno.h>

#include "core/internal.h"

int mmr_node_set_demotion(struct mmr_machine *m, unsigned int nid, const struct mmr_demotion *demotion,
			  struct mmr_error *err)
{
	uint64_t memory_nodes = 0;

	if (nid >= m->nr_nodes)
		return mmr_err(err, -EINVAL, "demotion: node %u, the machine has 0..%u", nid, m->nr_nodes - 1);
	for (unsigned int n = 0; n < m->nr_nodes; n++)
		memory_nodes |= (uint64_t)(m->nodes[n].node_present_pages != 0) << n;
	memory_nodes &= ~((uint64_t)1 << nid);
	if ((demotion->lower & ~memory_nodes) || (demotion->preferred & ~demotion->lower))
		return mmr_err(err, -EINVAL,
			       "demotion from node %u: lower tiers 0x%llx, of these preferred 0x%llx, expected "
			       "other nodes with memory, 0x%llx",
			       nid, (unsigned long long)demotion->lower,
			       (unsigned long long)demotion->preferred, (unsigned long long)memory_nodes);
	m->nodes[nid].demotion = *demotion;
	return 0;
}

/* Any of the nodes, by the machine's own random numbers; the mask is not empty. */
static unsigned int random_node(struct mmr_machine *m, uint64_t nodes)
{
	uint64_t z = m->demotion_random += 0x9e3779b97f4a7c15; /* splitmix64 */
	unsigned int skip;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	for (skip = (unsigned int)(z >> 33) % (unsigned int)__builtin_popcountll(nodes); skip; skip--)
		nodes &= nodes - 1;
	return (unsigned int)__builtin_ctzll(nodes);
}

static int nearest_node(const struct mmr_machine *m, unsigned int from, uint64_t nodes)
{
	int best = -1;

	for (unsigned int n = 0; n < m->nr_nodes; n++) {
		if ((nodes >> n & 1) &&
		    (best < 0 || node_distance(m, from, n) < node_distance(m, from, (unsigned int)best)))
			best = (int)n;
	}
	return best;
}

/*
 * Which node do a node's pages move to first?
 * Return: -1 where there is none.
 * Source: next_demotion_node(), mm/memory-tiers.c, v6.12 and v7.1.
 */
static int next_demotion_node(struct mmr_machine *m, const struct pglist_data *pgdat)
{
	const struct mmr_demotion *d = &pgdat->demotion;
	uint64_t allowed = d->allowed ? d->allowed : UINT64_MAX, preferred = d->preferred;

	if (m->profile.demote == DEMOTE_RANDOM)
		return preferred ? (int)random_node(m, preferred) : -1;
	if (preferred & allowed)
		return (int)random_node(m, preferred & allowed);
	return nearest_node(m, (unsigned int)pgdat->node_id, d->lower & allowed);
}

/*
 * A place for a block on a slower node: without reclaim there, first on the one node, then on any
 * lower tier.
 *
 * Return: its PFN, MMR_NO_PFN where the block must be reclaimed.
 * Source: alloc_demote_folio(), demote_folio_list(), mm/vmscan.c, v6.12.
 */
uint32_t alloc_demote_block(struct mmr_cpu *cpu, const struct pglist_data *pgdat, unsigned int order)
{
	struct mmr_request req = {
		.gfp = (MMR_GFP_HIGHUSER_MOVABLE & ~MMR_GFP_RECLAIM) | MMR_GFP_NOWARN | MMR_GFP_NOMEMALLOC |
		       MMR_GFP_KSWAPD_RECLAIM,
		.cpu = cpu->id,
		.order = (uint8_t)order,
	};
	int nid = next_demotion_node(cpu->m, pgdat);
	struct mmr_page page;

	if (nid < 0)
		return MMR_NO_PFN;
	req.nid = (int16_t)nid;
	req.gfp |= MMR_GFP_THISNODE;
	page = mmr_alloc_pages(cpu->m, &req);
	if (page.pfn == MMR_NO_PFN) {
		req.gfp &= ~MMR_GFP_THISNODE;
		req.nodemask = pgdat->demotion.lower;
		page = mmr_alloc_pages(cpu->m, &req);
	}
	if (page.pfn != MMR_NO_PFN)
		cpu->counters.demoted_pages += 1u << order;
	return page.pfn;
}
