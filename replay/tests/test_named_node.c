// SPDX-License-Identifier: GPL-2.0-or-later
/* Which requests named a node is told from where their pages lay and how full the nodes were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "replay/trust/named_node.h"
#include "traces/trace_writer.h"

#define NODE0 4096 /* first pfn of each node's zone */
#define NODE1 65536
#define PAGES 16384
#define MARK                                                                                                   \
	200 /* low; with boost 512, set aside for atomic requests 675, and slack 512: 1899 pages are enough */

/* Two nodes, CPU 0 on the first, CPU 1 on the second; @free pages free on each. */
static void two_nodes(const uint64_t free[2], struct machine *machine, struct named_nodes *named)
{
	uint16_t cpu_node[2] = {0, 1};
	uint8_t distance[4] = {10, 20, 20, 10};
	struct trace_zone zones[2] = {0};
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
		.command = "",
	};
	char path[] = "/tmp/mmr-named-XXXXXX";
	struct trace_writer *writer;
	struct trace_reader *reader = NULL;
	struct mmr_error err = {0};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	for (unsigned int n = 0; n < 2; n++)
		zones[n] = (struct trace_zone){
			.nid = n,
			.zone = ZONE_NORMAL,
			.start_pfn = n ? NODE1 : NODE0,
			.spanned_pages = PAGES,
			.present_pages = PAGES,
			.managed_pages = PAGES,
			.watermark = {MARK - 50, MARK, MARK + 50, MARK + 100},
			.nr_free_pages = free[n],
			.pcp_batch = 3,
			.pcp_high_min = 12,
			.pcp_high_max = 12,
		};
	if (trace_writer_create(path, &header, NULL, &writer, &err) || trace_writer_close(writer, &err) ||
	    trace_reader_open(path, &reader, &err) ||
	    machine_from_trace(trace_reader_machine(reader), path, machine, &err) ||
	    named_nodes_init(named, reader, machine, &err))
		fail_msg("%s", err.msg);
	trace_reader_close(reader);
	unlink(path);
}

static int16_t asked(struct named_nodes *named, unsigned int cpu, uint32_t pfn, gfp_t gfp)
{
	const struct trace_event event = {.type = TRACE_ALLOC, .cpu = (uint16_t)cpu, .pfn = pfn};

	return named_node(named, &event, gfp, machine_highest_zone(gfp));
}

static void a_page_from_afar_was_asked_for_there_while_the_own_node_has_enough(void **state)
{
	struct named_nodes named;
	struct machine machine;

	(void)state;
	two_nodes((const uint64_t[]){8000, 8000}, &machine, &named);
	assert_int_equal(asked(&named, 0, NODE0 + 7, MMR_GFP_KERNEL), NUMA_NO_NODE);
	assert_int_equal(asked(&named, 0, NODE1 + 7, MMR_GFP_KERNEL), 1);
	assert_int_equal(asked(&named, 1, NODE0 + 7, MMR_GFP_KERNEL), 0);
	named_nodes_deinit(&named);
	machine_deinit(&machine);
}

/* Free pages of node 0: 2187, less 400, is too few; drained back, enough again. */
static void a_short_node_may_have_fallen_back(void **state)
{
	struct trace_event event = {.type = TRACE_ZONE_LOCKED, .order = 3};
	struct named_nodes named;
	struct machine machine;

	(void)state;
	two_nodes((const uint64_t[]){2187, 8000}, &machine, &named);
	assert_int_equal(asked(&named, 0, NODE1 + 7, MMR_GFP_KERNEL), 1);
	for (unsigned int i = 0; i < 50; i++) {
		event.pfn = NODE0 + 8 * i;
		named_nodes_follow(&named, &event);
	}
	assert_int_equal(asked(&named, 0, NODE1 + 7, MMR_GFP_KERNEL), NUMA_NO_NODE);
	assert_int_equal(asked(&named, 0, NODE1 + 7, MMR_GFP_KERNEL | MMR_GFP_THISNODE), 1);
	event.type = TRACE_PCPU_DRAIN;
	for (unsigned int i = 0; i < 50; i++) {
		event.pfn = NODE0 + 8 * i;
		named_nodes_follow(&named, &event);
	}
	assert_int_equal(asked(&named, 0, NODE1 + 7, MMR_GFP_KERNEL), 1);
	named_nodes_deinit(&named);
	machine_deinit(&machine);
}

/* A steal is told by its fallback event alone; a claimed block's page is told of before that. */
static void a_stolen_page_leaves_the_zone_once(void **state)
{
	struct trace_event locked = {.type = TRACE_ZONE_LOCKED, .order = 3};
	struct trace_event extfrag = {.type = TRACE_EXTFRAG, .order = 3};
	struct named_nodes named;
	struct machine machine;

	(void)state;
	two_nodes((const uint64_t[]){2000, 8000}, &machine, &named);
	for (unsigned int i = 0; i < 12; i++) { /* 96 pages: 1904 are enough */
		locked.pfn = extfrag.pfn = NODE0 + 8 * i;
		named_nodes_follow(&named, &locked);
		named_nodes_follow(&named, &extfrag);
	}
	assert_int_equal(asked(&named, 0, NODE1 + 7, MMR_GFP_KERNEL), 1);
	extfrag.pfn = NODE0 + 800;
	named_nodes_follow(&named, &extfrag);
	assert_int_equal(asked(&named, 0, NODE1 + 7, MMR_GFP_KERNEL), NUMA_NO_NODE);
	named_nodes_deinit(&named);
	machine_deinit(&machine);
}

static void only_frees_past_the_lists_reach_the_zone(void **state)
{
	struct trace_event event = {.type = TRACE_FREE, .pfn = NODE0, .order = 3};
	struct named_nodes named;
	struct machine machine;

	(void)state;
	two_nodes((const uint64_t[]){1887, 8000}, &machine, &named);
	named_nodes_follow(&named, &event);
	assert_int_equal(asked(&named, 0, NODE1 + 7, MMR_GFP_KERNEL), NUMA_NO_NODE);
	event.order = 5;
	named_nodes_follow(&named, &event);
	assert_int_equal(asked(&named, 0, NODE1 + 7, MMR_GFP_KERNEL), 1);
	named_nodes_deinit(&named);
	machine_deinit(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_from_afar_was_asked_for_there_while_the_own_node_has_enough),
		cmocka_unit_test(a_short_node_may_have_fallen_back),
		cmocka_unit_test(a_stolen_page_leaves_the_zone_once),
		cmocka_unit_test(only_frees_past_the_lists_reach_the_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
