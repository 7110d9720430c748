// SPDX-License-Identifier: GPL-2.0-or-later
/* The truth of a recording: its events counted, its last keyframes read. */
#include "replay/trust/observed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/engine/vmstat_runs.h"
#include "replay/event_check.h"
#include "replay/trust/named_node.h"

/**
 * struct run - what a CPU is doing under one hold of zone->lock
 * @zone: which of the map's, ZONE_MAP_NONE between two holds; @type: of the events of the run
 * @order, @migratetype: of a refill; a drain takes from all lists
 * @nr: blocks of a refill so far
 */
struct run {
	uint16_t zone;
	uint8_t type, order, migratetype;
	uint32_t nr;
};

struct count {
	const struct machine *machine;
	struct observed *ret;
	struct run *runs; /* [nr_cpus] */
	struct named_nodes named;
	struct trace_reader *reader;
	struct zone_map map;
	bool batch_alone; /* a refill brings no more than the list's batch */
	bool calls_known; /* of free_pcppages_bulk() */
	bool buddy_known; /* what goes to the buddy past the per-CPU lists */
	uint64_t begin_ns; /* what came earlier is part of the state that the first keyframes tell */
};

/* ---- tables -------------------------------------------------------------------------------- */

static int count_init(struct count *c, struct trace_reader *reader, const struct machine *machine,
		      struct observed *ret, struct mmr_error *err)
{
	const struct kernel_profile *profile;

	*c = (struct count){
		.reader = reader,
		.machine = machine,
		.ret = ret,
		.runs = calloc(machine->nr_cpus, sizeof(*c->runs)),
	};
	profile = kernel_profile_for_release(trace_reader_machine(reader)->kernel_release);
	c->batch_alone = profile && kernel_profile_is(profile, "pcp", "5.14");
	c->calls_known = trace_watched(trace_reader_machine(reader), TRACE_PCP_FREE_BULK);
	c->buddy_known = trace_watched(trace_reader_machine(reader), TRACE_BUDDY_FREE);
	*ret = (struct observed){.have_kswapd =
					 trace_watched(trace_reader_machine(reader), TRACE_WAKEUP_KSWAPD)};
	if (!c->runs)
		return mmr_err(err, -ENOMEM, "no memory to count the events of %u CPUs", machine->nr_cpus);
	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++)
		c->runs[cpu].zone = ZONE_MAP_NONE;
	if (zone_map_init(&c->map, machine, err))
		return -ENOMEM;
	return named_nodes_init(&c->named, reader, machine, err);
}

static void count_deinit(struct count *c)
{
	free(c->runs);
	named_nodes_deinit(&c->named);
	zone_map_deinit(&c->map);
}

/* ---- events -------------------------------------------------------------------------------- */

/* Did the zone that a request tries first not serve it? */
static bool passed_over(const struct count *c, const struct zone_span *span, unsigned int node, gfp_t gfp)
{
	int first = machine_highest_zone(gfp);

	if (span->nid != node)
		return true;
	while (first > 0 && !c->machine->nodes[node].zones[first].managed_pages)
		first--;
	return span->zone != first;
}

static unsigned int wanted_node(struct count *c, const struct trace_event *event, gfp_t gfp)
{
	int16_t named = named_node(&c->named, event, gfp, machine_highest_zone(gfp));

	if (named != NUMA_NO_NODE)
		return (unsigned int)named;
	return c->named.nr_zones ? c->named.wanted[event->cpu] : 0;
}

static void count_alloc(struct count *c, const struct trace_event *event)
{
	const gfp_t gfp = trace_reader_class(c->reader, event->class_id)->gfp;
	struct observed *ret = c->ret;
	const struct zone_span *span;
	unsigned int node;
	uint16_t zone;

	if (event->pfn == TRACE_NO_PFN) {
		ret->failed++;
		return;
	}
	zone = zone_map_find(&c->map, event->pfn);
	ret->allocs++;
	ret->alloc_pages += 1ull << event->order;
	if (zone == ZONE_MAP_NONE)
		return;
	span = &c->map.spans[zone];
	ret->node_pages[span->nid] += 1ull << event->order;
	node = wanted_node(c, event, gfp);
	ret->hits += span->nid == node;
	ret->passed_over += passed_over(c, span, node, gfp);
}

/*
 * Is the list filled? alloc_pages_bulk() refills it again and tells of nothing in between. Where the size of a
 * refill grows (nr_pcp_alloc(), since 6.7) two are seldom wanted in a row, and nothing tells them apart.
 *
 * Source: __rmqueue_pcplist(), mm/page_alloc.c, v6.1.
 */
static bool is_full(const struct count *c, const struct run *run, const struct trace_event *event)
{
	const struct zone_span *span = &c->map.spans[run->zone];
	uint32_t batch = c->machine->nodes[span->nid].zones[span->zone].pcp_batch;

	if (!c->batch_alone || event->type == TRACE_PCPU_DRAIN)
		return false;
	batch = batch >> event->order < 2 && batch > 1 ? 2 : batch >> event->order;
	return run->nr >= batch;
}

/* Does @event go on with what its CPU does under the lock it holds? */
static bool goes_on(const struct count *c, const struct run *run, const struct trace_event *event,
		    uint16_t zone)
{
	return run->zone != ZONE_MAP_NONE && run->zone == zone && run->type == event->type &&
	       !is_full(c, run, event) &&
	       (event->type == TRACE_PCPU_DRAIN ||
		(run->order == event->order && run->migratetype == event->migratetype));
}

static void count_locked(struct count *c, const struct trace_event *event)
{
	bool refill = event->type == TRACE_ZONE_LOCKED && (event->flags & TRACE_F_PERCPU_REFILL);
	bool drain = event->type == TRACE_PCPU_DRAIN;
	struct run *run = &c->runs[event->cpu];
	uint16_t zone = zone_map_find(&c->map, event->pfn);

	c->ret->refill_pages += refill ? 1ull << event->order : 0;
	c->ret->drain_pages += drain ? 1ull << event->order : 0;
	if (drain && c->calls_known)
		return;
	if ((refill || drain) && goes_on(c, run, event, zone)) {
		run->nr++;
		return;
	}
	c->ret->refills += refill;
	c->ret->drains += drain;
	c->ret->locked++;
	*run = (struct run){
		.zone = refill || drain ? zone : ZONE_MAP_NONE,
		.type = event->type,
		.order = event->order,
		.migratetype = event->migratetype,
		.nr = 1,
	};
}

/* What no per-CPU list holds goes straight to the buddy. */
static bool has_no_list(unsigned int order)
{
	return order > PAGE_ALLOC_COSTLY_ORDER && order != PAGEBLOCK_ORDER;
}

static void count_event(struct count *c, const struct trace_event *event)
{
	if (event->cpu >= c->machine->nr_cpus || event->order >= NR_PAGE_ORDERS)
		return;
	named_nodes_follow(&c->named, event);
	if (event->ts_ns < c->begin_ns)
		return;
	switch (event->type) {
	case TRACE_ZONE_LOCKED:
	case TRACE_PCPU_DRAIN:
		count_locked(c, event);
		return;
	case TRACE_EXTFRAG: /* in the midst of a refill: it goes on */
		c->ret->extfrag++;
		return;
	case TRACE_ALLOC:
		count_alloc(c, event);
		break;
	case TRACE_FREE:
		c->ret->locked += !c->buddy_known && has_no_list(event->order);
		break;
	case TRACE_BUDDY_FREE: /* others are there because their list was locked: nothing that requests decide
				*/
		c->ret->locked += has_no_list(event->order);
		return;
	case TRACE_FREE_BATCHED:
		break;
	case TRACE_PCP_FREE_BULK:
		c->ret->drains++;
		c->ret->locked++;
		break;
	case TRACE_WAKEUP_KSWAPD:
		c->ret->kswapd_wakeups++;
		return;
	default: /* other kinds are no page events and end nothing */
		return;
	}
	c->runs[event->cpu].zone = ZONE_MAP_NONE;
}

/* ---- the end ------------------------------------------------------------------------------- */

static int read_end(struct trace_reader *reader, struct observed *ret, struct mmr_error *err)
{
	uint32_t nr = trace_reader_summary(reader)->nr_keyframes;

	for (uint32_t i = 0; i < nr; i++) {
		struct trace_keyframe kf;
		int rc = trace_reader_keyframe(reader, i, &kf, err);

		if (rc)
			return rc;
		rc = keyframe_check(&kf, i, err);
		if (!rc && (kf.flags & TRACE_KF_LAST) && !(kf.flags & TRACE_KF_PARTIAL)) {
			for (uint64_t b = 0; b < kf.nr_blocks; b++)
				ret->nr_free[kf.blocks[b].order]++;
			ret->nr_end_zones++;
		}
		trace_keyframe_deinit(&kf);
		if (rc)
			return rc;
	}
	return 0;
}

int observed_read(struct trace_reader *reader, const struct machine *machine, struct observed *ret,
		  struct mmr_error *err)
{
	const struct trace_event *events;
	struct count c;
	ssize_t nr = 0;
	int rc = count_init(&c, reader, machine, ret, err);

	rc = rc ? rc : trace_first_state_ns(reader, &c.begin_ns, err);
	trace_reader_want(reader, TRACE_WANT_REQUESTS | 1ull << TRACE_PCP_FREE_BULK | 1ull << TRACE_BUDDY_FREE |
					  1ull << TRACE_WAKEUP_KSWAPD);
	while (!rc && (nr = trace_reader_next(reader, &events, err)) > 0)
		for (ssize_t i = 0; i < nr; i++)
			count_event(&c, &events[i]);
	rc = rc ? rc : (int)nr;
	rc = rc ? rc : read_end(reader, ret, err);
	count_deinit(&c);
	trace_reader_want(reader, TRACE_WANT_PAGES);
	return rc;
}
