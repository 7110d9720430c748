// SPDX-License-Identifier: GPL-2.0-or-later
/* The loop over events, and the book-keeping of decisions. */
#include "replay/verify/verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "replay/clock.h"
#include "replay/verify/verify_internal.h"

#define PROGRESS_EVENTS (1u << 21)
#define STOP_EVENTS     (1u << 10) /* between two looks at whether to stop */

const char *verify_level_name(enum verify_level level)
{
	static const char *const names[NR_VERIFY_LEVELS] = {"zone", "buddy", "pcp", "fallback"};

	return names[level];
}

static const struct {
	const char *name, *text;
} causes[NR_VERIFY_CAUSES] = {
	[VERIFY_CAUSE_NONE] = {"none", "exact"},
	[VERIFY_CAUSE_UNEXPLAINED] = {"unexplained", "no known cause"},
	[VERIFY_CAUSE_UNKNOWN_LIST] = {"unknown_list", "what the list held at the start is not recorded"},
	[VERIFY_CAUSE_BULK] = {"bulk", "pages left a per-CPU list without an event (alloc_pages_bulk)"},
	[VERIFY_CAUSE_ORDER] = {"order", "an interrupt or another task came between the pop and its event"},
	[VERIFY_CAUSE_PCP_LOCKED] = {"pcp_locked", "the per-CPU list was locked, the page went past it"},
	[VERIFY_CAUSE_MIGRATED] = {"migrated", "the page came from another CPU's list"},
	[VERIFY_CAUSE_ROTATED] = {"rotated", "the free list was in another order (compaction rotates lists)"},
	[VERIFY_CAUSE_SHUFFLED] = {"shuffled",
				   "to which end of its list a largest block went (page_alloc.shuffle)"},
	[VERIFY_CAUSE_UNTRACED] = {"untraced", "pages moved without an event (isolation, capture)"},
	[VERIFY_CAUSE_LRU] = {"lru", "a claim depends on pages on the LRU"},
	[VERIFY_CAUSE_ZONE_FLAGS] = {"zone_flags",
				     "whether kswapd was running, or the zone below its high mark"},
	[VERIFY_CAUSE_DECAY] = {"decay", "the vmstat worker had lowered the list's high mark"},
	[VERIFY_CAUSE_RAISED] = {"raised", "refills that brought nothing had raised the list's high mark"},
	[VERIFY_CAUSE_TRIGGER] = {"trigger", "who drains a list, and when, besides overflows"},
	[VERIFY_CAUSE_RETYPED] = {"retyped", "the pageblock changed its type without an event"},
	[VERIFY_CAUSE_DRIFT] = {"drift",
				"a CPU's pending counts had gone into the zone's (vmstat worker, idle)"},
	[VERIFY_CAUSE_BOOST] = {"boost", "kswapd had taken back the boost of the marks"},
	[VERIFY_CAUSE_RACE] = {"race", "the counts were read before another CPU changed them"},
	[VERIFY_CAUSE_POLICY] = {"policy", "the task's memory policy or the caller's node"},
	[VERIFY_CAUSE_LIMITS] = {"limits", "watermarks and list sizes had been set anew"},
	[VERIFY_CAUSE_MISSING] = {"missing", "the free of an allocated page is not in the recording"},
	[VERIFY_CAUSE_RECLAIM] = {"reclaim", "what the slow path found after reclaim"},
};

const char *verify_cause_name(enum verify_cause cause)
{
	return causes[cause].name;
}

const char *verify_cause_text(enum verify_cause cause)
{
	return causes[cause].text;
}

bool verify_passed(const struct verify_report *report)
{
	for (int level = 0; level < NR_VERIFY_LEVELS; level++) {
		if (report->levels[level].diverged)
			return false;
	}
	return report->claim_end == UINT64_MAX && !report->stopped && !report->damaged;
}

struct mmr_machine *verify_model(const struct verify *v)
{
	return v->core;
}

bool verify_zone_known(const struct verify *v, const struct zone *zone)
{
	return zone_known(v, zone);
}

bool verify_list_known(const struct verify *v, const struct zone *zone, unsigned int cpu, unsigned int pindex)
{
	const struct pcp_view *view = &v->pcps[mmr_step_zone_id(zone) * v->nr_cpus + cpu];

	return view->known && !(view->unknown & 1u << pindex);
}

struct verify_at verify_at(const struct verify *v)
{
	const struct window_event *event = window_at(&v->window, v->options.at + 1);
	struct verify_at at = {.during = v->number - 1};

	at.past = event->past || (event->ev.type == TRACE_FREE_BATCHED && event->link &&
				  window_at(&v->window, event->link)->past);
	verify_run_of_pieces(v, event, v->options.at + 1, &at);
	return at;
}

void verify_show(struct verify *v, uint64_t number)
{
	if (!v->options.before || number - 1 != v->options.at || v->shown)
		return;
	v->shown = true;
	v->options.before(v, v->options.ctx);
}

void verify_show_pop(struct verify *v, uint32_t pfn)
{
	uint64_t at = v->options.at + 1;

	if (!v->options.before || v->shown || at < v->number || at >= v->window.end ||
	    window_at(&v->window, at)->ev.pfn != pfn)
		return;
	for (uint64_t n = v->number; (n = window_next_of_page(&v->window, pfn, n, at));) {
		if (is_page_event(&window_at(&v->window, n)->ev))
			return;
	}
	if (window_at(&v->window, at)->ev.type == TRACE_ALLOC)
		verify_show(v, at);
}

/* ---- words --------------------------------------------------------------------------------- */

const char *say(const char *fmt, ...)
{
	static _Thread_local char buffers[4][200];
	static _Thread_local unsigned int turn;
	char *buffer = buffers[turn++ % 4];
	va_list args;

	va_start(args, fmt);
	vsnprintf(buffer, sizeof(buffers[0]), fmt, args);
	va_end(args);
	return buffer;
}

static const char *mt_name(unsigned int mt)
{
	return mmr_migratetype_name((enum migratetype)mt);
}

const char *say_place(const struct verify *v, uint32_t pfn)
{
	struct mmr_step_place place = mmr_step_place(v->core, pfn);

	switch (place.state) {
	case MMR_PAGE_FREE:
		return say("free, in block %u order %u %s", place.head, place.order, mt_name(place.mt));
	case MMR_PAGE_PCP:
		return say("on CPU %d's list, block %u order %u %s", mmr_step_pcp_owner(v->core, place.head),
			   place.head, place.order, mt_name(place.mt));
	case MMR_PAGE_ALLOCATED:
		return say("allocated, block %u order %u %s", place.head, place.order, mt_name(place.mt));
	default:
		return "allocated before the recording";
	}
}

void count_other(struct verify *v, enum verify_level level, enum verify_verdict verdict,
		 enum verify_cause cause, const struct views *views, const char *expected, const char *got)
{
	struct verify_tally *tally = &v->report->levels[level];
	struct verify_decision decision = {
		.event = v->number - 1,
		.ts_ns = v->ts_ns,
		.level = level,
		.verdict = verdict,
		.cause = cause,
		.expected = expected,
		.got = got,
	};
	bool first = verdict == VERIFY_DIVERGED && !v->report->have_divergence;
	char text[sizeof(v->report->first_divergence.views)] = "";

	tally->decisions++;
	*(verdict == VERIFY_DIVERGED ? &tally->diverged : &tally->informed) += 1;
	v->report->causes[verdict - 1][cause]++;
	if (!first && !v->options.on_decision)
		return;
	FILE *out = fmemopen(text, sizeof(text), "w");

	if (out) {
		verify_put_views(out, v, views);
		fclose(out);
		decision.views = text;
	}
	if (first) {
		v->report->have_divergence = true;
		v->report->first_divergence.event = decision.event;
		v->report->first_divergence.level = level;
		v->report->first_divergence.cause = cause;
		snprintf(v->report->first_divergence.expected, sizeof(v->report->first_divergence.expected),
			 "%s", expected);
		snprintf(v->report->first_divergence.got, sizeof(v->report->first_divergence.got), "%s", got);
		memcpy(v->report->first_divergence.views, text, sizeof(text));
	}
	if (v->options.on_decision)
		v->options.on_decision(&decision, v->options.ctx);
}

/* ---- the loop ------------------------------------------------------------------------------ */

static void one_event(struct verify *v, struct window_event *event)
{
	if (event->done || event->ev.cpu >= v->nr_cpus)
		return;
	if (v->nr_past_pages)
		verify_end_past(v, &event->ev);
	if (v->nr_pending)
		verify_end_pending(v, &event->ev);
	if (v->nr_piece_runs)
		verify_end_pieces(v, event);
	switch (event->ev.type) {
	case TRACE_ALLOC:
		verify_alloc(v, event);
		break;
	case TRACE_FREE:
		verify_free(v, event);
		break;
	case TRACE_FREE_BATCHED:
		verify_free_batched(v, event);
		break;
	case TRACE_ZONE_LOCKED:
		verify_zone_locked(v, event);
		break;
	case TRACE_PCPU_DRAIN:
		verify_drain(v, event);
		break;
	case TRACE_EXTFRAG:
		verify_extfrag(v, event);
		break;
	default:
		verify_extra(v, event);
		break;
	}
}

static int moments_until(struct verify *v, uint64_t ts_ns, struct mmr_error *err)
{
	int rc = 0;

	while (!rc && v->next_moment < v->nr_moments && v->moments[v->next_moment].ts_ns <= ts_ns)
		rc = verify_moment(v, &v->moments[v->next_moment++], err);
	return rc;
}

static bool should_stop(struct verify *v)
{
	const struct trace_summary *summary = trace_reader_summary(v->reader);

	if (v->report->have_divergence && v->options.stop_at_divergence)
		return true;
	if (v->number % STOP_EVENTS != 1)
		return false;
	if (v->number % PROGRESS_EVENTS == 1 && v->options.progress && summary->nr_events)
		v->options.progress((double)v->number / (double)summary->nr_events, v->options.ctx);
	v->report->stopped = verify_asked_to_stop(v);
	return v->report->stopped;
}

static int loop(struct verify *v, struct mmr_error *err)
{
	uint64_t number;
	bool moment_due;
	int rc;

	while ((rc = window_next(&v->window, &number, err)) > 0) {
		struct window_event *event = window_at(&v->window, number);

		if (number - 1 >= v->options.until)
			return 0;
		v->number = number;
		v->ts_ns = event->ev.ts_ns;
		moment_due = v->next_moment < v->nr_moments && v->moments[v->next_moment].ts_ns <= v->ts_ns;
		if (v->owed && (v->owed != number || moment_due))
			verify_pop_owed(v);
		v->owed = WINDOW_NONE;
		if (moment_due) {
			rc = moments_until(v, v->ts_ns, err);
			if (rc || (v->options.enough && *v->options.enough))
				return rc;
		}
		verify_show(v, number);
		one_event(v, event);
		v->report->events++;
		rc = mmr_machine_damage(v->core, err);
		if (rc)
			return mmr_err_prefix(err, "event %llu", (unsigned long long)number - 1);
		if (v->endless[0])
			return mmr_err(err, -ENOTRECOVERABLE, "event %llu: %s does not end",
				       (unsigned long long)number - 1, v->endless);
		if (should_stop(v))
			return 0;
	}
	return rc ? rc : moments_until(v, UINT64_MAX, err);
}

static bool has_feature(const struct trace_machine *machine, const char *name)
{
	for (uint32_t i = 0; i < machine->nr_features; i++) {
		if (!strcmp(machine->features[i].name, name))
			return machine->features[i].value != 0;
	}
	return false;
}

static int create(struct verify *v, struct mmr_error *err)
{
	struct mmr_machine_config config;
	int rc = machine_from_trace(v->header, trace_reader_path(v->reader), &v->recorded, err);

	if (rc)
		return rc;
	machine_config(&v->recorded, v->options.profile, &config);
	rc = mmr_machine_create(&config, &v->core, err);
	if (rc) {
		mmr_err_prefix(err, "%s", trace_reader_path(v->reader));
		return rc;
	}
	v->nr_cpus = v->recorded.nr_cpus;
	v->max_zone_id = mmr_step_max_zone_id(v->core);
	v->extfrag_first = mmr_step_extfrag_first(v->core);
	v->frees_pieces = mmr_step_frees_pieces(v->core);
	v->drains_known = has_feature(v->header, "event.pcp_free_bulk");
	v->slabs_local = v->frees_pieces;
	v->bulk_known = has_feature(v->header, "event.bulk_page");
	v->isolation_known = has_feature(v->header, "event.isolate_page");
	v->buddy_known = has_feature(v->header, "event.buddy_free");
	v->decay_known = has_feature(v->header, "event.pcp_decay");
	v->limits_known = has_feature(v->header, "event.pcp_limits");
	v->balance_known = has_feature(v->header, "event.balance_end");
	v->counts_known = has_feature(v->header, "event.pcp_counts");
	v->requests_known = has_feature(v->header, "event.alloc_request");
	v->folds_known = has_feature(v->header, "event.vmstat_fold");
	/* Recorders that tell of kswapd tell of policies, too. */
	v->policies_known = has_feature(v->header, "event.kswapd_wake");
	v->bulk_rare = v->frees_pieces || v->bulk_known;
	v->irq_known = has_feature(v->header, "irq_context");
	v->shuffled = has_feature(v->header, "page_alloc.shuffle");
	v->cpus = calloc(v->nr_cpus, sizeof(*v->cpus));
	v->pcps = calloc((size_t)v->max_zone_id * v->nr_cpus, sizeof(*v->pcps));
	v->zone_known = calloc(v->max_zone_id, sizeof(*v->zone_known));
	for (int set = 0; set < NR_LIMIT_SETS; set++)
		v->marks[set] = calloc(v->max_zone_id, sizeof(*v->marks[set]));
	v->boosts = calloc(v->max_zone_id, sizeof(*v->boosts));
	v->isolated_unseen = calloc(v->max_zone_id, sizeof(*v->isolated_unseen));
	v->taken_back = calloc(v->max_zone_id, sizeof(*v->taken_back));
	v->taken_unseen = calloc(v->max_zone_id, sizeof(*v->taken_unseen));
	if (!v->cpus || !v->pcps || !v->zone_known || !v->boosts || !v->isolated_unseen || !v->taken_unseen ||
	    !v->taken_back || !v->marks[LIMITS_FIRST] || !v->marks[LIMITS_LAST])
		return mmr_err(err, -ENOMEM, "verify: no memory for %u CPUs", v->nr_cpus);
	rc = verify_compute_marks(v, err);
	rc = rc ? rc : verify_policy_init(v, err);
	rc = rc ? rc : window_init(&v->window, v->reader, v->nr_cpus, err);
	return rc ? rc : verify_plan(v, err);
}

static void destroy(struct verify *v)
{
	verify_plan_deinit(v);
	window_deinit(&v->window);
	free(v->zone_known);
	free(v->boosts);
	free(v->isolated_unseen);
	free(v->taken_unseen);
	free(v->taken_back);
	free(v->policies);
	for (int set = 0; set < NR_LIMIT_SETS; set++)
		free(v->marks[set]);
	free(v->pcps);
	free(v->cpus);
	mmr_machine_destroy(v->core);
	machine_deinit(&v->recorded);
}

static int run_once(struct trace_reader *reader, const struct verify_options *options, bool tolerant,
		    struct verify_report *report, struct mmr_error *err)
{
	struct verify v = {
		.reader = reader,
		.options = *options,
		.report = report,
		.header = trace_reader_machine(reader),
		.tolerant = tolerant,
	};
	int rc;

	*report = (struct verify_report){.claim_end = UINT64_MAX};
	rc = create(&v, err);
	if (!rc)
		rc = loop(&v, err);
	destroy(&v);
	return rc;
}

/* Once through the file: from then on what is missing in it is known. */
static int find_holes(struct trace_reader *reader, const struct verify_options *options, struct mmr_error *err)
{
	const struct trace_event *events;
	ssize_t nr;

	trace_reader_tolerate(reader);
	trace_reader_want(reader, TRACE_WANT_ALL);
	while ((nr = trace_reader_next(reader, &events, err)) > 0) {
		if (options->stop && *options->stop)
			return 0;
	}
	return (int)nr;
}

int verify_run(struct trace_reader *reader, const struct verify_options *options, struct verify_report *report,
	       struct mmr_error *err)
{
	uint64_t begin = clock_now_ns();
	struct mmr_error damage;
	int rc = run_once(reader, options, false, report, &damage);

	if (!rc && trace_reader_summary(reader)->nr_damaged) {
		report->damaged = true;
		rc = mmr_err(err, -EBADMSG, "%s: %s", trace_reader_path(reader),
			     trace_reader_damage(reader, 0));
	} else if (rc == -EBADMSG) {
		rc = find_holes(reader, options, err);
		rc = rc ? rc : run_once(reader, options, true, report, err);
		report->damaged = true;
		rc = rc ? rc : -EBADMSG;
		if (rc == -EBADMSG && err)
			*err = damage;
	} else if (rc && err) {
		*err = damage;
	}
	report->wall_ns = clock_now_ns() - begin;
	return rc;
}
