// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Want of memory, answered by the model: its reclaim takes blocks, its compaction moves them, its OOM
 * killer ends processes; and what then becomes of the recording's later requests on them.
 *
 * The rules. A page that the recorded kernel reclaimed stays in use ("held") until the model's reclaim
 * takes it, which it does before others (engine_cold.c). A page that the model reclaimed is gone: when the
 * recording frees it there is nothing to free, and that is counted. A page that moved is freed at its new
 * place. A killed process gives its movable pages back at once and asks for nothing any more. A refused request
 * is asked again after each kill. Every number that comes of this is modelled.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "replay/engine/engine_internal.h"

#define TASK_MASK ((1u << 29) - 1)

/* ---- who owns what ----------------------------------------------------------------------------- */

/* The first task of each task's process; tasks of no known process and kernel threads have none: nr_tasks. */
static int find_leaders(struct pressure *p, const struct trace_task *tasks, struct mmr_error *err)
{
	uint32_t nr_slots = 16, *slots;

	while (nr_slots < 2 * p->nr_tasks)
		nr_slots *= 2;
	slots = malloc(nr_slots * sizeof(*slots));
	if (!slots)
		return mmr_err(err, -ENOMEM, "no memory for %u tasks", p->nr_tasks);
	memset(slots, 0xff, nr_slots * sizeof(*slots));
	for (uint32_t i = 0; i < p->nr_tasks; i++) {
		uint32_t at = tasks[i].tgid * 2654435769u & (nr_slots - 1);

		while (slots[at] != UINT32_MAX && tasks[slots[at]].tgid != tasks[i].tgid)
			at = (at + 1) & (nr_slots - 1);
		if (slots[at] == UINT32_MAX)
			slots[at] = i;
		p->leader[i] = tasks[i].tgid ? slots[at] : p->nr_tasks;
	}
	p->leader[p->nr_tasks] = p->nr_tasks;
	free(slots);
	return 0;
}

static uint32_t end_of_machine(const struct machine *machine)
{
	uint32_t end = 0;

	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *zone = &machine->nodes[n].zones[z];

			if (zone->spanned_pages && zone->start_pfn + zone->spanned_pages > end)
				end = zone->start_pfn + zone->spanned_pages;
		}
	}
	return end;
}

int engine_init_pressure(struct engine *e, struct mmr_error *err)
{
	struct pressure *p = &e->pressure;
	const struct trace_task *tasks = trace_reader_tasks(e->reader, &p->nr_tasks);
	void *owners;
	int rc;

	if (e->reclaim != ENGINE_RECLAIM_MODELLED || e->backend->kind != BACKEND_CORE)
		return 0;
	if (p->nr_tasks > TASK_MASK - 1)
		p->nr_tasks = TASK_MASK - 1;
	p->nr_owners = (size_t)end_of_machine(e->options.machine) + MAX_ORDER_NR_PAGES;
	owners = mmap(NULL, p->nr_owners * sizeof(*p->owners), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	p->owners = owners == MAP_FAILED ? NULL : owners;
	p->leader = calloc(p->nr_tasks + 1, sizeof(*p->leader));
	p->task_pages = calloc(p->nr_tasks + 1, sizeof(*p->task_pages));
	p->killed = calloc(p->nr_tasks + 1, sizeof(*p->killed));
	p->kswapds = calloc(e->options.machine->nr_nodes, sizeof(*p->kswapds));
	if (!p->owners || !p->leader || !p->task_pages || !p->killed || !p->kswapds)
		return mmr_err(err, -ENOMEM, "no memory to know the owners of %zu pages", p->nr_owners);
	rc = find_leaders(p, tasks, err);
	return rc ? rc : engine_init_cold(e, err);
}

void engine_deinit_pressure(struct engine *e)
{
	struct pressure *p = &e->pressure;

	if (p->owners)
		munmap(p->owners, p->nr_owners * sizeof(*p->owners));
	engine_deinit_cold(e);
	free(p->leader);
	free(p->task_pages);
	free(p->killed);
	free(p->kswapds);
	kswapd_pace_deinit(&p->kswapd_pace);
}

static uint32_t leader_of(const struct pressure *p, uint32_t task)
{
	return p->leader[task < p->nr_tasks ? task : p->nr_tasks];
}

static void charge(struct pressure *p, const struct owner *owner, int64_t pages)
{
	if (owner->type == MIGRATE_MOVABLE)
		p->task_pages[leader_of(p, owner->task)] += (uint64_t)pages;
}

void engine_own(struct engine *e, const struct trace_event *event, uint32_t pfn, unsigned int type)
{
	struct owner *owner = &e->pressure.owners[pfn];

	*owner = (struct owner){
		.recorded = event->pfn,
		.task = (event->task < e->pressure.nr_tasks ? event->task : e->pressure.nr_tasks) & TASK_MASK,
		.type = type & 3,
	};
	charge(&e->pressure, owner, 1 << event->order);
}

void engine_own_start(struct engine *e, uint32_t pfn, unsigned int order, unsigned int type)
{
	struct owner *owner = &e->pressure.owners[pfn];

	*owner = (struct owner){
		.recorded = MMR_NO_PFN,
		.task = e->pressure.nr_tasks & TASK_MASK,
		.type = type & 3,
		.held = true,
	};
	charge(&e->pressure, owner, 1 << order);
}

void engine_disown(struct engine *e, uint32_t pfn, unsigned int order)
{
	charge(&e->pressure, &e->pressure.owners[pfn], -(1 << order));
}

void engine_own_pieces(struct engine *e, uint32_t pfn, unsigned int order, unsigned int new_order)
{
	struct owner piece = e->pressure.owners[pfn];
	uint32_t recorded = piece.recorded;

	for (uint32_t offset = 0; offset < 1u << order; offset += 1u << new_order) {
		piece.recorded = recorded + offset;
		e->pressure.owners[pfn + offset] = piece;
	}
}

void engine_hold(struct engine *e, uint32_t pfn, unsigned int order)
{
	e->pressure.owners[pfn].held = true;
	engine_push_cold(e, pfn, order);
}

bool engine_asker_killed(const struct engine *e, const struct trace_event *event)
{
	return e->pressure.killed[leader_of(&e->pressure, event->task)];
}

/* ---- what the model took and moved ------------------------------------------------------------- */

static void reclaimed(struct engine *e, const struct mmr_displaced *block)
{
	struct owner *owner = &e->pressure.owners[block->from];
	struct live_entry *entry;

	charge(&e->pressure, owner, -(1 << block->order));
	usage_change(&e->usage, block->from, block->order, owner->type, -1);
	if (owner->held) {
		owner->held = false;
		*(owner->recorded == MMR_NO_PFN ? &e->counts.start_reclaimed_pages
						: &e->counts.held_reclaimed_pages) += 1ull << block->order;
		return;
	}
	e->counts.reclaimed_blocks++;
	e->counts.reclaimed_pages += 1ull << block->order;
	entry = live_map_slot(&e->map, owner->recorded);
	entry->pfn = MMR_NO_PFN;
	entry->fate = LIVE_RECLAIMED;
}

static void moved(struct engine *e, const struct mmr_displaced *block)
{
	const struct owner owner = e->pressure.owners[block->from];

	e->counts.moved_blocks++;
	e->counts.moved_pages += 1ull << block->order;
	usage_change(&e->usage, block->from, block->order, owner.type, -1);
	usage_change(&e->usage, block->to, block->order, owner.type, 1);
	e->pressure.owners[block->from].held = false;
	e->pressure.owners[block->to] = owner;
	if (owner.held && owner.recorded != MMR_NO_PFN)
		engine_push_cold(e, block->to, block->order);
	if (!owner.held)
		live_map_slot(&e->map, owner.recorded)->pfn = block->to;
}

void engine_settle(struct engine *e)
{
	struct mmr_displaced blocks[64];
	unsigned int nr;

	do {
		nr = mmr_displaced_blocks(e->core, blocks, 64);
		for (unsigned int i = 0; i < nr; i++) {
			if (blocks[i].to == MMR_NO_PFN)
				reclaimed(e, &blocks[i]);
			else
				moved(e, &blocks[i]);
		}
	} while (nr == 64);
}

/* ---- kswapd's time ------------------------------------------------------------------------------- */

#define SWAP_CLUSTER_MAX 32 /* it takes no less at a time */

/* It works since @turn->worked_ns, as fast as it did in the recording. */
static void work_until(struct engine *e, unsigned int nid, struct kswapd_turn *turn, uint64_t ts_ns)
{
	double pace = kswapd_pace_at(&e->pressure.kswapd_pace, nid, ts_ns);
	double pages = (double)(ts_ns - turn->worked_ns) * pace;
	uint32_t taken;

	turn->rests_ns = 0;
	if (pages < SWAP_CLUSTER_MAX)
		return; /* the rest is for the next turn */
	taken = mmr_kswapd_turn(e->core, nid, pages < 1e9 ? (uint32_t)pages : 1000000000,
				kswapd_pace_give_up(&e->pressure.kswapd_pace, ts_ns));
	turn->worked_ns = taken ? turn->worked_ns + (uint64_t)(taken / pace) : ts_ns;
	engine_settle(e);
}

static void turn_kswapd(struct engine *e, unsigned int nid, uint64_t ts_ns)
{
	struct kswapd_turn *turn = &e->pressure.kswapds[nid];

	switch (mmr_kswapd_does(e->core, nid)) {
	case MMR_KSWAPD_WORKS:
		if (ts_ns > turn->worked_ns)
			work_until(e, nid, turn, ts_ns);
		return;
	case MMR_KSWAPD_RESTS:
		if (!turn->rests_ns)
			turn->rests_ns = ts_ns;
		if (ts_ns - turn->rests_ns >= MMR_KSWAPD_REST_NS)
			mmr_kswapd_rested(e->core, nid);
		break;
	default:
		turn->rests_ns = 0;
	}
	turn->worked_ns = ts_ns > turn->worked_ns ? ts_ns : turn->worked_ns;
}

void engine_turn_kswapds(struct engine *e, uint64_t ts_ns)
{
	struct pressure *p = &e->pressure;

	if (!mmr_kswapds_awake(e->core)) {
		p->asleep_ns = ts_ns;
		return;
	}
	for (unsigned int nid = 0; nid < e->options.machine->nr_nodes; nid++) {
		if (p->kswapds[nid].worked_ns < p->asleep_ns)
			p->kswapds[nid].worked_ns = p->asleep_ns;
		turn_kswapd(e, nid, ts_ns);
	}
}

/* ---- the OOM killer ---------------------------------------------------------------------------- */

/*
 * The process that holds most of what a kill gives back.
 * Simplified: of pages alone; no oom_score_adj, no swap, no page tables.
 * Return: its leader, or nr_tasks where nobody holds anything.  Source: oom_badness(), mm/oom_kill.c, v6.12.
 */
static uint32_t select_bad_process(const struct pressure *p)
{
	uint32_t worst = p->nr_tasks;
	uint64_t most = 0;

	for (uint32_t i = 0; i < p->nr_tasks; i++) {
		if (!p->killed[i] && p->task_pages[i] > most) {
			most = p->task_pages[i];
			worst = i;
		}
	}
	return worst;
}

/* Source: oom_reap_task_mm(), mm/oom_kill.c, v6.12: what can be taken from it before it has ended. */
static void oom_kill_process(struct engine *e, uint32_t leader, unsigned int cpu)
{
	struct pressure *p = &e->pressure;

	p->killed[leader] = true;
	e->counts.killed_processes++;
	for (uint32_t recorded = live_map_next_chunk(&e->map, 0); recorded < e->map.end_pfn;
	     recorded = live_map_next_chunk(&e->map, recorded + 1)) {
		struct live_entry *entry = live_map_slot(&e->map, recorded);
		uint32_t pfn = entry->pfn;

		if (!entry->order_plus_1 || pfn == MMR_NO_PFN || entry->type != MIGRATE_MOVABLE ||
		    leader_of(p, p->owners[pfn].task) != leader)
			continue;
		entry->pfn = MMR_NO_PFN;
		entry->fate = LIVE_KILLED;
		e->counts.killed_pages += 1ull << live_order(entry);
		usage_change(&e->usage, pfn, live_order(entry), entry->type, -1);
		engine_disown(e, pfn, live_order(entry));
		engine_give_back(e, pfn, live_order(entry), cpu);
	}
}

static bool oom_called(struct engine *e)
{
	struct mmr_counters c;
	bool called;

	mmr_counters_read(e->core, &c);
	called = c.oom != e->pressure.oom_seen;
	e->pressure.oom_seen = c.oom;
	return called;
}

struct mmr_page engine_out_of_memory(struct engine *e, const struct mmr_request *request)
{
	struct mmr_page page = {.pfn = MMR_NO_PFN, .path = MMR_PATH_FAILED};

	while (page.pfn == MMR_NO_PFN && oom_called(e)) {
		uint32_t victim = select_bad_process(&e->pressure);

		if (victim == e->pressure.nr_tasks)
			break;
		oom_kill_process(e, victim, request->cpu);
		page = mmr_alloc_pages(e->core, request);
		engine_settle(e);
	}
	return page;
}
