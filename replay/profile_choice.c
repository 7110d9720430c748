// SPDX-License-Identifier: GPL-2.0-or-later
/* Picks the kernel line. */
#include "replay/profile_choice.h"

#include <limits.h>
#include <stdio.h>

static long line_number(const char *release)
{
	unsigned int major = 0, minor = 0;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return -1;
	return (long)major * 1000 + minor;
}

/* The line nearest to @want. Of two neighbours the older one is: a kernel behaves like its past. */
static const char *nearest_line(long want, bool *exact)
{
	const char *nearest = NULL;
	long best = LONG_MAX;

	for (const char *const *name = kernel_profile_list(); *name; name++) {
		long line = line_number(*name);
		long distance = line <= want ? want - line : 2 * (line - want) + 1;

		if (line >= 0 && distance < best) {
			best = distance;
			nearest = *name;
		}
	}
	*exact = best == 0;
	return nearest;
}

int profile_choose(const char *asked, const char *machine, const char *release, struct kernel_profile **ret,
		   bool *exact, struct mmr_error *err)
{
	const char *spec = asked ? asked : machine;
	long want;

	*exact = true;
	if (!spec) {
		want = line_number(release);
		/* Without a version in its name, let the parser say what names there are. */
		spec = want < 0 ? release : nearest_line(want, exact);
	}
	return kernel_profile_parse(spec, ret, err);
}
