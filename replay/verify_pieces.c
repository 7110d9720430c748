// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that are freed one by one and inserted in larger pieces: vfree() and its like, from 7.2 on. The
 * events name the pages, none of them an insertion.
 */
#include "replay/verify_internal.h"

#define RUN_GAP        4 /* times the least that lay between two pages of the call */
#define RUN_GAP_NS     16000 /* where there is none yet; emulated machines are slow */
#define STACK_GAP_NS   200000 /* likewise in what may be a kernel stack */
#define STACK_NR_PAGES 4

/*
 * May the page be one of a mapping's? As vmalloc() allocates blocks whole and then splits them, it is a
 * part of one, or was allocated before the recording. Mapped pages cannot be moved.
 */
static bool may_be_mapped(const struct verify *v, uint32_t pfn)
{
	struct mmr_step_place place = mmr_step_place(v->core, pfn);

	if (place.state == MMR_PAGE_BOOT)
		return mmr_step_pageblock(v->core, pfn) == MIGRATE_UNMOVABLE;
	return place.state == MMR_PAGE_ALLOCATED && place.order > 0 && place.mt != MIGRATE_MOVABLE;
}

/*
 * Do two neighbours lie in one piece, as the next event tells that names either of them?
 *
 * Return: -1 where none is in sight, or it is about the buddy and not about what was inserted.
 */
static int seen_joined(const struct verify *v, uint32_t pfn, uint64_t after)
{
	for (uint64_t n = after + 1; n < v->window.end; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;
		uint32_t end = ev->pfn + (1u << ev->order);

		if (ev->pfn > pfn || end < pfn || ev->type == TRACE_FREE || ev->type == TRACE_FREE_BATCHED ||
		    !is_page_event(ev))
			continue;
		return ev->type == TRACE_ALLOC || ev->type == TRACE_PCPU_DRAIN ? ev->pfn < pfn && end > pfn
									       : -1;
	}
	return -1;
}

/*
 * Was @next, the neighbour of the page freed before, freed by the same call? Two pages of one block were.
 * Else what is seen of them later tells, and where nothing is, the time between the two: what the kernel
 * does between two calls takes longer than a step from page to page.
 */
static bool one_call(const struct verify *v, const struct window_event *next, uint64_t number, uint64_t gap_ns,
		     uint64_t least_ns)
{
	bool stack = next->ev.pfn % STACK_NR_PAGES == 1;
	struct mmr_step_place place = mmr_step_place(v->core, next->ev.pfn);
	int joined;

	if (place.state == MMR_PAGE_ALLOCATED && place.head != next->ev.pfn)
		return true;
	joined = seen_joined(v, next->ev.pfn, number);
	if (joined >= 0)
		return joined;
	if (!may_be_mapped(v, next->ev.pfn))
		return false;
	return gap_ns <= (least_ns ? RUN_GAP * least_ns : stack ? STACK_GAP_NS : RUN_GAP_NS);
}

/* The last event of a run of frees of single pages, each the neighbour of the one before. */
static uint64_t end_of_run(const struct verify *v, const struct window_event *event)
{
	uint64_t last = v->number, least_ns = 0;

	for (uint64_t n = event->next; n; n = window_at(&v->window, n)->next) {
		const struct window_event *next = window_at(&v->window, n);
		const struct trace_event *before = &window_at(&v->window, last)->ev;
		uint64_t gap_ns = next->ev.ts_ns - before->ts_ns;

		if (!verify_is_of_burst(next, &event->ev) || next->ev.order || next->ev.pfn != before->pfn + 1)
			break;
		if (!one_call(v, next, n, gap_ns, least_ns))
			break;
		least_ns = !least_ns || gap_ns < least_ns ? gap_ns : least_ns;
		last = n;
	}
	return last;
}

static void insert_piece(struct verify *v, const struct window_event *event, uint32_t pfn, unsigned int order)
{
	struct window_event piece = *event;
	struct zone *zone = mmr_step_zone(v->core, pfn, order);

	piece.ev.pfn = pfn;
	piece.ev.order = (uint8_t)order;
	for (uint32_t at = pfn; at < pfn + (1u << order); at++)
		mmr_step_give_back(v->core, at, 0);
	mmr_step_give_back(v->core, pfn, order);
	if (!zone)
		v->report->unjudged++;
	else if (mmr_step_pcp_order(order))
		verify_commit(v, &piece, zone);
	else if (zone_known(v, zone))
		mmr_step_insert(v->core, event->ev.cpu, zone, pfn, order, false);
}

/*
 * From 7.2 vfree() and its like prepare all pages of a run, and then insert it in the largest aligned
 * pieces. Single frees of neighbours look the same.
 *
 * Return: whether the event is part of such a run.
 * Source: free_prepared_contig_range() and its callers, mm/page_alloc.c, v7.3.
 */
bool verify_free_in_pieces(struct verify *v, const struct window_event *event)
{
	struct cpu_view *cpu = &v->cpus[event->ev.cpu];
	uint32_t end = event->ev.pfn + 1;

	if (v->number > cpu->run_end) {
		/* What an interrupt unmaps a worker frees. */
		if (verify_in_interrupt(&event->ev) || !may_be_mapped(v, event->ev.pfn))
			return false;
		cpu->run_end = end_of_run(v, event);
		cpu->run_pfn = event->ev.pfn;
		if (cpu->run_end == v->number) {
			cpu->run_end = WINDOW_NONE;
			return false;
		}
	}
	if (v->number < cpu->run_end)
		return true;
	cpu->run_end = WINDOW_NONE;
	for (uint32_t pfn = cpu->run_pfn; pfn < end;) {
		unsigned int order = pfn ? (unsigned int)__builtin_ctz(pfn) : MAX_PAGE_ORDER;

		order = order < MAX_PAGE_ORDER ? order : MAX_PAGE_ORDER;
		while (pfn + (1u << order) > end)
			order--;
		insert_piece(v, event, pfn, order);
		pfn += 1u << order;
	}
	return true;
}
