// SPDX-License-Identifier: GPL-2.0-or-later
/* Picks the kernel line. */
#include "replay/machines/profile_choice.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "traces/trace_vendor.h"

/* How many releases lie before 5.0, 6.0 and 7.0, counted from 4.0: after 4.20 came 5.0, after 6.19 came 7.0. */
static long releases_before(unsigned int major)
{
	static const unsigned int per_major[] = {21, 20, 20}; /* of 4, 5 and 6 */
	long nr = 0;

	for (unsigned int m = 4; m < major; m++)
		nr += m - 4 < sizeof(per_major) / sizeof(per_major[0]) ? per_major[m - 4] : 20;
	return nr;
}

/* A release's place in the row of all: 7.0 is the one after 6.19. -1 without a version in its name. */
static long line_number(const char *release)
{
	unsigned int major = 0, minor = 0;

	if (sscanf(release, "%u.%u", &major, &minor) != 2 || major > 1000)
		return -1;
	/* Before 4.0 everything is as far away as can be. */
	return major < 4 ? 0 : releases_before(major) + minor;
}

/* The line nearest to @want. A newer one counts twice as far away: a kernel behaves like its past. */
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
		if (!release[0])
			return mmr_err(
				err, -EINVAL,
				"the recording does not say which kernel it is of, expected --kernel or the "
				"kernel of a machine file, e.g. 6.12");
		/* Without a version in its name, let the parser say what names there are. */
		spec = want < 0 ? release : nearest_line(want, exact);
	}
	return kernel_profile_parse(spec, ret, err);
}

/* Members by which lines of kernels can be told apart, and what they mean. */
static const struct {
	const char *feature, *meaning;
} telling[] = {
	{"per_cpu_pages.free_factor", "per-CPU lists of fixed size, as up to 6.6"},
	{"per_cpu_pages.high_max", "per-CPU lists that size themselves, as from 6.7 on"},
	{"zone.unaccepted_pages", "memory accepted late, as from 6.5 on"},
	{"zone.nr_free_highatomic", "free highatomic pages counted, as from 6.12 on"},
	{"zone.trylock_free_pages", "frees that wait for no lock, as from 6.15 on"},
	{"alloc_context.alloc_flags", "alloc flags in the alloc_context, as in 7.3"},
};

/* Return: the part of @size that is used. */
static size_t list_telling(const struct trace_machine *machine, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]) && len < size; i++) {
		if (trace_machine_feature(machine, telling[i].feature))
			len += (size_t)snprintf(buf + len, size - len, "%s%s (%s)", len ? ", " : "",
						telling[i].feature, telling[i].meaning);
	}
	return len;
}

/* No rules for this kernel's line: say what there is, and what this kernel has. */
static int unknown_kernel(const struct trace_machine *machine, const char *nearest, struct mmr_error *err)
{
	struct trace_vendor_features vendor;
	char lines[120] = "", features[480];
	size_t len = 0;

	for (const char *const *name = kernel_profile_list(); *name && len < sizeof(lines); name++)
		len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s%s", len ? ", " : "", *name);
	list_telling(machine, features, sizeof(features));
	trace_vendor_features(machine, &vendor);
	return mmr_err(err, -EINVAL,
		       "kernel %s: no rules for this line, expected one of %s; --kernel %s takes the nearest; "
		       "features found: %s%s%.150s",
		       machine->kernel_release, lines, nearest, features[0] ? features : "none recorded",
		       vendor.own[0] ? "; its vendor's: " : "", vendor.own);
}

int profile_choose_exact(const char *asked, const struct trace_reader *reader, struct kernel_profile **ret,
			 struct mmr_error *err)
{
	const struct trace_machine *machine = trace_reader_machine(reader);
	bool exact;
	int rc;

	if (trace_machine_feature(machine, TRACE_FEATURE_PARTIAL))
		return mmr_err(err, -EINVAL,
			       "%s: a partial recording (it was made with a filter: --node, --order, --task or "
			       "--cgroup), expected every event: no list can be followed with some of them, so "
			       "from event 0 on nothing can be claimed",
			       trace_reader_path(reader));
	rc = profile_choose(asked, NULL, machine->kernel_release, ret, &exact, err);
	return !rc && !exact ? unknown_kernel(machine, kernel_profile_name(*ret), err) : rc;
}
