// SPDX-License-Identifier: GPL-2.0-or-later
/* libFuzzer: the bytes are a machine file; what is accepted must be a machine that the core can build. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "replay/machines/machine_memory.h"
#include "replay/machines/machine_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("machine", MFD_CLOEXEC);
	struct mmr_machine_config config;
	struct mmr_machine *core;
	struct machine machine;
	struct mmr_error err;
	char path[32];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (machine_load(path, &machine, &err) == 0) {
		machine_config(&machine, kernel_profile_find("6.12"), &config);
		if (mmr_machine_create(&config, &core, &err) == 0) {
			FILE *out = fopen("/dev/null", "w");

			machine_print_yaml(out, &machine, "written", "6.12", false);
			machine_print_show(out, &machine, core, "6.12");
			fclose(out);
			mmr_machine_destroy(core);
		}
		machine_scale_memory(&machine, 1.5, NULL);
		machine_deinit(&machine);
	}
	close(fd);
	return 0;
}
