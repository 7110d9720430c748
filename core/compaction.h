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
	uint32_t migrate_pfn; /* next pageblock to empty, ascending */
	uint32_t free_pfn; /* pageblock being filled, descending */
	enum compact_result result;
};

enum compact_result suit_allocation_order(const struct mmr_machine *m, const struct zone *zone,
					  unsigned int order, int highest_zoneidx, unsigned int alloc_flags,
					  bool whole_blocks);
enum compact_result compact_zone(struct compact_control *cc, bool whole_zone);
void defer_compaction(struct zone *zone, unsigned int order);
bool compaction_deferred(struct zone *zone, unsigned int order);

/* kcompactd.c */
unsigned int fragmentation_score_zone(const struct zone *zone);
unsigned int fragmentation_score_wmark(const struct mmr_machine *m, bool low);

#endif
