// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Recordings whose every block is whole and whose events and keyframes claim what cannot be: verify, explain
 * and run come to an end, and where they stop early a message names the event or the keyframe.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "replay/tests/wild_replay.h"

#define NR_RECORDINGS 60 /* of each kind and command */
#define MAX_EDITS     48

typedef int command_fn(const char *path, unsigned int kind, uint64_t seed, struct mmr_error *err);

static uint64_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return *random >> 32;
}

static void try_all(command_fn *command)
{
	char path[] = "/tmp/mmr-wild-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	for (unsigned int kind = 0; kind < NR_WILD_KINDS; kind++) {
		struct wild_trace base;

		wild_base(kind, &base);
		for (unsigned int i = 0; i < NR_RECORDINGS; i++) {
			uint64_t seed = 1000 * kind + i, random = seed;
			uint8_t edits[MAX_EDITS * WILD_EDIT_BYTES];
			struct mmr_error err = {0};

			for (size_t b = 0; b < sizeof(edits); b++)
				edits[b] = (uint8_t)next_random(&random);
			wild_trace_write(&base, path, edits, 1 + i % MAX_EDITS);
			alarm(60);
			if (command(path, kind, seed, &err) && !strstr(err.msg, "event ") &&
			    !strstr(err.msg, "keyframe") && !strstr(err.msg, path) &&
			    !strstr(err.msg, "node ") && !strstr(err.msg, "machine"))
				fail_msg("kind %u, recording %u: \"%s\" does not say where", kind, i, err.msg);
			alarm(0);
		}
		wild_trace_deinit(&base);
	}
	unlink(path);
}

static int verify(const char *path, unsigned int kind, uint64_t seed, struct mmr_error *err)
{
	return wild_verify(path, kind, err);
}

static int explain(const char *path, unsigned int kind, uint64_t seed, struct mmr_error *err)
{
	return wild_explain(path, kind, seed * 37 % 3000, err);
}

static int run(const char *path, unsigned int kind, uint64_t seed, struct mmr_error *err)
{
	return wild_run(path, kind, seed % 3 == 2 ? 2 : 1, err);
}

/* Event 0 becomes one of order 200. */
static void what_cannot_be_is_named_with_what_was_expected(void **state)
{
	static const uint8_t edit[WILD_EDIT_BYTES] = {0, 0, 4, 1, 200};
	command_fn *const commands[] = {verify, run};
	char path[] = "/tmp/mmr-wild-XXXXXX";
	int fd = mkstemp(path);
	struct wild_trace base;

	assert_true(fd >= 0);
	close(fd);
	wild_base(0, &base);
	wild_trace_write(&base, path, edit, 1);
	for (unsigned int i = 0; i < 2; i++) {
		struct mmr_error err = {0};

		assert_int_equal(commands[i](path, 0, 0, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "event 0 ("));
		assert_non_null(strstr(err.msg, "): order 200, expected 0 to 10"));
	}
	wild_trace_deinit(&base);
	unlink(path);
}

static void verify_survives_whatever_a_recording_claims(void **state)
{
	try_all(verify);
}

static void explain_survives_whatever_a_recording_claims(void **state)
{
	try_all(explain);
}

static void run_survives_whatever_a_recording_claims(void **state)
{
	try_all(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_is_named_with_what_was_expected),
		cmocka_unit_test(verify_survives_whatever_a_recording_claims),
		cmocka_unit_test(explain_survives_whatever_a_recording_claims),
		cmocka_unit_test(run_survives_whatever_a_recording_claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
