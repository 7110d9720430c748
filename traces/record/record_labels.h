/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the kernel's numbers of stacks and cgroups to the trace's labels. */
#ifndef MMR_TRACES_RECORD_LABELS_H
#define MMR_TRACES_RECORD_LABELS_H

#include "traces/record/record.h"
#include "traces/trace_writer.h"

struct record_labels;

/**
 * struct record_labels_options - where labels come from
 * @read_stack: the return addresses of stack @id, innermost first, zeros behind the last; NULL: no stacks
 * @cgroups: cgroups are told
 * @symbols, @mounts: NULL: those of /proc
 */
struct record_labels_options {
	bool (*read_stack)(void *ctx, uint32_t id, uint64_t frames[REC_STACK_FRAMES]);
	void *ctx;
	bool cgroups;
	const char *symbols, *mounts;
};

/** record_labels_create - reads the kernel's symbols: before privileges are dropped */
int record_labels_create(const struct record_labels_options *options, struct record_labels **ret,
			 struct mmr_error *err);
void record_labels_destroy(struct record_labels *labels);

/**
 * record_labels_of - turn two numbers of the kernel's into numbers of labels, -1 for none
 * @stack: as bpf_get_stackid() told it; negative where it could not
 * @cgroup: as bpf_get_current_cgroup_id() told it
 * Return: 0; an error of the writer's
 */
int record_labels_of(struct record_labels *labels, struct trace_writer *writer, int64_t *stack, int64_t *cgroup,
		     struct mmr_error *err);

#endif
