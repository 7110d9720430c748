/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of mmreplay that look at trace files: 0 ok, 1 failed, 2 wrong usage. */
#ifndef MMR_TRACES_COMMANDS_H
#define MMR_TRACES_COMMANDS_H

int cmd_info(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_cut(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_merge(int argc, char **argv);

#endif
