// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What reading a recording costs: decompressing, decoding and merging, in CPU time of one thread per event.
 *
 *	reader_rate [--limit NS] [--rounds N] [--types BITS] F.mmt...
 *
 * BITS are trace_reader_want()'s, for example 3: allocations and frees alone. Nanoseconds are those of each
 *page event, wanted or not.
 *
 * The smallest of the rounds counts: the machine may be busy with others. Exit status 1 above the limit;
 *recordings of less than MIN_EVENTS are shown and not held to it, because there a block's fixed cost is spread
 *over few events.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "traces/trace_reader.h"

#define MIN_EVENTS 100000

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* One pass. Return: events, or -1 after a message. */
static int64_t drain(struct trace_reader *reader, uint64_t *sum)
{
	const struct trace_event *events;
	struct mmr_error err;
	int64_t total = 0;
	ssize_t n;

	while ((n = trace_reader_next(reader, &events, &err)) > 0) {
		*sum += events[n - 1].ts_ns ^ events[0].pfn;
		total += n;
	}
	if (!n)
		return total;
	fprintf(stderr, "reader_rate: %s\n", err.msg);
	return -1;
}

static int measure(const char *path, int rounds, double limit, uint64_t types)
{
	struct trace_reader *reader;
	double best = 1e9;
	uint64_t sum = 0;
	int64_t total = 0;
	struct mmr_error err;

	if (trace_reader_open(path, &reader, &err)) {
		fprintf(stderr, "reader_rate: %s\n", err.msg);
		return 1;
	}
	trace_reader_want(reader, types);
	for (int i = 0; i < rounds && total >= 0; i++) {
		uint64_t begin = cpu_ns(), seen[TRACE_NR_PAGE_EVENTS];
		double ns;

		total = drain(reader, &sum);
		trace_reader_seen(reader, seen);
		for (int type = 0; type < TRACE_NR_PAGE_EVENTS && total >= 0; type++)
			total += (int64_t)seen[type] * !(types >> type & 1);
		ns = (double)(cpu_ns() - begin) / (double)(total > 0 ? total : 1);
		best = ns < best ? ns : best;
		trace_reader_rewind(reader);
	}
	trace_reader_close(reader);
	if (total <= 0)
		return 1;
	printf("%6.2f ns an event, %" PRId64 " events, check %016" PRIx64 ": %s\n", best, total, sum, path);
	return limit > 0 && best > limit && total >= MIN_EVENTS;
}

int main(int argc, char **argv)
{
	uint64_t types = TRACE_WANT_PAGES;
	double limit = 0;
	int rounds = 7, failed = 0, i = 1;

	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (strcmp(argv[i], "--limit") == 0)
			limit = strtod(argv[i + 1], NULL);
		else if (strcmp(argv[i], "--types") == 0)
			types = strtoull(argv[i + 1], NULL, 0);
		else
			rounds = atoi(argv[i + 1]);
	}
	for (; i < argc; i++)
		failed |= measure(argv[i], rounds, limit, types);
	return failed;
}
