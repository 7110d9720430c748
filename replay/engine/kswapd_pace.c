// SPDX-License-Identifier: GPL-2.0-or-later
/* kswapd's pace, from its frees and the time it was at work. */
#include "replay/engine/kswapd_pace.h"

#include <string.h>

#include "replay/engine/vmstat_runs.h"
#include "replay/machines/machine.h"

/* struct kswapd - one node's, at work since @begin_ns; 0 while it sleeps */
struct kswapd {
	uint64_t begin_ns, pages;
	uint32_t task;
};

struct pace {
	struct kswapd nodes[MAX_NUMNODES];
	uint64_t work_ns, pages;
};

static void count_free(struct pace *p, const struct trace_event *event)
{
	if (event->order >= NR_PAGE_ORDERS || !(event->flags & TRACE_F_KSWAPD) ||
	    (event->flags & (TRACE_F_SOFTIRQ | TRACE_F_HARDIRQ)))
		return;
	for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++)
		if (p->nodes[nid].begin_ns && p->nodes[nid].task == event->task)
			p->nodes[nid].pages += 1ull << event->order;
}

/* A run that freed nothing tells of what there was to reclaim, not of the pace. */
static void count_run(struct pace *p, struct trace_reader *reader, const struct trace_event *event)
{
	const struct trace_args *args = trace_reader_args(reader, event);
	struct kswapd *k;

	if (!args || !args->nr || args->v[0] < 0 || args->v[0] >= MAX_NUMNODES)
		return;
	k = &p->nodes[args->v[0]];
	if (event->type == TRACE_BALANCE_BEGIN) {
		*k = (struct kswapd){.begin_ns = event->ts_ns, .task = event->task};
		return;
	}
	if (k->begin_ns && k->pages) {
		p->work_ns += event->ts_ns - k->begin_ns;
		p->pages += k->pages;
	}
	k->begin_ns = 0;
}

static void count(struct pace *p, struct trace_reader *reader, const struct trace_event *event)
{
	if (event->type == TRACE_FREE)
		count_free(p, event);
	else if (event->type == TRACE_BALANCE_BEGIN || event->type == TRACE_BALANCE_END)
		count_run(p, reader, event);
}

int kswapd_pace_read(struct trace_reader *reader, double *ret, struct mmr_error *err)
{
	const struct trace_event *events;
	struct pace p = {0};
	ssize_t nr;

	*ret = 0;
	if (!trace_watched(trace_reader_machine(reader), TRACE_BALANCE_BEGIN))
		return 0;
	trace_reader_want(reader, 1ull << TRACE_FREE | 1ull << TRACE_BALANCE_BEGIN | 1ull << TRACE_BALANCE_END);
	while ((nr = trace_reader_next(reader, &events, err)) > 0)
		for (ssize_t i = 0; i < nr; i++)
			count(&p, reader, &events[i]);
	trace_reader_want(reader, TRACE_WANT_PAGES);
	if (!nr && p.pages && p.work_ns)
		*ret = (double)p.pages / (double)p.work_ns;
	return (int)nr;
}
