/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing .mmt files. Each finished block goes to the file at once, so whatever kills the writer
 * costs at most the open block of each CPU.
 */
#ifndef MMR_TRACES_TRACE_WRITER_H
#define MMR_TRACES_TRACE_WRITER_H

#include "traces/trace.h"

struct trace_writer;

/** struct trace_writer_options - 0 takes the default */
struct trace_writer_options {
	int zstd_level; /* default 1: 3 was 0.6 to 1.1 % smaller and took 1.1 to 1.2 times as long */
	uint32_t block_events; /* events per block and CPU; default 65536, fewer from 17 CPUs on */
};

/** trace_writer_block_events - the default number of events per block and CPU on a machine of @nr_cpus */
uint32_t trace_writer_block_events(uint32_t nr_cpus);

/**
 * trace_writer_create - start a file with @machine as its header
 *
 * Writes to PATH; an existing file is replaced. The file is a valid (cut) trace from the first
 * block on.
 */
int trace_writer_create(const char *path, const struct trace_machine *machine,
			const struct trace_writer_options *options, struct trace_writer **ret,
			struct mmr_error *err);

/**
 * trace_writer_rename - give the file its final name, replacing what has it; messages name it so from then on
 * Return: 0, or -errno; then the file keeps its name.
 */
int trace_writer_rename(struct trace_writer *w, const char *path, struct mmr_error *err);

/**
 * trace_writer_rotate - end the file as trace_writer_close() does and go on in another one at @path
 * @machine: its header; with the same times as the last one's, a reader knows them for parts of one recording
 *
 * Classes and policies keep their numbers. Tasks do not: each has to be added anew before an event
 * of the new file names it.
 * Return: 0, or -errno; then the writer takes no more events, and trace_writer_close() says so again.
 */
int trace_writer_rotate(struct trace_writer *w, const char *path, const struct trace_machine *machine,
			struct mmr_error *err);
/** trace_writer_bytes - size of the file so far; what waits for its block to be full is not in it */
uint64_t trace_writer_bytes(const struct trace_writer *w);

/** trace_writer_class - number of a class, added on first use; at most 65535 */
int trace_writer_class(struct trace_writer *w, const struct trace_class *cls, uint16_t *id,
		       struct mmr_error *err);
/** trace_writer_task - number of a task, added on first use (by tid and comm) */
int trace_writer_task(struct trace_writer *w, const struct trace_task *task, uint32_t *id,
		      struct mmr_error *err);

/**
 * trace_writer_policy - number of a task's memory policy, added on first use; classes name it
 * Return: 0; -ENOMEM; -ENOSPC past 65535
 */
int trace_writer_policy(struct trace_writer *w, const struct trace_policy *policy, uint16_t *id,
			struct mmr_error *err);

/**
 * trace_writer_label - number of a label, added on first use (by all three); TRACE_ALLOC_FROM events name it
 * @text: borrowed; at most 8192 bytes of it count
 * Return: 0; -ENOMEM; -ENOSPC past 131072
 */
int trace_writer_label(struct trace_writer *w, enum trace_label_kind kind, uint64_t id, const char *text,
		       uint32_t *number, struct mmr_error *err);

/**
 * trace_writer_event - append to the stream of CPU @cpu, in that CPU's program order
 *
 * Only @ts_ns, @pfn, @task, @cpu and @class_id are read. Times may step back a little within a CPU
 * (an interrupt between taking the time and taking the slot); the order of calls is what counts.
 */
int trace_writer_event(struct trace_writer *w, const struct trace_event *event, struct mmr_error *err);
/**
 * trace_writer_event_args - append an event of a class with arguments; as many as the class says
 * Return: also -EINVAL where they are more or fewer.
 */
int trace_writer_event_args(struct trace_writer *w, const struct trace_event *event,
			    const struct trace_args *args, struct mmr_error *err);
int trace_writer_keyframe(struct trace_writer *w, const struct trace_keyframe *kf, struct mmr_error *err);
int trace_writer_loss(struct trace_writer *w, const struct trace_loss *loss, struct mmr_error *err);
/** trace_writer_flush - write open blocks of all CPUs out; for timers and signals */
int trace_writer_flush(struct trace_writer *w, struct mmr_error *err);

/**
 * trace_writer_close - flush, write tables, index and end block; frees @w also on error
 * Return: 0, or what failed (a full disk: everything before stays readable).
 */
int trace_writer_close(struct trace_writer *w, struct mmr_error *err);

#endif
