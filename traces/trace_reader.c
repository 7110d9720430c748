// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening .mmt files: machine, side tables, summary, keyframes. Events are in trace_merge.c. */
#include "traces/trace_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "traces/mmt_payload.h"
#include "traces/trace_reader_internal.h"

#define MAX_COMPARED 1024u /* a file with more damaged places has other worries than one told twice */

/* Without memory for the text the count still tells. */
void trace_reader_add_damage(struct trace_reader *r, const char *what)
{
	for (uint32_t i = 0; i < r->nr_damage && i < MAX_COMPARED; i++)
		if (!strcmp(r->damage[i], what))
			return;
	r->summary.nr_damaged++;
	if (!mmt_grow((void **)&r->damage, r->nr_damage, sizeof(*r->damage)))
		return;
	r->damage[r->nr_damage] = strdup(what);
	if (r->damage[r->nr_damage])
		r->nr_damage++;
}

static int load_machine(struct trace_reader *r, struct mmr_error *err)
{
	const struct mmt_block *b = r->map.blocks;
	struct mmt_cursor c;
	const char *what;
	int rc;

	if (!r->map.nr_blocks || b->type != MMT_MACHINE || b->seq != 0) {
		const char *why = r->map.nr_gaps ? r->map.gaps[0].what : NULL;

		if (why)
			return mmr_err(err, -EBADMSG, "%s (the machine block is needed)", why);
		return mmr_err(err, -EBADMSG, "%s: byte %" PRIu64 ": found no machine block, expected one here",
			       r->map.path, r->map.first_block);
	}
	rc = mmt_block_expand(r->map.path, r->map.data, b, &r->scratch, &c, err);
	if (rc)
		return rc;
	what = mmt_get_machine(&c, &r->machine);
	return what ? mmt_block_malformed(r->map.path, b, what, err) : 0;
}

/* A side table's block; damage costs what is in it and is remembered. */
static void load_table(struct trace_reader *r, const struct mmt_block *b)
{
	const char *what = NULL;
	struct mmr_error err;
	struct mmt_cursor c;
	int rc = mmt_block_expand(r->map.path, r->map.data, b, &r->scratch, &c, &err);

	if (!rc && b->type == MMT_TASKS)
		what = mmt_get_tasks(&c, b->count, &r->tasks, &r->nr_tasks);
	if (!rc && b->type == MMT_LOSS)
		what = mmt_get_losses(&c, b->count, &r->losses, &r->nr_losses);
	if (!rc && b->type == MMT_POLICIES)
		what = mmt_get_policies(&c, b->count, &r->policies, &r->nr_policies);
	if (!rc && b->type == MMT_LABELS)
		what = mmt_get_labels(&c, b->count, &r->labels);
	if (what)
		rc = mmt_block_malformed(r->map.path, b, what, &err);
	if (rc)
		trace_reader_add_damage(r, err.msg);
}

/* Without an index the blocks' dictionaries say how many events of which type there are. */
static void count_events(struct trace_reader *r, const struct mmt_block *b, struct mmt_prelude *pre)
{
	struct mmr_error err;
	struct mmt_cursor c;
	const char *what;
	int rc = mmt_block_expand(r->map.path, r->map.data, b, &r->scratch, &c, &err);

	if (!rc) {
		what = mmt_get_prelude(&c, b->count, pre);
		if (what)
			rc = mmt_block_malformed(r->map.path, b, what, &err);
	}
	if (rc) {
		trace_reader_add_damage(r, err.msg);
		return;
	}
	for (uint32_t i = 0; i < pre->nr_classes; i++)
		r->map.events[pre->dict[i].cls.type] += pre->dict[i].count;
}

static int add_stream_block(struct trace_reader *r, uint32_t number, uint32_t counts[MMT_MAX_CPUS],
			    struct mmr_error *err)
{
	const struct mmt_block *b = &r->map.blocks[number];

	if (b->cpu >= MMT_MAX_CPUS)
		return mmt_block_malformed(r->map.path, b, "its CPU's number is above 4095", err);
	counts[b->cpu]++;
	if (b->first_ns < r->summary.first_ns)
		r->summary.first_ns = b->first_ns;
	if (b->last_ns > r->summary.last_ns)
		r->summary.last_ns = b->last_ns;
	return 0;
}

/* Lay the events blocks out by CPU, keeping file order within one. */
static int build_streams(struct trace_reader *r, const uint32_t counts[MMT_MAX_CPUS], struct mmr_error *err)
{
	uint32_t total = 0, at[MMT_MAX_CPUS];

	for (uint32_t cpu = 0; cpu < MMT_MAX_CPUS; cpu++) {
		at[cpu] = total;
		total += counts[cpu];
		r->nr_streams += counts[cpu] != 0;
	}
	r->stream_blocks = calloc(total + 1, sizeof(*r->stream_blocks));
	r->streams = aligned_alloc(_Alignof(struct trace_stream), (r->nr_streams + 1) * sizeof(*r->streams));
	r->blocks = calloc(r->nr_streams + 1, sizeof(*r->blocks));
	for (uint32_t i = 0; r->streams && i < r->nr_streams; i++)
		r->streams[i] = (struct trace_stream){.block = r->blocks ? &r->blocks[i] : NULL};
	if (!r->stream_blocks || !r->streams || !r->blocks || !merge_tree_init(&r->tree, r->nr_streams))
		return mmr_err(err, -ENOMEM, "%s: no memory for %u CPUs", r->map.path, r->nr_streams);
	for (uint32_t cpu = 0, i = 0; cpu < MMT_MAX_CPUS; cpu++) {
		if (!counts[cpu])
			continue;
		r->streams[i].cpu = (uint16_t)cpu;
		r->blocks[i].blocks = r->stream_blocks + at[cpu];
		r->blocks[i++].nr_blocks = counts[cpu];
	}
	for (uint32_t i = 0; i < r->map.nr_blocks; i++)
		if (r->map.blocks[i].type == MMT_EVENTS)
			r->stream_blocks[at[r->map.blocks[i].cpu]++] = i;
	return 0;
}

/* All blocks once: side tables are read, events and keyframes noted. */
static int load_blocks(struct trace_reader *r, struct mmr_error *err)
{
	uint32_t *counts = calloc(MMT_MAX_CPUS, sizeof(*counts));
	struct mmt_prelude pre = {0};
	int rc = 0;

	r->keyframes = calloc(r->map.nr_blocks + 1, sizeof(*r->keyframes));
	if (!counts || !r->keyframes)
		rc = mmr_err(err, -ENOMEM, "%s: no memory for its blocks", r->map.path);
	for (uint32_t i = 0; !rc && i < r->map.nr_blocks; i++) {
		const struct mmt_block *b = &r->map.blocks[i];

		if (b->type == MMT_EVENTS) {
			rc = add_stream_block(r, i, counts, err);
			if (!rc && r->map.recovered)
				count_events(r, b, &pre);
		} else if (b->type == MMT_KEYFRAME) {
			r->keyframes[r->summary.nr_keyframes++] = i;
		} else if (b->type == MMT_TASKS || b->type == MMT_LOSS || b->type == MMT_POLICIES ||
			   b->type == MMT_LABELS) {
			load_table(r, b);
		}
	}
	if (!rc)
		rc = build_streams(r, counts, err);
	mmt_prelude_deinit(&pre);
	free(counts);
	return rc;
}

/* The index itself is no loss where END still tells that it was there. */
static bool gap_may_hold_events(const struct trace_reader *r, const struct mmt_gap *gap)
{
	return gap->offset != r->map.index_offset && gap->offset + gap->length != r->map.size;
}

static void note_gaps(struct trace_reader *r)
{
	r->bad_gap = UINT64_MAX;
	for (uint32_t i = 0; i < r->map.nr_gaps; i++) {
		const struct mmt_gap *gap = &r->map.gaps[i];

		trace_reader_add_damage(r, gap->what);
		if (gap_may_hold_events(r, gap) && gap->offset < r->bad_gap) {
			r->bad_gap = gap->offset;
			r->bad_gap_what = gap->what;
		}
	}
}

static void summarise(struct trace_reader *r)
{
	struct trace_summary *s = &r->summary;
	XXH3_state_t *state = XXH3_createState();

	s->file_bytes = r->map.size;
	s->format_version = MMT_VERSION;
	s->complete = r->map.complete;
	s->recovered = r->map.recovered;
	s->truncated_bytes = r->map.truncated;
	s->nr_blocks = r->map.nr_blocks;
	s->nr_tasks = r->nr_tasks;
	s->nr_losses = r->nr_losses;
	for (uint32_t i = 0; i < r->nr_losses; i++)
		s->nr_lost += r->losses[i].nr_events;
	for (unsigned int type = 0; type < 256; type++) {
		if (type < NR_TRACE_EVENT_TYPES)
			s->nr_events += s->events[type] = r->map.events[type];
		else
			s->nr_unknown_events += r->map.events[type];
	}
	if (!r->nr_streams)
		s->first_ns = 0;
	if (!state)
		return;
	XXH3_64bits_reset(state);
	for (uint32_t i = 0; i < r->map.nr_blocks; i++) {
		uint8_t sum[8];

		mmt_set_le64(sum, r->map.blocks[i].payload_sum);
		XXH3_64bits_update(state, sum, sizeof(sum));
	}
	s->checksum = XXH3_64bits_digest(state);
	XXH3_freeState(state);
}

int trace_reader_open(const char *path, struct trace_reader **ret, struct mmr_error *err)
{
	struct trace_reader *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return mmr_err(err, -ENOMEM, "%s: no memory for a reader", path);
	r->summary.first_ns = UINT64_MAX;
	r->wanted = TRACE_WANT_PAGES;
	rc = mmt_map_open(&r->map, path, err);
	if (!rc && !mmt_map_load_index(&r->map)) {
		memset(r->map.events, 0, sizeof(r->map.events));
		rc = mmt_map_scan(&r->map, err);
	}
	if (!rc)
		rc = load_machine(r, err);
	if (!rc && mmt_add_default_policy(&r->policies, &r->nr_policies))
		rc = mmr_err(err, -ENOMEM, "%s: no memory for its policies", path);
	if (!rc)
		rc = load_blocks(r, err);
	if (rc) {
		trace_reader_close(r);
		return rc;
	}
	note_gaps(r);
	summarise(r);
	*ret = r;
	return 0;
}

/* A deep copy of the source's machine, by way of the bytes it would be in a file. */
static int copy_machine(struct trace_reader *r, const struct trace_machine *machine, struct mmr_error *err)
{
	struct mmt_buf buf = {0};
	const char *what = "no memory";
	struct mmt_cursor c;

	mmt_put_machine(&buf, machine);
	if (!buf.failed) {
		c = mmt_cursor(buf.data, buf.len);
		what = mmt_get_machine(&c, &r->machine);
	}
	mmt_buf_deinit(&buf);
	return what ? mmr_err(err, -EINVAL, "%s: machine: %s", r->map.path, what) : 0;
}

static int take_source(struct trace_reader *r, const struct trace_source *source, struct mmr_error *err)
{
	uint32_t *counts = calloc(MMT_MAX_CPUS, sizeof(*counts));
	int rc = 0;

	r->map.path = strdup(source->name);
	r->tasks = calloc((size_t)source->nr_tasks + 1, sizeof(*r->tasks));
	r->keyframes = calloc(1, sizeof(*r->keyframes));
	if (!counts || !r->map.path || !r->tasks || !r->keyframes ||
	    mmt_add_default_policy(&r->policies, &r->nr_policies))
		rc = mmr_err(err, -ENOMEM, "%s: no memory for a reader", source->name);
	if (!rc)
		rc = copy_machine(r, source->machine, err);
	/* A block each, to have a stream each: none of them is in a map. */
	for (uint32_t cpu = 0; !rc && cpu < r->machine.nr_cpus; cpu++)
		counts[cpu] = 1;
	if (!rc)
		rc = build_streams(r, counts, err);
	free(counts);
	if (rc)
		return rc;
	r->nr_tasks = r->summary.nr_tasks = source->nr_tasks;
	if (source->nr_tasks)
		memcpy(r->tasks, source->tasks, source->nr_tasks * sizeof(*r->tasks));
	r->bad_gap = UINT64_MAX;
	r->summary.format_version = MMT_VERSION;
	r->summary.complete = true;
	r->summary.nr_events = source->nr_events;
	r->summary.first_ns = source->first_ns;
	r->summary.last_ns = source->last_ns;
	return 0;
}

int trace_reader_open_source(const struct trace_source *source, struct trace_reader **ret,
			     struct mmr_error *err)
{
	struct trace_reader *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return mmr_err(err, -ENOMEM, "%s: no memory for a reader", source->name);
	r->source = source;
	r->wanted = TRACE_WANT_PAGES;
	rc = take_source(r, source, err);
	if (rc) {
		trace_reader_close(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void trace_reader_close(struct trace_reader *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; r->streams && r->blocks && i < r->nr_streams; i++)
		trace_stream_deinit(&r->streams[i]);
	for (uint32_t i = 0; i < r->nr_damage; i++)
		free(r->damage[i]);
	free(r->damage);
	free(r->streams);
	free(r->blocks);
	free(r->ways);
	free(r->stream_blocks);
	merge_tree_deinit(&r->tree);
	mmt_workspace_deinit(&r->work);
	free(r->spare_pfn);
	free(r->batch);
	free(r->batch_args_at);
	free(r->batch_args);
	free(r->policies);
	mmt_labels_deinit(&r->labels);
	free(r->keyframes);
	free(r->tasks);
	free(r->losses);
	free(r->holes);
	mmt_classes_deinit(&r->classes);
	mmt_buf_deinit(&r->scratch);
	trace_machine_deinit(&r->machine);
	mmt_map_close(&r->map);
	free(r);
}

const char *trace_reader_path(const struct trace_reader *r)
{
	return r->map.path;
}

const struct trace_machine *trace_reader_machine(const struct trace_reader *r)
{
	return &r->machine;
}

const struct trace_summary *trace_reader_summary(const struct trace_reader *r)
{
	return &r->summary;
}

const struct trace_task *trace_reader_tasks(const struct trace_reader *r, uint32_t *nr)
{
	*nr = r->nr_tasks;
	return r->tasks;
}

const struct trace_loss *trace_reader_losses(const struct trace_reader *r, uint32_t *nr)
{
	*nr = r->nr_losses;
	return r->losses;
}

const struct trace_label *trace_reader_labels(const struct trace_reader *r, uint32_t *nr)
{
	*nr = r->labels.nr;
	return r->labels.table;
}

const struct trace_policy *trace_reader_policies(const struct trace_reader *r, uint32_t *nr)
{
	*nr = r->nr_policies;
	return r->policies;
}

const char *trace_reader_damage(const struct trace_reader *r, uint32_t i)
{
	return i < r->nr_damage ? r->damage[i] : "damaged, and no memory for the message";
}

const struct trace_loss *trace_reader_holes(const struct trace_reader *r, uint32_t *nr)
{
	*nr = r->nr_holes;
	return r->holes;
}

int trace_reader_add_hole(struct trace_reader *r, const struct trace_loss *hole)
{
	struct trace_loss *more;

	for (uint32_t i = 0; i < r->nr_holes; i++) {
		if (r->holes[i].cpu == hole->cpu && r->holes[i].begin_ns == hole->begin_ns)
			return 0;
	}
	more = realloc(r->holes, (r->nr_holes + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	r->holes = more;
	more[r->nr_holes++] = *hole;
	return 0;
}

/* What a stretch without a block held nobody knows: any CPU's events between its blocks before and behind. */
static void add_holes_of_gap(struct trace_reader *r, uint64_t offset)
{
	for (uint32_t i = 0; i < r->nr_streams; i++) {
		const struct trace_stream *s = &r->streams[i];
		struct trace_loss hole = {
			.cpu = s->cpu, .begin_ns = r->summary.first_ns, .end_ns = r->summary.last_ns};

		for (uint32_t k = 0; k < s->block->nr_blocks; k++) {
			const struct mmt_block *b = &r->map.blocks[s->block->blocks[k]];

			if (b->offset >= offset) {
				hole.end_ns = b->first_ns;
				break;
			}
			hole.begin_ns = b->last_ns;
		}
		trace_reader_add_hole(r, &hole);
	}
}

void trace_reader_tolerate(struct trace_reader *r)
{
	if (!r->tolerant && r->bad_gap != UINT64_MAX) {
		for (uint32_t i = 0; i < r->map.nr_gaps; i++) {
			if (gap_may_hold_events(r, &r->map.gaps[i]))
				add_holes_of_gap(r, r->map.gaps[i].offset);
		}
	}
	r->tolerant = true;
}

uint64_t trace_reader_nr_passed(const struct trace_reader *r)
{
	return r->nr_passed;
}

const struct trace_class *trace_reader_class(const struct trace_reader *r, uint16_t id)
{
	return id < r->classes.nr ? &r->classes.items[id] : NULL;
}

uint32_t trace_reader_nr_classes(const struct trace_reader *r)
{
	return r->classes.nr;
}

int trace_reader_keyframe(struct trace_reader *r, uint32_t index, struct trace_keyframe *ret,
			  struct mmr_error *err)
{
	const struct mmt_block *b;
	struct mmt_cursor c;
	const char *what;
	int rc;

	if (index >= r->summary.nr_keyframes)
		return mmr_err(err, -ERANGE, "%s: asked for keyframe %u, the file has %u", r->map.path, index,
			       r->summary.nr_keyframes);
	b = &r->map.blocks[r->keyframes[index]];
	rc = mmt_block_expand(r->map.path, r->map.data, b, &r->scratch, &c, err);
	if (rc)
		return rc;
	what = mmt_get_keyframe(&c, ret);
	return what ? mmt_block_malformed(r->map.path, b, what, err) : 0;
}
