// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kcompactd: compaction in the background, for the order that kswapd or a request could not get, or of
 * its own accord where a node's free memory has become too fragmented.
 */
#include <errno.h>

#include "core/compaction.h"

/* ---- how fragmented? --------------------------------------------------------------------------- */

/* Percent of the zone's free pages that are in no free huge page. Source: extfrag_for_order(), v6.12. */
unsigned int fragmentation_score_zone(const struct zone *zone)
{
	uint64_t free = 0, suitable = 0;

	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
			uint64_t pages = (uint64_t)zone->free_area[order].free_list[mt].nr << order;

			free += pages;
			suitable += order >= HPAGE_PMD_ORDER ? pages : 0;
		}
	}
	return free ? (unsigned int)((free - suitable) * 100 / free) : 0;
}

unsigned int mmr_fragmentation_score(const struct mmr_machine *m, unsigned int nid)
{
	uint64_t score = 0;

	if (nid >= m->nr_nodes)
		return 0;
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *zone = &m->nodes[nid].node_zones[i];

		if (populated_zone(zone))
			score += (uint64_t)zone->present_pages * fragmentation_score_zone(zone) /
				 (m->nodes[nid].node_present_pages + 1u);
	}
	return (unsigned int)score;
}

/*
 * The score at which a proactive run ends (@low), and above which it begins. Since 6.16 the two
 * draw together as the setting goes up, and it may go all the way.
 * Source: fragmentation_score_wmark(), mm/compaction.c, v6.12 and v6.16.
 */
unsigned int fragmentation_score_wmark(const struct mmr_machine *m, bool low)
{
	unsigned int mark = 100 - m->sysctl.compaction_proactiveness, leeway = 10;

	if (m->profile.proactive == PROACTIVE_CAPPED)
		mark = mark < 5 ? 5 : mark;
	else
		leeway = mark / 2 < 10 ? mark / 2 : 10;
	if (low)
		return mark;
	return mark + leeway < 100 ? mark + leeway : 100;
}

/* ---- being woken ------------------------------------------------------------------------------- */

/* With defrag_mode the goal is the high mark in whole pageblocks. Source: kcompactd_do_work(), v6.15. */
static unsigned int kcompactd_alloc_flags(const struct mmr_machine *m)
{
	return m->sysctl.defrag_mode ? ALLOC_WMARK_HIGH : ALLOC_WMARK_MIN;
}

/* Source: kcompactd_node_suitable(), mm/compaction.c, v6.12. */
static bool kcompactd_node_suitable(const struct mmr_machine *m, const struct pglist_data *pgdat,
				    unsigned int order, int highest_zoneidx)
{
	for (int i = 0; i <= highest_zoneidx; i++) {
		const struct zone *zone = &pgdat->node_zones[i];

		if (populated_zone(zone) &&
		    suit_allocation_order(m, zone, order, highest_zoneidx, kcompactd_alloc_flags(m),
					  m->sysctl.defrag_mode) == COMPACT_CONTINUE)
			return true;
	}
	return false;
}

/*
 * Leave word for the node's kcompactd, which runs at its next turn.
 * Source: wakeup_kcompactd(), mm/compaction.c, v6.12.
 */
void wakeup_kcompactd(struct mmr_cpu *cpu, struct pglist_data *pgdat, unsigned int order, int highest_zoneidx)
{
	bool pending = pgdat->kcompactd_max_order;

	if (!order || !cpu->m->compaction.enabled)
		return;
	if (order > pgdat->kcompactd_max_order)
		pgdat->kcompactd_max_order = (uint8_t)order;
	if (highest_zoneidx > pgdat->kcompactd_highest_zoneidx)
		pgdat->kcompactd_highest_zoneidx = (uint8_t)highest_zoneidx;
	if (!kcompactd_node_suitable(cpu->m, pgdat, pgdat->kcompactd_max_order,
				     pgdat->kcompactd_highest_zoneidx)) {
		pgdat->kcompactd_max_order = pgdat->kcompactd_highest_zoneidx = 0;
		return;
	}
	cpu->counters.kcompactd_wakeups += !pending;
}

/* ---- its work ---------------------------------------------------------------------------------- */

/* Source: kcompactd_do_work(), mm/compaction.c, v6.12. */
static void kcompactd_zone(struct mmr_cpu *cpu, struct zone *zone, unsigned int order, int highest_zoneidx)
{
	struct compact_control cc = {.cpu = cpu,
				     .zone = zone,
				     .order = (int)order,
				     .highest_zoneidx = highest_zoneidx,
				     .alloc_flags = kcompactd_alloc_flags(cpu->m)};
	enum compact_result status;

	if (compaction_deferred(zone, order))
		return;
	if (suit_allocation_order(cpu->m, zone, order, highest_zoneidx, cc.alloc_flags,
				  cpu->m->sysctl.defrag_mode) != COMPACT_CONTINUE)
		return;
	status = compact_zone(&cc, false);
	if (status == COMPACT_SUCCESS) {
		compaction_defer_reset(zone, order, false);
	} else {
		drain_all_pages(cpu, zone);
		defer_compaction(zone, order);
	}
}

static void kcompactd_do_work(struct mmr_cpu *cpu, struct pglist_data *pgdat, unsigned int order,
			      int highest_zoneidx)
{
	for (int i = 0; i <= highest_zoneidx; i++) {
		if (populated_zone(&pgdat->node_zones[i]))
			kcompactd_zone(cpu, &pgdat->node_zones[i], order, highest_zoneidx);
	}
}

/* Every zone, until its score is low enough or nothing more can move. Source: compact_node(), v6.12. */
static void compact_node(struct mmr_cpu *cpu, struct pglist_data *pgdat, bool proactive)
{
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &pgdat->node_zones[i];
		struct compact_control cc = {
			.cpu = cpu, .zone = zone, .order = WHOLE_ZONE, .proactive = proactive};

		if (populated_zone(zone))
			compact_zone(&cc, true);
	}
}

/* Source: should_proactive_compact_node() and the timeout of kcompactd(), mm/compaction.c, v6.12. */
static void proactive_turn(struct mmr_cpu *cpu, struct pglist_data *pgdat)
{
	unsigned int nid = (unsigned int)pgdat->node_id, score = mmr_fragmentation_score(cpu->m, nid);

	if (!cpu->m->sysctl.compaction_proactiveness || shared_read(pgdat->kswapd_awake) ||
	    score <= fragmentation_score_wmark(cpu->m, false))
		return;
	if (pgdat->kcompactd_skip) {
		pgdat->kcompactd_skip--;
		return;
	}
	cpu->counters.kcompactd_proactive++;
	compact_node(cpu, pgdat, true);
	if (mmr_fragmentation_score(cpu->m, nid) >= score)
		pgdat->kcompactd_skip = (1u << COMPACT_MAX_DEFER_SHIFT) - 1;
}

static int check_call(const struct mmr_machine *m, unsigned int nid, unsigned int cpu, struct mmr_error *err)
{
	if (nid >= m->nr_nodes || !mmr_cpu_online(m, cpu))
		return mmr_err(err, -EINVAL,
			       "compaction: node %u cpu %u, expected nodes 0..%u and an online cpu of 0..%u",
			       nid, cpu, m->nr_nodes - 1, m->nr_cpus - 1);
	if (!m->compaction.enabled)
		return mmr_err(err, -EINVAL, "compaction: this machine was created without it");
	return 0;
}

int mmr_kcompactd_turn(struct mmr_machine *m, unsigned int nid, unsigned int cpu_id, struct mmr_error *err)
{
	int rc = check_call(m, nid, cpu_id, err);
	struct pglist_data *pgdat;
	unsigned int order;

	if (rc)
		return rc;
	pgdat = &m->nodes[nid];
	order = pgdat->kcompactd_max_order;
	if (order) {
		int highest_zoneidx = pgdat->kcompactd_highest_zoneidx;

		pgdat->kcompactd_max_order = pgdat->kcompactd_highest_zoneidx = 0;
		kcompactd_do_work(&m->cpus[cpu_id], pgdat, order, highest_zoneidx);
	} else {
		proactive_turn(&m->cpus[cpu_id], pgdat);
	}
	return 0;
}

int mmr_compact_node(struct mmr_machine *m, unsigned int nid, int order, unsigned int cpu,
		     struct mmr_error *err)
{
	int rc = check_call(m, nid, cpu, err);

	if (rc)
		return rc;
	if (order > MAX_PAGE_ORDER || order == 0 || order < -1)
		return mmr_err(err, -EINVAL, "compaction: node %u order %d, expected -1 or 1..%u", nid, order,
			       MAX_PAGE_ORDER);
	if (order < 0)
		compact_node(&m->cpus[cpu], &m->nodes[nid], false);
	else
		kcompactd_do_work(&m->cpus[cpu], &m->nodes[nid], (unsigned int)order, MAX_NR_ZONES - 1);
	return 0;
}
