// SPDX-License-Identifier: GPL-2.0-or-later
/* The options that change what is replayed and where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/parse.h"
#include "replay/scenario/scenario.h"

enum {
	KEY_PLACE = 0x300,
	KEY_POLICY,
	KEY_CPUSET_CPUS,
	KEY_CPUSET_MEMS,
	KEY_SET,
	KEY_SCALE_MEMORY,
	KEY_COPIES,
	KEY_COPY_OFFSET,
	KEY_SAVE_STATE,
};

static const struct argp_option arg_options[] = {
	{0, 0, 0, 0, "What is different there:", 4},
	{"set", KEY_SET, "NAME=VALUE[,…]", 0,
	 "Set vm.NAME, e.g. min_free_kbytes=65536; what was recorded and depends on it is computed anew. Of "
	 "several values: a run for each",
	 0},
	{"scale-memory", KEY_SCALE_MEMORY, "FACTOR", 0, "Every node's memory times FACTOR (0.5, 200%)", 0},
	{"place", KEY_PLACE, "HOW", 0,
	 "Where recorded CPUs go: by-node, round-robin, packed, identity, or a map of recorded to modelled "
	 "CPUs such "
	 "as 0-3=8-11,4=0; default: identity where the machine has the same, else round-robin",
	 0},
	{"policy", KEY_POLICY, "[TASK=]POLICY", 0,
	 "Memory policy of tasks named TASK (a pattern, pid:N or tid:N) or of all: default, local, prefer:N, "
	 "prefer-many:NODES, bind:NODES, interleave:NODES, weighted-interleave:N*WEIGHT,…",
	 0},
	{"cpuset-cpus", KEY_CPUSET_CPUS, "[TASK=]CPUS", 0, "CPUs of the machine that these tasks may use", 0},
	{"cpuset-mems", KEY_CPUSET_MEMS, "[TASK=]NODES", 0, "Nodes whose memory these tasks may use", 0},
	{"copies", KEY_COPIES, "N", 0,
	 "Run the recording N times side by side, each on CPUs of its own (the recorded machine gets N times "
	 "as many)",
	 0},
	{"copy-offset", KEY_COPY_OFFSET, "TIME", 0,
	 "Begin each copy TIME after the one before; default: at moments drawn by the seed from the first "
	 "tenth",
	 0},
	{"save-state", KEY_SAVE_STATE, "FILE", 0, "Keep the state at the end, for --start FILE", 0},
	{0},
};

void scenario_options_init(struct scenario_options *options)
{
	*options = (struct scenario_options){.copies = 1, .aging = AGING_DEFAULT};
}

void scenario_options_deinit(struct scenario_options *options)
{
	for (unsigned int i = 0; i < options->nr_words; i++)
		free(options->words[i]);
	free(options->words);
	free(options->rules);
	free(options->settings);
	memset(options, 0, sizeof(*options));
}

static void *grow(struct argp_state *state, void *array, size_t nr, size_t size)
{
	void *more = realloc(array, (nr + 1) * size);

	if (!more)
		argp_failure(state, 1, 0, "no memory for the options");
	return more;
}

/* A rule of this task that has no such list yet: CPUs and nodes of one cpuset stand in one rule. */
static struct task_rule *open_cpuset(struct scenario_options *o, const char *task, bool cpus)
{
	for (unsigned int i = 0; i < o->nr_rules; i++) {
		struct task_rule *rule = &o->rules[i];
		bool same = task && rule->task ? strcmp(task, rule->task) == 0 : task == rule->task;

		if (same && !rule->policy && !(cpus ? rule->cpus : rule->mems))
			return rule;
	}
	return NULL;
}

static void ignore(void *ctx, unsigned int number)
{
	(void)ctx;
	(void)number;
}

/* What is no policy or list on any machine is a mistake of the line. */
static void check_words(struct argp_state *state, int key, const char *name, const char *arg, const char *words)
{
	struct mmr_mempolicy policy;
	struct mmr_error err = {0};
	uint64_t nodes;

	if (key == KEY_POLICY && policy_parse(words, NULL, &policy, &err))
		argp_error(state, "--%s %s: %s", name, arg, err.msg);
	else if (key == KEY_CPUSET_CPUS && !parse_list(words, UINT16_MAX, ignore, NULL))
		argp_error(state, "--%s %s: \"%s\", expected a list of CPUs such as 0-3,8", name, arg, words);
	else if (key == KEY_CPUSET_MEMS && !parse_nodes(words, MAX_NUMNODES, &nodes))
		argp_error(state, "--%s %s: \"%s\", expected a list of nodes such as 0,2-3, or all", name, arg,
			   words);
}

/* "NAME=VALUE" or "NAME=VALUE,VALUE": each must be one on some machine. */
static void check_setting(struct argp_state *state, const char *arg)
{
	const char *equals = strchr(arg, '='), *value = equals;

	do {
		struct machine any = {0};
		struct mmr_error err = {0};
		char one[200];

		if (equals)
			snprintf(one, sizeof(one), "%.*s=%.*s", (int)(equals - arg), arg,
				 (int)strcspn(value + 1, ","), value + 1);
		if (machine_set(&any, equals ? one : arg, &err))
			argp_error(state, "--set: %s", err.msg);
		value = equals ? strchr(value + 1, ',') : NULL;
	} while (value);
}

/* "TASK=WORDS" or "WORDS". */
static void add_rule(struct argp_state *state, struct scenario_options *o, int key, const char *name,
		     const char *arg)
{
	char *copy = strdup(arg), *equals = copy ? strchr(copy, '=') : NULL;
	const char *task = equals ? copy : NULL, *words = equals ? equals + 1 : copy;
	struct task_rule *rule = NULL;

	if (!copy)
		argp_failure(state, 1, 0, "no memory for the options");
	if (equals)
		*equals = '\0';
	if (!*words || (task && !*task))
		argp_error(state, "--%s: \"%s\", expected [TASK=]%s", name, arg,
			   key == KEY_POLICY ? "POLICY" : "LIST");
	check_words(state, key, name, arg, words);
	o->words = grow(state, o->words, o->nr_words, sizeof(*o->words));
	o->words[o->nr_words++] = copy;
	if (key != KEY_POLICY)
		rule = open_cpuset(o, task, key == KEY_CPUSET_CPUS);
	if (!rule) {
		o->rules = grow(state, o->rules, o->nr_rules, sizeof(*o->rules));
		rule = &o->rules[o->nr_rules++];
		*rule = (struct task_rule){.task = task};
		snprintf(rule->origin, sizeof(rule->origin), "--%s %.150s", name, arg);
	}
	*(key == KEY_POLICY ? &rule->policy : key == KEY_CPUSET_CPUS ? &rule->cpus : &rule->mems) = words;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct scenario_options *o = state->input;
	struct mmr_error err = {0};
	enum placement placement;
	const char *map;
	uint64_t number;

	switch (key) {
	case KEY_PLACE:
		if (placement_parse(arg, &placement, &map, &err))
			argp_error(state, "--place: %s", err.msg);
		o->place = arg;
		return 0;
	case KEY_POLICY:
		add_rule(state, o, key, "policy", arg);
		return 0;
	case KEY_CPUSET_CPUS:
		add_rule(state, o, key, "cpuset-cpus", arg);
		return 0;
	case KEY_CPUSET_MEMS:
		add_rule(state, o, key, "cpuset-mems", arg);
		return 0;
	case KEY_SET:
		check_setting(state, arg);
		o->settings = grow(state, o->settings, o->nr_settings, sizeof(*o->settings));
		o->settings[o->nr_settings++] = arg;
		return 0;
	case KEY_SCALE_MEMORY:
		if (!parse_share(arg, &o->memory_factor) || o->memory_factor < 1e-6 || o->memory_factor > 1e6)
			argp_error(state, "--scale-memory: \"%s\", expected a factor such as 0.5, 4 or 200%%",
				   arg);
		return 0;
	case KEY_COPIES:
		if (!parse_number(arg, STREAM_MAX_COPIES, &number) || !number)
			argp_error(state, "--copies: \"%s\", expected 1..%d", arg, STREAM_MAX_COPIES);
		o->copies = (unsigned int)number;
		return 0;
	case KEY_COPY_OFFSET:
		if (!parse_time_ns(arg, &o->offset_ns))
			argp_error(state, "--copy-offset: \"%s\", expected a time, e.g. 1.5s, 20ms or 7us",
				   arg);
		o->offset_given = true;
		return 0;
	case KEY_SAVE_STATE:
		o->save_state = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp scenario_argp = {.options = arg_options, .parser = parse_option};
