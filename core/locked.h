/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model with its locks: the same sources built a second time with MMR_THREADS, every name with a
 * prefix, so that both builds work on the same machines in one program. A machine is made, seeded and
 * read with the functions of page_alloc.h while no thread is at work on it.
 */
#ifndef MMR_CORE_LOCKED_H
#define MMR_CORE_LOCKED_H

#include "core/page_alloc.h"

#define MMR_LOCK_BUCKETS 40 /* powers of two */

/**
 * struct mmr_lock_times - a zone's lock, in ticks of the CPU's counter
 * @waited, @held: acquisitions by the time that passed: bucket n has [2^(n-1), 2^n), bucket 0 has 0
 * @wait_ticks, @hold_ticks: their sums;  @wait_max, @hold_max: the longest
 *
 * Changed under the lock.
 */
struct mmr_lock_times {
	uint64_t waited[MMR_LOCK_BUCKETS], held[MMR_LOCK_BUCKETS];
	uint64_t wait_ticks, hold_ticks;
	uint64_t wait_max, hold_max;
	uint64_t locked_at;
};

/**
 * mmr_locked_alloc_pages, mmr_locked_free_pages, mmr_locked_vmstat_update - as without _locked
 * Context: one thread per CPU, any number of CPUs at once.
 */
struct mmr_page mmr_locked_alloc_pages(struct mmr_machine *m, const struct mmr_request *req);
int mmr_locked_free_pages(struct mmr_machine *m, uint32_t pfn, unsigned int order, unsigned int cpu,
			  uint8_t *path);
void mmr_locked_vmstat_update(struct mmr_machine *m, unsigned int cpu);

/**
 * mmr_locked_watch - measure the locks of @nid's zone @zone from now on
 * @times: zeroed, outlives the machine's threads; NULL to stop
 * Context: no thread is at work on the machine.
 */
void mmr_locked_watch(struct mmr_machine *m, unsigned int nid, enum zone_type zone,
		      struct mmr_lock_times *times);

#endif
