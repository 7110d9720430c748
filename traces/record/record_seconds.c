// SPDX-License-Identifier: GPL-2.0-or-later
#include "traces/record/record_seconds.h"

void record_seconds_begin(struct record_seconds *s)
{
	for (unsigned int i = 0; i < s->nr; i++)
		s->skipped[i] = s->skipped_runs(s->ctx, i);
	s->nr_skipped = s->nr_lost = s->nr_missing = 0;
}

static void attach(struct record_seconds *s, unsigned int i, uint64_t now_ns)
{
	if (!s->attach(s->ctx, i)) {
		s->state[i] = RECORD_SECOND_NONE; /* it will not be permitted later either */
		return;
	}
	s->state[i] = RECORD_SECOND_ATTACHED;
	s->attached_ns[i] = now_ns;
}

uint64_t record_seconds_look(struct record_seconds *s, uint64_t now_ns)
{
	uint64_t lost = 0;

	for (unsigned int i = 0; i < s->nr; i++) {
		uint64_t runs = s->skipped_runs(s->ctx, i), new = runs - s->skipped[i];

		if (runs <= s->skipped[i]) /* none, or the kernel would not say this time */
			continue;
		s->skipped[i] = runs;
		s->nr_skipped += new;
		if (s->state[i] == RECORD_SECOND_ATTACHED)
			continue;
		lost += new;
		if (now_ns && s->state[i] == RECORD_SECOND_READY)
			attach(s, i, now_ns);
	}
	s->nr_lost += lost;
	return lost;
}

uint64_t record_seconds_missing(struct record_seconds *s, uint64_t nr_saved)
{
	uint64_t known = nr_saved + s->nr_lost + s->nr_missing, missing = 0;

	if (s->nr_skipped > known)
		missing = s->nr_skipped - known;
	s->nr_missing += missing;
	return missing;
}
