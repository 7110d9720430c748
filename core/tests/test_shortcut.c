// SPDX-License-Identifier: GPL-2.0-or-later
/* The hit paths of page_alloc.c against the long way: same pages, same state, on random histories. */
#include "core/tests/machines.h"

#define NR_LIVE 600

struct held {
	uint32_t pfn;
	unsigned int order;
};

/* The same call on both machines; a wrong answer fails the test. */
static struct held alloc_on_both(struct mmr_machine *with, struct mmr_machine *without, uint64_t random)
{
	static const gfp_t gfps[] = {MMR_GFP_HIGHUSER_MOVABLE, MMR_GFP_KERNEL,
				     MMR_GFP_KERNEL | MMR_GFP_RECLAIMABLE, MMR_GFP_ATOMIC_MASK};
	struct mmr_request req = {
		.gfp = gfps[random & 3],
		.cpu = (uint16_t)(random >> 2 & 3),
		.nid = random >> 4 & 7 ? NUMA_NO_NODE : (int16_t)(random >> 7 & 1),
		.order = random >> 8 & 7 ? 0 : (uint8_t)(random >> 11 & 3),
		.nodemask = random >> 13 & 15 ? 0 : 1 + (random >> 17 & 1),
	};
	struct mmr_page a = mmr_alloc_pages(with, &req), b = mmr_alloc_pages(without, &req);

	assert_int_equal(a.pfn, b.pfn);
	assert_int_equal(a.path, b.path);
	assert_int_equal(a.nid, b.nid);
	assert_int_equal(a.zone, b.zone);
	return (struct held){a.pfn, req.order};
}

static void free_on_both(struct mmr_machine *with, struct mmr_machine *without, struct held *held,
			 uint64_t random)
{
	uint8_t a, b;

	if (held->pfn == MMR_NO_PFN)
		return;
	assert_int_equal(mmr_free_pages(with, held->pfn, held->order, random & 3, &a), 0);
	assert_int_equal(mmr_free_pages(without, held->pfn, held->order, random & 3, &b), 0);
	assert_int_equal(a, b);
	held->pfn = MMR_NO_PFN;
}

static void assert_same_state(const struct mmr_machine *a, const struct mmr_machine *b)
{
	struct mmr_counters ca, cb;

	mmr_counters_read(a, &ca);
	mmr_counters_read(b, &cb);
	assert_memory_equal(&ca, &cb, sizeof(ca));
	for (unsigned int i = 0; i < a->nr_zones; i++) {
		assert_int_equal(a->zones[i]->flags, b->zones[i]->flags);
		assert_memory_equal(a->zones[i]->free_area, b->zones[i]->free_area,
				    sizeof(a->zones[i]->free_area));
		for (unsigned int cpu = 0; cpu < a->nr_cpus; cpu++)
			assert_memory_equal(&a->zones[i]->per_cpu_pageset[cpu],
					    &b->zones[i]->per_cpu_pageset[cpu],
					    offsetof(struct per_cpu_pages, lists));
	}
	assert_sound(a);
	assert_sound(b);
}

static void hit_paths_equal_the_long_way(void **state)
{
	const char *const *profiles = kernel_profile_list();
	uint64_t random = 1;

	for (; *profiles; profiles++) {
		struct machine_spec spec = {.nr_nodes = 2,
					    .cpus_per_node = 2,
					    .zone_type = ZONE_NORMAL,
					    .node_pages = MIB_PAGES(8),
					    .mark = 100,
					    .batch = 7,
					    .high_min = 20,
					    .high_max = 90,
					    .profile = *profiles};
		struct mmr_machine *with = machine_new(spec), *without = machine_new(spec);
		struct held held[NR_LIVE];

		without->no_shortcuts = true;
		mmr_seed_empty(with);
		mmr_seed_empty(without);
		for (unsigned int i = 0; i < NR_LIVE; i++)
			held[i].pfn = MMR_NO_PFN;
		for (unsigned int i = 0; i < 200000; i++) {
			struct held *slot;

			random = random * 6364136223846793005 + 1442695040888963407;
			slot = &held[(random >> 40) % NR_LIVE];
			free_on_both(with, without, slot, random >> 20);
			if (random >> 60)
				*slot = alloc_on_both(with, without, random >> 20);
			if (i % 5000 == 0) {
				mmr_vmstat_update(with, i / 5000 % 4);
				mmr_vmstat_update(without, i / 5000 % 4);
			}
		}
		assert_same_state(with, without);
		mmr_machine_destroy(with);
		mmr_machine_destroy(without);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hit_paths_equal_the_long_way)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
