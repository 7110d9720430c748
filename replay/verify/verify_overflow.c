// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of overflows: does a page that comes to a CPU's list make too many, and how many leave for it?
 */
#include <limits.h>

#include "replay/verify/verify_internal.h"

enum { RECLAIM_ACTIVE = 1u << 1, BELOW_HIGH = 1u << 2 }; /* enum zone_flags */

#define BALANCE_DISTANCE  4000 /* events between what tells that kswapd begins or ends, and its flags */
#define MAX_FREE_FACTOR   5 /* CONFIG_PCP_BATCH_SCALE_MAX */
#define OVERFLOW_DISTANCE 8192 /* events of a CPU between two holds of the lock by one overflow */

/*
 * The drain events that directly follow an insertion: pages in all, and of the last block; the first. And what
 * is told of how many the kernel asked for.
 */
struct drained {
	int32_t pages, last;
	uint32_t first_pfn;
	uint64_t end; /* event of the last one */
	struct told_drain told;
};

/* Does an event between two page events say that the task goes on to drain lists for another reason? */
static bool other_begins(const struct verify *v, uint32_t task, uint64_t after, uint64_t before)
{
	for (uint64_t n = after + 1; n < before; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if ((ev->type == TRACE_DRAIN_PAGES || ev->type == TRACE_PCP_DECAY ||
		     ev->type == TRACE_VMSTAT_FOLD) &&
		    ev->task == task)
			return true;
	}
	return false;
}

/*
 * An interrupt may come between a free and its overflow.
 * @chunked: between two holds of the lock another task may run
 */
static struct drained look_at_drains(const struct verify *v, const struct window_event *event,
				     const struct zone *zone, bool chunked)
{
	bool in_interrupt = verify_in_interrupt(&event->ev);
	struct drained sum = {.told.count = -1};
	uint64_t n = event->next, last = v->number;

	for (int skipped = 0; n && skipped < OVERFLOW_DISTANCE;) {
		const struct window_event *drain = window_at(&v->window, n);

		/* Or it interrupted an event on its way to the recording, which came to it later. */
		if ((chunked && drain->ev.task != event->ev.task) ||
		    (!in_interrupt && verify_in_interrupt(&drain->ev)) ||
		    (in_interrupt && !verify_in_interrupt(&drain->ev) && drain->ev.ts_ns < event->ev.ts_ns)) {
			n = drain->next;
			skipped++;
			continue;
		}
		/* What the interrupted task drains is none of the interrupt's. */
		if (drain->ev.type != TRACE_PCPU_DRAIN || drain->ev.task != event->ev.task ||
		    verify_in_interrupt(&drain->ev) != in_interrupt ||
		    mmr_step_zone(v->core, drain->ev.pfn, 0) != zone)
			break;
		if (other_begins(v, event->ev.task, last, n))
			break;
		last = sum.end = n;
		if (!sum.pages)
			sum.first_pfn = drain->ev.pfn;
		sum.last = 1 << drain->ev.order;
		sum.pages += sum.last;
		n = drain->next;
	}
	return sum;
}

/* Draining stops with the block that reaches the number asked for, or with the last page there is. */
static bool amount_fits(struct drained got, int32_t asked, int32_t count, int32_t chunk)
{
	if (got.told.count >= 0)
		return got.told.pages == asked ||
		       (chunk < asked && got.told.pages < asked && got.pages >= count);
	if (asked <= 0)
		return got.pages == 0;
	if (got.pages == count && asked >= count)
		return true;
	if (chunk < asked)
		return got.pages >= asked || got.pages == count; /* each hold of the lock may overshoot */
	return got.pages >= asked && got.pages - got.last < asked;
}

/**
 * struct hypothesis - what the kernel may have known that the model does not; its answer tells
 * @flip: zone flags: kswapd was at work, the zone was below its high mark
 * @limits: the list's sizes had been set anew
 * @high: how far the vmstat worker had let high sink, or refills since the change had raised it
 */
struct hypothesis {
	enum verify_cause cause;
	uint32_t flip;
	enum { LIMITS_SAME, LIMITS_OTHER, LIMITS_COUNT, LIMITS_NONE } limits;
	enum { HIGH_SAME, HIGH_COUNT, HIGH_MAX } high;
};

static const struct hypothesis hypotheses[] = {
	{VERIFY_CAUSE_NONE, 0, LIMITS_SAME, HIGH_SAME},
	{VERIFY_CAUSE_DECAY, 0, LIMITS_SAME, HIGH_COUNT},
	{VERIFY_CAUSE_LIMITS, 0, LIMITS_OTHER, HIGH_SAME},
	{VERIFY_CAUSE_ZONE_FLAGS, BELOW_HIGH, LIMITS_SAME, HIGH_SAME},
	{VERIFY_CAUSE_ZONE_FLAGS, RECLAIM_ACTIVE, LIMITS_SAME, HIGH_SAME},
	{VERIFY_CAUSE_ZONE_FLAGS, RECLAIM_ACTIVE | BELOW_HIGH, LIMITS_SAME, HIGH_SAME},
	{VERIFY_CAUSE_ZONE_FLAGS, BELOW_HIGH, LIMITS_SAME, HIGH_COUNT},
	{VERIFY_CAUSE_ZONE_FLAGS, RECLAIM_ACTIVE, LIMITS_SAME, HIGH_COUNT},
	{VERIFY_CAUSE_LIMITS, 0, LIMITS_OTHER, HIGH_COUNT},
	{VERIFY_CAUSE_LIMITS, 0, LIMITS_OTHER, HIGH_MAX},
	{VERIFY_CAUSE_LIMITS, BELOW_HIGH, LIMITS_OTHER, HIGH_SAME},
	{VERIFY_CAUSE_LIMITS, RECLAIM_ACTIVE, LIMITS_OTHER, HIGH_SAME},
	{VERIFY_CAUSE_RAISED, 0, LIMITS_SAME, HIGH_MAX},
	{VERIFY_CAUSE_RAISED, BELOW_HIGH, LIMITS_SAME, HIGH_MAX},
};

/* A setting between two known ones: the first overflow tells what it is; until then there is none. */
static const struct hypothesis between[] = {
	{VERIFY_CAUSE_LIMITS, 0, LIMITS_COUNT, HIGH_SAME},
	{VERIFY_CAUSE_LIMITS, RECLAIM_ACTIVE, LIMITS_COUNT, HIGH_SAME},
	{VERIFY_CAUSE_LIMITS, BELOW_HIGH, LIMITS_COUNT, HIGH_SAME},
	{VERIFY_CAUSE_LIMITS, 0, LIMITS_NONE, HIGH_SAME},
	{VERIFY_CAUSE_LIMITS, RECLAIM_ACTIVE, LIMITS_NONE, HIGH_SAME},
};

#define NR_HYPOTHESES (sizeof(hypotheses) / sizeof(hypotheses[0]))
#define NR_BETWEEN    (sizeof(between) / sizeof(between[0]))

static void set_limits(struct mmr_pcp_state *state, const struct limits *limits)
{
	state->high_min = limits->high_min;
	state->high_max = limits->high_max;
	/* Where high does not move by itself, it is the limit. */
	if (!limits->high_max)
		state->high = limits->high;
}

static int32_t ask(struct verify *v, const struct trace_event *ev, struct zone *zone,
		   const struct hypothesis *h, const struct mmr_pcp_state *before, int32_t count,
		   uint32_t flags)
{
	struct mmr_pcp_state state = *before;
	bool tuned = state.high_max != 0;
	uint32_t fixed = h->limits == LIMITS_COUNT ? (uint32_t)count : NO_LIMIT;

	if (h->limits == LIMITS_OTHER)
		set_limits(&state, verify_other_limits(v, zone, ev->cpu));
	else if (h->limits != LIMITS_SAME)
		set_limits(&state, &(struct limits){fixed, tuned ? fixed : 0, tuned ? fixed : 0});
	if (h->high == HIGH_COUNT && (int32_t)state.high > count)
		state.high = (uint32_t)count;
	else if (h->high == HIGH_MAX)
		state.high = state.high_max;
	mmr_step_pcp_write(zone, ev->cpu, &state, count);
	mmr_step_set_zone_flags(zone, flags ^ h->flip);
	return mmr_step_pcp_overflow(v->core, ev->cpu, zone, ev->order);
}

static struct overflow *free_overflow(struct pcp_view *view)
{
	for (int i = 0; i < MAX_OVERFLOWS; i++) {
		if (view->overflows[i].left <= 0)
			return &view->overflows[i];
	}
	return &view->overflows[0];
}

/* The overflow that a drain by @task belongs to; NULL where somebody else drains. */
struct overflow *verify_overflow_of(struct pcp_view *view, uint32_t task)
{
	for (int i = 0; i < MAX_OVERFLOWS; i++) {
		if (view->overflows[i].left > 0 && view->overflows[i].task == task)
			return &view->overflows[i];
	}
	return NULL;
}

/*
 * Has a kswapd told nothing between two events? Then nothing tells how far it got. An interrupt that it is in
 * is not it; that it wakes kcompactd it tells after it has taken its flag away.
 */
static bool kswapd_was_silent(const struct verify *v, uint32_t kswapd, uint64_t after, uint64_t before)
{
	for (uint64_t n = after + 1; n < before; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->task == kswapd && !verify_in_interrupt(ev) && ev->type != TRACE_WAKEUP_KCOMPACTD)
			return false;
	}
	return true;
}

/*
 * Is kswapd of the zone's node about to set the zone's flag, or to tell that it has taken it away? It tells
 * before the one and after the other. In between it may be preempted, and an emulated CPU may stand still for
 * long. Source: balance_pgdat(), mm/vmscan.c, v6.12.
 */
static bool balance_is_changing(const struct verify *v, const struct zone *zone,
				const struct trace_event *freed)
{
	unsigned int nid;
	enum zone_type type;
	bool kswapd_frees;

	mmr_step_zone_name(zone, &nid, &type);
	kswapd_frees = freed->task == v->balance.task && !verify_in_interrupt(freed);
	if (v->balance.number && v->balance.nid == nid && !kswapd_frees &&
	    v->number <= v->balance.number + BALANCE_DISTANCE &&
	    kswapd_was_silent(v, v->balance.task, v->balance.number, v->number))
		return true;
	for (uint64_t n = v->number + 1; n < v->window.end && n <= v->number + BALANCE_DISTANCE; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->type == TRACE_BALANCE_END && window_extra(&v->window, n)->v[0] == nid)
			return (ev->task != freed->task || verify_in_interrupt(freed)) &&
			       kswapd_was_silent(v, ev->task, v->number, n);
	}
	return false;
}

/* Is the zone as short of pages as one that is flagged for it, as far as what CPUs have pending may tell? */
static bool may_be_short(const struct verify *v, const struct zone *zone)
{
	struct mmr_step_marks marks;

	mmr_step_marks(v->core, zone, &marks);
	return marks.free <=
	       (int64_t)marks.watermark[WMARK_HIGH] + marks.boost + (int64_t)v->nr_cpus * MAX_STAT_THRESHOLD;
}

/* Does the hypothesis explain what was drained? Then it is kept. */
static bool try_hypothesis(struct verify *v, const struct trace_event *ev, struct zone *zone,
			   const struct hypothesis *h, const struct mmr_pcp_state *before, int32_t count,
			   uint32_t flags, struct drained got)
{
	struct mmr_pcp_state after;
	int32_t asked;

	/* Up to 6.6 high is a limit itself, and no worker lowers it. */
	if (h->high != HIGH_SAME && !before->high_max)
		return false;
	/* A walk of the slow path that finds no zone refills with nothing, and no event tells of it. */
	if (h->cause == VERIFY_CAUSE_RAISED && (got.pages || !may_be_short(v, zone)))
		return false;
	if (h->flip & RECLAIM_ACTIVE && v->balance_known && !balance_is_changing(v, zone, ev))
		return false;
	if (h->limits == LIMITS_OTHER && !verify_other_limits(v, zone, ev->cpu))
		return false;
	asked = ask(v, ev, zone, h, before, count, flags);
	if (!amount_fits(got, asked, count, mmr_step_pcp_chunk(v->core, zone, ev->cpu)))
		return false;
	mmr_step_pcp_read(zone, ev->cpu, &after, &count);
	if (h->limits == LIMITS_OTHER)
		verify_adopt_limits(v);
	else if (h->limits != LIMITS_SAME)
		verify_fix_limits(v, zone, &after);
	return true;
}

/* Nothing was drained of a list that is long enough: that its high had sunk was a wrong guess, and is taken
 * back. */
static bool had_not_sunk(struct verify *v, const struct trace_event *ev, struct zone *zone,
			 struct pcp_view *view, const struct mmr_pcp_state *before, int32_t count,
			 uint32_t flags, struct drained got)
{
	struct mmr_pcp_state other = *before;

	if (got.pages || view->sunk_from <= before->high)
		return false;
	other.high = view->sunk_from;
	view->sunk_from = 0;
	return try_hypothesis(v, ev, zone, &hypotheses[0], &other, count, flags, got);
}

/*
 * What explains the amount that was drained; VERIFY_CAUSE_UNEXPLAINED: nothing does. How far the worker lets
 * high sink is told where fexit may be attached: then a zone's being short comes first.
 */
static enum verify_cause find_cause(struct verify *v, const struct trace_event *ev, struct zone *zone,
				    struct pcp_view *view, const struct mmr_pcp_state *before, int32_t count,
				    uint32_t flags, struct drained got)
{
	bool sunk_last = v->decay_known && may_be_short(v, zone);

	for (int last = 0; last <= sunk_last; last++) {
		for (unsigned int i = 0; i < NR_HYPOTHESES; i++) {
			bool sunk = hypotheses[i].high == HIGH_COUNT;

			if ((sunk_last && sunk != last) ||
			    !try_hypothesis(v, ev, zone, &hypotheses[i], before, count, flags, got))
				continue;
			if (sunk)
				view->sunk_from = before->high;
			return hypotheses[i].cause;
		}
	}
	return had_not_sunk(v, ev, zone, view, before, count, flags, got) ? VERIFY_CAUSE_DECAY
									  : VERIFY_CAUSE_UNEXPLAINED;
}

/* What is told of kswapd's flag comes true soon, whatever it was for this free. */
static void keep_told_flag(const struct verify *v, struct zone *zone, uint32_t told)
{
	uint32_t flags = mmr_step_zone_flags(zone);

	if (v->balance_known)
		mmr_step_set_zone_flags(zone, (flags & ~RECLAIM_ACTIVE) | (told & RECLAIM_ACTIVE));
}

/*
 * An allocation halves what the list remembers of recent frees, at its pop. Where that was before frees that
 * were announced first, or after, the memory is another.
 */
static bool try_memory(struct verify *v, const struct trace_event *ev, struct zone *zone,
		       const struct mmr_pcp_state *before, int32_t count, uint32_t flags, struct drained got)
{
	int32_t drained = got.told.count >= 0 ? got.told.pages : got.pages;
	const int32_t memories[] = {drained - (1 << ev->order), drained, (int32_t)before->batch - 1,
				    (int32_t)before->batch};
	bool tuned = before->high_max != 0;

	/* Up to 6.6 it is the free_factor. */
	for (int i = 0; i < (tuned ? 4 : MAX_FREE_FACTOR + 1); i++) {
		struct mmr_pcp_state other = *before;

		other.free_count = (uint32_t)(tuned ? memories[i] : i);
		if (tuned && (memories[i] < 0 || memories[i] >= (int32_t)((before->batch << MAX_FREE_FACTOR) +
									  PAGEBLOCK_NR_PAGES)))
			continue;
		if (try_hypothesis(v, ev, zone, &hypotheses[0], &other, count, flags, got) ||
		    (!v->balance_known &&
		     try_hypothesis(v, ev, zone, &hypotheses[0], &other, count, flags ^ RECLAIM_ACTIVE, got)) ||
		    (may_be_short(v, zone) &&
		     try_hypothesis(v, ev, zone, &hypotheses[0], &other, count, flags ^ BELOW_HIGH, got)))
			return true;
	}
	return false;
}

/* Is an allocation of this page the next thing that a task says, and not the one that frees? */
static bool is_told_later(const struct verify *v, const struct trace_event *ev, uint32_t pfn)
{
	const struct trace_event *alloc = NULL;
	uint64_t n = v->number + 1;

	for (; n < v->window.end && !alloc; n++) {
		const struct trace_event *later = &window_at(&v->window, n)->ev;

		if (later->pfn == pfn && later->type <= TRACE_BULK_PAGE && later->type != TRACE_FREE_BATCHED)
			alloc = later;
	}
	/* khugepaged may tell so late that it is not in sight. */
	if (!alloc)
		return true;
	if (alloc->type != TRACE_ALLOC || alloc->task == ev->task || alloc->task == TRACE_NO_TASK)
		return false;
	for (uint64_t at = v->number + 1; at < n - 1; at++) {
		if (window_at(&v->window, at)->ev.task == alloc->task)
			return false;
	}
	return true;
}

/*
 * A huge page is cleared between its pop and its event, and that takes long: others free meanwhile, and the
 * list is shorter than it seems.
 */
static bool try_untold_pop(struct verify *v, const struct trace_event *ev, struct zone *zone,
			   const struct mmr_pcp_state *before, int32_t count, uint32_t flags,
			   struct drained got)
{
	for (unsigned int list = 0; list < NR_PCP_LISTS; list++) {
		uint32_t head = mmr_step_pcp_head(zone, ev->cpu, list);
		struct mmr_pcp_state after;
		int32_t fewer = count - (1 << PAGEBLOCK_ORDER);

		if (mmr_step_pindex_order(list) != PAGEBLOCK_ORDER || head == MMR_NO_PFN ||
		    !is_told_later(v, ev, head) ||
		    !try_hypothesis(v, ev, zone, &hypotheses[0], before, fewer, flags, got))
			continue;
		mmr_step_pcp_read(zone, ev->cpu, &after, &fewer);
		mmr_step_pcp_write(zone, ev->cpu, &after, count);
		verify_show_pop(v, head);
		mmr_step_pcp_pop(v->core, ev->cpu, zone, list);
		verify_note_late(v, zone, head, PAGEBLOCK_ORDER);
		return true;
	}
	return false;
}

/*
 * From 7.x the lock is let go after each chunk. Who is preempted there, and finds the lock taken when it goes
 * on, or is on another CPU, stops. Source: free_frozen_page_commit(), mm/page_alloc.c, v7.3.
 */
static bool stopped_between_chunks(const struct verify *v, const struct trace_event *ev, int32_t asked,
				   int32_t chunk, struct drained got)
{
	const struct window_event *last = got.end ? window_at(&v->window, got.end) : NULL;
	const struct trace_event *next = last && last->next ? &window_at(&v->window, last->next)->ev : NULL;

	return next && got.told.count >= 0 && chunk < asked && got.told.pages < asked &&
	       got.told.pages % chunk == 0 && next->task != ev->task && !verify_in_interrupt(next);
}

/* Nothing was too many, as a task had popped a page that it tells of later; where bulk allocations take pages
 * without an event these are likelier. */
static bool popped_without_word(struct verify *v, const struct trace_event *ev, struct zone *zone,
				const struct mmr_pcp_state *before, int32_t count, uint32_t flags)
{
	if (v->drains_known || !v->bulk_rare)
		return false;
	mmr_step_set_zone_flags(zone, flags);
	mmr_step_pcp_write(zone, ev->cpu, before, count);
	if (!verify_told_no_drain(v, zone, ev->cpu, ev->order))
		return false;
	mmr_step_pcp_overflow(v->core, ev->cpu, zone, ev->order);
	return true;
}

static enum verify_cause find_between(struct verify *v, const struct trace_event *ev, struct zone *zone,
				      const struct mmr_pcp_state *before, int32_t count, uint32_t flags,
				      struct drained got)
{
	for (unsigned int i = 0; i < NR_BETWEEN; i++) {
		if ((between[i].limits == LIMITS_COUNT) == (got.pages > 0) &&
		    try_hypothesis(v, ev, zone, &between[i], before, count, flags, got))
			return between[i].cause;
	}
	return VERIFY_CAUSE_UNEXPLAINED;
}

/* The page never came to the list, as far as what is seen of it later tells. */
static bool went_past(const struct verify *v, const struct window_event *event, const struct zone *zone,
		      unsigned int pindex, struct drained got)
{
	enum fate fate;

	if (got.pages || event->ev.type != TRACE_FREE || v->buddy_known)
		return false;
	fate = verify_look_at_fate(v, v->number, zone, pindex);
	/* Where nothing is seen of the page, an interrupt is the likelier to have been kept out. */
	return fate == FATE_PASSED || (fate == FATE_UNKNOWN && verify_in_interrupt(&event->ev));
}

/*
 * What is told of the drain shows pages that were popped before, by tasks that tell later: how many there are,
 * or that they are not so many that some have to leave.
 */
static bool pop_late(struct verify *v, const struct trace_event *ev, struct zone *zone, unsigned int pindex,
		     struct drained *got)
{
	struct mmr_pcp_state before;
	int32_t count;
	int asked;

	if (got->told.count >= 0)
		return verify_told_count(v, zone, ev->cpu, got->told.count);
	/* An interrupt's may be missing: it came while another event of the kind was being recorded. */
	if (got->pages && got->first_pfn == mmr_step_pcp_victim(zone, ev->cpu, &pindex))
		return false;
	got->pages = 0;
	mmr_step_pcp_read(zone, ev->cpu, &before, &count);
	asked = mmr_step_pcp_overflow(v->core, ev->cpu, zone, ev->order);
	mmr_step_pcp_write(zone, ev->cpu, &before, count);
	return asked && verify_told_no_drain(v, zone, ev->cpu, ev->order);
}

bool verify_overflow(struct verify *v, const struct window_event *event, struct zone *zone,
		     struct pcp_view *view, unsigned int pindex)
{
	const struct trace_event *ev = &event->ev;
	struct views views = {zone, ev->cpu, (int)pindex, ev->order, 0};
	uint32_t flags = mmr_step_zone_flags(zone);
	struct mmr_pcp_state before, after;
	const struct trace_event *next;
	enum verify_cause cause;
	struct drained got;
	int32_t count, asked, chunk;
	bool late = false;

	mmr_step_pcp_read(zone, ev->cpu, &before, &count);
	asked = mmr_step_pcp_overflow(v->core, ev->cpu, zone, ev->order);
	next = event->next ? &window_at(&v->window, event->next)->ev : NULL;
	if (!asked && (!next || (next->type != TRACE_PCPU_DRAIN && !verify_in_interrupt(next)))) {
		count_exact(v, VERIFY_PCP);
		return true;
	}
	chunk = mmr_step_pcp_chunk(v->core, zone, ev->cpu);
	got = look_at_drains(v, event, zone, chunk != INT_MAX);
	if (v->drains_known) {
		got.told = verify_told_drain(v, event, zone, pindex);
		mmr_step_pcp_write(zone, ev->cpu, &before, count);
		late = pop_late(v, ev, zone, pindex, &got);
		mmr_step_pcp_read(zone, ev->cpu, &before, &count);
		asked = mmr_step_pcp_overflow(v->core, ev->cpu, zone, ev->order);
	}
	if (!asked && !view->unknown && got.told.count < 0 &&
	    ((v->drains_known && !got.pages) ||
	     got.first_pfn != mmr_step_pcp_victim(zone, ev->cpu, &(unsigned int){pindex}))) {
		/* Not this list's oldest page: somebody else's drain. */
		count_exact(v, VERIFY_PCP);
		return true;
	}
	cause = find_cause(v, ev, zone, view, &before, count, flags, got);
	keep_told_flag(v, zone, flags);
	if (cause == VERIFY_CAUSE_UNEXPLAINED && (asked || ev->order || got.pages) &&
	    (got.pages || !verify_in_interrupt(ev)) && try_memory(v, ev, zone, &before, count, flags, got))
		cause = VERIFY_CAUSE_ORDER;
	if (cause == VERIFY_CAUSE_NONE && late)
		cause = VERIFY_CAUSE_ORDER;
	if (cause == VERIFY_CAUSE_UNEXPLAINED && try_untold_pop(v, ev, zone, &before, count, flags, got))
		cause = VERIFY_CAUSE_ORDER;
	if (cause == VERIFY_CAUSE_UNEXPLAINED && asked && !got.pages &&
	    popped_without_word(v, ev, zone, &before, count, flags))
		cause = VERIFY_CAUSE_ORDER;
	if (cause == VERIFY_CAUSE_UNEXPLAINED && went_past(v, event, zone, pindex, got))
		return false;
	if (cause == VERIFY_CAUSE_UNEXPLAINED && !v->limits_known)
		cause = find_between(v, ev, zone, &before, count, flags, got);
	if (cause == VERIFY_CAUSE_UNEXPLAINED && stopped_between_chunks(v, ev, asked, chunk, got)) {
		ask(v, ev, zone, &hypotheses[0], &before, count, flags);
		cause = VERIFY_CAUSE_ORDER;
	}
	if (cause == VERIFY_CAUSE_NONE) {
		count_exact(v, VERIFY_PCP);
	} else if (cause != VERIFY_CAUSE_UNEXPLAINED) {
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, cause, &views, say("%d pages to drain", asked),
			    say("%d pages", got.pages));
	} else {
		/* Drain what was drained. */
		ask(v, ev, zone, &hypotheses[0], &before, count, flags);
		mmr_step_pcp_read(zone, ev->cpu, &after, &count);
		count_other(
			v, VERIFY_PCP, view->unknown ? VERIFY_INFORMED : VERIFY_DIVERGED,
			view->unknown ? VERIFY_CAUSE_UNKNOWN_LIST : VERIFY_CAUSE_UNEXPLAINED, &views,
			say("%d pages to drain; count %d, high %u in %u..%u, free_count %u, zone flags 0x%x",
			    asked, count, before.high, before.high_min, before.high_max, before.free_count,
			    flags),
			say("%d pages asked for, %d drained", got.told.pages, got.pages));
	}
	if (got.pages)
		*free_overflow(view) = (struct overflow){
			.task = ev->task,
			.left = got.pages,
			.chunk = chunk,
			.pindex = (uint8_t)pindex,
			.start = (uint8_t)pindex,
		};
	return true;
}
