/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel line's rules a replay follows. */
#ifndef MMR_REPLAY_PROFILE_CHOICE_H
#define MMR_REPLAY_PROFILE_CHOICE_H

#include <stdbool.h>

#include "core/error.h"
#include "core/profile.h"

/**
 * profile_choose - the profile asked for, else the machine file's, else the recording kernel's line
 * @asked: --kernel, or NULL; @machine: the machine file's kernel, or NULL; @release: uname -r of the trace
 * @name: set to the profile's name; static
 * @exact: set to false where no profile of the recording's own line exists and the nearest was taken
 * Return: 0, or -EINVAL naming the profiles there are.
 */
int profile_choose(const char *asked, const char *machine, const char *release,
		   const struct kernel_profile **ret, bool *exact, struct mmr_error *err);

#endif
