// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay info for people: one screen, of tables that info_tables.c can print in full. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "traces/gfp_map.h"
#include "traces/tools/info.h"
#include "traces/trace_vendor.h"

#define SCREEN_ROWS 5

const char *info_number(uint64_t v, char buf[32])
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

const char *info_printable(const char *s, char buf[64])
{
	size_t i = 0;

	for (; s[i] && i < 63; i++)
		buf[i] = (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i];
	buf[i] = '\0';
	return buf;
}

uint64_t info_kib(const struct info *info, uint64_t pages)
{
	return pages * (info->machine->page_size >> 10);
}

static void print_machine(const struct info *info)
{
	const struct trace_machine *m = info->machine;
	uint64_t managed = 0;
	char text[64], when[40] = "at an unknown time", size[32];
	time_t start = (time_t)(info->start_realtime_ns / 1000000000u);
	struct trace_vendor_features vendor;
	struct tm tm;

	for (uint32_t i = 0; i < m->nr_zones; i++)
		managed += m->zones[i].managed_pages;
	if (start && gmtime_r(&start, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	printf("kernel     %s", info_printable(m->kernel_release, text));
	printf(" (%s)\n", info_printable(m->arch, text));
	trace_vendor_features(m, &vendor);
	if (vendor.own[0])
		printf("  its vendor's: %s\n", vendor.own);
	if (vendor.later[0])
		printf("  from later mainline kernels: %s\n", vendor.later);
	printf("machine    %u CPU%s, %u node%s", m->nr_cpus, m->nr_cpus == 1 ? "" : "s", m->nr_nodes,
	       m->nr_nodes == 1 ? "" : "s");
	if (m->nr_zones)
		printf(", %u zones, %s managed; pageblock order %u\n", m->nr_zones,
		       bytes(managed * m->page_size, size), m->pageblock_order);
	else
		puts("; its zones are not in this recording");
	printf("recorded   %s, %.3f s", when, (double)info->duration_ns / 1e9);
	if (m->command && m->command[0])
		printf(": %s", info_printable(m->command, text));
	putchar('\n');
}

/* What filters left out, by the recorder's own names: "filter.min_order" = 3. */
static void print_partial(const struct info *info)
{
	const struct trace_machine *m = info->machine;
	const char *comma = ": ";

	if (!trace_machine_feature(m, TRACE_FEATURE_PARTIAL))
		return;
	printf("PARTIAL    not every event was recorded");
	for (uint32_t i = 0; i < m->nr_features; i++) {
		if (strncmp(m->features[i].name, "filter.", 7) != 0 ||
		    !strcmp(m->features[i].name, TRACE_FEATURE_PARTIAL))
			continue;
		printf("%s%s %" PRId64, comma, m->features[i].name + 7, m->features[i].value);
		comma = ", ";
	}
	puts("; for analysis, not for `verify`");
}

static void print_file(const struct info *info)
{
	const struct trace_summary *s = info->summary;
	char size[32];

	printf("file       %s, %.2f bytes an event, %u blocks, format %u", bytes(s->file_bytes, size),
	       info->bytes_per_event, s->nr_blocks, s->format_version);
	printf("%s\n", s->complete ? "" : "; CUT SHORT: the recorder did not finish");
	if (s->recovered)
		printf("           no usable index: the blocks were found by scanning; %" PRIu64
		       " bytes at the end unused\n",
		       s->truncated_bytes);
	if (info->nr_damage)
		printf("           DAMAGED in %u place%s: `mmreplay check` lists them; %s events there are not "
		       "counted\n",
		       info->nr_damage, info->nr_damage == 1 ? "" : "s",
		       info->nr_passed ? info_number(info->nr_passed, size) : "no or an unknown number of");
	if (s->nr_lost)
		printf("lost       %s EVENTS in %u intervals are missing from this recording\n",
		       info_number(s->nr_lost, size), info->nr_losses);
	else if (info->nr_losses)
		printf("lost       AN UNKNOWN NUMBER OF EVENTS in %u intervals is missing from this "
		       "recording\n",
		       info->nr_losses);
	else
		printf("lost       none%s\n", s->complete ? "" : " up to where it ends");
}

void info_print_events(const struct info *info)
{
	double seconds = (double)info->duration_ns / 1e9;

	printf("\n%-14s %16s %12s\n", "events", "count", "per second");
	for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++) {
		uint64_t nr = info->events[type];
		char count[32], rate[32];

		if (!nr && type > TRACE_EXTFRAG) /* the page events are always told, also where there is none */
			continue;
		printf("  %-12s %16s %12s\n", trace_event_type_name(type), info_number(nr, count),
		       info_number(seconds > 0 ? (uint64_t)((double)nr / seconds) : 0, rate));
	}
	if (info->nr_unknown)
		printf("  %-12s %16" PRIu64 "  (kinds this build does not know)\n", "others", info->nr_unknown);
}

void info_print_orders(const struct info *info)
{
	bool shown[INFO_NR_MIGRATETYPES] = {false}, failures = info->use.failed.requests;
	char text[32];

	for (unsigned int mt = 0; mt < INFO_NR_MIGRATETYPES; mt++)
		for (unsigned int order = 0; order < TRACE_NR_ORDERS; order++)
			shown[mt] |= info->allocs[order][mt] != 0;
	printf("\nallocations");
	for (unsigned int mt = 0; mt < INFO_NR_MIGRATETYPES; mt++)
		if (shown[mt])
			printf(" %13s", info_migratetype_name(mt));
	if (failures)
		printf(" %13s", "failed");
	printf(" %13s\n", "frees");
	for (unsigned int order = 0; order < TRACE_NR_ORDERS; order++) {
		uint64_t sum = info->frees[order] + info->failed[order];

		for (unsigned int mt = 0; mt < INFO_NR_MIGRATETYPES; mt++)
			sum += info->allocs[order][mt];
		if (!sum)
			continue;
		printf("  order %-3u", order);
		for (unsigned int mt = 0; mt < INFO_NR_MIGRATETYPES; mt++)
			if (shown[mt])
				printf(" %13s", info_number(info->allocs[order][mt], text));
		if (failures)
			printf(" %13s", info_number(info->failed[order], text));
		printf(" %13s\n", info_number(info->frees[order], text));
	}
}

static void print_sum(const struct info *info, const char *name, struct page_use_sum sum)
{
	char requests[32], kib[32];

	printf("  %-40s %13s %15s\n", name, info_number(sum.requests, requests),
	       info_number(info_kib(info, sum.pages), kib));
}

void info_print_use(const struct info *info)
{
	const struct page_use_totals *u = &info->use;

	if (!info->have_use)
		return;
	printf("\n%-42s %13s %15s\n", "pages", "requests", "KiB");
	print_sum(info, "allocated", u->allocs);
	print_sum(info, "  and freed in the recording", u->freed_here);
	print_sum(info, "  and in use at its end", u->live);
	if (u->reused.pages)
		print_sum(info, "  and allocated anew, no free was seen", u->reused);
	if (u->failed.requests)
		print_sum(info, "allocations that FAILED", u->failed);
	print_sum(info, "freed", u->frees);
	print_sum(info, "  and no allocation was seen", u->older);
}

/* The number of events of each interval as a digit, 9 for the most. */
static void print_rate_line(const struct info *info)
{
	uint64_t most = 0;
	char line[64] = "", text[32];
	uint32_t n = info->nr_rates < 60 ? info->nr_rates : 60;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t sum = 0;

		for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
			sum += info->rates[i].events[type];
		most = sum > most ? sum : most;
	}
	if (n < 2 || !most)
		return;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t sum = 0;

		for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
			sum += info->rates[i].events[type];
		line[i] = (char)(sum ? '0' + (sum * 9 + most - 1) / most : '.');
	}
	printf("\nover time  %s  one digit = %.3f s, 9 = %s events a second\n", line,
	       (double)info->width_ns / 1e9,
	       info_number((uint64_t)((double)most * 1e9 / (double)info->width_ns), text));
}

void info_print_gfp(const struct info *info, uint32_t lines)
{
	char count[32], kib[32], live[32], text[512];

	if (!info->gfps.nr)
		return;
	printf("\n%13s %13s %13s  gfp flags, %u of them\n", "allocations", "KiB",
	       info->have_use ? "KiB in use" : "", info->gfps.nr);
	for (uint32_t i = 0; i < info->gfps.nr && i < lines; i++) {
		const struct info_row *r = &info->gfps.rows[i];

		printf("%13s %13s %13s  %s\n", info_number(r->hits, count),
		       info_number(info_kib(info, r->pages), kib),
		       info->have_use ? info_number(info_kib(info, r->live), live) : "",
		       gfp_stable_string(r->gfp, text, sizeof(text)));
	}
}

void info_print_tasks(const struct info *info, uint32_t lines)
{
	char count[32], kib[32], live[32], name[64];

	if (!info->tasks.nr)
		return;
	printf("\n%13s %13s %13s  tasks, %u of them\n", "events", info->have_use ? "KiB allocated" : "",
	       info->have_use ? "KiB in use" : "", info->tasks.nr);
	for (uint32_t i = 0; i < info->tasks.nr && i < lines; i++) {
		const struct info_row *r = &info->tasks.rows[i];
		const struct trace_task *t = &info->task_names[r->id];

		printf("%13s %13s %13s  %s (%u)\n", info_number(r->events, count),
		       info->have_use ? info_number(info_kib(info, r->pages), kib) : "",
		       info->have_use ? info_number(info_kib(info, r->live), live) : "",
		       t->comm[0] ? info_printable(t->comm, name) : "-", t->tid);
	}
}

static void print_keyframe_line(const struct info *info)
{
	uint32_t locked = 0, partial = 0;
	uint64_t longest = 0, total = 0;

	for (uint32_t i = 0; i < info->nr_keyframes; i++) {
		const struct info_keyframe *k = &info->keyframes[i];

		partial += (k->flags & TRACE_KF_PARTIAL) != 0;
		if (!(k->flags & TRACE_KF_LOCKED))
			continue;
		locked++;
		longest = k->hold_ns > longest ? k->hold_ns : longest;
		total += k->walk_ns;
	}
	printf("\nkeyframes  %u", info->summary->nr_keyframes);
	if (!info->nr_keyframes) {
		puts(": the state of the free lists is not in this recording");
		return;
	}
	printf(": %u under the zone's lock, held for %.3f ms at most, %.3f ms in all", locked,
	       (double)longest / 1e6, (double)total / 1e6);
	if (partial)
		printf("; %u INCOMPLETE", partial);
	puts("");
}

void info_print_screen(const struct info *info)
{
	print_machine(info);
	print_partial(info);
	print_file(info);
	info_print_events(info);
	info_print_orders(info);
	info_print_use(info);
	print_rate_line(info);
	info_print_gfp(info, SCREEN_ROWS);
	info_print_tasks(info, SCREEN_ROWS);
	info_print_stacks(info, SCREEN_ROWS, true);
	info_print_cgroups(info, SCREEN_ROWS);
	print_keyframe_line(info);
}
