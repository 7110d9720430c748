/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which zone of a machine a page belongs to, for those who ask at every event: by pageblock, and page by
 * page only where zones meet inside one or overlap.
 */
#ifndef MMR_REPLAY_ZONE_MAP_H
#define MMR_REPLAY_ZONE_MAP_H

#include "replay/machines/machine.h"

/** struct zone_span - one populated zone's pages, holes included, and whose they are */
struct zone_span {
	uint32_t start_pfn, end_pfn;
	uint16_t nid;
	uint8_t zone;
};

/**
 * struct zone_map - the populated zones of a machine, nodes ascending, zones of a node ascending
 * @spans: [nr]
 * @at: [nr_blocks] by pageblock, the zone that all of it belongs to, ZONE_MAP_NONE where none or several do
 * @last: where the last search ended
 */
struct zone_map {
	struct zone_span *spans;
	uint16_t *at;
	uint32_t nr_blocks;
	uint16_t nr, last;
};
#define ZONE_MAP_NONE UINT16_MAX

/** zone_map_init - Return: 0; -ENOMEM */
int zone_map_init(struct zone_map *map, const struct machine *machine, struct mmr_error *err);
void zone_map_deinit(struct zone_map *map);

/* The rare part of zone_map_find(). */
uint16_t zone_map_search(struct zone_map *map, uint32_t pfn);

/** zone_map_find - index in @spans of the zone of a page, ZONE_MAP_NONE where there is none */
static inline uint16_t zone_map_find(struct zone_map *map, uint32_t pfn)
{
	uint32_t block = pfn >> PAGEBLOCK_ORDER;

	if (__builtin_expect(block < map->nr_blocks && map->at[block] != ZONE_MAP_NONE, 1))
		return map->at[block];
	return zone_map_search(map, pfn);
}

#endif
