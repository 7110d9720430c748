/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything a recording tells besides the six page events: loads and attaches what this kernel has
 * and permits. Nothing here is required: what is missing is said, and the recording goes on.
 */
#ifndef MMR_TRACES_RECORD_NOTES_H
#define MMR_TRACES_RECORD_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "traces/trace.h"

struct record_notes;

/** struct record_notes_options - @rings, @cpus: the maps of the page events' object */
struct record_notes_options {
	int rings, cpus;
	bool names; /* record task names */
	bool costly; /* also what costs time at every allocation or free */
	bool page_cache; /* also what enters and leaves the page cache */
	bool stacks, cgroups; /* also where allocations come from */
	bool none; /* nothing at all */
};

/** enum record_watch - whether a kind of event would be seen; the values of the features "event.NAME" */
enum record_watch { RECORD_UNWATCHED, RECORD_TRACEPOINT, RECORD_PROBE };

/**
 * record_notes_create - load and attach; no event is recorded before record_notes_switch()
 * Return: 0, also where nothing could be attached; -ENOMEM
 */
int record_notes_create(const struct record_notes_options *options, struct record_notes **ret,
			struct mmr_error *err);
void record_notes_destroy(struct record_notes *notes);

/**
 * record_notes_switch - what the programs do from here on
 * @mode: REC_OFF, REC_ON or REC_PAUSED of record.h
 */
void record_notes_switch(struct record_notes *notes, uint32_t mode, bool tell_interrupts);
/** record_notes_detach - for good */
void record_notes_detach(struct record_notes *notes);

enum record_watch record_notes_watch(const struct record_notes *notes, unsigned int type);
/** record_notes_stacks - descriptor of the map that has the stacks, -1 where they are not recorded */
int record_notes_stacks(const struct record_notes *notes);
/** record_notes_missed - events of a kind that the kernel passed over because it was in the same program */
uint64_t record_notes_missed(const struct record_notes *notes, unsigned int type);

/**
 * record_notes_hook - the @nr-th program that is attached, as record_capture_hook()
 * Return: where, "fentry/drain_pages_zone"; NULL behind the last one.
 */
const char *record_notes_hook(const struct record_notes *notes, unsigned int nr, const char **program);
/** record_notes_lack - the @nr-th kind that is not watched, with the reason; false behind the last one */
bool record_notes_lack(const struct record_notes *notes, unsigned int nr, char *buf, size_t size);

#endif
