/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The replays of one run that go into processes of their own, and what they find. */
#ifndef MMR_REPLAY_RUN_REPEATS_H
#define MMR_REPLAY_RUN_REPEATS_H

#include "replay/jobs.h"
#include "replay/result/result.h"

/**
 * struct repeat_said - what came of one replay; as many bytes as a pipe takes at once
 * @rc, @message: as of engine_run()
 * @stable: checksum of what must be the same in all
 */
struct repeat_said {
	int rc;
	uint64_t stable;
	struct result_timing timing;
	char message[1000];
};

/** struct repeat - one that is under way; {0} where there is none */
struct repeat {
	pid_t pid;
	int fd;
};

/**
 * repeat_begin - @work, in a process that ends with it
 * Return: 0; -errno.
 */
int repeat_begin(struct repeat *repeat, void (*work)(void *ctx, struct repeat_said *said), void *ctx,
		 struct mmr_error *err);

/**
 * repeat_end - wait for it
 * @stop: once it is set, it gets SIGINT
 * Return: 0 with @said; -EIO where it ended without a word.
 */
int repeat_end(struct repeat *repeat, const volatile sig_atomic_t *stop, struct repeat_said *said,
	       struct mmr_error *err);

#endif
