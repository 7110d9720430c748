/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel version as data: every behaviour that differs between kernel lines is one axis. */
#ifndef MMR_CORE_PROFILE_H
#define MMR_CORE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

struct kernel_profile;

/** kernel_profile_find - profile of a line, e.g. "6.12"; NULL where unknown */
const struct kernel_profile *kernel_profile_find(const char *name);
/** kernel_profile_name - "6.12", or "6.12,pcp=5.14" */
const char *kernel_profile_name(const struct kernel_profile *profile);
/** kernel_profile_list - names, NULL-terminated */
const char *const *kernel_profile_list(void);

/**
 * kernel_profile_for_release - the line that models a release string best
 * @release: as uname -r prints it, e.g. "6.12.107+deb13-amd64"
 * Return: the profile of exactly this line; NULL where the model has none.
 */
const struct kernel_profile *kernel_profile_for_release(const char *release);

/**
 * kernel_profile_parse - a line with single behaviours of another
 * @spec: "6.12", or "6.12,pcp=5.14,decay=none": a line, then axis=value pairs
 * @ret: the profile; the caller gives it to kernel_profile_destroy(), any time after the machines
 *	that should use it were created
 * Return: 0; -EINVAL for an unknown line, axis or value (message lists what there is); -ENOMEM.
 */
int kernel_profile_parse(const char *spec, struct kernel_profile **ret, struct mmr_error *err);
/** kernel_profile_destroy - NULL is fine */
void kernel_profile_destroy(struct kernel_profile *profile);

/**
 * kernel_profile_axis - name and values of one axis
 * @index: 0, 1, … until NULL is returned
 * @values: gets the names of the values, NULL-terminated; may be NULL
 * Return: the axis' name.
 */
const char *kernel_profile_axis(size_t index, const char *const **values);
/** kernel_profile_axis_about - what axis @index decides, in a few words; NULL where there is none */
const char *kernel_profile_axis_about(size_t index);
/** kernel_profile_axis_value - which value of axis @index @profile has */
const char *kernel_profile_axis_value(const struct kernel_profile *profile, size_t index);
/** kernel_profile_is - has @profile this @value of @axis, by their names? False for names that there are not.
 */
bool kernel_profile_is(const struct kernel_profile *profile, const char *axis, const char *value);

#endif
