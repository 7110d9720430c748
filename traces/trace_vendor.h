/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recorded kernel has that mainline kernels of its line have not, as its BTF shows. */
#ifndef MMR_TRACES_TRACE_VENDOR_H
#define MMR_TRACES_TRACE_VENDOR_H

#include "traces/trace.h"

/**
 * struct trace_vendor_features - members of the allocator's structures that are the vendor's
 * @own: those that no mainline kernel has: "zone.block_free, zone.block_stuck"
 * @later: those that mainline has from a later line on: "zone.trylock_free_pages (6.15)"
 *
 * Only what BTF shows: a patch that changes code and no structure is not seen.
 */
struct trace_vendor_features {
	char own[400], later[400];
};
/** trace_vendor_features - Return: whether there are any */
bool trace_vendor_features(const struct trace_machine *machine, struct trace_vendor_features *ret);

#endif
