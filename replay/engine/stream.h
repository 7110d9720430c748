/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events of a replay: those of a recording as they are, or of several copies of it that run side
 * by side, each a little later than the one before.
 *
 * The copies' events are merged by time. Copy k's CPUs are numbered behind those of copy k - 1, and so
 * are its page frames, so that the copies look like one recording of a machine so many times as large.
 */
#ifndef MMR_REPLAY_STREAM_H
#define MMR_REPLAY_STREAM_H

#include "replay/machines/machine.h"
#include "traces/trace_reader.h"

#define STREAM_MAX_COPIES 1024

/**
 * struct stream_options - how many copies, and how far apart
 * @copies: 1 .. STREAM_MAX_COPIES
 * @random_offset: every copy but the first begins at a moment drawn from the first tenth of the
 *	recording; else copy k begins k * @offset_ns after the first
 * @seed: of the drawing
 */
struct stream_options {
	unsigned int copies;
	bool random_offset;
	uint64_t offset_ns;
	uint64_t seed;
};

struct stream;

/**
 * stream_create - the events of @reader, or of copies of it
 * @reader: borrowed; each further copy opens the same file once more
 * @recorded: its machine
 * Return: 0; -EINVAL for more copies than page frame numbers or CPU numbers can tell apart; -errno of
 *	opening the file again; -ENOMEM.
 */
int stream_create(struct trace_reader *reader, const struct machine *recorded,
		  const struct stream_options *options, struct stream **ret, struct mmr_error *err);
void stream_destroy(struct stream *stream);

/** stream_want - before the first stream_next(): trace_reader_want()'s kinds, in place of TRACE_WANT_REQUESTS
 */
void stream_want(struct stream *stream, uint64_t types);

/**
 * stream_next - the next events by time
 * @events: set to an array that stays valid until the next call
 * Return: as trace_reader_next().
 */
ssize_t stream_next(struct stream *stream, const struct trace_event **events, struct mmr_error *err);

/** stream_copy_pages - page frame numbers from one copy to the next */
uint32_t stream_copy_pages(const struct stream *stream);
/** stream_offset_ns - how much later copy @copy begins than the recording says */
uint64_t stream_offset_ns(const struct stream *stream, unsigned int copy);
/** stream_longest_ns - the largest of these */
uint64_t stream_longest_ns(const struct stream *stream);

#endif
