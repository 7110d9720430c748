// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * State files. Little-endian:
 *
 *	8 bytes magic, u32 version, u32 0
 *	pieces: u32 raw bytes (1 ..), u32 stored bytes, u64 xxh3-64 of the stored bytes, one zstd frame
 *	end: u32 0, u32 0, u64 xxh3-64 of all raw bytes
 *
 * What the raw bytes mean is core/state.h's business.
 */
#include "replay/engine/start_file.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "core/state.h"

#define MAGIC        "\x8dMMS\r\n\x1a\n"
#define MAGIC_BYTES  8
#define VERSION      1u
#define HEADER_BYTES 16
#define PIECE_BYTES  (256u << 10)
#define ZSTD_LEVEL   3

static void put_u32(uint8_t *bytes, uint32_t value)
{
	value = htole32(value);
	memcpy(bytes, &value, sizeof(value));
}

static void put_u64(uint8_t *bytes, uint64_t value)
{
	value = htole64(value);
	memcpy(bytes, &value, sizeof(value));
}

static uint32_t get_u32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return le32toh(value);
}

static uint64_t get_u64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return le64toh(value);
}

/* struct state_file - one file being written or read; both buffers are of one piece */
struct state_file {
	const char *path;
	FILE *file;
	uint8_t *raw, *stored;
	size_t nr_raw, raw_at, stored_max;
	XXH3_state_t *sum;
	struct mmr_error *err;
};

static int init_buffers(struct state_file *f)
{
	f->stored_max = ZSTD_compressBound(PIECE_BYTES);
	f->raw = malloc(PIECE_BYTES);
	f->stored = malloc(f->stored_max);
	f->sum = XXH3_createState();
	if (!f->raw || !f->stored || !f->sum)
		return mmr_err(f->err, -ENOMEM, "%s: no memory for a state", f->path);
	XXH3_64bits_reset(f->sum);
	return 0;
}

static void deinit_buffers(struct state_file *f)
{
	free(f->raw);
	free(f->stored);
	XXH3_freeState(f->sum);
}

/* ---- writing --------------------------------------------------------------------------------- */

static int write_bytes(struct state_file *f, const void *bytes, size_t nr)
{
	errno = 0;
	if (fwrite(bytes, 1, nr, f->file) == nr)
		return 0;
	return mmr_err(f->err, errno ? -errno : -EIO, "%s: cannot write: %s", f->path,
		       strerror(errno ? errno : EIO));
}

static int write_piece(struct state_file *f)
{
	uint8_t head[16];
	size_t nr = ZSTD_compress(f->stored, f->stored_max, f->raw, f->nr_raw, ZSTD_LEVEL);
	int rc;

	if (ZSTD_isError(nr))
		return mmr_err(f->err, -ENOMEM, "%s: cannot compress: %s", f->path, ZSTD_getErrorName(nr));
	XXH3_64bits_update(f->sum, f->raw, f->nr_raw);
	put_u32(head, (uint32_t)f->nr_raw);
	put_u32(head + 4, (uint32_t)nr);
	put_u64(head + 8, XXH3_64bits(f->stored, nr));
	f->nr_raw = 0;
	rc = write_bytes(f, head, sizeof(head));
	return rc ? rc : write_bytes(f, f->stored, nr);
}

static int put_raw(void *ctx, const uint8_t *bytes, size_t nr)
{
	struct state_file *f = ctx;

	while (nr) {
		size_t room = PIECE_BYTES - f->nr_raw, take = nr < room ? nr : room;

		memcpy(f->raw + f->nr_raw, bytes, take);
		f->nr_raw += take;
		bytes += take;
		nr -= take;
		if (f->nr_raw == PIECE_BYTES) {
			int rc = write_piece(f);

			if (rc)
				return rc;
		}
	}
	return 0;
}

static int write_all(struct state_file *f, const struct mmr_machine *core, uint64_t *checksum)
{
	uint8_t head[HEADER_BYTES] = MAGIC, end[16] = {0};
	uint64_t sum;
	int rc = init_buffers(f);

	put_u32(head + 8, VERSION);
	rc = rc ? rc : write_bytes(f, head, sizeof(head));
	rc = rc ? rc : mmr_state_save(core, put_raw, f);
	if (!rc && f->nr_raw)
		rc = write_piece(f);
	if (rc)
		return rc;
	sum = XXH3_64bits_digest(f->sum);
	put_u64(end + 8, sum);
	if (checksum)
		*checksum = sum;
	return write_bytes(f, end, sizeof(end));
}

/* Beside the file, under a name of its own, then renamed: a reader sees all of it or none. What is there and no
 * file, as /dev/stdout, is written into and not replaced. */
int start_save(const char *path, const struct mmr_machine *core, uint64_t *checksum, struct mmr_error *err)
{
	struct state_file f = {.path = path, .err = err};
	size_t size = strlen(path) + 24;
	char *beside = malloc(size);
	struct stat st;
	bool replaced = lstat(path, &st) || S_ISREG(st.st_mode);
	int rc;

	if (!beside)
		return mmr_err(err, -ENOMEM, "%s: no memory for a state", path);
	snprintf(beside, size, "%s.%ld.tmp", path, (long)getpid());
	if (!replaced)
		strcpy(beside, path);
	f.file = fopen(beside, "wbe");
	if (!f.file) {
		rc = mmr_err(err, -errno, "%s: cannot write: %s", path, strerror(errno));
		free(beside);
		return rc;
	}
	rc = write_all(&f, core, checksum);
	errno = 0;
	if (fclose(f.file) && !rc)
		rc = mmr_err(err, errno ? -errno : -EIO, "%s: cannot write: %s", path,
			     strerror(errno ? errno : EIO));
	if (!rc && replaced && rename(beside, path))
		rc = mmr_err(err, -errno, "%s: cannot write: %s", path, strerror(errno));
	if (rc && replaced)
		unlink(beside);
	deinit_buffers(&f);
	free(beside);
	return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int damaged(struct state_file *f, const char *what)
{
	return mmr_err(f->err, -EBADMSG, "%s: byte %ld: %s", f->path, ftell(f->file), what);
}

static int read_bytes(struct state_file *f, void *bytes, size_t nr)
{
	if (fread(bytes, 1, nr, f->file) == nr)
		return 0;
	if (ferror(f->file))
		return mmr_err(f->err, -EIO, "%s: cannot read: %s", f->path, strerror(EIO));
	return damaged(f, "the file ends here, expected more of the state: it was cut short");
}

/* Return: 0, with nothing in @f->raw at the end; -EBADMSG. */
static int read_piece(struct state_file *f)
{
	uint8_t head[16];
	uint32_t raw, stored;
	size_t got;
	int rc = read_bytes(f, head, sizeof(head));

	if (rc)
		return rc;
	raw = get_u32(head);
	stored = get_u32(head + 4);
	f->raw_at = f->nr_raw = 0;
	if (!raw) {
		if (stored || get_u64(head + 8) != XXH3_64bits_digest(f->sum))
			return damaged(f, "the state's checksum differs: it is damaged");
		return 0;
	}
	if (raw > PIECE_BYTES || stored > f->stored_max)
		return damaged(f, "a piece of an impossible length: the file is damaged");
	rc = read_bytes(f, f->stored, stored);
	if (rc)
		return rc;
	if (XXH3_64bits(f->stored, stored) != get_u64(head + 8))
		return damaged(f, "a piece's checksum differs: the file is damaged");
	got = ZSTD_decompress(f->raw, PIECE_BYTES, f->stored, stored);
	if (ZSTD_isError(got) || got != raw)
		return damaged(f, "a piece that does not expand: the file is damaged");
	XXH3_64bits_update(f->sum, f->raw, got);
	f->nr_raw = got;
	return 0;
}

static ssize_t get_raw(void *ctx, uint8_t *bytes, size_t nr)
{
	struct state_file *f = ctx;

	if (f->raw_at == f->nr_raw) {
		int rc = read_piece(f);

		if (rc)
			return rc;
	}
	nr = nr < f->nr_raw - f->raw_at ? nr : f->nr_raw - f->raw_at;
	memcpy(bytes, f->raw + f->raw_at, nr);
	f->raw_at += nr;
	return (ssize_t)nr;
}

static int read_header(struct state_file *f)
{
	uint8_t head[HEADER_BYTES];

	if (fread(head, 1, sizeof(head), f->file) != sizeof(head) || memcmp(head, MAGIC, MAGIC_BYTES) != 0)
		return mmr_err(f->err, -EINVAL, "%s: not a saved state, expected a file of --save-state",
			       f->path);
	if (get_u32(head + 8) != VERSION)
		return mmr_err(f->err, -EINVAL, "%s: byte 8: state file of version %u, this build reads %u",
			       f->path, get_u32(head + 8), VERSION);
	return 0;
}

int start_load(const char *path, struct mmr_machine *core, uint64_t *checksum, struct mmr_error *err)
{
	struct mmr_error why = {0};
	struct state_file f = {.path = path, .file = fopen(path, "rbe"), .err = err};
	int rc;

	if (!f.file)
		return mmr_err(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	rc = read_header(&f);
	rc = rc ? rc : init_buffers(&f);
	if (!rc) {
		rc = mmr_state_load(core, get_raw, &f, &why);
		/* What the file itself had to say stands in @err already. */
		if (rc && why.msg[0])
			mmr_err(err, rc, "%s: %s", path, why.msg);
	}
	/* Behind the state there must be the end mark, and nothing. */
	if (!rc && f.raw_at == f.nr_raw)
		rc = read_piece(&f);
	if (!rc && (f.raw_at != f.nr_raw || fgetc(f.file) != EOF))
		rc = damaged(&f, "something stands behind the state: the file is damaged");
	if (!rc && checksum)
		*checksum = XXH3_64bits_digest(f.sum);
	fclose(f.file);
	deinit_buffers(&f);
	return rc;
}

bool start_is_file(const char *path)
{
	char magic[MAGIC_BYTES];
	FILE *file = fopen(path, "rbe");
	bool is = file && fread(magic, 1, sizeof(magic), file) == sizeof(magic) &&
		  memcmp(magic, MAGIC, MAGIC_BYTES) == 0;

	if (file)
		fclose(file);
	return is;
}
