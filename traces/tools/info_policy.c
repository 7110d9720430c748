// SPDX-License-Identifier: GPL-2.0-or-later
/* A task's memory policy in words. */
#include <stdio.h>
#include <string.h>

#include "traces/tools/info.h"

static void put_node_list(char *buf, size_t size, const uint64_t words[TRACE_NODE_WORDS])
{
	const char *comma = "";

	for (uint32_t nid = 0, end; nid < 64 * TRACE_NODE_WORDS; nid = end + 1) {
		size_t len = strlen(buf);

		for (end = nid; end < 64 * TRACE_NODE_WORDS && words[end / 64] >> end % 64 & 1; end++)
			;
		if (end == nid)
			continue;
		snprintf(buf + len, size - len, end - nid > 1 ? "%s%u-%u" : "%s%u", comma, nid, end - 1);
		comma = ",";
	}
}

char *info_policy_string(const struct trace_policy *policy, char *buf, size_t size)
{
	static const char *const modes[] = {
		"default", "preferred", "bind", "interleave", "local", "preferred-many", "weighted-interleave"};
	bool known = policy->mode < sizeof(modes) / sizeof(modes[0]), some = false, all = true;

	for (uint32_t i = 0; i < TRACE_NODE_WORDS; i++) {
		some |= policy->nodes[i] != 0;
		all &= policy->allowed[i] == UINT64_MAX;
	}
	if (known)
		snprintf(buf, size, "%s%s", modes[policy->mode], some ? "=" : "");
	else
		snprintf(buf, size, "mode-%u%s", policy->mode, some ? "=" : "");
	put_node_list(buf, size, policy->nodes);
	if (!all) {
		size_t len = strlen(buf);

		snprintf(buf + len, size - len, ";allowed=");
		put_node_list(buf, size, policy->allowed);
	}
	return buf;
}
