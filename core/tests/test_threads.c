// SPDX-License-Identifier: GPL-2.0-or-later
/* One host thread per modelled CPU on shared zones, with the locks compiled in. Meant for TSan too. */
#include <pthread.h>

#include "core/tests/machines.h"

#define NR_THREADS 4
#define NR_LIVE    800

struct worker {
	struct mmr_machine *m;
	unsigned int cpu;
	bool failed;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct mmr_page live[NR_LIVE];
	uint8_t orders[NR_LIVE];
	uint64_t random = w->cpu + 1;

	for (unsigned int i = 0; i < NR_LIVE; i++)
		live[i].pfn = MMR_NO_PFN;
	for (unsigned int i = 0; i < 40000; i++) {
		unsigned int slot;

		random = random * 6364136223846793005 + 1442695040888963407;
		slot = (random >> 40) % NR_LIVE;
		if (live[slot].pfn != MMR_NO_PFN)
			w->failed |= mmr_free_pages(w->m, live[slot].pfn, orders[slot], w->cpu, NULL) != 0;
		orders[slot] = random >> 33 & 7 ? 0 : random >> 36 & 15;
		if (orders[slot] > MAX_PAGE_ORDER)
			orders[slot] = 5;
		live[slot] =
			alloc_on(w->m, w->cpu, random >> 50 & 1 ? MMR_GFP_KERNEL : MMR_GFP_HIGHUSER_MOVABLE,
				 orders[slot]);
		if (i % 5000 == 0)
			mmr_vmstat_update(w->m, w->cpu);
	}
	for (unsigned int i = 0; i < NR_LIVE; i++) {
		if (live[i].pfn != MMR_NO_PFN)
			w->failed |= mmr_free_pages(w->m, live[i].pfn, orders[i], w->cpu, NULL) != 0;
	}
	return NULL;
}

static void threads_share_zones_and_keep_every_invariant(void **state)
{
	for (const char *const *line = kernel_profile_list(); *line; line++) {
		struct mmr_machine *m = machine_new((struct machine_spec){.nr_nodes = 2,
									  .cpus_per_node = 2,
									  .zone_type = ZONE_NORMAL,
									  .node_pages = 20480,
									  .profile = *line});
		struct worker workers[NR_THREADS];
		pthread_t threads[NR_THREADS];

		mmr_seed_empty(m);
		for (unsigned int i = 0; i < NR_THREADS; i++) {
			workers[i] = (struct worker){.m = m, .cpu = i};
			assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
		}
		for (unsigned int i = 0; i < NR_THREADS; i++) {
			pthread_join(threads[i], NULL);
			assert_false(workers[i].failed);
		}
		assert_sound(m);
		mmr_drain_all_pages(m);
		assert_int_equal(zone_list_pages(zone_of(m, 0, ZONE_NORMAL), true), 20480);
		assert_int_equal(zone_list_pages(zone_of(m, 1, ZONE_NORMAL), true), 20480);
		mmr_machine_destroy(m);
	}
}

/*
 * The list's lock is taken, as by an interrupt's victim or a remote drain: an allocation takes one
 * block from the buddy and leaves the list, a free goes to the buddy, and nothing waits.
 */
static void a_taken_list_is_passed_by(void **state)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
								  .node_pages = 8192,
								  .mark = 10,
								  .batch = 8,
								  .high_min = 64,
								  .high_max = 64});
	struct zone *zone = zone_of(m, 0, ZONE_NORMAL);
	struct per_cpu_pages *pcp = &zone->per_cpu_pageset[0];
	struct mmr_page page;
	uint64_t free_before;
	uint8_t path;
	int count;

	mmr_seed_empty(m);
	alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
	count = pcp->count;
	assert_true(count > 0);
	free_before = zone_list_pages(zone, true);

	spin_lock(&pcp->lock);
	page = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
	assert_int_equal(page.path, MMR_PATH_BUDDY);
	assert_int_equal(pcp->count, count);
	assert_int_equal(zone_list_pages(zone, true), free_before - 1);
	assert_int_equal(mmr_free_pages(m, page.pfn, 0, 0, &path), 0);
	assert_int_equal(path, MMR_PATH_FREE_BUDDY);
	assert_int_equal(pcp->count, count);
	assert_int_equal(zone_list_pages(zone, true), free_before);
	spin_unlock(&pcp->lock);
	assert_sound(m);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_zones_and_keep_every_invariant),
		cmocka_unit_test(a_taken_list_is_passed_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
