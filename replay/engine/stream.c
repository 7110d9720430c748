// SPDX-License-Identifier: GPL-2.0-or-later
/* One recording, or copies of it merged by time. */
#include "replay/engine/stream.h"

#include <errno.h>
#include <stdlib.h>

#define BATCH 4096 /* merged events handed out at once: 96 KiB */

struct copy {
	struct trace_reader *reader;
	const struct trace_event *events;
	size_t at, nr;
	uint64_t offset_ns;
	bool ended;
};

struct stream {
	struct copy *copies;
	unsigned int nr_copies;
	unsigned int *heap, nr_heap; /* copies that have an event, the earliest on top */
	uint32_t copy_pages;
	uint16_t nr_cpus;
	bool started;
	uint64_t wanted;
	struct trace_event *merged;
};

/* Source: splitmix64, Steele, Lea and Flood, OOPSLA 2014. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint32_t end_pfn(const struct machine *machine)
{
	uint32_t end = 1;

	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *zone = &machine->nodes[n].zones[z];
			uint32_t zone_end = zone->spanned_pages ? zone->start_pfn + zone->spanned_pages : 0;

			end = zone_end > end ? zone_end : end;
		}
	}
	return (end + MAX_ORDER_NR_PAGES - 1) & ~(MAX_ORDER_NR_PAGES - 1);
}

static int check(const struct stream_options *o, const struct machine *recorded, uint32_t copy_pages,
		 struct mmr_error *err)
{
	if (!o->copies || o->copies > STREAM_MAX_COPIES)
		return mmr_err(err, -EINVAL, "%u copies, expected 1..%d", o->copies, STREAM_MAX_COPIES);
	if ((uint64_t)o->copies * copy_pages > UINT32_MAX)
		return mmr_err(
			err, -EINVAL,
			"%u copies of a recording of %u page frames, expected at most %u: page frame numbers "
			"have 32 bits",
			o->copies, copy_pages, UINT32_MAX / copy_pages);
	if (o->copies * recorded->nr_cpus > UINT16_MAX)
		return mmr_err(err, -EINVAL, "%u copies of %u CPUs, expected at most %u CPUs", o->copies,
			       recorded->nr_cpus, UINT16_MAX);
	return 0;
}

static int open_copies(struct stream *s, struct trace_reader *reader, const struct stream_options *o,
		       struct mmr_error *err)
{
	const struct trace_summary *summary = trace_reader_summary(reader);
	uint64_t span = (summary->last_ns - summary->first_ns) / 10 + 1, random = o->seed;
	int rc = 0;

	for (unsigned int i = 0; i < o->copies && !rc; i++) {
		s->copies[i].offset_ns = !i                 ? 0
					 : o->random_offset ? next_random(&random) % span
							    : i * o->offset_ns;
		if (i)
			rc = trace_reader_open(trace_reader_path(reader), &s->copies[i].reader, err);
		else
			s->copies[i].reader = reader;
		s->nr_copies += !rc;
	}
	return rc;
}

int stream_create(struct trace_reader *reader, const struct machine *recorded,
		  const struct stream_options *options, struct stream **ret, struct mmr_error *err)
{
	uint32_t copy_pages = end_pfn(recorded);
	int rc = check(options, recorded, copy_pages, err);
	struct stream *s;

	if (rc)
		return rc;
	s = calloc(1, sizeof(*s));
	if (!s)
		return mmr_err(err, -ENOMEM, "no memory for the events");
	s->copy_pages = copy_pages;
	s->wanted = TRACE_WANT_REQUESTS;
	s->nr_cpus = (uint16_t)recorded->nr_cpus;
	s->copies = calloc(options->copies, sizeof(*s->copies));
	s->heap = calloc(options->copies, sizeof(*s->heap));
	s->merged = options->copies > 1 ? malloc(BATCH * sizeof(*s->merged)) : NULL;
	if (!s->copies || !s->heap || (options->copies > 1 && !s->merged))
		rc = mmr_err(err, -ENOMEM, "no memory for %u copies", options->copies);
	rc = rc ? rc : open_copies(s, reader, options, err);
	if (rc) {
		stream_destroy(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void stream_destroy(struct stream *s)
{
	if (!s)
		return;
	for (unsigned int i = 1; i < s->nr_copies; i++)
		trace_reader_close(s->copies[i].reader);
	free(s->copies);
	free(s->heap);
	free(s->merged);
	free(s);
}

/* ---- merging ----------------------------------------------------------------------------------- */

static uint64_t next_ns(const struct stream *s, unsigned int copy)
{
	const struct copy *c = &s->copies[copy];

	return c->events[c->at].ts_ns + c->offset_ns;
}

/* At the same time the earlier copy goes first. */
static bool earlier(const struct stream *s, unsigned int a, unsigned int b)
{
	uint64_t ta = next_ns(s, a), tb = next_ns(s, b);

	return ta < tb || (ta == tb && a < b);
}

static void sift_down(struct stream *s, unsigned int at)
{
	for (;;) {
		unsigned int child = 2 * at + 1, copy = s->heap[at];

		if (child + 1 < s->nr_heap && earlier(s, s->heap[child + 1], s->heap[child]))
			child++;
		if (child >= s->nr_heap || !earlier(s, s->heap[child], copy))
			return;
		s->heap[at] = s->heap[child];
		s->heap[child] = copy;
		at = child;
	}
}

/* Return: 0, with events or ended; else as trace_reader_next(). */
static int refill(struct copy *c, struct mmr_error *err)
{
	ssize_t nr = trace_reader_next(c->reader, &c->events, err);

	if (nr < 0)
		return (int)nr;
	c->at = 0;
	c->nr = (size_t)nr;
	c->ended = nr == 0;
	return 0;
}

/* From the first event on, with the pages of alloc_pages_bulk(): they are requests like any other. */
static int start(struct stream *s, struct mmr_error *err)
{
	s->started = true;
	for (unsigned int i = 0; i < s->nr_copies; i++)
		trace_reader_want(s->copies[i].reader, s->wanted);
	for (unsigned int i = 0; i < s->nr_copies && s->nr_copies > 1; i++) {
		int rc = refill(&s->copies[i], err);

		if (rc)
			return rc;
		if (!s->copies[i].ended)
			s->heap[s->nr_heap++] = i;
	}
	for (unsigned int i = s->nr_heap / 2; i-- > 0;)
		sift_down(s, i);
	return 0;
}

static void take(struct stream *s, unsigned int copy, struct trace_event *event)
{
	struct copy *c = &s->copies[copy];

	*event = c->events[c->at++];
	event->ts_ns += c->offset_ns;
	event->cpu = (uint16_t)(event->cpu + copy * s->nr_cpus);
	if (event->pfn != TRACE_NO_PFN)
		event->pfn = event->pfn % s->copy_pages + copy * s->copy_pages;
}

void stream_want(struct stream *s, uint64_t types)
{
	s->wanted = types;
}

ssize_t stream_next(struct stream *s, const struct trace_event **events, struct mmr_error *err)
{
	size_t nr = 0;
	int rc = s->started ? 0 : start(s, err);

	if (s->nr_copies == 1)
		return trace_reader_next(s->copies[0].reader, events, err);
	while (!rc && s->nr_heap && nr < BATCH) {
		struct copy *c = &s->copies[s->heap[0]];

		take(s, s->heap[0], &s->merged[nr++]);
		if (c->at == c->nr)
			rc = refill(c, err);
		if (c->ended)
			s->heap[0] = s->heap[--s->nr_heap];
		if (!rc)
			sift_down(s, 0);
	}
	*events = s->merged;
	return rc ? rc : (ssize_t)nr;
}

uint32_t stream_copy_pages(const struct stream *s)
{
	return s->copy_pages;
}

uint64_t stream_offset_ns(const struct stream *s, unsigned int copy)
{
	return s->copies[copy].offset_ns;
}

uint64_t stream_longest_ns(const struct stream *s)
{
	uint64_t longest = 0;

	for (unsigned int i = 0; i < s->nr_copies; i++)
		longest = s->copies[i].offset_ns > longest ? s->copies[i].offset_ns : longest;
	return longest;
}
