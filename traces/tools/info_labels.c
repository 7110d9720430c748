// SPDX-License-Identifier: GPL-2.0-or-later
/* Where allocations came from: calls and cgroups. */
#include <stdio.h>
#include <string.h>

#include "traces/tools/info.h"

#define CALLERS 4u

/* The allocator's own functions, down to the one that somebody else called. */
static bool is_allocator(const char *name, size_t len)
{
	static const char *const starts[] = {"__alloc_pages",      "__alloc_frozen_pages",  "alloc_pages",
					     "alloc_frozen_pages", "__get_free_pages",      "get_free_pages",
					     "get_zeroed_page",    "__folio_alloc",         "folio_alloc",
					     "vma_alloc_folio",    "get_page_from_freelist"};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (len >= strlen(starts[i]) && !memcmp(name, starts[i], strlen(starts[i])))
			return true;
	return false;
}

/* Texts are whatever a file says: control characters stay away from the terminal. */
static void print_text(const char *s)
{
	for (; *s; s++)
		putchar((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}

char *info_stack_string(const struct trace_label *label, bool callers_only, char *buf, size_t size)
{
	bool first = true, in_allocator = callers_only;
	unsigned int nr = 0;
	size_t out = 0;

	for (const char *s = label->text, *end; *s && out + 1 < size; s = *end ? end + 1 : end) {
		size_t len = strcspn(s, "+;");
		int n;

		end = s + strcspn(s, ";");
		in_allocator = in_allocator && is_allocator(s, len);
		if (in_allocator)
			continue;
		if (callers_only && nr++ == CALLERS)
			break;
		n = snprintf(buf + out, size - out, "%s%.*s", first ? "" : " < ", (int)len, s);
		out += n > 0 ? (size_t)n : 0;
		first = false;
	}
	if (first)
		snprintf(buf, size, "-");
	return buf;
}

void info_print_stacks(const struct info *info, uint32_t lines, bool callers_only)
{
	char hits[32], kib[32], text[8192];

	if (!info->stacks.nr)
		return;
	printf("\n%13s %13s  calls that led there, %u different ones\n", "allocations", "KiB", info->stacks.nr);
	for (uint32_t i = 0; i < info->stacks.nr && i < lines; i++) {
		const struct info_row *r = &info->stacks.rows[i];

		printf("%13s %13s  ", info_number(r->hits, hits), info_number(info_kib(info, r->pages), kib));
		print_text(info_stack_string(&info->labels[r->id], callers_only, text, sizeof(text)));
		putchar('\n');
	}
}

void info_print_cgroups(const struct info *info, uint32_t lines)
{
	char hits[32], kib[32];

	if (!info->cgroups.nr)
		return;
	printf("\n%13s %13s  cgroups, %u of them\n", "allocations", "KiB", info->cgroups.nr);
	for (uint32_t i = 0; i < info->cgroups.nr && i < lines; i++) {
		const struct info_row *r = &info->cgroups.rows[i];
		const struct trace_label *l = &info->labels[r->id];

		printf("%13s %13s  ", info_number(r->hits, hits), info_number(info_kib(info, r->pages), kib));
		print_text(l->text);
		printf("%s(%llu)\n", l->text[0] ? " " : "", (unsigned long long)l->id);
	}
}
