/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading .mmt files: opens, checks and merges the per-CPU streams into one sequence by time.
 * Memory is bounded by one decoded block per CPU; it does not grow with the trace.
 */
#ifndef MMR_TRACES_TRACE_READER_H
#define MMR_TRACES_TRACE_READER_H

#include <stddef.h>
#include <sys/types.h>

#include "traces/trace.h"

struct trace_reader;

/** struct trace_summary - what the file says of itself; from the index, or from a scan where it has none */
struct trace_summary {
	uint64_t file_bytes;
	uint32_t format_version;
	bool complete; /* has its end block: the recorder finished */
	bool recovered; /* index rebuilt by scanning */
	uint64_t truncated_bytes; /* behind the last good block, not usable */
	uint64_t events[NR_TRACE_EVENT_TYPES];
	uint64_t nr_events, nr_unknown_events;
	uint64_t first_ns, last_ns;
	uint64_t nr_lost;
	uint32_t nr_losses, nr_keyframes, nr_blocks, nr_tasks;
	uint64_t checksum; /* xxh3 over all block checksums: names this recording */
	uint32_t nr_damaged; /* places found damaged so far, see trace_reader_damage() */
};

/**
 * trace_reader_open - open a trace; a file cut short opens with what is whole
 * Return: 0; -errno of the system; -EINVAL not a trace; -ENOTSUP another version; -EBADMSG a damaged
 *	header. The message names file, byte offset, what was found and what was expected.
 */
int trace_reader_open(const char *path, struct trace_reader **ret, struct mmr_error *err);
/**
 * struct trace_source - events that come from elsewhere than a file: from a network, from a generator
 * @name: for messages
 * @machine, @tasks: what a file's blocks of these would hold; copied
 * @nr_events, @first_ns, @last_ns: for the summary, 0 where unknown
 * @next_block: @cpu's next block as FORMAT.md has it, header and payload, valid until the next call for
 *	any CPU. Return: its bytes, 0 at that CPU's end, -errno with a message.
 * @rewind: start again at the first block of every CPU; may be NULL
 */
struct trace_source {
	const char *name;
	const struct trace_machine *machine;
	const struct trace_task *tasks;
	uint32_t nr_tasks;
	uint64_t nr_events, first_ns, last_ns;
	ssize_t (*next_block)(void *ctx, uint32_t cpu, const uint8_t **block, struct mmr_error *err);
	void (*rewind)(void *ctx);
	void *ctx;
};

/** trace_reader_open_source - read @source, which outlives the reader, as if its blocks were a file's */
int trace_reader_open_source(const struct trace_source *source, struct trace_reader **ret,
			     struct mmr_error *err);
void trace_reader_close(struct trace_reader *reader);

const char *trace_reader_path(const struct trace_reader *reader);
const struct trace_machine *trace_reader_machine(const struct trace_reader *reader);
const struct trace_summary *trace_reader_summary(const struct trace_reader *reader);
const struct trace_task *trace_reader_tasks(const struct trace_reader *reader, uint32_t *nr);
const struct trace_loss *trace_reader_losses(const struct trace_reader *reader, uint32_t *nr);
/**
 * trace_reader_holes - what is missing because the file is damaged, as losses: a CPU, from when to when, how
 * many events (0 where unknown). Known once all has been read after trace_reader_tolerate().
 */
const struct trace_loss *trace_reader_holes(const struct trace_reader *reader, uint32_t *nr);
/** trace_reader_policies - the policies that classes name; at least the default one, number 0 */
const struct trace_policy *trace_reader_policies(const struct trace_reader *reader, uint32_t *nr);
/** trace_reader_labels - what the arguments of TRACE_ALLOC_FROM events number */
const struct trace_label *trace_reader_labels(const struct trace_reader *reader, uint32_t *nr);

/**
 * trace_reader_damage - message of damaged place @i (0 .. summary.nr_damaged - 1)
 *
 * Found when opening: side tables that could not be read, stretches without a block, and, where the
 * index had to be rebuilt, every damaged block. Damaged events blocks of an intact index show up in
 * trace_reader_next() only.
 */
const char *trace_reader_damage(const struct trace_reader *reader, uint32_t i);

/** trace_reader_class - class @id; valid for ids seen in events read so far; the pointer may move */
const struct trace_class *trace_reader_class(const struct trace_reader *reader, uint16_t id);
/** trace_reader_nr_classes - how many are known so far */
uint32_t trace_reader_nr_classes(const struct trace_reader *reader);

/**
 * trace_reader_keyframe - decode keyframe @index (0 .. summary.nr_keyframes - 1, file order)
 * @ret: filled; the caller calls trace_keyframe_deinit()
 */
int trace_reader_keyframe(struct trace_reader *reader, uint32_t index, struct trace_keyframe *ret,
			  struct mmr_error *err);

#define TRACE_READER_AHEAD 32

/**
 * trace_reader_next - the next events, merged over CPUs: by time, within a CPU in program order
 * @events: set to an array that stays valid until the next call; behind the last event TRACE_READER_AHEAD more
 *may be looked at, which are all zeroes Return: number of events, 0 at the end, -EBADMSG where a block is
 *damaged (message: file, offset, expected and found checksum), -EOVERFLOW where a pfn has more than 32 bits.
 *After an error the reader is at its end.
 */
ssize_t trace_reader_next(struct trace_reader *reader, const struct trace_event **events,
			  struct mmr_error *err);
/**
 * trace_reader_tolerate - from the next call on trace_reader_next() passes over damaged blocks
 *
 * Each becomes a trace_reader_damage() and one of trace_reader_holes(). For those who describe a file;
 * whoever replays one must stop where it is damaged, or forget there all that it has followed.
 */
void trace_reader_tolerate(struct trace_reader *reader);
/** trace_reader_nr_passed - events of the damaged blocks passed over so far, as their headers count them */
uint64_t trace_reader_nr_passed(const struct trace_reader *reader);
/** TRACE_WANT_PAGES - the six kmem page events; TRACE_WANT_ALL - all kinds this build knows */
#define TRACE_WANT_PAGES ((1ull << TRACE_NR_PAGE_EVENTS) - 1)
#define TRACE_WANT_ALL   ((1ull << NR_TRACE_EVENT_TYPES) - 1)

/**
 * TRACE_WANT_REQUESTS - the page events, and pages that alloc_pages_bulk() gave out as if each had been
 * allocated
 *
 * Such a page comes as TRACE_ALLOC of order 0 with its own class, whose type is TRACE_BULK_PAGE.
 */
#define TRACE_WANT_BULK_AS_ALLOC (1ull << 63)
#define TRACE_WANT_REQUESTS      (TRACE_WANT_PAGES | TRACE_WANT_BULK_AS_ALLOC)

/**
 * trace_reader_want - which kinds of events trace_reader_next() delivers; starts again at the first event
 * @types: bit 1 << type for each; TRACE_WANT_PAGES before the first call
 *
 * What nobody wants costs little: it is passed over block by block, its pages are not decoded. Classes are
 * numbered anew: alike by all readers of a file that want the same.
 * Whoever numbers events numbers all kinds: then all commands mean the same event by a number.
 */
void trace_reader_want(struct trace_reader *reader, uint64_t types);
/**
 * trace_reader_seen - page events from the first one to those delivered last, wanted or not
 * @seen: by the types they are delivered as; exact at the end, before that in proportion to what is delivered
 *of the blocks at hand
 */
void trace_reader_seen(const struct trace_reader *reader, uint64_t seen[TRACE_NR_PAGE_EVENTS]);
/**
 * trace_reader_top_pfn - no event delivered so far has a higher page frame
 * Return: TRACE_NO_PFN where an allocation may have failed.
 */
uint32_t trace_reader_top_pfn(const struct trace_reader *reader);

/**
 * trace_reader_args - the arguments of an event, NULL where it has none
 * @event: one of the array that trace_reader_next() gave last, itself and not a copy
 * Return: valid until the next call of trace_reader_next().
 */
const struct trace_args *trace_reader_args(const struct trace_reader *reader, const struct trace_event *event);

/** trace_reader_release - give back what decoding events takes; tables and keyframes stay; rewinds */
void trace_reader_release(struct trace_reader *reader);
/** trace_reader_rewind - start again at the first event */
void trace_reader_rewind(struct trace_reader *reader);

#endif
