// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of allocation events: one without a block that its CPU took from the buddy took the head of the
 * CPU's list.
 */
#include "replay/verify/verify_internal.h"

#define TWICE_DISTANCE     2048 /* events between one and its double */
#define HEAD_DISTANCE      2048 /* events of a CPU to look at for the fate of a list's head */
#define INTERRUPT_DISTANCE 256 /* events of a CPU between an interrupt and what the task before it did */
#define MAX_ABOVE          256 /* pages above a popped one that are looked at */
#define MAX_PASSED_OVER    2 /* times that a page which stays may be at the head of a list popped from below */
#define MAX_LISTED         (1u << 26) /* more blocks than any list holds */
#define MAX_LATE_POPS      3 /* tasks that popped a page and were preempted before they told */

/* ---- pops that are told later -------------------------------------------------------------- */

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

/* Does a list end? Only a model that is damaged has one that does not; the verification ends with that. */
static bool list_ends(struct verify *v, const struct zone *zone, unsigned int cpu, unsigned int pindex)
{
	uint32_t pfn = mmr_step_pcp_head(zone, cpu, pindex), nr = 0;

	for (; pfn != MMR_NO_PFN && nr < MAX_LISTED; nr++)
		pfn = mmr_step_pcp_next(v->core, zone, cpu, pindex, pfn);
	if (pfn != MMR_NO_PFN)
		snprintf(v->endless, sizeof(v->endless), "the model's list %u of CPU %u", pindex, cpu);
	return pfn == MMR_NO_PFN;
}

/*
 * All pages of a list, which left it without an event: a bulk allocation. Or the task that popped them
 * has not come to its event yet.
 *
 * Return: how many there were.
 */
unsigned int verify_pop_untraced(struct verify *v, struct zone *zone, unsigned int cpu, unsigned int pindex,
				 enum verify_cause *cause)
{
	unsigned int nr = 0, order = mmr_step_pindex_order(pindex);
	int next;

	*cause = VERIFY_CAUSE_ORDER;
	if (!list_ends(v, zone, cpu, pindex))
		return 0;
	for (; mmr_step_pcp_head(zone, cpu, pindex) != MMR_NO_PFN; nr++) {
		uint32_t pfn = mmr_step_pcp_head(zone, cpu, pindex);

		verify_show_pop(v, pfn);
		mmr_step_pcp_pop(v->core, cpu, zone, pindex);
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

/* ---- allocations --------------------------------------------------------------------------- */

/* Did the CPU take this block straight from the buddy? */
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

/* Its task took it, and has gone to another CPU before it told. */
static bool was_direct_elsewhere(struct verify *v, const struct window_event *event)
{
	for (unsigned int cpu = 0; event->link && cpu < v->nr_cpus; cpu++) {
		if (was_direct(&v->cpus[cpu], event->ev.pfn))
			return true;
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
		verify_show_pop(v, above[i]);
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

/*
 * A page was popped from below the head of its list, once more: the head is not there, then, if it is not seen
 * again. Its own event is missing.
 */
static void note_passed_over(struct verify *v, unsigned int cpu, struct zone *zone, unsigned int pindex)
{
	uint32_t head = mmr_step_pcp_head(zone, cpu, pindex);
	struct cpu_view *view = &v->cpus[cpu];
	int next;

	if (head == MMR_NO_PFN || view->passed_over.pfn != head)
		view->passed_over.times = 0;
	view->passed_over.pfn = head;
	if (head == MMR_NO_PFN || ++view->passed_over.times < MAX_PASSED_OVER)
		return;
	next = verify_next_of_page(v, head, v->number);
	if (next >= 0 && next != TRACE_FREE)
		return;
	mmr_step_pcp_remove(v->core, cpu, zone, head);
	mmr_step_hand_out(v->core, zone, head, mmr_step_pindex_order(pindex),
			  mmr_step_pageblock(v->core, head));
	v->report->untraced_changes++;
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

bool verify_free_is_missing(const struct verify *v, const struct trace_event *ev)
{
	for (uint32_t pfn = ev->pfn; pfn < ev->pfn + (1u << ev->order); pfn++) {
		enum mmr_page_state state = mmr_step_place(v->core, pfn).state;

		if (state != MMR_PAGE_ALLOCATED && state != MMR_PAGE_BOOT)
			return false;
	}
	return true;
}

/*
 * A page was popped whose free is missing: no kernel hands out a page twice. Was it pushed onto what the model
 * has on the list? Then that free is all that was not known. It was not if the list is refilled before the
 * model's head is popped, or a page from below that. Only of kernels that permit no probes, which may keep the
 * page events' programs from some frees, too.
 */
static bool was_on_top(const struct verify *v, const struct window_event *event, const struct zone *zone,
		       unsigned int pindex)
{
	uint32_t head = mmr_step_pcp_head(zone, event->ev.cpu, pindex);

	if (v->drains_known)
		return false;
	for (uint64_t n = event->next; n && head != MMR_NO_PFN; n = window_at(&v->window, n)->next) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;
		struct mmr_step_place place;

		if (ev->pfn == TRACE_NO_PFN || !mmr_step_pcp_order(ev->order) ||
		    ev->migratetype >= MIGRATE_PCPTYPES ||
		    mmr_step_pindex(ev->migratetype, ev->order) != pindex ||
		    mmr_step_zone(v->core, ev->pfn, 0) != zone)
			continue;
		if (ev->type == TRACE_ZONE_LOCKED || (ev->type == TRACE_ALLOC && ev->pfn == head))
			return ev->type == TRACE_ALLOC;
		place = mmr_step_place(v->core, ev->pfn);
		if (ev->type == TRACE_ALLOC && place.state == MMR_PAGE_PCP && place.head == ev->pfn)
			return false;
	}
	return true;
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
	enum verify_verdict verdict = VERIFY_DIVERGED;
	enum verify_cause cause;
	int32_t count;
	int owner;

	if (on_list(v, zone, ev, pindex)) {
		mmr_step_pcp_begin(zone, ev->cpu);
		if (verify_head_is_pending(v, zone, pindex, ev)) {
			count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_ORDER, &views, expected, got);
			mmr_step_pcp_pop(v->core, ev->cpu, zone, pindex);
			return;
		}
		cause = head_stays(v, event, zone, pindex) || !take_off_gone(v, zone, ev->cpu, pindex, ev->pfn)
				? VERIFY_CAUSE_ORDER
				: VERIFY_CAUSE_BULK;
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, cause, &views, expected, got);
		mmr_step_pcp_remove(v->core, ev->cpu, zone, ev->pfn);
		note_passed_over(v, ev->cpu, zone, pindex);
		return;
	}
	if (view->unknown & 1u << pindex) {
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_UNKNOWN_LIST, &views, expected, got);
		verify_pop_untraced(v, zone, ev->cpu, pindex, &cause);
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
	cause = verify_free_is_missing(v, ev) ? VERIFY_CAUSE_MISSING : VERIFY_CAUSE_UNEXPLAINED;
	if (cause == VERIFY_CAUSE_MISSING && was_on_top(v, event, zone, pindex))
		verdict = VERIFY_INFORMED;
	if (mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order) & MMR_STEP_WAS_PCP)
		cause = VERIFY_CAUSE_MIGRATED;
	v->report->untraced_changes++;
	count_other(v, VERIFY_PCP, verdict, cause, &views, expected, got);
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
 * twice (7.x tracepoints are preemptible), on two CPUs even; the page was not freed in between.
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
			       before->class_id == ev->class_id &&
			       (before->cpu == ev->cpu || ev->task != TRACE_NO_TASK);
	}
	return false;
}

void verify_alloc(struct verify *v, struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	struct cpu_view *cpu = &v->cpus[ev->cpu];
	struct trace_event asked = *ev;
	struct zone *zone;

	/* Its task may have gone to another CPU since the pop. */
	if (event->popped_on)
		asked.cpu = event->popped_on - 1;
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
	if (!event->popped &&
	    (!mmr_step_pcp_order(ev->order) ||
	     mmr_step_pcp_head(zone, ev->cpu, mmr_step_pindex(ev->migratetype, ev->order)) != ev->pfn) &&
	    recorded_twice(v, ev)) {
		v->report->unjudged++;
		return;
	}
	if (!event->link)
		verify_choice_of_zone(v, &asked, zone, false);
	if (event->popped)
		count_exact(v, VERIFY_PCP);
	else if (was_direct(cpu, ev->pfn) || was_direct_elsewhere(v, event) || was_late(v, ev->pfn))
		verify_take_off(v, ev->cpu, ev->pfn, ev->order);
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
	if (event->popped || was_late(v, ev->pfn)) {
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

	for (int i = 0; n && i < INTERRUPT_DISTANCE; i++) {
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
