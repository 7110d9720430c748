// SPDX-License-Identifier: GPL-2.0-or-later
#include "traces/record/record_summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static void print_events(const struct record_summary *s, const struct record_counts *c)
{
	for (int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
		if (type < TRACE_NR_PAGE_EVENTS || c->events[type])
			fprintf(stderr, "  %-13s %12" PRIu64 "\n", trace_event_type_name(type),
				c->events[type]);
	if (record_filter_set(&s->options->filter))
		fprintf(stderr, "  %-13s %12" PRIu64 "\n", "filtered out", c->nr_filtered);
	fprintf(stderr, "  %-13s %12" PRIu64 "\n", "lost", c->nr_lost);
	for (uint32_t cpu = 0; cpu < s->nr_cpus; cpu++)
		if (record_capture_lost_on(s->capture, cpu))
			fprintf(stderr, "    on CPU %-5u %12" PRIu64 "\n", cpu,
				record_capture_lost_on(s->capture, cpu));
}

static void print_later(const struct record_capture *c)
{
	const char *program, *first;
	uint64_t ns;

	for (unsigned int nr = 0; record_capture_hook(c, nr, &program); nr++) {
		first = record_capture_later(c, program, &ns);
		if (first && ns)
			fprintf(stderr,
				"  %s was interrupted while it recorded: from second %.1f on it has a second "
				"program\n",
				first, (double)ns / 1e9);
	}
}

static void print_notes(const struct record_summary *s, const struct record_counts *c)
{
	if (s->file_full)
		fprintf(stderr, "  stopped early: the file reached --max-file\n");
	if (s->nr_pauses)
		fprintf(stderr, "  --max-rate was reached %" PRIu64 " times: paused for %.1f s in all\n",
			s->nr_pauses, (double)s->paused_ns / 1e9);
	if (c->nr_skipped)
		fprintf(stderr,
			"  %" PRIu64 " events interrupted the recording of another; %" PRIu64 " of them kept\n",
			c->nr_skipped, c->nr_nested);
	print_later(s->capture);
	if (c->nr_moved + c->nr_late)
		fprintf(stderr,
			"  %" PRIu64 " events came late from their ring and were put at their place; %" PRIu64
			" found it written already\n",
			c->nr_moved, c->nr_late);
	fprintf(stderr, "  recorder: %.2f s of CPU time in %.2f s (%.1f %% of one CPU), %.0f MiB of memory\n",
		(double)s->cpu_ns / 1e9, (double)s->seconds_ns / 1e9,
		s->seconds_ns ? 100.0 * (double)s->cpu_ns / (double)s->seconds_ns : 0.0,
		mib(s->max_resident_bytes));
}

static void print_keyframes(const struct record_keyframe_stats *k)
{
	if (!k->nr)
		return;
	fprintf(stderr,
		"  keyframes: %u of %" PRIu64 " free blocks and %" PRIu64
		" per-CPU pages (%u under the zone's lock, %u idle, %u partial); a zone's lock was held for "
		"%.2f "
		"ms at most, %.2f ms in all\n",
		k->nr, k->blocks, k->pcp_pages, k->locked, k->idle, k->partial, (double)k->longest_ns / 1e6,
		(double)k->held_ns / 1e6);
	if (k->in_parts)
		fprintf(stderr,
			"  %u of them were read in parts, %u parts in all, to hold no lock longer than "
			"--keyframe-max-hold\n",
			k->in_parts, k->parts);
	if (k->missing)
		fprintf(stderr, "  partial keyframes leave out %" PRIu64 " free blocks\n", k->missing);
}

void record_summary_print(const struct record_summary *s)
{
	const struct record_counts *c = record_capture_counts(s->capture);

	fprintf(stderr, "%s: %" PRIu64 " events, %.2f MiB", s->options->output, c->nr_events, mib(s->bytes));
	if (s->nr_files > s->nr_kept)
		fprintf(stderr, " in the last %lu of %lu files\n", s->nr_kept, s->nr_files);
	else if (s->nr_files)
		fprintf(stderr, " in %lu file%s, %.2f bytes/event\n", s->nr_files, s->nr_files > 1 ? "s" : "",
			c->nr_events ? (double)s->bytes / (double)c->nr_events : 0.0);
	else
		fprintf(stderr, ", %.2f bytes/event\n",
			c->nr_events ? (double)s->bytes / (double)c->nr_events : 0.0);
	print_events(s, c);
	print_notes(s, c);
	print_keyframes(s->keyframes);
}

/* ---- while it records ---------------------------------------------------------------------- */

void record_progress_init(struct record_progress *p, bool quiet, uint64_t now_ns)
{
	*p = (struct record_progress){!quiet && isatty(STDERR_FILENO), now_ns, now_ns, 0};
}

void record_progress_show(struct record_progress *p, uint64_t now_ns, const struct record_counts *counts,
			  uint64_t bytes)
{
	double seconds = (double)(now_ns - p->shown_ns) / 1e9;

	if (!p->wanted || seconds <= 0.5)
		return;
	fprintf(stderr, "\r%7.1f s  %12" PRIu64 " events  %9.0f /s  lost %" PRIu64 "  %.1f MiB ",
		(double)(now_ns - p->begun_ns) / 1e9, counts->nr_events,
		(double)(counts->nr_events - p->shown_events) / seconds, counts->nr_lost, mib(bytes));
	p->shown_ns = now_ns;
	p->shown_events = counts->nr_events;
}

void record_progress_end(const struct record_progress *p)
{
	if (p->wanted)
		fputc('\n', stderr);
}
