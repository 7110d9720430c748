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
#define MAX_COUNTED   8 /* blocks that tasks popped and have not told, between two counts */
#define MAX_TOLD      (1 << 29) /* pages: more than any list holds */

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

	verify_show_pop(v, ev->pfn);
	if (ev->type == TRACE_ALLOC)
		mmr_step_pcp_begin(zone, owner);
	mmr_step_pcp_remove(v->core, owner, zone, ev->pfn);
	mmr_step_hand_out(v->core, zone, ev->pfn, ev->order, ev->migratetype);
	event->popped = true;
	event->popped_on = (uint16_t)(owner + 1);
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
		    is_on_list(v, ev, zone, owner) &&
		    /* What another event says of the page first came first. */
		    window_next_of_page(&v->window, ev->pfn, v->number, n) == WINDOW_NONE) {
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

/* ---- counts as somebody else begins to be at the lists --------------------------------------- */

/* The last page event of a task on the CPU, before the event at hand; WINDOW_NONE where it is not in sight. */
static uint64_t last_on_cpu(const struct verify *v, unsigned int cpu)
{
	uint64_t begin = v->number > TOLD_DISTANCE ? v->number - TOLD_DISTANCE : 1;

	for (uint64_t n = v->number - 1; n >= begin; n--) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->cpu == cpu && is_page_event(ev) && !verify_in_interrupt(ev))
			return n;
	}
	return WINDOW_NONE;
}

/* Does a task tell next that it has allocated the page which it was about to free? */
static bool has_it_again(const struct verify *v, const struct trace_event *freed)
{
	for (uint64_t n = v->number + 1; n < v->window.end && n < v->number + TOLD_DISTANCE; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->task == freed->task && is_page_event(ev) && !verify_in_interrupt(ev))
			return ev->type == TRACE_ALLOC && ev->pfn == freed->pfn;
	}
	return false;
}

/* Had the task that was at the lists before announced a free, and not come to it yet? */
static bool wait_for_left(struct verify *v, struct zone *zone, unsigned int owner, int32_t surplus)
{
	const struct trace_event *now = &window_at(&v->window, v->number)->ev;
	uint64_t n = last_on_cpu(v, owner);
	const struct window_event *left = n ? window_at(&v->window, n) : NULL;

	if (!left || (left->ev.task == now->task && !verify_in_interrupt(now)) || has_it_again(v, &left->ev))
		return false;
	return left->ev.type == TRACE_FREE && !left->link && 1 << left->ev.order == surplus &&
	       is_on_list(v, &left->ev, zone, owner) && verify_make_pending(v, zone, &left->ev);
}

/* The first of these events whose page is at the head of its list, and no larger; @left's first. */
static unsigned int next_to_pop(const struct verify *v, const struct zone *zone, unsigned int owner,
				int32_t most, const uint64_t *found, unsigned int nr, uint32_t left)
{
	unsigned int first = nr;

	for (unsigned int i = nr; i--;) {
		const struct trace_event *ev = &window_at(&v->window, found[i])->ev;
		unsigned int pindex = mmr_step_pindex(mmr_step_place(v->core, ev->pfn).mt, ev->order);

		if (1 << ev->order <= most && mmr_step_pcp_head(zone, owner, pindex) == ev->pfn &&
		    (first == nr || window_at(&v->window, found[first])->ev.task != left))
			first = i;
	}
	return first;
}

/*
 * Pops that tasks have not told yet, so many pages: heads of lists of which a task tells next, above all the
 * one that was at the lists before.
 */
static void pop_counted(struct verify *v, struct zone *zone, unsigned int owner, int32_t surplus)
{
	uint64_t found[MAX_COUNTED], n = v->number, last = last_on_cpu(v, owner);
	uint32_t left = last ? window_at(&v->window, last)->ev.task : TRACE_NO_TASK;
	struct gone_on gone_on = nobody_else(v);
	unsigned int nr = 0, at;

	while (nr < MAX_COUNTED && (n = find_late(v, zone, owner, surplus, n + 1, &gone_on)) != WINDOW_NONE)
		found[nr++] = n;
	while (surplus > 0 && (at = next_to_pop(v, zone, owner, surplus, found, nr, left)) < nr) {
		struct window_event *event = window_at(&v->window, found[at]);

		pop_early(v, event, zone, owner);
		surplus -= 1 << event->ev.order;
		found[at] = found[--nr];
	}
}

/*
 * The pages that an allocation took off the list just now, and of which its event tells, a nanosecond later.
 * Where that is not there, the recorder had it twice, and told it before.
 */
static int32_t own_pop(const struct verify *v, const struct trace_event *counts,
		       const struct window_event *next, const struct zone *zone)
{
	const struct trace_event *ev = &next->ev;

	if (ev->ts_ns > counts->ts_ns + 1)
		return 0;
	return ev->type == TRACE_ALLOC && ev->pfn != TRACE_NO_PFN && !next->popped && !next->done &&
			       !next->link && mmr_step_pcp_order(ev->order) &&
			       mmr_step_zone(v->core, ev->pfn, ev->order) == zone
		       ? 1 << ev->order
		       : 0;
}

static int32_t surplus_of(const struct zone *zone, unsigned int cpu, int64_t told)
{
	struct mmr_pcp_state state;
	int32_t count;

	mmr_step_pcp_read(zone, cpu, &state, &count);
	return count - (int32_t)told;
}

/* The same surplus as the last time is of something else: what was not known then. */
static void compare_count(struct verify *v, struct zone *zone, unsigned int cpu, int64_t told)
{
	struct pcp_view *view = pcp_view(v, zone, cpu);
	int32_t surplus, more;

	if (!view->known || view->unknown || v->number < view->drained_until || told < 0 || told > MAX_TOLD)
		return;
	surplus = surplus_of(zone, cpu, told);
	more = surplus - view->surplus;
	if (more > 0 && !wait_for_left(v, zone, cpu, more))
		pop_counted(v, zone, cpu, more);
	view->surplus = more > 0 ? surplus_of(zone, cpu, told) : surplus;
}

/* The zone that argument @i of such an event is of; NULL: there is none. */
static struct zone *counted_zone(const struct verify *v, const struct trace_event *ev, unsigned int i)
{
	const struct trace_zone *at = &v->header->zones[i];

	if (i >= v->header->nr_zones || i >= trace_reader_class(v->reader, ev->class_id)->nr_args ||
	    at->nid >= v->recorded.nr_nodes || at->zone >= MAX_NR_ZONES)
		return NULL;
	return mmr_step_named_zone(v->core, at->nid, (enum zone_type)at->zone);
}

void verify_pcp_counts(struct verify *v, const struct window_event *event)
{
	const struct window_extra *extra = window_extra(&v->window, v->number);
	const struct window_event *next = event->next ? window_at(&v->window, event->next) : NULL;

	for (unsigned int i = 0; next && i < WINDOW_ARGS; i++) {
		struct zone *zone = counted_zone(v, &event->ev, i);

		int32_t own;

		if (!zone)
			continue;
		/* Where the model has the page on no list any more, it was gone on past it before. */
		own = own_pop(v, &event->ev, next, zone);
		if (own && !is_on_list(v, &next->ev, zone, event->ev.cpu))
			own = 0;
		compare_count(v, zone, event->ev.cpu, extra->v[i] + own);
	}
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

static enum fate fate_by_count(const struct verify *v, uint64_t number, const struct zone *zone, int32_t count,
			       int32_t nr_pages)
{
	const struct window_event *event = window_at(&v->window, number);
	const struct window_event *next = window_at(&v->window, event->next);

	for (unsigned int i = 0; i < WINDOW_ARGS; i++) {
		int64_t told;

		if (counted_zone(v, &event->ev, i) != zone)
			continue;
		told = window_extra(&v->window, number)->v[i] + own_pop(v, &event->ev, next, zone);
		return told == count ? FATE_LISTED : told == count - nr_pages ? FATE_PASSED : FATE_UNKNOWN;
	}
	return FATE_UNKNOWN;
}

enum fate verify_counted_fate(const struct verify *v, const struct zone *zone, unsigned int cpu,
			      int32_t nr_pages)
{
	struct mmr_pcp_state state;
	int32_t count;
	bool begun = false;

	mmr_step_pcp_read(zone, cpu, &state, &count);
	count -= v->pcps[mmr_step_zone_id(zone) * v->nr_cpus + cpu].surplus;
	for (uint64_t n = v->number; v->counts_known && n < v->window.end; n++) {
		const struct window_event *event = window_at(&v->window, n);
		const struct trace_event *ev = &event->ev;

		if (ev->cpu != cpu)
			continue;
		/* Behind the pages in question anything else may have come. */
		if (begun && is_page_event(ev) && !verify_in_interrupt(ev))
			return FATE_UNKNOWN;
		begun = true;
		if (ev->type == TRACE_PCP_COUNTS && event->next)
			return fate_by_count(v, n, zone, count, nr_pages);
		if (is_page_event(ev) && ev->pfn != TRACE_NO_PFN && mmr_step_pcp_order(ev->order) &&
		    mmr_step_zone(v->core, ev->pfn, ev->order) == zone)
			count += change_of(v, event);
	}
	return FATE_UNKNOWN;
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
