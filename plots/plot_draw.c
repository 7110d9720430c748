// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs gnuplot, without a shell, on one figure. */
#include "plots/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct plot_column latency_columns[] = {
	{"path", true}, {"latency_ns", false}, {"count", false}, {"fraction", false}, {NULL, false},
};

static const struct plot_column free_blocks_columns[] = {
	{"time_s", false},    {"node", false},   {"zone", true},    {"order0", false},  {"order1", false},
	{"order2", false},    {"order3", false}, {"order4", false}, {"order5", false},  {"order6", false},
	{"order7", false},    {"order8", false}, {"order9", false}, {"order10", false}, {"free_pages", false},
	{"pcp_pages", false}, {NULL, false},
};

static const struct plot_column placement_columns[] = {
	{"node", false},  {"zone", true},         {"allocs", false},
	{"pages", false}, {"share_pages", false}, {NULL, false},
};

const struct plot_figure plot_figures[] = {
	{"latency_cdf", "latency of allocations and frees by path", "latency.tsv", latency_columns},
	{"free_blocks", "free blocks per order over time, zone by zone", "free_blocks.tsv",
	 free_blocks_columns},
	{"placement", "where allocations landed, node by zone", "placement.tsv", placement_columns},
	{NULL, NULL, NULL, NULL},
};

/* ---- what the picture says about where it came from ------------------------------------------ */

static bool all_equal(const struct plot_result *results, size_t nr, size_t offset)
{
	const char *first = *(char *const *)((const char *)results + offset);

	for (size_t i = 1; i < nr; i++)
		if (strcmp(first, *(char *const *)((const char *)&results[i] + offset)) != 0)
			return false;
	return true;
}
#define ALL_EQUAL(results, nr, field) all_equal(results, nr, offsetof(struct plot_result, field))

/* "TRACE on MACHINE, kernel PROFILE"; of several results, what they share, and how many differ. */
static char *subtitle_dup(const struct plot_result *results, size_t nr)
{
	bool one_trace = ALL_EQUAL(results, nr, trace), one_machine = ALL_EQUAL(results, nr, machine);
	bool one_profile = ALL_EQUAL(results, nr, kernel_profile);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (one_trace)
		fputs(results[0].trace, out);
	else
		fprintf(out, "%zu recordings", nr);
	fputs(" on ", out);
	for (size_t i = 0; i < (one_machine ? 1 : nr); i++)
		fprintf(out, "%s%s", i ? " / " : "", results[i].machine);
	if (results[0].kernel_profile[0]) {
		fputs(", kernel ", out);
		for (size_t i = 0; i < (one_profile ? 1 : nr); i++)
			fprintf(out, "%s%s", i ? " / " : "", results[i].kernel_profile);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* The strings of @field of all results, separated by tabs. */
static char *tab_list_dup(const struct plot_result *results, size_t nr, size_t offset)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < nr; i++)
		fprintf(out, "%s%s", i ? "\t" : "", *(char *const *)((const char *)&results[i] + offset));
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- the child ------------------------------------------------------------------------------- */

extern char **environ;

/* Start @argv with stdout and stderr on @fd. posix_spawnp() reports a missing program itself. */
static int child_start(char *const *argv, int fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc)
		return -rc;
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&actions, fd, STDERR_FILENO);
	if (!rc)
		rc = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

/* Everything the child says; the first @size - 1 bytes are kept, the rest is read and dropped. */
static void child_listen(int fd, char *said, size_t size)
{
	char chunk[4096];
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, chunk, sizeof(chunk))) > 0 || (got < 0 && errno == EINTR)) {
		size_t keep = got > 0 ? (size_t)got : 0;

		if (keep > size - 1 - len)
			keep = size - 1 - len;
		memcpy(said + len, chunk, keep);
		len += keep;
	}
	said[len] = '\0';
}

/* The line of gnuplot's talk that says what is wrong: the last that is no echo, caret or warning. */
static const char *complaint(char *said)
{
	const char *found = "it said nothing";
	char *save = NULL;

	for (char *line = strtok_r(said, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strspn(line, " \t^") != strlen(line) && !strstr(line, "warning:"))
			found = line;
	return found;
}

static int gnuplot_run(char *const *argv, const char *script, struct mmr_error *err)
{
	char said[8192];
	int fds[2], status, rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return mmr_err(err, -errno, "%s: no pipe to gnuplot: %s", script, strerror(errno));
	rc = child_start(argv, fds[1], &pid);
	close(fds[1]);
	if (rc) {
		close(fds[0]);
		if (rc == -ENOENT)
			return mmr_err(
				err, rc,
				"gnuplot: not found in PATH; expected the program of the package gnuplot-nox");
		return mmr_err(err, rc, "gnuplot: cannot start it: %s", strerror(-rc));
	}
	child_listen(fds[0], said, sizeof(said));
	close(fds[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return mmr_err(err, -errno, "gnuplot: lost it: %s", strerror(errno));
	if (WIFSIGNALED(status))
		return mmr_err(err, -EINTR, "%s: gnuplot ended by signal %d", script, WTERMSIG(status));
	if (WEXITSTATUS(status))
		return mmr_err(err, -EINVAL, "%s: gnuplot exited with %d: %s", script, WEXITSTATUS(status),
			       complaint(said));
	return 0;
}

/* Pictures end in a known way; gnuplot does not notice when it cannot write all of one. */
static bool is_whole(const char *path, const char *format, off_t size)
{
	const char *tail = strcmp(format, "png") ? "</svg>" : "IEND\xae\x42\x60\x82";
	size_t len = strlen(tail), room = len + 4; /* svg: the newlines behind it */
	FILE *in = fopen(path, "r");
	char end[16];
	bool whole;

	if (!in || size < (off_t)room) {
		if (in)
			fclose(in);
		return false;
	}
	whole = !fseek(in, -(long)room, SEEK_END) && fread(end, 1, room, in) == room &&
		memmem(end, room, tail, len);
	fclose(in);
	return whole;
}

static int cut_short(const char *part, const char *out, off_t size, struct mmr_error *err)
{
	struct statvfs fs;
	bool full = !statvfs(part, &fs) && fs.f_bavail == 0;

	return mmr_err(err, full ? -ENOSPC : -EIO, "%s: %s: the picture ended after %lld bytes", out,
		       full ? "no space left on the device"
			    : "could not be written (is there a limit on file sizes?)",
		       (long long)size);
}

/* Drawn under another name first, so that a picture is there whole or not at all. */
static int draw_then_rename(char **argv, const char *part, const char *out, const char *script,
			    const char *format, struct mmr_error *err)
{
	struct stat st = {0};
	int rc = gnuplot_run(argv, script, err);

	if (!rc && (stat(part, &st) || !is_whole(part, format, st.st_size)))
		rc = cut_short(part, out, st.st_size, err);
	if (!rc && rename(part, out))
		rc = mmr_err(err, -errno, "%s: cannot put the picture there: %s", out, strerror(errno));
	if (rc)
		unlink(part);
	return rc;
}

int plot_draw(const struct plot_figure *figure, const char *scripts, const char *format, const char *out,
	      const struct plot_result *results, size_t nr_results, struct mmr_error *err)
{
	char *subtitle = subtitle_dup(results, nr_results);
	char *dirs = tab_list_dup(results, nr_results, offsetof(struct plot_result, dir));
	char *labels = tab_list_dup(results, nr_results, offsetof(struct plot_result, label));
	char *script = NULL, *part = NULL;
	int rc;

	if (asprintf(&script, "%s/%s.gp", scripts, figure->name) < 0)
		script = NULL;
	if (asprintf(&part, "%s.part", out) < 0)
		part = NULL;
	if (!subtitle || !dirs || !labels || !script || !part) {
		rc = mmr_err(err, -ENOMEM, "%s: no memory for gnuplot's arguments", out);
	} else if (access(script, R_OK)) {
		rc = mmr_err(err, -errno, "%s: cannot read it: %s; expected the figure's script", script,
			     strerror(errno));
	} else {
		/* -d: the user's own ~/.gnuplot must not restyle a figure. */
		char *argv[] = {"gnuplot", "-d",     "-c", script, (char *)format,
				part,      subtitle, dirs, labels, NULL};

		rc = draw_then_rename(argv, part, out, script, format, err);
	}
	free(subtitle);
	free(dirs);
	free(labels);
	free(script);
	free(part);
	return rc;
}
