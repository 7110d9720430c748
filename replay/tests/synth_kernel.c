// SPDX-License-Identifier: GPL-2.0-or-later
/* Drives the core by steps and writes down what a kernel would have said. */
#include "replay/tests/synth_kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define START_PFN 4096u
#define NR_PAGES  16384u

static void must(int rc, const struct mmr_error *err)
{
	if (rc)
		fail_msg("%s", err->msg);
}

static void create_machine(struct synth_kernel *k, const char *profile, struct mmr_machine **ret)
{
	struct mmr_machine_config config;
	struct mmr_error err = {0};

	machine_config(&k->machine, kernel_profile_find(profile), &config);
	must(mmr_machine_create(&config, ret, &err), &err);
	mmr_seed_empty(*ret);
}

static void begin(struct synth_kernel *k, const char *profile, bool tells_buddy, bool tells_drains)
{
	static uint16_t cpu_node[SYNTH_NR_CPUS];
	static uint8_t distance[1] = {10};
	static struct trace_zone zone = {
		.zone = ZONE_DMA32,
		.start_pfn = START_PFN,
		.spanned_pages = NR_PAGES,
		.present_pages = NR_PAGES,
		.managed_pages = NR_PAGES,
		.watermark = {300, 375, 450, 525},
		.pcp_batch = 7,
		.pcp_high_min = 30,
		.pcp_high_max = 300,
		.stat_threshold = 4,
	};
	static char irq_context[] = "irq_context", buddy_free[] = "event.buddy_free",
		    bulk_page[] = "event.bulk_page", pcp_free_bulk[] = "event.pcp_free_bulk",
		    balance_end[] = "event.balance_end";
	struct trace_name_value features[] = {
		{.name = irq_context, .value = 1},
		{.name = buddy_free, .value = tells_buddy ? 2 : 0},
		{.name = bulk_page, .value = tells_drains ? 2 : 0},
		{.name = pcp_free_bulk, .value = tells_drains ? 2 : 0},
		{.name = balance_end, .value = tells_drains ? 1 : 0},
	};
	char release[40];
	struct trace_machine header = {
		.kernel_release = release,
		.kernel_version = "#1",
		.arch = "x86_64",
		.page_size = 4096,
		.pageblock_order = 9,
		.max_order = 10,
		.nr_cpus = SYNTH_NR_CPUS,
		.nr_nodes = 1,
		.cpu_node = cpu_node,
		.node_distance = distance,
		.nr_zones = 1,
		.zones = &zone,
		.nr_features = sizeof(features) / sizeof(features[0]),
		.features = features,
		.command = "",
	};
	struct mmr_error err = {0};
	int fd;

	*k = (struct synth_kernel){
		.path = "/tmp/mmr-kernel-XXXXXX",
		.now_ns = 1000000,
		.tweak_from = UINT64_MAX,
		.tells_buddy = tells_buddy,
		.tells_drains = tells_drains,
		.task = TRACE_NO_TASK,
		.gap_ns = 100,
	};
	snprintf(release, sizeof(release), "%s.0-synth", profile);
	fd = mkstemp(k->path);
	assert_true(fd >= 0);
	close(fd);
	must(trace_writer_create(k->path, &header, NULL, &k->writer, &err), &err);
	must(machine_from_trace(&header, k->path, &k->machine, &err), &err);
	create_machine(k, profile, &k->m);
	create_machine(k, profile, &k->twin);
	k->zone = mmr_step_named_zone(k->m, 0, ZONE_DMA32);
	assert_non_null(k->zone);
}

void synth_kernel_begin(struct synth_kernel *k, const char *profile)
{
	begin(k, profile, false, false);
}

void synth_kernel_begin_telling(struct synth_kernel *k, const char *profile)
{
	begin(k, profile, true, false);
}

void synth_kernel_begin_telling_drains(struct synth_kernel *k, const char *profile)
{
	begin(k, profile, false, true);
}

uint32_t synth_kernel_task(struct synth_kernel *k, uint32_t tid)
{
	const struct trace_task task = {.tid = tid, .tgid = tid, .comm = "synth"};
	struct mmr_error err = {0};

	must(trace_writer_task(k->writer, &task, &k->task, &err), &err);
	return k->task;
}

/* ---- events -------------------------------------------------------------------------------- */

static void write_event(struct synth_kernel *k, unsigned int cpu, struct trace_class cls, uint32_t pfn)
{
	struct trace_event event = {
		.ts_ns = k->now_ns += k->gap_ns,
		.pfn = pfn,
		.task = k->task,
		.cpu = (uint16_t)cpu,
	};
	struct mmr_error err = {0};

	k->nr_events++;
	if (k->interrupt)
		cls.flags |= TRACE_F_SOFTIRQ;
	must(trace_writer_class(k->writer, &cls, &event.class_id, &err), &err);
	must(trace_writer_event(k->writer, &event, &err), &err);
}

/* free_pcppages_bulk() of a CPU's lists begins. */
static void emit_pcp_free_bulk(struct synth_kernel *k, unsigned int cpu, unsigned int owner, int pages,
			       unsigned int pindex)
{
	struct trace_class cls = {
		.type = TRACE_PCP_FREE_BULK,
		.flags = (uint8_t)(TRACE_F_EXTRA | (k->interrupt ? TRACE_F_SOFTIRQ : 0)),
		.nr_args = 5,
		.zone = ZONE_DMA32,
	};
	struct trace_event event = {
		.ts_ns = k->now_ns += k->gap_ns,
		.pfn = TRACE_NO_PFN,
		.task = k->task,
		.cpu = (uint16_t)cpu,
	};
	struct mmr_pcp_state state;
	struct mmr_error err = {0};
	int32_t count;

	mmr_step_pcp_read(k->zone, owner, &state, &count);
	k->nr_events++;
	must(trace_writer_class(k->writer, &cls, &event.class_id, &err), &err);
	must(trace_writer_event_args(k->writer, &event,
				     &(struct trace_args){.nr = 5, .v = {0, owner, pages, pindex, count}},
				     &err),
	     &err);
}

void synth_kernel_say_counts(struct synth_kernel *k, unsigned int cpu, int less)
{
	struct trace_class cls = {
		.type = TRACE_PCP_COUNTS,
		.flags = (uint8_t)(k->interrupt ? TRACE_F_SOFTIRQ : 0),
		.nr_args = 1,
	};
	struct trace_event event = {
		.ts_ns = k->now_ns + k->gap_ns - 1,
		.pfn = TRACE_NO_PFN,
		.task = k->task,
		.cpu = (uint16_t)cpu,
	};
	struct mmr_pcp_state state;
	struct mmr_error err = {0};
	int32_t count;

	mmr_step_pcp_read(k->zone, cpu, &state, &count);
	k->nr_events++;
	must(trace_writer_class(k->writer, &cls, &event.class_id, &err), &err);
	must(trace_writer_event_args(k->writer, &event, &(struct trace_args){.nr = 1, .v = {count - less}},
				     &err),
	     &err);
}

static uint32_t next_random(struct synth_kernel *k, uint32_t below)
{
	k->random = k->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((k->random >> 33) % below);
}

static void emit(struct synth_kernel *k, unsigned int cpu, struct trace_class cls, uint32_t pfn)
{
	if (k->nr_events >= k->tweak_from && cls.type == k->tweak_type) {
		pfn += k->tweak_pfn;
		k->tweaked = k->nr_events;
		k->tweak_from = UINT64_MAX;
	}
	if (!k->damage || next_random(k, 1000) >= k->damage) {
		write_event(k, cpu, cls, pfn);
		return;
	}
	switch (next_random(k, 3)) {
	case 0:
		return;
	case 1:
		write_event(k, cpu, cls, pfn);
		break;
	default:
		pfn = START_PFN + (next_random(k, NR_PAGES) & ~((1u << cls.order) - 1));
		break;
	}
	write_event(k, cpu, cls, pfn);
}

static void emit_page(struct synth_kernel *k, unsigned int cpu, enum trace_event_type type, uint32_t pfn,
		      unsigned int order, unsigned int mt)
{
	emit(k, cpu,
	     (struct trace_class){.type = (uint8_t)type, .order = (uint8_t)order, .migratetype = (uint8_t)mt},
	     pfn);
}

static void emit_extfrag(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int order,
			 unsigned int mt, const struct mmr_step_fallback *way)
{
	emit(k, cpu,
	     (struct trace_class){
		     .type = TRACE_EXTFRAG,
		     .order = (uint8_t)order,
		     .migratetype = (uint8_t)mt,
		     .flags = way->claim ? TRACE_F_CHANGE_OWNERSHIP : 0,
		     .fallback_order = way->order,
		     .fallback_migratetype = way->mt,
	     },
	     pfn);
}

static gfp_t gfp_of(unsigned int mt)
{
	return mt == MIGRATE_MOVABLE       ? MMR_GFP_HIGHUSER_MOVABLE
	       : mt == MIGRATE_RECLAIMABLE ? MMR_GFP_KERNEL | MMR_GFP_RECLAIMABLE
					   : MMR_GFP_KERNEL;
}

static void emit_alloc(struct synth_kernel *k, unsigned int cpu, enum trace_event_type type, uint32_t pfn,
		       unsigned int order, unsigned int mt)
{
	emit(k, cpu,
	     (struct trace_class){
		     .type = (uint8_t)type,
		     .order = (uint8_t)order,
		     .migratetype = (uint8_t)mt,
		     .gfp = gfp_of(mt),
		     .gfp_raw = gfp_of(mt),
	     },
	     pfn);
}

/* ---- keyframes ----------------------------------------------------------------------------- */

static uint64_t collect_free(struct synth_kernel *k, struct trace_free_block *blocks)
{
	uint64_t nr = 0;

	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
			uint32_t pfn = mmr_step_free_head(k->zone, order, mt);

			for (; pfn != MMR_NO_PFN; pfn = mmr_step_free_next(k->m, pfn, order))
				blocks[nr++] = (struct trace_free_block){pfn, (uint8_t)order, (uint8_t)mt};
		}
	}
	return nr;
}

static void collect_pcp(struct synth_kernel *k, unsigned int cpu, struct trace_pcp *pcp)
{
	struct mmr_pcp_state state;
	int32_t count;

	mmr_step_pcp_read(k->zone, cpu, &state, &count);
	*pcp = (struct trace_pcp){
		.ts_ns = k->now_ns,
		.cpu = cpu,
		.have_lists = true,
		.count = (uint32_t)count,
		.high = state.high,
		.high_min = state.high_min,
		.high_max = state.high_max,
		.batch = state.batch,
		.free_count = state.free_count,
		.flags = state.flags,
		.alloc_factor = state.alloc_factor,
		.expire = state.expire,
		.entries = calloc(NR_PAGES, sizeof(*pcp->entries)),
	};
	assert_non_null(pcp->entries);
	for (unsigned int list = 0; list < NR_PCP_LISTS; list++) {
		uint32_t pfn = mmr_step_pcp_head(k->zone, cpu, list);

		for (; pfn != MMR_NO_PFN; pfn = mmr_step_pcp_next(k->m, k->zone, cpu, list, pfn)) {
			struct mmr_step_place place = mmr_step_place(k->m, pfn);

			pcp->entries[pcp->nr_entries++] = (struct trace_free_block){pfn, place.order, place.mt};
			pcp->list_len[list]++;
		}
	}
}

void synth_kernel_keyframe(struct synth_kernel *k, uint32_t flags)
{
	struct trace_pcp pcps[SYNTH_NR_CPUS];
	struct trace_keyframe kf = {
		.ts_ns = k->now_ns += 100,
		.zone = ZONE_DMA32,
		.flags = TRACE_KF_LOCKED | flags,
		.zone_flags = mmr_step_zone_flags(k->zone),
		.blocks = calloc(NR_PAGES, sizeof(*kf.blocks)),
		.nr_pageblocks = NR_PAGES >> PAGEBLOCK_ORDER,
		.pageblock_types = malloc(NR_PAGES >> PAGEBLOCK_ORDER),
		.nr_pcps = SYNTH_NR_CPUS,
		.pcps = pcps,
	};
	struct mmr_error err = {0};

	assert_non_null(kf.blocks);
	assert_non_null(kf.pageblock_types);
	kf.nr_blocks = collect_free(k, kf.blocks);
	for (uint64_t i = 0; i < kf.nr_blocks; i++)
		kf.nr_free_pages += 1u << kf.blocks[i].order;
	for (uint32_t i = 0; i < kf.nr_pageblocks; i++)
		kf.pageblock_types[i] = (uint8_t)mmr_step_pageblock(k->m, START_PFN + i * PAGEBLOCK_NR_PAGES);
	for (unsigned int cpu = 0; cpu < SYNTH_NR_CPUS; cpu++)
		collect_pcp(k, cpu, &pcps[cpu]);
	must(trace_writer_keyframe(k->writer, &kf, &err), &err);
	for (unsigned int cpu = 0; cpu < SYNTH_NR_CPUS; cpu++)
		free(pcps[cpu].entries);
	free(kf.blocks);
	free(kf.pageblock_types);
}

/* ---- allocations --------------------------------------------------------------------------- */

/* One block from the buddy, announced as a kernel since 6.10 does. */
static uint32_t rmqueue_one(struct synth_kernel *k, unsigned int cpu, unsigned int mt, unsigned int order,
			    bool *steal_only)
{
	struct mmr_step_fallback way;
	uint32_t pfn = MMR_NO_PFN;

	if (!*steal_only)
		pfn = mmr_step_take_smallest(k->m, cpu, k->zone, order, mt);
	if (pfn != MMR_NO_PFN) {
		emit_page(k, cpu, TRACE_ZONE_LOCKED, pfn, order, mt);
		return pfn;
	}
	if (!mmr_step_peek_fallback(k->m, k->zone, order, mt, *steal_only, &way))
		return MMR_NO_PFN;
	pfn = mmr_step_fallback(k->m, cpu, k->zone, order, mt, *steal_only, &way);
	*steal_only = !way.claim;
	if (way.claim && way.order < PAGEBLOCK_ORDER)
		emit_page(k, cpu, TRACE_ZONE_LOCKED, pfn, order, mt);
	emit_extfrag(k, cpu, pfn, order, mt, &way);
	return pfn;
}

static void refill(struct synth_kernel *k, unsigned int cpu, unsigned int mt, unsigned int order)
{
	int size = mmr_step_pcp_refill_size(k->m, cpu, k->zone, order);
	bool steal_only = false;

	for (int i = 0; i < size; i++) {
		uint32_t pfn = rmqueue_one(k, cpu, mt, order, &steal_only);

		if (pfn == MMR_NO_PFN)
			return;
		mmr_step_pcp_append(k->m, cpu, k->zone, pfn, order, mt);
	}
}

static uint32_t pop(struct synth_kernel *k, unsigned int cpu, unsigned int mt, unsigned int order)
{
	unsigned int pindex = mmr_step_pindex(mt, order);

	if (mmr_step_pcp_head(k->zone, cpu, pindex) == MMR_NO_PFN)
		refill(k, cpu, mt, order);
	if (mmr_step_pcp_head(k->zone, cpu, pindex) == MMR_NO_PFN)
		return MMR_NO_PFN;
	return mmr_step_pcp_pop(k->m, cpu, k->zone, pindex);
}

uint32_t synth_kernel_alloc(struct synth_kernel *k, unsigned int cpu, unsigned int mt, unsigned int order)
{
	const struct mmr_request request = {
		.gfp = gfp_of(mt), .cpu = (uint16_t)cpu, .nid = NUMA_NO_NODE, .order = (uint8_t)order};
	const struct mmr_step_request walk = {
		.gfp = gfp_of(mt),
		.cpu = (uint16_t)cpu,
		.order = (uint8_t)order,
		.mt = (uint8_t)mt,
		.served = k->zone,
	};
	uint32_t pfn = MMR_NO_PFN;
	bool steal_only = false;

	mmr_step_flag_below_high(k->m, &walk);
	if (mmr_step_pcp_order(order)) {
		mmr_step_pcp_begin(k->zone, cpu);
		pfn = pop(k, cpu, mt, order);
	}
	if (pfn == MMR_NO_PFN)
		pfn = rmqueue_one(k, cpu, mt, order, &steal_only);
	assert_int_not_equal(pfn, MMR_NO_PFN);
	mmr_step_hand_out(k->m, k->zone, pfn, order, mt);
	emit_alloc(k, cpu, TRACE_ALLOC, pfn, order, mt);
	if (k->twin)
		assert_int_equal(mmr_alloc_pages(k->twin, &request).pfn, pfn);
	return pfn;
}

/* ---- frees --------------------------------------------------------------------------------- */

static void free_pcppages_bulk(struct synth_kernel *k, unsigned int cpu, unsigned int owner, int left,
			       unsigned int pindex)
{
	if (k->tells_drains)
		emit_pcp_free_bulk(k, cpu, owner, left, pindex);
	while (left > 0) {
		uint32_t victim = mmr_step_pcp_victim(k->zone, owner, &pindex);
		unsigned int victim_order = mmr_step_pindex_order(pindex), mt;

		if (victim == MMR_NO_PFN)
			break;
		mt = mmr_step_pageblock(k->m, victim);
		mmr_step_pcp_remove(k->m, owner, k->zone, victim);
		mmr_step_insert_as(k->m, cpu, k->zone, victim, victim_order, mt);
		emit_page(k, cpu, TRACE_PCPU_DRAIN, victim, victim_order, mt);
		left -= 1 << victim_order;
	}
}

static void commit(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int order)
{
	unsigned int pindex = mmr_step_pcp_push(k->m, cpu, k->zone, pfn, order);
	int left = mmr_step_pcp_overflow(k->m, cpu, k->zone, order);

	if (!left)
		return;
	free_pcppages_bulk(k, cpu, cpu, left, pindex);
	mmr_step_pcp_overflow_done(k->m, k->zone);
}

void synth_kernel_drain(struct synth_kernel *k, unsigned int cpu, unsigned int owner, int pages)
{
	mmr_machine_destroy(k->twin);
	k->twin = NULL;
	free_pcppages_bulk(k, cpu, owner, pages, 0);
}

static void twin_free(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int order)
{
	if (k->twin)
		assert_int_equal(mmr_free_pages(k->twin, pfn, order, cpu, NULL), 0);
}

void synth_kernel_say_freed(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int order)
{
	emit_page(k, cpu, TRACE_FREE, pfn, order, 0);
}

void synth_kernel_insert(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int order)
{
	assert_int_equal(mmr_step_give_back(k->m, pfn, order), MMR_PAGE_ALLOCATED);
	if (mmr_step_pcp_order(order)) {
		commit(k, cpu, pfn, order);
	} else {
		if (k->tells_buddy)
			emit_page(k, cpu, TRACE_BUDDY_FREE, pfn, order, 0);
		mmr_step_insert(k->m, cpu, k->zone, pfn, order, false);
	}
	twin_free(k, cpu, pfn, order);
}

void synth_kernel_free(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int order)
{
	synth_kernel_say_freed(k, cpu, pfn, order);
	synth_kernel_insert(k, cpu, pfn, order);
}

void synth_kernel_insert_batched(struct synth_kernel *k, unsigned int cpu, uint32_t pfn)
{
	emit_page(k, cpu, TRACE_FREE_BATCHED, pfn, 0, 0);
	assert_int_equal(mmr_step_give_back(k->m, pfn, 0), MMR_PAGE_ALLOCATED);
	commit(k, cpu, pfn, 0);
	twin_free(k, cpu, pfn, 0);
}

void synth_kernel_say_batch_freed(struct synth_kernel *k, unsigned int cpu, const uint32_t *pfns,
				  unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		synth_kernel_say_freed(k, cpu, pfns[i], 0);
}

void synth_kernel_insert_batch(struct synth_kernel *k, unsigned int cpu, const uint32_t *pfns, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		synth_kernel_insert_batched(k, cpu, pfns[i]);
}

void synth_kernel_free_batch(struct synth_kernel *k, unsigned int cpu, const uint32_t *pfns, unsigned int nr)
{
	synth_kernel_say_batch_freed(k, cpu, pfns, nr);
	synth_kernel_insert_batch(k, cpu, pfns, nr);
}

/* ---- frees of neighbours ------------------------------------------------------------------- */

void synth_kernel_say_pages_freed(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		synth_kernel_say_freed(k, cpu, pfn + i, 0);
}

void synth_kernel_insert_pieces(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int nr)
{
	mmr_machine_destroy(k->twin);
	k->twin = NULL;
	for (unsigned int order; nr; pfn += 1u << order, nr -= 1u << order) {
		order = (unsigned int)__builtin_ctz(pfn | MAX_ORDER_NR_PAGES);
		while (1u << order > nr)
			order--;
		for (unsigned int i = 0; i < 1u << order; i++)
			assert_int_equal(mmr_step_give_back(k->m, pfn + i, 0), MMR_PAGE_ALLOCATED);
		for (unsigned int i = 0; i < 1u << order; i++)
			mmr_step_hand_out(k->m, k->zone, pfn + i, 0, MIGRATE_UNMOVABLE);
		synth_kernel_insert(k, cpu, pfn, order);
	}
}

/* ---- what leaves no event ------------------------------------------------------------------ */

void synth_kernel_bulk(struct synth_kernel *k, unsigned int cpu, uint32_t *pfns, unsigned int nr)
{
	/* mmr_alloc_pages() has no bulk form: from here on the steps go alone. */
	mmr_machine_destroy(k->twin);
	k->twin = NULL;
	for (unsigned int i = 0; i < nr; i++) {
		pfns[i] = pop(k, cpu, MIGRATE_UNMOVABLE, 0);
		assert_int_not_equal(pfns[i], MMR_NO_PFN);
		mmr_step_hand_out(k->m, k->zone, pfns[i], 0, MIGRATE_UNMOVABLE);
	}
}

void synth_kernel_bulk_told(struct synth_kernel *k, unsigned int cpu, uint32_t pfn)
{
	emit_alloc(k, cpu, TRACE_BULK_PAGE, pfn, 0, MIGRATE_UNMOVABLE);
}

uint32_t synth_kernel_take(struct synth_kernel *k, unsigned int cpu, unsigned int mt, unsigned int order)
{
	bool steal_only = false;
	uint32_t pfn = rmqueue_one(k, cpu, mt, order, &steal_only);

	mmr_machine_destroy(k->twin);
	k->twin = NULL;
	assert_int_not_equal(pfn, MMR_NO_PFN);
	mmr_step_hand_out(k->m, k->zone, pfn, order, mt);
	return pfn;
}

static void emit_args(struct synth_kernel *k, unsigned int cpu, const struct trace_class *cls, uint32_t pfn,
		      const struct trace_args *args)
{
	struct trace_event event = {
		.ts_ns = k->now_ns += k->gap_ns,
		.pfn = pfn,
		.task = k->task,
		.cpu = (uint16_t)cpu,
	};
	struct mmr_error err = {0};

	k->nr_events++;
	must(trace_writer_class(k->writer, cls, &event.class_id, &err), &err);
	must(trace_writer_event_args(k->writer, &event, args, &err), &err);
}

void synth_kernel_say(struct synth_kernel *k, unsigned int cpu, enum trace_event_type type)
{
	emit_args(k, cpu, &(struct trace_class){.type = (uint8_t)type, .nr_args = 2, .zone = ZONE_DMA32},
		  TRACE_NO_PFN, &(struct trace_args){.nr = 2});
}

void synth_kernel_say_popped(struct synth_kernel *k, unsigned int cpu, uint32_t pfn, unsigned int mt,
			     unsigned int order)
{
	mmr_step_hand_out(k->m, k->zone, pfn, order, mt);
	emit_alloc(k, cpu, TRACE_ALLOC, pfn, order, mt);
}

uint32_t synth_kernel_isolate(struct synth_kernel *k, unsigned int order, unsigned int mt)
{
	uint32_t pfn = mmr_step_free_head(k->zone, order, mt);

	mmr_machine_destroy(k->twin);
	k->twin = NULL;
	assert_int_not_equal(pfn, MMR_NO_PFN);
	mmr_step_withdraw(k->m, 0, pfn, order);
	mmr_step_hand_out(k->m, k->zone, pfn, order, mt);
	return pfn;
}

uint32_t synth_kernel_isolate_told(struct synth_kernel *k, unsigned int order, unsigned int mt)
{
	emit_page(k, 0, TRACE_ISOLATE_PAGE, mmr_step_free_head(k->zone, order, mt), order, 0);
	return synth_kernel_isolate(k, order, mt);
}

static void say_poisoned(struct synth_kernel *k, enum trace_event_type type, uint32_t pfn)
{
	emit_args(k, 0, &(struct trace_class){.type = (uint8_t)type, .nr_args = 1}, pfn,
		  &(struct trace_args){.nr = 1, .v = {1}});
}

void synth_kernel_poison(struct synth_kernel *k, uint32_t pfn)
{
	mmr_machine_destroy(k->twin);
	k->twin = NULL;
	mmr_step_withdraw(k->m, 0, pfn, 0);
	mmr_step_hand_out(k->m, k->zone, pfn, 0, MIGRATE_MOVABLE);
	say_poisoned(k, TRACE_TAKE_OFF_BUDDY, pfn);
}

void synth_kernel_unpoison(struct synth_kernel *k, uint32_t pfn)
{
	mmr_step_give_back(k->m, pfn, 0);
	mmr_step_insert(k->m, 0, k->zone, pfn, 0, false);
	say_poisoned(k, TRACE_PUT_BACK_BUDDY, pfn);
}

void synth_kernel_loss(struct synth_kernel *k, uint64_t nr)
{
	const struct trace_loss loss = {
		.cpu = 0, .begin_ns = k->now_ns + 1, .end_ns = k->now_ns + 50, .nr_events = nr};
	struct mmr_error err = {0};

	must(trace_writer_loss(k->writer, &loss, &err), &err);
}

void synth_kernel_end(struct synth_kernel *k)
{
	struct mmr_error err = {0};

	must(trace_writer_close(k->writer, &err), &err);
	k->writer = NULL;
}

void synth_kernel_destroy(struct synth_kernel *k)
{
	unlink(k->path);
	mmr_machine_destroy(k->m);
	mmr_machine_destroy(k->twin);
	machine_deinit(&k->machine);
}
