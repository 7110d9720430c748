// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a trace for `mmreplay info`: every event once, or, when in a hurry, only what blocks say of theirs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/mmt_payload.h"
#include "traces/tools/info.h"
#include "traces/trace_stats.h"

#define NR_CLASSES    (UINT16_MAX + 1u)
#define NR_CPUS       4096u
#define DEFAULT_RATES 20u
#define MAX_RATES     100000u

/* While it is being read. */
struct gather {
	struct info *info;
	uint64_t *classes; /* [NR_CLASSES] events */
	uint64_t *tasks; /* [nr_task_names] events */
	struct info_cpu *cpus; /* [NR_CPUS] */
	uint64_t (*labels)[2]; /* [nr_labels] allocations and their pages */
	struct page_use *use;
	uint64_t rate_begin, rate_end; /* of the interval at hand */
	uint32_t rate;
};

static int no_memory(const struct info *info, struct mmr_error *err)
{
	return mmr_err(err, -ENOMEM, "%s: no memory for its description", info->path);
}

/* ---- the quick way ------------------------------------------------------------------------- */

static void take_classes(struct gather *g, const struct trace_stats *stats)
{
	struct info *info = g->info;

	for (uint32_t i = 0; i < stats->nr_classes; i++) {
		if (stats->classes[i].cls.type < NR_TRACE_EVENT_TYPES)
			info->events[stats->classes[i].cls.type] += stats->classes[i].nr_events;
		else
			info->nr_unknown += stats->classes[i].nr_events;
	}
}

static int count_heads(struct gather *g, struct trace_stats *stats, struct mmr_error *err)
{
	struct info *info = g->info;
	int rc = trace_stats_collect(info->reader, stats, NULL, NULL, err);

	if (rc)
		return rc;
	take_classes(g, stats);
	info->nr_passed = stats->nr_damaged_events;
	info->nr_no_task = stats->no_task_events;
	memcpy(g->tasks, stats->task_events, info->nr_task_names * sizeof(*g->tasks));
	for (uint32_t i = 0; i < stats->nr_cpus && stats->cpus[i].cpu < NR_CPUS; i++) {
		const struct trace_cpu_count *c = &stats->cpus[i];

		g->cpus[c->cpu] = (struct info_cpu){c->cpu, c->nr_events, c->first_ns, c->last_ns, 0};
	}
	info->damage = stats->damage;
	info->nr_damage = stats->nr_damage;
	stats->damage = NULL;
	stats->nr_damage = 0;
	return 0;
}

/* ---- every event --------------------------------------------------------------------------- */

static int start_rates(struct info *info, struct mmr_error *err)
{
	/* The last event lies in the last interval, not at its end. */
	uint64_t all = info->duration_ns < UINT64_MAX ? info->duration_ns + 1 : UINT64_MAX;
	uint64_t width = info->request->width_ns ? info->request->width_ns : (all - 1) / DEFAULT_RATES + 1;

	if (all / width >= MAX_RATES)
		return mmr_err(err, -ERANGE,
			       "%s: rates every %" PRIu64 " ns are %" PRIu64 " lines, expected at most %u",
			       info->path, width, all / width, MAX_RATES);
	info->width_ns = width;
	info->nr_rates = (uint32_t)((all - 1) / width + 1);
	info->rates = calloc(info->nr_rates, sizeof(*info->rates));
	return info->rates ? 0 : no_memory(info, err);
}

/* What is in use at the end of the interval at hand. */
static void note_live(struct gather *g)
{
	g->info->rates[g->rate].live = page_use_totals(g->use).live.pages;
}

/* Times hardly ever step back: one division for each interval. */
static struct info_rate *rate_of(struct gather *g, uint64_t since)
{
	const struct info *info = g->info;

	if (__builtin_expect(since < g->rate_begin || since >= g->rate_end, 0)) {
		uint64_t i = since / info->width_ns;

		note_live(g);
		g->rate = i < info->nr_rates ? (uint32_t)i : info->nr_rates - 1;
		g->rate_begin = info->width_ns * g->rate;
		g->rate_end = g->rate_begin + info->width_ns;
	}
	return &info->rates[g->rate];
}

static void count_labels(struct gather *g, const struct trace_event *e)
{
	const struct trace_args *args = trace_reader_args(g->info->reader, e);

	for (uint8_t i = 0; args && i < args->nr && i < 2; i++) {
		if ((uint64_t)args->v[i] >= g->info->nr_labels)
			continue;
		g->labels[args->v[i]][0]++;
		g->labels[args->v[i]][1] += e->pfn == TRACE_NO_PFN ? 0 : 1ull << e->order;
	}
}

static int count_event(struct gather *g, const struct trace_event *e, uint64_t since)
{
	struct info_rate *rate = rate_of(g, since);
	struct info_cpu *cpu = &g->cpus[e->cpu];

	g->classes[e->class_id]++;
	g->info->events[e->type]++;
	if (e->task < g->info->nr_task_names)
		g->tasks[e->task]++;
	else
		g->info->nr_no_task++;
	if (!cpu->nr_events++)
		cpu->first_ns = e->ts_ns;
	cpu->last_ns = e->ts_ns > cpu->last_ns ? e->ts_ns : cpu->last_ns;
	rate->events[e->type]++;
	if (e->type == TRACE_ALLOC_FROM)
		count_labels(g, e);
	rate->failed += e->type == TRACE_ALLOC && e->pfn == TRACE_NO_PFN;
	return page_use_event(g->use, e);
}

static int count_batch(struct gather *g, const struct trace_event *events, ssize_t n, bool *past)
{
	const struct info_request *q = g->info->request;
	uint64_t start = g->info->summary->first_ns;
	int rc = 0;

	for (ssize_t i = 0; i < n && !rc; i++) {
		uint64_t since = events[i].ts_ns > start ? events[i].ts_ns - start : 0;

		if (since < q->from_ns)
			continue;
		if (since >= q->to_ns) {
			*past = true;
			break;
		}
		rc = count_event(g, &events[i], since - q->from_ns);
		g->info->nr_events++;
	}
	return rc;
}

/* Losses by the interval they end in; an interval without an event has as many pages in use as the one before.
 */
static void finish_rates(struct gather *g)
{
	struct info *info = g->info;
	uint64_t begin = info->summary->first_ns + info->request->from_ns, live = 0;

	note_live(g);
	for (uint32_t i = 0; i < info->nr_losses; i++) {
		const struct trace_loss *l = &info->losses[i];

		if (l->end_ns >= begin && l->end_ns - begin <= info->duration_ns)
			rate_of(g, l->end_ns - begin)->lost += l->nr_events;
	}
	for (uint32_t i = 0; i < info->nr_rates; i++) {
		bool empty = true;

		for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
			empty &= !info->rates[i].events[type];
		live = info->rates[i].live = empty ? live : info->rates[i].live;
	}
}

static int read_events(struct gather *g, struct mmr_error *err)
{
	struct info *info = g->info;
	const struct info_request *q = info->request;
	const struct trace_event *events;
	bool past = false;
	uint64_t seen = 0;
	ssize_t n = 0;

	trace_reader_want(info->reader, TRACE_WANT_ALL);
	trace_reader_tolerate(info->reader);
	while (!past && !(q->stop && q->stop()) && (n = trace_reader_next(info->reader, &events, err)) > 0) {
		if (count_batch(g, events, n, &past))
			return no_memory(info, err);
		seen += (uint64_t)n;
		if (q->progress)
			q->progress(seen, info->summary->nr_events);
	}
	if (n < 0)
		return (int)n;
	if (q->stop && q->stop())
		return mmr_err(err, -EINTR, "%s: interrupted after %" PRIu64 " events", info->path, seen);
	return 0;
}

static int count_events(struct gather *g, struct mmr_error *err)
{
	struct info *info = g->info;
	const struct info_request *q = info->request;
	int rc = start_rates(info, err);

	if (!rc)
		rc = read_events(g, err);
	if (rc)
		return rc;
	if (!info->nr_events && info->summary->nr_events && (q->from_ns || q->to_ns != UINT64_MAX))
		return mmr_err(err, -ERANGE, "%s: no event in the stretch asked for, expected one in %.6f s",
			       info->path, (double)(info->summary->last_ns - info->summary->first_ns) / 1e9);
	finish_rates(g);
	info->nr_unknown = info->summary->nr_unknown_events;
	info->nr_passed = trace_reader_nr_passed(info->reader);
	info->use = page_use_totals(g->use);
	info->have_use = true;
	for (uint32_t i = 0; i < info->summary->nr_damaged; i++) {
		if (!mmt_grow((void **)&info->damage, info->nr_damage, sizeof(*info->damage)))
			return no_memory(info, err);
		info->damage[info->nr_damage] = strdup(trace_reader_damage(info->reader, i));
		if (!info->damage[info->nr_damage++])
			return no_memory(info, err);
	}
	return 0;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static int compare_key(const struct info_row *a, const struct info_row *b, enum info_key key)
{
#define LARGER(member)  (a->member > b->member ? -1 : a->member < b->member)
#define SMALLER(member) (a->member < b->member ? -1 : a->member > b->member)
	switch (key) {
	case INFO_BY_EVENTS:
		return LARGER(events);
	case INFO_BY_HITS:
		return LARGER(hits);
	case INFO_BY_BYTES:
		return LARGER(pages);
	case INFO_BY_LIVE:
		return LARGER(live);
	case INFO_BY_FAILED:
		return LARGER(failed);
	case INFO_BY_ORDER:
		return LARGER(order);
	case INFO_BY_MIGRATETYPE:
		return SMALLER(migratetype);
	case INFO_BY_GFP:
		return SMALLER(gfp);
	case INFO_BY_PAGE:
		return SMALLER(id);
	case INFO_BY_DEFAULT:
		break;
	}
	return 0;
#undef LARGER
#undef SMALLER
}

static int compare_rows(const void *x, const void *y, void *ctx)
{
	static const enum info_key last[] = {INFO_BY_PAGE, INFO_BY_GFP, INFO_BY_ORDER, INFO_BY_MIGRATETYPE};
	const struct info_request *q = ctx;
	const struct info_row *a = x, *b = y;
	int order = 0;

	for (uint32_t i = 0; !order && i < q->nr_keys; i++)
		order = compare_key(a, b, q->keys[i]);
	for (size_t i = 0; !order && i < sizeof(last) / sizeof(last[0]); i++)
		order = compare_key(a, b, last[i]);
	return order;
}

void info_sort_rows(struct info_rows *rows, const struct info_request *request, enum info_key fallback)
{
	struct info_request q = *request;

	if (!q.nr_keys)
		q.keys[q.nr_keys++] = fallback;
	if (rows->nr)
		qsort_r(rows->rows, rows->nr, sizeof(*rows->rows), compare_rows, &q);
}

static struct info_row *add_row(struct info_rows *rows)
{
	if (!mmt_grow((void **)&rows->rows, rows->nr, sizeof(*rows->rows)))
		return NULL;
	rows->total++;
	rows->rows[rows->nr] = (struct info_row){0};
	return &rows->rows[rows->nr++];
}

/* The row of @gfp, and of @order and @migratetype where these are not -1. */
static struct info_row *row_for(struct info_rows *rows, uint32_t gfp, int order, int migratetype)
{
	struct info_row *row;

	for (uint32_t i = 0; i < rows->nr; i++) {
		row = &rows->rows[i];
		if (row->gfp == gfp && (order < 0 || row->order == order) &&
		    (migratetype < 0 || row->migratetype == migratetype))
			return row;
	}
	row = add_row(rows);
	if (row) {
		row->gfp = gfp;
		row->order = (uint8_t)(order < 0 ? 0 : order);
		row->migratetype = (uint8_t)(migratetype < 0 ? 0 : migratetype);
	}
	return row;
}

static void add_use(struct info_row *row, uint64_t events, const struct page_use_row *use, unsigned int order)
{
	row->events += events;
	row->hits += use ? use->requests : events;
	row->pages += use ? use->pages : events << order;
	if (!use)
		return;
	row->failed += use->failed;
	row->live += use->pages - use->gone;
}

static bool add_alloc_class(struct info *info, const struct trace_class *cls, uint64_t nr,
			    const struct page_use_row *use)
{
	struct info_row *gfp = row_for(&info->gfps, cls->gfp, -1, -1);
	struct info_row *kind = gfp ? row_for(&info->kinds, cls->gfp, cls->order, cls->migratetype) : NULL;

	if (!kind)
		return false;
	add_use(gfp, nr, use, cls->order);
	add_use(kind, nr, use, cls->order);
	if (cls->migratetype < INFO_NR_MIGRATETYPES)
		info->allocs[cls->order][cls->migratetype] += use ? use->requests : nr;
	info->failed[cls->order] += use ? use->failed : 0;
	return true;
}

/* What the classes that occur say: orders, migratetypes, gfp. */
static bool add_class(struct info *info, const struct trace_class *cls, uint64_t nr,
		      const struct page_use_row *use)
{
	if (!nr || cls->order >= TRACE_NR_ORDERS)
		return true;
	if (cls->type == TRACE_FREE)
		info->frees[cls->order] += nr;
	return !page_use_is_alloc(cls->type) || add_alloc_class(info, cls, nr, use);
}

static bool add_classes(struct gather *g, const struct trace_stats *stats)
{
	struct info *info = g->info;
	uint32_t nr = g->use ? trace_reader_nr_classes(info->reader) : stats->nr_classes;
	bool good = true;

	for (uint32_t i = 0; i < nr && good; i++) {
		uint16_t id = (uint16_t)i;

		if (g->use)
			good = add_class(info, trace_reader_class(info->reader, id), g->classes[i],
					 page_use_class(g->use, id));
		else
			good = add_class(info, &stats->classes[i].cls, stats->classes[i].nr_events, NULL);
	}
	return good;
}

static bool add_tasks(struct gather *g)
{
	struct info *info = g->info;

	for (uint32_t i = 0; i < info->nr_task_names; i++) {
		struct info_row *row;

		if (!g->tasks[i])
			continue;
		row = add_row(&info->tasks);
		if (!row)
			return false;
		row->id = i;
		row->events = g->tasks[i];
		if (!g->use)
			continue;
		add_use(row, 0, page_use_task(g->use, i), 0);
	}
	return true;
}

static bool add_labels(struct gather *g)
{
	struct info *info = g->info;

	for (uint32_t i = 0; i < info->nr_labels; i++) {
		bool stack = info->labels[i].kind == TRACE_LABEL_STACK;
		struct info_row *row;

		if (!g->labels[i][0])
			continue;
		row = add_row(stack ? &info->stacks : &info->cgroups);
		if (!row)
			return false;
		row->id = i;
		row->hits = g->labels[i][0];
		row->pages = g->labels[i][1];
	}
	return true;
}

/* Of page frames there may be millions: the first @keep are kept, in a buffer of twice as many. */
struct page_rows {
	struct info *info;
	uint64_t keep, seen;
};

static void keep_best(struct page_rows *p)
{
	struct info_rows *rows = &p->info->pages;

	info_sort_rows(rows, p->info->request, INFO_BY_BYTES);
	if (rows->nr > p->keep)
		rows->nr = (uint32_t)p->keep;
}

static int add_page(void *ctx, const struct page_use_page *page)
{
	struct page_rows *p = ctx;
	struct info_rows *rows = &p->info->pages;
	const struct trace_class *cls = trace_reader_class(p->info->reader, page->class_id);
	struct info_row *row;

	p->seen++;
	if (rows->nr >= 2 * p->keep)
		keep_best(p);
	row = add_row(rows);
	if (!row)
		return -ENOMEM;
	*row = (struct info_row){.id = page->pfn,
				 .task = page->task,
				 .gfp = cls->gfp,
				 .order = cls->order,
				 .migratetype = cls->migratetype,
				 .hits = page->hits,
				 .pages = page->pages,
				 .live = page->live ? 1u << cls->order : 0};
	return 0;
}

static bool add_pages(struct gather *g)
{
	const struct info_request *q = g->info->request;
	struct page_rows p = {.info = g->info, .keep = q->lines ? q->lines : 20};

	if (!g->use || !(q->tables & 1u << INFO_PAGES))
		return true;
	if (page_use_each(g->use, add_page, &p))
		return false;
	keep_best(&p);
	g->info->pages.total = (uint32_t)p.seen;
	return true;
}

static bool add_cpus(struct gather *g)
{
	struct info *info = g->info;

	for (uint32_t i = 0; i < info->nr_losses; i++) {
		if (info->losses[i].cpu >= NR_CPUS)
			continue;
		g->cpus[info->losses[i].cpu].nr_lost += info->losses[i].nr_events;
	}
	for (uint32_t i = 0; i < NR_CPUS; i++) {
		if (!g->cpus[i].nr_events && !g->cpus[i].nr_lost)
			continue;
		if (!mmt_grow((void **)&info->cpus, info->nr_cpus, sizeof(*info->cpus)))
			return false;
		g->cpus[i].cpu = i;
		info->cpus[info->nr_cpus++] = g->cpus[i];
	}
	return true;
}

static bool add_rows(struct gather *g, const struct trace_stats *stats)
{
	struct info *info = g->info;
	bool good = add_classes(g, stats) && add_tasks(g) && add_labels(g) && add_pages(g) && add_cpus(g);

	info_sort_rows(&info->gfps, info->request, INFO_BY_HITS);
	info_sort_rows(&info->kinds, info->request, INFO_BY_HITS);
	info_sort_rows(&info->tasks, info->request, INFO_BY_EVENTS);
	info_sort_rows(&info->stacks, info->request, INFO_BY_HITS);
	info_sort_rows(&info->cgroups, info->request, INFO_BY_HITS);
	return good;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* Keyframes that cannot be read are damage as any other. */
static bool add_keyframes(struct info *info)
{
	uint32_t nr = info->summary->nr_keyframes;

	info->keyframes = calloc((size_t)nr + 1, sizeof(*info->keyframes));
	for (uint32_t i = 0; info->keyframes && i < nr; i++) {
		struct trace_keyframe kf;
		struct mmr_error err;

		if (trace_reader_keyframe(info->reader, i, &kf, &err)) {
			if (!mmt_grow((void **)&info->damage, info->nr_damage, sizeof(*info->damage)))
				return false;
			info->damage[info->nr_damage] = strdup(err.msg);
			if (!info->damage[info->nr_damage++])
				return false;
			continue;
		}
		info->keyframes[info->nr_keyframes++] = (struct info_keyframe){
			.ts_ns = kf.ts_ns,
			.walk_ns = kf.walk_ns,
			.hold_ns = !(kf.flags & TRACE_KF_LOCKED) ? 0
				   : kf.hold_ns                  ? kf.hold_ns
								 : kf.walk_ns,
			.nr_blocks = kf.nr_blocks,
			.nr_missing = kf.nr_missing,
			.nr_free_pages = kf.nr_free_pages,
			.nid = kf.nid,
			.flags = kf.flags,
			.nr_pcps = kf.nr_pcps,
			.zone = kf.zone,
		};
		trace_keyframe_deinit(&kf);
	}
	return info->keyframes;
}

static void begin(struct info *info)
{
	const struct info_request *q = info->request;
	const struct trace_summary *s;
	uint64_t all, end;

	info->path = trace_reader_path(info->reader);
	info->machine = trace_reader_machine(info->reader);
	info->summary = s = trace_reader_summary(info->reader);
	info->task_names = trace_reader_tasks(info->reader, &info->nr_task_names);
	info->labels = trace_reader_labels(info->reader, &info->nr_labels);
	info->losses = trace_reader_losses(info->reader, &info->nr_losses);
	all = s->last_ns > s->first_ns ? s->last_ns - s->first_ns : 0;
	end = q->to_ns < all ? q->to_ns : all;
	info->duration_ns = end > q->from_ns ? end - q->from_ns : 0;
	if (info->machine->realtime_ns)
		info->start_realtime_ns =
			info->machine->realtime_ns + (s->first_ns + q->from_ns - info->machine->monotonic_ns);
}

/* Of a stretch: as in the whole file. */
static void set_bytes_per_event(struct info *info)
{
	const struct info_request *q = info->request;
	bool whole = !q->from_ns && q->to_ns == UINT64_MAX;
	uint64_t nr = whole ? info->nr_events : info->summary->nr_events;

	info->bytes_per_event = nr ? (double)info->summary->file_bytes / (double)nr : 0;
}

int info_gather(struct info *info, const struct info_request *request, struct trace_reader *reader,
		struct mmr_error *err)
{
	struct gather g = {.info = info};
	struct trace_stats stats = {0};
	int rc = 0;

	*info = (struct info){.request = request, .reader = reader};
	begin(info);
	g.classes = calloc(NR_CLASSES, sizeof(*g.classes));
	g.tasks = calloc((size_t)info->nr_task_names + 1, sizeof(*g.tasks));
	g.cpus = calloc(NR_CPUS, sizeof(*g.cpus));
	g.labels = calloc((size_t)info->nr_labels + 1, sizeof(*g.labels));
	g.use = request->quick ? NULL : page_use_create(info->nr_task_names);
	if (!g.classes || !g.tasks || !g.cpus || !g.labels || (!g.use && !request->quick))
		rc = no_memory(info, err);
	if (!rc)
		rc = request->quick ? count_heads(&g, &stats, err) : count_events(&g, err);
	if (!rc && !(add_rows(&g, &stats) && add_keyframes(info)))
		rc = no_memory(info, err);
	if (request->quick)
		for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
			info->nr_events += info->events[type];
	set_bytes_per_event(info);
	page_use_destroy(g.use);
	trace_stats_deinit(&stats);
	free(g.classes);
	free(g.tasks);
	free(g.cpus);
	free(g.labels);
	return rc;
}

void info_deinit(struct info *info)
{
	for (uint32_t i = 0; i < info->nr_damage; i++)
		free(info->damage[i]);
	free(info->damage);
	free(info->kinds.rows);
	free(info->gfps.rows);
	free(info->tasks.rows);
	free(info->pages.rows);
	free(info->stacks.rows);
	free(info->cgroups.rows);
	free(info->cpus);
	free(info->rates);
	free(info->keyframes);
	*info = (struct info){0};
}
