/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace.dat, versions 6 and 7: where in the file what lies. */
#ifndef MMR_TRACES_IMPORT_TRACECMD_H
#define MMR_TRACES_IMPORT_TRACECMD_H

#include "traces/import/import_names.h"
#include "traces/import/import_tracing.h"

#define TRACECMD_MAX_CPUS 4096u

struct tracecmd_cpu {
	uint32_t cpu;
	uint64_t offset, size;
};

/** struct tracecmd_buffer - a trace instance's events; @name "" for the top one */
struct tracecmd_buffer {
	char name[64], clock[32];
	struct tracecmd_cpu *cpus;
	uint32_t nr_cpus;
	bool compressed;
};

/** struct tracecmd_lost - what a CPU's statistics say it lost */
struct tracecmd_lost {
	char buffer[64];
	uint32_t cpu;
	uint64_t nr;
};

struct tracecmd_file {
	struct import_tracing tracing;
	struct import_names *names;
	struct tracecmd_buffer *buffers;
	uint32_t nr_buffers;
	struct tracecmd_lost *lost;
	uint32_t nr_lost;
	char stat_buffer[64]; /* whose statistics come next */
	char clock[32];
	uint32_t nr_cpus, tsc_mult, tsc_shift;
	bool zstd;
};

int tracecmd_file_read(struct import *im, struct tracecmd_file *f, struct mmr_error *err);
void tracecmd_file_deinit(struct tracecmd_file *f);

/* ---- shared by the two versions ------------------------------------------------------------ */

/** tracecmd_option - an option both versions have */
int tracecmd_option(struct import *im, struct tracecmd_file *f, unsigned int id, struct import_cursor *c,
		    struct mmr_error *err);
/** tracecmd_add_buffer - a new, empty one; NULL without memory or beyond 1024 */
struct tracecmd_buffer *tracecmd_add_buffer(struct tracecmd_file *f, const char *name, const char *clock,
					    uint32_t nr_cpus);
/** tracecmd_names - the text of saved_cmdlines */
int tracecmd_names(struct import *im, struct tracecmd_file *f, const struct import_cursor *c,
		   struct mmr_error *err);
int tracecmd_read_v7(struct import *im, struct tracecmd_file *f, struct import_cursor *c,
		     struct mmr_error *err);

/** tracecmd_at - a cursor from byte @offset on; false where the file is shorter */
bool tracecmd_at(const struct import *im, uint64_t offset, struct import_cursor *c);
int tracecmd_short(const struct import *im, uint64_t offset, const char *what, struct mmr_error *err);

#endif
