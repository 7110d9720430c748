// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of the choice of a zone: which one serves follows from the marks and the counts of free
 * pages.
 *
 * Some of what the kernel read no event shows: when a CPU's pending counts went into the zone's, when
 * kswapd took a boost back, when the marks were set anew, whether the request had come from the slow
 * path, which node a task prefers. Where the model's choice is not the kernel's, these are tried in this
 * order; what explains it is kept, so that the model is told once.
 */
#include <string.h>

#include "replay/verify/verify_internal.h"

#define TOLD_DISTANCE                                                                                          \
	4096 /* events between one that takes pages and what its allocation is told to have asked */
#define RACE_DISTANCE 8192 /* events between the look at the counts and the allocation's own */

static const char *say_zone(const struct verify *v, const struct zone *zone)
{
	struct mmr_step_marks marks;
	enum zone_type type;
	unsigned int nid;

	if (!zone)
		return "no zone";
	mmr_step_zone_name(zone, &nid, &type);
	mmr_step_marks(v->core, zone, &marks);
	return say("node %u zone %s (free %lld, pending %lld; min %u, low %u, high %u, boost %u)", nid,
		   mmr_zone_name(type), (long long)marks.free, (long long)marks.pending,
		   marks.watermark[WMARK_MIN], marks.watermark[WMARK_LOW], marks.watermark[WMARK_HIGH],
		   marks.boost);
}

static bool explains(const struct verify *v, const struct mmr_step_request *request)
{
	return mmr_step_first_zone(v->core, request) == request->served;
}

static bool explains_as(const struct verify *v, const struct mmr_step_request *request, unsigned int nid,
			unsigned int attempts)
{
	struct mmr_step_request other = *request;

	other.nid = (uint16_t)nid;
	other.attempts = (uint8_t)attempts;
	return explains(v, &other);
}

/* Had the vmstat worker, or a CPU going idle, put its pending counts into the zones'? */
static bool try_folds(struct verify *v, const struct mmr_step_request *request)
{
	int32_t drift[MAX_DRIFTS], one[MAX_DRIFTS] = {0};
	struct mmr_step_request folded = *request;

	if (v->max_zone_id > MAX_DRIFTS)
		return false;
	folded.drift = one;
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		mmr_step_read_pending(v->core, cpu, one);
		if (explains(v, &folded)) {
			mmr_step_fold(v->core, cpu);
			return true;
		}
	}
	memset(drift, 0, sizeof(drift));
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		mmr_step_read_pending(v->core, cpu, one);
		for (unsigned int i = 0; i < v->max_zone_id; i++)
			drift[i] += one[i];
	}
	folded.drift = drift;
	if (!explains(v, &folded))
		return false;
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++)
		mmr_step_fold(v->core, cpu);
	return true;
}

/* Would a lower boost of this zone explain it? The least that does is kept. */
static bool try_boost(struct verify *v, const struct mmr_step_request *request, struct zone *zone)
{
	struct mmr_step_marks marks;
	uint32_t less;

	mmr_step_marks(v->core, zone, &marks);
	for (less = marks.boost; less;) {
		less -= less < PAGEBLOCK_NR_PAGES ? less : PAGEBLOCK_NR_PAGES;
		mmr_step_set_boost(zone, less);
		if (explains(v, request))
			return true;
	}
	mmr_step_set_boost(zone, marks.boost);
	return false;
}

/*
 * Had kswapd, done with a node, taken its zones' boosts back? It takes what a boost was when it began.
 * Source: balance_pgdat(), mm/vmscan.c, v6.12.
 */
static bool try_boosts(struct verify *v, const struct mmr_step_request *request)
{
	for (unsigned int nid = 0; nid < v->recorded.nr_nodes; nid++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct zone *zone = mmr_step_named_zone(v->core, nid, (enum zone_type)z);

			if (zone && (v->balance_known || v->policies_known) &&
			    v->boosts[mmr_step_zone_id(zone)] != BOOST_IN_DOUBT)
				continue;
			if (zone && try_boost(v, request, zone))
				return true;
		}
	}
	return false;
}

/* Is a node's kswapd, as far as its events tell, past all that it did before it ends its work? */
static bool is_ending(const struct verify *v, unsigned int nid)
{
	uint64_t end = v->number + RACE_DISTANCE < v->window.end ? v->number + RACE_DISTANCE : v->window.end, n;
	uint32_t kswapd;

	for (n = v->number + 1; n < end; n++) {
		if (window_at(&v->window, n)->ev.type == TRACE_BALANCE_END &&
		    window_extra(&v->window, n)->v[0] == (int64_t)nid)
			break;
	}
	if (n >= end)
		return false;
	kswapd = window_at(&v->window, n)->ev.task;
	while (--n > v->number) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		/* It wakes kcompactd after it took the boosts back, and just before it ends. */
		if (ev->task == kswapd && !verify_in_interrupt(ev) && ev->type != TRACE_WAKEUP_KCOMPACTD)
			return false;
	}
	return true;
}

/* A node's kswapd had taken the boosts back, and then was slow to tell. Source: balance_pgdat(), v6.1. */
static bool try_early_end(struct verify *v, const struct mmr_step_request *request, unsigned int nid)
{
	struct mmr_step_marks marks[MAX_NR_ZONES];
	bool any = false, explained;

	for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
		struct zone *zone = mmr_step_named_zone(v->core, nid, (enum zone_type)z);
		uint32_t sampled = zone ? v->boosts[mmr_step_zone_id(zone)] : 0;

		if (!zone || !sampled || sampled == BOOST_IN_DOUBT)
			continue;
		mmr_step_marks(v->core, zone, &marks[z]);
		mmr_step_set_boost(zone,
				   marks[z].boost - (marks[z].boost < sampled ? marks[z].boost : sampled));
		any = true;
	}
	explained = any && explains(v, request);
	for (unsigned int z = 0; z < MAX_NR_ZONES && any; z++) {
		struct zone *zone = mmr_step_named_zone(v->core, nid, (enum zone_type)z);
		uint32_t *sampled = zone ? &v->boosts[mmr_step_zone_id(zone)] : NULL;

		if (!zone || !*sampled || *sampled == BOOST_IN_DOUBT)
			continue;
		if (explained)
			*sampled = 0; /* nothing is left to take back */
		else
			mmr_step_set_boost(zone, marks[z].boost);
	}
	return explained;
}

static bool try_early_ends(struct verify *v, const struct mmr_step_request *request)
{
	for (unsigned int nid = 0; v->balance_known && nid < v->recorded.nr_nodes; nid++) {
		if (is_ending(v, nid) && try_early_end(v, request, nid))
			return true;
	}
	return false;
}

/* A kswapd's call or the end of its work, undone. */
static void undo_kswapd(struct verify *v, uint64_t number, enum trace_event_type type)
{
	int64_t nid = window_extra(&v->window, number)->v[0];

	if (v->balance_known && nid >= 0 && nid < v->recorded.nr_nodes)
		mmr_step_set_kswapd(v->core, (unsigned int)nid, type == TRACE_BALANCE_END);
}

/** struct undone - what one CPU did to the zones' free pages since; @pending: what of it the zones do not have
 * yet */
struct undone {
	uint16_t cpu;
	int32_t pages[MAX_DRIFTS], pending[MAX_DRIFTS]; /* [zone id] */
};

/*
 * A zone gets what a CPU did in one piece, as soon as it is more than its threshold. Was that since? Then the
 * zone had that much less, or more, before. Source: __mod_zone_page_state(), mm/vmstat.c, v6.1.
 */
static int32_t fold_undone(const struct zone *zone, const struct undone *undone, unsigned int id)
{
	int32_t pages = undone->pages[id], pending = undone->pending[id];
	int32_t folded = mmr_step_threshold(zone, undone->cpu) + 1;

	if (pages > pending && pending >= 0)
		return -folded;
	return pages < pending && pending <= 0 ? folded : 0;
}

static bool undo_explains(struct verify *v, const struct mmr_step_request *request, uint32_t task)
{
	uint64_t begin = v->number > RACE_DISTANCE ? v->number - RACE_DISTANCE : 1;
	struct mmr_step_request then = *request, folded = *request;
	int32_t drift[MAX_DRIFTS] = {0}, folds[MAX_DRIFTS] = {0};
	struct undone undone = {.cpu = UINT16_MAX};

	then.drift = drift;
	folded.drift = folds;
	for (uint64_t n = v->number - 1; n >= begin; n--) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;
		const struct zone *zone;
		unsigned int id;
		int32_t size;

		/* An interrupt may come between the look and the event, and carries the task's name. */
		if (ev->cpu == request->cpu && ev->task == task && !verify_in_interrupt(ev))
			return false;
		if (ev->type == TRACE_BALANCE_END || ev->type == TRACE_WAKEUP_KSWAPD) {
			undo_kswapd(v, n, (enum trace_event_type)ev->type);
		} else if (ev->type == TRACE_ZONE_LOCKED || ev->type == TRACE_PCPU_DRAIN) {
			zone = mmr_step_zone(v->core, ev->pfn, ev->order);
			if (!zone)
				continue;
			id = mmr_step_zone_id(zone);
			size = (ev->type == TRACE_ZONE_LOCKED ? -1 : 1) * (1 << ev->order);
			drift[id] -= size;
			if (undone.cpu == UINT16_MAX) {
				undone.cpu = ev->cpu;
				mmr_step_read_pending(v->core, ev->cpu, undone.pending);
			}
			if (undone.cpu == ev->cpu) {
				undone.pages[id] += size;
				folds[id] = fold_undone(zone, &undone, id);
			}
		} else {
			continue;
		}
		if (explains(v, &then) || explains_as(v, &then, then.nid, MMR_STEP_SLOW) ||
		    (undone.cpu != UINT16_MAX &&
		     (explains(v, &folded) || explains_as(v, &folded, folded.nid, MMR_STEP_SLOW))))
			return true;
	}
	return false;
}

/*
 * The counts, and whether a kswapd works, are read without a lock. What others did between that and the event
 * is undone, one event after the other.
 */
static bool try_race(struct verify *v, const struct mmr_step_request *request, uint32_t task)
{
	uint64_t works = 0;
	bool explained;

	if (v->max_zone_id > MAX_DRIFTS)
		return false;
	for (unsigned int nid = 0; nid < v->recorded.nr_nodes; nid++)
		works |= (uint64_t)mmr_step_kswapd(v->core, nid) << nid;
	explained = undo_explains(v, request, task);
	for (unsigned int nid = 0; nid < v->recorded.nr_nodes; nid++)
		mmr_step_set_kswapd(v->core, nid, works >> nid & 1);
	return explained;
}

static bool came_from_cpu(const struct verify *v, struct mmr_step_request *request, unsigned int cpu,
			  bool popped)
{
	struct mmr_step_request other = *request;

	other.nid = (uint16_t)mmr_step_cpu_node(v->core, cpu);
	other.cpu = (uint16_t)(popped ? cpu : request->cpu);
	if (!explains(v, &other))
		return false;
	*request = other;
	return true;
}

/*
 * The task has gone from another CPU to this one: since it took the page, which lay on that CPU's list, or
 * since it decided on a node, the one of the CPU where it was last seen.
 */
static bool came_from_other_cpu(const struct verify *v, struct mmr_step_request *request,
				const struct trace_event *ev)
{
	int owner = mmr_step_pcp_owner(v->core, ev->pfn);
	uint64_t last;

	if (owner >= 0 && owner != ev->cpu && came_from_cpu(v, request, (unsigned int)owner, true))
		return true;
	if (ev->task == TRACE_NO_TASK || verify_in_interrupt(ev))
		return false;
	last = verify_last_of_task(v, ev->task);
	return last && window_at(&v->window, last)->ev.cpu != ev->cpu &&
	       came_from_cpu(v, request, window_at(&v->window, last)->ev.cpu, false);
}

/* @request: gets the node that was preferred */
static enum verify_cause find_cause(struct verify *v, struct mmr_step_request *request,
				    const struct trace_event *ev, struct zone *want)
{
	unsigned int local = mmr_step_cpu_node(v->core, ev->cpu), other;
	enum zone_type type;

	if (came_from_other_cpu(v, request, ev))
		return VERIFY_CAUSE_MIGRATED;
	if (request->nodemask) {
		/* What the policy binds to the kernel need not heed: it is the last to help, or a caller names
		 * a node. */
		request->nodemask = 0;
		if (explains(v, request))
			return VERIFY_CAUSE_POLICY;
	}
	if (!v->folds_known && try_folds(v, request))
		return VERIFY_CAUSE_DRIFT;
	if (verify_boosts_were_other(v, request))
		return VERIFY_CAUSE_BOOST;
	if (verify_pending_was_other(v, request, want))
		return VERIFY_CAUSE_DRIFT;
	if (verify_try_marks(v, request))
		return VERIFY_CAUSE_LIMITS;
	if (explains_as(v, request, request->nid, MMR_STEP_SLOW))
		return VERIFY_CAUSE_RECLAIM;
	if (verify_kswapd_worked(v, request))
		return VERIFY_CAUSE_RACE;
	mmr_step_zone_name(request->served, &other, &type);
	if (verify_fold_came_late(v, request) || verify_fold_is_to_come(v, request) ||
	    try_race(v, request, ev->task))
		return VERIFY_CAUSE_RACE;
	for (int i = 0; i < 2; i++) {
		unsigned int nid = i ? other : local;

		if (nid != request->nid && (explains_as(v, request, nid, request->attempts) ||
					    explains_as(v, request, nid, MMR_STEP_SLOW))) {
			request->nid = (uint16_t)nid;
			return VERIFY_CAUSE_POLICY;
		}
	}
	if (explains_as(v, request, request->nid, MMR_STEP_RESERVES))
		return VERIFY_CAUSE_RECLAIM;
	if (try_early_ends(v, request))
		return VERIFY_CAUSE_BOOST;
	if (verify_kswapd_was_up(v, request) || verify_kswapd_race(v, request))
		return VERIFY_CAUSE_RACE;
	/* At which moment kswapd looked at the boosts that it took back at its end its events do not say. */
	if (try_boosts(v, request))
		return VERIFY_CAUSE_BOOST;
	if (verify_fold_was_interrupted(v, request))
		return VERIFY_CAUSE_DRIFT;
	return VERIFY_CAUSE_UNEXPLAINED;
}

void verify_oom_victim(struct verify *v, uint32_t tid)
{
	const struct trace_task *tasks;
	uint32_t nr;

	tasks = trace_reader_tasks(v->reader, &nr);
	/* A number that another task had before: the later one. */
	while (nr && tasks[nr - 1].tid != tid)
		nr--;
	v->victims[v->nr_victims++ % MAX_VICTIMS] = nr ? tasks[nr - 1].tgid : tid;
}

static bool is_oom_victim(const struct verify *v, const struct trace_event *ev)
{
	const struct trace_task *tasks;
	uint32_t nr;

	if (!v->nr_victims || verify_in_interrupt(ev))
		return false;
	tasks = trace_reader_tasks(v->reader, &nr);
	if (ev->task >= nr)
		return false;
	for (unsigned int i = 0; i < v->nr_victims && i < MAX_VICTIMS; i++) {
		if (v->victims[i] == tasks[ev->task].tgid)
			return true;
	}
	return false;
}

/* Source: __gfp_pfmemalloc_flags(), mm/page_alloc.c, v6.12. */
static unsigned int attempts_of(const struct verify *v, const struct trace_event *ev, gfp_t gfp)
{
	unsigned int attempts = MMR_STEP_FAST | MMR_STEP_SLOW;

	if (gfp & MMR_GFP_NOMEMALLOC)
		return attempts;
	if (gfp & MMR_GFP_MEMALLOC || ev->flags & TRACE_F_PF_MEMALLOC)
		attempts |= MMR_STEP_RESERVES;
	else if (is_oom_victim(v, ev))
		attempts |= MMR_STEP_OOM;
	return attempts;
}

/* Where recorded, the node and the mask that the allocator was called with follow on the allocation. */
static void take_told_request(const struct verify *v, const struct trace_event *ev,
			      struct mmr_step_request *request)
{
	for (uint64_t n = v->number; v->requests_known && n < v->window.end && n < v->number + TOLD_DISTANCE;
	     n++) {
		const struct trace_event *told = &window_at(&v->window, n)->ev;
		const int64_t *args = window_extra(&v->window, n)->v;

		if (told->type != TRACE_ALLOC_REQUEST || told->pfn != ev->pfn || told->task != ev->task)
			continue;
		if (args[0] >= 0 && args[0] < v->recorded.nr_nodes)
			request->nid = (uint16_t)args[0];
		request->nodemask = args[1] == -1 ? 0 : (uint64_t)args[1];
		return;
	}
}

static struct mmr_step_request request_of(const struct verify *v, const struct trace_event *ev,
					  const struct zone *served)
{
	gfp_t gfp = trace_reader_class(v->reader, ev->class_id)->gfp;
	struct mmr_step_request request = {
		.gfp = gfp,
		.cpu = ev->cpu,
		.nid = (uint16_t)verify_preferred_node(v, ev),
		.nodemask = verify_policy_nodes(v, ev),
		.order = ev->order,
		.mt = ev->migratetype,
		.attempts = (uint8_t)attempts_of(v, ev, gfp),
		.served = served,
	};

	take_told_request(v, ev, &request);
	return request;
}

/* Which of two zones serves hangs on the count of the one that comes first. */
static bool isolated_unseen(const struct verify *v, const struct zone *zone)
{
	return zone && !v->isolation_known && v->isolated_unseen[mmr_step_zone_id(zone)];
}

/* Below its high mark a zone may have been passed over for reasons that no event tells. */
static bool is_short(const struct verify *v, const struct zone *zone)
{
	struct mmr_step_marks marks;

	if (!zone)
		return true;
	mmr_step_marks(v->core, zone, &marks);
	return marks.free <= (int64_t)marks.watermark[WMARK_HIGH] + marks.boost;
}

void verify_choice_of_zone(struct verify *v, const struct trace_event *ev, struct zone *zone, bool fragmenting)
{
	struct mmr_step_request request = request_of(v, ev, zone);
	struct views views = {.zone = NULL};
	enum verify_cause cause;
	struct zone *want;

	if (v->nr_zones_known < v->nr_zones)
		return;
	request.fragmenting = fragmenting;
	want = mmr_step_first_zone(v->core, &request);
	if (want == zone) {
		count_exact(v, VERIFY_ZONE);
		verify_node_was_preferred(v, ev, request.nid, false, false);
		mmr_step_refill_with_nothing(v->core, &request);
		mmr_step_flag_below_high(v->core, &request);
		return;
	}
	cause = find_cause(v, &request, ev, want);
	if (cause == VERIFY_CAUSE_UNEXPLAINED && (isolated_unseen(v, want) || isolated_unseen(v, zone)))
		cause = VERIFY_CAUSE_UNTRACED;
	verify_node_was_preferred(v, ev, request.nid, cause == VERIFY_CAUSE_POLICY, is_short(v, want));
	count_other(v, VERIFY_ZONE, cause == VERIFY_CAUSE_UNEXPLAINED ? VERIFY_DIVERGED : VERIFY_INFORMED,
		    cause, &views, say_zone(v, want), say_zone(v, zone));
	mmr_step_flag_below_high(v->core, &request);
}

/* An allocation that failed: no zone may have passed its mark. */
void verify_no_zone(struct verify *v, const struct trace_event *ev)
{
	struct mmr_step_request request = request_of(v, ev, NULL);
	struct views views = {.zone = NULL};

	if (v->nr_zones_known < v->nr_zones)
		return;
	mmr_step_refill_with_nothing(v->core, &request);
	if (!mmr_step_first_zone(v->core, &request))
		count_exact(v, VERIFY_ZONE);
	else
		count_other(v, VERIFY_ZONE, VERIFY_INFORMED, VERIFY_CAUSE_RECLAIM, &views,
			    say_zone(v, mmr_step_first_zone(v->core, &request)), "the allocation failed");
}
