// SPDX-License-Identifier: GPL-2.0-or-later
/* The other side of a story as text: the recording's events, what lies beside them, and verify's verdict. */
#include <inttypes.h>
#include <string.h>

#include "replay/explain/explain_words.h"

#define LABEL 21

static void put_event(const struct teller *t, const struct explain_event *event)
{
	const struct trace_event *ev = &event->ev;
	char what[100] = "";

	switch (ev->type) {
	case TRACE_ALLOC:
	case TRACE_ZONE_LOCKED:
	case TRACE_PCPU_DRAIN:
		snprintf(what, sizeof(what), "order %u %s", ev->order, type_words(ev->migratetype));
		break;
	case TRACE_EXTFRAG:
		snprintf(what, sizeof(what), "from order %u %s, %s", event->cls.fallback_order,
			 type_words(event->cls.fallback_migratetype),
			 ev->flags & TRACE_F_CHANGE_OWNERSHIP ? "claimed" : "stolen");
		break;
	case TRACE_FREE:
		snprintf(what, sizeof(what), "order %u", ev->order);
		break;
	default:
		break;
	}
	fprintf(t->out, "  %10" PRIu64 " %+12.3f us  %-12s %10s  %s\n", event->number,
		((double)ev->ts_ns - (double)t->e->request.ev.ts_ns) / 1000,
		trace_event_type_name((enum trace_event_type)ev->type),
		ev->pfn == TRACE_NO_PFN ? "no page" : words("%u", ev->pfn), what);
}

#define SHOWN 4 /* of a long row of events, so many at each end */

static void put_events(const struct teller *t)
{
	const struct explain *e = t->e;

	fprintf(t->out, "  %10s %15s  %-12s %10s\n", "event", "time", "what", "page");
	for (size_t i = 0; i < e->nr_events; i++) {
		if (!t->full && e->nr_events > 3 * SHOWN && i == SHOWN) {
			fprintf(t->out, "  %10s and %zu more\n", "...", e->nr_events - 2 * SHOWN);
			i = e->nr_events - SHOWN;
		}
		put_event(t, &e->events[i]);
	}
}

static void put_verdicts(const struct teller *t)
{
	const struct explain *e = t->e;
	static const char *const names[] = {
		[VERIFY_EXACT] = "exact", [VERIFY_INFORMED] = "informed", [VERIFY_DIVERGED] = "diverged"};

	heading(t, NULL, "What verify says");
	if (!e->nr_verdicts) {
		para(t, 2, "",
		     e->kind == EXPLAIN_OTHER ? "nothing: this is no decision that is judged."
		     : e->known               ? "exact: every decision of the model here is the kernel's."
					      : "nothing: without the state it cannot judge.");
		return;
	}
	for (size_t i = 0; i < e->nr_verdicts; i++) {
		const struct explain_verdict *v = &e->verdicts[i];

		para(t, LABEL, words("  %s", names[v->verdict]),
		     words("event %" PRIu64 ", %s: %s", v->event, verify_level_name(v->level),
			   verify_cause_text(v->cause)));
		para(t, LABEL, "    the model", v->expected);
		para(t, LABEL, "    the kernel", v->got);
	}
	if (e->nr_more_verdicts)
		fprintf(t->out, "  and %zu more\n", e->nr_more_verdicts);
}

/* "nid 0, order 3": what an event of another kind says beside its time */
static const char *beside_words(const struct explain_beside *beside)
{
	static _Thread_local char text[300];
	const struct trace_event_info *info = trace_event_info(beside->event.ev.type);
	size_t len = 0;

	text[0] = '\0';
	if (info->has_pfn && beside->event.ev.pfn != TRACE_NO_PFN)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ", page %u", beside->event.ev.pfn);
	if (info->has_zone)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ", zone %s",
					mmr_zone_name((enum zone_type)beside->event.cls.zone));
	if (info->has_order)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ", order %u", beside->event.ev.order);
	for (unsigned int i = 0; i < beside->args.nr && i < info->nr_args && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ", %s %" PRId64, info->args[i],
					beside->args.v[i]);
	return text[0] ? text + 2 : text;
}

/* Who decides, and probes on the way: kinds of events that few recordings have. */
static void put_beside(const struct teller *t)
{
	const struct explain *e = t->e;
	bool any = false;

	for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++) {
		if (!e->kswapd[nid].known)
			continue;
		if (!any)
			heading(t, "(the recording)", "Beside it");
		any = true;
		para(t, LABEL, words("  kswapd of node %u", nid),
		     words("%s for %.6f s", e->kswapd[nid].awake ? "awake" : "asleep",
			   ((double)e->events[0].ev.ts_ns - (double)e->kswapd[nid].since_ns) / 1e9));
	}
	if (e->nr_beside && !any)
		heading(t, "(the recording)", "Beside it");
	for (size_t i = 0; i < e->nr_beside; i++) {
		const struct trace_event *ev = &e->beside[i].event.ev;

		fprintf(t->out, "  %+23.3f us  %-20s %s\n",
			((double)ev->ts_ns - (double)e->request.ev.ts_ns) / 1000,
			trace_event_type_name((enum trace_event_type)ev->type), beside_words(&e->beside[i]));
	}
}

void put_recording(const struct teller *t)
{
	const struct explain *e = t->e;

	heading(t, "(the recording)", e->kind == EXPLAIN_OTHER ? "In the recording" : "What the kernel did");
	if (e->told->finished && (e->kind == EXPLAIN_BULK || e->kind == EXPLAIN_TAKEN)) {
		para(t, 2, "",
		     explain_same(e) ? "The same pages in the same order."
				     : "Other pages, or in another order.");
	} else if (e->told->finished && e->kind == EXPLAIN_ALLOC) {
		bool same = e->told->page.pfn == e->request.ev.pfn;
		const char *kernel = e->request.ev.pfn == TRACE_NO_PFN
					     ? "It found no page"
					     : words("It handed out page %u", e->request.ev.pfn);

		para(t, 2, "",
		     words("%s%s", kernel,
			   explain_same(e) ? ": the same."
			   : same          ? ": the same, but its refill had other pages."
			   : e->told->page.pfn == MMR_NO_PFN
				   ? "; the model found none."
				   : words("; the model's is %u.", e->told->page.pfn)));
	} else if (e->told->finished && e->kind == EXPLAIN_FREE) {
		para(t, 2, "",
		     e->told->rc       ? "The model has this page as free already."
		     : explain_same(e) ? "The same."
		     : e->nr_between   ? words("It drained other pages, or another number of them: between the "
						 "first and the "
						 "last it let go of the list, and others were at it (%s).",
					       plural((int64_t)e->nr_between, "event", "events"))
				       : "It drained other pages, or another number of them.");
	}
	put_events(t);
	put_beside(t);
	put_verdicts(t);
}

void put_life(const struct teller *t)
{
	const struct explain *e = t->e;

	heading(t, "(the recording)", "The life of page %u: %s, %s", e->query.pfn,
		plural((int64_t)e->nr_life, "event", "events"),
		plural((int64_t)e->nr_allocs, "allocation", "allocations"));
	fprintf(t->out, "  %10s %13s %4s  %-12s %10s\n", "event", "seconds", "CPU", "what", "page");
	for (size_t i = 0; i < e->nr_life; i++) {
		const struct trace_event *ev = &e->life[i].ev;
		uint32_t nr;
		const struct trace_task *tasks = trace_reader_tasks(t->reader, &nr);

		fprintf(t->out, "%c %10" PRIu64 " %13.6f %4u  %-12s %10u  order %-2u %s\n",
			e->life[i].number == e->asked ? '>' : ' ', e->life[i].number,
			((double)ev->ts_ns - (double)trace_reader_summary(t->reader)->first_ns) / 1e9, ev->cpu,
			trace_event_type_name((enum trace_event_type)ev->type), ev->pfn, ev->order,
			ev->task < nr ? tasks[ev->task].comm : "");
	}
}
