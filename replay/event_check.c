// SPDX-License-Identifier: GPL-2.0-or-later
/* Events and states that no kernel tells. */
#include "replay/event_check.h"

#include <errno.h>

#include "core/mm_types.h"

/* Kinds whose fields say which page goes to which list. */
#define MOVES_PAGES                                                                                            \
	(1ull << TRACE_ALLOC | 1ull << TRACE_FREE | 1ull << TRACE_ZONE_LOCKED | 1ull << TRACE_PCPU_DRAIN |     \
	 1ull << TRACE_EXTFRAG | 1ull << TRACE_BULK_PAGE | 1ull << TRACE_ISOLATE_PAGE |                        \
	 1ull << TRACE_PUTBACK_PAGE | 1ull << TRACE_PCP_COMMIT | 1ull << TRACE_BUDDY_FREE |                    \
	 1ull << TRACE_ROTATE_LIST)

/* Sizes and counts that the model computes with: some thousand times more than any machine has. */
#define MOST_PAGES  (1u << 29)
#define MOST_BATCH  (1u << 20)
#define MOST_FACTOR 8

/* Kinds whose arguments from the second on are sizes in pages, or a CPU. */
#define SETS_SIZES (1ull << TRACE_PCP_LIMITS | 1ull << TRACE_PCP_DECAY | 1ull << TRACE_ZONE_WMARKS)

static int refuse(const struct trace_event *ev, uint64_t number, const char *what, unsigned int is,
		  unsigned int most, struct mmr_error *err)
{
	return mmr_err(err, -EINVAL, "event %llu (%s): %s %u, expected 0 to %u", (unsigned long long)number,
		       trace_event_type_name(ev->type), what, is, most);
}

static int check_args(const struct trace_event *ev, const struct trace_args *args, uint64_t number,
		      struct mmr_error *err)
{
	const struct trace_event_info *info = trace_event_info(ev->type);

	for (unsigned int i = 1; i < args->nr && i < info->nr_args; i++) {
		bool batch = ev->type == TRACE_PCP_LIMITS && i == 3;
		int64_t most = batch ? MOST_BATCH : MOST_PAGES;

		if (args->v[i] < 0 || args->v[i] > most)
			return mmr_err(err, -EINVAL, "event %llu (%s): %s %lld, expected 0 to %lld",
				       (unsigned long long)number, info->name, info->args[i],
				       (long long)args->v[i], (long long)most);
	}
	return 0;
}

static int check_moved(const struct trace_event *ev, const struct trace_class *cls, uint64_t number,
		       struct mmr_error *err)
{
	/* Only for what has lists on the CPUs does an allocation fall back: __rmqueue_fallback(), v6.12. */
	unsigned int nr_types = ev->type == TRACE_EXTFRAG ? MIGRATE_PCPTYPES : MIGRATE_TYPES;

	if (ev->order >= NR_PAGE_ORDERS)
		return refuse(ev, number, "order", ev->order, NR_PAGE_ORDERS - 1, err);
	if (ev->migratetype >= nr_types)
		return refuse(ev, number, "migratetype", ev->migratetype, nr_types - 1, err);
	if (ev->pfn != TRACE_NO_PFN && ev->pfn & ((1u << ev->order) - 1))
		return mmr_err(err, -EINVAL, "event %llu (%s): pfn %u, expected a multiple of %u (order %u)",
			       (unsigned long long)number, trace_event_type_name(ev->type), ev->pfn,
			       1u << ev->order, ev->order);
	if (ev->type != TRACE_EXTFRAG)
		return 0;
	if (cls->fallback_order >= NR_PAGE_ORDERS)
		return refuse(ev, number, "fallback order", cls->fallback_order, NR_PAGE_ORDERS - 1, err);
	if (cls->fallback_migratetype >= MIGRATE_TYPES)
		return refuse(ev, number, "fallback migratetype", cls->fallback_migratetype, MIGRATE_TYPES - 1,
			      err);
	return 0;
}

int event_check(const struct trace_event *ev, const struct trace_class *cls, const struct trace_args *args,
		uint64_t number, struct mmr_error *err)
{
	if (ev->type >= 64)
		return 0;
	if (MOVES_PAGES >> ev->type & 1)
		return check_moved(ev, cls, number, err);
	if (args && SETS_SIZES >> ev->type & 1)
		return check_args(ev, args, number, err);
	return 0;
}

int class_check(const struct trace_class *cls, struct mmr_error *err)
{
	const struct trace_event ev = {.type = cls->type, .order = cls->order, .migratetype = cls->migratetype};

	return event_check(&ev, cls, NULL, 0, err);
}

/* ---- keyframes ----------------------------------------------------------------------------- */

static int refuse_state(const struct trace_keyframe *kf, uint32_t index, const char *what, uint64_t is,
			uint64_t most, struct mmr_error *err)
{
	return mmr_err(err, -EINVAL, "keyframe %u (node %u zone %u): %s %llu, expected 0 to %llu", index,
		       kf->nid, kf->zone, what, (unsigned long long)is, (unsigned long long)most);
}

static int check_blocks(const struct trace_keyframe *kf, uint32_t index, const struct trace_free_block *blocks,
			uint64_t nr, struct mmr_error *err)
{
	for (uint64_t i = 0; i < nr; i++) {
		if (blocks[i].order >= NR_PAGE_ORDERS)
			return refuse_state(kf, index, "a block's order", blocks[i].order, NR_PAGE_ORDERS - 1,
					    err);
		if (blocks[i].migratetype >= MIGRATE_TYPES)
			return refuse_state(kf, index, "a block's migratetype", blocks[i].migratetype,
					    MIGRATE_TYPES - 1, err);
	}
	return 0;
}

static int check_pcp(const struct trace_keyframe *kf, uint32_t index, const struct trace_pcp *pcp,
		     struct mmr_error *err)
{
	const struct {
		const char *what;
		uint32_t is, most;
	} numbers[] = {
		{"a per-CPU list's count", pcp->count, MOST_PAGES},
		{"a per-CPU list's high", pcp->high, MOST_PAGES},
		{"a per-CPU list's high_min", pcp->high_min, MOST_PAGES},
		{"a per-CPU list's high_max", pcp->high_max, MOST_PAGES},
		{"a per-CPU list's batch", pcp->batch, MOST_BATCH},
		{"a per-CPU list's free_count", pcp->free_count, MOST_PAGES},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].is > numbers[i].most)
			return refuse_state(kf, index, numbers[i].what, numbers[i].is, numbers[i].most, err);
	}
	if (pcp->alloc_factor > MOST_FACTOR)
		return refuse_state(kf, index, "a per-CPU list's alloc_factor", pcp->alloc_factor, MOST_FACTOR,
				    err);
	return check_blocks(kf, index, pcp->entries, pcp->nr_entries, err);
}

int keyframe_check(const struct trace_keyframe *kf, uint32_t index, struct mmr_error *err)
{
	int rc = 0;

	if (kf->zone >= MAX_NR_ZONES)
		return refuse_state(kf, index, "zone", kf->zone, MAX_NR_ZONES - 1, err);
	if (kf->watermark_boost > MOST_PAGES)
		return refuse_state(kf, index, "watermark boost", kf->watermark_boost, MOST_PAGES, err);
	for (uint32_t i = 0; i < kf->nr_pageblocks; i++) {
		if (kf->pageblock_types[i] >= MIGRATE_TYPES)
			return refuse_state(kf, index, "a pageblock's type", kf->pageblock_types[i],
					    MIGRATE_TYPES - 1, err);
	}
	rc = check_blocks(kf, index, kf->blocks, kf->nr_blocks, err);
	for (uint32_t p = 0; p < kf->nr_pcps && !rc; p++)
		rc = check_pcp(kf, index, &kf->pcps[p], err);
	return rc;
}
