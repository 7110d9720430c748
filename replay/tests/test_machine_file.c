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

#include "replay/machine.h"

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
		{"name: [\n", "", ""},
		{"", "", ""},
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
