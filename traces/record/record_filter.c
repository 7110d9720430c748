// SPDX-License-Identifier: GPL-2.0-or-later
/* The filters' memory is a bit per page frame for "kept and live" and one for "its free was kept". */
#include "traces/record/record_filter.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define CGROUP2_MAGIC 0x63677270

bool record_filter_set(const struct record_filter *f)
{
	return f->by_node || f->by_order || f->tgid || f->cgroup;
}

const char *record_filter_parse_orders(struct record_filter *f, const char *text)
{
	char *end;

	f->by_order = true;
	f->min_order = f->max_order = (uint32_t)strtoul(text, &end, 10);
	if (end == text || *text == '-')
		return "an order from 0 to 10, or two with a dash";
	if (*end == '-') {
		text = end + 1;
		f->max_order = (uint32_t)strtoul(text, &end, 10);
	}
	if (end == text || *end || f->max_order < f->min_order || f->max_order >= TRACE_NR_ORDERS)
		return "an order from 0 to 10, or two with a dash";
	return NULL;
}

/* The number of a cgroup's folder is what the kernel tells programs; its level is its depth. */
const char *record_filter_parse_cgroup(struct record_filter *f, const char *path)
{
	char up[4096];
	struct statfs fs;
	struct stat st, above;
	size_t len = strlen(path);

	if (statfs(path, &fs) || stat(path, &st) || !S_ISDIR(st.st_mode) || fs.f_type != CGROUP2_MAGIC)
		return "a folder of a cgroup2 file system";
	f->cgroup = st.st_ino;
	f->cgroup_level = 0;
	if (len >= sizeof(up))
		return "a shorter path";
	memcpy(up, path, len + 1);
	while (len + 4 < sizeof(up)) {
		memcpy(up + len, "/..", 4);
		len += 3;
		if (stat(up, &above) || above.st_dev != st.st_dev)
			return NULL;
		f->cgroup_level++;
	}
	return "a folder that lies less deep";
}

const char *record_filter_parse_task(struct record_filter *f, const char *text)
{
	static const char none[] = "the number of a process that runs",
			  thread[] = "a process, not one of its threads";
	unsigned long tid, tgid = 0;
	char line[128], *end;
	FILE *status;

	tid = strtoul(text, &end, 10);
	if (end == text || *end || *text == '-' || !tid || tid > INT_MAX ||
	    (kill((pid_t)tid, 0) && errno == ESRCH))
		return none;
	f->tgid = (uint32_t)tid;
	snprintf(line, sizeof(line), "/proc/%lu/status", tid);
	status = fopen(line, "re");
	if (!status)
		return NULL; /* it may be hidden */
	while (fgets(line, sizeof(line), status) && sscanf(line, "Tgid: %lu", &tgid) != 1)
		;
	fclose(status);
	return tgid && tgid != tid ? thread : NULL;
}

static int add_feature(struct trace_machine *m, const char *name, int64_t value)
{
	struct trace_name_value *more = realloc(m->features, (m->nr_features + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	m->features = more;
	more[m->nr_features] = (struct trace_name_value){strdup(name), value};
	if (!more[m->nr_features].name)
		return -ENOMEM;
	m->nr_features++;
	return 0;
}

int record_filter_mark(const struct record_filter *f, struct trace_machine *machine)
{
	int rc = 0;

	if (!record_filter_set(f))
		return 0;
	if (f->by_node)
		rc |= add_feature(machine, "filter.node", f->node);
	if (f->by_order) {
		rc |= add_feature(machine, "filter.min_order", f->min_order);
		rc |= add_feature(machine, "filter.max_order", f->max_order);
	}
	if (f->tgid)
		rc |= add_feature(machine, "filter.task", f->tgid);
	if (f->cgroup)
		rc |= add_feature(machine, "filter.cgroup", (int64_t)f->cgroup);
	rc |= add_feature(machine, TRACE_FEATURE_PARTIAL, 1);
	return rc;
}

/* ---- what is kept -------------------------------------------------------------------------- */

struct span {
	uint64_t start_pfn, end_pfn;
};

struct record_live {
	struct record_filter filter;
	bool by_request; /* more than the node decides */
	uint64_t nr_pages;
	struct span *spans; /* of the wanted node */
	uint32_t nr_spans;
	uint64_t *live, *freed; /* a bit per page frame */
};

int record_live_create(const struct record_filter *f, const struct trace_machine *machine,
		       struct record_live **ret, struct mmr_error *err)
{
	struct record_live *live = calloc(1, sizeof(*live));

	*ret = live;
	if (!live)
		return mmr_err(err, -ENOMEM, "recorder: no memory for its filter");
	live->filter = *f;
	live->by_request = f->by_order || f->tgid || f->cgroup;
	live->spans = calloc(machine->nr_zones + 1, sizeof(*live->spans));
	for (uint32_t i = 0; live->spans && i < machine->nr_zones; i++) {
		const struct trace_zone *zone = &machine->zones[i];
		uint64_t end = zone->start_pfn + zone->spanned_pages;

		if (end > live->nr_pages)
			live->nr_pages = end;
		if (zone->nid == f->node)
			live->spans[live->nr_spans++] = (struct span){zone->start_pfn, end};
	}
	if (f->by_node && !live->nr_spans)
		return mmr_err(err, -EINVAL, "--node: found %u, which has no memory here", f->node);
	live->live = calloc(live->nr_pages / 64 + 1, 8);
	live->freed = calloc(live->nr_pages / 64 + 1, 8);
	if (!live->spans || !live->live || !live->freed)
		return mmr_err(err, -ENOMEM, "recorder: no memory to remember %llu pages by",
			       (unsigned long long)live->nr_pages);
	return 0;
}

void record_live_destroy(struct record_live *live)
{
	if (!live)
		return;
	free(live->spans);
	free(live->live);
	free(live->freed);
	free(live);
}

/* Set or clear a block's bits. Return: was any of them set? */
static bool mark(uint64_t *bits, uint64_t nr_pages, uint64_t pfn, unsigned int order, bool set)
{
	uint64_t end = pfn + (1ULL << order);
	bool any = false;

	for (; pfn < end && pfn < nr_pages; pfn++) {
		uint64_t *word = &bits[pfn / 64], bit = 1ULL << pfn % 64;

		any |= (*word & bit) != 0;
		*word = set ? *word | bit : *word & ~bit;
	}
	return any;
}

static bool on_node(const struct record_live *live, uint64_t pfn)
{
	for (uint32_t i = 0; i < live->nr_spans; i++)
		if (pfn >= live->spans[i].start_pfn && pfn < live->spans[i].end_pfn)
			return true;
	return false;
}

static bool keeps_request(struct record_live *live, unsigned int order, uint32_t pfn, bool asked)
{
	const struct record_filter *f = &live->filter;

	if (!asked || (f->by_order && (order < f->min_order || order > f->max_order)))
		asked = false;
	if (pfn == TRACE_NO_PFN)
		return asked && !f->by_node;
	/* Also where it is not kept: what an earlier one left behind is void. */
	mark(live->live, live->nr_pages, pfn, order, asked);
	mark(live->freed, live->nr_pages, pfn, order, false);
	return asked;
}

bool record_live_keeps(struct record_live *live, unsigned int type, unsigned int order, uint32_t pfn,
		       bool asked)
{
	bool kept;

	if (live->filter.by_node && pfn != TRACE_NO_PFN && !on_node(live, pfn))
		return false;
	if (!live->by_request)
		return true;
	switch (type) {
	case TRACE_ALLOC:
		return keeps_request(live, order, pfn, asked);
	case TRACE_FREE:
		kept = mark(live->live, live->nr_pages, pfn, order, false);
		mark(live->freed, live->nr_pages, pfn, order, kept);
		return kept;
	case TRACE_FREE_BATCHED: /* of a free that went before */
		return mark(live->freed, live->nr_pages, pfn, 0, false);
	default: /* of lists, which are not one task's or one order's */
		return false;
	}
}
