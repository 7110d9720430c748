// SPDX-License-Identifier: GPL-2.0-or-later
/* explain on recordings of a kernel in miniature: the right events, the right story, the right verdict. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/explain/explain.h"
#include "replay/tests/synth_kernel.h"

#define NR_PAGES 40

static volatile sig_atomic_t stop;

struct told {
	struct trace_reader *reader;
	struct explain e;
};

static void open_recording(struct synth_kernel *k, struct told *t)
{
	struct mmr_error err;

	assert_int_equal(trace_reader_open(k->path, &t->reader, &err), 0);
}

static int explain_event(struct told *t, struct explain_query query)
{
	struct verify_options vo = {.profile = kernel_profile_find("6.12"), .stop = &stop};
	struct mmr_error err;
	int rc = explain_find(t->reader, &query, &stop, &t->e, &err);

	return rc ? rc : explain_tell(t->reader, &vo, &t->e, &err);
}

static void done(struct told *t)
{
	explain_deinit(&t->e);
}

static unsigned int count(const struct explain *e, enum mmr_story_kind kind)
{
	unsigned int nr = 0;

	for (uint32_t i = 0; i < e->told->story.nr_steps; i++)
		nr += e->told->story.steps[i].kind == kind;
	return nr;
}

/* NR_PAGES pages of order 0, one of order 5, all freed again by the CPU that took them. */
static void record(struct synth_kernel *k, uint32_t *pfns, uint32_t *block)
{
	synth_kernel_begin(k, "6.12");
	synth_kernel_keyframe(k, TRACE_KF_FIRST);
	for (unsigned int i = 0; i < NR_PAGES; i++)
		pfns[i] = synth_kernel_alloc(k, 0, MIGRATE_MOVABLE, 0);
	*block = synth_kernel_alloc(k, 1, MIGRATE_UNMOVABLE, 5);
	for (unsigned int i = 0; i < NR_PAGES; i++)
		synth_kernel_free(k, 0, pfns[i], 0);
	synth_kernel_free(k, 1, *block, 5);
	synth_kernel_end(k);
}

static void any_event_of_a_refill_tells_the_allocation(void **state)
{
	struct synth_kernel k;
	uint32_t pfns[NR_PAGES], block, refill = 0;
	struct told t;

	record(&k, pfns, &block);
	open_recording(&k, &t);
	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = 0}), 0);
	refill = (uint32_t)t.e.nr_events - 1;
	assert_true(refill > 1);
	done(&t);
	for (uint32_t i = 0; i <= refill; i++) {
		assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = i}),
				 0);
		assert_int_equal(t.e.kind, EXPLAIN_ALLOC);
		assert_int_equal(t.e.begin, 0);
		assert_int_equal(t.e.request.number, refill);
		assert_true(t.e.known);
		assert_int_equal(t.e.told->page.pfn, pfns[0]);
		assert_int_equal(count(&t.e, MMR_STORY_REFILL_PAGE), refill);
		assert_true(explain_same(&t.e));
		assert_int_equal(explain_result(&t.e), VERIFY_EXACT);
		done(&t);
	}
	trace_reader_close(t.reader);
	synth_kernel_destroy(&k);
}

static void a_hit_has_no_refill_and_a_block_is_split(void **state)
{
	struct synth_kernel k;
	uint32_t pfns[NR_PAGES], block;
	struct told t;

	record(&k, pfns, &block);
	open_recording(&k, &t);
	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_PFN, .pfn = pfns[1]}), 0);
	assert_int_equal(t.e.kind, EXPLAIN_ALLOC);
	assert_int_equal(t.e.nr_life, 3); /* taken for the list, allocated, freed */
	assert_int_equal(t.e.nr_events, 1);
	assert_int_equal(count(&t.e, MMR_STORY_POP), 1);
	assert_int_equal(count(&t.e, MMR_STORY_REFILL_SIZE), 0);
	assert_true(explain_same(&t.e));
	done(&t);

	/* Any page of a block tells of the block. */
	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_PFN, .pfn = block + 17}), 0);
	assert_int_equal(t.e.order, 5);
	assert_int_equal(t.e.told->page.pfn, block);
	assert_true(count(&t.e, MMR_STORY_SPLIT) > 0);
	assert_true(explain_same(&t.e));
	done(&t);
	trace_reader_close(t.reader);
	synth_kernel_destroy(&k);
}

static void a_free_tells_where_its_page_goes(void **state)
{
	struct synth_kernel k;
	uint32_t pfns[NR_PAGES], block;
	struct told t;

	record(&k, pfns, &block);
	open_recording(&k, &t);
	assert_int_equal(
		explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = k.nr_events - 1}), 0);
	assert_int_equal(t.e.kind, EXPLAIN_FREE);
	assert_int_equal(count(&t.e, MMR_STORY_INSERT), 1);
	assert_true(count(&t.e, MMR_STORY_MERGE) > 0);
	assert_true(explain_same(&t.e));
	done(&t);
	assert_int_equal(
		explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = k.nr_events - 2}), 0);
	assert_int_equal(count(&t.e, MMR_STORY_PCP), 2);
	assert_true(explain_same(&t.e));
	done(&t);
	trace_reader_close(t.reader);
	synth_kernel_destroy(&k);
}

static void what_the_kernel_did_otherwise_is_seen(void **state)
{
	struct synth_kernel k;
	struct told t;

	synth_kernel_begin(&k, "6.12");
	k.tweak_from = 50;
	k.tweak_type = TRACE_ALLOC;
	k.tweak_pfn = 4096;
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	for (unsigned int i = 0; i < NR_PAGES; i++)
		synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	synth_kernel_end(&k);
	open_recording(&k, &t);
	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = k.tweaked}),
			 0);
	assert_false(explain_same(&t.e));
	assert_int_equal(t.e.told->page.pfn + 4096, t.e.request.ev.pfn);
	assert_int_equal(explain_result(&t.e), VERIFY_DIVERGED);
	done(&t);
	trace_reader_close(t.reader);
	synth_kernel_destroy(&k);
}

static void before_the_keyframe_and_after_a_loss_nothing_is_told(void **state)
{
	struct synth_kernel k;
	struct told t;
	uint64_t before, lost;

	synth_kernel_begin(&k, "6.12");
	for (unsigned int i = 0; i < 10; i++)
		synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	before = k.nr_events - 1;
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	for (unsigned int i = 0; i < 10; i++)
		synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	synth_kernel_loss(&k, 5);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	lost = k.nr_events - 1;
	synth_kernel_keyframe(&k, TRACE_KF_LAST);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	synth_kernel_end(&k);
	open_recording(&k, &t);

	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = before}), 0);
	assert_false(t.e.known);
	assert_false(t.e.told->finished);
	assert_int_equal(t.e.known_from, before + 1);
	done(&t);
	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = lost}), 0);
	assert_false(t.e.known);
	assert_int_equal(t.e.known_from, lost + 1);
	done(&t);
	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = lost + 1}),
			 0);
	assert_true(t.e.known);
	assert_true(explain_same(&t.e));
	done(&t);
	trace_reader_close(t.reader);
	synth_kernel_destroy(&k);
}

/* A waking kswapd and a probed free, as other recorders write them, between two allocations. */
static void write_beside(struct synth_kernel *k)
{
	static const struct trace_class wake = {.type = TRACE_KSWAPD_WAKE, .order = 3, .nr_args = 1};
	static const struct trace_class commit = {.type = TRACE_PCP_COMMIT, .nr_args = 2};
	struct trace_event ev = {.pfn = TRACE_NO_PFN, .task = TRACE_NO_TASK};
	struct mmr_error err;

	ev.ts_ns = k->now_ns += 100;
	assert_int_equal(trace_writer_class(k->writer, &wake, &ev.class_id, &err), 0);
	assert_int_equal(trace_writer_event_args(k->writer, &ev, &(struct trace_args){1, {0}}, &err), 0);
	ev.ts_ns = k->now_ns += 100;
	assert_int_equal(trace_writer_class(k->writer, &commit, &ev.class_id, &err), 0);
	assert_int_equal(trace_writer_event_args(k->writer, &ev, &(struct trace_args){2, {7, 8}}, &err), 0);
}

static void what_was_recorded_beside_is_shown(void **state)
{
	struct synth_kernel k;
	struct told t;
	uint64_t last;

	synth_kernel_begin(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	write_beside(&k);
	synth_kernel_alloc(&k, 0, MIGRATE_MOVABLE, 0);
	last = k.nr_events - 1 + 2; /* the two were not counted by the synthetic kernel */
	synth_kernel_end(&k);
	open_recording(&k, &t);

	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = last - 1}),
			 0);
	assert_int_equal(t.e.kind, EXPLAIN_OTHER);
	assert_int_equal(t.e.request.ev.type, TRACE_PCP_COMMIT);
	assert_int_equal(t.e.args.v[0], 7);
	done(&t);
	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = last}), 0);
	assert_int_equal(t.e.kind, EXPLAIN_ALLOC);
	assert_true(explain_same(&t.e));
	assert_true(t.e.kswapd[0].known && t.e.kswapd[0].awake);
	assert_int_equal(t.e.nr_beside, 2);
	assert_int_equal(t.e.beside[1].event.ev.type, TRACE_PCP_COMMIT);
	assert_int_equal(t.e.beside[1].args.v[1], 8);
	done(&t);
	trace_reader_close(t.reader);
	synth_kernel_destroy(&k);
}

/* What alloc_pages_bulk() has handed out, as a probe at its end tells it. */
static void tell_bulk_pages(struct synth_kernel *k, const uint32_t *pfns, unsigned int nr)
{
	static const struct trace_class cls = {
		.type = TRACE_BULK_PAGE, .migratetype = MIGRATE_UNMOVABLE, .gfp = MMR_GFP_KERNEL};
	struct mmr_error err;

	for (unsigned int i = 0; i < nr; i++) {
		struct trace_event ev = {.ts_ns = k->now_ns += 100, .pfn = pfns[i], .task = TRACE_NO_TASK};

		assert_int_equal(trace_writer_class(k->writer, &cls, &ev.class_id, &err), 0);
		assert_int_equal(trace_writer_event(k->writer, &ev, &err), 0);
		k->nr_events++;
	}
}

/*  the list holds a few pages, so that a call for more takes these, refills, and goes on */
static void any_page_of_a_bulk_allocation_tells_the_whole_call(void **state)
{
	struct synth_kernel k;
	uint32_t pfns[80];
	uint64_t refill, first;
	struct told t;

	synth_kernel_begin(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	refill = k.nr_events;
	synth_kernel_bulk(&k, 0, pfns, 80);
	first = k.nr_events;
	assert_true(first > refill);
	tell_bulk_pages(&k, pfns, 80);
	synth_kernel_end(&k);
	open_recording(&k, &t);

	for (unsigned int i = 0; i < 3; i++) {
		const uint64_t ask[] = {first + 7, refill, first};

		assert_int_equal(
			explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = ask[i]}), 0);
		assert_int_equal(t.e.kind, EXPLAIN_BULK);
		assert_int_equal(t.e.request.number, first);
		assert_int_equal(t.e.begin, refill);
		assert_true(t.e.told->finished);
		assert_int_equal(count(&t.e, MMR_STORY_PAGE), 80);
		assert_true(explain_same(&t.e));
		done(&t);
	}
	trace_reader_close(t.reader);
	synth_kernel_destroy(&k);
}

/* The same on a kernel that does not tell: nobody is known who asked, but the lists are. */
static void a_refill_that_nobody_asked_for_tells_the_lists(void **state)
{
	struct synth_kernel k;
	uint32_t pfns[80];
	uint64_t refill;
	struct told t;

	synth_kernel_begin(&k, "6.12");
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_kernel_alloc(&k, 0, MIGRATE_UNMOVABLE, 0);
	refill = k.nr_events;
	synth_kernel_bulk(&k, 0, pfns, 80);
	synth_kernel_end(&k);
	open_recording(&k, &t);

	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = refill}), 0);
	assert_int_equal(t.e.kind, EXPLAIN_TAKEN);
	assert_true(t.e.told->finished);
	assert_true(t.e.told->nr_gone > 0);
	assert_true(count(&t.e, MMR_STORY_REFILL_PAGE) > 1);
	assert_true(explain_same(&t.e));
	done(&t);
	trace_reader_close(t.reader);
	synth_kernel_destroy(&k);
}

static void what_is_not_there_is_refused_and_a_signal_stops(void **state)
{
	struct synth_kernel k;
	uint32_t pfns[NR_PAGES], block;
	struct told t;

	record(&k, pfns, &block);
	open_recording(&k, &t);
	assert_int_equal(
		explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = k.nr_events}),
		-ENOENT);
	done(&t);
	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_PFN, .pfn = 1}), -ENOENT);
	done(&t);
	assert_int_equal(
		explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_PFN, .pfn = pfns[0], .nth = 2}),
		-ENOENT);
	done(&t);
	assert_int_equal(
		explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_TIME, .since_ns = UINT64_MAX / 2}),
		-ENOENT);
	done(&t);
	stop = 1;
	assert_int_equal(explain_event(&t, (struct explain_query){.by = EXPLAIN_BY_EVENT, .event = 3}), -EINTR);
	stop = 0;
	done(&t);
	trace_reader_close(t.reader);
	synth_kernel_destroy(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_event_of_a_refill_tells_the_allocation),
		cmocka_unit_test(a_hit_has_no_refill_and_a_block_is_split),
		cmocka_unit_test(a_free_tells_where_its_page_goes),
		cmocka_unit_test(what_the_kernel_did_otherwise_is_seen),
		cmocka_unit_test(before_the_keyframe_and_after_a_loss_nothing_is_told),
		cmocka_unit_test(what_was_recorded_beside_is_shown),
		cmocka_unit_test(any_page_of_a_bulk_allocation_tells_the_whole_call),
		cmocka_unit_test(a_refill_that_nobody_asked_for_tells_the_lists),
		cmocka_unit_test(what_is_not_there_is_refused_and_a_signal_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
