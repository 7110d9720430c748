// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Replay on several threads: each modelled CPU's stream on one of them, the model with its locks.
 *
 * This thread decodes, translates and deals the requests out; the others make them, one window after the
 * other, while the next window is being dealt. What the recording ordered stays ordered: of the requests on one
 * recorded page frame each waits for the one before it, by a turn number. All else is up to the threads.
 * Rare events that touch several frames (a block freed in pieces, a free that was not seen) and timers are
 * dealt with between two windows, by the serial code.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "replay/engine/engine_internal.h"
#include "replay/engine/engine_threads.h"

#define WINDOW_EVENTS 32768
#define SPINS         2000 /* then the CPU is somebody else's: there may be fewer CPUs than threads */

/* One request, ready to be made. */
struct work {
	struct mmr_request request; /* of a free: order and cpu only */
	uint32_t recorded;
	uint32_t birth; /* when, in the units of lifetimes */
	uint16_t turn;
	uint8_t type; /* migratetype asked for */
	bool is_free;
};

/* What this thread knows of a recorded frame: the order of the block there, and whose turn comes next. */
struct turn {
	uint16_t next;
	uint8_t order_plus_1;
	uint8_t unused;
};

struct lane {
	struct work *work; /* [WINDOW_EVENTS] */
	uint32_t nr;
};

struct worker {
	struct threads *t;
	unsigned int number;
	pthread_t thread;
	bool started;
	uint32_t until_stamp;
	struct engine_counts counts;
	struct hist *latency; /* [NR_MMR_PATHS] */
	struct lifetimes *lifetimes;
	uint64_t *node_allocs;
	uint64_t nr_waits, cpu_ns;
} __attribute__((aligned(64)));

struct threads {
	struct engine *e;
	unsigned int nr;
	struct worker *workers;
	struct lane *lanes[2]; /* [nr]: the window at work and the one being dealt */
	unsigned int dealing; /* which of the two */
	uint32_t nr_dealt;
	struct turn *turns; /* [end_pfn] of the dealing thread */
	uint16_t *done; /* [end_pfn] turns that are over; the workers' */
	uint32_t end_pfn;
	pthread_mutex_t mutex;
	pthread_cond_t begin, end;
	uint64_t window; /* number of the window at work */
	unsigned int nr_busy;
	bool quit;
};

/* ---- a worker ---------------------------------------------------------------------------------- */

static void wait_for_turn(struct worker *w, const struct work *work)
{
	const uint16_t *done = &w->t->done[work->recorded];
	unsigned int spins = 0;

	if (__atomic_load_n(done, __ATOMIC_ACQUIRE) == work->turn)
		return;
	w->nr_waits++;
	while (__atomic_load_n(done, __ATOMIC_ACQUIRE) != work->turn) {
		if (++spins > SPINS)
			sched_yield();
#if defined(__x86_64__)
		else
			_mm_pause();
#endif
	}
}

static void use(const struct usage *usage, uint32_t pfn, unsigned int order, unsigned int type, int delta)
{
	unsigned int blocks = order > PAGEBLOCK_ORDER ? 1u << (order - PAGEBLOCK_ORDER) : 1;
	uint16_t pages = (uint16_t)(delta * (1 << (order > PAGEBLOCK_ORDER ? PAGEBLOCK_ORDER : order)));

	for (unsigned int i = 0; i < blocks; i++) {
		uint32_t block = (pfn >> PAGEBLOCK_ORDER) + i;

		__atomic_store_n(&usage->changed[block >> (USAGE_PART_SHIFT - PAGEBLOCK_ORDER)], 1,
				 __ATOMIC_RELAXED);
		__atomic_fetch_add(&usage->blocks[block].pages[type], pages, __ATOMIC_RELAXED);
	}
}

static void stamp(struct worker *w, uint64_t begin, unsigned int path)
{
	uint64_t ticks = clock_ticks() - begin, overhead = w->t->e->clock.overhead_ticks;

	hist_add(&w->latency[path], ticks > overhead ? ticks - overhead : 0);
	w->until_stamp = w->t->e->options.latency_every;
}

static void work_alloc(struct worker *w, const struct work *work)
{
	struct engine *e = w->t->e;
	const unsigned int order = work->request.order;
	struct live_entry entry = {
		.order_plus_1 = (order + 1) & 0xf, .type = work->type & 3, .birth = work->birth & 0xffffff};
	bool timed = --w->until_stamp == 0;
	uint64_t begin = timed ? clock_ticks() : 0;
	struct mmr_page page = mmr_locked_alloc_pages(e->core, &work->request);

	if (timed)
		stamp(w, begin, page.path);
	w->counts.asked[order]++;
	entry.pfn = page.pfn;
	if (page.pfn == MMR_NO_PFN) {
		w->counts.refused[order]++;
		entry.fate = LIVE_REFUSED;
	} else {
		use(&e->usage, page.pfn, order, work->type, 1);
		w->node_allocs[e->node_row[work->request.cpu] + page.nid]++;
	}
	*live_map_slot(&e->map, work->recorded) = entry;
}

static void work_free(struct worker *w, const struct work *work)
{
	struct engine *e = w->t->e;
	struct live_entry *slot = live_map_slot(&e->map, work->recorded), block = *slot;
	const unsigned int order = work->request.order;
	bool timed = --w->until_stamp == 0;
	uint64_t begin;
	uint8_t path = MMR_PATH_FREE_BUDDY;

	slot->order_plus_1 = 0;
	if (block.pfn == MMR_NO_PFN) {
		w->counts.frees_of[block.fate]++;
		return;
	}
	lifetimes_add(w->lifetimes, block.word, work->birth);
	use(&e->usage, block.pfn, order, block.type, -1);
	w->counts.given_back[order]++;
	begin = timed ? clock_ticks() : 0;
	mmr_locked_free_pages(e->core, block.pfn, order, work->request.cpu, &path);
	if (timed)
		stamp(w, begin, path);
}

static void work_lane(struct worker *w, const struct lane *lane)
{
	for (uint32_t i = 0; i < lane->nr; i++) {
		const struct work *work = &lane->work[i];

		if (i + 8 < lane->nr)
			__builtin_prefetch(live_map_slot(&w->t->e->map, lane->work[i + 8].recorded), 1);
		wait_for_turn(w, work);
		if (work->is_free)
			work_free(w, work);
		else
			work_alloc(w, work);
		__atomic_store_n(&w->t->done[work->recorded], (uint16_t)(work->turn + 1), __ATOMIC_RELEASE);
	}
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct threads *t = w->t;
	uint64_t window = 0;

	pthread_mutex_lock(&t->mutex);
	for (;;) {
		while (t->window == window && !t->quit)
			pthread_cond_wait(&t->begin, &t->mutex);
		if (t->quit)
			break;
		window = t->window;
		pthread_mutex_unlock(&t->mutex);
		work_lane(w, &t->lanes[window & 1][w->number]);
		pthread_mutex_lock(&t->mutex);
		if (--t->nr_busy == 0)
			pthread_cond_signal(&t->end);
	}
	w->cpu_ns = thread_cpu_ns();
	pthread_mutex_unlock(&t->mutex);
	return NULL;
}

/* ---- windows ----------------------------------------------------------------------------------- */

static void wait_idle(struct threads *t)
{
	pthread_mutex_lock(&t->mutex);
	while (t->nr_busy)
		pthread_cond_wait(&t->end, &t->mutex);
	pthread_mutex_unlock(&t->mutex);
}

/* The window that was dealt goes to the workers, once they are done with the last one. */
static void start_window(struct threads *t)
{
	if (!t->nr_dealt)
		return;
	wait_idle(t);
	pthread_mutex_lock(&t->mutex);
	t->window++;
	t->nr_busy = t->nr;
	pthread_cond_broadcast(&t->begin);
	pthread_mutex_unlock(&t->mutex);
	t->dealing = (t->window + 1) & 1;
	t->nr_dealt = 0;
	for (unsigned int i = 0; i < t->nr; i++)
		t->lanes[t->dealing][i].nr = 0;
}

static void flush(struct threads *t)
{
	start_window(t);
	wait_idle(t);
}

/* After the serial code: what begins where, in the 4 MiB around @pfn. */
static void learn_again(struct threads *t, uint32_t pfn)
{
	uint32_t first = pfn & ~(MAX_ORDER_NR_PAGES - 1);

	for (uint32_t i = 0; i < MAX_ORDER_NR_PAGES && first + i < t->end_pfn; i++) {
		const struct live_entry *entry = live_map_find(&t->e->map, first + i);

		t->turns[first + i].order_plus_1 = entry ? entry->order_plus_1 : 0;
	}
}

/* One event by the serial code, with no thread at work. */
static int replay_serially(struct threads *t, const struct trace_event *event, struct mmr_error *err)
{
	int rc;

	flush(t);
	rc = engine_replay_batch(t->e, event, 1, err);
	t->e->nr_done--; /* the caller counts it */
	if (!rc && event->type <= TRACE_FREE && event->pfn < t->end_pfn)
		learn_again(t, event->pfn);
	return rc;
}

static bool is_simple(const struct threads *t, const struct trace_event *event)
{
	unsigned int there;

	if (event->pfn >= t->end_pfn || event->ts_ns < t->e->all_started_ns)
		return false;
	if (t->e->drops_kernel_made && engine_kernel_made(event))
		return false;
	there = t->turns[event->pfn].order_plus_1;
	return event->type == TRACE_ALLOC ? there == 0 : there == event->order + 1u;
}

static void deal(struct threads *t, const struct trace_event *event)
{
	struct engine *e = t->e;
	struct turn *turn = &t->turns[event->pfn];
	struct work work = {
		.recorded = event->pfn,
		.birth = engine_birth(e, event->ts_ns),
		.turn = turn->next++,
		.is_free = event->type == TRACE_FREE,
	};
	struct lane *lane;

	if (work.is_free) {
		work.request.order = event->order;
		work.request.cpu = (uint16_t)translate_event_cpu(&e->translate, event);
		turn->order_plus_1 = 0;
		e->map.nr_pages -= 1ull << event->order;
	} else {
		const struct alloc_class *cls = engine_class(e, event->class_id);

		work.request = translate_alloc(&e->translate, event, cls->gfp);
		work.type = cls->type;
		turn->order_plus_1 = (uint8_t)(event->order + 1);
		live_map_touch(&e->map, event->pfn);
		e->map.nr_pages += 1ull << event->order;
		if (e->map.nr_pages > e->map.nr_pages_max)
			e->map.nr_pages_max = e->map.nr_pages;
	}
	lane = &t->lanes[t->dealing][work.request.cpu % t->nr];
	lane->work[lane->nr++] = work;
	if (++t->nr_dealt == WINDOW_EVENTS)
		start_window(t);
}

static int deal_batch(struct threads *t, const struct trace_event *events, size_t nr, struct mmr_error *err)
{
	struct engine *e = t->e;

	for (size_t i = 0; i < nr; i++) {
		const struct trace_event *event = &events[i];
		int rc;

		if (event->ts_ns >= e->next_timer_ns) {
			flush(t);
			engine_run_timers(e, event->ts_ns);
		}
		if (event->type <= TRACE_FREE && !is_simple(t, event)) {
			rc = replay_serially(t, event, err);
			if (rc)
				return rc;
			continue;
		}
		e->counts.recorded[event->type]++;
		translate_follow(&e->translate, event);
		if (event->type <= TRACE_FREE)
			deal(t, event);
	}
	e->nr_done += nr;
	return 0;
}

/* ---- life -------------------------------------------------------------------------------------- */

static void *reserve(size_t bytes)
{
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static bool make_worker(struct threads *t, unsigned int i)
{
	const unsigned int nr_nodes = t->e->options.machine->nr_nodes;
	struct worker *w = &t->workers[i];

	w->t = t;
	w->number = i;
	w->until_stamp = t->e->options.latency_every;
	w->latency = calloc(NR_MMR_PATHS, sizeof(*w->latency));
	w->lifetimes = calloc(1, sizeof(*w->lifetimes));
	w->node_allocs = calloc((size_t)nr_nodes * nr_nodes, sizeof(*w->node_allocs));
	for (int side = 0; side < 2; side++)
		t->lanes[side][i].work = malloc(WINDOW_EVENTS * sizeof(struct work));
	if (!w->latency || !w->lifetimes || !w->node_allocs || !t->lanes[0][i].work || !t->lanes[1][i].work)
		return false;
	w->started = pthread_create(&w->thread, NULL, worker_main, w) == 0;
	return w->started;
}

static int threads_init(struct threads *t, struct engine *e, struct mmr_error *err)
{
	*t = (struct threads){.e = e, .nr = e->options.nr_threads, .end_pfn = e->map.end_pfn, .dealing = 1};
	pthread_mutex_init(&t->mutex, NULL);
	pthread_cond_init(&t->begin, NULL);
	pthread_cond_init(&t->end, NULL);
	t->workers = aligned_alloc(64, t->nr * sizeof(*t->workers));
	t->lanes[0] = calloc(t->nr, sizeof(struct lane));
	t->lanes[1] = calloc(t->nr, sizeof(struct lane));
	t->turns = reserve(t->end_pfn * sizeof(*t->turns));
	t->done = reserve(t->end_pfn * sizeof(*t->done));
	if (t->workers)
		memset(t->workers, 0, t->nr * sizeof(*t->workers));
	if (!t->workers || !t->lanes[0] || !t->lanes[1] || !t->turns || !t->done)
		return mmr_err(err, -ENOMEM, "no memory for %u threads", t->nr);
	for (unsigned int i = 0; i < t->nr; i++) {
		if (!make_worker(t, i))
			return mmr_err(err, -EAGAIN, "cannot start thread %u of %u", i + 1, t->nr);
	}
	return 0;
}

static void add_words(void *to, const void *from, size_t bytes)
{
	uint64_t *sum = to;
	const uint64_t *more = from;

	for (size_t i = 0; i < bytes / sizeof(*sum); i++)
		sum[i] += more[i];
}

static void add_latency(struct hist *to, const struct hist *from)
{
	uint64_t max = to->max > from->max ? to->max : from->max;

	add_words(to, from, sizeof(*to));
	to->max = max;
}

/* What each worker counted for itself becomes the engine's. */
static void collect(struct threads *t, const struct worker *w)
{
	struct engine *e = t->e;
	const unsigned int nr_nodes = e->options.machine->nr_nodes;

	add_words(&e->counts, &w->counts, sizeof(e->counts));
	for (int path = 0; path < NR_MMR_PATHS; path++)
		add_latency(&e->latency[path], &w->latency[path]);
	add_words(e->lifetimes->counts, w->lifetimes->counts, sizeof(e->lifetimes->counts));
	add_words(e->node_allocs, w->node_allocs, (size_t)nr_nodes * nr_nodes * sizeof(*e->node_allocs));
	e->times.order_waits += w->nr_waits;
	e->times.cpu_ns += w->cpu_ns;
	e->times.replay_ns += w->cpu_ns;
}

static void threads_deinit(struct threads *t)
{
	pthread_mutex_lock(&t->mutex);
	t->quit = true;
	pthread_cond_broadcast(&t->begin);
	pthread_mutex_unlock(&t->mutex);
	for (unsigned int i = 0; t->workers && i < t->nr; i++) {
		struct worker *w = &t->workers[i];

		if (w->started) {
			pthread_join(w->thread, NULL);
			collect(t, w);
		}
		free(w->latency);
		free(w->lifetimes);
		free(w->node_allocs);
	}
	for (int side = 0; side < 2; side++) {
		for (unsigned int i = 0; t->lanes[side] && i < t->nr; i++)
			free(t->lanes[side][i].work);
		free(t->lanes[side]);
	}
	free(t->workers);
	if (t->turns)
		munmap(t->turns, t->end_pfn * sizeof(*t->turns));
	if (t->done)
		munmap(t->done, t->end_pfn * sizeof(*t->done));
	pthread_cond_destroy(&t->begin);
	pthread_cond_destroy(&t->end);
	pthread_mutex_destroy(&t->mutex);
}

/* Measure the zones' locks, [nr_nodes * MAX_NR_ZONES]. */
static int watch_locks(struct engine *e, struct mmr_error *err)
{
	const unsigned int nr_nodes = e->options.machine->nr_nodes;

	e->lock_times = calloc((size_t)nr_nodes * MAX_NR_ZONES, sizeof(*e->lock_times));
	if (!e->lock_times)
		return mmr_err(err, -ENOMEM, "no memory to measure locks");
	for (unsigned int n = 0; n < nr_nodes; n++)
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
			mmr_locked_watch(e->core, n, z, &e->lock_times[n * MAX_NR_ZONES + z]);
	return 0;
}

int engine_run_threads(struct engine *e, struct mmr_error *err)
{
	uint64_t begin_ns = thread_cpu_ns(), next_progress = 0;
	const struct trace_event *events;
	struct threads t;
	ssize_t nr = 0;
	int rc = watch_locks(e, err);

	if (rc)
		return rc;
	rc = threads_init(&t, e, err);
	while (!rc && (nr = stream_next(e->stream, &events, err)) > 0) {
		rc = engine_check_batch(e, events, (size_t)nr, err);
		rc = rc ? rc : deal_batch(&t, events, (size_t)nr, err);
		engine_show_progress(e, &next_progress);
		if (!rc && e->options.stop && *e->options.stop)
			rc = 1;
	}
	if (t.nr_dealt)
		flush(&t);
	wait_idle(&t);
	threads_deinit(&t);
	e->times.decode_ns += thread_cpu_ns() - begin_ns;
	return !rc && nr < 0 ? (int)nr : rc;
}
