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

/* How many steps ahead memory is fetched: eight are about 150 ns of work, one memory access. */
#define AHEAD_RECORD 8
#define AHEAD_SLOT   16 /* a power of two */
#define AHEAD_CHUNK  24

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
	change_usage(e, pfn, order, -pages, live_word_type(word));
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
			.word = live_word(order, type, 0),
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

/* ---- a batch: which of its events matter -------------------------------------------------------- */

#define MAX_STEPS 1024u /* events that are looked through at once */

/* An event that the replay has to do with: its page frame, and above it where it stands among the events. */
typedef uint64_t step_t;
#define STEP_AT_SHIFT 32

static inline uint32_t step_pfn(step_t step)
{
	return (uint32_t)step;
}

static inline size_t step_at(step_t step)
{
	return step >> STEP_AT_SHIFT;
}

/**
 * struct steps - of some events those that matter, in their order
 * @items: [nr], and behind them AHEAD_CHUNK that may be looked at and mean nothing
 * @wanted: bit 1 << type for each type that matters
 * @top: highest page frame of all the events, TRACE_NO_PFN where an allocation failed
 */
struct steps {
	step_t items[MAX_STEPS + AHEAD_CHUNK];
	size_t nr;
	uint32_t wanted, top;
};

/* What becomes a request; and what else tells how the recorded zones fill and empty, see named_node.h. */
#define REQUESTS (1u << TRACE_ALLOC | 1u << TRACE_FREE)
#define FOLLOWED (REQUESTS | 1u << TRACE_ZONE_LOCKED | 1u << TRACE_PCPU_DRAIN | 1u << TRACE_EXTFRAG)

struct steps *engine_steps_create(void)
{
	return malloc(sizeof(struct steps));
}

static void end_steps(struct steps *s, size_t nr)
{
	memset(&s->items[nr], 0, AHEAD_CHUNK * sizeof(*s->items));
	s->nr = nr;
}

/* Counts of at most 255 events are bytes of one register: one for each type, and the highest one of the steps.
 */
#define COUNT_BITS  8
#define COUNT_STEPS 56
_Static_assert(TRACE_NR_PAGE_EVENTS *COUNT_BITS <= COUNT_STEPS, "a byte for each type of event");

/*
 * Count all of @events and keep those that matter. Without a branch that depends on an event: their types come
 * in no order that could be guessed.
 */
static void choose_steps(struct steps *s, const struct trace_event *events, size_t nr, uint64_t *counts)
{
	uint64_t one_of[TRACE_NR_PAGE_EVENTS];
	const struct trace_event *event = events, *all_end = events + nr;
	step_t at = 0;
	uint32_t top = 0;
	size_t kept = 0;

	for (unsigned int type = 0; type < TRACE_NR_PAGE_EVENTS; type++)
		one_of[type] = 1ull << (type * COUNT_BITS) | (uint64_t)(s->wanted >> type & 1) << COUNT_STEPS;
	while (event < all_end) {
		const struct trace_event *end = all_end - event < 255 ? all_end : event + 255;
		step_t *items = s->items + kept;
		uint64_t sum = 0;

#pragma GCC unroll 4
		for (; event < end; event++) {
			items[sum >> COUNT_STEPS] = at | event->pfn;
			sum += one_of[event->type];
			top = event->pfn > top ? event->pfn : top;
			at += 1ull << STEP_AT_SHIFT;
		}
		kept += sum >> COUNT_STEPS;
		for (unsigned int type = 0; type < TRACE_NR_PAGE_EVENTS; type++)
			counts[type] += sum >> (type * COUNT_BITS) & 0xff;
	}
	end_steps(s, kept);
	s->top = top;
}

/* Before events are believed: allocations that had failed are no steps, and all other pages have their places.
 */
static __attribute__((noinline)) int settle_odd_pfns(struct engine *e, const struct trace_event *events,
						     struct mmr_error *err)
{
	struct steps *s = e->steps;
	uint32_t top = 0;
	size_t kept = 0;

	for (size_t i = 0; i < s->nr; i++) {
		const step_t step = s->items[i];

		if (step_pfn(step) == TRACE_NO_PFN) {
			e->counts.recorded_failed += events[step_at(step)].type == TRACE_ALLOC;
			continue;
		}
		top = step_pfn(step) > top ? step_pfn(step) : top;
		s->items[kept++] = step;
	}
	end_steps(s, kept);
	return top >= e->map.end_pfn ? live_map_grow(&e->map, top, err) : 0;
}

/* ---- a batch: step by step ---------------------------------------------------------------------- */

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

static int say_failure(const struct engine *e, const struct trace_event *event, uint64_t number,
		       struct mmr_error *err)
{
	return mmr_err(err, e->failure,
		       "backend %s: %s, at event %llu (%s of order %u, recorded pfn %u, CPU %u)",
		       e->backend->name, e->failure_error.msg, (unsigned long long)number,
		       trace_event_type_name(event->type), event->order, event->pfn, event->cpu);
}

/* struct ahead - slots of the steps to come, looked up when they were fetched; by step % AHEAD_SLOT */
struct ahead {
	struct live_entry *slots[AHEAD_SLOT];
};

HOT void look_ahead(struct engine *e, struct ahead *ahead, const step_t *steps, size_t i)
{
	struct live_entry *slot = live_map_slot(&e->map, step_pfn(steps[i]));

	__builtin_prefetch(slot, 1);
	ahead->slots[i % AHEAD_SLOT] = slot;
}

/* Some of these events may be none of the replay's business, or have their time. */
static bool are_odd(const struct engine *e, const struct trace_event *events)
{
	return e->drops_kernel_made || e->options.speed > 0 || events[0].ts_ns < e->all_started_ns + SLACK_NS;
}

HOT int replay_steps(struct engine *e, enum backend_kind k, bool modelled, bool special,
		     const struct trace_event *events, struct steps *s, struct mmr_error *err)
{
	const bool follows = special && e->translate.named.nr_zones != 0;
	const bool odd = special && are_odd(e, events);
	struct ahead ahead;

	for (size_t i = 0; i < AHEAD_SLOT; i++)
		look_ahead(e, &ahead, s->items, i);
	for (size_t i = 0; i < s->nr; i++) {
		const struct trace_event *event = &events[step_at(s->items[i])];
		struct live_entry *slot = ahead.slots[i % AHEAD_SLOT];

		/* First where the map has the slot of a step to come, then the slot, then, with what it says,
		 * the record; that of an allocation says nothing, but which it will be no branch could guess.
		 */
		live_map_prefetch_chunk(&e->map, step_pfn(s->items[i + AHEAD_CHUNK]));
		look_ahead(e, &ahead, s->items, i + AHEAD_SLOT);
		if (k == BACKEND_CORE)
			mmr_prefetch_page(e->core, ahead.slots[(i + AHEAD_RECORD) % AHEAD_SLOT]->pfn);
		if (unlikely_(event->ts_ns >= e->next_timer_ns))
			engine_run_timers(e, event->ts_ns);
		if (special) {
			if (follows && event->type != TRACE_ALLOC)
				translate_follow(&e->translate, event);
			if (event->type > TRACE_FREE || (odd && passed_over(e, event)))
				continue;
		}
		if (event->type == TRACE_ALLOC)
			replay_alloc(e, k, modelled, event, slot);
		else
			replay_free(e, k, modelled, special, event, slot);
		if (k == BACKEND_OPS && unlikely_(e->failure))
			return say_failure(e, event, e->nr_done + step_at(s->items[i]), err);
	}
	return 0;
}

static int replay_kind(struct engine *e, const struct trace_event *events, struct mmr_error *err)
{
	const bool special = e->translate.named.nr_zones || e->translate.tasks || are_odd(e, events);

	if (e->backend->kind == BACKEND_NULL && !special)
		return replay_steps(e, BACKEND_NULL, false, false, events, e->steps, err);
	if (e->backend->kind == BACKEND_NULL)
		return replay_steps(e, BACKEND_NULL, false, true, events, e->steps, err);
	if (e->backend->kind == BACKEND_OPS)
		return replay_steps(e, BACKEND_OPS, false, true, events, e->steps, err);
	if (e->pressure.owners)
		return replay_steps(e, BACKEND_CORE, true, true, events, e->steps, err);
	if (special)
		return replay_steps(e, BACKEND_CORE, false, true, events, e->steps, err);
	return replay_steps(e, BACKEND_CORE, false, false, events, e->steps, err);
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
	size_t take = before_measuring(e, events, nr < MAX_STEPS ? nr : MAX_STEPS);
	int rc = 0;

	if (!take) {
		engine_run_timers(e, events[0].ts_ns);
		return 0;
	}
	choose_steps(e->steps, events, take, e->counts.recorded);
	if (unlikely_(e->steps->top >= e->map.end_pfn))
		rc = settle_odd_pfns(e, events, err);
	rc = rc ? rc : replay_kind(e, events, err);
	e->nr_done += take;
	return rc ? rc : (ssize_t)take;
}

int engine_replay_batch(struct engine *e, const struct trace_event *events, size_t nr, struct mmr_error *err)
{
	e->last_ticks = clock_ticks();
	if (e->nr_classes < trace_reader_nr_classes(e->reader))
		learn_classes(e, (uint16_t)(trace_reader_nr_classes(e->reader) - 1));
	e->steps->wanted = e->translate.named.nr_zones ? FOLLOWED : REQUESTS;
	while (nr) {
		ssize_t done = replay_some(e, events, nr, err);

		if (done < 0)
			return (int)done;
		events += done;
		nr -= (size_t)done;
	}
	return 0;
}
