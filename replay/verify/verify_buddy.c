// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of blocks that leave the buddy: the head of the right list, or another type's. */
#include "replay/verify/verify_internal.h"

#define MAX_UNDONE 16 /* guesses taken back for one block */

static const char *mt_name(unsigned int mt)
{
	return mmr_migratetype_name((enum migratetype)mt);
}

/* A free block that nobody will take any more: compaction or isolation has it. */
static void take_away(struct verify *v, unsigned int cpu, const struct zone *zone, uint32_t pfn)
{
	struct mmr_step_place place = mmr_step_place(v->core, pfn);

	mmr_step_withdraw(v->core, cpu, place.head, place.order);
	verify_taken_was_seen(v, zone, cpu, 1u << place.order);
	mmr_step_hand_out(v->core, zone, place.head, place.order, MIGRATE_MOVABLE);
	v->report->untraced_changes++;
}

/* How long a block did the kernel split? At least as long as the pieces that it hands out in a row. */
static unsigned int order_of_source(const struct verify *v, const struct trace_event *ev)
{
	uint64_t n = window_at(&v->window, v->number)->next;
	uint32_t pfn = ev->pfn, nr = 1;

	for (; n; n = window_at(&v->window, n)->next) {
		const struct trace_event *next = &window_at(&v->window, n)->ev;

		pfn += 1u << ev->order;
		if (next->type != TRACE_ZONE_LOCKED || next->order != ev->order || next->pfn != pfn)
			break;
		nr++;
	}
	return ev->order + 31 - (unsigned int)__builtin_clz(nr);
}

/*
 * The kernel split a longer block, so it has no shorter ones of this type: what the model has on the
 * lists before that one was isolated.
 */
static void empty_shorter_lists(struct verify *v, const struct trace_event *ev, const struct zone *zone,
				unsigned int source_order)
{
	unsigned int order = order_of_source(v, ev);

	order = order < source_order ? order : source_order;
	for (unsigned int o = ev->order; o < order; o++) {
		uint32_t pfn;

		while ((pfn = mmr_step_free_head(zone, o, ev->migratetype)) != MMR_NO_PFN) {
			take_away(v, ev->cpu, zone, pfn);
			if (mmr_step_free_head(zone, o, ev->migratetype) != pfn)
				continue;
			/* Only a damaged model keeps a block that was taken. */
			snprintf(v->endless, sizeof(v->endless), "the model's free list of order %u %s", o,
				 mt_name(ev->migratetype));
			return;
		}
	}
}

#define NEXT_TAKES 256 /* events to look at for what is taken from a list next */

/*
 * The kernel took a block that is not the list's head. Was that block alone further ahead in its list, or was
 * the list turned to it? What is taken next tells: the model's head, or what lies behind the block.
 */
static bool was_turned(const struct verify *v, const struct zone *zone, uint32_t head,
		       const struct mmr_step_place *block)
{
	uint32_t behind = mmr_step_free_next(v->core, block->head, block->order);
	uint64_t end = v->number + NEXT_TAKES < v->window.end ? v->number + NEXT_TAKES : v->window.end;

	for (uint64_t n = v->number + 1; n < end; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->type == TRACE_ZONE_LOCKED && ev->pfn == head &&
		    mmr_step_zone(v->core, ev->pfn, 0) == zone)
			return false;
		if (ev->type == TRACE_ZONE_LOCKED && ev->pfn == behind)
			return true;
	}
	return true;
}

/* A page that the model has elsewhere: make it free, or gone, so that it can be taken. */
static enum verify_cause make_available(struct verify *v, struct zone *zone, const struct trace_event *ev,
					uint32_t expected)
{
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn);
	int owner;

	switch (place.state) {
	case MMR_PAGE_FREE:
		if (place.head == ev->pfn && expected != MMR_NO_PFN) {
			struct mmr_step_place first = mmr_step_place(v->core, expected);

			if (first.order == place.order && first.mt == place.mt &&
			    !was_turned(v, zone, expected, &place))
				return VERIFY_CAUSE_ROTATED;
			if (first.order == place.order && first.mt == place.mt &&
			    mmr_step_make_head(v->core, zone, ev->pfn, place.order, place.mt))
				return v->shuffled && place.order == MAX_PAGE_ORDER ? VERIFY_CAUSE_SHUFFLED
										    : VERIFY_CAUSE_ROTATED;
			if (first.order < place.order && place.mt == ev->migratetype)
				empty_shorter_lists(v, ev, zone, place.order);
		}
		return VERIFY_CAUSE_UNTRACED;
	case MMR_PAGE_PCP:
		owner = mmr_step_pcp_owner(v->core, place.head);
		if (owner >= 0 && mmr_step_pcp_remove(v->core, (unsigned int)owner, zone, place.head))
			mmr_step_insert(v->core, (unsigned int)owner, zone, place.head, place.order, false);
		return VERIFY_CAUSE_PCP_LOCKED;
	default:
		return VERIFY_CAUSE_UNTRACED;
	}
}

/*
 * Which lists does a movable request take from: its own, or CMA's? The counts that decide are read without
 * those that CPUs have not told yet.
 *
 * Return: whether a decision that went the other way was noted.
 */
static bool other_lists(struct verify *v, const struct trace_event *ev, struct zone *zone)
{
	struct views views = {zone, ev->cpu, -1, ev->order, ev->migratetype};
	bool from_cma = ev->migratetype == MIGRATE_CMA, told;
	int64_t margin;

	if (verify_asked_type(ev->migratetype) != MIGRATE_MOVABLE ||
	    mmr_step_takes_cma(zone, ev->order, &margin) == from_cma ||
	    mmr_step_peek_smallest(zone, ev->order, ev->migratetype) != ev->pfn)
		return false;
	told = margin <= (int64_t)v->nr_cpus * MAX_STAT_THRESHOLD;
	count_other(v, VERIFY_BUDDY, told ? VERIFY_INFORMED : VERIFY_DIVERGED,
		    told ? VERIFY_CAUSE_DRIFT : VERIFY_CAUSE_UNEXPLAINED, &views,
		    from_cma ? "a block of the movable lists" : "a block of the CMA lists",
		    say("block %u of the other ones", ev->pfn));
	mmr_step_take_smallest(v->core, ev->cpu, zone, ev->order, ev->migratetype);
	return true;
}

/* zone_locked without a fallback: the head of the first list that is long enough. */
void verify_take_smallest(struct verify *v, const struct trace_event *ev, struct zone *zone)
{
	uint32_t expected = mmr_step_peek_smallest(zone, ev->order, ev->migratetype);
	struct views views = {zone, ev->cpu, -1, ev->order, ev->migratetype};
	const char *want, *got;
	enum verify_cause cause;
	bool found, told;

	if (other_lists(v, ev, zone))
		return;
	if (expected == ev->pfn) {
		mmr_step_take_smallest(v->core, ev->cpu, zone, ev->order, ev->migratetype);
		count_exact(v, VERIFY_BUDDY);
		return;
	}
	want = expected == MMR_NO_PFN
		       ? say("no block of order %u %s", ev->order, mt_name(ev->migratetype))
		       : say("block %u for order %u %s", expected, ev->order, mt_name(ev->migratetype));
	got = say("%u, which the model has %s", ev->pfn, say_place(v, ev->pfn));
	for (int i = 0; i < MAX_UNDONE && verify_undo_passed(v, expected); i++)
		expected = mmr_step_peek_smallest(zone, ev->order, ev->migratetype);
	cause = expected == ev->pfn ? VERIFY_CAUSE_PCP_LOCKED : make_available(v, zone, ev, expected);
	found = mmr_step_peek_smallest(zone, ev->order, ev->migratetype) == ev->pfn;
	/* Told that a list had been locked, or not, the model decides as the kernel did. */
	told = (cause == VERIFY_CAUSE_PCP_LOCKED || cause == VERIFY_CAUSE_SHUFFLED) && found;
	count_other(v, VERIFY_BUDDY, told ? VERIFY_INFORMED : VERIFY_DIVERGED, cause, &views, want, got);
	if (cause != VERIFY_CAUSE_ROTATED && !told)
		v->report->untraced_changes++;
	if (found)
		mmr_step_take_smallest(v->core, ev->cpu, zone, ev->order, ev->migratetype);
	else
		mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
}

static bool same_way(const struct mmr_step_fallback *a, const struct mmr_step_fallback *b)
{
	return a->block == b->block && a->order == b->order && a->mt == b->mt && a->claim == b->claim;
}

static const char *say_way(const struct mmr_step_fallback *way)
{
	return say("%s block %u order %u %s", way->claim ? "claim" : "steal", way->block, way->order,
		   mt_name(way->mt));
}

/* The kernel took a page the model's rules do not lead to: do to the lists what can be told. */
static void force_fallback(struct verify *v, const struct trace_event *ev, struct zone *zone,
			   const struct mmr_step_fallback *way)
{
	make_available(v, zone, ev, MMR_NO_PFN);
	v->report->untraced_changes++;
	if (way->claim)
		mmr_step_retype(v->core, ev->cpu, zone, ev->pfn, ev->migratetype);
	mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
}

/* The same but for which of the largest blocks lay first? Then it does so now. */
static bool was_shuffled(const struct verify *v, struct zone *zone, const struct mmr_step_fallback *choice,
			 const struct mmr_step_fallback *way)
{
	return v->shuffled && way->order == MAX_PAGE_ORDER && choice->order == way->order &&
	       choice->mt == way->mt && choice->claim == way->claim &&
	       mmr_step_make_head(v->core, zone, way->block, way->order, way->mt);
}

/*
 * The block that was fallen back to: of the list the event names, and in the pageblock of the page. Further
 * down the list it is where compaction rotated the list, which is done here, too; then it is the head.
 *
 * @locked: the page is one of those that came along with the block, else it is the block
 */
static uint32_t source_block(struct verify *v, struct zone *zone, const struct trace_event *ev,
			     const struct trace_class *cls, bool locked, bool *rotated)
{
	uint32_t head = mmr_step_free_head(zone, cls->fallback_order, cls->fallback_migratetype), pfn = head;
	uint32_t mask = locked ? PAGEBLOCK_NR_PAGES - 1 : 0;

	while (pfn != MMR_NO_PFN && (pfn & ~mask) != (ev->pfn & ~mask))
		pfn = mmr_step_free_next(v->core, pfn, cls->fallback_order);
	if (pfn == MMR_NO_PFN || v->shuffled)
		return locked ? head : ev->pfn;
	*rotated = pfn != head &&
		   mmr_step_make_head(v->core, zone, pfn, cls->fallback_order, cls->fallback_migratetype);
	return pfn;
}

/*
 * From 6.10 on: the event comes after success and names the page returned.
 *
 * @locked: a zone_locked event named the page before (a part of a pageblock was claimed)
 */
void verify_fall_back(struct verify *v, const struct trace_event *ev, const struct trace_class *cls,
		      struct zone *zone, struct refill_run *run, bool locked)
{
	struct views views = {zone, ev->cpu, -1, cls->fallback_order, cls->fallback_migratetype};
	bool claim = ev->flags & TRACE_F_CHANGE_OWNERSHIP;
	bool rotated = false;
	struct mmr_step_fallback choice = {.block = MMR_NO_PFN},
				 way = {
					 .block = source_block(v, zone, ev, cls, locked, &rotated),
					 .order = cls->fallback_order,
					 .mt = cls->fallback_migratetype,
					 .claim = claim,
				 };
	bool own = !run->steal_only && mmr_step_peek_smallest(zone, ev->order, ev->migratetype) != MMR_NO_PFN;
	bool any = mmr_step_peek_fallback(v->core, zone, ev->order, ev->migratetype, run->steal_only, &choice);
	uint32_t pfn;

	if (rotated) {
		count_other(v, VERIFY_FALLBACK, VERIFY_DIVERGED, VERIFY_CAUSE_ROTATED, &views,
			    "the head of the list it falls back to", say_way(&way));
	} else if (!own && any && same_way(&choice, &way)) {
		count_exact(v, VERIFY_FALLBACK);
	} else if (!own && any && was_shuffled(v, zone, &choice, &way)) {
		count_other(v, VERIFY_FALLBACK, VERIFY_INFORMED, VERIFY_CAUSE_SHUFFLED, &views,
			    say_way(&choice), say_way(&way));
	} else if (!own && mmr_step_fallback_possible(v->core, zone, ev->order, ev->migratetype,
						      run->steal_only, &way)) {
		count_other(v, VERIFY_FALLBACK, VERIFY_INFORMED, VERIFY_CAUSE_LRU, &views,
			    any ? say_way(&choice) : "nothing", say_way(&way));
	} else {
		count_other(v, VERIFY_FALLBACK, VERIFY_DIVERGED, VERIFY_CAUSE_UNEXPLAINED, &views,
			    own   ? "no fallback, its own lists have a block"
			    : any ? say_way(&choice)
				  : "nothing to fall back to",
			    say_way(&way));
		force_fallback(v, ev, zone, &way);
		run->steal_only = !claim;
		return;
	}
	pfn = mmr_step_fallback(v->core, ev->cpu, zone, ev->order, ev->migratetype, run->steal_only, &way);
	run->steal_only = !claim;
	if (pfn == ev->pfn) {
		count_exact(v, VERIFY_BUDDY);
		return;
	}
	count_other(v, VERIFY_BUDDY, VERIFY_DIVERGED, VERIFY_CAUSE_UNEXPLAINED, &views,
		    say("block %u of the claimed pageblock", pfn), say("block %u", ev->pfn));
	if (pfn != MMR_NO_PFN)
		mmr_step_insert(v->core, ev->cpu, zone, pfn, ev->order, false);
	mmr_step_withdraw(v->core, ev->cpu, ev->pfn, ev->order);
}

/*
 * To 6.9: the event names the block that was moved to the request's lists; a zone_locked event of the
 * page taken from it follows.
 */
void verify_fall_back_old(struct verify *v, const struct trace_event *ev, const struct trace_class *cls,
			  struct zone *zone, struct refill_run *run)
{
	struct views views = {zone, ev->cpu, -1, cls->fallback_order, cls->fallback_migratetype};
	struct mmr_step_fallback did = {.block = MMR_NO_PFN},
				 way = {
					 .block = ev->pfn,
					 .order = cls->fallback_order,
					 .mt = cls->fallback_migratetype,
					 .claim = ev->flags & TRACE_F_CHANGE_OWNERSHIP,
				 };
	unsigned int old_mt = mmr_step_pageblock(v->core, ev->pfn);
	bool own = mmr_step_peek_smallest(zone, ev->order, ev->migratetype) != MMR_NO_PFN, any = false;

	if (!own)
		any = mmr_step_fallback_old(v->core, ev->cpu, zone, ev->order, ev->migratetype, &did);
	if (any && same_way(&did, &way)) {
		count_exact(v, VERIFY_FALLBACK);
	} else if (any && did.block == way.block && did.order == way.order && did.mt == way.mt) {
		count_other(v, VERIFY_FALLBACK, VERIFY_INFORMED, VERIFY_CAUSE_LRU, &views, say_way(&did),
			    say_way(&way));
		mmr_step_adopt_pageblock(v->core, ev->pfn, way.claim ? ev->migratetype : old_mt);
	} else {
		count_other(v, VERIFY_FALLBACK, VERIFY_DIVERGED, VERIFY_CAUSE_UNEXPLAINED, &views,
			    own   ? "no fallback, its own lists have a block"
			    : any ? say_way(&did)
				  : "nothing to fall back to",
			    say_way(&way));
	}
}
