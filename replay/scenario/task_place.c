// SPDX-License-Identifier: GPL-2.0-or-later
/* Which policy and which cpuset a recorded task has, and asking under them. */
#include "replay/scenario/task_place.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/parse.h"

#define NO_RULE UINT16_MAX

/*
 * struct place - a rule, ready to use
 * @policy: mode, nodes and weights; the interleaving place is each task's own
 * @cpu: where a CPU of the machine goes, [nr_cpus]; NULL where the rule has no CPUs
 * @cpuset: allowed nodes, none where all are; nothing outside the cpuset is a hard wall
 */
struct place {
	struct mmr_mempolicy policy;
	bool is_policy;
	uint16_t *cpu;
	struct mmr_cpuset cpuset;
	uint64_t nr_tasks, nr_requests;
};

/* struct task_state - of one task of one copy; eight bytes */
struct task_state {
	uint16_t policy, cpuset; /* index of its rule, or NO_RULE */
	uint16_t il_prev;
	uint8_t il_weight;
};

struct task_places {
	struct place *places; /* [nr_places] */
	unsigned int nr_places;
	struct task_state *states; /* [copies * (nr_tasks + 1)], the last of each copy for unknown tasks */
	uint32_t nr_tasks;
	unsigned int copies, nr_recorded_cpus;
};

/* ---- policies in words ----------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum mmr_mempolicy_mode mode;
} modes[] = {
	{"default", MMR_MPOL_DEFAULT},
	{"local", MMR_MPOL_LOCAL},
	{"prefer", MMR_MPOL_PREFERRED},
	{"bind", MMR_MPOL_BIND},
	{"interleave", MMR_MPOL_INTERLEAVE},
	{"prefer-many", MMR_MPOL_PREFERRED_MANY},
	{"weighted-interleave", MMR_MPOL_WEIGHTED_INTERLEAVE},
	/* As numactl spells its options. */
	{"localalloc", MMR_MPOL_LOCAL},
	{"preferred", MMR_MPOL_PREFERRED},
	{"membind", MMR_MPOL_BIND},
	{"preferred-many", MMR_MPOL_PREFERRED_MANY},
};

static int find_mode(const char *text, size_t len, enum mmr_mempolicy_mode *mode)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strlen(modes[i].name) == len && strncmp(modes[i].name, text, len) == 0) {
			*mode = modes[i].mode;
			return 0;
		}
	}
	return -EINVAL;
}

/* "0*3,1*1": nodes with weights 1..255; a node without one weighs 1. */
static bool parse_weights(const char *text, struct mmr_mempolicy *policy)
{
	do {
		unsigned int node, weight = 1;
		int len = 0;

		if (*text < '0' || *text > '9' || sscanf(text, "%u%n", &node, &len) != 1 ||
		    node >= MAX_NUMNODES)
			return false;
		text += len;
		if (*text == '*') {
			if (sscanf(text + 1, "%u%n", &weight, &len) != 1 || !weight || weight > 255)
				return false;
			text += 1 + len;
		}
		if (*text && *text != ',')
			return false;
		policy->nodes |= 1ull << node;
		policy->weights[node] = (uint8_t)weight;
	} while (*text++ == ',');
	return true;
}

static int check_nodes(const char *text, uint64_t nodes, const struct machine *machine, struct mmr_error *err)
{
	for (unsigned int n = 0; machine && n < MAX_NUMNODES; n++) {
		if (!(nodes >> n & 1))
			continue;
		if (n >= machine->nr_nodes)
			return mmr_err(err, -EINVAL, "\"%s\": node %u is absent, machine %s has nodes 0..%u",
				       text, n, machine->name, machine->nr_nodes - 1);
		if (!machine_node_pages(machine, n))
			return mmr_err(err, -EINVAL, "\"%s\": node %u of machine %s has no memory", text, n,
				       machine->name);
	}
	return 0;
}

/* The nodes of @list; "all" are those with memory. */
static int node_mask(const char *text, const char *list, const struct machine *machine, uint64_t *mask,
		     struct mmr_error *err)
{
	if (strcmp(list, "all") == 0) {
		*mask = 0;
		for (unsigned int n = 0; machine && n < machine->nr_nodes; n++)
			*mask |= (uint64_t)(machine_node_pages(machine, n) != 0) << n;
		return 0;
	}
	if (!parse_nodes(list, MAX_NUMNODES, mask))
		return mmr_err(err, -EINVAL, "\"%s\", expected a list of nodes such as 0,2-3, or all", text);
	return check_nodes(text, *mask, machine, err);
}

int policy_parse(const char *text, const struct machine *machine, struct mmr_mempolicy *ret,
		 struct mmr_error *err)
{
	size_t len = strcspn(text, ":");
	const char *nodes = text[len] ? text + len + 1 : NULL;
	enum mmr_mempolicy_mode mode;
	int rc;

	*ret = (struct mmr_mempolicy){0};
	if (find_mode(text, len, &mode))
		return mmr_err(err, -EINVAL,
			       "\"%s\", expected default, local, prefer:N, prefer-many:NODES, bind:NODES, "
			       "interleave:NODES or weighted-interleave:N*WEIGHT,…",
			       text);
	ret->mode = (uint8_t)mode;
	if (mode == MMR_MPOL_DEFAULT || mode == MMR_MPOL_LOCAL)
		return nodes ? mmr_err(err, -EINVAL, "\"%s\", expected no nodes with %.*s", text, (int)len,
				       text)
			     : 0;
	if (!nodes || !*nodes)
		return mmr_err(err, -EINVAL, "\"%s\", expected nodes, as in %.*s:0", text, (int)len, text);
	if (mode == MMR_MPOL_WEIGHTED_INTERLEAVE && strcmp(nodes, "all") != 0) {
		if (!parse_weights(nodes, ret))
			return mmr_err(err, -EINVAL, "\"%s\", expected weights 1..255, as in %.*s:0*3,1*1",
				       text, (int)len, text);
		return check_nodes(text, ret->nodes, machine, err);
	}
	rc = node_mask(text, nodes, machine, &ret->nodes, err);
	if (!rc && mode == MMR_MPOL_PREFERRED && ret->nodes & (ret->nodes - 1))
		return mmr_err(err, -EINVAL, "\"%s\", expected one node; prefer-many takes several", text);
	return rc;
}

/* ---- rules made ready ------------------------------------------------------------------------- */

struct cpu_list {
	uint16_t *cpus;
	unsigned int nr;
};

static void add_cpu(void *ctx, unsigned int cpu)
{
	struct cpu_list *list = ctx;

	if (list->nr < MACHINE_MAX_CPUS)
		list->cpus[list->nr++] = (uint16_t)cpu;
}

/* CPUs of the list stay where they are; the others go round it. */
static int make_cpus(const char *text, const struct machine *machine, struct place *place,
		     struct mmr_error *err)
{
	uint16_t cpus[MACHINE_MAX_CPUS];
	struct cpu_list list = {.cpus = cpus};

	if (!parse_list(text, machine->nr_cpus, add_cpu, &list))
		return mmr_err(err, -EINVAL,
			       "\"%s\", expected a list of CPUs such as 0-3,8 of machine %s, which has 0..%u",
			       text, machine->name, machine->nr_cpus - 1);
	place->cpu = malloc(machine->nr_cpus * sizeof(*place->cpu));
	if (!place->cpu)
		return mmr_err(err, -ENOMEM, "no memory for a cpuset");
	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++)
		place->cpu[cpu] = cpus[cpu % list.nr];
	for (unsigned int i = 0; i < list.nr; i++)
		place->cpu[cpus[i]] = cpus[i];
	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++)
		place->cpu[cpu] = (uint16_t)machine_online_cpu(machine, place->cpu[cpu]);
	return 0;
}

static int make_place(const struct task_rule *rule, const struct machine *machine, struct place *place,
		      struct mmr_error *err)
{
	int rc = 0;

	place->is_policy = rule->policy != NULL;
	if (rule->policy)
		rc = policy_parse(rule->policy, machine, &place->policy, err);
	if (!rc && rule->cpus)
		rc = make_cpus(rule->cpus, machine, place, err);
	if (!rc && rule->mems)
		rc = node_mask(rule->mems, rule->mems, machine, &place->cpuset.mems_allowed, err);
	if (!rc && rule->mems)
		rc = node_mask("all", "all", machine, &place->cpuset.hardwall_mems, err);
	return rc ? mmr_err_prefix(err, "%s", rule->origin) : 0;
}

static bool matches(const char *pattern, const struct trace_task *task)
{
	uint64_t id;

	if (!pattern)
		return true;
	if (strncmp(pattern, "pid:", 4) == 0)
		return parse_number(pattern + 4, UINT32_MAX, &id) && task->tgid == id;
	if (strncmp(pattern, "tid:", 4) == 0)
		return parse_number(pattern + 4, UINT32_MAX, &id) && task->tid == id;
	return fnmatch(pattern, task->comm, 0) == 0;
}

/* A policy whose nodes a cpuset forbids could never be set: the kernel refuses it. */
static int check_pair(const struct task_places *p, const struct task_rule *rules,
		      const struct task_state *state, struct mmr_error *err)
{
	const struct place *policy, *cpuset;

	if (state->policy == NO_RULE || state->cpuset == NO_RULE)
		return 0;
	policy = &p->places[state->policy];
	cpuset = &p->places[state->cpuset];
	if (!cpuset->cpuset.mems_allowed || !policy->policy.nodes ||
	    (policy->policy.nodes & cpuset->cpuset.mems_allowed))
		return 0;
	return mmr_err(err, -EINVAL, "%s: \"%s\" has no node in common with %s: \"%s\"",
		       rules[state->policy].origin, rules[state->policy].policy, rules[state->cpuset].origin,
		       rules[state->cpuset].mems);
}

static int match_tasks(struct task_places *p, const struct task_rule *rules, const struct trace_task *tasks,
		       struct mmr_error *err)
{
	for (uint32_t t = 0; t <= p->nr_tasks; t++) {
		struct task_state state = {.policy = NO_RULE, .cpuset = NO_RULE};
		int rc;

		for (unsigned int r = 0; r < p->nr_places; r++) {
			/* Behind the last stands the task that the recording does not name. */
			if (t == p->nr_tasks ? rules[r].task != NULL : !matches(rules[r].task, &tasks[t]))
				continue;
			p->places[r].nr_tasks += t < p->nr_tasks;
			*(p->places[r].is_policy ? &state.policy : &state.cpuset) = (uint16_t)r;
		}
		rc = check_pair(p, rules, &state, err);
		if (rc)
			return rc;
		/* The first page of an interleaving goes to its lowest node. Source: do_set_mempolicy(), v6.12.
		 */
		state.il_prev = MAX_NUMNODES - 1;
		for (unsigned int copy = 0; copy < p->copies; copy++)
			p->states[(size_t)copy * (p->nr_tasks + 1) + t] = state;
	}
	return 0;
}

int task_places_create(const struct task_rule *rules, unsigned int nr_rules, const struct trace_task *tasks,
		       uint32_t nr_tasks, unsigned int copies, unsigned int nr_recorded_cpus,
		       const struct machine *machine, struct task_places **ret, struct mmr_error *err)
{
	struct task_places *p = calloc(1, sizeof(*p));
	int rc = 0;

	if (!p)
		return mmr_err(err, -ENOMEM, "no memory for policies");
	p->nr_tasks = nr_tasks;
	p->copies = copies;
	p->nr_recorded_cpus = nr_recorded_cpus;
	p->places = calloc(nr_rules + 1, sizeof(*p->places));
	p->states = calloc(((size_t)nr_tasks + 1) * copies, sizeof(*p->states));
	if (!p->places || !p->states)
		rc = mmr_err(err, -ENOMEM, "no memory for the policies of %u tasks", nr_tasks);
	for (; !rc && p->nr_places < nr_rules; p->nr_places++)
		rc = make_place(&rules[p->nr_places], machine, &p->places[p->nr_places], err);
	rc = rc ? rc : match_tasks(p, rules, tasks, err);
	if (rc) {
		task_places_destroy(p);
		return rc;
	}
	*ret = p;
	return 0;
}

void task_places_destroy(struct task_places *p)
{
	if (!p)
		return;
	for (unsigned int i = 0; p->places && i <= p->nr_places; i++)
		free(p->places[i].cpu);
	free(p->places);
	free(p->states);
	free(p);
}

/* ---- asking ------------------------------------------------------------------------------------- */

/* NULL in an interrupt and for kswapd: they follow nobody's rules. */
static struct task_state *state_of(const struct task_places *p, const struct trace_event *event)
{
	uint32_t task = event->task < p->nr_tasks ? event->task : p->nr_tasks;
	unsigned int copy = event->cpu / p->nr_recorded_cpus;

	if (event->flags & (TRACE_F_SOFTIRQ | TRACE_F_HARDIRQ | TRACE_F_KSWAPD))
		return NULL;
	return &p->states[(size_t)(copy < p->copies ? copy : 0) * (p->nr_tasks + 1) + task];
}

unsigned int task_places_cpu(const struct task_places *p, const struct trace_event *event, unsigned int cpu)
{
	const struct task_state *state = state_of(p, event);

	if (!state || state->cpuset == NO_RULE || !p->places[state->cpuset].cpu)
		return cpu;
	return p->places[state->cpuset].cpu[cpu];
}

struct mmr_page task_places_alloc(struct task_places *p, struct mmr_machine *core,
				  const struct trace_event *event, const struct mmr_request *asked)
{
	struct task_state *state = state_of(p, event);
	struct mmr_request req = *asked;
	struct mmr_mempolicy policy;
	struct mmr_page page;
	bool thp = req.order == HPAGE_PMD_ORDER && (req.gfp & MMR_GFP_MOVABLE) && (req.gfp & MMR_GFP_COMP);

	if (!state)
		return mmr_alloc_pages(core, &req);
	if (state->cpuset != NO_RULE) {
		struct place *place = &p->places[state->cpuset];

		place->nr_requests++;
		req.cpuset = place->cpuset.mems_allowed ? &place->cpuset : NULL;
	}
	if (state->policy == NO_RULE || (req.gfp & MMR_GFP_THISNODE))
		return mmr_alloc_pages(core, &req);
	p->places[state->policy].nr_requests++;
	policy = p->places[state->policy].policy;
	policy.il_prev = state->il_prev;
	policy.il_weight = state->il_weight;
	if (req.cpuset && policy.nodes)
		policy.nodes &= req.cpuset->mems_allowed;
	page = mmr_alloc_pages_mpol(core, &req, thp, &policy);
	state->il_prev = policy.il_prev;
	state->il_weight = policy.il_weight;
	return page;
}

void task_places_count(const struct task_places *p, unsigned int index, uint64_t *tasks, uint64_t *requests)
{
	*tasks = p->places[index].nr_tasks;
	*requests = p->places[index].nr_requests;
}
