// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads and attaches the recorder's BPF programs and moves what they put into the rings to the writer. */
#include "traces/record/record_capture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "record.skel.h"
#include "traces/record/record_attach.h"
#include "traces/record/record_error.h"
#include "traces/record/record_kernel.h"
#include "traces/record/record_labels.h"
#include "traces/record/record_notes.h"
#include "traces/record/record_seconds.h"
#include "traces/record/record_stream.h"

struct record_capture {
	struct record_bpf *skel;
	struct record_notes *notes;
	struct rec_cpu *cpus; /* the programs' own, mapped */
	size_t cpus_bytes;
	void *lanes; /* all CPUs', mapped */
	size_t lanes_bytes;
	uint32_t lane_unit_shift, nr_online;
	bool use_lanes, preempts_locks;
	uint32_t nr_counted; /* zones whose per-CPU lists are counted */
	struct record_seconds seconds;
	struct record_stream *streams;
	uint32_t nr_cpus;
	int tracefs;
	struct bpf_link *classic_links[RECORD_MAX_FIRSTS], *late_links[RECORD_MAX_FIRSTS];
	struct record_filter filter;
	bool tell_interrupts, have_third, special_allocs;
	uint32_t mode; /* REC_OFF, REC_ON or REC_PAUSED */
	uint64_t start_ns, looked_ns;
	uint64_t settled_ns; /* until when each event that the kernel skipped is recorded, or told as lost */
	struct record_sink sink;
};

/* Up to so long before a drain the rings read first may lack what those read last have. */
#define SETTLED_NS 1000000
/* How often the kernel is asked for runs it skipped: what is lost by them, is lost within so long a time. */
#define LOOK_NS 100000000

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- loading ------------------------------------------------------------------------------- */

#ifdef __x86_64__
#define STORES_IN_ORDER true
#else
#define STORES_IN_ORDER false
#endif

/*
 * The programs of each event, in the order they are called in: the first one, a second one where an interrupt
 * can come into the first, and a classic one where a task can be preempted in both, or where only the classic
 * tracepoint tells all: then that is the first. Where tasks are not preempted within them, only frees come
 * often enough in interrupts to pay for two programs from the start. Events under zone->lock have one unless
 * that leaves preemption on.
 */
static const struct {
	const char *first, *second, *classic;
	const char *event; /* of the classic one: libbpf would look for tracefs at fixed places */
	bool often, locked;
} hooks[] = {
	{.first = "mm_page_alloc",
	 .second = "mm_page_alloc_2",
	 .classic = "mm_page_alloc_3",
	 .event = "kmem/mm_page_alloc"},
	{.first = "mm_page_free",
	 .second = "mm_page_free_2",
	 .classic = "mm_page_free_3",
	 .event = "kmem/mm_page_free",
	 .often = true},
	{.first = "mm_page_free_batched",
	 .second = "mm_page_free_batched_2",
	 .classic = "mm_page_free_batched_3",
	 .event = "kmem/mm_page_free_batched"},
	{.first = "mm_page_alloc_zone_locked",
	 .second = "mm_page_alloc_zone_locked_2",
	 .classic = "mm_page_alloc_zone_locked_3",
	 .event = "kmem/mm_page_alloc_zone_locked",
	 .locked = true},
	{.first = "mm_page_pcpu_drain",
	 .second = "mm_page_pcpu_drain_2",
	 .classic = "mm_page_pcpu_drain_3",
	 .event = "kmem/mm_page_pcpu_drain",
	 .locked = true},
	{.first = "mm_page_alloc_extfrag",
	 .classic = "mm_page_alloc_extfrag",
	 .event = "kmem/mm_page_alloc_extfrag"},
	{.first = "mm_page_alloc_extfrag_raw"}, /* where tracefs cannot be read */
};
#define NR_HOOKS (sizeof(hooks) / sizeof(hooks[0]))
_Static_assert(NR_HOOKS <= RECORD_MAX_FIRSTS, "one entry for each first program");

static struct bpf_program *program_of(const struct record_capture *c, const char *name)
{
	return bpf_object__find_program_by_name(c->skel->obj, name);
}

static int make_ring(struct record_capture *c, uint32_t cpu, size_t bytes, struct mmr_error *err)
{
	struct record_stream *s = &c->streams[cpu];
	int rc;

	if (c->use_lanes) {
		uint32_t first = c->nr_online++ * ((uint32_t)REC_LANE_UNITS << c->lane_unit_shift);

		c->cpus[cpu].lanes = first;
		record_lanes_init(&s->lanes, (volatile struct rec_event *)c->lanes + first, &c->cpus[cpu],
				  c->lane_unit_shift);
		bytes /= 8; /* tasks, losses and notes only */
	}
	s->fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "mmr_ring", 0, 0, (uint32_t)bytes, NULL);
	if (s->fd < 0)
		return record_bpf_error(err, s->fd, "creating a ring buffer of %zu KiB for CPU %u", bytes >> 10,
					cpu);
	if (bpf_map_update_elem(bpf_map__fd(c->skel->maps.rings), &cpu, &s->fd, 0))
		return record_bpf_error(err, -errno, "giving CPU %u its ring buffer", cpu);
	rc = record_stream_init(s, cpu, &c->sink, err);
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
		struct record_stream *s = &c->streams[cpu];

		s->fd = -1;
		s->cpu = cpu;
		s->tid = REC_NO_TID;
		s->task = TRACE_NO_TASK;
		s->policy_tid = REC_NO_TID;
		s->sink = &c->sink;
		c->cpus[cpu].last_tid = REC_NO_TID;
		c->cpus[cpu].policy_tid = REC_NO_TID;
		c->cpus[cpu].lanes = REC_NO_LANES;
		c->cpus[cpu].context = c->cpus[cpu].counted_for = REC_NO_CONTEXT;
		for (int type = 0; type < REC_NR_TYPES; type++)
			c->cpus[cpu].firsts[type].page = REC_NO_PAGE;
	}
	for (uint32_t cpu = 0; cpu < c->nr_cpus; cpu++) {
		int rc = cpu_is_online(cpu) ? make_ring(c, cpu, ring_bytes, err) : 0;

		if (rc)
			return rc;
	}
	return 0;
}

static uint64_t skipped_runs(void *ctx, unsigned int nr)
{
	struct record_capture *c = ctx;
	struct bpf_program *prog = program_of(c, hooks[nr].first);
	struct bpf_prog_info info = {0};
	uint32_t bytes = sizeof(info);

	if (!bpf_program__autoload(prog) || bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &bytes))
		return 0;
	return info.recursion_misses;
}

static bool attach_second(void *ctx, unsigned int nr)
{
	struct record_capture *c = ctx;

	c->late_links[nr] = bpf_program__attach(program_of(c, hooks[nr].second));
	return c->late_links[nr] != NULL;
}

/* Which programs go in pairs: from the start, from when it turns out to be needed, or not at all. */
static void choose_seconds(struct record_capture *c, bool lean)
{
	c->seconds = (struct record_seconds){
		.nr = NR_HOOKS, .skipped_runs = skipped_runs, .attach = attach_second, .ctx = c};
	for (unsigned int i = 0; i < NR_HOOKS; i++) {
		struct bpf_program *prog;
		bool wanted;

		if (!hooks[i].second)
			continue;
		prog = program_of(c, hooks[i].second);
		wanted = !lean && (c->preempts_locks || !hooks[i].locked);
		bpf_program__set_autoload(prog, wanted);
		if (!wanted)
			continue;
		c->seconds.state[i] = hooks[i].often || record_kernel_preempts_programs()
					      ? RECORD_SECOND_ATTACHED
					      : RECORD_SECOND_READY;
		bpf_program__set_autoattach(prog, c->seconds.state[i] == RECORD_SECOND_ATTACHED);
	}
}

static int load(struct record_capture *c, const struct record_capture_options *options, struct mmr_error *err)
{
	bool third = options->tracefs >= 0 && record_kernel_preempts_programs() && !options->lean;
	int rc;

	c->skel = record_bpf__open();
	if (!c->skel)
		return record_bpf_error(err, -errno, "opening the recorder's BPF object");
	c->skel->rodata->want_names = options->names;
	c->skel->rodata->want_tgid = c->filter.tgid;
	c->skel->rodata->want_cgroup = c->filter.cgroup;
	c->skel->rodata->want_cgroup_level = c->filter.cgroup_level;
	c->skel->rodata->many_nodes = options->nr_nodes > 1;
	c->special_allocs = options->nr_nodes > 1 || c->filter.tgid || c->filter.cgroup;
	c->skel->rodata->memory_nodes = options->memory_nodes;
	c->skel->rodata->node_words = (options->nr_nodes + 63) / 64;
	bpf_program__set_autoload(c->skel->progs.mm_page_alloc_extfrag, options->tracefs >= 0);
	bpf_program__set_autoload(c->skel->progs.count_extfrag, options->tracefs >= 0);
	bpf_program__set_autoload(c->skel->progs.mm_page_alloc_extfrag_raw, options->tracefs < 0);
	c->have_third = third;
	c->skel->rodata->use_lanes = c->use_lanes;
	choose_seconds(c, options->lean);
	for (size_t i = 0; i < NR_HOOKS; i++) {
		struct bpf_program *prog = hooks[i].classic ? program_of(c, hooks[i].classic) : NULL;

		if (!prog)
			continue;
		bpf_program__set_autoattach(prog, false);
		if (hooks[i].classic != hooks[i].first)
			bpf_program__set_autoload(prog, third && (c->preempts_locks || !hooks[i].locked));
	}
	rc = record_kernel_has_events(c->skel->obj, err);
	if (rc)
		return rc;
	bpf_map__set_max_entries(c->skel->maps.rings, c->nr_cpus);
	bpf_map__set_max_entries(c->skel->maps.cpus, c->nr_cpus);
	if (c->use_lanes)
		bpf_map__set_max_entries(c->skel->maps.lanes,
					 (record_capture_nr_online(c->nr_cpus) * REC_LANE_UNITS)
						 << c->lane_unit_shift);
	rc = record_bpf__load(c->skel);
	if (rc)
		return record_bpf_error(err, rc, "loading the BPF programs of the page tracepoints");
	return 0;
}

static bool read_stack(void *ctx, uint32_t id, uint64_t frames[REC_STACK_FRAMES])
{
	const struct record_capture *c = ctx;

	return !bpf_map_lookup_elem(record_notes_stacks(c->notes), &id, frames);
}

static int make_labels(struct record_capture *c, const struct record_capture_options *options,
		       struct mmr_error *err)
{
	const struct record_labels_options labels = {
		.read_stack = record_notes_stacks(c->notes) < 0 ? NULL : read_stack,
		.ctx = c,
		.cgroups = options->cgroups,
	};

	return record_labels_create(&labels, &c->sink.labels, err);
}

static int make_notes(struct record_capture *c, const struct record_capture_options *options,
		      struct mmr_error *err)
{
	const struct record_notes_options notes = {
		.rings = bpf_map__fd(c->skel->maps.rings),
		.cpus = bpf_map__fd(c->skel->maps.cpus),
		.names = options->names,
		.costly = options->extras,
		.page_cache = options->page_cache,
		.stacks = options->stacks,
		.cgroups = options->cgroups,
		/* A part of the page events says nothing that these could complete. */
		.none = record_filter_set(options->filter),
	};
	int rc = record_notes_create(&notes, &c->notes, err);

	if (rc)
		return rc;
	c->sink.sees_isolation = record_notes_watch(c->notes, TRACE_ISOLATE_PAGE) != RECORD_UNWATCHED;
	if (record_notes_watch(c->notes, TRACE_ALLOC_FROM) != RECORD_UNWATCHED)
		rc = make_labels(c, options, err);
	return rc;
}

static int map_memory(struct record_capture *c, struct mmr_error *err)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	size_t slots = c->use_lanes ? bpf_map__max_entries(c->skel->maps.lanes) : 0;
	void *cpus, *lanes = NULL;

	c->cpus_bytes = (c->nr_cpus * sizeof(*c->cpus) + page_bytes - 1) & ~(page_bytes - 1);
	cpus = mmap(NULL, c->cpus_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(c->skel->maps.cpus),
		    0);
	if (cpus == MAP_FAILED)
		return mmr_err(err, -errno, "recorder: mapping the per-CPU counters: %s", strerror(errno));
	c->cpus = cpus;
	c->lanes_bytes = (slots * sizeof(struct rec_event) + page_bytes - 1) & ~(page_bytes - 1);
	if (slots)
		lanes = mmap(NULL, c->lanes_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			     bpf_map__fd(c->skel->maps.lanes), 0);
	if (lanes == MAP_FAILED)
		return mmr_err(err, -errno, "recorder: mapping %zu bytes of events: %s", c->lanes_bytes,
			       strerror(errno));
	c->lanes = lanes;
	return 0;
}

int record_capture_create(uint32_t nr_cpus, const struct record_capture_options *options,
			  struct record_capture **ret, struct mmr_error *err)
{
	struct record_capture *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return mmr_err(err, -ENOMEM, "recorder: no memory for its state");
	c->nr_cpus = c->sink.nr_cpus = nr_cpus;
	c->tracefs = options->tracefs;
	c->filter = *options->filter;
	c->use_lanes = record_kernel_runs_alone() && STORES_IN_ORDER;
	c->preempts_locks = record_kernel_preempts_locks();
	c->lane_unit_shift = record_lanes_unit_shift(options->ring_bytes);
	rc = record_tasks_create(&c->sink.tasks, err);
	if (!rc)
		rc = load(c, options, err);
	if (rc)
		goto fail;
	rc = map_memory(c, err);
	if (rc)
		goto fail;
	rc = make_streams(c, options->ring_bytes, err);
	if (!rc)
		rc = make_notes(c, options, err);
	if (rc)
		goto fail;
	*ret = c;
	return 0;
fail:
	record_capture_destroy(c);
	return rc;
}

/* What the skeleton did not attach, it does not detach. */
static void detach_others(struct record_capture *c)
{
	for (size_t i = 0; i < NR_HOOKS; i++) {
		bpf_link__destroy(c->classic_links[i]);
		bpf_link__destroy(c->late_links[i]);
		c->classic_links[i] = c->late_links[i] = NULL;
	}
}

void record_capture_destroy(struct record_capture *c)
{
	if (!c)
		return;
	for (uint32_t cpu = 0; c->streams && cpu < c->nr_cpus; cpu++) {
		record_ring_deinit(&c->streams[cpu].ring);
		record_stream_deinit(&c->streams[cpu]);
		if (c->streams[cpu].fd >= 0)
			close(c->streams[cpu].fd);
	}
	free(c->streams);
	record_notes_destroy(c->notes);
	if (c->cpus)
		munmap(c->cpus, c->cpus_bytes);
	if (c->lanes)
		munmap(c->lanes, c->lanes_bytes);
	detach_others(c);
	record_bpf__destroy(c->skel);
	record_tasks_destroy(c->sink.tasks);
	record_live_destroy(c->sink.live);
	record_labels_destroy(c->sink.labels);
	free(c->sink.sifted);
	free(c);
}

/* After the others, so that they are called after them. */
static int attach_classics(struct record_capture *c, struct mmr_error *err)
{
	for (size_t i = 0; i < NR_HOOKS; i++) {
		struct bpf_program *prog = hooks[i].classic ? program_of(c, hooks[i].classic) : NULL;

		if (!prog || !bpf_program__autoload(prog))
			continue;
		c->classic_links[i] = record_attach_classic(prog, c->tracefs, hooks[i].event, err);
		if (!c->classic_links[i])
			return err ? err->code : -EIO;
	}
	return 0;
}

int record_capture_start(struct record_capture *c, struct trace_writer *writer, const struct gfp_map *map,
			 const struct record_pages *pages, const struct trace_machine *machine,
			 bool tell_interrupts, struct mmr_error *err)
{
	int rc =
		record_filter_set(&c->filter) ? record_live_create(&c->filter, machine, &c->sink.live, err) : 0;

	if (rc)
		return rc;
	c->sink.writer = writer;
	c->sink.map = map;
	c->sink.pages = *pages;
	c->sink.page_shift = pages->size & (pages->size - 1) ? -1 : __builtin_ctz(pages->size);
	c->skel->bss->page_base = pages->full_base;
	c->skel->bss->page_size = pages->size;
	rc = record_bpf__attach(c->skel);
	if (rc)
		return record_bpf_error(err, rc, "attaching to the page tracepoints");
	rc = attach_classics(c, err);
	if (rc)
		return rc;
	c->start_ns = c->looked_ns = c->settled_ns = now_ns();
	/* While programs are attached or detached one by one, what is skipped is no event of the trace. */
	record_seconds_begin(&c->seconds);
	c->tell_interrupts = tell_interrupts;
	record_capture_pause(c, false);
	return 0;
}

static void switch_to(struct record_capture *c, uint32_t mode)
{
	uint32_t flags = (c->tell_interrupts ? REC_TELL_INTERRUPTS : 0) | (c->have_third ? REC_HAVE_THIRD : 0) |
			 (c->special_allocs ? REC_SPECIAL_ALLOCS : 0);

	c->mode = mode;
	record_notes_switch(c->notes, mode, c->tell_interrupts);
	for (uint32_t cpu = 0; cpu < c->nr_cpus; cpu++)
		__atomic_store_n(&c->cpus[cpu].mode, mode | flags, __ATOMIC_RELAXED);
}

void record_capture_pause(struct record_capture *c, bool pause)
{
	switch_to(c, pause ? REC_PAUSED : REC_ON);
}

void record_capture_another_file(struct record_capture *c)
{
	record_tasks_forget(c->sink.tasks);
	for (uint32_t cpu = 0; cpu < c->nr_cpus; cpu++) {
		c->streams[cpu].tid = REC_NO_TID;
		c->streams[cpu].task = TRACE_NO_TASK;
	}
}

/* Events that second programs got, or counted as lost because the ring was full. */
static uint64_t nr_saved(const struct record_capture *c)
{
	uint64_t nr = c->sink.counts.nr_nested;

	for (uint32_t cpu = 0; cpu < c->nr_cpus; cpu++)
		nr += c->cpus[cpu].lost_second;
	return nr;
}

/*
 * What the kernel skipped is lost where no second program is attached, and where it was skipped there, too.
 * Both are told at once, so that keyframes follow: the first after each look, the second after one that found
 * nothing new, when all that was skipped before has been drained. On which CPU it was is not known: the
 * kernel's count is of all together.
 */
static int look_for_skipped(struct record_capture *c, uint64_t now, bool attach)
{
	uint64_t since_ns = c->looked_ns, before = c->seconds.nr_skipped;
	uint64_t lost = record_seconds_look(&c->seconds, attach ? now : 0);
	int rc = 0;

	c->looked_ns = now;
	c->sink.counts.nr_skipped = c->seconds.nr_skipped;
	if (lost)
		return record_stream_loss(&c->sink, NULL, since_ns, now, lost);
	if (c->seconds.nr_skipped != before)
		return 0;
	lost = record_seconds_missing(&c->seconds, nr_saved(c));
	if (lost)
		rc = record_stream_loss(&c->sink, NULL, c->settled_ns, since_ns, lost);
	c->settled_ns = now;
	return rc;
}

int record_capture_drain(struct record_capture *c, unsigned int *filled, struct mmr_error *err)
{
	uint64_t begin_ns = now_ns(), settled_ns = c->sink.live ? begin_ns - SETTLED_NS : 0;
	unsigned int fullest = 0;
	int rc = 0;

	c->sink.err = err;
	for (uint32_t cpu = 0; cpu < c->nr_cpus; cpu++) {
		struct record_stream *s = &c->streams[cpu];
		unsigned int share;
		int64_t got;

		if (s->fd < 0)
			continue;
		share = record_ring_filled(&s->ring);
		if (share > fullest)
			fullest = share;
		got = s->lanes.used ? record_lanes_drain(&s->lanes, &s->ring, begin_ns, &share,
							 record_stream_record, s)
				    : record_ring_drain(&s->ring, record_stream_record, s);
		if (share > fullest)
			fullest = share;
		if (got < 0)
			return (int)got;
	}
	if (filled)
		*filled = fullest;
	if (c->mode != REC_OFF && begin_ns - c->looked_ns >= LOOK_NS)
		rc = look_for_skipped(c, begin_ns, true);
	for (uint32_t cpu = 0; c->sink.live && cpu < c->nr_cpus && !rc; cpu++)
		rc = record_stream_pass(&c->streams[cpu], settled_ns);
	return rc || !c->sink.live ? rc : record_sink_sift(&c->sink);
}

int record_capture_settle(struct record_capture *c, struct mmr_error *err)
{
	int rc = 0;

	c->sink.err = err;
	c->sink.counts.nr_moved = c->sink.counts.nr_late = 0;
	for (uint32_t cpu = 0; cpu < c->nr_cpus && !rc; cpu++) {
		struct record_stream *s = &c->streams[cpu];

		rc = record_stream_settle(s);
		c->sink.counts.nr_moved += s->order.nr_moved;
		c->sink.counts.nr_late += s->order.nr_late;
	}
	return rc || !c->sink.live ? rc : record_sink_sift(&c->sink);
}

/* ---- the end ------------------------------------------------------------------------------- */

static int put_last_losses(struct record_capture *c, uint64_t end_ns)
{
	uint64_t told = c->seconds.nr_lost + c->seconds.nr_missing, extfrag_seen = 0, nr_extfrag = 0;
	uint64_t nr = c->sink.counts.strange + record_seconds_missing(&c->seconds, nr_saved(c));
	int rc = 0;

	for (uint32_t cpu = 0; cpu < c->nr_cpus && !rc; cpu++) {
		struct rec_cpu *state = &c->cpus[cpu];

		extfrag_seen += state->extfrag_seen;
		if (state->lost)
			rc = record_stream_loss(&c->sink, &c->streams[cpu], state->gap_begin_ns,
						state->gap_end_ns, state->lost);
		state->lost = 0;
	}
	/* Not where the ring was full: then which of the two is missing is counted already. */
	if (c->sink.counts.nr_lost == told && extfrag_seen > c->sink.counts.events[TRACE_EXTFRAG])
		nr_extfrag = extfrag_seen - c->sink.counts.events[TRACE_EXTFRAG];
	if (!rc && nr)
		rc = record_stream_loss(&c->sink, NULL, c->settled_ns, end_ns, nr);
	if (!rc && nr_extfrag)
		rc = record_stream_loss(&c->sink, NULL, c->start_ns, end_ns, nr_extfrag);
	return rc;
}

/* Kinds of which the kernel passed some over: an event of the recorder's own says how many. */
static int put_missed(struct record_capture *c, struct mmr_error *err)
{
	struct trace_class cls = {.type = TRACE_UNTRACED, .nr_args = 3};
	struct record_stream *s = c->streams;
	int rc = 0;

	c->sink.err = err;
	while (s->fd < 0) /* CPU 0 may be offline; the one this runs on is not */
		s++;
	for (unsigned int type = TRACE_NR_PAGE_EVENTS; type < NR_TRACE_EVENT_TYPES && !rc; type++) {
		uint64_t nr = record_notes_missed(c->notes, type);
		struct record_held note = {.pfn = TRACE_NO_PFN, .args = {.nr = 3, .v = {0, type, (int64_t)nr}}};

		if (nr)
			rc = record_stream_note(s, now_ns(), TRACE_NO_TASK, &cls, &note);
	}
	return rc;
}

int record_capture_stop(struct record_capture *c, struct mmr_error *err)
{
	const struct timespec grace = {.tv_nsec = 2000000};
	int rc;

	switch_to(c, REC_OFF);
	c->sink.err = err;
	rc = look_for_skipped(c, now_ns(), false);
	/* A program that is past its look at the flag still finishes its record. */
	nanosleep(&grace, NULL);
	record_bpf__detach(c->skel);
	if (!rc)
		rc = put_missed(c, err);
	record_notes_detach(c->notes);
	detach_others(c);
	if (!rc)
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
	return record_notes_hook(c->notes, nr, program);
}

const char *record_capture_later(const struct record_capture *c, const char *program, uint64_t *ns)
{
	for (unsigned int i = 0; i < NR_HOOKS; i++) {
		if (!hooks[i].second || strcmp(hooks[i].second, program) != 0)
			continue;
		*ns = c->seconds.attached_ns[i] ? c->seconds.attached_ns[i] - c->start_ns : 0;
		return c->seconds.state[i] == RECORD_SECOND_READY || c->seconds.attached_ns[i] ? hooks[i].first
											       : NULL;
	}
	return NULL;
}

bool record_capture_lack(const struct record_capture *c, unsigned int nr, char *buf, size_t size)
{
	return record_notes_lack(c->notes, nr, buf, size);
}

void record_capture_percpu(struct record_capture *c, const volatile uint64_t *offsets)
{
	c->sink.percpu_offsets = offsets;
	for (uint32_t cpu = 0; cpu < c->nr_cpus; cpu++)
		c->cpus[cpu].percpu_offset = offsets[cpu];
}

void record_capture_count(struct record_capture *c, const uint64_t *zones, uint32_t nr)
{
	if (record_filter_set(&c->filter))
		return;
	c->nr_counted = nr < REC_COUNTED_ZONES ? nr : REC_COUNTED_ZONES;
	for (uint32_t i = 0; i < c->nr_counted; i++)
		c->skel->bss->counted_zones[i] = zones[i];
	c->skel->bss->nr_counted = c->nr_counted;
}

int record_capture_describe(const struct record_capture *c, struct trace_machine *machine,
			    struct mmr_error *err)
{
	uint32_t nr = machine->nr_features + NR_TRACE_EVENT_TYPES;
	struct trace_name_value *features = realloc(machine->features, nr * sizeof(*features));

	if (!features)
		return mmr_err(err, -ENOMEM, "recorder: no memory for the features");
	machine->features = features;
	for (unsigned int type = TRACE_NR_PAGE_EVENTS; type < NR_TRACE_EVENT_TYPES; type++) {
		struct trace_name_value *f = &features[machine->nr_features];

		if (asprintf(&f->name, "event.%s", trace_event_info(type)->name) < 0)
			return mmr_err(err, -ENOMEM, "recorder: no memory for the features");
		f->value = record_notes_watch(c->notes, type);
		if (type == TRACE_PCP_COUNTS && c->nr_counted)
			f->value = RECORD_TRACEPOINT;
		machine->nr_features++;
	}
	return 0;
}

bool record_capture_untraced(const struct record_capture *c)
{
	return c->sink.untraced;
}

void record_capture_known(struct record_capture *c)
{
	c->sink.untraced = false;
}

bool record_capture_may_lose(const struct record_capture *c)
{
	return record_kernel_preempts_programs() && !c->have_third;
}

const struct record_counts *record_capture_counts(const struct record_capture *c)
{
	return &c->sink.counts;
}

uint64_t record_capture_lost_on(const struct record_capture *c, uint32_t cpu)
{
	return c->streams[cpu].nr_lost;
}

void record_capture_watch(struct record_capture *c, uint64_t start_pfn, uint64_t end_pfn, uint64_t begin_ns,
			  uint64_t end_ns)
{
	c->sink.watch_start_pfn = start_pfn;
	c->sink.watch_end_pfn = end_pfn;
	c->sink.watch_begin_ns = begin_ns;
	c->sink.watch_end_ns = end_ns;
	c->sink.watched = 0;
}

uint64_t record_capture_watched(const struct record_capture *c)
{
	return c->sink.watched;
}
