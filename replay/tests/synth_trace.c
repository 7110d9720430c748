// SPDX-License-Identifier: GPL-2.0-or-later
/* Small recordings for the tests. */
#include "replay/tests/synth_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/mm_types.h"

#define RELEASE "6.12.0-synth"

static void must(int rc, const struct mmr_error *err)
{
	if (rc)
		fail_msg("%s", err->msg);
}

static void begin(struct synth *s, const char *release, struct trace_name_value *feature, uint32_t pcp_high_max)
{
	static uint16_t cpu_node[2];
	static uint8_t distance[1] = {10};
	static struct trace_zone zone = {
		.zone = ZONE_DMA32,
		.start_pfn = 4096,
		.spanned_pages = 16384,
		.present_pages = 16384,
		.managed_pages = 16384,
		.watermark = {100, 125, 150, 175},
		.pcp_batch = 3,
		.pcp_high_min = 12,
		.pcp_high_max = 12,
		.stat_threshold = 4,
	};
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
		.nr_zones = 1,
		.zones = &zone,
		.command = "",
		.nr_features = feature ? 1 : 0,
		.features = feature,
	};
	struct mmr_error err = {0};
	int fd;

	zone.pcp_high_max = pcp_high_max;
	*s = (struct synth){.path = "/tmp/mmr-synth-XXXXXX", .now_ns = 1000000};
	fd = mkstemp(s->path);
	assert_true(fd >= 0);
	close(fd);
	must(trace_writer_create(s->path, &machine, NULL, &s->writer, &err), &err);
	s->task = TRACE_NO_TASK;
}

void synth_begin(struct synth *s)
{
	begin(s, RELEASE, NULL, 12);
}

void synth_begin_kernel(struct synth *s, const char *release)
{
	begin(s, release, NULL, 12);
}

void synth_begin_watched(struct synth *s, const char *type, uint32_t pcp_high_max)
{
	char name[64];
	struct trace_name_value feature = {.name = name, .value = 2};

	snprintf(name, sizeof(name), "event.%s", type);
	begin(s, RELEASE, &feature, pcp_high_max);
}

void synth_event(struct synth *s, const struct trace_class *cls, unsigned int cpu, uint32_t pfn)
{
	struct trace_event event = {.ts_ns = s->now_ns += 1000, .pfn = pfn, .cpu = (uint16_t)cpu};
	struct mmr_error err = {0};

	event.task = s->task;
	must(trace_writer_class(s->writer, cls, &event.class_id, &err), &err);
	must(trace_writer_event(s->writer, &event, &err), &err);
}

void synth_process(struct synth *s, uint32_t tgid)
{
	const struct trace_task task = {.tid = tgid, .tgid = tgid, .comm = "synth"};
	struct mmr_error err = {0};

	must(trace_writer_task(s->writer, &task, &s->task, &err), &err);
}

void synth_alloc(struct synth *s, unsigned int cpu, uint32_t pfn, unsigned int order)
{
	const struct trace_class cls = {
		.type = TRACE_ALLOC,
		.order = (uint8_t)order,
		.migratetype = MIGRATE_MOVABLE,
		.gfp = MMR_GFP_HIGHUSER_MOVABLE,
		.gfp_raw = MMR_GFP_HIGHUSER_MOVABLE,
	};

	synth_event(s, &cls, cpu, pfn);
}

void synth_free(struct synth *s, unsigned int cpu, uint32_t pfn, unsigned int order)
{
	const struct trace_class cls = {.type = TRACE_FREE, .order = (uint8_t)order};

	synth_event(s, &cls, cpu, pfn);
}

void synth_told(struct synth *s, enum trace_event_type type, unsigned int cpu, int64_t arg)
{
	const struct trace_class cls = {.type = (uint8_t)type, .flags = TRACE_F_EXTRA, .nr_args = 1};
	const struct trace_args args = {.nr = 1, .v = {arg}};
	struct trace_event event = {.ts_ns = s->now_ns += 1000, .pfn = TRACE_NO_PFN, .cpu = (uint16_t)cpu};
	struct mmr_error err = {0};

	event.task = s->task;
	must(trace_writer_class(s->writer, &cls, &event.class_id, &err), &err);
	must(trace_writer_event_args(s->writer, &event, &args, &err), &err);
}

static void keyframe(struct synth *s, uint32_t flags, uint32_t pfn, unsigned int order, unsigned int nr)
{
	struct trace_free_block *blocks = calloc(nr, sizeof(*blocks));
	struct mmr_error err = {0};
	struct trace_keyframe kf = {
		.ts_ns = s->now_ns += 1000,
		.zone = ZONE_DMA32,
		.flags = TRACE_KF_LOCKED | flags,
		.nr_free_pages = (uint64_t)nr << order,
		.nr_blocks = nr,
		.blocks = blocks,
	};

	assert_non_null(blocks);
	for (unsigned int i = 0; i < nr; i++)
		blocks[i] = (struct trace_free_block){
			.pfn = pfn + (i << order),
			.order = (uint8_t)order,
			.migratetype = MIGRATE_MOVABLE,
		};
	must(trace_writer_keyframe(s->writer, &kf, &err), &err);
	free(blocks);
}

void synth_keyframe(struct synth *s, uint32_t pfn, unsigned int order, unsigned int nr)
{
	keyframe(s, TRACE_KF_FIRST, pfn, order, nr);
}

void synth_last_keyframe(struct synth *s, uint32_t pfn, unsigned int order, unsigned int nr)
{
	keyframe(s, TRACE_KF_LAST, pfn, order, nr);
}

void synth_end(struct synth *s)
{
	struct mmr_error err = {0};

	must(trace_writer_close(s->writer, &err), &err);
}

void synth_unlink(struct synth *s)
{
	unlink(s->path);
}
