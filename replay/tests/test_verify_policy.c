// SPDX-License-Identifier: GPL-2.0-or-later
/* Which node a request is expected to prefer, request by request; and lowmem_reserve as the kernel has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/mempolicy.h"
#include "replay/verify/verify_internal.h"
#include "traces/trace_writer.h"

#define NODE0    4096
#define NODE1    36864
#define NR_PAGES 32768
#define WORKER   7 /* task */

enum { PLAIN, KERNEL_IN_TURN, SLAB_IN_TURN, KERNEL_WEIGHTED, KERNEL_BOUND, KERNEL_PREFERRED, NR_CLASSES };

/* A recording of one request of each class. */
struct fixture {
	struct verify v;
	struct trace_reader *reader;
	uint32_t boosts[MAX_DRIFTS];
	uint16_t classes[NR_CLASSES];
	char path[32];
};

static void write_recording(struct fixture *f)
{
	static char ratio[2][32] = {"vm.lowmem_reserve_ratio[0]", "vm.lowmem_reserve_ratio[1]"};
	static const struct trace_policy policies[] = {
		{.mode = MMR_MPOL_INTERLEAVE, .nodes = {3}, .allowed = {3}},
		{.mode = MMR_MPOL_WEIGHTED_INTERLEAVE, .nodes = {3}, .allowed = {3}},
		{.mode = MMR_MPOL_BIND, .nodes = {2}, .allowed = {3}},
		{.mode = MMR_MPOL_PREFERRED, .nodes = {2}, .allowed = {3}},
	};
	static const uint8_t policy_of[NR_CLASSES] = {0, 1, 1, 2, 3, 4};
	uint16_t cpu_node[2] = {0, 1}, ids[5] = {0};
	uint8_t distance[4] = {10, 20, 20, 10};
	struct trace_name_value sysctls[2] = {{ratio[0], 256}, {ratio[1], 256}};
	struct trace_zone zones[2] = {
		{.nid = 0, .zone = ZONE_DMA32, .start_pfn = NODE0, .lowmem_reserve = {0, 0, 100}},
		{.nid = 1, .zone = ZONE_NORMAL, .start_pfn = NODE1},
	};
	struct trace_machine header = {
		.kernel_release = "6.12.0",
		.kernel_version = "#1",
		.arch = "x86_64",
		.page_size = 4096,
		.pageblock_order = 9,
		.max_order = 10,
		.nr_cpus = 2,
		.nr_nodes = 2,
		.cpu_node = cpu_node,
		.node_distance = distance,
		.nr_zones = 2,
		.zones = zones,
		.nr_sysctls = 2,
		.sysctls = sysctls,
		.command = "",
	};
	struct trace_writer *writer;
	struct mmr_error err = {0};

	for (int i = 0; i < 2; i++) {
		zones[i].spanned_pages = zones[i].present_pages = zones[i].managed_pages = NR_PAGES;
		zones[i].watermark[WMARK_MIN] = 1000;
		zones[i].watermark[WMARK_LOW] = 1200;
		zones[i].watermark[WMARK_HIGH] = 1400;
		zones[i].pcp_batch = 7;
	}
	assert_int_equal(trace_writer_create(f->path, &header, NULL, &writer, &err), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(trace_writer_policy(writer, &policies[i], &ids[i + 1], &err), 0);
	for (int i = 0; i < NR_CLASSES; i++) {
		struct trace_class cls = {
			.type = TRACE_ALLOC,
			.policy = ids[policy_of[i]],
			.gfp = MMR_GFP_KERNEL | (i == SLAB_IN_TURN ? MMR_GFP_NOWARN | MMR_GFP_NORETRY : 0),
		};

		struct trace_event ev = {.ts_ns = 1000, .pfn = NODE0};

		assert_int_equal(trace_writer_class(writer, &cls, &f->classes[i], &err), 0);
		ev.class_id = f->classes[i];
		assert_int_equal(trace_writer_event(writer, &ev, &err), 0);
	}
	assert_int_equal(trace_writer_close(writer, &err), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct trace_event *events;
	struct mmr_machine_config config;
	struct mmr_error err = {0};
	int fd;

	assert_non_null(f);
	strcpy(f->path, "/tmp/mmr-policy-XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	close(fd);
	write_recording(f);
	assert_int_equal(trace_reader_open(f->path, &f->reader, &err), 0);
	/* Classes and policies are known once the events that name them were read. */
	while (trace_reader_next(f->reader, &events, &err) > 0)
		;
	f->v.reader = f->reader;
	f->v.boosts = f->boosts;
	f->v.header = trace_reader_machine(f->reader);
	assert_int_equal(machine_from_trace(f->v.header, f->path, &f->v.recorded, &err), 0);
	machine_config(&f->v.recorded, kernel_profile_find("6.12"), &config);
	assert_int_equal(mmr_machine_create(&config, &f->v.core, &err), 0);
	assert_int_equal(verify_policy_init(&f->v, &err), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	free(f->v.policies);
	mmr_machine_destroy(f->v.core);
	machine_deinit(&f->v.recorded);
	trace_reader_close(f->reader);
	unlink(f->path);
	free(f);
	return 0;
}

/* The node expected of a request of CPU 0; then it is told that @nid was preferred. */
static unsigned int ask(struct fixture *f, unsigned int cls, unsigned int nid)
{
	const struct trace_event ev = {.type = TRACE_ALLOC, .task = 3, .class_id = f->classes[cls]};
	unsigned int expected = verify_preferred_node(&f->v, &ev);

	verify_node_was_preferred(&f->v, &ev, nid, expected != nid, false);
	return expected;
}

static void interleaved_pages_take_turns_from_the_first_on(void **state)
{
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(ask(*state, KERNEL_IN_TURN, i % 2), i % 2);
	assert_int_equal(ask(*state, PLAIN, 0), 0);
	assert_int_equal(ask(*state, KERNEL_IN_TURN, 0), 0);
}

/* The turn that a new slab takes before its pages' own, and from 7.x instead of it. */
static void a_slab_takes_a_turn_of_its_own(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, KERNEL_IN_TURN, 0), 0);
	assert_int_equal(ask(f, SLAB_IN_TURN, 0), 0);
	assert_int_equal(ask(f, KERNEL_IN_TURN, 1), 1);
	assert_int_equal(ask(f, SLAB_IN_TURN, 1), 1);
	f->v.slabs_local = true;
	assert_int_equal(ask(f, SLAB_IN_TURN, 0), 0);
	assert_int_equal(ask(f, SLAB_IN_TURN, 0), 0);
	assert_int_equal(ask(f, KERNEL_IN_TURN, 1), 1);
}

/* Three from node 0, one from node 1: known after one round, whatever asks. */
static void weights_are_learned_in_one_round(void **state)
{
	static const unsigned int round[] = {0, 0, 0, 1};
	unsigned int nr_wrong = 0;

	for (unsigned int i = 0; i < 40; i++)
		nr_wrong += ask(*state, KERNEL_WEIGHTED, round[i % 4]) != round[i % 4];
	assert_in_range(nr_wrong, 1, 2);
}

static void a_policy_that_prefers_or_binds_is_heeded_at_once(void **state)
{
	struct fixture *f = *state;
	struct trace_event ev = {.type = TRACE_ALLOC, .task = 3, .class_id = f->classes[KERNEL_BOUND]};

	assert_int_equal(ask(f, KERNEL_PREFERRED, 1), 1);
	assert_int_equal(verify_policy_nodes(&f->v, &ev), 2);
	ev.flags = TRACE_F_SOFTIRQ;
	assert_int_equal(verify_policy_nodes(&f->v, &ev), 0);
	/* Once such a request did not heed it none is expected to. */
	ev.flags = 0;
	verify_node_was_preferred(&f->v, &ev, 0, true, false);
	assert_int_equal(verify_policy_nodes(&f->v, &ev), 0);
}

/* Tells that a request of CPU 0 was served by node @nid; @scarce: its own was short of pages. Return: as
 * expected? */
static bool serve(struct fixture *f, unsigned int nid, bool scarce)
{
	const struct trace_event ev = {.type = TRACE_ALLOC, .task = 4, .class_id = f->classes[PLAIN]};
	unsigned int expected = verify_preferred_node(&f->v, &ev);

	verify_node_was_preferred(&f->v, &ev, nid, expected != nid, scarce);
	return expected == nid;
}

/* Where pages are short who served is a poor witness of what was preferred: it takes two. */
static void a_guess_made_while_pages_were_short_must_come_true(void **state)
{
	struct fixture *f = *state;

	f->v.policies_known = true;
	assert_false(serve(f, 1, true));
	assert_false(serve(f, 1, true));
	assert_true(serve(f, 1, true));
	/* The own node is back, and a single page from elsewhere tells nothing. */
	assert_false(serve(f, 0, true));
	assert_true(serve(f, 0, true));
	assert_false(serve(f, 1, true));
	assert_true(serve(f, 0, true));
}

/* The CPU's own node served where the guess said another: it is heeded no longer. */
static void a_guess_is_dropped_once_the_own_node_serves(void **state)
{
	struct fixture *f = *state;

	f->v.policies_known = true;
	assert_false(serve(f, 1, false));
	assert_true(serve(f, 1, false));
	assert_false(serve(f, 0, false));
	for (int i = 0; i < 4; i++)
		assert_true(serve(f, 0, false));
	/* A round that comes again is foreseen in the end, and then heeded. */
	for (int i = 0; i < 6; i++)
		serve(f, (unsigned int)i % 2, false);
	for (int i = 0; i < 6; i++)
		assert_true(serve(f, (unsigned int)i % 2, false));
}

/* The recorder's own reading of the ratios made the kernel compute them anew; from 7.3 on it does not. */
static void reserves_are_those_after_the_ratios_were_read(void **state)
{
	static char release[] = "7.3.0";
	struct fixture *f = *state;
	struct trace_machine later = *f->v.header;
	struct mmr_error err = {0};
	struct machine machine;

	assert_false(f->v.recorded.nodes[0].zones[ZONE_DMA32].have_lowmem_reserve);
	later.kernel_release = release;
	assert_int_equal(machine_from_trace(&later, f->path, &machine, &err), 0);
	assert_true(machine.nodes[0].zones[ZONE_DMA32].have_lowmem_reserve);
	assert_int_equal(machine.nodes[0].zones[ZONE_DMA32].lowmem_reserve[ZONE_NORMAL], 100);
	machine_deinit(&machine);
}

/* Node 0 has 1280 free pages, @pending of them counted by one CPU alone; node 1 has enough. */
static void watch_folds(struct fixture *f, struct verify_report *report, const int16_t *pending)
{
	struct verify *v = &f->v;
	struct zone *own = mmr_step_named_zone(v->core, 0, ZONE_DMA32);
	struct zone *far = mmr_step_named_zone(v->core, 1, ZONE_NORMAL);

	assert_int_equal(mmr_step_adopt_free(v->core, own, NODE0, 10, MIGRATE_UNMOVABLE), 0);
	assert_int_equal(mmr_step_adopt_free(v->core, own, NODE0 + 1024, 8, MIGRATE_UNMOVABLE), 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(mmr_step_adopt_free(v->core, far, NODE1 + i * 1024, 10, MIGRATE_UNMOVABLE), 0);
	mmr_step_adopt_counts(v->core, own, pending);
	mmr_step_adopt_counts(v->core, far, NULL);
	v->report = report;
	v->max_zone_id = mmr_step_max_zone_id(v->core);
	v->nr_cpus = 2;
	v->folds_known = v->limits_known = v->balance_known = v->isolation_known = true;
	v->cpus = calloc(2, sizeof(*v->cpus));
	v->window.events = calloc(WINDOW_EVENTS, sizeof(*v->window.events));
	v->window.extras = calloc(WINDOW_EVENTS, sizeof(*v->window.extras));
	v->window.mask = WINDOW_EVENTS - 1;
	assert_non_null(v->cpus);
	assert_non_null(v->window.events);
	assert_non_null(v->window.extras);
}

static void forget_folds(struct verify *v)
{
	free(v->cpus);
	free(v->window.events);
	free(v->window.extras);
}

/* Event @number: CPU 1 begins a fold */
static void begin_fold(struct verify *v, uint64_t number, bool by_worker)
{
	v->number = number;
	window_at(&v->window, number)->ev =
		(struct trace_event){.type = TRACE_VMSTAT_FOLD, .cpu = 1, .task = WORKER};
	v->window.extras[number].v[0] = by_worker;
	verify_extra(v, window_at(&v->window, number));
}

/* The kernel goes to node 1 as long as the CPU that folds stands still, and then no more. */
static void a_fold_may_come_about_later_than_it_is_told(void **state)
{
	static const int16_t pending[2] = {0, 100};
	struct fixture *f = *state;
	struct verify *v = &f->v;
	struct zone *own = mmr_step_named_zone(v->core, 0, ZONE_DMA32);
	struct zone *far = mmr_step_named_zone(v->core, 1, ZONE_NORMAL);
	struct trace_event ev = {.type = TRACE_ALLOC, .task = TRACE_NO_TASK, .pfn = NODE1};
	struct verify_report report = {0};

	ev.class_id = f->classes[PLAIN];
	watch_folds(f, &report, pending);
	begin_fold(v, 5, false);
	v->number = 6;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_RACE], 1);
	window_at(&v->window, 7)->ev = (struct trace_event){.type = TRACE_FREE, .cpu = 1, .pfn = NODE1};
	v->number = 8;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_RACE], 1);
	verify_choice_of_zone(v, &ev, own, false);
	assert_int_equal(report.levels[VERIFY_ZONE].exact, 1);
	forget_folds(v);
}

/* CPU 0 gets a page of node 1: told why only where the recording has what the allocator was called with. */
static void a_request_that_is_told_prefers_the_node_it_names(void **state)
{
	static const int16_t pending[2] = {0, 0};
	struct fixture *f = *state;
	struct verify *v = &f->v;
	struct zone *far = mmr_step_named_zone(v->core, 1, ZONE_NORMAL);
	struct trace_event ev = {.type = TRACE_ALLOC, .task = 4, .pfn = NODE1};
	struct verify_report report = {0};

	ev.class_id = f->classes[PLAIN];
	watch_folds(f, &report, pending);
	window_at(&v->window, 5)->ev = ev;
	window_at(&v->window, 6)->ev =
		(struct trace_event){.type = TRACE_ALLOC_REQUEST, .task = 4, .pfn = NODE1};
	v->window.extras[6].v[0] = 1;
	v->window.extras[6].v[1] = -1;
	v->window.end = 7;
	v->number = 5;
	v->requests_known = true;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.levels[VERIFY_ZONE].exact, 1);
	v->window.end = 6;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.levels[VERIFY_ZONE].exact, 1);
	assert_int_equal(report.levels[VERIFY_ZONE].informed, 1);
	forget_folds(v);
}

/* What others do on its CPU does not show that the worker's fold is done; what the worker does next does. */
static void a_fold_of_the_worker_may_wait_for_others_on_its_cpu(void **state)
{
	static const int16_t pending[2] = {0, 100};
	struct fixture *f = *state;
	struct verify *v = &f->v;
	struct zone *far = mmr_step_named_zone(v->core, 1, ZONE_NORMAL);
	struct trace_event ev = {.type = TRACE_ALLOC, .cpu = 0, .task = 3, .pfn = NODE1};
	struct verify_report report = {.have_divergence = true};

	ev.class_id = f->classes[PLAIN];
	watch_folds(f, &report, pending);
	begin_fold(v, 5, true);
	window_at(&v->window, 6)->ev = (struct trace_event){.type = TRACE_FREE, .cpu = 1, .task = 4};
	v->number = 7;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_RACE], 1);
	window_at(&v->window, 7)->ev = (struct trace_event){.type = TRACE_FREE, .cpu = 1, .task = WORKER};
	v->number = 8;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_RACE], 1);
	forget_folds(v);
}

/* CPU 1 takes 124 pages, just too few to count, after its fold was told: the rest of the fold counted them. */
static void a_fold_that_came_late_took_what_was_pending_by_then(void **state)
{
	static const int16_t pending[2] = {0, 0};
	struct fixture *f = *state;
	struct verify *v = &f->v;
	struct zone *own = mmr_step_named_zone(v->core, 0, ZONE_DMA32);
	struct zone *far = mmr_step_named_zone(v->core, 1, ZONE_NORMAL);
	struct trace_event ev = {.type = TRACE_ALLOC, .cpu = 0, .task = TRACE_NO_TASK, .pfn = NODE1};
	struct verify_report report = {.have_divergence = true};
	int16_t later[2] = {0, -124};
	struct mmr_step_marks marks;

	ev.class_id = f->classes[PLAIN];
	watch_folds(f, &report, pending);
	begin_fold(v, 5, true);
	mmr_step_adopt_counts(v->core, own, later);
	mmr_step_marks(v->core, own, &marks);
	assert_int_equal(marks.free, 1404);
	v->number = 6;
	verify_choice_of_zone(v, &ev, own, false);
	assert_int_equal(report.levels[VERIFY_ZONE].exact, 1);
	mmr_step_set_boost(own, 200);
	/* Nobody is known to have run there meanwhile. */
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_POLICY], 1);
	window_at(&v->window, 6)->ev = (struct trace_event){.type = TRACE_FREE, .cpu = 1, .task = 4};
	v->number = 7;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_RACE], 1);
	/* It was told once, and is known from then on. */
	mmr_step_marks(v->core, own, &marks);
	assert_int_equal(marks.free, 1280);
	assert_int_equal(marks.pending, 0);
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.levels[VERIFY_ZONE].exact, 2);
	forget_folds(v);
}

static void tell_kswapd(struct verify *v, enum trace_event_type type, unsigned int nid)
{
	v->number++;
	window_at(&v->window, v->number)->ev = (struct trace_event){.type = (uint8_t)type, .task = WORKER};
	v->window.extras[v->number].v[0] = nid;
	verify_extra(v, window_at(&v->window, v->number));
}

static void leave_1280_pages(struct verify *v, struct zone *far, uint32_t boost)
{
	mmr_step_zone_forget(v->core, far);
	assert_int_equal(mmr_step_adopt_free(v->core, far, NODE1, 10, MIGRATE_UNMOVABLE), 0);
	assert_int_equal(mmr_step_adopt_free(v->core, far, NODE1 + 1024, 8, MIGRATE_UNMOVABLE), 0);
	mmr_step_adopt_counts(v->core, far, NULL);
	mmr_step_set_boost(far, boost);
}

/* Node 0 has a page, node 1 1280; its mark is 1000 and @boost. */
static void leave_few_pages(struct verify *v, uint32_t boost)
{
	struct zone *own = mmr_step_named_zone(v->core, 0, ZONE_DMA32);

	mmr_step_zone_forget(v->core, own);
	assert_int_equal(mmr_step_adopt_free(v->core, own, NODE0, 0, MIGRATE_UNMOVABLE), 0);
	mmr_step_adopt_counts(v->core, own, NULL);
	leave_1280_pages(v, mmr_step_named_zone(v->core, 1, ZONE_NORMAL), boost);
}

/*
 * CPU 1's worker began a fold, and another task was seen there next: two pages that CPU 1 freed, and that the
 * model has pending, the kernel may have counted, as long as no other fold begins, however many events go by.
 */
static void a_fold_that_was_interrupted_leaves_in_doubt_what_is_pending(void **state)
{
	struct fixture *f = *state;
	struct verify *v = &f->v;
	struct zone *far = mmr_step_named_zone(v->core, 1, ZONE_NORMAL);
	struct trace_event ev = {.type = TRACE_ALLOC, .task = TRACE_NO_TASK, .pfn = NODE1};
	struct verify_report report = {.have_divergence = true};
	struct mmr_step_marks marks;

	ev.class_id = f->classes[PLAIN];
	watch_folds(f, &report, NULL);
	leave_few_pages(v, 279);
	/* The worker's own event is the next. */
	window_at(&v->window, 5)->next = 6;
	window_at(&v->window, 6)->ev = (struct trace_event){.type = TRACE_FREE, .cpu = 1, .task = WORKER};
	begin_fold(v, 5, true);
	mmr_step_hide_pages(far, 1, 2);
	v->number = 20000;
	verify_choice_of_zone(v, &ev, far, false);
	/* A CPU that goes idle lets nobody run before it is done. */
	window_at(&v->window, 6)->ev.task = 4;
	begin_fold(v, 5, false);
	mmr_step_hide_pages(far, 1, 2);
	v->number = 20000;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_DIVERGED - 1][VERIFY_CAUSE_UNEXPLAINED], 2);
	begin_fold(v, 5, true);
	mmr_step_hide_pages(far, 1, 2);
	v->number = 20000;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_DRIFT], 1);
	mmr_step_marks(v->core, far, &marks);
	assert_int_equal(marks.pending, 0);
	assert_int_equal(marks.free, 1280);
	/* It was told once: from then on what is pending is known. */
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.levels[VERIFY_ZONE].exact, 1);
	mmr_step_hide_pages(far, 1, 2);
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_DIVERGED - 1][VERIFY_CAUSE_UNEXPLAINED], 3);
	forget_folds(v);
}

/*
 * Node 0 has a page, node 1 1280; its boosted mark is 1290: it serves where a CPU has taken 10 pages more than
 * are counted, which its kswapd allows from when it was called, not while it sleeps.
 */
static void a_kswapd_that_was_called_may_be_up_before_it_tells(void **state)
{
	struct fixture *f = *state;
	struct verify *v = &f->v;
	struct zone *far = mmr_step_named_zone(v->core, 1, ZONE_NORMAL);
	struct trace_event ev = {.type = TRACE_ALLOC, .task = TRACE_NO_TASK, .pfn = NODE1};
	struct verify_report report = {.have_divergence = true};

	ev.class_id = f->classes[PLAIN];
	watch_folds(f, &report, NULL);
	leave_few_pages(v, 290);
	v->number = 1;
	tell_kswapd(v, TRACE_WAKEUP_KSWAPD, 1);
	verify_choice_of_zone(v, &ev, far, false);
	tell_kswapd(v, TRACE_KSWAPD_SLEEP, 1);
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_DIVERGED - 1][VERIFY_CAUSE_UNEXPLAINED], 2);
	tell_kswapd(v, TRACE_WAKEUP_KSWAPD, 1);
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_RACE], 1);
	assert_int_equal(mmr_step_threshold(far, 0), 100);
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.levels[VERIFY_ZONE].exact, 1);
	forget_folds(v);
}

/*
 * From 6.18 on a node whose kswapd works is asked last. It works from when it is called until it is done; when
 * a doze after that ends, no event tells.
 */
static void a_node_whose_kswapd_works_is_asked_last(void **state)
{
	struct fixture *f = *state;
	struct mmr_step_request request = {
		.gfp = MMR_GFP_KERNEL, .attempts = MMR_STEP_FAST, .mt = MIGRATE_UNMOVABLE};
	struct mmr_machine_config config;
	struct mmr_machine *m;
	struct mmr_error err = {0};
	struct zone *zones[2];

	machine_config(&f->v.recorded, kernel_profile_find("6.18"), &config);
	assert_int_equal(mmr_machine_create(&config, &m, &err), 0);
	zones[0] = mmr_step_named_zone(m, 0, ZONE_DMA32);
	zones[1] = mmr_step_named_zone(m, 1, ZONE_NORMAL);
	for (int i = 0; i < 2; i++) {
		for (uint32_t block = 0; block < 4; block++)
			assert_int_equal(mmr_step_adopt_free(m, zones[i], (i ? NODE1 : NODE0) + block * 1024,
							     10, MIGRATE_UNMOVABLE),
					 0);
		mmr_step_adopt_counts(m, zones[i], NULL);
	}
	assert_ptr_equal(mmr_step_first_zone(m, &request), zones[0]);
	mmr_step_set_kswapd(m, 0, true);
	assert_ptr_equal(mmr_step_first_zone(m, &request), zones[1]);
	mmr_step_set_kswapd(m, 1, true);
	assert_ptr_equal(mmr_step_first_zone(m, &request), zones[0]);
	mmr_step_set_kswapd(m, 0, false);
	assert_false(mmr_step_kswapd(m, 0));
	assert_ptr_equal(mmr_step_first_zone(m, &request), zones[0]);

	/* Dozing, it may be up again: kept where that explains who served. */
	mmr_machine_destroy(f->v.core);
	f->v.core = m;
	mmr_step_set_kswapd(m, 1, false);
	verify_balance(&f->v, 0, false);
	request.served = zones[1];
	assert_true(verify_kswapd_worked(&f->v, &request));
	assert_true(mmr_step_kswapd(m, 0));
	verify_balance(&f->v, 0, true);
	request.served = zones[0];
	assert_false(verify_kswapd_worked(&f->v, &request));
	assert_true(verify_kswapd_race(&f->v, &request));
	assert_true(mmr_step_kswapd(m, 0));
}

/*
 * Node 0's kswapd was done, and then CPU 1 took 32 pages of node 1, which is 10 short of its mark since: the
 * choice of node 1 was made before both.
 */
static void a_choice_may_be_older_than_the_end_of_a_kswapds_work(void **state)
{
	struct fixture *f = *state;
	struct verify *v = &f->v;
	struct trace_event ev = {.type = TRACE_ALLOC, .task = TRACE_NO_TASK, .pfn = NODE1};
	struct verify_report report = {.have_divergence = true};
	struct mmr_machine_config config;
	struct mmr_error err = {0};
	struct zone *far;

	machine_config(&v->recorded, kernel_profile_find("6.18"), &config);
	mmr_machine_destroy(v->core);
	assert_int_equal(mmr_machine_create(&config, &v->core, &err), 0);
	far = mmr_step_named_zone(v->core, 1, ZONE_NORMAL);
	ev.class_id = f->classes[PLAIN];
	watch_folds(f, &report, NULL);
	leave_1280_pages(v, far, 290);
	window_at(&v->window, 6)->ev = (struct trace_event){.type = TRACE_BALANCE_END, .task = WORKER};
	window_at(&v->window, 7)->ev = (struct trace_event){
		.type = TRACE_ZONE_LOCKED, .cpu = 1, .task = 4, .pfn = NODE1 + 2048, .order = 5};
	/* Not if its task was seen since. */
	window_at(&v->window, 8)->ev = (struct trace_event){.type = TRACE_FREE, .task = TRACE_NO_TASK};
	v->number = 9;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_DIVERGED - 1][VERIFY_CAUSE_UNEXPLAINED], 1);
	v->number = 8;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_RACE], 1);
	assert_false(mmr_step_kswapd(v->core, 0));
	forget_folds(v);
}

/* Where pages are isolated without an event, who had enough of them no event tells. */
static void a_choice_among_unknown_counts_is_no_divergence(void **state)
{
	struct fixture *f = *state;
	struct verify *v = &f->v;
	struct zone *own = mmr_step_named_zone(v->core, 0, ZONE_DMA32);
	struct zone *far = mmr_step_named_zone(v->core, 1, ZONE_NORMAL);
	struct trace_event ev = {.type = TRACE_ALLOC, .task = TRACE_NO_TASK, .pfn = NODE1};
	struct verify_report report = {.have_divergence = true};
	struct cpu_view cpus[2] = {0};
	bool *unseen;

	v->max_zone_id = mmr_step_max_zone_id(v->core);
	v->cpus = cpus;
	v->isolated_unseen = unseen = calloc(v->max_zone_id, sizeof(*unseen));
	assert_non_null(unseen);
	ev.class_id = f->classes[PLAIN];
	assert_int_equal(mmr_step_adopt_free(v->core, own, NODE0, 10, MIGRATE_UNMOVABLE), 0);
	assert_int_equal(mmr_step_adopt_free(v->core, own, NODE0 + 1024, 9, MIGRATE_UNMOVABLE), 0);
	mmr_step_adopt_counts(v->core, own, NULL);
	v->report = &report;
	v->nr_cpus = 2;
	v->number = 1;
	v->folds_known = v->limits_known = v->balance_known = true;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_DIVERGED - 1][VERIFY_CAUSE_UNEXPLAINED], 1);
	/* Those of another zone say nothing of these. */
	unseen[0] = true;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_DIVERGED - 1][VERIFY_CAUSE_UNEXPLAINED], 2);
	unseen[mmr_step_zone_id(own)] = true;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_UNTRACED], 1);
	v->isolation_known = true;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_DIVERGED - 1][VERIFY_CAUSE_UNEXPLAINED], 3);
	free(unseen);
}

/*
 * kswapd has begun and ended, and what it took back of the boosts it looked at in a moment of its own: that the
 * node far away served says that its boost is gone.
 */
static void a_boost_may_have_been_taken_back(void **state)
{
	struct fixture *f = *state;
	struct verify *v = &f->v;
	struct zone *own = mmr_step_named_zone(v->core, 0, ZONE_DMA32);
	struct zone *far = mmr_step_named_zone(v->core, 1, ZONE_NORMAL);
	struct trace_event ev = {.type = TRACE_ALLOC, .task = TRACE_NO_TASK, .pfn = NODE1};
	struct verify_report report = {.have_divergence = true};
	struct cpu_view cpus[2] = {0};
	struct mmr_step_marks marks;

	ev.class_id = f->classes[PLAIN];
	assert_int_equal(mmr_step_adopt_free(v->core, own, NODE0, 2, MIGRATE_UNMOVABLE), 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(mmr_step_adopt_free(v->core, far, NODE1 + i * 1024, 10, MIGRATE_UNMOVABLE), 0);
	mmr_step_adopt_counts(v->core, own, NULL);
	mmr_step_adopt_counts(v->core, far, NULL);
	mmr_step_set_boost(far, 5000);
	v->report = &report;
	v->cpus = cpus;
	v->max_zone_id = mmr_step_max_zone_id(v->core);
	v->nr_cpus = 2;
	v->number = 1;
	v->folds_known = v->limits_known = v->balance_known = v->isolation_known = true;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.levels[VERIFY_ZONE].diverged, 1);
	f->boosts[mmr_step_zone_id(far)] = BOOST_IN_DOUBT;
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_BOOST], 1);
	mmr_step_marks(v->core, far, &marks);
	assert_true(marks.boost < 5000);
	verify_choice_of_zone(v, &ev, far, false);
	assert_int_equal(report.levels[VERIFY_ZONE].exact, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_that_is_told_prefers_the_node_it_names, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(interleaved_pages_take_turns_from_the_first_on, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_slab_takes_a_turn_of_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(weights_are_learned_in_one_round, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_policy_that_prefers_or_binds_is_heeded_at_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_guess_made_while_pages_were_short_must_come_true, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_guess_is_dropped_once_the_own_node_serves, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_fold_may_come_about_later_than_it_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_fold_of_the_worker_may_wait_for_others_on_its_cpu, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_fold_that_came_late_took_what_was_pending_by_then, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_fold_that_was_interrupted_leaves_in_doubt_what_is_pending,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_kswapd_that_was_called_may_be_up_before_it_tells, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_boost_may_have_been_taken_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_node_whose_kswapd_works_is_asked_last, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_choice_may_be_older_than_the_end_of_a_kswapds_work, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_choice_among_unknown_counts_is_no_divergence, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(reserves_are_those_after_the_ratios_were_read, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
