// SPDX-License-Identifier: GPL-2.0-or-later
/* libFuzzer: the bytes are a saved state; what is accepted must be sound enough to go on with. */
#include <stdlib.h>
#include <string.h>

#include "core/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *data;
	size_t left;
};

static ssize_t get_bytes(void *ctx, uint8_t *bytes, size_t nr)
{
	struct bytes *b = ctx;

	nr = nr < b->left ? nr : b->left;
	memcpy(bytes, b->data, nr);
	b->data += nr;
	b->left -= nr;
	return (ssize_t)nr;
}

static struct mmr_machine *small_machine(void)
{
	static const uint16_t cpu_node[] = {0, 1};
	static struct mmr_node_config nodes[2];
	const struct mmr_machine_config cfg = {
		.profile = kernel_profile_find("6.12"),
		.nr_nodes = 2,
		.nr_cpus = 2,
		.cpu_node = cpu_node,
		.nodes = nodes,
		.sysctl = MMR_SYSCTL_DEFAULT,
		.reclaim = MMR_RECLAIM_DEFAULT,
		.compaction = MMR_COMPACTION_DEFAULT,
	};
	struct mmr_machine *m = NULL;

	for (uint32_t n = 0; n < 2; n++)
		nodes[n].zones[ZONE_NORMAL] = (struct mmr_zone_config){.start_pfn = 1024 + n * 4096,
								       .spanned_pages = 4096,
								       .present_pages = 4096,
								       .managed_pages = 4000};
	if (mmr_machine_create(&cfg, &m, NULL))
		abort();
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mmr_machine *m;
	struct bytes bytes = {data, size};
	struct mmr_error err;

	if (!m)
		m = small_machine();
	if (mmr_state_load(m, get_bytes, &bytes, &err))
		return 0;
	for (unsigned int i = 0; i < 64; i++) {
		const struct mmr_request request = {.gfp = i & 1 ? MMR_GFP_KERNEL : MMR_GFP_HIGHUSER_MOVABLE,
						    .cpu = i & 1,
						    .nid = NUMA_NO_NODE,
						    .order = i % 10};
		struct mmr_displaced displaced[16];
		struct mmr_page page = mmr_alloc_pages(m, &request);

		if (page.pfn != MMR_NO_PFN && i % 3)
			mmr_free_pages(m, page.pfn, request.order, request.cpu, NULL);
		while (mmr_displaced_blocks(m, displaced, 16) == 16)
			;
	}
	return 0;
}
