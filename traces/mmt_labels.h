/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of labels: texts that events name by number. Each is there once. */
#ifndef MMR_TRACES_MMT_LABELS_H
#define MMR_TRACES_MMT_LABELS_H

#include <stddef.h>

#include "traces/mmt_bytes.h"
#include "traces/trace.h"

/** struct mmt_labels - zero before the first use; @slots: hash table of number + 1, 0 = empty */
struct mmt_labels {
	struct trace_label *table;
	uint32_t nr;
	uint32_t *slots, nr_slots;
};

void mmt_labels_deinit(struct mmt_labels *labels);

/**
 * mmt_labels_add - the number of a label, which is added where it is new
 * @text: borrowed; cut at MMT_MAX_LABEL_BYTES
 * Return: 0; -ENOMEM; -ENOSPC where there are MMT_MAX_LABELS
 */
int mmt_labels_add(struct mmt_labels *labels, uint8_t kind, uint64_t id, const char *text, uint32_t *number);

/** mmt_put_labels - labels @first .. the last one */
void mmt_put_labels(struct mmt_buf *buf, const struct mmt_labels *labels, uint32_t first);
/** mmt_get_labels - append a block's labels; a hole before them is filled with empty ones of no kind */
const char *mmt_get_labels(struct mmt_cursor *c, uint32_t count, struct mmt_labels *labels);

#endif
