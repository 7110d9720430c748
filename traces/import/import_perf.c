// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * perf.data becomes a trace, in two passes: the first collects task names and what was lost, and sees
 * whether each CPU's events lie in order; the second hands the events over.
 */
#include "traces/import/import_perf.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/import/import_names.h"

#define MAX_CPUS   4096u
#define TRACEPOINT 2u /* perf_event_attr.type */
/* A step back of less is an interrupt between taking the time and taking the place. */
#define BACK_STEP_NS  100000u
#define MISC_LOST_BPF 0x8000u /* dropped by a filter: not lost */

struct loss {
	uint32_t cpu;
	uint64_t begin_ns, end_ns, nr;
};

struct perf_import {
	struct import *im;
	struct perf_file file;
	struct import_names *names;
	struct loss *losses;
	uint32_t nr_losses;
	uint64_t nr_lost, nr_lost_samples; /* told by two ways of counting */
	uint64_t last[MAX_CPUS], first_ns, last_ns;
	uint32_t nr_cpus;
};

static int no_memory(const struct perf_import *p, struct mmr_error *err)
{
	return mmr_err(err, -ENOMEM, "%s: no memory for its task names and losses", p->im->path);
}

static uint64_t load(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	return le64toh(value);
}

/* ---- first pass ---------------------------------------------------------------------------- */

static int add_loss(struct perf_import *p, const struct perf_record_view *r, struct mmr_error *err)
{
	struct perf_when w;
	struct loss *more;

	if (r->len < 16)
		return 0;
	perf_parse_trailer(&p->file, r, &w);
	more = realloc(p->losses, (p->nr_losses + 1) * sizeof(*more));
	if (!more)
		return no_memory(p, err);
	p->losses = more;
	p->losses[p->nr_losses++] = (struct loss){
		.cpu = w.have_cpu && w.cpu < MAX_CPUS ? w.cpu : IMPORT_UNKNOWN_CPU,
		.begin_ns = w.have_cpu && w.cpu < MAX_CPUS ? p->last[w.cpu] : 0,
		.end_ns = w.time,
		.nr = load(r->body + 8, 8),
	};
	p->nr_lost += load(r->body + 8, 8);
	return 0;
}

/* COMM: pid, tid, name. FORK: pid, ppid, tid, ptid, time. */
static int add_name(struct perf_import *p, const struct perf_record_view *r, struct mmr_error *err)
{
	char comm[16] = "";
	struct perf_when w;
	int rc;

	perf_parse_trailer(&p->file, r, &w);
	if (r->type == PERF_COMM) {
		if (r->len <= 8)
			return 0;
		memcpy(comm, r->body + 8,
		       strnlen((const char *)r->body + 8, r->len - 8 < 15 ? r->len - 8 : 15));
		rc = import_names_add(p->names, w.time, (uint32_t)load(r->body + 4, 4), 0, comm);
	} else {
		if (r->len < 24)
			return 0;
		rc = import_names_add(p->names, load(r->body + 16, 8), (uint32_t)load(r->body + 8, 4),
				      (uint32_t)load(r->body + 12, 4), NULL);
	}
	return rc ? no_memory(p, err) : 0;
}

static int look_at_sample(struct perf_import *p, const struct perf_record_view *r, struct mmr_error *err)
{
	struct perf_when w;

	if (!perf_parse_sample(&p->file, r, &w))
		return mmr_err(err, -EBADMSG,
			       "%s: byte %" PRIu64 ": a sample of %zu bytes does not hold what its event's "
			       "sample_type says",
			       p->im->path, r->offset, r->len);
	if (w.raw_len < 2 || !import_tracing_layout(&p->file.tracing, (uint16_t)load(w.raw, 2)))
		return 0;
	if (!w.have_time || !w.have_cpu)
		return mmr_err(err, -ENOTSUP,
			       "%s: byte %" PRIu64
			       ": a sample without %s, expected both: record with perf record -a "
			       "(or -d -T with --sample-cpu)",
			       p->im->path, r->offset, w.have_time ? "CPU" : "time");
	if (w.cpu >= MAX_CPUS)
		return mmr_err(err, -EINVAL, "%s: byte %" PRIu64 ": found CPU %u, expected a number below %u",
			       p->im->path, r->offset, w.cpu, MAX_CPUS);
	if (w.time + BACK_STEP_NS < p->last[w.cpu])
		p->im->sort = true;
	p->last[w.cpu] = w.time;
	p->first_ns = w.time < p->first_ns ? w.time : p->first_ns;
	p->last_ns = w.time > p->last_ns ? w.time : p->last_ns;
	if (w.cpu >= p->nr_cpus)
		p->nr_cpus = w.cpu + 1;
	return 0;
}

static int first_pass(void *ctx, const struct perf_record_view *r, struct mmr_error *err)
{
	struct perf_import *p = ctx;

	switch (r->type) {
	case PERF_SAMPLE:
		return look_at_sample(p, r, err);
	case PERF_LOST:
		return add_loss(p, r, err);
	case PERF_LOST_SAMPLES:
		if (r->len >= 8 && !(r->misc & MISC_LOST_BPF))
			p->nr_lost_samples += load(r->body, 8);
		return 0;
	case PERF_COMM:
	case PERF_FORK:
		return add_name(p, r, err);
	default:
		return 0;
	}
}

/* ---- second pass --------------------------------------------------------------------------- */

static int put_sample(void *ctx, const struct perf_record_view *r, struct mmr_error *err)
{
	struct perf_import *p = ctx;
	const struct import_layout *layout;
	struct import_event e = {.offset = r->offset};
	struct perf_when w;
	uint32_t tid;
	int rc;

	if (r->type != PERF_SAMPLE || !perf_parse_sample(&p->file, r, &w))
		return 0;
	layout = w.raw_len >= 2 ? import_tracing_layout(&p->file.tracing, (uint16_t)load(w.raw, 2)) : NULL;
	if (!layout) {
		p->im->report->nr_other++;
		return 0;
	}
	rc = import_tracing_decode(p->im, layout, w.raw, w.raw_len, &e, &tid, err);
	if (rc)
		return rc;
	e.ts_ns = w.time;
	e.cpu = w.cpu;
	e.have_task = true;
	e.task.tid = w.tid ? w.tid : tid;
	e.task.tgid = w.pid;
	memcpy(e.task.comm, import_names_find(p->names, e.task.tid, w.time), sizeof(e.task.comm));
	if (!e.task.tid)
		strcpy(e.task.comm, "swapper");
	return import_put(p->im, &e, err);
}

/*
 * LOST comes with the next record that fits, so losses at the end have none; LOST_SAMPLES, from the
 * counters at the end (kernels from 6.0), has them. What the first did not tell is lost somewhere.
 */
static int put_losses(struct perf_import *p, struct mmr_error *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < p->nr_losses && !rc; i++) {
		struct loss *l = &p->losses[i];
		uint64_t end = l->end_ns ? l->end_ns : p->last_ns;

		rc = import_loss(p->im, l->cpu, l->begin_ns ? l->begin_ns : p->first_ns, end, l->nr, err);
	}
	if (!rc && p->nr_lost_samples > p->nr_lost)
		rc = import_loss(p->im, IMPORT_UNKNOWN_CPU, p->first_ns, p->last_ns,
				 p->nr_lost_samples - p->nr_lost, err);
	return rc;
}

static void note_recorded(struct perf_import *p)
{
	for (uint32_t i = 0; i < p->file.nr_attrs; i++) {
		const struct import_layout *l =
			p->file.attrs[i].config <= UINT16_MAX
				? import_tracing_layout(&p->file.tracing, (uint16_t)p->file.attrs[i].config)
				: NULL;

		if (p->file.attrs[i].type == TRACEPOINT && l)
			p->im->report->recorded |= 1u << l->type;
	}
}

/* Is @word one of perf record's own options that leave events out? Those behind "--" are its command's. */
static const char *leaves_out(const char *word)
{
	static const struct {
		const char *option, *what;
	} options[] = {
		{"--filter", "what passed a filter (--filter)"},   {"-p", "events of some processes (-p)"},
		{"--pid", "events of some processes (--pid)"},     {"-t", "events of some threads (-t)"},
		{"--tid", "events of some threads (--tid)"},       {"-u", "events of a user's processes (-u)"},
		{"--uid", "events of a user's processes (--uid)"}, {"-C", "events of some CPUs (-C)"},
		{"--cpu", "events of some CPUs (--cpu)"},          {"-G", "events of a cgroup (-G)"},
		{"--cgroup", "events of a cgroup (--cgroup)"}};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		size_t len = strlen(options[i].option);

		if (!strncmp(word, options[i].option, len) && (!word[len] || strchr(" =", word[len])))
			return options[i].what;
	}
	return NULL;
}

static int note_partial(struct perf_import *p, struct mmr_error *err)
{
	struct import *im = p->im;
	const char *word = im->machine.command, *what = NULL;
	char text[96];

	for (uint32_t i = 0; i < p->file.nr_attrs && !what; i++) {
		const struct perf_attr *a = &p->file.attrs[i];

		if (a->type != TRACEPOINT || a->config > UINT16_MAX ||
		    !import_tracing_layout(&p->file.tracing, (uint16_t)a->config))
			continue;
		if (a->freq)
			what = "samples at a frequency (-F)";
		else if (a->period > 1)
			what = (snprintf(text, sizeof(text), "one event in %" PRIu64 " (-c)", a->period), text);
		else if (a->command_only)
			what = "events of perf's command (no -a)";
	}
	while (word && !what && strncmp(word, "-- ", 3) != 0) {
		what = leaves_out(word);
		word = strchr(word, ' ');
		word = word ? word + 1 : NULL;
	}
	return what ? import_partial(im, what, err) : 0;
}

static int run(struct perf_import *p, struct mmr_error *err)
{
	struct import *im = p->im;
	int rc = perf_file_read(im, &p->file, err), lost = 0;

	if (rc)
		return rc;
	note_recorded(p);
	rc = note_partial(p, err);
	if (rc)
		return rc;
	p->file.end_ok = p->file.pipe;
	rc = perf_each_record(im, &p->file, first_pass, p, err);
	p->file.end_ok = false;
	if (!rc && import_names_settle(p->names))
		rc = no_memory(p, err);
	if (im->machine.nr_cpus < p->nr_cpus) {
		/* A hotplugged CPU: the nodes of the others are known no longer. */
		free(im->machine.cpu_node);
		im->machine.cpu_node = NULL;
		im->machine.nr_cpus = p->nr_cpus;
	}
	if (!rc)
		rc = import_feature(im, "imported.perf", 1, err);
	if (!rc)
		rc = import_feature(im, "irq_context", 1, err);
	if (!rc)
		rc = import_start(im, err);
	if (!rc) {
		rc = perf_each_record(im, &p->file, put_sample, p, err);
		lost = put_losses(p, rc ? NULL : err);
	}
	return rc ? rc : lost;
}

static int import_perf_run(struct import *im, struct mmr_error *err)
{
	struct perf_import *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return mmr_err(err, -ENOMEM, "%s: no memory to import it", im->path);
	p->im = im;
	p->first_ns = UINT64_MAX;
	p->names = import_names_create();
	rc = p->names ? run(p, err) : no_memory(p, err);
	import_names_destroy(p->names);
	perf_file_deinit(&p->file);
	free(p->losses);
	free(p);
	return rc;
}

const struct import_format import_perf = {"perf", "perf.data", import_perf_run};
