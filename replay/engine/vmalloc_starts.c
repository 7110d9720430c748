// SPDX-License-Identifier: GPL-2.0-or-later
/* Which pages of a recording were asked for together, by how they were freed. */
#include "replay/engine/vmalloc_starts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/batch.h"
#include "replay/engine/vmalloc_areas.h"

#define CALL_GAP 4 /* times the least that lies between two pages of a call of alloc_pages_bulk() */

/* struct asked - a page of an area, while it is in use; by page frame */
struct asked {
	uint64_t ts_ns; /* 0: it is none */
	uint32_t before; /* the page that its task had asked for just before it, TRACE_NO_PFN for none */
	bool late; /* by time it was another call, and the one before not full */
};

/* struct task - what it did last */
struct task {
	uint64_t ts_ns, least_ns;
	uint32_t asked, freed; /* TRACE_NO_PFN: something else */
	uint32_t call_nr;
};

struct read {
	struct trace_reader *reader;
	struct vmalloc_starts *ret;
	struct asked *asked; /* [end_pfn] */
	struct task *tasks; /* [nr_tasks + 1] the last one stands for "unknown" */
	uint32_t end_pfn, nr_tasks;
};

static int add_start(struct read *r, uint32_t pfn)
{
	struct vmalloc_starts *ret = r->ret;

	if (ret->nr == ret->room) {
		size_t room = ret->room ? 2 * ret->room : 256;
		struct vmalloc_start *grown = realloc(ret->starts, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		ret->starts = grown;
		ret->room = room;
	}
	ret->starts[ret->nr++] = (struct vmalloc_start){r->asked[pfn].ts_ns, pfn};
	return 0;
}

/* Another call than the page before, which was the last of its area? Only calls that are full go on. */
static bool is_late(struct task *task, const struct trace_event *event, bool bulk)
{
	uint64_t gap_ns = event->ts_ns - task->ts_ns;

	if (!bulk || task->call_nr == MMR_VMALLOC_BULK_MAX) {
		task->call_nr = 0;
		return false;
	}
	if (task->least_ns && gap_ns > CALL_GAP * task->least_ns) {
		task->call_nr = 0;
		return true;
	}
	if (!task->least_ns || gap_ns < task->least_ns)
		task->least_ns = gap_ns;
	return false;
}

/* In use until the end, or until its free was not seen. */
static int settle(struct read *r, uint32_t pfn)
{
	const struct asked *page = &r->asked[pfn];

	return page->ts_ns && (page->before == TRACE_NO_PFN || page->late) ? add_start(r, pfn) : 0;
}

static int ask(struct read *r, struct task *task, const struct trace_event *event, bool bulk)
{
	struct asked *page = &r->asked[event->pfn];
	int rc = settle(r, event->pfn);

	if (task->asked == TRACE_NO_PFN)
		task->call_nr = 0;
	*page = (struct asked){
		.ts_ns = event->ts_ns,
		.before = task->asked,
		.late = task->asked != TRACE_NO_PFN && is_late(task, event, bulk),
	};
	task->asked = event->pfn;
	task->freed = TRACE_NO_PFN;
	task->ts_ns = event->ts_ns;
	task->call_nr++;
	return rc;
}

static int give_back(struct read *r, struct task *task, const struct trace_event *event)
{
	struct asked *page = &r->asked[event->pfn];
	bool together = page->before != TRACE_NO_PFN && page->before == task->freed;
	int rc = page->ts_ns && !together ? add_start(r, event->pfn) : 0;

	page->ts_ns = 0;
	task->freed = event->pfn;
	task->asked = TRACE_NO_PFN;
	return rc;
}

static int read_event(struct read *r, const struct trace_event *event)
{
	const struct trace_class *cls = trace_reader_class(r->reader, event->class_id);
	struct task *task = &r->tasks[event->task < r->nr_tasks ? event->task : r->nr_tasks];

	if (!cls || event->flags & (TRACE_F_SOFTIRQ | TRACE_F_HARDIRQ))
		return 0;
	if (event->pfn < r->end_pfn && !event->order && event->type == TRACE_FREE)
		return give_back(r, task, event);
	if (event->pfn < r->end_pfn && !event->order && event->type == TRACE_ALLOC &&
	    vmalloc_gfp(cls->gfp & MMR_GFP_KNOWN))
		return ask(r, task, event, cls->type == TRACE_BULK_PAGE);
	task->asked = task->freed = TRACE_NO_PFN;
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct vmalloc_start *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

static int read_all(struct read *r, struct mmr_error *err)
{
	const struct trace_event *events;
	ssize_t nr = 0;
	int rc = 0;

	trace_reader_want(r->reader, 1ull << TRACE_ALLOC | 1ull << TRACE_FREE | TRACE_WANT_BULK_AS_ALLOC);
	while (!rc && (nr = trace_reader_next(r->reader, &events, err)) > 0)
		for (ssize_t i = 0; i < nr && !rc; i++)
			rc = read_event(r, &events[i]);
	trace_reader_want(r->reader, TRACE_WANT_PAGES);
	for (uint32_t pfn = 0; !rc && !nr && pfn < r->end_pfn; pfn++)
		rc = settle(r, pfn);
	return rc ? mmr_err(err, rc, "no memory for %zu vmalloc areas", r->ret->nr) : (int)nr;
}

int vmalloc_starts_read(struct trace_reader *reader, uint32_t end_pfn, struct vmalloc_starts *ret,
			struct mmr_error *err)
{
	struct read r = {.reader = reader, .ret = ret, .end_pfn = end_pfn};
	int rc;

	*ret = (struct vmalloc_starts){0};
	trace_reader_tasks(reader, &r.nr_tasks);
	r.asked = calloc(end_pfn, sizeof(*r.asked));
	r.tasks = calloc((size_t)r.nr_tasks + 1, sizeof(*r.tasks));
	for (uint32_t i = 0; r.tasks && i <= r.nr_tasks; i++)
		r.tasks[i].asked = r.tasks[i].freed = TRACE_NO_PFN;
	rc = r.asked && r.tasks ? read_all(&r, err)
				: mmr_err(err, -ENOMEM, "no memory for the vmalloc areas of %u pages", end_pfn);
	free(r.asked);
	free(r.tasks);
	if (rc)
		vmalloc_starts_deinit(ret);
	else if (ret->nr)
		qsort(ret->starts, ret->nr, sizeof(*ret->starts), by_time);
	return rc;
}

void vmalloc_starts_deinit(struct vmalloc_starts *starts)
{
	free(starts->starts);
	*starts = (struct vmalloc_starts){0};
}

bool vmalloc_starts_has(const struct vmalloc_starts *starts, uint64_t ts_ns, uint32_t pfn)
{
	const struct vmalloc_start key = {ts_ns, pfn};

	return starts->nr && bsearch(&key, starts->starts, starts->nr, sizeof(key), by_time);
}
