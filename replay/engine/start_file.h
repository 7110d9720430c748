/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine's state in a file, to begin other replays with: compressed pieces with a checksum each, so
 * that a damaged file is named before anything of it is believed.
 */
#ifndef MMR_REPLAY_START_FILE_H
#define MMR_REPLAY_START_FILE_H

#include "core/page_alloc.h"

/**
 * start_save - write the state of @core to @path, which appears whole or not at all
 * @checksum: set to the checksum of the state; may be NULL
 * Return: 0; -errno of the system; -ENOMEM.
 */
int start_save(const char *path, const struct mmr_machine *core, uint64_t *checksum, struct mmr_error *err);

/**
 * start_load - put @core into the state that @path holds
 * @checksum: set to the checksum of the state; may be NULL
 * Return: 0; -errno of the system; -EINVAL for a file that is no state, of another version or of another
 *	machine; -EBADMSG for one that is damaged or cut short, with the byte.
 */
int start_load(const char *path, struct mmr_machine *core, uint64_t *checksum, struct mmr_error *err);

/** start_is_file - does @path begin as a state file does? */
bool start_is_file(const char *path);

#endif
