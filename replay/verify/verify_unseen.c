// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What recordings leave out where the kernel lets no function be probed: how many free pages a zone counts.
 *
 * Tracepoints tell some of it by the way. Compaction says how many free pages it took, not which: they are
 * missing from the zone's count, and on the model's lists. When CPUs put their pending counts into the zones'
 * nothing tells: there a choice of the kernel that cannot be otherwise is taken for an answer, once.
 */
#include "replay/verify/verify_internal.h"

/* ---- isolated pages ------------------------------------------------------------------------- */

/* The next free block of the model that lies within [pfn, end); MMR_NO_PFN. */
static uint32_t next_free_block(const struct verify *v, uint32_t pfn, uint32_t end, unsigned int *order)
{
	for (; pfn < end; pfn++) {
		struct mmr_step_place place = mmr_step_place(v->core, pfn);

		if (place.state == MMR_PAGE_FREE && place.head == pfn && pfn + (1u << place.order) <= end) {
			*order = place.order;
			return pfn;
		}
	}
	return MMR_NO_PFN;
}

static int64_t free_pages_within(const struct verify *v, uint32_t pfn, uint32_t end)
{
	unsigned int order = 0;
	int64_t nr_pages = 0;

	while ((pfn = next_free_block(v, pfn, end, &order)) != MMR_NO_PFN) {
		nr_pages += 1u << order;
		pfn += 1u << order;
	}
	return nr_pages;
}

/*
 * A scan takes every free block that it comes to, unless it was told to stride or somebody was faster: where
 * the model has as many pages free there as were taken, it was these. Source: isolate_freepages_block(),
 * fast_isolate_freepages(), mm/compaction.c, v6.1 and v6.12.
 */
void verify_pages_taken(struct verify *v, const struct trace_event *ev, int64_t end, int64_t taken)
{
	struct zone *zone = mmr_step_zone(v->core, ev->pfn, 0);
	uint32_t pfn = ev->pfn;
	unsigned int order = 0;

	if (v->isolation_known || !zone || !zone_known(v, zone) || taken <= 0 || end > UINT32_MAX ||
	    taken > end - (int64_t)pfn)
		return;
	if (ev->type != TRACE_ISOLATE_FREEPAGES || end - pfn > PAGEBLOCK_NR_PAGES ||
	    free_pages_within(v, pfn, (uint32_t)end) != taken) {
		mmr_step_count_pages(v->core, zone, ev->cpu, -(int32_t)taken);
		v->taken_unseen[mmr_step_zone_id(zone)] += taken;
		return;
	}
	while ((pfn = next_free_block(v, pfn, (uint32_t)end, &order)) != MMR_NO_PFN) {
		verify_isolate(v, zone, ev->cpu, pfn, order);
		pfn += 1u << order;
	}
}

void verify_taken_was_seen(struct verify *v, const struct zone *zone, unsigned int cpu, uint32_t nr_pages)
{
	int64_t *taken = &v->taken_unseen[mmr_step_zone_id(zone)];
	int32_t counted = *taken < (int64_t)nr_pages ? (int32_t)*taken : (int32_t)nr_pages;

	v->isolated_unseen[mmr_step_zone_id(zone)] = true;
	*taken -= counted;
	if (counted)
		mmr_step_count_pages(v->core, (struct zone *)zone, cpu, counted);
}

/* ---- boosts --------------------------------------------------------------------------------- */

/* Takes the boosts of a node's zones back that its kswapd saw when it began, or undoes that. */
static bool turn_boosts(struct verify *v, unsigned int nid)
{
	bool any = false;

	for (unsigned int type = 0; type < MAX_NR_ZONES; type++) {
		struct zone *zone = mmr_step_named_zone(v->core, nid, (enum zone_type)type);
		struct mmr_step_marks marks;
		uint32_t *seen, *taken;

		if (!zone)
			continue;
		seen = &v->boosts[mmr_step_zone_id(zone)];
		taken = &v->taken_back[mmr_step_zone_id(zone)];
		mmr_step_marks(v->core, zone, &marks);
		if (*seen) {
			*taken = marks.boost < *seen ? marks.boost : *seen;
			*seen = 0;
			mmr_step_set_boost(zone, marks.boost - *taken);
		} else if (*taken) {
			*seen = *taken;
			*taken = 0;
			mmr_step_set_boost(zone, marks.boost + *seen);
		} else {
			continue;
		}
		any = true;
	}
	return any;
}

/*
 * kswapd takes boosts back at its end; before it begins anew, or sleeps, there is no telling whether it has.
 * Source: balance_pgdat(), mm/vmscan.c, v6.12.
 */
bool verify_boosts_were_other(struct verify *v, const struct mmr_step_request *request)
{
	for (unsigned int nid = 0; !v->balance_known && nid < v->recorded.nr_nodes; nid++) {
		if (!turn_boosts(v, nid))
			continue;
		if (mmr_step_first_zone(v->core, request) == request->served)
			return true;
		turn_boosts(v, nid);
	}
	return false;
}

/* ---- pending counts ------------------------------------------------------------------------- */

static int32_t room_of(const struct zone *zone, unsigned int cpu, int32_t pending, bool hide)
{
	int32_t threshold = mmr_step_threshold(zone, cpu);
	int32_t room =
		(threshold < MAX_STAT_THRESHOLD ? threshold : MAX_STAT_THRESHOLD) + (hide ? -pending : pending);

	return room > 0 ? room : 0;
}

/* How many pages more, or fewer, may be pending with all CPUs together? */
static int32_t room_in(const struct verify *v, const struct zone *zone, bool hide)
{
	int32_t pending[MAX_DRIFTS] = {0}, room = 0;

	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		mmr_step_read_pending(v->core, cpu, pending);
		room += room_of(zone, cpu, pending[mmr_step_zone_id(zone)], hide);
	}
	return room;
}

static bool explains_with(const struct verify *v, const struct mmr_step_request *request,
			  const struct zone *zone, int32_t by)
{
	struct mmr_step_request then = *request;
	int32_t drift[MAX_DRIFTS] = {0};

	drift[mmr_step_zone_id(zone)] = by;
	then.drift = drift;
	return mmr_step_first_zone(v->core, &then) == request->served;
}

/* The least number of pages, up to @room, that explains who served; 0: none does. */
static int32_t least_pages(const struct verify *v, const struct mmr_step_request *request,
			   const struct zone *zone, int32_t room, int32_t sign)
{
	int32_t less = 0, enough = 1;

	while (enough < room && !explains_with(v, request, zone, sign * enough)) {
		less = enough;
		enough *= 2;
	}
	enough = enough < room ? enough : room;
	if (enough <= 0 || !explains_with(v, request, zone, sign * enough))
		return 0;
	while (enough - less > 1) {
		int32_t middle = less + (enough - less) / 2;

		if (explains_with(v, request, zone, sign * middle))
			enough = middle;
		else
			less = middle;
	}
	return enough;
}

static bool try_pending(struct verify *v, const struct mmr_step_request *request, struct zone *zone, bool hide)
{
	int32_t left = least_pages(v, request, zone, room_in(v, zone, hide), hide ? -1 : 1);
	int32_t pending[MAX_DRIFTS] = {0};

	if (!left)
		return false;
	for (unsigned int i = 0; i < v->nr_cpus && left; i++) {
		unsigned int cpu = (request->cpu + i) % v->nr_cpus;
		int32_t room;

		mmr_step_read_pending(v->core, cpu, pending);
		room = room_of(zone, cpu, pending[mmr_step_zone_id(zone)], hide);
		room = room < left ? room : left;
		mmr_step_hide_pages(zone, cpu, hide ? room : -room);
		left -= room;
	}
	return true;
}

/*
 * A CPU keeps up to a threshold of pages to itself, and the vmstat worker, or a CPU that goes idle, puts them
 * into the zone's count at a time that no event tells. A zone that the kernel passed over had counted fewer
 * pages, one that served more: the least difference that explains it is kept. Source: __mod_zone_page_state(),
 * mm/vmstat.c, v6.12.
 */
bool verify_pending_was_other(struct verify *v, const struct mmr_step_request *request, struct zone *want)
{
	struct zone *served = (struct zone *)request->served;

	if (v->folds_known || v->max_zone_id > MAX_DRIFTS)
		return false;
	return (want && try_pending(v, request, want, true)) ||
	       (served && try_pending(v, request, served, false));
}
