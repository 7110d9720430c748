// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of blocks that a CPU takes from the buddy.
 *
 * A refill is a run of zone_locked and extfrag events on one CPU, ended by the allocation that asked
 * for it. A block that went past the per-CPU lists is a run of one.
 */
#include "replay/verify/verify_internal.h"

#define MAX_DECAYS         16 /* runs of the vmstat worker between two refills */
#define RUN_ALLOC_DISTANCE 64 /* events of a CPU between a refill and the allocation that asked for it */

/* ---- runs ---------------------------------------------------------------------------------- */

/* What lies ahead of a run: its length in blocks, and the allocation that asked for it. */
struct run_ahead {
	uint32_t nr;
	uint64_t alloc; /* WINDOW_NONE where none follows */
};

static bool is_alloc_of(const struct trace_event *ev, const struct trace_event *taken)
{
	return ev->type == TRACE_ALLOC && ev->pfn == taken->pfn && ev->order == taken->order;
}

/* May a task say this between the blocks it took, up to event @end on its CPU, and their allocation? */
static bool comes_between(const struct trace_event *next, const struct trace_event *ev, uint64_t number,
			  uint64_t end)
{
	switch (next->type) {
	case TRACE_ZONE_LOCKED:
	case TRACE_EXTFRAG:
		return next->cpu == ev->cpu && (end == WINDOW_NONE || number < end);
	case TRACE_FREE:
	case TRACE_FREE_BATCHED:
	case TRACE_PCPU_DRAIN:
		/* On its way back from being preempted it frees what the task before it left.
		 * Source: finish_task_switch(), kernel/sched/core.c, v6.12. */
		return true;
	default:
		return false;
	}
}

/*
 * The allocation that asked for a block: the next page event of its task. Interrupts come in between, other
 * tasks, and the task may have gone to another CPU. @begin: the CPU's first event behind the blocks it took
 */
static uint64_t find_alloc(const struct verify *v, const struct trace_event *ev, uint64_t begin)
{
	uint64_t n = begin;

	if (ev->task == TRACE_NO_TASK || verify_in_interrupt(ev)) {
		for (int i = 0; n && i < RUN_ALLOC_DISTANCE; i++) {
			const struct window_event *event = window_at(&v->window, n);

			if (is_alloc_of(&event->ev, ev))
				return n;
			n = event->next;
		}
		return WINDOW_NONE;
	}
	for (n = v->number + 1; n < v->window.end; n++) {
		const struct trace_event *next = &window_at(&v->window, n)->ev;

		if (next->task == ev->task && is_page_event(next) && !verify_in_interrupt(next) &&
		    !comes_between(next, ev, n, begin))
			return is_alloc_of(next, ev) ? n : WINDOW_NONE;
	}
	return WINDOW_NONE;
}

static struct run_ahead look_ahead(const struct verify *v, const struct zone *zone,
				   const struct trace_event *ev)
{
	uint32_t last_locked = MMR_NO_PFN;
	const struct trace_event *taken = NULL;
	struct run_ahead ahead = {0};
	uint64_t n = v->number;

	while (n) {
		const struct window_event *event = window_at(&v->window, n);

		if ((event->ev.type != TRACE_ZONE_LOCKED && event->ev.type != TRACE_EXTFRAG) ||
		    event->ev.order != ev->order ||
		    verify_asked_type(event->ev.migratetype) != verify_asked_type(ev->migratetype) ||
		    mmr_step_zone(v->core, event->ev.pfn, 0) != zone)
			break;
		if (event->ev.type == TRACE_ZONE_LOCKED) {
			last_locked = event->ev.pfn;
			taken = taken ? taken : &event->ev;
			ahead.nr++;
		} else if (!v->extfrag_first && event->ev.pfn != last_locked) {
			ahead.nr++;
		}
		n = event->next;
	}
	/* To 6.9 the event of a fallback comes first, and names a block that the page is a part of. */
	ahead.alloc = find_alloc(v, v->extfrag_first && taken ? taken : ev, n);
	return ahead;
}

/* What nr_pcp_alloc() says under given zone flags and a given run of refills. */
static uint32_t ask_size(struct verify *v, struct zone *zone, unsigned int cpu, unsigned int order,
			 const struct mmr_pcp_state *before, int32_t count, uint32_t flags,
			 unsigned int alloc_factor)
{
	struct mmr_pcp_state state = *before;

	state.alloc_factor = (uint8_t)alloc_factor;
	mmr_step_pcp_write(zone, cpu, &state, count);
	mmr_step_set_zone_flags(zone, flags);
	return (uint32_t)mmr_step_pcp_refill_size(v->core, cpu, zone, order);
}

/*
 * How many blocks did the model ask for? If not as many as came, ask again as if the zone were
 * below its high mark, or above it; as if the list held fewer pages, since bulk allocations that no pop
 * has revealed yet make it seem longer than it is; and as if the vmstat worker had lowered its high mark.
 *
 * @nr: blocks that came; @alone: they are one refill, the allocation that asked for it follows
 * @cause: what the model had to be told; VERIFY_CAUSE_UNEXPLAINED where nothing helps
 */
static uint32_t refill_size(struct verify *v, struct zone *zone, unsigned int cpu, unsigned int order,
			    uint32_t nr, bool alone, enum verify_cause *cause)
{
	uint32_t flags = mmr_step_zone_flags(zone), size;
	struct mmr_pcp_state before, after, other;
	int32_t count;

	*cause = VERIFY_CAUSE_NONE;
	mmr_step_pcp_read(zone, cpu, &before, &count);
	size = (uint32_t)mmr_step_pcp_refill_size(v->core, cpu, zone, order);
	v->cpus[cpu].run.asked = size;
	if (size == nr || (size < nr && !alone))
		return size;
	mmr_step_pcp_read(zone, cpu, &after, &count);
	*cause = VERIFY_CAUSE_ZONE_FLAGS;
	if (ask_size(v, zone, cpu, order, &before, count, flags ^ 1u << 2, before.alloc_factor) == nr)
		return nr;
	*cause = VERIFY_CAUSE_BULK;
	for (int32_t fewer = count; size < nr && fewer > 0; fewer -= (int32_t)before.batch) {
		if (ask_size(v, zone, cpu, order, &before, fewer, flags, before.alloc_factor) == nr) {
			mmr_step_pcp_read(zone, cpu, &after, &fewer);
			mmr_step_pcp_write(zone, cpu, &after, count);
			return nr;
		}
	}
	*cause = VERIFY_CAUSE_DECAY;
	other = before;
	for (int i = 0; size > nr && i < MAX_DECAYS; i++) {
		/* Source: decay_pcp_high(), mm/page_alloc.c, v6.12. */
		other.high -= other.high >> 3;
		if (other.high < other.high_min)
			other.high = other.high_min;
		if (ask_size(v, zone, cpu, order, &other, count, flags, before.alloc_factor) == nr)
			return nr;
	}
	*cause = VERIFY_CAUSE_UNEXPLAINED;
	for (unsigned int factor = 0; factor <= 6 && alone; factor++) {
		if (ask_size(v, zone, cpu, order, &before, 0, flags, factor) == nr) {
			mmr_step_pcp_read(zone, cpu, &after, &(int32_t){0});
			break;
		}
	}
	mmr_step_set_zone_flags(zone, flags);
	mmr_step_pcp_write(zone, cpu, &after, count);
	return alone && size < nr ? nr : size;
}

/* Is there another block to be had, once the first one is taken? */
static bool more_than_one(const struct verify *v, const struct zone *zone, unsigned int order, unsigned int mt)
{
	uint32_t first = mmr_step_free_head(zone, order, mt);

	if (first == MMR_NO_PFN || mmr_step_free_next(v->core, first, order) != MMR_NO_PFN)
		return mmr_step_peek_smallest(zone, order, mt) != MMR_NO_PFN;
	return order < MAX_PAGE_ORDER && mmr_step_peek_smallest(zone, order + 1, mt) != MMR_NO_PFN;
}

/* May another CPU have held the list's lock, to drain it, when the task asked for a block? */
static bool was_being_drained(const struct verify *v, const struct trace_event *ev, const struct pcp_view *view)
{
	return view->drained_until && ev->task != TRACE_NO_TASK && !verify_in_interrupt(ev) &&
	       verify_last_of_task(v, ev->task) < view->drained_until;
}

/* Does a single block for a per-CPU order come from a refill, or did it go past the list? */
static bool is_refill(struct verify *v, struct zone *zone, const struct trace_event *ev, uint32_t nr)
{
	const struct pcp_view *view = pcp_view(v, zone, ev->cpu);
	unsigned int pindex;
	struct mmr_pcp_state state;
	int32_t count;
	int size;

	if (!mmr_step_pcp_order(ev->order) || verify_asked_type(ev->migratetype) >= MIGRATE_PCPTYPES)
		return false;
	if (nr > 1)
		return true;
	pindex = mmr_step_pindex(ev->migratetype, ev->order);
	if (!view->known || view->unknown & 1u << pindex)
		return false;
	if (mmr_step_pcp_head(zone, ev->cpu, pindex) != MMR_NO_PFN)
		return false;
	mmr_step_pcp_read(zone, ev->cpu, &state, &count);
	size = mmr_step_pcp_refill_size(v->core, ev->cpu, zone, ev->order);
	mmr_step_pcp_write(zone, ev->cpu, &state, count);
	if (size > 1 && was_being_drained(v, ev, view) && more_than_one(v, zone, ev->order, ev->migratetype))
		return false;
	return size == 1 || mmr_step_peek_smallest(zone, ev->order, ev->migratetype) == ev->pfn;
}

static const char *say_refill(const struct refill_run *run, const struct zone *zone)
{
	return say(
		"a refill of %u blocks; count %d, high %u in %u..%u, alloc_factor %u before, zone flags 0x%x",
		run->asked, run->before_count, run->before.high, run->before.high_min, run->before.high_max,
		run->before.alloc_factor, mmr_step_zone_flags(zone));
}

static void begin_refill(struct verify *v, const struct trace_event *ev, struct zone *zone,
			 struct refill_run *run, const struct run_ahead *ahead)
{
	unsigned int pindex = mmr_step_pindex(ev->migratetype, ev->order);
	struct pcp_view *view = pcp_view(v, zone, ev->cpu);
	struct views views = {zone, ev->cpu, (int)pindex, ev->order, ev->migratetype};
	unsigned int skipped;
	enum verify_cause cause, gone;

	skipped = verify_pop_untraced(v, zone, ev->cpu, pindex, &gone);
	mmr_step_pcp_read(zone, ev->cpu, &run->before, &run->before_count);
	view->unknown &= (uint16_t) ~(1u << pindex);
	run->size = refill_size(v, zone, ev->cpu, ev->order, ahead->nr, ahead->alloc != WINDOW_NONE, &cause);
	run->left = ahead->nr < run->size ? ahead->nr : run->size;
	if (skipped && gone != VERIFY_CAUSE_NONE)
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, gone, &views, say("a list of %u blocks", skipped),
			    "a refill");
	else if (cause != VERIFY_CAUSE_NONE && cause != VERIFY_CAUSE_UNEXPLAINED)
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, cause, &views, "another size",
			    say("a refill of %u", ahead->nr));
	else if (cause == VERIFY_CAUSE_UNEXPLAINED && run->left == run->size)
		count_other(v, VERIFY_PCP, VERIFY_DIVERGED, cause, &views, say_refill(run, zone),
			    say("%u blocks", ahead->nr));
	else if (run->left == run->size)
		count_exact(v, VERIFY_PCP);
	/* A short refill is judged when it ends: was there nothing left to fetch? */
}

void verify_end_run(struct verify *v, unsigned int cpu)
{
	struct refill_run *run = &v->cpus[cpu].run;

	run->active = false;
	if (run->counts_held)
		mmr_step_release_counts(v->core, run->zone, cpu, run->held);
	run->counts_held = false;
}

/*
 * Does the event at hand take its block from a pageblock of another type, part of which stays that type's? A
 * claim of whole pageblocks mixes nothing. The extfrag event is the first, or the one after the page's own.
 */
static bool begins_fragmenting(const struct verify *v)
{
	const struct window_event *event = window_at(&v->window, v->number), *first = event;

	if (event->ev.type == TRACE_ZONE_LOCKED && event->next)
		event = window_at(&v->window, event->next);
	return event->ev.type == TRACE_EXTFRAG && (event == first || event->ev.pfn == first->ev.pfn) &&
	       trace_reader_class(v->reader, event->ev.class_id)->fallback_order < PAGEBLOCK_ORDER;
}

static void begin_run(struct verify *v, const struct trace_event *ev, struct zone *zone, struct refill_run *run)
{
	struct run_ahead ahead = look_ahead(v, zone, ev);

	verify_end_run(v, ev->cpu);
	*run = (struct refill_run){
		.zone = zone,
		.order = ev->order,
		.mt = (uint8_t)verify_asked_type(ev->migratetype),
		.left = ahead.nr,
		.alloc = ahead.alloc,
		.active = true,
		.refill = is_refill(v, zone, ev, ahead.nr),
	};
	if (ahead.alloc) {
		struct window_event *alloc = window_at(&v->window, ahead.alloc);

		/* Before the pages are taken is when the kernel looked at the marks. */
		if (!alloc->link && zone_known(v, zone)) {
			struct trace_event asked = alloc->ev;

			/* Its task may have gone to another CPU since. */
			asked.cpu = ev->cpu;
			verify_choice_of_zone(v, &asked, zone, begins_fragmenting(v));
		}
		if (zone_known(v, zone) || alloc->ev.cpu != ev->cpu)
			alloc->link = alloc->link ? alloc->link : v->number;
	}
	if (run->refill && pcp_view(v, zone, ev->cpu)->known)
		begin_refill(v, ev, zone, run, &ahead);
	else if (!run->refill)
		run->left = 1;
	run->counts_held = v->extfrag_first;
	if (run->counts_held)
		run->held = mmr_step_hold_counts(zone, ev->cpu);
}

/* A refill ended early: only where there was nothing more to fetch. */
static void end_short_refill(struct verify *v, const struct trace_event *ev, struct refill_run *run)
{
	struct views views = {run->zone, ev->cpu, -1, run->order, run->mt};
	uint32_t next = mmr_step_peek_smallest(run->zone, run->order, run->mt);

	if (next == MMR_NO_PFN && run->mt == MIGRATE_MOVABLE)
		next = mmr_step_peek_smallest(run->zone, run->order, MIGRATE_CMA);

	if (!zone_known(v, run->zone))
		return;
	if (next == MMR_NO_PFN || run->steal_only)
		count_exact(v, VERIFY_PCP);
	else
		count_other(v, VERIFY_PCP, VERIFY_DIVERGED, VERIFY_CAUSE_UNEXPLAINED, &views,
			    say_refill(run, run->zone), say("%u blocks", run->got));
}

/* A block has left the buddy: to the list that is being refilled, or on its way to the task. */
static void block_obtained(struct verify *v, const struct trace_event *ev, struct refill_run *run)
{
	struct cpu_view *cpu = &v->cpus[ev->cpu];
	struct zone *zone = run->zone;

	run->got++;
	cpu->unlocking = run->refill ? zone : NULL;
	cpu->refilled = cpu->unlocking;
	if (run->refill && pcp_view(v, zone, ev->cpu)->known) {
		mmr_step_pcp_append(v->core, ev->cpu, zone, ev->pfn, ev->order, ev->migratetype);
	} else {
		mmr_step_hand_out(v->core, zone, ev->pfn, ev->order, ev->migratetype);
		if (!run->refill)
			cpu->direct[cpu->nr_direct++ % MAX_DIRECT] = ev->pfn;
	}
	if (run->left && --run->left == 0) {
		verify_end_run(v, ev->cpu);
		if (!run->refill)
			return;
		if (!pcp_view(v, zone, ev->cpu)->known) {
			/* The list may be read before its task tells of the pop. */
			if (run->alloc != WINDOW_NONE)
				verify_note_late(v, zone, window_at(&v->window, run->alloc)->ev.pfn,
						 run->order);
			return;
		}
		if (run->got < run->size)
			end_short_refill(v, ev, run);
		v->owed = run->alloc;
	}
}

void verify_pop_owed(struct verify *v)
{
	struct window_event *event = window_at(&v->window, v->owed);
	const struct trace_event *ev = &event->ev;
	unsigned int pindex = mmr_step_pindex(ev->migratetype, ev->order);
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, ev->order);
	int owner = mmr_step_pcp_owner(v->core, ev->pfn);

	v->owed = WINDOW_NONE;
	if (event->done || owner < 0 || mmr_step_pcp_head(zone, (unsigned int)owner, pindex) != ev->pfn)
		return;
	verify_show_pop(v, ev->pfn);
	mmr_step_pcp_begin(zone, (unsigned int)owner);
	mmr_step_pcp_pop(v->core, (unsigned int)owner, zone, pindex);
	mmr_step_hand_out(v->core, zone, ev->pfn, ev->order, ev->migratetype);
	event->popped = true;
}

static struct refill_run *run_of(struct verify *v, const struct trace_event *ev, struct zone *zone)
{
	struct refill_run *run = &v->cpus[ev->cpu].run;

	if (!run->active || run->zone != zone || run->order != ev->order ||
	    run->mt != verify_asked_type(ev->migratetype))
		begin_run(v, ev, zone, run);
	return run;
}

void verify_zone_locked(struct verify *v, struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, ev->order);
	struct window_event *next;
	struct refill_run *run;

	if (!zone) {
		v->report->unjudged++;
		return;
	}
	run = run_of(v, ev, zone);
	if (!zone_known(v, zone)) {
		v->report->unjudged++;
		mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
		block_obtained(v, ev, run);
		return;
	}
	next = event->next ? window_at(&v->window, event->next) : NULL;
	if (!v->extfrag_first && next && next->ev.type == TRACE_EXTFRAG && next->ev.pfn == ev->pfn) {
		verify_fall_back(v, &next->ev, trace_reader_class(v->reader, next->ev.class_id), zone, run,
				 true);
		next->done = true;
	} else {
		verify_take_smallest(v, ev, zone);
	}
	block_obtained(v, ev, run);
}

void verify_extfrag(struct verify *v, struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, ev->order);
	struct refill_run *run;

	if (!zone) {
		v->report->unjudged++;
		return;
	}
	run = run_of(v, ev, zone);
	if (v->extfrag_first) {
		if (zone_known(v, zone))
			verify_fall_back_old(v, ev, trace_reader_class(v->reader, ev->class_id), zone, run);
		return;
	}
	if (zone_known(v, zone)) {
		verify_fall_back(v, ev, trace_reader_class(v->reader, ev->class_id), zone, run, false);
	} else {
		v->report->unjudged++;
		mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
	}
	block_obtained(v, ev, run);
}
