// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Holds a recording's events against its keyframes, page by page and without a model: what was free
 * in the first keyframes, less what was allocated, plus what was freed, is what is free in the last
 * ones. The order of lists plays no part, nor who merged what. Prints "name value" lines; -v also
 * every page that does not add up.
 *
 * What moves pages without a page event shows here: allocations in bulk, pages isolated for
 * compaction or taken out to be reported to a hypervisor. Where the recorder could see those
 * (isolate_page, putback_page, bulk_page), they count too; -p leaves them out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/trace_reader.h"

enum { UNKNOWN, ALLOCATED, FREE }; /* by the last thing that was said of a page */
enum { STATE = 3, SEEN = 4, TOUCHED = 8 }; /* seen free in the last keyframes; had an event since */

struct moment {
	uint64_t ts_ns;
	bool last;
	uint32_t keyframe;
	int pcp; /* -1: the zone's own lists */
};

struct account {
	const char *path;
	bool verbose;
	struct trace_reader *reader;
	struct trace_keyframe *keyframes;
	struct moment *moments;
	uint32_t nr_moments, at;
	uint8_t *pages;
	uint64_t nr_pages;
	uint64_t bulk, isolated; /* pages taken without a page event */
	uint64_t scanners_took; /* pages that compaction's two scanners say they isolated */
	uint64_t twice_allocated, twice_freed, begin_free, end_free, end_not_freed;
	bool ending; /* the first of the last keyframes lies behind us */
};

static void fail(const struct account *a, const char *what)
{
	fprintf(stderr, "record_account: %s: %s\n", a->path, what);
	exit(1);
}

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	return (x->ts_ns > y->ts_ns) - (x->ts_ns < y->ts_ns);
}

static void add_moments(struct account *a, uint32_t nr)
{
	const struct trace_keyframe *kf = &a->keyframes[nr];
	bool last = kf->flags & TRACE_KF_LAST;

	if (!(kf->flags & (TRACE_KF_FIRST | TRACE_KF_LAST)))
		return;
	if (kf->flags & TRACE_KF_PARTIAL)
		fail(a, "a first or last keyframe is partial");
	a->moments = realloc(a->moments, (a->nr_moments + kf->nr_pcps + 1) * sizeof(*a->moments));
	if (!a->moments)
		fail(a, "no memory");
	a->moments[a->nr_moments++] = (struct moment){kf->ts_ns, last, nr, -1};
	for (uint32_t i = 0; i < kf->nr_pcps; i++) {
		if (!kf->pcps[i].have_lists)
			fail(a, "a CPU's lists are not there");
		a->moments[a->nr_moments++] = (struct moment){kf->pcps[i].ts_ns, last, nr, (int)i};
	}
}

static void load(struct account *a)
{
	uint32_t nr = trace_reader_summary(a->reader)->nr_keyframes;
	const struct trace_machine *m = trace_reader_machine(a->reader);
	struct mmr_error err;

	a->keyframes = calloc(nr + 1, sizeof(*a->keyframes));
	for (uint32_t i = 0; i < m->nr_zones; i++)
		if (m->zones[i].start_pfn + m->zones[i].spanned_pages > a->nr_pages)
			a->nr_pages = m->zones[i].start_pfn + m->zones[i].spanned_pages;
	a->pages = calloc(a->nr_pages + 1, 1);
	if (!a->keyframes || !a->pages)
		fail(a, "no memory");
	for (uint32_t i = 0; i < nr; i++) {
		if (trace_reader_keyframe(a->reader, i, &a->keyframes[i], &err))
			fail(a, err.msg);
		add_moments(a, i);
	}
	if (a->nr_moments)
		qsort(a->moments, a->nr_moments, sizeof(*a->moments), by_time);
}

static void say(const struct account *a, const char *what, uint64_t pfn, uint64_t ts_ns)
{
	if (a->verbose)
		printf("# %" PRIu64 " pfn %" PRIu64 " %s\n", ts_ns, pfn, what);
}

static void found_free(struct account *a, const struct trace_free_block *block, const struct moment *when)
{
	for (uint64_t pfn = block->pfn; pfn < block->pfn + (1ULL << block->order) && pfn < a->nr_pages; pfn++) {
		uint8_t *page = &a->pages[pfn];

		if (!when->last) {
			a->begin_free += (*page & STATE) == UNKNOWN;
			*page = FREE;
			continue;
		}
		if (!(*page & SEEN)) { /* one that went from list to list between two looks is seen twice */
			a->end_free++;
			if ((*page & STATE) != FREE) {
				a->end_not_freed++;
				say(a, "is free, and no event says so", pfn, when->ts_ns);
			}
		}
		*page |= SEEN;
	}
}

static void pass_moment(struct account *a)
{
	const struct moment *when = &a->moments[a->at++];
	const struct trace_keyframe *kf = &a->keyframes[when->keyframe];
	const struct trace_free_block *blocks = when->pcp < 0 ? kf->blocks : kf->pcps[when->pcp].entries;
	uint64_t nr = when->pcp < 0 ? kf->nr_blocks : kf->pcps[when->pcp].nr_entries;

	a->ending |= when->last;
	for (uint64_t i = 0; i < nr; i++)
		found_free(a, &blocks[i], when);
}

static void pass_event(struct account *a, const struct trace_event *e)
{
	bool taken = e->type == TRACE_ALLOC || e->type == TRACE_BULK_PAGE || e->type == TRACE_ISOLATE_PAGE;
	uint8_t state = taken ? ALLOCATED : FREE;

	if (e->pfn == TRACE_NO_PFN || e->type == TRACE_EXTFRAG || e->type == TRACE_FREE_BATCHED ||
	    (e->type == TRACE_ZONE_LOCKED && !(e->flags & TRACE_F_PERCPU_REFILL)))
		return;
	if (e->type == TRACE_BULK_PAGE)
		a->bulk++;
	if (e->type == TRACE_ISOLATE_PAGE)
		a->isolated += 1ULL << e->order;
	for (uint64_t pfn = e->pfn; pfn < e->pfn + (1ULL << e->order) && pfn < a->nr_pages; pfn++) {
		uint8_t before = a->pages[pfn] & STATE;

		if (taken && before == ALLOCATED) {
			a->twice_allocated++;
			say(a, "is allocated twice", pfn, e->ts_ns);
		} else if (e->type == TRACE_FREE && before == FREE) {
			a->twice_freed++;
			say(a, "is freed twice", pfn, e->ts_ns);
		}
		a->pages[pfn] = (uint8_t)(state | (a->pages[pfn] & SEEN) | (a->ending ? TOUCHED : 0));
	}
}

static void read_events(struct account *a)
{
	const struct trace_event *events;
	struct mmr_error err;
	ssize_t n;

	while ((n = trace_reader_next(a->reader, &events, &err)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			while (a->at < a->nr_moments && a->moments[a->at].ts_ns <= events[i].ts_ns)
				pass_moment(a);
			if (events[i].type == TRACE_ISOLATE_FREEPAGES ||
			    events[i].type == TRACE_FAST_ISOLATE_FREEPAGES)
				a->scanners_took += (uint64_t)trace_reader_args(a->reader, &events[i])->v[2];
			else
				pass_event(a, &events[i]);
		}
	}
	if (n < 0)
		fail(a, err.msg);
	while (a->at < a->nr_moments)
		pass_moment(a);
}

int main(int argc, char **argv)
{
	struct account a = {.path = argv[argc - 1], .verbose = argc == 3 && !strcmp(argv[1], "-v")};
	bool pages_only = argc == 3 && !strcmp(argv[1], "-p");
	uint64_t absent = 0;
	struct mmr_error err;

	if (argc != 2 && !a.verbose && !pages_only) {
		fprintf(stderr, "usage: record_account [-v | -p] FILE\n");
		return 2;
	}
	if (trace_reader_open(a.path, &a.reader, &err))
		fail(&a, err.msg);
	load(&a);
	if (!pages_only)
		trace_reader_want(a.reader, TRACE_WANT_PAGES | 1ULL << TRACE_BULK_PAGE |
						    1ULL << TRACE_ISOLATE_PAGE | 1ULL << TRACE_PUTBACK_PAGE |
						    1ULL << TRACE_ISOLATE_FREEPAGES |
						    1ULL << TRACE_FAST_ISOLATE_FREEPAGES);
	read_events(&a);
	for (uint64_t pfn = 0; pfn < a.nr_pages; pfn++) {
		if ((a.pages[pfn] & (STATE | SEEN | TOUCHED)) != FREE)
			continue;
		absent++;
		say(&a, "was freed, and is not free", pfn, 0);
	}
	printf("begin_free %" PRIu64 "\nend_free %" PRIu64 "\nend_not_freed %" PRIu64 "\nend_absent %" PRIu64
	       "\ntwice_allocated %" PRIu64 "\ntwice_freed %" PRIu64 "\nbulk %" PRIu64 "\nisolated %" PRIu64
	       "\nscanners_took %" PRIu64 "\n",
	       a.begin_free, a.end_free, a.end_not_freed, absent, a.twice_allocated, a.twice_freed, a.bulk,
	       a.isolated, a.scanners_took);
	for (uint32_t i = 0; i < trace_reader_summary(a.reader)->nr_keyframes; i++)
		trace_keyframe_deinit(&a.keyframes[i]);
	free(a.keyframes);
	free(a.moments);
	free(a.pages);
	trace_reader_close(a.reader);
	return 0;
}
