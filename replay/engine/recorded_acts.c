// SPDX-License-Identifier: GPL-2.0-or-later
/* Recorded changes of settings, and kswapd's times of work. */
#include "replay/engine/recorded_acts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/step.h"

#define SETTINGS (1ull << TRACE_PCP_LIMITS | 1ull << TRACE_ZONE_WMARKS | 1ull << TRACE_LOWMEM_RESERVE)
#define KSWAPD   (1ull << TRACE_BALANCE_BEGIN | 1ull << TRACE_BALANCE_END)

static int add(struct recorded_acts *acts, size_t *room, const struct recorded_act *act)
{
	if (acts->nr == *room) {
		size_t more = *room ? 2 * *room : 64;
		struct recorded_act *grown = realloc(acts->items, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		acts->items = grown;
		*room = more;
	}
	acts->items[acts->nr++] = *act;
	return 0;
}

static int read_all(struct trace_reader *reader, uint64_t wanted, struct recorded_acts *ret,
		    struct mmr_error *err)
{
	const struct trace_event *events;
	size_t room = 0;
	ssize_t nr;

	while ((nr = trace_reader_next(reader, &events, err)) > 0) {
		for (ssize_t i = 0; i < nr; i++) {
			const struct trace_class *cls = trace_reader_class(reader, events[i].class_id);
			const struct trace_args *args = trace_reader_args(reader, &events[i]);
			struct recorded_act act = {.ts_ns = events[i].ts_ns, .type = events[i].type};

			if (!(wanted >> act.type & 1) || !cls || !args)
				continue;
			act.number = (uint32_t)ret->nr;
			act.zone = cls->zone;
			memcpy(act.v, args->v,
			       sizeof(*args->v) *
				       (args->nr < RECORDED_ACT_ARGS ? args->nr : RECORDED_ACT_ARGS));
			if (add(ret, &room, &act))
				return mmr_err(err, -ENOMEM, "no memory for %zu recorded acts", ret->nr);
		}
	}
	return (int)nr;
}

/* Of one moment: as they stand in the recording. */
static int earlier(const void *a, const void *b)
{
	const struct recorded_act *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static bool has_any(const struct trace_summary *summary, uint64_t wanted)
{
	for (unsigned int type = 0; type < NR_TRACE_EVENT_TYPES; type++)
		if ((wanted >> type & 1) && summary->events[type])
			return true;
	return false;
}

int recorded_acts_read(struct trace_reader *reader, bool kswapd, struct recorded_acts *ret,
		       struct mmr_error *err)
{
	const uint64_t wanted = SETTINGS | (kswapd ? KSWAPD : 0);
	int rc;

	*ret = (struct recorded_acts){.nr_nodes = trace_reader_machine(reader)->nr_nodes};
	if (!has_any(trace_reader_summary(reader), wanted))
		return 0;
	ret->boosts = calloc((size_t)ret->nr_nodes * MAX_NR_ZONES, sizeof(*ret->boosts));
	if (!ret->boosts)
		return mmr_err(err, -ENOMEM, "no memory for the boosts of %u nodes", ret->nr_nodes);
	trace_reader_want(reader, wanted);
	rc = read_all(reader, wanted, ret, err);
	trace_reader_want(reader, TRACE_WANT_PAGES);
	if (rc) {
		recorded_acts_deinit(ret);
		return rc;
	}
	if (ret->nr)
		qsort(ret->items, ret->nr, sizeof(*ret->items), earlier);
	return 0;
}

void recorded_acts_deinit(struct recorded_acts *acts)
{
	free(acts->items);
	free(acts->boosts);
	*acts = (struct recorded_acts){0};
}

/* ---- the model has them ------------------------------------------------------------------------ */

static uint32_t pages(int64_t v)
{
	return v < 0 ? 0 : v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* Before 6.7 a list has one size, which both numbers are. */
static void pcp_limits(struct zone *zone, unsigned int nr_cpus, const int64_t *v)
{
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		struct mmr_pcp_state state;
		int32_t count;

		mmr_step_pcp_read(zone, cpu, &state, &count);
		if (state.high_max) {
			state.high_min = pages(v[1]);
			state.high_max = pages(v[2]);
		} else {
			state.high = pages(v[1]);
		}
		state.batch = v[3] > 0 ? pages(v[3]) : 1;
		mmr_step_pcp_write(zone, cpu, &state, count);
	}
}

static void zone_wmarks(struct zone *zone, const int64_t *v)
{
	uint32_t marks[NR_WMARK];

	for (unsigned int i = 0; i < NR_WMARK; i++)
		marks[i] = pages(v[1 + i]);
	mmr_step_set_marks(zone, marks);
	mmr_step_set_boost(zone, 0);
}

enum { ZONE_FLAG_RECLAIM_ACTIVE = 1u << 1 }; /* enum zone_flags */

/* While kswapd works its zones say so; when it is done it takes back the boosts that it found. */
static void balance(struct recorded_acts *acts, struct mmr_machine *core, unsigned int nid,
		    unsigned int highest, bool begins)
{
	for (unsigned int z = 0; z <= highest && z < MAX_NR_ZONES; z++) {
		struct zone *zone = mmr_step_named_zone(core, nid, (enum zone_type)z);
		uint32_t *found = &acts->boosts[nid * MAX_NR_ZONES + z];
		struct mmr_step_marks marks;
		uint32_t flags;

		if (!zone)
			continue;
		mmr_step_marks(core, zone, &marks);
		flags = mmr_step_zone_flags(zone);
		if (begins) {
			*found = marks.boost;
			mmr_step_set_zone_flags(zone, flags | ZONE_FLAG_RECLAIM_ACTIVE);
			continue;
		}
		mmr_step_set_boost(zone, marks.boost - (marks.boost < *found ? marks.boost : *found));
		*found = 0;
		mmr_step_set_zone_flags(zone, flags & ~ZONE_FLAG_RECLAIM_ACTIVE);
	}
}

void recorded_acts_next(struct recorded_acts *acts, struct mmr_machine *core, unsigned int nr_cpus)
{
	const struct recorded_act *act = &acts->items[acts->next++];
	const int64_t *v = act->v;
	struct zone *zone;

	if (v[0] < 0 || v[0] >= acts->nr_nodes || act->zone >= MAX_NR_ZONES)
		return;
	if (act->type == TRACE_BALANCE_BEGIN || act->type == TRACE_BALANCE_END) {
		balance(acts, core, (unsigned int)v[0], act->zone, act->type == TRACE_BALANCE_BEGIN);
		return;
	}
	zone = mmr_step_named_zone(core, (unsigned int)v[0], (enum zone_type)act->zone);
	if (!zone)
		return;
	if (act->type == TRACE_PCP_LIMITS)
		pcp_limits(zone, nr_cpus, v);
	else if (act->type == TRACE_ZONE_WMARKS)
		zone_wmarks(zone, v);
	else if (v[1] >= 0 && v[1] < MAX_NR_ZONES)
		mmr_step_set_reserve(zone, (enum zone_type)v[1], pages(v[2]));
}
