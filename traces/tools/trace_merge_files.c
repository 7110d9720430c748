// SPDX-License-Identifier: GPL-2.0-or-later
/* Traces of one machine and boot, joined into one file by time. */
#include "traces/tools/trace_merge_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "traces/merge_tree.h"
#include "traces/tools/trace_copy.h"
#include "traces/trace_reader.h"
#include "traces/trace_writer.h"

/* A step of the wall clock while recording moves the moment of boot as a header tells it. */
#define BOOT_TOLERANCE_NS 1000000000ull
#define MAX_CPUS          (UINT16_MAX + 1u)

struct source {
	struct trace_reader *reader;
	struct trace_copy *copy;
	const struct trace_event *events;
	ssize_t nr, next;
	uint64_t key; /* largest time so far: a step back inside a CPU must not reorder files */
};

struct merge {
	struct source *sources; /* by their first event's time */
	uint32_t nr;
	struct merge_tree tree; /* of sources, by their keys */
	uint32_t *cpu_source; /* [MAX_CPUS] the file that a CPU's last event came from, plus one */
	struct trace_writer *writer;
	struct trace_merge_result *result;
};

/* ---- do they belong together? -------------------------------------------------------------- */

static int differ(const struct trace_reader *a, const struct trace_reader *b, const char *what,
		  const char *found, const char *expected, struct mmr_error *err)
{
	return mmr_err(err, -EINVAL, "%s: %s: found %s, expected %s as in %s", trace_reader_path(b), what,
		       found, expected, trace_reader_path(a));
}

static int same_numbers(const struct trace_reader *a, const struct trace_reader *b, struct mmr_error *err)
{
	const struct trace_machine *x = trace_reader_machine(a), *y = trace_reader_machine(b);
	const struct {
		const char *name;
		uint64_t x, y;
	} numbers[] = {
		{"CPUs", x->nr_cpus, y->nr_cpus},
		{"nodes", x->nr_nodes, y->nr_nodes},
		{"zones", x->nr_zones, y->nr_zones},
		{"page size", x->page_size, y->page_size},
		{"largest order", x->max_order, y->max_order},
		{"pageblock order", x->pageblock_order, y->pageblock_order},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char found[24], expected[24];

		if (numbers[i].x == numbers[i].y)
			continue;
		snprintf(found, sizeof(found), "%" PRIu64, numbers[i].y);
		snprintf(expected, sizeof(expected), "%" PRIu64, numbers[i].x);
		return differ(a, b, numbers[i].name, found, expected, err);
	}
	for (uint32_t i = 0; i < x->nr_zones; i++)
		if (x->zones[i].nid != y->zones[i].nid || x->zones[i].zone != y->zones[i].zone ||
		    x->zones[i].start_pfn != y->zones[i].start_pfn)
			return differ(a, b, "zones", "others", "the same places", err);
	return 0;
}

static int same_boot(const struct trace_reader *a, const struct trace_reader *b, struct mmr_error *err)
{
	const struct trace_machine *x = trace_reader_machine(a), *y = trace_reader_machine(b);
	uint64_t boot_x = x->realtime_ns - x->monotonic_ns, boot_y = y->realtime_ns - y->monotonic_ns;
	uint64_t apart = boot_x > boot_y ? boot_x - boot_y : boot_y - boot_x;
	char found[48], expected[48];

	if (!x->realtime_ns && !y->realtime_ns)
		return 0;
	if (x->realtime_ns && y->realtime_ns && apart <= BOOT_TOLERANCE_NS)
		return 0;
	snprintf(found, sizeof(found), "%.3f s after 1970", (double)boot_y / 1e9);
	snprintf(expected, sizeof(expected), "%.3f s", (double)boot_x / 1e9);
	return differ(a, b, "another boot: the machine started", y->realtime_ns ? found : "at a time unknown",
		      x->realtime_ns ? expected : "a time unknown", err);
}

static int check_pair(const struct trace_reader *a, const struct trace_reader *b, struct mmr_error *err)
{
	const struct trace_machine *x = trace_reader_machine(a), *y = trace_reader_machine(b);
	int rc;

	if (trace_reader_summary(a)->checksum == trace_reader_summary(b)->checksum)
		return mmr_err(err, -EINVAL, "%s: the same recording as %s, expected each once",
			       trace_reader_path(b), trace_reader_path(a));
	if (strcmp(x->kernel_release, y->kernel_release) != 0)
		return differ(a, b, "kernel", y->kernel_release, x->kernel_release, err);
	if (strcmp(x->kernel_version, y->kernel_version) != 0)
		return differ(a, b, "kernel version", y->kernel_version, x->kernel_version, err);
	if (strcmp(x->arch, y->arch) != 0)
		return differ(a, b, "architecture", y->arch, x->arch, err);
	rc = same_numbers(a, b, err);
	return rc ? rc : same_boot(a, b, err);
}

/* ---- events -------------------------------------------------------------------------------- */

/* The source's next batch. Return: 1, 0 at its end, -errno. */
static int refill(struct merge *m, struct source *s, struct mmr_error *err)
{
	int rc;

	if (!s->copy) {
		rc = trace_copy_create(s->reader, m->writer, &s->copy, err);
		if (rc)
			return rc;
	}
	s->next = 0;
	s->nr = trace_reader_next(s->reader, &s->events, err);
	if (s->nr > 0 && s->events[0].ts_ns > s->key)
		s->key = s->events[0].ts_ns;
	return s->nr > 0 ? 1 : (int)s->nr;
}

static int deliver(struct merge *m, struct source *s, const struct trace_event *e, struct mmr_error *err)
{
	uint32_t number = (uint32_t)(s - m->sources) + 1, before = m->cpu_source[e->cpu];

	if (before > number)
		return mmr_err(
			err, -EINVAL,
			"%s and %s overlap: CPU %u has events in both at the same time (%.6f s), expected "
			"files that follow each other, not recorders side by side",
			trace_reader_path(s->reader), trace_reader_path(m->sources[before - 1].reader), e->cpu,
			(double)e->ts_ns / 1e9);
	m->cpu_source[e->cpu] = number;
	m->result->nr_events++;
	return trace_copy_event(s->copy, e, err);
}

/* The event at hand, or the source's end. Return: 1, 0 at the end, -errno */
static int have_event(struct merge *m, struct source *s, struct mmr_error *err)
{
	int rc;

	if (s->next < s->nr)
		return 1;
	rc = refill(m, s, err);
	if (!rc)
		trace_reader_release(s->reader); /* files that follow each other are many, and one is read */
	return rc;
}

/* Events of the source in front for as long as none of the others is earlier. Return: as have_event() */
static int deliver_run(struct merge *m, struct source *s, uint64_t limit, bool (*stop)(void),
		       struct mmr_error *err)
{
	int rc = have_event(m, s, err);

	while (rc > 0 && s->key <= limit) {
		rc = deliver(m, s, &s->events[s->next++], err);
		if (!rc)
			rc = have_event(m, s, err);
		if (rc > 0 && s->events[s->next].ts_ns > s->key)
			s->key = s->events[s->next].ts_ns;
		if (!s->next && stop())
			break;
	}
	return rc;
}

static int start_merge(struct merge *m, struct mmr_error *err)
{
	if (!merge_tree_init(&m->tree, m->nr))
		return mmr_err(err, -ENOMEM, "no memory to merge %u files", m->nr);
	/* Those whose turn has not come stand where their first event will: they need not be decoded yet. */
	for (uint32_t i = 0; i < m->nr; i++)
		merge_tree_set(&m->tree, i, m->sources[i].key);
	merge_tree_build(&m->tree);
	return 0;
}

static int merge_events(struct merge *m, bool (*stop)(void), struct mmr_error *err)
{
	uint32_t front;
	int rc = start_merge(m, err);

	while (!rc && merge_tree_front(&m->tree, &front)) {
		struct source *s = &m->sources[front];

		if (stop())
			return mmr_err(err, -EINTR, "interrupted; the first %" PRIu64 " events are written",
				       m->result->nr_events);
		rc = deliver_run(m, s, merge_tree_limit(&m->tree, front), stop, err);
		if (rc < 0)
			return rc;
		if (rc)
			merge_tree_move(&m->tree, front, s->key);
		else
			merge_tree_end(&m->tree, front);
		rc = 0;
	}
	return rc;
}

/* ---- what goes with them ------------------------------------------------------------------- */

static int merge_keyframes(struct merge *m, uint32_t i, struct mmr_error *err)
{
	struct trace_reader *reader = m->sources[i].reader;
	uint32_t nr = trace_reader_summary(reader)->nr_keyframes;
	int rc = 0;

	for (uint32_t k = 0; k < nr && !rc; k++) {
		struct trace_keyframe kf;

		rc = trace_reader_keyframe(reader, k, &kf, err);
		if (rc)
			return rc;
		/* The whole has one beginning and one end. */
		if (i)
			kf.flags &= ~(uint32_t)TRACE_KF_FIRST;
		if (i + 1 < m->nr)
			kf.flags &= ~(uint32_t)TRACE_KF_LAST;
		rc = trace_writer_keyframe(m->writer, &kf, err);
		m->result->nr_keyframes++;
		trace_keyframe_deinit(&kf);
	}
	return rc;
}

static int merge_losses(struct merge *m, uint32_t i, struct mmr_error *err)
{
	uint32_t nr;
	const struct trace_loss *losses = trace_reader_losses(m->sources[i].reader, &nr);
	int rc = 0;

	for (uint32_t k = 0; k < nr && !rc; k++) {
		m->result->nr_lost += losses[k].nr_events;
		rc = trace_writer_loss(m->writer, &losses[k], err);
	}
	return rc;
}

/* Of two numbered files: is one missing between them, or the second one's beginning? */
static bool is_some_missing(const struct trace_machine *x, const struct trace_machine *y)
{
	return trace_machine_feature(y, TRACE_FEATURE_FIRST_FILE) >
		       trace_machine_feature(x, TRACE_FEATURE_LAST_FILE) + 1 ||
	       trace_machine_feature(y, TRACE_FEATURE_CUT) || trace_machine_feature(y, "cut.from_ns");
}

/* Of two stretches of one file: so many events lie between them; 0 where they do not tell. */
static uint64_t events_between(const struct trace_reader *a, const struct trace_reader *b)
{
	const struct trace_machine *x = trace_reader_machine(a), *y = trace_reader_machine(b);
	uint64_t first = (uint64_t)trace_machine_feature(y, TRACE_FEATURE_CUT), end;

	/* Stretches by time do not know their numbers. */
	if (trace_machine_feature(x, "cut.from_ns") || trace_machine_feature(y, "cut.from_ns"))
		return 0;
	end = (uint64_t)trace_machine_feature(x, TRACE_FEATURE_CUT) + trace_reader_summary(a)->nr_events;
	return first > end ? first - end : 0;
}

static bool same_feature(const struct trace_machine *x, const struct trace_machine *y, const char *name)
{
	return trace_machine_feature(x, name) == trace_machine_feature(y, name);
}

/* Of one recording: are events missing between these? @nr: how many, 0 where they do not tell */
static bool is_cut_between(const struct trace_reader *a, const struct trace_reader *b, uint64_t *nr)
{
	const struct trace_machine *x = trace_reader_machine(a), *y = trace_reader_machine(b);

	*nr = 0;
	if (!same_feature(x, y, TRACE_FEATURE_FIRST_FILE) || !same_feature(x, y, TRACE_FEATURE_LAST_FILE))
		return is_some_missing(x, y);
	*nr = events_between(a, b);
	return *nr;
}

/*
 * Files of one recording have the same start; between others, or where some of it was left out, there were
 * events that are in neither.
 */
static int note_gap(struct merge *m, uint32_t i, struct mmr_error *err)
{
	const struct trace_reader *a = m->sources[i - 1].reader, *b = m->sources[i].reader;
	const struct trace_machine *x = trace_reader_machine(a), *y = trace_reader_machine(b);
	struct trace_loss loss = {
		.cpu = UINT32_MAX,
		.begin_ns = trace_reader_summary(a)->last_ns,
		.end_ns = trace_reader_summary(b)->first_ns,
	};

	if (loss.end_ns < loss.begin_ns)
		return 0;
	if (x->monotonic_ns == y->monotonic_ns && !is_cut_between(a, b, &loss.nr_events))
		return 0;
	m->result->nr_gaps++;
	m->result->nr_lost += loss.nr_events;
	return trace_writer_loss(m->writer, &loss, err);
}

static int merge_all(struct merge *m, bool (*stop)(void), struct mmr_error *err)
{
	int rc = merge_events(m, stop, err);

	for (uint32_t i = 0; i < m->nr && !rc; i++) {
		rc = merge_keyframes(m, i, err);
		if (!rc)
			rc = merge_losses(m, i, err);
		if (!rc && i)
			rc = note_gap(m, i, err);
	}
	return rc;
}

/* ---- opening and closing ------------------------------------------------------------------- */

static int by_first_event(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	return x->key != y->key ? (x->key < y->key ? -1 : 1)
				: strcmp(trace_reader_path(x->reader), trace_reader_path(y->reader));
}

static int open_all(struct merge *m, const char *const *paths, struct mmr_error *err)
{
	for (uint32_t i = 0; i < m->nr; i++) {
		int rc = trace_reader_open(paths[i], &m->sources[i].reader, err);

		for (uint32_t k = 0; k < i && !rc; k++)
			rc = check_pair(m->sources[k].reader, m->sources[i].reader, err);
		if (rc)
			return rc;
		m->sources[i].key = trace_reader_summary(m->sources[i].reader)->first_ns;
	}
	qsort(m->sources, m->nr, sizeof(*m->sources), by_first_event);
	return 0;
}

/* Where one file lacks what a filter left out, the whole does. */
static bool is_partial(const struct merge *m)
{
	for (uint32_t i = 0; i < m->nr; i++)
		if (trace_machine_feature(trace_reader_machine(m->sources[i].reader), TRACE_FEATURE_PARTIAL))
			return true;
	return false;
}

static int write_merged(struct merge *m, const char *output, bool (*stop)(void), struct mmr_error *err)
{
	const struct trace_machine *first = trace_reader_machine(m->sources[0].reader);
	const struct trace_machine *last = trace_reader_machine(m->sources[m->nr - 1].reader);
	const struct trace_feature extra[] = {
		{"merge.files", m->nr},
		{TRACE_FEATURE_FIRST_FILE, trace_machine_feature(first, TRACE_FEATURE_FIRST_FILE)},
		{TRACE_FEATURE_LAST_FILE, trace_machine_feature(last, TRACE_FEATURE_LAST_FILE)},
		{TRACE_FEATURE_PARTIAL, 1},
	};
	int rc = trace_copy_start(output, first, extra, is_partial(m) ? 4 : 3, &m->writer, err);
	struct stat st;
	int closed;

	if (rc)
		return rc;
	rc = merge_all(m, stop, err);
	closed = trace_writer_close(m->writer, rc ? NULL : err);
	/* Half of two recordings mixed is of no use; a half that ends early is. */
	if (rc == -EINVAL && !lstat(output, &st) && S_ISREG(st.st_mode))
		unlink(output);
	return rc ? rc : closed;
}

int trace_merge_files(const char *const *paths, uint32_t nr_paths, const char *output, bool (*stop)(void),
		      struct trace_merge_result *result, struct mmr_error *err)
{
	struct merge m = {.nr = nr_paths, .result = result};
	int rc;

	*result = (struct trace_merge_result){0};
	m.sources = calloc(nr_paths, sizeof(*m.sources));
	m.cpu_source = calloc(MAX_CPUS, sizeof(*m.cpu_source));
	if (!m.sources || !m.cpu_source)
		rc = mmr_err(err, -ENOMEM, "%s: no memory to merge %u files", output, nr_paths);
	else
		rc = open_all(&m, paths, err);
	if (!rc)
		rc = write_merged(&m, output, stop, err);
	for (uint32_t i = 0; m.sources && i < nr_paths; i++) {
		trace_copy_destroy(m.sources[i].copy);
		trace_reader_close(m.sources[i].reader);
	}
	merge_tree_deinit(&m.tree);
	free(m.sources);
	free(m.cpu_source);
	return rc;
}
