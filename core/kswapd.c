// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kswapd: when it is woken, how far it goes, when it rests and sleeps.
 *
 * What it takes is reclaim.c's. Where its work is paced it is done in turns, and between two runs it rests as
 * the kernel's does: then it can be woken again, and only who is not woken within the rest falls asleep.
 */
#include "core/list.h"

#define SWAP_CLUSTER_MAX    32
#define MAX_RECLAIM_RETRIES 16
#define DEF_PRIORITY        12

/* ---- is there something to do? --------------------------------------------------------------- */

/*
 * What kswapd takes for free: near the marks it looks closely, and with defrag_mode only whole
 * pageblocks count for a long block.
 * Source: pgdat_balanced(), mm/vmscan.c, v6.15; zone_watermark_ok_safe(), mm/page_alloc.c, v6.12.
 */
static int64_t kswapd_free_pages(const struct mmr_machine *m, const struct zone *zone, unsigned int order)
{
	int64_t free = shared_read(zone->vm_stat_free);

	if (m->sysctl.defrag_mode && order)
		return zone_free_blocks_pages(zone);
	if (zone->percpu_drift_mark && free < (int64_t)zone->percpu_drift_mark)
		return zone_free_snapshot(m, zone);
	return free < 0 ? 0 : free;
}

/*
 * Is some zone a request may use above its high mark?
 * Source: pgdat_balanced(), mm/vmscan.c, v6.12.
 */
static bool pgdat_balanced(const struct mmr_machine *m, const struct pglist_data *pgdat, unsigned int order,
			   int highest_zoneidx)
{
	for (int i = 0; i <= highest_zoneidx; i++) {
		const struct zone *zone = &pgdat->node_zones[i];

		if (!zone->managed_pages)
			continue;
		tell_mark(zone, WMARK_HIGH, MMR_STORY_BALANCED);
		if (zone_watermark_ok_inner(zone, order, wmark_pages(zone, WMARK_HIGH), highest_zoneidx, 0,
					    kswapd_free_pages(m, zone, order)))
			return true;
	}
	return false;
}

/* By how much the marks of the zones are boosted, in all; and of each in @boosts, unless it is NULL. */
static uint32_t pgdat_boost(const struct pglist_data *pgdat, int highest_zoneidx, uint32_t *boosts)
{
	uint32_t sum = 0;

	for (int i = highest_zoneidx; i >= 0; i--) {
		const struct zone *zone = &pgdat->node_zones[i];
		uint32_t boost = zone->managed_pages ? shared_read(zone->watermark_boost) : 0;

		sum += boost;
		if (boosts)
			boosts[i] = boost;
	}
	return sum;
}

static void set_reclaim_active(struct pglist_data *pgdat, int highest_zoneidx, bool active)
{
	for (int i = 0; i <= highest_zoneidx; i++) {
		struct zone *zone = &pgdat->node_zones[i];

		if (active && zone->managed_pages)
			shared_or(zone->flags, 1u << ZONE_RECLAIM_ACTIVE);
		else
			shared_and(zone->flags, ~(1u << ZONE_RECLAIM_ACTIVE));
	}
}

/* Take the boosts away that a run began with, and have whole pageblocks made. Source: balance_pgdat(), v6.12.
 */
static void end_boosts(struct mmr_cpu *cpu, struct pglist_data *pgdat, const uint32_t *boosts,
		       int highest_zoneidx)
{
	bool boosted = false;

	for (int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &pgdat->node_zones[i];
		uint32_t boost = shared_read(zone->watermark_boost);

		if (!zone->managed_pages || !boosts[i])
			continue;
		zone_lock(cpu, zone);
		shared_set(zone->watermark_boost, boost - (boosts[i] < boost ? boosts[i] : boost));
		zone_unlock(zone);
		boosted = true;
	}
	if (boosted)
		wakeup_kcompactd(cpu, pgdat, PAGEBLOCK_ORDER, highest_zoneidx);
}

/*
 * kswapd goes to rest: kcompactd makes long blocks of what it gained.
 * Source: kswapd_try_to_sleep(), mm/vmscan.c, v6.12.
 */
static void wind_up(struct mmr_cpu *cpu, struct pglist_data *pgdat, unsigned int order, int highest_zoneidx)
{
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &pgdat->node_zones[i];

		if (zone->compact_flags & COMPACT_BLOCKSKIP_FLUSH)
			reset_isolation_suitable(cpu->m, zone);
	}
	wakeup_kcompactd(cpu, pgdat, order, highest_zoneidx);
}

/* What was asked for until now is served by the run that begins. Source: kswapd(), mm/vmscan.c, v6.12. */
static void forget_wish(struct pglist_data *pgdat)
{
	shared_set(pgdat->kswapd_order, 0);
	shared_set(pgdat->kswapd_highest_zoneidx, 0);
}

/* It sleeps, with the counters as coarse as before. Source: kswapd_try_to_sleep(), mm/vmscan.c, v6.12. */
static void sleep_now(struct mmr_cpu *cpu, struct pglist_data *pgdat)
{
	forget_wish(pgdat);
	set_pgdat_percpu_threshold(cpu->m, pgdat, false);
	shared_set(pgdat->kswapd_awake, false);
}

void kswapd_finish(struct mmr_cpu *cpu, struct pglist_data *pgdat)
{
	unsigned int order = shared_read(pgdat->kswapd_order);
	int highest_zoneidx = shared_read(pgdat->kswapd_highest_zoneidx);
	uint32_t boosts[MAX_NR_ZONES] = {0};

	pgdat_boost(pgdat, MAX_NR_ZONES - 1, boosts);
	sleep_now(cpu, pgdat);
	end_boosts(cpu, pgdat, boosts, highest_zoneidx);
	wind_up(cpu, pgdat, order, highest_zoneidx);
}

/* ---- one run ------------------------------------------------------------------------------------ */

/*
 * A node where reclaim keeps failing is given up. Up to 7.0 any progress ends that; since then only
 * balance, and runs for a boost are not held against it.
 * Source: kswapd_failures in mm/vmscan.c, v6.12 and v7.1.
 */
static void count_failure(const struct mmr_machine *m, struct pglist_data *pgdat, uint32_t gained,
			  bool balanced, bool boosted)
{
	if (m->profile.kswapd_hopeless == KSWAPD_HOPELESS_BALANCED) {
		if (balanced)
			pgdat->kswapd_failures = 0;
		else if (!gained && !boosted)
			pgdat->kswapd_failures++;
		return;
	}
	if (gained)
		pgdat->kswapd_failures = 0;
	else if (!balanced)
		pgdat->kswapd_failures++;
}

/*
 * A per-CPU list has just brought its zone above the high mark (6.18): its kswapd may try again, if
 * there is a node that would otherwise be preferred to it for ever.
 * Source: free_frozen_page_commit(), mm/page_alloc.c, v6.18.
 */
void kswapd_reset_failures(struct mmr_machine *m, const struct zone *zone)
{
	struct pglist_data *pgdat = zone->zone_pgdat;

	if (m->profile.kswapd_hopeless == KSWAPD_HOPELESS_PROGRESS ||
	    shared_read(pgdat->kswapd_failures) < MAX_RECLAIM_RETRIES)
		return;
	for (unsigned int nid = zone->node + 1u; nid < m->nr_nodes; nid++) {
		if (m->nodes[nid].node_present_pages) {
			shared_set(pgdat->kswapd_failures, 0);
			return;
		}
	}
}

/* What was asked for until now is this run's; what is asked for from now on the next one's. */
static void balance_begin(struct pglist_data *pgdat)
{
	struct kswapd_run *run = &pgdat->kswapd_run;
	int highest_zoneidx = shared_read(pgdat->kswapd_highest_zoneidx);
	unsigned int order = shared_read(pgdat->kswapd_order);

	*run = (struct kswapd_run){
		.highest_zoneidx = highest_zoneidx ? highest_zoneidx : run->highest_zoneidx,
		.order = order,
		.alloc_order = order,
		.gap = 2u << order,
		.priority = DEF_PRIORITY,
	};
	run->boost_left = pgdat_boost(pgdat, run->highest_zoneidx, run->boosts);
	run->boosted = run->boost_left;
	forget_wish(pgdat);
	set_reclaim_active(pgdat, run->highest_zoneidx, true);
}

/* Bits that a number has. Source: fls_long(), v6.12. */
static int bits(uint32_t number)
{
	return number ? 32 - __builtin_clz(number) : 0;
}

/*
 * A round of reclaim begins: how much it wants, and how much it looks at at most.
 * Source: kswapd_shrink_node(), set_initial_priority(), mm/vmscan.c, v6.12.
 * Simplified: half of what is in use is old enough.
 */
static void begin_round(const struct mmr_machine *m, struct pglist_data *pgdat)
{
	struct kswapd_run *run = &pgdat->kswapd_run;
	uint32_t lru = node_lru_pages(pgdat, run->highest_zoneidx), scan;

	run->want = 0;
	for (int i = 0; i <= run->highest_zoneidx; i++) {
		const struct zone *zone = &pgdat->node_zones[i];
		uint32_t mark = (uint32_t)wmark_pages(zone, WMARK_HIGH);

		if (zone->managed_pages)
			run->want += mark > SWAP_CLUSTER_MAX ? mark : SWAP_CLUSTER_MAX;
	}
	if (m->profile.lru != LRU_LISTS && run->priority == DEF_PRIORITY && run->want >= MIN_LRU_BATCH) {
		int priority = bits(lru / 2) - 1 - bits(run->want - 1);

		run->priority = priority < DEF_PRIORITY / 2 ? DEF_PRIORITY / 2
				: priority > DEF_PRIORITY   ? DEF_PRIORITY
							    : priority;
	}
	scan = lru >> run->priority;
	run->scan_left = scan ? scan : 1;
	run->round = 0;
}

/* Are all zones well above their high marks? Source: should_abort_scan(), mm/vmscan.c, v6.12. */
static bool all_zones_safe(const struct pglist_data *pgdat, int highest_zoneidx)
{
	for (int i = 0; i <= highest_zoneidx; i++) {
		const struct zone *zone = &pgdat->node_zones[i];

		if (zone->managed_pages &&
		    !zone_watermark_ok_inner(zone, 0, wmark_pages(zone, WMARK_HIGH) + MIN_LRU_BATCH,
					     highest_zoneidx, 0, shared_read(zone->vm_stat_free)))
			return false;
	}
	return true;
}

/* The multi-generation lists look at the marks between two batches, the old lists between two rounds. */
static bool round_is_over(const struct mmr_machine *m, const struct pglist_data *pgdat)
{
	const struct kswapd_run *run = &pgdat->kswapd_run;

	if (!run->scan_left)
		return true;
	if (m->profile.lru == LRU_LISTS)
		return run->round >= run->want;
	return run->round >= (run->want > run->gap ? run->want : run->gap) ||
	       (!run->order && all_zones_safe(pgdat, run->highest_zoneidx));
}

/*
 * What the round has brought decides how hard the next one tries.
 *
 * Return: no next one is worth it.
 * Simplified: pages that were used again lately are not looked at in vain; how much a run can bring at all is
 * for the caller to know.
 */
static bool end_round(struct kswapd_run *run, uint32_t give_up_pages)
{
	bool enough = run->round >= run->want;

	if (run->boost_left && run->priority <= DEF_PRIORITY - 2)
		enough = true; /* what a boost wants must not cost much */
	run->boost_left -= run->round < run->boost_left ? run->round : run->boost_left;
	if (run->order && run->total >= run->gap)
		run->order = 0;
	run->priority -= !enough;
	run->in_round = false;
	return run->priority < 1 || (give_up_pages && run->total >= give_up_pages);
}

/*
 * Reclaim, round by round, until the node is balanced for the order that woke kswapd; for an order above 0 only
 * until as many pages are gained as compaction would need, then for order 0. A balanced node whose marks are
 * boosted is reclaimed by the boost.
 *
 * @most: pages after which the rest is left for another turn; @give_up_pages: see mmr_kswapd_turn()
 * @ended: set where there is no rest
 * Return: pages taken.
 * Source: balance_pgdat(), mm/vmscan.c, v6.12.
 */
static uint32_t balance_pgdat(struct mmr_cpu *cpu, struct pglist_data *pgdat, uint32_t most,
			      uint32_t give_up_pages, bool *ended)
{
	struct kswapd_run *run = &pgdat->kswapd_run;
	uint32_t taken_now = 0;
	bool balanced = false;

	for (*ended = false; !*ended && taken_now < most;) {
		uint32_t taken;

		if (!run->in_round) {
			balanced = pgdat_balanced(cpu->m, pgdat, run->order, run->highest_zoneidx);
			if (!balanced && run->boost_left) {
				run->boost_left = 0; /* first things first */
				run->priority = DEF_PRIORITY;
			}
			/* A boost must cost no writing, and the multi-generation lists have nothing else. */
			*ended = balanced && (!run->boost_left || cpu->m->profile.lru != LRU_LISTS);
			if (*ended)
				break;
			begin_round(cpu->m, pgdat);
			run->in_round = true;
		}
		taken = shrink_node(cpu, pgdat, run->highest_zoneidx, SWAP_CLUSTER_MAX);
		taken_now += taken;
		run->total += taken;
		run->round += taken;
		run->scan_left -= taken < run->scan_left ? taken : run->scan_left;
		/* What one walk around the zones does not find no later one does. */
		if (!taken)
			*ended = true;
		else if (round_is_over(cpu->m, pgdat))
			*ended = end_round(run, give_up_pages);
	}
	if (*ended) {
		count_failure(cpu->m, pgdat, run->total, balanced, run->boosted);
		cpu->counters.kswapd_reclaimed_pages += run->total;
		set_reclaim_active(pgdat, run->highest_zoneidx, false);
		end_boosts(cpu, pgdat, run->boosts, run->highest_zoneidx);
	}
	return taken_now;
}

/* ---- between runs ------------------------------------------------------------------------------- */

/* Nothing to do, or nothing that could be done? Source: prepare_kswapd_sleep(), mm/vmscan.c, v6.12. */
static bool may_sleep(const struct mmr_machine *m, const struct pglist_data *pgdat)
{
	const struct kswapd_run *run = &pgdat->kswapd_run;

	return pgdat->kswapd_failures >= MAX_RECLAIM_RETRIES ||
	       pgdat_balanced(m, pgdat, run->order, run->highest_zoneidx);
}

/*
 * After a run: what was asked for meanwhile is the next one's, unless this one has lowered its sights. Balanced
 * for that, it rests; else it goes on. Source: kswapd(), kswapd_try_to_sleep(), mm/vmscan.c, v6.12.
 */
static void rest_or_go_on(struct mmr_cpu *cpu, struct pglist_data *pgdat)
{
	struct kswapd_run *run = &pgdat->kswapd_run;
	int highest_zoneidx = shared_read(pgdat->kswapd_highest_zoneidx);

	if (run->order >= run->alloc_order) {
		run->order = run->alloc_order = shared_read(pgdat->kswapd_order);
		run->highest_zoneidx = highest_zoneidx ? highest_zoneidx : run->highest_zoneidx;
	}
	if (!may_sleep(cpu->m, pgdat)) {
		balance_begin(pgdat);
		return;
	}
	run->rests = true;
	shared_set(pgdat->kswapd_awake, false);
	wind_up(cpu, pgdat, run->alloc_order, run->highest_zoneidx);
}

/* A CPU of the node that is online, where there is one. */
static struct mmr_cpu *cpu_of_node(struct mmr_machine *m, unsigned int nid)
{
	unsigned int cpu = 0;

	while (cpu + 1 < m->nr_cpus && (m->cpus[cpu].nid != nid || !mmr_cpu_online(m, cpu)))
		cpu++;
	return &m->cpus[cpu];
}

uint32_t mmr_kswapd_turn(struct mmr_machine *m, unsigned int nid, uint32_t pages, uint32_t give_up_pages)
{
	struct pglist_data *pgdat = &m->nodes[nid];
	struct mmr_cpu *cpu;
	uint32_t taken;
	bool ended;

	if (!m->reclaim.paced || !pgdat->kswapd_awake)
		return 0;
	cpu = cpu_of_node(m, nid);
	taken = balance_pgdat(cpu, pgdat, pages, give_up_pages, &ended);
	if (ended)
		rest_or_go_on(cpu, pgdat);
	return taken;
}

enum mmr_kswapd mmr_kswapd_does(const struct mmr_machine *m, unsigned int nid)
{
	const struct pglist_data *pgdat = &m->nodes[nid];

	if (!m->reclaim.paced)
		return MMR_KSWAPD_SLEEPS;
	return pgdat->kswapd_awake       ? MMR_KSWAPD_WORKS
	       : pgdat->kswapd_run.rests ? MMR_KSWAPD_RESTS
					 : MMR_KSWAPD_SLEEPS;
}

void mmr_kswapd_rested(struct mmr_machine *m, unsigned int nid)
{
	struct pglist_data *pgdat = &m->nodes[nid];

	if (mmr_kswapd_does(m, nid) != MMR_KSWAPD_RESTS)
		return;
	pgdat->kswapd_run.rests = false;
	if (may_sleep(m, pgdat)) {
		sleep_now(cpu_of_node(m, nid), pgdat);
		m->nr_kswapds_awake--;
		return;
	}
	shared_set(pgdat->kswapd_awake, true);
	balance_begin(pgdat);
}

unsigned int mmr_kswapds_awake(const struct mmr_machine *m)
{
	return m->nr_kswapds_awake;
}

/* ---- waking it ---------------------------------------------------------------------------------- */

/* Is there something to wake kswapd for? */
static enum mmr_story_kswapd kswapd_outcome(const struct mmr_machine *m, const struct pglist_data *pgdat,
					    unsigned int order, int highest_zoneidx)
{
	if (shared_read(pgdat->kswapd_awake))
		return MMR_STORY_IS_AWAKE;
	if (shared_read(pgdat->kswapd_failures) >= MAX_RECLAIM_RETRIES)
		return MMR_STORY_GAVE_UP;
	if (pgdat_balanced(m, pgdat, order, highest_zoneidx) && !pgdat_boost(pgdat, highest_zoneidx, NULL))
		return MMR_STORY_NOT_NEEDED;
	return MMR_STORY_WOKEN;
}

/* Woken while it rested it still owes what its last run was for. Source: kswapd_try_to_sleep(), v6.12. */
static void begin_paced(struct mmr_machine *m, struct pglist_data *pgdat)
{
	struct kswapd_run *run = &pgdat->kswapd_run;

	if (run->rests) {
		if (run->order > shared_read(pgdat->kswapd_order))
			shared_set(pgdat->kswapd_order, (uint8_t)run->order);
		if (run->highest_zoneidx > shared_read(pgdat->kswapd_highest_zoneidx))
			shared_set(pgdat->kswapd_highest_zoneidx, (uint8_t)run->highest_zoneidx);
	} else {
		m->nr_kswapds_awake++;
	}
	balance_begin(pgdat);
}

/*
 * Leave word for the node's kswapd, and wake it unless it is awake, has given up, or has nothing to
 * do; then a request that will not compact itself has kcompactd do it. Where reclaim is not modelled
 * kswapd stays awake to the next vmstat update: frees in the recording stand for its work.
 *
 * Source: wakeup_kswapd(), mm/vmscan.c, v6.12.
 */
void wakeup_kswapd(struct mmr_cpu *cpu, struct zone *zone, gfp_t gfp, unsigned int order, int highest_zoneidx)
{
	struct pglist_data *pgdat = zone->zone_pgdat;
	enum mmr_story_kswapd outcome;
	bool ended;

	if (!zone->managed_pages || !cpuset_zone_allowed(cpu, zone, gfp))
		return;
	if (highest_zoneidx > shared_read(pgdat->kswapd_highest_zoneidx))
		shared_set(pgdat->kswapd_highest_zoneidx, (uint8_t)highest_zoneidx);
	if (order > shared_read(pgdat->kswapd_order))
		shared_set(pgdat->kswapd_order, (uint8_t)order);
	outcome = kswapd_outcome(cpu->m, pgdat, order, highest_zoneidx);
	tell(zone, MMR_STORY_KSWAPD, .order = (uint8_t)order, .why = outcome);
	if (outcome != MMR_STORY_WOKEN) {
		if (outcome != MMR_STORY_IS_AWAKE && !(gfp & MMR_GFP_DIRECT_RECLAIM))
			wakeup_kcompactd(cpu, pgdat, order, highest_zoneidx);
		return;
	}
	shared_set(pgdat->kswapd_awake, true);
	set_pgdat_percpu_threshold(cpu->m, pgdat, true);
	cpu->counters.kswapd_wakeups++;
	if (!cpu->m->reclaim.enabled)
		return;
	if (cpu->m->reclaim.paced) {
		begin_paced(cpu->m, pgdat);
		return;
	}
	balance_begin(pgdat);
	balance_pgdat(cpu, pgdat, UINT32_MAX, 0, &ended);
	sleep_now(cpu, pgdat);
	wind_up(cpu, pgdat, pgdat->kswapd_run.alloc_order, pgdat->kswapd_run.highest_zoneidx);
}

/* Each node of the zonelist once per run of its zones. Source: wake_all_kswapds(), v6.12. */
void wake_all_kswapds(struct mmr_cpu *cpu, unsigned int order, gfp_t gfp, const struct alloc_context *ac)
{
	const struct zoneref *z =
		next_zones_zonelist(ac->zonelist->_zonerefs, ac->highest_zoneidx, ac->nodemask);
	const struct pglist_data *last = NULL;
	struct zone *zone;

	if (cpu->m->sysctl.defrag_mode && order < PAGEBLOCK_ORDER)
		order = PAGEBLOCK_ORDER;
	for_next_zone_zonelist(zone, z, ac->highest_zoneidx, ac->nodemask)
	{
		if (!zone->managed_pages || zone->zone_pgdat == last)
			continue;
		wakeup_kswapd(cpu, zone, gfp, order, ac->highest_zoneidx);
		last = zone->zone_pgdat;
	}
}
