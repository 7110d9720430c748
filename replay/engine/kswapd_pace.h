/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast kswapd worked in a recording: it shares CPUs and devices with the load, so that its pace decides how
 * far a node sinks below its marks before it is balanced. The model takes the pace from the recording it
 * replays.
 */
#ifndef MMR_REPLAY_KSWAPD_PACE_H
#define MMR_REPLAY_KSWAPD_PACE_H

#include "traces/trace_reader.h"

/**
 * kswapd_pace_read - pages that a kswapd freed per nanosecond it was at work; the reader is rewound before and
 * after
 * @ret: 0 where the recording does not tell: such events were not watched, or it never freed anything
 * Return: 0; -EBADMSG a damaged recording.
 */
int kswapd_pace_read(struct trace_reader *reader, double *ret, struct mmr_error *err);

#endif
