// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which node a request prefers: the CPU's own, unless a memory policy or the caller says another. No event
 * tells what mbind() made of a mapping, or the node a caller names; who served does. What it told is
 * remembered for the task and the kind of request, as a weighted interleaving: some pages from one node,
 * then some from the next. A single node is one without end.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/mempolicy.h"
#include "replay/verify/verify_internal.h"

#define NR_POLICIES 4096 /* a power of two */
#define NO_END      0 /* weight: no page has come from another node since */

/**
 * struct policy_view - what is known of one kind of request of one task
 * @key: 0 for an empty entry
 * @node: the last one, which has served @run pages in a row
 * @slab: the last request was for a slab
 * @sure: it is heeded; a guess made while pages were short is once it has foreseen something
 * @seen: bit per node that served; @weight: pages a node serves in a row
 */
struct policy_view {
	uint64_t key, seen;
	uint16_t node;
	bool slab, sure;
	uint32_t run;
	uint32_t weight[MAX_NUMNODES];
};

int verify_policy_init(struct verify *v, struct mmr_error *err)
{
	v->policies = calloc(NR_POLICIES, sizeof(*v->policies));
	return v->policies ? 0 : mmr_err(err, -ENOMEM, "verify: no memory for policies");
}

/* The policy of the asking task, where it has one and the request heeds it; NULL. */
static const struct trace_policy *policy_of(const struct verify *v, const struct trace_event *ev)
{
	const struct trace_class *cls = trace_reader_class(v->reader, ev->class_id);
	const struct trace_policy *policies;
	uint32_t nr;

	if (!cls->policy || cls->gfp & MMR_GFP_THISNODE)
		return NULL;
	policies = trace_reader_policies(v->reader, &nr);
	return cls->policy < nr ? &policies[cls->policy] : NULL;
}

static bool interleaves(const struct trace_policy *policy)
{
	return policy->mode == MMR_MPOL_INTERLEAVE || policy->mode == MMR_MPOL_WEIGHTED_INTERLEAVE;
}

/*
 * What the kernel asks for itself is dealt out in turn, whatever it is; a mapping's pages by their place in it.
 * Source: alloc_pages_noprof(), get_vma_policy(), mm/mempolicy.c, v6.12.
 */
static struct policy_view *slot_of(const struct verify *v, const struct trace_event *ev, uint64_t *key)
{
	const struct trace_policy *policy = policy_of(v, ev);
	const struct trace_class *cls = trace_reader_class(v->reader, ev->class_id);
	bool in_turn = policy && interleaves(policy) && !(cls->gfp & MMR_GFP_MOVABLE);

	*key = ((uint64_t)ev->task << 17 | (in_turn ? 1u << 16 | cls->policy : ev->class_id)) + 1;
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

uint64_t verify_policy_nodes(const struct verify *v, const struct trace_event *ev)
{
	const struct trace_policy *policy = has_policy(ev) ? policy_of(v, ev) : NULL;
	const struct policy_view *p;
	uint64_t key;

	if (!policy || policy->mode != MMR_MPOL_BIND)
		return 0;
	/* What is remembered of the request was learned as it did not heed the policy. */
	p = slot_of(v, ev, &key);
	return p->key == key && p->sure ? 0 : policy->nodes[0];
}

/* As the task's policy says, of which nothing has been seen yet. */
static unsigned int node_of_policy(const struct verify *v, const struct trace_event *ev)
{
	const struct trace_policy *policy = has_policy(ev) ? policy_of(v, ev) : NULL;
	uint64_t nodes = policy ? policy->nodes[0] : 0;
	unsigned int nid = mmr_step_cpu_node(v->core, ev->cpu), first;

	if (!nodes || (policy->mode != MMR_MPOL_PREFERRED && !interleaves(policy)))
		return nid;
	first = (unsigned int)__builtin_ctzll(nodes);
	return first < v->recorded.nr_nodes ? first : nid;
}

/*
 * A new slab takes a turn before it asks for pages: it looks for slabs of the node whose turn it is. Up to 6.18
 * the pages take one more; with sheaves, as the lab shows of 7.3, they come from the CPU's own node, and of
 * slabs that follow each other only the first takes a turn. Source: get_any_partial(), mm/slub.c, v6.12.
 */
static bool is_slab_in_turn(const struct verify *v, const struct trace_event *ev)
{
	const gfp_t slab = MMR_GFP_NOWARN | MMR_GFP_NORETRY;
	gfp_t gfp = trace_reader_class(v->reader, ev->class_id)->gfp;
	const struct trace_policy *policy = policy_of(v, ev);

	return policy && interleaves(policy) && (gfp & slab) == slab && !(gfp & MMR_GFP_MOVABLE);
}

static void pass_turn(struct policy_view *p)
{
	unsigned int nid = next_node(p);

	p->run = nid == p->node ? p->run + 1 : 1;
	p->node = (uint16_t)nid;
}

unsigned int verify_preferred_node(const struct verify *v, const struct trace_event *ev)
{
	const struct policy_view *p;
	struct policy_view after;
	uint64_t key;

	if (!v->nr_policies || !has_policy(ev))
		return node_of_policy(v, ev);
	p = slot_of(v, ev, &key);
	if (p->key != key || !p->sure)
		return node_of_policy(v, ev);
	if (!is_slab_in_turn(v, ev))
		return next_node(p);
	if (v->slabs_local)
		return mmr_step_cpu_node(v->core, ev->cpu);
	after = *p;
	pass_turn(&after);
	return next_node(&after);
}

static void begin_view(struct policy_view *p, uint64_t key, unsigned int nid, const struct trace_policy *policy,
		       bool sure)
{
	*p = (struct policy_view){
		.key = key,
		.node = (uint16_t)nid,
		.seen = 1ULL << nid,
		.run = 1,
		.sure = sure,
	};
	if (!policy || policy->mode != MMR_MPOL_INTERLEAVE)
		return;
	p->seen |= policy->nodes[0];
	for (unsigned int i = 0; i < MAX_NUMNODES; i++)
		p->weight[i] = p->seen >> i & 1;
}

/*
 * A guess that is not sure is followed in silence, and heeded from when it has foreseen what the CPU's own node
 * would not have explained. It is no longer once that node was right and it was not, or pages were short.
 */
static void weigh(struct policy_view *p, bool foreseen, bool told, bool doubtful)
{
	p->sure = p->sure ? foreseen || !told || !doubtful : foreseen && told;
}

/*
 * May the task have a policy that is not recorded, or does the caller name a node? A collapse into a huge page
 * names that of most of its pages. Source: hpage_collapse_find_target_node(), mm/khugepaged.c, v6.12.
 */
static bool has_own_node(const struct verify *v, const struct trace_event *ev)
{
	return !v->policies_known || ev->order == PAGEBLOCK_ORDER ||
	       trace_reader_class(v->reader, ev->class_id)->gfp & MMR_GFP_THISNODE;
}

void verify_node_was_preferred(struct verify *v, const struct trace_event *ev, unsigned int nid, bool told,
			       bool scarce)
{
	const struct trace_policy *policy;
	struct policy_view *p;
	bool expected, in_turn;
	uint64_t key;

	if (!has_policy(ev) || nid >= MAX_NUMNODES)
		return;
	policy = policy_of(v, ev);
	/* Whose turn it is next hangs on whose it was, from the first on. */
	in_turn = policy && interleaves(policy);
	told |= in_turn;
	if (!told && !v->nr_policies)
		return;
	p = slot_of(v, ev, &key);
	if (p->key != key) {
		if (!told)
			return;
		v->nr_policies += !p->key;
		begin_view(p, key, nid, policy, in_turn || !scarce);
		return;
	}
	if (is_slab_in_turn(v, ev)) {
		if (!v->slabs_local || !p->slab)
			pass_turn(p);
		p->slab = true;
		if (v->slabs_local)
			return;
	}
	p->slab = false;
	expected = next_node(p) == nid;
	if (!in_turn)
		weigh(p, expected, told,
		      scarce || (!has_own_node(v, ev) && nid == mmr_step_cpu_node(v->core, ev->cpu)));
	if (nid == p->node) {
		/* It went on where it should have ended. */
		if (!expected)
			p->weight[nid] = NO_END;
		p->run++;
		return;
	}
	if (!expected)
		p->weight[p->node] = p->run;
	p->seen |= 1ULL << nid;
	p->node = (uint16_t)nid;
	p->run = 1;
}
