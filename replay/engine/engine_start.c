// SPDX-License-Identifier: GPL-2.0-or-later
/* The free memory a replay begins with. */
#include <errno.h>
#include <stdlib.h>

#include "core/state.h"
#include "core/step.h"
#include "replay/engine/engine_internal.h"
#include "replay/engine/start_file.h"
#include "replay/event_check.h"

const char *engine_start_name(enum engine_start start)
{
	static const char *const names[] = {"auto", "recorded", "empty", "aged", "saved"};

	return names[start];
}

/*
 * On the recorded machine with other settings a CPU's lists keep their blocks, not the sizes they had.
 * The sizes follow from these settings, or are said by the machine file.
 */
static bool has_other_sizes(const struct engine *e, const struct trace_keyframe *kf)
{
	const struct machine *a = e->options.machine, *b = e->options.recorded;
	const struct mmr_zone_config *za, *zb;

	if (a == b || e->options.start_from)
		return false;
	za = &a->nodes[kf->nid].zones[kf->zone];
	zb = &b->nodes[kf->nid].zones[kf->zone];
	return za->have_pageset != zb->have_pageset || za->pcp_batch != zb->pcp_batch ||
	       za->pcp_high_min != zb->pcp_high_min || za->pcp_high_max != zb->pcp_high_max ||
	       a->sysctl.min_free_kbytes != b->sysctl.min_free_kbytes ||
	       a->sysctl.watermark_scale_factor != b->sysctl.watermark_scale_factor ||
	       a->sysctl.percpu_pagelist_high_fraction != b->sysctl.percpu_pagelist_high_fraction;
}

static int seed_zone(struct engine *e, const struct trace_keyframe *kf, const struct mmr_zone_config *zone,
		     struct mmr_error *err)
{
	const struct mmr_zone_state state = {
		.watermark_boost = (uint32_t)kf->watermark_boost,
		.flags = kf->zone_flags,
		.nr_reserved_highatomic = (uint32_t)kf->nr_reserved_highatomic,
	};
	int rc = mmr_seed_zone_state(e->core, kf->nid, kf->zone, &state, err);

	for (uint32_t i = 0; i < kf->nr_pageblocks && !rc; i++) {
		uint32_t first = zone->start_pfn & ~(PAGEBLOCK_NR_PAGES - 1);
		uint32_t pfn = first + i * PAGEBLOCK_NR_PAGES;

		if (pfn < zone->start_pfn)
			pfn = zone->start_pfn;
		if (pfn - zone->start_pfn < zone->spanned_pages)
			rc = mmr_seed_pageblock(e->core, pfn, kf->pageblock_types[i], err);
	}
	for (uint64_t i = 0; i < kf->nr_blocks && !rc; i++) {
		const struct trace_free_block *block = &kf->blocks[i];

		/* Without recorded pageblock types a free block's list tells its pageblock's type. */
		if (!kf->nr_pageblocks)
			rc = mmr_seed_pageblock(e->core, block->pfn, block->migratetype, err);
		rc = rc ? rc : mmr_seed_free_block(e->core, block->pfn, block->order, block->migratetype, err);
	}
	for (uint32_t c = 0; c < kf->nr_pcps && !rc; c++) {
		const struct trace_pcp *pcp = &kf->pcps[c];
		const struct mmr_pcp_state pcp_state = {
			.high = pcp->high,
			.high_min = pcp->high_min,
			.high_max = pcp->high_max,
			.batch = pcp->batch,
			.free_count = pcp->free_count,
			.alloc_factor = pcp->alloc_factor,
			.flags = pcp->flags,
			.expire = pcp->expire,
		};

		if (pcp->cpu >= e->options.machine->nr_cpus)
			continue;
		if (!has_other_sizes(e, kf))
			rc = mmr_seed_pcp_state(e->core, pcp->cpu, kf->nid, kf->zone, &pcp_state, err);
		/* Lists and per-CPU lists are read at two moments: what moved in between is where it was first
		 * seen. */
		for (uint32_t i = 0; i < pcp->nr_entries && !rc; i++)
			e->nr_start_conflicts +=
				mmr_seed_pcp_page(e->core, pcp->cpu, pcp->entries[i].pfn, pcp->entries[i].order,
						  pcp->entries[i].migratetype, NULL) != 0;
	}
	return rc;
}

/* The first keyframe of each zone is the state it starts from. */
static int seed_recorded(struct engine *e, struct mmr_error *err)
{
	const struct machine *machine = e->options.machine;
	struct trace_reader *from = e->options.start_from ? e->options.start_from : e->reader;
	uint32_t nr = trace_reader_summary(from)->nr_keyframes;
	bool seeded[MAX_NUMNODES][MAX_NR_ZONES] = {0};

	e->zone_starts = calloc((size_t)machine->nr_nodes * MAX_NR_ZONES, sizeof(*e->zone_starts));
	if (!e->zone_starts)
		return mmr_err(err, -ENOMEM, "no memory for the starting state");
	for (uint32_t i = 0; i < nr; i++) {
		const struct mmr_zone_config *zone;
		struct trace_keyframe kf;
		int rc = trace_reader_keyframe(from, i, &kf, err);

		if (rc)
			return rc;
		if ((kf.flags & TRACE_KF_LAST) || kf.nid >= machine->nr_nodes || kf.zone >= MAX_NR_ZONES ||
		    seeded[kf.nid][kf.zone]) {
			trace_keyframe_deinit(&kf);
			continue;
		}
		zone = &machine->nodes[kf.nid].zones[kf.zone];
		rc = keyframe_check(&kf, i, err);
		rc = rc ? rc : seed_zone(e, &kf, zone, err);
		seeded[kf.nid][kf.zone] = true;
		e->zone_starts[e->nr_zone_starts++] = (struct zone_start){
			.start_pfn = zone->start_pfn,
			.end_pfn = zone->start_pfn + zone->spanned_pages,
			.ts_ns = from == e->reader ? kf.ts_ns : 0,
		};
		if (from == e->reader && kf.ts_ns > e->all_started_ns)
			e->all_started_ns = kf.ts_ns;
		trace_keyframe_deinit(&kf);
		if (rc) {
			mmr_err_prefix(err, "%s: keyframe %u", trace_reader_path(from), i);
			return rc;
		}
	}
	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
			e->nr_zones_missing += machine->nodes[n].zones[z].managed_pages && !seeded[n][z];
	return 0;
}

/*
 * From another recording's state: what happened in this one before its own first keyframes were complete stands
 * for what that state already contains.
 */
static int skip_beginning(struct engine *e, struct mmr_error *err)
{
	int rc = trace_first_state_ns(e->reader, &e->all_started_ns, err);

	if (rc)
		return rc;
	e->zone_starts[0] = (struct zone_start){.end_pfn = UINT32_MAX, .ts_ns = e->all_started_ns};
	e->nr_zone_starts = 1;
	return 0;
}

/* Is it the recorded machine, settings apart? */
static bool same_machine(const struct engine_options *o)
{
	return o->machine == o->recorded ||
	       (machine_same_memory(o->machine, o->recorded) && o->machine->nr_cpus == o->recorded->nr_cpus);
}

/* Is there a state to begin with? What a recording ended with is none: of one that was cut that may be all it
 * has. */
static int find_state(struct engine *e, bool *found, struct mmr_error *err)
{
	struct trace_reader *from = e->options.start_from ? e->options.start_from : e->reader;
	uint32_t nr = trace_reader_summary(from)->nr_keyframes;
	int rc = 0;

	*found = false;
	for (uint32_t i = 0; i < nr && !rc && !*found; i++) {
		struct trace_keyframe kf;

		rc = trace_reader_keyframe(from, i, &kf, err);
		if (rc)
			break;
		*found = !(kf.flags & TRACE_KF_LAST);
		trace_keyframe_deinit(&kf);
	}
	return rc;
}

/* AUTO comes to something; a recording without keyframes has no state of its own, which the result says. */
static int settle_start(struct engine *e, struct mmr_error *err)
{
	bool ops = e->backend->kind == BACKEND_OPS, copies = e->translate.copies > 1;
	bool possible = !ops && !copies && (e->options.start_from || same_machine(&e->options)),
	     has_state = false;
	int rc = possible ? find_state(e, &has_state, err) : 0;

	if (rc)
		return rc;
	e->start = e->options.start;
	if (e->start == ENGINE_START_AUTO)
		e->start = possible ? ENGINE_START_RECORDED : ENGINE_START_EMPTY;
	if (e->start == ENGINE_START_RECORDED && !possible)
		return mmr_err(err, -EINVAL,
			       "%s: cannot start from the recorded state: %s, expected the recorded machine",
			       trace_reader_path(e->reader),
			       ops      ? "the backend begins empty"
			       : copies ? "several copies of the recording run"
					: "another machine was chosen");
	e->lacks_state = e->start == ENGINE_START_RECORDED && !has_state;
	if (e->lacks_state)
		e->start = ENGINE_START_EMPTY;
	if (ops && e->start != ENGINE_START_EMPTY)
		return mmr_err(err, -EINVAL, "backend %s: begins empty, expected no other start state",
			       e->backend->name);
	return 0;
}

static int seed_start(struct engine *e, struct mmr_error *err)
{
	const struct scenario *s = e->options.scenario;
	int rc;

	switch (e->start) {
	case ENGINE_START_RECORDED:
		rc = seed_recorded(e, err);
		return rc || !e->options.start_from ? rc : skip_beginning(e, err);
	case ENGINE_START_AGED:
		mmr_seed_empty(e->core);
		return start_age(e->core, e->options.machine, s ? &s->options->aging : &AGING_DEFAULT,
				 e->options.seed, e->options.stop, err);
	case ENGINE_START_SAVED:
		return start_load(s->options->state_path, e->core, &e->start_checksum, err);
	default:
		mmr_expect_few_pages(e->core);
		mmr_seed_empty(e->core);
		return 0;
	}
}

int engine_choose_start(struct engine *e, struct mmr_error *err)
{
	int rc = settle_start(e, err);

	if (rc || e->backend->kind != BACKEND_CORE)
		return rc;
	rc = seed_start(e, err);
	while (vmstat_runs_due(&e->vmstat_runs) < e->all_started_ns)
		e->vmstat_runs.next++;
	while (recorded_acts_due(&e->recorded_acts) < e->all_started_ns)
		e->recorded_acts.next++;
	if (!rc)
		state_figures(e->core, e->options.machine, e->start >= ENGINE_START_AGED, &e->start_figures);
	return rc;
}

/* ---- what is in use at that moment ----------------------------------------------------------- */

static void unused_blocks(struct engine *e, const struct zone *zone)
{
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
			for (uint32_t pfn = mmr_step_free_head(zone, order, mt); pfn != MMR_NO_PFN;
			     pfn = mmr_step_free_next(e->core, pfn, order))
				usage_change(&e->usage, pfn, order, USAGE_OTHER, -1);
		}
	}
	for (unsigned int cpu = 0; cpu < e->options.machine->nr_cpus; cpu++) {
		for (unsigned int pindex = 0; pindex < NR_PCP_LISTS; pindex++) {
			unsigned int order = mmr_step_pindex_order(pindex);

			for (uint32_t pfn = mmr_step_pcp_head(zone, cpu, pindex); pfn != MMR_NO_PFN;
			     pfn = mmr_step_pcp_next(e->core, zone, cpu, pindex, pfn))
				usage_change(&e->usage, pfn, order, USAGE_OTHER, -1);
		}
	}
}

static void use_span(struct engine *e, uint32_t pfn, uint32_t end)
{
	while (pfn < end) {
		uint32_t next = (pfn | (PAGEBLOCK_NR_PAGES - 1)) + 1;
		uint16_t *pages = &e->usage.blocks[pfn >> PAGEBLOCK_ORDER].pages[USAGE_OTHER];

		next = next < end ? next : end;
		*pages = (uint16_t)(*pages + next - pfn);
		usage_mark(&e->usage, pfn);
		pfn = next;
	}
}

/* A block that the start state's past allocated, not one from boot. */
static void use_block(void *ctx, uint32_t pfn, unsigned int order, enum migratetype mt)
{
	struct engine *e = ctx;
	unsigned int type = mt < MIGRATE_PCPTYPES ? mt : MIGRATE_MOVABLE;

	usage_change(&e->usage, pfn, order, USAGE_OTHER, -1);
	usage_change(&e->usage, pfn, order, type, 1);
	if (e->pressure.owners)
		engine_own_start(e, pfn, order, type);
}

/* All that a zone spans is in use by others, less what is on its lists. Foreign backends begin empty. */
void engine_count_usage(struct engine *e)
{
	for (unsigned int n = 0; n < e->options.machine->nr_nodes; n++) {
		for (int z = 0; z < MAX_NR_ZONES; z++) {
			const struct zone *zone = mmr_step_named_zone(e->core, n, z);
			struct mmr_zone_info info;

			if (e->backend->kind != BACKEND_CORE || !zone || !mmr_zone_read(e->core, n, z, &info))
				continue;
			use_span(e, info.start_pfn, info.start_pfn + info.spanned_pages);
			unused_blocks(e, zone);
		}
	}
	if (e->backend->kind == BACKEND_CORE && e->start >= ENGINE_START_AGED)
		mmr_each_allocated(e->core, use_block, e);
}
