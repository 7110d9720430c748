// SPDX-License-Identifier: GPL-2.0-or-later
/* The story of a request: told by the routines that decide, and changing nothing. */
#include <stdlib.h>

#include "core/batch.h"
#include "core/step.h"
#include "core/story.h"
#include "core/tests/machines.h"

#define MAX_STEPS 4096
#define NR_HELD   1024 /* a power of two */

static struct mmr_story *story_new(void)
{
	struct mmr_story *story = calloc(1, sizeof(*story) + MAX_STEPS * sizeof(story->steps[0]));

	assert_non_null(story);
	story->max_steps = MAX_STEPS;
	return story;
}

/* A step of @kind at or after *at, which moves behind it; fails the test where there is none. */
static const struct mmr_story_step *find(const struct mmr_story *story, enum mmr_story_kind kind, uint32_t *at)
{
	while (*at < story->nr_steps && story->steps[*at].kind != kind)
		++*at;
	assert_true(*at < story->nr_steps);
	return &story->steps[(*at)++];
}

static unsigned int count(const struct mmr_story *story, enum mmr_story_kind kind)
{
	unsigned int nr = 0;

	for (uint32_t i = 0; i < story->nr_steps; i++)
		nr += story->steps[i].kind == kind;
	return nr;
}

static struct mmr_machine *small_machine(const char *profile)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.nr_nodes = 1,
								  .cpus_per_node = 1,
								  .zone_type = ZONE_NORMAL,
								  .node_pages = MIB_PAGES(8),
								  .mark = 100,
								  .batch = 7,
								  .high_min = 20,
								  .high_max = 90,
								  .profile = profile});

	m->page_group_by_mobility_disabled = false; /* for want of memory */
	mmr_seed_empty(m);
	return m;
}

static void a_refill_is_told_page_by_page(void **state)
{
	struct mmr_machine *m = small_machine("6.12");
	struct mmr_story *story = story_new();
	struct mmr_request req = {.gfp = MMR_GFP_HIGHUSER_MOVABLE, .nid = NUMA_NO_NODE};
	const struct mmr_story_step *step, *mark;
	uint32_t at = 0, pfn;

	pfn = mmr_told_alloc_pages(m, &req, story).pfn;

	assert_int_equal(find(story, MMR_STORY_REQUEST, &at)->request.gfp, req.gfp);
	assert_int_equal(find(story, MMR_STORY_CONTEXT, &at)->context.migratetype, MIGRATE_MOVABLE);
	mark = find(story, MMR_STORY_MARK, &at);
	assert_int_equal(mark->mark, WMARK_HIGH);
	assert_int_equal(mark->why, MMR_STORY_PROBE);
	step = find(story, MMR_STORY_WATERMARK, &at);
	assert_true(step->yes);
	assert_true(step->watermark.quick);
	assert_int_equal(step->watermark.free, MIB_PAGES(8));
	step = find(story, MMR_STORY_PCP, &at);
	assert_int_equal(step->why, MMR_STORY_BEFORE);
	assert_int_equal(step->pcp.count, 0);
	step = find(story, MMR_STORY_REFILL_SIZE, &at);
	assert_int_equal(step->nr, 7);
	assert_int_equal(find(story, MMR_STORY_TAKE, &at)->source_order, MAX_PAGE_ORDER);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(find(story, MMR_STORY_REFILL_PAGE, &at)->pfn, pfn + i);
	assert_int_equal(find(story, MMR_STORY_POP, &at)->pfn, pfn);
	step = find(story, MMR_STORY_PCP, &at);
	assert_int_equal(step->why, MMR_STORY_AFTER);
	assert_int_equal(step->pcp.nr_blocks, 6);
	step = find(story, MMR_STORY_PAGE, &at);
	assert_int_equal(step->pfn, pfn);
	assert_int_equal(step->why, MMR_PATH_PCP_REFILL);
	assert_int_equal(at, story->nr_steps);
	free(story);
	mmr_machine_destroy(m);
}

static void a_refused_zone_is_told_with_its_numbers(void **state)
{
	struct mmr_machine *m = small_machine("6.18");
	struct mmr_story *story = story_new();
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL & ~MMR_GFP_DIRECT_RECLAIM, .nid = NUMA_NO_NODE};
	const struct mmr_story_step *step;
	uint32_t at = 0;

	while (mmr_alloc_pages(m, &req).pfn != MMR_NO_PFN)
		;
	assert_int_equal(mmr_told_alloc_pages(m, &req, story).pfn, MMR_NO_PFN);

	step = find(story, MMR_STORY_WATERMARK, &at);
	assert_false(step->yes);
	assert_true(step->watermark.free - step->watermark.unusable <=
		    step->watermark.min + step->watermark.reserve);
	find(story, MMR_STORY_SLOWPATH, &at);
	find(story, MMR_STORY_KSWAPD, &at);
	find(story, MMR_STORY_NO_PAGE, &at);
	assert_int_equal(at, story->nr_steps);
	free(story);
	mmr_machine_destroy(m);
}

static void a_free_is_told_with_its_merges(void **state)
{
	struct mmr_machine *m = small_machine("6.12");
	struct mmr_story *story = story_new();
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE, .order = 4};
	uint32_t pfn = mmr_alloc_pages(m, &req).pfn, at = 0;

	assert_int_equal(mmr_told_free_pages(m, pfn, 4, 0, NULL, story), 0);

	assert_int_equal(find(story, MMR_STORY_FREE, &at)->why, MMR_STORY_ORDER);
	assert_int_equal(count(story, MMR_STORY_MERGE), MAX_PAGE_ORDER - 4);
	assert_int_equal(find(story, MMR_STORY_INSERT, &at)->order, MAX_PAGE_ORDER);
	free(story);
	mmr_machine_destroy(m);
}

static void a_drain_is_told_with_its_arithmetic(void **state)
{
	struct mmr_machine *m = small_machine("6.12");
	struct mmr_story *story = story_new();
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE};
	uint32_t pfns[200], at = 0;
	uint8_t path = 0;

	for (unsigned int i = 0; i < 200; i++)
		pfns[i] = mmr_alloc_pages(m, &req).pfn;
	for (unsigned int i = 0; i < 200 && path != MMR_PATH_FREE_DRAIN; i++) {
		story->nr_steps = 0;
		assert_int_equal(mmr_told_free_pages(m, pfns[i], 0, 0, &path, story), 0);
	}
	assert_int_equal(path, MMR_PATH_FREE_DRAIN);

	const struct mmr_story_step *high = find(story, MMR_STORY_HIGH, &at);
	const struct mmr_story_step *overflow = find(story, MMR_STORY_OVERFLOW, &at);

	assert_true(high->high.count >= high->high.limit);
	assert_true(overflow->nr > 0);
	assert_int_equal(count(story, MMR_STORY_DRAIN_PAGE), overflow->nr);
	assert_int_equal(count(story, MMR_STORY_INSERT), overflow->nr);
	free(story);
	mmr_machine_destroy(m);
}

static void a_bulk_allocation_tells_its_pages_and_refills(void **state)
{
	struct mmr_machine *m = small_machine("6.12");
	struct mmr_story *story = story_new();
	const struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE};
	uint32_t pfns[10], at = 0;

	assert_int_equal(mmr_told_alloc_pages_bulk(m, &req, 10, pfns, story), 10);

	assert_int_equal(find(story, MMR_STORY_MARK, &at)->why, MMR_STORY_BULK);
	assert_int_equal(find(story, MMR_STORY_PCP, &at)->pcp.count, 0);
	assert_int_equal(find(story, MMR_STORY_REFILL_SIZE, &at)->nr, 7);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(find(story, MMR_STORY_PAGE, &at)->pfn, pfns[i]);
	find(story, MMR_STORY_REFILL_SIZE, &at);
	for (uint32_t i = 7; i < 10; i++)
		assert_int_equal(find(story, MMR_STORY_PAGE, &at)->pfn, pfns[i]);
	assert_int_equal(find(story, MMR_STORY_PCP, &at)->why, MMR_STORY_AFTER);
	assert_int_equal(at, story->nr_steps);
	free(story);
	mmr_machine_destroy(m);
}

/*  all memory is movable: an unmovable refill up to 6.9 moves a block to its lists, and splits it there */
static void a_steal_names_the_blocks_that_change_lists(void **state)
{
	struct mmr_machine *m = small_machine("6.1");
	struct mmr_story *story = story_new();
	const struct mmr_step_place place = mmr_step_place(m, MIB_PAGES(8) - 1);
	const struct mmr_story_step *move;
	uint32_t at = 0, pfn;

	assert_int_equal(place.mt, MIGRATE_MOVABLE);
	pfn = mmr_told_refill(m, 0, mmr_step_zone(m, 0, 0), 0, MIGRATE_UNMOVABLE, story);
	assert_int_not_equal(pfn, MMR_NO_PFN);

	move = find(story, MMR_STORY_MOVE, &at);
	assert_int_equal(move->before, MIGRATE_MOVABLE);
	assert_int_equal(move->mt, MIGRATE_UNMOVABLE);
	assert_int_equal(move->order, MAX_PAGE_ORDER);
	assert_true(pfn - move->pfn < 1u << MAX_PAGE_ORDER);
	assert_int_equal(find(story, MMR_STORY_CLAIM, &at)->pfn, move->pfn);
	assert_int_equal(find(story, MMR_STORY_POP, &at)->pfn, pfn);
	free(story);
	mmr_machine_destroy(m);
}

static void a_free_past_its_list_and_a_run_of_neighbours_are_told(void **state)
{
	struct mmr_machine *m = small_machine("7.3");
	struct mmr_story *story = story_new();
	const struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE, .order = 2};
	uint32_t pfn = mmr_alloc_pages(m, &req).pfn, at = 0;

	mmr_told_free_past_list(m, pfn, 2, 0, story);
	assert_int_equal(find(story, MMR_STORY_FREE, &at)->why, MMR_STORY_LOCKED);
	assert_int_equal(find(story, MMR_STORY_INSERT, &at)->pfn & ~3u, pfn & ~3u);

	pfn = mmr_alloc_pages(m, &req).pfn;
	mmr_split_page(m, pfn, 2, 0);
	story->nr_steps = at = 0;
	assert_int_equal(mmr_told_free_contig_range(m, pfn, 4, 0, story), 0);
	assert_int_equal(find(story, MMR_STORY_FREE, &at)->order, 2);
	assert_int_equal(count(story, MMR_STORY_FREE), 1);
	free(story);
	mmr_machine_destroy(m);
}

static void a_full_story_counts_what_it_leaves_out(void **state)
{
	struct mmr_machine *m = small_machine("6.12");
	struct mmr_story *story = story_new();
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE};

	story->max_steps = 3;
	mmr_told_alloc_pages(m, &req, story);
	assert_int_equal(story->nr_steps, 3);
	assert_true(story->nr_dropped > 10);
	free(story);
	mmr_machine_destroy(m);
}

/* The model is built twice, and must decide alike in both builds. */
static void the_build_that_tells_decides_alike(void **state)
{
	struct mmr_story *story = story_new();

	for (const char *const *profile = kernel_profile_list(); *profile; profile++) {
		struct mmr_machine *silent = small_machine(*profile), *told = small_machine(*profile);
		uint32_t held[NR_HELD];
		uint64_t random = 1;

		memset(held, 0xff, sizeof(held));
		for (unsigned int i = 0; i < 100000; i++) {
			unsigned int slot, order;

			random = random * 6364136223846793005 + 1442695040888963407;
			slot = random >> 40 & (NR_HELD - 1);
			order = slot % 8 ? 0 : slot / 8 % 6;
			story->nr_steps = 0;
			if (held[slot] == MMR_NO_PFN) {
				struct mmr_request req = {.gfp = slot & 1 ? MMR_GFP_HIGHUSER_MOVABLE
									  : MMR_GFP_KERNEL,
							  .nid = NUMA_NO_NODE,
							  .order = (uint8_t)order};

				held[slot] = mmr_alloc_pages(silent, &req).pfn;
				assert_int_equal(mmr_told_alloc_pages(told, &req, story).pfn, held[slot]);
			} else {
				assert_int_equal(mmr_free_pages(silent, held[slot], order, 0, NULL), 0);
				assert_int_equal(mmr_told_free_pages(told, held[slot], order, 0, NULL, story),
						 0);
				held[slot] = MMR_NO_PFN;
			}
			assert_true(story->nr_steps);
		}
		assert_memory_equal(silent->zones[0]->free_area, told->zones[0]->free_area,
				    sizeof(silent->zones[0]->free_area));
		assert_memory_equal(silent->zones[0]->per_cpu_pageset, told->zones[0]->per_cpu_pageset,
				    sizeof(struct per_cpu_pages));
		assert_sound(told);
		mmr_machine_destroy(silent);
		mmr_machine_destroy(told);
	}
	free(story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refill_is_told_page_by_page),
		cmocka_unit_test(a_refused_zone_is_told_with_its_numbers),
		cmocka_unit_test(a_free_is_told_with_its_merges),
		cmocka_unit_test(a_drain_is_told_with_its_arithmetic),
		cmocka_unit_test(a_bulk_allocation_tells_its_pages_and_refills),
		cmocka_unit_test(a_steal_names_the_blocks_that_change_lists),
		cmocka_unit_test(a_free_past_its_list_and_a_run_of_neighbours_are_told),
		cmocka_unit_test(a_full_story_counts_what_it_leaves_out),
		cmocka_unit_test(the_build_that_tells_decides_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
