// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay info --json. Keys may be added; those of the schema stay. */
#include <jansson.h>
#include <stdio.h>

#include "traces/gfp_map.h"
#include "traces/info.h"

static json_t *integer(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *events_json(const struct trace_summary *s)
{
	json_t *events = json_object();

	for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
		json_object_set_new(events, trace_event_type_name(type), integer(s->events[type]));
	json_object_set_new(events, "unknown", integer(s->nr_unknown_events));
	json_object_set_new(events, "total", integer(s->nr_events));
	return events;
}

static json_t *zones_json(const struct trace_machine *m)
{
	json_t *zones = json_array();

	for (uint32_t i = 0; i < m->nr_zones; i++) {
		const struct trace_zone *z = &m->zones[i];

		json_array_append_new(
			zones,
			json_pack("{s:i, s:s, s:I, s:I, s:I, s:I, s:[I,I,I], s:I, s:i, s:i, s:i}", "node",
				  z->nid, "zone", info_zone_name(z->zone), "start_pfn",
				  (json_int_t)z->start_pfn, "spanned_pages", (json_int_t)z->spanned_pages,
				  "present_pages", (json_int_t)z->present_pages, "managed_pages",
				  (json_int_t)z->managed_pages, "watermarks", (json_int_t)z->watermark[0],
				  (json_int_t)z->watermark[1], (json_int_t)z->watermark[2], "free_pages",
				  (json_int_t)z->nr_free_pages, "pcp_batch", z->pcp_batch, "pcp_high_min",
				  z->pcp_high_min, "pcp_high_max", z->pcp_high_max));
	}
	return zones;
}

static json_t *orders_json(const struct info *info)
{
	json_t *orders = json_array();

	for (unsigned int order = 0; order < TRACE_NR_ORDERS; order++) {
		json_t *allocs = json_object();
		uint64_t sum = 0;

		for (unsigned int mt = 0; mt < INFO_NR_MIGRATETYPES; mt++) {
			if (info->allocs[order][mt])
				json_object_set_new(allocs, info_migratetype_name(mt),
						    integer(info->allocs[order][mt]));
			sum += info->allocs[order][mt];
		}
		if (!sum && !info->frees[order]) {
			json_decref(allocs);
			continue;
		}
		json_array_append_new(orders, json_pack("{s:i, s:o, s:I, s:I}", "order", (int)order, "alloc",
							allocs, "allocs", (json_int_t)sum, "frees",
							(json_int_t)info->frees[order]));
	}
	return orders;
}

static json_t *tasks_json(const struct info *info)
{
	json_t *tasks = json_array();

	for (uint32_t i = 0; i < info->nr_tasks && i < 20; i++) {
		const struct trace_task *t = &info->task_names[info->tasks[i].task];
		json_t *task = json_object();

		/* A name may hold any bytes; those that are not UTF-8 are not shown. */
		json_object_set_new(task, "tid", integer(t->tid));
		json_object_set_new(task, "tgid", integer(t->tgid));
		json_object_set_new(task, "comm", json_string(t->comm) ?: json_string("?"));
		json_object_set_new(task, "events", integer(info->tasks[i].nr_events));
		json_array_append_new(tasks, task);
	}
	return tasks;
}

static json_t *gfps_json(const struct info *info)
{
	json_t *gfps = json_array();

	for (uint32_t i = 0; i < info->nr_gfps; i++) {
		char text[512];

		gfp_stable_string(info->gfps[i].gfp, text, sizeof(text));
		json_array_append_new(gfps, json_pack("{s:s, s:I, s:I}", "gfp", text, "code",
						      (json_int_t)info->gfps[i].gfp, "allocs",
						      (json_int_t)info->gfps[i].nr_allocs));
	}
	return gfps;
}

static json_t *keyframes_json(const struct info *info)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < info->nr_keyframes; i++) {
		const struct info_keyframe *k = &info->keyframes[i];

		json_array_append_new(
			list,
			json_pack("{s:I, s:i, s:s, s:I, s:I, s:I, s:i, s:b, s:b, s:b, s:b}", "ts_ns",
				  (json_int_t)k->ts_ns, "node", k->nid, "zone", info_zone_name(k->zone),
				  "blocks", (json_int_t)k->nr_blocks, "missing", (json_int_t)k->nr_missing,
				  "walk_ns", (json_int_t)k->walk_ns, "pcps", k->nr_pcps, "locked",
				  (k->flags & TRACE_KF_LOCKED) != 0, "partial",
				  (k->flags & TRACE_KF_PARTIAL) != 0, "first", (k->flags & TRACE_KF_FIRST) != 0,
				  "last", (k->flags & TRACE_KF_LAST) != 0));
	}
	return list;
}

static json_t *losses_json(struct trace_reader *reader)
{
	json_t *list = json_array();
	uint32_t nr;
	const struct trace_loss *losses = trace_reader_losses(reader, &nr);

	for (uint32_t i = 0; i < nr; i++) {
		json_t *cpu = losses[i].cpu == UINT32_MAX ? json_null() : integer(losses[i].cpu);

		json_array_append_new(list, json_pack("{s:o, s:I, s:I, s:I}", "cpu", cpu, "begin_ns",
						      (json_int_t)losses[i].begin_ns, "end_ns",
						      (json_int_t)losses[i].end_ns, "events",
						      (json_int_t)losses[i].nr_events));
	}
	return list;
}

static json_t *cpus_json(const struct info *info)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < info->stats.nr_cpus; i++) {
		const struct trace_cpu_count *c = &info->stats.cpus[i];

		json_array_append_new(list,
				      json_pack("{s:i, s:I, s:I, s:I}", "cpu", c->cpu, "events",
						(json_int_t)c->nr_events, "first_ns", (json_int_t)c->first_ns,
						"last_ns", (json_int_t)c->last_ns));
	}
	return list;
}

static json_t *damage_json(const struct info *info)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < info->stats.nr_damage; i++)
		json_array_append_new(list, json_string(info->stats.damage[i]) ?: json_string("?"));
	return list;
}

static json_t *text_or_empty(const char *s)
{
	return json_string(s) ?: json_string("");
}

void info_print_json(const struct info *info, struct trace_reader *reader)
{
	const struct trace_machine *m = info->machine;
	const struct trace_summary *s = info->summary;
	json_t *root = json_object();
	char checksum[20];

	snprintf(checksum, sizeof(checksum), "%016llx", (unsigned long long)s->checksum);
	json_object_set_new(root, "schema", json_string("mmreplay.info/1"));
	json_object_set_new(root, "file", text_or_empty(info->path));
	json_object_set_new(root, "kernel", text_or_empty(m->kernel_release));
	json_object_set_new(root, "kernel_version", text_or_empty(m->kernel_version));
	json_object_set_new(root, "arch", text_or_empty(m->arch));
	json_object_set_new(root, "command", text_or_empty(m->command));
	json_object_set_new(root, "cpus", integer(m->nr_cpus));
	json_object_set_new(root, "nodes", integer(m->nr_nodes));
	json_object_set_new(root, "start_realtime_ns", integer(info->start_realtime_ns));
	json_object_set_new(root, "first_ns", integer(s->first_ns));
	json_object_set_new(root, "last_ns", integer(s->last_ns));
	json_object_set_new(root, "duration_ns", integer(info->duration_ns));
	json_object_set_new(root, "events", events_json(s));
	json_object_set_new(root, "lost", integer(s->nr_lost));
	json_object_set_new(root, "losses", losses_json(reader));
	json_object_set_new(root, "keyframes", integer(s->nr_keyframes));
	json_object_set_new(root, "keyframe_list", keyframes_json(info));
	json_object_set_new(root, "file_bytes", integer(s->file_bytes));
	json_object_set_new(root, "bytes_per_event", json_real(info->bytes_per_event));
	json_object_set_new(root, "format_version", integer(s->format_version));
	json_object_set_new(root, "blocks", integer(s->nr_blocks));
	json_object_set_new(root, "complete", json_boolean(s->complete));
	json_object_set_new(root, "recovered", json_boolean(s->recovered));
	json_object_set_new(root, "truncated_bytes", integer(s->truncated_bytes));
	json_object_set_new(root, "damage", damage_json(info));
	json_object_set_new(root, "checksum", json_string(checksum));
	json_object_set_new(root, "zones", zones_json(m));
	json_object_set_new(root, "orders", orders_json(info));
	json_object_set_new(root, "gfp", gfps_json(info));
	json_object_set_new(root, "tasks", tasks_json(info));
	json_object_set_new(root, "nr_tasks", integer(s->nr_tasks));
	json_object_set_new(root, "cpu_events", cpus_json(info));
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}
