// SPDX-License-Identifier: GPL-2.0-or-later
/* Resident memory, from mincore() and /proc/self/pagemap. */
#include "replay/result/resident.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#define STRETCH_PAGES 4096

/* Of Documentation/admin-guide/mm/pagemap.rst: mapped here and nowhere else, which the zero page never is. */
#define PAGEMAP_EXCLUSIVE (1ull << 56)

struct stretch {
	uint64_t first_page; /* by address */
	size_t nr;
	unsigned char present[STRETCH_PAGES];
	uint64_t pagemap[STRETCH_PAGES];
};

static bool read_pagemap(int fd, struct stretch *s)
{
	size_t bytes = s->nr * sizeof(*s->pagemap), done = 0;

	while (fd >= 0 && done < bytes) {
		ssize_t n = pread(fd, (char *)s->pagemap + done, bytes - done,
				  (off_t)(s->first_page * sizeof(*s->pagemap) + done));

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return fd >= 0;
}

/* Return: host pages of @s that are held for it. */
static size_t count(int fd, struct stretch *s)
{
	size_t present = 0, exclusive = 0;

	for (size_t i = 0; i < s->nr; i++)
		present += s->present[i] & 1;
	if (!present || !read_pagemap(fd, s))
		return present;
	for (size_t i = 0; i < s->nr; i++)
		exclusive += (s->pagemap[i] & PAGEMAP_EXCLUSIVE) != 0;
	return exclusive;
}

uint64_t resident_bytes(const void *memory, size_t bytes)
{
	size_t host_page = (size_t)sysconf(_SC_PAGESIZE), span;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	struct stretch s;
	uint64_t pages = 0;

	for (size_t at = 0; at < bytes; at += span) {
		char *from = (char *)(uintptr_t)memory + at;

		span = bytes - at < STRETCH_PAGES * host_page ? bytes - at : STRETCH_PAGES * host_page;
		s.first_page = (uintptr_t)from / host_page;
		s.nr = (span + host_page - 1) / host_page;
		if (mincore(from, span, s.present))
			break;
		pages += count(fd, &s);
	}
	if (fd >= 0)
		close(fd);
	return pages * host_page;
}
