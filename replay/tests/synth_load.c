// SPDX-License-Identifier: GPL-2.0-or-later
/* Allocations and frees at random, by a seed. */
#include "replay/tests/synth_load.h"

static uint32_t next_random(struct synth_load *load, uint32_t below)
{
	load->random = load->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((load->random >> 33) % below);
}

static void load_alloc(struct synth_load *load)
{
	static const uint8_t orders[] = {0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 9};
	unsigned int order = orders[next_random(load, sizeof(orders))];
	unsigned int mt = next_random(load, MIGRATE_PCPTYPES);

	/* One type at a time has the upper hand, so that each runs into the others' pageblocks. */
	if (next_random(load, 4))
		mt = load->phase;

	/* Long blocks run out long before memory does. */
	if (order > 3 && load->pages > load->max_pages / 2)
		order = 0;
	if (load->nr == SYNTH_LOAD_LIVE || load->pages + (1u << order) > load->max_pages)
		return;
	load->live[load->nr++] = (struct synth_live){
		.pfn = synth_kernel_alloc(load->k, next_random(load, SYNTH_NR_CPUS), mt, order),
		.order = (uint8_t)order,
	};
	load->pages += 1u << order;
}

static void load_free(struct synth_load *load)
{
	uint32_t batch[15];
	unsigned int nr = 0, cpu = next_random(load, SYNTH_NR_CPUS);

	while (load->nr && nr < 15) {
		unsigned int i = next_random(load, load->nr);
		struct synth_live live = load->live[i];

		load->live[i] = load->live[--load->nr];
		load->pages -= 1u << live.order;
		if (!live.order && next_random(load, 4)) {
			batch[nr++] = live.pfn;
			continue;
		}
		synth_kernel_free(load->k, cpu, live.pfn, live.order);
		break;
	}
	if (nr)
		synth_kernel_free_batch(load->k, cpu, batch, nr);
}

void synth_load_run(struct synth_load *load, unsigned int steps)
{
	for (unsigned int i = 0; i < steps; i++) {
		bool growing = i / 900 % 2 == 0;

		load->phase = i / 1800 % MIGRATE_PCPTYPES;
		if (next_random(load, 10) < (growing ? 9u : 3u))
			load_alloc(load);
		else
			load_free(load);
	}
}
