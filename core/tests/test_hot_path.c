// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an allocation and a free from the CPU's own list may not do: a system call, an allocation of
 * the host's. That they do not divide is told from the machine code by hot_path.sh.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/seccomp.h>

#include "core/tests/machines.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#define NR_LIVE 2000

/* 200,000 pairs over a live set, with refills and drains among them. */
static unsigned int churn(struct mmr_machine *m, uint32_t *live)
{
	unsigned int failed = 0, slot = 0;

	for (unsigned int i = 0; i < 200000; i++) {
		slot = (slot + 617) % NR_LIVE;
		failed += mmr_free_pages(m, live[slot], 0, 0, NULL) != 0;
		live[slot] = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn;
		failed += live[slot] == MMR_NO_PFN;
	}
	return failed;
}

static struct mmr_machine *machine(uint32_t *live)
{
	struct mmr_machine *m =
		machine_new((struct machine_spec){.zone_type = ZONE_NORMAL, .node_pages = MIB_PAGES(64)});

	mmr_seed_empty(m);
	for (unsigned int i = 0; i < NR_LIVE; i++)
		live[i] = alloc_on(m, 0, MMR_GFP_HIGHUSER_MOVABLE, 0).pfn;
	return m;
}

/* A child that may call nothing but exit: any other call would kill it. */
static void no_system_call_is_made(void **state)
{
	static uint32_t live[NR_LIVE];
	struct mmr_machine *m = machine(live);
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
			syscall(SYS_exit, 77);
		syscall(SYS_exit, churn(m, live) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	mmr_machine_destroy(m);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("skip: no seccomp here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void nothing_is_allocated_from_the_host(void **state)
{
	static uint32_t live[NR_LIVE];
	struct mmr_machine *m = machine(live);
	struct mallinfo2 before = mallinfo2(), after;

	assert_int_equal(churn(m, live), 0);
	after = mallinfo2();
	assert_int_equal(after.uordblks, before.uordblks);
	assert_int_equal(after.hblkhd, before.hblkhd);
	assert_int_equal(after.arena, before.arena);
	mmr_machine_destroy(m);
}

int main(void)
{
	/* Its own calls and its own heap would be taken for the model's. */
	if (SANITIZED) {
		puts("skip: built with a sanitizer");
		return 77;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_system_call_is_made),
		cmocka_unit_test(nothing_is_allocated_from_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
