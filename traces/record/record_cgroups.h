/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cgroups of the v2 hierarchy by their numbers. */
#ifndef MMR_TRACES_RECORD_CGROUPS_H
#define MMR_TRACES_RECORD_CGROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

struct record_cgroups;

/**
 * record_cgroups_create - none is looked for before the first record_cgroups_path()
 * @mounts: "/proc/self/mountinfo": where the hierarchy is mounted
 * Return: 0; -ENOMEM
 */
int record_cgroups_create(const char *mounts, struct record_cgroups **ret, struct mmr_error *err);
void record_cgroups_destroy(struct record_cgroups *cgroups);

/**
 * record_cgroups_path - from the hierarchy's root, "/" for the root itself
 *
 * A number that is new makes it look through all folders, ten times a second at most.
 * Return: the path; "" where there is no such folder, or it was not looked for again
 */
const char *record_cgroups_path(struct record_cgroups *cgroups, uint64_t id, uint64_t now_ns);

#endif
