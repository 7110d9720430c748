// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A vendor's patches, as far as BTF shows them. The recorder notes every member of some structures of the
 * allocator as a feature "STRUCTURE.MEMBER"; what mainline has is listed here.
 */
#include "traces/trace_vendor.h"

#include <stdio.h>
#include <string.h>

#define LINE(major, minor) ((major)*1000 + (minor))

/* Members in mainline from 6.1 or before to 7.3, in any configuration, each between two blanks. */
static const struct {
	const char *structure, *members;
} mainline[] = {
	{"alloc_context.", " alloc_flags highest_zoneidx migratetype nodemask preferred_zoneref "
			   "reclaim_compact_order spread_dirty_pages zonelist "},
	{"free_area.", " free_list nr_free "},
	{"per_cpu_pages.",
	 " alloc_factor batch count expire flags free_count free_factor high high_max high_min "
	 "lists lock "},
	{"per_cpu_zonestat.", " stat_threshold vm_numa_event vm_stat_diff "},
	{"zone.", " _pad1_ _pad2_ _pad3_ _watermark cma_pages compact_blockskip_flush "
		  "compact_cached_free_pfn compact_cached_migrate_pfn compact_considered "
		  "compact_defer_shift compact_init_free_pfn compact_init_migrate_pfn "
		  "compact_order_failed contiguous flags free_area initialized lock lowmem_reserve "
		  "managed_pages name node nr_free_highatomic nr_isolate_pageblock "
		  "nr_reserved_highatomic pageset_batch pageset_high pageset_high_max pageset_high_min "
		  "per_cpu_pageset per_cpu_zonestats percpu_drift_mark present_early_pages "
		  "present_pages span_seqlock spanned_pages trylock_free_pages unaccepted_cleanup "
		  "unaccepted_pages vm_numa_event vm_stat vmemmap_tails watermark_boost zone_pgdat "
		  "zone_start_pfn "},
};

/* Of these, since when: where a kernel of an earlier line has one, it was brought back. */
static const struct {
	const char *feature;
	unsigned int since;
} dated[] = {
	{"per_cpu_pages.alloc_factor", LINE(6, 7)}, {"per_cpu_pages.free_count", LINE(6, 7)},
	{"per_cpu_pages.high_max", LINE(6, 7)},     {"per_cpu_pages.high_min", LINE(6, 7)},
	{"zone.pageset_high_max", LINE(6, 7)},      {"zone.pageset_high_min", LINE(6, 7)},
	{"zone.trylock_free_pages", LINE(6, 15)},
};

static bool is_mainline(const char *members, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = strstr(members, name); at; at = strstr(at + 1, name)) {
		if (at > members && at[-1] == ' ' && at[len] == ' ')
			return true;
	}
	return false;
}

static bool is_own(const char *feature)
{
	for (size_t i = 0; i < sizeof(mainline) / sizeof(mainline[0]); i++) {
		size_t len = strlen(mainline[i].structure);

		if (!strncmp(feature, mainline[i].structure, len))
			return !is_mainline(mainline[i].members, feature + len);
	}
	return false;
}

/* The line in which mainline came to have it, if that is later than @line; else 0. */
static unsigned int later_than(const char *feature, unsigned int line)
{
	for (size_t i = 0; i < sizeof(dated) / sizeof(dated[0]); i++) {
		if (!strcmp(dated[i].feature, feature))
			return dated[i].since > line ? dated[i].since : 0;
	}
	return 0;
}

static void add(char *list, size_t size, const char *feature, unsigned int since)
{
	size_t len = strlen(list);

	if (len + strlen(feature) + 16 >= size)
		return;
	len += (size_t)snprintf(list + len, size - len, "%s", len ? ", " : "");
	/* A file may say anything. */
	for (; *feature; feature++)
		list[len++] = *feature > ' ' && *feature < 0x7f ? *feature : '?';
	list[len] = '\0';
	if (since)
		snprintf(list + len, size - len, " (%u.%u)", since / 1000, since % 1000);
}

bool trace_vendor_features(const struct trace_machine *machine, struct trace_vendor_features *ret)
{
	unsigned int major = 0, minor = 0, line;

	*ret = (struct trace_vendor_features){0};
	line = sscanf(machine->kernel_release, "%u.%u", &major, &minor) == 2 ? LINE(major, minor) : UINT32_MAX;
	for (uint32_t i = 0; i < machine->nr_features; i++) {
		const char *feature = machine->features[i].name;
		unsigned int since = later_than(feature, line);

		if (!machine->features[i].value)
			continue;
		if (is_own(feature))
			add(ret->own, sizeof(ret->own), feature, 0);
		else if (since)
			add(ret->later, sizeof(ret->later), feature, since);
	}
	return ret->own[0] || ret->later[0];
}
