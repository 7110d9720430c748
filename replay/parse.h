/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small words of machine files and command lines: sizes, shares and lists of numbers. */
#ifndef MMR_REPLAY_PARSE_H
#define MMR_REPLAY_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * parse_size - "8GiB", "512MiB", "64k", "1.5G", "4096" (bytes); powers of 1024, case as one likes
 * @end: set behind the size; NULL where nothing may follow it
 * Return: false where it is none, or above 2^63 bytes.
 */
bool parse_size(const char *text, uint64_t *bytes, const char **end);

/** parse_number - a decimal number 0..@max and nothing else */
bool parse_number(const char *text, uint64_t max, uint64_t *value);

/** parse_share - "0.25", "25%", "2": a factor of at least 0 */
bool parse_share(const char *text, double *share);

/** parse_time_ns - "250ms", "1.5s", "20us", "7ns"; a bare number counts seconds */
bool parse_time_ns(const char *text, uint64_t *ns);

/**
 * parse_list - "0-3,8": calls @each for every number, in the order of the text
 * Return: false for anything else, a range that runs backwards, or a number of @bound or more; @each
 *	has been called for what stood before it.
 */
bool parse_list(const char *text, unsigned int bound, void (*each)(void *ctx, unsigned int number), void *ctx);

/** parse_nodes - a list of nodes below @bound (at most 64) as a mask; "all" is every one below @bound */
bool parse_nodes(const char *text, unsigned int bound, uint64_t *mask);

#endif
