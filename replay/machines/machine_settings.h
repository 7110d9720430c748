/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vm.* settings a machine file, a recording or `--set` may hold: one table for all of them.
 *
 * Those that the model acts on go to struct mmr_sysctl; the others are kept and shown, so that a file
 * made on a host says all that the host said.
 */
#ifndef MMR_REPLAY_MACHINE_SETTINGS_H
#define MMR_REPLAY_MACHINE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/page_alloc.h"

/*
 * MODELLED(name, default, min, max): the model acts on it. NEAR(…): decides about reclaim or compaction, kept.
 * FAR(name): decides nothing about which page is allocated, kept. Names as under /proc/sys/vm.
 */
#define MACHINE_SETTINGS(MODELLED, NEAR, FAR)                                                                  \
	MODELLED(min_free_kbytes, 0, 0, UINT32_MAX)                                                            \
	MODELLED(watermark_scale_factor, 10, 1, 3000)                                                          \
	MODELLED(watermark_boost_factor, 15000, 0, UINT32_MAX)                                                 \
	MODELLED(percpu_pagelist_high_fraction, 0, 8, UINT32_MAX)                                              \
	MODELLED(zone_reclaim_mode, 0, 0, 7)                                                                   \
	MODELLED(defrag_mode, 0, 0, 1)                                                                         \
	MODELLED(stat_interval, 1, 0, 1000000)                                                                 \
	MODELLED(compaction_proactiveness, 20, 0, 100)                                                         \
	MODELLED(extfrag_threshold, 500, 0, 1000)                                                              \
	NEAR(compact_unevictable_allowed, 1, 0, 1)                                                             \
	NEAR(min_unmapped_ratio, 1, 0, 100)                                                                    \
	NEAR(min_slab_ratio, 5, 0, 100)                                                                        \
	NEAR(swappiness, 60, 0, 200)                                                                           \
	NEAR(vfs_cache_pressure, 100, 0, UINT32_MAX)                                                           \
	NEAR(dirty_ratio, 20, 0, 100)                                                                          \
	NEAR(dirty_background_ratio, 10, 0, 100)                                                               \
	FAR(admin_reserve_kbytes)                                                                              \
	FAR(dirty_background_bytes)                                                                            \
	FAR(dirty_bytes)                                                                                       \
	FAR(dirty_expire_centisecs)                                                                            \
	FAR(dirty_writeback_centisecs)                                                                         \
	FAR(dirtytime_expire_seconds)                                                                          \
	FAR(drop_caches)                                                                                       \
	FAR(enable_soft_offline)                                                                               \
	FAR(hugetlb_optimize_vmemmap)                                                                          \
	FAR(hugetlb_shm_group)                                                                                 \
	FAR(laptop_mode)                                                                                       \
	FAR(legacy_va_layout)                                                                                  \
	FAR(max_map_count)                                                                                     \
	FAR(memfd_noexec)                                                                                      \
	FAR(memory_failure_early_kill)                                                                         \
	FAR(memory_failure_recovery)                                                                           \
	FAR(mmap_min_addr)                                                                                     \
	FAR(mmap_rnd_bits)                                                                                     \
	FAR(mmap_rnd_compat_bits)                                                                              \
	FAR(nr_hugepages)                                                                                      \
	FAR(nr_hugepages_mempolicy)                                                                            \
	FAR(nr_overcommit_hugepages)                                                                           \
	FAR(numa_stat)                                                                                         \
	FAR(oom_dump_tasks)                                                                                    \
	FAR(oom_kill_allocating_task)                                                                          \
	FAR(overcommit_kbytes)                                                                                 \
	FAR(overcommit_memory)                                                                                 \
	FAR(overcommit_ratio)                                                                                  \
	FAR(page_lock_unfairness)                                                                              \
	FAR(panic_on_oom)                                                                                      \
	FAR(shrink_inodes_with_pagecache)                                                                      \
	FAR(unprivileged_userfaultfd)                                                                          \
	FAR(user_reserve_kbytes)                                                                               \
	FAR(vfs_cache_pressure_denom)

#define SETTING_ID(name, ...) MACHINE_SETTING_##name,
enum machine_setting_id { MACHINE_SETTINGS(SETTING_ID, SETTING_ID, SETTING_ID) NR_MACHINE_SETTINGS };
#undef SETTING_ID

/** enum machine_setting_use - what a setting means to the model */
enum machine_setting_use { SETTING_MODELLED, SETTING_NEAR, SETTING_FAR };

/**
 * struct machine_setting - one row of the table
 * @min, @max: range the kernel accepts; 0 is always accepted where @zero_too
 */
struct machine_setting {
	const char *name;
	enum machine_setting_use use;
	uint64_t value_default, min, max;
	bool zero_too;
};
/** machine_setting - row @id */
const struct machine_setting *machine_setting(enum machine_setting_id id);
/** machine_setting_find - by name, "vm." may stand before it; NR_MACHINE_SETTINGS where unknown */
enum machine_setting_id machine_setting_find(const char *name);

/**
 * struct machine_settings - what a machine has set
 * @given: @value holds what a file, a recording or an option said; else the kernel's default
 */
struct machine_settings {
	bool given[NR_MACHINE_SETTINGS];
	uint64_t value[NR_MACHINE_SETTINGS];
};

/**
 * machine_settings_set - set one, and the model's @sysctl with it
 * Return: 0; -EINVAL for a value the kernel refuses, with the range; then nothing is changed.
 */
int machine_settings_set(struct machine_settings *settings, struct mmr_sysctl *sysctl,
			 enum machine_setting_id id, uint64_t value, struct mmr_error *err);
/** machine_settings_get - the value in force: given, or the default */
uint64_t machine_settings_get(const struct machine_settings *settings, enum machine_setting_id id);

#endif
