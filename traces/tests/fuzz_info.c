// SPDX-License-Identifier: GPL-2.0-or-later
/* libFuzzer: any bytes as a trace file whose checksums hold, described in full. The first byte behind them says
 * how. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "traces/tests/synth.h"
#include "traces/tools/info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void describe(const char *path, uint8_t how)
{
	struct info_request request = {
		.tables = (1u << NR_INFO_TABLES) - 1,
		.lines = how & 1 ? 3 : INFO_ALL_ROWS,
		.from_ns = how & 2 ? 1000 : 0,
		.to_ns = how & 4 ? 1000000 : UINT64_MAX,
		.width_ns = how & 8 ? 50000 : 0,
		.quick = how & 16,
	};
	struct trace_reader *reader;
	struct mmr_error err;
	struct info info;

	if (trace_reader_open(path, &reader, &err))
		return;
	if (!info_gather(&info, &request, reader, &err)) {
		info_print_screen(&info);
		info_print_tables(&info);
		info_print_json(&info);
	}
	info_deinit(&info);
	trace_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int quiet;
	char path[64];
	uint8_t *file;
	int fd;

	if (!quiet++ && !freopen("/dev/null", "w", stdout))
		abort();
	if (size < 2)
		return 0;
	fd = memfd_create("fuzz", 0);
	if (fd < 0 || ftruncate(fd, (off_t)size - 1) < 0)
		abort();
	file = mmap(NULL, size - 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED)
		abort();
	memcpy(file, data, size - 1);
	synth_repair(file, size - 1);
	munmap(file, size - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	describe(path, data[size - 1]);
	close(fd);
	return 0;
}
