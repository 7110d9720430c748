/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What answers the requests of a replay. A backend is one table; adding one is one new file and
 * one row in backend_find().
 */
#ifndef MMR_REPLAY_BACKEND_H
#define MMR_REPLAY_BACKEND_H

#include "core/page_alloc.h"

/**
 * struct backend - an allocator under test
 * @alloc, @free, @split: as mmr_alloc_pages(), mmr_free_pages(), mmr_split_page()
 * @tick: the vmstat worker of one CPU ran
 *
 * @machine is the model for "core"; other backends may ignore it.
 */
struct backend {
	const char *name;
	const char *summary;
	struct mmr_page (*alloc)(struct mmr_machine *machine, const struct mmr_request *request);
	int (*free)(struct mmr_machine *machine, uint32_t pfn, unsigned int order, unsigned int cpu,
		    uint8_t *path);
	int (*split)(struct mmr_machine *machine, uint32_t pfn, unsigned int order, unsigned int new_order);
	void (*tick)(struct mmr_machine *machine, unsigned int cpu);
};

extern const struct backend backend_core; /* the model */
extern const struct backend backend_null; /* does nothing: its cost is the harness's own */

/** backend_find - by name; NULL where there is none */
const struct backend *backend_find(const char *name);

#endif
