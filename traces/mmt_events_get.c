// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the EVENTS payload. All that a later loop relies on is checked here, once per block:
 * indices into the dictionary, counts per class, far steps, task runs.
 */
#include "traces/mmt_events.h"

#include <stdlib.h>
#include <zstd.h>

#include "traces/format.h"
#include "traces/mmt_classes.h"
#include "traces/mmt_pfns.h"

void mmt_prelude_deinit(struct mmt_prelude *pre)
{
	free(pre->dict);
	*pre = (struct mmt_prelude){0};
}

static const char *get_dictionary(struct mmt_cursor *c, uint32_t count, struct mmt_prelude *pre)
{
	uint64_t nr = mmt_get_varint(c), total = 0;

	if (c->bad || !nr || nr > MMT_MAX_CLASSES || nr > mmt_left(c) / (MMT_CLASS_BYTES + 1))
		return "its dictionary has an impossible number of classes";
	if (nr > pre->dict_cap) {
		free(pre->dict);
		pre->dict_cap = 0;
		pre->dict = malloc(nr * sizeof(*pre->dict));
		if (!pre->dict)
			return "no memory for its dictionary";
		pre->dict_cap = (uint32_t)nr;
	}
	pre->nr_classes = (uint32_t)nr;
	for (uint32_t i = 0; i < nr; i++) {
		const uint8_t *p = mmt_get(c, MMT_CLASS_BYTES);
		uint64_t events = mmt_get_varint(c);

		if (c->bad || events > count)
			return "a class of its dictionary is cut off or has too many events";
		mmt_class_get(p, &pre->dict[i].cls);
		pre->dict[i].count = (uint32_t)events;
		total += events;
	}
	return total == count ? NULL : "its classes' counts do not add up to its events";
}

const char *mmt_get_prelude(struct mmt_cursor *c, uint32_t count, struct mmt_prelude *pre)
{
	const char *what;

	if (!count || count > MMT_MAX_BLOCK_EVENTS)
		return "its number of events is 0 or above 1048576";
	pre->base_ns = mmt_get_le64(c);
	what = get_dictionary(c, count, pre);
	if (what)
		return what;
	pre->nr_columns = mmt_get_u8(c);
	for (uint32_t i = 0; i < pre->nr_columns; i++) {
		struct mmt_column_head *h = &pre->columns[i];
		uint64_t raw, stored;

		h->id = mmt_get_u8(c);
		h->codec = mmt_get_u8(c);
		raw = mmt_get_varint(c);
		stored = mmt_get_varint(c);
		if (c->bad || raw > MMT_MAX_RAW_BYTES || stored > mmt_left(c))
			return "a column's head is cut off or its length is impossible";
		h->raw = (uint32_t)raw;
		h->stored = (uint32_t)stored;
	}
	return c->bad ? "its list of columns is cut off" : NULL;
}

void mmt_events_deinit(struct mmt_events *ev)
{
	mmt_prelude_deinit(&ev->pre);
	free(ev->class_index);
	free(ev->step);
	free(ev->far);
	free(ev->pfn);
	free(ev->runs);
	free(ev->arg_bytes);
	*ev = (struct mmt_events){0};
}

void mmt_workspace_deinit(struct mmt_workspace *work)
{
	free(work->scratch);
	ZSTD_freeDCtx(work->dctx);
	*work = (struct mmt_workspace){0};
}

static bool reserve_events(struct mmt_events *ev, uint32_t nr)
{
	if (nr <= ev->cap)
		return true;
	free(ev->class_index);
	free(ev->step);
	free(ev->pfn);
	ev->cap = 0;
	ev->class_index = malloc(nr * sizeof(*ev->class_index));
	ev->step = malloc(nr * sizeof(*ev->step));
	ev->pfn = malloc((nr + 1) * sizeof(*ev->pfn)); /* one behind the last may be looked at */
	if (!ev->class_index || !ev->step || !ev->pfn)
		return false;
	ev->cap = nr;
	return true;
}

/* A column's bytes: where they lie in the file, or expanded into the scratch space from @at on. */
static const uint8_t *expand(struct mmt_workspace *work, const struct mmt_column_head *h, const uint8_t *stored,
			     size_t at)
{
	size_t n;

	if (h->codec == MMT_CODEC_PLAIN)
		return h->raw == h->stored ? stored : NULL;
	if (h->codec != MMT_CODEC_ZSTD)
		return NULL;
	if (!work->dctx && !(work->dctx = ZSTD_createDCtx()))
		return NULL;
	/* One byte more: an empty column has a place too. */
	if (at + h->raw >= work->scratch_cap) {
		uint8_t *p = realloc(work->scratch, at + h->raw + 1);

		if (!p)
			return NULL;
		work->scratch = p;
		work->scratch_cap = at + h->raw + 1;
	}
	n = ZSTD_decompressDCtx(work->dctx, work->scratch + at, h->raw, stored, h->stored);
	return !ZSTD_isError(n) && n == h->raw ? work->scratch + at : NULL;
}

/* The columns of one block, by id: head and stored bytes. */
struct columns {
	const struct mmt_column_head *head[MMT_NR_COLUMNS];
	const uint8_t *stored[MMT_NR_COLUMNS];
	struct mmt_workspace *work;
};

static const char *find_columns(struct mmt_cursor *c, const struct mmt_prelude *pre, struct mmt_workspace *work,
				struct columns *cols)
{
	*cols = (struct columns){.work = work};
	for (uint32_t i = 0; i < pre->nr_columns; i++) {
		const struct mmt_column_head *h = &pre->columns[i];
		const uint8_t *p = mmt_get(c, h->stored);

		if (!p)
			return "a column is cut off";
		if (h->id >= MMT_NR_COLUMNS)
			continue;
		if (cols->head[h->id])
			return "a column is given twice";
		cols->head[h->id] = h;
		cols->stored[h->id] = p;
	}
	return NULL;
}

/*
 * How often each class occurs. Four counts side by side: events of one kind come in rows, and a single
 * count would wait for its own last store each time (2 ns an event).
 */
static bool count_narrow(struct mmt_events *ev, const uint8_t *p, uint32_t *seen)
{
	uint32_t counts[4][256] = {0}, i = 0;
	uint8_t largest = 0;

	for (uint32_t k = 0; k < ev->nr; k++)
		largest = p[k] > largest ? p[k] : largest;
	if (largest >= ev->pre.nr_classes)
		return false;
	for (uint32_t k = 0; k < ev->nr; k++)
		ev->class_index[k] = p[k];
	for (; i + 4 <= ev->nr; i += 4)
		for (uint32_t k = 0; k < 4; k++)
			counts[k][p[i + k]]++;
	for (; i < ev->nr; i++)
		counts[0][p[i]]++;
	for (uint32_t k = 0; k <= largest; k++)
		seen[k] = counts[0][k] + counts[1][k] + counts[2][k] + counts[3][k];
	return true;
}

static bool count_wide(struct mmt_events *ev, const uint8_t *p, uint32_t *seen)
{
	for (uint32_t i = 0; i < ev->nr; i++) {
		uint16_t k = mmt_le16(p + 2 * (size_t)i);

		if (k >= ev->pre.nr_classes)
			return false;
		ev->class_index[i] = k;
		seen[k]++;
	}
	return true;
}

/* Where each type's pfns start; false where the dictionary's counts are others than the events'. */
static bool group_types(struct mmt_events *ev, const uint32_t *seen)
{
	bool same = true;

	memset(ev->group, 0, sizeof(ev->group));
	for (uint32_t k = 0; k < ev->pre.nr_classes; k++) {
		same &= seen[k] == ev->pre.dict[k].count;
		if (ev->pre.dict[k].cls.type < 255)
			ev->group[ev->pre.dict[k].cls.type + 1] += seen[k];
	}
	for (size_t type = 1; type < 256; type++)
		ev->group[type] += ev->group[type - 1];
	return same;
}

static const char *get_classes(struct mmt_events *ev, const struct columns *cols)
{
	bool wide = cols->head[MMT_COL_CLASS16], known, same;
	int id = wide ? MMT_COL_CLASS16 : MMT_COL_CLASS8;
	const struct mmt_column_head *h = cols->head[id];
	const uint8_t *p = h && h->raw == ev->nr << wide ? expand(cols->work, h, cols->stored[id], 0) : NULL;
	uint32_t *seen;

	if (!p)
		return "its class column is missing, damaged or of the wrong length";
	seen = calloc(ev->pre.nr_classes, sizeof(*seen));
	if (!seen)
		return "no memory for its classes";
	known = wide ? count_wide(ev, p, seen) : count_narrow(ev, p, seen);
	same = known && group_types(ev, seen);
	free(seen);
	if (!known)
		return "an event's class is not in its dictionary";
	return same ? NULL : "its classes' counts differ from its events";
}

static const char *get_far_steps(struct mmt_events *ev, const struct columns *cols, uint32_t nr)
{
	const struct mmt_column_head *h = cols->head[MMT_COL_TIME_FAR];
	struct mmt_cursor c = {0};

	ev->nr_far = nr;
	if (h) {
		const uint8_t *p = h->raw <= 10 * (uint64_t)nr
					   ? expand(cols->work, h, cols->stored[MMT_COL_TIME_FAR], 0)
					   : NULL;

		if (!p)
			return "its far time steps are damaged or too many";
		c = mmt_cursor(p, h->raw);
	}
	if (nr > ev->far_cap) {
		free(ev->far);
		ev->far_cap = 0;
		ev->far = malloc(nr * sizeof(*ev->far));
		if (!ev->far)
			return "no memory for its far time steps";
		ev->far_cap = nr;
	}
	ev->steps_back = false;
	for (uint32_t i = 0; i < nr; i++) {
		ev->far[i] = mmt_unzigzag(mmt_get_varint(&c));
		ev->steps_back |= ev->far[i] < 0;
	}
	return c.bad || mmt_left(&c) ? "its far time steps are too few or too many" : NULL;
}

/* From two columns of bytes. Return: how many are far */
static uint32_t join_steps(struct mmt_events *ev, const uint8_t *low, const uint8_t *high)
{
	uint32_t nr_far = 0;

	for (uint32_t i = 0; i < ev->nr; i++) {
		uint16_t step = (uint16_t)(low[i] | high[i] << 8);

		ev->step[i] = step;
		nr_far += step == MMT_TIME_FAR;
	}
	return nr_far;
}

static const char *get_times(struct mmt_events *ev, const struct columns *cols)
{
	const struct mmt_column_head *low = cols->head[MMT_COL_TIME_LOW], *high = cols->head[MMT_COL_TIME_HIGH];
	const uint8_t *l, *h;

	if (!low || !high || low->raw != ev->nr || high->raw != ev->nr)
		return "its time columns are missing or of the wrong length";
	/* The second expansion may move the scratch space: take the first one's place again. */
	l = expand(cols->work, low, cols->stored[MMT_COL_TIME_LOW], 0);
	h = l ? expand(cols->work, high, cols->stored[MMT_COL_TIME_HIGH], ev->nr) : NULL;
	if (!h)
		return "its time columns are damaged";
	if (low->codec == MMT_CODEC_ZSTD)
		l = cols->work->scratch;
	return get_far_steps(ev, cols, join_steps(ev, l, h));
}

static bool is_needed(uint64_t types, uint8_t type)
{
	return types == MMT_ALL_TYPES || (type < 64 && types >> type & 1);
}

static uint32_t count_needed(const struct mmt_prelude *pre, uint64_t types)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < pre->nr_classes; i++)
		nr += is_needed(types, pre->dict[i].cls.type) ? pre->dict[i].count : 0;
	return nr;
}

/* How many of the pfns: they lie by type. */
static uint32_t nr_needed(const struct mmt_events *ev, uint64_t types)
{
	if (types == MMT_ALL_TYPES)
		return ev->nr;
	return types ? ev->group[64 - __builtin_clzll(types)] : 0;
}

static uint32_t highest(const uint32_t *pfns, uint32_t nr)
{
	uint32_t top = 0;

	for (uint32_t i = 0; i < nr; i++)
		top = pfns[i] > top ? pfns[i] : top;
	return top;
}

static const char *get_pfns(struct mmt_events *ev, const struct columns *cols, uint64_t types, bool *overflow)
{
	const struct mmt_column_head *fresh = cols->head[MMT_COL_PFN_NEW],
				     *copies = cols->head[MMT_COL_PFN_COPIES];
	uint64_t limit = 20 * (uint64_t)ev->nr; /* two varints per pfn are more than any writer needs */
	struct mmt_cursor fresh_bytes, copy_bytes = {0};
	uint32_t needed = nr_needed(ev, types);
	const uint8_t *f, *c = NULL;
	const char *what;

	if (!fresh || fresh->raw > limit || (copies && copies->raw > limit))
		return "its pfn columns are missing or too long";
	f = expand(cols->work, fresh, cols->stored[MMT_COL_PFN_NEW], 0);
	if (f && copies)
		c = expand(cols->work, copies, cols->stored[MMT_COL_PFN_COPIES], fresh->raw);
	if (!f || (copies && !c))
		return "its pfn columns are damaged";
	if (fresh->codec == MMT_CODEC_ZSTD)
		f = cols->work->scratch; /* the second expansion may have moved it */
	fresh_bytes = mmt_cursor(f, fresh->raw);
	if (c)
		copy_bytes = mmt_cursor(c, copies->raw);
	what = mmt_get_pfns(&fresh_bytes, &copy_bytes, ev->pfn, ev->nr, needed, overflow);
	ev->top_pfn = what ? 0 : highest(ev->pfn, needed);
	return what;
}

static const char *get_runs(struct mmt_events *ev, const struct columns *cols)
{
	const struct mmt_column_head *h = cols->head[MMT_COL_TASK_RUNS];
	const uint8_t *p = NULL;
	struct mmt_cursor c;
	uint32_t end = 0;

	ev->nr_runs = 0;
	if (h && h->raw <= 15 * (uint64_t)ev->nr)
		p = expand(cols->work, h, cols->stored[MMT_COL_TASK_RUNS], 0);
	if (!p)
		return "its task column is missing, damaged or too long";
	c = mmt_cursor(p, h->raw);
	while (end < ev->nr) {
		uint64_t task = mmt_get_varint(&c), run = mmt_get_varint(&c);

		if (c.bad || task > UINT32_MAX || !run || run > ev->nr - end)
			return "its task runs do not fit its events";
		if (ev->nr_runs == ev->runs_cap) {
			uint32_t cap = ev->runs_cap ? ev->runs_cap * 2 : 64;
			struct mmt_task_run *runs = realloc(ev->runs, cap * sizeof(*runs));

			if (!runs)
				return "no memory for its task runs";
			ev->runs = runs;
			ev->runs_cap = cap;
		}
		end += (uint32_t)run;
		ev->runs[ev->nr_runs++] = (struct mmt_task_run){(uint32_t)task - 1u, end};
	}
	return mmt_left(&c) ? "its task runs go on behind its last event" : NULL;
}

/* A copy: arguments are taken one by one long after the scratch space has been used again. */
static const char *get_args(struct mmt_events *ev, const struct columns *cols, uint64_t types)
{
	const struct mmt_column_head *h = cols->head[MMT_COL_ARGS];
	bool needed = types == MMT_ALL_TYPES;
	const uint8_t *p = NULL;
	uint64_t nr = 0;

	for (uint32_t i = 0; i < ev->pre.nr_classes; i++) {
		uint64_t args = (uint64_t)ev->pre.dict[i].count * ev->pre.dict[i].cls.nr_args;

		nr += args;
		needed |= args && is_needed(types, ev->pre.dict[i].cls.type);
	}
	ev->args = (struct mmt_cursor){0};
	if (!needed)
		return NULL;
	if (!nr)
		return h ? "its column of arguments is for no event" : NULL;
	if (h && h->raw >= nr && h->raw / 10 <= nr)
		p = expand(cols->work, h, cols->stored[MMT_COL_ARGS], 0);
	if (!p)
		return "its column of arguments is missing, damaged or of an impossible length";
	free(ev->arg_bytes);
	ev->arg_bytes = malloc(h->raw);
	if (!ev->arg_bytes)
		return "no memory for its arguments";
	memcpy(ev->arg_bytes, p, h->raw);
	ev->args = mmt_cursor(ev->arg_bytes, h->raw);
	while (nr--)
		mmt_get_varint(&ev->args);
	if (ev->args.bad || mmt_left(&ev->args))
		return "its arguments are too few or too many";
	ev->args = mmt_cursor(ev->arg_bytes, h->raw);
	return NULL;
}

static const char *start(struct mmt_cursor *c, uint32_t count, struct mmt_workspace *work,
			 struct mmt_events *ev, struct columns *cols)
{
	const char *what = mmt_get_prelude(c, count, &ev->pre);

	ev->nr = count;
	if (!what)
		what = find_columns(c, &ev->pre, work, cols);
	if (!what && !reserve_events(ev, count))
		what = "no memory for its events";
	return what;
}

const char *mmt_get_events(struct mmt_cursor *c, uint32_t count, uint64_t types, struct mmt_workspace *work,
			   struct mmt_events *ev, bool *overflow)
{
	struct columns cols;
	const char *what = start(c, count, work, ev, &cols);

	*overflow = false;
	ev->nr_needed = what ? 0 : count_needed(&ev->pre, types);
	if (!what && !ev->nr_needed)
		return NULL;
	if (!what)
		what = get_classes(ev, &cols);
	if (!what)
		what = get_times(ev, &cols);
	if (!what)
		what = get_pfns(ev, &cols, types, overflow);
	if (!what)
		what = get_runs(ev, &cols);
	if (!what)
		what = get_args(ev, &cols, types);
	return what;
}

const char *mmt_get_task_runs(struct mmt_cursor *c, uint32_t count, struct mmt_workspace *work,
			      struct mmt_events *ev)
{
	struct columns cols;
	const char *what = start(c, count, work, ev, &cols);

	return what ? what : get_runs(ev, &cols);
}
