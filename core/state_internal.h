/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What saving and loading a state share: which fields there are. */
#ifndef MMR_CORE_STATE_INTERNAL_H
#define MMR_CORE_STATE_INTERNAL_H

#include "core/internal.h"

/* A pageblock's type, with isolation above it. */
#define STATE_ISOLATE 0x8u
#define STATE_SKIP    0x10u /* what PB_SKIP says */

/*
 * One row for each field that decides and cannot be derived; X(field). A field that is added to these
 * structs is added here, and MMR_STATE_VERSION counts up.
 */
#define STATE_ZONE_FIELDS(X)                                                                                   \
	X(watermark_boost)                                                                                     \
	X(flags)                                                                                               \
	X(nr_reserved_highatomic)                                                                              \
	X(nr_free_highatomic)                                                                                  \
	X(nr_free_cma)                                                                                         \
	X(reclaim_dry)                                                                                         \
	X(reclaim_skip)                                                                                        \
	X(reclaim_hand)                                                                                        \
	X(compact_cached_migrate_pfn)                                                                          \
	X(compact_cached_free_pfn)                                                                             \
	X(compact_considered)                                                                                  \
	X(compact_defer_shift)                                                                                 \
	X(compact_order_failed)                                                                                \
	X(compact_flags)                                                                                       \
	X(highest_stat_threshold)                                                                              \
	X(shuffle_bits)                                                                                        \
	X(shuffle_state)

#define STATE_NODE_FIELDS(X)                                                                                   \
	X(kswapd_awake)                                                                                        \
	X(kswapd_order)                                                                                        \
	X(kswapd_highest_zoneidx)                                                                              \
	X(kswapd_failures)                                                                                     \
	X(kcompactd_max_order)                                                                                 \
	X(kcompactd_highest_zoneidx)                                                                           \
	X(kcompactd_skip)                                                                                      \
	X(nr_dirty_pages)                                                                                      \
	X(nr_file_pages)

/* Of one CPU's lists; the sizes come first, because a machine with other sizes tunes them anew. */
#define STATE_PCP_FIELDS(X)                                                                                    \
	X(high_min)                                                                                            \
	X(high_max)                                                                                            \
	X(batch)                                                                                               \
	X(high)                                                                                                \
	X(free_count)                                                                                          \
	X(flags)                                                                                               \
	X(alloc_factor)                                                                                        \
	X(expire)

/* As bytes: seven bits each, the lowest first. */
struct state_end {
	uint8_t bytes[4096];
	size_t at, nr;
	int rc; /* of the other side; sticky */
};

/* Kernel lines that keep every free page on the list of its pageblock's type. */
static inline bool state_keeps_types(const struct kernel_profile *profile)
{
	return profile->hygiene && profile->merge_retype && profile->split_large_frees;
}

#endif
