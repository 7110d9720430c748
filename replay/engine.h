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

#include "core/page_alloc.h"
#include "replay/backend.h"
#include "replay/clock.h"
#include "replay/hist.h"
#include "replay/machine.h"
#include "replay/translate.h"
#include "traces/trace_reader.h"

/** enum engine_start - the free memory a replay begins with */
enum engine_start {
	ENGINE_START_AUTO, /* recorded where the trace and the machine allow it, else empty */
	ENGINE_START_RECORDED, /* the trace's first keyframes; the recorded machine only */
	ENGINE_START_EMPTY, /* all managed memory free, as after boot */
};
const char *engine_start_name(enum engine_start start);

/**
 * struct engine_options - what to replay and how
 * @recorded: the trace's own machine; @machine: the one to replay on (may be the same object)
 * @start_from: recording of @machine whose first keyframes are the starting state, where it is not
 *	@reader itself; NULL otherwise
 * @profile: kernel line of the core
 * @latency_every: stamp one request in this many; 0 for none
 * @nr_samples: how many times over the trace the free lists are sampled
 * @stop: set from a signal handler to stop cleanly; may be NULL
 * @progress: called about every second million events with the share done (0..1); may be NULL
 */
struct engine_options {
	const struct machine *recorded;
	const struct machine *machine;
	struct trace_reader *start_from;
	const struct kernel_profile *profile;
	const struct backend *backend;
	enum engine_start start;
	unsigned int latency_every;
	unsigned int nr_samples;
	volatile sig_atomic_t *stop;
	void (*progress)(double share, void *ctx);
	void *progress_ctx;
};

/** struct zone_sample - one zone's free memory at one moment; blocks per order over all types */
struct zone_sample {
	uint64_t ts_ns; /* since the trace's first event */
	uint16_t nid;
	uint8_t zone;
	uint32_t nr_free[NR_PAGE_ORDERS];
	uint64_t free_pages, pcp_pages;
};

/**
 * struct engine_counts - what the trace held and what became of it
 * @recorded: events by type; @recorded_failed: allocations that had failed in the kernel (not asked again)
 * @before_keyframe: events the starting state already contains
 * @allocs, @frees: requests made of the backend; @failed: allocations it refused
 * @frees_of_failed: frees of what it had refused
 * @frees_boot: frees of pages allocated before the recording began, honoured
 * @frees_unknown: frees of pages whose allocation the trace does not show, dropped
 * @reallocs: allocations of a recorded page that was still live (its free was not seen)
 * @splits: blocks freed in smaller pieces than they were allocated in
 */
struct engine_counts {
	uint64_t recorded[TRACE_NR_PAGE_EVENTS];
	uint64_t recorded_failed, before_keyframe;
	uint64_t allocs, alloc_pages, frees, failed;
	uint64_t frees_of_failed, frees_boot, frees_unknown, reallocs, splits;
};

struct engine;

/**
 * engine_create - a machine with its starting state, ready to replay @reader
 * @reader: borrowed; read from its first event
 * Return: 0; -EINVAL where trace, machine and start state do not fit; -ENOMEM.
 */
int engine_create(struct trace_reader *reader, const struct engine_options *options, struct engine **ret,
		  struct mmr_error *err);
void engine_destroy(struct engine *engine);

/**
 * engine_run - replay to the end of the trace, or until *options->stop
 * Return: 0; 1 stopped early (results so far are good); -EBADMSG for a damaged trace; -ENOMEM.
 */
int engine_run(struct engine *engine, struct mmr_error *err);

/* What it found; valid until engine_destroy(). */
const struct engine_counts *engine_counts(const struct engine *engine);
const struct mmr_machine *engine_machine(const struct engine *engine);
const struct hist *engine_latency(const struct engine *engine,
				  enum mmr_path path); /* ticks, overhead subtracted */
struct clock_rate engine_clock(const struct engine *engine);
const struct zone_sample *engine_samples(const struct engine *engine, size_t *nr);
const struct translate *engine_translate(const struct engine *engine);
enum engine_start engine_start(const struct engine *engine); /* the one in force, never AUTO */
/** engine_nr_zones_missing - managed zones without a keyframe, left without free pages */
unsigned int engine_nr_zones_missing(const struct engine *engine);
/** engine_nr_start_conflicts - per-CPU blocks that lay elsewhere when the zone's free lists were read */
uint64_t engine_nr_start_conflicts(const struct engine *engine);
/**
 * engine_bytes - host memory behind core metadata (resident part) and live map
 * @touched: set to mmr_touched_pages(): the modelled pages that have metadata
 */
uint64_t engine_bytes(const struct engine *engine, uint64_t *touched);
/** engine_live_pages_max - most pages that were allocated at once */
uint64_t engine_live_pages_max(const struct engine *engine);
/** engine_wall_ns - time spent in engine_run(), decoding included */
uint64_t engine_wall_ns(const struct engine *engine);

#endif
