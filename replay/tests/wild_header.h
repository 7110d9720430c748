/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wild recordings: what is neither event nor keyframe. */
#ifndef MMR_REPLAY_TESTS_WILD_HEADER_H
#define MMR_REPLAY_TESTS_WILD_HEADER_H

#include <stddef.h>

#include "traces/trace_reader.h"
#include "traces/trace_writer.h"

/** struct wild_edit - one edit, see wild_trace_write() */
struct wild_edit {
	uint8_t what, how;
	uint16_t where;
	uint32_t value;
};

/* What an edit does besides those of events and keyframes. */
enum { WILD_ZONE = 32, WILD_MACHINE, WILD_LOSS, WILD_POLICY, NR_WILD_EDITS };

/**
 * wild_header_create - start a recording of an edited machine
 * Return: as trace_writer_create(), which may refuse what no machine is.
 */
int wild_header_create(const char *path, const struct trace_machine *machine, const struct wild_edit *edits,
		       size_t nr, struct trace_writer **ret, struct mmr_error *err);
/** wild_header_losses - stretches in which events are said to be missing */
void wild_header_losses(struct trace_writer *w, const struct trace_summary *summary,
			const struct wild_edit *edits, size_t nr);
/** wild_header_policy - number of the policy that an edit gives allocation number @event; 0 for none */
uint16_t wild_header_policy(struct trace_writer *w, const struct wild_edit *edits, size_t nr, size_t event);

#endif
