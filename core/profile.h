/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel version as data: every behaviour that differs between kernel lines is one axis. */
#ifndef MMR_CORE_PROFILE_H
#define MMR_CORE_PROFILE_H

struct kernel_profile;

/** kernel_profile_find - profile of a line, e.g. "6.12"; NULL where unknown */
const struct kernel_profile *kernel_profile_find(const char *name);
/** kernel_profile_name - "6.12" */
const char *kernel_profile_name(const struct kernel_profile *profile);
/** kernel_profile_list - names, NULL-terminated */
const char *const *kernel_profile_list(void);

#endif
