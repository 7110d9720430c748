// SPDX-License-Identifier: GPL-2.0-or-later
/* What all importers share: the source in memory, stable codes, the output. */
#include "traces/import/import.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mm_types.h"
#include "traces/gfp_map.h"
#include "traces/trace_writer.h"

#define NR_TASK_SLOTS  4096u
#define NR_CLASS_SLOTS 256u
#define MAX_CPUS       4096u

struct task_slot {
	struct trace_task task;
	uint32_t id_plus_one;
};

struct class_slot {
	struct trace_class raw;
	bool used;
	uint16_t id;
};

struct sorted_event {
	struct trace_event event;
	uint64_t number;
};

struct import_output {
	struct trace_writer *writer;
	const char *path;
	struct gfp_map map;
	struct task_slot tasks[NR_TASK_SLOTS];
	struct class_slot classes[NR_CLASS_SLOTS];
	struct sorted_event *events; /* im->sort: all of them, until the end */
	uint64_t nr_events, cap;
};

/* ---- the header ---------------------------------------------------------------------------- */

int import_add_name(struct trace_name_value **list, uint32_t *nr, const char *name, int64_t value)
{
	struct trace_name_value *more = realloc(*list, (*nr + 1) * sizeof(*more));
	char *copy = strdup(name);

	if (more)
		*list = more;
	if (!more || !copy) {
		free(copy);
		return -ENOMEM;
	}
	more[(*nr)++] = (struct trace_name_value){copy, value};
	return 0;
}

int import_feature(struct import *im, const char *name, int64_t value, struct mmr_error *err)
{
	int rc = import_add_name(&im->machine.features, &im->machine.nr_features, name, value);

	return rc ? mmr_err(err, rc, "%s: no memory for its header", im->path) : 0;
}

int import_partial(struct import *im, const char *what, struct mmr_error *err)
{
	snprintf(im->report->partial, sizeof(im->report->partial), "%s", what);
	return import_feature(im, TRACE_FEATURE_PARTIAL, 1, err);
}

bool import_kernel_before(const struct import *im, unsigned int major, unsigned int minor)
{
	const char *release =
		im->machine.kernel_release ? im->machine.kernel_release : im->options->kernel_release;
	unsigned int x, y;

	if (!release || sscanf(release, "%u.%u", &x, &y) != 2)
		return false;
	return x < major || (x == major && y < minor);
}

/*
 * Sources have numbers only. 4.4 renumbered; whether a kernel has CMA they do not tell, and where it
 * has not, 4 is ISOLATE, which no event but a drain shows.
 * Source: enum migratetype, include/linux/mmzone.h, v4.3 and v4.4.
 */
static int name_migratetypes(struct import *im)
{
	static const char *const old[] = {"UNMOVABLE",  "RECLAIMABLE", "MOVABLE",
					  "HIGHATOMIC", "CMA",         "ISOLATE"};
	static const char *const new[] = {"UNMOVABLE",  "MOVABLE", "RECLAIMABLE",
					  "HIGHATOMIC", "CMA",     "ISOLATE"};
	const char *const *names = import_kernel_before(im, 4, 4) ? old : new;
	struct trace_machine *m = &im->machine;
	int rc = 0;

	for (int i = 0; i < 6 && !rc && m->nr_migratetype_names < 6; i++)
		rc = import_add_name(&m->migratetype_names, &m->nr_migratetype_names, names[i], i);
	return rc;
}

/* Without names from the source: bits 0 to 23, which are the same in every kernel of today. */
static int name_gfps(struct import *im)
{
	struct trace_machine *m = &im->machine;
	int rc = 0;

	for (uint32_t bit = 0; m->nr_gfp_names < 24 && bit < 24 && !rc; bit++)
		rc = import_add_name(&m->gfp_names, &m->nr_gfp_names, gfp_stable_name(1u << bit), 1ll << bit);
	return rc;
}

static char *or_empty(char *text)
{
	return text ? text : strdup("");
}

/* What a header needs so that readers find arrays where they expect them. */
static int complete_machine(struct import *im, struct mmr_error *err)
{
	struct trace_machine *m = &im->machine;

	if (!m->kernel_release && im->options->kernel_release)
		m->kernel_release = strdup(im->options->kernel_release);
	m->kernel_release = or_empty(m->kernel_release);
	m->kernel_version = or_empty(m->kernel_version);
	m->arch = or_empty(m->arch);
	m->command = or_empty(m->command);
	m->page_size = m->page_size ? m->page_size : 4096;
	m->pageblock_order = m->pageblock_order ? m->pageblock_order : PAGEBLOCK_ORDER;
	m->max_order = MAX_PAGE_ORDER;
	m->nr_cpus = m->nr_cpus ? m->nr_cpus : 1;
	m->nr_nodes = m->nr_nodes ? m->nr_nodes : 1;
	if (!m->cpu_node)
		m->cpu_node = calloc(m->nr_cpus, sizeof(*m->cpu_node));
	if (!m->node_distance) {
		m->node_distance = malloc((size_t)m->nr_nodes * m->nr_nodes);
		for (uint32_t i = 0; m->node_distance && i < m->nr_nodes * m->nr_nodes; i++)
			m->node_distance[i] = i % (m->nr_nodes + 1) ? 20 : 10;
	}
	if (!m->kernel_release || !m->kernel_version || !m->arch || !m->command || !m->cpu_node ||
	    !m->node_distance || name_migratetypes(im) || (!m->nr_gfp_names && name_gfps(im)))
		return mmr_err(err, -ENOMEM, "%s: no memory for its header", im->path);
	return 0;
}

int import_start(struct import *im, struct mmr_error *err)
{
	int rc;

	if (im->machine.nr_cpus > MAX_CPUS)
		return mmr_err(err, -EINVAL, "%s: found %u CPUs, expected at most %u", im->path,
			       im->machine.nr_cpus, MAX_CPUS);
	rc = complete_machine(im, err);
	if (rc)
		return rc;
	gfp_map_init(&im->out->map, &im->machine);
	return trace_writer_create(im->out->path, &im->machine, NULL, &im->out->writer, err);
}

bool import_stopped(const struct import *im)
{
	return im->options->stop && im->options->stop();
}

/* ---- events -------------------------------------------------------------------------------- */

static int task_id(struct import_output *out, const struct trace_task *task, uint32_t *id,
		   struct mmr_error *err)
{
	struct task_slot *slot = &out->tasks[task->tid % NR_TASK_SLOTS];
	int rc;

	if (!slot->id_plus_one || memcmp(&slot->task, task, sizeof(*task)) != 0) {
		rc = trace_writer_task(out->writer, task, id, err);
		if (rc)
			return rc;
		slot->task = *task;
		slot->id_plus_one = *id + 1;
	}
	*id = slot->id_plus_one - 1;
	return 0;
}

static int check_order(const struct import *im, const struct import_event *e, unsigned int order,
		       struct mmr_error *err)
{
	if (order < TRACE_NR_ORDERS)
		return 0;
	return mmr_err(err, -EINVAL, "%s: byte %" PRIu64 ": found order %u, expected 0 to %d", im->path,
		       e->offset, order, TRACE_NR_ORDERS - 1);
}

static int stable_migratetype(const struct import *im, const struct import_event *e, uint8_t *mt,
			      struct mmr_error *err)
{
	uint8_t stable = *mt < sizeof(im->out->map.migratetype) ? im->out->map.migratetype[*mt] : 0xff;

	if (stable == 0xff)
		return mmr_err(err, -EINVAL, "%s: byte %" PRIu64 ": found migratetype %u, expected 0 to 5",
			       im->path, e->offset, *mt);
	*mt = stable;
	return 0;
}

static int translate_class(struct import *im, const struct import_event *e, struct trace_class *cls,
			   struct mmr_error *err)
{
	struct gfp_map *map = &im->out->map;
	int rc = check_order(im, e, cls->order, err);

	if (!rc)
		rc = check_order(im, e, cls->fallback_order, err);
	if (!rc && cls->type != TRACE_FREE && cls->type != TRACE_FREE_BATCHED)
		rc = stable_migratetype(im, e, &cls->migratetype, err);
	if (!rc && cls->type == TRACE_EXTFRAG)
		rc = stable_migratetype(im, e, &cls->fallback_migratetype, err);
	if (!rc && cls->type == TRACE_ALLOC && !e->have_gfp)
		cls->gfp = gfp_map_gfp(map, cls->gfp_raw);
	return rc;
}

static bool same_class(const struct trace_class *a, const struct trace_class *b)
{
	return a->type == b->type && a->order == b->order && a->migratetype == b->migratetype &&
	       a->flags == b->flags && a->fallback_order == b->fallback_order &&
	       a->fallback_migratetype == b->fallback_migratetype && a->gfp == b->gfp &&
	       a->gfp_raw == b->gfp_raw;
}

static int class_id(struct import *im, const struct import_event *e, uint16_t *id, struct mmr_error *err)
{
	uint32_t hash = e->cls.type + e->cls.order * 7u + e->cls.migratetype * 31u + e->cls.flags * 57u +
			(e->cls.gfp_raw ^ e->cls.gfp_raw >> 11 ^ e->cls.gfp_raw >> 19) * 13u;
	struct class_slot *slot = &im->out->classes[hash % NR_CLASS_SLOTS];
	struct trace_class cls = e->cls;
	int rc;

	if (slot->used && same_class(&slot->raw, &e->cls)) {
		*id = slot->id;
		return 0;
	}
	rc = translate_class(im, e, &cls, err);
	if (!rc)
		rc = trace_writer_class(im->out->writer, &cls, id, err);
	if (!rc)
		*slot = (struct class_slot){.raw = e->cls, .used = true, .id = *id};
	return rc;
}

static int keep_for_sorting(struct import *im, const struct trace_event *event, struct mmr_error *err)
{
	struct import_output *out = im->out;

	if (out->nr_events == out->cap) {
		uint64_t cap = out->cap ? out->cap * 2 : 65536;
		struct sorted_event *more = realloc(out->events, cap * sizeof(*more));

		if (!more)
			return mmr_err(err, -ENOMEM, "%s: no memory to sort %" PRIu64 " events by time",
				       im->path, cap);
		out->events = more;
		out->cap = cap;
	}
	out->events[out->nr_events] = (struct sorted_event){*event, out->nr_events};
	out->nr_events++;
	return 0;
}

int import_put(struct import *im, const struct import_event *e, struct mmr_error *err)
{
	struct trace_event event = {.ts_ns = e->ts_ns, .pfn = TRACE_NO_PFN, .task = TRACE_NO_TASK};
	struct import_event marked;
	int rc;

	if (e->cpu >= MAX_CPUS)
		return mmr_err(err, -EINVAL, "%s: byte %" PRIu64 ": found CPU %u, expected a number below %u",
			       im->path, e->offset, e->cpu, MAX_CPUS);
	event.cpu = (uint16_t)e->cpu;
	if (e->pfn != IMPORT_NO_PFN) {
		if (e->pfn >= TRACE_NO_PFN)
			return mmr_err(err, -EOVERFLOW,
				       "%s: byte %" PRIu64 ": found pfn 0x%" PRIx64
				       ", expected one below 0xffffffff (16 TiB)",
				       im->path, e->offset, e->pfn);
		event.pfn = (uint32_t)e->pfn;
	}
	/* kswapd names itself, and runs with both task flags set. */
	if (e->have_task && !strncmp(e->task.comm, "kswapd", 6)) {
		marked = *e;
		marked.cls.flags |= TRACE_F_KSWAPD | TRACE_F_PF_MEMALLOC;
		e = &marked;
	}
	rc = class_id(im, e, &event.class_id, err);
	if (!rc && e->have_task)
		rc = task_id(im->out, &e->task, &event.task, err);
	if (rc)
		return rc;
	im->report->events[e->cls.type]++;
	im->report->nr_events++;
	im->report->nr_gfp_unknown +=
		e->cls.type == TRACE_ALLOC && !e->have_gfp && (e->cls.gfp_raw & im->out->map.gfp_unknown);
	return im->sort ? keep_for_sorting(im, &event, err) : trace_writer_event(im->out->writer, &event, err);
}

int import_loss(struct import *im, uint32_t cpu, uint64_t begin_ns, uint64_t end_ns, uint64_t nr,
		struct mmr_error *err)
{
	struct trace_loss loss = {.cpu = cpu, .begin_ns = begin_ns, .end_ns = end_ns, .nr_events = nr};

	if (loss.end_ns < loss.begin_ns)
		loss.end_ns = loss.begin_ns;
	im->report->nr_lost += nr;
	return trace_writer_loss(im->out->writer, &loss, err);
}

static int by_time(const void *a, const void *b)
{
	const struct sorted_event *x = a, *y = b;

	if (x->event.ts_ns != y->event.ts_ns)
		return x->event.ts_ns < y->event.ts_ns ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static int write_sorted(struct import *im, struct mmr_error *err)
{
	struct import_output *out = im->out;
	int rc = 0;

	if (out->nr_events)
		qsort(out->events, out->nr_events, sizeof(*out->events), by_time);
	for (uint64_t i = 0; i < out->nr_events && !rc; i++)
		rc = trace_writer_event(out->writer, &out->events[i].event, err);
	return rc;
}

/* ---- a run --------------------------------------------------------------------------------- */

static int check_events(const struct import *im, struct mmr_error *err)
{
	if (im->report->nr_events)
		return 0;
	if (!im->report->nr_other)
		return mmr_err(err, -ENODATA, "%s: no event in it at all", im->path);
	return mmr_err(err, -ENODATA,
		       "%s: no kmem:mm_page_* event among its %" PRIu64 ", expected e.g. what these record: "
		       "-e kmem:mm_page_alloc -e kmem:mm_page_free",
		       im->path, im->report->nr_other);
}

/* Somebody's first try is often the wrong word: say the right one where the source begins as another format
 * does. */
static void add_hint(const struct import *im, const struct import_format *format, struct mmr_error *err)
{
	static const struct {
		const char *magic, *name, *hint;
		size_t len;
	} known[] = {
		{"PERFILE2", "perf", "perf.data: mmreplay import perf", 8},
		{"\x17\x08\x44tracing", "trace-cmd", "trace.dat: mmreplay import trace-cmd", 10},
		{"\x8dMMT\r\n", "", "an .mmt recording already", 6},
		{"\x1f\x8b", "", "compressed with gzip: unpack it first", 2},
		{"\xfd"
		 "7zXZ",
		 "", "compressed with xz: unpack it first", 5},
		{"\x28\xb5\x2f\xfd", "", "compressed with zstd: unpack it first", 4},
	};

	for (size_t i = 0; err && i < sizeof(known) / sizeof(known[0]); i++) {
		size_t used = strlen(err->msg);

		if (im->size < known[i].len || memcmp(im->data, known[i].magic, known[i].len) != 0 ||
		    !strcmp(known[i].name, format->name))
			continue;
		snprintf(err->msg + used, sizeof(err->msg) - used, "; it looks like %s", known[i].hint);
	}
}

int import_memory(const struct import_format *format, const char *path, const uint8_t *data, size_t size,
		  const char *output, const struct import_options *options, struct import_report *report,
		  struct mmr_error *err)
{
	struct import im = {.path = path, .data = data, .size = size, .options = options, .report = report};
	int rc, closed = 0;

	*report = (struct import_report){0};
	im.out = calloc(1, sizeof(*im.out));
	if (!im.out)
		return mmr_err(err, -ENOMEM, "%s: no memory to import it", path);
	im.out->path = output;
	rc = format->run(&im, err);
	if (!rc && im.sort)
		rc = write_sorted(&im, err);
	if (!rc)
		rc = check_events(&im, err);
	if (rc && !report->nr_events)
		add_hint(&im, format, err);
	report->sorted = im.sort;
	report->interrupted = import_stopped(&im);
	if (im.out->writer)
		closed = trace_writer_close(im.out->writer, rc ? NULL : err);
	if (rc && im.out->writer && !report->nr_events) {
		struct stat st;

		if (!lstat(output, &st) && S_ISREG(st.st_mode))
			unlink(output);
	}
	free(im.out->events);
	free(im.out);
	trace_machine_deinit(&im.machine);
	return rc ? rc : closed;
}

/* Pipes are read to their end; a file is mapped. */
static int read_stream(int fd, const char *path, uint8_t **data, size_t *size, const struct import_options *o,
		       struct mmr_error *err)
{
	size_t cap = 1 << 20;
	ssize_t n = 1;

	*size = 0;
	*data = malloc(cap);
	while (*data && n > 0) {
		if (*size == cap) {
			uint8_t *more = realloc(*data, cap * 2);

			if (!more)
				break;
			*data = more;
			cap *= 2;
		}
		n = read(fd, *data + *size, cap - *size);
		if (n < 0 && errno == EINTR) {
			if (o->stop && o->stop())
				return 0;
			n = 1;
			continue;
		}
		if (n < 0)
			return mmr_err(err, -errno, "%s: byte %zu: reading: %s", path, *size, strerror(errno));
		*size += (size_t)n;
	}
	return n > 0 ? mmr_err(err, -ENOMEM, "%s: no memory for its %zu bytes", path, *size) : 0;
}

static int import_mapped(const struct import_format *format, const char *path, int fd, size_t size,
			 const char *output, const struct import_options *options, struct import_report *report,
			 struct mmr_error *err)
{
	void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	int rc;

	if (data == MAP_FAILED)
		return mmr_err(err, -errno, "%s: cannot be mapped: %s", path, strerror(errno));
	madvise(data, size, MADV_SEQUENTIAL);
	rc = import_memory(format, path, data, size, output, options, report, err);
	munmap(data, size);
	return rc;
}

int import_run(const struct import_format *format, const char *path, const char *output,
	       const struct import_options *options, struct import_report *report, struct mmr_error *err)
{
	bool input = strcmp(path, "-") == 0;
	int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc;
	uint8_t *data = NULL;
	struct stat st;
	size_t size;

	*report = (struct import_report){0};
	if (fd < 0 || fstat(fd, &st) < 0) {
		rc = mmr_err(err, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	} else if (S_ISREG(st.st_mode) && st.st_size > 0) {
		rc = import_mapped(format, path, fd, (size_t)st.st_size, output, options, report, err);
	} else {
		rc = read_stream(fd, path, &data, &size, options, err);
		if (!rc)
			rc = import_memory(format, path, data, size, output, options, report, err);
		free(data);
	}
	if (!input && fd >= 0)
		close(fd);
	return rc;
}
