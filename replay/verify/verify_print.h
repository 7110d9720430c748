/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verify report as JSON and as one screen of text. */
#ifndef MMR_REPLAY_VERIFY_PRINT_H
#define MMR_REPLAY_VERIFY_PRINT_H

#include <jansson.h>

#include "replay/verify/verify.h"

/** verify_json - schema mmreplay.verify/1; NULL without memory */
json_t *verify_json(const struct verify_report *report, const struct trace_reader *reader, const char *profile);
void verify_print(FILE *out, const struct verify_report *report, const struct trace_reader *reader,
		  const char *profile);

/* verify_not_told.c: the kinds of events that are not in a recording and matter here */
json_t *verify_not_told_json(const struct trace_machine *machine);
void verify_print_not_told(FILE *out, const struct trace_machine *machine);

#endif
