// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay-record's command line. */
#include "traces/record/record_options.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *argp_program_version = "mmreplay-record 0.1.0";

enum {
	OPT_NO_NAMES = 256,
	OPT_RING_MIB,
	OPT_NO_KEYFRAMES,
	OPT_MAX_BLOCKS,
	OPT_KEYFRAME_EVERY,
	OPT_MAX_HOLD,
	OPT_DRY_RUN,
	OPT_MAX_FILE,
	OPT_MAX_MEMORY,
	OPT_MAX_RATE,
	OPT_ROTATE,
	OPT_ROTATE_KEEP,
	OPT_EXTRAS,
	OPT_PAGE_CACHE,
	OPT_STACKS,
	OPT_CGROUPS,
	OPT_NODE,
	OPT_ORDER,
	OPT_TASK,
	OPT_CGROUP,
	OPT_LEAN
};

static const struct argp_option option_table[] = {
	{"output", 'o', "FILE", 0,
	 "Write the trace to FILE (required), - for standard output; an existing file is replaced", 1},
	{"duration", 'd', "SECONDS", 0, "Stop after SECONDS; fractions are allowed", 1},
	{"rotate", OPT_ROTATE, "SIZE|SECONDS", 0,
	 "Write FILE.1, FILE.2, ...: another one as soon as one has SIZE bytes (suffix K, M or G) or SECONDS "
	 "(suffix s, or none) have passed. Each begins with keyframes; `mmreplay merge` joins them",
	 1},
	{"rotate-keep", OPT_ROTATE_KEEP, "N", 0, "Keep the last N of these files, remove older ones", 1},
	{"no-names", OPT_NO_NAMES, NULL, 0, "Leave task names and CMD out of the trace", 1},
	{"extras", OPT_EXTRAS, NULL, 0,
	 "Also probe, where the kernel permits that, every request (which node, how long it took) and every "
	 "free on its way to a list",
	 1},
	{"page-cache", OPT_PAGE_CACHE, NULL, 0,
	 "Also tell which pages enter and leave the page cache: what holds a file's data", 1},
	{"stacks", OPT_STACKS, NULL, 0,
	 "Also tell which calls of the kernel led to each allocation, by name where /proc/kallsyms may be "
	 "read, else by address. Adds about a microsecond to each allocation",
	 1},
	{"cgroups", OPT_CGROUPS, NULL, 0,
	 "Also tell each allocation's cgroup (v2): its number and its path. Adds about 100 ns to each "
	 "allocation",
	 1},
	{"dry-run", OPT_DRY_RUN, NULL, 0,
	 "Say on stdout what would be attached, what this kernel and this process lack, and whether a "
	 "recording is possible (exit 0) or not (exit 1); the programs are loaded, but nothing is recorded and "
	 "CMD is not run",
	 1},
	{"quiet", 'q', NULL, 0, "No progress line and no closing summary", 1},
	{"verbose", 'v', NULL, 0, "Show libbpf's messages", 1},

	{NULL, 0, NULL, 0, "Limits:", 2},
	{"ring-mib", OPT_RING_MIB, "N", 0,
	 "Size of each CPU's buffers in MiB, a power of two (default 32; with less than a gigabyte as many as "
	 "each page "
	 "needs to be freed at once; less where all together were more than a twelfth of the memory)",
	 2},
	{"max-memory", OPT_MAX_MEMORY, "SIZE", 0,
	 "Make rings and buffers smaller until all of them together fit into SIZE (suffix K, M or G)", 2},
	{"max-file", OPT_MAX_FILE, "SIZE", 0,
	 "Stop as soon as all files together have SIZE bytes (suffix K, M or G), as after SECONDS; the last "
	 "keyframes and the open blocks come on top. With --rotate-keep, removed files do not count",
	 2},
	{"lean", OPT_LEAN, NULL, 0,
	 "Never two programs at a tracepoint: the least cost. Events that an interrupt brings while another "
	 "one is recorded on that CPU are lost then, some in a million; they are counted, and keyframes "
	 "follow. Without it, frees have two programs from the start, and allocations and batched frees from "
	 "the first such loss on",
	 2},
	{"max-rate", OPT_MAX_RATE, "N", 0,
	 "Record N events a second at most, on average over a second: above, nothing at all is recorded for a "
	 "while. What is left out is counted and noted as lost, and keyframes follow",
	 2},

	{NULL, 0, NULL, 0, "Keyframes, the state of the free lists:", 3},
	{"no-keyframes", OPT_NO_KEYFRAMES, NULL, 0, "Leave them out", 3},
	{"keyframe-every", OPT_KEYFRAME_EVERY, "SECONDS", 0,
	 "Take them during the recording too, SECONDS apart; fractions are allowed", 3},
	{"keyframe-max-hold", OPT_MAX_HOLD, "MS", 0,
	 "Hold a zone's lock for a keyframe no longer than about MS milliseconds at a time; fractions are "
	 "allowed. A zone that takes longer is read in parts, each at a moment of its own, and its keyframe is "
	 "marked so",
	 3},
	{"keyframe-max-blocks", OPT_MAX_BLOCKS, "N", 0,
	 "Stop noting a zone's free blocks after N (default 1048576); its lock is held meanwhile, about 0.1 ms "
	 "per thousand blocks",
	 3},

	{NULL, 0, NULL, 0,
	 "Filters. An allocation is kept if it is what all of them ask for, a free if the allocation of its "
	 "page was kept. The recording is marked partial: run warns, verify refuses it:",
	 4},
	{"node", OPT_NODE, "N", 0, "Pages of node N only", 4},
	{"order", OPT_ORDER, "N|N-M", 0, "Requests of order N, or of orders N to M, only", 4},
	{"task", OPT_TASK, "PID", 0, "Requests of process PID, all its threads, only", 4},
	{"cgroup", OPT_CGROUP, "PATH", 0, "Requests of tasks in the cgroup at PATH (cgroup v2) and below only",
	 4},

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
	"  mmreplay-record -o day.mmt --rotate 500M --rotate-keep 8 --max-rate 500000\n"
	"      until ^C, the last 4 GB, at most half a million events a second\n"
	"  ssh host mmreplay-record -o - -d 60 >host.mmt   nothing is written on the host\n"
	"  mmreplay-record -o db.mmt --cgroup /sys/fs/cgroup/db.slice -d 60\n"
	"      what the database asks for, and when that is freed\n"
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
	"recording worked: 127 where there is no such command, 128 plus the number of a signal that ended it. "
	"Where recording ends first, by SECONDS, a limit, a signal or a full disk, CMD is ended by that signal "
	"or "
	"SIGTERM.";

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

static uint64_t parse_size(const char *text, const char *what, struct argp_state *state)
{
	static const char suffixes[] = "KMG";
	const char *suffix;
	char *end;
	uint64_t value;
	int shift = 0;

	errno = 0;
	value = strtoull(text, &end, 10);
	suffix = *end ? strchr(suffixes, *end) : NULL;
	if (suffix)
		shift = 10 * (int)(suffix - suffixes + 1);
	if (errno || end == text || text[0] == '-' || !value || value > (uint64_t)INT64_MAX >> shift ||
	    (*end && (!suffix || end[1])))
		argp_error(state, "%s: found \"%s\", expected a size such as 500M", what, text);
	return value << shift;
}

/* "500M" is a size, "60" and "60s" are seconds. */
static void parse_rotate(const char *text, struct record_options *o, struct argp_state *state)
{
	size_t digits = strspn(text, "0123456789.");
	char seconds[32];

	o->rotate_bytes = 0;
	o->rotate_seconds = 0;
	if (!digits || digits >= sizeof(seconds) || (text[digits] && strcmp(text + digits, "s") != 0)) {
		o->rotate_bytes = parse_size(text, "--rotate", state);
		return;
	}
	memcpy(seconds, text, digits);
	seconds[digits] = '\0';
	o->rotate_seconds = parse_time(seconds, "--rotate", "seconds", state);
}

static void parse_filter(int key, const char *text, struct record_options *o, struct argp_state *state)
{
	const char *expected = NULL;
	char *end;

	switch (key) {
	case OPT_NODE:
		o->filter.by_node = true;
		o->filter.node = (uint32_t)strtoul(text, &end, 10);
		if (end == text || *end || *text == '-')
			argp_error(state, "--node: found \"%s\", expected the number of a node", text);
		break;
	case OPT_TASK:
		expected = record_filter_parse_task(&o->filter, text);
		if (expected)
			argp_error(state, "--task: found \"%s\", expected %s", text, expected);
		break;
	case OPT_ORDER:
		expected = record_filter_parse_orders(&o->filter, text);
		if (expected)
			argp_error(state, "--order: found \"%s\", expected %s", text, expected);
		break;
	case OPT_CGROUP:
		expected = record_filter_parse_cgroup(&o->filter, text);
		if (expected)
			argp_error(state, "--cgroup: found \"%s\", expected %s", text, expected);
		break;
	}
}

static void check_together(const struct record_options *o, struct argp_state *state)
{
	if (!o->output && !o->dry_run)
		argp_error(state, "no output file: give -o FILE");
	if (record_options_to_stdout(o) && record_options_rotate(o))
		argp_error(state, "--rotate: found together with -o -, expected the name of a file");
	if (record_options_to_stdout(o) && isatty(STDOUT_FILENO))
		argp_error(state, "-o -: standard output is a terminal, expected a file or a pipe");
	if (o->no_keyframes && o->keyframe_seconds > 0)
		argp_error(state, "--keyframe-every: found together with --no-keyframes");
	if ((o->stacks || o->cgroups) && record_filter_set(&o->filter))
		argp_error(state, "--%s: found together with a filter", o->stacks ? "stacks" : "cgroups");
	if (o->rotate_keep && !record_options_rotate(o))
		argp_error(state, "--rotate-keep: found without --rotate");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct record_options *o = state->input;

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
		o->ring_bytes = parse_number(arg, 1024, "--ring-mib", state) << 20;
		if (o->ring_bytes & (o->ring_bytes - 1))
			argp_error(state, "--ring-mib: found \"%s\", expected a power of two", arg);
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
		o->max_file_bytes = parse_size(arg, "--max-file", state);
		break;
	case OPT_LEAN:
		o->lean = true;
		break;
	case OPT_MAX_MEMORY:
		o->max_memory_bytes = parse_size(arg, "--max-memory", state);
		break;
	case OPT_MAX_RATE:
		o->max_rate = parse_time(arg, "--max-rate", "events a second", state);
		break;
	case OPT_ROTATE:
		parse_rotate(arg, o, state);
		break;
	case OPT_ROTATE_KEEP:
		o->rotate_keep = parse_number(arg, 1000000, "--rotate-keep", state);
		break;
	case OPT_NODE:
	case OPT_ORDER:
	case OPT_TASK:
	case OPT_CGROUP:
		parse_filter(key, arg, o, state);
		break;
	case OPT_EXTRAS:
		o->extras = true;
		break;
	case OPT_PAGE_CACHE:
		o->page_cache = true;
		break;
	case OPT_STACKS:
		o->stacks = true;
		break;
	case OPT_CGROUPS:
		o->cgroups = true;
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
		check_together(o, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void record_options_parse(int argc, char **argv, struct record_options *ret)
{
	static const struct argp argp = {option_table, parse_option, "-o FILE [-- CMD [ARG...]]", doc, NULL,
					 NULL,         NULL};

	*ret = (struct record_options){.max_blocks = 1 << 20};
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, ret);
}
