// SPDX-License-Identifier: GPL-2.0-or-later
/* Where recorded CPUs go, way by way, and which maps are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "replay/scenario/placement.h"

/* Two nodes of two CPUs, interleaved as some firmware numbers them; node 2 has memory only. */
static uint16_t two_by_two_nodes[] = {0, 1, 0, 1};
static uint16_t eight_nodes[] = {0, 0, 0, 0, 1, 1, 1, 1};
static uint16_t spread_nodes[] = {2, 2, 0};

static struct mmr_node_config memory[3] = {
	{.zones[ZONE_NORMAL] =
		 {.start_pfn = 1024, .spanned_pages = 1024, .present_pages = 1024, .managed_pages = 1024}},
	{.zones[ZONE_NORMAL] =
		 {.start_pfn = 2048, .spanned_pages = 1024, .present_pages = 1024, .managed_pages = 1024}},
	{.zones[ZONE_NORMAL] =
		 {.start_pfn = 3072, .spanned_pages = 1024, .present_pages = 1024, .managed_pages = 1024}},
};
static struct mmr_node_config memory_of_node_1[3] = {
	[1] = {.zones[ZONE_NORMAL] =
		       {.start_pfn = 1024, .spanned_pages = 9, .present_pages = 9, .managed_pages = 9}},
};

static struct machine two_by_two = {
	.name = "two", .nr_nodes = 2, .nr_cpus = 4, .cpu_node = two_by_two_nodes, .nodes = memory};
static struct machine eight = {
	.name = "eight", .nr_nodes = 2, .nr_cpus = 8, .cpu_node = eight_nodes, .nodes = memory};
static struct machine spread = {
	.name = "spread", .nr_nodes = 3, .nr_cpus = 3, .cpu_node = spread_nodes, .nodes = memory};

static void every_way_places_every_cpu(void **state)
{
	static const struct {
		const char *way;
		struct machine *recorded, *machine;
		unsigned int copies;
		const char *becomes;
		uint16_t cpu[8];
	} cases[] = {
		{"identity", &two_by_two, &eight, 1, "identity", {0, 1, 2, 3}},
		{"by-node", &two_by_two, &eight, 1, "by-node", {0, 4, 1, 5}},
		{"by-node", &eight, &two_by_two, 1, "by-node", {0, 2, 0, 2, 1, 3, 1, 3}},
		{"round-robin", &two_by_two, &eight, 1, "round-robin", {0, 4, 1, 5}},
		{"round-robin", &two_by_two, &spread, 1, "round-robin", {2, 0, 2, 1}},
		{"packed", &two_by_two, &eight, 1, "packed", {0, 1, 2, 3}},
		{"packed", &two_by_two, &spread, 1, "packed", {2, 0, 1, 2}},
		{"packed", &two_by_two, &eight, 2, "packed", {0, 1, 2, 3, 4, 5, 6, 7}},
		{"by-node", &two_by_two, &eight, 2, "by-node", {0, 4, 1, 5, 2, 6, 3, 7}},
		{"0-3=7", &two_by_two, &eight, 1, "explicit", {7, 7, 7, 7}},
		{"explicit:0-2=5-6,3=0", &two_by_two, &eight, 1, "explicit", {5, 6, 5, 0}},
		{"auto", &two_by_two, &two_by_two, 1, "identity", {0, 1, 2, 3}},
		{"auto", &two_by_two, &eight, 1, "round-robin", {0, 4, 1, 5}},
		{"auto", &two_by_two, &two_by_two, 2, "round-robin", {0, 1, 2, 3, 0, 1, 2, 3}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum placement placement;
		const char *map;
		uint16_t cpu[8] = {0};
		struct mmr_error err = {0};

		assert_int_equal(placement_parse(cases[i].way, &placement, &map, &err), 0);
		if (placement_cpus(&placement, map, cases[i].recorded, cases[i].copies, cases[i].machine, cpu,
				   &err))
			fail_msg("case %zu: %s", i, err.msg);
		assert_string_equal(placement_name(placement), cases[i].becomes);
		for (unsigned int c = 0; c < cases[i].recorded->nr_cpus * cases[i].copies; c++)
			if (cpu[c] != cases[i].cpu[c])
				fail_msg("case %zu: CPU %u went to %u, expected %u", i, c, cpu[c],
					 cases[i].cpu[c]);
	}
}

static void impossible_places_are_refused(void **state)
{
	static const struct {
		const char *way, *says;
	} cases[] = {
		{"sideways", "expected auto, identity"},
		{"identity", "the recording has 8 CPUs, machine two has 4"},
		{"0-7=4", "CPU 4, machine two has 0..3"},
		{"0-6=0", "recorded CPU 7 has no place"},
		{"0-8=0", "recorded CPU 8, the recording has 0..7"},
		{"0-7=0,3=1", "recorded CPU 3 has two places"},
		{"0-7=", "expected recorded CPUs"},
		{"0-7=3-1", "expected recorded CPUs"},
		{"0-7=0 ", "expected recorded CPUs"},
		{"-1=0", "expected recorded CPUs"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_error err = {0};
		enum placement placement;
		const char *map;
		uint16_t cpu[8];

		if (placement_parse(cases[i].way, &placement, &map, &err) == 0 &&
		    placement_cpus(&placement, map, &eight, 1, &two_by_two, cpu, &err) == 0)
			fail_msg("case %zu was accepted", i);
		if (!strstr(err.msg, cases[i].says))
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, err.msg, cases[i].says);
	}
}

static void a_map_that_is_none_is_known_before_there_is_a_machine(void **state)
{
	static const char *const bad[] = {"0=",    "=3",    "0=1,", "0=1;1=0",
					  "1-0=1", "0=1-0", "0==1", "explicit:0"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enum placement placement;
		const char *map;

		if (placement_parse(bad[i], &placement, &map, NULL) == 0)
			fail_msg("\"%s\" was accepted", bad[i]);
	}
}

static void a_named_node_has_memory(void **state)
{
	struct machine machine = two_by_two;
	static const uint16_t cpu[8] = {3, 2, 1, 0, 3, 2, 1, 0};
	int16_t node[3];

	placement_nodes(PLACEMENT_EXPLICIT, &two_by_two, &two_by_two, cpu, node);
	assert_int_equal(node[0], 1);
	assert_int_equal(node[1], 0);
	placement_nodes(PLACEMENT_ROUND_ROBIN, &two_by_two, &two_by_two, cpu, node);
	assert_int_equal(node[0], 0);
	assert_int_equal(node[1], 1);
	machine.nodes = memory_of_node_1;
	placement_nodes(PLACEMENT_EXPLICIT, &two_by_two, &machine, cpu, node);
	assert_int_equal(node[0], 1);
	assert_int_equal(node[1], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_places_every_cpu),
		cmocka_unit_test(impossible_places_are_refused),
		cmocka_unit_test(a_map_that_is_none_is_known_before_there_is_a_machine),
		cmocka_unit_test(a_named_node_has_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
