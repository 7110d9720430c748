// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Takes keyframes. Free lists come from a walk inside the kernel under the zone's own lock, PCP
 * lists from a program that runs on the CPU they belong to.
 */
#include "traces/record/record_keyframe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/mm_types.h"
#include "traces/record/record.h"
#include "traces/record/record_error.h"
#include "traces/record/record_pageblock.h"

#include "record_probe.skel.h"

#define WALK_ATTEMPTS  6
#define PCP_ATTEMPTS   50
#define PROVOKE_BYTES  (64 << 10)
#define DATAGRAM_BYTES 60000
#define AREA_BYTES     (4 << 20) /* doubled with each attempt */
#define MAX_HELD       (2 * 8 * WALK_ATTEMPTS)

struct taker {
	struct record_probe *probe;
	struct record_capture *capture;
	struct trace_writer *writer;
	struct record_keyframe_stats *stats;
	struct mmr_error *err;
	void *payload; /* what provoking copies into the kernel */
	bool bad; /* a block that is no page of the zone was seen */
	struct {
		uint32_t nr; /* times the lock was taken for this zone */
		bool cut; /* a list was longer than the lock may be held */
		uint64_t begin_ns, held_ns, longest_ns;
		uint64_t
			nr_free[REC_MAX_ORDERS]; /* as the kernel counted when an order's first list was read */
	} parts;
	int held[MAX_HELD], nr_held;
	void *areas[WALK_ATTEMPTS];
};

/* ---- making the kernel take the zone's lock ------------------------------------------------ */

static void set_policy(int mode, uint32_t nid)
{
	unsigned long mask[16] = {0};

	mask[nid / 64 % 16] = 1UL << nid % 64;
	syscall(SYS_set_mempolicy, mode, mode == MPOL_DEFAULT ? NULL : mask, mode == MPOL_DEFAULT ? 0 : 1024UL);
}

/* Datagrams nobody reads: each holds an order-3 block and smaller ones until its socket is closed. */
static void hold_datagrams(struct taker *t)
{
	for (int i = 0; i < 8 && t->nr_held + 2 <= MAX_HELD; i++) {
		int *pair = &t->held[t->nr_held];

		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
			return;
		t->nr_held += 2;
		while (send(pair[0], t->payload, DATAGRAM_BYTES, 0) > 0)
			;
	}
}

static void hold_area(struct taker *t, int attempt)
{
	size_t bytes = (size_t)AREA_BYTES << attempt;
	void *area =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	t->areas[attempt] = area == MAP_FAILED ? NULL : area;
}

static void let_go(struct taker *t)
{
	while (t->nr_held)
		close(t->held[--t->nr_held]);
	for (int attempt = 0; attempt < WALK_ATTEMPTS; attempt++)
		if (t->areas[attempt])
			munmap(t->areas[attempt], (size_t)AREA_BYTES << attempt);
	memset(t->areas, 0, sizeof(t->areas));
}

/*
 * First what costs least: copying a value of 64 KiB is an order-4 request, above what per-CPU lists
 * hold, unless the kernel's slab keeps such buffers. Then requests that are held, so that they
 * empty a short per-CPU list. Movable has user pages only, of which many lie on per-CPU lists.
 */
static void provoke(struct taker *t, const struct record_probe_zone *zone, int attempt)
{
	uint32_t zero = 0;

	set_policy(MPOL_PREFERRED, zone->nid);
	if (zone->zone == ZONE_MOVABLE)
		hold_area(t, attempt);
	else if (attempt || t->probe->provoke_fd < 0)
		hold_datagrams(t);
	else
		bpf_map_update_elem(t->probe->provoke_fd, &zero, t->payload, 0);
	set_policy(MPOL_DEFAULT, 0);
}

/* @order, @migratetype: the list to start with; @nr_blocks: found before. */
static void arm_at(struct taker *t, const struct record_probe_zone *zone, uint32_t order, uint32_t migratetype,
		   uint64_t nr_blocks)
{
	struct rec_walk *walk = &t->probe->skel->bss->walk;

	memset(walk, 0, sizeof(*walk));
	walk->zone = zone->address;
	walk->page_lo = t->probe->page_base + zone->start_pfn * t->probe->pages.size;
	walk->page_hi = t->probe->page_base + zone->end_pfn * t->probe->pages.size;
	walk->max_steps = t->probe->max_blocks + 2 * REC_MAX_ORDERS * 16;
	walk->nr_cpus = t->probe->nr_cpus;
	walk->order = order;
	walk->migratetype = migratetype;
	walk->nr_blocks = nr_blocks;
}

static void arm(struct taker *t, const struct record_probe_zone *zone)
{
	arm_at(t, zone, 0, 0, 0);
}

static uint32_t disarm(struct rec_walk *walk)
{
	uint32_t armed = 1;

	if (__atomic_compare_exchange_n(&walk->armed, &armed, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return 0;
	while (__atomic_load_n(&walk->armed, __ATOMIC_ACQUIRE) == 2) /* it is being walked at this moment */
		sched_yield();
	return __atomic_load_n(&walk->armed, __ATOMIC_ACQUIRE);
}

/*
 * Kernel memory comes from a node's highest zone but Movable, user memory from the highest of all.
 * Requests reach a zone below only when those are nearly full: then it has events of its own.
 */
static bool can_provoke(const struct taker *t, const struct record_probe_zone *zone)
{
	if (zone->zone == ZONE_MOVABLE)
		return true;
	for (uint32_t i = 0; i < t->probe->nr_zones; i++) {
		const struct record_probe_zone *other = &t->probe->zones[i];

		if (other->nid == zone->nid && other->zone > zone->zone && other->zone < ZONE_MOVABLE)
			return false;
	}
	return zone->zone != ZONE_DEVICE;
}

/* What arm_at() asked for. Return: 1 walked under the lock, 0 not, negative an error of the drain. */
static int walk_once(struct taker *t, const struct record_probe_zone *zone)
{
	const struct timespec wait = {.tv_nsec = 20000000};
	struct rec_walk *walk = &t->probe->skel->bss->walk;
	bool provoking = can_provoke(t, zone);
	uint32_t armed;
	int rc = 0;

	walk->max_ns = t->probe->max_hold_ns;
	__atomic_store_n(&walk->armed, 1, __ATOMIC_SEQ_CST);
	for (int attempt = 0; attempt < WALK_ATTEMPTS; attempt++) {
		if (provoking)
			provoke(t, zone, attempt);
		else
			nanosleep(&wait, NULL);
		if (__atomic_load_n(&walk->armed, __ATOMIC_ACQUIRE) != 1)
			break;
		rc = record_capture_drain(t->capture, NULL, t->err);
		if (rc)
			break;
	}
	let_go(t);
	armed = disarm(walk);
	return rc ? rc : armed == 3 && walk->lock_before != 0;
}

static void note_part(struct taker *t, uint32_t from_order)
{
	const struct rec_walk *walk = &t->probe->skel->bss->walk;
	uint64_t held_ns = walk->end_ns - walk->begin_ns;

	for (uint32_t order = from_order + (t->parts.nr ? 1 : 0); order < REC_MAX_ORDERS; order++)
		t->parts.nr_free[order] = walk->nr_free[order];
	if (!t->parts.nr++)
		t->parts.begin_ns = walk->begin_ns;
	t->parts.held_ns += held_ns;
	if (held_ns > t->parts.longest_ns)
		t->parts.longest_ns = held_ns;
}

/*
 * Mostly one walk. Where it takes longer than the lock may be held, it is given up and another one
 * starts with the list that was not finished. A single list that takes longer is cut: its rest
 * cannot be found again once the lock was let go.
 *
 * Return: as walk_once()
 */
static int walk_locked(struct taker *t, const struct record_probe_zone *zone)
{
	struct rec_walk *walk = &t->probe->skel->bss->walk;
	uint32_t order = 0, migratetype = 0;
	uint64_t nr_blocks = 0;
	int rc;

	memset(&t->parts, 0, sizeof(t->parts));
	for (;;) {
		arm_at(t, zone, order, migratetype, nr_blocks);
		rc = walk_once(t, zone);
		if (rc <= 0)
			return t->parts.nr && !rc ? 1 : rc; /* what there is so far is worth having */
		note_part(t, order);
		if (!walk->out_of_time)
			return 1;
		if (walk->order != order || walk->migratetype != migratetype) {
			order = walk->order;
			migratetype = walk->migratetype;
			walk->nr_blocks = walk->list_begin;
		} else {
			t->parts.cut = true;
			if (++migratetype == t->probe->skel->bss->layout.nr_migratetypes) {
				migratetype = 0;
				order++;
			}
		}
		nr_blocks = walk->nr_blocks;
		if (order >= t->probe->skel->bss->layout.nr_orders)
			return 1;
	}
}

static bool same_counts(const struct rec_walk *walk)
{
	return !memcmp(walk->nr_free, walk->nr_free_after, sizeof(walk->nr_free));
}

/* Return: 1 walked and nothing happened in the zone meanwhile, 0 not, negative an error of the drain. */
static int walk_idle(struct taker *t, const struct record_probe_zone *zone)
{
	struct rec_walk *walk = &t->probe->skel->bss->walk;

	for (int attempt = 0; attempt < WALK_ATTEMPTS; attempt++) {
		uint64_t watched;
		int rc;

		arm(t, zone);
		rc = record_probe_run(bpf_program__fd(t->probe->skel->progs.walk_idle), -1);
		if (rc)
			return record_bpf_error(t->err, rc, "walking an idle zone");
		/* Every event of the walk's time is in a ring by now. */
		record_capture_watch(t->capture, zone->start_pfn, zone->end_pfn, walk->begin_ns, walk->end_ns);
		rc = record_capture_drain(t->capture, NULL, t->err);
		watched = record_capture_watched(t->capture);
		record_capture_watch(t->capture, 0, 0, 0, 0);
		if (rc)
			return rc;
		if (!watched && !walk->lock_before && !walk->lock_after && same_counts(walk) && !walk->full)
			return 1;
	}
	return 0;
}

/* ---- from the walk's notes to a keyframe --------------------------------------------------- */

static uint32_t block_pfn(struct taker *t, const struct record_probe_zone *zone, uint64_t block)
{
	const struct record_pages *pages = &t->probe->pages;
	uint64_t bytes = (block - pages->base) & REC_PAGE_MASK, pfn = bytes / pages->size;

	if (pfn * pages->size != bytes || pfn < zone->start_pfn || pfn >= zone->end_pfn)
		t->bad = true;
	return (uint32_t)pfn;
}

struct block_place {
	uint32_t pfn, index;
};

static int by_pfn(const void *a, const void *b)
{
	const struct block_place *x = a, *y = b;

	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

/*
 * Between two parts of a walk blocks are split, merged and moved: a page may have been seen in a block
 * of each. Only one of them stays, so that the rest could be a zone's lists.
 */
static int drop_overlaps(struct taker *t, struct trace_keyframe *kf)
{
	struct block_place *places = malloc((kf->nr_blocks + 1) * sizeof(*places));
	uint64_t end = 0, nr = 0;

	if (!places)
		return mmr_err(t->err, -ENOMEM, "keyframe: no memory for %llu blocks",
			       (unsigned long long)kf->nr_blocks);
	for (uint64_t i = 0; i < kf->nr_blocks; i++)
		places[i] = (struct block_place){kf->blocks[i].pfn, (uint32_t)i};
	qsort(places, kf->nr_blocks, sizeof(*places), by_pfn);
	for (uint64_t i = 0; i < kf->nr_blocks; i++) {
		struct trace_free_block *block = &kf->blocks[places[i].index];

		if (block->pfn < end)
			block->order = UINT8_MAX;
		else
			end = (uint64_t)block->pfn + (1ULL << block->order);
	}
	for (uint64_t i = 0; i < kf->nr_blocks; i++)
		if (kf->blocks[i].order != UINT8_MAX)
			kf->blocks[nr++] = kf->blocks[i];
	kf->nr_blocks = nr;
	free(places);
	return 0;
}

static int fill_blocks(struct taker *t, const struct record_probe_zone *zone, struct trace_keyframe *kf)
{
	const struct rec_walk *walk = &t->probe->skel->bss->walk;
	uint64_t seen[REC_MAX_ORDERS] = {0};

	kf->blocks = malloc((walk->nr_blocks + 1) * sizeof(*kf->blocks));
	if (!kf->blocks)
		return mmr_err(t->err, -ENOMEM, "keyframe: no memory for %llu blocks",
			       (unsigned long long)walk->nr_blocks);
	kf->nr_blocks = walk->nr_blocks;
	for (uint64_t i = 0; i < walk->nr_blocks; i++) {
		uint64_t block = t->probe->blocks[i];
		uint32_t order = REC_BLOCK_ORDER(block);

		kf->blocks[i] = (struct trace_free_block){
			.pfn = block_pfn(t, zone, block),
			.order = (uint8_t)order,
			.migratetype = t->probe->map->migratetype[REC_BLOCK_LIST(block) & 15],
		};
		seen[order % REC_MAX_ORDERS]++;
	}
	for (uint32_t order = 0; order < REC_MAX_ORDERS; order++) {
		uint64_t nr_free = t->parts.nr > 1 ? t->parts.nr_free[order] : walk->nr_free[order];

		if (nr_free > seen[order])
			kf->nr_missing += nr_free - seen[order];
		else if (t->parts.nr <= 1) /* between parts blocks come and go */
			t->bad |= nr_free != seen[order];
	}
	return t->parts.nr > 1 ? drop_overlaps(t, kf) : 0;
}

/*
 * Before 6.10 the kernel takes a request's pages off its counter only when it has all of them, after
 * the event the walk hangs on. What the lists hold is what the counter is about to say.
 */
static void settle_counter(struct trace_keyframe *kf)
{
	int64_t pages = 0;

	for (uint64_t i = 0; i < kf->nr_blocks; i++)
		pages += (int64_t)1 << kf->blocks[i].order;
	for (uint32_t cpu = 0; cpu < kf->nr_vm_stat_diff; cpu++)
		pages -= kf->vm_stat_diff[cpu];
	if (!kf->nr_missing && pages >= 0)
		kf->nr_free_pages = (uint64_t)pages;
}

static int fill_zone(struct taker *t, const struct record_probe_zone *zone, struct trace_keyframe *kf)
{
	const struct rec_walk *walk = &t->probe->skel->bss->walk;
	int rc = fill_blocks(t, zone, kf);

	if (rc)
		return rc;
	kf->ts_ns = t->parts.nr ? t->parts.begin_ns : walk->begin_ns;
	kf->nid = zone->nid;
	kf->zone = zone->zone;
	kf->walk_ns = t->parts.nr ? t->parts.held_ns : walk->end_ns - walk->begin_ns;
	if (kf->flags & TRACE_KF_PARTS)
		kf->hold_ns = t->parts.longest_ns;
	kf->nr_free_pages = (uint64_t)walk->vm_nr_free_pages;
	kf->watermark_boost = walk->watermark_boost;
	kf->zone_flags = (uint32_t)walk->flags;
	kf->nr_reserved_highatomic = walk->nr_reserved_highatomic;
	kf->nr_free_highatomic = walk->nr_free_highatomic;
	if (!t->probe->percpu_offsets)
		return 0;
	kf->vm_stat_diff = calloc(t->probe->nr_cpus, sizeof(*kf->vm_stat_diff));
	if (!kf->vm_stat_diff)
		return mmr_err(t->err, -ENOMEM, "keyframe: no memory for %u counters", t->probe->nr_cpus);
	kf->nr_vm_stat_diff = t->probe->nr_cpus;
	for (uint32_t cpu = 0; cpu < t->probe->nr_cpus; cpu++)
		kf->vm_stat_diff[cpu] = (int16_t)t->probe->stat_diffs[cpu];
	if (kf->flags & TRACE_KF_LOCKED && !(kf->flags & TRACE_KF_PARTS))
		settle_counter(kf);
	return 0;
}

/* ---- PCP lists ----------------------------------------------------------------------------- */

/* Orders 0..3, three migratetypes each, then the lists for huge pages. */
static uint8_t list_order(uint32_t list)
{
	return list < NR_LOWORDER_PCP_LISTS ? (uint8_t)(list / MIGRATE_PCPTYPES) : HPAGE_PMD_ORDER;
}

static uint8_t list_migratetype(uint32_t list)
{
	if (list < NR_LOWORDER_PCP_LISTS)
		return (uint8_t)(list % MIGRATE_PCPTYPES);
	return list > NR_LOWORDER_PCP_LISTS ? MIGRATE_MOVABLE : MIGRATE_UNMOVABLE;
}

static int fill_pcp(struct taker *t, const struct record_probe_zone *zone, struct trace_pcp *out)
{
	const struct rec_pcp *in = &t->probe->skel->bss->pcp;
	uint64_t pages = 0;

	*out = (struct trace_pcp){
		.ts_ns = in->ts_ns,
		.cpu = in->cpu,
		.count = in->count,
		.high = in->high,
		.high_min = in->high_min,
		.high_max = in->high_max,
		.batch = in->batch,
		.free_count = in->free_count,
		.flags = (uint8_t)in->flags,
		.alloc_factor = (uint8_t)in->alloc_factor,
		.expire = (uint8_t)in->expire,
		.nr_entries = in->nr_entries,
	};
	out->entries = malloc((in->nr_entries + 1) * sizeof(*out->entries));
	if (!out->entries)
		return mmr_err(t->err, -ENOMEM, "keyframe: no memory for %u pages of CPU %u's lists",
			       in->nr_entries, in->cpu);
	for (uint32_t i = 0; i < in->nr_entries; i++) {
		uint32_t list = (uint32_t)REC_BLOCK_LIST(t->probe->blocks[i]);

		out->entries[i] = (struct trace_free_block){
			.pfn = block_pfn(t, zone, t->probe->blocks[i]),
			.order = list_order(list),
			.migratetype = list_migratetype(list),
		};
		pages += 1U << out->entries[i].order;
	}
	for (uint32_t list = 0; list < TRACE_NR_PCP_LISTS; list++)
		out->list_len[list] = in->list_len[list];
	out->have_lists = !in->full && !in->errors && pages == in->count;
	t->stats->pcp_pages += pages;
	return 0;
}

/* Runs on @cpu. Return: 1 read, 0 could not (offline, lock never free), negative an error. */
static int read_pcp(struct taker *t, const struct record_probe_zone *zone, uint32_t cpu, struct trace_pcp *out)
{
	struct rec_pcp *pcp = &t->probe->skel->bss->pcp;

	for (int attempt = 0; attempt < PCP_ATTEMPTS; attempt++) {
		int rc;

		memset(pcp, 0, sizeof(*pcp));
		t->probe->skel->bss->walk.errors = 0;
		pcp->zone = zone->address;
		pcp->max_entries = t->probe->max_blocks;
		if (record_probe_run(bpf_program__fd(t->probe->skel->progs.read_pcp), (int)cpu))
			return 0;
		if (pcp->busy || pcp->errors)
			continue;
		pcp->errors = t->probe->skel->bss->walk.errors;
		rc = fill_pcp(t, zone, out);
		return rc ? rc : 1;
	}
	return 0;
}

/*
 * The recorder goes to each CPU itself: then what the program interrupts there is the recorder's
 * own system call, not an allocation of another task between taking its page and telling of it.
 */
static int read_pcps(struct taker *t, const struct record_probe_zone *zone, struct trace_keyframe *kf)
{
	size_t bytes = CPU_ALLOC_SIZE(t->probe->nr_cpus);
	cpu_set_t *before = CPU_ALLOC(t->probe->nr_cpus), *one = CPU_ALLOC(t->probe->nr_cpus);
	int rc = 0;

	kf->pcps = calloc(t->probe->nr_cpus, sizeof(*kf->pcps));
	if (!before || !one || !kf->pcps || sched_getaffinity(0, bytes, before)) {
		rc = mmr_err(t->err, -ENOMEM, "keyframe: no memory for the lists of %u CPUs",
			     t->probe->nr_cpus);
	} else {
		for (uint32_t cpu = 0; cpu < t->probe->nr_cpus && rc >= 0; cpu++) {
			CPU_ZERO_S(bytes, one);
			CPU_SET_S(cpu, bytes, one);
			sched_setaffinity(
				0, bytes,
				one); /* refused (offline, cpuset): the call goes there by interrupt */
			rc = read_pcp(t, zone, cpu, &kf->pcps[kf->nr_pcps]);
			if (rc > 0)
				kf->nr_pcps++;
		}
		sched_setaffinity(0, bytes, before);
	}
	CPU_FREE(before);
	CPU_FREE(one);
	return rc < 0 ? rc : 0;
}

/* ---- one zone, all zones ------------------------------------------------------------------- */

static void count_keyframe(const struct taker *t, const struct trace_keyframe *kf)
{
	struct record_keyframe_stats *stats = t->stats;

	stats->nr++;
	stats->blocks += kf->nr_blocks;
	stats->missing += kf->nr_missing;
	stats->partial += kf->flags & TRACE_KF_PARTIAL ? 1 : 0;
	stats->idle += kf->flags & TRACE_KF_IDLE ? 1 : 0;
	if (!(kf->flags & TRACE_KF_LOCKED))
		return;
	stats->locked++;
	stats->held_ns += kf->walk_ns;
	if (t->parts.longest_ns > stats->longest_ns)
		stats->longest_ns = t->parts.longest_ns;
	if (kf->flags & TRACE_KF_PARTS) {
		stats->in_parts++;
		stats->parts += t->parts.nr;
	}
}

static int take_zone(struct taker *t, const struct record_probe_zone *zone, uint32_t flags)
{
	struct trace_keyframe kf = {.flags = flags};
	int rc;

	memset(&t->parts, 0, sizeof(t->parts));
	rc = can_provoke(t, zone) ? 0 : walk_idle(t, zone);
	if (rc > 0) {
		kf.flags |= TRACE_KF_IDLE;
	} else if (!rc) {
		rc = walk_locked(t, zone);
		kf.flags |= rc > 0 ? TRACE_KF_LOCKED : 0;
		if (t->parts.nr > 1 || t->parts.cut)
			kf.flags |= TRACE_KF_PARTS | TRACE_KF_PARTIAL;
		if (!rc) { /* neither steered to nor busy by itself */
			rc = walk_idle(t, zone);
			kf.flags |= rc > 0 ? TRACE_KF_IDLE : TRACE_KF_PARTIAL;
		}
	}
	if (rc < 0)
		return rc;
	t->bad = false;
	rc = fill_zone(t, zone, &kf);
	if (kf.nr_missing || t->bad || t->probe->skel->bss->walk.full || t->probe->skel->bss->walk.errors)
		kf.flags |= TRACE_KF_PARTIAL;
	/* On a busy machine each of these takes long enough for a CPU to fill its lanes. */
	if (!rc)
		rc = record_capture_drain(t->capture, NULL, t->err);
	if (!rc)
		rc = record_pageblocks_read(t->probe, zone, &kf.pageblock_types, &kf.nr_pageblocks, t->err);
	if (!rc)
		rc = record_capture_drain(t->capture, NULL, t->err);
	if (!rc && t->probe->percpu_offsets)
		rc = read_pcps(t, zone, &kf);
	if (!rc)
		rc = record_capture_drain(t->capture, NULL, t->err);
	if (!rc) {
		count_keyframe(t, &kf);
		rc = trace_writer_keyframe(t->writer, &kf, t->err);
	}
	trace_keyframe_deinit(&kf);
	return rc;
}

int record_keyframes_take(struct record_probe *probe, struct record_capture *capture,
			  struct trace_writer *writer, uint32_t flags, struct record_keyframe_stats *stats,
			  struct mmr_error *err)
{
	struct taker t = {
		.probe = probe,
		.capture = capture,
		.writer = writer,
		.stats = stats,
		.err = err,
		.payload = calloc(1, PROVOKE_BYTES),
	};
	/*
	 * Attached after the recording programs, so called after them: the event that starts a walk
	 * has its record, with an earlier time than the walk's.
	 */
	struct bpf_link *locked = bpf_program__attach(probe->skel->progs.walk_at_zone_locked);
	struct bpf_link *drain = bpf_program__attach(probe->skel->progs.walk_at_pcpu_drain);
	int rc = 0;

	if (!t.payload)
		rc = mmr_err(err, -ENOMEM, "keyframe: no memory for %d bytes", PROVOKE_BYTES);
	else if (!locked || !drain)
		rc = record_bpf_error(err, -errno, "attaching the keyframe programs");
	for (uint32_t i = 0; i < probe->nr_zones && !rc; i++) {
		rc = take_zone(&t, &probe->zones[i], flags);
		if (!rc)
			rc = record_capture_drain(capture, NULL, err);
	}
	bpf_link__destroy(drain);
	bpf_link__destroy(locked);
	free(t.payload);
	return rc;
}
