/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine's files share. */
#ifndef MMR_REPLAY_ENGINE_INTERNAL_H
#define MMR_REPLAY_ENGINE_INTERNAL_H

#include "replay/backend/backend_guard.h"
#include "replay/engine/engine.h"
#include "replay/engine/kswapd_pace.h"
#include "replay/engine/live_map.h"
#include "replay/engine/recorded_acts.h"
#include "replay/engine/vmalloc_areas.h"
#include "replay/engine/vmstat_runs.h"
#include "replay/scenario/scenario.h"

/* Events of a zone before its keyframe are already in the starting state. */
struct zone_start {
	uint32_t start_pfn, end_pfn;
	uint64_t ts_ns;
};

/* What an allocation's class decides of its request. */
struct alloc_class {
	gfp_t gfp;
	uint32_t word; /* live_word() of its blocks, without the birth */
	uint16_t pages; /* 2^order */
	uint8_t type; /* migratetype asked for: 0..2 */
	uint8_t highest; /* zone it may have */
	uint8_t way; /* enum translate_way */
};

/**
 * struct owner - who holds a modelled block, at its first frame; for --reclaim modelled only
 * @recorded: the recorded block it stands for; MMR_NO_PFN: the recorded kernel has freed it and the
 *	model's reclaim has not
 * @task: who asked, TRACE_NO_TASK where unknown
 */
struct owner {
	uint32_t recorded;
	uint32_t task : 29;
	uint32_t type : 2;
	uint32_t held : 1;
};

/**
 * struct cold - blocks of one zone that the recorded kernel reclaimed and the model has not, in that order
 * @first, @nr: where in blocks[room] they begin, and how many; some have gone meanwhile
 */
struct cold {
	struct cold_block {
		uint64_t age; /* smaller for older ones, of all zones */
		uint32_t pfn;
		uint8_t order;
	} * blocks;
	size_t first, nr, room;
};

/* struct doomed - a page that the recorded kernel reclaims at @freed_ns, allocated last at @born_ns */
struct doomed {
	uint64_t born_ns, freed_ns;
	uint32_t recorded;
};

/* struct kswapd_turn - a node's kswapd: until when it has worked or slept, since when it rests (0: it does not)
 */
struct kswapd_turn {
	uint64_t worked_ns, rests_ns;
};

/* struct pressure - the model's answers to want of memory, and whom they meet; engine_pressure.c */
struct pressure {
	struct owner *owners; /* [nr_owners], by modelled frame */
	size_t nr_owners;
	uint32_t *leader; /* [nr_tasks + 1] first task of its process; the last one stands for "unknown" */
	uint64_t *task_pages; /* [nr_tasks + 1] movable pages held, by leader */
	bool *killed; /* [nr_tasks + 1] by leader */
	uint32_t nr_tasks;
	uint64_t oom_seen;
	struct cold (*cold)[MAX_NR_ZONES]; /* [nr_nodes] */
	uint64_t next_age;
	struct doomed *doomed; /* [nr_doomed] in order of their frees */
	size_t nr_doomed;
	size_t *next_doomed; /* [nr_nodes] where each node looks next */
	uint64_t now_ns; /* of the event that is replayed */
	struct kswapd_pace kswapd_pace; /* of recorded time; a mean of 0: at once */
	struct kswapd_turn *kswapds; /* [nr_nodes] */
	uint64_t asleep_ns; /* until then all of them slept */
};

enum stamping {
	STAMP_PAIRS, /* one before and one after */
	STAMP_CHAIN, /* one after each request: the one before is the last request's */
	STAMP_INTENDED, /* from when the request should have begun */
};

#define MAX_CHOSEN 1024u /* events that are looked through at once */

/**
 * struct chosen - of some events those that matter, in their order
 * @events: [nr], and behind them TRACE_READER_AHEAD that may be looked at and mean nothing
 * @wanted: bit 1 << type for each type that matters
 */
struct chosen {
	struct trace_event events[MAX_CHOSEN + TRACE_READER_AHEAD];
	size_t nr;
	uint64_t wanted;
};

struct engine {
	/* What every event touches. */
	struct mmr_machine *core;
	void *ctx; /* the backend's, BACKEND_OPS */
	const struct backend *backend;
	struct live_map map;
	struct chosen *chosen; /* of the events at hand */
	bool reads_requests; /* the reader delivers no others than those that matter */
	struct usage usage;
	struct vmalloc_areas areas;
	struct alloc_class *classes; /* by class id */
	uint32_t nr_classes;
	uint32_t nr_checked_classes;
	bool has_bad_class; /* of the checked ones */
	uint32_t until_stamp;
	uint64_t next_timer_ns, all_started_ns; /* every zone's keyframe lies before the latter */
	uint64_t first_ns;
	unsigned int birth_shift; /* lifetimes->shift */
	uint64_t *node_allocs; /* [nr_nodes * nr_nodes], from and to */
	uint32_t *node_row; /* [nr_cpus] where a CPU's node begins in it */
	enum stamping stamping;
	uint64_t last_ticks, due_ticks;
	struct hist *latency; /* [NR_MMR_PATHS] */
	struct lifetimes *lifetimes;
	struct translate translate;
	struct engine_counts counts;

	struct trace_reader *reader;
	struct stream *stream;
	struct task_places *tasks;
	struct engine_options options;
	enum engine_start start;
	enum engine_reclaim reclaim;
	bool drops_kernel_made; /* reclaim is modelled or nobody's */
	bool ended; /* options.to_ns is reached */
	int failure; /* of the backend; said in @failure_error */
	struct mmr_error failure_error;
	struct zone_start *zone_starts;
	unsigned int nr_zone_starts, nr_zones_missing;
	bool lacks_state; /* wanted from the recording, which has none */
	uint64_t nr_start_conflicts;
	uint64_t start_checksum;
	struct state_figures start_figures;
	struct clock_rate clock;
	struct zone_sample *samples;
	size_t nr_samples, max_samples;
	uint64_t sample_interval_ns, next_sample_ns, next_tick_ns;
	struct vmstat_runs vmstat_runs; /* in place of a tick of all CPUs, where known */
	struct recorded_acts recorded_acts; /* on the recorded machine */
	uint64_t measure_ns,
		end_ns; /* what is measured, in the trace's time; the first is UINT64_MAX once begun */
	struct mmr_counters *counters_before; /* when measuring began */
	uint64_t (*zone_before)[2]; /* [nr_nodes * MAX_NR_ZONES] requests and pages served by then */
	struct pressure pressure;
	struct backend_guard guard;
	struct engine_times times;
	struct mmr_lock_times *lock_times; /* [nr_nodes * MAX_NR_ZONES], replay on threads */
	uint64_t nr_done; /* events seen */
	double ticks_per_ns; /* timed replay: of recorded time */
	uint64_t pace_begin_ticks;
};

#define unlikely_(x) __builtin_expect(!!(x), 0)

/* A recorded event's time as lifetimes count it. */
static inline uint32_t engine_birth(const struct engine *e, uint64_t ts_ns)
{
	return (uint32_t)((ts_ns - e->first_ns) >> e->birth_shift) & ((1u << LIVE_BIRTH_BITS) - 1);
}

/* Made by a task that reclaims or compacts, and not by an interrupt that came over it. */
static inline bool engine_kernel_made(const struct trace_event *event)
{
	return (event->flags & (TRACE_F_KSWAPD | TRACE_F_PF_MEMALLOC)) &&
	       !(event->flags & (TRACE_F_SOFTIRQ | TRACE_F_HARDIRQ));
}

/* ---- engine.c -------------------------------------------------------------------------------- */

void engine_show_progress(const struct engine *e, uint64_t *next);

/* ---- engine_start.c -------------------------------------------------------------------------- */

int engine_choose_start(struct engine *e, struct mmr_error *err);
/* Which pages of each pageblock are in use when the replay begins. */
void engine_count_usage(struct engine *e);

/* ---- stand_in.c ------------------------------------------------------------------------------ */

/*
 * What stands here for the block of a recorded free that was in use before the recording began: a block of the
 * start state that is in use still. MMR_NO_PFN where there is none.
 */
uint32_t engine_stand_in(struct engine *e, const struct trace_event *event);

/* ---- engine_sample.c ------------------------------------------------------------------------- */

int engine_init_timers(struct engine *e, struct mmr_error *err);
void engine_sample_zones(struct engine *e, uint64_t ts_ns);
/* Timers due by @ts_ns, each at its time: the vmstat worker of every CPU, the samples, the begin of measuring.
 */
void engine_run_timers(struct engine *e, uint64_t ts_ns);

/* ---- engine_choose.c ------------------------------------------------------------------------- */

/* Which events matter, and whether the reader is asked for these alone. Return: 0; -ENOMEM */
int engine_init_chosen(struct engine *e);
/* Those of @events that matter, at most MAX_CHOSEN of them all: e->chosen. Return: 0; -ENOMEM */
int engine_choose_events(struct engine *e, const struct trace_event *events, size_t nr, struct mmr_error *err);
/* Where among @events the chosen event @i stands. */
size_t engine_chosen_place(const struct engine *e, const struct trace_event *events, size_t i);
/* Can the next events be? Return: 0; -EINVAL with the first that cannot. */
int engine_check_batch(struct engine *e, const struct trace_event *events, size_t nr, struct mmr_error *err);
/* Events of the recording until now, with those that do not matter. */
uint64_t engine_nr_seen(const struct engine *e);
/* At the end: what was not counted event by event. */
void engine_count_recorded(struct engine *e);

/* ---- engine_events.c ------------------------------------------------------------------------- */

int engine_replay_batch(struct engine *e, const struct trace_event *events, size_t nr, struct mmr_error *err);
/* What class @id asks for; learns it from the reader. */
const struct alloc_class *engine_class(struct engine *e, uint16_t id);
/* The frame of @event, an allocation, is free in the map: a block that was not seen to be freed goes first. */
void engine_make_room(struct engine *e, const struct trace_event *event);
/* A free of one page that the caller gives back. Return: the modelled page; the block it lay in is split. */
uint32_t engine_forget_page(struct engine *e, const struct trace_event *event);
/* Give a block back outside the loop, unmeasured. */
void engine_give_back(struct engine *e, uint32_t pfn, unsigned int order, unsigned int cpu);

/* ---- vmalloc_areas.c ------------------------------------------------------------------------- */

/*
 * Before an allocation or a free: calls end that it is no part of.
 * Return: true where it is dealt with, now or when its call ends.
 */
bool engine_area_event(struct engine *e, const struct trace_event *event);
/* After an allocation for an area that was made at once. */
void engine_area_taken(struct engine *e, const struct trace_event *event);
/* All calls end. */
void engine_end_areas(struct engine *e);

/* ---- engine_pace.c --------------------------------------------------------------------------- */

void engine_pace_begin(struct engine *e);
/* Wait until the time of @ts_ns has come; sets due_ticks. */
void engine_pace(struct engine *e, uint64_t ts_ns);

/* ---- engine_pressure.c ----------------------------------------------------------------------- */

int engine_init_pressure(struct engine *e, struct mmr_error *err);
void engine_deinit_pressure(struct engine *e);
/* The recorded block of @event now lies at @pfn. */
void engine_own(struct engine *e, const struct trace_event *event, uint32_t pfn, unsigned int type);
/* A block of the start state: held for nobody that the recording knows. */
void engine_own_start(struct engine *e, uint32_t pfn, unsigned int order, unsigned int type);
/* A block goes back: nobody owns it. */
void engine_disown(struct engine *e, uint32_t pfn, unsigned int order);
/* A block became pieces of @new_order. */
void engine_own_pieces(struct engine *e, uint32_t pfn, unsigned int order, unsigned int new_order);
/* The recorded kernel freed it; the model has not. */
void engine_hold(struct engine *e, uint32_t pfn, unsigned int order);
/* Has the model's OOM killer killed the process that asks? */
bool engine_asker_killed(const struct engine *e, const struct trace_event *event);
/* A block of @order that the model had reclaimed is freed: one that is held goes in its place. */
void engine_free_held(struct engine *e, unsigned int order, unsigned int cpu);
/* Another block that the recorded kernel has taken and the model has not. */
void engine_push_cold(struct engine *e, uint32_t pfn, unsigned int order);
int engine_init_cold(struct engine *e, struct mmr_error *err);
void engine_deinit_cold(struct engine *e);
/* The time is @ts_ns: kswapds that are awake have worked until then. */
void engine_turn_kswapds(struct engine *e, uint64_t ts_ns);
/* After a request: what the model took and moved. */
void engine_settle(struct engine *e);
/* After a refusal: kill, and ask again, as long as the OOM killer is called and finds somebody. */
struct mmr_page engine_out_of_memory(struct engine *e, const struct mmr_request *request);

#endif
