/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes of a .mmt file: little-endian integers, varints, a growing buffer to write into and a
 * bounded cursor to read from. Both remember a failure, so that callers check once at the end.
 */
#ifndef MMR_TRACES_MMT_BYTES_H
#define MMR_TRACES_MMT_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t mmt_le16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static inline uint32_t mmt_le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t mmt_le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline void mmt_set_le16(uint8_t *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void mmt_set_le32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void mmt_set_le64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

/* Small numbers of either sign become small numbers: 0, -1, 1, -2 -> 0, 1, 2, 3. */
static inline uint64_t mmt_zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t mmt_unzigzag(uint64_t v)
{
	return (int64_t)((v >> 1) ^ (0 - (v & 1)));
}

/**
 * struct mmt_buf - bytes being put together
 * @failed: a put found no memory; @data is then incomplete and must not be used
 */
struct mmt_buf {
	uint8_t *data;
	size_t len, cap;
	bool failed;
};

void mmt_buf_deinit(struct mmt_buf *buf);
/** mmt_buf_reserve - room for @more bytes behind @len; false (and @failed) where there is no memory */
bool mmt_buf_reserve(struct mmt_buf *buf, size_t more);
void mmt_put(struct mmt_buf *buf, const void *data, size_t len);
void mmt_put_u8(struct mmt_buf *buf, uint8_t v);
void mmt_put_le16(struct mmt_buf *buf, uint16_t v);
void mmt_put_le32(struct mmt_buf *buf, uint32_t v);
void mmt_put_le64(struct mmt_buf *buf, uint64_t v);
/** mmt_put_varint - seven bits a byte, low ones first, top bit set on all but the last */
void mmt_put_varint(struct mmt_buf *buf, uint64_t v);
/** mmt_set_varint - the same into room for ten bytes; returns where it ends */
static inline uint8_t *mmt_set_varint(uint8_t *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}
/** mmt_put_tag - head of a tagged field: u16 tag, u32 length of the value that follows */
void mmt_put_tag(struct mmt_buf *buf, uint16_t tag, uint32_t len);
/** mmt_put_uint - a tagged integer of @size bytes (1, 2, 4 or 8) */
void mmt_put_uint(struct mmt_buf *buf, uint16_t tag, uint64_t v, size_t size);
/** mmt_open_tag - head of a field whose length is not known yet; mmt_close_tag() fills it in */
size_t mmt_open_tag(struct mmt_buf *buf, uint16_t tag);
void mmt_close_tag(struct mmt_buf *buf, size_t at);

/**
 * struct mmt_cursor - bytes being taken apart
 * @bad: a get ran past the end or met an impossible number; it and all later ones gave 0
 */
struct mmt_cursor {
	const uint8_t *p, *end;
	bool bad;
};

static inline struct mmt_cursor mmt_cursor(const void *data, size_t len)
{
	return (struct mmt_cursor){.p = data, .end = (const uint8_t *)data + len};
}

static inline size_t mmt_left(const struct mmt_cursor *c)
{
	return (size_t)(c->end - c->p);
}

/** mmt_get - the next @len bytes, NULL (and @bad) where there are fewer */
const uint8_t *mmt_get(struct mmt_cursor *c, size_t len);
uint8_t mmt_get_u8(struct mmt_cursor *c);
uint16_t mmt_get_le16(struct mmt_cursor *c);
uint32_t mmt_get_le32(struct mmt_cursor *c);
uint64_t mmt_get_le64(struct mmt_cursor *c);
uint64_t mmt_get_long_varint(struct mmt_cursor *c);
/* Up to four bytes, by far the most frequent lengths, are taken from one load without a loop. */
static inline uint64_t mmt_get_varint(struct mmt_cursor *c)
{
	if (__builtin_expect(mmt_left(c) >= 4 && !c->bad, 1)) {
		uint32_t x = mmt_le32(c->p), stop = ~x & 0x80808080u;

		if (__builtin_expect(stop != 0, 1)) {
			x &= stop ^ (stop - 1); /* nothing above the byte that ends it */
			c->p += ((unsigned int)__builtin_ctz(stop) >> 3) + 1;
			return (x & 0x7f) | (x >> 1 & 0x3f80) | (x >> 2 & 0x1fc000) | (x >> 3 & 0xfe00000);
		}
	}
	return mmt_get_long_varint(c);
}
/** mmt_get_field - the next tagged field's value as a cursor of its own; false at the end or where bad */
bool mmt_get_field(struct mmt_cursor *c, uint16_t *tag, struct mmt_cursor *value);
/** mmt_get_uint - an integer as long as the field is (1 to 8 bytes) */
uint64_t mmt_get_uint(struct mmt_cursor *value);

#endif
