/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What verify says of a kernel in miniature. */
#ifndef MMR_REPLAY_TESTS_SYNTH_VERIFY_H
#define MMR_REPLAY_TESTS_SYNTH_VERIFY_H

#include "replay/tests/synth_kernel.h"
#include "replay/verify/verify.h"

/** synth_verify - end @k's recording with its last keyframe and verify it by the rules of @line; @k is gone
 * then */
void synth_verify(struct synth_kernel *k, const char *line, struct verify_report *report);
/** assert_nothing_diverged - every decision is the model's own or was told, and all lists at the end are equal
 */
void assert_nothing_diverged(const struct verify_report *report);

#endif
