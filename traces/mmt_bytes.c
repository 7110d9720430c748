// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing and reading the bytes of a .mmt file; see mmt_bytes.h. */
#include "traces/mmt_bytes.h"

#include <stdlib.h>

void mmt_buf_deinit(struct mmt_buf *buf)
{
	free(buf->data);
	*buf = (struct mmt_buf){0};
}

bool mmt_buf_reserve(struct mmt_buf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : 256;
	uint8_t *data;

	if (buf->failed)
		return false;
	if (buf->data && buf->cap - buf->len >= more)
		return true;
	while (cap - buf->len < more)
		cap *= 2;
	data = realloc(buf->data, cap);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

void mmt_put(struct mmt_buf *buf, const void *data, size_t len)
{
	if (!len || !mmt_buf_reserve(buf, len))
		return;
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
}

void mmt_put_u8(struct mmt_buf *buf, uint8_t v)
{
	mmt_put(buf, &v, 1);
}

void mmt_put_le16(struct mmt_buf *buf, uint16_t v)
{
	uint8_t b[2];

	mmt_set_le16(b, v);
	mmt_put(buf, b, sizeof(b));
}

void mmt_put_le32(struct mmt_buf *buf, uint32_t v)
{
	uint8_t b[4];

	mmt_set_le32(b, v);
	mmt_put(buf, b, sizeof(b));
}

void mmt_put_le64(struct mmt_buf *buf, uint64_t v)
{
	uint8_t b[8];

	mmt_set_le64(b, v);
	mmt_put(buf, b, sizeof(b));
}

void mmt_put_varint(struct mmt_buf *buf, uint64_t v)
{
	if (mmt_buf_reserve(buf, 10))
		buf->len = (size_t)(mmt_set_varint(buf->data + buf->len, v) - buf->data);
}

void mmt_put_tag(struct mmt_buf *buf, uint16_t tag, uint32_t len)
{
	mmt_put_le16(buf, tag);
	mmt_put_le32(buf, len);
}

void mmt_put_uint(struct mmt_buf *buf, uint16_t tag, uint64_t v, size_t size)
{
	uint8_t b[8];

	mmt_put_tag(buf, tag, (uint32_t)size);
	mmt_set_le64(b, v);
	mmt_put(buf, b, size);
}

size_t mmt_open_tag(struct mmt_buf *buf, uint16_t tag)
{
	mmt_put_tag(buf, tag, 0);
	return buf->len;
}

void mmt_close_tag(struct mmt_buf *buf, size_t at)
{
	if (!buf->failed)
		mmt_set_le32(buf->data + at - 4, (uint32_t)(buf->len - at));
}

const uint8_t *mmt_get(struct mmt_cursor *c, size_t len)
{
	const uint8_t *p = c->p;

	if (c->bad || mmt_left(c) < len) {
		c->bad = true;
		return NULL;
	}
	c->p += len;
	return p;
}

uint8_t mmt_get_u8(struct mmt_cursor *c)
{
	const uint8_t *p = mmt_get(c, 1);

	return p ? *p : 0;
}

uint16_t mmt_get_le16(struct mmt_cursor *c)
{
	const uint8_t *p = mmt_get(c, 2);

	return p ? mmt_le16(p) : 0;
}

uint32_t mmt_get_le32(struct mmt_cursor *c)
{
	const uint8_t *p = mmt_get(c, 4);

	return p ? mmt_le32(p) : 0;
}

uint64_t mmt_get_le64(struct mmt_cursor *c)
{
	const uint8_t *p = mmt_get(c, 8);

	return p ? mmt_le64(p) : 0;
}

uint64_t mmt_get_long_varint(struct mmt_cursor *c)
{
	const uint8_t *p = c->p;
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64 && !c->bad && p < c->end; shift += 7, p++) {
		/* The tenth byte has room for one bit. */
		if (shift == 63 && *p > 1)
			break;
		v |= (uint64_t)(*p & 0x7f) << shift;
		if (!(*p & 0x80)) {
			c->p = p + 1;
			return v;
		}
	}
	c->bad = true;
	return 0;
}

bool mmt_get_field(struct mmt_cursor *c, uint16_t *tag, struct mmt_cursor *value)
{
	const uint8_t *p;
	uint32_t len;

	if (c->bad || c->p == c->end)
		return false;
	*tag = mmt_get_le16(c);
	len = mmt_get_le32(c);
	p = mmt_get(c, len);
	if (!p)
		return false;
	*value = mmt_cursor(p, len);
	return true;
}

uint64_t mmt_get_uint(struct mmt_cursor *value)
{
	size_t len = mmt_left(value);
	uint8_t b[8] = {0};
	const uint8_t *p;

	if (len < 1 || len > 8) {
		value->bad = true;
		return 0;
	}
	p = mmt_get(value, len);
	if (!p)
		return 0;
	memcpy(b, p, len);
	return mmt_le64(b);
}
