/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds a foreign allocator to its word: every block it returns must be memory of the machine, aligned
 * to its size, and nobody else's.
 */
#ifndef MMR_REPLAY_BACKEND_GUARD_H
#define MMR_REPLAY_BACKEND_GUARD_H

#include "core/page_alloc.h"

/** struct backend_guard - one bit per page frame that is handed out, in memory touched only where used */
struct backend_guard {
	uint64_t *taken;
	size_t bytes;
	struct mmr_mem_range *ranges;
	unsigned int nr_ranges, last; /* @last: where the latest block lay */
	uint32_t end_pfn;
};

/** backend_guard_init - for the machine of @cfg, nothing taken. Return: 0 or -ENOMEM. */
int backend_guard_init(struct backend_guard *guard, const struct mmr_machine_config *cfg,
		       struct mmr_error *err);
void backend_guard_deinit(struct backend_guard *guard);

/**
 * backend_guard_take - the allocator says that this block is now the asker's
 * Return: 0; -EINVAL with what is wrong: misaligned, outside the machine's memory, or taken already.
 */
int backend_guard_take(struct backend_guard *guard, uint32_t pfn, unsigned int order, struct mmr_error *err);
/** backend_guard_give - the block goes back */
void backend_guard_give(struct backend_guard *guard, uint32_t pfn, unsigned int order);

/**
 * backend_ranges - usable RAM of @cfg: its ranges, or else the zones' spans
 * @ret: [*nr], ascending; the caller frees it
 */
int backend_ranges(const struct mmr_machine_config *cfg, struct mmr_mem_range **ret, unsigned int *nr,
		   struct mmr_error *err);

#endif
