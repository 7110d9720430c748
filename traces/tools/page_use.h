/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pages are in use: every allocation of a recording paired with what frees it, page by page, because
 * one allocation of 512 pages is often freed as 512 frees of one.
 */
#ifndef MMR_TRACES_PAGE_USE_H
#define MMR_TRACES_PAGE_USE_H

#include "traces/trace.h"

/** struct page_use_sum - requests, and the pages they are of */
struct page_use_sum {
	uint64_t requests, pages;
};

/**
 * struct page_use_totals - allocs = freed_here + reused + live, frees = freed_here + older, in pages
 * @allocs: that got pages;  @failed: that did not
 * @freed_here: pages allocated and freed in the recording; requests: allocations whose first page was freed
 * @reused: allocated again and no free was seen between: freed by something without an event, or lost
 * @live: still in use at the end
 * @older: frees of pages allocated before the recording began, or without an event
 */
struct page_use_totals {
	struct page_use_sum allocs, failed, frees, freed_here, reused, live, older;
};

/** struct page_use_row - what one task, or one kind of request, did; live = pages - gone */
struct page_use_row {
	uint64_t requests, failed, pages;
	uint64_t gone; /* pages of it that are in use no longer */
};

/** struct page_use_page - one page frame that was the first of an allocation; the last one's task and class */
struct page_use_page {
	uint32_t pfn, task;
	uint32_t hits; /* allocations that began here */
	uint32_t pages; /* of these */
	uint16_t class_id;
	bool live;
};

struct page_use;

/** page_use_is_alloc - kinds of events that hand a page out: requests, and the pages of alloc_pages_bulk() */
static inline bool page_use_is_alloc(uint8_t type)
{
	return type == TRACE_ALLOC || type == TRACE_BULK_PAGE;
}

/**
 * page_use_create - nothing in use; @nr_tasks as the trace has
 *
 * Memory: 16 bytes for each page in a stretch of 2 MiB that is touched, 0.4 % of the memory a trace touches.
 */
struct page_use *page_use_create(uint32_t nr_tasks);
void page_use_destroy(struct page_use *use);

/** page_use_event - an allocation or a FREE; others change nothing. Return: 0; -ENOMEM */
int page_use_event(struct page_use *use, const struct trace_event *event);

struct page_use_totals page_use_totals(const struct page_use *use);
/** page_use_class - row of class @id; zero where it allocated nothing */
const struct page_use_row *page_use_class(const struct page_use *use, uint16_t id);
/** page_use_task - row of a task; TRACE_NO_TASK: all events without one */
const struct page_use_row *page_use_task(const struct page_use *use, uint32_t task);
/** page_use_each - every page frame that an allocation began at, by rising pfn; stops at the first nonzero
 * return */
int page_use_each(const struct page_use *use, int (*fn)(void *ctx, const struct page_use_page *page),
		  void *ctx);

#endif
