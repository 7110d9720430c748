/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a tracepoint gets its second program. The kernel skips a program that is active on the CPU
 * already, so the events that an interrupt brings into the first one need another; but two cost nearly
 * twice as much as one, and most tracepoints are never hit so. The kernel counts the runs it skips: at
 * the first one the second program is attached, and what was skipped until then is a loss.
 */
#ifndef MMR_TRACES_RECORD_SECONDS_H
#define MMR_TRACES_RECORD_SECONDS_H

#include <stdbool.h>
#include <stdint.h>

#define RECORD_MAX_FIRSTS 8

/** enum record_second - what stands behind a first program */
enum record_second {
	RECORD_SECOND_NONE, /* nothing, ever: what is skipped is lost */
	RECORD_SECOND_READY, /* a program that is loaded, and attached when it is needed */
	RECORD_SECOND_ATTACHED, /* a program that records what the first one could not */
};

/**
 * struct record_seconds - all first programs; to be filled in up to @ctx before anything is called
 * @nr: of first programs
 * @state: of each one's second
 * @skipped_runs: how often the kernel has skipped first program @nr so far, on all CPUs
 * @attach: attach the second program of @nr. Return: false where that cannot be done
 * @skipped: of each, as of the last look;  @attached_ns: when its second was, 0 if from the start or never
 * @nr_skipped: runs skipped since the beginning;  @nr_lost: those of them that no second program can have got
 * @nr_missing: those that one was there for and that are recorded nowhere
 */
struct record_seconds {
	unsigned int nr;
	enum record_second state[RECORD_MAX_FIRSTS];
	uint64_t (*skipped_runs)(void *ctx, unsigned int nr);
	bool (*attach)(void *ctx, unsigned int nr);
	void *ctx;

	uint64_t skipped[RECORD_MAX_FIRSTS], attached_ns[RECORD_MAX_FIRSTS];
	uint64_t nr_skipped, nr_lost, nr_missing;
};

/** record_seconds_begin - what was skipped until now does not count */
void record_seconds_begin(struct record_seconds *s);

/**
 * record_seconds_look - see what was skipped since the last look, and attach what that asks for
 * @now_ns: noted for what is attached; 0 to attach nothing, at the end
 *
 * Runs that are skipped while a second program is being attached count in @nr_skipped only: it may
 * have got them or not, which the number of events from second programs tells in the end.
 * Return: how many events are lost for sure, no second program having been there.
 */
uint64_t record_seconds_look(struct record_seconds *s, uint64_t now_ns);

/**
 * record_seconds_missing - see whether second programs have got what they were there for
 * @nr_saved: events they have recorded so far; all that was recorded before the last look but one has been read
 *
 * To be asked where the last look found nothing new: then nothing that was skipped is still on its way.
 * Return: how many more events are lost than has been told.
 */
uint64_t record_seconds_missing(struct record_seconds *s, uint64_t nr_saved);

#endif
