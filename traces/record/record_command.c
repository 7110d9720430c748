// SPDX-License-Identifier: GPL-2.0-or-later
#include "traces/record/record_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Forks CMD, held back until the recording runs, so that its first page is in the trace. */
int record_command_prepare(struct record_command *c, char **words, struct mmr_error *err)
{
	int go[2];

	c->words = words;
	if (!words)
		return 0;
	if (pipe2(go, O_CLOEXEC))
		return mmr_err(err, -errno, "pipe: %s", strerror(errno));
	c->pid = fork();
	if (c->pid < 0) {
		int rc = mmr_err(err, -errno, "fork: %s", strerror(errno));

		close(go[0]);
		close(go[1]);
		return rc;
	}
	if (!c->pid) {
		char word;

		close(go[1]);
		/* What is ignored stays so across exec, and the command is to run as it always does. */
		signal(SIGPIPE, SIG_DFL);
		signal(SIGXFSZ, SIG_DFL);
		if (c->quiet_stdout)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		if (read(go[0], &word, 1) != 1) /* the recorder gave up before it began */
			_exit(1);
		execvp(c->words[0], c->words);
		fprintf(stderr, "mmreplay-record: %s: %s\n", c->words[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	close(go[0]);
	c->go = go[1];
	return 0;
}

int record_command_release(struct record_command *c, struct mmr_error *err)
{
	if (c->go < 0)
		return 0;
	if (write(c->go, "g", 1) != 1)
		return mmr_err(err, -errno, "starting %s: %s", c->words[0], strerror(errno));
	close(c->go);
	c->go = -1;
	return 0;
}

bool record_command_ended(struct record_command *c)
{
	if (c->pid > 0 && !c->ended && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->ended = true;
	return c->ended;
}

/* Recording ends before the command does: it is told to stop, as `timeout` would. */
void record_command_end(struct record_command *c, int signal_nr)
{
	if (c->go >= 0)
		close(c->go);
	c->go = -1;
	if (c->pid <= 0 || c->ended)
		return;
	kill(c->pid, signal_nr ? signal_nr : SIGTERM);
	while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
		;
	c->ended = true;
}

/* The command line in one string, for the trace's header. */
char *record_command_join(char **command)
{
	size_t bytes = 1;
	char *text;

	for (char **word = command; word && *word; word++)
		bytes += strlen(*word) + 1;
	text = calloc(1, bytes);
	for (char **word = command; text && word && *word; word++) {
		strcat(text, *word);
		if (word[1])
			strcat(text, " ");
	}
	return text;
}
