// SPDX-License-Identifier: GPL-2.0-or-later
/* Jobs: told in order whatever order they end in, never more at once than tokens, and stopped on request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "replay/jobs.h"

#define NR 7

/* struct seen - what jobs and their teller saw; @now, @most: in memory that the processes share */
struct seen {
	int *now, *most;
	size_t order[NR], nr;
	int status[NR];
	char out[NR][32], complaints[NR][32];
	volatile sig_atomic_t stop;
};

static int work(void *ctx, size_t job)
{
	struct seen *seen = ctx;
	int now = __atomic_add_fetch(seen->now, 1, __ATOMIC_SEQ_CST), most = *seen->most;

	while (now > most &&
	       !__atomic_compare_exchange_n(seen->most, &most, now, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		continue;
	printf("job %zu", job);
	if (job == 3)
		fprintf(stderr, "three fails");
	usleep((unsigned int)(NR - job) * 10000); /* later ones end first */
	__atomic_sub_fetch(seen->now, 1, __ATOMIC_SEQ_CST);
	if (job == 5)
		raise(SIGKILL);
	return job == 3;
}

static void done(void *ctx, size_t job, int status, char *out, char *complaints)
{
	struct seen *seen = ctx;

	seen->order[seen->nr++] = job;
	seen->status[job] = status;
	snprintf(seen->out[job], sizeof(seen->out[job]), "%s", out);
	snprintf(seen->complaints[job], sizeof(seen->complaints[job]), "%s", complaints);
}

static void run(struct seen *seen, unsigned int nr_jobs, bool stop)
{
	struct job_tokens tokens;
	const struct jobs jobs = {
		.nr = NR, .tokens = &tokens, .work = work, .done = done, .ctx = seen, .stop = &seen->stop};
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(shared, MAP_FAILED);
	*seen = (struct seen){.now = shared, .most = shared + 1, .stop = stop};
	assert_int_equal(job_tokens_init(&tokens, nr_jobs, NULL), 0);
	assert_int_equal(jobs_run(&jobs, NULL), 0);
	/* All tokens have come back. */
	for (unsigned int i = 1; i < nr_jobs; i++)
		assert_true(job_token_take(&tokens));
	assert_false(job_token_take(&tokens));
	job_tokens_deinit(&tokens);
	assert_int_equal(seen->nr, NR);
	for (size_t i = 0; i < NR; i++)
		assert_int_equal(seen->order[i], i);
}

static void jobs_are_told_in_order_and_a_bad_one_harms_no_other(void **state)
{
	for (unsigned int nr_jobs = 1; nr_jobs <= 4; nr_jobs++) {
		struct seen seen;

		run(&seen, nr_jobs, false);
		/* The killed one left no count behind, it had taken itself out before. */
		assert_in_range(*seen.most, 1, nr_jobs);
		for (size_t i = 0; i < NR; i++) {
			char said[32] = "";

			if (i != 5)
				snprintf(said, sizeof(said), "job %zu", i);
			assert_string_equal(seen.out[i], said); /* what a killed one had in a buffer is lost */
			assert_int_equal(seen.status[i], i == 3 ? 1 : i == 5 ? 128 + SIGKILL : 0);
		}
		assert_string_equal(seen.complaints[3], "three fails");
		munmap(seen.now, 4096);
	}
}

static void nothing_is_begun_once_it_is_stopped(void **state)
{
	struct seen seen;

	run(&seen, 2, true);
	for (size_t i = 0; i < NR; i++)
		assert_int_equal(seen.status[i], JOB_NOT_RUN);
	munmap(seen.now, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_are_told_in_order_and_a_bad_one_harms_no_other),
		cmocka_unit_test(nothing_is_begun_once_it_is_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
