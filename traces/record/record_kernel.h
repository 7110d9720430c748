/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the running kernel decides which of the recorder's programs are needed, and how they store. */
#ifndef MMR_TRACES_RECORD_KERNEL_H
#define MMR_TRACES_RECORD_KERNEL_H

#include <stdbool.h>

#include "core/error.h"

struct bpf_object;

/**
 * record_kernel_preempts_programs - can a task be preempted between and within a tracepoint's programs?
 *
 * No type tells; 7.0 is where it began, and where it is not so a third program costs time only.
 */
bool record_kernel_preempts_programs(void);

/**
 * record_kernel_preempts_locks - does a spinlock leave interrupts and preemption on?
 *
 * So with PREEMPT_RT: then the tracepoints under zone->lock are like the others.
 */
bool record_kernel_preempts_locks(void);

/**
 * record_kernel_runs_alone - is it sure that a program never runs twice at once on a CPU?
 *
 * Lanes rest on it, as on the order of stores. Stable kernels before 6.2 may have it too; no type tells.
 */
bool record_kernel_runs_alone(void);

/**
 * record_kernel_has_events - see whether all tracepoints are there that @obj is to be attached to
 * Return: 0; -ENOENT, @err naming the first that is not; another -errno where the kernel's types cannot be read
 */
int record_kernel_has_events(const struct bpf_object *obj, struct mmr_error *err);

#endif
