// SPDX-License-Identifier: GPL-2.0-or-later
/* By the system calls themselves: the recorder is one static file and needs no library for this. */
#include "traces/record/record_privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Younger than some C libraries' headers. */
#define BIT_PERFMON         (1ULL << 38)
#define BIT_BPF             (1ULL << 39)
#define BIT_SYS_ADMIN       (1ULL << CAP_SYS_ADMIN)
#define BIT_DAC_READ_SEARCH (1ULL << CAP_DAC_READ_SEARCH)

static uint64_t get_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &header, data))
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

void record_privileges_missing(char *out, size_t size)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} needed[] = {
		{BIT_BPF, "CAP_BPF"},
		{BIT_PERFMON, "CAP_PERFMON"},
		{BIT_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"},
	};
	uint64_t have = get_capabilities();
	size_t len = 0;

	out[0] = '\0';
	if (have & BIT_SYS_ADMIN) /* it includes these two */
		have |= BIT_BPF | BIT_PERFMON;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(have & needed[i].bit) && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", needed[i].name);
}

int record_privileges_drop(bool keyframes, struct mmr_error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	uint64_t have = get_capabilities(), keep = 0;

	if (keyframes && (have & (BIT_BPF | BIT_PERFMON)) == (BIT_BPF | BIT_PERFMON))
		keep = BIT_BPF | BIT_PERFMON;
	else if (keyframes)
		keep = have & (BIT_BPF | BIT_PERFMON | BIT_SYS_ADMIN);
	data[0].effective = data[0].permitted = (uint32_t)keep;
	data[1].effective = data[1].permitted = (uint32_t)(keep >> 32);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &header, data))
		return mmr_err(err, -errno, "recorder: giving up capabilities: %s", strerror(errno));
	return 0;
}
