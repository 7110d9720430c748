/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Payloads of the MACHINE, KEYFRAME, TASKS, LOSS and POLICIES blocks: structs of trace.h <-> bytes. */
#ifndef MMR_TRACES_MMT_PAYLOAD_H
#define MMR_TRACES_MMT_PAYLOAD_H

#include "traces/mmt_bytes.h"
#include "traces/trace.h"

/*
 * The put functions write into @buf (whose @failed tells of missing memory). The get functions
 * return NULL, or one phrase saying what cannot be; what they filled so far is then released.
 */

void mmt_put_machine(struct mmt_buf *buf, const struct trace_machine *machine);
const char *mmt_get_machine(struct mmt_cursor *c, struct trace_machine *ret);

void mmt_put_keyframe(struct mmt_buf *buf, const struct trace_keyframe *kf);
const char *mmt_get_keyframe(struct mmt_cursor *c, struct trace_keyframe *ret);

/** mmt_put_tasks - tasks @first .. @first + @nr - 1 */
void mmt_put_tasks(struct mmt_buf *buf, const struct trace_task *tasks, uint32_t first, uint32_t nr);
/**
 * mmt_get_tasks - append to a table; @first is where the payload says its tasks belong
 * @tasks, @nr: grown with realloc; a hole before @first is filled with tid UINT32_MAX
 */
const char *mmt_get_tasks(struct mmt_cursor *c, uint32_t count, struct trace_task **tasks, uint32_t *nr);

void mmt_put_loss(struct mmt_buf *buf, const struct trace_loss *loss);
const char *mmt_get_losses(struct mmt_cursor *c, uint32_t count, struct trace_loss **losses, uint32_t *nr);

/** mmt_put_policies - policies @first .. @first + @nr - 1; number 0 is never put */
void mmt_put_policies(struct mmt_buf *buf, const struct trace_policy *policies, uint32_t first, uint32_t nr);
/** mmt_get_policies - append to a table that has the default policy; a hole is filled with default ones */
const char *mmt_get_policies(struct mmt_cursor *c, uint32_t count, struct trace_policy **policies,
			     uint32_t *nr);
/** mmt_add_default_policy - number 0 of an empty table; -ENOMEM */
int mmt_add_default_policy(struct trace_policy **policies, uint32_t *nr);

/* A list of scalars of one struct, as tagged integers: the table drives both directions. */
struct mmt_scalar {
	uint16_t tag;
	uint8_t size; /* 1, 2, 4 or 8 */
	uint16_t offset; /* of the member */
};
#define MMT_SCALAR(tag_, type, member)                                                                         \
	{                                                                                                      \
		.tag = (tag_), .size = sizeof(((type *)0)->member), .offset = offsetof(type, member)           \
	}
void mmt_put_scalars(struct mmt_buf *buf, const struct mmt_scalar *table, size_t nr, const void *from);
/** mmt_get_scalar - true where @tag is in the table; a value too large for its member sets value->bad */
bool mmt_get_scalar(const struct mmt_scalar *table, size_t nr, uint16_t tag, struct mmt_cursor *value,
		    void *to);

/** mmt_grow - make room for one more element in an array grown by doubling; false without memory */
bool mmt_grow(void **array, uint32_t nr, size_t size);

#endif
