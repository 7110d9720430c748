// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/gfp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/profile_axes.h"

/*
 * @since, @until: by the axis gfp_names; a flag of all lines has 0 and GFP_NAMES_7_3
 * Combined ones stand before their parts. Source: include/linux/gfp_types.h and
 * include/trace/events/mmflags.h, v6.1, v6.12, v7.3.
 */
static const struct gfp_name {
	const char *name;
	gfp_t bits;
	uint8_t since, until;
} names[] = {
#define ALWAYS(name, bits)                                                                                     \
	{                                                                                                      \
		name, bits, GFP_NAMES_6_1, GFP_NAMES_7_3                                                       \
	}
#define TO_6_2(name, bits)                                                                                     \
	{                                                                                                      \
		name, bits, GFP_NAMES_6_1, GFP_NAMES_6_1                                                       \
	}
#define FROM_6_3(name, bits)                                                                                   \
	{                                                                                                      \
		name, bits, GFP_NAMES_6_10, GFP_NAMES_7_3                                                      \
	}
#define TO_7_2(name, bits)                                                                                     \
	{                                                                                                      \
		name, bits, GFP_NAMES_6_10, GFP_NAMES_6_10                                                     \
	}
	ALWAYS("GFP_TRANSHUGE", MMR_GFP_TRANSHUGE_LIGHT | MMR_GFP_DIRECT_RECLAIM),
	ALWAYS("GFP_TRANSHUGE_LIGHT", MMR_GFP_TRANSHUGE_LIGHT),
	ALWAYS("GFP_HIGHUSER_MOVABLE", MMR_GFP_HIGHUSER_MOVABLE),
	ALWAYS("GFP_HIGHUSER", MMR_GFP_HIGHUSER),
	ALWAYS("GFP_USER", MMR_GFP_USER),
	ALWAYS("GFP_KERNEL_ACCOUNT", MMR_GFP_KERNEL | MMR_GFP_ACCOUNT),
	ALWAYS("GFP_KERNEL", MMR_GFP_KERNEL),
	ALWAYS("GFP_NOFS", MMR_GFP_RECLAIM | MMR_GFP_IO),
	TO_6_2("GFP_ATOMIC", MMR_GFP_HIGH | MMR_GFP_ATOMIC | MMR_GFP_KSWAPD_RECLAIM),
	FROM_6_3("GFP_ATOMIC", MMR_GFP_HIGH | MMR_GFP_KSWAPD_RECLAIM),
	ALWAYS("GFP_NOIO", MMR_GFP_RECLAIM),
	TO_6_2("GFP_NOWAIT", MMR_GFP_KSWAPD_RECLAIM),
	FROM_6_3("GFP_NOWAIT", MMR_GFP_KSWAPD_RECLAIM | MMR_GFP_NOWARN),
	ALWAYS("GFP_DMA", MMR_GFP_DMA),
	ALWAYS("GFP_DMA32", MMR_GFP_DMA32),
	ALWAYS("__GFP_RECLAIM", MMR_GFP_RECLAIM),
	ALWAYS("__GFP_DMA", MMR_GFP_DMA),
	ALWAYS("__GFP_HIGHMEM", MMR_GFP_HIGHMEM),
	ALWAYS("__GFP_DMA32", MMR_GFP_DMA32),
	ALWAYS("__GFP_MOVABLE", MMR_GFP_MOVABLE),
	ALWAYS("__GFP_RECLAIMABLE", MMR_GFP_RECLAIMABLE),
	ALWAYS("__GFP_HIGH", MMR_GFP_HIGH),
	ALWAYS("__GFP_IO", MMR_GFP_IO),
	ALWAYS("__GFP_FS", MMR_GFP_FS),
	ALWAYS("__GFP_ZERO", MMR_GFP_ZERO),
	TO_6_2("__GFP_ATOMIC", MMR_GFP_ATOMIC),
	ALWAYS("__GFP_DIRECT_RECLAIM", MMR_GFP_DIRECT_RECLAIM),
	ALWAYS("__GFP_KSWAPD_RECLAIM", MMR_GFP_KSWAPD_RECLAIM),
	ALWAYS("__GFP_WRITE", MMR_GFP_WRITE),
	ALWAYS("__GFP_NOWARN", MMR_GFP_NOWARN),
	ALWAYS("__GFP_RETRY_MAYFAIL", MMR_GFP_RETRY_MAYFAIL),
	ALWAYS("__GFP_NOFAIL", MMR_GFP_NOFAIL),
	ALWAYS("__GFP_NORETRY", MMR_GFP_NORETRY),
	ALWAYS("__GFP_MEMALLOC", MMR_GFP_MEMALLOC),
	ALWAYS("__GFP_COMP", MMR_GFP_COMP),
	ALWAYS("__GFP_NOMEMALLOC", MMR_GFP_NOMEMALLOC),
	ALWAYS("__GFP_HARDWALL", MMR_GFP_HARDWALL),
	ALWAYS("__GFP_THISNODE", MMR_GFP_THISNODE),
	ALWAYS("__GFP_ACCOUNT", MMR_GFP_ACCOUNT),
	ALWAYS("__GFP_ZEROTAGS", MMR_GFP_ZEROTAGS),
	ALWAYS("__GFP_NOLOCKDEP", MMR_GFP_NOLOCKDEP),
	TO_7_2("__GFP_NO_OBJ_EXT", MMR_GFP_NO_OBJ_EXT),
	ALWAYS("__GFP_SKIP_ZERO", MMR_GFP_SKIP_ZERO),
	ALWAYS("__GFP_SKIP_KASAN", MMR_GFP_SKIP_KASAN),
};

#define NR_NAMES (sizeof(names) / sizeof(names[0]))

static bool line_has(const struct kernel_profile *profile, const struct gfp_name *name)
{
	return profile->gfp_names >= name->since && profile->gfp_names <= name->until;
}

gfp_t mmr_gfp_known(const struct kernel_profile *profile)
{
	gfp_t known = 0;

	for (size_t i = 0; i < NR_NAMES; i++)
		known |= line_has(profile, &names[i]) ? names[i].bits : 0;
	return known;
}

int mmr_gfp_parse(const struct kernel_profile *profile, const char *text, gfp_t *ret, struct mmr_error *err)
{
	gfp_t gfp = 0;

	while (*text) {
		size_t len, skip = strspn(text, " |");
		size_t i = 0;

		text += skip;
		len = strcspn(text, " |");
		if (!len)
			break;
		while (i < NR_NAMES && !(line_has(profile, &names[i]) && strlen(names[i].name) == len &&
					 !strncmp(names[i].name, text, len)))
			i++;
		if (i == NR_NAMES)
			return mmr_err(err, -EINVAL, "gfp flags: %.*s, expected a flag of kernel %s", (int)len,
				       text, profile->name);
		gfp |= names[i].bits;
		text += len;
	}
	*ret = gfp;
	return 0;
}

/* Behind what is there, as far as it fits; the length goes on counting. */
static size_t append(char *text, size_t size, size_t len, const char *word)
{
	int added = snprintf(len < size ? text + len : NULL, len < size ? size - len : 0, "%s%s",
			     len ? "|" : "", word);

	return len + (size_t)added;
}

size_t mmr_gfp_print(const struct kernel_profile *profile, gfp_t gfp, char *text, size_t size)
{
	size_t len = 0;
	char number[16];

	if (!gfp)
		return append(text, size, 0, "none");
	for (size_t i = 0; i < NR_NAMES; i++) {
		if (!line_has(profile, &names[i]) || (gfp & names[i].bits) != names[i].bits)
			continue;
		len = append(text, size, len, names[i].name);
		gfp &= ~names[i].bits;
	}
	if (gfp) {
		snprintf(number, sizeof(number), "0x%x", gfp);
		len = append(text, size, len, number);
	}
	return len;
}
