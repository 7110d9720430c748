/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaching BPF programs to classic tracepoints without asking where tracefs is mounted. */
#ifndef MMR_TRACES_RECORD_ATTACH_H
#define MMR_TRACES_RECORD_ATTACH_H

#include <bpf/libbpf.h>

#include "core/error.h"

/**
 * record_attach_classic - attach @prog to the classic form of a tracepoint
 * @tracefs: descriptor of tracefs (host_tracefs_open())
 * @event: "kmem/mm_page_alloc"
 * Return: the link, NULL with @err
 */
struct bpf_link *record_attach_classic(const struct bpf_program *prog, int tracefs, const char *event,
				       struct mmr_error *err);

#endif
