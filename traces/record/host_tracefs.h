/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads tracefs: where it is, tracepoint numbers, and the flag names in a format file. Writes nothing. */
#ifndef MMR_TRACES_HOST_TRACEFS_H
#define MMR_TRACES_HOST_TRACEFS_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/**
 * host_tracefs_open - a directory descriptor for tracefs
 *
 * Where it is mounted in neither usual place and the process may, it is mounted for this
 * descriptor alone: no other process sees that mount, and closing the descriptor ends it.
 * Return: the descriptor; -ENOENT or -EACCES with a message that says how to make it readable
 */
int host_tracefs_open(struct mmr_error *err);

/** host_tracefs_event_id - number of tracepoint @event ("kmem/mm_page_alloc") for perf_event_open() */
int host_tracefs_event_id(int tracefs, const char *event, struct mmr_error *err);

/** host_tracefs_resolve_fn - value of an identifier in a format's expression; false where unknown */
typedef int (*host_tracefs_resolve_fn)(void *ctx, const char *name, size_t len, uint64_t *value);
/** host_tracefs_flag_fn - one flag of a __print_flags() table */
typedef void (*host_tracefs_flag_fn)(void *ctx, const char *name, uint64_t value);

/**
 * host_tracefs_parse_flags - the (value, name) pairs of the first __print_flags() in @format
 * @resolve: may be NULL
 * Return: how many pairs were told to @fn; those whose expression cannot be evaluated are not
 */
int host_tracefs_parse_flags(const char *format, host_tracefs_resolve_fn resolve, host_tracefs_flag_fn fn,
			     void *ctx);

/** host_tracefs_read_format - the format file of @event, to be freed; NULL with @err */
char *host_tracefs_read_format(int tracefs, const char *event, struct mmr_error *err);

#endif
