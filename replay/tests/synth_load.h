/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel in miniature is asked for. */
#ifndef MMR_REPLAY_TESTS_SYNTH_LOAD_H
#define MMR_REPLAY_TESTS_SYNTH_LOAD_H

#include "replay/tests/synth_kernel.h"

#define SYNTH_LOAD_LIVE 4096

struct synth_live {
	uint32_t pfn;
	uint8_t order;
};

/** struct synth_load - a workload: grows to about @max_pages, shrinks, grows again; several types, orders, both
 * CPUs */
struct synth_load {
	struct synth_kernel *k;
	struct synth_live live[SYNTH_LOAD_LIVE];
	unsigned int nr;
	uint32_t pages, max_pages;
	unsigned int phase;
	uint64_t random;
};

/** synth_load_run - so many allocations and frees */
void synth_load_run(struct synth_load *load, unsigned int steps);

#endif
