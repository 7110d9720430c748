// SPDX-License-Identifier: GPL-2.0-or-later
/* Replays in processes of their own. */
#include "replay/engine/run_repeats.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 200

_Static_assert(sizeof(struct repeat_said) <= PIPE_BUF, "it is written whole or not at all");

int repeat_begin(struct repeat *repeat, void (*work)(void *ctx, struct repeat_said *said), void *ctx,
		 struct mmr_error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return mmr_err(err, -errno, "cannot begin another replay: %s", strerror(errno));
	fflush(NULL);
	repeat->pid = fork();
	if (repeat->pid == 0) {
		struct repeat_said said = {0};

		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(fds[0]);
		work(ctx, &said);
		_exit(write(fds[1], &said, sizeof(said)) != sizeof(said));
	}
	close(fds[1]);
	repeat->fd = fds[0];
	if (repeat->pid > 0)
		return 0;
	close(fds[0]);
	repeat->pid = 0;
	return mmr_err(err, -errno, "cannot begin another replay: %s", strerror(errno));
}

int repeat_end(struct repeat *repeat, const volatile sig_atomic_t *stop, struct repeat_said *said,
	       struct mmr_error *err)
{
	struct pollfd polled = {.fd = repeat->fd, .events = POLLIN};
	bool told = false;
	ssize_t nr;
	int status = 0;

	while (poll(&polled, 1, POLL_MS) <= 0) {
		if (*stop && !told)
			kill(repeat->pid, SIGINT);
		told |= *stop != 0;
	}
	nr = read(repeat->fd, said, sizeof(*said));
	close(repeat->fd);
	while (waitpid(repeat->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	repeat->pid = 0;
	if (nr == sizeof(*said))
		return 0;
	return mmr_err(err, -EIO, "a replay in a process of its own ended without a word (%s %d)",
		       WIFSIGNALED(status) ? "signal" : "status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}
