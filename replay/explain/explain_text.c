// SPDX-License-Identifier: GPL-2.0-or-later
/* A story as text: the request, the walk over the zones, the slow path, the end. */
#include <inttypes.h>
#include <string.h>

#include "core/step.h"
#include "replay/explain/explain_words.h"
#include "traces/gfp_map.h"

#define LABEL 21 /* column of what follows a label */

static const struct mmr_story_step *step_at(const struct teller *t, uint32_t at)
{
	return &t->story->steps[at];
}

static bool is_kind(const struct teller *t, uint32_t at, enum mmr_story_kind kind)
{
	return at < t->story->nr_steps && step_at(t, at)->kind == kind;
}

static const char *function_of(const struct teller *t, uint32_t at)
{
	return explain_function((enum mmr_story_kind)step_at(t, at)->kind, t->claims);
}

/* ---- who asks ------------------------------------------------------------------------------ */

const char *explain_asker(const struct teller *t)
{
	uint32_t nr, task = t->e->request.ev.task;
	const struct trace_task *tasks = trace_reader_tasks(t->reader, &nr);
	const char *where = t->e->request.ev.flags & TRACE_F_HARDIRQ   ? ", in an interrupt"
			    : t->e->request.ev.flags & TRACE_F_SOFTIRQ ? ", in an interrupt or its bottom half"
								       : "";

	if (task >= nr)
		return words("an unknown task on CPU %u%s", t->e->request.ev.cpu, where);
	if (!tasks[task].comm[0])
		return words("task %u on CPU %u%s", tasks[task].tid, t->e->request.ev.cpu, where);
	return words("%s (task %u) on CPU %u%s", tasks[task].comm, tasks[task].tid, t->e->request.ev.cpu,
		     where);
}

/* "may wake kswapd, …; may free memory itself" */
static const char *gfp_meanings(gfp_t gfp)
{
	static _Thread_local char text[1200];
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int bit = 0; bit < 32 && len < sizeof(text); bit++) {
		const char *meaning = gfp >> bit & 1 ? explain_gfp_meaning(1u << bit) : NULL;

		/* How to free memory says nothing where the request may not. */
		if (1u << bit & (MMR_GFP_IO | MMR_GFP_FS) && !(gfp & MMR_GFP_DIRECT_RECLAIM))
			continue;
		if (meaning)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len ? "; " : "",
						meaning);
	}
	if (len < sizeof(text) && !(gfp & MMR_GFP_DIRECT_RECLAIM))
		snprintf(text + len, sizeof(text) - len, "%scannot wait for memory to be freed",
			 len ? "; " : "");
	return text;
}

/* "interleave, nodes 0x3" */
static const char *policy_words(const struct teller *t)
{
	static const char *const modes[] = {
		"default", "preferred", "bind", "interleave", "local", "preferred-many", "weighted interleave"};
	uint32_t nr;
	const struct trace_policy *policies = trace_reader_policies(t->reader, &nr);
	uint16_t policy = t->e->request.cls.policy;

	if (!policy || policy >= nr || policies[policy].mode >= sizeof(modes) / sizeof(modes[0]))
		return NULL;
	return words("%s, nodes 0x%" PRIx64, modes[policies[policy].mode], policies[policy].nodes[0]);
}

/* The nodes that the task's cpuset allows, where these are not all. */
static const char *allowed_words(const struct teller *t)
{
	uint32_t nr;
	const struct trace_policy *policies = trace_reader_policies(t->reader, &nr);
	uint32_t nr_nodes = trace_reader_machine(t->reader)->nr_nodes;
	uint64_t all = nr_nodes < 64 ? (1ull << nr_nodes) - 1 : ~0ull;
	uint16_t policy = t->e->request.cls.policy;

	if (!policy || policy >= nr || (policies[policy].allowed[0] & all) == all)
		return NULL;
	return words("0x%" PRIx64 " alone, of 0x%" PRIx64 " (mems_allowed)%s",
		     policies[policy].allowed[0] & all, all,
		     t->e->request.cls.gfp & MMR_GFP_HARDWALL ? "" : "; this request may go beyond");
}

static void put_node(const struct teller *t, const struct mmr_story_step *step)
{
	const char *policy = policy_words(t), *allowed = allowed_words(t);

	if (policy)
		para(t, LABEL, "  memory policy", policy);
	if (allowed)
		para(t, LABEL, "  nodes allowed", allowed);
	if (step->request.nid < 0) {
		para(t, LABEL, "  node", words("%u, the CPU's own", step->request.cpu_nid));
		return;
	}
	para(t, LABEL, "  node",
	     words("%d, where the page came from: %s", step->request.nid,
		   policy ? "the policy chose it, or the task's cpuset changed meanwhile"
			  : "a policy, the caller, or a cpuset that changed meanwhile chose it, no event says "
			    "which"));
	para(t, LABEL, "",
	     t->e->own.pfn == MMR_NO_PFN
		     ? words("(from node %u, the CPU's own, there was no page)", step->request.cpu_nid)
		     : words("(from node %u, the CPU's own, page %u was next)", step->request.cpu_nid,
			     t->e->own.pfn));
}

/* "GFP_KERNEL | __GFP_ZERO": with room to wrap */
static const char *gfp_words(gfp_t gfp)
{
	char names[400];
	static _Thread_local char spaced[1000];
	size_t len = 0;

	gfp_stable_string(gfp, names, sizeof(names));
	for (const char *c = names; *c && len + 4 < sizeof(spaced); c++)
		len += (size_t)snprintf(spaced + len, sizeof(spaced) - len, "%s%c%s", *c == '|' ? " " : "", *c,
					*c == '|' ? " " : "");
	return spaced;
}

static uint32_t put_request(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);

	heading(t, function_of(t, at), "The request");
	para(t, LABEL, "  pages",
	     t->e->kind == EXPLAIN_BULK ? words("several of order 0, of 4 KiB each")
					: words("order %u: %s", step->order, pages_words(step->order)));
	para(t, LABEL, "  for", explain_asker(t));
	para(t, LABEL, "  gfp flags", gfp_words(step->request.gfp));
	para(t, LABEL, "", gfp_meanings(step->request.gfp));
	put_node(t, step);
	if (step->request.pf_memalloc)
		para(t, LABEL, "  PF_MEMALLOC",
		     step->request.gfp & MMR_GFP_NOMEMALLOC
			     ? "the task is itself freeing memory, but its flags keep it from the reserves"
			     : "the task is itself freeing memory: it may use all reserves");
	return at + 1;
}

static void put_alloc_flags(const struct teller *t, const char *label, uint32_t flags)
{
	para(t, LABEL, label,
	     flags >> 2 & 1
		     ? "NO_WATERMARKS: no mark counts"
		     : words("WMARK_%s: against this mark zones are tested", explain_mark_name(flags & 3)));
	for (unsigned int bit = 3; bit < 32; bit++) {
		const char *name = flags >> bit & 1 ? mmr_alloc_flag_name(bit) : NULL;

		if (name)
			para(t, LABEL, "", words("%s: %s", name, explain_flag_meaning(name)));
	}
}

/* The six fields of the alloc_context, and what follows from the flags. */
static uint32_t put_context(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);
	char list[1200] = "";
	size_t len = 0;

	heading(t, function_of(t, at), "What it may use: the alloc_context");
	for (at++; is_kind(t, at, MMR_STORY_ZONEREF); at++) {
		bool high = (step_at(t, at)->zone & 7) > step->context.highest_zoneidx;

		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s%s%s", len ? " " : "",
						high ? "(" : "", zone_words(step_at(t, at)->zone),
						high ? ")" : "");
	}
	para(t, LABEL, "  zonelist",
	     words("of node %u, %s:", step->context.nid,
		   step->context.thisnode ? "its own zones only" : "nearest node first"));
	para(t, LABEL, "", list);
	para(t, LABEL, "  highest_zoneidx",
	     words("%s: no higher zone may serve",
		   mmr_zone_name((enum zone_type)step->context.highest_zoneidx)));
	para(t, LABEL, "  nodemask",
	     step->context.nodemask ? words("0x%" PRIx64 ": these nodes only", step->context.nodemask)
				    : "none: every node may serve");
	para(t, LABEL, "  preferred_zoneref",
	     step->zone == MMR_STORY_NO_ZONE ? "none" : words("%s: tried first", zone_words(step->zone)));
	para(t, LABEL, "  migratetype",
	     words("%s: %s", type_words(step->context.migratetype),
		   explain_type_meaning(step->context.migratetype)));
	para(t, LABEL, "  spread_dirty_pages",
	     step->context.spread_dirty_pages ? "yes: nodes with many unwritten pages are passed by"
					      : "no: it will not be filled to be written to a file");
	put_alloc_flags(t, "  alloc_flags", step->flags);
	return at;
}

/* ---- the walk ------------------------------------------------------------------------------ */

static const char *mark_question(const struct mmr_story_step *mark)
{
	switch (mark->why) {
	case MMR_STORY_PROBE:
	case MMR_STORY_DECIDES:
		return words("%s: enough free pages?", zone_words(mark->zone));
	case MMR_STORY_AFTER_RECLAIM:
		return words("%s: enough free pages after reclaim?", zone_words(mark->zone));
	case MMR_STORY_WITHOUT_BOOST:
		return words("%s: enough, if the boost is left out?", zone_words(mark->zone));
	case MMR_STORY_BULK:
		return words("%s: enough for all of them?", zone_words(mark->zone));
	case MMR_STORY_BALANCED:
		return words("%s: has kswapd work to do?", zone_words(mark->zone));
	default:
		return words("%s: free memory above the high mark again?", zone_words(mark->zone));
	}
}

static const char *verdict_words(const struct mmr_story_step *mark, const struct mmr_story_step *test)
{
	if (test->watermark.no_block)
		return words("no: enough pages, but no block of order %u", test->order);
	if (mark->why == MMR_STORY_BALANCED)
		return test->yes ? "no" : "yes";
	if (mark->why == MMR_STORY_PROBE)
		return test->yes ? "yes: it may serve" : "no: the zone is marked as short of pages";
	if (mark->why == MMR_STORY_DECIDES || mark->why == MMR_STORY_AFTER_RECLAIM)
		return test->yes ? "yes: it may serve" : "no: it may not serve";
	return test->yes ? "yes" : "no";
}

static void put_sum(const struct teller *t, const char *label, int64_t n, const char *note)
{
	fprintf(t->out, "  %-24s %14s%s%s\n", label, grouped(n), note[0] ? "   " : "", note);
}

static const char *mark_note(const struct mmr_story_step *mark, const struct mmr_story_step *test)
{
	int64_t left = test->watermark.min;
	const char *boost = test->watermark.boost && mark->why != MMR_STORY_WITHOUT_BOOST
				    ? words("%s of it a boost", grouped(test->watermark.boost))
				    : "";

	if (mark->why == MMR_STORY_PROBE && test->yes && !boost[0])
		return "above it is above LOW, too";
	if (left == test->watermark.mark)
		return boost;
	return words("of %s%s%s, this may go below", grouped(test->watermark.mark), boost[0] ? ", " : "",
		     boost);
}

/* A mark and the test against it, as a sum. */
static uint32_t put_mark(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *mark = step_at(t, at), *test;
	const char *function = mark->why == MMR_STORY_BALANCED       ? "pgdat_balanced()"
			       : mark->why == MMR_STORY_ENOUGH_AGAIN ? "zone_watermark_ok()"
								     : "zone_watermark_fast()";

	if (!is_kind(t, at + 1, MMR_STORY_WATERMARK))
		return at + 1;
	test = step_at(t, at + 1);
	heading(t, function, "%s", mark_question(mark));
	put_sum(t, "free pages", test->watermark.free, "");
	put_sum(t, "- not to be counted on", test->watermark.unusable,
		!test->watermark.unusable ? ""
		: test->order             ? "2^order - 1, and what is reserved"
					  : "reserved");
	put_sum(t, "= usable", test->watermark.free - test->watermark.unusable, "");
	put_sum(t, words("  mark WMARK_%s", explain_mark_name(mark->mark)), test->watermark.min,
		mark_note(mark, test));
	put_sum(t, "+ lowmem_reserve", test->watermark.reserve,
		test->watermark.reserve ? "for those who can go nowhere else" : "");
	put_sum(t, "= usable must exceed", test->watermark.min + test->watermark.reserve,
		verdict_words(mark, test));
	return at + 2;
}

static uint32_t put_again(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);

	heading(t, function_of(t, at), "The walk begins again");
	switch (step->why) {
	case MMR_STORY_REMOTE_NEXT:
		para(t, 2, "",
		     words("The next zone, %s, is on another node. Before going there NOFRAGMENT is given up: "
			   "rather mix types of pages at home than go far.",
			   zone_words(step->zone)));
		break;
	case MMR_STORY_FRAGMENT:
		para(t, 2, "",
		     "No zone served. NOFRAGMENT is given up: pages of other types may be taken now.");
		break;
	default:
		para(t, 2, "", "Nodes whose kswapd is awake were passed by; now they are tried, too.");
	}
	return at + 1;
}

static uint32_t put_pass_by(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);

	heading(t, function_of(t, at), "%s is passed by", zone_words(step->zone));
	para(t, 2, "",
	     step->why == MMR_STORY_DIRTY
		     ? "Its node has its share of pages that wait to be written."
		     : "Its node's kswapd is awake, so memory is short there: others first.");
	return at + 1;
}

static uint32_t put_node_reclaim(const struct teller *t, uint32_t at)
{
	int32_t nr = step_at(t, at)->nr;

	heading(t, function_of(t, at), "%s: reclaim here first (vm.zone_reclaim_mode)",
		zone_words(step_at(t, at)->zone));
	para(t, 2, "",
	     nr < 0 ? "Not tried: this request may not, or there is nothing to scan."
		    : words("%s pages gained.", grouped(nr)));
	return at + 1;
}

/* ---- the slow path ------------------------------------------------------------------------- */

static uint32_t put_kswapd(const struct teller *t, uint32_t at)
{
	static const char *const outcomes[] = {
		[MMR_STORY_WOKEN] = "woken: it frees memory in the background",
		[MMR_STORY_IS_AWAKE] = "is awake already",
		[MMR_STORY_GAVE_UP] = "has given up: nothing it could free",
		[MMR_STORY_NOT_NEEDED] = "stays asleep: there is nothing to do",
	};

	heading(t, function_of(t, at), "kswapd of node %u", step_at(t, at)->zone >> 3);
	para(t, 2, "", outcomes[step_at(t, at)->why]);
	return at + 1;
}

static uint32_t put_slowpath_step(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);

	switch (step->kind) {
	case MMR_STORY_SLOWPATH:
		heading(t, function_of(t, at), "The slow path: no zone served above its low mark");
		put_alloc_flags(t, "  alloc_flags now", step->flags);
		break;
	case MMR_STORY_RESERVES:
		heading(t, function_of(t, at), "This request may use the reserves");
		put_alloc_flags(t, "  alloc_flags now", step->flags);
		break;
	case MMR_STORY_MASK_DROPPED:
		if (step->yes) {
			heading(t, function_of(t, at), "Its nodemask is dropped");
			para(t, 2, "", "Who may use the reserves may use every node.");
		}
		break;
	case MMR_STORY_RECLAIM:
		heading(t, function_of(t, at), "Direct reclaim: free memory before going on");
		para(t, 2, "",
		     step->yes ? words("%s pages gained.", grouped(step->nr))
			       : "The recording does not say what it gained; the frees in it stand for it.");
		break;
	case MMR_STORY_DRAIN_ALL:
		heading(t, function_of(t, at), "Pages on all CPUs' lists go back to the buddy");
		break;
	case MMR_STORY_COMPACT:
		heading(t, function_of(t, at), "Compaction: move pages to make room for order %u", step->order);
		para(t, 2, "",
		     step->yes ? words("result %u", step->why) : "Not modelled here, or not for this request.");
		break;
	case MMR_STORY_RETRY:
		heading(t, function_of(t, at), step->yes ? "Another round" : "No further round");
		break;
	case MMR_STORY_LAST_LOOK:
		heading(t, function_of(t, at),
			"A last look with the high mark, before the OOM killer is called");
		break;
	default:
		break;
	}
	return at + 1;
}

/* ---- the end ------------------------------------------------------------------------------- */

static uint32_t put_page(const struct teller *t, uint32_t at)
{
	static const char *const ways[NR_MMR_PATHS] = {
		[MMR_PATH_PCP_HIT] = "from the CPU's own list; no lock of the zone was needed",
		[MMR_PATH_PCP_REFILL] = "from the CPU's own list, after it was refilled",
		[MMR_PATH_BUDDY] = "straight from the buddy's free lists",
		[MMR_PATH_FALLBACK] = "after pages of another type were taken",
	};
	const struct mmr_story_step *step = step_at(t, at);

	heading(t, function_of(t, at), "The page");
	para(t, LABEL, "  page frame",
	     step->order ? words("%u to %u", step->pfn, step->pfn + (1u << step->order) - 1)
			 : words("%u", step->pfn));
	para(t, LABEL, "  where", words("%s", zone_words(step->zone)));
	para(t, LABEL, "  how", ways[step->why] ? ways[step->why] : "?");
	return at + 1;
}

static uint32_t put_step(const struct teller *t, uint32_t at)
{
	const struct mmr_story_step *step = step_at(t, at);

	switch (step->kind) {
	case MMR_STORY_REQUEST:
		return put_request(t, at);
	case MMR_STORY_CONTEXT:
		return put_context(t, at);
	case MMR_STORY_PASS_BY:
		return put_pass_by(t, at);
	case MMR_STORY_AGAIN:
		return put_again(t, at);
	case MMR_STORY_MARK:
		return put_mark(t, at);
	case MMR_STORY_NO_WATERMARKS:
		heading(t, function_of(t, at), "%s serves all the same: the marks may be ignored",
			zone_words(step->zone));
		return at + 1;
	case MMR_STORY_NODE_RECLAIM:
		return put_node_reclaim(t, at);
	case MMR_STORY_PCP:
	case MMR_STORY_PCP_LOCKED:
		return put_pcp(t, at);
	case MMR_STORY_BUDDY:
		return put_buddy(t, at);
	case MMR_STORY_BOOST:
	case MMR_STORY_FOREIGN:
	case MMR_STORY_CLAIM_TEST:
	case MMR_STORY_CLAIM:
	case MMR_STORY_MOVE:
	case MMR_STORY_STEAL:
	case MMR_STORY_HIGHATOMIC:
		return put_fallback(t, at);
	case MMR_STORY_REFILL_SIZE:
		return put_refill_sized(t, at);
	case MMR_STORY_KSWAPD:
		return put_kswapd(t, at);
	case MMR_STORY_PAGE:
		return t->e->kind == EXPLAIN_BULK ? put_handed_out(t, at) : put_page(t, at);
	case MMR_STORY_NO_PAGE:
		heading(t, function_of(t, at), "No page: the allocation fails");
		return at + 1;
	case MMR_STORY_FREE:
		return put_free(t, at);
	case MMR_STORY_DRAIN:
		return put_drain(t, at);
	case MMR_STORY_MERGE:
	case MMR_STORY_INSERT:
		return put_inserted(t, at);
	case MMR_STORY_BELOW_HIGH:
	case MMR_STORY_SCAN:
		return at + 1; /* said by the mark before, by the steps after */
	default:
		return put_slowpath_step(t, at);
	}
}

/* ---- all of it ----------------------------------------------------------------------------- */

static double since_start(const struct teller *t, uint64_t ts_ns)
{
	return ((double)ts_ns - (double)trace_reader_summary(t->reader)->first_ns) / 1e9;
}

static const char *what_it_is(const struct explain *e)
{
	switch (e->kind) {
	case EXPLAIN_ALLOC:
		return e->request.ev.pfn == TRACE_NO_PFN ? "an allocation that failed" : "an allocation";
	case EXPLAIN_FREE:
		return e->run_pages ? words("a free, the last of %u neighbours that are freed together",
					    e->run_pages)
				    : "a free";
	case EXPLAIN_DRAIN:
		return "a drain that no free of this CPU caused";
	case EXPLAIN_TAKEN:
		return "pages taken from the buddy, for whom no event says";
	case EXPLAIN_BULK:
		return "pages that alloc_pages_bulk() handed out, in one call or several in a row";
	default:
		return trace_event_type_name((enum trace_event_type)e->request.ev.type);
	}
}

static void put_title(const struct teller *t)
{
	const struct explain *e = t->e;

	fprintf(t->out, "\nEvent %" PRIu64 ": %s, %.6f s after the start\n", e->request.number, what_it_is(e),
		since_start(t, e->request.ev.ts_ns));
	if (e->asked != e->request.number)
		fprintf(t->out, "(event %" PRIu64 " is a part of it)\n", e->asked);
	if (e->early && e->told->finished && e->kind != EXPLAIN_OTHER)
		para(t, 2, "",
		     words("Another task, or an interrupt, came between what was done and its event: this is "
			   "told in "
			   "the state before event %" PRIu64 ", by when it was done.",
			   e->early_event));
}

/* Who empties a CPU's lists? An event says so where the kernel permits a probe there. */
static const char *why_drained(const struct explain *e)
{
	for (size_t i = e->nr_beside; i--;) {
		const struct explain_beside *beside = &e->beside[i];

		if (beside->event.ev.task != e->request.ev.task || beside->event.number > e->request.number)
			continue;
		if (beside->event.ev.type == TRACE_DRAIN_PAGES)
			return words("all that CPU %" PRId64 "'s lists of the zone hold goes back "
				     "(drain_pages_zone())",
				     beside->args.v[1]);
		if (beside->event.ev.type == TRACE_PCP_FREE_BULK)
			return words("the list has grown too long for what it may hold now: %" PRId64
				     " pages of it go back",
				     beside->args.v[2]);
	}
	return "not told by an event: a worker lets long lists shrink, and who needs memory badly empties them "
	       "all";
}

static void put_drained(const struct teller *t)
{
	const struct explain *e = t->e;

	heading(t, "free_pcppages_bulk()", "Page %u leaves a CPU's list", e->request.ev.pfn);
	para(t, LABEL, "  whose",
	     e->told->owner >= 0 ? words("CPU %d's", e->told->owner) : "none that the model has it on");
	para(t, LABEL, "  why", why_drained(e));
}

/* Nobody says who asked; what is known is which list was refilled, and that it must have been empty. */
static void put_taken(const struct teller *t)
{
	const struct explain *e = t->e;
	const char *gone =
		e->told->nr_gone
			? words(" %s had left the list before it, with no event either.",
				e->told->nr_gone == 1 ? "1 block" : words("%u blocks", e->told->nr_gone))
			: "";

	heading(t, NULL, "Who asks is not recorded");
	para(t, 2, "",
	     words("Calls like alloc_pages_bulk() take pages without an allocation event, and a task that is "
		   "moved "
		   "to another CPU has its event there; so nothing here says who asked, and with which flags. "
		   "What follows is what became of the lists.%s",
		   gone));
}

static void put_run(const struct teller *t)
{
	const struct explain *e = t->e;

	heading(t, "free_prepared_contig_range()", "Pages %u to %u together", e->run_pfn,
		e->run_pfn + e->run_pages - 1);
	para(t, 2, "",
	     words("%u neighbours were freed one after the other, as vfree() does. Their events come one by "
		   "one, "
		   "but they are put back together, in the largest blocks that their place allows.",
		   e->run_pages));
}

static void put_unknown(const struct teller *t)
{
	const struct explain *e = t->e;

	heading(t, NULL, "The story cannot be told");
	para(t, 2, "",
	     "The free lists and this CPU's lists are not known before this event: the recording holds no "
	     "complete state before it, or lost events since.");
	if (e->known_from != UINT64_MAX)
		para(t, 2, "", words("They are known from event %" PRIu64 " on.", e->known_from));
}

static void put_steps(const struct teller *t)
{
	const struct explain *e = t->e;

	if (e->kind == EXPLAIN_DRAIN)
		put_drained(t);
	else if (e->kind == EXPLAIN_TAKEN)
		put_taken(t);
	else if (e->kind == EXPLAIN_OTHER)
		put_kind(t);
	else if (e->run_pages)
		put_run(t);
	for (uint32_t at = 0; at < t->story->nr_steps;)
		at = put_step(t, at);
	if (t->story->nr_dropped)
		fprintf(t->out, "\n(%" PRIu64 " more steps are left out)\n", t->story->nr_dropped);
}

void explain_text(FILE *out, const struct explain *e, const struct trace_reader *reader,
		  const struct kernel_profile *profile, bool full)
{
	const struct teller t = {
		.out = out,
		.e = e,
		.reader = reader,
		.story = &e->told->story,
		.claims = explain_claims_and_steals(profile),
		.full = full,
	};

	fprintf(out, "%s: kernel %s, rules of %s\n", trace_reader_path(reader),
		trace_reader_machine(reader)->kernel_release, kernel_profile_name(profile));
	if (e->nr_life)
		put_life(&t);
	put_title(&t);
	if (e->told->finished)
		put_steps(&t);
	else
		put_unknown(&t);
	put_recording(&t);
}
