/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole state of a machine as a row of bytes, and back: every free list and per-CPU list in its
 * order, the types of the pageblocks, who has which page, and every field that decides. Counters are
 * not state: a machine that was loaded begins to count at zero.
 *
 * The bytes say which machine they are of. They have no checksum and no compression: that is the
 * business of who keeps them (replay/engine/start_file.c).
 */
#ifndef MMR_CORE_STATE_H
#define MMR_CORE_STATE_H

#include <sys/types.h>

#include "core/page_alloc.h"

/** MMR_STATE_VERSION - of the bytes; another version is refused */
#define MMR_STATE_VERSION 1u

/**
 * mmr_state_save - hand the state to @put, piece by piece
 * @put: returns 0, or -errno to stop
 * Context: one thread; nothing may be displaced and not yet asked for (mmr_displaced_blocks()).
 * Return: 0; what @put returned.
 */
int mmr_state_save(const struct mmr_machine *m, int (*put)(void *ctx, const uint8_t *bytes, size_t nr),
		   void *ctx);

/**
 * mmr_state_load - put a machine into a state that was saved
 * @get: fills @bytes, returns how many, 0 at the end, or -errno
 *
 * Nodes, CPUs, zones and RAM must be those of the machine that was saved. Settings and kernel line may
 * differ: what follows from them is @m's own. Where the lines keep lists otherwise, free blocks go to the
 * list of their pageblock's type, and per-CPU lists keep their blocks but not their tuning.
 * Return: 0; -EINVAL for the state of another machine or version, -EBADMSG for bytes that make no sense,
 *	each with what was found and expected; what @get returned. After an error @m holds nothing.
 */
int mmr_state_load(struct mmr_machine *m, ssize_t (*get)(void *ctx, uint8_t *bytes, size_t nr), void *ctx,
		   struct mmr_error *err);

/** mmr_each_allocated - call @fn for every block that the model handed out, ascending */
void mmr_each_allocated(const struct mmr_machine *m,
			void (*fn)(void *ctx, uint32_t pfn, unsigned int order, enum migratetype mt),
			void *ctx);

/** mmr_counters_clear - begin to count at zero: counters, and what each zone has served */
void mmr_counters_clear(struct mmr_machine *m);

#endif
