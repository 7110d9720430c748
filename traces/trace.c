// SPDX-License-Identifier: GPL-2.0-or-later
/* The structs of trace.h: their names and how they are released. */
#include "traces/trace.h"

#include <stdlib.h>

const char *trace_event_type_name(enum trace_event_type type)
{
	static const char *const names[NR_TRACE_EVENT_TYPES] = {
		[TRACE_ALLOC] = "alloc",
		[TRACE_FREE] = "free",
		[TRACE_FREE_BATCHED] = "free_batched",
		[TRACE_ZONE_LOCKED] = "zone_locked",
		[TRACE_PCPU_DRAIN] = "pcpu_drain",
		[TRACE_EXTFRAG] = "extfrag",
	};

	return (unsigned int)type < NR_TRACE_EVENT_TYPES ? names[type] : "unknown";
}

static void free_pairs(struct trace_name_value *pairs, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		free(pairs[i].name);
	free(pairs);
}

void trace_machine_deinit(struct trace_machine *m)
{
	if (!m)
		return;
	free(m->kernel_release);
	free(m->kernel_version);
	free(m->arch);
	free(m->command);
	free(m->cpu_node);
	free(m->node_distance);
	free(m->zones);
	free(m->ranges);
	free_pairs(m->sysctls, m->nr_sysctls);
	free_pairs(m->gfp_names, m->nr_gfp_names);
	free_pairs(m->migratetype_names, m->nr_migratetype_names);
	free_pairs(m->zone_names, m->nr_zone_names);
	free_pairs(m->features, m->nr_features);
	*m = (struct trace_machine){0};
}

void trace_keyframe_deinit(struct trace_keyframe *kf)
{
	if (!kf)
		return;
	free(kf->blocks);
	free(kf->pageblock_types);
	for (uint32_t i = 0; i < kf->nr_pcps; i++)
		free(kf->pcps[i].entries);
	free(kf->pcps);
	free(kf->vm_stat_diff);
	*kf = (struct trace_keyframe){0};
}
