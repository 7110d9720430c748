// SPDX-License-Identifier: GPL-2.0-or-later
/* Good recordings to be edited, and what reads them. */
#include "replay/tests/wild_replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "replay/engine/engine.h"
#include "replay/explain/explain.h"
#include "replay/tests/synth_load.h"
#include "replay/trust/observed.h"
#include "replay/verify/verify.h"

static const struct {
	const char *profile;
	void (*begin)(struct synth_kernel *k, const char *profile);
} kinds[NR_WILD_KINDS] = {
	{"6.12", synth_kernel_begin},
	{"6.18", synth_kernel_begin_telling},
	{"7.3", synth_kernel_begin_telling},
	{"7.3", synth_kernel_begin_telling_drains},
	{"6.1", synth_kernel_begin_telling_drains},
};

static const struct kernel_profile *profile_of(unsigned int kind)
{
	return kernel_profile_find(kinds[kind].profile);
}

void wild_base(unsigned int kind, struct wild_trace *ret)
{
	static struct synth_load load;
	struct synth_kernel k;

	load = (struct synth_load){.k = &k, .max_pages = 12000, .random = 5 + kind};
	kinds[kind].begin(&k, kinds[kind].profile);
	mmr_machine_destroy(k.twin);
	k.twin = NULL;
	synth_kernel_task(&k, 40);
	synth_kernel_keyframe(&k, TRACE_KF_FIRST);
	synth_load_run(&load, 700);
	synth_kernel_task(&k, 41);
	synth_kernel_keyframe(&k, 0);
	synth_load_run(&load, 800);
	if (k.tells_drains)
		synth_kernel_drain(&k, 0, 1, 40);
	synth_load_run(&load, 200);
	synth_kernel_keyframe(&k, TRACE_KF_LAST);
	synth_kernel_end(&k);
	wild_trace_load(ret, k.path);
	synth_kernel_destroy(&k);
}

int wild_verify(const char *path, unsigned int kind, struct mmr_error *err)
{
	struct verify_options options = {.profile = profile_of(kind), .until = UINT64_MAX};
	struct verify_report *report = calloc(1, sizeof(*report));
	struct trace_reader *reader;
	int rc = trace_reader_open(path, &reader, err);

	if (!rc && report) {
		rc = verify_run(reader, &options, report, err);
		trace_reader_close(reader);
	}
	free(report);
	return rc;
}

int wild_explain(const char *path, unsigned int kind, uint64_t event, struct mmr_error *err)
{
	struct verify_options options = {.profile = profile_of(kind)};
	/* Every other time the event is looked for by a page. */
	struct explain_query query = {.by = event % 2 ? EXPLAIN_BY_PFN : EXPLAIN_BY_EVENT,
				      .event = event,
				      .pfn = (uint32_t)(5000 + event)};
	volatile sig_atomic_t stop = 0;
	struct trace_reader *reader;
	struct explain e;
	int rc = trace_reader_open(path, &reader, err);

	if (rc)
		return rc;
	options.stop = &stop;
	rc = explain_find(reader, &query, &stop, &e, err);
	if (!rc) {
		rc = explain_tell(reader, &options, &e, err);
		if (!rc) {
			FILE *out = fopen("/dev/null", "w");

			explain_text(out, &e, reader, options.profile, true);
			fclose(out);
			json_decref(explain_json(&e, reader, options.profile));
		}
	}
	explain_deinit(&e);
	trace_reader_close(reader);
	return rc;
}

int wild_run(const char *path, unsigned int kind, unsigned int nr_threads, struct mmr_error *err)
{
	struct engine_options options = {
		.backend = &backend_core, .profile = profile_of(kind), .latency_every = 1, .nr_samples = 4};
	struct machine recorded = {0};
	struct engine *engine = NULL;
	struct observed observed = {0};
	struct trace_reader *reader;
	int rc = trace_reader_open(path, &reader, err);

	if (rc)
		return rc;
	options.nr_threads = nr_threads;
	options.recorded = options.machine = &recorded;
	rc = machine_from_trace(trace_reader_machine(reader), path, &recorded, err);
	rc = rc ? rc : engine_create(reader, &options, &engine, err);
	rc = rc ? rc : engine_run(engine, err);
	rc = rc ? rc : mmr_check(engine_machine(engine), err);
	rc = rc ? rc : observed_read(reader, &recorded, &observed, err);
	engine_destroy(engine);
	machine_deinit(&recorded);
	trace_reader_close(reader);
	return rc;
}
