/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events that no kernel tells: a file whose checksums are right can still hold anything. */
#ifndef MMR_REPLAY_EVENT_CHECK_H
#define MMR_REPLAY_EVENT_CHECK_H

#include "traces/trace.h"

/**
 * event_check - can an event be? Of those that move pages, its order, its types, its page's place by its order;
 *of those that set sizes, these
 * @args: what the event has; may be NULL
 * @number: of the event, from 0, for the message
 * Return: 0; -EINVAL, and the message names event, what it says and what was expected.
 */
int event_check(const struct trace_event *ev, const struct trace_class *cls, const struct trace_args *args,
		uint64_t number, struct mmr_error *err);
/** class_check - the part of it that is the same for all events of a class */
int class_check(const struct trace_class *cls, struct mmr_error *err);

/**
 * keyframe_check - can a keyframe be? Its zone, the orders and types of what lies on its lists
 * @index: of the keyframe, for the message
 * Return: as event_check().
 */
int keyframe_check(const struct trace_keyframe *kf, uint32_t index, struct mmr_error *err);

#endif
