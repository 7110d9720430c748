/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's own gfp, migratetype and zone numbers -> our stable codes, by name. */
#ifndef MMR_TRACES_GFP_MAP_H
#define MMR_TRACES_GFP_MAP_H

#include <stddef.h>

#include "traces/trace.h"

/** struct gfp_map - translation for one recording kernel */
struct gfp_map {
	uint32_t gfp_stable[32]; /* stable bits for raw bit n; 0 where unknown */
	uint32_t gfp_unknown; /* raw bits that have no stable name */
	uint8_t migratetype[16]; /* raw -> stable; 0xff unknown */
	uint8_t zone[8]; /* raw -> stable; 0xff unknown */
};
/** gfp_map_init - from the names a trace header holds */
void gfp_map_init(struct gfp_map *map, const struct trace_machine *machine);
/** gfp_map_gfp - stable code of a raw gfp value */
uint32_t gfp_map_gfp(const struct gfp_map *map, uint32_t raw);
/** gfp_stable_name - "DIRECT_RECLAIM" for a single stable bit; NULL where none */
const char *gfp_stable_name(uint32_t bit);
/** gfp_stable_bit - the stable bit of "DIRECT_RECLAIM"; 0 where unknown (a leading "__GFP_" or "___GFP_" is
 * fine) */
uint32_t gfp_stable_bit(const char *name);
/** gfp_stable_string - "GFP_KERNEL|__GFP_ZERO" as the kernel's text traces print it; returns buf */
char *gfp_stable_string(uint32_t gfp, char *buf, size_t size);

#endif
