// SPDX-License-Identifier: GPL-2.0-or-later
/* Picks the kernel line. */
#include "replay/profile_choice.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long line_number(const char *release)
{
	unsigned int major = 0, minor = 0;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return -1;
	return (long)major * 1000 + minor;
}

static int unknown(const char *what, struct mmr_error *err)
{
	char known[200] = "";
	size_t len = 0;

	for (const char *const *name = kernel_profile_list(); *name && len < sizeof(known); name++)
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", len ? ", " : "", *name);
	return mmr_err(err, -EINVAL, "kernel \"%s\": no such profile, expected one of %s", what, known);
}

int profile_choose(const char *asked, const char *machine, const char *release,
		   const struct kernel_profile **ret, bool *exact, struct mmr_error *err)
{
	const char *named = asked ? asked : machine, *nearest = NULL;
	long want, best = LONG_MAX;

	*exact = true;
	if (named) {
		*ret = kernel_profile_find(named);
		return *ret ? 0 : unknown(named, err);
	}
	want = line_number(release);
	if (want < 0)
		return unknown(release, err);
	for (const char *const *name = kernel_profile_list(); *name; name++) {
		long line = line_number(*name);
		/* Of two neighbours the older one is nearer: a kernel behaves like its past. */
		long distance = line <= want ? want - line : 2 * (line - want) + 1;

		if (line >= 0 && distance < best) {
			best = distance;
			nearest = *name;
		}
	}
	*ret = nearest ? kernel_profile_find(nearest) : NULL;
	*exact = best == 0;
	return *ret ? 0 : unknown(release, err);
}
