/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns a string of bytes into a machine and a history of calls on it: the bytes of a fuzzer, or
 * those of a seeded generator.
 */
#ifndef MMR_CORE_TESTS_DRIVE_H
#define MMR_CORE_TESTS_DRIVE_H

#include <stddef.h>
#include <stdint.h>

#include "core/page_alloc.h"

/**
 * drive_machine - build a machine from the first bytes of @data and run the rest as calls
 * @profile: of the machine; NULL to take it from @data
 * @sum: what happened is added here; may be NULL
 * @digest: gets a hash of every answer, in order; may be NULL
 * Return: 0; a negative errno where an invariant broke or a call answered wrongly, told in @err.
 */
int drive_machine(const uint8_t *data, size_t size, const struct kernel_profile *profile,
		  struct mmr_counters *sum, uint64_t *digest, struct mmr_error *err);

#endif
