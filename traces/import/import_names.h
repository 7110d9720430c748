/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which task was called what, and when. */
#ifndef MMR_TRACES_IMPORT_NAMES_H
#define MMR_TRACES_IMPORT_NAMES_H

#include <stdint.h>

struct import_names;
struct import_names *import_names_create(void);
void import_names_destroy(struct import_names *names);
/** import_names_add - @tid is called @comm from @time on; a fork has @comm NULL and takes @parent's name */
int import_names_add(struct import_names *names, uint64_t time, uint32_t tid, uint32_t parent,
		     const char *comm);
/** import_names_settle - after the last add, before the first find */
int import_names_settle(struct import_names *names);
/** import_names_find - the name at @time, "" where unknown; 16 bytes */
const char *import_names_find(struct import_names *names, uint32_t tid, uint64_t time);

#endif
