// SPDX-License-Identifier: GPL-2.0-or-later
/* What verify says of a kernel in miniature. */
#include "replay/tests/synth_verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void synth_verify(struct synth_kernel *k, const char *line, struct verify_report *report)
{
	struct verify_options options = {.profile = kernel_profile_find(line), .until = UINT64_MAX};
	struct trace_reader *reader;
	struct mmr_error err = {0};

	synth_kernel_keyframe(k, TRACE_KF_LAST);
	synth_kernel_end(k);
	if (trace_reader_open(k->path, &reader, &err) || verify_run(reader, &options, report, &err))
		fail_msg("%s", err.msg);
	trace_reader_close(reader);
	synth_kernel_destroy(k);
}

void assert_nothing_diverged(const struct verify_report *report)
{
	for (int level = 0; level < NR_VERIFY_LEVELS; level++) {
		if (report->levels[level].diverged)
			fail_msg("%s, event %llu: expected %s, got %s",
				 verify_level_name(report->first_divergence.level),
				 (unsigned long long)report->first_divergence.event,
				 report->first_divergence.expected, report->first_divergence.got);
	}
	assert_string_equal(report->keyframe_difference, "");
}
