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

/* @with_functions: the recording also has what functions tell, where the kernel lets them be probed */
static struct trace_writer *begin_with(char *path, const char *release, char *feature_name, bool with_functions)
{
	static uint16_t cpu_node[2];
	static uint8_t distance[1] = {10};
	static char vmstat_fold[] = "event.vmstat_fold";
	struct trace_name_value features[] = {{.name = feature_name, .value = 1},
					      {.name = vmstat_fold, .value = 1}};
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
		.nr_features = feature_name ? 1 + with_functions : 0,
		.features = features,
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

static struct trace_writer *begin(char *path, const char *release, bool shuffled)
{
	static char shuffle[] = "page_alloc.shuffle";

	return begin_with(path, release, shuffled ? shuffle : NULL, false);
}

/* All of a zone's memory free, in blocks of @order of one type. @boost: of its marks */
static void keyframe_with(struct trace_writer *writer, uint64_t ts_ns, enum zone_type type, uint32_t pfn,
			  unsigned int order, enum migratetype mt, uint8_t first_type, uint64_t boost)
{
	uint8_t types[NR_PAGES / PAGEBLOCK_NR_PAGES];
	uint32_t nr = 4096u >> order;
	struct trace_free_block *blocks = calloc(nr, sizeof(*blocks));
	struct trace_keyframe kf = {
		.ts_ns = ts_ns,
		.zone = (uint8_t)type,
		.flags = TRACE_KF_LOCKED | TRACE_KF_FIRST,
		.nr_free_pages = (uint64_t)nr << order,
		.watermark_boost = boost,
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

static void keyframe_at(struct trace_writer *writer, uint64_t ts_ns, enum zone_type type, uint32_t pfn,
			unsigned int order, enum migratetype mt, uint8_t first_type)
{
	keyframe_with(writer, ts_ns, type, pfn, order, mt, first_type, 0);
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

static void page_event(struct trace_writer *writer, uint64_t ts_ns, enum trace_event_type type, uint32_t pfn,
		       uint32_t task, uint16_t cpu)
{
	const struct trace_class cls = {
		.type = (uint8_t)type,
		.migratetype = MIGRATE_MOVABLE,
		.gfp = type == TRACE_ALLOC ? MMR_GFP_HIGHUSER_MOVABLE : 0,
		.gfp_raw = type == TRACE_ALLOC ? MMR_GFP_HIGHUSER_MOVABLE : 0,
	};
	struct trace_event event = {.ts_ns = ts_ns, .pfn = pfn, .task = task, .cpu = cpu};
	struct mmr_error err = {0};

	must(trace_writer_class(writer, &cls, &event.class_id, &err), &err);
	must(trace_writer_event(writer, &event, &err), &err);
}

/* An event without a page. */
static void say(struct trace_writer *writer, uint64_t ts_ns, enum trace_event_type type, uint32_t task,
		uint16_t cpu)
{
	const struct trace_class cls = {.type = (uint8_t)type, .zone = ZONE_DMA32, .nr_args = 2};
	const struct trace_args args = {.nr = 2};
	struct trace_event event = {.ts_ns = ts_ns, .pfn = TRACE_NO_PFN, .task = task, .cpu = cpu};
	struct mmr_error err = {0};

	must(trace_writer_class(writer, &cls, &event.class_id, &err), &err);
	must(trace_writer_event_args(writer, &event, &args, &err), &err);
}

/*
 * Zone Normal is below its low mark, DMA32 is boosted beyond what it has, and serves all the same: kswapd had
 * taken that boost back, and tells that it ends after that. Where it has more to do before it ends, it had not.
 */
static void kswapd_takes_boosts_back_before_it_tells(void **state)
{
	static char balance_end[] = "event.balance_end";

	for (int early = 0; early < 2; early++) {
		char path[] = "/tmp/mmr-zones-XXXXXX";
		const struct trace_task task = {.tid = 45, .tgid = 45, .comm = "kswapd0"};
		struct trace_writer *writer = begin_with(path, "6.1", balance_end, true);
		struct verify_report report;
		struct mmr_error err = {0};
		uint32_t kswapd;

		must(trace_writer_task(writer, &task, &kswapd, &err), &err);
		keyframe_with(writer, 1000, ZONE_DMA32, LOW_PFN, 9, MIGRATE_MOVABLE, MIGRATE_MOVABLE, NR_PAGES);
		keyframe_with(writer, 1000, ZONE_NORMAL, NORMAL_PFN, 9, MIGRATE_MOVABLE, MIGRATE_MOVABLE,
			      4096 - 110);
		say(writer, 2000, TRACE_BALANCE_BEGIN, kswapd, 1);
		page_event(writer, 3000, TRACE_ZONE_LOCKED, LOW_PFN, TRACE_NO_TASK, 0);
		page_event(writer, 3500, TRACE_ALLOC, LOW_PFN, TRACE_NO_TASK, 0);
		if (!early)
			say(writer, 3600, TRACE_RECLAIM_BEGIN, kswapd, 1);
		say(writer, 4000, TRACE_BALANCE_END, kswapd, 1);
		hold(writer, path, "6.1", &report);
		assert_int_equal(report.levels[VERIFY_ZONE].decisions, 1);
		assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_BOOST], early);
	}
}

/*
 * Zone Normal lacks three pages. CPU 1 frees five, which the zone gets with the fifth, and between that and the
 * fourth a task on CPU 0 is seen. It takes its page from DMA32 all the same: it looked before the fifth.
 */
static void a_zone_gets_what_a_cpu_freed_in_one_piece(void **state)
{
	static char pcp_limits[] = "event.pcp_limits";
	char path[] = "/tmp/mmr-zones-XXXXXX";
	struct trace_writer *writer = begin_with(path, "6.1", pcp_limits, true);
	const struct trace_task tasks[] = {{.tid = 45, .tgid = 45, .comm = "frees"},
					   {.tid = 46, .tgid = 46, .comm = "asks"}};
	uint64_t ts_ns = 2000;
	struct verify_report report;
	struct mmr_error err = {0};
	uint32_t frees, asks;

	must(trace_writer_task(writer, &tasks[0], &frees, &err), &err);
	must(trace_writer_task(writer, &tasks[1], &asks, &err), &err);
	keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_MOVABLE);
	keyframe_with(writer, 1000, ZONE_NORMAL, NORMAL_PFN, 9, MIGRATE_MOVABLE, MIGRATE_MOVABLE,
		      4096 + 2 - 125);
	for (uint32_t i = 0; i < 5; i++) {
		if (i == 4)
			say(writer, ts_ns++, TRACE_RECLAIM_END, asks, 0);
		page_event(writer, ts_ns++, TRACE_PCPU_DRAIN, NORMAL_PFN + 512 + 2 * i, frees, 1);
	}
	page_event(writer, ts_ns++, TRACE_ZONE_LOCKED, LOW_PFN, asks, 0);
	page_event(writer, ts_ns++, TRACE_ALLOC, LOW_PFN, asks, 0);
	hold(writer, path, "6.1", &report);
	assert_int_equal(report.levels[VERIFY_ZONE].decisions, 1);
	assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_RACE], 1);
}

static void tell(struct trace_writer *writer, const struct trace_class *cls, struct trace_event event,
		 const struct trace_args *args)
{
	struct mmr_error err = {0};

	must(trace_writer_class(writer, cls, &event.class_id, &err), &err);
	must(args ? trace_writer_event_args(writer, &event, args, &err)
		  : trace_writer_event(writer, &event, &err),
	     &err);
}

/*
 * Both zones are below their min marks, the lower one above half of it. A victim of the OOM killer may go
 * there, all threads of it; nobody else.
 */
static void a_victim_of_the_oom_killer_may_take_half_of_the_reserve(void **state)
{
	static const struct trace_task victim = {.tid = 101, .tgid = 100, .comm = "victim"};
	const struct trace_class marks[] = {
		{.type = TRACE_ZONE_WMARKS, .nr_args = 5, .zone = ZONE_DMA32},
		{.type = TRACE_ZONE_WMARKS, .nr_args = 5, .zone = ZONE_NORMAL},
	};
	const struct trace_class killed = {.type = TRACE_OOM_VICTIM, .nr_args = 1};
	const struct trace_class taken = {
		.type = TRACE_ZONE_LOCKED, .order = 4, .migratetype = MIGRATE_UNMOVABLE};
	const struct trace_class got = {.type = TRACE_ALLOC,
					.order = 4,
					.migratetype = MIGRATE_UNMOVABLE,
					.gfp = MMR_GFP_KERNEL,
					.gfp_raw = MMR_GFP_KERNEL};

	for (uint32_t tid = 99; tid <= 101; tid++) {
		char path[] = "/tmp/mmr-zones-XXXXXX";
		struct trace_writer *writer = begin(path, "6.12", false);
		struct trace_event event = {.ts_ns = 2000, .pfn = TRACE_NO_PFN, .task = TRACE_NO_TASK};
		uint32_t asks;
		struct verify_report report;
		struct mmr_error err = {0};

		keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_UNMOVABLE);
		keyframe(writer, ZONE_NORMAL, NORMAL_PFN, 9, MIGRATE_UNMOVABLE);
		must(trace_writer_task(writer, &victim, &asks, &err), &err);
		must(trace_writer_task(
			     writer, &(struct trace_task){.tid = tid, .tgid = tid == 99 ? 99 : 100, .comm = ""},
			     &asks, &err),
		     &err);
		tell(writer, &marks[0], event, &(struct trace_args){.nr = 5, .v = {0, 6000, 7000, 8000, 9000}});
		tell(writer, &marks[1], event, &(struct trace_args){.nr = 5, .v = {0, 9000, 9100, 9200, 9300}});
		tell(writer, &killed, event, &(struct trace_args){.nr = 1, .v = {victim.tid}});
		event.task = asks;
		event.pfn = LOW_PFN;
		tell(writer, &taken, event, NULL);
		tell(writer, &got, event, NULL);
		hold(writer, path, "6.12", &report);
		assert_int_equal(report.levels[VERIFY_ZONE].decisions, 1);
		assert_int_equal(report.levels[VERIFY_ZONE].exact, tid != 99);
	}
}

/* ---- recordings without the events of functions -------------------------------------------------- */

static char kswapd_wake[] = "event.kswapd_wake";

static void set_low_mark(struct trace_writer *writer, int64_t low)
{
	const struct trace_class marks = {.type = TRACE_ZONE_WMARKS, .nr_args = 5, .zone = ZONE_NORMAL};
	const struct trace_args args = {.nr = 5, .v = {0, low - 500, low, low + 100, low + 200}};

	tell(writer, &marks, (struct trace_event){.ts_ns = 1500, .pfn = TRACE_NO_PFN, .task = TRACE_NO_TASK},
	     &args);
}

static void allocate(struct trace_writer *writer, uint64_t ts_ns, uint32_t pfn)
{
	page_event(writer, ts_ns, TRACE_ZONE_LOCKED, pfn, TRACE_NO_TASK, 0);
	page_event(writer, ts_ns + 1, TRACE_ALLOC, pfn, TRACE_NO_TASK, 0);
}

static void tell_taken(struct trace_writer *writer, enum trace_event_type type, uint32_t span, int64_t taken)
{
	const struct trace_class cls = {.type = (uint8_t)type, .nr_args = 3};
	const struct trace_args args = {.nr = 3, .v = {NORMAL_PFN + span, span, taken}};

	tell(writer, &cls, (struct trace_event){.ts_ns = 2000, .pfn = NORMAL_PFN, .task = TRACE_NO_TASK},
	     &args);
}

/* A sysctl set it anew, and an event says so: the lower zone keeps its pages from who could go higher. */
static void a_reserve_is_as_told(void **state)
{
	for (int told = 0; told < 2; told++) {
		const struct trace_class cls = {.type = TRACE_LOWMEM_RESERVE, .nr_args = 3, .zone = ZONE_DMA32};
		const struct trace_args args = {.nr = 3, .v = {0, ZONE_MOVABLE, 5000}};
		char path[] = "/tmp/mmr-zones-XXXXXX";
		struct trace_writer *writer = begin_with(path, "6.12", kswapd_wake, false);
		struct verify_report report;

		keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_MOVABLE);
		keyframe(writer, ZONE_NORMAL, NORMAL_PFN, 9, MIGRATE_MOVABLE);
		set_low_mark(writer, 8000);
		if (told)
			tell(writer, &cls,
			     (struct trace_event){.ts_ns = 2000, .pfn = TRACE_NO_PFN, .task = TRACE_NO_TASK},
			     &args);
		allocate(writer, 3000, LOW_PFN);
		hold(writer, path, "6.12", &report);
		assert_int_equal(report.levels[VERIFY_ZONE].exact, !told);
	}
}

/* Which pages compaction took is not told, but how many: the zone has too few left to serve. */
static void pages_that_compaction_took_do_not_count(void **state)
{
	for (int told = 0; told < 2; told++) {
		char path[] = "/tmp/mmr-zones-XXXXXX";
		struct trace_writer *writer = begin_with(path, "6.12", kswapd_wake, false);
		struct verify_report report;

		keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_MOVABLE);
		keyframe(writer, ZONE_NORMAL, NORMAL_PFN, 9, MIGRATE_MOVABLE);
		set_low_mark(writer, 4000);
		if (told)
			tell_taken(writer, TRACE_FAST_ISOLATE_FREEPAGES, 8192, 200);
		allocate(writer, 3000, LOW_PFN);
		hold(writer, path, "6.12", &report);
		assert_int_equal(report.levels[VERIFY_ZONE].decisions, 1);
		assert_int_equal(report.levels[VERIFY_ZONE].exact, told);
	}
}

/* All that was free where it scanned it took: the next block to be taken is another one. */
static void a_scan_that_took_all_tells_which(void **state)
{
	for (int told = 0; told < 2; told++) {
		const struct trace_class taken = {
			.type = TRACE_ZONE_LOCKED, .order = 9, .migratetype = MIGRATE_MOVABLE};
		struct trace_event event = {.ts_ns = 3000, .pfn = NORMAL_PFN + 1024, .task = TRACE_NO_TASK};
		char path[] = "/tmp/mmr-zones-XXXXXX";
		struct trace_writer *writer = begin_with(path, "6.12", kswapd_wake, false);
		struct verify_report report;

		keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_MOVABLE);
		keyframe(writer, ZONE_NORMAL, NORMAL_PFN, 9, MIGRATE_MOVABLE);
		if (told)
			tell_taken(writer, TRACE_ISOLATE_FREEPAGES, 512, 512);
		tell(writer, &taken, event, NULL);
		hold(writer, path, "6.12", &report);
		assert_int_equal(report.levels[VERIFY_BUDDY].exact, told);
		assert_int_equal(report.levels[VERIFY_BUDDY].diverged, !told);
	}
}

static void tell_kswapd(struct trace_writer *writer, uint64_t ts_ns, enum trace_event_type type)
{
	const struct trace_class cls = {.type = (uint8_t)type, .nr_args = 1, .zone = ZONE_NORMAL};
	const struct trace_args args = {.nr = 1};

	tell(writer, &cls, (struct trace_event){.ts_ns = ts_ns, .pfn = TRACE_NO_PFN, .task = TRACE_NO_TASK},
	     &args);
}

/*
 * kswapd takes the boosts back that it saw when it woke, before it sleeps. In between a choice of the kernel
 * shows that it has, and another one that it has not.
 */
static void a_boost_is_gone_when_kswapd_sleeps(void **state)
{
	for (int sleeps = 0; sleeps < 2; sleeps++) {
		char path[] = "/tmp/mmr-zones-XXXXXX";
		struct trace_writer *writer = begin_with(path, "6.12", kswapd_wake, false);
		struct verify_report report;

		keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_MOVABLE);
		keyframe_with(writer, 1000, ZONE_NORMAL, NORMAL_PFN, 9, MIGRATE_MOVABLE, MIGRATE_MOVABLE,
			      4096 - 110);
		tell_kswapd(writer, 2000, TRACE_KSWAPD_WAKE);
		if (sleeps)
			tell_kswapd(writer, 2500, TRACE_KSWAPD_SLEEP);
		allocate(writer, 3000, NORMAL_PFN);
		if (!sleeps)
			allocate(writer, 4000, LOW_PFN);
		hold(writer, path, "6.12", &report);
		assert_int_equal(report.levels[VERIFY_ZONE].exact, sleeps);
		assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_BOOST], sleeps ? 0 : 2);
	}
}

/* The zone is a few pages above its mark, which CPUs may have to themselves: told once, the model knows it. */
static void what_cpus_have_pending_is_told_once(void **state)
{
	for (int far = 0; far < 2; far++) {
		char path[] = "/tmp/mmr-zones-XXXXXX";
		struct trace_writer *writer = begin_with(path, "6.12", kswapd_wake, false);
		struct verify_report report;

		keyframe(writer, ZONE_DMA32, LOW_PFN, 9, MIGRATE_MOVABLE);
		keyframe(writer, ZONE_NORMAL, NORMAL_PFN, 9, MIGRATE_MOVABLE);
		set_low_mark(writer, far ? 4000 : 4090);
		allocate(writer, 3000, LOW_PFN);
		allocate(writer, 4000, LOW_PFN + 1);
		hold(writer, path, "6.12", &report);
		assert_int_equal(report.levels[VERIFY_ZONE].decisions, 2);
		assert_int_equal(report.levels[VERIFY_ZONE].exact, !far);
		assert_int_equal(report.causes[VERIFY_INFORMED - 1][VERIFY_CAUSE_DRIFT], !far);
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
		cmocka_unit_test(kswapd_takes_boosts_back_before_it_tells),
		cmocka_unit_test(a_zone_gets_what_a_cpu_freed_in_one_piece),
		cmocka_unit_test(a_type_that_came_after_the_lists_is_no_difference),
		cmocka_unit_test(a_reserve_is_as_told),
		cmocka_unit_test(pages_that_compaction_took_do_not_count),
		cmocka_unit_test(a_scan_that_took_all_tells_which),
		cmocka_unit_test(a_boost_is_gone_when_kswapd_sleeps),
		cmocka_unit_test(what_cpus_have_pending_is_told_once),
		cmocka_unit_test(a_victim_of_the_oom_killer_may_take_half_of_the_reserve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
