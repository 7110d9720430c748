// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A model that contradicts itself: what noticed it first is kept, and nothing is done that would turn a
 * list into a ring. Where the model decides for itself this cannot be; who forces outcomes on it (step.h),
 * from a recording that may lack events, can ask for what no allocator could do.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/internal.h"

void model_damaged(struct mmr_machine *m, const char *fmt, ...)
{
	va_list args;

	if (shared_or_old(m->damaged, 1u))
		return;
	m->damage.code = -EUCLEAN;
	va_start(args, fmt);
	vsnprintf(m->damage.msg, sizeof(m->damage.msg), fmt, args);
	va_end(args);
}

int mmr_machine_damage(const struct mmr_machine *m, struct mmr_error *err)
{
	if (!shared_read(m->damaged))
		return 0;
	return mmr_err(err, m->damage.code, "%s", m->damage.msg);
}
