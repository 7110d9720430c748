// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks BTF (linux/btf.h) front to back; it is asked a handful of questions per recording, so no index. */
#include "traces/record/host_btf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BTF_BYTES (64U << 20)

struct host_btf {
	unsigned char *data;
	size_t bytes;
	const unsigned char *types, *types_end;
	const char *strings;
	uint32_t strings_bytes;
};

/* The file says it is empty or is larger than fstat tells, depending on the kernel: read to its end. */
static int read_all(const char *path, struct host_btf *btf, struct mmr_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = 8U << 20;
	ssize_t n = 0;

	if (fd < 0)
		return mmr_err(err, -errno, "%s: %s", path, strerror(errno));
	btf->data = malloc(room);
	while (btf->data && (n = read(fd, btf->data + btf->bytes, room - btf->bytes)) > 0) {
		btf->bytes += (size_t)n;
		if (btf->bytes == room) {
			unsigned char *more = room < MAX_BTF_BYTES ? realloc(btf->data, room * 2) : NULL;

			if (!more)
				break;
			btf->data = more;
			room *= 2;
		}
	}
	if (n < 0)
		n = mmr_err(err, -errno, "%s: reading: %s", path, strerror(errno));
	else if (!btf->data || btf->bytes == room)
		n = mmr_err(err, -ENOMEM, "%s: no memory for it", path);
	close(fd);
	return (int)n;
}

static int check_header(const char *path, struct host_btf *btf, struct mmr_error *err)
{
	struct btf_header h;
	size_t rest;

	if (btf->bytes < sizeof(h))
		return mmr_err(err, -EINVAL, "%s: %zu bytes, expected a BTF header of %zu", path, btf->bytes,
			       sizeof(h));
	memcpy(&h, btf->data, sizeof(h));
	if (h.magic != BTF_MAGIC || h.version != BTF_VERSION)
		return mmr_err(err, -EINVAL, "%s: magic %#x version %u, expected %#x and %u", path, h.magic,
			       h.version, BTF_MAGIC, BTF_VERSION);
	if (h.hdr_len > btf->bytes)
		return mmr_err(err, -EINVAL, "%s: header of %u bytes in a file of %zu", path, h.hdr_len,
			       btf->bytes);
	rest = btf->bytes - h.hdr_len;
	if (h.type_off > rest || h.type_len > rest - h.type_off || h.str_off > rest ||
	    h.str_len > rest - h.str_off || !h.str_len || btf->data[h.hdr_len + h.str_off + h.str_len - 1])
		return mmr_err(err, -EINVAL, "%s: its types or strings lie outside the file's %zu bytes", path,
			       btf->bytes);
	btf->types = btf->data + h.hdr_len + h.type_off;
	btf->types_end = btf->types + h.type_len;
	btf->strings = (const char *)btf->data + h.hdr_len + h.str_off;
	btf->strings_bytes = h.str_len;
	return 0;
}

int host_btf_load(const char *path, struct host_btf **ret, struct mmr_error *err)
{
	struct host_btf *btf = calloc(1, sizeof(*btf));
	int rc;

	if (!btf)
		return mmr_err(err, -ENOMEM, "%s: no memory for it", path);
	rc = read_all(path, btf, err);
	if (!rc)
		rc = check_header(path, btf, err);
	if (rc) {
		host_btf_free(btf);
		return rc;
	}
	*ret = btf;
	return 0;
}

void host_btf_free(struct host_btf *btf)
{
	if (!btf)
		return;
	free(btf->data);
	free(btf);
}

static const char *string_at(const struct host_btf *btf, uint32_t offset)
{
	return offset < btf->strings_bytes ? btf->strings + offset : "";
}

/* Bytes that follow a type's common part, by kind. */
static size_t tail_bytes(uint32_t kind, uint32_t vlen)
{
	switch (kind) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return vlen * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return vlen * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return vlen * 3 * sizeof(uint32_t);
	case BTF_KIND_FUNC_PROTO:
		return vlen * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return vlen * sizeof(struct btf_var_secinfo);
	default:
		return 0;
	}
}

/* Steps to the next type; @pos starts as btf->types. Return: its tail, NULL at the end. */
static const unsigned char *next_type(const struct host_btf *btf, const unsigned char **pos,
				      struct btf_type *type)
{
	const unsigned char *tail;
	size_t bytes;

	if ((size_t)(btf->types_end - *pos) < sizeof(*type))
		return NULL;
	memcpy(type, *pos, sizeof(*type));
	tail = *pos + sizeof(*type);
	bytes = tail_bytes(BTF_INFO_KIND(type->info), BTF_INFO_VLEN(type->info));
	if ((size_t)(btf->types_end - tail) < bytes)
		return NULL;
	*pos = tail + bytes;
	return tail;
}

void host_btf_each_enumerator(const struct host_btf *btf, const char *enum_name, host_btf_fn fn, void *ctx)
{
	const unsigned char *pos = btf->types, *tail;
	struct btf_type type;

	while ((tail = next_type(btf, &pos, &type))) {
		if (BTF_INFO_KIND(type.info) != BTF_KIND_ENUM ||
		    (enum_name && strcmp(string_at(btf, type.name_off), enum_name)))
			continue;
		for (uint32_t i = 0; i < BTF_INFO_VLEN(type.info); i++) {
			struct btf_enum e;

			memcpy(&e, tail + i * sizeof(e), sizeof(e));
			fn(ctx, string_at(btf, e.name_off), e.val);
		}
	}
}

static const unsigned char *find_struct(const struct host_btf *btf, const char *name, struct btf_type *type)
{
	const unsigned char *pos = btf->types, *tail;

	while ((tail = next_type(btf, &pos, type)))
		if (BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT &&
		    !strcmp(string_at(btf, type->name_off), name))
			return tail;
	return NULL;
}

bool host_btf_each_member(const struct host_btf *btf, const char *name, host_btf_fn fn, void *ctx)
{
	struct btf_type type;
	const unsigned char *tail = find_struct(btf, name, &type);

	if (!tail)
		return false;
	for (uint32_t i = 0; i < BTF_INFO_VLEN(type.info); i++) {
		struct btf_member m;
		uint32_t bits;

		memcpy(&m, tail + i * sizeof(m), sizeof(m));
		bits = BTF_INFO_KFLAG(type.info) ? BTF_MEMBER_BIT_OFFSET(m.offset) : m.offset;
		fn(ctx, string_at(btf, m.name_off), bits / 8);
	}
	return true;
}

uint32_t host_btf_struct_bytes(const struct host_btf *btf, const char *name)
{
	struct btf_type type;

	return find_struct(btf, name, &type) ? type.size : 0;
}
