// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The choice of a zone where taking another type's pages is put off: a machine with two zones, of which the
 * preferred one has nothing of the type asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "replay/verify/verify.h"
#include "traces/trace_writer.h"

#define LOW_PFN    4096u /* zone DMA32 */
#define NORMAL_PFN 1048576u
#define NR_PAGES   16384u

struct happened {
	enum trace_event_type type;
	uint32_t pfn;
};

static void must(int rc, const struct mmr_error *err)
{
	if (rc)
		fail_msg("%s", err->msg);
}

static struct trace_zone zone_at(enum zone_type type, uint32_t start_pfn)
{
	return (struct trace_zone){
		.zone = (uint8_t)type,
		.start_pfn = start_pfn,
		.spanned_pages = NR_PAGES,
		.present_pages = NR_PAGES,
		.managed_pages = NR_PAGES,
		.watermark = {100, 125, 150, 175},
		.pcp_batch = 3,
		.pcp_high_min = 12,
		.pcp_high_max = 12,
		.stat_threshold = 4,
	};
}

static struct trace_writer *begin(char *path, const char *release, bool shuffled)
{
	static uint16_t cpu_node[2];
	static uint8_t distance[1] = {10};
	static char shuffle[] = "page_alloc.shuffle";
	struct trace_name_value feature = {.name = shuffle, .value = 1};
	struct trace_zone zones[] = {zone_at(ZONE_DMA32, LOW_PFN), zone_at(ZONE_NORMAL, NORMAL_PFN)};
	struct trace_machine machine = {
		.kernel_release = (char *)release,
		.kernel_version = "#1",
		.arch = "x86_64",
		.page_size = 4096,
		.pageblock_order = 9,
		.max_order = 10,
		.nr_cpus = 2,
		.nr_nodes = 1,
		.cpu_node = cpu_node,
		.node_distance = distance,
		.nr_zones = 2,
		.zones = zones,
		.nr_features = shuffled,
		.features = &feature,
		.command = "",
	};
	struct trace_writer *writer;
	struct mmr_error err = {0};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	must(trace_writer_create(path, &machine, NULL, &writer, &err), &err);
	return writer;
}

/* All of a zone's memory free, in blocks of @order of one type. */
static void keyframe_at(struct trace_writer *writer, uint64_t ts_ns, enum zone_type type, uint32_t pfn,
			unsigned int order, enum migratetype mt, uint8_t first_type)
{
	uint8_t types[NR_PAGES / PAGEBLOCK_NR_PAGES];
	uint32_t nr = 4096u >> order;
	struct trace_free_block *blocks = calloc(nr, sizeof(*blocks));
	struct trace_keyframe kf = {
		.ts_ns = ts_ns,
		.zone = (uint8_t)type,
		.flags = TRACE_KF_LOCKED | TRACE_KF_FIRST,
		.nr_free_pages = (uint64_t)nr << order,
		.nr_blocks = nr,
		.blocks = blocks,
		.nr_pageblocks = NR_PAGES / PAGEBLOCK_NR_PAGES,
		.pageblock_types = types,
	};
	struct mmr_error err = {0};

	memset(types, (int)mt, sizeof(types));
	types[0] = first_type;
	assert_non_null(blocks);
	for (uint32_t i = 0; i < nr; i++)
		blocks[i] = (struct trace_free_block){
			/* Every other block, so that none merges. */
			.pfn = pfn + (2 * i << order),
			.order = (uint8_t)order,
			.migratetype = (uint8_t)mt,
		};
	must(trace_writer_keyframe(writer, &kf, &err), &err);
	free(blocks);
}

static void keyframe(struct trace_writer *writer, enum zone_type type, uint32_t pfn, unsigned int order,
		     enum migratetype mt)
{
	keyframe_at(writer, 1000, type, pfn, order, mt, (uint8_t)mt);
}

static void hold(struct trace_writer *writer, const char *path, const char *line, struct verify_report *report)
{
	struct verify_options options = {.profile = kernel_profile_find(line), .until = UINT64_MAX};
	struct trace_reader *reader;
	struct mmr_error err = {0};

	must(trace_writer_close(writer, &err), &err);
	must(trace_reader_open(path, &reader, &err), &err);
	must(verify_run(reader, &options, report, &err), &err);
	trace_reader_close(reader);
	unlink(path);
}

/* An unmovable page is asked for; what happened is given. */
static struct verify_tally zone_tally(const char *line, unsigned int fallback_order,
				      const struct happened *happened, unsigned int nr)
{
	char path[] = "/tmp/mmr-zones-XXXXXX";
	struct trace_writer *writer = begin(path, line, false);
	struct verify_report report;
	struct mmr_error err = {0};

	keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_UNMOVABLE);
	keyframe(writer, ZONE_NORMAL, NORMAL_PFN, fallback_order, MIGRATE_MOVABLE);
	for (unsigned int i = 0; i <= nr; i++) {
		enum trace_event_type type = i < nr ? happened[i].type : TRACE_ALLOC;
		const struct trace_class cls = {
			.type = (uint8_t)type,
			.migratetype = MIGRATE_UNMOVABLE,
			.flags = type == TRACE_EXTFRAG && fallback_order >= 9 ? TRACE_F_CHANGE_OWNERSHIP : 0,
			.fallback_order = type == TRACE_EXTFRAG ? (uint8_t)fallback_order : 0,
			.fallback_migratetype = type == TRACE_EXTFRAG ? MIGRATE_MOVABLE : 0,
			.gfp = type == TRACE_ALLOC ? MMR_GFP_KERNEL : 0,
			.gfp_raw = type == TRACE_ALLOC ? MMR_GFP_KERNEL : 0,
		};
		struct trace_event event = {
			.ts_ns = 2000 + 1000 * i,
			.pfn = i < nr ? happened[i].pfn : happened[0].pfn,
			.task = TRACE_NO_TASK,
		};

		must(trace_writer_class(writer, &cls, &event.class_id, &err), &err);
		must(trace_writer_event(writer, &event, &err), &err);
	}
	hold(writer, path, line, &report);
	return report.levels[VERIFY_ZONE];
}

/* It mixes nothing, so the preferred zone may give it at once. */
static void whole_pageblocks_of_another_type_are_no_reason_to_look_elsewhere(void **state)
{
	const struct happened old[] = {{TRACE_EXTFRAG, NORMAL_PFN}, {TRACE_ZONE_LOCKED, NORMAL_PFN}};
	const struct happened new[] = {{TRACE_EXTFRAG, NORMAL_PFN}};
	struct verify_tally tally = zone_tally("6.1", 10, old, 2);

	assert_int_equal(tally.decisions, 1);
	assert_int_equal(tally.exact, 1);
	tally = zone_tally("6.12", 10, new, 1);
	assert_int_equal(tally.decisions, 1);
	assert_int_equal(tally.exact, 1);
}

/* The lower zone has pages of the type: a kernel that splits up another type's pageblock came from the slow
 * path. */
static void a_part_of_a_pageblock_of_another_type_is(void **state)
{
	const struct happened stolen[] = {{TRACE_EXTFRAG, NORMAL_PFN}};
	const struct happened claimed[] = {{TRACE_ZONE_LOCKED, NORMAL_PFN}, {TRACE_EXTFRAG, NORMAL_PFN}};
	struct verify_tally tally = zone_tally("6.12", 3, stolen, 1);

	assert_int_equal(tally.decisions, 1);
	assert_int_equal(tally.exact, 0);
	tally = zone_tally("6.12", 8, claimed, 2);
	assert_int_equal(tally.decisions, 1);
	assert_int_equal(tally.exact, 0);
}

/* Half a refill from the CMA lists, as long as these hold most of what is free, is one refill all the same. */
static void a_movable_refill_takes_cma_pages(void **state)
{
	static const struct {
		enum migratetype low; /* what is free in zone Normal */
		uint8_t list; /* that the event names */
		uint64_t exact;
	} cases[] = {{MIGRATE_CMA, MIGRATE_CMA, 2}, {MIGRATE_MOVABLE, MIGRATE_CMA, 0}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[] = "/tmp/mmr-zones-XXXXXX";
		struct trace_writer *writer = begin(path, "7.3", false);
		struct verify_report report;
		struct mmr_error err = {0};

		keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_UNMOVABLE);
		keyframe(writer, ZONE_NORMAL, NORMAL_PFN, 9, cases[i].low);
		for (unsigned int n = 0; n < 3; n++) {
			const struct trace_class cls = {
				.type = n < 2 ? TRACE_ZONE_LOCKED : TRACE_ALLOC,
				.migratetype = n < 2 ? cases[i].list : MIGRATE_MOVABLE,
				.gfp = n < 2 ? 0 : MMR_GFP_HIGHUSER_MOVABLE,
				.gfp_raw = n < 2 ? 0 : MMR_GFP_HIGHUSER_MOVABLE,
			};
			struct trace_event event = {
				.ts_ns = 2000 + 1000 * n,
				.pfn = NORMAL_PFN + n % 2,
				.task = TRACE_NO_TASK,
			};

			must(trace_writer_class(writer, &cls, &event.class_id, &err), &err);
			must(trace_writer_event(writer, &event, &err), &err);
		}
		hold(writer, path, "7.3", &report);
		assert_int_equal(report.levels[VERIFY_BUDDY].decisions, 2);
		assert_int_equal(report.levels[VERIFY_BUDDY].exact, cases[i].exact);
	}
}

/* With page_alloc.shuffle the kernel throws a coin for each of the largest blocks: that is an input, no error.
 */
static void where_a_largest_block_lies_is_told_where_they_are_shuffled(void **state)
{
	for (int shuffled = 0; shuffled < 2; shuffled++) {
		const struct trace_class taken = {
			.type = TRACE_ZONE_LOCKED, .order = 10, .migratetype = MIGRATE_MOVABLE};
		struct trace_event event = {.ts_ns = 2000, .pfn = NORMAL_PFN + 2048, .task = TRACE_NO_TASK};
		char path[] = "/tmp/mmr-zones-XXXXXX";
		struct trace_writer *writer = begin(path, "6.12", shuffled);
		struct verify_report report;
		struct mmr_error err = {0};

		keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_UNMOVABLE);
		keyframe(writer, ZONE_NORMAL, NORMAL_PFN, 10, MIGRATE_MOVABLE);
		must(trace_writer_class(writer, &taken, &event.class_id, &err), &err);
		must(trace_writer_event(writer, &event, &err), &err);
		hold(writer, path, "6.12", &report);
		assert_int_equal(report.levels[VERIFY_BUDDY].informed, shuffled);
		assert_int_equal(report.levels[VERIFY_BUDDY].diverged, !shuffled);
	}
}

/* The header has no zone Movable: which pages went there is not told. */
static void after_memory_went_to_a_new_zone_nothing_is_claimed(void **state)
{
	const struct trace_class limits = {.type = TRACE_PCP_LIMITS, .nr_args = 4, .zone = ZONE_MOVABLE};
	const struct trace_args args = {.nr = 4, .v = {0, 10, 20, 3}};
	struct trace_event event = {.ts_ns = 2000, .pfn = TRACE_NO_PFN, .task = TRACE_NO_TASK};
	char path[] = "/tmp/mmr-zones-XXXXXX";
	struct trace_writer *writer = begin(path, "6.12", false);
	struct verify_report report;
	struct mmr_error err = {0};

	keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_UNMOVABLE);
	keyframe(writer, ZONE_NORMAL, NORMAL_PFN, 10, MIGRATE_MOVABLE);
	must(trace_writer_class(writer, &limits, &event.class_id, &err), &err);
	must(trace_writer_event_args(writer, &event, &args, &err), &err);
	keyframe_at(writer, 3000, ZONE_NORMAL, NORMAL_PFN, 9, MIGRATE_MOVABLE, MIGRATE_MOVABLE);
	hold(writer, path, "6.12", &report);
	assert_true(report.other_zones);
	assert_int_equal(report.claim_end, 0);
	assert_int_equal(report.keyframes_compared, 0);
	assert_false(verify_passed(&report));
}

/* A keyframe's types are read after its lists; what changed in between an event behind it tells. */
static void a_type_that_came_after_the_lists_is_no_difference(void **state)
{
	for (int told = 0; told < 2; told++) {
		const struct trace_class bits = {.type = TRACE_PAGEBLOCK_BITS, .nr_args = 2};
		const struct trace_args args = {.nr = 2, .v = {MIGRATE_RECLAIMABLE, 7}};
		struct trace_event event = {
			.ts_ns = 4000, .pfn = NORMAL_PFN + 512 * !told, .task = TRACE_NO_TASK};
		char path[] = "/tmp/mmr-zones-XXXXXX";
		struct trace_writer *writer = begin(path, "6.1", false);
		struct verify_report report;
		struct mmr_error err = {0};

		keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_UNMOVABLE);
		keyframe(writer, ZONE_NORMAL, NORMAL_PFN, 10, MIGRATE_MOVABLE);
		keyframe_at(writer, 3000, ZONE_NORMAL, NORMAL_PFN, 10, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE);
		must(trace_writer_class(writer, &bits, &event.class_id, &err), &err);
		must(trace_writer_event_args(writer, &event, &args, &err), &err);
		hold(writer, path, "6.1", &report);
		assert_int_equal(report.compared_pageblocks, NR_PAGES / PAGEBLOCK_NR_PAGES);
		assert_int_equal(report.compared_pageblocks - report.equal_pageblocks, !told);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_pageblocks_of_another_type_are_no_reason_to_look_elsewhere),
		cmocka_unit_test(a_part_of_a_pageblock_of_another_type_is),
		cmocka_unit_test(a_movable_refill_takes_cma_pages),
		cmocka_unit_test(where_a_largest_block_lies_is_told_where_they_are_shuffled),
		cmocka_unit_test(after_memory_went_to_a_new_zone_nothing_is_claimed),
		cmocka_unit_test(a_type_that_came_after_the_lists_is_no_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
