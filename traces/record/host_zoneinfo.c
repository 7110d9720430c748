// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads /proc/zoneinfo: populated zones with their spans, watermarks, reserves and PCP settings. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mm_types.h"
#include "traces/record/record_host.h"

struct parser {
	struct trace_zone *zones;
	uint32_t nr;
	struct trace_zone zone; /* the one being read; valid where @open */
	int open;
};

static int zone_code(const char *name)
{
	static const char *const names[MAX_NR_ZONES] = {
		[ZONE_DMA] = "DMA",         [ZONE_DMA32] = "DMA32",     [ZONE_NORMAL] = "Normal",
		[ZONE_HIGHMEM] = "HighMem", [ZONE_MOVABLE] = "Movable", [ZONE_DEVICE] = "Device",
	};

	for (int i = 0; i < MAX_NR_ZONES; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

/* Closes the zone being read: keeps it where it has pages. The printed watermarks include the boost. */
static int end_zone(struct parser *p)
{
	struct trace_zone *more;

	if (!p->open || !p->zone.present_pages) {
		p->open = 0;
		return 0;
	}
	for (int i = 0; i < NR_WMARK; i++)
		p->zone.watermark[i] -=
			p->zone.watermark[i] >= p->zone.watermark_boost ? p->zone.watermark_boost : 0;
	more = realloc(p->zones, (p->nr + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->zones = more;
	p->zones[p->nr++] = p->zone;
	p->open = 0;
	return 0;
}

/*
 * "(0, 2963, 3951)": one entry per zone this kernel has, in the order of its enum. Which those
 * are is told by the zones the file lists, and it lists all of a node's, so the n-th entry is
 * the n-th zone of the node. @order maps n to the stable code.
 */
static void read_protection(struct trace_zone *zone, const char *text, const int *order, int nr_order)
{
	for (int i = 0; i < nr_order && (text = strpbrk(text, "0123456789")); i++) {
		char *end;

		zone->lowmem_reserve[order[i]] = strtoull(text, &end, 10);
		text = end;
	}
}

static void read_line(struct trace_zone *zone, const char *line, const int *order, int nr_order)
{
	const struct {
		const char *format;
		uint64_t *value;
	} wide[] = {
		{" pages free %llu", &zone->nr_free_pages},   {" boost %llu", &zone->watermark_boost},
		{" min %llu", &zone->watermark[WMARK_MIN]},   {" low %llu", &zone->watermark[WMARK_LOW]},
		{" high %llu", &zone->watermark[WMARK_HIGH]}, {" promo %llu", &zone->watermark[WMARK_PROMO]},
		{" spanned %llu", &zone->spanned_pages},      {" present %llu", &zone->present_pages},
		{" managed %llu", &zone->managed_pages},      {" start_pfn: %llu", &zone->start_pfn},
	};
	unsigned long long value;
	unsigned int v;

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (sscanf(line, wide[i].format, &value) == 1) {
			*wide[i].value = value;
			return;
		}
	if (sscanf(line, " high: %u", &v) == 1) {
		if (!zone->pcp_high_max) /* before 6.7 there is but one high */
			zone->pcp_high_min = zone->pcp_high_max = v;
	} else if (sscanf(line, " batch: %u", &v) == 1) {
		zone->pcp_batch = v;
	} else if (sscanf(line, " high_min: %u", &v) == 1) {
		zone->pcp_high_min = v;
	} else if (sscanf(line, " high_max: %u", &v) == 1) {
		zone->pcp_high_max = v;
	} else if (sscanf(line, " vm stats threshold: %u", &v) == 1) {
		zone->stat_threshold = v;
	} else if (strstr(line, " protection:")) {
		read_protection(zone, line, order, nr_order);
	}
}

/* The zones of the first node, in the file's order: the kernel's enum without those it lacks. */
static int zone_order(FILE *f, int *order)
{
	char line[512], name[32];
	int nr = 0, first = -1, nid;

	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node %d, zone %31s", &nid, name) != 2)
			continue;
		if (first < 0)
			first = nid;
		if (nid != first || zone_code(name) < 0 || nr == MAX_NR_ZONES)
			break;
		order[nr++] = zone_code(name);
	}
	rewind(f);
	return nr;
}

static int parse(FILE *f, const char *path, struct parser *p, struct mmr_error *err)
{
	int order[MAX_NR_ZONES], nr_order = zone_order(f, order), code;
	char line[512], name[32];
	unsigned int nid;

	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node %u, zone %31s", &nid, name) != 2) {
			if (p->open)
				read_line(&p->zone, line, order, nr_order);
			continue;
		}
		if (end_zone(p))
			return mmr_err(err, -ENOMEM, "%s: no memory for a zone", path);
		code = zone_code(name);
		if (code < 0)
			return mmr_err(err, -EINVAL,
				       "%s: node %u: zone \"%s\", expected DMA, DMA32, Normal, HighMem, "
				       "Movable or Device",
				       path, nid, name);
		p->zone = (struct trace_zone){.nid = nid, .zone = (uint8_t)code};
		p->open = 1;
	}
	if (end_zone(p))
		return mmr_err(err, -ENOMEM, "%s: no memory for a zone", path);
	if (!p->nr)
		return mmr_err(err, -EINVAL, "%s: lists no zone with pages", path);
	return 0;
}

int record_host_zones(const char *root, struct trace_machine *machine, struct mmr_error *err)
{
	struct parser p = {0};
	char path[512];
	FILE *f;
	int rc;

	snprintf(path, sizeof(path), "%s/proc/zoneinfo", root);
	f = fopen(path, "re");
	if (!f)
		return mmr_err(err, -errno, "%s: %s", path, strerror(errno));
	rc = parse(f, path, &p, err);
	fclose(f);
	if (rc) {
		free(p.zones);
		return rc;
	}
	free(machine->zones);
	machine->zones = p.zones;
	machine->nr_zones = p.nr;
	return 0;
}
