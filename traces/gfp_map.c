// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flag, migratetype and zone names of kernels, and their translation into stable codes.
 * Source: include/trace/events/mmflags.h, v6.12, for the names and the order in which text traces
 * print compound flags.
 */
#include "traces/gfp_map.h"

#include <stdio.h>
#include <string.h>

#include "core/mm_types.h"

static const char *const bit_names[] = {
	"DMA",       "HIGHMEM",    "DMA32",         "MOVABLE",    "RECLAIMABLE",    "HIGH",
	"IO",        "FS",         "ZERO",          "ATOMIC",     "DIRECT_RECLAIM", "KSWAPD_RECLAIM",
	"WRITE",     "NOWARN",     "RETRY_MAYFAIL", "NOFAIL",     "NORETRY",        "MEMALLOC",
	"COMP",      "NOMEMALLOC", "HARDWALL",      "THISNODE",   "ACCOUNT",        "ZEROTAGS",
	"NOLOCKDEP", "NO_OBJ_EXT", "SKIP_ZERO",     "SKIP_KASAN",
};
#define NR_BITS (sizeof(bit_names) / sizeof(bit_names[0]))
_Static_assert((1ull << NR_BITS) - 1 == MMR_GFP_KNOWN, "every known bit has a name");

/* Names of older or newer kernels for the same bit. */
static const struct {
	const char *name;
	uint32_t bit;
} aliases[] = {
	{"SKIP_KASAN_POISON", MMR_GFP_SKIP_KASAN}, /* up to 6.3 */
	{"SKIP_KASAN_UNPOISON", MMR_GFP_SKIP_KASAN}, /* up to 6.3: the two became one */
};

/* Wholes that text traces print by name, larger ones first. */
#define TRANSHUGE (MMR_GFP_TRANSHUGE_LIGHT | MMR_GFP_DIRECT_RECLAIM)
static const struct {
	const char *name;
	uint32_t mask;
} compounds[] = {
	{"GFP_TRANSHUGE", TRANSHUGE},
	{"GFP_TRANSHUGE_LIGHT", MMR_GFP_TRANSHUGE_LIGHT},
	{"GFP_HIGHUSER_MOVABLE", MMR_GFP_HIGHUSER_MOVABLE},
	{"GFP_HIGHUSER", MMR_GFP_HIGHUSER},
	{"GFP_USER", MMR_GFP_USER},
	{"GFP_KERNEL_ACCOUNT", MMR_GFP_KERNEL | MMR_GFP_ACCOUNT},
	{"GFP_KERNEL", MMR_GFP_KERNEL},
	{"GFP_NOFS", MMR_GFP_RECLAIM | MMR_GFP_IO},
	{"GFP_ATOMIC", MMR_GFP_ATOMIC_MASK},
	{"GFP_NOIO", MMR_GFP_RECLAIM},
	{"GFP_NOWAIT", MMR_GFP_NOWAIT_MASK},
	{"GFP_DMA", MMR_GFP_DMA},
	{"__GFP_HIGHMEM", MMR_GFP_HIGHMEM},
	{"GFP_DMA32", MMR_GFP_DMA32},
	{"__GFP_RECLAIM", MMR_GFP_RECLAIM},
};

const char *gfp_stable_name(uint32_t bit)
{
	if (!bit || (bit & (bit - 1)))
		return NULL;
	bit = (uint32_t)__builtin_ctz(bit);
	return bit < NR_BITS ? bit_names[bit] : NULL;
}

uint32_t gfp_stable_bit(const char *name)
{
	if (!strncmp(name, "___GFP_", 7))
		name += 7;
	else if (!strncmp(name, "__GFP_", 6))
		name += 6;
	for (uint32_t i = 0; i < NR_BITS; i++)
		if (!strcmp(name, bit_names[i]))
			return 1u << i;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (!strcmp(name, aliases[i].name))
			return aliases[i].bit;
	return 0;
}

static void append(char *buf, size_t size, const char *prefix, const char *name)
{
	size_t len = strlen(buf);

	if (len < size)
		snprintf(buf + len, size - len, "%s%s%s", len ? "|" : "", prefix, name);
}

char *gfp_stable_string(uint32_t gfp, char *buf, size_t size)
{
	char rest[16];

	if (!size)
		return buf;
	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(compounds) / sizeof(compounds[0]); i++) {
		if ((gfp & compounds[i].mask) != compounds[i].mask)
			continue;
		append(buf, size, "", compounds[i].name);
		gfp &= ~compounds[i].mask;
	}
	for (uint32_t i = 0; i < NR_BITS; i++)
		if (gfp & 1u << i)
			append(buf, size, "__GFP_", bit_names[i]);
	gfp &= ~MMR_GFP_KNOWN;
	if (gfp) {
		snprintf(rest, sizeof(rest), "0x%x", gfp);
		append(buf, size, "", rest);
	}
	if (!buf[0])
		snprintf(buf, size, "none");
	return buf;
}

/* Kernel names and codes of migratetypes; some kernels print "Unmovable", BTF has the enum's names. */
static const struct {
	const char *name;
	uint8_t code;
} migratetypes[] = {
	{"UNMOVABLE", MIGRATE_UNMOVABLE},   {"MOVABLE", MIGRATE_MOVABLE}, {"RECLAIMABLE", MIGRATE_RECLAIMABLE},
	{"HIGHATOMIC", MIGRATE_HIGHATOMIC}, {"CMA", MIGRATE_CMA},         {"ISOLATE", MIGRATE_ISOLATE},
};

static const struct {
	const char *name;
	uint8_t code;
} zones[] = {
	{"DMA", ZONE_DMA},         {"DMA32", ZONE_DMA32},     {"NORMAL", ZONE_NORMAL},
	{"HIGHMEM", ZONE_HIGHMEM}, {"MOVABLE", ZONE_MOVABLE}, {"DEVICE", ZONE_DEVICE},
};

static const char *skip_prefix(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) ? name : name + len;
}

static void map_migratetypes(struct gfp_map *map, const struct trace_machine *m)
{
	for (uint32_t i = 0; i < m->nr_migratetype_names; i++) {
		const struct trace_name_value *nv = &m->migratetype_names[i];
		const char *name = skip_prefix(nv->name, "MIGRATE_");

		if (nv->value < 0 || nv->value >= (int64_t)sizeof(map->migratetype))
			continue;
		/* PCPTYPES and TYPES count; the first shares its number with HIGHATOMIC. */
		for (size_t k = 0; k < sizeof(migratetypes) / sizeof(migratetypes[0]); k++)
			if (!strcasecmp(name, migratetypes[k].name))
				map->migratetype[nv->value] = migratetypes[k].code;
	}
}

static void map_zones(struct gfp_map *map, const struct trace_machine *m)
{
	for (uint32_t i = 0; i < m->nr_zone_names; i++) {
		const struct trace_name_value *nv = &m->zone_names[i];
		const char *name = skip_prefix(nv->name, "ZONE_");

		if (nv->value < 0 || nv->value >= (int64_t)sizeof(map->zone))
			continue;
		for (size_t k = 0; k < sizeof(zones) / sizeof(zones[0]); k++)
			if (!strcasecmp(name, zones[k].name))
				map->zone[nv->value] = zones[k].code;
	}
}

void gfp_map_init(struct gfp_map *map, const struct trace_machine *m)
{
	*map = (struct gfp_map){.gfp_unknown = UINT32_MAX};
	memset(map->migratetype, 0xff, sizeof(map->migratetype));
	memset(map->zone, 0xff, sizeof(map->zone));
	for (uint32_t i = 0; i < m->nr_gfp_names; i++) {
		const struct trace_name_value *nv = &m->gfp_names[i];
		uint32_t raw = (uint32_t)nv->value, stable = gfp_stable_bit(nv->name);

		/* Compounds and names without a code have no single bit to translate. */
		if (nv->value <= 0 || nv->value > UINT32_MAX || (raw & (raw - 1)) || !stable)
			continue;
		map->gfp_stable[__builtin_ctz(raw)] |= stable;
		map->gfp_unknown &= ~raw;
	}
	map_migratetypes(map, m);
	map_zones(map, m);
}

uint32_t gfp_map_gfp(const struct gfp_map *map, uint32_t raw)
{
	uint32_t stable = 0;

	for (; raw; raw &= raw - 1)
		stable |= map->gfp_stable[__builtin_ctz(raw)];
	return stable;
}
