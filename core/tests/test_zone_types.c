// SPDX-License-Identifier: GPL-2.0-or-later
/* Zones that ordinary machines lack: HIGHMEM of 32-bit ones, DEVICE; and page_alloc.shuffle. */
#include <errno.h>

#include "core/tests/machines.h"

static const uint16_t cpu_node[] = {0};

static struct mmr_zone_config zone(uint32_t start, uint32_t pages)
{
	return (struct mmr_zone_config){
		.start_pfn = start, .spanned_pages = pages, .present_pages = pages, .managed_pages = pages};
}

static struct mmr_machine *create(const struct mmr_node_config *node, const char *line)
{
	struct mmr_machine_config cfg = {.profile = kernel_profile_find(line),
					 .nr_nodes = 1,
					 .nr_cpus = 1,
					 .cpu_node = cpu_node,
					 .nodes = node,
					 .sysctl = MMR_SYSCTL_DEFAULT};
	struct mmr_machine *m;
	struct mmr_error err;

	cfg.sysctl.defrag_mode = 1;
	if (mmr_machine_create(&cfg, &m, &err))
		fail_msg("%s", err.msg);
	mmr_seed_empty(m);
	return m;
}

/*
 *   pfn   0      4096          229376            524288
 *         | DMA  | Normal      | HighMem         |          a PC of 2 GiB with a 32-bit kernel
 *   MiB   0      16            896               2048
 */
static struct mmr_machine *pc_32_bit(const char *line)
{
	const struct mmr_node_config node = {.zones = {[ZONE_DMA] = zone(0, 4096),
						       [ZONE_NORMAL] = zone(4096, 225280),
						       [ZONE_HIGHMEM] = zone(229376, 294912)}};

	return create(&node, line);
}

static void highmem_serves_who_asks_for_it_and_falls_back_downwards(void **state)
{
	struct mmr_machine *m = pc_32_bit("6.12");
	const struct zoneref *z = m->nodes[0].node_zonelists[ZONELIST_FALLBACK]._zonerefs;

	assert_int_equal(z[0].zone_idx, ZONE_HIGHMEM);
	assert_int_equal(z[1].zone_idx, ZONE_NORMAL);
	assert_int_equal(z[2].zone_idx, ZONE_DMA);
	assert_null(z[3].zone);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER, 0).zone, ZONE_HIGHMEM);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).zone, ZONE_HIGHMEM);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_KERNEL, 0).zone, ZONE_NORMAL);
	assert_int_equal(alloc_on(m, 0, MMR_GFP_KERNEL | MMR_GFP_DMA, 0).zone, ZONE_DMA);
	/* Without HighMem the flag means Normal. */
	assert_int_equal(m->gfp_zone[MMR_GFP_HIGHMEM], ZONE_HIGHMEM);
	mmr_machine_destroy(m);
}

/*
 * min_free_kbytes is set to 4096, 1024 pages, shared by what is not HighMem: DMA gets
 * 1024 * 4096 / 229376 = 18, Normal 1024 * 225280 / 229376 = 1005. HighMem's own min is
 * 294912 / 1024 = 288, at most 128. Its gap is the larger of a quarter of the share it would have
 * had, 1024 * 294912 / 229376 / 4 = 329, and a thousandth of it, 294: so low is 128 + 329.
 */
static void highmem_takes_no_share_of_min_free(void **state)
{
	struct mmr_machine *m = pc_32_bit("6.12");
	struct mmr_sysctl sysctl = m->sysctl;

	sysctl.min_free_kbytes = 4096;
	assert_int_equal(mmr_machine_set_sysctl(m, &sysctl, NULL), 0);
	assert_int_equal(zone_of(m, 0, ZONE_DMA)->_watermark[WMARK_MIN], 18);
	assert_int_equal(zone_of(m, 0, ZONE_NORMAL)->_watermark[WMARK_MIN], 1005);
	assert_int_equal(zone_of(m, 0, ZONE_HIGHMEM)->_watermark[WMARK_MIN], 128);
	assert_int_equal(zone_of(m, 0, ZONE_HIGHMEM)->_watermark[WMARK_LOW], 128 + 329);
	/* Normal keeps 294912 / 32 pages from who could have gone to HighMem. */
	assert_int_equal(zone_of(m, 0, ZONE_NORMAL)->lowmem_reserve[ZONE_HIGHMEM], 9216);
	mmr_machine_destroy(m);
}

/* The flag is no bit at all in a kernel without ZONE_DMA32, with defrag_mode or without. */
static void a_32_bit_kernel_has_no_nofragment(void **state)
{
	struct mmr_machine *m = pc_32_bit("6.18");

	assert_int_equal(m->sysctl.defrag_mode, 1);
	for (int i = 0; i < MAX_NR_ZONES; i++)
		assert_int_equal(zone_of(m, 0, (enum zone_type)i)->nofragment, 0);
	mmr_machine_destroy(m);
}

/*
 *   pfn   0         65536      131072
 *         | Normal  | Device   |
 */
static void a_device_zone_serves_nobody_and_takes_nothing(void **state)
{
	struct mmr_node_config node = {
		.zones = {[ZONE_NORMAL] = zone(0, 65536), [ZONE_DEVICE] = zone(65536, 65536)}};
	struct mmr_machine *m;
	struct mmr_error err;

	node.zones[ZONE_DEVICE].managed_pages = 0;
	m = create(&node, "6.12");
	assert_int_equal(m->nodes[0].node_zonelists[ZONELIST_FALLBACK]._zonerefs[0].zone_idx, ZONE_NORMAL);
	assert_int_equal(m->nodes[0].node_present_pages, 65536);
	assert_int_equal(zone_list_pages(zone_of(m, 0, ZONE_DEVICE), true), 0);
	assert_int_equal(mmr_free_pages(m, 70000, 0, 0, NULL), -EINVAL);
	assert_int_equal(mmr_free_check(m, 70000, 0, &err), -EINVAL);
	assert_string_equal(err.msg, "free of pfn 70000 order 0: not an aligned block of RAM in one zone");
	assert_int_equal(mmr_seed_free_block(m, 70000, 0, MIGRATE_MOVABLE, &err), -EINVAL);
	assert_sound(m);
	mmr_machine_destroy(m);
}

static void a_device_zone_with_managed_pages_is_refused(void **state)
{
	const struct mmr_node_config node = {
		.zones = {[ZONE_NORMAL] = zone(0, 65536), [ZONE_DEVICE] = zone(65536, 65536)}};
	const struct mmr_machine_config cfg = {.profile = kernel_profile_find("6.12"),
					       .nr_nodes = 1,
					       .nr_cpus = 1,
					       .cpu_node = cpu_node,
					       .nodes = &node,
					       .sysctl = MMR_SYSCTL_DEFAULT};
	struct mmr_machine *m;
	struct mmr_error err;

	assert_int_equal(mmr_machine_create(&cfg, &m, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "node 0 zone Device: 65536 managed pages, expected 0: its pages are the device's");
}

/* ---- shuffling --------------------------------------------------------------------------------- */

static struct mmr_machine *shuffled(const char *profile, uint64_t seed)
{
	struct mmr_machine *m = machine_new((struct machine_spec){.zone_type = ZONE_NORMAL,
								  .node_pages = 64 * MAX_ORDER_NR_PAGES,
								  .mark = 10,
								  .profile = profile,
								  .shuffle_seed = seed});
	mmr_seed_empty(m);
	return m;
}

static void read_order(struct mmr_machine *m, uint32_t *pfns)
{
	uint32_t pfn = zone_of(m, 0, ZONE_NORMAL)->free_area[MAX_PAGE_ORDER].free_list[MIGRATE_MOVABLE].head;

	for (int i = 0; i < 64; i++) {
		pfns[i] = pfn;
		pfn = m->max_blocks[pfn >> MAX_PAGE_ORDER].next;
	}
	assert_int_equal(pfn, MMR_NO_PFN);
}

/* All 64 blocks are still there, in another order than ascending, the same one for the same seed. */
static void shuffling_permutes_the_largest_blocks_by_the_seed(void **state)
{
	uint32_t plain[64], one[64], again[64], two[64], seen[64] = {0};
	struct mmr_machine *m;

	m = shuffled("6.12", 7);
	read_order(m, plain);
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(plain[i], i * MAX_ORDER_NR_PAGES);
	mmr_machine_destroy(m);

	m = shuffled("6.12,shuffle=1", 7);
	read_order(m, one);
	assert_sound(m);
	mmr_seed_empty(m);
	read_order(m, again);
	mmr_machine_destroy(m);
	m = shuffled("6.12,shuffle=1", 8);
	read_order(m, two);
	mmr_machine_destroy(m);

	for (int i = 0; i < 64; i++)
		seen[one[i] / MAX_ORDER_NR_PAGES]++;
	for (int i = 0; i < 64; i++)
		assert_int_equal(seen[i], 1);
	assert_memory_equal(one, again, sizeof(one));
	assert_memory_not_equal(one, plain, sizeof(one));
	assert_memory_not_equal(one, two, sizeof(one));
}

/*
 * A block of the largest order goes to either end by a coin; shorter ones are not shuffled: the head,
 * as always. 63 throws give both ends, and no coin is the other's.
 */
static void a_freed_block_of_the_largest_order_goes_to_either_end(void **state)
{
	struct mmr_machine *m = shuffled("6.12,shuffle=1", 1);
	struct zone *normal = zone_of(m, 0, ZONE_NORMAL);
	struct free_list *list = &normal->free_area[MAX_PAGE_ORDER].free_list[MIGRATE_MOVABLE];
	unsigned int heads = 0, tails = 0;

	for (int i = 0; i < 63; i++) {
		struct mmr_page page = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, MAX_PAGE_ORDER);

		assert_int_equal(mmr_free_pages(m, page.pfn, MAX_PAGE_ORDER, 0, NULL), 0);
		heads += list->head == page.pfn;
		tails += list->tail == page.pfn;
		assert_sound(m);
	}
	assert_int_equal(heads + tails, 63);
	assert_in_range(heads, 10, 53);
	mmr_machine_destroy(m);
}

/* A page's record tells 256 zones apart; on 64 nodes there can be more spans only with devices. */
static void more_zones_than_a_record_can_tell_apart_are_refused(void **state)
{
	static struct mmr_node_config nodes[MAX_NUMNODES];
	static uint8_t distance[MAX_NUMNODES * MAX_NUMNODES];
	static const uint16_t only_cpu[1];
	struct mmr_machine_config cfg = {
		.profile = kernel_profile_find("6.12"),
		.nr_nodes = MAX_NUMNODES,
		.nr_cpus = 1,
		.cpu_node = only_cpu,
		.distance = distance,
		.nodes = nodes,
		.sysctl = MMR_SYSCTL_DEFAULT,
	};
	static const enum zone_type types[] = {ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE, ZONE_DEVICE};
	struct mmr_machine *m = NULL;
	struct mmr_error err = {0};
	uint32_t start = 0;

	(void)state;
	memset(distance, 20, sizeof(distance));
	for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++) {
		distance[nid * MAX_NUMNODES + nid] = 10;
		for (unsigned int i = 0; i < 5; i++, start += 1024)
			nodes[nid].zones[types[i]] = (struct mmr_zone_config){
				.start_pfn = start,
				.spanned_pages = 1024,
				.present_pages = 1024,
				.managed_pages = types[i] == ZONE_DEVICE ? 0 : 1024,
			};
	}
	assert_int_equal(mmr_machine_create(&cfg, &m, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "320 zones"));
	assert_non_null(strstr(err.msg, "at most 256"));

	/* Without the devices 256 zones are left, and all work: the last page of all is that of zone 255. */
	for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++)
		nodes[nid].zones[ZONE_DEVICE] = (struct mmr_zone_config){0};
	assert_int_equal(mmr_machine_create(&cfg, &m, &err), 0);
	mmr_seed_empty(m);
	assert_int_equal(m->zones[255]->tag, 0xff00);
	struct mmr_request req = {.gfp = MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_THISNODE, .nid = 63};
	struct mmr_page page = mmr_alloc_pages(m, &req);

	assert_int_equal(page.nid, 63);
	assert_int_equal(page.zone, ZONE_MOVABLE);
	assert_int_equal(m->pages[page.pfn].tag, 0xff00 | (KIND_ALLOCATED + MIGRATE_MOVABLE));
	assert_int_equal(mmr_free_pages(m, page.pfn, 0, 0, NULL), 0);
	assert_int_equal(m->pages[page.pfn].tag, 0xff00 | (KIND_PCP + MIGRATE_MOVABLE));
	assert_int_equal(mmr_check(m, &err), 0);
	mmr_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(highmem_serves_who_asks_for_it_and_falls_back_downwards),
		cmocka_unit_test(highmem_takes_no_share_of_min_free),
		cmocka_unit_test(a_32_bit_kernel_has_no_nofragment),
		cmocka_unit_test(a_device_zone_serves_nobody_and_takes_nothing),
		cmocka_unit_test(a_device_zone_with_managed_pages_is_refused),
		cmocka_unit_test(more_zones_than_a_record_can_tell_apart_are_refused),
		cmocka_unit_test(shuffling_permutes_the_largest_blocks_by_the_seed),
		cmocka_unit_test(a_freed_block_of_the_largest_order_goes_to_either_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
