/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the subcommands on trace files share: exit codes, ^C, and care for their input. */
#ifndef MMR_TRACES_CMD_TOOLS_H
#define MMR_TRACES_CMD_TOOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

enum cmd_status { STATUS_OK, STATUS_FAILED, STATUS_USAGE };

/** cmd_catch_interrupts - from here SIGINT and SIGTERM only set a flag; a second one ends the process */
void cmd_catch_interrupts(void);
/** cmd_interrupted - has one come? */
bool cmd_interrupted(void);

/**
 * cmd_check_output - refuse to write over one of the files that are read
 * @inputs: [nr_inputs] paths
 * Return: 0, or -EINVAL with a message that names both
 */
int cmd_check_output(const char *output, const char *const *inputs, int nr_inputs, struct mmr_error *err);

/** cmd_discard_output - remove a file that was begun and holds nothing of use; a device stays */
void cmd_discard_output(const char *output);

/** cmd_parse_time - "1.5s", "20ms", "7us", "3ns", "2m" or plain seconds, as ns; false where it is none */
bool cmd_parse_time(const char *text, uint64_t *ns);
/** cmd_parse_number - a whole decimal number without a sign; false where it is none */
bool cmd_parse_number(const char *text, uint64_t *number);

#endif
