/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which events a recording keeps. What is kept can still be replayed: an allocation is kept if it is
 * one of those asked for, and a free if it gives back a page whose allocation was kept, whoever frees
 * it. The lists of the kernel then hold pages nobody knows of, so the recording is marked partial.
 */
#ifndef MMR_TRACES_RECORD_FILTER_H
#define MMR_TRACES_RECORD_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "traces/trace.h"

/**
 * struct record_filter - all of what is set must hold
 * @node: pages of this node only
 * @min_order, @max_order: requests of these orders only
 * @tgid: requests of this process only; 0: of any
 * @cgroup: requests of tasks in this cgroup (number of its folder) or below only; 0: in any
 * @cgroup_level: how many folders it lies below the root
 */
struct record_filter {
	bool by_node, by_order;
	uint32_t node, min_order, max_order;
	uint32_t tgid;
	uint64_t cgroup;
	uint32_t cgroup_level;
};

/** record_filter_set - does it leave anything out? */
bool record_filter_set(const struct record_filter *f);

/**
 * record_filter_parse_orders - "3" or "2-9"
 * record_filter_parse_cgroup - a folder of a cgroup2 file system
 * record_filter_parse_task - a process that runs, by its number
 * Return: NULL, or what was expected
 */
const char *record_filter_parse_orders(struct record_filter *f, const char *text);
const char *record_filter_parse_cgroup(struct record_filter *f, const char *path);
const char *record_filter_parse_task(struct record_filter *f, const char *text);

/** record_filter_mark - tell in a recording's header what it leaves out. Return: 0 or -ENOMEM */
int record_filter_mark(const struct record_filter *f, struct trace_machine *machine);

struct record_live;

/** record_live_create - the memory of which pages' allocations were kept: a bit per page, twice */
int record_live_create(const struct record_filter *f, const struct trace_machine *machine,
		       struct record_live **ret, struct mmr_error *err);
void record_live_destroy(struct record_live *live);

/**
 * record_live_keeps - is an event (@type: enum trace_event_type) one of those to keep?
 * @asked: the programs found the asking task to be one of those asked for
 *
 * Events of all CPUs have to come in the order of their times.
 */
bool record_live_keeps(struct record_live *live, unsigned int type, unsigned int order, uint32_t pfn,
		       bool asked);

#endif
