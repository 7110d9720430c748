// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads and attaches the recorder's BPF programs and moves what they put into the rings to the writer. */
#include "traces/record_capture.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "record.skel.h"
#include "traces/mmt_payload.h"
#include "traces/record_attach.h"
#include "traces/record_error.h"
#include "traces/record_order.h"
#include "traces/record_ring.h"
#include "traces/record_tasks.h"

#define CLASS_SLOTS 8192 /* of the cache; a power of two, far above the tens of classes a recording has */

#define RECENT 64 /* records of a CPU among which a doubled one is looked for; a power of two */

struct class_slot {
	uint64_t key; /* class bits << 32 | gfp, plus CLASS_USED */
	uint16_t id;
};
#define CLASS_USED (1ULL << 63)

/* One CPU as the reader sees it. */
struct stream {
	struct record_ring ring;
	struct record_order order;
	int fd;
	uint32_t cpu;
	uint32_t tid, task;
	uint32_t nr_recent;
	uint64_t recent[RECENT]; /* pages of the last records, and their class in the upper bits */
	uint64_t nr_lost;
	struct record_capture *capture;
};

struct record_capture {
	struct record_bpf *skel;
	struct rec_cpu *cpus; /* the programs' own, mapped */
	size_t cpus_bytes;
	struct stream *streams;
	uint32_t nr_cpus;
	int tracefs;
	struct bpf_link *classic_links[4];
	struct trace_writer *writer;
	const struct gfp_map *map;
	struct record_pages pages;
	struct record_tasks *tasks;
	struct record_filter filter;
	struct record_live *live; /* NULL: nothing is filtered */
	struct trace_event *sifted; /* what the rings held at this drain, for the filters */
	uint32_t nr_sifted;
	int page_shift; /* -1 where sizeof(struct page) is no power of two */
	struct record_counts counts;
	uint64_t start_ns, skipped_before;
	struct class_slot classes[CLASS_SLOTS];
	uint64_t watch_start_pfn, watch_end_pfn, watch_begin_ns, watch_end_ns, watched;
	struct mmr_error *err; /* of the drain that runs */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- loading ------------------------------------------------------------------------------- */

/*
 * Whether a task can be preempted between and within a tracepoint's programs. No type tells; 7.0 is
 * where it began, and where it is not so a third program costs time only.
 */
static bool tracepoints_are_preemptible(void)
{
	struct utsname name;

	return !uname(&name) && strtoul(name.release, NULL, 10) >= 7;
}

/* The programs of classic tracepoints: libbpf would look for tracefs at fixed places. */
static const struct {
	const char *program, *event;
} classics[] = {
	{"mm_page_alloc_extfrag", "kmem/mm_page_alloc_extfrag"},
	{"mm_page_alloc_3", "kmem/mm_page_alloc"},
	{"mm_page_free_3", "kmem/mm_page_free"},
	{"mm_page_free_batched_3", "kmem/mm_page_free_batched"},
};
#define NR_CLASSICS (sizeof(classics) / sizeof(classics[0]))

static int check_tracepoints(struct record_bpf *skel, struct mmr_error *err)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct bpf_program *prog;
	int rc = 0;

	if (!btf)
		return record_bpf_error(err, -errno, "reading the kernel's BTF");
	bpf_object__for_each_program(prog, skel->obj)
	{
		const char *tracepoint = bpf_program__section_name(prog);
		char name[128];

		if (strncmp(tracepoint, "tp_btf/", 7) || !bpf_program__autoload(prog))
			continue;
		snprintf(name, sizeof(name), "btf_trace_%s", tracepoint + 7);
		if (btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) < 0) {
			rc = mmr_err(
				err, -ENOENT,
				"kernel: tracepoint %s: not in this kernel's BTF (no %s); recording needs it",
				tracepoint + 7, name);
			break;
		}
	}
	btf__free(btf);
	return rc;
}

static int make_ring(struct record_capture *c, uint32_t cpu, size_t bytes, struct mmr_error *err)
{
	struct stream *s = &c->streams[cpu];
	int rc;

	s->fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "mmr_ring", 0, 0, (uint32_t)bytes, NULL);
	if (s->fd < 0)
		return record_bpf_error(err, s->fd, "creating a ring buffer of %zu KiB for CPU %u", bytes >> 10,
					cpu);
	if (bpf_map_update_elem(bpf_map__fd(c->skel->maps.rings), &cpu, &s->fd, 0))
		return record_bpf_error(err, -errno, "giving CPU %u its ring buffer", cpu);
	rc = record_order_init(&s->order, err);
	return rc ? rc : record_ring_init(&s->ring, s->fd, bytes, err);
}

static bool cpu_is_online(uint32_t cpu)
{
	char path[80];
	char state = '1';
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	f = fopen(path, "re");
	if (!f) { /* a CPU that cannot be switched off has no such file */
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u", cpu);
		return access(path, F_OK) == 0;
	}
	if (fread(&state, 1, 1, f) != 1)
		state = '0';
	fclose(f);
	return state == '1';
}

uint32_t record_capture_nr_online(uint32_t nr_cpus)
{
	uint32_t nr = 0;

	for (uint32_t cpu = 0; cpu < nr_cpus; cpu++)
		nr += cpu_is_online(cpu);
	return nr;
}

static int make_streams(struct record_capture *c, size_t ring_bytes, struct mmr_error *err)
{
	c->streams = calloc(c->nr_cpus, sizeof(*c->streams));
	if (!c->streams)
		return mmr_err(err, -ENOMEM, "recorder: no memory for %u CPUs", c->nr_cpus);
	for (uint32_t cpu = 0; cpu < c->nr_cpus; cpu++) {
		struct stream *s = &c->streams[cpu];

		s->fd = -1;
		s->cpu = cpu;
		s->tid = REC_NO_TID;
		s->task = TRACE_NO_TASK;
		s->capture = c;
		c->cpus[cpu].last_tid = REC_NO_TID;
		for (int type = 0; type < REC_NR_TYPES; type++)
			c->cpus[cpu].last_page[type] = REC_NO_PAGE;
	}
	for (uint32_t cpu = 0; cpu < c->nr_cpus; cpu++) {
		int rc = cpu_is_online(cpu) ? make_ring(c, cpu, ring_bytes, err) : 0;

		if (rc)
			return rc;
	}
	return 0;
}

static int load(struct record_capture *c, const struct record_capture_options *options, struct mmr_error *err)
{
	bool third = options->tracefs >= 0 && tracepoints_are_preemptible();
	int rc;

	c->skel = record_bpf__open();
	if (!c->skel)
		return record_bpf_error(err, -errno, "opening the recorder's BPF object");
	c->skel->rodata->want_names = options->names;
	c->skel->rodata->want_tgid = c->filter.tgid;
	c->skel->rodata->want_cgroup = c->filter.cgroup;
	c->skel->rodata->want_cgroup_level = c->filter.cgroup_level;
	bpf_program__set_autoload(c->skel->progs.mm_page_alloc_extfrag, options->tracefs >= 0);
	bpf_program__set_autoload(c->skel->progs.count_extfrag, options->tracefs >= 0);
	bpf_program__set_autoload(c->skel->progs.mm_page_alloc_extfrag_raw, options->tracefs < 0);
	c->skel->rodata->have_third = third;
	for (size_t i = 0; i < NR_CLASSICS; i++) {
		struct bpf_program *prog = bpf_object__find_program_by_name(c->skel->obj, classics[i].program);

		bpf_program__set_autoattach(prog, false);
		if (i)
			bpf_program__set_autoload(prog, third);
	}
	rc = check_tracepoints(c->skel, err);
	if (rc)
		return rc;
	bpf_map__set_max_entries(c->skel->maps.rings, c->nr_cpus);
	bpf_map__set_max_entries(c->skel->maps.cpus, c->nr_cpus);
	rc = record_bpf__load(c->skel);
	if (rc)
		return record_bpf_error(err, rc, "loading the BPF programs of the page tracepoints");
	return 0;
}

int record_capture_create(uint32_t nr_cpus, const struct record_capture_options *options,
			  struct record_capture **ret, struct mmr_error *err)
{
	struct record_capture *c = calloc(1, sizeof(*c));
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *cpus;
	int rc;

	if (!c)
		return mmr_err(err, -ENOMEM, "recorder: no memory for its state");
	c->nr_cpus = nr_cpus;
	c->tracefs = options->tracefs;
	c->filter = *options->filter;
	rc = record_tasks_create(&c->tasks, err);
	if (!rc)
		rc = load(c, options, err);
	if (rc)
		goto fail;
	c->cpus_bytes = (nr_cpus * sizeof(*c->cpus) + page_bytes - 1) & ~(page_bytes - 1);
	cpus = mmap(NULL, c->cpus_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(c->skel->maps.cpus),
		    0);
	if (cpus == MAP_FAILED) {
		rc = mmr_err(err, -errno, "recorder: mapping the per-CPU counters: %s", strerror(errno));
		goto fail;
	}
	c->cpus = cpus;
	rc = make_streams(c, options->ring_bytes, err);
	if (rc)
		goto fail;
	*ret = c;
	return 0;
fail:
	record_capture_destroy(c);
	return rc;
}

void record_capture_destroy(struct record_capture *c)
{
	if (!c)
		return;
	for (uint32_t cpu = 0; c->streams && cpu < c->nr_cpus; cpu++) {
		record_ring_deinit(&c->streams[cpu].ring);
		record_order_deinit(&c->streams[cpu].order);
		if (c->streams[cpu].fd >= 0)
			close(c->streams[cpu].fd);
	}
	free(c->streams);
	if (c->cpus)
		munmap(c->cpus, c->cpus_bytes);
	for (size_t i = 0; i < NR_CLASSICS; i++)
		bpf_link__destroy(c->classic_links[i]);
	record_bpf__destroy(c->skel);
	record_tasks_destroy(c->tasks);
	record_live_destroy(c->live);
	free(c->sifted);
	free(c);
}

/* Runs of a first program that the kernel skipped because it was active on the CPU already. */
static uint64_t skipped_runs(const struct record_capture *c)
{
	struct bpf_program *prog;
	uint64_t nr = 0;

	bpf_object__for_each_program(prog, c->skel->obj)
	{
		struct bpf_prog_info info = {0};
		uint32_t bytes = sizeof(info);
		const char *name = bpf_program__name(prog);
		size_t len = strlen(name);

		if (!bpf_program__autoload(prog) || (len > 2 && name[len - 2] == '_') ||
		    !strncmp(name, "task_", 5) || !strncmp(name, "count_", 6))
			continue;
		if (!bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &bytes))
			nr += info.recursion_misses;
	}
	return nr;
}

/* After the others, so that they are called after them. */
static int attach_classics(struct record_capture *c, struct mmr_error *err)
{
	for (size_t i = 0; i < NR_CLASSICS; i++) {
		struct bpf_program *prog = bpf_object__find_program_by_name(c->skel->obj, classics[i].program);

		if (!bpf_program__autoload(prog))
			continue;
		c->classic_links[i] = record_attach_classic(prog, c->tracefs, classics[i].event, err);
		if (!c->classic_links[i])
			return err ? err->code : -EIO;
	}
	return 0;
}

int record_capture_start(struct record_capture *c, struct trace_writer *writer, const struct gfp_map *map,
			 const struct record_pages *pages, const struct trace_machine *machine,
			 bool tell_interrupts, struct mmr_error *err)
{
	int rc = record_filter_set(&c->filter) ? record_live_create(&c->filter, machine, &c->live, err) : 0;

	if (rc)
		return rc;
	c->writer = writer;
	c->map = map;
	c->pages = *pages;
	c->page_shift = pages->size & (pages->size - 1) ? -1 : __builtin_ctz(pages->size);
	c->skel->bss->page_base = pages->full_base;
	c->skel->bss->page_size = pages->size;
	rc = record_bpf__attach(c->skel);
	if (rc)
		return record_bpf_error(err, rc, "attaching to the page tracepoints");
	rc = attach_classics(c, err);
	if (rc)
		return rc;
	c->start_ns = now_ns();
	c->skel->bss->tell_interrupts = tell_interrupts;
	/* While programs are attached or detached one by one, what is skipped is no event of the trace. */
	c->skipped_before = skipped_runs(c);
	c->skel->bss->recording = REC_ON;
	return 0;
}

void record_capture_pause(struct record_capture *c, bool pause)
{
	c->skel->bss->recording = pause ? REC_PAUSED : REC_ON;
}

/* ---- from a ring to the writer ------------------------------------------------------------- */

static bool page_to_pfn(const struct record_capture *c, uint64_t page, uint32_t *pfn)
{
	uint64_t bytes = (page - c->pages.base) & REC_PAGE_MASK;
	uint64_t nr = c->page_shift >= 0 ? bytes >> c->page_shift : bytes / c->pages.size;

	*pfn = (uint32_t)nr;
	return nr < TRACE_NO_PFN && nr * c->pages.size == bytes;
}

static int new_class(struct record_capture *c, uint16_t cls, uint32_t gfp, struct class_slot *slot,
		     uint16_t *id)
{
	struct trace_class tc = {
		.type = REC_CLASS_TYPE(cls),
		.order = REC_CLASS_ORDER(cls),
		.flags = REC_CLASS_FLAGS(cls),
	};
	int rc;

	if (tc.type == TRACE_ALLOC || tc.type == TRACE_ZONE_LOCKED || tc.type == TRACE_PCPU_DRAIN ||
	    tc.type == TRACE_EXTFRAG)
		tc.migratetype = c->map->migratetype[REC_CLASS_MIGRATETYPE(cls)];
	if (tc.type == TRACE_ALLOC) {
		tc.gfp_raw = gfp;
		tc.gfp = gfp_map_gfp(c->map, gfp);
	} else if (tc.type == TRACE_EXTFRAG) {
		tc.fallback_order = REC_EXTFRAG_ORDER(gfp);
		tc.fallback_migratetype = c->map->migratetype[REC_EXTFRAG_MIGRATETYPE(gfp)];
	}
	rc = trace_writer_class(c->writer, &tc, id, c->err);
	if (rc)
		return rc;
	if (slot)
		*slot = (struct class_slot){(uint64_t)cls << 32 | gfp | CLASS_USED, *id};
	return 0;
}

static int find_class(struct record_capture *c, uint16_t cls, uint32_t gfp, uint16_t *id)
{
	uint64_t key = (uint64_t)cls << 32 | gfp | CLASS_USED;
	uint32_t hash = (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 51);

	for (uint32_t i = 0; i < 16; i++) {
		struct class_slot *slot = &c->classes[(hash + i) & (CLASS_SLOTS - 1)];

		if (slot->key == key) {
			*id = slot->id;
			return 0;
		}
		if (!slot->key)
			return new_class(c, cls, gfp, slot, id);
	}
	return new_class(c, cls, gfp, NULL, id);
}

/*
 * @comm is NULL where an event is of another task than the last one told: one that was preempted
 * between telling of itself and its event, or any after another file was begun. Then the name is the
 * one it told last.
 */
static int set_task(struct stream *s, uint32_t tid, uint32_t tgid, const char *comm)
{
	struct record_capture *c = s->capture;
	struct trace_task task = {.tid = tid, .tgid = tgid};
	const struct trace_task *told = comm ? NULL : record_tasks_find(c->tasks, tid, &s->task);
	int rc;

	s->tid = tid;
	if (told && s->task != TRACE_NO_TASK)
		return 0;
	if (comm)
		memcpy(task.comm, comm, sizeof(task.comm));
	if (told)
		task = *told;
	rc = trace_writer_task(c->writer, &task, &s->task, c->err);
	if (!rc && (comm || told))
		record_tasks_name(c->tasks, &task, s->task);
	return rc;
}

void record_capture_another_file(struct record_capture *c)
{
	record_tasks_forget(c->tasks);
	for (uint32_t cpu = 0; cpu < c->nr_cpus; cpu++) {
		c->streams[cpu].tid = REC_NO_TID;
		c->streams[cpu].task = TRACE_NO_TASK;
	}
}

/*
 * For interrupts, which come and end on one CPU: a second program's record is a double where the
 * last record of the same page is of the same type, for between two allocations of a page there is
 * a free of it, and the other way round.
 */
static bool is_recent(const struct stream *s, const struct rec_event *e)
{
	for (uint32_t i = 1; i <= RECENT && i <= s->nr_recent; i++) {
		uint64_t r = s->recent[(s->nr_recent - i) & (RECENT - 1)];

		if (!((r ^ e->page) & REC_PAGE_MASK))
			return REC_CLASS_TYPE(r >> REC_PAGE_BITS) == REC_CLASS_TYPE(e->cls);
	}
	return false;
}

/* Also keeps count of the events a later program saved. */
static bool is_double(struct stream *s, const struct rec_event *e)
{
	struct record_counts *counts = &s->capture->counts;
	enum record_twin twin = RECORD_SINGLE;

	if (!(REC_CLASS_FLAGS(e->cls) & TRACE_F_SOFTIRQ))
		twin = record_tasks_event(s->capture->tasks, e);
	if (twin == RECORD_SINGLE && e->cls & REC_CLASS_SECOND && is_recent(s, e))
		twin = RECORD_DOUBLE;
	if (twin == RECORD_DOUBLE_OF_SECOND)
		counts->nr_nested--;
	else if (twin == RECORD_SINGLE && e->cls & REC_CLASS_SECOND)
		counts->nr_nested++;
	if (twin == RECORD_SINGLE)
		s->recent[s->nr_recent++ & (RECENT - 1)] = e->page;
	return twin != RECORD_SINGLE;
}

/* ---- the filters --------------------------------------------------------------------------- */

/*
 * A free is kept if its allocation was, which may be another CPU's: the filters have to see all
 * CPUs' events in the order of their times. So what the rings hold at one drain is put in order
 * first, up to a moment from which on rings that were read already may have got more.
 */
#define NOT_ASKED  1 /* in an event's flags, of which the writer reads none */
#define SETTLED_NS 1000000

static int by_time(const void *a, const void *b)
{
	const struct trace_event *x = a, *y = b;

	return (x->ts_ns > y->ts_ns) - (x->ts_ns < y->ts_ns);
}

static int sift(struct record_capture *c)
{
	int rc = 0;

	if (c->nr_sifted)
		qsort(c->sifted, c->nr_sifted, sizeof(*c->sifted), by_time);
	for (uint32_t i = 0; i < c->nr_sifted && !rc; i++) {
		const struct trace_event *e = &c->sifted[i];

		if (record_live_keeps(c->live, e->type, e->order, e->pfn, !(e->flags & NOT_ASKED))) {
			rc = trace_writer_event(c->writer, e, c->err);
			continue;
		}
		c->counts.events[e->type]--;
		c->counts.nr_events--;
		c->counts.nr_filtered++;
	}
	c->nr_sifted = 0;
	return rc;
}

static int write_event(void *ctx, const struct trace_event *event)
{
	struct record_capture *c = ((struct stream *)ctx)->capture;

	if (!c->live)
		return trace_writer_event(c->writer, event, c->err);
	if (!mmt_grow((void **)&c->sifted, c->nr_sifted, sizeof(*c->sifted)))
		return mmr_err(c->err, -ENOMEM, "recorder: no memory for %u events to be filtered",
			       c->nr_sifted);
	c->sifted[c->nr_sifted++] = *event;
	return 0;
}

static int sift_until(struct record_capture *c, uint64_t ts_ns)
{
	int rc = 0;

	for (uint32_t cpu = 0; cpu < c->nr_cpus && !rc; cpu++)
		rc = record_order_pass(&c->streams[cpu].order, ts_ns, write_event, &c->streams[cpu]);
	return rc ? rc : sift(c);
}

/* ---- records ------------------------------------------------------------------------------- */

static int put_event(struct stream *s, const struct rec_event *e)
{
	struct record_capture *c = s->capture;
	struct trace_event ev = {.ts_ns = e->ts_ns, .cpu = (uint16_t)s->cpu, .pfn = TRACE_NO_PFN};
	uint32_t type = REC_CLASS_TYPE(e->cls);
	uint16_t cls = e->cls & (uint16_t)~REC_CLASS_SECOND;
	uint64_t page = e->page & REC_PAGE_MASK;
	int rc;

	if (type == TRACE_EXTFRAG && e->gfp & REC_EXTFRAG_IS_PFN)
		ev.pfn = (uint32_t)page;
	else if (type >= NR_TRACE_EVENT_TYPES || (page && !page_to_pfn(c, page, &ev.pfn))) {
		c->counts.strange++;
		return 0;
	}
	if (is_double(s, e))
		return 0;
	if (e->tid != s->tid) {
		rc = set_task(s, e->tid, 0, NULL);
		if (rc)
			return rc;
	}
	ev.task = s->task;
	if (ev.pfn >= c->watch_start_pfn && ev.pfn < c->watch_end_pfn && ev.ts_ns >= c->watch_begin_ns &&
	    ev.ts_ns <= c->watch_end_ns)
		c->watched++;
	if (type == TRACE_ALLOC && cls & REC_NOT_ASKED) {
		cls &= (uint16_t)~REC_NOT_ASKED;
		ev.flags = NOT_ASKED;
	}
	rc = find_class(c, cls, e->gfp, &ev.class_id);
	if (rc)
		return rc;
	ev.type = (uint8_t)type;
	ev.order = REC_CLASS_ORDER(cls);
	c->counts.events[type]++;
	c->counts.nr_events++;
	return record_order_put(&s->order, &ev, write_event, s);
}

static int put_loss(struct record_capture *c, uint32_t cpu, uint64_t begin_ns, uint64_t end_ns, uint64_t nr)
{
	struct trace_loss loss = {.cpu = cpu, .begin_ns = begin_ns, .end_ns = end_ns, .nr_events = nr};

	c->counts.nr_lost += nr;
	if (cpu < c->nr_cpus)
		c->streams[cpu].nr_lost += nr;
	return trace_writer_loss(c->writer, &loss, c->err);
}

static int put_record(void *ctx, const void *record, size_t bytes)
{
	struct stream *s = ctx;

	switch (bytes) {
	case sizeof(struct rec_event):
		return put_event(s, record);
	case sizeof(struct rec_task): {
		const struct rec_task *t = record;

		return set_task(s, t->tid, t->tgid, t->comm);
	}
	case sizeof(struct rec_loss): {
		const struct rec_loss *l = record;

		return put_loss(s->capture, s->cpu, l->begin_ns, l->end_ns, l->nr_events);
	}
	}
	s->capture->counts.strange++;
	return 0;
}

int record_capture_drain(struct record_capture *c, unsigned int *filled, struct mmr_error *err)
{
	uint64_t settled_ns = c->live ? now_ns() - SETTLED_NS : 0;
	unsigned int fullest = 0;

	c->err = err;
	for (uint32_t cpu = 0; cpu < c->nr_cpus; cpu++) {
		struct stream *s = &c->streams[cpu];
		unsigned int share;
		int64_t rc;

		if (s->fd < 0)
			continue;
		share = record_ring_filled(&s->ring);
		if (share > fullest)
			fullest = share;
		rc = record_ring_drain(&s->ring, put_record, s);
		if (rc < 0)
			return (int)rc;
	}
	if (filled)
		*filled = fullest;
	return c->live ? sift_until(c, settled_ns) : 0;
}

int record_capture_settle(struct record_capture *c, struct mmr_error *err)
{
	int rc = 0;

	c->err = err;
	c->counts.nr_moved = c->counts.nr_late = 0;
	for (uint32_t cpu = 0; cpu < c->nr_cpus && !rc; cpu++) {
		struct stream *s = &c->streams[cpu];

		rc = record_order_flush(&s->order, write_event, s);
		c->counts.nr_moved += s->order.nr_moved;
		c->counts.nr_late += s->order.nr_late;
	}
	return rc || !c->live ? rc : sift(c);
}

/* ---- the end ------------------------------------------------------------------------------- */

static int put_last_losses(struct record_capture *c, uint64_t end_ns)
{
	uint64_t skipped = c->counts.nr_skipped, saved = c->counts.nr_nested, extfrag_seen = 0,
		 nr = c->counts.strange;
	int rc = 0;

	for (uint32_t cpu = 0; cpu < c->nr_cpus && !rc; cpu++) {
		struct rec_cpu *state = &c->cpus[cpu];

		extfrag_seen += state->extfrag_seen;
		saved += state->lost_second; /* counted as lost already */
		if (state->lost)
			rc = put_loss(c, cpu, state->gap_begin_ns, state->gap_end_ns, state->lost);
		state->lost = 0;
	}
	if (skipped > saved)
		nr += skipped - saved;
	/* Not where the ring was full: then which of the two is missing is counted already. */
	if (!c->counts.nr_lost && extfrag_seen > c->counts.events[TRACE_EXTFRAG])
		nr += extfrag_seen - c->counts.events[TRACE_EXTFRAG];
	if (!rc && nr)
		rc = put_loss(c, UINT32_MAX, c->start_ns, end_ns, nr);
	return rc;
}

int record_capture_stop(struct record_capture *c, struct mmr_error *err)
{
	const struct timespec grace = {.tv_nsec = 2000000};
	int rc;

	c->skel->bss->recording = REC_OFF;
	c->counts.nr_skipped = skipped_runs(c) - c->skipped_before;
	/* A program that is past its look at the flag still finishes its record. */
	nanosleep(&grace, NULL);
	record_bpf__detach(c->skel);
	for (size_t i = 0; i < NR_CLASSICS; i++) {
		bpf_link__destroy(c->classic_links[i]);
		c->classic_links[i] = NULL;
	}
	rc = record_capture_drain(c, NULL, err);
	if (!rc)
		rc = record_capture_settle(c, err);
	if (rc)
		return rc;
	return put_last_losses(c, now_ns());
}

const char *record_capture_hook(const struct record_capture *c, unsigned int nr, const char **program)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, c->skel->obj)
	{
		if (!bpf_program__autoload(prog) || nr--)
			continue;
		*program = bpf_program__name(prog);
		return bpf_program__section_name(prog);
	}
	return NULL;
}

bool record_capture_may_lose(const struct record_capture *c)
{
	return tracepoints_are_preemptible() && !c->skel->rodata->have_third;
}

const struct record_counts *record_capture_counts(const struct record_capture *c)
{
	return &c->counts;
}

uint64_t record_capture_lost_on(const struct record_capture *c, uint32_t cpu)
{
	return c->streams[cpu].nr_lost;
}

void record_capture_watch(struct record_capture *c, uint64_t start_pfn, uint64_t end_pfn, uint64_t begin_ns,
			  uint64_t end_ns)
{
	c->watch_start_pfn = start_pfn;
	c->watch_end_pfn = end_pfn;
	c->watch_begin_ns = begin_ns;
	c->watch_end_ns = end_ns;
	c->watched = 0;
}

uint64_t record_capture_watched(const struct record_capture *c)
{
	return c->watched;
}
