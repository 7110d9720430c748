// SPDX-License-Identifier: GPL-2.0-or-later
/* Events of one trace into another. */
#include "traces/trace_copy.h"

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
};

int trace_copy_create(struct trace_reader *from, struct trace_writer *to, struct trace_copy **ret,
		      struct mmr_error *err)
{
	struct trace_copy *copy = calloc(1, sizeof(*copy));

	if (copy) {
		copy->from = from;
		copy->to = to;
		copy->task_table = trace_reader_tasks(from, &copy->nr_tasks);
		copy->classes = malloc((UINT16_MAX + 1) * sizeof(*copy->classes));
		copy->tasks = malloc(((size_t)copy->nr_tasks + 1) * sizeof(*copy->tasks));
	}
	if (!copy || !copy->classes || !copy->tasks) {
		trace_copy_destroy(copy);
		return mmr_err(err, -ENOMEM, "%s: no memory for a copy", trace_reader_path(from));
	}
	memset(copy->classes, 0xff, (UINT16_MAX + 1) * sizeof(*copy->classes));
	memset(copy->tasks, 0xff, ((size_t)copy->nr_tasks + 1) * sizeof(*copy->tasks));
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

int trace_copy_event(struct trace_copy *copy, const struct trace_event *event, struct mmr_error *err)
{
	struct trace_event e = *event;
	int rc;

	if (copy->classes[e.class_id] == NOT_YET) {
		uint16_t id;

		rc = trace_writer_class(copy->to, trace_reader_class(copy->from, e.class_id), &id, err);
		if (rc)
			return rc;
		copy->classes[e.class_id] = id;
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
	return trace_writer_event(copy->to, &e, err);
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
