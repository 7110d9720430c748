// SPDX-License-Identifier: GPL-2.0-or-later
/* Pairing allocations with frees, page by page. */
#include "traces/tools/page_use.h"

#include <errno.h>
#include <stdlib.h>

#define CHUNK_BITS  9 /* 2 MiB of 4 KiB pages */
#define CHUNK_PAGES (1u << CHUNK_BITS)
#define NR_CHUNKS   (1u << (32 - CHUNK_BITS))
#define NR_CLASSES  (UINT16_MAX + 1u)

enum page_flags {
	PAGE_LIVE = 1, /* allocated in the recording and not freed yet */
	PAGE_FIRST = 2, /* first page of the allocation it is part of */
};

struct page {
	uint32_t task;
	uint32_t hits, pages; /* of allocations that began here */
	uint16_t class_id;
	uint8_t flags;
};

struct page_use {
	struct page **chunks; /* [NR_CHUNKS], 64 MiB of addresses, taken as they are touched */
	uint32_t first_chunk, last_chunk; /* touched ones lie from one to the other */
	struct page_use_row *classes; /* [NR_CLASSES] */
	struct page_use_row *tasks; /* [nr_tasks + 1], the last one for events without a task */
	uint32_t nr_tasks;
	struct page_use_totals totals;
};

struct page_use *page_use_create(uint32_t nr_tasks)
{
	struct page_use *use = calloc(1, sizeof(*use));

	if (!use)
		return NULL;
	use->chunks = calloc(NR_CHUNKS, sizeof(*use->chunks));
	use->classes = calloc(NR_CLASSES, sizeof(*use->classes));
	use->tasks = calloc((size_t)nr_tasks + 1, sizeof(*use->tasks));
	use->nr_tasks = nr_tasks;
	use->first_chunk = NR_CHUNKS;
	if (use->chunks && use->classes && use->tasks)
		return use;
	page_use_destroy(use);
	return NULL;
}

void page_use_destroy(struct page_use *use)
{
	if (!use)
		return;
	for (uint32_t i = use->first_chunk; use->chunks && i <= use->last_chunk && i < NR_CHUNKS; i++)
		free(use->chunks[i]);
	free(use->chunks);
	free(use->classes);
	free(use->tasks);
	free(use);
}

static struct page_use_row *row_of(const struct page_use *use, uint32_t task)
{
	return &use->tasks[task < use->nr_tasks ? task : use->nr_tasks];
}

/* The record of @pfn, NULL without memory. */
static struct page *page_of(struct page_use *use, uint32_t pfn)
{
	uint32_t i = pfn >> CHUNK_BITS;

	if (__builtin_expect(!use->chunks[i], 0)) {
		use->chunks[i] = calloc(CHUNK_PAGES, sizeof(struct page));
		if (!use->chunks[i])
			return NULL;
		use->first_chunk = i < use->first_chunk ? i : use->first_chunk;
		use->last_chunk = i > use->last_chunk ? i : use->last_chunk;
	}
	return &use->chunks[i][pfn & (CHUNK_PAGES - 1)];
}

/* A page leaves its owner, into @sum. */
static void release(struct page_use *use, struct page *p, struct page_use_sum *sum)
{
	sum->pages++;
	sum->requests += p->flags & PAGE_FIRST ? 1 : 0;
	use->classes[p->class_id].gone++;
	row_of(use, p->task)->gone++;
	p->flags = 0;
}

static int add_alloc(struct page_use *use, const struct trace_event *e)
{
	struct page_use_row *cls = &use->classes[e->class_id], *task = row_of(use, e->task);
	uint32_t nr = 1u << (e->order & 31);

	if (e->pfn == TRACE_NO_PFN) {
		use->totals.failed.requests++;
		use->totals.failed.pages += nr;
		cls->failed++;
		task->failed++;
		return 0;
	}
	for (uint32_t i = 0; i < nr && e->pfn + i >= e->pfn; i++) {
		struct page *p = page_of(use, e->pfn + i);

		if (!p)
			return -ENOMEM;
		if (p->flags & PAGE_LIVE)
			release(use, p, &use->totals.reused);
		p->task = e->task;
		p->class_id = e->class_id;
		p->flags = i ? PAGE_LIVE : PAGE_LIVE | PAGE_FIRST;
		if (i)
			continue;
		p->hits++;
		p->pages += nr;
	}
	use->totals.allocs.requests++;
	use->totals.allocs.pages += nr;
	cls->requests++;
	cls->pages += nr;
	task->requests++;
	task->pages += nr;
	return 0;
}

static int add_free(struct page_use *use, const struct trace_event *e)
{
	uint32_t nr = 1u << (e->order & 31);

	if (e->pfn == TRACE_NO_PFN)
		return 0;
	use->totals.frees.requests++;
	use->totals.frees.pages += nr;
	for (uint32_t i = 0; i < nr && e->pfn + i >= e->pfn; i++) {
		struct page *p = page_of(use, e->pfn + i);

		if (!p)
			return -ENOMEM;
		if (p->flags & PAGE_LIVE) {
			release(use, p, &use->totals.freed_here);
			continue;
		}
		use->totals.older.pages++;
		use->totals.older.requests += !i;
	}
	return 0;
}

int page_use_event(struct page_use *use, const struct trace_event *e)
{
	if (e->order >= TRACE_NR_ORDERS)
		return 0;
	if (page_use_is_alloc(e->type))
		return add_alloc(use, e);
	return e->type == TRACE_FREE ? add_free(use, e) : 0;
}

struct page_use_totals page_use_totals(const struct page_use *use)
{
	struct page_use_totals t = use->totals;

	t.live.pages = t.allocs.pages - t.freed_here.pages - t.reused.pages;
	t.live.requests = t.allocs.requests - t.freed_here.requests - t.reused.requests;
	return t;
}

const struct page_use_row *page_use_class(const struct page_use *use, uint16_t id)
{
	return &use->classes[id];
}

const struct page_use_row *page_use_task(const struct page_use *use, uint32_t task)
{
	return row_of(use, task);
}

int page_use_each(const struct page_use *use, int (*fn)(void *ctx, const struct page_use_page *page), void *ctx)
{
	for (uint32_t i = use->first_chunk; i <= use->last_chunk && i < NR_CHUNKS; i++) {
		for (uint32_t k = 0; use->chunks[i] && k < CHUNK_PAGES; k++) {
			const struct page *p = &use->chunks[i][k];
			int rc = 0;

			if (p->hits)
				rc = fn(ctx, &(struct page_use_page){.pfn = (i << CHUNK_BITS) + k,
								     .task = p->task,
								     .hits = p->hits,
								     .pages = p->pages,
								     .class_id = p->class_id,
								     .live = p->flags & PAGE_LIVE});
			if (rc)
				return rc;
		}
	}
	return 0;
}
