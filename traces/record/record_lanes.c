// SPDX-License-Identifier: GPL-2.0-or-later
#include "traces/record/record_lanes.h"

#include "traces/trace.h"

#define NONE UINT64_MAX

uint32_t record_lanes_unit_shift(uint64_t bytes)
{
	uint32_t shift = 4;

	while ((uint64_t)REC_LANE_UNITS * sizeof(struct rec_event) << (shift + 1) <= bytes && shift < 24)
		shift++;
	return shift;
}

void record_lanes_init(struct record_lanes *lanes, const volatile struct rec_event *slots, struct rec_cpu *cpu,
		       uint32_t unit_shift)
{
	lanes->used = true;
	cpu->lane_mask = ((uint32_t)REC_LANE_LARGE << unit_shift) - 1;
	for (unsigned int i = 0; i < REC_NR_LANES; i++) {
		struct record_lane *lane = &lanes->lane[i];

		*lane = (struct record_lane){
			.slots = slots + ((uint32_t)REC_LANE_FIRST(i) << unit_shift),
			.ends = REC_ENDS(cpu, i),
			.mask = ((uint32_t)REC_LANE_SIZE(i) << unit_shift) - 1,
		};
		*lane->ends = (struct rec_ends){.limit = lane->mask + 1};
	}
}

/* Return: time of the next one that may be read, 0 where there is none */
static uint64_t next_ns(const struct record_lane *lane)
{
	return lane->pos == lane->end ? 0 : lane->slots[lane->pos & lane->mask].ts_ns;
}

static void give_back(struct record_lane *lane)
{
	__atomic_store_n(&lane->ends->limit, lane->pos + lane->mask + 1, __ATOMIC_RELEASE);
}

static int take(struct record_lane *lane, uint64_t ts_ns, record_ring_fn fn, void *ctx)
{
	const volatile struct rec_event *slot = &lane->slots[lane->pos++ & lane->mask];
	uint32_t context = slot->tid;
	struct rec_event e = {.ts_ns = ts_ns, .page = slot->page, .gfp = slot->gfp, .tid = context >> 1};

	if (context & 1)
		e.cls |= REC_CLASS(0, 0, 0, TRACE_F_SOFTIRQ);
	/* Not each, for the program looks at it each time. */
	if (!(lane->pos & (lane->mask >> 4)))
		give_back(lane);
	return fn(ctx, &e, sizeof(e));
}

/* The ring's records up to @ts_ns. Every kind starts with its time; a loss with that of its beginning. */
static int64_t take_ring(struct record_ring *ring, uint64_t ts_ns, record_ring_fn fn, void *ctx)
{
	const uint64_t *record;
	int64_t nr = 0;
	size_t bytes;

	while ((record = record_ring_peek(ring, &bytes)) && *record <= ts_ns) {
		int rc = fn(ctx, record, bytes);

		record_ring_next(ring);
		if (rc < 0)
			return rc;
		nr++;
	}
	return nr;
}

/* The lane with the earliest event, and up to which time it has the earliest: the others' next. */
static struct record_lane *earliest(struct record_lanes *lanes, uint64_t *next, uint64_t *limit_ns)
{
	struct record_lane *first = NULL;
	uint64_t first_ns = NONE;

	*limit_ns = NONE - 1;
	for (unsigned int i = 0; i < REC_NR_LANES; i++) {
		if (!next[i]) /* empty when it was last looked at */
			next[i] = next_ns(&lanes->lane[i]);
		if (!next[i] || next[i] > *limit_ns)
			continue;
		if (next[i] < first_ns) {
			if (first)
				*limit_ns = first_ns;
			first_ns = next[i];
			first = &lanes->lane[i];
		} else {
			*limit_ns = next[i];
		}
	}
	return first;
}

int64_t record_lanes_drain(struct record_lanes *lanes, struct record_ring *ring, uint64_t until_ns,
			   unsigned int *filled, record_ring_fn fn, void *ctx)
{
	uint64_t next[REC_NR_LANES] = {0}, limit_ns, ts_ns;
	uint32_t begin[REC_NR_LANES];
	struct record_lane *lane;
	int64_t nr = 0, got;

	/* The heads are stored last and read first: what is before them is whole. */
	for (unsigned int i = 0; i < REC_NR_LANES; i++) {
		begin[i] = lanes->lane[i].pos;
		lanes->lane[i].end = __atomic_load_n(&lanes->lane[i].ends->head, __ATOMIC_ACQUIRE);
	}
	while ((lane = earliest(lanes, next, &limit_ns))) {
		uint64_t *own = &next[lane - lanes->lane];

		ts_ns = *own;
		if (ts_ns > until_ns)
			break;
		if (limit_ns > until_ns)
			limit_ns = until_ns;
		do {
			int rc;

			got = take_ring(ring, ts_ns, fn, ctx);
			rc = got < 0 ? (int)got : take(lane, ts_ns, fn, ctx);
			if (rc < 0)
				return rc;
			nr += got + 1;
			*own = ts_ns = next_ns(lane);
		} while (ts_ns && ts_ns <= limit_ns);
	}
	got = take_ring(ring, until_ns, fn, ctx);
	*filled = 0;
	for (unsigned int i = 0; i < REC_NR_LANES; i++) {
		uint64_t share =
			(uint64_t)(lanes->lane[i].pos - begin[i]) * 256 / ((uint64_t)lanes->lane[i].mask + 1);

		if (lanes->lane[i].pos != begin[i])
			give_back(&lanes->lane[i]);
		if (share > *filled)
			*filled = share > 256 ? 256 : (unsigned int)share;
	}
	return got < 0 ? got : nr + got;
}
