// SPDX-License-Identifier: GPL-2.0-or-later
/* Headers, checksums and compression of .mmt blocks. */
#include "traces/mmt_block.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>
#include <zstd.h>

void mmt_file_header_fill(uint8_t out[MMT_FILE_HEADER_BYTES])
{
	memset(out, 0, MMT_FILE_HEADER_BYTES);
	memcpy(out + MMT_FILE_MAGIC_AT, MMT_FILE_MAGIC, MMT_FILE_MAGIC_BYTES);
	mmt_set_le32(out + MMT_FILE_VERSION_AT, MMT_VERSION);
	mmt_set_le32(out + MMT_FILE_HEADER_LENGTH_AT, MMT_FILE_HEADER_BYTES);
	mmt_file_header_sum(out);
}

void mmt_file_header_sum(uint8_t header[MMT_FILE_HEADER_BYTES])
{
	mmt_set_le64(header + MMT_FILE_CHECKSUM_AT, XXH3_64bits(header, MMT_FILE_CHECKSUM_AT));
}

int mmt_file_header_check(const char *path, const uint8_t *data, size_t len, uint64_t *first_block,
			  struct mmr_error *err)
{
	uint64_t found, expected;
	uint32_t version, header;

	if (len < MMT_FILE_MAGIC_BYTES || memcmp(data, MMT_FILE_MAGIC, MMT_FILE_MAGIC_BYTES)) {
		char got[3 * MMT_FILE_MAGIC_BYTES + 1] = "nothing";

		for (size_t i = 0; i < len && i < MMT_FILE_MAGIC_BYTES; i++)
			snprintf(got + 3 * i, 4, "%02x ", data[i]);
		return mmr_err(err, -EINVAL,
			       "%s: byte 0: not an .mmt trace: found %s, expected 8d 4d 4d 54 0d 0a 1a 0a",
			       path, got);
	}
	if (len < MMT_FILE_HEADER_BYTES)
		return mmr_err(err, -EBADMSG, "%s: byte %zu: the file ends inside its header of %u bytes", path,
			       len, MMT_FILE_HEADER_BYTES);
	found = mmt_le64(data + MMT_FILE_CHECKSUM_AT);
	expected = XXH3_64bits(data, MMT_FILE_CHECKSUM_AT);
	version = mmt_le32(data + MMT_FILE_VERSION_AT);
	if (found != expected) {
		/* Where the version differs too, the header may be whole and of another kind. */
		char another[80] = "";

		if (version != MMT_VERSION)
			snprintf(another, sizeof(another),
				 " (it says format version %u, this build reads version %u)", version,
				 MMT_VERSION);
		return mmr_err(err, -EBADMSG,
			       "%s: byte %u: damaged file header%s: found checksum %016" PRIx64
			       ", expected %016" PRIx64,
			       path, MMT_FILE_CHECKSUM_AT, another, found, expected);
	}
	if (version != MMT_VERSION)
		return mmr_err(err, -ENOTSUP,
			       "%s: byte %u: found format version %u, this build reads version %u", path,
			       MMT_FILE_VERSION_AT, version, MMT_VERSION);
	header = mmt_le32(data + MMT_FILE_HEADER_LENGTH_AT);
	if (header < MMT_FILE_HEADER_BYTES)
		return mmr_err(err, -EBADMSG, "%s: byte %u: found header length %u, expected at least %u", path,
			       MMT_FILE_HEADER_LENGTH_AT, header, MMT_FILE_HEADER_BYTES);
	*first_block = header;
	return 0;
}

void mmt_block_header_fill(const struct mmt_block *b, uint8_t out[MMT_BLOCK_HEADER_BYTES])
{
	mmt_set_le32(out + MMT_BLOCK_MAGIC_AT, MMT_BLOCK_MAGIC);
	mmt_set_le16(out + MMT_BLOCK_TYPE_AT, b->type);
	mmt_set_le16(out + MMT_BLOCK_FLAGS_AT, b->flags);
	mmt_set_le32(out + MMT_BLOCK_SEQ_AT, b->seq);
	mmt_set_le32(out + MMT_BLOCK_CPU_AT, b->cpu);
	mmt_set_le32(out + MMT_BLOCK_RAW_AT, b->raw);
	mmt_set_le32(out + MMT_BLOCK_STORED_AT, b->stored);
	mmt_set_le32(out + MMT_BLOCK_COUNT_AT, b->count);
	mmt_set_le32(out + MMT_BLOCK_RESERVED_AT, 0);
	mmt_set_le64(out + MMT_BLOCK_FIRST_AT, b->first_ns);
	mmt_set_le64(out + MMT_BLOCK_LAST_AT, b->last_ns);
	mmt_set_le64(out + MMT_BLOCK_PAYLOAD_SUM_AT, b->payload_sum);
	mmt_set_le64(out + MMT_BLOCK_HEADER_SUM_AT, XXH3_64bits(out, MMT_BLOCK_HEADER_SUM_AT));
}

void mmt_block_header_read(const uint8_t *p, uint64_t offset, struct mmt_block *ret, uint64_t *found,
			   uint64_t *expected)
{
	*found = mmt_le64(p + MMT_BLOCK_HEADER_SUM_AT);
	*expected = XXH3_64bits(p, MMT_BLOCK_HEADER_SUM_AT);
	*ret = (struct mmt_block){
		.offset = offset,
		.type = mmt_le16(p + MMT_BLOCK_TYPE_AT),
		.flags = mmt_le16(p + MMT_BLOCK_FLAGS_AT),
		.seq = mmt_le32(p + MMT_BLOCK_SEQ_AT),
		.cpu = mmt_le32(p + MMT_BLOCK_CPU_AT),
		.raw = mmt_le32(p + MMT_BLOCK_RAW_AT),
		.stored = mmt_le32(p + MMT_BLOCK_STORED_AT),
		.count = mmt_le32(p + MMT_BLOCK_COUNT_AT),
		.first_ns = mmt_le64(p + MMT_BLOCK_FIRST_AT),
		.last_ns = mmt_le64(p + MMT_BLOCK_LAST_AT),
		.payload_sum = mmt_le64(p + MMT_BLOCK_PAYLOAD_SUM_AT),
	};
}

enum mmt_block_status mmt_block_parse(const uint8_t *file, uint64_t size, uint64_t offset,
				      struct mmt_block *ret, uint64_t *found, uint64_t *expected)
{
	uint64_t left = offset < size ? size - offset : 0;
	uint8_t magic[4];
	size_t seen = left < 4 ? left : 4;

	*found = *expected = 0;
	if (!left)
		return MMT_BLOCK_CUT;
	mmt_set_le32(magic, MMT_BLOCK_MAGIC);
	if (memcmp(file + offset, magic, seen))
		return MMT_BLOCK_NO_MAGIC;
	if (left < MMT_BLOCK_HEADER_BYTES)
		return MMT_BLOCK_CUT;
	mmt_block_header_read(file + offset, offset, ret, found, expected);
	if (*found != *expected)
		return MMT_BLOCK_BAD_HEADER;
	return left - MMT_BLOCK_HEADER_BYTES < ret->stored ? MMT_BLOCK_CUT : MMT_BLOCK_GOOD;
}

int mmt_block_verify(const char *path, const uint8_t *file, const struct mmt_block *b, struct mmr_error *err)
{
	uint64_t computed = XXH3_64bits(file + b->offset + MMT_BLOCK_HEADER_BYTES, b->stored);

	if (computed == b->payload_sum)
		return 0;
	return mmr_err(err, -EBADMSG,
		       "%s: byte %" PRIu64 ": damaged %s block %u: its %u bytes have checksum %016" PRIx64
		       ", expected %016" PRIx64,
		       path, b->offset + MMT_BLOCK_HEADER_BYTES, mmt_block_type_name(b->type), b->seq,
		       b->stored, computed, b->payload_sum);
}

int mmt_block_malformed(const char *path, const struct mmt_block *b, const char *what, struct mmr_error *err)
{
	return mmr_err(err, -EBADMSG, "%s: byte %" PRIu64 ": malformed %s block %u: %s", path, b->offset,
		       mmt_block_type_name(b->type), b->seq, what);
}

int mmt_block_expand(const char *path, const uint8_t *file, const struct mmt_block *b, struct mmt_buf *scratch,
		     struct mmt_cursor *ret, struct mmr_error *err)
{
	const uint8_t *payload = file + b->offset + MMT_BLOCK_HEADER_BYTES;
	size_t n;
	int rc;

	rc = mmt_block_verify(path, file, b, err);
	if (rc)
		return rc;
	if (b->raw > MMT_MAX_RAW_BYTES)
		return mmt_block_malformed(path, b, "its expanded length is above the limit of 256 MiB", err);
	if (!(b->flags & MMT_BLOCK_ZSTD)) {
		if (b->raw != b->stored)
			return mmt_block_malformed(path, b, "not compressed, yet its two lengths differ", err);
		*ret = mmt_cursor(payload, b->stored);
		return 0;
	}
	scratch->len = 0;
	if (!mmt_buf_reserve(scratch, b->raw))
		return mmr_err(err, -ENOMEM, "%s: byte %" PRIu64 ": no memory for a block of %u bytes", path,
			       b->offset, b->raw);
	n = ZSTD_decompress(scratch->data, b->raw, payload, b->stored);
	if (ZSTD_isError(n) || n != b->raw)
		return mmt_block_malformed(
			path, b, ZSTD_isError(n) ? ZSTD_getErrorName(n) : "expanded length differs", err);
	*ret = mmt_cursor(scratch->data, b->raw);
	return 0;
}

const char *mmt_block_type_name(uint16_t type)
{
	static const char *const names[] = {
		[MMT_MACHINE] = "machine",   [MMT_EVENTS] = "events", [MMT_TASKS] = "tasks",
		[MMT_KEYFRAME] = "keyframe", [MMT_LOSS] = "loss",     [MMT_INDEX] = "index",
		[MMT_END] = "end",
	};

	return type < sizeof(names) / sizeof(names[0]) && names[type] ? names[type] : "unknown";
}
