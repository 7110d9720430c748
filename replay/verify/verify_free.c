// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of free events.
 *
 * mm_page_free comes before the page goes anywhere. A single free goes to its list, or to the buddy,
 * right after; one that is part of a batch waits for its mm_page_free_batched. Pages that an overflow
 * drains follow as mm_page_pcpu_drain events on the same CPU.
 */
#include "replay/verify/verify_internal.h"

#define MAX_DROPPED 16

/* ---- insertion ----------------------------------------------------------------------------- */

void verify_take_off(struct verify *v, unsigned int cpu, uint32_t pfn, unsigned int order)
{
	enum mmr_page_state state = mmr_step_give_back(v->core, pfn, order);

	if (state == MMR_PAGE_FREE || state == MMR_PAGE_PCP)
		mmr_step_withdraw(v->core, cpu, pfn, order);
}

static void to_buddy(struct verify *v, const struct trace_event *ev, struct zone *zone)
{
	if (zone_known(v, zone))
		mmr_step_insert(v->core, ev->cpu, zone, ev->pfn, ev->order, false);
	else
		v->report->unjudged++;
}

static void pass_list(struct verify *v, const struct window_event *event, struct zone *zone,
		      unsigned int pindex)
{
	const struct trace_event *ev = &event->ev;
	struct views views = {zone, ev->cpu, (int)pindex, ev->order, 0};

	if (v->buddy_known || v->cpus[ev->cpu].burst.counted)
		count_exact(v, VERIFY_PCP);
	else
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_PCP_LOCKED, &views,
			    "onto the CPU's list", "to the buddy");
	/* Where it is told that it goes there it is told when, too. */
	if (v->buddy_known || !zone_known(v, zone))
		return;
	verify_insert_past(v, event, zone, pindex);
}

/* Onto the CPU's list. Source: free_unref_page_commit(), mm/page_alloc.c, v6.12. */
void verify_commit(struct verify *v, struct window_event *event, struct zone *zone)
{
	const struct trace_event *ev = &event->ev;
	struct pcp_view *view = pcp_view(v, zone, ev->cpu);
	unsigned int mt = mmr_step_pageblock(v->core, ev->pfn), pindex = mmr_step_pindex(mt, ev->order);
	struct mmr_pcp_state before;
	int32_t count;

	if (mt == MIGRATE_ISOLATE) {
		if (!event->past)
			to_buddy(v, ev, zone);
		return;
	}
	if (!view->known) {
		v->report->unjudged++;
		return;
	}
	if (verify_list_was_locked(v, event, zone)) {
		pass_list(v, event, zone, pindex);
		return;
	}
	if (verify_in_interrupt(ev))
		verify_pop_before_interrupt(v, event, zone, pindex);
	mmr_step_pcp_read(zone, ev->cpu, &before, &count);
	mmr_step_pcp_push(v->core, ev->cpu, zone, ev->pfn, ev->order);
	if (verify_overflow(v, event, zone, view, pindex))
		return;
	/* An overflow that did not happen: the page never came to the list. */
	mmr_step_pcp_remove(v->core, ev->cpu, zone, ev->pfn);
	mmr_step_pcp_write(zone, ev->cpu, &before, count);
	pass_list(v, event, zone, pindex);
}

/* The model has the page where it cannot be freed from: pages moved without an event. */
static void free_untraced(struct verify *v, const struct trace_event *ev, struct zone *zone)
{
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn);
	bool isolated = place.state == MMR_PAGE_FREE && place.order > ev->order;

	v->report->untraced_changes++;
	if (!isolated) {
		mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
		if (place.state == MMR_PAGE_FREE)
			verify_taken_was_seen(v, zone, ev->cpu, 1u << place.order);
		return;
	}
	/* Compaction and isolation take whole free blocks. Source: __isolate_free_page(), v6.12. */
	mmr_step_withdraw(v->core, ev->cpu, place.head, place.order);
	verify_taken_was_seen(v, zone, ev->cpu, 1u << place.order);
	mmr_step_hand_out(v->core, zone, place.head, place.order, MIGRATE_MOVABLE);
	if (place.order >= PAGEBLOCK_ORDER - 1 && place.mt < MIGRATE_PCPTYPES && place.mt != MIGRATE_MOVABLE) {
		for (uint32_t pfn = place.head; pfn < place.head + (1u << place.order);
		     pfn += PAGEBLOCK_NR_PAGES)
			mmr_step_retype(v->core, ev->cpu, zone, pfn, MIGRATE_MOVABLE);
	}
	mmr_step_give_back(v->core, ev->pfn, ev->order);
}

/*
 * A freed block goes to the buddy, now that zone->lock is held: other CPUs' may have come first since its free
 * was announced. Source: free_one_page(), mm/page_alloc.c, v6.12.
 */
void verify_buddy_free(struct verify *v, const struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, ev->order);

	if (verify_insert_told_piece(v, event) || !event->link || !zone)
		return;
	verify_take_off(v, ev->cpu, ev->pfn, ev->order);
	to_buddy(v, ev, zone);
}

void verify_compacts(struct verify *v, uint32_t task, bool begins)
{
	for (unsigned int i = 0; i < v->nr_compacting;) {
		if (v->compacting[i] == task)
			v->compacting[i] = v->compacting[--v->nr_compacting];
		else
			i++;
	}
	if (begins && v->nr_compacting < MAX_COMPACTING && task != TRACE_NO_TASK)
		v->compacting[v->nr_compacting++] = task;
}

bool verify_is_compacting(const struct verify *v, uint32_t task)
{
	for (unsigned int i = 0; i < v->nr_compacting; i++) {
		if (v->compacting[i] == task)
			return true;
	}
	return false;
}

/* Does the task look for more pages to move before it ends to compact? Its free pages it gives back at the end.
 */
static bool compacts_on(const struct verify *v, uint32_t task)
{
	for (uint64_t n = v->number + 1; n < v->window.end; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->task != task || verify_in_interrupt(ev))
			continue;
		if (ev->type == TRACE_COMPACT_END || ev->type == TRACE_COMPACT_BEGIN)
			return false;
		if (ev->type == TRACE_ISOLATE_MIGRATEPAGES || ev->type == TRACE_ISOLATE_PAGE)
			return true;
	}
	return false;
}

/* Did compaction take the page off the free lists? */
static bool was_held(const struct verify *v, uint32_t pfn)
{
	for (unsigned int i = 0; i < v->nr_held && i < MAX_HELD; i++) {
		if (pfn >= v->held[i].pfn && pfn < v->held[i].pfn + (1u << v->held[i].order))
			return true;
	}
	return false;
}

/*
 * A page that compaction took off the free lists to move another one there, and which it does not need: it is
 * prepared as every freed page, and goes back to those that compaction holds, to be freed once more. One that
 * was put to use may be freed then, too, and goes to a list; what is seen of the page later, or how many there
 * are on the CPU's lists, tells. Source: compaction_free(), release_free_list(), mm/compaction.c, v6.12.
 */
static bool stays_with_compaction(const struct verify *v, const struct window_event *event,
				  const struct zone *zone)
{
	const struct trace_event *ev = &event->ev;
	int32_t nr_pages = 0;
	int next;

	if (!verify_is_compacting(v, ev->task) || v->extfrag_first || verify_in_interrupt(ev) ||
	    !was_held(v, ev->pfn))
		return false;
	next = verify_next_of_page(v, ev->pfn, v->number);
	if (next >= 0)
		return next == TRACE_FREE && (mmr_step_pcp_order(ev->order) || compacts_on(v, ev->task));
	if (!compacts_on(v, ev->task))
		return false;
	for (uint64_t n = v->number; n && verify_is_of_burst(window_at(&v->window, n), ev);
	     n = window_at(&v->window, n)->next) {
		if (!was_held(v, window_at(&v->window, n)->ev.pfn))
			break;
		nr_pages += 1 << window_at(&v->window, n)->ev.order;
	}
	return verify_told_fate(v, zone, ev->cpu, nr_pages) == FATE_PASSED;
}

static void free_page(struct verify *v, struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, ev->order);
	enum mmr_page_state state;
	bool stays;

	verify_end_run(v, ev->cpu);
	if (!zone) {
		v->report->unjudged++;
		return;
	}
	if (v->frees_pieces && !ev->order && !event->link && verify_free_in_pieces(v, event))
		return;
	verify_note_announced(v, event);
	stays = v->nr_compacting && !event->link && !event->past && stays_with_compaction(v, event, zone);
	state = mmr_step_give_back(v->core, ev->pfn, ev->order);
	if (state == MMR_PAGE_FREE || state == MMR_PAGE_PCP)
		free_untraced(v, ev, zone);
	if (stays)
		mmr_step_hand_out(v->core, zone, ev->pfn, ev->order, MIGRATE_MOVABLE);
	if (event->link || stays)
		return;
	if (mmr_step_pcp_order(ev->order))
		verify_commit(v, event, zone);
	else if (!event->past)
		to_buddy(v, ev, zone);
}

/*
 * May a page be one of a batch? Batches are of pages that processes map or files have. What a task frees last,
 * as it exits, are tables and its stack: of it nothing else is to come.
 */
static bool may_be_batched(const struct verify *v, const struct trace_event *ev)
{
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn);

	return ev->task != TRACE_NO_TASK && mmr_step_pcp_order(ev->order) &&
	       place.state == MMR_PAGE_ALLOCATED && place.mt == MIGRATE_MOVABLE;
}

/*
 * Is the task that announced a free preempted, and for so long that what it says next is not in the window? It
 * may be a page of a batch that is inserted then. Pages of a batch are announced in a row: once for all of
 * them.
 */
static void reach_batch(struct verify *v, const struct window_event *event)
{
	struct cpu_view *cpu = &v->cpus[event->ev.cpu];
	uint64_t n = event->next, last = v->number;

	for (; n; n = window_at(&v->window, n)->next) {
		const struct window_event *next = window_at(&v->window, n);

		cpu->reached = n;
		if (verify_in_interrupt(&next->ev))
			continue;
		if (!verify_is_of_burst(next, &event->ev)) {
			if (next->ev.task == event->ev.task)
				return;
			break;
		}
		last = n;
	}
	if (may_be_batched(v, &window_at(&v->window, last)->ev))
		window_reach(&v->window, event->ev.task, last);
}

void verify_free(struct verify *v, struct window_event *event)
{
	if (!event->link && v->number > v->cpus[event->ev.cpu].reached && !verify_in_interrupt(&event->ev)) {
		reach_batch(v, event);
		event = window_at(&v->window, v->number);
	}
	free_page(v, event);
}

void verify_free_batched(struct verify *v, struct window_event *event)
{
	struct zone *zone = mmr_step_zone(v->core, event->ev.pfn, event->ev.order);
	enum mmr_page_state state;

	verify_end_run(v, event->ev.cpu);
	/* Without a link its free lies before the recording, and its order is not known. */
	if (!zone || !event->link) {
		v->report->unjudged++;
		return;
	}
	v->cpus[event->ev.cpu].unlocking = NULL;
	/* Only where the model went wrong since the free can the page be on a list. */
	state = mmr_step_give_back(v->core, event->ev.pfn, event->ev.order);
	if (state == MMR_PAGE_FREE || state == MMR_PAGE_PCP)
		free_untraced(v, &event->ev, zone);
	verify_commit(v, event, zone);
	verify_note_batch(v, event, zone);
}

/* ---- drains -------------------------------------------------------------------------------- */

static void apply_drain(struct verify *v, const struct trace_event *ev, struct zone *zone, int owner)
{
	struct views views = {zone, ev->cpu, -1, ev->order, ev->migratetype};
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn);
	struct mmr_pcp_state state;
	int32_t count;

	if (owner >= 0 && place.head == ev->pfn && place.order == ev->order)
		mmr_step_pcp_remove(v->core, (unsigned int)owner, zone, ev->pfn);
	else
		mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
	if (owner < 0 && pcp_view(v, zone, ev->cpu)->unknown) {
		/* From the part of a list that is not known. */
		mmr_step_pcp_read(zone, ev->cpu, &state, &count);
		mmr_step_pcp_write(zone, ev->cpu, &state, count - (1 << ev->order));
	}
	if (!zone_known(v, zone)) {
		v->report->unjudged++;
		return;
	}
	if (mmr_step_pageblock(v->core, ev->pfn) == ev->migratetype || v->extfrag_first) {
		count_exact(v, VERIFY_BUDDY);
	} else {
		count_other(v, VERIFY_BUDDY, VERIFY_DIVERGED, VERIFY_CAUSE_RETYPED, &views,
			    say("pageblock of type %u", mmr_step_pageblock(v->core, ev->pfn)),
			    say("type %u", ev->migratetype));
		mmr_step_retype(v->core, ev->cpu, zone, ev->pfn, ev->migratetype);
		v->report->untraced_changes++;
	}
	mmr_step_insert_as(v->core, ev->cpu, zone, ev->pfn, ev->order, ev->migratetype);
}

/* Each hold of the lock begins with the list of the page that was freed. */
static void count_down(struct verify *v, const struct trace_event *ev, struct zone *zone,
		       struct overflow *overflow)
{
	int32_t size = 1 << ev->order;

	overflow->chunk -= size;
	if (overflow->chunk <= 0) {
		overflow->chunk = mmr_step_pcp_chunk(v->core, zone, ev->cpu);
		overflow->pindex = overflow->start;
	}
	overflow->left -= size;
	if (overflow->left <= 0)
		mmr_step_pcp_overflow_done(v->core, zone);
}

/*
 * The kernel's victim is the tail of a later list, though few blocks are left on those before it: a bulk
 * allocation has emptied these.
 */
static bool emptied_by_bulk(struct verify *v, const struct trace_event *ev, struct zone *zone,
			    unsigned int owner, unsigned int pindex)
{
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn);
	unsigned int last = mmr_step_pindex(place.mt, place.order), nr = 0;

	if (place.state != MMR_PAGE_PCP || place.head != ev->pfn || last == pindex ||
	    mmr_step_pcp_victim(zone, owner, &last) != ev->pfn)
		return false;
	for (; pindex != last; pindex = pindex == NR_PCP_LISTS - 1 ? 0 : pindex + 1) {
		uint32_t pfn = mmr_step_pcp_head(zone, owner, pindex);

		for (; pfn != MMR_NO_PFN; pfn = mmr_step_pcp_next(v->core, zone, owner, pindex, pfn)) {
			if (++nr > MAX_DROPPED)
				return false;
		}
	}
	return true;
}

/*
 * The kernel's victim is further up its list: what lies behind it in the model must have left without
 * an event. Where that would be too much, the list is in another order.
 */
static void drop_tail(struct verify *v, const struct trace_event *ev, struct zone *zone, unsigned int owner,
		      unsigned int *pindex)
{
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn);
	bool same_list = place.state == MMR_PAGE_PCP && mmr_step_pindex(place.mt, place.order) == *pindex;
	uint32_t behind = same_list ? ev->pfn : 0;

	for (unsigned int i = 0; same_list && behind != MMR_NO_PFN && i < MAX_DROPPED; i++)
		behind = mmr_step_pcp_next(v->core, zone, owner, *pindex, behind);
	/* Where bulk allocations are recorded nothing leaves a list unseen: it was not there. */
	if (v->bulk_known)
		verify_pass_victims(v, zone, owner, pindex, ev->pfn);
	if (v->bulk_known || (behind != MMR_NO_PFN && !emptied_by_bulk(v, ev, zone, owner, *pindex)))
		return;
	for (unsigned int i = 0; i < MAX_DROPPED; i++) {
		uint32_t victim = mmr_step_pcp_victim(zone, owner, pindex);

		if (victim == ev->pfn || victim == MMR_NO_PFN)
			return;
		mmr_step_pcp_remove(v->core, owner, zone, victim);
		mmr_step_hand_out(v->core, zone, victim, mmr_step_pindex_order(*pindex),
				  mmr_step_pageblock(v->core, victim));
		v->report->untraced_changes++;
	}
}

/*
 * The kernel's victim lies a little further up the list, and what lies behind it leaves the list later:
 * two pages were pushed in another order than their frees were announced, as an interrupt came between.
 */
static bool pushed_before(const struct verify *v, const struct trace_event *ev, const struct zone *zone,
			  unsigned int owner, unsigned int pindex, uint32_t victim)
{
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn);
	uint32_t behind = ev->pfn;
	int next;

	if (place.state != MMR_PAGE_PCP || place.head != ev->pfn ||
	    mmr_step_pindex(place.mt, place.order) != pindex)
		return false;
	for (unsigned int i = 0; i < MAX_DROPPED && behind != victim; i++) {
		behind = mmr_step_pcp_next(v->core, zone, owner, pindex, behind);
		if (behind == MMR_NO_PFN)
			return false;
	}
	next = verify_next_of_page(v, victim, v->number);
	return behind == victim && next == TRACE_PCPU_DRAIN;
}

/*
 * Pages that the model has behind the kernel's victim, but that were popped before: their tasks tell later.
 *
 * Return: whether the victim is the model's once they are gone; else nothing was changed.
 */
static bool popped_before(struct verify *v, const struct trace_event *ev, struct zone *zone, unsigned int owner,
			  unsigned int *pindex)
{
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn), behind[MAX_DROPPED];
	unsigned int nr = 0, at = *pindex;
	uint32_t pfn;

	if (place.state != MMR_PAGE_PCP || place.head != ev->pfn)
		return false;
	for (;; nr++) {
		pfn = mmr_step_pcp_victim(zone, owner, &at);
		if (pfn == ev->pfn || pfn == MMR_NO_PFN || nr == MAX_DROPPED || !verify_is_late_pop(v, pfn))
			break;
		behind[nr] = mmr_step_place(v->core, pfn);
		verify_show_pop(v, pfn);
		mmr_step_pcp_remove(v->core, owner, zone, pfn);
	}
	if (pfn == ev->pfn && nr) {
		for (unsigned int i = 0; i < nr; i++)
			verify_note_late(v, zone, behind[i].head, behind[i].order);
		*pindex = at;
		return true;
	}
	while (nr--)
		mmr_step_pcp_append(v->core, owner, zone, behind[nr].head, behind[nr].order, behind[nr].mt);
	return false;
}

/* Why a page was drained that the model does not have at the end of a list. */
static enum verify_cause stray_cause(const struct verify *v, const struct trace_event *ev)
{
	return verify_free_is_missing(v, ev) ? VERIFY_CAUSE_MISSING : VERIFY_CAUSE_UNEXPLAINED;
}

/* A victim of the overflow that a free of this CPU caused. */
static void drain_overflow(struct verify *v, const struct trace_event *ev, struct zone *zone,
			   struct pcp_view *view, struct overflow *overflow)
{
	unsigned int pindex = overflow->pindex;
	uint32_t victim = mmr_step_pcp_victim(zone, ev->cpu, &pindex);
	struct views views = {zone, ev->cpu, (int)pindex, ev->order, ev->migratetype};
	int owner = victim == ev->pfn ? (int)ev->cpu : mmr_step_pcp_owner(v->core, ev->pfn);
	bool order = victim != ev->pfn && owner == (int)ev->cpu &&
		     (pushed_before(v, ev, zone, ev->cpu, pindex, victim) ||
		      popped_before(v, ev, zone, ev->cpu, &pindex));
	bool passed =
		victim != ev->pfn && !order && verify_pass_doubted_victims(v, zone, ev->cpu, &pindex, ev->pfn);

	if (victim == ev->pfn)
		count_exact(v, VERIFY_PCP);
	else if (passed)
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_PCP_LOCKED, &views,
			    say("victim %d of list %u", (int)victim, pindex), say("page %u", ev->pfn));
	else if (order)
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_ORDER, &views,
			    say("victim %d of list %u", (int)victim, pindex), say("page %u", ev->pfn));
	else if (view->unknown && owner < 0)
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_UNKNOWN_LIST, &views,
			    say("page %d", (int)victim), say("page %u", ev->pfn));
	else if (owner == (int)ev->cpu && emptied_by_bulk(v, ev, zone, ev->cpu, pindex))
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_BULK, &views,
			    say("victim %d of list %u", (int)victim, pindex), say("page %u", ev->pfn));
	else if (owner < 0 && verify_was_passed(v, ev->pfn))
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_PCP_LOCKED, &views,
			    say("victim %d of list %u", (int)victim, pindex), say("page %u", ev->pfn));
	else
		count_other(v, VERIFY_PCP, VERIFY_DIVERGED, stray_cause(v, ev), &views,
			    say("victim %d of list %u", (int)victim, pindex),
			    say("page %u, which the model has %s", ev->pfn, say_place(v, ev->pfn)));
	if (victim != ev->pfn && owner == (int)ev->cpu && !order && !passed)
		drop_tail(v, ev, zone, ev->cpu, &pindex);
	overflow->pindex = (uint8_t)pindex;
	apply_drain(v, ev, zone, owner);
	count_down(v, ev, zone, overflow);
}

void verify_announce_drain(struct verify *v, const struct trace_event *ev, struct zone *zone,
			   unsigned int owner, unsigned int pindex)
{
	struct cpu_view *cpu = &v->cpus[ev->cpu];

	cpu->drain.zone = zone;
	cpu->drain.owner = owner;
	cpu->drain.pindex = pindex;
	cpu->drain.task = ev->task;
	cpu->drain.announced = true;
}

/* A drain nobody's free caused: the vmstat worker, a drain of all CPUs. The first page tells whose. */
static void drain_other(struct verify *v, const struct trace_event *ev, struct zone *zone)
{
	struct cpu_view *cpu = &v->cpus[ev->cpu];
	bool goes_on = cpu->drain.zone == zone && cpu->drain.task == ev->task &&
		       (cpu->drain.announced ||
			(cpu->drain.last && window_at(&v->window, cpu->drain.last)->next == v->number));
	struct views views = {zone, ev->cpu, -1, ev->order, ev->migratetype};
	uint32_t victim = MMR_NO_PFN;
	int owner;

	if (goes_on)
		victim = mmr_step_pcp_victim(zone, cpu->drain.owner, &cpu->drain.pindex);
	if (victim == ev->pfn) {
		owner = (int)cpu->drain.owner;
		count_exact(v, VERIFY_PCP);
	} else if (goes_on && (pushed_before(v, ev, zone, cpu->drain.owner, cpu->drain.pindex, victim) ||
			       popped_before(v, ev, zone, cpu->drain.owner, &cpu->drain.pindex))) {
		owner = (int)cpu->drain.owner;
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_ORDER, &views, say("page %u", victim),
			    say("page %u", ev->pfn));
	} else if (goes_on &&
		   verify_pass_doubted_victims(v, zone, cpu->drain.owner, &cpu->drain.pindex, ev->pfn)) {
		owner = (int)cpu->drain.owner;
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_PCP_LOCKED, &views,
			    say("page %d", (int)victim), say("page %u", ev->pfn));
	} else if (goes_on && mmr_step_pcp_owner(v->core, ev->pfn) < 0 && verify_was_passed(v, ev->pfn)) {
		owner = -1;
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_PCP_LOCKED, &views,
			    say("page %d", (int)victim), say("page %u", ev->pfn));
	} else if (goes_on && emptied_by_bulk(v, ev, zone, cpu->drain.owner, cpu->drain.pindex)) {
		owner = (int)cpu->drain.owner;
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_BULK, &views, say("page %u", victim),
			    say("page %u", ev->pfn));
		drop_tail(v, ev, zone, cpu->drain.owner, &cpu->drain.pindex);
	} else {
		owner = mmr_step_pcp_owner(v->core, ev->pfn);
		cpu->drain.owner = owner >= 0 ? (unsigned int)owner : ev->cpu;
		cpu->drain.pindex = 0;
		victim = mmr_step_pcp_victim(zone, cpu->drain.owner, &cpu->drain.pindex);
		views.pindex = (int)cpu->drain.pindex;
		views.cpu = cpu->drain.owner;
		if (victim == ev->pfn)
			count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_TRIGGER, &views, "no drain",
				    say("page %u of CPU %d's list", ev->pfn, owner));
		else if (owner >= 0 &&
			 verify_pass_doubted_victims(v, zone, cpu->drain.owner, &cpu->drain.pindex, ev->pfn))
			count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_PCP_LOCKED, &views,
				    say("page %d", (int)victim), say("page %u", ev->pfn));
		else if (owner < 0 &&
			 (!pcp_view(v, zone, ev->cpu)->known || pcp_view(v, zone, ev->cpu)->unknown))
			count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_UNKNOWN_LIST, &views,
				    "no drain", say("page %u", ev->pfn));
		else
			count_other(v, VERIFY_PCP, VERIFY_DIVERGED, stray_cause(v, ev), &views,
				    say("page %d of CPU %u's lists", (int)victim, cpu->drain.owner),
				    say("page %u, which the model has %s", ev->pfn, say_place(v, ev->pfn)));
		if (victim != ev->pfn && owner >= 0)
			drop_tail(v, ev, zone, cpu->drain.owner, &cpu->drain.pindex);
	}
	cpu->drain.announced = false;
	cpu->drain.zone = zone;
	cpu->drain.last = v->number;
	cpu->drain.task = ev->task;
	apply_drain(v, ev, zone, owner);
}

static bool all_pcps_known(struct verify *v, const struct zone *zone)
{
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		if (!pcp_view(v, zone, cpu)->known)
			return false;
	}
	return true;
}

void verify_drain(struct verify *v, struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, ev->order);
	struct overflow *overflow;
	struct pcp_view *view;

	verify_end_run(v, ev->cpu);
	if (!zone) {
		v->report->unjudged++;
		return;
	}
	v->cpus[ev->cpu].unlocking = zone;
	if (!verify_in_interrupt(ev))
		v->cpus[ev->cpu].refilled = NULL;
	view = pcp_view(v, zone, ev->cpu);
	if (mmr_step_place(v->core, ev->pfn).state != MMR_PAGE_PCP && !all_pcps_known(v, zone)) {
		/* From a list that is not known yet, of this CPU or of another. */
		v->report->unjudged++;
		mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
		if (zone_known(v, zone))
			mmr_step_insert_as(v->core, ev->cpu, zone, ev->pfn, ev->order, ev->migratetype);
		return;
	}
	overflow = view->known ? verify_overflow_of(view, ev->task) : NULL;
	if (overflow)
		drain_overflow(v, ev, zone, view, overflow);
	else
		drain_other(v, ev, zone);
}
