/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The replay engine: feeds a trace's requests to a backend on a chosen machine and measures.
 *
 * One event in, a few bytes touched, one counter out. Memory is bounded by the machine, not by the
 * trace.
 */
#ifndef MMR_REPLAY_ENGINE_H
#define MMR_REPLAY_ENGINE_H

#include <signal.h>

#include "core/locked.h"
#include "core/page_alloc.h"
#include "replay/backend/backend.h"
#include "replay/clock.h"
#include "replay/engine/lifetimes.h"
#include "replay/engine/translate.h"
#include "replay/machines/machine.h"
#include "replay/result/hist.h"
#include "replay/result/usage.h"
#include "traces/trace_reader.h"

/** enum engine_start - the free memory a replay begins with */
enum engine_start {
	ENGINE_START_AUTO, /* recorded where the trace and the machine allow it, else empty */
	ENGINE_START_RECORDED, /* the trace's first keyframes; the recorded machine only */
	ENGINE_START_EMPTY, /* all managed memory free, as after boot */
	ENGINE_START_AGED, /* a synthetic past, scenario->options->aging */
	ENGINE_START_SAVED, /* as an earlier run left it, scenario->options->state_path */
};
const char *engine_start_name(enum engine_start start);

/**
 * enum engine_reclaim - who answers where memory runs short
 *
 * What kswapd, direct reclaim and compaction allocated and freed in the recording is that kernel's
 * answer on that machine, not a request of the workload.
 */
enum engine_reclaim {
	ENGINE_RECLAIM_AUTO, /* recorded on the recorded machine, else modelled */
	ENGINE_RECLAIM_RECORDED, /* the recording: its kernel-made frees are replayed where they stand */
	ENGINE_RECLAIM_MODELLED, /* the core's own kswapd, direct reclaim, compaction and OOM killer */
	ENGINE_RECLAIM_NONE, /* nobody: kernel-made frees are dropped, what they freed stays in use */
};
const char *engine_reclaim_name(enum engine_reclaim reclaim);

struct scenario; /* scenario.h */
struct state_figures; /* start_aged.h */

/**
 * struct engine_options - what to replay and how
 * @recorded: the trace's own machine; @machine: the one to replay on (may be the same object)
 * @start_from: recording of @machine whose first keyframes are the starting state, where it is not
 *	@reader itself; NULL otherwise
 * @scenario: what else is different; NULL for nothing
 * @profile: kernel line of the core
 * @seed: of whatever is random
 * @latency_every: stamp one request in this many; 1 chains one stamp per request; 0 for none
 * @clock: clock_calibrate()'s, which takes 20 ms; all 0: the engine calls it
 * @nr_samples: how many times over the trace the free lists are sampled
 * @vmstat_as_recorded: each CPU's vmstat worker runs when the recording says that it did, where it does, in
 *place of once every vm.stat_interval; for the core and one copy of the recording
 * @kswapd_as_recorded: where reclaim is modelled, kswapd works as fast as it did in the recording, where that
 *tells; else it has done its work at the moment it is woken
 * @speed: 0 as fast as possible; else recorded time is divided by it and waited for
 * @from_ns: since the first event: what comes earlier is replayed and not measured
 * @to_ns: since the first event: what comes then and later is left out; 0 for all
 * @max_events: leave out all behind this many events; 0 for all
 * @nr_threads: above 1: that many threads, each with its share of the CPUs, on a core with locks; then
 *	reclaim must not be modelled, and the whole trace is replayed as fast as possible
 * @stop: set from a signal handler to stop cleanly; may be NULL
 * @progress: called about every second million events with the share done (0..1); may be NULL
 */
struct engine_options {
	const struct machine *recorded;
	const struct machine *machine;
	struct trace_reader *start_from;
	const struct scenario *scenario;
	const struct kernel_profile *profile;
	const struct backend *backend;
	enum engine_start start;
	enum engine_reclaim reclaim;
	uint64_t seed;
	unsigned int latency_every;
	struct clock_rate clock;
	unsigned int nr_samples;
	bool vmstat_as_recorded, kswapd_as_recorded;
	double speed;
	uint64_t from_ns, to_ns, max_events;
	unsigned int nr_threads;
	volatile sig_atomic_t *stop;
	void (*progress)(double share, void *ctx);
	void *progress_ctx;
};

/**
 * struct zone_sample - one zone at one moment; blocks per order over all types
 * @ts_ns: since the trace's first event
 * @pcp_high: sum over CPUs of the per-CPU lists' current high, pages
 * @nr_allocs, @nr_extfrag: requests it has served so far, pages taken from another migratetype's list
 * @usage: its pageblocks
 */
struct zone_sample {
	uint64_t ts_ns;
	uint16_t nid;
	uint8_t zone;
	uint32_t nr_free[NR_PAGE_ORDERS];
	uint64_t free_pages, pcp_pages, pcp_high;
	uint64_t nr_allocs, nr_extfrag;
	struct usage_summary usage;
};

/**
 * struct engine_counts - what the trace held and what became of it, of the part that is measured
 * @recorded: events by type; @recorded_failed: allocations that had failed in the kernel (not asked again)
 * @before_keyframe: events the starting state already contains
 * @before_from: events replayed before measuring began
 * @asked, @refused: requests made of the backend, and those it refused, by order
 * @given_back: frees made of the backend, by order
 * @allocs, @alloc_pages, @failed, @frees: the sums of these
 * @frees_of: frees of recorded blocks that have no modelled one, by enum live_fate
 * @frees_boot: frees of pages allocated before the recording began, honoured
 * @frees_unknown: frees of pages whose allocation the trace does not show, dropped
 * @reallocs: allocations of a recorded page that was still live (its free was not seen)
 * @splits: blocks freed in smaller pieces than they were allocated in
 * @kernel_allocs, @kernel_frees, @kernel_freed_pages: made by the recorded kernel's own reclaim and
 *	compaction, and dropped
 * @reclaimed_blocks, @reclaimed_pages: taken by the model's reclaim from their recorded owners
 * @held_reclaimed_pages: taken by it, of what the recorded kernel had freed; @held_freed_pages: freed in place
 *of pages that it had taken; @start_reclaimed_pages: of what an aged or saved start had allocated
 * @moved_blocks, @moved_pages: moved by the model's compaction
 * @killed_processes, @killed_pages: by the model's OOM killer; @allocs_of_killed: later requests of theirs
 */
struct engine_counts {
	uint64_t recorded[TRACE_NR_PAGE_EVENTS];
	uint64_t recorded_failed, before_keyframe, before_from;
	uint64_t asked[NR_PAGE_ORDERS], refused[NR_PAGE_ORDERS], given_back[NR_PAGE_ORDERS];
	uint64_t allocs, alloc_pages, frees, failed;
	uint64_t frees_of[NR_LIVE_FATES];
	uint64_t frees_boot, frees_unknown, reallocs, splits;
	uint64_t kernel_allocs, kernel_frees, kernel_freed_pages;
	uint64_t reclaimed_blocks, reclaimed_pages, held_reclaimed_pages, held_freed_pages,
		start_reclaimed_pages, moved_blocks, moved_pages;
	uint64_t killed_processes, killed_pages, allocs_of_killed;
};

struct engine;

/**
 * engine_create - a machine with its starting state, ready to replay @reader
 * @reader: borrowed; read from its first event
 * Return: 0; -EINVAL where trace, machine, backend and start state do not fit; -ENOMEM.
 */
int engine_create(struct trace_reader *reader, const struct engine_options *options, struct engine **ret,
		  struct mmr_error *err);
void engine_destroy(struct engine *engine);

/**
 * engine_run - replay to the end of the trace, or until *options->stop
 * Return: 0; 1 stopped early (results so far are good); -EBADMSG for a damaged trace; -ENOMEM; -EINVAL
 *	for a backend that returned a page it must not, with the event.
 */
int engine_run(struct engine *engine, struct mmr_error *err);

/* What it found; valid until engine_destroy(). */
void engine_counts(const struct engine *engine, struct engine_counts *ret);
const struct mmr_machine *engine_machine(const struct engine *engine);
/** engine_counters - the model's, of the part that is measured */
void engine_counters(const struct engine *engine, struct mmr_counters *ret);
/** engine_zone_read - mmr_zone_read(), with the requests served of the part that is measured */
bool engine_zone_read(const struct engine *engine, unsigned int nid, enum zone_type zone,
		      struct mmr_zone_info *ret);
const struct hist *engine_latency(const struct engine *engine,
				  enum mmr_path path); /* ticks, overhead subtracted */
struct clock_rate engine_clock(const struct engine *engine);
const struct zone_sample *engine_samples(const struct engine *engine, size_t *nr);
const struct translate *engine_translate(const struct engine *engine);
enum engine_start engine_start(const struct engine *engine); /* the one in force, never AUTO */
enum engine_reclaim engine_reclaim(const struct engine *engine); /* likewise */
const struct lifetimes *engine_lifetimes(const struct engine *engine);
/** engine_node_allocs - requests of CPUs of node @from that were served by node @to */
uint64_t engine_node_allocs(const struct engine *engine, unsigned int from, unsigned int to);
/** engine_start_checksum - of the file a saved state came from, 0 for other states */
uint64_t engine_start_checksum(const struct engine *engine);
/** engine_start_figures - free memory and how it was cut up when the replay began */
const struct state_figures *engine_start_figures(const struct engine *engine);
/** engine_copy_offset_ns - how much later copy @copy of the recording began than the recording says */
uint64_t engine_copy_offset_ns(const struct engine *engine, unsigned int copy);
/** engine_lock_times - of a zone's lock, where threads replayed; else NULL */
const struct mmr_lock_times *engine_lock_times(const struct engine *engine, unsigned int nid,
					       enum zone_type zone);
/** engine_lacks_state - it was to begin as the recording did, which does not tell how: empty, therefore */
bool engine_lacks_state(const struct engine *engine);
/** engine_nr_zones_missing - managed zones without a keyframe, left without free pages */
unsigned int engine_nr_zones_missing(const struct engine *engine);
/** engine_nr_start_conflicts - per-CPU blocks that lay elsewhere when the zone's free lists were read */
uint64_t engine_nr_start_conflicts(const struct engine *engine);
/**
 * struct engine_memory - resident host memory behind the replay, bytes
 * @page_records: of the allocator, for pages: what it touches; of other backends all they tell of
 * @machine_tables: of the model, for each pageblock of the machine, whether it is used or not
 * @live_map: which modelled block answers for a recorded one
 * @touched_pages: mmr_pages_with_records()
 */
struct engine_memory {
	uint64_t page_records, machine_tables, live_map;
	uint64_t touched_pages;
};
void engine_memory(const struct engine *engine, struct engine_memory *ret);
/** engine_live_pages_max - most pages that were allocated at once */
uint64_t engine_live_pages_max(const struct engine *engine);

/**
 * struct engine_times - where the time of engine_run() went
 * @wall_ns: all of it; @cpu_ns: of this thread, which @decode_ns and @replay_ns are parts of
 * @decode_ns: reading and decoding the trace; @replay_ns: events become requests, and are answered
 * @nr_events: all that were replayed
 * @order_waits: on threads: requests that waited for another thread's on the same recorded page
 * @late_events, @behind_max_ns: timed replay: requests that began later than they should have
 */
struct engine_times {
	uint64_t wall_ns, cpu_ns, decode_ns, replay_ns, nr_events;
	uint64_t late_events, behind_max_ns;
	uint64_t order_waits;
};
struct engine_times engine_times(const struct engine *engine);

#endif
