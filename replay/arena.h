/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A jemalloc arena per replay: what the replay allocates can be told to the byte. */
#ifndef MMR_REPLAY_ARENA_H
#define MMR_REPLAY_ARENA_H

#include <stdint.h>

/**
 * arena_enter - make a new arena and let this thread allocate from it
 * Return: its number, or -1 where jemalloc is not linked (sanitizer builds).
 */
int arena_enter(void);
/** arena_bytes - bytes allocated from @arena at this moment; 0 for arena -1 */
uint64_t arena_bytes(int arena);

#endif
