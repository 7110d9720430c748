/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of verify share. */
#ifndef MMR_REPLAY_VERIFY_INTERNAL_H
#define MMR_REPLAY_VERIFY_INTERNAL_H

#include "core/step.h"
#include "replay/machines/machine.h"
#include "replay/verify/verify.h"
#include "replay/verify/verify_window.h"

#define NR_PCP_LISTS_MASK ((1u << NR_PCP_LISTS) - 1)
#define MAX_DIRECT        8 /* blocks a CPU took straight from the buddy and has not announced */
#define TYPE_UNKNOWN      0xff
#define MAX_MARKED_ZONES  1024 /* of which marks that were set anew can be told */
#define MAX_DRIFTS        64 /* zones of which a race can be told */
#define MAX_PASSED        256
#define MAX_PENDING       8 /* tasks that were preempted between an event and what it announces */
#define VERIFY_BURST_GAP                                                                                       \
	(2 * 1000 * 1000) /* ns, as long as softirqs go on: MAX_SOFTIRQ_TIME, kernel/softirq.c */
#define MAX_DOUBTS 512 /* pages of which it is not sure that they came to their list */
#define MAX_PAST   256 /* pages on their way past a list to the buddy */
#define MAX_STAT_THRESHOLD                                                                                     \
	125 /* pages that a CPU keeps pending. Source: calculate_normal_threshold(), v6.12                     \
	     */
#define MAX_VICTIMS 64 /* of the OOM killer, the latest */
#define MAX_LATE    1024 /* pages popped whose allocation is announced later, on any CPU */

/**
 * struct overflow - pages that a free made too many, still to be seen drained
 * @left: of them; @chunk: left under this hold of the lock
 * @pindex: list it is at; @start: list each hold starts with
 */
struct overflow {
	uint32_t task;
	int32_t left, chunk;
	uint8_t pindex, start;
};

#define MAX_OVERFLOWS 2 /* between two holds of the lock another task may free */

/**
 * struct pcp_view - what verify knows of one CPU's lists of one zone
 * @known: followed at all, from the moment the lists were read
 * @unknown: bit per list: behind the entries the model has, the kernel has others
 * @drained_until: another CPU drains the lists; up to this event it may hold their lock
 * @surplus: pages the model had too many when they were counted last, which nothing explained
 * @sunk_from: what high was before it was taken to have sunk unseen, until that proves wrong; 0 for nothing
 */
struct pcp_view {
	bool known;
	uint16_t unknown;
	uint32_t sunk_from;
	int32_t surplus;
	uint64_t drained_until;
	struct overflow overflows[MAX_OVERFLOWS];
};

/**
 * struct refill_run - blocks a CPU takes from the buddy under one hold of zone->lock
 * @left: blocks of this refill still to come; @size: how many it is; @asked: what the model would fetch
 * @before, @before_count: the CPU's lists when it began
 * @steal_only: a block was stolen, so the rest is too
 */
struct refill_run {
	struct zone *zone;
	uint32_t left, size, got, asked;
	struct mmr_pcp_state before;
	int32_t before_count;
	uint8_t order, mt;
	uint64_t alloc; /* what asked for it; WINDOW_NONE where that is not in sight */
	bool active, refill, steal_only;
	bool counts_held; /* to 6.9, until it is complete; @held: for mmr_step_release_counts() */
	int32_t held;
};

/** enum fate - where a page was put that was freed while its list may have been locked */
enum fate { FATE_UNKNOWN, FATE_LISTED, FATE_PASSED };

/**
 * struct burst - frees of one interrupt, or of a task, one after the other
 * @next: the event that would continue it; @last_ns: when the last one was
 * @counted: the pages on the list were counted behind it, so that @fate is no guess
 */
struct burst {
	const struct zone *zone;
	uint64_t next, last_ns;
	uint32_t task;
	bool in_interrupt;
	enum fate fate;
	bool counted;
};

/**
 * struct fold_view - the last time a CPU began to put its pending counts into the zones'
 * @number: of the event, 0 for none; @task: who did
 * @yields: the vmstat worker did, which lets others run between two zones
 * @in_doubt: ... and may have: when the last zones had their turn is not known
 * @pending: what it had of each zone
 */
struct fold_view {
	uint64_t number;
	uint32_t task;
	bool yields, in_doubt;
	int32_t pending[MAX_DRIFTS]; /* [zone id] */
};

/** enum kswapd_state - its being awake is told when it has been for some while */
enum kswapd_state { KSWAPD_UP, KSWAPD_DOZING, KSWAPD_ASLEEP, KSWAPD_CALLED };

/** struct next_drain - the next event that says another CPU drains this one's lists; up to where was looked */
struct next_drain {
	const struct zone *zone;
	uint64_t found, scanned;
};

struct cpu_view {
	struct refill_run run;
	struct fold_view fold;
	uint32_t direct[MAX_DIRECT];
	unsigned int nr_direct;
	/* Up to this event the CPU holds the lock of its lists of this zone: a batch is half done. */
	struct zone *locked_zone, *unlocking; /* @unlocking: zone->lock was just released */
	const struct zone *refilled; /* the lists were, and who asked has not told yet */
	uint64_t reached; /* up to this event it is known whether who frees is preempted for long */
	uint64_t locked_until;
	struct burst burst;
	struct next_drain next_drain;
	struct { /* frees that this task announces until then are of one batch */
		uint32_t task;
		uint64_t until;
	} batch;
	struct { /* head of a list from below which pages were popped, how often in a row */
		uint32_t pfn, times;
	} passed_over;
	/* A drain that no free of this CPU caused. */
	struct {
		struct zone *zone;
		unsigned int owner, pindex;
		uint64_t last;
		uint32_t task;
		bool announced;
	} drain;
};

/**
 * struct pending_free - a page whose free was announced by a task that was preempted, or interrupted, before
 * the page went to its list; it goes there once the task goes on
 */
struct pending_free {
	struct zone *zone;
	uint32_t pfn, task;
	uint16_t cpu;
	uint8_t order;
};

#define BOOST_IN_DOUBT UINT32_MAX
#define MAX_PIECE_RUNS 8
#define MAX_COMPACTING 16 /* tasks that compact a zone at the same time */
#define MAX_HELD       1024 /* free blocks that compaction took and may still hold */

/**
 * struct piece_run - neighbours that a task frees one by one, inserted in pieces after the last
 * @ev: event of the first; @last: number of the last one's
 * @pfn: the first page that is not inserted yet; @end: the one after the last
 * @told: a BUDDY_FREE tells when a piece goes to the buddy
 */
struct piece_run {
	struct trace_event ev;
	uint64_t last;
	uint32_t pfn, end;
	bool active, told;
};

/** struct passed - a page of which verify guessed that it went past its list, to the buddy */
struct passed {
	struct zone *zone;
	uint64_t event;
	uint32_t pfn; /* MMR_NO_PFN where the entry is empty, or another event has shown where the page was */
	uint16_t cpu;
	uint8_t order, pindex;
};

/** struct past_page - a page that goes past its list, or may have: it gets zone->lock after event @after */
struct past_page {
	struct trace_event ev; /* of its free */
	struct zone *zone;
	uint64_t after;
	uint8_t pindex;
};

/** struct limits - a list's sizes as the last keyframe has them: sysctls and khugepaged change them */
struct limits {
	uint32_t high, high_min, high_max;
};

/** enum limit_set - as the first keyframe and the header have them; as the last keyframe, and computed anew */
enum limit_set { LIMITS_FIRST, LIMITS_LAST, NR_LIMIT_SETS };
#define NO_LIMIT (1u << 30)

/** struct moment - something to do before the first event at or after its time */
struct moment {
	uint64_t ts_ns;
	enum { MOMENT_ZONE, MOMENT_PCP, MOMENT_LOSS } kind;
	uint32_t keyframe, pcp;
};

struct verify {
	struct trace_reader *reader;
	struct verify_options options;
	struct verify_report *report;
	struct machine recorded;
	struct mmr_machine *core;
	const struct trace_machine *header;
	struct window window;
	uint64_t number; /* of the event at hand, from 1 */
	uint64_t owed; /* an allocation whose refill is complete: its pop comes before any other event */
	bool shown; /* options.before has been called */
	uint64_t ts_ns;
	uint32_t late[MAX_LATE];
	unsigned int nr_late, late_waiting; /* written; of these not told yet */
	struct passed passed[MAX_PASSED]; /* a ring */
	unsigned int nr_passed;
	struct past_page past_pages[MAX_PAST];
	unsigned int nr_past_pages, nr_doubts;
	struct past_page doubts[MAX_DOUBTS]; /* a ring */
	struct pending_free pending[MAX_PENDING];
	unsigned int nr_pending;
	struct piece_run piece_runs[MAX_PIECE_RUNS];
	unsigned int nr_piece_runs; /* active */
	uint32_t compacting[MAX_COMPACTING]; /* tasks */
	unsigned int nr_compacting, nr_held;
	struct {
		uint32_t pfn, order;
	} held[MAX_HELD]; /* a ring */
	struct cpu_view *cpus;
	struct pcp_view *pcps; /* [zone id * nr_cpus + cpu] */
	struct limits *limits[NR_LIMIT_SETS]; /* [zone id * nr_cpus + cpu] */
	uint32_t (*marks[NR_LIMIT_SETS])[NR_WMARK]; /* [zone id] */
	enum limit_set limit_set; /* in force */
	bool limits_fixed; /* a setting in force that neither set has */
	bool *zone_known; /* [zone id] */
	struct { /* the last one that began: as told before the zones' flags are set */
		uint64_t number;
		int64_t nid;
		uint32_t task;
	} balance;
	uint32_t victims[MAX_VICTIMS]; /* of the OOM killer: processes; a ring */
	unsigned int nr_victims;
	uint32_t *boosts; /* [zone id] when kswapd began; BOOST_IN_DOUBT once it has ended and left some */
	uint32_t *taken_back; /* [zone id] of these, as a choice of the kernel made believe */
	enum kswapd_state kswapds[MAX_NUMNODES];
	/* [zone id] since its last keyframe pages were isolated without an event: how many are free no event
	 * tells */
	bool *isolated_unseen;
	int64_t *taken_unseen; /* [zone id] ... so many of them compaction says it took, and none has been seen
				  since */
	unsigned int max_zone_id, nr_cpus, nr_zones, nr_zones_known;
	struct policy_view *policies;
	unsigned int nr_policies; /* known */
	struct moment *moments;
	uint32_t nr_moments, next_moment;
	struct trace_keyframe *keyframes; /* [nr_keyframes], decoded while moments of theirs are left */
	uint32_t *moments_left;
	uint32_t nr_keyframes;
	struct trace_loss *missing; /* losses, and what is damaged */
	uint32_t nr_missing;
	bool tolerant; /* what is damaged is passed over */
	uint8_t *learned; /* [pageblocks] types learned from events; NULL where keyframes hold them */
	uint32_t end_pfn;
	bool drains_known, decay_known, bulk_known, isolation_known, buddy_known, limits_known, balance_known,
		folds_known, policies_known, counts_known, requests_known; /* events tell */
	bool shuffled; /* largest blocks go to either end of their list: page_alloc.shuffle */
	bool irq_known; /* events tell whether they come from an interrupt */
	bool bulk_rare; /* vmalloc() asks the ordinary way (7.x), or bulk allocations are recorded */
	char endless[48]; /* the list of the model that has no end; empty: none */
	bool slabs_local; /* from 7.x new slabs are of the CPU's own node, whatever the policy */
	bool frees_pieces; /* from 7.2 neighbours that are freed one by one are inserted together */
	bool extfrag_first; /* up to 6.9 an extfrag event comes before the block it moved is taken */
};

static inline bool zone_known(const struct verify *v, const struct zone *zone)
{
	return v->zone_known[mmr_step_zone_id(zone)];
}

static inline struct pcp_view *pcp_view(struct verify *v, const struct zone *zone, unsigned int cpu)
{
	return &v->pcps[mmr_step_zone_id(zone) * v->nr_cpus + cpu];
}

/* ---- verify.c ------------------------------------------------------------------------------ */

/** struct views - where to look when a decision is shown; @pindex -1: the free list */
struct views {
	struct zone *zone;
	unsigned int cpu;
	int pindex;
	uint8_t order, mt;
};

/* ---- verify_views.c: both sides of the decision at hand, several lines */
void verify_put_views(FILE *out, const struct verify *v, const struct views *views);

static inline void count_exact(struct verify *v, enum verify_level level)
{
	v->report->levels[level].decisions++;
	v->report->levels[level].exact++;
}

void count_other(struct verify *v, enum verify_level level, enum verify_verdict verdict,
		 enum verify_cause cause, const struct views *views, const char *expected, const char *got);
/* Calls options.before, if it is about this event and has not been called */
void verify_show(struct verify *v, uint64_t number);
/* A page is about to be popped of which an event tells later: calls options.before, if it is about that */
void verify_show_pop(struct verify *v, uint32_t pfn);
static inline bool verify_asked_to_stop(const struct verify *v)
{
	return v->options.stop && *v->options.stop;
}
/* "pfn 4711 order 3" and the like; the buffers take turns */
const char *say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *say_place(const struct verify *v, uint32_t pfn);

/* ---- verify_extra.c ------------------------------------------------------------------------ */

/* The type that a pageblock gets by what this event says of its bits; -1 where it is about others */
int verify_told_type(const struct verify *v, uint64_t number);
/* Compaction or isolation has a free block now */
void verify_isolate(struct verify *v, const struct zone *zone, unsigned int cpu, uint32_t pfn,
		    unsigned int order);
/* An event that is no page event */
void verify_extra(struct verify *v, struct window_event *event);

/** verify_asked_type - the type asked for, by the list that a block came from: movable requests get CMA pages,
 * too */
static inline unsigned int verify_asked_type(unsigned int list)
{
	return list == MIGRATE_CMA ? MIGRATE_MOVABLE : list;
}

/* ---- verify_buddy.c ------------------------------------------------------------------------ */

void verify_take_smallest(struct verify *v, const struct trace_event *ev, struct zone *zone);
void verify_fall_back(struct verify *v, const struct trace_event *ev, const struct trace_class *cls,
		      struct zone *zone, struct refill_run *run, bool locked);
void verify_fall_back_old(struct verify *v, const struct trace_event *ev, const struct trace_class *cls,
			  struct zone *zone, struct refill_run *run);

/* ---- verify_zone.c ------------------------------------------------------------------------- */

void verify_choice_of_zone(struct verify *v, const struct trace_event *ev, struct zone *zone, bool fragmenting);
void verify_no_zone(struct verify *v, const struct trace_event *ev);
/* The OOM killer has picked this task's process: from now on it may take more of the reserves */
void verify_oom_victim(struct verify *v, uint32_t tid);

/* ---- verify_fold.c ------------------------------------------------------------------------- */

void verify_fold(struct verify *v, const struct trace_event *ev, bool yields);
/* Had a fold not come about yet, or not for all zones? */
bool verify_fold_is_to_come(const struct verify *v, const struct mmr_step_request *request);
void verify_kswapd(struct verify *v, const struct trace_event *ev, int64_t nid);
void verify_balance(struct verify *v, int64_t nid, bool begins);
/* Did a kswapd work before it told? Keeps it where that explains who served. */
bool verify_kswapd_worked(struct verify *v, const struct mmr_step_request *request);
bool verify_kswapd_race(struct verify *v, const struct mmr_step_request *request);
/* Was kswapd up before it told, and hence more, or less, pending? Keeps it where that explains who served. */
bool verify_kswapd_was_up(struct verify *v, const struct mmr_step_request *request);
/* Did the rest of one come about only after others had run? Keeps it where that explains who served. */
bool verify_fold_came_late(struct verify *v, const struct mmr_step_request *request);
/* ... or did a CPU's count pass its threshold at another page, since one? Keeps it where that explains it. */
bool verify_fold_was_interrupted(struct verify *v, const struct mmr_step_request *request);

/* ---- verify_unseen.c ----------------------------------------------------------------------- */

/* Compaction took so many free pages from the event's on, before @end, which no event names */
void verify_pages_taken(struct verify *v, const struct trace_event *ev, int64_t end, int64_t taken);
/* So many pages that the model had free were not: some of those, taken off its lists and its count just now */
void verify_taken_was_seen(struct verify *v, const struct zone *zone, unsigned int cpu, uint32_t nr_pages);
/* Had a node's kswapd ended its work, which nothing tells, or had it not? Keeps what explains who served. */
bool verify_boosts_were_other(struct verify *v, const struct mmr_step_request *request);
/* Had CPUs other numbers of pages pending? Keeps the least difference that explains who served, not @want. */
bool verify_pending_was_other(struct verify *v, const struct mmr_step_request *request, struct zone *want);

/* ---- verify_policy.c ----------------------------------------------------------------------- */

int verify_policy_init(struct verify *v, struct mmr_error *err);
/* The node that a request prefers, as far as it is known */
unsigned int verify_preferred_node(const struct verify *v, const struct trace_event *ev);
/* The nodes that the task's policy binds it to; 0: all */
uint64_t verify_policy_nodes(const struct verify *v, const struct trace_event *ev);
/*
 * The node it preferred; @told: nothing but who served says so; @scarce: the zone that should have has few
 * pages, and what nobody told may be why it did not
 */
void verify_node_was_preferred(struct verify *v, const struct trace_event *ev, unsigned int nid, bool told,
			       bool scarce);

/* ---- verify_limits.c ----------------------------------------------------------------------- */

int verify_compute_marks(struct verify *v, struct mmr_error *err);
/* The list's sizes in the other set; NULL where they are the same */
const struct limits *verify_other_limits(const struct verify *v, const struct zone *zone, unsigned int cpu);
/* The other set is in force now */
void verify_adopt_limits(struct verify *v);
/* A size that neither set has, for all CPUs' lists of the zone */
void verify_fix_limits(struct verify *v, struct zone *zone, const struct mmr_pcp_state *fixed);
/* The marks that go with this size of a zone's lists: computed ones, or those in force in proportion */
void verify_marks_of_size(struct verify *v, struct zone *zone, uint32_t high_min);
/* Had the marks been set anew? Keeps them where that explains who served. */
bool verify_try_marks(struct verify *v, const struct mmr_step_request *request);

/* ---- verify_refill.c ----------------------------------------------------------------------- */

/* The pop that a refill was for: its list is locked, so nothing comes between */
void verify_pop_owed(struct verify *v);
/* The blocks that this CPU takes under one hold of zone->lock are complete */
void verify_end_run(struct verify *v, unsigned int cpu);
void verify_zone_locked(struct verify *v, struct window_event *event);
void verify_extfrag(struct verify *v, struct window_event *event);

/* ---- verify_alloc.c ------------------------------------------------------------------------ */

void verify_alloc(struct verify *v, struct window_event *event);
void verify_bulk_page(struct verify *v, struct window_event *event);
/* A block left a per-CPU list: does the model have all of it allocated, so that its free is not recorded? */
bool verify_free_is_missing(const struct verify *v, const struct trace_event *ev);
/* Is the next that is seen of a page on a list that it was given out? */
bool verify_is_late_pop(const struct verify *v, uint32_t pfn);
/*
 * All pages of a list, which left it without an event: a bulk allocation. Or the task that popped them has not
 * come to its event yet. Return: how many there were.
 */
unsigned int verify_pop_untraced(struct verify *v, struct zone *zone, unsigned int cpu, unsigned int pindex,
				 enum verify_cause *cause);
/* It was popped, its task tells later */
void verify_note_late(struct verify *v, const struct zone *zone, uint32_t pfn, unsigned int order);
void verify_pop_before_interrupt(struct verify *v, const struct window_event *interrupt, struct zone *zone,
				 unsigned int pindex);

/* ---- verify_locked.c ----------------------------------------------------------------------- */

static inline bool verify_in_interrupt(const struct trace_event *ev)
{
	return ev->flags & (TRACE_F_SOFTIRQ | TRACE_F_HARDIRQ);
}

bool verify_is_of_burst(const struct window_event *event, const struct trace_event *first);
/* Is it freed by the same interrupt as the one before? Each finds a list locked, or not. */
bool verify_goes_on(const struct window_event *event, const struct trace_event *before);
void verify_note_batch(struct verify *v, const struct window_event *event, struct zone *zone);
enum fate verify_look_at_fate(const struct verify *v, uint64_t number, const struct zone *zone,
			      unsigned int pindex);
bool verify_list_was_locked(struct verify *v, const struct window_event *event, struct zone *zone);
/* Was the free of the page above the popped one announced by a task that has not gone on since? Takes it off.
 */
bool verify_head_is_pending(struct verify *v, struct zone *zone, unsigned int pindex,
			    const struct trace_event *popped);
/* The page of an announced free is on no list before its task goes on. Return: false where too many wait */
bool verify_make_pending(struct verify *v, struct zone *zone, const struct trace_event *freed);
/* Before an event: pages of tasks that go on now, or that the event names, go to their lists */
void verify_end_pending(struct verify *v, const struct trace_event *ev);
/* The task's last event before the one at hand, outside interrupts; 0 where none is left to see. */
uint64_t verify_last_of_task(const struct verify *v, uint32_t task);
/* May this task have popped the page from another CPU's list, before those above it were pushed? */
bool verify_popped_elsewhere(const struct verify *v, const struct trace_event *ev, const struct zone *zone,
			     unsigned int owner, unsigned int pindex);
void verify_note_passed(struct verify *v, const struct trace_event *ev, struct zone *zone, unsigned int pindex);
/* Was it only guessed that the page went past its list? It did not, then. */
bool verify_was_passed(struct verify *v, uint32_t pfn);
/* A free block that the kernel does not have there, as it was only guessed: back to its list */
bool verify_undo_passed(struct verify *v, uint32_t pfn);
/* Type of the next event of a page after event @after, on any CPU; -1 where none is in sight */
int verify_next_of_page(const struct verify *v, uint32_t pfn, uint64_t after);

/* ---- verify_past.c ------------------------------------------------------------------------- */

/* A free is announced; of a batch it is told when its page comes to its list */
void verify_note_announced(struct verify *v, const struct window_event *event);
/* Is it of a batch, and no event says that it came to its list? Then it went past that. */
bool verify_missed_its_batch(const struct verify *v, const struct window_event *event);
/* May its list be locked when its turn comes? */
bool verify_may_miss_its_list(struct verify *v, const struct window_event *event, const struct zone *zone);
/* To the buddy, once it has the lock */
void verify_insert_past(struct verify *v, const struct window_event *event, struct zone *zone,
			unsigned int pindex);
/* Is the next that is seen of the page that it is taken from the buddy? */
bool verify_is_taken_next(const struct verify *v, uint32_t pfn);
/* Somebody else has the lock still, as the event at hand shows */
void verify_wait_on(struct verify *v, const struct past_page *page);
/* Its list may have been locked, and nothing in sight tells: it is put there */
void verify_note_doubt(struct verify *v, const struct window_event *event, struct zone *zone);
/*
 * The lists of @owner hold @surplus pages less than the model has: takes off those that are in doubt, and gives
 * them to the buddy, where they explain it. Return: whether they do.
 */
bool verify_pass_doubted(struct verify *v, const struct zone *zone, unsigned int owner, int32_t surplus);
/*
 * The kernel drained @pfn, and the model has others behind it: those in doubt go to the buddy. Return: whether
 * @pfn is the victim then; else nothing was changed.
 */
bool verify_pass_doubted_victims(struct verify *v, struct zone *zone, unsigned int owner, unsigned int *pindex,
				 uint32_t pfn);
/* ... and so does what is not seen again on a list */
void verify_pass_victims(struct verify *v, struct zone *zone, unsigned int owner, unsigned int *pindex,
			 uint32_t pfn);
/* Before an event: pages that have got the lock by then, or that the event names */
void verify_end_past(struct verify *v, const struct trace_event *ev);

/* ---- verify_overflow.c --------------------------------------------------------------------- */

/* Return: false where all says that the page did not come to the list at all */
bool verify_overflow(struct verify *v, const struct window_event *event, struct zone *zone,
		     struct pcp_view *view, unsigned int pindex);
/* The overflow that a drain by @task belongs to; NULL where somebody else drains */
struct overflow *verify_overflow_of(struct pcp_view *view, uint32_t task);

/* ---- verify_free.c ------------------------------------------------------------------------- */

void verify_free(struct verify *v, struct window_event *event);
/* Onto the CPU's list, once it is known that the page goes there now */
void verify_commit(struct verify *v, struct window_event *event, struct zone *zone);
void verify_free_batched(struct verify *v, struct window_event *event);
/* Before a block goes to a list: off those that it is on where the model went wrong since its free */
void verify_take_off(struct verify *v, unsigned int cpu, uint32_t pfn, unsigned int order);
/* A task begins to compact a zone, or ends */
void verify_compacts(struct verify *v, uint32_t task, bool begins);
bool verify_is_compacting(const struct verify *v, uint32_t task);
void verify_buddy_free(struct verify *v, const struct window_event *event);
void verify_drain(struct verify *v, struct window_event *event);
/* The drains to come of this task, on this CPU, are of @owner's lists */
void verify_announce_drain(struct verify *v, const struct trace_event *ev, struct zone *zone,
			   unsigned int owner, unsigned int pindex);

/* ---- verify_told.c ------------------------------------------------------------------------- */

/** struct told_drain - @pages: that an overflow asks for; @count: on the lists before, -1: not told */
struct told_drain {
	int32_t pages, count;
};
struct told_drain verify_told_drain(const struct verify *v, const struct window_event *event,
				    const struct zone *zone, unsigned int pindex);
/*
 * Were the next @nr_pages that this CPU frees to the zone put on its lists? The next time that is told how many
 * there are on them shows it: as others begin to be at them, or as pages are drained.
 */
enum fate verify_counted_fate(const struct verify *v, const struct zone *zone, unsigned int cpu,
			      int32_t nr_pages);
enum fate verify_told_fate(const struct verify *v, const struct zone *zone, unsigned int cpu, int32_t nr_pages);
/*
 * The lists hold @told pages: takes off what was popped by tasks that tell later, or is not on them before an
 * interrupted task goes on. Return: whether any was.
 */
bool verify_told_count(struct verify *v, struct zone *zone, unsigned int owner, int64_t told);
/* The free of a block made nothing too many: takes one off as above, where that explains it */
bool verify_told_no_drain(struct verify *v, struct zone *zone, unsigned int owner, unsigned int order);
void verify_pcp_free_bulk(struct verify *v, const struct trace_event *ev, const struct window_extra *extra);
/* The zone that an event names; NULL where there is none */
struct zone *verify_told_zone(const struct verify *v, const struct window_extra *extra);
/* Another CPU is about to drain lists of @owner: up to when may it hold their lock? */
void verify_drain_begins(struct verify *v, const struct trace_event *ev, struct zone *zone, unsigned int owner);
/* How many pages are on the lists of a CPU, as another task or an interrupt begins to be at them */
void verify_pcp_counts(struct verify *v, const struct window_event *event);

/* ---- verify_pieces.c ----------------------------------------------------------------------- */

bool verify_free_in_pieces(struct verify *v, const struct window_event *event);
/* A block goes to the buddy; is it the piece of a run that waits for this? */
bool verify_insert_told_piece(struct verify *v, const struct window_event *event);
/* Before an event: runs whose pieces must have been inserted by then */
void verify_end_pieces(struct verify *v, const struct window_event *event);
/* The run that event @number is a part of: @ret's run_ members; those are left where it is of none */
void verify_run_of_pieces(const struct verify *v, const struct window_event *event, uint64_t number,
			  struct verify_at *ret);

/* ---- verify_keyframe.c --------------------------------------------------------------------- */

int verify_plan(struct verify *v, struct mmr_error *err);
int verify_moment(struct verify *v, const struct moment *moment, struct mmr_error *err);
void verify_plan_deinit(struct verify *v);
/* What happens from here on cannot be followed: nothing is known until the next keyframes */
void verify_lose(struct verify *v);

#endif
