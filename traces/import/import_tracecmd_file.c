// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trace.dat: the options that both versions have, and version 6, whose parts lie one behind the other.
 * Source: trace-cmd.dat.v6(5).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/import/import_tracecmd.h"

#define MAX_BUFFERS 1024u

enum option {
	OPTION_CPUSTAT = 2,
	OPTION_BUFFER = 3,
	OPTION_CLOCK = 4,
	OPTION_UNAME = 5,
	OPTION_CPUCOUNT = 8,
	OPTION_TSC2NSEC = 14
};

void tracecmd_file_deinit(struct tracecmd_file *f)
{
	for (uint32_t i = 0; i < f->nr_buffers; i++)
		free(f->buffers[i].cpus);
	free(f->buffers);
	free(f->lost);
	import_names_destroy(f->names);
	*f = (struct tracecmd_file){0};
}

bool tracecmd_at(const struct import *im, uint64_t offset, struct import_cursor *c)
{
	if (offset > im->size)
		return false;
	*c = (struct import_cursor){im->data, im->data + offset, im->data + im->size, false};
	return true;
}

int tracecmd_short(const struct import *im, uint64_t offset, const char *what, struct mmr_error *err)
{
	return mmr_err(err, -EBADMSG,
		       "%s: byte %" PRIu64 ": the %s should be here, but the file ends at %zu; was it "
		       "cut short?",
		       im->path, offset, what, im->size);
}

static int no_memory(const struct import *im, struct mmr_error *err)
{
	return mmr_err(err, -ENOMEM, "%s: no memory for its tables", im->path);
}

struct tracecmd_buffer *tracecmd_add_buffer(struct tracecmd_file *f, const char *name, const char *clock,
					    uint32_t nr_cpus)
{
	struct tracecmd_buffer *more, *b;

	if (f->nr_buffers == MAX_BUFFERS || nr_cpus > TRACECMD_MAX_CPUS)
		return NULL;
	more = realloc(f->buffers, (f->nr_buffers + 1) * sizeof(*more));
	if (!more)
		return NULL;
	f->buffers = more;
	b = &more[f->nr_buffers];
	*b = (struct tracecmd_buffer){.cpus = calloc(nr_cpus + 1, sizeof(*b->cpus)), .nr_cpus = nr_cpus};
	if (!b->cpus)
		return NULL;
	snprintf(b->name, sizeof(b->name), "%s", name);
	snprintf(b->clock, sizeof(b->clock), "%s", clock);
	f->nr_buffers++;
	return b;
}

/* ---- options ------------------------------------------------------------------------------- */

/* "CPU: 0\nentries: 0\noverrun: 3323\n…\ndropped events: 0\n", or "Buffer: NAME" before an instance's. */
static int read_stat(struct import *im, struct tracecmd_file *f, const char *text, struct mmr_error *err)
{
	const char *overrun = strstr(text, "\noverrun: "), *dropped = strstr(text, "\ndropped events: ");
	const char *buffer = strstr(text, "Buffer: ");
	struct tracecmd_lost *more;
	uint64_t nr;
	unsigned int cpu;

	if (buffer)
		return snprintf(f->stat_buffer, sizeof(f->stat_buffer), "%.*s", (int)strcspn(buffer + 8, "\n"),
				buffer + 8) < 0;
	text += strspn(text, "\n ");
	if (sscanf(text, "CPU: %u", &cpu) != 1)
		return 0;
	nr = (overrun ? strtoull(overrun + 10, NULL, 10) : 0) +
	     (dropped ? strtoull(dropped + 17, NULL, 10) : 0);
	if (!nr || f->nr_lost > MAX_BUFFERS * 8)
		return 0;
	more = realloc(f->lost, (f->nr_lost + 1) * sizeof(*more));
	if (!more)
		return no_memory(im, err);
	f->lost = more;
	more[f->nr_lost] = (struct tracecmd_lost){.cpu = cpu, .nr = nr};
	memcpy(more[f->nr_lost++].buffer, f->stat_buffer, sizeof(f->stat_buffer));
	return 0;
}

/* "Linux HOST RELEASE MACHINE"; a version between them is left out by trace-cmd. */
static void read_uname(struct trace_machine *m, const char *text)
{
	char release[65], arch[65];

	if (sscanf(text, "%*64s %*64s %64s %64s", release, arch) != 2 || m->kernel_release)
		return;
	m->kernel_release = strdup(release);
	m->arch = strdup(arch);
}

/* "[local] global counter …": the one in brackets, or a single word. */
static void read_clock(struct tracecmd_file *f, const char *text)
{
	const char *open = strchr(text, '[');

	text = open ? open + 1 : text;
	snprintf(f->clock, sizeof(f->clock), "%.*s", (int)strcspn(text, "] \n"), text);
}

int tracecmd_option(struct import *im, struct tracecmd_file *f, unsigned int id, struct import_cursor *c,
		    struct mmr_error *err)
{
	char *text;
	int rc = 0;

	if (id == OPTION_CPUCOUNT) {
		f->nr_cpus = (uint32_t)import_get(c, 4);
		return 0;
	}
	if (id == OPTION_TSC2NSEC) {
		f->tsc_mult = (uint32_t)import_get(c, 4);
		f->tsc_shift = (uint32_t)import_get(c, 4);
		return 0;
	}
	if (id != OPTION_CPUSTAT && id != OPTION_UNAME && id != OPTION_CLOCK)
		return 0;
	text = strndup((const char *)c->pos, (size_t)(c->end - c->pos));
	if (!text)
		return no_memory(im, err);
	if (id == OPTION_CPUSTAT)
		rc = read_stat(im, f, text, err);
	else if (id == OPTION_UNAME)
		read_uname(&im->machine, text);
	else
		read_clock(f, text);
	free(text);
	return rc;
}

/* Lines "PID NAME". */
int tracecmd_names(struct import *im, struct tracecmd_file *f, const struct import_cursor *c,
		   struct mmr_error *err)
{
	const uint8_t *pos = c->pos;

	while (pos < c->end) {
		const uint8_t *end = memchr(pos, '\n', (size_t)(c->end - pos));
		size_t len = (size_t)((end ? end : c->end) - pos);
		char line[64], *name;
		unsigned long pid;

		snprintf(line, sizeof(line), "%.*s", (int)(len < 63 ? len : 63), (const char *)pos);
		pid = strtoul(line, &name, 10);
		if (name != line && *name == ' ' &&
		    import_names_add(f->names, 0, (uint32_t)pid, 0, strcmp(name + 1, "<...>") ? name + 1 : ""))
			return no_memory(im, err);
		pos += len + 1;
	}
	return 0;
}

/* ---- version 6 ----------------------------------------------------------------------------- */

static int read_cpus_v6(struct import *im, struct tracecmd_file *f, struct import_cursor *c, const char *name,
			struct mmr_error *err)
{
	struct tracecmd_buffer *b = tracecmd_add_buffer(f, name, f->clock, f->nr_cpus);

	if (!b)
		return mmr_err(err, -EINVAL, "%s: found %u CPUs, expected at most %u", im->path, f->nr_cpus,
			       TRACECMD_MAX_CPUS);
	for (uint32_t i = 0; i < b->nr_cpus; i++) {
		b->cpus[i].cpu = i;
		b->cpus[i].offset = import_get(c, 8);
		b->cpus[i].size = import_get(c, 8);
	}
	return c->bad ? tracecmd_short(im, (uint64_t)(c->pos - c->start), "table of CPUs", err) : 0;
}

static int expect_flyrecord(struct import *im, struct import_cursor *c, struct mmr_error *err)
{
	struct import_cursor tag = import_get_bytes(c, 10);
	uint64_t at = (uint64_t)(tag.pos - tag.start);

	if (c->bad)
		return tracecmd_short(im, at, "kind of data", err);
	if (!memcmp(tag.pos, "latency", 7))
		return mmr_err(err, -ENOTSUP,
			       "%s: byte %" PRIu64
			       ": a latency trace is text; write it with trace-cmd report and "
			       "import that as ftrace",
			       im->path, at);
	if (memcmp(tag.pos, "flyrecord", 10) != 0)
		return mmr_err(err, -EINVAL, "%s: byte %" PRIu64 ": found \"%.10s\", expected \"flyrecord\"",
			       im->path, at, (const char *)tag.pos);
	return 0;
}

/* An instance: where its own table lies, and its name. */
static int read_instance_v6(struct import *im, struct tracecmd_file *f, struct import_cursor *option,
			    struct mmr_error *err)
{
	uint64_t offset = import_get(option, 8);
	const char *name = import_get_string(option);
	struct import_cursor c;
	int rc;

	if (option->bad || !tracecmd_at(im, offset, &c))
		return tracecmd_short(im, offset, "data of an instance", err);
	rc = expect_flyrecord(im, &c, err);
	return rc ? rc : read_cpus_v6(im, f, &c, name, err);
}

static int read_options_v6(struct import *im, struct tracecmd_file *f, struct import_cursor *c,
			   struct mmr_error *err)
{
	int rc = 0;

	while (!rc) {
		unsigned int id = (unsigned int)import_get(c, 2);
		struct import_cursor part;

		if (!id)
			break;
		part = import_get_bytes(c, import_get(c, 4));
		if (c->bad)
			break;
		rc = id == OPTION_BUFFER ? read_instance_v6(im, f, &part, err)
					 : tracecmd_option(im, f, id, &part, err);
	}
	return !rc && c->bad ? tracecmd_short(im, (uint64_t)(c->pos - c->start), "options", err) : rc;
}

static int read_v6(struct import *im, struct tracecmd_file *f, struct import_cursor *c, struct mmr_error *err)
{
	struct import_cursor part;
	int rc = import_tracing_read(im, &f->tracing, c, err);

	if (rc)
		return rc;
	import_get_bytes(c, import_get(c, 4)); /* kallsyms */
	import_get_bytes(c, import_get(c, 4)); /* printk formats */
	part = import_get_bytes(c, import_get(c, 8));
	f->nr_cpus = (uint32_t)import_get(c, 4);
	if (c->bad)
		return tracecmd_short(im, (uint64_t)(c->pos - c->start), "names of tasks", err);
	rc = tracecmd_names(im, f, &part, err);
	part = *c;
	if (!rc && c->end - c->pos >= 10 && !memcmp(c->pos, "options  ", 10)) {
		import_get_bytes(c, 10);
		rc = read_options_v6(im, f, c, err);
	}
	if (!rc)
		rc = expect_flyrecord(im, c, err);
	return rc ? rc : read_cpus_v6(im, f, c, "", err);
}

int tracecmd_file_read(struct import *im, struct tracecmd_file *f, struct mmr_error *err)
{
	struct import_cursor c = {im->data, im->data, im->data + im->size, false};
	const char *version;
	int rc = import_tracing_magic(im, &f->tracing, &c, &version, err);

	if (rc)
		return rc;
	if (f->tracing.page_size < 4096 || f->tracing.page_size > 65536)
		return mmr_err(err, -EINVAL, "%s: byte 14: found pages of %u bytes, expected 4096 to 65536",
			       im->path, f->tracing.page_size);
	f->names = import_names_create();
	if (!f->names)
		return no_memory(im, err);
	if (strcmp(version, "6") == 0)
		rc = read_v6(im, f, &c, err);
	else if (strcmp(version, "7") == 0)
		rc = tracecmd_read_v7(im, f, &c, err);
	else
		rc = mmr_err(err, -ENOTSUP, "%s: byte 10: trace.dat version \"%.10s\", expected 6 or 7",
			     im->path, version);
	if (!rc && import_names_settle(f->names))
		rc = no_memory(im, err);
	return rc;
}
