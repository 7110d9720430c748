// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay info --table: one table or several, in full. */
#include <inttypes.h>
#include <stdio.h>

#include "traces/gfp_map.h"
#include "traces/tools/info.h"

#define TABLE_ROWS 20u

static uint32_t lines_of(const struct info *info)
{
	return info->request->lines ? info->request->lines : TABLE_ROWS;
}

static void print_rest(uint32_t shown, uint32_t total)
{
	if (shown < total)
		printf("  and %u more (--lines)\n", total - shown);
}

static double since_start(const struct info *info, uint64_t ts_ns)
{
	return (double)(int64_t)(ts_ns - info->summary->first_ns) / 1e9;
}

static const char *task_text(const struct info *info, uint32_t task, char buf[96])
{
	char name[64];

	if (task >= info->nr_task_names)
		return "-";
	snprintf(buf, 96, "%s (%u)", info_printable(info->task_names[task].comm, name),
		 info->task_names[task].tid);
	return buf;
}

/* Kinds of request: what perf kmem's table of callers has beside the caller. */
static void print_kinds(const struct info *info)
{
	uint32_t lines = lines_of(info);
	char hits[32], kib[32], live[32], failed[32], text[512];

	printf("\n%13s %13s %13s %9s %5s  %-11s  gfp flags\n", "allocations", "KiB", "KiB in use", "failed",
	       "order", "migratetype");
	for (uint32_t i = 0; i < info->kinds.nr && i < lines; i++) {
		const struct info_row *r = &info->kinds.rows[i];

		printf("%13s %13s %13s %9s %5u  %-11s  %s\n", info_number(r->hits, hits),
		       info_number(info_kib(info, r->pages), kib), info_number(info_kib(info, r->live), live),
		       info_number(r->failed, failed), r->order, info_migratetype_name(r->migratetype),
		       gfp_stable_string(r->gfp, text, sizeof(text)));
	}
	print_rest(lines, info->kinds.nr);
}

/* Page frames: perf kmem's table of allocations. */
static void print_pages(const struct info *info)
{
	char kib[32], live[32], text[512], task[96];

	printf("\n%10s %11s %11s %9s %5s  %-11s  last task and gfp flags\n", "pfn", "KiB", "KiB in use", "hits",
	       "order", "migratetype");
	for (uint32_t i = 0; i < info->pages.nr; i++) {
		const struct info_row *r = &info->pages.rows[i];

		printf("%10u %11s %11s %9" PRIu64 " %5u  %-11s  %s, %s\n", r->id,
		       info_number(info_kib(info, r->pages), kib), info_number(info_kib(info, r->live), live),
		       r->hits, r->order, info_migratetype_name(r->migratetype), task_text(info, r->task, task),
		       gfp_stable_string(r->gfp, text, sizeof(text)));
	}
	print_rest(info->pages.nr, info->pages.total);
}

static void print_cpus(const struct info *info)
{
	char events[32], lost[32];

	printf("\n%6s %14s %12s %12s %12s\n", "cpu", "events", "lost", "first, s", "last, s");
	for (uint32_t i = 0; i < info->nr_cpus; i++) {
		const struct info_cpu *c = &info->cpus[i];

		printf("%6u %14s %12s", c->cpu, info_number(c->nr_events, events),
		       info_number(c->nr_lost, lost));
		if (c->nr_events)
			printf(" %12.6f %12.6f", since_start(info, c->first_ns), since_start(info, c->last_ns));
		putchar('\n');
	}
}

static void print_rates(const struct info *info)
{
	double seconds = (double)info->width_ns / 1e9;
	bool shown[NR_TRACE_EVENT_TYPES] = {false};

	for (uint32_t i = 0; i < info->nr_rates; i++)
		for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
			shown[type] |= info->rates[i].events[type] != 0;
	printf("\na second, from");
	for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
		if (shown[type])
			printf(" %12s", trace_event_type_name(type));
	printf(" %9s %9s %14s\n", "failed", "lost", "KiB in use");
	for (uint32_t i = 0; i < info->nr_rates; i++) {
		const struct info_rate *r = &info->rates[i];
		double at = (double)(info->request->from_ns + i * info->width_ns) / 1e9;
		char text[32];

		printf("%12.6f s", at);
		for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
			if (shown[type])
				printf(" %12s",
				       info_number((uint64_t)((double)r->events[type] / seconds), text));
		printf(" %9" PRIu64 " %9" PRIu64 " %14s\n", r->failed, r->lost,
		       info_number(info_kib(info, r->live), text));
	}
}

static void print_zones(const struct info *info)
{
	const struct trace_machine *m = info->machine;

	printf("\n%4s %-8s %12s %12s %10s %10s %10s %10s %9s %9s\n", "node", "zone", "first pfn", "managed",
	       "free", "min", "low", "high", "pcp batch", "pcp high");
	for (uint32_t i = 0; i < m->nr_zones; i++) {
		const struct trace_zone *z = &m->zones[i];

		printf("%4u %-8s %12" PRIu64 " %12" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64
		       " %10" PRIu64 " %9u %9u\n",
		       z->nid, info_zone_name(z->zone), z->start_pfn, z->managed_pages, z->nr_free_pages,
		       z->watermark[0], z->watermark[1], z->watermark[2], z->pcp_batch, z->pcp_high_max);
	}
}

static void print_keyframes(const struct info *info)
{
	uint32_t lines = lines_of(info);

	printf("\nkeyframes  %u", info->summary->nr_keyframes);
	puts(info->nr_keyframes ? "" : ": the state of the free lists is not in this recording");
	for (uint32_t i = 0; i < info->nr_keyframes && i < lines; i++) {
		const struct info_keyframe *k = &info->keyframes[i];
		const char *how = k->flags & TRACE_KF_LOCKED ? "under its lock"
				  : k->flags & TRACE_KF_IDLE ? "while idle"
							     : "unlocked";
		char count[32];

		printf("  %+11.6f s  node %u %-8s %9s free blocks, %u CPUs' lists, walked %s in %.3f ms",
		       since_start(info, k->ts_ns), k->nid, info_zone_name(k->zone),
		       info_number(k->nr_blocks, count), k->nr_pcps, how, (double)k->walk_ns / 1e6);
		if (k->flags & TRACE_KF_PARTIAL)
			printf("; INCOMPLETE, %s missing", info_number(k->nr_missing, count));
		putchar('\n');
	}
	print_rest(lines, info->nr_keyframes);
}

static void print_losses(const struct info *info)
{
	uint32_t lines = lines_of(info);
	char text[32];

	printf("\nlost       %s events in %u intervals\n", info_number(info->summary->nr_lost, text),
	       info->nr_losses);
	for (uint32_t i = 0; i < info->nr_losses && i < lines; i++) {
		const struct trace_loss *l = &info->losses[i];
		char cpu[24] = "an unknown CPU";

		if (l->cpu != UINT32_MAX)
			snprintf(cpu, sizeof(cpu), "CPU %u", l->cpu);
		printf("  %+11.6f s to %+11.6f s  %s on %s\n", since_start(info, l->begin_ns),
		       since_start(info, l->end_ns),
		       l->nr_events ? info_number(l->nr_events, text) : "an unknown number", cpu);
	}
	print_rest(lines, info->nr_losses);
	for (uint32_t i = 0; i < info->nr_damage; i++) {
		char line[64];

		printf("  damaged: %s\n", info->damage[i][0] ? info->damage[i] : info_printable("", line));
	}
}

static void print_gfp(const struct info *info)
{
	info_print_gfp(info, lines_of(info));
	print_rest(lines_of(info), info->gfps.nr);
}

static void print_tasks(const struct info *info)
{
	char text[32];

	info_print_tasks(info, lines_of(info));
	print_rest(lines_of(info), info->tasks.nr);
	if (info->nr_no_task)
		printf("%13s events of no known task\n", info_number(info->nr_no_task, text));
}

static void print_stacks(const struct info *info)
{
	info_print_stacks(info, lines_of(info), false);
	print_rest(lines_of(info), info->stacks.nr);
}

static void print_cgroups(const struct info *info)
{
	info_print_cgroups(info, lines_of(info));
	print_rest(lines_of(info), info->cgroups.nr);
}

static const struct {
	const char *name;
	void (*print)(const struct info *info);
} tables[NR_INFO_TABLES] = {
	[INFO_EVENTS] = {"events", info_print_events},
	[INFO_ORDERS] = {"orders", info_print_orders},
	[INFO_USE] = {"use", info_print_use},
	[INFO_RATES] = {"rates", print_rates},
	[INFO_KINDS] = {"kinds", print_kinds},
	[INFO_GFP] = {"gfp", print_gfp},
	[INFO_TASKS] = {"tasks", print_tasks},
	[INFO_STACKS] = {"stacks", print_stacks},
	[INFO_CGROUPS] = {"cgroups", print_cgroups},
	[INFO_PAGES] = {"pages", print_pages},
	[INFO_CPUS] = {"cpus", print_cpus},
	[INFO_ZONES] = {"zones", print_zones},
	[INFO_KEYFRAMES] = {"keyframes", print_keyframes},
	[INFO_LOSSES] = {"losses", print_losses},
};

const char *info_table_name(enum info_table table)
{
	return (unsigned int)table < NR_INFO_TABLES ? tables[table].name : NULL;
}

void info_print_tables(const struct info *info)
{
	for (unsigned int t = 0; t < NR_INFO_TABLES; t++)
		if (info->request->tables & 1u << t)
			tables[t].print(info);
}
