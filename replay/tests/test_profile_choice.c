// SPDX-License-Identifier: GPL-2.0-or-later
/* Which line's rules a recording is held against. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "replay/machines/profile_choice.h"
#include "traces/tests/synth.h"

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

static struct trace_reader *recording_of(const char *release, struct trace_name_value *features, uint32_t nr)
{
	struct trace_machine machine = synth_machine(1, 1);
	char path[64], name[40];
	struct trace_writer *writer;
	struct trace_reader *reader = NULL;
	struct mmr_error err = {0};

	snprintf(name, sizeof(name), "%s", release);
	machine.kernel_release = name;
	machine.features = features;
	machine.nr_features = nr;
	synth_path(path, sizeof(path), "profile");
	if (trace_writer_create(path, &machine, NULL, &writer, &err) || trace_writer_close(writer, &err) ||
	    trace_reader_open(path, &reader, &err))
		fail_msg("%s", err.msg);
	unlink(path);
	return reader;
}

static int choose(const char *asked, const char *release, struct trace_name_value *features, uint32_t nr,
		  struct mmr_error *err)
{
	struct trace_reader *reader = recording_of(release, features, nr);
	struct kernel_profile *profile = NULL;
	int rc = profile_choose_exact(asked, reader, &profile, err);

	kernel_profile_destroy(profile);
	trace_reader_close(reader);
	return rc;
}

static void a_line_that_is_not_known_is_refused_with_what_it_has(void **state)
{
	struct trace_name_value features[] = {
		{.name = (char *)(uintptr_t) "per_cpu_pages.high_max", .value = 1},
		{.name = (char *)(uintptr_t) "zone.colour", .value = 1}};
	struct mmr_error err = {0};

	assert_int_equal(choose(NULL, "6.9.3-own", features, 2, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "6.9.3-own"));
	assert_non_null(strstr(err.msg, "6.1, 6.12"));
	assert_non_null(strstr(err.msg, "--kernel"));
	assert_non_null(strstr(err.msg, "per_cpu_pages.high_max"));
	assert_non_null(strstr(err.msg, "its vendor's: zone.colour"));
	assert_int_equal(choose("6.12", "6.9.3-own", features, 2, &err), 0);
	assert_int_equal(choose(NULL, "6.12.9", features, 2, &err), 0);
}

static void a_filtered_recording_is_refused_whatever_its_kernel(void **state)
{
	struct trace_name_value partial = {.name = (char *)(uintptr_t)TRACE_FEATURE_PARTIAL, .value = 1};
	struct mmr_error err = {0};

	assert_int_equal(choose("6.12", "6.12.9", &partial, 1, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "from event 0 on nothing can be claimed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_release_has_its_own_line_or_the_nearest),
		cmocka_unit_test(what_is_asked_for_comes_first),
		cmocka_unit_test(a_release_without_a_version_is_refused),
		cmocka_unit_test(a_line_that_is_not_known_is_refused_with_what_it_has),
		cmocka_unit_test(a_filtered_recording_is_refused_whatever_its_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
