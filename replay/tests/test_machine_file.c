// SPDX-License-Identifier: GPL-2.0-or-later
/* Machine files: what a good one becomes, and what each kind of bad one is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "replay/machines/machine_memory.h"
#include "replay/machines/machine_print.h"

static char file_name[64];

static int load_text(const char *text, struct machine *machine, struct mmr_error *err)
{
	FILE *file;
	int fd, rc;

	strcpy(file_name, "/tmp/mmr-machine-XXXXXX");
	fd = mkstemp(file_name);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	fputs(text, file);
	fclose(file);
	rc = machine_load(file_name, machine, err);
	unlink(file_name);
	return rc;
}

static void memory_is_cut_into_zones_and_laid_node_after_node(void **state)
{
	struct machine m;
	struct mmr_error err = {0};

	if (load_text("name: two\n"
		      "nodes:\n"
		      "  - node: 0\n    cpus: \"0,2\"\n    memory: 8GiB\n"
		      "  - node: 1\n    cpus: \"1,3\"\n    memory: 1GiB\n    movable: 512MiB\n",
		      &m, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(m.nr_nodes, 2);
	assert_int_equal(m.nr_cpus, 4);
	assert_int_equal(m.cpu_node[1], 1);
	assert_int_equal(m.cpu_node[2], 0);
	assert_int_equal(m.distance[1], 20);
	assert_int_equal(m.nodes[0].zones[ZONE_DMA].start_pfn, 1);
	assert_int_equal(m.nodes[0].zones[ZONE_DMA].spanned_pages, 4095);
	assert_int_equal(m.nodes[0].zones[ZONE_DMA32].start_pfn, 4096);
	assert_int_equal(m.nodes[0].zones[ZONE_NORMAL].start_pfn, 1 << 20);
	assert_int_equal(m.nodes[0].zones[ZONE_NORMAL].spanned_pages, 1 << 20);
	assert_int_equal(m.nodes[1].zones[ZONE_NORMAL].start_pfn, 2 << 20);
	assert_int_equal(m.nodes[1].zones[ZONE_NORMAL].spanned_pages, 131072);
	assert_int_equal(m.nodes[1].zones[ZONE_MOVABLE].spanned_pages, 131072);
	machine_deinit(&m);
}

static void explicit_zones_keep_their_recorded_numbers(void **state)
{
	struct machine m;
	struct mmr_error err = {0};

	if (load_text("name: one\nkernel: \"6.12\"\nllc_per_cpu: 2MiB\n"
		      "nodes:\n  - node: 0\n    cpus: \"0\"\n    zones:\n"
		      "      - zone: DMA32\n        start_pfn: 4096\n        spanned: 100000\n        present: "
		      "90000\n"
		      "        managed: 80000\n        watermark: [10, 20, 30]\n"
		      "        pcp: { batch: 7, high_min: 28, high_max: 280 }\n"
		      "sysctl:\n  watermark_boost_factor: 0\n  min_free_kbytes: 1234\n",
		      &m, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(m.kernel, "6.12");
	assert_int_equal(m.cpu_llc_pages, 512);
	assert_int_equal(m.nodes[0].zones[ZONE_DMA32].managed_pages, 80000);
	assert_true(m.nodes[0].zones[ZONE_DMA32].have_watermark);
	assert_int_equal(m.nodes[0].zones[ZONE_DMA32].watermark[WMARK_PROMO], 40);
	assert_int_equal(m.nodes[0].zones[ZONE_DMA32].pcp_high_max, 280);
	assert_int_equal(m.sysctl.watermark_boost_factor, 0);
	assert_int_equal(m.sysctl.watermark_scale_factor, 10);
	assert_int_equal(m.sysctl.min_free_kbytes, 1234);
	machine_deinit(&m);
}

#define NODE0 "  - node: 0\n    cpus: \"0\"\n    memory: 1GiB\n"

static void bad_files_are_told_line_key_and_expectation(void **state)
{
	static const struct {
		const char *text, *line, *says;
	} cases[] = {
		{"name: x\nnodes:\n" NODE0 "cpuz: 3\n", ":6:", "cpuz"},
		{"name: x\nnodes:\n" NODE0 "    memori: 1\n", ":6:", "memori"},
		{"nodes:\n" NODE0, "", "name"},
		{"name: x\nnodes:\n" NODE0 "  - node: 2\n    memory: 1GiB\n", ":6:", "expected node 1"},
		{"name: x\nnodes:\n" NODE0 "    distances: [10, 20]\n",
		 ":6:", "expected one for each of the 1 nodes"},
		{"name: x\nnodes:\n" NODE0 "    distances: [11]\n", ":6:", "expected 10 to itself"},
		{"name: x\nnodes:\n" NODE0 "    distances: [10, 9]\n" NODE0, ":", "nodes["},
		{"name: x\nnodes:\n  - node: 0\n    memory: 1GiB\n", "", "no node has CPUs"},
		{"name: x\nnodes:\n  - node: 0\n    cpus: \"0\"\n", "", "no node has memory"},
		{"name: x\nnodes:\n  - node: 0\n    cpus: \"0-3,2\"\n    memory: 1GiB\n",
		 ":4:", "one node per CPU"},
		{"name: x\nnodes:\n  - node: 0\n    cpus: \"0,2\"\n    memory: 1GiB\n", "", "without gaps"},
		{"name: x\nnodes:\n  - node: 0\n    cpus: \"a\"\n    memory: 1GiB\n", ":4:", "CPU list"},
		{"name: x\nnodes:\n  - node: 0\n    cpus: \"0\"\n    memory: lots\n", ":5:", "expected a size"},
		{"name: x\nnodes:\n  - node: 0\n    cpus: \"0\"\n    memory: 64TiB\n", ":5:", "below 16 TiB"},
		{"name: x\nnodes:\n  - node: 0\n    cpus: \"0\"\n    zones:\n"
		 "      - { zone: DMA, start_pfn: 1, spanned: 5000 }\n"
		 "      - { zone: DMA32, start_pfn: 4096, spanned: 5000 }\n",
		 ":5:", "overlaps"},
		{"name: x\nnodes:\n  - node: 0\n    cpus: \"0\"\n    zones:\n"
		 "      - { zone: DMA, start_pfn: 1, spanned: 50, managed: 60 }\n",
		 ":6:", "managed <= present <= spanned"},
		{"name: x\nnodes:\n  - node: 0\n    cpus: \"0\"\n    zones:\n"
		 "      - { zone: Lowmem, start_pfn: 1, spanned: 50 }\n",
		 ":6:", "zone"},
		{"name: x\nnodes:\n" NODE0 "sysctl:\n  percpu_pagelist_high_fraction: 3\n", "", "at least 8"},
		{"name: x\nname: y\nnodes:\n" NODE0, ":2:", "stands twice"},
		{"name: x\nnodes:\n" NODE0 "sysctl:\n  swapiness: 3\n", ":7:", "swappiness perhaps"},
		{"name: x\nvm:\n  swappiness: 3\nnodes:\n" NODE0, ":2:", "expected one of name"},
		{"name: x\nkernle: 6.12\nnodes:\n" NODE0, ":2:", "kernel perhaps"},
		{"name: x\nnodes:\n" NODE0 "sysctl:\n  min_free_kbytes: -3\n", ":7:", "expected a number"},
		{"name: x\nnodes:\n" NODE0 "sysctl:\n  min_free_kbytes: [3]\n", ":7:", "a single value"},
		{"name: x\nnodes:\n" NODE0 "sysctl:\n  defrag_mode: 2\n",
		 ":7:", "sysctl.defrag_mode: 2, expected 0..1"},
		{"name: x\nnodes: 3\n", ":2:", "expected a list"},
		{"name: x\nnodes: []\n", ":2:", "expected 1..64"},
		{"name: x\nkernel: \"2.4\"\nnodes:\n" NODE0, ":2: kernel:", "expected one of"},
		{"name: x\nkernel: \"6.12,pcp=9\"\nnodes:\n" NODE0, ":2: kernel:", "5.14"},
		{"name: x\npage: { pageblock_order: 10 }\nnodes:\n" NODE0, ":2:", "expected 9"},
		{"name: x\npage: { max_order: 9 }\nnodes:\n" NODE0, ":2:", "expected 10"},
		{"name: x\npage: { size: 64KiB }\nnodes:\n" NODE0, ":2:", "expected 4KiB"},
		{"name: x\narch: vax\nnodes:\n" NODE0, ":2: arch:", "x86-64, x86-32"},
		{"name: x\nllc_per_cpu: much\nnodes:\n" NODE0, ":2: llc_per_cpu:", "2MiB"},
		{"name: x\nholes: [\"3GiB\"]\nnodes:\n" NODE0, ":2: holes[0]:", "3GiB-4GiB"},
		{"name: x\nholes:\n  - \"3GiB-4GiB\"\n  - \"1GiB-2GiB\"\nnodes:\n" NODE0,
		 ":4: holes[1]:", "ascending"},
		{"name: x\nnodes:\n" NODE0 "    tier: 40000\n", ":6:", "expected 0..32767"},
		{"name: x\ndemotion: true\nnodes:\n" NODE0, ":2:", "no node has a tier"},
		{"name: x\noffline_cpus: \"0\"\nnodes:\n" NODE0, ":2:", "of the machine's CPUs, 1.."},
		{"name: x\noffline_cpus: \"77\"\nnodes:\n" NODE0, ":2:", "\"77\", expected a list"},
		{"name: x\nnodes:\n" NODE0 "    movable: 2GiB\n", ":6:", "up to the node's memory"},
		{"name: x\nnodes:\n" NODE0 "    movable: 101%\n", ":6:", "50%"},
		{"name: x\nnodes:\n  - node: 0\n    cpus: \"0\"\n    memory: 1GiB-2GiB,1GiB-3GiB\n",
		 ":5:", "ascending"},
		{"name: x\nnodes:\n  - node: 0\n    cpus: \"0\"\n    memory: 1GiB-3GiB\n"
		 "  - node: 1\n    memory: 2GiB-4GiB\n",
		 ":7: nodes[1].memory:", "overlaps zone DMA32 of node 0"},
		{"name: x\nram: [\"0-100\"]\nnodes:\n" NODE0,
		 ":6: nodes[0].memory:", "zones where ram is given"},
		{"name: x\nram: [\"0x1-100\"]\nnodes:\n  - node: 0\n    cpus: \"0\"\n    zones:\n"
		 "      - { zone: DMA, start_pfn: 1, spanned: 50 }\n",
		 ":2: ram[0]:", "page frames"},
		{"name: x\nram: [\"1-20\"]\nnodes:\n  - node: 0\n    cpus: \"0\"\n    zones:\n"
		 "      - { zone: DMA, start_pfn: 1, spanned: 50 }\n",
		 ":7: nodes[0].zones[0].managed:", "at most the 20 pages of RAM"},
		{"name: x\npcp: { batch: 0, high_min: 1, high_max: 2 }\nnodes:\n" NODE0,
		 ":2: pcp:", "batch 1..65536"},
		{"name: x\npcp: { batch: 1 }\nnodes:\n" NODE0, ":2: pcp:", "high_min is missing"},
		{"name: x\nnodes:\n" NODE0 "policies:\n  - task: cc1\n",
		 ":7: policies[0]:", "policy is missing"},
		{"name: x\nnodes:\n" NODE0 "cpusets:\n  - task: cc1\n",
		 ":7: cpusets[0]:", "neither cpus nor mems"},
		{"name: [\n", ":2:", "not YAML"},
		{"", ":1:", "empty"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_error err = {0};
		struct machine m;

		if (load_text(cases[i].text, &m, &err) == 0)
			fail_msg("case %zu was accepted", i);
		if (!strstr(err.msg, file_name) || !strstr(err.msg, cases[i].line) ||
		    !strstr(err.msg, cases[i].says))
			fail_msg("case %zu: \"%s\" lacks \"%s\" or \"%s\"", i, err.msg, cases[i].line,
				 cases[i].says);
		assert_null(strchr(err.msg, '\n'));
	}
}

static void holes_cut_a_zone_and_spans_place_one(void **state)
{
	struct machine m;
	struct mmr_error err = {0};

	if (load_text("name: holed\nholes: [\"640k-1MiB\", \"3GiB-4GiB\"]\n"
		      "nodes:\n"
		      "  - node: 0\n    cpus: \"0\"\n    memory: 8GiB\n    tier: 4\n"
		      "  - node: 1\n    memory: 16GiB-17GiB,20GiB-21GiB\n    movable: 100%\n",
		      &m, &err))
		fail_msg("%s", err.msg);
	/* RAM: 1..159, 256..786431, 1048576.., then node 1's two spans. */
	assert_int_equal(m.nr_ranges, 5);
	assert_int_equal(m.ranges[1].start_pfn, 256);
	assert_int_equal(m.ranges[1].start_pfn + m.ranges[1].nr_pages, 3 << 18);
	assert_int_equal(m.nodes[0].zones[ZONE_DMA].present_pages, 4095 - 96);
	assert_int_equal(m.nodes[0].zones[ZONE_DMA32].spanned_pages, (3 << 18) - 4096);
	assert_int_equal(m.nodes[0].zones[ZONE_NORMAL].spanned_pages, (5 << 18) + 96);
	assert_int_equal(m.nodes[1].zones[ZONE_MOVABLE].start_pfn, 16 << 18);
	assert_int_equal(m.nodes[1].zones[ZONE_MOVABLE].spanned_pages, 5 << 18);
	assert_int_equal(m.nodes[1].zones[ZONE_MOVABLE].present_pages, 2 << 18);
	assert_int_equal(m.nodes[1].zones[ZONE_NORMAL].spanned_pages, 0);
	assert_int_equal(m.tier[0], 4);
	assert_int_equal(m.tier[1], MACHINE_NO_TIER);
	machine_deinit(&m);
}

/*
 *  node       0         1         2     3     4
 *  tier       4         4        22    22    50
 *  distances from 0:   20        30    40    60
 *
 * Node 0 demotes to 2, the nearest of the next tier, and may go to 3 and 4; the slowest demotes to none.
 */
static void tiers_say_where_nodes_demote_to_and_cpus_may_be_offline(void **state)
{
	struct machine m;
	struct mmr_error err = {0};
	struct mmr_demotion demotion;

	if (load_text("name: tiers\ndemotion: true\noffline_cpus: \"1,3\"\n"
		      "nodes:\n"
		      "  - { node: 0, cpus: \"0-1\", memory: 1GiB, tier: 4, distances: [10, 20, 30, 40, 60] }\n"
		      "  - { node: 1, cpus: \"2-3\", memory: 1GiB, tier: 4, distances: [20, 10, 30, 30, 60] }\n"
		      "  - { node: 2, memory: 1GiB, tier: 22 }\n"
		      "  - { node: 3, memory: 1GiB, tier: 22 }\n"
		      "  - { node: 4, memory: 1GiB, tier: 50 }\n",
		      &m, &err))
		fail_msg("%s", err.msg);
	assert_true(machine_demotion(&m, 0, &demotion));
	assert_int_equal(demotion.preferred, 0x4);
	assert_int_equal(demotion.lower, 0x1c);
	assert_true(machine_demotion(&m, 1, &demotion));
	assert_int_equal(demotion.preferred, 0xc);
	assert_true(machine_demotion(&m, 3, &demotion));
	assert_int_equal(demotion.preferred, 0x10);
	assert_false(machine_demotion(&m, 4, &demotion));
	assert_int_equal(machine_online_cpu(&m, 1), 0);
	assert_int_equal(machine_online_cpu(&m, 2), 2);
	assert_int_equal(machine_online_cpu(&m, 3), 2);
	m.offline[2] = true;
	assert_int_equal(machine_online_cpu(&m, 3), 0); /* none is left on its node */
	m.demotion = false;
	assert_false(machine_demotion(&m, 0, &demotion));
	machine_deinit(&m);
}

static void a_32_bit_machine_has_highmem_and_its_memmap_below(void **state)
{
	struct machine m;
	struct mmr_error err = {0};

	if (load_text("name: old\narch: x86-32\nnodes:\n  - node: 0\n    cpus: \"0\"\n    memory: 2GiB\n", &m,
		      &err))
		fail_msg("%s", err.msg);
	assert_int_equal(m.nodes[0].zones[ZONE_DMA32].spanned_pages, 0);
	assert_int_equal(m.nodes[0].zones[ZONE_NORMAL].spanned_pages, 229376 - 4096);
	assert_int_equal(m.nodes[0].zones[ZONE_HIGHMEM].start_pfn, 229376);
	assert_int_equal(m.nodes[0].zones[ZONE_HIGHMEM].managed_pages, 524288 - 229376);
	/* 32 bytes for each of 524287 pages */
	assert_int_equal(m.nodes[0].zones[ZONE_NORMAL].managed_pages, 229376 - 4096 - 524287 / 128);
	machine_deinit(&m);
}

static void the_ready_made_machines_are_machines(void **state)
{
	const struct machine_builtin *builtin;
	unsigned int nr = 0;

	for (; (builtin = machine_builtin(nr)); nr++) {
		struct machine m;
		struct mmr_error err = {0};
		char doubt[200];

		if (machine_load(builtin->name, &m, &err))
			fail_msg("%s", err.msg);
		assert_string_equal(m.name, builtin->name);
		assert_non_null(m.about);
		if (machine_doubt(&m, 0, doubt, sizeof(doubt)))
			fail_msg("%s: %s", builtin->name, doubt);
		machine_deinit(&m);
	}
	assert_true(nr >= 7);
}

static void assert_same_machine(const struct machine *a, const struct machine *b)
{
	assert_true(machine_same_memory(a, b));
	assert_int_equal(a->arch, b->arch);
	assert_int_equal(a->nr_cpus, b->nr_cpus);
	assert_memory_equal(a->cpu_node, b->cpu_node, a->nr_cpus * sizeof(*a->cpu_node));
	assert_memory_equal(a->distance, b->distance, (size_t)a->nr_nodes * a->nr_nodes);
	assert_memory_equal(&a->sysctl, &b->sysctl, sizeof(a->sysctl));
	assert_int_equal(a->cpu_llc_pages, b->cpu_llc_pages);
	assert_int_equal(!a->tier, !b->tier);
	if (a->tier)
		assert_memory_equal(a->tier, b->tier, a->nr_nodes * sizeof(*a->tier));
	for (unsigned int n = 0; n < a->nr_nodes; n++)
		assert_memory_equal(&a->nodes[n], &b->nodes[n], sizeof(a->nodes[n]));
}

static void a_written_machine_reads_back_the_same(void **state)
{
	const struct machine_builtin *builtin;

	for (unsigned int i = 0; (builtin = machine_builtin(i)); i++) {
		struct machine m, again;
		struct mmr_error err = {0};
		size_t len;
		char *text;
		FILE *out;

		if (machine_load(builtin->name, &m, &err))
			fail_msg("%s", err.msg);
		/* Values that only a kernel could have given. */
		m.nodes[0].zones[ZONE_DMA].have_watermark = true;
		for (int w = 0; w < NR_WMARK; w++)
			m.nodes[0].zones[ZONE_DMA].watermark[w] = 10 + (uint32_t)w;
		m.nodes[0].zones[ZONE_DMA].have_lowmem_reserve = true;
		m.nodes[0].zones[ZONE_DMA].lowmem_reserve[ZONE_NORMAL] = 77;
		m.nodes[0].zones[ZONE_DMA].stat_threshold = 5;
		assert_int_equal(machine_set(&m, "vm.swappiness=10", &err), 0);
		assert_int_equal(machine_set(&m, "watermark_boost_factor=0", &err), 0);
		out = open_memstream(&text, &len);
		machine_print_yaml(out, &m, "written", "6.12", false);
		fclose(out);
		if (load_text(text, &again, &err))
			fail_msg("%s: %s\n%s", builtin->name, err.msg, text);
		free(text);
		assert_same_machine(&m, &again);
		assert_int_equal(again.settings.value[MACHINE_SETTING_swappiness], 10);
		machine_deinit(&m);
		machine_deinit(&again);
	}
}

static void scaling_keeps_holes_and_lets_zones_grow(void **state)
{
	struct machine m, twice;
	struct mmr_error err = {0};

	assert_int_equal(machine_load("laptop", &m, &err), 0);
	assert_int_equal(machine_load("laptop", &twice, &err), 0);
	assert_int_equal(machine_scale_memory(&twice, 2, &err), 0);
	assert_int_equal(twice.nodes[0].zones[ZONE_DMA32].spanned_pages,
			 m.nodes[0].zones[ZONE_DMA32].spanned_pages);
	assert_int_equal(twice.nodes[0].zones[ZONE_NORMAL].present_pages -
				 m.nodes[0].zones[ZONE_NORMAL].present_pages,
			 4 << 20); /* 16 GiB more, all of it above 4 GiB */
	assert_int_equal(machine_scale_memory(&twice, 0.5, &err), 0);
	assert_true(machine_same_memory(&m, &twice));
	assert_int_not_equal(machine_scale_memory(&twice, 0.00001, &err), 0);
	assert_non_null(strstr(err.msg, "expected at least 1024"));
	machine_deinit(&twice);
	assert_int_equal(machine_load("laptop", &twice, &err), 0);
	assert_int_not_equal(machine_scale_memory(&twice, 10000, &err), 0);
	assert_non_null(strstr(err.msg, "16 TiB"));
	machine_deinit(&twice);
	machine_deinit(&m);
}

static void a_setting_forgets_what_was_recorded_of_it(void **state)
{
	struct machine m;
	struct mmr_error err = {0};
	struct mmr_zone_config *zone;

	assert_int_equal(machine_load("laptop", &m, &err), 0);
	zone = &m.nodes[0].zones[ZONE_NORMAL];
	zone->have_watermark = zone->have_pageset = zone->have_lowmem_reserve = true;
	assert_int_equal(machine_set(&m, "vm.zone_reclaim_mode=1", &err), 0);
	assert_true(zone->have_watermark && zone->have_pageset);
	assert_int_equal(machine_set(&m, "percpu_pagelist_high_fraction=8", &err), 0);
	assert_true(zone->have_watermark && !zone->have_pageset);
	assert_int_equal(machine_set(&m, "min_free_kbytes=123456", &err), 0);
	assert_true(!zone->have_watermark && zone->have_lowmem_reserve);
	assert_int_equal(m.sysctl.min_free_kbytes, 123456);
	assert_int_not_equal(machine_set(&m, "watermark_scale_factor=0", &err), 0);
	assert_string_equal(err.msg, "watermark_scale_factor: 0, expected 1..3000");
	assert_int_not_equal(machine_set(&m, "vm.colour=1", &err), 0);
	assert_int_not_equal(machine_set(&m, "vm.swappiness", &err), 0);
	assert_int_not_equal(machine_set(&m, "vm.swappiness=ten", &err), 0);
	machine_deinit(&m);
}

static void a_missing_file_is_named(void **state)
{
	struct mmr_error err = {0};
	struct machine m;

	assert_int_not_equal(machine_load("/nonexistent/m.yaml", &m, &err), 0);
	assert_non_null(strstr(err.msg, "/nonexistent/m.yaml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_cut_into_zones_and_laid_node_after_node),
		cmocka_unit_test(explicit_zones_keep_their_recorded_numbers),
		cmocka_unit_test(bad_files_are_told_line_key_and_expectation),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(holes_cut_a_zone_and_spans_place_one),
		cmocka_unit_test(tiers_say_where_nodes_demote_to_and_cpus_may_be_offline),
		cmocka_unit_test(a_32_bit_machine_has_highmem_and_its_memmap_below),
		cmocka_unit_test(the_ready_made_machines_are_machines),
		cmocka_unit_test(a_written_machine_reads_back_the_same),
		cmocka_unit_test(scaling_keeps_holes_and_lets_zones_grow),
		cmocka_unit_test(a_setting_forgets_what_was_recorded_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
