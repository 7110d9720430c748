/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A .mmt file in memory and where its blocks are: from the index, or found by scanning. */
#ifndef MMR_TRACES_MMT_MAP_H
#define MMR_TRACES_MMT_MAP_H

#include "traces/mmt_block.h"

/** struct mmt_gap - bytes (or only sequence numbers, @length 0) where a block should be and is not */
struct mmt_gap {
	uint64_t offset, length;
	char *what; /* the whole message, path included */
};

/**
 * struct mmt_map - @blocks lists every block with a good header but INDEX and END, in file order
 * @complete: the END block is there
 * @recovered: @blocks comes from a scan
 * @truncated: bytes at the end that belong to no block
 * @index_offset: where END says that INDEX is; 0 where unknown
 * @events: by type, from the index; meaningless where recovered
 */
struct mmt_map {
	char *path;
	const uint8_t *data;
	uint64_t size, first_block;
	struct mmt_block *blocks;
	uint32_t nr_blocks;
	struct mmt_gap *gaps;
	uint32_t nr_gaps;
	bool complete, recovered, has_index;
	struct mmt_block index;
	uint64_t truncated, index_offset;
	uint64_t events[256];
};

/** mmt_map_open - map the file and check its header; mmt_map_close() undoes it, also after an error */
int mmt_map_open(struct mmt_map *map, const char *path, struct mmr_error *err);
void mmt_map_close(struct mmt_map *map);

/** mmt_map_load_index - blocks from the index; false where there is none to be trusted */
bool mmt_map_load_index(struct mmt_map *map);
/** mmt_map_scan - blocks by walking the file, passing over damaged stretches; -ENOMEM */
int mmt_map_scan(struct mmt_map *map, struct mmr_error *err);

#endif
