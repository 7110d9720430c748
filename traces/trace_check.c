// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checking a .mmt file. Nothing here trusts the index: blocks are found by scanning, and the index
 * is then compared with them.
 */
#include "traces/trace_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/mmt_events.h"
#include "traces/mmt_labels.h"
#include "traces/mmt_map.h"
#include "traces/mmt_payload.h"

/* An interrupt between taking a time and taking a slot costs microseconds; more is a broken clock. */
#define DEFAULT_STAT_THRESHOLD 125u

struct checker {
	struct mmt_map map;
	struct trace_check_result *result;
	void (*finding)(void *ctx, const char *line);
	void *ctx;
	struct trace_machine machine;
	struct trace_task *tasks;
	uint32_t nr_tasks;
	struct trace_policy *policies;
	uint32_t nr_policies;
	struct mmt_labels labels;
	uint64_t events[256]; /* by type */
	uint64_t *last_ns; /* [MMT_MAX_CPUS] largest time of each CPU so far */
	struct mmt_events ev;
	struct mmt_workspace work;
	struct mmt_buf scratch;
};

static void tell(struct checker *c, const char *line)
{
	c->result->nr_findings++;
	c->finding(c->ctx, line);
}

__attribute__((format(printf, 3, 4))) static void tell_at(struct checker *c, uint64_t offset, const char *fmt,
							  ...)
{
	char line[600];
	va_list ap;
	int n = snprintf(line, sizeof(line), "%.200s: byte %" PRIu64 ": ", c->map.path, offset);

	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	tell(c, line);
}

/* ---- events --------------------------------------------------------------------------------- */

/*
 * Times one by one: the header's bounds must be exact. Steps back are counted, not held against the
 * file: they are as long as an interrupt between an event's time and its record (25 ms seen).
 */
static void check_times(struct checker *c, const struct mmt_block *b)
{
	const struct mmt_events *ev = &c->ev;
	uint64_t ts = ev->pre.base_ns, first = UINT64_MAX, last = 0, *max = &c->last_ns[b->cpu], worst = 0;

	for (uint32_t i = 0, far = 0; i < ev->nr; i++) {
		ts += ev->step[i] == MMT_TIME_FAR ? (uint64_t)ev->far[far++] : ev->step[i];
		first = ts < first ? ts : first;
		last = ts > last ? ts : last;
		if (ts < *max) {
			c->result->back_steps++;
			worst = *max - ts > worst ? *max - ts : worst;
		} else {
			*max = ts;
		}
	}
	if (first != b->first_ns || last != b->last_ns)
		tell_at(c, b->offset,
			"events block %u: its header says times %" PRIu64 " to %" PRIu64
			", its events have %" PRIu64 " to %" PRIu64,
			b->seq, b->first_ns, b->last_ns, first, last);
	if (worst > c->result->max_back_ns)
		c->result->max_back_ns = worst;
}

static void check_tasks(struct checker *c, const struct mmt_block *b)
{
	uint32_t highest = 0;

	for (uint32_t i = 0; i < c->ev.nr_runs; i++)
		if (c->ev.runs[i].task != TRACE_NO_TASK && c->ev.runs[i].task >= highest)
			highest = c->ev.runs[i].task + 1;
	if (highest > c->nr_tasks)
		tell_at(c, b->offset, "events block %u: names task %u, found only %u tasks before it", b->seq,
			highest - 1, c->nr_tasks);
}

static void check_policies(struct checker *c, const struct mmt_block *b)
{
	uint16_t highest = 0;

	for (uint32_t i = 0; i < c->ev.pre.nr_classes; i++)
		if (c->ev.pre.dict[i].cls.policy > highest)
			highest = c->ev.pre.dict[i].cls.policy;
	if (highest && highest >= c->nr_policies)
		tell_at(c, b->offset, "events block %u: names policy %u, found only %u policies before it",
			b->seq, highest, c->nr_policies);
}

static const char *check_events(struct checker *c, const struct mmt_block *b, struct mmt_cursor *payload)
{
	const char *what;
	bool overflow;

	if (b->cpu >= MMT_MAX_CPUS)
		return "its CPU's number is above 4095";
	what = mmt_get_events(payload, b->count, MMT_ALL_TYPES, &c->work, &c->ev, &overflow);
	if (what)
		return what;
	if (c->machine.nr_cpus && b->cpu >= c->machine.nr_cpus)
		tell_at(c, b->offset, "events block %u: found CPU %u, the machine has %u", b->seq, b->cpu,
			c->machine.nr_cpus);
	for (uint32_t i = 0; i < c->ev.pre.nr_classes; i++)
		c->events[c->ev.pre.dict[i].cls.type] += c->ev.pre.dict[i].count;
	c->result->nr_events += b->count;
	check_times(c, b);
	check_tasks(c, b);
	check_policies(c, b);
	return NULL;
}

/* ---- keyframes ------------------------------------------------------------------------------ */

static const struct trace_zone *find_zone(const struct trace_machine *m, const struct trace_keyframe *kf)
{
	for (uint32_t i = 0; i < m->nr_zones; i++)
		if (m->zones[i].nid == kf->nid && m->zones[i].zone == kf->zone)
			return &m->zones[i];
	return NULL;
}

/* Each block lies in the zone and is aligned to its size. Return: their pages. */
static uint64_t check_blocks(struct checker *c, const struct mmt_block *b, const struct trace_keyframe *kf,
			     const struct trace_zone *zone, const struct trace_free_block *blocks, uint64_t nr)
{
	uint64_t pages = 0, nr_bad = 0, bad = 0;

	for (uint64_t i = 0; i < nr; i++) {
		uint64_t pfn = blocks[i].pfn, size = 1ull << (blocks[i].order & 31);
		bool inside = !zone ||
			      (pfn >= zone->start_pfn && pfn + size <= zone->start_pfn + zone->spanned_pages);

		if (blocks[i].order > 20 || pfn & (size - 1) || !inside) {
			bad = nr_bad++ ? bad : i;
			continue;
		}
		pages += size;
	}
	if (nr_bad)
		tell_at(c, b->offset,
			"keyframe block %u: %" PRIu64
			" of its blocks are not aligned or outside node %u zone %u, the first: pfn %u order %u",
			b->seq, nr_bad, kf->nid, kf->zone, blocks[bad].pfn, blocks[bad].order);
	return pages;
}

static void check_pcps(struct checker *c, const struct mmt_block *b, const struct trace_keyframe *kf,
		       const struct trace_zone *zone)
{
	for (uint32_t i = 0; i < kf->nr_pcps; i++) {
		const struct trace_pcp *pcp = &kf->pcps[i];
		uint64_t pages = check_blocks(c, b, kf, zone, pcp->entries, pcp->nr_entries);

		if (pcp->have_lists && pages != pcp->count)
			tell_at(c, b->offset,
				"keyframe block %u: CPU %u's lists hold %" PRIu64 " pages, its count says %u",
				b->seq, pcp->cpu, pages, pcp->count);
	}
}

/*
 * The lists against the zone's own count, which lacks what CPUs have not folded into it yet: that
 * is known, or bounded by the threshold that makes a CPU fold.
 */
static void check_count(struct checker *c, const struct mmt_block *b, const struct trace_keyframe *kf,
			const struct trace_zone *zone, uint64_t pages)
{
	uint64_t threshold = zone && zone->stat_threshold ? zone->stat_threshold : DEFAULT_STAT_THRESHOLD;
	const uint64_t most = 1ull << 52; /* page frames have no more bits; nothing overflows below */
	int64_t expected = (int64_t)(kf->nr_free_pages < most ? kf->nr_free_pages : most), off;

	for (uint32_t i = 0; i < kf->nr_vm_stat_diff; i++)
		expected += kf->vm_stat_diff[i];
	off = (int64_t)(pages < most ? pages : most) - expected;
	if ((uint64_t)llabs(off) > threshold * c->machine.nr_cpus)
		tell_at(c, b->offset,
			"keyframe block %u: the free lists of node %u zone %u hold %" PRIu64
			" pages, the zone's count says %" PRId64,
			b->seq, kf->nid, kf->zone, pages, expected);
}

static const char *check_keyframe(struct checker *c, const struct mmt_block *b, struct mmt_cursor *payload)
{
	const struct trace_zone *zone;
	struct trace_keyframe kf;
	const char *what = mmt_get_keyframe(payload, &kf);
	uint64_t pages;

	if (what)
		return what;
	c->result->nr_keyframes++;
	zone = find_zone(&c->machine, &kf);
	if (!zone && c->machine.nr_zones)
		tell_at(c, b->offset, "keyframe block %u: node %u zone %u is not among the machine's zones",
			b->seq, kf.nid, kf.zone);
	if (kf.nr_blocks != b->count)
		tell_at(c, b->offset, "keyframe block %u: holds %" PRIu64 " blocks, its header says %u", b->seq,
			kf.nr_blocks, b->count);
	pages = check_blocks(c, b, &kf, zone, kf.blocks, kf.nr_blocks);
	if (kf.flags & TRACE_KF_PARTIAL)
		tell_at(c, b->offset,
			"keyframe block %u: the walk of node %u zone %u missed %" PRIu64 " free blocks", b->seq,
			kf.nid, kf.zone, kf.nr_missing);
	else
		check_count(c, b, &kf, zone, pages);
	check_pcps(c, b, &kf, zone);
	trace_keyframe_deinit(&kf);
	return NULL;
}

/* ---- the rest ------------------------------------------------------------------------------- */

static const char *check_losses(struct checker *c, const struct mmt_block *b, struct mmt_cursor *payload)
{
	struct trace_loss *losses = NULL;
	uint32_t nr = 0;
	const char *what = mmt_get_losses(payload, b->count, &losses, &nr);

	for (uint32_t i = 0; !what && i < nr; i++) {
		char cpu[24] = "an unknown CPU", many[24] = "an unknown number of";

		c->result->nr_lost += losses[i].nr_events;
		if (losses[i].nr_events)
			snprintf(many, sizeof(many), "%" PRIu64, losses[i].nr_events);
		if (losses[i].cpu != UINT32_MAX)
			snprintf(cpu, sizeof(cpu), "CPU %u", losses[i].cpu);
		tell_at(c, b->offset, "%s events were lost on %s between %" PRIu64 " and %" PRIu64 " ns", many,
			cpu, losses[i].begin_ns, losses[i].end_ns);
	}
	free(losses);
	return what;
}

static const char *check_machine(struct checker *c, const struct mmt_block *b, struct mmt_cursor *payload)
{
	if (b->seq != 0 || c->machine.kernel_release)
		return "expected only once, at the start of the file";
	return mmt_get_machine(payload, &c->machine);
}

static void check_block(struct checker *c, const struct mmt_block *b)
{
	struct mmt_cursor payload;
	const char *what = NULL;
	struct mmr_error err;

	if (mmt_block_expand(c->map.path, c->map.data, b, &c->scratch, &payload, &err)) {
		tell(c, err.msg);
		return;
	}
	switch (b->type) {
	case MMT_MACHINE:
		what = check_machine(c, b, &payload);
		break;
	case MMT_EVENTS:
		what = check_events(c, b, &payload);
		break;
	case MMT_TASKS:
		what = mmt_get_tasks(&payload, b->count, &c->tasks, &c->nr_tasks);
		break;
	case MMT_KEYFRAME:
		what = check_keyframe(c, b, &payload);
		break;
	case MMT_LOSS:
		what = check_losses(c, b, &payload);
		break;
	case MMT_POLICIES:
		what = mmt_get_policies(&payload, b->count, &c->policies, &c->nr_policies);
		break;
	case MMT_LABELS:
		what = mmt_get_labels(&payload, b->count, &c->labels);
		break;
	default:
		break; /* INDEX, or of a later version: its checksum held */
	}
	if (!what)
		return;
	mmt_block_malformed(c->map.path, b, what, &err);
	tell(c, err.msg);
}

/* The index against the blocks that are there: same places, same headers, same counts of events. */
static void check_index(struct checker *c)
{
	struct mmt_map by_index;
	struct mmr_error err;

	if (mmt_map_open(&by_index, c->map.path, &err)) {
		tell(c, err.msg);
		mmt_map_close(&by_index);
		return;
	}
	if (!mmt_map_load_index(&by_index)) {
		tell_at(c, c->map.index_offset, "the index does not cover the file's blocks");
		mmt_map_close(&by_index);
		return;
	}
	if (by_index.nr_blocks != c->map.nr_blocks)
		tell_at(c, c->map.index_offset, "the index lists %u blocks, found %u", by_index.nr_blocks,
			c->map.nr_blocks);
	for (uint32_t i = 0; i < by_index.nr_blocks && i < c->map.nr_blocks; i++) {
		if (!memcmp(&by_index.blocks[i], &c->map.blocks[i], sizeof(struct mmt_block)))
			continue;
		tell_at(c, c->map.index_offset,
			"the index differs from the header of block %u at byte %" PRIu64, i,
			c->map.blocks[i].offset);
		break;
	}
	for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
		if (by_index.events[type] != c->events[type])
			tell_at(c, c->map.index_offset,
				"the index counts %" PRIu64 " %s events, found %" PRIu64, by_index.events[type],
				trace_event_type_name(type), c->events[type]);
	mmt_map_close(&by_index);
}

static void check_map(struct checker *c)
{
	for (uint32_t i = 0; i < c->map.nr_gaps; i++)
		tell(c, c->map.gaps[i].what);
	if (!c->map.nr_blocks || c->map.blocks[0].type != MMT_MACHINE)
		tell_at(c, c->map.first_block, "found no machine block, expected one first");
	for (uint32_t i = 0; i < c->map.nr_blocks; i++)
		check_block(c, &c->map.blocks[i]);
	if (c->map.has_index)
		check_block(c, &c->map.index);
	if (c->map.truncated)
		tell_at(c, c->map.size - c->map.truncated, "the last %" PRIu64 " bytes are no whole block",
			c->map.truncated);
	if (!c->map.complete)
		tell_at(c, c->map.size, "no end block: the recorder did not finish");
	else
		check_index(c);
}

int trace_check(const char *path, void (*finding)(void *ctx, const char *line), void *ctx,
		struct trace_check_result *ret, struct mmr_error *err)
{
	struct checker c = {.result = ret, .finding = finding, .ctx = ctx};
	int rc;

	*ret = (struct trace_check_result){0};
	rc = mmt_map_open(&c.map, path, err);
	if (!rc)
		rc = mmt_map_scan(&c.map, err);
	c.last_ns = rc ? NULL : calloc(MMT_MAX_CPUS, sizeof(*c.last_ns));
	if (!rc && !c.last_ns)
		rc = mmr_err(err, -ENOMEM, "%s: no memory to check it", path);
	if (!rc)
		check_map(&c);
	ret->file_bytes = c.map.size;
	ret->nr_blocks = c.map.nr_blocks;
	ret->complete = c.map.complete;
	trace_machine_deinit(&c.machine);
	mmt_events_deinit(&c.ev);
	mmt_workspace_deinit(&c.work);
	mmt_buf_deinit(&c.scratch);
	free(c.tasks);
	free(c.policies);
	mmt_labels_deinit(&c.labels);
	free(c.last_ns);
	mmt_map_close(&c.map);
	return rc;
}
