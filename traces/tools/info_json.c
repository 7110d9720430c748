// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay info --json. Keys may be added; those of the schema stay. */
#include <jansson.h>
#include <stdio.h>

#include "traces/gfp_map.h"
#include "traces/tools/info.h"
#include "traces/trace_vendor.h"

#define DEFAULT_ROWS 20u

static json_t *integer(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *events_json(const struct info *info)
{
	json_t *events = json_object();

	for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
		json_object_set_new(events, trace_event_type_name(type), integer(info->events[type]));
	json_object_set_new(events, "unknown", integer(info->nr_unknown));
	json_object_set_new(events, "damaged", integer(info->nr_passed));
	json_object_set_new(events, "total", integer(info->nr_events));
	return events;
}

static json_t *policies_json(const struct trace_reader *reader)
{
	json_t *list = json_array();
	uint32_t nr;
	const struct trace_policy *policies = trace_reader_policies(reader, &nr);

	for (uint32_t i = 0; i < nr; i++) {
		char text[600];

		json_array_append_new(list, json_string(info_policy_string(&policies[i], text, sizeof(text))));
	}
	return list;
}

/* "zone.block_free": 1 */
static json_t *features_json(const struct trace_machine *m)
{
	json_t *features = json_object();

	for (uint32_t i = 0; i < m->nr_features; i++)
		json_object_set_new(features, m->features[i].name, json_integer(m->features[i].value));
	return features;
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
		if (!sum && !info->frees[order] && !info->failed[order]) {
			json_decref(allocs);
			continue;
		}
		json_array_append_new(orders, json_pack("{s:i, s:o, s:I, s:I, s:I}", "order", (int)order,
							"alloc", allocs, "allocs", (json_int_t)sum, "failed",
							(json_int_t)info->failed[order], "frees",
							(json_int_t)info->frees[order]));
	}
	return orders;
}

static uint32_t lines_of(const struct info *info)
{
	return info->request->lines ? info->request->lines : DEFAULT_ROWS;
}

/* What a row has of pages: only where every event was read. */
static void set_use(const struct info *info, json_t *object, const struct info_row *r)
{
	json_object_set_new(object, "allocs", integer(r->hits));
	json_object_set_new(object, "alloc_kib", integer(info_kib(info, r->pages)));
	if (!info->have_use)
		return;
	json_object_set_new(object, "failed", integer(r->failed));
	json_object_set_new(object, "live_kib", integer(info_kib(info, r->live)));
}

/* A name may hold any bytes; those that are not UTF-8 are not shown. */
static void set_task(const struct info *info, json_t *object, uint32_t task)
{
	const struct trace_task *t = &info->task_names[task];

	json_object_set_new(object, "tid", integer(t->tid));
	json_object_set_new(object, "tgid", integer(t->tgid));
	json_object_set_new(object, "comm", json_string(t->comm) ?: json_string("?"));
}

static void set_gfp(json_t *object, uint32_t gfp)
{
	char text[512];

	gfp_stable_string(gfp, text, sizeof(text));
	json_object_set_new(object, "gfp", json_string(text));
	json_object_set_new(object, "code", integer(gfp));
}

static json_t *tasks_json(const struct info *info)
{
	json_t *tasks = json_array();

	for (uint32_t i = 0; i < info->tasks.nr && i < lines_of(info); i++) {
		const struct info_row *r = &info->tasks.rows[i];
		json_t *task = json_object();

		set_task(info, task, r->id);
		json_object_set_new(task, "events", integer(r->events));
		if (info->have_use)
			set_use(info, task, r);
		json_array_append_new(tasks, task);
	}
	return tasks;
}

/* A path may be any bytes, and JSON is UTF-8: one that is not is left out. */
static json_t *labels_json(const struct info *info, const struct info_rows *rows, const char *name)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < rows->nr && i < lines_of(info); i++) {
		const struct trace_label *label = &info->labels[rows->rows[i].id];
		json_t *row = json_object(), *text = json_string(label->text);

		json_object_set_new(row, name, text ? text : json_null());
		if (label->kind == TRACE_LABEL_CGROUP)
			json_object_set_new(row, "id", integer(label->id));
		json_object_set_new(row, "allocations", integer(rows->rows[i].hits));
		json_object_set_new(row, "pages", integer(rows->rows[i].pages));
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *gfps_json(const struct info *info)
{
	json_t *gfps = json_array();

	for (uint32_t i = 0; i < info->gfps.nr; i++) {
		json_t *gfp = json_object();

		set_gfp(gfp, info->gfps.rows[i].gfp);
		set_use(info, gfp, &info->gfps.rows[i]);
		json_array_append_new(gfps, gfp);
	}
	return gfps;
}

static json_t *kinds_json(const struct info *info)
{
	json_t *kinds = json_array();

	for (uint32_t i = 0; i < info->kinds.nr; i++) {
		const struct info_row *r = &info->kinds.rows[i];
		json_t *kind = json_pack("{s:i, s:s}", "order", r->order, "migratetype",
					 info_migratetype_name(r->migratetype));

		set_gfp(kind, r->gfp);
		set_use(info, kind, r);
		json_array_append_new(kinds, kind);
	}
	return kinds;
}

static json_t *pages_json(const struct info *info)
{
	json_t *pages = json_array();

	for (uint32_t i = 0; i < info->pages.nr; i++) {
		const struct info_row *r = &info->pages.rows[i];
		json_t *page = json_pack("{s:I, s:i, s:s}", "pfn", (json_int_t)r->id, "order", r->order,
					 "migratetype", info_migratetype_name(r->migratetype));

		set_gfp(page, r->gfp);
		set_use(info, page, r);
		if (r->task < info->nr_task_names)
			set_task(info, page, r->task);
		json_array_append_new(pages, page);
	}
	return pages;
}

static void set_sum(const struct info *info, json_t *object, const char *key, struct page_use_sum sum)
{
	json_object_set_new(object, key,
			    json_pack("{s:I, s:I, s:I}", "requests", (json_int_t)sum.requests, "pages",
				      (json_int_t)sum.pages, "kib", (json_int_t)info_kib(info, sum.pages)));
}

static json_t *use_json(const struct info *info)
{
	json_t *use = json_object();

	set_sum(info, use, "allocated", info->use.allocs);
	set_sum(info, use, "allocated_and_freed", info->use.freed_here);
	set_sum(info, use, "allocated_only", info->use.live);
	set_sum(info, use, "allocated_again", info->use.reused);
	set_sum(info, use, "failed", info->use.failed);
	set_sum(info, use, "freed", info->use.frees);
	set_sum(info, use, "freed_only", info->use.older);
	return use;
}

static json_t *rates_json(const struct info *info)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < info->nr_rates; i++) {
		const struct info_rate *r = &info->rates[i];
		json_t *rate = json_object();

		json_object_set_new(rate, "from_ns", integer(info->request->from_ns + i * info->width_ns));
		for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
			if (type < TRACE_NR_PAGE_EVENTS || r->events[type])
				json_object_set_new(rate, trace_event_type_name(type),
						    integer(r->events[type]));
		json_object_set_new(rate, "failed", integer(r->failed));
		json_object_set_new(rate, "lost", integer(r->lost));
		json_object_set_new(rate, "live_kib", integer(info_kib(info, r->live)));
		json_array_append_new(list, rate);
	}
	return json_pack("{s:I, s:o}", "interval_ns", (json_int_t)info->width_ns, "intervals", list);
}

static json_t *keyframes_json(const struct info *info)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < info->nr_keyframes; i++) {
		const struct info_keyframe *k = &info->keyframes[i];

		json_array_append_new(
			list,
			json_pack("{s:I, s:i, s:s, s:I, s:I, s:I, s:I, s:i, s:b, s:b, s:b, s:b, s:b}", "ts_ns",
				  (json_int_t)k->ts_ns, "node", k->nid, "zone", info_zone_name(k->zone),
				  "blocks", (json_int_t)k->nr_blocks, "missing", (json_int_t)k->nr_missing,
				  "walk_ns", (json_int_t)k->walk_ns, "hold_ns", (json_int_t)k->hold_ns, "pcps",
				  k->nr_pcps, "locked", (k->flags & TRACE_KF_LOCKED) != 0, "partial",
				  (k->flags & TRACE_KF_PARTIAL) != 0, "parts", (k->flags & TRACE_KF_PARTS) != 0,
				  "first", (k->flags & TRACE_KF_FIRST) != 0, "last",
				  (k->flags & TRACE_KF_LAST) != 0));
	}
	return list;
}

/* How long the recorder held a zone's lock: at a time, and in all. */
static json_t *hold_json(const struct info *info)
{
	uint64_t longest = 0, total = 0;

	for (uint32_t i = 0; i < info->nr_keyframes; i++) {
		const struct info_keyframe *k = &info->keyframes[i];

		if (!(k->flags & TRACE_KF_LOCKED))
			continue;
		longest = k->hold_ns > longest ? k->hold_ns : longest;
		total += k->walk_ns;
	}
	return json_pack("{s:I, s:I}", "longest", (json_int_t)longest, "total", (json_int_t)total);
}

static json_t *losses_json(const struct info *info)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < info->nr_losses; i++) {
		const struct trace_loss *l = &info->losses[i];
		json_t *cpu = l->cpu == UINT32_MAX ? json_null() : integer(l->cpu);

		json_array_append_new(list, json_pack("{s:o, s:I, s:I, s:I}", "cpu", cpu, "begin_ns",
						      (json_int_t)l->begin_ns, "end_ns", (json_int_t)l->end_ns,
						      "events", (json_int_t)l->nr_events));
	}
	return list;
}

static json_t *cpus_json(const struct info *info)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < info->nr_cpus; i++) {
		const struct info_cpu *c = &info->cpus[i];

		json_array_append_new(list, json_pack("{s:i, s:I, s:I, s:I, s:I}", "cpu", c->cpu, "events",
						      (json_int_t)c->nr_events, "lost", (json_int_t)c->nr_lost,
						      "first_ns", (json_int_t)c->first_ns, "last_ns",
						      (json_int_t)c->last_ns));
	}
	return list;
}

static json_t *damage_json(const struct info *info)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < info->nr_damage; i++)
		json_array_append_new(list, json_string(info->damage[i]) ?: json_string("?"));
	return list;
}

static json_t *text_or_empty(const char *s)
{
	return json_string(s) ?: json_string("");
}

static void set_recording(const struct info *info, json_t *root)
{
	const struct trace_machine *m = info->machine;
	const struct trace_summary *s = info->summary;

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
}

static void set_file(const struct info *info, json_t *root)
{
	const struct trace_summary *s = info->summary;
	char checksum[20];

	snprintf(checksum, sizeof(checksum), "%016llx", (unsigned long long)s->checksum);
	json_object_set_new(root, "file_bytes", integer(s->file_bytes));
	json_object_set_new(root, "bytes_per_event", json_real(info->bytes_per_event));
	json_object_set_new(root, "format_version", integer(s->format_version));
	json_object_set_new(root, "blocks", integer(s->nr_blocks));
	json_object_set_new(root, "complete", json_boolean(s->complete));
	json_object_set_new(root, "recovered", json_boolean(s->recovered));
	json_object_set_new(root, "truncated_bytes", integer(s->truncated_bytes));
	json_object_set_new(root, "damage", damage_json(info));
	json_object_set_new(root, "checksum", json_string(checksum));
}

void info_print_json(const struct info *info)
{
	struct trace_vendor_features vendor;
	json_t *root = json_object();

	set_recording(info, root);
	json_object_set_new(root, "partial",
			    json_boolean(trace_machine_feature(info->machine, TRACE_FEATURE_PARTIAL)));
	json_object_set_new(root, "events", events_json(info));
	json_object_set_new(root, "lost", integer(info->summary->nr_lost));
	json_object_set_new(root, "losses", losses_json(info));
	json_object_set_new(root, "keyframes", integer(info->summary->nr_keyframes));
	json_object_set_new(root, "keyframe_hold_ns", hold_json(info));
	json_object_set_new(root, "keyframe_list", keyframes_json(info));
	set_file(info, root);
	json_object_set_new(root, "zones", zones_json(info->machine));
	json_object_set_new(root, "policies", policies_json(info->reader));
	json_object_set_new(root, "features", features_json(info->machine));
	trace_vendor_features(info->machine, &vendor);
	json_object_set_new(root, "vendor_features", vendor.own[0] ? json_string(vendor.own) : json_null());
	json_object_set_new(root, "backported_features",
			    vendor.later[0] ? json_string(vendor.later) : json_null());
	json_object_set_new(root, "orders", orders_json(info));
	json_object_set_new(root, "gfp", gfps_json(info));
	json_object_set_new(root, "kinds", kinds_json(info));
	json_object_set_new(root, "tasks", tasks_json(info));
	json_object_set_new(root, "stacks", labels_json(info, &info->stacks, "calls"));
	json_object_set_new(root, "nr_stacks", integer(info->stacks.nr));
	json_object_set_new(root, "cgroups", labels_json(info, &info->cgroups, "path"));
	json_object_set_new(root, "nr_tasks", integer(info->summary->nr_tasks));
	json_object_set_new(root, "cpu_events", cpus_json(info));
	if (info->have_use) {
		json_object_set_new(root, "use", use_json(info));
		json_object_set_new(root, "rates", rates_json(info));
	}
	if (info->request->tables & 1u << INFO_PAGES)
		json_object_set_new(root, "pages", pages_json(info));
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}
