// SPDX-License-Identifier: GPL-2.0-or-later
/* mmreplay info: what is in a trace file. */
#include <argp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "traces/commands.h"
#include "traces/tools/cmd_tools.h"
#include "traces/tools/info.h"

struct options {
	const char *path;
	bool json, progress;
	struct info_request request;
};

enum option_key { OPTION_FROM = 256, OPTION_TO, OPTION_INTERVAL, OPTION_QUICK };

const char *info_migratetype_name(unsigned int migratetype)
{
	static const char *const names[INFO_NR_MIGRATETYPES] = {"unmovable",  "movable", "reclaimable",
								"highatomic", "cma",     "isolate"};

	return migratetype < INFO_NR_MIGRATETYPES ? names[migratetype] : "unknown";
}

const char *info_zone_name(unsigned int zone)
{
	static const char *const names[TRACE_MAX_ZONES] = {"DMA",     "DMA32",   "Normal",
							   "HighMem", "Movable", "Device"};

	return zone < TRACE_MAX_ZONES ? names[zone] : "unknown";
}

/* ---- options ------------------------------------------------------------------------------- */

static void add_table(struct argp_state *state, const char *name, struct info_request *q)
{
	if (strcmp(name, "all") == 0) {
		q->tables = (1u << NR_INFO_TABLES) - 1;
		return;
	}
	for (unsigned int t = 0; t < NR_INFO_TABLES; t++) {
		if (strcmp(name, info_table_name(t)) != 0)
			continue;
		q->tables |= 1u << t;
		return;
	}
	argp_error(state,
		   "found table \"%s\", expected events, orders, use, rates, kinds, gfp, tasks, stacks, "
		   "cgroups, pages, cpus, zones, keyframes, losses or all",
		   name);
}

static void add_key(struct argp_state *state, const char *name, struct info_request *q)
{
	static const struct {
		const char *name;
		enum info_key key;
	} keys[] = {{"events", INFO_BY_EVENTS},       {"hit", INFO_BY_HITS},      {"bytes", INFO_BY_BYTES},
		    {"live", INFO_BY_LIVE},           {"failed", INFO_BY_FAILED}, {"order", INFO_BY_ORDER},
		    {"migtype", INFO_BY_MIGRATETYPE}, {"gfp", INFO_BY_GFP},       {"page", INFO_BY_PAGE}};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(name, keys[i].name) != 0)
			continue;
		if (q->nr_keys == INFO_MAX_KEYS)
			argp_error(state, "found more than %d keys to sort by", INFO_MAX_KEYS);
		q->keys[q->nr_keys++] = keys[i].key;
		return;
	}
	argp_error(state,
		   "found key \"%s\", expected events, hit, bytes, live, failed, order, migtype, gfp or page",
		   name);
}

static void each_name(struct argp_state *state, char *list,
		      void (*fn)(struct argp_state *state, const char *name, struct info_request *q),
		      struct info_request *q)
{
	char *name;

	while ((name = strsep(&list, ",")))
		fn(state, name, q);
}

static void parse_time(struct argp_state *state, const char *arg, uint64_t *ns)
{
	if (!cmd_parse_time(arg, ns))
		argp_error(state, "found time \"%s\", expected e.g. 1.5s, 20ms or 7us", arg);
}

static void parse_lines(struct argp_state *state, const char *arg, struct info_request *q)
{
	uint64_t lines;

	if (!cmd_parse_number(arg, &lines) || lines > 1000000000)
		argp_error(state, "found \"%s\" lines, expected a number (0 for all)", arg);
	q->lines = lines ? (uint32_t)lines : INFO_ALL_ROWS;
}

static void check_options(struct argp_state *state, const struct options *o)
{
	const struct info_request *q = &o->request;

	if (!o->path)
		argp_error(state, "expected a trace file");
	if (q->from_ns >= q->to_ns)
		argp_error(state, "the end lies before the start");
	if (q->quick && (q->from_ns || q->to_ns != UINT64_MAX || q->width_ns ||
			 q->tables & (1u << INFO_USE | 1u << INFO_RATES | 1u << INFO_PAGES)))
		argp_error(state, "--quick reads no event: no --from, --to, --interval, and no table of use, "
				  "rates or pages");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	struct info_request *q = &o->request;

	switch (key) {
	case 'j':
		o->json = true;
		return 0;
	case 't':
		each_name(state, arg, add_table, q);
		return 0;
	case 's':
		each_name(state, arg, add_key, q);
		return 0;
	case 'l':
		parse_lines(state, arg, q);
		return 0;
	case OPTION_FROM:
		parse_time(state, arg, &q->from_ns);
		return 0;
	case OPTION_TO:
		parse_time(state, arg, &q->to_ns);
		return 0;
	case OPTION_INTERVAL:
		parse_time(state, arg, &q->width_ns);
		return 0;
	case OPTION_QUICK:
		q->quick = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->path)
			argp_error(state, "one file at a time, found \"%s\" and \"%s\"", o->path, arg);
		o->path = arg;
		return 0;
	case ARGP_KEY_END:
		check_options(state, o);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{"json", 'j', NULL, 0, "Print one JSON object (schema mmreplay.info/1)", 0},
	{"table", 't', "NAME,...", 0,
	 "Only these tables, in full: events, orders, use (pages allocated, freed, still in use), rates (over "
	 "time), kinds (of request: gfp, order, migratetype), gfp, tasks, stacks, cgroups, pages (page "
	 "frames), cpus, zones, keyframes, losses, or all",
	 0},
	{"lines", 'l', "N", 0, "Rows of a table, 0 for all (20)", 0},
	{"sort", 's', "KEY,...", 0,
	 "Order kinds, gfp, tasks and pages by events, hit (allocations), bytes, live, failed, order, migtype, "
	 "gfp or page",
	 0},
	{"from", OPTION_FROM, "TIME", 0, "Only events from TIME after the first one on (1.5s, 20ms, 7us)", 0},
	{"to", OPTION_TO, "TIME", 0, "Only events before TIME after the first one", 0},
	{"interval", OPTION_INTERVAL, "TIME", 0, "Rates for each TIME (a twentieth of the whole)", 0},
	{"quick", OPTION_QUICK, NULL, 0, "Read only what blocks say of their events: no use, no rates", 0},
	{0},
};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "F.mmt",
	.doc = "Tell what is in a recording: the machine and its kernel, how many events of which kind, "
	       "orders, migratetypes, gfp flags, the busiest tasks, which pages are still in use, keyframes, "
	       "and what is missing.\v"
	       "A recording that was cut short, lost events or is damaged in places is described as far as it "
	       "goes, and the description says so; what a damaged block held is not counted. Pages are paired "
	       "one by one: an allocation of 512 that is freed in parts is freed. Memory: 16 bytes for each "
	       "page that the recording touches. Exit status: 0, 1 where the file cannot be read, 2 wrong "
	       "usage.\n\n"
	       "Examples:\n"
	       "  mmreplay info host.mmt\n"
	       "  mmreplay info --json host.mmt | jq .events\n"
	       "  mmreplay info -t rates --interval 100ms host.mmt      what happened when\n"
	       "  mmreplay info -t tasks,kinds -s live -l 10 host.mmt   who still holds memory\n",
};

/* ---- the command --------------------------------------------------------------------------- */

static void show_progress(uint64_t done, uint64_t all)
{
	static uint64_t next;

	if (done < next || !all)
		return;
	next = done + (4u << 20);
	fprintf(stderr, "\rmmreplay info: %3.0f %%", 100.0 * (double)done / (double)all);
}

static int describe(const struct options *o, struct trace_reader *reader, struct mmr_error *err)
{
	struct info info;
	int rc = info_gather(&info, &o->request, reader, err);

	if (o->request.progress)
		fputs("\r\033[K", stderr);
	for (uint32_t i = 0; !rc && i < info.nr_damage; i++)
		fprintf(stderr, "mmreplay info: %s\n", info.damage[i]);
	if (!rc && o->json)
		info_print_json(&info);
	else if (!rc && o->request.tables)
		info_print_tables(&info);
	else if (!rc)
		info_print_screen(&info);
	info_deinit(&info);
	return rc;
}

int cmd_info(int argc, char **argv)
{
	struct options o = {.request = {.to_ns = UINT64_MAX, .stop = cmd_interrupted}};
	struct trace_reader *reader;
	struct mmr_error err;
	int rc;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	cmd_catch_interrupts();
	rc = trace_reader_open(o.path, &reader, &err);
	if (!rc) {
		if (isatty(STDERR_FILENO) && trace_reader_summary(reader)->nr_events > 8u << 20)
			o.request.progress = show_progress;
		rc = describe(&o, reader, &err);
		trace_reader_close(reader);
	}
	if (rc)
		fprintf(stderr, "mmreplay info: %s\n", err.msg);
	return rc ? STATUS_FAILED : STATUS_OK;
}
