// SPDX-License-Identifier: GPL-2.0-or-later
/* Events become requests of the backend: the loop that every event passes. */
#include "replay/engine_internal.h"

/* How many events ahead memory is fetched: a dozen are about 200 ns of work, one memory access. */
#define PREFETCH_SLOT   24
#define PREFETCH_RECORD 12

static inline void stamp(struct engine *e, uint64_t begin, unsigned int path)
{
	uint64_t ticks = clock_ticks() - begin;

	hist_add(&e->latency[path], ticks > e->clock.overhead_ticks ? ticks - e->clock.overhead_ticks : 0);
	e->until_stamp = e->options.latency_every;
}

static inline int backend_free(struct engine *e, uint32_t pfn, unsigned int order, unsigned int cpu)
{
	uint8_t path;
	int rc;

	e->counts.frees++;
	if (__builtin_expect(--e->until_stamp == 0, 0)) {
		uint64_t begin = clock_ticks();

		rc = e->options.backend->free(e->core, pfn, order, cpu, &path);
		stamp(e, begin, path);
		return rc;
	}
	return e->options.backend->free(e->core, pfn, order, cpu, &path);
}

/* The block a live entry stands for goes back; the entry is gone. */
static inline void free_entry(struct engine *e, struct live_entry *entry, unsigned int cpu)
{
	struct live_entry block = *entry;

	live_map_remove(&e->map, entry);
	if (__builtin_expect(block.pfn == MMR_NO_PFN, 0))
		e->counts.frees_of_failed++;
	else
		backend_free(e, block.pfn, block.order, cpu);
}

/* A free of a page whose allocation the trace does not hold: from before it began, or invisible. */
static void free_unseen(struct engine *e, const struct trace_event *event, unsigned int cpu)
{
	if (e->start == ENGINE_START_RECORDED && !e->options.start_from &&
	    e->options.backend == &backend_core && mmr_page_state(e->core, event->pfn) == MMR_PAGE_BOOT &&
	    backend_free(e, event->pfn, event->order, cpu) == 0)
		e->counts.frees_boot++;
	else
		e->counts.frees_unknown++;
}

/* A free of part of a block: split it as the kernel did, and free the piece. */
static int free_piece(struct engine *e, const struct trace_event *event, const struct live_entry *covering,
		      unsigned int cpu, struct mmr_error *err)
{
	struct live_entry whole = *covering;
	int rc = live_map_split(&e->map, whole.recorded, event->order, err);

	if (rc)
		return rc;
	e->counts.splits++;
	if (whole.pfn != MMR_NO_PFN)
		e->options.backend->split(e->core, whole.pfn, whole.order, event->order);
	free_entry(e, live_map_find(&e->map, event->pfn), cpu);
	return 0;
}

/* A free that is not the whole of one block: a piece of a larger one, several smaller ones, or unseen. */
static __attribute__((noinline)) int free_pieces(struct engine *e, const struct trace_event *event,
						 unsigned int cpu, struct mmr_error *err)
{
	struct live_entry *entry = live_map_covering(&e->map, event->pfn);
	uint32_t end = event->pfn + (1u << event->order);
	bool found = false;

	if (entry && entry->order > event->order)
		return free_piece(e, event, entry, cpu, err);
	for (uint32_t pfn = event->pfn; pfn < end;) {
		uint32_t step = 1;

		entry = live_map_find(&e->map, pfn);
		if (entry) {
			step = 1u << entry->order;
			free_entry(e, entry, cpu);
			found = true;
		}
		pfn += step;
	}
	if (!found)
		free_unseen(e, event, cpu);
	return 0;
}

static inline int replay_free(struct engine *e, const struct trace_event *event, struct mmr_error *err)
{
	unsigned int cpu = translate_cpu(&e->translate, event->cpu);
	struct live_entry *entry = live_map_find(&e->map, event->pfn);

	if (__builtin_expect(!entry || entry->order != event->order, 0))
		return free_pieces(e, event, cpu, err);
	free_entry(e, entry, cpu);
	return 0;
}

static inline void replay_alloc(struct engine *e, const struct trace_event *event)
{
	struct mmr_request request = translate_alloc(&e->translate, event, e->class_gfp[event->class_id]);
	struct live_entry *entry = live_map_find(&e->map, event->pfn);
	struct mmr_page page;

	if (__builtin_expect(entry != NULL, 0)) {
		e->counts.reallocs++;
		free_entry(e, entry, request.cpu);
	}
	e->counts.allocs++;
	if (__builtin_expect(--e->until_stamp == 0, 0)) {
		uint64_t begin = clock_ticks();

		page = e->options.backend->alloc(e->core, &request);
		stamp(e, begin, page.path);
	} else {
		page = e->options.backend->alloc(e->core, &request);
	}
	if (__builtin_expect(page.pfn == MMR_NO_PFN, 0))
		e->counts.failed++;
	else
		e->counts.alloc_pages += 1ull << event->order;
	live_map_add(&e->map, event->pfn, event->order, page.pfn);
}

/* Is this event older than the keyframe of its zone? */
static bool before_keyframe(const struct engine *e, const struct trace_event *event)
{
	for (unsigned int i = 0; i < e->nr_zone_starts; i++) {
		const struct zone_start *zone = &e->zone_starts[i];

		if (event->pfn >= zone->start_pfn && event->pfn < zone->end_pfn)
			return event->ts_ns < zone->ts_ns;
	}
	return false;
}

static void learn_classes(struct engine *e, uint16_t id)
{
	for (; e->nr_classes <= id; e->nr_classes++) {
		const struct trace_class *cls = trace_reader_class(e->reader, (uint16_t)e->nr_classes);

		e->class_gfp[e->nr_classes] = cls ? cls->gfp & MMR_GFP_KNOWN : 0;
	}
}

/* First the map's slot of an event to come, then, with what it says, the core's record. */
static inline void prefetch(const struct engine *e, const struct trace_event *events, size_t i, size_t nr)
{
	const struct trace_event *soon = &events[i + PREFETCH_RECORD];
	const struct live_entry *entry;

	if (i + PREFETCH_SLOT >= nr)
		return;
	__builtin_prefetch(live_map_slot(&e->map, events[i + PREFETCH_SLOT].pfn), 1);
	if (soon->type != TRACE_FREE)
		return;
	entry = live_map_find(&e->map, soon->pfn);
	mmr_prefetch_page(e->core, entry ? entry->pfn : soon->pfn);
}

int engine_replay_batch(struct engine *e, const struct trace_event *events, size_t nr, struct mmr_error *err)
{
	int rc = live_map_reserve(&e->map, (uint32_t)nr, err);

	for (size_t i = 0; i < nr && !rc; i++) {
		const struct trace_event *event = &events[i];

		prefetch(e, events, i, nr);
		if (__builtin_expect(event->ts_ns >= e->next_timer_ns, 0))
			engine_run_timers(e, event->ts_ns);
		e->counts.recorded[event->type]++;
		translate_follow(&e->translate, event);
		if (event->type > TRACE_FREE)
			continue;
		if (__builtin_expect(event->pfn == TRACE_NO_PFN, 0)) {
			e->counts.recorded_failed += event->type == TRACE_ALLOC;
			continue;
		}
		if (__builtin_expect(event->ts_ns < e->all_started_ns, 0) && before_keyframe(e, event)) {
			e->counts.before_keyframe++;
			continue;
		}
		if (event->type == TRACE_ALLOC) {
			if (__builtin_expect(event->class_id >= e->nr_classes, 0))
				learn_classes(e, event->class_id);
			replay_alloc(e, event);
		} else {
			rc = replay_free(e, event, err);
		}
	}
	return rc;
}
