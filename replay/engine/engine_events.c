// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events become requests of the backend: the loop that every event passes.
 *
 * It is compiled once for each kind of backend, and once more for a core that reclaims: @k and @modelled
 * are constants in each, so that no event pays for what its replay does not do.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/engine/engine_internal.h"

/* How many events ahead memory is fetched: eight are about 150 ns of work, one memory access. */
#define AHEAD_RECORD 8
#define AHEAD_SLOT   16 /* a power of two */
#define AHEAD_CHUNK  24
_Static_assert(AHEAD_CHUNK <= TRACE_READER_AHEAD, "so many may be looked at behind the last event");

/* Events of several CPUs are in order of time, or earlier by less than this. */
#define SLACK_NS 1000000000

#define HOT static inline __attribute__((always_inline))

/* ---- asking the backend ------------------------------------------------------------------------ */

static int backend_failed(struct engine *e, const struct mmr_error *why, int rc)
{
	if (!e->failure) {
		e->failure = rc;
		e->failure_error = *why;
	}
	return rc;
}

/* A foreign allocator's answer is checked before it counts. */
static struct mmr_page ops_alloc(struct engine *e, const struct mmr_request *request)
{
	struct mmr_page page = e->backend->alloc(e->ctx, request);
	struct mmr_error err;
	int rc;

	if (page.pfn == MMR_NO_PFN)
		return page;
	rc = backend_guard_take(&e->guard, page.pfn, request->order, &err);
	if (rc) {
		backend_failed(e, &err, rc);
		page.pfn = MMR_NO_PFN;
	}
	return page;
}

static void ops_free(struct engine *e, uint32_t pfn, unsigned int order, unsigned int cpu, uint8_t *path)
{
	int rc;

	backend_guard_give(&e->guard, pfn, order);
	rc = e->backend->free(e->ctx, pfn, order, cpu, path);
	if (rc) {
		struct mmr_error err;

		mmr_err(&err, rc, "the free of its own block at pfn %u, order %u, is refused", pfn, order);
		backend_failed(e, &err, -EINVAL);
	}
}

HOT struct mmr_page ask(struct engine *e, enum backend_kind k, const struct mmr_request *request,
			const struct trace_event *event)
{
	if (k == BACKEND_CORE && unlikely_(e->translate.tasks != NULL))
		return task_places_alloc(e->translate.tasks, e->core, event, request);
	if (k == BACKEND_CORE)
		return mmr_alloc_pages(e->core, request);
	if (k == BACKEND_NULL)
		return (struct mmr_page){.pfn = event->pfn, .path = MMR_PATH_PCP_HIT};
	return ops_alloc(e, request);
}

HOT void give_back(struct engine *e, enum backend_kind k, uint32_t pfn, unsigned int order, unsigned int cpu,
		   uint8_t *path)
{
	if (k == BACKEND_CORE)
		mmr_free_pages(e->core, pfn, order, cpu, path);
	else if (k == BACKEND_OPS)
		ops_free(e, pfn, order, cpu, path);
	else
		*path = MMR_PATH_FREE_PCP;
}

void engine_give_back(struct engine *e, uint32_t pfn, unsigned int order, unsigned int cpu)
{
	uint8_t path;

	give_back(e, e->backend->kind, pfn, order, cpu, &path);
}

/* ---- latency ----------------------------------------------------------------------------------- */

static __attribute__((noinline)) uint64_t stamp_begin(struct engine *e)
{
	e->until_stamp = e->options.latency_every;
	if (e->stamping == STAMP_CHAIN)
		return e->last_ticks;
	return e->stamping == STAMP_INTENDED ? e->due_ticks : clock_ticks();
}

static __attribute__((noinline)) void stamp_end(struct engine *e, uint64_t begin, unsigned int path)
{
	uint64_t now = clock_ticks(), ticks = now - begin;

	e->last_ticks = now;
	hist_add(&e->latency[path], ticks > e->clock.overhead_ticks ? ticks - e->clock.overhead_ticks : 0);
}

HOT struct mmr_page ask_timed(struct engine *e, enum backend_kind k, const struct mmr_request *request,
			      const struct trace_event *event)
{
	struct mmr_page page;
	uint64_t begin;

	if (__builtin_expect(--e->until_stamp != 0, 1))
		return ask(e, k, request, event);
	begin = stamp_begin(e);
	page = ask(e, k, request, event);
	stamp_end(e, begin, page.path);
	return page;
}

HOT void give_back_timed(struct engine *e, enum backend_kind k, uint32_t pfn, unsigned int order,
			 unsigned int cpu)
{
	uint8_t path = MMR_PATH_FREE_BUDDY;
	uint64_t begin;

	e->counts.given_back[order]++;
	if (__builtin_expect(--e->until_stamp != 0, 1)) {
		give_back(e, k, pfn, order, cpu, &path);
		return;
	}
	begin = stamp_begin(e);
	give_back(e, k, pfn, order, cpu, &path);
	stamp_end(e, begin, path);
}

/* ---- frees ------------------------------------------------------------------------------------- */

/* Blocks by live_word() & 0xf: a table, since x86 shifts by a variable in three steps. */
static const uint16_t order_pages[16] = {0,       1,       1u << 1, 1u << 2, 1u << 3, 1u << 4,
					 1u << 5, 1u << 6, 1u << 7, 1u << 8, 1u << 9, 1u << 10};
_Static_assert(MAX_PAGE_ORDER == 10, "and nothing larger");

HOT void change_usage(struct engine *e, uint32_t pfn, unsigned int order, int pages, unsigned int type)
{
	if (unlikely_(order > PAGEBLOCK_ORDER))
		usage_change(&e->usage, pfn, order, type, pages > 0 ? 1 : -1);
	else
		usage_add(&e->usage, pfn, type, pages);
}

/* The block a live entry stands for goes back; the entry is gone. */
HOT void free_entry(struct engine *e, enum backend_kind k, bool modelled, struct live_entry *entry,
		    unsigned int order, unsigned int cpu, uint64_t ts_ns)
{
	const uint32_t pfn = entry->pfn, word = entry->word;
	const int pages = order_pages[word & 0xf];

	live_map_remove(&e->map, entry, (uint32_t)pages);
	if (unlikely_(pfn == MMR_NO_PFN)) {
		e->counts.frees_of[live_word_fate(word)]++;
		if (modelled && live_word_fate(word) == LIVE_RECLAIMED)
			engine_free_held(e, order, cpu);
		return;
	}
	lifetimes_add(e->lifetimes, word, engine_birth(e, ts_ns));
	change_usage(e, pfn, order, -pages, live_word_migratetype(word));
	if (modelled)
		engine_disown(e, pfn, order);
	give_back_timed(e, k, pfn, order, cpu);
}

/* A free of a page whose allocation the trace does not hold: from before it began, or invisible. */
static void free_unseen(struct engine *e, const struct trace_event *event, unsigned int cpu)
{
	uint32_t pfn = engine_stand_in(e, event);
	uint8_t path;

	if (pfn == MMR_NO_PFN || mmr_free_pages(e->core, pfn, event->order, cpu, &path)) {
		e->counts.frees_unknown++;
		return;
	}
	usage_change(&e->usage, pfn, event->order, USAGE_OTHER, -1);
	e->counts.given_back[event->order]++;
	e->counts.frees_boot++;
}

/* A free of part of the block at @whole: split it as the kernel did. */
static void split_block(struct engine *e, uint32_t whole, unsigned int new_order)
{
	const struct live_entry block = *live_map_slot(&e->map, whole);
	const unsigned int order = live_order(&block);

	live_map_split(&e->map, whole, new_order);
	e->counts.splits++;
	if (block.pfn == MMR_NO_PFN)
		return;
	if (e->backend->kind == BACKEND_CORE)
		mmr_split_page(e->core, block.pfn, order, new_order);
	else if (e->backend->kind == BACKEND_OPS && e->backend->split(e->ctx, block.pfn, order, new_order)) {
		struct mmr_error err;

		mmr_err(&err, -EINVAL, "the split of its own block at pfn %u, order %u, is refused", block.pfn,
			order);
		backend_failed(e, &err, -EINVAL);
	}
	if (e->pressure.owners)
		engine_own_pieces(e, block.pfn, order, new_order);
}

uint32_t engine_forget_page(struct engine *e, const struct trace_event *event)
{
	struct live_entry *entry = live_map_slot(&e->map, event->pfn), page;

	if (live_order(entry))
		split_block(e, event->pfn, 0);
	page = *entry;
	live_map_remove(&e->map, entry, 1);
	lifetimes_add(e->lifetimes, page.word, engine_birth(e, event->ts_ns));
	usage_add(&e->usage, page.pfn, live_word_migratetype(page.word), -1);
	if (e->pressure.owners)
		engine_disown(e, page.pfn, 0);
	e->counts.given_back[0]++;
	return page.pfn;
}

static void free_any(struct engine *e, struct live_entry *entry, unsigned int cpu, uint64_t ts_ns)
{
	free_entry(e, e->backend->kind, e->pressure.owners != NULL, entry, live_order(entry), cpu, ts_ns);
}

/* No kernel frees another block than that: it may reach beyond the map. */
static bool is_aligned(const struct trace_event *event)
{
	return !(event->pfn & ((1u << event->order) - 1));
}

/* A free that is not the whole of one block: a piece of a larger one, several smaller ones, or unseen. */
static __attribute__((noinline)) void free_pieces(struct engine *e, const struct trace_event *event,
						  unsigned int cpu)
{
	uint32_t end = event->pfn + (1u << event->order), covering = live_map_covering(&e->map, event->pfn);
	bool found = false;

	if (!is_aligned(event)) {
		e->counts.frees_unknown++;
		return;
	}
	if (covering != MMR_NO_PFN && live_order(live_map_slot(&e->map, covering)) > event->order) {
		split_block(e, covering, event->order);
		free_any(e, live_map_slot(&e->map, event->pfn), cpu, event->ts_ns);
		return;
	}
	for (uint32_t pfn = event->pfn, step; pfn < end; pfn += step) {
		struct live_entry *entry = live_map_find(&e->map, pfn);

		step = entry ? 1u << live_order(entry) : 1;
		found |= entry != NULL;
		if (entry)
			free_any(e, entry, cpu, event->ts_ns);
	}
	if (!found)
		free_unseen(e, event, cpu);
}

/* ---- what the recorded kernel did for itself --------------------------------------------------- */

/* The recorded block at @entry is gone from the recording; its modelled one stays in use. */
static void hold_entry(struct engine *e, struct live_entry *entry)
{
	const struct live_entry block = *entry;

	live_map_remove(&e->map, entry, 1u << live_order(&block));
	if (block.pfn != MMR_NO_PFN && e->pressure.owners)
		engine_hold(e, block.pfn, live_order(&block));
}

static __attribute__((noinline)) void drop_kernel_made(struct engine *e, const struct trace_event *event)
{
	uint32_t end = event->pfn + (1u << event->order), covering;

	if (event->type == TRACE_ALLOC) {
		e->counts.kernel_allocs++;
		return;
	}
	e->counts.kernel_frees++;
	e->counts.kernel_freed_pages += 1ull << event->order;
	if (!is_aligned(event))
		return;
	covering = live_map_covering(&e->map, event->pfn);
	if (covering != MMR_NO_PFN && live_order(live_map_slot(&e->map, covering)) > event->order)
		split_block(e, covering, event->order);
	for (uint32_t pfn = event->pfn, step; pfn < end; pfn += step) {
		struct live_entry *entry = live_map_find(&e->map, pfn);

		step = entry ? 1u << live_order(entry) : 1;
		if (entry)
			hold_entry(e, entry);
	}
}

/* ---- one event --------------------------------------------------------------------------------- */

HOT void replay_free(struct engine *e, enum backend_kind k, bool modelled, bool special,
		     const struct trace_event *event, struct live_entry *entry)
{
	unsigned int cpu =
		special ? translate_event_cpu(&e->translate, event) : translate_cpu(&e->translate, event->cpu);

	/* One comparison tells both: none begins here, or one of another order. */
	if (unlikely_((entry->word & 0xf) != event->order + 1u))
		free_pieces(e, event, cpu);
	else
		free_entry(e, k, modelled, entry, event->order, cpu, event->ts_ns);
	if (modelled)
		engine_turn_kswapds(e, event->ts_ns);
}

/* Put together at once: the core would wait for parts that were stored one by one, 3 ns. */
HOT struct mmr_request request_of(struct engine *e, const struct trace_event *event,
				  const struct alloc_class *cls)
{
	int16_t nid = NUMA_NO_NODE;

	if (cls->way == TRANSLATE_NAMED)
		nid = translate_named_node(&e->translate, event, cls->gfp, cls->highest);
	else if (unlikely_(cls->way != TRANSLATE_PLAIN))
		return translate_alloc(&e->translate, event, cls->gfp);
	return (struct mmr_request){
		.gfp = cls->gfp,
		.cpu = (uint16_t)translate_cpu(&e->translate, event->cpu),
		.nid = nid,
		.order = event->order,
		.pf_memalloc = (event->flags & TRACE_F_PF_MEMALLOC) != 0,
	};
}

HOT void served(struct engine *e, const struct mmr_request *request, struct mmr_page page,
		const struct alloc_class *cls)
{
	change_usage(e, page.pfn, request->order, cls->pages, cls->type);
	e->node_allocs[e->node_row[request->cpu] + page.nid]++;
}

/* A request the model does not make: its process was killed. */
static void refuse_killed(struct engine *e, struct live_entry *slot, const struct alloc_class *cls)
{
	e->counts.allocs_of_killed++;
	live_map_add(&e->map, slot, MMR_NO_PFN, live_word_fated(cls->word, LIVE_KILLED), cls->pages);
}

/* Before a block becomes live where no slot is yet, or a block that was not seen to be freed. Return: the slot.
 */
static __attribute__((noinline)) struct live_entry *make_room(struct engine *e, const struct trace_event *event,
							      unsigned int cpu)
{
	struct live_entry *slot = live_map_touch(&e->map, event->pfn);

	if (slot->order_plus_1) {
		e->counts.reallocs++;
		free_any(e, slot, cpu, event->ts_ns);
	}
	return slot;
}

HOT void replay_alloc(struct engine *e, enum backend_kind k, bool modelled, const struct trace_event *event,
		      struct live_entry *slot)
{
	const struct alloc_class *cls = &e->classes[event->class_id];
	const struct mmr_request request = request_of(e, event, cls);
	uint32_t word = cls->word | engine_birth(e, event->ts_ns) << (32 - LIVE_BIRTH_BITS);
	struct mmr_page page;

	if (unlikely_(slot->word & 0xf))
		slot = make_room(e, event, request.cpu);
	if (modelled && unlikely_(engine_asker_killed(e, event))) {
		refuse_killed(e, slot, cls);
		return;
	}
	e->counts.asked[event->order]++;
	if (modelled)
		e->pressure.now_ns = event->ts_ns;
	page = ask_timed(e, k, &request, event);
	if (modelled) {
		engine_settle(e);
		engine_turn_kswapds(e, event->ts_ns);
		if (page.pfn == MMR_NO_PFN)
			page = engine_out_of_memory(e, &request);
	}
	if (k != BACKEND_NULL && unlikely_(page.pfn == MMR_NO_PFN)) {
		e->counts.refused[event->order]++;
		word = live_word_fated(word, LIVE_REFUSED);
	} else {
		served(e, &request, page, cls);
		if (modelled)
			engine_own(e, event, page.pfn, cls->type);
	}
	live_map_add(&e->map, slot, page.pfn, word, cls->pages);
}

void engine_make_room(struct engine *e, const struct trace_event *event)
{
	if (live_map_touch(&e->map, event->pfn)->order_plus_1)
		make_room(e, event, translate_event_cpu(&e->translate, event));
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
		gfp_t gfp = translate_gfp(&e->translate, cls ? cls->gfp & MMR_GFP_KNOWN : 0);

		/* Of a class that cannot be no event gets here, see engine_check_batch(). */
		unsigned int order = cls && cls->order < NR_PAGE_ORDERS ? cls->order : 0;
		uint8_t type = gfp & MMR_GFP_MOVABLE       ? MIGRATE_MOVABLE
			       : gfp & MMR_GFP_RECLAIMABLE ? MIGRATE_RECLAIMABLE
							   : MIGRATE_UNMOVABLE;

		e->classes[e->nr_classes] = (struct alloc_class){
			.gfp = gfp,
			.word = live_word(order, e->areas.active && vmalloc_gfp(gfp) ? LIVE_VMALLOC : type, 0),
			.pages = (uint16_t)(1u << order),
			.type = type,
			.highest = (uint8_t)machine_highest_zone(gfp),
			.way = (uint8_t)translate_way(&e->translate),
		};
	}
}

const struct alloc_class *engine_class(struct engine *e, uint16_t id)
{
	if (id >= e->nr_classes)
		learn_classes(e, id);
	return &e->classes[id];
}

/* ---- a batch ------------------------------------------------------------------------------------ */

/* Of a batch that is odd. Return: true where the event is dealt with. */
static __attribute__((noinline)) bool passed_over(struct engine *e, const struct trace_event *event)
{
	if (event->ts_ns < e->all_started_ns && before_keyframe(e, event)) {
		e->counts.before_keyframe++;
		return true;
	}
	if (e->drops_kernel_made && engine_kernel_made(event)) {
		drop_kernel_made(e, event);
		return true;
	}
	if (e->options.speed > 0)
		engine_pace(e, event->ts_ns);
	return false;
}

/* struct ahead - slots of the events to come, looked up when they were fetched; by event % AHEAD_SLOT */
struct ahead {
	struct live_entry *slots[AHEAD_SLOT];
};

HOT void look_ahead(struct engine *e, struct ahead *ahead, const struct trace_event *events, size_t i)
{
	struct live_entry *slot = live_map_slot(&e->map, events[i].pfn);

	__builtin_prefetch(slot, 1);
	ahead->slots[i % AHEAD_SLOT] = slot;
}

/* Some of these events may be none of the replay's business, or have their time. */
static bool are_odd(const struct engine *e, const struct trace_event *events)
{
	return e->drops_kernel_made || e->options.speed > 0 || events[0].ts_ns < e->all_started_ns + SLACK_NS;
}

/* May it be of a vmalloc() area, or end the call for one? Also where its slot was looked up before there was
 * one. */
HOT bool may_be_of_area(const struct engine *e, const struct trace_event *event, const struct live_entry *slot)
{
	uint32_t word = event->type == TRACE_ALLOC ? e->classes[event->class_id].word : slot->word;

	return unlikely_(e->areas.nr_open != 0) || unlikely_(live_word_type(word) == LIVE_VMALLOC);
}

static __attribute__((noinline)) void replay_of_area(struct engine *e, bool modelled,
						     const struct trace_event *event)
{
	if (engine_area_event(e, event))
		return;
	if (event->type == TRACE_ALLOC) {
		replay_alloc(e, BACKEND_CORE, modelled, event, live_map_slot(&e->map, event->pfn));
		engine_area_taken(e, event);
	} else {
		replay_free(e, BACKEND_CORE, modelled, true, event, live_map_slot(&e->map, event->pfn));
	}
}

/* All of @events matter, have places in the map, and are followed by TRACE_READER_AHEAD that mean nothing. */
HOT int replay_events(struct engine *e, enum backend_kind k, bool modelled, bool special,
		      const struct trace_event *events, size_t nr)
{
	const bool follows = special && e->translate.named.nr_zones != 0;
	const bool odd = special && are_odd(e, events);
	const bool areas = k == BACKEND_CORE && special && e->areas.active;
	const struct mmr_records records = mmr_records(e->core);
	struct ahead ahead;

	for (size_t i = 0; i < AHEAD_SLOT; i++)
		look_ahead(e, &ahead, events, i);
	for (size_t i = 0; i < nr; i++) {
		const struct trace_event *event = &events[i];
		struct live_entry *slot = ahead.slots[i % AHEAD_SLOT];

		/* First where the map has the slot of an event to come, then the slot, then, with what it says,
		 * the record; that of an allocation says nothing, but which it will be no branch could guess.
		 */
		live_map_prefetch_chunk(&e->map, event[AHEAD_CHUNK].pfn);
		look_ahead(e, &ahead, events, i + AHEAD_SLOT);
		if (k == BACKEND_CORE)
			mmr_prefetch_page(&records, ahead.slots[(i + AHEAD_RECORD) % AHEAD_SLOT]->pfn);
		if (unlikely_(event->ts_ns >= e->next_timer_ns))
			engine_run_timers(e, event->ts_ns);
		if (special) {
			if (follows && event->type != TRACE_ALLOC)
				translate_follow(&e->translate, event);
			if (event->type > TRACE_FREE || (odd && passed_over(e, event)))
				continue;
			if (areas && may_be_of_area(e, event, slot)) {
				replay_of_area(e, modelled, event);
				continue;
			}
		}
		if (event->type == TRACE_ALLOC)
			replay_alloc(e, k, modelled, event, slot);
		else
			replay_free(e, k, modelled, special, event, slot);
		if (k == BACKEND_OPS && unlikely_(e->failure))
			return (int)i + 1;
	}
	return 0;
}

/* Return: 0; or, where the backend failed, the number of the event, from 1. */
static int replay_kind(struct engine *e, const struct trace_event *events, size_t nr)
{
	const bool special =
		e->translate.named.nr_zones || e->translate.tasks || e->areas.active || are_odd(e, events);

	if (e->backend->kind == BACKEND_NULL && !special)
		return replay_events(e, BACKEND_NULL, false, false, events, nr);
	if (e->backend->kind == BACKEND_NULL)
		return replay_events(e, BACKEND_NULL, false, true, events, nr);
	if (e->backend->kind == BACKEND_OPS)
		return replay_events(e, BACKEND_OPS, false, true, events, nr);
	if (e->pressure.owners)
		return replay_events(e, BACKEND_CORE, true, true, events, nr);
	if (special)
		return replay_events(e, BACKEND_CORE, false, true, events, nr);
	return replay_events(e, BACKEND_CORE, false, false, events, nr);
}

static int say_failure(const struct engine *e, const struct trace_event *event, uint64_t number,
		       struct mmr_error *err)
{
	return mmr_err(err, e->failure,
		       "backend %s: %s, at event %llu (%s of order %u, recorded pfn %u, CPU %u)",
		       e->backend->name, e->failure_error.msg, (unsigned long long)number,
		       trace_event_type_name(event->type), event->order, event->pfn, event->cpu);
}

/* How many of the events come before measuring begins, which starts all counts anew. */
static size_t before_measuring(const struct engine *e, const struct trace_event *events, size_t nr)
{
	size_t before = 0;

	if (e->measure_ns == UINT64_MAX)
		return nr;
	while (before < nr && events[before].ts_ns < e->measure_ns)
		before++;
	return before;
}

/* Some of the events: as many as there is room for, or until measuring begins. Return: how many; or as below.
 */
static ssize_t replay_some(struct engine *e, const struct trace_event *events, size_t nr, struct mmr_error *err)
{
	size_t take = before_measuring(e, events, nr < MAX_CHOSEN ? nr : MAX_CHOSEN);
	struct chosen *chosen = e->chosen;
	int rc;

	if (!take) {
		engine_run_timers(e, events[0].ts_ns);
		return 0;
	}
	rc = engine_choose_events(e, events, take, err);
	if (rc)
		return rc;
	rc = chosen->nr ? replay_kind(e, chosen->events, chosen->nr) : 0;
	if (rc)
		return say_failure(e, &chosen->events[rc - 1],
				   e->nr_done + engine_chosen_place(e, events, (size_t)rc - 1), err);
	e->nr_done += take;
	return (ssize_t)take;
}

int engine_replay_batch(struct engine *e, const struct trace_event *events, size_t nr, struct mmr_error *err)
{
	e->last_ticks = clock_ticks();
	if (e->nr_classes < trace_reader_nr_classes(e->reader))
		learn_classes(e, (uint16_t)(trace_reader_nr_classes(e->reader) - 1));
	/* Nothing is to be left out, or to be counted? */
	if (e->reads_requests && trace_reader_top_pfn(e->reader) < e->map.end_pfn) {
		e->nr_done += nr;
		return nr ? replay_kind(e, events, nr) : 0;
	}
	while (nr) {
		ssize_t done = replay_some(e, events, nr, err);

		if (done < 0)
			return (int)done;
		events += done;
		nr -= (size_t)done;
	}
	return 0;
}
