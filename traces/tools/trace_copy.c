// SPDX-License-Identifier: GPL-2.0-or-later
/* Events of one trace into another. */
#include "traces/tools/trace_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOT_YET UINT32_MAX

struct trace_copy {
	struct trace_reader *from;
	struct trace_writer *to;
	uint32_t *classes; /* [65536] number in @to */
	const struct trace_task *task_table;
	uint32_t *tasks, nr_tasks;
	const struct trace_policy *policies;
	uint32_t nr_policies;
	const struct trace_label *labels;
	uint32_t nr_labels;
};

int trace_copy_create(struct trace_reader *from, struct trace_writer *to, struct trace_copy **ret,
		      struct mmr_error *err)
{
	struct trace_copy *copy = calloc(1, sizeof(*copy));

	if (copy) {
		copy->from = from;
		copy->to = to;
		copy->task_table = trace_reader_tasks(from, &copy->nr_tasks);
		copy->policies = trace_reader_policies(from, &copy->nr_policies);
		copy->labels = trace_reader_labels(from, &copy->nr_labels);
		copy->classes = malloc((UINT16_MAX + 1) * sizeof(*copy->classes));
		copy->tasks = malloc(((size_t)copy->nr_tasks + 1) * sizeof(*copy->tasks));
	}
	if (!copy || !copy->classes || !copy->tasks) {
		trace_copy_destroy(copy);
		return mmr_err(err, -ENOMEM, "%s: no memory for a copy", trace_reader_path(from));
	}
	memset(copy->classes, 0xff, (UINT16_MAX + 1) * sizeof(*copy->classes));
	memset(copy->tasks, 0xff, ((size_t)copy->nr_tasks + 1) * sizeof(*copy->tasks));
	trace_reader_want(from, TRACE_WANT_ALL);
	*ret = copy;
	return 0;
}

void trace_copy_destroy(struct trace_copy *copy)
{
	if (!copy)
		return;
	free(copy->classes);
	free(copy->tasks);
	free(copy);
}

static int copy_class(struct trace_copy *copy, uint16_t id, struct mmr_error *err)
{
	struct trace_class cls = *trace_reader_class(copy->from, id);
	uint16_t new_id;
	int rc = 0;

	/* What a later version adds is passed over, as in reading. */
	if (cls.nr_args > TRACE_MAX_ARGS)
		cls.nr_args = TRACE_MAX_ARGS;
	if (cls.policy >= copy->nr_policies)
		cls.policy = 0; /* its block is damaged */
	if (cls.policy)
		rc = trace_writer_policy(copy->to, &copy->policies[cls.policy], &cls.policy, err);
	if (!rc)
		rc = trace_writer_class(copy->to, &cls, &new_id, err);
	if (!rc)
		copy->classes[id] = new_id;
	return rc;
}

/* A label gets its number in @to; one whose block is damaged is none. */
static int copy_labels(struct trace_copy *copy, struct trace_args *args, struct mmr_error *err)
{
	for (uint8_t i = 0; i < args->nr && i < 2; i++) {
		uint64_t from = (uint64_t)args->v[i];
		const struct trace_label *l = from < copy->nr_labels ? &copy->labels[from] : NULL;
		uint32_t number;
		int rc;

		args->v[i] = -1;
		if (!l || !l->kind)
			continue;
		rc = trace_writer_label(copy->to, l->kind, l->id, l->text, &number, err);
		if (rc)
			return rc;
		args->v[i] = number;
	}
	return 0;
}

int trace_copy_event(struct trace_copy *copy, const struct trace_event *event, struct mmr_error *err)
{
	const struct trace_args *args = trace_reader_args(copy->from, event);
	struct trace_event e = *event;
	int rc;

	if (copy->classes[e.class_id] == NOT_YET) {
		rc = copy_class(copy, e.class_id, err);
		if (rc)
			return rc;
	}
	if (e.task < copy->nr_tasks) {
		if (copy->tasks[e.task] == NOT_YET) {
			rc = trace_writer_task(copy->to, &copy->task_table[e.task], &copy->tasks[e.task], err);
			if (rc)
				return rc;
		}
		e.task = copy->tasks[e.task];
	}
	e.class_id = (uint16_t)copy->classes[e.class_id];
	if (args && e.type == TRACE_ALLOC_FROM) {
		struct trace_args renumbered = *args;

		rc = copy_labels(copy, &renumbered, err);
		return rc ? rc : trace_writer_event_args(copy->to, &e, &renumbered, err);
	}
	return args ? trace_writer_event_args(copy->to, &e, args, err) : trace_writer_event(copy->to, &e, err);
}

int trace_copy_start(const char *path, const struct trace_machine *machine, const struct trace_feature *extra,
		     uint32_t nr_extra, struct trace_writer **ret, struct mmr_error *err)
{
	struct trace_machine m = *machine; /* borrows all but its features' array */
	int rc;

	m.features = calloc((size_t)machine->nr_features + nr_extra, sizeof(*m.features));
	if (!m.features)
		return mmr_err(err, -ENOMEM, "%s: no memory for its header", path);
	m.nr_features = 0;
	for (uint32_t i = 0; i < machine->nr_features; i++) {
		uint32_t k = 0;

		while (k < nr_extra && strcmp(extra[k].name, machine->features[i].name) != 0)
			k++;
		if (k == nr_extra)
			m.features[m.nr_features++] = machine->features[i];
	}
	for (uint32_t k = 0; k < nr_extra; k++)
		m.features[m.nr_features++] = (struct trace_name_value){(char *)extra[k].name, extra[k].value};
	rc = trace_writer_create(path, &m, NULL, ret, err);
	free(m.features);
	return rc;
}
