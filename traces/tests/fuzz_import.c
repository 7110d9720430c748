// SPDX-License-Identifier: GPL-2.0-or-later
/* libFuzzer: any bytes as another tool's trace; FUZZ_FORMAT names the importer. */
#include <stddef.h>
#include <stdint.h>

#include "traces/import/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct import_options options = {.kernel_release = size & 1 ? "4.1" : NULL};
	struct import_report report;
	struct mmr_error err;

	import_memory(&FUZZ_FORMAT, "input", data, size, "/dev/null", &options, &report, &err);
	return 0;
}
