/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a replay expects of an allocator, tried out on a small machine of two nodes. */
#ifndef MMR_REPLAY_BACKEND_CHECK_H
#define MMR_REPLAY_BACKEND_CHECK_H

#include "replay/backend/backend.h"

#define BACKEND_CHECKS 8

/**
 * struct backend_check - one expectation and what came of it
 * @name: of the expectation, in words;  @ok: it held;  @note: what was found
 */
struct backend_check {
	const char *name;
	bool ok;
	char note[256];
};

/**
 * backend_check - put @backend through all of them; each starts with a new allocator
 * @ret: ret[BACKEND_CHECKS]
 * Return: 0, whether they held or not; -EINVAL for a backend that gives out no memory of its own (null).
 */
int backend_check(const struct backend *backend, struct backend_check *ret, struct mmr_error *err);

#endif
