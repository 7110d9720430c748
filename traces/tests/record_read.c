// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads a recording to its end for the recorder's script tests and prints what it holds as
 * "name value" lines. Exits 1 with a message where the file or a keyframe contradicts itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/trace_reader.h"

static void fail(const char *path, const char *what)
{
	fprintf(stderr, "record_read: %s: %s\n", path, what);
	exit(1);
}

static int by_pfn(const void *a, const void *b)
{
	const struct trace_free_block *x = a, *y = b;

	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

/* Free blocks are aligned and do not overlap; returns their pages. */
static uint64_t check_blocks(const char *path, struct trace_free_block *blocks, uint64_t nr)
{
	uint64_t end = 0, pages = 0;

	if (nr)
		qsort(blocks, nr, sizeof(*blocks), by_pfn);
	for (uint64_t i = 0; i < nr; i++) {
		if (blocks[i].pfn & ((1U << blocks[i].order) - 1))
			fail(path, "a keyframe's block is not aligned to its order");
		if (blocks[i].pfn < end)
			fail(path, "two blocks of a keyframe overlap");
		end = (uint64_t)blocks[i].pfn + (1U << blocks[i].order);
		pages += 1U << blocks[i].order;
	}
	return pages;
}

static uint64_t check_pcps(const char *path, struct trace_keyframe *kf, uint64_t *nr_lists)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < kf->nr_pcps; i++) {
		struct trace_pcp *pcp = &kf->pcps[i];
		uint64_t pages;

		if (!pcp->have_lists)
			continue;
		pages = check_blocks(path, pcp->entries, pcp->nr_entries);
		if (pages != pcp->count)
			fail(path, "a CPU's lists hold other than its count says");
		if (!pcp->ts_ns)
			fail(path, "a CPU's lists have no time");
		all += pages;
		(*nr_lists)++;
	}
	return all;
}

/* On which list a free block is, and which type its pageblock has: the same, but for rare moments. */
static void compare_types(const struct trace_machine *m, const struct trace_keyframe *kf, uint64_t *compared,
			  uint64_t *differ)
{
	uint64_t start = 0;

	for (uint32_t i = 0; i < m->nr_zones; i++)
		if (m->zones[i].nid == kf->nid && m->zones[i].zone == kf->zone)
			start = m->zones[i].start_pfn >> m->pageblock_order;
	for (uint64_t i = 0; i < kf->nr_blocks && kf->pageblock_types; i++) {
		uint64_t at = (kf->blocks[i].pfn >> m->pageblock_order) - start;

		if (at >= kf->nr_pageblocks)
			continue;
		(*compared)++;
		*differ += kf->pageblock_types[at] != kf->blocks[i].migratetype;
	}
}

static void read_keyframes(const char *path, struct trace_reader *r)
{
	uint64_t typed = 0, differ = 0, pages = 0, pcp_pages = 0, lists = 0, locked = 0, idle = 0, partial = 0,
		 first = 0, last = 0, missing = 0, longest = 0;

	for (uint32_t i = 0; i < trace_reader_summary(r)->nr_keyframes; i++) {
		struct trace_keyframe kf;
		struct mmr_error err;
		int64_t diffs = 0;
		uint64_t in_zone;

		if (trace_reader_keyframe(r, i, &kf, &err))
			fail(path, err.msg);
		compare_types(trace_reader_machine(r), &kf, &typed, &differ);
		in_zone = check_blocks(path, kf.blocks, kf.nr_blocks);
		for (uint32_t cpu = 0; cpu < kf.nr_vm_stat_diff; cpu++)
			diffs += kf.vm_stat_diff[cpu];
		if (!(kf.flags & TRACE_KF_PARTIAL) && (int64_t)in_zone != (int64_t)kf.nr_free_pages + diffs)
			fail(path, "a keyframe's blocks hold other than its zone's counter says");
		pages += in_zone;
		pcp_pages += check_pcps(path, &kf, &lists);
		locked += kf.flags & TRACE_KF_LOCKED ? 1 : 0;
		idle += kf.flags & TRACE_KF_IDLE ? 1 : 0;
		partial += kf.flags & TRACE_KF_PARTIAL ? 1 : 0;
		first += kf.flags & TRACE_KF_FIRST ? 1 : 0;
		last += kf.flags & TRACE_KF_LAST ? 1 : 0;
		missing += kf.nr_missing;
		if (kf.flags & TRACE_KF_LOCKED && kf.walk_ns > longest)
			longest = kf.walk_ns;
		trace_keyframe_deinit(&kf);
	}
	printf("kf_first %" PRIu64 "\nkf_last %" PRIu64 "\nkf_locked %" PRIu64 "\nkf_idle %" PRIu64
	       "\nkf_partial %" PRIu64 "\nkf_pages %" PRIu64 "\nkf_pcp_pages %" PRIu64 "\nkf_pcps %" PRIu64
	       "\n",
	       first, last, locked, idle, partial, pages, pcp_pages, lists);
	printf("kf_all %" PRIu32 "\nkf_missing %" PRIu64 "\nkf_longest_us %" PRIu64 "\n",
	       trace_reader_summary(r)->nr_keyframes, missing, longest / 1000);
	printf("kf_typed %" PRIu64 "\nkf_type_differs %" PRIu64 "\n", typed, differ);
}

static void read_events(const char *path, struct trace_reader *r)
{
	uint64_t counts[NR_TRACE_EVENT_TYPES] = {0}, irq[NR_TRACE_EVENT_TYPES] = {0}, named = 0, strange = 0,
		 last_ns = 0, back = 0;
	const struct trace_event *events;
	const struct trace_task *tasks;
	struct mmr_error err;
	uint32_t nr_tasks;
	ssize_t n;

	trace_reader_want(r, TRACE_WANT_ALL);
	while ((n = trace_reader_next(r, &events, &err)) > 0) {
		tasks = trace_reader_tasks(r, &nr_tasks);
		for (ssize_t i = 0; i < n; i++) {
			const struct trace_event *e = &events[i];

			if (e->type >= NR_TRACE_EVENT_TYPES || e->order > TRACE_NR_ORDERS ||
			    e->task >= nr_tasks) {
				strange++;
				continue;
			}
			counts[e->type]++;
			irq[e->type] += e->flags & TRACE_F_SOFTIRQ ? 1 : 0;
			named += tasks[e->task].comm[0] != '\0';
			back += e->ts_ns < last_ns;
			last_ns = e->ts_ns;
		}
	}
	if (n < 0)
		fail(path, err.msg);
	for (int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
		printf("%s %" PRIu64 "\n%s_irq %" PRIu64 "\n", trace_event_type_name(type), counts[type],
		       trace_event_type_name(type), irq[type]);
	printf("named %" PRIu64 "\nstrange %" PRIu64 "\nback %" PRIu64 "\n", named, strange, back);
}

int main(int argc, char **argv)
{
	const struct trace_machine *m;
	const struct trace_summary *s;
	struct trace_reader *r;
	struct mmr_error err;

	if (argc != 2) {
		fprintf(stderr, "usage: record_read FILE\n");
		return 2;
	}
	if (trace_reader_open(argv[1], &r, &err))
		fail(argv[1], err.msg);
	s = trace_reader_summary(r);
	m = trace_reader_machine(r);
	printf("complete %d\nlost %" PRIu64 "\nlosses %" PRIu32 "\ncpus %" PRIu32 "\nnodes %" PRIu32
	       "\nzones %" PRIu32 "\ngfp_names %" PRIu32 "\nmigratetypes %" PRIu32 "\n",
	       s->complete, s->nr_lost, s->nr_losses, m->nr_cpus, m->nr_nodes, m->nr_zones, m->nr_gfp_names,
	       m->nr_migratetype_names);
	read_keyframes(argv[1], r);
	read_events(argv[1], r);
	trace_reader_close(r);
	return 0;
}
