// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of events besides the page events: what moves pages where the page events are silent, and who
 * decided. A recording has them as far as its kernel tells; see the features event.* of its machine.
 */
#include <string.h>

#include "replay/verify/verify_internal.h"

enum { ZONE_FLAG_RECLAIM_ACTIVE = 1u << 1 }; /* enum zone_flags */

#define PB_TYPE_BITS   7 /* PB_migrate .. PB_migrate_end */
#define PB_ISOLATE_BIT 16 /* 1 << PB_migrate_isolate. Source: enum pageblock_bits, v6.18 */

static struct zone *zone_at(const struct verify *v, int64_t nid, unsigned int zone)
{
	if (nid < 0 || nid >= v->recorded.nr_nodes || zone >= MAX_NR_ZONES)
		return NULL;
	return mmr_step_named_zone(v->core, (unsigned int)nid, (enum zone_type)zone);
}

static struct zone *known_zone_of(const struct verify *v, const struct trace_event *ev)
{
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, ev->order);

	return zone && zone_known(v, zone) ? zone : NULL;
}

/* ---- pages ---------------------------------------------------------------------------------- */

/*
 * Did compaction find the block on its list, and not as it went through a pageblock? What it takes from a
 * pageblock it tells the sum of when it is through; the block at hand would be part of that.
 */
static bool is_found_fast(const struct verify *v, const struct trace_event *ev)
{
	int64_t sum = 1 << ev->order;

	if (!verify_is_compacting(v, ev->task) || verify_in_interrupt(ev))
		return false;
	for (uint64_t n = v->number + 1; n < v->window.end; n++) {
		const struct trace_event *next = &window_at(&v->window, n)->ev;

		if (next->task != ev->task || verify_in_interrupt(next) || next->type == TRACE_PAGEBLOCK_BITS)
			continue;
		if (next->type != TRACE_ISOLATE_PAGE)
			return next->type != TRACE_ISOLATE_FREEPAGES || window_extra(&v->window, n)->v[2] < sum;
		sum += 1 << next->order;
	}
	return false;
}

void verify_isolate(struct verify *v, const struct zone *zone, unsigned int cpu, uint32_t pfn,
		    unsigned int order)
{
	mmr_step_withdraw(v->core, cpu, pfn, order);
	mmr_step_hand_out(v->core, zone, pfn, order, MIGRATE_MOVABLE);
	v->held[v->nr_held % MAX_HELD].pfn = pfn;
	v->held[v->nr_held++ % MAX_HELD].order = order;
}

/* Compaction, isolation or reporting took a free block. Source: __isolate_free_page(), mm/page_alloc.c, v6.12.
 */
static void isolate_page(struct verify *v, const struct trace_event *ev)
{
	struct zone *zone = known_zone_of(v, ev);
	struct views views = {zone, ev->cpu, -1, ev->order, MIGRATE_MOVABLE};
	struct mmr_step_place place;

	if (!zone)
		return;
	place = mmr_step_place(v->core, ev->pfn);
	/* All before it goes to the list's tail first. Source: fast_isolate_freepages(), mm/compaction.c, v6.1.
	 */
	if (place.state == MMR_PAGE_FREE && place.head == ev->pfn && place.mt == MIGRATE_MOVABLE &&
	    is_found_fast(v, ev))
		mmr_step_make_head(v->core, zone, ev->pfn, place.order, place.mt);
	if (place.state == MMR_PAGE_FREE && place.head == ev->pfn && place.order == ev->order)
		count_exact(v, VERIFY_BUDDY);
	else
		count_other(v, VERIFY_BUDDY, VERIFY_DIVERGED, VERIFY_CAUSE_UNTRACED, &views,
			    say_place(v, ev->pfn), say("a free block %u of order %u", ev->pfn, ev->order));
	verify_isolate(v, zone, ev->cpu, ev->pfn, ev->order);
}

/* Source: __putback_isolated_page(), mm/page_alloc.c, v6.12. */
static void putback_page(struct verify *v, const struct trace_event *ev)
{
	struct zone *zone = known_zone_of(v, ev);

	if (!zone)
		return;
	verify_take_off(v, ev->cpu, ev->pfn, ev->order);
	mmr_step_insert(v->core, ev->cpu, zone, ev->pfn, ev->order, true);
}

/* A broken page leaves the free block that it is in; the halves of what is left are heads of their lists.
 * Source: take_page_off_buddy(), break_down_buddy_pages(), mm/page_alloc.c, v6.12.
 */
static void take_off_buddy(struct verify *v, const struct trace_event *ev, bool taken)
{
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, 0);
	struct views views = {zone, ev->cpu, -1, 0, MIGRATE_MOVABLE};

	if (!taken || !zone || !zone_known(v, zone))
		return;
	if (mmr_step_place(v->core, ev->pfn).state == MMR_PAGE_FREE)
		count_exact(v, VERIFY_BUDDY);
	else
		count_other(v, VERIFY_BUDDY, VERIFY_DIVERGED, VERIFY_CAUSE_UNTRACED, &views,
			    say_place(v, ev->pfn), say("page %u in a free block", ev->pfn));
	mmr_step_withdraw(v->core, ev->cpu, ev->pfn, 0);
	mmr_step_hand_out(v->core, zone, ev->pfn, 0, MIGRATE_MOVABLE);
}

/* It is taken for whole again. Source: put_page_back_buddy(), mm/page_alloc.c, v6.12. */
static void put_back_buddy(struct verify *v, const struct trace_event *ev, bool put)
{
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, 0);

	if (!put || !zone || !zone_known(v, zone))
		return;
	verify_take_off(v, ev->cpu, ev->pfn, 0);
	mmr_step_insert(v->core, ev->cpu, zone, ev->pfn, 0, false);
}

/* All up to this block went to the list's tail. Source: move_freelist_tail(), mm/compaction.c, v6.12. */
static void rotate_list(struct verify *v, const struct trace_event *ev)
{
	struct mmr_step_place place = mmr_step_place(v->core, ev->pfn);
	struct zone *zone = known_zone_of(v, ev);
	uint32_t next;

	if (!zone || place.state != MMR_PAGE_FREE || place.head != ev->pfn)
		return;
	next = mmr_step_free_next(v->core, ev->pfn, place.order);
	if (next != MMR_NO_PFN)
		mmr_step_make_head(v->core, zone, next, place.order, place.mt);
}

/* A fallback of this CPU follows, which does the same once more. */
static bool is_of_fallback(const struct verify *v, const struct window_event *event)
{
	const struct window_event *next = event->next ? window_at(&v->window, event->next) : NULL;

	if (next && next->ev.type == TRACE_ZONE_LOCKED)
		next = next->next ? window_at(&v->window, next->next) : NULL;
	return next && next->ev.type == TRACE_EXTFRAG;
}

/*
 * From 6.10 on: a pageblock becomes isolated, or is no longer. What moves its free pages may have been told
 * before; where it was split off a longer free block, this is all that is.
 */
static void isolate(struct verify *v, const struct trace_event *ev, struct zone *zone, unsigned int mt)
{
	bool was = mmr_step_pageblock(v->core, ev->pfn) == MIGRATE_ISOLATE;

	if (zone && zone_known(v, zone) && was != (mt == MIGRATE_ISOLATE))
		mmr_step_isolate(v->core, ev->cpu, zone, ev->pfn, !was, mt);
}

/* A pageblock's free pages went to another type's lists, and from 6.10 on its type along with them. */
static void move_block(struct verify *v, const struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, 0);
	unsigned int mt;

	if (!zone || !zone_known(v, zone) || ev->migratetype >= MIGRATE_TYPES || is_of_fallback(v, event))
		return;
	mt = mmr_step_pageblock(v->core, ev->pfn);
	if (!v->extfrag_first && (mt == MIGRATE_ISOLATE || ev->migratetype == MIGRATE_ISOLATE)) {
		isolate(v, ev, zone, ev->migratetype);
		return;
	}
	mmr_step_retype(v->core, ev->cpu, zone, ev->pfn, ev->migratetype);
	if (v->extfrag_first)
		mmr_step_adopt_pageblock(v->core, ev->pfn, mt);
}

int verify_told_type(const struct verify *v, uint64_t number)
{
	const struct window_extra *extra = window_extra(&v->window, number);
	int64_t mask = mmr_step_isolate_bit(v->core) ? PB_ISOLATE_BIT : PB_TYPE_BITS;

	if (extra->v[1] != mask)
		return -1;
	/* Kernels without CMA number what comes behind it one lower; these have none. */
	return extra->v[0] > MIGRATE_HIGHATOMIC ? MIGRATE_ISOLATE : (int)extra->v[0];
}

/* To 6.9 types are written apart from the moves. From 6.10 on only who isolates moves pages by their type. */
static void pageblock_bits(struct verify *v, const struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, 0);
	int mt = verify_told_type(v, v->number);

	if (!zone || mt < 0)
		return;
	if (v->extfrag_first) {
		if (!is_of_fallback(v, event))
			mmr_step_adopt_pageblock(v->core, ev->pfn, (unsigned int)mt);
	} else if (mt == MIGRATE_ISOLATE || mmr_step_pageblock(v->core, ev->pfn) == MIGRATE_ISOLATE) {
		isolate(v, ev, zone, (unsigned int)mt);
	}
}

/* ---- who decided ----------------------------------------------------------------------------- */

/* Source: balance_pgdat(), set_reclaim_active(), clear_reclaim_active(), mm/vmscan.c, v6.12. */
static void balance(struct verify *v, int64_t nid, unsigned int highest, bool begins)
{
	for (unsigned int z = 0; z <= highest; z++) {
		struct zone *zone = zone_at(v, nid, z);
		struct mmr_step_marks marks;
		uint32_t flags, *sampled;

		if (!zone)
			continue;
		flags = mmr_step_zone_flags(zone);
		sampled = &v->boosts[mmr_step_zone_id(zone)];
		mmr_step_marks(v->core, zone, &marks);
		v->taken_back[mmr_step_zone_id(zone)] = 0;
		if (begins) {
			*sampled = marks.boost;
			flags |= ZONE_FLAG_RECLAIM_ACTIVE;
		} else {
			mmr_step_set_boost(zone,
					   marks.boost - (marks.boost < *sampled ? marks.boost : *sampled));
			*sampled = marks.boost > *sampled && v->balance_known ? BOOST_IN_DOUBT : 0;
			flags &= ~ZONE_FLAG_RECLAIM_ACTIVE;
		}
		mmr_step_set_zone_flags(zone, flags);
	}
}

/*
 * Where its begin and its end are not told: kswapd says that it is awake each time before it begins, and that
 * it wakes kcompactd for whole pageblocks as soon as it has taken boosts back. Source: kswapd(), v6.12.
 */
static void balance_untold(struct verify *v, const struct trace_event *ev, const struct window_extra *extra)
{
	if (v->balance_known || ev->type == TRACE_WAKEUP_KSWAPD)
		return;
	balance(v, extra->v[0], MAX_NR_ZONES - 1, false);
	if (ev->type == TRACE_KSWAPD_WAKE)
		balance(v, extra->v[0], extra->zone, true);
}

/* Hotplugged memory made a zone that the recording's header does not have: which pages are whose is not told.
 */
static void other_zones(struct verify *v)
{
	if (v->nr_zones_known)
		verify_lose(v);
	v->report->other_zones = true;
}

static void pcp_limits(struct verify *v, unsigned int type, const int64_t *args)
{
	struct zone *zone = zone_at(v, args[0], type);

	if (!zone) {
		other_zones(v);
		return;
	}
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		struct mmr_pcp_state state;
		int32_t count;

		mmr_step_pcp_read(zone, cpu, &state, &count);
		if (v->extfrag_first && !state.high_max) {
			state.high = (uint32_t)args[1];
		} else {
			state.high_min = (uint32_t)args[1];
			state.high_max = (uint32_t)args[2];
		}
		state.batch = args[3] > 0 ? (uint32_t)args[3] : 1;
		mmr_step_pcp_write(zone, cpu, &state, count);
	}
	/* A list's smallest size is the low mark, shared out among CPUs, unless a sysctl says otherwise. */
	if (args[1] != args[2] || v->extfrag_first)
		verify_marks_of_size(v, zone, (uint32_t)args[1]);
}

static void zone_wmarks(struct verify *v, unsigned int type, const int64_t *args)
{
	struct zone *zone = zone_at(v, args[0], type);
	uint32_t marks[NR_WMARK];

	if (!zone)
		return;
	for (unsigned int i = 0; i < NR_WMARK; i++)
		marks[i] = (uint32_t)args[1 + i];
	mmr_step_set_marks(zone, marks);
	mmr_step_set_boost(zone, 0);
}

static void lowmem_reserve(struct verify *v, unsigned int type, const int64_t *args)
{
	struct zone *zone = zone_at(v, args[0], type);

	if (zone && args[1] >= 0 && args[1] < MAX_NR_ZONES && args[2] >= 0 && args[2] <= UINT32_MAX)
		mmr_step_set_reserve(zone, (enum zone_type)args[1], (uint32_t)args[2]);
}

/* The lists that the drains to come are from. Source: drain_pages_zone(), mm/page_alloc.c, v6.12. */
static void drain_pages(struct verify *v, const struct trace_event *ev, unsigned int type, const int64_t *args)
{
	struct zone *zone = zone_at(v, args[0], type);

	if (!zone || args[1] < 0 || args[1] >= v->nr_cpus)
		return;
	verify_announce_drain(v, ev, zone, (unsigned int)args[1], 0);
	verify_drain_begins(v, ev, zone, (unsigned int)args[1]);
}

/* The vmstat worker has let a list's high mark sink. Source: decay_pcp_high(), mm/page_alloc.c, v6.12. */
static void pcp_decay(struct verify *v, unsigned int type, const int64_t *args)
{
	struct zone *zone = zone_at(v, args[0], type);
	struct mmr_pcp_state state;
	int32_t count;

	if (!zone || args[1] < 0 || args[1] >= v->nr_cpus || !pcp_view(v, zone, (unsigned int)args[1])->known)
		return;
	mmr_step_pcp_read(zone, (unsigned int)args[1], &state, &count);
	state.high = (uint32_t)args[2];
	mmr_step_pcp_write(zone, (unsigned int)args[1], &state, count);
}

void verify_extra(struct verify *v, struct window_event *event)
{
	const struct trace_event *ev = &event->ev;
	const struct window_extra *extra = window_extra(&v->window, v->number);

	switch (ev->type) {
	case TRACE_BULK_PAGE:
		verify_bulk_page(v, event);
		break;
	case TRACE_BUDDY_FREE:
		verify_buddy_free(v, event);
		break;
	case TRACE_ISOLATE_PAGE:
		isolate_page(v, ev);
		break;
	case TRACE_PUTBACK_PAGE:
		putback_page(v, ev);
		break;
	case TRACE_ROTATE_LIST:
		rotate_list(v, ev);
		break;
	case TRACE_TAKE_OFF_BUDDY:
		take_off_buddy(v, ev, extra->v[0]);
		break;
	case TRACE_PUT_BACK_BUDDY:
		put_back_buddy(v, ev, extra->v[0]);
		break;
	case TRACE_MOVE_BLOCK:
		move_block(v, event);
		break;
	case TRACE_PAGEBLOCK_BITS:
		pageblock_bits(v, event);
		break;
	case TRACE_BALANCE_BEGIN:
	case TRACE_BALANCE_END:
		verify_balance(v, extra->v[0], ev->type == TRACE_BALANCE_BEGIN);
		if (ev->type == TRACE_BALANCE_BEGIN) {
			v->balance.number = v->number;
			v->balance.nid = extra->v[0];
			v->balance.task = ev->task;
		}
		balance(v, extra->v[0], extra->zone, ev->type == TRACE_BALANCE_BEGIN);
		break;
	case TRACE_COMPACT_BEGIN:
	case TRACE_COMPACT_END:
		verify_compacts(v, ev->task, ev->type == TRACE_COMPACT_BEGIN);
		break;
	case TRACE_KSWAPD_WAKE:
	case TRACE_KSWAPD_SLEEP:
	case TRACE_WAKEUP_KSWAPD:
		verify_kswapd(v, ev, extra->v[0]);
		balance_untold(v, ev, extra);
		break;
	case TRACE_VMSTAT_FOLD:
		verify_fold(v, ev, extra->v[0]);
		break;
	case TRACE_PCP_LIMITS:
		pcp_limits(v, extra->zone, extra->v);
		break;
	case TRACE_ZONE_WMARKS:
		zone_wmarks(v, extra->zone, extra->v);
		break;
	case TRACE_LOWMEM_RESERVE:
		lowmem_reserve(v, extra->zone, extra->v);
		break;
	case TRACE_PCP_FREE_BULK:
		verify_pcp_free_bulk(v, ev, extra);
		break;
	case TRACE_PCP_COUNTS:
		verify_pcp_counts(v, event);
		break;
	case TRACE_DRAIN_PAGES:
		drain_pages(v, ev, extra->zone, extra->v);
		break;
	case TRACE_ISOLATE_FREEPAGES:
	case TRACE_FAST_ISOLATE_FREEPAGES:
		verify_pages_taken(v, ev, extra->v[0], extra->v[2]);
		break;
	case TRACE_WAKEUP_KCOMPACTD:
		if (ev->flags & TRACE_F_KSWAPD && ev->order == PAGEBLOCK_ORDER)
			balance_untold(v, ev, extra);
		break;
	case TRACE_OOM_VICTIM:
		verify_oom_victim(v, (uint32_t)extra->v[0]);
		break;
	case TRACE_PCP_DECAY:
		pcp_decay(v, extra->zone, extra->v);
		break;
	default:
		break;
	}
}
