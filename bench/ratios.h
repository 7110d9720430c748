/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table after the benchmarks: the model against its peers of the same run. */
#ifndef MMR_BENCH_RATIOS_H
#define MMR_BENCH_RATIOS_H

#include <stdio.h>

/** ratios_collect - keep one measured run; a bench_collect_fn */
void ratios_collect(const char *name, double cpu_ns);

/**
 * ratios_figure - keep a figure that has no peer, e.g. the bytes of metadata behind a page
 * @what: a literal; a later figure of the same name replaces it
 */
void ratios_figure(const char *what, double value);

/** ratios_failed - how many runs reported a failure */
unsigned int ratios_failed(void);

/**
 * ratios_print - one line for every pair of which both sides were measured; medians over repetitions
 *
 * Then one for every figure that has a bar of its own. Prints nothing where nothing is complete.
 */
void ratios_print(FILE *out);

/** ratios_reset - forget and free everything */
void ratios_reset(void);

#endif
