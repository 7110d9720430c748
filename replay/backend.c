// SPDX-License-Identifier: GPL-2.0-or-later
/* The backends compiled in: the core, and one that costs nothing. */
#include "replay/backend.h"

#include <string.h>

const struct backend backend_core = {
	.name = "core",
	.summary = "the model of the kernel's page allocator",
	.alloc = mmr_alloc_pages,
	.free = mmr_free_pages,
	.split = mmr_split_page,
	.tick = mmr_vmstat_update,
};

static struct mmr_page null_alloc(struct mmr_machine *machine, const struct mmr_request *request)
{
	return (struct mmr_page){.pfn = 0, .path = MMR_PATH_PCP_HIT};
}

static int null_free(struct mmr_machine *machine, uint32_t pfn, unsigned int order, unsigned int cpu,
		     uint8_t *path)
{
	if (path)
		*path = MMR_PATH_FREE_PCP;
	return 0;
}

static int null_split(struct mmr_machine *machine, uint32_t pfn, unsigned int order, unsigned int new_order)
{
	return 0;
}

static void null_tick(struct mmr_machine *machine, unsigned int cpu)
{
}

const struct backend backend_null = {
	.name = "null",
	.summary = "answers at once with page 0: measures the harness itself",
	.alloc = null_alloc,
	.free = null_free,
	.split = null_split,
	.tick = null_tick,
};

const struct backend *backend_find(const char *name)
{
	static const struct backend *const all[] = {&backend_core, &backend_null};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	}
	return NULL;
}
