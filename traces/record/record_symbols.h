/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's functions by address, as /proc/kallsyms lists them. */
#ifndef MMR_TRACES_RECORD_SYMBOLS_H
#define MMR_TRACES_RECORD_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

struct record_symbols;

/**
 * record_symbols_create - read the list
 * @path: "/proc/kallsyms"; where it cannot be read, or hides the addresses, nothing has a name
 * Return: 0; -ENOMEM
 */
int record_symbols_create(const char *path, struct record_symbols **ret, struct mmr_error *err);
void record_symbols_destroy(struct record_symbols *symbols);

/** record_symbols_name - the function that @address lies in, and how far in it; NULL where none is known */
const char *record_symbols_name(const struct record_symbols *symbols, uint64_t address, uint64_t *offset);

/**
 * record_symbols_function - the function @name in the list at @path, under whatever name the compiler gave it
 *
 * A compiler that finds an argument to be the same in all calls makes "name.constprop.0" of it, which has the
 * other arguments as they were.
 *
 * Return: false where the list has none, or several: some calls would be missed.
 */
bool record_symbols_function(const char *path, const char *name, char *ret, size_t size);

#endif
