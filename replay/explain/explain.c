// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Telling a decision: verify follows the recording up to it, then this process forks, and the copy lets
 * the model decide and tell. The model here is left as it was, and verify goes on to the verdict.
 */
#include "replay/explain/explain.h"

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

/* Neighbours that are inserted together. Their pages are one by one in the recording. */
static void tell_run(struct mmr_machine *core, const struct explain *e)
{
	for (uint32_t pfn = e->run_pfn; pfn < e->run_pfn + e->run_pages; pfn++) {
		struct zone *zone = mmr_step_zone(core, pfn, 0);

		mmr_step_give_back(core, pfn, 0);
		if (zone)
			mmr_step_hand_out(core, zone, pfn, 0, mmr_step_pageblock(core, pfn));
	}
	e->told->rc =
		mmr_told_free_contig_range(core, e->run_pfn, e->run_pages, e->request.ev.cpu, &e->told->story);
}

static void tell_free(struct mmr_machine *core, const struct explain *e)
{
	uint32_t pfn = e->request.ev.pfn;

	e->told->was = mmr_step_give_back(core, pfn, e->order);
	if (e->run_pages) {
		tell_run(core, e);
		return;
	}
	if (e->told->was == MMR_PAGE_FREE || e->told->was == MMR_PAGE_PCP)
		mmr_step_withdraw(core, e->request.ev.cpu, pfn, e->order);
	if (e->past)
		mmr_told_free_past_list(core, pfn, e->order, e->request.ev.cpu, &e->told->story);
	else
		e->told->rc =
			mmr_told_free_pages(core, pfn, e->order, e->request.ev.cpu, NULL, &e->told->story);
}

static struct mmr_page page_of(const struct mmr_machine *core, uint32_t pfn)
{
	struct mmr_page page = {.pfn = pfn};
	enum zone_type type;
	unsigned int nid;

	if (pfn == MMR_NO_PFN)
		return page;
	mmr_step_zone_name(mmr_step_zone(core, pfn, 0), &nid, &type);
	page.nid = (uint16_t)nid;
	page.zone = (uint8_t)type;
	return page;
}

static unsigned int nr_of_type(const struct explain *e, enum trace_event_type type)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < e->nr_events; i++)
		nr += e->events[i].ev.type == type;
	return nr;
}

/*
 * The events show that several pages came, so what may stand in the way of that did not: accounting to a
 * memory cgroup is off, and more than one page was asked for.
 */
static void tell_bulk(struct mmr_machine *core, const struct explain *e)
{
	const struct mmr_request req = {
		.gfp = e->request.cls.gfp & ~MMR_GFP_ACCOUNT,
		.cpu = e->request.ev.cpu,
		.nid = (int16_t)e->told->nid,
		.pf_memalloc = e->request.ev.flags & TRACE_F_PF_MEMALLOC,
	};
	unsigned int nr = nr_of_type(e, TRACE_BULK_PAGE), got;
	uint32_t *pfns = calloc(nr + 1, sizeof(*pfns));

	if (!pfns)
		_exit(1);
	got = mmr_told_alloc_pages_bulk(core, &req, nr > 1 ? nr : 2, pfns, &e->told->story);
	e->told->page = page_of(core, got ? pfns[0] : MMR_NO_PFN);
	free(pfns);
}

/* Takes off a CPU's list what must have left it unseen. Return: how many blocks. */
static uint32_t empty_list(struct mmr_machine *core, struct zone *zone, const struct trace_event *ev)
{
	unsigned int pindex = mmr_step_pindex(ev->migratetype, ev->order);
	uint32_t nr = 0;

	for (; mmr_step_pcp_head(zone, ev->cpu, pindex) != MMR_NO_PFN; nr++)
		mmr_step_hand_out(core, zone, mmr_step_pcp_pop(core, ev->cpu, zone, pindex), ev->order,
				  ev->migratetype);
	return nr;
}

static unsigned int nr_steps_of(const struct mmr_story *story, enum mmr_story_kind kind)
{
	unsigned int nr = 0;

	for (uint32_t i = 0; i < story->nr_steps; i++)
		nr += story->steps[i].kind == kind;
	return nr;
}

/*
 * Nobody says who asked, but a refill means that the list was empty. One after the other, as many as it
 * takes to come to the blocks that were seen.
 */
static void tell_taken(struct mmr_machine *core, const struct explain *e)
{
	const struct trace_event *ev = &e->events[e->nr_events - 1].ev;
	struct zone *zone = mmr_step_zone(core, ev->pfn, ev->order);
	bool listed = mmr_step_pcp_order(ev->order) && ev->migratetype < MIGRATE_PCPTYPES;
	unsigned int nr = nr_of_type(e, TRACE_ZONE_LOCKED), before = 0, refilled;
	uint32_t pfn;

	e->told->nr_gone = listed ? empty_list(core, zone, ev) : 0;
	pfn = mmr_told_refill(core, ev->cpu, zone, ev->order, ev->migratetype, &e->told->story);
	e->told->page = page_of(core, pfn);
	while (listed && pfn != MMR_NO_PFN) {
		refilled = nr_steps_of(&e->told->story, MMR_STORY_REFILL_PAGE);
		if (refilled == before || refilled >= nr)
			return;
		before = refilled;
		empty_list(core, zone, ev);
		pfn = mmr_told_refill(core, ev->cpu, zone, ev->order, ev->migratetype, &e->told->story);
	}
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
		tell_taken(core, e);
		break;
	case EXPLAIN_BULK:
		tell_bulk(core, e);
		break;
	case EXPLAIN_OTHER:
		break;
	}
	e->told->finished = true;
}

/* ---- following ----------------------------------------------------------------------------- */

struct following {
	struct explain *e;
	const struct trace_machine *machine;
	struct mmr_error *err;
	uint64_t run_last; /* the event that inserts the run of neighbours, where it is another one */
	int rc;
};

/* Every zone's lists and, of the zone at hand, this CPU's list must be followed. */
static bool state_is_known(const struct verify *v, const struct explain *e, const struct trace_machine *machine)
{
	const struct trace_event *ev = &e->events[e->nr_events - 1].ev;
	struct mmr_machine *core = verify_model(v);
	struct zone *zone;

	if (e->kind == EXPLAIN_ALLOC || e->kind == EXPLAIN_FREE)
		ev = &e->request.ev;
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
		mmr_step_pindex(e->kind == EXPLAIN_FREE ? mmr_step_pageblock(core, ev->pfn) : ev->migratetype,
				e->order));
}

/* The node that the event names, or -1. */
static int64_t node_of(const struct explain *e)
{
	const struct trace_event_info *info = trace_event_info(e->request.ev.type);

	for (unsigned int i = 0; i < info->nr_args && i < e->args.nr; i++) {
		if (!strcmp(info->args[i], "nid"))
			return e->args.v[i];
	}
	return -1;
}

/* An event of another kind: how do things stand in the model where it points to? */
static void look(const struct verify *v, struct explain *e, const struct trace_machine *machine)
{
	const struct trace_event *ev = &e->request.ev;
	const struct trace_event_info *info = trace_event_info(ev->type);
	struct mmr_machine *core = verify_model(v);
	int64_t nid = node_of(e);
	struct zone *zone = NULL;
	enum zone_type type;
	unsigned int node;

	if (info->has_pfn && ev->pfn != TRACE_NO_PFN)
		zone = mmr_step_zone(core, ev->pfn, 0);
	e->look.have_page = zone && verify_zone_known(v, zone);
	if (e->look.have_page) {
		e->look.place = mmr_step_place(core, ev->pfn);
		e->look.pageblock = (uint8_t)mmr_step_pageblock(core, ev->pfn);
	}
	if (!zone && info->has_zone && nid >= 0 && nid < machine->nr_nodes &&
	    e->request.cls.zone < MAX_NR_ZONES)
		zone = mmr_step_named_zone(core, (unsigned int)nid, (enum zone_type)e->request.cls.zone);
	e->look.have_zone = zone && verify_zone_known(v, zone);
	if (!e->look.have_zone)
		return;
	mmr_step_zone_name(zone, &node, &type);
	e->look.zone = (uint16_t)(node << 3 | type);
	mmr_step_marks(core, zone, &e->look.marks);
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
	struct verify_at at = verify_at(v);

	e->known = state_is_known(v, e, f->machine);
	e->early = at.during != e->begin;
	e->early_event = at.during;
	e->past = at.past;
	e->extfrag_first = mmr_step_extfrag_first(verify_model(v));
	if (e->kind == EXPLAIN_FREE && at.run_pages) {
		e->run_pfn = at.run_pfn;
		e->run_pages = at.run_pages;
		f->run_last = at.run_last == e->begin ? 0 : at.run_last;
		if (f->run_last)
			return;
	}
	if (e->kind == EXPLAIN_OTHER) {
		look(v, e, f->machine);
		e->told->finished = true;
		return;
	}
	if (!e->known)
		return;
	f->rc = let_copy_tell(f, v, NUMA_NO_NODE);
	if (!f->rc && (e->kind == EXPLAIN_ALLOC || e->kind == EXPLAIN_BULK) &&
	    e->request.ev.pfn != TRACE_NO_PFN && e->told->page.pfn != e->request.ev.pfn)
		f->rc = tell_from_its_node(f, v);
}

static void note_verdict(const struct verify_decision *d, void *ctx)
{
	struct explain *e = ((struct following *)ctx)->e;
	struct explain_verdict *verdict;
	bool ours = false;

	for (size_t i = 0; i < e->nr_events; i++)
		ours |= e->events[i].number == d->event;
	/* What an interrupt's event had to wait for is judged there. */
	ours |= e->early && d->event == e->early_event && d->level != VERIFY_BUDDY &&
		d->cause == VERIFY_CAUSE_ORDER;
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
		  uint64_t *run_last, struct mmr_error *err)
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
	e->nr_verdicts = e->nr_more_verdicts = 0;
	rc = verify_run(reader, &options, report, err);
	if (!rc && report->stopped)
		rc = mmr_err(err, -EINTR, "%s: stopped by a signal at event %llu", trace_reader_path(reader),
			     (unsigned long long)report->events);
	free(report);
	*run_last = f.run_last;
	return rc ? rc : f.rc;
}

/* The free is one of a run: to the event that ends it, and what belongs to that. */
static int go_to_run_end(struct trace_reader *reader, const struct verify_options *vo, struct explain *e,
			 uint64_t run_last, struct mmr_error *err)
{
	const struct explain_query query = {.by = EXPLAIN_BY_EVENT, .event = run_last};
	struct explain end;
	int rc = explain_find(reader, &query, vo->stop, &end, err);

	if (rc) {
		explain_deinit(&end);
		return rc;
	}
	free(e->events);
	free(e->beside);
	e->events = end.events;
	e->nr_events = end.nr_events;
	e->beside = end.beside;
	e->nr_beside = end.nr_beside;
	e->begin = end.begin;
	e->last = end.last;
	e->request = end.request;
	return follow(reader, vo, e, &run_last, err);
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
			if (asked == SIZE_MAX && e->asked > e->request.number &&
			    e->events[i].number >= e->asked)
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
	const uint32_t nr_cpus = trace_reader_machine(reader)->nr_cpus;
	uint64_t run_last;
	int rc;

	if (e->request.ev.cpu >= nr_cpus)
		return mmr_err(err, -EINVAL,
			       "%s: event %llu: it is on CPU %u, the machine recorded has CPUs 0 to %u",
			       trace_reader_path(reader), (unsigned long long)e->request.number,
			       e->request.ev.cpu, nr_cpus - 1);
	e->told_bytes = sizeof(*e->told) + MAX_STEPS * sizeof(struct mmr_story_step);
	e->told = mmap(NULL, e->told_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (e->told == MAP_FAILED) {
		e->told = NULL;
		return mmr_err(err, -ENOMEM, "explain: no memory for a story of %u steps", MAX_STEPS);
	}
	rc = follow(reader, vo, e, &run_last, err);
	if (!rc && run_last)
		rc = go_to_run_end(reader, vo, e, run_last, err);
	if (!rc && drains_are_others(e)) {
		part_with_drains(e);
		rc = follow(reader, vo, e, &run_last, err);
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
	/* No bulk allocation asks for one page: it found no more. */
	return at == story->nr_steps || (e->kind == EXPLAIN_BULK && nr_of_type(e, TRACE_BULK_PAGE) == 1);
}

static bool same_refills(const struct explain *e)
{
	return same_pages(e, MMR_STORY_REFILL_PAGE,
			  e->extfrag_first ? 1u << TRACE_ZONE_LOCKED
					   : 1u << TRACE_ZONE_LOCKED | 1u << TRACE_EXTFRAG);
}

bool explain_same(const struct explain *e)
{
	bool refilled;

	if (!e->told->finished)
		return false;
	refilled = nr_steps_of(&e->told->story, MMR_STORY_REFILL_PAGE);
	switch (e->kind) {
	case EXPLAIN_FREE:
		return !e->told->rc && same_pages(e, MMR_STORY_DRAIN_PAGE, 1u << TRACE_PCPU_DRAIN);
	case EXPLAIN_BULK:
		return same_pages(e, MMR_STORY_PAGE, 1u << TRACE_BULK_PAGE) && same_refills(e);
	case EXPLAIN_TAKEN:
		return refilled ? same_refills(e) : e->told->page.pfn == e->events[e->nr_events - 1].ev.pfn;
	case EXPLAIN_ALLOC:
		return e->told->page.pfn == e->request.ev.pfn && (!refilled || same_refills(e));
	default:
		return true;
	}
}

enum verify_verdict explain_result(const struct explain *e)
{
	enum verify_verdict worst = VERIFY_EXACT;

	for (size_t i = 0; i < e->nr_verdicts; i++)
		worst = e->verdicts[i].verdict > worst ? e->verdicts[i].verdict : worst;
	return worst;
}
