// SPDX-License-Identifier: GPL-2.0-or-later
/* Payloads of the TASKS, LOSS and POLICIES blocks, and what the payload codecs share. */
#include "traces/mmt_payload.h"

#include <errno.h>
#include <stdlib.h>

#include "traces/format.h"

void mmt_put_scalars(struct mmt_buf *buf, const struct mmt_scalar *table, size_t nr, const void *from)
{
	for (size_t i = 0; i < nr; i++) {
		const uint8_t *p = (const uint8_t *)from + table[i].offset;
		uint16_t v16;
		uint32_t v32;
		uint64_t v = 0;

		switch (table[i].size) {
		case 1:
			v = *p;
			break;
		case 2:
			memcpy(&v16, p, sizeof(v16));
			v = v16;
			break;
		case 4:
			memcpy(&v32, p, sizeof(v32));
			v = v32;
			break;
		default:
			memcpy(&v, p, sizeof(v));
		}
		mmt_put_uint(buf, table[i].tag, v, table[i].size);
	}
}

static void store_scalar(const struct mmt_scalar *s, uint64_t v, void *to)
{
	uint8_t v8 = (uint8_t)v;
	uint16_t v16 = (uint16_t)v;
	uint32_t v32 = (uint32_t)v;
	const void *from = s->size == 1   ? (const void *)&v8
			   : s->size == 2 ? (const void *)&v16
			   : s->size == 4 ? (const void *)&v32
					  : (const void *)&v;

	memcpy((uint8_t *)to + s->offset, from, s->size);
}

bool mmt_get_scalar(const struct mmt_scalar *table, size_t nr, uint16_t tag, struct mmt_cursor *value, void *to)
{
	for (size_t i = 0; i < nr; i++) {
		uint64_t v;

		if (table[i].tag != tag)
			continue;
		v = mmt_get_uint(value);
		if (table[i].size < 8 && v >> (8 * table[i].size))
			value->bad = true;
		else if (!value->bad)
			store_scalar(&table[i], v, to);
		return true;
	}
	return false;
}

bool mmt_grow(void **array, uint32_t nr, size_t size)
{
	void *p;

	if (nr && (nr & (nr - 1)))
		return true; /* grown to powers of two only */
	p = realloc(*array, (nr ? (size_t)nr * 2 : 1) * size);
	if (!p)
		return false;
	*array = p;
	return true;
}

void mmt_put_tasks(struct mmt_buf *buf, const struct trace_task *tasks, uint32_t first, uint32_t nr)
{
	mmt_put_varint(buf, first);
	for (uint32_t i = first; i < first + nr; i++) {
		size_t len = strnlen(tasks[i].comm, sizeof(tasks[i].comm) - 1);

		mmt_put_le32(buf, tasks[i].tid);
		mmt_put_le32(buf, tasks[i].tgid);
		mmt_put_u8(buf, (uint8_t)len);
		mmt_put(buf, tasks[i].comm, len);
	}
}

const char *mmt_get_tasks(struct mmt_cursor *c, uint32_t count, struct trace_task **tasks, uint32_t *nr)
{
	static const struct trace_task hole = {.tid = UINT32_MAX, .tgid = UINT32_MAX};
	uint64_t first = mmt_get_varint(c);

	if (c->bad || first < *nr || first > MMT_MAX_TASKS || count > mmt_left(c) / 9)
		return "its first number or its count of tasks is impossible";
	if (first - *nr > MMT_MAX_BLOCK_EVENTS)
		return "it leaves out more tasks than one block could hold";
	while (*nr < first) {
		if (!mmt_grow((void **)tasks, *nr, sizeof(**tasks)))
			return "no memory for the tasks";
		(*tasks)[(*nr)++] = hole;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct trace_task t = {0};
		const uint8_t *comm;
		uint8_t len;

		t.tid = mmt_get_le32(c);
		t.tgid = mmt_get_le32(c);
		len = mmt_get_u8(c);
		comm = len < sizeof(t.comm) ? mmt_get(c, len) : NULL;
		if (!comm)
			return "a task's name is too long or cut off";
		memcpy(t.comm, comm, len);
		if (!mmt_grow((void **)tasks, *nr, sizeof(**tasks)))
			return "no memory for the tasks";
		(*tasks)[(*nr)++] = t;
	}
	return NULL;
}

void mmt_put_loss(struct mmt_buf *buf, const struct trace_loss *loss)
{
	mmt_put_le32(buf, loss->cpu);
	mmt_put_le64(buf, loss->begin_ns);
	mmt_put_le64(buf, loss->end_ns);
	mmt_put_le64(buf, loss->nr_events);
}

const char *mmt_get_losses(struct mmt_cursor *c, uint32_t count, struct trace_loss **losses, uint32_t *nr)
{
	if (count > mmt_left(c) / MMT_LOSS_BYTES)
		return "shorter than its count of losses needs";
	for (uint32_t i = 0; i < count; i++) {
		if (!mmt_grow((void **)losses, *nr, sizeof(**losses)))
			return "no memory for the losses";
		struct trace_loss *l = &(*losses)[(*nr)++];

		l->cpu = mmt_get_le32(c);
		l->begin_ns = mmt_get_le64(c);
		l->end_ns = mmt_get_le64(c);
		l->nr_events = mmt_get_le64(c);
	}
	return NULL;
}

/* ---- policies ------------------------------------------------------------------------------- */

/* A set of nodes: how many words, then they; words of zeros at the end are left out. */
static void put_nodes(struct mmt_buf *buf, const uint64_t words[TRACE_NODE_WORDS])
{
	uint8_t nr = TRACE_NODE_WORDS;

	while (nr && !words[nr - 1])
		nr--;
	mmt_put_u8(buf, nr);
	for (uint8_t i = 0; i < nr; i++)
		mmt_put_le64(buf, words[i]);
}

static bool get_nodes(struct mmt_cursor *c, uint64_t words[TRACE_NODE_WORDS])
{
	uint8_t nr = mmt_get_u8(c);

	if (nr > TRACE_NODE_WORDS)
		return false;
	for (uint8_t i = 0; i < nr; i++)
		words[i] = mmt_get_le64(c);
	return !c->bad;
}

void mmt_put_policies(struct mmt_buf *buf, const struct trace_policy *policies, uint32_t first, uint32_t nr)
{
	mmt_put_varint(buf, first);
	for (uint32_t i = first; i < first + nr; i++) {
		mmt_put_le16(buf, policies[i].mode);
		mmt_put_le16(buf, policies[i].flags);
		put_nodes(buf, policies[i].nodes);
		put_nodes(buf, policies[i].allowed);
	}
}

int mmt_add_default_policy(struct trace_policy **policies, uint32_t *nr)
{
	struct trace_policy *p;

	if (!mmt_grow((void **)policies, *nr, sizeof(**policies)))
		return -ENOMEM;
	p = &(*policies)[(*nr)++];
	*p = (struct trace_policy){0};
	memset(p->allowed, 0xff, sizeof(p->allowed));
	return 0;
}

const char *mmt_get_policies(struct mmt_cursor *c, uint32_t count, struct trace_policy **policies, uint32_t *nr)
{
	uint64_t first = mmt_get_varint(c);

	if (c->bad || first < *nr || first + count > MMT_MAX_POLICIES || count > mmt_left(c) / 6)
		return "its first number or its count of policies is impossible";
	while (*nr < first)
		if (mmt_add_default_policy(policies, nr))
			return "no memory for the policies";
	for (uint32_t i = 0; i < count; i++) {
		struct trace_policy p = {0};

		p.mode = mmt_get_le16(c);
		p.flags = mmt_get_le16(c);
		if (!get_nodes(c, p.nodes) || !get_nodes(c, p.allowed))
			return "a policy's nodes are too many or cut off";
		if (!mmt_grow((void **)policies, *nr, sizeof(**policies)))
			return "no memory for the policies";
		(*policies)[(*nr)++] = p;
	}
	return NULL;
}
