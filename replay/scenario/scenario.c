// SPDX-License-Identifier: GPL-2.0-or-later
/* Scenarios made ready, and told in results. */
#include "replay/scenario/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/engine/engine.h"
#include "replay/machines/machine_memory.h"

bool scenario_changes_machine(const struct scenario_options *options)
{
	return options->nr_settings || options->memory_factor != 0 || options->copies > 1;
}

static int change_machine(const struct scenario_options *o, struct machine *machine, bool own,
			  struct mmr_error *err)
{
	int rc = 0;

	if (o->memory_factor != 0) {
		rc = machine_scale_memory(machine, o->memory_factor, err);
		if (rc)
			return mmr_err_prefix(err, "--scale-memory");
	}
	if (own && o->copies > 1) {
		rc = machine_multiply_cpus(machine, o->copies, err);
		if (rc)
			return mmr_err_prefix(err, "--copies");
		/* Sizes of per-CPU lists and thresholds follow from the number of CPUs. */
		machine_drop_recorded(machine);
	}
	for (unsigned int i = 0; i < o->nr_settings; i++) {
		rc = machine_set(machine, o->settings[i], err);
		if (rc)
			return mmr_err_prefix(err, "--set");
	}
	return 0;
}

static int gather_rules(const struct scenario_options *o, const struct machine *machine, struct scenario *s,
			struct mmr_error *err)
{
	s->nr_rules = machine->nr_rules + o->nr_rules;
	s->rules = calloc(s->nr_rules + 1, sizeof(*s->rules));
	if (!s->rules)
		return mmr_err(err, -ENOMEM, "no memory for %u rules", s->nr_rules);
	for (unsigned int i = 0; i < machine->nr_rules; i++) {
		const struct machine_rule *from = &machine->rules[i];

		s->rules[i] = (struct task_rule){
			.task = from->task, .policy = from->policy, .cpus = from->cpus, .mems = from->mems};
		snprintf(s->rules[i].origin, sizeof(s->rules[i].origin), "%.150s: %s", machine->path,
			 from->place);
	}
	if (o->nr_rules)
		memcpy(s->rules + machine->nr_rules, o->rules, o->nr_rules * sizeof(*o->rules));
	return 0;
}

int scenario_create(const struct scenario_options *options, uint64_t seed, struct machine *machine, bool own,
		    struct scenario *ret, struct mmr_error *err)
{
	const char *place = options->place ? options->place : machine->placement ? machine->placement : "auto";
	int rc;

	*ret = (struct scenario){
		.options = options,
		.stream = {.copies = options->copies,
			   .random_offset = !options->offset_given,
			   .offset_ns = options->offset_ns,
			   .seed = seed},
	};
	rc = placement_parse(place, &ret->placement, &ret->map, err);
	if (rc)
		return mmr_err_prefix(err, "%s: placement", machine->path ? machine->path : "--place");
	if (scenario_changes_machine(options))
		rc = change_machine(options, machine, own, err);
	return rc ? rc : gather_rules(options, machine, ret, err);
}

void scenario_deinit(struct scenario *scenario)
{
	free(scenario->rules);
	memset(scenario, 0, sizeof(*scenario));
}

/* ---- in results --------------------------------------------------------------------------------- */

static void set_words(json_t *object, const char *key, const char *words)
{
	if (words)
		json_object_set_new(object, key, json_string(words));
}

static json_t *rules_json(const struct scenario *s, const struct engine *engine)
{
	const struct task_places *tasks = engine_translate(engine)->tasks;
	json_t *rules = json_array();

	for (unsigned int i = 0; i < s->nr_rules; i++) {
		json_t *rule = json_object();
		uint64_t matched = 0, requests = 0;

		if (tasks)
			task_places_count(tasks, i, &matched, &requests);
		json_object_set_new(rule, "task", json_string(s->rules[i].task ? s->rules[i].task : "*"));
		set_words(rule, "policy", s->rules[i].policy);
		set_words(rule, "cpus", s->rules[i].cpus);
		set_words(rule, "mems", s->rules[i].mems);
		json_object_set_new(rule, "tasks_matched", json_integer((json_int_t)matched));
		json_object_set_new(rule, "requests", json_integer((json_int_t)requests));
		json_array_append_new(rules, rule);
	}
	return rules;
}

static json_t *cpus_json(const struct translate *translate)
{
	json_t *cpus = json_array();

	for (unsigned int i = 0; i < translate->nr_recorded_cpus; i++)
		json_array_append_new(cpus, json_integer(translate->cpu[i]));
	return cpus;
}

json_t *scenario_json(const struct scenario *s, const struct engine *engine)
{
	const struct scenario_options *o = s->options;
	json_t *root = json_object(), *settings = json_array(), *offsets = json_array();

	for (unsigned int i = 0; i < o->nr_settings; i++)
		json_array_append_new(settings, json_string(o->settings[i]));
	for (unsigned int i = 0; i < o->copies; i++)
		json_array_append_new(offsets, json_integer((json_int_t)engine_copy_offset_ns(engine, i)));
	json_object_set_new(root, "settings", settings);
	json_object_set_new(root, "memory_factor", json_real(o->memory_factor != 0 ? o->memory_factor : 1));
	json_object_set_new(root, "cpus", cpus_json(engine_translate(engine)));
	json_object_set_new(root, "rules", rules_json(s, engine));
	json_object_set_new(root, "copies", json_integer(o->copies));
	json_object_set_new(root, "copy_offsets_ns", offsets);
	return root;
}

static uint64_t managed_kbytes(const struct mmr_machine *core)
{
	struct mmr_zone_info zone;
	uint64_t pages = 0;

	for (unsigned int n = 0; n < MAX_NUMNODES; n++)
		for (int z = 0; z < MAX_NR_ZONES; z++)
			pages += mmr_zone_read(core, n, z, &zone) ? zone.managed_pages : 0;
	return pages * 4;
}

/* The kernel takes any number that is written, and then refuses most requests. */
static void warn_min_free(const struct mmr_machine *core, json_t *warnings)
{
	uint64_t managed = managed_kbytes(core);

	if (mmr_min_free_kbytes(core) > managed)
		json_array_append_new(
			warnings, json_sprintf("vm.min_free_kbytes is %u, more than the %llu KiB there are: "
					       "no zone is ever above its marks, as on a kernel",
					       mmr_min_free_kbytes(core), (unsigned long long)managed));
}

void scenario_warn(const struct scenario *s, const struct engine *engine, json_t *warnings)
{
	const struct task_places *tasks = engine_translate(engine)->tasks;

	warn_min_free(engine_machine(engine), warnings);

	for (unsigned int i = 0; tasks && i < s->nr_rules; i++) {
		uint64_t matched, requests;

		task_places_count(tasks, i, &matched, &requests);
		if (!matched && s->rules[i].task)
			json_array_append_new(warnings, json_sprintf("%s: no task of the recording is meant",
								     s->rules[i].origin));
	}
}
