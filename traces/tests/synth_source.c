// SPDX-License-Identifier: GPL-2.0-or-later
/* Made-up events, a block at a time. */
#include "traces/tests/synth_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

#include "core/mm_types.h"
#include "traces/format.h"
#include "traces/mmt_block.h"
#include "traces/mmt_events.h"
#include "traces/tests/synth.h"

#define BLOCK_EVENTS 8192u
#define MAX_LIVE     512u
#define NODE_PAGES   (1u << 26) /* 256 GiB */
#define NR_TASKS     64u

enum class_number { CLASS_ALLOC, CLASS_ALLOC_KERNEL, CLASS_FREE, CLASS_FREE_BATCHED, CLASS_REFILL, NR_CLASSES };

static const struct trace_class classes[NR_CLASSES] = {
	[CLASS_ALLOC] = {.type = TRACE_ALLOC,
			 .migratetype = MIGRATE_MOVABLE,
			 .gfp = MMR_GFP_HIGHUSER_MOVABLE | MMR_GFP_ZERO,
			 .gfp_raw = 0x140dca},
	[CLASS_ALLOC_KERNEL] = {.type = TRACE_ALLOC, .gfp = MMR_GFP_KERNEL, .gfp_raw = 0xcc0},
	[CLASS_FREE] = {.type = TRACE_FREE},
	[CLASS_FREE_BATCHED] = {.type = TRACE_FREE_BATCHED},
	[CLASS_REFILL] = {.type = TRACE_ZONE_LOCKED,
			  .migratetype = MIGRATE_MOVABLE,
			  .flags = TRACE_F_PERCPU_REFILL},
};

/* One CPU: pages it holds, the last taken on top; where it takes the next ones. */
struct synth_cpu {
	struct synth_rng rng;
	uint64_t ts, left, hash;
	uint32_t live[MAX_LIVE], nr_live;
	uint32_t first_pfn, nr_pfns, next_pfn;
	uint32_t task, run; /* events of the same kind that still come */
	uint32_t until_idle;
	bool freeing;
};

struct synth_source {
	struct trace_source source;
	struct synth_shape shape;
	struct trace_machine machine;
	struct trace_zone *zones;
	struct trace_task tasks[NR_TASKS];
	struct synth_cpu *cpus;
	struct mmt_encoder *encoder;
	struct mmt_event_arrays in;
	struct mmt_buf out;
	uint64_t cpu_ns;
};

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- events -------------------------------------------------------------------------------- */

static void put(struct synth_source *s, struct synth_cpu *c, enum class_number class_id, uint32_t pfn)
{
	struct mmt_event_arrays *in = &s->in;

	in->ts[in->nr] = c->ts;
	in->pfn[in->nr] = pfn;
	in->task[in->nr] = c->task;
	in->class_id[in->nr++] = (uint16_t)class_id;
	c->hash = synth_hash(c->hash, c->ts, pfn, c->task, classes[class_id].type);
	c->left--;
}

/* A step of some hundred ns; now and then one back, as an interrupt makes; after a burst a pause. */
static void step(const struct synth_source *s, struct synth_cpu *c)
{
	uint64_t r = synth_next(&c->rng);

	if (!(r & 0xfff) && c->ts > 2000)
		c->ts -= r >> 32 & 0x3ff;
	else
		c->ts += 150 + (r >> 32 & 0xff);
	if (s->shape.burst && !c->until_idle--) {
		c->until_idle = (uint32_t)(r >> 12 & 0xffff) % (2 * s->shape.burst) + 1;
		c->ts += (uint64_t)s->shape.nr_cpus * c->until_idle * (r >> 40 & 0x1ff);
		c->task = (uint32_t)(r >> 50) % NR_TASKS;
	}
}

static void one_event(struct synth_source *s, struct synth_cpu *c)
{
	step(s, c);
	if (!c->run) {
		c->freeing = c->nr_live && (c->nr_live > MAX_LIVE - 64 || synth_next(&c->rng) & 1);
		c->run = (uint32_t)synth_below(&c->rng, c->freeing ? c->nr_live : MAX_LIVE - c->nr_live) + 1;
		c->run = c->run > 48 ? 48 : c->run;
	}
	c->run--;
	if (c->freeing && c->nr_live) {
		uint32_t pfn = c->live[--c->nr_live];

		put(s, c, CLASS_FREE, pfn);
		if (c->left && s->in.nr < BLOCK_EVENTS && pfn & 1)
			put(s, c, CLASS_FREE_BATCHED, pfn);
		return;
	}
	if (!(c->next_pfn & 63))
		put(s, c, CLASS_REFILL, c->first_pfn + c->next_pfn);
	if (!c->left || s->in.nr == BLOCK_EVENTS)
		return;
	c->live[c->nr_live++] = c->first_pfn + c->next_pfn;
	put(s, c, c->next_pfn & 15 ? CLASS_ALLOC : CLASS_ALLOC_KERNEL, c->first_pfn + c->next_pfn);
	c->next_pfn = (c->next_pfn + 1) % c->nr_pfns;
	c->run = c->nr_live == MAX_LIVE ? 0 : c->run;
}

static void close_block(struct synth_source *s, uint32_t cpu)
{
	struct mmt_block b = {.type = MMT_EVENTS, .cpu = cpu, .count = s->in.nr, .first_ns = UINT64_MAX};

	for (uint32_t i = 0; i < s->in.nr; i++) {
		b.first_ns = s->in.ts[i] < b.first_ns ? s->in.ts[i] : b.first_ns;
		b.last_ns = s->in.ts[i] > b.last_ns ? s->in.ts[i] : b.last_ns;
	}
	b.raw = b.stored = (uint32_t)(s->out.len - MMT_BLOCK_HEADER_BYTES);
	b.payload_sum = XXH3_64bits(s->out.data + MMT_BLOCK_HEADER_BYTES, b.stored);
	mmt_block_header_fill(&b, s->out.data);
}

static ssize_t next_block(void *ctx, uint32_t cpu, const uint8_t **block, struct mmr_error *err)
{
	static const uint8_t room[MMT_BLOCK_HEADER_BYTES];
	struct synth_source *s = ctx;
	struct synth_cpu *c = &s->cpus[cpu];
	uint64_t events[256] = {0}, begin = cpu_ns();

	if (!c->left)
		return 0;
	s->in.nr = 0;
	while (c->left && s->in.nr < BLOCK_EVENTS)
		one_event(s, c);
	s->out.len = 0;
	mmt_put(&s->out, room, sizeof(room));
	if (mmt_put_events(s->encoder, &s->out, &s->in, classes, events) || s->out.failed)
		return mmr_err(err, -ENOMEM, "%s: CPU %u: cannot be encoded", s->source.name, cpu);
	close_block(s, cpu);
	*block = s->out.data;
	s->cpu_ns += cpu_ns() - begin;
	return (ssize_t)s->out.len;
}

/* ---- the machine --------------------------------------------------------------------------- */

static void start_cpus(void *ctx)
{
	struct synth_source *s = ctx;
	const struct synth_shape *shape = &s->shape;
	uint32_t per_node = (shape->nr_cpus + shape->nr_nodes - 1) / shape->nr_nodes;

	for (uint32_t i = 0; i < shape->nr_cpus; i++) {
		struct synth_cpu *c = &s->cpus[i];

		memset(c, 0, sizeof(*c));
		c->rng.state = shape->seed * 4096 + i;
		c->ts = 1000000000 + synth_below(&c->rng, 100000);
		c->left = shape->nr_events / shape->nr_cpus + (i < shape->nr_events % shape->nr_cpus);
		c->nr_pfns = (NODE_PAGES / per_node) & ~511u;
		c->first_pfn = i % shape->nr_nodes * NODE_PAGES + i / shape->nr_nodes * c->nr_pfns;
		c->until_idle = shape->burst;
		c->task = i % NR_TASKS;
	}
}

static void make_machine(struct synth_source *s)
{
	const struct synth_shape *shape = &s->shape;

	s->machine = synth_machine(shape->nr_cpus, shape->nr_nodes);
	s->machine.nr_ranges = 0;
	s->machine.nr_zones = shape->nr_nodes;
	s->machine.zones = s->zones;
	for (uint32_t i = 0; i < shape->nr_nodes; i++)
		s->zones[i] = (struct trace_zone){
			.nid = i,
			.zone = ZONE_NORMAL,
			.start_pfn = (uint64_t)i * NODE_PAGES,
			.spanned_pages = NODE_PAGES,
			.present_pages = NODE_PAGES,
			.managed_pages = NODE_PAGES,
			.watermark = {16384, 20480, 24576, 28672},
			.nr_free_pages = NODE_PAGES,
			.pcp_batch = 63,
			.pcp_high_min = 378,
			.pcp_high_max = 5983,
			.stat_threshold = 125,
		};
	for (uint32_t i = 0; i < NR_TASKS; i++) {
		s->tasks[i].tid = s->tasks[i].tgid = 1000 + i;
		snprintf(s->tasks[i].comm, sizeof(s->tasks[i].comm), "worker/%u", i);
	}
}

struct synth_source *synth_source_create(const struct synth_shape *shape)
{
	struct synth_source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->shape = *shape;
	s->zones = calloc(shape->nr_nodes, sizeof(*s->zones));
	s->cpus = calloc(shape->nr_cpus, sizeof(*s->cpus));
	s->encoder = mmt_encoder_create(1);
	s->in.ts = malloc(BLOCK_EVENTS * sizeof(*s->in.ts));
	s->in.pfn = malloc(BLOCK_EVENTS * sizeof(*s->in.pfn));
	s->in.task = malloc(BLOCK_EVENTS * sizeof(*s->in.task));
	s->in.class_id = malloc(BLOCK_EVENTS * sizeof(*s->in.class_id));
	if (!s->zones || !s->cpus || !s->encoder || !s->in.ts || !s->in.pfn || !s->in.task || !s->in.class_id) {
		synth_source_destroy(s);
		return NULL;
	}
	make_machine(s);
	start_cpus(s);
	s->source = (struct trace_source){
		.name = "synthetic machine",
		.machine = &s->machine,
		.tasks = s->tasks,
		.nr_tasks = NR_TASKS,
		.nr_events = shape->nr_events,
		.next_block = next_block,
		.rewind = start_cpus,
		.ctx = s,
	};
	return s;
}

void synth_source_destroy(struct synth_source *s)
{
	if (!s)
		return;
	mmt_encoder_destroy(s->encoder);
	mmt_buf_deinit(&s->out);
	free(s->in.ts);
	free(s->in.pfn);
	free(s->in.task);
	free(s->in.class_id);
	free(s->zones);
	free(s->cpus);
	free(s);
}

const struct trace_source *synth_source_of(const struct synth_source *s)
{
	return &s->source;
}

uint64_t synth_source_hash(const struct synth_source *s, uint32_t cpu)
{
	return s->cpus[cpu].hash;
}

uint64_t synth_source_cpu_ns(const struct synth_source *s)
{
	return s->cpu_ns;
}
