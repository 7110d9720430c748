// SPDX-License-Identifier: GPL-2.0-or-later
/* trace.dat becomes a trace: its ring buffer pages, CPU by CPU. */
#include "traces/import/import_tracecmd.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "traces/import/import_ring.h"

#define MAX_CHUNK_BYTES (64u << 20)

struct tracecmd_import {
	struct import *im;
	struct tracecmd_file file;
	struct import_ring ring;
	const struct tracecmd_buffer *buffer;
	uint32_t cpu;
	uint64_t last_ns, first_ns; /* of this CPU */
	uint64_t told; /* lost, by pages' own marks */
};

static uint64_t load(const uint8_t *at, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	return le64toh(value);
}

static uint64_t to_ns(const struct tracecmd_import *t, uint64_t ts)
{
	const struct tracecmd_file *f = &t->file;

	if (!f->tsc_mult || f->tsc_shift > 63 || strcmp(t->buffer->clock, "x86-tsc") != 0)
		return ts;
	return (uint64_t)((unsigned __int128)ts * f->tsc_mult >> f->tsc_shift);
}

static int put_event(void *ctx, const struct import_ring_event *r, struct mmr_error *err)
{
	struct tracecmd_import *t = ctx;
	struct import_event e = {.offset = r->offset, .cpu = t->cpu, .have_task = true};
	const struct import_layout *layout = NULL;
	int rc;

	if (r->len >= 2)
		layout = import_tracing_layout(&t->file.tracing, (uint16_t)load(r->data, 2));
	if (!layout) {
		t->im->report->nr_other++;
		return 0;
	}
	rc = import_tracing_decode(t->im, layout, r->data, r->len, &e, &e.task.tid, err);
	if (rc)
		return rc;
	e.ts_ns = to_ns(t, r->ts);
	if (e.task.tid)
		memcpy(e.task.comm, import_names_find(t->file.names, e.task.tid, 0), sizeof(e.task.comm));
	else
		strcpy(e.task.comm, "swapper");
	t->first_ns = t->first_ns ? t->first_ns : e.ts_ns;
	t->last_ns = e.ts_ns;
	return import_put(t->im, &e, err);
}

/* Marked without a count: the CPU's statistics have it, see put_statistics(). */
static int put_missed(void *ctx, uint64_t ts, uint64_t nr, struct mmr_error *err)
{
	struct tracecmd_import *t = ctx;
	uint64_t end = to_ns(t, ts);

	t->told += nr;
	return nr ? import_loss(t->im, t->cpu, t->last_ns ? t->last_ns : end, end, nr, err) : 0;
}

static int put_pages(struct tracecmd_import *t, const uint8_t *data, size_t size, uint64_t offset,
		     bool expanded, struct mmr_error *err)
{
	size_t page = t->file.tracing.page_size;
	int rc = 0;

	for (size_t at = 0; at < size && !rc && !import_stopped(t->im); at += page)
		rc = import_ring_page(&t->ring, data + at, size - at < page ? size - at : page,
				      expanded ? offset : offset + at, err);
	return rc;
}

/* u32 chunks; then for each: u32 stored bytes, u32 expanded bytes, a zstd frame. */
static int put_chunks(struct tracecmd_import *t, struct import_cursor *c, struct mmr_error *err)
{
	uint32_t nr = (uint32_t)import_get(c, 4);
	int rc = 0;

	for (uint32_t i = 0; i < nr && !rc && !c->bad; i++) {
		uint64_t offset = (uint64_t)(c->pos - c->start);
		uint32_t stored = (uint32_t)import_get(c, 4), raw = (uint32_t)import_get(c, 4);
		struct import_cursor part = import_get_bytes(c, stored);
		uint8_t *pages;
		size_t n;

		if (c->bad)
			break;
		if (raw > MAX_CHUNK_BYTES)
			return mmr_err(err, -EBADMSG,
				       "%s: byte %" PRIu64 ": a chunk of %u bytes, expected at most %u",
				       t->im->path, offset, raw, MAX_CHUNK_BYTES);
		pages = malloc(raw ? raw : 1);
		if (!pages)
			return mmr_err(err, -ENOMEM, "%s: no memory for a chunk of %u bytes", t->im->path, raw);
		n = ZSTD_decompress(pages, raw, part.pos, stored);
		rc = ZSTD_isError(n) ? mmr_err(err, -EBADMSG, "%s: byte %" PRIu64 ": chunk: %s", t->im->path,
					       offset, ZSTD_getErrorName(n))
				     : put_pages(t, pages, n, offset, true, err);
		free(pages);
	}
	return !rc && c->bad ? tracecmd_short(t->im, (uint64_t)(c->pos - c->start), "next chunk", err) : rc;
}

/* Lost according to the kernel's counters, beyond what pages were marked with. */
static int put_statistics(struct tracecmd_import *t, struct mmr_error *err)
{
	for (uint32_t i = 0; i < t->file.nr_lost; i++) {
		const struct tracecmd_lost *l = &t->file.lost[i];

		if (l->cpu == t->cpu && !strcmp(l->buffer, t->buffer->name) && l->nr > t->told)
			return import_loss(t->im, t->cpu, t->first_ns, t->last_ns, l->nr - t->told, err);
	}
	return 0;
}

static int put_cpu(struct tracecmd_import *t, const struct tracecmd_cpu *cpu, struct mmr_error *err)
{
	struct import_cursor c, part;
	int rc;

	if (!cpu->size)
		return 0;
	if (!tracecmd_at(t->im, cpu->offset, &c))
		return tracecmd_short(t->im, cpu->offset, "data of a CPU", err);
	t->cpu = cpu->cpu;
	t->first_ns = t->last_ns = t->told = 0;
	if (t->buffer->compressed) {
		/* The size in the table leaves out the number of chunks; the chunks say where they end. */
		rc = put_chunks(t, &c, err);
	} else {
		part = import_get_bytes(&c, cpu->size);
		if (c.bad)
			return tracecmd_short(t->im, cpu->offset, "rest of a CPU's data", err);
		rc = put_pages(t, part.pos, (size_t)(part.end - part.pos), cpu->offset, false, err);
	}
	return rc ? rc : put_statistics(t, err);
}

/* Source: trace_clocks[], kernel/trace/trace.c, v6.12: those that do not count nanoseconds. */
static void note_clock(struct tracecmd_import *t)
{
	static const char *const others[] = {"counter", "uptime", "x86-tsc", "ppc-tb", "s390-tod"};
	const char *clock = t->buffer->clock;

	if (!strcmp(clock, "x86-tsc") && t->file.tsc_mult)
		return;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(clock, others[i]))
			snprintf(t->im->report->clock, sizeof(t->im->report->clock), "%s", clock);
}

/* The same event can be in several instances: the first that has any is taken. */
static int put_buffers(struct tracecmd_import *t, struct mmr_error *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < t->file.nr_buffers && !rc && !t->im->report->nr_events; i++) {
		t->buffer = &t->file.buffers[i];
		for (uint32_t k = 0; k < t->buffer->nr_cpus && !rc; k++)
			rc = put_cpu(t, &t->buffer->cpus[k], err);
		if (t->im->report->nr_events)
			note_clock(t);
	}
	return rc;
}

static int check_file(struct tracecmd_import *t, struct mmr_error *err)
{
	struct import_tracing *tracing = &t->file.tracing;
	struct trace_machine *m = &t->im->machine;

	if (!tracing->nr_layouts)
		return mmr_err(err, -ENODATA,
			       "%s: no format of a kmem:mm_page_* event, expected that of one at least",
			       t->im->path);
	if (tracing->page_time.size != 8 || tracing->page_commit.size != 8 || !tracing->page_data.offset ||
	    tracing->page_data.offset > 256)
		return mmr_err(
			err, -ENOTSUP,
			"%s: header_page: found other fields, expected timestamp and commit of 8 bytes and "
			"data behind them",
			t->im->path);
	m->nr_cpus = t->file.nr_cpus;
	for (uint32_t i = 0; i < t->file.nr_buffers; i++)
		for (uint32_t k = 0; k < t->file.buffers[i].nr_cpus; k++)
			if (t->file.buffers[i].cpus[k].cpu >= m->nr_cpus)
				m->nr_cpus = t->file.buffers[i].cpus[k].cpu + 1;
	return 0;
}

static int run(struct tracecmd_import *t, struct mmr_error *err)
{
	int rc = tracecmd_file_read(t->im, &t->file, err);

	if (!rc)
		rc = check_file(t, err);
	if (!rc)
		rc = import_feature(t->im, "imported.trace-cmd", 1, err);
	if (!rc)
		rc = import_feature(t->im, "irq_context", 1, err);
	if (!rc)
		rc = import_start(t->im, err);
	return rc ? rc : put_buffers(t, err);
}

static int import_tracecmd_run(struct import *im, struct mmr_error *err)
{
	struct tracecmd_import t = {.im = im};
	int rc;

	t.ring = (struct import_ring){
		.im = im, .tracing = &t.file.tracing, .event = put_event, .missed = put_missed, .ctx = &t};
	rc = run(&t, err);
	tracecmd_file_deinit(&t.file);
	return rc;
}

const struct import_format import_tracecmd = {"trace-cmd", "trace.dat, versions 6 and 7", import_tracecmd_run};
