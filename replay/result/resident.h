/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of a stretch of this process's memory the host really holds. */
#ifndef MMR_REPLAY_RESIDENT_H
#define MMR_REPLAY_RESIDENT_H

#include <stddef.h>
#include <stdint.h>

/**
 * resident_bytes - bytes of the host's memory behind [@memory, @memory + @bytes), which is on a page's boundary
 *
 * What was only read is backed by the host's one page of zeros, and does not count. Where the host does not
 * show /proc/self/pagemap it does.
 */
uint64_t resident_bytes(const void *memory, size_t bytes);

#endif
