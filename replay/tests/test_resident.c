// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host holds of a stretch of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "replay/result/resident.h"

#define NR_PAGES 10000 /* more than one stretch of the accounting */

static char *reserve(size_t host_page)
{
	char *memory = mmap(NULL, NR_PAGES * host_page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	madvise(memory, NR_PAGES * host_page, MADV_NOHUGEPAGE);
	return memory;
}

static void written_pages_count_and_read_ones_do_not(void **state)
{
	size_t host_page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = reserve(host_page);
	volatile char sum = 0;

	(void)state;
	assert_int_equal(resident_bytes(memory, NR_PAGES * host_page), 0);
	for (size_t i = 0; i < NR_PAGES; i += 100)
		sum = (char)(sum + memory[i * host_page]);
	if (!access("/proc/self/pagemap", R_OK))
		assert_int_equal(resident_bytes(memory, NR_PAGES * host_page), 0);
	memory[0] = memory[5000 * host_page] = memory[(NR_PAGES - 1) * host_page] = 1;
	assert_in_range(resident_bytes(memory, NR_PAGES * host_page), 3 * host_page, 103 * host_page);
	if (!access("/proc/self/pagemap", R_OK))
		assert_int_equal(resident_bytes(memory, NR_PAGES * host_page), 3 * host_page);
	munmap(memory, NR_PAGES * host_page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_pages_count_and_read_ones_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
