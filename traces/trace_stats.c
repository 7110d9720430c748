// SPDX-License-Identifier: GPL-2.0-or-later
/* Counting what a trace holds, block by block. */
#include "traces/trace_stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traces/mmt_payload.h"
#include "traces/trace_reader_internal.h"

void trace_stats_deinit(struct trace_stats *stats)
{
	if (!stats)
		return;
	for (uint32_t i = 0; i < stats->nr_damage; i++)
		free(stats->damage[i]);
	free(stats->damage);
	free(stats->classes);
	free(stats->task_events);
	free(stats->cpus);
	*stats = (struct trace_stats){0};
}

static int add_damage(struct trace_stats *stats, const char *what)
{
	if (!mmt_grow((void **)&stats->damage, stats->nr_damage, sizeof(*stats->damage)))
		return -ENOMEM;
	stats->damage[stats->nr_damage] = strdup(what);
	if (!stats->damage[stats->nr_damage])
		return -ENOMEM;
	stats->nr_damage++;
	return 0;
}

static int count_class(struct trace_stats *stats, struct mmt_classes *set, const struct mmt_class_count *add)
{
	uint16_t id;
	int rc = mmt_classes_add(set, &add->cls, &id);

	if (rc)
		return rc == -ENOSPC ? 0 : rc; /* past 65535 kinds the reader itself refuses */
	if (id == stats->nr_classes) {
		if (!mmt_grow((void **)&stats->classes, stats->nr_classes, sizeof(*stats->classes)))
			return -ENOMEM;
		stats->classes[stats->nr_classes++] = (struct trace_class_count){.cls = add->cls};
	}
	stats->classes[id].nr_events += add->count;
	return 0;
}

static void count_tasks(struct trace_stats *stats, const struct mmt_events *ev, uint32_t nr_tasks)
{
	for (uint32_t i = 0, begin = 0; i < ev->nr_runs; begin = ev->runs[i++].end) {
		uint32_t task = ev->runs[i].task, nr = ev->runs[i].end - begin;

		if (task < nr_tasks)
			stats->task_events[task] += nr;
		else
			stats->no_task_events += nr;
	}
}

static void count_cpu(struct trace_cpu_count *cpu, const struct mmt_block *b)
{
	if (!cpu->nr_events || b->first_ns < cpu->first_ns)
		cpu->first_ns = b->first_ns;
	if (b->last_ns > cpu->last_ns)
		cpu->last_ns = b->last_ns;
	cpu->nr_events += b->count;
}

/* One events block; what it holds is not believed before its checksum was verified. */
static int count_block(struct trace_reader *r, const struct mmt_block *b, struct trace_stats *stats,
		       struct mmt_classes *set, struct mmt_workspace *work, struct mmt_events *ev,
		       struct trace_cpu_count *cpu)
{
	struct mmt_buf scratch = {0};
	struct mmr_error err;
	struct mmt_cursor c;
	int rc = mmt_block_expand(r->map.path, r->map.data, b, &scratch, &c, &err);

	if (!rc) {
		const char *what = mmt_get_task_runs(&c, b->count, work, ev);

		if (what)
			rc = mmt_block_malformed(r->map.path, b, what, &err);
	}
	mmt_buf_deinit(&scratch);
	if (rc) {
		stats->nr_damaged_events += b->count;
		return add_damage(stats, err.msg);
	}
	for (uint32_t i = 0; !rc && i < ev->pre.nr_classes; i++)
		rc = count_class(stats, set, &ev->pre.dict[i]);
	count_tasks(stats, ev, r->nr_tasks);
	count_cpu(cpu, b);
	return rc;
}

static int collect(struct trace_reader *r, struct trace_stats *stats,
		   void (*progress)(void *, uint64_t, uint64_t), void *ctx)
{
	struct mmt_classes set = {0};
	struct mmt_workspace work = {0};
	struct mmt_events ev = {0};
	int rc = 0;

	for (uint32_t s = 0; !rc && s < r->nr_streams; s++) {
		const struct trace_stream *stream = &r->streams[s];

		stats->cpus[s].cpu = stream->cpu;
		for (uint32_t i = 0; !rc && i < stream->block->nr_blocks; i++) {
			const struct mmt_block *b = &r->map.blocks[stream->block->blocks[i]];

			rc = count_block(r, b, stats, &set, &work, &ev, &stats->cpus[s]);
			if (progress)
				progress(ctx, b->offset, r->map.size);
		}
	}
	mmt_events_deinit(&ev);
	mmt_workspace_deinit(&work);
	mmt_classes_deinit(&set);
	return rc;
}

int trace_stats_collect(struct trace_reader *r, struct trace_stats *ret,
			void (*progress)(void *ctx, uint64_t done, uint64_t all), void *ctx,
			struct mmr_error *err)
{
	int rc = 0;

	*ret = (struct trace_stats){.nr_cpus = r->nr_streams};
	ret->task_events = calloc(r->nr_tasks + 1, sizeof(*ret->task_events));
	ret->cpus = calloc(r->nr_streams + 1, sizeof(*ret->cpus));
	if (!ret->task_events || !ret->cpus)
		rc = -ENOMEM;
	/* A rebuilt index has met the damaged events blocks already: they come again below. */
	for (uint32_t i = 0; !rc && !r->map.recovered && i < r->nr_damage; i++)
		rc = add_damage(ret, r->damage[i]);
	for (uint32_t i = 0; !rc && r->map.recovered && i < r->map.nr_gaps; i++)
		rc = add_damage(ret, r->map.gaps[i].what);
	if (!rc)
		rc = collect(r, ret, progress, ctx);
	if (rc) {
		trace_stats_deinit(ret);
		return mmr_err(err, rc, "%s: no memory to count its events", r->map.path);
	}
	return 0;
}
