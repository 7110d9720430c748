// SPDX-License-Identifier: GPL-2.0-or-later
/* The replay loop, the starting state and the samples. */
#include "replay/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/live_map.h"

/* How many events ahead memory is fetched: a dozen are about 200 ns of work, one memory access. */
#define PREFETCH_SLOT   24
#define PREFETCH_RECORD 12

/* Events of a zone before its keyframe are already in the starting state. */
struct zone_start {
	uint32_t start_pfn, end_pfn;
	uint64_t ts_ns;
};

struct engine {
	struct trace_reader *reader;
	struct engine_options options;
	enum engine_start start;
	struct mmr_machine *core;
	struct live_map map;
	struct translate translate;
	struct engine_counts counts;
	gfp_t *class_gfp; /* by class id */
	uint32_t nr_classes;
	struct zone_start *zone_starts;
	unsigned int nr_zone_starts, nr_zones_missing;
	uint64_t nr_start_conflicts;
	uint64_t all_started_ns; /* every zone's keyframe lies before this time */
	struct clock_rate clock;
	unsigned int until_stamp;
	struct hist *latency; /* [NR_MMR_PATHS] */
	struct zone_sample *samples;
	size_t nr_samples, max_samples;
	uint64_t first_ns, sample_interval_ns, next_sample_ns, next_tick_ns, next_timer_ns;
	uint64_t wall_ns;
};

const char *engine_start_name(enum engine_start start)
{
	static const char *const names[] = {"auto", "recorded", "empty"};

	return names[start];
}

/* ---- the starting state -------------------------------------------------------------------- */

static int seed_zone(struct engine *e, const struct trace_keyframe *kf, const struct mmr_zone_config *zone,
		     struct mmr_error *err)
{
	const struct mmr_zone_state state = {
		.watermark_boost = (uint32_t)kf->watermark_boost,
		.flags = kf->zone_flags,
		.nr_reserved_highatomic = (uint32_t)kf->nr_reserved_highatomic,
	};
	int rc = mmr_seed_zone_state(e->core, kf->nid, kf->zone, &state, err);

	for (uint32_t i = 0; i < kf->nr_pageblocks && !rc; i++) {
		uint32_t first = zone->start_pfn & ~(PAGEBLOCK_NR_PAGES - 1);
		uint32_t pfn = first + i * PAGEBLOCK_NR_PAGES;

		if (pfn < zone->start_pfn)
			pfn = zone->start_pfn;
		if (pfn - zone->start_pfn < zone->spanned_pages)
			rc = mmr_seed_pageblock(e->core, pfn, kf->pageblock_types[i], err);
	}
	for (uint64_t i = 0; i < kf->nr_blocks && !rc; i++) {
		const struct trace_free_block *block = &kf->blocks[i];

		/* Without recorded pageblock types a free block's list tells its pageblock's type. */
		if (!kf->nr_pageblocks)
			rc = mmr_seed_pageblock(e->core, block->pfn, block->migratetype, err);
		rc = rc ? rc : mmr_seed_free_block(e->core, block->pfn, block->order, block->migratetype, err);
	}
	for (uint32_t c = 0; c < kf->nr_pcps && !rc; c++) {
		const struct trace_pcp *pcp = &kf->pcps[c];
		const struct mmr_pcp_state pcp_state = {
			.high = pcp->high,
			.high_min = pcp->high_min,
			.high_max = pcp->high_max,
			.batch = pcp->batch,
			.free_count = pcp->free_count,
			.alloc_factor = pcp->alloc_factor,
			.flags = pcp->flags,
			.expire = pcp->expire,
		};

		if (pcp->cpu >= e->options.machine->nr_cpus)
			continue;
		rc = mmr_seed_pcp_state(e->core, pcp->cpu, kf->nid, kf->zone, &pcp_state, err);
		/* Lists and per-CPU lists are read at two moments: what moved in between is where it was first
		 * seen. */
		for (uint32_t i = 0; i < pcp->nr_entries && !rc; i++)
			e->nr_start_conflicts +=
				mmr_seed_pcp_page(e->core, pcp->cpu, pcp->entries[i].pfn, pcp->entries[i].order,
						  pcp->entries[i].migratetype, NULL) != 0;
	}
	return rc;
}

/* The first keyframe of each zone is the state it starts from. */
static int seed_recorded(struct engine *e, struct mmr_error *err)
{
	const struct machine *machine = e->options.machine;
	uint32_t nr = trace_reader_summary(e->reader)->nr_keyframes;
	bool seeded[MAX_NUMNODES][MAX_NR_ZONES] = {0};

	e->zone_starts = calloc((size_t)machine->nr_nodes * MAX_NR_ZONES, sizeof(*e->zone_starts));
	if (!e->zone_starts)
		return mmr_err(err, -ENOMEM, "no memory for the starting state");
	for (uint32_t i = 0; i < nr; i++) {
		const struct mmr_zone_config *zone;
		struct trace_keyframe kf;
		int rc = trace_reader_keyframe(e->reader, i, &kf, err);

		if (rc)
			return rc;
		if ((kf.flags & TRACE_KF_LAST) || kf.nid >= machine->nr_nodes || kf.zone >= MAX_NR_ZONES ||
		    seeded[kf.nid][kf.zone]) {
			trace_keyframe_deinit(&kf);
			continue;
		}
		zone = &machine->nodes[kf.nid].zones[kf.zone];
		rc = seed_zone(e, &kf, zone, err);
		seeded[kf.nid][kf.zone] = true;
		e->zone_starts[e->nr_zone_starts++] = (struct zone_start){
			.start_pfn = zone->start_pfn,
			.end_pfn = zone->start_pfn + zone->spanned_pages,
			.ts_ns = kf.ts_ns,
		};
		if (kf.ts_ns > e->all_started_ns)
			e->all_started_ns = kf.ts_ns;
		trace_keyframe_deinit(&kf);
		if (rc) {
			mmr_err_prefix(err, "%s: keyframe %u", trace_reader_path(e->reader), i);
			return rc;
		}
	}
	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
			e->nr_zones_missing += machine->nodes[n].zones[z].managed_pages && !seeded[n][z];
	return 0;
}

static int choose_start(struct engine *e, struct mmr_error *err)
{
	bool possible =
		e->options.machine == e->options.recorded && trace_reader_summary(e->reader)->nr_keyframes > 0;

	e->start = e->options.start;
	if (e->start == ENGINE_START_AUTO)
		e->start = possible ? ENGINE_START_RECORDED : ENGINE_START_EMPTY;
	if (e->start == ENGINE_START_RECORDED && !possible)
		return mmr_err(err, -EINVAL,
			       "%s: cannot start from the recorded state: %s, expected the recorded machine "
			       "and a keyframe",
			       trace_reader_path(e->reader),
			       e->options.machine == e->options.recorded ? "the trace has no keyframe"
									 : "another machine was chosen");
	if (e->start == ENGINE_START_RECORDED)
		return seed_recorded(e, err);
	mmr_seed_empty(e->core);
	return 0;
}

/* ---- samples ------------------------------------------------------------------------------- */

static void sample_zones(struct engine *e, uint64_t ts_ns)
{
	for (unsigned int n = 0; n < e->options.machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			struct mmr_zone_info info;
			struct zone_sample *sample;

			if (e->nr_samples == e->max_samples || !mmr_zone_read(e->core, n, z, &info))
				continue;
			sample = &e->samples[e->nr_samples++];
			*sample = (struct zone_sample){
				.ts_ns = ts_ns,
				.nid = (uint16_t)n,
				.zone = (uint8_t)z,
				.free_pages = info.nr_free_pages,
				.pcp_pages = info.nr_pcp_pages,
			};
			for (unsigned int o = 0; o < NR_PAGE_ORDERS; o++)
				for (unsigned int t = 0; t < MIGRATE_TYPES; t++)
					sample->nr_free[o] += info.nr_free[o][t];
		}
	}
}

/* Timers due at @ts_ns: the vmstat worker of every CPU, and the samples. */
static __attribute__((noinline)) void run_timers(struct engine *e, uint64_t ts_ns)
{
	uint64_t interval = (uint64_t)e->options.machine->sysctl.stat_interval_ms * 1000000;

	while (ts_ns >= e->next_tick_ns) {
		for (unsigned int cpu = 0; cpu < e->options.machine->nr_cpus; cpu++)
			e->options.backend->tick(e->core, cpu);
		e->next_tick_ns += interval ? interval : UINT64_MAX - e->next_tick_ns;
	}
	while (ts_ns >= e->next_sample_ns) {
		sample_zones(e, e->next_sample_ns - e->first_ns);
		e->next_sample_ns += e->sample_interval_ns;
	}
	e->next_timer_ns = e->next_tick_ns < e->next_sample_ns ? e->next_tick_ns : e->next_sample_ns;
}

/* ---- events -------------------------------------------------------------------------------- */

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
	if (e->start == ENGINE_START_RECORDED && e->options.backend == &backend_core &&
	    mmr_page_state(e->core, event->pfn) == MMR_PAGE_BOOT &&
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

static int replay_batch(struct engine *e, const struct trace_event *events, size_t nr, struct mmr_error *err)
{
	int rc = live_map_reserve(&e->map, (uint32_t)nr, err);

	for (size_t i = 0; i < nr && !rc; i++) {
		const struct trace_event *event = &events[i];

		prefetch(e, events, i, nr);
		if (__builtin_expect(event->ts_ns >= e->next_timer_ns, 0))
			run_timers(e, event->ts_ns);
		e->counts.recorded[event->type]++;
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

int engine_run(struct engine *e, struct mmr_error *err)
{
	const struct trace_summary *summary = trace_reader_summary(e->reader);
	uint64_t begin_ns = clock_now_ns(), done = 0, next_progress = 0;
	const struct trace_event *events;
	ssize_t nr;

	while ((nr = trace_reader_next(e->reader, &events, err)) > 0) {
		int rc = replay_batch(e, events, (size_t)nr, err);

		if (rc) {
			nr = rc;
			break;
		}
		done += (uint64_t)nr;
		if (e->options.stop && *e->options.stop)
			break;
		if (e->options.progress && done >= next_progress) {
			e->options.progress((double)done / (double)(summary->nr_events + 1),
					    e->options.progress_ctx);
			next_progress = done + 2000000;
		}
	}
	e->wall_ns = clock_now_ns() - begin_ns;
	sample_zones(e, summary->last_ns - e->first_ns);
	if (nr < 0)
		return (int)nr;
	return nr > 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int init_metrics(struct engine *e, struct mmr_error *err)
{
	const struct trace_summary *summary = trace_reader_summary(e->reader);
	uint64_t interval = (uint64_t)e->options.machine->sysctl.stat_interval_ms * 1000000;
	unsigned int nr = e->options.nr_samples ? e->options.nr_samples : 1;

	e->first_ns = summary->first_ns;
	e->sample_interval_ns = (summary->last_ns - summary->first_ns) / nr + 1;
	e->next_sample_ns = e->first_ns;
	e->next_tick_ns = interval ? e->first_ns + interval : UINT64_MAX;
	e->next_timer_ns = e->first_ns;
	e->max_samples = (size_t)(nr + 2) * e->options.machine->nr_nodes * MAX_NR_ZONES;
	e->samples = calloc(e->max_samples, sizeof(*e->samples));
	e->latency = calloc(NR_MMR_PATHS, sizeof(*e->latency));
	e->class_gfp = calloc(UINT16_MAX + 1, sizeof(*e->class_gfp));
	if (!e->samples || !e->latency || !e->class_gfp)
		return mmr_err(err, -ENOMEM, "no memory for the metrics");
	e->clock = clock_calibrate();
	e->until_stamp = e->options.latency_every; /* 0 counts down from 2^32: practically never */
	return 0;
}

int engine_create(struct trace_reader *reader, const struct engine_options *options, struct engine **ret,
		  struct mmr_error *err)
{
	struct engine *e = calloc(1, sizeof(*e));
	struct mmr_machine_config config;
	int rc;

	if (!e)
		return mmr_err(err, -ENOMEM, "no memory for the engine");
	e->reader = reader;
	e->options = *options;
	trace_reader_rewind(reader);
	machine_config(options->machine, options->profile, &config);
	rc = mmr_machine_create(&config, &e->core, err);
	rc = rc ? rc : translate_init(&e->translate, options->recorded, options->machine, err);
	rc = rc ? rc : live_map_init(&e->map, err);
	rc = rc ? rc : init_metrics(e, err);
	rc = rc ? rc : choose_start(e, err);
	if (rc) {
		engine_destroy(e);
		return rc;
	}
	*ret = e;
	return 0;
}

void engine_destroy(struct engine *e)
{
	if (!e)
		return;
	mmr_machine_destroy(e->core);
	translate_deinit(&e->translate);
	live_map_deinit(&e->map);
	free(e->class_gfp);
	free(e->zone_starts);
	free(e->latency);
	free(e->samples);
	free(e);
}

const struct engine_counts *engine_counts(const struct engine *e)
{
	return &e->counts;
}

const struct mmr_machine *engine_machine(const struct engine *e)
{
	return e->core;
}

const struct hist *engine_latency(const struct engine *e, enum mmr_path path)
{
	return &e->latency[path];
}

struct clock_rate engine_clock(const struct engine *e)
{
	return e->clock;
}

const struct zone_sample *engine_samples(const struct engine *e, size_t *nr)
{
	*nr = e->nr_samples;
	return e->samples;
}

const struct translate *engine_translate(const struct engine *e)
{
	return &e->translate;
}

enum engine_start engine_start(const struct engine *e)
{
	return e->start;
}

unsigned int engine_nr_zones_missing(const struct engine *e)
{
	return e->nr_zones_missing;
}

uint64_t engine_nr_start_conflicts(const struct engine *e)
{
	return e->nr_start_conflicts;
}

uint64_t engine_live_pages_max(const struct engine *e)
{
	return e->map.nr_pages_max;
}

uint64_t engine_bytes(const struct engine *e, uint64_t *touched)
{
	*touched = mmr_touched_pages(e->core);
	return mmr_metadata_bytes(e->core, NULL) + live_map_bytes(&e->map);
}

uint64_t engine_wall_ns(const struct engine *e)
{
	return e->wall_ns;
}
