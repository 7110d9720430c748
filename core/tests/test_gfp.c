// SPDX-License-Identifier: GPL-2.0-or-later
/* Flags by name, line by line. */
#include "core/gfp.h"

#include <errno.h>

#include "core/tests/machines.h"

static gfp_t parsed(const char *line, const char *text)
{
	struct mmr_error err;
	gfp_t gfp;

	if (mmr_gfp_parse(kernel_profile_find(line), text, &gfp, &err))
		fail_msg("%s", err.msg);
	return gfp;
}

/* The numbers are the kernels' own. */
static void names_mean_what_the_line_says(void **state)
{
	static const struct {
		const char *line, *text;
		gfp_t gfp;
	} cases[] = {
		{"6.1", "GFP_ATOMIC", 0xa20},
		{"6.12", "GFP_ATOMIC", 0x820},
		{"6.1", "GFP_NOWAIT", 0x800},
		{"6.18", "GFP_NOWAIT", 0x2800},
		{"6.1", "GFP_KERNEL", 0xcc0},
		{"7.3", "GFP_HIGHUSER_MOVABLE", 0x100cca},
		{"7.3", "GFP_TRANSHUGE_LIGHT|__GFP_THISNODE|__GFP_NORETRY", 0x3d20ca},
		{"6.1", "GFP_TRANSHUGE", 0x1c24ca},
		{"6.12", "GFP_NOFS | __GFP_ZERO", 0xd40},
		{"6.12", "", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(parsed(cases[i].line, cases[i].text), cases[i].gfp);
}

static void a_flag_of_another_line_is_refused(void **state)
{
	struct mmr_machine *m =
		machine_new((struct machine_spec){.zone_type = ZONE_NORMAL, .node_pages = 8192});
	struct mmr_request req = {.gfp = MMR_GFP_KERNEL | MMR_GFP_ATOMIC, .nid = NUMA_NO_NODE};
	struct mmr_error err;
	gfp_t gfp;

	assert_int_equal(mmr_gfp_parse(kernel_profile_find("6.12"), "GFP_KERNEL|__GFP_ATOMIC", &gfp, &err),
			 -EINVAL);
	assert_string_equal(err.msg, "gfp flags: __GFP_ATOMIC, expected a flag of kernel 6.12");
	assert_int_equal(mmr_gfp_parse(kernel_profile_find("7.3"), "__GFP_NO_OBJ_EXT", &gfp, &err), -EINVAL);
	assert_int_equal(mmr_request_check(m, &req, &err), -EINVAL);
	assert_string_equal(err.msg, "request: gfp 0xec0 has bits 0x200 that kernel 6.12 does not know");
	mmr_machine_destroy(m);
}

static void flags_are_printed_as_the_kernel_prints_them(void **state)
{
	static const struct {
		const char *line;
		gfp_t gfp;
		const char *text;
	} cases[] = {
		{"6.12", 0, "none"},
		{"6.12", MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_ZERO, "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"},
		{"6.12", MMR_GFP_ATOMIC_MASK, "GFP_ATOMIC"},
		{"6.1", MMR_GFP_ATOMIC_MASK, "GFP_NOWAIT|__GFP_HIGH"},
		{"6.12", MMR_GFP_KERNEL | MMR_GFP_ATOMIC, "GFP_KERNEL|0x200"},
	};
	char text[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			mmr_gfp_print(kernel_profile_find(cases[i].line), cases[i].gfp, text, sizeof(text)),
			strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
		assert_int_equal(mmr_gfp_print(kernel_profile_find(cases[i].line), cases[i].gfp, text, 5),
				 strlen(cases[i].text));
		assert_int_equal(strlen(text), 4);
	}
}

/* What is printed is read back as what it was, whatever the line. */
static void printing_and_parsing_agree(void **state)
{
	char text[900];

	for (const char *const *line = kernel_profile_list(); *line; line++) {
		const struct kernel_profile *profile = kernel_profile_find(*line);
		gfp_t known = mmr_gfp_known(profile);

		for (uint32_t i = 1; i < 20000; i++) {
			gfp_t gfp = i * 2654435761u & known;

			mmr_gfp_print(profile, gfp, text, sizeof(text));
			assert_int_equal(parsed(*line, gfp ? text : ""), gfp);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_mean_what_the_line_says),
		cmocka_unit_test(a_flag_of_another_line_is_refused),
		cmocka_unit_test(flags_are_printed_as_the_kernel_prints_them),
		cmocka_unit_test(printing_and_parsing_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
