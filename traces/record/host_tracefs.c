// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds tracefs and reads two things in it: a tracepoint's number and a format file's flag names. */
#include "traces/record/host_tracefs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FORMAT_BYTES (64 * 1024)

/* ---- where it is --------------------------------------------------------------------------- */

static int open_private_mount(void)
{
	int fs = fsopen("tracefs", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return -errno;
	fd = fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) ? -1
							      : fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
	if (fd < 0)
		fd = -errno;
	close(fs);
	return fd;
}

int host_tracefs_open(struct mmr_error *err)
{
	static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	struct stat st;
	int denied = 0, fd;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0) {
			denied |= errno == EACCES || errno == EPERM;
			continue;
		}
		/* Not faccessat(): that one asks for the real user, without capabilities. */
		if (!fstatat(fd, "events/kmem", &st, 0))
			return fd;
		denied |= errno == EACCES;
		close(fd);
	}
	fd = open_private_mount();
	if (fd >= 0)
		return fd;
	if (denied)
		return mmr_err(err, -EACCES,
			       "tracefs: /sys/kernel/tracing: permission denied; needs CAP_DAC_READ_SEARCH: "
			       "run as root, or: sudo setcap "
			       "cap_bpf,cap_perfmon,cap_dac_read_search+ep mmreplay-record");
	return mmr_err(err, -ENOENT,
		       "tracefs: not mounted; needs: sudo mount -t tracefs tracefs /sys/kernel/tracing");
}

static char *read_at(int dir, const char *path, struct mmr_error *err)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(MAX_FORMAT_BYTES);
	size_t len = 0;
	ssize_t n = 0;

	if (!text) {
		mmr_err(err, -errno, "tracefs: %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	while (len < MAX_FORMAT_BYTES - 1 && (n = read(fd, text + len, MAX_FORMAT_BYTES - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fd);
	if (n < 0) {
		mmr_err(err, -errno, "tracefs: %s: reading: %s", path, strerror(errno));
		free(text);
		return NULL;
	}
	return text;
}

char *host_tracefs_read_format(int tracefs, const char *event, struct mmr_error *err)
{
	char path[128];

	snprintf(path, sizeof(path), "events/%s/format", event);
	return read_at(tracefs, path, err);
}

int host_tracefs_event_id(int tracefs, const char *event, struct mmr_error *err)
{
	char path[128], *text, *end;
	long id;

	snprintf(path, sizeof(path), "events/%s/id", event);
	text = read_at(tracefs, path, err);
	if (!text) {
		mmr_err_prefix(err, "the tracepoint %s is expected of this kernel", event);
		return err ? err->code : -ENOENT;
	}
	id = strtol(text, &end, 10);
	if (end == text || id <= 0 || id > 0xffffff)
		id = mmr_err(err, -EINVAL, "tracefs: %s: found \"%.20s\", expected a tracepoint's number", path,
			     text);
	free(text);
	return (int)id;
}

/* ---- expressions of a format file ---------------------------------------------------------- */

/*
 * The kernel prints a flag's value as the C expression its source has after the preprocessor:
 * numbers, casts, shifts, | & ~ + -, sometimes an enumerator's name.
 */
struct expr {
	const char *pos;
	host_tracefs_resolve_fn resolve;
	void *ctx;
	int bad;
	int depth;
};

static uint64_t parse_or(struct expr *e);

static void skip_space(struct expr *e)
{
	while (isspace((unsigned char)*e->pos))
		e->pos++;
}

static size_t word_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

/* Behind "(": the words of a type up to ")". Return: 1 and stand behind it, or 0 and stand still. */
static int skip_cast(struct expr *e)
{
	static const char *const types[] = {"unsigned", "long", "int", "gfp_t",
					    "__force",  "u32",  "u64", "const"};
	const char *pos = e->pos;
	int nr = 0;

	for (;;) {
		size_t len, i;

		while (isspace((unsigned char)*pos))
			pos++;
		len = word_len(pos);
		for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (strlen(types[i]) == len && !strncmp(types[i], pos, len))
				break;
		if (i == sizeof(types) / sizeof(types[0]))
			break;
		pos += len;
		nr++;
	}
	if (!nr || *pos != ')')
		return 0;
	e->pos = pos + 1;
	return 1;
}

static uint64_t parse_unary(struct expr *e)
{
	uint64_t value = 0;
	size_t len;

	skip_space(e);
	if (e->bad || ++e->depth > 200) {
		e->bad = 1;
		return 0;
	}
	if (*e->pos == '~' || *e->pos == '-') {
		char op = *e->pos++;

		value = parse_unary(e);
		value = op == '~' ? ~value : -value;
	} else if (*e->pos == '(') {
		e->pos++;
		if (skip_cast(e)) {
			value = parse_unary(e);
		} else {
			value = parse_or(e);
			skip_space(e);
			if (*e->pos == ')')
				e->pos++;
			else
				e->bad = 1;
		}
	} else if (isdigit((unsigned char)*e->pos)) {
		char *end;

		value = strtoull(e->pos, &end, 0);
		e->pos = end + strspn(end, "uUlL");
	} else {
		len = word_len(e->pos);
		if (!len || !e->resolve || !e->resolve(e->ctx, e->pos, len, &value))
			e->bad = 1;
		e->pos += len;
	}
	e->depth--;
	return value;
}

static uint64_t parse_sum(struct expr *e)
{
	uint64_t value = parse_unary(e);

	for (skip_space(e); !e->bad && (*e->pos == '+' || *e->pos == '-'); skip_space(e)) {
		char op = *e->pos++;
		uint64_t right = parse_unary(e);

		value = op == '+' ? value + right : value - right;
	}
	return value;
}

static uint64_t parse_shift(struct expr *e)
{
	uint64_t value = parse_sum(e);

	for (skip_space(e); !e->bad && !strncmp(e->pos, "<<", 2); skip_space(e)) {
		uint64_t by;

		e->pos += 2;
		by = parse_sum(e);
		value = by < 64 ? value << by : 0;
	}
	return value;
}

static uint64_t parse_and(struct expr *e)
{
	uint64_t value = parse_shift(e);

	for (skip_space(e); !e->bad && *e->pos == '&'; skip_space(e)) {
		e->pos++;
		value &= parse_shift(e);
	}
	return value;
}

static uint64_t parse_or(struct expr *e)
{
	uint64_t value = parse_and(e);

	for (skip_space(e); !e->bad && *e->pos == '|'; skip_space(e)) {
		e->pos++;
		value |= parse_and(e);
	}
	return value;
}

/* Behind "{": `EXPRESSION, "NAME"}`. Return: 1 if it is one and could be evaluated. */
static int parse_pair(struct expr *e, char *name, size_t size, uint64_t *value)
{
	const char *end;

	*value = parse_or(e);
	skip_space(e);
	if (e->bad || *e->pos != ',')
		return 0;
	e->pos++;
	skip_space(e);
	if (*e->pos != '"')
		return 0;
	end = strchr(e->pos + 1, '"');
	if (!end || (size_t)(end - e->pos) > size)
		return 0;
	memcpy(name, e->pos + 1, (size_t)(end - e->pos - 1));
	name[end - e->pos - 1] = '\0';
	return 1;
}

int host_tracefs_parse_flags(const char *format, host_tracefs_resolve_fn resolve, host_tracefs_flag_fn fn,
			     void *ctx)
{
	const char *pos = strstr(format, "__print_flags(");
	int nr = 0;

	while (pos && (pos = strchr(pos, '{'))) {
		struct expr e = {.pos = ++pos, .resolve = resolve, .ctx = ctx};
		char name[64];
		uint64_t value;

		if (parse_pair(&e, name, sizeof(name), &value)) {
			fn(ctx, name, value);
			nr++;
		}
	}
	return nr;
}
