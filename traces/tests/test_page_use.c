// SPDX-License-Identifier: GPL-2.0-or-later
/* Allocations paired with frees: what is counted where, and that the sums always come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "traces/tests/synth.h"
#include "traces/tools/page_use.h"

static struct page_use *use;

static int setup(void **state)
{
	use = page_use_create(2);
	return use ? 0 : -1;
}

static int teardown(void **state)
{
	page_use_destroy(use);
	return 0;
}

static void event(enum trace_event_type type, uint32_t pfn, uint8_t order, uint32_t task)
{
	struct trace_event e = {
		.type = (uint8_t)type, .pfn = pfn, .order = order, .task = task, .class_id = order};

	assert_int_equal(page_use_event(use, &e), 0);
}

static void expect_sum(struct page_use_sum found, uint64_t requests, uint64_t pages)
{
	assert_int_equal(found.requests, requests);
	assert_int_equal(found.pages, pages);
}

/*  pfn  512 513 514 …           1023
 *      |  A, order 9               |	freed as 511 single pages; the last one stays */
static void a_huge_page_freed_in_parts_is_freed(void **state)
{
	struct page_use_totals t;

	event(TRACE_ALLOC, 512, 9, 0);
	for (uint32_t i = 0; i < 511; i++)
		event(TRACE_FREE, 512 + i, 0, 1);
	t = page_use_totals(use);
	expect_sum(t.allocs, 1, 512);
	expect_sum(t.frees, 511, 511);
	expect_sum(t.freed_here, 1, 511);
	expect_sum(t.live, 0, 1);
	expect_sum(t.older, 0, 0);
	assert_int_equal(page_use_class(use, 9)->gone, 511);
	assert_int_equal(page_use_task(use, 0)->gone, 511);
	assert_int_equal(page_use_task(use, 1)->pages, 0);
}

static void frees_of_older_pages_are_told_apart(void **state)
{
	struct page_use_totals t;

	event(TRACE_FREE, 8, 1, 0);
	event(TRACE_ALLOC, 8, 0, 0);
	event(TRACE_FREE, 8, 1, 0); /* the second page was there before */
	t = page_use_totals(use);
	expect_sum(t.frees, 2, 4);
	expect_sum(t.older, 1, 3);
	expect_sum(t.freed_here, 1, 1);
	expect_sum(t.live, 0, 0);
}

static void a_page_allocated_twice_was_freed_unseen(void **state)
{
	struct page_use_totals t;

	event(TRACE_ALLOC, 5, 0, 0);
	event(TRACE_ALLOC, 4, 1, 1);
	t = page_use_totals(use);
	expect_sum(t.reused, 1, 1);
	expect_sum(t.live, 1, 2);
	assert_int_equal(page_use_task(use, 0)->gone, 1);
	assert_int_equal(page_use_task(use, 1)->gone, 0);
}

static void failures_and_batched_frees_hold_no_pages(void **state)
{
	struct page_use_totals t;

	event(TRACE_ALLOC, TRACE_NO_PFN, 3, 0);
	event(TRACE_FREE_BATCHED, 7, 0, 0);
	event(TRACE_ALLOC, TRACE_NO_PFN - 1, 4, TRACE_NO_TASK); /* reaches past the last page there can be */
	event(TRACE_ALLOC, 1, 200, 0); /* an order of no kernel */
	t = page_use_totals(use);
	expect_sum(t.failed, 1, 8);
	assert_int_equal(t.frees.requests, 0);
	assert_int_equal(t.allocs.requests, 1);
	assert_int_equal(page_use_class(use, 3)->failed, 1);
	assert_int_equal(page_use_task(use, TRACE_NO_TASK)->requests, 1);
}

static void pages_given_out_in_bulk_are_allocated(void **state)
{
	event(TRACE_BULK_PAGE, 9, 0, 0);
	event(TRACE_BULK_PAGE, 10, 0, 0);
	event(TRACE_FREE, 9, 0, 0);
	expect_sum(page_use_totals(use).allocs, 2, 2);
	expect_sum(page_use_totals(use).live, 1, 1);
	expect_sum(page_use_totals(use).older, 0, 0);
}

static int note_page(void *ctx, const struct page_use_page *page)
{
	struct page_use_page *seen = ctx;

	*seen = *page;
	return page->pfn == 77 ? 1 : 0;
}

static void page_frames_are_listed_by_where_allocations_began(void **state)
{
	struct page_use_page page = {0};

	for (int i = 0; i < 3; i++) {
		event(TRACE_ALLOC, 77, 0, 1);
		event(TRACE_FREE, 77, 0, 1);
	}
	event(TRACE_ALLOC, 1u << 30, 2, 0);
	assert_int_equal(page_use_each(use, note_page, &page), 1);
	assert_int_equal(page.pfn, 77);
	assert_int_equal(page.hits, 3);
	assert_int_equal(page.task, 1);
	assert_false(page.live);
}

/* Whatever comes in whatever order: pages taken are pages gone or still there, page by page and by owner. */
static void sums_come_out_for_any_events(void **state)
{
	struct synth_rng rng = {7};
	struct page_use_totals t;
	uint64_t live = 0;

	for (int i = 0; i < 200000; i++) {
		uint8_t order = (uint8_t)(synth_below(&rng, 8) ? 0 : synth_below(&rng, 11));
		uint32_t pfn = (uint32_t)synth_below(&rng, 1u << 13) & ~0u << order;

		event(synth_below(&rng, 2) ? TRACE_ALLOC : TRACE_FREE, pfn, order,
		      (uint32_t)synth_below(&rng, 3));
	}
	t = page_use_totals(use);
	assert_int_equal(t.allocs.pages, t.freed_here.pages + t.live.pages + t.reused.pages);
	assert_int_equal(t.allocs.requests, t.freed_here.requests + t.live.requests + t.reused.requests);
	assert_int_equal(t.frees.pages, t.freed_here.pages + t.older.pages);
	for (uint16_t i = 0; i < 11; i++)
		live += page_use_class(use, i)->pages - page_use_class(use, i)->gone;
	assert_int_equal(live, t.live.pages);
	live = 0;
	for (uint32_t i = 0; i < 3; i++)
		live += page_use_task(use, i)->pages - page_use_task(use, i)->gone;
	assert_int_equal(live, t.live.pages);
	assert_true(t.live.pages <= 1u << 13);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_huge_page_freed_in_parts_is_freed),
		TEST(frees_of_older_pages_are_told_apart),
		TEST(a_page_allocated_twice_was_freed_unseen),
		TEST(failures_and_batched_frees_hold_no_pages),
		TEST(pages_given_out_in_bulk_are_allocated),
		TEST(page_frames_are_listed_by_where_allocations_began),
		TEST(sums_come_out_for_any_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
