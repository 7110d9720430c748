/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two users of compaction share: requests (compaction.c) and kcompactd (kcompactd.c). */
#ifndef MMR_CORE_COMPACTION_H
#define MMR_CORE_COMPACTION_H

#include "core/internal.h"

#define COMPACT_MAX_DEFER_SHIFT 6
#define WHOLE_ZONE              (-1) /* as an order: move all that can move */

/* One run over a zone. Source: struct compact_control, mm/internal.h, v6.12. */
struct compact_control {
	struct mmr_cpu *cpu;
	struct zone *zone;
	int order;
	int highest_zoneidx;
	unsigned int migratetype;
	unsigned int alloc_flags;
	bool direct; /* for a request, not in the background */
	bool async;
	bool proactive; /* for a lower fragmentation score, not for a block */
	bool from_start;
	bool heeds_skip; /* passes pageblocks with PB_SKIP by */
	bool fast_found; /* the fast search chose @migrate_pfn */
	uint32_t first_pfn, last_pfn; /* the zone's first and last whole pageblock */
	uint32_t migrate_pfn; /* next pageblock to empty, ascending */
	uint32_t free_pfn; /* pageblock being filled, descending */
	uint32_t around_pfn; /* pageblock of the last target the fast search found, MMR_NO_PFN for none */
	uint32_t fast_start_pfn; /* lowest pageblock the fast search chose, MMR_NO_PFN for none */
	unsigned int fast_search_fail; /* searches in vain since the last success */
	int search_order; /* where the search for targets begins */
	enum compact_result result;
};

enum compact_result suit_allocation_order(const struct mmr_machine *m, const struct zone *zone,
					  unsigned int order, int highest_zoneidx, unsigned int alloc_flags,
					  bool whole_blocks);
enum compact_result compact_zone(struct compact_control *cc, bool whole_zone);
void defer_compaction(struct zone *zone, unsigned int order);
bool compaction_deferred(struct zone *zone, unsigned int order);

void reset_scanners(struct zone *zone);

/* compaction_search.c */
bool isolation_suitable(const struct compact_control *cc, uint32_t block_pfn);
void set_pageblock_skip(struct compact_control *cc, uint32_t block_pfn);
uint32_t fast_isolate_freepages(struct compact_control *cc, unsigned int order, unsigned int *free_order);
void fast_find_migrateblock(struct compact_control *cc);

/* kcompactd.c */
unsigned int fragmentation_score_zone(const struct zone *zone);
unsigned int fragmentation_score_wmark(const struct mmr_machine *m, bool low);

#endif
