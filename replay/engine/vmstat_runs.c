// SPDX-License-Identifier: GPL-2.0-or-later
/* The recorded runs of the vmstat workers. */
#include "replay/engine/vmstat_runs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool trace_watched(const struct trace_machine *header, enum trace_event_type type)
{
	char name[64];

	snprintf(name, sizeof(name), "event.%s", trace_event_type_name(type));
	for (uint32_t i = 0; i < header->nr_features; i++)
		if (strcmp(header->features[i].name, name) == 0)
			return header->features[i].value != 0;
	return false;
}

int trace_first_state_ns(struct trace_reader *reader, uint64_t *ret, struct mmr_error *err)
{
	uint32_t nr = trace_reader_summary(reader)->nr_keyframes;

	*ret = 0;
	for (uint32_t i = 0; i < nr; i++) {
		struct trace_keyframe kf;
		int rc = trace_reader_keyframe(reader, i, &kf, err);

		if (rc)
			return rc;
		if ((kf.flags & TRACE_KF_FIRST) && kf.ts_ns + kf.walk_ns > *ret)
			*ret = kf.ts_ns + kf.walk_ns;
		trace_keyframe_deinit(&kf);
	}
	return 0;
}

static int add(struct vmstat_runs *runs, size_t *room, const struct vmstat_run *run)
{
	if (runs->nr == *room) {
		size_t more = *room ? 2 * *room : 256;
		struct vmstat_run *grown = realloc(runs->runs, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		runs->runs = grown;
		*room = more;
	}
	runs->runs[runs->nr++] = *run;
	return 0;
}

static int earlier(const void *a, const void *b)
{
	const struct vmstat_run *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

static int read_all(struct trace_reader *reader, struct vmstat_runs *ret, struct mmr_error *err)
{
	const struct trace_event *events;
	size_t room = 0;
	ssize_t nr;

	while ((nr = trace_reader_next(reader, &events, err)) > 0) {
		for (ssize_t i = 0; i < nr; i++) {
			const struct trace_args *args;
			struct vmstat_run run = {.ts_ns = events[i].ts_ns, .cpu = events[i].cpu};

			if (events[i].type != TRACE_VMSTAT_FOLD)
				continue;
			args = trace_reader_args(reader, &events[i]);
			run.pagesets = args && args->nr && args->v[0];
			if (add(ret, &room, &run))
				return mmr_err(err, -ENOMEM, "no memory for %zu runs of the vmstat workers",
					       ret->nr);
		}
	}
	return (int)nr;
}

int vmstat_runs_read(struct trace_reader *reader, struct vmstat_runs *ret, struct mmr_error *err)
{
	int rc;

	*ret = (struct vmstat_runs){.known = trace_watched(trace_reader_machine(reader), TRACE_VMSTAT_FOLD)};
	if (!ret->known)
		return 0;
	trace_reader_want(reader, 1ull << TRACE_VMSTAT_FOLD);
	rc = read_all(reader, ret, err);
	trace_reader_want(reader, TRACE_WANT_PAGES);
	if (rc) {
		vmstat_runs_deinit(ret);
		return rc;
	}
	if (ret->nr)
		qsort(ret->runs, ret->nr, sizeof(*ret->runs), earlier);
	return 0;
}

void vmstat_runs_deinit(struct vmstat_runs *runs)
{
	free(runs->runs);
	*runs = (struct vmstat_runs){0};
}
