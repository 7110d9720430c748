// SPDX-License-Identifier: GPL-2.0-or-later
/* What a recording does not tell, where its kernel let no function be probed, or not all. */
#include <string.h>

#include "replay/verify/verify_print.h"

static const struct {
	const char *event, *text;
} kinds[] = {
	{"isolate_page", "which free pages compaction takes: only how many"},
	{"bulk_page", "which pages alloc_pages_bulk() takes"},
	{"buddy_free", "which pages go past a per-CPU list, as it is locked"},
	{"pcp_free_bulk", "whose list is drained, and how many pages are on it"},
	{"vmstat_fold", "when CPUs put their pending counts into the zones'"},
	{"balance_end", "when kswapd begins and ends its work: only when it wakes and sleeps"},
};
#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static bool is_told(const struct trace_machine *machine, const char *event)
{
	for (uint32_t i = 0; i < machine->nr_features; i++) {
		if (!strncmp(machine->features[i].name, "event.", 6) &&
		    !strcmp(machine->features[i].name + 6, event))
			return machine->features[i].value != 0;
	}
	return false;
}

json_t *verify_not_told_json(const struct trace_machine *machine)
{
	json_t *events = json_array();

	for (size_t i = 0; i < NR_KINDS; i++) {
		if (!is_told(machine, kinds[i].event))
			json_array_append_new(events, json_string(kinds[i].event));
	}
	return events;
}

void verify_print_not_told(FILE *out, const struct trace_machine *machine)
{
	bool any = false;

	for (size_t i = 0; i < NR_KINDS; i++) {
		if (is_told(machine, kinds[i].event))
			continue;
		if (!any)
			fputs("\nThis recording does not tell\n", out);
		any = true;
		fprintf(out, "  %s\n", kinds[i].text);
	}
}
