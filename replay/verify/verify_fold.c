// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is free and not counted yet: pending with a CPU.
 *
 * A fold, a CPU's pending counts going into the zones', is told as it begins, and taken for done at once. Some
 * come about later than that: an emulated CPU may stand still for long, and the vmstat worker lets others run
 * after each zone, on its own CPU, too. What the counts were in between is tried where a choice of a zone was
 * another than the model's. Whether the worker was interrupted in one often makes no difference to any choice
 * until much later: a CPU's count goes into a zone's whenever it passes a threshold, and what was pending when
 * the fold came about decides at which page that is.
 * Source: refresh_cpu_vm_stats(), mm/vmstat.c, v6.1 and v6.12.
 */
#include "replay/verify/verify_internal.h"

#define FOLD_DISTANCE 4000 /* events between a fold's own and the last one that may still not have seen it */

/* Another task is the next to be seen on its CPU: the worker may not have come to its last zone yet. */
static bool gives_way(const struct verify *v, const struct trace_event *ev)
{
	uint64_t next = window_at(&v->window, v->number)->next;
	uint32_t task = next ? window_at(&v->window, next)->ev.task : TRACE_NO_TASK;

	return task != TRACE_NO_TASK && task != ev->task;
}

void verify_fold(struct verify *v, const struct trace_event *ev, bool yields)
{
	struct fold_view *fold = &v->cpus[ev->cpu].fold;

	if (v->max_zone_id <= MAX_DRIFTS) {
		*fold = (struct fold_view){.number = v->number,
					   .task = ev->task,
					   .yields = yields,
					   .in_doubt = yields && gives_way(v, ev)};
		mmr_step_read_pending(v->core, ev->cpu, fold->pending);
	}
	mmr_step_fold(v->core, ev->cpu);
}

static bool explains(const struct verify *v, const struct mmr_step_request *request)
{
	struct mmr_step_request slow = *request;

	slow.attempts = MMR_STEP_SLOW;
	return mmr_step_first_zone(v->core, request) == request->served ||
	       mmr_step_first_zone(v->core, &slow) == request->served;
}

/* enum progress - how far a fold is, as far as events since tell */
enum progress { FOLD_DONE, FOLD_BEGUN, FOLD_INTERRUPTED };

/* What its CPU says shows that it is done, unless it is said by others whom the worker let run. */
static enum progress progress_of(const struct verify *v, unsigned int cpu)
{
	const struct fold_view *fold = &v->cpus[cpu].fold;
	enum progress progress = FOLD_BEGUN;

	if (!fold->number || v->number > fold->number + FOLD_DISTANCE)
		return FOLD_DONE;
	for (uint64_t n = fold->number + 1; n <= v->number; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->cpu != cpu)
			continue;
		if (!fold->yields || ev->task == fold->task || ev->task == TRACE_NO_TASK)
			return FOLD_DONE;
		progress = FOLD_INTERRUPTED;
	}
	return progress;
}

/* It went from zone to zone: the first ones may be done. */
bool verify_fold_is_to_come(const struct verify *v, const struct mmr_step_request *request)
{
	struct mmr_step_request then = *request;

	if (v->max_zone_id > MAX_DRIFTS)
		return false;
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		const int32_t *pending = v->cpus[cpu].fold.pending;
		int32_t drift[MAX_DRIFTS] = {0};

		if (progress_of(v, cpu) == FOLD_DONE)
			continue;
		then.drift = drift;
		for (unsigned int i = v->max_zone_id; i-- > 0;) {
			drift[i] = -pending[i];
			if (pending[i] && explains(v, &then))
				return true;
		}
	}
	return false;
}

/* The zones from this one on were folded since, with what had come to be pending by then. */
static void fold_from(struct verify *v, unsigned int cpu, unsigned int first)
{
	for (unsigned int nid = 0; nid < v->recorded.nr_nodes; nid++) {
		for (unsigned int type = 0; type < MAX_NR_ZONES; type++) {
			struct zone *zone = mmr_step_named_zone(v->core, nid, (enum zone_type)type);

			if (zone && mmr_step_zone_id(zone) >= first)
				mmr_step_fold_zone(zone, cpu);
		}
	}
	v->cpus[cpu].fold.number = 0;
	v->cpus[cpu].fold.in_doubt = false;
}

bool verify_fold_came_late(struct verify *v, const struct mmr_step_request *request)
{
	struct mmr_step_request then = *request;

	if (v->max_zone_id > MAX_DRIFTS)
		return false;
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		int32_t pending[MAX_DRIFTS] = {0}, drift[MAX_DRIFTS] = {0};

		if (progress_of(v, cpu) != FOLD_INTERRUPTED)
			continue;
		mmr_step_read_pending(v->core, cpu, pending);
		then.drift = drift;
		for (unsigned int i = v->max_zone_id; i-- > 0;) {
			drift[i] = pending[i];
			if (pending[i] && explains(v, &then)) {
				fold_from(v, cpu, i);
				return true;
			}
		}
	}
	return false;
}

/* Told once, what the CPU has pending is known again. */
static bool try_passed(struct verify *v, const struct mmr_step_request *request, unsigned int cpu,
		       struct zone *zone)
{
	int32_t pending[MAX_DRIFTS] = {0}, drift[MAX_DRIFTS] = {0};
	unsigned int id = mmr_step_zone_id(zone);
	struct mmr_step_request then = *request;

	mmr_step_read_pending(v->core, cpu, pending);
	drift[id] = pending[id];
	then.drift = drift;
	if (!pending[id] || !explains(v, &then))
		return false;
	mmr_step_fold_zone(zone, cpu);
	v->cpus[cpu].fold.in_doubt = false;
	return true;
}

/*
 * After a fold that may have been interrupted the kernel's pending count may be at another distance from the
 * threshold than the model's, and have passed it at the last page, long after, as long as no other fold began.
 * Source: __mod_zone_page_state(), mm/vmstat.c, v6.1 and v6.12.
 */
bool verify_fold_was_interrupted(struct verify *v, const struct mmr_step_request *request)
{
	if (v->max_zone_id > MAX_DRIFTS)
		return false;
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		if (!v->cpus[cpu].fold.in_doubt)
			continue;
		for (unsigned int i = 0; i < v->recorded.nr_nodes * MAX_NR_ZONES; i++) {
			struct zone *zone = mmr_step_named_zone(v->core, i / MAX_NR_ZONES,
								(enum zone_type)(i % MAX_NR_ZONES));

			if (zone && try_passed(v, request, cpu, zone))
				return true;
		}
	}
	return false;
}

/* On 7.3 marks are set up before the second CPU comes. */
static void set_pressure(struct verify *v, unsigned int nid, bool awake)
{
	mmr_step_set_pressure(v->core, nid, awake, v->frees_pieces);
}

/* Source: kswapd(), kswapd_try_to_sleep(), wakeup_kswapd(), mm/vmscan.c, v6.12. */
void verify_kswapd(struct verify *v, const struct trace_event *ev, int64_t nid)
{
	if (nid < 0 || nid >= v->recorded.nr_nodes)
		return;
	/* From when it is called until it waits again, nobody waits for calls. */
	if (v->balance_known)
		mmr_step_set_kswapd(v->core, (unsigned int)nid, ev->type != TRACE_KSWAPD_SLEEP);
	if (ev->type != TRACE_WAKEUP_KSWAPD) {
		v->kswapds[nid] = ev->type == TRACE_KSWAPD_WAKE ? KSWAPD_UP : KSWAPD_ASLEEP;
		set_pressure(v, (unsigned int)nid, ev->type == TRACE_KSWAPD_WAKE);
	} else {
		v->kswapds[nid] = v->kswapds[nid] >= KSWAPD_ASLEEP ? KSWAPD_CALLED : KSWAPD_UP;
	}
}

/* Would this CPU's having more pages pending explain it, or fewer? The least difference that does is kept. */
static bool hide_least(struct verify *v, const struct mmr_step_request *request, struct zone *zone)
{
	int32_t pending[MAX_DRIFTS] = {0}, drift[MAX_DRIFTS] = {0};
	int32_t threshold = mmr_step_threshold(zone, request->cpu);
	unsigned int id = mmr_step_zone_id(zone);
	struct mmr_step_request then = *request;

	mmr_step_read_pending(v->core, request->cpu, pending);
	then.drift = drift;
	for (int32_t by = 1; by <= 2 * threshold; by++) {
		for (int32_t hidden = -by; hidden <= by; hidden += 2 * by) {
			if (pending[id] + hidden > threshold || pending[id] + hidden < -threshold)
				continue;
			drift[id] = -hidden;
			if (explains(v, &then)) {
				mmr_step_hide_pages(zone, request->cpu, hidden);
				return true;
			}
		}
	}
	return false;
}

/*
 * A kswapd that was called sets how much may be pending as soon as it runs. It tells that it is awake later,
 * when others may have had its CPU in between.
 */
bool verify_kswapd_was_up(struct verify *v, const struct mmr_step_request *request)
{
	if (v->max_zone_id > MAX_DRIFTS)
		return false;
	for (unsigned int nid = 0; nid < v->recorded.nr_nodes; nid++) {
		if (v->kswapds[nid] != KSWAPD_CALLED)
			continue;
		set_pressure(v, nid, true);
		for (unsigned int type = 0; type < MAX_NR_ZONES; type++) {
			struct zone *zone = mmr_step_named_zone(v->core, nid, (enum zone_type)type);

			if (zone && hide_least(v, request, zone)) {
				v->kswapds[nid] = KSWAPD_UP;
				return true;
			}
		}
		set_pressure(v, nid, false);
	}
	return false;
}

/*
 * Done with its work a kswapd dozes before it sleeps, and works from when that ends: it tells so later.
 * Source: kswapd_try_to_sleep(), mm/vmscan.c, get_page_from_freelist(), mm/page_alloc.c, v6.18.
 */
bool verify_kswapd_worked(struct verify *v, const struct mmr_step_request *request)
{
	bool works;

	for (unsigned int nid = 0; nid < v->recorded.nr_nodes; nid++) {
		if (v->kswapds[nid] != KSWAPD_DOZING)
			continue;
		works = mmr_step_kswapd(v->core, nid);
		mmr_step_set_kswapd(v->core, nid, !works);
		if (explains(v, request))
			return true;
		mmr_step_set_kswapd(v->core, nid, works);
	}
	return false;
}

static bool works_otherwise(struct verify *v, const struct mmr_step_request *request, unsigned int nid,
			    unsigned int other)
{
	bool one = mmr_step_kswapd(v->core, nid), two = mmr_step_kswapd(v->core, other), explained;

	mmr_step_set_kswapd(v->core, nid, !one);
	mmr_step_set_kswapd(v->core, other, !two);
	explained = explains(v, request);
	mmr_step_set_kswapd(v->core, nid, one);
	mmr_step_set_kswapd(v->core, other, two);
	return explained;
}

/* The look at one or two nodes came before their kswapds were called, or waited again; the request's event
 * after. */
bool verify_kswapd_race(struct verify *v, const struct mmr_step_request *request)
{
	for (unsigned int nid = 0; nid < v->recorded.nr_nodes; nid++) {
		for (unsigned int other = 0; other <= nid; other++) {
			if (works_otherwise(v, request, nid, other))
				return true;
		}
	}
	return false;
}

void verify_balance(struct verify *v, int64_t nid, bool begins)
{
	if (nid < 0 || nid >= v->recorded.nr_nodes)
		return;
	mmr_step_set_kswapd(v->core, (unsigned int)nid, begins);
	v->kswapds[nid] = begins ? KSWAPD_UP : KSWAPD_DOZING;
}
