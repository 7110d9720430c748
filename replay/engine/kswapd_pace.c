// SPDX-License-Identifier: GPL-2.0-or-later
/* kswapd's pace, from its frees and the time it was at work. */
#include "replay/engine/kswapd_pace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/page_alloc.h"
#include "replay/engine/vmstat_runs.h"
#include "replay/machines/machine.h"

/* Work of less than a tenth of a second tells too little of that second. */
#define MIN_WORK_NS (KSWAPD_PACE_SLICE_NS / 10)

/* struct slice - what kswapd did in it, of all nodes or of one */
struct slice {
	uint64_t work_ns, pages;
};

/* struct kswapd - one node's, at work since @begin_ns (0: it is not); its last run ended at @end_ns, 0 once
 * woken */
struct kswapd {
	uint64_t begin_ns, end_ns, pages;
	uint32_t task;
};

struct count {
	struct kswapd nodes[MAX_NUMNODES];
	struct slice *slices; /* [(nr_nodes + 1) * nr_slices], first of all nodes */
	size_t nr_slices;
	unsigned int nr_nodes;
	uint64_t first_ns, last_ns;
	struct kswapd_give_up *give_ups; /* [nr_give_ups], room for [room] */
	size_t nr_give_ups, room;
};

static size_t slice_at(const struct count *c, uint64_t ts_ns)
{
	size_t slice = ts_ns > c->first_ns ? (ts_ns - c->first_ns) / KSWAPD_PACE_SLICE_NS : 0;

	return slice < c->nr_slices ? slice : c->nr_slices - 1;
}

static void add(struct count *c, unsigned int nid, uint64_t ts_ns, uint64_t work_ns, uint64_t pages)
{
	size_t slice = slice_at(c, ts_ns);

	c->slices[slice].work_ns += work_ns;
	c->slices[slice].pages += pages;
	if (nid >= c->nr_nodes)
		return;
	c->slices[(nid + 1) * c->nr_slices + slice].work_ns += work_ns;
	c->slices[(nid + 1) * c->nr_slices + slice].pages += pages;
}

static void count_free(struct count *c, const struct trace_event *event)
{
	if (event->order >= NR_PAGE_ORDERS || !(event->flags & TRACE_F_KSWAPD) ||
	    (event->flags & (TRACE_F_SOFTIRQ | TRACE_F_HARDIRQ)))
		return;
	for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++) {
		if (!c->nodes[nid].begin_ns || c->nodes[nid].task != event->task)
			continue;
		c->nodes[nid].pages += 1ull << event->order;
		add(c, nid, event->ts_ns, 0, 1ull << event->order);
	}
}

static void count_work(struct count *c, unsigned int nid, uint64_t begin_ns, uint64_t end_ns)
{
	while (begin_ns < end_ns) {
		size_t slice = slice_at(c, begin_ns);
		uint64_t next_ns = c->first_ns + (slice + 1) * KSWAPD_PACE_SLICE_NS;

		if (next_ns > end_ns || slice + 1 == c->nr_slices)
			next_ns = end_ns;
		add(c, nid, begin_ns, next_ns - begin_ns, 0);
		begin_ns = next_ns;
	}
}

/* A run that freed nothing tells of what there was to reclaim, not of the pace. */
static void end_run(struct count *c, unsigned int nid, uint64_t ts_ns)
{
	struct kswapd *k = &c->nodes[nid];

	if (k->begin_ns && k->pages)
		count_work(c, nid, k->begin_ns, ts_ns);
	k->begin_ns = 0;
	k->end_ns = ts_ns;
}

static int add_give_up(struct count *c, const struct kswapd *k)
{
	if (c->nr_give_ups == c->room) {
		size_t more = c->room ? 2 * c->room : 64;
		struct kswapd_give_up *grown = realloc(c->give_ups, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->give_ups = grown;
		c->room = more;
	}
	c->give_ups[c->nr_give_ups++] = (struct kswapd_give_up){k->end_ns, k->pages};
	return 0;
}

/* Not woken and not rested since its last run ended: that had given up. Return: 0; -ENOMEM. */
static int begin_run(struct count *c, struct kswapd *k, const struct trace_event *event)
{
	bool gave_up = k->end_ns && k->pages && event->ts_ns - k->end_ns < MMR_KSWAPD_REST_NS;
	int rc = gave_up ? add_give_up(c, k) : 0;

	*k = (struct kswapd){.begin_ns = event->ts_ns, .task = event->task};
	return rc;
}

static int count_run(struct count *c, struct trace_reader *reader, const struct trace_event *event)
{
	const struct trace_args *args = trace_reader_args(reader, event);
	struct kswapd *k;

	if (!args || !args->nr || args->v[0] < 0 || args->v[0] >= MAX_NUMNODES)
		return 0;
	k = &c->nodes[args->v[0]];
	if (event->type == TRACE_BALANCE_BEGIN)
		return begin_run(c, k, event);
	if (event->type == TRACE_WAKEUP_KSWAPD)
		k->end_ns = 0;
	else
		end_run(c, (unsigned int)args->v[0], event->ts_ns);
	return 0;
}

static int count_all(struct count *c, struct trace_reader *reader, struct mmr_error *err)
{
	const struct trace_event *events;
	ssize_t nr = 0;
	int rc = 0;

	trace_reader_want(reader, 1ull << TRACE_FREE | 1ull << TRACE_BALANCE_BEGIN | 1ull << TRACE_BALANCE_END |
					  1ull << TRACE_WAKEUP_KSWAPD);
	while (!rc && (nr = trace_reader_next(reader, &events, err)) > 0) {
		for (ssize_t i = 0; i < nr && !rc; i++) {
			if (events[i].type == TRACE_FREE)
				count_free(c, &events[i]);
			else
				rc = count_run(c, reader, &events[i]);
		}
	}
	trace_reader_want(reader, TRACE_WANT_PAGES);
	for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++)
		end_run(c, nid, c->last_ns);
	return rc ? mmr_err(err, rc, "no memory for %zu runs of kswapd", c->nr_give_ups) : (int)nr;
}

static void set_pace(const struct count *c, struct kswapd_pace *ret)
{
	struct slice all = {0};

	for (size_t i = 0; i < (c->nr_nodes + 1) * c->nr_slices; i++) {
		const struct slice *s = &c->slices[i];

		all.work_ns += i < c->nr_slices ? s->work_ns : 0;
		all.pages += i < c->nr_slices ? s->pages : 0;
		ret->slices[i] = s->work_ns >= MIN_WORK_NS ? (double)s->pages / (double)s->work_ns : 0;
	}
	ret->give_ups = c->give_ups;
	ret->nr_give_ups = c->nr_give_ups;
	ret->mean = all.pages && all.work_ns ? (double)all.pages / (double)all.work_ns : 0;
}

int kswapd_pace_read(struct trace_reader *reader, unsigned int nr_nodes, struct kswapd_pace *ret,
		     struct mmr_error *err)
{
	const struct trace_summary *summary = trace_reader_summary(reader);
	struct count *c;
	int rc = 0;

	*ret = (struct kswapd_pace){
		.first_ns = summary->first_ns,
		.nr_nodes = trace_reader_machine(reader)->nr_nodes == nr_nodes ? nr_nodes : 0,
	};
	if (!trace_watched(trace_reader_machine(reader), TRACE_BALANCE_BEGIN))
		return 0;
	c = calloc(1, sizeof(*c));
	ret->nr_slices = (summary->last_ns - summary->first_ns) / KSWAPD_PACE_SLICE_NS + 1;
	ret->slices = calloc((ret->nr_nodes + 1) * ret->nr_slices, sizeof(*ret->slices));
	if (c) {
		c->first_ns = summary->first_ns;
		c->last_ns = summary->last_ns;
		c->nr_slices = ret->nr_slices;
		c->nr_nodes = ret->nr_nodes;
		c->slices = calloc((c->nr_nodes + 1) * c->nr_slices, sizeof(*c->slices));
	}
	if (!c || !c->slices || !ret->slices)
		rc = mmr_err(err, -ENOMEM, "no memory for kswapd's pace over %zu seconds", ret->nr_slices);
	rc = rc ? rc : count_all(c, reader, err);
	if (c && c->slices && ret->slices)
		set_pace(c, ret);
	if (rc)
		kswapd_pace_deinit(ret);
	if (c)
		free(c->slices);
	free(c);
	return rc;
}

uint32_t kswapd_pace_give_up(const struct kswapd_pace *pace, uint64_t ts_ns)
{
	uint64_t nearest_ns = UINT64_MAX, pages = 0;

	for (size_t i = 0; i < pace->nr_give_ups; i++) {
		uint64_t end_ns = pace->give_ups[i].end_ns;
		uint64_t away_ns = end_ns > ts_ns ? end_ns - ts_ns : ts_ns - end_ns;

		if (away_ns >= nearest_ns)
			continue;
		nearest_ns = away_ns;
		pages = pace->give_ups[i].pages;
	}
	return pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX;
}

void kswapd_pace_deinit(struct kswapd_pace *pace)
{
	free(pace->slices);
	free(pace->give_ups);
	*pace = (struct kswapd_pace){0};
}
