// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay-record: records what the running kernel's page allocator does into a .mmt file. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "traces/host_tracefs.h"
#include "traces/record_capture.h"
#include "traces/record_dry_run.h"
#include "traces/record_error.h"
#include "traces/record_host.h"
#include "traces/record_keyframe.h"
#include "traces/record_pageblock.h"
#include "traces/record_privileges.h"
#include "traces/record_probe.h"

/* What a kill can cost on a quiet machine, where a block takes long to fill. */
#define FLUSH_NS 2000000000ULL

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE };

struct options {
	const char *output;
	double seconds; /* 0: until a signal or the command's end */
	unsigned long ring_mib;
	unsigned long max_blocks;
	double keyframe_seconds; /* 0: at start and end only */
	double max_hold_ms; /* 0: no limit */
	unsigned long long max_file_bytes; /* 0: no ceiling */
	bool dry_run, no_names, no_keyframes, quiet, verbose;
	char **command; /* NULL-terminated; NULL: whole system until told to stop */
};

/* ---- command line -------------------------------------------------------------------------- */

const char *argp_program_version = "mmreplay-record 0.1.0";

enum {
	OPT_NO_NAMES = 256,
	OPT_RING_MIB,
	OPT_NO_KEYFRAMES,
	OPT_MAX_BLOCKS,
	OPT_KEYFRAME_EVERY,
	OPT_MAX_HOLD,
	OPT_DRY_RUN,
	OPT_MAX_FILE
};

static const struct argp_option option_table[] = {
	{"output", 'o', "FILE", 0, "Write the trace to FILE (required); an existing file is replaced", 0},
	{"duration", 'd', "SECONDS", 0, "Stop after SECONDS; fractions are allowed", 0},
	{"no-names", OPT_NO_NAMES, NULL, 0, "Leave task names out of the trace", 0},
	{"ring-mib", OPT_RING_MIB, "N", 0, "Size of each CPU's ring buffer in MiB, a power of two (default 8)",
	 0},
	{"no-keyframes", OPT_NO_KEYFRAMES, NULL, 0, "Leave the state of the free lists out at start and end",
	 0},
	{"keyframe-max-blocks", OPT_MAX_BLOCKS, "N", 0,
	 "Stop noting a zone's free blocks after N (default 1048576); its lock is held meanwhile, about 0.1 ms "
	 "per "
	 "thousand blocks",
	 0},
	{"keyframe-every", OPT_KEYFRAME_EVERY, "SECONDS", 0,
	 "Take keyframes during the recording too, SECONDS apart; fractions are allowed", 0},
	{"keyframe-max-hold", OPT_MAX_HOLD, "MS", 0,
	 "Hold a zone's lock for a keyframe no longer than about MS milliseconds; fractions are allowed. A "
	 "zone "
	 "that takes longer gets a keyframe marked partial, with the number of blocks it leaves out",
	 0},
	{"dry-run", OPT_DRY_RUN, NULL, 0,
	 "Say on stdout what would be attached, what this kernel and this process lack, and whether a "
	 "recording is "
	 "possible (exit 0) or not (exit 1); the programs are loaded, but nothing is recorded and CMD is not "
	 "run",
	 0},
	{"max-file", OPT_MAX_FILE, "SIZE", 0,
	 "Stop as soon as FILE has SIZE bytes (suffix K, M or G), as after SECONDS; the last keyframes and the "
	 "open "
	 "blocks come on top",
	 0},
	{"quiet", 'q', NULL, 0, "No progress line and no closing summary", 0},
	{"verbose", 'v', NULL, 0, "Show libbpf's messages", 0},
	{0},
};

static const char doc[] =
	"Record the page allocator of the running kernel: the whole system, until SECONDS have passed, CMD has "
	"ended, or SIGINT or SIGTERM arrives."
	"\v"
	"Examples:\n"
	"  mmreplay-record -o idle.mmt -d 10            ten seconds of everything\n"
	"  mmreplay-record -o build.mmt -- make -j8     everything while make runs\n"
	"  mmreplay-record -o prod.mmt --no-names       until ^C, without task names\n"
	"  mmreplay-record --dry-run                    can this machine be recorded?\n"
	"  mmreplay-record -o day.mmt --keyframe-every 600 --keyframe-max-hold 2\n"
	"      until ^C, free lists every ten minutes, zones locked for 2 ms at most\n"
	"\n"
	"Needs CAP_BPF, CAP_PERFMON and, to read tracefs, CAP_DAC_READ_SEARCH: run as root, or once\n"
	"  sudo setcap cap_bpf,cap_perfmon,cap_dac_read_search+ep mmreplay-record\n"
	"For the pageblocks' types in keyframes CAP_SYSLOG as well, and\n"
	"CAP_SYS_ADMIN where /proc/kallsyms does not list the kernel's data.\n"
	"Once everything is attached it keeps CAP_BPF and CAP_PERFMON only, and none with --no-keyframes.\n"
	"\n"
	"Exit status: 0 recorded; 1 recording failed; 2 usage. With CMD, CMD's own status is passed on where "
	"recording worked: 127 where there is no such command, 128 plus the number of a signal that ended it.";

static unsigned long parse_number(const char *text, unsigned long max, const char *what,
				  struct argp_state *state)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || !value || value > max)
		argp_error(state, "%s: found \"%s\", expected a whole number from 1 to %lu", what, text, max);
	return value;
}

static double parse_time(const char *text, const char *what, const char *unit, struct argp_state *state)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !isfinite(value) || value <= 0 || value > 1e9)
		argp_error(state, "%s: found \"%s\", expected a number of %s above 0", what, text, unit);
	return value;
}

static unsigned long long parse_size(const char *text, struct argp_state *state)
{
	static const char suffixes[] = "KMG";
	const char *suffix;
	char *end;
	unsigned long long value;
	int shift = 0;

	errno = 0;
	value = strtoull(text, &end, 10);
	suffix = *end ? strchr(suffixes, *end) : NULL;
	if (suffix)
		shift = 10 * (int)(suffix - suffixes + 1);
	if (errno || end == text || text[0] == '-' || !value ||
	    value > (unsigned long long)INT64_MAX >> shift || (*end && (!suffix || end[1])))
		argp_error(state, "--max-file: found \"%s\", expected a size such as 500M", text);
	return value << shift;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		break;
	case 'd':
		o->seconds = parse_time(arg, "--duration", "seconds", state);
		break;
	case OPT_NO_NAMES:
		o->no_names = true;
		break;
	case OPT_RING_MIB:
		o->ring_mib = parse_number(arg, 1024, "--ring-mib", state);
		if (o->ring_mib & (o->ring_mib - 1))
			argp_error(state, "--ring-mib: found %lu, expected a power of two", o->ring_mib);
		break;
	case OPT_NO_KEYFRAMES:
		o->no_keyframes = true;
		break;
	case OPT_MAX_BLOCKS:
		o->max_blocks = parse_number(arg, 8000000, "--keyframe-max-blocks", state);
		break;
	case OPT_KEYFRAME_EVERY:
		o->keyframe_seconds = parse_time(arg, "--keyframe-every", "seconds", state);
		break;
	case OPT_MAX_HOLD:
		o->max_hold_ms = parse_time(arg, "--keyframe-max-hold", "milliseconds", state);
		break;
	case OPT_DRY_RUN:
		o->dry_run = true;
		break;
	case OPT_MAX_FILE:
		o->max_file_bytes = parse_size(arg, state);
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'v':
		o->verbose = true;
		break;
	case ARGP_KEY_ARGS:
		o->command = state->argv + state->next;
		break;
	case ARGP_KEY_END:
		if (!o->output && !o->dry_run)
			argp_error(state, "no output file: give -o FILE");
		if (o->no_keyframes && o->keyframe_seconds > 0)
			argp_error(state, "--keyframe-every: found together with --no-keyframes");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* ---- the session: everything one recording holds ------------------------------------------- */

struct session {
	const struct options *options;
	int tracefs;
	struct trace_machine machine;
	struct gfp_map map;
	struct record_probe *probe;
	struct record_capture *capture;
	struct trace_writer *writer;
	struct record_keyframe_stats keyframes;
	pid_t child;
	int child_go; /* write end: closing it lets the command start */
	int child_status;
	bool child_done;
	int output; /* the trace, for asking its size: its path may be out of reach without capabilities */
	bool file_full;
	uint64_t start_ns;
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

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* The command line in one string, for the trace's header. */
static char *join_command(char **command)
{
	size_t bytes = 1;
	char *text;

	for (char **word = command; word && *word; word++)
		bytes += strlen(*word) + 1;
	text = calloc(1, bytes);
	for (char **word = command; text && word && *word; word++) {
		strcat(text, *word);
		if (word[1])
			strcat(text, " ");
	}
	return text;
}

/* ---- the command --------------------------------------------------------------------------- */

/* Forks CMD, held back until the recording runs, so that its first page is in the trace. */
static int prepare_command(struct session *s, struct mmr_error *err)
{
	int go[2];

	s->child_go = -1;
	if (!s->options->command)
		return 0;
	if (pipe2(go, O_CLOEXEC))
		return mmr_err(err, -errno, "pipe: %s", strerror(errno));
	s->child = fork();
	if (s->child < 0) {
		int rc = mmr_err(err, -errno, "fork: %s", strerror(errno));

		close(go[0]);
		close(go[1]);
		return rc;
	}
	if (!s->child) {
		char word;

		close(go[1]);
		/* What is ignored stays so across exec, and the command is to run as it always does. */
		signal(SIGPIPE, SIG_DFL);
		signal(SIGXFSZ, SIG_DFL);
		if (read(go[0], &word, 1) != 1) /* the recorder gave up before it began */
			_exit(EXIT_FAILED);
		execvp(s->options->command[0], s->options->command);
		fprintf(stderr, "mmreplay-record: %s: %s\n", s->options->command[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	close(go[0]);
	s->child_go = go[1];
	return 0;
}

static int release_command(struct session *s, struct mmr_error *err)
{
	if (s->child_go < 0)
		return 0;
	if (write(s->child_go, "g", 1) != 1)
		return mmr_err(err, -errno, "starting %s: %s", s->options->command[0], strerror(errno));
	close(s->child_go);
	s->child_go = -1;
	return 0;
}

static void reap_command(struct session *s)
{
	if (s->child > 0 && !s->child_done && waitpid(s->child, &s->child_status, WNOHANG) == s->child)
		s->child_done = true;
}

/* Recording ends before the command does: it is told to stop, as `timeout` would. */
static void end_command(struct session *s)
{
	if (s->child_go >= 0)
		close(s->child_go);
	s->child_go = -1;
	if (s->child <= 0 || s->child_done)
		return;
	kill(s->child, stop_signal ? stop_signal : SIGTERM);
	while (waitpid(s->child, &s->child_status, 0) < 0 && errno == EINTR)
		;
	s->child_done = true;
}

/* ---- running ------------------------------------------------------------------------------- */

static uint64_t file_bytes(const struct session *s)
{
	struct stat st = {0};

	fstat(s->output, &st);
	return (uint64_t)st.st_size;
}

static void show_progress(const struct session *s, uint64_t now, uint64_t *shown_ns, uint64_t *shown_events)
{
	const struct record_counts *c = record_capture_counts(s->capture);
	double seconds = (double)(now - *shown_ns) / 1e9;
	fprintf(stderr, "\r%7.1f s  %12" PRIu64 " events  %9.0f /s  lost %" PRIu64 "  %.1f MiB ",
		(double)(now - s->start_ns) / 1e9, c->nr_events,
		(double)(c->nr_events - *shown_events) / seconds, c->nr_lost,
		(double)file_bytes(s) / (1 << 20));
	*shown_ns = now;
	*shown_events = c->nr_events;
}

/* How long the next nap may be: rings that fill up are read again at once. */
static long nap_ns(unsigned int filled)
{
	if (filled > 64)
		return 0;
	return filled > 8 ? 1000000 : 10000000;
}

static int take_keyframes(struct session *s, uint32_t flags, struct mmr_error *err)
{
	if (s->options->no_keyframes)
		return 0;
	return record_keyframes_take(s->probe, s->capture, s->writer, flags, &s->keyframes, err);
}

static int record_until_done(struct session *s, struct mmr_error *err)
{
	uint64_t end_ns =
		s->options->seconds > 0 ? s->start_ns + (uint64_t)(s->options->seconds * 1e9) : UINT64_MAX;
	bool progress = !s->options->quiet && isatty(STDERR_FILENO);
	uint64_t shown_ns = s->start_ns, shown_events = 0, flushed_ns = s->start_ns;
	uint64_t every_ns = (uint64_t)(s->options->keyframe_seconds * 1e9), keyframes_ns = s->start_ns;
	int rc = 0;

	while (!stop_signal && !s->child_done && !s->file_full && !rc) {
		unsigned int filled;
		uint64_t now;
		long nap;

		rc = record_capture_drain(s->capture, &filled, err);
		now = now_ns();
		if (now >= end_ns)
			break;
		reap_command(s);
		s->file_full = s->options->max_file_bytes && file_bytes(s) >= s->options->max_file_bytes;
		if (!rc && every_ns && now - keyframes_ns > every_ns) {
			rc = take_keyframes(s, 0, err);
			keyframes_ns = now;
		}
		if (!rc && now - flushed_ns > FLUSH_NS) {
			rc = record_capture_settle(s->capture, err);
			if (!rc)
				rc = trace_writer_flush(s->writer, err);
			flushed_ns = now;
		}
		if (progress && now - shown_ns > 500000000)
			show_progress(s, now, &shown_ns, &shown_events);
		nap = nap_ns(filled);
		if ((uint64_t)nap > end_ns - now)
			nap = (long)(end_ns - now);
		if (nap)
			nanosleep(&(struct timespec){.tv_nsec = nap}, NULL);
	}
	if (progress)
		fputc('\n', stderr);
	return rc;
}

/* What only the recorder finds out goes among what the kernel's BTF says. */
static void set_feature(struct trace_machine *m, const char *name, int64_t value)
{
	for (uint32_t i = 0; i < m->nr_features; i++)
		if (!strcmp(m->features[i].name, name))
			m->features[i].value = value;
}

static int prepare(struct session *s, struct mmr_error *err)
{
	struct record_capture_options capture = {
		.ring_bytes = s->options->ring_mib << 20,
		.names = !s->options->no_names,
	};
	struct mmr_error no_tracefs;
	char *command;
	int rc = record_check_host(err);

	if (rc)
		return rc;
	s->tracefs = host_tracefs_open(&no_tracefs);
	command = join_command(s->options->command);
	rc = command ? record_host_describe("", s->tracefs, command, &s->machine, err)
		     : mmr_err(err, -ENOMEM, "no memory for the command line");
	free(command);
	if (rc)
		return rc;
	gfp_map_init(&s->map, &s->machine);
	capture.tracefs = s->tracefs;
	rc = record_capture_create(s->machine.nr_cpus, &capture, &s->capture, err);
	if (!rc)
		rc = record_probe_create(s->machine.nr_cpus, (uint32_t)s->options->max_blocks, &s->probe, err);
	if (!rc)
		rc = record_probe_learn_pages(s->probe, s->tracefs, err);
	if (!rc)
		s->probe->max_hold_ns = (uint64_t)(s->options->max_hold_ms * 1e6);
	if (!rc)
		set_feature(&s->machine, "irq_context", s->probe->stack_tells);
	if (rc == -EIO && s->tracefs < 0) /* it could not be done without: say what is missing */
		*err = no_tracefs;
	if (!rc && !s->options->no_keyframes)
		rc = record_probe_find_zones(s->probe, &s->machine, &s->map, err);
	if (!rc && !s->options->no_keyframes)
		record_pageblocks_find(s->probe);
	return rc;
}

static int record(struct session *s, struct mmr_error *err)
{
	const char *output = s->options->output;
	struct mmr_error closing;
	char started[PATH_MAX];
	struct stat old;
	bool replaces;
	int rc;

	/* An older file of that name is replaced once everything is attached, not before; a device never. */
	replaces = stat(output, &old) || S_ISREG(old.st_mode);
	if ((size_t)snprintf(started, sizeof(started), "%s%s", output, replaces ? ".new" : "") >=
	    sizeof(started))
		return mmr_err(err, -ENAMETOOLONG, "%s: the name is too long", output);
	rc = trace_writer_create(started, &s->machine, NULL, &s->writer, err);
	if (rc)
		return rc;
	s->output = open(started, O_PATH | O_CLOEXEC);
	rc = record_capture_start(s->capture, s->writer, &s->map, &s->probe->pages, s->probe->stack_tells, err);
	if (!rc)
		rc = take_keyframes(s, TRACE_KF_FIRST, err);
	if (!rc)
		rc = record_privileges_drop(!s->options->no_keyframes, err);
	if (!rc && replaces)
		rc = trace_writer_rename(s->writer, output, err);
	if (rc) {
		if (replaces)
			unlink(started);
	} else {
		rc = release_command(s, err);
		s->start_ns = now_ns();
	}
	if (!rc)
		rc = record_until_done(s, err);
	if (!rc)
		rc = take_keyframes(s, TRACE_KF_LAST, err);
	end_command(s);
	if (!rc)
		rc = record_capture_stop(s->capture, err);
	/* Also after an error: what the file has so far becomes a whole trace where that is possible. */
	if (trace_writer_close(s->writer, &closing) && !rc) {
		*err = closing;
		rc = closing.code;
	}
	s->writer = NULL;
	return rc;
}

/* ---- closing ------------------------------------------------------------------------------- */

static void print_summary(const struct session *s)
{
	const struct record_counts *c = record_capture_counts(s->capture);
	uint64_t bytes = file_bytes(s);

	fprintf(stderr, "%s: %" PRIu64 " events, %.2f MiB, %.2f bytes/event\n", s->options->output,
		c->nr_events, (double)bytes / (1 << 20),
		c->nr_events ? (double)bytes / (double)c->nr_events : 0.0);
	for (int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
		if (type < TRACE_NR_PAGE_EVENTS || c->events[type])
			fprintf(stderr, "  %-13s %12" PRIu64 "\n", trace_event_type_name(type),
				c->events[type]);
	fprintf(stderr, "  %-13s %12" PRIu64 "\n", "lost", c->nr_lost);
	if (s->file_full)
		fprintf(stderr, "  stopped early: the file reached --max-file\n");
	if (c->nr_skipped)
		fprintf(stderr,
			"  %" PRIu64 " events interrupted the recording of another; %" PRIu64 " of them kept\n",
			c->nr_skipped, c->nr_nested);
	if (c->nr_moved + c->nr_late)
		fprintf(stderr,
			"  %" PRIu64 " events came late from their ring and were put at their place; %" PRIu64
			" found it written already\n",
			c->nr_moved, c->nr_late);
	for (uint32_t cpu = 0; cpu < s->machine.nr_cpus; cpu++)
		if (record_capture_lost_on(s->capture, cpu))
			fprintf(stderr, "    on CPU %-5u %12" PRIu64 "\n", cpu,
				record_capture_lost_on(s->capture, cpu));
	if (s->keyframes.nr)
		fprintf(stderr,
			"  keyframes: %u of %" PRIu64 " free blocks and %" PRIu64
			" per-CPU pages (%u under the zone's lock, "
			"%u idle, %u partial); a zone's lock was held for %.2f ms at most, %.2f ms in all\n",
			s->keyframes.nr, s->keyframes.blocks, s->keyframes.pcp_pages, s->keyframes.locked,
			s->keyframes.idle, s->keyframes.partial, (double)s->keyframes.longest_ns / 1e6,
			(double)s->keyframes.held_ns / 1e6);
	if (s->keyframes.partial)
		fprintf(stderr,
			"  partial keyframes leave out %" PRIu64 " free blocks; %u of them reached "
			"--keyframe-max-hold\n",
			s->keyframes.missing, s->keyframes.cut_short);
}

static int exit_status(const struct session *s)
{
	if (!s->child_done)
		return EXIT_OK;
	if (WIFSIGNALED(s->child_status)) /* ended by us on request: that is no failure */
		return stop_signal || s->options->seconds > 0 || s->file_full ? EXIT_OK
									      : 128 + WTERMSIG(s->child_status);
	return WEXITSTATUS(s->child_status);
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
	if (s->output >= 0)
		close(s->output);
}

static int dry_run(struct session *s)
{
	struct mmr_error err = {0};
	int rc = prepare(s, &err);
	struct record_dry_run facts = {
		.kernel_release = s->machine.kernel_release,
		.capture = s->capture,
		.probe = s->probe,
		.nr_zones = s->machine.nr_zones,
		.tracefs = s->tracefs >= 0,
		.keyframes = !s->options->no_keyframes,
		.refused = rc ? err.msg : NULL,
	};

	record_dry_run_print(&facts, stdout);
	session_deinit(s);
	return rc ? EXIT_FAILED : EXIT_OK;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {option_table, parse_option, "-o FILE [-- CMD [ARG...]]", doc, NULL,
					 NULL,         NULL};
	struct options options = {.ring_mib = 8, .max_blocks = 1 << 20};
	struct session s = {.options = &options, .tracefs = -1, .child_go = -1, .output = -1};
	struct mmr_error err = {0};
	int rc;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
	catch_signals();
	record_bpf_log(options.verbose);
	if (options.dry_run)
		return dry_run(&s);
	rc = prepare_command(&s, &err);
	if (!rc)
		rc = prepare(&s, &err);
	if (!rc) {
		take_precedence();
		rc = record(&s, &err);
	}
	end_command(&s);
	if (rc)
		fprintf(stderr, "mmreplay-record: %s\n", err.msg);
	if (s.start_ns && !options.quiet)
		print_summary(&s);
	rc = rc ? EXIT_FAILED : exit_status(&s);
	session_deinit(&s);
	return rc;
}
