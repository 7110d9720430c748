// SPDX-License-Identifier: GPL-2.0-or-later
/* Whom a cpuset keeps where: tasks, interrupts, victims, and requests with a mask of their own. */
#include <errno.h>

#include "core/tests/machines.h"

/* Three nodes of 32 MiB with one CPU each, all distances equal; a task on CPU 0. */
static struct mmr_machine *three_nodes(const char *profile)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.nr_nodes = 3,
								  .zone_type = ZONE_NORMAL,
								  .node_pages = 8192,
								  .mark = 50,
								  .batch = 8,
								  .high_min = 64,
								  .high_max = 64,
								  .profile = profile});
	mmr_seed_empty(m);
	return m;
}

static struct mmr_page ask(struct mmr_machine *m, gfp_t gfp, const struct mmr_cpuset *cpuset, uint8_t task)
{
	const struct mmr_request req = {.gfp = gfp, .nid = NUMA_NO_NODE, .cpuset = cpuset, .task = task};

	return mmr_alloc_pages(m, &req);
}

static void a_task_stays_within_its_nodes(void **state)
{
	const struct mmr_cpuset cpuset = {.mems_allowed = 0x4, .hardwall_mems = 0x4};
	struct mmr_machine *m = three_nodes(NULL);

	assert_int_equal(ask(m, MMR_GFP_KERNEL, &cpuset, 0).nid, 2);
	/* Nobody is in a cpuset: the CPU's own node. */
	assert_int_equal(ask(m, MMR_GFP_KERNEL, NULL, 0).nid, 0);
	mmr_machine_destroy(m);
}

static void an_interrupt_is_in_no_cpuset(void **state)
{
	const struct mmr_cpuset cpuset = {.mems_allowed = 0x4, .hardwall_mems = 0x4};
	struct mmr_machine *m = three_nodes(NULL);

	assert_int_equal(ask(m, MMR_GFP_ATOMIC_MASK, &cpuset, MMR_TASK_INTERRUPT).nid, 0);
	mmr_machine_destroy(m);
}

/*
 *              asks for      allowed       hard wall
 *   node       0 1 2
 *   mask       x x .         . . x         . . x
 *
 * The two have no node in common, so no zone passes: the mask is given up.
 */
static void a_mask_outside_the_cpuset_is_given_up(void **state)
{
	const struct mmr_cpuset cpuset = {.mems_allowed = 0x4, .hardwall_mems = 0x4};
	static const char *const profiles[] = {"6.1", "6.12", "7.3"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct mmr_machine *m = three_nodes(profiles[i]);
		struct mmr_request req = {
			.gfp = MMR_GFP_USER, .nid = NUMA_NO_NODE, .nodemask = 0x3, .cpuset = &cpuset};
		struct mmr_page page = mmr_alloc_pages(m, &req);

		assert_int_not_equal(page.pfn, MMR_NO_PFN);
		assert_int_equal(page.nid, 2);
		assert_int_equal(page.path, MMR_PATH_SLOWPATH);
		mmr_machine_destroy(m);
	}
}

/* In the fast path every request has the hard wall around its own nodes; in the slow path only those that ask.
 */
static void without_the_hardwall_flag_the_slow_path_uses_the_ancestors_nodes(void **state)
{
	const struct mmr_cpuset cpuset = {.mems_allowed = 0x1, .hardwall_mems = 0x3};
	struct mmr_machine *m = three_nodes(NULL);
	struct mmr_page page;

	/* Node 0 down to its min mark. */
	do {
		page = ask(m, MMR_GFP_USER, &cpuset, 0);
		assert_true(page.pfn == MMR_NO_PFN || page.nid == 0);
	} while (page.pfn != MMR_NO_PFN);
	/* GFP_USER has the flag, GFP_KERNEL has not; node 2 lies beyond the ancestor. */
	assert_int_equal(ask(m, MMR_GFP_USER, &cpuset, 0).pfn, MMR_NO_PFN);
	page = ask(m, MMR_GFP_KERNEL, &cpuset, 0);
	assert_int_not_equal(page.pfn, MMR_NO_PFN);
	assert_int_equal(page.nid, 1);
	mmr_machine_destroy(m);
}

/* Same as above for who is dying, with the hard wall closed. */
static void an_exiting_task_and_a_victim_may_leave_their_nodes(void **state)
{
	static const struct {
		gfp_t gfp;
		uint8_t task;
		bool served;
	} cases[] = {
		{MMR_GFP_KERNEL, 0, false},
		{MMR_GFP_KERNEL, MMR_TASK_EXITING, true},
		{MMR_GFP_USER, MMR_TASK_EXITING, false},
		{MMR_GFP_USER, MMR_TASK_OOM_VICTIM, true},
	};
	const struct mmr_cpuset cpuset = {.mems_allowed = 0x1, .hardwall_mems = 0x1};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *m = three_nodes(NULL);
		struct mmr_page page;

		while (ask(m, MMR_GFP_USER | MMR_GFP_NORETRY, &cpuset, 0).pfn != MMR_NO_PFN)
			;
		page = ask(m, cases[i].gfp | MMR_GFP_NORETRY, &cpuset, cases[i].task);
		assert_int_equal(page.pfn != MMR_NO_PFN, cases[i].served);
		if (cases[i].served && cases[i].task == MMR_TASK_EXITING)
			assert_int_equal(page.nid, 1);
		mmr_machine_destroy(m);
	}
}

static void a_bulk_request_stays_within_its_nodes(void **state)
{
	const struct mmr_cpuset cpuset = {.mems_allowed = 0x2, .hardwall_mems = 0x2};
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE, .cpuset = &cpuset};
	struct mmr_machine *m = three_nodes(NULL);
	uint32_t pfns[20];

	assert_int_equal(mmr_alloc_pages_bulk(m, &req, 20, 0, pfns), 20);
	for (int i = 0; i < 20; i++)
		assert_int_equal(pfns[i] / 8192, 1);
	mmr_machine_destroy(m);
}

/*
 * Node 0 is full, and all the task may use. While its request waits in direct reclaim, which gains nothing,
 * somebody writes 2 to cpuset.mems: the request starts over and finds its page on node 2. A task that may
 * not wait never sees the change; one that would rather fail than wait long sees it at the end.
 *
 *   node    0     1     2
 *   before  x     .     .
 *   then    .     .     x
 */
static void a_cpuset_that_changes_meanwhile_starts_the_request_over(void **state)
{
	const struct mmr_cpuset later = {.mems_allowed = 0x4, .hardwall_mems = 0x4};
	const struct mmr_cpuset cpuset = {.mems_allowed = 0x1, .hardwall_mems = 0x1, .later = &later};
	const struct mmr_cpuset never = {.mems_allowed = 0x1, .hardwall_mems = 0x1};
	static const char *const profiles[] = {"6.1", "6.12", "6.18", "7.3"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct mmr_machine *m = three_nodes(profiles[i]);
		struct mmr_page page;

		while (ask(m, MMR_GFP_USER | MMR_GFP_NORETRY, &never, 0).pfn != MMR_NO_PFN)
			;
		assert_int_equal(ask(m, MMR_GFP_USER, &never, 0).path, MMR_PATH_OOM);
		assert_int_equal(ask(m, MMR_GFP_NOWAIT_MASK | MMR_GFP_HARDWALL, &cpuset, 0).pfn, MMR_NO_PFN);
		page = ask(m, MMR_GFP_USER, &cpuset, 0);
		assert_int_equal(page.path, MMR_PATH_SLOWPATH);
		assert_int_equal(page.nid, 2);
		assert_int_equal(ask(m, MMR_GFP_USER | MMR_GFP_NORETRY, &cpuset, 0).nid, 2);
		assert_sound(m);
		mmr_machine_destroy(m);
	}
}

/* It starts over once: what the new nodes cannot give either is refused, and nothing goes on for ever. */
static void a_change_to_full_nodes_ends_all_the_same(void **state)
{
	struct mmr_cpuset later = {.mems_allowed = 0x4, .hardwall_mems = 0x4};
	struct mmr_cpuset cpuset = {.mems_allowed = 0x1, .hardwall_mems = 0x1, .later = &later};
	struct mmr_machine *m = three_nodes(NULL);
	struct mmr_error err;
	struct mmr_request bad = {.gfp = MMR_GFP_USER, .nid = NUMA_NO_NODE, .cpuset = &cpuset};

	while (ask(m, MMR_GFP_USER | MMR_GFP_NORETRY, &cpuset, 0).pfn != MMR_NO_PFN)
		;
	later.later = &cpuset; /* and back: not looked at */
	assert_int_equal(ask(m, MMR_GFP_USER, &cpuset, 0).path, MMR_PATH_OOM);
	assert_int_equal(ask(m, MMR_GFP_USER, NULL, 0).nid, 1);
	assert_sound(m);
	later.mems_allowed = 0x8;
	assert_int_equal(mmr_request_check(m, &bad, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "cpuset of nodes 0x8 has none with memory"));
	mmr_machine_destroy(m);
}

static void impossible_cpusets_and_tasks_are_named(void **state)
{
	const struct mmr_cpuset empty = {0}, beyond = {.mems_allowed = 0x8, .hardwall_mems = 0x8},
				wider = {.mems_allowed = 0x3, .hardwall_mems = 0x1};
	struct mmr_machine *m = three_nodes(NULL);
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE};
	struct mmr_error err;

	req.cpuset = &empty;
	assert_int_equal(mmr_request_check(m, &req, &err), -EINVAL);
	assert_string_equal(err.msg, "request: cpuset of nodes 0x0 has none with memory, these are 0x7");
	req.cpuset = &beyond;
	assert_int_equal(mmr_request_check(m, &req, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "0x8"));
	req.cpuset = &wider;
	assert_int_equal(mmr_request_check(m, &req, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "request: cpuset of nodes 0x3 within a hard wall of 0x1, expected a part of it");
	req.cpuset = NULL;
	req.task = 0x90;
	assert_int_equal(mmr_request_check(m, &req, &err), -EINVAL);
	assert_string_equal(err.msg, "request: task 0x90 has unknown bits 0x90");
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_stays_within_its_nodes),
		cmocka_unit_test(an_interrupt_is_in_no_cpuset),
		cmocka_unit_test(a_mask_outside_the_cpuset_is_given_up),
		cmocka_unit_test(without_the_hardwall_flag_the_slow_path_uses_the_ancestors_nodes),
		cmocka_unit_test(an_exiting_task_and_a_victim_may_leave_their_nodes),
		cmocka_unit_test(a_bulk_request_stays_within_its_nodes),
		cmocka_unit_test(a_cpuset_that_changes_meanwhile_starts_the_request_over),
		cmocka_unit_test(a_change_to_full_nodes_ends_all_the_same),
		cmocka_unit_test(impossible_cpusets_and_tasks_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
