/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a prediction can be trusted, measured: the requests recorded on machine or kernel A, replayed
 * on B's, against what the kernel did when the same work was recorded on B.
 *
 * Beside each error stands that of the guess people make without a model: "on B as on A".
 */
#ifndef MMR_REPLAY_TRUST_H
#define MMR_REPLAY_TRUST_H

#include "replay/engine/engine.h"
#include "replay/trust/observed.h"

/**
 * struct trust_figures - one machine's answer to one load, predicted or true
 * @hit: share of allocations from the node the CPU wants
 * @node_pages: pages handed out, by node;  @nr_free: free blocks at the end, by order, all zones
 * @refills, @drains: holds of zone->lock that fill or empty a per-CPU list, without those that brought
 *	nothing, which no event shows; @locked: all holds
 * @passed_over: allocations that their preferred zone refused
 * @kswapd_wakeups: NAN where events do not tell
 */
struct trust_figures {
	double hit;
	double node_pages[MAX_NUMNODES];
	uint64_t nr_free[NR_PAGE_ORDERS];
	double refills, drains, locked, extfrag;
	double passed_over, kswapd_wakeups;
};

/** enum trust_measure - how far two values of a metric lie apart */
enum trust_measure {
	TRUST_POINTS, /* difference of two shares, percentage points */
	TRUST_RELATIVE, /* |predicted - true| / true */
	TRUST_VARIATION, /* total variation of two distributions, or difference of two indices: 0 .. 1 */
	TRUST_FACTOR, /* the larger over the smaller */
};

enum trust_metric_id {
	TRUST_NUMA_HIT,
	TRUST_NODE_PAGES, /* the node that is furthest off */
	TRUST_FREE_BLOCKS, /* pages by order of their free block */
	TRUST_UNUSABLE, /* unusable free space index, order 9 */
	TRUST_EXTFRAG,
	TRUST_REFILLS,
	TRUST_DRAINS,
	TRUST_LOCKED,
	TRUST_WATERMARK,
	TRUST_KSWAPD,
	NR_TRUST_METRICS
};

/**
 * struct trust_metric - one line of the table
 * @bar: error up to which a prediction is called good; @min_true: below it the metric is not judged
 * @error, @naive_error: of the prediction, and of "as on A"; NAN where one of the values is missing
 */
struct trust_metric {
	const char *key, *label;
	enum trust_measure measure;
	double bar, min_true;
	double predicted, truth, naive;
	double error, naive_error;
	bool judged, good;
};

/**
 * struct trust - the whole comparison
 * @error_sum, @naive_error_sum: over judged metrics, each in units of its bar and at most TRUST_WORST
 */
struct trust {
	struct trust_metric metrics[NR_TRUST_METRICS];
	unsigned int nr_judged, nr_good;
	double error_sum, naive_error_sum;
};
#define TRUST_WORST 20.0 /* bars: one wild value must not outweigh all others */

/** trust_observed - figures of a recording */
void trust_observed(const struct observed *observed, const struct machine *machine, struct trust_figures *ret);
/** trust_predicted - figures of a replay that has run */
void trust_predicted(const struct engine *engine, const struct machine *machine, struct trust_figures *ret);
/** trust_in_bars - @error in units of @m's bar, at most TRUST_WORST; a factor of 1 is no error at all */
double trust_in_bars(const struct trust_metric *m, double error);
/** trust_compare - hold @predicted against @truth, and @naive (what was true on A) beside it */
void trust_compare(const struct trust_figures *predicted, const struct trust_figures *truth,
		   const struct trust_figures *naive, unsigned int nr_nodes, struct trust *ret);

#endif
