/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many pieces of work side by side, each in a process of its own, so that what one does to itself, to the heap
 * or to the clock is no other's. What they print comes out in their order, whatever order they ended in.
 *
 * How many there may be at once is a number of tokens, as in make: who starts a process takes one. A job that
 * has parts of its own may take more of them.
 */
#ifndef MMR_REPLAY_JOBS_H
#define MMR_REPLAY_JOBS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/error.h"

#define JOBS_MAX 256

/** struct job_tokens - one for each process that may work beside the one that made them */
struct job_tokens {
	int read_fd, write_fd;
};
/** job_tokens_init - for @nr_jobs (1 .. JOBS_MAX) at once. Return: 0; -errno. */
int job_tokens_init(struct job_tokens *tokens, unsigned int nr_jobs, struct mmr_error *err);
void job_tokens_deinit(struct job_tokens *tokens);
/** job_token_take - true where there was one; never waits */
bool job_token_take(struct job_tokens *tokens);
void job_token_give(struct job_tokens *tokens);

/**
 * struct jobs - what is to be done
 * @nr: pieces of work;  @tokens: how many of them at once
 * @work: does number @job, in its own process, whose stdout and stderr are kept apart; returns its exit status
 * @done: called in this process, in order: @status is what @work returned, 128 + N after signal N, JOB_NOT_RUN
 *	where the run was stopped before; @out and @complaints are what it printed, NUL-terminated
 * @progress: called with how many are done; may be NULL
 * @stop: once it is set, jobs at work get SIGINT and no more are begun
 */
struct jobs {
	size_t nr;
	struct job_tokens *tokens;
	int (*work)(void *ctx, size_t job);
	void (*done)(void *ctx, size_t job, int status, char *out, char *complaints);
	void (*progress)(void *ctx, size_t nr_done);
	void *ctx;
	const volatile sig_atomic_t *stop;
};
#define JOB_NOT_RUN (-1)

/**
 * jobs_run - do all of it
 * Context: no other threads.
 * Return: 0, however the jobs ended; -errno where one cannot be begun, after those that were have ended.
 */
int jobs_run(const struct jobs *jobs, struct mmr_error *err);

#endif
