/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities recording needs: which of them the process has, and giving up the others. */
#ifndef MMR_TRACES_RECORD_PRIVILEGES_H
#define MMR_TRACES_RECORD_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

/** record_privileges_missing - names of the needed capabilities that are not held, "" where all are */
void record_privileges_missing(char *out, size_t size);

/**
 * record_privileges_drop - for good, in this process and in what it would execute
 * @keyframes: keyframes will be taken: programs are attached, and run, once more
 *
 * What stays is CAP_BPF and CAP_PERFMON with @keyframes (CAP_SYS_ADMIN where only that gives them),
 * else nothing.
 */
int record_privileges_drop(bool keyframes, struct mmr_error *err);

#endif
