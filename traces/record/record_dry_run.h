/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recording would attach here, what this kernel or this process lacks for it. */
#ifndef MMR_TRACES_RECORD_DRY_RUN_H
#define MMR_TRACES_RECORD_DRY_RUN_H

#include <stdio.h>

#include "traces/record/record_capture.h"
#include "traces/record/record_limits.h"
#include "traces/record/record_options.h"
#include "traces/record/record_probe.h"

/** struct record_dry_run - what preparing a recording came to; NULL and false where it did not get to */
struct record_dry_run {
	const struct record_options *options;
	const char *kernel_release;
	const struct record_capture *capture;
	const struct record_probe *probe;
	uint32_t nr_zones; /* of the machine */
	const struct record_sizes *sizes;
	bool tracefs;
	const char *refused; /* why no recording is possible here; NULL where one is */
};

/** record_dry_run_print - one fact a line, "name: what" */
void record_dry_run_print(const struct record_dry_run *d, FILE *out);

#endif
