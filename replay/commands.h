/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of mmreplay; each parses its own arguments and returns an exit status. */
#ifndef MMR_REPLAY_COMMANDS_H
#define MMR_REPLAY_COMMANDS_H

enum exit_status { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

int cmd_backend(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_summary(int argc, char **argv);
int cmd_kernel(int argc, char **argv);
int cmd_machine(int argc, char **argv);
int cmd_trust(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_explain(int argc, char **argv);

#endif
