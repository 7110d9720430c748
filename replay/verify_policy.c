// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which node a request prefers: the CPU's own, unless a memory policy or the caller says another. No event
 * tells what mbind() made of a mapping, or the node a caller names; who served does. What it told is
 * remembered for the task and the kind of request, as a weighted interleaving: some pages from one node,
 * then some from the next. A single node is one without end.
 */
#include <errno.h>
#include <stdlib.h>

#include "replay/verify_internal.h"

#define NR_POLICIES 4096 /* a power of two */
#define NO_END      0 /* weight: no page has come from another node since */

/**
 * struct policy_view - what is known of one kind of request of one task
 * @key: 0 for an empty entry
 * @node: the last one, which has served @run pages in a row
 * @seen: bit per node that served; @weight: pages a node serves in a row
 */
struct policy_view {
	uint64_t key, seen;
	uint16_t node;
	uint32_t run;
	uint32_t weight[MAX_NUMNODES];
};

int verify_policy_init(struct verify *v, struct mmr_error *err)
{
	v->policies = calloc(NR_POLICIES, sizeof(*v->policies));
	return v->policies ? 0 : mmr_err(err, -ENOMEM, "verify: no memory for policies");
}

static struct policy_view *slot_of(const struct verify *v, const struct trace_event *ev, uint64_t *key)
{
	*key = ((uint64_t)ev->task << 16 | ev->class_id) + 1;
	return &v->policies[(*key * 0x9e3779b97f4a7c15) >> 52];
}

static bool has_policy(const struct trace_event *ev)
{
	return ev->task != TRACE_NO_TASK && !verify_in_interrupt(ev);
}

/* The node after @nid among @nodes, going round. Source: next_node_in(), include/linux/nodemask.h, v6.12. */
static unsigned int next_node_in(uint64_t nodes, unsigned int nid)
{
	uint64_t above = nid + 1 < MAX_NUMNODES ? nodes >> (nid + 1) << (nid + 1) : 0;

	return (unsigned int)__builtin_ctzll(above ? above : nodes);
}

/* Source: weighted_interleave_nodes(), mm/mempolicy.c, v6.12. */
static unsigned int next_node(const struct policy_view *p)
{
	uint32_t weight = p->weight[p->node];

	return weight != NO_END && p->run >= weight ? next_node_in(p->seen, p->node) : p->node;
}

unsigned int verify_preferred_node(const struct verify *v, const struct trace_event *ev)
{
	const struct policy_view *p;
	uint64_t key;

	if (v->nr_policies && has_policy(ev)) {
		p = slot_of(v, ev, &key);
		if (p->key == key)
			return next_node(p);
	}
	return mmr_step_cpu_node(v->core, ev->cpu);
}

void verify_node_was_preferred(struct verify *v, const struct trace_event *ev, unsigned int nid, bool told)
{
	struct policy_view *p;
	uint64_t key;

	if ((!told && !v->nr_policies) || !has_policy(ev) || nid >= MAX_NUMNODES)
		return;
	p = slot_of(v, ev, &key);
	if (p->key != key) {
		if (!told)
			return;
		v->nr_policies += !p->key;
		*p = (struct policy_view){.key = key, .node = (uint16_t)nid, .seen = 1ULL << nid, .run = 1};
		return;
	}
	if (nid == p->node) {
		/* It went on where it should have ended. */
		if (p->weight[nid] != NO_END && p->run >= p->weight[nid])
			p->weight[nid] = NO_END;
		p->run++;
		return;
	}
	p->weight[p->node] = p->run;
	p->seen |= 1ULL << nid;
	p->node = (uint16_t)nid;
	p->run = 1;
}
