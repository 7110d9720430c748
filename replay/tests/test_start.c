// SPDX-License-Identifier: GPL-2.0-or-later
/* Start states: aged ones reach what was asked for and are the seed's; saved ones come back, or are refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/profile.h"
#include "replay/engine/start_aged.h"
#include "replay/engine/start_file.h"
#include "replay/machines/machine_memory.h"

static struct mmr_machine *core_of(const struct machine *machine, const char *kernel)
{
	struct mmr_machine_config config;
	struct mmr_error err = {0};
	struct mmr_machine *core;

	machine_config(machine, kernel_profile_find(kernel), &config);
	if (mmr_machine_create(&config, &core, &err))
		fail_msg("%s", err.msg);
	mmr_seed_empty(core);
	return core;
}

/* A machine that a test fills in a blink: 1 GiB on two nodes. */
static void load_small(struct machine *machine)
{
	struct mmr_error err = {0};

	if (machine_load("two-node", machine, &err) || machine_scale_memory(machine, 1.0 / 16, &err))
		fail_msg("%s", err.msg);
}

static char path[64];

static const char *temporary(void)
{
	int fd;

	strcpy(path, "/tmp/mmr-state-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	return path;
}

static void aging_reaches_what_was_asked_for(void **state)
{
	static const struct {
		const char *kernel;
		struct aging wanted;
	} cases[] = {
		{"6.12", {0.3, 0.3, 0.8}}, {"6.12", {0.5, 0.2, 0.2}}, {"6.1", {0.3, 0.3, 0.8}},
		{"7.3", {0.1, 0.6, 0.9}},  {"6.18", {0.3, 0, 0.5}},
	};
	struct machine machine;

	load_small(&machine);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mmr_machine *core = core_of(&machine, cases[i].kernel);
		struct state_figures got;
		struct mmr_counters c;
		struct mmr_error err = {0};

		if (start_age(core, &machine, &cases[i].wanted, 1, NULL, &err))
			fail_msg("%s", err.msg);
		if (mmr_check(core, &err))
			fail_msg("%s", err.msg);
		state_figures(core, &machine, true, &got);
		if (got.free_share < cases[i].wanted.free_share - 0.01 ||
		    got.free_share > cases[i].wanted.free_share + 0.02 ||
		    got.scatter < cases[i].wanted.scatter || got.unusable < cases[i].wanted.unusable - 0.03 ||
		    got.unusable > cases[i].wanted.unusable + 0.03)
			fail_msg("case %zu: free %.3f, scatter %.3f, unusable %.3f", i, got.free_share,
				 got.scatter, got.unusable);
		mmr_counters_read(core, &c);
		assert_true(c.alloc_pages == 0 && c.free_pages == 0 && c.zone_lock == 0);
		mmr_machine_destroy(core);
	}
	machine_deinit(&machine);
}

static void the_same_seed_is_the_same_past(void **state)
{
	uint64_t sums[3];
	struct machine machine;

	load_small(&machine);
	for (int i = 0; i < 3; i++) {
		struct mmr_machine *core = core_of(&machine, "6.12");
		struct mmr_error err = {0};

		assert_int_equal(start_age(core, &machine, &AGING_DEFAULT, i < 2 ? 7 : 8, NULL, &err), 0);
		assert_int_equal(start_save(temporary(), core, &sums[i], &err), 0);
		unlink(path);
		mmr_machine_destroy(core);
	}
	assert_true(sums[0] == sums[1]);
	assert_true(sums[0] != sums[2]);
	machine_deinit(&machine);
}

/* A past that is stopped leaves a machine that is sound, and says so. */
static void a_past_can_be_stopped(void **state)
{
	volatile sig_atomic_t stop = SIGINT;
	struct mmr_machine *core;
	struct machine machine;
	struct mmr_error err = {0};

	load_small(&machine);
	core = core_of(&machine, "6.12");
	assert_int_equal(start_age(core, &machine, &AGING_DEFAULT, 3, &stop, &err), -EINTR);
	assert_non_null(strstr(err.msg, "stopped"));
	assert_int_equal(mmr_check(core, &err), 0);
	mmr_machine_destroy(core);
	machine_deinit(&machine);
}

static void a_saved_state_comes_back(void **state)
{
	struct mmr_machine *core, *other;
	struct machine machine;
	struct mmr_error err = {0};
	uint64_t sum, again;

	load_small(&machine);
	core = core_of(&machine, "6.12");
	other = core_of(&machine, "6.12");
	assert_int_equal(start_age(core, &machine, &AGING_DEFAULT, 3, NULL, &err), 0);
	assert_int_equal(start_save(temporary(), core, &sum, &err), 0);
	assert_true(start_is_file(path));
	if (start_load(path, other, &again, &err))
		fail_msg("%s", err.msg);
	assert_true(sum == again);
	assert_int_equal(mmr_check(other, &err), 0);
	assert_int_equal(start_save(path, other, &again, &err), 0);
	assert_true(sum == again);
	unlink(path);
	mmr_machine_destroy(core);
	mmr_machine_destroy(other);
	machine_deinit(&machine);
}

static void expect_refused(struct mmr_machine *core, int code, const char *says)
{
	struct mmr_error err = {0};

	assert_int_equal(start_load(path, core, NULL, &err), code);
	if (!strstr(err.msg, says) || strncmp(err.msg, path, strlen(path)) != 0)
		fail_msg("\"%s\" lacks \"%s\"", err.msg, says);
}

static void change_byte(long at)
{
	FILE *file = fopen(path, "r+b");
	int c;

	assert_non_null(file);
	fseek(file, at, SEEK_SET);
	c = fgetc(file);
	fseek(file, at, SEEK_SET);
	fputc(c ^ 0x20, file);
	fclose(file);
}

static long file_bytes(void)
{
	FILE *file = fopen(path, "rb");
	long bytes;

	fseek(file, 0, SEEK_END);
	bytes = ftell(file);
	fclose(file);
	return bytes;
}

static void damaged_states_are_refused(void **state)
{
	struct machine machine, laptop;
	struct mmr_machine *core, *other;
	struct mmr_error err = {0};
	FILE *file;
	long bytes;

	load_small(&machine);
	core = core_of(&machine, "6.12");
	assert_int_equal(machine_load("laptop", &laptop, &err), 0);
	other = core_of(&laptop, "6.12");
	assert_int_equal(start_age(core, &machine, &AGING_DEFAULT, 3, NULL, &err), 0);
	assert_int_equal(start_save(temporary(), core, NULL, &err), 0);
	bytes = file_bytes();
	expect_refused(other, -EINVAL, "saved state of another machine: nodes 2, expected 1");
	for (long cut = bytes - 1; cut > 16; cut = cut * 2 / 3) {
		assert_int_equal(truncate(path, cut), 0);
		expect_refused(core, -EBADMSG, "cut short");
	}
	assert_int_equal(truncate(path, 10), 0);
	expect_refused(core, -EINVAL, "not a saved state");
	mmr_seed_empty(core);
	assert_int_equal(start_save(path, core, NULL, &err), 0);
	bytes = file_bytes();
	change_byte(40);
	expect_refused(core, -EBADMSG, "checksum differs");
	change_byte(40);
	change_byte(bytes - 1);
	expect_refused(core, -EBADMSG, "checksum differs");
	change_byte(bytes - 1);
	change_byte(8);
	expect_refused(core, -EINVAL, "version");
	change_byte(8);
	change_byte(17);
	expect_refused(core, -EBADMSG, "damaged");
	change_byte(17);
	file = fopen(path, "ab");
	fputc('x', file);
	fclose(file);
	expect_refused(core, -EBADMSG, "behind the state");
	unlink(path);
	expect_refused(core, -ENOENT, "cannot open");
	mmr_machine_destroy(core);
	mmr_machine_destroy(other);
	machine_deinit(&machine);
	machine_deinit(&laptop);
}

static void what_cannot_be_written_is_said(void **state)
{
	struct machine machine;
	struct mmr_machine *core;
	struct mmr_error err = {0};

	load_small(&machine);
	core = core_of(&machine, "6.12");
	assert_int_not_equal(start_save("/nonexistent/state", core, NULL, &err), 0);
	assert_non_null(strstr(err.msg, "/nonexistent/state: cannot write"));
	mmr_machine_destroy(core);
	machine_deinit(&machine);
}

static void wishes_are_read_and_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"free=0", "free=0, expected 0.01..0.99"},
		{"frag=1.5", "frag=1.5, expected 0..1"},
		{"scatter=", "expected 0..1"},
		{"colour=1", "expected free=SHARE"},
		{"free", "expected free=SHARE"},
	};
	struct aging aging = AGING_DEFAULT;
	struct mmr_error err = {0};

	assert_int_equal(aging_parse("free=25%,frag=0.5", &aging, &err), 0);
	assert_true(aging.free_share == 0.25 && aging.unusable == 0.5 && aging.scatter == 0.3);
	assert_int_equal(aging_parse("", &aging, &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_not_equal(aging_parse(bad[i].text, &aging, &err), 0);
		if (!strstr(err.msg, bad[i].says))
			fail_msg("\"%s\" lacks \"%s\"", err.msg, bad[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aging_reaches_what_was_asked_for),
		cmocka_unit_test(the_same_seed_is_the_same_past),
		cmocka_unit_test(a_past_can_be_stopped),
		cmocka_unit_test(a_saved_state_comes_back),
		cmocka_unit_test(damaged_states_are_refused),
		cmocka_unit_test(what_cannot_be_written_is_said),
		cmocka_unit_test(wishes_are_read_and_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
