/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a line of a text trace says before its event: who, on which CPU, when. */
#ifndef MMR_TRACES_IMPORT_TEXT_H
#define MMR_TRACES_IMPORT_TEXT_H

#include "traces/import/import.h"

/**
 * import_text_prefix - all of @line up to @end, where its event's name begins
 * @irq_flags: the column that may look like one really has the interrupts' flags
 * @counted: set where the time has no unit: it is a count
 *
 * Sets @e's time, CPU, task and, where they are told, interrupt flags. Times of latency formats
 * count from the start of their trace.
 *
 * Return: NULL, or what is missing.
 */
const char *import_text_prefix(const char *line, const char *end, bool irq_flags, struct import_event *e,
			       bool *counted);

#endif
