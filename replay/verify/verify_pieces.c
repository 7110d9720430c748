// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that are freed one by one and inserted in larger pieces: vfree() and its like, from 7.2 on. The
 * events name the pages, none of them an insertion; of pieces that go to the buddy a BUDDY_FREE tells.
 *
 * A task frees neighbours one after the other: a chain. It may be preempted in the middle, and it may be
 * several calls. Where a call ends is a matter of evidence: what the task does between two pages, what it
 * gives to the buddy afterwards, what pieces are seen later, and in the end the time between two pages.
 */
#include "replay/verify/verify_internal.h"

#define RUN_GAP          4 /* times the least that lay between two pages of the call */
#define RUN_GAP_NS       16000 /* where there is none yet; emulated machines are slow */
#define STACK_GAP_NS     200000 /* likewise in what may be a kernel stack */
#define STACK_NR_PAGES   4
#define NEXT_DISTANCE    2048 /* events to look at for a task's next one, where nothing says that it goes on */
#define SECTION_NR_PAGES 32768 /* a call ends a piece there. Source: SECTION_SIZE_BITS, x86, v7.3 */

/* ---- pieces -------------------------------------------------------------------------------- */

/** struct piece - neighbours that are inserted as one block; @pfn MMR_NO_PFN: none */
struct piece {
	uint32_t pfn;
	unsigned int order;
};

/* The largest aligned piece at the begin of [pfn, end). Source: free_prepared_contig_range(), v7.3. */
static struct piece first_piece(uint32_t pfn, uint32_t end)
{
	unsigned int order = pfn ? (unsigned int)__builtin_ctz(pfn) : MAX_PAGE_ORDER;

	order = order < MAX_PAGE_ORDER ? order : MAX_PAGE_ORDER;
	while (order && pfn + (1u << order) > end)
		order--;
	return (struct piece){pfn, order};
}

/* The first piece at or after @pfn, within [first, end) = one call's, that goes to the buddy whatever happens.
 */
static struct piece next_buddy_piece(uint32_t pfn, uint32_t end)
{
	while (pfn < end) {
		struct piece piece = first_piece(pfn, end);

		if (!mmr_step_pcp_order(piece.order))
			return piece;
		pfn += 1u << piece.order;
	}
	return (struct piece){MMR_NO_PFN, 0};
}

/* ---- what one task does -------------------------------------------------------------------- */

static bool same_task(const struct trace_event *a, const struct trace_event *b)
{
	return a->task == b->task && (a->task != TRACE_NO_TASK || a->cpu == b->cpu);
}

/* The task's next event outside interrupts, on whatever CPU; WINDOW_NONE where none is in sight. That it found
 * so many pages on the lists is nothing it does. */
static uint64_t next_of_task(const struct verify *v, uint64_t number, uint64_t distance)
{
	const struct trace_event *ev = &window_at(&v->window, number)->ev;
	uint64_t end = distance < v->window.end - number ? number + distance : v->window.end;

	for (uint64_t n = number + 1; n < end; n++) {
		const struct trace_event *next = &window_at(&v->window, n)->ev;

		if (same_task(next, ev) && !verify_in_interrupt(next) && next->type != TRACE_PCP_COUNTS)
			return n;
	}
	return WINDOW_NONE;
}

/* Between the pages of a call and what the task does next: does this event say what became of them? */
static bool is_insertion(const struct trace_event *ev)
{
	return ev->type == TRACE_BUDDY_FREE || ev->type == TRACE_PCPU_DRAIN || ev->type == TRACE_PCP_FREE_BULK;
}

/*
 * Could a call that freed [pfn, end), the last page with event @number, be followed by what is told of the
 * buddy after it? Blocks that would go to a per-CPU list are told of where that was locked.
 */
static bool told_as(const struct verify *v, uint32_t pfn, uint32_t end, uint64_t number)
{
	uint64_t n = number;

	while ((n = next_of_task(v, n, NEXT_DISTANCE))) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;
		struct piece piece = {MMR_NO_PFN, 0};

		if (!is_insertion(ev))
			break;
		if (ev->type != TRACE_BUDDY_FREE)
			continue;
		while (pfn < end) {
			piece = first_piece(pfn, end);
			pfn += 1u << piece.order;
			if (piece.pfn == ev->pfn || !mmr_step_pcp_order(piece.order))
				break;
		}
		if (piece.pfn != ev->pfn || piece.order != ev->order)
			return false;
	}
	/* At the recording's end the rest may be untold. */
	return !n || next_buddy_piece(pfn, end).pfn == MMR_NO_PFN;
}

/* ---- where a call ends --------------------------------------------------------------------- */

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
 * Where memory is short vmalloc() takes single pages, and neighbours may be among them. Most single pages are
 * nobody's mapping, so only what is seen of them afterwards tells.
 */
static bool may_be_single(const struct verify *v, uint32_t pfn)
{
	struct mmr_step_place place = mmr_step_place(v->core, pfn);

	return place.state == MMR_PAGE_ALLOCATED && place.order == 0 && place.mt != MIGRATE_MOVABLE;
}

/* Does a piece of a call that began at @start begin at @pfn, however far the call goes? */
static bool begins_piece(uint32_t start, uint32_t pfn)
{
	while (start < pfn)
		start += 1u << first_piece(start, UINT32_MAX).order;
	return start == pfn;
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

/* Are two neighbours parts of one allocation? Then one call frees both. */
static bool same_allocation(const struct verify *v, uint32_t pfn)
{
	struct mmr_step_place place = mmr_step_place(v->core, pfn);

	return place.state == MMR_PAGE_ALLOCATED && place.head != pfn;
}

/*
 * vmalloc() asks for the largest block that the rest fills, so a mapping's blocks get smaller, unless one
 * was not to be had. Source: vm_area_alloc_pages(), mm/vmalloc.c, v7.3.
 */
static bool in_order_of_mapping(const struct verify *v, uint32_t pfn)
{
	struct mmr_step_place before = mmr_step_place(v->core, pfn - 1), after = mmr_step_place(v->core, pfn);

	return before.state != MMR_PAGE_ALLOCATED || after.state != MMR_PAGE_ALLOCATED ||
	       before.order > after.order || (before.order == after.order && before.order >= PAGEBLOCK_ORDER);
}

/*
 * Is the neighbour of event @number followed by a page from elsewhere that is freed no later after it than it
 * was itself? Between two pages of a piece nothing is inserted, and before the next piece both are: so these
 * two were no piece. An exiting task frees its page tables in such rows.
 */
static bool in_row_of_single_frees(const struct verify *v, uint64_t number, uint64_t gap_ns)
{
	const struct trace_event *ev = &window_at(&v->window, number)->ev;
	uint64_t n = next_of_task(v, number, NEXT_DISTANCE);
	const struct window_event *next = n ? window_at(&v->window, n) : NULL;

	return next && verify_is_of_burst(next, ev) && !next->ev.order && next->ev.pfn != ev->pfn + 1 &&
	       next->ev.ts_ns - ev->ts_ns <= gap_ns;
}

/*
 * Was the page of event @number, the neighbour of the one freed before, freed by the same call, which began
 * with
 * @start, as far as the two tell? What is seen of them later says it, and where nothing is, the time between
 * the two: what the kernel does between two calls takes longer than a step from page to page.
 */
static bool one_call(const struct verify *v, uint32_t start, uint64_t number, uint64_t gap_ns,
		     uint64_t least_ns)
{
	uint32_t pfn = window_at(&v->window, number)->ev.pfn;
	bool stack = pfn % STACK_NR_PAGES == 1, singles = may_be_single(v, start) && may_be_single(v, pfn);
	int joined;

	if (same_allocation(v, pfn))
		return true;
	/* In what is not known page by page: no more than a look at the clock as long as it is regular. */
	if (mmr_step_place(v->core, pfn).state == MMR_PAGE_BOOT && least_ns && gap_ns <= RUN_GAP * least_ns)
		return may_be_mapped(v, pfn);
	joined = seen_joined(v, pfn, number);
	if (joined > 0 || (joined == 0 && !begins_piece(start, pfn)))
		return joined;
	if (!singles && (!may_be_mapped(v, pfn) || !in_order_of_mapping(v, pfn)))
		return false;
	if (!least_ns && in_row_of_single_frees(v, number, gap_ns))
		return false;
	return gap_ns <= (least_ns ? RUN_GAP * least_ns : stack ? STACK_GAP_NS : RUN_GAP_NS);
}

/** struct cut - a call may have ended with event @event, which freed the page before @end */
struct cut {
	uint64_t event;
	uint32_t end;
};

#define MAX_CUTS 32

/**
 * struct chain - neighbours that a task frees one after the other
 * @last: its end; @guess: the end of the call that began it, as the pages tell
 * @cuts: where an allocation ends in it, the first ones
 */
struct chain {
	struct cut last, guess, cuts[MAX_CUTS];
	unsigned int nr_cuts;
};

/* The event that frees the neighbour of the page before @last->end, or WINDOW_NONE. */
static uint64_t next_neighbour(const struct verify *v, const struct trace_event *first, const struct cut *last)
{
	bool goes_on = last->end % SECTION_NR_PAGES && same_allocation(v, last->end);
	uint64_t n = next_of_task(v, last->event, goes_on ? WINDOW_EVENTS : NEXT_DISTANCE);
	const struct window_event *next = n ? window_at(&v->window, n) : NULL;

	if (!next || last->end % SECTION_NR_PAGES == 0)
		return WINDOW_NONE;
	return verify_is_of_burst(next, first) && !next->ev.order && next->ev.pfn == last->end ? n
											       : WINDOW_NONE;
}

/* Can the page be the first that a call frees? */
static bool may_begin(const struct verify *v, const struct trace_event *ev)
{
	uint64_t n;

	if (may_be_mapped(v, ev->pfn))
		return true;
	if (!may_be_single(v, ev->pfn) || !may_be_single(v, ev->pfn + 1))
		return false;
	n = next_neighbour(v, ev, &(struct cut){v->number, ev->pfn + 1});
	return n && seen_joined(v, ev->pfn + 1, n) > 0;
}

static struct chain look_at_chain(const struct verify *v, const struct trace_event *ev)
{
	struct chain chain = {.last = {v->number, ev->pfn + 1}};
	uint64_t least_ns = 0, n;

	while ((n = next_neighbour(v, ev, &chain.last))) {
		const struct trace_event *next = &window_at(&v->window, n)->ev;
		uint64_t gap_ns = next->ts_ns - window_at(&v->window, chain.last.event)->ev.ts_ns;

		if (!chain.guess.event && !one_call(v, ev->pfn, n, gap_ns, least_ns)) {
			chain.guess = chain.last;
			if (!v->buddy_known)
				break;
		}
		if (chain.nr_cuts < MAX_CUTS && !same_allocation(v, next->pfn))
			chain.cuts[chain.nr_cuts++] = chain.last;
		least_ns = !least_ns || gap_ns < least_ns ? gap_ns : least_ns;
		chain.last = (struct cut){n, next->pfn + 1};
	}
	if (!chain.guess.event)
		chain.guess = chain.last;
	return chain;
}

/* Could the call that began the chain end here, by what is told of the buddy? */
static bool may_end(const struct verify *v, uint32_t pfn, const struct cut *cut, const struct chain *chain)
{
	const struct cut *last = &chain->last;

	if (cut->event == last->event)
		return told_as(v, pfn, cut->end, cut->event);
	/* What it gave to the buddy would have been told of before the next page was freed. */
	return next_buddy_piece(pfn, cut->end).pfn == MMR_NO_PFN &&
	       told_as(v, cut->end, last->end, last->event);
}

/* Where the call ends that freed the first page of the chain. */
static struct cut end_of_call(const struct verify *v, uint32_t pfn, const struct chain *chain)
{
	if (!v->buddy_known || may_end(v, pfn, &chain->guess, chain))
		return chain->guess;
	if (may_end(v, pfn, &chain->last, chain))
		return chain->last;
	for (unsigned int i = 0; i < chain->nr_cuts; i++) {
		if (may_end(v, pfn, &chain->cuts[i], chain))
			return chain->cuts[i];
	}
	/* Something that had to be told is missing. */
	return chain->guess;
}

/* ---- insertion ----------------------------------------------------------------------------- */

/* Is it told that the next piece of the task goes to the buddy though a list was there for it? */
static bool goes_past(const struct verify *v, struct piece piece)
{
	uint64_t n = v->number;

	while (v->buddy_known && (n = next_of_task(v, n, NEXT_DISTANCE))) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->type == TRACE_BUDDY_FREE)
			return ev->pfn == piece.pfn && ev->order == piece.order;
		if (!is_insertion(ev))
			break;
	}
	return false;
}

static void insert_piece(struct verify *v, const struct window_event *event, struct piece_run *run,
			 struct piece piece)
{
	struct window_event at = {.ev = event->ev, .next = event->next};
	struct zone *zone = mmr_step_zone(v->core, piece.pfn, piece.order);

	at.ev.type = TRACE_FREE;
	at.ev.pfn = piece.pfn;
	at.ev.order = (uint8_t)piece.order;
	run->pfn += 1u << piece.order;
	for (uint32_t pfn = piece.pfn; pfn < run->pfn; pfn++) {
		enum mmr_page_state state = mmr_step_give_back(v->core, pfn, 0);

		/* The model went wrong since the free. */
		if (state == MMR_PAGE_FREE || state == MMR_PAGE_PCP) {
			mmr_step_withdraw(v->core, at.ev.cpu, pfn, 0);
			v->report->untraced_changes++;
		}
	}
	mmr_step_give_back(v->core, piece.pfn, piece.order);
	if (!zone) {
		v->report->unjudged++;
	} else if (mmr_step_pcp_order(piece.order)) {
		at.past = goes_past(v, piece);
		verify_commit(v, &at, zone);
	} else if (zone_known(v, zone)) {
		mmr_step_insert(v->core, at.ev.cpu, zone, piece.pfn, piece.order, false);
	} else {
		v->report->unjudged++;
	}
}

/* Up to the next piece that goes to the buddy where events tell when it does, else all. */
static void insert_pieces(struct verify *v, const struct window_event *event, struct piece_run *run)
{
	while (run->pfn < run->end) {
		struct piece piece = first_piece(run->pfn, run->end);

		if (run->told && !mmr_step_pcp_order(piece.order))
			return;
		insert_piece(v, event, run, piece);
	}
	run->active = false;
	v->nr_piece_runs--;
}

static struct piece_run *run_of_task(struct verify *v, const struct trace_event *ev)
{
	for (unsigned int i = 0; v->nr_piece_runs && i < MAX_PIECE_RUNS; i++) {
		struct piece_run *run = &v->piece_runs[i];

		if (run->active && same_task(&run->ev, ev))
			return run;
	}
	return NULL;
}

bool verify_insert_told_piece(struct verify *v, const struct window_event *event)
{
	struct piece_run *run = verify_in_interrupt(&event->ev) ? NULL : run_of_task(v, &event->ev);
	struct piece piece;

	if (!run || v->number < run->last || run->pfn != event->ev.pfn)
		return false;
	piece = first_piece(run->pfn, run->end);
	if (piece.order != event->ev.order || mmr_step_pcp_order(piece.order))
		return false;
	insert_piece(v, event, run, piece);
	insert_pieces(v, event, run);
	return true;
}

/* Return: whether a run begins with this event. */
static bool begin_run(struct verify *v, const struct window_event *event)
{
	struct piece_run *run = NULL;
	struct chain chain;
	struct cut end;

	if (!may_begin(v, &event->ev))
		return false;
	for (unsigned int i = 0; i < MAX_PIECE_RUNS && !run; i++)
		run = v->piece_runs[i].active ? NULL : &v->piece_runs[i];
	if (!run)
		return false;
	chain = look_at_chain(v, &event->ev);
	end = end_of_call(v, event->ev.pfn, &chain);
	if (end.event == v->number)
		return false;
	*run = (struct piece_run){
		.active = true,
		.ev = event->ev,
		.pfn = event->ev.pfn,
		.end = end.end,
		.last = end.event,
		.told = v->buddy_known && told_as(v, event->ev.pfn, end.end, end.event),
	};
	v->nr_piece_runs++;
	return true;
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
	struct piece_run *run;

	/* What an interrupt unmaps a worker frees. */
	if (verify_in_interrupt(&event->ev))
		return false;
	run = run_of_task(v, &event->ev);
	if (!run)
		return begin_run(v, event);
	if (v->number == run->last)
		insert_pieces(v, event, run);
	return true;
}

void verify_end_pieces(struct verify *v, const struct window_event *event)
{
	const struct trace_event *ev = &event->ev;

	for (unsigned int i = 0; i < MAX_PIECE_RUNS; i++) {
		struct piece_run *run = &v->piece_runs[i];

		if (!run->active || v->number <= run->last || is_insertion(ev))
			continue;
		/* What was to be told of was not: the task goes on, or somebody else has the page. */
		if ((same_task(&run->ev, ev) && !verify_in_interrupt(ev)) ||
		    (is_page_event(ev) && ev->pfn >= run->pfn && ev->pfn < run->end)) {
			run->told = false;
			insert_pieces(v, event, run);
		}
	}
}

void verify_run_of_pieces(const struct verify *v, const struct window_event *event, uint64_t number,
			  struct verify_at *ret)
{
	struct piece_run run = {.ev = event->ev};
	struct chain chain;
	struct cut end;

	if (!v->frees_pieces || event->ev.type != TRACE_FREE || event->ev.order || event->link ||
	    verify_in_interrupt(&event->ev))
		return;
	for (unsigned int i = 0; v->nr_piece_runs && i < MAX_PIECE_RUNS; i++) {
		if (v->piece_runs[i].active && same_task(&v->piece_runs[i].ev, &event->ev))
			run = v->piece_runs[i];
	}
	if (!run.active && number == v->number && may_begin(v, &event->ev)) {
		chain = look_at_chain(v, &event->ev);
		end = end_of_call(v, event->ev.pfn, &chain);
		run.active = end.event != number;
		run.end = end.end;
		run.last = end.event;
	}
	if (!run.active || number > run.last)
		return;
	ret->run_pfn = run.ev.pfn;
	ret->run_pages = run.end - run.ev.pfn;
	ret->run_last = run.last - 1;
}
