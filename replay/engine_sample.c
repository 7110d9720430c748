// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens at set times of a replay: samples of the free lists, and the vmstat workers. */
#include "replay/engine_internal.h"

void engine_sample_zones(struct engine *e, uint64_t ts_ns)
{
	for (unsigned int n = 0; n < e->options.machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct mmr_zone_info info;
			struct zone_sample *sample;

			if (e->nr_samples == e->max_samples || !mmr_zone_read(e->core, n, z, &info))
				continue;
			sample = &e->samples[e->nr_samples++];
			*sample = (struct zone_sample){
				.ts_ns = ts_ns,
				.nid = (uint16_t)n,
				.zone = (uint8_t)z,
				.free_pages = info.nr_free_pages,
				.pcp_pages = info.nr_pcp_pages,
			};
			for (unsigned int o = 0; o < NR_PAGE_ORDERS; o++)
				for (unsigned int t = 0; t < MIGRATE_TYPES; t++)
					sample->nr_free[o] += info.nr_free[o][t];
		}
	}
}

void engine_run_timers(struct engine *e, uint64_t ts_ns)
{
	uint64_t interval = (uint64_t)e->options.machine->sysctl.stat_interval_ms * 1000000;

	while (ts_ns >= e->next_tick_ns) {
		for (unsigned int cpu = 0; cpu < e->options.machine->nr_cpus; cpu++)
			e->options.backend->tick(e->core, cpu);
		e->next_tick_ns += interval ? interval : UINT64_MAX - e->next_tick_ns;
	}
	while (ts_ns >= e->next_sample_ns) {
		engine_sample_zones(e, e->next_sample_ns - e->first_ns);
		e->next_sample_ns += e->sample_interval_ns;
	}
	e->next_timer_ns = e->next_tick_ns < e->next_sample_ns ? e->next_tick_ns : e->next_sample_ns;
}
