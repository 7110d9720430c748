// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Telling a decision: verify follows the recording up to it, then this process forks, and the copy lets
 * the model decide and tell. The model here is left as it was, and verify goes on to the verdict.
 */
#include "replay/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/step.h"

#define MAX_STEPS (1u << 20) /* 64 MB, touched as told; up to 6.9 a drain of 13,000 pages takes 40,000 */

/* ---- the copy ------------------------------------------------------------------------------ */

static void tell_alloc(struct mmr_machine *core, const struct explain *e)
{
	const struct mmr_request req = {
		.gfp = e->request.cls.gfp,
		.cpu = e->request.ev.cpu,
		.nid = (int16_t)e->told->nid,
		.order = e->order,
		.pf_memalloc = e->request.ev.flags & TRACE_F_PF_MEMALLOC,
	};

	e->told->page = mmr_told_alloc_pages(core, &req, &e->told->story);
}

static void tell_free(struct mmr_machine *core, const struct explain *e)
{
	uint32_t pfn = e->request.ev.pfn;

	e->told->was = mmr_step_give_back(core, pfn, e->order);
	if (e->told->was == MMR_PAGE_FREE || e->told->was == MMR_PAGE_PCP)
		mmr_step_withdraw(core, e->request.ev.cpu, pfn, e->order);
	e->told->rc = mmr_told_free_pages(core, pfn, e->order, e->request.ev.cpu, NULL, &e->told->story);
}

static void tell_drain(struct mmr_machine *core, const struct explain *e)
{
	const struct trace_event *ev = &e->request.ev;
	struct zone *zone = mmr_step_zone(core, ev->pfn, ev->order);
	int owner = mmr_step_pcp_owner(core, ev->pfn);

	e->told->owner = owner;
	if (owner >= 0)
		mmr_step_pcp_remove(core, (unsigned int)owner, zone, ev->pfn);
	else
		mmr_step_withdraw(core, ev->cpu, ev->pfn, ev->order);
	mmr_told_insert_as(core, ev->cpu, zone, ev->pfn, ev->order, ev->migratetype, &e->told->story);
}

static void tell(struct mmr_machine *core, const struct explain *e)
{
	switch (e->kind) {
	case EXPLAIN_ALLOC:
		tell_alloc(core, e);
		break;
	case EXPLAIN_FREE:
		tell_free(core, e);
		break;
	case EXPLAIN_DRAIN:
		tell_drain(core, e);
		break;
	case EXPLAIN_TAKEN:
		break;
	}
	e->told->finished = true;
}

/* ---- following ----------------------------------------------------------------------------- */

struct following {
	struct explain *e;
	const struct trace_machine *machine;
	struct mmr_error *err;
	int rc;
};

/* Every zone's lists and, of the zone at hand, this CPU's list must be followed. */
static bool state_is_known(const struct verify *v, const struct explain *e, const struct trace_machine *machine)
{
	const struct trace_event *ev = &e->request.ev;
	struct mmr_machine *core = verify_model(v);
	struct zone *zone;

	for (uint32_t i = 0; i < machine->nr_zones; i++) {
		zone = mmr_step_named_zone(core, machine->zones[i].nid, (enum zone_type)machine->zones[i].zone);
		if (zone && machine->zones[i].managed_pages && !verify_zone_known(v, zone))
			return false;
	}
	if (ev->pfn == TRACE_NO_PFN)
		return true;
	zone = mmr_step_zone(core, ev->pfn, e->order);
	if (!zone)
		return false;
	if (!mmr_step_pcp_order(e->order) || e->kind == EXPLAIN_DRAIN)
		return true;
	return verify_list_known(
		v, zone, ev->cpu,
		mmr_step_pindex(e->kind == EXPLAIN_ALLOC ? ev->migratetype : mmr_step_pageblock(core, ev->pfn),
				e->order));
}

static int let_copy_tell(struct following *f, const struct verify *v, int nid)
{
	struct explain_told *told = f->e->told;
	pid_t copy;

	*told = (struct explain_told){.nid = nid, .story.max_steps = MAX_STEPS};
	fflush(NULL);
	copy = fork();
	if (copy == 0) {
		tell(verify_model(v), f->e);
		_exit(0);
	}
	if (copy < 0)
		return mmr_err(f->err, -errno, "explain: cannot fork a copy to tell event %llu: %s",
			       (unsigned long long)f->e->begin, strerror(errno));
	while (waitpid(copy, NULL, 0) < 0 && errno == EINTR)
		;
	return told->finished ? 0
			      : mmr_err(f->err, -EFAULT, "explain: the copy that told event %llu broke off",
					(unsigned long long)f->e->begin);
}

/*
 * The page is another node's than the model's: was that node asked for? If the model then takes the
 * very page, that is the story; else the first one stands.
 */
static int tell_from_its_node(struct following *f, const struct verify *v)
{
	struct explain *e = f->e;
	const struct zone *zone = mmr_step_zone(verify_model(v), e->request.ev.pfn, e->order);
	enum zone_type type;
	unsigned int nid;
	int rc;

	e->own = e->told->page;
	mmr_step_zone_name(zone, &nid, &type);
	if (e->own.pfn != MMR_NO_PFN && e->own.nid == nid)
		return 0;
	rc = let_copy_tell(f, v, (int)nid);
	if (rc || e->told->page.pfn == e->request.ev.pfn)
		return rc;
	return let_copy_tell(f, v, NUMA_NO_NODE);
}

static void before_decision(const struct verify *v, void *ctx)
{
	struct following *f = ctx;
	struct explain *e = f->e;

	e->known = state_is_known(v, e, f->machine);
	e->early = verify_event_done(v);
	e->extfrag_first = mmr_step_extfrag_first(verify_model(v));
	if (!e->known || e->early || e->kind == EXPLAIN_TAKEN)
		return;
	f->rc = let_copy_tell(f, v, NUMA_NO_NODE);
	if (!f->rc && e->kind == EXPLAIN_ALLOC && e->request.ev.pfn != TRACE_NO_PFN &&
	    e->told->page.pfn != e->request.ev.pfn)
		f->rc = tell_from_its_node(f, v);
}

static void note_verdict(const struct verify_decision *d, void *ctx)
{
	struct explain *e = ((struct following *)ctx)->e;
	struct explain_verdict *verdict;
	bool ours = false;

	for (size_t i = 0; i < e->nr_events; i++)
		ours |= e->events[i].number == d->event;
	if (!ours)
		return;
	if (e->nr_verdicts == EXPLAIN_MAX_DECISIONS) {
		e->nr_more_verdicts++;
		return;
	}
	verdict = &e->verdicts[e->nr_verdicts++];
	*verdict = (struct explain_verdict){
		.event = d->event, .level = d->level, .verdict = d->verdict, .cause = d->cause};
	snprintf(verdict->expected, sizeof(verdict->expected), "%s", d->expected);
	snprintf(verdict->got, sizeof(verdict->got), "%s", d->got);
}

/* ---- from when on the state is known ------------------------------------------------------- */

/* Losses up to the event wipe out what was known. Return: end of the last one, 0 for none. */
static uint64_t last_loss(const struct trace_reader *reader, uint64_t ts_ns)
{
	uint32_t nr;
	const struct trace_loss *losses = trace_reader_losses(reader, &nr);
	uint64_t end = 0;

	for (uint32_t i = 0; i < nr; i++) {
		if (losses[i].begin_ns <= ts_ns && losses[i].end_ns > end)
			end = losses[i].end_ns;
	}
	return end;
}

/* When was zone @z, and @cpu's list of it, first read after @after? UINT64_MAX: never. */
static int zone_read_after(struct trace_reader *reader, const struct trace_zone *z, uint32_t cpu,
			   uint64_t after, uint64_t *ret, struct mmr_error *err)
{
	uint32_t nr = trace_reader_summary(reader)->nr_keyframes;
	uint64_t lists = UINT64_MAX, pcp = UINT64_MAX;

	for (uint32_t i = 0; i < nr; i++) {
		struct trace_keyframe kf;
		int rc = trace_reader_keyframe(reader, i, &kf, err);

		if (rc)
			return rc;
		if (kf.nid == z->nid && kf.zone == z->zone && !(kf.flags & TRACE_KF_PARTIAL)) {
			if (kf.ts_ns > after && kf.ts_ns < lists)
				lists = kf.ts_ns;
			for (uint32_t p = 0; p < kf.nr_pcps; p++) {
				uint64_t ts = kf.pcps[p].ts_ns ? kf.pcps[p].ts_ns : kf.ts_ns;

				if (kf.pcps[p].cpu == cpu && kf.pcps[p].have_lists && ts > after && ts < pcp)
					pcp = ts;
			}
		}
		trace_keyframe_deinit(&kf);
	}
	*ret = lists > pcp ? lists : pcp;
	return 0;
}

/* For the message: the first event at which every zone's lists are known (again). */
static int find_known_from(struct trace_reader *reader, struct explain *e, struct mmr_error *err)
{
	const struct trace_machine *machine = trace_reader_machine(reader);
	uint64_t after = last_loss(reader, e->request.ev.ts_ns), all = 0, number = 0;
	const struct trace_event *events;
	ssize_t nr;

	for (uint32_t i = 0; i < machine->nr_zones; i++) {
		uint64_t ts;
		int rc;

		if (!machine->zones[i].managed_pages)
			continue;
		rc = zone_read_after(reader, &machine->zones[i], e->request.ev.cpu, after, &ts, err);
		if (rc)
			return rc;
		all = ts > all ? ts : all;
	}
	if (all == UINT64_MAX)
		return 0;
	trace_reader_want(reader, TRACE_WANT_ALL);
	while ((nr = trace_reader_next(reader, &events, NULL)) > 0) {
		for (ssize_t i = 0; i < nr; i++, number++) {
			if (events[i].ts_ns < all)
				continue;
			/* Before the event at hand: then a list of its own is not known. */
			e->known_from = number > e->begin ? number : UINT64_MAX;
			return 0;
		}
	}
	return 0;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* One pass of verify over the recording, to the end of the decision. */
static int follow(struct trace_reader *reader, const struct verify_options *vo, struct explain *e,
		  struct mmr_error *err)
{
	struct following f = {.e = e, .machine = trace_reader_machine(reader), .err = err};
	struct verify_options options = *vo;
	struct verify_report *report = malloc(sizeof(*report));
	int rc;

	if (!report)
		return mmr_err(err, -ENOMEM, "explain: no memory for the report");
	options.at = e->begin;
	options.until = e->last + 1;
	options.before = before_decision;
	options.on_decision = note_verdict;
	options.ctx = &f;
	rc = verify_run(reader, &options, report, err);
	if (!rc && report->stopped)
		rc = mmr_err(err, -EINTR, "%s: stopped by a signal at event %llu", trace_reader_path(reader),
			     (unsigned long long)report->events);
	free(report);
	return rc ? rc : f.rc;
}

/*
 * Drains right behind a free need not be the free's: the same task may have emptied lists on its way to
 * more memory. They are not where the model has room on the list and verify agrees.
 */
static bool drains_are_others(const struct explain *e)
{
	const struct mmr_story *story = &e->told->story;

	if (e->kind != EXPLAIN_FREE || !e->told->finished ||
	    e->events[e->nr_events - 1].ev.type != TRACE_PCPU_DRAIN)
		return false;
	for (uint32_t i = 0; i < story->nr_steps; i++) {
		if (story->steps[i].kind == MMR_STORY_OVERFLOW && story->steps[i].nr)
			return false;
	}
	for (size_t i = 0; i < e->nr_verdicts; i++) {
		if (e->verdicts[i].event == e->request.number)
			return false;
	}
	return true;
}

/* The free without those drains; or the drain that was asked about, without the free. */
static void part_with_drains(struct explain *e)
{
	size_t nr = 0, asked = SIZE_MAX;

	for (size_t i = 0; i < e->nr_events; i++) {
		if (e->events[i].ev.type == TRACE_PCPU_DRAIN) {
			if (e->events[i].number == e->asked)
				asked = i;
			continue;
		}
		e->events[nr++] = e->events[i];
		if (asked != SIZE_MAX)
			break;
	}
	if (asked == SIZE_MAX) {
		e->nr_events = nr;
		e->last = e->request.number;
		return;
	}
	e->kind = EXPLAIN_DRAIN;
	e->request = e->events[0] = e->events[asked];
	e->order = e->request.ev.order;
	e->nr_events = 1;
	e->begin = e->last = e->asked;
}

int explain_tell(struct trace_reader *reader, const struct verify_options *vo, struct explain *e,
		 struct mmr_error *err)
{
	int rc;

	e->told_bytes = sizeof(*e->told) + MAX_STEPS * sizeof(struct mmr_story_step);
	e->told = mmap(NULL, e->told_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (e->told == MAP_FAILED) {
		e->told = NULL;
		return mmr_err(err, -ENOMEM, "explain: no memory for a story of %u steps", MAX_STEPS);
	}
	rc = follow(reader, vo, e, err);
	if (!rc && drains_are_others(e)) {
		part_with_drains(e);
		e->nr_verdicts = e->nr_more_verdicts = 0;
		rc = follow(reader, vo, e, err);
	}
	if (!rc && !e->known)
		rc = find_known_from(reader, e, err);
	return rc;
}

void explain_deinit(struct explain *e)
{
	free(e->events);
	free(e->life);
	free(e->beside);
	if (e->told)
		munmap(e->told, e->told_bytes);
	*e = (struct explain){0};
}

/* ---- comparing ----------------------------------------------------------------------------- */

/* The pages of these steps and of these events: the same ones in the same order? */
static bool same_pages(const struct explain *e, enum mmr_story_kind kind, uint8_t types)
{
	const struct mmr_story *story = &e->told->story;
	uint32_t at = 0, last = MMR_NO_PFN;

	for (size_t i = 0; i < e->nr_events; i++) {
		const struct trace_event *ev = &e->events[i].ev;

		/* A claim names its page twice, once as taken and once as a fallback. */
		if (!(types >> ev->type & 1) || ev->pfn == last)
			continue;
		last = ev->pfn;
		while (at < story->nr_steps && story->steps[at].kind != kind)
			at++;
		if (at == story->nr_steps)
			return story->nr_dropped; /* the rest was not kept */
		if (story->steps[at++].pfn != ev->pfn)
			return false;
	}
	while (at < story->nr_steps && story->steps[at].kind != kind)
		at++;
	return at == story->nr_steps;
}

bool explain_same(const struct explain *e)
{
	const struct mmr_story *story = &e->told->story;
	bool refilled = false;

	if (!e->told->finished)
		return false;
	if (e->kind == EXPLAIN_FREE)
		return !e->told->rc && same_pages(e, MMR_STORY_DRAIN_PAGE, 1u << TRACE_PCPU_DRAIN);
	if (e->kind != EXPLAIN_ALLOC)
		return true;
	for (uint32_t i = 0; i < story->nr_steps; i++)
		refilled |= story->steps[i].kind == MMR_STORY_REFILL_PAGE;
	return e->told->page.pfn == e->request.ev.pfn &&
	       (!refilled || same_pages(e, MMR_STORY_REFILL_PAGE,
					e->extfrag_first ? 1u << TRACE_ZONE_LOCKED
							 : 1u << TRACE_ZONE_LOCKED | 1u << TRACE_EXTFRAG));
}

enum verify_verdict explain_result(const struct explain *e)
{
	enum verify_verdict worst = VERIFY_EXACT;

	for (size_t i = 0; i < e->nr_verdicts; i++)
		worst = e->verdicts[i].verdict > worst ? e->verdicts[i].verdict : worst;
	return worst;
}
