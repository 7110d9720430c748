/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `mmreplay info` prints, gathered once for all of its outputs. */
#ifndef MMR_TRACES_INFO_H
#define MMR_TRACES_INFO_H

#include "traces/tools/page_use.h"
#include "traces/trace_reader.h"

#define INFO_NR_MIGRATETYPES 6
#define INFO_ALL_ROWS        UINT32_MAX

/** enum info_table - what can be asked for in full; a set of them is a mask of bits */
enum info_table {
	INFO_EVENTS,
	INFO_ORDERS,
	INFO_USE,
	INFO_RATES,
	INFO_KINDS,
	INFO_GFP,
	INFO_TASKS,
	INFO_STACKS,
	INFO_CGROUPS,
	INFO_PAGES,
	INFO_CPUS,
	INFO_ZONES,
	INFO_KEYFRAMES,
	INFO_LOSSES,
	NR_INFO_TABLES
};

/** enum info_key - what the rows of a table are ordered by, the largest first; types, flags and pages the
 * smallest first */
enum info_key {
	INFO_BY_DEFAULT,
	INFO_BY_EVENTS,
	INFO_BY_HITS,
	INFO_BY_BYTES,
	INFO_BY_LIVE,
	INFO_BY_FAILED,
	INFO_BY_ORDER,
	INFO_BY_MIGRATETYPE,
	INFO_BY_GFP,
	INFO_BY_PAGE,
};
#define INFO_MAX_KEYS 4

/**
 * struct info_request - what is asked for
 * @tables: bit per enum info_table; 0 = the screen
 * @lines: rows of a table, INFO_ALL_ROWS for all; 0 = as suits the output
 * @from_ns, @to_ns: only events of this stretch, since the first one; [from, to)
 * @width_ns: of a row of rates, 0 = a twentieth of the whole
 * @quick: only what block headers and dictionaries tell: no pages in use, no rates, no stretch
 * @progress: called now and then with events done and all; may be NULL
 */
struct info_request {
	uint32_t tables, lines;
	uint64_t from_ns, to_ns, width_ns;
	enum info_key keys[INFO_MAX_KEYS];
	uint32_t nr_keys;
	bool quick;
	void (*progress)(uint64_t done, uint64_t all);
	bool (*stop)(void);
};

/**
 * struct info_row - a line of kinds, gfp, tasks, pages, stacks or cgroups
 * @id: task's or label's number, page frame; @task: of a page frame; @gfp, @order, @migratetype: where the line
 * is of one
 * @events: of all types; @hits: allocations; @pages: they got; @live: of these still in use at the end
 */
struct info_row {
	uint32_t id, task, gfp;
	uint8_t order, migratetype;
	uint64_t events, hits, failed, pages, live;
};

struct info_rows {
	struct info_row *rows;
	uint32_t nr; /* kept */
	uint32_t total; /* there were */
};

/** struct info_cpu - a CPU that has events */
struct info_cpu {
	uint32_t cpu;
	uint64_t nr_events, first_ns, last_ns, nr_lost;
};

/** struct info_rate - one interval of time */
struct info_rate {
	uint64_t events[NR_TRACE_EVENT_TYPES], failed, lost;
	uint64_t live; /* pages in use at its end, of those allocated in the recording */
};

/** struct info_keyframe - a keyframe without its lists */
struct info_keyframe {
	uint64_t ts_ns, walk_ns, hold_ns, nr_blocks, nr_missing, nr_free_pages;
	uint32_t nid, flags, nr_pcps;
	uint8_t zone;
};

/**
 * struct info - all of it, owned: info_deinit()
 * @events: of blocks that could be read; @nr_passed: of those that could not, as their headers count
 * @allocs, @failed: by order and migratetype asked for
 */
struct info {
	const struct info_request *request;
	struct trace_reader *reader;
	const char *path;
	const struct trace_machine *machine;
	const struct trace_summary *summary;
	const struct trace_task *task_names;
	const struct trace_loss *losses;
	uint32_t nr_task_names, nr_losses;
	const struct trace_label *labels;
	uint32_t nr_labels;
	uint64_t duration_ns, start_realtime_ns;
	double bytes_per_event;
	uint64_t events[NR_TRACE_EVENT_TYPES], nr_events, nr_unknown, nr_passed, nr_no_task;
	uint64_t allocs[TRACE_NR_ORDERS][INFO_NR_MIGRATETYPES];
	uint64_t failed[TRACE_NR_ORDERS];
	uint64_t frees[TRACE_NR_ORDERS];
	bool have_use;
	struct page_use_totals use;
	struct info_rows kinds, gfps, tasks, pages, stacks, cgroups;
	struct info_cpu *cpus;
	uint32_t nr_cpus;
	uint64_t width_ns;
	struct info_rate *rates;
	uint32_t nr_rates;
	struct info_keyframe *keyframes;
	uint32_t nr_keyframes;
	char **damage;
	uint32_t nr_damage;
};

/**
 * info_gather - read the trace of @reader as far as it goes
 * Return: 0; -ENOMEM; -ERANGE where no event lies in the stretch asked for; -EINTR where @stop said so
 */
int info_gather(struct info *info, const struct info_request *request, struct trace_reader *reader,
		struct mmr_error *err);
void info_deinit(struct info *info);

/** info_sort_rows - by the request's keys, else by @fallback; ties by what makes rows distinct */
void info_sort_rows(struct info_rows *rows, const struct info_request *request, enum info_key fallback);

/** info_migratetype_name - "unmovable", … for a stable code below INFO_NR_MIGRATETYPES */
const char *info_migratetype_name(unsigned int migratetype);
/** info_zone_name - "DMA", … for a stable code */
const char *info_zone_name(unsigned int zone);
/** info_table_name - "events", … */
const char *info_table_name(enum info_table table);

/** info_policy_string - "bind=0-1", with "allowed=0" behind a ";" where not all nodes are; returns @buf */
char *info_policy_string(const struct trace_policy *policy, char *buf, size_t size);

/**
 * info_stack_string - a label's calls without their offsets, "a < b < c"
 * @callers_only: without the allocator's own functions, and four at most
 */
char *info_stack_string(const struct trace_label *label, bool callers_only, char *buf, size_t size);

/** info_print_json - the mmreplay.info/1 object, on stdout */
void info_print_json(const struct info *info);
/** info_print_screen - one screen for people, on stdout */
void info_print_screen(const struct info *info);
/** info_print_tables - those that were asked for, on stdout */
void info_print_tables(const struct info *info);

/** info_number - 1234567 -> "1,234,567" in @buf */
const char *info_number(uint64_t v, char buf[32]);
/** info_printable - names come from whatever process ran: control characters stay away from the terminal */
const char *info_printable(const char *s, char buf[64]);
/** info_kib - pages as KiB */
uint64_t info_kib(const struct info *info, uint64_t pages);
/** info_print_events, … - tables that the screen has too */
void info_print_events(const struct info *info);
void info_print_orders(const struct info *info);
void info_print_use(const struct info *info);
void info_print_gfp(const struct info *info, uint32_t lines);
void info_print_tasks(const struct info *info, uint32_t lines);
/** info_print_stacks, info_print_cgroups - nothing where the recording has none; @callers_only: as above */
void info_print_stacks(const struct info *info, uint32_t lines, bool callers_only);
void info_print_cgroups(const struct info *info, uint32_t lines);

#endif
