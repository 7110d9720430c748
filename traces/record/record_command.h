/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command whose life is recorded: forked early, so that its first page is in the trace. */
#ifndef MMR_TRACES_RECORD_COMMAND_H
#define MMR_TRACES_RECORD_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/error.h"

struct record_command {
	char **words; /* NULL-terminated; NULL: no command */
	pid_t pid;
	int go; /* write end: a byte starts the command, closing it ends it unstarted */
	int status; /* as wait() has it, once @ended */
	bool ended;
	bool quiet_stdout; /* standard output is the recording's: the command's goes to standard error */
};
#define RECORD_COMMAND_NONE ((struct record_command){.go = -1})

/** record_command_prepare - fork; the child waits until record_command_release() */
int record_command_prepare(struct record_command *c, char **words, struct mmr_error *err);
int record_command_release(struct record_command *c, struct mmr_error *err);
/** record_command_ended - without waiting for it */
bool record_command_ended(struct record_command *c);
/** record_command_end - send it @signal_nr (0: SIGTERM) where it still runs, and wait */
void record_command_end(struct record_command *c, int signal_nr);
/** record_command_join - its words in one string, to be freed; NULL where there is no memory */
char *record_command_join(char **words);

#endif
