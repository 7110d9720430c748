// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay-record: records what the running kernel's page allocator does into a .mmt file. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "traces/record/host_tracefs.h"
#include "traces/record/record_capture.h"
#include "traces/record/record_command.h"
#include "traces/record/record_dry_run.h"
#include "traces/record/record_error.h"
#include "traces/record/record_host.h"
#include "traces/record/record_keyframe.h"
#include "traces/record/record_limits.h"
#include "traces/record/record_options.h"
#include "traces/record/record_output.h"
#include "traces/record/record_pageblock.h"
#include "traces/record/record_privileges.h"
#include "traces/record/record_probe.h"
#include "traces/record/record_summary.h"

/* What a kill can cost on a quiet machine, where a block takes long to fill. */
#define FLUSH_NS 2000000000ULL
/* After a loss nobody knows the lists until the next keyframes; but their pauses have to stay rare. */
#define AFTER_LOSS_NS 1000000000ULL

/* Everything one recording holds. */
struct session {
	const struct record_options *options;
	int tracefs;
	struct trace_machine machine;
	struct gfp_map map;
	struct record_sizes sizes;
	struct record_probe *probe;
	struct record_capture *capture;
	struct record_output output;
	struct record_keyframe_stats keyframes;
	struct record_command command;
	struct record_rate rate;
	struct record_summary summary;
	uint64_t start_ns, paused_at_ns;
	uint64_t flushed_ns, keyframes_ns;
	uint64_t known_lost; /* losses that keyframes have followed */
	uint64_t keyframes_held_ns; /* how long the latest ones locked zones, together */
};

static volatile sig_atomic_t stop_signal;

static void note_signal(int nr)
{
	stop_signal = nr;
}

static void nothing(int nr)
{
}

static void catch_signals(void)
{
	struct sigaction stop = {.sa_handler = note_signal}, child = {.sa_handler = nothing};

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
	sigaction(SIGCHLD, &child, NULL); /* only to end a sleep */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a write that fails, with a message */
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* ---- running ------------------------------------------------------------------------------- */

/* How long the next nap may be: rings that fill up are read again at once. */
static uint64_t nap_ns(unsigned int filled)
{
	if (filled > 64)
		return 0;
	return filled > 8 ? 1000000 : 10000000;
}

static int take_keyframes(struct session *s, uint32_t flags, struct mmr_error *err)
{
	uint64_t held_ns = s->keyframes.held_ns;
	int rc;

	if (s->options->no_keyframes)
		return 0;
	s->known_lost = record_capture_counts(s->capture)->nr_lost;
	record_capture_known(s->capture);
	rc = record_keyframes_take(s->probe, s->capture, s->output.writer, flags, &s->keyframes, err);
	s->keyframes_ns = now_ns();
	s->keyframes_held_ns = s->keyframes.held_ns - held_ns;
	return rc;
}

static bool keyframes_due(const struct session *s, uint64_t now)
{
	double since = (double)(now - s->keyframes_ns);

	if (s->options->keyframe_seconds > 0 && since > s->options->keyframe_seconds * 1e9)
		return true;
	/* Compaction may never end: zones are locked for a fiftieth of the time at most. */
	if (record_capture_untraced(s->capture) && since > AFTER_LOSS_NS &&
	    since > 50.0 * (double)s->keyframes_held_ns)
		return true;
	return record_capture_counts(s->capture)->nr_lost > s->known_lost && since > AFTER_LOSS_NS &&
	       !s->rate.paused;
}

static void keep_rate(struct session *s, uint64_t now)
{
	bool before = s->rate.paused;
	const struct record_counts *c = record_capture_counts(s->capture);

	if (record_rate_paused(&s->rate, now, c->nr_events + c->nr_filtered) == before)
		return;
	record_capture_pause(s->capture, !before);
	if (before)
		s->summary.paused_ns += now - s->paused_at_ns;
	else
		s->summary.nr_pauses++;
	s->paused_at_ns = now;
}

/* What waits goes to the file, which then is as whole as a kill may find it. */
static int flush(struct session *s, uint64_t now, struct mmr_error *err)
{
	int rc = record_capture_settle(s->capture, err);

	s->flushed_ns = now;
	return rc ? rc : trace_writer_flush(s->output.writer, err);
}

static int rotate(struct session *s, uint64_t now, struct mmr_error *err)
{
	int rc = flush(s, now, err);

	if (!rc)
		rc = record_output_rotate(&s->output, now, err);
	if (rc)
		return rc;
	record_capture_another_file(s->capture);
	rc = take_keyframes(s, TRACE_KF_FIRST, err);
	record_output_begun(&s->output);
	return rc;
}

/* One turn of the loop. Return: 0, or -errno. */
static int turn(struct session *s, uint64_t now, struct mmr_error *err)
{
	int rc = 0;

	keep_rate(s, now);
	s->summary.file_full =
		s->options->max_file_bytes && record_output_bytes(&s->output) >= s->options->max_file_bytes;
	if (record_output_due(&s->output, now))
		rc = rotate(s, now, err);
	else if (keyframes_due(s, now))
		rc = take_keyframes(s, 0, err);
	if (!rc && now - s->flushed_ns > FLUSH_NS)
		rc = flush(s, now, err);
	return rc;
}

static int record_until_done(struct session *s, struct mmr_error *err)
{
	uint64_t end_ns =
		s->options->seconds > 0 ? s->start_ns + (uint64_t)(s->options->seconds * 1e9) : UINT64_MAX;
	struct record_progress progress;
	int rc = 0;

	record_progress_init(&progress, s->options->quiet, s->start_ns);
	record_rate_init(&s->rate, s->options->max_rate, s->start_ns);
	s->flushed_ns = s->start_ns;
	while (!stop_signal && !record_command_ended(&s->command) && !s->summary.file_full && !rc) {
		unsigned int filled;
		uint64_t now, nap;

		rc = record_capture_drain(s->capture, &filled, err);
		now = now_ns();
		if (now >= end_ns)
			break;
		if (!rc)
			rc = turn(s, now, err);
		record_progress_show(&progress, now, record_capture_counts(s->capture),
				     record_output_bytes(&s->output));
		nap = nap_ns(filled);
		if (nap > end_ns - now)
			nap = end_ns - now;
		if (nap)
			nanosleep(&(struct timespec){.tv_nsec = (long)nap}, NULL);
	}
	record_progress_end(&progress);
	return rc;
}

/* ---- a recording from beginning to end ----------------------------------------------------- */

/* What only the recorder finds out goes among what the kernel's BTF says. */
static void set_feature(struct trace_machine *m, const char *name, int64_t value)
{
	for (uint32_t i = 0; i < m->nr_features; i++)
		if (!strcmp(m->features[i].name, name))
			m->features[i].value = value;
}

static int describe(struct session *s, struct mmr_error *err)
{
	/* The names of tasks, most of all. */
	char *command = s->options->no_names ? strdup("") : record_command_join(s->options->command);
	int rc = command ? record_host_describe("", s->tracefs, command, &s->machine, err)
			 : mmr_err(err, -ENOMEM, "no memory for the command line");

	free(command);
	if (!rc && record_filter_mark(&s->options->filter, &s->machine))
		rc = mmr_err(err, -ENOMEM, "no memory for the filters' names");
	if (!rc)
		gfp_map_init(&s->map, &s->machine);
	return rc;
}

static int fit_sizes(struct session *s, struct mmr_error *err)
{
	uint64_t end_pfn = 0, pages = 0;

	for (uint32_t i = 0; i < s->machine.nr_zones; i++)
		pages += s->machine.zones[i].managed_pages;
	for (uint32_t i = 0; i < s->machine.nr_zones; i++)
		if (s->machine.zones[i].start_pfn + s->machine.zones[i].spanned_pages > end_pfn)
			end_pfn = s->machine.zones[i].start_pfn + s->machine.zones[i].spanned_pages;
	s->sizes = (struct record_sizes){
		.nr_cpus = record_capture_nr_online(s->machine.nr_cpus),
		.ring_bytes = s->options->ring_bytes,
		.block_events = trace_writer_block_events(s->machine.nr_cpus),
		.max_blocks = s->options->no_keyframes ? 0 : s->options->max_blocks,
		.fixed_bytes = RECORD_BASE_BYTES,
	};
	if (!s->sizes.ring_bytes)
		s->sizes.ring_bytes = record_sizes_ring(pages * s->machine.page_size, s->sizes.nr_cpus);
	if (record_filter_set(&s->options->filter))
		s->sizes.fixed_bytes += end_pfn / 4; /* two bits a page */
	if (s->options->stacks)
		s->sizes.fixed_bytes += RECORD_STACKS_BYTES;
	return record_sizes_fit(&s->sizes, s->options->max_memory_bytes, err);
}

/* The pages on a CPU's lists are told as tasks and interrupts take turns at them. */
static void count_lists(struct session *s)
{
	uint64_t zones[REC_COUNTED_ZONES] = {0};
	uint32_t nr = s->machine.nr_zones < REC_COUNTED_ZONES ? s->machine.nr_zones : REC_COUNTED_ZONES;

	for (uint32_t i = 0; i < nr; i++) {
		const struct trace_zone *zone = &s->machine.zones[i];

		for (uint32_t k = 0; k < s->probe->nr_zones; k++) {
			if (s->probe->zones[k].nid == zone->nid && s->probe->zones[k].zone == zone->zone)
				zones[i] = s->probe->zones[k].address;
		}
	}
	record_capture_count(s->capture, zones, nr);
}

static int prepare(struct session *s, struct mmr_error *err)
{
	struct record_capture_options capture = {
		.names = !s->options->no_names,
		.extras = s->options->extras,
		.page_cache = s->options->page_cache,
		.stacks = s->options->stacks,
		.cgroups = s->options->cgroups,
		.filter = &s->options->filter,
		.lean = s->options->lean,
	};
	struct mmr_error no_tracefs;
	int rc = record_check_host(err);

	if (rc)
		return rc;
	capture.tracefs = s->tracefs = host_tracefs_open(&no_tracefs);
	rc = describe(s, err);
	if (!rc)
		rc = fit_sizes(s, err);
	if (rc)
		return rc;
	capture.ring_bytes = s->sizes.ring_bytes;
	capture.nr_nodes = s->machine.nr_nodes;
	for (uint32_t i = 0; i < s->machine.nr_zones; i++)
		if (s->machine.zones[i].managed_pages && s->machine.zones[i].nid < 64)
			capture.memory_nodes |= 1ULL << s->machine.zones[i].nid;
	rc = record_capture_create(s->machine.nr_cpus, &capture, &s->capture, err);
	if (!rc)
		rc = record_probe_create(s->machine.nr_cpus, (uint32_t)s->options->max_blocks, &s->probe, err);
	if (!rc)
		rc = record_probe_learn_pages(s->probe, s->tracefs, err);
	if (!rc)
		s->probe->max_hold_ns = (uint64_t)(s->options->max_hold_ms * 1e6);
	if (!rc)
		set_feature(&s->machine, "irq_context", s->probe->stack_tells);
	if (!rc)
		record_capture_percpu(s->capture, s->probe->offsets);
	if (rc == -EIO && s->tracefs < 0) /* it could not be done without: say what is missing */
		*err = no_tracefs;
	if (!rc && !s->options->no_keyframes)
		rc = record_probe_find_zones(s->probe, &s->machine, &s->map, err);
	if (!rc && !s->options->no_keyframes)
		record_pageblocks_find(s->probe);
	if (!rc && !s->options->no_keyframes && s->probe->percpu_offsets)
		count_lists(s);
	if (!rc)
		rc = record_capture_describe(s->capture, &s->machine, err);
	return rc;
}

/* From the first event to the file's final name. */
static int start(struct session *s, struct mmr_error *err)
{
	int rc = record_output_open(&s->output, s->options, &s->machine, s->sizes.block_events, err);

	if (!rc)
		rc = record_capture_start(s->capture, s->output.writer, &s->map, &s->probe->pages, &s->machine,
					  s->probe->stack_tells, err);
	if (!rc)
		rc = take_keyframes(s, TRACE_KF_FIRST, err);
	if (!rc)
		record_output_begun(&s->output);
	if (!rc)
		rc = record_privileges_drop(!s->options->no_keyframes, err);
	if (!rc)
		rc = record_output_commit(&s->output, now_ns(), err);
	if (rc)
		record_output_discard(&s->output);
	return rc;
}

static int record(struct session *s, struct mmr_error *err)
{
	struct mmr_error closing;
	int rc = start(s, err);

	if (!rc) {
		rc = record_command_release(&s->command, err);
		s->start_ns = now_ns();
	}
	if (!rc)
		rc = record_until_done(s, err);
	if (!rc)
		rc = take_keyframes(s, TRACE_KF_LAST, err);
	record_command_end(&s->command, stop_signal);
	if (!rc)
		rc = record_capture_stop(s->capture, err);
	s->summary.nr_files = s->output.nr;
	s->summary.nr_kept = s->output.nr ? s->output.nr - s->output.first_kept + 1 : 0;
	/* Also after an error: what the file has so far becomes a whole trace where that is possible. */
	if (record_output_close(&s->output, &s->summary.bytes, &closing) && !rc) {
		*err = closing;
		rc = closing.code;
	}
	return rc;
}

static void print_summary(struct session *s)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	s->summary.options = s->options;
	s->summary.capture = s->capture;
	s->summary.keyframes = &s->keyframes;
	s->summary.nr_cpus = s->machine.nr_cpus;
	s->summary.seconds_ns = now_ns() - s->start_ns;
	s->summary.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	s->summary.max_resident_bytes = (uint64_t)usage.ru_maxrss << 10;
	record_summary_print(&s->summary);
}

static int exit_status(const struct session *s)
{
	bool ended_by_us = stop_signal || s->options->seconds > 0 || s->summary.file_full;

	if (!s->command.ended)
		return EXIT_OK;
	if (WIFSIGNALED(s->command.status)) /* on request: that is no failure */
		return ended_by_us ? EXIT_OK : 128 + WTERMSIG(s->command.status);
	return WEXITSTATUS(s->command.status);
}

/* Not to be swapped out or scheduled behind what it records; both only where it is permitted. */
static void take_precedence(void)
{
	setpriority(PRIO_PROCESS, 0, -10);
	mlockall(MCL_CURRENT);
}

static void session_deinit(struct session *s)
{
	record_capture_destroy(s->capture);
	record_probe_destroy(s->probe);
	trace_machine_deinit(&s->machine);
}

static int dry_run(struct session *s)
{
	struct mmr_error err = {0};
	int rc = prepare(s, &err);
	struct record_dry_run facts = {
		.options = s->options,
		.kernel_release = s->machine.kernel_release,
		.capture = s->capture,
		.probe = s->probe,
		.sizes = &s->sizes,
		.nr_zones = s->machine.nr_zones,
		.tracefs = s->tracefs >= 0,
		.refused = rc ? err.msg : NULL,
	};

	record_dry_run_print(&facts, stdout);
	session_deinit(s);
	return rc ? EXIT_FAILED : EXIT_OK;
}

int main(int argc, char **argv)
{
	struct record_options options;
	struct session s = {.options = &options, .tracefs = -1, .command = RECORD_COMMAND_NONE};
	struct mmr_error err = {0};
	int rc;

	record_options_parse(argc, argv, &options);
	catch_signals();
	record_bpf_log(options.verbose);
	if (options.dry_run)
		return dry_run(&s);
	s.command.quiet_stdout = record_options_to_stdout(&options);
	rc = record_command_prepare(&s.command, options.command, &err);
	if (!rc)
		rc = prepare(&s, &err);
	if (!rc) {
		take_precedence();
		rc = record(&s, &err);
	}
	record_command_end(&s.command, stop_signal);
	if (rc)
		fprintf(stderr, "mmreplay-record: %s\n", err.msg);
	if (s.start_ns && !options.quiet)
		print_summary(&s);
	rc = rc ? EXIT_FAILED : exit_status(&s);
	session_deinit(&s);
	return rc;
}
