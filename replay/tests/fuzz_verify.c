// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: the bytes are edits of a good recording's events and keyframes. Whatever comes of it, verify,
 * explain and run end, with a result or with a message.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/tests/wild_replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/mmr-wild-XXXXXX";

static void remove_file(void)
{
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wild_trace bases[NR_WILD_KINDS];
	struct mmr_error err = {0};
	unsigned int kind;

	if (size < 2)
		return 0;
	kind = data[0] % NR_WILD_KINDS;
	if (!bases[kind].reader) {
		int fd = mkstemp(path);

		if (fd >= 0) {
			close(fd);
			atexit(remove_file);
		}
		wild_base(kind, &bases[kind]);
	}
	wild_trace_write(&bases[kind], path, data + 2, (size - 2) / WILD_EDIT_BYTES);
	if (data[1] % 8 == 7)
		wild_run(path, kind, data[1] & 8 ? 2 : 1, &err);
	else if (data[1] % 8 == 6)
		wild_explain(path, kind, data[1], &err);
	else
		wild_verify(path, kind, &err);
	return 0;
}
