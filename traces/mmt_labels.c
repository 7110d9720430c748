// SPDX-License-Identifier: GPL-2.0-or-later
/* The set of distinct labels: an array, and an open-addressing hash table over it. */
#include "traces/mmt_labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "traces/format.h"
#include "traces/mmt_payload.h"

void mmt_labels_deinit(struct mmt_labels *labels)
{
	for (uint32_t i = 0; i < labels->nr; i++)
		free(labels->table[i].text);
	free(labels->table);
	free(labels->slots);
	*labels = (struct mmt_labels){0};
}

static uint32_t *find_slot(struct mmt_labels *labels, uint8_t kind, uint64_t id, const char *text, size_t len)
{
	uint32_t i = (uint32_t)XXH3_64bits_withSeed(text, len, id ^ kind);

	for (;; i++) {
		uint32_t *slot = &labels->slots[i & (labels->nr_slots - 1)];
		const struct trace_label *l = *slot ? &labels->table[*slot - 1] : NULL;

		if (!l || (l->kind == kind && l->id == id && !strncmp(l->text, text, len) && !l->text[len]))
			return slot;
	}
}

static bool grow_slots(struct mmt_labels *labels)
{
	uint32_t nr = labels->nr_slots ? 2 * labels->nr_slots : 256;
	uint32_t *slots = calloc(nr, sizeof(*slots));

	if (!slots)
		return false;
	free(labels->slots);
	labels->slots = slots;
	labels->nr_slots = nr;
	for (uint32_t i = 0; i < labels->nr; i++) {
		const struct trace_label *l = &labels->table[i];

		*find_slot(labels, l->kind, l->id, l->text, strlen(l->text)) = i + 1;
	}
	return true;
}

static bool append(struct mmt_labels *labels, uint8_t kind, uint64_t id, const char *text, size_t len)
{
	struct trace_label *l;

	if (!mmt_grow((void **)&labels->table, labels->nr, sizeof(*labels->table)))
		return false;
	l = &labels->table[labels->nr];
	*l = (struct trace_label){.id = id, .kind = kind, .text = strndup(text, len)};
	labels->nr += l->text != NULL;
	return l->text != NULL;
}

int mmt_labels_add(struct mmt_labels *labels, uint8_t kind, uint64_t id, const char *text, uint32_t *number)
{
	size_t len = strnlen(text, MMT_MAX_LABEL_BYTES);
	uint32_t *slot;

	if (2 * labels->nr >= labels->nr_slots && !grow_slots(labels))
		return -ENOMEM;
	slot = find_slot(labels, kind, id, text, len);
	if (!*slot) {
		if (labels->nr == MMT_MAX_LABELS)
			return -ENOSPC;
		if (!append(labels, kind, id, text, len))
			return -ENOMEM;
		*slot = labels->nr;
	}
	*number = *slot - 1;
	return 0;
}

void mmt_put_labels(struct mmt_buf *buf, const struct mmt_labels *labels, uint32_t first)
{
	mmt_put_varint(buf, first);
	for (uint32_t i = first; i < labels->nr; i++) {
		size_t len = strlen(labels->table[i].text);

		mmt_put_u8(buf, labels->table[i].kind);
		mmt_put_le64(buf, labels->table[i].id);
		mmt_put_varint(buf, len);
		mmt_put(buf, labels->table[i].text, len);
	}
}

const char *mmt_get_labels(struct mmt_cursor *c, uint32_t count, struct mmt_labels *labels)
{
	uint64_t first = mmt_get_varint(c);

	if (c->bad || first < labels->nr || first + count > MMT_MAX_LABELS || count > mmt_left(c) / 10)
		return "its first number or its count of labels is impossible";
	while (labels->nr < first)
		if (!append(labels, 0, 0, "", 0))
			return "no memory for the labels";
	for (uint32_t i = 0; i < count; i++) {
		uint8_t kind = mmt_get_u8(c);
		uint64_t id = mmt_get_le64(c), len = mmt_get_varint(c);
		const uint8_t *text = len <= MMT_MAX_LABEL_BYTES ? mmt_get(c, len) : NULL;

		if (!text || memchr(text, 0, len))
			return "a label's text is too long, cut off, or has a zero in it";
		if (!append(labels, kind, id, (const char *)text, len))
			return "no memory for the labels";
	}
	return NULL;
}
