// SPDX-License-Identifier: GPL-2.0-or-later
/* Each stack is read and named once; a label keeps its number through all files of a recording. */
#include "traces/record/record_labels.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "traces/record/record_cgroups.h"
#include "traces/record/record_symbols.h"

#define NONE         UINT32_MAX
#define MAX_TEXT     8192
#define CGROUP_SLOTS 4096 /* a power of two */
#define CGROUP_AGAIN 64 /* a cgroup without a path is looked for again after so many allocations */

struct cgroup_slot {
	uint64_t id;
	uint32_t label, unnamed;
};

struct record_labels {
	struct record_labels_options options;
	struct record_symbols *symbols;
	struct record_cgroups *cgroups;
	uint32_t *stacks; /* [REC_NR_STACKS] labels, NONE before the first use */
	struct cgroup_slot slots[CGROUP_SLOTS];
};

int record_labels_create(const struct record_labels_options *options, struct record_labels **ret,
			 struct mmr_error *err)
{
	struct record_labels *l = calloc(1, sizeof(*l));
	int rc = 0;

	if (!l)
		return mmr_err(err, -ENOMEM, "recorder: no memory for labels");
	l->options = *options;
	for (uint32_t i = 0; i < CGROUP_SLOTS; i++)
		l->slots[i].label = NONE;
	if (options->read_stack) {
		l->stacks = malloc(REC_NR_STACKS * sizeof(*l->stacks));
		if (!l->stacks)
			rc = mmr_err(err, -ENOMEM, "recorder: no memory for the stacks' labels");
		else
			memset(l->stacks, 0xff, REC_NR_STACKS * sizeof(*l->stacks));
		if (!rc)
			rc = record_symbols_create(options->symbols ? options->symbols : "/proc/kallsyms",
						   &l->symbols, err);
	}
	if (!rc && options->cgroups)
		rc = record_cgroups_create(options->mounts ? options->mounts : "/proc/self/mountinfo",
					   &l->cgroups, err);
	if (rc) {
		record_labels_destroy(l);
		return rc;
	}
	*ret = l;
	return 0;
}

void record_labels_destroy(struct record_labels *l)
{
	if (!l)
		return;
	record_symbols_destroy(l->symbols);
	record_cgroups_destroy(l->cgroups);
	free(l->stacks);
	free(l);
}

/*
 * What calls the programs stands between them and the allocator: it is no caller of the allocation. Nor is
 * a probe's trampoline, wherever it is.
 */
static bool is_tracing(const char *name, bool innermost)
{
	if (!strncmp(name, "bpf_trampoline_", 15))
		return true;
	return innermost &&
	       (!strncmp(name, "bpf_", 4) || !strncmp(name, "__bpf_", 6) || !strncmp(name, "__traceiter_", 12));
}

static void put_stack(const struct record_labels *l, const uint64_t frames[REC_STACK_FRAMES],
		      char text[MAX_TEXT])
{
	size_t len = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < REC_STACK_FRAMES && frames[i]; i++) {
		uint64_t offset = 0;
		const char *name = record_symbols_name(l->symbols, frames[i], &offset);
		int n;

		if (name && is_tracing(name, !len))
			continue;
		n = snprintf(text + len, MAX_TEXT - len, name ? "%s%s+0x%" PRIx64 : "%s%s0x%" PRIx64,
			     len ? ";" : "", name ? name : "", name ? offset : frames[i]);
		if (n < 0 || (size_t)n >= MAX_TEXT - len) {
			text[len] = '\0';
			return;
		}
		len += (size_t)n;
	}
}

static int label_stack(struct record_labels *l, struct trace_writer *writer, uint32_t id, int64_t *number,
		       struct mmr_error *err)
{
	uint64_t frames[REC_STACK_FRAMES] = {0};
	char text[MAX_TEXT];
	int rc;

	if (l->stacks[id] == NONE) {
		if (!l->options.read_stack(l->options.ctx, id, frames)) {
			*number = -1;
			return 0;
		}
		put_stack(l, frames, text);
		rc = trace_writer_label(writer, TRACE_LABEL_STACK, 0, text, &l->stacks[id], err);
		if (rc)
			return rc;
	}
	*number = l->stacks[id];
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int label_cgroup(struct record_labels *l, struct trace_writer *writer, uint64_t id, int64_t *number,
			struct mmr_error *err)
{
	struct cgroup_slot *slot = &l->slots[id & (CGROUP_SLOTS - 1)];

	if (slot->id != id || slot->label == NONE || (slot->unnamed && !--slot->unnamed)) {
		const char *path = record_cgroups_path(l->cgroups, id, now_ns());
		int rc = trace_writer_label(writer, TRACE_LABEL_CGROUP, id, path, &slot->label, err);

		if (rc)
			return rc;
		slot->id = id;
		slot->unnamed = path[0] ? 0 : CGROUP_AGAIN;
	}
	*number = slot->label;
	return 0;
}

int record_labels_of(struct record_labels *l, struct trace_writer *writer, int64_t *stack, int64_t *cgroup,
		     struct mmr_error *err)
{
	int rc = 0;

	if (!l->stacks || *stack < 0 || *stack >= REC_NR_STACKS)
		*stack = -1;
	else
		rc = label_stack(l, writer, (uint32_t)*stack, stack, err);
	if (rc)
		return rc;
	if (l->cgroups)
		return label_cgroup(l, writer, (uint64_t)*cgroup, cgroup, err);
	*cgroup = -1;
	return 0;
}
