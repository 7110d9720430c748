// SPDX-License-Identifier: GPL-2.0-or-later
/* The set of distinct event classes: an array and an open-addressing hash table over it. */
#include "traces/mmt_classes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "traces/format.h"

void mmt_classes_deinit(struct mmt_classes *set)
{
	free(set->items);
	free(set->slots);
	*set = (struct mmt_classes){0};
}

/* The members without padding, so that equal classes have equal bytes. */
static void class_key(const struct trace_class *cls, uint8_t key[MMT_CLASS_BYTES])
{
	const uint8_t head[6] = {cls->type,  cls->order,          cls->migratetype,
				 cls->flags, cls->fallback_order, cls->fallback_migratetype};

	memcpy(key, head, 6);
	memcpy(key + 6, &cls->gfp, 4);
	memcpy(key + 10, &cls->gfp_raw, 4);
}

static uint32_t *find_slot(struct mmt_classes *set, const uint8_t key[MMT_CLASS_BYTES])
{
	uint32_t i = (uint32_t)XXH3_64bits(key, MMT_CLASS_BYTES);

	for (;; i++) {
		uint32_t *slot = &set->slots[i & (set->nr_slots - 1)];
		uint8_t other[MMT_CLASS_BYTES];

		if (!*slot)
			return slot;
		class_key(&set->items[*slot - 1], other);
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

		class_key(&set->items[i], key);
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
	class_key(cls, key);
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
