// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing .mmt files. Events wait in plain arrays per CPU; a full array becomes a block and goes
 * out with one write. Nothing is ever rewritten, so the file is readable at any moment.
 */
#include "traces/trace_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "traces/mmt_block.h"
#include "traces/mmt_classes.h"
#include "traces/mmt_events.h"
#include "traces/mmt_labels.h"
#include "traces/mmt_payload.h"

#define DEFAULT_ZSTD_LEVEL   3
#define DEFAULT_BLOCK_EVENTS 65536u
#define MIN_BLOCK_EVENTS     4096u
#define BUFFERED_EVENTS      (1u << 20) /* over all CPUs, where the caller does not choose: 18 MiB */
#define MAX_PENDING_LOSSES   1024u
#define MIN_COMPRESSED       512u /* smaller blocks stay readable in a hex dump */

struct trace_writer {
	int fd;
	char *path;
	int level;
	uint32_t block_events;
	int failed; /* the first error: nothing is written after it */
	struct mmr_error failure;
	uint64_t offset;
	uint32_t seq;
	struct mmt_encoder *encoder;
	ZSTD_CCtx *cctx;
	struct mmt_classes classes;
	struct trace_task *tasks;
	uint32_t nr_tasks, nr_tasks_written;
	uint32_t *task_slots, nr_task_slots; /* hash table of task + 1, 0 = empty */
	struct trace_loss *losses;
	uint32_t nr_losses; /* not written yet */
	struct trace_policy *policies;
	uint32_t nr_policies, nr_policies_written;
	struct mmt_labels labels;
	uint32_t nr_labels_written;
	struct mmt_event_arrays *cpus; /* [nr_cpus], arrays allocated at a CPU's first event */
	uint32_t nr_cpus;
	uint64_t events[256]; /* by type, for the index */
	struct mmt_buf raw, out, index;
};

static int fail(struct trace_writer *w, struct mmr_error *err, int code, const char *what)
{
	for (uint32_t i = 0; i < w->nr_cpus; i++)
		w->cpus[i].room = 0;
	w->failed = mmr_err(&w->failure, code, "%s: byte %" PRIu64 ": %s: %s", w->path, w->offset, what,
			    strerror(-code));
	if (err)
		*err = w->failure;
	return code;
}

static int failed_before(const struct trace_writer *w, struct mmr_error *err)
{
	if (err)
		*err = w->failure;
	return w->failed;
}

/*
 * All of @data, however many writes it takes. After an error the half-written block is cut off
 * again where the file allows it, so that the file ends with a whole block.
 */
static int write_all(struct trace_writer *w, const uint8_t *data, size_t len, struct mmr_error *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(w->fd, data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int code = n < 0 ? -errno : -ENOSPC;

			if (done && ftruncate(w->fd, (off_t)w->offset) < 0)
				return fail(w, err, code, "writing a block (its first part stays in the file)");
			return fail(w, err, code, "writing a block");
		}
		done += (size_t)n;
	}
	w->offset += len;
	return 0;
}

/* Remember the block for the index, and send header and payload out together. */
static int write_block(struct trace_writer *w, struct mmt_block *b, struct mmr_error *err)
{
	uint8_t *header = w->out.data;

	if (w->out.failed || w->index.failed)
		return fail(w, err, -ENOMEM, "putting a block together");
	b->seq = w->seq;
	b->stored = (uint32_t)(w->out.len - MMT_BLOCK_HEADER_BYTES);
	b->payload_sum = XXH3_64bits(w->out.data + MMT_BLOCK_HEADER_BYTES, b->stored);
	mmt_block_header_fill(b, header);
	mmt_put_le64(&w->index, w->offset);
	mmt_put(&w->index, header, MMT_BLOCK_HEADER_BYTES);
	if (write_all(w, w->out.data, w->out.len, err))
		return w->failed;
	w->seq++;
	return 0;
}

static void start_block(struct trace_writer *w)
{
	static const uint8_t room[MMT_BLOCK_HEADER_BYTES];

	w->out.len = 0;
	mmt_put(&w->out, room, sizeof(room));
}

/* A block whose payload is w->raw, compressed where that is shorter. */
static int write_raw_block(struct trace_writer *w, struct mmt_block *b, struct mmr_error *err)
{
	size_t n;

	if (w->raw.failed)
		return fail(w, err, -ENOMEM, "putting a block together");
	if (w->raw.len > MMT_MAX_RAW_BYTES)
		return fail(w, err, -EFBIG, "a block of more than 256 MiB");
	start_block(w);
	b->raw = (uint32_t)w->raw.len;
	if (!mmt_buf_reserve(&w->out, ZSTD_compressBound(w->raw.len)))
		return fail(w, err, -ENOMEM, "putting a block together");
	n = w->raw.len < MIN_COMPRESSED
		    ? 0
		    : ZSTD_compressCCtx(w->cctx, w->out.data + w->out.len, w->out.cap - w->out.len, w->raw.data,
					w->raw.len, w->level);
	if (n && !ZSTD_isError(n) && n < w->raw.len) {
		b->flags |= MMT_BLOCK_ZSTD;
		w->out.len += n;
	} else {
		mmt_put(&w->out, w->raw.data, w->raw.len);
	}
	return write_block(w, b, err);
}

static int write_machine(struct trace_writer *w, const struct trace_machine *machine, struct mmr_error *err)
{
	struct mmt_block b = {.type = MMT_MACHINE, .cpu = MMT_NO_CPU, .count = 1};

	b.first_ns = b.last_ns = machine->monotonic_ns;
	w->raw.len = 0;
	mmt_put_machine(&w->raw, machine);
	return write_raw_block(w, &b, err);
}

static int write_policies(struct trace_writer *w, struct mmr_error *err)
{
	struct mmt_block b = {
		.type = MMT_POLICIES, .cpu = MMT_NO_CPU, .count = w->nr_policies - w->nr_policies_written};

	w->raw.len = 0;
	mmt_put_policies(&w->raw, w->policies, w->nr_policies_written, b.count);
	if (write_raw_block(w, &b, err))
		return w->failed;
	w->nr_policies_written = w->nr_policies;
	return 0;
}

static int write_labels(struct trace_writer *w, struct mmr_error *err)
{
	struct mmt_block b = {
		.type = MMT_LABELS, .cpu = MMT_NO_CPU, .count = w->labels.nr - w->nr_labels_written};

	w->raw.len = 0;
	mmt_put_labels(&w->raw, &w->labels, w->nr_labels_written);
	if (write_raw_block(w, &b, err))
		return w->failed;
	w->nr_labels_written = w->labels.nr;
	return 0;
}

/* Tables before the events that name them, losses before anything later: a cut file has all. */
static int write_pending(struct trace_writer *w, struct mmr_error *err)
{
	if (w->nr_policies > w->nr_policies_written && write_policies(w, err))
		return w->failed;
	if (w->labels.nr > w->nr_labels_written && write_labels(w, err))
		return w->failed;
	if (w->nr_tasks > w->nr_tasks_written) {
		struct mmt_block b = {
			.type = MMT_TASKS, .cpu = MMT_NO_CPU, .count = w->nr_tasks - w->nr_tasks_written};

		w->raw.len = 0;
		mmt_put_tasks(&w->raw, w->tasks, w->nr_tasks_written, b.count);
		if (write_raw_block(w, &b, err))
			return w->failed;
		w->nr_tasks_written = w->nr_tasks;
	}
	if (w->nr_losses) {
		struct mmt_block b = {
			.type = MMT_LOSS, .cpu = MMT_NO_CPU, .count = w->nr_losses, .first_ns = UINT64_MAX};

		w->raw.len = 0;
		for (uint32_t i = 0; i < w->nr_losses; i++) {
			const struct trace_loss *l = &w->losses[i];

			mmt_put_loss(&w->raw, l);
			b.first_ns = l->begin_ns < b.first_ns ? l->begin_ns : b.first_ns;
			b.last_ns = l->end_ns > b.last_ns ? l->end_ns : b.last_ns;
		}
		if (write_raw_block(w, &b, err))
			return w->failed;
		w->nr_losses = 0;
	}
	return 0;
}

/* Out of line: the caller runs once per event and should save no registers for this. */
__attribute__((noinline)) static int write_events(struct trace_writer *w, uint32_t cpu, struct mmr_error *err)
{
	struct mmt_event_arrays *in = &w->cpus[cpu];
	struct mmt_block b = {.type = MMT_EVENTS, .cpu = cpu, .count = in->nr, .first_ns = UINT64_MAX};
	int rc;

	if (!in->nr)
		return 0;
	if (write_pending(w, err))
		return w->failed;
	for (uint32_t i = 0; i < in->nr; i++) {
		b.first_ns = in->ts[i] < b.first_ns ? in->ts[i] : b.first_ns;
		b.last_ns = in->ts[i] > b.last_ns ? in->ts[i] : b.last_ns;
	}
	start_block(w);
	rc = mmt_put_events(w->encoder, &w->out, in, w->classes.items, w->events);
	if (rc)
		return fail(w, err, rc, "encoding events");
	b.raw = (uint32_t)(w->out.len - MMT_BLOCK_HEADER_BYTES);
	if (write_block(w, &b, err))
		return w->failed;
	in->nr = 0;
	in->nr_args = in->args.len = 0;
	return 0;
}

static int open_file(struct trace_writer *w, struct mmr_error *err)
{
	uint8_t header[MMT_FILE_HEADER_BYTES];

	/* As perf does: page frame numbers are not for every user's eyes. */
	w->fd = open(w->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (w->fd < 0)
		return mmr_err(err, -errno, "%s: cannot be opened for writing: %s", w->path, strerror(errno));
	mmt_file_header_fill(header);
	return write_all(w, header, sizeof(header), err);
}

static void release(struct trace_writer *w)
{
	for (uint32_t i = 0; w->cpus && i < w->nr_cpus; i++) {
		free(w->cpus[i].ts);
		free(w->cpus[i].pfn);
		free(w->cpus[i].task);
		free(w->cpus[i].class_id);
		mmt_buf_deinit(&w->cpus[i].args);
	}
	free(w->cpus);
	mmt_encoder_destroy(w->encoder);
	ZSTD_freeCCtx(w->cctx);
	mmt_classes_deinit(&w->classes);
	free(w->tasks);
	free(w->task_slots);
	free(w->losses);
	free(w->policies);
	mmt_labels_deinit(&w->labels);
	mmt_buf_deinit(&w->raw);
	mmt_buf_deinit(&w->out);
	mmt_buf_deinit(&w->index);
	free(w->path);
	free(w);
}

uint32_t trace_writer_block_events(uint32_t nr_cpus)
{
	uint32_t n = nr_cpus ? BUFFERED_EVENTS / nr_cpus : DEFAULT_BLOCK_EVENTS;

	return n > DEFAULT_BLOCK_EVENTS ? DEFAULT_BLOCK_EVENTS : n < MIN_BLOCK_EVENTS ? MIN_BLOCK_EVENTS : n;
}

static int check_options(const struct trace_machine *machine, const struct trace_writer_options *o,
			 struct mmr_error *err)
{
	if (o && o->block_events > MMT_MAX_BLOCK_EVENTS)
		return mmr_err(err, -EINVAL, "block_events: found %u, expected at most %u", o->block_events,
			       MMT_MAX_BLOCK_EVENTS);
	if (machine->nr_cpus > MMT_MAX_CPUS || machine->nr_nodes > MMT_MAX_NODES)
		return mmr_err(err, -EINVAL, "machine: found %u CPUs and %u nodes, expected at most %u and %u",
			       machine->nr_cpus, machine->nr_nodes, MMT_MAX_CPUS, MMT_MAX_NODES);
	return 0;
}

int trace_writer_create(const char *path, const struct trace_machine *machine,
			const struct trace_writer_options *options, struct trace_writer **ret,
			struct mmr_error *err)
{
	struct trace_writer *w;
	int rc = check_options(machine, options, err);

	if (rc)
		return rc;
	w = calloc(1, sizeof(*w));
	if (!w)
		return mmr_err(err, -ENOMEM, "%s: no memory for a writer", path);
	w->fd = -1;
	w->nr_policies_written = 1; /* the default one is in no file */
	w->level = options && options->zstd_level ? options->zstd_level : DEFAULT_ZSTD_LEVEL;
	w->block_events = options && options->block_events ? options->block_events
							   : trace_writer_block_events(machine->nr_cpus);
	w->path = strdup(path);
	w->encoder = mmt_encoder_create(w->level);
	w->cctx = ZSTD_createCCtx();
	w->losses = calloc(MAX_PENDING_LOSSES, sizeof(*w->losses));
	if (!w->path || !w->encoder || !w->cctx || !w->losses ||
	    mmt_add_default_policy(&w->policies, &w->nr_policies))
		rc = mmr_err(err, -ENOMEM, "%s: no memory for a writer", path);
	if (!rc)
		rc = open_file(w, err);
	if (!rc)
		rc = write_machine(w, machine, err);
	if (rc) {
		if (w->fd >= 0)
			close(w->fd);
		release(w);
		return rc;
	}
	*ret = w;
	return 0;
}

int trace_writer_rename(struct trace_writer *w, const char *path, struct mmr_error *err)
{
	char *name = strdup(path);

	if (!name || rename(w->path, path)) {
		int rc = name ? -errno : -ENOMEM;

		free(name);
		return mmr_err(err, rc, "%s: cannot be renamed to %s: %s", w->path, path, strerror(-rc));
	}
	free(w->path);
	w->path = name;
	return 0;
}

int trace_writer_class(struct trace_writer *w, const struct trace_class *cls, uint16_t *id,
		       struct mmr_error *err)
{
	int rc = mmt_classes_add(&w->classes, cls, id);

	if (rc == -ENOSPC)
		return mmr_err(err, rc, "%s: more than %u distinct kinds of events", w->path, MMT_MAX_CLASSES);
	return rc ? mmr_err(err, rc, "%s: no memory for the classes", w->path) : 0;
}

static uint32_t *find_task_slot(struct trace_writer *w, const struct trace_task *task)
{
	uint64_t hash = XXH3_64bits_withSeed(task->comm, sizeof(task->comm), task->tid);

	for (uint32_t i = (uint32_t)hash;; i++) {
		uint32_t *slot = &w->task_slots[i & (w->nr_task_slots - 1)];
		const struct trace_task *t;

		if (!*slot)
			return slot;
		t = &w->tasks[*slot - 1];
		if (t->tid == task->tid && !memcmp(t->comm, task->comm, sizeof(t->comm)))
			return slot;
	}
}

static bool grow_task_slots(struct trace_writer *w)
{
	uint32_t nr = w->nr_task_slots ? w->nr_task_slots * 2 : 256;
	uint32_t *slots = calloc(nr, sizeof(*slots));

	if (!slots)
		return false;
	free(w->task_slots);
	w->task_slots = slots;
	w->nr_task_slots = nr;
	for (uint32_t i = 0; i < w->nr_tasks; i++)
		*find_task_slot(w, &w->tasks[i]) = i + 1;
	return true;
}

int trace_writer_task(struct trace_writer *w, const struct trace_task *task, uint32_t *id,
		      struct mmr_error *err)
{
	struct trace_task t = {.tid = task->tid, .tgid = task->tgid};
	uint32_t *slot;

	/* The name ends at its first zero; what lies behind it must not make two tasks of one. */
	memcpy(t.comm, task->comm, strnlen(task->comm, sizeof(t.comm) - 1));
	if (w->nr_tasks * 2 >= w->nr_task_slots && !grow_task_slots(w))
		return mmr_err(err, -ENOMEM, "%s: no memory for the tasks", w->path);
	slot = find_task_slot(w, &t);
	if (!*slot) {
		if (w->nr_tasks == MMT_MAX_TASKS)
			return mmr_err(err, -ENOSPC, "%s: more than %u tasks", w->path, MMT_MAX_TASKS);
		if (!mmt_grow((void **)&w->tasks, w->nr_tasks, sizeof(*w->tasks)))
			return mmr_err(err, -ENOMEM, "%s: no memory for the tasks", w->path);
		w->tasks[w->nr_tasks++] = t;
		*slot = w->nr_tasks;
	}
	*id = *slot - 1;
	return 0;
}

int trace_writer_policy(struct trace_writer *w, const struct trace_policy *policy, uint16_t *id,
			struct mmr_error *err)
{
	for (uint32_t i = 0; i < w->nr_policies; i++) {
		if (memcmp(policy, &w->policies[i], sizeof(*policy)))
			continue;
		*id = (uint16_t)i;
		return 0;
	}
	if (w->nr_policies == MMT_MAX_POLICIES)
		return mmr_err(err, -ENOSPC, "%s: more than %u memory policies", w->path, MMT_MAX_POLICIES);
	if (!mmt_grow((void **)&w->policies, w->nr_policies, sizeof(*w->policies)))
		return mmr_err(err, -ENOMEM, "%s: no memory for the memory policies", w->path);
	w->policies[w->nr_policies] = *policy;
	*id = (uint16_t)w->nr_policies++;
	return 0;
}

int trace_writer_label(struct trace_writer *w, enum trace_label_kind kind, uint64_t id, const char *text,
		       uint32_t *number, struct mmr_error *err)
{
	int rc = mmt_labels_add(&w->labels, (uint8_t)kind, id, text, number);

	if (rc == -ENOSPC)
		return mmr_err(err, rc, "%s: more than %u labels", w->path, MMT_MAX_LABELS);
	return rc ? mmr_err(err, rc, "%s: no memory for the labels", w->path) : 0;
}

/* First event of a CPU: its arrays, sized once. */
static int start_cpu(struct trace_writer *w, uint32_t cpu, struct mmr_error *err)
{
	struct mmt_event_arrays *in;

	if (cpu >= MMT_MAX_CPUS)
		return mmr_err(err, -EINVAL, "%s: found an event of CPU %u, expected a number below %u",
			       w->path, cpu, MMT_MAX_CPUS);
	if (cpu >= w->nr_cpus) {
		in = realloc(w->cpus, (cpu + 1) * sizeof(*in));
		if (!in)
			return fail(w, err, -ENOMEM, "a CPU's buffers");
		memset(in + w->nr_cpus, 0, (cpu + 1 - w->nr_cpus) * sizeof(*in));
		w->cpus = in;
		w->nr_cpus = cpu + 1;
	}
	in = &w->cpus[cpu];
	in->ts = malloc(w->block_events * sizeof(*in->ts));
	in->pfn = malloc(w->block_events * sizeof(*in->pfn));
	in->task = malloc(w->block_events * sizeof(*in->task));
	in->class_id = malloc(w->block_events * sizeof(*in->class_id));
	if (!in->ts || !in->pfn || !in->task || !in->class_id)
		return fail(w, err, -ENOMEM, "a CPU's buffers");
	in->room = w->block_events - 1;
	return 0;
}

static void append(struct mmt_event_arrays *in, const struct trace_event *event)
{
	uint32_t i = in->nr++;

	in->ts[i] = event->ts_ns;
	in->pfn[i] = event->pfn;
	in->task[i] = event->task;
	in->class_id[i] = event->class_id;
}

/* The first event of a CPU, the last one of a block, and those that are refused. */
__attribute__((noinline)) static int add_special_event(struct trace_writer *w, const struct trace_event *event,
						       struct mmr_error *err)
{
	struct mmt_event_arrays *in;

	if (w->failed)
		return failed_before(w, err);
	if (event->class_id >= w->classes.nr)
		return mmr_err(err, -EINVAL, "%s: found an event of class %u, expected one of %u classes",
			       w->path, event->class_id, w->classes.nr);
	if (event->cpu >= w->nr_cpus || !w->cpus[event->cpu].ts) {
		int rc = start_cpu(w, event->cpu, err);

		if (rc)
			return rc;
	}
	in = &w->cpus[event->cpu];
	append(in, event);
	return in->nr == w->block_events ? write_events(w, event->cpu, err) : 0;
}

int trace_writer_event(struct trace_writer *w, const struct trace_event *event, struct mmr_error *err)
{
	/* One look decides, so that the way of almost all events needs no stack. */
	if (__builtin_expect(event->cpu >= w->nr_cpus || event->class_id >= w->classes.nr ||
				     w->cpus[event->cpu].nr >= w->cpus[event->cpu].room,
			     0))
		return add_special_event(w, event, err);
	append(&w->cpus[event->cpu], event);
	return 0;
}

int trace_writer_event_args(struct trace_writer *w, const struct trace_event *event,
			    const struct trace_args *args, struct mmr_error *err)
{
	const struct trace_class *cls;
	struct mmt_event_arrays *in;

	if (event->class_id >= w->classes.nr || w->failed)
		return add_special_event(w, event, err);
	cls = &w->classes.items[event->class_id];
	if (cls->type < TRACE_NR_PAGE_EVENTS || cls->nr_args != args->nr)
		return mmr_err(err, -EINVAL, "%s: found %u arguments of a %s event, its class says %u", w->path,
			       args->nr, trace_event_info(cls->type)->name, cls->nr_args);
	if (event->cpu >= w->nr_cpus || !w->cpus[event->cpu].ts) {
		int rc = start_cpu(w, event->cpu, err);

		if (rc)
			return rc;
	}
	in = &w->cpus[event->cpu];
	for (uint8_t i = 0; i < args->nr; i++)
		mmt_put_varint(&in->args, mmt_zigzag(args->v[i]));
	in->nr_args += args->nr;
	return trace_writer_event(w, event, err);
}

int trace_writer_keyframe(struct trace_writer *w, const struct trace_keyframe *kf, struct mmr_error *err)
{
	struct mmt_block b = {
		.type = MMT_KEYFRAME, .cpu = MMT_NO_CPU, .first_ns = kf->ts_ns, .last_ns = kf->ts_ns};

	if (w->failed)
		return failed_before(w, err);
	b.count = kf->nr_blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)kf->nr_blocks;
	w->raw.len = 0;
	mmt_put_keyframe(&w->raw, kf);
	return write_raw_block(w, &b, err);
}

int trace_writer_loss(struct trace_writer *w, const struct trace_loss *loss, struct mmr_error *err)
{
	if (w->failed)
		return failed_before(w, err);
	w->losses[w->nr_losses++] = *loss;
	return w->nr_losses == MAX_PENDING_LOSSES ? write_pending(w, err) : 0;
}

int trace_writer_flush(struct trace_writer *w, struct mmr_error *err)
{
	if (w->failed)
		return failed_before(w, err);
	for (uint32_t cpu = 0; cpu < w->nr_cpus; cpu++)
		if (write_events(w, cpu, err))
			return w->failed;
	return write_pending(w, err);
}

static int write_index(struct trace_writer *w, struct mmr_error *err)
{
	struct mmt_block b = {.type = MMT_INDEX, .cpu = MMT_NO_CPU, .count = w->seq};
	size_t nr = NR_TRACE_EVENT_TYPES;

	w->raw.len = 0;
	while (nr > TRACE_NR_PAGE_EVENTS && !w->events[nr - 1])
		nr--;
	mmt_put_varint(&w->raw, nr);
	for (size_t i = 0; i < nr; i++)
		mmt_put_le64(&w->raw, w->events[i]);
	mmt_put(&w->raw, w->index.data, w->index.len);
	return write_raw_block(w, &b, err);
}

static int write_end(struct trace_writer *w, uint64_t index_offset, struct mmr_error *err)
{
	struct mmt_block b = {.type = MMT_END, .cpu = MMT_NO_CPU, .raw = MMT_END_BYTES};

	start_block(w);
	mmt_put_le64(&w->out, index_offset);
	mmt_put_le64(&w->out, w->seq);
	return write_block(w, &b, err);
}

/* Everything that waits, and what a complete file ends with. */
static int finish_file(struct trace_writer *w, struct mmr_error *err)
{
	int rc = trace_writer_flush(w, err);
	uint64_t index_offset = w->offset;

	if (!rc)
		rc = write_index(w, err);
	if (!rc)
		rc = write_end(w, index_offset, err);
	if (close(w->fd) < 0 && !rc)
		rc = fail(w, err, -errno, "closing the file");
	w->fd = -1;
	return rc;
}

int trace_writer_rotate(struct trace_writer *w, const char *path, const struct trace_machine *machine,
			struct mmr_error *err)
{
	char *name = strdup(path);
	int rc;

	if (!name)
		return fail(w, err, -ENOMEM, "starting another file");
	rc = finish_file(w, err);
	if (rc) {
		free(name);
		return rc;
	}
	free(w->path);
	w->path = name;
	w->offset = w->seq = 0;
	w->index.len = 0;
	memset(w->events, 0, sizeof(w->events));
	w->nr_tasks = w->nr_tasks_written = 0;
	if (w->task_slots)
		memset(w->task_slots, 0, w->nr_task_slots * sizeof(*w->task_slots));
	w->nr_policies_written = 1;
	w->nr_labels_written = 0;
	rc = open_file(w, err);
	if (!rc)
		rc = write_machine(w, machine, err);
	if (rc && !w->failed && err)
		fail(w, err, rc, "starting another file");
	return rc;
}

uint64_t trace_writer_bytes(const struct trace_writer *w)
{
	return w->offset;
}

int trace_writer_close(struct trace_writer *w, struct mmr_error *err)
{
	int rc = w->fd < 0 ? failed_before(w, err) : finish_file(w, err);

	release(w);
	return rc;
}
