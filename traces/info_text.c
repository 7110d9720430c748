// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay info for people: one screen. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "traces/gfp_map.h"
#include "traces/info.h"

/* 1234567 -> "1,234,567" */
static const char *number(uint64_t v, char buf[32])
{
	char plain[24];
	int len = snprintf(plain, sizeof(plain), "%" PRIu64, v), out = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[out++] = ',';
		buf[out++] = plain[i];
	}
	buf[out] = '\0';
	return buf;
}

static const char *bytes(uint64_t v, char buf[32])
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double d = (double)v;
	size_t unit = 0;

	for (; d >= 1024 && unit < 4; unit++)
		d /= 1024;
	snprintf(buf, 32, unit ? "%.1f %s" : "%.0f %s", d, units[unit]);
	return buf;
}

/* Names come from whatever process ran; keep control characters away from the terminal. */
static const char *printable(const char *s, char buf[64])
{
	size_t i = 0;

	for (; s[i] && i < 63; i++)
		buf[i] = (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i];
	buf[i] = '\0';
	return buf;
}

static void print_machine(const struct info *info)
{
	const struct trace_machine *m = info->machine;
	uint64_t managed = 0;
	char text[64], when[40] = "at an unknown time", size[32];
	time_t start = (time_t)(info->start_realtime_ns / 1000000000u);
	struct tm tm;

	for (uint32_t i = 0; i < m->nr_zones; i++)
		managed += m->zones[i].managed_pages;
	if (start && gmtime_r(&start, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	printf("kernel     %s", printable(m->kernel_release, text));
	printf(" (%s)\n", printable(m->arch, text));
	printf("machine    %u CPU%s, %u node%s, %u zones, %s managed; pageblock order %u\n", m->nr_cpus,
	       m->nr_cpus == 1 ? "" : "s", m->nr_nodes, m->nr_nodes == 1 ? "" : "s", m->nr_zones,
	       bytes(managed * m->page_size, size), m->pageblock_order);
	printf("recorded   %s, %.3f s", when, (double)info->duration_ns / 1e9);
	if (m->command && m->command[0])
		printf(": %s", printable(m->command, text));
	putchar('\n');
}

static void print_file(const struct info *info, struct trace_reader *reader)
{
	const struct trace_summary *s = info->summary;
	char size[32];
	uint32_t nr;

	printf("file       %s, %.2f bytes an event, %u blocks, format %u", bytes(s->file_bytes, size),
	       info->bytes_per_event, s->nr_blocks, s->format_version);
	printf("%s\n", s->complete ? "" : "; CUT SHORT: the recorder did not finish");
	if (s->recovered)
		printf("           no usable index: the blocks were found by scanning; %" PRIu64
		       " bytes at the end unused\n",
		       s->truncated_bytes);
	if (info->stats.nr_damage)
		printf("           DAMAGED in %u place%s: `mmreplay check` lists them\n", info->stats.nr_damage,
		       info->stats.nr_damage == 1 ? "" : "s");
	trace_reader_losses(reader, &nr);
	if (s->nr_lost)
		printf("lost       %s EVENTS in %u intervals are missing from this recording\n",
		       number(s->nr_lost, size), nr);
	else
		printf("lost       none%s\n", s->complete ? "" : " up to where it ends");
}

static void print_events(const struct info *info)
{
	const struct trace_summary *s = info->summary;
	double seconds = (double)info->duration_ns / 1e9;

	printf("\n%-14s %16s %12s\n", "events", "count", "per second");
	for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++) {
		char count[32], rate[32];

		printf("  %-12s %16s %12s\n", trace_event_type_name(type), number(s->events[type], count),
		       number(seconds > 0 ? (uint64_t)((double)s->events[type] / seconds) : 0, rate));
	}
	if (s->nr_unknown_events)
		printf("  %-12s %16" PRIu64 "  (kinds this build does not know)\n", "others",
		       s->nr_unknown_events);
}

static void print_orders(const struct info *info)
{
	bool shown[INFO_NR_MIGRATETYPES] = {false};
	char text[32];

	for (unsigned int mt = 0; mt < INFO_NR_MIGRATETYPES; mt++)
		for (unsigned int order = 0; order < TRACE_NR_ORDERS; order++)
			shown[mt] |= info->allocs[order][mt] != 0;
	printf("\nallocations");
	for (unsigned int mt = 0; mt < INFO_NR_MIGRATETYPES; mt++)
		if (shown[mt])
			printf(" %13s", info_migratetype_name(mt));
	printf(" %13s\n", "frees");
	for (unsigned int order = 0; order < TRACE_NR_ORDERS; order++) {
		uint64_t sum = info->frees[order];

		for (unsigned int mt = 0; mt < INFO_NR_MIGRATETYPES; mt++)
			sum += info->allocs[order][mt];
		if (!sum)
			continue;
		printf("  order %-3u", order);
		for (unsigned int mt = 0; mt < INFO_NR_MIGRATETYPES; mt++)
			if (shown[mt])
				printf(" %13s", number(info->allocs[order][mt], text));
		printf(" %13s\n", number(info->frees[order], text));
	}
}

static void print_top(const struct info *info)
{
	char count[32], text[512], name[64];

	if (info->nr_gfps)
		printf("\n%13s  most frequent gfp flags, of %u\n", "allocations", info->nr_gfps);
	for (uint32_t i = 0; i < info->nr_gfps && i < INFO_TOP; i++)
		printf("%13s  %s\n", number(info->gfps[i].nr_allocs, count),
		       gfp_stable_string(info->gfps[i].gfp, text, sizeof(text)));
	if (info->nr_tasks)
		printf("\n%13s  busiest tasks, of %u\n", "events", info->nr_tasks);
	for (uint32_t i = 0; i < info->nr_tasks && i < INFO_TOP; i++) {
		const struct trace_task *t = &info->task_names[info->tasks[i].task];

		printf("%13s  %s (%u)\n", number(info->tasks[i].nr_events, count),
		       t->comm[0] ? printable(t->comm, name) : "-", t->tid);
	}
}

static void print_keyframes(const struct info *info)
{
	printf("\nkeyframes  %u", info->summary->nr_keyframes);
	printf(info->nr_keyframes ? "\n" : ": the state of the free lists is not in this recording\n");
	for (uint32_t i = 0; i < info->nr_keyframes && i < 12; i++) {
		const struct info_keyframe *k = &info->keyframes[i];
		const char *how = k->flags & TRACE_KF_LOCKED ? "under its lock"
				  : k->flags & TRACE_KF_IDLE ? "while idle"
							     : "unlocked";
		double at = (double)(int64_t)(k->ts_ns - info->summary->first_ns) / 1e9;
		char count[32];

		printf("  %+9.3f s  node %u %-8s %9s free blocks, walked %s in %.3f ms", at, k->nid,
		       info_zone_name(k->zone), number(k->nr_blocks, count), how, (double)k->walk_ns / 1e6);
		if (k->flags & TRACE_KF_PARTIAL)
			printf("; INCOMPLETE, %s missing", number(k->nr_missing, count));
		putchar('\n');
	}
	if (info->nr_keyframes > 12)
		printf("  and %u more (--json lists all)\n", info->nr_keyframes - 12);
}

void info_print_text(const struct info *info, struct trace_reader *reader)
{
	print_machine(info);
	print_file(info, reader);
	print_events(info);
	print_orders(info);
	print_top(info);
	print_keyframes(info);
}
