// SPDX-License-Identifier: GPL-2.0-or-later
/* The front door: a table of subcommands and nothing else. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plots/plot.h"
#include "replay/commands.h"
#include "traces/commands.h"

/* Programs of their own: one is copied to other hosts, one links Google Benchmark. */
static int exec_sibling(const char *program, char **argv)
{
	char self[PATH_MAX - 64], path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len > 0) {
		self[len] = '\0';
		snprintf(path, sizeof(path), "%s/%s", dirname(self), program);
		argv[0] = path;
		execv(path, argv);
	}
	fprintf(stderr, "mmreplay: cannot start %s beside this program: %s%s\n", program, strerror(errno),
		errno == ENOENT ? "; it was not built, see the `part` lines of the build" : "");
	return EXIT_FAILED;
}

static int cmd_record(int argc, char **argv)
{
	return exec_sibling("mmreplay-record", argv);
}

static int cmd_bench(int argc, char **argv)
{
	return exec_sibling("mmreplay-bench", argv);
}

static const struct subcommand {
	const char *name, *args, *summary;
	int (*run)(int argc, char **argv);
} subcommands[] = {
	{"record", "-o F.mmt [-d SECONDS] [-- CMD ...]", "record what the running kernel's allocator does",
	 cmd_record},
	{"info", "F.mmt", "what is in a recording", cmd_info},
	{"check", "F.mmt", "is a recording whole?", cmd_check},
	{"cut", "F.mmt -o G.mmt [--from T] [--to T]", "one stretch of a recording", cmd_cut},
	{"merge", "A.mmt B.mmt ... -o G.mmt", "join the files of one recording", cmd_merge},
	{"import", "FORMAT IN -o F.mmt", "what perf, trace-cmd, ftrace or llfree recorded", cmd_import},
	{"export", "csv|jsonl F.mmt [-o OUT]", "events for other people's tools", cmd_export},
	{"run", "F.mmt [--machine M.yaml] [-o RESULT]", "replay a recording on any machine", cmd_run},
	{"backend", "list|check NAME|./liballoc.so", "the allocators to replay on, and is one fit for it?",
	 cmd_backend},
	{"verify", "F.mmt", "hold the model against the kernel, decision by decision", cmd_verify},
	{"explain", "F.mmt --event N | --pfn P", "tell one allocation's or free's story, step by step",
	 cmd_explain},
	{"trust", "A.mmt B.mmt", "how far a prediction of B from A was right", cmd_trust},
	{"summary", "RESULT ...", "results side by side on one screen", cmd_summary},
	{"machine", "check|show|from-trace|from-host|list", "machine files", cmd_machine},
	{"kernel", "[LINE[,AXIS=VALUE...]]", "kernel lines, and what can be switched about them", cmd_kernel},
	{"plot", "RESULT ... -o DIR", "pictures of results", cmd_plot},
	{"bench", "[--benchmark_filter=...]", "the benchmarks (Google Benchmark)", cmd_bench},
};

static void help(FILE *out)
{
	fprintf(out, "usage: mmreplay COMMAND [ARGUMENTS]\n\n"
		     "Record what a Linux kernel's page allocator did, replay it, and measure.\n\n");
	for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
		fprintf(out, "  %-8s %-38s %s\n", subcommands[i].name, subcommands[i].args,
			subcommands[i].summary);
	fprintf(out, "\n`mmreplay COMMAND --help` tells more. Begin with:\n"
		     "  mmreplay record -o host.mmt -d 10\n"
		     "  mmreplay run host.mmt\n");
}

/*
 * What a command printed must have arrived: a full disk is a failure, also of --help, which argp ends
 * with exit(). A command that failed has said why.
 */
static bool said_why;

static void check_stdout(void)
{
	bool bad = ferror(stdout) != 0;

	errno = 0;
	if ((!fclose(stdout) && !bad) || said_why)
		return;
	fprintf(stderr, "mmreplay: standard output: cannot write: %s\n", strerror(errno ? errno : EIO));
	_exit(EXIT_FAILED);
}

int main(int argc, char **argv)
{
	atexit(check_stdout);
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		help(argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_USAGE : EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("mmreplay " MMR_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++) {
		static char name[64];
		int rc;

		if (strcmp(argv[1], subcommands[i].name) != 0)
			continue;
		/* argp names the program by argv[0]: "mmreplay run: unrecognized option". */
		snprintf(name, sizeof(name), "mmreplay %s", subcommands[i].name);
		argv[1] = name;
		rc = subcommands[i].run(argc - 1, argv + 1);
		said_why = rc != EXIT_OK;
		return rc;
	}
	fprintf(stderr, "mmreplay: no command \"%s\"; `mmreplay --help` lists them\n", argv[1]);
	return EXIT_USAGE;
}
