/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine this process runs on, as a trace's header describes it: from sysfs, procfs, tracefs
 * and BTF, all of them files. Needs no libbpf and no privilege for most of it.
 */
#ifndef MMR_TRACES_RECORD_HOST_H
#define MMR_TRACES_RECORD_HOST_H

#include "traces/trace.h"

/**
 * record_host_describe - fill @ret from the running kernel
 * @root: "" for the running machine, or a folder that holds copies of proc/ and sys/ (tests)
 * @tracefs: descriptor of tracefs for the gfp names, -1 where there is none
 * @command: what is recorded; may be ""
 *
 * What cannot be read is left 0 or empty, except what no recording can do without: the zones.
 * Return: 0; -errno with the file and line that could not be understood
 */
int record_host_describe(const char *root, int tracefs, const char *command, struct trace_machine *ret,
			 struct mmr_error *err);

/**
 * record_host_zones - read the zones again (watermarks and sizes move while a machine runs)
 * Replaces @machine's zones.
 */
int record_host_zones(const char *root, struct trace_machine *machine, struct mmr_error *err);

#endif
