// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Was a per-CPU list locked when a page was freed? Then the page went past it, to the buddy, and no event
 * says so; what is seen of the page and of the list later does.
 */
#include "replay/verify/verify_internal.h"

#define MAX_BURST     64 /* pages of an interrupt that are looked at */
#define PAST_EVENTS   4000 /* to look back for a free */
#define LONG_AGO      (WINDOW_BEHIND - 96) /* to look back for what a task did before */
#define FATE_DISTANCE 4096 /* events of a CPU to look at for the fate of a page */

static bool is_in_zone(const struct verify *v, uint32_t pfn, const struct zone *zone)
{
	return mmr_step_zone(v->core, pfn, 0) == zone;
}

/*
 * A batch keeps the list locked from one page to the next of the same zone. What is freed in between
 * on this CPU is an interrupt's, and cannot get the lock.
 */
void verify_note_batch(struct verify *v, const struct window_event *event, struct zone *zone)
{
	struct cpu_view *cpu = &v->cpus[event->ev.cpu];

	cpu->locked_until = WINDOW_NONE;
	for (uint64_t n = event->next; n;) {
		const struct window_event *next = window_at(&v->window, n);

		if (next->ev.type == TRACE_FREE_BATCHED) {
			/* The next page of this batch was prepared before this one was inserted. */
			if (!next->link || next->link > v->number || next->ev.task != event->ev.task ||
			    !is_in_zone(v, next->ev.pfn, zone))
				return;
			cpu->locked_zone = zone;
			cpu->locked_until = n;
			return;
		}
		/* It let go of the lock, as it does now and then. Source: free_unref_page_list(), v6.1. */
		if (next->ev.task != event->ev.task && !verify_in_interrupt(&next->ev) && v->irq_known)
			return;
		n = next->next;
	}
}

int verify_next_of_page(const struct verify *v, uint32_t pfn, uint64_t after)
{
	uint64_t n = window_next_of_page(&v->window, pfn, after, v->window.end);

	return n ? window_at(&v->window, n)->ev.type : -1;
}

/*
 * Another page was popped where this one should have been. Either it never was on the list, or a bulk
 * allocation took it, and then it is freed again without having been allocated; or the other page's
 * event is late, and this one is popped or drained in its turn.
 */
static enum fate another_in_its_place(const struct verify *v, uint32_t pfn, uint64_t number)
{
	int next = verify_next_of_page(v, pfn, number);

	return next == TRACE_FREE || next == TRACE_ALLOC || next == TRACE_PCPU_DRAIN ? FATE_LISTED
										     : FATE_PASSED;
}

/*
 * Where was this page put? Follow the CPU's list from here: the page is popped in its turn, or another
 * one is in its place.
 */
enum fate verify_look_at_fate(const struct verify *v, uint64_t number, const struct zone *zone,
			      unsigned int pindex)
{
	const struct window_event *event = window_at(&v->window, number);
	uint32_t pfn = event->ev.pfn;
	int above = 0, left = FATE_DISTANCE;
	uint32_t head = mmr_step_pcp_head(zone, event->ev.cpu, pindex);
	bool in_burst = verify_in_interrupt(&event->ev);

	for (uint64_t n = event->next; n && left--;) {
		const struct window_event *next = window_at(&v->window, n);
		const struct trace_event *ev = &next->ev;

		n = next->next;
		/* What the interrupted task says first it may have done before. */
		if (in_burst && !verify_in_interrupt(ev)) {
			in_burst = false;
			if (ev->type == TRACE_ALLOC && ev->pfn == head)
				continue;
		}
		if (ev->pfn == pfn) {
			if (ev->type == TRACE_ZONE_LOCKED || ev->type == TRACE_EXTFRAG)
				return FATE_PASSED;
			return FATE_LISTED;
		}
		if (ev->pfn == TRACE_NO_PFN || !mmr_step_pcp_order(ev->order) || !is_in_zone(v, ev->pfn, zone))
			continue;
		if (ev->type == TRACE_ALLOC) {
			if (next->popped || next->done)
				continue;
			if (mmr_step_pindex(ev->migratetype, ev->order) == pindex && !above--)
				return another_in_its_place(v, pfn, number);
		} else if ((ev->type == TRACE_FREE && !next->link) || ev->type == TRACE_FREE_BATCHED) {
			if (mmr_step_pindex(mmr_step_pageblock(v->core, ev->pfn), ev->order) == pindex)
				above++;
		} else if (ev->type == TRACE_ZONE_LOCKED && ev->migratetype < MIGRATE_PCPTYPES &&
			   mmr_step_pindex(ev->migratetype, ev->order) == pindex) {
			return another_in_its_place(v, pfn, number); /* a refill: the list was empty */
		}
	}
	return FATE_UNKNOWN;
}

bool verify_is_of_burst(const struct window_event *event, const struct trace_event *first)
{
	return event->ev.type == TRACE_FREE && !event->link && event->ev.task == first->task &&
	       event->ev.flags == first->flags;
}

bool verify_goes_on(const struct window_event *event, const struct trace_event *before)
{
	return verify_is_of_burst(event, before) && event->ev.ts_ns <= before->ts_ns + VERIFY_BURST_GAP;
}

/* The first event of any of these pages, after it was freed, that tells where it lay. */
static enum fate first_seen(const struct verify *v, const uint64_t *burst, unsigned int nr)
{
	bool in_interrupt = verify_in_interrupt(&window_at(&v->window, v->number)->ev);
	uint64_t filter = 0, end = in_interrupt ? v->number + WINDOW_EVENTS / 4 : v->window.end;

	for (unsigned int i = 0; i < nr; i++)
		filter |= 1ULL << (window_at(&v->window, burst[i])->ev.pfn & 63);
	for (uint64_t n = v->number + 1; n < v->window.end && n < end; n++) {
		const struct window_event *event = window_at(&v->window, n);

		if (!(filter >> (event->ev.pfn & 63) & 1) || event->ev.type == TRACE_FREE_BATCHED ||
		    event->ev.type > TRACE_BULK_PAGE)
			continue;
		for (unsigned int i = 0; i < nr; i++) {
			if (window_at(&v->window, burst[i])->ev.pfn != event->ev.pfn || n <= burst[i])
				continue;
			return event->ev.type == TRACE_ZONE_LOCKED || event->ev.type == TRACE_EXTFRAG
				       ? FATE_PASSED
				       : FATE_LISTED;
		}
	}
	return FATE_UNKNOWN;
}

/*
 * One page of a burst speaks for all. Taken from the buddy again, it had gone there; popped, drained or
 * freed once more, it had been on the list. Where none is seen again, another page in the place of the
 * last one tells. @counted: how many pages are on the lists after it does, which needs no guess.
 */
static enum fate look_at_burst(const struct verify *v, const struct window_event *event,
			       const struct zone *zone, bool *counted)
{
	const struct trace_event *before = &event->ev;
	uint64_t burst[MAX_BURST];
	int32_t nr_pages = 0;
	unsigned int total = 0, nr;
	enum fate fate;

	for (uint64_t n = v->number; n; n = window_at(&v->window, n)->next) {
		const struct window_event *next = window_at(&v->window, n);

		if (!verify_goes_on(next, before))
			break;
		before = &next->ev;
		if (!mmr_step_pcp_order(next->ev.order) || !is_in_zone(v, next->ev.pfn, zone))
			continue;
		/* Of a long one the last pages: what goes to the head of a list is seen again first. */
		burst[total++ % MAX_BURST] = n;
		nr_pages += 1 << next->ev.order;
	}
	nr = total < MAX_BURST ? total : MAX_BURST;
	fate = verify_counted_fate(v, zone, event->ev.cpu, nr_pages);
	*counted = fate != FATE_UNKNOWN;
	if (*counted)
		return fate;
	fate = first_seen(v, burst, nr);
	if (fate == FATE_UNKNOWN)
		fate = verify_told_fate(v, zone, event->ev.cpu, nr_pages);
	/* A task's frees in a row need not have met with the same. */
	for (; fate == FATE_UNKNOWN && nr && verify_in_interrupt(before); nr--) {
		uint64_t n = burst[--total % MAX_BURST];
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		fate = verify_look_at_fate(v, n, zone,
					   mmr_step_pindex(mmr_step_pageblock(v->core, ev->pfn), ev->order));
	}
	return fate;
}

/* What became of one of several pages that were freed in a row: what is seen of itself says more than the
 * others. */
static enum fate fate_of_page(const struct verify *v, const struct trace_event *ev, enum fate others)
{
	switch (verify_next_of_page(v, ev->pfn, v->number)) {
	case TRACE_ALLOC:
	case TRACE_PCPU_DRAIN:
	case TRACE_BULK_PAGE:
		return FATE_LISTED;
	case TRACE_ZONE_LOCKED:
	case TRACE_EXTFRAG:
		return FATE_PASSED;
	default:
		return others;
	}
}

/*
 * Was the lock of the list taken when this page was freed? The interrupted task holds it for as long as
 * the interrupt lasts.
 */
bool verify_list_was_locked(struct verify *v, const struct window_event *event, struct zone *zone)
{
	struct cpu_view *cpu = &v->cpus[event->ev.cpu];
	struct burst *burst = &cpu->burst;
	enum fate fate;
	bool suspicious = v->irq_known ? verify_in_interrupt(&event->ev) : cpu->unlocking == zone;

	if (event->ev.type != TRACE_FREE)
		return false;
	if (v->buddy_known)
		return event->past;
	if (verify_missed_its_batch(v, event))
		return true;
	suspicious |= v->number < pcp_view(v, zone, event->ev.cpu)->drained_until;
	suspicious |= !suspicious && v->irq_known && verify_may_miss_its_list(v, event, zone);
	if (v->irq_known && !suspicious)
		return false;
	if (v->number < cpu->locked_until && cpu->locked_zone == zone)
		return true;
	if (!suspicious)
		return false;
	if (burst->zone != zone || burst->next != v->number || burst->task != event->ev.task ||
	    burst->in_interrupt != verify_in_interrupt(&event->ev) ||
	    event->ev.ts_ns > burst->last_ns + VERIFY_BURST_GAP) {
		*burst = (struct burst){
			.zone = zone,
			.task = event->ev.task,
			.in_interrupt = verify_in_interrupt(&event->ev),
		};
		burst->fate = look_at_burst(v, event, zone, &burst->counted);
	}
	/*
	 * As a refill releases zone->lock, interrupts that had to wait are let in, and the list is still
	 * locked. The allocation that asked for the refill has not been announced yet.
	 */
	if (burst->fate == FATE_UNKNOWN && v->irq_known && cpu->refilled == zone)
		burst->fate = FATE_PASSED;
	burst->next = event->next;
	burst->last_ns = event->ev.ts_ns;
	fate = fate_of_page(v, &event->ev, burst->fate);
	if (fate == FATE_UNKNOWN)
		verify_note_doubt(v, event, zone);
	if (fate != FATE_PASSED)
		cpu->unlocking = NULL;
	return fate == FATE_PASSED;
}

/* ---- frees that wait for their task -------------------------------------------------------- */

/* The event that announced the free of the page, and whether its task has done anything since. */
static const struct trace_event *freed_by_waiting(const struct verify *v, uint32_t pfn, unsigned int cpu)
{
	uint64_t begin = v->number > PAST_EVENTS ? v->number - PAST_EVENTS : 1;

	for (uint64_t n = v->number - 1; n >= begin; n--) {
		const struct window_event *event = window_at(&v->window, n);
		const struct trace_event *freed = &event->ev;

		if (freed->pfn != pfn || freed->cpu != cpu || !is_page_event(freed))
			continue;
		if (freed->type != TRACE_FREE_BATCHED && (freed->type != TRACE_FREE || event->link))
			return NULL;
		for (uint64_t later = event->next; later && later < v->number;) {
			const struct window_event *other = window_at(&v->window, later);

			if (other->ev.task == freed->task)
				return NULL;
			later = other->next;
		}
		return freed;
	}
	return NULL;
}

bool verify_make_pending(struct verify *v, struct zone *zone, const struct trace_event *freed)
{
	if (v->nr_pending == MAX_PENDING)
		return false;
	v->pending[v->nr_pending++] = (struct pending_free){
		.zone = zone,
		.pfn = freed->pfn,
		.task = freed->task,
		.cpu = freed->cpu,
		.order = freed->order,
	};
	mmr_step_pcp_remove(v->core, freed->cpu, zone, freed->pfn);
	return true;
}

bool verify_head_is_pending(struct verify *v, struct zone *zone, unsigned int pindex,
			    const struct trace_event *popped)
{
	unsigned int cpu = popped->cpu;
	uint32_t head = mmr_step_pcp_head(zone, cpu, pindex);
	const struct trace_event *freed;

	/* Where another page is in between it is none of the two: the pop came before both were freed. */
	if (head == MMR_NO_PFN || mmr_step_pcp_next(v->core, zone, cpu, pindex, head) != popped->pfn)
		return false;
	freed = freed_by_waiting(v, head, cpu);
	return freed && freed->task != popped->task && !verify_in_interrupt(freed) &&
	       verify_make_pending(v, zone, freed);
}

void verify_end_pending(struct verify *v, const struct trace_event *ev)
{
	for (unsigned int i = 0; i < v->nr_pending;) {
		struct pending_free p = v->pending[i];
		struct mmr_pcp_state state, after;
		int32_t count;

		if ((p.task != ev->task || p.cpu != ev->cpu || verify_in_interrupt(ev)) && p.pfn != ev->pfn) {
			i++;
			continue;
		}
		v->pending[i] = v->pending[--v->nr_pending];
		/* What the free did to the list's memory was done when it was announced. */
		verify_take_off(v, p.cpu, p.pfn, p.order);
		mmr_step_pcp_read(p.zone, p.cpu, &state, &count);
		mmr_step_pcp_push(v->core, p.cpu, p.zone, p.pfn, p.order);
		mmr_step_pcp_read(p.zone, p.cpu, &after, &count);
		mmr_step_pcp_write(p.zone, p.cpu, &state, count);
	}
}

/* ---- what was pushed since ------------------------------------------------------------------ */

/* How many of the list's first pages were freed after the event? */
static unsigned int freed_since(const struct verify *v, const struct zone *zone, unsigned int cpu,
				unsigned int pindex, uint64_t since)
{
	uint64_t begin = since + LONG_AGO > v->number ? since : v->number - LONG_AGO;
	uint32_t pfn = mmr_step_pcp_head(zone, cpu, pindex);
	unsigned int nr = 0;

	for (uint64_t n = v->number - 1; n > begin && pfn != MMR_NO_PFN; n--) {
		const struct window_event *event = window_at(&v->window, n);

		if (event->ev.pfn != pfn || event->ev.cpu != cpu ||
		    (event->ev.type != TRACE_FREE_BATCHED && (event->ev.type != TRACE_FREE || event->link)))
			continue;
		nr++;
		pfn = mmr_step_pcp_next(v->core, zone, cpu, pindex, pfn);
	}
	return nr;
}

uint64_t verify_last_of_task(const struct verify *v, uint32_t task)
{
	uint64_t begin = v->number > LONG_AGO ? v->number - LONG_AGO : 1;

	for (uint64_t n = v->number - 1; n >= begin; n--) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->task == task && !verify_in_interrupt(ev))
			return n;
	}
	return 0;
}

/*
 * A task that is preempted between its pop and its event may tell of it on another CPU. It popped after its
 * last event, so nothing that was pushed since then kept it from the page.
 */
bool verify_popped_elsewhere(const struct verify *v, const struct trace_event *ev, const struct zone *zone,
			     unsigned int owner, unsigned int pindex)
{
	uint32_t pfn = mmr_step_pcp_head(zone, owner, pindex);
	unsigned int above;

	if (pfn == ev->pfn)
		return true;
	if (ev->task == TRACE_NO_TASK || verify_in_interrupt(ev))
		return false;
	above = freed_since(v, zone, owner, pindex, verify_last_of_task(v, ev->task));
	while (above-- && pfn != ev->pfn)
		pfn = mmr_step_pcp_next(v->core, zone, owner, pindex, pfn);
	return pfn == ev->pfn;
}

/* ---- guesses that went past a list --------------------------------------------------------- */

void verify_note_passed(struct verify *v, const struct trace_event *ev, struct zone *zone, unsigned int pindex)
{
	v->passed[v->nr_passed++ % MAX_PASSED] = (struct passed){
		.zone = zone,
		.event = v->number,
		.pfn = ev->pfn,
		.cpu = ev->cpu,
		.order = ev->order,
		.pindex = (uint8_t)pindex,
	};
}

static struct passed *find_passed(struct verify *v, uint32_t pfn)
{
	for (unsigned int i = 0; i < MAX_PASSED && i < v->nr_passed && pfn != MMR_NO_PFN; i++) {
		if (v->passed[i].pfn == pfn)
			return &v->passed[i];
	}
	return NULL;
}

bool verify_was_passed(struct verify *v, uint32_t pfn)
{
	struct passed *p = find_passed(v, pfn);

	if (p)
		p->pfn = MMR_NO_PFN;
	return p;
}

/* Has an event named the page since the guess? Then it is where that says. */
static bool seen_since(const struct verify *v, const struct passed *p)
{
	uint64_t n = v->number > LONG_AGO ? v->number - LONG_AGO : 1;

	for (n = n > p->event ? n : p->event + 1; n < v->number; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->pfn == p->pfn && ev->type <= TRACE_BULK_PAGE)
			return true;
	}
	return false;
}

bool verify_undo_passed(struct verify *v, uint32_t pfn)
{
	struct passed *p = find_passed(v, pfn);
	struct mmr_step_place place;
	struct mmr_pcp_state state;
	uint32_t above[MAX_BURST];
	unsigned int nr;
	int32_t count;

	if (p && seen_since(v, p))
		p->pfn = MMR_NO_PFN;
	if (!p || p->pfn == MMR_NO_PFN)
		return false;
	place = mmr_step_place(v->core, pfn);
	if (place.state != MMR_PAGE_FREE || place.head != pfn || place.order != p->order)
		return false;
	mmr_step_pcp_read(p->zone, p->cpu, &state, &count);
	mmr_step_withdraw(v->core, p->cpu, pfn, p->order);
	if (verify_is_taken_next(v, pfn)) {
		/* It did go past, and waits for the lock still. */
		const struct past_page page = {
			.ev = {.pfn = pfn, .cpu = p->cpu, .order = p->order},
			.zone = p->zone,
			.pindex = p->pindex,
		};

		p->pfn = MMR_NO_PFN;
		verify_wait_on(v, &page);
		return true;
	}
	nr = freed_since(v, p->zone, p->cpu, p->pindex, p->event);
	nr = nr < MAX_BURST ? nr : MAX_BURST;
	for (unsigned int i = 0; i < nr; i++)
		above[i] = mmr_step_pcp_pop(v->core, p->cpu, p->zone, p->pindex);
	mmr_step_pcp_push(v->core, p->cpu, p->zone, pfn, p->order);
	while (nr)
		mmr_step_pcp_push(v->core, p->cpu, p->zone, above[--nr], p->order);
	mmr_step_pcp_write(p->zone, p->cpu, &state, count + (1 << p->order));
	p->pfn = MMR_NO_PFN;
	return true;
}
