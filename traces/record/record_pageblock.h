/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pageblock types of the running kernel, read from its memory sections. */
#ifndef MMR_TRACES_RECORD_PAGEBLOCK_H
#define MMR_TRACES_RECORD_PAGEBLOCK_H

#include "traces/record/record_probe.h"

/**
 * record_pageblocks_find - find the kernel's table of memory sections
 *
 * By name where /proc/kallsyms has it; else by looking through the kernel's data for a pointer to
 * what can only be that table: its entries hold the address of page frame 0's struct page, which
 * has been learned. Needs to see kernel addresses (CAP_SYSLOG), without the name CAP_SYS_ADMIN too.
 * Where it is not found keyframes have no pageblock types; that is no error.
 */
void record_pageblocks_find(struct record_probe *probe);

/**
 * record_pageblocks_read - the types of a zone's pageblocks, from the one that holds its first page
 * @ret: allocated, NULL where the table was not found; @nr: how many
 *
 * Blocks of sections that have no memory read as MOVABLE, which is what the kernel starts with.
 * Return: 0 or -ENOMEM
 */
int record_pageblocks_read(struct record_probe *probe, const struct record_probe_zone *zone, uint8_t **ret,
			   uint32_t *nr, struct mmr_error *err);

#endif
