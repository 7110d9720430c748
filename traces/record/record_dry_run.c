// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Everything has been tried by then: the programs are loaded, so the kernel's verifier has accepted
 * them, and the page structs and zones are found. Only no event is recorded.
 */
#include "traces/record/record_dry_run.h"

#include "traces/record/record_privileges.h"

static void print_hooks(const struct record_dry_run *d, FILE *out)
{
	const char *program, *where;
	uint64_t ns;

	for (unsigned int nr = 0; (where = record_capture_hook(d->capture, nr, &program)); nr++) {
		const char *first = record_capture_later(d->capture, program, &ns);

		if (first)
			fprintf(out, "attach: %s (program %s, when an interrupt has come into %s)\n", where,
				program, first);
		else
			fprintf(out, "attach: %s (program %s)\n", where, program);
	}
	if (!d->options->no_keyframes)
		fprintf(out,
			"attach: raw_tp/mm_page_alloc_zone_locked, raw_tp/mm_page_pcpu_drain (while a keyframe "
			"is taken)\n");
}

static unsigned int lacks(FILE *out, bool it_does, const char *what)
{
	if (it_does)
		fprintf(out, "lacks: %s\n", what);
	return it_does;
}

static void print_lacks(const struct record_dry_run *d, FILE *out)
{
	unsigned int nr = 0;
	char text[160];

	nr += lacks(out, !d->tracefs,
		    "tracefs: extfrag events will not say whether the pageblock changed its type");
	nr += lacks(out, record_capture_may_lose(d->capture),
		    "a way to record all events of preempted tasks (this kernel's tracepoints leave preemption "
		    "on, and tracefs is needed for what is called with it off); lost events will be counted");
	nr += lacks(out, !d->probe->stack_tells,
		    "a sign of interrupts: events will not say whether they came in one");
	nr += lacks(out, !d->options->no_keyframes && !d->probe->percpu_offsets,
		    "per-CPU offsets: keyframes will have no per-CPU lists");
	nr += lacks(out, !d->options->no_keyframes && !d->probe->section_table,
		    "the table of memory sections: keyframes will have no pageblock types (finding it needs "
		    "CAP_SYSLOG, and CAP_SYS_ADMIN too where /proc/kallsyms does not list data)");
	for (unsigned int i = 0; record_capture_lack(d->capture, i, text, sizeof(text)); i++)
		nr += lacks(out, true, text);
	if (!nr)
		fprintf(out, "lacks: nothing\n");
}

static void print_limits(const struct record_dry_run *d, FILE *out)
{
	const struct record_options *o = d->options;

	fprintf(out,
		"memory: %.1f MiB: %u rings of %llu KiB, %u events per CPU waiting for their block, keyframes "
		"of up "
		"to %llu blocks\n",
		(double)record_sizes_bytes(d->sizes) / (1 << 20), d->sizes->nr_cpus,
		(unsigned long long)d->sizes->ring_bytes >> 10, d->sizes->block_events,
		(unsigned long long)d->sizes->max_blocks);
	if (o->max_hold_ms > 0)
		fprintf(out, "limit: a zone's lock held for %g ms at a time\n", o->max_hold_ms);
	if (o->max_rate > 0)
		fprintf(out, "limit: %.0f events a second\n", o->max_rate);
	if (o->max_file_bytes)
		fprintf(out, "limit: files of %llu bytes\n", (unsigned long long)o->max_file_bytes);
	if (record_filter_set(&o->filter))
		fprintf(out, "filter: the recording will be partial: run warns, verify refuses it\n");
}

void record_dry_run_print(const struct record_dry_run *d, FILE *out)
{
	char missing[80];

	record_privileges_missing(missing, sizeof(missing));
	if (d->kernel_release)
		fprintf(out, "kernel: %s\n", d->kernel_release);
	fprintf(out, "privileges: %s%s\n", missing[0] ? "missing: " : "all that are needed", missing);
	fprintf(out, "tracefs: %s\n", d->tracefs ? "readable" : "not readable");
	if (!d->refused) {
		print_hooks(d, out);
		if (!d->options->no_keyframes)
			fprintf(out, "keyframes: %u of %u zones found\n", d->probe->nr_zones, d->nr_zones);
		print_limits(d, out);
		print_lacks(d, out);
	}
	fprintf(out, "recording: %s%s\n", d->refused ? "not possible: " : "possible",
		d->refused ? d->refused : "");
}
