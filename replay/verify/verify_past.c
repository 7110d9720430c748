// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages of which no event says that they went past a per-CPU list: why the list may have been locked, and when
 * such a page gets to the buddy, where it has to wait for zone->lock.
 *
 * A batch announces all its frees, then looks for the lock of the list page by page; a page that does not get
 * it has no mm_page_free_batched event. Source: free_unref_page_list(), mm/page_alloc.c, v6.1.
 */
#include "replay/verify/verify_internal.h"

#define TURN_DISTANCE 4096 /* events between a free and what its task says next */
#define HOLD_DISTANCE 512 /* events back to one of who holds zone->lock */

/* ---- why the list may have been locked ------------------------------------------------------ */

/**
 * struct turn - where a page that was announced goes to its list, or past it
 * @batched: the event of the next page of the task's frees in a row that has one; WINDOW_NONE
 * @last: the last free in that row; @end: the first event of the task after it, or where the search ended
 */
struct turn {
	uint64_t batched, last, end;
};

static struct turn look_at_turn(const struct verify *v, const struct window_event *event)
{
	struct turn turn = {.last = v->number, .end = v->number + TURN_DISTANCE};
	uint64_t n = event->next, last_ns = event->ev.ts_ns;

	for (; n && n < v->number + TURN_DISTANCE; n = window_at(&v->window, n)->next) {
		const struct window_event *next = window_at(&v->window, n);

		if (verify_in_interrupt(&next->ev) || next->ev.task != event->ev.task)
			continue;
		if (next->ev.type != TRACE_FREE || next->ev.ts_ns > last_ns + VERIFY_BURST_GAP) {
			turn.end = n;
			break;
		}
		turn.last = n;
		last_ns = next->ev.ts_ns;
		turn.batched = turn.batched ? turn.batched : next->link;
	}
	if (turn.end > v->window.end)
		turn.end = v->window.end;
	return turn;
}

void verify_note_announced(struct verify *v, const struct window_event *event)
{
	struct cpu_view *cpu = &v->cpus[event->ev.cpu];

	if (event->link && !verify_in_interrupt(&event->ev)) {
		cpu->batch.task = event->ev.task;
		cpu->batch.until = event->link;
	}
}

bool verify_missed_its_batch(const struct verify *v, const struct window_event *event)
{
	const struct cpu_view *cpu = &v->cpus[event->ev.cpu];

	return !event->link && event->ev.type == TRACE_FREE && !verify_in_interrupt(&event->ev) &&
	       event->ev.task == cpu->batch.task && v->number < cpu->batch.until;
}

static bool is_drain_of(const struct verify *v, uint64_t number, const struct zone *zone, unsigned int owner)
{
	const struct trace_event *ev = &window_at(&v->window, number)->ev;
	const struct window_extra *extra = window_extra(&v->window, number);

	return (ev->type == TRACE_DRAIN_PAGES || ev->type == TRACE_PCP_FREE_BULK) && ev->cpu != owner &&
	       extra->v[1] == (int64_t)owner && verify_told_zone(v, extra) == zone;
}

/* Does another CPU begin to drain the CPU's lists before event @end? Each event is looked at once. */
static bool drain_begins(struct verify *v, const struct zone *zone, unsigned int owner, uint64_t end)
{
	struct next_drain *next = &v->cpus[owner].next_drain;

	if (next->zone != zone || next->scanned <= v->number)
		*next = (struct next_drain){.zone = zone, .scanned = v->number + 1};
	if (next->found > v->number)
		return next->found < end;
	for (; next->scanned < end; next->scanned++) {
		if (!is_drain_of(v, next->scanned, zone, owner))
			continue;
		next->found = next->scanned++;
		return true;
	}
	return false;
}

bool verify_may_miss_its_list(struct verify *v, const struct window_event *event, const struct zone *zone)
{
	struct turn turn;

	if (event->link || event->ev.type != TRACE_FREE || verify_in_interrupt(&event->ev) || !v->drains_known)
		return false;
	turn = look_at_turn(v, event);
	return turn.batched || drain_begins(v, zone, event->ev.cpu, turn.end);
}

/* ---- when the page gets to the buddy -------------------------------------------------------- */

static bool takes_zone_lock(const struct trace_event *ev)
{
	return ev->type == TRACE_PCPU_DRAIN || ev->type == TRACE_PCP_FREE_BULK ||
	       (ev->type == TRACE_ZONE_LOCKED && mmr_step_pcp_order(ev->order));
}

static bool is_in(const struct verify *v, uint64_t number, const struct zone *zone)
{
	const struct trace_event *ev = &window_at(&v->window, number)->ev;

	if (ev->type == TRACE_PCP_FREE_BULK)
		return verify_told_zone(v, window_extra(&v->window, number)) == zone;
	return mmr_step_zone(v->core, ev->pfn, 0) == zone;
}

/* Does the CPU drain anew between the two? Then it has let go of the lock. */
static bool locks_anew(const struct verify *v, unsigned int cpu, uint64_t after, uint64_t before)
{
	for (uint64_t n = after + 1; n < before; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->cpu == cpu && ev->type == TRACE_PCP_FREE_BULK)
			return true;
	}
	return false;
}

/* The CPU's next event that is of the same hold of the lock; WINDOW_NONE. */
static uint64_t next_of_hold(const struct verify *v, uint64_t number)
{
	const struct window_event *event = window_at(&v->window, number);
	const struct window_event *next = event->next ? window_at(&v->window, event->next) : NULL;
	bool refill = event->ev.type == TRACE_ZONE_LOCKED;

	if (!next || next->ev.task != event->ev.task ||
	    next->ev.type != (refill ? TRACE_ZONE_LOCKED : TRACE_PCPU_DRAIN) ||
	    (refill && (next->ev.order != event->ev.order || next->ev.migratetype != event->ev.migratetype)) ||
	    (!refill && locks_anew(v, event->ev.cpu, number, event->next)))
		return WINDOW_NONE;
	return event->next;
}

/* The last event of who holds the zone's lock when @number is over; @number where nobody is seen to. */
static uint64_t end_of_hold(const struct verify *v, const struct zone *zone, unsigned int cpu, uint64_t number)
{
	uint64_t begin = number > HOLD_DISTANCE ? number - HOLD_DISTANCE : 1, last, next;

	for (uint64_t n = number; n >= begin; n--) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (!takes_zone_lock(ev) || !is_in(v, n, zone))
			continue;
		if (ev->cpu == cpu)
			return number;
		for (last = n; (next = next_of_hold(v, last)); last = next)
			;
		return last > number ? last : number;
	}
	return number;
}

static void insert(struct verify *v, const struct past_page *page)
{
	verify_take_off(v, page->ev.cpu, page->ev.pfn, page->ev.order);
	mmr_step_insert(v->core, page->ev.cpu, page->zone, page->ev.pfn, page->ev.order, false);
	verify_note_passed(v, &page->ev, page->zone, page->pindex);
}

/* Nobody else has it meanwhile. */
static void queue(struct verify *v, const struct past_page *page)
{
	mmr_step_hand_out(v->core, page->zone, page->ev.pfn, page->ev.order, MIGRATE_MOVABLE);
	v->past_pages[v->nr_past_pages++] = *page;
}

void verify_insert_past(struct verify *v, const struct window_event *event, struct zone *zone,
			unsigned int pindex)
{
	const struct cpu_view *cpu = &v->cpus[event->ev.cpu];
	struct past_page page = {.ev = event->ev, .zone = zone, .after = v->number, .pindex = (uint8_t)pindex};

	if (event->ev.type == TRACE_FREE && !verify_in_interrupt(&event->ev)) {
		struct turn turn = look_at_turn(v, event);

		/* Once all are announced, and after those of the batch that come before it. */
		page.after = turn.batched ? turn.batched - 1 : turn.last;
		if (event->ev.task == cpu->batch.task && cpu->batch.until > page.after && !turn.batched)
			page.after = cpu->batch.until;
	}
	page.after = end_of_hold(v, zone, event->ev.cpu, page.after);
	/* Not before those of its batch that come first. */
	if ((page.after == v->number && !v->nr_past_pages) || v->nr_past_pages == MAX_PAST)
		insert(v, &page);
	else
		queue(v, &page);
}

bool verify_is_taken_next(const struct verify *v, uint32_t pfn)
{
	int next = verify_next_of_page(v, pfn, v->number);

	return next == TRACE_ZONE_LOCKED || next == TRACE_EXTFRAG;
}

void verify_wait_on(struct verify *v, const struct past_page *page)
{
	struct past_page waits = *page;
	uint64_t next;

	for (waits.after = v->number; (next = next_of_hold(v, waits.after)); waits.after = next)
		;
	if (v->nr_past_pages < MAX_PAST)
		queue(v, &waits);
	else
		insert(v, &waits);
}

void verify_end_past(struct verify *v, const struct trace_event *ev)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < v->nr_past_pages; i++) {
		const struct past_page page = v->past_pages[i];

		if (v->number <= page.after && (ev->type == TRACE_FREE_BATCHED || ev->pfn != page.ev.pfn))
			v->past_pages[kept++] = page;
		else
			insert(v, &page);
	}
	v->nr_past_pages = kept;
}

/* ---- pages that may not have come to their list --------------------------------------------- */

void verify_note_doubt(struct verify *v, const struct window_event *event, struct zone *zone)
{
	const struct trace_event *ev = &event->ev;

	v->doubts[v->nr_doubts++ % MAX_DOUBTS] = (struct past_page){
		.ev = *ev,
		.zone = zone,
		.after = v->number,
		.pindex = (uint8_t)mmr_step_pindex(mmr_step_pageblock(v->core, ev->pfn), ev->order),
	};
}

/* Is it still on the list that it was put on, and not seen to leave that later? */
static bool is_in_doubt(const struct verify *v, const struct past_page *doubt, const struct zone *zone,
			unsigned int owner)
{
	struct mmr_step_place place = mmr_step_place(v->core, doubt->ev.pfn);
	int next;

	if (doubt->zone != zone || doubt->ev.cpu != owner || place.state != MMR_PAGE_PCP ||
	    place.head != doubt->ev.pfn || place.order != doubt->ev.order ||
	    mmr_step_pcp_owner(v->core, place.head) != (int)owner)
		return false;
	next = verify_next_of_page(v, place.head, v->number);
	return next != TRACE_PCPU_DRAIN && next != TRACE_ALLOC && next != TRACE_BULK_PAGE;
}

static void pass(struct verify *v, struct past_page *doubt)
{
	mmr_step_pcp_remove(v->core, doubt->ev.cpu, doubt->zone, doubt->ev.pfn);
	insert(v, doubt);
	doubt->zone = NULL;
}

bool verify_pass_doubted(struct verify *v, const struct zone *zone, unsigned int owner, int32_t surplus)
{
	unsigned int nr = v->nr_doubts < MAX_DOUBTS ? v->nr_doubts : MAX_DOUBTS, nr_found = 0;
	struct past_page *found[MAX_DOUBTS];

	for (unsigned int i = 1; i <= nr && surplus > 0; i++) {
		struct past_page *doubt = &v->doubts[(v->nr_doubts - i) % MAX_DOUBTS];

		if (1 << doubt->ev.order > surplus || !is_in_doubt(v, doubt, zone, owner))
			continue;
		surplus -= 1 << doubt->ev.order;
		found[nr_found++] = doubt;
	}
	if (surplus)
		return false;
	/* The oldest first, as they came. */
	while (nr_found)
		pass(v, found[--nr_found]);
	return true;
}

static struct past_page *find_doubt(struct verify *v, const struct zone *zone, unsigned int owner, uint32_t pfn)
{
	unsigned int nr = v->nr_doubts < MAX_DOUBTS ? v->nr_doubts : MAX_DOUBTS;

	for (unsigned int i = 1; i <= nr; i++) {
		struct past_page *doubt = &v->doubts[(v->nr_doubts - i) % MAX_DOUBTS];

		if (doubt->ev.pfn == pfn && is_in_doubt(v, doubt, zone, owner))
			return doubt;
	}
	return NULL;
}

#define MAX_PASSED_VICTIMS 64

/* The pages of the list behind @pfn, from its tail; 0 where it is not there, or too many are behind it. */
static unsigned int behind(const struct verify *v, const struct zone *zone, unsigned int owner,
			   unsigned int pindex, uint32_t pfn, uint32_t *victims)
{
	struct mmr_step_place place = mmr_step_place(v->core, pfn);
	unsigned int nr = 0;

	if (place.state != MMR_PAGE_PCP || place.head != pfn ||
	    mmr_step_pindex(place.mt, place.order) != pindex || mmr_step_pcp_owner(v->core, pfn) != (int)owner)
		return 0;
	for (;;) {
		pfn = mmr_step_pcp_next(v->core, zone, owner, pindex, pfn);
		if (pfn == MMR_NO_PFN)
			return nr;
		if (nr == MAX_PASSED_VICTIMS)
			return 0;
		victims[nr++] = pfn;
	}
}

bool verify_pass_doubted_victims(struct verify *v, struct zone *zone, unsigned int owner, unsigned int *pindex,
				 uint32_t pfn)
{
	uint32_t victims[MAX_PASSED_VICTIMS];
	struct past_page *doubts[MAX_PASSED_VICTIMS];
	unsigned int nr = behind(v, zone, owner, *pindex, pfn, victims);

	for (unsigned int i = 0; i < nr; i++) {
		doubts[i] = find_doubt(v, zone, owner, victims[i]);
		if (!doubts[i])
			return false;
	}
	for (unsigned int i = nr; i; i--)
		pass(v, doubts[i - 1]);
	return nr && mmr_step_pcp_victim(zone, owner, pindex) == pfn;
}

void verify_pass_victims(struct verify *v, struct zone *zone, unsigned int owner, unsigned int *pindex,
			 uint32_t pfn)
{
	uint32_t victims[MAX_PASSED_VICTIMS];
	unsigned int nr = behind(v, zone, owner, *pindex, pfn, victims);

	while (nr) {
		uint32_t victim = victims[--nr];
		struct mmr_step_place place = mmr_step_place(v->core, victim);
		int next = verify_next_of_page(v, victim, v->number);

		mmr_step_pcp_remove(v->core, owner, zone, victim);
		v->report->untraced_changes++;
		if (next == TRACE_ALLOC || next == TRACE_BULK_PAGE)
			verify_note_late(v, zone, victim, place.order);
		else if (next == TRACE_FREE || next == TRACE_PCPU_DRAIN || !zone_known(v, zone))
			mmr_step_hand_out(v->core, zone, victim, place.order, place.mt);
		else
			mmr_step_insert(v->core, owner, zone, victim, place.order, false);
	}
}
