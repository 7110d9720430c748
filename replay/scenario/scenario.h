/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a replay changes beside machine and kernel line: settings, sizes, how often the recording runs,
 * where its CPUs and tasks go, and the memory it begins with.
 */
#ifndef MMR_REPLAY_SCENARIO_H
#define MMR_REPLAY_SCENARIO_H

#include <argp.h>
#include <jansson.h>

#include "replay/engine/start_aged.h"
#include "replay/engine/stream.h"
#include "replay/machines/machine.h"
#include "replay/scenario/placement.h"
#include "replay/scenario/task_place.h"

/**
 * struct scenario_options - as asked for on a command line
 * @place: --place, or NULL
 * @rules: --policy, --cpuset-cpus, --cpuset-mems, [nr_rules]; their words are owned
 * @settings: --set, [nr_settings]
 * @memory_factor: --scale-memory, 0 for none
 * @copies: --copies; @offset_given: --copy-offset said @offset_ns
 * @aging, @state_path: of --start aged and of a file
 * @save_state: --save-state, or NULL
 */
struct scenario_options {
	const char *place;
	struct task_rule *rules;
	char **words; /* copies that @rules point into */
	unsigned int nr_rules, nr_words;
	const char **settings;
	unsigned int nr_settings;
	double memory_factor;
	unsigned int copies;
	bool offset_given;
	uint64_t offset_ns;
	struct aging aging;
	const char *state_path, *save_state;
};

/** scenario_options_init - nothing asked for */
void scenario_options_init(struct scenario_options *options);
void scenario_options_deinit(struct scenario_options *options);
/** scenario_argp - the options; a child of a command's own, its input a struct scenario_options */
extern const struct argp scenario_argp;

/** scenario_changes_machine - must the machine be a copy of the recorded one? */
bool scenario_changes_machine(const struct scenario_options *options);

/**
 * struct scenario - ready for an engine
 * @rules: of the machine file, then of the command line
 */
struct scenario {
	const struct scenario_options *options;
	enum placement placement;
	const char *map;
	struct task_rule *rules;
	unsigned int nr_rules;
	struct stream_options stream;
};

/**
 * scenario_create - change @machine as asked, and gather what the engine needs
 * @options: borrowed until scenario_deinit()
 * @own: @machine is a copy of the recorded one, not a file's: copies multiply its CPUs
 * Return: 0; -EINVAL with the option and what is wrong with it; -ENOMEM.
 */
int scenario_create(const struct scenario_options *options, uint64_t seed, struct machine *machine, bool own,
		    struct scenario *ret, struct mmr_error *err);
void scenario_deinit(struct scenario *scenario);

struct engine;
/** scenario_json - what was asked for and what came of it, for a result; a new reference */
json_t *scenario_json(const struct scenario *scenario, const struct engine *engine);
/** scenario_warn - append to @warnings what was asked for and met nothing */
void scenario_warn(const struct scenario *scenario, const struct engine *engine, json_t *warnings);

#endif
