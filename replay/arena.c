// SPDX-License-Identifier: GPL-2.0-or-later
/* jemalloc arenas through mallctl(). */
#include "replay/arena.h"

#include <stddef.h>
#include <stdio.h>

/* Weak: sanitizers bring their own malloc, and jemalloc is not linked beside them. */
int mallctl(const char *name, void *oldp, size_t *oldlenp, void *newp, size_t newlen) __attribute__((weak));

int arena_enter(void)
{
	unsigned int arena;
	size_t size = sizeof(arena);

	if (!mallctl || mallctl("arenas.create", &arena, &size, NULL, 0))
		return -1;
	/* Blocks cached by the thread belong to the old arena. */
	mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
	if (mallctl("thread.arena", NULL, NULL, &arena, sizeof(arena)))
		return -1;
	return (int)arena;
}

uint64_t arena_bytes(int arena)
{
	static const char *const kinds[] = {"small", "large"};
	uint64_t epoch = 1, total = 0;

	if (arena < 0 || !mallctl)
		return 0;
	mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char name[64];
		size_t bytes = 0, size = sizeof(bytes);

		snprintf(name, sizeof(name), "stats.arenas.%d.%s.allocated", arena, kinds[i]);
		if (mallctl(name, &bytes, &size, NULL, 0) == 0)
			total += bytes;
	}
	return total;
}
