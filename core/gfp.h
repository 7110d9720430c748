/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gfp flags of each kernel line, by name: which there are, and what the combined ones stand for. */
#ifndef MMR_CORE_GFP_H
#define MMR_CORE_GFP_H

#include "core/error.h"
#include "core/mm_types.h"

struct kernel_profile;

/** mmr_gfp_known - the flags that the line has; __GFP_ATOMIC went with 6.3, __GFP_NO_OBJ_EXT came with 6.10 */
gfp_t mmr_gfp_known(const struct kernel_profile *profile);

/**
 * mmr_gfp_parse - "GFP_KERNEL|__GFP_ZERO" as the line means it
 * @text: names between '|', spaces allowed; GFP_ATOMIC and GFP_NOWAIT mean other bits in 6.1 than later
 * Return: 0; -EINVAL for a name the line does not have.
 */
int mmr_gfp_parse(const struct kernel_profile *profile, const char *text, gfp_t *ret, struct mmr_error *err);

/**
 * mmr_gfp_print - the names of @gfp, combined ones first, as the kernel's trace events print them
 * @text: text[size]; gets "none" for 0. Bits without a name end as one number.
 * Return: the length of the whole, which may be more than fits.
 */
size_t mmr_gfp_print(const struct kernel_profile *profile, gfp_t gfp, char *text, size_t size);

#endif
