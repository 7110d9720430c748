// SPDX-License-Identifier: GPL-2.0-or-later
/* A good recording, edited by bytes. */
#include "replay/tests/wild_trace.h"

#include "replay/tests/wild_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define must(rc, err)                                                                                          \
	do {                                                                                                   \
		if (rc) {                                                                                      \
			fprintf(stderr, "wild: %s\n", (err).msg);                                              \
			abort();                                                                               \
		}                                                                                              \
	} while (0)

/* What an edit does; of events first, then of keyframes. */
enum {
	EDIT_TYPE,
	EDIT_PFN,
	EDIT_PFN_OF,
	EDIT_PFN_NEAR,
	EDIT_ORDER,
	EDIT_MT,
	EDIT_FALLBACK,
	EDIT_CPU,
	EDIT_FLAGS,
	EDIT_ZONE,
	EDIT_ARG,
	EDIT_ARG_SMALL,
	EDIT_ARG_BIG,
	EDIT_NR_ARGS,
	EDIT_TIME,
	EDIT_TASK,
	EDIT_GFP,
	EDIT_LIKE,
	EDIT_DROP,
	EDIT_DOUBLE,
	EDIT_SWAP,
	EDIT_ALL_LIKE,
	NR_EVENT_EDITS,
	EDIT_KF_BLOCK = NR_EVENT_EDITS,
	EDIT_KF_BLOCK_LIKE,
	EDIT_KF_TYPE,
	EDIT_KF_PCP,
	EDIT_KF_PCP_ENTRY,
	EDIT_KF_NUMBERS,
	EDIT_KF_ZONE,
	NR_EDITS
};

_Static_assert((int)NR_EDITS <= (int)WILD_ZONE, "edits of events and keyframes come before those of the rest");

static struct wild_edit edit_at(const uint8_t *bytes)
{
	struct wild_edit e = {.what = bytes[2] % NR_WILD_EDITS, .how = bytes[3]};

	memcpy(&e.where, bytes, sizeof(e.where));
	memcpy(&e.value, bytes + 4, sizeof(e.value));
	return e;
}

void wild_trace_load(struct wild_trace *t, const char *path)
{
	const struct trace_event *events;
	struct mmr_error err = {0};
	ssize_t nr;

	*t = (struct wild_trace){0};
	must(trace_reader_open(path, &t->reader, &err), err);
	trace_reader_want(t->reader, TRACE_WANT_ALL);
	while ((nr = trace_reader_next(t->reader, &events, &err)) > 0) {
		t->events = realloc(t->events, (t->nr + (size_t)nr) * sizeof(*t->events));
		if (!t->events)
			abort();
		for (ssize_t i = 0; i < nr; i++) {
			const struct trace_args *args = trace_reader_args(t->reader, &events[i]);

			t->events[t->nr++] = (struct wild_event){
				.ev = events[i],
				.cls = *trace_reader_class(t->reader, events[i].class_id),
				.args = args ? *args : (struct trace_args){0},
			};
		}
	}
	must(nr, err);
}

void wild_trace_deinit(struct wild_trace *t)
{
	trace_reader_close(t->reader);
	free(t->events);
}

/* ---- events -------------------------------------------------------------------------------- */

static void become_type(struct wild_event *e, uint8_t type)
{
	e->cls.type = type;
	e->cls.nr_args = trace_event_info(type)->nr_args;
	e->args.nr = e->cls.nr_args;
	if (type < TRACE_NR_PAGE_EVENTS)
		e->cls.zone = 0;
	else
		e->cls.fallback_order = e->cls.fallback_migratetype = 0;
}

static void edit_fields(struct wild_event *e, const struct wild_edit *edit, const struct wild_event *other)
{
	int64_t *arg = &e->args.v[edit->how % TRACE_MAX_ARGS];

	switch (edit->what) {
	case EDIT_TYPE:
		become_type(e, (uint8_t)(edit->value % NR_TRACE_EVENT_TYPES));
		break;
	case EDIT_PFN:
		e->ev.pfn = edit->value;
		break;
	case EDIT_PFN_OF:
		e->ev.pfn = other->ev.pfn;
		break;
	case EDIT_PFN_NEAR:
		e->ev.pfn += edit->value % 4096 - 2048;
		break;
	case EDIT_ORDER:
		e->cls.order = (uint8_t)(edit->how & 1 ? edit->value : edit->value % 12);
		if (edit->how & 2 && e->cls.order < 32)
			e->ev.pfn &= ~((1u << e->cls.order) - 1);
		break;
	case EDIT_MT:
		e->cls.migratetype = (uint8_t)(edit->how & 1 ? edit->value : edit->value % 8);
		break;
	case EDIT_FALLBACK:
		e->cls.fallback_order = (uint8_t)(edit->how & 1 ? edit->value : edit->value % 12);
		e->cls.fallback_migratetype = (uint8_t)(edit->how & 2 ? edit->value >> 8 : edit->value % 8);
		break;
	case EDIT_CPU:
		e->ev.cpu = (uint16_t)(edit->how & 1 ? edit->value % 4096 : edit->value % 3);
		break;
	case EDIT_FLAGS:
		e->cls.flags = (uint8_t)edit->value;
		break;
	case EDIT_ZONE:
		e->cls.zone = (uint8_t)(edit->how & 1 ? edit->value : edit->value % 6);
		break;
	case EDIT_ARG:
		*arg = (int32_t)edit->value;
		break;
	case EDIT_ARG_SMALL:
		*arg = (int8_t)edit->value;
		break;
	case EDIT_ARG_BIG:
		*arg = (int64_t)((uint64_t)edit->value << 32 | edit->value);
		break;
	case EDIT_NR_ARGS:
		e->cls.nr_args = e->args.nr = (uint8_t)(edit->value % (TRACE_MAX_ARGS + 1));
		break;
	case EDIT_TIME:
		e->ev.ts_ns += (uint64_t)(edit->how & 1 ? (int64_t)(int32_t)edit->value
							: (int64_t)(int16_t)edit->value);
		break;
	case EDIT_TASK:
		e->ev.task = edit->how & 1 ? edit->value : other->ev.task;
		break;
	case EDIT_GFP:
		e->cls.gfp = edit->how & 1 ? e->cls.gfp ^ 1u << edit->value % 32 : edit->value;
		break;
	case EDIT_LIKE:
		e->cls = other->cls;
		e->args = other->args;
		break;
	default:
		break;
	}
}

static size_t edit_event(struct wild_event *events, size_t nr, const struct wild_edit *edit)
{
	size_t at = edit->where % nr;
	struct wild_event *e = &events[at], other = events[edit->value % nr];

	switch (edit->what) {
	case EDIT_DROP:
		memmove(e, e + 1, (--nr - at) * sizeof(*e));
		break;
	case EDIT_DOUBLE:
		memmove(e + 1, e, (nr++ - at) * sizeof(*e));
		break;
	case EDIT_SWAP:
		events[edit->value % nr] = *e;
		*e = other;
		/* Times rise: the places change, the contents do not. */
		events[edit->value % nr].ev.ts_ns = other.ev.ts_ns;
		e->ev.ts_ns = events[at ? at - 1 : 0].ev.ts_ns + 1;
		break;
	case EDIT_ALL_LIKE: /* a row of events */
		for (size_t i = at; i < nr && i < at + edit->how; i++) {
			struct wild_edit one = {.what = edit->value % EDIT_LIKE,
						.how = (uint8_t)(edit->value >> 8)};

			one.value = (edit->value >> 16) * 2654435761u +
				    (edit->value & 0x80 ? (uint32_t)i * 40503u : 0);
			edit_fields(&events[i], &one, &other);
		}
		break;
	default:
		edit_fields(e, edit, &other);
		break;
	}
	return nr;
}

static void write_event(struct trace_writer *w, const struct wild_event *from, uint16_t policy)
{
	struct wild_event e = *from;
	struct mmr_error err = {0};

	/* The format has arguments for kinds beyond the page events only, policies for allocations. */
	if (e.cls.type < TRACE_NR_PAGE_EVENTS)
		e.cls.nr_args = e.args.nr = 0;
	e.cls.policy = e.cls.type == TRACE_ALLOC ? policy : 0;
	must(trace_writer_class(w, &e.cls, &e.ev.class_id, &err), err);
	if (e.cls.nr_args)
		must(trace_writer_event_args(w, &e.ev, &e.args, &err), err);
	else
		must(trace_writer_event(w, &e.ev, &err), err);
}

/* ---- keyframes ------------------------------------------------------------------------------ */

static void edit_block(struct trace_free_block *block, const struct wild_edit *edit)
{
	if (edit->how & 1)
		block->pfn = edit->how & 2 ? edit->value : block->pfn + edit->value % 64 - 32;
	if (edit->how & 4)
		block->order = (uint8_t)(edit->how & 8 ? edit->value : edit->value % 12);
	if (edit->how & 16)
		block->migratetype = (uint8_t)(edit->how & 32 ? edit->value >> 8 : edit->value % 8);
}

static void edit_pcp(struct trace_pcp *pcp, const struct wild_edit *edit)
{
	uint32_t *const numbers[] = {&pcp->cpu,      &pcp->count, &pcp->high,      &pcp->high_min,
				     &pcp->high_max, &pcp->batch, &pcp->free_count};
	unsigned int which = edit->how % 12;

	if (which < 7)
		*numbers[which] = edit->how & 128 ? edit->value : edit->value % 16;
	else if (which == 7)
		pcp->alloc_factor = (uint8_t)edit->value;
	else if (which == 8)
		pcp->flags = (uint8_t)edit->value;
	else if (which == 9)
		pcp->have_lists = edit->value & 1;
	else if (which == 10)
		pcp->ts_ns = edit->how & 128 ? edit->value : pcp->ts_ns + edit->value;
	else
		pcp->expire = (uint8_t)edit->value;
}

static void edit_numbers(struct trace_keyframe *kf, const struct wild_edit *edit)
{
	switch (edit->how % 8) {
	case 0:
		kf->ts_ns = edit->how & 128 ? edit->value : kf->ts_ns + edit->value;
		break;
	case 1:
		kf->flags = edit->value;
		break;
	case 2:
		kf->watermark_boost = (uint64_t)edit->value << (edit->how & 128 ? 32 : 0);
		break;
	case 3:
		kf->zone_flags = edit->value;
		break;
	case 4:
		kf->nr_free_pages = (uint64_t)edit->value << (edit->how & 128 ? 32 : 0);
		break;
	case 5:
		kf->nr_reserved_highatomic = kf->nr_free_highatomic = edit->value;
		break;
	case 6:
		kf->nr_pageblocks = kf->nr_pageblocks > edit->value % 64 ? edit->value % 64 : kf->nr_pageblocks;
		break;
	default:
		kf->nr_blocks = kf->nr_blocks > edit->value % 64 ? edit->value % 64 : kf->nr_blocks;
		break;
	}
}

static void edit_keyframe(struct trace_keyframe *kf, const struct wild_edit *edit)
{
	struct trace_pcp *pcp = kf->nr_pcps ? &kf->pcps[edit->where % kf->nr_pcps] : NULL;

	if (edit->what == EDIT_KF_BLOCK && kf->nr_blocks)
		edit_block(&kf->blocks[(edit->where >> 2) % kf->nr_blocks], edit);
	else if (edit->what == EDIT_KF_BLOCK_LIKE && kf->nr_blocks)
		kf->blocks[(edit->where >> 2) % kf->nr_blocks] = kf->blocks[edit->value % kf->nr_blocks];
	else if (edit->what == EDIT_KF_TYPE && kf->nr_pageblocks)
		kf->pageblock_types[(edit->where >> 2) % kf->nr_pageblocks] = (uint8_t)edit->value;
	else if (edit->what == EDIT_KF_PCP && pcp)
		edit_pcp(pcp, edit);
	else if (edit->what == EDIT_KF_PCP_ENTRY && pcp && pcp->nr_entries)
		edit_block(&pcp->entries[(edit->where >> 2) % pcp->nr_entries], edit);
	else if (edit->what == EDIT_KF_NUMBERS)
		edit_numbers(kf, edit);
	else if (edit->what == EDIT_KF_ZONE && edit->how & 1)
		kf->nid = edit->how & 2 ? edit->value : edit->value % 3;
	else if (edit->what == EDIT_KF_ZONE)
		kf->zone = (uint8_t)(edit->how & 2 ? edit->value : edit->value % 6);
}

static void write_keyframes(const struct wild_trace *t, struct trace_writer *w, const uint8_t *edits, size_t nr)
{
	uint32_t nr_keyframes = trace_reader_summary(t->reader)->nr_keyframes;
	struct mmr_error err = {0};

	for (uint32_t k = 0; k < nr_keyframes; k++) {
		struct trace_keyframe kf;

		must(trace_reader_keyframe(t->reader, k, &kf, &err), err);
		for (size_t i = 0; i < nr; i++) {
			struct wild_edit edit = edit_at(&edits[i * WILD_EDIT_BYTES]);

			if (edit.what >= NR_EVENT_EDITS && edit.where % 4 % nr_keyframes == k)
				edit_keyframe(&kf, &edit);
		}
		must(trace_writer_keyframe(w, &kf, &err), err);
		trace_keyframe_deinit(&kf);
	}
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* The header, the tasks, the keyframes; where the edited machine is refused, as it was. */
static struct trace_writer *begin_file(const struct wild_trace *t, const char *path,
				       const struct wild_edit *edits, size_t nr)
{
	const struct trace_machine *machine = trace_reader_machine(t->reader);
	struct mmr_error err = {0};
	struct trace_writer *w;
	const struct trace_task *tasks;
	uint32_t nr_tasks, id;

	if (wild_header_create(path, machine, edits, nr, &w, &err))
		must(trace_writer_create(path, machine, NULL, &w, &err), err);
	tasks = trace_reader_tasks(t->reader, &nr_tasks);
	for (uint32_t i = 0; i < nr_tasks; i++)
		must(trace_writer_task(w, &tasks[i], &id, &err), err);
	return w;
}

void wild_trace_write(const struct wild_trace *t, const char *path, const uint8_t *bytes, size_t nr)
{
	struct wild_event *events = malloc((t->nr + nr + 1) * sizeof(*events));
	struct wild_edit *edits = malloc((nr + 1) * sizeof(*edits));
	struct mmr_error err = {0};
	size_t nr_events = t->nr;
	struct trace_writer *w;

	if (!events || !edits || !nr_events)
		abort();
	memcpy(events, t->events, nr_events * sizeof(*events));
	for (size_t i = 0; i < nr; i++) {
		edits[i] = edit_at(&bytes[i * WILD_EDIT_BYTES]);
		if (edits[i].what < NR_EVENT_EDITS && nr_events > 1)
			nr_events = edit_event(events, nr_events, &edits[i]);
	}
	w = begin_file(t, path, edits, nr);
	write_keyframes(t, w, bytes, nr);
	wild_header_losses(w, trace_reader_summary(t->reader), edits, nr);
	for (size_t i = 0; i < nr_events; i++)
		write_event(w, &events[i], wild_header_policy(w, edits, nr, i));
	must(trace_writer_close(w, &err), err);
	free(edits);
	free(events);
}
