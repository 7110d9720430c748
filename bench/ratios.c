// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps the runs by name, and prints subject over peer, with the bar where the project has set one. */
#include "bench/ratios.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * @bar is the highest ratio that meets the project's target; 0 where none is set. Names that end in
 * '*' pair up every subject that was measured.
 */
static const struct pair {
	const char *subject, *peer;
	double bar;
} pairs[] = {
	{"core/pcp/alloc_free_pair/order0", "jemalloc/pcp/alloc_free_pair/order0", 1.0},
	{"core/pcp/alloc_free_pair/order0", "mimalloc/pcp/alloc_free_pair/order0", 0},
	{"core/pcp/alloc_free_pair/order3", "jemalloc/pcp/alloc_free_pair/order3", 0},
	{"core/order9_pair", "jemalloc/order9_pair", 0},
	{"core/random_lifetime/order0", "jemalloc_no_tcache/random_lifetime/order0", 1 / 5.},
	{"core/random_lifetime/order0", "mimalloc/random_lifetime/order0", 1 / 3.},
	{"core/random_lifetime/order0_1GiB", "mimalloc/random_lifetime/order0_1GiB", 1 / 3.},
	{"core/random_lifetime/order0_1GiB", "jemalloc_no_tcache/random_lifetime/order0_1GiB", 1 / 5.},
	{"core/random_lifetime/order0_bursts", "jemalloc/random_lifetime/order0_bursts", 0},
	{"core/random_lifetime/order0_bursts", "jemalloc_no_tcache/random_lifetime/order0_bursts", 0},
	{"core/random_lifetime/order0_1GiB_bursts", "mimalloc/random_lifetime/order0_1GiB_bursts", 0},
	{"core/random_lifetime/order9_bursts", "jemalloc/random_lifetime/order9_bursts", 0},
	{"core/mixed_orders", "jemalloc/mixed_orders", 0},
	{"core/buddy/mixed_orders", "jemalloc/buddy/mixed_orders", 0},
	{"replay/events/null/*", "replay/events/core/*", 0},
	{"replay/events/core/*", "replay/events/loop/*", 0},
	{"replay/events/core/*", "replay/events/jemalloc/*", 0},
	{"replay/events/core/*", "replay/events/plugin/*", 0},
	{"replay/events/core/*", "replay/events/plugin_loop/*", 0},
};

/*
 * Targets that no peer measures: a median CPU time in ns, or what ratios_figure() was told.
 *
 * A page's record has 10 bytes; the word of its pageblock and the record of its 4 MiB block add a fiftieth of
 * a byte, and theirs for memory not yet touched as much again. Where the host backs records with huge pages the
 * ends of the last one are a byte more.
 */
static const struct limit {
	const char *what, *unit;
	double bar;
} limits[] = {
	{"core/order9_pair", "ns", 30},
	{"metadata per touched page", "bytes", 12},
};

#define NR_LIMITS (sizeof(limits) / sizeof(limits[0]))

static double figures[NR_LIMITS];

#define MAX_SERIES 128

static struct series {
	char *name;
	double *cpu_ns;
	size_t nr;
} series[MAX_SERIES];
static size_t nr_series;
static unsigned int nr_failed;

void ratios_collect(const char *name, double cpu_ns)
{
	struct series *s = series;
	double *grown;

	if (cpu_ns < 0) {
		nr_failed++;
		return;
	}
	while (s < series + nr_series && strcmp(s->name, name) != 0)
		s++;
	if (s == series + MAX_SERIES)
		return;
	if (s == series + nr_series) {
		s->name = strdup(name);
		if (!s->name)
			return;
		nr_series++;
	}
	grown = realloc(s->cpu_ns, (s->nr + 1) * sizeof(*grown));
	if (!grown)
		return;
	s->cpu_ns = grown;
	s->cpu_ns[s->nr++] = cpu_ns;
}

void ratios_figure(const char *what, double value)
{
	for (size_t i = 0; i < NR_LIMITS; i++) {
		if (!strcmp(limits[i].what, what))
			figures[i] = value;
	}
}

unsigned int ratios_failed(void)
{
	return nr_failed;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median of @name's runs; negative where there is none. */
static double median_ns(const char *name)
{
	for (size_t i = 0; i < nr_series; i++) {
		struct series *s = &series[i];

		if (strcmp(s->name, name) != 0 || s->nr == 0)
			continue;
		qsort(s->cpu_ns, s->nr, sizeof(*s->cpu_ns), compare_doubles);
		return (s->cpu_ns[s->nr / 2] + s->cpu_ns[(s->nr - 1) / 2]) / 2;
	}
	return -1;
}

static void line_print(FILE *out, const char *subject, const char *peer, double bar, bool *headed)
{
	double subject_ns = median_ns(subject), peer_ns = median_ns(peer), ratio = subject_ns / peer_ns;

	if (subject_ns <= 0 || peer_ns <= 0)
		return;
	if (!*headed)
		fprintf(out, "\n%-48s %9s  %-52s %9s  %6s\n", "median CPU time per iteration", "ns", "peer",
			"ns", "ratio");
	*headed = true;
	fprintf(out, "%-48s %9.1f  %-52s %9.1f  %6.2f", subject, subject_ns, peer, peer_ns, ratio);
	if (bar > 0)
		fprintf(out, "  bar %.2f: %s", bar, ratio <= bar ? "met" : "MISSED");
	fputc('\n', out);
}

/* A pair of names that end in '*': one line for every series the subject's part matches. */
static void lines_print(FILE *out, const struct pair *pair, bool *headed)
{
	size_t subject_len = strlen(pair->subject) - 1, peer_len = strlen(pair->peer) - 1;
	char peer[256];

	for (size_t i = 0; i < nr_series; i++) {
		if (strncmp(series[i].name, pair->subject, subject_len) != 0)
			continue;
		snprintf(peer, sizeof(peer), "%.*s%s", (int)peer_len, pair->peer, series[i].name + subject_len);
		line_print(out, series[i].name, peer, pair->bar, headed);
	}
}

static void limits_print(FILE *out, bool *headed)
{
	for (size_t i = 0; i < NR_LIMITS; i++) {
		double median = median_ns(limits[i].what), value = median > 0 ? median : figures[i];

		if (value <= 0)
			continue;
		if (!*headed)
			fputc('\n', out);
		*headed = true;
		fprintf(out, "%-48s %9.2f  %-52s %9s  %6s  bar %g %s: %s\n", limits[i].what, value, "", "", "",
			limits[i].bar, limits[i].unit, value <= limits[i].bar ? "met" : "MISSED");
	}
}

void ratios_print(FILE *out)
{
	bool headed = false;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (strchr(pairs[i].subject, '*'))
			lines_print(out, &pairs[i], &headed);
		else
			line_print(out, pairs[i].subject, pairs[i].peer, pairs[i].bar, &headed);
	}
	limits_print(out, &headed);
}

void ratios_reset(void)
{
	for (size_t i = 0; i < nr_series; i++) {
		free(series[i].name);
		free(series[i].cpu_ns);
	}
	memset(series, 0, sizeof(series));
	memset(figures, 0, sizeof(figures));
	nr_series = 0;
	nr_failed = 0;
}
