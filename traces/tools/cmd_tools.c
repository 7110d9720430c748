// SPDX-License-Identifier: GPL-2.0-or-later
/* What the subcommands on trace files share. */
#include "traces/tools/cmd_tools.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void note_signal(int signal)
{
	interrupted = 1;
}

void cmd_catch_interrupts(void)
{
	struct sigaction action = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool cmd_interrupted(void)
{
	return interrupted;
}

int cmd_check_output(const char *output, const char *const *inputs, int nr_inputs, struct mmr_error *err)
{
	struct stat out, in;

	if (stat(output, &out) || !S_ISREG(out.st_mode))
		return 0;
	for (int i = 0; i < nr_inputs; i++)
		if (!stat(inputs[i], &in) && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
			return mmr_err(err, -EINVAL, "%s: the output is the input %s, expected another file",
				       output, inputs[i]);
	return 0;
}

void cmd_discard_output(const char *output)
{
	struct stat st;

	if (!lstat(output, &st) && S_ISREG(st.st_mode))
		unlink(output);
}

bool cmd_parse_time(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"m", 60e9}, {"h", 3600e9}};
	char *end;
	double value;

	if (!isdigit((unsigned char)text[0]) && text[0] != '.')
		return false;
	value = strtod(text, &end);
	for (size_t i = 0; end != text && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		value *= units[i].ns;
		if (!(value >= 0 && value < 9e18))
			return false;
		*ns = (uint64_t)llround(value);
		return true;
	}
	return false;
}

bool cmd_parse_number(const char *text, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !*end && !errno;
}
