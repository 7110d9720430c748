/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One block of a .mmt file: its header, its checksums, its compression. */
#ifndef MMR_TRACES_MMT_BLOCK_H
#define MMR_TRACES_MMT_BLOCK_H

#include "core/error.h"
#include "traces/format.h"
#include "traces/mmt_bytes.h"

/** struct mmt_block - a block's header in memory; @offset is where the header starts in the file */
struct mmt_block {
	uint64_t offset;
	uint16_t type, flags;
	uint32_t seq, cpu, raw, stored, count;
	uint64_t first_ns, last_ns;
	uint64_t payload_sum;
};

enum mmt_block_status {
	MMT_BLOCK_GOOD,
	MMT_BLOCK_NO_MAGIC,
	MMT_BLOCK_BAD_HEADER, /* magic, but the header's checksum is wrong */
	MMT_BLOCK_CUT, /* fewer bytes than the header or the payload needs */
};

/** mmt_file_header_fill - the 32 bytes a file starts with */
void mmt_file_header_fill(uint8_t out[MMT_FILE_HEADER_BYTES]);
/** mmt_file_header_sum - put the checksum of the bytes before it in its place */
void mmt_file_header_sum(uint8_t header[MMT_FILE_HEADER_BYTES]);

/**
 * mmt_file_header_check - is this a trace this build reads?
 * @first_block: where the first block starts
 * Return: 0; -EINVAL not a trace; -EBADMSG damaged; -ENOTSUP another version
 */
int mmt_file_header_check(const char *path, const uint8_t *data, size_t len, uint64_t *first_block,
			  struct mmr_error *err);

/** mmt_block_header_fill - bytes of @b's header, checksum included */
void mmt_block_header_fill(const struct mmt_block *b, uint8_t out[MMT_BLOCK_HEADER_BYTES]);

/** mmt_block_header_read - take 64 bytes apart; the checksum in them and the one they should have */
void mmt_block_header_read(const uint8_t *p, uint64_t offset, struct mmt_block *ret, uint64_t *found,
			   uint64_t *expected);

/**
 * mmt_block_parse - the header at @offset of a file of @size bytes
 * @ret: filled where the header's checksum holds (GOOD, and CUT with a whole header)
 * @found, @expected: the two header checksums where there are 64 bytes, for the message
 */
enum mmt_block_status mmt_block_parse(const uint8_t *file, uint64_t size, uint64_t offset,
				      struct mmt_block *ret, uint64_t *found, uint64_t *expected);

/** mmt_block_end - where the next block starts */
static inline uint64_t mmt_block_end(const struct mmt_block *b)
{
	return b->offset + MMT_BLOCK_HEADER_BYTES + b->stored;
}

/** mmt_block_verify - the payload's checksum; -EBADMSG with a message naming place and both sums */
int mmt_block_verify(const char *path, const uint8_t *file, const struct mmt_block *b, struct mmr_error *err);

/**
 * mmt_block_expand - the payload as its writer put it together; the checksum is verified first
 * @scratch: holds the bytes where they had to be decompressed
 * @ret: valid until @scratch or the file goes away
 */
int mmt_block_expand(const char *path, const uint8_t *file, const struct mmt_block *b, struct mmt_buf *scratch,
		     struct mmt_cursor *ret, struct mmr_error *err);

/** mmt_block_malformed - the error for a payload whose checksum holds and whose content cannot be */
int mmt_block_malformed(const char *path, const struct mmt_block *b, const char *what, struct mmr_error *err);

/** mmt_block_type_name - "events", …; "unknown" for types of later versions */
const char *mmt_block_type_name(uint16_t type);

#endif
