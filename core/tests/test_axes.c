// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The axes of a kernel profile: all that the notes on the kernels name are there, and each changes
 * what the model does. The rule behind each has its own test beside the code that follows it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/profile.h"
#include "core/step.h"
#include "core/story.h"
#include "core/tests/drive.h"
#include "core/tests/machines.h"

#define HISTORY_BYTES 24000
#define MAX_HISTORIES 400

/* What the two documents on later kernels list as switches, with the values they list. */
static void every_switch_of_the_notes_exists(void **state)
{
	static const char *const specs[] = {
		"6.1,steal=6.15",
		"6.1,steal=6.10",
		"6.12,steal=old",
		"6.12,pcp=5.14,defrag_mode=1",
		"6.1,pcp=6.7",
		"6.12,free_high_T=batch+high_min/2",
		"6.18,free_high_T=batch",
		"6.12,hygiene=0",
		"6.12,merge_retype=0",
		"6.12,highatomic_acct=reserved",
		"6.1,highatomic_acct=free",
		"6.12,highatomic_gate=nonblock",
		"6.12,highatomic_gate=high",
		"6.12,oom_or_nonblock_fallback=0",
		"6.12,skip_busy_nodes=1",
		"6.12,decay=none",
		"6.12,decay=one",
		"6.12,decay=batched",
		"6.12,zone_movable_min=0",
		"6.12,trace_dialect=6.1",
		"6.12,trace_dialect=6.9",
		"6.12,trace_dialect=6.10",
		"6.12,trace_dialect=6.15",
		"6.18,trace_dialect=7.2",
		"6.18,pcp_overflow=chunked",
		"7.3,pcp_overflow=single",
		"6.18,vmalloc=large_first",
		"7.3,vmalloc=bulk",
		"7.3,contig_free=per_page",
		"6.18,contig_free=pieces",
		"6.18,highatomic=7.1",
		"6.18,highatomic=7.3",
		"7.3,highatomic=6.18",
		"6.18,slowpath=7.x",
		"7.3,slowpath=6.18",
		"7.3,node_reclaim_retest=1",
		"6.18,compact_source=7.2",
		"7.3,compact_source=6.18",
		"7.3,capture=cc_order",
		"6.18,capture=request_order",
		"7.3,defrag_promote=no",
		"6.18,defrag_promote=7.2",
		"6.18,defrag_promote=7.3",
		"7.3,bulk_mark=all",
		"6.18,bulk_mark=remaining",
		"7.3,demote=random",
		"6.18,demote=filtered+nearest",
		"7.3,types=5",
		"6.12,types=6",
		"7.3,buddyinfo_locked=1",
		"6.18,defrag_mode=sysctl",
		"6.12,shuffle=1",
	};
	struct kernel_profile *profile;
	struct mmr_error err;

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		if (kernel_profile_parse(specs[i], &profile, &err))
			fail_msg("%s", err.msg);
		kernel_profile_destroy(profile);
	}
	assert_int_equal(kernel_profile_parse("6.12,no_such=1", &profile, &err), -EINVAL);
	for (size_t i = 0; kernel_profile_axis(i, NULL); i++) {
		if (!strstr(err.msg, kernel_profile_axis(i, NULL)))
			fail_msg("%s does not name %s", err.msg, kernel_profile_axis(i, NULL));
	}
}

static uint64_t digest_of(const char *spec, uint64_t seed)
{
	static uint8_t data[HISTORY_BYTES];
	struct kernel_profile *profile;
	struct mmr_error err;
	uint64_t digest = 0, x = seed * 0x9e3779b97f4a7c15 + 1;

	for (size_t i = 0; i < HISTORY_BYTES; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = (uint8_t)(x >> 24);
	}
	if (kernel_profile_parse(spec, &profile, &err) ||
	    drive_machine(data, HISTORY_BYTES, profile, NULL, &digest, &err))
		fail_msg("%s seed %llu: %s", spec, (unsigned long long)seed, err.msg);
	kernel_profile_destroy(profile);
	return digest;
}

/* Is there a history on which the two values end differently, on one line or another? */
static bool tells_apart(const char *axis, const char *value, const char *other)
{
	/* Some rules matter only beside others. */
	static const char *const lines[] = {"6.18", "7.3,defrag_mode=1", "6.1", "6.1,types=6", "6.12"};
	char one[120], two[120];

	for (uint64_t seed = 1; seed <= MAX_HISTORIES; seed++) {
		const char *line = lines[seed % (sizeof(lines) / sizeof(lines[0]))];

		snprintf(one, sizeof(one), "%s,%s=%s", line, axis, value);
		snprintf(two, sizeof(two), "%s,%s=%s", line, axis, other);
		if (digest_of(one, seed) != digest_of(two, seed))
			return true;
	}
	return false;
}

/*
 * What does not decide where pages go, and what random histories reach too seldom, is tested by hand:
 * below, for flags in test_gfp.c, for captures and demotion in test_kcompactd.c and test_reclaim.c.
 */
static bool has_its_own_test(const char *axis, const char *value)
{
	static const char *const axes[] = {
		"trace_dialect",
		"gfp_names",
		"buddyinfo_locked",
		"oom_or_nonblock_fallback",
		"boost_wake_gated",
		"expire_keeps_worker",
		"bulk_mark",
		"node_reclaim_retest",
		"retry_free",
		"capture",
		"capture_movable",
		"cma_skips_pcp",
		"types",
		"demote",
		"lru",
	};

	for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++) {
		if (!strcmp(axis, axes[i]))
			return true;
	}
	return !strcmp(axis, "defrag_promote") && !strcmp(value, "7.3");
}

static void every_value_of_every_axis_leads_elsewhere(void **state)
{
	const char *const *values;
	const char *axis;

	for (size_t i = 0; (axis = kernel_profile_axis(i, &values)); i++) {
		for (size_t v = 1; values[v] && !has_its_own_test(axis, values[v]); v++) {
			if (!tells_apart(axis, values[v - 1], values[v]))
				fail_msg("%s: %s and %s do the same", axis, values[v - 1], values[v]);
		}
	}
}

static void the_dialect_says_how_events_are_read(void **state)
{
	static const struct {
		const char *spec;
		bool extfrag_first, pieces;
	} cases[] = {
		{"6.1", true, false},
		{"6.1,trace_dialect=6.9", true, false},
		{"6.12", false, false},
		{"6.12,trace_dialect=6.10", false, false},
		{"6.18", false, false},
		{"7.1", false, false},
		{"7.2", false, true},
		{"7.3", false, true},
		{"7.3,trace_dialect=6.1", true, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *m = machine_new((struct machine_spec){
			.zone_type = ZONE_NORMAL, .node_pages = 8192, .profile = cases[i].spec});

		assert_int_equal(mmr_step_extfrag_first(m), cases[i].extfrag_first);
		assert_int_equal(mmr_step_frees_pieces(m), cases[i].pieces);
		mmr_machine_destroy(m);
	}
}

/* Reading the free lists' lengths counts as one hold of zone->lock, or as none. */
static void buddyinfo_takes_the_lock_or_not(void **state)
{
	static const char *const specs[] = {"7.3", "7.3,buddyinfo_locked=1", "6.18"};

	for (size_t i = 0; i < 3; i++) {
		struct mmr_machine *m = machine_new((struct machine_spec){
			.zone_type = ZONE_NORMAL, .node_pages = 8192, .profile = specs[i]});
		uint32_t nr_free[NR_PAGE_ORDERS];
		struct mmr_counters c;

		mmr_seed_empty(m);
		assert_true(mmr_buddyinfo_read(m, 0, ZONE_NORMAL, 0, nr_free));
		assert_int_equal(nr_free[MAX_PAGE_ORDER], 8);
		assert_int_equal(nr_free[0], 0);
		assert_false(mmr_buddyinfo_read(m, 0, ZONE_DMA, 0, nr_free));
		mmr_counters_read(m, &c);
		assert_int_equal(c.zone_lock, i != 0);
		mmr_machine_destroy(m);
	}
}

/* ---- by hand ----------------------------------------------------------------------------------- */

static struct mmr_machine *of_profile(const char *spec, uint32_t mark)
{
	return machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
						 .node_pages = 16384,
						 .mark = mark,
						 .batch = 8,
						 .high_min = 64,
						 .high_max = 64,
						 .profile = spec});
}

/* All that is free lies on a reserve list; an order-0 request that may not wait finds it, or does not. */
static void oom_or_nonblock_fallback_opens_the_reserve(void **state)
{
	for (int on = 0; on < 2; on++) {
		struct mmr_machine *m = of_profile(on ? "6.12" : "6.12,oom_or_nonblock_fallback=0", 10);

		mmr_seed_pageblock(m, 0, MIGRATE_HIGHATOMIC, NULL);
		free_block(m, 0, 8, MIGRATE_HIGHATOMIC);
		assert_int_equal(alloc_on(m, 0, MMR_GFP_NOWAIT_MASK, 0).pfn, on ? 0 : MMR_NO_PFN);
		/* Without a right to the reserves it stays closed. */
		assert_int_equal(alloc_on(m, 0, MMR_GFP_NOWAIT_MASK | MMR_GFP_NOMEMALLOC, 0).pfn, MMR_NO_PFN);
		mmr_machine_destroy(m);
	}
}

/* The mark that a fallback left, and a request that may not wake kswapd. */
static void boost_wake_gated_leaves_the_flag_to_others(void **state)
{
	static const char *const specs[] = {"6.1", "6.12", "6.12,boost_wake_gated=0"};

	for (int i = 0; i < 3; i++) {
		struct mmr_machine *m = of_profile(specs[i], 10);
		struct zone *zone = zone_of(m, 0, ZONE_NORMAL);

		mmr_seed_empty(m);
		zone->flags = 1u << ZONE_BOOSTED_WATERMARK;
		alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE & ~MMR_GFP_KSWAPD_RECLAIM, 0);
		assert_int_equal(zone->flags >> ZONE_BOOSTED_WATERMARK & 1, i == 1);
		alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
		assert_int_equal(zone->flags >> ZONE_BOOSTED_WATERMARK & 1, 0);
		mmr_machine_destroy(m);
	}
}

/* A remote list that will expire: is that reason enough for the worker to come back? */
static void expire_keeps_worker_until_the_list_is_drained(void **state)
{
	for (int on = 0; on < 2; on++) {
		struct mmr_machine *m = machine_new((struct machine_spec){
			.nr_nodes = 2,
			.zone_type = ZONE_NORMAL,
			.node_pages = 16384,
			.mark = 10,
			.batch = 8,
			.high_min = 64,
			.high_max = 64,
			.profile = on ? "6.12,decay=none" : "6.12,decay=none,expire_keeps_worker=0"});
		struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = 1};
		struct per_cpu_pages *pcp = &zone_of(m, 1, ZONE_NORMAL)->per_cpu_pageset[0];

		mmr_seed_empty(m);
		mmr_alloc_pages(m, &req);
		while (mmr_vmstat_update(m, 0) && pcp->expire == 3)
			;
		assert_int_equal(pcp->expire, 2);
		assert_int_equal(mmr_vmstat_update(m, 0), on);
		assert_int_equal(pcp->expire, 1);
		mmr_machine_destroy(m);
	}
}

/*
 * A caller that wants 100 pages, has 60, and finds 160 free above a low mark of 20: 40 fit, 100 do
 * not by the old rule, where 160 must be more than 20 + 100 + the reserve of none. So set the low mark
 * to 80: 160 > 80 + 40, but not > 80 + 100.
 */
static void bulk_mark_counts_all_or_what_is_missing(void **state)
{
	static const char *const specs[] = {"6.18", "6.18,bulk_mark=remaining", "7.3", "7.3,bulk_mark=all"};

	for (int i = 0; i < 4; i++) {
		struct mmr_machine *m = of_profile(specs[i], 40);
		struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE};
		uint32_t pfns[40];

		free_block(m, 0, 7, MIGRATE_UNMOVABLE);
		free_block(m, 128, 5, MIGRATE_UNMOVABLE);
		/* Where the mark says no a single page is taken. */
		assert_int_equal(mmr_alloc_pages_bulk(m, &req, 100, 60, pfns), i == 0 || i == 3 ? 1 : 40);
		mmr_machine_destroy(m);
	}
}

/* Six types need a little more memory before pages are grouped by them: 6 pageblocks instead of 5. */
static void types_decide_what_is_too_small_to_group(void **state)
{
	for (int six = 0; six < 2; six++) {
		struct mmr_machine *m =
			machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
							  .node_pages = 2900,
							  .mark = 1,
							  .profile = six ? "6.12,types=6" : "6.12"});

		assert_int_equal(m->page_group_by_mobility_disabled, six);
		assert_int_equal(m->cma, six);
		/* A CMA pageblock tells that the kernel was built with it, whatever the line's default. */
		mmr_seed_pageblock(m, 0, MIGRATE_CMA, NULL);
		assert_true(m->cma);
		mmr_machine_destroy(m);
	}
}

/* A movable page lies on the CPU's list; a movable request that must not get CMA pages passes it by. */
static void cma_skips_pcp_for_who_may_not_use_cma(void **state)
{
	static const struct {
		const char *spec;
		enum mmr_path path;
	} cases[] = {
		{"6.1,types=6", MMR_PATH_BUDDY},
		{"6.1", MMR_PATH_PCP_HIT},
		{"6.1,types=6,cma_skips_pcp=0", MMR_PATH_PCP_HIT},
		{"6.12,types=6", MMR_PATH_PCP_HIT},
	};

	for (int i = 0; i < 4; i++) {
		struct mmr_machine *m = of_profile(cases[i].spec, 10);
		const struct zonelist *zonelist = &m->nodes[0].node_zonelists[ZONELIST_FALLBACK];
		const struct alloc_context ac = {.zonelist = zonelist,
						 .preferred_zoneref = zonelist->_zonerefs,
						 .migratetype = MIGRATE_MOVABLE,
						 .highest_zoneidx = ZONE_MOVABLE};

		mmr_seed_empty(m);
		alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0);
		assert_int_equal(
			get_page_from_freelist(&m->cpus[0], MMR_GFP_HIGHUSER_MOVABLE, 0, ALLOC_WMARK_HIGH, &ac)
				.path,
			cases[i].path);
		mmr_machine_destroy(m);
	}
}

/* node_reclaim() scanned and found nothing: the mark is tested again, or the next zone comes. */
static void node_reclaim_retest_looks_at_the_mark_again(void **state)
{
	static const char *const specs[] = {"6.18", "6.18,node_reclaim_retest=0", "7.3"};

	for (int i = 0; i < 3; i++) {
		struct mmr_machine *m = of_profile(specs[i], 10);
		struct mmr_story *story = calloc(1, sizeof(*story) + 200 * sizeof(story->steps[0]));
		struct mmr_request req = {.gfp = MMR_GFP_KERNEL, .nid = NUMA_NO_NODE};
		unsigned int retests = 0;

		assert_non_null(story);
		story->max_steps = 200;
		m->reclaim.enabled = true;
		m->sysctl.zone_reclaim_mode = 1;
		mmr_told_alloc_pages(m, &req, story);
		for (uint32_t k = 0; k < story->nr_steps; k++)
			retests += story->steps[k].kind == MMR_STORY_MARK &&
				   story->steps[k].why == MMR_STORY_AFTER_RECLAIM;
		if (i == 0)
			assert_true(retests > 0);
		else
			assert_int_equal(retests, 0);
		free(story);
		mmr_machine_destroy(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_switch_of_the_notes_exists),
		cmocka_unit_test(the_dialect_says_how_events_are_read),
		cmocka_unit_test(buddyinfo_takes_the_lock_or_not),
		cmocka_unit_test(oom_or_nonblock_fallback_opens_the_reserve),
		cmocka_unit_test(boost_wake_gated_leaves_the_flag_to_others),
		cmocka_unit_test(expire_keeps_worker_until_the_list_is_drained),
		cmocka_unit_test(bulk_mark_counts_all_or_what_is_missing),
		cmocka_unit_test(types_decide_what_is_too_small_to_group),
		cmocka_unit_test(cma_skips_pcp_for_who_may_not_use_cma),
		cmocka_unit_test(node_reclaim_retest_looks_at_the_mark_again),
		cmocka_unit_test(every_value_of_every_axis_leads_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
