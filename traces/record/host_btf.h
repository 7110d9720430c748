/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running kernel's BTF says: values of enums, members and sizes of structs. A few hundred
 * lines of reading a file whose layout is a user interface, so that describing a host needs no libbpf.
 */
#ifndef MMR_TRACES_HOST_BTF_H
#define MMR_TRACES_HOST_BTF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

#define HOST_BTF_PATH "/sys/kernel/btf/vmlinux"

struct host_btf;

/**
 * host_btf_load - read and check the BTF in @path
 * Return: 0; -errno of the system; -EINVAL where the file is no BTF
 */
int host_btf_load(const char *path, struct host_btf **ret, struct mmr_error *err);
void host_btf_free(struct host_btf *btf);

/** host_btf_fn - one enumerator or member; @name is valid until host_btf_free() */
typedef void (*host_btf_fn)(void *ctx, const char *name, int64_t value);

/** host_btf_each_enumerator - of every enum named @enum_name; of anonymous ones too where it is NULL */
void host_btf_each_enumerator(const struct host_btf *btf, const char *enum_name, host_btf_fn fn, void *ctx);
/**
 * host_btf_each_member - members of struct @name in order; @value is the offset in bytes
 * Return: false where there is no such struct
 */
bool host_btf_each_member(const struct host_btf *btf, const char *name, host_btf_fn fn, void *ctx);
/** host_btf_struct_bytes - sizeof struct @name, 0 where there is none */
uint32_t host_btf_struct_bytes(const struct host_btf *btf, const char *name);

#endif
