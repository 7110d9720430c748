/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel line's rules a replay follows. */
#ifndef MMR_REPLAY_PROFILE_CHOICE_H
#define MMR_REPLAY_PROFILE_CHOICE_H

#include <stdbool.h>

#include "core/error.h"
#include "core/profile.h"
#include "traces/trace_reader.h"

/**
 * profile_choose - the profile asked for, else the machine file's, else the recording kernel's line
 * @asked: --kernel, e.g. "6.12" or "6.12,pcp=5.14"; or NULL
 * @machine: the machine file's kernel, or NULL
 * @release: uname -r of the trace
 * @ret: the profile; the caller gives it to kernel_profile_destroy()
 * @exact: set to false where no profile of the recording's own line exists and the nearest was taken
 * Return: 0; -EINVAL naming the lines, axes or values there are; -ENOMEM.
 */
int profile_choose(const char *asked, const char *machine, const char *release, struct kernel_profile **ret,
		   bool *exact, struct mmr_error *err);

/**
 * profile_choose_exact - the same for those who follow a recording event by event
 * @ret: may be set also where an error is returned
 * Return: as profile_choose(); -EINVAL also where there are no rules for the recording kernel's own line
 *	(the message names the lines there are, the nearest, and the features found), and where the
 *	recording leaves events out.
 */
int profile_choose_exact(const char *asked, const struct trace_reader *reader, struct kernel_profile **ret,
			 struct mmr_error *err);

/** PROFILE_OPTION - a command's --kernel, key 'k', for its table of argp options; @default_: a literal */
#define PROFILE_OPTION(default_)                                                                               \
	{                                                                                                      \
		"kernel", 'k', "PROFILE", 0,                                                                   \
			"Follow this kernel line's rules, e.g. 6.12 or 6.12,pcp=5.14; default: " default_, 0   \
	}

#endif
