// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loop that replays of allocators commonly are, LLFree's among them: events decoded beforehand, a map of
 * page frames, one call into the allocator for each; no zones of the recording, no metrics, no latencies.
 * Beside a whole replay it tells what all of these cost.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/loop.h"
#include "core/gfp.h"

struct step {
	uint32_t pfn; /* recorded */
	uint16_t cpu;
	uint8_t order;
	bool is_free;
	gfp_t gfp;
};

struct loop {
	struct step *steps;
	size_t nr, max;
	uint32_t *map; /* [end_pfn] modelled frame, MMR_NO_PFN where none is live */
	uint32_t end_pfn;
};

static int add_steps(struct loop *loop, struct trace_reader *reader, const struct trace_event *events,
		     size_t nr, unsigned int nr_cpus)
{
	for (size_t i = 0; i < nr; i++) {
		const struct trace_event *event = &events[i];
		const struct trace_class *cls = trace_reader_class(reader, event->class_id);

		if (event->type > TRACE_FREE || event->pfn == TRACE_NO_PFN || loop->nr == loop->max)
			continue;
		loop->end_pfn = event->pfn >= loop->end_pfn ? event->pfn + 1 : loop->end_pfn;
		loop->steps[loop->nr++] = (struct step){
			.pfn = event->pfn,
			.cpu = (uint16_t)(event->cpu % nr_cpus),
			.order = event->order,
			.is_free = event->type == TRACE_FREE,
			.gfp = cls ? cls->gfp & MMR_GFP_KNOWN : 0,
		};
	}
	return 0;
}

static int decode(struct loop *loop, struct trace_reader *reader, unsigned int nr_cpus, struct mmr_error *err)
{
	const struct trace_event *events;
	ssize_t nr;

	loop->max = trace_reader_summary(reader)->nr_events;
	loop->steps = malloc((loop->max + 1) * sizeof(*loop->steps));
	if (!loop->steps)
		return mmr_err(err, -ENOMEM, "no memory for %zu events", loop->max);
	trace_reader_rewind(reader);
	while ((nr = trace_reader_next(reader, &events, err)) > 0)
		add_steps(loop, reader, events, (size_t)nr, nr_cpus);
	if (nr < 0)
		return (int)nr;
	loop->map = malloc(((size_t)loop->end_pfn + 1) * sizeof(*loop->map));
	return loop->map ? 0 : mmr_err(err, -ENOMEM, "no memory for a map of %u page frames", loop->end_pfn);
}

/* What is asked: the core without a function pointer, as LLFree's loop is linked to LLFree. */
struct asked {
	const struct backend *backend;
	struct mmr_machine *core;
	void *ctx; /* the backend's, where it is not the core */
};

static inline struct mmr_page ask(const struct asked *a, const struct mmr_request *request)
{
	return a->core ? mmr_alloc_pages(a->core, request) : a->backend->alloc(a->ctx, request);
}

static inline int give_back(const struct asked *a, uint32_t pfn, unsigned int order, unsigned int cpu)
{
	uint8_t path;

	return a->core ? mmr_free_pages(a->core, pfn, order, cpu, NULL)
		       : a->backend->free(a->ctx, pfn, order, cpu, &path);
}

/* A free of what the map does not have, or has in another order, is passed over, as one of an unknown page. */
static void run(const struct loop *loop, const struct asked *a)
{
	for (size_t i = 0; i < loop->nr; i++) {
		const struct step *step = &loop->steps[i];
		uint32_t *slot = &loop->map[step->pfn];

		if (step->is_free) {
			if (*slot != MMR_NO_PFN && !give_back(a, *slot, step->order, step->cpu))
				*slot = MMR_NO_PFN;
		} else {
			const struct mmr_request request = {
				.gfp = step->gfp, .cpu = step->cpu, .nid = NUMA_NO_NODE, .order = step->order};

			*slot = ask(a, &request).pfn;
		}
	}
}

static int asked_create(struct asked *a, const struct mmr_machine_config *config, struct mmr_error *err)
{
	int rc;

	if (a->backend->kind == BACKEND_OPS)
		return a->backend->create(a->backend, config, 1, &a->ctx, err);
	rc = mmr_machine_create(config, &a->core, err);
	if (!rc)
		mmr_seed_empty(a->core);
	return rc;
}

static int pass(struct bench_state *st, const struct loop *loop, const struct mmr_machine_config *config,
		const struct backend *backend, struct mmr_error *err)
{
	struct asked a = {.backend = backend};
	int rc;

	bench_pause(st);
	for (uint32_t i = 0; i < loop->end_pfn; i++)
		loop->map[i] = MMR_NO_PFN;
	rc = asked_create(&a, config, err);
	bench_resume(st);
	if (rc)
		return rc;
	run(loop, &a);
	bench_pause(st);
	mmr_machine_destroy(a.core);
	if (a.ctx)
		backend->destroy(a.ctx);
	bench_resume(st);
	return 0;
}

int bench_loop_run(struct bench_state *st, struct trace_reader *reader, const struct mmr_machine_config *config,
		   const struct backend *backend, struct mmr_error *err)
{
	struct loop loop = {0};
	int rc = decode(&loop, reader, config->nr_cpus, err);

	while (!rc && bench_next_batch(st, (int64_t)trace_reader_summary(reader)->nr_events))
		rc = pass(st, &loop, config, backend, err);
	free(loop.steps);
	free(loop.map);
	return rc;
}
