// SPDX-License-Identifier: GPL-2.0-or-later
/* Both sides of a decision, side by side: the model's list, and the kernel's as what comes next shows it. */
#include "replay/verify/verify_internal.h"

#define ROWS     12 /* of a list */
#define DISTANCE 4096 /* events to look at for the kernel's list */
#define BEFORE   8 /* events of the CPU that are shown before the one at hand, and itself */
#define BEHIND   6

static const char *mt_name(unsigned int mt)
{
	return mmr_migratetype_name((enum migratetype)mt);
}

/* ---- lists --------------------------------------------------------------------------------- */

struct column {
	uint32_t pfn[ROWS];
	uint64_t event[ROWS]; /* that shows it; kernel's side */
	unsigned int nr;
};

static void models_pcp(const struct verify *v, const struct views *views, struct column *ret)
{
	unsigned int pindex = (unsigned int)views->pindex;
	uint32_t pfn = mmr_step_pcp_head(views->zone, views->cpu, pindex);

	for (; pfn != MMR_NO_PFN && ret->nr < ROWS; ret->nr++) {
		ret->pfn[ret->nr] = pfn;
		pfn = mmr_step_pcp_next(v->core, views->zone, views->cpu, pindex, pfn);
	}
}

/* Return: the order of the first list that has a block; NR_PAGE_ORDERS where none has. */
static unsigned int models_free(const struct verify *v, const struct views *views, struct column *ret)
{
	unsigned int order = views->order;
	uint32_t pfn = MMR_NO_PFN;

	for (; order < NR_PAGE_ORDERS; order++) {
		pfn = mmr_step_free_head(views->zone, order, views->mt);
		if (pfn != MMR_NO_PFN)
			break;
	}
	for (; pfn != MMR_NO_PFN && ret->nr < ROWS; ret->nr++) {
		ret->pfn[ret->nr] = pfn;
		pfn = mmr_step_free_next(v->core, pfn, order);
	}
	return order;
}

static void show(struct column *column, uint32_t pfn, uint64_t number)
{
	column->pfn[column->nr] = pfn;
	column->event[column->nr++] = number - 1;
}

/*
 * What the kernel's list holds, from its head: what is popped from it next, without what is pushed before
 * that. A refill ends what can be told.
 */
static void kernels_pcp(const struct verify *v, const struct views *views, struct column *ret)
{
	unsigned int pindex = (unsigned int)views->pindex, above = 0, order = mmr_step_pindex_order(pindex);
	uint64_t n = v->number;

	for (int i = 0; n && i < DISTANCE && ret->nr < ROWS; i++) {
		const struct window_event *event = window_at(&v->window, n);
		const struct trace_event *ev = &event->ev;
		uint64_t number = n;

		n = event->next;
		if (ev->cpu != views->cpu)
			return;
		if (ev->order != order || ev->pfn == TRACE_NO_PFN ||
		    mmr_step_zone(v->core, ev->pfn, 0) != views->zone)
			continue;
		if (ev->type == TRACE_ALLOC && mmr_step_pindex(ev->migratetype, ev->order) == pindex) {
			if (above)
				above--;
			else
				show(ret, ev->pfn, number);
		} else if (((ev->type == TRACE_FREE && !event->link) || ev->type == TRACE_FREE_BATCHED) &&
			   mmr_step_pindex(mmr_step_pageblock(v->core, ev->pfn), ev->order) == pindex) {
			above++;
		} else if (ev->type == TRACE_ZONE_LOCKED && ret->nr &&
			   mmr_step_pindex(ev->migratetype, ev->order) == pindex) {
			return;
		}
	}
}

/* The blocks that leave the kernel's free lists next, for this order and type. */
static void kernels_free(const struct verify *v, const struct views *views, struct column *ret)
{
	for (uint64_t n = v->number; n < v->window.end && n < v->number + DISTANCE && ret->nr < ROWS; n++) {
		const struct trace_event *ev = &window_at(&v->window, n)->ev;

		if (ev->type == TRACE_ZONE_LOCKED && ev->order == views->order &&
		    ev->migratetype == views->mt && mmr_step_zone(v->core, ev->pfn, 0) == views->zone)
			show(ret, ev->pfn, n);
	}
}

static void put_lists(FILE *out, const struct verify *v, const struct views *views)
{
	struct column model = {0}, kernel = {0};
	unsigned int order = NR_PAGE_ORDERS;
	char title[60];

	if (views->pindex >= 0) {
		models_pcp(v, views, &model);
		kernels_pcp(v, views, &kernel);
		snprintf(title, sizeof(title), "list %d of CPU %u", views->pindex, views->cpu);
	} else {
		order = models_free(v, views, &model);
		kernels_free(v, views, &kernel);
		if (order < NR_PAGE_ORDERS)
			snprintf(title, sizeof(title), "free list of order %u %s", order, mt_name(views->mt));
		else
			snprintf(title, sizeof(title), "no free block of %s", mt_name(views->mt));
	}
	fprintf(out, "  %-34s | %s\n", "the model", "the kernel");
	fprintf(out, "  %-34s | %s\n", title,
		views->pindex >= 0 ? "pops that follow, less what is pushed before"
				   : "blocks of this order and type that are taken next");
	for (unsigned int i = 0; i < model.nr || i < kernel.nr; i++) {
		if (i < model.nr)
			fprintf(out, "  %-34u |", model.pfn[i]);
		else
			fprintf(out, "  %-34s |", i ? "" : "empty");
		if (i < kernel.nr)
			fprintf(out, " %-10u event %llu", kernel.pfn[i], (unsigned long long)kernel.event[i]);
		fputc('\n', out);
	}
}

/* ---- events -------------------------------------------------------------------------------- */

static void put_event(FILE *out, const struct verify *v, uint64_t number)
{
	const struct window_event *event = window_at(&v->window, number);
	const struct trace_event *ev = &event->ev;

	fprintf(out, "  %c %10llu %+12.3f us cpu %u %-12s pfn %u order %u %s%s%s task %u\n",
		number == v->number ? '>' : ' ', (unsigned long long)number - 1,
		((double)ev->ts_ns - (double)v->ts_ns) / 1000, ev->cpu,
		trace_event_type_name((enum trace_event_type)ev->type), ev->pfn, ev->order,
		ev->type == TRACE_FREE || ev->type == TRACE_FREE_BATCHED ? "" : mt_name(ev->migratetype),
		ev->flags & TRACE_F_HARDIRQ ? " hardirq" : "", ev->flags & TRACE_F_SOFTIRQ ? " softirq" : "",
		ev->task);
}

void verify_put_views(FILE *out, const struct verify *v, const struct views *views)
{
	uint64_t begin = v->number > 2000 ? v->number - 2000 : 1, shown[BEFORE];
	const struct trace_event *ev = &window_at(&v->window, v->number)->ev;
	unsigned int nr = 0;

	if (views && views->zone)
		put_lists(out, v, views);
	if (ev->pfn != TRACE_NO_PFN)
		fprintf(out, "  the model has pfn %u: %s\n", ev->pfn, say_place(v, ev->pfn));
	fprintf(out, "  the recording on CPU %u:\n", ev->cpu);
	for (uint64_t n = v->number; n >= begin && nr < BEFORE; n--) {
		if (window_at(&v->window, n)->ev.cpu == ev->cpu)
			shown[nr++] = n;
	}
	while (nr)
		put_event(out, v, shown[--nr]);
	for (uint64_t n = window_at(&v->window, v->number)->next; n && nr < BEHIND; nr++) {
		put_event(out, v, n);
		n = window_at(&v->window, n)->next;
	}
}
