/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the BPF system call refused, said so that a user knows what to grant. */
#ifndef MMR_TRACES_RECORD_ERROR_H
#define MMR_TRACES_RECORD_ERROR_H

#include "core/error.h"

/**
 * record_bpf_log - take over libbpf's messages
 * @verbose: pass them on to stderr; otherwise only the last warning is kept, for record_bpf_error()
 */
void record_bpf_log(int verbose);

/**
 * record_bpf_error - an error of libbpf or of the kernel behind it
 * @code: negative errno, as libbpf returned it
 * @fmt: what was being done ("loading the BPF programs")
 *
 * Permission errors name the capabilities that are missing and how to grant them; others carry
 * libbpf's last warning.
 * Return: @code
 */
int record_bpf_error(struct mmr_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/** record_bpf_blamed - the program libbpf's latest warning since the last call was about; "" for none */
const char *record_bpf_blamed(void);

/**
 * record_check_host - can this kernel be recorded at all, as far as a look at files tells
 * Return: 0; -ENOENT: no BTF, or no access to it
 */
int record_check_host(struct mmr_error *err);

#endif
