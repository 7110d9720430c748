/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Good recordings to be edited, and the commands that are to survive what comes of it. */
#ifndef MMR_REPLAY_TESTS_WILD_REPLAY_H
#define MMR_REPLAY_TESTS_WILD_REPLAY_H

#include "replay/tests/wild_trace.h"

/* Kernels old and new, with and without events of what goes to the buddy, of drains. */
#define NR_WILD_KINDS 5

/** wild_base - recording of kind @kind, by a kernel in miniature */
void wild_base(unsigned int kind, struct wild_trace *ret);
/** wild_verify, wild_explain, wild_run - all the command does but print; Return: 0 or -errno with a message */
int wild_verify(const char *path, unsigned int kind, struct mmr_error *err);
/* @event: number of the event asked about */
int wild_explain(const char *path, unsigned int kind, uint64_t event, struct mmr_error *err);
int wild_run(const char *path, unsigned int kind, unsigned int nr_threads, struct mmr_error *err);

#endif
