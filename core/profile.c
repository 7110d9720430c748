// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel lines the model knows. */
#include "core/profile.h"

#include <string.h>

#include "core/profile_axes.h"

static const struct kernel_profile profiles[] = {
	{
		.name = "6.12",
		.steal = STEAL_CLAIM,
		.pcp = PCP_6_7,
		.free_high = FREE_HIGH_BATCH,
		.decay = DECAY_BATCHED,
		.hygiene = 1,
		.merge_retype = 1,
		.split_large_frees = 1,
		.acct_per_page = 1,
		.highatomic_acct = HIGHATOMIC_ACCT_FREE,
		.highatomic_gate = HIGHATOMIC_GATE_HIGH,
		.highatomic_limit = HIGHATOMIC_LIMIT_ROUND_UP,
		.highatomic_path = HIGHATOMIC_PATH_6_18,
		.nonblock_fallback = 1,
		.below_high = 1,
		.zone_movable_min = 1,
		.boost_wake_gated = 1,
		.boost_ignore = BOOST_IGNORE_MIN_RESERVE,
		.expire_keeps_worker = 1,
		.pcp_overflow = PCP_OVERFLOW_SINGLE,
		.slowpath = SLOWPATH_6_18,
		.node_reclaim_retest = 1,
		.bulk_mark = BULK_MARK_ALL,
		.pcp_batch_scale_max = 5,
	},
};

#define NR_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

const struct kernel_profile *kernel_profile_find(const char *name)
{
	for (size_t i = 0; i < NR_PROFILES; i++) {
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	}
	return NULL;
}

const char *kernel_profile_name(const struct kernel_profile *profile)
{
	return profile->name;
}

const char *const *kernel_profile_list(void)
{
	static const char *const names[] = {profiles[0].name, NULL};

	return names;
}
