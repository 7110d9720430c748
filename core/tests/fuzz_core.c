// SPDX-License-Identifier: GPL-2.0-or-later
/* libFuzzer: the bytes are a machine and a history of calls; a broken invariant is a crash. */
#include <stdio.h>
#include <stdlib.h>

#include "core/tests/drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mmr_error err = {0};

	if (drive_machine(data, size, NULL, NULL, NULL, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		abort();
	}
	return 0;
}
