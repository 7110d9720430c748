// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies and cpusets: which task has which, where its pages then come from, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/profile.h"
#include "replay/scenario/task_place.h"

#define GFP MMR_GFP_HIGHUSER_MOVABLE

static const struct trace_task tasks[] = {
	{.tid = 10, .tgid = 10, .comm = "make"},
	{.tid = 11, .tgid = 10, .comm = "cc1"},
	{.tid = 12, .tgid = 12, .comm = "cc1plus"},
};

struct world {
	struct machine machine;
	struct mmr_machine *core;
	struct task_places *places;
};

/* Four nodes of which the last has no memory; rules end with an empty one. */
static void make_world(struct world *w, const struct task_rule *rules)
{
	struct mmr_machine_config config;
	struct mmr_error err = {0};
	unsigned int nr = 0;

	assert_int_equal(machine_load("four-socket", &w->machine, &err), 0);
	memset(&w->machine.nodes[3], 0, sizeof(w->machine.nodes[3]));
	w->machine.nr_ranges = 0;
	machine_config(&w->machine, kernel_profile_find("6.12"), &config);
	if (mmr_machine_create(&config, &w->core, &err))
		fail_msg("%s", err.msg);
	mmr_seed_empty(w->core);
	while (rules[nr].policy || rules[nr].cpus || rules[nr].mems)
		nr++;
	if (task_places_create(rules, nr, tasks, 3, 2, 8, &w->machine, &w->places, &err))
		fail_msg("%s", err.msg);
}

static void end_world(struct world *w)
{
	task_places_destroy(w->places);
	mmr_machine_destroy(w->core);
	machine_deinit(&w->machine);
}

/* Node of the page that a task of CPU 0's first copy gets. */
static int node_for(struct world *w, uint32_t task, unsigned int flags, gfp_t gfp)
{
	struct trace_event event = {.task = task, .flags = (uint8_t)flags};
	struct mmr_request req = {.gfp = gfp, .nid = NUMA_NO_NODE};
	struct mmr_page page;

	req.cpu = (uint16_t)task_places_cpu(w->places, &event, 0);
	page = task_places_alloc(w->places, w->core, &event, &req);
	return page.pfn == MMR_NO_PFN ? -1 : page.nid;
}

static void the_later_rule_that_matches_counts(void **state)
{
	static const struct task_rule rules[] = {{.policy = "bind:1"},
						 {.task = "cc1*", .policy = "prefer:2"},
						 {.task = "tid:12", .policy = "local"},
						 {0}};
	struct world w;
	uint64_t matched, requests;

	make_world(&w, rules);
	assert_int_equal(node_for(&w, 0, 0, GFP), 1);
	assert_int_equal(node_for(&w, 1, 0, GFP), 2);
	assert_int_equal(node_for(&w, 2, 0, GFP), 0);
	assert_int_equal(node_for(&w, TRACE_NO_TASK, 0, GFP), 1);
	assert_int_equal(node_for(&w, 1, TRACE_F_SOFTIRQ, GFP), 0);
	assert_int_equal(node_for(&w, 1, TRACE_F_KSWAPD, GFP), 0);
	task_places_count(w.places, 1, &matched, &requests);
	assert_int_equal(matched, 2);
	assert_int_equal(requests, 1);
	end_world(&w);
}

static void each_task_has_its_own_place_in_an_interleaving(void **state)
{
	static const struct task_rule rules[] = {{.policy = "interleave:0,2"}, {0}};
	struct world w;

	make_world(&w, rules);
	assert_int_equal(node_for(&w, 0, 0, GFP), 0);
	assert_int_equal(node_for(&w, 0, 0, GFP), 2);
	assert_int_equal(node_for(&w, 1, 0, GFP), 0);
	assert_int_equal(node_for(&w, 0, 0, GFP), 0);
	assert_int_equal(node_for(&w, 1, 0, GFP), 2);
	end_world(&w);
}

static void weights_are_pages_in_a_row(void **state)
{
	static const struct task_rule rules[] = {{.policy = "weighted-interleave:0*3,1"}, {0}};
	static const int expected[] = {0, 0, 0, 1, 0, 0, 0, 1};
	struct world w;

	make_world(&w, rules);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(node_for(&w, 0, 0, GFP), expected[i]);
	end_world(&w);
}

static void a_cpuset_moves_cpus_and_confines_pages(void **state)
{
	static const struct task_rule rules[] = {{.task = "pid:10", .cpus = "16-17,0", .mems = "1-2"},
						 {.task = "make", .policy = "interleave:0-1"},
						 {0}};
	struct trace_event event = {.task = 1};
	struct world w;

	make_world(&w, rules);
	/* CPU 0 is one of the set, 1 and 2 go round it. */
	assert_int_equal(task_places_cpu(w.places, &event, 0), 0);
	assert_int_equal(task_places_cpu(w.places, &event, 1), 17);
	assert_int_equal(task_places_cpu(w.places, &event, 3), 16);
	event.flags = TRACE_F_HARDIRQ;
	assert_int_equal(task_places_cpu(w.places, &event, 1), 1);
	/* CPU 0's own node is not allowed: the nearest that is. */
	assert_int_equal(node_for(&w, 1, 0, GFP), 1);
	assert_int_equal(node_for(&w, 1, 0, MMR_GFP_KERNEL), 1);
	/* Of make's two nodes the cpuset leaves one. */
	assert_int_equal(node_for(&w, 0, 0, GFP), 1);
	assert_int_equal(node_for(&w, 0, 0, GFP), 1);
	/* cc1plus is another process. */
	assert_int_equal(node_for(&w, 2, 0, GFP), 0);
	end_world(&w);
}

static void a_request_that_names_its_node_keeps_it(void **state)
{
	static const struct task_rule rules[] = {{.policy = "bind:1"}, {0}};
	struct trace_event event = {.task = 0};
	struct mmr_request req = {.gfp = GFP | MMR_GFP_THISNODE, .nid = 2};
	struct world w;

	make_world(&w, rules);
	assert_int_equal(task_places_alloc(w.places, w.core, &event, &req).nid, 2);
	end_world(&w);
}

static void impossible_rules_name_themselves(void **state)
{
	static const struct {
		struct task_rule rules[3];
		const char *says;
	} cases[] = {
		{{{.policy = "bind:7", .origin = "here"}},
		 "here: \"bind:7\": node 7 is absent, machine four-socket has nodes 0..3"},
		{{{.policy = "interleave:0-3", .origin = "x"}}, "node 3 of machine four-socket has no memory"},
		{{{.policy = "bind"}}, "expected nodes, as in bind:0"},
		{{{.policy = "bind:"}}, "expected nodes"},
		{{{.policy = "bind:a"}}, "expected a list of nodes"},
		{{{.policy = "prefer:0,1"}}, "expected one node"},
		{{{.policy = "default:0"}}, "expected no nodes"},
		{{{.policy = "spread:0"}}, "expected default, local, prefer:N"},
		{{{.policy = "weighted-interleave:0*0"}}, "expected weights 1..255"},
		{{{.policy = "weighted-interleave:9*1"}}, "node 9 is absent"},
		{{{.cpus = "64"}}, "which has 0..63"},
		{{{.mems = "3"}}, "has no memory"},
		{{{.mems = "4"}}, "node 4 is absent"},
		{{{.policy = "bind:0", .origin = "a"}, {.mems = "1", .origin = "b"}},
		 "a: \"bind:0\" has no node in common with b: \"1\""},
	};
	struct machine machine;
	struct mmr_error err = {0};

	assert_int_equal(machine_load("four-socket", &machine, &err), 0);
	memset(&machine.nodes[3], 0, sizeof(machine.nodes[3]));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct task_places *places;
		unsigned int nr = cases[i].rules[1].mems ? 2 : 1;

		if (!task_places_create(cases[i].rules, nr, tasks, 3, 1, 8, &machine, &places, &err))
			fail_msg("case %zu was accepted", i);
		if (!strstr(err.msg, cases[i].says))
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, err.msg, cases[i].says);
	}
	machine_deinit(&machine);
}

static void all_seven_modes_have_a_word(void **state)
{
	static const char *const words[NR_MMR_MPOLS] = {"default",
							"prefer:1",
							"bind:0,1",
							"interleave:all",
							"local",
							"prefer-many:0-1",
							"weighted-interleave:all"};
	struct machine machine;
	struct mmr_error err = {0};

	assert_int_equal(machine_load("four-socket", &machine, &err), 0);
	for (unsigned int mode = 0; mode < NR_MMR_MPOLS; mode++) {
		struct mmr_mempolicy policy;

		if (policy_parse(words[mode], &machine, &policy, &err))
			fail_msg("%s", err.msg);
		assert_int_equal(policy.mode, mode);
	}
	machine_deinit(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_later_rule_that_matches_counts),
		cmocka_unit_test(each_task_has_its_own_place_in_an_interleaving),
		cmocka_unit_test(weights_are_pages_in_a_row),
		cmocka_unit_test(a_cpuset_moves_cpus_and_confines_pages),
		cmocka_unit_test(a_request_that_names_its_node_keeps_it),
		cmocka_unit_test(impossible_rules_name_themselves),
		cmocka_unit_test(all_seven_modes_have_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
