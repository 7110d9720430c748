/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replays a recording on the machine it was made on, decision by decision: at each the core says
 * what it would do and the recording what the kernel did.
 *
 * Where they differ, the kernel's outcome is forced on the model, so that one difference stays one.
 */
#ifndef MMR_REPLAY_VERIFY_H
#define MMR_REPLAY_VERIFY_H

#include <signal.h>
#include <stdio.h>

#include "core/page_alloc.h"
#include "traces/trace_reader.h"

struct zone; /* opaque */

/** enum verify_level - what is decided: which zone serves; which block; per-CPU lists; whose pages */
enum verify_level { VERIFY_ZONE, VERIFY_BUDDY, VERIFY_PCP, VERIFY_FALLBACK, NR_VERIFY_LEVELS };
const char *verify_level_name(enum verify_level level);

/** enum verify_verdict - did the model decide as the kernel did? */
enum verify_verdict {
	VERIFY_EXACT,
	VERIFY_INFORMED, /* yes, once told an input that no event shows */
	VERIFY_DIVERGED
};

/** enum verify_cause - what the model was told, or why it was wrong; verify_cause_text() explains */
enum verify_cause {
	VERIFY_CAUSE_NONE,
	VERIFY_CAUSE_UNEXPLAINED,
	VERIFY_CAUSE_UNKNOWN_LIST,
	VERIFY_CAUSE_BULK,
	VERIFY_CAUSE_ORDER,
	VERIFY_CAUSE_PCP_LOCKED,
	VERIFY_CAUSE_MIGRATED,
	VERIFY_CAUSE_ROTATED,
	VERIFY_CAUSE_SHUFFLED,
	VERIFY_CAUSE_UNTRACED,
	VERIFY_CAUSE_LRU,
	VERIFY_CAUSE_ZONE_FLAGS,
	VERIFY_CAUSE_DECAY,
	VERIFY_CAUSE_RAISED,
	VERIFY_CAUSE_TRIGGER,
	VERIFY_CAUSE_RETYPED,
	VERIFY_CAUSE_DRIFT,
	VERIFY_CAUSE_BOOST,
	VERIFY_CAUSE_RACE,
	VERIFY_CAUSE_POLICY,
	VERIFY_CAUSE_RECLAIM,
	VERIFY_CAUSE_LIMITS,
	VERIFY_CAUSE_MISSING,
	NR_VERIFY_CAUSES
};
/** verify_cause_name - "irq_order", …: for JSON;  verify_cause_text - one clause for people */
const char *verify_cause_name(enum verify_cause cause);
const char *verify_cause_text(enum verify_cause cause);

/** struct verify_decision - one decision that was not exact; strings are valid during the call */
struct verify_decision {
	uint64_t event; /* its number in the recording, from 0 */
	uint64_t ts_ns;
	enum verify_level level;
	enum verify_verdict verdict;
	enum verify_cause cause;
	const char *expected, *got;
	const char *views; /* the model's and the kernel's side, several lines; may be NULL */
};

/** enum verify_found - what became of a part of a keyframe: held against the model; or why not */
enum verify_found {
	VERIFY_FOUND_COMPARED,
	VERIFY_FOUND_BEGINS, /* the model had nothing there: it begins with it */
	VERIFY_FOUND_PARTIAL, /* the recorder could not read all */
	VERIFY_FOUND_LOST, /* it was read while events were being lost */
	VERIFY_FOUND_OTHER_ZONES, /* memory was plugged into a zone that the header does not have */
};

/**
 * struct verify_keyframe - a part of a keyframe: its zone's free lists and pageblocks, or one CPU's lists
 * @number: of the keyframe, from 0; @state: all of it
 * @pcp: the place in @state of the CPU's lists; -1 for the zone's
 * @event: the first one behind it
 * @blocks, @pageblocks: compared, and equal of these
 * @difference: the first one, "" where there is none
 */
struct verify_keyframe {
	uint32_t number;
	const struct trace_keyframe *state;
	int pcp;
	uint64_t event;
	enum verify_found found;
	uint64_t blocks, equal_blocks, pageblocks, equal_pageblocks;
	const char *difference;
};

struct verify; /* opaque; a verification while it runs */

/**
 * struct verify_options - what to verify
 * @profile: kernel line of the core
 * @until: stop before this event; UINT64_MAX for the end
 * @stop_at_divergence: end at the first one
 * @on_decision: called for each decision that was not exact; may be NULL
 * @on_keyframe: called for each part of each keyframe, in the order in which they were read; may be NULL
 * @before: called once with the state just before what event @at tells is done, for those who want to look at
 *	the model; may be NULL
 * @enough: set by a callback to end before the next event, as at @until; may be NULL
 * @stop: set from a signal handler to stop cleanly; may be NULL
 * @progress: called about every second million events with the share done (0..1); may be NULL
 */
struct verify_options {
	const struct kernel_profile *profile;
	uint64_t until;
	bool stop_at_divergence;
	void (*on_decision)(const struct verify_decision *decision, void *ctx);
	void (*on_keyframe)(const struct verify_keyframe *keyframe, void *ctx);
	void (*before)(const struct verify *v, void *ctx);
	uint64_t at;
	void *ctx;
	const bool *enough;
	volatile sig_atomic_t *stop;
	void (*progress)(double share, void *ctx);
};

struct verify_tally {
	uint64_t decisions, exact, informed, diverged;
};

#define VERIFY_MAX_UNCLAIMED 16

/**
 * struct verify_report - what came out
 * @causes: [verdict - 1]: informed, diverged
 * @unjudged: allocations and frees whose lists were not known (before the keyframe, after a loss)
 * @compared_blocks: entries of free and per-CPU lists held against keyframes; @equal_blocks: same
 *	block at the same place of the same list; @listed_blocks: free blocks on the same list, at
 *	whatever place
 * @claim_end: first event of which nothing can be claimed because events before it are missing;
 *	UINT64_MAX where there is none
 * @unclaimed: the stretches of these, up to where keyframes had brought back all zones' lists; @end
 *	UINT64_MAX where they did not. The last one's if there are more than are kept
 * @damaged: the file is; @other_zones: memory was plugged into a zone that the header does not have
 */
struct verify_report {
	uint64_t events;
	struct verify_tally levels[NR_VERIFY_LEVELS];
	uint64_t causes[2][NR_VERIFY_CAUSES];
	uint64_t untraced_changes, unjudged;
	uint64_t compared_blocks, equal_blocks, listed_blocks;
	uint64_t compared_pcp_blocks, equal_pcp_blocks;
	uint64_t compared_pageblocks, equal_pageblocks;
	uint32_t keyframes_compared, keyframes_equal;
	char keyframe_difference[300]; /* the first one; empty where all are equal */
	uint64_t claim_end;
	struct {
		uint64_t begin, end;
	} unclaimed[VERIFY_MAX_UNCLAIMED];
	uint32_t nr_unclaimed;
	bool have_divergence, stopped, damaged, other_zones;
	struct {
		uint64_t event;
		enum verify_level level;
		enum verify_cause cause;
		char expected[200], got[200], views[3200];
	} first_divergence;
	uint64_t wall_ns;
};

/**
 * verify_run - verify a recording from its first event
 * Where the file is damaged, what is missing counts as a loss: nothing is claimed until the next keyframes.
 *
 * Return: 0, whatever was found; -EINVAL where the recording cannot be verified (no keyframe, a
 *	machine the model cannot hold); -EBADMSG damaged: @report is good, and says where nothing is
 *	claimed; -ENOMEM.
 */
int verify_run(struct trace_reader *reader, const struct verify_options *options, struct verify_report *report,
	       struct mmr_error *err);

/* For verify_options.before: the model, and what of it is followed. */
struct mmr_machine *verify_model(const struct verify *v);
/** verify_zone_known - are the free lists of @zone those of the kernel? */
bool verify_zone_known(const struct verify *v, const struct zone *zone);
/** verify_list_known - is list @pindex of @cpu followed down to its tail? */
bool verify_list_known(const struct verify *v, const struct zone *zone, unsigned int cpu, unsigned int pindex);
/**
 * struct verify_at - of the event that options.before was called for
 * @during: the event at hand: another one, before it, where an interrupt came between what the kernel did
 *	and its event
 * @past: a free that went past its per-CPU list, as an event tells
 * @run_pfn, @run_pages: a free that is part of a run of neighbours which are inserted together, at event
 *	@run_last; 0 pages where it is none
 */
struct verify_at {
	uint64_t during, run_last;
	uint32_t run_pfn, run_pages;
	bool past;
};
struct verify_at verify_at(const struct verify *v);

/** verify_passed - nothing diverged, and all of it could be judged */
bool verify_passed(const struct verify_report *report);

#endif
