// SPDX-License-Identifier: GPL-2.0-or-later
/* Quantiles of a log-linear histogram. */
#include "replay/result/hist.h"

uint64_t hist_quantile(const struct hist *hist, double q)
{
	uint64_t rank = (uint64_t)(q * (double)hist->total + 0.999999), seen = 0;

	if (!hist->total)
		return 0;
	if (rank < 1)
		rank = 1;
	for (unsigned int b = 0; b < HIST_BUCKETS; b++) {
		seen += hist->counts[b];
		if (seen >= rank)
			return hist_bucket_high(b) < hist->max ? hist_bucket_high(b) : hist->max;
	}
	return hist->max;
}
