// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of allocation events.
 *
 * A refill is a run of zone_locked and extfrag events on one CPU, ended by the allocation that asked
 * for it. A block that went past the per-CPU lists is a run of one. An allocation without a run took
 * the head of its CPU's list.
 */
#include "replay/verify_internal.h"

#define MAX_DECAYS         16 /* runs of the vmstat worker between two refills */
#define TWICE_DISTANCE     2048 /* events between one and its double */
#define HEAD_DISTANCE      2048 /* events of a CPU to look at for the fate of a list's head */
#define MAX_ABOVE          256 /* pages above a popped one that are looked at */
#define MAX_LATE_POPS      3 /* tasks that popped a page and were preempted before they told */
#define RUN_ALLOC_DISTANCE 64 /* events of a CPU between a refill and the allocation that asked for it */

/* ---- runs ---------------------------------------------------------------------------------- */

/* What lies ahead of a run: its length in blocks, and the allocation that asked for it. */
struct run_ahead {
	uint32_t nr;
	uint64_t alloc; /* WINDOW_NONE where none follows */
};

static struct run_ahead look_ahead(const struct verify *v, const struct zone *zone,
				   const struct trace_event *ev)
{
	uint32_t last_locked = MMR_NO_PFN;
	struct run_ahead ahead = {0};
	uint64_t n = v->number;

	while (n) {
		const struct window_event *event = window_at(&v->window, n);

		if ((event->ev.type != TRACE_ZONE_LOCKED && event->ev.type != TRACE_EXTFRAG) ||
		    event->ev.order != ev->order || event->ev.migratetype != ev->migratetype ||
		    mmr_step_zone(v->core, event->ev.pfn, 0) != zone)
			break;
		if (event->ev.type == TRACE_ZONE_LOCKED) {
			last_locked = event->ev.pfn;
			ahead.nr++;
		} else if (!v->extfrag_first && event->ev.pfn != last_locked) {
			ahead.nr++;
		}
		n = event->next;
	}
	for (int i = 0; n && i < RUN_ALLOC_DISTANCE; i++) {
		const struct window_event *event = window_at(&v->window, n);

		if (event->ev.type == TRACE_ALLOC && event->ev.pfn == ev->pfn && event->ev.order == ev->order) {
			ahead.alloc = n;
			break;
		}
		n = event->next;
	}
	return ahead;
}

static void note_late(struct verify *v, uint32_t pfn)
{
	uint32_t *late = &v->late[v->nr_late++ % MAX_LATE];

	if (v->nr_late > MAX_LATE && *late != MMR_NO_PFN)
		v->late_waiting--;
	*late = pfn;
	v->late_waiting++;
}

bool verify_is_late_pop(const struct verify *v, uint32_t pfn)
{
	int next = verify_next_of_page(v, pfn, v->number);

	return next == TRACE_ALLOC || next == TRACE_BULK_PAGE;
}

void verify_note_late(struct verify *v, const struct zone *zone, uint32_t pfn, unsigned int order)
{
	mmr_step_hand_out(v->core, zone, pfn, order, mmr_step_pageblock(v->core, pfn));
	note_late(v, pfn);
}

/* Was this page popped before, by a task that tells only now? */
static bool was_late(struct verify *v, uint32_t pfn)
{
	for (unsigned int i = 0; v->late_waiting && i < MAX_LATE && i < v->nr_late; i++) {
		if (v->late[i] == pfn) {
			v->late[i] = MMR_NO_PFN;
			v->late_waiting--;
			return true;
		}
	}
	return false;
}

/*
 * Pages that left the head of a list without an event: a bulk allocation. Or the task that popped them
 * has not come to its event yet.
 *
 * Return: how many there were.
 */
static unsigned int pop_untraced(struct verify *v, struct zone *zone, unsigned int cpu, unsigned int pindex,
				 uint32_t until, enum verify_cause *cause)
{
	unsigned int nr = 0, order = mmr_step_pindex_order(pindex);
	int next;

	*cause = VERIFY_CAUSE_ORDER;
	for (; mmr_step_pcp_head(zone, cpu, pindex) != until; nr++) {
		uint32_t pfn = mmr_step_pcp_pop(v->core, cpu, zone, pindex);

		mmr_step_hand_out(v->core, zone, pfn, order, mmr_step_pageblock(v->core, pfn));
		next = verify_next_of_page(v, pfn, v->number);
		if (next == TRACE_ALLOC || next == TRACE_BULK_PAGE) {
			note_late(v, pfn);
			if (next == TRACE_ALLOC)
				mmr_step_pcp_begin(zone, cpu);
			else if (*cause == VERIFY_CAUSE_ORDER)
				*cause = VERIFY_CAUSE_NONE; /* its event says what it was */
		} else {
			v->report->untraced_changes++;
			*cause = VERIFY_CAUSE_BULK;
		}
	}
	return nr;
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

/* Does a single block for a per-CPU order come from a refill, or did it go past the list? */
static bool is_refill(struct verify *v, struct zone *zone, const struct trace_event *ev, uint32_t nr)
{
	const struct pcp_view *view = pcp_view(v, zone, ev->cpu);
	unsigned int pindex;
	struct mmr_pcp_state state;
	int32_t count;
	int size;

	if (!mmr_step_pcp_order(ev->order) || ev->migratetype >= MIGRATE_PCPTYPES)
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

	skipped = pop_untraced(v, zone, ev->cpu, pindex, MMR_NO_PFN, &gone);
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

static void begin_run(struct verify *v, const struct trace_event *ev, struct zone *zone, struct refill_run *run)
{
	struct run_ahead ahead = look_ahead(v, zone, ev);

	verify_end_run(v, ev->cpu);
	*run = (struct refill_run){
		.zone = zone,
		.order = ev->order,
		.mt = ev->migratetype,
		.left = ahead.nr,
		.active = true,
		.refill = is_refill(v, zone, ev, ahead.nr),
	};
	if (ahead.alloc) {
		struct window_event *alloc = window_at(&v->window, ahead.alloc);

		/* Before the pages are taken is when the kernel looked at the marks. */
		if (!alloc->link && zone_known(v, zone)) {
			const struct window_event *next = window_at(&v->window, v->number);
			bool fragmenting = next->ev.type == TRACE_EXTFRAG;

			verify_choice_of_zone(v, &alloc->ev, zone, fragmenting);
			alloc->link = v->number;
		}
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
	uint32_t next = mmr_step_peek_smallest(run->zone, run->order, run->mt);
	struct views views = {run->zone, ev->cpu, -1, run->order, run->mt};

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
		mmr_step_pcp_append(v->core, ev->cpu, zone, ev->pfn, ev->order, run->mt);
	} else {
		mmr_step_hand_out(v->core, zone, ev->pfn, ev->order, ev->migratetype);
		if (!run->refill)
			cpu->direct[cpu->nr_direct++ % MAX_DIRECT] = ev->pfn;
	}
	if (run->left && --run->left == 0) {
		verify_end_run(v, ev->cpu);
		if (run->refill && run->got < run->size && pcp_view(v, zone, ev->cpu)->known)
			end_short_refill(v, ev, run);
	}
}

static struct refill_run *run_of(struct verify *v, const struct trace_event *ev, struct zone *zone)
{
	struct refill_run *run = &v->cpus[ev->cpu].run;

	if (!run->active || run->zone != zone || run->order != ev->order || run->mt != ev->migratetype)
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

/* ---- allocations --------------------------------------------------------------------------- */

static bool was_direct(struct cpu_view *cpu, uint32_t pfn)
{
	for (unsigned int i = 0; i < MAX_DIRECT; i++) {
		if (cpu->direct[i] == pfn && cpu->nr_direct) {
			cpu->direct[i] = MMR_NO_PFN;
			return true;
		}
	}
	return false;
}

/*
 * Will the page at the head of the list be popped in its turn? Then it has lain there all the time, and
 * the page at hand was popped before it was pushed.
 */
static bool head_stays(const struct verify *v, const struct window_event *event, const struct zone *zone,
		       unsigned int pindex)
{
	uint32_t head = mmr_step_pcp_head(zone, event->ev.cpu, pindex);
	uint64_t n = event->next;
	int above = 0;

	for (int i = 0; n && i < HEAD_DISTANCE; i++) {
		const struct window_event *later = window_at(&v->window, n);
		const struct trace_event *ev = &later->ev;

		n = later->next;
		if (ev->pfn == TRACE_NO_PFN || !mmr_step_pcp_order(ev->order) ||
		    mmr_step_zone(v->core, ev->pfn, 0) != zone)
			continue;
		if (ev->type == TRACE_ALLOC && mmr_step_pindex(ev->migratetype, ev->order) == pindex) {
			if (!above--)
				return ev->pfn == head;
		} else if (((ev->type == TRACE_FREE && !later->link) || ev->type == TRACE_FREE_BATCHED) &&
			   mmr_step_pindex(mmr_step_pageblock(v->core, ev->pfn), ev->order) == pindex) {
			if (ev->pfn == head)
				return false; /* freed: it must have been allocated */
			above++;
		}
	}
	return verify_next_of_page(v, head, v->number) == TRACE_PCPU_DRAIN;
}

/*
 * A page was popped from below others. What became of these? A bulk allocation had taken them, and then
 * they are freed without having been allocated; a few may have been popped before, by a task that tells
 * only now; or they were pushed after the pop, whose event comes late, and are popped or drained in their
 * turn. Takes those off that are gone.
 *
 * Return: whether a bulk allocation was among it.
 */
static bool take_off_gone(struct verify *v, struct zone *zone, unsigned int cpu, unsigned int pindex,
			  uint32_t until)
{
	uint32_t above[MAX_ABOVE], pfn = mmr_step_pcp_head(zone, cpu, pindex);
	unsigned int nr = 0, nr_freed = 0, nr_popped = 0, nr_drained = 0, nr_told = 0;
	int next[MAX_ABOVE];
	bool bulk;

	for (; pfn != until && pfn != MMR_NO_PFN && nr < MAX_ABOVE; nr++) {
		above[nr] = pfn;
		next[nr] = verify_next_of_page(v, pfn, v->number);
		nr_freed += next[nr] == TRACE_FREE;
		nr_popped += next[nr] == TRACE_ALLOC;
		nr_told += next[nr] == TRACE_BULK_PAGE;
		nr_drained += next[nr] == TRACE_PCPU_DRAIN;
		pfn = mmr_step_pcp_next(v->core, zone, cpu, pindex, pfn);
	}
	bulk = nr_freed || (!v->bulk_rare && nr > nr_popped + nr_drained + nr_told);
	for (unsigned int i = 0; i < nr; i++) {
		bool late =
			next[i] == TRACE_BULK_PAGE || (next[i] == TRACE_ALLOC && nr_popped <= MAX_LATE_POPS);

		if (!late && (!bulk || next[i] == TRACE_ALLOC || next[i] == TRACE_PCPU_DRAIN))
			continue;
		mmr_step_pcp_remove(v->core, cpu, zone, above[i]);
		mmr_step_hand_out(v->core, zone, above[i], mmr_step_pindex_order(pindex),
				  mmr_step_pageblock(v->core, above[i]));
		if (late)
			note_late(v, above[i]);
		else
			v->report->untraced_changes++;
	}
	return bulk;
}

static bool on_list(const struct verify *v, const struct zone *zone, const struct trace_event *ev,
		    unsigned int pindex)
{
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn);

	return place.state == MMR_PAGE_PCP && place.head == ev->pfn && place.order == ev->order &&
	       mmr_step_pindex(place.mt, place.order) == pindex &&
	       mmr_step_pcp_owner(v->core, ev->pfn) == (int)ev->cpu &&
	       mmr_step_zone(v->core, ev->pfn, ev->order) == zone;
}

/* A page that came neither from a list nor with a zone_locked event: a compaction that captured it. */
static void alloc_unannounced(struct verify *v, const struct trace_event *ev, struct zone *zone)
{
	struct views views = {zone, ev->cpu, -1, ev->order, ev->migratetype};

	if (!zone_known(v, zone)) {
		v->report->unjudged++;
		return;
	}
	count_other(v, VERIFY_BUDDY, VERIFY_INFORMED, VERIFY_CAUSE_UNTRACED, &views,
		    "a zone_locked event before it",
		    say("page %u, which the model has %s", ev->pfn, say_place(v, ev->pfn)));
	mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
	v->report->untraced_changes++;
}

/* The popped page is not the model's head. */
static void pop_other(struct verify *v, const struct window_event *event, struct zone *zone,
		      unsigned int pindex)
{
	const struct trace_event *ev = &event->ev;
	uint32_t head = mmr_step_pcp_head(zone, ev->cpu, pindex);
	struct views views = {zone, ev->cpu, (int)pindex, ev->order, ev->migratetype};
	const char *expected = head == MMR_NO_PFN ? "an empty list" : say("page %u", head);
	const char *got = say("page %u, which the model has %s", ev->pfn, say_place(v, ev->pfn));
	struct pcp_view *view = pcp_view(v, zone, ev->cpu);
	struct mmr_pcp_state state;
	enum verify_cause cause;
	unsigned int found;
	int32_t count;
	int owner;

	if (on_list(v, zone, ev, pindex)) {
		mmr_step_pcp_begin(zone, ev->cpu);
		if (verify_head_is_pending(v, zone, ev->cpu, pindex, ev->task) &&
		    mmr_step_pcp_head(zone, ev->cpu, pindex) == ev->pfn) {
			count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_ORDER, &views, expected, got);
			mmr_step_pcp_pop(v->core, ev->cpu, zone, pindex);
			return;
		}
		cause = head_stays(v, event, zone, pindex) || !take_off_gone(v, zone, ev->cpu, pindex, ev->pfn)
				? VERIFY_CAUSE_ORDER
				: VERIFY_CAUSE_BULK;
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, cause, &views, expected, got);
		mmr_step_pcp_remove(v->core, ev->cpu, zone, ev->pfn);
		return;
	}
	if (view->unknown & 1u << pindex) {
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_UNKNOWN_LIST, &views, expected, got);
		pop_untraced(v, zone, ev->cpu, pindex, MMR_NO_PFN, &cause);
		mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
		mmr_step_pcp_read(zone, ev->cpu, &state, &count);
		mmr_step_pcp_write(zone, ev->cpu, &state, count - (1 << ev->order));
		return;
	}
	owner = mmr_step_pcp_owner(v->core, ev->pfn);
	if (owner >= 0 && verify_popped_elsewhere(v, ev, zone, (unsigned int)owner, pindex)) {
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_MIGRATED, &views, expected, got);
		mmr_step_pcp_begin(zone, (unsigned int)owner);
		mmr_step_pcp_remove(v->core, (unsigned int)owner, zone, ev->pfn);
		return;
	}
	if (verify_was_passed(v, ev->pfn)) {
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_PCP_LOCKED, &views, expected, got);
		mmr_step_pcp_begin(zone, ev->cpu);
		mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
		return;
	}
	if (ev->order && mmr_step_place(v->core, ev->pfn).state == MMR_PAGE_FREE) {
		alloc_unannounced(v, ev, zone);
		return;
	}
	found = mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
	v->report->untraced_changes++;
	count_other(v, VERIFY_PCP, VERIFY_DIVERGED,
		    found & MMR_STEP_WAS_PCP          ? VERIFY_CAUSE_MIGRATED
		    : found == MMR_STEP_WAS_ALLOCATED ? VERIFY_CAUSE_MISSING
						      : VERIFY_CAUSE_UNEXPLAINED,
		    &views, expected, got);
}

static void pop(struct verify *v, const struct window_event *event, struct zone *zone)
{
	const struct trace_event *ev = &event->ev;
	unsigned int pindex = mmr_step_pindex(ev->migratetype, ev->order);

	if (ev->flags & (TRACE_F_SOFTIRQ | TRACE_F_HARDIRQ) &&
	    mmr_step_pcp_head(zone, ev->cpu, pindex) != ev->pfn)
		verify_pop_before_interrupt(v, event, zone, pindex);
	if (mmr_step_pcp_head(zone, ev->cpu, pindex) == ev->pfn) {
		mmr_step_pcp_begin(zone, ev->cpu);
		mmr_step_pcp_pop(v->core, ev->cpu, zone, pindex);
		count_exact(v, VERIFY_PCP);
		return;
	}
	pop_other(v, event, zone, pindex);
}

/* From a list that is not known yet. */
static void alloc_unknown(struct verify *v, const struct trace_event *ev)
{
	v->report->unjudged++;
	mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
}

/*
 * Was this very event recorded before? A recorder that is preempted between its two programs may say it
 * twice (7.x tracepoints are preemptible); the page was not freed in between.
 */
static bool recorded_twice(const struct verify *v, const struct trace_event *ev)
{
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn);
	uint64_t begin = v->number > TWICE_DISTANCE ? v->number - TWICE_DISTANCE : 1;

	if (place.state != MMR_PAGE_ALLOCATED || place.head != ev->pfn || place.order != ev->order)
		return false;
	for (uint64_t n = v->number - 1; n >= begin; n--) {
		const struct trace_event *before = &window_at(&v->window, n)->ev;

		if (before->pfn == ev->pfn && is_page_event(before))
			return before->type == TRACE_ALLOC && before->task == ev->task &&
			       before->class_id == ev->class_id && before->cpu == ev->cpu;
	}
	return false;
}

void verify_alloc(struct verify *v, struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	struct cpu_view *cpu = &v->cpus[ev->cpu];
	struct zone *zone;

	verify_end_run(v, ev->cpu);
	cpu->unlocking = NULL;
	cpu->refilled = NULL;
	if (ev->pfn == TRACE_NO_PFN) {
		verify_no_zone(v, ev);
		return;
	}
	zone = mmr_step_zone(v->core, ev->pfn, ev->order);
	if (!zone) {
		v->report->unjudged++;
		return;
	}
	/* A page at the head of its list is no double. */
	if ((!mmr_step_pcp_order(ev->order) ||
	     mmr_step_pcp_head(zone, ev->cpu, mmr_step_pindex(ev->migratetype, ev->order)) != ev->pfn) &&
	    recorded_twice(v, ev)) {
		v->report->unjudged++;
		return;
	}
	if (!event->link)
		verify_choice_of_zone(v, ev, zone, false);
	if (was_direct(cpu, ev->pfn) || was_late(v, ev->pfn))
		;
	else if (!mmr_step_pcp_order(ev->order))
		alloc_unannounced(v, ev, zone);
	else if (pcp_view(v, zone, ev->cpu)->known)
		pop(v, event, zone);
	else
		alloc_unknown(v, ev);
	mmr_step_hand_out(v->core, zone, ev->pfn, ev->order, ev->migratetype);
}

/*
 * The pages that a bulk allocation popped, from the one at hand on: it took them at once, and if they lie below
 * others, these were pushed since.
 */
static void take_bulk(struct verify *v, const struct trace_event *first, struct zone *zone, unsigned int pindex)
{
	uint32_t pfn = first->pfn, next;

	for (uint64_t n = v->number + 1;; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		next = mmr_step_pcp_next(v->core, zone, first->cpu, pindex, pfn);
		mmr_step_pcp_remove(v->core, first->cpu, zone, pfn);
		if (pfn != first->pfn)
			verify_note_late(v, zone, pfn, 0);
		if (n >= v->window.end || ev->type != TRACE_BULK_PAGE || ev->task != first->task ||
		    ev->class_id != first->class_id || ev->pfn != next)
			return;
		pfn = next;
	}
}

/*
 * A page that a bulk allocation popped: the events come at its end, the pops were before. Source:
 * alloc_pages_bulk_noprof(), mm/page_alloc.c, v6.12, which does not halve free_count.
 */
void verify_bulk_page(struct verify *v, struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, 0);
	unsigned int pindex = mmr_step_pindex(ev->migratetype, 0);
	struct views views = {zone, ev->cpu, (int)pindex, 0, ev->migratetype};
	struct mmr_step_place place;
	bool unseen;

	if (!zone || !pcp_view(v, zone, ev->cpu)->known) {
		v->report->unjudged++;
		mmr_step_withdraw(v->core, ev->cpu, ev->pfn, 0);
		return;
	}
	place = mmr_step_place(v->core, ev->pfn);
	if (was_late(v, ev->pfn)) {
		count_exact(v, VERIFY_PCP);
	} else if (place.state == MMR_PAGE_ALLOCATED && place.head == ev->pfn && !place.order) {
		/* The one page that the call asked for the ordinary way has its own event. */
		v->report->unjudged++;
	} else if (mmr_step_pcp_head(zone, ev->cpu, pindex) == ev->pfn) {
		mmr_step_pcp_pop(v->core, ev->cpu, zone, pindex);
		count_exact(v, VERIFY_PCP);
	} else if (on_list(v, zone, ev, pindex)) {
		unseen = take_off_gone(v, zone, ev->cpu, pindex, ev->pfn);
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, unseen ? VERIFY_CAUSE_BULK : VERIFY_CAUSE_ORDER,
			    &views, "the list's head", say("page %u", ev->pfn));
		take_bulk(v, ev, zone, pindex);
	} else {
		count_other(v, VERIFY_PCP, VERIFY_DIVERGED, VERIFY_CAUSE_UNEXPLAINED, &views, "the list's head",
			    say("page %u, which the model has %s", ev->pfn, say_place(v, ev->pfn)));
		mmr_step_withdraw(v->core, ev->cpu, ev->pfn, 0);
	}
	mmr_step_hand_out(v->core, zone, ev->pfn, 0, ev->migratetype);
}

/*
 * An interrupt is about to change a list of this CPU. If the task it interrupted took the head of that
 * list but had not yet said so, the pop comes first.
 */
void verify_pop_before_interrupt(struct verify *v, const struct window_event *interrupt, struct zone *zone,
				 unsigned int pindex)
{
	uint64_t n = interrupt->next;

	for (int i = 0; n && i < RUN_ALLOC_DISTANCE * 4; i++) {
		struct window_event *event = window_at(&v->window, n);
		const struct trace_event *ev = &event->ev;
		uint64_t number = n;

		n = event->next;
		if (ev->flags & (TRACE_F_SOFTIRQ | TRACE_F_HARDIRQ))
			continue;
		if (ev->type != TRACE_ALLOC || event->done || ev->pfn == TRACE_NO_PFN ||
		    !mmr_step_pcp_order(ev->order) || mmr_step_pindex(ev->migratetype, ev->order) != pindex ||
		    mmr_step_pcp_head(zone, ev->cpu, pindex) != ev->pfn)
			return;
		verify_show(v, number);
		verify_choice_of_zone(v, ev, zone, false);
		mmr_step_pcp_begin(zone, ev->cpu);
		mmr_step_pcp_pop(v->core, ev->cpu, zone, pindex);
		mmr_step_hand_out(v->core, zone, ev->pfn, ev->order, ev->migratetype);
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_ORDER,
			    &(struct views){zone, ev->cpu, (int)pindex, ev->order, ev->migratetype},
			    "a pop after the interrupt", say("page %u before it", ev->pfn));
		event->done = true;
		return;
	}
}
