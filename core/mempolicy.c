// SPDX-License-Identifier: GPL-2.0-or-later
/* NUMA memory policies. */
#include "core/mempolicy.h"

#include <errno.h>

#include "core/internal.h"

static bool node_in(uint64_t nodes, unsigned int nid)
{
	return nid < MAX_NUMNODES && nodes >> nid & 1;
}

/* The node after @nid in the mask, going round. The mask is not empty. Source: next_node_in(). */
static unsigned int next_node_in(uint64_t nodes, unsigned int nid)
{
	uint64_t above = nid + 1 < MAX_NUMNODES ? nodes >> (nid + 1) << (nid + 1) : 0;

	return (unsigned int)__builtin_ctzll(above ? above : nodes);
}

/* Source: interleave_nodes(), mm/mempolicy.c, v6.12. */
static unsigned int interleave_nodes(struct mmr_mempolicy *policy)
{
	policy->il_prev = (uint16_t)next_node_in(policy->nodes, policy->il_prev);
	return policy->il_prev;
}

/* Source: weighted_interleave_nodes(), mm/mempolicy.c, v6.12. */
static unsigned int weighted_interleave_nodes(struct mmr_mempolicy *policy)
{
	if (!policy->il_weight || !node_in(policy->nodes, policy->il_prev)) {
		unsigned int nid = interleave_nodes(policy);

		policy->il_weight = policy->weights[nid] ? policy->weights[nid] : 1;
	}
	policy->il_weight--;
	return policy->il_prev;
}

static bool interleaves(const struct mmr_mempolicy *policy)
{
	return policy->mode == MMR_MPOL_INTERLEAVE || policy->mode == MMR_MPOL_WEIGHTED_INTERLEAVE;
}

/*
 * BIND holds only for requests that may use the machine's highest zone (Movable apart): pages for
 * old devices come from where such memory is.
 * Source: apply_policy_zone(), mm/mempolicy.c, v6.12.
 */
static bool bind_applies(const struct mmr_machine *m, const struct mmr_mempolicy *policy, gfp_t gfp)
{
	int policy_zone = ZONE_DMA, movable_only = 1;

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct zone *zone = m->zones[i];
		int idx = zone_idx(zone);

		if (!populated_zone(zone))
			continue;
		if (idx != ZONE_MOVABLE && idx > policy_zone)
			policy_zone = idx;
		if (node_in(policy->nodes, zone->node) && idx < ZONE_MOVABLE)
			movable_only = 0;
	}
	return m->gfp_zone[gfp & MMR_GFP_ZONEMASK] >= (movable_only ? ZONE_MOVABLE : policy_zone);
}

/*
 * Set the request's node, and narrow its mask. A mask that is there already is the task's
 * mems_allowed. Source: policy_nodemask(), mm/mempolicy.c, v6.12.
 */
static void apply_policy(const struct mmr_machine *m, struct mmr_mempolicy *policy, struct mmr_request *req)
{
	req->nid = NUMA_NO_NODE;
	switch (policy->mode) {
	case MMR_MPOL_PREFERRED:
		req->nid = (int16_t)__builtin_ctzll(policy->nodes);
		break;
	case MMR_MPOL_PREFERRED_MANY:
		req->nodemask = policy->nodes;
		break;
	case MMR_MPOL_BIND:
		if (bind_applies(m, policy, req->gfp))
			req->nodemask = policy->nodes;
		break;
	case MMR_MPOL_INTERLEAVE:
		req->nid = (int16_t)interleave_nodes(policy);
		break;
	case MMR_MPOL_WEIGHTED_INTERLEAVE:
		req->nid = (int16_t)weighted_interleave_nodes(policy);
		break;
	default:
		break;
	}
}

/*
 * First without waiting for memory of these nodes, then from anywhere.
 * Source: alloc_pages_preferred_many(), mm/mempolicy.c, v6.12.
 */
static struct mmr_page preferred_many(struct mmr_machine *m, struct mmr_request req, uint64_t mems_allowed)
{
	gfp_t gfp = req.gfp;
	struct mmr_page page;

	req.gfp = (gfp | MMR_GFP_NOWARN) & ~(MMR_GFP_DIRECT_RECLAIM | MMR_GFP_NOFAIL);
	page = mmr_alloc_pages(m, &req);
	if (page.pfn != MMR_NO_PFN)
		return page;
	req.gfp = gfp;
	req.nodemask = mems_allowed;
	return mmr_alloc_pages(m, &req);
}

struct mmr_page mmr_alloc_pages_mpol(struct mmr_machine *m, const struct mmr_request *asked, bool thp_fault,
				     struct mmr_mempolicy *policy)
{
	struct mmr_mempolicy default_policy = {0};
	struct mmr_request req = *asked;
	struct mmr_page page;
	unsigned int nid;

	if (!policy || (req.gfp & MMR_GFP_THISNODE) || !policy->nodes)
		policy = &default_policy;
	if (req.cpu >= m->nr_cpus)
		return mmr_alloc_pages(m, &req);
	apply_policy(m, policy, &req);
	if (policy->mode == MMR_MPOL_PREFERRED_MANY)
		return preferred_many(m, req, asked->nodemask);

	nid = req.nid < 0 ? m->cpus[req.cpu].nid : (unsigned int)req.nid;
	if (thp_fault && !interleaves(policy) && (!req.nodemask || node_in(req.nodemask, nid))) {
		struct mmr_request near = req;

		near.gfp |= MMR_GFP_THISNODE | MMR_GFP_NORETRY;
		near.nid = (int16_t)nid;
		near.nodemask = 0;
		page = mmr_alloc_pages(m, &near);
		if (page.pfn != MMR_NO_PFN || !(req.gfp & MMR_GFP_DIRECT_RECLAIM))
			return page;
	}
	page = mmr_alloc_pages(m, &req);
	if (interleaves(policy) && page.pfn != MMR_NO_PFN && page.nid == req.nid)
		m->cpus[req.cpu].counters.numa_interleave++;
	return page;
}

/* ---- several pages ---------------------------------------------------------------------------- */

static unsigned int weight_of(const struct mmr_mempolicy *policy, unsigned int nid)
{
	return policy->mode == MMR_MPOL_WEIGHTED_INTERLEAVE && policy->weights[nid] ? policy->weights[nid] : 1;
}

/* @nr pages starting with one node. Return: how many there were. */
static unsigned int bulk_from(struct mmr_machine *m, struct mmr_request req, unsigned int nid, unsigned int nr,
			      uint32_t *pfns)
{
	req.nid = (int16_t)nid;
	req.nodemask = 0;
	return nr ? mmr_alloc_pages_bulk(m, &req, nr, 0, pfns) : 0;
}

/* As many from each node, the first ones one more. Source: alloc_pages_bulk_interleave(), v6.12. */
static unsigned int bulk_interleave(struct mmr_machine *m, const struct mmr_request *req, unsigned int nr_pages,
				    struct mmr_mempolicy *policy, uint32_t *pfns)
{
	unsigned int nr_nodes = (unsigned int)__builtin_popcountll(policy->nodes), got = 0;

	for (unsigned int i = 0; i < nr_nodes; i++) {
		unsigned int share = nr_pages / nr_nodes + (i < nr_pages % nr_nodes);

		got += bulk_from(m, *req, interleave_nodes(policy), share, pfns + got);
	}
	return got;
}

/*
 * What is left of the current node's turn, whole rounds, and then part of one: where that ends the
 * next request goes on.
 * Source: alloc_pages_bulk_weighted_interleave(), mm/mempolicy.c, v6.12.
 */
static unsigned int bulk_weighted(struct mmr_machine *m, const struct mmr_request *req, unsigned int nr_pages,
				  struct mmr_mempolicy *policy, uint32_t *pfns)
{
	unsigned int share[MAX_NUMNODES] = {0}, got = 0, total = 0, rest, nid;

	if (policy->il_weight && node_in(policy->nodes, policy->il_prev)) {
		rest = policy->il_weight < nr_pages ? policy->il_weight : nr_pages;
		got = bulk_from(m, *req, policy->il_prev, rest, pfns);
		policy->il_weight -= (uint8_t)rest;
		nr_pages -= rest;
		if (!nr_pages)
			return got;
	}
	for (nid = 0; nid < MAX_NUMNODES; nid++)
		total += node_in(policy->nodes, nid) ? weight_of(policy, nid) : 0;
	for (nid = 0; nid < MAX_NUMNODES; nid++)
		share[nid] = node_in(policy->nodes, nid) ? nr_pages / total * weight_of(policy, nid) : 0;
	rest = nr_pages % total;
	nid = policy->il_prev;
	for (int left = __builtin_popcountll(policy->nodes); left; left--) {
		unsigned int take, weight;

		nid = next_node_in(policy->nodes, nid);
		weight = weight_of(policy, nid);
		take = rest < weight ? rest : weight;
		if (rest) {
			policy->il_prev = (uint16_t)nid;
			policy->il_weight = (uint8_t)(weight - take);
		}
		rest -= take;
		got += bulk_from(m, *req, nid, share[nid] + take, pfns + got);
	}
	return got;
}

unsigned int mmr_alloc_pages_bulk_mpol(struct mmr_machine *m, const struct mmr_request *asked,
				       unsigned int nr_pages, struct mmr_mempolicy *policy, uint32_t *pfns)
{
	struct mmr_mempolicy default_policy = {0};
	struct mmr_request req = *asked;
	unsigned int got;

	if (!policy || !policy->nodes)
		policy = &default_policy;
	if (req.cpu >= m->nr_cpus)
		return 0;
	if (policy->mode == MMR_MPOL_INTERLEAVE)
		return bulk_interleave(m, &req, nr_pages, policy, pfns);
	if (policy->mode == MMR_MPOL_WEIGHTED_INTERLEAVE)
		return bulk_weighted(m, &req, nr_pages, policy, pfns);
	apply_policy(m, policy, &req);
	if (policy->mode != MMR_MPOL_PREFERRED_MANY)
		return mmr_alloc_pages_bulk(m, &req, nr_pages, 0, pfns);
	req.gfp = (asked->gfp | MMR_GFP_NOWARN) & ~(MMR_GFP_DIRECT_RECLAIM | MMR_GFP_NOFAIL);
	got = mmr_alloc_pages_bulk(m, &req, nr_pages, 0, pfns);
	req.gfp = asked->gfp;
	req.nodemask = 0;
	return got < nr_pages ? got + mmr_alloc_pages_bulk(m, &req, nr_pages - got, 0, pfns + got) : got;
}

int mmr_mempolicy_index_node(const struct mmr_mempolicy *policy, uint64_t index)
{
	uint64_t total = 0;

	if (!interleaves(policy) || !policy->nodes)
		return -1;
	for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++)
		total += node_in(policy->nodes, nid) ? weight_of(policy, nid) : 0;
	index %= total;
	for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++) {
		unsigned int weight = weight_of(policy, nid);

		if (!node_in(policy->nodes, nid))
			continue;
		if (index < weight)
			return (int)nid;
		index -= weight;
	}
	return -1;
}

static unsigned int gcd(unsigned int a, unsigned int b)
{
	return b ? gcd(b, a % b) : a;
}

void mmr_mempolicy_auto_weights(const uint32_t *bandwidth, unsigned int nr_nodes, uint8_t *weights)
{
	unsigned int divisor = 0;
	uint64_t sum = 0;

	for (unsigned int nid = 0; nid < nr_nodes; nid++)
		sum += bandwidth[nid];
	for (unsigned int nid = 0; nid < nr_nodes; nid++) {
		uint64_t weight = sum ? (uint64_t)bandwidth[nid] * 32 / sum : 0;

		weights[nid] = (uint8_t)(weight ? weight : 1);
		divisor = gcd(weights[nid], divisor);
	}
	for (unsigned int nid = 0; nid < nr_nodes && divisor; nid++)
		weights[nid] = (uint8_t)(weights[nid] / divisor);
}

/* ---- names and checks ------------------------------------------------------------------------- */

const char *mmr_mempolicy_name(enum mmr_mempolicy_mode mode)
{
	static const char *const names[NR_MMR_MPOLS] = {
		[MMR_MPOL_DEFAULT] = "default",
		[MMR_MPOL_PREFERRED] = "prefer",
		[MMR_MPOL_BIND] = "bind",
		[MMR_MPOL_INTERLEAVE] = "interleave",
		[MMR_MPOL_LOCAL] = "local",
		[MMR_MPOL_PREFERRED_MANY] = "prefer (many)",
		[MMR_MPOL_WEIGHTED_INTERLEAVE] = "weighted interleave",
	};

	return (unsigned int)mode < NR_MMR_MPOLS ? names[mode] : "unknown";
}

int mmr_mempolicy_check(const struct mmr_machine *m, const struct mmr_mempolicy *policy, struct mmr_error *err)
{
	const char *name = mmr_mempolicy_name((enum mmr_mempolicy_mode)policy->mode);
	uint64_t memory_nodes = 0;

	if (policy->mode >= NR_MMR_MPOLS)
		return mmr_err(err, -EINVAL, "memory policy: mode %u, expected below %d", policy->mode,
			       NR_MMR_MPOLS);
	if (policy->mode == MMR_MPOL_DEFAULT || policy->mode == MMR_MPOL_LOCAL)
		return 0;
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		memory_nodes |= (uint64_t)(m->nodes[nid].node_present_pages != 0) << nid;
	if (!policy->nodes || (policy->nodes & ~memory_nodes))
		return mmr_err(err, -EINVAL,
			       "memory policy %s: nodes 0x%llx, expected some of those with memory, 0x%llx",
			       name, (unsigned long long)policy->nodes, (unsigned long long)memory_nodes);
	return 0;
}
