// SPDX-License-Identifier: GPL-2.0-or-later
/* From a page to its zone. */
#include "replay/machines/zone_map.h"

#include <errno.h>
#include <stdlib.h>

static void add_spans(struct zone_map *map, const struct machine *machine)
{
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *config = &machine->nodes[n].zones[z];

			if (!config->managed_pages)
				continue;
			map->spans[map->nr++] = (struct zone_span){
				.start_pfn = config->start_pfn,
				.end_pfn = config->start_pfn + config->spanned_pages,
				.nid = (uint16_t)n,
				.zone = (uint8_t)z,
			};
		}
	}
}

/* The only zone that reaches into the pageblock at @pfn and fills it, ZONE_MAP_NONE where there is no such one.
 */
static uint16_t owner_of_block(const struct zone_map *map, uint32_t pfn)
{
	uint16_t owner = ZONE_MAP_NONE;

	for (uint16_t i = 0; i < map->nr; i++) {
		const struct zone_span *span = &map->spans[i];

		if (span->start_pfn >= pfn + PAGEBLOCK_NR_PAGES || span->end_pfn <= pfn)
			continue;
		if (owner != ZONE_MAP_NONE || span->start_pfn > pfn || span->end_pfn < pfn + PAGEBLOCK_NR_PAGES)
			return ZONE_MAP_NONE;
		owner = i;
	}
	return owner;
}

int zone_map_init(struct zone_map *map, const struct machine *machine, struct mmr_error *err)
{
	*map = (struct zone_map){
		.spans = calloc((size_t)machine->nr_nodes * MAX_NR_ZONES, sizeof(*map->spans)),
	};
	if (!map->spans)
		return mmr_err(err, -ENOMEM, "no memory for the zones of %u nodes", machine->nr_nodes);
	add_spans(map, machine);
	for (uint16_t i = 0; i < map->nr; i++) {
		uint32_t blocks = map->spans[i].end_pfn >> PAGEBLOCK_ORDER;

		map->nr_blocks = blocks > map->nr_blocks ? blocks : map->nr_blocks;
	}
	map->at = malloc((map->nr_blocks + 1) * sizeof(*map->at));
	if (!map->at) {
		zone_map_deinit(map);
		return mmr_err(err, -ENOMEM, "no memory to tell the zones of the pageblocks");
	}
	for (uint32_t block = 0; block < map->nr_blocks; block++)
		map->at[block] = owner_of_block(map, block << PAGEBLOCK_ORDER);
	return 0;
}

void zone_map_deinit(struct zone_map *map)
{
	free(map->spans);
	free(map->at);
	*map = (struct zone_map){0};
}

/* Pages come in runs from one zone, so the last answer is tried first. */
uint16_t zone_map_search(struct zone_map *map, uint32_t pfn)
{
	for (uint16_t tried = 0; tried < map->nr; tried++) {
		const struct zone_span *span = &map->spans[map->last];

		if (pfn >= span->start_pfn && pfn < span->end_pfn)
			return map->last;
		map->last = map->last + 1 == map->nr ? 0 : (uint16_t)(map->last + 1);
	}
	return ZONE_MAP_NONE;
}
