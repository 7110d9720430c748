// SPDX-License-Identifier: GPL-2.0-or-later
/* One screen that says what a replay found, in words, for one result or several side by side. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "replay/result/result.h"

#define LABEL_WIDTH  34
#define COLUMN_WIDTH 22

struct table {
	json_t *const *summaries;
	size_t nr;
};

static json_t *at(json_t *root, const char *group, const char *key)
{
	return json_object_get(group ? json_object_get(root, group) : root, key);
}

static void begin_row(const char *label)
{
	printf("  %-*s", LABEL_WIDTH, label);
}

static void cell(const char *text)
{
	printf(" %*s", COLUMN_WIDTH, text);
}

static void text_row(const struct table *t, const char *label, const char *key)
{
	begin_row(label);
	for (size_t i = 0; i < t->nr; i++) {
		const char *text = json_string_value(at(t->summaries[i], NULL, key));

		cell(text ? text : "-");
	}
	putchar('\n');
}

/* 1234567 -> "1,234,567" */
static const char *grouped(char *buf, size_t size, json_int_t value)
{
	char digits[32];
	size_t len, out = 0;

	snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, value);
	len = strlen(digits);
	for (size_t i = 0; i < len && out + 2 < size; i++) {
		if (i && (len - i) % 3 == 0 && digits[i - 1] != '-')
			buf[out++] = ',';
		buf[out++] = digits[i];
	}
	buf[out] = '\0';
	return buf;
}

static void count_row(const struct table *t, const char *label, const char *group, const char *key)
{
	char buf[48];

	begin_row(label);
	for (size_t i = 0; i < t->nr; i++)
		cell(grouped(buf, sizeof(buf), json_integer_value(at(t->summaries[i], group, key))));
	putchar('\n');
}

static void real_row(const struct table *t, const char *label, const char *group, const char *key,
		     double factor, const char *fmt)
{
	char buf[48];

	begin_row(label);
	for (size_t i = 0; i < t->nr; i++) {
		snprintf(buf, sizeof(buf), fmt, factor * json_number_value(at(t->summaries[i], group, key)));
		cell(buf);
	}
	putchar('\n');
}

static void numa_row(const struct table *t)
{
	char buf[48];

	begin_row("from the wanted node");
	for (size_t i = 0; i < t->nr; i++) {
		double hit = json_number_value(at(t->summaries[i], "numa", "hit"));
		double miss = json_number_value(at(t->summaries[i], "numa", "miss"));

		snprintf(buf, sizeof(buf), "%.2f %%", hit + miss > 0 ? 100 * hit / (hit + miss) : 0);
		cell(buf);
	}
	putchar('\n');
}

/* "42", or "<10" for what is shorter than the clock's step. */
static const char *nanoseconds(char *buf, size_t size, double ns, double step_ns)
{
	if (ns < step_ns)
		snprintf(buf, size, "<%.0f", step_ns);
	else
		snprintf(buf, size, "%.0f", ns);
	return buf;
}

static void latency_rows(const struct table *t)
{
	for (int path = 0; path < NR_MMR_PATHS; path++) {
		static const char *const words[NR_MMR_PATHS] = {
			[MMR_PATH_PCP_HIT] = "alloc: CPU's own list (PCP)",
			[MMR_PATH_PCP_REFILL] = "alloc: PCP refilled first",
			[MMR_PATH_BUDDY] = "alloc: buddy lists",
			[MMR_PATH_FALLBACK] = "alloc: other migratetype",
			[MMR_PATH_SLOWPATH] = "alloc: slow path",
			[MMR_PATH_FAILED] = "alloc: refused",
			[MMR_PATH_OOM] = "alloc: out of memory",
			[MMR_PATH_FREE_PCP] = "free: to the PCP",
			[MMR_PATH_FREE_DRAIN] = "free: PCP drained",
			[MMR_PATH_FREE_BUDDY] = "free: to the buddy lists",
		};
		bool any = false;

		for (size_t i = 0; i < t->nr; i++)
			any |= at(t->summaries[i], "latency_ns", mmr_path_name(path)) != NULL;
		if (!any)
			continue;
		begin_row(words[path]);
		for (size_t i = 0; i < t->nr; i++) {
			json_t *one = at(t->summaries[i], "latency_ns", mmr_path_name(path));
			double step = json_number_value(at(t->summaries[i], "replay", "timer_step_ns"));
			char buf[48] = "-", p50[16], p99[16];

			if (one)
				snprintf(buf, sizeof(buf), "%s / %s ns",
					 nanoseconds(p50, sizeof(p50),
						     json_number_value(json_object_get(one, "p50")), step),
					 nanoseconds(p99, sizeof(p99),
						     json_number_value(json_object_get(one, "p99")), step));
			cell(buf);
		}
		putchar('\n');
	}
}

/* Zones of any of the results: where pages landed, and how broken up what is left is. */
static void zone_rows(const struct table *t)
{
	for (unsigned int node = 0; node < MAX_NUMNODES; node++) {
		for (int zone = 0; zone < MAX_NR_ZONES; zone++) {
			char name[32], label[64], buf[64];
			bool any = false;

			snprintf(name, sizeof(name), "node%u/%s", node, mmr_zone_name(zone));
			for (size_t i = 0; i < t->nr; i++)
				any |= json_object_get(at(t->summaries[i], "numa", "zones"), name) != NULL;
			if (!any)
				continue;
			snprintf(label, sizeof(label), "%s: pages | unusable", name);
			begin_row(label);
			for (size_t i = 0; i < t->nr; i++) {
				json_t *placed = json_object_get(at(t->summaries[i], "numa", "zones"), name);
				json_t *end =
					json_object_get(at(t->summaries[i], "fragmentation", "end"), name);
				json_t *index = json_array_get(json_object_get(end, "unusable_index"), 9);
				char pages[32];

				if (!placed) {
					cell("-");
					continue;
				}
				grouped(pages, sizeof(pages),
					json_integer_value(json_object_get(placed, "pages")));
				snprintf(buf, sizeof(buf), "%s | %.0f %%", pages,
					 100 * json_number_value(index));
				cell(buf);
			}
			putchar('\n');
		}
	}
}

static void warning_lines(const struct table *t, const char *const *names)
{
	for (size_t i = 0; i < t->nr; i++) {
		json_t *warning;
		size_t n;

		json_array_foreach(at(t->summaries[i], NULL, "warnings"), n, warning)
			printf("  note (%s): %s\n", names[i], json_string_value(warning));
	}
}

/* What the model decided in place of the recorded kernel's reclaim: only where it did. */
static void reclaim_rows(const struct table *t)
{
	static const struct {
		const char *label, *key;
	} rows[] = {
		{"kernel-made frees dropped", "kernel_frees_dropped"},
		{"pages kswapd took (modelled)", "kswapd_reclaimed_pages"},
		{"pages direct reclaim took (modelled)", "direct_reclaimed_pages"},
		{"  of these to a slower tier (modelled)", "demoted_pages"},
		{"pages compaction moved (modelled)", "compact_migrated_pages"},
		{"processes killed (modelled)", "killed_processes"},
		{"  their requests not made", "allocs_of_killed"},
	};

	begin_row("who reclaims");
	for (size_t i = 0; i < t->nr; i++) {
		const char *who = json_string_value(at(t->summaries[i], "reclaim", "who"));

		cell(who ? who : "-");
	}
	putchar('\n');
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		bool any = false;

		for (size_t i = 0; i < t->nr; i++)
			any |= json_integer_value(at(t->summaries[i], "reclaim", rows[r].key)) != 0;
		if (any)
			count_row(t, rows[r].label, "reclaim", rows[r].key);
	}
}

void result_print(json_t *const *summaries, const char *const *names, size_t nr)
{
	const struct table t = {.summaries = summaries, .nr = nr};

	begin_row("");
	for (size_t i = 0; i < nr; i++) {
		size_t len = strlen(names[i]);

		cell(names[i] + (len > COLUMN_WIDTH ? len - COLUMN_WIDTH : 0));
	}
	putchar('\n');
	text_row(&t, "machine", "machine");
	text_row(&t, "rules of kernel", "kernel_profile");
	text_row(&t, "free memory at start", "start");
	puts("What was asked");
	count_row(&t, "allocations", NULL, "allocs");
	count_row(&t, "  of these refused", NULL, "failed");
	count_row(&t, "frees", NULL, "frees");
	reclaim_rows(&t);
	puts("Where pages came from");
	numa_row(&t);
	real_row(&t, "order 0-3, THP without zone lock", "pcp", "hit_rate", 100, "%.2f %%");
	real_row(&t, "zone lock taken per 1000 allocs", "pcp", "zone_lock_per_1000_allocs", 1, "%.1f");
	count_row(&t, "PCP refills", "pcp", "refills");
	count_row(&t, "PCP drains", "pcp", "drains");
	count_row(&t, "from another migratetype (extfrag)", "fallback", "extfrag");
	puts("Pages taken, and free memory at the end that cannot serve 2 MiB");
	zone_rows(&t);
	puts("Time in the model, median / 99th percentile");
	latency_rows(&t);
	puts("The replay itself");
	real_row(&t, "million events per second", "replay", "events_per_s", 1e-6, "%.1f");
	real_row(&t, "harness alone, ns per event", "replay", "harness_ns_per_event", 1, "%.1f");
	real_row(&t, "bytes per modelled page touched", "replay", "metadata_bytes_per_page", 1, "%.1f");
	warning_lines(&t, names);
}
