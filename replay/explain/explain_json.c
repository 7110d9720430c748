// SPDX-License-Identifier: GPL-2.0-or-later
/* A story as JSON, schema mmreplay.explain/1: one object per step. */
#include <string.h>

#include "core/step.h"
#include "replay/explain/explain_words.h"
#include "traces/gfp_map.h"

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *pfn_json(uint32_t pfn)
{
	return pfn == MMR_NO_PFN ? json_null() : number(pfn);
}

static json_t *type_json(unsigned int mt)
{
	return json_string(mmr_migratetype_name((enum migratetype)mt));
}

/* ["WMARK_LOW", "KSWAPD"] */
static json_t *alloc_flags_json(uint32_t flags)
{
	json_t *names = json_array();

	if (!(flags >> 2 & 1))
		json_array_append_new(names, json_sprintf("WMARK_%s", explain_mark_name(flags & 3)));
	for (unsigned int bit = 2; bit < 32; bit++) {
		if (flags >> bit & 1 && mmr_alloc_flag_name(bit))
			json_array_append_new(names, json_string(mmr_alloc_flag_name(bit)));
	}
	return names;
}

static json_t *gfp_json(gfp_t gfp)
{
	char text[400];

	return json_string(gfp_stable_string(gfp, text, sizeof(text)));
}

/* ---- steps --------------------------------------------------------------------------------- */

static void set_request(json_t *o, const struct mmr_story_step *step)
{
	json_object_set_new(o, "gfp", gfp_json(step->request.gfp));
	json_object_set_new(o, "cpu", number(step->cpu));
	json_object_set_new(o, "node",
			    step->request.nid < 0 ? json_null() : number((uint64_t)step->request.nid));
	json_object_set_new(o, "cpu_node", number(step->request.cpu_nid));
	json_object_set_new(o, "nodemask",
			    step->request.nodemask ? number(step->request.nodemask) : json_null());
	json_object_set_new(o, "pf_memalloc", json_boolean(step->request.pf_memalloc));
}

static void set_context(json_t *o, const struct mmr_story_step *step)
{
	json_object_set_new(o, "zonelist_node", number(step->context.nid));
	json_object_set_new(o, "zonelist_thisnode", json_boolean(step->context.thisnode));
	json_object_set_new(o, "highest_zoneidx",
			    json_string(mmr_zone_name((enum zone_type)step->context.highest_zoneidx)));
	json_object_set_new(o, "nodemask",
			    step->context.nodemask ? number(step->context.nodemask) : json_null());
	json_object_set_new(o, "preferred_zoneref",
			    step->zone == MMR_STORY_NO_ZONE ? json_null() : number(step->context.preferred));
	json_object_set_new(o, "migratetype", type_json(step->context.migratetype));
	json_object_set_new(o, "spread_dirty_pages", json_boolean(step->context.spread_dirty_pages));
	json_object_set_new(o, "alloc_flags", alloc_flags_json(step->flags));
}

static void set_watermark(json_t *o, const struct mmr_story_step *step)
{
	json_object_set_new(o, "free", json_integer(step->watermark.free));
	json_object_set_new(o, "unusable", json_integer(step->watermark.unusable));
	json_object_set_new(o, "mark", number(step->watermark.mark));
	json_object_set_new(o, "boost", number(step->watermark.boost));
	json_object_set_new(o, "min", json_integer(step->watermark.min));
	json_object_set_new(o, "lowmem_reserve", number(step->watermark.reserve));
	json_object_set_new(o, "must_exceed", json_integer(step->watermark.min + step->watermark.reserve));
	json_object_set_new(o, "quick", json_boolean(step->watermark.quick));
	json_object_set_new(o, "no_block", json_boolean(step->watermark.no_block));
	json_object_set_new(o, "passed", json_boolean(step->yes));
}

static void set_pcp(json_t *o, const struct mmr_story_step *step)
{
	json_object_set_new(o, "when", json_string(step->why == MMR_STORY_AFTER ? "after" : "before"));
	json_object_set_new(o, "cpu", number(step->cpu));
	json_object_set_new(o, "list", number(step->list));
	json_object_set_new(o, "blocks", number(step->pcp.nr_blocks));
	json_object_set_new(o, "count", json_integer(step->pcp.count));
	json_object_set_new(o, "high", json_integer(step->pcp.high));
	json_object_set_new(o, "high_min", json_integer(step->pcp.high_min));
	json_object_set_new(o, "high_max", json_integer(step->pcp.high_max));
	json_object_set_new(o, "batch", json_integer(step->pcp.batch));
	json_object_set_new(o, step->pcp.auto_tuned ? "free_count" : "free_factor",
			    json_integer(step->pcp.free_count));
	json_object_set_new(o, "alloc_factor", number(step->pcp.alloc_factor));
}

static void set_refill_size(json_t *o, const struct mmr_story_step *step)
{
	json_object_set_new(o, "batch", json_integer(step->refill.batch));
	json_object_set_new(o, "count", json_integer(step->refill.count));
	json_object_set_new(o, "high_before", json_integer(step->refill.high_before));
	json_object_set_new(o, "high", json_integer(step->refill.high));
	json_object_set_new(o, "alloc_factor_before", number(step->refill.factor_before));
	json_object_set_new(o, "alloc_factor", number(step->refill.factor));
	json_object_set_new(o, "below_high", json_boolean(step->refill.below_high));
	json_object_set_new(o, "at_most_pages",
			    step->refill.most ? json_integer(step->refill.most) : json_null());
	json_object_set_new(o, "blocks", json_integer(step->nr));
}

static void set_claim_test(json_t *o, const struct mmr_story_step *step)
{
	json_object_set_new(o, "pfn", number(step->pfn));
	json_object_set_new(o, "new_type", type_json(step->mt));
	json_object_set_new(o, "old_type", type_json(step->claim.old_mt));
	json_object_set_new(o, "free", number(step->claim.free));
	json_object_set_new(o, "movable", number(step->claim.movable));
	json_object_set_new(o, "alike", number(step->claim.alike));
	json_object_set_new(o, "needed", number(step->claim.needed));
	json_object_set_new(o, "outside_zone", json_boolean(step->claim.incomplete));
	json_object_set_new(o, "claimed", json_boolean(step->yes));
}

static void set_high(json_t *o, const struct mmr_story_step *step)
{
	static const char *const rules[] = {
		[MMR_STORY_HIGH_PLAIN] = "high",
		[MMR_STORY_HIGH_FIXED] = "fixed",
		[MMR_STORY_HIGH_NONE] = "off",
		[MMR_STORY_HIGH_FREES_MOSTLY] = "free_high",
		[MMR_STORY_HIGH_RECLAIM] = "reclaim_active",
		[MMR_STORY_HIGH_BELOW] = "below_high",
		[MMR_STORY_HIGH_GROWN] = "grown",
	};

	json_object_set_new(o, "rule", json_string(rules[step->why]));
	json_object_set_new(o, "count", json_integer(step->high.count));
	json_object_set_new(o, "limit", json_integer(step->high.limit));
	json_object_set_new(o, "high", json_integer(step->high.high));
	json_object_set_new(o, "free_count", json_integer(step->high.free_count));
	json_object_set_new(o, "batch", json_integer(step->high.batch));
}

/* Why, by name, for those steps whose .why is no rule of their own. */
static const char *reason(const struct mmr_story_step *step)
{
	static const char *const pass_by[] = {"dirty_pages", "kswapd_awake"};
	static const char *const again[] = {"remote_next", "fragment", "busy_nodes"};
	static const char *const mark[] = {"probe", "decides",  "after_reclaim", "without_boost",
					   "bulk",  "balanced", "enough_again"};
	static const char *const kswapd[] = {"woken", "awake", "gave_up", "not_needed"};
	static const char *const to[] = {"pcp", "buddy_order", "buddy_isolated", "buddy_locked"};

	switch (step->kind) {
	case MMR_STORY_PASS_BY:
		return pass_by[step->why];
	case MMR_STORY_AGAIN:
		return again[step->why];
	case MMR_STORY_MARK:
		return mark[step->why];
	case MMR_STORY_KSWAPD:
		return kswapd[step->why];
	case MMR_STORY_FREE:
		return to[step->why];
	case MMR_STORY_PAGE:
		return mmr_path_name((enum mmr_path)step->why);
	default:
		return NULL;
	}
}

/* Steps about a block, a number, or a yes or no. */
static void set_plain(json_t *o, const struct mmr_story_step *step)
{
	switch (step->kind) {
	case MMR_STORY_SCAN:
	case MMR_STORY_SLOWPATH:
	case MMR_STORY_RESERVES:
		json_object_set_new(o, "alloc_flags", alloc_flags_json(step->flags));
		return;
	case MMR_STORY_MARK:
		json_object_set_new(o, "mark", json_sprintf("WMARK_%s", explain_mark_name(step->mark)));
		return;
	case MMR_STORY_NOTHING:
	case MMR_STORY_BUDDY:
		json_object_set_new(o, "type", type_json(step->mt));
		return;
	case MMR_STORY_POP:
	case MMR_STORY_REFILL_PAGE:
		json_object_set_new(o, "pfn", number(step->pfn));
		return;
	case MMR_STORY_TAKE:
	case MMR_STORY_FOREIGN:
	case MMR_STORY_CLAIM:
	case MMR_STORY_STEAL:
		json_object_set_new(o, "source_order", number(step->source_order));
		break;
	case MMR_STORY_MOVE:
		json_object_set_new(o, "from_type", type_json(step->before));
		break;
	case MMR_STORY_MERGE:
		json_object_set_new(o, "buddy", number(step->buddy));
		break;
	case MMR_STORY_INSERT:
		json_object_set_new(o, "at", json_string(step->yes ? "tail" : "head"));
		break;
	case MMR_STORY_DRAIN_PAGE:
		json_object_set_new(o, "list", number(step->list));
		break;
	case MMR_STORY_FREE:
	case MMR_STORY_PAGE:
	case MMR_STORY_SPLIT:
	case MMR_STORY_HIGHATOMIC:
		break;
	case MMR_STORY_BOOST:
		json_object_set_new(o, "before", number(step->before));
		json_object_set_new(o, "boost", json_integer(step->nr));
		return;
	case MMR_STORY_OVERFLOW:
	case MMR_STORY_DRAIN:
	case MMR_STORY_RECLAIM:
	case MMR_STORY_NODE_RECLAIM:
		json_object_set_new(o, "pages", json_integer(step->nr));
		return;
	case MMR_STORY_REFILL_END:
		json_object_set_new(o, "blocks", json_integer(step->nr));
		return;
	case MMR_STORY_BELOW_HIGH:
		json_object_set_new(o, "set", json_boolean(step->yes));
		return;
	case MMR_STORY_RETRY:
		json_object_set_new(o, "again", json_boolean(step->yes));
		return;
	default:
		return;
	}
	json_object_set_new(o, "pfn", number(step->pfn));
	json_object_set_new(o, "type", type_json(step->mt));
}

static json_t *step_json(const struct mmr_story_step *step, bool claims)
{
	enum mmr_story_kind kind = (enum mmr_story_kind)step->kind;
	json_t *o = json_pack("{s:s, s:s}", "step", explain_step_name(kind), "function",
			      explain_function(kind, claims));
	const char *why = reason(step);

	if (step->zone != MMR_STORY_NO_ZONE)
		json_object_set_new(o, "zone", json_string(zone_words(step->zone)));
	json_object_set_new(o, "order", number(step->order));
	if (why)
		json_object_set_new(o, "reason", json_string(why));
	switch (kind) {
	case MMR_STORY_REQUEST:
		set_request(o, step);
		break;
	case MMR_STORY_CONTEXT:
		set_context(o, step);
		break;
	case MMR_STORY_WATERMARK:
		set_watermark(o, step);
		break;
	case MMR_STORY_PCP:
		set_pcp(o, step);
		break;
	case MMR_STORY_REFILL_SIZE:
		set_refill_size(o, step);
		break;
	case MMR_STORY_CLAIM_TEST:
		set_claim_test(o, step);
		break;
	case MMR_STORY_HIGH:
		set_high(o, step);
		break;
	default:
		set_plain(o, step);
	}
	return o;
}

static json_t *steps_json(const struct mmr_story *story, bool claims)
{
	json_t *steps = json_array();

	for (uint32_t i = 0; i < story->nr_steps; i++)
		json_array_append_new(steps, step_json(&story->steps[i], claims));
	return steps;
}

/* ---- the recording ------------------------------------------------------------------------- */

static json_t *event_json(const struct explain_event *event, const struct trace_reader *reader)
{
	const struct trace_event *ev = &event->ev;
	uint32_t nr;
	const struct trace_task *tasks = trace_reader_tasks(reader, &nr);
	json_t *o =
		json_pack("{s:I, s:I, s:s, s:o, s:i, s:i}", "event", (json_int_t)event->number, "ts_ns",
			  (json_int_t)ev->ts_ns, "type", trace_event_type_name((enum trace_event_type)ev->type),
			  "pfn", pfn_json(ev->pfn), "order", (int)ev->order, "cpu", (int)ev->cpu);

	if (ev->task < nr) {
		json_object_set_new(o, "task", number(tasks[ev->task].tid));
		json_object_set_new(
			o, "comm",
			json_stringn_nocheck(tasks[ev->task].comm, strnlen(tasks[ev->task].comm, 16)));
	}
	if (ev->type >= TRACE_NR_PAGE_EVENTS ? trace_event_info(ev->type)->has_migratetype
					     : ev->type != TRACE_FREE && ev->type != TRACE_FREE_BATCHED)
		json_object_set_new(o, "type_of_pages", type_json(ev->migratetype));
	if (trace_event_info(ev->type)->has_gfp || ev->type == TRACE_ALLOC)
		json_object_set_new(o, "gfp", gfp_json(event->cls.gfp));
	if (ev->type == TRACE_EXTFRAG) {
		json_object_set_new(o, "fallback_order", number(event->cls.fallback_order));
		json_object_set_new(o, "fallback_type", type_json(event->cls.fallback_migratetype));
		json_object_set_new(o, "claimed", json_boolean(ev->flags & TRACE_F_CHANGE_OWNERSHIP));
	}
	return o;
}

static json_t *events_json(const struct explain_event *events, size_t nr, const struct trace_reader *reader)
{
	json_t *array = json_array();

	for (size_t i = 0; i < nr; i++)
		json_array_append_new(array, event_json(&events[i], reader));
	return array;
}

static json_t *args_json(unsigned int type, const struct trace_args *args)
{
	const struct trace_event_info *info = trace_event_info(type);
	json_t *o = json_object();

	for (unsigned int i = 0; i < args->nr && i < info->nr_args; i++)
		json_object_set_new(o, info->args[i], json_integer(args->v[i]));
	return o;
}

static json_t *beside_json(const struct explain *e, const struct trace_reader *reader)
{
	json_t *array = json_array();

	for (size_t i = 0; i < e->nr_beside; i++) {
		const struct explain_beside *beside = &e->beside[i];
		json_t *o = event_json(&beside->event, reader);

		json_object_set_new(o, "args", args_json(beside->event.ev.type, &beside->args));
		json_array_append_new(array, o);
	}
	return array;
}

/* What an event of another kind is, and the model where it points to. */
static json_t *other_json(const struct explain *e)
{
	static const char *const states[] = {
		[MMR_PAGE_FREE] = "free", [MMR_PAGE_PCP] = "pcp", [MMR_PAGE_ALLOCATED] = "allocated"};
	const struct explain_look *look = &e->look;
	const uint32_t *mark = look->marks.watermark;
	unsigned int type = e->request.ev.type;
	json_t *o = json_pack("{s:s, s:s, s:o}", "function", explain_kind_function(type), "meaning",
			      explain_kind_meaning(type), "args", args_json(type, &e->args));

	json_object_set_new(o, "page",
			    !look->have_page
				    ? json_null()
				    : json_pack("{s:s, s:I, s:i, s:o, s:o}", "state",
						look->place.state < sizeof(states) / sizeof(states[0]) &&
								states[look->place.state]
							? states[look->place.state]
							: "unknown",
						"block", (json_int_t)look->place.head, "order",
						(int)look->place.order, "type", type_json(look->place.mt),
						"pageblock", type_json(look->pageblock)));
	json_object_set_new(o, "zone",
			    !look->have_zone
				    ? json_null()
				    : json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "name",
						zone_words(look->zone), "free", (json_int_t)look->marks.free,
						"pending", (json_int_t)look->marks.pending, "min",
						(json_int_t)mark[WMARK_MIN], "low", (json_int_t)mark[WMARK_LOW],
						"high", (json_int_t)mark[WMARK_HIGH], "boost",
						(json_int_t)look->marks.boost));
	return o;
}

static json_t *kswapd_json(const struct explain *e)
{
	json_t *array = json_array();

	for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++) {
		if (e->kswapd[nid].known)
			json_array_append_new(array, json_pack("{s:i, s:b, s:I}", "node", (int)nid, "awake",
							       e->kswapd[nid].awake, "since_ns",
							       (json_int_t)e->kswapd[nid].since_ns));
	}
	return array;
}

static json_t *verdict_json(const struct explain *e)
{
	static const char *const names[] = {
		[VERIFY_EXACT] = "exact", [VERIFY_INFORMED] = "informed", [VERIFY_DIVERGED] = "diverged"};
	json_t *decisions;

	if (!e->known || e->kind == EXPLAIN_OTHER)
		return json_null();
	decisions = json_array();
	for (size_t i = 0; i < e->nr_verdicts; i++) {
		const struct explain_verdict *v = &e->verdicts[i];

		json_array_append_new(
			decisions,
			json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "event", (json_int_t)v->event, "level",
				  verify_level_name(v->level), "verdict", names[v->verdict], "cause",
				  verify_cause_name(v->cause), "cause_text", verify_cause_text(v->cause),
				  "expected", v->expected, "got", v->got));
	}
	return json_pack("{s:s, s:o}", "result", names[explain_result(e)], "not_exact", decisions);
}

static json_t *model_json(const struct explain *e)
{
	const struct mmr_page *page = &e->told->page;
	json_t *o;

	if (!e->told->finished)
		return json_null();
	if (e->kind == EXPLAIN_OTHER)
		return json_null();
	if (e->kind == EXPLAIN_FREE || e->kind == EXPLAIN_DRAIN)
		return json_pack("{s:b}", "refused", e->told->rc != 0);
	o = json_pack("{s:o, s:s, s:o, s:o}", "pfn", pfn_json(page->pfn), "path",
		      mmr_path_name((enum mmr_path)page->path), "zone",
		      page->pfn == MMR_NO_PFN
			      ? json_null()
			      : json_string(zone_words((uint16_t)(page->nid << 3 | page->zone))),
		      "asked_node", e->told->nid < 0 ? json_null() : number((uint64_t)e->told->nid));
	if (o && e->told->nid >= 0)
		json_object_set_new(o, "own_node_pfn", pfn_json(e->own.pfn));
	return o;
}

json_t *explain_json(const struct explain *e, const struct trace_reader *reader,
		     const struct kernel_profile *profile)
{
	static const char *const kinds[] = {
		[EXPLAIN_ALLOC] = "alloc", [EXPLAIN_FREE] = "free", [EXPLAIN_DRAIN] = "drain",
		[EXPLAIN_TAKEN] = "taken", [EXPLAIN_BULK] = "bulk", [EXPLAIN_OTHER] = "other"};
	bool claims = explain_claims_and_steals(profile);
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:b}", "schema", "mmreplay.explain/1",
			      "trace", trace_reader_path(reader), "kernel",
			      trace_reader_machine(reader)->kernel_release, "kernel_profile",
			      kernel_profile_name(profile), "kind", kinds[e->kind], "asked_event",
			      (json_int_t)e->asked, "event", (json_int_t)e->request.number, "state_known",
			      e->known, "told", e->told->finished);

	if (!o)
		return NULL;
	json_object_set_new(o, "state_known_from",
			    e->known_from == UINT64_MAX ? json_null() : number(e->known_from));
	json_object_set_new(o, "request", event_json(&e->request, reader));
	json_object_set_new(o, "steps", steps_json(&e->told->story, claims));
	json_object_set_new(o, "steps_left_out", number(e->told->story.nr_dropped));
	json_object_set_new(o, "model", model_json(e));
	json_object_set_new(o, "same",
			    e->told->finished && e->kind != EXPLAIN_OTHER ? json_boolean(explain_same(e))
									  : json_null());
	json_object_set_new(o, "recording", events_json(e->events, e->nr_events, reader));
	json_object_set_new(o, "beside", beside_json(e, reader));
	json_object_set_new(o, "kswapd", kswapd_json(e));
	json_object_set_new(o, "other", e->kind == EXPLAIN_OTHER ? other_json(e) : json_null());
	json_object_set_new(o, "before_interrupt", e->early ? number(e->early_event) : json_null());
	json_object_set_new(o, "left_unseen", number(e->told->nr_gone));
	json_object_set_new(o, "freed_together",
			    e->run_pages ? json_pack("{s:I, s:I}", "pfn", (json_int_t)e->run_pfn, "pages",
						     (json_int_t)e->run_pages)
					 : json_null());
	json_object_set_new(o, "verify", verdict_json(e));
	if (e->query.by == EXPLAIN_BY_PFN)
		json_object_set_new(o, "life", events_json(e->life, e->nr_life, reader));
	return o;
}
