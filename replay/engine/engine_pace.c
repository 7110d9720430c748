// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Replay in recorded or scaled time. A request that could not begin when it should, because the one
 * before it took long, has waited: its latency counts from the intended start.
 */
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "replay/engine/engine_internal.h"

#define SLEEP_NS 200000 /* closer than this is waited for actively: waking up takes 50 us and more */

void engine_pace_begin(struct engine *e)
{
	if (e->options.speed > 0)
		e->ticks_per_ns = 1.0 / (e->clock.ns_per_tick * e->options.speed);
	e->pace_begin_ticks = clock_ticks();
}

static void sleep_ticks(const struct engine *e, uint64_t ticks)
{
	double ns = (double)ticks * e->clock.ns_per_tick - SLEEP_NS / 2.0;
	const struct timespec ts = {.tv_sec = (time_t)(ns / 1e9), .tv_nsec = (long)((uint64_t)ns % 1000000000)};

	nanosleep(&ts, NULL);
}

void engine_pace(struct engine *e, uint64_t ts_ns)
{
	uint64_t since = ts_ns > e->first_ns ? ts_ns - e->first_ns : 0, now = clock_ticks();
	uint64_t late_ns;

	e->due_ticks = e->pace_begin_ticks + (uint64_t)((double)since * e->ticks_per_ns);
	if (now < e->due_ticks) {
		while ((double)(e->due_ticks - now) * e->clock.ns_per_tick > SLEEP_NS &&
		       !(e->options.stop && *e->options.stop)) {
			sleep_ticks(e, e->due_ticks - now);
			now = clock_ticks();
			if (now >= e->due_ticks)
				return;
		}
		while (clock_ticks() < e->due_ticks && !(e->options.stop && *e->options.stop)) {
#if defined(__x86_64__)
			_mm_pause();
#endif
		}
		return;
	}
	late_ns = (uint64_t)((double)(now - e->due_ticks) * e->clock.ns_per_tick);
	e->times.late_events += late_ns > 1000;
	if (late_ns > e->times.behind_max_ns)
		e->times.behind_max_ns = late_ns;
}
