/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines on paper: as a machine file, as a table and a picture for people, and as JSON. */
#ifndef MMR_REPLAY_MACHINE_PRINT_H
#define MMR_REPLAY_MACHINE_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "replay/machines/machine.h"

/** machine_print_cpus - the CPUs of @node as a list, "0-3,8"; "" where it has none */
const char *machine_print_cpus(const struct machine *machine, unsigned int node, char *buf, size_t size);

/**
 * machine_print_yaml - as a machine file that machine_load() reads back
 * @name: its `name:`
 * @kernel: its `kernel:`
 * @computed: leave out watermarks, reserves, PCP sizes and thresholds, so that they are computed
 */
void machine_print_yaml(FILE *out, const struct machine *machine, const char *name, const char *kernel,
			bool computed);

/**
 * machine_print_show - table of nodes and zones, picture of the address space, zonelists
 * @core: what the core makes of @machine
 */
void machine_print_show(FILE *out, const struct machine *machine, const struct mmr_machine *core,
			const char *kernel);

/** machine_json - schema "mmreplay.machine/1"; a new reference, NULL without memory */
json_t *machine_json(const struct machine *machine, const struct mmr_machine *core, const char *kernel);

/**
 * machine_doubt - a thing about @machine that is possible but seldom meant
 * @index: 0, 1, … until false is returned
 */
bool machine_doubt(const struct machine *machine, unsigned int index, char *buf, size_t size);

#endif
