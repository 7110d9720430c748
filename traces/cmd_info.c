// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay info: what is in a trace file. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "traces/commands.h"
#include "traces/info.h"

#define LARGE_FILE (256ull << 20)

enum { STATUS_OK, STATUS_FAILED, STATUS_USAGE };

struct options {
	const char *path;
	bool json;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'j':
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->path)
			argp_error(state, "one file at a time, found \"%s\" and \"%s\"", o->path, arg);
		o->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->path)
			argp_error(state, "expected a trace file");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{"json", 'j', NULL, 0, "Print one JSON object (schema mmreplay.info/1)", 0},
	{0},
};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "F.mmt",
	.doc = "Tell what is in a recording: the machine and its kernel, how many events of which kind, "
	       "orders, "
	       "migratetypes, gfp flags, the busiest tasks, keyframes, and what is missing.\v"
	       "A recording that was cut short, lost events or is damaged in places is described as far as it "
	       "goes, and the description says so. Exit status: 0, 1 where the file cannot be read, 2 wrong "
	       "usage.\n\n"
	       "Example:\n"
	       "  mmreplay info host.mmt\n"
	       "  mmreplay info --json host.mmt | jq .events\n",
};

const char *info_migratetype_name(unsigned int migratetype)
{
	static const char *const names[INFO_NR_MIGRATETYPES] = {"unmovable",  "movable", "reclaimable",
								"highatomic", "cma",     "isolate"};

	return migratetype < INFO_NR_MIGRATETYPES ? names[migratetype] : "unknown";
}

const char *info_zone_name(unsigned int zone)
{
	static const char *const names[TRACE_MAX_ZONES] = {"DMA",     "DMA32",   "Normal",
							   "HighMem", "Movable", "Device"};

	return zone < TRACE_MAX_ZONES ? names[zone] : "unknown";
}

static void show_progress(void *ctx, uint64_t done, uint64_t all)
{
	fprintf(stderr, "\rmmreplay info: %3.0f %%", 100.0 * (double)done / (double)all);
}

static int busiest_task(const void *a, const void *b)
{
	const struct info_task *x = a, *y = b;

	if (x->nr_events != y->nr_events)
		return x->nr_events > y->nr_events ? -1 : 1;
	return x->task < y->task ? -1 : x->task > y->task;
}

static int busiest_gfp(const void *a, const void *b)
{
	const struct info_gfp *x = a, *y = b;

	if (x->nr_allocs != y->nr_allocs)
		return x->nr_allocs > y->nr_allocs ? -1 : 1;
	return x->gfp < y->gfp ? -1 : x->gfp > y->gfp;
}

static bool rank_tasks(struct info *info)
{
	uint32_t nr = info->summary->nr_tasks;

	info->tasks = calloc(nr + 1, sizeof(*info->tasks));
	if (!info->tasks)
		return false;
	for (uint32_t i = 0; i < nr; i++)
		if (info->stats.task_events[i])
			info->tasks[info->nr_tasks++] = (struct info_task){i, info->stats.task_events[i]};
	qsort(info->tasks, info->nr_tasks, sizeof(*info->tasks), busiest_task);
	return true;
}

static void add_gfp(struct info *info, const struct trace_class_count *c)
{
	for (uint32_t i = 0; i < info->nr_gfps; i++) {
		if (info->gfps[i].gfp != c->cls.gfp)
			continue;
		info->gfps[i].nr_allocs += c->nr_events;
		return;
	}
	info->gfps[info->nr_gfps++] = (struct info_gfp){c->cls.gfp, c->nr_events};
}

static bool count_classes(struct info *info)
{
	info->gfps = calloc(info->stats.nr_classes + 1, sizeof(*info->gfps));
	if (!info->gfps)
		return false;
	for (uint32_t i = 0; i < info->stats.nr_classes; i++) {
		const struct trace_class_count *c = &info->stats.classes[i];

		if (c->cls.type == TRACE_ALLOC)
			add_gfp(info, c);
		if (c->cls.order >= TRACE_NR_ORDERS)
			continue;
		if (c->cls.type == TRACE_ALLOC && c->cls.migratetype < INFO_NR_MIGRATETYPES)
			info->allocs[c->cls.order][c->cls.migratetype] += c->nr_events;
		else if (c->cls.type == TRACE_FREE)
			info->frees[c->cls.order] += c->nr_events;
	}
	qsort(info->gfps, info->nr_gfps, sizeof(*info->gfps), busiest_gfp);
	return true;
}

/* Keyframes that cannot be read are told and left out. */
static bool list_keyframes(struct info *info, struct trace_reader *reader)
{
	info->keyframes = calloc(info->summary->nr_keyframes + 1, sizeof(*info->keyframes));
	if (!info->keyframes)
		return false;
	for (uint32_t i = 0; i < info->summary->nr_keyframes; i++) {
		struct trace_keyframe kf;
		struct mmr_error err;

		if (trace_reader_keyframe(reader, i, &kf, &err)) {
			fprintf(stderr, "mmreplay info: %s\n", err.msg);
			continue;
		}
		info->keyframes[info->nr_keyframes++] = (struct info_keyframe){
			.ts_ns = kf.ts_ns,
			.walk_ns = kf.walk_ns,
			.nr_blocks = kf.nr_blocks,
			.nr_missing = kf.nr_missing,
			.nid = kf.nid,
			.flags = kf.flags,
			.nr_pcps = kf.nr_pcps,
			.zone = kf.zone,
		};
		trace_keyframe_deinit(&kf);
	}
	return true;
}

static int gather(struct info *info, struct trace_reader *reader, struct mmr_error *err)
{
	bool progress = trace_reader_summary(reader)->file_bytes > LARGE_FILE && isatty(STDERR_FILENO);
	uint32_t nr;
	int rc;

	info->path = trace_reader_path(reader);
	info->machine = trace_reader_machine(reader);
	info->summary = trace_reader_summary(reader);
	info->task_names = trace_reader_tasks(reader, &nr);
	info->duration_ns = info->summary->last_ns - info->summary->first_ns;
	if (info->machine->realtime_ns)
		info->start_realtime_ns =
			info->machine->realtime_ns + (info->summary->first_ns - info->machine->monotonic_ns);
	if (info->summary->nr_events)
		info->bytes_per_event = (double)info->summary->file_bytes / (double)info->summary->nr_events;
	rc = trace_stats_collect(reader, &info->stats, progress ? show_progress : NULL, NULL, err);
	if (progress)
		fputs("\r\033[K", stderr);
	if (!rc && !(rank_tasks(info) && count_classes(info) && list_keyframes(info, reader)))
		rc = mmr_err(err, -1, "%s: no memory for its description", info->path);
	return rc;
}

int cmd_info(int argc, char **argv)
{
	struct trace_reader *reader;
	struct options o = {0};
	struct info info = {0};
	struct mmr_error err;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	rc = trace_reader_open(o.path, &reader, &err);
	if (rc) {
		fprintf(stderr, "mmreplay info: %s\n", err.msg);
		return STATUS_FAILED;
	}
	rc = gather(&info, reader, &err);
	if (rc) {
		fprintf(stderr, "mmreplay info: %s\n", err.msg);
	} else {
		for (uint32_t i = 0; i < info.stats.nr_damage; i++)
			fprintf(stderr, "mmreplay info: %s\n", info.stats.damage[i]);
		if (o.json)
			info_print_json(&info, reader);
		else
			info_print_text(&info, reader);
	}
	trace_stats_deinit(&info.stats);
	free(info.tasks);
	free(info.gfps);
	free(info.keyframes);
	trace_reader_close(reader);
	return rc ? STATUS_FAILED : STATUS_OK;
}
