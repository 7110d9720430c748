// SPDX-License-Identifier: GPL-2.0-or-later
/* Translation of kernels' own numbers by name, and flags as text traces print them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mm_types.h"
#include "traces/gfp_map.h"

static void names_and_bits_are_each_others_inverse(void **state)
{
	for (uint32_t bit = 1; bit & MMR_GFP_KNOWN; bit <<= 1) {
		assert_non_null(gfp_stable_name(bit));
		assert_int_equal(gfp_stable_bit(gfp_stable_name(bit)), bit);
	}
	assert_int_equal(gfp_stable_bit("__GFP_DIRECT_RECLAIM"), MMR_GFP_DIRECT_RECLAIM);
	assert_int_equal(gfp_stable_bit("___GFP_ZERO"), MMR_GFP_ZERO);
	assert_int_equal(gfp_stable_bit("GFP_KERNEL"), 0);
	assert_int_equal(gfp_stable_bit(""), 0);
	assert_null(gfp_stable_name(0));
	assert_null(gfp_stable_name(3));
	assert_null(gfp_stable_name(1u << 31));
}

static void flags_read_as_in_text_traces(void **state)
{
	static const struct {
		uint32_t gfp;
		const char *text;
	} cases[] = {
		{MMR_GFP_KERNEL | MMR_GFP_ZERO, "GFP_KERNEL|__GFP_ZERO"},
		{MMR_GFP_KERNEL | MMR_GFP_ACCOUNT | MMR_GFP_ZERO | MMR_GFP_COMP,
		 "GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_COMP"},
		{MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_COMP, "GFP_HIGHUSER_MOVABLE|__GFP_COMP"},
		{MMR_GFP_TRANSHUGE_LIGHT, "GFP_TRANSHUGE_LIGHT"},
		{MMR_GFP_TRANSHUGE_LIGHT | MMR_GFP_DIRECT_RECLAIM, "GFP_TRANSHUGE"},
		{MMR_GFP_ATOMIC_MASK, "GFP_ATOMIC"},
		{MMR_GFP_RECLAIM | MMR_GFP_IO, "GFP_NOFS"},
		{MMR_GFP_RECLAIM, "GFP_NOIO"},
		{MMR_GFP_KSWAPD_RECLAIM, "__GFP_KSWAPD_RECLAIM"},
		{MMR_GFP_RECLAIMABLE | MMR_GFP_IO, "__GFP_RECLAIMABLE|__GFP_IO"},
		{0, "none"},
		{1u << 30, "0x40000000"},
	};
	char buf[256], small[8];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(gfp_stable_string(cases[i].gfp, buf, sizeof(buf)), cases[i].text);
	assert_string_equal(gfp_stable_string(MMR_GFP_KERNEL, small, sizeof(small)), "GFP_KER");
}

/* 6.1 and later differ in the tail bits; this kernel has them in another order still. */
static void numbers_move_by_name(void **state)
{
	static char zero[] = "___GFP_ZERO", comp[] = "__GFP_COMP", compound[] = "GFP_KERNEL",
		    strange[] = "__GFP_STRANGE";
	static char cma[] = "MIGRATE_CMA", isolate[] = "MIGRATE_ISOLATE", unmovable[] = "Unmovable";
	static char types[] = "MIGRATE_TYPES", highatomic[] = "MIGRATE_HIGHATOMIC",
		    pcptypes[] = "MIGRATE_PCPTYPES";
	static char normal[] = "Normal", movable[] = "ZONE_MOVABLE";
	struct trace_name_value gfp[] = {{zero, 1 << 20}, {comp, 1 << 3}, {compound, 0xcc0}, {strange, 1 << 4}};
	struct trace_name_value mts[] = {{unmovable, 0}, {pcptypes, 3}, {highatomic, 3},
					 {cma, 4},       {isolate, 5},  {types, 6}};
	struct trace_name_value zones[] = {{normal, 1}, {movable, 2}};
	struct trace_machine m = {.nr_gfp_names = 4,
				  .gfp_names = gfp,
				  .nr_migratetype_names = 6,
				  .migratetype_names = mts,
				  .nr_zone_names = 2,
				  .zone_names = zones};
	struct gfp_map map;

	gfp_map_init(&map, &m);
	assert_int_equal(gfp_map_gfp(&map, 1 << 20 | 1 << 3), MMR_GFP_ZERO | MMR_GFP_COMP);
	assert_int_equal(gfp_map_gfp(&map, 1 << 4), 0);
	assert_int_equal(map.gfp_unknown, ~(1u << 20 | 1u << 3));
	assert_int_equal(map.migratetype[0], MIGRATE_UNMOVABLE);
	assert_int_equal(map.migratetype[3], MIGRATE_HIGHATOMIC);
	assert_int_equal(map.migratetype[4], MIGRATE_CMA);
	assert_int_equal(map.migratetype[5], MIGRATE_ISOLATE);
	assert_int_equal(map.migratetype[6], 0xff);
	assert_int_equal(map.zone[1], ZONE_NORMAL);
	assert_int_equal(map.zone[2], ZONE_MOVABLE);
	assert_int_equal(map.zone[0], 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_bits_are_each_others_inverse),
		cmocka_unit_test(flags_read_as_in_text_traces),
		cmocka_unit_test(numbers_move_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
