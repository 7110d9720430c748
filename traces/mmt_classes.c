// SPDX-License-Identifier: GPL-2.0-or-later
/* The set of distinct event classes: an array and an open-addressing hash table over it. */
#include "traces/mmt_classes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

void mmt_classes_deinit(struct mmt_classes *set)
{
	free(set->items);
	free(set->slots);
	*set = (struct mmt_classes){0};
}

void mmt_class_put(const struct trace_class *cls, uint8_t bytes[MMT_CLASS_BYTES])
{
	bytes[0] = cls->type;
	bytes[1] = cls->order;
	bytes[2] = cls->migratetype;
	bytes[3] = cls->flags;
	/* Two bytes that each kind uses for what it has. */
	if (cls->type == TRACE_ALLOC) {
		mmt_set_le16(bytes + 4, cls->policy);
	} else {
		bytes[4] = cls->type < TRACE_NR_PAGE_EVENTS ? cls->fallback_order : cls->nr_args;
		bytes[5] = cls->type < TRACE_NR_PAGE_EVENTS ? cls->fallback_migratetype : cls->zone;
	}
	mmt_set_le32(bytes + 6, cls->gfp);
	mmt_set_le32(bytes + 10, cls->gfp_raw);
}

void mmt_class_get(const uint8_t bytes[MMT_CLASS_BYTES], struct trace_class *cls)
{
	*cls = (struct trace_class){
		.type = bytes[0],
		.order = bytes[1],
		.migratetype = bytes[2],
		.flags = bytes[3],
		.gfp = mmt_le32(bytes + 6),
		.gfp_raw = mmt_le32(bytes + 10),
	};
	if (cls->type == TRACE_ALLOC) {
		cls->policy = mmt_le16(bytes + 4);
	} else if (cls->type < TRACE_NR_PAGE_EVENTS) {
		cls->fallback_order = bytes[4];
		cls->fallback_migratetype = bytes[5];
	} else {
		cls->nr_args = bytes[4];
		cls->zone = bytes[5];
	}
}

static uint32_t *find_slot(struct mmt_classes *set, const uint8_t key[MMT_CLASS_BYTES])
{
	uint32_t i = (uint32_t)XXH3_64bits(key, MMT_CLASS_BYTES);

	for (;; i++) {
		uint32_t *slot = &set->slots[i & (set->nr_slots - 1)];
		uint8_t other[MMT_CLASS_BYTES];

		if (!*slot)
			return slot;
		mmt_class_put(&set->items[*slot - 1], other);
		if (!memcmp(key, other, MMT_CLASS_BYTES))
			return slot;
	}
}

static int grow(struct mmt_classes *set)
{
	uint32_t cap = set->cap ? set->cap * 2 : 64, nr_slots = cap * 2;
	struct trace_class *items = realloc(set->items, cap * sizeof(*items));
	uint32_t *slots;

	if (!items)
		return -ENOMEM;
	set->items = items;
	slots = calloc(nr_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(set->slots);
	set->slots = slots;
	set->nr_slots = nr_slots;
	set->cap = cap;
	for (uint32_t i = 0; i < set->nr; i++) {
		uint8_t key[MMT_CLASS_BYTES];

		mmt_class_put(&set->items[i], key);
		*find_slot(set, key) = i + 1;
	}
	return 0;
}

int mmt_classes_add(struct mmt_classes *set, const struct trace_class *cls, uint16_t *id)
{
	uint8_t key[MMT_CLASS_BYTES];
	uint32_t *slot;

	if (set->nr == set->cap && grow(set))
		return -ENOMEM;
	mmt_class_put(cls, key);
	slot = find_slot(set, key);
	if (!*slot) {
		if (set->nr == MMT_MAX_CLASSES)
			return -ENOSPC;
		set->items[set->nr++] = *cls;
		*slot = set->nr;
	}
	*id = (uint16_t)(*slot - 1);
	return 0;
}
