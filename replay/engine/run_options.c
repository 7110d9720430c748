// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of `mmreplay run`: options, their bounds, and what goes together. */
#include "replay/engine/run_options.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/commands.h"
#include "replay/engine/run_plan.h"
#include "replay/jobs.h"
#include "replay/machines/profile_choice.h"
#include "traces/tools/cmd_tools.h"

enum {
	KEY_START = 0x100,
	KEY_JSON,
	KEY_LATENCY,
	KEY_SAMPLES,
	KEY_BACKEND,
	KEY_RECLAIM,
	KEY_SPEED,
	KEY_WARM_UP,
	KEY_FROM,
	KEY_TO,
	KEY_REPEAT,
	KEY_THREADS,
};

static const struct argp_option arg_options[] = {
	{0, 0, 0, 0, "Where it is replayed:", 1},
	{"machine", 'm', "M.yaml", 0,
	 "Replay on this machine; default: the one in the trace. Given again: on each of them", 0},
	PROFILE_OPTION("the machine file's, else the trace's"),
	{"start", KEY_START, "STATE", 0,
	 "Memory to begin with: recorded (first keyframes), empty (as after boot), aged[:free=0.3,scatter=0.3,"
	 "frag=0.8] (a synthetic past: share of free pages, of pageblocks with pages that cannot move, of free "
	 "pages "
	 "in less than 2 MiB), a FILE of --save-state, or auto (default)",
	 0},
	{"reclaim", KEY_RECLAIM, "WHO", 0,
	 "Who answers where memory runs short: recorded (what the recorded kernel's reclaim freed is freed "
	 "where "
	 "it stands), modelled (the model's own kswapd, direct reclaim, compaction and OOM killer), none, or "
	 "auto (default): recorded on the recorded machine, else modelled",
	 0},
	{"backend", KEY_BACKEND, "NAME", 0,
	 "core (default), null: the harness alone, jemalloc, or a shared object: ./liballoc.so", 0},
	{"seed", 's', "N[,N…]", 0,
	 "Seed of whatever is random; goes into the result (default 0). 1-5,9: a run for each", 0},
	{0, 0, 0, 0, "What is replayed, and how fast:", 2},
	{"from", KEY_FROM, "TIME", 0,
	 "Measure from TIME after the first event on (1.5s, 20ms, 7us); what comes earlier is replayed, not "
	 "counted",
	 0},
	{"to", KEY_TO, "TIME", 0, "End before the first event that comes TIME after the first one", 0},
	{"warm-up", KEY_WARM_UP, "TIME", 0, "Measure TIME later than the begin or --from", 0},
	{"speed", KEY_SPEED, "N", 0,
	 "Replay in recorded time (1x), N times as fast (2x, 0.5x), or max (default): as fast as possible", 0},
	{"repeat", KEY_REPEAT, "N", 0, "Replay N times: median, least and most of what was timed (default 1)",
	 0},
	{"threads", KEY_THREADS, "N", 0,
	 "Replay the CPUs' streams on N threads with real locks, and measure these (default 1: locks compiled "
	 "away)",
	 0},
	{"jobs", 'j', "N", 0,
	 "Of several runs and of --repeat, N at a time, each in a process of its own (default 1). What is "
	 "timed "
	 "suffers where N is more than there are CPUs; nothing else depends on N",
	 0},
	{0, 0, 0, 0, "What is measured and printed:", 3},
	{"latency-every", KEY_LATENCY, "N", 0,
	 "Time one request in N (default 64; 1 all, one stamp from request to request; 0 none)", 0},
	{"samples", KEY_SAMPLES, "N", 0, "Sample the free lists N times (default 200)", 0},
	{"output", 'o', "RESULT", 0,
	 "Write summary.json and tables into this directory; of several runs each into one of its own in it",
	 0},
	{"json", KEY_JSON, NULL, 0, "Print the summary as JSON", 0},
	{"quiet", 'q', NULL, 0, "No summary for people, no progress", 0},
	{0},
};

static unsigned long number(struct argp_state *state, const char *name, const char *text, unsigned long min,
			    unsigned long max, const char *expected)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || text[0] == '-' || value < min || value > max)
		argp_error(state, "--%s: \"%s\", expected %s", name, text, expected);
	return value;
}

static uint64_t time_ns(struct argp_state *state, const char *name, const char *text)
{
	uint64_t ns = 0;

	if (!cmd_parse_time(text, &ns))
		argp_error(state, "--%s: \"%s\", expected a time, e.g. 1.5s, 20ms or 7us", name, text);
	return ns;
}

static double speed(struct argp_state *state, const char *text)
{
	double value;
	char *end;

	if (strcmp(text, "max") == 0)
		return 0;
	value = strtod(text, &end);
	if (end == text || !(strcmp(end, "x") == 0 || *end == '\0') || !isfinite(value) || value < 1e-3 ||
	    value > 1e6)
		argp_error(state, "--speed: \"%s\", expected 1x, 2x, 0.5x, … or max", text);
	return value;
}

static void add_word(struct argp_state *state, struct run_words *words, const char *word)
{
	const char **list = realloc(words->list, (words->nr + 1) * sizeof(*list));

	if (!list)
		argp_failure(state, EXIT_FAILED, 0, "no memory for the options");
	words->list = list;
	list[words->nr++] = word;
}

static void add_seed(struct argp_state *state, struct run_options *o, uint64_t seed)
{
	uint64_t *seeds = realloc(o->seeds, (o->nr_seeds + 1) * sizeof(*seeds));

	if (!seeds)
		argp_failure(state, EXIT_FAILED, 0, "no memory for the options");
	o->seeds = seeds;
	seeds[o->nr_seeds++] = seed;
}

/* "7", "1-5,9": all of them, or argp_error(). */
static void parse_seeds(struct argp_state *state, const char *arg, struct run_options *o)
{
	const char *at = arg;

	do {
		char *end;
		uint64_t first, last;

		errno = 0;
		first = last = *at >= '0' && *at <= '9' ? strtoul(at, &end, 10) : UINT64_MAX;
		if (first <= UINT32_MAX && *end == '-')
			last = end[1] >= '0' && end[1] <= '9' ? strtoul(end + 1, &end, 10) : UINT64_MAX;
		if (first > UINT32_MAX || last > UINT32_MAX || last < first || last - first >= RUN_PLAN_MAX ||
		    (*end && (*end != ',' || !end[1])))
			argp_error(state, "--seed: \"%s\", expected a number, or several as in 1-5,9", arg);
		for (uint64_t seed = first; seed <= last; seed++)
			add_seed(state, o, seed);
		at = end + 1;
		if (!*end)
			return;
	} while (true);
}

static bool parse_measuring(int key, char *arg, struct argp_state *state, struct run_options *o)
{
	switch (key) {
	case KEY_FROM:
		o->from_ns = time_ns(state, "from", arg);
		return true;
	case KEY_TO:
		o->to_ns = time_ns(state, "to", arg);
		if (!o->to_ns)
			argp_error(state, "--to: \"%s\", expected a time after the first event", arg);
		return true;
	case KEY_WARM_UP:
		o->warm_up_ns = time_ns(state, "warm-up", arg);
		return true;
	case KEY_SPEED:
		o->speed = speed(state, arg);
		return true;
	case KEY_REPEAT:
		o->repeat = number(state, "repeat", arg, 1, 1000, "1..1000");
		return true;
	case 'j':
		o->jobs = number(state, "jobs", arg, 1, JOBS_MAX, "1..256");
		return true;
	case KEY_THREADS:
		o->threads = number(state, "threads", arg, 1, 256, "1..256");
		return true;
	case KEY_LATENCY:
		o->latency_every = number(state, "latency-every", arg, 0, UINT32_MAX, "a number, 0 for none");
		return true;
	case KEY_SAMPLES:
		o->samples = number(state, "samples", arg, 0, 100000, "0..100000");
		return true;
	default:
		return false;
	}
}

static void parse_start(struct argp_state *state, const char *arg, struct run_options *o)
{
	static const char aged[] = "aged";
	const size_t len = sizeof(aged) - 1;
	struct mmr_error err = {0};

	for (o->start = ENGINE_START_AUTO; o->start <= ENGINE_START_EMPTY; o->start++)
		if (strcmp(arg, engine_start_name(o->start)) == 0)
			return;
	if (strncmp(arg, aged, len) == 0 && (!arg[len] || arg[len] == ':')) {
		o->start = ENGINE_START_AGED;
		if (aging_parse(arg + len + (arg[len] == ':'), &o->scenario.aging, &err))
			argp_error(state, "--start: %s", err.msg);
		return;
	}
	o->start = ENGINE_START_SAVED;
	o->scenario.state_path = arg;
	if (!strpbrk(arg, "/.") && access(arg, F_OK) != 0)
		argp_error(state,
			   "--start: \"%s\", expected auto, recorded, empty, aged or a file of --save-state",
			   arg);
}

static void parse_reclaim(struct argp_state *state, const char *arg, struct run_options *o)
{
	for (o->reclaim = ENGINE_RECLAIM_AUTO; o->reclaim <= ENGINE_RECLAIM_NONE; o->reclaim++)
		if (strcmp(arg, engine_reclaim_name(o->reclaim)) == 0)
			return;
	argp_error(state, "--reclaim: \"%s\", expected auto, recorded, modelled or none", arg);
}

/* A name that nobody knows is a mistake of the line; a file that is no backend is found when it is loaded. */
static void parse_backend(struct argp_state *state, char *arg, struct run_options *o)
{
	const struct backend *backend;
	struct mmr_error err;

	o->backend = arg;
	if (!strchr(arg, '/') && backend_open(arg, &backend, &err))
		argp_error(state, "--backend: %s", err.msg);
}

static void check_together(struct argp_state *state, const struct run_options *o)
{
	if (!o->traces.nr)
		argp_error(state, "which trace? expected TRACE.mmt");
	if (o->to_ns && o->from_ns + o->warm_up_ns >= o->to_ns)
		argp_error(state, "measuring would begin at --to or later, expected earlier");
	if (o->threads == 1)
		return;
	if (strcmp(o->backend, "core") != 0)
		argp_error(state, "--threads: backend \"%s\", expected core", o->backend);
	if (o->reclaim == ENGINE_RECLAIM_MODELLED)
		argp_error(state,
			   "--threads: the model reclaims with one thread only, expected --reclaim recorded "
			   "or none");
	if (o->speed > 0 || o->from_ns || o->to_ns || o->warm_up_ns)
		argp_error(state, "--threads: expected the whole trace, as fast as possible");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct run_options *o = state->input;

	if (parse_measuring(key, arg, state, o))
		return 0;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->scenario;
		break;
	case 'm':
		add_word(state, &o->machines, arg);
		break;
	case 'k':
		add_word(state, &o->kernels, arg);
		break;
	case 'o':
		o->output = arg;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 's':
		parse_seeds(state, arg, o);
		break;
	case KEY_START:
		parse_start(state, arg, o);
		break;
	case KEY_RECLAIM:
		parse_reclaim(state, arg, o);
		break;
	case KEY_BACKEND:
		parse_backend(state, arg, o);
		break;
	case KEY_JSON:
		o->json = true;
		break;
	case ARGP_KEY_ARG:
		add_word(state, &o->traces, arg);
		break;
	case ARGP_KEY_END:
		check_together(state, o);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = {{&scenario_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
	.children = children,
	.options = arg_options,
	.parser = parse_option,
	.args_doc = "TRACE.mmt...",
	.doc = "Replay the requests of a trace through the model of the page allocator, and measure. Of "
	       "several "
	       "traces, machines, kernel lines, seeds and values of one setting every combination is run.\v"
	       "Examples:\n"
	       "  mmreplay run host.mmt                                 the recorded machine\n"
	       "  mmreplay run host.mmt -m two-node.yaml -o result/     another one\n"
	       "  mmreplay run host.mmt --from 2s --to 5s --repeat 5    five times\n"
	       "  mmreplay run host.mmt -m four-socket --place packed \\\n"
	       "    --policy 'cc1=interleave:0,1'\n"
	       "  mmreplay run host.mmt --set min_free_kbytes=262144 \\\n"
	       "    --start aged:free=0.1,frag=0.9\n"
	       "  mmreplay run host.mmt --backend ./liballoc.so         another allocator\n"
	       "  mmreplay run host.mmt --json | jq .numa\n"
	       "  mmreplay run host.mmt -m laptop -m two-socket -s 1-3 \\\n"
	       "    --jobs 4 -o runs/                                   six, four at once\n\n"
	       "replay/RESULT.md says what each number is. "
	       "Exit status: 0 done, 1 it failed or was stopped (what was measured is kept), 2 usage.",
};

void run_options_parse(int argc, char **argv, struct run_options *ret)
{
	*ret = (struct run_options){
		.latency_every = 64, .samples = 200, .repeat = 1, .threads = 1, .jobs = 1, .backend = "core"};
	scenario_options_init(&ret->scenario);
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, ret);
}

void run_options_deinit(struct run_options *o)
{
	scenario_options_deinit(&o->scenario);
	free(o->traces.list);
	free(o->machines.list);
	free(o->kernels.list);
	free(o->seeds);
}
