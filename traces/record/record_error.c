// SPDX-License-Identifier: GPL-2.0-or-later
/* Turns refusals of the BPF system call into one line that says what is missing and how to get it. */
#include "traces/record/record_error.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traces/record/record_privileges.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

/* libbpf's print hook has no context argument, so these are the process's. */
static char last_warning[200];
static char last_program[64];
static int pass_on;

static int keep_warning(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[400];
	va_list again;

	va_copy(again, ap);
	vsnprintf(line, sizeof(line), fmt, ap);
	if (pass_on)
		vfprintf(stderr, fmt, again);
	va_end(again);
	if (level == LIBBPF_WARN) {
		line[strcspn(line, "\n")] = '\0';
		snprintf(last_warning, sizeof(last_warning), "%.190s", line);
		sscanf(line, "libbpf: prog '%63[^']'", last_program);
	}
	return 0;
}

const char *record_bpf_blamed(void)
{
	static char name[sizeof(last_program)];

	memcpy(name, last_program, sizeof(name));
	last_program[0] = '\0';
	return name;
}

void record_bpf_log(int verbose)
{
	pass_on = verbose;
	libbpf_set_print(keep_warning);
}

static int permission_error(struct mmr_error *err, int code, const char *what)
{
	char missing[80], self[200];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[len > 0 ? len : 0] = '\0';
	record_privileges_missing(missing, sizeof(missing));
	if (!missing[0])
		return mmr_err(err, code,
			       "%s: %s although every needed capability is held: a security policy of this "
			       "kernel (lockdown, seccomp, a container) forbids it",
			       what, strerror(-code));
	return mmr_err(err, code,
		       "%s: %s; missing: %s; run as root, or: sudo setcap "
		       "cap_bpf,cap_perfmon,cap_dac_read_search+ep %s",
		       what, strerror(-code), missing, self[0] ? self : "mmreplay-record");
}

int record_bpf_error(struct mmr_error *err, int code, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (code == -EPERM) /* EACCES is the verifier's answer to a program it does not like */
		return permission_error(err, code, what);
	return mmr_err(err, code, "%s: %s%s%s", what, strerror(-code), last_warning[0] ? "; " : "",
		       last_warning);
}

int record_check_host(struct mmr_error *err)
{
	if (access(BTF_PATH, F_OK))
		return mmr_err(err, -ENOENT,
			       BTF_PATH ": %s; recording needs a kernel built with CONFIG_DEBUG_INFO_BTF=y",
			       strerror(errno));
	if (access(BTF_PATH, R_OK))
		return permission_error(err, -EACCES, "reading " BTF_PATH);
	return 0;
}
