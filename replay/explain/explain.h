/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The story of one decision of a recording: which events belong to it, what the model does in the
 * state just before it, step by step, and what the kernel did.
 */
#ifndef MMR_REPLAY_EXPLAIN_H
#define MMR_REPLAY_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

#include "core/step.h"
#include "core/story.h"
#include "replay/verify/verify.h"
#include "traces/trace_reader.h"

#define EXPLAIN_MAX_DECISIONS 32

/** struct explain_query - which event is asked about */
struct explain_query {
	enum explain_by { EXPLAIN_BY_EVENT, EXPLAIN_BY_PFN, EXPLAIN_BY_TIME, EXPLAIN_BY_DIVERGENCE } by;
	uint64_t event; /* number from 0 */
	uint64_t since_ns; /* the first event of a page so long after the start, or later */
	uint32_t pfn;
	uint64_t nth; /* BY_PFN: its nth allocation, from 1; 0 for the last */
};

/** enum explain_kind - what kind of decision the event belongs to */
enum explain_kind {
	EXPLAIN_ALLOC,
	EXPLAIN_FREE,
	EXPLAIN_DRAIN, /* a page left a per-CPU list, but no free of this CPU caused it */
	EXPLAIN_TAKEN, /* pages left the buddy, but no event says who asked for them */
	EXPLAIN_BULK, /* pages of alloc_pages_bulk(), one call or several in a row */
	EXPLAIN_OTHER, /* an event of another kind that is part of no such decision */
};

/** struct explain_event - an event of the recording, its number and its class */
struct explain_event {
	uint64_t number;
	struct trace_event ev;
	struct trace_class cls;
};

/** struct explain_beside - an event of another kind near the decision: who decided, what was probed */
struct explain_beside {
	struct explain_event event;
	struct trace_args args;
};

/** struct explain_kswapd - what is recorded of a node's kswapd before the decision */
struct explain_kswapd {
	bool known, awake;
	uint64_t since_ns; /* its last event */
};

/** struct explain_look - the model where an event of another kind points, just before it */
struct explain_look {
	bool have_page, have_zone;
	struct mmr_step_place place;
	uint8_t pageblock; /* type */
	uint16_t zone; /* as in a story's steps */
	struct mmr_step_marks marks;
};

/** struct explain_told - what the model did; in memory shared with the copy that did it */
struct explain_told {
	bool finished;
	struct mmr_page page; /* an allocation's result; TAKEN, BULK: of the first page */
	uint32_t nr_gone; /* TAKEN: blocks that must have left the list before, with no event */
	int nid; /* node it was told to prefer, NUMA_NO_NODE for the CPU's own */
	int rc; /* a free's */
	int owner; /* a drain: whose list the page was on, -1 on none */
	enum mmr_page_state was; /* a free: where the model had the page, before */
	struct mmr_story story; /* last: its steps follow */
};

/** struct explain_verdict - one decision that verify did not find exact */
struct explain_verdict {
	uint64_t event;
	enum verify_level level;
	enum verify_verdict verdict;
	enum verify_cause cause;
	char expected[200], got[200];
};

/**
 * struct explain - everything there is to say
 * @asked, @asked_pfn: number and page of the event asked about; @request: the allocation, free or drain it
 *belongs to
 * @begin, @last: first and last event of the decision, on the CPU of @request
 * @order: of the block; a free_batched event does not say it
 * @events: those of the decision, in the recording's order
 * @life: BY_PFN: all events of that page
 * @beside: other kinds on its CPU, from shortly before to its end; @kswapd: per node
 * @args: of the event asked about, where it is of another kind; @look: EXPLAIN_OTHER
 * @past: a free that found its list locked; @run_pfn, @run_pages: one of a run of neighbours that are
 *	inserted together, 0 pages where it is none
 * @known: is the state followed at @begin? Else @known_from: the first event at which it is again,
 *	UINT64_MAX where never
 * @early: another task's or an interrupt's event, @early_event, came first, though what is told was done before
 * @nr_between: page events of others on its CPU, from @request to @last: they were at the lists in between
 * @told: NULL where nothing could be told
 */
struct explain {
	struct explain_query query;
	enum explain_kind kind;
	uint64_t asked, begin, last;
	uint32_t asked_pfn;
	struct explain_event request;
	uint8_t order;
	struct explain_event *events, *life;
	size_t nr_events, nr_life;
	struct explain_beside *beside;
	size_t nr_beside;
	struct explain_kswapd kswapd[MAX_NUMNODES];
	struct trace_args args;
	struct explain_look look;
	uint32_t run_pfn, run_pages;
	uint64_t nth, nr_allocs; /* BY_PFN: this is allocation @nth of @nr_allocs of the page */
	bool known, early, past;
	uint64_t early_event, nr_between;
	bool extfrag_first; /* this kernel's extfrag events come before the blocks they are about */
	uint64_t known_from;
	struct explain_told *told;
	struct mmr_page own; /* where told->nid is set: what it would have been from the CPU's own node */
	size_t told_bytes;
	struct explain_verdict verdicts[EXPLAIN_MAX_DECISIONS];
	size_t nr_verdicts, nr_more_verdicts;
};

/**
 * explain_find - find the event and the decision it belongs to
 * Return: 0; -ENOENT where the recording has no such event (the message says what it has); -EBADMSG
 *	damaged before it; -ENOMEM; -EINTR where *stop was set.
 */
int explain_find(struct trace_reader *reader, const struct explain_query *query, volatile sig_atomic_t *stop,
		 struct explain *ret, struct mmr_error *err);
/**
 * explain_tell - follow the recording up to the decision, let a copy of this process make it, and go on
 *	to its end to hear the verdict
 * @vo: profile, stop and progress; the rest is set here
 * Return: 0, also where the state is not known (@e->known); as verify_run().
 */
int explain_tell(struct trace_reader *reader, const struct verify_options *vo, struct explain *e,
		 struct mmr_error *err);
void explain_deinit(struct explain *e);

/** struct explain_keyframe - what was found at a keyframe; @parts: its zone's lists first, then each CPU's */
struct explain_keyframe {
	uint32_t number, nr_keyframes;
	uint64_t begin_ns; /* the recording's first event */
	struct trace_keyframe state;
	struct explain_keyframe_part {
		int pcp;
		uint64_t event;
		enum verify_found found;
		uint64_t blocks, equal_blocks, pageblocks, equal_pageblocks;
		char difference[300];
	} * parts;
	size_t nr_parts;
};

/**
 * explain_keyframe - follow the recording up to a keyframe and hold the model against it
 * @number: from 0
 * Return: 0; -ENOENT where there is no such keyframe; else as verify_run().
 */
int explain_keyframe(struct trace_reader *reader, const struct verify_options *vo, uint32_t number,
		     struct explain_keyframe *ret, struct mmr_error *err);
void explain_keyframe_deinit(struct explain_keyframe *k);
void explain_keyframe_text(FILE *out, const struct explain_keyframe *k, const struct trace_reader *reader,
			   const struct kernel_profile *profile);
json_t *explain_keyframe_json(const struct explain_keyframe *k, const struct trace_reader *reader,
			      const struct kernel_profile *profile);

/** explain_same - did model and kernel do the same? Pages of refills and drains included */
bool explain_same(const struct explain *e);
/** explain_result - the worst of the verdicts */
enum verify_verdict explain_result(const struct explain *e);

/** explain_text - @full: also long rows of pages in full */
void explain_text(FILE *out, const struct explain *e, const struct trace_reader *reader,
		  const struct kernel_profile *profile, bool full);
json_t *explain_json(const struct explain *e, const struct trace_reader *reader,
		     const struct kernel_profile *profile);

#endif
