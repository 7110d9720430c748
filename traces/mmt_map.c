// SPDX-License-Identifier: GPL-2.0-or-later
/* Mapping a .mmt file and finding its blocks. */
#include "traces/mmt_map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "traces/mmt_payload.h"

static int map_file(struct mmt_map *map, int fd, struct mmr_error *err)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return mmr_err(err, -errno, "%s: cannot be examined: %s", map->path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return mmr_err(err, -EISDIR, "%s: found a directory, expected an .mmt trace", map->path);
	if (!S_ISREG(st.st_mode))
		return mmr_err(err, -ESPIPE, "%s: found a pipe or device, expected a file that can be mapped",
			       map->path);
	map->size = (uint64_t)st.st_size;
	if (!map->size)
		return mmr_err(err, -EINVAL, "%s: byte 0: not an .mmt trace: the file is empty", map->path);
	p = mmap(NULL, map->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return mmr_err(err, -errno, "%s: cannot be mapped: %s", map->path, strerror(errno));
	map->data = p;
	return mmt_file_header_check(map->path, map->data, map->size, &map->first_block, err);
}

int mmt_map_open(struct mmt_map *map, const char *path, struct mmr_error *err)
{
	int fd, rc;

	*map = (struct mmt_map){0};
	map->path = strdup(path);
	if (!map->path)
		return mmr_err(err, -ENOMEM, "%s: no memory to open it", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return mmr_err(err, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	rc = map_file(map, fd, err);
	close(fd);
	return rc;
}

static void forget_blocks(struct mmt_map *map)
{
	for (uint32_t i = 0; i < map->nr_gaps; i++)
		free(map->gaps[i].what);
	free(map->gaps);
	free(map->blocks);
	map->gaps = NULL;
	map->blocks = NULL;
	map->nr_gaps = map->nr_blocks = 0;
}

void mmt_map_close(struct mmt_map *map)
{
	forget_blocks(map);
	if (map->data)
		munmap((void *)(uintptr_t)map->data, map->size);
	free(map->path);
	*map = (struct mmt_map){0};
}

static bool add_block(struct mmt_map *map, const struct mmt_block *b)
{
	if (!mmt_grow((void **)&map->blocks, map->nr_blocks, sizeof(*map->blocks)))
		return false;
	map->blocks[map->nr_blocks++] = *b;
	return true;
}

/* Entries: every block up to the index, without a hole, each with a header whose checksum holds. */
static bool load_entries(struct mmt_map *map, struct mmt_cursor *c)
{
	uint64_t offset = map->first_block;

	for (uint32_t i = 0; i < map->index.count; i++) {
		const uint8_t *entry = mmt_get(c, MMT_INDEX_ENTRY_BYTES);
		uint64_t found, expected;
		struct mmt_block b;

		if (!entry)
			return false;
		mmt_block_header_read(entry + 8, mmt_le64(entry), &b, &found, &expected);
		if (found != expected || b.offset != offset || b.seq != i)
			return false;
		offset = mmt_block_end(&b);
		if (offset > map->index_offset || !add_block(map, &b))
			return false;
	}
	return offset == map->index_offset && !mmt_left(c);
}

/* The END block, where the file ends with a whole one. */
static bool find_end(struct mmt_map *map)
{
	const uint64_t length = MMT_BLOCK_HEADER_BYTES + MMT_END_BYTES;
	uint64_t found, expected, at;
	struct mmt_block end;

	if (map->size < map->first_block + length)
		return false;
	at = map->size - length;
	if (mmt_block_parse(map->data, map->size, at, &end, &found, &expected) != MMT_BLOCK_GOOD)
		return false;
	if (end.type != MMT_END || end.stored != MMT_END_BYTES || end.flags ||
	    mmt_block_verify(map->path, map->data, &end, NULL))
		return false;
	map->index_offset = mmt_le64(map->data + at + MMT_BLOCK_HEADER_BYTES);
	return true;
}

bool mmt_map_load_index(struct mmt_map *map)
{
	struct mmt_buf scratch = {0};
	struct mmt_cursor c;
	uint64_t found, expected, nr_types;
	bool good = false;

	map->complete = find_end(map);
	if (!map->complete || map->index_offset < map->first_block ||
	    mmt_block_parse(map->data, map->size, map->index_offset, &map->index, &found, &expected) !=
		    MMT_BLOCK_GOOD ||
	    map->index.type != MMT_INDEX ||
	    mmt_block_expand(map->path, map->data, &map->index, &scratch, &c, NULL))
		goto out;
	nr_types = mmt_get_varint(&c);
	if (nr_types > 256)
		goto out;
	for (uint64_t i = 0; i < nr_types; i++)
		map->events[i] = mmt_get_le64(&c);
	good = !c.bad && load_entries(map, &c);
	if (!good)
		forget_blocks(map);
out:
	map->has_index = good;
	mmt_buf_deinit(&scratch);
	return good;
}

__attribute__((format(printf, 4, 5))) static int add_gap(struct mmt_map *map, uint64_t offset, uint64_t length,
							 const char *fmt, ...)
{
	char text[400];
	char *what;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!mmt_grow((void **)&map->gaps, map->nr_gaps, sizeof(*map->gaps)))
		return -ENOMEM;
	if (asprintf(&what, "%s: byte %" PRIu64 ": %s", map->path, offset, text) < 0)
		return -ENOMEM;
	map->gaps[map->nr_gaps++] = (struct mmt_gap){offset, length, what};
	return 0;
}

/* The next place from @offset on with a whole block; the file's size where there is none. */
static uint64_t find_block(const struct mmt_map *map, uint64_t offset)
{
	uint8_t magic[4];

	mmt_set_le32(magic, MMT_BLOCK_MAGIC);
	while (offset < map->size) {
		const uint8_t *p = memmem(map->data + offset, map->size - offset, magic, sizeof(magic));
		uint64_t found, expected;
		struct mmt_block b;

		if (!p)
			break;
		offset = (uint64_t)(p - map->data);
		if (mmt_block_parse(map->data, map->size, offset, &b, &found, &expected) == MMT_BLOCK_GOOD)
			return offset;
		offset++;
	}
	return map->size;
}

static int scan_gap(struct mmt_map *map, uint64_t offset, enum mmt_block_status status, uint64_t next,
		    uint64_t found, uint64_t expected)
{
	uint64_t length = next - offset;

	if (next == map->size) {
		map->truncated = length;
		if (status == MMT_BLOCK_CUT)
			return 0; /* only cut short: nothing wrong with what is there */
	}
	if (status == MMT_BLOCK_BAD_HEADER)
		return add_gap(map, offset, length,
			       "damaged block header: found checksum %016" PRIx64 ", expected %016" PRIx64
			       "; %" PRIu64 " bytes passed over",
			       found, expected, length);
	if (status == MMT_BLOCK_CUT)
		return add_gap(map, offset, length,
			       "a block that ends inside the next one; %" PRIu64 " bytes passed over", length);
	return add_gap(map, offset, length, "found no block, expected one; %" PRIu64 " bytes passed over",
		       length);
}

/* A good block: it is the one expected, or some before it are missing. */
static int scan_block(struct mmt_map *map, const struct mmt_block *b, uint64_t *seq, bool after_gap)
{
	if (b->seq != *seq && !(after_gap && b->seq > *seq)) {
		int rc = add_gap(map, b->offset, 0, "found block number %u, expected %" PRIu64, b->seq, *seq);

		if (rc)
			return rc;
	}
	*seq = (uint64_t)b->seq + 1;
	if (b->type == MMT_END) {
		map->complete = b->stored == MMT_END_BYTES && !mmt_block_verify(map->path, map->data, b, NULL);
		if (map->complete)
			map->index_offset = mmt_le64(map->data + b->offset + MMT_BLOCK_HEADER_BYTES);
		return 0;
	}
	if (b->type == MMT_INDEX) {
		map->index = *b;
		map->has_index = true;
		return 0;
	}
	return add_block(map, b) ? 0 : -ENOMEM;
}

int mmt_map_scan(struct mmt_map *map, struct mmr_error *err)
{
	uint64_t offset = map->first_block, seq = 0;
	bool after_gap = false;
	int rc = 0;

	forget_blocks(map);
	map->recovered = true;
	map->has_index = false;
	map->truncated = 0;
	map->complete = find_end(map);
	while (!rc && offset < map->size) {
		uint64_t found, expected, next;
		struct mmt_block b;
		enum mmt_block_status status =
			mmt_block_parse(map->data, map->size, offset, &b, &found, &expected);

		if (status == MMT_BLOCK_GOOD) {
			rc = scan_block(map, &b, &seq, after_gap);
			next = mmt_block_end(&b);
		} else {
			next = find_block(map, offset + 1);
			rc = scan_gap(map, offset, status, next, found, expected);
		}
		after_gap = status != MMT_BLOCK_GOOD;
		offset = next;
	}
	return rc ? mmr_err(err, rc, "%s: no memory for the list of its blocks", map->path) : 0;
}
