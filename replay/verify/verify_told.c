// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is told of drains: whose lists, from which list on, how many pages, and how many there were.
 *
 * The count tells more. An allocation's event comes after its page was cleared, which takes long for a huge
 * page, and other tasks and interrupts come in between; then the model has a page on a list that the kernel
 * has not, and its count is too large by that page.
 */
#include <limits.h>

#include "replay/verify/verify_internal.h"

#define TOLD_DISTANCE 8192 /* events between two holds of the lock by one overflow, or around an interrupt */
#define MAX_GONE_ON   32 /* tasks that are known to have gone on since */

struct zone *verify_told_zone(const struct verify *v, const struct window_extra *extra)
{
	if (extra->v[0] < 0 || extra->v[0] >= v->recorded.nr_nodes || extra->zone >= MAX_NR_ZONES)
		return NULL;
	return mmr_step_named_zone(v->core, (unsigned int)extra->v[0], (enum zone_type)extra->zone);
}

static bool is_of_zone(const struct verify *v, const struct window_extra *extra, const struct zone *zone)
{
	return verify_told_zone(v, extra) == zone;
}

/* ---- pops that are announced late ----------------------------------------------------------- */

/** struct gone_on - tasks that have gone on: what they say next they did not do before */
struct gone_on {
	uint32_t tasks[MAX_GONE_ON];
	unsigned int nr;
};

static bool has_gone_on(struct gone_on *g, uint32_t task)
{
	for (unsigned int i = 0; i < g->nr; i++) {
		if (g->tasks[i] == task)
			return true;
	}
	return g->nr == MAX_GONE_ON;
}

static bool is_on_list(const struct verify *v, const struct trace_event *ev, const struct zone *zone,
		       unsigned int owner)
{
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn);

	return place.state == MMR_PAGE_PCP && place.head == ev->pfn && place.order == ev->order &&
	       mmr_step_zone(v->core, ev->pfn, ev->order) == zone &&
	       (mmr_step_pcp_head(zone, owner, mmr_step_pindex(place.mt, place.order)) == ev->pfn ||
		mmr_step_pcp_owner(v->core, ev->pfn) == (int)owner);
}

static void pop_early(struct verify *v, struct window_event *event, struct zone *zone, unsigned int owner)
{
	const struct trace_event *ev = &event->ev;

	if (ev->type == TRACE_ALLOC)
		mmr_step_pcp_begin(zone, owner);
	mmr_step_pcp_remove(v->core, owner, zone, ev->pfn);
	mmr_step_hand_out(v->core, zone, ev->pfn, ev->order, ev->migratetype);
	event->popped = true;
}

/*
 * The next block of the zone's lists of @owner, at most @surplus pages, that a task says next to have popped.
 * @begin: event to begin at
 * Return: its event; WINDOW_NONE.
 */
static uint64_t find_late(const struct verify *v, const struct zone *zone, unsigned int owner, int32_t surplus,
			  uint64_t begin, struct gone_on *gone_on)
{
	for (uint64_t n = begin; n < v->window.end && gone_on->nr < MAX_GONE_ON; n++) {
		const struct window_event *event = window_at(&v->window, n);
		const struct trace_event *ev = &event->ev;

		if (ev->type > TRACE_BULK_PAGE || verify_in_interrupt(ev) || event->popped || event->done ||
		    has_gone_on(gone_on, ev->task))
			continue;
		if ((ev->type == TRACE_ALLOC || ev->type == TRACE_BULK_PAGE) && 1 << ev->order <= surplus &&
		    is_on_list(v, ev, zone, owner)) {
			/* A bulk allocation tells of all its pages at its end. */
			if (ev->type == TRACE_ALLOC)
				gone_on->tasks[gone_on->nr++] = ev->task;
			return n;
		}
		gone_on->tasks[gone_on->nr++] = ev->task;
	}
	return WINDOW_NONE;
}

/* The task at hand tells of nothing that it did before, unless it is interrupted. */
static struct gone_on nobody_else(const struct verify *v)
{
	const struct trace_event *now = &window_at(&v->window, v->number)->ev;

	return (struct gone_on){.tasks = {now->task}, .nr = !verify_in_interrupt(now)};
}

static int32_t pop_late(struct verify *v, struct zone *zone, unsigned int owner, int32_t surplus)
{
	struct gone_on gone_on = nobody_else(v);
	uint64_t n = v->number;
	int32_t popped = 0;

	while (popped < surplus &&
	       (n = find_late(v, zone, owner, surplus - popped, n + 1, &gone_on)) != WINDOW_NONE) {
		pop_early(v, window_at(&v->window, n), zone, owner);
		popped += 1 << window_at(&v->window, n)->ev.order;
	}
	return popped;
}

/*
 * The free that the interrupted task has announced, and had not come to yet, maybe, when the interrupt at hand
 * came: its page is on no list then. NULL: there is none.
 */
static const struct trace_event *interrupted_free(const struct verify *v, const struct zone *zone,
						  unsigned int owner)
{
	const struct trace_event *now = &window_at(&v->window, v->number)->ev;
	uint64_t begin = v->number > TOLD_DISTANCE ? v->number - TOLD_DISTANCE : 1;

	if (!verify_in_interrupt(now) || now->cpu != owner)
		return NULL;
	for (uint64_t n = v->number - 1; n >= begin; n--) {
		const struct window_event *event = window_at(&v->window, n);
		const struct trace_event *ev = &event->ev;

		if (ev->cpu != owner || verify_in_interrupt(ev) || !is_page_event(ev))
			continue;
		/* One of a batch comes with the list locked, which the interrupt could not do. */
		return ev->type == TRACE_FREE && !event->link && ev->task == now->task &&
				       is_on_list(v, ev, zone, owner)
			       ? ev
			       : NULL;
	}
	return NULL;
}

/* Return: whether that page explains the surplus; then it comes to its list when the task goes on. */
static bool wait_for_interrupted(struct verify *v, struct zone *zone, unsigned int owner, int32_t surplus)
{
	const struct trace_event *freed = interrupted_free(v, zone, owner);

	return freed && 1 << freed->order == surplus && verify_make_pending(v, zone, freed);
}

bool verify_told_count(struct verify *v, struct zone *zone, unsigned int owner, int64_t told)
{
	struct mmr_pcp_state state;
	int32_t count, popped;

	if (!pcp_view(v, zone, owner)->known)
		return false;
	mmr_step_pcp_read(zone, owner, &state, &count);
	if (count <= told)
		return false;
	if (wait_for_interrupted(v, zone, owner, count - (int32_t)told))
		return true;
	popped = pop_late(v, zone, owner, count - (int32_t)told);
	return verify_pass_doubted(v, zone, owner, count - (int32_t)told - popped) || popped;
}

/* Would the free of a block make too many, were there so many pages less on the lists? */
static bool overflows(struct verify *v, struct zone *zone, unsigned int owner, unsigned int order, int32_t less)
{
	struct mmr_pcp_state state;
	int32_t count;
	int asked;

	mmr_step_pcp_read(zone, owner, &state, &count);
	mmr_step_pcp_write(zone, owner, &state, count - less);
	asked = mmr_step_pcp_overflow(v->core, owner, zone, order);
	mmr_step_pcp_write(zone, owner, &state, count);
	return asked;
}

bool verify_told_no_drain(struct verify *v, struct zone *zone, unsigned int owner, unsigned int order)
{
	const struct trace_event *freed = interrupted_free(v, zone, owner);
	struct gone_on gone_on = nobody_else(v);
	uint64_t n = v->number;

	if (freed && !overflows(v, zone, owner, order, 1 << freed->order))
		return verify_make_pending(v, zone, freed);
	while ((n = find_late(v, zone, owner, INT_MAX, n + 1, &gone_on)) != WINDOW_NONE) {
		if (overflows(v, zone, owner, order, 1 << window_at(&v->window, n)->ev.order))
			continue;
		pop_early(v, window_at(&v->window, n), zone, owner);
		return true;
	}
	return false;
}

/* ---- pages that went past the lists --------------------------------------------------------- */

/* What the event does to the number of pages on the lists of its CPU. */
static int32_t change_of(const struct verify *v, const struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	int32_t size = 1 << ev->order;

	switch (ev->type) {
	case TRACE_FREE:
		return event->link ? 0 : size;
	case TRACE_FREE_BATCHED:
		return event->link ? size : 0;
	case TRACE_ALLOC:
		return event->done || event->popped ? 0 : -size;
	case TRACE_BULK_PAGE:
		return event->popped ? 0 : -1;
	case TRACE_ZONE_LOCKED:
		return ev->migratetype < MIGRATE_PCPTYPES ? size : 0;
	case TRACE_EXTFRAG:
		return v->extfrag_first ? 0 : size;
	default:
		return 0;
	}
}

/**
 * struct others - what interrupts free, which may have gone past the lists, too
 * @last: the last page; @size: pages of its burst so far; @asked: the burst is the one that is asked about
 * @all: pages of all bursts; @smallest: of the others that are complete
 */
struct others {
	const struct trace_event *last;
	bool asked;
	int32_t size, all, smallest;
};

static void note_other(const struct verify *v, struct others *o, uint64_t number)
{
	const struct window_event *event = window_at(&v->window, number);
	int32_t size = change_of(v, event);

	if (!o->last || !verify_goes_on(event, o->last)) {
		if (o->last && !o->asked && o->size < o->smallest)
			o->smallest = o->size;
		o->asked = number == v->number;
		o->size = 0;
	}
	o->last = &event->ev;
	o->size += size;
	o->all += size;
}

/* So many pages too few: can they be no others than those that are asked about? Larger bursts are not. */
static bool are_no_others(const struct others *o, int32_t nr_pages)
{
	return o->all <= nr_pages || (o->smallest > nr_pages && (o->asked || o->size > nr_pages));
}

enum fate verify_told_fate(const struct verify *v, const struct zone *zone, unsigned int cpu, int32_t nr_pages)
{
	uint32_t last_locked = MMR_NO_PFN;
	struct others others = {.smallest = INT_MAX};
	struct mmr_pcp_state state;
	int32_t count;

	if (!v->drains_known)
		return FATE_UNKNOWN;
	mmr_step_pcp_read(zone, cpu, &state, &count);
	for (uint64_t n = v->number; n < v->window.end; n++) {
		const struct window_event *event = window_at(&v->window, n);
		const struct trace_event *ev = &event->ev;

		if (ev->type == TRACE_PCP_FREE_BULK) {
			const struct window_extra *extra = window_extra(&v->window, n);

			if (extra->v[1] != (int64_t)cpu || !is_of_zone(v, extra, zone))
				continue;
			if (count == extra->v[4])
				return FATE_LISTED;
			return count - nr_pages == extra->v[4] && are_no_others(&others, nr_pages)
				       ? FATE_PASSED
				       : FATE_UNKNOWN;
		}
		if (ev->cpu != cpu || ev->pfn == TRACE_NO_PFN || ev->type > TRACE_BULK_PAGE ||
		    !mmr_step_pcp_order(ev->order) || mmr_step_zone(v->core, ev->pfn, ev->order) != zone)
			continue;
		/* A part of a pageblock was claimed: both events name the page. */
		if (ev->type != TRACE_EXTFRAG || ev->pfn != last_locked)
			count += change_of(v, event);
		if (ev->type == TRACE_FREE && verify_in_interrupt(ev))
			note_other(v, &others, n);
		else if (ev->type == TRACE_ZONE_LOCKED)
			last_locked = ev->pfn;
	}
	return FATE_UNKNOWN;
}

/* ---- drains --------------------------------------------------------------------------------- */

struct told_drain verify_told_drain(const struct verify *v, const struct window_event *event,
				    const struct zone *zone, unsigned int pindex)
{
	const struct trace_event *freed = &event->ev;
	uint64_t end = v->number + TOLD_DISTANCE < v->window.end ? v->number + TOLD_DISTANCE : v->window.end;
	struct told_drain told = {.count = -1};

	for (uint64_t n = v->number + 1; v->drains_known && n < end; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;
		const struct window_extra *extra = window_extra(&v->window, n);

		if (ev->cpu != freed->cpu || ev->task != freed->task ||
		    verify_in_interrupt(ev) != verify_in_interrupt(freed))
			continue;
		if (ev->type == TRACE_PCPU_DRAIN && told.pages)
			continue;
		if (ev->type != TRACE_PCP_FREE_BULK || extra->v[3] != (int64_t)pindex ||
		    !is_of_zone(v, extra, zone))
			break;
		if (!told.pages)
			told.count = (int32_t)extra->v[4];
		told.pages += (int32_t)extra->v[2];
	}
	return told;
}

/* The drainer's next event that is no drain: by then it has released the lock, which interrupts do not. */
static uint64_t end_of_drain(const struct verify *v, const struct trace_event *drainer)
{
	uint64_t n = window_at(&v->window, v->number)->next;

	for (; n; n = window_at(&v->window, n)->next) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (!verify_in_interrupt(ev) && (ev->type != TRACE_PCPU_DRAIN || ev->task != drainer->task))
			return n;
	}
	return v->number;
}

/* Between the two events the lock is waited for, or held already. Source: drain_pages_zone(), v6.1. */
void verify_drain_begins(struct verify *v, const struct trace_event *ev, struct zone *zone, unsigned int owner)
{
	uint64_t end = v->number + TOLD_DISTANCE < v->window.end ? v->number + TOLD_DISTANCE : v->window.end;

	for (uint64_t n = v->number + 1; owner != ev->cpu && n < end; n++) {
		const struct trace_event *next = &window_at(&v->window, n)->ev;

		if (next->cpu != ev->cpu || next->task != ev->task || verify_in_interrupt(next))
			continue;
		if (next->type == TRACE_PCP_FREE_BULK && is_of_zone(v, window_extra(&v->window, n), zone))
			pcp_view(v, zone, owner)->drained_until = n;
		return;
	}
}

void verify_pcp_free_bulk(struct verify *v, const struct trace_event *ev, const struct window_extra *extra)
{
	unsigned int owner = extra->v[1] < 0 ? ev->cpu : (unsigned int)extra->v[1];
	unsigned int pindex = (unsigned int)extra->v[3];
	struct overflow *overflow;
	struct zone *zone;

	if (extra->v[1] < 0 || owner >= v->nr_cpus || pindex >= NR_PCP_LISTS)
		return;
	zone = verify_told_zone(v, extra);
	if (!zone)
		return;
	verify_told_count(v, zone, owner, extra->v[4]);
	if (owner != ev->cpu)
		pcp_view(v, zone, owner)->drained_until = end_of_drain(v, ev);
	overflow = owner == ev->cpu ? verify_overflow_of(pcp_view(v, zone, owner), ev->task) : NULL;
	if (overflow)
		overflow->pindex = (uint8_t)pindex;
	else
		verify_announce_drain(v, ev, zone, owner, pindex);
}
