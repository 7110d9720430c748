// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading what a large machine would record: events of many CPUs, made up as they are read, decoded and merged.
 * Each CPU's events must be those that were made, in their order; over all CPUs the order is that of time;
 *memory does not grow with their number.
 *
 *	large_machine [--cpus N] [--nodes N] [--events N] [--burst N] [--max-mib N] [--max-ns N]
 *
 * A thousand million events, which takes minutes:  large_machine --events 1000000000
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "traces/tests/synth_source.h"

struct options {
	struct synth_shape shape;
	uint64_t max_mib, max_ns;
};

/* What is known of the events read so far. */
struct seen {
	uint64_t nr, front; /* the largest key so far */
	uint64_t *key, *hash; /* [nr_cpus] */
	uint64_t back_steps;
};

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int complain(const char *what, uint64_t found, uint64_t expected)
{
	printf("FAILED: %s: found %" PRIu64 ", expected %" PRIu64 "\n", what, found, expected);
	return 1;
}

/* A CPU's place in time is the largest time it had so far; over all CPUs it never falls. */
static int look_at(struct seen *seen, const struct trace_event *e)
{
	uint64_t *key = &seen->key[e->cpu];

	seen->back_steps += e->ts_ns < *key;
	*key = e->ts_ns > *key ? e->ts_ns : *key;
	if (*key < seen->front)
		return complain("an event behind a later one of another CPU, ns", *key, seen->front);
	seen->front = *key;
	seen->hash[e->cpu] = synth_hash(seen->hash[e->cpu], e->ts_ns, e->pfn, e->task, e->type);
	seen->nr++;
	return 0;
}

static int read_all(struct trace_reader *reader, struct seen *seen, uint64_t *check_ns)
{
	const struct trace_event *events;
	struct mmr_error err;
	int failed = 0;
	ssize_t n;

	while (!failed && (n = trace_reader_next(reader, &events, &err)) > 0) {
		uint64_t begin = cpu_ns();

		for (ssize_t i = 0; i < n && !failed; i++)
			failed = look_at(seen, &events[i]);
		*check_ns += cpu_ns() - begin;
	}
	if (!failed && n < 0) {
		printf("FAILED: %s\n", err.msg);
		failed = 1;
	}
	return failed;
}

static int check_machine(const struct trace_machine *m, const struct synth_shape *shape)
{
	int failed = 0;

	if (m->nr_cpus != shape->nr_cpus)
		failed = complain("CPUs", m->nr_cpus, shape->nr_cpus);
	if (m->nr_nodes != shape->nr_nodes || m->nr_zones != shape->nr_nodes)
		failed = complain("nodes and their zones", m->nr_nodes, shape->nr_nodes);
	for (uint32_t i = 0; i < shape->nr_cpus && !failed; i++)
		if (m->cpu_node[i] != i % shape->nr_nodes)
			failed = complain("node of a CPU", m->cpu_node[i], i % shape->nr_nodes);
	for (uint32_t i = 0; i < shape->nr_nodes * shape->nr_nodes && !failed; i++)
		if (m->node_distance[i] != (i % (shape->nr_nodes + 1) ? 21 : 10))
			failed = complain("distance of two nodes", m->node_distance[i], 10);
	return failed;
}

static int check_events(const struct synth_source *synth, const struct synth_shape *shape,
			const struct seen *seen)
{
	if (seen->nr != shape->nr_events)
		return complain("events", seen->nr, shape->nr_events);
	for (uint32_t cpu = 0; cpu < shape->nr_cpus; cpu++)
		if (seen->hash[cpu] != synth_source_hash(synth, cpu)) {
			printf("CPU %u:\n", cpu);
			return complain("hash of its events", seen->hash[cpu], synth_source_hash(synth, cpu));
		}
	return 0;
}

static int run(const struct options *o)
{
	struct synth_source *synth = synth_source_create(&o->shape);
	struct seen seen = {.key = calloc(o->shape.nr_cpus, sizeof(uint64_t)),
			    .hash = calloc(o->shape.nr_cpus, sizeof(uint64_t))};
	struct trace_reader *reader = NULL;
	uint64_t begin = cpu_ns(), check_ns = 0, read_ns, mib;
	struct mmr_error err;
	struct rusage usage;
	int failed = 1;

	if (!synth || !seen.key || !seen.hash)
		printf("FAILED: no memory\n");
	else if (trace_reader_open_source(synth_source_of(synth), &reader, &err))
		printf("FAILED: %s\n", err.msg);
	else
		failed = check_machine(trace_reader_machine(reader), &o->shape) ||
			 read_all(reader, &seen, &check_ns) || check_events(synth, &o->shape, &seen);
	if (!failed) {
		read_ns = cpu_ns() - begin - synth_source_cpu_ns(synth) - check_ns;
		getrusage(RUSAGE_SELF, &usage);
		mib = (uint64_t)usage.ru_maxrss / 1024;
		printf("%" PRIu64 " events of %u CPUs on %u nodes (%" PRIu64
		       " steps back): decoded and merged in "
		       "%.1f ns each, made in %.1f; %" PRIu64 " MiB at most\n",
		       seen.nr, o->shape.nr_cpus, o->shape.nr_nodes, seen.back_steps,
		       (double)read_ns / (double)seen.nr, (double)synth_source_cpu_ns(synth) / (double)seen.nr,
		       mib);
		if (o->max_mib && mib > o->max_mib)
			failed = complain("MiB of memory at most", mib, o->max_mib);
		if (o->max_ns && read_ns > o->max_ns * seen.nr)
			failed = complain("ns an event", read_ns / seen.nr, o->max_ns);
	}
	trace_reader_close(reader);
	synth_source_destroy(synth);
	free(seen.key);
	free(seen.hash);
	return failed;
}

int main(int argc, char **argv)
{
	struct options o = {.shape = {.nr_cpus = 512, .nr_nodes = 16, .nr_events = 20000000, .seed = 1}};
	const struct {
		const char *name;
		uint64_t *wide;
		uint32_t *narrow;
	} options[] = {{"--cpus", NULL, &o.shape.nr_cpus},     {"--nodes", NULL, &o.shape.nr_nodes},
		       {"--events", &o.shape.nr_events, NULL}, {"--seed", &o.shape.seed, NULL},
		       {"--burst", NULL, &o.shape.burst},      {"--max-mib", &o.max_mib, NULL},
		       {"--max-ns", &o.max_ns, NULL}};

	for (int i = 1; i + 1 < argc; i += 2)
		for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
			uint64_t value = strtoull(argv[i + 1], NULL, 10);

			if (strcmp(argv[i], options[k].name) != 0)
				continue;
			if (options[k].wide)
				*options[k].wide = value;
			else
				*options[k].narrow = (uint32_t)value;
		}
	return run(&o);
}
