// SPDX-License-Identifier: GPL-2.0-or-later
/* Cpusets, as far as the page allocator asks them: may this task use memory of that node? */
#include "core/internal.h"

/*
 * The task's own nodes; beyond them only who is in no task, is dying, or did not ask for the hard
 * wall and stays within the nearest one around it.
 *
 * Source: cpuset_node_allowed(), kernel/cgroup/cpuset.c, v6.12.
 */
bool cpuset_node_allowed(const struct mmr_request *current, unsigned int nid, gfp_t gfp)
{
	const struct mmr_cpuset *cpuset = current->cpuset;

	if (current->task & MMR_TASK_INTERRUPT)
		return true;
	if (cpuset->mems_allowed >> nid & 1)
		return true;
	if (current->task & MMR_TASK_OOM_VICTIM)
		return true;
	if (gfp & MMR_GFP_HARDWALL)
		return false;
	if (current->task & MMR_TASK_EXITING)
		return true;
	return cpuset->hardwall_mems >> nid & 1;
}
