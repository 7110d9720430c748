/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what the page events' programs leave for user space, one CPU at a time. Each program has a
 * lane of slots of its own on each CPU, and the kernel never runs a program twice at once on a CPU
 * (since 6.2), so a slot is taken with plain stores: no lock, no atomic operation, which a BPF ring
 * buffer needs several of. Nor does it wait for memory: slots are only written there and only read here.
 * Everything else a program says comes through that CPU's ring buffer.
 */
#ifndef MMR_TRACES_RECORD_LANES_H
#define MMR_TRACES_RECORD_LANES_H

#include <stdbool.h>

#include "traces/record/record.h"
#include "traces/record/record_ring.h"

/** struct record_lane - one program's slots on one CPU */
struct record_lane {
	const volatile struct rec_event *slots;
	struct rec_ends *ends; /* shared with the program */
	uint32_t mask, pos, end; /* pos: the next one to be read; end: as far as this drain may */
};

/** struct record_lanes - one CPU's; all zero where everything comes through the ring */
struct record_lanes {
	struct record_lane lane[REC_NR_LANES];
	bool used;
};

/** record_lanes_unit_shift - the largest lanes that fit into @bytes a CPU; see REC_LANE_UNITS */
uint32_t record_lanes_unit_shift(uint64_t bytes);

/** record_lanes_init - @slots: the CPU's first, REC_LANE_UNITS << @unit_shift of them; @cpu: their ends */
void record_lanes_init(struct record_lanes *lanes, const volatile struct rec_event *slots, struct rec_cpu *cpu,
		       uint32_t unit_shift);

/**
 * record_lanes_drain - hand the lanes' events and the ring's records to @fn in the order of their times
 * @until_ns: later ones are left for the next call
 * @filled: set to the share of the fullest lane that was read, in 1/256
 *
 * Of equal times the ring's come first: a task is told there before its event.
 * Return: number of records, or what @fn returned
 */
int64_t record_lanes_drain(struct record_lanes *lanes, struct record_ring *ring, uint64_t until_ns,
			   unsigned int *filled, record_ring_fn fn, void *ctx);

#endif
