// SPDX-License-Identifier: GPL-2.0-or-later
/* Which line's rules a recording is held against. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "replay/profile_choice.h"

static void a_release_has_its_own_line_or_the_nearest(void **state)
{
	static const struct {
		const char *release, *line;
		bool exact;
	} cases[] = {
		{"6.1.0-56-cloud-amd64", "6.1", true},
		{"6.12.117+deb13-rt-amd64", "6.12", true},
		{"7.2.12+deb13-amd64", "7.2", true},
		{"3.16.0", "6.1", false},
		{"5.10.0-9", "6.1", false},
		{"6.9.7", "6.12", false},
		/* A newer line has to be less than half as far away as an older one. */
		{"6.15.2", "6.12", false},
		{"6.16.12+deb13-amd64", "6.12", false},
		{"6.17.13+deb13-amd64", "6.18", false},
		{"6.19.14+deb13-amd64", "6.18", false},
		/* Two releases after 6.18, for 7.0 came after 6.19; one before 7.1. */
		{"7.0.13+deb13-amd64", "6.18", false},
		{"7.4.0-rc1", "7.3", false},
		{"8.1", "7.3", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kernel_profile *profile;
		struct mmr_error err;
		bool exact;

		assert_int_equal(profile_choose(NULL, NULL, cases[i].release, &profile, &exact, &err), 0);
		assert_string_equal(kernel_profile_name(profile), cases[i].line);
		assert_int_equal(exact, cases[i].exact);
		kernel_profile_destroy(profile);
	}
}

static void what_is_asked_for_comes_first(void **state)
{
	struct kernel_profile *profile;
	struct mmr_error err;
	bool exact;

	assert_int_equal(profile_choose("6.1", "6.12", "7.0", &profile, &exact, &err), 0);
	assert_string_equal(kernel_profile_name(profile), "6.1");
	assert_true(exact);
	kernel_profile_destroy(profile);
	assert_int_equal(profile_choose(NULL, "6.12", "7.0", &profile, &exact, &err), 0);
	assert_string_equal(kernel_profile_name(profile), "6.12");
	kernel_profile_destroy(profile);
}

static void a_release_without_a_version_is_refused(void **state)
{
	struct kernel_profile *profile;
	struct mmr_error err;
	bool exact;

	assert_int_equal(profile_choose(NULL, NULL, "", &profile, &exact, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "expected --kernel"));
	assert_int_equal(profile_choose(NULL, NULL, "linux-next", &profile, &exact, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "line linux-next, expected one of 6.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_release_has_its_own_line_or_the_nearest),
		cmocka_unit_test(what_is_asked_for_comes_first),
		cmocka_unit_test(a_release_without_a_version_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
