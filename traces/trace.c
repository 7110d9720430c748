// SPDX-License-Identifier: GPL-2.0-or-later
/* The structs of trace.h: their names and how they are released. */
#include "traces/trace.h"

#include <stdlib.h>
#include <string.h>

#define PFN   .has_pfn = true
#define ORDER .has_order = true
#define MT    .has_migratetype = true
#define GFP   .has_gfp = true
#define ZONE  .has_zone = true
/* The arguments of one kind: their number follows from their names. */
#define ARGS(...) .nr_args = sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *), .args = {__VA_ARGS__}

/* clang-format off */
static const struct trace_event_info infos[NR_TRACE_EVENT_TYPES] = {
	[TRACE_ALLOC] = {"alloc", PFN, ORDER, MT, GFP},
	[TRACE_FREE] = {"free", PFN, ORDER},
	[TRACE_FREE_BATCHED] = {"free_batched", PFN},
	[TRACE_ZONE_LOCKED] = {"zone_locked", PFN, ORDER, MT},
	[TRACE_PCPU_DRAIN] = {"pcpu_drain", PFN, ORDER, MT},
	[TRACE_EXTFRAG] = {"extfrag", PFN, ORDER, MT},
	[TRACE_BULK_PAGE] = {"bulk_page", PFN, ORDER, MT, GFP},
	[TRACE_ISOLATE_PAGE] = {"isolate_page", PFN, ORDER},
	[TRACE_PUTBACK_PAGE] = {"putback_page", PFN, ORDER, MT},
	[TRACE_PCP_COMMIT] = {"pcp_commit", PFN, ORDER, MT,
			      ARGS("count", "high", "free_count", "alloc_factor", "flags")},
	[TRACE_BUDDY_FREE] = {"buddy_free", PFN, ORDER, ARGS("fpi_flags")},
	[TRACE_PCP_FREE_BULK] = {"pcp_free_bulk", ZONE, ARGS("nid", "cpu", "pages", "pindex", "count")},
	[TRACE_DRAIN_PAGES] = {"drain_pages", ZONE, ARGS("nid", "cpu")},
	[TRACE_PAGEBLOCK_BITS] = {"pageblock_bits", PFN, ARGS("flags", "mask")},
	[TRACE_MOVE_BLOCK] = {"move_block", PFN, MT, ARGS("old_migratetype", "moved")},
	[TRACE_ROTATE_LIST] = {"rotate_list", PFN, ORDER},
	[TRACE_PCP_DECAY] = {"pcp_decay", ZONE, ARGS("nid", "cpu", "high")},
	[TRACE_TAKE_OFF_BUDDY] = {"take_off_buddy", PFN, ARGS("result")},
	[TRACE_PUT_BACK_BUDDY] = {"put_back_buddy", PFN, ARGS("result")},
	[TRACE_UNRESERVE_HIGHATOMIC] = {"unreserve_highatomic", MT, ARGS("force", "result")},
	[TRACE_ZONE_SCAN] = {"zone_scan", PFN, ORDER, MT, GFP, ZONE,
			     ARGS("alloc_flags", "nid", "highest_zone", "nodemask")},
	[TRACE_VMSTAT_FOLD] = {"vmstat_fold", ARGS("do_pagesets")},
	[TRACE_KSWAPD_WAKE] = {"kswapd_wake", ORDER, ZONE, ARGS("nid")},
	[TRACE_KSWAPD_SLEEP] = {"kswapd_sleep", ARGS("nid")},
	[TRACE_WAKEUP_KSWAPD] = {"wakeup_kswapd", ORDER, GFP, ZONE, ARGS("nid")},
	[TRACE_BALANCE_BEGIN] = {"balance_begin", ORDER, ZONE, ARGS("nid")},
	[TRACE_BALANCE_END] = {"balance_end", ORDER, ZONE, ARGS("nid", "nr_reclaimed")},
	[TRACE_RECLAIM_BEGIN] = {"reclaim_begin", ORDER, GFP},
	[TRACE_RECLAIM_END] = {"reclaim_end", ARGS("nr_reclaimed")},
	[TRACE_COMPACT_BEGIN] = {"compact_begin", PFN, ARGS("zone_end", "migrate_pfn", "free_pfn", "sync")},
	[TRACE_COMPACT_END] = {"compact_end", PFN,
			       ARGS("zone_end", "migrate_pfn", "free_pfn", "sync", "status")},
	[TRACE_ISOLATE_FREEPAGES] = {"isolate_freepages", PFN, ARGS("end", "scanned", "taken")},
	[TRACE_ISOLATE_MIGRATEPAGES] = {"isolate_migratepages", PFN, ARGS("end", "scanned", "taken")},
	[TRACE_FAST_ISOLATE_FREEPAGES] = {"fast_isolate_freepages", PFN, ARGS("end", "scanned", "taken")},
	[TRACE_TRY_TO_COMPACT] = {"try_to_compact", ORDER, GFP, ARGS("priority")},
	[TRACE_KCOMPACTD_WAKE] = {"kcompactd_wake", ORDER, ZONE, ARGS("nid")},
	[TRACE_KCOMPACTD_SLEEP] = {"kcompactd_sleep", ARGS("nid")},
	[TRACE_WAKEUP_KCOMPACTD] = {"wakeup_kcompactd", ORDER, ZONE, ARGS("nid")},
	[TRACE_PAGES_ISOLATED] = {"pages_isolated", PFN, ARGS("end", "first_not_isolated")},
	[TRACE_ZONE_WMARKS] = {"zone_wmarks", ZONE, ARGS("nid", "min", "low", "high", "promo")},
	[TRACE_LOWMEM_RESERVE] = {"lowmem_reserve", ZONE, ARGS("nid", "upper_zone", "pages")},
	[TRACE_TOTALRESERVE] = {"totalreserve", ARGS("pages")},
	[TRACE_OOM_VICTIM] = {"oom_victim", ARGS("tid")},
	[TRACE_PAGE_POOL_HOLD] = {"page_pool_hold", PFN},
	[TRACE_CACHE_ADD] = {"cache_add", PFN, ORDER},
	[TRACE_CACHE_DELETE] = {"cache_delete", PFN, ORDER},
	[TRACE_UNTRACED] = {"untraced", PFN, ARGS("end", "cause", "missed")},
	[TRACE_PCP_LIMITS] = {"pcp_limits", ZONE, ARGS("nid", "high_min", "high_max", "batch")},
	[TRACE_FREE_CORE] = {"free_core", PFN, ORDER},
	[TRACE_ALLOC_FROM] = {"alloc_from", PFN, ORDER, ARGS("stack", "cgroup")},
	[TRACE_PCP_COUNTS] = {"pcp_counts", ARGS("zone0", "zone1", "zone2", "zone3", "zone4", "zone5")},
	[TRACE_ALLOC_REQUEST] = {"alloc_request", PFN, ORDER, GFP, ARGS("nid", "nodemask", "ns")},
};
/* clang-format on */

const struct trace_event_info *trace_event_info(unsigned int type)
{
	static const struct trace_event_info unknown = {.name = "unknown"};

	return type < NR_TRACE_EVENT_TYPES ? &infos[type] : &unknown;
}

const char *trace_event_type_name(enum trace_event_type type)
{
	return trace_event_info((unsigned int)type)->name;
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

int64_t trace_machine_feature(const struct trace_machine *machine, const char *name)
{
	for (uint32_t i = 0; i < machine->nr_features; i++)
		if (!strcmp(machine->features[i].name, name))
			return machine->features[i].value;
	return 0;
}
