// SPDX-License-Identifier: GPL-2.0-or-later
/* Prediction against truth. */
#include "replay/trust/trust.h"

#include <math.h>
#include <string.h>

#include "replay/result/fragmentation.h"

static const struct trust_metric rows[NR_TRUST_METRICS] = {
	[TRUST_NUMA_HIT] = {"numa_hit", "numa_hit share", TRUST_POINTS, .bar = 0.02},
	[TRUST_NODE_PAGES] = {"node_pages", "pages per node, worst node", TRUST_RELATIVE, .bar = 0.03},
	[TRUST_FREE_BLOCKS] = {"free_blocks", "free pages by order of block", TRUST_VARIATION, .bar = 0.1},
	[TRUST_UNUSABLE] = {"unusable_9", "unusable index, order 9", TRUST_VARIATION, .bar = 0.1},
	[TRUST_EXTFRAG] = {"extfrag", "extfrag events", TRUST_FACTOR, .bar = 1.5, .min_true = 100},
	[TRUST_REFILLS] = {"refills", "PCP refills", TRUST_RELATIVE, .bar = 0.1, .min_true = 1},
	[TRUST_DRAINS] = {"drains", "PCP drains", TRUST_RELATIVE, .bar = 0.1, .min_true = 1},
	[TRUST_LOCKED] = {"zone_lock", "holds of zone->lock", TRUST_RELATIVE, .bar = 0.1, .min_true = 1},
	[TRUST_WATERMARK] = {"watermark_failures", "first zone passed over", TRUST_FACTOR, .bar = 1.5,
			     .min_true = 100},
	[TRUST_KSWAPD] = {"kswapd_wakeups", "kswapd wakeups", TRUST_FACTOR, .bar = 1.5, .min_true = 10},
};

/* ---- figures ------------------------------------------------------------------------------- */

void trust_observed(const struct observed *observed, const struct machine *machine, struct trust_figures *ret)
{
	*ret = (struct trust_figures){
		.hit = observed->allocs ? (double)observed->hits / (double)observed->allocs : NAN,
		.refills = (double)observed->refills,
		.drains = (double)observed->drains,
		.locked = (double)observed->locked,
		.extfrag = (double)observed->extfrag,
		.passed_over = (double)observed->passed_over,
		.kswapd_wakeups = observed->have_kswapd ? (double)observed->kswapd_wakeups : NAN,
	};
	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		ret->node_pages[n] = (double)observed->node_pages[n];
	memcpy(ret->nr_free, observed->nr_free, sizeof(ret->nr_free));
}

static double extfrag_events(const struct mmr_counters *c)
{
	const uint64_t *claim = &c->extfrag_claim[0][0][0][0], *steal = &c->extfrag_steal[0][0][0][0];
	uint64_t sum = 0;

	for (size_t i = 0; i < sizeof(c->extfrag_claim) / sizeof(*claim); i++)
		sum += claim[i] + steal[i];
	return (double)sum;
}

/*
 * Holds of zone->lock as observed_read() counts them: by what is taken and given, not by attempts in vain, and
 * without compaction's own.
 */
static double holds(const struct mmr_counters *c)
{
	uint64_t sum = c->pcp_refills - c->pcp_refills_empty + c->pcp_drains + c->path[MMR_PATH_FREE_BUDDY];

	for (unsigned int order = PAGE_ALLOC_COSTLY_ORDER + 1; order < NR_PAGE_ORDERS; order++)
		if (order != PAGEBLOCK_ORDER)
			sum += c->allocs[order];
	return (double)sum;
}

void trust_predicted(const struct engine *engine, const struct machine *machine, struct trust_figures *ret)
{
	struct mmr_counters c;

	mmr_counters_read(engine_machine(engine), &c);
	*ret = (struct trust_figures){
		.hit = c.numa_hit + c.numa_miss ? (double)c.numa_hit / (double)(c.numa_hit + c.numa_miss) : NAN,
		.refills = (double)(c.pcp_refills - c.pcp_refills_empty),
		.drains = (double)c.pcp_drains,
		.locked = holds(&c),
		.extfrag = extfrag_events(&c),
		.passed_over = (double)c.zonelist_fallback,
		.kswapd_wakeups = (double)c.kswapd_wakeups,
	};
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct mmr_zone_info info;

			if (!mmr_zone_read(engine_machine(engine), n, z, &info))
				continue;
			ret->node_pages[n] += (double)info.nr_alloc_pages;
			for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
				for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++)
					ret->nr_free[order] += info.nr_free[order][mt];
		}
	}
}

/* ---- errors -------------------------------------------------------------------------------- */

static double free_pages(const uint64_t *nr_free)
{
	double sum = 0;

	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		sum += ldexp((double)nr_free[order], (int)order);
	return sum;
}

/* Half the sum of what the shares differ by: the pages that lie in blocks of another order. */
static double total_variation(const uint64_t *a, const uint64_t *b)
{
	double sum_a = free_pages(a), sum_b = free_pages(b), variation = 0;

	if (sum_a <= 0 || sum_b <= 0)
		return NAN;
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		variation += fabs(ldexp((double)a[order], (int)order) / sum_a -
				  ldexp((double)b[order], (int)order) / sum_b);
	return variation / 2;
}

static double unusable(const uint64_t *nr_free)
{
	uint32_t blocks[NR_PAGE_ORDERS];

	if (free_pages(nr_free) <= 0)
		return NAN;
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		blocks[order] = (uint32_t)nr_free[order];
	return unusable_index(blocks, PAGEBLOCK_ORDER);
}

static double relative(double value, double truth)
{
	return fabs(value - truth) / truth;
}

/* By how much the worse of two counts misses the other; equal counts, also two zeros, are 1. */
static double factor(double a, double b)
{
	double low = fmin(a, b), high = fmax(a, b);

	return high == low ? 1 : high / fmax(low, 1);
}

static double distance(enum trust_measure measure, double value, double truth)
{
	switch (measure) {
	case TRUST_RELATIVE:
		return relative(value, truth);
	case TRUST_FACTOR:
		return isnan(value) || isnan(truth) ? NAN : factor(value, truth);
	default:
		return fabs(value - truth);
	}
}

/* The node whose pages are furthest off; nodes that got less than a hundredth of all are not looked at. */
static double worst_node(const struct trust_figures *value, const struct trust_figures *truth,
			 unsigned int nr_nodes, unsigned int *node)
{
	double worst = 0, sum = 0;

	for (unsigned int n = 0; n < nr_nodes; n++)
		sum += truth->node_pages[n];
	*node = 0;
	for (unsigned int n = 0; n < nr_nodes; n++) {
		double off = relative(value->node_pages[n], truth->node_pages[n]);

		if (truth->node_pages[n] * 100 < sum || !(off > worst))
			continue;
		worst = off;
		*node = n;
	}
	return sum > 0 ? worst : NAN;
}

double trust_in_bars(const struct trust_metric *m, double error)
{
	double bars = m->measure == TRUST_FACTOR ? (error - 1) / (m->bar - 1) : error / m->bar;

	return fmin(bars, TRUST_WORST);
}

static void set_values(struct trust_metric *m, const struct trust_figures *p, const struct trust_figures *t,
		       const struct trust_figures *n, size_t offset)
{
	m->predicted = *(const double *)((const char *)p + offset);
	m->truth = *(const double *)((const char *)t + offset);
	m->naive = *(const double *)((const char *)n + offset);
	m->error = distance(m->measure, m->predicted, m->truth);
	m->naive_error = distance(m->measure, m->naive, m->truth);
}

static void compare_placement(struct trust *ret, const struct trust_figures *p, const struct trust_figures *t,
			      const struct trust_figures *n, unsigned int nr_nodes)
{
	struct trust_metric *pages = &ret->metrics[TRUST_NODE_PAGES];
	struct trust_metric *blocks = &ret->metrics[TRUST_FREE_BLOCKS];
	struct trust_metric *index = &ret->metrics[TRUST_UNUSABLE];
	unsigned int node;

	pages->naive_error = worst_node(n, t, nr_nodes, &node);
	pages->error = worst_node(p, t, nr_nodes, &node);
	pages->predicted = p->node_pages[node];
	pages->truth = t->node_pages[node];
	pages->naive = n->node_pages[node];
	/* Shown: pages that lie in blocks of order 9 and above. */
	blocks->predicted = 1 - unusable(p->nr_free);
	blocks->truth = 1 - unusable(t->nr_free);
	blocks->naive = 1 - unusable(n->nr_free);
	blocks->error = total_variation(p->nr_free, t->nr_free);
	blocks->naive_error = total_variation(n->nr_free, t->nr_free);
	index->predicted = unusable(p->nr_free);
	index->truth = unusable(t->nr_free);
	index->naive = unusable(n->nr_free);
	index->error = distance(index->measure, index->predicted, index->truth);
	index->naive_error = distance(index->measure, index->naive, index->truth);
}

void trust_compare(const struct trust_figures *predicted, const struct trust_figures *truth,
		   const struct trust_figures *naive, unsigned int nr_nodes, struct trust *ret)
{
	static const struct {
		enum trust_metric_id id;
		size_t offset;
	} counts[] = {
		{TRUST_NUMA_HIT, offsetof(struct trust_figures, hit)},
		{TRUST_EXTFRAG, offsetof(struct trust_figures, extfrag)},
		{TRUST_REFILLS, offsetof(struct trust_figures, refills)},
		{TRUST_DRAINS, offsetof(struct trust_figures, drains)},
		{TRUST_LOCKED, offsetof(struct trust_figures, locked)},
		{TRUST_WATERMARK, offsetof(struct trust_figures, passed_over)},
		{TRUST_KSWAPD, offsetof(struct trust_figures, kswapd_wakeups)},
	};

	*ret = (struct trust){0};
	memcpy(ret->metrics, rows, sizeof(rows));
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		set_values(&ret->metrics[counts[i].id], predicted, truth, naive, counts[i].offset);
	compare_placement(ret, predicted, truth, naive, nr_nodes);
	for (int i = 0; i < NR_TRUST_METRICS; i++) {
		struct trust_metric *m = &ret->metrics[i];

		m->judged = !isnan(m->error) && !isnan(m->naive_error) && m->truth >= m->min_true;
		m->good = m->judged && m->error <= m->bar;
		if (!m->judged)
			continue;
		ret->nr_judged++;
		ret->nr_good += m->good;
		ret->error_sum += trust_in_bars(m, m->error);
		ret->naive_error_sum += trust_in_bars(m, m->naive_error);
	}
}
