/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing set of distinct event classes, numbered in the order they were added. */
#ifndef MMR_TRACES_MMT_CLASSES_H
#define MMR_TRACES_MMT_CLASSES_H

#include "traces/format.h"
#include "traces/mmt_bytes.h"
#include "traces/trace.h"

struct mmt_classes {
	struct trace_class *items;
	uint32_t nr, cap;
	uint32_t *slots; /* hash table of item + 1, 0 = empty */
	uint32_t nr_slots; /* a power of two, at least twice nr */
};

void mmt_classes_deinit(struct mmt_classes *set);
/** mmt_classes_add - number of @cls, added where it is new; -ENOMEM; -ENOSPC past 65535 */
int mmt_classes_add(struct mmt_classes *set, const struct trace_class *cls, uint16_t *id);

/** mmt_class_put - the dictionary entry of @cls, without its count; equal classes have equal bytes */
void mmt_class_put(const struct trace_class *cls, uint8_t bytes[MMT_CLASS_BYTES]);
void mmt_class_get(const uint8_t bytes[MMT_CLASS_BYTES], struct trace_class *cls);

#endif
