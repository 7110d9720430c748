/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory as a long-running system leaves it: made by a history of allocations and frees that only
 * the seed decides, and steered to a share of free memory, how it is cut up, and how far pages that
 * cannot move are scattered.
 */
#ifndef MMR_REPLAY_START_AGED_H
#define MMR_REPLAY_START_AGED_H

#include <signal.h>

#include "core/page_alloc.h"
#include "replay/machines/machine.h"

/**
 * struct aging - what is wanted
 * @free_share: free pages of all managed ones, 0.01 .. 0.99
 * @scatter: pageblocks with a page that cannot move, of all pageblocks, 0 .. 1
 * @unusable: unusable free space index at order 9: share of the free pages that are in no block of 2 MiB
 */
struct aging {
	double free_share, scatter, unusable;
};
#define AGING_DEFAULT                                                                                          \
	(struct aging)                                                                                         \
	{                                                                                                      \
		.free_share = 0.3, .scatter = 0.3, .unusable = 0.8                                             \
	}

/**
 * aging_parse - "free=0.3,scatter=30%,frag=0.8"; what is not named keeps its default
 * Return: 0; -EINVAL with the name, what was found and the range.
 */
int aging_parse(const char *text, struct aging *ret, struct mmr_error *err);

/**
 * struct state_figures - what a start state is like
 * @unusable, @extfrag: both indices at order 9, over the free pages of the whole machine
 * @scatter: as in struct aging; of the blocks that the model knows of
 */
struct state_figures {
	uint64_t free_pages;
	double free_share, scatter, unusable, extfrag;
};
void state_figures(const struct mmr_machine *core, const struct machine *machine, bool with_scatter,
		   struct state_figures *ret);

/**
 * start_age - give @core, which is empty, a past
 *
 * Nothing is reclaimed or compacted meanwhile. Counters begin at zero afterwards.
 * @stop: once it is set, the past ends where it is; may be NULL
 * Return: 0, whether or not the wanted figures were reached; -EINTR stopped; -ENOMEM, also where this host has
 *	less available than the history of so large a machine takes.
 */
int start_age(struct mmr_machine *core, const struct machine *machine, const struct aging *aging, uint64_t seed,
	      const volatile sig_atomic_t *stop, struct mmr_error *err);

#endif
