// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Task names over time. A source may hold each CPU's records in a row, so a name may come behind the
 * events it belongs to: all are collected first, put in order, and looked up by task and time.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "traces/import/import_names.h"

#define NR_CACHE 1024u

struct change {
	uint64_t time;
	uint32_t tid, parent, number;
	bool fork;
	char comm[16];
};

struct cached {
	uint64_t from, to; /* valid for times in [from, to) */
	uint32_t tid;
	bool used;
	const char *comm;
};

struct import_names {
	struct change *changes;
	uint32_t nr, cap;
	uint32_t *latest, nr_latest; /* while settling: hash of tid -> change + 1 */
	struct cached cache[NR_CACHE];
};

struct import_names *import_names_create(void)
{
	return calloc(1, sizeof(struct import_names));
}

void import_names_destroy(struct import_names *names)
{
	if (!names)
		return;
	free(names->changes);
	free(names->latest);
	free(names);
}

int import_names_add(struct import_names *names, uint64_t time, uint32_t tid, uint32_t parent, const char *comm)
{
	struct change *c;

	if (names->nr == names->cap) {
		uint32_t cap = names->cap ? names->cap * 2 : 256;

		c = cap > names->cap ? realloc(names->changes, cap * sizeof(*c)) : NULL;
		if (!c)
			return -ENOMEM;
		names->changes = c;
		names->cap = cap;
	}
	c = &names->changes[names->nr];
	*c = (struct change){.time = time, .tid = tid, .parent = parent, .number = names->nr, .fork = !comm};
	if (comm)
		memcpy(c->comm, comm, strnlen(comm, sizeof(c->comm) - 1));
	names->nr++;
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static int by_task(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return x->tid != y->tid ? (x->tid < y->tid ? -1 : 1) : by_time(a, b);
}

static uint32_t *latest_of(struct import_names *names, uint32_t tid)
{
	for (uint32_t i = tid * 2654435761u;; i++) {
		uint32_t *slot = &names->latest[i & (names->nr_latest - 1)];

		if (!*slot || names->changes[*slot - 1].tid == tid)
			return slot;
	}
}

int import_names_settle(struct import_names *names)
{
	names->nr_latest = 16;
	while (names->nr_latest < 4 * (uint64_t)names->nr && names->nr_latest < 1u << 31)
		names->nr_latest *= 2;
	names->latest = calloc(names->nr_latest, sizeof(*names->latest));
	if (!names->latest)
		return -ENOMEM;
	if (names->nr)
		qsort(names->changes, names->nr, sizeof(*names->changes), by_time);
	for (uint32_t i = 0; i < names->nr; i++) {
		struct change *c = &names->changes[i];

		if (c->fork) {
			uint32_t parent = *latest_of(names, c->parent);

			if (parent)
				memcpy(c->comm, names->changes[parent - 1].comm, sizeof(c->comm));
		}
		*latest_of(names, c->tid) = i + 1;
	}
	free(names->latest);
	names->latest = NULL;
	if (names->nr)
		qsort(names->changes, names->nr, sizeof(*names->changes), by_task);
	return 0;
}

const char *import_names_find(struct import_names *names, uint32_t tid, uint64_t time)
{
	static const char unknown[16];
	struct cached *cached = &names->cache[tid % NR_CACHE];
	uint32_t low = 0, high = names->nr;

	if (cached->used && cached->tid == tid && time >= cached->from && time < cached->to)
		return cached->comm;
	/* The first change that is behind (tid, time). */
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct change *c = &names->changes[mid];

		if (c->tid < tid || (c->tid == tid && c->time <= time))
			low = mid + 1;
		else
			high = mid;
	}
	*cached = (struct cached){.to = UINT64_MAX, .tid = tid, .used = true, .comm = unknown};
	if (low < names->nr && names->changes[low].tid == tid)
		cached->to = names->changes[low].time;
	if (low && names->changes[low - 1].tid == tid) {
		cached->from = names->changes[low - 1].time;
		cached->comm = names->changes[low - 1].comm;
	}
	return cached->comm;
}
