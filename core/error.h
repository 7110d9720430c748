/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one error type of the project. Every library may link this and nothing else of core. */
#ifndef MMR_CORE_ERROR_H
#define MMR_CORE_ERROR_H

#include <stddef.h>

/**
 * struct mmr_error - what went wrong, in one line a user can act on
 * @code: negative errno, 0 where nothing failed
 * @msg: where, what was found, what was expected; no trailing newline, no program name
 *
 * Filled by the callee, owned by the caller (usually on its stack).
 */
struct mmr_error {
	int code;
	char msg[1000];
};

/**
 * mmr_err - fill @err and return @code
 * @err: may be NULL, then only the code travels
 * @code: negative errno
 * @fmt: printf format of the message
 * Context: any thread; no allocation; not for hot paths.
 * Return: @code, so that `return mmr_err(...)` is the whole failure path.
 */
int mmr_err(struct mmr_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4), cold));

/**
 * mmr_err_prefix - put "PREFIX: " before a message already there, as an error travels upwards
 * @err: may be NULL
 * Return: the code @err holds, or -EINVAL where @err is NULL.
 */
int mmr_err_prefix(struct mmr_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

#endif
