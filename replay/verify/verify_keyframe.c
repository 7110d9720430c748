// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keyframes: the state to start from, and to compare with.
 *
 * A zone's lists and each CPU's lists of it were read at moments of their own, so each is taken
 * over, or compared, at its own place among the events.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/event_check.h"
#include "replay/verify/verify_internal.h"

/* ---- pageblock types that no keyframe holds ------------------------------------------------ */

static void learn(uint8_t *types, uint32_t pfn, unsigned int mt)
{
	if (types[pfn >> PAGEBLOCK_ORDER] == TYPE_UNKNOWN)
		types[pfn >> PAGEBLOCK_ORDER] = (uint8_t)mt;
}

/* @hints: what allocations ask for; mostly the pageblock's type, but fallbacks mix them */
static void learn_from_event(struct verify *v, const struct trace_event *ev, uint8_t *hints)
{
	const struct trace_class *cls;

	if (ev->pfn >= v->end_pfn || ev->migratetype >= MIGRATE_TYPES)
		return;
	if (ev->type == TRACE_PCPU_DRAIN || ev->type == TRACE_ZONE_LOCKED) {
		learn(v->learned, ev->pfn, ev->migratetype);
	} else if (ev->type == TRACE_EXTFRAG) {
		cls = trace_reader_class(v->reader, ev->class_id);
		learn(v->learned, ev->pfn, cls->fallback_migratetype);
	} else if (ev->type == TRACE_ALLOC && mmr_step_pcp_order(ev->order)) {
		learn(hints, ev->pfn, ev->migratetype);
	}
}

/*
 * A page that is freed goes to the list of its pageblock's type. Where the keyframes do not hold the
 * types, the first event that names a pageblock's tells it, however late it comes.
 */
static int learn_types(struct verify *v, struct mmr_error *err)
{
	const struct trace_event *events;
	uint32_t nr_blocks;
	uint8_t *hints;
	ssize_t nr;

	for (unsigned int n = 0; n < v->recorded.nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *zone = &v->recorded.nodes[n].zones[z];

			if (zone->spanned_pages && zone->start_pfn + zone->spanned_pages > v->end_pfn)
				v->end_pfn = zone->start_pfn + zone->spanned_pages;
		}
	}
	nr_blocks = (v->end_pfn >> PAGEBLOCK_ORDER) + 1;
	v->learned = malloc(nr_blocks);
	hints = malloc(nr_blocks);
	if (!v->learned || !hints) {
		free(hints);
		return mmr_err(err, -ENOMEM, "verify: no memory for %u pageblocks", nr_blocks);
	}
	memset(v->learned, TYPE_UNKNOWN, nr_blocks);
	memset(hints, TYPE_UNKNOWN, nr_blocks);
	trace_reader_rewind(v->reader);
	while (!verify_asked_to_stop(v) && (nr = trace_reader_next(v->reader, &events, NULL)) > 0) {
		for (ssize_t i = 0; i < nr; i++)
			learn_from_event(v, &events[i], hints);
	}
	for (uint32_t i = 0; i < nr_blocks; i++) {
		if (v->learned[i] == TYPE_UNKNOWN)
			v->learned[i] = hints[i];
	}
	free(hints);
	trace_reader_rewind(v->reader);
	return 0;
}

static void adopt_learned_types(struct verify *v, const struct mmr_zone_config *config)
{
	uint32_t end = config->start_pfn + config->spanned_pages;

	for (uint32_t pfn = config->start_pfn & ~(PAGEBLOCK_NR_PAGES - 1); pfn < end;
	     pfn += PAGEBLOCK_NR_PAGES) {
		uint8_t type = v->learned[pfn >> PAGEBLOCK_ORDER];

		if (type != TYPE_UNKNOWN)
			mmr_step_adopt_pageblock(v->core, pfn, type);
	}
}

/* ---- the plan ------------------------------------------------------------------------------ */

static int by_time(const void *a, const void *b)
{
	const struct moment *ma = a, *mb = b;

	if (ma->ts_ns != mb->ts_ns)
		return ma->ts_ns < mb->ts_ns ? -1 : 1;
	/* A loss wipes out what a keyframe of the same moment brings, so it comes first. */
	return (ma->kind != MOMENT_LOSS) - (mb->kind != MOMENT_LOSS);
}

static int add_moment(struct verify *v, uint32_t *room, struct moment moment)
{
	if (v->nr_moments == *room) {
		uint32_t more = *room ? *room * 2 : 64;
		struct moment *moments = realloc(v->moments, more * sizeof(*moments));

		if (!moments)
			return -ENOMEM;
		v->moments = moments;
		*room = more;
	}
	v->moments[v->nr_moments++] = moment;
	return 0;
}

static void plan_limits(struct verify *v, size_t at, const struct trace_pcp *pcp)
{
	struct limits *first = &v->limits[LIMITS_FIRST][at];

	v->limits[LIMITS_LAST][at] = (struct limits){pcp->high, pcp->high_min, pcp->high_max};
	if (!first->high && !first->high_max)
		*first = v->limits[LIMITS_LAST][at];
}

static int plan_keyframe(struct verify *v, uint32_t *room, uint32_t i, const struct trace_keyframe *kf)
{
	int rc = add_moment(v, room, (struct moment){kf->ts_ns, MOMENT_ZONE, i, 0});
	const struct zone *zone = mmr_step_named_zone(v->core, kf->nid, kf->zone);

	for (uint32_t p = 0; p < kf->nr_pcps && !rc; p++) {
		uint64_t ts = kf->pcps[p].ts_ns ? kf->pcps[p].ts_ns : kf->ts_ns;

		rc = add_moment(v, room, (struct moment){ts, MOMENT_PCP, i, p});
		if (zone && kf->pcps[p].cpu < v->nr_cpus)
			plan_limits(v, mmr_step_zone_id(zone) * v->nr_cpus + kf->pcps[p].cpu, &kf->pcps[p]);
	}
	v->moments_left[i] = kf->nr_pcps + 1;
	return rc;
}

/*
 * A recording that was cut has lost the end of every CPU's stream, each at its own time: nothing is
 * complete behind the first of them.
 */
static int plan_cut(struct verify *v, uint32_t *room, struct mmr_error *err)
{
	const struct trace_event *events;
	uint64_t *last = calloc(v->nr_cpus, sizeof(*last)), end = UINT64_MAX;
	ssize_t nr;
	int rc;

	if (!last)
		return mmr_err(err, -ENOMEM, "verify: no memory for %u CPUs", v->nr_cpus);
	trace_reader_rewind(v->reader);
	while (!verify_asked_to_stop(v) && (nr = trace_reader_next(v->reader, &events, NULL)) > 0) {
		for (ssize_t i = 0; i < nr; i++) {
			if (events[i].cpu < v->nr_cpus && events[i].ts_ns > last[events[i].cpu])
				last[events[i].cpu] = events[i].ts_ns;
		}
	}
	trace_reader_rewind(v->reader);
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
		if (last[cpu] && last[cpu] < end)
			end = last[cpu];
	}
	free(last);
	rc = add_moment(v, room, (struct moment){end, MOMENT_LOSS, 0, 0});
	return rc ? mmr_err(err, rc, "verify: no memory for the plan") : 0;
}

/* What was lost, and what of the file is damaged. */
static int gather_missing(struct verify *v)
{
	uint32_t nr_losses, nr_holes;
	const struct trace_loss *losses = trace_reader_losses(v->reader, &nr_losses);
	const struct trace_loss *holes = trace_reader_holes(v->reader, &nr_holes);

	v->missing = calloc(nr_losses + nr_holes + 1, sizeof(*v->missing));
	if (!v->missing)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr_losses; i++)
		v->missing[v->nr_missing++] = losses[i];
	for (uint32_t i = 0; i < nr_holes; i++)
		v->missing[v->nr_missing++] = holes[i];
	return 0;
}

int verify_plan(struct verify *v, struct mmr_error *err)
{
	uint32_t room = 0;
	bool have_types = true;
	int rc = 0;

	v->nr_keyframes = trace_reader_summary(v->reader)->nr_keyframes;
	if (!v->nr_keyframes)
		return mmr_err(err, -EINVAL,
			       "%s: no keyframe%s, expected the free lists at one moment at least; record them "
			       "with mmreplay record",
			       trace_reader_path(v->reader),
			       trace_reader_summary(v->reader)->complete ? "" : " before it was cut short");
	v->keyframes = calloc(v->nr_keyframes, sizeof(*v->keyframes));
	v->moments_left = calloc(v->nr_keyframes, sizeof(*v->moments_left));
	for (int set = 0; set < NR_LIMIT_SETS; set++)
		v->limits[set] = calloc((size_t)v->max_zone_id * v->nr_cpus, sizeof(*v->limits[set]));
	if (!v->keyframes || !v->moments_left || !v->limits[LIMITS_FIRST] || !v->limits[LIMITS_LAST])
		return mmr_err(err, -ENOMEM, "verify: no memory for %u keyframes", v->nr_keyframes);
	for (uint32_t i = 0; i < v->nr_keyframes && !rc; i++) {
		struct trace_keyframe kf;

		rc = trace_reader_keyframe(v->reader, i, &kf, err);
		if (rc == -EBADMSG && v->tolerant) {
			rc = 0;
			continue;
		}
		if (rc)
			return rc;
		rc = keyframe_check(&kf, i, err);
		if (rc) {
			trace_keyframe_deinit(&kf);
			return rc;
		}
		rc = plan_keyframe(v, &room, i, &kf);
		if (!kf.nr_pageblocks && kf.flags & TRACE_KF_FIRST)
			have_types = false;
		trace_keyframe_deinit(&kf);
	}
	if (!rc && !have_types)
		rc = learn_types(v, err);
	rc = rc ? rc : gather_missing(v);
	for (uint32_t i = 0; i < v->nr_missing && !rc; i++)
		rc = add_moment(v, &room, (struct moment){v->missing[i].begin_ns, MOMENT_LOSS, 0, 0});
	if (rc)
		return mmr_err(err, rc, "verify: no memory for the plan of %u keyframes", v->nr_keyframes);
	if (!trace_reader_summary(v->reader)->complete)
		rc = plan_cut(v, &room, err);
	if (rc)
		return rc;
	qsort(v->moments, v->nr_moments, sizeof(*v->moments), by_time);
	for (unsigned int n = 0; n < v->recorded.nr_nodes; n++)
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
			v->nr_zones += v->recorded.nodes[n].zones[z].managed_pages != 0;
	return 0;
}

void verify_plan_deinit(struct verify *v)
{
	free(v->missing);
	for (uint32_t i = 0; v->keyframes && i < v->nr_keyframes; i++)
		trace_keyframe_deinit(&v->keyframes[i]);
	free(v->keyframes);
	free(v->moments_left);
	for (int set = 0; set < NR_LIMIT_SETS; set++)
		free(v->limits[set]);
	free(v->learned);
	free(v->moments);
}

/* ---- a zone's free lists ------------------------------------------------------------------- */

static void note_difference(struct verify *v, const char *text)
{
	if (!v->report->keyframe_difference[0])
		snprintf(v->report->keyframe_difference, sizeof(v->report->keyframe_difference), "%s", text);
}

static const char *zone_words(const struct zone *zone)
{
	enum zone_type type;
	unsigned int nid;

	mmr_step_zone_name(zone, &nid, &type);
	return say("node %u zone %s", nid, mmr_zone_name(type));
}

/* One block that the model does not have shifts every place behind it: how many are on their list at all? */
static void count_listed(struct verify *v, const struct zone *zone, const struct trace_free_block *blocks,
			 uint64_t nr, unsigned int order, unsigned int mt)
{
	for (uint64_t i = 0; i < nr; i++) {
		struct mmr_step_place at = mmr_step_place(v->core, blocks[i].pfn);

		v->report->listed_blocks += mmr_step_zone(v->core, blocks[i].pfn, order) == zone &&
					    at.state == MMR_PAGE_FREE && at.head == blocks[i].pfn &&
					    at.order == order && at.mt == mt;
	}
}

/* One list against its part of the keyframe, block by block at the same place. @most: pages there are */
static void compare_list(struct verify *v, uint64_t most, const struct zone *zone,
			 const struct trace_free_block *blocks, uint64_t nr, unsigned int order,
			 unsigned int mt)
{
	uint32_t pfn = mmr_step_free_head(zone, order, mt);

	for (uint64_t i = 0; (i < nr || pfn != MMR_NO_PFN) && i < most; i++) {
		uint32_t want = i < nr ? blocks[i].pfn : MMR_NO_PFN;

		v->report->compared_blocks++;
		if (pfn == want)
			v->report->equal_blocks++;
		else
			note_difference(v,
					say("%s, free list order %u %s, place %llu: the model has %d, the "
					    "kernel %d (-1: the list ends)",
					    zone_words(zone), order, mmr_migratetype_name((enum migratetype)mt),
					    (unsigned long long)i, (int)pfn, (int)want));
		if (pfn != MMR_NO_PFN)
			pfn = mmr_step_free_next(v->core, pfn, order);
	}
}

/* Types are read after the lists, and not at one moment: had the pageblock got this one by then? */
static bool type_came_later(const struct verify *v, uint32_t pfn, unsigned int mt)
{
	for (uint64_t n = v->number; n < v->window.end; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->type == TRACE_PAGEBLOCK_BITS && ev->pfn == pfn)
			return verify_told_type(v, n) == (int)mt;
	}
	return false;
}

static bool compare_zone(struct verify *v, const struct zone *zone, const struct trace_keyframe *kf)
{
	uint64_t equal = v->report->equal_blocks, compared = v->report->compared_blocks, at = 0;
	uint64_t types_equal = v->report->equal_pageblocks, types = v->report->compared_pageblocks;
	const struct mmr_zone_config *config = &v->recorded.nodes[kf->nid].zones[kf->zone];
	uint32_t first = config->start_pfn & ~(PAGEBLOCK_NR_PAGES - 1);

	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
			uint64_t begin = at;

			while (at < kf->nr_blocks && kf->blocks[at].order == order &&
			       kf->blocks[at].migratetype == mt)
				at++;
			compare_list(v, config->spanned_pages, zone, &kf->blocks[begin], at - begin, order, mt);
			count_listed(v, zone, &kf->blocks[begin], at - begin, order, mt);
		}
	}
	for (uint32_t i = 0; i < kf->nr_pageblocks; i++) {
		uint32_t pfn = first + i * PAGEBLOCK_NR_PAGES;

		if (!mmr_step_zone(v->core, pfn, 0))
			continue;
		v->report->compared_pageblocks++;
		if (mmr_step_pageblock(v->core, pfn) == kf->pageblock_types[i] ||
		    type_came_later(v, pfn, kf->pageblock_types[i]))
			v->report->equal_pageblocks++;
		else
			note_difference(v, say("%s, pageblock of pfn %u: the model has type %u, the kernel %u",
					       zone_words(zone), pfn, mmr_step_pageblock(v->core, pfn),
					       kf->pageblock_types[i]));
	}
	return v->report->equal_blocks - equal == v->report->compared_blocks - compared &&
	       v->report->equal_pageblocks - types_equal == v->report->compared_pageblocks - types;
}

static int adopt_block(struct verify *v, struct zone *zone, const struct trace_free_block *block,
		       struct mmr_error *err)
{
	int rc = mmr_step_adopt_free(v->core, zone, block->pfn, block->order, block->migratetype);

	if (rc == -EEXIST) {
		/* The model still had it on a per-CPU list. */
		v->report->untraced_changes++;
		mmr_step_withdraw(v->core, 0, block->pfn, block->order);
		rc = mmr_step_adopt_free(v->core, zone, block->pfn, block->order, block->migratetype);
	}
	if (rc)
		mmr_err(err, -EINVAL, "%s: keyframe of %s: free block at pfn %u of order %u cannot lie there",
			trace_reader_path(v->reader), zone_words(zone), block->pfn, block->order);
	return rc;
}

static void adopt_types(struct verify *v, const struct trace_keyframe *kf)
{
	const struct mmr_zone_config *config = &v->recorded.nodes[kf->nid].zones[kf->zone];
	uint32_t first = config->start_pfn & ~(PAGEBLOCK_NR_PAGES - 1);

	if (v->learned)
		adopt_learned_types(v, config);
	for (uint32_t i = 0; i < kf->nr_pageblocks; i++) {
		uint32_t pfn = first + i * PAGEBLOCK_NR_PAGES;

		if (pfn < config->start_pfn + config->spanned_pages)
			mmr_step_adopt_pageblock(v->core, pfn, kf->pageblock_types[i]);
	}
}

static int adopt_zone(struct verify *v, struct zone *zone, const struct trace_keyframe *kf,
		      struct mmr_error *err)
{
	int rc = 0;

	mmr_step_zone_forget(v->core, zone);
	adopt_types(v, kf);
	for (uint64_t i = 0; i < kf->nr_blocks && !rc; i++) {
		/* Without recorded pageblock types a free block's list tells its pageblock's type. */
		if (!kf->nr_pageblocks)
			mmr_step_adopt_pageblock(v->core, kf->blocks[i].pfn, kf->blocks[i].migratetype);
		rc = adopt_block(v, zone, &kf->blocks[i], err);
	}
	return rc;
}

static int zone_moment(struct verify *v, const struct trace_keyframe *kf, enum verify_found *found,
		       struct mmr_error *err)
{
	struct zone *zone = mmr_step_named_zone(v->core, kf->nid, kf->zone);
	bool equal = false;
	int rc = 0;

	if (!zone)
		return mmr_err(err, -EINVAL, "%s: keyframe of node %u zone %u, which the header does not have",
			       trace_reader_path(v->reader), kf->nid, kf->zone);
	*found = kf->flags & TRACE_KF_PARTIAL ? VERIFY_FOUND_PARTIAL : VERIFY_FOUND_OTHER_ZONES;
	if (kf->flags & TRACE_KF_PARTIAL && !zone_known(v, zone) && !v->report->other_zones)
		adopt_types(v, kf); /* which list a freed page goes to */
	if (kf->flags & TRACE_KF_PARTIAL || v->report->other_zones)
		return 0;
	*found = zone_known(v, zone) ? VERIFY_FOUND_COMPARED : VERIFY_FOUND_BEGINS;
	if (zone_known(v, zone)) {
		equal = compare_zone(v, zone, kf);
		v->report->keyframes_compared++;
		v->report->keyframes_equal += equal;
	}
	if (!equal)
		rc = adopt_zone(v, zone, kf, err);
	if (rc)
		return rc;
	mmr_step_adopt_counts(v->core, zone, kf->nr_vm_stat_diff >= v->nr_cpus ? kf->vm_stat_diff : NULL);
	mmr_step_set_zone_flags(zone, kf->zone_flags);
	mmr_step_set_boost(zone, (uint32_t)kf->watermark_boost);
	v->isolated_unseen[mmr_step_zone_id(zone)] = false;
	v->taken_unseen[mmr_step_zone_id(zone)] = 0;
	if (!zone_known(v, zone)) {
		v->zone_known[mmr_step_zone_id(zone)] = true;
		v->nr_zones_known++;
		if (v->nr_zones_known == v->nr_zones && v->report->nr_unclaimed)
			v->report->unclaimed[v->report->nr_unclaimed - 1].end = v->report->events;
	}
	return 0;
}

/* ---- a CPU's lists ------------------------------------------------------------------------- */

static bool compare_pcp(struct verify *v, const struct zone *zone, const struct trace_pcp *pcp, uint32_t most)
{
	const struct trace_free_block *entry = pcp->entries;
	bool equal = true;

	for (unsigned int list = 0; list < NR_PCP_LISTS; list++) {
		uint32_t pfn = mmr_step_pcp_head(zone, pcp->cpu, list);

		for (uint32_t i = 0; (i < pcp->list_len[list] || pfn != MMR_NO_PFN) && i < most; i++) {
			uint32_t want = i < pcp->list_len[list] ? (entry++)->pfn : MMR_NO_PFN;

			v->report->compared_pcp_blocks++;
			if (pfn == want) {
				v->report->equal_pcp_blocks++;
			} else {
				equal = false;
				note_difference(v,
						say("%s, CPU %u, list %u, place %u: the model has %d, the "
						    "kernel %d (-1: the list ends)",
						    zone_words(zone), pcp->cpu, list, i, (int)pfn, (int)want));
			}
			if (pfn != MMR_NO_PFN)
				pfn = mmr_step_pcp_next(v->core, zone, pcp->cpu, list, pfn);
		}
	}
	return equal;
}

#define MAX_UNTOLD 3 /* tasks that popped a page and were preempted before they told */

/*
 * Pages that the model has before the kernel's first and whose next event is their allocation: they were popped
 * before the list was read, their tasks tell later.
 */
static void end_untold_pops(struct verify *v, struct zone *zone, unsigned int cpu, unsigned int list,
			    uint32_t first)
{
	uint32_t pfn = mmr_step_pcp_head(zone, cpu, list);
	struct views views = {zone, cpu, (int)list, (uint8_t)mmr_step_pindex_order(list), 0};
	unsigned int nr = 0;

	for (; pfn != first && pfn != MMR_NO_PFN && nr < MAX_UNTOLD; nr++) {
		int next = verify_next_of_page(v, pfn, v->number - 1);

		if (next != TRACE_ALLOC && next != TRACE_BULK_PAGE)
			return;
		pfn = mmr_step_pcp_next(v->core, zone, cpu, list, pfn);
	}
	while (pfn == first && nr--) {
		uint32_t popped = mmr_step_pcp_head(zone, cpu, list);

		verify_show_pop(v, popped);
		mmr_step_pcp_pop(v->core, cpu, zone, list);
		if (verify_next_of_page(v, popped, v->number - 1) == TRACE_ALLOC)
			mmr_step_pcp_begin(zone, cpu);
		verify_note_late(v, zone, popped, views.order);
		count_other(v, VERIFY_PCP, VERIFY_INFORMED, VERIFY_CAUSE_ORDER, &views,
			    say("page %u on the list as it is read", popped), "popped before, told later");
	}
}

static void end_all_untold_pops(struct verify *v, struct zone *zone, const struct trace_pcp *pcp)
{
	uint32_t at = 0;

	for (unsigned int list = 0; list < NR_PCP_LISTS; at += pcp->list_len[list++])
		end_untold_pops(v, zone, pcp->cpu, list,
				pcp->list_len[list] ? pcp->entries[at].pfn : MMR_NO_PFN);
}

static void adopt_pcp(struct verify *v, struct zone *zone, const struct trace_pcp *pcp)
{
	const struct mmr_pcp_state state = {
		.high = pcp->high,
		.high_min = pcp->high_min,
		.high_max = pcp->high_max,
		.batch = pcp->batch ? pcp->batch : 1,
		.free_count = pcp->free_count,
		.alloc_factor = pcp->alloc_factor,
		.flags = pcp->flags,
		.expire = pcp->expire,
	};
	struct pcp_view *view = pcp_view(v, zone, pcp->cpu);

	mmr_step_pcp_forget(v->core, pcp->cpu, zone);
	mmr_step_pcp_write(zone, pcp->cpu, &state, 0);
	*view = (struct pcp_view){.known = true, .unknown = pcp->have_lists ? 0 : NR_PCP_LISTS_MASK};
	for (uint32_t i = 0; i < pcp->nr_entries; i++) {
		const struct trace_free_block *entry = &pcp->entries[i];

		if (mmr_step_zone(v->core, entry->pfn, entry->order) != zone ||
		    !mmr_step_pcp_order(entry->order))
			continue;
		if (mmr_step_withdraw(v->core, pcp->cpu, entry->pfn, entry->order) &
		    (MMR_STEP_WAS_FREE | MMR_STEP_WAS_PCP))
			v->report->untraced_changes++;
		/* The list a page was found on is as good as an event. */
		if (v->learned)
			mmr_step_adopt_pageblock(v->core, entry->pfn, entry->migratetype);
		mmr_step_pcp_append(v->core, pcp->cpu, zone, entry->pfn, entry->order, entry->migratetype);
	}
	mmr_step_pcp_write(zone, pcp->cpu, &state, (int32_t)pcp->count);
}

static enum verify_found pcp_moment(struct verify *v, const struct trace_keyframe *kf,
				    const struct trace_pcp *pcp)
{
	struct zone *zone = mmr_step_named_zone(v->core, kf->nid, kf->zone);
	struct pcp_view *view;
	bool comparable;

	if (!zone || pcp->cpu >= v->nr_cpus || v->report->other_zones)
		return VERIFY_FOUND_OTHER_ZONES;
	view = pcp_view(v, zone, pcp->cpu);
	comparable = view->known && pcp->have_lists && !view->unknown;
	if (comparable)
		end_all_untold_pops(v, zone, pcp);
	if (!comparable || !compare_pcp(v, zone, pcp, v->recorded.nodes[kf->nid].zones[kf->zone].spanned_pages))
		adopt_pcp(v, zone, pcp);
	return comparable ? VERIFY_FOUND_COMPARED : VERIFY_FOUND_BEGINS;
}

/* ---- moments ------------------------------------------------------------------------------- */

void verify_lose(struct verify *v)
{
	struct verify_report *report = v->report;
	uint64_t event = v->number ? v->number - 1 : 0;

	if (report->claim_end == UINT64_MAX)
		report->claim_end = event;
	if (!report->nr_unclaimed || report->unclaimed[report->nr_unclaimed - 1].end != UINT64_MAX) {
		report->nr_unclaimed += report->nr_unclaimed < VERIFY_MAX_UNCLAIMED;
		report->unclaimed[report->nr_unclaimed - 1].begin = event;
		report->unclaimed[report->nr_unclaimed - 1].end = UINT64_MAX;
	}
	for (unsigned int n = 0; n < v->recorded.nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct zone *zone = mmr_step_named_zone(v->core, n, (enum zone_type)z);

			if (!zone)
				continue;
			mmr_step_zone_forget(v->core, zone);
			v->zone_known[mmr_step_zone_id(zone)] = false;
			for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++) {
				mmr_step_pcp_forget(v->core, cpu, zone);
				*pcp_view(v, zone, cpu) = (struct pcp_view){0};
			}
		}
	}
	v->nr_zones_known = 0;
	v->nr_pending = 0;
	v->nr_past_pages = 0;
	v->nr_doubts = 0;
	v->nr_piece_runs = 0;
	memset(v->piece_runs, 0, sizeof(v->piece_runs));
	for (unsigned int cpu = 0; cpu < v->nr_cpus; cpu++)
		verify_end_run(v, cpu);
	memset(v->cpus, 0, v->nr_cpus * sizeof(*v->cpus));
}

/* A state read while events were being lost says nothing about later ones. */
static bool inside_loss(const struct verify *v, uint64_t ts_ns)
{
	for (uint32_t i = 0; i < v->nr_missing; i++) {
		if (ts_ns >= v->missing[i].begin_ns && ts_ns <= v->missing[i].end_ns)
			return true;
	}
	return false;
}

/* A part of a keyframe is due: the zone's lists, or a CPU's. */
static int part_of_keyframe(struct verify *v, const struct moment *moment, const struct trace_keyframe *kf,
			    struct mmr_error *err)
{
	char first[sizeof(v->report->keyframe_difference)];
	struct verify_report *report = v->report;
	struct verify_keyframe part = {
		.number = moment->keyframe,
		.state = kf,
		.pcp = moment->kind == MOMENT_ZONE ? -1 : (int)moment->pcp,
		.event = report->events,
		.found = VERIFY_FOUND_LOST,
		.blocks = report->compared_blocks + report->compared_pcp_blocks,
		.equal_blocks = report->equal_blocks + report->equal_pcp_blocks,
		.pageblocks = report->compared_pageblocks,
		.equal_pageblocks = report->equal_pageblocks,
		.difference = report->keyframe_difference,
	};
	int rc = 0;

	memcpy(first, report->keyframe_difference, sizeof(first));
	report->keyframe_difference[0] = '\0';
	if (inside_loss(v, moment->ts_ns))
		part.found = VERIFY_FOUND_LOST;
	else if (moment->kind == MOMENT_ZONE)
		rc = zone_moment(v, kf, &part.found, err);
	else
		part.found = pcp_moment(v, kf, &kf->pcps[moment->pcp]);
	part.blocks = report->compared_blocks + report->compared_pcp_blocks - part.blocks;
	part.equal_blocks = report->equal_blocks + report->equal_pcp_blocks - part.equal_blocks;
	part.pageblocks = report->compared_pageblocks - part.pageblocks;
	part.equal_pageblocks = report->equal_pageblocks - part.equal_pageblocks;
	if (!rc && v->options.on_keyframe)
		v->options.on_keyframe(&part, v->options.ctx);
	if (first[0])
		memcpy(report->keyframe_difference, first, sizeof(first));
	return rc;
}

int verify_moment(struct verify *v, const struct moment *moment, struct mmr_error *err)
{
	struct trace_keyframe *kf;
	int rc;

	if (moment->kind == MOMENT_LOSS) {
		verify_lose(v);
		return 0;
	}
	kf = &v->keyframes[moment->keyframe];
	if (!kf->blocks && !kf->pcps) {
		rc = trace_reader_keyframe(v->reader, moment->keyframe, kf, err);
		if (rc)
			return rc;
	}
	rc = part_of_keyframe(v, moment, kf, err);
	if (--v->moments_left[moment->keyframe] == 0) {
		trace_keyframe_deinit(kf);
		*kf = (struct trace_keyframe){0};
	}
	return rc;
}
