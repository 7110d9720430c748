/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory policies and cpusets of recorded tasks: what a task would have been told by numactl, taskset
 * or a cgroup on the machine that is replayed on.
 *
 * A recording does not say which policies its tasks had, nor does it need to: these are given for the
 * replay. Work in interrupts follows no task's policy; it runs where the recording's CPU is placed.
 */
#ifndef MMR_REPLAY_TASK_PLACE_H
#define MMR_REPLAY_TASK_PLACE_H

#include "core/mempolicy.h"
#include "replay/machines/machine.h"
#include "traces/trace.h"

/**
 * struct task_rule - one policy or one cpuset, in words; the later of two that match counts
 * @task: pattern of names (fnmatch: * ? [..]), "pid:N" or "tid:N"; NULL for every task
 * @policy: "bind:1", "interleave:0,1", …; or NULL and
 * @cpus, @mems: lists, either may be NULL
 * @origin: where it was given, for messages
 */
struct task_rule {
	const char *task, *policy, *cpus, *mems;
	char origin[200];
};

/**
 * policy_parse - "default", "local", "prefer:N", "prefer-many:LIST", "bind:LIST", "interleave:LIST" or
 *	"weighted-interleave:N*WEIGHT,…" in words of numactl; numactl's own spellings are fine too
 * @machine: NULL to look at the words alone
 * Return: 0; -EINVAL for an unknown mode, a node that @machine lacks or that has no memory.
 */
int policy_parse(const char *text, const struct machine *machine, struct mmr_mempolicy *ret,
		 struct mmr_error *err);

struct task_places;

/**
 * task_places_create - which rule holds for which recorded task
 * @tasks: of the recording, [nr_tasks]; borrowed until destroyed
 * @copies: of the recording; every copy's tasks keep their own place in an interleaving
 * @nr_recorded_cpus: of one copy: tells an event's copy from its CPU
 * Return: 0; -EINVAL with the rule and what is wrong with it; -ENOMEM.
 */
int task_places_create(const struct task_rule *rules, unsigned int nr_rules, const struct trace_task *tasks,
		       uint32_t nr_tasks, unsigned int copies, unsigned int nr_recorded_cpus,
		       const struct machine *machine, struct task_places **ret, struct mmr_error *err);
void task_places_destroy(struct task_places *places);

/** task_places_cpu - where an event of a CPU placed on @cpu runs: there, or on a CPU of its task's cpuset */
unsigned int task_places_cpu(const struct task_places *places, const struct trace_event *event,
			     unsigned int cpu);

/**
 * task_places_alloc - ask for what @event asked, under its task's policy and cpuset
 * @req: its cpu as task_places_cpu() says; nid, nodemask and cpuset are set from the rules. A request
 *	that may come from one node only keeps it.
 * Context, Return: as mmr_alloc_pages().
 */
struct mmr_page task_places_alloc(struct task_places *places, struct mmr_machine *core,
				  const struct trace_event *event, const struct mmr_request *req);

/** task_places_count - tasks that rule @index matched, and requests made under it */
void task_places_count(const struct task_places *places, unsigned int index, uint64_t *tasks,
		       uint64_t *requests);

#endif
